"""What the tests run in processes of their own."""

from __future__ import annotations

import itertools
import os
import sqlite3
import sys

from peelflow.errors import Conflict, StoreBusy
from peelflow.stores.protocol import Store, Wanted
from peelflow.stores.sqlite import SqliteStore
from tests.stores.samples import batch, moved, step


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


def append_for_ever(path: str) -> None:
    """Append until killed, telling each number once `append` has returned."""
    store = SqliteStore(path)
    for number in itertools.count(1):
        step(store)
        os.write(1, b"%d\n" % number)


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
    verbs = {"append": append_for_ever, "fork": fork, "fork-while-writing": fork_while_writing}
    verbs[sys.argv[1]](sys.argv[2])
