"""A family over its days: an act recorded late is judged as it stood then, and stands now."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from itertools import product

import pytest

from peelflow.engine.fold import apply, begin
from peelflow.model.decisions import Refused
from peelflow.model.records import Record
from peelflow.register.register import Register
from tests.builders.force import KIND, START, World, clock

DAYS = (60, 90, 120)


@pytest.mark.parametrize(("closes_parent", "closes_child"), tuple(product(DAYS, DAYS)))
@pytest.mark.parametrize("reopens_child", [None, *DAYS])
def test_no_parent_stands_closed_over_an_open_child(
    closes_parent: int, closes_child: int, reopens_child: int | None
) -> None:
    """On no day is a cause of concern closed while a recommendation below it is open."""
    with Register.open("memory:", clock=clock) as register:
        world = World(register).settle_in()
        above = world.add(KIND["cause-of-concern"])
        below = world.add(KIND["level-3"], parent=above)
        world.step(above, "start")
        for trigger in ("start", "self_certify"):
            world.step(below, trigger)
        _fires(world, below, "verify", closes_child)
        _fires(world, above, "close", closes_parent)
        if reopens_child is not None:
            _fires(world, below, "reopen", reopens_child)

        days = [START + timedelta(days) for days in range(150)]
        conflicts = [day for day in days if _conflict(register, above, below, day)]

        assert conflicts == []


def _fires(world: World, record: str, trigger: str, days: int) -> None:
    world.day = START + timedelta(days)
    rule = next(way for way in world.ways_out(record) if way.trigger == trigger)
    with suppress(Refused, StopIteration):
        world.fire(record, trigger, "hmicfrs", **world.means(rule))


def _conflict(register: Register, above: str, below: str, day: date) -> bool:
    parent, child = (_at(register, record, day) for record in (above, below))
    if parent is None or child is None:
        return False
    counts = (register.counts(each).get("portal") for each in (parent, child))
    return tuple(counts) == ("closed", "open")


def _at(register: Register, record: str, day: date) -> Record | None:
    """Return a record as it stood at the end of a day, None before its first."""
    events = [event for event in register.history(record) if event.on <= day]
    if not events:
        return None
    stood = begin(events[0])
    for event in events[1:]:
        stood = apply(stood, event)
    return stood
