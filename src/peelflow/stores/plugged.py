"""Plugged: stores that other packages bring, found by entry point.

Looked up only for a URL that is not ours: reading what is installed takes longer than all else that
opening a store does.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from peelflow.errors import RequestRefused
from peelflow.stores.protocol import Store

GROUP = "peelflow.stores"


def open_plugged(url: str) -> Store:
    """Return the store that an installed package opens at `url`.

    Raises:
        RequestRefused: Nobody here knows the URL.
    """
    scheme = url.partition(":")[0]
    for entry in entry_points(group=GROUP, name=scheme):
        store: Store = entry.load()(url)
        return store
    others = sorted(f"`{entry.name}:`" for entry in entry_points(group=GROUP))
    known = ", ".join(("`memory:`", "`sqlite:///path`", *others))
    what, instead = f"store {url!r}", f"use one of {known}"
    raise RequestRefused(what, "no store is opened so", instead)
