"""Judge a corrected history by deciding its acts again, one after another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain

from attrs import evolve

from peelflow.engine.decide import automatic_triggers, decide, reads
from peelflow.engine.fold import apply, as_corrected, before_withdrawal, begin, fold
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Act, Context, Reason, RecordReference, Refusal, Refused
from peelflow.model.records import (
    Added,
    Amended,
    Attached,
    ChildLinked,
    Event,
    MadeJoint,
    Migrated,
    Noted,
    ParentLinked,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.model.rules import SYSTEM
from peelflow.register.context import changed_context, is_signed_later, system_act
from peelflow.register.hierarchy import (
    NO_HISTORIES,
    HierarchyStep,
    History,
    check_pair_over_time,
    child_at,
    ledgers_for_role,
    refusal_on,
)
from peelflow.register.joint import check_every_force_seen
from peelflow.register.kept_before import context_as_kept
from peelflow.register.permission import (
    ContextChange,
    as_recorded,
    is_move_permitted,
    no_appointment_sentence,
)
from peelflow.register.session import Session
from peelflow.register.validation import checked_days
from peelflow.stores.soundness import documents_of


def check_replay(session: Session, history: History, after: History, *, since: int) -> None:
    """Refuse a correction that leaves something unlawful.

    Args:
        session: What looks around.
        history: What was recorded, without the correction.
        after: What stands with it.
        since: The number of the first event that may have changed; those before it were judged.

    Raises:
        Refused: An act, a move or a step of the system's would not come out as it was recorded.
        InvalidRequest: The record would have begun under other rules.
    """
    standing = as_corrected(history)
    before = standing or as_corrected(before_withdrawal(history))
    if after and after[0].on != before[0].on:
        check_beginning(session, before[0], after[0])
    stood_before = {event.number: (event, was) for event, was in each_event_with_record(standing)}
    for place, (event, record) in enumerate(each_event_with_record(after)):
        if event.number < since:
            continue
        if record is not None:
            why = _why_event_unlawful(session, event, record, history)
            if why and not standing and not _is_lawful_as_kept(session, event, record):
                _refuse_broken_event(record, event, why, instead=_ENTER_ANEW.format(event.record))
            stood = stood_before.get(event.number, (event, None))
            if why and standing and not _was_unlawful(session, history, *stood):
                _refuse_broken_event(record, event, why)
        stands = begin(event) if record is None else apply(record, event)
        _check_no_automatic_step_missed(session, stands, event, after[place + 1 :])


_ENTER_ANEW = "record what it rests on first, or enter {} anew under another id"


def _is_lawful_as_kept(session: Session, event: Event, record: Record) -> bool:
    """Say whether an act of a record that was withdrawn is lawful as `verify` judges what is kept.

    Nothing stood of that record, so nobody was kept from taking away what its acts rest on.
    """
    as_kept = context_as_kept(session, event, record, session.services.predicates)
    if isinstance(event.what, TransitionTaken):
        return not why_act_unlawful(session, event, event.what, record, change_context=as_kept)
    is_move = isinstance(event.what, (Relevelled, Migrated))
    return is_move and is_move_permitted(session, event, record, change_context=as_kept)


def _was_unlawful(session: Session, history: History, event: Event, record: Record | None) -> bool:
    """Say whether an act was unlawful without the correction, as rules of before let it be."""
    if record is None or not isinstance(event.what, (TransitionTaken, Relevelled, Migrated)):
        return False
    return bool(_why_event_unlawful(session, event, record, history))


def each_event_with_record(events: History) -> Iterator[tuple[Event, Record | None]]:
    """Yield each event with the record as it stood before it, None before the first."""
    record: Record | None = None
    for event in events:
        yield event, record
        record = begin(event) if record is None else apply(record, event)


def check_beginning(session: Session, recorded: Event, first: Event) -> None:
    """Refuse to move a record's beginning to where other rules were in force.

    Args:
        session: What knows the rules.
        recorded: Its first event as it stood.
        first: The same as it would stand.
    """
    record = begin(first)
    if record.issued > record.on:
        why = f"would be taken over before {record.issued}, when it was issued"
        raise InvalidRequest(first.record, why, "give a later day")
    if record.assumed:
        return
    graded = getattr(first.what, "graded", None)
    day = graded or record.issued
    rules = session.rulebook.lifecycle_for(record.category, record.level, day)
    if rules.pin == record.lifecycle:
        return
    stood = graded or begin(recorded).issued
    # A later version of the same rules may have taken their place on both days alike.
    if session.rulebook.lifecycle_for(record.category, record.level, stood).pin != rules.pin:
        why = f"would begin under {rules}, in force on {first.on}, not {record.lifecycle}"
        instead = f"enter it anew, or give a day on which {record.lifecycle} was"
        raise InvalidRequest(first.record, why, instead)


def decide_again(
    session: Session,
    event: Event,
    what: TransitionTaken,
    record: Record,
    *,
    child_histories: Mapping[str, History] = NO_HISTORIES,
    change_context: ContextChange = as_recorded,
) -> Event | Refusal:
    """Return what the engine makes of a recorded act on the record as it then stood.

    Whose letters a joint record needs is said by a vocabulary, of which nothing is kept beside an
    act. So one that comes out as recorded with those of its lead force, or of each, was lawful.

    Args:
        session: What looks around.
        event: The act's event, on its day.
        what: What it did.
        record: The record before it.
        child_histories: Histories of its children that are not to be read as recorded.
        change_context: Returns people and inspections as they are to be seen.
    """
    decided = partial(
        each_way_decided,
        session,
        act_of(event, what),
        record,
        event.recorded_at,
        child_histories=child_histories,
    )
    by_feed = _mentioned_before(session, event, record, change_context)
    ways = chain(decided(change_context=change_context), decided(change_context=by_feed))
    as_now = next(ways)
    return next(
        (each for each in chain((as_now,), ways) if _outcome(each) == _outcome(event)), as_now
    )


def _mentioned_before(
    session: Session, event: Event, record: Record, change_context: ContextChange
) -> ContextChange:
    """Return what an act may look at, but for what came to name the same behind it in the feed.

    Somebody may have begun to record that before the act, and have kept it after it.
    """

    def mentioned_before(context: Context) -> Context:
        changed = change_context(context)
        try:
            numbers = numbers_before(session, event) if changed.mentions else {}
        except InvalidRequest:  # within an application's transaction nothing has a position yet
            return changed
        mentions = tuple(
            mention
            for mention in changed.mentions
            if _was_mentioned(session, mention, record, _until(numbers.get(mention.id, 0)))
        )
        return evolve(changed, mentions=mentions)

    return mentioned_before


def _until(number: int) -> Callable[[Event], bool]:
    return lambda event: event.number <= number


def numbers_before(session: Session, event: Event) -> Mapping[str, int]:
    """Return the number of each record's last event before one in the feed.

    Args:
        session: What knows the store.
        event: The event.

    Raises:
        InvalidRequest: Nothing has a position yet, within an application's transaction.
    """
    store = session.services.store

    def number_at(position: int) -> int:
        return store.last_numbers(position).get(event.record, 0)

    before = bisect_left(range(1, store.position() + 1), event.number, key=number_at)
    return store.last_numbers(before)


def act_of(event: Event, what: TransitionTaken) -> Act:
    """Return what somebody asked for who did a recorded act.

    Args:
        event: The act's event.
        what: What it did.
    """
    return Act(
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


def each_way_decided(
    session: Session,
    act: Act,
    record: Record,
    known: datetime,
    *,
    child_histories: Mapping[str, History] = NO_HISTORIES,
    change_context: ContextChange = as_recorded,
) -> Iterator[Event | Refusal]:
    """Yield what an act is, decided anew by the letters asked for now; if joint, by others too.

    Args:
        session: What looks around.
        act: The act.
        record: The record before it.
        known: When it was recorded.
        child_histories: Histories of its children that are not to be read as recorded.
        change_context: Returns people and inspections as they are to be seen.
    """

    def by_other_letters(context: Context) -> Context:
        changed = change_context(context)
        return evolve(changed, each_force_signs=not changed.each_force_signs)

    for change in (change_context, by_other_letters) if record.joint_with else (change_context,):
        yield _decide_as_of(
            session, act, record, known, child_histories=child_histories, change_context=change
        )


def _decide_as_of(
    session: Session,
    act: Act,
    record: Record,
    known: datetime,
    *,
    child_histories: Mapping[str, History],
    change_context: ContextChange,
) -> Event | Refusal:
    """Decide an act anew, among the children of its day and what was known when it was recorded."""
    rules = session.lifecycle(record)
    context = change_context(session.context(rules, record, act))
    if context.scope is not None:
        context = changed_context(context, {"scope": None})
    if context.unseen_forces:
        check_every_force_seen(session, record, "records of its other forces may ask for an answer")
    if "children" in reads(rules, record, act.trigger):
        children = [child_at(session, name, act.on, child_histories) for name in record.children]
        context = changed_context(context, {"children": tuple(children)})
    if context.mentions:
        mentions = tuple(
            mention
            for mention in context.mentions
            if _was_mentioned(session, mention, record, lambda each: each.recorded_at <= known)
        )
        context = evolve(context, mentions=mentions)
    return decide(rules, record, act, context)


def _was_mentioned(
    session: Session,
    mention: RecordReference,
    record: Record,
    is_earlier: Callable[[Event], bool],
) -> bool:
    """Whether a record was of one of another's forces then, and named what it names now."""
    earlier = list(filter(is_earlier, session.history(mention.id)))
    if not earlier:
        return False
    then = fold(earlier)
    is_shared = not {*then.forces}.isdisjoint(record.forces)
    return is_shared and then.fields.get(mention.field) == mention.names


