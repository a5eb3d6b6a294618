"""The contention run, small: it finds nothing wrong with ours, and what is wrong elsewhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from bench import contention, racing
from bench.contention import RECORDS, Told, amend, judged
from bench.linear import Act
from peelflow.register.register import Register
from peelflow.stores.base import FeedItem
from peelflow.testing.audit import whole_feed
from tests.builders.force import clock

ROOT = Path(__file__).parents[2]


def test_eight_processes_and_raced_families_keep_every_promise(tmp_path: Path) -> None:
    """S2, S5, S11: each act counts once, histories are linear, the feed dense, families whole."""
    url = f"sqlite:///{tmp_path / 'run.db'}"
    command = [sys.executable, "-m", "bench.contention", "--acts", "6", "--races", "6", url]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "48 acts" in done.stdout
    assert "6 families raced" in done.stdout


@pytest.fixture
def register() -> Register:
    """A register with the fifty records in it."""
    register = Register.open("memory:", clock=clock)
    contention.prepare(register)
    return register


def test_a_sound_run_has_no_fault(register: Register) -> None:
    """What was told, kept and followed agrees."""
    told = [amend(register, RECORDS[0], f"{number}") for number in range(3)]

    found = judged(register.store, told, whole_feed(register.store), len(RECORDS))

    assert (found.accepted, found.followed, found.faults) == (3, 53, ())


LOST = Told(RECORDS[1], "lost", "accepted", (Act(1, 2, "wrote", 2),))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda told, seen: ([*told, LOST], seen), "differ"),
        (lambda told, seen: (told[:-1], seen), "differ"),
        (lambda told, seen: (told, seen[:-1]), "is not given"),
        (lambda told, seen: (told, [*seen, seen[-1]]), "follower"),
        (lambda told, seen: ([evolve(told[0], acts=told[1].acts), *told[1:]], seen), "each once"),
    ],
)
def test_finds_what_is_wrong(
    register: Register,
    change: Callable[[list[Told], list[FeedItem]], tuple[list[Told], list[FeedItem]]],
    fault: str,
) -> None:
    """A lost act, one that nobody was told of, a feed cut short or doubled, a number used twice."""
    told = [amend(register, RECORDS[0], f"{number}") for number in range(3)]
    told, seen = change(told, list(whole_feed(register.store)))

    found = judged(register.store, told, seen, len(RECORDS))

    assert any(fault in each for each in found.faults), found.faults


@pytest.mark.parametrize(
    ("told", "faults"),
    [
        ((["accepted"], ["Conflict"]), 0),
        ((["accepted"], ["accepted"]), 1),
        ((["Conflict"], ["accepted"]), 1),
        ((["Conflict"], ["Refused"]), 1),
    ],
)
def test_a_family_must_stand_as_it_was_told(told: tuple[list[str], list[str]], faults: int) -> None:
    """A closed parent has a closed child, and one side alone was accepted."""
    register = Register.open("memory:", clock=clock)
    racing.prepare(register, 1)
    racing.fire(register, racing.family(0)[0], "close")

    assert len(racing.judged(register, *told).faults) == faults
