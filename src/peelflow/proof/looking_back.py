"""Two lifecycles joined by a plan: the old walk, the move, and on into the new one."""

from __future__ import annotations

from functools import cached_property

from attrs import define, evolve, field

from peelflow.model.guarantees import Where
from peelflow.model.migration import MigrationPlan
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    DistinctFrom,
    Evidence,
    InspectionHeld,
    Requirement,
    Waited,
)
from peelflow.model.rules import Lifecycle, Role, State, Transition
from peelflow.proof.deeds import PastStep, past_step
from peelflow.proof.mentions import each_requirement
from peelflow.proof.view import View

MOVE = "migrate"
MOVER = "the migration plan"


@define(eq=False, slots=False)
class LookingBack(View):
    """Both lifecycles as the new guarantees see them.

    An old state is seen as the state that it becomes, an old trigger as the plan says. Steps of the
    old lifecycle, and the move itself, are past: they can break nothing any more.
    """

    plan: MigrationPlan = field(kw_only=True)
    old: Lifecycle = field(kw_only=True)
    new: Lifecycle = field(kw_only=True)

    @property
    def past(self) -> frozenset[str]:
        """The old states."""
        return frozenset(self._old_names.values())

    @cached_property
    def _old_names(self) -> dict[str, str]:
        return {name: before(self.old, name) for name in self.old.states}

    @cached_property
    def _views(self) -> tuple[View, View]:
        return View(self.old), View(self.new)

    def states(self, where: Where) -> frozenset[str]:
        """Return the new states that `where` speaks of, and the old ones that become those."""
        found = self._views[1].states(where)
        became = (self._old_names[name] for name, then in self.plan.states.items() if then in found)
        return found.union(became)

    def triggers(self, way: Transition) -> frozenset[str]:
        """Return what the new guarantees call a transition; the move itself has no name."""
        if not isinstance(way, PastStep):
            return self._views[1].triggers(way)
        names = self._views[0].triggers(way) if way.deeds else ()
        return frozenset(self.plan.triggers[name] for name in names if name in self.plan.triggers)


def before(old: Lifecycle, name: str) -> str:
    """Return the name of an old state, or of an old trigger, in the joined lifecycle."""
    return f"{name} of {old}"


def joined(plan: MigrationPlan, old: Lifecycle, new: Lifecycle, *, restarts: bool) -> Lifecycle:
    """Return one lifecycle that starts in the old one and moves, from any state, to the new one.

    What was done counts for the old rules by its own name, and for the new ones by the name that
    the plan gives it; a trigger that the plan does not mention keeps its name. The move does none.

    Args:
        plan: Which state becomes which.
        old: Where records come from.
        new: Where they go.
        restarts: The move begins a window.
    """
    states: dict[str, State] = {}
    for name, state in old.states.items():
        ways = [
            past_step(
                evolve(way, to=before(old, way.to), requires=_renamed(way.requires, old)),
                (before(old, way.trigger), plan.triggers.get(way.trigger, way.trigger)),
            )
            for way in state.transitions
        ]
        if name in plan.states:
            answers = MOVE if restarts else None
            move = Transition(MOVE, plan.states[name], (MOVER,), answers=answers, span=plan.span)
            ways.append(past_step(move, ()))
        states[before(old, name)] = evolve(state, transitions=tuple(ways))
    roles = {**old.roles, **new.roles, MOVER: Role("inspectorate", MOVER)}
    return evolve(
        new, initial=before(old, old.initial), states={**states, **new.states}, roles=roles
    )


def _renamed(requires: tuple[Requirement, ...], old: Lifecycle) -> tuple[Requirement, ...]:
    return tuple(_as_before(asked, old) for asked in requires)


def _as_before(asked: Requirement, old: Lifecycle) -> Requirement:
    match asked:
        case AnyOf(any_of=choices):
            return evolve(asked, any_of=tuple(_renamed(every, old) for every in choices))
        case DistinctFrom(distinct_from=trigger, since=since):
            begun = since and before(old, since)
            return evolve(asked, distinct_from=before(old, trigger), since=begun)
        case Evidence(since=str(since)) | InspectionHeld(since=str(since)):
            return evolve(asked, since=before(old, since))
        case Waited(since=str(since)) if since != PUBLISHED:
            return evolve(asked, since=before(old, since))
        case _:
            return asked


def counts_both_ways(old: Lifecycle, new: Lifecycle) -> str | None:
    """Return a state of both that the new rules count from, so that the old past counts too."""
    for atom in each_requirement(new):
        since = getattr(atom, "since", None)
        if since in old.states and since in new.states:
            return str(since)
    return None
