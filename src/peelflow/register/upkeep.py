"""The verbs that keep a record up: amend a field, attach a document, appoint a person."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from datetime import date
from typing import TYPE_CHECKING

from attrs import evolve

from peelflow.errors import RequestRefused
from peelflow.model.records import Actor, Amended, Attached, Document, Event, Record
from peelflow.model.rules import Category
from peelflow.register.asking import (
    category_of,
    check_change,
    check_date,
    check_document,
    check_next_day,
    check_text,
    event_of,
    role_of,
)
from peelflow.register.fields import Given, checked_days, checked_value, counted_day, is_counted
from peelflow.register.references import check_references
from peelflow.register.situation import is_signed_later

if TYPE_CHECKING:
    from peelflow.register.draft import Draft


class Upkeep(ABC):
    """amend, attach, appoint."""

    @abstractmethod
    def _drafting(self) -> AbstractContextManager[Draft]:
        """Return the draft that takes one verb as a step."""

    def amend(
        self,
        record: str,
        field: str,
        new: Given | None,
        *,
        actor: Actor,
        on: date,
        reason: str,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Change a field, or unset it with None; the old value and the reason stay in the history.

        A day that is counted from the field follows it, in an event of its own, unless it was set
        to another day than the counted one.

        Raises:
            RequestRefused: The field is unknown, required, unchanged, or not of its type.
            Refused: It narrows an appointment or inspection that acts of other records rest on.
        """
        with self._drafting() as draft:
            check_text(record, "the record's id")
            known = draft.get(record)
            category = category_of(draft, known.category)
            check_text(field, f"{record}: the field's name")
            value = None if new is None else checked_value(category, field, new, record=record)
            old = known.fields.get(field)
            event = event_of(
                draft,
                Amended(field, old, value),
                record,
                number=known.number + 1,
                on=on,
                actor=actor,
                recorded_by=recorded_by,
                reason=reason,
                source=source,
                key=key,
            )
            first = draft.repeated(event)
            if first is not None:
                return first
            check_next_day(draft, on, known)
            check_text(reason, f"{record}: the reason")
            check_change(category, field, old, value, record=record)
            changed = {**known.fields, field: value or ""}
            checked_days({k: v for k, v in changed.items() if v}, record=record)
            if value is not None:
                check_references(draft, category, {field: value}, record=record)
            amended = draft.put(event)
            _follow(draft, category, known, amended)
            return amended

    def attach(
        self,
        record: str,
        document: Document,
        *,
        actor: Actor,
        on: date,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Attach a kept document to a record; it can count for an act in the same window.

        Raises:
            UnknownDocument: Its content was not kept first.
            RequestRefused: It is signed on a later day than `on`, or of a kind that no rules have.
        """
        with self._drafting() as draft:
            check_text(record, "the record's id")
            known = draft.get(record)
            check_document(document)
            event = event_of(
                draft,
                Attached(document),
                record,
                number=known.number + 1,
                on=on,
                actor=actor,
                recorded_by=recorded_by,
                source=source,
                key=key,
            )
            first = draft.repeated(event)
            if first is not None:
                return first
            check_next_day(draft, on, known)
            draft.check_kept(document)
            if is_signed_later(document, on):
                why = f"is signed on {document.signed_on}, after the {on} that it is attached on"
                instead = "attach it on the day of its signature, or later"
                raise RequestRefused(f"the document {document.name!r}", why, instead)
            return draft.put(event)

    def appoint(
        self,
        person: str,
        role: str,
        *,
        force: str,
        first_day: date,
        actor: Actor,
        last_day: date | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Record that a person holds a role in a force from its first to its last day, inclusive.

        It may begin later than today. It ends by amending `last_day`, not before what was done
        under it.
        """
        with self._drafting() as draft:
            role_of(draft, role)
            check_text(person, "the person appointed")
            check_date(first_day, "the first day")
            if last_day is not None:
                check_date(last_day, "the last day")
            last = {} if last_day is None else {"last_day": last_day}
            return draft.add(
                f"appointment:{force}:{role}:{person}:{first_day}",
                category="appointment",
                force=force,
                issued=min(first_day, draft.today),
                actor=actor,
                fields={"person": person, "role": role, "first_day": first_day, **last},
                recorded_by=recorded_by,
                source=source,
                key=key,
            )


def _follow(draft: Draft, category: Category, before: Record, amended: Event) -> None:
    """Move the days that were counted from what an amendment changed."""
    for name, rule in category.fields.items():
        if rule.counts_from is None or not is_counted(rule, name, before.fields):
            continue
        now = draft.get(before.id)
        old, day = before.fields.get(name), counted_day(rule, name, now.fields, record=now.id)
        if day is not None and day != old:
            what = Amended(name, old, day)
            draft.put(evolve(amended, number=now.number + 1, what=what, key=None))
