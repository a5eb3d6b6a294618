"""Decide what an act does to a record: an Event, or a Refusal with every reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from peelflow.engine.calendar import due_day
from peelflow.engine.documents import say_never_entered, window_start
from peelflow.engine.fold import in_each_force
from peelflow.engine.machine import CompiledTransition, Cursor, RuleEvent, RuleMachine, machine_for
from peelflow.engine.refusal import needs_of, refusal_of
from peelflow.engine.requirements import NO_QUESTION, compile_check
from peelflow.model.decisions import Act, Context, NextAct, Refusal
from peelflow.model.questions import question_of
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
from peelflow.model.rules import Holidays, Lifecycle, is_taken_by_system

NOBODY = Actor("", "")
ContextFor = Callable[[Lifecycle, Record, Act], Context]


def decide(lifecycle: Lifecycle, record: Record, act: Act, context: Context) -> Event | Refusal:
    """Return the event that `act` is on `record`, or why the rules refuse it. Pure.

    The record must stand in a state of `lifecycle`, which is the one it pins. The event carries no
    digest: its store chains it.

    Args:
        lifecycle: The rules that the record pins.
        record: The record as it stands.
        act: What somebody asks for.
        context: All that the decision may look at besides; `reads` says which parts it does.
    """
    machine = machine_for(lifecycle)
    trigger = machine.events.get(act.trigger)
    cursor = Cursor(record.state, record, act, context)
    if not isinstance(trigger, RuleEvent) or not trigger.move(cursor) or cursor.taken is None:
        return refusal_of(machine, record, act, context)
    return _event_of(cursor, cursor.taken)


def _event_of(cursor: Cursor, compiled: CompiledTransition) -> Event:
    """Return the event of an accepted act.

    Its parts are given by position: by keyword, each of the two takes half as long again.
    """
    record, act, context, rule = cursor.record, cursor.act, cursor.context, compiled.rule
    head = (act.on, record.force, record.category, record.level)
    due = due_day(rule.after, record, context.holidays) if rule.after else None
    changes = [Change(*head, *delta) for delta in compiled.figure_deltas]
    taken = TransitionTaken(
        act.trigger,
        record.state,
        rule.to,
        rule.implements is not None,
        act.evidence,
        cursor.counted,
        act.inspection,
        act.successor,
        due if isinstance(due, date) else None,
        compiled.use.step if cursor.counted else None,
        compiled.stays,
    )
    return Event(
        record.id,
        record.number + 1,
        taken,
        act.on,
        act.actor,
        act.recorded_by,
        context.now,
        act.reason,
        act.source,
        act.key,
        in_each_force(tuple(changes), record.joint_with),
    )


def next_acts(
    lifecycle: Lifecycle, record: Record, actor: Actor, context_for: ContextFor, *, on: date
) -> tuple[NextAct, ...]:
    """Return what persons may do next with a record, each act judged for one actor. Pure.

    Args:
        lifecycle: The rules that the record pins.
        record: The record as it stands.
        actor: Who would act, in one acting role.
        context_for: Returns all that a decision on an act may look at.
        on: The day on which they would act.

    Returns:
        One for each trigger out of the record's state that is not peelflow's own, in the order of
        the rules.
    """
    rules = lifecycle.states[record.state].transitions
    triggers = dict.fromkeys(rule.trigger for rule in rules if not is_taken_by_system(rule))
    acts = (Act(trigger, actor, on, actor.person) for trigger in triggers)
    return tuple(
        _next_act(machine_for(lifecycle), record, act, context_for(lifecycle, record, act))
        for act in acts
    )


def _next_act(machine: RuleMachine, record: Record, act: Act, context: Context) -> NextAct:
    compiled = (transition.rule for transition in machine.compiled(record.state, act.trigger))
    rules = [rule for rule in compiled if not is_taken_by_system(rule)]
    own = [rule for rule in rules if act.actor.role in rule.by]
    decided = decide(machine.lifecycle, record, act, context)
    refusal = decided if isinstance(decided, Refusal) else None
    taken = None if isinstance(decided, Refusal) else decided.what
    return NextAct(
        trigger=act.trigger,
        to=taken.new if isinstance(taken, TransitionTaken) else (own or rules)[0].to,
        by=tuple(dict.fromkeys(role for rule in rules for role in rule.by)),
        allowed=refusal is None,
        needs=needs_of(machine, record, act, context) if refusal else ((),),
        refusal=refusal,
    )


def reads(
    lifecycle: Lifecycle, record: Record, trigger: str, signers: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Return what a decision may look at.

    That is any of `appointments`, `inspection`, `children`, `mentions`, `holidays`.

    Args:
        lifecycle: The rules that the record pins.
        record: The record as it stands.
        trigger: What is asked for.
        signers: The roles that only who is appointed acts in, as the context will say.
    """
    return machine_for(lifecycle).reads(record.state, trigger, signers)


