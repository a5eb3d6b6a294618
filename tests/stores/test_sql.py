"""The SQL stores: their tables, their URLs, and the feed beside transactions that stay open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.dialects import registry
from sqlalchemy.engine import Engine
from sqlalchemy.event import listen
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from peelflow.errors import (
    Conflict,
    InvalidRequest,
    KeyReused,
    MissingDependency,
    RulesMismatch,
    StoreBusy,
    StoreUnavailable,
    StoreVersion,
)
from peelflow.stores import opening
from peelflow.stores.base import RecordQuery
from peelflow.stores.database import Statements
from peelflow.stores.opening import open_store, upgrade_store
from peelflow.stores.rows import GENESIS, chain
from peelflow.stores.sql import append as postgresql
from peelflow.stores.sql.schema import SCHEMA, metadata, upgrade_schema
from peelflow.stores.sql.store import JoinedStore, SqlStore, upgrade_sql
from peelflow.testing.worker import at_sync_points, sync_points_of
from tests.builders.stores import append_next, batch, change, event, next_event, record


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    """Another way to the same database."""
    made = create_engine(address)
    yield made
    made.dispose()


@pytest.fixture
def sql(address: str) -> Iterator[SqlStore]:
    """An empty SQL store of each kind."""
    opened = SqlStore(address)
    yield opened
    opened.close()


def _schema(engine: Engine, number: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE peelflow_meta SET schema = :number"), {"number": number})


def test_tables_are_made_once_and_only_when_asked(tmp_path: Path) -> None:
    """S12: opening makes nothing; upgrading makes the tables, and again changes nothing."""
    url = f"sqlite+pysqlite:///{tmp_path / 'tables.db'}"
    with pytest.raises(StoreUnavailable, match="run: peelflow store upgrade"):
        open_store(url)

    assert upgrade_store(url) == 0
    assert upgrade_store(url) == SCHEMA
    open_store(url).close()


def test_a_file_and_memory_need_no_upgrade() -> None:
    """They make their own."""
    assert upgrade_store("memory:") is None
    assert upgrade_store("sqlite:///register.db") is None


def test_a_newer_schema_is_refused(address: str, engine: Engine) -> None:
    """S12: to open and to upgrade."""
    _schema(engine, SCHEMA + 1)
    try:
        with pytest.raises(StoreVersion) as caught:
            open_store(address)
        assert (caught.value.found, caught.value.known) == (SCHEMA + 1, SCHEMA)
        with pytest.raises(StoreVersion):
            upgrade_store(address)
    finally:
        _schema(engine, SCHEMA)


def test_an_older_schema_is_upgraded_when_asked(address: str, engine: Engine) -> None:
    """S12: step by step; without a step for it, it is refused, and opening says what to do."""
    _schema(engine, 0)
    with pytest.raises(StoreUnavailable, match="is older than 1; run: peelflow store upgrade"):
        open_store(address)
    with engine.begin() as connection:
        assert upgrade_schema(connection, address) == 0
    open_store(address).close()


def test_each_step_of_an_upgrade_is_done(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """S12: from the schema found to the one known, in order; never guessed."""
    monkeypatch.setattr("peelflow.stores.sql.schema.SCHEMA", 3)
    done: list[int] = []
    try:
        with engine.begin() as connection:
            with pytest.raises(StoreUnavailable, match="its schema number is 2"):
                upgrade_schema(connection, "url", {1: lambda _: done.append(1)})
            steps = {1: lambda _: done.append(1), 2: lambda _: done.append(2)}
            assert upgrade_schema(connection, "url", steps) == 1
            assert upgrade_schema(connection, "url", steps) == 3
    finally:
        _schema(engine, SCHEMA)
    assert done == [1, 1, 2]


def test_the_tables_are_there_for_alembic(engine: Engine) -> None:
    """An application's migrations see them all, and find nothing to change."""
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            assert connection.execute(table.select().limit(1)).keys() == table.columns.keys()


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("nonsense+driver://host/name", InvalidRequest, "no driver is installed"),
        ("mysql+nothere://host/name", InvalidRequest, "no driver is installed"),
        ("post gres+psycopg", InvalidRequest, "cannot be read"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/name", StoreUnavailable, "127.0.0.1"),
        ("sqlite+pysqlite:////no/such/folder/file.db", StoreUnavailable, "unable to open"),
        ("postgresql+psycopg://u:secret@host:port/name", InvalidRequest, "cannot be read"),
        ("postgresql+psycopg://u:secret@[::1/name", InvalidRequest, "cannot be read"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/name?no=1", StoreUnavailable, "check the URL"),
        ("mysql://u:secret@host/name", InvalidRequest, r"store 'mysql://…': no store is"),
        ("strange:///x", InvalidRequest, r"`postgresql\+psycopg://host/name`"),
    ],
)
def test_a_url_that_leads_nowhere_is_told(url: str, error: type[Exception], said: str) -> None:
    """In words, on one line, and never with the password."""
    with pytest.raises(error, match=said) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)
    assert str(caught.value).isprintable()
    if "+" in url:
        with pytest.raises(error):
            upgrade_sql(url)


