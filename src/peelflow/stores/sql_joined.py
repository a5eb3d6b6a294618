"""Joined: a store in the transaction of an application's connection, if that can be joined."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from peelflow.errors import Conflict, RequestRefused, StoreUnreadable
from peelflow.stores.checks import check_documents, check_lifecycles, closed
from peelflow.stores.protocol import Batch, Capabilities, Placed, Snapshot, go_on
from peelflow.stores.sql_engine import PSYCOPG
from peelflow.stores.sql_faults import is_lost, unreadable
from peelflow.stores.sql_postgresql import append
from peelflow.stores.sql_refusing import lost
from peelflow.stores.sql_schema import check_schema
from peelflow.stores.sql_shared import SharedStore
from peelflow.stores.sql_writing import append_step_by_step
from peelflow.stores.statements import RowUnreadable


class JoinedStore(SharedStore):
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
        self._connection, self._closed = connection, False
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
        self._check_open()
        try:
            if self._connection.dialect.driver == PSYCOPG:
                append(self._connection, batch, alone=False)
            else:
                append_step_by_step(self._connection, batch)
        except DBAPIError as fault:
            if is_lost(fault):
                raise lost(batch) from fault
            raise unreadable(self.url, fault) from fault

    def feed(self, after: int, limit: int) -> tuple[Placed, ...]:
        """Refuse: positions are given to what is committed.

        Raises:
            RequestRefused: Always.
        """
        del after, limit
        raise _not_joined("the feed")

    def position(self) -> int:
        """Refuse: positions are given to what is committed.

        Raises:
            RequestRefused: Always.
        """
        raise _not_joined("a position of the feed")

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Refuse: a transaction that writes is no reading of its own.

        Raises:
            RequestRefused: Always.
        """
        raise _not_joined("a reading of the whole")

    def close(self) -> None:
        """Let nothing be asked any more; the connection stays the application's own."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise closed(self.url)

    @contextmanager
    def _asking(self) -> Iterator[Connection]:
        self._check_open()
        try:
            yield self._connection
        except RowUnreadable as fault:
            raise StoreUnreadable(self.url, str(fault)) from fault
        except DBAPIError as fault:
            if is_lost(fault):
                raise Conflict("the record", expected=0, found=0, transaction_lost=True) from fault
            raise unreadable(self.url, fault) from fault

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


def check_joined(connection: Connection, url: str) -> None:
    """Refuse a connection that commits by itself, or a SQLite transaction begun without a lock.

    Raises:
        RequestRefused: With what to do instead.
    """
    if connection.dialect.name == "sqlite":
        _check_immediate(connection)
    elif getattr(connection.connection.driver_connection, "autocommit", False) is True:
        why, instead = "commits by itself", "give one with a transaction of yours"
        raise RequestRefused(f"the connection to {url}", why, instead)
    elif connection.get_isolation_level() == "REPEATABLE READ":
        # It would not see a record that was added since it began, and has no row of it to lock.
        why, instead = "reads what was there when it began", "use READ COMMITTED or SERIALIZABLE"
        raise RequestRefused(f"the transaction on {url}", why, instead)


def _check_immediate(connection: Connection) -> None:
    """Refuse a SQLite transaction that has not begun IMMEDIATE.

    One that takes the lock only when it first writes fails there, whatever the timeout, if
    somebody else wrote since it first read. Whether the lock is taken is asked of the file by a
    second connection.

    Raises:
        RequestRefused: There is no transaction, or its lock is free.
    """
    file = _file(connection)  # begins the transaction, if the application left that to SQLAlchemy
    driver = connection.connection.driver_connection
    held = isinstance(driver, sqlite3.Connection) and driver.in_transaction
    if not held or _is_free(file):
        what, why = "the SQLite transaction", "has not begun IMMEDIATE"
        instead = "set the driver's isolation_level to None and begin with BEGIN IMMEDIATE"
        raise RequestRefused(what, why, instead)


def _file(connection: Connection) -> str:
    rows = connection.exec_driver_sql("PRAGMA database_list").all()
    return str(rows[0][2] or "")


def _is_free(path: str) -> bool:
    """Return whether nobody holds the write lock of a file; in memory there is none to ask."""
    if not path:
        return False
    with (
        closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as probe,
        suppress(sqlite3.OperationalError),
    ):
        probe.execute("BEGIN IMMEDIATE")
        probe.execute("ROLLBACK")
        return True
    return False
