"""Keep a register in a database, on own connections or in an application's transaction."""

from __future__ import annotations

import sqlite3
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from attrs import evolve
from sqlalchemy import Connection, CursorResult, delete, func, insert, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from peelflow.errors import AnswerLost, Conflict, InvalidRequest, StoreBusy, StoreUnavailable
from peelflow.model.records import Record
from peelflow.stores.base import (
    Capabilities,
    DatabaseFault,
    FeedItem,
    Snapshot,
    WriteBatch,
    check_contents,
    check_documents,
    chunked,
    store_closed,
)
from peelflow.stores.codec import record_from
from peelflow.stores.database import DatabaseStore, SqlSnapshot, check_batch
from peelflow.stores.fork_safety import OpenReading, fork_guard
from peelflow.stores.read_only import is_stale
from peelflow.stores.rows import RecordCache, RowUnreadable, batch_rows, cache_batch
from peelflow.stores.schema_check import Select, sqlite_faults
from peelflow.stores.settings import DOCUMENTS_SETTING, folder_as_kept, folder_from
from peelflow.stores.sql import schema as tables
from peelflow.stores.sql.append import (
    absent_ids,
    append_in_one_statement,
    append_single_move,
    append_step_by_step,
    check_triggers,
    insert_document,
    lost_transaction,
    names_numbers,
    raise_refusal,
    take_schema_row,
    write_sums,
)
from peelflow.stores.sql.catalogue import (
    catalogue_faults,
    has_joint_records,
    has_settings,
    has_sums,
    may_read_sequence,
    may_read_sums,
    may_write_sums,
    schema_of_index_check,
    sqlite_schema,
)
from peelflow.stores.sql.connection import (
    KNOWN_DIALECTS,
    PSYCOPG,
    SQLITE,
    UNREACHABLE_ADVICE,
    answer_lost,
    ask,
    check_joined,
    check_joined_file,
    check_same_file,
    database_unavailable,
    has_one_name,
    is_connection_lost,
    is_contention,
    is_failed_before,
    is_write_refused,
    make_engine,
    parse_url,
    statements_of,
)
from peelflow.stores.sql.schema import check_schema, upgrade_schema
from peelflow.stores.sql.search_path import with_schema
from peelflow.stores.sqlite import lenient_text

_T = TypeVar("_T")
_IS_DOCUMENTS = tables.settings.c.name == tables.as_text(DOCUMENTS_SETTING)


def folder_of_file(connection: Connection) -> Path | None:
    """Return the folder of the file that a SQLite database is, None of any other."""
    database = connection.engine.url.database
    is_file = connection.dialect.name == SQLITE and database not in {None, "", ":memory:"}
    return Path(str(database)).absolute().parent if is_file else None


