"""Say names: a near one to suggest, a few to list."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

FEW = 12
LONG = 60


def shown(text: str) -> str:
    """Shorten a text from a file, on one line."""
    plain = " ".join(text.split())
    return plain if len(plain) <= LONG else plain[:LONG] + "…"


def listed(names: Iterable[str]) -> str:
    """List names in backticks, in order, leaving off what goes beyond a few."""
    every = list(names)
    more = f" and {len(every) - FEW} more" if len(every) > FEW else ""
    return ", ".join(f"`{name}`" for name in every[:FEW]) + more


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say what to write instead of `name`: the nearest known one, else what there is."""
    every = sorted(known)
    near = difflib.get_close_matches(name[:LONG], every, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"there is {listed(every)}" if every else "none is declared"
