"""What a state or a trigger is called decides nothing where the map gives the national one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from peelflow.engine.fold import apply
from peelflow.model.decisions import Refused
from peelflow.model.records import Migrated, Moment
from peelflow.portfolio.plan import inspection_plan
from peelflow.register.register import Register
from peelflow.rulebook.national import examine, load, national
from tests.builders.force import HMICFRS, KIND, LIAISON, World, clock
from tests.builders.own import Plain, write_own
from tests.register.test_own_ledgers import world_of

PORTAL: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}


def renaming(**names: str) -> Any:
    """Return a change of a file that calls national states otherwise, two of them each other."""

    def change(own: Plain) -> None:
        def now(name: str) -> str:
            return names.get(name, name)

        for state in own["states"].values():
            for steps in state.get("transitions", {}).values():
                for step in steps if isinstance(steps, list) else [steps]:
                    step["to"] = now(step["to"])
        own["initial"] = now(own["initial"])
        own["states"] = {
            now(name): {**state, **({"stands_for": name} if now(name) != name else {})}
            for name, state in own["states"].items()
        }

    return change


def verified_at(world: World, state: str) -> str:
    """Verify a record at an inspection that is scheduled, and return in what state that stands."""
    record = world.add(KIND["level-3"])
    world.step(record, "start")
    world.step(record, "self_certify", "chief_constable")
    inspection = world.inspect()
    issued = world.day
    world.step(inspection, "schedule")
    assert world.register.record(inspection).state == state
    held = {each.inspection.id for each in inspection_plan(world.register, issued)}
    assert inspection in held
    why = world.register.why(
        record, "verify", actor=HMICFRS, on=world.day, inspection=inspection, source="portal"
    )
    assert why is None
    world.fire(inspection, "cancel", "hmicfrs", reason="so")
    with pytest.raises(Refused, match="not called off"):
        world.fire(record, "verify", "hmicfrs", inspection=inspection)
    held = {each.inspection.id for each in inspection_plan(world.register, world.day)}
    assert inspection not in held
    return world.register.record(inspection).state


def test_an_inspection_state_that_is_called_cancelled_and_is_scheduled_verifies(
    tmp_path: Path,
) -> None:
    """And one that stands for `cancelled`, whatever it is called, verifies nothing."""
    write_own(
        tmp_path, "inspection", change=renaming(scheduled="cancelled", cancelled="called_off")
    )
    assert verified_at(world_of(load(tmp_path)), "cancelled") == "called_off"
    assert verified_at(world_of(national()), "scheduled") == "cancelled"


def test_the_way_to_closed_leads_to_what_stands_for_it(tmp_path: Path) -> None:
    """A side door that a force calls `closed` is no way to close."""
    write_own(tmp_path, "level-2", change=renaming(closed="done", not_applicable="closed"))
    world = world_of(load(tmp_path))
    record = world.add(KIND["level-2"])
    route = world.register.route(record, to="closed", on=world.day)
    assert route.end == "done"


def moved(tmp_path: Path, first: Any, second: Any, states: dict[str, str]) -> World:
    """Return a world whose two versions of level 2 are these, and a plan between them."""
    write_own(tmp_path, "level-2", change=first)
    (tmp_path / "own-level-2.yaml").rename(tmp_path / "first.yaml")

    def later(own: Plain) -> None:
        own["version"], own["in_force_from"] = 2, "2024-01-01"
        second(own)

    write_own(tmp_path, "level-2", change=later)
    lines = ", ".join(f"{old}: {new}" for old, new in states.items())
    triggers = [
        *("close", "propose_superseded", "accept_superseded", "propose_not_applicable"),
        *("accept_not_applicable", "propose_no_action", "accept_no_action"),
    ]
    said = ", ".join(f"{name}: {name}" for name in triggers)
    (tmp_path / "plan.yaml").write_text(
        "migration: own-1-to-2\nfrom: own-level-2@1\nto: own-level-2@2\n"
        f"states: {{{lines}}}\ntriggers: {{{said}}}\n",
        "utf-8",
    )
    text = (tmp_path / "own-level-2.yaml").read_text("utf-8")
    text = text.replace("'2024-01-01'", "2024-01-01")
    (tmp_path / "own-level-2.yaml").write_text(text, "utf-8")
    return World(Register.open("memory:", rulebook=examine(tmp_path).rulebook, clock=clock))


NAMES = (
    *("open", "proposed_superseded", "proposed_not_applicable"),
    *("proposed_no_action", "closed", "superseded", "not_applicable", "no_action", "discharged"),
)
SAME = {name: name for name in NAMES}


def test_since_means_the_same_moment_after_a_move_that_renames(tmp_path: Path) -> None:
    """The state it stands in, and each that it stood in before, under their new names."""
    world = moved(
        tmp_path,
        renaming(in_progress="working"),
        renaming(in_progress="doing", open="new"),
        {**SAME, "open": "new", "working": "doing"},
    ).settle_in()
    record = world.add(KIND["level-2"])
    world.step(record, "start")
    entered = world.register.record(record).entered
    world.later(40)
    result = world.register.migrate("own-1-to-2", actor=LIAISON, on=world.day, reason="new words")
    assert result.moved == 1
    now = world.register.record(record)
    assert now.state == "doing"
    assert now.entered == {"new": entered["open"], "doing": entered["working"]}
    what = world.register.history(record)[-1].what
    assert isinstance(what, Migrated)
    assert what.states is not None
    assert what.states["working"] == "doing"
    assert world.register.verify() == ()


def test_a_name_that_stands_for_another_state_is_entered_by_the_move(tmp_path: Path) -> None:
    """No wait goes on from what was meant otherwise."""
    swapped = {**SAME, "in_progress": "in_progress"}
    world = moved(tmp_path, renaming(), renaming(), swapped).settle_in()
    record = world.add(KIND["level-2"])
    world.step(record, "start")
    known = world.register.record(record)
    what = Migrated(known.lifecycle, known.state, known.state, "", states={})
    event = world.register.history(record)[-1]
    now = apply(known, evolve(event, number=3, on=world.later(), what=what))
    assert now.entered == {"in_progress": Moment(3, world.day)}
