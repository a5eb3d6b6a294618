"""Judge what the system did at once, or left undone, where what was recorded leads it on.

Such a step is recorded with what it comes of, on the day of that, and goes where that goes. It is
asked of each event as it was recorded, and of what stood after each batch that corrected something:
a list of what was known then shows that, whatever was corrected since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter

from peelflow.engine.decide import automatic_triggers, reads
from peelflow.engine.fold import (
    is_step_at_once,
    steps_after_re_entry,
)
from peelflow.engine.standing_events import RecordedEvent, StandingEvents
from peelflow.model.records import (
    Added,
    Corrected,
    Event,
    Migrated,
    Record,
    Relevelled,
    TakenOver,
)
from peelflow.model.rules import Pin
from peelflow.register.kept_acts import why_not_as_recorded
from peelflow.register.kept_corrections import corrections_beside
from peelflow.register.permission import ContextChange
from peelflow.register.replay import LEADING_ON, each_trigger_missing, step_missing
from peelflow.register.session import Session
from peelflow.results import frozen

History = Sequence[Event]
_ENTERING = Added | TakenOver
_MOVING = Relevelled | Migrated


@frozen
class MissingStep:
    """A step that the system would have taken at once, and that was not recorded.

    Attributes:
        event: What it would have come of.
        rules: The lifecycle that has it.
        trigger: Its trigger.
        is_sure: Whether it asks nothing but what the record itself says. What others say may be
            known otherwise by now.
    """

    event: Event
    rules: str
    trigger: str
    is_sure: bool

    @property
    def sentence(self) -> str:
        """Say what is missing."""
        return step_missing(self.trigger)


def has_steps_at_once(session: Session, history: History) -> bool:
    """Say whether a history has what is judged here: steps at once, ways to them, or corrections.

    Of any other nothing would be found here that is not found without: most are not judged twice.

    Args:
        session: What knows the rules.
        history: All events of one record.
    """
    if any(isinstance(event.what, Corrected) or is_step_at_once(event) for event in history):
        return True
    pin: Pin | None = None
    for event in history:
        what = event.what
        if isinstance(what, _ENTERING | _MOVING):
            pin = what.lifecycle
        if pin is not None and isinstance(what, LEADING_ON):
            state = what.state if isinstance(what, _ENTERING) else what.new
            if automatic_triggers(session.services.lifecycle_of(pin), state):
                return True
    return False


def why_not_at_once(history: History, event: Event) -> str:
    """Say why a step at once does not come of what was recorded before it, or nothing.

    Args:
        history: What was recorded of the record before it.
        event: The event.
    """
    if not is_step_at_once(event):
        return ""
    did, before = "a step of the system's", history[-1]
    day = _day_leading_on(history)
    if day is None:
        return f"{did} comes of event {before.number}, which leads the system to no step"
    if event.recorded_at != before.recorded_at:
        moments = f"at {event.recorded_at}, and event {before.number} at {before.recorded_at}"
        return f"{did} is recorded {moments}, with which it comes"
    if event.on != day:
        return f"{did} is dated {event.on}, and comes at once of what is dated {day}"
    return ""


def _day_leading_on(history: History) -> date | None:
    """Return the day of the last event, where the system may go on from it at once; else None.

    A beginning that was entered anew is one, behind the corrections that came with it.
    """
    last = history[-1]
    if isinstance(last.what, LEADING_ON):
        return last.on
    beside = corrections_beside(history, last)
    return next((what.to for _, what in beside if what.entry is not None), None)


def each_step_missing(
    session: Session,
    history: History,
    steps: Iterable[RecordedEvent],
    *,
    change_context: ContextChange,
) -> Iterator[MissingStep]:
    """Yield each step that the system would have taken at once, and did not.

    Args:
        session: What looks around.
        history: All events of one record, in order.
        steps: Each with the record before and after it.
        change_context: Returns what a decision may look at as it is to be seen.
    """
    anew = steps_after_re_entry(history)  # which stand elsewhere among the others
    for event, _, after in steps:
        if event.number not in anew:
            following = history[event.number : event.number + 1]
            yield from _missing_after(session, after, event, following, change_context)
    for standing, changed in _each_corrected(history):
        events = standing.standing()
        for place in range(max(changed.start - 1, 0), changed.stop):
            record, following = standing.record_after(place), events[place + 1 : place + 2]
            yield from _missing_after(session, record, events[place], following, change_context)


def _missing_after(
    session: Session,
    record: Record,
    event: Event,
    following: History,
    change_context: ContextChange,
) -> Iterator[MissingStep]:
    """Yield the step that is missing after an event, if there is one: the first that is sure."""
    triggers = each_trigger_missing(
        session, record, event, following, change_context=change_context
    )
    unsure: MissingStep | None = None
    for trigger in triggers:
        rules = session.lifecycle(record)
        is_sure = not reads(rules, record, trigger)
        missing = MissingStep(event, str(rules), trigger, is_sure)
        if is_sure:
            yield missing
            return
        unsure = unsure or missing
    if unsure is not None:
        yield unsure


def each_step_moved_alone(session: Session, history: History) -> Iterator[tuple[Event, str]]:
    """Yield each step at once that did not go where what it came of went, and why.

    Args:
        session: What knows the rules.
        history: All events of one record, in order.
    """
    for standing, changed in _each_corrected(history):
        events = standing.standing()
        for place in changed:
            event, record = events[place], standing.record_before(place)
            if record is not None and is_step_at_once(event):
                why = _why_moved_alone(session, events[place - 1], event, record)
                if why:
                    yield event, why


def _each_corrected(history: History) -> Iterator[tuple[StandingEvents, range]]:
    """Yield what stands at the end of each batch that corrected something.

    With it come the places where an event, or the record before it, is not as when it was yielded
    before: all else was judged then.
    """
    standing = StandingEvents()
    for _, run in groupby(history, key=attrgetter("recorded_at")):
        events = tuple(run)
        for event in events:
            standing.add(event)
        is_corrected = any(isinstance(event.what, Corrected) for event in events)
        if is_corrected and standing.standing():
            yield standing, standing.changed_places()


def _why_moved_alone(session: Session, led_by: Event, event: Event, record: Record) -> str:
    """Say why a step at once does not stand with the event that it came of, or nothing."""
    if event.on != led_by.on:
        stands = f"stands on {event.on}, and event {led_by.number} on {led_by.on}"
        return f"a step of the system's {stands}, with which it comes"
    return why_not_as_recorded(session, event, record)
