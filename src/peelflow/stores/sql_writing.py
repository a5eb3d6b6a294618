"""Writing: how an SQL store keeps a batch on any database, step by step in a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert, update

from peelflow.errors import Conflict
from peelflow.stores import sql_asking as asking
from peelflow.stores import sql_tables as tables
from peelflow.stores.checks import check_keys, check_numbers, check_rules, ids_in
from peelflow.stores.codec import record_text
from peelflow.stores.columns import MOVED, EventRow, RecordRow
from peelflow.stores.protocol import Batch
from peelflow.stores.rows import change_rows, event_row, record_row
from peelflow.stores.sql_refusing import expected_of, refuse_kept_keys


def append_step_by_step(connection: Connection, batch: Batch) -> None:
    """Keep a batch on any database, within the transaction of the connection.

    Raises:
        Conflict: A record that was read has moved; nothing was written.
        KeyReused: A key of the batch already exists on its record.
        OtherRules: The store keeps other rules under a name and version of the batch's.
    """
    check_numbers(batch, asking.numbers(connection, ids_in(batch)))
    check_keys(batch, lambda *_: False)
    refuse_kept_keys(connection, batch)
    kept = {named[:2]: asking.digest_of(connection, *named[:2]) for named in batch.lifecycles}
    check_rules(batch, lambda *named: kept[named])
    expected = expected_of(batch)
    for record in batch.records:
        _put_record(connection, record_row(record, record_text(record.record)), expected)
    serials = [_put_event(connection, event_row(entry)) for entry in batch.entries]
    _put(connection, tables.unplaced, ((serials[0], serial) for serial in serials))
    _put(connection, tables.changes, (r for e in batch.entries for r in change_rows(e.event)))
    new = [each for each in batch.lifecycles if kept[each[:2]] is None]
    _put(connection, tables.lifecycles, ((*each, batch.lifecycles[each]) for each in new))
    for digest, content in batch.documents.items():
        keep_document(connection, digest, content)


def _put_event(connection: Connection, row: EventRow) -> int:
    made = connection.execute(insert(tables.events), row._asdict()).inserted_primary_key
    return int(made[0]) if made else 0


def _put_record(connection: Connection, row: RecordRow, read: Mapping[str, int]) -> None:
    if not read.get(row.id):
        connection.execute(insert(tables.records), row._asdict())
        return
    columns = tables.records.c
    moving = update(tables.records).where(columns.id == row.id, columns.number == read[row.id])
    values = {name: getattr(row, name) for name in MOVED}
    if connection.execute(moving.values(values)).rowcount != 1:
        raise Conflict(row.id, expected=read[row.id], found=row.number, transaction_lost=True)


def _put(connection: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    names = [column.name for column in table.columns]
    told = [dict(zip(names, row, strict=True)) for row in rows]
    if told:
        connection.execute(insert(table), told)


def keep_document(connection: Connection, digest: str, content: bytes) -> None:
    """Insert a document unless it is there."""
    if connection.dialect.name == "postgresql":
        sql = """INSERT INTO peelflow_documents (digest, content)
            VALUES (%(digest)s, %(content)s) ON CONFLICT DO NOTHING"""
        connection.exec_driver_sql(sql, {"digest": digest, "content": content})
    elif not asking.has_document(connection, digest):
        connection.execute(insert(tables.documents), {"digest": digest, "content": content})
