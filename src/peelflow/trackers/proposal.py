"""Draft the map of a tracker from the sheet itself, with what the draft is not sure of marked.

A draft guesses nothing in silence: what it takes for something it says beside it, and what may mean
several things, or nothing that is known, says `unsure`. A map with such a word left is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from attrs import evolve

from peelflow.errors import Span
from peelflow.model.trackers import DateOrder
from peelflow.phrases import counted, shown
from peelflow.results import frozen
from peelflow.rulebook.rulebook import Rulebook
from peelflow.rulebook.yaml_reader import fault
from peelflow.trackers.columns import (
    SheetColumn,
    banner_rows,
    columns_of,
    field_name_of,
    guess_columns,
    heading_row,
    total_rows,
)
from peelflow.trackers.days import days_in, fits_order
from peelflow.trackers.grid import Grid, GridRow, read_csv, read_file
from peelflow.trackers.headings import normal_form
from peelflow.trackers.known_words import CATEGORY_WORDS
from peelflow.trackers.map_words import write_words
from peelflow.trackers.map_writer import MapWriter, SheetReading, quoted
from peelflow.trackers.mapping import RECORD_TARGETS, TARGETS, UNSURE, check_fixed_parts
from peelflow.trackers.update import is_workbook
from peelflow.trackers.workbook import read_workbook

DEFAULT_ROLE = "liaison_officer"


@frozen
class Proposal:
    """The text of a map, what it is unsure of, and how the file was read.

    Attributes:
        text: The map, in YAML.
        unsure: What is to be settled, each with its line.
        notes: How the file was read, in words.
    """

    text: str
    unsure: tuple[str, ...]
    notes: tuple[str, ...]


def propose_map(
    path: Path | str,
    rulebook: Rulebook,
    *,
    fill: Mapping[str, str] | None = None,
    schema: str = "",
) -> Proposal:
    """Draft the map of a tracker from its sheet.

    Args:
        path: The tracker: a workbook or a CSV file.
        rulebook: The rules that its words are to mean something in.
        fill: What the map's fixed parts say, as far as it is known.
        schema: Where an editor finds the schema of maps.

    Raises:
        InvalidRules: The file cannot be read, or no row of it looks like headings.
        InvalidRequest: What is to be filled in is no fixed part.
        MissingDependency: A workbook is given and python-calamine is not installed.
    """
    check_fixed_parts(fill or ())
    path = Path(path)
    sheets, notes = _sheets_with_headings(path, read_file(path))
    (grid, headings), *others = sheets
    alike = [(other, row) for other, row in others if _has_headings_of(row, grid, headings)]
    grid = _with_rows_of(grid, headings, alike)
    banners, totals = banner_rows(grid, headings), total_rows(grid, headings)
    columns = columns_of(grid, headings, frozenset({*banners, *totals}))
    sheet = SheetReading(grid, headings, columns, guess_columns(columns), rulebook)
    writer = MapWriter()
    if schema:
        writer.note(f"yaml-language-server: $schema={schema}")
    _write_head(writer, sheet, path, [other.sheet for other, _ in alike])
    _write_fixed(writer, sheet, fill or {})
    _write_columns(writer, sheet)
    _write_rest(writer, sheet)
    _write_rows_passed_over(writer, banners, totals)
    write_words(writer, sheet)
    return Proposal("\n".join(writer.lines) + "\n", tuple(writer.unsure), notes)


def _sheets_with_headings(
    path: Path, source: bytes
) -> tuple[list[tuple[Grid, GridRow]], tuple[str, ...]]:
    """Return the sheets that have headings, what looks most like a tracker first, and notes."""
    book = read_workbook(path, source) if is_workbook(path, source) else None
    grids = [read_csv(path, source)] if book is None else [*map(book.grid, book.sheets)]
    found = [(grid, row) for grid in grids if (row := heading_row(grid)) is not None]
    if not found:
        sentence = "no row looks like the headings of a tracker"
        instead = "write the map by hand: docs/trackers.md has one whole"
        raise fault(Span(path.as_posix()), "sheet-unknown", sentence, instead)
    found.sort(key=lambda pair: (-len(guessed_targets(*pair)), -len(pair[0].rows)))
    best = found[0][0]
    return found, (*best.notes, *(book.notes_beside([best.sheet]) if book else ()))


def _has_headings_of(row: GridRow, grid: Grid, headings: GridRow) -> bool:
    """Return whether a row has the headings by which another sheet places its records."""
    columns = columns_of(grid, headings, frozenset())
    guesses = guess_columns(columns)
    needed = {
        normal_form(guess.column.heading)
        for target, guess in guesses.items()
        if target in RECORD_TARGETS and guess.column
    }
    return needed <= {normal_form(row.text(column)) for column in row.filled}


def _with_rows_of(grid: Grid, headings: GridRow, alike: Iterable[tuple[Grid, GridRow]]) -> Grid:
    """Return a sheet with the rows of others below its own, each cell beneath its heading."""
    rows = [*grid.rows]
    for other, row in alike:
        places = {normal_form(row.text(column)): column for column in row.filled}
        columns = [
            places.get(normal_form(headings.text(column)), len(row.cells) + 1)
            for column in range(1, len(headings.cells) + 1)
        ]
        for below in other.rows:
            if below.number > row.number:
                number = rows[-1].number + 1
                rows.append(GridRow(number, number, tuple(map(below.value, columns)), other.sheet))
    return evolve(grid, rows=tuple(rows))


def guessed_targets(grid: Grid, headings: GridRow) -> frozenset[str]:
    """Return what could be read from a sheet.

    Args:
        grid: The sheet.
        headings: Its row of headings.
    """
    passed_over = {*banner_rows(grid, headings), *total_rows(grid, headings)}
    columns = columns_of(grid, headings, frozenset(passed_over))
    return frozenset(guess_columns(columns))


def _write_head(writer: MapWriter, sheet: SheetReading, path: Path, alike: list[str]) -> None:
    """Write what the map is called, which sheet it is of, and of which day the sheet tells."""
    grid = sheet.grid
    writer.note(f"A draft for {path.name}, row {sheet.headings.number} of which has the headings.")
    for note in grid.notes:
        writer.note(f"The file was {note}.")
    writer.note(f"Settle each `{UNSURE}`, look through the rest, and import the sheet with --as.")
    name = "-".join(re.findall("[a-z0-9]+", normal_form(path.stem)))
    writer.entry(
        "tracker",
        name if name[:1].isalpha() else f"tracker-{name}".rstrip("-"),
        note=("keep it: later sheets of this tracker are known by it"),
    )
    if grid.sheet:
        writer.entry("sheet", grid.sheet, note=_note_on_sheets(grid, alike))
    order, note = _date_order(sheet)
    writer.entry("dates", order, note=note)
    days = _banner_days(sheet)
    if len(days) == 1:
        said = next(iter(days.values()))
        writer.entry("as_at", "banner", note=f"the sheet tells of the day in “{shown(said)}”")
    else:
        note = "the sheet tells of the day of the import, or of the one that --on says"
        writer.entry("as_at", "import", note=note)
    writer.blank()


def _note_on_sheets(grid: Grid, alike: list[str]) -> str:
    """Say which sheets are not read, and how those with the same headings are."""
    others = [name for name in (*grid.sheets, *grid.hidden_sheets) if name != grid.sheet]
    if not others:
        return "the only one; leave this line out where its name changes from month to month"
    note = f"not read: {', '.join(map(shown, others))}"
    both = quoted([grid.sheet, *alike])
    return f"{note}; {both} reads those of these headings as one" if alike else note


def _banner_days(sheet: SheetReading) -> dict[date, str]:
    return {
        day: row.text(column)
        for row in sheet.grid.rows
        if row.number < sheet.headings.number
        for column in row.filled
        for day in days_in(row.value(column), "day-month-year")
    }


def _date_order(sheet: SheetReading) -> tuple[str, str]:
    """Return in which order the days of the sheet stand, and why; never from one cell alone."""
    texts = [
        (row, column, text)
        for column in sheet.columns
        if column.share_of_days
        for row, value, text in column.cells
        if isinstance(value, str)
    ]
    orders: tuple[DateOrder, DateOrder] = ("day-month-year", "month-day-year")
    misfits = {
        order: [
            (row, column, text) for row, column, text in texts if fits_order(text, order) is False
        ]
        for order in orders
    }
    british, american = misfits[orders[0]], misfits[orders[1]]
    if not british:
        read = f"{counted(len(american), 'day')} can be read no other way"
        told = read if american else "the British order"
        return orders[0], told
    row, column, text = british[0]
    is_here = row.sheet == sheet.grid.sheet
    cell = sheet.grid.place(row.number, column.number) if is_here else f"`{shown(row.sheet)}`"
    if not american:
        note = f"{cell} says {text}; all days fit month-day-year, {len(british)} fit no other order"
        return UNSURE, note
    days = f"{counted(len(british), 'day')} of no calendar or another order"
    return orders[0], f"{days}, such as {text} in {cell}: mend what is wrong"


def _write_fixed(writer: MapWriter, sheet: SheetReading, fill: Mapping[str, str]) -> None:
    """Write what is the same in every row."""
    writer.entry("fixed")
    force = fill.get("force", UNSURE)
    writer.entry("force", force, indent=1, note="the force's short name, such as wmp")
    actor = fill.get("actor", UNSURE)
    writer.entry("actor", actor, indent=1, note="who keeps the sheet and says that it is so")
    role = fill.get("actor_role", DEFAULT_ROLE)
    writer.entry("actor_role", role, indent=1, note="the role in which they say it")
    if sheet.column("state") is not None:
        note = "whose word it is where a state is one that HMICFRS alone enters"
        writer.entry("inspectorate", fill.get("inspectorate", "hmicfrs"), indent=1, note=note)
    for name in ("source", "prefix"):
        if name in fill:
            writer.entry(name, fill[name], indent=1)
    if "category" not in sheet.guesses:
        category, note = _category_named(sheet)
        writer.entry("category", category, indent=1, note=note)
    if "level" not in sheet.guesses:
        note = "no column says which level each row has: 1 to 4, or none"
        writer.entry("level", UNSURE, indent=1, note=note)
    writer.blank()


def _category_named(sheet: SheetReading) -> tuple[str, str]:
    """Return the category that the sheet's name or the heading of its texts says, and a note."""
    title = sheet.column("title")
    for named in (sheet.grid.sheet or "", title.heading if title else ""):
        meaning = CATEGORY_WORDS.get(normal_form(named))
        if meaning:
            return meaning, f"as “{shown(named)}” says"
    return UNSURE, "no column says what each row is: recommendation, afi or cause_of_concern"


