"""Hold what is kept of a child to its parent: it stands open on no day on which that counts closed.

The verbs ask it of each step. Here it is read off both histories as they are known by now, on the
ledgers that bind whoever acts: those which national rules count on, for children of a national
category below parents of one. What conflicted before verbs refused it for every day is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from attrs import field

from peelflow.engine.fold import apply, as_corrected, begin
from peelflow.model.records import (
    Event,
    Migrated,
    Record,
    Relevelled,
    TransitionTaken,
)
from peelflow.model.rules import Counts
from peelflow.register.hierarchy import ledgers_counting
from peelflow.register.joint_below import links_of
from peelflow.register.kept_before import is_of_before
from peelflow.register.session import Session
from peelflow.register.undeclared import first_names
from peelflow.results import define, frozen

History = Sequence[Event]
PARENTS_KNOWN = 256
"""Of how many parents the days are held at once."""
_MOVING = TransitionTaken | Relevelled | Migrated


@frozen
class _Counting:
    """On which national ledgers a record counts so from the end of a day on, and since what.

    Attributes:
        on: The day.
        ledgers: The ledgers; none where it counts so on none.
        event: The event that brought it there.
    """

    on: date
    ledgers: frozenset[str]
    event: Event


@frozen
class OpenBelowClosed:
    """A child that stood open below a parent which counted closed.

    Attributes:
        event: What last led there: the link of the one to the other, or what moved one of them.
        why: What is so.
        is_before: Whether it was so when an earlier peelflow may have let it be.
    """

    event: Event
    why: str
    is_before: bool


@define(eq=False)
class ClosedParents:
    """On which days the parents that were last asked for counted closed; many lie below one."""

    _closed: dict[str, tuple[_Counting, ...]] = field(factory=dict, repr=False)
    _let_be: dict[str, None] = field(factory=dict)

    def of(self, session: Session, parent: Record) -> tuple[_Counting, ...]:
        """Return how a record counts closed, day by day; nothing where it never did.

        Args:
            session: What knows its history.
            parent: The record.
        """
        if not _may_have_closed(session, parent):
            return ()
        if parent.id not in self._closed:
            if len(self._closed) >= PARENTS_KNOWN:
                self._closed.clear()
            standing = as_corrected(session.history(parent.id))
            each = _counting(session, standing, "closed")
            self._closed[parent.id] = each if any(count.ledgers for count in each) else ()
        return self._closed[parent.id]

    def note(self, child: str) -> None:
        """Note a child that an earlier peelflow let stand open so."""
        self._let_be[child] = None

    def sentences(self) -> Iterator[str]:
        """Yield in words what an earlier peelflow let be."""
        if self._let_be:
            stood = "stood open on a day on which its parent counted closed"
            yield f"{stood}, as an earlier peelflow let it: {first_names(self._let_be)}"


def _may_have_closed(session: Session, record: Record) -> bool:
    """Say whether a record may ever have counted closed: of most that is known without events."""
    states = session.lifecycle(record).states
    ever = {record.state, *record.entered}
    return any(name not in states or "closed" in states[name].counts_as.values() for name in ever)


def open_below_closed(
    session: Session, record: Record, history: History, parents: ClosedParents
) -> OpenBelowClosed | None:
    """Return where a child stood open below its parent that counted closed; None where it did not.

    Args:
        session: What knows the rules and the parent.
        record: The record as it stands.
        history: All its events.
        parents: What is known of parents.
    """
    parent = None if record.withdrawn or record.parent is None else session.find(record.parent)
    if parent is None or record.id not in parent.children:
        return None
    closed = parents.of(session, parent) if session.national_ledgers(parent) else ()
    if not closed:
        return None
    standing = as_corrected(history)
    conflicts = _each_conflict(_counting(session, standing, "open"), closed, standing)
    of_both = history, session.history(parent.id)
    let_be: OpenBelowClosed | None = None
    for day, opened, closing in conflicts:
        since = (*links_of(standing)[-1:], opened.event, closing.event)
        event = max(since, key=lambda each: each.recorded_at)
        ledgers = ", ".join(sorted(opened.ledgers & closing.ledgers))
        why = f"{record.id} stands open on {day} below {parent.id}, which counts closed ({ledgers})"
        found = OpenBelowClosed(event, why, _conflicted_before(session, of_both, day))
        if not found.is_before:
            return found
        let_be = found
    return let_be


def _day_below(standing: History) -> date:
    """Return from which day a record lies below its parent."""
    links = links_of(standing)
    return links[-1].on if links else standing[0].on


def _counting(session: Session, standing: History, counts: Counts) -> tuple[_Counting, ...]:
    return tuple(_each_counting(session, standing, counts))


def _each_counting(session: Session, standing: History, counts: Counts) -> Iterator[_Counting]:
    """Yield how a record counts at the end of each day on which it moved."""
    moved = [*standing[:1], *(event for event in standing[1:] if isinstance(event.what, _MOVING))]
    record: Record | None = None
    for place, event in enumerate(moved):
        record = begin(event) if record is None else apply(record, event)
        if place + 1 == len(moved) or moved[place + 1].on > event.on:
            national = session.national_ledgers(record) or frozenset()
            ledgers = ledgers_counting(session, record, counts) & national
            yield _Counting(event.on, ledgers, event)


def _each_conflict(
    opened: Sequence[_Counting], closed: Sequence[_Counting], standing: History
) -> Iterator[tuple[date, _Counting, _Counting]]:
    """Yield each day at whose end a child counts open and its parent closed, as it lies below."""
    first = max(_day_below(standing), closed[0].on)
    days = {first, *(count.on for count in (*opened, *closed) if count.on > first)}
    for day in sorted(days):
        child, parent = _at(opened, day), _at(closed, day)
        if child and parent and child.ledgers & parent.ledgers:
            yield day, child, parent


def _at(counting: Sequence[_Counting], day: date) -> _Counting | None:
    return next((count for count in reversed(counting) if count.on <= day), None)


def _conflicted_before(session: Session, of_both: tuple[History, History], day: date) -> bool:
    """Say whether it was so already in what an earlier peelflow had recorded."""
    child, parent = (as_corrected(filter(is_of_before, history)) for history in of_both)
    opened = _at(_counting(session, child, "open"), day)
    closing = _at(_counting(session, parent, "closed"), day)
    return bool(opened and closing and opened.ledgers & closing.ledgers)
