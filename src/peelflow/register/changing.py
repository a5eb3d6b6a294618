"""The verbs that change what was recorded, or the level a record is at: correct, relevel.

What they need is loaded when one of them is asked for: a step does without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from peelflow.model.migration import MigrationPlan
from peelflow.model.records import Actor, Corrected, Event
from peelflow.register.asking import check_text, event_of

if TYPE_CHECKING:
    from peelflow.register.draft import Draft


class Changing(ABC):
    """correct, relevel."""

    @abstractmethod
    def _drafting(self) -> AbstractContextManager[Draft]:
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
            RequestRefused: There is no such event, it cannot be corrected so, or another side did
                it.
        """
        correct: Callable[..., Event] = import_module("peelflow.register.correcting").correct
        with self._drafting() as draft:
            known = draft.get(record)
            what = Corrected(event, correction, to)
            asked = event_of(
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
            RequestRefused: The plan is not proved, does not run this record or names another role.
        """
        relevel: Callable[..., Event] = import_module("peelflow.register.moving").relevel
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
