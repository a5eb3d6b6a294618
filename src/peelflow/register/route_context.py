"""Gather what stands around a record whose route to a goal is searched for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from peelflow.model.decisions import Appointment, Inspection
from peelflow.model.records import INSPECTION, Record
from peelflow.model.requirements import ChildForEach, atoms_of
from peelflow.model.routes import RelatedRecord, Route, RouteContext
from peelflow.model.rules import Lifecycle
from peelflow.register.context import APPOINTMENT, mentions_of, unseen_forces
from peelflow.register.holidays import holidays_of
from peelflow.register.related_records import appointment_of, inspection_of
from peelflow.register.session import Session
from peelflow.register.validation import check_date, check_texts
from peelflow.routing.goal_analysis import goal_of
from peelflow.routing.route import route
from peelflow.stores.base import RecordQuery


def route_of(reads: Session, record: str, *, to: str, ledger: str, on: date | None) -> Route:
    """Return the shortest lawful way of a record to a goal; see `Register.route`."""
    check_texts((record, "the record's id"), (to, "the goal"), (ledger, "the ledger"))
    known = reads.get(record)
    reads.check_not_withdrawn(known)
    day = reads.today if on is None else on
    check_date(day, record)
    rules = reads.lifecycle(known)
    goal = goal_of(rules, to, ledger=ledger)
    return route(rules, known, goal, _route_context(reads, known), on=day)


def _route_context(reads: Session, record: Record) -> RouteContext:
    """Return what stands around a record: its force's people and inspections, its hierarchy."""
    parent = reads.get(record.parent) if record.parent else None
    return _context_with(
        reads,
        record,
        children=tuple(_child_relative(reads, name) for name in record.children),
        parent=_parent_relative(reads, parent) if parent else None,
    )


def _child_relative(reads: Session, name: str) -> RelatedRecord:
    record = reads.get(name)
    children = tuple(_child_relative(reads, name) for name in record.children)
    return _relative(reads, record, _context_with(reads, record, children=children))


def _parent_relative(reads: Session, record: Record) -> RelatedRecord:
    """Return a parent, its children as they stand and its own parents above it."""
    above = reads.get(record.parent) if record.parent else None
    children = tuple(_childless_relative(reads, reads.get(name)) for name in record.children)
    parent = _parent_relative(reads, above) if above else None
    return _relative(reads, record, _context_with(reads, record, children=children, parent=parent))


def _childless_relative(reads: Session, record: Record) -> RelatedRecord:
    return _relative(reads, record, _context_with(reads, record))


def _relative(reads: Session, record: Record, around: RouteContext) -> RelatedRecord:
    return RelatedRecord(record, reads.lifecycle(record), around)


def _context_with(
    reads: Session,
    record: Record,
    *,
    children: tuple[RelatedRecord, ...] = (),
    parent: RelatedRecord | None = None,
) -> RouteContext:
    category = reads.rulebook.vocabulary.categories.get(record.category)
    fields = category.fields if category else {}
    return RouteContext(
        appointments=_appointments(reads, record),
        inspections=_inspections(reads, record),
        children=children,
        parent=parent,
        mentions=mentions_of(reads, record, _answers_required(reads.lifecycle(record))),
        predicates=frozenset(reads.services.predicates),
        fields=frozenset(fields),
        lists=frozenset(name for name, rule in fields.items() if rule.type == "list"),
        may_have_children=bool(category and category.children),
        holidays=holidays_of(reads.lifecycle(record)),
        ledgers=reads.national_ledgers(record),
        question_sets=reads.rulebook.vocabulary.question_sets,
        signers=reads.signers(reads.lifecycle(record)),
        each_force_signs=reads.each_force_signs,
        unseen_forces=unseen_forces(reads, record),
        sent_back=reads.unknown_sending_back(record),
    )


def _answers_required(rules: Lifecycle) -> Iterator[ChildForEach]:
    """Yield what any step asks answers to."""
    for state in rules.states.values():
        for rule in state.transitions:
            yield from (a for a in atoms_of(rule.requires) if isinstance(a, ChildForEach))


def _appointments(reads: Session, record: Record) -> tuple[Appointment, ...]:
    """Return the appointments in each force whose persons act on a record, or sign for it."""
    forces = record.forces if reads.each_force_signs else record.acting_forces
    queries = (RecordQuery(force=force, category=APPOINTMENT) for force in forces)
    return tuple(
        appointment_of(held) for query in queries for held in reads.services.store.records(query)
    )


def _inspections(reads: Session, record: Record) -> tuple[Inspection, ...]:
    """Return the inspections of a record's forces; in a register for one force, of that alone."""
    forces = record.forces if reads.scope is None else (reads.scope,)
    queries = (RecordQuery(force=force, category=INSPECTION) for force in forces)
    records = {held.id: held for query in queries for held in reads.services.store.records(query)}
    inspections = (inspection_of(held, reads.lifecycle(held)) for held in records.values())
    return tuple(filter(None, inspections))
