"""Gather what stands around a record whose route to a goal is searched for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from peelflow.model.decisions import Appointment, Inspection, RelatedRecord, Route, RouteContext
from peelflow.model.records import Record
from peelflow.model.requirements import ChildForEach, atoms_of
from peelflow.model.rules import Lifecycle
from peelflow.register.context import (
    APPOINTMENT,
    INSPECTION,
    appointment_of,
    holidays_of,
    inspection_of,
    mentions_of,
)
from peelflow.register.validation import check_date, check_text
from peelflow.routing.goal_analysis import goal_of
from peelflow.routing.route import route
from peelflow.stores.base import RecordQuery

if TYPE_CHECKING:
    from peelflow.register.session import Session


def route_of(draft: Session, record: str, *, to: str, ledger: str, on: date | None) -> Route:
    """Return the shortest lawful way of a record to a goal; see `Register.route`."""
    for word, what in ((record, "the record's id"), (to, "the goal"), (ledger, "the ledger")):
        check_text(word, what)
    known = draft.get(record)
    day = draft.today if on is None else on
    check_date(day, record)
    rules = draft.lifecycle(known)
    goal = goal_of(rules, to, ledger=ledger)
    return route(rules, known, goal, _route_context(draft, known), on=day)


def _route_context(draft: Session, record: Record) -> RouteContext:
    """Return what stands around a record: its force's people and inspections, and its family."""
    parent = draft.get(record.parent) if record.parent else None
    return _context_with(
        draft,
        record,
        children=tuple(_child_relative(draft, name) for name in record.children),
        parent=_parent_relative(draft, parent) if parent else None,
    )


def _child_relative(draft: Session, name: str) -> RelatedRecord:
    record = draft.get(name)
    children = tuple(_child_relative(draft, each) for each in record.children)
    return _relative(draft, record, _context_with(draft, record, children=children))


def _parent_relative(draft: Session, record: Record) -> RelatedRecord:
    """Return a parent, its children as they stand and its own parents above it."""
    above = draft.get(record.parent) if record.parent else None
    children = tuple(_childless_relative(draft, draft.get(name)) for name in record.children)
    parent = _parent_relative(draft, above) if above else None
    return _relative(draft, record, _context_with(draft, record, children=children, parent=parent))


def _childless_relative(draft: Session, record: Record) -> RelatedRecord:
    return _relative(draft, record, _context_with(draft, record))


def _relative(draft: Session, record: Record, around: RouteContext) -> RelatedRecord:
    return RelatedRecord(record, draft.lifecycle(record), around)


def _context_with(
    draft: Session,
    record: Record,
    *,
    children: tuple[RelatedRecord, ...] = (),
    parent: RelatedRecord | None = None,
) -> RouteContext:
    category = draft.rulebook.vocabulary.categories.get(record.category)
    fields = category.fields if category else {}
    return RouteContext(
        appointments=_appointments(draft, record.force),
        inspections=_inspections(draft, record.force),
        children=children,
        parent=parent,
        mentions=mentions_of(draft, record, _answers_required(draft.lifecycle(record))),
        predicates=frozenset(draft.desk.predicates),
        fields=frozenset(fields),
        lists=frozenset(name for name, rule in fields.items() if rule.type == "list"),
        may_have_children=bool(category and category.children),
        holidays=holidays_of(draft.lifecycle(record)),
    )


def _answers_required(rules: Lifecycle) -> Iterator[ChildForEach]:
    """Yield what any step asks answers to."""
    for state in rules.states.values():
        for way in state.transitions:
            yield from (a for a in atoms_of(way.requires) if isinstance(a, ChildForEach))


def _appointments(draft: Session, force: str) -> tuple[Appointment, ...]:
    found = draft.desk.store.records(RecordQuery(force=force, category=APPOINTMENT))
    return tuple(map(appointment_of, found))


def _inspections(draft: Session, force: str) -> tuple[Inspection, ...]:
    found = draft.desk.store.records(RecordQuery(force=force, category=INSPECTION))
    return tuple(held for held in map(inspection_of, found) if held is not None)
