"""The SQL stores: PostgreSQL first, SQLite too, through SQLAlchemy Core.

`SqlStore` has connections of its own; `JoinedStore` works in an application's transaction.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from peelflow.errors import Conflict, RequestRefused, StoreBusy, StoreUnreadable
from peelflow.model.records import Record
from peelflow.stores import sql_asking as asking
from peelflow.stores import sql_writing as writing
from peelflow.stores.checks import (
    check_asked,
    check_document,
    check_documents,
    check_lifecycles,
    check_wanted,
)
from peelflow.stores.codec import record_from
from peelflow.stores.forks import forks
from peelflow.stores.protocol import (
    Batch,
    Capabilities,
    Entry,
    Kept,
    Placed,
    Snapshot,
    Total,
    Wanted,
    go_on,
)
from peelflow.stores.recent import Recent
from peelflow.stores.rows import Rows, remember, rows_of
from peelflow.stores.sql_faults import is_lost, said_of
from peelflow.stores.sql_joined import check_joined
from peelflow.stores.sql_schema import check_schema, upgrade
from peelflow.stores.statements import RowUnreadable

CHUNK = 256
POSTGRESQL, SQLITE = "postgresql", "sqlite"
KNOWN = (POSTGRESQL, SQLITE)
PSYCOPG = "psycopg"
POINTS = {True: ("asked", "kept"), False: ("begun", "written", "kept")}  # on psycopg or not


class _SqlStore(ABC):
    """What both SQL stores do, each on connections of its kind."""

    url: str
    capabilities: Capabilities
    reached: Callable[[str], None]

    @abstractmethod
    def _asking(self) -> AbstractContextManager[Connection]:
        """Give a connection to read on; what SQLAlchemy raises becomes an error of ours."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Connection]:
        """Give a connection to write on, in a transaction."""

    def _decoded(self, name: str, body: str) -> Record:
        """Return the record that a row's text tells."""
        del name
        return record_from(body)

    def read(self, ids: Collection[str]) -> Mapping[str, Kept]:
        """Return the records that exist among `ids`, in one consistent reading (S6)."""
        check_asked(*ids)
        with self._asking() as connection:
            return self._kept(asking.read(connection, ids))

    def _kept(self, rows: Iterable[Any]) -> Mapping[str, Kept]:
        return {
            name: Kept(asking.record_of(name, body, self._decoded), head)
            for name, head, body in rows
        }

    def keyed(self, record: str, key: str) -> Entry | None:
        """Return the event of `record` that carries the idempotency `key` (S7)."""
        check_asked(record, key)
        with self._asking() as connection:
            return asking.keyed(connection, record, key)

    def history(self, record: str) -> tuple[Entry, ...]:
        """Return the events of `record` in order, equal to what was appended (S4)."""
        check_asked(record)
        with self._asking() as connection:
            return asking.history(connection, record)

    def records(self, wanted: Wanted) -> Iterator[Record]:
        """Yield the records that match, by id in code-point order, read in chunks."""
        check_wanted(wanted)
        chunk = self._chunk(wanted, None)
        yield from (record for record in chunk if _says(record, wanted.field))
        while len(chunk) == CHUNK:
            chunk = self._chunk(wanted, chunk[-1].id)
            yield from (record for record in chunk if _says(record, wanted.field))

    def _chunk(self, wanted: Wanted, after: str | None) -> list[Record]:
        with self._asking() as connection:
            return asking.listed(connection, wanted, after=after, limit=CHUNK, decode=self._decoded)

    def totals(
        self, *, as_at: date | None = None, force: str | None = None, known: int | None = None
    ) -> Iterable[Total]:
        """Return the sums of all changes dated on or before `as_at` (None: all), zeros left out.

        With `known`, only the changes of events up to that position of the feed.
        """
        check_asked(force)
        with self._asking() as connection:
            return asking.totals(connection, as_at, force, known)

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep `content` under its SHA-256 `digest`; keeping it again changes nothing (S8)."""
        check_document(digest, content)
        with self._writing() as connection:
            writing.keep_document(connection, digest, content)

    def document(self, digest: str) -> bytes | None:
        """Return a document byte for byte (S8), None when it is not kept."""
        check_asked(digest)
        with self._asking() as connection:
            return asking.document(connection, digest)

    def has_document(self, digest: str) -> bool:
        """Return whether a document is kept, without reading it."""
        check_asked(digest)
        with self._asking() as connection:
            return asking.has_document(connection, digest)

    def lifecycles(self) -> Mapping[tuple[str, int, str], str]:
        """Return every pinned lifecycle's (name, version, digest) and text."""
        with self._asking() as connection:
            return asking.lifecycles(connection)


