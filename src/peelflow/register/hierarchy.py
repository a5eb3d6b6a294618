"""Refuse a step that leaves a child open beneath a parent that counts closed, on any day.

A parent and its children are judged as they stood on the act's day and as they stand now. What
others than the force do nationally, only national ledgers can stop: a ledger of the force's own, or
a parent of a category of its own, binds the force alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from attrs import evolve

from peelflow.engine.decide import decide, reads
from peelflow.engine.fold import apply, as_corrected, begin, fold
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import (
    Act,
    Child,
    ChildrenNeed,
    DayNeed,
    ParentNeed,
    Reason,
    Refusal,
    Refused,
)
from peelflow.model.records import Event, ParentLinked, Record
from peelflow.model.rules import Counts, Lifecycle
from peelflow.register.context import ReadSet
from peelflow.register.joint import joint_of
from peelflow.register.related_records import child_of
from peelflow.register.session import Session
from peelflow.register.validation import category_of, check_text, role_of
from peelflow.results import frozen
from peelflow.stores.base import RecordQuery
from peelflow.wording import say_forces

History = Sequence[Event]
NO_HISTORIES: Mapping[str, History] = {}


@frozen
class HierarchyStep:
    """A step that parents and children are asked about.

    Attributes:
        trigger: What is done.
        role: By whom.
        on: The day.
        ledgers: The ledgers on which parents and children bind it; None: all.
    """

    trigger: str
    role: str
    on: date
    ledgers: frozenset[str] | None = None

    def bound_by(
        self, session: ReadSet, relative: Record, ledgers: frozenset[str]
    ) -> frozenset[str]:
        """Return those of the ledgers on which a parent or a child binds the step."""
        if self.ledgers is None:
            return ledgers
        return ledgers & (session.national_ledgers(relative) or frozenset())

    def refuse(self, record: Record, *reasons: Reason) -> None:
        """Raise Refused for these reasons, if there are any."""
        if reasons:
            raise Refused(refusal_on(record, self.trigger, self.role, *reasons))


def checked_parent(session: Session, child: Record) -> Record | None:
    """Return the parent that a record names; None where it names none.

    Raises:
        InvalidRequest: It has no such children, is of another force or withdrawn, or lies below.
        UnknownRecord: No record is called so.
    """
    if child.parent is None:
        return None
    check_text(child.parent, f"{child.id}: its parent")
    parent = session.get(child.parent)
    check_below(session, child, parent)
    above: Record | None = parent
    while above is not None:
        if above.id == child.id:
            what = f"{child.id}: its parent {parent.id}"
            raise InvalidRequest(what, "is the record itself, or below it", "name another")
        above = session.get(above.parent) if above.parent else None
    return parent


def check_below(session: Session, child: Record, parent: Record) -> None:
    """Refuse a parent that has no such children, is of another force or withdrawn.

    Args:
        session: What knows the categories.
        child: The record.
        parent: The parent that it names.

    Raises:
        InvalidRequest: With what does not fit.
    """
    session.check_not_withdrawn(parent)
    allowed = category_of(session, parent.category).children
    if child.category not in allowed and not is_no_child(session, child.category, parent.category):
        raise InvalidRequest(
            f"{child.id}: its parent {parent.id}",
            f"is a {parent.category}, which has no {child.category} below it",
            f"its children may be: {', '.join(allowed) or 'none'}",
        )
    _check_forces(parent, child)


def _check_forces(parent: Record, child: Record) -> None:
    """Refuse a parent of other forces, or one on which others' persons act."""
    what = f"{child.id}: its parent {parent.id}"
    if child.force != parent.force:
        why = f"belongs to another force, {parent.force}"
        instead = "name a parent of the same force, or enter the parent anew: its children follow"
        raise InvalidRequest(what, why, instead)
    if joint_of(child) != joint_of(parent):
        why = f"is of {say_forces(parent)}, and it is of {say_forces(child)}"
        raise InvalidRequest(what, why, "have both of the same forces, and the same act on them")


def is_no_child(session: Session, category: str, above: str) -> bool:
    """Say whether a record of a category lies below one of another without being its child.

    Args:
        session: What knows the categories.
        category: The category of what lies below.
        above: The category of what it lies below.
    """
    declared = session.rulebook.vocabulary.categories
    known = declared.get(above)
    is_child = known is not None and category in known.children
    return not is_child and category in declared and above in declared[category].below


