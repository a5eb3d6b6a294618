"""Ask the installed list for the bank holidays by which working days are counted."""

from __future__ import annotations

from functools import lru_cache

from peelflow.errors import MissingDependency
from peelflow.model.rules import Holidays, Lifecycle, Period

_DIVISION = "england-and-wales"


@lru_cache(maxsize=1)
def bank_holidays() -> Holidays:
    """Return the bank holidays of the installed list.

    Raises:
        MissingDependency: No list is installed.
    """
    try:
        from govuk_bank_holidays.bank_holidays import (  # type: ignore[import-untyped]
            BankHolidays,
        )
    except ModuleNotFoundError:
        raise MissingDependency("calendar", "govuk-bank-holidays") from None
    listed = BankHolidays(use_cached_holidays=True).get_holidays(division=_DIVISION)
    days = frozenset(holiday["date"] for holiday in listed)
    return Holidays(days, min(days).year, max(days).year)


def holidays_for(period: Period) -> Holidays | None:
    """Return the bank holidays if the period counts working days.

    Raises:
        MissingDependency: It does, and no list is installed.
    """
    return bank_holidays() if period.working_days is not None else None


def holidays_of(lifecycle: Lifecycle) -> Holidays | None:
    """Return the bank holidays if a lifecycle counts working days; None without a list too."""
    periods = [rule.after for state in lifecycle.states.values() for rule in state.transitions]
    return known_holidays() if any(time and time.working_days for time in periods) else None


def known_holidays() -> Holidays | None:
    """Return the bank holidays of the installed list, None where no list is installed."""
    try:
        return bank_holidays()
    except MissingDependency:
        return None
