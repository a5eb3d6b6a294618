"""What an inspection bore, told from what others did, and from what it never covered."""

from __future__ import annotations

from typing import Any

import pytest

from peelflow.model.decisions import Refused
from tests.builders.force import FORCE, World, actor
from tests.register.test_resting import LEVEL_3, amend, held, refusal


def test_a_record_that_came_self_certified_rests_on_its_inspection(world: World) -> None:
    """Though nothing else was done to it here."""
    inspection = held(world)
    said: dict[str, Any] = {"category": "recommendation", "level": 3, "force": FORCE}
    said |= {"recorded_by": "liaison-officer", "source": "portal", "reason": "as the old list has"}
    world.register.take_over(
        "OLD",
        state="self_certified",
        issued=world.day,
        on=world.day,
        fields={"question": "7.2"},
        actor=actor("hmicfrs"),
        **said,
    )
    world.fire("OLD", "verify", "hmicfrs", inspection=inspection)
    with pytest.raises(Refused, match="OLD could not `verify`"):
        world.fire(inspection, "cancel", "hmicfrs", reason="no inspectors")


def test_an_act_at_another_inspection_does_not_rest_on_it(world: World) -> None:
    """Of what was done to one record, what this inspection bore is named alone."""
    first, second = held(world), held(world)
    record = world.add(LEVEL_3, fields={"question": "7.2"})
    world.step(record, "start")
    world.step(record, "self_certify")
    world.fire(record, "refuse", "hmicfrs", inspection=first, reason="half done")
    world.step(record, "self_certify")
    world.fire(record, "verify", "hmicfrs", inspection=second)
    with pytest.raises(Refused) as refused:
        world.fire(second, "cancel", "hmicfrs", reason="no inspectors")
    (reason,) = refusal(refused).reasons
    assert reason.instead == f"correct event 6 of {record} first, or leave this one"


def test_an_inspection_comes_to_cover_no_other_question_set_once_it_verified(world: World) -> None:
    """One that named none covered a record of the set in force on its first day."""
    inspection = held(world)
    record = world.add(LEVEL_3, fields={"question": "7.2", "question_set": "peel_nine"})
    world.step(record, "start")
    world.step(record, "self_certify")
    world.fire(record, "verify", "hmicfrs", inspection=inspection)
    with pytest.raises(Refused, match=f"{record} could not `verify`"):
        amend(world, inspection, "question_set", "peel_twelve")
    amend(world, inspection, "question_set", "peel_nine")


def test_what_a_field_was_amended_to_rests_on_the_inspection_too(world: World) -> None:
    """A record that was verified on question 7 and is of 3 by now rests on both."""
    by_hmicfrs: dict[str, Any] = {
        "actor": actor("hmicfrs"),
        "source": "portal",
        "recorded_by": "liaison-officer",
    }
    inspection = held(world)
    amend(world, inspection, "questions", ("3", "7"))
    record = world.add(LEVEL_3, fields={"question": "7"})
    world.step(record, "start")
    world.step(record, "self_certify")
    world.fire(record, "verify", "hmicfrs", inspection=inspection)
    amend(world, record, "question", "3", **by_hmicfrs)
    with pytest.raises(Refused) as refused:
        amend(world, inspection, "questions", ("7",))
    (reason,) = refusal(refused).reasons
    assert reason.sentence.endswith("as event 5 has it")
    assert reason.instead == f"correct event 5 of {record} first, or leave this one"
    assert world.register.verify() == ()
    world.register.correct(
        record, 5, correction="void", on=world.day, reason="a slip", **by_hmicfrs
    )
    amend(world, inspection, "questions", ("7",))
    assert world.register.verify() == ()
