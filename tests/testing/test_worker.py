"""The kit's workers do as they are told, and die when they are told to."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from peelflow.stores.memory import MemoryStore
from peelflow.stores.scoped import ScopedStore
from peelflow.testing import worker
from peelflow.testing.contract import Contract
from peelflow.testing.samples import append_next
from peelflow.testing.worker import DEFAULT_OPENER


class Killed(BaseException):
    """What stands for the end of the process here."""


def test_a_writer_kills_itself_at_its_point(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """S3: the second time that a batch is kept, the process ends, one acknowledged before it."""
    sent = []

    def kill(process: int, number: int) -> None:
        sent.append((process, number))
        raise Killed

    monkeypatch.setattr(os, "kill", kill)
    store = MemoryStore()

    with pytest.raises(Killed):
        worker.append_together(store, "kept", "2")

    assert sent == [(os.getpid(), signal.SIGKILL)]
    assert capsys.readouterr().out == "1\n"
    assert len(store.history("a")) == 2


def test_a_race_counts_what_was_accepted() -> None:
    """S2: a lone racer has no conflict."""
    assert worker.race_appends(MemoryStore(), "a", times=3) == 3


def test_nobody_stops_growing_for_want_of_room() -> None:
    """S1: where nothing is full, every batch is kept."""
    store = MemoryStore()

    assert worker.append_until_refused(store, 2) == 2
    assert len(store.history("c")) == 2


def test_a_url_is_no_argument_of_a_process(tmp_path: Path) -> None:
    """It may hold a password, and anybody sees what a process was started with."""
    url = f"sqlite:///{tmp_path / 'secret.db'}"

    with worker.Worker(DEFAULT_OPENER, url, "step", "a") as child:
        assert child.line() == "ready\n"
        assert child.ask("go") == "1\n"
        assert "secret" not in str(child._child.args)


def test_what_needs_sync_points_is_not_tried_without_them() -> None:
    """S1: a store may have none; its writers are then killed at any moment alone."""
    store = ScopedStore(MemoryStore(), "WMP")
    passed: list[str] = []

    with worker.at_sync_points(store, passed.append):
        append_next(store)

    assert worker.sync_points_of(store) == ()
    assert passed == []
    with pytest.raises(pytest.skip.Exception, match="not tried: it has no sync points"):
        Contract().points_of(store)


def test_who_asks_for_sync_points_is_heard_until_the_block_ends() -> None:
    """S1: the points are those that the store names, in order, and nobody is called afterwards."""
    store = MemoryStore()
    passed: list[str] = []

    with worker.at_sync_points(store, passed.append):
        append_next(store)
    append_next(store)

    assert passed == list(worker.sync_points_of(store)) == ["checked", "kept"]
