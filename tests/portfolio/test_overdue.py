"""Overdue and ages: what is late, by how much, why, and what has no day at all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from peelflow.errors import InvalidRequest, UnknownRecord
from peelflow.model.records import Added
from peelflow.portfolio.listing import ages
from peelflow.portfolio.overdue import overdue
from peelflow.register.deadlines import Deadline, DeadlineChange, deadline_of
from tests.builders.force import KIND, LIAISON, START, World, new_world

LEVEL_3, RESPONSE = KIND["level-3"], KIND["section-55"]
DUE = date(2021, 3, 31)


def slip(world: World, record: str, due: date | None, reason: str) -> None:
    """Set another due date, a day later."""
    day = world.later()
    world.register.amend(record, "due", due, actor=LIAISON, on=day, reason=reason)


def test_a_deadline_tells_its_first_day_every_later_one_and_why(world: World) -> None:
    """With who decided and who typed it."""
    record = world.add(LEVEL_3, fields={"due": DUE})
    slip(world, record, date(2021, 6, 30), "no staff")
    slip(world, record, None, "withdrawn")
    typed = (LIAISON, LIAISON.person)
    assert world.register.deadline(record) == Deadline(
        original=DUE,
        changes=(
            DeadlineChange(date(2021, 6, 30), START + timedelta(1), "no staff", *typed),
            DeadlineChange(None, START + timedelta(2), "withdrawn", *typed),
        ),
        current=None,
        origin="none",
        words=None,
    )


def test_a_day_that_the_force_sets_later_is_the_original_one(world: World) -> None:
    """Where the report set none; its words are kept beside it."""
    record = world.add(LEVEL_3, fields={"due_words": "within three months"})
    world.step(record, "start")
    assert world.register.deadline(record).original is None
    world.register.amend(
        record, "owner", "lead-2", actor=LIAISON, on=world.later(), reason="moved on"
    )
    slip(world, record, DUE, "the force sets one")
    found = world.register.deadline(record)
    assert (found.original, found.changes, found.origin) == (DUE, (), "field")
    assert found.words == "within three months"


def test_a_day_that_a_rule_counts_says_so_until_somebody_sets_another(world: World) -> None:
    """The comments under section 55 are counted from publication."""
    record = world.add(RESPONSE)
    assert world.register.deadline(record).origin == "rule"
    slip(world, record, DUE, "agreed with HMICFRS")
    assert world.register.deadline(record).origin == "field"


@pytest.mark.parametrize(("record", "why"), [(3, "is 3, which is no text"), (" ", "is empty")])
def test_a_deadline_is_asked_for_by_a_record_s_id(world: World, record: Any, why: str) -> None:
    """What can be none is refused before anything is read."""
    with pytest.raises(InvalidRequest, match=f"^the record's id: {why}"):
        world.register.deadline(record)


def test_words_of_a_deadline_that_are_a_list_are_none(world: World) -> None:
    """A force's vocabulary may keep another thing under that name."""
    record = world.add(KIND["level-3"])
    first, *later = world.register.history(record)
    assert isinstance(first.what, Added)
    listed = evolve(first, what=evolve(first.what, fields={"due_words": ("soon", "now")}))
    assert deadline_of([listed, *later], {}).words is None


def test_a_record_that_nobody_knows_has_no_deadline(world: World) -> None:
    """Its id is told."""
    with pytest.raises(UnknownRecord, match="NOBODY"):
        world.register.deadline("NOBODY")


def test_the_last_day_itself_is_not_overdue(world: World) -> None:
    """The day after is, by one day."""
    record = world.add(LEVEL_3, fields={"due": DUE})
    assert overdue(world.register, DUE).records == ()
    (late,) = overdue(world.register, DUE + timedelta(1)).records
    assert (late.row.record, late.row.owner, late.days_over) == (record, "lead", 1)


