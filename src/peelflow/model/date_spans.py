"""A day as it is known: a month, a quarter or a year, where nobody knows the day itself.

Such a date is kept as it was given. It lies somewhere between its first and its last day, and is
never made a day: what is asked of it is answered where every day of it gives the same answer.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from peelflow.model.rules import FieldRule
from peelflow.results import frozen

_YEAR, _QUARTER, _MONTH, _DAY = (
    re.compile(pattern)
    for pattern in (
        "([1-9][0-9]{3})",
        "Q([1-4]) ([1-9][0-9]{3})",
        "([1-9][0-9]{3})-(0[1-9]|1[0-2])",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    )
)


@frozen
class DateSpan:
    """The days that a date may be, as known: one of them, if the day itself is known.

    Attributes:
        text: The date as it was given.
        first: The first day that it may be.
        last: The last one.
    """

    text: str
    first: date
    last: date

    @property
    def is_day(self) -> bool:
        """Whether the day itself is known."""
        return self.first == self.last

    def is_before(self, day: date) -> bool | None:
        """Say whether it lies before a day; None where that hangs on which day it is.

        Args:
            day: The day.
        """
        if self.last < day:
            return True
        return False if self.first >= day else None


def span_of_day(day: date) -> DateSpan:
    """Return a day that is known as the days that it may be.

    Args:
        day: The day.
    """
    return DateSpan(day.isoformat(), day, day)


def read_span(text: str) -> DateSpan | None:
    """Return the days that a text such as 2023-03-30, 2023-03, Q3 2024 or 2024 may mean.

    Args:
        text: The text; None is returned for any other.
    """
    if _DAY.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return span_of_day(day)
    if year := _YEAR.fullmatch(text):
        return _months(text, int(year[1]), 1, 12)
    if quarter := _QUARTER.fullmatch(text):
        last = 3 * int(quarter[1])
        return _months(text, int(quarter[2]), last - 2, last)
    if month := _MONTH.fullmatch(text):
        return _months(text, int(month[1]), int(month[2]), int(month[2]))
    return None


def is_as_known(text: str) -> bool:
    """Say whether a text is a date of which the day is not known.

    Args:
        text: The text.
    """
    span = read_span(text)
    return span is not None and not span.is_day


def is_date_of(rule: FieldRule, text: str) -> bool:
    """Say whether a text is a date that a field takes: a day, or what is known of one.

    Args:
        rule: The field's rule.
        text: The text.
    """
    span = read_span(text)
    return span is not None and (span.is_day or rule.as_known)


def say_date_forms(rule: FieldRule) -> str:
    """Say how a date is written in a field.

    Args:
        rule: The field's rule.
    """
    part = "; where the day is not known, as 2023-03, Q3 2024 or 2024" if rule.as_known else ""
    return f"write it as 2023-03-30{part}"


def _months(text: str, year: int, first: int, last: int) -> DateSpan:
    """Return the days from the first of one month to the last of another of the same year."""
    ends = date(year, 12, 31) if last == 12 else date(year, last + 1, 1) - timedelta(1)  # noqa: PLR2004 - the months of a year
    return DateSpan(text, date(year, first, 1), ends)
