"""Correct what was recorded: void or re-date an event, enter a record anew, or withdraw it.

What remains is judged as `replay` judges it. A parent and children follow what becomes of a record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import dropwhile, takewhile

from attrs import evolve

from peelflow.engine.decide import automatic_triggers
from peelflow.engine.fold import (
    apply,
    as_corrected,
    begin,
    changes_of,
    compensating_changes,
    corrected_chain,
    event_corrected,
    fold,
    is_step_at_once,
    withdrawal_of,
)
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Reason, Refused
from peelflow.model.records import (
    ChildLinked,
    Corrected,
    Correction,
    Event,
    MadeJoint,
    Migrated,
    ParentLinked,
    Provenance,
    Record,
    Relevelled,
    TransitionTaken,
)
from peelflow.model.rules import SYSTEM
from peelflow.register.brought_back import check_brought_back, check_events_stand
from peelflow.register.commands import (
    link_to_parent,
    new_event,
    take,
)
from peelflow.register.context import system_act
from peelflow.register.entry import EntryValues, entered_anew, take_made_joint
from peelflow.register.hierarchy import (
    HierarchyStep,
    History,
    decide_in_hierarchy,
    each_below,
    ledgers_for_role,
    refusal_on,
)
from peelflow.register.joint import check_joint_days, joint_of
from peelflow.register.joint_below import (
    ForcesAbove,
    each_move,
    forces_above,
    joint_said,
    links_of,
    own_forces_said,
)
from peelflow.register.look_alikes import check_people_of_event
from peelflow.register.permission import check_corrector, check_level_changer
from peelflow.register.replay import check_hierarchy_over_time, check_replay, correct_first
from peelflow.register.session import Session
from peelflow.register.successors import each_naming
from peelflow.register.validation import check_not_future, check_text, role_of
from peelflow.wording import say_forces


def correct(
    session: Session,
    record: str,
    event: int,
    *,
    correction: Correction,
    to: date | None,
    entry: EntryValues | None,
    provenance: Provenance,
) -> Event:
    """Void one event of a record, move it to the day it happened on, or enter the record anew."""
    check_text(record, "the record's id")
    check_text(correction, f"{record}: the correction")
    known, history = session.get(record), session.history(record)
    named = _event_numbered(history, record, event)
    what = Corrected(event, correction, to)
    _check_shape(what, f"{record}: event {event}", entry)
    if entry is not None:
        # A repeat asks for what it did of the record as it stood then, whatever came since.
        kept = session.event_under(record, provenance.key)
        what = _re_entry(session, history[: kept.number - 1] if kept else history, named, entry)
    request = new_event(session, what, record, known.number + 1, provenance)
    first = session.repeated(request)
    if first is not None:
        return first
    check_people_of_event(session, known, request)
    check_text(provenance.reason, f"{record}: the reason")
    _check_request(session, request, what, history, named)
    return _take_correction(session, request, what, named)


def _re_entry(session: Session, history: History, named: Event, values: EntryValues) -> Corrected:
    """Return the correction that enters a record's first event anew."""
    if named.number != 1:
        target = f"{named.record}: event {named.number}"
        why = "is not its beginning, which alone is entered anew"
        raise InvalidRequest(target, why, "re-enter event 1")
    standing = as_corrected(history)
    if not standing:
        return Corrected(1, "reenter")  # which is told as what is withdrawn
    links = [event for event in standing if isinstance(event.what, ParentLinked)]
    if links and "parent" in values:
        target, link = f"{named.record}: its parent", links[-1]
        raise InvalidRequest(target, f"was linked in event {link.number}", "void that one")
    what, on = entered_anew(session, standing[0], values)
    return Corrected(1, "reenter", on, what)


