"""Which way is the shortest, and where there is none."""

from __future__ import annotations

from peelflow.model.requirements import DistinctFrom, InspectionHeld, Waited
from peelflow.model.routes import RouteContext
from peelflow.model.rules import State
from tests.builders.decisions import OPEN, day, rules, way
from tests.builders.routes import ask, known_inspection


def test_a_step_is_wanted_before_the_inspection_of_the_next_ends() -> None:
    """Only where it begins the window in which that inspection must end."""
    visited = State(OPEN, transitions=(way(InspectionHeld("any")),))
    around = RouteContext(inspections=(known_inspection(9, 12),))
    national = rules(way(trigger="certify", to="visited", implements="certify"), visited=visited)
    own = rules(way(trigger="certify", to="visited", implements=None), visited=visited)
    assert [step.latest for step in ask(national, around=around).steps] == [day(12), None]
    assert [step.latest for step in ask(own, around=around).steps] == [None, None]


def test_an_end_has_no_way_out() -> None:
    """And a state from which no step leads there has none either."""
    assert ask(rules(way()), to="open", state="closed").why == (
        "`closed` is an end, and no step leads out of it"
    )
    assert ask(rules(way()), to="paused").why == "no steps of small@1 lead there from `open`"


def test_a_record_that_is_there_needs_no_step() -> None:
    """The way is empty, and ends where it stands."""
    found = ask(rules(way()), to="open")
    assert (found.verdict, found.steps, found.end, found.acts) == ("possible", (), "open", 0)


def test_a_search_that_grows_too_large_says_so() -> None:
    """Rather than going on for ever, or saying that there is none."""
    found = ask(rules(way()), most=0)
    assert (found.verdict, found.why) == (
        "undetermined",
        "0 acts were tried, and the rules allow many more",
    )


def test_a_way_round_is_not_gone_twice() -> None:
    """A shorter way goes before a longer one."""
    middle = State(OPEN, transitions=(way(to="open", trigger="back"), way(to="last")))
    last = State(OPEN, transitions=(way(to="middle", trigger="back"), way()))
    found = ask(rules(way(to="middle"), way(to="last", trigger="jump"), middle=middle, last=last))
    assert [step.trigger for step in found.steps] == ["jump", "close"]


def test_a_way_that_looks_short_is_not_taken_for_the_shortest() -> None:
    """Five acts in a row are fewer than one that three detours must make lawful."""
    detours = ("a", "b", "c")
    looks_short = way(*(Waited(1, name) for name in detours))
    there = {name: State(OPEN, transitions=(way(to="open", trigger="back"),)) for name in detours}
    row = {
        f"row{n}": State(OPEN, transitions=(way(to=f"row{n + 1}" if n < 4 else "closed"),))
        for n in range(1, 5)
    }
    ways = (looks_short, *(way(to=name, trigger=f"to_{name}") for name in detours))
    onto = way(to="row1", trigger="onto")
    assert len(ask(rules(*ways, onto, **there, **row)).steps) == 5
    assert len(ask(rules(*ways, **there)).steps) == 7


def test_a_step_that_changes_no_state_can_be_what_was_missing() -> None:
    """Whoever did it, another person can then go on."""
    again = way(trigger="start", to="open", implements=None)
    found = ask(rules(way(DistinctFrom("start")), again), done={})
    assert [step.trigger for step in found.steps] == ["start", "close"]