def _why_event_unlawful(session: Session, event: Event, record: Record, history: History) -> str:
    """Return why an event could not have happened to the record as it then stands, or nothing."""
    if event.on < record.on and not isinstance(event.what, ChildLinked | Noted):
        return f"it would lie before {record.on}, when the event before it happened"
    match event.what:
        case TransitionTaken() as what:
            return why_act_unlawful(session, event, what, record)
        # INVARIANT: no correction let a move begin elsewhere than it did when it was recorded.
        case Relevelled() | Migrated() if _lifecycle_position(
            fold(history[: event.number - 1])
        ) != _lifecycle_position(record):
            return f"it moved a record that was not `{record.state}` under {record.lifecycle}"
        case Relevelled() | Migrated() if not is_move_permitted(session, event, record):
            return no_appointment_sentence(event, record)
        case MadeJoint(new=forces) if record.force in forces:
            return f"it would be joint with {record.force}, its lead force"
        case Amended():
            fields = apply(record, event).fields
            checked_days(dict(fields), record=record.id)
            return ""
        case Attached() | Noted():
            late = [each for each in documents_of(event) if is_signed_later(each, event.on)]
            did = "was attached" if isinstance(event.what, Attached) else "was noted"
            return (
                f"{late[0].name} is signed on {late[0].signed_on}, after it {did}" if late else ""
            )
        case ChildLinked() | ParentLinked() | _:
            return ""


