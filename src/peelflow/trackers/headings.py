"""Find the headings of a sheet: the row that has them, and the column that each thing is read from.

They may stand in two rows, as where one name spans several columns. A column whose heading stands
in the upper row alone is read by that; those of one name are told apart by what stands above each.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from peelflow.errors import Diagnostic, InvalidRules, Span
from peelflow.phrases import listed, shown, suggestion
from peelflow.results import frozen
from peelflow.rulebook.yaml_reader import fault
from peelflow.texts import is_unseen
from peelflow.trackers.grid import Grid, GridRow, column_letters
from peelflow.trackers.mapping import RECORD_TARGETS, MapFile

HEADING_ROWS = 200
"""How far down the headings may begin."""
_FEWEST_ABOVE = 2
"""How many cells the upper row of headings has at least: one alone is a banner."""


@lru_cache(maxsize=16_384)
def normal_form(text: str) -> str:
    """Return a word of a sheet as it is compared: whatever its case, spaces and unseen marks.

    Args:
        text: What a cell or a heading says.
    """
    if not text.isascii():
        text = "".join(mark for mark in text if mark.isspace() or not is_unseen(mark))
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@frozen(eq=False)
class Headings:
    """The row of headings, and the column that each target is read from.

    `texts` are the headings by their columns, with what the row above says of them.
    """

    row: GridRow
    columns: Mapping[str, int]
    texts: Mapping[int, str]


def heading_rows(grid: Grid, most: int) -> Iterator[tuple[GridRow, GridRow]]:
    """Yield the first rows of a sheet, each with what it says as headings that stand in two rows.

    Args:
        grid: The sheet.
        most: How many rows.
    """
    above: GridRow | None = None
    for row in grid.rows[:most]:
        yield row, row if above is None else _with_above(grid, row, above)
        above = row


def _with_above(grid: Grid, row: GridRow, above: GridRow) -> GridRow:
    """Return a row of headings with what the row above it says of its columns.

    That is the heading of a column which has none in this row and cells below it; and it stands
    before one that several columns have.
    """
    upper = above.filled
    if above.number != row.number - 1 or len(upper) < _FEWEST_ABOVE:
        return row
    texts = {column: row.text(column) for column in row.filled}
    counts = Counter(map(normal_form, texts.values()))
    named = {
        column: f"{above.text(start)}: {text}"
        for column, text in texts.items()
        if counts[normal_form(text)] > 1
        for start in [at for at in upper if at <= column][-1:]
        if normal_form(above.text(start)) != normal_form(text)
    }
    named |= {
        column: above.text(column)
        for column in upper
        if column not in texts and grid.last_row(column) > row.number
    }
    if not named:
        return row
    width = max(len(row.cells), *named)
    cells = tuple(named.get(column, row.value(column)) for column in range(1, width + 1))
    return GridRow(row.number, row.line, cells, row.sheet)


def find_headings(grid: Grid, file: MapFile, other_texts: Iterable[str] = ()) -> Headings:
    """Return the row that has the map's headings, whatever banners stand above it.

    Args:
        grid: The sheet.
        file: The map.
        other_texts: What stands on the other sheets of the tracker: a heading of theirs may lack
            here, but for those of what places a record.

    Raises:
        InvalidRules: No row has them all, one stands twice, or a column is not in the map.
    """
    tracker = file.tracker
    own = {name: declared.heading for name, declared in tracker.own_fields.items()}
    wanted = {
        target: normal_form(text) for target, text in (*tracker.columns.items(), *own.items())
    }
    row, texts = _best_row(grid, {*wanted.values()}, {*map(normal_form, tracker.ignored)})
    if row is None:
        names = listed((*tracker.columns.values(), *own.values()))
        sentence, instead = f"no row has the headings {names}", "name the right `sheet` in the map"
        raise fault(Span(grid.file), "sheet-unknown", sentence, instead)
    places: dict[str, list[int]] = {}
    for column, text in texts.items():
        places.setdefault(normal_form(text), []).append(column)
    headings = Headings(
        row, {target: places[text][0] for target, text in wanted.items() if text in places}, texts
    )
    needed_here = {wanted[target] for target in RECORD_TARGETS if target in wanted}
    may_lack = {*map(normal_form, other_texts)} - needed_here
    faults = [*_heading_faults(grid, file, headings, places, may_lack)]
    faults += _unheaded_faults(grid, headings)
    if faults:
        raise InvalidRules(faults)
    return headings


def _best_row(
    grid: Grid, needed: set[str], ignored: set[str]
) -> tuple[GridRow | None, Mapping[int, str]]:
    """Return the row that has the most of the headings that are needed, and its headings.

    One that the map names as it stands is not told apart by the row above.
    """
    best: tuple[GridRow | None, Mapping[int, str]] = (None, {})
    most = 0
    for row, whole in heading_rows(grid, HEADING_ROWS):
        plain = {column: row.text(column) for column in row.filled}
        texts = {
            column: plain[column]
            if normal_form(plain.get(column, "")) in needed | ignored
            else whole.text(column)
            for column in whole.filled
        }
        hits = len(needed & {*map(normal_form, texts.values())})
        if hits > most:
            best, most = (row, texts), hits
    return best


def has_headings(grid: Grid, file: MapFile) -> bool:
    """Return whether a row of a sheet has the headings by which a map places its records.

    Args:
        grid: The sheet.
        file: The map.
    """
    columns = file.tracker.columns
    needed = {normal_form(columns[name]) for name in RECORD_TARGETS if name in columns}
    rows = (whole for _, whole in heading_rows(grid, HEADING_ROWS))
    return any(needed <= {normal_form(row.text(at)) for at in row.filled} for row in rows)


def named_headings(file: MapFile) -> tuple[str, ...]:
    """Return the headings of the columns that a map reads, each once.

    Args:
        file: The map.
    """
    own = (declared.heading for declared in file.tracker.own_fields.values())
    return tuple(dict.fromkeys((*file.tracker.columns.values(), *own)))


def _heading_faults(
    grid: Grid,
    file: MapFile,
    headings: Headings,
    places: Mapping[str, Sequence[int]],
    may_lack: set[str],
) -> Iterator[Diagnostic]:
    """Yield the headings that are missing, that stand twice, and that the map does not name."""
    tracker, row, named = file.tracker, headings.row, named_headings(file)
    known = {normal_form(text) for text in (*named, *tracker.ignored)}
    unknown = [text for text in headings.texts.values() if normal_form(text) not in known]
    for heading in named:
        columns = places.get(normal_form(heading), ())
        if len(columns) > 1:
            cells = listed(grid.place(row.number, column) for column in columns)
            sentence = f"the heading `{shown(heading)}` stands in {cells}"
            span = grid.span(row, columns[1])
            yield Diagnostic(
                span, "sheet-column", sentence, "name each column by a heading of its own"
            )
        elif not columns and normal_form(heading) not in may_lack:
            sentence = f"row {row.number} has the headings, but none is `{shown(heading)}`"
            instead = suggestion(heading, unknown or headings.texts.values())
            yield Diagnostic(grid.span(row, 1), "sheet-column", sentence, instead)
    for column, text in headings.texts.items():
        if normal_form(text) not in known:
            cell = grid.place(row.number, column)
            sentence = f"{cell}: the map says nothing of the column `{shown(text)}`"
            instead = "name it under `columns`, `own_fields` or `ignored`"
            yield Diagnostic(grid.span(row, column), "sheet-column", sentence, instead)


def _unheaded_faults(grid: Grid, headings: Headings) -> Iterator[Diagnostic]:
    """Yield the columns that have cells below the headings and no heading."""
    seen: set[int] = set()
    for row in grid.rows:
        if row.number > headings.row.number:
            for column in row.filled:
                if column not in headings.texts and column not in seen:
                    seen.add(column)
                    cell = grid.place(row.number, column)
                    sentence = f"{cell}: column {column_letters(column)} has cells and no heading"
                    instead = "give it a heading, or remove what stands there"
                    if not grid.sheet:
                        instead += "; or quote the cell of its row that holds a delimiter"
                    yield Diagnostic(grid.span(row, column), "sheet-column", sentence, instead)
