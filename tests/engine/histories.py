"""Histories of one record, an event a day."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from peelflow.engine.fold import fold
from peelflow.model.records import Added, Event, EventPayload, Moment, TransitionTaken
from peelflow.model.rules import Pin
from tests.engine.samples import NOW, SAM, day, document

OLD, NEW = Pin("old", 1, "a"), Pin("new", 2, "b")
ADDED = Added("Kent", "afi", 3, OLD, "open", {"owner": "Kim"}, parent="P-1")
LETTER = document()


def event(number: int, what: EventPayload, on: int | None = None) -> Event:
    """Return an event by its number, dated that many days after the first day."""
    return Event("R-1", number, what, day(number if on is None else on), SAM, "a clerk", NOW)


def history(*whats: EventPayload) -> tuple[Event, ...]:
    """Return a history, an event a day, that begins with the record being added."""
    return tuple(event(number, what) for number, what in enumerate((ADDED, *whats), start=1))


def moment(number: int) -> Moment:
    """Return the moment of an event dated by its number."""
    return Moment(number, day(number))


def acted(trigger: str, old: str, new: str, **parts: Any) -> TransitionTaken:
    """Return what an act did."""
    return evolve(TransitionTaken(trigger, old, new), **parts)


FIRST = fold(history())
START = acted("start", "open", "begun")
CLOSE = acted("close", "begun", "closed", evidence=(LETTER,), counted=(LETTER.digest,))