def why_act_unlawful(
    session: Session,
    event: Event,
    what: TransitionTaken,
    record: Record,
    *,
    change_context: ContextChange = as_recorded,
) -> str:
    """Return why an act would not come out on a record as it was recorded, or nothing.

    Args:
        session: What looks around.
        event: The act's event, on its day.
        what: What it did.
        record: The record before it.
        change_context: Returns people and inspections as they are to be seen.
    """
    again = decide_again(session, event, what, record, change_context=change_context)
    if isinstance(again, Refusal):
        return "; ".join(reason.sentence for reason in again.reasons)
    if _outcome(again) != _outcome(event) or not _counts_alike(again, what):
        return "it would lead elsewhere, or use up other documents, than was recorded"
    is_staying = isinstance(again.what, TransitionTaken) and again.what.stays
    return why_said_to_stay(event, what, is_staying=is_staying)


STAYS_SAID_SINCE = datetime(2026, 12, 1, tzinfo=UTC)
"""When steps had all begun to say that they stay within a national state."""


def why_said_to_stay(event: Event, what: TransitionTaken, *, is_staying: bool) -> str:
    """Return why what an act says of staying within a national state is not so, or nothing.

    Args:
        event: The act's event.
        what: What it did. An earlier peelflow said of none that it stays.
        is_staying: Whether it stays there, by its rules.
    """
    if what.stays == is_staying or (is_staying and event.recorded_at < STAYS_SAID_SINCE):
        return ""
    if is_staying:
        return f"it does not say that `{what.new}` is of the same national state as `{what.old}`"
    return f"it says that it leads from `{what.old}` to another of its national state, and does not"


def _counts_alike(again: Event, what: TransitionTaken) -> bool:
    """Say whether documents are used up for the step they were; an event of before says none."""
    return what.counted_for in {None, getattr(again.what, "counted_for", None)}


def _outcome(decided: Event | Refusal) -> tuple[object, ...]:
    what = decided.what if isinstance(decided, Event) else None
    return (what.new, what.national, what.counted) if isinstance(what, TransitionTaken) else ()


def _lifecycle_position(record: Record) -> tuple[object, ...]:
    return record.lifecycle, record.state, record.level


def _check_no_automatic_step_missed(
    session: Session, record: Record, event: Event, later: History
) -> None:
    """Refuse a history in which the system would have gone on by itself, and did not."""
    trigger = next(each_trigger_missing(session, record, event, later), None)
    if trigger is not None:
        _refuse_broken_event(record, event, step_missing(trigger))


