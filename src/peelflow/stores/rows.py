"""Turn events and records into the chained rows that a store keeps, and rows back into records.

Whoever verifies a store makes its rows anew from the events, and compares them with those kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from peelflow.engine.fold import has_walked
from peelflow.model.records import (
    EVENT_KIND_OF,
    Added,
    Change,
    Corrected,
    Event,
    MadeJoint,
    ParentLinked,
    Record,
    TakenOver,
)
from peelflow.results import frozen
from peelflow.stores.base import (
    ChangeRow,
    EventRow,
    EventsInParts,
    JointRow,
    RecordsInParts,
    StoredEvent,
    StoredRecord,
    StoredRow,
    WriteBatch,
)
from peelflow.stores.codec import event_from, event_text, record_from, record_text

GENESIS = ""
TOLD_OF_WALKS = """record, number,
    CASE WHEN kind IN ('acted', 'added', 'corrected', 'taken_over') THEN text END"""
"""What is read of each event to tell whether a record walked: the text of those that decide it."""
_T = TypeVar("_T")


def chain(previous: str, event: Event) -> StoredEvent:
    """Return the event as it is kept after `previous`: its record's head, or `GENESIS`."""
    text = event_text(event)
    return StoredEvent(event, text, previous, chained_digest(previous, text))


def chained_digest(previous: str, text: str) -> str:
    """Return the SHA-256, in hex, of `previous` and `text` as UTF-8."""
    return sha256(f"{previous}{text}".encode()).hexdigest()


def verify_chain(entries: Iterable[StoredEvent]) -> int | None:
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
            or chained_digest(head, entry.text) != entry.digest
            or not _decodes_to(entry.text, event)
        ):
            return number
        head = entry.digest
    return None


def _decodes_to(text: str, event: Event) -> bool:
    try:
        return event_from(text) == event
    except ValueError:
        return False


CACHE_SIZE = 512


class RecordCache:
    """The last records by id, each with its head and the very text it was written as.

    A record is only taken from here when the store gives that text again, so another process's
    write, or a change to the file, is always seen. Not for several threads at once.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, StoredRecord]] = {}

    def put(self, text: str, kept: StoredRecord) -> None:
        """Remember what `text` says; the one put longest ago is forgotten."""
        name = kept.record.id
        self._known.pop(name, None)
        self._known[name] = text, kept
        if len(self._known) > CACHE_SIZE:
            del self._known[next(iter(self._known))]

    def record_with_head(self, name: str, head: str, text: str) -> StoredRecord:
        """Return the record that `text` tells with its head, and remember it."""
        known = self._known.get(name)
        if known is not None and known[0] == text and known[1].head == head:
            return known[1]
        stored = StoredRecord(self.decoded(name, text), head)
        self.put(text, stored)
        return stored

    def decoded(self, name: str, text: str) -> Record:
        """Return the record that `text` tells, without remembering it: a listing may be long."""
        known = self._known.get(name)
        return known[1].record if known is not None and known[0] == text else record_from(text)


@frozen
class ReadAnew(Iterable[_T]):
    """What is read anew each time that it is gone through."""

    _read: Callable[[], Iterable[_T]]

    def __iter__(self) -> Iterator[_T]:
        return iter(self._read())


RowValues = tuple[str | int | None, ...]


@frozen
class BatchRows:
    """A batch as rows, encoded before the write lock is taken.

    Attributes:
        moved: What `move` asks with when one event moves the one record that was read: the
            statement that writes it checks its number too. Its row is not among `records` then.
        bodies: The text of each record, in the batch's order.
        joint: The records whose forces are said anew, each with those rows that it has from now on.
    """

    moved: RowValues | None
    bodies: Sequence[str]
    events: Sequence[EventRow]
    records: Sequence[StoredRow]
    changes: Sequence[ChangeRow]
    lifecycles: Sequence[RowValues]
    documents: Sequence[tuple[str, bytes]]
    joint: Sequence[tuple[str, Sequence[JointRow]]]


@frozen
class RowsInParts:
    """The rows of a batch that is too large to hold them; each is what it is in `BatchRows`.

    All but the last were encoded before the write lock is taken; they are unpacked and written.
    """

    moved: None

    events: Iterable[EventRow]
    records: Iterable[StoredRow]
    changes: Iterable[ChangeRow]
    lifecycles: Sequence[RowValues]
    documents: Sequence[tuple[str, bytes]]
    joint: Sequence[tuple[str, Sequence[JointRow]]]


def batch_rows(batch: WriteBatch, *, moves_alone: bool = True) -> BatchRows:
    """Return the batch as rows; without `moves_alone`, every record's row is among `records`."""
    bodies = [record_text(kept.record) for kept in batch.records]
    alone = moves_alone and _is_single_move(batch)
    return BatchRows(
        _moved_row(batch.records[0], bodies[0]) if alone else None,
        bodies,
        [event_row(entry) for entry in batch.entries],
        [] if alone else list(map(record_row, batch.records, bodies)),
        [row for entry in batch.entries for row in change_rows(entry.event)],
        [(*pin, text) for pin, text in batch.lifecycles.items()],
        tuple(batch.documents.items()),
        _joint_rows_anew(batch),
    )


def rows_to_write(batch: WriteBatch) -> BatchRows | RowsInParts:
    """Return the batch as rows, which are not held where its events and records come in parts."""
    events, records = batch.entries, batch.records
    if not (isinstance(events, EventsInParts) and isinstance(records, RecordsInParts)):
        return batch_rows(batch)
    return RowsInParts(
        None,
        ReadAnew(events.event_rows),
        ReadAnew(records.rows),
        ReadAnew(events.change_rows),
        [(*pin, text) for pin, text in batch.lifecycles.items()],
        tuple(batch.documents.items()),
        [(k.record.id, joint_rows(k.record)) for k in records.among(events.saying_forces())],
    )


