"""Verify, seal and export a register as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from peelflow.errors import StoreUnavailable, Unverified
from peelflow.stores.base import DocumentStore, Store
from peelflow.stores.export import export_lines
from peelflow.stores.integrity import Discrepancy, clock_discrepancies, verify_snapshot
from peelflow.stores.opening import register_documents
from peelflow.stores.seals import Heads, Seal, seal_discrepancies, seal_feed

_RESTORE = "verify it, and restore it from a backup or an export"


def held_to_events(
    store: Store,
    documents: DocumentStore,
    *,
    sealed: Seal | None,
    heads: Heads | None,
    note: Callable[[str, bytes], None],
) -> tuple[Discrepancy, ...]:
    """Return everything in a register that does not fit its events.

    Args:
        store: What keeps it.
        documents: What keeps its documents.
        sealed: A seal that was kept elsewhere.
        heads: The heads that came with it.
        note: Given the digest and the content of each document as it is read.
    """
    discrepancies = list(_placing_discrepancies(store))
    with store.snapshot() as kept:
        contents = _each_noted(register_documents(kept, documents), note)
        discrepancies += verify_snapshot(kept, contents)
        if sealed is not None:
            try:
                discrepancies += seal_discrepancies(kept.feed(), sealed, heads)
            except StoreUnavailable as fault:
                discrepancies.append(Discrepancy("", 0, "store-unreadable", fault.why))
    return tuple(dict.fromkeys(discrepancies))


def _each_noted(
    contents: Iterable[tuple[str, bytes]], note: Callable[[str, bytes], None]
) -> Iterator[tuple[str, bytes]]:
    """Yield the documents of a register, and have each noted that holds bytes, as not all do."""
    for digest, content in contents:
        if isinstance(content, bytes):
            note(digest, content)
        yield digest, content


def _placing_discrepancies(store: Store) -> Iterator[Discrepancy]:
    """Give every event that has none its position; yield why that cannot be done."""
    try:
        store.position()
    except StoreUnavailable as fault:
        yield Discrepancy("", 0, "store-unreadable", fault.why)


def set_back_clocks(store: Store, now: datetime) -> tuple[Discrepancy, ...]:
    """Return where a clock was set back by a day or more as events were recorded.

    Args:
        store: What keeps them, all of which fit.
        now: What the register's clock tells.
    """
    with store.snapshot() as kept:
        return tuple(clock_discrepancies((row for _, row in kept.feed()), now))


def seal_register(store: Store, documents: DocumentStore) -> tuple[Seal, Heads]:
    """Return the seal of a register that verifies, and every record's head.

    Args:
        store: What keeps it.
        documents: What keeps its documents.

    Raises:
        Unverified: Something does not fit: a seal would make it look as if it did.
    """
    store.position()
    with store.snapshot() as kept:
        for discrepancy in verify_snapshot(kept, register_documents(kept, documents)):
            what = f"the register {store.url}"
            raise Unverified(what, f"does not verify: {discrepancy}", _RESTORE)
        return seal_feed(kept.feed())


def export_register(store: Store, documents: DocumentStore) -> Iterator[str]:
    """Yield a register as the lines of an export.

    Args:
        store: What keeps it.
        documents: What keeps its documents.

    Raises:
        Unverified: It cannot be written whole: an event cannot be read, or names a document that is
            not kept.
    """
    store.position()
    with store.snapshot() as kept:
        yield from export_lines(kept, register_documents(kept, documents))
