"""Proof agrees with trying every walk on real records."""

from __future__ import annotations

from hypothesis import given, settings

from peelflow.model.guarantees import AlwaysReachable, NeverUnmet, NeverWithout, OnlyEnteredBy
from peelflow.model.requirements import PUBLISHED, DistinctFrom, Waited, each_atom
from peelflow.model.rules import Lifecycle
from peelflow.proof.guarantees import prove
from peelflow.proof.verdicts import Verdict
from tests.proof.drawn import cases
from tests.proof.promises import standing
from tests.proof.reference import Found, explored


def expected(found: Found) -> tuple[Verdict, int]:
    """Return the verdict, and the length of the walk that shows it."""
    if found.surely is not None:
        return "refuted", found.surely
    return ("proved", 0) if found.ever is None else ("undetermined", found.ever)


def may_stay_open(lifecycle: Lifecycle) -> bool:
    """Say whether days or people of earlier steps may leave a guarantee open."""
    promise = lifecycle.guarantees[0].promise
    atoms = each_atom((promise.requirement,)) if isinstance(promise, NeverUnmet) else ()
    waits = any(isinstance(atom, Waited) and atom.since != PUBLISHED for atom in atoms)
    return waits or sum(isinstance(atom, DistinctFrom) for atom in atoms) > 1


@given(lifecycle=cases)
@settings(max_examples=2_000, deadline=None)
def test_agrees_with_trying_every_walk(lifecycle: Lifecycle) -> None:
    """The verdict, and the length of the shortest walk, are those of trying everything."""
    (proof,) = prove(lifecycle)
    promise = lifecycle.guarantees[0].promise
    found = explored(lifecycle, promise)
    verdict, length = expected(found)
    if found.depth is not None and isinstance(promise, AlwaysReachable):
        return
    if found.depth is not None and verdict != "refuted":
        assert proof.verdict != "refuted" or len(proof.steps) > found.depth
    elif proof.verdict == "undetermined" != verdict:
        assert may_stay_open(lifecycle)
    else:
        assert (proof.verdict, len(proof.steps)) == (verdict, length)
    if found.depth is None and isinstance(promise, OnlyEnteredBy | NeverWithout):
        inside = standing(promise.where, lifecycle)
        entered = any(new in inside and old not in inside for old, new, _ in found.entered)
        assert (proof.vacuous is None) == (entered or verdict != "proved")
