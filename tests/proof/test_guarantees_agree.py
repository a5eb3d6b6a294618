"""Proof agrees with trying every walk on real records."""

from __future__ import annotations

from random import Random

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.model.requirements import PUBLISHED, DistinctFrom, ReasonGiven, Waited, atoms_of
from peelflow.model.rules import (
    AlwaysReachable,
    Guarantee,
    Lifecycle,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    OnlyEnteredBy,
)
from peelflow.proof.guarantees import prove
from peelflow.proof.lint import each_requirement
from peelflow.proof.satisfiability import Verdict
from peelflow.testing.strategies import VOCABULARY, lifecycles
from tests.builders.walks import WORDS, cases, promise_from
from tests.oracles.guarantees import Found, explored, standing

pytestmark = pytest.mark.search


def expected(found: Found) -> tuple[Verdict, int]:
    """Return the verdict, and the length of the walk that shows it."""
    if found.surely is not None:
        return "refuted", found.surely
    return ("proved", 0) if found.ever is None else ("undetermined", found.ever)


def may_stay_open(lifecycle: Lifecycle) -> bool:
    """Say whether days or people of earlier steps may leave a guarantee open."""
    promise = lifecycle.guarantees[0].promise
    atoms = atoms_of((promise.requirement,)) if isinstance(promise, NeverEnteredUnless) else ()
    waits = any(isinstance(atom, Waited) and atom.since != PUBLISHED for atom in atoms)
    return waits or sum(isinstance(atom, DistinctFrom) for atom in atoms) > 1


@given(lifecycle=cases)
@settings(max_examples=2_000, deadline=None)
def test_agrees_with_trying_every_walk(lifecycle: Lifecycle) -> None:
    """The verdict, and the length of the shortest walk, are those of trying everything."""
    (proof,) = prove(lifecycle, WORDS)
    promise = lifecycle.guarantees[0].promise
    found = explored(lifecycle, promise, prompt=isinstance(promise, AlwaysReachable))
    verdict, length = expected(found)
    if found.depth is not None and isinstance(promise, AlwaysReachable):
        return
    if found.depth is not None and verdict != "refuted":
        assert proof.verdict != "refuted" or len(proof.steps) > found.depth
    elif proof.verdict == "undetermined" != verdict:
        assert may_stay_open(lifecycle)
    else:
        assert (proof.verdict, len(proof.steps)) == (verdict, length)
    if found.depth is None and isinstance(promise, OnlyEnteredBy | NeverEnteredWithoutSteps):
        inside = standing(promise.where, lifecycle)
        walks = explored(evolve(lifecycle), promise, prompt=True).entered
        entered = any(new in inside and old not in inside for old, new, _ in walks)
        assert (proof.vacuous is None) == (entered or verdict != "proved")


@given(lifecycle=lifecycles(), seed=st.integers(0, 999))
@settings(max_examples=150, deadline=None)
def test_a_story_is_a_walk_of_the_file(lifecycle: Lifecycle, seed: int) -> None:
    """Its steps follow each other from the initial state, and each is a rule of the file."""
    atoms = [*each_requirement(lifecycle), ReasonGiven()]
    promise = promise_from(Random(seed), lifecycle, atoms)
    guarantee = Guarantee(str(promise), "drawn", promise)
    (proof,) = prove(evolve(lifecycle, guarantees=(guarantee,)), VOCABULARY)
    state = lifecycle.initial
    steps = proof.steps
    if [step.old for step in steps] == [""]:
        assert (steps[0].new, lifecycle.begun_by) == (state, None)
        steps = ()
    for step in steps:
        rules = lifecycle.states[state].transitions
        assert any(
            (rule.trigger, rule.to) == (step.trigger, step.new) and step.role in rule.by
            for rule in rules
        )
        assert step.old == state
        state = step.new