def _says(record: Record, field: tuple[str, str] | None) -> bool:
    return field is None or record.fields.get(field[0]) == field[1]


class SqlStore(_SqlStore):
    """A store in tables of a database, by SQLAlchemy's URL.

    On PostgreSQL a transition is one statement that reads and one that writes. Reading the feed
    gives positions to what was committed since: it waits for no writer, and no writer for it.

    Args:
        url: `postgresql+psycopg://…`, `sqlite+pysqlite:///file`, or another that SQLAlchemy knows,
            which then only the conformance kit can vouch for.

    Raises:
        StoreUnreadable: The tables are missing (`upgrade_sql` makes them), or nobody answers.
        StoreVersion: A newer peelflow made the tables (S12).
        RequestRefused: SQLAlchemy knows no such URL, or lacks its driver.
    """

    def __init__(self, url: str) -> None:
        parsed = _parsed(url)
        self.url = parsed.render_as_string(hide_password=True)
        self.reached: Callable[[str], None] = go_on
        self._dialect = parsed.get_backend_name()
        self._fast = parsed.get_driver_name() == PSYCOPG
        # On psycopg a statement commits by itself, unless a transaction is asked for.
        self._pool = _engine(parsed, **({"isolation_level": "AUTOCOMMIT"} if self._fast else {}))
        level = {"isolation_level": "READ COMMITTED"} if self._fast else {}
        self._engine = self._pool.execution_options(**level)
        if self._dialect not in KNOWN:
            said = f"{self.url}: run peelflow's conformance kit before you trust this database"
            warnings.warn(said, stacklevel=2)
        self._closed = False
        self._recent, self._lock = Recent(), Lock()
        in_file = self._dialect == SQLITE
        self.capabilities = Capabilities(
            durable=parsed.database not in {None, "", ":memory:"},
            shared=parsed.database not in {None, "", ":memory:"},
            embedded=in_file,
            points=("asked", "kept")
            if self._dialect == POSTGRESQL
            else ("begun", "written", "kept"),
        )
        forks().add(self)
        try:
            with self._asking() as connection:
                check_schema(connection, self.url)
        except BaseException:
            self.close()
            raise

    def append(self, batch: Batch) -> None:
        """Keep the batch whole or not at all (S1), durably (S3).

        Raises:
            Conflict: A record in `batch.read` has another number now (S2).
            KeyReused: A key of the batch already exists on its record (S7).
            OtherRules: The store keeps other rules under a name and version of the batch's.
            StoreBusy: Another writer held what this one needs for too long.
        """
        check_lifecycles(batch)
        check_documents(batch)
        if self._fast:
            self.reached("asked")
            self._append_fast(batch)
        else:
            with self._writing() as connection:
                self.reached("begun")
                writing.append_step_by_step(connection, batch)
                self.reached("written")
        self.reached("kept")

    def _append_fast(self, batch: Batch) -> None:
        rows = rows_of(batch)
        if rows.moved is not None and not (batch.lifecycles or batch.documents):
            with self._driver() as driver:
                if writing.append_lone(driver, rows, rows.events[0]):
                    self._remember(batch, rows)
                    return
            with self._asking() as connection:
                writing.explain(connection, batch)
        if not writing.absent_ids(batch):
            with self._asking() as connection:
                writing.append(connection, batch, alone=True)
            return
        try:
            with self._writing() as connection:
                writing.append(connection, batch, alone=False)
        except Conflict as conflict:
            if not conflict.transaction_lost:
                raise
            with self._asking() as connection:
                writing.explain(connection, batch)

    def read(self, ids: Collection[str]) -> Mapping[str, Kept]:
        """Return the records that exist among `ids`, in one consistent reading (S6)."""
        if not self._fast:
            return super().read(ids)
        check_asked(*ids)
        with self._driver() as driver:
            return self._kept(asking.read_fast(driver, ids))

    @contextmanager
    def _driver(self) -> Iterator[Any]:
        """Give a connection of psycopg's own, that commits by itself."""
        with self._guarded():
            held = self._pool.raw_connection()
            try:
                yield held.driver_connection
            finally:
                # INVARIANT: the pool of a closed store takes nothing back, so it is closed here.
                (held.invalidate if self._closed else held.close)()

    def feed(self, after: int, limit: int) -> tuple[Placed, ...]:
        """Return up to `limit` events behind position `after`, in order (S5)."""
        with self._asking() as connection:
            waiting = writing.is_waiting(connection)
        if waiting:
            with self._writing() as connection:
                writing.place(connection)
        with self._asking() as connection:
            return asking.fed(connection, after, limit)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Give one reading of everything, on a connection of its own, for the block."""
        level = {} if self._dialect == SQLITE else {"isolation_level": "REPEATABLE READ"}
        with self._guarded(), self._engine.connect().execution_options(**level) as connection:
            check_schema(connection, self.url)  # the reading begins here
            yield asking.SqlSnapshot(connection)

    def close(self) -> None:
        """Let go of the database; closing twice is harmless, and nothing can be asked then."""
        self._closed = True
        self._pool.dispose()

    def pause(self) -> Callable[[], None]:
        """Let go of every idle connection: the process forks."""
        self._pool.dispose()
        return lambda: None

    def _asking(self) -> AbstractContextManager[Connection]:
        return self._connected(self._pool)

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        with self._guarded(), engine.connect() as connection:
            try:
                yield connection
            finally:
                if self._closed:
                    connection.invalidate()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._guarded(), self._engine.connect() as opened:
            opened.execution_options(writes=True)
            with opened.begin():
                yield opened

    def _remember(self, batch: Batch, rows: Rows) -> None:
        with self._lock:
            remember(self._recent, batch, rows)

    def _decoded(self, name: str, body: str) -> Record:
        with self._lock:
            return self._recent.decoded(name, body)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        if self._closed:
            raise StoreUnreadable(self.url, "it was closed")
        try:
            yield
        except RowUnreadable as fault:
            raise StoreUnreadable(self.url, str(fault)) from fault
        except (SQLAlchemyError, self._pool.dialect.loaded_dbapi.Error) as fault:
            if is_lost(fault):
                raise StoreBusy(self.url) from fault
            raise StoreUnreadable(self.url, said_of(fault)) from fault


class JoinedStore(_SqlStore):
    """A store in the transaction of an application's own connection.

    Nothing is begun, marked or committed here: what was appended is kept when the application
    commits, and S3, S5 and S7 hold from then on. Not for several threads at once.

    Args:
        connection: In a transaction; on SQLite one that has begun IMMEDIATE.

    Raises:
        RequestRefused: The connection commits by itself, or its SQLite transaction
            could fail half-way.
        StoreUnreadable: The tables are missing.
    """

    def __init__(self, connection: Connection) -> None:
        self.url = connection.engine.url.render_as_string(hide_password=True)
        self.reached: Callable[[str], None] = go_on
        self.capabilities = Capabilities(durable=False, shared=False, embedded=False)
        self._connection = connection
        check_joined(connection, self.url)
        with self._asking():
            check_schema(connection, self.url)

    def append(self, batch: Batch) -> None:
        """Put the batch into the transaction, whole or not at all (S1).

        Raises:
            Conflict: A record in `batch.read` has another number now; nothing was put. With
                `transaction_lost`, the transaction cannot go on: roll it back.
            KeyReused: A key of the batch already exists on its record.
            OtherRules: The store keeps other rules under a name and version of the batch's.
        """
        check_lifecycles(batch)
        check_documents(batch)
        try:
            if self._connection.dialect.driver == PSYCOPG:
                writing.append(self._connection, batch, alone=False)
            else:
                writing.append_step_by_step(self._connection, batch)
        except DBAPIError as fault:
            if is_lost(fault):
                raise writing.lost(batch) from fault
            raise StoreUnreadable(self.url, said_of(fault)) from fault

    def feed(self, after: int, limit: int) -> tuple[Placed, ...]:
        """Refuse: positions are given to what is committed.

        Raises:
            RequestRefused: Always.
        """
        del after, limit
        raise _not_joined("the feed")

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Refuse: a transaction that writes is no reading of its own.

        Raises:
            RequestRefused: Always.
        """
        raise _not_joined("a reading of the whole")

    def close(self) -> None:
        """Do nothing: the connection is the application's."""

    @contextmanager
    def _asking(self) -> Iterator[Connection]:
        try:
            yield self._connection
        except RowUnreadable as fault:
            raise StoreUnreadable(self.url, str(fault)) from fault
        except DBAPIError as fault:
            if is_lost(fault):
                raise Conflict("the record", expected=0, found=0, transaction_lost=True) from fault
            raise StoreUnreadable(self.url, said_of(fault)) from fault

    def _writing(self) -> AbstractContextManager[Connection]:
        return self._asking()