@given(st.integers(-400, 400))
def test_days_over_are_the_days_since_the_last_day(days: int) -> None:
    """Over leap years too, and never at or before the day."""
    world = new_world()
    world.add(LEVEL_3, fields={"due": date(2024, 2, 29)})
    late = overdue(world.register, date(2024, 2, 29) + timedelta(days)).records
    assert [each.days_over for each in late] == ([days] if days > 0 else [])


def test_the_longest_overdue_comes_first_and_what_has_no_day_stands_apart(world: World) -> None:
    """Nothing is guessed for it."""
    short = world.add(LEVEL_3, fields={"due": DUE})
    bare = world.add(LEVEL_3)
    long = world.add(LEVEL_3, fields={"due": DUE - timedelta(9)})
    found = overdue(world.register, DUE + timedelta(1))
    assert [each.row.record for each in found.records] == [long, short]
    assert [each.row.record for each in found.undated] == [bare]


def test_what_has_closed_is_overdue_no_more_but_was_before(world: World) -> None:
    """A day gone by is looked at as it was."""
    record = world.add(KIND["level-2"], fields={"due": START})
    world.step(record, "start")
    before = world.day
    world.step(record, "close")
    assert [each.row.record for each in overdue(world.register, before).records] == [record]
    assert overdue(world.register, world.day).records == ()


def test_only_what_is_listed_has_its_history_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once: each reading is a question of its own to a database elsewhere."""
    late, bare = world.add(LEVEL_3, fields={"due": DUE}), world.add(LEVEL_3)
    world.add(LEVEL_3, fields={"due": date(2099, 1, 1)})
    spy = Mock(wraps=world.register.store.histories)
    monkeypatch.setattr(world.register.store, "histories", spy)
    overdue(world.register, DUE + timedelta(9))
    asked = [sorted(each.args[0]) for each in spy.call_args_list]
    assert [each for each in asked if each] == [sorted([late, bare])]


def test_what_is_not_there_yet_is_not_overdue(world: World) -> None:
    """On the day before it was issued."""
    world.later(30)
    world.add(LEVEL_3, fields={"due": START})
    assert overdue(world.register, world.day - timedelta(1)).records == ()


def test_a_slip_counts_from_the_day_it_was_decided(world: World) -> None:
    """Before that the old day held."""
    record = world.add(LEVEL_3, fields={"due": START + timedelta(1)})
    world.later(9)
    slip(world, record, date(2022, 1, 1), "no staff")
    (late,) = overdue(world.register, world.day - timedelta(1)).records
    assert late.deadline.current == START + timedelta(1)
    assert overdue(world.register, world.day).records == ()


def test_only_the_forces_own_are_listed_if_so_asked(world: World) -> None:
    """Another force's list is empty here."""
    world.add(LEVEL_3, fields={"due": DUE})
    world.add(LEVEL_3, force="kent")
    assert overdue(world.register, date(2022, 1, 1), force="kent").records == ()


def test_the_oldest_open_record_comes_first(world: World) -> None:
    """Days since publication; unknown ones at the end, without a guess."""
    bare = world.add(LEVEL_3)
    young = world.add(LEVEL_3, fields={"published": START})
    old = world.add(LEVEL_3, fields={"published": date(2020, 1, 1)})
    found = ages(world.register, START)
    assert [each.row.record for each in found] == [old, young, bare]
    assert [each.days for each in found] == [(START - date(2020, 1, 1)).days, 0, None]


def test_an_age_below_zero_is_of_what_is_published_later(world: World) -> None:
    """As an accelerated cause of concern is."""
    world.add(KIND["cause-of-concern"], fields={"published": START + timedelta(30)})
    assert [each.days for each in ages(world.register, START)] == [-30]


def test_the_origin_of_a_category_that_is_gone_is_its_field(world: World) -> None:
    """A history can be read without the rules that declared its fields."""
    record = world.add(RESPONSE)
    assert deadline_of(world.register.history(record), {}).origin == "field"
