"""Tick, for steps that are timed in months and working days, and for days that begin a period."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.engine.calendar import last_day
from peelflow.model.decisions import DayNeed, FieldNeed
from peelflow.model.records import TransitionTaken
from peelflow.model.rules import After
from peelflow.register.holidays import bank_holidays
from peelflow.register.register import Register
from peelflow.register.timers import TickResult
from peelflow.rulebook.national import load
from peelflow.testing.strategies import times
from tests.builders.force import clock
from tests.builders.rules import CASE_LEAD, CASE_VOCABULARY, add_case

CASE = """
lifecycle: case
version: 1
in_force_from: 2000-01-01
title: A case that time closes
applies_to: {{category: case, level: none}}
initial: waiting
states:
  waiting:
    counts_as: {{force: open}}
    transitions:
      lapse: {{to: lapsed, by: [system], after: {{{time}}}}}
      remind: {{to: waiting, by: [lead]}}
  lapsed: {{counts_as: {{force: closed}}, final: true}}
"""
ENTERED = date(2022, 12, 23)


def timed(
    folder: Path, time: str, *, now: Callable[[], datetime] = clock, case: str = CASE
) -> Register:
    """Open a register under rules with a timed step."""
    (folder / "vocabulary.yaml").write_text(CASE_VOCABULARY, "utf-8")
    (folder / "case.yaml").write_text(case.format(time=time), "utf-8")
    rules = load(folder / "vocabulary.yaml", folder / "case.yaml")
    return Register.open("memory:", rulebook=rules, clock=now)


def in_2041() -> datetime:
    """Return a moment long after the last announced bank holiday."""
    return datetime(2041, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def no_calendar(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the list of bank holidays away."""
    bank_holidays.cache_clear()
    monkeypatch.setitem(sys.modules, "govuk_bank_holidays.bank_holidays", None)
    yield
    bank_holidays.cache_clear()


def written(after: After) -> str:
    """Return a time as a rule file has it."""
    keys = {"days": after.days, "months": after.months, "working_days": after.working_days}
    said = [f"{key}: {number}" for key, number in keys.items() if number]
    return ", ".join([*said, f"since: {after.since}", f"beginning: {str(after.beginning).lower()}"])


@given(times(), st.dates(date(2016, 1, 1), date(2019, 12, 31)))
@settings(max_examples=30, deadline=None)
def test_a_step_fires_on_the_last_day_of_its_period_and_not_before(
    after: After, start: date
) -> None:
    """In every unit, of both days and both beginnings, over leap years and bank holidays."""
    due = last_day(start, after, bank_holidays())
    assert isinstance(due, date)
    with TemporaryDirectory() as folder, timed(Path(folder), written(after)) as register:
        add_case(register, "C-1", start, published=start)
        eve = due - timedelta(1)
        assert register.tick(on=eve) == TickResult(eve)
        (event,) = register.tick(on=due).fired
    assert isinstance(event.what, TransitionTaken)
    assert (event.on, event.what.due) == (due, due)


@pytest.mark.parametrize(
    ("time", "due"),
    [
        ("working_days: 3", date(2022, 12, 30)),
        ("working_days: 3, beginning: true", date(2022, 12, 29)),
        ("months: 2", date(2023, 2, 23)),
        ("days: 56, beginning: true", date(2023, 2, 16)),
    ],
)
def test_a_refusal_says_on_which_day_it_falls_due(tmp_path: Path, time: str, due: date) -> None:
    """Whoever asks too early learns when."""
    with timed(tmp_path, time) as register:
        add_case(register, "C-1", ENTERED)
        refusal = register.why("C-1", "lapse", actor=CASE_LEAD, on=due - timedelta(1))
        assert refusal is not None
        (reason,) = [each for each in refusal.reasons if each.kind == "not yet"]
        assert reason.sentence == f"it falls due on {due}"
        assert reason.asks == (((DayNeed(due)),),)


def test_what_nobody_can_count_is_left_and_nothing_is_written(tmp_path: Path) -> None:
    """Beyond the years whose bank holidays are announced, from the first day it could be due."""
    with timed(tmp_path, "working_days: 20", now=in_2041) as register:
        add_case(register, "C-1", date(2041, 1, 1))
        add_case(register, "C-2", date(2040, 1, 1))
        eve = date(2041, 1, 20)
        assert [left.record for left in register.tick(on=eve).pending] == ["C-2"]
        done = register.tick(on=eve + timedelta(2))
        assert [(left.record, left.due) for left in done.pending] == [("C-1", None), ("C-2", None)]
        assert "counts working days up to 2041-01-02, and bank holidays are" in done.pending[0].why
        assert done.fired == ()
        assert len(register.history("C-1")) == len(register.history("C-2")) == 1


