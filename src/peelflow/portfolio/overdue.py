"""Overdue: the open records whose day has passed, by how much, and why it slipped."""

from __future__ import annotations

from datetime import date

from attrs import frozen

from peelflow.portfolio.standing import Hand, Row, brought_by, each_open, history_until, row_of
from peelflow.register.deadlines import Deadline, deadline_of
from peelflow.register.front import Register


@frozen
class OverdueRecord:
    """An open record past its day: the deadline with every slip, and how many days over it is.

    `hand`: who brought it into the state it stands in.
    """

    row: Row
    deadline: Deadline
    hand: Hand
    days_over: int


@frozen
class UndatedRecord:
    """An open record without a day; its deadline may have words that nobody made a day."""

    row: Row
    deadline: Deadline
    hand: Hand


@frozen
class Overdue:
    """What is overdue on a day, the longest first; and, apart, what has no day at all."""

    on: date
    records: tuple[OverdueRecord, ...]
    undated: tuple[UndatedRecord, ...]


def overdue(register: Register, on: date, *, force: str | None = None) -> Overdue:
    """Return what was open and past its day at the end of `on`.

    A record due on that very day is not overdue yet.

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
        if deadline.current is None:
            hand = brought_by(register, record)
            undated.append(UndatedRecord(row_of(record), deadline, hand))
        elif deadline.current < on:
            hand, days = brought_by(register, record), (on - deadline.current).days
            late.append(OverdueRecord(row_of(record), deadline, hand, days))
    late.sort(key=lambda each: (-each.days_over, each.row.record))
    return Overdue(on, tuple(late), tuple(undated))
