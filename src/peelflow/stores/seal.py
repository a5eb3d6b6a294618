"""A seal: how far the feed went, and one digest over all that it gave until then.

Kept outside the register (in a committee's paper, a safe, another system), it shows any later
change of what was sealed, even one whose chain was made anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from attrs import asdict, frozen

from peelflow.errors import RequestRefused
from peelflow.stores.columns import EventRow
from peelflow.stores.findings import Finding, Link

FORMAT = 1
_digest = re.compile(r"[0-9a-f]{64}").fullmatch
Heads = Mapping[str, Link]


@frozen
class Seal:
    """What is sealed.

    Attributes:
        position: The last position of the feed.
        count: How many events were given up to there; positions are dense, so the same number.
        root: SHA-256 over the digests of these events in the feed's order, a line each.
        heads: SHA-256 over the text of the heads: each record's last number and digest.
    """

    position: int
    count: int
    root: str
    heads: str

    def __str__(self) -> str:
        return f"position {self.position}, {self.count} events, root {self.root}"


def seal(feed: Iterable[tuple[int | None, EventRow]]) -> tuple[Seal, Heads]:
    """Return the seal of all that has a position, and the heads of its records."""
    root, count, heads = sha256(), 0, dict[str, Link]()
    for position, row in feed:
        if position is None:
            break
        count = position
        root.update(f"{row.digest}\n".encode())
        heads[row.record] = Link(row.number, row.digest)
    heads_digest = sha256(heads_text(heads).encode()).hexdigest()
    return Seal(count, count, root.hexdigest(), heads_digest), heads


def broken_seal(
    feed: Iterable[tuple[int | None, EventRow]], sealed: Seal, heads: Heads | None = None
) -> Iterator[Finding]:
    """Yield how a feed differs from what was sealed.

    With the heads it names the records that differ; without, only that something does.

    Raises:
        RequestRefused: The heads are not those of the seal.
    """
    if heads is not None and sha256(heads_text(heads).encode()).hexdigest() != sealed.heads:
        raise RequestRefused("the heads", "are not the seal's", "give those written beside it")
    now, stand = seal(_until(feed, sealed.position))
    if (now.count, now.root) == (sealed.count, sealed.root):
        return
    found = list(_moved_heads(heads, stand)) if heads is not None else []
    yield from found
    if not found:
        said = (
            f"{sealed.count} events were sealed and {now.count} of them are left"
            if now.count < sealed.count
            else f"the first {sealed.count} events are not those that were sealed, or not in order"
        )
        yield Finding("", 0, "seal-broken", said)


def _until(
    feed: Iterable[tuple[int | None, EventRow]], position: int
) -> Iterator[tuple[int | None, EventRow]]:
    for place, row in feed:
        if place is None or place > position:
            return
        yield place, row


def _moved_heads(heads: Heads, stand: Heads) -> Iterator[Finding]:
    for record in sorted({*heads, *stand}):
        sealed, now = heads.get(record, Link()), stand.get(record, Link())
        if now.number < sealed.number:
            said = f"it had {sealed.number} events when sealed, and has {now.number} of them now"
            yield Finding(record, sealed.number, "seal-broken", said)
        elif now.number > sealed.number:
            said = f"it had {sealed.number} events when sealed; a later one was put before the seal"
            yield Finding(record, now.number, "seal-broken", said)
        elif now.digest != sealed.digest:
            said = "its events up to here are not those that were sealed"
            yield Finding(record, sealed.number, "seal-broken", said)


def seal_text(sealed: Seal) -> str:
    """Return a seal as the text of its file."""
    return json.dumps({"format": FORMAT, **asdict(sealed)}, sort_keys=True, indent=2) + "\n"


def seal_from(text: str) -> Seal:
    """Return the seal that `seal_text` wrote.

    Raises:
        RequestRefused: The text is no seal.
    """
    try:
        told: dict[str, Any] = json.loads(text)
        if told.pop("format") == FORMAT and _is_seal(told):
            return Seal(**told)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        pass
    instead = "give the file that `peelflow seal` wrote"
    raise RequestRefused("the seal", f"is none of format {FORMAT}", instead)


def _is_seal(told: Mapping[str, Any]) -> bool:
    numbers = all(type(told[name]) is int and told[name] >= 0 for name in ("position", "count"))
    return numbers and all(
        isinstance(told[name], str) and _digest(told[name]) for name in ("root", "heads")
    )


def heads_text(heads: Heads) -> str:
    """Return heads as text: each record's id, last number and digest, a JSON line each."""
    return "".join(
        json.dumps([record, link.number, link.digest], ensure_ascii=False, separators=(",", ":"))
        + "\n"
        for record, link in sorted(heads.items())
    )


def heads_from(text: str) -> Heads:
    """Return the heads that `heads_text` wrote.

    Raises:
        RequestRefused: The text is none.
    """
    heads = {}
    try:
        for line in filter(None, text.split("\n")):
            record, number, digest = json.loads(line)
            heads[record] = Link(number, digest)
        heads_text(heads).encode()
    except (AttributeError, RecursionError, TypeError, ValueError):
        instead = "give the file that `peelflow seal` wrote beside the seal"
        raise RequestRefused("the heads", "cannot be read", instead) from None
    return heads
