"""Keep the events of one register file in another, by the rows that they are there.

Nothing is read out of an event, or folded, that the other file holds ready: so an export, which is
judged in a file of its own, is kept without being read once more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from peelflow.results import frozen
from peelflow.stores.base import (
    ChangeRow,
    EventNumber,
    EventRow,
    EventsInParts,
    RecordsInParts,
    StoredEvent,
    StoredRecord,
    StoredRow,
    WriteBatch,
)
from peelflow.stores.codec import record_text
from peelflow.stores.database import SqlSnapshot
from peelflow.stores.dialect import quoted
from peelflow.stores.export import (
    names_to_keep,
    other_events_error,
    restored_record,
    stored_digests,
)
from peelflow.stores.rows import event_of_row, record_of_row, record_row
from peelflow.stores.sqlite import SqliteStore

_DIGESTS = "SELECT digest FROM events ORDER BY position"
_EVENTS = f"""SELECT {quoted(EventRow._fields)} FROM events WHERE position > {{}}
    ORDER BY position LIMIT {{}}"""
# INVARIANT: whoever appends puts down the changes of events in the order of these, and a file to
# which all was appended has numbered both without a gap.
_CHANGES = f"SELECT {quoted(ChangeRow._fields)} FROM changes WHERE rowid > {{}} ORDER BY rowid"
_COUNT_CHANGES = """SELECT count(*) FROM changes WHERE (record, number) IN (
    SELECT record, number FROM events WHERE position <= {})"""
_RECORDS = f"""SELECT {quoted(StoredRow._fields)} FROM records WHERE id IN (
    SELECT record FROM events WHERE position > {{}} AND position <= {{}})"""


def copy_events(
    source: SqliteStore,
    target: SqliteStore,
    *,
    at_once: int,
    progress: Callable[[int], None],
) -> int:
    """Append to one file the events that another has more, and return how many those are.

    Args:
        source: A file that all events were appended to, and nothing was done to since.
        target: One that holds the first of those, or none.
        at_once: How many are appended at once.
        progress: Told after each batch how many events are kept by now.

    Raises:
        Conflict: Somebody else writes to the target meanwhile.
        InvalidRequest: The target holds other events, as it does where somebody just wrote to it.
    """
    position = known = _count_held(target, source)
    with source.snapshot() as kept:
        rules, ((counted,),) = kept.lifecycles(), kept.select(_COUNT_CHANGES.format(known))
    while chunk := _read_batch(source, position, counted, at_once):
        position += len(chunk.events)
        counted += sum(len(changes) for _, changes in chunk.events)
        copied = _CopiedEvents(chunk.events)
        target.append(
            WriteBatch(
                copied,
                _CopiedRecords([_as_of(target, row, copied) for row in chunk.records]),
                {record: rows[0].number - 1 for record, rows in copied.by_record.items()},
                rules,
                names=names_to_keep(target),
            )
        )
        progress(position)
    if position == known:
        progress(known)
    return position - known


def _count_held(target: SqliteStore, source: SqliteStore) -> int:
    """Return how many of a file's events another holds; InvalidRequest where it holds others."""
    known = 0
    with source.snapshot() as kept:
        digests = iter(kept.select(_DIGESTS))
        for digest in stored_digests(target):
            if next(digests, None) != (digest,):
                raise other_events_error(target)
            known += 1
    return known


@frozen(eq=False)
class _Batch:
    """Some events that follow each other, with their changes, and the rows of their records."""

    events: Sequence[_CopiedEvent]
    records: Sequence[StoredRow]


def _read_batch(source: SqliteStore, position: int, counted: int, most: int) -> _Batch | None:
    """Read the next events of a file in one go, for the process may fork while they are kept.

    Args:
        source: The file.
        position: How many of its events come before.
        counted: How many changes those have.
        most: How many are read.
    """
    with source.snapshot() as kept:
        events = list(_each_event(kept, position, counted, most))
        rows = kept.select(_RECORDS.format(position, position + len(events)))
        return _Batch(events, list(map(StoredRow._make, rows))) if events else None


