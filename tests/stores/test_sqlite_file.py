"""The SQLite store's file: made, opened again, refused, locked, damaged, let go."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import StoreBusy, StoreUnreadable, StoreVersion
from peelflow.stores import schema, statements
from peelflow.stores.chain import verify_chain
from peelflow.stores.protocol import Wanted
from peelflow.stores.schema import SCHEMA
from peelflow.stores.sqlite import SqliteStore
from tests.stores.samples import batch, moved, step

NAME = "WMP-R3-017"


def run(path: Path, *sql: str) -> None:
    """Change a database behind the store's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for each in sql:
            connection.execute(each)


def test_what_was_kept_is_there_when_opened_again(path: Path) -> None:
    """S3: a store that was closed opens with everything in it."""
    first = SqliteStore(path)
    entry = step(first, told={"key": "k"})
    first.close()

    again = SqliteStore(path)

    assert again.history(NAME) == (entry,)
    assert again.keyed(NAME, "k") == entry
    again.close()


def test_every_commit_is_synchronised(file: SqliteStore) -> None:
    """S3: the connection writes ahead and synchronises in full."""
    pragmas = ("journal_mode", "synchronous")

    found = file._run(
        lambda each: [each.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    )

    assert found == ["wal", 2]


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    """S12: a file of no bytes is nobody's, so it is taken."""
    path.touch()
    store = SqliteStore(path)

    assert list(store.records(Wanted())) == []
    store.close()


def test_a_newer_schema_is_refused(path: Path) -> None:
    """S12: what a newer peelflow wrote is not guessed at, and not touched."""
    SqliteStore(path).close()
    run(path, "UPDATE meta SET schema = schema + 1")

    with pytest.raises(StoreVersion) as caught:
        SqliteStore(path)

    assert (caught.value.found, caught.value.known) == (SCHEMA + 1, SCHEMA)


@pytest.mark.parametrize("sql", ["DELETE FROM meta", "UPDATE meta SET schema = 'x'"])
def test_a_store_without_its_schema_number_is_refused(path: Path, sql: str) -> None:
    """S12: a schema number that is missing or nonsense is never guessed."""
    SqliteStore(path).close()
    run(path, sql)

    with pytest.raises(StoreUnreadable, match="schema number"):
        SqliteStore(path)


def make_folder(path: Path) -> None:
    """Put a folder where the file should be."""
    path.mkdir()


def make_text(path: Path) -> None:
    """Put a text where the file should be."""
    path.write_text("Dear Chief Constable,\n" * 500)


def make_foreign(path: Path) -> None:
    """Put another application's database there."""
    run(path, "CREATE TABLE meta (schema)")


def make_marked(path: Path) -> None:
    """Put another application's database there, with its mark and no table."""
    run(path, "PRAGMA application_id = 7", "VACUUM")


@pytest.mark.parametrize("make", [make_folder, make_text, make_foreign, make_marked])
def test_what_is_no_store_is_refused_and_left_alone(
    path: Path, make: Callable[[Path], None]
) -> None:
    """S12: a folder, a text and another application's database are named, never written to."""
    make(path)
    before = path.is_dir() or path.read_bytes()

    with pytest.raises(StoreUnreadable) as caught:
        SqliteStore(path)

    assert caught.value.url == f"sqlite:///{path}"
    assert before == (path.is_dir() or path.read_bytes())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """S12: the folder is not made: a slip in the path would make an empty register."""
    with pytest.raises(StoreUnreadable, match=r"there is no folder `.*/no`"):
        SqliteStore(tmp_path / "no" / "register.db")


def test_a_damaged_file_is_named(path: Path) -> None:
    """S12: SQLite's own finding is passed on."""
    store = SqliteStore(path)
    step(store)
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\x55" * (len(content) - 4096))

    with pytest.raises(StoreUnreadable):
        SqliteStore(path).history(NAME)


@pytest.mark.parametrize(
    ("sql", "ask"),
    [
        ("UPDATE events SET text = '{}'", lambda store: store.history(NAME)),
        ("UPDATE events SET text = 'x'", lambda store: store.keyed(NAME, "k")),
        ("UPDATE records SET body = '{}'", lambda store: store.read([NAME])),
        ("UPDATE records SET body = '{}'", lambda store: list(store.records(Wanted()))),
    ],
)
def test_a_row_that_cannot_be_read_is_named(
    file: SqliteStore, path: Path, sql: str, ask: Callable[[SqliteStore], Any]
) -> None:
    """S4: a row of nonsense is an error that names the record."""
    step(file, told={"key": "k"})
    run(path, sql)

    with pytest.raises(StoreUnreadable, match=NAME):
        ask(file)


def test_a_changed_byte_is_found(file: SqliteStore, path: Path) -> None:
    """S10: an event changed in the file breaks the chain."""
    step(file)
    step(file)
    run(path, "UPDATE events SET text = replace(text, 'a clerk', 'b clerk') WHERE number = 2")

    assert verify_chain(file.history(NAME)) == 2


def test_a_locked_file_is_busy(file: SqliteStore, path: Path) -> None:
    """S2: a writer that never ends is reported; reading goes on, and so does writing later."""
    asked = batch(moved(file))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy) as caught:
            file.append(asked)
        assert file.read([NAME]) == {}

    file.append(asked)

    assert caught.value.url == file.url
    assert len(file.history(NAME)) == 1