def each_below(session: Session, record: Record) -> tuple[str, ...]:
    """Return the records that lie below one, its children first.

    Args:
        session: What knows the records.
        record: The one above.
    """
    stored = session.listed(RecordQuery(parent=record.id))
    names = (*record.children, *(known.id for known in stored), *session.put_below(record.id))
    return tuple(
        name
        for name in dict.fromkeys(names)
        if (below := session.get(name)).parent == record.id and not below.withdrawn
    )


def check_hierarchy(session: Session, before: Record, after: Record, step: HierarchyStep) -> None:
    """Refuse a step that leaves a child open, on a ledger, under a parent closed there.

    Either closes the parent too early, or opens the child too late; on its own day, on a later one
    or now. Re-open the parent first, in the same batch: "it stays open while one child is open".

    Raises:
        Refused: The step does so.
    """
    closed = ledgers_counting(session, after, "closed") - ledgers_counting(
        session, before, "closed"
    )
    if closed and after.children:
        _refuse_open_children(session, before, closed, step)
    if before.parent is not None:
        opened = open_ledgers(session, after) - open_ledgers(session, before)
        refuse_open_child(session, before, opened, step)


def _refuse_open_children(
    session: Session, parent: Record, closed: frozenset[str], step: HierarchyStep
) -> None:
    children = [session.get(name) for name in parent.children]
    bound = {child.id: step.bound_by(session, child, closed) for child in children}
    still_open = tuple(
        child.id for child in children if bound[child.id] & open_ledgers(session, child)
    )
    if still_open:
        ledgers = tuple(sorted(frozenset[str]().union(*bound.values())))
        reason = Reason(
            "not yet",
            f"not closed yet: {', '.join(still_open)}",
            "close each child first",
            asks=((ChildrenNeed(still_open, ledgers),),),
        )
        step.refuse(parent, reason)
    days = {
        child.id: counted_until(session, child, bound[child.id], "open", step.on)
        for child in children
    }
    step.refuse(
        parent,
        *(
            _day_reason(f"{name} counted open until {day}", day)
            for name, day in days.items()
            if day is not None
        ),
    )


def refuse_open_child(
    session: Session, child: Record, ledgers: frozenset[str], step: HierarchyStep
) -> None:
    """Refuse what opens a child on ledgers on one of which its parent counts closed, then or now.

    Args:
        session: What looks around.
        child: The child as it stands before the step.
        ledgers: The ledgers.
        step: What opens it.
    """
    if not ledgers:
        return
    parent = session.get(child.parent or "")
    bound = step.bound_by(session, parent, ledgers)
    closed = sorted(bound & ledgers_counting(session, parent, "closed"))
    if closed:
        reason = Reason(
            "not yet",
            f"its parent {parent.id} counts closed on {', '.join(closed)}",
            "re-open the parent first, in the same batch",
            asks=((ParentNeed(parent.id, tuple(closed)),),),
        )
        step.refuse(child, reason)
    day = counted_until(session, parent, bound, "closed", step.on)
    if day is not None:
        sentence = f"its parent {parent.id} counted closed until {day}"
        step.refuse(child, _day_reason(sentence, day))


def _day_reason(sentence: str, day: date) -> Reason:
    return Reason("not yet", sentence, f"date it {day} or later", asks=((DayNeed(day),),))


def counted_until(
    session: Session, record: Record, ledgers: frozenset[str], counts: Counts, on: date
) -> date | None:
    """Return the day on which a record last ceased to count so, None if it did not since a day.

    Args:
        session: What knows its history.
        record: The record, which does not count so by now.
        ledgers: On any of which it counts.
        counts: How.
        on: From when to look, each day as it ended.
    """
    if not ledgers or record.on <= on:
        return None
    events = as_corrected(session.history(record.id))
    days = sorted({on, *(event.on for event in events)})
    last: date | None = None
    for day, after in zip(days, [*days[1:], None], strict=True):
        if day >= max(on, events[0].on) and ledgers & ledgers_counting(
            session, record_at(events, day), counts
        ):
            last = after
    return last


