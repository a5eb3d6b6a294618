"""Check everything a store keeps against its events, their chain, and a seal (S10).

Tamper-evident, not tamper-proof: without a seal, whoever can write to the store can also make a
chain anew. A seal kept outside the register (in a committee's paper, a safe, another system) shows
any later change of what was sealed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from hashlib import sha256
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from attrs import asdict, field, frozen

from peelflow.engine.fold import fold
from peelflow.errors import InvalidRequest
from peelflow.model.records import (
    Added,
    Attached,
    ChildLinked,
    Event,
    Migrated,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.results import Result
from peelflow.stores.base import ChangeRow, EventRow, RecordRow, Snapshot, StoredEvent, StoredRecord
from peelflow.stores.codec import event_from, record_text
from peelflow.stores.rows import GENESIS, chained_digest, change_rows, event_row, record_row

_PinKey = tuple[str, int, str]


@frozen(order=True)
class Discrepancy(Result):
    """Something that does not fit: on which record, at which event (0: none), and what is so."""

    record: str
    event: int
    code: str
    sentence: str

    def __str__(self) -> str:
        where = self.record or "the register"
        return (
            f"{where}{f' event {self.event}' if self.event else ''}: {self.code}: {self.sentence}"
        )


@frozen
class References:
    """What the events looked at so far say must be kept elsewhere, and who says it first."""

    documents: dict[str, tuple[str, int]] = field(factory=dict)
    rules: dict[_PinKey, tuple[str, int]] = field(factory=dict)
    records: dict[str, tuple[str, int]] = field(factory=dict)

    def add(self, event: Event) -> None:
        """Note the documents, rules and records that an event names."""
        where = event.record, event.number
        match event.what:
            case Added() | TakenOver() as what:
                self._pinned(what, where)
                if what.parent is not None:
                    self.records.setdefault(what.parent, where)
            case Relevelled() | Migrated() as what:
                self._pinned(what, where)
            case TransitionTaken(evidence=evidence):
                for document in evidence:
                    self.documents.setdefault(document.digest, where)
            case Attached(document=document):
                self.documents.setdefault(document.digest, where)
            case ChildLinked(child=child):
                self.records.setdefault(child, where)
            case _:
                pass

    def _pinned(
        self, what: Added | TakenOver | Relevelled | Migrated, where: tuple[str, int]
    ) -> None:
        pin = what.lifecycle
        self.rules.setdefault((pin.name, pin.version, pin.digest), where)


@frozen
class ChainHead(Result):
    """The last event of a record that was looked at."""

    number: int = 0
    digest: str = GENESIS


def check_event(row: EventRow, before: ChainHead) -> tuple[Event | None, list[Discrepancy]]:
    """Return the event a row tells, and how it does not follow from the one before it."""
    found = list(_broken_links(row, before))
    try:
        event = event_from(row.text)
    except ValueError as fault:
        return None, [*found, discrepancy_at(row, "event-unreadable", str(fault))]
    if event_row(StoredEvent(event, row.text, row.previous, row.digest)) != row:
        found.append(discrepancy_at(row, "columns-differ", "its columns say other than its text"))
    if row.number == 1 and not isinstance(event.what, (Added, TakenOver)):
        found.append(discrepancy_at(row, "no-beginning", "it adds no record and is the first"))
    return event, found


def _broken_links(row: EventRow, before: ChainHead) -> Iterator[Discrepancy]:
    if row.number != before.number + 1:
        gone = f"event {before.number + 1} should stand here: events are missing or out of order"
        yield discrepancy_at(row, "events-missing", gone)
    elif row.previous != before.digest:
        yield discrepancy_at(row, "chain-broken", "it does not stand on the event before it")
    if chained_digest(row.previous, row.text) != row.digest:
        yield discrepancy_at(row, "event-changed", "its text does not give its digest")


def discrepancy_at(row: EventRow, code: str, sentence: str) -> Discrepancy:
    """Return a finding at an event's row."""
    return Discrepancy(str(row.record), row.number, code, sentence)


def missing_references(
    mentions: References,
    *,
    documents: Container[str],
    rules: Container[_PinKey],
    records: Container[str],
) -> Iterator[Discrepancy]:
    """Yield every document, lifecycle and record that events name and that is not kept."""
    for digest, (by, event) in mentions.documents.items():
        if digest not in documents:
            said = f"it names the document {digest}, which is not kept"
            yield Discrepancy(by, event, "document-missing", said)
    for pin, (by, event) in mentions.rules.items():
        if pin not in rules:
            said = f"it names the rules {pin[0]}@{pin[1]} ({pin[2]}), which are not kept"
            yield Discrepancy(by, event, "rules-missing", said)
    for record, (by, event) in mentions.records.items():
        if record not in records:
            said = f"it names the record {record!r}, which is gone"
            yield Discrepancy(by, event, "record-missing", said)