class SqlStoreBase(DatabaseStore):
    """What both SQL stores do, each on connections of its kind."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """Give a connection to read on; what SQLAlchemy raises becomes an error of ours."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Connection]:
        """Give a connection to write on, in a transaction."""

    def _ask(self, sql: str, parameters: Sequence[Any], shape: Callable[[Sequence[Any]], _T]) -> _T:
        with self._reading() as connection:
            return shape(ask(connection, sql, parameters))

    _found: frozenset[Callable[[Connection], bool]] = frozenset()

    def _has(self, is_there: Callable[[Connection], bool]) -> bool:
        """Return whether a table is there: what is stays; what is not may be made meanwhile."""
        if is_there not in self._found:
            with self._reading() as connection:
                self._found |= {is_there} if is_there(connection) else set()
        return is_there in self._found

    def _has_joint_records(self) -> bool:
        return self._has(has_joint_records)

    def _has_sums(self) -> bool:
        return self._has(has_sums)

    def _decoder(self) -> Callable[[str, str], Record]:
        return lambda _, body: record_from(body)

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep `content` under its SHA-256 `digest`; keeping it again changes nothing (S8)."""
        check_documents({digest: content})
        with self._transaction() as connection:
            insert_document(connection, digest, content)

    def documents_folder(self) -> Path | None:
        """Return the folder that documents were last kept in, None where none was."""
        with self._reading() as connection:
            if not has_settings(connection):
                return None
            chosen = select(tables.settings.c.value).where(_IS_DOCUMENTS)
            return folder_from(connection.execute(chosen).scalar(), folder_of_file(connection))

    def note_documents_folder(self, folder: Path | None) -> None:
        """Remember the folder that documents are kept in, or that there is none.

        A database whose tables are of before remembers none, until they are brought up to date.
        """
        with self._transaction() as connection:
            if has_settings(connection):
                connection.execute(delete(tables.settings).where(_IS_DOCUMENTS))
                if folder is not None:
                    kept = folder_as_kept(folder, folder_of_file(connection))
                    row = {"name": DOCUMENTS_SETTING, "value": kept}
                    connection.execute(insert(tables.settings), row)
                check_triggers(connection, tables.settings)

    def names_numbers(self) -> Mapping[str, int] | None:
        """Return how often batches brought names of each part; None without a table of settings."""
        with self._reading() as connection:
            self._counts_names = has_settings(connection)
            return names_numbers(connection) if self._counts_names else None

    _counts_names = False

    def _counted(self, batch: WriteBatch) -> WriteBatch:
        """Return a batch that brings names as one that brings none, where tables count none."""
        if not batch.names or self._counts_names or self.names_numbers() is not None:
            return batch
        return evolve(batch, names={})


class JoinedStore(SqlStoreBase):
    """A store in the transaction of an application's own connection.

    Nothing is begun or committed here: what was appended is kept when the application commits, and
    S3, S5 and S7 hold from then on. Not for several threads at once.

    Args:
        connection: In a transaction; on SQLite one that has begun IMMEDIATE.

    Raises:
        InvalidRequest: The connection commits by itself, or its SQLite transaction
            could fail half-way.
        StoreUnavailable: The tables are missing.
    """

    def __init__(self, connection: Connection) -> None:
        self.url: str = connection.engine.url.render_as_string(hide_password=True)
        self.capabilities: Capabilities = Capabilities(durable=False, shared=False, embedded=False)
        self._statements = statements_of(connection.dialect)
        self._connection, self._closed = connection, False
        check_joined(connection, self.url)
        with self._reading():
            check_schema(connection, self.url)

    def append(self, batch: WriteBatch) -> None:
        """Put the batch into the transaction, whole or not at all (S1).

        Raises:
            Conflict: A record in `batch.read_set` has another number now; nothing was put. With
                `transaction_lost`, the transaction cannot go on: roll it back.
        """
        check_contents(batch)
        batch = self._counted(batch)
        self._check_open()
        check_joined_file(self._connection, self.url)
        try:
            if self._connection.dialect.driver == PSYCOPG:
                append_in_one_statement(self._connection, batch, alone=False)
            else:
                append_step_by_step(self._connection, batch)
        except DBAPIError as fault:
            if is_contention(fault):
                raise lost_transaction(batch) from fault
            raise database_unavailable(self.url, fault) from fault

    def feed(self, after: int, limit: int) -> tuple[FeedItem, ...]:
        """Refuse with InvalidRequest: positions are given to what is committed."""
        del after, limit
        raise _unavailable_when_joined("the feed")

    def position(self) -> int:
        """Refuse with InvalidRequest: positions are given to what is committed."""
        raise _unavailable_when_joined("a position of the feed")

    def last_numbers(self, known: int, *, force: str | None = None) -> Mapping[str, int]:
        """Refuse with InvalidRequest: positions are given to what is committed."""
        del known, force
        raise _unavailable_when_joined("a position of the feed")

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Refuse with InvalidRequest: a transaction that writes is no reading of its own."""
        raise _unavailable_when_joined("a reading of the whole")

    def close(self) -> None:
        """Let nothing be asked any more; the connection stays the application's own."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise store_closed(self.url)

    def _try(self, sql: str, parameters: Sequence[Any], shape: Callable[[Sequence[Any]], _T]) -> _T:
        """Run a statement behind a savepoint: where it fails, the transaction goes on as it was."""
        if self._connection.dialect.name == SQLITE:  # there only the statement fails
            return self._ask(sql, parameters, shape)
        with self._reading() as connection, connection.begin_nested():
            return shape(ask(connection, sql, parameters))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._check_open()
        try:
            yield self._connection
        except RowUnreadable as fault:
            raise StoreUnavailable(self.url, str(fault)) from fault
        except DBAPIError as fault:
            if is_contention(fault):
                raise Conflict("the record", expected=0, found=0, transaction_lost=True) from fault
            raise database_unavailable(self.url, fault) from fault

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._reading() as connection:
            check_joined_file(connection, self.url)
            yield connection


def _unavailable_when_joined(what: str) -> InvalidRequest:
    why, instead = "is not given inside a transaction", "open a register by its URL for it"
    return InvalidRequest(what, why, instead)


def join_connection(connection: object) -> JoinedStore:
    """Return a store in the transaction of an application's connection, if it is SQLAlchemy's."""
    if not isinstance(connection, Connection):
        what, why = f"the connection {connection!r:.80}", "is none of SQLAlchemy's"
        raise InvalidRequest(what, why, "give a `sqlalchemy.Connection` in a transaction")
    return JoinedStore(connection)


SNAPSHOT_CHUNK = 500
APPEND_TRIES = 20
"""How often a batch is tried anew that others overtook, with nothing in its way."""


class SqlStore(SqlStoreBase):
    """A store in tables of a database, by SQLAlchemy's URL.

    On PostgreSQL a transition is one statement that reads and one that writes. Reading the feed
    gives positions to what was committed since: it waits for no writer, and no writer for it.

    Args:
        url: `postgresql+psycopg://…`, `sqlite+pysqlite:///file`, or another that SQLAlchemy knows,
            which then only the conformance kit can vouch for.

    Raises:
        StoreUnavailable: The tables are missing (`upgrade_sql` makes them), or nobody answers.
        StoreVersion: A newer peelflow made the tables (S12).
        InvalidRequest: SQLAlchemy knows no such URL, or lacks its driver.
    """

    def __init__(self, url: str) -> None:
        named = parse_url(url)
        self.url: str = named.render_as_string(hide_password=True)
        self.at_sync_point: Callable[[str], None] = lambda _: None
        self._dialect = named.get_backend_name()
        self._fast = named.get_driver_name() == PSYCOPG
        # On psycopg a statement commits by itself, unless a transaction is asked for.
        self._pool = make_engine(named, **({"isolation_level": "AUTOCOMMIT"} if self._fast else {}))
        level = {"isolation_level": "READ COMMITTED"} if self._fast else {}
        self._engine = self._pool.execution_options(**level)
        if self._dialect not in KNOWN_DIALECTS:
            advice = f"{self.url}: run peelflow's conformance kit before you trust this database"
            warnings.warn(advice, stacklevel=2)
        self._closed = False
        self._cache, self._lock = RecordCache(), RLock()
        outlives = named.database not in {None, "", ":memory:"}
        self.capabilities: Capabilities = Capabilities(
            durable=outlives, shared=outlives, embedded=self._dialect == SQLITE
        )
        self.sync_points: tuple[str, ...] = (
            ("asked", "kept") if self._fast else ("begun", "written", "kept")
        )
        self._statements = statements_of(self._pool.dialect)
        fork_guard().add(self)
        try:
            with self._reading() as connection:
                check_schema(connection, self.url)
        except BaseException:
            self.close()
            raise

    def append(self, batch: WriteBatch) -> None:
        """Keep the batch whole or not at all (S1), durably (S3)."""
        check_contents(batch)
        batch = self._counted(batch)
        if self._fast:
            self.at_sync_point("asked")
            self._append_fast(batch)
        else:
            with self._transaction() as connection:
                self.at_sync_point("begun")
                append_step_by_step(connection, batch)
                self.at_sync_point("written")
        self.at_sync_point("kept")

    def _append_fast(self, batch: WriteBatch) -> None:
        rows = batch_rows(batch)
        is_single = rows.moved is not None and not batch.names
        if is_single and not (batch.lifecycles or batch.documents):
            with self._driver() as driver:
                with self._awaiting_answer():
                    is_kept = append_single_move(driver, rows, rows.events[0])
                if is_kept:
                    with self._lock:
                        cache_batch(self._cache, batch, rows)
                    return None
            with self._reading() as connection:
                raise_refusal(connection, batch)
        in_transaction = bool(batch.names or absent_ids(batch) or rows.joint or batch.listings)
        for _ in range(APPEND_TRIES):
            try:
                return self._append_whole(batch, alone=not in_transaction)
            except Conflict as conflict:
                if not conflict.transaction_lost:
                    raise
            # Whoever stood in the way is told; nobody does who only kept the same rules first.
            with self._reading() as connection:
                check_batch(batch, partial(ask, connection), self._statements)
        raise lost_transaction(batch)

    def _append_whole(self, batch: WriteBatch, *, alone: bool) -> None:
        if not alone:
            with self._transaction() as connection:
                return append_in_one_statement(connection, batch, alone=False)
        with self._reading() as connection, self._awaiting_answer():
            return append_in_one_statement(connection, batch, alone=True)

    def _ask(self, sql: str, parameters: Sequence[Any], shape: Callable[[Sequence[Any]], _T]) -> _T:
        if not self._fast:
            return super()._ask(sql, parameters, shape)
        with self._driver() as driver:
            return shape(driver.execute(with_schema(sql), parameters).fetchall())

    @contextmanager
    def _driver(self) -> Iterator[Any]:
        """Give a connection of psycopg's own, that commits by itself."""
        with self._guarded():
            held = self._pool.raw_connection()
            try:
                yield held.driver_connection
            finally:
                # INVARIANT: the pool of a closed store takes nothing back, so it ends here, and
                # no pool takes back what the server has ended.
                driver: Any = held.driver_connection
                (held.invalidate if self._closed or driver.closed else held.close)()

    def feed(self, after: int, limit: int) -> tuple[FeedItem, ...]:
        """Return up to `limit` events behind position `after`, in order (S5)."""
        self._place()
        return super().feed(after, limit)

    def position(self) -> int:
        """Return the position of the last event (S5)."""
        self._place()
        with self._reading() as connection:
            return last_position(connection)

    def last_numbers(self, known: int, *, force: str | None = None) -> Mapping[str, int]:
        """Return the number of each record's last event up to a position (S5)."""
        self._place()
        return super().last_numbers(known, force=force)

    def _place(self) -> None:
        """Give every committed event its position; who may only read leaves it to others."""
        with self._reading() as connection:
            waiting = has_unplaced_events(connection) and has_one_name(connection)
        if not waiting:
            return
        try:
            with self._transaction() as connection:
                assign_positions(connection)
        except AnswerLost as fault:  # they are given anew if they were not: nothing is left open
            raise StoreUnavailable(self.url, fault.why, instead=UNREACHABLE_ADVICE) from fault
        except StoreUnavailable as fault:
            if not is_write_refused(fault.__cause__):
                raise

    def has_stale_sums(self) -> bool:
        """Return whether the sums are worth keeping anew by who may write to the database."""
        with self._reading() as connection:
            may_write = may_write_sums(connection)
        return may_write and super().has_stale_sums()

    def keep_sums(self) -> int:
        """Keep the sums of the figures up to now in the place of those there were.

        Others go on meanwhile: what is summed up is one reading, and never changes.

        Returns:
            The position of the last event in them; 0 where there is none.
        """
        self._place()
        with self.snapshot() as snapshot:
            checkpoints, rows = snapshot.sum_up()
        with self._transaction() as connection:
            write_sums(connection, checkpoints, rows)
        return max((checkpoint.position for checkpoint in checkpoints), default=0)

    @contextmanager
    def snapshot(self) -> Iterator[SqlSnapshot]:
        """Give one reading of everything, on a connection of its own, for the block."""
        level = {} if self._dialect == SQLITE else {"isolation_level": "REPEATABLE READ"}
        with self._guarded(), OpenReading(self.url) as reading:

            def begin() -> Connection:
                connection = self._engine.connect()
                connection.execution_options(**level)
                return connection

            connection = reading.open(begin, _end_connection)
            check_schema(connection, self.url)  # the reading begins here
            connection.execution_options(yield_per=SNAPSHOT_CHUNK)
            has_joint, sums = has_joint_records(connection), has_sums(connection)
            driver = connection.connection.driver_connection
            if isinstance(driver, sqlite3.Connection):  # also where a text is no UTF-8
                driver.text_factory = lenient_text

            select = self._selecting(connection, reading)
            parts = self._statements, self._schema_faults, self._unchecked_parts
            yield SqlSnapshot(select, *parts, has_joint=has_joint, has_sums=sums)
            self._check_steady(driver)

    def _selecting(self, connection: Connection, reading: OpenReading) -> Select:
        """Return what runs the statements of a reading; one that fails leaves the others as is."""
        faults = list[StoreUnavailable]()

        def run(sql: str) -> CursorResult[Any]:
            return _run_apart(connection, sql) if self._fast else connection.exec_driver_sql(sql)

        def select(sql: str) -> Iterator[Any]:
            try:
                with self._guarded():
                    result = reading.open(partial(run, sql), CursorResult[Any].close)
                    yield from reading.rows(result)
            except StoreUnavailable as fault:
                faults.append(fault)
                raise
            except StoreBusy as fault:
                if faults and is_failed_before(fault.__cause__):
                    raise faults[-1] from fault
                raise

        return select

    def _schema_faults(self, select: Select) -> Iterator[DatabaseFault]:
        """Yield what the database's own check finds, on the databases whose checks are known."""
        if self._fast:
            yield from catalogue_faults(select)
        elif self._dialect == SQLITE:
            yield from sqlite_faults(select, sqlite_schema())

    def _unchecked_parts(self, select: Select) -> Iterator[str]:
        """Yield what the server could not be asked to check."""
        if self._fast and not may_read_sums(select):
            yield "the sums of the figures were not recounted: they may not be read here"
        if self._fast and not may_read_sequence(select):
            yield "the sequence of events was not held to what is kept: it may not be read here"
        if self._fast and schema_of_index_check(select) is None:
            yield "no index of the server was checked: amcheck is not there, or may not be used"

    def close(self) -> None:
        """Let go of the database; closing twice is harmless, and nothing can be asked then."""
        self._closed = True
        self._pool.dispose()

    def pause(self) -> Callable[[], None]:
        """Let go of every idle connection, and of what is remembered: the process forks."""
        with ExitStack() as held:
            held.enter_context(self._lock)
            self._pool.dispose()
            return held.pop_all().close

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._guarded(), self._pool.connect() as connection:
            try:
                yield connection
                self._check_steady(connection.connection.driver_connection)
            finally:
                if self._closed:
                    connection.invalidate()

    def _check_steady(self, driver: object) -> None:
        """Refuse what was read of a file that may only be read, where it was written to since."""
        if is_stale(driver):
            raise StoreBusy(self.url)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._guarded(), self._engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin() as transaction:
                yield connection
                check_same_file(connection, self.url)
                with self._awaiting_answer():
                    transaction.commit()

    @contextmanager
    def _awaiting_answer(self) -> Iterator[None]:
        """Say that what is kept in the block may be kept or not, where no answer comes."""
        try:
            yield
        except (SQLAlchemyError, self._pool.dialect.loaded_dbapi.Error) as fault:
            if is_connection_lost(fault):
                raise answer_lost(self.url, fault) from fault
            raise

    def _decoder(self) -> Callable[[str, str], Record]:
        return self._decoded

    def _decoded(self, name: str, body: str) -> Record:
        with self._lock:
            return self._cache.decoded(name, body)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        if self._closed:
            raise store_closed(self.url)
        try:
            yield
        except RowUnreadable as fault:
            raise StoreUnavailable(self.url, str(fault)) from fault
        except (
            SQLAlchemyError,
            self._pool.dialect.loaded_dbapi.Error,
            UnicodeDecodeError,
        ) as fault:
            if is_contention(fault):
                raise StoreBusy(self.url) from fault
            raise database_unavailable(self.url, fault) from fault


