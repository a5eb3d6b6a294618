"""The content of a report, apart from any format: built once, written by thin writers.

Text is plain text; nothing in it is markup of any format. A writer escapes what its format would
take for its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Literal

from attrs import evolve

from peelflow.results import frozen

Cell = str | int | date | None


@frozen
class Paragraph:
    """Some sentences; a `note` is set smaller, for it explains what stands beside it."""

    text: str
    is_note: bool = False


@frozen
class Bullets:
    """A list of things that have no order."""

    items: tuple[str, ...]


@frozen
class Table:
    """Rows below a heading row.

    Attributes:
        name: What programs know it by, such as the tab of a workbook.
        title: What stands above it.
        columns: The names of the columns.
        rows: The rows; a cell of None is empty.
        numbers: The columns to align to the right.
        totals: Whether the last row sums up the others.
        optional: The columns that people are not shown where no row says anything in them.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: tuple[str, ...] = ()
    totals: bool = False
    optional: tuple[str, ...] = ()


@frozen
class Series:
    """One line or one set of bars of a chart: a value for each of the chart's places."""

    name: str
    values: tuple[int, ...]


@frozen
class Chart:
    """Numbers as a picture.

    Attributes:
        name: What programs know it by.
        title: What stands above it.
        alt: What it shows, for who cannot see it.
        kind: Lines over days, or bars over words.
        places: The days or words of its horizontal axis, in order.
        series: What is drawn over them.
    """

    name: str
    title: str
    alt: str
    kind: Literal["lines", "bars"]
    places: tuple[str, ...]
    series: tuple[Series, ...]


Block = Paragraph | Bullets | Table | Chart


@frozen
class Section:
    """A part of a report under a heading, with parts of its own below it."""

    name: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


@frozen
class Report:
    """A whole report.

    Attributes:
        title: Its title.
        subtitle: For whom, and as at what day.
        facts: What stands in its title block: a word and what it says.
        sections: Its parts.
        footer: What it was made from, sentence by sentence.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    footer: tuple[str, ...]


FACTS = ("Committee", "Agenda item", "Force", "As at", "Since the last meeting", "Purpose")
"""What a paper's title block may say, in order."""


def each_block(report: Report) -> Iterator[Block]:
    """Yield every block of a report, in reading order.

    Args:
        report: The report.
    """
    for section in report.sections:
        yield from _blocks_under(section)


def _blocks_under(section: Section) -> Iterator[Block]:
    yield from section.blocks
    for part in section.sections:
        yield from _blocks_under(part)


ASSUMED = "Assumed"
"""The column that says of a record that it stands as it was taken over."""


def say_mark(*, is_so: bool) -> str | None:
    """Say in a column of its own that something is so; nothing where it is not.

    Args:
        is_so: Whether it is so.
    """
    return "yes" if is_so else None


def say_cell(cell: Cell) -> str:
    """Return a cell as people read it: a day as 30/03/2023, nothing as nothing.

    Args:
        cell: The cell.
    """
    if cell is None:
        return ""
    return f"{cell:%d/%m/%Y}" if isinstance(cell, date) else str(cell)


def without_empty_columns(table: Table) -> Table:
    """Return a table without the columns that say nothing in any row, but for the first.

    Args:
        table: The table.
    """
    return _without_empty(table, table.columns[1:] if table.rows else ())


def without_optional(table: Table) -> Table:
    """Return a table without its optional columns that say nothing in any row.

    Args:
        table: The table.
    """
    return _without_empty(table, table.optional)


def _without_empty(table: Table, names: Collection[str]) -> Table:
    """Return a table without those of some columns that say nothing, or nought, in any row."""
    places = [
        place
        for place, name in enumerate(table.columns)
        if name not in names or any(_says_something(row[place], name, table) for row in table.rows)
    ]
    columns = tuple(table.columns[place] for place in places)
    rows = tuple(tuple(row[place] for place in places) for row in table.rows)
    numbers = tuple(name for name in table.numbers if name in columns)
    return evolve(table, columns=columns, rows=rows, numbers=numbers)


def _says_something(cell: Cell, column: str, table: Table) -> bool:
    return cell is not None and not (cell == 0 and column in table.optional)
