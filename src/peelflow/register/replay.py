"""Judge a corrected history by deciding its acts again, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import takewhile

from attrs import evolve

from peelflow.engine.decide import automatic_triggers, decide, reads
from peelflow.engine.fold import apply, as_corrected, begin, changes_of, compensating_changes, fold
from peelflow.engine.requirements import holds_role
from peelflow.errors import InvalidRequest, Refused
from peelflow.model.decisions import (
    Act,
    Child,
    Context,
    ParentNeed,
    Reason,
    RecordReference,
    Refusal,
)
from peelflow.model.records import (
    PEELFLOW,
    Amended,
    Attached,
    ChildLinked,
    Corrected,
    Event,
    Migrated,
    Record,
    Relevelled,
    TransitionTaken,
)
from peelflow.model.rules import SYSTEM
from peelflow.register.context import child_of, is_signed_later
from peelflow.register.session import Session
from peelflow.register.validation import check_not_future, checked_days, role_of

Events = Sequence[Event]
NO_CHILDREN: Mapping[str, Events] = {}
ContextChange = Callable[[Context], Context]


def as_recorded(context: Context) -> Context:
    """Return what a decision may look at, as it is recorded by now."""
    return context


def check_replay(draft: Session, history: Events, after: Events, *, since: int) -> None:
    """Refuse a correction that leaves something unlawful.

    Args:
        draft: What looks around.
        history: What was recorded, without the correction.
        after: What stands with it.
        since: The number of the first event that may have changed; those before it were judged.

    Raises:
        Refused: An act, a move or a step of the system's would not come out as it was recorded.
        InvalidRequest: The record would have begun under other rules.
    """
    if after[0].on != as_corrected(history)[0].on:
        check_beginning(draft, after[0])
    for place, (event, record) in enumerate(each_event_with_record(after)):
        if event.number < since:
            continue
        if record is not None:
            why = _why_event_unlawful(draft, event, record, history)
            _refuse_broken_event(record, event, why)
        then = begin(event) if record is None else apply(record, event)
        _check_no_automatic_step_missed(draft, then, event, after[place + 1 :])


def each_event_with_record(events: Events) -> Iterator[tuple[Event, Record | None]]:
    """Yield each event with the record as it stood before it, None before the first."""
    record: Record | None = None
    for event in events:
        yield event, record
        record = begin(event) if record is None else apply(record, event)


def check_beginning(draft: Session, first: Event) -> None:
    """Refuse to move a record's beginning to where other rules were in force."""
    record = begin(first)
    if record.issued > record.on:
        why = f"would be taken over before {record.issued}, when it was issued"
        raise InvalidRequest(first.record, why, "give a later day")
    rules = draft.rulebook.lifecycle_for(record.category, record.level, record.issued)
    if not record.assumed and rules.pin != record.lifecycle:
        why = f"would begin under {rules}, in force on {first.on}, not {record.lifecycle}"
        raise InvalidRequest(first.record, why, f"give a day on which {record.lifecycle} was")


