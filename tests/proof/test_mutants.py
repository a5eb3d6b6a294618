"""Every small edit of every shipped lifecycle, classed by brute force before it is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from attrs import evolve

from peelflow.model.rules import Lifecycle
from peelflow.proof.refinement import check_refinement
from peelflow.rulebook.national import national
from tests.oracles.refinement import classed, mutants, refining

pytestmark = pytest.mark.search

SHIPPED = national().lifecycles
CATEGORIES = national().vocabulary.categories
WORDS = evolve(
    national().vocabulary,
    categories={
        name: evolve(category, fields={**CATEGORIES["recommendation"].fields, **category.fields})
        for name, category in CATEGORIES.items()
    },
)
"""The national words, where each category has every field that an edit may ask for."""

LOOSENING = {
    "a note names a successor",
    "a note spends a letter",
    "adds a role",
    "adds a way out",
    "answers nothing",
    "applies to more",
    "changes a requirement",
    "count changes",
    "drops a requirement",
    "drops a transition",
    "final changes",
    "in force earlier",
    "redirects",
    "refines another version",
    "role changes side",
    "role stands for another",
    "stands for another",
    "the force waits for oversight",
    "the inspectorate looks",
}
TIGHTENING = {
    "a note is made",
    "adds a requirement",
    "applies to fewer",
    "drops a role",
    "drops a transition",
    "in force later",
    "oversight has its time",
    "oversight looks",
    "oversight looks meanwhile",
    "splits a state",
    "splits a state, the force going the long way",
    "time reminds",
}


@pytest.mark.parametrize("lifecycle", SHIPPED, ids=str)
def test_the_same_rules_are_accepted(lifecycle: Lifecycle) -> None:
    """A force's file that says just what the national one says refines it."""
    assert not check_refinement(refining(lifecycle), lifecycle, WORDS)


@pytest.mark.parametrize("lifecycle", SHIPPED, ids=str)
def test_each_edit_is_judged_as_walks_show(
    lifecycle: Lifecycle, record_property: Callable[[str, object], None]
) -> None:
    """Each edit that loosens or obstructs is refused, and each that only tightens is accepted."""
    counts: Counter[tuple[str, bool]] = Counter()
    for mutant in mutants(lifecycle):
        outcome = classed(mutant.lifecycle, lifecycle)
        lawful = not outcome.faults
        found = check_refinement(mutant.lifecycle, lifecycle, WORDS)
        assert outcome.complete or outcome.faults, mutant
        assert (not found) == lawful, (mutant.kind, mutant.place, sorted(outcome.faults), found)
        counts[mutant.kind, lawful] += 1
    for (kind, lawful), count in sorted(counts.items()):
        record_property(f"{kind}, {'accepted' if lawful else 'refused'}", count)


def test_every_kind_of_edit_is_tried() -> None:
    """Loosenings and tightenings of each kind that the national rules allow are among the edits."""
    kinds = {mutant.kind for lifecycle in SHIPPED for mutant in mutants(lifecycle)}
    assert kinds >= LOOSENING | TIGHTENING
