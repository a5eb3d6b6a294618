"""Hold the SQL statements of the SQLite store, and the rows they take and give."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen

from peelflow.model.records import Record
from peelflow.stores.base import (
    ChangeRow,
    EventRow,
    FeedItem,
    LedgerTotal,
    RecordQuery,
    RecordRow,
    StoredEvent,
    StoredRecord,
)
from peelflow.stores.codec import event_from
from peelflow.stores.rows import BatchRows, RecordCache, RowUnreadable, RowValues
from peelflow.stores.sqlite_connection import connect, error_of

_NUMBER_BY_ID = "SELECT id, number FROM records WHERE id = ?"
_NUMBERS_BY_IDS = "SELECT id, number FROM records WHERE id IN (SELECT value FROM json_each(?))"
_RECORD_BY_ID = "SELECT id, head, body FROM records WHERE id = ?"
_RECORDS_BY_IDS = "SELECT id, head, body FROM records WHERE id IN (SELECT value FROM json_each(?))"
_HAS_KEY = "SELECT 1 FROM events WHERE record = ? AND key = ?"
_EVENT_WITH_KEY = "SELECT number, text, previous, digest FROM events WHERE record = ? AND key = ?"
_HISTORY = "SELECT number, text, previous, digest FROM events WHERE record = ? ORDER BY number"
_HISTORIES_BY_IDS = """SELECT record, number, text, previous, digest FROM events
    WHERE record IN (SELECT value FROM json_each(?)) ORDER BY record, number"""
# A field's name is no path: it may hold any character.
_FIELD_CONDITION = """EXISTS (SELECT 1 FROM json_each(body, '$.fields') AS field
    WHERE field.key = ? AND field.type = 'text' AND field.value = ?)"""
# INVARIANT: category, force and parent are a record's first event's; not setting them lets SQLite
# leave their indexes alone when a record moves.
_MOVE_RECORD = """UPDATE records SET number = ?, head = ?, level = ?, lifecycle = ?, version = ?,
    state = ?, body = ? WHERE id = ? AND number = ?"""
_INSERT_RECORD = """INSERT INTO records
    (id, number, head, force, category, level, lifecycle, version, state, parent, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET number = excluded.number, head = excluded.head,
    level = excluded.level, lifecycle = excluded.lifecycle, version = excluded.version,
    state = excluded.state, body = excluded.body"""
_INSERT_EVENT = """INSERT INTO events (record, number, "on", kind, key, text, previous, digest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_CHANGE = """INSERT INTO changes
    (record, number, "on", force, category, level, ledger, counts, state, delta)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_FEED_PAGE = """SELECT position, record, number, text, previous, digest FROM events
    WHERE position > ? ORDER BY position LIMIT ?"""
_POSITION = "SELECT coalesce(max(position), 0) FROM events"
_LIFECYCLE_DIGEST = "SELECT digest FROM lifecycles WHERE name = ? AND version = ?"
_INSERT_LIFECYCLE = (
    "INSERT OR IGNORE INTO lifecycles (name, version, digest, text) VALUES (?, ?, ?, ?)"
)
_DOCUMENT = "SELECT content FROM documents WHERE digest = ?"
_HAS_DOCUMENT = "SELECT 1 FROM documents WHERE digest = ?"
_INSERT_DOCUMENT = "INSERT OR IGNORE INTO documents (digest, content) VALUES (?, ?)"


def _sum_statement(changes: str) -> str:
    """Return the statement that sums up what a table, or a selection, says of changes."""
    return f"""SELECT force, category, level, ledger, counts, sum(delta) FROM {changes}
    WHERE (?1 IS NULL OR "on" <= ?1) AND (?2 IS NULL OR force = ?2)
    GROUP BY force, category, level, ledger, counts HAVING sum(delta) <> 0
    ORDER BY force, category, level, ledger, counts"""  # noqa: S608


_TOTALS = _sum_statement("changes")
# What was known is everything but what came later, which mostly is little: its own text tells it.
_TOTALS_KNOWN = _sum_statement("""(SELECT "on", force, category, level, ledger, counts, delta
      FROM changes UNION ALL
    SELECT json_extract(value, '$.on'), json_extract(value, '$.force'),
    json_extract(value, '$.category'), json_extract(value, '$.level'),
    json_extract(value, '$.ledger'), json_extract(value, '$.counts'),
    -json_extract(value, '$.delta')
    FROM events, json_each(text, '$.changes') WHERE position > ?3)""")


def write_rows(connection: sqlite3.Connection, rows: BatchRows) -> None:
    """Write the rows but the one `moved`; the transaction and every check are the caller's."""
    if rows.records:
        connection.executemany(_INSERT_RECORD, rows.records)
    connection.executemany(_INSERT_EVENT, rows.events)
    connection.executemany(_INSERT_CHANGE, rows.changes)
    if rows.lifecycles:
        connection.executemany(_INSERT_LIFECYCLE, rows.lifecycles)
    if rows.documents:
        connection.executemany(_INSERT_DOCUMENT, rows.documents)


def move_record(connection: sqlite3.Connection, moved: RowValues) -> bool:
    """Move a lone record if its number still is what was read; say whether it was."""
    return connection.execute(_MOVE_RECORD, moved).rowcount == 1


def record_numbers(connection: sqlite3.Connection, ids: Sequence[str]) -> Mapping[str, int]:
    """Return the number of each record that exists among `ids`, in one statement."""
    if len(ids) == 1:
        return dict(connection.execute(_NUMBER_BY_ID, ids).fetchall())
    return dict(connection.execute(_NUMBERS_BY_IDS, (json.dumps(ids),)).fetchall())


def read_records(
    connection: sqlite3.Connection, ids: Collection[str], recent: RecordCache
) -> Mapping[str, StoredRecord]:
    """Return the records that exist among `ids`, in one statement."""
    if len(ids) == 1:
        rows = connection.execute(_RECORD_BY_ID, tuple(ids)).fetchall()
    else:
        rows = connection.execute(_RECORDS_BY_IDS, (json.dumps(list(ids)),)).fetchall()
    return {row[0]: _cached_record(recent, *row) for row in rows}


def has_key(connection: sqlite3.Connection, record: str, key: str) -> bool:
    """Return whether an event of `record` carries `key`."""
    return connection.execute(_HAS_KEY, (record, key)).fetchone() is not None


def event_with_key(connection: sqlite3.Connection, record: str, key: str) -> StoredEvent | None:
    """Return the event of `record` that carries `key`."""
    row = connection.execute(_EVENT_WITH_KEY, (record, key)).fetchone()
    return None if row is None else _stored_event(record, *row)


def history(connection: sqlite3.Connection, record: str) -> tuple[StoredEvent, ...]:
    """Return the events of `record` by number."""
    rows = connection.execute(_HISTORY, (record,)).fetchall()
    return tuple(_stored_event(record, *row) for row in rows)


def histories(
    connection: sqlite3.Connection, ids: Collection[str]
) -> Mapping[str, tuple[StoredEvent, ...]]:
    """Return the events of each record that exists among `ids`, by number, in one statement."""
    rows = connection.execute(_HISTORIES_BY_IDS, (json.dumps(list(ids)),)).fetchall()
    return {
        record: tuple(_stored_event(*row) for row in each)
        for record, each in groupby(rows, key=itemgetter(0))
    }


def feed(connection: sqlite3.Connection, after: int, limit: int) -> tuple[FeedItem, ...]:
    """Return the events behind a position, by theirs."""
    rows = connection.execute(_FEED_PAGE, (after, limit)).fetchall()
    return tuple(FeedItem(position, _stored_event(*row)) for position, *row in rows)


def position(connection: sqlite3.Connection) -> int:
    """Return the position of the last event, 0 where there is none."""
    (found,) = connection.execute(_POSITION).fetchone()
    return int(found)


def list_records(
    connection: sqlite3.Connection, sql: str, asked: RowValues, decode: Callable[[str, str], Record]
) -> list[Record]:
    """Return the records that a `listing` gives; `decode` reads one from its id and text."""
    rows = connection.execute(sql, asked).fetchall()
    return [_decoded_record(record, body, decode) for record, body in rows]


def listing_statement(wanted: RecordQuery, *, after: str | None) -> tuple[str, RowValues]:
    """Return the statement that lists what is wanted by id, from the first one behind `after`.

    With it comes all that it asks with, but its last value, the limit.
    """
    asked = {
        "id > ?": after,
        "category = ?": wanted.category,
        "force = ?": wanted.force,
        "state = ?": wanted.state,
        "parent = ?": wanted.parent,
    }
    where: dict[str, RowValues] = {sql: (each,) for sql, each in asked.items() if each is not None}
    if wanted.level != "any":
        where["+level IS ?"] = (wanted.level,)  # the sign: a text is no number here
    if wanted.field is not None:
        where[_FIELD_CONDITION] = wanted.field
    sql = f"SELECT id, body FROM records WHERE {' AND '.join(where) or '1'} ORDER BY id LIMIT ?"  # noqa: S608
    return sql, tuple(chain.from_iterable(where.values()))


def totals(
    connection: sqlite3.Connection, as_at: date | None, force: str | None, known: int | None
) -> tuple[LedgerTotal, ...]:
    """Return the sums of the changes dated on or before `as_at`, zeros left out."""
    on = None if as_at is None else as_at.isoformat()
    sql, asked = (_TOTALS, (on, force)) if known is None else (_TOTALS_KNOWN, (on, force, known))
    return tuple(LedgerTotal(*row) for row in connection.execute(sql, asked).fetchall())


def keep_document(connection: sqlite3.Connection, digest: str, content: bytes) -> None:
    """Insert a document unless it is there."""
    connection.execute(_INSERT_DOCUMENT, (digest, content))


def document(connection: sqlite3.Connection, digest: str) -> bytes | None:
    """Return a document's content."""
    row = connection.execute(_DOCUMENT, (digest,)).fetchone()
    return None if row is None else bytes(row[0])


def has_document(connection: sqlite3.Connection, digest: str) -> bool:
    """Return whether there is such a document; its content is not read."""
    return connection.execute(_HAS_DOCUMENT, (digest,)).fetchone() is not None


def lifecycle_digest(connection: sqlite3.Connection, name: str, version: int) -> str | None:
    """Return the digest that is kept of a lifecycle, None when none is."""
    row = connection.execute(_LIFECYCLE_DIGEST, (name, version)).fetchone()
    return None if row is None else str(row[0])


def lifecycles(connection: sqlite3.Connection) -> Mapping[tuple[str, int, str], str]:
    """Return every kept lifecycle's text."""
    sql = "SELECT name, version, digest, text FROM lifecycles ORDER BY name, version, digest"
    rows = connection.execute(sql).fetchall()
    return {(name, version, digest): text for name, version, digest, text in rows}


def _decoded_record(record: str, body: str, decode: Callable[[str, str], Record]) -> Record:
    try:
        return decode(record, body)
    except ValueError as fault:
        raise _unreadable_row(record, fault) from fault


def _cached_record(recent: RecordCache, record: str, head: str, body: str) -> StoredRecord:
    try:
        return recent.kept(record, head, body)
    except ValueError as fault:
        raise _unreadable_row(record, fault) from fault


def _unreadable_row(record: str, fault: ValueError) -> RowUnreadable:
    return RowUnreadable(f"the row of {record}: {fault}")


def _stored_event(record: str, number: int, text: str, previous: str, digest: str) -> StoredEvent:
    try:
        return StoredEvent(event_from(text), text, previous, digest)
    except ValueError as fault:
        why = f"event {number} of {record}: {fault}"
        raise RowUnreadable(why) from fault


_T = TypeVar("_T")
_EVENT_COLUMNS = 'record, number, "on", kind, key, text, previous, digest'
_ALL_EVENTS = f"SELECT {_EVENT_COLUMNS} FROM events ORDER BY record, number"  # noqa: S608
_WHOLE_FEED = f"SELECT position, {_EVENT_COLUMNS} FROM events ORDER BY position"  # noqa: S608
_ALL_RECORDS = """SELECT id, number, head, force, category, level, lifecycle, version, state,
    parent, body FROM records ORDER BY id"""
_ALL_CHANGES = """SELECT record, number, "on", force, category, level, ledger, counts, state, delta
    FROM changes ORDER BY record, number"""
_ALL_DOCUMENTS = "SELECT digest, content FROM documents ORDER BY digest"


@contextmanager
def open_snapshot(path: Path, url: str, *, timeout: float) -> Iterator[SqliteSnapshot]:
    """Give everything that the file keeps at this moment, until the block ends.

    Raises:
        StoreUnavailable: The file is damaged, or cannot be read.
        StoreBusy: The file stayed locked.
    """
    try:
        with closing(connect(path, url, timeout=timeout)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT schema FROM meta").fetchone()  # the reading begins here
            yield SqliteSnapshot(connection)
    except sqlite3.Error as fault:
        raise error_of(url, fault) from fault


@frozen
class SqliteSnapshot:
    """A store as it was when its reading began. Not for several threads."""

    _connection: sqlite3.Connection

    def histories(self) -> Iterator[EventRow]:
        """Yield every event by record and number."""
        return self._rows(_ALL_EVENTS, EventRow._make)

    def feed(self) -> Iterator[tuple[int | None, EventRow]]:
        """Yield every event by position."""
        return self._rows(_WHOLE_FEED, lambda row: (row[0], EventRow(*row[1:])))

    def records(self) -> Iterator[RecordRow]:
        """Yield the row of every record by id."""
        return self._rows(_ALL_RECORDS, RecordRow._make)

    def changes(self) -> Iterator[ChangeRow]:
        """Yield every change by record and number."""
        return self._rows(_ALL_CHANGES, ChangeRow._make)

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Yield every document by its digest."""
        return self._rows(_ALL_DOCUMENTS, lambda row: (row[0], bytes(row[1])))

    def lifecycles(self) -> Mapping[tuple[str, int, str], str]:
        """Return every pinned lifecycle's text."""
        return lifecycles(self._connection)

    def _rows(self, sql: str, made: Callable[[tuple[Any, ...]], _T]) -> Iterator[_T]:
        return map(made, self._connection.execute(sql))
