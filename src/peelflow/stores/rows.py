"""Rows: a batch as what a store's statements are given.

Whoever verifies a store makes its rows anew from the events, and holds them against those kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from peelflow.model.records import KIND_OF, Change, Event
from peelflow.stores.codec import record_text
from peelflow.stores.columns import ChangeRow, EventRow, RecordRow
from peelflow.stores.protocol import Batch, Entry, Kept
from peelflow.stores.recent import Recent

Cells = tuple[str | int | None, ...]


@frozen
class Rows:
    """A batch as rows, encoded before the write lock is taken.

    Attributes:
        moved: What `move` asks with when one event moves the one record that was read: the
            statement that writes it checks its number too. Its row is not among `records` then.
        bodies: The text of each record, in the batch's order.
    """

    moved: Cells | None
    bodies: Sequence[str]
    events: Sequence[EventRow]
    records: Sequence[RecordRow]
    changes: Sequence[ChangeRow]
    lifecycles: Sequence[Cells]
    documents: Sequence[tuple[str, bytes]]


def rows_of(batch: Batch) -> Rows:
    """Return the batch as rows.

    Raises:
        TextRefused: A text of a record holds a NUL or a lone surrogate.
    """
    bodies = [record_text(kept.record) for kept in batch.records]
    alone = _is_alone(batch)
    return Rows(
        _moved_row(batch.records[0], bodies[0]) if alone else None,
        bodies,
        [event_row(entry) for entry in batch.entries],
        [] if alone else list(map(record_row, batch.records, bodies)),
        [row for entry in batch.entries for row in change_rows(entry.event)],
        [(*pin, text) for pin, text in batch.lifecycles.items()],
        tuple(batch.documents.items()),
    )


def _is_alone(batch: Batch) -> bool:
    """Say whether one event moves one record, which existed, and nothing else was read."""
    if len(batch.entries) != 1 or len(batch.records) != 1 or len(batch.read) != 1:
        return False
    event, record = batch.entries[0].event, batch.records[0].record
    before = batch.read.get(record.id, 0)
    return before > 0 and (event.record, event.number, record.number) == (
        record.id,
        before + 1,
        before + 1,
    )


def event_row(entry: Entry) -> EventRow:
    """Return the row of an event."""
    event = entry.event
    on, kind = event.on.isoformat(), KIND_OF[type(event.what)]
    kept = (event.key, entry.text, entry.previous, entry.digest)
    return EventRow(event.record, event.number, on, kind, *kept)


def change_rows(event: Event) -> list[ChangeRow]:
    """Return the rows of an event's changes."""
    return [_change_row(event.record, event.number, change) for change in event.changes]


def _change_row(record: str, number: int, change: Change) -> ChangeRow:
    what = (change.force, change.category, change.level, change.ledger, change.counts)
    return ChangeRow(record, number, change.on.isoformat(), *what, change.state, change.delta)


def _moved_row(kept: Kept, body: str) -> Cells:
    record = kept.record
    number, rules = record.number, record.lifecycle
    changed = (number, kept.head, record.level, rules.name, rules.version, record.state, body)
    return *changed, record.id, number - 1


def record_row(kept: Kept, body: str) -> RecordRow:
    """Return the row of a record; `body` is its text."""
    record, rules = kept.record, kept.record.lifecycle
    kind = (record.force, record.category, record.level, rules.name, rules.version)
    return RecordRow(record.id, record.number, kept.head, *kind, record.state, record.parent, body)


def remember(recent: Recent, batch: Batch, rows: Rows) -> None:
    """Remember the batch's records as the texts they were written as."""
    for kept, body in zip(batch.records, rows.bodies, strict=True):
        recent.put(body, kept)
