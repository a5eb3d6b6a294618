"""Refuse to restrict an appointment or an inspection on which acts of other records depend.

Extending one cannot invalidate an act, so nothing is checked then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from attrs import evolve, frozen

from peelflow.engine.fold import as_corrected
from peelflow.model.decisions import Context, Reason, Refusal, Refused
from peelflow.model.records import (
    Amended,
    Attached,
    Corrected,
    Document,
    Event,
    Migrated,
    Record,
    Relevelled,
    TransitionTaken,
)
from peelflow.register.context import APPOINTMENT, appointment_of, inspection_of
from peelflow.register.replay import (
    each_event_with_record,
    is_move_permitted,
    no_appointment_sentence,
    why_act_unlawful,
)
from peelflow.register.session import Session
from peelflow.stores.base import RecordQuery

MOST_REASONS = 10
VERB_OF = {Amended: "amend", Corrected: "correct", Migrated: "migrate", Relevelled: "relevel"}


@frozen(eq=False)
class Restriction:
    """What an event takes away.

    Args:
        concerns: Whether an event could rest on it.
        instead: What a decision may look at, once it is gone.
    """

    concerns: Callable[[Event], bool]
    instead: Callable[[Context], Context]


def check_dependents(draft: Session, before: Record, after: Record, event: Event) -> None:
    """Refuse an event on an appointment or inspection that leaves an act elsewhere unlawful.

    Acts that were unlawful before are not laid at its door.

    Raises:
        Refused: With the record, the number and the day of each act that rests on it.
    """
    narrowed = _restriction(draft, before, after)
    broken = _broken_acts(draft, before, narrowed) if narrowed else ()
    reasons: list[Reason] = []
    more = 0
    for reason in broken:
        if len(reasons) < MOST_REASONS:
            reasons.append(reason)
        else:
            more += 1
    if more:
        said = f"{more} more {'act rests' if more == 1 else 'acts rest'} on {before.id}"
        reasons.append(Reason("not yet", said, "correct them too"))
    if reasons:
        what, role = event.what, event.actor.role
        verb = what.trigger if isinstance(what, TransitionTaken) else VERB_OF.get(type(what), "")
        asked = (before.id, str(before.lifecycle), before.state, verb, role)
        raise Refused(Refusal(*asked, tuple(reasons)))


def _restriction(draft: Session, before: Record, after: Record) -> Restriction | None:
    if before.category == APPOINTMENT:
        return _appointment_restriction(draft, before, after)
    return _inspection_restriction(before, after)


def _appointment_restriction(draft: Session, before: Record, after: Record) -> Restriction | None:
    """Return what an appointment loses, None where nobody could have acted on it by today."""
    old, new = appointment_of(before), appointment_of(after)
    end, same = old.last_day or date.max, (new.person, new.role) == (old.person, old.role)
    # Nobody has acted yet on a day to come.
    lasts = new.last_day is None or new.last_day >= min(end, draft.today)
    if same and new.first_day <= old.first_day and lasts:
        return None

    def concerns(event: Event) -> bool:
        signers = (document.signed_by for document in _documents_of(event))
        return event.actor.person == old.person or old.person in signers

    def instead(context: Context) -> Context:
        left = list(context.appointments)
        if old in left:
            left.remove(old)
            left.append(new)
        return evolve(context, appointments=tuple(left))

    return Restriction(concerns, instead)


def _inspection_restriction(before: Record, after: Record) -> Restriction | None:
    """Return what an inspection loses, None where all that it could verify it still can."""
    old, new = inspection_of(before), inspection_of(after)
    if old is None or old == new:
        return None
    if (
        new is not None
        and (new.kind, new.question_set or old.question_set) == (old.kind, old.question_set)
        and new.first_day <= old.first_day
        and new.last_day >= old.last_day
        and new.questions >= old.questions
    ):
        return None

    def concerns(event: Event) -> bool:
        return isinstance(event.what, TransitionTaken) and event.what.inspection == before.id

    def instead(context: Context) -> Context:
        seen = context.inspection
        return evolve(context, inspection=new) if seen and seen.id == before.id else context

    return Restriction(concerns, instead)


def _documents_of(event: Event) -> tuple[Document, ...]:
    match event.what:
        case TransitionTaken(evidence=documents):
            return documents
        case Attached(document=document):
            return (document,)
        case _:
            return ()


def _broken_acts(draft: Session, changed: Record, narrowed: Restriction) -> Iterator[Reason]:
    """Yield why each act of the same force that rests on what narrowed would not be lawful."""
    for history in _other_histories(draft, changed):
        if not any(map(narrowed.concerns, history)):
            continue
        for event, record in each_event_with_record(history):
            why = _why_newly_unlawful(draft, event, record, narrowed) if record else ""
            if why:
                instead = f"correct event {event.number} of {event.record} first, or leave this one"
                yield Reason("not yet", f"{event.record} could not {why}", instead)


def _other_histories(draft: Session, changed: Record) -> Iterator[tuple[Event, ...]]:
    """Yield what stands of each other record of the force, one history at a time.

    The store checks the number of each when this draft is appended, so nobody comes to rest on
    what narrows meanwhile; but for a record that is not there yet, and is added, and acted on.
    """
    moved = draft.moved
    for record in draft.desk.store.records(RecordQuery(force=changed.force)):
        number = draft.rely_on(record)
        if record.id != changed.id and (number > 1 or record.id in moved):
            yield as_corrected(draft.events(record.id, stored=number))
    for name, number in moved.items():
        if not number and draft.get(name).force == changed.force:
            yield as_corrected(draft.events(name, stored=0))


def _why_newly_unlawful(draft: Session, event: Event, record: Record, narrowed: Restriction) -> str:
    """Return what could not have been done, when and why; nothing where it never was lawful."""
    what, seen = event.what, narrowed.instead
    match what:
        case TransitionTaken() if not why_act_unlawful(draft, event, what, record):
            why = why_act_unlawful(draft, event, what, record, seen=seen)
            return why and f"`{what.trigger}` on {event.on}: {why}"
        case Relevelled() | Migrated() if is_move_permitted(draft, event, record):
            lawful = is_move_permitted(draft, event, record, seen=seen)
            return (
                ""
                if lawful
                else f"have been moved on {event.on}: {no_appointment_sentence(event, record)}"
            )
        case _:
            return ""
