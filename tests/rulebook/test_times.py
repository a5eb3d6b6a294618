"""Times in rule files: when a step falls due, and by when a state is to be left."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from peelflow.model.rules import After, Lifecycle
from peelflow.proof.diff import diff
from peelflow.proof.refinement import check_refinement
from peelflow.rulebook.canonical import pin_of
from peelflow.rulebook.loader import read_lifecycle, resolve
from peelflow.testing.strategies import times
from tests.builders.rules import VOCABULARY
from tests.register.test_tick_units import written

FILE = """\
lifecycle: {name}
version: 1
in_force_from: 2020-01-01
title: Timed
applies_to: {{category: recommendation, level: 3}}
initial: open
{refines}
states:
  open:
    counts_as: {{portal: open}}
{due}
    transitions:
      lapse: {{to: closed, by: [system], after: {{{after}}}}}
  closed: {{counts_as: {{portal: closed}}, final: true}}
"""


def read(after: After, due: After | None, *, refines: Lifecycle | None = None) -> Lifecycle:
    """Return rules as they are read from a file that says these times."""
    text = FILE.format(
        name="own" if refines else "timed",
        refines=f"refines: {refines}" if refines else "",
        due=f"    due: {{{written(due)}}}" if due else "",
        after=written(after),
    )
    return resolve(read_lifecycle(text.encode(), "timed.yaml"), VOCABULARY, refines)


@given(times(), st.none() | times())
def test_a_time_is_read_as_it_was_written(after: After, due: After | None) -> None:
    """In its unit, its day and its beginning."""
    state = read(after, due).states["open"]
    assert (state.transitions[0].after, state.due) == (after, due)


@given(times(), st.none() | times(), st.none() | times())
def test_by_when_a_state_is_to_be_left_is_no_meaning(
    after: After, before: After | None, due: After | None
) -> None:
    """The pin stays, a diff tells the other day alone, and a force's own file may say any."""
    national, other = read(after, before), read(after, due)
    assert pin_of(national) == pin_of(other)
    told = [change.sentence for change in diff(national, other)]
    assert len(told) == (before != due)
    assert all(" is to be left " in sentence for sentence in told)
    assert check_refinement(read(after, due, refines=national), national, VOCABULARY) == ()


@pytest.mark.parametrize("edited", [After(9), After(months=9), After(working_days=9)])
def test_when_a_step_falls_due_is_meaning(edited: After) -> None:
    """Another unit is another time, whatever its number."""
    known = read(After(9, beginning=True), None)
    assert pin_of(known) != pin_of(read(edited, None))
    assert pin_of(known) != pin_of(read(evolve(edited, since="published"), None))
