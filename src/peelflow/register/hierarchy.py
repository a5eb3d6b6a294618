"""Refuse a step that leaves a child open beneath a parent that counts closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peelflow.model.decisions import ChildrenNeed, ParentNeed, Reason, Refusal, Refused
from peelflow.model.records import Record
from peelflow.model.rules import Counts

if TYPE_CHECKING:
    from peelflow.register.session import Session


def check_hierarchy(draft: Session, before: Record, *, trigger: str, role: str) -> None:
    """Refuse a step that leaves a child open, on a ledger, under a parent closed there.

    Either closes the parent too early, or opens the child too late. Re-open the parent first, in
    the same batch: "it stays open while one child is open".

    Raises:
        Refused: The step does so; `before` is the record as it stood.
    """
    if before.parent is None and not before.children:
        return
    after = draft.get(before.id)
    _refuse_open_children(draft, before, after, trigger=trigger, role=role)
    opened = _newly_open_ledgers(draft, before, after) if before.parent is not None else frozenset()
    if opened:
        refuse_open_child(draft, after, opened, trigger=trigger, role=role)


def _refuse_open_children(
    draft: Session, before: Record, after: Record, *, trigger: str, role: str
) -> None:
    closed = _ledgers_counting(draft, after, "closed") - _ledgers_counting(draft, before, "closed")
    still = [
        child
        for child in after.children
        if closed & _ledgers_counting(draft, draft.get(child), "open")
    ]
    if still:
        reason = Reason(
            "not yet",
            f"not closed yet: {', '.join(still)}",
            "close each child first",
            asks=((ChildrenNeed(tuple(still), tuple(sorted(closed))),),),
        )
        refusal = Refusal(before.id, str(before.lifecycle), before.state, trigger, role, (reason,))
        raise Refused(refusal)


def refuse_open_child(
    draft: Session, child: Record, ledgers: frozenset[str], *, trigger: str, role: str
) -> None:
    """Raise Refused if the parent of `child` counts closed on one of `ledgers`."""
    parent = draft.get(child.parent or "")
    counts = draft.lifecycle(parent).states[parent.state].counts_as
    closed = sorted(ledger for ledger in ledgers if counts.get(ledger) == "closed")
    if closed:
        reason = Reason(
            "not yet",
            f"its parent {parent.id} counts closed on {', '.join(closed)}",
            "re-open the parent first, in the same batch",
            asks=((ParentNeed(parent.id, tuple(closed)),),),
        )
        raise Refused(
            Refusal(child.id, str(child.lifecycle), child.state, trigger, role, (reason,))
        )


def open_ledgers(draft: Session, record: Record) -> frozenset[str]:
    """Return the ledgers on which a record counts open."""
    return _ledgers_counting(draft, record, "open")


def _ledgers_counting(draft: Session, record: Record, counts: Counts) -> frozenset[str]:
    found = draft.lifecycle(record).states[record.state].counts_as
    return frozenset(ledger for ledger, count in found.items() if count == counts)


def _newly_open_ledgers(draft: Session, before: Record, after: Record) -> frozenset[str]:
    return open_ledgers(draft, after) - open_ledgers(draft, before)
