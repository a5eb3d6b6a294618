"""Read a day as people write one in a spreadsheet: a date, a serial number or a text.

A text in digits alone is read in the order that the map names, one that begins with its year or
names its month is read as it stands. Nothing is tried in another order where that one fails.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from peelflow.model.trackers import DateOrder
from peelflow.texts import is_unseen
from peelflow.trackers.grid import CellValue, plain_text

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_TIME = r"(?:[T ]\s*[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[,.]?\s+)?"
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}}){_TIME}")
_DIGITS = re.compile(
    rf"{_WEEKDAY}([0-9]{{1,2}})\s?[-/. ]\s?([0-9]{{1,2}})\s?[-/. ]\s?([0-9]{{4}}|[0-9]{{2}})"
    rf"{_TIME}",
    re.IGNORECASE,
)
_DAY_MONTH = re.compile(
    rf"{_WEEKDAY}([0-9]{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?[-/.\s]+([a-z]{{3,9}})[-/.,\s]+"
    rf"([0-9]{{4}}|[0-9]{{2}}){_TIME}",
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    rf"{_WEEKDAY}([a-z]{{3,9}})\.?\s+([0-9]{{1,2}})(?:st|nd|rd|th)?,?\s+([0-9]{{4}}){_TIME}",
    re.IGNORECASE,
)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
_SERIAL = re.compile("[0-9]{5}")
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
"""Serial numbers from 1954 to 2119: others are no days of a tracker."""
_EPOCH, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
_FIRST_YEAR_OF_TWO_DIGITS = 70


def day_of(value: CellValue, order: DateOrder, *, since_1904: bool = False) -> date | None:
    """Return the day that a cell says, None where it says none.

    Args:
        value: What the cell holds.
        order: In which order a day's digits stand.
        since_1904: Whether serial numbers count from 1904.
    """
    match value:
        case datetime():
            return value.date()
        case date():
            return value
        case bool() | None | time() | timedelta():
            return None
        case float():
            return _day_of_serial(value, since_1904=since_1904)
        case _:
            text = _as_typed(value)
            if _SERIAL.fullmatch(text):
                return _day_of_serial(int(text), since_1904=since_1904)
            return _day_of_text(text, order)


def _as_typed(text: str) -> str:
    """Return a text without marks that show nothing, its dashes as hyphens: 05\N{EN DASH}01."""
    return "".join(
        "-" if mark in _DASHES else mark
        for mark in plain_text(text)
        if mark.isspace() or not is_unseen(mark)
    )


def _day_of_serial(number: float, *, since_1904: bool) -> date | None:
    if not _FIRST_SERIAL <= number <= _LAST_SERIAL:
        return None
    return (_EPOCH_1904 if since_1904 else _EPOCH) + timedelta(days=int(number))


def _day_of_text(text: str, order: DateOrder) -> date | None:
    if found := _YEAR_FIRST.fullmatch(text):
        return _calendar_day(*found.groups())
    if found := _DIGITS.fullmatch(text):
        first, second, year = found.groups()
        day, month = (first, second) if order == "day-month-year" else (second, first)
        return _calendar_day(year, month, day)
    if found := _DAY_MONTH.fullmatch(text):
        day, name, year = found.groups()
        return _calendar_day(year, _month_number(name), day)
    if found := _MONTH_DAY.fullmatch(text):
        name, day, year = found.groups()
        return _calendar_day(year, _month_number(name), day)
    return None


def _month_number(name: str) -> str:
    """Return the number of a month by its name, or by at least three of its first letters."""
    start = name.lower()
    numbers = (n for n, month in enumerate(_MONTHS, start=1) if month.startswith(start))
    return str(next(numbers, 0))


def _calendar_day(year: str, month: str, day: str) -> date | None:
    number = int(year)
    if len(year) == len("23"):
        number += 2000 if number < _FIRST_YEAR_OF_TWO_DIGITS else 1900
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


def is_like_a_day(text: str) -> bool:
    """Return whether a text is written as a day is, be it one of the calendar or not.

    Args:
        text: What a cell says.
    """
    forms, typed = (_YEAR_FIRST, _DIGITS, _MONTH_DAY, _DAY_MONTH, _SERIAL), _as_typed(text)
    return any(form.fullmatch(typed) for form in forms)


def fits_order(text: str, order: DateOrder) -> bool | None:
    """Return whether a day in digits alone is one in this order; None where it is no such text.

    Args:
        text: What a cell says.
        order: In which order its digits stand.
    """
    typed = _as_typed(text)
    if not _DIGITS.fullmatch(typed):
        return None
    return _day_of_text(typed, order) is not None


def days_in(value: CellValue, order: DateOrder) -> tuple[date, ...]:
    """Return the days that stand within a cell, such as that of "Updated 28/02/2023".

    Args:
        value: What the cell holds.
        order: In which order a day's digits stand.
    """
    if not isinstance(value, str):
        day = day_of(value, order) if isinstance(value, date) else None
        return () if day is None else (day,)
    found: dict[date, None] = {}
    typed = _as_typed(value)
    for form in (_YEAR_FIRST, _DIGITS, _DAY_MONTH, _MONTH_DAY):
        for match in re.finditer(rf"(?<!\w){form.pattern}(?!\w)", typed, re.IGNORECASE):
            day = _day_of_text(match[0].strip(), order)
            if day is not None:
                found[day] = None
    return tuple(found)
