"""Opening a store by its URL; third parties add schemes by entry point."""

from __future__ import annotations

from importlib.metadata import entry_points

from peelflow.errors import RequestRefused
from peelflow.stores.memory import MemoryStore
from peelflow.stores.protocol import Store
from peelflow.stores.sqlite import SqliteStore

GROUP = "peelflow.stores"
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
    scheme = url.partition(":")[0]
    for entry in entry_points(group=GROUP, name=scheme):
        store: Store = entry.load()(url)
        return store
    others = sorted(f"`{entry.name}:`" for entry in entry_points(group=GROUP))
    known = ", ".join(("`memory:`", "`sqlite:///path`", *others))
    what, instead = f"store {url!r}", f"use one of {known}"
    raise RequestRefused(what, "no store is opened so", instead)
