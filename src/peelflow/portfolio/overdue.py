"""List the deadlines of open records, those that have passed, and every change of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal

from attrs import evolve

from peelflow.engine.fold import corrected_until
from peelflow.model.date_spans import DateSpan, span_of_day
from peelflow.model.records import Record
from peelflow.portfolio.grouping import ROW, grouping, in_groups
from peelflow.portfolio.listing import (
    Attribution,
    RecordRow,
    Share,
    entered_number,
    row_of,
    state_attribution,
)
from peelflow.portfolio.selection import (
    EVERYTHING,
    Selection,
    each_open,
    narrowed,
    text_field,
)
from peelflow.register.deadlines import (
    Deadline,
    StateDeadline,
    deadline_of,
    due_span,
    state_deadline,
)
from peelflow.register.reader import Reader
from peelflow.register.validation import check_date
from peelflow.results import Result, frozen

DeadlineKind = Literal["record", "state"]


@frozen
class OverdueRecord(Result):
    """An open record with a day: the deadline with every slip, and how many days over it is.

    Attributes:
        row: The record.
        title: Its title.
        deadline: Its deadline, as it was on the day that is looked at.
        attribution: Who brought it into the state it stands in.
        days_over: How many days have passed since; below zero, how many are left. Where the day is
            not known, they are counted from the last that it may be.
        what: Which day it is: the `record`'s own, or the one by which its `state` is to be left.
    """

    row: RecordRow
    title: str | None
    deadline: Deadline
    attribution: Attribution
    days_over: int
    what: DeadlineKind = "record"

    @property
    def as_known(self) -> str | None:
        """The month, quarter or year of a day that is not known itself."""
        return self.deadline.as_known if self.what == "record" else None

    @property
    def due(self) -> date | None:
        """The day itself."""
        state = self.deadline.state
        return state.day if state and self.what == "state" else self.deadline.current


@frozen
class UndatedRecord(Result):
    """An open record without a day; its deadline may have words that nobody made a day.

    Or of a month, a quarter or a year that the day looked at lies within, so that nobody can tell
    whether it is past. `what` is `state` where its state is to be left by a day that nobody can
    tell.
    """

    row: RecordRow
    title: str | None
    deadline: Deadline
    attribution: Attribution
    what: DeadlineKind = "record"

    @property
    def as_known(self) -> str | None:
        """The month, quarter or year of a day that is not known itself."""
        return self.deadline.as_known if self.what == "record" else None

    @property
    def words(self) -> str | None:
        """What is known in its place: of the record's own day, or why its state has none."""
        state = self.deadline.state
        if self.what == "state" and state is not None:
            return state.why
        return self.deadline.as_known or self.deadline.words


@frozen
class Overdue(Result):
    """What is overdue on a day, the longest first; and, apart, what has no day at all."""

    on: date
    records: tuple[OverdueRecord, ...]
    undated: tuple[UndatedRecord, ...]


@frozen
class Deadlines(Result):
    """The deadlines of all that is open on a day, the earliest first; and, apart, what has none."""

    on: date
    records: tuple[OverdueRecord, ...]
    undated: tuple[UndatedRecord, ...]


_Listed = tuple[list[OverdueRecord], list[UndatedRecord]]


def overdue(
    register: Reader,
    on: date,
    *,
    force: str | None = None,
    ledger: str | None = None,
    selection: Selection = EVERYTHING,
) -> Overdue:
    """Return what was open and past its day, or its state's, at the end of `on`.

    A record due on that very day is not overdue yet. One past both days is listed with each.

    Args:
        register: The register.
        on: The day to look at; a day gone by is looked at as the register now knows it.
        force: Only this force's records.
        ledger: The ledger on which they count open; any when left out.
        selection: Which records.
    """
    opened = _opened(register, on, narrowed(selection, force), ledger)
    late, undated = _listed(register, on, opened, lambda span: span.is_before(on))
    return Overdue(on, tuple(late), tuple(undated))


def deadlines(
    register: Reader,
    on: date,
    *,
    force: str | None = None,
    ledger: str | None = None,
    selection: Selection = EVERYTHING,
) -> Deadlines:
    """Return the deadline of everything open at the end of a day, past or to come.

    One that is to leave its state by a day of its own is listed with each of its two days.

    Args:
        register: The register.
        on: The day to look at; a day gone by is looked at as the register now knows it.
        force: Only this force's records.
        ledger: The ledger on which they count open; any when left out.
        selection: Which records.
    """
    opened = _opened(register, on, narrowed(selection, force), ledger)
    dated, undated = _listed(register, on, opened, lambda _: True)
    return Deadlines(on, tuple(dated), tuple(undated))


def overdue_shares(
    register: Reader,
    on: date,
    *,
    by: str = ROW,
    ledger: str = "portal",
    selection: Selection = EVERYTHING,
) -> tuple[Share, ...]:
    """Return for each group how many of its open records are past their own day.

    Args:
        register: The register.
        on: The day to look at.
        by: A column, or `row` for the rows that the categories declare.
        ledger: The ledger on which they count open.
        selection: Which records.
    """
    groups = grouping(register, by, ledger=ledger)
    opened = _opened(register, on, selection, ledger)
    judged = (
        (record, span.is_before(on) if (span := due_span(record)) else None) for record in opened
    )
    return tuple(
        Share(group, past.count(True), len(past), past.count(None))
        for group, past in in_groups(groups, judged)
    )


def _opened(
    register: Reader, on: date, selection: Selection, ledger: str | None
) -> Iterator[Record]:
    check_date(on, "the list")
    return each_open(register, on, selection=selection, ledger=ledger)


def _listed(
    register: Reader,
    on: date,
    records: Iterator[Record],
    is_wanted: Callable[[DateSpan], bool | None],
) -> _Listed:
    """Return the wanted days of records, the earliest first, and the records that have none.

    One of which nobody can tell whether it is wanted has none.
    """
    dated: list[OverdueRecord] = []
    undated: list[UndatedRecord] = []
    categories = register.rulebook.vocabulary.categories

    def state_of(record: Record) -> StateDeadline | None:
        return state_deadline(register.lifecycle(record.lifecycle), record)

    def is_listed(record: Record) -> bool:
        spans = _deadline_spans(due_span(record), state_of(record))
        return any(span is None or is_wanted(span) is not False for _, span in spans)

    for record, history in register.histories(filter(is_listed, records)):
        state = state_of(record)
        deadline = evolve(deadline_of(corrected_until(history, on), categories), state=state)
        parts = row_of(record), text_field(record, "title"), deadline
        attribution = state_attribution(record, history[entered_number(record) - 1])
        for what, span in _deadline_spans(due_span(record), state):
            wanted = None if span is None else is_wanted(span)
            if span is None or wanted is None:
                undated.append(UndatedRecord(*parts, attribution, what))
            elif wanted:
                dated.append(OverdueRecord(*parts, attribution, (on - span.last).days, what))
    dated.sort(key=lambda overdue: (-overdue.days_over, overdue.row.record, overdue.what))
    return dated, undated


def _deadline_spans(
    current: DateSpan | None, state: StateDeadline | None
) -> Iterator[tuple[DeadlineKind, DateSpan | None]]:
    """Yield the days a record is held to; its own, if it has none, where its state has none too."""
    if current or state is None:
        yield "record", current
    if state:
        yield "state", span_of_day(state.day) if state.day else None
