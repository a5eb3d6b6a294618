"""Which of a database's errors mean that another writer stood in the way."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from peelflow.stores.schema import is_busy

_TAKEN_BACK = {"22012", "23505"}
"""PostgreSQL's: our own taking back of what was kept in part, and a row that somebody put first."""

_LOST = {"40001", "40P01", "55P03", "25P02", "57014"} | _TAKEN_BACK
"""PostgreSQL's: serialization failure, deadlock, lock not available, a transaction that failed
before, a statement that took too long."""


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


def is_taken_back(fault: Exception) -> bool:
    """Return whether a statement failed because somebody else's row came first."""
    return getattr(_origin(fault), "sqlstate", None) in _TAKEN_BACK
