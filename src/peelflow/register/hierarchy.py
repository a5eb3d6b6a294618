"""Refuse a step that leaves a child open beneath a parent that counts closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from peelflow.engine.fold import apply, begin, fold
from peelflow.model.decisions import ChildrenNeed, ParentNeed, Reason, Refusal, Refused
from peelflow.model.records import Event, Record
from peelflow.model.rules import Counts
from peelflow.register.context import ReadSet

History = Sequence[Event]


def check_hierarchy(
    reads: ReadSet, before: Record, after: Record, *, trigger: str, role: str
) -> None:
    """Refuse a step that leaves a child open, on a ledger, under a parent closed there.

    Either closes the parent too early, or opens the child too late. Re-open the parent first, in
    the same batch: "it stays open while one child is open".

    Raises:
        Refused: The step does so.
    """
    _refuse_open_children(reads, before, after, trigger=trigger, role=role)
    if before.parent is not None:
        opened = open_ledgers(reads, after) - open_ledgers(reads, before)
        refuse_open_child(reads, before, opened, trigger=trigger, role=role)


def _refuse_open_children(
    reads: ReadSet, before: Record, after: Record, *, trigger: str, role: str
) -> None:
    closed = _ledgers_counting(reads, after, "closed") - _ledgers_counting(reads, before, "closed")
    still_open = [
        child for child in after.children if closed & open_ledgers(reads, reads.get(child))
    ]
    if still_open:
        reason = Reason(
            "not yet",
            f"not closed yet: {', '.join(still_open)}",
            "close each child first",
            asks=((ChildrenNeed(tuple(still_open), tuple(sorted(closed))),),),
        )
        raise Refused(refusal_on(before, trigger, role, reason))


def refuse_open_child(
    reads: ReadSet, child: Record, ledgers: frozenset[str], *, trigger: str, role: str
) -> None:
    """Raise Refused if the parent of `child` counts closed on one of `ledgers`.

    Args:
        reads: What the parent is read from.
        child: The record as it stands, before the step.
        ledgers: Where the step makes it count open.
        trigger: The step.
        role: Who takes it.
    """
    if not ledgers:
        return
    parent = reads.get(child.parent or "")
    closed = sorted(ledgers & _ledgers_counting(reads, parent, "closed"))
    if closed:
        reason = Reason(
            "not yet",
            f"its parent {parent.id} counts closed on {', '.join(closed)}",
            "re-open the parent first, in the same batch",
            asks=((ParentNeed(parent.id, tuple(closed)),),),
        )
        raise Refused(refusal_on(child, trigger, role, reason))


def refusal_on(record: Record, trigger: str, role: str, *reasons: Reason) -> Refusal:
    """Return the refusal of a trigger on a record where it stands."""
    return Refusal(record.id, str(record.lifecycle), record.state, trigger, role, reasons)


def open_ledgers(reads: ReadSet, record: Record) -> frozenset[str]:
    """Return the ledgers on which a record counts open."""
    return _ledgers_counting(reads, record, "open")


def _ledgers_counting(reads: ReadSet, record: Record, counts: Counts) -> frozenset[str]:
    counts_as = reads.lifecycle(record).states[record.state].counts_as
    return frozenset(ledger for ledger, count in counts_as.items() if count == counts)


def record_at(events: History, day: date) -> Record:
    """Return a record at the end of a day: what its events up to then make, at least the first."""
    record = begin(events[0])
    for event in events[1:]:
        if event.on > day:
            break
        record = apply(record, event)
    return record


def check_pair_over_time(
    reads: ReadSet, before: tuple[History, History], after: tuple[History, History]
) -> None:
    """Refuse what leaves, at the end of some day, a child open beneath a parent closed there.

    Args:
        reads: What it reads the rules by.
        before: The histories of the parent and of the child, as they stood.
        after: The same, as they would stand; what conflicted before is not refused.

    Raises:
        Refused: With the first such day.
    """
    days = sorted({event.on for events in (*before, *after) for event in events})
    for day in days:
        ledgers = _conflicting_ledgers(reads, after, day) - _conflicting_ledgers(reads, before, day)
        if ledgers:
            parent, child = (fold(events) for events in after)
            listed = tuple(sorted(ledgers))
            reason = Reason(
                "not yet",
                f"{child.id} would count open on {day}, and its parent {parent.id} closed "
                f"({', '.join(listed)})",
                f"correct or re-open {parent.id} first",
                asks=((ParentNeed(parent.id, listed),),),
            )
            raise Refused(refusal_on(child, "correct", "system", reason))


def _conflicting_ledgers(
    reads: ReadSet, pair: tuple[History, History], day: date
) -> frozenset[str]:
    """Return the ledgers on which the child counts open, and the parent closed, on a day."""
    parent, child = pair
    if day < child[0].on:
        return frozenset()
    closed = _ledgers_counting(reads, record_at(parent, day), "closed")
    return open_ledgers(reads, record_at(child, day)) & closed
