"""What a database lacks is told with what to do about it, and nothing of the batch is kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from peelflow.errors import StoreUnavailable
from peelflow.stores.sql.connection import database_unavailable
from peelflow.stores.sql.store import SqlStore
from peelflow.stores.sqlite import SqliteStore
from tests.builders.stores import append_next

WHOLE = "check the path or restore it"


@pytest.mark.parametrize(
    ("fault", "instead"),
    [
        (psycopg.errors.DiskFull("no"), "make room on the server's disk, then try again"),
        (psycopg.errors.OutOfMemory("no"), "let the server have more memory, then try again"),
        (psycopg.errors.TooManyConnections("no"), "close other connections to the server"),
        (psycopg.errors.ConfigurationLimitExceeded("no"), "let the server have what it lacks"),
        (psycopg.errors.CannotConnectNow("no"), "wait until the server runs again"),
        (psycopg.errors.AdminShutdown("no"), "wait until the server runs again"),
        (psycopg.errors.InvalidPassword("no"), "check the name and the password in the URL"),
        (psycopg.errors.ConnectionFailure("no"), "check the URL, and that the server runs"),
        (psycopg.OperationalError("too many clients"), "runs and has a connection left"),
        (PoolTimeoutError("QueuePool limit"), "use fewer threads at once, then try again"),
        (psycopg.errors.UndefinedTable("no"), WHOLE),
        (psycopg.InterfaceError("no"), WHOLE),
        (sqlite3.DatabaseError("malformed"), WHOLE),
    ],
)
def test_each_fault_says_what_to_do(fault: Exception, instead: str) -> None:
    """By the code that the server gives; without one, by what kind of error it is."""
    for each in (fault, DBAPIError("SELECT 1", None, fault)):
        told = database_unavailable("postgresql+psycopg://host/name", each)
        assert instead in told.instead
        assert str(told).endswith(told.instead)


def test_a_server_that_may_only_be_read_is_told(postgres: str) -> None:
    """A standby, for example: its name is the wrong one, not the tables."""
    name = make_url(postgres).database
    plain = make_url(postgres).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        store = SqlStore(postgres)
        try:
            with pytest.raises(StoreUnavailable) as caught:
                append_next(store)
        finally:
            store.close()
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert caught.value.instead == "name a server that may be written to"


def test_a_full_disk_below_a_file_is_told(tmp_path: Path) -> None:
    """S1: the batch is not kept, and with room again the next one is."""
    store = SqliteStore(tmp_path / "register.db")
    append_next(store, "a")
    opened = store._process().connection
    assert opened is not None
    opened.execute("PRAGMA max_page_count = 1")

    with pytest.raises(StoreUnavailable) as caught:
        append_next(store, "b", reason="x" * 100_000)
    assert caught.value.instead == "make room on the disk, then try again"

    opened.execute("PRAGMA max_page_count = 1000000")
    append_next(store, "b")
    assert [len(store.history(name)) for name in ("a", "b")] == [1, 1]
    store.close()


def test_a_file_that_may_only_be_read_is_told(tmp_path: Path) -> None:
    """What to do is not to restore it."""
    store = SqliteStore(tmp_path / "register.db")
    opened = store._process().connection
    assert opened is not None
    opened.execute("PRAGMA query_only = 1")

    with pytest.raises(StoreUnavailable) as caught:
        append_next(store)
    assert caught.value.instead == "let the file and its folder be written to"
    store.close()
