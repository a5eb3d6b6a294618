"""List the records open at the end of a day, their ages, and who brought each there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from operator import attrgetter
from typing import ClassVar

from peelflow.engine.fold import as_corrected, is_assumed
from peelflow.errors import StoreUnavailable
from peelflow.model.date_spans import DateSpan, read_span
from peelflow.model.questions import QUESTION_FIELD, QUESTION_SET_FIELD
from peelflow.model.records import Actor, Amended, Event, Record, TransitionTaken
from peelflow.model.requirements import PUBLISHED
from peelflow.portfolio.grouping import ROW, Group, grouping, in_groups
from peelflow.portfolio.selection import (
    EVERYTHING,
    Selection,
    each_open,
    narrowed,
    text_field,
)
from peelflow.register.as_at import HISTORIES_AT_ONCE
from peelflow.register.reader import Reader
from peelflow.register.validation import check_date
from peelflow.results import Result, frozen
from peelflow.stores.base import chunked


@frozen
class RecordRow(Result):
    """A record in a list: what it is, whose it is, and how it stands.

    Where it is `assumed`, it stands as it was taken over, and nobody saw it walk there. `force`
    is its lead force, and `joint_with` are the others that it is of.
    """

    record: str
    category: str
    level: int | None
    force: str
    state: str
    owner: str | None
    assumed: bool = False
    joint_with: tuple[str, ...] = ()


@frozen
class Attribution(Result):
    """Who decided an act, who typed it, and when it happened."""

    actor: Actor
    recorded_by: str
    on: date


def attribution_of(event: Event) -> Attribution:
    """Return whose act an event is."""
    return Attribution(event.actor, event.recorded_by, event.on)


def state_attribution(record: Record, event: Event) -> Attribution:
    """Return who brought a record into the state it stands in by an event, and when."""
    return Attribution(event.actor, event.recorded_by, record.entered[record.state].on)


def entered_number(record: Record) -> int:
    """Return the number of the event that brought a record into the state it stands in."""
    return record.entered[record.state].number


def each_with_last_event(
    register: Reader,
    records: Iterable[Record],
    number_of: Callable[[Record], int] = attrgetter("number"),
) -> Iterator[tuple[Record, Event]]:
    """Yield records, each with its last event that is no note, without reading its history.

    Args:
        register: The register.
        records: The records.
        number_of: Returns the number up to which a record's events count.

    Raises:
        StoreUnavailable: The store has no such event of a record, so somebody took it away.
    """
    store = register.store
    for chunk in chunked(records, HISTORIES_AT_ONCE):
        events = store.last_events({record.id: number_of(record) for record in chunk})
        for record in chunk:
            if record.id not in events:
                why = f"event {number_of(record)} of {record.id} is gone"
                raise StoreUnavailable(store.url, why, instead="have it verified")
            yield record, events[record.id].event


def row_of(record: Record) -> RecordRow:
    """Return a record as a row."""
    return RecordRow(
        record=record.id,
        category=record.category,
        level=record.level,
        force=record.force,
        state=record.state,
        owner=text_field(record, "owner"),
        assumed=is_assumed(record),
        joint_with=record.joint_with,
    )


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

    `attribution`: who brought it into the state it stands in. `as_known`: the month, quarter or
    year of publication, where the day is not known; the days count from the last that it may be,
    and are None on a day within it.
    """

    row: RecordRow
    title: str | None
    published: date | None
    days: int | None
    attribution: Attribution
    as_known: str | None = None


def publication_span(record: Record) -> DateSpan | None:
    """Return the days on which a record may have been published; None where none is said.

    Args:
        record: The record.
    """
    published = text_field(record, PUBLISHED)
    return read_span(published) if published else None


def ages(
    register: Reader,
    on: date,
    *,
    force: str | None = None,
    ledger: str | None = None,
    selection: Selection = EVERYTHING,
) -> tuple[Age, ...]:
    """Return the age of every record open at the end of a day, the oldest first.

    Those whose publication is not known stand at the end; one published later has an age below
    zero, as an accelerated cause of concern may.

    Args:
        register: The register.
        on: The day.
        force: Only this force's records.
        ledger: The ledger on which they count open; any when left out.
        selection: Which records.
    """
    check_date(on, "the list")
    selected = each_open(register, on, selection=narrowed(selection, force), ledger=ledger)
    listed = [
        (span.last if span else date.max, _age_of(record, event, span, on))
        for record, event in each_with_last_event(register, selected, entered_number)
        for span in [publication_span(record)]
    ]
    listed.sort(key=lambda dated: (dated[0], dated[1].row.record))
    return tuple(age for _, age in listed)


def _age_of(record: Record, event: Event, span: DateSpan | None, on: date) -> Age:
    parts = row_of(record), text_field(record, "title")
    attribution = state_attribution(record, event)
    if span is None:
        return Age(*parts, None, None, attribution)
    days = None if span.first <= on < span.last else (on - span.last).days
    if span.is_day:
        return Age(*parts, span.last, days, attribution)
    return Age(*parts, None, days, attribution, span.text)


@frozen
class Share(Result):
    """How many open records of a group are past a threshold, of how many.

    `undated` of them say no day, or one of which nobody can tell whether it is past.
    """

    _derived: ClassVar[tuple[str, ...]] = ("percent",)

    group: Group
    past: int
    total: int
    undated: int

    @property
    def percent(self) -> int | None:
        """The share in whole per cent, a half rounded up; None of nothing."""
        return (200 * self.past + self.total) // (2 * self.total) if self.total else None


def age_shares(
    register: Reader,
    on: date,
    *,
    before: date,
    by: str = ROW,
    ledger: str = "portal",
    selection: Selection = EVERYTHING,
) -> tuple[Share, ...]:
    """Return for each group how many of its open records were published before a day.

    Args:
        register: The register.
        on: The day at whose end they are open.
        before: The day that the older ones were published before.
        by: A column, or `row` for the rows that the categories declare.
        ledger: The ledger on which they count open.
        selection: Which records.

    Raises:
        InvalidRequest: A day is none, there is no such column or ledger, or the selection cannot be
            meant.
    """
    check_date(before, "the shares")
    groups = grouping(register, by, ledger=ledger)
    opened = each_open(register, on, selection=selection, ledger=ledger)
    judged = (
        (record, span.is_before(before) if (span := publication_span(record)) else None)
        for record in opened
    )
    return tuple(
        Share(group, past.count(True), len(past), past.count(None))
        for group, past in in_groups(groups, judged)
    )
