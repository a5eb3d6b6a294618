"""Periods: days, months and working days, after a day or beginning with it."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from peelflow.engine.calendar import (
    UndeterminedDay,
    assume_no_more_holidays,
    last_day,
    latest_start,
    months_after,
)
from peelflow.model.rules import After, Counted, Holidays
from peelflow.proof.normal_form import day_bounds
from peelflow.register.holidays import bank_holidays
from peelflow.testing.strategies import times

DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
NONE = Holidays(frozenset(), 1999, 2033)
KNOWN = st.dates(date(2012, 3, 1), date(2027, 10, 1))


def counted(start: date, period: Counted) -> date:
    """Return the last day of a period, as the installed list has its bank holidays."""
    found = last_day(start, period, bank_holidays() if period.working_days else None)
    assert isinstance(found, date)
    return found


def working(start: date, number: int, *, beginning: bool = False) -> date:
    """Return the last of so many working days."""
    return counted(start, Counted("published", working_days=number, beginning=beginning))


@given(DAYS, st.integers(1, 2000))
@example(date(2022, 12, 16), 56)
@example(date(2024, 1, 5), 56)
def test_a_period_that_begins_with_its_day_counts_it(start: date, number: int) -> None:
    """It ends a day sooner than one that follows the day, over leap years too."""
    after = counted(start, Counted("published", number))
    assert after == start + timedelta(number)
    assert counted(start, Counted("published", number, beginning=True)) == after - timedelta(1)


@given(DAYS, st.integers(1, 60))
@example(date(2022, 11, 30), 3)
@example(date(2023, 11, 30), 3)
@example(date(2024, 1, 31), 1)
def test_months_end_on_the_day_of_the_same_number_or_the_months_last(
    start: date, months: int
) -> None:
    """Whatever lies between, so many months have passed."""
    found = months_after(start, months)
    assert (found.year - start.year) * 12 + found.month - start.month == months
    assert found.day == min(start.day, monthrange(found.year, found.month)[1])


@pytest.mark.parametrize(("start", "months", "year"), [(date.max, 1, 10000), (date.min, -1, 0)])
def test_a_month_beyond_the_calendar_is_refused_by_its_year(
    start: date, months: int, year: int
) -> None:
    """The calendar's own first and last months are still told."""
    with pytest.raises(OverflowError, match=f"^{year}$"):
        months_after(start, months)
    assert months_after(months_after(start, -months), months).replace(day=start.day) == start


@pytest.mark.parametrize(
    ("start", "months", "beginning", "expected"),
    [
        (date(2022, 12, 16), 3, False, date(2023, 3, 16)),
        (date(2022, 12, 16), 3, True, date(2023, 3, 15)),
        (date(2022, 11, 30), 3, False, date(2023, 2, 28)),
        (date(2023, 11, 30), 3, False, date(2024, 2, 29)),
        (date(2023, 12, 31), 6, False, date(2024, 6, 30)),
    ],
)
def test_three_months_of_published(
    start: date,
    months: int,
    *,
    beginning: bool,
    expected: date,
) -> None:
    """The month's end stands for days it does not have."""
    assert counted(start, Counted("published", months=months, beginning=beginning)) == expected


@pytest.mark.parametrize(
    ("start", "number", "expected"),
    [
        (
            date(2022, 12, 23),
            1,
            date(2022, 12, 28),
        ),  # Christmas Day was a Sunday, moved to the 27th
        (date(2023, 5, 5), 1, date(2023, 5, 9)),  # the bank holiday of the Coronation
        (date(2022, 9, 16), 1, date(2022, 9, 20)),  # the Queen's funeral
        (date(2023, 4, 6), 1, date(2023, 4, 11)),  # Good Friday and Easter Monday
        (date(2023, 6, 5), 20, date(2023, 7, 3)),
    ],
)
def test_bank_holidays_are_no_working_days(start: date, number: int, expected: date) -> None:
    """Those of one year alone too."""
    assert working(start, number) == expected


@settings(deadline=None)
@given(KNOWN, st.integers(1, 40))
def test_working_days_are_counted_one_by_one(start: date, number: int) -> None:
    """So many lie after the day, and the last is one of them."""
    end = working(start, number)
    between = [start + timedelta(each) for each in range(1, (end - start).days + 1)]
    found = [d for d in between if d.weekday() < 5 and d not in bank_holidays().days]
    assert (len(found), found[-1]) == (number, end)


@settings(deadline=None)
@given(KNOWN, st.integers(1, 40))
def test_a_working_day_is_the_first_of_a_period_that_begins_with_it(
    start: date, number: int
) -> None:
    """One that is none does not count, so the period is the same."""
    is_working = start.weekday() < 5 and start not in bank_holidays().days
    assume(number > 1 or not is_working)
    sooner = number - 1 if is_working else number
    assert working(start, number, beginning=True) == working(start, sooner)