@pytest.mark.parametrize("fault", [KeyboardInterrupt, sqlite3.OperationalError("disk I/O error")])
def test_an_interruption_leaves_nothing(
    file: SqliteStore, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    """S1: Ctrl-C or a failing disk between write and commit rolls the batch back."""
    asked = batch(moved(file))
    real = statements.write

    def interrupted(connection: sqlite3.Connection, rows: statements.Rows) -> None:
        real(connection, rows)
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(statements, "write", interrupted)
        with pytest.raises((KeyboardInterrupt, StoreUnreadable)):
            file.append(asked)
    assert file.read([NAME]) == {}

    file.append(asked)

    assert len(file.history(NAME)) == 1


def test_a_failed_begin_leaves_the_store_usable(file: SqliteStore, path: Path) -> None:
    """S1: a table taken away meanwhile is an error of ours, and reading goes on."""
    run(path, "DROP TABLE changes")

    with pytest.raises(StoreUnreadable, match="no such table"):
        step(file)

    assert file.read([NAME]) == {}


def test_a_signal_handler_cannot_write_into_a_batch(
    file: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: an append within an append, in one thread, is refused; the outer one is kept."""
    outer, inner = batch(moved(file, "outer")), batch(moved(file, "inner"))
    real = statements.write

    def handled(connection: sqlite3.Connection, rows: statements.Rows) -> None:
        monkeypatch.setattr(statements, "write", real)
        with pytest.raises(StoreBusy):
            file.append(inner)
        real(connection, rows)

    monkeypatch.setattr(statements, "write", handled)
    file.append(outer)

    assert file.read(["outer", "inner"]).keys() == {"outer"}


def test_a_closed_store_says_so(file: SqliteStore) -> None:
    """S3: closing twice is harmless; asking afterwards is an error, not a new file."""
    file.close()
    file.close()

    with pytest.raises(StoreUnreadable, match="it was closed"):
        file.read([NAME])


def test_a_second_creator_finds_the_first_ones_store(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S11: whoever waits for the lock to make the tables finds them made."""
    first = SqliteStore(path)
    real, answers = schema._is_empty, iter([True])
    monkeypatch.setattr(schema, "_is_empty", lambda each: next(answers, None) or real(each))

    second = SqliteStore(path)

    step(first)
    assert len(second.history(NAME)) == 1
    first.close()
    second.close()


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY])
def test_opening_waits_while_another_opens(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """S11: a lock met while opening is tried again until the timeout, then it is busy."""
    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = code
    real, faults = schema._prepare, iter([locked, locked])

    def prepare(connection: sqlite3.Connection, url: str) -> None:
        for fault in faults:
            raise fault
        real(connection, url)

    monkeypatch.setattr(schema, "_prepare", prepare)
    with pytest.raises(StoreBusy):
        SqliteStore(path, timeout=-1)
    SqliteStore(path).close()

    assert next(faults, None) is None


def test_children_are_found_by_index(file: SqliteStore) -> None:
    """S2: a decision on a parent reads its children without looking at every record."""
    sql = "SELECT id, body FROM records WHERE id > ? AND parent = ? ORDER BY id LIMIT ?"

    plan = file._run(
        lambda each: each.execute(f"EXPLAIN QUERY PLAN {sql}", ("", "p", 9)).fetchall()
    )

    assert "records_by_parent" in str(plan)