_Row = EventRow | RecordRow | ChangeRow
_Pin = tuple[str, int, str]


def verify_snapshot(
    kept: Snapshot, documents: Iterable[tuple[str, bytes]] | None = None
) -> Iterator[Discrepancy]:
    """Yield everything that does not fit in one reading of a store.

    The events of each record against their chain; its row, changes and keys against its events;
    the feed's positions; every document and lifecycle against its digest; and that all which the
    events name is there.

    Args:
        kept: One reading of the store.
        documents: The documents, when the store does not keep them itself.
    """
    mentions = References()
    known: set[str] = set()
    for record, rows in groupby(_rows_by_record(kept), itemgetter(0)):
        known.add(record)
        yield from _record_discrepancies(record, [row for _, row in rows], mentions)
    yield from _position_discrepancies(kept)
    shelf = kept.documents() if documents is None else documents
    yield from _content_discrepancies(kept, shelf, mentions, known)


def _rows_by_record(kept: Snapshot) -> Iterator[tuple[str, _Row]]:
    return merge(
        ((str(row.record), row) for row in kept.histories()),
        ((str(row.id), row) for row in kept.records()),
        ((str(row.record), row) for row in kept.changes()),
        key=itemgetter(0),
    )


def _record_discrepancies(
    record: str, rows: list[_Row], mentions: References
) -> Iterator[Discrepancy]:
    before, events = ChainHead(), []
    keys: Counter[str] = Counter()
    for row in (row for row in rows if isinstance(row, EventRow)):
        event, found = check_event(row, before)
        yield from found
        before = ChainHead(row.number, row.digest)
        keys.update([row.key] if row.key is not None else [])
        if event is not None:
            events.append(event)
            mentions.add(event)
    for key in sorted(key for key, times in keys.items() if times > 1):
        yield Discrepancy(record, 0, "key-twice", f"the key {key!r} stands on several events")
    if len(events) == before.number or not events:
        yield from _derived_discrepancies(record, rows, events, before.digest)


def _derived_discrepancies(
    record: str, rows: list[_Row], events: list[Event], head: str
) -> Iterator[Discrepancy]:
    told = [row for row in rows if isinstance(row, RecordRow)]
    if not told:
        yield Discrepancy(record, 0, "row-missing", "it has events or changes and no row")
    try:
        folded = fold(events)
    except (TypeError, ValueError):
        yield Discrepancy(
            record, 0, "row-without-events", "nothing that happened gives this record"
        )
        return
    expected = record_row(StoredRecord(folded, head), record_text(folded))
    for row in told:
        names = [name for name, a, b in zip(row._fields, row, expected, strict=True) if a != b]
        if names:
            said = f"its row says other than its events in {', '.join(names)}"
            yield Discrepancy(record, 0, "row-differs", said)
    yield from _change_discrepancies(record, rows, events)


def _change_discrepancies(
    record: str, rows: list[_Row], events: list[Event]
) -> Iterator[Discrepancy]:
    kept = Counter(row for row in rows if isinstance(row, ChangeRow))
    due = Counter(row for event in events for row in change_rows(event))
    for each in sorted({*(kept - due), *(due - kept)}, key=str):
        which = "missing" if due[each] > kept[each] else "not its event's"
        said = f"a change of the figures is {which}: {each.delta} {each.counts} on {each.ledger}"
        yield Discrepancy(record, each.number, "change-differs", said)


def _position_discrepancies(kept: Snapshot) -> Iterator[Discrepancy]:
    numbers: dict[str, int] = {}
    for place, (position, row) in enumerate(kept.feed(), 1):
        if position not in (None, place):
            said = f"it stands at position {position} of the feed, where {place} is due"
            yield discrepancy_at(row, "position-wrong", said)
            return
        if row.number != numbers.get(row.record, 0) + 1:
            yield discrepancy_at(
                row, "feed-disordered", "the feed gives it out of its record's order"
            )
            return
        numbers[row.record] = row.number


