"""Milestones lie below a record and are no children of it: no rule asks for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow import load
from peelflow.engine.fold import as_corrected
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Refused
from peelflow.portfolio.movement import movement
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from tests.builders.force import (
    FORCE,
    HMICFRS,
    KIND,
    LIAISON,
    START,
    Kind,
    World,
    clock,
    new_world,
)

CAUSE, LEVEL_2, MILESTONE = KIND["cause-of-concern"], KIND["level-2"], KIND["milestone"]
PARENTS = [KIND[name] for name in ("level-1", "level-2", "level-3", "level-4", "cause-of-concern")]
PORTAL: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}


def below(world: World, parent: str, **more: Any) -> str:
    """Add a milestone below a record."""
    said = {"actor": LIAISON, "recorded_by": None, "source": None, **more}
    return world.add(MILESTONE, parent=parent, **said)


def attempt(world: World, record: str, move: int) -> str:
    """Take one of the ways out of where a record stands; say why not, where it is refused."""
    ways = world.ways_out(record)
    try:
        done = bool(ways) and world.step(record, ways[move % len(ways)].trigger)
        return f"{done and done.on}: {world.register.record(record).state}"
    except Refused as refused:
        return str(refused)


@given(
    st.sampled_from(PARENTS),
    st.lists(st.one_of(st.integers(0, 9), st.sampled_from(["add", "child"])), max_size=10),
)
@settings(max_examples=20, deadline=None)
def test_a_milestone_never_blocks_its_parent(kind: Kind, walk: list[Any]) -> None:
    """Whatever is done to a record comes out as if it had none; and so do the figures."""
    worlds = new_world(), new_world()
    planned, bare = worlds
    parents = [world.add(kind) for world in worlds]
    for move in walk:
        if move == "add":
            below(planned, parents[0])
        elif move == "child" and kind == CAUSE:
            outcomes = {_child(world, p) for world, p in zip(worlds, parents, strict=True)}
            assert len(outcomes) == 1
        elif isinstance(move, int):
            first, second = (attempt(w, p, move) for w, p in zip(worlds, parents, strict=True))
            assert first.replace(parents[0], "") == second.replace(parents[1], "")
    assert planned.register.figures() == bare.register.figures()
    spans = [
        movement(world.register, after=START, until=world.day, ledger=ledger)
        for world in worlds
        for ledger in ("portal", "force")
    ]
    assert [len(span) for span in spans[:2]] == [len(span) for span in spans[2:]]
    assert planned.register.verify() == ()


def _child(world: World, parent: str) -> str:
    try:
        world.register.add(
            f"child-{len(list(world.register.records(parent=parent, category='afi')))}",
            category="afi",
            level=2,
            force=FORCE,
            issued=world.day,
            parent=parent,
            actor=HMICFRS,
            **PORTAL,
        )
    except Refused:
        return "refused"
    return "added"


def test_a_cause_of_concern_needs_a_child_that_is_no_milestone(world: World) -> None:
    """One that has milestones alone has no child yet, and closes on none."""
    cause = world.add(CAUSE)
    milestone = below(world, cause)
    world.step(cause, "start")
    world.step(milestone, "reach")
    with pytest.raises(Refused, match="there is no child"):
        world.fire(cause, "close", "hmicfrs")

    child = world.add(LEVEL_2, parent=cause)
    world.step(child, "start")
    world.step(child, "close", "chief_constable")
    world.step(milestone, "take_up")  # planned again, and it holds nothing up
    world.step(cause, "close")
    assert world.register.record(cause).state == "closed"
    assert world.register.record(cause).children == (child,)
    below(world, cause)  # a plan may follow what is closed
    assert world.register.verify() == ()


def test_it_is_listed_below_its_parent(world: World) -> None:
    """By its parent, which itself is left as it was."""
    record = world.add(LEVEL_2)
    number = world.register.record(record).number
    milestone = below(world, record)
    assert [known.id for known in world.register.records(parent=record)] == [milestone]
    assert world.register.record(record).number == number
    assert world.register.counts(world.register.record(milestone)) == {}


def test_what_a_milestone_may_lie_below_is_said(world: World) -> None:
    """An inspection has none, and nothing lies below a milestone."""
    inspection = world.inspect()
    with pytest.raises(InvalidRequest, match="which has no milestone below it"):
        below(world, inspection)
    record = world.add(LEVEL_2)
    milestone = below(world, record)
    with pytest.raises(InvalidRequest, match="which has no milestone below it"):
        below(world, milestone)


def test_it_is_put_below_another_by_a_correction(world: World) -> None:
    """And neither parent has anything to say to it."""
    one, two = world.add(LEVEL_2), world.add(KIND["level-3"])
    milestone = below(world, one)
    world.register.correct(
        milestone, 1, correction="reenter", entry={"parent": two}, actor=LIAISON, reason="slip"
    )
    assert world.register.record(milestone).parent == two
    late = world.add(MILESTONE, actor=LIAISON, recorded_by=None, source=None)
    world.register.link(late, two, actor=LIAISON, on=world.day)
    assert [known.id for known in world.register.records(parent=two)] == [milestone, late]
    assert world.register.verify() == ()


@pytest.mark.parametrize("how", ["re-dated", "entered anew", "its link re-dated"])
def test_its_day_is_set_right_below_its_parent(world: World, how: str) -> None:
    """As any record's: it is no child, so its parent has no link that would follow."""
    record, day, later = world.add(LEVEL_2), world.day, world.day + timedelta(1)
    world.later(5)
    milestone, number = below(world, record), 1
    if how == "its link re-dated":
        milestone = world.add(MILESTONE, actor=LIAISON, recorded_by=None, source=None)
        number = world.register.link(milestone, record, actor=LIAISON, on=world.day).number
        world.register.correct(milestone, 1, **SET_RIGHT["re-dated"], to=day, **BY)
    is_anew = how == "entered anew"
    said: dict[str, Any] = {"entry": {"issued": later}} if is_anew else {"to": later}
    world.register.correct(milestone, number, **SET_RIGHT[how], **said, **BY)
    standing = as_corrected(world.register.history(milestone))
    assert standing[number - 1].on == later
    assert world.register.verify() == ()


