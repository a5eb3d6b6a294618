"""What the past of a walk says of the people in it."""

from __future__ import annotations

import pytest

from peelflow.model.requirements import DistinctFrom, ReasonGiven
from peelflow.proof.counterexample import TracePast, _events_by_last_person
from peelflow.proof.normal_form import Atom
from peelflow.proof.satisfiability import WINDOW, TimePoint

PAST: dict[TimePoint, int] = {
    WINDOW: 2,
    ("entered", "open"): 1,
    ("done", "early"): 1,
    ("done", "late"): 3,
}


@pytest.mark.parametrize(
    ("atom", "events"),
    [
        (ReasonGiven(), []),
        (DistinctFrom("never"), []),
        (DistinctFrom("early"), []),
        (DistinctFrom("late"), [3]),
    ],
    ids=str,
)
def test_only_what_was_done_in_the_window_ties_a_person(atom: Atom, events: list[int]) -> None:
    """`distinct_from` fails by one person's doing both only where the first was done since."""
    assert list(_events_by_last_person(TracePast(dict(PAST)), (atom,))) == events
