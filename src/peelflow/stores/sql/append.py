"""Write a batch to the SQL tables, or say why not.

PostgreSQL's statement locks the rows of every record that was read, in the order of their ids,
compares their numbers, and writes only where all of them are as they were read. A conflict is
found by what it returns, never by an error, so that an application's transaction survives it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

from sqlalchemy import Connection, Table, delete, func, insert, literal, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from peelflow.errors import Conflict, NamesBrought, StoreUnavailable
from peelflow.stores.base import (
    INTEGER_COLUMNS,
    LIFECYCLE_COLUMNS,
    MOVED_COLUMNS,
    NULL_COLUMNS,
    WRITTEN_COLUMNS,
    ChangeRow,
    Checkpoint,
    EventRow,
    StoredRow,
    SumRow,
    WriteBatch,
)
from peelflow.stores.batch_checks import check_keys, check_names, check_numbers
from peelflow.stores.database import check_batch, check_listings
from peelflow.stores.dialect import quoted
from peelflow.stores.rows import BatchRows, RowUnreadable, batch_rows, not_kept
from peelflow.stores.settings import names_from, names_of_settings
from peelflow.stores.sql import schema as tables
from peelflow.stores.sql.catalogue import DELETING_KEYS, EMPTIED_TABLES, check_sqlite_schema
from peelflow.stores.sql.connection import ask, is_conflict, statements_of
from peelflow.stores.sql.search_path import is_made, with_schema


def absent_ids(batch: WriteBatch) -> list[str]:
    """Return the ids that must stand for no record yet."""
    return sorted(record for record, number in expected_numbers(batch).items() if not number)


def lost_transaction(batch: WriteBatch) -> Conflict:
    """Return the conflict of a batch that took its transaction with it."""
    record, number = min(expected_numbers(batch).items(), default=("", 0))
    return Conflict(record, expected=number, found=number, transaction_lost=True)


def expected_numbers(batch: WriteBatch) -> Mapping[str, int]:
    """Return the number that each record must have: as it was read, or before its first event."""
    first: dict[str, int] = {}
    for entry in batch.entries:
        first.setdefault(entry.event.record, entry.event.number - 1)
    return {**first, **batch.read_set}


def raise_refusal(connection: Connection, batch: WriteBatch) -> NoReturn:
    """Say why nothing was written: Conflict, too, where who stood in the way has gone again."""
    check_batch(batch, partial(ask, connection), statements_of(connection.dialect))
    raise lost_transaction(batch)  # whoever stood in the way has gone again


def append_step_by_step(connection: Connection, batch: WriteBatch) -> None:
    """Keep a batch on any database, within the transaction of the connection."""
    asking, statements = partial(ask, connection), statements_of(connection.dialect)
    check_sqlite_schema(connection)
    count_names(connection, batch)
    check_batch(batch, asking, statements)
    check_listings(batch, asking, statements, partial(_has_joint_records, connection))
    rows, expected = batch_rows(batch, moves_alone=False), expected_numbers(batch)
    is_joint = keeps_joint(connection, rows)
    for record in rows.records:
        _write_record_row(connection, record, expected)
    serials = [_insert_event(connection, event) for event in rows.events]
    _insert_rows(connection, tables.unplaced, [(serials[0], serial) for serial in serials])
    written = _insert_rows(connection, tables.changes, rows.changes)
    if written != len(rows.changes):
        raise RowUnreadable(not_kept("a change of the figures"))
    new = [row for row in rows.lifecycles if not asking(statements.lifecycle_digest, row[:2])]
    _insert_rows(connection, tables.lifecycles, new)
    for digest, content in sorted(rows.documents):
        insert_document(connection, digest, content)
    _check_written(connection, rows, new)
    if is_joint:
        write_joint(connection, rows)


def names_numbers(connection: Connection) -> Mapping[str, int]:
    """Return how often batches brought names of each part."""
    columns = tables.settings.c
    rows = connection.execute(select(columns.name, columns.value))
    return names_of_settings((name, value) for name, value in rows)


def count_names(connection: Connection, batch: WriteBatch) -> None:
    """Count that a batch brings names, where it does, in the transaction of the connection.

    # INVARIANT: a part's row is locked until the transaction ends, the parts in one order: whoever
    # brings names of it meanwhile waits, and then finds another number.

    Raises:
        NamesBrought: Others did since the names were read that it adds to.
    """
    if not batch.names:
        return
    name, value = tables.settings.c.name, tables.settings.c.value
    is_asked = name.in_([tables.as_text(part) for part in sorted(batch.names)])
    locked = select(name, value).where(is_asked).order_by(name).with_for_update()
    kept = {f"{part}": number for part, number in connection.execute(locked)}
    check_names(batch, names_of_settings(kept.items()))
    for part in sorted(batch.names):
        number = names_from(kept.get(part))
        row = {"name": part, "value": str(number + 1)}
        if part in kept:
            moving = update(tables.settings).where(name == tables.as_text(part))
            connection.execute(moving.values(value=row["value"]))
        else:
            _count_first(connection, row, number)
    check_triggers(connection, tables.settings)


def _count_first(connection: Connection, row: Mapping[str, str], number: int) -> None:
    """Count the first names of a part, unless others come before."""
    try:
        with connection.begin_nested():
            connection.execute(insert(tables.settings), row)
    except IntegrityError as fault:
        raise NamesBrought(expected=number, found=number + 1) from fault


def keeps_joint(connection: Connection, rows: BatchRows) -> bool:
    """Return whether of which forces records are is to be written; asked before anything is.

    Raises:
        StoreUnavailable: It is, and the database is of before and lacks the table.
    """
    if not rows.joint:
        return False
    if _has_joint_records(connection):
        return True
    if any(made for _, made in rows.joint):
        url = connection.engine.url.render_as_string(hide_password=True)
        why = f"it has no table of joint records; run: peelflow store upgrade {url}"
        raise StoreUnavailable(url, why)
    return False


def _has_joint_records(connection: Connection) -> bool:
    return is_made(connection, tables.joint_records.name)


def write_joint(connection: Connection, rows: BatchRows) -> None:
    """Write of which forces records are, in the transaction that keeps their events."""
    table = tables.joint_records
    for record, made in rows.joint:
        connection.execute(delete(table).where(table.c.record == tables.as_text(record)))
        _insert_rows(connection, table, made)
        is_its = table.c.record == tables.as_text(record)
        ordered = select(table.c.force).where(is_its).order_by(table.c.force)
        if list(connection.execute(ordered).scalars()) != [row.force for row in made]:
            raise RowUnreadable(not_kept(f"the forces of {record}"))
    check_triggers(connection, table)


def write_sums(
    connection: Connection, checkpoints: Sequence[Checkpoint], rows: Sequence[SumRow]
) -> None:
    """Write the sums in the place of those there were.

    The row of `peelflow_meta` is locked meanwhile: of two that keep sums, one waits for the other.

    Raises:
        StoreUnavailable: The database is of before and lacks the tables.
    """
    written = {tables.sums: len(rows), tables.checkpoint: len(checkpoints)}
    if not all(is_made(connection, table.name) for table in written):
        url = connection.engine.url.render_as_string(hide_password=True)
        why = f"it has no tables of sums; run: peelflow store upgrade {url}"
        raise StoreUnavailable(url, why)
    check_sqlite_schema(connection)
    take_schema_row(connection)
    for table in written:
        connection.execute(delete(table))
    if rows:
        _insert_sums(connection, rows)
    if checkpoints:
        connection.execute(insert(tables.checkpoint), [row._asdict() for row in checkpoints])
    for table, expected in written.items():
        count = connection.execute(select(func.count()).select_from(table)).scalar()
        if count != expected:
            raise RowUnreadable(not_kept(f"the rows of {table.name}"))
        check_triggers(connection, table)


def _insert_sums(connection: Connection, rows: Sequence[SumRow]) -> None:
    """Insert the rows of sums: on PostgreSQL by one statement, for others wait meanwhile."""
    if connection.dialect.name != "postgresql":
        connection.execute(insert(tables.sums), [row._asdict() for row in rows])
        return
    names = SumRow._fields
    sql = f"""INSERT INTO peelflow_sums ({quoted(names)})
        SELECT {quoted(names)} FROM {_unnest("sum", names)}"""
    connection.exec_driver_sql(sql, _column_arrays("sum", names, rows))


def _check_written(
    connection: Connection, rows: BatchRows, lifecycles: Sequence[Sequence[Any]]
) -> None:
    """Raise RowUnreadable where what was written is not there: something acts in between."""
    for table, names, written in (
        (tables.events, EventRow._fields, rows.events),
        (tables.records, StoredRow._fields, rows.records),
        (tables.changes, ChangeRow._fields, rows.changes),
        (tables.lifecycles, LIFECYCLE_COLUMNS, lifecycles),
    ):
        for row in written:
            same = [table.c[name] == value for name, value in zip(names, row, strict=True)]
            if connection.execute(select(literal(1)).where(*same)).first() is None:
                raise RowUnreadable(not_kept(f"{' '.join(map(str, row[:2]))} of {table.name}"))


def _insert_event(connection: Connection, row: EventRow) -> int:
    key = connection.execute(insert(tables.events), row._asdict()).inserted_primary_key
    return int(key[0]) if key else 0


def _write_record_row(connection: Connection, row: StoredRow, read: Mapping[str, int]) -> None:
    if not read.get(row.id):
        connection.execute(insert(tables.records), row._asdict())
        return
    columns = tables.records.c
    moving = update(tables.records).where(columns.id == row.id, columns.number == read[row.id])
    values = {name: getattr(row, name) for name in WRITTEN_COLUMNS}
    if connection.execute(moving.values(values)).rowcount != 1:
        raise Conflict(row.id, expected=read[row.id], found=row.number, transaction_lost=True)


def _insert_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> int:
    """Insert rows, and return how many the database wrote; a driver that counts none says -1."""
    names = [column.name for column in table.columns]
    values = [dict(zip(names, row, strict=True)) for row in rows]
    return sum(abs(connection.execute(insert(table), value).rowcount) for value in values)


def insert_document(connection: Connection, digest: str, content: bytes) -> None:
    """Insert a document unless it is there."""
    check_sqlite_schema(connection)
    if connection.dialect.name == "postgresql":
        sql = """INSERT INTO peelflow_documents (digest, content)
            VALUES (%(digest)s, %(content)s) ON CONFLICT DO NOTHING"""
        connection.exec_driver_sql(sql, {"digest": digest, "content": content})
    elif not ask(connection, statements_of(connection.dialect).has_document, (digest,)):
        connection.execute(insert(tables.documents), {"digest": digest, "content": content})
    kept = ask(connection, statements_of(connection.dialect).document, (digest,))
    if not kept or kept[0][0] != content:
        raise RowUnreadable(not_kept(f"document {digest}"))
    check_triggers(connection, tables.documents)


_OUR_TYPES = ", ".join(f"'{name}'::regtype::oid" for name in ("text", "integer", "bigint", "bytea"))
_FIRST_USER_OID = 16384  # what came with the server has a lower one


def _nothing_acts_on(*written: Table) -> str:
    """Return PostgreSQL's condition that nothing acts on what is written to tables, then or later.

    A trigger may act after a statement, or as late as at the commit: what it does to what was
    written could not be seen before. PostgreSQL's own triggers, of foreign keys, are left alone.
    So may a function that a check, a default, a type or an index has called, even in the middle of
    a statement, and what a foreign key of another table has done where a row is taken away. Nor
    may it be a table that a crash of the server empties.
    """
    oids = ", ".join(f"'{table.name}'::regclass::oid" for table in written)
    emptied = [f"'{table.name}'::regclass::oid" for table in written if table in EMPTIED_TABLES]
    return f"""NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger
            WHERE tgrelid IN ({oids}) AND NOT tgisinternal)
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite WHERE ev_class IN ({oids}))
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits WHERE inhparent IN ({oids}))
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint x
            WHERE x.confrelid IN ({", ".join(emptied) or "0"}) AND {DELETING_KEYS})
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE oid IN ({oids})
            AND (relkind <> 'r' OR relrowsecurity OR relispartition OR relchecks <> 0
                OR relpersistence <> 'p'))
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute
            WHERE attrelid IN ({oids}) AND attnum > 0 AND NOT attisdropped
            AND (atthasdef OR atttypid NOT IN ({_OUR_TYPES})))
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index WHERE indrelid IN ({oids})
            AND (indexprs IS NOT NULL OR indpred IS NOT NULL OR indisexclusion
                OR {_FIRST_USER_OID}::oid <= ANY (indclass::oid[])))"""


def check_triggers(connection: Connection, table: Table) -> None:
    """Raise RowUnreadable where something acts on what is written to a table of PostgreSQL's."""
    if connection.dialect.name == "postgresql":
        sql = with_schema(f"SELECT {_nothing_acts_on(table)}, {_DURABLY}")
        is_ours, _ = connection.exec_driver_sql(sql).one()
        if not is_ours:
            raise RowUnreadable(not_kept(f"what is written to {table.name}"))


