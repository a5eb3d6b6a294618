"""Keep a register in one SQLite file, with full durability and the standard library alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Any, TypeVar

from attrs import field

from peelflow.errors import StoreBusy, StoreUnavailable
from peelflow.model.records import Record
from peelflow.results import define
from peelflow.stores.base import (
    LIFECYCLE_COLUMNS,
    MOVED_COLUMNS,
    WRITTEN_COLUMNS,
    Capabilities,
    ChangeRow,
    EventRow,
    StoredRecord,
    StoredRow,
    WriteBatch,
    check_contents,
    check_documents,
    store_closed,
)
from peelflow.stores.batch_checks import check_names
from peelflow.stores.database import (
    DatabaseStore,
    SqlSnapshot,
    Statements,
    check_batch,
    check_keys_and_rules,
    check_listings,
)
from peelflow.stores.dialect import Dialect, quoted
from peelflow.stores.fork_safety import OpenReading, ProcessIdentity, fork_guard
from peelflow.stores.read_only import (
    ReadingConnection,
    is_stale,
)
from peelflow.stores.rows import (
    BatchRows,
    RecordCache,
    RowsInParts,
    RowUnreadable,
    cache_batch,
    not_kept,
    rows_to_write,
)
from peelflow.stores.schema_check import SchemaNumbers, Select, sqlite_faults
from peelflow.stores.settings import (
    DOCUMENTS_SETTING,
    folder_as_kept,
    folder_from,
    names_of_settings,
)
from peelflow.stores.sqlite_file import (
    DRIVER_FAULTS,
    HAS_JOINT_RECORDS,
    HAS_SETTINGS,
    HAS_SUMS,
    OpenFile,
    check_written_schema,
    connect,
    error_of,
    expected_schema,
    file_replaced,
    is_write_error,
    number_from,
    open_file,
    url_of_file,
    write_joint,
    write_sums,
)

_T = TypeVar("_T")


_STATEMENTS = Statements(
    Dialect(
        prefix="",
        feed="events",
        whole_feed="events ORDER BY position",
        # What was known is everything but what came later, mostly little: its own text tells it.
        known_changes="""(SELECT record, "on", force, category, level, ledger, counts, delta
            FROM changes UNION ALL
            SELECT record, json_extract(value, '$.on'), json_extract(value, '$.force'),
            json_extract(value, '$.category'), json_extract(value, '$.level'),
            json_extract(value, '$.ledger'), json_extract(value, '$.counts'),
            -json_extract(value, '$.delta')
            FROM events, json_each(text, '$.changes') WHERE position > ?)""",
        later_corrections="SELECT record FROM events WHERE position > ? AND kind = 'corrected'",
    )
)
_POSITION = "SELECT coalesce(max(position), 0) FROM events"


def _insert(table: str, columns: Sequence[str], verb: str = "INSERT") -> str:
    marks = ", ".join("?" for _ in columns)
    return f"{verb} INTO {table} ({quoted(columns)}) VALUES ({marks})"


# INVARIANT: an event that moves one record alone leaves its category, force and parent; not setting
# them lets SQLite leave their indexes alone.
_MOVE_RECORD = f"""UPDATE records SET {", ".join(f"{name} = ?" for name in MOVED_COLUMNS)}
    WHERE id = ? AND number = ?"""
_INSERT_RECORD = f"""{_insert("records", StoredRow._fields)}
    ON CONFLICT (id) DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in WRITTEN_COLUMNS)}"""
_INSERT_EVENT = _insert("events", EventRow._fields)
_INSERT_CHANGE = _insert("changes", ChangeRow._fields)
_INSERT_LIFECYCLE = _insert("lifecycles", LIFECYCLE_COLUMNS, "INSERT OR IGNORE")
_INSERT_DOCUMENT = _insert("documents", ("digest", "content"), "INSERT OR IGNORE")


_KEPT_DOCUMENT = "SELECT content FROM documents WHERE digest = ?"


def check_document_kept(connection: sqlite3.Connection, digest: str, content: bytes) -> None:
    """Raise RowUnreadable where something else is kept in a document's place."""
    row = connection.execute(_KEPT_DOCUMENT, (digest,)).fetchone()
    if row is None or row[0] != content:
        raise RowUnreadable(not_kept(f"document {digest}"))


def write_rows(connection: sqlite3.Connection, rows: BatchRows | RowsInParts) -> None:
    """Write the rows but the one `moved`; the transaction and every check are the caller's."""
    if rows.records:
        connection.executemany(_INSERT_RECORD, rows.records)
    connection.executemany(_INSERT_EVENT, rows.events)
    connection.executemany(_INSERT_CHANGE, rows.changes)
    if rows.lifecycles:
        connection.executemany(_INSERT_LIFECYCLE, rows.lifecycles)
    if rows.documents:
        connection.executemany(_INSERT_DOCUMENT, rows.documents)
    for digest, content in rows.documents:
        check_document_kept(connection, digest, content)
    if rows.joint:
        write_joint(connection, rows.joint)


