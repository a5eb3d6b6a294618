"""Fold events into a record, and work out how each event changes the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

from attrs import evolve

from peelflow.engine.deltas import deltas_between, figure_lines
from peelflow.model.records import (
    EVERY_FORCE,
    Added,
    Amended,
    Attached,
    Attachment,
    Change,
    ChildLinked,
    Corrected,
    Document,
    Event,
    EventPayload,
    LastDone,
    MadeJoint,
    Migrated,
    Moment,
    Noted,
    ParentLinked,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.model.rules import SYSTEM, Lifecycle, Pin

LifecycleLookup = Callable[[Pin], Lifecycle]


def begin(event: Event) -> Record:
    """Return the record that its first event, `added` or `taken_over`, brings into being."""
    what, start = event.what, Moment(event.number, event.on)
    if not isinstance(what, (Added, TakenOver)):
        raise TypeError(event)
    return Record(
        id=event.record,
        number=event.number,
        on=event.on,
        force=what.force,
        category=what.category,
        level=what.level,
        lifecycle=what.lifecycle,
        state=what.state,
        issued=what.issued if isinstance(what, TakenOver) else event.on,
        fields=what.fields,
        parent=what.parent,
        window=start,
        entered={what.state: start},
        assumed=isinstance(what, TakenOver),
        joint_with=what.joint_with,
        joint_acts=what.joint_acts,
    )


def apply(record: Record, event: Event) -> Record:
    """Return the record after one more event.

    A note leaves it where it stands, on the day of what happened last. A `corrected` event only
    moves the number on, so that what it takes the place of can be recorded on its own day; what it
    corrects shows when `fold` reads the whole history again.
    """
    if isinstance(event.what, TransitionTaken):
        return _after_transition(record, event, event.what)
    if isinstance(event.what, Corrected):
        return _with_parts(record, {"number": event.number})
    if isinstance(event.what, Noted):
        documents = (*record.note_documents, *_attachments(event.what.documents, event.number))
        return _with_parts(record, {"number": event.number, "note_documents": documents})
    parts = {"number": event.number, "on": max(record.on, event.on)}
    return _with_parts(record, parts | _changed_parts(record, event))


def _with_parts(record: Record, parts: Mapping[str, Any]) -> Record:
    """Return a record with some parts changed: `evolve` takes three times as long."""
    return Record(**{**vars(record), **parts})


def fold(events: Iterable[Event]) -> Record:
    """Return the record a whole history makes: corrected events are read as corrected.

    One that is withdrawn is what it was without that.

    Raises:
        ValueError: Nothing is left to fold: no event, or the first is voided and no other remains.
        TypeError: What remains does not begin with `added` or `taken_over`.
    """
    history = tuple(events)
    effective, withdrawn = _standing_events(history)
    if not effective:
        raise ValueError(history)
    record = begin(effective[0])
    for event in effective[1:]:
        record = apply(record, event)
    number = history[-1].number
    if (record.number, record.withdrawn) == (number, withdrawn):
        return record
    return evolve(record, number=number, withdrawn=withdrawn)


def _standing_events(history: tuple[Event, ...]) -> tuple[tuple[Event, ...], bool]:
    """Return what stands of a history, and whether it was withdrawn: then what stood before."""
    effective = as_corrected(history)
    return effective or as_corrected(before_withdrawal(history)), not effective


def as_corrected(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return what happened as it now is known: each event on its day, without what is voided.

    The `corrected` events themselves are left out too. Nothing happened to a record that is
    withdrawn. What the system did at once on a first event that was entered anew follows on that.
    """
    history = tuple(events)
    corrections, entries = _effective_corrections(history)
    if not corrections:
        return tuple(event for event in history if not isinstance(event.what, Corrected))
    if _voids(corrections.get(history[0].number)):
        return ()
    standing = [
        corrected_event(event, corrections.get(event.number), entries.get(event.number))
        for event in history
        if not isinstance(event.what, Corrected) and not _voids(corrections.get(event.number))
    ]
    if not entries:
        return tuple(standing)
    at_once = steps_after_re_entry(history)
    return tuple(
        sorted(standing, key=lambda event: place_in_order(event, history[0].number, at_once))
    )


