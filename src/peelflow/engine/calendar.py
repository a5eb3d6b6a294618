"""Count periods in days, months and working days, and say when a timed transition falls due."""

from __future__ import annotations

from datetime import MAXYEAR, date, datetime, timedelta

from peelflow.model.records import Record
from peelflow.model.requirements import PUBLISHED
from peelflow.model.rules import After, Holidays, Period
from peelflow.results import frozen

_SATURDAY = 5
_MONTHS = 12
_DAY = timedelta(1)


@frozen
class UndeterminedDay:
    """A last day that nobody can tell: why, and the day by which it is known not to come."""

    why: str
    not_by: date


def last_day(start: date, period: Period, holidays: Holidays | None) -> date | UndeterminedDay:
    """Return the last day of a period counted from a day.

    A period that begins with the day ends one day sooner than one that follows it; in months it
    ends the day before that of the same number, or with a month that has no such day.

    Args:
        start: The day it is counted from.
        period: The period, in one unit.
        holidays: The known bank holidays, which only working days ask for.
    """
    try:
        eve = start - _DAY if period.beginning else start
        if period.working_days is not None:
            return _count_working_days(eve, period.working_days, _DAY, holidays)
        if period.months is not None:
            end = months_after(start, period.months)
            return end if end.day < start.day else end - (start - eve)
        return eve + timedelta(period.days or 0)
    except OverflowError:
        return UndeterminedDay(f"is counted from {start}, and lies beyond the calendar", date.max)


def months_after(start: date, months: int) -> date:
    """Return the day of the same number some months later, or that month's last.

    Raises:
        OverflowError: It lies beyond the calendar.
    """
    count = start.year * _MONTHS + start.month - 1 + months
    year, month = count // _MONTHS, count % _MONTHS + 1
    if not 1 <= year <= MAXYEAR:
        raise OverflowError(year)
    return date(year, month, min(start.day, _days_in_month(year, month)))


def latest_start(period: Period, on: date, holidays: Holidays | None) -> date | None:
    """Return the latest day from which a period has come to its last day by `on`.

    None where nobody can tell.
    """
    try:
        if period.working_days is not None:
            first = _count_working_days(on + _DAY, period.working_days, -_DAY, holidays)
            if isinstance(first, UndeterminedDay):
                return None
            return first if period.beginning else first - _DAY
        end = on + _DAY if period.beginning else on
        if period.months is None:
            return end - timedelta(period.days or 0)
        start = months_after(end, -period.months)
        is_last = not period.beginning and (end + _DAY).day == 1
        return start.replace(day=_days_in_month(start.year, start.month)) if is_last else start
    except OverflowError:
        return None


def _days_in_month(year: int, month: int) -> int:
    """Return how many days a month has, without the module `calendar`, which is slow to load."""
    if month == _MONTHS:
        return 31
    return (date(year, month + 1, 1) - date(year, month, 1)).days


def assume_no_more_holidays(holidays: Holidays | None) -> Holidays:
    """Return bank holidays as if every year were known: one not announced is taken for none."""
    return Holidays(holidays.days if holidays else frozenset(), date.min.year, date.max.year)


def _count_working_days(
    start: date, number: int, step: timedelta, holidays: Holidays | None
) -> date | UndeterminedDay:
    """Return the working day that is so many after a day, or before it where `step` goes back."""
    day, remaining = start, number
    while remaining:
        why = _undetermined_because(day + step, holidays)
        if why:
            return UndeterminedDay(why, day + timedelta(remaining - 1))
        day += step
        is_holiday = holidays is not None and day in holidays.days
        remaining -= day.weekday() < _SATURDAY and not is_holiday
    return day


def _undetermined_because(day: date, holidays: Holidays | None) -> str:
    """Say what is missing to tell whether a day is a working day, nothing where it can be told."""
    if holidays is None:
        return "counts working days, and no list of bank holidays is installed"
    if holidays.first_year <= day.year <= holidays.last_year:
        return ""
    return (
        f"counts working days up to {day}, and bank holidays are known "
        f"from {holidays.first_year} to {holidays.last_year}"
    )


NO_PUBLICATION = "no date of publication is set"


def due_day(
    after: After, record: Record, holidays: Holidays | None
) -> date | UndeterminedDay | None:
    """Return when a timed transition out of the record's state falls due, None if it does not."""
    start = period_start(after, record, record.state)
    return last_day(start, after, holidays) if start else None


def period_start(after: After, record: Record, state: str) -> date | None:
    """Return from when a timed transition out of `state` counts, None if nothing says."""
    return publication_day(record) if after.since == PUBLISHED else record.entered[state].on


def publication_day(record: Record) -> date | None:
    """Return the date in the field `published`, None where none is set."""
    day = record.fields.get(PUBLISHED)
    try:
        return date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        return None


def day_in_london(moment: datetime) -> date:
    """Return the day that it is in London at a moment in a time zone.

    Args:
        moment: The moment.
    """
    from zoneinfo import ZoneInfo  # looks for the zones of the system; a list asks for no day

    return moment.astimezone(ZoneInfo("Europe/London")).date()