@define(eq=False)
class _ProcessConnection:
    """One process's connection: SQLite forbids carrying one across a fork."""

    lock: RLock = field(factory=RLock)
    connection: sqlite3.Connection | None = None
    cache: RecordCache = field(factory=RecordCache)
    file: OpenFile | None = None
    schema: SchemaNumbers | None = None

    def let_go(self) -> None:
        """Close the connection, if there is one; the next work opens another."""
        if self.connection is not None:
            self.connection.close()
            self.connection, self.schema = None, None


class SqliteStore(DatabaseStore):
    """A store in one SQLite file, in WAL mode with full synchronisation.

    Args:
        path: The database file, made when missing; its folder must exist.
        timeout: Seconds to wait for another writer before `StoreBusy`.

    Raises:
        StoreVersion: A newer peelflow wrote the file (S12).
        StoreUnavailable: The file is no peelflow store, is damaged, or cannot be opened.
        StoreBusy: The file stayed locked.
    """

    capabilities: Capabilities = Capabilities(durable=True, shared=True, embedded=True)
    takes_parts: bool = True
    sync_points: tuple[str, ...] = ("begun", "checked", "written", "kept")
    _statements = _STATEMENTS

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 30.0) -> None:
        self.at_sync_point: Callable[[str], None] = lambda _: None
        self.url: str = url_of_file(path)
        self._path = Path(path).absolute()
        self._timeout = timeout
        self._closed = False
        self._processes: dict[ProcessIdentity, _ProcessConnection] = {}
        fork_guard().add(self)
        self._run(lambda _: None)

    def append(self, batch: WriteBatch) -> None:
        """Keep the batch whole or not at all (S1), durably (S3)."""
        check_contents(batch)
        rows = rows_to_write(batch)
        process = self._process()

        def keep(connection: sqlite3.Connection) -> None:
            self.at_sync_point("begun")

            def ask(sql: str, parameters: Sequence[Any]) -> Sequence[Any]:
                return connection.execute(sql, parameters).fetchall()

            if batch.names:
                _count_names(connection, batch)
            # INVARIANT: a lone record that does not move has another number, which is then told.
            if rows.moved and connection.execute(_MOVE_RECORD, rows.moved).rowcount == 1:
                check_keys_and_rules(batch, ask, _STATEMENTS, batch.read_set)
            else:
                check_batch(batch, ask, _STATEMENTS)
                # What was listed where the file stands still needs no second look.
                if batch.listings and number_from(connection, _POSITION) != batch.listed_at:
                    check_listings(
                        batch, ask, _STATEMENTS, lambda: bool(ask(HAS_JOINT_RECORDS, ())[0][0])
                    )
            self.at_sync_point("checked")
            write_rows(connection, rows)
            if isinstance(rows, BatchRows):
                cache_batch(process.cache, batch, rows)
            self.at_sync_point("written")

        self._write(keep, process)
        self.at_sync_point("kept")

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep `content` under its SHA-256 `digest`; keeping it again changes nothing (S8)."""
        check_documents({digest: content})

        def keep(connection: sqlite3.Connection) -> None:
            connection.execute(_INSERT_DOCUMENT, (digest, content))
            check_document_kept(connection, digest, content)

        self._write(keep)

    def documents_folder(self) -> Path | None:
        """Return the folder that documents were last kept in, None where none was."""
        kept = dict(self._run(lambda connection: _settings(connection) or ()))
        return folder_from(kept.get(DOCUMENTS_SETTING), self._path.parent)

    def note_documents_folder(self, folder: Path | None) -> None:
        """Remember the folder that documents are kept in, or that there is none."""
        kept = None if folder is None else folder_as_kept(folder, self._path.parent)

        def note(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM settings WHERE name = ?", (DOCUMENTS_SETTING,))
            if kept is not None:
                connection.execute("INSERT INTO settings VALUES (?, ?)", (DOCUMENTS_SETTING, kept))

        self._write(note)

    def names_numbers(self) -> Mapping[str, int] | None:
        """Return how often batches brought names of each part; None in a file without settings."""
        return self._run(_names_numbers)

    def position(self) -> int:
        """Return the position of the last event (S5)."""
        return self._ask(_POSITION, (), lambda rows: int(rows[0][0]))

    def has_stale_sums(self) -> bool:
        """Return whether the sums are worth keeping anew by who may write to the file."""
        reads_only = self._run(lambda connection: isinstance(connection, ReadingConnection))
        return not reads_only and super().has_stale_sums()

    def keep_sums(self) -> int:
        """Keep the sums of the figures up to now in the place of those there were.

        Others go on meanwhile: what is summed up is one reading, and never changes.

        Returns:
            The position of the last event in them; 0 where there is none.
        """
        with self.snapshot() as snapshot:
            checkpoints, rows = snapshot.sum_up()
        self._write(lambda connection: write_sums(connection, checkpoints, rows))
        return max((checkpoint.position for checkpoint in checkpoints), default=0)

    def snapshot(self) -> AbstractContextManager[SqlSnapshot]:
        """Return one reading of everything, on a connection of its own so that writers go on."""
        self._run(lambda _: None)
        return self._open_snapshot()

    def copy_to(self, path: Path) -> None:
        """Copy all that is kept at one moment into a new file, while others go on writing.

        Raises:
            StoreUnavailable: This file cannot be read, or there is no room for the other one: each
                is called by its own URL.
        """
        self._run(lambda _: None)
        try:
            with OpenReading(self.url) as reading:
                source = reading.open(self._connect_anew, sqlite3.Connection.close)
                reading.open(lambda: _back_up(source, path), sqlite3.Connection.close)
                if is_stale(source):
                    raise StoreBusy(self.url)
        except DRIVER_FAULTS as fault:
            url = url_of_file(path) if is_write_error(fault) else self.url
            raise error_of(url, fault) from fault

    @contextmanager
    def _open_snapshot(self) -> Iterator[SqlSnapshot]:
        try:
            with OpenReading(self.url) as reading:
                connection = reading.open(self._begin_reading, sqlite3.Connection.close)
                try:
                    yield sqlite_snapshot(connection, self.url, reading)
                finally:
                    if is_stale(connection):
                        raise StoreBusy(self.url)
        except DRIVER_FAULTS as fault:
            raise error_of(self.url, fault) from fault
        except RowUnreadable as fault:
            raise StoreUnavailable(self.url, str(fault)) from fault

    def _connect_anew(self) -> sqlite3.Connection:
        return connect(self._path, self.url, timeout=self._timeout)

    def _begin_reading(self) -> sqlite3.Connection:
        with ExitStack() as unless_begun:
            connection = unless_begun.enter_context(closing(self._connect_anew()))
            connection.execute("BEGIN")
            connection.execute("SELECT schema FROM meta").fetchone()  # it begins here
            unless_begun.pop_all()
        return connection

    def close(self) -> None:
        """Let go of the file; closing twice is harmless, and nothing can be asked afterwards."""
        self._closed = True
        process = self._process()
        with process.lock:
            process.let_go()

    def pause(self) -> Callable[[], None]:
        """Let go of the file until the returned call: the process forks.

        Running work is waited for. A transaction of the thread that forks itself goes on; its
        child finds the store busy.
        """
        process = self._process()
        with ExitStack() as held:
            held.enter_context(process.lock)
            if process.connection is not None and not process.connection.in_transaction:
                process.let_go()
            return held.pop_all().close

    def _ask(self, sql: str, parameters: Sequence[Any], shape: Callable[[Sequence[Any]], _T]) -> _T:
        return self._run(lambda connection: shape(connection.execute(sql, parameters).fetchall()))

    def _decoder(self) -> Callable[[str, str], Record]:
        return self._process().cache.decoded

    def _stored_decoder(self) -> Callable[[str, str, str], StoredRecord]:
        return self._process().cache.record_with_head

    def _has_joint_records(self) -> bool:
        return bool(self._ask(HAS_JOINT_RECORDS, (), lambda rows: rows[0][0]))

    def _has_sums(self) -> bool:
        return bool(self._ask(HAS_SUMS, (), lambda rows: rows[0][0]))

    def _process(self) -> _ProcessConnection:
        # INVARIANT: `setdefault` is atomic, so a process has one connection; the parent's stays
        # untouched in the dict: closing one that came across a fork would harm its file.
        this = fork_guard().identity()
        return self._processes.get(this) or self._processes.setdefault(this, _ProcessConnection())

    def _run(
        self, work: Callable[[sqlite3.Connection], _T], process: _ProcessConnection | None = None
    ) -> _T:
        process = process or self._process()
        with process.lock:
            try:
                if self._closed:
                    raise store_closed(self.url)
                connection = self._connection(process)
                if isinstance(connection, ReadingConnection):
                    return self._read_steadily(work, process)
                return work(connection)
            except DRIVER_FAULTS as fault:
                raise error_of(self.url, fault) from fault
            except RowUnreadable as fault:
                raise StoreUnavailable(self.url, str(fault)) from fault

    def _read_steadily(
        self, work: Callable[[sqlite3.Connection], _T], process: _ProcessConnection
    ) -> _T:
        """Read until nobody wrote meanwhile: what may only be read may be read without a lock."""
        until = monotonic() + self._timeout
        while True:
            connection = self._connection(process)
            try:
                done = work(connection)
            except (sqlite3.Error, RowUnreadable):
                if not is_stale(connection):
                    raise
            else:
                if not is_stale(connection):
                    return done
            if monotonic() > until:
                raise StoreBusy(self.url)

    def _connection(self, process: _ProcessConnection) -> sqlite3.Connection:
        if is_stale(process.connection):
            process.let_go()
        if process.connection is None:
            process.connection = self._connect_anew()
            process.file = open_file(process.connection, self._path)
        return process.connection

    def _write(
        self,
        work: Callable[[sqlite3.Connection], object],
        process: _ProcessConnection | None = None,
    ) -> None:
        this = process or self._process()

        def transact(connection: sqlite3.Connection) -> None:
            if _is_in_transaction(connection):  # a signal handler came in between
                raise StoreBusy(self.url)
            try:
                connection.execute("BEGIN IMMEDIATE")
                schema = check_written_schema(connection, self.url, this.schema)
                work(connection)
                self._check_same_file(this)
                connection.execute("COMMIT")
                this.schema = schema
            except BaseException:
                if _is_in_transaction(connection):
                    connection.execute("ROLLBACK")
                raise

        self._run(transact, this)

    def _check_same_file(self, process: _ProcessConnection) -> None:
        """Refuse to acknowledge what is written to a file that nobody else will open any more."""
        if process.file is None:
            raise file_replaced(self.url)
        process.file.check(self.url)


def _settings(connection: sqlite3.Connection) -> Sequence[tuple[object, object]] | None:
    """Return the name and value of each setting, None in a file of before without any."""
    if not number_from(connection, HAS_SETTINGS):
        return None
    return connection.execute("SELECT name, value FROM settings").fetchall()


def _names_numbers(connection: sqlite3.Connection) -> Mapping[str, int] | None:
    rows = _settings(connection)
    return None if rows is None else names_of_settings(rows)


def _count_names(connection: sqlite3.Connection, batch: WriteBatch) -> None:
    """Count that a batch brings names, in its transaction; NamesBrought where others did since."""
    numbers = _names_numbers(connection) or {}
    check_names(batch, numbers)
    rows = [(part, str(numbers.get(part, 0) + 1)) for part in batch.names]
    connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", rows)


def _is_in_transaction(connection: sqlite3.Connection) -> bool:
    return connection.in_transaction


def _back_up(source: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Return a new file's connection once all is in it: in one step, and so of one moment."""
    with ExitStack() as unless_whole:
        target = unless_whole.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
        source.backup(target)
        unless_whole.pop_all()
    return target