def place_in_order(event: Event, first: int, at_once: Collection[int]) -> tuple[int, int]:
    """Return where an event stands: the first one, what the system then did, and the others.

    Args:
        event: An event of a record whose first one was entered anew.
        first: The number of that.
        at_once: The numbers of the `steps_after_re_entry`.
    """
    return (0 if event.number == first else 1 if event.number in at_once else 2), event.number


def steps_after_re_entry(history: Iterable[Event]) -> frozenset[int]:
    """Return the numbers of the steps that the system took as a first event was entered anew.

    They stand right behind that correction: nothing else is followed by such a step.

    Args:
        history: All events of one record, in order.
    """
    numbers, follows = set[int](), False
    for event in history:
        if isinstance(event.what, Corrected):
            follows = follows or event.what.entry is not None
        elif follows and is_step_at_once(event):
            numbers.add(event.number)
        else:
            follows = False
    return frozenset(numbers)


def is_step_at_once(event: Event) -> bool:
    """Say whether an event is an untimed step of the system's, which comes of another at once."""
    untimed = isinstance(event.what, TransitionTaken) and event.what.due is None
    return untimed and event.actor.role == SYSTEM


def before_withdrawal(history: Iterable[Event]) -> tuple[Event, ...]:
    """Return a history without what withdrew the record."""
    return tuple(event for event in history if not _withdraws(event))


def event_corrected(history: Sequence[Event], event: Event) -> Event:
    """Return what a correction corrects in the end; any other event is its own target.

    Args:
        history: The record's events before it, by number.
        event: The event.
    """
    return [*corrected_chain(history, event)][-1]


def corrected_chain(history: Sequence[Event], event: Event) -> Iterator[Event]:
    """Yield an event, what it corrects where it is a correction, and so on to the end.

    Args:
        history: The record's events before it, by number.
        event: The event.
    """
    yield event
    while isinstance(event.what, Corrected):
        event = history[event.what.event - 1]
        yield event


def withdrawal_of(history: Iterable[Event]) -> Event | None:
    """Return the correction by which a record is withdrawn; None where it is not."""
    events = tuple(history)
    if as_corrected(events):
        return None
    return next(filter(_withdraws, reversed(events)), None)


def _withdraws(event: Event) -> bool:
    what = event.what
    return isinstance(what, Corrected) and (what.event, what.correction) == (1, "void")


def corrected_event(
    event: Event, correction: Corrected | None, entry: Added | TakenOver | None
) -> Event:
    """Return an event that is not voided as it stands.

    Args:
        event: The event as it was recorded.
        correction: What last corrects it, if anything.
        entry: As what it was last entered anew, if it was.
    """
    if correction and correction.to:
        event = evolve(event, on=correction.to)
    return event if entry is None else evolve(event, what=entry)


def corrected_until(history: Sequence[Event], on: date | None) -> tuple[Event, ...]:
    """Return what stands of a record's history, as it was last corrected, up to a day.

    Nothing stands before its first event, though a note on it may be of an earlier day.
    """
    events = as_corrected(history)
    if on is None:
        return events
    until = tuple(event for event in events if event.on <= on)
    return until if until and until[0] is events[0] else ()


def is_assumed(record: Record) -> bool:
    """Whether how a record stands rests on its being taken over: nobody saw it walk there.

    A step that leads back to the same state, one that stays within a national state, as each of a
    force's own does, and a move to other rules or another level show nobody how it came to stand
    so.
    """
    return record.assumed and not record.walked


def has_walked(history: Iterable[Event]) -> bool:
    """Whether a step by the rules led a record to another state, of what stands of its history."""
    effective, _ = _standing_events(tuple(history))
    return any(is_walk_step(event.what) for event in effective)


def is_walk_step(what: EventPayload) -> bool:
    """Whether an event is a step by the rules, no step of a force's own, to another state.

    One between two states that a force's file makes of one national state leads to no other.
    """
    if not isinstance(what, TransitionTaken):
        return False
    return what.national and what.old != what.new and not what.stays


