"""List the records open at the end of a day, their ages, and who brought each there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from attrs import frozen

from peelflow.engine.calendar import publication_day
from peelflow.engine.fold import as_corrected
from peelflow.engine.requirements import QUESTION_FIELD, QUESTION_SET_FIELD
from peelflow.model.records import Actor, Amended, Event, Record, TransitionTaken
from peelflow.portfolio.grouping import ROW, Group, grouping, in_groups
from peelflow.portfolio.selection import (
    EVERYTHING,
    Selection,
    each_open,
    narrowed,
    text_field,
)
from peelflow.register.register import Register
from peelflow.register.taken_over import is_assumed
from peelflow.register.validation import check_date
from peelflow.results import Result


@frozen
class RecordRow(Result):
    """A record in a list: what it is, whose it is, and how it stands.

    Where it is `assumed`, it stands where it was taken over, and nobody saw it walk there.
    """

    record: str
    category: str
    level: int | None
    force: str
    state: str
    owner: str | None
    assumed: bool = False


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
        assumed=is_assumed(record),
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

    `attribution`: who brought it into the state it stands in.
    """

    row: RecordRow
    title: str | None
    published: date | None
    days: int | None
    attribution: Attribution


def ages(
    register: Register,
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
        Age(
            row_of(record),
            text_field(record, "title"),
            day,
            (on - day).days if day else None,
            state_attribution(history, record),
        )
        for record, history in register.histories(selected)
        for day in [publication_day(record)]
    ]
    listed.sort(key=lambda age: (age.published or date.max, age.row.record))
    return tuple(listed)


@frozen
class Share(Result):
    """How many open records of a group are past a threshold, of how many.

    `undated` of them say no day, and are not past it.
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
    register: Register,
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
    """
    groups = grouping(register, by, ledger=ledger)
    opened = each_open(register, on, selection=selection, ledger=ledger)
    dated = ((record, publication_day(record)) for record in opened)
    return tuple(
        Share(group, sum(_is_before(day, before) for day in days), len(days), days.count(None))
        for group, days in in_groups(groups, dated)
    )


def _is_before(day: date | None, before: date) -> bool:
    return day is not None and day < before
