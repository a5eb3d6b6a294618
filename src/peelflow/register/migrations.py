"""The verbs that move a whole register to other rules: preview, migrate, unmigrate.

What they need is loaded when one of them is asked for: a step does without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING

from peelflow.model.migration import MigrationPlan
from peelflow.model.records import Actor

if TYPE_CHECKING:
    from peelflow.register.draft import Draft
    from peelflow.register.migrating import Moved
    from peelflow.register.previewing import Preview

HOME = "peelflow.register.migrating"


class Migrations(ABC):
    """preview, migrate, unmigrate."""

    @abstractmethod
    def batch(self) -> AbstractContextManager[Draft]:
        """Give a draft whose verbs are kept whole when the block ends, or not at all."""

    def preview(self, plan: MigrationPlan | str, *, on: date | None = None) -> Preview:
        """Return what a plan would do to the records here, proved or not; nothing is written.

        Args:
            plan: The plan, or the name of one of the rulebook's.
            on: The day of the move; today when left out.

        Raises:
            RulesRefused: The plan maps what its rules do not have.
            RequestRefused: It is not here, or names rules that are not.
        """
        found: Callable[..., Preview] = import_module("peelflow.register.previewing").preview
        return found(self, plan, on=on)

    def migrate(
        self,
        plan: MigrationPlan | str,
        *,
        actor: Actor,
        on: date,
        reason: str,
        source: str | None = None,
        recorded_by: str | None = None,
        seen: Callable[[int, int], None] = lambda _, __: None,
    ) -> Moved:
        """Move every record under a plan's old rules to its new ones, one event a record.

        Records move in batches of 200, each kept whole. What was cut off goes on when it is asked
        for again: records that moved already run under the new rules and are passed over. Records
        in a state that the plan does not map are left, and told.

        Args:
            plan: The plan, or the name of one of the rulebook's.
            actor: Who has them moved, in a role that the plan names, if it names any.
            on: The day of the move; no record may have a later event.
            reason: Why.
            source: What it was read from.
            recorded_by: Who typed it.
            seen: Told after each batch how many records it came to, of how many.

        Raises:
            RulesRefused: The plan is refuted.
            RequestRefused: Its proof is open, it moves between levels, or cannot be meant.
            Conflict: Somebody acted on a record meanwhile; earlier batches are kept. Ask again.
        """
        moved: Callable[..., Moved] = import_module(HOME).migrate
        return moved(self, plan, _order(actor, on, reason, source, recorded_by), seen=seen)

    def unmigrate(
        self,
        plan: MigrationPlan | str,
        *,
        actor: Actor,
        on: date,
        reason: str,
        source: str | None = None,
        recorded_by: str | None = None,
        seen: Callable[[int, int], None] = lambda _, __: None,
    ) -> Moved:
        """Take back what a plan moved: each record's move is voided, by a `corrected` event.

        Records on which somebody acted since are left, and told. It goes on where it was cut off.

        Raises:
            RequestRefused: Another side moved them; or as `migrate`.
            Conflict: Somebody acted on a record meanwhile; earlier batches are kept. Ask again.
        """
        moved: Callable[..., Moved] = import_module(HOME).unmigrate
        return moved(self, plan, _order(actor, on, reason, source, recorded_by), seen=seen)


def _order(
    actor: Actor, on: date, reason: str, source: str | None, recorded_by: str | None
) -> object:
    return import_module(HOME).Order(actor, on, reason, source, recorded_by)
