"""Parents and children over time: a correction opens no child beneath a parent that is closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from peelflow.engine.decide import reads
from peelflow.engine.fold import as_corrected, fold
from peelflow.errors import Refused
from peelflow.model.judgement import Reason, Refusal
from peelflow.model.needs import ParentNeed
from peelflow.model.records import Acted, Event, Record
from peelflow.register.draft import Draft
from peelflow.register.rejudging import (
    decided_again,
    each_moment,
    refuse_correction,
    standing_on,
)

Events = Sequence[Event]


def check_kin(draft: Draft, before: Events, after: Events) -> None:
    """Refuse a correction that its parent or its children do not bear, on any day until now.

    Raises:
        Refused: A parent closed over what the correction undoes, or would stand closed over an
            open child.
    """
    record = fold(before)
    if record.parent is not None:
        parent = as_corrected(draft.history(record.parent))
        _check_pair(draft, (parent, before), (parent, after))
        _check_closings(draft, parent, record.id, after)
    for name in record.children:
        child = as_corrected(draft.history(name))
        _check_pair(draft, (before, child), (after, child))


def _check_pair(draft: Draft, before: tuple[Events, Events], after: tuple[Events, Events]) -> None:
    """Refuse what leaves, at the end of some day, a child open beneath a parent closed there."""
    days = sorted({event.on for events in (*before, *after) for event in events})
    for day in days:
        new = _torn(draft, after, day) - _torn(draft, before, day)
        if new:
            parent, child = (fold(events) for events in after)
            ledgers = ", ".join(sorted(new))
            reason = Reason(
                "not yet",
                f"{child.id} would count open on {day}, and its parent {parent.id} closed "
                f"({ledgers})",
                f"correct or re-open {parent.id} first",
                asks=((ParentNeed(parent.id, tuple(sorted(new))),),),
            )
            asked = (child.id, str(child.lifecycle), child.state, "correct", "system")
            raise Refused(Refusal(*asked, (reason,)))


def _torn(draft: Draft, pair: tuple[Events, Events], day: date) -> frozenset[str]:
    """Return the ledgers on which the child counts open, and the parent closed, on a day."""
    parent, child = (_counts(draft, standing_on(events, day)) for events in pair)
    if day < pair[1][0].on:
        return frozenset()
    return frozenset(
        ledger
        for ledger, counts in child.items()
        if counts == "open" and parent.get(ledger) == "closed"
    )


def _counts(draft: Draft, record: Record) -> dict[str, str]:
    return dict(draft.lifecycle(record).states[record.state].counts_as)


def _check_closings(draft: Draft, parent: Events, child: str, after: Events) -> None:
    """Refuse what takes away the ground from a parent's act that looked at its children."""
    for event, record in each_moment(parent):
        what = event.what
        if record is None or not isinstance(what, Acted):
            continue
        if "children" not in reads(draft.lifecycle(record), record, what.trigger):
            continue
        if isinstance(decided_again(draft, event, what, record), Refusal):
            continue
        again = decided_again(draft, event, what, record, kin={child: after})
        if isinstance(again, Refusal):
            why = [
                f"{record.id} could not `{what.trigger}` on {event.on}: {each.sentence}"
                for each in again.reasons
            ]
            refuse_correction(record, event, why)
