"""Read CSV sheets of records, acts, appointments, amendments and documents as checked rows.

The columns tell what a sheet is about. Reading one asks no rule: a row says what somebody asks
for, and where in which file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from io import StringIO
from pathlib import Path

from attrs import field, frozen

from peelflow.errors import Diagnostic, InvalidRequest, Span
from peelflow.model.rules import Level
from peelflow.register.validation import iso_date
from peelflow.wording import listed, shown, suggestion


@frozen
class SheetKind:
    """One kind of sheet: the column that tells it from the others, and those it must or may have.

    `fields`: every other column is a field of the record's category.
    """

    name: str
    identifying_column: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    fields: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column this kind knows by name."""
        return (*self.required, *self.optional)

    def takes(self, column: str) -> bool:
        """Return whether this kind has the column: by its name, or as a field of the record."""
        return column in self.columns or (self.fields and column not in KNOWN_COLUMNS)


_ACTOR_COLUMNS = ("actor", "actor_role")
_DOCUMENT_COLUMNS = ("kind", "signed_by", "signed_on")
SHEET_KINDS = (
    SheetKind(
        "acts",
        "trigger",
        ("record", "trigger", "on", *_ACTOR_COLUMNS),
        (
            *("recorded_by", "source", "reason", "key", "inspection", "successor"),
            *("document", *_DOCUMENT_COLUMNS),
        ),
    ),
    SheetKind(
        "records",
        "category",
        ("record", "category", "force", "issued", *_ACTOR_COLUMNS),
        ("level", "parent", "recorded_by", "source", "reason", "key", "state", "on"),
        fields=True,
    ),
    SheetKind(
        "appointments",
        "person",
        ("person", "person_role", "force", "first_day", *_ACTOR_COLUMNS),
        ("last_day", "recorded_by", "source", "key"),
    ),
    SheetKind(
        "amendments",
        "value",
        ("record", "field", "value", "on", "reason", *_ACTOR_COLUMNS),
        ("recorded_by", "source", "key"),
    ),
    SheetKind(
        "documents",
        "document",
        ("record", "document", "kind", "on", *_ACTOR_COLUMNS),
        ("signed_by", "signed_on", "recorded_by", "source", "key"),
    ),
)

KNOWN_COLUMNS = frozenset(column for kind in SHEET_KINDS for column in kind.columns)


def check_default_columns(columns: Iterable[str], sheets: Iterable[SheetKind]) -> None:
    """Refuse to fill a column that no kind of sheet knows, where no row could have it as a field.

    One that another kind of sheet has is passed over: the same words may go with every import.
    """
    kinds = set(sheets)
    for column in columns:
        if kinds and column not in KNOWN_COLUMNS and not any(kind.takes(column) for kind in kinds):
            what, why = f"the column {column!r} to fill", "is in no sheet"
            raise InvalidRequest(what, why, suggestion(column, KNOWN_COLUMNS))


MAX_SHEET_BYTES = 64 * 1024 * 1024
FIELD_PREFIX = "field."


class _UnreadableSheet(Exception):
    """A sheet has faults as a whole, so none of its rows can be read."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take the faults."""
        super().__init__()
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)


@frozen
class SheetRow:
    """One row of a sheet: its cells that are not empty, by column, and where they stand."""

    sheet: SheetKind
    folder: Path
    span: Span
    cells: Mapping[str, str]
    places: Mapping[str, int] = field(repr=False)

    def get(self, column: str) -> str | None:
        """Return a cell's text, None when it is empty or its column is not there."""
        return self.cells.get(column)

    def diagnostic(self, column: str, code: str, sentence: str, instead: str) -> Diagnostic:
        """Say what is wrong with a cell, or with the whole row (""); its column counts cells."""
        span = Span(self.span.file, self.span.line, self.places.get(column, 1))
        return Diagnostic(span, code, sentence, instead)

    @property
    def fields(self) -> Mapping[str, str]:
        """The cells that are fields of the record."""
        named = self.sheet.columns
        return {
            column.removeprefix(FIELD_PREFIX): text
            for column, text in self.cells.items()
            if column not in named
        }


