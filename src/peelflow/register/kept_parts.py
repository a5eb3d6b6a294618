"""Hold what verbs add to an event by themselves to what they would have added.

The system gives no reason, source or key, and offers nothing; when a timed step fell due follows
from its rules; nobody acts for forces that there are none of; and a beginning that is entered anew
stays one of its kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from peelflow.engine.calendar import due_day
from peelflow.engine.fold import as_corrected
from peelflow.errors import InvalidRequest
from peelflow.model.records import (
    EVENT_KIND_OF,
    Added,
    Corrected,
    Event,
    Joint,
    Migrated,
    Record,
    TakenOver,
    TransitionTaken,
)
from peelflow.model.rules import SYSTEM, Transition
from peelflow.register.joint import joint_of
from peelflow.register.joint_below import joint_said
from peelflow.register.kept_before import is_of_before
from peelflow.register.session import Session
from peelflow.register.validation import NOTHING_HELD
from peelflow.stores.soundness import documents_of, entry_of


def check_parts_added(
    session: Session, history: Sequence[Event], event: Event, before: Record | None
) -> None:
    """Refuse an event of which a part is not what a verb would have added to it by itself.

    Args:
        session: What knows the rules.
        history: What was recorded of the record before it.
        event: The event.
        before: The record before it; None where it is its first.

    Raises:
        InvalidRequest: With what it says.
    """
    _check_given(event)
    _check_acting(event)
    if is_of_before(event):
        return
    for document in documents_of(event):
        if document.size == 0:
            raise InvalidRequest(f"the document {document.name!r}", "holds nothing", NOTHING_HELD)
    match event.what:
        case TransitionTaken() as what if before is not None:
            _check_due(session, event, what, before)
        case Corrected(entry=entry, to=to) if entry is not None and before is not None:
            _check_kind(history, event, entry, to)
        case _:
            pass


def _check_given(event: Event) -> None:
    """Refuse what an event is given that no verb takes for one of its kind."""
    what = event.what
    if isinstance(what, Migrated) and event.key is not None:
        why, instead = f"bears the key {event.key!r:.80}", "move it without one"
        raise InvalidRequest(f"{event.record}: its move to other rules", why, instead)
    if not isinstance(what, TransitionTaken) or event.actor.role != SYSTEM:
        return
    words = {
        "reason": event.reason,
        "source": event.source,
        "key": event.key,
        "inspection": what.inspection,
        "successor": what.successor,
        "document": what.evidence or None,
    }
    given = [name for name, word in words.items() if word is not None]
    if given:
        where, why = f"{event.record}: a step of the system's", f"gives a {' and a '.join(given)}"
        raise InvalidRequest(where, why, "leave it to peelflow, or have a person take a step")


def _check_acting(event: Event) -> None:
    """Refuse that others act on a record than its lead force, where it is of no others."""
    entry = entry_of(event)
    joint = joint_said(event) if entry is None else joint_of(entry)
    if joint is not None and joint.acts != Joint(joint.forces).acts and not joint.forces:
        why = "is of its lead force alone, and of no others that could act on it"
        raise InvalidRequest(event.record, why, "name the forces that it is joint with")


def _check_kind(
    history: Sequence[Event], event: Event, entry: Added | TakenOver, to: date | None
) -> None:
    """Refuse a beginning entered anew as one of another kind, or taken over as at another day."""
    first = history[0]
    if type(entry) is not type(first.what):
        was, now = (EVENT_KIND_OF[type(what)] for what in (first.what, entry))
        why = f"is entered anew as `{now}`, and was `{was}`"
        raise InvalidRequest(f"{event.record}: event 1", why, "withdraw it, and enter another")
    if isinstance(entry, TakenOver) and to != (stood := as_corrected(history)[0].on):
        why = f"is entered anew as at {to}, and was taken over as at {stood}"
        raise InvalidRequest(f"{event.record}: event 1", why, "re-date it")


def _check_due(session: Session, event: Event, what: TransitionTaken, before: Record) -> None:
    """Refuse another day than that on which a timed step fell due, where no holidays decide it."""
    steps = session.lifecycle(before).states[before.state].transitions
    taken = [step for step in steps if (step.trigger, step.to) == (what.trigger, what.new)]
    if any(step.after is not None and step.after.working_days is not None for step in taken):
        return  # what holidays were announced then may be known otherwise by now
    days = {_day_due(step, before) for step in taken}
    if taken and what.due not in days:
        due = " or ".join(sorted(f"{day or 'no day'}" for day in days))
        where = f"{event.record}: the step `{what.trigger}`"
        why = f"says that it fell due on {what.due or 'no day'}, and it did on {due}"
        raise InvalidRequest(where, why, "leave it to `tick`")


def _day_due(step: Transition, before: Record) -> date | None:
    day = due_day(step.after, before, None) if step.after is not None else None
    return day if isinstance(day, date) else None
