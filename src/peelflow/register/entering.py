"""Let a record enter the register: under a free id, below its parent, counted from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from peelflow.engine.fold import changes_on_entry
from peelflow.errors import RequestRefused
from peelflow.model.records import Added, Event, Linked, Record, TakenOver
from peelflow.register.asking import category_of, check_text
from peelflow.register.family import open_ledgers, refuse_open_child
from peelflow.register.references import check_references

if TYPE_CHECKING:
    from peelflow.register.draft import Draft


def enter(draft: Draft, event: Event, what: Added | TakenOver) -> Event:
    """Take a first event into the draft, with what follows from it.

    That is the link on its parent, and the untimed system transitions of its state.
    """
    first = draft.repeated(event)
    if first is not None:
        return first
    check_text(what.force, f"{event.record}: the force")
    if draft.find(event.record) is not None:
        raise RequestRefused(
            f"the id {event.record!r}", "is taken", "choose another, or amend that record"
        )
    kind = category_of(draft, what.category)
    check_references(draft, kind, what.fields, record=event.record)
    parent = _parent(draft, event, what)
    changes = changes_on_entry(draft.desk.lifecycle_of(what.lifecycle), what, event.on)
    entered = draft.put(evolve(event, changes=changes))
    if parent is not None:
        _link(draft, parent, event)
    draft.settle(event.record, event)
    return entered


def _parent(draft: Draft, event: Event, what: Added | TakenOver) -> Record | None:
    if what.parent is None:
        return None
    check_text(what.parent, f"{event.record}: its parent")
    parent = draft.get(what.parent)
    allowed = category_of(draft, parent.category).children
    if what.category not in allowed:
        raise RequestRefused(
            f"{event.record}: its parent {parent.id}",
            f"is a {parent.category}, which has no {what.category} below it",
            f"its children may be: {', '.join(allowed) or 'none'}",
        )
    if what.force != parent.force:
        raise RequestRefused(
            f"{event.record}: its parent {parent.id}",
            f"belongs to another force, {parent.force}",
            "name a parent of the same force",
        )
    return parent


def _link(draft: Draft, parent: Record, event: Event) -> None:
    draft.put(
        evolve(
            event,
            record=parent.id,
            number=parent.number + 1,
            what=Linked(event.record),
            on=max(parent.on, event.on),
            key=None,
            changes=(),
        )
    )
    child = draft.get(event.record)
    ledgers = open_ledgers(draft, child)
    refuse_open_child(draft, child, ledgers, trigger="add", role=event.actor.role)