def _write_columns(writer: MapWriter, sheet: SheetReading) -> None:
    """Write the heading of each thing that is read from a column."""
    writer.entry("columns")
    _write_missing(writer, sheet)
    guesses = sheet.guesses.items()
    for target, guess in sorted(guesses, key=lambda item: item[1].place):
        if guess.column is None:
            said = " or ".join(shown(rival.heading) for rival in guess.rivals)
            writer.entry(target, UNSURE, indent=1, note=f"either {said}")
            continue
        heading = guess.column.heading
        notes = [guess.why] if guess.why else []
        notes += ["computed by formulas: paste it as values"] if guess.column.is_computed else []
        writer.entry(target, heading, indent=1, note="; ".join(notes))
        if target == "issued":
            writer.entry("published", heading, indent=1, note="the day of the report, too")
        elif target == "due" and "due_words" not in sheet.guesses:
            note = "what stands there and is no day, such as TBC"
            writer.entry("due_words", heading, indent=1, note=note)
    writer.blank()


def _write_missing(writer: MapWriter, sheet: SheetReading) -> None:
    """Write what every record has and no column says, or may say."""
    if "record" not in sheet.guesses:
        writer.entry("record", UNSURE, indent=1, note=f"the heading of {TARGETS['record']}")
    if sheet.reports is not None:
        note = "no column says the day it was issued; `words` below says it of each report"
        writer.entry("issued", sheet.reports.heading, indent=1, note=note)
    elif "issued" not in sheet.guesses:
        note = f"the heading of {TARGETS['issued']}; or remove this, and add `issued` to `fixed`"
        writer.entry("issued", UNSURE, indent=1, note=note)
    if "state" not in sheet.guesses:
        note = "no column says where each row stands; without this line each is at its beginning"
        writer.entry("state", UNSURE, indent=1, note=note)
    if "parent" not in sheet.guesses and sheet.has_causes:
        writer.note("No column says which recommendation is of which cause of concern: give the", 1)
        writer.note("sheet one for `parent`, or say it by `peelflow link`.", 1)


