"""Compile each requirement once to a check, and judge it on a record, an act and a context.

A check is pure: it reads the record, the act and the context, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import assert_never

from attrs import frozen

from peelflow.engine.calendar import NO_PUBLICATION, last_day, period_start, publication_day
from peelflow.errors import Span
from peelflow.model.decisions import Act, Appointment, Child, Context, Inspection, RecordReference
from peelflow.model.records import Document, Moment, Record, Value
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
)
from peelflow.model.rules import After, Holidays, Role
from peelflow.wording import say_days, say_due, say_remedy

CheckResult = str | tuple[str, ...]
JudgeFunction = Callable[[Record, Act, Context], CheckResult]
HOLDS: tuple[str, ...] = ()
"""A finding where nothing is wanting, and no document is used up."""


def window_start(record: Record, since: str | None) -> Moment | None:
    """Return where the window begins: the record's own, or when `since` was last entered."""
    return record.entered.get(since) if since else record.window


def find_document(asked: Evidence, record: Record, act: Act, context: Context) -> Document | str:
    """Return the document that answers `asked`, or what was found instead."""
    window = window_start(record, asked.since)
    if window is None:
        return f"`{asked.since}` was never entered"
    documents, begun = act.evidence, window.number
    if record.attachments:
        attached = [held.document for held in record.attachments if held.number > begun]
        documents = (*documents, *attached)
    faults: list[str] = []
    for document in documents:
        if document.kind == asked.evidence:
            fault = _document_fault(document, asked, record, act, context)
            if fault is None:
                return document
            faults.append(f"`{document.name}` {fault}")
    return (
        " and ".join(faults) or f"no `{asked.evidence}` is offered, or attached since {window.on}"
    )


def _document_fault(
    document: Document, asked: Evidence, record: Record, act: Act, context: Context
) -> str | None:
    if document.digest in record.spent:
        return "already counted for an earlier act of this record"
    if document.signed_on is not None and document.signed_on > act.on:
        return f"is signed on {document.signed_on}, after the act's date {act.on}"
    if not asked.signed_by:
        return None
    if document.signed_by is None:
        return "is not signed"
    if document.signed_on is None:
        return "does not say when it was signed"
    signer, day = document.signed_by, document.signed_on
    if _has_appointment(context.appointments, signer, asked.signed_by, record.force, day):
        return None
    return f"is signed by {document.signed_by}, who held no such role on {document.signed_on}"


def may_act(roles: Mapping[str, Role], record: Record, act: Act, context: Context) -> bool:
    """Say whether the day can be, the acting role is held, and a decision names its source.

    The acting role is one that a checked lifecycle names, so it is among its `roles`.
    """
    if not record.on <= act.on <= context.today:
        return False
    role = roles[act.actor.role]
    if lacks_source(role, act):
        return False
    return not role.by_appointment or holds_role(record, act, context)


def lacks_source(role: Role, act: Act) -> bool:
    """Say whether an inspectorate's decision lacks the source it was read from."""
    return role.side == "inspectorate" and not (act.source and act.source.strip())


def holds_role(record: Record, act: Act, context: Context) -> bool:
    """Say whether the actor held the acting role, in the record's force, on the act's date."""
    actor = act.actor
    return _has_appointment(context.appointments, actor.person, (actor.role,), record.force, act.on)


def is_appointed_on(held: Appointment, force: str, day: date) -> bool:
    """Say whether an appointment holds in a force on a day."""
    return (
        held.force == force
        and held.first_day <= day
        and (held.last_day is None or day <= held.last_day)
    )


def _has_appointment(
    appointments: tuple[Appointment, ...],
    person: str,
    roles: tuple[str, ...],
    force: str,
    day: date,
) -> bool:
    # A loop rather than `any`: this runs once a letter, and a generator costs more than the rest.
    for held in appointments:
        if held.person == person and held.role in roles and is_appointed_on(held, force, day):
            return True
    return False


