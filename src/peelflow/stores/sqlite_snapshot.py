"""One reading of a whole SQLite store, on a connection of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen

from peelflow.stores import statements
from peelflow.stores.columns import ChangeRow, EventRow, RecordRow
from peelflow.stores.schema import connect, fault_of

_T = TypeVar("_T")
_EVENT = 'record, number, "on", kind, key, text, previous, digest'
_HISTORIES = f"SELECT {_EVENT} FROM events ORDER BY record, number"  # noqa: S608
_FEED = f"SELECT position, {_EVENT} FROM events ORDER BY position"  # noqa: S608
_RECORDS = """SELECT id, number, head, force, category, level, lifecycle, version, state, parent,
    body FROM records ORDER BY id"""
_CHANGES = """SELECT record, number, "on", force, category, level, ledger, counts, state, delta
    FROM changes ORDER BY record, number"""
_DOCUMENTS = "SELECT digest, content FROM documents ORDER BY digest"


@contextmanager
def reading(path: Path, url: str, *, timeout: float) -> Iterator[SqliteSnapshot]:
    """Give everything that the file keeps at this moment, until the block ends.

    Raises:
        StoreUnreadable: The file is damaged, or cannot be read.
        StoreBusy: The file stayed locked.
    """
    try:
        with closing(connect(path, url, timeout=timeout)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT schema FROM meta").fetchone()  # the reading begins here
            yield SqliteSnapshot(connection)
    except sqlite3.Error as fault:
        raise fault_of(url, fault) from fault


@frozen
class SqliteSnapshot:
    """A store as it was when its reading began. Not for several threads."""

    _connection: sqlite3.Connection

    def histories(self) -> Iterator[EventRow]:
        """Yield every event by record and number."""
        return self._rows(_HISTORIES, EventRow._make)

    def feed(self) -> Iterator[tuple[int | None, EventRow]]:
        """Yield every event by position."""
        return self._rows(_FEED, lambda row: (row[0], EventRow(*row[1:])))

    def records(self) -> Iterator[RecordRow]:
        """Yield the row of every record by id."""
        return self._rows(_RECORDS, RecordRow._make)

    def changes(self) -> Iterator[ChangeRow]:
        """Yield every change by record and number."""
        return self._rows(_CHANGES, ChangeRow._make)

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Yield every document by its digest."""
        return self._rows(_DOCUMENTS, lambda row: (row[0], bytes(row[1])))

    def lifecycles(self) -> Mapping[tuple[str, int, str], str]:
        """Return every pinned lifecycle's text."""
        return statements.lifecycles(self._connection)

    def _rows(self, sql: str, made: Callable[[tuple[Any, ...]], _T]) -> Iterator[_T]:
        return map(made, self._connection.execute(sql))