def each_trigger_missing(
    session: Session,
    record: Record,
    event: Event,
    following: History,
    *,
    change_context: ContextChange = as_recorded,
) -> Iterator[str]:
    """Yield the trigger of each step that the system would have taken at once after an event.

    There is none where it took one next: an earlier peelflow took the first in the file.

    Args:
        session: What looks around.
        record: The record after the event.
        event: The event.
        following: What stands behind it.
        change_context: Returns what a decision may look at as it is to be seen.
    """
    if not isinstance(event.what, LEADING_ON):
        return
    triggers = automatic_triggers(session.lifecycle(record), record.state)
    if following and _is_system_step(following[0], triggers):
        return
    for trigger in triggers:
        act, known = system_act(trigger, event.on), event.recorded_at
        ways = each_way_decided(session, act, record, known, change_context=change_context)
        if all(isinstance(decided, Event) for decided in ways):
            yield trigger


LEADING_ON = Added | TakenOver | TransitionTaken | Relevelled | Migrated
"""What the system may go on from at once: what enters a state."""


def step_missing(trigger: str) -> str:
    """Say which step the system would have taken at once.

    Args:
        trigger: Its trigger.
    """
    return f"the system would then `{trigger}` at once"


def _is_system_step(event: Event, triggers: Sequence[str]) -> bool:
    what = event.what
    is_taken = isinstance(what, TransitionTaken) and what.trigger in triggers
    return is_taken and event.actor.role == SYSTEM


def _refuse_broken_event(record: Record, event: Event, why: str, *, instead: str = "") -> None:
    """Raise Refused: a correction would leave what is not lawful."""
    sentence = f"event {event.number} of {event.on} would break: {why}"
    reason = Reason("not yet", sentence, instead or correct_first(event))
    raise Refused(refusal_on(record, "correct", event.actor.role, reason))


def correct_first(event: Event) -> str:
    """Say what to do instead of what an event does not bear."""
    return f"correct event {event.number} of {event.record} first, or leave this one"


def check_hierarchy_over_time(
    session: Session, before: History, after: History, step: HierarchyStep
) -> None:
    """Refuse a correction that its parent or its children do not bear, on any day until now.

    Args:
        session: What looks around.
        before: What stands of the record without the correction.
        after: What stands with it.
        step: Who corrects, when, and on which ledgers parents and children bind it.

    Raises:
        Refused: A parent closed over what the correction undoes, or would stand closed over an
            open child.
        InvalidRequest: It would lie below a record that is withdrawn.
    """
    if not after:
        return
    record, old = fold(after), fold(before).parent if before else None
    if record.parent is not None:
        session.check_not_withdrawn(session.get(record.parent))
        parent = as_corrected(session.history(record.parent))
        pair = (parent, before if record.parent == old else ())
        check_pair_over_time(session, pair, (parent, after), step)
        _check_parent_acts(session, parent, record, after, step)
    for name in record.children:
        child = as_corrected(session.history(name))
        check_pair_over_time(session, (before, child), (after, child), step)


def check_parent_acts(session: Session, child: Record, event: Event) -> None:
    """Refuse an event on a child that takes away the ground from a later act of its parent.

    An act of the same day came before it.

    Raises:
        Refused: With the act that could not have been done.
    """
    parent = as_corrected(session.history(child.parent or ""))
    after = (*as_corrected(session.history(child.id)), event)
    what, actor = event.what, event.actor
    if isinstance(what, TransitionTaken):
        verb, rules = what.trigger, session.lifecycle(child)
        act = Act(verb, actor, event.on, event.recorded_by)
        ledgers = session.ledgers_binding(rules, child, act)
    else:
        verb, ledgers = "amend", ledgers_for_role(session, child, actor.role)
    step = HierarchyStep(verb, actor.role, event.on, ledgers)
    _check_parent_acts(session, parent, child, after, step, since=event.on)


def _check_parent_acts(
    session: Session,
    parent: History,
    child: Record,
    after: History,
    step: HierarchyStep,
    *,
    since: date = date.min,
) -> None:
    """Refuse what takes away the ground from a parent's act that looked at its children."""

    def narrowed(context: Context) -> Context:
        return context if step.ledgers is None else evolve(context, ledgers=step.ledgers)

    for event, record in each_event_with_record(parent):
        what = event.what
        if record is None or not isinstance(what, TransitionTaken) or event.on <= since:
            continue
        if "children" not in reads(session.lifecycle(record), record, what.trigger):
            continue
        if step.ledgers is not None and session.national_ledgers(record) is None:
            continue
        judge = partial(decide_again, session, event, what, record, change_context=narrowed)
        if isinstance(judge(), Refusal):
            continue
        again = judge(child_histories={child.id: after})
        if isinstance(again, Refusal):
            refused = f"{record.id} could not `{what.trigger}` on {event.on}"
            sentences = (f"{refused}: {reason.sentence}" for reason in again.reasons)
            instead = correct_first(event)
            step.refuse(child, *(Reason("not yet", sentence, instead) for sentence in sentences))
