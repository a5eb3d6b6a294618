"""What the past of a walk says of the people in it."""

from __future__ import annotations

import pytest

from peelflow.model.requirements import DistinctFrom, ReasonGiven
from peelflow.proof.clauses import Atom
from peelflow.proof.history import Past, _same
from peelflow.proof.moments import WINDOW, Point

PAST: dict[Point, int] = {
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
    assert list(_same(Past(dict(PAST)), (atom,))) == events
