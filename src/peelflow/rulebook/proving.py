"""Prove what rule files promise, as part of loading them: what is refuted never runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from peelflow.errors import Diagnostic
from peelflow.model.migration import MigrationPlan
from peelflow.model.rules import Lifecycle, Vocabulary
from peelflow.proof.guarantees import prove
from peelflow.proof.migration import check_migration
from peelflow.proof.names import suggestion
from peelflow.proof.refinement import check_refinement
from peelflow.proof.story import Proof


def proved(
    lifecycles: Iterable[Lifecycle], refinable: Mapping[str, Lifecycle], vocabulary: Vocabulary
) -> tuple[list[Proof], list[Diagnostic]]:
    """Prove every guarantee and refinement of settled lifecycles without lint errors.

    Args:
        lifecycles: As they settled among the others.
        refinable: The settled lifecycles that others may refine, by name@version.
        vocabulary: The words of the whole rulebook.
    """
    proofs: list[Proof] = []
    faults: list[Diagnostic] = []
    for one in lifecycles:
        found = prove(one)
        proofs += found
        faults += [fault for proof in found for fault in _faults(proof, refines=bool(one.refines))]
        refined = refinable.get(one.refines or "")
        if refined is not None:
            faults += check_refinement(one, refined, vocabulary)
    return proofs, faults


def planned(
    plans: Iterable[MigrationPlan], lifecycles: Iterable[Lifecycle], vocabulary: Vocabulary
) -> Iterator[Diagnostic]:
    """Prove migration plans between settled lifecycles without errors."""
    known = {str(one): one for one in lifecycles}
    for plan in plans:
        missing = sorted({plan.old, plan.new} - known.keys())
        for name in missing:
            yield Diagnostic(
                plan.span,
                "unknown-lifecycle",
                f"the migration `{plan.name}` names `{name}`, which is not here without errors",
                suggestion(name, known),
            )
        if not missing:
            old, new = known[plan.old], known[plan.new]
            yield from check_migration(plan, old, new, roles=vocabulary.roles)


def _faults(proof: Proof, *, refines: bool) -> Iterator[Diagnostic]:
    span, that = proof.guarantee.span, proof.guarantee.that
    if proof.verdict == "refuted":
        yield Diagnostic(
            span,
            "guarantee-refuted",
            f"`{that}` does not hold: {proof.why}",
            "take away the last of these steps, or let it need what is missing",
            steps=proof.trail,
        )
    elif proof.verdict == "undetermined":
        yield Diagnostic(
            span,
            "guarantee-undetermined",
            f"whether `{that}` holds is not proved: {proof.why}",
            "do without the predicate, or have somebody say what it may do",
            "note",
            steps=proof.trail,
        )
    elif proof.vacuous is not None:
        yield Diagnostic(
            span,
            "guarantee-vacuous",
            f"`{that}` says nothing here: {proof.vacuous}",
            "remove it, or mend the name that it was meant for",
            "note" if refines else "error",
        )
