"""Prove a migration plan: records keep their counts, their past, and a way to an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from peelflow.errors import Diagnostic
from peelflow.model.guarantees import (
    Guarantee,
    NeverDoneBy,
    NeverWithout,
    Promise,
    TwoPeople,
)
from peelflow.model.migration import MigrationPlan
from peelflow.model.rules import SYSTEM, Lifecycle, Role, State, Transition
from peelflow.proof.faults import fault
from peelflow.proof.graph import reachable, reaching
from peelflow.proof.guarantees import Prover
from peelflow.proof.lint_names import triggers, unknown
from peelflow.proof.looking_back import LookingBack, counts_both_ways, joined
from peelflow.proof.names import listed
from peelflow.proof.story import Proof

LEVEL_CLOSED_BY_SYSTEM = 1
NO_ROLES: Mapping[str, Role] = {}


def check_migration(
    plan: MigrationPlan,
    old: Lifecycle,
    new: Lifecycle,
    *,
    roles: Mapping[str, Role] = NO_ROLES,
) -> tuple[Diagnostic, ...]:
    """Return everything that a plan would do to records and must not, sorted.

    Args:
        plan: Which state becomes which.
        old: The settled lifecycle that records leave.
        new: The settled lifecycle that they move to.
        roles: The roles of the rulebook: who moves records may act in neither lifecycle.
    """
    found = [*_scope(plan, old, new, roles), *_names(plan, old, new)]
    if not found:
        found += _states(plan, old, new)
        found += _guarantees(plan, old, new)
    return tuple(sorted(set(found)))


def moves_level(old: Lifecycle, new: Lifecycle) -> bool:
    """Say whether records change their level by moving."""
    return set(old.applies_to.level) != set(new.applies_to.level)


def _scope(
    plan: MigrationPlan, old: Lifecycle, new: Lifecycle, known: Mapping[str, Role]
) -> Iterator[Diagnostic]:
    if (plan.old, plan.new) != (str(old), str(new)):
        yield fault(
            plan.span,
            "migrates-another",
            f"the plan moves records from `{plan.old}` to `{plan.new}`, not `{old}` to `{new}`",
            "prove it with the lifecycles that it names",
        )
    missing = [c for c in old.applies_to.category if c not in new.applies_to.category]
    if missing:
        yield fault(
            plan.span,
            "applies-elsewhere",
            f"`{new}` does not run {listed(missing)}, and `{old}` does",
            "move records to a lifecycle that runs all of them",
            new.applies_to.span,
        )
    if moves_level(old, new):
        roles = {**known, **old.roles, **new.roles}
        others = [r for r in plan.by if r not in roles or roles[r].side != "inspectorate"]
        if others or not plan.by:
            who = listed(others) if others else "nobody named"
            yield fault(
                plan.span,
                "relevelled-by-others",
                f"records would change level, moved by {who}",
                "name in `by` only roles of the inspectorate",
            )


def _names(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> Iterator[Diagnostic]:
    for state, then in plan.states.items():
        if state not in old.states:
            yield unknown("state", state, old.states, plan.span)
        if then not in new.states:
            yield unknown("state", then, new.states, plan.span)
    for trigger, then in plan.triggers.items():
        if trigger not in triggers(old):
            yield unknown("trigger", trigger, triggers(old), plan.span)
        if then not in triggers(new):
            yield unknown("trigger", then, triggers(new), plan.span)
    left = sorted(reachable(old) - plan.states.keys())
    if left:
        yield fault(
            plan.span,
            "state-unmapped",
            f"records can stand in {listed(left)}, and the plan does not say where they go",
            "map every state that records can stand in",
            old.states[left[0]].span,
        )
    spoken = {name for g in (*old.guarantees, *new.guarantees) for name in _spoken(g.promise)}
    unsaid = sorted(name for name in spoken & triggers(old) if name not in plan.triggers)
    if unsaid:
        yield fault(
            plan.span,
            "trigger-unmapped",
            f"guarantees speak of {listed(unsaid)}, and the plan does not say what becomes of it",
            "map every trigger that a guarantee names",
            old.span,
        )


def _spoken(promise: Promise) -> tuple[str, ...]:
    match promise:
        case NeverWithout(triggers=names):
            return names
        case NeverDoneBy(trigger=name):
            return (name,)
        case TwoPeople(first=first, second=second):
            return (first, second)
        case _:
            return ()


def _states(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> Iterator[Diagnostic]:
    ends = reaching(old, [name for name, state in old.states.items() if state.final])
    closable = reaching(new, [name for name, state in new.states.items() if state.final])
    for name, then in _landings(plan, old, new):
        before, after = old.states[name], new.states[then]
        if not (_is_archived(old, new, after) or dict(before.counts_as) == dict(after.counts_as)):
            yield fault(
                plan.span,
                "count-changes",
                f"`{name}` counts {_counts(before)}, and `{then}` {_counts(after)}",
                "map it to a state that counts the same on every ledger",
                after.span,
            )
        if after.final and not before.final:
            yield fault(
                plan.span,
                "ends-records",
                f"`{then}` is an end, and `{name}` is none",
                "map it to a state from which the record goes on",
                after.span,
            )
        if name in ends and then not in closable:
            yield fault(
                plan.span,
                "unclosable",
                f"from `{then}` no end can be reached, and from `{name}` one could",
                "map it to a state that leads to an end",
                after.span,
            )


def _landings(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> Iterator[tuple[str, str]]:
    """Yield where the records of each old state come to stand.

    That is where the plan puts them, and wherever the system newly goes on to at once: what it
    could do before, in the words of the plan, it does of the old rules.
    """
    for name, then in plan.states.items():
        ways = old.states[name].transitions
        prompt = [way for way in ways if _is_prompt(way)]
        words = [plan.triggers.get(way.trigger, way.trigger) for way in prompt]
        could = {(said, plan.states.get(way.to)) for said, way in zip(words, prompt, strict=True)}
        found = [then]
        for place in found:
            yield name, place
            if not _is_archived(old, new, new.states[place]):
                ways = new.states[place].transitions
                found += [
                    way.to
                    for way in ways
                    if _is_prompt(way)
                    and way.to not in found
                    and (way.trigger, way.to) not in could
                ]


def _is_prompt(way: Transition) -> bool:
    return way.by == (SYSTEM,) and way.after is None


def _is_archived(old: Lifecycle, new: Lifecycle, state: State) -> bool:
    """Say whether peelflow itself closes what is put there, as at level 1."""
    at_once = any(map(_is_prompt, state.transitions))
    into = new.applies_to.level == (LEVEL_CLOSED_BY_SYSTEM,)
    return moves_level(old, new) and into and at_once


def _counts(state: State) -> str:
    said = " and ".join(f"{c} on `{ledger}`" for ledger, c in sorted(state.counts_as.items()))
    return said or "nowhere"


def _guarantees(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> Iterator[Diagnostic]:
    whole = joined(plan, old, new, restarts=moves_level(old, new) and not plan.letters)
    prover = Prover(LookingBack(whole, plan=plan, old=old, new=new))
    twice = counts_both_ways(old, new)
    for guarantee in new.guarantees:
        proof = prover.prove(guarantee)
        if proof.verdict == "refuted" and not twice:
            yield _broken(plan, new, guarantee, proof)
        elif proof.verdict == "undetermined" or twice:
            yield fault(
                plan.span,
                "migration-undetermined",
                f"whether moved records keep `{guarantee.that}` is not proved: "
                + (f"`since: {twice}` counts under both lifecycles" if twice else proof.why),
                "do without the predicate, or name the state otherwise",
                guarantee.span,
                severity="note",
            )


def _broken(plan: MigrationPlan, new: Lifecycle, guarantee: Guarantee, proof: Proof) -> Diagnostic:
    return fault(
        plan.span,
        "migration-breaks",
        f"moved records would break `{guarantee.that}` of `{new}`: {proof.why}",
        "map the state where they stood to one that has less behind it",
        guarantee.span,
        steps=proof.trail,
    )
