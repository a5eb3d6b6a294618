"""List what is new, what closed and what re-opened on a ledger between two days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Literal

from attrs import frozen

from peelflow.engine.fold import as_corrected, with_changes
from peelflow.errors import InvalidRequest
from peelflow.model.records import Event, Record
from peelflow.model.rules import Counts
from peelflow.portfolio.listing import Attribution, RecordRow, attribution_of, row_of
from peelflow.register.register import Register
from peelflow.register.validation import check_date, check_ledger
from peelflow.results import Result

MovementKind = Literal["new", "closed", "reopened"]


@frozen
class Movement(Result):
    """One movement of a record on a ledger: what kind, on what day, and by whose act."""

    row: RecordRow
    kind: MovementKind
    counts: Counts
    on: date
    attribution: Attribution
    reason: str | None


def movement(
    register: Register,
    *,
    after: date,
    until: date,
    ledger: str = "portal",
    force: str | None = None,
) -> tuple[Movement, ...]:
    """Return what moved on a ledger after one day and until another, in order of days.

    A record is new on the day it first counts; what was corrected is told as corrected.

    Raises:
        InvalidRequest: The days stand in the wrong order, or no state counts on such a ledger.
    """
    check_ledger(register.services, ledger)
    check_date(after, "the list")
    check_date(until, "the list")
    if until < after:
        what, why = f"the day {until}", f"lies before {after}"
        raise InvalidRequest(what, why, "give the earlier day as `after`")
    later = (record for record in register.records(force=force) if record.on > after)
    movements = [
        moved
        for record, history in register.histories(later)
        for events in [with_changes(as_corrected(history), register.lifecycle)]
        for moved in _movements_of(record, events, ledger)
        if after < moved.on <= until
    ]
    return tuple(sorted(movements, key=lambda moved: (moved.on, moved.row.record)))


def _movements_of(record: Record, events: Iterable[Event], ledger: str) -> list[Movement]:
    counts: Counts | None = None
    movements: list[Movement] = []
    for event in events:
        after = _counts_after(counts, event, ledger)
        if after is not None and after != counts:
            kind: MovementKind = "closed" if after == "closed" else "reopened"
            movements.append(
                Movement(
                    row=row_of(record),
                    kind=kind if movements else "new",
                    counts=after,
                    on=event.on,
                    attribution=attribution_of(event),
                    reason=event.reason,
                )
            )
        counts = after
    return movements


def _counts_after(before: Counts | None, event: Event, ledger: str) -> Counts | None:
    """Return how a record counts on a ledger after an event, from the changes it made."""
    sums = Counter[Counts]({before: 1} if before else {})
    for change in event.changes:
        if change.ledger == ledger:
            sums[change.counts] += change.delta
    return next((counts for counts, total in sums.items() if total > 0), None)