def take_schema_row(connection: Connection) -> None:
    """Lock the row of `peelflow_meta`: of two that place events or keep sums, one waits."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_LOCK_META).all()
    else:
        connection.execute(select(tables.meta.c.schema).with_for_update()).all()


def _type_of(column: str) -> str:
    return "integer" if column in INTEGER_COLUMNS else "text"


def _unnest(prefix: str, names: Sequence[str]) -> str:
    arrays = ", ".join(f"%({prefix}_{name})s::{_type_of(name)}[]" for name in names)
    return f"""(SELECT {", ".join(map(_read_value, names))}, place
        FROM unnest({arrays}) WITH ORDINALITY AS array_of({quoted(names)}, place)) AS given"""


# INVARIANT: no array holds NULL: where the setting `array_nulls` is off, PostgreSQL reads it as a
# text. A column that may lack a value holds 0, or a text with one character in front of it.
def _read_value(name: str) -> str:
    """Return what reads a column out of arrays that `_column_arrays` made."""
    if name not in NULL_COLUMNS:
        return f'"{name}"'
    value = f'"{name}"' if name in INTEGER_COLUMNS else f'substr("{name}", 2)'
    empty = "0" if name in INTEGER_COLUMNS else "''"
    return f'CASE "{name}" WHEN {empty} THEN NULL ELSE {value} END AS "{name}"'


def _array_value(name: str, value: Any) -> Any:
    if name in INTEGER_COLUMNS:
        return 0 if value is None else value
    return "" if value is None else f"={value}"


# What stands before it in the log is kept with it: a commit that waits for no disk would be
# acknowledged and may yet be lost. It holds for this transaction alone, and lowers nothing.
_DURABLY = """CASE current_setting('synchronous_commit')
    WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END"""
_LOCK_META = with_schema(f"SELECT schema, {_DURABLY} FROM peelflow_meta FOR UPDATE")
# INVARIANT: whoever sees an event began after its number was given, so that what the sequence gives
# now is behind it. A sequence that was set back, goes down or gives several at once breaks that.
_LAST_SERIAL = "coalesce((SELECT max(serial) FROM peelflow_events), 0)"
_MOVED_TABLES = (tables.records, tables.events, tables.unplaced, tables.changes)
_WRITTEN_TABLES = (*_MOVED_TABLES, tables.lifecycles, tables.documents)


# INVARIANT: nothing of a batch that was kept in part may stay. On a connection that commits by
# itself there is no transaction to roll back, and only an error takes a single statement back: so
# its last line divides by zero then (SQLSTATE 22012, which `is_conflict` knows).
_APPEND = with_schema(f"""
WITH asked AS (
    SELECT id, number FROM unnest(%(read_id)s::text[], %(read_number)s::integer[]) AS a(id, number)
), locked AS MATERIALIZED (
    SELECT id, number FROM peelflow_records WHERE id = ANY(%(read_id)s::text[])
     ORDER BY id FOR UPDATE
), fits AS MATERIALIZED (
    SELECT (SELECT count(*) FROM locked) = (SELECT count(*) FROM asked WHERE number > 0)
       AND (SELECT count(*) FROM locked JOIN asked USING (id, number))
         = (SELECT count(*) FROM asked WHERE number > 0)
       AND NOT EXISTS (SELECT 1 FROM peelflow_events e
           JOIN unnest(%(key_record)s::text[], %(key_key)s::text[]) AS k(record, key)
           ON e.record = k.record AND e.key = k.key)
       AND NOT EXISTS (SELECT 1 FROM peelflow_lifecycles l
           JOIN {_unnest("rules", LIFECYCLE_COLUMNS)}
           ON l.name = given.name AND l.version = given.version
           WHERE l.digest <> given.digest) AS ok
), ruled AS (
    INSERT INTO peelflow_lifecycles ({quoted(LIFECYCLE_COLUMNS)})
    SELECT {quoted(LIFECYCLE_COLUMNS)} FROM {_unnest("rules", LIFECYCLE_COLUMNS)}
     WHERE (SELECT ok FROM fits) ORDER BY name, version
    ON CONFLICT DO NOTHING RETURNING name, version
), added AS (
    INSERT INTO peelflow_records ({quoted(StoredRow._fields)})
    SELECT {quoted(StoredRow._fields)} FROM {_unnest("added", StoredRow._fields)}
    WHERE (SELECT ok FROM fits) ON CONFLICT DO NOTHING RETURNING id, head, body
), moved AS (
    UPDATE peelflow_records r
       SET {", ".join(f'"{name}" = given."{name}"' for name in WRITTEN_COLUMNS)}
    FROM {_unnest("moved", StoredRow._fields)} WHERE r.id = given.id AND (SELECT ok FROM fits)
    RETURNING r.head = given.head AND r.body = given.body AS ok
), whole AS MATERIALIZED (
    SELECT (SELECT ok FROM fits)
       AND (SELECT count(*) FROM added) = cardinality(%(added_id)s::text[])
       AND (SELECT count(*) FROM moved) = cardinality(%(moved_id)s::text[])
       AND (SELECT count(*) FROM ruled) + (SELECT count(*) FROM peelflow_lifecycles l
           JOIN {_unnest("rules", LIFECYCLE_COLUMNS)}
           ON l.name = given.name AND l.version = given.version
           AND l.digest = given.digest) = cardinality(%(rules_name)s::text[]) AS ok
), happened AS (
    INSERT INTO peelflow_events ({quoted(EventRow._fields)})
    SELECT {quoted(EventRow._fields)} FROM {_unnest("event", EventRow._fields)}
    WHERE (SELECT ok FROM whole) ORDER BY place RETURNING serial, text, previous, digest
), waiting AS (
    INSERT INTO peelflow_unplaced (batch, serial) SELECT min(serial) OVER (), serial FROM happened
    RETURNING 1
), changed AS (
    INSERT INTO peelflow_changes ({quoted(ChangeRow._fields)})
    SELECT {quoted(ChangeRow._fields)} FROM {_unnest("change", ChangeRow._fields)}
    WHERE (SELECT ok FROM whole) RETURNING {quoted(ChangeRow._fields)}
), brought AS (
    INSERT INTO peelflow_documents (digest, content)
    SELECT digest, content FROM unnest(%(document_digest)s::text[], %(document_content)s::bytea[])
        AS d(digest, content)
    WHERE (SELECT ok FROM whole) ORDER BY digest ON CONFLICT DO NOTHING RETURNING digest
), unseen AS MATERIALIZED (
    SELECT digest FROM pg_catalog.unnest(%(document_digest)s::text[]) AS d(digest)
     WHERE (SELECT ok FROM whole) AND digest NOT IN (SELECT digest FROM brought)
       AND NOT EXISTS (SELECT 1 FROM peelflow_documents p WHERE p.digest = d.digest)
), kept AS MATERIALIZED (
    SELECT (SELECT count(*) FROM happened
            JOIN {_unnest("event", EventRow._fields)} USING (text, previous, digest))
          = cardinality(%(event_text)s::text[])
       AND (SELECT count(*) FROM waiting) = cardinality(%(event_text)s::text[])
       AND (SELECT count(*) FROM changed) = cardinality(%(change_record)s::text[])
       AND NOT EXISTS (SELECT {quoted(ChangeRow._fields)}
            FROM {_unnest("change", ChangeRow._fields)}
            EXCEPT SELECT {quoted(ChangeRow._fields)} FROM changed)
       AND {_nothing_acts_on(*_WRITTEN_TABLES)}
       AND (SELECT count(*) FROM added JOIN {_unnest("added", StoredRow._fields)}
            USING (id, head, body)) = cardinality(%(added_id)s::text[])
       AND (SELECT count(*) FROM moved WHERE ok) = cardinality(%(moved_id)s::text[])
       AND NOT EXISTS (SELECT 1 FROM unnest(%(document_digest)s::text[],
            %(document_content)s::bytea[]) AS d(digest, content)
            JOIN peelflow_documents p USING (digest) WHERE p.content <> d.content) AS ok
)
SELECT fits.ok, whole.ok, ARRAY(SELECT digest FROM unseen),
    1 / CASE WHEN %(alone)s AND fits.ok AND (NOT whole.ok OR EXISTS (SELECT 1 FROM unseen))
        THEN 0 ELSE 1 END,
    sqrt(CASE WHEN whole.ok AND NOT kept.ok THEN -1 ELSE 1 END),
    ln(CASE WHEN whole.ok AND NOT (SELECT min(serial) > {_LAST_SERIAL} FROM happened)
        THEN -1 ELSE 1 END),
    {_DURABLY}