def _write_rest(writer: MapWriter, sheet: SheetReading) -> None:
    """Write the columns that no rules know."""
    used = {guess.column.number for guess in sheet.guesses.values() if guess.column}
    rest = [column for column in sheet.columns if column.number not in used]
    kept = [column for column in rest if column.cells and not column.is_computed]
    since = sheet.column("since")
    kept += [since] if since else []
    if kept:
        fields = {
            name
            for category in sheet.rulebook.vocabulary.categories.values()
            for name in category.fields
        }
        taken = {*TARGETS, *fields}
        writer.note("Kept as they stand; put a heading under `ignored` to leave it out.")
        writer.entry("own_fields")
        for column in sorted(kept, key=lambda column: column.number):
            name = quoted(field_name_of(column.heading, taken))
            kind = ", type: date" if column.is_of_days else ""
            writer.lines.append(f"  {name}: {{heading: {quoted(column.heading)}{kind}}}")
        writer.blank()
    read = {column.heading for column in sheet.columns if column in kept or column not in rest}
    _write_ignored(writer, [column for column in rest if column.heading not in read])


def _write_ignored(writer: MapWriter, columns: Sequence[SheetColumn]) -> None:
    """Write the columns that are not read: those without cells, and those of formulas."""
    computed = [*dict.fromkeys(column.heading for column in columns if column.is_computed)]
    empty = [column.heading for column in columns if not column.is_computed]
    ignored = [*dict.fromkeys((*empty, *computed))]
    if ignored:
        notes = ["no cell below says anything"] if empty else []
        if computed:
            notes.append(f"computed by formulas: {', '.join(map(shown, computed))}")
        writer.entry("ignored", ignored, note="; ".join(notes))
        writer.blank()


def _write_rows_passed_over(
    writer: MapWriter, banners: Mapping[int, str], totals: Mapping[int, str]
) -> None:
    """Write which rows are no records."""
    if banners:
        texts = [*dict.fromkeys(banners.values())]
        writer.entry("banners", texts, note="rows with this alone are no records")
    if totals:
        texts = [*dict.fromkeys(totals.values())]
        writer.entry("totals", texts, note="rows that begin so are sums, and no records")
    if banners or totals:
        writer.blank()
