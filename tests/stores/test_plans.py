"""No statement on the way of a decision looks at every record, event or document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine

from peelflow.stores import sqlite, sqlite_file
from peelflow.stores.base import Checkpoint, RecordQuery
from peelflow.stores.opening import upgrade_store
from peelflow.stores.sql.connection import statements_of
from peelflow.stores.sqlite import SqliteStore
from peelflow.stores.totals import Between
from tests.builders.servers import database
from tests.builders.stores import append_next, batch, change, next_event

STATEMENTS = SqliteStore._statements
WHOLE = {"lifecycles", "last_numbers", "last_numbers False", "last_numbers True"}
"""What is asked for all there is, and for no decision."""
NARROWED = {
    f"{name} {has_joint}": sql
    for has_joint in (False, True)
    for name, sql in vars(STATEMENTS.narrowed(has_joint=has_joint)).items()
}
TEXTS = {
    name: sql
    for texts in (vars(sqlite), vars(sqlite_file), vars(STATEMENTS), NARROWED)
    for name, sql in texts.items()
    if isinstance(sql, str) and re.match(r"SELECT|INSERT|UPDATE", sql) and name not in WHOLE
}
APPOINTMENTS = RecordQuery(force="WMP", category="appointment", field=("person", "A Chief"))


def plan_of(store: SqliteStore, sql: str, values: Any) -> list[str]:
    """Return what SQLite says it would do, line by line."""
    found = store._run(lambda each: each.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall())
    return [str(line[-1]) for line in found]


def scans(plan: list[str]) -> list[str]:
    """Return the lines that look at everything but the values asked with, and names of tables."""
    return [
        line for line in plan if re.match(r"SCAN (?!json_each|asked|field|sqlite_master)", line)
    ]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_no_statement_scans_a_table(file: SqliteStore, name: str) -> None:
    """S2: reading and writing cost the same however many records there are."""
    values = [None] * TEXTS[name].count("?")

    found = scans(plan_of(file, TEXTS[name], values))

    assert not found


@pytest.mark.parametrize("as_at", [None, date(2024, 3, 2)])
@pytest.mark.parametrize("force", [None, "WMP"])
@pytest.mark.parametrize("known", [None, 7])
def test_totals_scan_the_changes_alone(
    file: SqliteStore, as_at: date | None, force: str | None, known: int | None
) -> None:
    """S2: figures add up every change, once, and look at the events that came later alone."""
    found = scans(plan_of(file, *STATEMENTS.totals.scan(as_at, force, known, has_joint=True)))

    assert found[:1] == ["SCAN changes"]
    assert not any(scan.startswith("SCAN events") for scan in found)


@pytest.mark.parametrize("as_at", [None, date(2024, 3, 2)])
@pytest.mark.parametrize("force", [None, "WMP"])
@pytest.mark.parametrize("known", [None, 7, 12])
def test_totals_by_sums_look_at_what_came_since_alone(
    file: SqliteStore, as_at: date | None, force: str | None, known: int | None
) -> None:
    """S2: figures read the sums of a month, and the events behind the checkpoint by position."""
    between = Between(Checkpoint(9, "d"), known)
    plan = plan_of(file, *STATEMENTS.totals.since(between, as_at, force))

    assert any(line.startswith("SEARCH events USING INTEGER PRIMARY KEY") for line in plan)
    assert "SCAN sums USING COVERING INDEX sums_by_day" in plan  # for any row
    scanned = {line.split()[1] for line in scans(plan)}
    assert scanned - {"moved", "taken", "m", "alike", "lines", "more"} == {"c", "sums"}
    assert scans(plan_of(file, STATEMENTS.totals.checkpoint, ()))[:1] == ["SCAN c"]


@pytest.mark.parametrize("after", [None, "a"])
@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (RecordQuery(parent="p"), "records_by_parent"),
        (RecordQuery(force="WMP", category="afi", state="open"), "records_by_category"),
        (APPOINTMENTS, "records_by_category"),
    ],
)
def test_listings_of_a_decision_use_an_index(
    file: SqliteStore, wanted: RecordQuery, index: str, after: str | None
) -> None:
    """S2: children and appointments are found, in order, without looking at every record."""
    plan = plan_of(file, *STATEMENTS.listing(wanted, after=after, limit=9, has_joint=False))

    assert index in plan[0]
    assert not scans(plan)
    assert not any("TEMP B-TREE" in line for line in plan)


@pytest.mark.parametrize("after", [None, "a"])
def test_a_listing_of_a_force_looks_at_no_other_record_than_its_own_and_its_joint_ones(
    file: SqliteStore, after: str | None
) -> None:
    """S2: its own come by one index, the joint ones by another, however many others there are."""
    sql, values = STATEMENTS.listing(APPOINTMENTS, after=after, limit=9, has_joint=True)

    plan = plan_of(file, sql, values)

    assert not scans(plan)
    searched = [line for line in plan if line.startswith("SEARCH")]
    assert [line.partition("(")[0].split()[-1] for line in searched] == [
        "records_by_category",
        "joint_records_by_force",
        "sqlite_autoindex_records_1",
    ]


@pytest.fixture
def server(postgres_database: str) -> Iterator[Connection]:
    """Give a connection to an empty register on PostgreSQL that no other test has filled.

    What a server once counted in a table decides on its plans.
    """
    with database(postgres_database) as url:
        upgrade_store(url)
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            yield connection


@pytest.mark.parametrize("has_joint", [False, True])
@pytest.mark.parametrize("force", [None, "WMP"])
def test_last_events_are_found_by_their_numbers(
    file: SqliteStore, force: str | None, *, has_joint: bool
) -> None:
    """S14: no other event is looked at, and of another force's record none at all."""
    sql, values = STATEMENTS.last_events({"R-1": 3}, force, has_joint=has_joint) or ("", ())

    plan = plan_of(file, sql, values)

    assert not scans(plan)
    events = [line for line in plan if line.startswith("SEARCH events")]
    assert events == ["SEARCH events USING INDEX sqlite_autoindex_events_1 (record=? AND number=?)"]
    narrowed = [line for line in plan if "INDEX records_by_force (force=? AND id=?)" in line]
    assert bool(narrowed) == (force is not None)


