"""The SQLite store's file: made, opened again, refused, locked, damaged, let go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import StoreUnavailable, StoreVersion
from peelflow.stores.base import (
    INTEGER_COLUMNS,
    LIFECYCLE_COLUMNS,
    NULL_COLUMNS,
    ChangeRow,
    EventRow,
    RecordQuery,
    StoredRow,
)
from peelflow.stores.rows import verify_chain
from peelflow.stores.sqlite import SqliteStore
from peelflow.stores.sqlite_file import SCHEMA
from tests.builders.stores import append_next, run

NAME = "WMP-R3-017"


def test_every_commit_is_synchronised(file: SqliteStore) -> None:
    """S3: the connection writes ahead and synchronises in full."""
    pragmas = ("journal_mode", "synchronous")

    found = file._run(
        lambda each: [each.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    )

    assert found == ["wal", 2]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("records", StoredRow._fields),
        ("events", ("position", *EventRow._fields)),
        ("changes", ChangeRow._fields),
        ("lifecycles", LIFECYCLE_COLUMNS),
    ],
)
def test_the_tables_have_the_columns_of_the_rows(
    file: SqliteStore, table: str, columns: tuple[str, ...]
) -> None:
    """S12: the statements are made of the rows' columns, the file's tables are written out."""
    rows = file._run(lambda each: each.execute(f"PRAGMA table_info({table})").fetchall())

    assert tuple(row[1] for row in rows) == columns
    assert {row[1] for row in rows if not row[3] and not row[5]} <= NULL_COLUMNS
    assert {row[1] for row in rows if row[2] == "INTEGER"} - {"position"} == {
        name for name in columns if name in INTEGER_COLUMNS
    }


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    """S12: a file of no bytes is nobody's, so it is taken."""
    path.touch()
    store = SqliteStore(path)

    assert list(store.records(RecordQuery())) == []
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

    with pytest.raises(StoreUnavailable, match="schema number"):
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

    with pytest.raises(StoreUnavailable) as caught:
        SqliteStore(path)

    assert caught.value.url == f"sqlite:///{path}"
    assert before == (path.is_dir() or path.read_bytes())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """S12: the folder is not made: a slip in the path would make an empty register."""
    with pytest.raises(StoreUnavailable, match=r"there is no folder `.*/no`"):
        SqliteStore(tmp_path / "no" / "register.db")


def test_a_damaged_file_is_named(path: Path) -> None:
    """S12: SQLite's own finding is passed on."""
    store = SqliteStore(path)
    append_next(store)
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\x55" * (len(content) - 4096))

    with pytest.raises(StoreUnavailable):
        SqliteStore(path).history(NAME)


@pytest.mark.parametrize(
    ("sql", "ask"),
    [
        ("UPDATE events SET text = '{}'", lambda store: store.history(NAME)),
        ("UPDATE events SET text = 'x'", lambda store: store.event_with_key(NAME, "k")),
        ("UPDATE records SET body = '{}'", lambda store: store.read([NAME])),
        ("UPDATE records SET body = '{}'", lambda store: list(store.records(RecordQuery()))),
    ],
)
def test_a_row_that_cannot_be_read_is_named(
    file: SqliteStore, path: Path, sql: str, ask: Callable[[SqliteStore], Any]
) -> None:
    """S4: a row of nonsense is an error that names the record."""
    append_next(file, key="k")
    run(path, sql)

    with pytest.raises(StoreUnavailable, match=NAME):
        ask(file)


def test_a_changed_byte_is_found(file: SqliteStore, path: Path) -> None:
    """S10: an event changed in the file breaks the chain."""
    append_next(file)
    append_next(file)
    run(path, "UPDATE events SET text = replace(text, 'a clerk', 'b clerk') WHERE number = 2")

    assert verify_chain(file.history(NAME)) == 2
