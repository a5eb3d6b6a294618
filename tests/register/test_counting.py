"""Fields that count from another day: what cannot be counted is refused."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import InvalidRequest, MissingDependency
from peelflow.model.rules import Category, Counted, FieldRule
from peelflow.register.holidays import bank_holidays
from peelflow.register.register import Register
from peelflow.register.validation import checked_fields
from peelflow.rulebook.national import load
from tests.builders.force import START, clock
from tests.builders.rules import CASE_LEAD

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
    with pytest.raises(InvalidRequest, match="bank holidays are known from 2012 to 2"):
        checked_fields(CASE, {"heard": heard}, record="C-1")


def test_a_day_that_is_given_is_not_counted() -> None:
    """So a year without announced holidays is no hindrance."""
    given = {"heard": date(2040, 1, 1), "due": date(2040, 1, 20)}
    assert checked_fields(CASE, given, record="C-1")["due"] == "2040-01-20"


def test_months_beyond_the_calendar_are_refused() -> None:
    """With the field they are counted from."""
    with pytest.raises(InvalidRequest, match="`late`: is counted from 9990-01-01, and lies beyond"):
        checked_fields(CASE, {"heard": date(9990, 1, 1), "due": date(9990, 1, 9)}, record="C-1")


def test_without_the_extra_nothing_but_working_days_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And it says what to install."""
    bank_holidays.cache_clear()
    monkeypatch.setitem(sys.modules, "govuk_bank_holidays.bank_holidays", None)
    with pytest.raises(MissingDependency, match=r"pip install 'peelflow\[calendar\]'"):
        checked_fields(CASE, {"heard": date(2023, 1, 2)}, record="C-1")
    due = {"due": date(2023, 2, 1)}
    found = checked_fields(CASE, {"heard": date(2023, 1, 2), **due}, record="C-1")
    assert found["late"] == "2073-01-02"


def test_a_day_that_somebody_set_stays_when_what_it_counts_from_moves(tmp_path: Path) -> None:
    """Even to a year whose bank holidays nobody knows; one that is counted is refused there."""
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "case.yaml").write_text(LIFECYCLE, "utf-8")
    rules = load(tmp_path / "rules.yaml", tmp_path / "case.yaml")
    said: dict[str, Any] = {"actor": CASE_LEAD, "on": date(2023, 1, 3), "reason": "moved"}
    with Register.open("memory:", rulebook=rules, clock=clock) as register:
        for record, due in (("SET", {"due": date(2023, 2, 1)}), ("COUNTED", {})):
            fields = {"heard": date(2023, 1, 2), **due}
            register.add(
                record, category="case", force="f", issued=START, fields=fields, actor=CASE_LEAD
            )
        register.amend("SET", "heard", date(2040, 1, 1), **said)
        register.amend("SET", "heard", date(2023, 1, 4), **said)
        assert register.record("SET").fields["due"] == "2023-02-01"
        register.amend("COUNTED", "heard", date(2023, 1, 4), **said)
        assert register.record("COUNTED").fields["due"] == "2023-01-18"
        with pytest.raises(InvalidRequest, match="bank holidays are known"):
            register.amend("COUNTED", "heard", date(2040, 1, 1), **said)
        assert register.record("COUNTED").fields["heard"] == "2023-01-04"
