"""Hold the rows of sheets in little memory until they are taken, and tell in which order that is.

An import is of all rows or none, so all of them are read before the first is taken. As it is read,
a row takes a kilobyte; packed, a fifth of that, and less still once the order is known.
"""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from peelflow.errors import Diagnostic, Span
from peelflow.register.csv_schema import SheetRow
from peelflow.register.sheet_kinds import SheetKind
from peelflow.register.validation import iso_date
from peelflow.results import frozen
from peelflow.stores.base import chunked
from peelflow.stores.packed import PackedRows, SeenKeys

WaitingRow = SheetRow | Diagnostic


@frozen(eq=False)
class _Form:
    """What rows of one sheet have in common that fill the same columns."""

    sheet: SheetKind
    folder: Path
    file: str
    columns: tuple[str, ...]
    places: Mapping[str, int]


class WaitingRows(Iterable[WaitingRow]):
    """The rows of sheets as they stand, or what is wrong with the form of one, in its place."""

    def __init__(self) -> None:
        self._rows: list[bytes] = []
        self._forms: list[_Form] = []
        self._faults: dict[int, Diagnostic] = {}
        self._seen, self._again = SeenKeys(), set[int]()

    def add_sheet(self, rows: Iterable[WaitingRow]) -> None:
        """Take the rows of one sheet.

        Args:
            rows: Its rows.
        """
        numbers: dict[tuple[str, ...], int] = {}
        for row in rows:
            if isinstance(row, Diagnostic):
                self._faults[len(self._rows)] = row
                self._rows.append(b"")
                continue
            columns = tuple(row.cells)
            number = numbers.get(columns)
            if number is None:
                number = numbers[columns] = len(self._forms)
                form = _Form(row.sheet, row.folder, row.span.file, columns, row.places)
                self._forms.append(form)
            self._rows.append(_packed(number, row))
            content = _content(row)
            if self._seen.may_be_known(content):
                self._again.add(content)
            self._seen.add(content)

    def may_be_repeated(self, row: SheetRow) -> bool:
        """Return whether another row may say the same in the same columns; False where none does.

        Args:
            row: A row, as it was read.
        """
        return _content(row) in self._again

    def change(self, changed: Callable[[SheetRow], SheetRow]) -> None:
        """Put in the place of each row another that fills the same columns.

        Args:
            changed: Returns it.
        """
        for place, packed in enumerate(self._rows):
            if packed:
                number, row = self._unpacked(packed)
                self._rows[place] = _packed(number, changed(row))

    def kinds(self) -> Collection[SheetKind]:
        """Return the kinds of the sheets that have rows."""
        return {form.sheet for form in self._forms}

    def faults(self) -> Collection[Diagnostic]:
        """Return what is wrong with the form of rows."""
        return self._faults.values()

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[WaitingRow]:
        return (self._row(place, packed) for place, packed in enumerate(self._rows))

    def taken(self, order: Iterable[int], at_once: int) -> Iterator[list[tuple[int, WaitingRow]]]:
        """Yield the rows in an order, so many at once, and let go of them: there are none then.

        Args:
            order: The places of all rows.
            at_once: How many come together, each with its place.
        """
        parts = PackedRows[tuple[int, bytes]](tuple)  # in order they take less room
        for places in chunked(order, at_once):
            parts.add([(place, self._rows[place]) for place in places])
        self._rows.clear()
        self._seen.forget_all()
        for number in range(parts.count):
            yield [(place, self._row(place, packed)) for place, packed in parts.part(number)]
            parts.forget(number)

    def _row(self, place: int, packed: bytes) -> WaitingRow:
        return self._unpacked(packed)[1] if packed else self._faults[place]

    def _unpacked(self, packed: bytes) -> tuple[int, SheetRow]:
        number, line, texts = marshal.loads(packed)  # noqa: S302 - its own
        form = self._forms[number]
        cells = dict(zip(form.columns, texts, strict=True))
        return number, SheetRow(form.sheet, form.folder, Span(form.file, line), cells, form.places)


def _content(row: SheetRow) -> int:
    return hash(frozenset(row.cells.items()))


def _packed(number: int, row: SheetRow) -> bytes:
    # INVARIANT: marshal reads what this process wrote itself, of texts and numbers alone.
    return marshal.dumps((number, row.span.line, tuple(map(str, row.cells.values()))))


def order_of_rows(
    rows: Iterable[WaitingRow], references_of: Callable[[SheetRow], Iterable[str]]
) -> Sequence[int]:
    """Return the places of rows in the order in which they are taken.

    That is by day, then as they stand, but for what enters a record: it comes before what names it.

    Args:
        rows: The rows of all sheets, as they stand.
        references_of: Returns the ids that the fields of a row may refer to.
    """
    known, entries = dict[str, str](), dict[str, int]()
    days: list[str] = []
    named: list[tuple[str, ...]] = []
    for place, row in enumerate(rows):
        days.append(known.setdefault(day := _day_of(row), day))
        own = None
        if isinstance(row, SheetRow) and row.sheet.name == "records":
            own = row.cells.get("record")
        is_first = own is not None and entries.setdefault(own, place) == place
        names = () if isinstance(row, Diagnostic) else _names_of(row, references_of)
        # What enters a record waits for no other row because of it.
        rest = (name for name in names if not (is_first and name == own))
        named.append(tuple([known.setdefault(name, name) for name in rest]))
    return _in_order(sorted(range(len(days)), key=days.__getitem__), named, entries)


def _in_order(
    by_day: Iterable[int], named: Sequence[Iterable[str]], entries: Mapping[str, int]
) -> Sequence[int]:
    """Return places by day, but for those of entries: each before the places that name it.

    Each name is looked up once, whatever chain it stands in: a place goes on where it was left.
    """
    ordered, is_met = array("I"), bytearray(len(named))
    for place in by_day:
        waiting = [] if is_met[place] else [(place, iter(named[place]))]
        is_met[place] = True
        while waiting:
            last, names = waiting[-1]
            # INVARIANT: what was met is ordered already, or waits itself: then it names this one.
            needed = next(
                (e for e in map(entries.get, names) if e is not None and not is_met[e]), None
            )
            if needed is None:
                ordered.append(last)
                waiting.pop()
            else:
                is_met[needed] = True
                waiting.append((needed, iter(named[needed])))
    return ordered


def _names_of(row: SheetRow, references_of: Callable[[SheetRow], Iterable[str]]) -> Iterator[str]:
    """Yield the ids of the records that a row rests on."""
    for column in ("record", "parent", "inspection", "successor"):
        if column in row.cells:
            yield row.cells[column]
    yield from references_of(row)


def _day_of(row: WaitingRow) -> str:
    """Return the day by which a row is ordered; nothing where it says none."""
    if isinstance(row, Diagnostic):
        return ""
    column = _ENTRY_DAYS.get(row.sheet.name, "on")
    if column == "issued" and "state" in row.cells:
        column = "on"
    text = row.cells.get(column, "")
    return "" if iso_date(text) is None else text


_ENTRY_DAYS = {"records": "issued", "appointments": "first_day"}
"""The column that says the day of a sheet's rows, where it is not `on`."""