def _take_correction(
    session: Session, request: Event, what: Corrected, named: Event, *, follows: bool = False
) -> Event:
    """Take a correction into a session, with all that follows from it; return its event.

    One that only `follows` that of a record above, to be of the same forces, is of no side's own.
    """
    before, history = session.get(request.record), session.history(request.record)
    if not follows:
        check_corrector(session, request, tuple(corrected_chain(history, named)))
    events = list(_correction_events(session, request, what, history, named))
    first = event_corrected(history, named)
    try:
        judged = _judged(session, history, events, since=first.number)
        made, after = judged[0][0], judged[-1][1]
        check_level_changer(session, before, after, request, history)
        if after.withdrawn:
            _check_nothing_rests_on(session, before, as_corrected(history), request)
        else:
            check_brought_back(session, request, before, after)
            check_events_stand(session, as_corrected(history), as_corrected([*history, *events]))
        for event, record in judged:
            before_event = session.get(request.record)
            take(session, event, before_event, folded=record)
        _move_family(session, request, before, after, history=history)
        _have_below_follow(session, request)
        if not follows:
            _keep_with_above(session, request, history)
    except Refused as refused:
        # Who asked for the correction is told so, wherever it was found.
        role = request.actor.role
        raise Refused(refusal_on(before, "correct", role, *refused.reasons)) from None
    return made


def _judged(
    session: Session, history: History, events: Sequence[Event], *, since: int
) -> list[tuple[Event, Record]]:
    """Return events that correct a history, counted, each with the record after it.

    Raises:
        Refused: What remains is not lawful.
    """
    request = events[0]
    before, after = as_corrected(history), as_corrected([*history, *events])
    check_replay(session, history, after, since=since)
    role = request.actor.role
    ledgers = ledgers_for_role(session, session.get(request.record), role)
    step = HierarchyStep("correct", role, request.on, ledgers)
    check_hierarchy_over_time(session, before, after, step)
    recorded = [change for event in (*history, *events) for change in event.changes]
    corrected = changes_of(after, session.services.lifecycle_of)
    counted = [evolve(request, changes=compensating_changes(corrected, recorded)), *events[1:]]
    records = [fold([*history, *counted[:count]]) for count in range(1, len(counted) + 1)]
    return list(zip(counted, records, strict=True))


def _correction_events(
    session: Session, request: Event, what: Corrected, history: History, named: Event
) -> Iterator[Event]:
    """Yield a correction's events, numbered.

    Its own comes first, then one for each step of the system's that its target led to at once, and
    the steps that what was entered anew leads to.
    """
    steps: list[Event] = []
    consequences = [] if _withdraws(what) else list(what_follows(history, named))
    corrections = [what, *(evolve(what, event=event.number) for event in consequences)]
    if what.entry is not None and what.to is not None:
        first = evolve(named, what=what.entry, on=what.to, number=1, changes=())
        steps = list(_steps_at_once(session, first, request))
        corrections = [what, *_corrected_steps(what, consequences, steps)]
        if [_step_of(event) for event in consequences] == [_step_of(event) for event in steps]:
            steps = []
    for place, one in enumerate(corrections):
        key = None if place else request.key
        yield evolve(request, number=request.number + place, key=key, what=one)
    for place, step in enumerate(steps, start=request.number + len(corrections)):
        yield evolve(step, number=place)


def _withdraws(what: Corrected) -> bool:
    return (what.event, what.correction) == (1, "void")


def _steps_at_once(session: Session, first: Event, request: Event) -> Iterator[Event]:
    """Yield the steps that the system takes at once on a record that begins so."""
    record: Record | None = begin(first)
    while record is not None:
        before, record = record, None
        lifecycle = session.lifecycle(before)
        for trigger in automatic_triggers(lifecycle, before.state):
            act = system_act(trigger, first.on)
            step = decide_in_hierarchy(session, lifecycle, before, act)
            if isinstance(step, Event):
                yield evolve(step, recorded_at=request.recorded_at)
                record = apply(before, step)
                break


def _corrected_steps(
    what: Corrected, old: Sequence[Event], new: Sequence[Event]
) -> Iterator[Corrected]:
    """Yield what becomes of the steps that a beginning led to: they stay, on its day, or are void.

    They stay where it still leads to them.
    """
    stay = list(map(_step_of, old)) == list(map(_step_of, new))
    for event in old:
        if not stay:
            yield Corrected(event.number, "void")
        elif event.on != what.to:
            yield Corrected(event.number, "redate", what.to)


def _step_of(event: Event) -> tuple[str, ...]:
    taken = event.what
    return (taken.trigger, taken.old, taken.new) if isinstance(taken, TransitionTaken) else ()


def _event_numbered(history: History, record: str, number: int) -> Event:
    if type(number) is not int or not 0 < number <= len(history):
        raise InvalidRequest(
            f"{record}: event {number!r}",
            "is not in its history",
            f"name one from 1 to {len(history)}",
        )
    return history[number - 1]


