"""A register in an application's own transaction: kept with it, and lost with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import Engine

from peelflow.errors import Conflict, InvalidRequest, StoreUnavailable
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor
from peelflow.register.register import Register
from peelflow.stores import totals as totals_module
from peelflow.stores.base import RecordQuery, StoredRecord
from peelflow.stores.codec import record_text
from peelflow.stores.opening import upgrade_store
from peelflow.stores.rows import record_row
from peelflow.stores.sql.append import _write_record_row
from peelflow.stores.sql.schema import upgrade_schema
from peelflow.stores.sql.store import JoinedStore, SqlStore
from tests.builders.stores import append_next, batch, change, next_event
from tests.stores.test_meanwhile import CHIEF, a_response, add_of_report, begin, publish
from tests.stores.test_sums import scanned

LIAISON = Actor("liaison-officer", "liaison_officer")
HMICFRS = Actor("portal", "hmicfrs")


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    """The application's own engine, beginning as SQLAlchemy's page on SQLite says."""
    made = create_engine(address)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _by_hand)
        event.listen(made, "begin", _immediately)
    with made.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS tasks"))
        connection.execute(text("CREATE TABLE tasks (record TEXT PRIMARY KEY, what TEXT)"))
    yield made
    with made.begin() as connection:
        connection.execute(text("DROP TABLE tasks"))
    made.dispose()


def _by_hand(opened: Any, _: object) -> None:
    opened.isolation_level = None
    opened.execute("PRAGMA busy_timeout = 50")


def _immediately(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _clock() -> datetime:
    return datetime(2026, 6, 1, tzinfo=UTC)


def _register(connection: object) -> Register:
    return Register.joined(connection, clock=_clock)


def _add(register: Register, record: str = "R") -> None:
    register.add(
        record,
        category="recommendation",
        level=3,
        force="west-midlands",
        issued=date(2023, 1, 1),
        actor=HMICFRS,
        recorded_by="liaison-officer",
        source="portal",
        fields={"owner": "lead"},
    )


def _tasks(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM tasks")).scalar_one())


def test_both_are_kept_when_the_application_commits(engine: Engine, address: str) -> None:
    """S3: its own row and ours, in one transaction; letters and all."""
    with engine.begin() as connection:
        register = _register(connection)
        _add(register)
        letter = register.keep(b"a letter", kind="letter", name="letter.txt")
        register.attach("R", letter, actor=LIAISON, on=date(2023, 1, 2))
        register.fire("R", "start", actor=LIAISON, on=date(2023, 1, 9), key="k")
        connection.execute(text("INSERT INTO tasks VALUES ('R', 'write to the lead')"))
        assert register.record("R").state == "in_progress"
        assert register.document(letter.digest) == b"a letter"
        assert [each.id for each in register.records(category="recommendation")] == ["R"]
        assert register.figures().open == 1
        assert len(register.history("R")) == 3
        again = register.fire("R", "start", actor=LIAISON, on=date(2023, 1, 9), key="k")
        assert again.number == 3
        register.close()

    store = SqlStore(address)
    assert store.read(["R"])["R"].record.state == "in_progress"
    assert [placed.position for placed in store.feed(0, 9)] == [1, 2, 3]
    assert _tasks(engine) == 1
    store.close()


def test_neither_is_kept_when_it_does_not(engine: Engine, address: str) -> None:
    """A failure after `fire` leaves both sides as they were."""

    def fails() -> None:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO tasks VALUES ('R', 'write to the lead')"))
            _add(_register(connection))
            connection.execute(text("INSERT INTO tasks VALUES ('R', 'twice')"))

    with pytest.raises(Exception, match=r"(?i)unique"):
        fails()

    store = SqlStore(address)
    assert store.read(["R"]) == {}
    assert store.feed(0, 9) == ()
    assert _tasks(engine) == 0
    store.close()


def test_a_refusal_leaves_the_transaction_usable(engine: Engine) -> None:
    """What the application does besides is kept all the same."""
    with engine.begin() as connection:
        register = _register(connection)
        _add(register)
        with pytest.raises(Refused):
            register.fire("R", "verify", actor=LIAISON, on=date(2023, 2, 1))
        connection.execute(text("INSERT INTO tasks VALUES ('R', 'ask HMICFRS')"))

    assert _tasks(engine) == 1


def test_a_damaged_event_leaves_the_transaction_as_it_was(
    engine: Engine, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S10: figures are of all changes where the database cannot read what came since the sums."""
    monkeypatch.setattr(totals_module, "WORTH", 0)
    store = SqlStore(address)
    for name in "abc":
        append_next(store, name, changes=(change(),))
    store.keep_sums()
    append_next(store, "d", changes=(change(),))
    store.close()
    with engine.begin() as connection:
        damage = """replace(text, '"changes":[', '"changes":[[')"""
        connection.execute(text(f"UPDATE peelflow_events SET text = {damage} WHERE record = 'd'"))
        connection.execute(text("INSERT INTO tasks VALUES ('d', 'look at it')"))
        joined = JoinedStore(connection)
        assert [line.total for line in joined.totals()] == [4]
        assert list(joined.totals()) == scanned(joined)
        connection.execute(text("INSERT INTO tasks VALUES ('e', 'write to the lead')"))

    assert _tasks(engine) == 2


