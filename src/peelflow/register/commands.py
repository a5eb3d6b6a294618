"""Turn each verb into events of a session.

Every verb returns the event it made; with a `key` seen before, the first event again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from attrs import evolve

from peelflow.engine.fold import changes_on_entry
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Act
from peelflow.model.records import (
    Actor,
    Added,
    Amended,
    Attached,
    ChildLinked,
    Corrected,
    Document,
    Event,
    EventPayload,
    Record,
    TakenOver,
    TransitionTaken,
)
from peelflow.model.rules import SYSTEM, Category, Level, MigrationPlan
from peelflow.register.context import is_signed_later
from peelflow.register.hierarchy import open_ledgers, refuse_open_child
from peelflow.register.validation import (
    FieldInput,
    category_of,
    check_actor,
    check_change,
    check_date,
    check_document,
    check_follows,
    check_key,
    check_level,
    check_not_future,
    check_readable,
    check_references,
    check_taken_over,
    check_text,
    checked_days,
    checked_documents,
    checked_fields,
    checked_id,
    checked_value,
    counted_day,
    is_counted,
    role_of,
)

if TYPE_CHECKING:
    from peelflow.register.session import Session


def new_event(
    draft: Session,
    what: EventPayload,
    record: str,
    *,
    number: int,
    on: date,
    actor: Actor,
    recorded_by: str | None,
    reason: str | None = None,
    source: str | None = None,
    key: str | None = None,
) -> Event:
    """Return the event of a request, written now.

    What no lifecycle judges is judged here: an inspectorate's decision names its source.
    """
    check_actor(actor)
    check_key(key)
    check_date(on, record)
    check_readable(reason, f"{record}: the reason")
    check_readable(source, f"{record}: the source")
    side = role_of(draft, actor.role).side
    if (
        side == "inspectorate"
        and not isinstance(what, TransitionTaken)
        and not (source and source.strip())
    ):
        raise InvalidRequest(
            f"the decision of {actor}",
            "names no source",
            "name the letter or portal reference it was read from",
        )
    return Event(
        record=record,
        number=number,
        what=what,
        on=on,
        actor=actor,
        recorded_by=recorder_of(draft, actor, recorded_by),
        recorded_at=draft.now,
        reason=reason,
        source=source,
        key=key,
    )


def recorder_of(draft: Session, actor: Actor, recorded_by: str | None) -> str:
    """Return who typed it: the actor, unless said; HMICFRS does not log in, so there it must be."""
    check_actor(actor)
    role = role_of(draft, actor.role)
    check_text(actor.person, "the actor's person")
    if actor.role == SYSTEM:
        raise InvalidRequest(
            f"the role `{SYSTEM}`", "acts by itself", "act in a role that a person holds"
        )
    if recorded_by is None:
        if role.side == "inspectorate":
            raise InvalidRequest(
                f"the decision of {actor}",
                "does not say who recorded it; an inspectorate does not log in to this register",
                "give recorded_by",
            )
        return actor.person
    check_text(recorded_by, "recorded_by")
    return recorded_by


def event_for_key(act: Act, record: Record, draft: Session) -> Event:
    """Return an act as the event it would be, to compare it with an earlier one of its key."""
    what = TransitionTaken(
        trigger=act.trigger,
        old=record.state,
        new=record.state,
        evidence=act.evidence,
        inspection=act.inspection,
        successor=act.successor,
    )
    return new_event(
        draft,
        what,
        record.id,
        number=record.number + 1,
        on=act.on,
        actor=act.actor,
        recorded_by=act.recorded_by,
        reason=act.reason,
        source=act.source,
        key=act.key,
    )


def enter(draft: Session, event: Event, what: Added | TakenOver) -> Event:
    """Take a first event into the draft, with what follows from it.

    That is the link on its parent, and the untimed system transitions of its state.
    """
    first = draft.repeated(event)
    if first is not None:
        return first
    check_text(what.force, f"{event.record}: the force")
    if draft.find(event.record) is not None:
        raise InvalidRequest(
            f"the id {event.record!r}", "is taken", "choose another, or amend that record"
        )
    kind = category_of(draft, what.category)
    check_references(draft, kind, what.fields, record=event.record)
    parent = _checked_parent(draft, event, what)
    changes = changes_on_entry(draft.desk.lifecycle_of(what.lifecycle), what, event.on)
    entered = draft.put(evolve(event, changes=changes))
    if parent is not None:
        _link_to_parent(draft, parent, event)
    draft.settle(event.record, event)
    return entered


def _checked_parent(draft: Session, event: Event, what: Added | TakenOver) -> Record | None:
    if what.parent is None:
        return None
    check_text(what.parent, f"{event.record}: its parent")
    parent = draft.get(what.parent)
    allowed = category_of(draft, parent.category).children
    if what.category not in allowed:
        raise InvalidRequest(
            f"{event.record}: its parent {parent.id}",
            f"is a {parent.category}, which has no {what.category} below it",
            f"its children may be: {', '.join(allowed) or 'none'}",
        )
    if what.force != parent.force:
        raise InvalidRequest(
            f"{event.record}: its parent {parent.id}",
            f"belongs to another force, {parent.force}",
            "name a parent of the same force",
        )
    return parent


def _link_to_parent(draft: Session, parent: Record, event: Event) -> None:
    draft.put(
        evolve(
            event,
            record=parent.id,
            number=parent.number + 1,
            what=ChildLinked(event.record),
            on=max(parent.on, event.on),
            key=None,
            changes=(),
        )
    )
    child = draft.get(event.record)
    ledgers = open_ledgers(draft, child)
    refuse_open_child(draft, child, ledgers, trigger="add", role=event.actor.role)


class Upkeep(ABC):
    """amend, attach, appoint."""

    @abstractmethod
    def _drafting(self) -> AbstractContextManager[Session]:
        """Return the draft that takes one verb as a step."""

    def amend(
        self,
        record: str,
        field: str,
        new: FieldInput | None,
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
            InvalidRequest: The field is unknown, required, unchanged, or not of its type.
            Refused: It narrows an appointment or inspection that acts of other records rest on.
        """
        with self._drafting() as draft:
            check_text(record, "the record's id")
            known = draft.get(record)
            category = category_of(draft, known.category)
            check_text(field, f"{record}: the field's name")
            value = None if new is None else checked_value(category, field, new, record=record)
            old = known.fields.get(field)
            event = new_event(
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
            check_follows(draft, on, known)
            check_text(reason, f"{record}: the reason")
            check_change(category, field, old, value, record=record)
            changed = {**known.fields, field: value or ""}
            checked_days({k: v for k, v in changed.items() if v}, record=record)
            if value is not None:
                check_references(draft, category, {field: value}, record=record)
            amended = draft.put(event)
            _update_counted_days(draft, category, known, amended)
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
            InvalidRequest: It is signed on a later day than `on`, or of a kind that no rules have.
        """
        with self._drafting() as draft:
            check_text(record, "the record's id")
            known = draft.get(record)
            check_document(document)
            event = new_event(
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
            check_follows(draft, on, known)
            draft.check_kept(document)
            if is_signed_later(document, on):
                why = f"is signed on {document.signed_on}, after the {on} that it is attached on"
                instead = "attach it on the day of its signature, or later"
                raise InvalidRequest(f"the document {document.name!r}", why, instead)
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


def _update_counted_days(
    draft: Session, category: Category, before: Record, amended: Event
) -> None:
    """Move the days that were counted from what an amendment changed."""
    for name, rule in category.fields.items():
        if rule.counts_from is None or not is_counted(rule, name, before.fields):
            continue
        now = draft.get(before.id)
        old, day = before.fields.get(name), counted_day(rule, name, now.fields, record=now.id)
        if day is not None and day != old:
            what = Amended(name, old, day)
            draft.put(evolve(amended, number=now.number + 1, what=what, key=None))


class Changing(ABC):
    """correct, relevel."""

    @abstractmethod
    def _drafting(self) -> AbstractContextManager[Session]:
        """Return the draft that takes one verb as a step."""

    def correct(
        self,
        record: str,
        event: int,
        *,
        correction: Literal["void", "redate"],
        actor: Actor,
        on: date,
        reason: str,
        to: date | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Void one event of a record, or move it to the day it happened on, and say why.

        Only the side that did it may. Nothing is erased: the history keeps both, and the figures
        come out as if it had happened on the right day, or never, from the position of the
        correction on. To take a correction back, void it.

        Every later act is judged again by the engine, from the first event that changes: with the
        record as it then was, with people, their roles and inspections as recorded by now, and with
        children as they stood at the end of that day, and with what must have an answer as it was
        known when the act was recorded. So are a parent's closings over its children, and acts of
        the force's other records that rest on a corrected appointment or inspection.

        Args:
            record: The record's id.
            event: The number of the event in its history.
            correction: `void` or `redate`.
            actor: Who says so.
            on: The day of the correction itself.
            reason: Why.
            to: The right day, for `redate`.
            recorded_by: Who typed it.
            source: What it was read from.
            key: An idempotency key.

        Raises:
            Refused: What remains would not be lawful; each reason names the event it would break.
            InvalidRequest: There is no such event, it cannot be corrected so, or another side did
                it.
        """
        correct: Callable[..., Event] = import_module("peelflow.register.replay").apply_correction
        with self._drafting() as draft:
            check_text(record, "the record's id")
            check_text(correction, f"{record}: the correction")
            known = draft.get(record)
            what = Corrected(event, correction, to)
            asked = new_event(
                draft,
                what,
                record,
                number=known.number + 1,
                on=on,
                actor=actor,
                recorded_by=recorded_by,
                reason=reason,
                source=source,
                key=key,
            )
            first = draft.repeated(asked)
            if first is not None:
                return first
            check_text(reason, f"{record}: the reason")
            return correct(draft, asked, what)

    def relevel(
        self,
        record: str,
        *,
        plan: MigrationPlan | str,
        actor: Actor,
        on: date,
        source: str,
        reason: str,
        recorded_by: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Move a record to another level, under a proved plan; only the inspectorate does.

        Letters attached before do not count at the new level unless the plan says so. What is moved
        to level 1 is archived by peelflow in the same batch.

        Args:
            record: The record's id.
            plan: The plan, or the name of one: of the rulebook's, or of those between the national
                levels that come with peelflow, such as `level-3-to-2`.
            actor: Who decided, in a role that the plan names.
            on: The day it was decided.
            source: The letter or portal reference it was read from.
            reason: Why.
            recorded_by: Who typed it.
            key: An idempotency key.

        Raises:
            InvalidRequest: The plan is not proved, does not run this record or names another role.
        """
        relevel: Callable[..., Event] = import_module("peelflow.register.migration_plan").relevel
        with self._drafting() as draft:
            return relevel(
                draft,
                record,
                plan=plan,
                actor=actor,
                on=on,
                source=source,
                reason=reason,
                recorded_by=recorded_by,
                key=key,
            )


class Verbs(Upkeep, Changing):
    """add, take_over, fire; amend, attach, appoint; correct, relevel."""

    def add(
        self,
        record: str,
        *,
        category: str,
        force: str,
        issued: date,
        actor: Actor,
        level: Level = None,
        fields: Mapping[str, FieldInput] | None = None,
        parent: str | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Add a record under the lifecycle in force on its issue date, in its initial state.

        Untimed system transitions run in the same batch: a level 1 record is archived at once.

        Raises:
            InvalidRequest: The id is taken, or a category, level, field or date cannot be meant.
            Refused: It would stand open under a parent that is closed.
        """
        with self._drafting() as draft:
            checked_id(record)
            check_not_future(draft, issued, record)
            check_level(level, record)
            kind = category_of(draft, category)
            lifecycle = draft.rulebook.lifecycle_for(category, level, issued)
            what = Added(
                force=force,
                category=category,
                level=level,
                lifecycle=draft.pin(lifecycle),
                state=lifecycle.initial,
                fields=checked_fields(kind, fields or {}, record=record),
                parent=parent,
            )
            event = new_event(
                draft,
                what,
                record,
                number=1,
                on=issued,
                actor=actor,
                recorded_by=recorded_by,
                source=source,
                key=key,
            )
            return enter(draft, event, what)

    def take_over(
        self,
        record: str,
        *,
        category: str,
        force: str,
        issued: date,
        state: str,
        on: date,
        actor: Actor,
        source: str,
        reason: str,
        level: Level = None,
        fields: Mapping[str, FieldInput] | None = None,
        parent: str | None = None,
        recorded_by: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Take a record over in a named state as at `on`, from where `source` says, and why.

        It is marked as assumed: no walk through the rules stands behind that state.

        Raises:
            InvalidRequest: As `add`; or the state is unknown, or source or reason is empty.
        """
        with self._drafting() as draft:
            checked_id(record)
            check_not_future(draft, on, record)
            check_date(issued, record)
            check_level(level, record)
            kind = category_of(draft, category)
            lifecycle = draft.rulebook.lifecycle_for(category, level, issued)
            check_taken_over(lifecycle, record, issued=issued, on=on, state=state)
            check_text(source, f"{record}: the source")
            check_text(reason, f"{record}: the reason")
            what = TakenOver(
                force=force,
                category=category,
                level=level,
                lifecycle=draft.pin(lifecycle),
                state=state,
                issued=issued,
                fields=checked_fields(kind, fields or {}, record=record),
                parent=parent,
            )
            event = new_event(
                draft,
                what,
                record,
                number=1,
                on=on,
                actor=actor,
                recorded_by=recorded_by,
                reason=reason,
                source=source,
                key=key,
            )
            return enter(draft, event, what)

    def fire(
        self,
        record: str,
        trigger: str,
        *,
        actor: Actor,
        on: date,
        recorded_by: str | None = None,
        evidence: Sequence[Document] = (),
        inspection: str | None = None,
        reason: str | None = None,
        successor: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Do `trigger` on a record, if its rules let this actor do it now.

        Raises:
            Refused: With every reason: not here, not you, not yet.
            UnknownRecord: No record has this id.
            UnknownDocument: An offered document was not kept first.
            Conflict: Somebody moved what the decision read; nothing is kept.
        """
        with self._drafting() as draft:
            check_text(record, "the record's id")
            check_text(trigger, f"{record}: the trigger")
            check_key(key)
            check_date(on, record)
            check_readable(reason, f"{record}: the reason")
            check_readable(source, f"{record}: the source")
            known = draft.get(record)
            act = Act(
                trigger=trigger,
                actor=actor,
                on=on,
                recorded_by=recorder_of(draft, actor, recorded_by),
                evidence=checked_documents(evidence),
                inspection=inspection,
                reason=reason,
                successor=successor,
                source=source,
                key=key,
            )
            first = draft.repeated(event_for_key(act, known, draft)) if key is not None else None
            if first is not None:
                return first
            for document in act.evidence:
                draft.check_kept(document)
            return draft.act(known, act)
