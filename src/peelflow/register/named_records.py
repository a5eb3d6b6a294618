"""Hold that nothing is withdrawn that a record names as its successor or in a field.

What is withdrawn was entered by mistake: nothing is closed in favour of it, and nothing is of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from peelflow.engine.standing_events import each_as_recorded
from peelflow.model.decisions import Reason, Refused
from peelflow.model.records import (
    Added,
    Amended,
    Corrected,
    Event,
    Record,
    TakenOver,
    TransitionTaken,
)
from peelflow.register.hierarchy import refusal_on
from peelflow.register.session import Session
from peelflow.register.successors import each_named, is_closed_in_favour, ring_of_successors
from peelflow.rulebook.national import national


def check_named_stand(session: Session, request: Event, before: Record, after: Record) -> None:
    """Refuse a correction by which a record would name again what was withdrawn since.

    Args:
        session: What knows the records.
        request: The correction.
        before: The record before it.
        after: The record after it.

    Raises:
        Refused: With all that it would name.
    """
    categories = session.rulebook.vocabulary.categories
    known = {*each_named(session, before, categories)}
    reasons = [
        Reason("not yet", f"its {how} would be {name}, which is withdrawn", f"have {name} back")
        for name, how in each_named(session, after, categories)
        if (name, how) not in known and _is_withdrawn(session.find(name))
    ]
    if reasons:
        raise Refused(refusal_on(before, "correct", request.actor.role, *reasons))


def _is_withdrawn(named: Record | None) -> bool:
    return named is not None and named.withdrawn


def each_withdrawn_named(
    session: Session, record: Record, history: Sequence[Event]
) -> Iterator[tuple[Event, str]]:
    """Yield each event by which a record came to name one that is withdrawn, and what is so.

    Either the event was refused, or the withdrawal was, whichever came second. A correction was
    not by an earlier peelflow: what names a record since one is left out. So is a record of forces
    that the other one shares none with: a register for one force withdraws without seeing it.

    Args:
        session: What knows the records.
        record: The record as it stands.
        history: What was recorded of it.
    """
    for name, how in each_named(session, record, national().vocabulary.categories):
        named = session.find(name)
        if named is not None and named.withdrawn:
            event = _named_since(session, history, named, how)
            if event is not None and isinstance(event.what, _NAMING):
                field = "its successor" if how == "successor" else f"its field `{how}`"
                yield event, f"{field} is {name}, which is withdrawn"


_NAMING = (Added, Amended, TakenOver, TransitionTaken)


def _named_since(
    session: Session, history: Sequence[Event], named: Record, how: str
) -> Event | None:
    """Return the event since which a record names another that is of a force of its own."""
    since, categories = None, national().vocabulary.categories
    for event, _, after in each_as_recorded(history):
        is_seen = not {*after.forces}.isdisjoint(named.forces)
        if not is_seen or (named.id, how) not in each_named(session, after, categories):
            since = None
        elif since is None:
            since = event
    return since


RINGS_REFUSED_SINCE = datetime(2026, 12, 1, tzinfo=UTC)
"""When corrections were all held to it that no two records are closed in favour of each other."""


def say_ring(session: Session, record: Record) -> str:
    """Say that a record, and what it was closed in favour of, are each closed in favour of another.

    Args:
        session: What knows the records.
        record: The record as it stands.
    """
    ring = ring_of_successors(session, record)
    closings = (
        f"{old} in favour of {new}" for old, new in zip(ring, ring[1:] + ring[:1], strict=True)
    )
    return f"stands closed in a ring: {' and '.join(closings)}" if ring else ""


def is_ring_of_before(session: Session, record: Record) -> bool:
    """Say whether an earlier peelflow may have let a correction close a ring of records.

    Args:
        session: What knows the records.
        record: One of them.
    """
    since = (_closed_since(session, name) for name in ring_of_successors(session, record))
    return any(
        event is not None
        and isinstance(event.what, Corrected)
        and event.recorded_at < RINGS_REFUSED_SINCE
        for event in since
    )


def _closed_since(session: Session, record: str) -> Event | None:
    """Return the event since which a record stands closed in favour of what it is."""
    since, successor = None, session.get(record).successor
    for event, _, after in each_as_recorded(session.history(record)):
        if after.successor != successor or not is_closed_in_favour(session, after):
            since = None
        elif since is None:
            since = event
    return since
