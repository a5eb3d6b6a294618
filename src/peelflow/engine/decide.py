"""Decide what an act does to a record: an Event, or a Refusal with every reason."""

from __future__ import annotations

from datetime import date

from peelflow.engine.explain import refuse
from peelflow.engine.lapse import due_day
from peelflow.engine.machine import Cursor, machine_for
from peelflow.model.judgement import Context, Refusal
from peelflow.model.records import Act, Acted, Actor, Change, Event, Record
from peelflow.model.requirements import ChildForEach
from peelflow.model.rules import SYSTEM, After, Lifecycle

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
        return refuse(machine, record, act, context)
    way = cursor.taken
    rule = way.rule
    what = Acted(
        act.trigger,
        record.state,
        rule.to,
        rule.answers is not None,
        act.evidence,
        cursor.counted,
        act.inspection,
        act.successor,
        _due(rule.after, record, context) if rule.after else None,
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


def _due(after: After, record: Record, context: Context) -> date | None:
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


def automatic(lifecycle: Lifecycle, state: str) -> tuple[str, ...]:
    """Return the untimed system triggers that run in the batch that enters `state`."""
    return machine_for(lifecycle).automatic[state]
