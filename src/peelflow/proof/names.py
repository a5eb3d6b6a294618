"""Say names: a near one to suggest, a few to list."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

FEW = 12
MANY = 100
LONG = 60


def printable(text: str) -> str:
    """Write each character that does not print, or that turns others about, as its escape."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def shown(text: str) -> str:
    """Shorten a text from a file, on one line."""
    plain = printable(" ".join(text.split()))
    return plain if len(plain) <= LONG else plain[:LONG] + "…"


def listed(names: Iterable[str]) -> str:
    """List names in backticks, in order, leaving off what goes beyond a few."""
    every = list(names)
    more = f" and {len(every) - FEW} more" if len(every) > FEW else ""
    return ", ".join(f"`{name}`" for name in every[:FEW]) + more


def near(name: str, known: Iterable[str]) -> str | None:
    """Return the one known name that `name` was probably meant to be, if there is one."""
    short = name[:LONG]
    every = set(known)
    if len(every) > MANY:
        every = {one for one in every if one[:1] == short[:1]}
    close = difflib.get_close_matches(short, sorted(every)[:MANY], n=FEW)

    def likeness(one: str) -> tuple[float, bool, bool, str]:
        ratio = difflib.SequenceMatcher(None, one, short).ratio()
        return ratio, sorted(one) == sorted(short), one[:1] == short[:1], one

    return max(close, key=likeness, default=None)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say what to write instead of `name`: the nearest known one, else what there is."""
    every = sorted(known)
    close = near(name, every)
    if close is not None:
        return f"did you mean `{close}`?"
    return f"there is {listed(every)}" if every else "none is declared"
