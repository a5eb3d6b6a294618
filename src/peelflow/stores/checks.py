"""Checks: what every store refuses before it keeps anything, in the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256

from peelflow.errors import Conflict, KeyReused, OtherRules, RequestRefused, StoreUnreadable
from peelflow.stores.codec import check_text
from peelflow.stores.protocol import Batch, Wanted

LARGEST = 2**63 - 1


def closed(url: str) -> StoreUnreadable:
    """Return what a store says once it was closed (S13)."""
    return StoreUnreadable(url, "it was closed", instead="open it again")


def ids_in(batch: Batch) -> list[str]:
    """Return, sorted, the ids of all records whose number decides whether the batch is kept."""
    return sorted({*batch.read, *(entry.event.record for entry in batch.entries)})


def check_numbers(batch: Batch, found: Mapping[str, int]) -> None:
    """Refuse a batch whose records moved; `found` holds the numbers they have now.

    Raises:
        Conflict: A record that was read has another number, or an entry does not follow its last.
    """
    for record, expected in sorted(batch.read.items()):
        if found.get(record, 0) != expected:
            raise Conflict(record, expected=expected, found=found.get(record, 0))
    last = dict(found)
    for entry in batch.entries:
        record, number = entry.event.record, entry.event.number
        if last.get(record, 0) != number - 1:
            raise Conflict(record, expected=number - 1, found=last.get(record, 0))
        last[record] = number


def check_keys(batch: Batch, is_kept: Callable[[str, str], bool]) -> None:
    """Refuse a key that its record already carries, or that comes twice in the batch.

    Raises:
        KeyReused: The key stands for another event.
    """
    seen = set()
    for entry in batch.entries:
        record, key = entry.event.record, entry.event.key
        if key is None:
            continue
        if (record, key) in seen or is_kept(record, key):
            raise KeyReused(record, key)
        seen.add((record, key))


def check_asked(*texts: str | None) -> None:
    """Refuse to look for a text that no store can hold."""
    for text in texts:
        if text is not None:
            check_text(text, text)


def check_wanted(wanted: Wanted) -> None:
    """Refuse to list by a text that no store can hold."""
    level = wanted.level if isinstance(wanted.level, str) else None
    check_asked(wanted.force, wanted.category, level, wanted.state, wanted.parent)
    check_asked(*(wanted.field or ()))


def check_lifecycles(batch: Batch) -> None:
    """Refuse a rule text, name or version that no store can keep."""
    for (name, version, digest), text in batch.lifecycles.items():
        for part in (name, digest, text):
            check_text(part, name)
        if version > LARGEST:
            what, why = f"version {version} of {name}", "is longer than the 63 bits a store keeps"
            raise RequestRefused(what, why, "count versions on from 1")


def check_rules(batch: Batch, digest_of: Callable[[str, int], str | None]) -> None:
    """Refuse a batch whose lifecycles differ from those kept under their name and version.

    Raises:
        OtherRules: Two registers run edited rules without a new version.
    """
    for name, version, digest in batch.lifecycles:
        if digest_of(name, version) not in {None, digest}:
            raise OtherRules(name, version)


def check_documents(batch: Batch) -> None:
    """Refuse a batch that brings a document under a digest that is not its content's."""
    for digest, content in batch.documents.items():
        check_document(digest, content)


def check_document(digest: str, content: bytes) -> None:
    """Refuse a document under a digest that is not its content's."""
    if sha256(content).hexdigest() != digest:
        what, why = f"document {digest[:12]!a}", "its content has another SHA-256 digest"
        raise RequestRefused(what, why, "keep it under its own")