def what_follows(history: History, named: Event) -> Iterator[Event]:
    """Yield the steps of the system's that an event led to at once.

    Where the event is a correction itself, the corrections and steps that were made beside it.

    Args:
        history: What was recorded of the record.
        named: The event.
    """
    if not isinstance(named.what, Corrected):
        standing = dropwhile(lambda event: event.number != named.number, as_corrected(history))
        yield from takewhile(is_step_at_once, list(standing)[1:])
        return
    for event in history[named.number :]:
        is_beside = isinstance(event.what, Corrected) and event.recorded_at == named.recorded_at
        is_step = named.what.entry is not None and is_step_at_once(event)
        if not is_step and not (is_beside and is_step_at_once(event_corrected(history, event))):
            return
        yield event


def _check_request(
    session: Session, request: Event, what: Corrected, history: History, named: Event
) -> None:
    """Refuse a correction that cannot be meant of this event, or is dated as none can be."""
    check_not_future(session, request.on, request.record)
    if what.to is not None:
        check_not_future(session, what.to, request.record)
    check_asked(history, request, what, named)
    check_joint_days(session, history, request)


def check_asked(history: History, request: Event, what: Corrected, named: Event) -> None:
    """Refuse a correction that no history bears: of what stands no more, or says so already.

    Args:
        history: What was recorded of the record before it.
        request: The correction.
        what: What it corrects, and how.
        named: The event that it names.

    Raises:
        InvalidRequest: It cannot be meant of this event, or lies before it.
    """
    to, target = what.to, f"{request.record}: event {named.number}"
    for why, instead in _correction_faults(history, named, what):
        raise InvalidRequest(target, why, instead)
    effective = next((e for e in as_corrected(history) if e.number == named.number), named)
    if (to, what.entry) == (effective.on, effective.what if what.entry else None):
        said = "says so already" if what.entry else f"is dated {to} already"
        raise InvalidRequest(target, said, "give what it should have been")
    if request.on < effective.on:
        why = f"happened on {effective.on}, after this correction of {request.on}"
        raise InvalidRequest(target, why, "give the day the correction is made on")


def _check_shape(what: Corrected, target: str, entry: EntryValues | None) -> None:
    if what.correction not in {"void", "redate", "reenter"}:
        why = f"has no correction {what.correction!r}"
        raise InvalidRequest(target, why, "write `void`, `redate` or `reenter`")
    if (what.correction == "redate") is (what.to is None):
        done = "voided" if what.correction == "void" else "re-entered"
        why = "is re-dated to no day" if what.to is None else f"is {done}, and given a day"
        raise InvalidRequest(target, why, "give the day `to` for `redate`, and for that alone")
    if (what.correction == "reenter") is (entry is None):
        why = "is re-entered as nothing" if entry is None else "is given an entry, and not for that"
        raise InvalidRequest(target, why, "give the `entry` for `reenter`, and for that alone")


def _correction_faults(
    history: History, named: Event, what: Corrected
) -> Iterator[tuple[str, str]]:
    target, is_void = event_corrected(history, named), what.correction == "void"
    by = [e for e in history if isinstance(e.what, Corrected) and e.what.event == named.number]
    voids = [e for e in by if isinstance(e.what, Corrected) and e.what.correction == "void"]
    withdrawal = withdrawal_of(history)
    if withdrawal is not None and named.number != withdrawal.number:
        where = f"void event {withdrawal.number}"
        yield "is of a record that is withdrawn", f"to have it back, {where}"
    if isinstance(target.what, ChildLinked):
        yield "follows from its child", "correct the child's first event, or what linked it"
    if is_step_at_once(target):
        yield "is a step of the system's own", "correct the event that led to it"
    if named is not target and not is_void:
        yield "is a correction", "void it, and correct anew"
    later = _re_entry_after(history, named)
    if later is not None:
        yield f"was replaced by event {later.number}", "void that first, or enter it anew"
    effective = {event.number for event in as_corrected(history)}
    if named is target and named.number not in effective:
        yield "is voided already", f"to have it back, void event {voids[-1].number}"
    if named is not target and voids and _is_effective(history, voids[-1]):
        yield "is voided already", f"to have it back, void event {voids[-1].number}"


