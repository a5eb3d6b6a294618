"""A second opinion: rules read naively, run by stock `transitions`, with nothing of the engine."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

import transitions

from peelflow.model.records import Document, Moment, Value
from peelflow.model.requirements import (
    AnyOf,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import After, Holidays, Lifecycle, Transition
from peelflow.testing import Situation

Condition = Callable[[Situation], bool]


class Plain:
    """A model of the application's own: it has a state."""

    state: str = ""


def plain_machine(lifecycle: Lifecycle) -> transitions.Machine:
    """Return a stock machine of the lifecycle, each guard a condition on `situation`."""
    return transitions.Machine(
        model=None,
        states=list(lifecycle.states),
        initial=lifecycle.initial,
        transitions=[
            {
                "trigger": way.trigger,
                "source": name,
                "dest": way.to,
                "conditions": conditions(lifecycle, name, way),
            }
            for name, state in lifecycle.states.items()
            for way in state.transitions
        ],
        auto_transitions=False,
    )


def conditions(lifecycle: Lifecycle, source: str, way: Transition) -> list[Condition]:
    """Return all that a transition asks for: the role, the day, the source, each requirement."""
    closing = [
        ledger
        for ledger, counts in lifecycle.states[way.to].counts_as.items()
        if counts == "closed" and lifecycle.states[source].counts_as.get(ledger) != "closed"
    ]

    def may(situation: Situation) -> bool:
        return situation.act.actor.role in way.by

    def due(situation: Situation) -> bool:
        return way.after is None or is_due(way.after, source, situation)

    def met(requirement: Requirement) -> Condition:
        return lambda situation: holds(requirement, situation, closing)

    return [may, on_a_day, sourced, in_office, due, *map(met, way.requires)]


def on_a_day(situation: Situation) -> bool:
    """The act lies neither before the record's last event nor in the future."""
    on = situation.act.on
    return on >= situation.record.on and on <= situation.context.today


def sourced(situation: Situation) -> bool:
    """A decision of the inspectorate names its source."""
    role = situation.lifecycle.roles[situation.act.actor.role]
    return role.side != "inspectorate" or bool((situation.act.source or "").strip())


def in_office(situation: Situation) -> bool:
    """Who acts by appointment is appointed."""
    role = situation.lifecycle.roles[situation.act.actor.role]
    if not role.by_appointment:
        return True
    actor = situation.act.actor
    return actor.role in offices(situation, actor.person, situation.act.on)


def offices(situation: Situation, person: str | None, day: date) -> set[str]:
    """Return the roles a person held in the record's force on a day."""
    return {
        held.role
        for held in situation.context.appointments
        if held.person == person and held.force == situation.record.force
        if held.first_day <= day <= (held.last_day or date.max)
    }


def is_due(after: After, source: str, situation: Situation) -> bool:
    """Counted day by day, so many have passed since the state was entered, or published."""
    start, on = publication(situation), situation.act.on
    if after.since == "entered":
        start = situation.record.entered[source].on
    if start is None or start > on:
        return False
    if after.months is not None:
        later = start.month - 1 + after.months
        year, month = start.year + later // 12, later % 12 + 1
        end = date(year, month, min(start.day, monthrange(year, month)[1]))
        return on >= end - timedelta(after.beginning and end.day == start.day)
    day, left = start - timedelta(after.beginning), after.working_days or after.days or 0
    while left and day < on:
        day += timedelta(1)
        left -= after.days is not None or is_working(day, situation.context.holidays)
    return not left


def is_working(day: date, known: Holidays | None) -> bool:
    """Say whether a day is known to be a working day."""
    if known is None or not known.first_year <= day.year <= known.last_year:
        return False
    return day.weekday() not in (5, 6) and day not in known.days


def publication(situation: Situation) -> date | None:
    """Return the record's date of publication."""
    published = situation.record.fields.get("published")
    return date.fromisoformat(str(published)) if published else None


def window(requirement: Requirement, situation: Situation) -> Moment | None:
    """Return where the requirement's window begins."""
    since = getattr(requirement, "since", None)
    return situation.record.window if since is None else situation.record.entered.get(since)


