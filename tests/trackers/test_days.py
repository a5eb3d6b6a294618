"""Days as people write them: never in another order than the one that was named."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.trackers.days import day_of, days_in, fits_order, is_like_a_day
from peelflow.trackers.grid import text_of

DAYS = st.dates(date(1970, 1, 1), date(2069, 12, 31))
FORMS = (
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%d/%m/%y",
    "%d %m %Y",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y-%m-%dT%H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d %B %Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%B %d, %Y",
    "%a %d %b %Y",
    "%A, %d %B %Y",
)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=30)
@given(day=DAYS)
def test_a_day_is_read_in_every_form_that_is_in_use(form: str, day: date) -> None:
    """Digits in the order day, month, year; a year first, or a month by its name, as it stands."""
    text = datetime.combine(day, time()).strftime(form)

    assert day_of(text, "day-month-year") == day
    assert is_like_a_day(text)


@given(day=DAYS)
def test_the_other_order_is_read_only_where_it_is_named(day: date) -> None:
    """A day that is none in the named order is no day; the other order is never tried."""
    text = day.strftime("%m/%d/%Y")

    assert day_of(text, "month-day-year") == day
    assert fits_order(text, "month-day-year") is True
    if day.day > 12:
        assert day_of(text, "day-month-year") is None
        assert fits_order(text, "day-month-year") is False


@pytest.mark.parametrize(
    "text",
    [
        *("1st March 2023", "3rd of June 2023", "2 Sept 2023", "Sep 2 2023", "2nd/Mar/23"),
        *("\u200e05/\u200e01/\u200e2023", "05\u201301\u20132023", "5\u00a0May\u00a02023\u200f"),
    ],
)
def test_ordinals_and_short_months_are_read(text: str) -> None:
    """As people type them."""
    assert day_of(text, "day-month-year") is not None


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (44953.0, date(2023, 1, 27)),
        ("44953", date(2023, 1, 27)),
        (44953.75, date(2023, 1, 27)),
        (date(2023, 1, 27), date(2023, 1, 27)),
        (datetime(2023, 1, 27, 9, 30, tzinfo=UTC), date(2023, 1, 27)),
        (3.0, None),
        (90_000.0, None),
        (True, None),
        (None, None),
        (time(9), None),
        (timedelta(days=3), None),
        ("TBC", None),
        ("within 3 months", None),
        ("31/02/2023", None),
        ("3 Maybe 2023", None),
        ("7.2", None),
    ],
)
def test_dates_and_serial_numbers_are_days_and_other_values_are_not(
    value: Any, day: date | None
) -> None:
    """Excel keeps a day as a number; one that is too small or large is none of a tracker's."""
    assert day_of(value, "day-month-year") == day


def test_serial_numbers_count_from_1904_where_the_workbook_says_so() -> None:
    """Workbooks that were made on an old Mac do."""
    assert day_of(43491.0, "day-month-year", since_1904=True) == date(2023, 1, 27)


@pytest.mark.parametrize("text", ["31/02/2023", "45/13/2023", "2023-02-31", "31 February 2023"])
def test_what_is_written_as_a_day_is_like_one(text: str) -> None:
    """So a slip is no deadline in words."""
    assert is_like_a_day(text)
    assert not is_like_a_day(f"by {text}")


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ("Updated 28/02/2023", [date(2023, 2, 28)]),
        ("as at 3 March 2023, for the board of 2023-03-30", [date(2023, 3, 30), date(2023, 3, 3)]),
        ("PEEL 2021/22 Assessment", []),
        (datetime(2023, 2, 28, 9, tzinfo=UTC), [date(2023, 2, 28)]),
        (7.0, []),
        (None, []),
    ],
)
def test_days_within_a_banner_are_found(value: Any, days: list[date]) -> None:
    """Whatever stands around them."""
    assert list(days_in(value, "day-month-year")) == days


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.0, "7"),
        (7.2, "7.2"),
        (True, "TRUE"),
        (None, ""),
        (" a\N{NO-BREAK SPACE}b ", "a b"),
        (date(2023, 1, 27), "2023-01-27"),
        (datetime(2023, 1, 27, tzinfo=UTC), "2023-01-27"),
        (datetime(2023, 1, 27, 9, 30, tzinfo=UTC), "2023-01-27 09:30:00"),
        (time(9, 30), "09:30:00"),
    ],
)
def test_a_value_is_said_as_somebody_would_type_it(value: Any, text: str) -> None:
    """A whole number without a point, a day without a time of nothing."""
    assert text_of(value) == text
