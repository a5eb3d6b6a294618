"""Read records, events, sums and the feed from the SQL tables, on whatever connection is given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Select, delete, func, insert, select, text

from peelflow.model.records import Record
from peelflow.stores.base import (
    MAX_IDS,
    ChangeRow,
    EventRow,
    FeedItem,
    LedgerTotal,
    RecordQuery,
    RecordRow,
    StoredEvent,
    chunked,
)
from peelflow.stores.codec import event_from
from peelflow.stores.rows import RowUnreadable
from peelflow.stores.sql import schema as tables

_EVENT_COLUMNS = [tables.events.c[name] for name in EventRow._fields]
_RECORD_BY_ID = "SELECT id, head, body FROM peelflow_records WHERE id = %s"
_RECORDS_BY_IDS = "SELECT id, head, body FROM peelflow_records WHERE id = ANY(%s)"
_FIELD_CONDITIONS = {
    "postgresql": "(body::jsonb -> 'fields' -> :name) = to_jsonb(CAST(:value AS text))",
    "sqlite": """EXISTS (SELECT 1 FROM json_each(body, '$.fields') AS field
        WHERE field.key = :name AND field.type = 'text' AND field.value = :value)""",
}


def driver_record_rows(driver: Any, ids: Collection[str]) -> Sequence[Any]:
    """Return the same as `read`, from a connection of psycopg's."""
    sql, asked = (_RECORD_BY_ID, tuple(ids)) if len(ids) == 1 else (_RECORDS_BY_IDS, (list(ids),))
    found: Sequence[Any] = driver.execute(sql, asked).fetchall()
    return found


def record_rows(connection: Connection, ids: Collection[str]) -> Sequence[Any]:
    """Return id, head and body of the records that exist among `ids`."""
    columns = tables.records.c
    asked = select(columns.id, columns.head, columns.body)
    found = (
        connection.execute(asked.where(columns.id.in_(some))) for some in chunked(ids, MAX_IDS)
    )
    return [row for rows in found for row in rows]


def lock_numbers(connection: Connection, ids: Collection[str]) -> Mapping[str, int]:
    """Return the number of each record that exists among `ids`, and hold their rows by id."""
    columns = tables.records.c
    asked = select(columns.id, columns.number).order_by(columns.id).with_for_update()
    found = (
        connection.execute(asked.where(columns.id.in_(some)))
        for some in chunked(sorted(ids), MAX_IDS)
    )
    return {row.id: row.number for rows in found for row in rows}


def event_with_key(connection: Connection, record: str, key: str) -> StoredEvent | None:
    """Return the event of `record` that carries `key`."""
    columns = tables.events.c
    asked = select(*_EVENT_COLUMNS).where(columns.record == record, columns.key == key)
    row = connection.execute(asked).one_or_none()
    return None if row is None else _stored_event(row)


def history(connection: Connection, record: str) -> tuple[StoredEvent, ...]:
    """Return the events of `record` by number."""
    columns = tables.events.c
    asked = select(*_EVENT_COLUMNS).where(columns.record == record).order_by(columns.number)
    return tuple(map(_stored_event, connection.execute(asked)))


def histories(
    connection: Connection, ids: Collection[str]
) -> Mapping[str, tuple[StoredEvent, ...]]:
    """Return the events of each record that exists among `ids`, by number."""
    columns = tables.events.c
    asked = select(*_EVENT_COLUMNS).order_by(columns.record, columns.number)
    found = (
        connection.execute(asked.where(columns.record.in_(some))) for some in chunked(ids, MAX_IDS)
    )
    return {
        record: tuple(map(_stored_event, each))
        for rows in found
        for record, each in groupby(rows, key=lambda row: EventRow._make(row).record)
    }


def feed_page(connection: Connection, after: int, limit: int) -> tuple[FeedItem, ...]:
    """Return the events behind a position, by theirs."""
    position, serial = tables.feed.c.position, tables.feed.c.serial
    asked = select(position, *_EVENT_COLUMNS).join_from(
        tables.feed, tables.events, serial == tables.events.c.serial
    )
    rows = connection.execute(asked.where(position > after).order_by(position).limit(limit))
    return tuple(FeedItem(row[0], _stored_event(row[1:])) for row in rows)


