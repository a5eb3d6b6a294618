"""Tamper with a register in PostgreSQL in every way, one at a time, and see that it is found.

`make tamper`, or `python -m bench.tamper_postgresql`. Each tamper is committed to a database made
anew, and verified as anybody would, without a seal and with it. A database that says in words that
it cannot be opened is found, too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from attrs import evolve
from psycopg import Connection
from sqlalchemy.engine import make_url

from bench.tamper import (
    NOT_PROMISED,
    ChainedRow,
    Link,
    Outcome,
    Tally,
    fill_store,
    made_up_chains,
    named_columns,
    tally_of,
    tell,
    tried_on,
)
from peelflow import PeelflowError, Register
from peelflow.engine.fold import fold
from peelflow.model.records import Event
from peelflow.rulebook.canonical import canonical_json
from peelflow.stores.base import EventRow, StoredEvent, StoredRecord
from peelflow.stores.codec import event_from, record_text
from peelflow.stores.rows import GENESIS, chain, change_rows, event_row, record_row
from peelflow.stores.seals import Heads, Seal
from peelflow.stores.sql.store import upgrade_sql
from tests.builders.servers import database, running

Tamper = Callable[[Connection[Any]], int]
"""Changes a database, and returns how many rows it changed."""
RECORDS = 4  # of five events
TABLES = ("records", "events", "feed", "changes", "documents", "lifecycles", "meta")
EMPTY_TABLES = ("unplaced", "settings", "joint_records", "checkpoint", "sums")
_VALUES = {
    "text": {"text": "'x'", "empty": "''", "long": "repeat('x', 9000)", "null": "NULL"},
    "number": {"number": "7000000000000", "negative": "-1", "zero": "0", "null": "NULL"},
    "blob": {"blob": "'\\xff00'::bytea", "empty": "''::bytea", "null": "NULL"},
}
_KIND = {"text": "text", "bytea": "blob"}
_SILENT = "FUNCTION silent() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
_ACTING = {
    "trigger": f"CREATE {_SILENT}; CREATE TRIGGER t BEFORE INSERT ON {{0}} FOR EACH ROW "
    "EXECUTE FUNCTION silent()",
    "deferred trigger": f"CREATE {_SILENT}; CREATE CONSTRAINT TRIGGER t AFTER INSERT ON {{0}} "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION silent()",
    "rule": "CREATE RULE r AS ON INSERT TO {0} DO INSTEAD NOTHING",
    "row security": "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY",
    "policy": "CREATE POLICY p ON {0} USING (false)",
    "column": "ALTER TABLE {0} ADD COLUMN more text",
    "check": "ALTER TABLE {0} ADD CONSTRAINT c CHECK (random() < 2)",
    "child": "CREATE TABLE child () INHERITS ({0})",
    "view": "ALTER TABLE {0} RENAME TO moved; CREATE VIEW {0} AS SELECT * FROM moved",
    "generated column": "ALTER TABLE {0} ADD COLUMN more text GENERATED ALWAYS AS ('x') STORED",
}
_DROP = "DROP TABLE {0} CASCADE"
_UNPLACED = """INSERT INTO peelflow_unplaced SELECT serial, serial FROM peelflow_feed
    WHERE position = 3"""
_SWAP = """UPDATE peelflow_feed SET position = -position WHERE position IN ({0}, {1});
    UPDATE peelflow_feed SET position = {0} + {1} + position WHERE position < 0"""


def each_tamper(connection: Connection[Any]) -> Iterator[tuple[str, Tamper]]:
    """Yield every tamper with the register, by the name of its kind and place."""
    for table in TABLES:
        yield from _with_columns(connection, f"peelflow_{table}")
        for kind, sql in _ACTING.items():
            yield f"schema: {kind} {table}", _sql(sql.format(f"peelflow_{table}"))
        yield f"schema: drop {table}", _sql(_DROP.format(f"peelflow_{table}"))
    for table in EMPTY_TABLES:  # a database of before may lack all but the first
        for kind, sql in _ACTING.items():
            yield f"schema: {kind} {table}", _sql(sql.format(f"peelflow_{table}"))
    for table in ("feed", "changes", "documents", "lifecycles"):
        yield f"schema: unlogged {table}", _sql(f"ALTER TABLE peelflow_{table} SET UNLOGGED")
    joined = "INSERT INTO peelflow_joint_records SELECT id, 'kent' FROM peelflow_records LIMIT 1"
    yield "joint_records: insert first", _sql(joined)
    for index in ("records_by_category", "records_by_parent"):
        yield f"schema: index {index}", _sql(f"DROP INDEX peelflow_{index}")
    for name in ("by_number", "by_key"):
        drop = f"ALTER TABLE peelflow_events DROP CONSTRAINT peelflow_events_{name}"
        yield f"schema: constraint {name}", _sql(drop)
    default = "ALTER TABLE peelflow_records ALTER COLUMN level SET DEFAULT 1"
    yield "schema: default records", _sql(default)
    yield "feed: emptied all", _sql("DELETE FROM peelflow_feed")
    yield "feed: unplaced all", _sql(_UNPLACED)
    yield from _with_histories(connection)
    yield from _with_chains(connection)


def _sql(sql: str) -> Tamper:
    def tamper(connection: Connection[Any]) -> int:
        rows = [connection.execute(part.encode()).rowcount for part in sql.split(";\n")]
        return sum(rows)

    return tamper


def _with_columns(connection: Connection[Any], table: str) -> Iterator[tuple[str, Tamper]]:
    """Yield, for the first, a middle and the last row, each column set to anything, and no row."""
    columns = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position",
        [table],
    ).fetchall()
    found = connection.execute(f"SELECT ctid::text FROM {table} ORDER BY ctid".encode())
    places = [place for (place,) in found]
    for place in sorted({places[0], places[len(places) // 2], places[-1]}):
        where = f"WHERE ctid = '{place}'"
        unnamed = f"{NOT_PROMISED}: " if _is_description(connection, table, where) else ""
        for name, kind in columns:
            for value, sql in _VALUES[_KIND.get(kind, "number")].items():
                update = f'UPDATE {table} SET "{name}" = {sql} {where}'
                changed = f'{update} AND "{name}" IS DISTINCT FROM {sql}'
                yield f"{unnamed}any column: {table}.{name} {value} {place}", _sql(changed)
        yield f"{unnamed}any row: {table} {place}", _sql(f"DELETE FROM {table} {where}")


def _is_description(connection: Connection[Any], table: str, where: str) -> bool:
    """Return whether a row says of a document what no event names."""
    if table != "peelflow_documents":
        return False
    row = connection.execute(f"SELECT content FROM {table} {where}".encode()).fetchone()
    return row is not None and bytes(row[0]).startswith(b'["document"')


def _with_histories(connection: Connection[Any]) -> Iterator[tuple[str, Tamper]]:
    """Yield histories made anew, so that all of them fits, and the feed in another order."""
    asked = "SELECT text FROM peelflow_events ORDER BY record, number"
    told = [event_from(text) for (text,) in connection.execute(asked)]
    for event in told:
        own = [other for other in told if other.record == event.record]
        place, name = own.index(event), f"{event.record}/{event.number}"
        edited = evolve(event, source="a forged source")
        yield f"careful edit {name}", _rewriting([*own[:place], edited, *own[place + 1 :]])
        yield f"careful deletion {name}", _rewriting([*own[:place], *own[place + 1 :]])
        if place:
            yield f"careful truncation {name}", _rewriting(own[:place])
    for first in range(1, len(told)):
        yield f"swap of positions {first}", _sql(_SWAP.format(first, first + 1))


def _rewriting(events: list[Event]) -> Tamper:
    """Return what leaves a record these events, each in a row that was there, and all fitting."""
    entries, head = list[StoredEvent](), GENESIS
    for number, event in enumerate(events, 1):
        entries.append(chain(head, evolve(event, number=number)))
        head = entries[-1].digest

    def tamper(connection: Connection[Any]) -> int:
        record = events[0].record
        _keep_rows(connection, record, entries)
        connection.execute("DELETE FROM peelflow_changes WHERE record = %s", [record])
        for change in (row for entry in entries for row in change_rows(entry.event)):
            _insert(connection, "changes", change)
        connection.execute("DELETE FROM peelflow_records WHERE id = %s", [record])
        try:
            folded = fold([entry.event for entry in entries])
        except (TypeError, ValueError):
            return 1
        row = record_row(StoredRecord(folded, head), record_text(folded))
        _insert(connection, "records", row)
        return 1

    return tamper


def _keep_rows(connection: Connection[Any], record: str, entries: list[StoredEvent]) -> None:
    """Write events over a record's rows in their order; take the rest away, and close the feed."""
    asked = "SELECT serial FROM peelflow_events WHERE record = %s ORDER BY number"
    serials = [serial for (serial,) in connection.execute(asked, [record])]
    for serial in serials[len(entries) :]:
        gone = "DELETE FROM peelflow_feed WHERE serial = %s RETURNING position"
        row = connection.execute(gone, [serial]).fetchone()
        position = row[0] if row else 0
        shift = "UPDATE peelflow_feed SET position = -position WHERE position > %s"
        connection.execute(shift, [position])
        connection.execute("UPDATE peelflow_feed SET position = -position - 1 WHERE position < 0")
        connection.execute("DELETE FROM peelflow_events WHERE serial = %s", [serial])
    columns = ", ".join(f'"{name}" = %s' for name in EventRow._fields)
    update = f"UPDATE peelflow_events SET {columns} WHERE serial = %s"
    for serial, entry in zip(serials, entries, strict=False):
        connection.execute(update.encode(), [*event_row(entry), serial])


