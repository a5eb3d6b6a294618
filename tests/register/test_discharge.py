"""Issue 13, line 2: HMICFRS ends a record by itself; it is told from one that was closed."""

from __future__ import annotations

from typing import Any

import pytest

from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Refused
from peelflow.model.rules import Lifecycle
from peelflow.portfolio.movement import movement
from peelflow.register.register import Register
from peelflow.rulebook.national import load, shipped_folder
from tests.builders.force import HMICFRS, KIND, Kind, World, clock, new_world

KINDS = tuple(KIND[name] for name in ("level-2", "level-3", "level-4", "cause-of-concern"))


def rules_of(world: World, kind: Kind) -> Lifecycle:
    """Return the rules that a new record of a kind takes."""
    return world.register.rulebook.lifecycle_for(kind.category, kind.level, world.day)


def way_to(rules: Lifecycle, state: str) -> list[str]:
    """Return the shortest way to a state, as triggers."""
    ways: dict[str, list[str]] = {rules.initial: []}
    for name in (waiting := [rules.initial]):
        for step in rules.states[name].transitions:
            if step.to not in ways:
                ways[step.to] = [*ways[name], step.trigger]
                waiting.append(step.to)
    return ways[state]


def open_states(kind: Kind) -> list[str]:
    """Return the states of a kind that count open."""
    states = rules_of(new_world(), kind).states
    return [name for name, state in states.items() if state.counts_as == {"portal": "open"}]


EVERYWHERE = [(kind, state) for kind in KINDS for state in open_states(kind)]
SAID: dict[str, Any] = {"reason": "no further action is needed"}


@pytest.mark.parametrize(
    ("kind", "state"), EVERYWHERE, ids=lambda each: getattr(each, "name", each)
)
def test_item_2_hmicfrs_ends_what_is_open_by_itself(kind: Kind, state: str) -> None:
    """From every open state, with a reason and a source; nobody else, and nothing is made up."""
    world = new_world()
    record = world.add(kind)
    for trigger in way_to(rules_of(world, kind), state):
        world.step(record, trigger)
    assert world.register.record(record).state == state
    world.later()
    before = world.picture(record)
    for role in ("liaison_officer", "lead", "chief_constable", "nominated_deputy"):
        with pytest.raises(Refused, match="not you"):
            world.fire(record, "discharge", role, **SAID)
    with pytest.raises(Refused, match="reason"):
        world.fire(record, "discharge", "hmicfrs")
    with pytest.raises(Refused, match="source"):
        world.fire(record, "discharge", "hmicfrs", source=None, **SAID)
    assert world.picture(record) == before
    world.fire(record, "discharge", "hmicfrs", **SAID)
    ended = world.register.record(record)
    assert (ended.state, world.register.counts(ended)) == ("discharged", {"portal": "closed"})
    assert world.register.verify() == ()
    world.step(record, "reopen")
    assert world.register.record(record).state == "in_progress"


def test_item_2_what_was_discharged_is_told_apart_from_what_was_verified() -> None:
    """Two level 3 records, closed on one day: by an inspection, and by HMICFRS alone."""
    world = new_world()
    verified, discharged = (world.add(KIND["level-3"]) for _ in range(2))
    for trigger in ("start", "self_certify", "verify"):
        world.step(verified, trigger)
    world.fire(discharged, "discharge", "hmicfrs", **SAID)
    states = {record.id: record.state for record in world.register.records() if record.level == 3}
    assert states == {verified: "closed", discharged: "discharged"}
    assert (world.register.figures().open, world.register.figures().closed) == (0, 2)
    moved = movement(world.register, after=world.day.replace(day=1), until=world.day)
    ways = {
        each.row.record: (each.row.state, each.reason) for each in moved if each.kind == "closed"
    }
    assert ways == {verified: ("closed", None), discharged: ("discharged", SAID["reason"])}


def test_item_2_a_cause_of_concern_is_not_discharged_over_an_open_child() -> None:
    """Its children count closed, or are discharged before it in the same batch."""
    world = new_world()
    cause = world.add(KIND["cause-of-concern"])
    children = [world.add(KIND[name], parent=cause) for name in ("level-2", "level-4")]
    world.later()
    with pytest.raises(Refused, match=f"not closed yet: {', '.join(children)}"):
        world.fire(cause, "discharge", "hmicfrs", **SAID)
    said = {"actor": HMICFRS, "on": world.day, "recorded_by": "kim", "source": "letter", **SAID}
    with world.register.batch() as batch:
        for record in (*children, cause):
            batch.fire(record, "discharge", **said)
    assert {world.register.record(each).state for each in (cause, *children)} == {"discharged"}


def test_item_2_a_cause_of_concern_without_children_is_discharged() -> None:
    """Children are asked for where there are any."""
    world = new_world()
    cause = world.add(KIND["cause-of-concern"])
    world.later()
    with pytest.raises(Refused, match="`close` only from"):
        world.fire(cause, "close", "hmicfrs")
    world.fire(cause, "discharge", "hmicfrs", **SAID)
    assert world.register.record(cause).state == "discharged"


def test_item_2_a_part_that_is_rescinded_counts_as_closed() -> None:
    """The rest goes on, and the cause of concern closes once the rest is closed."""
    world = new_world()
    cause = world.add(KIND["cause-of-concern"])
    part, rest = (world.add(KIND["level-2"], parent=cause) for _ in range(2))
    world.step(cause, "rescind_part")  # before anybody started
    world.step(cause, "start")
    world.fire(part, "discharge", "hmicfrs", reason="this part is rescinded")
    world.later()
    with pytest.raises(Refused, match=f"not closed yet: {rest};"):
        world.fire(cause, "close", "hmicfrs")
    for trigger in ("start", "close"):
        world.step(rest, trigger)
    world.step(cause, "close")
    assert world.register.record(cause).state == "closed"
    assert world.register.figures().open == 0


def test_item_2_a_force_that_shows_the_work_first_does_not_stand_in_the_way() -> None:
    """Under its own file HMICFRS ends a record from the states that are the force's own, too."""
    book = load(shipped_folder("examples") / "custom_rules" / "evidence_panel")
    world = World(Register.open("memory:", rulebook=book, clock=clock)).settle_in()
    world.later(900)
    record = world.add(KIND["level-3"])
    assert world.register.record(record).lifecycle.name == "level-3-panel"
    world.step(record, "start")
    world.later()
    with pytest.raises(InvalidRequest):
        world.fire(record, "discharge", "hmicfrs", recorded_by=None, **SAID)
    world.fire(record, "discharge", "hmicfrs", **SAID)
    assert world.register.record(record).state == "discharged"