def assumed_changes(history: Sequence[Event], on: date | None) -> tuple[Change, ...]:
    """Return the changes of a record that was assumed to stand so by the end of a day.

    They sum up to how it counts. There are none where it walked, or was not there yet.
    """
    events = corrected_until(history, on)
    if not events or not is_assumed(fold(events)):
        return ()
    changes = (change for event in history for change in event.changes)
    return tuple(change for change in changes if on is None or change.on <= on)


def assumed_days(history: Sequence[Event]) -> Iterator[tuple[date, bool]]:
    """Yield each day of a record, and whether it was assumed by its end to stand so.

    There are none of one that was not taken over; before its first day it was not there.
    """
    # A note moves nothing, and alone may be of an earlier day than what stands before it.
    events = [event for event in as_corrected(history) if not isinstance(event.what, Noted)]
    if not events or not isinstance(events[0].what, TakenOver):
        return
    if any(before.on > after.on for before, after in pairwise(events)):
        for day in sorted({event.on for event in events}):
            until = corrected_until(events, day)
            yield day, bool(until) and is_assumed(fold(until))
        return
    record = begin(events[0])
    for day, of_day in groupby(events, key=attrgetter("on")):
        for event in of_day:
            record = record if event is events[0] else apply(record, event)
        yield day, is_assumed(record)


def _effective_corrections(
    history: tuple[Event, ...],
) -> tuple[dict[int, Corrected], dict[int, Added | TakenOver]]:
    """Return by number what corrects each event, and as what it was entered anew.

    That is the last word on it which was not itself voided.
    """
    corrections: dict[int, Corrected] = {}
    entries: dict[int, Added | TakenOver] = {}
    for event in reversed(history):
        what = event.what
        if isinstance(what, Corrected) and not _voids(corrections.get(event.number)):
            corrections.setdefault(what.event, what)
            if what.entry is not None:
                entries.setdefault(what.event, what.entry)
    return corrections, entries


def _voids(correction: Corrected | None) -> bool:
    return correction is not None and correction.correction == "void"


def with_changes(events: Iterable[Event], rules: LifecycleLookup) -> Iterator[Event]:
    """Yield events, corrected already, each with the changes of the figures that it now makes.

    Args:
        events: What `as_corrected` returned.
        rules: Returns the rules of a pin.
    """
    record: Record | None = None
    for event in events:
        yield evolve(event, changes=changes_of_event(record, event, rules))
        record = begin(event) if record is None else apply(record, event)


def changes_on_entry(lifecycle: Lifecycle, what: Added | TakenOver, on: date) -> tuple[Change, ...]:
    """Return how the figures change when a record enters the register in a state."""
    lines = figure_lines(lifecycle, what.state)
    changes = tuple(Change(on, what.force, what.category, what.level, *line, 1) for line in lines)
    return in_each_force(changes, what.joint_with)


def in_each_force(changes: tuple[Change, ...], joint_with: tuple[str, ...]) -> tuple[Change, ...]:
    """Return changes of a lead force's figures, and the same in the others of a joint record.

    Args:
        changes: What changes in the lead force's figures.
        joint_with: The other forces.
    """
    more = (line for force in joint_with for line in _counted_in(force, changes))
    return (*changes, *more) if joint_with else changes


def _counted_in(force: str, changes: Iterable[Change]) -> Iterator[Change]:
    """Yield changes as one more force counts them.

    # INVARIANT: each is taken back under no force, so that all together still count one record.
    """
    for change in changes:
        yield evolve(change, force=force)
        yield evolve(change, force=EVERY_FORCE, delta=-change.delta)


def changes_on_made_joint(
    record: Record, what: MadeJoint, on: date, rules: LifecycleLookup
) -> tuple[Change, ...]:
    """Return how the figures change of forces that a record is of from now on, or no more."""
    lines = figure_lines(rules(record.lifecycle), record.state)
    head = (on, record.force, record.category, record.level)
    before, after = {*record.joint_with}, {*what.new}
    return tuple(
        change
        for forces, delta in ((before - after, -1), (after - before, 1))
        for force in sorted(forces)
        for change in _counted_in(force, (Change(*head, *line, delta) for line in lines))
    )


