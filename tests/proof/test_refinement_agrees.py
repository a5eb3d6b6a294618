"""Refinement agrees with walking both files side by side, on drawn files and drawn edits."""

from __future__ import annotations

from random import Random

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from peelflow.errors import Diagnostic
from peelflow.model.requirements import PredicateHolds, Waited
from peelflow.model.rules import AlwaysReachable, Guarantee, Lifecycle
from peelflow.proof.guarantees import AbstractionMap, Prover, prove
from peelflow.proof.lint import each_requirement, lint
from peelflow.proof.record_kinds import record_kinds
from peelflow.proof.refinement import check_refinement
from tests.builders.walks import WORDS, lifecycle_from, promise_from
from tests.oracles.refinement import Mutant, classed, mutants

pytestmark = pytest.mark.search


def edit_from(seed: int) -> tuple[Lifecycle, Mutant]:
    """Return a national lifecycle with guarantees that hold, and one edit of it."""
    random = Random(seed)
    lifecycle, atoms = lifecycle_from(random)
    states = {
        name: evolve(
            state,
            transitions=tuple(evolve(way, implements=way.trigger) for way in state.transitions),
        )
        for name, state in lifecycle.states.items()
    }
    promises = [promise_from(random, lifecycle, atoms) for _ in range(4)]
    some = tuple(Guarantee(str(promise), "drawn", promise) for promise in promises)
    national = evolve(lifecycle, states=states, guarantees=some)
    kept = tuple(p.guarantee for p in prove(national, WORDS) if p.verdict == "proved")
    national = evolve(national, guarantees=kept)
    return national, random.choice(tuple(mutants(national)))


edits = st.integers(0, 2**48).map(edit_from)


def everything_can_happen(lifecycle: Lifecycle) -> bool:
    """Say whether each transition can be taken, by each sort of role it names.

    Where two have the same trigger for one role, the engine only ever takes the first; a rulebook
    holds no such file.
    """
    if any(fault.code == "ambiguous-transition" for fault in lint(lifecycle, WORDS)):
        return False
    space = Prover(AbstractionMap(lifecycle), ()).space
    enabled = list(space.may_reach.enabled(space.system.edges))
    ways = [way for state in lifecycle.states.values() for way in state.transitions]
    return len(enabled) == sum(len({role == "system" for role in way.by}) for way in ways)


def refused(found: tuple[Diagnostic, ...]) -> bool:
    """Say whether some of the findings is an error."""
    return any(fault.severity == "error" for fault in found)


@given(edit=edits)
@settings(max_examples=300, deadline=None)
def test_an_edit_is_refused_where_walks_show_why(edit: tuple[Lifecycle, Mutant]) -> None:
    """What loosens or obstructs is never accepted; what does neither is, if all can happen."""
    national, mutant = edit
    assume(not any(isinstance(a, PredicateHolds) for a in each_requirement(national)))
    outcome = classed(mutant.lifecycle, national, most=200)
    assume(outcome.complete)
    found = check_refinement(mutant.lifecycle, national, WORDS)
    if outcome.faults:
        assert found
    elif everything_can_happen(national) and everything_can_happen(mutant.lifecycle):
        # Days that earlier steps waited may make up for a wait, and that is no implication.
        assume(not any(isinstance(a, Waited) and a.since for a in each_requirement(national)))
        assert not refused(found)


@given(edit=edits)
@settings(max_examples=300, deadline=None)
def test_what_is_accepted_keeps_the_national_safety(edit: tuple[Lifecycle, Mutant]) -> None:
    """Where step for step nothing is wrong, each national safety guarantee is proved here too."""
    national, mutant = edit
    found = check_refinement(mutant.lifecycle, national, WORDS)
    if all(fault.code == "guarantee-broken" for fault in found):
        kinds = record_kinds(mutant.lifecycle, WORDS)
        prover = Prover(AbstractionMap(mutant.lifecycle, national), kinds)
        for guarantee in national.guarantees:
            if not isinstance(guarantee.promise, AlwaysReachable):
                assert prover.prove(guarantee).verdict == "proved"
