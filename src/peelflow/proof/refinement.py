"""Prove that a force's own lifecycle refines the national one: it tightens, and obstructs nobody.

Each of the force's states stands for a national one. What a record can do under the force's file,
it can do under the national file; what others than the force can do there, they can do here. The
national guarantees are then proved on the force's file too, as a second and independent check.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from peelflow.errors import Diagnostic, Span
from peelflow.model.guarantees import AlwaysReachable
from peelflow.model.rules import Lifecycle, Role, Vocabulary
from peelflow.proof.faults import fault
from peelflow.proof.graph import reachable
from peelflow.proof.guarantees import Prover
from peelflow.proof.names import listed
from peelflow.proof.refining_sides import Sides
from peelflow.proof.refining_steps import faults_of
from peelflow.proof.story import Proof
from peelflow.proof.view import View


def check_refinement(
    own: Lifecycle, national: Lifecycle, vocabulary: Vocabulary
) -> tuple[Diagnostic, ...]:
    """Return everything in which a settled lifecycle does not refine the national one, sorted.

    Where only the application can say, because a predicate decides, a note says so.

    Args:
        own: The force's lifecycle.
        national: The one it says it refines.
        vocabulary: The words of the whole rulebook.
    """
    found = [*_scope(own, national), *_roles(own, national, vocabulary)]
    sides, entered = Sides(own, national), reachable(own)
    ledgers = sorted({k for state in national.states.values() for k in state.counts_as})
    for name in own.states:
        if name in entered:
            found += [*_state(own, national, name, ledgers)]
            if own.stands_for(name) in national.states:
                found += faults_of(sides, name)
    if all(own.stands_for(name) in national.states for name in own.states):
        found += _guarantees(own, national)
    return tuple(sorted(set(found)))


def _scope(own: Lifecycle, national: Lifecycle) -> Iterator[Diagnostic]:
    if own.refines != str(national):
        yield fault(
            own.span,
            "refines-another",
            f"`{own}` says it refines `{own.refines}`, not `{national}`",
            f"write `refines: {national}`",
            national.span,
        )
    there, here = national.applies_to, own.applies_to
    wider = [f"`{name}`" for name in here.category if name not in there.category]
    wider += [f"level {level or 'none'}" for level in here.level if level not in there.level]
    if wider:
        yield fault(
            here.span,
            "wider-than-national",
            f"`{own}` applies to {', '.join(wider)}, and `{national}` does not",
            "apply it to no more records than the lifecycle it refines",
            there.span,
        )
    if own.in_force_from < national.in_force_from:
        yield fault(
            own.span,
            "earlier-than-national",
            f"`{own}` is in force from {own.in_force_from}, before `{national}`",
            f"write `in_force_from: {national.in_force_from}`, or a later date",
            national.span,
        )


def _roles(own: Lifecycle, national: Lifecycle, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    for name, role in own.roles.items():
        meant = national.roles.get(name)
        if meant is not None and meant != role:
            yield fault(
                role.span,
                "role-redefined",
                f"the role `{name}` has its meaning already",
                "use it as it is, or choose another name",
                meant.span,
            )
        if role.stands_for is not None:
            other = vocabulary.roles.get(role.stands_for)
            if other is None or not _may_stand_for(role, other):
                yield fault(
                    role.span,
                    "not-delegable",
                    f"`{name}` cannot stand for `{role.stands_for}`, whose acts are not delegated",
                    "let it stand for a force role that is marked `may_be_delegated: true`",
                    other.span if other else None,
                )


def _may_stand_for(role: Role, other: Role) -> bool:
    return other.may_be_delegated and other.side == role.side == "force"


def _state(
    own: Lifecycle, national: Lifecycle, name: str, ledgers: Sequence[str]
) -> Iterator[Diagnostic]:
    state, stood = own.states[name], own.stands_for(name)
    meant = national.states.get(stood)
    if meant is None:
        yield fault(
            state.span,
            "stands-for-nothing",
            f"`{name}` stands for `{stood}`, which is no state of `{national}`",
            f"write `stands_for:` with one of {listed(national.states)}",
            national.span,
        )
        return
    if name == own.initial and stood != national.initial:
        yield fault(
            state.span,
            "initial-differs",
            f"records start in `{name}`, which stands for `{stood}`; they start in "
            f"`{national.initial}`",
            f"start in a state that stands for `{national.initial}`",
            national.states[national.initial].span,
        )
    if state.final != meant.final:
        is_, other = ("an end", "is none") if state.final else ("no end", "is one")
        yield fault(
            state.span,
            "final-differs",
            f"`{name}` is {is_}, and `{stood}` {other}",
            "let both be final, or neither",
            meant.span,
        )
    for ledger in ledgers:
        here, there = state.counts_as.get(ledger), meant.counts_as.get(ledger)
        if here != there:
            yield fault(
                state.span,
                "count-differs",
                f"`{name}` counts {here or 'nowhere'} on `{ledger}`, and `{stood}` "
                f"{there or 'nowhere'}",
                f"write `{ledger}: {there}`" if there else f"remove `{ledger}` here",
                meant.span,
            )


def _guarantees(own: Lifecycle, national: Lifecycle) -> Iterator[Diagnostic]:
    prover = Prover(View(own, national))
    for guarantee in national.guarantees:
        proof = prover.prove(guarantee)
        if proof.verdict == "proved":
            continue
        said = f"`{own}` breaks `{guarantee.that}`: {proof.why}"
        if proof.verdict == "undetermined":
            yield fault(
                _place(own, proof),
                "refinement-undetermined",
                f"whether `{own}` keeps `{guarantee.that}` is not proved: {proof.why}",
                "have somebody say what the predicate may do, or do without it",
                guarantee.span,
                severity="note",
                steps=proof.trail,
            )
        elif isinstance(guarantee.promise, AlwaysReachable):
            yield fault(
                _place(own, proof),
                "end-unreachable",
                said,
                "add a way there from where the last of these steps leads",
                guarantee.span,
                steps=proof.trail,
            )
        else:
            yield fault(
                _place(own, proof),
                "guarantee-broken",
                said,
                "take away the last of these steps, or let it need what is missing",
                guarantee.span,
                steps=proof.trail,
            )


def _place(own: Lifecycle, proof: Proof) -> Span:
    return proof.steps[-1].span if proof.steps else own.span
