"""What a database's errors mean: that another writer stood in the way, or what to do instead."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from peelflow.errors import StoreUnreadable
from peelflow.stores.schema import instead_of, is_busy

_TAKEN_BACK = {"22012", "23505"}
"""PostgreSQL's: our own taking back of what was kept in part, and a row that somebody put first."""

_LOST = {"40001", "40P01", "55P03", "25P02", "57014"} | _TAKEN_BACK
"""PostgreSQL's: serialization failure, deadlock, lock not available, a transaction that failed
before, a statement that took too long."""


_INSTEAD = {
    "08": "check the URL, and that the server runs, then try again",
    "25006": "name a server that may be written to",
    "28": "check the name and the password in the URL",
    "42501": "let the owner of the tables grant what it asks for",
    "53": "let the server have what it lacks, then try again",
    "53100": "make room on the server's disk, then try again",
    "53200": "let the server have more memory, then try again",
    "53300": "close other connections to the server, or let it take more, then try again",
    "57P": "wait until the server runs again, then try again",
}
"""What to do, by PostgreSQL's code, or what it begins with: the longest decides."""

_UNREACHED = "check the URL, and that the server runs and has a connection left, then try again"
_UNREACHABLE = {"OperationalError", "ProgrammingError"}
_POOL = "use fewer threads at once, then try again"


def unreadable(url: str, fault: Exception) -> StoreUnreadable:
    """Return what a database said as an error of ours, with what to do about it."""
    said = " ".join(str(_origin(fault)).split())
    return StoreUnreadable(url, said, instead=_instead(fault))


def _instead(fault: Exception) -> str | None:
    origin = _origin(fault)
    if isinstance(origin, sqlite3.Error):
        return instead_of(origin)
    if isinstance(origin, PoolTimeoutError):
        return _POOL
    code = getattr(origin, "sqlstate", None)
    if code is None:
        # A server that is not reached gives no code: PEP 249 names the class of the error.
        named = {each.__name__ for each in type(origin).__mro__}
        return _UNREACHED if named & _UNREACHABLE else None
    return next((_INSTEAD[code[:size]] for size in (5, 3, 2) if code[:size] in _INSTEAD), None)


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
