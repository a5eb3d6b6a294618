"""Whether an application's connection can be joined."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress

from sqlalchemy import Connection

from peelflow.errors import RequestRefused


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
