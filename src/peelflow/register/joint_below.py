"""Tell how what lies below a record comes to be of the same forces as that on each day.

It is read off the two histories: what a correction of the record above brings along below, the verb
makes and `verify` expects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import evolve

from peelflow.engine.fold import as_corrected
from peelflow.engine.standing_events import each_as_recorded
from peelflow.model.records import (
    Added,
    ChildLinked,
    Corrected,
    Event,
    Joint,
    MadeJoint,
    ParentLinked,
    TakenOver,
)
from peelflow.register.joint import joint_of
from peelflow.results import frozen

History = Sequence[Event]


@frozen
class ForcesAbove:
    """Of which forces a record is, since when, to whoever lies below it.

    Attributes:
        pairs: Each event that made the one below joint, with that above it was made with: the last
            first.
        standing: What stands of the record above, by number.
        begun: The last event that says of which forces it was before the other came below, and
            those; none where it was entered later.
        since: What stands of it since then.
    """

    pairs: tuple[tuple[Event, Event], ...]
    standing: Mapping[int, Event]
    begun: tuple[tuple[Event, Joint], ...]
    since: tuple[Event, ...]


def forces_above(history: History, below: History) -> ForcesAbove:
    """Return of which forces a record is to one that lies below it.

    Args:
        history: What was recorded of the record above.
        below: What was recorded of the one below.
    """
    said = [event for event in history if isinstance(event.what, MadeJoint)]
    standing = {event.number: event for event in as_corrected(history)}
    put = _put_below(below)
    pairs = tuple(_each_made_with(said, below[put.number :]))
    came = min(_each_since_below(history, put, pairs))
    earlier = [event for event in standing.values() if event.number < came]
    begun = [(event, joint) for event in earlier if (joint := joint_said(event)) is not None]
    since = tuple(event for event in standing.values() if event.number >= came)
    return ForcesAbove(pairs, standing, tuple(begun[-1:]), since)


def each_following(history: History, below: History) -> Iterator[Corrected]:
    """Yield the corrections of a record one of which comes next, for it to be as the one above.

    Args:
        history: What was recorded of the record above.
        below: What was recorded of the one below, which was put there.
    """
    standing = as_corrected(below)
    if not standing:  # it is withdrawn
        return
    above = forces_above(history, below)
    for event, other in above.pairs:
        yield from each_move(event, other, above, lambda: below)
    own, first = own_forces_said(above, standing), standing[0].what
    for _, joint in () if own[1:] else above.begun:
        if joint != joint_said(own[0]) and isinstance(first, Added | TakenOver):
            entry = evolve(first, joint_with=joint.forces, joint_acts=joint.acts)
            yield Corrected(1, "reenter", standing[0].on, entry)


def own_forces_said(above: ForcesAbove, standing: History) -> list[Event]:
    """Return what says of which forces a record is, but for what was made with the one above.

    What was made joint while it lay nowhere stays so until then.

    Args:
        above: The forces of the record above.
        standing: What stands of the one below.
    """
    made_with = {event.number for event, _ in above.pairs}
    return [event for event in standing if event.number not in made_with and joint_said(event)]


def joint_said(event: Event) -> Joint | None:
    """Return of which other forces an event says that its record is; None where of none.

    Args:
        event: The event.
    """
    if isinstance(event.what, MadeJoint):
        return Joint(event.what.new, event.what.acts)
    return joint_of(event.what) if isinstance(event.what, Added | TakenOver) else None


def each_move(
    event: Event, other: Event, above: ForcesAbove, read: Callable[[], History]
) -> Iterator[Corrected]:
    """Yield what takes an event to where the one above stands that it was made with, if it does.

    Args:
        event: An event that made a record joint.
        other: The one above that it was made with.
        above: The forces of the record above.
        read: Reads what was recorded of the one below, anew after each correction that was taken.
    """
    void, known = Corrected(event.number, "void"), _standing(read(), event)
    stands = above.standing.get(other.number)
    if stands is None:
        if known is not None:
            yield void
        return
    voids = [each.number for each in read() if each.what == void] if known is None else []
    for number in voids[-1:]:
        yield Corrected(number, "void")
        known = _standing(read(), event)
    on = stands.on if event.on == other.on else max(stands.on, event.on)
    if known is not None and known.on != on:
        yield Corrected(event.number, "redate", on)


def _standing(history: History, event: Event) -> Event | None:
    return next((each for each in as_corrected(history) if each.number == event.number), None)


def _each_made_with(said: History, below: History) -> Iterator[tuple[Event, Event]]:
    """Yield each event that made a record joint, with that of the record above: the last first.

    It was made in the moment of that; or after it, where the record came back meanwhile.
    """
    for event in reversed(below):
        if not isinstance(event.what, MadeJoint):
            continue
        same = [other for other in said if joint_said(other) == joint_said(event)]
        beside = [other for other in same if other.recorded_at == event.recorded_at]
        before = [other for other in same if other.recorded_at < event.recorded_at]
        for other in (beside or before)[-1:]:
            said = said[: said.index(other)]
            yield event, other


def _each_since_below(
    history: History, put: Event, pairs: Sequence[tuple[Event, Event]]
) -> Iterator[int]:
    """Yield numbers that a record's events have since another was put below, and the next one."""
    yield len(history) + 1
    yield from (other.number for _, other in pairs)
    for event in history:
        if event.recorded_at > put.recorded_at or event.what == ChildLinked(put.record):
            yield event.number


def _put_below(history: History) -> Event:
    """Return the event that put a record below its parent, which it has, as it was recorded."""
    put = [
        event
        for event, before, after in each_as_recorded(history)
        if after.parent != (before and before.parent)
    ]
    return (links_of(as_corrected(history)) or put)[-1]


def links_of(standing: History) -> list[Event]:
    """Return the events that put a record below another since it was entered.

    Args:
        standing: What stands of the record.
    """
    return [event for event in standing if isinstance(event.what, ParentLinked)]