def open_children(children: Iterable[Child], closes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the children not closed on the ledgers `closes`; on all of theirs if it is empty."""
    return tuple(
        child.id
        for child in children
        if any(child.counts.get(ledger) != "closed" for ledger in closes or child.counts)
    )


def unanswered_mentions(asked: ChildForEach, record: Record, context: Context) -> tuple[str, ...]:
    """Return the records that ask for a child of this one, and that none names."""
    answered = {child.fields.get(asked.children) for child in context.children}
    return tuple(
        dict.fromkeys(
            mention.id
            for mention in context.mentions
            if _needs_child(mention, asked, record) and mention.id not in answered
        )
    )


def _needs_child(mention: RecordReference, asked: ChildForEach, record: Record) -> bool:
    return (
        mention.category in asked.for_each
        and mention.field == asked.whose
        and mention.names == record.fields.get(asked.names)
    )


def say_open_children(children: Iterable[Child], closes: tuple[str, ...]) -> str:
    """Say which children are not closed yet; nothing where all are."""
    still = open_children(children, closes)
    return f"not closed yet: {', '.join(still)}" if still else ""


def say_unanswered_mentions(
    asked: ChildForEach, closes: tuple[str, ...], record: Record, context: Context
) -> str:
    """Say which records no child names, and which children are not closed; nothing where all is."""
    missing = unanswered_mentions(asked, record, context)
    without = f"no child names in `{asked.children}`: {', '.join(missing)}" if missing else ""
    unset = "" if record.fields.get(asked.names) else f"the field `{asked.names}` is not set"
    return " and ".join(filter(None, (unset, without, say_open_children(context.children, closes))))


def judge_inspection(
    asked: InspectionHeld, record: Record, act: Act, context: Context
) -> CheckResult:
    """Find whether the act names an inspection such as is asked for."""
    held, window = context.inspection, window_start(record, asked.since)
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
    return _judge_relevance(record, held) if asked.relevant else HOLDS


def _judge_relevance(record: Record, held: Inspection) -> CheckResult:
    question = record.fields.get("question")
    if not isinstance(question, str) or not question:
        return "the record has no question, so no inspection is relevant to it"
    if not is_of_one_question_set(record, held):
        own = record.fields.get("question_set")
        return f"{held.id} covers questions of {held.question_set}, and the record's is of {own}"
    if covers_question(held.questions, question):
        return HOLDS
    covered = ", ".join(sorted(held.questions)) or "no question"
    return f"{held.id} covers {covered}, and the record's question is {question}"


def is_of_one_question_set(record: Record, held: Inspection) -> bool:
    """Say whether both speak of the same question set, or one does not say of which."""
    own = record.fields.get("question_set")
    return not own or not held.question_set or own == held.question_set


def covers_question(questions: frozenset[str], question: str) -> bool:
    """Say whether an inspection of these questions covers one: 7 covers 7.2."""
    return any(question == asked or question.startswith(f"{asked}.") for asked in questions)


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

    judge: JudgeFunction
    instead: str
    span: Span

    def unmet(self, record: Record, act: Act, context: Context) -> Unmet | None:
        """Return why the requirement does not hold, None when it does."""
        found = self.judge(record, act, context)
        return Unmet(found, self.instead, self.span) if isinstance(found, str) else None


def compile_check(requirement: Requirement, closes: tuple[str, ...]) -> Check:
    """Return the check of `requirement` on a transition that closes the ledgers `closes`."""
    judge = _judge_of(requirement, closes)
    return Check(judge, say_remedy(requirement), requirement.span)


def compile_due(after: After, state: str) -> Check:
    """Return the check that a timed system transition out of `state` is due."""

    def judge(record: Record, act: Act, context: Context) -> CheckResult:
        start = period_start(after, record, state)
        return judge_due(after, start, act.on, context.holidays) if start else NO_PUBLICATION

    return Check(judge, f"wait until {say_due(after, f'`{state}`')}", after.span)


def _judge_of(requirement: Requirement, closes: tuple[str, ...]) -> JudgeFunction:
    match requirement:
        case Evidence():
            return _evidence_judge(requirement)
        case InspectionHeld():
            return partial(judge_inspection, requirement)
        case ReasonGiven():
            return _judge_reason
        case FieldSet():
            return _field_judge(requirement)
        case SuccessorNamed():
            return _judge_successor
        case ChildrenClosed():
            return _children_judge(closes)
        case ChildForEach():
            return _answers_judge(requirement, closes)
        case DistinctFrom():
            return _distinct_judge(requirement)
        case Waited():
            return _waited_judge(requirement)
        case AnyOf():
            return _any_of_judge(requirement, closes)
        case PredicateHolds(predicate=name):
            return _predicate_judge(name)
        case _:
            assert_never(requirement)


def _evidence_judge(asked: Evidence) -> JudgeFunction:
    def judge(record: Record, act: Act, context: Context) -> CheckResult:
        found = find_document(asked, record, act, context)
        return found if isinstance(found, str) else (found.digest,)

    return judge


def _judge_reason(record: Record, act: Act, context: Context) -> CheckResult:
    del record, context
    return HOLDS if act.reason and act.reason.strip() else "no reason is given"


def _field_judge(asked: FieldSet) -> JudgeFunction:
    name, has = asked.field, asked.has

    def judge(record: Record, act: Act, context: Context) -> CheckResult:
        del act, context
        value = record.fields.get(name)
        if not value:
            return f"the field `{name}` is not set"
        if has is None or has_choice(value, has):
            return HOLDS
        return f"the field `{name}` says {_quote_value(value)}, not `{has}`"

    return judge


def has_choice(value: Value | None, choice: str) -> bool:
    """Say whether a field's value is a choice, or a list that holds it."""
    return value == choice or (isinstance(value, tuple) and choice in value)


def _quote_value(value: Value) -> str:
    items = (value,) if isinstance(value, str) else value
    return " and ".join(f"`{item}`" for item in items)


def _judge_successor(record: Record, act: Act, context: Context) -> CheckResult:
    del context
    if not act.successor or not act.successor.strip():
        return "no successor is named"
    return "a record cannot succeed itself" if act.successor == record.id else HOLDS


def _children_judge(closes: tuple[str, ...]) -> JudgeFunction:
    def judge(record: Record, act: Act, context: Context) -> CheckResult:
        del record, act
        if not context.children:
            return "there is no child"
        return say_open_children(context.children, closes) or HOLDS

    return judge


def _answers_judge(asked: ChildForEach, closes: tuple[str, ...]) -> JudgeFunction:
    def judge(record: Record, act: Act, context: Context) -> CheckResult:
        del act
        return say_unanswered_mentions(asked, closes, record, context) or HOLDS

    return judge


def _distinct_judge(asked: DistinctFrom) -> JudgeFunction:
    def judge(record: Record, act: Act, context: Context) -> CheckResult:
        del context
        window, done = window_start(record, asked.since), record.done.get(asked.distinct_from)
        if window is None:
            return f"`{asked.since}` was never entered"
        if done is None or done.number < window.number:
            return f"nobody did `{asked.distinct_from}` since {window.on}"
        if done.person == act.actor.person:
            return f"{done.person} did `{asked.distinct_from}` too"
        return HOLDS

    return judge


def _waited_judge(asked: Waited) -> JudgeFunction:
    def judge(record: Record, act: Act, context: Context) -> CheckResult:
        del context
        if asked.since == PUBLISHED:
            start, missing = publication_day(record), NO_PUBLICATION
        else:
            moment = window_start(record, asked.since)
            start, missing = (moment.on if moment else None), f"`{asked.since}` was never entered"
        return judge_elapsed(asked.waited, start, act.on) if start else missing

    return judge


def _any_of_judge(asked: AnyOf, closes: tuple[str, ...]) -> JudgeFunction:
    ways = [tuple(_judge_of(atom, closes) for atom in every) for every in asked.any_of]

    def judge(record: Record, act: Act, context: Context) -> CheckResult:
        lacking: list[str] = []
        for every in ways:
            found = [judge(record, act, context) for judge in every]
            unmet = [each for each in found if isinstance(each, str)]
            if not unmet:
                return tuple(digest for each in found for digest in each)
            lacking.append(" and ".join(unmet))
        return "; or ".join(lacking)

    return judge


def _predicate_judge(name: str) -> JudgeFunction:
    def judge(record: Record, act: Act, context: Context) -> CheckResult:
        holds = context.predicates.get(name)
        if holds is None:
            return f"the application registered no predicate `{name}`"
        return HOLDS if holds(record, act, context) else f"the predicate `{name}` says no"

    return judge


def judge_elapsed(days: int, start: date, on: date) -> CheckResult:
    """Find whether so many days have passed since one day on another."""
    gone = (on - start).days
    if gone < 0:
        return f"{start}, from when to count, lies after the act's date {on}"
    return HOLDS if gone >= days else f"{gone} of {say_days(days)} passed since {start}"


def judge_due(after: After, start: date, on: date, holidays: Holidays | None) -> CheckResult:
    """Find whether a period's last day has come."""
    if start > on or (after.days is not None and not after.beginning):
        return judge_elapsed(after.days or 0, start, on)
    due = last_day(start, after, holidays)
    if isinstance(due, date):
        return HOLDS if due <= on else f"it falls due on {due}"
    return f"it {due.why}" if due.not_by < on else f"it does not fall due by {on}"
