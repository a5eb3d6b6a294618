"""Hold what makes a record joint below another to what makes that one joint, and back.

A verb says it of the record above, and what lies below follows: in one moment, on one day, and on
whose word that was. What is corrected above is corrected below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from peelflow.engine.fold import as_corrected
from peelflow.engine.standing_events import each_as_recorded
from peelflow.errors import InvalidRequest
from peelflow.model.records import Corrected, Event, MadeJoint, Record
from peelflow.register.joint_below import each_move, forces_above, joint_said
from peelflow.register.kept_before import is_of_before
from peelflow.register.kept_corrections import each_history_above
from peelflow.register.kept_links import KeptFault, KeptParent, KnownParents, PutBelow, said_by
from peelflow.register.replay import numbers_before
from peelflow.register.session import Session

History = Sequence[Event]


def each_joint_fault(
    session: Session,
    record: Record,
    history: History,
    puts: Sequence[PutBelow],
    known: KnownParents,
) -> Iterator[KeptFault]:
    """Yield each event that made a record joint below another, or that one alone, as no verb does.

    Args:
        session: What knows the other records.
        record: The record as it stands.
        history: All its events.
        puts: What put it below others.
        known: What is known of those.
    """
    made = [event for event in history if isinstance(event.what, MadeJoint)]
    yield from _each_made_alone(session, history, known) if made else ()
    for put in puts:
        if session.find(put.parent) is not None:
            above = known.of(session, put.parent)
            yield from _each_not_followed(session, record, made, put, above)
    if record.parent is None or record.withdrawn or session.find(record.parent) is None:
        return
    if made and known.of(session, record.parent).is_corrected:
        yield from _each_strayed(session, history, record.parent)


def _each_made_alone(
    session: Session, history: History, known: KnownParents
) -> Iterator[KeptFault]:
    """Yield what made a record joint below another on no word that was said of that one."""
    for event, before, _ in each_as_recorded(history):
        if not isinstance(event.what, MadeJoint) or before is None or before.parent is None:
            continue
        if session.find(before.parent) is None:
            continue
        above = known.of(session, before.parent)
        is_said = any(_is_made_with(event, other) for other in above.joints)
        if not is_said and not _is_led(session, history, event, before, above):
            why = f"was not made joint so with it, on {event.on}, by the same person"
            yield KeptFault(event, f"it lies below {before.parent}, which {why}")


def _is_made_with(event: Event, other: Event) -> bool:
    """Say whether an event makes a record joint as another made the one above it joint."""
    is_alike = event.on == other.on and said_by(event) == said_by(other) and event.key is None
    return is_alike and _is_said_beside(event, other)


def _is_said_beside(event: Event, other: Event) -> bool:
    return event.recorded_at == other.recorded_at and joint_said(event) == joint_said(other)


def _is_led(
    session: Session, history: History, event: Event, before: Record, above: KeptParent
) -> bool:
    """Say whether a correction in its moment has a record say now what that above says."""
    is_corrected = above.is_corrected or any(isinstance(each.what, Corrected) for each in history)
    if not is_corrected or is_of_before(event):
        return is_corrected
    past = session.history(before.parent or "")
    return any(
        _is_said_after(event, said, led_by, before)
        for led_by in (*past, *history)
        if isinstance(led_by.what, Corrected) and led_by.recorded_at == event.recorded_at
        for stood in each_history_above(past, history, led_by)
        for said in as_corrected(stood)
    )


def _is_said_after(event: Event, said: Event, led_by: Event, before: Record) -> bool:
    """Say whether an event says of its record what was said of the one above, as a correction."""
    is_alike = joint_said(event) == joint_said(said) and event.on == max(said.on, before.on)
    by = said.actor, led_by.recorded_by, said.reason or led_by.reason, said.source
    return is_alike and said_by(event) == by and event.key is None


def _each_not_followed(
    session: Session, record: Record, made: Sequence[Event], put: PutBelow, above: KeptParent
) -> Iterator[KeptFault]:
    """Yield what made the record above joint while this one lay below it, and did not follow."""
    for other in above.joints:
        is_followed = any(_is_said_beside(event, other) for event in made)
        if not is_followed and not is_of_before(other) and _lay_below(session, record, put, other):
            why = f"{record.id} lay below it, and was not made joint so with it"
            yield KeptFault(other, why)


def _lay_below(session: Session, record: Record, put: PutBelow, other: Event) -> bool:
    """Say whether a record lay below another when something was recorded of that.

    The feed tells it: clocks may be wrong. Where nothing has a position yet nobody can say.
    """
    is_left = put.left is not None and other.recorded_at > put.left.recorded_at
    if is_left or other.recorded_at < put.event.recorded_at:
        return False
    try:
        number = numbers_before(session, other).get(record.id, 0)
    except InvalidRequest:  # within an application's transaction
        return False
    return put.event.number <= number and (put.left is None or number < put.left.number)


def _each_strayed(session: Session, history: History, parent: str) -> Iterator[KeptFault]:
    """Yield what made a record joint with the one above, and stands elsewhere by now than that."""
    past = session.history(parent)
    if any(isinstance(event.what, Corrected) and is_of_before(event) for event in past):
        return
    above = forces_above(past, history)
    for event, other in above.pairs:
        if any(each_move(event, other, above, lambda: history)):
            why = f"stands elsewhere by now than event {other.number} of {parent}"
            yield KeptFault(event, f"{why}, with which it was made")
