"""Hold what puts a record below another to the link that a verb then puts on that, and back.

A verb puts both down in one moment, of one decision. Where a record lies says its own event; what a
parent's acts ask for say its links: so neither stands without the other, and none stands twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from attrs import field

from peelflow.engine.fold import as_corrected
from peelflow.engine.standing_events import each_as_recorded
from peelflow.model.records import (
    ChildLinked,
    Corrected,
    Event,
    Joint,
    MadeJoint,
    ParentLinked,
    Record,
)
from peelflow.register.hierarchy import is_no_child
from peelflow.register.joint import joint_of
from peelflow.register.kept_before import is_of_before
from peelflow.register.session import Session
from peelflow.results import define, frozen
from peelflow.rulebook.national import national
from peelflow.stores.integrity import CLOCK_TOLERANCE
from peelflow.stores.soundness import entry_of
from peelflow.wording import say_forces

History = Sequence[Event]
PARENTS_KNOWN = 256
"""Of how many parents the links are held at once."""


@frozen
class KeptFault:
    """An event that no verb made so, and why.

    Attributes:
        event: The event.
        why: What is wrong with it.
    """

    event: Event
    why: str


@frozen
class PutBelow:
    """An event that put a record below another, as it was recorded.

    Attributes:
        event: The event.
        record: The record after it.
        day: The day from which it lies there.
        is_back: Whether it came back with it, and had been withdrawn.
        left: The event with which it lay there no more; None where none did.
    """

    event: Event
    record: Record
    day: date
    is_back: bool
    left: Event | None = None

    @property
    def parent(self) -> str:
        """The record that it was put below."""
        return self.record.parent or ""


@frozen
class KeptLink:
    """A link to a child, with its parent as it stood before it.

    Attributes:
        event: The link's event.
        last: The day of the parent's last event.
        force: The parent's force.
        joint: Of which other forces it was.
        is_second: Whether the child was linked already.
    """

    event: Event
    last: date
    force: str
    joint: Joint
    is_second: bool


@frozen
class KeptParent:
    """What is known of a record to whoever lies below it.

    Attributes:
        links: Its links, by child.
        joints: Each event that made it joint.
        moments: Of which forces it was from each event on that says so.
        categories: Those that it was ever entered as.
        is_corrected: Whether it was ever corrected.
    """

    links: dict[str, list[KeptLink]]
    joints: tuple[Event, ...]
    moments: tuple[tuple[Event, str, Joint], ...]
    categories: frozenset[str]
    is_corrected: bool


@define(eq=False)
class KnownParents:
    """What is known of the parents that were last asked for: many records lie below one."""

    _parents: dict[str, KeptParent] = field(factory=dict, repr=False)

    def of(self, session: Session, parent: str) -> KeptParent:
        """Return what is known of a record that is kept.

        Args:
            session: What knows its history.
            parent: Its id.
        """
        if parent not in self._parents:
            if len(self._parents) >= PARENTS_KNOWN:
                self._parents.clear()
            self._parents[parent] = _kept_parent(session.history(parent))
        return self._parents[parent]


def _kept_parent(history: History) -> KeptParent:
    links: dict[str, list[KeptLink]] = {}
    moments: list[tuple[Event, str, Joint]] = []
    for event, before, after in each_as_recorded(history):
        if isinstance(event.what, ChildLinked) and before is not None:
            child = event.what.child
            is_second = child in links and child in before.children
            link = KeptLink(event, before.on, before.force, joint_of(before), is_second)
            links.setdefault(child, []).append(link)
        of_forces = after.force, joint_of(after)
        if not moments or moments[-1][1:] != of_forces:
            moments.append((event, *of_forces))
    joints = tuple(event for event in history if isinstance(event.what, MadeJoint))
    is_corrected = any(isinstance(event.what, Corrected) for event in history)
    categories = frozenset(
        entry.category for event in history if (entry := entry_of(event)) is not None
    )
    return KeptParent(links, joints, tuple(moments), categories, is_corrected)


def each_put_below(history: History) -> Iterator[PutBelow]:
    """Yield each event that put a record below another, as it was recorded.

    Args:
        history: All its events.
    """
    put: PutBelow | None = None
    for event, before, after in each_as_recorded(history):
        was = None if before is None or before.withdrawn else before.parent
        now = None if after.withdrawn else after.parent
        if was == now:
            continue
        if put is not None:
            yield PutBelow(put.event, put.record, put.day, put.is_back, event)
            put = None
        if now is not None:
            is_back, day = before is not None and before.withdrawn, event.on
            if isinstance(event.what, Corrected):
                day = as_corrected(history[: event.number])[0].on
            put = PutBelow(event, after, day, is_back)
    if put is not None:
        yield put


def has_parent(history: History) -> bool:
    """Say whether a record was ever said to have one that it lies below.

    Args:
        history: All its events.
    """
    return any(
        isinstance(event.what, ParentLinked)
        or ((entry := entry_of(event)) is not None and entry.parent is not None)
        for event in history
    )


def each_link_fault(
    session: Session,
    record: Record,
    history: History,
    puts: Sequence[PutBelow],
    known: KnownParents,
) -> Iterator[KeptFault]:
    """Yield each event that put a record below another, or linked it, as no verb does.

    Args:
        session: What knows the other records.
        record: The record as it stands.
        history: All its events.
        puts: What put it below others.
        known: What is known of those.
    """
    yield from _each_second_parent(history)
    for parent in dict.fromkeys(put.parent for put in puts):
        if session.find(parent) is not None:  # else that it is not kept is told of the record
            above = known.of(session, parent)
            of_parent = [put for put in puts if put.parent == parent]
            for fault in _each_fault_between(session, record.id, of_parent, above):
                # What it was linked to before tells that itself.
                if parent == record.parent or fault.event.record == record.id:
                    yield fault
    if any(isinstance(event.what, ChildLinked) for event in history):
        for child in known.of(session, record.id).links:
            yield from _each_stray_link(session, record.id, child, known)


def _each_second_parent(history: History) -> Iterator[KeptFault]:
    """Yield each link to a parent of a record that had one."""
    if not any(isinstance(event.what, ParentLinked) for event in history):
        return
    for event, before, _ in each_as_recorded(history):
        if isinstance(event.what, ParentLinked) and before is not None and before.parent:
            yield KeptFault(event, f"its parent is {before.parent} already")


def _each_stray_link(
    session: Session, parent: str, child: str, known: KnownParents
) -> Iterator[KeptFault]:
    """Yield the links to what does not lie there by now that never lay there as they say."""
    below = session.find(child)
    if below is not None and below.parent == parent:
        return  # which tells itself
    history = session.history(child) if below is not None else ()
    puts = [put for put in each_put_below(history) if put.parent == parent]
    yield from _each_fault_between(session, child, puts, known.of(session, parent))


def _each_fault_between(
    session: Session, child: str, puts: Sequence[PutBelow], above: KeptParent
) -> Iterator[KeptFault]:
    """Yield what stands of one record below another in one of the two histories alone."""
    links = above.links.get(child, [])
    unlinked, unmatched = list(puts), list[KeptLink]()
    for link in links:
        put = next((put for put in unlinked if _is_said_by(link, put)), None)
        if put is None:
            unmatched.append(link)
            continue
        unlinked.remove(put)
        why = _why_unfit(session, link, put, above)
        if why:
            yield KeptFault(link.event, why)
    for link in unmatched:
        if not is_of_before(link.event) or not _may_be_otherwise(puts):
            why = "in the moment of that, as from its day, by the same person and for that reason"
            yield KeptFault(link.event, f"nothing put its child {child} there {why}")
    for put in unlinked if not unmatched else ():
        why = "" if _is_spared(put) else _why_unlinked(session, put, above)
        if why:
            yield KeptFault(put.event, f"its parent {put.parent} {why}")


def _may_be_otherwise(puts: Sequence[PutBelow]) -> bool:
    """Say whether corrections put a record there, whose links an earlier peelflow dated anyhow."""
    return any(isinstance(put.event.what, Corrected) for put in puts)


def _is_said_by(link: KeptLink, put: PutBelow) -> bool:
    """Say whether a link is what a verb puts on a parent of what puts its child there."""
    event, by = link.event, put.event
    is_beside = event.recorded_at == by.recorded_at and said_by(event) == said_by(by)
    return is_beside and event.on == max(link.last, put.day) and event.key is None


def said_by(event: Event) -> tuple[object, ...]:
    """Return who decided an event and who typed it, why and from what: not when.

    Args:
        event: The event.
    """
    return event.actor, event.recorded_by, event.reason, event.source


def _why_unfit(session: Session, link: KeptLink, put: PutBelow, above: KeptParent) -> str:
    """Say why a link is none that a verb puts on a parent as it stood, or nothing."""
    child = put.record
    if link.is_second:
        return f"{child.id} is its child already"
    if _is_child(session, put, above) is False:
        return f"{child.id} is a {child.category}, and no child of what it lies below"
    if (link.force, link.joint) != (child.force, joint_of(child)) and not _is_spared(put):
        return f"its child {child.id} was of {say_forces(child)}, and it was not"
    return ""


def _is_spared(put: PutBelow) -> bool:
    """Say whether what came below another follows it afterwards, or was corrected before."""
    return put.is_back or (is_of_before(put.event) and isinstance(put.event.what, Corrected))


def _why_unlinked(session: Session, put: PutBelow, above: KeptParent) -> str:
    """Say what of a parent does not go with a record below it that is not linked, or nothing."""
    if _is_child(session, put, above):
        return "has it not among its children, of whom its own acts ask, since then"
    if (put.record.force, joint_of(put.record)) not in {*_each_forces_then(above, put)}:
        return f"was not of {say_forces(put.record)} then"
    return ""


def _is_child(session: Session, put: PutBelow, above: KeptParent) -> bool | None:
    """Say whether a record was put there as a child; None where no national word says it."""
    category, declared = put.record.category, national().vocabulary.categories
    if not {category, *above.categories} <= declared.keys():
        return None
    answers = {not is_no_child(session, category, of_above) for of_above in above.categories}
    return answers.pop() if len(answers) == 1 else None


def _each_forces_then(above: KeptParent, put: PutBelow) -> Iterator[tuple[str, Joint]]:
    """Yield of which forces a parent may have been when something was put below it.

    As far as clocks may be wrong, what was recorded about then may have come before or after.
    """
    for place, (event, force, joint) in enumerate(above.moments):
        until = above.moments[place + 1][0] if place + 1 < len(above.moments) else None
        is_begun = event.recorded_at <= put.event.recorded_at + CLOCK_TOLERANCE
        is_over = until is not None and until.recorded_at < put.event.recorded_at - CLOCK_TOLERANCE
        if is_begun and not is_over:
            yield force, joint
