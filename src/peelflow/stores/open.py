"""Opening a store by its URL; third parties add schemes by entry point."""

from __future__ import annotations

from importlib import import_module
from os import PathLike

from peelflow.errors import RequestRefused
from peelflow.stores.memory import MemoryStore
from peelflow.stores.protocol import Documents, Store
from peelflow.stores.sqlite import SqliteStore

_FILE = "sqlite:///"


def open_store(url: str) -> Store:
    """Open the store that `url` names.

    `memory:` is kept in memory; `sqlite:///register.db` is a file, `sqlite:////srv/register.db`
    by absolute path; `postgresql+psycopg://…` and any other `dialect+driver:` is a database that
    SQLAlchemy reaches (extra `sql`); any other scheme belongs to an entry point in the group
    `peelflow.stores`, called with the URL.

    Raises:
        RequestRefused: Nobody here knows the URL.
    """
    if url == "memory:":
        return MemoryStore(url)
    if url.startswith(_FILE) and url != _FILE:
        return SqliteStore(url.removeprefix(_FILE))
    store: Store = import_module("peelflow.stores.plugged").open_plugged(url)
    return store


def open_documents(path: str | PathLike[str], store: Store) -> Documents:
    """Return the folder that documents are kept in instead of in `store`, made when missing.

    Raises:
        RequestRefused: The folder cannot be made.
    """
    folder: Documents = import_module("peelflow.stores.folder").DocumentFolder(path, store)
    return folder


def one_store(store: Store | None, connection: object) -> Store:
    """Return the store given, or one in the transaction of the connection given instead.

    Raises:
        RequestRefused: Neither or both are given, or the connection cannot be joined.
        MissingExtra: SQLAlchemy is not installed.
    """
    if store is not None and connection is None:
        return store
    if store is not None or connection is None:
        what, instead = "a register", "give it one of `store` and `connection`"
        raise RequestRefused(what, "needs one place to keep its records", instead)
    joined: Store = (
        import_module("peelflow.stores.plugged").sql_module("sql_joined").join(connection)
    )
    return joined


def seen_by(force: str | None, store: Store) -> Store:
    """Return a store as one force sees it; the store itself where no force is named.

    Raises:
        RequestRefused: The force has no name.
    """
    if force is None:
        return store
    scoped: Store = import_module("peelflow.stores.scoped").ScopedStore(store, force)
    return scoped
