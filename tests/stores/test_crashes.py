"""SQLite's own ways to go wrong: a lock whose holder is killed, a read-only file, a fork."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from peelflow.errors import StoreBusy, StoreUnavailable
from peelflow.stores.rows import verify_chain
from peelflow.stores.sqlite import SqliteStore
from tests.builders.containers import process_one
from tests.builders.stores import append_next

ROOT = Path(__file__).parents[2]
NAME = "WMP-R3-017"


def worker(verb: str, path: Path) -> list[str]:
    """Return the command that runs one of the workers."""
    return [sys.executable, "-m", "tests.stores.workers", verb, str(path)]


def said_by(verb: str, path: Path) -> str:
    """Run a worker to its end and return what it printed."""
    done = subprocess.run(worker(verb, path), cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_killed_writers_lock_and_batch_are_gone(file: SqliteStore, path: Path) -> None:
    """S1, S2: while another process holds the file it is busy; killed, it leaves no trace."""
    append_next(file)
    with subprocess.Popen(
        worker("hold", path), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StoreBusy):
            append_next(file)
        assert len(file.history(NAME)) == 1
        holder.kill()
        holder.wait()

    append_next(file)
    assert verify_chain(file.history(NAME)) is None
    assert len(file.history(NAME)) == 2


def test_a_file_that_cannot_be_written_is_still_read(file: SqliteStore) -> None:
    """S1: SQLite's refusal to write is an error of ours, and what was kept can be read."""
    append_next(file)
    file._run(lambda connection: connection.execute("PRAGMA query_only = 1"))

    with pytest.raises(StoreUnavailable, match="readonly"):
        append_next(file)

    assert len(file.history(NAME)) == 1


def test_a_child_keeps_what_it_acknowledged_after_its_parent_closed(path: Path) -> None:
    """S3: no lock goes across a fork, so a parent that closes does not remove the child's log."""
    assert said_by("fork", path) == "after;before;child;child, alone\n"


def test_a_fork_within_a_transaction_leaves_it_whole(path: Path) -> None:
    """S1: the parent's transaction goes on; its child is told that the store is busy."""
    assert said_by("fork-while-writing", path) == "7 True\nafter\n"


def test_a_child_of_the_same_number_is_another_process(path: Path) -> None:
    """18.9: a process 1 whose child is process 1 of its own container lends it no connection.

    The child does not see what its parent's transaction has not committed yet.
    """
    process_one(lambda: 0).code()  # or this is skipped
    assert said_by("fork-as-process-one", path) == "0\nafter;before\n"