def answers_asked(lifecycle: Lifecycle, record: Record, trigger: str) -> tuple[ChildForEach, ...]:
    """Return what a decision asks answers to: the `mentions` that it looks at."""
    transitions = machine_for(lifecycle).compiled(record.state, trigger)
    return tuple(answer for compiled in transitions for answer in compiled.answers)


def ledgers_binding(
    lifecycle: Lifecycle, record: Record, act: Act, ledgers: frozenset[str] | None
) -> frozenset[str] | None:
    """Return on which ledgers parents and children bind an act, None where they do on all.

    What others than the force may do nationally, only national ledgers can stop.

    Args:
        lifecycle: The rules that the record pins.
        record: The record as it stands.
        act: What is asked for.
        ledgers: The national ledgers, None where the record is none of a national category.
    """
    role = act.actor.role
    transitions = machine_for(lifecycle).compiled(record.state, act.trigger)
    is_theirs = any(each.use.is_theirs for each in transitions if role in each.by)
    return ledgers if is_theirs else None


def automatic_triggers(lifecycle: Lifecycle, state: str) -> tuple[str, ...]:
    """Return the untimed system triggers that run in the batch that enters `state`.

    They stand by their names, in which order they are tried: the digest knows no other order.
    """
    return machine_for(lifecycle).automatic_triggers[state]


def missing_from_past(rules: Lifecycle, record: Record, day: date) -> dict[str, str]:
    """Return, for each step out of the record's state, what its past lacks for it on a day.

    A step that lacks nothing has an empty text. What can be given with an act (a letter, a reason,
    an inspection) is not lacking.
    """
    return {
        rule.trigger: _missing_for_all(rule.requires, record, day)
        for rule in rules.states[record.state].transitions
        if not is_taken_by_system(rule)
    }


def overdue(
    rules: Lifecycle, record: Record, day: date, holidays: Holidays | None
) -> dict[str, date]:
    """Return the timed steps out of the record's state that are due by a day, with theirs."""
    due_days: dict[str, date] = {}
    for rule in rules.states[record.state].transitions:
        due = due_day(rule.after, record, holidays) if rule.after else None
        if isinstance(due, date) and due <= day:
            due_days[rule.trigger] = due
    return due_days


def _missing_for_all(requirements: tuple[Requirement, ...], record: Record, day: date) -> str:
    sentences = (_missing_for_requirement(part, record, day) for part in requirements)
    return " and ".join(filter(None, sentences))


def _missing_for_requirement(requirement: Requirement, record: Record, day: date) -> str:
    match requirement:
        case AnyOf(any_of=choices):
            sentences = [_missing_for_all(atoms, record, day) for atoms in choices]
            return "; or ".join(sentences) if all(sentences) else ""
        case FieldSet() | DistinctFrom() | Waited():
            act = Act("", NOBODY, day, "")
            context = Context(datetime.combine(day, datetime.min.time(), UTC), day)
            return compile_check(requirement, ()).unmet(record, act, context) or ""
        case Evidence(since=since) | InspectionHeld(since=since) if (
            window_start(record, since) is None
        ):
            return say_never_entered(since)
        case InspectionHeld(relevant=True) if question_of(record) is None:
            return NO_QUESTION
        case ChildForEach(names=name):
            return _missing_for_requirement(FieldSet(name), record, day)
        case _:
            return ""