FROM fits, whole, kept
""")
# INVARIANT: only what is there as it was written is acknowledged. Where a trigger or a rule had it
# otherwise, the root of a negative number takes the whole statement back (`NOT_KEPT_STATE`). A
# document that another transaction brought while this one waited for it is not seen by the same
# statement: a batch alone is tried again, and any other has it read back by the next one.
_HAS_DOCUMENTS = with_schema("""SELECT sqrt(CASE WHEN count(*) = cardinality(%(digest)s::text[])
        THEN 1 ELSE -1 END)
    FROM unnest(%(digest)s::text[], %(content)s::bytea[]) AS d(digest, content)
    JOIN peelflow_documents p USING (digest) WHERE p.content = d.content""")


_APPEND_SINGLE_MOVE = with_schema(f"""
WITH moved AS (
    UPDATE peelflow_records SET {", ".join(f'"{name}" = %s' for name in MOVED_COLUMNS)}
    WHERE id = %s AND number = %s RETURNING head, body
), happened AS (
    INSERT INTO peelflow_events ({quoted(EventRow._fields)})
    SELECT {", ".join(f"%s::{_type_of(name)}" for name in EventRow._fields)}
      FROM moved
    RETURNING serial, text, digest
), given AS MATERIALIZED (
    SELECT {", ".join(map(_read_value, ChangeRow._fields))}
      FROM unnest({", ".join(f"%s::{_type_of(n)}[]" for n in ChangeRow._fields)})
        AS g({quoted(ChangeRow._fields)})
), waiting AS (
    INSERT INTO peelflow_unplaced (batch, serial) SELECT serial, serial FROM happened RETURNING 1
), changed AS (
    INSERT INTO peelflow_changes ({quoted(ChangeRow._fields)})
    SELECT * FROM given WHERE EXISTS (SELECT 1 FROM moved) RETURNING {quoted(ChangeRow._fields)}
), kept AS MATERIALIZED (
    SELECT (SELECT count(*) FROM moved WHERE head = %s AND body = %s) = 1
       AND (SELECT count(*) FROM happened WHERE text = %s AND digest = %s) = 1
       AND (SELECT count(*) FROM waiting) = 1
       AND (SELECT count(*) FROM changed) = %s
       AND NOT EXISTS (SELECT * FROM given EXCEPT SELECT * FROM changed)
       AND {_nothing_acts_on(*_MOVED_TABLES)} AS ok
) SELECT count(*), sqrt(CASE WHEN count(*) > 0 AND NOT (SELECT ok FROM kept) THEN -1 ELSE 1 END),
    ln(CASE WHEN (SELECT serial <= {_LAST_SERIAL} FROM happened) THEN -1 ELSE 1 END),
    {_DURABLY}
