"""Appointments as a decision reads them: kept before, or drafted in the same batch."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from peelflow.engine.fold import begin
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor
from tests.builders.force import FORCE, KINDS, LIAISON, World

NEW = Actor("new-chief", "chief_constable")


def ready_to_close(world: World) -> str:
    """Return a level 2 record that lacks only the letter and whoever may close it."""
    record = world.add(KINDS[1])
    world.step(record, "start")
    return record


def appointed(person: str, first_day: date, force: str = FORCE) -> dict[str, Any]:
    """Return what to add for a Chief Constable's appointment, under any id."""
    fields = {"person": person, "role": "chief_constable", "first_day": first_day}
    return {
        "category": "appointment",
        "force": force,
        "issued": first_day,
        "fields": fields,
        "actor": LIAISON,
    }


def test_an_appointment_of_any_id_counts_in_its_own_batch(world: World) -> None:
    """S1: a step sees those before it, whatever the appointment is called."""
    record = ready_to_close(world)
    letter = world.letter(NEW.person)
    with world.register.batch() as batch:
        with pytest.raises(Refused):
            batch.fire(record, "close", actor=NEW, on=world.day, evidence=[letter])
        batch.add("the-new-chief", **appointed(NEW.person, world.day))
        batch.fire(record, "close", actor=NEW, on=world.day, evidence=[letter])

    assert world.register.record(record).state == "closed"


def test_an_appointment_that_becomes_somebodys_counts_in_its_own_batch(world: World) -> None:
    """S1: what is amended in the batch is read as amended."""
    record = ready_to_close(world)
    letter = world.letter(NEW.person)
    world.register.add("the-new-chief", **appointed("a-slip", world.day))
    with world.register.batch() as batch:
        batch.amend(
            "the-new-chief", "person", NEW.person, actor=LIAISON, on=world.day, reason="a slip"
        )
        batch.fire(record, "close", actor=NEW, on=world.day, evidence=[letter])

    assert world.register.record(record).state == "closed"


def test_another_forces_appointment_does_not_count(world: World) -> None:
    """A Chief Constable is one of a force, in the same batch too."""
    record = ready_to_close(world)
    letter = world.letter(NEW.person)
    with world.register.batch() as batch:
        batch.add("elsewhere", **appointed(NEW.person, world.day, force="elsewhere"))
        with pytest.raises(Refused):
            batch.fire(record, "close", actor=NEW, on=world.day, evidence=[letter])

    assert world.register.record(record).state == "in_progress"


def test_a_refused_appointment_does_not_count(world: World) -> None:
    """S1: a step that is refused leaves nothing that a later one would read."""
    record = ready_to_close(world)
    letter = world.letter(NEW.person)
    fault = InvalidRequest("it", "is refused", "try again")
    with pytest.raises(InvalidRequest), world.register.batch() as given_up:
        made = given_up.add("the-new-chief", **appointed(NEW.person, world.day))
        raise fault
    with world.register.batch() as batch:
        with pytest.raises(InvalidRequest), batch.savepoint():
            batch.session.put(made, begin(made))
            raise fault
        with pytest.raises(Refused):
            batch.fire(record, "close", actor=NEW, on=world.day, evidence=[letter])

    assert world.register.record(record).state == "in_progress"
