"""The statements: SQL texts of the SQLite store, and the rows they take and give."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from itertools import chain, groupby
from operator import itemgetter

from peelflow.model.records import Record
from peelflow.stores.codec import event_from
from peelflow.stores.protocol import Entry, Kept, Placed, Total, Wanted
from peelflow.stores.recent import Recent
from peelflow.stores.rows import Cells, Rows

_ONE_NUMBER = "SELECT id, number FROM records WHERE id = ?"
_NUMBERS = "SELECT id, number FROM records WHERE id IN (SELECT value FROM json_each(?))"
_ONE_RECORD = "SELECT id, head, body FROM records WHERE id = ?"
_RECORDS = "SELECT id, head, body FROM records WHERE id IN (SELECT value FROM json_each(?))"
_HAS_KEY = "SELECT 1 FROM events WHERE record = ? AND key = ?"
_KEYED = "SELECT number, text, previous, digest FROM events WHERE record = ? AND key = ?"
_HISTORY = "SELECT number, text, previous, digest FROM events WHERE record = ? ORDER BY number"
_HISTORIES = """SELECT record, number, text, previous, digest FROM events
    WHERE record IN (SELECT value FROM json_each(?)) ORDER BY record, number"""
# A field's name is no path: it may hold any character.
_FIELD = """EXISTS (SELECT 1 FROM json_each(body, '$.fields') AS field
    WHERE field.key = ? AND field.type = 'text' AND field.value = ?)"""
# INVARIANT: category, force and parent are a record's first event's; not setting them lets SQLite
# leave their indexes alone when a record moves.
_MOVE_RECORD = """UPDATE records SET number = ?, head = ?, level = ?, lifecycle = ?, version = ?,
    state = ?, body = ? WHERE id = ? AND number = ?"""
_PUT_RECORD = """INSERT INTO records
    (id, number, head, force, category, level, lifecycle, version, state, parent, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET number = excluded.number, head = excluded.head,
    level = excluded.level, lifecycle = excluded.lifecycle, version = excluded.version,
    state = excluded.state, body = excluded.body"""
_PUT_EVENT = """INSERT INTO events (record, number, "on", kind, key, text, previous, digest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_PUT_CHANGE = """INSERT INTO changes
    (record, number, "on", force, category, level, ledger, counts, state, delta)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_FEED = """SELECT position, record, number, text, previous, digest FROM events
    WHERE position > ? ORDER BY position LIMIT ?"""
_POSITION = "SELECT coalesce(max(position), 0) FROM events"
_DIGEST = "SELECT digest FROM lifecycles WHERE name = ? AND version = ?"
_PUT_LIFECYCLE = (
    "INSERT OR IGNORE INTO lifecycles (name, version, digest, text) VALUES (?, ?, ?, ?)"
)
_DOCUMENT = "SELECT content FROM documents WHERE digest = ?"
_HAS_DOCUMENT = "SELECT 1 FROM documents WHERE digest = ?"
_PUT_DOCUMENT = "INSERT OR IGNORE INTO documents (digest, content) VALUES (?, ?)"


def _sums(changes: str) -> str:
    """Return the statement that sums up what a table, or a selection, says of changes."""
    return f"""SELECT force, category, level, ledger, counts, sum(delta) FROM {changes}
    WHERE (?1 IS NULL OR "on" <= ?1) AND (?2 IS NULL OR force = ?2)
    GROUP BY force, category, level, ledger, counts HAVING sum(delta) <> 0
    ORDER BY force, category, level, ledger, counts"""  # noqa: S608


_TOTALS = _sums("changes")
# What was known is everything but what came later, which mostly is little: its own text tells it.
_KNOWN = _sums("""(SELECT "on", force, category, level, ledger, counts, delta FROM changes UNION ALL
    SELECT json_extract(value, '$.on'), json_extract(value, '$.force'),
    json_extract(value, '$.category'), json_extract(value, '$.level'),
    json_extract(value, '$.ledger'), json_extract(value, '$.counts'),
    -json_extract(value, '$.delta')
    FROM events, json_each(text, '$.changes') WHERE position > ?3)""")


class RowUnreadable(Exception):
    """A row's text does not say what this peelflow can read."""


def write(connection: sqlite3.Connection, rows: Rows) -> None:
    """Write the rows but the one `moved`; the transaction and every check are the caller's."""
    if rows.records:
        connection.executemany(_PUT_RECORD, rows.records)
    connection.executemany(_PUT_EVENT, rows.events)
    connection.executemany(_PUT_CHANGE, rows.changes)
    if rows.lifecycles:
        connection.executemany(_PUT_LIFECYCLE, rows.lifecycles)
    if rows.documents:
        connection.executemany(_PUT_DOCUMENT, rows.documents)


def move(connection: sqlite3.Connection, moved: Cells) -> bool:
    """Move a lone record if its number still is what was read; say whether it was."""
    return connection.execute(_MOVE_RECORD, moved).rowcount == 1


def numbers(connection: sqlite3.Connection, ids: Sequence[str]) -> Mapping[str, int]:
    """Return the number of each record that exists among `ids`, in one statement."""
    if len(ids) == 1:
        return dict(connection.execute(_ONE_NUMBER, ids).fetchall())
    return dict(connection.execute(_NUMBERS, (json.dumps(ids),)).fetchall())


def read(
    connection: sqlite3.Connection, ids: Collection[str], recent: Recent
) -> Mapping[str, Kept]:
    """Return the records that exist among `ids`, in one statement."""
    if len(ids) == 1:
        rows = connection.execute(_ONE_RECORD, tuple(ids)).fetchall()
    else:
        rows = connection.execute(_RECORDS, (json.dumps(list(ids)),)).fetchall()
    return {row[0]: _kept(recent, *row) for row in rows}


def has_key(connection: sqlite3.Connection, record: str, key: str) -> bool:
    """Return whether an event of `record` carries `key`."""
    return connection.execute(_HAS_KEY, (record, key)).fetchone() is not None


def keyed(connection: sqlite3.Connection, record: str, key: str) -> Entry | None:
    """Return the event of `record` that carries `key`."""
    row = connection.execute(_KEYED, (record, key)).fetchone()
    return None if row is None else _entry(record, *row)


def history(connection: sqlite3.Connection, record: str) -> tuple[Entry, ...]:
    """Return the events of `record` by number."""
    rows = connection.execute(_HISTORY, (record,)).fetchall()
    return tuple(_entry(record, *row) for row in rows)


def histories(
    connection: sqlite3.Connection, ids: Collection[str]
) -> Mapping[str, tuple[Entry, ...]]:
    """Return the events of each record that exists among `ids`, by number, in one statement."""
    rows = connection.execute(_HISTORIES, (json.dumps(list(ids)),)).fetchall()
    return {
        record: tuple(_entry(*row) for row in each)
        for record, each in groupby(rows, key=itemgetter(0))
    }


def feed(connection: sqlite3.Connection, after: int, limit: int) -> tuple[Placed, ...]:
    """Return the events behind a position, by theirs."""
    rows = connection.execute(_FEED, (after, limit)).fetchall()
    return tuple(Placed(position, _entry(*row)) for position, *row in rows)


def position(connection: sqlite3.Connection) -> int:
    """Return the position of the last event, 0 where there is none."""
    (found,) = connection.execute(_POSITION).fetchone()
    return int(found)


def records(
    connection: sqlite3.Connection, sql: str, asked: Cells, decode: Callable[[str, str], Record]
) -> list[Record]:
    """Return the records that a `listing` gives; `decode` reads one from its id and text."""
    rows = connection.execute(sql, asked).fetchall()
    return [_record(record, body, decode) for record, body in rows]


def listing(wanted: Wanted, *, after: str | None) -> tuple[str, Cells]:
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
    where: dict[str, Cells] = {sql: (each,) for sql, each in asked.items() if each is not None}
    if wanted.level != "any":
        where["+level IS ?"] = (wanted.level,)  # the sign: a text is no number here
    if wanted.field is not None:
        where[_FIELD] = wanted.field
    sql = f"SELECT id, body FROM records WHERE {' AND '.join(where) or '1'} ORDER BY id LIMIT ?"  # noqa: S608
    return sql, tuple(chain.from_iterable(where.values()))


def totals(
    connection: sqlite3.Connection, as_at: date | None, force: str | None, known: int | None
) -> tuple[Total, ...]:
    """Return the sums of the changes dated on or before `as_at`, zeros left out."""
    on = None if as_at is None else as_at.isoformat()
    sql, asked = (_TOTALS, (on, force)) if known is None else (_KNOWN, (on, force, known))
    return tuple(Total(*row) for row in connection.execute(sql, asked).fetchall())


def keep_document(connection: sqlite3.Connection, digest: str, content: bytes) -> None:
    """Insert a document unless it is there."""
    connection.execute(_PUT_DOCUMENT, (digest, content))


def document(connection: sqlite3.Connection, digest: str) -> bytes | None:
    """Return a document's content."""
    row = connection.execute(_DOCUMENT, (digest,)).fetchone()
    return None if row is None else bytes(row[0])


def has_document(connection: sqlite3.Connection, digest: str) -> bool:
    """Return whether there is such a document; its content is not read."""
    return connection.execute(_HAS_DOCUMENT, (digest,)).fetchone() is not None


def digest_of(connection: sqlite3.Connection, name: str, version: int) -> str | None:
    """Return the digest that is kept of a lifecycle, None when none is."""
    row = connection.execute(_DIGEST, (name, version)).fetchone()
    return None if row is None else str(row[0])


def lifecycles(connection: sqlite3.Connection) -> Mapping[tuple[str, int, str], str]:
    """Return every kept lifecycle's text."""
    sql = "SELECT name, version, digest, text FROM lifecycles ORDER BY name, version, digest"
    rows = connection.execute(sql).fetchall()
    return {(name, version, digest): text for name, version, digest, text in rows}


def _record(record: str, body: str, decode: Callable[[str, str], Record]) -> Record:
    try:
        return decode(record, body)
    except ValueError as fault:
        raise _row_unreadable(record, fault) from fault


def _kept(recent: Recent, record: str, head: str, body: str) -> Kept:
    try:
        return recent.kept(record, head, body)
    except ValueError as fault:
        raise _row_unreadable(record, fault) from fault


def _row_unreadable(record: str, fault: ValueError) -> RowUnreadable:
    return RowUnreadable(f"the row of {record}: {fault}")


def _entry(record: str, number: int, text: str, previous: str, digest: str) -> Entry:
    try:
        return Entry(event_from(text), text, previous, digest)
    except ValueError as fault:
        why = f"event {number} of {record}: {fault}"
        raise RowUnreadable(why) from fault