def test_without_sqlalchemy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setattr(opening, "find_spec", lambda _: None)

    with pytest.raises(MissingDependency, match=r"pip install 'peelflow\[sql\]'"):
        open_store("postgresql+psycopg://host/name")


def test_an_unknown_database_is_warned_of(tmp_path: Path) -> None:
    """Only the kit can vouch for it; the promises are tried on it all the same."""
    registry.register("strange.pysqlite", "tests.builders.dialects", "Strange")
    url = f"strange+pysqlite:///{tmp_path / 'tables.db'}"
    upgrade_store(url)

    with pytest.warns(UserWarning, match="run peelflow's conformance kit"):
        store = open_store(url)

    append_next(store, fields={"person": "a"})
    append_next(store, "other", fields={"person": "b"})
    assert [each.id for each in store.records(RecordQuery(field=("person", "b")))] == ["other"]
    store.close()


def test_a_database_that_cannot_look_into_a_record_has_each_looked_at(sql: SqlStore) -> None:
    """S9: a field is then compared here, and the same records are listed."""
    append_next(sql, fields={"person": "a"})
    append_next(sql, "other", fields={"person": "b"})
    plain = evolve(sql._statements.dialect, field_condition=None, holds_text=None)
    sql._statements = Statements(plain)

    assert [each.id for each in sql.records(RecordQuery(mention="b"))] == ["other"]
    assert [each.id for each in sql.records(RecordQuery(field=("person", "b")))] == ["other"]


def test_an_unknown_database_is_asked_in_plain_sql(postgres: str) -> None:
    """Nothing of PostgreSQL's or SQLite's own is used: lists of parameters, locks and fields."""
    registry.register("unknown.other", "tests.builders.dialects", "Unknown")
    url = postgres.replace("postgresql+psycopg:", "unknown+other:")
    with pytest.warns(UserWarning, match="run peelflow's conformance kit"):
        store = open_store(url)

    for number, name in enumerate("aba"):
        append_next(store, name, fields={"person": name}, key=f"{number}?", changes=(change(),))
    with pytest.raises(KeyReused):
        append_next(store, "a", key="0?")
    with pytest.raises(Conflict):
        store.append(batch(next_event(store, "a"), read_set={"b": 7}))

    assert store.read(["a", "b", "none"]).keys() == {"a", "b"}
    assert [each.id for each in store.records(RecordQuery(field=("person", "b")))] == ["b"]
    assert store.position() == 3
    assert [total.total for total in store.totals(known=2)] == [2]
    assert {name: len(events) for name, events in store.histories(["a", "b"]).items()} == {
        "a": 2,
        "b": 1,
    }
    assert store.last_events({"a": 2}) == {"a": store.history("a")[1]}
    assert store.document("none") is None
    with store.snapshot() as kept:
        assert list(kept.database_faults()) == []  # nobody knows what it checks by itself
    store.close()


def test_a_database_in_memory_has_no_tables_yet() -> None:
    """Each connection has one of its own, so nothing can be kept in it; no file to look after."""
    with pytest.raises(StoreUnavailable, match="it has no tables of peelflow"):
        open_store("sqlite+pysqlite://")


def test_a_register_joins_a_connection_of_another_driver(postgres: str) -> None:
    """Which cannot be asked in what encoding it speaks: what it writes is read back anyway."""
    registry.register("postgresql.other", "tests.builders.dialects", "Other")
    engine = create_engine(postgres.replace("+psycopg:", "+other:"))
    with engine.begin() as connection:
        store = JoinedStore(connection)
        append_next(store)
        assert [each.number for each in store.records(RecordQuery())] == [1]
    engine.dispose()


def test_another_driver_passes_the_points_that_it_names(postgres: str) -> None:
    """On PostgreSQL too: where a kill is tried is where the store comes by."""
    registry.register("postgresql.other", "tests.builders.dialects", "Other")
    store = open_store(postgres.replace("+psycopg:", "+other:"))
    passed: list[str] = []
    with at_sync_points(store, passed.append):
        append_next(store)

    assert passed == list(sync_points_of(store))
    store.close()


