"""A list reads of each history the event that it shows, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Register
from peelflow.errors import StoreUnavailable
from peelflow.portfolio.listing import ages, attribution_of, each_with_last_event
from peelflow.portfolio.plan import inspection_plan
from peelflow.register.as_at import HISTORIES_AT_ONCE
from tests.builders.force import CHIEF, KIND, LIAISON, START, World, new_world
from tests.builders.stores import run as change_file
from tests.portfolio.test_planner import certified, coming


def never(*_: object, **__: object) -> None:
    """Fail: nobody is to ask this."""
    pytest.fail("a whole history was read")


LISTS: dict[str, Callable[[World], object]] = {
    "ages": lambda world: ages(world.register, world.day),
    "plan": lambda world: inspection_plan(world.register, world.day),
    "last events": lambda world: list(
        each_with_last_event(world.register, world.register.records())
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_no_history_is_read_for_a_list(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """17.2: nor is the store asked once a record."""
    for _ in range(3):
        certified(world, question="7")
    coming(world)
    asked = []
    last_events = world.register.store.last_events

    def counting(until: Any, **more: Any) -> Any:
        asked.append(len(until))
        return last_events(until, **more)

    for asked_whole in ("histories", "history"):
        monkeypatch.setattr(Register, asked_whole, never)
    monkeypatch.setattr(world.register.store, "last_events", counting)
    assert LISTS[name](world)
    assert len(asked) == 1
    assert asked[0] >= 3


def test_whose_act_stands_is_told_whatever_was_noted_since(world: World) -> None:
    """The event that entered the state, by its number; the list itself shows the last act."""
    record = certified(world)
    world.register.amend(record, "owner", "l", actor=LIAISON, on=world.day, reason="moved on")
    world.register.note(record, "seen", actor=Actor("panel", "lead"), on=world.day)
    (age,) = ages(world.register, world.day)
    records = world.register.records(category="recommendation")
    ((_, last),) = each_with_last_event(world.register, records)
    acts = [event for event in world.register.history(record) if event.kind == "acted"]
    assert age.attribution == attribution_of(acts[-1])
    assert age.attribution.actor == Actor(CHIEF.person, CHIEF.role)
    assert last.kind == "amended"


def test_many_records_are_asked_for_in_parts(world: World) -> None:
    """17.2: so that no reading grows with the register."""
    (record,) = (world.register.record(certified(world)),)
    records = (record for _ in range(HISTORIES_AT_ONCE + 1))
    assert len(list(each_with_last_event(world.register, records))) == HISTORIES_AT_ONCE + 1


def test_an_event_that_somebody_took_away_is_told(tmp_path: Path) -> None:
    """No list shows another event in its place."""
    file = tmp_path / "r.db"
    world = new_world(f"sqlite:///{file}")
    record = world.add(KIND["level-2"])
    world.register.close()
    change_file(file, f"DELETE FROM events WHERE record = '{record}'")
    with (
        Register.open(f"sqlite:///{file}") as register,
        pytest.raises(StoreUnavailable, match=f"event 1 of {record} is gone") as caught,
    ):
        ages(register, START)
    assert caught.value.instead == "have it verified"
