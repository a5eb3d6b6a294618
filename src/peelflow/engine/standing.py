"""What a record lacks, where it stands, of what only its own past can give."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from peelflow.engine.checks import compile_check
from peelflow.engine.evidence import window_of
from peelflow.engine.lapse import due_day
from peelflow.model.judgement import Context
from peelflow.model.periods import Holidays
from peelflow.model.records import Act, Actor, Record
from peelflow.model.requirements import (
    AnyOf,
    ChildForEach,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    Requirement,
    Waited,
)
from peelflow.model.rules import SYSTEM, Lifecycle, Transition

NOBODY = Actor("", "")


def lacking(rules: Lifecycle, record: Record, day: date) -> dict[str, str]:
    """Return, for each step out of the record's state, what its past lacks for it on a day.

    A step that lacks nothing has an empty text. What can be given with an act (a letter, a reason,
    an inspection) is not lacking.
    """
    ways = (way for way in rules.states[record.state].transitions if way.by != (SYSTEM,))
    return {way.trigger: " and ".join(_lacks(way, record, day)) for way in ways}


def overdue(
    rules: Lifecycle, record: Record, day: date, holidays: Holidays | None
) -> dict[str, date]:
    """Return the timed steps out of the record's state that are due by a day, with theirs."""
    found: dict[str, date] = {}
    for way in rules.states[record.state].transitions:
        due = due_day(way.after, record, holidays) if way.after else None
        if isinstance(due, date) and due <= day:
            found[way.trigger] = due
    return found


def _lacks(way: Transition, record: Record, day: date) -> Iterator[str]:
    for requirement in way.requires:
        said = _lack(requirement, record, day)
        if said:
            yield said


def _lack(requirement: Requirement, record: Record, day: date) -> str:
    match requirement:
        case AnyOf(any_of=choices):
            each = [[_lack(atom, record, day) for atom in every] for every in choices]
            said = [" and ".join(filter(None, every)) for every in each]
            return "; or ".join(said) if all(said) else ""
        case FieldSet() | DistinctFrom() | Waited():
            act = Act("", NOBODY, day, "")
            context = Context(datetime.combine(day, datetime.min.time(), UTC), day)
            unmet = compile_check(requirement, ()).unmet(record, act, context)
            return unmet.found if unmet else ""
        case Evidence(since=since) | InspectionHeld(since=since) if (
            window_of(record, since) is None
        ):
            return f"`{since}` was never entered"
        case InspectionHeld(relevant=True) if not record.fields.get("question"):
            return "the record has no question, so no inspection is relevant to it"
        case ChildForEach(names=name):
            return _lack(FieldSet(name), record, day)
        case _:
            return ""
