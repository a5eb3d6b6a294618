"""Decide what an act does to a record: an Event, or a Refusal with every reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from peelflow.engine.calendar import due_day
from peelflow.engine.machine import Cursor, machine_for
from peelflow.engine.refusal import refusal_of
from peelflow.engine.requirements import compile_check, window_start
from peelflow.model.decisions import Act, Context, Refusal
from peelflow.model.records import Actor, Change, Event, Record, TransitionTaken
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
from peelflow.model.rules import SYSTEM, After, Holidays, Lifecycle, Transition

PEELFLOW = Actor("peelflow", SYSTEM)


def decide(lifecycle: Lifecycle, record: Record, act: Act, context: Context) -> Event | Refusal:
    """Return the event that `act` is on `record`, or why the rules refuse it. Pure.

    The record must stand in a state of `lifecycle`, which is the one it pins. The event carries no
    digest: its store chains it.
    """
    machine = machine_for(lifecycle)
    trigger = machine.events.get(act.trigger)
    cursor = Cursor(record.state, record, act, context)
    if trigger is None or not trigger.trigger(cursor) or cursor.taken is None:
        return refusal_of(machine, record, act, context)
    way = cursor.taken
    rule = way.rule
    what = TransitionTaken(
        act.trigger,
        record.state,
        rule.to,
        rule.implements is not None,
        act.evidence,
        cursor.counted,
        act.inspection,
        act.successor,
        _day_due(rule.after, record, context) if rule.after else None,
    )
    return Event(
        record.id,
        record.number + 1,
        what,
        act.on,
        act.actor,
        act.recorded_by,
        context.now,
        act.reason,
        act.source,
        act.key,
        tuple(
            [
                Change(act.on, record.force, record.category, record.level, *delta)
                for delta in way.deltas
            ]
        ),
    )


def _day_due(after: After, record: Record, context: Context) -> date | None:
    """Return the day on which a timed step that is taken fell due."""
    due = due_day(after, record, context.holidays)
    return due if isinstance(due, date) else None


def reads(lifecycle: Lifecycle, record: Record, trigger: str) -> frozenset[str]:
    """Return what a decision may look at.

    That is any of `appointments`, `inspection`, `children`, `mentions`, `holidays`.
    """
    return machine_for(lifecycle).reads(record.state, trigger)


def answers_asked(lifecycle: Lifecycle, record: Record, trigger: str) -> tuple[ChildForEach, ...]:
    """Return what a decision asks answers to: the `mentions` that it looks at."""
    ways = machine_for(lifecycle).ways(record.state, trigger)
    return tuple(asked for way in ways for asked in way.answers)


def automatic_triggers(lifecycle: Lifecycle, state: str) -> tuple[str, ...]:
    """Return the untimed system triggers that run in the batch that enters `state`."""
    return machine_for(lifecycle).automatic[state]


NOBODY = Actor("", "")


def missing_from_past(rules: Lifecycle, record: Record, day: date) -> dict[str, str]:
    """Return, for each step out of the record's state, what its past lacks for it on a day.

    A step that lacks nothing has an empty text. What can be given with an act (a letter, a reason,
    an inspection) is not lacking.
    """
    ways = (way for way in rules.states[record.state].transitions if way.by != (SYSTEM,))
    return {way.trigger: " and ".join(_missing_for_transition(way, record, day)) for way in ways}


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


def _missing_for_transition(way: Transition, record: Record, day: date) -> Iterator[str]:
    for requirement in way.requires:
        said = _missing_for_requirement(requirement, record, day)
        if said:
            yield said


def _missing_for_requirement(requirement: Requirement, record: Record, day: date) -> str:
    match requirement:
        case AnyOf(any_of=choices):
            each = [
                [_missing_for_requirement(atom, record, day) for atom in every] for every in choices
            ]
            said = [" and ".join(filter(None, every)) for every in each]
            return "; or ".join(said) if all(said) else ""
        case FieldSet() | DistinctFrom() | Waited():
            act = Act("", NOBODY, day, "")
            context = Context(datetime.combine(day, datetime.min.time(), UTC), day)
            unmet = compile_check(requirement, ()).unmet(record, act, context)
            return unmet.found if unmet else ""
        case Evidence(since=since) | InspectionHeld(since=since) if (
            window_start(record, since) is None
        ):
            return f"`{since}` was never entered"
        case InspectionHeld(relevant=True) if not record.fields.get("question"):
            return "the record has no question, so no inspection is relevant to it"
        case ChildForEach(names=name):
            return _missing_for_requirement(FieldSet(name), record, day)
        case _:
            return ""
