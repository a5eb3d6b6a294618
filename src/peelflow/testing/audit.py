"""The audit: does all that a store keeps recompute from its events, and is its feed dense?"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import groupby
from typing import Literal

from attrs import frozen

from peelflow.stores.chain import verify_chain
from peelflow.stores.codec import event_from, record_from
from peelflow.stores.columns import EventRow
from peelflow.stores.protocol import Entry, Kept, Placed, Snapshot, Store
from peelflow.stores.rows import change_rows, event_row, record_row

Kind = Literal["chain", "row", "document", "feed"]
PAGE = 500


@frozen
class Finding:
    """One thing that does not recompute: what kind of promise it breaks, and where."""

    kind: Kind
    what: str


def audit(store: Store) -> tuple[Finding, ...]:
    """Return everything in `store` that does not recompute, its feed included; nothing if sound."""
    with store.snapshot() as snapshot:
        events = {(row.record, row.number) for row in snapshot.histories()}
    return (*recomputed(store), *feed_findings(whole_feed(store), events))


def recomputed(store: Store) -> tuple[Finding, ...]:
    """Return what does not recompute among events, records, changes and documents."""
    with store.snapshot() as snapshot:
        return (*_kept(snapshot), *_documents(snapshot))


def whole_feed(store: Store) -> tuple[Placed, ...]:
    """Return the feed from its beginning, read page by page."""
    found: list[Placed] = []
    while page := store.feed(found[-1].position if found else 0, PAGE):
        stays = bool(found) and page[-1].position <= found[-1].position
        found.extend(page)
        if stays:  # a page that leads no further would lead on for ever
            break
    return tuple(found)


def feed_findings(feed: tuple[Placed, ...], events: set[tuple[str, int]]) -> Iterator[Finding]:
    """Yield what is wrong with a feed that is to give `events` (record, number), each once."""
    last: dict[str, int] = {}
    for position, placed in enumerate(feed, 1):
        event = placed.entry.event
        if placed.position != position:
            yield Finding("feed", f"position {placed.position} stands where {position} should")
        if event.number != last.get(event.record, 0) + 1:
            yield Finding("feed", f"event {event.number} of {event.record} is out of its order")
        last[event.record] = event.number
    missing = events - {(each.entry.event.record, each.entry.event.number) for each in feed}
    for record, number in sorted(missing):
        yield Finding("feed", f"event {number} of {record} is not given")


def _kept(snapshot: Snapshot) -> Iterator[Finding]:
    heads: dict[str, tuple[int, str]] = {}
    changes = []
    for record, rows in groupby(snapshot.histories(), lambda row: row.record):
        events = list(rows)
        try:
            entries = [_entry(row) for row in events]
        except ValueError as fault:
            yield Finding("chain", f"{record}: {fault}")
            continue
        broken = verify_chain(entries)
        if broken is not None:
            yield Finding("chain", f"{record} breaks at event {broken}")
        if [event_row(entry) for entry in entries] != events:
            yield Finding("row", f"the events of {record} say otherwise than their texts")
        changes += [row for entry in entries for row in change_rows(entry.event)]
        heads[record] = (len(entries), entries[-1].digest)
    if sorted(changes, key=repr) != sorted(snapshot.changes(), key=repr):
        yield Finding("row", "the changes are others than those of the events")
    yield from _records(snapshot, heads)


def _records(snapshot: Snapshot, heads: dict[str, tuple[int, str]]) -> Iterator[Finding]:
    seen = set()
    for row in snapshot.records():
        seen.add(row.id)
        if heads.get(row.id) != (row.number, row.head):
            yield Finding("row", f"{row.id} stands at another event than its last")
        if record_row(Kept(record_from(row.body), row.head), row.body) != row:
            yield Finding("row", f"the row of {row.id} says otherwise than its text")
    for record in sorted(heads.keys() - seen):
        yield Finding("row", f"{record} has events and no row")


def _documents(snapshot: Snapshot) -> Iterator[Finding]:
    for digest, content in snapshot.documents():
        if sha256(content).hexdigest() != digest:
            yield Finding("document", f"{digest} holds another content")


def _entry(row: EventRow) -> Entry:
    return Entry(event_from(row.text), row.text, row.previous, row.digest)