def _run_apart(connection: Connection, sql: str) -> CursorResult[Any]:
    """Begin to read; where PostgreSQL refuses it, its transaction stands as it did before."""
    driver: Any = connection.connection.driver_connection
    driver.execute("SAVEPOINT peelflow_reading")
    try:
        result = connection.exec_driver_sql(with_schema(sql))
    except DBAPIError:
        driver.execute("ROLLBACK TO SAVEPOINT peelflow_reading")
        raise
    driver.execute("RELEASE SAVEPOINT peelflow_reading")
    return result


def _end_connection(connection: Connection) -> None:
    """Close the connection of a reading for good: what it is set to is of no use to others."""
    connection.invalidate()
    connection.close()


PLACING_CHUNK = 500


def assign_positions(connection: Connection) -> None:
    """Give every committed event that has no position the next ones, in one order.

    The row of `peelflow_meta` is locked meanwhile: readers of the feed wait for each other, and
    writers for nobody. What is not committed yet is not seen here, and gets its position later.
    """
    unplaced = tables.unplaced.c
    take_schema_row(connection)
    ordered = select(unplaced.batch, unplaced.serial).order_by(unplaced.batch, unplaced.serial)
    waiting = connection.execute(ordered).all()
    last = last_position(connection)
    for chunk in chunked(enumerate(waiting, last + 1), PLACING_CHUNK):
        rows = [{"position": position, "serial": serial} for position, (_, serial) in chunk]
        connection.execute(insert(tables.feed), rows)
        serials = [row["serial"] for row in rows]
        connection.execute(delete(tables.unplaced).where(unplaced.serial.in_(serials)))


def last_position(connection: Connection) -> int:
    """Return the last position given, 0 where there is none."""
    return connection.execute(select(func.max(tables.feed.c.position))).scalar() or 0


def has_unplaced_events(connection: Connection) -> bool:
    """Return whether a committed event has no position yet."""
    return connection.execute(select(tables.unplaced.c.serial).limit(1)).first() is not None


def upgrade_sql(url: str) -> int:
    """Make the tables at a URL as `upgrade_schema` does; return the schema there was."""
    named = parse_url(url)
    shown = named.render_as_string(hide_password=True)
    engine = make_engine(named)
    try:
        with engine.connect() as connection, connection.execution_options(writes=True).begin():
            check_same_file(connection, shown)
            return upgrade_schema(connection, shown)
    except SQLAlchemyError as fault:
        raise database_unavailable(shown, fault) from fault
    finally:
        engine.dispose()