def _not_joined(what: str) -> RequestRefused:
    why, instead = "is not given inside a transaction", "open a register by its URL for it"
    return RequestRefused(what, why, instead)


def join(connection: object) -> JoinedStore:
    """Return a store in the transaction of an application's connection.

    Raises:
        RequestRefused: It is no connection of SQLAlchemy's, or cannot be joined.
    """
    if not isinstance(connection, Connection):
        what, why = f"the connection {connection!r:.80}", "is none of SQLAlchemy's"
        raise RequestRefused(what, why, "give a `sqlalchemy.Connection` in a transaction")
    return JoinedStore(connection)


def upgrade_sql(url: str) -> int:
    """Make the tables at a URL, or bring older ones up to date; return the schema there was.

    Raises:
        StoreVersion: A newer peelflow made the tables (S12).
        StoreUnreadable: Nobody answers there, or the tables are not known here.
        RequestRefused: SQLAlchemy knows no such URL, or lacks its driver.
    """
    parsed = _parsed(url)
    said = parsed.render_as_string(hide_password=True)
    engine = _engine(parsed)
    try:
        with engine.connect() as opened, opened.execution_options(writes=True).begin():
            return upgrade(opened, said)
    except SQLAlchemyError as fault:
        raise StoreUnreadable(said, said_of(fault)) from fault
    finally:
        engine.dispose()


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        what, instead = "the store's URL", "write it as dialect+driver://user:password@host/name"
        raise RequestRefused(what, "cannot be read", instead) from None


def _engine(url: URL, **options: Any) -> Engine:
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ModuleNotFoundError) as fault:
        what = f"store {url.drivername}:"
        raise RequestRefused(what, f"no driver is installed: {fault}", "install it") from None
    if url.get_backend_name() == SQLITE:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(opened: Any, _: object) -> None:
    opened.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000"):
        opened.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # INVARIANT: whoever writes takes the write lock first, before it reads what it rests on.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