def joint_rows(record: Record) -> list[JointRow]:
    """Return the rows of the forces beside its lead one that a record is of, or was."""
    forces = sorted({*record.joint_with, *record.was_joint_with})
    return [JointRow(record.id, force) for force in forces]


def _joint_rows_anew(batch: WriteBatch) -> list[tuple[str, Sequence[JointRow]]]:
    named = {entry.event.record for entry in batch.entries if says_forces(entry.event)}
    return [
        (kept.record.id, joint_rows(kept.record))
        for kept in batch.records
        if kept.record.id in named
    ]


def says_forces(event: Event) -> bool:
    """Return whether an event says which forces a record is of, or corrects what may."""
    what = event.what
    if isinstance(what, (Added, TakenOver)):
        return bool(what.joint_with)
    return isinstance(what, (MadeJoint, Corrected))


def _is_single_move(batch: WriteBatch) -> bool:
    """Say whether one event moves `MOVED_COLUMNS` of one record, and nothing else was read."""
    if len(batch.entries) != 1 or len(batch.records) != 1 or len(batch.read_set) != 1:
        return False
    if batch.listings:
        return False
    event, record = batch.entries[0].event, batch.records[0].record
    if isinstance(event.what, (Corrected, ParentLinked, MadeJoint)):
        return False  # its forces, category or parent may be others now
    before = batch.read_set.get(record.id, 0)
    after = (record.id, before + 1, before + 1)
    return before > 0 and (event.record, event.number, record.number) == after


def event_row(entry: StoredEvent) -> EventRow:
    """Return the row of an event."""
    event = entry.event
    on, kind = event.on.isoformat(), EVENT_KIND_OF[type(event.what)]
    kept = (event.key, entry.text, entry.previous, entry.digest)
    return EventRow(event.record, event.number, on, kind, *kept)


def change_rows(event: Event) -> list[ChangeRow]:
    """Return the rows of an event's changes."""
    return [_change_row(event.record, event.number, change) for change in event.changes]


def _change_row(record: str, number: int, change: Change) -> ChangeRow:
    what = (change.force, change.category, change.level, change.ledger, change.counts)
    return ChangeRow(record, number, change.on.isoformat(), *what, change.state, change.delta)


def _moved_row(kept: StoredRecord, body: str) -> RowValues:
    record = kept.record
    number, rules = record.number, record.lifecycle
    changed = (number, kept.head, record.level, rules.name, rules.version, record.state, body)
    return *changed, record.id, number - 1


def record_row(kept: StoredRecord, body: str) -> StoredRow:
    """Return the row of a record; `body` is its text."""
    record, rules = kept.record, kept.record.lifecycle
    kind = (record.force, record.category, record.level, rules.name, rules.version)
    return StoredRow(record.id, record.number, kept.head, *kind, record.state, record.parent, body)


def cache_batch(cache: RecordCache, batch: WriteBatch, rows: BatchRows) -> None:
    """Remember the batch's records as the texts they were written as."""
    for kept, body in zip(batch.records, rows.bodies, strict=True):
        cache.put(body, kept)


class RowUnreadable(Exception):
    """A row's text does not say what this peelflow can read."""


def not_kept(what: str) -> str:
    """Return why nothing is acknowledged: what was written is not there."""
    return (
        f"it did not keep {what} as it was written, so nothing was kept: something acts in between"
    )


def stored_event(record: str, number: int, text: str, previous: Any, digest: Any) -> StoredEvent:
    """Return the event that a row tells; RowUnreadable where it tells none."""
    if not (isinstance(previous, str) and isinstance(digest, str)):
        raise RowUnreadable(f"event {number} of {record}: its digests are no texts")
    try:
        return StoredEvent(event_from(text), text, previous, digest)
    except ValueError as fault:
        why = f"event {number} of {record}: {fault}"
        raise RowUnreadable(why) from fault


def event_of_row(row: EventRow) -> StoredEvent:
    """Return the event that a row tells; RowUnreadable where it tells none."""
    return stored_event(row.record, row.number, row.text, row.previous, row.digest)


def record_of_row(row: StoredRow) -> StoredRecord:
    """Return the record that a row tells; ValueError where it tells none."""
    return StoredRecord(record_from(row.body), row.head)


def walks_in(
    until: Mapping[str, int], rows: Iterable[Sequence[Any]]
) -> dict[str, tuple[int, bool | None]]:
    """Return of each record how many events are kept, and whether it walked, where that is told.

    It is not where an event that would tell it cannot be read.

    Args:
        until: The number up to which events count, of each record.
        rows: `TOLD_OF_WALKS` of each event, by record.
    """
    found: dict[str, tuple[int, bool | None]] = {}
    for record, group in groupby(rows, key=itemgetter(0)):
        known = [row for row in group if type(row[1]) is int and row[1] <= until[record]]
        walked = None
        with suppress(RowUnreadable):
            telling = [(number, text) for _, number, text in known if text is not None]
            walked = has_walked(stored_event(record, *each, "", "").event for each in telling)
        found[record] = len(known), walked
    return found


def decoded_rows(decode: Callable[..., _T], rows: Iterable[Sequence[str]]) -> dict[str, _T]:
    """Return, by id, what `decode` makes of each record's row, which begins with its id.

    Raises:
        RowUnreadable: A row tells no record.
    """
    records, record = {}, ""
    try:
        for row in rows:
            record = row[0]
            records[record] = decode(*row)
    except ValueError as fault:
        why = f"the row of {record}: {fault}"
        raise RowUnreadable(why) from fault
    return records
