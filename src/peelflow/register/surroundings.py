"""Look for a record's way with all that stands around it: people, inspections, family."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from peelflow.engine.goals import goal_of
from peelflow.engine.route import route
from peelflow.model.judgement import Appointment, Inspection
from peelflow.model.records import Record
from peelflow.model.requirements import ChildForEach, each_atom
from peelflow.model.routes import Around, Relative, Route
from peelflow.model.rules import Lifecycle
from peelflow.register.asking import check_date, check_text
from peelflow.register.holidays import holidays_of
from peelflow.register.mentions import mentions_of
from peelflow.register.situation import APPOINTMENT, INSPECTION, appointment_of, inspection_of
from peelflow.stores.protocol import Wanted

if TYPE_CHECKING:
    from peelflow.register.draft import Draft


def way_of(draft: Draft, record: str, *, to: str, ledger: str, on: date | None) -> Route:
    """Return the shortest lawful way of a record to a goal; see `Register.route`."""
    for word, what in ((record, "the record's id"), (to, "the goal"), (ledger, "the ledger")):
        check_text(word, what)
    known = draft.get(record)
    day = draft.today if on is None else on
    check_date(day, record)
    rules = draft.lifecycle(known)
    goal = goal_of(rules, to, ledger=ledger)
    return route(rules, known, goal, _around(draft, known), on=day)


def _around(draft: Draft, record: Record) -> Around:
    """Return what stands around a record: its force's people and inspections, and its family."""
    parent = draft.get(record.parent) if record.parent else None
    return _seen(
        draft,
        record,
        children=tuple(_child(draft, name) for name in record.children),
        parent=_parent(draft, parent) if parent else None,
    )


def _child(draft: Draft, name: str) -> Relative:
    record = draft.get(name)
    children = tuple(_child(draft, each) for each in record.children)
    return _relative(draft, record, _seen(draft, record, children=children))


def _parent(draft: Draft, record: Record) -> Relative:
    """Return a parent, its children as they stand and its own parents above it."""
    above = draft.get(record.parent) if record.parent else None
    children = tuple(_leaf(draft, draft.get(name)) for name in record.children)
    parent = _parent(draft, above) if above else None
    return _relative(draft, record, _seen(draft, record, children=children, parent=parent))


def _leaf(draft: Draft, record: Record) -> Relative:
    return _relative(draft, record, _seen(draft, record))


def _relative(draft: Draft, record: Record, around: Around) -> Relative:
    return Relative(record, draft.lifecycle(record), around)


def _seen(
    draft: Draft,
    record: Record,
    *,
    children: tuple[Relative, ...] = (),
    parent: Relative | None = None,
) -> Around:
    category = draft.rulebook.vocabulary.categories.get(record.category)
    fields = category.fields if category else {}
    return Around(
        appointments=_appointments(draft, record.force),
        inspections=_inspections(draft, record.force),
        children=children,
        parent=parent,
        mentions=mentions_of(draft, record, _answers_asked(draft.lifecycle(record))),
        predicates=frozenset(draft.desk.predicates),
        fields=frozenset(fields),
        lists=frozenset(name for name, rule in fields.items() if rule.type == "list"),
        may_have_children=bool(category and category.children),
        holidays=holidays_of(draft.lifecycle(record)),
    )


def _answers_asked(rules: Lifecycle) -> Iterator[ChildForEach]:
    """Yield what any step asks answers to."""
    for state in rules.states.values():
        for way in state.transitions:
            yield from (a for a in each_atom(way.requires) if isinstance(a, ChildForEach))


def _appointments(draft: Draft, force: str) -> tuple[Appointment, ...]:
    found = draft.desk.store.records(Wanted(force=force, category=APPOINTMENT))
    return tuple(map(appointment_of, found))


def _inspections(draft: Draft, force: str) -> tuple[Inspection, ...]:
    found = draft.desk.store.records(Wanted(force=force, category=INSPECTION))
    return tuple(held for held in map(inspection_of, found) if held is not None)
