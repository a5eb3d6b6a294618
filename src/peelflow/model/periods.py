"""Periods that rules count: in which unit, over which bank holidays, and how they are said."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from attrs import frozen

from peelflow.model.requirements import PUBLISHED
from peelflow.model.rules import After


class Period(Protocol):
    """So many days, months or working days, after a day or beginning with it."""

    @property
    def days(self) -> int | None:
        """Calendar days."""

    @property
    def months(self) -> int | None:
        """Months."""

    @property
    def working_days(self) -> int | None:
        """Days that are no Saturday, Sunday or bank holiday."""

    @property
    def beginning(self) -> bool:
        """Whether the period begins with the day it counts from."""


@frozen
class Holidays:
    """The bank holidays that are announced, and the years whose every one is."""

    days: frozenset[date]
    first_year: int
    last_year: int


def units_of(period: Period) -> dict[str, int]:
    """Return the units a period is counted in, each with its number; a sound one has one."""
    units = {
        "days": period.days,
        "months": period.months,
        "working_days": period.working_days,
    }
    return {name: number for name, number in units.items() if number is not None}


def say_period(period: Period) -> str:
    """Say a period in words: 28 days, 1 month, 20 working days."""
    return " and ".join(
        f"{number} {name.replace('_', ' ') if number != 1 else name.replace('_', ' ')[:-1]}"
        for name, number in units_of(period).items()
    )


def say_within(due: After) -> str:
    """Say by when a record is to leave a state."""
    begun = "the date in the field `published`" if due.since == PUBLISHED else "the day of entry"
    return f"within {say_period(due)} {'beginning with' if due.beginning else 'of'} {begun}"


def say_due(after: After, entered: str) -> str:
    """Say when a timed step falls due.

    Args:
        after: Its time.
        entered: What is entered, such as "this state".
    """
    by_date = after.since == PUBLISHED
    if after.beginning:
        begun = "the date in the field `published`" if by_date else f"the day {entered} was entered"
        return f"the last of {say_period(after)} beginning with {begun} has come"
    begun = "the date in the field `published`" if by_date else f"{entered} was entered"
    has = "has" if 1 in units_of(after).values() else "have"
    return f"{say_period(after)} {has} passed since {begun}"
