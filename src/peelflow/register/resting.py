"""What rests on an appointment or an inspection: acts of other records, judged when it narrows.

Whoever shortens an appointment, or calls an inspection off, says that it never was as an act took
it to be. What only widens it lets nothing go that was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from attrs import evolve, frozen

from peelflow.engine.fold import as_corrected
from peelflow.errors import Refused
from peelflow.model.judgement import Context, Reason, Refusal
from peelflow.model.records import (
    Acted,
    Amended,
    Attached,
    Corrected,
    Document,
    Event,
    Migrated,
    Record,
    Relevelled,
)
from peelflow.register.draft import Draft
from peelflow.register.rejudging import each_moment, may_move, unappointed, unlawful_act
from peelflow.register.situation import APPOINTMENT, appointment_of, inspection_of
from peelflow.stores.protocol import Wanted

MOST = 10
VERBS = {Amended: "amend", Corrected: "correct", Migrated: "migrate", Relevelled: "relevel"}


@frozen(eq=False)
class Narrowed:
    """What an event takes away.

    Args:
        concerns: Whether an event could rest on it.
        instead: What a decision may look at, once it is gone.
    """

    concerns: Callable[[Event], bool]
    instead: Callable[[Context], Context]


def check_resting(draft: Draft, before: Record, after: Record, event: Event) -> None:
    """Refuse an event on an appointment or inspection that leaves an act elsewhere unlawful.

    Acts that were unlawful before are not laid at its door.

    Raises:
        Refused: With the record, the number and the day of each act that rests on it.
    """
    narrowed = _narrowed(draft, before, after)
    broken = _broken(draft, before, narrowed) if narrowed else ()
    reasons: list[Reason] = []
    more = 0
    for reason in broken:
        if len(reasons) < MOST:
            reasons.append(reason)
        else:
            more += 1
    if more:
        said = f"{more} more {'act rests' if more == 1 else 'acts rest'} on {before.id}"
        reasons.append(Reason("not yet", said, "correct them too"))
    if reasons:
        what, role = event.what, event.actor.role
        verb = what.trigger if isinstance(what, Acted) else VERBS.get(type(what), "")
        asked = (before.id, str(before.lifecycle), before.state, verb, role)
        raise Refused(Refusal(*asked, tuple(reasons)))


def _narrowed(draft: Draft, before: Record, after: Record) -> Narrowed | None:
    if before.category == APPOINTMENT:
        return _shortened(draft, before, after)
    return _called_off(before, after)


def _shortened(draft: Draft, before: Record, after: Record) -> Narrowed | None:
    """Return what an appointment loses, None where nobody could have acted on it by today."""
    old, new = appointment_of(before), appointment_of(after)
    end, same = old.last_day or date.max, (new.person, new.role) == (old.person, old.role)
    # Nobody has acted yet on a day to come.
    lasts = new.last_day is None or new.last_day >= min(end, draft.today)
    if same and new.first_day <= old.first_day and lasts:
        return None

    def concerns(event: Event) -> bool:
        signers = (document.signed_by for document in _documents(event))
        return event.actor.person == old.person or old.person in signers

    def instead(context: Context) -> Context:
        left = list(context.appointments)
        if old in left:
            left.remove(old)
            left.append(new)
        return evolve(context, appointments=tuple(left))

    return Narrowed(concerns, instead)


def _called_off(before: Record, after: Record) -> Narrowed | None:
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
        return isinstance(event.what, Acted) and event.what.inspection == before.id

    def instead(context: Context) -> Context:
        seen = context.inspection
        return evolve(context, inspection=new) if seen and seen.id == before.id else context

    return Narrowed(concerns, instead)


def _documents(event: Event) -> tuple[Document, ...]:
    match event.what:
        case Acted(evidence=documents):
            return documents
        case Attached(document=document):
            return (document,)
        case _:
            return ()


def _broken(draft: Draft, changed: Record, narrowed: Narrowed) -> Iterator[Reason]:
    """Yield why each act of the same force that rests on what narrowed would not be lawful."""
    for history in _others(draft, changed):
        if not any(map(narrowed.concerns, history)):
            continue
        for event, record in each_moment(history):
            why = _unlawful(draft, event, record, narrowed) if record else ""
            if why:
                instead = f"correct event {event.number} of {event.record} first, or leave this one"
                yield Reason("not yet", f"{event.record} could not {why}", instead)


def _others(draft: Draft, changed: Record) -> Iterator[tuple[Event, ...]]:
    """Yield what stands of each other record of the force, one history at a time.

    The store checks the number of each when this draft is appended, so nobody comes to rest on
    what narrows meanwhile; but for a record that is not there yet, and is added, and acted on.
    """
    moved = draft.moved
    for record in draft.desk.store.records(Wanted(force=changed.force)):
        number = draft.rely_on(record)
        if record.id != changed.id and (number > 1 or record.id in moved):
            yield as_corrected(draft.events(record.id, stored=number))
    for name, number in moved.items():
        if not number and draft.get(name).force == changed.force:
            yield as_corrected(draft.events(name, stored=0))


def _unlawful(draft: Draft, event: Event, record: Record, narrowed: Narrowed) -> str:
    """Return what could not have been done, when and why; nothing where it never was lawful."""
    what, seen = event.what, narrowed.instead
    match what:
        case Acted() if not unlawful_act(draft, event, what, record):
            why = unlawful_act(draft, event, what, record, seen=seen)
            return why and f"`{what.trigger}` on {event.on}: {why}"
        case Relevelled() | Migrated() if may_move(draft, event, record):
            lawful = may_move(draft, event, record, seen=seen)
            return "" if lawful else f"have been moved on {event.on}: {unappointed(event, record)}"
        case _:
            return ""