def test_nothing_can_be_asked_of_a_closed_store(sql: SqlStore) -> None:
    """Closing twice is harmless."""
    sql.close()
    sql.close()

    with pytest.raises(StoreUnavailable, match="it was closed"):
        sql.read(["a"])


def test_a_child_process_has_connections_of_its_own(sql: SqlStore) -> None:
    """S11: what a fork's child does and what its parent does are both kept."""
    append_next(sql, "a")
    child = os.fork()
    if not child:
        append_next(sql, "b")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    append_next(sql, "c")

    assert [each.id for each in sql.records(RecordQuery())] == ["a", "b", "c"]
    assert len(sql.feed(0, 10)) == 3


def test_a_row_that_cannot_be_read_is_told(sql: SqlStore, engine: Engine) -> None:
    """With its record, and its event."""
    append_next(sql, "a")
    with engine.begin() as connection:
        connection.execute(text("UPDATE peelflow_records SET body = '{}'"))
        connection.execute(text("UPDATE peelflow_events SET text = '{}'"))

    with pytest.raises(StoreUnavailable, match="the row of a"):
        sql.read(["a"])
    with pytest.raises(StoreUnavailable, match="the row of a"):
        list(sql.records(RecordQuery()))
    with pytest.raises(StoreUnavailable, match="event 1 of a"):
        sql.history("a")