def list_records(
    connection: Connection,
    wanted: RecordQuery,
    *,
    after: str | None,
    limit: int,
    decode: Callable[[str, str], Record],
) -> list[Record]:
    """Return the next records that match by all but a field this database cannot ask for."""
    columns = tables.records.c
    asked: Select[Any] = select(columns.id, columns.body).order_by(columns.id).limit(limit)
    if after is not None:
        asked = asked.where(columns.id > after)
    for each in _conditions(wanted, connection.dialect.name):
        asked = asked.where(each)
    return [decoded_record(row[0], row[1], decode) for row in connection.execute(asked)]


def _conditions(wanted: RecordQuery, dialect: str) -> Iterator[Any]:
    columns = tables.records.c
    for name in ("force", "category", "state", "parent"):
        value = getattr(wanted, name)
        if value is not None:
            yield columns[name] == value
    if wanted.level != "any":
        numbered = isinstance(wanted.level, int) or wanted.level is None
        yield columns.level.is_not_distinct_from(wanted.level) if numbered else text("1 = 0")
    if wanted.field is not None and dialect in _FIELD_CONDITIONS:
        name, value = wanted.field
        yield text(_FIELD_CONDITIONS[dialect]).bindparams(name=name, value=value)


def totals(
    connection: Connection, as_at: date | None, force: str | None, known: int | None
) -> tuple[LedgerTotal, ...]:
    """Return the sums of the changes dated on or before `as_at`, zeros left out.

    With `known`, only those of events up to that position of the feed.
    """
    columns = tables.changes.c
    by = [columns[name] for name in ("force", "category", "level", "ledger", "counts")]
    total = func.sum(columns.delta)
    asked = select(*by, total).group_by(*by).having(total != 0)
    if as_at is not None:
        asked = asked.where(columns.on <= as_at.isoformat())
    if force is not None:
        asked = asked.where(columns.force == force)
    if known is not None:
        events, feed = tables.events.c, tables.feed.c
        asked = asked.join_from(
            tables.changes,
            tables.events,
            (events.record == columns.record) & (events.number == columns.number),
        ).join(tables.feed, feed.serial == events.serial)
        asked = asked.where(feed.position <= known)
    rows: Sequence[Any] = connection.execute(asked).all()
    found = [LedgerTotal(a, b, c, d, e, int(total)) for a, b, c, d, e, total in rows]
    return tuple(sorted(found, key=_total_order))


def _total_order(total: LedgerTotal) -> tuple[str, str, bool, int, str, str]:
    level = total.level
    return total.force, total.category, level is not None, level or 0, total.ledger, total.counts


def lifecycle_digest(connection: Connection, name: str, version: int) -> str | None:
    """Return the digest that is kept of a lifecycle, None when none is."""
    columns = tables.lifecycles.c
    asked = select(columns.digest).where(columns.name == name, columns.version == version)
    return connection.execute(asked).scalar()


def document(connection: Connection, digest: str) -> bytes | None:
    """Return a document's content."""
    columns = tables.documents.c
    found = connection.execute(select(columns.content).where(columns.digest == digest)).scalar()
    return None if found is None else bytes(found)


def has_document(connection: Connection, digest: str) -> bool:
    """Return whether there is such a document; its content is not read."""
    columns = tables.documents.c
    asked = select(columns.digest).where(columns.digest == digest)
    return connection.execute(asked).first() is not None


def lifecycles(connection: Connection) -> Mapping[tuple[str, int, str], str]:
    """Return every kept lifecycle's text."""
    columns = tables.lifecycles.c
    asked = select(columns.name, columns.version, columns.digest, columns.text)
    rows = connection.execute(asked.order_by(columns.name, columns.version))
    return {(row[0], row[1], row[2]): row[3] for row in rows}


