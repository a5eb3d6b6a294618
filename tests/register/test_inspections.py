"""Which inspections verify a record: those with kind and days, that were not called off."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Refused
from tests.builders.force import FORCE, HMICFRS, KIND, LIAISON, START, World

INSPECTION, LEVEL_3 = KIND["inspection"], KIND["level-3"]
ON_DAYS = "no inspection on set days, not called off, is called"


def certified(world: World) -> str:
    """Return a level 3 record that waits for its verification."""
    record = world.add(LEVEL_3, fields={"question": "7.2"})
    world.step(record, "start")
    world.step(record, "self_certify")
    return record


def scheduled(world: World) -> str:
    """Return an inspection scheduled for a later day that covers question 7."""
    day = world.later(3)
    said = {"first_day": day, "last_day": day, "questions": ["7"]}
    inspection = world.add(INSPECTION, fields=said)
    world.fire(inspection, "schedule", "hmicfrs")
    return inspection


def verify(world: World, record: str, inspection: str) -> Any:
    """Have HMICFRS verify a record at an inspection."""
    return world.fire(record, "verify", "hmicfrs", inspection=inspection)


def test_a_scheduled_inspection_verifies_from_its_first_day(world: World) -> None:
    """The register need not be told that the fieldwork began."""
    record = certified(world)
    verify(world, record, scheduled(world))
    assert world.register.record(record).state == "closed"


@pytest.mark.parametrize("trigger", ["cancel", "postpone"])
def test_an_inspection_that_was_called_off_verifies_nothing(world: World, trigger: str) -> None:
    """Its days are still in its fields, and it was not held on them."""
    record, inspection = certified(world), scheduled(world)
    world.fire(inspection, trigger, "hmicfrs", reason="no inspectors")
    with pytest.raises(Refused, match=f"{ON_DAYS} {inspection}"):
        verify(world, record, inspection)


def test_a_postponed_inspection_verifies_once_it_is_scheduled_again(world: World) -> None:
    """On its new days."""
    record, inspection = certified(world), scheduled(world)
    world.fire(inspection, "postpone", "hmicfrs", reason="no inspectors")
    day = world.later(30)
    for field in ("last_day", "first_day"):
        world.register.amend(inspection, field, day, on=world.day, reason="postponed", **BY_HMICFRS)
    world.fire(inspection, "schedule", "hmicfrs")
    verify(world, record, inspection)
    assert world.register.record(record).state == "closed"


BY_HMICFRS: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "liaison", "source": "portal"}


def asking(world: World, own: str | None, covered: str | None) -> tuple[str, str]:
    """Return a record that waits for verification, and an inspection, each of a question set."""
    record, inspection = certified(world), scheduled(world)
    for each, name in ((record, own), (inspection, covered)):
        if name is not None:
            world.register.amend(
                each, "question_set", name, on=world.day, reason="it says so", **BY_HMICFRS
            )
    return record, inspection


@pytest.mark.parametrize(
    ("own", "covered"),
    [("peel_nine", "peel_nine"), (None, "peel_nine"), ("peel_nine", None)],
)
def test_an_inspection_of_the_same_question_set_verifies(
    world: World, own: str | None, covered: str | None
) -> None:
    """What does not say which set is of the one in force on its day: here, of the nine."""
    verify(world, *asking(world, own, covered))


@pytest.mark.parametrize("covered", ["peel_nine", None])
def test_a_question_of_another_set_is_another_question(world: World, covered: str | None) -> None:
    """Question 7 of the twelve is not question 7 of the nine, which are in force."""
    record, inspection = asking(world, "peel_twelve", covered)
    with pytest.raises(Refused) as refused:
        verify(world, record, inspection)
    found = f"{inspection} covers questions of peel_nine, and the record's is of peel_twelve"
    assert found in str(refused.value)


def test_an_inspection_taken_over_as_cancelled_verifies_nothing(world: World) -> None:
    """No step of it is known, and its state says enough."""
    record = certified(world)
    world.register.take_over(
        "OLD",
        category="inspection",
        force=FORCE,
        issued=START,
        state="cancelled",
        on=world.day,
        fields={"kind": "planned", "first_day": START, "last_day": date(2026, 1, 1)},
        actor=HMICFRS,
        recorded_by=LIAISON.person,
        source="letter",
        reason="from the old list",
    )
    with pytest.raises(Refused, match=ON_DAYS):
        verify(world, record, "OLD")


def test_an_inspection_without_its_days_is_notified_and_verifies_nothing(world: World) -> None:
    """It cannot be scheduled before its kind and its days are known."""
    record = certified(world)
    world.register.add("SOON", category="inspection", force=FORCE, issued=START, actor=LIAISON)
    with pytest.raises(Refused, match=ON_DAYS):
        verify(world, record, "SOON")
    with pytest.raises(Refused) as refused:
        world.fire("SOON", "schedule", "hmicfrs")
    for field in ("kind", "first_day", "last_day"):
        assert f"the field `{field}` is not set" in str(refused.value)


@pytest.mark.parametrize("named", ["INS-9", "itself"])
def test_an_inspection_named_where_none_is_asked_for_exists(world: World, named: str) -> None:
    """14.36: an act that rests on no inspection names none that is not there, or is another."""
    record = world.add(LEVEL_3)
    before = world.register.record(record)

    with pytest.raises(InvalidRequest, match="is none that was added here; name one that was"):
        world.fire(record, "start", "lead", inspection=record if named == "itself" else named)

    assert world.register.record(record) == before


def test_an_inspection_that_is_there_may_be_named(world: World) -> None:
    """14.36: whether or not it is asked for."""
    record, inspection = world.add(LEVEL_3), scheduled(world)

    world.fire(record, "start", "lead", inspection=inspection)

    assert world.register.record(record).state == "in_progress"


def test_a_refused_inspection_leaves_no_trace_in_a_batch(world: World) -> None:
    """14.36: the batch goes on without the act."""
    record = world.add(LEVEL_3)
    with world.register.batch() as batch, pytest.raises(InvalidRequest):
        batch.fire(record, "start", actor=LIAISON, on=START, inspection="INS-9")

    assert world.register.record(record).state == "open"
