"""A thin recorder of eventsourcing's over a store of ours.

A stored event's sequence is a record; its topic and state stand where an event of ours holds text.
Its versions begin where its first event says, ours with 1.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)

from peelflow.engine.fold import apply, begin
from peelflow.errors import Conflict
from peelflow.model.records import Actor, Added, Amended, Event, Record
from peelflow.model.rules import Pin
from peelflow.stores.base import Store, StoredRecord, WriteBatch
from peelflow.stores.base import StoredEvent as KeptEvent
from peelflow.stores.rows import GENESIS, chain

PIN = Pin("eventsourcing", 1, "0" * 64)
TOPIC, VERSION, STATE, BASE = "topic", "version", "state", "base"


class Sequences(AggregateRecorder):
    """Stores and gives the events of each sequence."""

    def __init__(self, store: Store) -> None:
        """Record in a store."""
        self.store = store

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Keep all of them or none."""
        self.keep(stored_events)
        return None

    def keep(self, stored_events: Sequence[StoredEvent]) -> list[KeptEvent]:
        """Append one batch that read nothing but what its versions say it stands on."""
        names = list(dict.fromkeys(str(each.originator_id) for each in stored_events))
        kept = dict(self.store.read(names))
        read: dict[str, int] = {}
        entries: list[KeptEvent] = []
        for each in stored_events:
            name = str(each.originator_id)
            known = kept.get(name)
            event = _told(each, known.record if known else None)
            read.setdefault(name, event.number - 1)
            entries.append(chain(known.head if known else GENESIS, event))
            after = apply(known.record, event) if known else begin(event)
            kept[name] = StoredRecord(after, entries[-1].digest)
        try:
            if entries:
                records = tuple(kept[name] for name in names)
                self.store.append(WriteBatch(tuple(entries), records, read, {}))
        except Conflict as fault:
            raise IntegrityError(str(fault)) from fault
        return entries

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the events of a sequence."""
        told = [_stored(entry.event) for entry in self.store.history(str(originator_id))]
        found = [
            each
            for each in told
            if (gt is None or each.originator_version > gt)
            and (lte is None or each.originator_version <= lte)
        ]
        return (found[::-1] if desc else found)[:limit]


class Feed(Sequences, ApplicationRecorder):
    """Gives the events of all sequences by their positions, too."""

    def __init__(self, store: Store) -> None:
        """Record in a store."""
        super().__init__(store)
        self._places: dict[str, int] = {}
        self._lock = Lock()

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """Keep all of them or none, and return their positions."""
        entries = self.keep(stored_events)
        with self._lock:
            last = max(self._places.values(), default=0)
            while placed := self.store.feed(last, 1_000):
                last = placed[-1].position
                self._places.update({each.entry.digest: each.position for each in placed})
        return [self._places[entry.digest] for entry in entries]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events by position."""
        after = (start or 0) - (1 if inclusive_of_start and start else 0)
        found: list[Notification] = []
        for each in self._each(after):
            if len(found) == limit or (stop is not None and each.id > stop):
                break
            if not topics or each.topic in topics:
                found.append(each)
        return found

    def _each(self, after: int) -> Iterator[Notification]:
        while placed := self.store.feed(after, 100):
            for each in placed:
                after = each.position
                told = _stored(each.entry.event)
                yield Notification(
                    originator_id=told.originator_id,
                    originator_version=told.originator_version,
                    topic=told.topic,
                    state=told.state,
                    id=after,
                )

    def max_notification_id(self) -> int | None:
        """Return the last position."""
        return max((each.id for each in self._each(0)), default=None)

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Subscriptions wait in a thread of their library's; a feed is asked again instead."""
        raise NotImplementedError(gt, topics)


def _told(each: StoredEvent, known: Record | None) -> Event:
    state = b64encode(each.state).decode()
    version = each.originator_version
    base = version if known is None else int(str(known.fields[BASE]))
    number = version - base + 1
    fields = {TOPIC: each.topic, VERSION: str(version), STATE: state, BASE: str(base)}
    what = (
        Added("-", "-", None, PIN, "-", fields)
        if number == 1 and known is None
        else Amended(each.topic, str(version), state)
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Event(str(each.originator_id), number, what, date(2026, 1, 1), Actor("-", "-"), "-", now)


def _stored(event: Event) -> StoredEvent:
    what = event.what
    if isinstance(what, Added):
        topic, version, state = (str(what.fields[name]) for name in (TOPIC, VERSION, STATE))
    else:
        assert isinstance(what, Amended)
        topic, version, state = what.field, str(what.old), str(what.new)
    return StoredEvent(
        originator_id=UUID(event.record),
        originator_version=int(version),
        topic=topic,
        state=b64decode(state),
    )
