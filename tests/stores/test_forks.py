"""What is open lets go before the process forks, and goes on after."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from attrs import define, field

from peelflow import Register
from peelflow.errors import StoreUnavailable
from peelflow.stores.fork_safety import ForkGuard, OpenReading, fork_guard
from peelflow.stores.memory import MemoryStore
from peelflow.stores.opening import open_store
from tests.builders.stores import append_next
from tests.stores.conftest import url_of


@define(eq=False)
class Told:
    """Something that is paused and resumed, and tells so."""

    told: list[str] = field(factory=list)

    def pause(self) -> Callable[[], None]:
        """Tell it."""
        self.told.append("paused")
        return lambda: self.told.append("resumed")


def test_everything_open_is_paused_and_resumed_at_each_fork() -> None:
    """S3: nobody crosses a fork with a file open, at the second fork either."""
    forks, one, other = ForkGuard(), Told(), Told()
    forks.add(one)
    forks.add(other)
    for _ in range(2):
        forks.before()
        forks.after()

    assert one.told == other.told == ["paused", "resumed"] * 2


def test_a_child_is_another_process_whatever_its_number() -> None:
    """18.9: numbers come again, and each container has a process 1."""
    forks = ForkGuard()
    first = forks.identity()
    forks.before()
    forks.after()
    assert forks.identity() == first
    forks.before()
    forks.after_in_child()
    assert forks.identity() != first


class Stuck:
    """Something that cannot let go."""

    def pause(self) -> Callable[[], None]:
        """Fail."""
        raise OSError("it is stuck")


def test_what_does_not_let_go_keeps_nothing_else_from_it() -> None:
    """18.11: it is told, and everything else is paused and resumed; the guard is free again."""
    forks = ForkGuard()
    others = [Told() for _ in range(8)]
    stuck = [Stuck() for _ in range(8)]
    for one, other in zip(others, stuck, strict=True):
        forks.add(one)
        forks.add(other)
    with pytest.raises(OSError, match="it is stuck"):
        forks.before()
    assert [each.told for each in others] == [["paused"]] * 8
    forks.after()
    assert [each.told for each in others] == [["paused", "resumed"]] * 8


def test_a_store_is_not_locked_by_another_that_does_not_let_go(tmp_path: Path) -> None:
    """18.11: by a fork that really happens, in the parent and in the child."""
    script = tmp_path / "forks.py"
    script.write_text(FORKING, "utf-8")
    url = f"sqlite:///{tmp_path / 'register.db'}"
    done = subprocess.run(
        [sys.executable, str(script), url], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, ["child", "parent"])
    assert "it is stuck" in done.stderr


FORKING = """
import os, sys
from threading import Thread
from peelflow.stores.base import RecordQuery
from peelflow.stores.fork_safety import fork_guard
from peelflow.stores.opening import open_store

class Stuck:
    def pause(self):
        raise OSError("it is stuck")

stuck = [Stuck() for _ in range(8)]
for each in stuck[:4]:
    fork_guard().add(each)
stores = [open_store(sys.argv[1]) for _ in range(4)]
for each in stuck[4:]:
    fork_guard().add(each)

def read(name):
    # Another thread: the lock would let the one that forks in again.
    done = []
    for store in stores:
        thread = Thread(target=lambda: done.append(store.position()), daemon=True)
        thread.start()
        thread.join(10)
    if done != [0] * 4:
        os._exit(1)
    print(name, flush=True)

child = os.fork()
if not child:
    read("child")
    os._exit(0)
_, status = os.waitpid(child, 0)
read("parent")
sys.exit(status)
"""


def test_nobody_reads_on_between_the_pause_and_the_fork() -> None:
    """Else the child would have a lock that a thread holds which is not there."""
    reading, told = OpenReading("memory:"), list[str]()

    def read() -> None:
        with pytest.raises(StoreUnavailable):
            reading.open(lambda: None, lambda _: None)
        told.append("refused")

    resume = reading.pause()
    thread = Thread(target=read, daemon=True)
    thread.start()
    thread.join(0.05)
    assert told == []
    resume()
    thread.join(10)
    assert told == ["refused"]


def test_what_cannot_be_closed_keeps_no_reading_locked() -> None:
    """It is told, and whoever reads on is told that the process forked."""
    reading = OpenReading("memory:")

    def fail(_: object) -> None:
        raise OSError("it is stuck")

    reading.open(lambda: None, fail)
    with pytest.raises(OSError, match="it is stuck"):
        reading.pause()
    thread = Thread(target=lambda: reading.__exit__(None, None, None), daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("kind", ["sqlite", "sql-sqlite", "postgresql"])
def test_a_reading_of_everything_ends_at_a_fork(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """18.11: in words, on both sides; the child inherits nothing of it, and both go on."""
    url = url_of(kind, request, tmp_path)
    with closing(open_store(url)) as store:
        for number in range(3):
            append_next(store, f"R-{number}")
    script = tmp_path / "forks.py"
    script.write_text(READING, "utf-8")
    done = subprocess.run(
        [sys.executable, str(script), url], capture_output=True, text=True, timeout=60, check=False
    )
    said = ["child forked 3 0", "parent forked 3 0"]
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, said, "")


READING = """
import os, sys
from peelflow.errors import StoreUnavailable
from peelflow.stores.base import RecordQuery
from peelflow.stores.opening import open_store

