"""Several writers on one file: one of two wins, the other is told, nothing is lost (S2, S11)."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from peelflow.errors import Conflict
from peelflow.model.decisions import Refused
from peelflow.register.register import Register
from tests.builders.force import (
    CHIEF,
    FORCE,
    HMICFRS,
    KINDS,
    LIAISON,
    START,
    World,
    clock,
    new_world,
)

ACTS = 40


def a_closed_family(world: World) -> tuple[str, str]:
    """Return a cause of concern ready to close, and its closed child."""
    parent = world.add(KINDS[4])
    child = world.add(KINDS[1], parent=parent)
    world.step(parent, "start")
    world.step(child, "start")
    world.step(child, "close")
    world.later()
    return parent, child


def test_a_parent_does_not_close_while_its_child_reopens(world: World) -> None:
    """S2: whoever commits second gets a Conflict, and nothing of it is kept."""
    parent, child = a_closed_family(world)
    said: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}
    with (
        pytest.raises(Conflict) as conflict,
        world.register.batch() as closing,
    ):
        closing.fire(parent, "close", actor=HMICFRS, on=world.day, **said)
        world.fire(child, "reopen", "hmicfrs", reason="undone")
    assert (conflict.value.record, conflict.value.found) == (child, conflict.value.expected + 1)
    assert world.register.record(parent).state == "in_progress"


def test_a_child_does_not_reopen_while_its_parent_closes(world: World) -> None:
    """S2, the other way round: the re-opening read its parent, which then closed."""
    parent, child = a_closed_family(world)
    said: dict[str, Any] = {
        "recorded_by": "liaison-officer",
        "source": "portal",
        "reason": "undone",
    }
    with pytest.raises(Conflict), world.register.batch() as reopening:
        reopening.fire(child, "reopen", actor=HMICFRS, on=world.day, **said)
        world.fire(parent, "close", "hmicfrs")
    assert world.register.record(child).state == "closed"


def test_a_child_is_not_added_while_its_parent_closes(world: World) -> None:
    """S2: a new child moves its parent, so the closing that did not see it is a Conflict."""
    parent, _ = a_closed_family(world)
    said: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}
    with pytest.raises(Conflict), world.register.batch() as closing:
        closing.fire(parent, "close", actor=HMICFRS, on=world.day, **said)
        world.add(KINDS[1], parent=parent)
    assert world.register.record(parent).state == "in_progress"


def test_an_appointment_that_ends_meanwhile_is_noticed(world: World) -> None:
    """S2: the appointments a decision read are among the numbers the store checks."""
    record = world.add(KINDS[1])
    world.step(record, "start")
    appointment = f"appointment:{FORCE}:chief_constable:chief-constable:{START}"
    letter = world.letter()
    with pytest.raises(Conflict) as conflict, world.register.batch() as batch:
        batch.fire(record, "close", actor=CHIEF, on=world.day, evidence=[letter])
        world.register.amend(
            appointment,
            "last_day",
            world.day - timedelta(days=1),
            actor=LIAISON,
            on=world.day,
            reason="retired",
        )
    assert conflict.value.record == appointment


def test_somebody_elses_appointment_is_no_conflict(world: World) -> None:
    """S2: a decision reads the appointments of those it asks about, and nobody else's."""
    record = world.add(KINDS[1])
    world.step(record, "start")
    letter = world.letter()
    deputy = f"appointment:{FORCE}:nominated_deputy:deputy:{START}"
    with world.register.batch() as batch:
        batch.fire(record, "close", actor=CHIEF, on=world.day, evidence=[letter])
        world.register.amend(
            deputy, "last_day", world.day, actor=LIAISON, on=world.day, reason="moved on"
        )
    assert world.register.record(record).state == "closed"


def back_and_forth(url: str, record: str, trigger: str) -> tuple[int, int, int]:
    """Do a trigger many times; return how often it was accepted, in conflict, refused."""
    accepted = conflicts = refused = 0
    with Register.open(url, clock=clock) as register:
        for _ in range(ACTS):
            try:
                register.fire(
                    record, trigger, actor=LIAISON, on=START, reason="why", successor="report-2024"
                )
                accepted += 1
            except Conflict:
                conflicts += 1
            except Refused:
                refused += 1
    return accepted, conflicts, refused


def assert_no_update_is_lost(url: str, record: str, results: list[tuple[int, int, int]]) -> None:
    """Every act was accepted, in conflict or refused, and the accepted are all in the history."""
    assert all(sum(result) == ACTS for result in results)
    with Register.open(url, clock=clock) as register:
        history = register.history(record)
    assert [event.number for event in history] == list(range(1, len(history) + 1))
    assert len(history) == 1 + sum(result[0] for result in results)


TRIGGERS = ("propose_superseded", "withdraw", "propose_superseded", "withdraw")


def a_record_in_a_file(folder: Path) -> tuple[str, str]:
    """Make a register in a file with one open record, and return its url and the record."""
    url = f"sqlite:///{folder / 'shared.db'}"
    world = new_world(url)
    record = world.add(KINDS[2])
    world.successor()
    world.register.close()
    return url, record


def test_threads_lose_no_update(tmp_path: Path) -> None:
    """Four threads, each with a register of its own on one file."""
    url, record = a_record_in_a_file(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda t: back_and_forth(url, record, t), TRIGGERS))
    assert_no_update_is_lost(url, record, results)


def test_processes_lose_no_update(tmp_path: Path) -> None:
    """Two processes on one file."""
    url, record = a_record_in_a_file(tmp_path)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        results = list(pool.map(back_and_forth, [url] * 2, [record] * 2, TRIGGERS[:2]))
    assert_no_update_is_lost(url, record, results)


def test_threads_share_one_register(tmp_path: Path) -> None:
    """One register serves several threads that start at the same moment."""
    url, record = a_record_in_a_file(tmp_path)
    barrier = Barrier(2)
    with Register.open(url, clock=clock) as register:

        def start() -> str:
            barrier.wait()
            try:
                register.fire(record, "start", actor=LIAISON, on=START)
            except (Conflict, Refused) as error:
                return type(error).__name__
            return "accepted"

        with ThreadPoolExecutor(2) as pool:
            outcomes = [pool.submit(start) for _ in range(2)]
        assert sorted(o.result() for o in outcomes)[1:] == ["accepted"]
        assert len(register.history(record)) == 2
