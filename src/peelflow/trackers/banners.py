"""Tell the rows that a map names as no records, its banners and sums, from what is a record.

A banner counts otherwise from month to month: `Total: 14` where it was `Total: 12`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from peelflow.results import frozen
from peelflow.trackers.headings import normal_form

_NUMBER_OR_MONTH = re.compile(
    r"[0-9]+|\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_ANY = "\0"
"""Stands for each number and month: no sheet has it."""


@frozen
class NamedRows:
    """What rows begin with that are no records.

    Attributes:
        words: As the map names them.
        patterns: The same whatever their numbers and months are.
    """

    words: frozenset[str]
    patterns: frozenset[str]

    def has(self, text: str) -> bool:
        """Return whether the map names a text as it stands."""
        return normal_form(text) in self.words

    def has_alike(self, text: str) -> bool:
        """Return whether the map names a text that differs by its numbers and months at most."""
        return _without_numbers(text) in self.patterns


def named_rows(names: Iterable[str]) -> NamedRows:
    """Return what is compared with the names that a map gives.

    Args:
        names: What it names.
    """
    names = tuple(names)
    return NamedRows(frozenset(map(normal_form, names)), frozenset(map(_without_numbers, names)))


def _without_numbers(text: str) -> str:
    """Return a banner as it is compared; one of numbers alone is held to them."""
    word = normal_form(text)
    return _NUMBER_OR_MONTH.sub(_ANY, word) if any(map(str.isalpha, word)) else word
