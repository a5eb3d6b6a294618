"""The verbs that write: the same on a register (one batch each) and on a draft (one batch for all).

Every verb returns the event it made; with a `key` seen before, the first event again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from peelflow.model.records import Act, Actor, Added, Document, Event, TakenOver
from peelflow.model.rules import Level
from peelflow.register.asking import (
    asked_by,
    category_of,
    check_date,
    check_day,
    check_key,
    check_level,
    check_taken_over,
    check_text,
    documents_of,
    event_of,
    recorder,
)
from peelflow.register.changing import Changing
from peelflow.register.entering import enter
from peelflow.register.fields import Given, checked_fields, checked_id
from peelflow.register.upkeep import Upkeep
from peelflow.register.words import check_words


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
        fields: Mapping[str, Given] | None = None,
        parent: str | None = None,
        recorded_by: str | None = None,
        source: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Add a record under the lifecycle in force on its issue date, in its initial state.

        Untimed system transitions run in the same batch: a level 1 record is archived at once.

        Raises:
            RequestRefused: The id is taken, or a category, level, field or date cannot be meant.
            Refused: It would stand open under a parent that is closed.
        """
        with self._drafting() as draft:
            checked_id(record)
            check_day(draft, issued, record)
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
            event = event_of(
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
        fields: Mapping[str, Given] | None = None,
        parent: str | None = None,
        recorded_by: str | None = None,
        key: str | None = None,
    ) -> Event:
        """Take a record over in a named state as at `on`, from where `source` says, and why.

        It is marked as assumed: no walk through the rules stands behind that state.

        Raises:
            RequestRefused: As `add`; or the state is unknown, or source or reason is empty.
        """
        with self._drafting() as draft:
            checked_id(record)
            check_day(draft, on, record)
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
            event = event_of(
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
            check_words(reason, f"{record}: the reason")
            check_words(source, f"{record}: the source")
            known = draft.get(record)
            act = Act(
                trigger=trigger,
                actor=actor,
                on=on,
                recorded_by=recorder(draft, actor, recorded_by),
                evidence=documents_of(evidence),
                inspection=inspection,
                reason=reason,
                successor=successor,
                source=source,
                key=key,
            )
            first = draft.repeated(asked_by(act, known, draft)) if key is not None else None
            if first is not None:
                return first
            for document in act.evidence:
                draft.check_kept(document)
            return draft.act(known, act)