def holds(requirement: Requirement, situation: Situation, closing: list[str]) -> bool:
    """Say whether one requirement holds, as docs/rules.md words it."""
    act, record, context = situation.act, situation.record, situation.context
    begun = window(requirement, situation)
    match requirement:
        case Evidence():
            return begun is not None and any(
                counts(requirement, document, situation) for document in shown(begun, situation)
            )
        case InspectionHeld():
            return begun is not None and inspected(requirement, begun, situation)
        case ReasonGiven():
            return bool((act.reason or "").strip())
        case FieldSet():
            return is_said(requirement, record.fields.get(requirement.field, ()))
        case SuccessorNamed():
            return bool((act.successor or "").strip()) and act.successor != record.id
        case ChildrenClosed():
            return bool(context.children) and all(
                child.counts.get(ledger) == "closed"
                for child in context.children
                for ledger in (closing or child.counts)
            )
        case ChildForEach():
            return all_answered(requirement, situation, closing)
        case DistinctFrom():
            return begun is not None and done_by_another(requirement, begun, situation)
        case Waited(waited=days, since=since):
            entered = begun.on if begun else None
            start = publication(situation) if since == "published" else entered
            return start is not None and (act.on - start).days >= days
        case AnyOf(any_of=choices):
            return any(all(holds(r, situation, closing) for r in every) for every in choices)
        case PredicateHolds(predicate=name):
            says = context.predicates.get(name)
            return says is not None and says(record, act, context)


def done_by_another(asked: DistinctFrom, begun: Moment, situation: Situation) -> bool:
    """Say whether somebody else did it in the window."""
    last = situation.record.done.get(asked.distinct_from)
    if last is None:
        return False
    return last.number >= begun.number and last.person != situation.act.actor.person


def all_answered(asked: ChildForEach, situation: Situation, closing: list[str]) -> bool:
    """Say whether each record of the same report has a child that names it, and each is closed."""
    record, context = situation.record, situation.context
    report = record.fields.get(asked.names)
    named = {
        mention.id
        for mention in context.mentions
        if mention.category in asked.for_each
        if (mention.field, mention.names) == (asked.whose, report)
    }
    closed = not context.children or holds(ChildrenClosed(), situation, closing)
    answered = {child.fields.get(asked.children) for child in context.children}
    return bool(report) and closed and named <= answered


def is_said(asked: FieldSet, said: Value) -> bool:
    """Say whether what a field says is anything, or the choice that is asked for."""
    items = [said] if isinstance(said, str) else said
    return asked.has in items if asked.has else bool(said)


def shown(begun: Moment, situation: Situation) -> list[Document]:
    """Return the documents offered, and those attached after the window began."""
    attachments = situation.record.attachments
    attached = [held.document for held in attachments if held.number > begun.number]
    return [*situation.act.evidence, *attached]


def counts(asked: Evidence, document: Document, situation: Situation) -> bool:
    """Say whether a document is what is asked for, unused, and signed as it must be."""
    if document.kind != asked.evidence or document.digest in situation.record.spent:
        return False
    if document.signed_on and document.signed_on > situation.act.on:
        return False
    if not asked.signed_by:
        return True
    if not document.signed_by or not document.signed_on:
        return False
    held = offices(situation, document.signed_by, document.signed_on)
    return not held.isdisjoint(asked.signed_by)


def inspected(asked: InspectionHeld, begun: Moment, situation: Situation) -> bool:
    """Say whether the inspection that the act names was held in time, and covers the question."""
    held, record = situation.context.inspection, situation.record
    if held is None or situation.act.inspection != held.id or held.force != record.force:
        return False
    if asked.inspection not in ("any", held.kind):
        return False
    if held.first_day > situation.act.on or held.last_day < begun.on:
        return False
    sets = {record.fields.get("question_set"), held.question_set} - {None}
    if asked.relevant and len(sets) > 1:
        return False
    question = str(record.fields.get("question", ""))
    chapters = {question[:end] for end in range(1, len(question)) if question[end] == "."}
    return not asked.relevant or not held.questions.isdisjoint({question, *chapters})
