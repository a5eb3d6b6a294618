"""Which of a database's errors mean that another writer stood in the way."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from peelflow.stores.schema import is_busy

_LOST = {"40001", "40P01", "55P03", "25P02", "57014", "22012", "23505"}
"""PostgreSQL's: serialization failure, deadlock, lock not available, a transaction that failed
before, a statement that took too long, our own taking back, a row that somebody else put first."""


def said_of(fault: Exception) -> str:
    """Return what the database itself said."""
    return str(_origin(fault))


def _origin(fault: Exception) -> BaseException:
    return (fault.orig or fault) if isinstance(fault, DBAPIError) else fault


def is_lost(fault: Exception) -> bool:
    """Return whether nothing but another writer made a statement fail."""
    origin = _origin(fault)
    if isinstance(origin, sqlite3.Error):
        return is_busy(origin)
    return getattr(origin, "sqlstate", None) in _LOST