def decide_again(
    draft: Session,
    event: Event,
    what: TransitionTaken,
    record: Record,
    *,
    kin: Mapping[str, Events] = NO_CHILDREN,
    seen: ContextChange = as_recorded,
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
    return _decide_as_of(draft, act, record, event.recorded_at, kin=kin, seen=seen)


def _decide_as_of(
    draft: Session,
    act: Act,
    record: Record,
    known: datetime,
    *,
    kin: Mapping[str, Events] = NO_CHILDREN,
    seen: ContextChange = as_recorded,
) -> Event | Refusal:
    """Decide an act anew, among the children of its day and what was known when it was recorded."""
    rules = draft.lifecycle(record)
    context = seen(draft.context(rules, record, act))
    if "children" in reads(rules, record, act.trigger):
        children = [_child_at(draft, each, act.on, kin) for each in record.children]
        context = evolve(context, children=tuple(children))
    mentions = tuple(each for each in context.mentions if _was_mention_known(draft, each, known))
    return decide(rules, record, act, evolve(context, mentions=mentions))


def _was_mention_known(draft: Session, mention: RecordReference, known: datetime) -> bool:
    """Whether a record named already then what it names now."""
    history = draft.history(mention.id)
    then = [event for event in history if event.recorded_at <= known]
    return bool(then) and fold(then).fields.get(mention.field) == mention.names


def _child_at(draft: Session, name: str, day: date, kin: Mapping[str, Events]) -> Child:
    stood = record_at(kin.get(name) or as_corrected(draft.history(name)), day)
    return child_of(stood, draft.lifecycle(stood))


def record_at(events: Events, day: date) -> Record:
    """Return a record at the end of a day: what its events up to then make, at least the first."""
    record = begin(events[0])
    for event in events[1:]:
        if event.on > day:
            break
        record = apply(record, event)
    return record


def _why_event_unlawful(draft: Session, event: Event, record: Record, history: Events) -> str:
    """Return why an event could not have happened to the record as it then stands, or nothing."""
    if event.on < record.on and not isinstance(event.what, ChildLinked):
        return f"it would lie before {record.on}, when the event before it happened"
    match event.what:
        case TransitionTaken() as what:
            return why_act_unlawful(draft, event, what, record)
        # INVARIANT: no correction let a move begin elsewhere than it did when it was recorded.
        case Relevelled() | Migrated() if _lifecycle_position(
            fold(history[: event.number - 1])
        ) != _lifecycle_position(record):
            return f"it moved a record that was not `{record.state}` under {record.lifecycle}"
        case Relevelled() | Migrated() if not is_move_permitted(draft, event, record):
            return no_appointment_sentence(event, record)
        case Amended():
            fields = apply(record, event).fields
            checked_days(dict(fields), record=record.id)
            return ""
        case Attached(document=document) if is_signed_later(document, event.on):
            return f"{document.name} is signed on {document.signed_on}, after it was attached"
        case Attached() | ChildLinked() | _:
            return ""


def is_move_permitted(
    draft: Session, event: Event, record: Record, *, seen: ContextChange = as_recorded
) -> bool:
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


def no_appointment_sentence(event: Event, record: Record) -> str:
    """Say that nobody had appointed who moved a record to other rules."""
    return f"{event.actor} held no appointment in {record.force} on {event.on}"


def why_act_unlawful(
    draft: Session,
    event: Event,
    what: TransitionTaken,
    record: Record,
    *,
    seen: ContextChange = as_recorded,
) -> str:
    """Return why an act would not come out on a record as it was recorded, or nothing.

    Args:
        draft: What looks around.
        event: The act's event, on its day.
        what: What it did.
        record: The record before it.
        seen: Returns people and inspections as they are to be seen, where not as recorded.
    """
    again = decide_again(draft, event, what, record, seen=seen)
    if isinstance(again, Refusal):
        return "; ".join(reason.sentence for reason in again.reasons)
    if _outcome(again) != _outcome(event):
        return "it would lead elsewhere, or use up other documents, than was recorded"
    return ""


def _outcome(event: Event) -> tuple[object, ...]:
    what = event.what
    return (what.new, what.national, what.counted) if isinstance(what, TransitionTaken) else ()


def _lifecycle_position(record: Record) -> tuple[object, ...]:
    return record.lifecycle, record.state, record.level


def _check_no_automatic_step_missed(
    draft: Session, record: Record, event: Event, later: Events
) -> None:
    """Refuse a history in which the system would have gone on by itself, and did not."""
    if isinstance(event.what, (Attached, Amended, ChildLinked)):
        return
    following = next(iter(later), None)
    for trigger in automatic_triggers(draft.lifecycle(record), record.state):
        act = Act(trigger, PEELFLOW, event.on, PEELFLOW.person)
        if isinstance(_decide_as_of(draft, act, record, event.recorded_at), Event):
            if not _is_system_step(following, trigger):
                _refuse_broken_event(record, event, f"the system would then `{trigger}` at once")
            return


def _is_system_step(event: Event | None, trigger: str) -> bool:
    what = event.what if event else None
    return isinstance(what, TransitionTaken) and what.trigger == trigger and _by_system(event)


def _by_system(event: Event | None) -> bool:
    return event is not None and event.actor.role == SYSTEM


def _refuse_broken_event(record: Record, event: Event, why: str) -> None:
    if why:
        refuse_correction(record, event, [f"event {event.number} of {event.on} would break: {why}"])


def refuse_correction(record: Record, event: Event, why: Iterable[str]) -> None:
    """Raise Refused: a correction would leave what is not lawful."""
    instead = f"correct event {event.number} of {event.record} first, or leave this one"
    reasons = tuple(Reason("not yet", each, instead) for each in why)
    asked = (record.id, str(record.lifecycle), record.state, "correct", event.actor.role)
    raise Refused(Refusal(*asked, reasons))


PairHistory = Sequence[Event]


def check_hierarchy_over_time(draft: Session, before: PairHistory, after: PairHistory) -> None:
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


def _check_pair(
    draft: Session, before: tuple[PairHistory, PairHistory], after: tuple[PairHistory, PairHistory]
) -> None:
    """Refuse what leaves, at the end of some day, a child open beneath a parent closed there."""
    days = sorted({event.on for events in (*before, *after) for event in events})
    for day in days:
        new = _conflicting_ledgers(draft, after, day) - _conflicting_ledgers(draft, before, day)
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


def _conflicting_ledgers(
    draft: Session, pair: tuple[PairHistory, PairHistory], day: date
) -> frozenset[str]:
    """Return the ledgers on which the child counts open, and the parent closed, on a day."""
    parent, child = (_counts_of(draft, record_at(events, day)) for events in pair)
    if day < pair[1][0].on:
        return frozenset()
    return frozenset(
        ledger
        for ledger, counts in child.items()
        if counts == "open" and parent.get(ledger) == "closed"
    )


def _counts_of(draft: Session, record: Record) -> dict[str, str]:
    return dict(draft.lifecycle(record).states[record.state].counts_as)


def _check_closings(draft: Session, parent: PairHistory, child: str, after: PairHistory) -> None:
    """Refuse what takes away the ground from a parent's act that looked at its children."""
    for event, record in each_event_with_record(parent):
        what = event.what
        if record is None or not isinstance(what, TransitionTaken):
            continue
        if "children" not in reads(draft.lifecycle(record), record, what.trigger):
            continue
        if isinstance(decide_again(draft, event, what, record), Refusal):
            continue
        again = decide_again(draft, event, what, record, kin={child: after})
        if isinstance(again, Refusal):
            why = [
                f"{record.id} could not `{what.trigger}` on {event.on}: {each.sentence}"
                for each in again.reasons
            ]
            refuse_correction(record, event, why)


RecordedHistory = Sequence[Event]


def apply_correction(draft: Session, asked: Event, what: Corrected) -> Event:
    """Take a `corrected` event into a draft, with one for each system step that its target led to.

    Raises:
        Refused: What remains is not lawful.
        InvalidRequest: The event cannot be corrected so.
    """
    history = draft.history(asked.record)
    named = _event_numbered(history, asked.record, what.event)
    _check_request(draft, asked, what, history, named)
    _check_same_side(draft, asked, named)
    made = [
        evolve(asked, number=asked.number + place, key=None if place else asked.key, what=each)
        for place, each in enumerate(_corrections(what, history, named))
    ]
    before, after = as_corrected(history), as_corrected([*history, *made])
    try:
        check_replay(draft, history, after, since=_corrected_event(history, named).number)
        check_hierarchy_over_time(draft, before, after)
    except Refused as refused:
        raise _as_refused_correction(refused, draft.get(asked.record), asked.actor.role) from None
    told = [change for event in history for change in event.changes]
    made[0] = evolve(
        made[0], changes=compensating_changes(changes_of(after, draft.desk.lifecycle_of), told)
    )
    for count, event in enumerate(made, start=1):
        draft.put(event, folded=fold([*history, *made[:count]]))
    return made[0]


def _as_refused_correction(refused: Refused, record: Record, role: str) -> Refused:
    """Return a refusal as who asked for the correction is told it, wherever it was found."""
    found, rules = refused.refusal, str(record.lifecycle)
    reasons = found.reasons if isinstance(found, Refusal) else ()
    return Refused(Refusal(record.id, rules, record.state, "correct", role, reasons))


def _event_numbered(history: RecordedHistory, record: str, number: int) -> Event:
    if type(number) is not int or not 0 < number <= len(history):
        raise InvalidRequest(
            f"{record}: event {number!r}",
            "is not in its history",
            f"name one from 1 to {len(history)}",
        )
    return history[number - 1]


def _corrected_event(history: RecordedHistory, named: Event) -> Event:
    """Return what a correction corrects in the end; any other event is its own target."""
    while isinstance(named.what, Corrected):
        named = history[named.what.event - 1]
    return named


def _corrections(what: Corrected, history: RecordedHistory, named: Event) -> Iterator[Corrected]:
    """Yield what is corrected: the named event, and the system steps that came of it at once.

    Where the named one is a correction itself, those that it made beside its own.
    """
    yield what
    for each in takewhile(
        lambda event: _is_consequence(history, named, event), history[named.number :]
    ):
        yield evolve(what, event=each.number)


def _is_consequence(history: RecordedHistory, named: Event, event: Event) -> bool:
    alike = isinstance(event.what, Corrected) is isinstance(named.what, Corrected)
    at_once = alike and event.recorded_at == named.recorded_at
    return at_once and _is_untimed_system_step(_corrected_event(history, event))


def _is_untimed_system_step(event: Event) -> bool:
    """Say whether an event is an untimed step of the system's, which comes of another at once."""
    untimed = isinstance(event.what, TransitionTaken) and event.what.due is None
    return untimed and event.actor.role == SYSTEM


def _check_request(
    draft: Session, asked: Event, what: Corrected, history: RecordedHistory, named: Event
) -> None:
    """Refuse a correction that cannot be meant of this event."""
    to = what.to
    told = f"{asked.record}: event {named.number}"
    check_not_future(draft, asked.on, asked.record)
    _check_shape(what, told)
    if to is not None:
        check_not_future(draft, to, asked.record)
    for why, instead in _correction_faults(history, named, is_void=to is None):
        raise InvalidRequest(told, why, instead)
    standing = next((e for e in as_corrected(history) if e.number == named.number), named)
    if to == standing.on:
        raise InvalidRequest(told, f"is dated {to} already", "give the day it happened on")
    if asked.on < standing.on:
        why = f"happened on {standing.on}, after this correction of {asked.on}"
        raise InvalidRequest(told, why, "give the day the correction is made on")


def _check_shape(what: Corrected, told: str) -> None:
    if what.correction not in {"void", "redate"}:
        why = f"has no correction {what.correction!r}"
        raise InvalidRequest(told, why, "write `void` or `redate`")
    if (what.correction == "redate") is (what.to is None):
        why = "is re-dated to no day" if what.to is None else "is voided, and given a day"
        raise InvalidRequest(told, why, "give the day `to` for `redate`, and for that alone")


def _correction_faults(
    history: RecordedHistory, named: Event, *, is_void: bool
) -> Iterator[tuple[str, str]]:
    target = _corrected_event(history, named)
    by = [e for e in history if isinstance(e.what, Corrected) and e.what.event == named.number]
    voids = [e for e in by if isinstance(e.what, Corrected) and e.what.correction == "void"]
    standing = {each.number for each in as_corrected(history)}
    if isinstance(named.what, ChildLinked):
        yield "follows from its child's own beginning", "correct the child's first event"
    if named.number == 1 and is_void:
        yield "is its beginning", "re-date it; a record is never removed"
    if _is_untimed_system_step(target):
        yield "is a step of the system's own", "correct the event that led to it"
    if named is not target and not is_void:
        yield "is a correction", "void it, and correct anew"
    if named is target and named.number not in standing:
        yield "is voided already", f"to have it back, void event {voids[-1].number}"
    if named is not target and voids and _is_effective(history, voids[-1]):
        yield "is voided already", f"to have it back, void event {voids[-1].number}"


def _is_effective(history: RecordedHistory, correction: Event) -> bool:
    """Say whether no later correction that stands voids this one."""
    return not any(
        isinstance(each.what, Corrected)
        and (each.what.event, each.what.correction) == (correction.number, "void")
        and _is_effective(history, each)
        for each in history[correction.number :]
    )


def _check_same_side(draft: Session, asked: Event, named: Event) -> None:
    did = role_of(draft, named.actor.role).side
    did = "force" if did == SYSTEM else did  # the register is the force's: it answers for a tick
    side = role_of(draft, asked.actor.role).side
    if side != did:
        raise InvalidRequest(
            f"{asked.record}: event {named.number}",
            f"was done by {named.actor}, and {asked.actor} is not of that side ({did})",
            "have the side that did it correct it",
        )
