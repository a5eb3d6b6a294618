"""A SQLite file whose texts are in UTF-16 is refused in words: it would sort ids another way."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, event

from peelflow import Register, StoreUnavailable, national
from peelflow.stores.opening import upgrade_store
from peelflow.stores.sql import connection as sql_connection
from tests.builders.stores import run

REFUSED = "its texts are in UTF-16(le|be), which sorts ids another way"
ENCODINGS = ("UTF-16le", "UTF-16be")


def make_file(path: Path, encoding: str) -> None:
    """Make a file of an application's in an encoding."""
    run(path, f"PRAGMA encoding = '{encoding}'", "CREATE TABLE tasks (x)")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_another_encoding_of_a_file_is_refused_at_upgrade(path: Path, encoding: str) -> None:
    """A Welsh id would stand elsewhere than where `verify` and an export look for it."""
    make_file(path, encoding)
    with pytest.raises(StoreUnavailable, match=REFUSED) as refused:
        upgrade_store(f"sqlite+pysqlite:///{path}")
    assert ".dump | sqlite3 NEW" in str(refused.value)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_another_encoding_of_a_file_is_refused_at_opening(
    path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of one in which an earlier peelflow made its tables, and in an application's hands."""
    make_file(path, encoding)
    url = f"sqlite+pysqlite:///{path}"
    with monkeypatch.context() as before:
        before.setattr(sql_connection, "check_file_encoding", lambda *_: None)
        upgrade_store(url)
    with pytest.raises(StoreUnavailable, match=REFUSED):
        Register.open(url)
    engine = create_engine(url)
    event.listen(engine, "connect", lambda opened, _: setattr(opened, "isolation_level", None))
    event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection, pytest.raises(StoreUnavailable, match=REFUSED):
        Register.joined(connection, rulebook=national())
    engine.dispose()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_register_is_not_made_in_an_empty_file_of_another(path: Path, encoding: str) -> None:
    """Whatever was in it before."""
    make_file(path, encoding)
    run(path, "DROP TABLE tasks")
    with pytest.raises(StoreUnavailable, match=REFUSED):
        Register.open(f"sqlite:///{path}")


def test_a_file_in_utf_8_is_taken(path: Path) -> None:
    """An application's own."""
    make_file(path, "UTF-8")
    url = f"sqlite+pysqlite:///{path}"
    upgrade_store(url)
    with Register.open(url) as register:
        assert register.verify() == ()
