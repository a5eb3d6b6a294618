"""A letter speaks of how a record stands: from its issue, its last sending back or re-opening."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from peelflow.engine import documents
from peelflow.model.decisions import DocumentNeed, Refused
from peelflow.model.records import Document
from peelflow.model.requirements import Evidence, atoms_of
from peelflow.model.rules import each_transition
from peelflow.model.triggers import triggers_of_others, triggers_sending_back
from peelflow.register.session import Session
from peelflow.rulebook.national import national
from tests.builders.force import HMICFRS, KIND, LIAISON, World

SIGNED = tuple(
    sorted(
        {
            (rules.name, rule.trigger)
            for rules in national().lifecycles
            for rule in each_transition(rules)
            if any(
                isinstance(atom, Evidence) and atom.signed_by for atom in atoms_of(rule.requires)
            )
        }
    )
)
SENT_BACK = {
    "before-levels": {"reopen"},
    "afi-before-levels": {"reopen"},
    "level-1": {"reopen"},
    "level-2": {"decline", "reopen"},
    "level-3": {"decline", "refuse", "reopen"},
    "level-4": {"decline", "reopen", "support", "end_support"},
    "cause-of-concern": {"decline", "resume", "reopen"},
    "section-55": {"send_back", "reopen"},
}


def signed(world: World, day: date, kind: str = "letter") -> Document:
    """Keep a letter of the Chief Constable's that is signed on a day."""
    name = world.name(kind)
    return world.register.keep(
        name.encode(), kind=kind, name=name, signed_by="chief-constable", signed_on=day
    )


def test_what_sends_a_record_back_is_told_by_the_rules() -> None:
    """A step of another side's that leads back, or any that re-opens; by no name."""
    found = {rules.name: set(triggers_sending_back(rules)) for rules in national().lifecycles}
    assert {name: found[name] for name in SENT_BACK} == SENT_BACK


def test_what_others_do_is_told_by_the_rules() -> None:
    """Peelflow's own steps are nobody's."""
    rules = {rules.name: rules for rules in national().lifecycles}
    assert triggers_of_others(rules["level-1"]) == frozenset()
    assert triggers_of_others(rules["section-55-answer"]) == {
        *("say_taken", "say_proposed", "say_none", "revise")
    }


def test_signed_documents_are_asked_for_at_three_steps() -> None:
    """Each is tried below."""
    assert SIGNED == (("level-2", "close"), ("level-3", "self_certify"), ("section-55", "comment"))


@pytest.mark.parametrize(("lifecycle", "trigger"), SIGNED)
def test_a_letter_from_before_the_issue_does_not_count(
    world: World, lifecycle: str, trigger: str
) -> None:
    """On the day of issue it does, though the work began later."""
    kind = "comments" if lifecycle == "section-55" else "letter"
    record = world.add(KIND[lifecycle])
    issued = world.day
    world.step(record, "set_date" if lifecycle == "section-55" else "start")
    early = signed(world, issued - timedelta(1), kind)
    with pytest.raises(Refused, match=f"before the record was issued on {issued}") as refused:
        world.fire(record, trigger, "chief_constable", evidence=[early])
    needs = DocumentNeed(kind, ("chief_constable",), world.day)
    assert refused.value.reasons[0].asks == ((needs,),)
    world.fire(record, trigger, "chief_constable", evidence=[signed(world, issued, kind)])


def closed(world: World) -> tuple[str, date]:
    """Return a closed record at level 2, and a day on which a letter could have been signed."""
    record = world.add(KIND["level-2"])
    world.step(record, "start")
    day = world.later()
    world.step(record, "close", "chief_constable")
    return record, day


def test_a_letter_from_before_the_re_opening_does_not_count(world: World) -> None:
    """Whether it is scanned anew or was never used; whatever the force does in between."""
    record, day = closed(world)
    world.step(record, "reopen")
    reopened = world.day
    world.step(record, "propose_not_applicable")
    world.step(record, "withdraw")
    why = f"before the record was last sent back or re-opened on {reopened}"
    with pytest.raises(Refused, match=why):
        world.fire(record, "close", "chief_constable", evidence=[signed(world, day)])
    world.fire(record, "close", "chief_constable", evidence=[signed(world, reopened)])
    assert world.register.verify() == ()


def test_a_letter_from_before_a_refusal_does_not_count(world: World) -> None:
    """HMICFRS found the work wanting: the next certificate is of the work done since."""
    record = world.add(KIND["level-3"])
    world.step(record, "start")
    day = world.later()
    world.step(record, "self_certify", "chief_constable")
    world.step(record, "refuse")
    with pytest.raises(Refused, match=f"sent back or re-opened on {world.day}"):
        world.fire(record, "self_certify", "chief_constable", evidence=[signed(world, day)])