@pytest.mark.parametrize("has_joint", [False, True])
@pytest.mark.parametrize("name", ["records", "histories"])
def test_a_forces_record_is_found_by_its_force_first(
    file: SqliteStore, server: Connection, name: str, *, has_joint: bool
) -> None:
    """S14: what another force has of that id is not even looked at, on either database."""
    sql = getattr(STATEMENTS.narrowed(has_joint=has_joint), name)
    plan = plan_of(file, sql, STATEMENTS.narrowed(has_joint=has_joint).told("WMP", "[]"))
    assert "INDEX records_by_force (force=? AND id=?)" in " ".join(plan)
    server.exec_driver_sql("SET enable_seqscan = off; SET enable_bitmapscan = off")
    narrowed = statements_of(server.dialect).narrowed(has_joint=has_joint)
    told = narrowed.told("WMP", ["R-1", "R-2"])
    found = server.exec_driver_sql(f"EXPLAIN {getattr(narrowed, name)}", told).scalars()
    # Which of the two that begin with the force is taken hangs on the server's costs.
    assert re.search(r"using peelflow_records_by_(force|category)\b", " ".join(found))


def test_a_step_leaves_the_indexes_alone(file: SqliteStore) -> None:
    """S3: a record that moves rewrites its row, not its place in the indexes.

    One that is entered anew may come to another force or category, and is written whole.
    """
    explain = f"EXPLAIN {TEXTS['_MOVE_RECORD']}"
    values = [""] * TEXTS["_MOVE_RECORD"].count("?")

    codes = file._run(lambda each: each.execute(explain, values).fetchall())

    assert "IdxDelete" not in {code[1] for code in codes}


def test_a_lone_step_asks_for_its_number_once(file: SqliteStore) -> None:
    """S2: the statement that moves a lone record checks its number; the schema is held to ours."""
    append_next(file)
    asked = batch(next_event(file, changes=(change(),)))
    seen: list[str] = []

    file._run(lambda each: each.set_trace_callback(seen.append))
    file.append(asked)

    verbs = ["BEGIN IMMEDIATE", "PRAGMA schema_version", "PRAGMA temp.schema_version"]
    verbs += ["UPDATE records", "INSERT INTO", "INSERT INTO", "COMMIT"]
    assert verbs == [" ".join(sql.split()[:2]) for sql in seen]