def _insert(connection: Connection[Any], table: str, row: Any) -> None:
    names = ", ".join(f'"{name}"' for name in row._fields)
    marks = ", ".join(["%s"] * len(row))
    connection.execute(f"INSERT INTO peelflow_{table} ({names}) VALUES ({marks})".encode(), row)


def _with_chains(connection: Connection[Any]) -> Iterator[tuple[str, Tamper]]:
    """Yield, for each part of an event, that part set to anything, all digests made anew."""
    asked = "SELECT serial, record, text FROM peelflow_events ORDER BY serial"
    links = [Link(*row) for row in connection.execute(asked)]
    for name, record, rows, forged in made_up_chains(links):
        yield name, _chaining(record, rows, forged)


def _chaining(record: str, rows: list[ChainedRow], forged: object) -> Tamper:
    def tamper(connection: Connection[Any]) -> int:
        sql = "UPDATE peelflow_events SET text = %s, previous = %s, digest = %s WHERE serial = %s"
        for row in rows:
            connection.execute(sql, row)
        head = "UPDATE peelflow_records SET head = %s WHERE id = %s"
        connection.execute(head, (rows[-1][2], record))
        forged_row = next(row for text, *_, row in rows if text == canonical_json(forged))
        for name, part in named_columns(forged).items():
            column = f'UPDATE peelflow_events SET "{name}" = %s WHERE serial = %s'
            connection.execute(column.encode(), (part, forged_row))
        return len(rows)

    return tamper


