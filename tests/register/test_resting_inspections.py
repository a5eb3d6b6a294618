"""What an inspection bore, told from what others did, and from what it never covered."""

from __future__ import annotations

from typing import Any

import pytest

from peelflow.errors import InvalidRequest, NotPermitted
from peelflow.model.decisions import Refused
from peelflow.register import commands
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
    amend(world, record, "owner", "lead-9")  # on which the verification does not rest
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


BY_HMICFRS: dict[str, Any] = {
    "actor": actor("hmicfrs"),
    "source": "portal",
    "recorded_by": "liaison-officer",
}


INSPECTED = ("first_day", "last_day", "questions", "kind")


def verified(world: World, inspection: str, **fields: str) -> str:
    """Return a record that HMICFRS verified at an inspection."""
    record = world.add(LEVEL_3, fields=fields)
    world.step(record, "start")
    world.step(record, "self_certify")
    world.fire(record, "verify", "hmicfrs", inspection=inspection)
    return record


def void(world: World, record: str, number: int) -> int:
    """Void an event of HMICFRS's, and return the number of what does it."""
    said: dict[str, Any] = {"correction": "void", "on": world.day, "reason": "a slip"}
    return world.register.correct(record, number, **said, **BY_HMICFRS).number


def test_an_amendment_comes_back_where_what_was_verified_bears_it(world: World) -> None:
    """While it was void nothing rested on it, and the inspection covers that question no more."""
    inspection = held(world)
    amend(world, inspection, "questions", ("3", "7"))
    record = verified(world, inspection, question="7")
    amend(world, record, "question", "3", **BY_HMICFRS)
    voided = void(world, record, 5)
    amend(world, inspection, "questions", ("7",))
    with pytest.raises(Refused, match=f"{record} could not `verify`"):
        void(world, record, voided)
    assert world.register.verify() == ()
    amend(world, inspection, "questions", ("3", "7"))
    void(world, record, voided)
    assert world.register.record(record).fields["question"] == "3"
    assert world.register.verify() == ()


@pytest.mark.parametrize("kind", ["planned", None])
def test_an_inspection_is_there_that_an_act_names(world: World, kind: str | None) -> None:
    """Whether or not the rules ask for one, and whatever is known of it; also if it comes back."""
    inspection = held(world)
    if kind is None:
        amend(world, inspection, "kind", None)
    record = world.add(LEVEL_3)
    liaison: dict[str, Any] = {"actor": actor("liaison_officer"), "on": world.day}
    world.register.fire(record, "start", inspection=inspection, **liaison)
    report: dict[str, Any] = {"category": "report", "fields": dict.fromkeys(INSPECTED)}
    report["fields"] |= {"title": "PEEL", "kind": "force"}
    anew: dict[str, Any] = {"correction": "reenter", "entry": report, "on": world.day}
    gone: dict[str, Any] = {"correction": "void", "on": world.day}
    for correction in (anew, gone):
        with pytest.raises(Refused, match=f"the inspection {inspection} would be none"):
            world.register.correct(inspection, 1, reason="a slip", **correction, **BY_HMICFRS)
    said: dict[str, Any] = {"correction": "void", "reason": "a slip", **liaison}
    voided = world.register.correct(record, 2, **said).number
    withdrawal = void(world, inspection, 1)
    with pytest.raises(InvalidRequest, match=f"{inspection}: was withdrawn"):
        world.register.correct(record, voided, **said)
    with pytest.raises(InvalidRequest, match=f"{inspection}: was withdrawn"):
        world.register.fire(record, "start", inspection=inspection, **liaison)
    void(world, inspection, withdrawal)
    world.register.correct(record, voided, **said)
    assert world.register.verify() == ()


def test_a_re_opening_stays_beneath_what_was_amended_since(world: World) -> None:
    """Without it the verification would stand, and rest on what the field said."""
    inspection = held(world)
    record = verified(world, inspection, question="7")
    world.later()
    reopened = world.fire(record, "reopen", "hmicfrs", reason="not done").number
    amend(world, record, "question", "3", **BY_HMICFRS)
    with pytest.raises(Refused, match=f"{record} could not `verify`"):
        void(world, record, reopened)
    void(world, record, reopened + 1)
    void(world, record, reopened)
    assert world.register.verify() == ()


def test_what_hmicfrs_said_comes_back_beneath_no_word_of_the_force(world: World) -> None:
    """A force amends the question that it set itself, and no more what HMICFRS says it is."""
    record = world.add(LEVEL_3, fields={"question": "1"}, actor=actor("liaison_officer"))
    amend(world, record, "question", "2", **BY_HMICFRS)
    voided = void(world, record, 2)
    amend(world, record, "question", "3")
    amend(world, record, "title", "As it was issued")
    with pytest.raises(NotPermitted, match="is not amended by"):
        void(world, record, voided)
    said: dict[str, Any] = {"correction": "void", "on": world.day, "reason": "a slip"}
    world.register.correct(record, 4, actor=actor("liaison_officer"), **said)
    void(world, record, voided)
    assert world.register.record(record).fields["question"] == "2"


def test_what_an_earlier_peelflow_let_be_amended_bars_no_correction(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody could have made without the correction either is not laid at its door."""
    record = world.add(LEVEL_3, fields={"question": "1"}, actor=actor("liaison_officer"))
    amend(world, record, "question", "2", **BY_HMICFRS)
    with monkeypatch.context() as patched:
        patched.setattr(commands, "check_amender", lambda *_: None)
        amend(world, record, "question", "3")
    title = amend(world, record, "title", "As it was issued").number
    said: dict[str, Any] = {"correction": "void", "on": world.day, "reason": "a slip"}
    world.register.correct(record, title, actor=actor("liaison_officer"), **said)
    assert "title" not in world.register.record(record).fields
