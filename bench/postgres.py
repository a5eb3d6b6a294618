"""One durable step on PostgreSQL: an act decided and kept, against psycopg doing the same by hand.

The baseline reads the record's row, and writes with one statement that checks its number in the
UPDATE that moves it: two round trips, as ours has, on one held connection that commits by itself.
The bytes are the same, ready beforehand: the databases are compared when the run has ended.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from sqlalchemy.engine import make_url

from bench.durable import (
    ROUNDS,
    STEPS,
    Recording,
    fill,
    in_steps,
    moved_row,
    propose_or_withdraw,
    tell_time,
)
from bench.rounds import Result, compare, interleaved
from peelflow import Register, national
from peelflow.stores.rows import BatchRows
from peelflow.stores.sql.store import SqlStore, upgrade_sql
from tests.builders.servers import database, running

RAW = "raw psycopg, same bytes"
READ = "SELECT id, head, body FROM peelflow_records WHERE id = %s"
WRITE = """WITH moved AS (
    UPDATE peelflow_records SET number = %s, head = %s, level = %s, lifecycle = %s, version = %s,
    state = %s, body = %s WHERE id = %s AND number = %s RETURNING 1
), happened AS (
    INSERT INTO peelflow_events (record, number, "on", kind, key, text, previous, digest)
    SELECT %s, %s::integer, %s, %s, %s, %s, %s, %s FROM moved RETURNING serial
), waiting AS (
    INSERT INTO peelflow_unplaced (batch, serial) SELECT serial, serial FROM happened
), changed AS (
    INSERT INTO peelflow_changes
    (record, number, "on", force, category, level, ledger, counts, state, delta)
    SELECT * FROM unnest(%s::text[], %s::integer[], %s::text[], %s::text[], %s::text[],
        %s::integer[], %s::text[], %s::text[], %s::text[], %s::integer[])
    WHERE EXISTS (SELECT 1 FROM moved)
) SELECT count(*) FROM moved"""
TOLD = ("records", "events", "changes", "unplaced")


def measure() -> Iterator[Result]:
    """Yield a plain step against raw psycopg.

    Raises:
        AssertionError: The two databases do not hold the same.
    """
    with running() as server, database(server) as ours, database(server) as theirs:
        times = _times(ours, theirs)
    yield compare("one durable step on PostgreSQL", times, RAW, budget=1.2)


def _times(ours: str, theirs: str) -> dict[str, tuple[float, ...]]:
    recording = Recording()
    upgrade_sql(ours)
    with (
        Register(SqlStore(ours), rulebook=national(), clock=tell_time) as register,
        psycopg.connect(_plain(theirs), autocommit=True) as raw,
    ):
        told = Register(recording, rulebook=register.rulebook, clock=tell_time)
        fill(told)
        fill(register)
        upgrade_sql(theirs)
        with Register(SqlStore(theirs), rulebook=register.rulebook, clock=tell_time) as filled:
            fill(filled)
        for number in range((ROUNDS + 1) * STEPS):
            propose_or_withdraw(told, number)
        mine = in_steps(lambda number: propose_or_withdraw(register, number))
        by_hand = in_steps(lambda number: _step(raw, recording.rows[number + 1]))
        times = interleaved({"peelflow": mine, RAW: by_hand}, rounds=ROUNDS, per_round=STEPS)
        _check_same(ours, raw)
    return dict(times)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _step(connection: psycopg.Connection, rows: BatchRows) -> None:
    moved, (event,) = moved_row(rows), rows.events
    connection.execute(READ, (moved[-2],), prepare=True).fetchone()
    changes = [list(column) for column in zip(*rows.changes, strict=True)]
    asked = (*moved, *event, *changes)
    (kept,) = connection.execute(WRITE, asked, prepare=True).fetchone() or (0,)
    if kept != 1:
        raise LookupError(moved[-2])


def _check_same(ours: str, raw: psycopg.Connection) -> None:
    with psycopg.connect(_plain(ours)) as connection:
        for table in TOLD:
            sql = f"SELECT * FROM peelflow_{table} ORDER BY 1, 2"
            mine, theirs = connection.execute(sql).fetchall(), raw.execute(sql).fetchall()
            assert mine == theirs, table
