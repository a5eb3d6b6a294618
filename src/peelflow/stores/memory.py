"""Keep a register in memory: every promise of a file, for as long as the process lives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from datetime import date
from pathlib import Path
from threading import RLock
from typing import NoReturn

from peelflow.engine.fold import assumed_changes
from peelflow.errors import StoreUnavailable
from peelflow.model.records import Corrected, Event, Record, TakenOver
from peelflow.results import frozen
from peelflow.stores.base import (
    Capabilities,
    ChangeRow,
    DatabaseFault,
    EventRow,
    FeedItem,
    JointRow,
    LedgerTotal,
    PinKey,
    RecordQuery,
    Snapshot,
    StoredEvent,
    StoredRecord,
    StoredRow,
    WriteBatch,
    check_contents,
    check_documents,
    check_query,
    check_texts,
    last_events_in,
    store_closed,
)
from peelflow.stores.batch_checks import (
    check_keys,
    check_names,
    check_numbers,
    check_rules,
    read_set_ids,
)
from peelflow.stores.codec import record_text
from peelflow.stores.fork_safety import fork_guard
from peelflow.stores.listings import check_listed, matches_mention, numbers_of, stands_as_asked
from peelflow.stores.rows import change_rows, event_row, joint_rows, record_row
from peelflow.stores.sums import totals_of
from peelflow.stores.totals import total_order


class MemoryStore:
    """A store in memory, for tests and trials: nothing outlives the process, so S3 does not hold.

    Once it is closed nothing can be asked of it (S13).
    """

    capabilities: Capabilities = Capabilities(durable=False, shared=False, embedded=True)
    sync_points: tuple[str, ...] = ("checked", "kept")

    def __init__(self, url: str = "memory:") -> None:
        self.url = url
        self.at_sync_point: Callable[[str], None] = lambda _: None
        self._feed: list[StoredEvent] = []
        self._lock: AbstractContextManager[object] = RLock()
        self._kept: dict[str, StoredRecord] = {}
        self._ids: dict[tuple[str, str], dict[str, None]] = {}  # by category and each force
        self._of_force: dict[str, dict[str, StoredRecord]] = {}
        self._entries: dict[str, list[StoredEvent]] = {}
        self._keys: dict[tuple[str, str], StoredEvent] = {}
        self._documents: dict[str, bytes] = {}
        self._lifecycles: dict[PinKey, str] = {}
        self._folder: Path | None = None
        self._names: dict[str, int] = {}
        fork_guard().add(self)

    def read(self, ids: Collection[str], *, force: str | None = None) -> Mapping[str, StoredRecord]:
        """Return the records that exist among `ids`, in one consistent reading (S6)."""
        check_texts(*ids, force)
        with self._lock:
            kept = self._kept_of(force)
            return {name: kept[name] for name in ids if name in kept}

    def _kept_of(self, force: str | None) -> Mapping[str, StoredRecord]:
        """Return the records by id, those alone that a force leads or is or was joint with.

        What another force has is not looked at, so that nothing is told by how long it takes.
        """
        return self._kept if force is None else self._of_force.get(force, {})

    def taken(self, ids: Collection[str]) -> Mapping[str, int]:
        """Return those of the ids that stand for a record, whosever it is, with its number."""
        check_texts(*ids)
        with self._lock:
            return {name: self._kept[name].record.number for name in ids if name in self._kept}

    def event_with_key(self, record: str, key: str) -> StoredEvent | None:
        """Return the event of `record` that carries the idempotency `key` (S7)."""
        check_texts(record, key)
        with self._lock:
            return self._keys.get((record, key))

    def append(self, batch: WriteBatch) -> None:
        """Keep the batch whole or not at all (S1)."""
        for kept in batch.records:
            record_text(kept.record)
        check_contents(batch)
        with self._lock:
            names = filter(self._kept.__contains__, read_set_ids(batch))
            check_numbers(batch, {name: self._kept[name].record.number for name in names})
            check_names(batch, self._names)
            listings = batch.listings if batch.listed_at != len(self._feed) else {}
            for query, listed in listings.items():
                check_listed(listed, numbers_of(self.records(query)))
            check_keys(batch, lambda record, key: (record, key) in self._keys)
            rules = {(name, version): digest for name, version, digest in self._lifecycles}
            check_rules(batch, lambda name, version: rules.get((name, version)))
            self.at_sync_point("checked")
            self._keep(batch)
        self.at_sync_point("kept")

    def _keep(self, batch: WriteBatch) -> None:
        self._names |= {part: self._names.get(part, 0) + 1 for part in batch.names}
        for entry in batch.entries:
            event = entry.event
            self._entries.setdefault(event.record, []).append(entry)
            self._feed.append(entry)
            if event.key is not None:
                self._keys[event.record, event.key] = entry
        for kept in batch.records:
            record, before = kept.record, self._kept.get(kept.record.id)
            if before is not None:  # it may have been entered anew under another
                for key in _index_keys(before.record):
                    del self._ids[key][record.id]
                    del self._of_force[key[1]][record.id]
            self._kept[record.id] = kept
            for key in _index_keys(record):
                self._ids.setdefault(key, {})[record.id] = None
                self._of_force.setdefault(key[1], {})[record.id] = kept
        self._lifecycles = {**batch.lifecycles, **self._lifecycles}
        for digest, content in batch.documents.items():
            self._documents.setdefault(digest, content)

    def history(self, record: str) -> tuple[StoredEvent, ...]:
        """Return the events of `record` in order, equal to what was appended (S4)."""
        check_texts(record)
        with self._lock:
            return tuple(self._entries.get(record, ()))

    def histories(
        self, ids: Collection[str], *, force: str | None = None
    ) -> Mapping[str, tuple[StoredEvent, ...]]:
        """Return the events of each record that exists among `ids`."""
        check_texts(*ids, force)
        with self._lock:
            kept = self._kept_of(force)
            return {name: tuple(self._entries[name]) for name in ids if name in kept}

    def last_events(
        self, until: Mapping[str, int], *, force: str | None = None
    ) -> Mapping[str, StoredEvent]:
        """Return of each record its last event that is no note, up to the number `until` says."""
        histories = self.histories(until, force=force)
        return last_events_in(histories, until)

    def records(self, query: RecordQuery) -> Iterator[Record]:
        """Yield the records that match, by id in code-point order."""
        check_query(query)
        with self._lock:
            ids: Iterable[str] = self._kept
            if query.category is not None and query.force is not None:
                ids = self._ids.get((query.category, query.force), ())
            records = [self._kept[name].record for name in ids]
        matching = [record for record in records if _matches(record, query)]
        return iter(sorted(matching, key=lambda record: record.id))

    def totals(
        self, *, as_at: date | None = None, force: str | None = None, known: int | None = None
    ) -> Iterable[LedgerTotal]:
        """Return the sums of all changes as they stood `as_at`, or as they were `known`."""
        check_texts(force)
        with self._lock:
            events = [entry.event for entry in self._feed[:known]]
        changes = (change for event in events for change in event.changes)
        sums = totals_of(
            (change for change in changes if as_at is None or change.on <= as_at), force
        )
        taken = {event.record for event in events if is_taken_over(event)}
        histories: dict[str, list[Event]] = {}
        for event in events:
            if event.record in taken:
                histories.setdefault(event.record, []).append(event)
        standing = (assumed_changes(history, as_at) for history in histories.values())
        assumed = totals_of((change for changes in standing for change in changes), force)
        totals = (LedgerTotal(*line, total, assumed[line]) for line, total in sums.items() if total)
        return sorted(totals, key=total_order)

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep `content` under its SHA-256 `digest`; keeping it again changes nothing (S8)."""
        check_documents({digest: content})
        with self._lock:
            self._documents.setdefault(digest, bytes(content))

    def document(self, digest: str) -> bytes | None:
        """Return a document byte for byte (S8), None when it is not kept."""
        check_texts(digest)
        with self._lock:
            return self._documents.get(digest)

    def has_document(self, digest: str) -> bool:
        """Return whether a document is kept, without reading it."""
        check_texts(digest)
        with self._lock:
            return digest in self._documents

    def documents_folder(self) -> Path | None:
        """Return the folder that documents were last kept in, None where none was."""
        with self._lock:
            return self._folder

    def note_documents_folder(self, folder: Path | None) -> None:
        """Remember the folder that documents are kept in, or that there is none."""
        with self._lock:
            self._folder = folder

    def names_numbers(self) -> Mapping[str, int]:
        """Return how often batches brought names of each part."""
        with self._lock:
            return dict(self._names)

    def lifecycles(self) -> Mapping[PinKey, str]:
        """Return every pinned lifecycle's (name, version, digest) and text."""
        with self._lock:
            return dict(sorted(self._lifecycles.items()))

    def feed(self, after: int, limit: int) -> tuple[FeedItem, ...]:
        """Return up to `limit` events behind position `after`, in order (S5)."""
        with self._lock:
            entries = self._feed[after : after + limit]
        return tuple(FeedItem(position, entry) for position, entry in enumerate(entries, after + 1))

    def position(self) -> int:
        """Return the position of the last event (S5)."""
        with self._lock:
            return len(self._feed)

    def last_numbers(self, known: int, *, force: str | None = None) -> Mapping[str, int]:
        """Return the number of each record's last event up to a position (S5)."""
        check_texts(force)
        with self._lock:
            events = [entry.event for entry in self._feed[:known]]
            kept = self._kept_of(force)
            return {event.record: event.number for event in events if event.record in kept}

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return one reading of everything, for as long as the block lasts."""
        with self._lock:
            feed, kept = tuple(self._feed), tuple(self._kept.values())
            return nullcontext(
                _MemorySnapshot(feed, kept, dict(self._documents), self.lifecycles())
            )

    def close(self) -> None:
        """Let nothing be asked any more; closing twice is harmless."""
        self._lock = _ClosedLock(self.url)

    def pause(self) -> Callable[[], None]:
        """Let nothing be asked until the returned call: the process forks."""
        with ExitStack() as held:
            with suppress(StoreUnavailable):  # it was closed
                held.enter_context(self._lock)
            return held.pop_all().close


class _ClosedLock(nullcontext[str]):
    """What a closed store has for its lock: whoever would enter is told."""

    def __enter__(self) -> NoReturn:
        raise store_closed(self.enter_result)


@frozen
class _MemorySnapshot:
    """What the store kept at one moment, as rows."""

    _feed: tuple[StoredEvent, ...]
    _kept: tuple[StoredRecord, ...]
    _documents: Mapping[str, bytes]
    _lifecycles: Mapping[PinKey, str]

    def histories(self) -> Iterator[EventRow]:
        """Yield every event by record and number."""
        yield from sorted(map(event_row, self._feed), key=lambda row: (row.record, row.number))

    def feed(self) -> Iterator[tuple[int | None, EventRow]]:
        """Yield every event by position."""
        yield from enumerate(map(event_row, self._feed), 1)

    def records(self) -> Iterator[StoredRow]:
        """Yield the row of every record by id."""
        rows = (record_row(kept, record_text(kept.record)) for kept in self._kept)
        yield from sorted(rows, key=lambda row: row.id)

    def changes(self) -> Iterator[ChangeRow]:
        """Yield every change by record and number."""
        rows = (row for entry in self._feed for row in change_rows(entry.event))
        yield from sorted(rows, key=lambda row: (row.record, row.number))

    def joint_records(self) -> Iterator[JointRow]:
        """Yield every joint record with each force beside its lead one."""
        yield from sorted(row for kept in self._kept for row in joint_rows(kept.record))

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Yield every document by its digest."""
        yield from sorted(self._documents.items())

    def lifecycles(self) -> Mapping[PinKey, str]:
        """Return every pinned lifecycle's text."""
        return self._lifecycles

    def database_faults(self) -> Iterator[DatabaseFault]:
        """Yield nothing: there is no database."""
        return iter(())

    def unchecked(self) -> Iterator[str]:
        """Yield nothing: there is no database."""
        return iter(())


def _index_keys(record: Record) -> Iterator[tuple[str, str]]:
    """Yield the category with each force that a record is or was of."""
    yield record.category, record.force
    for row in joint_rows(record):
        yield record.category, row.force


def is_taken_over(event: Event) -> bool:
    """Return whether a record is taken over by an event, or entered anew so."""
    entry = event.what.entry if isinstance(event.what, Corrected) else event.what
    return isinstance(entry, TakenOver)


def _matches(record: Record, query: RecordQuery) -> bool:
    return (
        (query.withdrawn or not record.withdrawn)
        and record.is_of(query.force, ever=True)
        and (record.joint_with or record.was_joint_with or not query.joint)
        and query.category in (None, record.category)
        and stands_as_asked(record, query)
        and matches_mention(record, query.mention)
    )