def _re_entry_after(history: History, named: Event) -> Event | None:
    """Return the last re-entry that stands in the place of one; None where there is none."""
    if not isinstance(named.what, Corrected) or named.what.entry is None:
        return None
    later = (
        event
        for event in reversed(history[named.number :])
        if isinstance(event.what, Corrected) and event.what.entry is not None
    )
    return next((event for event in later if _is_effective(history, event)), None)


def _is_effective(history: History, correction: Event) -> bool:
    """Say whether no later correction that stands voids this one."""
    return not any(
        isinstance(event.what, Corrected)
        and (event.what.event, event.what.correction) == (correction.number, "void")
        and _is_effective(history, event)
        for event in history[correction.number :]
    )


def _check_nothing_rests_on(
    session: Session, record: Record, standing: History, request: Event
) -> None:
    """Refuse to withdraw a record on which something rests: children, others, another side's acts.

    Raises:
        Refused: With all that does.
    """
    reasons = [*each_resting(session, record, standing, request)]
    for name, how in each_naming(session, record):
        reasons.append(Reason("not yet", f"{name} names it as its {how}", f"correct {name} first"))
    if reasons:
        raise Refused(refusal_on(record, "correct", request.actor.role, *reasons))


def each_resting(
    session: Session, record: Record, standing: History, request: Event
) -> Iterator[Reason]:
    """Yield what its own history shows to rest on a record: children, and another side's acts.

    Args:
        session: What knows the roles.
        record: The record before it is withdrawn.
        standing: What stands of it.
        request: What withdraws it.
    """
    for name in record.children:
        instead = f"withdraw {name}, or put it elsewhere, first"
        yield Reason("not yet", f"{name} lies below it", instead)
    side = role_of(session, request.actor.role).side
    for event in standing:
        role = session.rulebook.vocabulary.roles.get(event.actor.role)
        is_act = isinstance(event.what, (TransitionTaken, Relevelled, Migrated))
        if is_act and (role is None or role.side not in {side, SYSTEM}):
            did = f"event {event.number} of {event.on} was done by {event.actor}"
            yield Reason("not yet", did, correct_first(event))


def _move_family(
    session: Session, request: Event, before: Record, after: Record, *, history: History
) -> None:
    """Have a parent and children follow what became of a record."""
    old = None if before.withdrawn else before.parent
    new = None if after.withdrawn else after.parent
    if old is not None and old != new:
        _unlink(session, request, old, after.id)
    if new is not None and old != new:
        first = as_corrected(session.history(after.id))[0]
        link_to_parent(
            session, session.get(new), after, evolve(request, on=first.on), verb="correct"
        )
    elif new is not None and _day_below(history) != _day_below(session.history(after.id)):
        _redate_link(session, request, new, after.id)
    for name in each_below(session, after):
        if session.get(name).force != after.force:
            entered = begin(as_corrected(session.history(after.id))[0])
            values: EntryValues = {"force": after.force, "joint": joint_of(entered)}
            _follow_entry(session, request, name, values)


def _have_below_follow(session: Session, request: Event) -> None:
    """Have what lies below a record be of the same forces, as it is corrected."""
    after = session.get(request.record)
    for name in each_below(session, after):
        _follow_above(session, request, after, name)


def _keep_with_above(session: Session, request: Event, history: History) -> None:
    """Have a record that comes back follow the one above it; refuse what takes one from it.

    Raises:
        InvalidRequest: The record would be of other forces than what it lies below.
    """
    after = session.get(request.record)
    if after.parent is None or after.withdrawn:
        return
    above = session.get(after.parent)
    if withdrawal_of(history) is not None:
        _follow_above(session, request, above, after.id)
    elif joint_of(above) != joint_of(after):
        why = f"would be of {say_forces(after)}, and {above.id} above it of {say_forces(above)}"
        raise InvalidRequest(after.id, why, f"correct {above.id}: what lies below follows")
    elif _strays_from_above(session, request, above):
        why = f"would be joint on other days than {above.id} above it"
        raise InvalidRequest(after.id, why, f"correct {above.id}: what lies below follows")


def _strays_from_above(session: Session, request: Event, above: Record) -> bool:
    """Whether what a correction corrects, now stands elsewhere than what it was made with above."""
    below = session.history(request.record)
    target = event_corrected(below, request)
    if not isinstance(target.what, MadeJoint):
        return False
    forces = forces_above(session.history(above.id), below)
    return any(
        event == target and any(each_move(event, other, forces, lambda: below))
        for event, other in forces.pairs
    )