def test_a_conflict_is_no_error_of_the_database(engine: Engine, address: str) -> None:
    """S2: nothing of the batch is put, and the transaction goes on."""
    store = SqlStore(address)
    append_next(store, "a")
    stale = batch(next_event(store, "a"), next_event(store, "b"))
    append_next(store, "a")
    with engine.begin() as connection:
        joined = JoinedStore(connection)
        with pytest.raises(Conflict) as caught:
            joined.append(stale)
        connection.execute(text("INSERT INTO tasks VALUES ('a', 'look again')"))

    assert not caught.value.transaction_lost
    assert (caught.value.record, caught.value.expected, caught.value.found) == ("a", 1, 2)
    assert store.read(["b"]) == {}
    assert _tasks(engine) == 1
    store.close()


def test_a_row_of_the_very_moment_loses_the_transaction(postgres: str) -> None:
    """S1: no half of a batch stays behind a Conflict: the application is told to roll back."""
    store, engine = SqlStore(postgres), create_engine(postgres)
    both = batch(next_event(store, "a"), next_event(store, "b"))
    _trigger(engine, "b")
    with engine.connect() as connection:
        with pytest.raises(Conflict) as caught:
            JoinedStore(connection).append(both)
        connection.rollback()
    _trigger(engine, None)

    assert caught.value.transaction_lost
    assert "roll the transaction back" in str(caught.value)
    assert store.read(["a"]) == {}
    engine.dispose()
    store.close()


def _trigger(engine: Engine, record: str | None) -> None:
    """Have the database pass over a record's row in silence, as ON CONFLICT does; or no more."""
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER IF EXISTS passing ON peelflow_records"))
        if record is not None:
            body = f"BEGIN IF NEW.id = '{record}' THEN RETURN NULL; END IF; RETURN NEW; END"
            sql = f"CREATE OR REPLACE FUNCTION passing() RETURNS trigger AS $${body}$$"
            connection.execute(text(f"{sql} LANGUAGE plpgsql"))
            when = "BEFORE INSERT ON peelflow_records FOR EACH ROW EXECUTE FUNCTION passing()"
            connection.execute(text(f"CREATE TRIGGER passing {when}"))


def test_on_a_connection_of_its_own_that_is_taken_back(postgres: str) -> None:
    """S1: the transaction is rolled back as a whole, and it is a Conflict."""
    store, engine = SqlStore(postgres), create_engine(postgres)
    _trigger(engine, "b")
    with pytest.raises(Conflict):
        store.append(batch(next_event(store, "a"), next_event(store, "b")))
    _trigger(engine, None)

    assert store.read(["a"]) == {}
    engine.dispose()
    store.close()


@pytest.mark.parametrize("what", [lambda s: s.append, lambda s: s.read])
def test_a_lock_that_cannot_be_had_loses_the_transaction(
    postgres: str, what: Callable[[JoinedStore], Any]
) -> None:
    """Lock, deadlock and serialization errors are one Conflict."""
    store, engine = SqlStore(postgres), create_engine(postgres)
    append_next(store, "a")
    new = batch(next_event(store, "a"))
    with engine.connect() as other, engine.connect() as connection:
        other.execute(text("LOCK TABLE peelflow_records IN ACCESS EXCLUSIVE MODE"))
        joined = JoinedStore(connection)
        connection.execute(text("SET LOCAL lock_timeout = '20ms'"))
        with pytest.raises(Conflict) as caught:
            what(joined)(new if what(joined) == joined.append else ["a"])

    assert caught.value.transaction_lost
    engine.dispose()
    store.close()


def test_a_statement_that_may_take_no_longer_is_no_other_writers_doing(postgres: str) -> None:
    """The application's own transaction may allow too little."""
    store, engine = SqlStore(postgres), create_engine(postgres)
    append_next(store, "a")
    with engine.connect() as other, engine.connect() as connection:
        other.execute(text("LOCK TABLE peelflow_records IN ACCESS EXCLUSIVE MODE"))
        joined = JoinedStore(connection)
        connection.execute(text("SET LOCAL statement_timeout = '20ms'"))
        with pytest.raises(StoreUnavailable, match="due to statement timeout"):
            joined.read(["a"])
    engine.dispose()
    store.close()


def test_a_closed_one_says_so_and_leaves_the_connection_open(engine: Engine) -> None:
    """S13: what the application does on its connection goes on."""
    with engine.begin() as connection:
        joined = JoinedStore(connection)
        append_next(joined, "a")
        joined.close()
        joined.close()
        with pytest.raises(StoreUnavailable, match="it was closed; open it again"):
            joined.read(["a"])
        with pytest.raises(StoreUnavailable, match="it was closed; open it again"):
            joined.append(batch())

    with engine.begin() as connection:
        assert len(JoinedStore(connection).history("a")) == 1


