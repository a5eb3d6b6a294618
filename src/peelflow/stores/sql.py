"""The SQL stores: PostgreSQL first, SQLite too, through SQLAlchemy Core.

`SqlStore` has connections of its own; `sql_joined.JoinedStore` works in an application's
transaction.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from peelflow.errors import Conflict, StoreBusy, StoreUnreadable
from peelflow.model.records import Record
from peelflow.stores import sql_asking as asking
from peelflow.stores.checks import check_asked, check_documents, check_lifecycles, closed
from peelflow.stores.forks import forks
from peelflow.stores.protocol import Batch, Capabilities, Kept, Placed, Snapshot, go_on
from peelflow.stores.recent import Recent
from peelflow.stores.rows import Rows, remember, rows_of
from peelflow.stores.sql_engine import KNOWN, PSYCOPG, SQLITE, engine_of, parsed
from peelflow.stores.sql_faults import is_lost, unreadable
from peelflow.stores.sql_placing import is_waiting, last_position, place
from peelflow.stores.sql_postgresql import append, append_lone
from peelflow.stores.sql_refusing import absent_ids, explain
from peelflow.stores.sql_schema import check_schema, upgrade
from peelflow.stores.sql_shared import SharedStore
from peelflow.stores.sql_writing import append_step_by_step
from peelflow.stores.statements import RowUnreadable


class SqlStore(SharedStore):
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
        named = parsed(url)
        self.url = named.render_as_string(hide_password=True)
        self.reached: Callable[[str], None] = go_on
        self._dialect = named.get_backend_name()
        self._fast = named.get_driver_name() == PSYCOPG
        # On psycopg a statement commits by itself, unless a transaction is asked for.
        self._pool = engine_of(named, **({"isolation_level": "AUTOCOMMIT"} if self._fast else {}))
        level = {"isolation_level": "READ COMMITTED"} if self._fast else {}
        self._engine = self._pool.execution_options(**level)
        if self._dialect not in KNOWN:
            said = f"{self.url}: run peelflow's conformance kit before you trust this database"
            warnings.warn(said, stacklevel=2)
        self._closed = False
        self._recent, self._lock = Recent(), Lock()
        in_file = self._dialect == SQLITE
        self.capabilities = Capabilities(
            durable=named.database not in {None, "", ":memory:"},
            shared=named.database not in {None, "", ":memory:"},
            embedded=in_file,
            points=("asked", "kept") if self._fast else ("begun", "written", "kept"),
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
                append_step_by_step(connection, batch)
                self.reached("written")
        self.reached("kept")

    def _append_fast(self, batch: Batch) -> None:
        rows = rows_of(batch)
        if rows.moved is not None and not (batch.lifecycles or batch.documents):
            with self._driver() as driver:
                if append_lone(driver, rows, rows.events[0]):
                    self._remember(batch, rows)
                    return
            with self._asking() as connection:
                explain(connection, batch)
        if not absent_ids(batch):
            with self._asking() as connection:
                append(connection, batch, alone=True)
            return
        try:
            with self._writing() as connection:
                append(connection, batch, alone=False)
        except Conflict as conflict:
            if not conflict.transaction_lost:
                raise
            with self._asking() as connection:
                explain(connection, batch)

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
        self._place()
        with self._asking() as connection:
            return asking.fed(connection, after, limit)

    def position(self) -> int:
        """Return the position of the last event (S5)."""
        self._place()
        with self._asking() as connection:
            return last_position(connection)

    def _place(self) -> None:
        """Give every committed event that has no position its own."""
        with self._asking() as connection:
            waiting = is_waiting(connection)
        if waiting:
            with self._writing() as connection:
                place(connection)

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
            raise closed(self.url)
        try:
            yield
        except RowUnreadable as fault:
            raise StoreUnreadable(self.url, str(fault)) from fault
        except (SQLAlchemyError, self._pool.dialect.loaded_dbapi.Error) as fault:
            if is_lost(fault):
                raise StoreBusy(self.url) from fault
            raise unreadable(self.url, fault) from fault


def upgrade_sql(url: str) -> int:
    """Make the tables at a URL, or bring older ones up to date; return the schema there was.

    Raises:
        StoreVersion: A newer peelflow made the tables (S12).
        StoreUnreadable: Nobody answers there, or the tables are not known here.
        RequestRefused: SQLAlchemy knows no such URL, or lacks its driver.
    """
    named = parsed(url)
    said = named.render_as_string(hide_password=True)
    engine = engine_of(named)
    try:
        with engine.connect() as opened, opened.execution_options(writes=True).begin():
            return upgrade(opened, said)
    except SQLAlchemyError as fault:
        raise unreadable(said, fault) from fault
    finally:
        engine.dispose()
