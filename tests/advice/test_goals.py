"""What the word for a way's goal means: a count, a state, or nothing that there is."""

from __future__ import annotations

import pytest

from peelflow.errors import InvalidRequest
from peelflow.model.rules import State
from peelflow.routing.goal_analysis import goal_of
from tests.builders.decisions import CLOSED, OPEN, rules

RULES = rules(ended=State(CLOSED))


@pytest.mark.parametrize(
    ("to", "words", "states"),
    [
        ("closed", "closed on the ledger portal", (("closed",), ("closed", "ended"))),
        ("open", "open on the ledger portal", (("open",), ("open", "paused"))),
        ("ended", "`ended`", (("ended",),)),
    ],
)
def test_a_count_prefers_the_state_of_its_name(
    to: str, words: str, states: tuple[tuple[str, ...], ...]
) -> None:
    """And any other that counts so will do; another word is one state's name."""
    found = goal_of(RULES, to, ledger="portal")
    assert found.text == words
    assert found.states == tuple(map(frozenset, states))


def test_a_state_called_by_a_count_is_meant_where_nothing_counts_so() -> None:
    """On a ledger that the rules do not name."""
    assert goal_of(RULES, "closed", ledger="force").text == "`closed`"


def test_refuses_a_goal_that_is_not_there() -> None:
    """It lists the states, and how they count."""
    with pytest.raises(InvalidRequest) as refused:
        goal_of(rules(finished=State(OPEN)), "done", ledger="portal")
    assert str(refused.value) == (
        "the goal 'done': is no state of small@1, and none counts so on the ledger 'portal'; use "
        "`open`, `paused`, `closed` or `finished`, or closed on portal, or open on portal"
    )