def test_an_error_of_the_database_is_told(engine: Engine, address: str) -> None:
    """Whatever else it says, in our error."""
    store = SqlStore(address)
    new = batch(next_event(store, "a"))
    with engine.connect() as connection:
        joined = JoinedStore(connection)
        connection.execute(text("DROP TABLE peelflow_changes"))
        with pytest.raises(StoreUnavailable, match="peelflow_changes"):
            joined.totals()
        connection.rollback()
    with engine.connect() as connection:
        joined = JoinedStore(connection)
        connection.execute(text("DROP TABLE peelflow_changes"))
        with pytest.raises(StoreUnavailable, match="peelflow_changes"):
            joined.append(_with_change(new))
        connection.rollback()
    store.close()


def _with_change(new: Any) -> Any:

    entry = evolve(new.entries[0], event=evolve(new.entries[0].event, changes=(change(),)))
    return evolve(new, entries=(entry,))


def test_a_row_that_cannot_be_read_is_told(engine: Engine, address: str) -> None:
    """With its record."""
    store = SqlStore(address)
    append_next(store, "a")
    with engine.begin() as connection:
        connection.execute(text("UPDATE peelflow_records SET body = '{}'"))
        with pytest.raises(StoreUnavailable, match="the row of a"):
            JoinedStore(connection).read(["a"])
    store.close()


def test_the_feed_and_the_whole_are_not_read_inside(engine: Engine) -> None:
    """They are of what is committed."""
    with engine.begin() as connection:
        joined = JoinedStore(connection)
        with pytest.raises(InvalidRequest, match="the feed: is not given inside a transaction"):
            joined.feed(0, 1)
        with pytest.raises(InvalidRequest, match="a position of the feed: is not given inside"):
            joined.position()
        with pytest.raises(InvalidRequest, match="a position of the feed: is not given inside"):
            joined.last_numbers(1)
        with pytest.raises(InvalidRequest, match="open a register by its URL"):
            joined.snapshot()


def test_a_row_moved_under_a_stale_transaction_is_told(engine: Engine, address: str) -> None:
    """S2: step by step too, the number is compared by the statement that moves the row."""
    if engine.dialect.name != "sqlite":
        return
    store = SqlStore(address)
    append_next(store, "a")
    entry, after = next_event(store, "a")
    row = record_row(StoredRecord(after, entry.digest), record_text(after))
    with engine.connect() as connection, pytest.raises(Conflict) as caught:
        _write_record_row(connection, row, {"a": 7})
    assert caught.value.transaction_lost
    store.close()


def test_a_deferred_sqlite_transaction_is_refused(tmp_path: Path) -> None:
    """It could fail half-way, whatever the timeout; the advice says how to begin."""
    url = f"sqlite+pysqlite:///{tmp_path / 'tables.db'}"
    upgrade_store(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        with pytest.raises(InvalidRequest, match="begin with BEGIN IMMEDIATE"):
            _register(connection)
        connection.exec_driver_sql("BEGIN")
        with pytest.raises(InvalidRequest, match="has not begun IMMEDIATE"):
            _register(connection)
    engine.dispose()


def test_a_transaction_in_memory_has_nobody_to_ask() -> None:
    """One connection is all there is."""
    engine = create_engine("sqlite+pysqlite://")
    event.listen(engine, "connect", _by_hand)
    event.listen(engine, "begin", _immediately)
    with engine.begin() as connection:
        upgrade_schema(connection, "memory")
        _add(_register(connection))
    engine.dispose()


def test_a_connection_that_commits_by_itself_is_refused(postgres: str) -> None:
    """There would be no transaction to join."""
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, pytest.raises(InvalidRequest, match="commits by itself"):
        _register(connection)
    engine.dispose()


def test_a_transaction_that_sees_the_past_is_refused(postgres: str) -> None:
    """S2: it could not tell that a record was added meanwhile."""
    engine = create_engine(postgres, isolation_level="REPEATABLE READ")
    with engine.connect() as connection, pytest.raises(InvalidRequest, match="READ COMMITTED"):
        _register(connection)
    engine.dispose()


def test_what_is_no_connection_is_refused() -> None:
    """S2: only SQLAlchemy's can be joined."""
    with pytest.raises(InvalidRequest, match="is none of SQLAlchemy's"):
        _register(sqlite3.connect(":memory:"))


def test_a_level_that_is_no_number_matches_nothing(tmp_path: Path) -> None:
    """A query for one is no error of the database's."""
    upgrade_store(f"sqlite+pysqlite:///{tmp_path / 'x.db'}")
    store = SqlStore(f"sqlite+pysqlite:///{tmp_path / 'x.db'}")
    assert list(store.records(RecordQuery(level="x"))) == []
    store.close()


def test_comments_are_judged_again_where_nothing_has_a_position(engine: Engine) -> None:
    """What was recorded in one moment is told apart by the feed, which there is none of here."""
    with engine.begin() as connection:
        register = _register(connection)
        begin(register)
        a_response(register)
        for act in (publish, add_of_report):
            with register.batch() as batch:
                act(batch)
        register.correct("S-55", 3, correction="void", actor=CHIEF, reason="by mistake")
        assert register.record("S-55").state == "published"
