"""Run the kit's work in child processes, to kill them, starve them or race them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pkgutil import resolve_name
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from attrs import field

from peelflow.errors import Conflict, InvalidRequest, StoreError
from peelflow.results import frozen
from peelflow.stores.base import Store
from peelflow.testing.samples import append_next, next_batch

DEFAULT_OPENER = "peelflow.stores.opening:open_store"


def open_with(opener: str, url: str) -> Store:
    """Open the store at `url` by an opener that `module:function` names."""
    try:
        function: Callable[[str], Store] = resolve_name(opener).__call__  # a module has none
    except (ImportError, AttributeError, ValueError) as fault:
        what, instead = f"opener {opener!r}", "write `module:function`, such as `mine.stores:open`"
        raise InvalidRequest(what, f"cannot be found ({fault})", instead) from fault
    return function(url)


def child_environment() -> dict[str, str]:
    """Return the environment for a child process that is to import what this one can."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


FILE_SIZE_LIMIT = 300_000


class Worker:
    """A worker process: `with Worker(opener, url, verb, …) as worker`; killed when the block ends.

    What it acknowledges comes line by line.
    """

    def __init__(self, opener: str, url: str, verb: str, *args: str) -> None:
        command = [sys.executable, "-m", __name__, opener, verb, *args]
        pipe, env = subprocess.PIPE, child_environment()
        child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=env)
        assert child.stdin is not None
        assert child.stdout is not None
        self._child, self._stdin, self._stdout = child, child.stdin, child.stdout
        self.say(json.dumps(url))  # it may hold a password, and others see a process's arguments

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        with self._child:  # waits for it, and closes what it was heard by
            pass

    def line(self) -> str:
        """Return the next line the worker says."""
        return self._stdout.readline()

    def say(self, line: str) -> None:
        """Say a line to the worker."""
        self._stdin.write(f"{line}\n")
        self._stdin.flush()

    def ask(self, line: str) -> str:
        """Say a line to the worker and return the one it answers."""
        self.say(line)
        return self.line()

    def read(self) -> str:
        """Return all that the worker says until it ends."""
        return self._stdout.read()

    def kill(self) -> None:
        """End the worker as `kill -9` does; one that has ended stays as it ended."""
        self._child.kill()

    def end(self) -> int:
        """Say no more to the worker, wait until it ends by itself, and return its exit code."""
        self._stdin.close()
        return self.code()

    def code(self) -> int:
        """Wait for the worker's end and return its exit code; a signal's is negative."""
        return self._child.wait()


@runtime_checkable
class SyncPoints(Protocol):
    """What a store may have, so that the kit can stop and kill it in the middle of its work.

    Attributes:
        sync_points: The points that `append` passes, in order.
        at_sync_point: Called by `append` with the name of each, in the thread that appends.
    """

    sync_points: tuple[str, ...]
    at_sync_point: Callable[[str], None]


def sync_points_of(store: Store) -> tuple[str, ...]:
    """Return the sync points of a store, none where it has no `SyncPoints`."""
    return store.sync_points if isinstance(store, SyncPoints) else ()


@contextmanager
def at_sync_points(store: Store, call: Callable[[str], None]) -> Iterator[None]:
    """Have `call` called at each sync point of a store, where it has any, until the block ends."""
    if not isinstance(store, SyncPoints):
        yield
        return
    before, store.at_sync_point = store.at_sync_point, call
    try:
        yield
    finally:
        store.at_sync_point = before


@frozen
class AtPoint:
    """Does something at the n-th time that a sync point is passed: kills the process, by itself."""

    point: str
    act: Callable[[], object] = lambda: os.kill(os.getpid(), signal.SIGKILL)
    nth: int = 1
    passed: list[str] = field(factory=list)

    def __call__(self, point: str) -> None:
        """Count the point, and act when it is time."""
        if point == self.point:
            self.passed.append(point)
            if len(self.passed) == self.nth:
                self.act()


def race_appends(store: Store, name: str, *, times: int) -> int:
    """Try so many steps of one record, never again after a conflict; return those accepted."""
    accepted = 0
    for _ in range(times):
        try:
            append_next(store, name)
        except Conflict:
            continue
        accepted += 1
    return accepted


def append_together(store: Store, point: str, nth: str) -> None:
    """Append batches over three records until killed, saying the number each time."""
    with at_sync_points(store, AtPoint(point, nth=int(nth))):
        while True:
            together = next_batch(store)
            store.append(together)
            print_line(together.entries[0].event.number)


def fill_disk(store: Store) -> None:
    """Append until no file may grow any more; then with room again, once; say the last number."""
    import resource  # Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE_LIMIT, hard))
    acknowledged = append_until_refused(store, 1000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    print_line(acknowledged + append_until_refused(store, 1))


def append_until_refused(store: Store, times: int) -> int:
    """Append up to so many batches, until the store says that it cannot; return how many."""
    for done in range(times):
        try:
            store.append(next_batch(store, reason="x" * 2000))
        except StoreError:
            return done
    return times


def race_when_told(store: Store, name: str, times: str) -> None:
    """Race from this process and say how many were accepted; begin when told to."""
    print_line("ready")
    sys.stdin.readline()
    print_line(race_appends(store, name, times=int(times)))


def append_on_each_line(store: Store, *names: str) -> None:
    """Hold the store open, and step the records in one batch for each line that is heard."""
    print_line("ready")
    for _ in sys.stdin:
        together = next_batch(store, names)
        store.append(together)
        print_line(together.entries[0].event.number)


def print_line(what: object) -> None:
    """Print a line at once."""
    print(what, flush=True)  # noqa: T201


VERBS: dict[str, Callable[..., None]] = {
    "together": append_together,
    "fill": fill_disk,
    "race": race_when_told,
    "step": append_on_each_line,
}


def main(opener: str, verb: str, *args: str) -> None:
    """Open the store, whose URL is the first line heard, and do the verb on it."""
    store = open_with(opener, json.loads(sys.stdin.readline()))
    try:
        VERBS[verb](store, *args)
    finally:
        store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