def _follow_above(session: Session, request: Event, above: Record, name: str) -> None:
    """Have a record be of the forces of the one above it, on each day as that is of them.

    Each event that makes it joint goes where the one goes that it was made with. It begins as the
    one above was when it came below, and what was said while it was withdrawn is said now.
    """
    history, below = session.history(above.id), session.history(name)
    is_said = any(isinstance(event.what, MadeJoint) for event in history)
    if not is_said and joint_of(session.get(name)) == joint_of(above):
        return
    forces = forces_above(history, below)
    for event, other in forces.pairs:
        for what in each_move(event, other, forces, lambda: session.history(name)):
            made = _correction_below(session, request, name, what)
            _take_correction(session, made, what, event, follows=True)
    _begin_as(session, request, name, forces)
    paired = {other.number for _, other in forces.pairs}
    for event in forces.since:
        if event.number not in paired:
            _say_joint(session, request, name, event)


def _begin_as(session: Session, request: Event, name: str, forces: ForcesAbove) -> None:
    """Have a record be of the forces from the beginning that one above was when it came below."""
    for said, joint in forces.begun:
        own = own_forces_said(forces, as_corrected(session.history(name)))
        if joint_said(own[-1]) == joint:
            continue
        if own[1:]:
            _say_joint(session, request, name, said)
        else:
            _follow_entry(session, request, name, {"joint": joint}, follows=True)


def _say_joint(session: Session, request: Event, name: str, said: Event) -> None:
    """Say of a record now of which forces the one above was said to be, where it is of others."""
    known, new = session.get(name), joint_said(said)
    if new is not None and new != joint_of(known):
        on, by = max(said.on, known.on), request.recorded_by
        why = said.reason or request.reason
        later = evolve(said, on=on, recorded_by=by, recorded_at=session.now, reason=why, key=None)
        take_made_joint(session, known, later, new)


def _correction_below(session: Session, request: Event, name: str, what: Corrected) -> Event:
    number = session.get(name).number + 1
    return evolve(request, record=name, number=number, what=what, key=None, changes=())


def _day_below(history: History) -> date:
    """Return the day from which a record lies below its parent, which it has."""
    standing = as_corrected(history)
    return (links_of(standing) or standing[:1])[-1].on


def _redate_link(session: Session, request: Event, parent: str, child: str) -> None:
    """Move a parent's link to the day from which its child lies below, among its other events."""
    standing = as_corrected(session.history(parent))
    places = [n for n, event in enumerate(standing) if event.what == ChildLinked(child)]
    if not places:  # it lies below and is no child
        return
    place = places[-1]
    day = day_of_link(standing, place, session.history(child))
    if day != standing[place].on:
        _correct_link(session, request, parent, Corrected(standing[place].number, "redate", day))


def day_of_link(standing: History, place: int, below: History) -> date:
    """Return the day of a parent's link, among its other events.

    Args:
        standing: What stands of the parent.
        place: The place of the link in it.
        below: What was recorded of the child, which lies below it.
    """
    earlier, later = standing[place - 1].on, [event.on for event in standing[place + 1 :]]
    return min([max(earlier, _day_below(below)), *later])


def _unlink(session: Session, request: Event, parent: str, child: str) -> None:
    """Void the link by which a child stood below a parent."""
    standing = as_corrected(session.history(parent))
    links = [event for event in standing if event.what == ChildLinked(child)]
    if links:  # otherwise it lay below and was no child
        _correct_link(session, request, parent, Corrected(links[-1].number, "void"))


def _correct_link(session: Session, request: Event, parent: str, what: Corrected) -> None:
    history, known = session.history(parent), session.get(parent)
    event = evolve(request, record=parent, number=known.number + 1, what=what, key=None, changes=())
    for made, record in _judged(session, history, [event], since=what.event):
        take(session, made, known, folded=record)


def _follow_entry(
    session: Session, request: Event, name: str, values: EntryValues, *, follows: bool = False
) -> None:
    """Enter what lies below anew, as what it lies below was entered anew."""
    history = session.history(name)
    entry, on = entered_anew(session, as_corrected(history)[0], values)
    what = Corrected(1, "reenter", on, entry)
    made = _correction_below(session, request, name, what)
    _take_correction(session, made, what, history[0], follows=follows)
