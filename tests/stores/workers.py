"""What the tests run in processes of their own."""

from __future__ import annotations

import itertools
import os
import sys

from peelflow.errors import Conflict
from peelflow.stores.protocol import Store
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
    """Use one store on both sides of a fork, the parent's connection being open."""
    store = SqliteStore(path)
    step(store, "before")
    child = os.fork()
    if child == 0:
        step(store, "child")
        os._exit(0)
    os.waitpid(child, 0)
    step(store, "after")
    print(*sorted(store.read(["before", "child", "after"])))  # noqa: T201
    store.close()


if __name__ == "__main__":
    {"append": append_for_ever, "fork": fork}[sys.argv[1]](sys.argv[2])
