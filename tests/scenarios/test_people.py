"""People: roles held on the day concerned, two hands where two are asked for, whose act it was."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from peelflow.model.decisions import Refused
from peelflow.model.records import Actor
from peelflow.register.register import Register
from peelflow.rulebook.national import load, shipped_folder
from tests.builders.force import CHIEF, FORCE, HMICFRS, KIND, LIAISON, START, World, clock

DEPUTY = Actor("acting", "nominated_deputy")


def in_progress(world: World) -> str:
    """Return a level 2 record that work has begun on."""
    record = world.add(KIND["level-2"])
    world.step(record, "start")
    return record


def nominate(world: World, *, first: int, last: int | None) -> None:
    """Nominate a deputy from and to so many days from today."""
    world.register.appoint(
        DEPUTY.person,
        DEPUTY.role,
        force=FORCE,
        first_day=world.day + timedelta(first),
        last_day=None if last is None else world.day + timedelta(last),
        actor=LIAISON,
    )


@pytest.mark.parametrize(
    ("first", "last", "may"),
    [(0, None, True), (-9, 0, True), (0, 0, True), (1, None, False), (-9, -1, False)],
)
def test_a_nominated_deputy_closes_from_the_first_to_the_last_day(
    world: World, *, first: int, last: int | None, may: bool
) -> None:
    """A nomination has a first day, and may end; both days count."""
    record = in_progress(world)
    world.later(20)
    nominate(world, first=first, last=last)
    said: dict[str, Any] = {"actor": DEPUTY, "on": world.day, "evidence": [world.letter()]}
    if may:
        world.register.fire(record, "close", **said)
        assert world.register.record(record).state == "closed"
        return
    with pytest.raises(Refused, match="not you: acting did not hold `nominated_deputy`"):
        world.register.fire(record, "close", **said)


def test_the_letter_is_the_chief_constables_though_the_deputy_closes(world: World) -> None:
    """Closer and signatory are two roles."""
    record = in_progress(world)
    nominate(world, first=0, last=None)
    said: dict[str, Any] = {"actor": DEPUTY, "on": world.day}
    with pytest.raises(Refused, match="signed by `chief_constable`"):
        world.register.fire(record, "close", **said, evidence=[world.letter(DEPUTY.person)])
    world.register.fire(record, "close", **said, evidence=[world.letter(CHIEF.person)])


def test_a_signature_counts_by_the_role_held_on_the_day_it_was_given(world: World) -> None:
    """A Chief Constable who has left since signed in office; one who came later did not."""
    record = in_progress(world)
    letter = world.letter(CHIEF.person)
    after = world.day
    office = f"appointment:{FORCE}:chief_constable:chief-constable:{START}"
    world.register.amend(office, "last_day", after, actor=LIAISON, on=after, reason="retired")
    world.later(9)
    world.register.appoint(
        "successor", "chief_constable", force=FORCE, first_day=world.day, actor=LIAISON
    )
    new = Actor("successor", "chief_constable")
    early = world.register.keep(
        b"too early", kind="letter", name="early", signed_by="successor", signed_on=after
    )
    with pytest.raises(Refused, match="not yet"):
        world.register.fire(record, "close", actor=new, on=world.day, evidence=[early])
    world.register.fire(record, "close", actor=new, on=world.day, evidence=[letter])
    assert world.register.record(record).state == "closed"


def test_who_decided_and_who_recorded_it_are_two_people(world: World) -> None:
    """HMICFRS does not log in; its decision names its source and who typed it."""
    record = in_progress(world)
    world.step(record, "close")
    event = world.fire(record, "reopen", "hmicfrs", reason="undone")
    assert (event.actor, event.recorded_by, event.source) == (HMICFRS, "liaison-officer", "portal")
    assert world.register.history(record)[-1] == event


def test_a_role_is_the_applications_word_never_the_records(world: World) -> None:
    """Naming somebody as owner gives no power."""
    record = in_progress(world)
    owner = Actor("lead", "lead")
    assert world.register.record(record).fields["owner"] == owner.person
    with pytest.raises(Refused, match="not you: `lead` may not `close`"):
        world.register.fire(record, "close", actor=owner, on=world.day, evidence=[world.letter()])


def test_two_hands_where_the_rules_ask_for_two() -> None:
    """On a panel, whoever put the evidence forward does not agree to it."""
    rules = load(shipped_folder("examples") / "custom_rules" / "evidence_panel")
    issued = date(2023, 5, 1)
    lead, panel = Actor("sam", "lead"), "evidence_panel"
    with Register.open("memory:", rulebook=rules, clock=clock) as register:
        register.add(
            "R-1",
            category="recommendation",
            level=3,
            force=FORCE,
            issued=issued,
            fields={"owner": "sam"},
            actor=lead,
        )
        file = register.keep(b"what was done", kind="evidence_file", name="file")
        said: dict[str, Any] = {"on": issued}
        register.fire("R-1", "start", actor=lead, **said)
        register.fire("R-1", "submit", actor=lead, evidence=[file], **said)
        with pytest.raises(Refused, match="sam did `submit` too"):
            register.fire("R-1", "agree", actor=Actor("sam", panel), **said)
        register.fire("R-1", "agree", actor=Actor("alex", panel), **said)
        assert register.record("R-1").state == "panel_agreed"