BY: dict[str, Any] = {"actor": LIAISON, "reason": "a slip"}
SET_RIGHT: dict[str, dict[str, Any]] = {
    "re-dated": {"correction": "redate"},
    "entered anew": {"correction": "reenter"},
    "its link re-dated": {"correction": "redate"},
}


def test_it_follows_the_force_of_its_parent(world: World) -> None:
    """A record that was entered under the wrong force takes its milestones along."""
    record = world.add(LEVEL_2)
    milestone = below(world, record)
    said: dict[str, Any] = {"actor": HMICFRS, "reason": "another force", **PORTAL}
    with pytest.raises(InvalidRequest, match="was done by"):  # the force answers for its plan
        world.register.correct(record, 1, correction="reenter", entry={"force": "essex"}, **said)
    own = world.add(LEVEL_2, actor=LIAISON, recorded_by=None, source=None)
    milestone = below(world, own)
    world.register.correct(
        own,
        1,
        correction="reenter",
        entry={"force": "essex"},
        actor=LIAISON,
        reason="another force",
    )
    assert world.register.record(milestone).force == "essex"


def test_a_record_with_milestones_is_not_withdrawn_under_them(world: World) -> None:
    """Whoever withdraws it says first what becomes of its plan."""
    record = world.add(LEVEL_2)
    milestone = below(world, record)
    void: dict[str, Any] = {"correction": "void", "reason": "entered twice", "on": world.day}
    with pytest.raises(Refused, match=f"{milestone} names it as its parent"):
        world.register.correct(record, 1, actor=HMICFRS, **void, **PORTAL)
    world.register.correct(milestone, 1, actor=LIAISON, **void)
    world.register.correct(record, 1, actor=HMICFRS, **void, **PORTAL)
    assert world.register.record(record).withdrawn


def test_a_record_becomes_of_no_category_that_has_no_milestones(world: World) -> None:
    """Entered anew, it would leave them below what has none."""
    record = world.add(LEVEL_2, actor=LIAISON, recorded_by=None, source=None)
    below(world, record)
    entry: Any = {
        "category": "milestone",
        "level": None,
        "fields": {"title": "x", "question": None},
    }
    with pytest.raises(InvalidRequest, match="cannot be below a milestone"):
        world.register.correct(
            record, 1, correction="reenter", entry=entry, actor=LIAISON, reason="slip"
        )


def test_every_milestone_counts_nowhere() -> None:
    """In no state, on no ledger: no figure of anybody's moves with a plan."""
    (rules,) = (one for one in national().lifecycles if one.name == "milestone")
    assert {tuple(state.counts_as) for state in rules.states.values()} == {()}


OWN = """\
vocabulary: own
categories:
  action:
    title: Action
    fields: {title: {type: text, title: What}}
    below: [recommendation, afi]
"""
ACTION = """\
lifecycle: action
version: 1
in_force_from: 2000-01-01
title: An action
applies_to: {category: action, level: none}
initial: to_do
states:
  to_do:
    counts_as: {actions: open}
    transitions:
      do: {to: done, by: [lead, liaison_officer]}
  done:
    counts_as: {actions: closed}
    final: true
"""


def test_a_force_has_a_kind_of_its_own_below_national_records(tmp_path: Any) -> None:
    """It may even count on a ledger of the force's own, and stops nobody."""
    (tmp_path / "words.yaml").write_text(OWN, "utf-8")
    (tmp_path / "action.yaml").write_text(ACTION, "utf-8")
    register = Register.open("memory:", rulebook=load(tmp_path), clock=clock)
    world = World(register).settle_in()
    record = world.add(LEVEL_2)
    register.add(
        "A-1", category="action", force=FORCE, issued=world.day, parent=record, actor=LIAISON
    )
    world.step(record, "start")
    world.step(record, "close", "chief_constable")
    assert register.figures().closed == 1
    assert register.figures(ledger="actions").open == 1
    assert register.counts(register.record("A-1")) == {"actions": "open"}
    assert register.verify() == ()
