"""List the records open at the end of a day, their ages, and who brought each there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from attrs import frozen

from peelflow.engine.calendar import publication_day
from peelflow.engine.fold import as_corrected, fold
from peelflow.engine.requirements import QUESTION_FIELD, QUESTION_SET_FIELD
from peelflow.model.records import Actor, Amended, Event, Record, TransitionTaken
from peelflow.register.register import HISTORIES_AT_ONCE, Register
from peelflow.register.validation import check_date
from peelflow.results import Result
from peelflow.stores.base import chunked


@frozen
class RecordRow(Result):
    """A record in a list: what it is, whose it is, and how it stands."""

    record: str
    category: str
    level: int | None
    force: str
    state: str
    owner: str | None


@frozen
class Attribution(Result):
    """Who decided an act, who typed it, and when it happened."""

    actor: Actor
    recorded_by: str
    on: date


def attribution_of(event: Event) -> Attribution:
    """Return whose act an event is."""
    return Attribution(event.actor, event.recorded_by, event.on)


def state_attribution(history: Sequence[Event], record: Record) -> Attribution:
    """Return who brought a record into the state it stands in, as its history tells, and when."""
    entered = record.entered[record.state]
    event = history[entered.number - 1]
    return Attribution(event.actor, event.recorded_by, entered.on)


def row_of(record: Record) -> RecordRow:
    """Return a record as a row."""
    return RecordRow(
        record=record.id,
        category=record.category,
        level=record.level,
        force=record.force,
        state=record.state,
        owner=text_field(record, "owner"),
    )


def text_field(record: Record, name: str) -> str | None:
    """Return what a record's field says; None where it says nothing, or has several items."""
    value = record.fields.get(name)
    return value if isinstance(value, str) else None


def is_open(register: Register, record: Record) -> bool:
    """Whether a record counts open on any ledger."""
    return "open" in register.counts(record).values()


def each_open(register: Register, on: date, *, force: str | None) -> Iterator[Record]:
    """Yield the records that count open on some ledger at the end of a day, as they stood then."""
    for records in chunked(register.records(force=force), HISTORIES_AT_ONCE):
        later = (record for record in records if record.on > on)
        moved = {record.id: history for record, history in register.histories(later)}
        for latest in records:
            record = record_as_at(moved[latest.id], on) if latest.id in moved else latest
            if record is not None and is_open(register, record):
                yield record


def record_as_at(history: Sequence[Event], on: date) -> Record | None:
    """Return the record that a history makes by the end of a day; None where it was not there."""
    events = corrected_until(history, on)
    return fold(events) if events else None


def corrected_until(history: Sequence[Event], on: date) -> tuple[Event, ...]:
    """Return what stands of a record's history, as it was last corrected, up to a day."""
    return tuple(event for event in as_corrected(history) if event.on <= on)


def question_amendments(history: Sequence[Event], act: Event) -> tuple[Event, ...]:
    """Return what changed the question of a record before an act that rests on an inspection.

    An inspection verifies what it covers, so whoever reads the act sees how the record came to be
    about that. None where the act names no inspection.

    Args:
        history: The record's history.
        act: One of its events.
    """
    if not isinstance(act.what, TransitionTaken) or act.what.inspection is None:
        return ()
    return tuple(
        event
        for event in as_corrected(history)
        if event.number < act.number
        and isinstance(event.what, Amended)
        and event.what.field in {QUESTION_FIELD, QUESTION_SET_FIELD}
    )


@frozen
class Age(Result):
    """An open record, the day it was published, and the days since; None where none is said.

    `attribution`: who brought it into the state it stands in.
    """

    row: RecordRow
    published: date | None
    days: int | None
    attribution: Attribution


def ages(register: Register, on: date, *, force: str | None = None) -> tuple[Age, ...]:
    """Return the age of every record open at the end of a day, the oldest first.

    Those whose publication is not known stand at the end; one published later has an age below
    zero, as an accelerated cause of concern may.
    """
    check_date(on, "the list")
    listed = [
        Age(
            row_of(record),
            day,
            (on - day).days if day else None,
            state_attribution(history, record),
        )
        for record, history in register.histories(each_open(register, on, force=force))
        for day in [publication_day(record)]
    ]
    listed.sort(key=lambda age: (age.published or date.max, age.row.record))
    return tuple(listed)