def read_sheet(
    path: Path, defaults: Mapping[str, str], *, kinds: tuple[SheetKind, ...] = SHEET_KINDS
) -> tuple[tuple[SheetRow | Diagnostic, ...], tuple[Diagnostic, ...]]:
    """Return a sheet's rows, and the faults of the sheet as a whole; with one it has no rows.

    A row that has no form stands there as its fault. A row's line is its first.

    Args:
        path: A CSV file in UTF-8, with a header.
        defaults: What a column says where its cell is empty or the column is missing.
        kinds: The kinds of sheets that it may be.
    """
    try:
        lines = _numbered_lines(path, kinds)
        header = tuple(cell.strip() for cell in lines[0][1])
        sheet = _sheet_of(header, defaults, Span(path.as_posix()), kinds)
    except _UnreadableSheet as refused:
        return (), refused.diagnostics
    filled = {name: text for name, text in defaults.items() if sheet.takes(name)}
    places = {column: place for place, column in enumerate(header, start=1)}
    rows: list[SheetRow | Diagnostic] = []
    for line, cells in lines[1:]:
        given = {
            column: cell.strip()
            for column, cell in zip(header, cells, strict=False)
            if cell.strip()
        }
        row = SheetRow(sheet, path.parent, Span(path.as_posix(), line), {**filled, **given}, places)
        rows.append(row if len(cells) <= len(header) else _too_many_cells(row, len(header)))
    return tuple(rows), ()


def _numbered_lines(path: Path, kinds: tuple[SheetKind, ...]) -> list[tuple[int, list[str]]]:
    """Return the lines that say anything, each with the number of its first line."""
    reader = csv.reader(StringIO(_decoded_text(path), newline=""), strict=True)
    lines: list[tuple[int, list[str]]] = []
    first = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((first, cells))
            first = reader.line_num + 1
    except csv.Error as error:
        raise sheet_fault(
            Span(path.as_posix(), reader.line_num),
            "sheet-syntax",
            f"this is no CSV: {error}",
            'quote a cell that holds a comma, a quote or a new line, as "…"',
        ) from None
    if not lines:
        instead = f"start with a header, such as {_headers(kinds)}"
        raise sheet_fault(Span(path.as_posix()), "empty", "the sheet is empty", instead)
    return lines


