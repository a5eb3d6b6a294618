"""The SQLite store's life: interrupted, locked, shared, remembered, closed."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from peelflow.errors import Conflict, StoreBusy, StoreUnavailable
from peelflow.stores import sqlite, sqlite_file
from peelflow.stores.base import RecordQuery, StoredRecord
from peelflow.stores.rows import CACHE_SIZE, BatchRows, RecordCache
from peelflow.stores.sqlite import SqliteStore
from tests.builders.stores import append_next, batch, next_event, record, run

NAME = "WMP-R3-017"


def test_a_locked_file_is_busy(file: SqliteStore, path: Path) -> None:
    """S2: a writer that never ends is reported; reading goes on, and so does writing later."""
    asked = batch(next_event(file))
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
    asked = batch(next_event(file))
    real = sqlite.write_rows

    def interrupted(connection: sqlite3.Connection, rows: BatchRows) -> None:
        real(connection, rows)
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "write_rows", interrupted)
        with pytest.raises((KeyboardInterrupt, StoreUnavailable)):
            file.append(asked)
    assert file.read([NAME]) == {}

    file.append(asked)

    assert len(file.history(NAME)) == 1


def test_a_failed_begin_leaves_the_store_usable(file: SqliteStore, path: Path) -> None:
    """S1: a table taken away meanwhile is an error of ours, and reading goes on."""
    run(path, "DROP TABLE changes")

    with pytest.raises(StoreUnavailable, match="its table changes is gone"):
        append_next(file)

    assert file.read([NAME]) == {}


def test_a_signal_handler_cannot_write_into_a_batch(
    file: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: an append within an append, in one thread, is refused; the outer one is kept."""
    outer, inner = batch(next_event(file, "outer")), batch(next_event(file, "inner"))
    real = sqlite.write_rows

    def handled(connection: sqlite3.Connection, rows: BatchRows) -> None:
        monkeypatch.setattr(sqlite, "write_rows", real)
        with pytest.raises(StoreBusy, match=r"register\.db"):
            file.append(inner)
        real(connection, rows)

    monkeypatch.setattr(sqlite, "write_rows", handled)
    file.append(outer)

    assert file.read(["outer", "inner"]).keys() == {"outer"}


def test_a_paused_store_lets_go_of_its_file(file: SqliteStore) -> None:
    """S3: before a fork the connection is closed; others go on when the fork is over."""
    append_next(file)
    with ThreadPoolExecutor(1) as pool:
        resume = file.pause()
        reading = pool.submit(file.read, [NAME])
        let_go = file._process().connection is None
        resume()

    assert let_go
    assert reading.result().keys() == {NAME}


def test_a_pause_within_a_transaction_leaves_it_open(file: SqliteStore) -> None:
    """S1: what a fork finds half written by its own thread is written to the end."""
    sql = "INSERT INTO documents VALUES ('digest', x'00')"

    def pause(connection: sqlite3.Connection) -> None:
        connection.execute(sql)
        file.pause()()

    file._write(pause)

    assert file.document("digest") == b"\0"


def test_a_closed_store_says_so(file: SqliteStore) -> None:
    """S3: closing twice is harmless; asking afterwards is an error, not a new file."""
    file.close()
    file.close()

    with pytest.raises(StoreUnavailable, match="it was closed"):
        file.read([NAME])


def test_a_second_creator_finds_the_first_ones_store(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S11: whoever waits for the lock to make the tables finds them made."""
    first = SqliteStore(path)
    real, answers = sqlite_file._is_empty, iter([True])
    monkeypatch.setattr(sqlite_file, "_is_empty", lambda each: next(answers, None) or real(each))

    second = SqliteStore(path)

    append_next(first)
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
    real, faults = sqlite_file._prepare, iter([locked, locked])

    def prepare(connection: sqlite3.Connection, url: str) -> None:
        for fault in faults:
            raise fault
        real(connection, url)

    monkeypatch.setattr(sqlite_file, "_prepare", prepare)
    with pytest.raises(StoreBusy):
        SqliteStore(path, timeout=-1)
    SqliteStore(path).close()

    assert next(faults, None) is None


def test_another_stores_write_is_seen(file: SqliteStore, path: Path) -> None:
    """S11: a record read before is read as it stands now, whoever moved it."""
    append_next(file, state="open")
    other = SqliteStore(path)
    append_next(other, state="closed")

    assert file.read([NAME])[NAME].record.state == "closed"
    assert file.read([NAME]) == other.read([NAME])
    other.close()


def test_a_record_just_written_is_not_decoded_again(file: SqliteStore) -> None:
    """S6: what was appended is read back as the very record, as long as the file says its text."""
    asked = batch(next_event(file))
    file.append(asked)

    assert file.read([NAME])[NAME].record is asked.records[0].record
    assert list(file.records(RecordQuery())) == [record()]
    assert next(file.records(RecordQuery())) is asked.records[0].record


def test_a_listing_does_not_push_out_what_was_read(file: SqliteStore) -> None:
    """S6: a record that only a listing told is decoded for it, and not remembered."""
    append_next(file)
    recent = file._process().cache = RecordCache()

    assert [each.id for each in file.records(RecordQuery())] == [NAME]
    with pytest.raises(ValueError, match="Expecting"):
        recent.decoded(NAME, "text")


def test_a_refused_batch_is_not_remembered(file: SqliteStore) -> None:
    """S1: what was rolled back is not read from memory either."""
    append_next(file)
    first, second = next_event(file, state="first"), next_event(file, state="second")
    file.append(batch(first))

    with pytest.raises(Conflict):
        file.append(batch(second))

    assert file.read([NAME])[NAME].record.state == "first"


def test_another_head_is_told_with_the_text_it_stands_by() -> None:
    """S6: a head that changed in the file is read, though the record's text did not."""
    recent = RecordCache()
    recent.put("text", StoredRecord(record(), "head"))

    assert recent.record_with_head(NAME, "other", "text") == StoredRecord(record(), "other")


def test_only_the_last_records_are_remembered() -> None:
    """S6: memory stays bounded; the one put longest ago goes first."""
    recent = RecordCache()
    for number in range(CACHE_SIZE + 1):
        recent.put("text", StoredRecord(record(str(number)), "head"))

    assert recent.record_with_head("1", "head", "text").record == record("1")
    with pytest.raises(ValueError, match="Expecting"):
        recent.record_with_head("0", "head", "text")


def test_a_reading_of_everything_tells_of_a_lock_and_of_damage(
    file: SqliteStore, path: Path
) -> None:
    """S6: what SQLite finds wrong in the middle of a snapshot is an error of ours."""
    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
    with pytest.raises(StoreBusy), file.snapshot():
        raise locked
    run(path, "DROP TABLE changes")

    with (
        pytest.raises(StoreUnavailable, match="no such table"),
        file.snapshot() as snapshot,
    ):
        list(snapshot.changes())
