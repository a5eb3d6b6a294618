"""Forks: no connection goes across one, because SQLite's locks do not.

A child that inherits an open connection inherits SQLite's belief that it holds the file's locks,
even for connections it opens itself. Its parent, closing last as it thinks, then removes the log
that the child still writes to. So every connection is closed before a fork, and opened when next
used.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from threading import RLock
from typing import Protocol
from weakref import WeakSet


class Pausing(Protocol):
    """Something that lets go of its file while the process forks."""

    def pause(self) -> Callable[[], None]:
        """Let go of the file; nobody takes it up before the returned call."""
        ...


class Forks:
    """Pauses all that is open before a fork and resumes it after, on both sides."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._open: WeakSet[Pausing] = WeakSet()
        self._resume: list[Callable[[], None]] = []

    def add(self, opened: Pausing) -> None:
        """Pause `opened` at every fork, as long as it lives."""
        with self._lock:
            self._open.add(opened)

    def before(self) -> None:
        """Pause everything, and let nothing new be opened."""
        self._lock.acquire()
        self._resume = [each.pause() for each in self._open]

    def after(self) -> None:
        """Resume everything, in the parent and in the child."""
        for resume in self._resume:
            resume()
        self._resume.clear()
        self._lock.release()


@cache
def forks() -> Forks:
    """Return the process's one `Forks`, in force from the first call."""
    found = Forks()
    if hasattr(os, "register_at_fork"):  # there is nothing to register where nothing forks
        os.register_at_fork(
            before=found.before, after_in_parent=found.after, after_in_child=found.after
        )
    return found
