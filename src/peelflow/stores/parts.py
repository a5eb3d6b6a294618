"""Parts: how much a statement asks for at once, as databases bound its parameters and its depth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

IDS = 30_000
"""SQLite takes 32,766 parameters as it comes, PostgreSQL 65,535."""
KEYS = 400
"""SQLite takes an expression of a depth of 1,000; each `OR` is one deeper."""

_T = TypeVar("_T")


def parts(whole: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield what is asked for in order, at most so many at once; nothing for an empty one."""
    each = iter(whole)
    while some := list(islice(each, size)):
        yield some
