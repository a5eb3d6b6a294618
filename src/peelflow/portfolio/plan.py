"""List what each coming inspection could verify, and what each record needs before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import date

from attrs import frozen

from peelflow.engine.requirements import is_relevant
from peelflow.model.decisions import Inspection
from peelflow.model.question_sets import QuestionSets
from peelflow.model.records import Event, Record
from peelflow.model.requirements import Evidence, InspectionHeld, atoms_of
from peelflow.model.rules import Lifecycle, Transition
from peelflow.portfolio.listing import (
    Attribution,
    RecordRow,
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
from peelflow.register.context import INSPECTION, inspection_of
from peelflow.register.register import Register
from peelflow.register.validation import check_date
from peelflow.results import Result


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
    register: Register,
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
    records = list(register.histories(opened)) if coming else []
    return tuple(
        _planned_inspection(register, inspection, title, records) for inspection, title in coming
    )


def _planned_inspection(
    register: Register,
    inspection: Inspection,
    title: str | None,
    records: Sequence[tuple[Record, Sequence[Event]]],
) -> PlannedInspection:
    verifiable = [
        row
        for record, history in records
        for row in _verifiable(register, record, history, inspection)
    ]
    return PlannedInspection(
        inspection=inspection,
        title=title,
        ready=tuple(row for row in verifiable if not row.steps),
        first=tuple(row for row in verifiable if row.steps),
    )


def _verifiable(
    register: Register, record: Record, history: Sequence[Event], inspection: Inspection
) -> Iterator[Verifiable]:
    """Yield the record if the inspection could close it now, or after the fewest steps."""
    if record.force != inspection.force:
        return
    rules = register.lifecycle(record.lifecycle)
    sets = register.rulebook.vocabulary.question_sets
    for state, path in _each_open_path(rules, record.state):
        rule = _closing_transition(rules, state, record, inspection, sets)
        if rule is None:
            continue
        kinds = [
            atom.evidence
            for step in path
            for atom in atoms_of(step.requires)
            if isinstance(atom, Evidence)
        ]
        yield Verifiable(
            row=row_of(record),
            title=text_field(record, "title"),
            question=text_field(record, "question"),
            trigger=rule.trigger,
            steps=tuple(step.trigger for step in path),
            evidence=tuple(dict.fromkeys(kinds)),
            waiting=None if path else state_attribution(history, record),
        )
        return


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


def _closing_transition(
    rules: Lifecycle, state: str, record: Record, inspection: Inspection, sets: QuestionSets
) -> Transition | None:
    """Return the transition that closes the record and for which this inspection would do."""
    before = rules.states[state].counts_as
    for rule in rules.states[state].transitions:
        after = rules.states[rule.to].counts_as
        closes = any(
            before[ledger] == "open" and after.get(ledger) == "closed" for ledger in before
        )
        if closes and any(
            _is_sufficient(atom, record, inspection, sets)
            for atom in atoms_of(rule.requires)
            if isinstance(atom, InspectionHeld)
        ):
            return rule
    return None


def _is_sufficient(
    requirement: InspectionHeld, record: Record, inspection: Inspection, sets: QuestionSets
) -> bool:
    """Whether the inspection is of the kind asked for, and covers the record's question if so."""
    if requirement.inspection not in ("any", inspection.kind):
        return False
    return not requirement.relevant or is_relevant(record, inspection, sets)
