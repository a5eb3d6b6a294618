"""Judge a requirement: each atom compiles once to a check that says what it found, or None.

A check is pure: it looks at the record, the act and the context, at nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from attrs import frozen

from peelflow.engine.evidence import find_document, window_of
from peelflow.errors import Span
from peelflow.model.judgement import Context
from peelflow.model.records import Act, Record
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
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
    read_aloud,
)
from peelflow.model.rules import After


@frozen
class Unmet:
    """A requirement that does not hold: what was found, what would do, and the rule's place."""

    found: str
    instead: str
    span: Span


Check = Callable[[Record, Act, Context], Unmet | None]


def compile_check(requirement: Requirement, closes: tuple[str, ...]) -> Check:
    """Return the check of `requirement` on a transition that closes the ledgers `closes`."""
    match requirement:
        case Evidence():
            judge = _evidence(requirement)
        case InspectionHeld():
            judge = _inspection(requirement)
        case ReasonGiven():
            judge = _reason
        case FieldSet(field=name):
            judge = _field(name)
        case SuccessorNamed():
            judge = _successor
        case ChildrenClosed():
            judge = _children(closes)
        case DistinctFrom():
            judge = _distinct(requirement)
        case Waited():
            judge = _waited(requirement)
        case AnyOf():
            judge = _any_of(requirement, closes)
        case PredicateHolds(predicate=name):
            judge = _predicate(name)
    instead = f"give {read_aloud(requirement)}"
    span = requirement.span

    def check(record: Record, act: Act, context: Context) -> Unmet | None:
        found = judge(record, act, context)
        return None if found is None else Unmet(found, instead, span)

    return check


def compile_due(after: After, state: str) -> Check:
    """Return the check that a timed system transition out of `state` is due."""

    def check(record: Record, act: Act, context: Context) -> Unmet | None:
        del context
        start = _published(record) if after.since == PUBLISHED else record.entered[state].on
        if start is None:
            return Unmet("no date of publication is set", "set the field `published`", after.span)
        if (act.on - start).days >= after.days:
            return None
        found = f"{(act.on - start).days} days have passed since {start}"
        return Unmet(found, f"wait until {after.days} days have", after.span)

    return check


def counted_documents(
    requirements: tuple[Requirement, ...], record: Record, act: Act, context: Context
) -> tuple[str, ...]:
    """Return the digests of the documents that an accepted act uses up, in order."""
    found: list[str] = []
    for requirement in requirements:
        if isinstance(requirement, Evidence):
            document, _ = find_document(requirement, record, act, context)
            found += [document.digest] if document else []
        elif isinstance(requirement, AnyOf):
            for every in requirement.any_of:
                if all(compile_check(atom, ())(record, act, context) is None for atom in every):
                    found += counted_documents(every, record, act, context)
                    break
    return tuple(dict.fromkeys(found))


_Judge = Callable[[Record, Act, Context], str | None]


def _published(record: Record) -> date | None:
    day = record.fields.get(PUBLISHED)
    return date.fromisoformat(day) if isinstance(day, str) else None


def _evidence(asked: Evidence) -> _Judge:
    def judge(record: Record, act: Act, context: Context) -> str | None:
        document, found = find_document(asked, record, act, context)
        return None if document else found

    return judge


def _inspection(asked: InspectionHeld) -> _Judge:
    def judge(record: Record, act: Act, context: Context) -> str | None:
        held, window = context.inspection, window_of(record, asked.since)
        if act.inspection is None:
            return "no inspection is named"
        if held is None:
            return f"no inspection is called {act.inspection}"
        if window is None:
            return f"`{asked.since}` was never entered"
        if asked.inspection not in ("any", held.kind):
            return f"{held.id} is a {held.kind} inspection"
        if held.first_day > act.on:
            return f"{held.id} begins on {held.first_day}, after the act's date {act.on}"
        if held.last_day < window.on:
            return f"{held.id} ended on {held.last_day}, before {window.on}, when this step began"
        return _irrelevant(record, held.id, held.questions) if asked.relevant else None

    return judge


def _irrelevant(record: Record, inspection: str, questions: frozenset[str]) -> str | None:
    question = record.fields.get("question")
    if not isinstance(question, str):
        return "the record has no question, so no inspection is relevant to it"
    if any(question == asked or question.startswith(f"{asked}.") for asked in questions):
        return None
    covered = ", ".join(sorted(questions)) or "no question"
    return f"{inspection} covers {covered}, and the record's question is {question}"


def _reason(record: Record, act: Act, context: Context) -> str | None:
    del record, context
    return None if act.reason and act.reason.strip() else "no reason is given"


def _field(name: str) -> _Judge:
    def judge(record: Record, act: Act, context: Context) -> str | None:
        del act, context
        return None if record.fields.get(name) else f"the field `{name}` is not set"

    return judge


def _successor(record: Record, act: Act, context: Context) -> str | None:
    del context
    if not act.successor or not act.successor.strip():
        return "no successor is named"
    return "a record cannot succeed itself" if act.successor == record.id else None


def _children(closes: tuple[str, ...]) -> _Judge:
    def judge(record: Record, act: Act, context: Context) -> str | None:
        del record, act
        if not context.children:
            return "there is no child"
        still = [
            child.id
            for child in context.children
            if any(child.counts.get(ledger) != "closed" for ledger in closes or child.counts)
        ]
        return f"not closed yet: {', '.join(still)}" if still else None

    return judge


def _distinct(asked: DistinctFrom) -> _Judge:
    def judge(record: Record, act: Act, context: Context) -> str | None:
        del context
        window, done = window_of(record, asked.since), record.done.get(asked.distinct_from)
        if window is None or done is None or done.number < window.number:
            return f"nobody did `{asked.distinct_from}` yet"
        if done.person == act.actor.person:
            return f"{done.person} did `{asked.distinct_from}` too"
        return None

    return judge


def _waited(asked: Waited) -> _Judge:
    def judge(record: Record, act: Act, context: Context) -> str | None:
        del context
        if asked.since == PUBLISHED:
            start, missing = _published(record), "no date of publication is set"
        else:
            moment = window_of(record, asked.since)
            start, missing = (moment.on if moment else None), f"`{asked.since}` was never entered"
        if start is None:
            return missing
        days = (act.on - start).days
        return None if days >= asked.waited else f"{days} days have passed since {start}"

    return judge


def _any_of(asked: AnyOf, closes: tuple[str, ...]) -> _Judge:
    ways = [tuple(compile_check(atom, closes) for atom in every) for every in asked.any_of]

    def judge(record: Record, act: Act, context: Context) -> str | None:
        lacking: list[str] = []
        for checks in ways:
            unmet = [u for check in checks if (u := check(record, act, context))]
            if not unmet:
                return None
            lacking.append(" and ".join(u.found for u in unmet))
        return "; or ".join(lacking)

    return judge


def _predicate(name: str) -> _Judge:
    def judge(record: Record, act: Act, context: Context) -> str | None:
        holds = context.predicates.get(name)
        if holds is None:
            return f"the application registered no predicate `{name}`"
        return None if holds(record, act, context) else f"the predicate `{name}` says no"

    return judge
