"""Ages: how long ago what is still open was published."""

from __future__ import annotations

from datetime import date

from attrs import frozen

from peelflow.engine.lapse import published
from peelflow.portfolio.standing import Hand, Row, each_open, hand_in, row_of
from peelflow.register.asking import check_date
from peelflow.register.front import Register


@frozen
class Age:
    """An open record, the day it was published, and the days since; None where none is said.

    `hand`: who brought it into the state it stands in.
    """

    row: Row
    published: date | None
    days: int | None
    hand: Hand


def ages(register: Register, on: date, *, force: str | None = None) -> tuple[Age, ...]:
    """Return the age of every record open at the end of a day, the oldest first.

    Those whose publication is not known stand at the end; one published later has an age below
    zero, as an accelerated cause of concern may.
    """
    check_date(on, "the list")
    found = [
        Age(row_of(record), day, (on - day).days if day else None, hand_in(history, record))
        for record, history in register.histories(each_open(register, on, force=force))
        for day in [published(record)]
    ]
    found.sort(key=lambda each: (each.published or date.max, each.row.record))
    return tuple(found)