@frozen
class SqlSnapshot:
    """A store as it was when its reading began. Not for several threads."""

    _connection: Connection

    def histories(self) -> Iterator[EventRow]:
        """Yield every event by record and number."""
        columns = tables.events.c
        asked = select(*_EVENT_COLUMNS).order_by(columns.record, columns.number)
        return (EventRow._make(row) for row in self._rows(asked))

    def feed(self) -> Iterator[tuple[int | None, EventRow]]:
        """Yield every event by position; then those that have none yet, as they will get theirs."""
        position, serial = tables.feed.c.position, tables.events.c.serial
        joined = tables.events.outerjoin(tables.feed, tables.feed.c.serial == serial).outerjoin(
            tables.unplaced, tables.unplaced.c.serial == serial
        )
        asked = select(position, *_EVENT_COLUMNS).select_from(joined)
        ordered = asked.order_by(position.is_(None), position, tables.unplaced.c.batch, serial)
        return ((row[0], EventRow._make(row[1:])) for row in self._rows(ordered))

    def records(self) -> Iterator[RecordRow]:
        """Yield the row of every record by id."""
        columns = tables.records.c
        asked = select(*(columns[name] for name in RecordRow._fields)).order_by(columns.id)
        return (RecordRow._make(row) for row in self._rows(asked))

    def changes(self) -> Iterator[ChangeRow]:
        """Yield every change by record and number."""
        columns = tables.changes.c
        asked = select(*(columns[name] for name in ChangeRow._fields))
        return (
            ChangeRow._make(row)
            for row in self._rows(asked.order_by(columns.record, columns.number))
        )

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Yield every document by its digest."""
        columns = tables.documents.c
        asked = select(columns.digest, columns.content).order_by(columns.digest)
        return ((row[0], bytes(row[1])) for row in self._rows(asked))

    def lifecycles(self) -> Mapping[tuple[str, int, str], str]:
        """Return every pinned lifecycle's text."""
        return lifecycles(self._connection)

    def _rows(self, asked: Any) -> Iterator[Any]:
        yield from self._connection.execution_options(yield_per=500).execute(asked)


def decoded_record(record: str, body: str, decode: Callable[[str, str], Record]) -> Record:
    """Return the record that a row tells.

    Raises:
        RowUnreadable: The row tells none.
    """
    try:
        return decode(record, body)
    except ValueError as fault:
        why = f"the row of {record}: {fault}"
        raise RowUnreadable(why) from fault


def _stored_event(row: Sequence[Any]) -> StoredEvent:
    told = EventRow._make(row)
    try:
        return StoredEvent(event_from(told.text), told.text, told.previous, told.digest)
    except ValueError as fault:
        why = f"event {told.number} of {told.record}: {fault}"
        raise RowUnreadable(why) from fault


PLACING_CHUNK = 500


def assign_positions(connection: Connection) -> None:
    """Give every committed event that has no position the next ones, in one order.

    The row of `peelflow_meta` is locked meanwhile: readers of the feed wait for each other, and
    writers for nobody. What is not committed yet is not seen here, and gets its position later.
    """
    unplaced = tables.unplaced.c
    connection.execute(select(tables.meta.c.schema).with_for_update()).all()
    ordered = select(unplaced.batch, unplaced.serial).order_by(unplaced.batch, unplaced.serial)
    waiting = connection.execute(ordered).all()
    last = last_position(connection)
    for start in range(0, len(waiting), PLACING_CHUNK):
        part = waiting[start : start + PLACING_CHUNK]
        rows = [{"position": p, "serial": s} for p, (_, s) in enumerate(part, last + start + 1)]
        connection.execute(insert(tables.feed), rows)
        serials = [serial for _, serial in part]
        connection.execute(delete(tables.unplaced).where(unplaced.serial.in_(serials)))


def last_position(connection: Connection) -> int:
    """Return the last position given, 0 where there is none."""
    return connection.execute(select(func.max(tables.feed.c.position))).scalar() or 0


def has_unplaced_events(connection: Connection) -> bool:
    """Return whether a committed event has no position yet."""
    return connection.execute(select(tables.unplaced.c.serial).limit(1)).first() is not None
