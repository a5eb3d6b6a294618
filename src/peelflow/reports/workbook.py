"""Write tables as an Excel workbook: typed days and numbers, nothing that acts as a formula.

Needs the extra `sheets`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from peelflow.errors import InvalidRequest, MissingDependency
from peelflow.reports.content import Cell, Table
from peelflow.results import frozen

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_048_575
"""How many rows a sheet of Excel holds below its heading."""
LONGEST_TEXT = 32_767
"""How many characters a cell of Excel holds."""
FIRST_DAY = date(1900, 3, 1)
"""The first day that every program reads alike: Excel counts a 29 February 1900."""
_WIDEST = 60
_LONGEST_NAME = 31
_NO_NAME = re.compile(r"[\[\]:*?/\\']")


def workbook_of(tables: Sequence[Table], *, title: str, made: datetime) -> bytes:
    """Return a workbook, the same for the same tables and moment.

    Args:
        tables: The tables, in order.
        title: What the workbook says it is.
        made: The moment that it says it was made.

    Raises:
        MissingDependency: XlsxWriter is not installed.
        InvalidRequest: A table has more rows than a sheet holds.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError:
        raise MissingDependency("sheets", "XlsxWriter") from None
    content = BytesIO()
    with Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"title": title, "created": made.replace(tzinfo=None)})
        formats = _Formats.of(book)
        for number, table in enumerate(tables, start=1):
            _write(book.add_worksheet(_tab_name(table.name, number)), table, formats)
    return content.getvalue()


@frozen
class _Formats:
    heading: Any
    day: Any
    text: Any
    total: Any

    @classmethod
    def of(cls, book: Workbook) -> _Formats:
        top = {"valign": "top"}
        return cls(
            heading=book.add_format({"bold": True, "bottom": 1, **top}),
            day=book.add_format({"num_format": "dd/mm/yyyy", "align": "left", **top}),
            text=book.add_format({"text_wrap": True, **top}),
            total=book.add_format({"bold": True, "top": 1, **top}),
        )


def _tab_name(name: str, number: int) -> str:
    """Return a name that Excel takes and no other tab has."""
    plain = _NO_NAME.sub(" ", name).strip()
    mark = "" if number == 1 else f" {number}"
    return f"{plain[: _LONGEST_NAME - len(mark)] or 'Table'}{mark}"


def _write(page: Worksheet, table: Table, formats: _Formats) -> None:
    if len(table.rows) > MOST_ROWS:
        why = f"has {len(table.rows):,} rows, and a sheet of Excel holds {MOST_ROWS:,}"
        raise InvalidRequest(f"the table {table.name!r}", why, "select fewer, or write it as CSV")
    for place, column in enumerate(table.columns):
        page.write_string(0, place, column, formats.heading)
    last = len(table.rows)
    for number, row in enumerate(table.rows, start=1):
        is_total = table.totals and number == last
        for place, cell in enumerate(row):
            _write_cell(page, number, place, cell, formats, is_total=is_total)
    for place, column in enumerate(table.columns):
        cells = [column + "   ", *(row[place] for row in table.rows)]
        page.set_column(place, place, min(_WIDEST, max(map(_width, cells))))
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, max(last - table.totals, 0), len(table.columns) - 1)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)


def _write_cell(
    page: Worksheet, row: int, place: int, cell: Cell, formats: _Formats, *, is_total: bool
) -> None:
    """Write a cell as what it is; a text is a text, whatever it begins with."""
    style = formats.total if is_total else formats.text
    match cell:
        case None:
            page.write_blank(row, place, None, style)
        case int():
            page.write_number(row, place, cell, style)
        case date() if cell >= FIRST_DAY:
            page.write_datetime(row, place, cell, formats.total if is_total else formats.day)
        case _:
            text = str(cell)
            cut = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
            page.write_string(row, place, cut, style)


def _width(cell: Cell) -> int:
    """Return how many characters wide a cell would like to be."""
    return max(map(len, str("" if cell is None else cell).split("\n"))) + 2
