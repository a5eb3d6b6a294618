"""By when a state is to be left: told by the deadline, listed once it has passed, and no rule."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.engine.calendar import last_day
from peelflow.errors import UnknownRecord
from peelflow.model.rules import After
from peelflow.portfolio.overdue import overdue
from peelflow.register.deadlines import StateDeadline
from peelflow.register.holidays import bank_holidays
from peelflow.register.register import Register
from peelflow.rulebook.national import load
from peelflow.rulebook.rulebook import Rulebook
from peelflow.testing.strategies import times
from tests.builders.force import clock
from tests.builders.rules import CASE_LEAD, CASE_VOCABULARY, add_case
from tests.register.test_tick_units import written

CASE = """
lifecycle: case
version: 1
in_force_from: 2000-01-01
title: A case that is to move on
applies_to: {{category: case, level: none}}
initial: open
states:
  open:
    counts_as: {{force: open}}
    due: {{{due}}}
    transitions:
      start: {{to: work, by: [lead]}}
  work:
    counts_as: {{force: open}}
    due: {{months: 2, since: published}}
    transitions:
      back: {{to: open, by: [lead]}}
      finish: {{to: done, by: [lead]}}
  done: {{counts_as: {{force: closed}}, final: true}}
"""
WORDS = CASE_VOCABULARY.replace("children:", "  due: {type: date, title: Due}\n    children:")
ENTERED = date(2022, 12, 23)
FIVE = date(2023, 1, 4)  # Christmas, its substitute, New Year's and theirs lie between


def ruled(folder: Path, due: str = "working_days: 5") -> Rulebook:
    """Return rules whose states are to be left by a day."""
    (folder / "vocabulary.yaml").write_text(WORDS, "utf-8")
    (folder / "case.yaml").write_text(CASE.format(due=due), "utf-8")
    return load(folder / "vocabulary.yaml", folder / "case.yaml")


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    """Give an empty register under such rules."""
    with Register.open("memory:", rulebook=ruled(tmp_path), clock=clock) as made:
        yield made


def told(register: Register, on: date) -> list[tuple[str, str, date | None, int]]:
    """Return what is overdue on a day: the record, which day, that day, and how long ago."""
    found = overdue(register, on).records
    return [(each.row.record, each.what, each.due, each.days_over) for each in found]


@given(times(), st.dates(date(2016, 1, 1), date(2019, 12, 31)))
@settings(max_examples=30, deadline=None)
def test_a_state_is_to_be_left_by_the_last_day_of_its_period(after: After, start: date) -> None:
    """In every unit, of both days and both beginnings; the day after, the record is overdue."""
    day = last_day(start, after, bank_holidays())
    assert isinstance(day, date)
    with TemporaryDirectory() as folder:
        rules = ruled(Path(folder), written(after))
        with Register.open("memory:", rulebook=rules, clock=clock) as register:
            add_case(register, "C-1", start, published=start)
            assert register.deadline("C-1").state == StateDeadline("open", day)
            assert told(register, day) == []
            late = day + timedelta(1)
            assert told(register, late) == [("C-1", "state", day, 1)]


def test_a_state_counts_from_its_own_entering(register: Register) -> None:
    """Whoever comes back has the time anew, and at the end there is none."""
    add_case(register, "C-1", ENTERED, published=ENTERED)
    assert register.deadline("C-1").state == StateDeadline("open", FIVE)
    register.fire("C-1", "start", actor=CASE_LEAD, on=FIVE)
    assert register.deadline("C-1").state == StateDeadline("work", date(2023, 2, 23))
    register.fire("C-1", "back", actor=CASE_LEAD, on=date(2023, 2, 1))
    assert register.deadline("C-1").state == StateDeadline("open", date(2023, 2, 8))
    register.fire("C-1", "start", actor=CASE_LEAD, on=date(2023, 2, 1))
    register.fire("C-1", "finish", actor=CASE_LEAD, on=date(2023, 2, 1))
    assert register.deadline("C-1").state is None


def test_what_may_be_done_does_not_hang_on_it(register: Register) -> None:
    """A record leaves its state as well after the day, and time takes nothing."""
    add_case(register, "C-1", ENTERED)
    late = FIVE + timedelta(90)
    assert register.tick(on=late).fired == ()
    register.fire("C-1", "start", actor=CASE_LEAD, on=late)
    assert register.record("C-1").state == "work"


def test_a_record_past_both_days_is_listed_with_each(register: Register) -> None:
    """The longest first; the rest of a row is the same."""
    add_case(register, "C-1", ENTERED, due=date(2022, 12, 30))
    on = date(2023, 1, 10)
    assert told(register, on) == [
        ("C-1", "record", date(2022, 12, 30), 11),
        ("C-1", "state", FIVE, 6),
    ]
    own, state = overdue(register, on).records
    assert evolve(state, what="record", days_over=11) == own


def test_a_record_past_one_of_its_days_is_listed_with_that_alone(register: Register) -> None:
    """The other day is still to come."""
    day = date(2022, 12, 30)
    add_case(register, "C-1", ENTERED, due=day)
    assert told(register, day + timedelta(1)) == [("C-1", "record", day, 1)]


def test_a_day_gone_by_is_looked_at_as_the_record_then_stood(register: Register) -> None:
    """So a state that was left since is overdue there still."""
    add_case(register, "C-1", ENTERED, published=ENTERED)
    register.fire("C-1", "start", actor=CASE_LEAD, on=date(2023, 1, 20))
    assert told(register, date(2023, 1, 19)) == [("C-1", "state", FIVE, 15)]
    assert told(register, date(2023, 1, 20)) == []


def test_what_has_a_day_to_leave_its_state_is_not_without_a_day(register: Register) -> None:
    """What has none at all stands apart, with why."""
    add_case(register, "C-1", ENTERED)
    assert overdue(register, ENTERED).undated == ()
    register.fire("C-1", "start", actor=CASE_LEAD, on=ENTERED)
    (bare,) = overdue(register, ENTERED).undated
    missing = StateDeadline("work", None, "no date of publication is set")
    assert (bare.what, bare.deadline.state) == ("state", missing)


def test_without_the_extra_the_day_is_told_to_be_missing(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the deadline and by the list; the record's own day is told all the same."""
    add_case(register, "C-1", ENTERED, due=ENTERED)
    bank_holidays.cache_clear()
    monkeypatch.setitem(sys.modules, "govuk_bank_holidays.bank_holidays", None)
    why = "it counts working days, and no list of bank holidays is installed"
    assert register.deadline("C-1").state == StateDeadline("open", None, why)
    found = overdue(register, FIVE)
    assert [each.what for each in found.records] == ["record"]
    assert [each.what for each in found.undated] == ["state"]


def test_rules_that_are_loaded_no_more_say_no_day(tmp_path: Path) -> None:
    """A store keeps what may be done, and a day to leave a state by is none of it."""
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    with Register.open(url, rulebook=ruled(tmp_path), clock=clock) as register:
        add_case(register, "C-1", ENTERED)
    with Register.open(url, clock=clock) as register:
        assert register.deadline("C-1").state is None


def test_a_day_may_be_set_or_changed_under_the_same_version(tmp_path: Path) -> None:
    """The pin stays, so the records that are there have the new day too."""
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    with Register.open(url, rulebook=ruled(tmp_path), clock=clock) as register:
        add_case(register, "C-1", ENTERED)
    with Register.open(url, rulebook=ruled(tmp_path, "days: 3"), clock=clock) as register:
        assert register.deadline("C-1").state == StateDeadline("open", date(2022, 12, 26))


def test_a_record_that_nobody_knows_has_no_state_to_leave(register: Register) -> None:
    """Its id is told."""
    with pytest.raises(UnknownRecord, match="NOBODY"):
        register.deadline("NOBODY")
