"""Say as data what a requirement that does not hold still needs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import product
from typing import assert_never

from peelflow.engine.checks import compile_check
from peelflow.engine.children import still_open, unanswered
from peelflow.engine.counting import last_day, latest_start
from peelflow.engine.evidence import window_of
from peelflow.engine.lapse import due_day, published
from peelflow.model.judgement import Context
from peelflow.model.needs import (
    AnswersNeed,
    ChildrenNeed,
    Choices,
    DayNeed,
    DocumentNeed,
    FieldNeed,
    InspectionNeed,
    Need,
    PersonNeed,
    PredicateNeed,
    ReasonNeed,
    StepNeed,
    SuccessorNeed,
)
from peelflow.model.records import Act, Record
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
from peelflow.model.rules import After

QUESTION = "question"
Needs = tuple[Need, ...]
Atom = (
    Evidence
    | InspectionHeld
    | ReasonGiven
    | FieldSet
    | SuccessorNamed
    | ChildrenClosed
    | ChildForEach
    | DistinctFrom
    | Waited
    | PredicateHolds
)


def needed(
    requirement: Requirement, closes: tuple[str, ...], record: Record, act: Act, context: Context
) -> Choices:
    """Return what a requirement still needs: one of several lists, an empty one where it holds.

    Args:
        requirement: The requirement.
        closes: The ledgers that its transition closes.
        record: The record.
        act: The act that is judged.
        context: What it is judged in.
    """
    if isinstance(requirement, AnyOf):
        every = (
            together(needed(atom, closes, record, act, context) for atom in atoms)
            for atoms in requirement.any_of
        )
        return tuple(choice for choices in every for choice in choices)
    check = compile_check(requirement, closes)
    if not isinstance(check.judge(record, act, context), str):
        return ((),)
    return (_needs(requirement, closes, record, act, context),)


def together(parts: Iterable[Choices]) -> Choices:
    """Return the ways to meet several things at once."""
    return tuple(tuple(need for needs in chosen for need in needs) for chosen in product(*parts))


def needed_time(after: After, record: Record, act: Act, context: Context) -> Choices:
    """Return what a timed transition that is not due waits for; nothing where no day is told."""
    due = due_day(after, record, context.holidays)
    if due is None:
        return ((FieldNeed(PUBLISHED, latest_start(after, act.on, context.holidays)),),)
    return ((DayNeed(due),),) if isinstance(due, date) else ()


def _needs(
    asked: Atom, closes: tuple[str, ...], record: Record, act: Act, context: Context
) -> Needs:
    match asked:
        case Evidence(evidence=kind, signed_by=roles):
            return _never(asked, record) or (DocumentNeed(kind, roles, act.on),)
        case InspectionHeld():
            return _never(asked, record) or _inspection(asked, record)
        case ReasonGiven():
            return (ReasonNeed(),)
        case FieldSet(field=name, has=has):
            return (FieldNeed(name, has=has),)
        case SuccessorNamed():
            return (SuccessorNeed(),)
        case ChildrenClosed():
            return (ChildrenNeed(still_open(context.children, closes), closes),)
        case ChildForEach():
            return _answers(asked, closes, record, context)
        case DistinctFrom():
            return _never(asked, record) or distinct_needs(asked, record)
        case Waited():
            return _never(asked, record) or wait_needs(asked, record, act)
        case PredicateHolds(predicate=name):
            return (PredicateNeed(name, name in context.predicates),)
        case _:
            assert_never(asked)


def _answers(
    asked: ChildForEach, closes: tuple[str, ...], record: Record, context: Context
) -> Needs:
    """Return the field that says what is answered, the children to add, and those to close."""
    missing = unanswered(asked, record, context)
    still = still_open(context.children, closes)
    return (
        *(() if record.fields.get(asked.names) else (FieldNeed(asked.names),)),
        *((AnswersNeed(missing, asked.children, closes),) if missing else ()),
        *((ChildrenNeed(still, closes),) if still else ()),
    )


def _never(asked: Evidence | InspectionHeld | DistinctFrom | Waited, record: Record) -> Needs:
    """Return the state that must be entered first, where the requirement counts since one."""
    since = asked.since
    if since is None or since == PUBLISHED or window_of(record, since):
        return ()
    return (StepNeed(state=since),)


def inspection_need(asked: InspectionHeld, record: Record) -> InspectionNeed:
    """Return the inspection that is needed; its question is None where the record has none."""
    window = window_of(record, asked.since) or record.window
    question = record.fields.get(QUESTION) if asked.relevant else None
    found = question if isinstance(question, str) and question else None
    return InspectionNeed(asked.inspection, found, window.on)


def _inspection(asked: InspectionHeld, record: Record) -> Needs:
    need = inspection_need(asked, record)
    lacks = asked.relevant and need.question is None
    return (*((FieldNeed(QUESTION),) if lacks else ()), need)


def distinct_needs(asked: DistinctFrom, record: Record) -> Needs:
    """Return the person it must not be, or the trigger that somebody must do first."""
    window, done = window_of(record, asked.since), record.done.get(asked.distinct_from)
    if window is None or done is None or done.number < window.number:
        return (StepNeed(trigger=asked.distinct_from),)
    return (PersonNeed((done.person,)),)


def wait_needs(asked: Waited, record: Record, act: Act) -> Needs:
    """Return the day to wait for.

    Where no publication is set, or one from which that day never comes, it is the field and how
    late it may be.
    """
    start: date | None
    if asked.since == PUBLISHED:
        start = published(record)
    else:
        start = (window_of(record, asked.since) or record.window).on
    period = After(asked.waited)
    due = last_day(start, period, None) if start else None
    if isinstance(due, date):
        return (DayNeed(due),)
    return (FieldNeed(PUBLISHED, latest_start(period, act.on, None)),)
