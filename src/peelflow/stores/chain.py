"""The chain: each event's digest is taken over its text and the digest before it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from peelflow.model.records import Event
from peelflow.stores.codec import event_from, event_text
from peelflow.stores.protocol import Entry

GENESIS = ""


def chain(previous: str, event: Event) -> Entry:
    """Return the event as it is kept after `previous`: its record's head, or `GENESIS`.

    Raises:
        TextRefused: A text of the event holds a NUL or a lone surrogate.
    """
    text = event_text(event)
    return Entry(event, text, previous, digest_of(previous, text))


def digest_of(previous: str, text: str) -> str:
    """Return the SHA-256, in hex, of `previous` and `text` as UTF-8."""
    return sha256(f"{previous}{text}".encode()).hexdigest()


def verify_chain(entries: Iterable[Entry]) -> int | None:
    """Return the number of the first entry of one record that breaks the chain, None if none does.

    An entry breaks it when its number does not follow, it names another record than the first, it
    does not stand on the digest before it, or its text gives another digest or another event.
    """
    head, record = GENESIS, None
    for number, entry in enumerate(entries, start=1):
        event = entry.event
        record = record or event.record
        if (
            (event.record, event.number, entry.previous) != (record, number, head)
            or digest_of(head, entry.text) != entry.digest
            or not _tells(entry.text, event)
        ):
            return number
        head = entry.digest
    return None


def _tells(text: str, event: Event) -> bool:
    try:
        return event_from(text) == event
    except ValueError:
        return False
