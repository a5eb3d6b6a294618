"""Ask of a kept correction what `correct` asks: that it can be meant, and that nothing rests on it.

What follows from another correction, of the record itself or of the one above, nobody asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from peelflow.engine.fold import as_corrected, event_corrected, is_step_at_once
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Refused
from peelflow.model.records import ChildLinked, Corrected, Event, Record
from peelflow.register.corrections import check_asked, each_resting
from peelflow.register.hierarchy import refusal_on
from peelflow.register.kept_before import is_of_before
from peelflow.register.kept_corrections import follows_above, may_follow
from peelflow.register.session import Session

History = Sequence[Event]


def check_requested(
    session: Session, history: History, event: Event, before: Record, after: Record
) -> None:
    """Refuse a correction that nobody could ask for; an earlier peelflow asked less of one.

    Args:
        session: What knows the roles and the other records.
        history: What was recorded of the record before it.
        event: The event.
        before: The record before it.
        after: The record after it.

    Raises:
        InvalidRequest: It cannot be meant of the event that it names, or lies before it.
        Refused: It withdraws a record on which children or another side's acts rest.
    """
    what = event.what
    if not isinstance(what, Corrected) or is_of_before(event):
        return
    target = event_corrected(history, event)
    if is_step_at_once(target) or isinstance(target.what, ChildLinked):
        return  # which follows, or is told
    if after.withdrawn and not before.withdrawn:
        reasons = [*each_resting(session, before, as_corrected(history), event)]
        if reasons:
            raise Refused(refusal_on(before, "correct", event.actor.role, *reasons))
    try:
        check_asked(history, event, what, history[what.event - 1])
    except InvalidRequest:
        is_along = follows_above(session, event, history, before, what)
        if not is_along and not _is_entered_as_above(session, event, before, what):
            raise


def _is_entered_as_above(session: Session, event: Event, before: Record, what: Corrected) -> bool:
    """Say whether a record was entered anew with the one above it, on whatever day it began."""
    above = session.find(before.parent) if before.parent and what.entry is not None else None
    return above is not None and any(
        may_follow(other, event) for other in session.history(above.id)
    )
