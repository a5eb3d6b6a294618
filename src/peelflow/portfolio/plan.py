"""List what each coming inspection could verify, and what each record needs before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product

from peelflow.model.decisions import Inspection
from peelflow.model.question_sets import QuestionSets, covering_questions, questions_across
from peelflow.model.questions import inspected_set, question_of, question_set_of
from peelflow.model.records import INSPECTION, Record
from peelflow.model.requirements import Evidence, InspectionHeld, atoms_of
from peelflow.model.rules import Lifecycle, Pin, Transition
from peelflow.portfolio.listing import (
    Attribution,
    RecordRow,
    each_with_last_event,
    entered_number,
    row_of,
    state_attribution,
)
from peelflow.portfolio.selection import (
    EVERYTHING,
    Selection,
    each_open,
    each_selected,
    narrowed,
    text_field,
)
from peelflow.register.as_at import HISTORIES_AT_ONCE
from peelflow.register.reader import Reader
from peelflow.register.related_records import inspection_of
from peelflow.register.validation import check_date
from peelflow.results import Result, frozen
from peelflow.stores.base import chunked


@frozen
class Verifiable(Result):
    """An open record that an inspection could close.

    Attributes:
        row: The record.
        title: Its title.
        question: Its question.
        trigger: What the inspection lets be done, such as `verify`.
        steps: What must be done first, trigger by trigger; empty where the record waits for it.
        evidence: The kinds of documents those steps ask for.
        waiting: Who brought it to where it waits; None where steps are left.
    """

    row: RecordRow
    title: str | None
    question: str | None
    trigger: str
    steps: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    waiting: Attribution | None = None


@frozen
class PlannedInspection(Result):
    """A coming inspection: `ready` are the records that wait for it, `first` those not yet."""

    inspection: Inspection
    title: str | None
    ready: tuple[Verifiable, ...]
    first: tuple[Verifiable, ...]


def inspection_plan(
    register: Reader,
    on: date,
    *,
    force: str | None = None,
    selection: Selection = EVERYTHING,
) -> tuple[PlannedInspection, ...]:
    """Return every inspection that has not ended before a day, by its first day.

    One without its days, postponed or cancelled is none to plan with.

    Args:
        register: The register.
        on: The day from which inspections are coming.
        force: Only this force's records and inspections.
        selection: Which records may be verified.
    """
    force = selection.force if force is None else force
    check_date(on, "the list")
    coming: list[tuple[Inspection, str | None]] = []
    inspections = Selection(force=force, category=INSPECTION)
    for record in each_selected(register, inspections, as_at=on):
        inspection = inspection_of(record, register.lifecycle(record.lifecycle))
        if inspection is not None and inspection.last_day >= on:
            coming.append((inspection, text_field(record, "title")))
    coming.sort(key=lambda titled: (titled[0].first_day, titled[0].id))
    opened = each_open(register, on, selection=narrowed(selection, force))
    sets = register.rulebook.vocabulary.question_sets
    scopes = [_scope_of(inspection, sets) for inspection, _ in coming]
    verified = _verified_by_scope(register, opened, scopes) if coming else {}
    return tuple(
        PlannedInspection(inspection, title, *verified[scope])
        for (inspection, title), scope in zip(coming, scopes, strict=True)
    )


@frozen
class _Scope:
    """Whose records an inspection verifies, and which: all inspections of a scope verify alike."""

    forces: tuple[str, ...]
    kind: str
    question_set: str | None
    questions: frozenset[str]


_Questions = tuple[tuple[str | None, str], ...]
"""Questions, each with the set it is of, None where no set is in force."""
_Key = tuple[str, str, str | None, str | None]
"""A force, a kind or `any`, the question set and a question; both None where any will do."""


@frozen
class _Closing:
    """How a record may close: the steps to where it waits, what closes it, at which inspections."""

    steps: tuple[Transition, ...]
    transition: Transition
    inspections: tuple[InspectionHeld, ...]

    @property
    def evidence(self) -> tuple[str, ...]:
        """The kinds of documents that the steps ask for."""
        atoms = (atom for step in self.steps for atom in atoms_of(step.requires))
        return tuple(dict.fromkeys(atom.evidence for atom in atoms if isinstance(atom, Evidence)))


def _scope_of(inspection: Inspection, sets: QuestionSets) -> _Scope:
    return _Scope(
        forces=(inspection.force, *inspection.joint_with),
        kind=inspection.kind,
        question_set=inspected_set(inspection, sets),
        questions=inspection.questions,
    )


def _verified_by_scope(
    register: Reader, opened: Iterable[Record], scopes: Iterable[_Scope]
) -> dict[_Scope, tuple[tuple[Verifiable, ...], tuple[Verifiable, ...]]]:
    """Return what inspections of each scope could close: what waits for it, and what does not yet.

    Scopes are looked up by what a record asks for, never record by record, so that the work grows
    with both and not with their product.
    """
    distinct = list(dict.fromkeys(scopes))
    waiting: list[list[Verifiable]] = [[] for _ in distinct]
    unready: list[list[Verifiable]] = [[] for _ in distinct]
    reached = _each_reached(register, opened, distinct)
    for chunk in chunked(reached, HISTORIES_AT_ONCE):
        ready = {record.id: record for record, closing, _ in chunk if not closing.steps}
        entries = each_with_last_event(register, ready.values(), entered_number)
        waits = {record.id: state_attribution(record, event) for record, event in entries}
        for record, closing, places in chunk:
            row = _verifiable(record, closing, None if closing.steps else waits[record.id])
            for place in places:
                (unready if closing.steps else waiting)[place].append(row)
    return {
        scope: (tuple(ready), tuple(first))
        for scope, ready, first in zip(distinct, waiting, unready, strict=True)
    }


def _each_reached(
    register: Reader, opened: Iterable[Record], scopes: Sequence[_Scope]
) -> Iterator[tuple[Record, _Closing, frozenset[int]]]:
    """Yield each record with how it may close, and the places of the scopes that suffice for it."""
    by_key = _places_by_key(scopes)
    sets = register.rulebook.vocabulary.question_sets
    inspected = {scope.question_set for scope in scopes}
    closings: dict[tuple[Pin, str], tuple[_Closing, ...]] = {}
    for record in opened:
        start = record.lifecycle, record.state
        if start not in closings:
            rules = register.lifecycle(record.lifecycle)
            closings[start] = tuple(_each_closing(rules, record.state))
        asked = record.forces, _relevant_questions(record, sets, inspected)
        for closing, places in _each_first_closing(closings[start], by_key, *asked):
            yield record, closing, places


def _places_by_key(scopes: Sequence[_Scope]) -> dict[_Key, list[int]]:
    """Return the places of all scopes by every key that a record may look them up by."""
    by_key: dict[_Key, list[int]] = {}
    for place, scope in enumerate(scopes):
        kinds = {"any", scope.kind}
        asked = ((None, None), *((scope.question_set, question) for question in scope.questions))
        for force, kind, about in product(scope.forces, kinds, asked):
            by_key.setdefault((force, kind, *about), []).append(place)
    return by_key


def _each_first_closing(
    closings: Iterable[_Closing],
    by_key: Mapping[_Key, Sequence[int]],
    forces: tuple[str, ...],
    questions: _Questions,
) -> Iterator[tuple[_Closing, frozenset[int]]]:
    """Yield each closing with the scopes that suffice for it, and for no nearer one."""
    reached: set[int] = set()
    for closing in closings:
        places = {
            place
            for requirement in closing.inspections
            for about in (questions if requirement.relevant else ((None, None),))
            for force in forces
            for place in by_key.get((force, requirement.inspection, *about), ())
        }
        if new := frozenset(places - reached):
            reached |= new
            yield closing, new


def _relevant_questions(
    record: Record, sets: QuestionSets, inspected: Iterable[str | None]
) -> _Questions:
    """Return the questions of every inspected set whose inspection is relevant to a record."""
    question, asked = question_of(record), question_set_of(record, sets)
    if question is None:
        return ()
    return tuple(
        (name, covering)
        for name in inspected
        for each in questions_across(sets, question, asked, name)
        for covering in covering_questions(each)
    )


def _each_closing(rules: Lifecycle, start: str) -> Iterator[_Closing]:
    """Yield what closes a record at an inspection, after the fewest steps first."""
    for state, steps in _each_open_path(rules, start):
        before = rules.states[state].counts_as
        for transition in rules.states[state].transitions:
            after = rules.states[transition.to].counts_as
            closes = any(
                before[ledger] == "open" and after.get(ledger) == "closed" for ledger in before
            )
            atoms = atoms_of(transition.requires)
            inspections = tuple(atom for atom in atoms if isinstance(atom, InspectionHeld))
            if closes and inspections:
                yield _Closing(steps, transition, inspections)


def _verifiable(record: Record, closing: _Closing, waiting: Attribution | None) -> Verifiable:
    return Verifiable(
        row=row_of(record),
        title=text_field(record, "title"),
        question=text_field(record, "question"),
        trigger=closing.transition.trigger,
        steps=tuple(step.trigger for step in closing.steps),
        evidence=closing.evidence,
        waiting=waiting,
    )


def _each_open_path(rules: Lifecycle, start: str) -> Iterator[tuple[str, tuple[Transition, ...]]]:
    """Yield the states reachable while open, the nearest first, each with the steps to it."""
    reached = {start}
    ahead: deque[tuple[str, tuple[Transition, ...]]] = deque([(start, ())])
    while ahead:
        state, path = ahead.popleft()
        yield state, path
        for rule in rules.states[state].transitions:
            if rule.to not in reached and "open" in rules.states[rule.to].counts_as.values():
                reached.add(rule.to)
                ahead.append((rule.to, (*path, rule)))
