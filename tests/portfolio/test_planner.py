"""Plan: which open records a coming inspection could verify, and which need a letter first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from peelflow.portfolio.plan import inspection_plan
from tests.builders.force import HMICFRS, KIND, LIAISON, World

LEVEL_3, LEVEL_4 = KIND["level-3"], KIND["level-4"]


def coming(world: World, **fields: Any) -> str:
    """Schedule an inspection of question 7 in thirty days."""
    day = world.day + timedelta(30)
    return world.add(
        KIND["inspection"],
        fields={
            "first_day": day,
            "last_day": day,
            "questions": ["7"],
            "title": "Custody",
            **fields,
        },
    )


def certified(world: World, **fields: Any) -> str:
    """Return a level 3 record that waits for its verification."""
    record = world.add(LEVEL_3, fields=fields)
    world.step(record, "start")
    world.step(record, "self_certify")
    return record


def test_a_self_certified_record_is_ready_for_a_planned_inspection(world: World) -> None:
    """With who self-certified, who typed it, and when."""
    record = certified(world, question="7.2")
    inspection = coming(world)
    (planned,) = inspection_plan(world.register, world.day)
    assert (planned.inspection.id, planned.title, planned.first) == (inspection, "Custody", ())
    (ready,) = planned.ready
    assert (ready.row.record, ready.trigger, ready.question) == (record, "verify", "7.2")
    assert ready.waiting is not None
    assert (ready.waiting.actor.role, ready.waiting.on) == ("chief_constable", world.day)


def test_what_is_still_open_needs_its_letter_first(world: World) -> None:
    """The fewest steps to where it would wait, and the documents that they ask for."""
    world.add(LEVEL_3)
    coming(world)
    (planned,) = inspection_plan(world.register, world.day)
    (first,) = planned.first
    assert (first.steps, first.evidence) == (("start", "self_certify"), ("letter",))
    assert (first.waiting, planned.ready) == (None, ())


@pytest.mark.parametrize(
    "fields",
    [{"question": "8"}, {"question": "70"}, {"question_set": "peel_twelve"}],
)
def test_a_question_that_is_not_covered_is_not_verified(
    world: World, fields: dict[str, str]
) -> None:
    """Nor one of another question set."""
    world.add(LEVEL_3, fields=fields)
    coming(world, question_set="peel_nine")
    (planned,) = inspection_plan(world.register, world.day)
    assert (planned.ready, planned.first) == ((), ())


def test_a_record_without_a_question_has_no_relevant_inspection(world: World) -> None:
    """It is in no list."""
    record = world.add(LEVEL_3)
    said: Any = {"actor": HMICFRS, "recorded_by": "lo", "source": "letter", "reason": "unclear"}
    world.register.amend(record, "question", None, on=world.day, **said)
    coming(world)
    (planned,) = inspection_plan(world.register, world.day)
    assert (planned.ready, planned.first) == ((), ())


def test_a_planned_inspection_verifies_no_level_4_record_and_a_bespoke_one_no_level_3(
    world: World,
) -> None:
    """Each level asks for its own kind."""
    three, four = certified(world), world.add(LEVEL_4)
    coming(world, kind="planned", title="A")
    coming(world, kind="bespoke", title="B")
    found = {
        each.title: {one.row.record for one in (*each.ready, *each.first)}
        for each in inspection_plan(world.register, world.day)
    }
    assert found == {"A": {three}, "B": {four}}


def test_a_level_2_record_waits_for_no_inspection(world: World) -> None:
    """The force closes it."""
    world.add(KIND["level-2"])
    coming(world)
    (planned,) = inspection_plan(world.register, world.day)
    assert (planned.ready, planned.first) == ((), ())


def test_inspections_come_by_their_first_day_and_those_past_are_left_out(world: World) -> None:
    """One that ends today can still verify."""
    later = coming(world, last_day=world.day + timedelta(40))
    sooner = coming(world, first_day=world.day, last_day=world.day, title="Soon")
    assert [each.inspection.id for each in inspection_plan(world.register, world.day)] == [
        sooner,
        later,
    ]
    tomorrow = world.day + timedelta(1)
    assert [each.inspection.id for each in inspection_plan(world.register, tomorrow)] == [later]


def test_what_is_called_off_or_has_no_days_is_no_inspection_to_plan_with(world: World) -> None:
    """Nor one that is not notified yet on that day."""
    off = coming(world)
    said: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "letter"}
    world.register.fire(off, "cancel", actor=HMICFRS, on=world.day, reason="withdrawn", **said)
    assert inspection_plan(world.register, world.day) == ()
    before = world.day
    world.later(2)
    coming(world)
    assert inspection_plan(world.register, before) == ()


def test_an_inspection_without_a_title_has_none(world: World) -> None:
    """It is planned with all the same."""
    world.register.add(
        "INS",
        category="inspection",
        force="west-midlands",
        issued=world.day,
        fields={"kind": "planned", "first_day": world.day, "last_day": world.day},
        actor=LIAISON,
    )
    assert [each.title for each in inspection_plan(world.register, world.day)] == [None]


def test_another_forces_inspection_verifies_nothing_here(world: World) -> None:
    """However well its questions fit."""
    certified(world)
    world.register.add(
        "KENT",
        category="inspection",
        force="kent",
        issued=world.day,
        fields={
            "kind": "planned",
            "first_day": world.day,
            "last_day": world.day,
            "questions": ["7"],
        },
        actor=LIAISON,
    )
    (planned,) = inspection_plan(world.register, world.day)
    assert (planned.ready, planned.first) == ((), ())


def test_every_ready_record_can_be_verified_at_its_inspection(world: World) -> None:
    """The engine allows what the plan says."""
    record = certified(world)
    coming(world)
    (planned,) = inspection_plan(world.register, world.day)
    world.day = planned.inspection.first_day
    trigger = planned.ready[0].trigger
    world.fire(record, trigger, "hmicfrs", inspection=planned.inspection.id)
    assert world.register.record(record).state == "closed"
