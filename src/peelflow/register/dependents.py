"""Refuse to restrict what acts depend on: an appointment, an inspection, or a record's own field.

Extending one cannot invalidate an act, so nothing is checked then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from itertools import islice

from attrs import evolve

from peelflow.engine.fold import apply, as_corrected
from peelflow.engine.machine import machine_for
from peelflow.model.decisions import Appointment, Context, Reason, Refused
from peelflow.model.questions import inspected_set
from peelflow.model.records import (
    Amended,
    Attached,
    Corrected,
    Document,
    Event,
    EventPayload,
    Migrated,
    Record,
    Relevelled,
    TransitionTaken,
)
from peelflow.model.triggers import triggers_of_others, triggers_sending_back
from peelflow.register.context import APPOINTMENT
from peelflow.register.hierarchy import refusal_on
from peelflow.register.joint import check_every_force_seen
from peelflow.register.permission import (
    ContextChange,
    as_recorded,
    is_move_permitted,
    no_appointment_sentence,
)
from peelflow.register.related_records import appointment_of, inspection_of
from peelflow.register.replay import (
    correct_first,
    each_event_with_record,
    why_act_unlawful,
)
from peelflow.register.session import Session
from peelflow.results import frozen
from peelflow.stores.base import RecordQuery

MOST_REASONS = 10
VERB_OF: dict[type[EventPayload], str] = {
    Amended: "amend",
    Corrected: "correct",
    Migrated: "migrate",
    Relevelled: "relevel",
}


@frozen(eq=False)
class Restriction:
    """What an event takes away.

    Args:
        affects: Whether an event could rest on it.
        context_without: What a decision may look at, once it is gone.
        is_gone: Whether nothing is left that an event could name.
    """

    affects: Callable[[Event], bool]
    context_without: Callable[[Context], Context]
    is_gone: bool = False


def check_dependents(session: Session, before: Record, after: Record, event: Event) -> None:
    """Refuse an event on an appointment or inspection that leaves an act elsewhere unlawful.

    Acts that were unlawful before are not laid at its door.

    Raises:
        Refused: With the record, the number and the day of each act that rests on it.
    """
    restriction = _restriction(session, before, after)
    broken = _broken_acts(session, before, restriction) if restriction else iter(())
    reasons = list(islice(broken, MOST_REASONS))
    more = sum(1 for _ in broken)
    if more:
        rest = f"{more} more {'act rests' if more == 1 else 'acts rest'} on {before.id}"
        reasons.append(Reason("not yet", rest, "correct them too"))
    if reasons:
        what = event.what
        verb = what.trigger if isinstance(what, TransitionTaken) else VERB_OF.get(type(what), "")
        raise Refused(refusal_on(before, verb, event.actor.role, *reasons))


OTHER_LEVELS_SINCE = datetime(2026, 12, 1, tzinfo=UTC)
"""When amendments were all held to what others had done at another level."""


def check_standing_acts(
    session: Session,
    before: Record,
    event: Event,
    history: Callable[[], Sequence[Event]],
    *,
    change_context: ContextChange = as_recorded,
    of_other_levels: bool = True,
) -> None:
    """Refuse to amend a field so that somebody else's act, which stands, would be unlawful.

    That is an act of another side's than the force since the record was last sent back or
    re-opened, such as the verification by which it is closed: it stands on what the field said,
    also once the record is of another level, whose words may call it a step of the force's. A
    field on which anybody's act since then stands is not cleared either, such as an owner.

    Args:
        session: What looks around.
        before: The record before it.
        event: The amendment.
        history: Returns what was recorded of the record before it: it is read where it is needed.
        change_context: Returns what an act may look at as it is to be seen.
        of_other_levels: Whether what was done at another level is asked for by whom, though its
            rules of now call it a step of the force's; an earlier peelflow did not ask.

    Raises:
        Refused: With the number and the day of each such act.
    """
    rules, done = session.lifecycle(before), before.done.keys()
    clears = isinstance(event.what, Amended) and event.what.new is None
    # What these rules have no name for was done under others, by whom only the history tells.
    is_own = done <= machine_for(rules).events.keys() - triggers_of_others(rules)
    if not clears and is_own and not (of_other_levels and _was_done_before_states(before)):
        return
    acts = _acts_since_sent_back(session, as_corrected(history()))
    reasons = [
        Reason("not yet", f"{act.record} could not {why}", correct_first(act))
        for act, record in acts
        if clears or _is_of_others(session, act, record)
        for why in [_why_unlawful_with(session, act, record, event, change_context)]
        if why
    ]
    if reasons:
        raise Refused(refusal_on(before, "amend", event.actor.role, *reasons))


def _was_done_before_states(record: Record) -> bool:
    """Say whether something was done on a record before any state that it counts as entered.

    So it is of what was done at another level: the move to this one entered every state anew.
    """
    first = min(moment.number for moment in record.entered.values())
    return any(last.number < first for last in record.done.values())


def _acts_since_sent_back(session: Session, history: Sequence[Event]) -> list[tuple[Event, Record]]:
    """Return what was done since a record was last sent back, by the rules of each time."""
    acts: list[tuple[Event, Record]] = []
    for event, record in each_event_with_record(history):
        what = event.what
        if record is not None and isinstance(what, TransitionTaken):
            if what.trigger in triggers_sending_back(session.lifecycle(record)):
                acts.clear()
            else:
                acts.append((event, record))
    return acts


def _is_of_others(session: Session, act: Event, record: Record) -> bool:
    role = session.lifecycle(record).roles.get(act.actor.role)
    return role is not None and role.side not in {"force", "system"}


def _why_unlawful_with(
    session: Session, act: Event, record: Record, amendment: Event, change_context: ContextChange
) -> str:
    """Return what could not have been done, had a field been then what it is to be."""
    what, judge = act.what, partial(why_act_unlawful, change_context=change_context)
    if not isinstance(what, TransitionTaken) or judge(session, act, what, record):
        return ""
    amended = evolve(record, fields=apply(record, amendment).fields)
    why = judge(session, act, what, amended)
    return why and f"`{what.trigger}` on {act.on}: {why}"


def _restriction(session: Session, before: Record, after: Record) -> Restriction | None:
    if before.withdrawn:
        return None
    stays = None if after.withdrawn or after.category != before.category else after
    if before.category == APPOINTMENT:
        return _appointment_restriction(session, before, stays)
    return _inspection_restriction(session, before, stays)


def _appointment_restriction(
    session: Session, before: Record, after: Record | None
) -> Restriction | None:
    """Return what an appointment loses, None where nobody could have acted on it by today."""
    old, new = appointment_of(before), appointment_of(after) if after else None
    if new is not None and _is_held_as_long(old, new, session.today):
        return None

    def affects(event: Event) -> bool:
        signers = (document.signed_by for document in _documents_of(event))
        return event.actor.person == old.person or old.person in signers

    def context_without(context: Context) -> Context:
        appointments = list(context.appointments)
        if old in appointments:
            appointments.remove(old)
            appointments += [new] if new else []
        return evolve(context, appointments=tuple(appointments))

    return Restriction(affects, context_without)


def _is_held_as_long(old: Appointment, new: Appointment, today: date) -> bool:
    """Say whether what was acted on under an appointment could be under another."""
    same = (new.person, new.role, new.force) == (old.person, old.role, old.force)
    # Nobody has acted yet on a day to come.
    lasts = new.last_day is None or new.last_day >= min(old.last_day or date.max, today)
    return same and new.first_day <= old.first_day and lasts


def _inspection_restriction(
    session: Session, before: Record, after: Record | None
) -> Restriction | None:
    """Return what an inspection loses, None where all that it could verify it still can."""
    old = inspection_of(before, session.lifecycle(before))
    new = inspection_of(after, session.lifecycle(after)) if after else None
    if after is not None and (old is None or old == new):
        return None
    sets = session.rulebook.vocabulary.question_sets
    if (
        old is not None
        and new is not None
        and (new.kind, inspected_set(new, sets)) == (old.kind, inspected_set(old, sets))
        and {new.force, *new.joint_with} >= {old.force, *old.joint_with}
        and new.first_day <= old.first_day
        and new.last_day >= old.last_day
        and new.questions >= old.questions
    ):
        return None

    def affects(event: Event) -> bool:
        return isinstance(event.what, TransitionTaken) and event.what.inspection == before.id

    def context_without(context: Context) -> Context:
        read = context.inspection
        return evolve(context, inspection=new) if read and read.id == before.id else context

    return Restriction(affects, context_without, is_gone=after is None)


def _documents_of(event: Event) -> tuple[Document, ...]:
    match event.what:
        case TransitionTaken(evidence=documents):
            return documents
        case Attached(document=document):
            return (document,)
        case _:
            return ()


def _broken_acts(session: Session, changed: Record, restriction: Restriction) -> Iterator[Reason]:
    """Yield why each act of the same force that rests on what is restricted would not be lawful."""
    for history in _other_histories(session, changed):
        if not any(map(restriction.affects, history)):
            continue
        for event, record in each_event_with_record(history):
            why = _why_newly_unlawful(session, event, record, restriction) if record else ""
            if why:
                yield Reason("not yet", f"{event.record} could not {why}", correct_first(event))
        yield from _broken_amendments(session, history, restriction)


def _broken_amendments(
    session: Session, history: Sequence[Event], restriction: Restriction
) -> Iterator[Reason]:
    """Yield why another side's act would not stand any more on what a field was amended to.

    It was lawful by what the field said then, and is; what that was amended to was lawful by what
    is restricted.
    """
    for place, event in enumerate(history):
        acts = _acts_since_sent_back(session, history[:place]) if _amends(event) else []
        for act, record in acts:
            if not restriction.affects(act) or not _is_of_others(session, act, record):
                continue
            judge = partial(_why_unlawful_with, session, act, record, event)
            why = "" if judge(as_recorded) else judge(restriction.context_without)
            if why:
                what = f"{act.record} could not {why}, as event {event.number} has it"
                yield Reason("not yet", what, correct_first(event))


def _amends(event: Event) -> bool:
    return isinstance(event.what, Amended)


def _other_histories(session: Session, changed: Record) -> Iterator[tuple[Event, ...]]:
    """Yield what stands of each other record of the force, one history at a time.

    The store checks the number of each when this session is committed, and that there is no other
    by then, so nobody comes to rest on what narrows meanwhile.
    """
    changed_numbers = session.changed_records()
    for record in _each_of_its_forces(session, changed):
        number = session.recheck(record)
        if record.id != changed.id and (number > 1 or record.id in changed_numbers):
            yield as_corrected(session.events(record.id, stored=number))
    for name, number in changed_numbers.items():
        forces = session.get(name).forces
        if not number and not {*forces}.isdisjoint(changed.forces):
            yield as_corrected(session.events(name, stored=0))


def _each_of_its_forces(session: Session, changed: Record) -> Iterator[Record]:
    """Yield each record that is or was of the forces that one is of.

    Raises:
        InvalidRequest: The register is opened for one of several forces, whose acts it cannot see.
    """
    check_every_force_seen(session, changed, "acts of its other forces may rest on it")
    seen = set[str]()
    for force in changed.forces:
        for record in session.listed(RecordQuery(force=force)):
            if record.id not in seen:
                seen.add(record.id)
                yield record


def _why_newly_unlawful(
    session: Session, event: Event, record: Record, restriction: Restriction
) -> str:
    """Return what could not have been done, when and why; nothing where it never was lawful."""
    what, change = event.what, restriction.context_without
    match what:
        case TransitionTaken() if not why_act_unlawful(session, event, what, record):
            why = why_act_unlawful(session, event, what, record, change_context=change)
            if not why and restriction.is_gone and restriction.affects(event):
                why = f"the inspection {what.inspection} would be none"  # rules ask for none
            return why and f"`{what.trigger}` on {event.on}: {why}"
        case Relevelled() | Migrated() if is_move_permitted(session, event, record):
            if is_move_permitted(session, event, record, change_context=change):
                return ""
            return f"have been moved on {event.on}: {no_appointment_sentence(event, record)}"
        case _:
            return ""
