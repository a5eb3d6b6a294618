"""What a request asked for, so that repeating it can be told from asking for another thing."""

from __future__ import annotations

from attrs import evolve

from peelflow.model.records import Acted, Added, Amended, Event, Relevelled, TakenOver, What
from peelflow.model.rules import Pin

UNPINNED = Pin("", 0, "")


def request_of(event: Event) -> tuple[object, ...]:
    """Return what was asked in `event`: without its number, our clock, and what rules derived."""
    # An appointment that begins later is dated today; its own days stand in its fields.
    dated = isinstance(event.what, Added) and event.what.category == "appointment"
    on = None if dated else event.on
    asked = (on, event.actor, event.recorded_by, event.reason, event.source, event.key)
    return (_asked(event.what), *asked)


def _asked(what: What) -> What:
    match what:
        case Acted():
            return evolve(what, old="", new="", national=True, counted=())
        case Added():
            return evolve(what, lifecycle=UNPINNED, state="")
        case TakenOver():
            return evolve(what, lifecycle=UNPINNED)
        case Amended():
            return evolve(what, old=None)
        case Relevelled():
            return evolve(what, old_level=None, old="", new="", triggers={})
        case _:
            return what
