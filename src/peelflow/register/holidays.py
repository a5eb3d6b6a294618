"""Bank holidays in England and Wales, as GOV.UK lists them: an installed list, never online."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from peelflow.errors import MissingExtra
from peelflow.model.periods import Holidays, Period
from peelflow.model.rules import Lifecycle

_DIVISION = "england-and-wales"


@lru_cache(maxsize=1)
def bank_holidays() -> Holidays:
    """Return the bank holidays of the installed list.

    Raises:
        MissingExtra: No list is installed.
    """
    try:
        library = import_module("govuk_bank_holidays.bank_holidays")
    except ModuleNotFoundError:
        raise MissingExtra("calendar", "govuk-bank-holidays") from None
    listed = library.BankHolidays(use_cached_holidays=True).get_holidays(division=_DIVISION)
    days = frozenset(each["date"] for each in listed)
    return Holidays(days, min(days).year, max(days).year)


def holidays_for(period: Period) -> Holidays | None:
    """Return the bank holidays if the period counts working days.

    Raises:
        MissingExtra: It does, and no list is installed.
    """
    return bank_holidays() if period.working_days is not None else None


def holidays_of(lifecycle: Lifecycle) -> Holidays | None:
    """Return the bank holidays if a lifecycle counts working days; None without a list too."""
    times = [way.after for state in lifecycle.states.values() for way in state.transitions]
    return known_holidays() if any(each and each.working_days for each in times) else None


def known_holidays() -> Holidays | None:
    """Return the bank holidays of the installed list, None where no list is installed."""
    try:
        return bank_holidays()
    except MissingExtra:
        return None