@st.composite
def bank_holiday_lists(draw: st.DrawFn) -> Holidays:
    """Draw bank holidays of the years 1999 to 2033."""
    days = draw(st.frozensets(st.dates(date(2003, 12, 1), date(2004, 4, 1)), max_size=40))
    return Holidays(days, 1999, 2033)


@given(st.dates(date(2003, 12, 1), date(2004, 3, 1)), times(), bank_holiday_lists())
def test_what_is_counted_is_what_counting_each_day_gives(
    start: date, period: After, known: Holidays
) -> None:
    """Over the end of a year, a leap day, and whatever bank holidays there are."""
    assert last_day(start, period, known) == day_by_day(start, period, known)


def day_by_day(start: date, period: After, known: Holidays) -> date:
    """Return a period's last day, found by walking on a day at a time."""
    one, day = timedelta(1), start
    if period.months is not None:
        month = start.year * 12 + start.month + period.months
        while day.year * 12 + day.month < month or (
            day.day < start.day and (day + one).month == day.month
        ):
            day += one
        return day - one * (period.beginning and day.day == start.day)
    day -= one * period.beginning
    left = period.days or period.working_days or 0
    while left:
        day += one
        left -= period.days is not None or (day.weekday() < 5 and day not in known.days)
    return day


@given(times(), st.dates(date(2003, 12, 1), date(2004, 4, 1)), bank_holiday_lists())
@example(After(months=1), date(2004, 2, 29), NONE)
@example(After(months=1, beginning=True), date(2004, 2, 28), NONE)
def test_the_latest_start_comes_in_time_and_the_day_after_it_too_late(
    period: After, on: date, known: Holidays
) -> None:
    """So it is the last day on which something may begin that is to be due by a day."""
    found = latest_start(period, on, known)
    assert found is not None
    ends = [last_day(found + timedelta(more), period, known) for more in (0, 1)]
    assert isinstance(ends[0], date)
    assert isinstance(ends[1], date)
    assert ends[0] <= on < ends[1]


@settings(deadline=None, max_examples=40)
@given(times())
def test_a_period_comes_to_as_many_days_as_proofs_reckon_with(period: After) -> None:
    """The fewest and the most over four years, a leap year among them, without bank holidays."""
    years = Holidays(frozenset(), 1990, 2040)
    starts = [date(2001, 1, 1) + timedelta(each) for each in range(1461)]
    ends = [(start, last_day(start, period, years)) for start in starts]
    days = [(end - start).days for start, end in ends if isinstance(end, date)]
    assert day_bounds(period) == (min(days), max(days))


@pytest.mark.parametrize(
    ("start", "not_by"),
    [
        (date(2033, 12, 20), date(2034, 1, 1)),
        (date(1998, 6, 1), date(1998, 6, 10)),
        (date(2033, 12, 30), date(2034, 1, 9)),
    ],
)
def test_where_holidays_are_not_known_it_is_known_until_when_it_has_not_come(
    start: date, not_by: date
) -> None:
    """As each working day still to come is a day at least."""
    period = After(working_days=10)
    found = last_day(start, period, Holidays(frozenset(), 1999, 2033))
    assert isinstance(found, UndeterminedDay)
    assert found.not_by == not_by
    assert "bank holidays are known from 1999 to 2033" in found.why
    assert latest_start(period, date(2034, 1, 9), Holidays(frozenset(), 1999, 2033)) is None


def test_as_far_as_known_keeps_the_holidays_that_are_announced() -> None:
    """And takes the days of all other years for working days, where no list is installed too."""
    christmas = Holidays(frozenset({date(2023, 12, 25)}), 2023, 2023)
    period = After(working_days=1)
    for known, start, expected in (
        (christmas, date(2023, 12, 22), date(2023, 12, 26)),
        (christmas, date(2024, 12, 24), date(2024, 12, 25)),
        (None, date(2023, 12, 22), date(2023, 12, 25)),
    ):
        assert last_day(start, period, assume_no_more_holidays(known)) == expected


def test_without_a_list_no_working_day_is_counted() -> None:
    """And it says what is missing."""
    found = last_day(date(2023, 1, 2), After(working_days=3), None)
    assert isinstance(found, UndeterminedDay)
    assert found.why == "counts working days, and no list of bank holidays is installed"
    assert found.not_by == date(2023, 1, 4)


@pytest.mark.parametrize(
    ("start", "period"),
    [
        (date(9999, 12, 1), After(days=31)),
        (date(9999, 12, 1), After(months=1)),
        (date(9999, 12, 31), After(working_days=1)),
        (date.min, After(working_days=1, beginning=True)),
    ],
)
def test_what_lies_beyond_the_calendar_never_comes(start: date, period: After) -> None:
    """And nothing can begin early enough to be due before the calendar begins."""
    found = last_day(start, period, Holidays(frozenset(), 1, 9999))
    assert found == UndeterminedDay(
        f"is counted from {start}, and lies beyond the calendar", date.max
    )
    never = latest_start(period, date.min, Holidays(frozenset(), 1, 9999))
    assert never is None or period.beginning
