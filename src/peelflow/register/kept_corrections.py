"""Judge a kept correction as `correct` would have let it happen: by whom, and of what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from peelflow.engine.fold import corrected_chain, event_corrected, is_step_at_once
from peelflow.errors import InvalidRequest
from peelflow.model.records import ChildLinked, Corrected, Event, Record
from peelflow.register.corrections import what_follows
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
        InvalidRequest: Another side did it, or nobody: it corrects what the system did at once, and
            does not follow from a correction of what that came of.
        NotPermitted: Of that side another role may.
    """
    chain = tuple(corrected_chain(history, history[what.event - 1]))
    target = chain[-1]
    if is_step_at_once(target):
        _check_follows(history, event, what)
        return
    is_known = chain[0].actor.role in session.rulebook.vocabulary.roles  # else told of that
    if not is_known or isinstance(target.what, ChildLinked):
        return
    above = session.history(before.parent) if before.parent and session.find(before.parent) else ()
    corrected = {kept.recorded_at for kept in above if isinstance(kept.what, Corrected)}
    # What comes back from a withdrawal is made to be of the forces of the record above.
    for kept in history[: event.number - 1]:
        if isinstance(kept.what, Corrected) and event_corrected(history, kept).number == 1:
            corrected.add(kept.recorded_at)
    if event.recorded_at not in corrected:
        check_corrector(session, event, chain)


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
