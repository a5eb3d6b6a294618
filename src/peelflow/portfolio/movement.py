"""Movement: what is new, what closed and what re-opened between two days."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Literal

from attrs import frozen

from peelflow.engine.fold import as_corrected
from peelflow.errors import RequestRefused
from peelflow.model.records import Event, Record
from peelflow.model.rules import Counts
from peelflow.portfolio.standing import Hand, Row, hand_of, row_of
from peelflow.register.asking import check_date
from peelflow.register.front import Register
from peelflow.register.reading import check_ledger

Kind = Literal["new", "closed", "reopened"]


@frozen
class Moved:
    """One movement of a record on a ledger: what kind, on what day, and by whose act."""

    row: Row
    kind: Kind
    counts: Counts
    on: date
    hand: Hand
    reason: str | None


def movement(
    register: Register,
    *,
    after: date,
    until: date,
    ledger: str = "portal",
    force: str | None = None,
) -> tuple[Moved, ...]:
    """Return what moved on a ledger after one day and until another, in order of days.

    A record is new on the day it first counts; what was corrected is told as corrected.

    Raises:
        RequestRefused: The days stand in the wrong order, or no state counts on such a ledger.
    """
    check_ledger(register.draft().desk, ledger)
    check_date(after, "the list")
    check_date(until, "the list")
    if until < after:
        what, why = f"the day {until}", f"lies before {after}"
        raise RequestRefused(what, why, "give the earlier day as `after`")
    found = [
        each
        for record, history in register.histories(
            record for record in register.records(force=force) if record.on > after
        )
        for each in _moved(record, as_corrected(history), ledger)
        if after < each.on <= until
    ]
    return tuple(sorted(found, key=lambda each: (each.on, each.row.record)))


def _moved(record: Record, events: tuple[Event, ...], ledger: str) -> list[Moved]:
    counts: Counts | None = None
    found: list[Moved] = []
    for event in events:
        now = _counts_after(counts, event, ledger)
        if now is not None and now != counts:
            kind: Kind = "new" if not found else "closed" if now == "closed" else "reopened"
            hand = hand_of(event)
            found.append(Moved(row_of(record), kind, now, event.on, hand, event.reason))
        counts = now
    return found


def _counts_after(before: Counts | None, event: Event, ledger: str) -> Counts | None:
    """Return how a record counts on a ledger after an event, from the changes it made."""
    sums = Counter[Counts]({before: 1} if before else {})
    for change in event.changes:
        if change.ledger == ledger:
            sums[change.counts] += change.delta
    return next((each for each, total in sums.items() if total > 0), None)
