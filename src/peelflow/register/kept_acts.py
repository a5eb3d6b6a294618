"""Judge acts and moves that were corrected since as they were recorded.

What stands is judged by all that is known now. What was voided or re-dated shows in a list of what
was known before, and was lawful when it was recorded: on the record as it then stood, by the rules
that it then had. What others said then, such as who was appointed or what an inspection covered,
may have been corrected since, and is not asked.
"""

from __future__ import annotations

from peelflow.engine.documents import ANY_USE
from peelflow.engine.machine import stays_within
from peelflow.engine.requirements import compile_check, compile_due, lacks_source
from peelflow.model.decisions import Act, Context
from peelflow.model.records import Event, Migrated, Record, Relevelled, TransitionTaken
from peelflow.model.requirements import (
    AnyOf,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    InspectionHeld,
    PredicateHolds,
    Requirement,
)
from peelflow.model.rules import Transition
from peelflow.register.kept_moves import why_move_unlawful
from peelflow.register.replay import act_of, why_said_to_stay
from peelflow.register.session import Session


def why_not_as_recorded(session: Session, event: Event, before: Record) -> str:
    """Say why an act or a move could not have been recorded of a record, or nothing.

    Args:
        session: What knows the rules.
        event: What was recorded.
        before: The record as it stood then.
    """
    match event.what:
        case TransitionTaken() as what:
            return _why_act_impossible(session, event, what, before)
        case Relevelled() | Migrated() as what if what.old != before.state:
            return f"it moves the record from `{what.old}`, and it stood in `{before.state}`"
        case Relevelled() | Migrated() as what:
            return why_move_unlawful(session, event, what, before)
        case _:
            return ""


def _why_act_impossible(
    session: Session, event: Event, what: TransitionTaken, record: Record
) -> str:
    """Say why nobody could have done an act, whatever others said then, or nothing."""
    why = _why_impossible(session, event, what, record)
    did = f"`{what.trigger}` by `{event.actor.role}`"
    return f"{did} was not lawful under {record.lifecycle}, kept beside it: {why}" if why else ""


def _why_impossible(session: Session, event: Event, what: TransitionTaken, record: Record) -> str:
    if what.old != record.state:
        return f"it leaves `{what.old}`, and the record stood in `{record.state}`"
    rules = session.lifecycle(record)
    steps = [
        rule
        for rule in rules.states[record.state].transitions
        if (rule.trigger, rule.to) == (what.trigger, what.new)
    ]
    if not steps:
        return f"no such step leads from `{what.old}` to `{what.new}`"
    own = [rule for rule in steps if event.actor.role in rule.by]
    if not own:
        return f"the role `{event.actor.role}` takes no such step"
    act = act_of(event, what)
    if lacks_source(rules.roles[event.actor.role], act):
        return f"the decision of {event.actor} names no source"
    reasons = [
        _why_unmet(session, rule, record, act)
        or why_said_to_stay(event, what, is_staying=stays_within(rules, record.state, rule))
        for rule in own
    ]
    return "" if "" in reasons else reasons[0]


def _why_unmet(session: Session, rule: Transition, record: Record, act: Act) -> str:
    """Say what a step asks for that was not there, by what the act and the record say alone."""
    context = Context(session.now, session.today)
    sentences = [_unmet(requirement, record, act, context) for requirement in rule.requires]
    if rule.after is not None and rule.after.working_days is None:  # bank holidays may be unknown
        due = compile_due(rule.after, record.state).unmet(record, act, context)
        sentences.append(due or "")
    return " and ".join(filter(None, sentences))


def _unmet(requirement: Requirement, record: Record, act: Act, context: Context) -> str:
    match requirement:
        case ChildrenClosed() | ChildForEach() | PredicateHolds():
            return ""
        case InspectionHeld():
            return "" if act.inspection else "no inspection is named"
        case Evidence(evidence=kind, signed_by=roles):
            held = (*act.evidence, *(each.document for each in record.attachments))
            is_there = any(d.kind == kind and (d.signed_by or not roles) for d in held)
            return "" if is_there else f"no `{kind}` is offered, or attached"
        case DistinctFrom(distinct_from=trigger):
            done = record.done.get(trigger)
            if done is None:
                return f"nobody did `{trigger}`"
            is_same = done.person == act.actor.person
            return f"{done.person} did `{trigger}` too" if is_same else ""
        case AnyOf(any_of=choices):
            each = [[_unmet(atom, record, act, context) for atom in atoms] for atoms in choices]
            is_met = any(not any(sentences) for sentences in each)
            return "" if is_met else "; or ".join(" and ".join(filter(None, s)) for s in each)
        case _:
            return compile_check(requirement, (), ANY_USE).unmet(record, act, context) or ""
