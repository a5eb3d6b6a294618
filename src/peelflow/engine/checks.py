"""Judge a requirement: each atom compiles once to a check that says what it found.

A check is pure: it looks at the record, the act and the context, at nothing else.
"""

from __future__ import annotations

from functools import partial
from typing import assert_never

from attrs import frozen

from peelflow.engine.children import say_open, say_unanswered
from peelflow.engine.evidence import find_document, window_of
from peelflow.engine.finding import HOLDS, Finding, Judge
from peelflow.engine.inspections import judge_inspection
from peelflow.engine.lapse import NO_PUBLICATION, begun, come, passed, published
from peelflow.errors import Span
from peelflow.model.judgement import Context
from peelflow.model.periods import say_due
from peelflow.model.records import Act, Record, Value
from peelflow.model.requirements import (
    PUBLISHED,
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
    would_do,
)
from peelflow.model.rules import After


@frozen
class Unmet:
    """A requirement that does not hold: what was found, what would do, and the rule's place."""

    found: str
    instead: str
    span: Span


@frozen(eq=False)
class Check:
    """A compiled requirement.

    `judge` says in a text what was found where it does not hold; where it does, it returns the
    digests of the documents that an accepted act uses up (`HOLDS` when there are none).
    """

    judge: Judge
    instead: str
    span: Span

    def unmet(self, record: Record, act: Act, context: Context) -> Unmet | None:
        """Return why the requirement does not hold, None when it does."""
        found = self.judge(record, act, context)
        return Unmet(found, self.instead, self.span) if isinstance(found, str) else None


def compile_check(requirement: Requirement, closes: tuple[str, ...]) -> Check:
    """Return the check of `requirement` on a transition that closes the ledgers `closes`."""
    judge = _judge(requirement, closes)
    return Check(judge, would_do(requirement), requirement.span)


def compile_due(after: After, state: str) -> Check:
    """Return the check that a timed system transition out of `state` is due."""

    def judge(record: Record, act: Act, context: Context) -> Finding:
        start = begun(after, record, state)
        return come(after, start, act.on, context.holidays) if start else NO_PUBLICATION

    return Check(judge, f"wait until {say_due(after, f'`{state}`')}", after.span)


def _judge(requirement: Requirement, closes: tuple[str, ...]) -> Judge:
    match requirement:
        case Evidence():
            return _evidence(requirement)
        case InspectionHeld():
            return partial(judge_inspection, requirement)
        case ReasonGiven():
            return _reason
        case FieldSet():
            return _field(requirement)
        case SuccessorNamed():
            return _successor
        case ChildrenClosed():
            return _children(closes)
        case ChildForEach():
            return _answered(requirement, closes)
        case DistinctFrom():
            return _distinct(requirement)
        case Waited():
            return _waited(requirement)
        case AnyOf():
            return _any_of(requirement, closes)
        case PredicateHolds(predicate=name):
            return _predicate(name)
        case _:
            assert_never(requirement)


def _evidence(asked: Evidence) -> Judge:
    def judge(record: Record, act: Act, context: Context) -> Finding:
        found = find_document(asked, record, act, context)
        return found if isinstance(found, str) else (found.digest,)

    return judge


def _reason(record: Record, act: Act, context: Context) -> Finding:
    del record, context
    return HOLDS if act.reason and act.reason.strip() else "no reason is given"


def _field(asked: FieldSet) -> Judge:
    name, has = asked.field, asked.has

    def judge(record: Record, act: Act, context: Context) -> Finding:
        del act, context
        value = record.fields.get(name)
        if not value:
            return f"the field `{name}` is not set"
        if has is None or says(value, has):
            return HOLDS
        return f"the field `{name}` says {_quoted(value)}, not `{has}`"

    return judge


def says(value: Value | None, choice: str) -> bool:
    """Say whether a field's value is a choice, or a list that holds it."""
    return value == choice or (isinstance(value, tuple) and choice in value)


def _quoted(value: Value) -> str:
    items = (value,) if isinstance(value, str) else value
    return " and ".join(f"`{item}`" for item in items)


def _successor(record: Record, act: Act, context: Context) -> Finding:
    del context
    if not act.successor or not act.successor.strip():
        return "no successor is named"
    return "a record cannot succeed itself" if act.successor == record.id else HOLDS


def _children(closes: tuple[str, ...]) -> Judge:
    def judge(record: Record, act: Act, context: Context) -> Finding:
        del record, act
        if not context.children:
            return "there is no child"
        return say_open(context.children, closes) or HOLDS

    return judge


def _answered(asked: ChildForEach, closes: tuple[str, ...]) -> Judge:
    def judge(record: Record, act: Act, context: Context) -> Finding:
        del act
        return say_unanswered(asked, closes, record, context) or HOLDS

    return judge


def _distinct(asked: DistinctFrom) -> Judge:
    def judge(record: Record, act: Act, context: Context) -> Finding:
        del context
        window, done = window_of(record, asked.since), record.done.get(asked.distinct_from)
        if window is None:
            return f"`{asked.since}` was never entered"
        if done is None or done.number < window.number:
            return f"nobody did `{asked.distinct_from}` since {window.on}"
        if done.person == act.actor.person:
            return f"{done.person} did `{asked.distinct_from}` too"
        return HOLDS

    return judge


def _waited(asked: Waited) -> Judge:
    def judge(record: Record, act: Act, context: Context) -> Finding:
        del context
        if asked.since == PUBLISHED:
            start, missing = published(record), NO_PUBLICATION
        else:
            moment = window_of(record, asked.since)
            start, missing = (moment.on if moment else None), f"`{asked.since}` was never entered"
        return passed(asked.waited, start, act.on) if start else missing

    return judge


def _any_of(asked: AnyOf, closes: tuple[str, ...]) -> Judge:
    ways = [tuple(_judge(atom, closes) for atom in every) for every in asked.any_of]

    def judge(record: Record, act: Act, context: Context) -> Finding:
        lacking: list[str] = []
        for every in ways:
            found = [judge(record, act, context) for judge in every]
            unmet = [each for each in found if isinstance(each, str)]
            if not unmet:
                return tuple(digest for each in found for digest in each)
            lacking.append(" and ".join(unmet))
        return "; or ".join(lacking)

    return judge


def _predicate(name: str) -> Judge:
    def judge(record: Record, act: Act, context: Context) -> Finding:
        holds = context.predicates.get(name)
        if holds is None:
            return f"the application registered no predicate `{name}`"
        return HOLDS if holds(record, act, context) else f"the predicate `{name}` says no"

    return judge
