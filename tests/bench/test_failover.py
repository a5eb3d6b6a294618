"""The run of failover: how an act is settled, and what its judge finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from bench.failover import DAY, RECORDS, Followed, Told, judged, settled
from peelflow.errors import AnswerLost, StoreUnavailable
from peelflow.register.register import Register
from peelflow.testing.audit import whole_feed
from tests.builders.force import FORCE, LIAISON, clock

TWO = RECORDS[:2]


@pytest.fixture
def register() -> Register:
    """A register with the records that writers amend."""
    register = Register.open("memory:", clock=clock)
    with register.batch() as batch:
        for record in RECORDS:
            batch.add(record, category="afi", level=3, force=FORCE, issued=DAY, actor=LIAISON)
    return register


@pytest.mark.parametrize(
    ("fault", "counted"),
    [
        (AnswerLost("store", "the server closed the connection"), (1, 0)),
        (StoreUnavailable("store", "nobody answers"), (0, 1)),
    ],
)
@pytest.mark.parametrize("was_kept", [False, True])
def test_an_act_is_repeated_until_it_is_known(
    register: Register,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    counted: tuple[int, int],
    *,
    was_kept: bool,
) -> None:
    """Under its key, so that it is there once whether the server had kept it or not."""
    append, faults = register.store.append, [fault]

    def failing(batch: Any) -> None:
        if was_kept or not faults:
            append(batch)
        if faults:
            raise faults.pop()

    monkeypatch.setattr(register.store, "append", failing)
    told = settled(register, TWO, "0-0")

    assert (told.answer, (told.lost, told.unavailable)) == ("kept", counted)
    assert list(judged(register, [told], Followed(whole_feed(register.store)))) == []


def told_of(register: Register) -> list[Told]:
    """Return what a writer was told of three acts."""
    return [settled(register, TWO, f"0-{number}") for number in range(3)]


def test_a_run_without_fault_is_sound(register: Register) -> None:
    """What was told, kept and followed agrees."""
    told = told_of(register)
    feed = whole_feed(register.store)

    assert list(judged(register, told, Followed(feed))) == []
    assert list(judged(register, told, Followed(feed[:9]))) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda told: told[:-1], "0-2' nobody was told of"),
        (lambda told: [*told, evolve(told[0], key="0-9")], "0-9 on .*: kept, and there"),
        (lambda told: [evolve(told[0], records=RECORDS[1:3]), *told[1:]], "there .1, 0. times"),
        (lambda told: [evolve(told[0], answer="conflict"), *told[1:]], "conflict, and there"),
    ],
)
def test_what_was_lost_or_kept_in_part_is_told(
    register: Register, change: Callable[[list[Told]], list[Told]], fault: str
) -> None:
    """An act that is there and was not told of, or the other way, or of one record alone."""
    told = change(told_of(register))
    with pytest.raises(AssertionError, match=fault):
        assert not list(judged(register, told, Followed(whole_feed(register.store))))


def test_a_follower_that_read_another_feed_is_told(register: Register) -> None:
    """What it read before a server died has to be what is there after it."""
    told, feed = told_of(register), whole_feed(register.store)
    other = Followed((*feed[:2], feed[3], feed[2]))

    assert list(judged(register, told, other)) == ["the follower read another feed than there is"]
