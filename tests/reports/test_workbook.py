"""Workbooks hold what tables say: typed, and nothing that acts."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from peelflow.errors import InvalidRequest, MissingDependency
from peelflow.reports import workbook
from peelflow.reports.content import Cell, Table
from peelflow.reports.workbook import FIRST_DAY, LONGEST_TEXT, workbook_of

MADE = datetime(2023, 3, 30, 9, tzinfo=UTC)
ACTING = ("=1+1", "+44 121", "-1", "@SUM(A1)", "{=A1}", "http://example.org", "12", "  x", "a\nb")


def book(*tables: Table) -> bytes:
    """Return the workbook of some tables."""
    return workbook_of(tables, title="A list", made=MADE)


def read(content: bytes) -> list[list[Any]]:
    """Return the rows of a workbook's first sheet, read by another library."""
    sheet = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0)
    return [list(row) for row in sheet.to_python()]


def sheet_xml(content: bytes, name: str = "xl/worksheets/sheet1.xml") -> str:
    """Return one part of a workbook."""
    with ZipFile(BytesIO(content)) as parts:
        return parts.read(name).decode()


def test_days_and_numbers_are_typed_and_texts_stay_texts() -> None:
    """Whatever a text begins with, Excel neither works it out nor follows it."""
    rows = tuple((text, 7, date(2023, 3, 30), None) for text in ACTING)
    content = book(Table("records", "", ("text", "no", "day", "nothing"), rows))
    assert read(content)[1:] == [[text, 7.0, date(2023, 3, 30), ""] for text in ACTING]
    xml = sheet_xml(content)
    assert "<f>" not in xml
    assert "hyperlink" not in xml


def test_the_heading_stays_and_filters_leave_the_total_where_it_is() -> None:
    """Frozen, with a filter over the rows above the total."""
    rows = (("a", 1), ("b", 2), ("Total", 3))
    xml = sheet_xml(book(Table("figures", "", ("row", "open"), rows, ("open",), totals=True)))
    assert 'state="frozen"' in xml
    assert '<autoFilter ref="A1:B3"/>' in xml


def test_the_same_tables_make_the_same_bytes() -> None:
    """So whoever compares two workbooks sees what differs."""
    table = Table("records", "", ("a",), (("b",),))
    assert book(table) == book(table)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.integers(-(10**9), 10**9),
            st.dates(FIRST_DAY, date(9999, 12, 31)),
            st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_cell_comes_back_as_it_was(cells: list[Cell]) -> None:
    """Read by another library."""
    content = book(Table("t", "", tuple(f"c{n}" for n in range(len(cells))), (tuple(cells),)))
    rows = [*read(content), []]
    row = rows[1] + [""] * (len(cells) - len(rows[1]))
    assert row == ["" if cell is None else cell for cell in cells]


def test_a_day_that_excel_cannot_count_is_a_text() -> None:
    """Rather than another day."""
    content = book(Table("t", "", ("day",), ((date(1899, 12, 31),),)))
    assert read(content)[1] == ["1899-12-31"]


def test_a_text_that_a_cell_cannot_hold_is_cut_and_shows_it() -> None:
    """Rather than left out."""
    content = book(Table("t", "", ("text",), (("x" * (LONGEST_TEXT + 1),),)))
    (_, (read,)) = (
        CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    )
    assert (len(str(read)), str(read)[-1]) == (LONGEST_TEXT, "…")


def test_tabs_have_names_that_excel_takes() -> None:
    """No brackets or slashes, at most 31 letters, none twice."""
    tables = [Table(name, "", ("a",), ()) for name in ("a/b[c]" * 9, "a/b[c]" * 9, "", "x")]
    names = CalamineWorkbook.from_filelike(BytesIO(book(*tables))).sheet_names
    assert names == ["a b c a b c a b c a b c a b c a", "a b c a b c a b c a b c a b c 2",
                     "Table 3", "x 4"]  # fmt: skip


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than left out."""
    monkeypatch.setattr(workbook, "MOST_ROWS", 1)
    with pytest.raises(InvalidRequest, match="has 2 rows, and a sheet of Excel holds 1"):
        book(Table("t", "", ("a",), (("b",), ("c",))))


def test_without_xlsxwriter_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """How to get it."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingDependency, match=r"pip install 'peelflow\[sheets\]'"):
        book(Table("t", "", ("a",), ()))