def open_files():
    fds = os.listdir("/proc/self/fd")
    paths = [f"/proc/self/fd/{fd}" for fd in fds]
    links = [os.readlink(path) for path in paths if os.path.exists(path)]
    return sum(".db" in link or link.startswith("socket:") for link in links)

store = open_store(sys.argv[1])

def go_on(name, held):
    try:
        list(rows)
        told = "whole"
    except StoreUnavailable as fault:
        told = "forked" if "the process forked" in str(fault) else str(fault)
    print(name, told, len(list(store.records(RecordQuery()))), held, flush=True)

with store.snapshot() as snapshot:
    rows = snapshot.histories()
    next(rows)
    child = os.fork()
    if not child:
        go_on("child", open_files())
        sys.exit(0)
    held = open_files()
    _, status = os.waitpid(child, 0)
    go_on("parent", held)
sys.exit(status)
"""


def is_free(lock: Any) -> bool:
    """Return whether another thread may take a lock."""
    taken = list[bool]()

    def take() -> None:
        taken.append(lock.acquire(blocking=False))
        if taken[0]:
            lock.release()

    thread = Thread(target=take)
    thread.start()
    thread.join()
    return taken[0]


@pytest.mark.parametrize("kind", ["memory", "sqlite", "sql-sqlite", "postgresql"])
def test_no_lock_of_ours_is_held_by_another_thread_at_a_fork(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Else the child would wait for ever for a thread that is not there: of a store, and of names.

    A fork waits for each, and nobody takes one until it is done.
    """
    with Register.open(url_of(kind, request, tmp_path)) as register:
        store: Any = register.store
        locks = (
            register.services.names._lock,
            store._process().lock if kind == "sqlite" else store._lock,
        )
        assert [is_free(lock) for lock in locks] == [True, True]
        fork_guard().before()
        try:
            assert [is_free(lock) for lock in locks] == [False, False]
        finally:
            fork_guard().after()
        assert [is_free(lock) for lock in locks] == [True, True]


def test_a_closed_store_in_memory_has_no_lock_to_take() -> None:
    """S13: nobody asks it anything."""
    store = MemoryStore()
    store.close()
    store.pause()()
    with pytest.raises(StoreUnavailable):
        store.position()


def test_what_asks_others_under_a_lock_is_paused_before_them() -> None:
    """Whoever holds that lock goes on until it has its answer; then the store is paused."""
    forks, order = ForkGuard(), list[str]()

    @define(eq=False)
    class Named:
        name: str

        def pause(self) -> Callable[[], None]:
            order.append(self.name)
            return lambda: order.append(f"{self.name} again")

    below = [Named("store") for _ in range(8)]
    above = [Named("names") for _ in range(8)]
    for store, names in zip(below, above, strict=True):
        forks.add(store)
        forks.add(names, asks_others=True)
    forks.before()
    assert order == ["names"] * 8 + ["store"] * 8
    forks.after()
    assert order[16:] == ["store again"] * 8 + ["names again"] * 8


@pytest.mark.parametrize("kind", ["sqlite", "sql-sqlite", "postgresql"])
def test_a_child_reads_the_names_that_another_thread_was_reading(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """It waited for ever, for the lock of a thread that it does not have."""
    url = url_of(kind, request, tmp_path)
    script = tmp_path / "forks.py"
    script.write_text(NAMING, "utf-8")
    done = subprocess.run(
        [sys.executable, str(script), url], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


NAMING = """
import os, signal, sys
from datetime import date
from threading import Event, Thread
from peelflow import Actor, Register
from peelflow.register.known_names import KnownNames
from peelflow.stores.fork_safety import fork_guard

register = Register.open(sys.argv[1])
reading, forking = Event(), Event()
read_whole = KnownNames._read_whole

def read_slowly(names, store, categories):
    reading.set()
    forking.wait()
    for _ in range(500):  # the fork has begun, and a store that is paused keeps this thread here
        store.lifecycles()
    read_whole(names, store, categories)

def add(record):
    fields, kim = {"owner": "lee"}, Actor("kim", "liaison_officer")
    said = {"category": "recommendation", "level": 2, "force": "wmp", "actor": kim}
    register.add(record, issued=date(2023, 1, 9), fields=fields, recorded_by="kim", **said)

KnownNames._read_whole = read_slowly
thread = Thread(target=add, args=("R-1",))
thread.start()
reading.wait()
os.register_at_fork(before=forking.set)  # before what peelflow does then
child = os.fork()
if not child:
    signal.alarm(30)
    add("R-2")
    os._exit(0)
thread.join()
_, status = os.waitpid(child, 0)
assert {record.id for record in register.records()} == {"R-1", "R-2"}, status
"""


def test_what_is_forgotten_is_not_kept_alive() -> None:
    """S6: memory stays bounded over any number of stores opened in a process."""
    forks, told = ForkGuard(), list[str]()
    forks.add(Told(told))
    gc.collect()
    forks.before()
    forks.after()

    assert told == []


def test_where_nothing_forks_nothing_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """S11: Windows has no fork, and opens stores all the same."""
    monkeypatch.delattr(os, "register_at_fork")

    assert isinstance(fork_guard.__wrapped__(), ForkGuard)
