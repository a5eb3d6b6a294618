"""What the tests run in processes of their own."""

from __future__ import annotations

import os
import resource
import sqlite3
import sys

from peelflow.errors import Conflict, StoreBusy, StoreUnreadable
from peelflow.stores.protocol import Store, Wanted
from peelflow.stores.sqlite import SqliteStore
from tests.stores.samples import batch, moved, step

TOGETHER = ("a", "b", "c")


def race(store: Store, times: int) -> int:
    """Try so many increments of one record, never again after a conflict; return the accepted."""
    accepted = 0
    for _ in range(times):
        asked = batch(moved(store))
        try:
            store.append(asked)
        except Conflict:
            continue
        accepted += 1
    return accepted


def race_on(path: str, times: int) -> int:
    """Open the file and `race`."""
    store = SqliteStore(path)
    try:
        return race(store, times)
    finally:
        store.close()


def append_together(path: str) -> None:
    """Append batches over three records until killed, telling how many were kept."""
    store = SqliteStore(path)
    while True:
        store.append(batch(*(moved(store, name) for name in TOGETHER)))
        os.write(1, b"%d\n" % len(store.history("a")))


def hold(path: str) -> None:
    """Take the write lock in the middle of a batch, tell so, and keep it until killed."""
    store = SqliteStore(path)
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM events")
        os.write(1, b"held\n")
        os.read(0, 1)
    store.close()


def fill_the_disk(path: str) -> None:
    """Append until the file may not grow any more; tell what was kept, then go on."""
    store = SqliteStore(path)
    step(store)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        for _ in range(10_000):
            store.append(batch(*(moved(store, name) for name in TOGETHER)))
    except StoreUnreadable as fault:
        print(fault.url, *(len(store.history(name)) for name in TOGETHER))  # noqa: T201
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    store.append(batch(*(moved(store, name) for name in TOGETHER)))
    store.close()


def fork(path: str) -> None:
    """Use one store on both sides of a fork; the child goes on after the parent let go."""
    store = SqliteStore(path)
    step(store, "before")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        step(store, "child")
        os.read(reading, 1)
        step(store, "child, alone")
        os._exit(0)
    step(store, "after")
    store.close()
    SqliteStore(path).close()
    os.write(writing, b"x")
    os.waitpid(child, 0)
    _tell(path)


def fork_while_writing(path: str) -> None:
    """Fork in the middle of a transaction of the same thread, which goes on."""
    store = SqliteStore(path, timeout=0.05)

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO documents VALUES ('digest', x'00')")
        child = os.fork()
        if child == 0:
            try:
                step(store, "child")
            except StoreBusy:
                os._exit(7)
        told.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    told: list[int] = []
    store._write(work)
    step(store, "after")
    print(*told, store.document("digest") == b"\0")  # noqa: T201
    store.close()
    _tell(path)


def _tell(path: str) -> None:
    store = SqliteStore(path)
    print(*sorted(each.id for each in store.records(Wanted())), sep=";")  # noqa: T201
    store.close()


if __name__ == "__main__":
    verbs = {
        "append-together": append_together,
        "fill-the-disk": fill_the_disk,
        "fork": fork,
        "fork-while-writing": fork_while_writing,
        "hold": hold,
    }
    verbs[sys.argv[1]](sys.argv[2])
