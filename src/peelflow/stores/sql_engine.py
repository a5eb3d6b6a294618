"""Engines: SQLAlchemy's URL read, and its engine as our stores need it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from peelflow.errors import RequestRefused

POSTGRESQL, SQLITE = "postgresql", "sqlite"
KNOWN = (POSTGRESQL, SQLITE)
PSYCOPG = "psycopg"


def parsed(url: str) -> URL:
    """Return a URL in its parts.

    Raises:
        RequestRefused: SQLAlchemy cannot read it.
    """
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        what, instead = "the store's URL", "write it as dialect+driver://user:password@host/name"
        raise RequestRefused(what, "cannot be read", instead) from None


def engine_of(url: URL, **options: Any) -> Engine:
    """Return an engine for a URL; nothing is connected yet.

    Raises:
        RequestRefused: SQLAlchemy knows no such dialect, or lacks its driver.
    """
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ModuleNotFoundError) as fault:
        what = f"store {url.drivername}"
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
