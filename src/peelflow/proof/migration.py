"""A proof of a migration plan shows that records keep their counts, past and way to an end.

Its product joins two lifecycles by the plan: the old walk, the move, and on into the new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from attrs import define, evolve, field

from peelflow.errors import Diagnostic
from peelflow.model.requirements import renamed
from peelflow.model.rules import (
    Lifecycle,
    MigrationPlan,
    Role,
    State,
    StateSet,
    Transition,
    is_automatic,
)
from peelflow.proof.budget import Budget
from peelflow.proof.guarantees import AbstractionMap, Prover
from peelflow.proof.lint import each_requirement, triggers_in, triggers_of, unknown_name
from peelflow.proof.reachability import states_reachable, states_reaching
from peelflow.proof.transition_system import PastTransition, past_transition
from peelflow.wording import listed

MIGRATE_TRIGGER = "migrate"
MIGRATING_ROLE = "the migration plan"


@define(eq=False, slots=False)
class MigrationProduct(AbstractionMap):
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
        return {name: name_before(self.old, name) for name in self.old.states}

    @cached_property
    def _views(self) -> tuple[AbstractionMap, AbstractionMap]:
        return AbstractionMap(self.old), AbstractionMap(self.new)

    def states(self, where: StateSet) -> frozenset[str]:
        """Return the new states that `where` speaks of, and the old ones that become those."""
        states = self._views[1].states(where)
        moves = self.plan.states.items()
        return states.union(self._old_names[name] for name, new in moves if new in states)

    def triggers(self, transition: Transition) -> frozenset[str]:
        """Return what the new guarantees call a transition; the move itself has no name."""
        if not isinstance(transition, PastTransition):
            return self._views[1].triggers(transition)
        names = self._views[0].triggers(transition) if transition.triggers else ()
        return frozenset(self.plan.triggers[name] for name in names if name in self.plan.triggers)


def name_before(old: Lifecycle, name: str) -> str:
    """Return the name of an old state, or of an old trigger, in the joined lifecycle."""
    return f"{name} of {old}"


def product_lifecycle(
    plan: MigrationPlan, old: Lifecycle, new: Lifecycle, *, restarts: bool
) -> Lifecycle:
    """Return one lifecycle that starts in the old one and moves, from any state, to the new one.

    What was done counts for the old rules by its own name, and for the new ones by the name that
    the plan gives it; a trigger that the plan does not mention keeps its name. The move does none;
    where it `restarts`, it begins a window.
    """
    states: dict[str, State] = {}
    for name, state in old.states.items():
        transitions = [_transition_before(step, plan, old) for step in state.transitions]
        if name in plan.states:
            move = Transition(
                MIGRATE_TRIGGER,
                plan.states[name],
                (MIGRATING_ROLE,),
                implements=MIGRATE_TRIGGER if restarts else None,
                span=plan.span,
            )
            transitions.append(past_transition(move, ()))
        states[name_before(old, name)] = evolve(state, transitions=tuple(transitions))
    roles = {**old.roles, **new.roles, MIGRATING_ROLE: Role("inspectorate", MIGRATING_ROLE)}
    return evolve(
        new, initial=name_before(old, old.initial), states={**states, **new.states}, roles=roles
    )


def _transition_before(step: Transition, plan: MigrationPlan, old: Lifecycle) -> PastTransition:
    def since_of(since: str | None) -> str | None:
        return since and name_before(old, since)

    def trigger_of(trigger: str) -> str:
        return name_before(old, trigger)

    requires = tuple(renamed(atom, since_of, trigger_of) for atom in step.requires)
    triggers = trigger_of(step.trigger), plan.triggers.get(step.trigger, step.trigger)
    return past_transition(evolve(step, to=name_before(old, step.to), requires=requires), triggers)


def state_counted_twice(old: Lifecycle, new: Lifecycle) -> str | None:
    """Return a state of both that the new rules count from, so that the old past counts too."""
    for atom in each_requirement(new):
        since = getattr(atom, "since", None)
        if since in old.states and since in new.states:
            return str(since)
    return None


LEVEL_CLOSED_BY_SYSTEM = 1
NO_ROLES: Mapping[str, Role] = {}


def check_migration(
    plan: MigrationPlan,
    old: Lifecycle,
    new: Lifecycle,
    *,
    roles: Mapping[str, Role] = NO_ROLES,
    budget: Budget | None = None,
) -> tuple[Diagnostic, ...]:
    """Return everything that a plan between settled lifecycles would do and must not, sorted.

    Args:
        plan: The plan.
        old: The rules that records leave.
        new: The rules that they come to.
        roles: Those of the rulebook: who moves records may act in neither lifecycle.
        budget: What the whole check that this is a part of may spend.

    Raises:
        InvalidRules: That takes more steps than the budget has: `too-complex`.
    """
    faults = {*_scope_faults(plan, old, new, roles), *_name_faults(plan, old, new)}
    if not faults:
        faults.update(
            _state_faults(plan, old, new), _guarantee_faults(plan, old, new, budget or Budget())
        )
    return tuple(sorted(faults))


def moves_level(old: Lifecycle, new: Lifecycle) -> bool:
    """Say whether records change their level by moving."""
    return set(old.applies_to.level) != set(new.applies_to.level)


def _scope_faults(
    plan: MigrationPlan, old: Lifecycle, new: Lifecycle, known: Mapping[str, Role]
) -> Iterator[Diagnostic]:
    if (plan.old, plan.new) != (str(old), str(new)):
        moved = f"from `{plan.old}` to `{plan.new}`, not `{old}` to `{new}`"
        sentence, instead = (
            f"the plan moves records {moved}",
            "prove it with the lifecycles that it names",
        )
        yield Diagnostic(plan.span, "migrates-another", sentence, instead)
    missing = [c for c in old.applies_to.category if c not in new.applies_to.category]
    if missing:
        sentence = f"`{new}` does not run {listed(missing)}, and `{old}` does"
        instead, related = "move records to a lifecycle that runs all of them", new.applies_to.span
        yield Diagnostic(plan.span, "applies-elsewhere", sentence, instead, related=related)
    if moves_level(old, new):
        roles = {**known, **old.roles, **new.roles}
        others = [r for r in plan.by if r not in roles or roles[r].side != "inspectorate"]
        if others or not plan.by:
            who = listed(others) if others else "nobody named"
            sentence = f"records would change level, moved by {who}"
            instead = "name in `by` only roles of the inspectorate"
            yield Diagnostic(plan.span, "relevelled-by-others", sentence, instead)


def _name_faults(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> Iterator[Diagnostic]:
    for state, then in plan.states.items():
        if state not in old.states:
            yield unknown_name("state", state, old.states, plan.span)
        if then not in new.states:
            yield unknown_name("state", then, new.states, plan.span)
    for trigger, then in plan.triggers.items():
        if trigger not in triggers_of(old):
            yield unknown_name("trigger", trigger, triggers_of(old), plan.span)
        if then not in triggers_of(new):
            yield unknown_name("trigger", then, triggers_of(new), plan.span)
    left = sorted(states_reachable(old) - plan.states.keys())
    if left:
        sentence = f"records can stand in {listed(left)}, and the plan does not say where they go"
        instead, related = "map every state that records can stand in", old.states[left[0]].span
        yield Diagnostic(plan.span, "state-unmapped", sentence, instead, related=related)
    spoken = {name for g in (*old.guarantees, *new.guarantees) for name in triggers_in(g.promise)}
    unsaid = sorted(name for name in spoken & triggers_of(old) if name not in plan.triggers)
    if unsaid:
        spoken_of = f"guarantees speak of {listed(unsaid)}"
        sentence = f"{spoken_of}, and the plan does not say what becomes of it"
        instead = "map every trigger that a guarantee names"
        yield Diagnostic(plan.span, "trigger-unmapped", sentence, instead, related=old.span)


def _state_faults(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> Iterator[Diagnostic]:
    ends = states_reaching(old, [name for name, state in old.states.items() if state.final])
    closable = states_reaching(new, [name for name, state in new.states.items() if state.final])
    for name, then in _landings(plan, old, new):
        before, after = old.states[name], new.states[then]
        if not (_is_archived(old, new, after) or dict(before.counts_as) == dict(after.counts_as)):
            sentence = f"`{name}` counts {_count_words(before)}, and `{then}` {_count_words(after)}"
            instead = "map it to a state that counts the same on every ledger"
            yield Diagnostic(plan.span, "count-changes", sentence, instead, related=after.span)
        if after.final and not before.final:
            sentence = f"`{then}` is an end, and `{name}` is none"
            instead = "map it to a state from which the record goes on"
            yield Diagnostic(plan.span, "ends-records", sentence, instead, related=after.span)
        if name in ends and then not in closable:
            sentence = f"from `{then}` no end can be reached, and from `{name}` one could"
            instead = "map it to a state that leads to an end"
            yield Diagnostic(plan.span, "unclosable", sentence, instead, related=after.span)


def _landings(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> Iterator[tuple[str, str]]:
    """Yield where the records of each old state come to stand.

    That is where the plan puts them, and wherever the system newly goes on to at once: what it
    could do before, in the words of the plan, it does of the old rules.
    """
    for name, then in plan.states.items():
        before = {
            (plan.triggers.get(step.trigger, step.trigger), plan.states.get(step.to))
            for step in old.states[name].transitions
            if is_automatic(step)
        }
        places = [then]
        for place in places:
            yield name, place
            if not _is_archived(old, new, new.states[place]):
                places += [
                    step.to
                    for step in new.states[place].transitions
                    if is_automatic(step)
                    and step.to not in places
                    and (step.trigger, step.to) not in before
                ]


def _is_archived(old: Lifecycle, new: Lifecycle, state: State) -> bool:
    """Say whether peelflow itself closes what is put there, as at level 1."""
    at_once = any(map(is_automatic, state.transitions))
    into = new.applies_to.level == (LEVEL_CLOSED_BY_SYSTEM,)
    return moves_level(old, new) and into and at_once


def _count_words(state: State) -> str:
    counts = sorted(state.counts_as.items())
    return " and ".join(f"{count} on `{ledger}`" for ledger, count in counts) or "nowhere"


def _guarantee_faults(
    plan: MigrationPlan, old: Lifecycle, new: Lifecycle, budget: Budget
) -> Iterator[Diagnostic]:
    whole = product_lifecycle(plan, old, new, restarts=moves_level(old, new) and not plan.letters)
    prover = Prover(MigrationProduct(whole, plan=plan, old=old, new=new), budget)
    twice = state_counted_twice(old, new)
    for guarantee in new.guarantees:
        proof, span, related = prover.prove(guarantee), plan.span, guarantee.span
        if proof.verdict == "refuted" and not twice:
            sentence = f"moved records would break `{guarantee.that}` of `{new}`: {proof.why}"
            instead = "map the state where they stood to one that has less behind it"
            yield Diagnostic(
                span, "migration-breaks", sentence, instead, "error", related, proof.trail
            )
        elif proof.verdict == "undetermined" or twice:
            why = f"`since: {twice}` counts under both lifecycles" if twice else proof.why
            sentence = f"whether moved records keep `{guarantee.that}` is not proved: {why}"
            instead = "do without the predicate, or name the state otherwise"
            yield Diagnostic(span, "migration-undetermined", sentence, instead, "note", related)
