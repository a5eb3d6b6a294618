"""Keep a register in one SQLite file, with full durability and the standard library alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from threading import RLock
from typing import TypeVar

from attrs import define, field

from peelflow.errors import StoreBusy, StoreUnavailable
from peelflow.model.records import Record
from peelflow.stores import sqlite_queries
from peelflow.stores.base import (
    Capabilities,
    FeedItem,
    LedgerTotal,
    RecordQuery,
    Snapshot,
    StoredEvent,
    StoredRecord,
    WriteBatch,
    check_document,
    check_documents,
    check_keys,
    check_lifecycles,
    check_numbers,
    check_query,
    check_rules,
    check_texts,
    go_on,
    read_set_ids,
    store_closed,
)
from peelflow.stores.rows import RecordCache, RowUnreadable, batch_rows, cache_batch
from peelflow.stores.sqlite_connection import connect, error_of, fork_guard
from peelflow.stores.sqlite_queries import open_snapshot

_T = TypeVar("_T")
LISTING_CHUNK = 256


@define(eq=False)
class _ProcessConnection:
    """One process's connection: SQLite forbids carrying one across a fork."""

    lock: RLock = field(factory=RLock)
    connection: sqlite3.Connection | None = None
    recent: RecordCache = field(factory=RecordCache)

    def let_go(self) -> None:
        """Close the connection, if there is one; the next work opens another."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class SqliteStore:
    """A store in one SQLite file, in WAL mode with full synchronisation.

    Args:
        path: The database file, made when missing; its folder must exist.
        timeout: Seconds to wait for another writer before `StoreBusy`.

    Raises:
        StoreVersion: A newer peelflow wrote the file (S12).
        StoreUnavailable: The file is no peelflow store, is damaged, or cannot be opened.
        StoreBusy: The file stayed locked.
    """

    capabilities = Capabilities(
        durable=True, shared=True, embedded=True, points=("begun", "checked", "written", "kept")
    )

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 30.0) -> None:
        self.reached: Callable[[str], None] = go_on
        self.url = f"sqlite:///{os.fspath(path)}"
        self._path = Path(path).absolute()
        self._timeout = timeout
        self._closed = False
        self._lives: dict[int, _ProcessConnection] = {}
        fork_guard().add(self)
        self._run(lambda _: None)

    def read(self, ids: Collection[str]) -> Mapping[str, StoredRecord]:
        """Return the records that exist among `ids`, in one consistent reading (S6)."""
        check_texts(*ids)
        life = self._life()
        return self._run(
            lambda connection: sqlite_queries.read_records(connection, ids, life.recent), life
        )

    def keyed(self, record: str, key: str) -> StoredEvent | None:
        """Return the event of `record` that carries the idempotency `key` (S7)."""
        check_texts(record, key)
        return self._run(lambda connection: sqlite_queries.event_with_key(connection, record, key))

    def append(self, batch: WriteBatch) -> None:
        """Keep the batch whole or not at all (S1), durably (S3).

        Raises:
            Conflict: A record in `batch.read` has another number now (S2).
            KeyReused: A key of the batch already exists on its record (S7).
            RulesMismatch: The store keeps other rules under a name and version of the batch's.
            StoreBusy: Another writer held the store for longer than the timeout.
        """
        check_lifecycles(batch)
        check_documents(batch)
        rows = batch_rows(batch)
        life = self._life()

        def keep(connection: sqlite3.Connection) -> None:
            self.reached("begun")
            # INVARIANT: a lone record that does not move has another number, which is then told.
            if rows.moved is None or not sqlite_queries.move_record(connection, rows.moved):
                check_numbers(batch, sqlite_queries.record_numbers(connection, read_set_ids(batch)))
            check_keys(batch, lambda *key: sqlite_queries.has_key(connection, *key))
            check_rules(batch, lambda *named: sqlite_queries.lifecycle_digest(connection, *named))
            self.reached("checked")
            sqlite_queries.write_rows(connection, rows)
            cache_batch(life.recent, batch, rows)
            self.reached("written")

        self._write(keep, life)
        self.reached("kept")

    def history(self, record: str) -> tuple[StoredEvent, ...]:
        """Return the events of `record` in order, equal to what was appended (S4)."""
        check_texts(record)
        return self._run(lambda connection: sqlite_queries.history(connection, record))

    def histories(self, ids: Collection[str]) -> Mapping[str, tuple[StoredEvent, ...]]:
        """Return the events of each record that exists among `ids`."""
        check_texts(*ids)
        return self._run(lambda connection: sqlite_queries.histories(connection, ids))

    def records(self, wanted: RecordQuery) -> Iterator[Record]:
        """Yield the records that match, by id in code-point order.

        They are read in chunks, so a record may move while an earlier one is looked at.
        """
        check_query(wanted)
        chunk = self._chunk(wanted, None)
        yield from chunk
        while len(chunk) == LISTING_CHUNK:
            chunk = self._chunk(wanted, chunk[-1].id)
            yield from chunk

    def _chunk(self, wanted: RecordQuery, after: str | None) -> list[Record]:
        sql, asked = sqlite_queries.listing_statement(wanted, after=after)
        decode = self._life().recent.decoded
        return self._run(
            lambda connection: sqlite_queries.list_records(
                connection, sql, (*asked, LISTING_CHUNK), decode
            )
        )

    def totals(
        self, *, as_at: date | None = None, force: str | None = None, known: int | None = None
    ) -> Iterable[LedgerTotal]:
        """Return the sums of all changes dated on or before `as_at` (None: all), zeros left out.

        With `known`, only the changes of events up to that position of the feed.
        """
        check_texts(force)
        return self._run(lambda connection: sqlite_queries.totals(connection, as_at, force, known))

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep `content` under its SHA-256 `digest`; keeping it again changes nothing (S8)."""
        check_document(digest, content)
        self._write(lambda connection: sqlite_queries.keep_document(connection, digest, content))

    def document(self, digest: str) -> bytes | None:
        """Return a document byte for byte (S8), None when it is not kept."""
        check_texts(digest)
        return self._run(lambda connection: sqlite_queries.document(connection, digest))

    def has_document(self, digest: str) -> bool:
        """Return whether a document is kept, without reading it."""
        check_texts(digest)
        return self._run(lambda connection: sqlite_queries.has_document(connection, digest))

    def lifecycles(self) -> Mapping[tuple[str, int, str], str]:
        """Return every pinned lifecycle's (name, version, digest) and text."""
        return self._run(sqlite_queries.lifecycles)

    def feed(self, after: int, limit: int) -> tuple[FeedItem, ...]:
        """Return up to `limit` events behind position `after`, in order (S5)."""
        return self._run(lambda connection: sqlite_queries.feed(connection, after, limit))

    def position(self) -> int:
        """Return the position of the last event (S5)."""
        return self._run(sqlite_queries.position)

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return one reading of everything, for as long as the block lasts.

        It has a connection of its own, so that writers go on.
        """
        self._run(lambda _: None)
        return open_snapshot(self._path, self.url, timeout=self._timeout)

    def close(self) -> None:
        """Let go of the file; closing twice is harmless, and nothing can be asked afterwards."""
        self._closed = True
        life = self._life()
        with life.lock:
            life.let_go()

    def pause(self) -> Callable[[], None]:
        """Let go of the file until the returned call: the process forks.

        Running work is waited for. A transaction of the thread that forks itself goes on; its
        child finds the store busy.
        """
        life = self._life()
        life.lock.acquire()
        if life.connection is not None and not life.connection.in_transaction:
            life.let_go()
        return life.lock.release

    def _life(self) -> _ProcessConnection:
        # INVARIANT: `setdefault` is atomic, so a process has one life; the parent's stays untouched
        # in the dict, because closing a connection that came across a fork would harm its file.
        return self._lives.get(os.getpid()) or self._lives.setdefault(
            os.getpid(), _ProcessConnection()
        )

    def _run(
        self, work: Callable[[sqlite3.Connection], _T], life: _ProcessConnection | None = None
    ) -> _T:
        life = life or self._life()
        with life.lock:
            try:
                if self._closed:
                    raise store_closed(self.url)
                if life.connection is None:
                    life.connection = connect(self._path, self.url, timeout=self._timeout)
                return work(life.connection)
            except sqlite3.Error as fault:
                raise error_of(self.url, fault) from fault
            except RowUnreadable as fault:
                raise StoreUnavailable(self.url, str(fault)) from fault

    def _write(
        self, work: Callable[[sqlite3.Connection], None], life: _ProcessConnection | None = None
    ) -> None:
        def transact(connection: sqlite3.Connection) -> None:
            if _is_in_transaction(connection):  # a signal handler came in between
                raise StoreBusy(self.url)
            try:
                connection.execute("BEGIN IMMEDIATE")
                work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if _is_in_transaction(connection):
                    connection.execute("ROLLBACK")
                raise

        self._run(transact, life)


def _is_in_transaction(connection: sqlite3.Connection) -> bool:
    return connection.in_transaction