def _after_transition(record: Record, event: Event, what: TransitionTaken) -> Record:
    """Return the record after a transition, part by part: nearly every step is one."""
    moment = Moment(event.number, event.on)
    done = LastDone(event.number, event.on, event.actor.person)
    return Record(
        id=record.id,
        number=event.number,
        on=max(record.on, event.on),
        force=record.force,
        category=record.category,
        level=record.level,
        lifecycle=record.lifecycle,
        state=what.new,
        issued=record.issued,
        fields=record.fields,
        parent=record.parent,
        window=moment if what.national else record.window,
        entered={**record.entered, what.new: moment},
        children=record.children,
        done={**record.done, what.trigger: done},
        attachments=_with_attachments(record, what.evidence, event.number),
        spent=record.spent.union(what.counted),
        successor=what.successor or record.successor,
        assumed=record.assumed,
        spent_for=_spent_for_after(record, what) if what.counted else record.spent_for,
        note_documents=record.note_documents,
        joint_with=record.joint_with,
        was_joint_with=record.was_joint_with,
        joint_acts=record.joint_acts,
        walked=(record.assumed and is_walk_step(what)) or record.walked,
    )


def _spent_for_after(record: Record, what: TransitionTaken) -> Mapping[str, tuple[str, ...]]:
    """Return for which steps alone documents are used up, once an act used up what it counted."""
    step, spent_for = what.counted_for, dict(record.spent_for)
    for digest in what.counted:
        if step is None:
            spent_for.pop(digest, None)
        elif digest not in record.spent or digest in spent_for:
            spent_for[digest] = tuple(sorted({*spent_for.get(digest, ()), step}))
    return spent_for


def _changed_parts(record: Record, event: Event) -> dict[str, Any]:
    """Return the parts of the record that the event changes, but its number and date."""
    moment = Moment(event.number, event.on)
    match event.what:
        case Attached(document=document):
            return {"attachments": _with_attachments(record, (document,), event.number)}
        case Amended(field=name, new=new):
            fields = {key: value for key, value in record.fields.items() if key != name}
            return {"fields": fields if new is None else {**fields, name: new}}
        case ChildLinked(child=child):
            return {"children": (*record.children, child)}
        case ParentLinked(parent=parent):
            return {"parent": parent}
        case MadeJoint(new=new, acts=acts):
            were = {*record.was_joint_with, *record.joint_with} - {*new}
            forces = {"joint_with": new, "was_joint_with": tuple(sorted(were))}
            return {**forces, "joint_acts": acts}
        case Relevelled() | Migrated() as what:
            anew = isinstance(what, Relevelled) and not what.letters
            moved = {
                "state": what.new,
                "entered": _entered_after_move(record, what, moment, anew=anew),
                "lifecycle": what.lifecycle,
                "window": moment if anew else record.window,
                "done": _done_after_move(record.done, what.triggers),
                "spent_for": _spent_for_after_move(record.spent_for, what.triggers),
            }
            return moved | ({"level": what.new_level} if isinstance(what, Relevelled) else {})
        case _:
            return {}


def _entered_after_move(
    record: Record, what: Relevelled | Migrated, moment: Moment, *, anew: bool
) -> Mapping[str, Moment]:
    """Return when states were entered after a move to other rules.

    What stands for the same national state was entered when it was, under whatever name: no wait
    begins again. Another state is entered by the move, and so is every state where the past counts
    no more.
    """
    new, state = what.new, record.state
    if anew:
        return {new: moment}
    if what.states is None:
        return {new: record.entered[state] if new == state else moment}
    states = what.states
    by_number = sorted(record.entered.items(), key=lambda item: item[1].number)
    entered = {states[name]: when for name, when in by_number if name in states}
    return {**entered, new: record.entered[state] if states.get(state) == new else moment}


