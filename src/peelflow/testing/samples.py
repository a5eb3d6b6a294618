"""Make the events, records and batches that the conformance kit gives a store to keep."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from attrs import evolve, fields

from peelflow.model.records import (
    EVENT_KIND_OF,
    Actor,
    Added,
    Amended,
    Attached,
    Attachment,
    Change,
    ChildLinked,
    Corrected,
    Document,
    Event,
    EventPayload,
    LastDone,
    MadeJoint,
    Migrated,
    Moment,
    Noted,
    ParentLinked,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.model.rules import Counts, Level, Pin
from peelflow.stores.base import Store, StoredEvent, StoredRecord, WriteBatch
from peelflow.stores.rows import GENESIS, chain

NAME = "WMP-R3-017"
DAY = date(2024, 3, 2)
RECORDED_AT = datetime(2024, 3, 2, 10, 11, 12, 345, UTC)
PIN = Pin("level-3", 1, "a" * 64)
LETTER = Document("d" * 64, "letter", "Schreiben é.pdf", 12345, "A Chief", date(2024, 3, 1))
STEP = TransitionTaken(
    "self_certify", "in_progress", "self_certified", evidence=(LETTER,), counted=(LETTER.digest,)
)
ADDED = Added(
    "WMP", "recommendation", 3, PIN, "open", {"title": "Improve \U0001f4c8", "tags": ("a", "b")}
)
PAYLOADS: tuple[EventPayload, ...] = (
    ADDED,
    TakenOver("WMP", "afi", None, PIN, "closed", date(2019, 1, 1), {"owner": "ACC"}, "WMP-C-1"),
    STEP,
    Attached(LETTER),
    Amended("owner", None, ("ACC Crime", "ACC Local")),
    ChildLinked("WMP-R3-018"),
    Relevelled(2, 3, PIN, "open", "open", "b" * 64, letters=True),
    Migrated(PIN, "open", "in_progress", "c" * 64),
    Noted("PPOG asked for a date \N{EN DASH} again", (LETTER,)),
    MadeJoint(("GMP",), ("Cumbria", "GMP"), "any"),
    ParentLinked("WMP-C-1"),
    Corrected(2, "redate", date(2024, 1, 31)),
)


def change(
    counts: Counts = "open", delta: int = 1, *, on: date = DAY, force: str = "WMP", level: Level = 3
) -> Change:
    """Return one line of the ledger."""
    return Change(on, force, "recommendation", level, "portal", counts, "open", delta)


def event(record: str = NAME, number: int = 1, what: EventPayload = STEP, **more: Any) -> Event:
    """Return an event; `more` replaces its other parts."""
    actor = Actor("A Chief", "chief_constable")
    return evolve(Event(record, number, what, DAY, actor, "a clerk", RECORDED_AT), **more)


def events() -> dict[str, Event]:
    """Return one full event of each kind, by the kind's name."""
    more: dict[str, Any] = {
        "reason": "because",
        "source": "letter of 1 March",
        "key": "k-1",
        "changes": (change("open", -1), change("closed", 1)),
    }
    return {EVENT_KIND_OF[type(what)]: event(number=7, what=what, **more) for what in PAYLOADS}


def record(name: str = NAME, number: int = 1, **more: Any) -> Record:
    """Return a record with something in every field; `more` replaces parts."""
    moment = Moment(1, DAY)
    plain = Record(
        name,
        number,
        DAY,
        "WMP",
        "recommendation",
        3,
        PIN,
        "open",
        DAY,
        {"title": "Improve", "tags": ("a", "b")},
        None,
        moment,
        {"open": moment},
        ("WMP-R3-018",),
        {"start": LastDone(1, DAY, "A Person")},
        (Attachment(LETTER, 1),),
        frozenset({LETTER.digest, "e" * 64}),
    )
    return evolve(plain, **more)


def batch(*moved: tuple[StoredEvent, Record], read_set: dict[str, int] | None = None) -> WriteBatch:
    """Return a batch of one entry for each record, each read just before it."""
    return WriteBatch(
        entries=tuple(entry for entry, _ in moved),
        records=tuple(StoredRecord(record, entry.digest) for entry, record in moved),
        read_set={record.id: record.number - 1 for _, record in moved} | (read_set or {}),
        lifecycles={},
    )


_EVENT_PARTS = {part.name for part in fields(Event)} - {part.name for part in fields(Record)}


def next_event(store: Store, name: str = NAME, **parts: Any) -> tuple[StoredEvent, Record]:
    """Return the next event of a record and the record behind it.

    `parts` replace those of the event that only an event has, and those of the record.
    """
    stored = store.read([name]).get(name)
    number, head = (stored.record.number + 1, stored.head) if stored else (1, GENESIS)
    event_parts = {part: parts.pop(part) for part in _EVENT_PARTS & parts.keys()}
    return chain(head, event(name, number, **event_parts)), record(name, number, **parts)


def append_next(store: Store, name: str = NAME, **parts: Any) -> StoredEvent:
    """Append what `next_event` returns, and return its entry."""
    entry, after = next_event(store, name, **parts)
    store.append(batch((entry, after)))
    return entry


def append_joint(store: Store, name: str, *forces: str) -> StoredEvent:
    """Append the first event of a record that is joint with forces, and return its entry."""
    joint_with = tuple(sorted(forces))
    what = evolve(ADDED, joint_with=joint_with)
    return append_next(store, name, what=what, joint_with=joint_with)


def append_history(store: Store, name: str, events: Iterable[Event]) -> tuple[StoredEvent, ...]:
    """Append events one by one as those of a new record, without their keys."""
    entries: list[StoredEvent] = []
    for number, what in enumerate(events, start=1):
        head = entries[-1].digest if entries else GENESIS
        entries.append(chain(head, evolve(what, record=name, number=number, key=None)))
        store.append(batch((entries[-1], record(name, number))))
    return tuple(entries)


TOGETHER = ("a", "b", "c")


def next_batch(store: Store, names: Iterable[str] = TOGETHER, **parts: Any) -> WriteBatch:
    """Return a batch of the next event of each record; `parts` are `next_event`'s."""
    return batch(*(next_event(store, name, **parts) for name in names))


def numbers_together(store: Store) -> list[int]:
    """Return the numbers of the records that move together, 0 where there is none yet."""
    stored = store.read(TOGETHER)
    return [stored[name].record.number if name in stored else 0 for name in TOGETHER]
