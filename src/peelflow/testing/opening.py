"""Opening: a store by the name of its opener, so that a child process can open it too."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module

from peelflow.errors import RequestRefused
from peelflow.stores.protocol import Store

OURS = "peelflow.stores.open:open_store"


def opened(opener: str, url: str) -> Store:
    """Open the store at `url` by an opener that `module:function` names.

    Raises:
        RequestRefused: It names nothing that can be called.
    """
    module, _, name = opener.partition(":")
    try:
        function: Callable[[str], Store] = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as fault:
        what, instead = f"opener {opener!r}", "write `module:function`, such as `mine.stores:open`"
        raise RequestRefused(what, f"cannot be found ({fault})", instead) from fault
    return function(url)


def surroundings() -> dict[str, str]:
    """Return the environment for a child process that is to import what this one can."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