FROM moved
""")


# INVARIANT: there is no row to lock of a record that must not exist. Whoever adds one has read that
# it does not, and so holds this lock of its id until its transaction ends; it is taken by a
# statement before the one that looks, which then sees what was added meanwhile. Ids share 1,024
# locks: a server holds a few thousand in all, and a batch may add more records than that.
_LOCK_ABSENT_IDS = with_schema("""SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(id, 0::bigint) & 1023::bigint AS key
    FROM pg_catalog.unnest(%s::text[]) AS given(id) ORDER BY 1
) AS keys""")


def append_single_move(driver: Any, rows: BatchRows, event: EventRow) -> bool:
    """Keep one event that moves the one record that was read; say whether that was still so.

    `driver` is a connection of psycopg's that commits by itself. The event's key needs no look: who
    used it meanwhile has moved the record's number. The table refuses one that stood there before.
    """
    changes = _column_arrays("change", ChangeRow._fields, rows.changes).values()
    wanted = (event.digest, rows.bodies[0], event.text, event.digest, len(rows.changes))
    parameters = (*(rows.moved or ()), *event, *changes, *wanted)
    try:
        kept, *_ = driver.execute(_APPEND_SINGLE_MOVE, parameters).fetchone()
    except driver.IntegrityError as fault:
        if not is_conflict(fault):
            raise
        return False
    return bool(kept)


def append_in_one_statement(connection: Connection, batch: WriteBatch, *, alone: bool) -> None:
    """Keep a batch on PostgreSQL, in one statement; in two, if it read that a record is not there.

    Args:
        connection: One that commits by itself if `alone`, else in a transaction.
        batch: What to keep.
        alone: Whether a batch that was kept in part ends in an error that takes it all back; in
            an application's transaction it ends in a Conflict that says the transaction is lost.
    """
    expected = expected_numbers(batch)
    try:
        check_numbers(batch, expected)
    except Conflict:
        raise_refusal(connection, batch)
    check_keys(batch, lambda *_: False)
    count_names(connection, batch)
    absent = absent_ids(batch)
    if absent:
        connection.exec_driver_sql(_LOCK_ABSENT_IDS, (absent,)).all()
    if batch.listings:
        _lock_and_list(connection, batch)
    rows = batch_rows(batch, moves_alone=False)
    is_joint = keeps_joint(connection, rows)
    parameters = {"alone": alone, **_statement_parameters(rows, expected)}
    try:
        fits, whole, unseen, *_ = connection.exec_driver_sql(_APPEND, parameters).one()
    except DBAPIError as fault:
        if alone and is_conflict(fault):
            raise_refusal(connection, batch)
        raise
    if not fits:
        raise_refusal(connection, batch)
    if not whole:
        raise lost_transaction(batch)
    if unseen:
        _read_back(connection, {digest: batch.documents[digest] for digest in unseen})
    if is_joint:
        write_joint(connection, rows)


def _read_back(connection: Connection, documents: Mapping[str, bytes]) -> None:
    """Have the transaction fail where documents are not there that others brought meanwhile."""
    sent = {"digest": list(documents), "content": list(documents.values())}
    connection.exec_driver_sql(_HAS_DOCUMENTS, sent).all()


def _lock_and_list(connection: Connection, batch: WriteBatch) -> None:
    """Refuse a batch one of whose queries lists otherwise, once its records are locked.

    # INVARIANT: whoever comes to be listed has read, and so locks, a record that is read for this
    # batch too. It is locked by a statement before the one that lists, which then sees what was
    # kept meanwhile; whoever comes later finds what this batch moves.
    """
    asking, statements = partial(ask, connection), statements_of(connection.dialect)
    check_batch(batch, asking, statements)
    check_listings(batch, asking, statements, partial(_has_joint_records, connection))


def _statement_parameters(rows: BatchRows, expected: Mapping[str, int]) -> dict[str, Any]:
    added = [row for row in rows.records if not expected.get(row.id)]
    moved = [row for row in rows.records if expected.get(row.id)]
    keyed = [event for event in rows.events if event.key is not None]
    return {
        "read_id": list(expected),
        "read_number": list(expected.values()),
        "key_record": [event.record for event in keyed],
        "key_key": [event.key for event in keyed],
        **_column_arrays("rules", LIFECYCLE_COLUMNS, rows.lifecycles),
        **_column_arrays("added", StoredRow._fields, added),
        **_column_arrays("moved", StoredRow._fields, moved),
        **_column_arrays("event", EventRow._fields, rows.events),
        **_column_arrays("change", ChangeRow._fields, rows.changes),
        **_column_arrays("document", ("digest", "content"), rows.documents),
    }


def _column_arrays(
    prefix: str, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Mapping[str, list[Any]]:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {
        f"{prefix}_{name}": [_array_value(name, value) for value in column]
        if name in NULL_COLUMNS
        else list(column)
        for name, column in zip(names, columns, strict=True)
    }
