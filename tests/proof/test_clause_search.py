"""The clause search: held against trying every assignment, with a theory and without."""

from __future__ import annotations

from itertools import combinations, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.errors import InvalidRules
from peelflow.proof.budget import Budget
from peelflow.proof.clause_search import ClauseSearch, Literals, smallest_conflict

MOST = 6
LITERALS = st.integers(1, MOST).flatmap(lambda n: st.sampled_from((n, -n)))
CLAUSES = st.lists(st.lists(LITERALS, max_size=4, unique_by=abs).map(tuple), max_size=14)
CONFLICTS = st.lists(st.sets(st.integers(1, MOST), min_size=1, max_size=3), max_size=4)
Conflicts = list[set[int]]


def fits(chosen: set[int], clauses: list[Literals], conflicts: Conflicts) -> bool:
    """Say whether these variables being true, and no others, is a solution."""
    holds = (any((abs(n) in chosen) == (n > 0) for n in clause) for clause in clauses)
    return all(holds) and not any(conflict <= chosen for conflict in conflicts)


@given(
    clauses=CLAUSES,
    conflicts=CONFLICTS,
    excluded=st.sets(st.integers(1, MOST), max_size=2),
)
@settings(max_examples=1_500, deadline=None)
def test_finds_a_solution_where_there_is_one(
    clauses: list[Literals], conflicts: Conflicts, excluded: set[int]
) -> None:
    """It says of every small question what trying all assignments says."""

    def consistent(chosen: Literals) -> bool:
        return not any(conflict <= {*chosen} for conflict in conflicts)

    found = ClauseSearch(tuple(clauses), consistent, Budget()).solve(excluded)
    if found is None:
        free = [n for n in range(1, MOST + 1) if n not in excluded]
        tried = product((False, True), repeat=len(free))
        every = ({n for n, is_so in zip(free, way, strict=True) if is_so} for way in tried)
        assert not any(fits(chosen, clauses, conflicts) for chosen in every)
    else:
        assert excluded.isdisjoint(found)
        assert fits({*found}, clauses, conflicts)


@given(conflicts=CONFLICTS.filter(bool), more=st.sets(st.integers(1, MOST)))
def test_a_smallest_conflict_has_nothing_to_leave_out(conflicts: Conflicts, more: set[int]) -> None:
    """Each of what it names is needed for the contradiction."""

    def consistent(chosen: Literals) -> bool:
        return not any(conflict <= {*chosen} for conflict in conflicts)

    core = smallest_conflict(tuple(sorted(conflicts[0] | more)), consistent)
    assert not consistent(core)
    assert all(consistent(fewer) for fewer in combinations(core, len(core) - 1))


def test_what_nothing_asks_for_is_not_chosen() -> None:
    """The theory sees no more than is needed: a variable that no clause needs stays false."""
    assert ClauseSearch(((1, 2), (-1, 3), (-4, 5)), lambda _: True, Budget()).solve() == (1, 3)


def test_the_budget_ends_a_search() -> None:
    """It is counted in steps, so the same search ends at the same place."""
    clauses = tuple((one, -other) for one, other in combinations(range(1, 9), 2))
    whole = Budget()
    assert ClauseSearch(((8,), *clauses), lambda _: True, whole).solve() is not None
    with pytest.raises(InvalidRules, match="too-complex"):
        ClauseSearch(((8,), *clauses), lambda _: True, Budget(whole.spent - 1)).solve()


@pytest.mark.parametrize("seed", range(40))
def test_what_it_learns_rules_out_no_solution(seed: int) -> None:
    """A question with many conflicts on the way, and a solution that was there from the start."""
    drawn = Random(seed)
    hidden = {n: drawn.random() < 0.5 for n in range(1, 31)}
    clauses: list[Literals] = []
    while len(clauses) < 128:
        clause = tuple(n * drawn.choice((1, -1)) for n in drawn.sample(range(1, 31), 3))
        if any(hidden[abs(n)] == (n > 0) for n in clause):
            clauses.append(clause)
    found = ClauseSearch(tuple(clauses), lambda _: True, Budget()).solve()
    assert found is not None
    assert fits({*found}, clauses, [])