def sqlite_snapshot(
    connection: sqlite3.Connection, url: str = "the register", reading: OpenReading | None = None
) -> SqlSnapshot:
    """Return everything as a connection's transaction sees it; errors call the store `url`.

    Text that is no UTF-8 is given with what stands for each such byte, so that it can be told.
    """
    select = _select_of(connection, url, reading or OpenReading(url))
    ((has_joint,),), ((has_sums,),) = select(HAS_JOINT_RECORDS), select(HAS_SUMS)
    return SqlSnapshot(
        select,
        _STATEMENTS,
        lambda select: sqlite_faults(select, expected_schema()),
        has_joint=bool(has_joint),
        has_sums=bool(has_sums),
    )


def _select_of(connection: sqlite3.Connection, url: str, held: OpenReading) -> Select:
    """Return what runs a statement in a connection's transaction, and yields its rows."""
    connection.text_factory = str

    def rows(sql: str) -> Iterator[Any]:
        cursor = held.open(lambda: connection.execute(sql), sqlite3.Cursor.close)
        return held.rows(cursor)

    def select(sql: str) -> Iterator[Any]:
        count = 0
        try:
            try:
                for row in rows(sql):
                    yield row
                    count += 1
            except sqlite3.OperationalError:
                if connection.text_factory is lenient_text:
                    raise
                # INVARIANT: one reading gives the same rows in the same order again.
                connection.text_factory = lenient_text
                yield from islice(rows(sql), count, None)
        except DRIVER_FAULTS as fault:
            raise error_of(url, fault) from fault

    return select


lenient_text: Callable[[bytes], str] = partial(str, encoding="utf-8", errors="surrogateescape")
"""Returns a text's bytes as text, whatever they are: SQLite's own reader is quicker, and fails."""
