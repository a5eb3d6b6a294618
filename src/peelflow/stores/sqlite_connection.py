"""Open a SQLite file as a peelflow store: its schema, its errors, and safety across forks.

A child that inherits an open connection inherits SQLite's belief that it holds the file's locks,
even for connections it opens itself. Its parent, closing last as it thinks, then removes the log
that the child still writes to. So every connection is closed before a fork, and opened when next
used.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import RLock
from time import monotonic, sleep
from typing import Protocol
from weakref import WeakSet

from peelflow.errors import StoreBusy, StoreError, StoreUnavailable, StoreVersion


class Pausable(Protocol):
    """Something that lets go of its file while the process forks."""

    def pause(self) -> Callable[[], None]:
        """Let go of the file; nobody takes it up before the returned call."""
        ...


class ForkGuard:
    """Pauses all that is open before a fork and resumes it after, on both sides."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._open: WeakSet[Pausable] = WeakSet()
        self._resume: list[Callable[[], None]] = []

    def add(self, store: Pausable) -> None:
        """Pause `opened` at every fork, as long as it lives."""
        with self._lock:
            self._open.add(store)

    def before(self) -> None:
        """Pause everything, and let nothing new be opened."""
        self._lock.acquire()
        self._resume = [store.pause() for store in self._open]

    def after(self) -> None:
        """Resume everything, in the parent and in the child."""
        for resume in self._resume:
            resume()
        self._resume.clear()
        self._lock.release()


@cache
def fork_guard() -> ForkGuard:
    """Return the process's one `Forks`, in force from the first call."""
    guard = ForkGuard()
    if hasattr(os, "register_at_fork"):  # there is nothing to register where nothing forks
        os.register_at_fork(
            before=guard.before, after_in_parent=guard.after, after_in_child=guard.after
        )
    return guard


SCHEMA = 1
_BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_ADVICE = {
    sqlite3.SQLITE_FULL: "make room on the disk, then try again",
    sqlite3.SQLITE_READONLY: "let the file and its folder be written to",
}
_RETRY_PAUSE = 0.002
APPLICATION_ID = 0x7065656C  # "peel", in the file's header: no other application's file is touched

TABLES = (
    """CREATE TABLE meta (schema INTEGER NOT NULL)""",
    """CREATE TABLE records (
        id TEXT PRIMARY KEY, number INTEGER NOT NULL, head TEXT NOT NULL, force TEXT NOT NULL,
        category TEXT NOT NULL, level INTEGER, lifecycle TEXT NOT NULL, version INTEGER NOT NULL,
        state TEXT NOT NULL, parent TEXT, body TEXT NOT NULL)""",
    """CREATE INDEX records_by_category ON records (category, force, id)""",
    """CREATE INDEX records_by_parent ON records (parent, id) WHERE parent IS NOT NULL""",
    # INVARIANT: SQLite has one writer at a time and no event is deleted, so the positions it gives
    # are those of the feed: dense, in the order of the commits.
    """CREATE TABLE events (
        position INTEGER PRIMARY KEY, record TEXT NOT NULL, number INTEGER NOT NULL,
        "on" TEXT NOT NULL, kind TEXT NOT NULL, key TEXT, text TEXT NOT NULL,
        previous TEXT NOT NULL, digest TEXT NOT NULL, UNIQUE (record, number))""",
    """CREATE UNIQUE INDEX events_by_key ON events (record, key) WHERE key IS NOT NULL""",
    """CREATE TABLE changes (
        record TEXT NOT NULL, number INTEGER NOT NULL, "on" TEXT NOT NULL, force TEXT NOT NULL,
        category TEXT NOT NULL, level INTEGER, ledger TEXT NOT NULL, counts TEXT NOT NULL,
        state TEXT NOT NULL, delta INTEGER NOT NULL)""",
    """CREATE TABLE documents (digest TEXT PRIMARY KEY, content BLOB NOT NULL)""",
    """CREATE TABLE lifecycles (
        name TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, text TEXT NOT NULL,
        PRIMARY KEY (name, version)) WITHOUT ROWID""",
)


def connect(path: Path, url: str, *, timeout: float) -> sqlite3.Connection:
    """Open the store in `path`, making it if there is no file or an empty one.

    Args:
        path: The database file; its folder must exist.
        url: How errors call the store.
        timeout: Seconds to wait for another writer.

    Raises:
        StoreVersion: The file's schema is newer than `SCHEMA`.
        StoreUnavailable: The folder is missing, or the file is no peelflow store.
        sqlite3.Error: Whatever SQLite itself finds.
    """
    if not path.parent.is_dir():
        raise StoreUnavailable(url, f"there is no folder `{path.parent}`")
    if path.is_dir():
        raise StoreUnavailable(url, "it is a folder")
    connection = sqlite3.connect(
        path, timeout=timeout, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare_patiently(connection, url, until=monotonic() + timeout)
    except BaseException:
        connection.close()
        raise
    return connection


def error_of(url: str, fault: sqlite3.Error) -> StoreError:
    """Return what SQLite found as an error of ours: that the file is locked, or what to do."""
    if is_busy(fault):
        return StoreBusy(url)
    return StoreUnavailable(url, str(fault), instead=advice_for(fault))


def advice_for(fault: sqlite3.Error) -> str | None:
    """Return what to do about what SQLite found, None where the file itself is to be looked at."""
    return _ADVICE.get(_primary_code(fault))


def is_busy(fault: sqlite3.Error) -> bool:
    """Return whether SQLite gave up because somebody else held a lock."""
    return _primary_code(fault) in _BUSY_CODES


def _primary_code(fault: sqlite3.Error) -> int:
    """Return SQLite's primary code of an error, 0 for one of the driver's own."""
    return int(getattr(fault, "sqlite_errorcode", 0)) & 0xFF


def _prepare_patiently(connection: sqlite3.Connection, url: str, *, until: float) -> None:
    # SQLite's own waiting leaves out the change to WAL: of two that open a new file at once, one
    # is told at once that it is locked.
    while True:
        try:
            return _prepare(connection, url)
        except sqlite3.OperationalError as fault:
            if not is_busy(fault) or monotonic() > until:
                raise
        sleep(_RETRY_PAUSE)


def _prepare(connection: sqlite3.Connection, url: str) -> None:
    if _is_empty(connection):
        _create(connection)
    if _number_from(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise StoreUnavailable(url, "it is another application's database")
    schema = _number_from(connection, "SELECT max(schema) FROM meta")
    if schema > SCHEMA:
        raise StoreVersion(url, found=schema, known=SCHEMA)
    if schema < SCHEMA:
        raise StoreUnavailable(url, f"its schema number is {schema}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _create(connection: sqlite3.Connection) -> None:
    with connection:  # commits, or rolls back
        connection.execute("BEGIN IMMEDIATE")
        if not _is_empty(connection):  # somebody else was quicker
            return
        for table in TABLES:
            connection.execute(table)
        connection.execute("INSERT INTO meta VALUES (?)", (SCHEMA,))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _is_empty(connection: sqlite3.Connection) -> bool:
    return not (
        _number_from(connection, "PRAGMA application_id")
        or _number_from(connection, "SELECT count(*) FROM sqlite_master")
    )


def _number_from(connection: sqlite3.Connection, sql: str) -> int:
    (number,) = connection.execute(sql).fetchone()
    return number if isinstance(number, int) else 0
