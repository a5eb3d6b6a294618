"""The promises of a store, by number, each in a sentence; docs/stores.md says more of each."""

from __future__ import annotations

import re

PROMISES = {
    "S1": "a batch is kept whole or not at all",
    "S2": "a batch whose decisions read what has moved since is a Conflict",
    "S3": "what append returned from survives kill -9",
    "S4": "what was kept comes back equal, in order",
    "S5": "the feed gives every event once, in one order, without a gap",
    "S6": "readers never see half a batch",
    "S7": "a key stands for one event of its record",
    "S8": "documents come back byte for byte",
    "S9": "any text survives, but those that are refused",
    "S10": "what is kept recomputes from the events",
    "S11": "two processes may open one store",
    "S12": "another version's schema is never guessed",
    "S13": "a store that was closed says so",
}
_CITED = re.compile(r"(S\d+(?:, S\d+)*): ")


def cited(docstring: str | None) -> tuple[str, ...]:
    """Return the promises that a test's docstring begins with, as `S1, S3: …` does."""
    found = _CITED.match(docstring or "")
    return tuple(found[1].split(", ")) if found else ()
