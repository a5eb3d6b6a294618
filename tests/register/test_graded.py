"""Issue 13, line 3: the day that a level was given chooses the rules, not the day of issue."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import InvalidRequest
from peelflow.model.records import Actor, Added, TakenOver
from peelflow.register.register import Register
from peelflow.rulebook.national import load
from peelflow.rulebook.rulebook import Rulebook
from tests.builders.force import FORCE, HMICFRS, clock, new_world

WORDS = """\
vocabulary: town
roles:
  clerk: {side: force, title: Clerk}
  hmicfrs: {side: inspectorate, title: HMICFRS}
  system: {side: system, title: peelflow}
categories:
  task: {title: Task}
"""
RULES = """\
lifecycle: task
version: {version}
in_force_from: {first}
title: Written in a test
applies_to: {{category: task, level: {level}}}
initial: open
states:
  open: {{counts_as: {{portal: open}}, transitions: {{close: {{to: closed, by: [clerk]}}}}}}
  closed: {{counts_as: {{portal: closed}}, final: true}}
"""
ISSUED, GRADED, TAKEN = date(2018, 5, 1), date(2022, 3, 1), date(2024, 6, 3)
CLERK: dict[str, Any] = {"category": "task", "force": FORCE, "issued": ISSUED}
TOLD: dict[str, Any] = {"source": "old sheet", "reason": "before peelflow", "state": "open"}


@pytest.fixture
def town(tmp_path: Path) -> Rulebook:
    """Give rules at level 3, in force from 2020, from 2022 and from 2024."""
    (tmp_path / "words.yaml").write_text(WORDS, "utf-8")
    for version, first in enumerate(("2020-01-01", "2022-01-01", "2024-01-01"), start=1):
        text = RULES.format(version=version, first=first, level=3)
        (tmp_path / f"{version}.yaml").write_text(text, "utf-8")
    return load(tmp_path, base=Rulebook())


@pytest.fixture
def register(town: Rulebook) -> Register:
    """Give a register under them."""
    return Register.open("memory:", rulebook=town, clock=clock)


def clerk() -> Actor:
    """Return somebody of this town."""
    return Actor("kim", "clerk")


def test_item_3_a_record_issued_in_2018_and_graded_in_2022_is_taken_over_under_the_rules_of_2022(
    register: Register,
) -> None:
    """Whenever it was issued, and whenever it is taken over."""
    event = register.take_over(
        "T-1", **CLERK, level=3, graded=GRADED, on=TAKEN, actor=clerk(), **TOLD
    )
    assert isinstance(event.what, TakenOver)
    assert event.what.graded == GRADED
    record = register.record("T-1")
    assert (str(record.lifecycle), record.issued) == ("task@2", ISSUED)
    assert register.verify() == ()


def test_item_3_without_that_day_it_is_the_one_on_which_it_is_taken_over(
    register: Register,
) -> None:
    """Not the day of issue, on which there were no levels."""
    register.take_over("T-1", **CLERK, level=3, on=TAKEN, actor=clerk(), **TOLD)
    assert str(register.record("T-1").lifecycle) == "task@3"


def test_item_3_what_is_added_goes_by_its_day_of_issue_unless_told(register: Register) -> None:
    """A level that was given later chooses the rules of later."""
    with pytest.raises(InvalidRequest, match="rules are in force only from 2020-01-01"):
        register.add("T-1", **CLERK, level=3, actor=clerk())
    event = register.add("T-1", **CLERK, level=3, graded=GRADED, actor=clerk())
    assert isinstance(event.what, Added)
    assert (event.on, event.what.graded) == (ISSUED, GRADED)
    assert str(register.record("T-1").lifecycle) == "task@2"


def test_item_3_a_beginning_that_is_re_dated_keeps_the_day_of_its_level(register: Register) -> None:
    """The rules are those of that day still; without it they are those of the new beginning."""
    later = {**CLERK, "issued": date(2022, 2, 1)}
    said: dict[str, Any] = {
        "correction": "redate",
        "on": TAKEN,
        "reason": "typed",
        "actor": clerk(),
    }
    register.add("T-1", **later, level=3, graded=GRADED, actor=clerk())
    register.correct("T-1", 1, to=date(2021, 2, 1), **said)
    assert register.record("T-1").issued == date(2021, 2, 1)
    register.add("T-2", **later, level=3, actor=clerk())
    with pytest.raises(InvalidRequest, match="would begin under task@1"):
        register.correct("T-2", 1, to=date(2021, 2, 1), **said)


@pytest.mark.parametrize(
    ("level", "graded", "why"),
    [
        (None, GRADED, "is given, and no level"),
        (3, date(2018, 4, 30), "does not lie between 2018-05-01"),
        (3, date(2024, 6, 4), "and 2024-06-03"),
        (3, "2022", "is no date"),
    ],
)
def test_item_3_a_day_on_which_no_level_was_given_is_refused(
    register: Register, level: Any, graded: Any, why: str
) -> None:
    """Without a level, before the issue, or later than the record is taken over."""
    with pytest.raises(InvalidRequest, match=why):
        register.take_over(
            "T-1", **CLERK, level=level, graded=graded, on=TAKEN, actor=clerk(), **TOLD
        )


def test_item_3_a_repeat_is_told_apart_by_the_day_of_its_level(register: Register) -> None:
    """S7: another day is another request."""
    said: dict[str, Any] = {**CLERK, "level": 3, "actor": clerk(), "key": "k"}
    first = register.add("T-1", **said, graded=GRADED)
    assert register.add("T-1", **said, graded=GRADED) == first
    with pytest.raises(InvalidRequest, match="key"):
        register.add("T-1", **said, graded=date(2024, 1, 2))


def test_item_3_a_national_record_of_2018_is_taken_over_at_its_level() -> None:
    """No first day of the levels is made up, so none stands in the way."""
    world = new_world()
    world.register.take_over(
        "R-1",
        **{**CLERK, "category": "recommendation"},
        level=3,
        graded=GRADED,
        on=TAKEN,
        recorded_by="kim",
        actor=HMICFRS,
        **{**TOLD, "state": "in_progress"},
    )
    record = world.register.record("R-1")
    assert (record.level, str(record.lifecycle)) == (3, "level-3@2")
