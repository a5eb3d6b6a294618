"""Judge a kept correction as `correct` would have let it happen: by whom, and of what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import takewhile

from attrs import evolve

from peelflow.engine.fold import (
    as_corrected,
    corrected_chain,
    event_corrected,
    fold,
    is_step_at_once,
    withdrawal_of,
)
from peelflow.errors import InvalidRequest
from peelflow.model.records import ChildLinked, Corrected, Event, Record
from peelflow.register.corrections import day_of_link, what_follows
from peelflow.register.joint_below import each_following
from peelflow.register.kept_before import is_of_before
from peelflow.register.permission import check_corrector
from peelflow.register.session import Session

History = Sequence[Event]


def check_correction(
    session: Session, event: Event, history: History, before: Record, what: Corrected
) -> None:
    """Refuse who may not correct it; what follows from another correction is of no side's own.

    Args:
        session: What knows the roles and the other records.
        event: The correction.
        history: What was recorded of the record before it.
        before: The record before it.
        what: What it corrects.

    Raises:
        InvalidRequest: Another side did it, or nobody: it corrects what the system did at once, or
            a parent's link to a child, and does not follow from a correction of what that came of.
        NotPermitted: Of that side another role may.
    """
    chain = tuple(corrected_chain(history, history[what.event - 1]))
    target = chain[-1]
    if is_step_at_once(target):
        _check_follows(history, event, what)
        return
    if chain[0].actor.role not in session.rulebook.vocabulary.roles:
        return  # told of that
    if isinstance(target.what, ChildLinked):
        _check_follows_child(session, history, event, what, target.what.child)
        return
    try:
        check_corrector(session, event, chain)
    except InvalidRequest:
        if not follows_above(session, event, history, before, what):
            raise


def _check_follows_child(
    session: Session, history: History, event: Event, what: Corrected, child: str
) -> None:
    """Refuse to correct a link to a child but as the child is corrected, with that.

    It is void where the child lies there no more, and otherwise goes to the day of the child.
    """
    of_child = session.history(child) if session.find(child) else ()
    leading = [other for other in of_child if may_follow(other, event)]
    if not leading:
        why = f"follows from its child {child}, of which nothing is corrected with it"
        raise InvalidRequest(_named(event, what), why, "correct what linked it")
    pasts = [of_child[: other.number + len([*what_follows(of_child, other)])] for other in leading]
    below = [past for past in pasts if _lies_below(past, event.record)]
    if what.correction == "void" and below == pasts:
        why = f"is void, and its child {child} still lies below it then"
        raise InvalidRequest(_named(event, what), why, "correct what linked it")
    if what.correction == "redate" and not is_of_before(event):
        days = {*_each_day_of_link(history, what, below)}
        if what.to not in days:
            why = f"is moved to {what.to}, and its child {child} lies below it from another day"
            raise InvalidRequest(_named(event, what), why, "correct what linked it")


def _lies_below(history: History, parent: str) -> bool:
    """Say whether a record lies below another, by what was recorded of it."""
    standing = as_corrected(history)
    return bool(standing) and fold(standing).parent == parent


def _each_day_of_link(
    history: History, what: Corrected, below: Iterable[History]
) -> Iterator[date]:
    """Yield the day to which a link goes that stands, for each past that its child may have had."""
    standing = as_corrected(history)
    for place, event in enumerate(standing):
        if event.number == what.event:
            yield from (day_of_link(standing, place, past) for past in below)


def may_follow(other: Event, event: Event) -> bool:
    """Say whether a correction may follow from another: said in its moment, by the same person.

    Args:
        other: The other event.
        event: The correction.
    """
    is_correction = isinstance(other.what, Corrected) and other.recorded_at == event.recorded_at
    return is_correction and _said(other) == _said(event)


def follows_above(
    session: Session, event: Event, history: History, before: Record, what: Corrected
) -> bool:
    """Say whether a correction only has its record be of the forces of the one above it.

    Args:
        session: What knows the record above.
        event: The correction.
        history: What was recorded of the record before it.
        before: The record before it.
        what: What it corrects.
    """
    above = session.history(before.parent) if before.parent and session.find(before.parent) else ()
    return any(
        due == what or _differs_in_counted(session, what, due)
        for stood in each_history_above(above, history, event)
        for due in each_following(stood, history)
    )


def each_history_above(above: History, history: History, event: Event) -> Iterator[History]:
    """Yield what was recorded of the record above as a correction may have followed from it.

    It follows from one of the record above; or from that by which its record comes back, whenever
    in that moment that was.

    Args:
        above: What was recorded of the record above.
        history: What was recorded of the one below.
        event: The correction, of that one; or one that may have led to others itself.
    """
    for other in above:
        if may_follow(other, event):
            yield above[: other.number + len([*what_follows(above, other)])]
    if any(may_follow(other, event) and _brings_back(history, other) for other in history):
        for other, later in zip(above, [*above[1:], event], strict=True):
            if other.recorded_at <= event.recorded_at <= later.recorded_at:
                yield above[: other.number]


def _brings_back(history: History, other: Event) -> bool:
    return withdrawal_of(history[: other.number - 1]) is not None


def _differs_in_counted(session: Session, what: Corrected, due: Corrected) -> bool:
    """Say whether an entry is another in days alone that are counted from its other fields."""
    if what.entry is None or due.entry is None:
        return False
    given, wanted = what.entry.fields, due.entry.fields
    category = session.rulebook.vocabulary.categories.get(what.entry.category)
    declared = category.fields if category else {}
    other = [name for name in {*given, *wanted} if given.get(name) != wanted.get(name)]
    is_counted = all(name in declared and declared[name].counts_from for name in other)
    return is_counted and what == evolve(due, entry=evolve(due.entry, fields=given))


def _check_follows(history: History, event: Event, what: Corrected) -> None:
    """Refuse to correct a step at once but as what it came of is corrected, with that."""
    beside = corrections_beside(history, event)
    leading = (one for one in beside if not is_step_at_once(event_corrected(history, one[0])))
    led_by, led = next(leading, (None, None))
    if led_by is None or led is None:
        why = "is a step of the system's own, and no correction of what led to it comes before"
        raise InvalidRequest(_named(event, what), why, "correct the event that led to it")
    earlier = history[: led_by.number - 1]
    named = what_follows(earlier, earlier[led.event - 1])
    is_alike = what in (*_followers(led, what.event),)
    if what.event not in {step.number for step in named} or not is_alike:
        why = f"is none that goes where event {led_by.number} puts what it corrects"
        raise InvalidRequest(_named(event, what), why, "correct the event that led to it")
    if _said(event) != _said(led_by):
        why = f"is corrected otherwise than event {led_by.number} says, from which it follows"
        raise InvalidRequest(_named(event, what), why, "say both by one person, on one day")


def _named(event: Event, what: Corrected) -> str:
    return f"{event.record}: event {what.event}"


def corrections_beside(history: History, event: Event) -> Iterator[tuple[Event, Corrected]]:
    """Yield the corrections right before an event in its own moment, with what each does.

    The last one comes first.

    Args:
        history: What was recorded of the record before it.
        event: The event.
    """
    each = takewhile(
        lambda other: isinstance(other.what, Corrected) and other.recorded_at == event.recorded_at,
        reversed(history),
    )
    yield from ((other, other.what) for other in each if isinstance(other.what, Corrected))


def _followers(what: Corrected, number: int) -> Iterator[Corrected]:
    """Yield what becomes of a step where a correction is made of what led to it."""
    if what.entry is None:
        yield Corrected(number, what.correction, what.to)
    else:  # it stays, on the day of what is entered anew, or that leads to other steps
        yield Corrected(number, "void")
        yield Corrected(number, "redate", what.to)


def _said(event: Event) -> tuple[object, ...]:
    return event.actor, event.on, event.recorded_by, event.reason, event.source
