"""Movement: what is new, what closed and what re-opened between two days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal
from weakref import ref

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from peelflow.errors import InvalidRequest
from peelflow.model.records import Record
from peelflow.portfolio.listing import attribution_of
from peelflow.portfolio.movement import movement, movement_totals
from peelflow.portfolio.notes import notes
from tests.builders.force import CHIEF, KIND, START, World, new_world

LEVEL_2 = KIND["level-2"]


def moves(world: World, ledger: str = "portal") -> list[tuple[str, str]]:
    """Return every movement until today."""
    before = START - timedelta(1)
    found = movement(world.register, after=before, until=world.day, ledger=ledger)
    return [(each.row.record, each.kind) for each in found]


def walked(world: World) -> str:
    """Return a record that was closed and re-opened."""
    record = world.add(LEVEL_2)
    for trigger in ("start", "close", "reopen"):
        world.step(record, trigger)
    return record


def test_a_record_is_new_then_closed_then_reopened(world: World) -> None:
    """A step that changes no count is no movement."""
    record = walked(world)
    assert moves(world) == [(record, "new"), (record, "closed"), (record, "reopened")]


def test_what_did_not_move_is_not_held(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A register holds ten times as many records as moved in a year."""
    record = world.register.record(world.add(LEVEL_2))
    held: list[ref[Record]] = []
    alive: list[int] = []

    def each_selected(*_: object, **__: object) -> Iterator[Record]:
        for number in range(20):
            one = evolve(record, id=f"R-{number}")
            held.append(ref(one))
            yield one
            del one
            alive.append(sum(known() is not None for known in held))

    monkeypatch.setattr("peelflow.portfolio.movement.each_selected", each_selected)
    movement(world.register, after=world.day, until=world.day + timedelta(1))

    assert max(alive) <= 1


def test_a_movement_says_whose_act_it_was(world: World) -> None:
    """Who decided, who recorded it, and why."""
    record = walked(world)
    yesterday = world.day - timedelta(1)
    (moved,) = movement(world.register, after=yesterday, until=world.day)
    assert (moved.row.record, moved.counts, moved.on) == (record, "open", world.day)
    by = moved.attribution
    assert (by.actor.role, by.recorded_by) == ("hmicfrs", "liaison-officer")
    assert moved.reason == "as the letter says"


def test_a_level_1_record_is_new_and_closed_at_once(world: World) -> None:
    """It counts closed from its first day, and is told once."""
    record = world.add(KIND["level-1"])
    assert moves(world) == [(record, "new")]
    (moved,) = movement(world.register, after=START - timedelta(2), until=world.day)
    assert moved.attribution == attribution_of(world.register.history(record)[0])
    assert moved.attribution.actor.role == "hmicfrs"
    world.step(record, "manage")
    assert moves(world, "force") == [(record, "new")]


def test_what_moved_on_the_first_day_belongs_to_the_time_before(world: World) -> None:
    """So meeting follows meeting without a gap or a double."""
    walked(world)
    assert movement(world.register, after=world.day, until=world.day) == ()


@given(st.integers(0, 6), st.integers(0, 6))
def test_two_spans_after_each_other_hold_what_the_whole_holds(first: int, second: int) -> None:
    """Wherever they are cut."""
    world = new_world()
    walked(world)
    start = START - timedelta(2)
    cut, end = start + timedelta(first), start + timedelta(first + second)
    parts = [
        *movement(world.register, after=start, until=cut),
        *movement(world.register, after=cut, until=end),
    ]
    whole = movement(world.register, after=start, until=end)
    for each in (*parts, *whole):  # a row says how a record stood at the end of its own span
        assert each.row.record == whole[0].row.record
    assert [evolve(part, row=whole[0].row) for part in parts] == [
        evolve(each, row=whole[0].row) for each in whole
    ]


@given(st.integers(-1, 8))
def test_movements_add_up_to_the_figures(days: int) -> None:
    """New ones less closed ones, with those re-opened, are what is open."""
    world = new_world()
    walked(world)
    world.add(KIND["level-1"])
    until = START + timedelta(days)
    found = movement(world.register, after=START - timedelta(2), until=until)
    opened = sum(each.counts == "open" for each in found)
    closed = sum(each.kind == "closed" for each in found)
    assert opened - closed == world.register.figures(as_at=until).open


@pytest.mark.parametrize("correction", ["void", "redate"])
def test_what_was_corrected_is_told_as_corrected(
    world: World, correction: Literal["void", "redate"]
) -> None:
    """A closure that never was is no movement; one on another day is one of that day."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    began = world.day
    world.step(record, "close")
    (closed,) = [e.number for e in world.register.history(record) if e.on == world.day]
    actual = world.day + timedelta(2) if correction == "redate" else None
    world.register.correct(
        record,
        closed,
        correction=correction,
        to=actual,
        actor=CHIEF,
        on=world.later(3),
        reason="typed wrongly",
    )
    told = movement(world.register, after=began, until=world.day)
    assert [(each.kind, each.on) for each in told] == ([("closed", actual)] if actual else [])


def test_days_in_the_wrong_order_are_refused(world: World) -> None:
    """Rather than told as nothing moved."""
    for listed in (movement, movement_totals, notes):
        with pytest.raises(InvalidRequest, match="lies before"):
            listed(world.register, after=START, until=START - timedelta(1))


def test_a_time_gone_by_is_told_as_it_was_then(world: World) -> None:
    """What became of a record since changes nothing of what is told of the last meeting."""
    record = world.add(LEVEL_2)
    meeting = world.day
    told = movement(world.register, after=START - timedelta(1), until=meeting)
    world.register.amend(record, "owner", "lead-9", reason="left", actor=CHIEF, on=world.later())
    world.step(record, "start")
    again = movement(world.register, after=START - timedelta(1), until=meeting)
    assert [(each.row.state, each.row.owner) for each in again] == [("open", "lead")]
    assert again == told
