"""Periods: days, months and working days, after a day or beginning with it."""

from __future__ import annotations

import sys
from calendar import monthrange
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from peelflow.errors import MissingExtra, RequestRefused
from peelflow.model.rules import Category, Counted, FieldRule
from peelflow.register.counting import last_day, months_after
from peelflow.register.fields import checked_fields
from peelflow.register.front import Register
from peelflow.register.holidays import bank_holidays
from peelflow.rulebook.load import load
from tests.clocked import LEAD
from tests.world import START, clock

DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
KNOWN = st.dates(date(2012, 3, 1), date(2027, 10, 1))


def working(start: date, number: int, *, beginning: bool = False) -> date:
    """Return the last of so many working days."""
    return last_day(start, Counted("published", working_days=number, beginning=beginning))


@given(DAYS, st.integers(1, 2000))
@example(date(2022, 12, 16), 56)
@example(date(2024, 1, 5), 56)
def test_a_period_that_begins_with_its_day_counts_it(start: date, number: int) -> None:
    """It ends a day sooner than one that follows the day, over leap years too."""
    after = last_day(start, Counted("published", number))
    assert after == start + timedelta(number)
    assert last_day(start, Counted("published", number, beginning=True)) == after - timedelta(1)


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
    assert last_day(start, Counted("published", months=months, beginning=beginning)) == expected


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


@given(KNOWN, st.integers(1, 40))
def test_working_days_are_counted_one_by_one(start: date, number: int) -> None:
    """So many lie after the day, and the last is one of them."""
    end = working(start, number)
    between = [start + timedelta(each) for each in range(1, (end - start).days + 1)]
    counted = [d for d in between if d.weekday() < 5 and d not in bank_holidays().days]
    assert (len(counted), counted[-1]) == (number, end)


@given(KNOWN, st.integers(1, 40))
def test_a_working_day_is_the_first_of_a_period_that_begins_with_it(
    start: date, number: int
) -> None:
    """One that is none does not count, so the period is the same."""
    is_working = start.weekday() < 5 and start not in bank_holidays().days
    assume(number > 1 or not is_working)
    sooner = number - 1 if is_working else number
    assert working(start, number, beginning=True) == working(start, sooner)


RULES = """
vocabulary: own
categories:
  case:
    title: Case
    fields:
      heard: {type: date, title: Heard}
      due: {type: date, title: Due, counts_from: {field: heard, working_days: 10}}
    figures: [{title: Case, order: 300, level: none, ledger: force}]
"""
LIFECYCLE = """
lifecycle: case
version: 1
in_force_from: 2020-01-01
title: A case
applies_to: {category: case, level: none}
initial: open
states:
  open: {counts_as: {force: open}, transitions: {end: {to: ended, by: [lead]}}}
  ended: {counts_as: {force: closed}, final: true}
"""
CASE = Category(
    "Case",
    fields={
        "heard": FieldRule("date", "Heard"),
        "due": FieldRule("date", "Due", counts_from=Counted("heard", working_days=10)),
        "late": FieldRule("date", "Late", counts_from=Counted("heard", months=600)),
    },
)


@pytest.mark.parametrize("heard", [date(2011, 6, 1), date(2028, 12, 20), date(2040, 1, 1)])
def test_years_whose_holidays_are_not_announced_are_refused(heard: date) -> None:
    """Rather than guessed; the day itself can be given."""
    with pytest.raises(RequestRefused, match="bank holidays are known from 2012 to 2"):
        checked_fields(CASE, {"heard": heard}, record="C-1")


def test_a_day_that_is_given_is_not_counted() -> None:
    """So a year without announced holidays is no hindrance."""
    given = {"heard": date(2040, 1, 1), "due": date(2040, 1, 20)}
    assert checked_fields(CASE, given, record="C-1")["due"] == "2040-01-20"


def test_months_beyond_the_calendar_are_refused() -> None:
    """With the field they are counted from."""
    with pytest.raises(RequestRefused, match="`late`: is counted from 9990-01-01, and lies beyond"):
        checked_fields(CASE, {"heard": date(9990, 1, 1), "due": date(9990, 1, 9)}, record="C-1")


def test_without_the_extra_nothing_but_working_days_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And it says what to install."""
    bank_holidays.cache_clear()
    monkeypatch.setitem(sys.modules, "govuk_bank_holidays.bank_holidays", None)
    with pytest.raises(MissingExtra, match=r"pip install 'peelflow\[calendar\]'"):
        working(date(2023, 1, 2), 1)
    assert last_day(date(2023, 1, 2), Counted("published", months=1)) == date(2023, 2, 2)


def test_a_day_that_somebody_set_stays_when_what_it_counts_from_moves(tmp_path: Path) -> None:
    """Even to a year whose bank holidays nobody knows; one that is counted is refused there."""
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "case.yaml").write_text(LIFECYCLE, "utf-8")
    rules = load(tmp_path / "rules.yaml", tmp_path / "case.yaml")
    said: dict[str, Any] = {"actor": LEAD, "on": date(2023, 1, 3), "reason": "moved"}
    with Register.open("memory:", rulebook=rules, clock=clock) as register:
        for record, due in (("SET", {"due": date(2023, 2, 1)}), ("COUNTED", {})):
            fields = {"heard": date(2023, 1, 2), **due}
            register.add(
                record, category="case", force="f", issued=START, fields=fields, actor=LEAD
            )
        register.amend("SET", "heard", date(2040, 1, 1), **said)
        register.amend("SET", "heard", date(2023, 1, 4), **said)
        assert register.record("SET").fields["due"] == "2023-02-01"
        register.amend("COUNTED", "heard", date(2023, 1, 4), **said)
        assert register.record("COUNTED").fields["due"] == "2023-01-18"
        with pytest.raises(RequestRefused, match="bank holidays are known"):
            register.amend("COUNTED", "heard", date(2040, 1, 1), **said)
        assert register.record("COUNTED").fields["heard"] == "2023-01-04"
