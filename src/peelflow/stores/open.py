"""Opening a store by its URL; third parties add schemes by entry point."""

from __future__ import annotations

from importlib import import_module
from os import PathLike

from peelflow.stores.memory import MemoryStore
from peelflow.stores.protocol import Documents, Store
from peelflow.stores.sqlite import SqliteStore

_FILE = "sqlite:///"


def open_store(url: str) -> Store:
    """Open the store that `url` names.

    `memory:` is kept in memory; `sqlite:///register.db` is a file, `sqlite:////srv/register.db`
    by absolute path; any other scheme belongs to an entry point in the group `peelflow.stores`,
    called with the URL.

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
