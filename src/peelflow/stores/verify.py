"""Verify: hold all that a store keeps against its events, and the events against their chain (S10).

Tamper-evident, not tamper-proof: without a seal, whoever can write to the store can also make a
chain anew. What was sealed before such a change shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from heapq import merge
from itertools import groupby
from operator import itemgetter

from peelflow.engine.fold import fold
from peelflow.model.records import Event
from peelflow.stores.codec import record_text
from peelflow.stores.columns import ChangeRow, EventRow, RecordRow
from peelflow.stores.findings import Finding, Link, Mentions, check_event, finding_at, missing
from peelflow.stores.protocol import Kept, Snapshot
from peelflow.stores.rows import change_rows, record_row

_Row = EventRow | RecordRow | ChangeRow
_Pin = tuple[str, int, str]


def verify(
    kept: Snapshot, documents: Iterable[tuple[str, bytes]] | None = None
) -> Iterator[Finding]:
    """Yield everything that does not fit in one reading of a store.

    The events of each record against their chain; its row, changes and keys against its events;
    the feed's positions; every document and lifecycle against its digest; and that all which the
    events name is there.

    Args:
        kept: One reading of the store.
        documents: The documents, when the store does not keep them itself.
    """
    mentions = Mentions()
    known: set[str] = set()
    for record, rows in groupby(_aligned(kept), itemgetter(0)):
        known.add(record)
        yield from _record_findings(record, [row for _, row in rows], mentions)
    yield from _position_findings(kept)
    shelf = kept.documents() if documents is None else documents
    yield from _kept_findings(kept, shelf, mentions, known)


def _aligned(kept: Snapshot) -> Iterator[tuple[str, _Row]]:
    return merge(
        ((str(row.record), row) for row in kept.histories()),
        ((str(row.id), row) for row in kept.records()),
        ((str(row.record), row) for row in kept.changes()),
        key=itemgetter(0),
    )


def _record_findings(record: str, rows: list[_Row], mentions: Mentions) -> Iterator[Finding]:
    before, events = Link(), []
    keys: Counter[str] = Counter()
    for row in (row for row in rows if isinstance(row, EventRow)):
        event, found = check_event(row, before)
        yield from found
        before = Link(row.number, row.digest)
        keys.update([row.key] if row.key is not None else [])
        if event is not None:
            events.append(event)
            mentions.add(event)
    for key in sorted(key for key, times in keys.items() if times > 1):
        yield Finding(record, 0, "key-twice", f"the key {key!r} stands on several events")
    if len(events) == before.number or not events:
        yield from _derived_findings(record, rows, events, before.digest)


def _derived_findings(
    record: str, rows: list[_Row], events: list[Event], head: str
) -> Iterator[Finding]:
    told = [row for row in rows if isinstance(row, RecordRow)]
    if not told:
        yield Finding(record, 0, "row-missing", "it has events or changes and no row")
    try:
        folded = fold(events)
    except (TypeError, ValueError):
        yield Finding(record, 0, "row-without-events", "nothing that happened gives this record")
        return
    expected = record_row(Kept(folded, head), record_text(folded))
    for row in told:
        names = [name for name, a, b in zip(row._fields, row, expected, strict=True) if a != b]
        if names:
            said = f"its row says other than its events in {', '.join(names)}"
            yield Finding(record, 0, "row-differs", said)
    yield from _change_findings(record, rows, events)


def _change_findings(record: str, rows: list[_Row], events: list[Event]) -> Iterator[Finding]:
    kept = Counter(row for row in rows if isinstance(row, ChangeRow))
    due = Counter(row for event in events for row in change_rows(event))
    for each in sorted({*(kept - due), *(due - kept)}, key=str):
        which = "missing" if due[each] > kept[each] else "not its event's"
        said = f"a change of the figures is {which}: {each.delta} {each.counts} on {each.ledger}"
        yield Finding(record, each.number, "change-differs", said)


def _position_findings(kept: Snapshot) -> Iterator[Finding]:
    numbers: dict[str, int] = {}
    for place, (position, row) in enumerate(kept.feed(), 1):
        if position not in (None, place):
            said = f"it stands at position {position} of the feed, where {place} is due"
            yield finding_at(row, "position-wrong", said)
            return
        if row.number != numbers.get(row.record, 0) + 1:
            yield finding_at(row, "feed-disordered", "the feed gives it out of its record's order")
            return
        numbers[row.record] = row.number


def _kept_findings(
    kept: Snapshot, documents: Iterable[tuple[str, bytes]], mentions: Mentions, known: set[str]
) -> Iterator[Finding]:
    found = set()
    for digest, content in documents:
        found.add(digest)
        if sha256(content).hexdigest() != digest:
            by, event = mentions.documents.get(digest, ("", 0))
            yield Finding(by, event, "document-changed", f"document {digest} has other content")
    rules = kept.lifecycles()
    for (name, version, digest), text in rules.items():
        if sha256(text.encode()).hexdigest() != digest:
            said = f"the kept rules {name}@{version} do not give their digest"
            yield Finding("", 0, "rules-changed", said)
    yield from missing(mentions, documents=found, rules=rules, records=known)
