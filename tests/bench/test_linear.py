"""The checker of histories finds every one that is not linear, and no other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.linear import Act, Kind, faults_in, is_linear_by_trying

TIMES = st.tuples(st.integers(1, 12), st.integers(0, 5))


@st.composite
def histories(draw: st.DrawFn) -> list[Act]:
    """Draw a few acts, mostly such as could have been."""
    kinds: list[Kind] = draw(st.lists(st.sampled_from(("wrote", "wrote", "saw")), max_size=5))
    number, acts = 0, []
    for at, kind in enumerate(kinds):
        number += kind == "wrote"
        off = draw(st.sampled_from((0, 0, 0, 0, 0, 0, -1, 1)))
        begun, lasted = draw(TIMES)
        early = draw(st.sampled_from((3 * at, begun)))
        acts.append(Act(early, early + lasted, kind, max(number + off, 0)))
    return acts


@given(histories())
@settings(max_examples=400, deadline=None)
def test_agrees_with_trying_every_order(acts: list[Act]) -> None:
    """The quick way and brute force say the same of any small history."""
    assert (faults_in(acts) == ()) == is_linear_by_trying(acts)


@pytest.mark.parametrize(
    "acts",
    [
        [],
        [Act(1, 2, "saw", 0)],
        [Act(1, 9, "wrote", 2), Act(2, 8, "wrote", 1)],
        [Act(1, 2, "wrote", 1), Act(3, 4, "saw", 1), Act(5, 6, "wrote", 2)],
        [Act(1, 5, "wrote", 1), Act(5, 6, "saw", 0)],
    ],
)
def test_lets_a_linear_history_pass(acts: list[Act]) -> None:
    """What overlaps may have happened either way round."""
    assert faults_in(acts) == ()


@pytest.mark.parametrize(
    ("acts", "fault"),
    [
        ([Act(1, 2, "wrote", 1), Act(3, 4, "wrote", 1)], "each once"),
        ([Act(1, 2, "wrote", 1), Act(3, 4, "wrote", 3)], "each once"),
        ([Act(1, 2, "saw", 1)], "nobody wrote it"),
        ([Act(1, 2, "wrote", 2), Act(3, 4, "wrote", 1)], "had ended"),
        ([Act(1, 2, "wrote", 1), Act(3, 4, "saw", 0)], "had ended"),
        ([Act(1, 2, "saw", 1), Act(3, 4, "wrote", 1)], "had ended"),
    ],
)
def test_finds_a_history_that_is_not_linear(acts: list[Act], fault: str) -> None:
    """A lost or doubled write, a number from nowhere, a stale reading and one too early."""
    assert any(fault in each for each in faults_in(acts))


def test_begins_where_the_record_stood() -> None:
    """A record that stood at a number before the run goes on from there."""
    assert faults_in([Act(1, 2, "saw", 7), Act(3, 4, "wrote", 8)], start=7) == ()
