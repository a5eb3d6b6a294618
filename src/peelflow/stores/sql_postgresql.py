"""PostgreSQL's own way of keeping a batch: one statement.

That statement locks the rows of every record that was read, in the order of their ids, compares
their numbers, and writes only where all of them are as they were read. A conflict is found by what
it returns, never by an error, so that an application's transaction survives it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from peelflow.stores.checks import check_keys
from peelflow.stores.codec import record_text
from peelflow.stores.columns import MOVED, ChangeRow, EventRow, RecordRow
from peelflow.stores.protocol import Batch
from peelflow.stores.rows import Rows, change_rows, event_row, record_row
from peelflow.stores.sql_faults import is_taken_back
from peelflow.stores.sql_refusing import absent_ids, expected_of, explain, keys_of, lost

_TYPES = {"number": "integer", "level": "integer", "version": "integer", "delta": "integer"}


def _taken(prefix: str, names: Sequence[str]) -> str:
    arrays = ", ".join(f"%({prefix}_{name})s::{_TYPES.get(name, 'text')}[]" for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"unnest({arrays}) WITH ORDINALITY AS given({quoted}, place)"


def _columns(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


_LIFECYCLE = ("name", "version", "digest", "text")
_APPEND = f"""
WITH asked AS (
    SELECT id, number FROM unnest(%(read_id)s::text[], %(read_number)s::integer[]) AS a(id, number)
), locked AS MATERIALIZED (
    SELECT id, number FROM peelflow_records WHERE id = ANY(%(read_id)s) ORDER BY id FOR UPDATE
), fits AS MATERIALIZED (
    SELECT (SELECT count(*) FROM locked) = (SELECT count(*) FROM asked WHERE number > 0)
       AND (SELECT count(*) FROM locked JOIN asked USING (id, number))
         = (SELECT count(*) FROM asked WHERE number > 0)
       AND NOT EXISTS (SELECT 1 FROM peelflow_events e
           JOIN unnest(%(key_record)s::text[], %(key_key)s::text[]) AS k(record, key)
           ON e.record = k.record AND e.key = k.key)
       AND NOT EXISTS (SELECT 1 FROM peelflow_lifecycles l
           JOIN {_taken("rules", _LIFECYCLE)} ON l.name = given.name AND l.version = given.version
           WHERE l.digest <> given.digest) AS ok
), ruled AS (
    INSERT INTO peelflow_lifecycles ({_columns(_LIFECYCLE)})
    SELECT {_columns(_LIFECYCLE)} FROM {_taken("rules", _LIFECYCLE)} WHERE (SELECT ok FROM fits)
    ON CONFLICT DO NOTHING RETURNING name, version
), added AS (
    INSERT INTO peelflow_records ({_columns(RecordRow._fields)})
    SELECT {_columns(RecordRow._fields)} FROM {_taken("added", RecordRow._fields)}
    WHERE (SELECT ok FROM fits) ON CONFLICT DO NOTHING RETURNING 1
), moved AS (
    UPDATE peelflow_records r SET {", ".join(f'"{name}" = given."{name}"' for name in MOVED)}
    FROM {_taken("moved", ("id", *MOVED))} WHERE r.id = given.id AND (SELECT ok FROM fits)
    RETURNING 1
), whole AS MATERIALIZED (
    SELECT (SELECT ok FROM fits)
       AND (SELECT count(*) FROM added) = cardinality(%(added_id)s::text[])
       AND (SELECT count(*) FROM moved) = cardinality(%(moved_id)s::text[])
       AND (SELECT count(*) FROM ruled) + (SELECT count(*) FROM peelflow_lifecycles l
           JOIN {_taken("rules", _LIFECYCLE)} ON l.name = given.name AND l.version = given.version
           AND l.digest = given.digest) = cardinality(%(rules_name)s::text[]) AS ok
), happened AS (
    INSERT INTO peelflow_events ({_columns(EventRow._fields)})
    SELECT {_columns(EventRow._fields)} FROM {_taken("event", EventRow._fields)}
    WHERE (SELECT ok FROM whole) ORDER BY place RETURNING serial
), waiting AS (
    INSERT INTO peelflow_unplaced (batch, serial) SELECT min(serial) OVER (), serial FROM happened
), changed AS (
    INSERT INTO peelflow_changes ({_columns(ChangeRow._fields)})
    SELECT {_columns(ChangeRow._fields)} FROM {_taken("change", ChangeRow._fields)}
    WHERE (SELECT ok FROM whole)
), brought AS (
    INSERT INTO peelflow_documents (digest, content)
    SELECT digest, content FROM unnest(%(document_digest)s::text[], %(document_content)s::bytea[])
        AS d(digest, content)
    WHERE (SELECT ok FROM whole) ON CONFLICT DO NOTHING
)
SELECT fits.ok, whole.ok, 1 / CASE WHEN %(alone)s AND fits.ok AND NOT whole.ok THEN 0 ELSE 1 END
FROM fits, whole
"""  # noqa: S608 - made of names alone


_LONE = f"""
WITH moved AS (
    UPDATE peelflow_records SET {", ".join(f'"{name}" = %s' for name in MOVED)}
    WHERE id = %s AND number = %s RETURNING 1
), happened AS (
    INSERT INTO peelflow_events ({_columns(EventRow._fields)})
    SELECT {", ".join(f"%s::{_TYPES.get(name, 'text')}" for name in EventRow._fields)} FROM moved
    RETURNING serial
), waiting AS (
    INSERT INTO peelflow_unplaced (batch, serial) SELECT serial, serial FROM happened
), changed AS (
    INSERT INTO peelflow_changes ({_columns(ChangeRow._fields)})
    SELECT * FROM unnest({", ".join(f"%s::{_TYPES.get(n, 'text')}[]" for n in ChangeRow._fields)})
    WHERE EXISTS (SELECT 1 FROM moved)
) SELECT count(*) FROM moved
"""  # noqa: S608 - made of names alone


# INVARIANT: there is no row to lock of a record that must not exist. Whoever adds one has read that
# it does not, and so holds this lock of its id until its transaction ends; it is taken by a
# statement before the one that looks, which then sees what was added meanwhile. Ids share 1,024
# locks: a server holds a few thousand in all, and a batch may add more records than that.
_HOLD_ABSENT = """SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(id, 0) & 1023 AS key FROM unnest(%s::text[]) AS given(id)
    ORDER BY 1
) AS keys"""


def append_lone(driver: Any, rows: Rows, event: EventRow) -> bool:
    """Keep one event that moves the one record that was read; say whether that was still so.

    Its key needs no look: who used it meanwhile has moved the record's number. The table refuses
    one that stood there all along.

    Args:
        driver: A connection of psycopg's that commits by itself.
        rows: What is written; `moved` checks the record's number in the statement that moves it.
        event: The event.
    """
    changes = [list(column) for column in zip(*rows.changes, strict=True)] or _NO_CHANGES
    try:
        (kept,) = driver.execute(_LONE, (*(rows.moved or ()), *event, *changes)).fetchone()
    except driver.IntegrityError:
        return False
    return bool(kept)


_NO_CHANGES: list[list[Any]] = [[] for _ in ChangeRow._fields]


def append(connection: Connection, batch: Batch, *, alone: bool) -> None:
    """Keep a batch on PostgreSQL, in one statement; in two, if it read that a record is not there.

    Args:
        connection: One that commits by itself if `alone`, else in a transaction.
        batch: What to keep.
        alone: Whether a batch that was kept in part ends in an error that takes it all back; in
            an application's transaction it ends in a Conflict that says the transaction is lost.

    Raises:
        Conflict: A record that was read has moved.
        KeyReused: A key of the batch already exists on its record.
        OtherRules: The store keeps other rules under a name and version of the batch's.
    """
    expected = expected_of(batch)
    if not _follows(batch, expected):
        explain(connection, batch)
    check_keys(batch, lambda *_: False)
    absent = absent_ids(batch)
    if absent:
        connection.exec_driver_sql(_HOLD_ABSENT, (absent,)).all()
    asked = _given(batch, expected, alone=alone)
    try:
        fits, whole, _ = connection.exec_driver_sql(_APPEND, asked).one()
    except DBAPIError as fault:
        if alone and is_taken_back(fault):
            explain(connection, batch)
        raise
    if not fits:
        explain(connection, batch)
    if not whole:
        raise lost(batch)


def _follows(batch: Batch, expected: Mapping[str, int]) -> bool:
    """Return whether each event of the batch has the next number of its record."""
    last = dict(expected)
    for entry in batch.entries:
        record, number = entry.event.record, entry.event.number
        if number != last[record] + 1:
            return False
        last[record] = number
    return True


def _given(batch: Batch, expected: Mapping[str, int], *, alone: bool) -> Mapping[str, Any]:
    rows = [record_row(kept, record_text(kept.record)) for kept in batch.records]
    added = [row for row in rows if not expected.get(row.id)]
    moved = [row for row in rows if expected.get(row.id)]
    keys = keys_of(batch)
    return {
        "alone": alone,
        "read_id": list(expected),
        "read_number": list(expected.values()),
        "key_record": [record for record, _ in keys],
        "key_key": [key for _, key in keys],
        **_arrays("rules", _LIFECYCLE, [(*pin, text) for pin, text in batch.lifecycles.items()]),
        **_arrays("added", RecordRow._fields, added),
        **_arrays("moved", RecordRow._fields, moved),
        **_arrays("event", EventRow._fields, [event_row(entry) for entry in batch.entries]),
        **_arrays(
            "change",
            ChangeRow._fields,
            [row for entry in batch.entries for row in change_rows(entry.event)],
        ),
        "document_digest": list(batch.documents),
        "document_content": list(batch.documents.values()),
    }


def _arrays(
    prefix: str, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Mapping[str, list[Any]]:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {f"{prefix}_{name}": list(each) for name, each in zip(names, columns, strict=True)}
