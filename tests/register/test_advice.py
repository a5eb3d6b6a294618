"""Advice on a register: it judges as `fire` does, writes nothing, and looks at the whole family."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import InvalidRequest, UnknownDocument, UnknownRecord
from peelflow.model.decisions import (
    Act,
    ChildrenNeed,
    Context,
    DocumentNeed,
    ParentNeed,
    Refused,
    RoleNeed,
)
from peelflow.model.records import Document, Record
from peelflow.model.requirements import PredicateHolds
from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from peelflow.rulebook.loader import resolve
from tests.builders.decisions import rules, way
from tests.builders.force import CHIEF, HMICFRS, KINDS, LIAISON, World
from tests.builders.routes import CLERK, WORDS, rulebook_of

COC = KINDS[4]
LEVEL_2, LEVEL_4 = KINDS[1], KINDS[3]


def test_why_answers_none_where_fire_would_do(world: World) -> None:
    """And writes nothing, whoever would type it."""
    record = world.add(LEVEL_2)
    before = world.picture(record)
    assert world.register.why(record, "start", actor=LIAISON, on=world.day) is None
    assert world.register.why(record, "propose_no_action", actor=CHIEF, reason="no") is None
    assert world.picture(record) == before


def test_why_answers_as_fire_refuses(world: World) -> None:
    """The same refusal, with what would do as data."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    refusal = world.register.why(record, "close", actor=LIAISON, on=world.day)
    with pytest.raises(Refused) as refused:
        world.register.fire(record, "close", actor=LIAISON, on=world.day)
    assert refusal == refused.value.refusal
    assert refusal is not None
    assert refusal.reasons[-1].asks == ((DocumentNeed("letter", ("chief_constable",), world.day),),)


def test_why_says_which_roles_would_do(world: World) -> None:
    """One choice a role."""
    record = world.add(LEVEL_2)
    refusal = world.register.why(record, "start", actor=CHIEF, on=world.day)
    assert refusal is not None
    (reason,) = refusal.reasons
    assert reason.asks == ((RoleNeed(("liaison_officer",)),), (RoleNeed(("lead",)),))


def test_why_needs_no_typist(world: World) -> None:
    """A question about an inspectorate's act is not recorded by anybody."""
    record = world.add(LEVEL_4)
    refusal = world.register.why(record, "close", actor=HMICFRS)
    assert refusal is not None
    assert [reason.kind for reason in refusal.reasons] == ["not here", "not yet"]


def test_why_looks_at_documents_as_fire_does(world: World) -> None:
    """One that was not kept is no offer."""
    record = world.add(LEVEL_2)
    stray = Document("0" * 64, "letter", "stray.txt", 1)
    with pytest.raises(UnknownDocument):
        world.register.why(record, "start", actor=LIAISON, evidence=[stray])


def test_advice_on_an_unknown_record_says_so(world: World) -> None:
    """As every verb does."""
    with pytest.raises(UnknownRecord):
        world.register.why("R-404", "start", actor=LIAISON)
    with pytest.raises(UnknownRecord):
        world.register.route("R-404")


def test_a_route_cannot_begin_on_what_is_no_day(world: World) -> None:
    """A text is refused in words."""
    record = world.add(LEVEL_2)
    day: Any = "2023-03-30"
    with pytest.raises(InvalidRequest, match=r"is no datetime\.date"):
        world.register.route(record, on=day)


def test_a_closed_child_is_re_opened_after_its_parent(world: World) -> None:
    """Both ways are said, the parent's first."""
    parent = world.add(COC)
    child = world.add(LEVEL_4, parent=parent)
    for record, trigger in ((child, "start"), (child, "close"), (parent, "start")):
        world.step(record, trigger)
    world.step(parent, "close")
    route = world.register.route(child, to="in_progress", on=world.day)
    (step,) = route.steps
    assert ParentNeed(parent, ("portal",)) in step.needs
    assert [(each.record, each.end) for each in step.before] == [(parent, "in_progress")]
    assert route.acts == 2


def test_a_refusal_of_the_applications_own_is_passed_on(tmp_path: Path) -> None:
    """A predicate that raises one gives no reason of the rules."""
    lifecycle = resolve(rules(way(PredicateHolds("budget_agreed"))), WORDS, None)
    with Register.open(
        "memory:", rulebook=rulebook_of(lifecycle), predicates={"budget_agreed": shut}
    ) as register:
        register.add(
            "R-1",
            category="recommendation",
            level=3,
            force="wmp",
            issued=date(2023, 1, 2),
            actor=CLERK,
        )
        with pytest.raises(Refused, match="the office is shut"):
            register.why("R-1", "close", actor=CLERK)
        with pytest.raises(Refused, match="the office is shut") as refused:
            register.next_acts("R-1", CLERK)
        assert refused.value.reasons == ()
        sheet = tmp_path / "acts.csv"
        sheet.write_text(
            f"record,trigger,on,actor,actor_role\nR-1,close,2023-01-02,clerk,{CLERK.role}\n"
        )
        (fault,) = import_sheets(register, [sheet]).faults
        assert "the office is shut" in fault.sentence


def shut(record: Record, act: Act, context: Context) -> bool:
    """Refuse by itself, as no predicate should."""
    said = f"the office is shut to {act.actor} of {record.force} on {context.today}"
    raise Refused(said)  # type: ignore[arg-type] # no refusal of the rules


def test_next_acts_are_those_that_fire_would_take(world: World) -> None:
    """One for each trigger of the state; what is allowed is then taken, the others are refused."""
    record = world.add(LEVEL_4)
    acts = world.register.next_acts(record, LIAISON, on=world.day)
    assert [act.trigger for act in acts if act.allowed] == ["start"]
    for act in acts:
        refusal = world.register.why(record, act.trigger, actor=LIAISON, on=world.day)
        assert (refusal is None, refusal) == (act.allowed, act.refusal)
    assert world.register.fire(record, "start", actor=LIAISON, on=world.day).number == 2


def test_next_acts_look_at_parent_and_children() -> None:
    """A parent with an open child cannot be closed, and it says so; nothing is written."""
    lifecycle = resolve(rules(way()), WORDS, None)
    with Register.open("memory:", rulebook=rulebook_of(lifecycle)) as register:
        for record, parent in (("R-1", None), ("R-2", "R-1")):
            register.add(
                record,
                category="recommendation",
                level=3,
                force="wmp",
                issued=date(2023, 1, 2),
                parent=parent,
                actor=CLERK,
            )
        (of_parent,), (of_child,) = (
            register.next_acts("R-1", CLERK),
            register.next_acts("R-2", CLERK),
        )
        assert (of_parent.allowed, of_child.allowed) == (False, True)
        assert of_parent.needs == ((ChildrenNeed(("R-2",), ("portal",)),),)
        assert of_parent.refusal == register.why("R-1", "close", actor=CLERK)
        assert register.record("R-2").state == "open"


def test_next_acts_want_an_actor_and_a_day_that_can_be_meant(world: World) -> None:
    """As every verb does."""
    record = world.add(LEVEL_4)
    with pytest.raises(InvalidRequest, match="lies in the future"):
        world.register.next_acts(record, HMICFRS, on=date(2099, 1, 1))
    with pytest.raises(UnknownRecord):
        world.register.next_acts("nothing", HMICFRS)
