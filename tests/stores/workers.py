"""What the tests run in processes of their own."""

from __future__ import annotations

import os
import sqlite3
import sys

from peelflow.errors import StoreBusy
from peelflow.stores.base import RecordQuery
from peelflow.stores.sqlite import SqliteStore
from tests.builders.containers import process_one
from tests.builders.stores import append_next


def hold(path: str) -> None:
    """Take the write lock in the middle of a batch, tell so, and keep it until killed."""
    store = SqliteStore(path)
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM events")
        os.write(1, b"held\n")
        os.read(0, 1)
    store.close()


def fork(path: str) -> None:
    """Use one store on both sides of a fork; the child goes on after the parent let go."""
    store = SqliteStore(path)
    append_next(store, "before")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        append_next(store, "child")
        os.read(reading, 1)
        append_next(store, "child, alone")
        os._exit(0)
    append_next(store, "after")
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
                append_next(store, "child")
            except StoreBusy:
                os._exit(7)
        told.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    told: list[int] = []
    store._write(work)
    append_next(store, "after")
    print(*told, store.document("digest") == b"\0")  # noqa: T201
    store.close()
    _tell(path)


def fork_as_process_one(path: str) -> None:
    """Fork in the middle of a transaction, as process 1, a child that is process 1 for itself."""
    one = process_one(lambda: _fork_child_of_same_number(path), said=1)
    print(one.code())  # noqa: T201
    _tell(path)


def _fork_child_of_same_number(path: str) -> int:
    store = SqliteStore(path, timeout=0.05)
    append_next(store, "before")

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO documents VALUES ('digest', x'00')")
        child = process_one(lambda: int(store.has_document("digest")))
        told.append(child.code())

    told: list[int] = []
    store._write(work)
    append_next(store, "after")
    store.close()
    return told[0]


def _tell(path: str) -> None:
    store = SqliteStore(path)
    print(*sorted(each.id for each in store.records(RecordQuery())), sep=";")  # noqa: T201
    store.close()


if __name__ == "__main__":
    verbs = {
        "fork": fork,
        "fork-while-writing": fork_while_writing,
        "fork-as-process-one": fork_as_process_one,
        "hold": hold,
    }
    verbs[sys.argv[1]](sys.argv[2])
