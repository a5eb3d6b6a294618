"""List the open records whose deadline has passed, and every change of that deadline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from attrs import evolve, frozen

from peelflow.model.records import Record
from peelflow.portfolio.listing import (
    Attribution,
    RecordRow,
    corrected_until,
    each_open,
    row_of,
    state_attribution,
)
from peelflow.register.register import Register
from peelflow.register.timers import (
    Deadline,
    StateDeadline,
    current_day,
    deadline_of,
    state_deadline,
)
from peelflow.register.validation import check_date
from peelflow.results import Result

DeadlineKind = Literal["record", "state"]


@frozen
class OverdueRecord(Result):
    """An open record past a day: the deadline with every slip, and how many days over it is.

    Attributes:
        row: The record.
        deadline: Its deadline, as it was on the day that is looked at.
        attribution: Who brought it into the state it stands in.
        days_over: How many days have passed since.
        what: Which day has passed: the `record`'s own, or the one by which its `state` is to be
            left.
    """

    row: RecordRow
    deadline: Deadline
    attribution: Attribution
    days_over: int
    what: DeadlineKind = "record"

    @property
    def due(self) -> date | None:
        """The day that has passed."""
        state = self.deadline.state
        return state.day if state and self.what == "state" else self.deadline.current


@frozen
class UndatedRecord(Result):
    """An open record without a day; its deadline may have words that nobody made a day.

    `what` is `state` where its state is to be left by a day that nobody can tell.
    """

    row: RecordRow
    deadline: Deadline
    attribution: Attribution
    what: DeadlineKind = "record"


@frozen
class Overdue(Result):
    """What is overdue on a day, the longest first; and, apart, what has no day at all."""

    on: date
    records: tuple[OverdueRecord, ...]
    undated: tuple[UndatedRecord, ...]


def overdue(register: Register, on: date, *, force: str | None = None) -> Overdue:
    """Return what was open and past its day, or its state's, at the end of `on`.

    A record due on that very day is not overdue yet. One past both days is listed with each.

    Args:
        register: The register.
        on: The day to look at; a day gone by is looked at as the register now knows it.
        force: Only this force's records.
    """
    check_date(on, "the list")
    late: list[OverdueRecord] = []
    undated: list[UndatedRecord] = []
    categories = register.rulebook.vocabulary.categories
    listed: dict[str, tuple[Record, StateDeadline | None]] = {}
    for record in each_open(register, on, force=force):
        state = state_deadline(register.lifecycle(record.lifecycle), record)
        if any(_is_listed(day, on) for _, day in _deadline_days(current_day(record), state)):
            listed[record.id] = record, state
    for record, history in register.histories(record for record, _ in listed.values()):
        _, state = listed[record.id]
        deadline = evolve(deadline_of(corrected_until(history, on), categories), state=state)
        row, attribution = row_of(record), state_attribution(history, record)
        for what, day in _deadline_days(current_day(record), state):
            if day is None:
                undated.append(UndatedRecord(row, deadline, attribution, what))
            elif day < on:
                days_over = (on - day).days
                late.append(OverdueRecord(row, deadline, attribution, days_over, what))
    late.sort(key=lambda overdue: (-overdue.days_over, overdue.row.record, overdue.what))
    return Overdue(on, tuple(late), tuple(undated))


def _deadline_days(
    current: date | None, state: StateDeadline | None
) -> Iterator[tuple[DeadlineKind, date | None]]:
    """Yield the days a record is held to; its own, if it has none, where its state has none too."""
    if current or state is None:
        yield "record", current
    if state:
        yield "state", state.day


def _is_listed(day: date | None, on: date) -> bool:
    """Whether a day has passed, or is none: only then is the history worth reading."""
    return day is None or day < on
