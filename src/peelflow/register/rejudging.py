"""Judge again what stands of a record's history, as if its acts came one after another anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from attrs import evolve

from peelflow.engine.decide import PEELFLOW, automatic, decide, reads
from peelflow.engine.evidence import holds_role
from peelflow.engine.fold import apply, as_corrected, begin, fold
from peelflow.errors import Refused, RequestRefused
from peelflow.model.judgement import Child, Context, Mention, Reason, Refusal
from peelflow.model.records import (
    Act,
    Acted,
    Amended,
    Attached,
    Event,
    Linked,
    Migrated,
    Record,
    Relevelled,
)
from peelflow.model.rules import SYSTEM
from peelflow.register.draft import Draft
from peelflow.register.fields import checked_days
from peelflow.register.situation import child_of, is_signed_later

Events = Sequence[Event]
NOBODY: Mapping[str, Events] = {}
Seen = Callable[[Context], Context]


def as_it_is(context: Context) -> Context:
    """Return what a decision may look at, as it is recorded by now."""
    return context


def judge_again(draft: Draft, history: Events, after: Events, *, since: int) -> None:
    """Refuse a correction that leaves something unlawful.

    Args:
        draft: What looks around.
        history: What was recorded, without the correction.
        after: What stands with it.
        since: The number of the first event that may have changed; those before it were judged.

    Raises:
        Refused: An act, a move or a step of the system's would not come out as it was recorded.
        RequestRefused: The record would have begun under other rules.
    """
    if after[0].on != as_corrected(history)[0].on:
        check_beginning(draft, after[0])
    for place, (event, record) in enumerate(each_moment(after)):
        if event.number < since:
            continue
        if record is not None:
            why = _unlawful(draft, event, record, history)
            _refuse(record, event, why)
        then = begin(event) if record is None else apply(record, event)
        _check_left_alone(draft, then, event, after[place + 1 :])


def each_moment(events: Events) -> Iterator[tuple[Event, Record | None]]:
    """Yield each event with the record as it stood before it, None before the first."""
    record: Record | None = None
    for event in events:
        yield event, record
        record = begin(event) if record is None else apply(record, event)


def check_beginning(draft: Draft, first: Event) -> None:
    """Refuse to move a record's beginning to where other rules were in force."""
    record = begin(first)
    if record.issued > record.on:
        why = f"would be taken over before {record.issued}, when it was issued"
        raise RequestRefused(first.record, why, "give a later day")
    rules = draft.rulebook.lifecycle_for(record.category, record.level, record.issued)
    if not record.assumed and rules.pin != record.lifecycle:
        why = f"would begin under {rules}, in force on {first.on}, not {record.lifecycle}"
        raise RequestRefused(first.record, why, f"give a day on which {record.lifecycle} was")


def decided_again(
    draft: Draft,
    event: Event,
    what: Acted,
    record: Record,
    *,
    kin: Mapping[str, Events] = NOBODY,
    seen: Seen = as_it_is,
) -> Event | Refusal:
    """Return what the engine makes of a recorded act on the record as it then stood.

    Args:
        draft: What looks around.
        event: The act's event, on its day.
        what: What it did.
        record: The record before it.
        kin: What stands of its children's histories, where that is to be other than recorded.
        seen: Returns people and inspections as they are to be seen, where not as recorded.
    """
    act = Act(
        what.trigger,
        event.actor,
        event.on,
        event.recorded_by,
        what.evidence,
        what.inspection,
        event.reason,
        what.successor,
        event.source,
    )
    return _decided(draft, act, record, event.recorded_at, kin=kin, seen=seen)


def _decided(
    draft: Draft,
    act: Act,
    record: Record,
    known: datetime,
    *,
    kin: Mapping[str, Events] = NOBODY,
    seen: Seen = as_it_is,
) -> Event | Refusal:
    """Decide an act anew, among the children of its day and what was known when it was recorded."""
    rules = draft.lifecycle(record)
    context = seen(draft.context(rules, record, act))
    if "children" in reads(rules, record, act.trigger):
        children = [_child_on(draft, each, act.on, kin) for each in record.children]
        context = evolve(context, children=tuple(children))
    mentions = tuple(each for each in context.mentions if _named_then(draft, each, known))
    return decide(rules, record, act, evolve(context, mentions=mentions))


def _named_then(draft: Draft, mention: Mention, known: datetime) -> bool:
    """Whether a record named already then what it names now."""
    history = draft.history(mention.id)
    then = [event for event in history if event.recorded_at <= known]
    return bool(then) and fold(then).fields.get(mention.field) == mention.names