def _done_after_move(
    done: Mapping[str, LastDone], triggers: Mapping[str, str]
) -> Mapping[str, LastDone]:
    """Return when triggers were last done, in the words of the rules that a record moves to.

    One whose name the plan does not change keeps it; of those that now are one, the last counts.
    """
    if not triggers:
        return done
    by_number = sorted(done.items(), key=lambda item: item[1].number)
    return {triggers.get(name, name): last for name, last in by_number}


def _spent_for_after_move(
    spent_for: Mapping[str, tuple[str, ...]], triggers: Mapping[str, str]
) -> Mapping[str, tuple[str, ...]]:
    """Return for which steps documents are used up, in the words of the rules moved to."""
    return {
        digest: tuple(sorted({triggers.get(step, step) for step in steps}))
        for digest, steps in spent_for.items()
    }


def _with_attachments(
    record: Record, documents: tuple[Document, ...], number: int
) -> tuple[Attachment, ...]:
    if not documents:
        return record.attachments
    return (*record.attachments, *_attachments(documents, number))


def _attachments(documents: tuple[Document, ...], number: int) -> tuple[Attachment, ...]:
    return tuple([Attachment(document, number) for document in documents])


def changes_of(events: Iterable[Event], rules: LifecycleLookup) -> tuple[Change, ...]:
    """Return every change that a history makes which holds no corrections, in order."""
    return tuple(change for event in with_changes(events, rules) for change in event.changes)


def changes_on_move(
    record: Record, what: Relevelled | Migrated, on: date, rules: LifecycleLookup
) -> tuple[Change, ...]:
    """Return how the figures change when a record moves to other rules, or to another level."""
    level = what.new_level if isinstance(what, Relevelled) else record.level
    left = [(record.level, *line) for line in figure_lines(rules(record.lifecycle), record.state)]
    entered = [(level, *line) for line in figure_lines(rules(what.lifecycle), what.new)]
    if left == entered:
        return ()
    signed = [*((line, -1) for line in left), *((line, 1) for line in entered)]
    changes = [Change(on, record.force, record.category, *line, sign) for line, sign in signed]
    return in_each_force(tuple(changes), record.joint_with)


def compensating_changes(
    expected: Iterable[Change], recorded: Iterable[Change]
) -> tuple[Change, ...]:
    """Return what has to be added to the changes `recorded` so that they sum up to the `expected`.

    Each reverses at the day it corrects, or takes its place at its own.
    """
    sums: Counter[Change] = Counter()
    for changes, sign in ((recorded, -1), (expected, 1)):
        for change in changes:
            sums[evolve(change, delta=0)] += sign * change.delta
    missing = [evolve(line, delta=delta) for line, delta in sums.items() if delta]
    return tuple(sorted(missing, key=attrgetter("on", "delta", "ledger", "state")))


def changes_of_event(
    record: Record | None, event: Event, rules: LifecycleLookup
) -> tuple[Change, ...]:
    """Return the changes that one event makes which is no correction.

    Args:
        record: The record before it; None where it is the first.
        event: The event.
        rules: Returns the rules of a pin.
    """
    match event.what:
        case Added() | TakenOver() as what:
            return changes_on_entry(rules(what.lifecycle), what, event.on)
        case Relevelled() | Migrated() as what if record:
            return changes_on_move(record, what, event.on, rules)
        case TransitionTaken(new=new) if record:
            deltas = deltas_between(rules(record.lifecycle), record.state, new)
            head = (event.on, record.force, record.category, record.level)
            changes = tuple(Change(*head, *delta) for delta in deltas)
            return in_each_force(changes, record.joint_with)
        case MadeJoint() as what if record:
            return changes_on_made_joint(record, what, event.on, rules)
        case _:
            return ()


def void_of(history: tuple[Event, ...], number: int) -> Event | None:
    """Return the correction that voids an event of a history; None where none stands."""
    for event in history[number:]:
        what = event.what
        is_void = isinstance(what, Corrected) and (what.event, what.correction) == (number, "void")
        if is_void and void_of(history, event.number) is None:
            return event
    return None
