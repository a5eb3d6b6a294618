"""Open the store that a URL names, ours or one that another package brings by entry point."""

from __future__ import annotations

from importlib.util import find_spec
from os import PathLike

from peelflow.errors import InvalidRequest, MissingDependency
from peelflow.stores.base import DocumentStore, Store
from peelflow.stores.memory import MemoryStore
from peelflow.stores.sqlite import SqliteStore

_SQLITE_PREFIX = "sqlite:///"


def open_store(url: str) -> Store:
    """Open the store that `url` names.

    `memory:` is kept in memory; `sqlite:///register.db` is a file, `sqlite:////srv/register.db`
    by absolute path; `postgresql+psycopg://…` and any other `dialect+driver:` is a database that
    SQLAlchemy reaches (extra `sql`); any other scheme belongs to an entry point in the group
    `peelflow.stores`, called with the URL.

    Raises:
        InvalidRequest: Nobody here knows the URL.
    """
    if not _is_text(url):
        what, instead = f"store {url!r:.80}", "write it as a text, such as sqlite:///register.db"
        raise InvalidRequest(what, "is no URL", instead)
    if url == "memory:":
        return MemoryStore(url)
    if url.startswith(_SQLITE_PREFIX) and url != _SQLITE_PREFIX:
        return SqliteStore(url.removeprefix(_SQLITE_PREFIX))
    return open_plugin_store(url)


def _is_text(url: object) -> bool:
    return isinstance(url, str)


def open_documents(path: str | PathLike[str], store: DocumentStore) -> DocumentStore:
    """Return the folder that documents are kept in instead of in `store`, made when missing."""
    from peelflow.stores.documents import DocumentFolder

    return DocumentFolder(path, store)


def joined_store(connection: object) -> Store:
    """Return a store in the transaction of an application's connection.

    Raises:
        InvalidRequest: The connection cannot be joined.
        MissingDependency: SQLAlchemy is not installed.
    """
    check_sql_extra()
    from peelflow.stores.sql.store import join_connection

    return join_connection(connection)


def scope_store(force: str | None, store: Store) -> Store:
    """Return a store as one force sees it; the store itself where no force is named."""
    if force is None:
        return store
    from peelflow.stores.scoped import ScopedStore

    return ScopedStore(store, force)


ENTRY_POINT_GROUP = "peelflow.stores"


def is_sql_scheme(scheme: str) -> bool:
    """Return whether a URL's scheme is SQLAlchemy's: `dialect+driver`, or `postgresql`."""
    return "+" in scheme or scheme == "postgresql"


def check_sql_extra() -> None:
    """Raise MissingDependency where SQLAlchemy is not installed."""
    if find_spec("sqlalchemy") is None:
        raise MissingDependency(extra="sql", needs="SQLAlchemy")


def upgrade_store(url: str) -> int | None:
    """Make the tables of a database, or bring older ones up to date, and return what there was.

    A file or memory needs none: None is returned. `0` says that there were no tables.
    """
    if not is_sql_scheme(url.partition(":")[0]):
        return None
    check_sql_extra()
    from peelflow.stores.sql.store import upgrade_sql

    return upgrade_sql(url)


def open_plugin_store(url: str) -> Store:
    """Return the store that an installed package, or else SQLAlchemy, opens at `url`."""
    from importlib.metadata import entry_points  # slow to load, and seldom needed

    scheme = url.partition(":")[0]
    for entry in entry_points(group=ENTRY_POINT_GROUP, name=scheme):
        store: Store = entry.load()(url)
        return store
    if is_sql_scheme(scheme):
        check_sql_extra()
        from peelflow.stores.sql.store import SqlStore

        return SqlStore(url)
    others = sorted(f"`{entry.name}:`" for entry in entry_points(group=ENTRY_POINT_GROUP))
    known = ", ".join(
        ("`memory:`", "`sqlite:///path`", "`postgresql+psycopg://host/name`", *others)
    )
    shown = f"{scheme}://…" if "@" in url else url  # with a password, perhaps
    what, instead = f"store {shown!r:.80}", f"use one of {known}"
    raise InvalidRequest(what, "no store is opened so", instead)
