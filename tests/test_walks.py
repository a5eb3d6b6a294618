"""Every walk through a shipped lifecycle, by lawful and unlawful acts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.engine.fold import fold
from peelflow.model.decisions import Refusal, Refused
from peelflow.model.records import Event, TransitionTaken
from peelflow.model.requirements import AnyOf, ChildForEach, ChildrenClosed, FieldSet, atoms_of
from peelflow.model.rules import Transition
from tests.builders.force import BEFORE_LEVELS, KIND, KINDS, PEOPLE, Kind, World, new_world

CHILDREN = {
    "cause_of_concern": Kind("child", "recommendation", 4),
    "section_55_response": KIND["section-55-answer"],
}
ONCE = settings(max_examples=60, deadline=None)


def close_children(world: World, record: str) -> None:
    """Close every child of a record, if it has any."""
    for child in world.register.record(record).children:
        if world.register.record(child).state == "open":
            world.step(child, "start")
            world.step(child, "close")
        if world.register.record(child).state == "unanswered":
            world.step(child, "say_taken")


def prepare(world: World, record: str, rule: Transition) -> dict[str, Any]:
    """Meet what a transition needs that an act alone cannot give."""
    if any(isinstance(requirement, ChildrenClosed) for requirement in atoms_of(rule.requires)):
        close_children(world, record)
    world.later()
    return world.means(rule)


def enter(world: World, kind: Kind) -> str:
    """Add a record of a kind, with a child where its rules ask for one."""
    record = world.add(kind)
    child = CHILDREN.get(kind.category)
    if child is not None:
        world.add(child, parent=record)
    return record


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(data=st.data())
@ONCE
def test_a_lawful_walk_stays_inside_and_replays(kind: Kind, data: st.DataObject) -> None:
    """Lawful acts are accepted, end closed as the level allows, and fold to the same record."""
    world = new_world()
    record = enter(world, kind)
    for _ in range(data.draw(st.integers(0, 9))):
        ways = open_ways(world, record)
        if not ways:
            break
        rule = data.draw(st.sampled_from(ways))
        given_by = data.draw(st.sampled_from(rule.by))
        before = world.register.record(record).state
        means = prepare(world, record, rule)
        event = world.fire(record, rule.trigger, given_by, **means)
        assert isinstance(event.what, TransitionTaken)
        assert (before, rule.to) == (event.what.old, event.what.new)
    history = world.register.history(record)
    assert fold(history) == world.register.record(record)
    assert_closed_as_the_level_allows(world, kind, record, history)


def open_ways(world: World, record: str) -> list[Transition]:
    """Return what can be done now: nothing closes a record over a child that is open."""
    register = world.register
    children = [register.record(child) for child in register.record(record).children]
    is_held = any(register.counts(child).get("portal") == "open" for child in children)
    ways = world.ways_out(record)
    return [way for way in ways if not (is_held and way.trigger == "discharge")]


def assert_closed_as_the_level_allows(
    world: World, kind: Kind, record: str, history: tuple[Event, ...]
) -> None:
    """Whoever closed the record on its ledger was one who may, with what it takes."""
    now = world.register.record(record)
    ledger = LEDGERS.get(kind.name, "portal")
    if world.register.counts(now).get(ledger) != "closed":
        return
    acts = [e for e in history if isinstance(e.what, TransitionTaken)]
    if not acts:
        assert kind.name in BEFORE_LEVELS
        return
    states = world.register.lifecycle(now.lifecycle).states
    closing = next(
        e
        for e in reversed(acts)
        if isinstance(e.what, TransitionTaken)
        and states[e.what.new].counts_as.get(ledger) == "closed"
        and states[e.what.old].counts_as.get(ledger) != "closed"
    )
    assert closing.actor.role in WHO_CLOSES[kind.name]
    assert isinstance(closing.what, TransitionTaken)
    if ledger == "portal" and closing.actor.role in ("chief_constable", "nominated_deputy"):
        assert [d.kind for d in closing.what.evidence if d.digest in closing.what.counted] == [
            "letter"
        ]
    if closing.what.new == "closed" and kind.name in INSPECTED:
        inspection = world.register.record(closing.what.inspection or "")
        assert inspection.fields["kind"] == INSPECTED[kind.name]
    for child in now.children:
        assert world.register.counts(world.register.record(child))[ledger] == "closed"


WHO_CLOSES = {
    "level-1": {"system"},
    "level-2": {"chief_constable", "nominated_deputy", "hmicfrs"},
    "level-3": {"hmicfrs"},
    "level-4": {"hmicfrs"},
    "cause-of-concern": {"hmicfrs"},
    "before-levels": {"hmicfrs"},
    "afi-before-levels": {"hmicfrs"},
    "section-55": {"pcc"},
    "section-55-answer": {"pcc"},
    "super-complaint-recommendation": set(PEOPLE) - {"hmicfrs", "lead", "audit_committee"},
}
LEDGERS = {
    "section-55": "section_55",
    "section-55-answer": "section_55",
    "super-complaint-recommendation": "force",
}
INSPECTED = {"level-3": "planned", "level-4": "bespoke"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(data=st.data())
@ONCE
def test_an_unlawful_act_is_refused_and_changes_nothing(kind: Kind, data: st.DataObject) -> None:
    """A wrong trigger, a wrong role or a missing requirement is refused, each with its reason."""
    world = new_world()
    record = enter(world, kind)
    for _ in range(data.draw(st.integers(0, 5))):
        ways = open_ways(world, record)
        if not ways:
            break
        rule = data.draw(st.sampled_from(ways))
        world.fire(record, rule.trigger, rule.by[0], **prepare(world, record, rule))
    expected, refusal, before, after = data.draw(unlawful(world, record))
    assert before == after
    assert expected in {reason.kind for reason in refusal.reasons}
    assert record in str(refusal)


@st.composite
def unlawful(draw: st.DrawFn, world: World, record: str) -> tuple[str, Refusal, object, object]:
    """Try one unlawful act: the kind of reason it must have, its refusal, before and after."""
    ways = world.ways_out(record)
    rules = world.register.lifecycle(world.register.record(record).lifecycle)
    here = {rule.trigger for rule in ways}
    others = {r.trigger for s in rules.states.values() for r in s.transitions} - here
    lacking = [r for r in ways if {"evidence", "inspection", "reason", "successor"} & asked(r)]
    kinds = ["not here", *(["not you"] if ways else []), *(["not yet"] if lacking else [])]
    kind = draw(st.sampled_from(kinds))
    given_by, means = draw(st.sampled_from(sorted(PEOPLE))), {}
    if kind == "not here":
        trigger = draw(st.sampled_from(sorted(others | {"close_by_magic"})))
    elif kind == "not you":
        rule = draw(st.sampled_from(ways))
        trigger, means = rule.trigger, prepare(world, record, rule)
        may = {role for other in ways if other.trigger == trigger for role in other.by}
        given_by = draw(st.sampled_from(sorted(PEOPLE.keys() - may)))
    else:
        rule = draw(st.sampled_from(lacking))
        trigger, means, given_by = rule.trigger, prepare(world, record, rule), rule.by[0]
        del means[draw(st.sampled_from(sorted(asked(rule))))]
    before = world.picture(record)
    with pytest.raises(Refused) as refused:
        world.fire(record, trigger, given_by, **means)
    assert isinstance(refused.value.refusal, Refusal)
    return kind, refused.value.refusal, before, world.picture(record)


def asked(rule: Transition) -> set[str]:
    """Return the parts of an act that a transition's requirements ask for."""
    names = {
        "Evidence": "evidence",
        "InspectionHeld": "inspection",
        "ReasonGiven": "reason",
        "SuccessorNamed": "successor",
    }
    return {
        names[type(r).__name__]
        for r in rule.requires
        if not isinstance(r, (FieldSet, ChildrenClosed, ChildForEach, AnyOf))
    }
