"""Count a period from a day: in days, months or working days."""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, date, timedelta

from peelflow.model.rules import Counted
from peelflow.register.holidays import Holidays, bank_holidays

_SATURDAY = 5
_MONTHS = 12


class BeyondHolidays(Exception):
    """A count of working days comes to a year whose bank holidays are not announced."""

    def __init__(self, day: date, known: Holidays) -> None:
        super().__init__(
            f"counts working days up to {day}, and bank holidays are known "
            f"from {known.first_year} to {known.last_year}"
        )


def last_day(start: date, counted: Counted) -> date:
    """Return the last day of a period counted from a day.

    A period that begins with the day ends one day sooner than one that follows it.

    Raises:
        OverflowError: It lies beyond the calendar.
        BeyondHolidays: It comes to a year whose bank holidays are not known.
        MissingExtra: Working days are counted, and no list of bank holidays is installed.
    """
    before = start - timedelta(1) if counted.beginning else start
    if counted.working_days is not None:
        return _working_days(before, counted.working_days)
    if counted.months is not None:
        return months_after(start, counted.months) - (start - before)
    return before + timedelta(counted.days or 0)


def months_after(start: date, months: int) -> date:
    """Return the day of the same number some months later, or that month's last.

    Raises:
        OverflowError: It lies beyond the calendar.
    """
    count = start.year * _MONTHS + start.month - 1 + months
    year, month = count // _MONTHS, count % _MONTHS + 1
    if year > MAXYEAR:
        raise OverflowError(year)
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def _working_days(before: date, number: int) -> date:
    known = bank_holidays()
    day = before
    while number:
        day += timedelta(1)
        if not known.first_year <= day.year <= known.last_year:
            raise BeyondHolidays(day, known)
        number -= day.weekday() < _SATURDAY and day not in known.days
    return day
