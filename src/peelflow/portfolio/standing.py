"""How a record stood at the end of a day, and what it counts as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from attrs import frozen

from peelflow.engine.fold import as_corrected, fold
from peelflow.model.records import Actor, Event, Record
from peelflow.register.front import Register


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


def brought_by(register: Register, record: Record) -> Hand:
    """Return who brought a record into the state it stands in, and on what day."""
    return hand_in(register.history(record.id), record)


def hand_in(history: Sequence[Event], record: Record) -> Hand:
    """Return what `brought_by` does, from a history that was read already."""
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
    for now in register.records(force=force):
        record = as_at(register, now, on)
        if record is not None and is_open(register, record):
            yield record


def as_at(register: Register, record: Record, on: date) -> Record | None:
    """Return a record as it stood at the end of a day; None where it did not exist yet."""
    if record.on <= on:
        return record
    events = history_until(register, record.id, on)
    return fold(events) if events else None


def history_until(register: Register, record: str, on: date) -> tuple[Event, ...]:
    """Return what stands of a record's history, as it was last corrected, up to a day."""
    return standing_until(register.history(record), on)


def standing_until(history: Sequence[Event], on: date) -> tuple[Event, ...]:
    """Return what `history_until` does, from a history that was read already."""
    return tuple(each for each in as_corrected(history) if each.on <= on)
