"""Judge a requirement: each atom compiles once to a check that says what it found.

A check is pure: it looks at the record, the act and the context, at nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import assert_never

from attrs import frozen

from peelflow.engine.children import say_open, say_unanswered
from peelflow.engine.counting import Uncounted, last_day
from peelflow.engine.evidence import find_document, window_of
from peelflow.errors import Span
from peelflow.model.judgement import Context, Inspection
from peelflow.model.periods import Holidays, say_due
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
    say_days,
    would_do,
)
from peelflow.model.rules import After

Finding = str | tuple[str, ...]
Judge = Callable[[Record, Act, Context], Finding]
HOLDS: tuple[str, ...] = ()


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
        return _come(after, start, act.on, context.holidays) if start else NO_PUBLICATION

    return Check(judge, f"wait until {say_due(after, f'`{state}`')}", after.span)


def due_day(after: After, record: Record, holidays: Holidays | None) -> date | Uncounted | None:
    """Return when a timed transition out of the record's state falls due, None if it does not."""
    start = begun(after, record, record.state)
    return last_day(start, after, holidays) if start else None


def begun(after: After, record: Record, state: str) -> date | None:
    """Return from when a timed transition out of `state` counts, None if nothing says."""
    return published(record) if after.since == PUBLISHED else record.entered[state].on


NO_PUBLICATION = "no date of publication is set"


def _judge(requirement: Requirement, closes: tuple[str, ...]) -> Judge:
    match requirement:
        case Evidence():
            return _evidence(requirement)
        case InspectionHeld():
            return _inspection(requirement)
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


def published(record: Record) -> date | None:
    """Return the date in the field `published`, None where none is set."""
    day = record.fields.get(PUBLISHED)
    try:
        return date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        return None


def _passed(days: int, start: date, on: date) -> Finding:
    passed = (on - start).days
    if passed < 0:
        return f"{start}, from when to count, lies after the act's date {on}"
    return HOLDS if passed >= days else f"{passed} of {say_days(days)} passed since {start}"


def _come(after: After, start: date, on: date, holidays: Holidays | None) -> Finding:
    """Find whether a period's last day has come."""
    if start > on or (after.days is not None and not after.beginning):
        return _passed(after.days or 0, start, on)
    due = last_day(start, after, holidays)
    if isinstance(due, date):
        return HOLDS if due <= on else f"it falls due on {due}"
    return f"it {due.why}" if due.not_by < on else f"it does not fall due by {on}"


def _evidence(asked: Evidence) -> Judge:
    def judge(record: Record, act: Act, context: Context) -> Finding:
        found = find_document(asked, record, act, context)
        return found if isinstance(found, str) else (found.digest,)

    return judge


def _inspection(asked: InspectionHeld) -> Judge:
    def judge(record: Record, act: Act, context: Context) -> Finding:
        held, window = context.inspection, window_of(record, asked.since)
        if act.inspection is None:
            return "no inspection is named"
        if held is None or held.id != act.inspection:
            return f"no inspection on set days, not called off, is called {act.inspection}"
        if held.force != record.force:
            return f"{held.id} is an inspection of another force, {held.force}"
        if window is None:
            return f"`{asked.since}` was never entered"
        if asked.inspection not in ("any", held.kind):
            return f"{held.id} is a {held.kind} inspection"
        if held.first_day > act.on:
            return f"{held.id} begins on {held.first_day}, after the act's date {act.on}"
        if held.last_day < window.on:
            return f"{held.id} ended on {held.last_day}, before {window.on}, when this step began"
        return _irrelevant(record, held) if asked.relevant else HOLDS

    return judge


def _irrelevant(record: Record, held: Inspection) -> Finding:
    question = record.fields.get("question")
    if not isinstance(question, str) or not question:
        return "the record has no question, so no inspection is relevant to it"
    if not of_one_set(record, held):
        own = record.fields.get("question_set")
        return f"{held.id} covers questions of {held.question_set}, and the record's is of {own}"
    if covers(held.questions, question):
        return HOLDS
    covered = ", ".join(sorted(held.questions)) or "no question"
    return f"{held.id} covers {covered}, and the record's question is {question}"


def of_one_set(record: Record, held: Inspection) -> bool:
    """Say whether both speak of the same question set, or one does not say of which."""
    own = record.fields.get("question_set")
    return not own or not held.question_set or own == held.question_set


def covers(questions: frozenset[str], question: str) -> bool:
    """Say whether an inspection of these questions covers one: 7 covers 7.2."""
    return any(question == asked or question.startswith(f"{asked}.") for asked in questions)


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
        return _passed(asked.waited, start, act.on) if start else missing

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