def _content_discrepancies(
    kept: Snapshot, documents: Iterable[tuple[str, bytes]], mentions: References, known: set[str]
) -> Iterator[Discrepancy]:
    found = set()
    for digest, content in documents:
        found.add(digest)
        if sha256(content).hexdigest() != digest:
            by, event = mentions.documents.get(digest, ("", 0))
            yield Discrepancy(by, event, "document-changed", f"document {digest} has other content")
    rules = kept.lifecycles()
    for (name, version, digest), text in rules.items():
        if sha256(text.encode()).hexdigest() != digest:
            said = f"the kept rules {name}@{version} do not give their digest"
            yield Discrepancy("", 0, "rules-changed", said)
    yield from missing_references(mentions, documents=found, rules=rules, records=known)


SEAL_FORMAT = 1
_is_sha256 = re.compile(r"[0-9a-f]{64}").fullmatch
Heads = Mapping[str, ChainHead]


@frozen
class Seal(Result):
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


def seal_feed(feed: Iterable[tuple[int | None, EventRow]]) -> tuple[Seal, Heads]:
    """Return the seal of all that has a position, and the heads of its records."""
    root, count, heads = sha256(), 0, dict[str, ChainHead]()
    for position, row in feed:
        if position is None:
            break
        count = position
        root.update(f"{row.digest}\n".encode())
        heads[row.record] = ChainHead(row.number, row.digest)
    heads_digest = sha256(heads_text(heads).encode()).hexdigest()
    return Seal(count, count, root.hexdigest(), heads_digest), heads


def seal_discrepancies(
    feed: Iterable[tuple[int | None, EventRow]], sealed: Seal, heads: Heads | None = None
) -> Iterator[Discrepancy]:
    """Yield how a feed differs from what was sealed.

    With the heads it names the records that differ; without, only that something does.

    Raises:
        InvalidRequest: The heads are not those of the seal.
    """
    if heads is not None and sha256(heads_text(heads).encode()).hexdigest() != sealed.heads:
        raise InvalidRequest("the heads", "are not the seal's", "give those written beside it")
    now, stand = seal_feed(_feed_until(feed, sealed.position))
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
        yield Discrepancy("", 0, "seal-broken", said)


def _feed_until(
    feed: Iterable[tuple[int | None, EventRow]], position: int
) -> Iterator[tuple[int | None, EventRow]]:
    for place, row in feed:
        if place is None or place > position:
            return
        yield place, row


def _moved_heads(heads: Heads, stand: Heads) -> Iterator[Discrepancy]:
    for record in sorted({*heads, *stand}):
        sealed, now = heads.get(record, ChainHead()), stand.get(record, ChainHead())
        if now.number < sealed.number:
            said = f"it had {sealed.number} events when sealed, and has {now.number} of them now"
            yield Discrepancy(record, sealed.number, "seal-broken", said)
        elif now.number > sealed.number:
            said = f"it had {sealed.number} events when sealed; a later one was put before the seal"
            yield Discrepancy(record, now.number, "seal-broken", said)
        elif now.digest != sealed.digest:
            said = "its events up to here are not those that were sealed"
            yield Discrepancy(record, sealed.number, "seal-broken", said)


def seal_text(sealed: Seal) -> str:
    """Return a seal as the text of its file."""
    return json.dumps({"format": SEAL_FORMAT, **asdict(sealed)}, sort_keys=True, indent=2) + "\n"


def seal_from(text: str) -> Seal:
    """Return the seal that `seal_text` wrote.

    Raises:
        InvalidRequest: The text is no seal.
    """
    try:
        told: dict[str, Any] = json.loads(text)
        if told.pop("format") == SEAL_FORMAT and _is_seal(told):
            return Seal(**told)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        pass
    instead = "give the file that `peelflow seal` wrote"
    raise InvalidRequest("the seal", f"is none of format {SEAL_FORMAT}", instead)


def _is_seal(told: Mapping[str, Any]) -> bool:
    numbers = all(type(told[name]) is int and told[name] >= 0 for name in ("position", "count"))
    return numbers and all(
        isinstance(told[name], str) and _is_sha256(told[name]) for name in ("root", "heads")
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
        InvalidRequest: The text is none.
    """
    heads = {}
    try:
        for line in filter(None, text.split("\n")):
            record, number, digest = json.loads(line)
            heads[record] = ChainHead(number, digest)
        heads_text(heads).encode()
    except (AttributeError, RecursionError, TypeError, ValueError):
        instead = "give the file that `peelflow seal` wrote beside the seal"
        raise InvalidRequest("the heads", "cannot be read", instead) from None
    return heads