def _child_on(draft: Draft, name: str, day: date, kin: Mapping[str, Events]) -> Child:
    stood = standing_on(kin.get(name) or as_corrected(draft.history(name)), day)
    return child_of(stood, draft.lifecycle(stood))


def standing_on(events: Events, day: date) -> Record:
    """Return a record at the end of a day: what its events up to then make, at least the first."""
    record = begin(events[0])
    for event in events[1:]:
        if event.on > day:
            break
        record = apply(record, event)
    return record


def _unlawful(draft: Draft, event: Event, record: Record, history: Events) -> str:
    """Return why an event could not have happened to the record as it then stands, or nothing."""
    if event.on < record.on and not isinstance(event.what, Linked):
        return f"it would lie before {record.on}, when the event before it happened"
    match event.what:
        case Acted() as what:
            return unlawful_act(draft, event, what, record)
        # INVARIANT: no correction let a move begin elsewhere than it did when it was recorded.
        case Relevelled() | Migrated() if _place(fold(history[: event.number - 1])) != _place(
            record
        ):
            return f"it moved a record that was not `{record.state}` under {record.lifecycle}"
        case Relevelled() | Migrated() if not may_move(draft, event, record):
            return unappointed(event, record)
        case Amended():
            fields = apply(record, event).fields
            checked_days(dict(fields), record=record.id)
            return ""
        case Attached(document=document) if is_signed_later(document, event.on):
            return f"{document.name} is signed on {document.signed_on}, after it was attached"
        case Attached() | Linked() | _:
            return ""


def may_move(draft: Draft, event: Event, record: Record, *, seen: Seen = as_it_is) -> bool:
    """Say whether who moved a record to other rules held the role on that day, if it needs one.

    Args:
        draft: What looks around.
        event: The move.
        record: The record before it.
        seen: Returns people as they are to be seen, where not as recorded.
    """
    role = draft.rulebook.vocabulary.roles.get(event.actor.role)
    if role is None or not role.by_appointment:
        return True
    act = Act("migrate", event.actor, event.on, event.recorded_by)
    context = Context(draft.now, draft.today, draft.appointments(record, act))
    return holds_role(record, act, seen(context))


def unappointed(event: Event, record: Record) -> str:
    """Say that nobody had appointed who moved a record to other rules."""
    return f"{event.actor} held no appointment in {record.force} on {event.on}"


def unlawful_act(
    draft: Draft, event: Event, what: Acted, record: Record, *, seen: Seen = as_it_is
) -> str:
    """Return why an act would not come out on a record as it was recorded, or nothing.

    Args:
        draft: What looks around.
        event: The act's event, on its day.
        what: What it did.
        record: The record before it.
        seen: Returns people and inspections as they are to be seen, where not as recorded.
    """
    again = decided_again(draft, event, what, record, seen=seen)
    if isinstance(again, Refusal):
        return "; ".join(reason.sentence for reason in again.reasons)
    if _came(again) != _came(event):
        return "it would lead elsewhere, or use up other documents, than was recorded"
    return ""


def _came(event: Event) -> tuple[object, ...]:
    what = event.what
    return (what.new, what.national, what.counted) if isinstance(what, Acted) else ()


def _place(record: Record) -> tuple[object, ...]:
    return record.lifecycle, record.state, record.level


def _check_left_alone(draft: Draft, record: Record, event: Event, later: Events) -> None:
    """Refuse a history in which the system would have gone on by itself, and did not."""
    if isinstance(event.what, (Attached, Amended, Linked)):
        return
    following = next(iter(later), None)
    for trigger in automatic(draft.lifecycle(record), record.state):
        act = Act(trigger, PEELFLOW, event.on, PEELFLOW.person)
        if isinstance(_decided(draft, act, record, event.recorded_at), Event):
            if not _does(following, trigger):
                _refuse(record, event, f"the system would then `{trigger}` at once")
            return


def _does(event: Event | None, trigger: str) -> bool:
    what = event.what if event else None
    return isinstance(what, Acted) and what.trigger == trigger and _by_system(event)


def _by_system(event: Event | None) -> bool:
    return event is not None and event.actor.role == SYSTEM


def _refuse(record: Record, event: Event, why: str) -> None:
    if why:
        refuse_correction(record, event, [f"event {event.number} of {event.on} would break: {why}"])


def refuse_correction(record: Record, event: Event, why: Iterable[str]) -> None:
    """Raise Refused: a correction would leave what is not lawful."""
    instead = f"correct event {event.number} of {event.record} first, or leave this one"
    reasons = tuple(Reason("not yet", each, instead) for each in why)
    asked = (record.id, str(record.lifecycle), record.state, "correct", event.actor.role)
    raise Refused(Refusal(*asked, reasons))