def outcome_of(url: str, sealed: Seal, heads: Heads) -> Outcome:
    """Return what verifying finds in a database: without a seal, with it, or nothing."""
    try:
        register = Register.open(url)
    except PeelflowError:  # it says in words that it cannot be opened
        return "alone"
    with closing(register):
        return tried_on(
            lambda: _found(register.verify), lambda: _found(register.verify, sealed, heads)
        )


def _found(verify: Callable[..., Any], *seal: object) -> list[Any]:
    try:
        given = dict(zip(("sealed", "heads"), seal, strict=False))
        return list(verify(**given))
    except PeelflowError as refused:
        return [refused]


@contextmanager
def tampering(server: str, records: int) -> Iterator[tuple[str, Seal, Heads, Callable[[], None]]]:
    """Give a database's URL, the seal of what is in it, and what makes it anew."""
    plain = make_url(server).set(drivername="postgresql")
    address = plain.render_as_string(hide_password=False)
    with database(server) as made, database(server) as copied:
        upgrade_sql(made)
        sealed, heads = fill_store(made, records)
        origin, target = make_url(made).database, make_url(copied).database
        with psycopg.connect(address, autocommit=True) as administering:

            def renew() -> None:
                administering.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)".encode())
                administering.execute(f"CREATE DATABASE {target} TEMPLATE {origin}".encode())

            renew()
            yield copied, sealed, heads, renew


def run(server: str, records: int, *, part: int = 0, parts: int = 1) -> Tally:
    """Tamper with a register of so many records on a server, once for each way, and count.

    Args:
        server: The server's URL.
        records: How many records it has, of five events each.
        part: Which tampers are tried: the so-manieth of each `parts`.
        parts: One of how many is tried.
    """
    outcomes = list[tuple[str, Outcome]]()
    with tampering(server, records) as (url, sealed, heads, renew):
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            tampers = list(each_tamper(connection))[part::parts]
        for name, tamper in tampers:
            try:
                with psycopg.connect(plain) as connection:
                    changed = tamper(connection)
            except psycopg.Error as refused:  # the table itself refuses it
                if not isinstance(refused, psycopg.IntegrityError | psycopg.DataError):
                    raise
                continue
            if changed > 0 or name.startswith("schema"):
                outcomes.append((name, outcome_of(url, sealed, heads)))
                renew()
    return tally_of(outcomes)


def main() -> int:
    """Run on a server of our own, and print found / tried."""
    with running() as server:
        return tell(run(server, RECORDS))


if __name__ == "__main__":
    sys.exit(main())