def test_a_table_that_is_gone_is_told(sql: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database says, in our error."""
    nowhere = f"SELECT 1 FROM nowhere WHERE id = {sql._statements.dialect.mark}"
    monkeypatch.setattr(sql._statements, "record_by_id", nowhere)

    with pytest.raises(StoreUnavailable, match="nowhere"):
        sql.read(["a"])


def test_an_open_transaction_neither_stalls_the_feed_nor_is_skipped(postgres: str) -> None:
    """S5: what commits late gets its position then; what an idle one holds up is nothing."""
    store, engine = SqlStore(postgres), create_engine(postgres)
    with engine.connect() as late, engine.connect() as idle:
        idle.execute(text("SELECT 1"))
        late.execute(
            text(
                """WITH e AS (INSERT INTO peelflow_events
                (record, number, "on", kind, text, previous, digest)
                VALUES ('late', 1, '2024-03-02', 'acted', :text, '', 'd') RETURNING serial)
                INSERT INTO peelflow_unplaced SELECT serial, serial FROM e"""
            ),
            {"text": next_event(store, "late")[0].text},
        )
        append_next(store, "first")
        assert [(p.position, p.entry.event.record) for p in store.feed(0, 9)] == [(1, "first")]
        late.commit()
    append_next(store, "second")

    fed = [(placed.position, placed.entry.event.record) for placed in store.feed(1, 9)]

    assert fed == [(2, "late"), (3, "second")]
    engine.dispose()
    store.close()


def test_a_row_that_stays_locked_is_busy(postgres: str) -> None:
    """Whoever waits for longer than the connection's lock timeout is told to try again."""
    glue = "&" if "?" in postgres else "?"
    store = SqlStore(f"{postgres}{glue}options=-clock_timeout%3D20")
    append_next(store, "a")
    engine = create_engine(postgres)
    with engine.connect() as other:
        other.execute(text("SELECT 1 FROM peelflow_records FOR UPDATE"))
        with pytest.raises(StoreBusy):
            append_next(store, "a")
    engine.dispose()
    store.close()


def test_a_batch_that_was_kept_in_part_is_taken_back(postgres: str) -> None:
    """S1: somebody adds the same record in the very moment; all of the batch is taken back."""
    store, engine = SqlStore(postgres), create_engine(postgres)
    both = batch(next_event(store, "a"), next_event(store, "b"))
    with engine.connect() as other:
        _put_records(other, "b")
        worker = _in_thread(lambda: store.append(both))
        _wait_for_a_lock(postgres)
        other.commit()
        error = worker()

    assert isinstance(error, (StoreBusy, Conflict))
    assert store.read(["a"]) == {}
    engine.dispose()
    store.close()


def test_keys_and_rules_of_others_are_told(sql: SqlStore) -> None:
    """S7 and the rules: by the same words as every store's."""
    append_next(sql, "a", key="k")
    with pytest.raises(KeyReused):
        append_next(sql, "a", key="k")
    first = batch(next_event(sql, "b"))
    sql.append(type(first)(first.entries, first.records, first.read_set, {("r", 1, "x"): "text"}))
    other = batch(next_event(sql, "c"))
    with pytest.raises(RulesMismatch):
        sql.append(
            type(other)(other.entries, other.records, other.read_set, {("r", 1, "y"): "text"})
        )
    assert sql.read(["c"]) == {}


def test_many_events_are_placed_in_parts(sql: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """S5: in one order, however many wait."""
    monkeypatch.setattr("peelflow.stores.sql.store.PLACING_CHUNK", 2)
    for number in range(5):
        append_next(sql, f"r{number}", changes=(change(),))

    assert [each.position for each in sql.feed(0, 9)] == [1, 2, 3, 4, 5]


def _put_records(connection: Connection, *names: str) -> None:
    sql = """INSERT INTO peelflow_records
        (id, number, head, force, category, lifecycle, version, state, body)
        VALUES (:id, 1, '', '', '', '', 1, '', '{}')"""
    for name in names:
        connection.execute(text(sql), {"id": name})


def _in_thread(work: Callable[[], None]) -> Callable[[], BaseException | None]:
    """Start `work` and return what waits for its end and gives its error."""
    pool = ThreadPoolExecutor(1)
    done = pool.submit(work)

    def ended() -> BaseException | None:
        error = done.exception()
        pool.shutdown()
        return error

    return ended


def _wait_for_a_lock(url: str) -> None:
    """Return once somebody waits for a lock in the database."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        while not connection.execute(text("SELECT 1 FROM pg_locks WHERE NOT granted")).all():
            os.sched_yield()
    engine.dispose()


def test_a_batch_brings_its_documents(sql: SqlStore) -> None:
    """S8: with the events, and once."""
    digest = sha256(b"x").hexdigest()
    sql.keep_document(digest, b"x")
    new = evolve(batch(next_event(sql, "a")), documents={digest: b"x"})
    sql.append(new)

    assert sql.document(digest) == b"x"


def test_who_stood_in_the_way_may_have_gone_again(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2: nothing was kept, and there is nothing left to show why: try again."""
    store = SqlStore(postgres)
    never = postgresql._APPEND.replace("WHERE l.digest <> given.digest)", "WHERE TRUE) AND FALSE")
    monkeypatch.setattr(postgresql, "_APPEND", never)

    with pytest.raises(Conflict):
        append_next(store, "a")

    assert store.read(["a"]) == {}
    store.close()


def test_what_sqlalchemy_itself_says_is_told(
    sql: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool that has no connection left, for example."""

    def none_left(*_: object) -> None:
        raise PoolTimeoutError("QueuePool limit")

    monkeypatch.setattr("peelflow.stores.database._lifecycle_texts", none_left)
    with pytest.raises(StoreUnavailable, match="QueuePool limit"):
        sql.lifecycles()


def test_adds_more_records_at_once_than_a_server_has_locks(postgres: str) -> None:
    """S1: a batch is as large as it has to be."""
    store = open_store(postgres)
    entries = [chain(GENESIS, event(f"R{number}")) for number in range(12_000)]
    store.append(batch(*((entry, record(entry.event.record)) for entry in entries)))

    assert len(store.read([entry.event.record for entry in entries])) == len(entries)
    store.close()


@pytest.mark.parametrize("ask", [SqlStore.lifecycles, SqlStore.position])
def test_what_is_asked_while_the_store_closes_leaves_no_connection(
    postgres: str, ask: Callable[[SqlStore], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread still has one: it is closed when it is given back."""
    store = SqlStore(postgres)
    held: list[Any] = []

    def closing(*_: object) -> dict[object, object]:
        store.close()
        return {}

    listen(store._pool, "checkout", lambda driver, *_: held.append(driver))
    monkeypatch.setattr("peelflow.stores.database._lifecycle_texts", closing)
    monkeypatch.setattr("peelflow.stores.sql.store.has_unplaced_events", closing)

    with suppress(StoreUnavailable):
        ask(store)
    assert [driver.closed for driver in held] == [True]


def test_a_moved_record_taken_back_is_a_conflict(postgres: str) -> None:
    """S1: of two records that exist one cannot be moved; the statement takes both back."""
    store, engine = SqlStore(postgres), create_engine(postgres)
    append_next(store, "a")
    append_next(store, "b")
    with engine.begin() as connection:
        body = "BEGIN IF NEW.id = 'b' THEN RETURN NULL; END IF; RETURN NEW; END"
        sql = f"CREATE OR REPLACE FUNCTION staying() RETURNS trigger AS $${body}$$"
        connection.execute(text(f"{sql} LANGUAGE plpgsql"))
        when = "BEFORE UPDATE ON peelflow_records FOR EACH ROW EXECUTE FUNCTION staying()"
        connection.execute(text(f"CREATE TRIGGER staying {when}"))
    try:
        with pytest.raises(Conflict):
            store.append(batch(next_event(store, "a"), next_event(store, "b")))
        assert store.read(["a"])["a"].record.number == 1
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP TRIGGER staying ON peelflow_records"))
    engine.dispose()
    store.close()
