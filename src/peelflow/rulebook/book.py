"""A rulebook: lifecycles that were checked together, and the words they share."""

from __future__ import annotations

from datetime import date

from attrs import field, frozen

from peelflow.errors import Diagnostic, RequestRefused
from peelflow.model.migration import MigrationPlan
from peelflow.model.rules import Level, Lifecycle, Vocabulary
from peelflow.proof.names import listed, suggestion


@frozen(eq=False)
class Rulebook:
    """A checked set of lifecycles and the words they share. Holding one proves it has no errors.

    `notes` are what the checks found that refuses nothing.
    """

    lifecycles: tuple[Lifecycle, ...] = ()
    vocabulary: Vocabulary = field(factory=lambda: Vocabulary("empty"))
    notes: tuple[Diagnostic, ...] = ()
    migrations: tuple[MigrationPlan, ...] = ()

    def by_pin(self, digest: str) -> Lifecycle | None:
        """Return the lifecycle with this semantic digest, if it is here."""
        return next((one for one in self.lifecycles if one.pin.digest == digest), None)

    def lifecycle_for(self, category: str, level: Level, issued: date) -> Lifecycle:
        """Return the lifecycle that a record takes: in force on its issue date, latest first.

        Where a force's own lifecycle refines that one and is in force too, it goes before.

        Raises:
            RequestRefused: Nothing here runs such records from that date.
        """
        fitting = [one for one in self.lifecycles if _applies(one, category, level)]
        in_force = [one for one in fitting if one.in_force_from <= issued]
        own = [one for one in in_force if one.refines is None]
        if not own:
            raise _nothing_for(self, category, level, issued)
        found = max(own, key=lambda one: one.in_force_from)
        refining = [one for one in in_force if one.refines == str(found)]
        return max(refining, key=lambda one: one.in_force_from, default=found)


def _applies(one: Lifecycle, category: str, level: Level) -> bool:
    return category in one.applies_to.category and level in one.applies_to.level


def _nothing_for(rulebook: Rulebook, category: str, level: Level, issued: date) -> RequestRefused:
    what = f"`{category}` at level {level or 'none'} issued on {issued}"
    own = [one for one in rulebook.lifecycles if one.refines is None]
    fitting = [one.in_force_from for one in own if _applies(one, category, level)]
    if fitting:
        first = min(fitting)
        return RequestRefused(what, f"rules are in force only from {first}", "check the date")
    levels = {
        one
        for cycle in own
        for one in cycle.applies_to.level
        if category in cycle.applies_to.category
    }
    if levels:
        words = sorted(str(one or "none") for one in levels)
        return RequestRefused(what, "no lifecycle runs that level", f"there is {listed(words)}")
    categories = {one for cycle in own for one in cycle.applies_to.category}
    return RequestRefused(what, "no lifecycle runs that category", suggestion(category, categories))