def test_a_day_that_is_not_announced_yet_is_no_hindrance_before_it_comes(tmp_path: Path) -> None:
    """In December, a period that ends next year is just not over."""
    last = bank_holidays().last_year
    with timed(tmp_path, "working_days: 20", now=in_2041) as register:
        add_case(register, "C-1", date(last, 12, 20))
        day = date(last, 12, 31)
        assert register.tick(on=day) == TickResult(day)
        refusal = register.why("C-1", "lapse", actor=CASE_LEAD, on=day)
        assert refusal is not None
        assert f"it does not fall due by {day}" in str(refusal)


@pytest.mark.usefixtures("no_calendar")
def test_without_the_extra_a_step_in_working_days_is_left_and_says_so(tmp_path: Path) -> None:
    """The others are taken, and nothing breaks."""
    with timed(tmp_path, "working_days: 3") as register:
        add_case(register, "C-1", ENTERED)
        early, day = ENTERED + timedelta(2), ENTERED + timedelta(3)
        assert register.tick(on=early) == TickResult(early)
        refusal = register.why("C-1", "lapse", actor=CASE_LEAD, on=early)
        assert f"it does not fall due by {early}" in str(refusal)
        (left,) = register.tick(on=day).pending
        assert (left.record, left.trigger, left.due) == ("C-1", "lapse", None)
        assert "counts working days, and no list of bank holidays is installed" in left.why
        refusal = register.why("C-1", "lapse", actor=CASE_LEAD, on=day)
        assert refusal is not None
        assert [each.asks for each in refusal.reasons if each.kind == "not yet"] == [()]
        found = register.route("C-1", to="lapsed", on=ENTERED)
        assert found.verdict == "undetermined"
        assert found.steps[0].earliest == date(2022, 12, 28)
        why = "counts working days, and no list of bank holidays is installed"
        assert found.steps[0].undetermined == (f"the day of `lapse`, which {why}",)


@pytest.mark.usefixtures("no_calendar")
@pytest.mark.parametrize(
    ("zoom", "ache", "taken"),
    [
        ("days: 10", "days: 20", "zoom"),
        ("days: 20", "days: 10", "ache"),
        ("days: 10", "days: 10", "ache"),
        ("days: 20", "working_days: 3", "zoom"),
    ],
)
def test_of_two_steps_that_are_due_the_sooner_is_taken(
    tmp_path: Path, zoom: str, ache: str, taken: str
) -> None:
    """By name where they fell due on one day; what nobody can count comes last."""
    more = (
        "".join(
            f"      {name}: {{to: lapsed, by: [system], after: {{{time}}}}}\n"
            for name, time in (("zoom", zoom), ("ache", ache))
        )
        .replace("{", "{{")
        .replace("}", "}}")
    )
    case = CASE.replace("      remind:", f"{more}      remind:")
    with timed(tmp_path, "days: 300", case=case) as register:
        add_case(register, "C-1", ENTERED)
        (event,) = register.tick(on=ENTERED + timedelta(30)).fired
    assert isinstance(event.what, TransitionTaken)
    assert event.what.trigger == taken


@pytest.mark.usefixtures("no_calendar")
def test_without_the_extra_months_are_counted_as_ever(tmp_path: Path) -> None:
    """Only working days ask for it."""
    with timed(tmp_path, "months: 1") as register:
        add_case(register, "C-1", ENTERED)
        assert len(register.tick(on=date(2023, 1, 23)).fired) == 1


def test_a_way_waits_for_the_working_day(tmp_path: Path) -> None:
    """Christmas lies between."""
    with timed(tmp_path, "working_days: 3") as register:
        add_case(register, "C-1", ENTERED)
        step = register.route("C-1", to="lapsed", on=ENTERED).steps[0]
        assert (step.earliest, step.undetermined) == (date(2022, 12, 30), ())


@pytest.mark.parametrize(
    ("time", "latest"),
    [
        ("days: 28, beginning: true", date(2023, 1, 4)),
        ("months: 1", date(2022, 12, 31)),
        ("working_days: 5", date(2023, 1, 24)),
    ],
)
def test_a_publication_that_is_missing_is_asked_for_with_its_latest_day(
    tmp_path: Path, time: str, latest: date
) -> None:
    """From which the step is due on the day asked about."""
    with timed(tmp_path, f"{time}, since: published") as register:
        add_case(register, "C-1", ENTERED)
        refusal = register.why("C-1", "lapse", actor=CASE_LEAD, on=date(2023, 1, 31))
        assert refusal is not None
        (reason,) = [each for each in refusal.reasons if each.kind == "not yet"]
        assert reason.asks == ((FieldNeed("published", latest),),)


def test_a_day_beyond_the_calendar_never_comes(tmp_path: Path) -> None:
    """A publication in the last year there is makes no tick fail."""
    with timed(tmp_path, "days: 400, since: published") as register:
        add_case(register, "C-1", ENTERED, published=date(9999, 6, 1))
        assert register.tick(on=date(2023, 1, 1)) == TickResult(date(2023, 1, 1))
        assert register.route("C-1", to="lapsed", on=ENTERED).verdict == "impossible"