def decide_in_hierarchy(
    session: Session, lifecycle: Lifecycle, record: Record, act: Act
) -> Event | Refusal:
    """Decide an act among the children as they stand now, and as they stood on its day."""
    context = session.context(lifecycle, record, act)
    decision = decide(lifecycle, record, act, context)
    if isinstance(decision, Refusal) or "children" not in reads(lifecycle, record, act.trigger):
        return decision
    later = [child.on for child in map(session.get, record.children) if child.on > act.on]
    if not later:
        return decision
    children = tuple(child_at(session, name, act.on) for name in record.children)
    then = decide(lifecycle, record, act, evolve(context, children=children))
    if not isinstance(then, Refusal):
        return decision
    day = max(later)
    reasons = (
        _day_reason(f"{reason.sentence}, as its children stood on {act.on}", day)
        for reason in then.reasons
    )
    return evolve(then, reasons=tuple(reasons))


def ledgers_for_role(session: ReadSet, record: Record, role: str) -> frozenset[str] | None:
    """Return on which ledgers parents and children bind a role that no transition names.

    Args:
        session: What it reads the rules by.
        record: Whose parents and children they are.
        role: Who adds, amends or corrects it.
    """
    is_force = role_of(session, role).side == "force"
    return None if is_force else session.national_ledgers(record)


def child_at(
    session: Session, name: str, day: date, histories: Mapping[str, History] = NO_HISTORIES
) -> Child:
    """Return a child as its parent saw it at the end of a day.

    Args:
        session: What knows its history.
        name: Its id.
        day: The day.
        histories: Histories that are not to be read as recorded.
    """
    child = record_at(histories.get(name) or as_corrected(session.history(name)), day)
    return child_of(child, session.lifecycle(child))


def refusal_on(record: Record, trigger: str, role: str, *reasons: Reason) -> Refusal:
    """Return the refusal of a trigger on a record where it stands."""
    return Refusal(record.id, str(record.lifecycle), record.state, trigger, role, reasons)


def open_ledgers(reads: ReadSet, record: Record) -> frozenset[str]:
    """Return the ledgers on which a record counts open."""
    return ledgers_counting(reads, record, "open")


def ledgers_counting(reads: ReadSet, record: Record, counts: Counts) -> frozenset[str]:
    """Return the ledgers on which a record counts so."""
    counts_as = reads.lifecycle(record).states[record.state].counts_as
    return frozenset(ledger for ledger, count in counts_as.items() if count == counts)


def record_at(events: History, day: date) -> Record:
    """Return a record at the end of a day: what its events up to then make, at least the first."""
    record = begin(events[0])
    for event in events[1:]:
        if event.on <= day:  # a note may stand among what happened later
            record = apply(record, event)
    return record


def check_pair_over_time(
    reads: ReadSet,
    before: tuple[History, History],
    after: tuple[History, History],
    step: HierarchyStep,
) -> None:
    """Refuse what leaves, at the end of some day, a child open beneath a parent closed there.

    Args:
        reads: What it reads the rules by.
        before: The histories of the parent and of the child, as they stood.
        after: The same, as they would stand; what conflicted before is not refused.
        step: Who corrects what.

    Raises:
        Refused: With the first such day.
    """
    days = sorted({event.on for events in (*before, *after) for event in events})
    parent, child = (fold(events) for events in after)
    for day in days:
        ledgers = _conflicting_ledgers(reads, after, day) - _conflicting_ledgers(reads, before, day)
        listed = tuple(sorted(step.bound_by(reads, parent, step.bound_by(reads, child, ledgers))))
        if listed:
            reason = Reason(
                "not yet",
                f"{child.id} would count open on {day}, and its parent {parent.id} closed "
                f"({', '.join(listed)})",
                f"correct or re-open {parent.id} first",
                asks=((ParentNeed(parent.id, listed),),),
            )
            step.refuse(child, reason)


def _conflicting_ledgers(
    reads: ReadSet, pair: tuple[History, History], day: date
) -> frozenset[str]:
    """Return the ledgers on which the child counts open, and the parent closed, on a day.

    A child without a history was none then, and before it was linked it lay elsewhere.
    """
    parent, child = pair
    if not child or day < _day_below(child):
        return frozenset()
    closed = ledgers_counting(reads, record_at(parent, day), "closed")
    return open_ledgers(reads, record_at(child, day)) & closed


def _day_below(child: History) -> date:
    """Return the day from which a record lies below its parent."""
    linked = (event.on for event in reversed(child) if isinstance(event.what, ParentLinked))
    return next(linked, child[0].on)
