"""How a record stood at the end of a day, and what it counts as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from attrs import frozen

from peelflow.engine.fold import as_corrected, fold
from peelflow.model.records import Actor, Event, Record
from peelflow.register.front import Register
from peelflow.register.reading import TOGETHER
from peelflow.stores.parts import parts


@frozen
class Row:
    """A record in a list: what it is, whose it is, and how it stands."""

    record: str
    category: str
    level: int | None
    force: str
    state: str
    owner: str | None


@frozen
class Hand:
    """Who decided an act, who typed it, and when it happened."""

    actor: Actor
    recorded_by: str
    on: date


def hand_of(event: Event) -> Hand:
    """Return whose act an event is."""
    return Hand(event.actor, event.recorded_by, event.on)


def hand_in(history: Sequence[Event], record: Record) -> Hand:
    """Return who brought a record into the state it stands in, as its history tells, and when."""
    entered = record.entered[record.state]
    event = history[entered.number - 1]
    return Hand(event.actor, event.recorded_by, entered.on)


def row_of(record: Record) -> Row:
    """Return a record as a row."""
    owner = record.fields.get("owner")
    return Row(
        record=record.id,
        category=record.category,
        level=record.level,
        force=record.force,
        state=record.state,
        owner=owner if isinstance(owner, str) else None,
    )


def is_open(register: Register, record: Record) -> bool:
    """Whether a record counts open on any ledger."""
    return "open" in register.counts(record).values()


def each_open(register: Register, on: date, *, force: str | None) -> Iterator[Record]:
    """Yield the records that count open on some ledger at the end of a day, as they stood then."""
    for some in parts(register.records(force=force), TOGETHER):
        later = (record for record in some if record.on > on)
        moved = {record.id: history for record, history in register.histories(later)}
        for now in some:
            record = as_at(moved[now.id], on) if now.id in moved else now
            if record is not None and is_open(register, record):
                yield record


def as_at(history: Sequence[Event], on: date) -> Record | None:
    """Return the record that a history makes by the end of a day; None where it was not there."""
    events = standing_until(history, on)
    return fold(events) if events else None


def standing_until(history: Sequence[Event], on: date) -> tuple[Event, ...]:
    """Return what stands of a record's history, as it was last corrected, up to a day."""
    return tuple(each for each in as_corrected(history) if each.on <= on)
