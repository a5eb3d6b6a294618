"""Overdue: the open records whose day has passed, by how much, and why it slipped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from attrs import evolve, frozen

from peelflow.portfolio.standing import Hand, Row, brought_by, each_open, history_until, row_of
from peelflow.register.deadlines import Deadline, deadline_of, state_deadline
from peelflow.register.front import Register

What = Literal["record", "state"]


@frozen
class OverdueRecord:
    """An open record past a day: the deadline with every slip, and how many days over it is.

    Attributes:
        row: The record.
        deadline: Its deadline, as it was on the day that is looked at.
        hand: Who brought it into the state it stands in.
        days_over: How many days have passed since.
        what: Which day has passed: the `record`'s own, or the one by which its `state` is to be
            left.
    """

    row: Row
    deadline: Deadline
    hand: Hand
    days_over: int
    what: What = "record"

    @property
    def due(self) -> date | None:
        """The day that has passed."""
        state = self.deadline.state
        return state.day if state and self.what == "state" else self.deadline.current


@frozen
class UndatedRecord:
    """An open record without a day; its deadline may have words that nobody made a day.

    `what` is `state` where its state is to be left by a day that nobody can tell.
    """

    row: Row
    deadline: Deadline
    hand: Hand
    what: What = "record"


@frozen
class Overdue:
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
    late: list[OverdueRecord] = []
    undated: list[UndatedRecord] = []
    categories = register.rulebook.vocabulary.categories
    for record in each_open(register, on, force=force):
        deadline = deadline_of(history_until(register, record.id, on), categories)
        state = state_deadline(register.lifecycle(record.lifecycle), record)
        deadline = evolve(deadline, state=state)
        for what, day in _days(deadline):
            if day is None:
                hand = brought_by(register, record)
                undated.append(UndatedRecord(row_of(record), deadline, hand, what))
            elif day < on:
                hand, days = brought_by(register, record), (on - day).days
                late.append(OverdueRecord(row_of(record), deadline, hand, days, what))
    late.sort(key=lambda each: (-each.days_over, each.row.record, each.what))
    return Overdue(on, tuple(late), tuple(undated))


def _days(deadline: Deadline) -> Iterator[tuple[What, date | None]]:
    """Yield the days a record is held to; its own, if it has none, where its state has none too."""
    if deadline.current or deadline.state is None:
        yield "record", deadline.current
    if deadline.state:
        yield "state", deadline.state.day
