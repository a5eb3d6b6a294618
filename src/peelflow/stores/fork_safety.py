"""Let go of files before the process forks, and tell a process from every other in its line.

A child that inherits an open connection inherits SQLite's belief that it holds the file's locks,
even for connections it opens itself. Its parent, closing last as it thinks, then removes the log
that the child still writes to. So every connection is closed before a fork, and opened when next
used. One that reads everything at one moment cannot be opened again at that moment: a fork ends it,
and whoever reads on is told.

A lock that another thread holds at a fork is held in the child for ever, for that thread is not
there. So a fork waits for each lock of ours, and holds it until it is done.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from threading import RLock
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from weakref import WeakSet

from peelflow.errors import StoreUnavailable

_T = TypeVar("_T")
ProcessIdentity = tuple[int, int]
"""How many forks a process is away from the first one, and its number."""


class Pausable(Protocol):
    """Something that lets go of its file, and has its lock free, while the process forks."""

    def pause(self) -> Callable[[], None]:
        """Let go of the file; nobody takes it up, or the lock, before the returned call."""


class ForkGuard:
    """Pauses all that is open before a fork and resumes it after, on both sides."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._open: WeakSet[Pausable] = WeakSet()
        self._asking: WeakSet[Pausable] = WeakSet()
        self._paused = ExitStack()
        self._forks = 0

    def identity(self) -> ProcessIdentity:
        """Return what tells this process from those that it came from.

        Its number alone does not: each container has a process 1, and numbers come again.
        """
        return self._forks, os.getpid()

    def add(self, store: Pausable, *, asks_others: bool = False) -> None:
        """Pause `store` at every fork, as long as it lives.

        Args:
            store: What is to be paused.
            asks_others: Whether it asks others that are paused while it holds its own lock. It is
                paused before them, so that whoever holds that gets the answer and lets go.
        """
        with self._lock:
            (self._asking if asks_others else self._open).add(store)

    def before(self) -> None:
        """Pause everything, and let nothing new be opened.

        Raises:
            BaseException: What something raised that would not let go. The process forks all the
                same, so everything else is paused first; `after` resumes it.
        """
        self._lock.acquire()
        faults = list[BaseException]()
        for store in (*self._asking, *self._open):
            try:
                self._paused.callback(store.pause())
            except BaseException as fault:  # noqa: BLE001 - it is raised below
                faults.append(fault)
        if faults:
            raise faults[0]

    def after(self) -> None:
        """Resume everything, in the parent and in the child."""
        try:
            self._paused.close()
        finally:
            self._lock.release()

    def after_in_child(self) -> None:
        """Resume everything, in a process that is another one."""
        self.after()
        self._forks += 1


@cache
def fork_guard() -> ForkGuard:
    """Return the process's one guard, in force from the first call."""
    guard = ForkGuard()
    if hasattr(os, "register_at_fork"):  # there is nothing to register where nothing forks
        os.register_at_fork(
            before=guard.before, after_in_parent=guard.after, after_in_child=guard.after_in_child
        )
    return guard


_END = object()


class OpenReading:
    """What one reading of everything holds open, until it ends or the process forks.

    Args:
        url: How errors call the store.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = RLock()
        self._held = ExitStack()
        self._has_forked = False
        fork_guard().add(self)

    def open(self, make: Callable[[], _T], end: Callable[[_T], object]) -> _T:
        """Open something, and return it; what was opened last is ended first.

        Args:
            make: Opens it.
            end: Closes it, so that no file or connection stays open.

        Raises:
            StoreUnavailable: The process has forked since the reading began.
        """
        with self._lock:
            self._check_whole()
            made = make()
            self._held.callback(end, made)
            return made

    def rows(self, cursor: Iterable[Any]) -> Iterator[Any]:
        """Yield the rows of a cursor that is held; a fork waits for the row that is being read.

        Raises:
            StoreUnavailable: The process has forked since the reading began.
        """
        rows = iter(cursor)
        while True:
            with self._lock:
                self._check_whole()
                row = next(rows, _END)
            if row is _END:
                return
            yield row

    def pause(self) -> Callable[[], None]:
        """End the reading: the process forks. Nobody reads on before the returned call."""
        with ExitStack() as failed:
            self._lock.acquire()
            failed.callback(self._lock.release)
            self._has_forked = True
            self._held.close()
            failed.pop_all()
        return self._lock.release

    def _check_whole(self) -> None:
        if self._has_forked:
            why = "the process forked while all of it was read"
            raise StoreUnavailable(self._url, why, instead="read it again")

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: object, trace: TracebackType | None
    ) -> None:
        """Close what is held."""
        with self._lock:
            self._held.close()
