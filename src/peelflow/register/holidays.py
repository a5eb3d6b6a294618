"""Bank holidays in England and Wales, as GOV.UK lists them: an installed list, never online."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from importlib import import_module

from attrs import frozen

from peelflow.errors import MissingExtra

_DIVISION = "england-and-wales"


@frozen
class Holidays:
    """The bank holidays that are announced, and the years whose every one is."""

    days: frozenset[date]
    first_year: int
    last_year: int


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
