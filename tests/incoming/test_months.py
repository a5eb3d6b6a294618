"""Item 18: months that begin with a day, at the ends of months."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow.engine.calendar import last_day, latest_start
from peelflow.model.rules import After

DEADLINES = Path(__file__).parents[2] / "docs" / "deadlines.md"
DAYS = st.dates(date(1999, 1, 1), date(2045, 12, 31))
MONTHS = st.integers(1, 60)
ONE = timedelta(1)


def table_of_the_page() -> list[tuple[int, str, date]]:
    """Return the rows of the page's table: months, the days they begin with, and the last day."""
    rows = re.findall(
        r"^\| ([0-9]) months? \| (.*) \| (.*) \|$", DEADLINES.read_text("utf-8"), re.MULTILINE
    )
    read = []
    for months, begins, ends in rows:
        year = re.findall("[0-9]{4}", begins)[-1]
        last = ends if re.search("[0-9]{4}", ends) else f"{ends} {year}"
        read.append((int(months), begins, datetime.strptime(last, "%d %B %Y").date()))  # noqa: DTZ007
    return read


def each_start(begins: str) -> list[date]:
    """Return the days that a cell lists, such as `30 or 31 January 2024, or 1 February`."""
    year = int(re.findall("[0-9]{4}", begins)[-1])
    groups = re.findall("((?:[0-9]{1,2}(?:,| or)? )+)([A-Z][a-z]+)", begins)
    return [
        datetime.strptime(f"{day} {month} {year}", "%d %B %Y").date()  # noqa: DTZ007
        for days, month in groups
        for day in re.findall("[0-9]+", days)
    ]


def end_of(start: date, months: int) -> date:
    """Return the last day of so many months that begin with a day."""
    end = last_day(start, After(months=months, beginning=True), None)
    assert isinstance(end, date)
    return end


def test_item_18_the_page_says_what_is_counted() -> None:
    """Each row of docs/deadlines.md is so."""
    rows = table_of_the_page()
    counted = [
        {end_of(start, months) for start in each_start(begins)} for months, begins, _ in rows
    ]
    assert counted == [{last} for _, _, last in rows]
    assert sum(len(each_start(begins)) for _, begins, _ in rows) == 11


@given(DAYS, MONTHS)
def test_item_18_no_day_of_the_period_is_lost(start: date, months: int) -> None:
    """A period ends before the corresponding day where there is one, else with its month."""
    end = end_of(start, months)
    month = start.year * 12 + start.month - 1 + months
    try:
        assert end == date(month // 12, month % 12 + 1, start.day) - ONE
    except ValueError:
        assert (end.year * 12 + end.month - 1, (end + ONE).day) == (month, 1)


@given(start=DAYS, months=MONTHS, beginning=st.booleans())
def test_item_18_a_later_day_never_ends_sooner(
    start: date, months: int, *, beginning: bool
) -> None:
    """Whoever begins later is never due before whoever began sooner."""
    period = After(months=months, beginning=beginning)
    ends = [last_day(start + ONE * more, period, None) for more in (0, 1)]
    assert isinstance(ends[0], date)
    assert isinstance(ends[1], date)
    assert ends[0] <= ends[1]


@given(DAYS, MONTHS)
def test_item_18_it_ends_at_most_a_day_before_one_that_follows_the_day(
    start: date, months: int
) -> None:
    """So it is never longer, and where the month's end stands for its days, as long."""
    after = last_day(start, After(months=months), None)
    assert isinstance(after, date)
    assert end_of(start, months) == after - ONE * (after.day == start.day)


@pytest.mark.parametrize("on", [date(2023, 2, 28), date(2024, 2, 29), date(2023, 3, 30)])
def test_item_18_a_plan_knows_the_latest_beginning(on: date) -> None:
    """What may begin last to be due by the end of a month begins with the next one's first."""
    period = After(months=1, beginning=True)
    start = latest_start(period, on, None)
    assert start is not None
    assert (end_of(start, 1) <= on, end_of(start + ONE, 1) > on) == (True, True)
