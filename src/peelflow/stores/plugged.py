"""Plugged: stores that other packages bring, found by entry point.

Looked up only for a URL that is not ours: reading what is installed takes longer than all else that
opening a store does.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from types import ModuleType

from peelflow.errors import MissingExtra, RequestRefused
from peelflow.stores.protocol import Store

GROUP = "peelflow.stores"


def is_sql(scheme: str) -> bool:
    """Return whether a URL's scheme is SQLAlchemy's: `dialect+driver`, or `postgresql`."""
    return "+" in scheme or scheme == "postgresql"


def sql_module(name: str = "sql") -> ModuleType:
    """Return a module of the SQL stores.

    Raises:
        MissingExtra: SQLAlchemy is not installed.
    """
    if find_spec("sqlalchemy") is None:
        raise MissingExtra(extra="sql", needs="SQLAlchemy")
    return import_module(f"peelflow.stores.{name}")


def upgrade_store(url: str) -> int | None:
    """Make the tables of a database, or bring older ones up to date, and return what there was.

    A file or memory needs none: None is returned. `0` says that there were no tables.

    Raises:
        MissingExtra: SQLAlchemy is not installed.
        StoreVersion: A newer peelflow made the tables (S12).
        StoreUnreadable: Nobody answers there.
    """
    if not is_sql(url.partition(":")[0]):
        return None
    found: int = sql_module().upgrade_sql(url)
    return found


def open_plugged(url: str) -> Store:
    """Return the store that an installed package opens at `url`.

    Raises:
        RequestRefused: Nobody here knows the URL.
    """
    scheme = url.partition(":")[0]
    for entry in entry_points(group=GROUP, name=scheme):
        store: Store = entry.load()(url)
        return store
    if is_sql(scheme):
        made: Store = sql_module().SqlStore(url)
        return made
    others = sorted(f"`{entry.name}:`" for entry in entry_points(group=GROUP))
    known = ", ".join(
        ("`memory:`", "`sqlite:///path`", "`postgresql+psycopg://host/name`", *others)
    )
    shown = f"{scheme}://…" if "@" in url else url  # with a password, perhaps
    what, instead = f"store {shown!r:.80}", f"use one of {known}"
    raise RequestRefused(what, "no store is opened so", instead)