def test_a_letter_attached_before_a_declined_proposal_does_not_count(world: World) -> None:
    """It is told in advice as in the refusal: another is asked for."""
    record = world.add(KIND["level-2"])
    world.step(record, "start")
    world.step(record, "propose_no_action", "chief_constable")
    old = signed(world, world.day)
    world.step(record, "decline")
    world.register.attach(record, old, actor=HMICFRS, on=world.day, recorded_by="l", source="s")
    route = world.register.route(record, to="closed", on=world.day)
    needs = [need for need in route.steps[-1].needs if isinstance(need, DocumentNeed)]
    assert [need.attached for need in needs] == [None]
    with pytest.raises(Refused, match="sent back or re-opened"):
        world.fire(record, "close", "chief_constable")


def test_a_way_that_sends_back_asks_for_a_letter_of_then(world: World) -> None:
    """A letter attached before a refusal on the way serves no longer after it."""
    record, day = closed(world)
    route = world.register.route(record, to="in_progress", on=world.day)
    assert [step.trigger for step in route.steps] == ["reopen"]
    world.step(record, "reopen")
    old = signed(world, day)
    world.register.attach(record, old, actor=HMICFRS, on=world.day, recorded_by="l", source="s")
    way = world.register.route(record, to="closed", on=world.day)
    assert [getattr(need, "attached", None) for need in way.steps[-1].needs][-1] is None


def test_a_correction_is_not_blamed_for_an_older_letter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A register of before holds closures by such letters; other corrections leave them be."""
    record = world.add(KIND["level-2"])
    issued = world.day
    started = world.step(record, "start")
    world.register.appoint(
        "chief-constable",
        "chief_constable",
        force="west-midlands",
        first_day=issued - timedelta(9),
        actor=LIAISON,
    )
    with monkeypatch.context() as as_before:
        as_before.setattr(documents, "signed_from", lambda *_: (date.min, ""))
        early = signed(world, issued - timedelta(1))
        world.later(2)
        world.fire(record, "close", "chief_constable", evidence=[early])
    world.register.correct(
        record,
        started.number,
        correction="redate",
        to=issued,
        actor=LIAISON,
        on=world.day,
        reason="a day earlier",
    )
    assert world.register.record(record).state == "closed"
    assert {each.code for each in world.register.verify()} == {"act-unlawful"}


def sent_back_and_moved(world: World) -> str:
    """Return a record that HMICFRS refused to verify at level 3, and moved to level 2."""
    record = world.add(KIND["level-3"])
    world.step(record, "start")
    world.step(record, "self_certify")
    world.later(9)
    world.step(record, "refuse")
    said: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}
    world.register.relevel(
        record, plan="level-3-to-2", actor=HMICFRS, on=world.day, reason="less to do", **said
    )
    return record


def test_a_refusal_is_not_forgotten_at_another_level(world: World) -> None:
    """Level 2 knows no refusal, and yet a letter of before says nothing of what was refused."""
    record = sent_back_and_moved(world)
    refused = world.day
    early = signed(world, refused - timedelta(1))
    world.later(2)
    with pytest.raises(Refused, match="last sent back or re-opened") as why:
        world.fire(record, "close", "chief_constable", evidence=[early])
    (reason,) = why.value.reasons
    (need,) = reason.asks[0]
    assert isinstance(need, DocumentNeed)
    world.fire(record, "close", "chief_constable", evidence=[signed(world, refused)])
    assert world.register.verify() == ()


def test_no_way_rests_on_a_letter_of_before_a_refusal_at_another_level(world: World) -> None:
    """It asks for a new one, though one is attached."""
    record = sent_back_and_moved(world)
    early = signed(world, world.day - timedelta(1))
    world.register.attach(record, early, actor=LIAISON, on=world.day)
    (step,) = world.register.route(record, to="closed", on=world.day).steps
    (need,) = [each for each in step.needs if isinstance(each, DocumentNeed)]
    assert need.attached is None


def test_a_letter_that_an_earlier_peelflow_let_count_at_another_level_is_no_finding(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It forgot at each change of level that the record was sent back."""
    record = sent_back_and_moved(world)
    early = signed(world, world.day - timedelta(1))
    world.later(2)
    with monkeypatch.context() as as_before:
        as_before.setattr(Session, "last_sending_back", lambda *_, **__: None)
        world.fire(record, "close", "chief_constable", evidence=[early])
    assert world.register.verify() == ()