def copy_documents(documents: Iterable[tuple[str, bytes]], target: SqliteStore) -> None:
    """Keep documents in a file, many at once: to write each durably takes longer than all else.

    Args:
        documents: The digest and the content of each.
        target: The file.
    """
    held, size = dict[str, bytes](), 0
    for digest, content in documents:
        held[digest] = content
        size += len(content) + _ROOM_OF_DOCUMENT
        if size >= BYTES_AT_ONCE:
            target.append(WriteBatch((), (), {}, {}, held))
            held, size = {}, 0
    if held:
        target.append(WriteBatch((), (), {}, {}, held))


BYTES_AT_ONCE = 1 << 20
"""How many bytes of documents are kept at once."""
_ROOM_OF_DOCUMENT = 1_024

_CopiedEvent = tuple[EventRow, Sequence[ChangeRow]]


def _each_event(
    kept: SqlSnapshot, position: int, counted: int, most: int
) -> Iterator[_CopiedEvent]:
    """Yield the row of each event, by position, with the rows of its changes."""
    rows = map(ChangeRow._make, kept.select(_CHANGES.format(counted)))
    changes = groupby(rows, itemgetter(0, 1))
    key, group = next(changes, _NO_CHANGES)
    for row in map(EventRow._make, kept.select(_EVENTS.format(position, most))):
        if key != row[:2]:
            yield row, ()
            continue
        yield row, list(group)
        key, group = next(changes, _NO_CHANGES)


_NO_CHANGES: tuple[Any, Iterator[ChangeRow]] = None, iter(())


def _as_of(target: SqliteStore, row: StoredRow, copied: _CopiedEvents) -> StoredRow:
    """Return the row of a record as it stood after the last of some events.

    Args:
        target: What keeps those before them.
        row: Its row as it stood at the end.
        copied: The events.
    """
    rows = copied.by_record[row.id]
    if rows[-1].number == row.number:
        return row
    new = [event_of_row(each).event for each in rows]
    record = restored_record(target, target.read([row.id]).get(row.id), new)
    return record_row(StoredRecord(record, rows[-1].digest), record_text(record))


class _CopiedEvents(EventsInParts):
    """Some events by their rows, each with those of its changes.

    Attributes:
        by_record: The rows of the events of each record.
    """

    def __init__(self, events: Sequence[_CopiedEvent]) -> None:
        self._events = events
        self.by_record: dict[str, list[EventRow]] = {}
        for row, _ in events:
            self.by_record.setdefault(row.record, []).append(row)

    def numbers(self) -> Iterator[EventNumber]:
        """Yield the record, number and key of each event."""
        return (EventNumber(row.record, row.number, row.key) for row, _ in self._events)

    def repeated_records(self) -> Collection[str]:
        """Return the ids of the records that more than one of the events is of."""
        return {record for record, rows in self.by_record.items() if len(rows) > 1}

    def event_rows(self) -> Iterator[EventRow]:
        """Yield the row of each event."""
        return (row for row, _ in self._events)

    def change_rows(self) -> Iterator[ChangeRow]:
        """Yield the rows of the changes of each event."""
        return (change for _, changes in self._events for change in changes)

    def saying_forces(self) -> Collection[str]:
        """Return the records of which an event says the forces, or may correct them."""
        return {row.record for row, _ in self._events if _may_say_forces(row)}

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[StoredEvent]:
        return (event_of_row(row) for row, _ in self._events)


def _may_say_forces(row: EventRow) -> bool:
    return row.kind in {"made_joint", "corrected"} or '"joint_with":' in row.text


class _CopiedRecords(RecordsInParts):
    """Some records by their rows."""

    def __init__(self, rows: Sequence[StoredRow]) -> None:
        self._rows = rows

    def rows(self) -> Iterable[StoredRow]:
        """Yield the row of each record."""
        return self._rows

    def among(self, ids: Collection[str]) -> Iterator[StoredRecord]:
        """Yield the records of some ids."""
        return (record_of_row(row) for row in self._rows if row.id in ids)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[StoredRecord]:
        return map(record_of_row, self._rows)
