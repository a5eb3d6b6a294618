"""Doing exactly what a route says gets there; no walk is shorter; where it says none, is none."""

from __future__ import annotations

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from peelflow.model.records import TransitionTaken
from peelflow.model.routes import Route
from peelflow.model.rules import SYSTEM, Lifecycle, State, is_automatic
from tests.builders.routes import Place, places
from tests.oracles.routes import Walk, World, shortest

pytestmark = pytest.mark.search

DRAWN = settings(max_examples=150, deadline=None)
BRUTE = 4
NOWHERE = "no ledger"
Drawn = tuple[Place, str, Lifecycle]


def acts_of(place: Place, record: str, *, after: int) -> int:
    """Return how many acts were done on a record, without those that followed by themselves."""
    return sum(
        each.actor.role != SYSTEM or each.what.due is not None
        for each in place.register.history(record)[after:]
        if isinstance(each.what, TransitionTaken)
    )


def is_passed(state: State) -> bool:
    """Say whether a record only passes through a state: a way there is no way to ask for."""
    return any(is_automatic(step) and not step.requires for step in state.transitions)


def ask(drawn: Drawn, data: st.DataObject) -> Route:
    """Ask for the way to another state than where the record stands, in which it can rest."""
    place, record, lifecycle = drawn
    here, states = place.register.record(record).state, lifecycle.states.items()
    goals = [name for name, state in states if name != here and not is_passed(state)]
    assume(goals)
    goal = data.draw(st.sampled_from(goals))
    return place.register.route(record, to=goal, ledger=NOWHERE, on=place.today)


@DRAWN
@given(places(), st.data())
def test_doing_what_a_drawn_route_says_gets_there(drawn: Drawn, data: st.DataObject) -> None:
    """Every step is accepted as it is said, in exactly that number of acts, from any past."""
    place, record, _ = drawn
    for _ in range(2):
        route = ask(drawn, data)
        event(f"{route.verdict} in {len(route.steps)}")
        before = len(place.register.history(record))
        Walk(place, route).go()
        if route.verdict == "possible":
            assert place.register.record(record).state == route.end
            assert acts_of(place, record, after=before) == len(route.steps)


@DRAWN
@given(places(), st.data())
def test_no_walk_is_shorter_than_a_drawn_route(drawn: Drawn, data: st.DataObject) -> None:
    """Trying everything finds nothing shorter, and nothing where the route says there is none."""
    place, record, lifecycle = drawn
    if data.draw(st.booleans()):
        Walk(place, ask(drawn, data)).go()
    route = ask(drawn, data)
    known = place.register.record(record)
    children = {place.register.record(each).state for each in known.children}
    world = World(
        lifecycle,
        open_children="shut" not in children,
        predicate="budget_agreed" in place.register.services.predicates,
    )
    most = BRUTE if route.verdict == "impossible" else min(BRUTE, len(route.steps) - 1)
    event(f"{route.verdict} beyond {most}")
    goal = next(name for name in lifecycle.states if route.goal == f"`{name}`")
    assert shortest(world, known, goal, most=most) is None
