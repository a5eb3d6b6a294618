"""Recompute all that a store keeps from its events, and check that its feed has no gap."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import groupby
from typing import Literal

from peelflow.results import frozen
from peelflow.stores.base import (
    FeedItem,
    FeedStore,
    JointRow,
    Snapshot,
    SnapshotStore,
    Store,
    StoredEvent,
    StoredRecord,
)
from peelflow.stores.codec import event_from, record_from
from peelflow.stores.rows import (
    change_rows,
    event_row,
    joint_rows,
    record_row,
    verify_chain,
)

AuditFaultKind = Literal["chain", "row", "document", "feed"]
FEED_PAGE = 500


@frozen
class AuditFault:
    """One thing that does not recompute: what kind of promise it breaks, and where."""

    kind: AuditFaultKind
    what: str


def audit(store: Store) -> tuple[AuditFault, ...]:
    """Return everything in `store` that does not recompute, its feed included; nothing if sound."""
    with store.snapshot() as snapshot:
        events = {(row.record, row.number) for row in snapshot.histories()}
    return (*recomputed(store), *feed_faults(whole_feed(store), events))


def recomputed(store: SnapshotStore) -> tuple[AuditFault, ...]:
    """Return what does not recompute among events, records, changes and documents."""
    with store.snapshot() as snapshot:
        return (*_event_faults(snapshot), *_document_faults(snapshot))


def whole_feed(store: FeedStore) -> tuple[FeedItem, ...]:
    """Return the feed from its beginning, read page by page."""
    items: list[FeedItem] = []
    while page := store.feed(items[-1].position if items else 0, FEED_PAGE):
        stays = bool(items) and page[-1].position <= items[-1].position
        items.extend(page)
        if stays:  # a page that leads no further would lead on for ever
            break
    return tuple(items)


def feed_faults(feed: tuple[FeedItem, ...], events: set[tuple[str, int]]) -> Iterator[AuditFault]:
    """Yield what is wrong with a feed that is to give `events` (record, number), each once."""
    last: dict[str, int] = {}
    for position, item in enumerate(feed, 1):
        event = item.entry.event
        if item.position != position:
            yield AuditFault("feed", f"position {item.position} stands where {position} should")
        if event.number != last.get(event.record, 0) + 1:
            yield AuditFault("feed", f"event {event.number} of {event.record} is out of its order")
        last[event.record] = event.number
    missing = events - {(item.entry.event.record, item.entry.event.number) for item in feed}
    for record, number in sorted(missing):
        yield AuditFault("feed", f"event {number} of {record} is not given")


def _event_faults(snapshot: Snapshot) -> Iterator[AuditFault]:
    heads: dict[str, tuple[int, str]] = {}
    changes = []
    for record, rows in groupby(snapshot.histories(), lambda row: row.record):
        events = list(rows)
        try:
            entries = [
                StoredEvent(event_from(row.text), row.text, row.previous, row.digest)
                for row in events
            ]
        except ValueError as fault:
            yield AuditFault("chain", f"{record}: {fault}")
            continue
        broken = verify_chain(entries)
        if broken is not None:
            yield AuditFault("chain", f"{record} breaks at event {broken}")
        if [event_row(entry) for entry in entries] != events:
            yield AuditFault("row", f"the events of {record} say otherwise than their texts")
        changes += [row for entry in entries for row in change_rows(entry.event)]
        heads[record] = (len(entries), entries[-1].digest)
    if sorted(changes, key=repr) != sorted(snapshot.changes(), key=repr):
        yield AuditFault("row", "the changes are others than those of the events")
    yield from _record_faults(snapshot, heads)


def _record_faults(snapshot: Snapshot, heads: dict[str, tuple[int, str]]) -> Iterator[AuditFault]:
    ids, joint = set(), set[JointRow]()
    for row in snapshot.records():
        ids.add(row.id)
        if heads.get(row.id) != (row.number, row.head):
            yield AuditFault("row", f"{row.id} stands at another event than its last")
        if record_row(StoredRecord(record_from(row.body), row.head), row.body) != row:
            yield AuditFault("row", f"the row of {row.id} says otherwise than its text")
        joint |= set(joint_rows(record_from(row.body)))
    if joint != set(snapshot.joint_records()):
        yield AuditFault("row", "the forces of joint records are others than those of the records")
    for record in sorted(heads.keys() - ids):
        yield AuditFault("row", f"{record} has events and no row")


def _document_faults(snapshot: Snapshot) -> Iterator[AuditFault]:
    for digest, content in snapshot.documents():
        if sha256(content).hexdigest() != digest:
            yield AuditFault("document", f"{digest} holds another content")
