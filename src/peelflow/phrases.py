"""Write names, numbers and days as parts of a sentence: counted, listed, or the nearest name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from heapq import nsmallest

MOST_LISTED = 12
MOST_COMPARED = 100
LONGEST_SHOWN = 60


def printable(text: str) -> str:
    """Write each character that does not print, or that turns others about, as its escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def shown(text: str) -> str:
    """Shorten a text from a file, on one line."""
    plain = printable(" ".join(text.split()))
    return plain if len(plain) <= LONGEST_SHOWN else plain[:LONGEST_SHOWN] + "…"


_MARKDOWN = re.compile(
    r"[\\`*<>|~&$]"  # escapes, code, emphasis, tags, columns, strokes, characters, formulas
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis, but not between two letters
    r"|^\[|\](?=[(\[])"  # tasks, definitions and links
    r"|^#(?=#{0,5}(?: |$))|^[-+](?= |$)|^(?=(?:---+|==+)$)"  # headings, items, rules
    r"|" + "|".join(rf"(?<=^[0-9]{{{width}}})[.)](?= |$)" for width in range(1, 10))  # numbers
)


def markdown_text(text: str) -> str:
    """Write a text as Markdown that shows it as it is, on one line, also within a table.

    Args:
        text: Any text; an `_` between two letters or digits has no meaning there, and stays.
    """
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(text.split()))


def counted(count: int, what: str) -> str:
    """Say how many of a thing there are: 1 row, 2 rows."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """List names in backticks, in order, leaving off what goes beyond a few."""
    quoted = [f"`{name}`" for name in names]
    more = f" and {len(quoted) - MOST_LISTED} more" if len(quoted) > MOST_LISTED else ""
    return ", ".join(quoted[:MOST_LISTED]) + more


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the one known name that `name` was probably meant to be, if there is one."""
    import difflib  # only a name that is not known needs it

    start = name[:LONGEST_SHOWN]
    candidates = set(known)
    if len(candidates) > MOST_COMPARED:
        candidates = {candidate for candidate in candidates if candidate[:1] == start[:1]}
    compared = nsmallest(MOST_COMPARED, candidates)
    close = difflib.get_close_matches(start, compared, n=MOST_LISTED)

    def likeness(candidate: str) -> tuple[float, bool, bool, str]:
        ratio = difflib.SequenceMatcher(None, candidate, start).ratio()
        same_letters = sorted(candidate) == sorted(start)
        return ratio, same_letters, candidate[:1] == start[:1], candidate

    return max(close, key=likeness, default=None)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say what to write instead of `name`: the nearest known one, else what there is."""
    names = tuple(known)
    close = nearest_name(name, names)
    if close is not None:
        return f"did you mean `{close}`?"
    return f"there is {listed(sorted(names))}" if names else "none is declared"


def say_day(day: date) -> str:
    """Say a day in words: 9 February 2023."""
    return f"{day.day} {day:%B %Y}"


def say_choice(names: tuple[str, ...]) -> str:
    """Say a list of names as a choice: `a`, `b` or `c`."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def say_in_force(first: date | None) -> str:
    """Say from when a lifecycle is in force, as it completes "it is in force …".

    Args:
        first: Its first day; None where it is not known.
    """
    return "on any day" if first is None else f"from {first}"


def say_days(days: int) -> str:
    """Say a number of days in words: 1 day, 28 days."""
    return f"{days} day" if days == 1 else f"{days} days"
