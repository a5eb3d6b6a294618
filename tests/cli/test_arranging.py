"""Which columns and rows of a list are shown, and in what order; and words in titles."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from peelflow.reports.arrangement import Arrangement
from peelflow.reports.content import Cell, Table
from tests.cli.conftest import Run

OFFICER = ("--actor", "officer-1", "--actor-role", "liaison_officer")
TITLED = {"R-1": "Custody records", "R-2": "Vetting", "R-3": "Care in CUSTODY"}


@pytest.fixture
def titled(run: Run) -> Run:
    """Give the command where three records have titles, and two a day on which they are due."""
    for number, (record, title) in enumerate(TITLED.items()):
        due = ("--field", f"due=2024-0{9 - number}-01") if number else ()
        said = ("--category", "recommendation", "--level", "2", "--force", "wmp", *OFFICER, *due)
        ran = run("add", record, "--issued", "2024-01-09", "--field", f"title={title}", *said)
        assert ran.err == ""
    return run


def column(run: Run, *words: str | Path) -> list[str]:
    """Return the first column of what is printed as CSV, without its heading."""
    ran = run(*words, "--format", "csv")
    assert ran.err == ""
    return [line.partition(",")[0] for line in ran.out.splitlines()[1:]]


def test_search_finds_words_in_titles(titled: Run) -> None:
    """All of them, in large or small letters; with what a daily list needs."""
    assert column(titled, "search", "custody") == ["R-1", "R-3"]
    assert column(titled, "search", "care", "cust") == ["R-3"]
    assert column(titled, "search", "nothing of the kind") == []
    assert column(titled, "search", "custody", "--where", "due=") == ["R-1"]
    assert column(titled, "list", "--where", "title~vett") == ["R-2"]
    head = titled("search", "custody").out.split()[:5]
    assert head == ["record", "state", "owner", "due", "title"]


def test_questions_and_levels_are_sorted_as_numbers() -> None:
    """9 before 10, and 7.2 between 7 and 8; numbers before days, and these before words."""
    said = ["none", "10", "7.2", "2024-01-09", "9", "7", "8", "2023"]
    table = Table("t", "T", ("a",), tuple((text,) for text in said))
    rows = Arrangement(sort="a").of(table).rows
    assert [row[0] for row in rows] == ["7", "7.2", "8", "9", "10", "2023", "2024-01-09", "none"]


@pytest.mark.parametrize(
    "column",
    [
        ["999", "1001", "10001"],
        ["2023-9", "2023-11", "2023-12", "2023-13", "2024-01"],
        ["R-2", "R-10", "r-11", "S-1"],
        ["2022", date(2023, 3, 31), "2023-03", "Q1 2023", date(2023, 4, 1), "2023"],
        [date(2023, 5, 1), "2024-03", "2024", "TBC"],
        ["2023-05-01", "2024-03", "2024", "TBC"],
    ],
)
def test_a_column_is_sorted_by_what_all_of_it_says(column: list[Cell]) -> None:
    """Ids of four digits are no years, and those with a month's number no months.

    Beside a day they are, whatever word stands there too.
    """
    table = Table("t", "T", ("a",), tuple((text,) for text in reversed(column)))
    assert [row[0] for row in Arrangement(sort="a").of(table).rows] == column
    assert [row[0] for row in Arrangement(sort="-a").of(table).rows] == column[::-1]


def test_columns_are_chosen_and_sorted_by(titled: Run) -> None:
    """A field is a column; what says nothing stands at the end, up and down."""
    assert column(titled, "list", "--sort", "due") == ["R-3", "R-2", "R-1"]
    assert column(titled, "list", "--sort", "-due") == ["R-2", "R-3", "R-1"]
    assert column(titled, "list", "--sort", "-due", "--limit", "1") == ["R-2"]
    shown = titled("list", "--columns", "due, record", "--format", "json", "--limit", "2")
    assert json.loads(shown.out) == [
        {"due": None, "record": "R-1"},
        {"due": "2024-08-01", "record": "R-2"},
    ]
    table = titled("list", "--sort", "-due").out.splitlines()
    assert table[0].split()[:2] == ["record", "category"]
    assert "title" not in table[0]


def test_the_record_above_is_a_column_that_is_asked_for(run: Run, demo: Path) -> None:
    """As lists are selected and summed up by it."""
    words = ("list", "--register", demo, "--where", "parent=WMP-C-01")
    ran = run(*words, "--columns", "record,parent", "--format", "csv")
    head, *rows = ran.out.splitlines()
    assert (ran.err, head) == ("", "record,parent")
    assert {row.partition(",")[2] for row in rows} == {"WMP-C-01"}
    assert "parent" not in run(*words, "--format", "csv").out.partition("\n")[0]
    parents = run(
        "list",
        "--register",
        demo,
        "--sort",
        "-parent",
        "--limit",
        "1",
        "--columns",
        "parent",
        "--format",
        "csv",
    ).out.splitlines()
    assert parents[1] == "WMP-SC-TVIP-2"


def test_a_workbook_has_the_days_that_texts_tell(titled: Run) -> None:
    """A spreadsheet counts with days; CSV and JSON say them as they are kept."""
    assert titled("list", "-o", "list.xlsx").code == 0
    head, *rows = CalamineWorkbook.from_path("list.xlsx").get_sheet_by_index(0).to_python()
    days = [row[head.index("due")] for row in rows]
    assert days == ["", date(2024, 8, 1), date(2024, 7, 1)]
    listed = csv.DictReader(StringIO(titled("list", "--format", "csv").out))
    assert [row["due"] for row in listed] == ["", "2024-08-01", "2024-07-01"]
    objects = json.loads(titled("list", "--format", "json").out)
    assert [row["fields"].get("due") for row in objects] == [None, "2024-08-01", "2024-07-01"]


def test_a_column_that_is_none_is_refused(titled: Run) -> None:
    """With the one that was meant."""
    ran = titled("list", "--columns", "record,titel")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "the column 'titel': is unknown; did you mean `title`?\n"
    ran = titled("overdue", "--on", "2024-12-01", "--sort", "titel")
    assert "did you mean `title`?" in ran.err


cells = (
    st.none() | st.integers(-3, 3) | st.dates(date(2020, 1, 1), date(2020, 1, 4)) | st.text("ab")
)
tables = st.lists(st.tuples(cells, st.integers(0, 9)), max_size=6)


@given(rows=tables, downwards=st.booleans(), limit=st.none() | st.integers(0, 7))
def test_sorting_loses_no_row(
    rows: Sequence[tuple[Cell, int]], limit: int | None, *, downwards: bool
) -> None:
    """A sorted table holds the rows it held; totals stay last; the limit counts the others."""
    total = ("Total", sum(number for _, number in rows))
    table = Table("t", "", ("what", "number"), (*rows, total), ("number",), totals=True)
    shown = Arrangement(sort="-what" if downwards else "what").of(table)
    assert sorted(map(str, shown.rows)) == sorted(map(str, table.rows))
    assert shown.rows[-1] == total
    said = [row[0] for row in shown.rows[:-1]]
    unsaid = [cell for cell in said if cell in (None, "")]
    assert said[len(said) - len(unsaid) :] == unsaid
    cut = Arrangement(sort="-what" if downwards else "what", limit=limit).of(table)
    assert cut.rows[:-1] == shown.rows[:-1][:limit]
    assert cut.rows[-1] == total
    again = Arrangement(("number",)).of(table)
    assert (again.columns, again.numbers) == (("number",), ("number",))
    assert again.rows == tuple((row[1],) for row in table.rows)


def test_those_due_before_a_day_are_listed(titled: Run) -> None:
    """What has no day is not due before one."""
    assert column(titled, "list", "--due-before", "2024-08-01") == ["R-3"]
    assert column(titled, "list", "--due-before", "2024-09-01") == ["R-2", "R-3"]