def _decoded_text(path: Path) -> str:
    span = Span(path.as_posix())
    if path.exists() and not path.is_file():
        raise sheet_fault(span, "unreadable", f"`{span.file}` is no file", "name a CSV file")
    try:
        source = _first_bytes(path, MAX_SHEET_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        sentence = f"`{span.file}` cannot be read: {why[:1].lower()}{why[1:]}"
        raise sheet_fault(
            span, "unreadable", sentence, "check the path and its permissions"
        ) from None
    if len(source) > MAX_SHEET_BYTES:
        raise sheet_fault(
            span, "too-large", f"a sheet has at most {MAX_SHEET_BYTES} bytes", "split it"
        )
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        span = Span(span.file, source[: error.start].count(b"\n") + 1)
        instead = "save it as CSV UTF-8"
        raise sheet_fault(span, "not-utf-8", "the sheet is not UTF-8 text", instead) from None


def sheet_fault(span: Span, code: str, sentence: str, instead: str) -> _UnreadableSheet:
    """Say one fault of a whole sheet, as something to raise."""
    return _UnreadableSheet([Diagnostic(span, code, sentence, instead)])


def _headers(kinds: tuple[SheetKind, ...]) -> str:
    return "; or ".join(f"`{','.join(sheet.required)}`" for sheet in kinds)


def _sheet_of(
    header: tuple[str, ...], defaults: Mapping[str, str], span: Span, kinds: tuple[SheetKind, ...]
) -> SheetKind:
    sheet = next((kind for kind in kinds if kind.identifying_column in header), None)
    if sheet is None:
        columns = listed(kind.identifying_column for kind in kinds)
        sentence = (
            f"no column tells what this sheet is about; there is {listed(map(shown, header))}"
        )
        instead = f"{'one of ' if len(kinds) > 1 else ''}{columns} has to be there"
        if len(header) == 1 and ";" in header[0]:
            instead = "save it with commas between the cells, not semicolons"
        raise sheet_fault(span, "sheet-unknown", sentence, instead)
    faults = [
        *_column_faults(header, sheet, span),
        *(
            Diagnostic(
                span,
                "sheet-column",
                f"a sheet of {sheet.name} has a column `{column}`, and this has none",
                f"add the column `{column}`",
            )
            for column in sheet.required
            if column not in header and column not in defaults
        ),
    ]
    if faults:
        raise _UnreadableSheet(faults)
    return sheet


def _column_faults(header: tuple[str, ...], sheet: SheetKind, span: Span) -> Iterator[Diagnostic]:
    for place, column in enumerate(header, start=1):
        here = Span(span.file, 1, place)
        if not column:
            yield Diagnostic(here, "sheet-column", "a column has no name", "name or remove it")
        elif column in header[: place - 1]:
            sentence = f"the column `{shown(column)}` stands twice"
            yield Diagnostic(here, "sheet-column", sentence, "keep one of the two")
        elif column not in sheet.columns and not sheet.fields:
            sentence = f"the column `{shown(column)}` has no meaning in a sheet of {sheet.name}"
            yield Diagnostic(here, "sheet-column", sentence, suggestion(column, sheet.columns))


def _too_many_cells(row: SheetRow, columns: int) -> Diagnostic:
    sentence = f"the row has more cells than the header's {columns}"
    return row.diagnostic("", "sheet-cells", sentence, "quote a cell that holds a comma")


MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


class BadCell(Exception):
    """A cell does not say what its column asks for."""

    column: str
    sentence: str
    instead: str

    def __init__(self, column: str, sentence: str, instead: str) -> None:
        super().__init__()
        self.column, self.sentence, self.instead = column, sentence, instead


def required_cell(row: SheetRow, column: str) -> str:
    """Return a cell that may not be empty."""
    text = row.get(column)
    if text is None:
        raise BadCell(column, f"`{column}` is empty", f"give the {column.replace('_', ' ')}")
    return text


def date_cell(row: SheetRow, column: str) -> date:
    """Return the date that a cell says."""
    text = required_cell(row, column)
    day = iso_date(text)
    if day is None:
        sentence = f"`{column}` is {text!r}, which is no date"
        raise BadCell(column, sentence, "write it as 2023-03-30")
    return day


def level_cell(row: SheetRow) -> Level:
    """Return the level that a row says; an empty cell is no level."""
    text = row.get("level")
    if text is None or text == "none":
        return None
    if not re.fullmatch("[0-9]{1,9}", text):
        raise BadCell("level", f"`level` is {text!r}, which is no level", "write 1 to 4, or none")
    return int(text)


def document_cell(path: Path, row: SheetRow) -> bytes:
    """Return what the document holds that a row names."""
    content = read_document(path)
    if isinstance(content, str):
        sentence = f"the document `{row.get('document')}` {content}"
        raise BadCell("document", sentence, "put it beside the sheet, or mend its path")
    return content


def read_document(path: Path) -> bytes | str:
    """Return what a regular file holds, or why it cannot be taken as a document."""
    try:
        if path.exists() and not path.is_file():
            return "is no regular file"
        content = _first_bytes(path, MAX_DOCUMENT_BYTES + 1)
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if len(content) > MAX_DOCUMENT_BYTES:
        return f"has more than {MAX_DOCUMENT_BYTES} bytes"
    return content


def _first_bytes(path: Path, size: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(size)
