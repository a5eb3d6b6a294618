"""Advice that writes nothing: why an act would be refused, and the shortest way to a goal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from peelflow.engine.goals import goal_of
from peelflow.engine.route import route
from peelflow.errors import Refused
from peelflow.model.judgement import Appointment, Inspection, Refusal
from peelflow.model.records import Actor, Document, Record
from peelflow.model.routes import Around, Relative, Route
from peelflow.register.asking import check_date
from peelflow.register.situation import APPOINTMENT, appointment_of, inspection_of
from peelflow.stores.protocol import Wanted

if TYPE_CHECKING:
    from peelflow.register.draft import Draft

INSPECTION = "inspection"


class Advice(ABC):
    """why, route: what a register can say about acts that are yet to come."""

    @abstractmethod
    def draft(self) -> Draft:
        """Return an empty draft, which is thrown away."""

    def why(
        self,
        record: str,
        trigger: str,
        *,
        actor: Actor,
        on: date | None = None,
        recorded_by: str | None = None,
        evidence: Sequence[Document] = (),
        inspection: str | None = None,
        reason: str | None = None,
        successor: str | None = None,
        source: str | None = None,
    ) -> Refusal | None:
        """Return every reason why `fire` would be refused now, None if it may be done.

        Nothing is written. `on` is today when left out; who would type it need not be said.

        Raises:
            UnknownRecord: No record has this id.
            UnknownDocument: An offered document was not kept first.
            RequestRefused: What is asked cannot be meant.
        """
        return why_not(
            self.draft(),
            record,
            trigger,
            actor=actor,
            on=on,
            recorded_by=recorded_by,
            evidence=evidence,
            inspection=inspection,
            reason=reason,
            successor=successor,
            source=source,
        )

    def route(
        self, record: str, *, to: str = "closed", ledger: str = "portal", on: date | None = None
    ) -> Route:
        """Return the shortest lawful way of a record to a goal, from where it stands.

        Args:
            record: The record's id.
            to: A state's name, or `open` or `closed`: to count so on `ledger`.
            ledger: The ledger to count on.
            on: The day from which acts are dated; today when left out.

        Raises:
            UnknownRecord: No record has this id.
            RequestRefused: The goal names nothing in the record's rules.
        """
        draft = self.draft()
        known = draft.get(record)
        day = draft.today if on is None else on
        check_date(day, record)
        rules = draft.lifecycle(known)
        goal = goal_of(rules, to, ledger=ledger)
        return route(rules, known, goal, _around(draft, known), on=day)


def why_not(
    draft: Draft,
    record: str,
    trigger: str,
    *,
    actor: Actor,
    on: date | None = None,
    recorded_by: str | None = None,
    evidence: Sequence[Document] = (),
    inspection: str | None = None,
    reason: str | None = None,
    successor: str | None = None,
    source: str | None = None,
) -> Refusal | None:
    """Return why a draft would refuse an act, None if it may be done. Its documents are seen."""
    try:
        draft.fire(
            record,
            trigger,
            actor=actor,
            on=draft.today if on is None else on,
            recorded_by=actor.person if recorded_by is None else recorded_by,
            evidence=evidence,
            inspection=inspection,
            reason=reason,
            successor=successor,
            source=source,
        )
    except Refused as refused:
        if isinstance(refused.refusal, Refusal):
            return refused.refusal
        raise
    return None


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
    return Around(
        appointments=_appointments(draft, record.force),
        inspections=_inspections(draft, record.force),
        children=children,
        parent=parent,
        predicates=frozenset(draft.desk.predicates),
        fields=frozenset(category.fields) if category else frozenset(),
        may_have_children=bool(category and category.children),
    )


def _appointments(draft: Draft, force: str) -> tuple[Appointment, ...]:
    found = draft.desk.store.records(Wanted(force=force, category=APPOINTMENT))
    return tuple(map(appointment_of, found))


def _inspections(draft: Draft, force: str) -> tuple[Inspection, ...]:
    found = draft.desk.store.records(Wanted(force=force, category=INSPECTION))
    return tuple(map(inspection_of, found))
