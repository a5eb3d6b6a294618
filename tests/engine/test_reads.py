"""What a decision may look at, and what the system does by itself: both are told beforehand."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.engine.decide import automatic_triggers, decide, reads
from peelflow.model.requirements import (
    AnyOf,
    ChildForEach,
    ChildrenClosed,
    Evidence,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
)
from peelflow.model.rules import After, Lifecycle
from peelflow.testing import Situation, lifecycles, situations
from tests.builders.decisions import LETTER, rules, scene, way

ANSWERED = ChildForEach("answers", ("recommendation",), "source_report", "report")
EVERYTHING = {"appointments", "inspection", "children"}
DRAWN = settings(max_examples=100, deadline=None)


@DRAWN
@given(situations())
def test_a_decision_looks_only_at_what_it_reads(at: Situation) -> None:
    """Without everything else in the context it comes out the same, to the word."""
    read = reads(at.lifecycle, at.record, at.act.trigger)
    full = at.context
    blank = evolve(
        full,
        appointments=full.appointments if "appointments" in read else (),
        inspection=full.inspection if "inspection" in read else None,
        children=full.children if "children" in read else (),
        mentions=full.mentions if "mentions" in read else (),
    )
    decided = decide(at.lifecycle, at.record, at.act, full)
    assert decide(at.lifecycle, at.record, at.act, blank) == decided


@pytest.mark.parametrize(
    ("requirement", "by", "read"),
    [
        (ReasonGiven(), "hmicfrs", set()),
        (LETTER, "hmicfrs", set()),
        (Evidence("letter", ("lead",)), "hmicfrs", {"appointments"}),
        (ReasonGiven(), "nominated_deputy", {"appointments"}),
        (ReasonGiven(), "nobody_known", set()),
        (InspectionHeld("any"), "hmicfrs", {"inspection"}),
        (ChildrenClosed(), "hmicfrs", {"children"}),
        (ANSWERED, "hmicfrs", {"children", "mentions"}),
        (AnyOf(((ANSWERED,), (PredicateHolds("p"),))), "hmicfrs", {*EVERYTHING, "mentions"}),
        (PredicateHolds("p"), "hmicfrs", EVERYTHING),
        (AnyOf(((ReasonGiven(),), (ChildrenClosed(),))), "hmicfrs", {"children"}),
    ],
)
def test_a_decision_reads_what_its_rules_name(
    requirement: Requirement, by: str, read: set[str]
) -> None:
    """Each requirement and each role names what must be read for it, and no more."""
    asking = rules(way(requirement, by=("liaison_officer", by)), way(trigger="other"))
    record = scene().record
    assert reads(asking, record, "close") == read
    assert reads(asking, record, "other") == set()
    assert reads(asking, record, "unknown") == set()


def test_every_way_of_a_trigger_is_read_for() -> None:
    """Whichever role asks, what any way of that trigger looks at is read."""
    asking = rules(way(InspectionHeld("any")), way(ChildrenClosed(), by=("hmicfrs",)))
    assert reads(asking, scene().record, "close") == {"inspection", "children"}


@DRAWN
@given(lifecycles(), st.data())
def test_automatic_steps_are_the_untimed_ones_of_the_system(
    lifecycle: Lifecycle, data: st.DataObject
) -> None:
    """A timed step waits for its day, and nobody else's step happens by itself."""
    name = data.draw(st.sampled_from(tuple(lifecycle.states)))
    ways = lifecycle.states[name].transitions
    expected = [w.trigger for w in ways if w.by == ("system",) and not w.after]
    assert list(automatic_triggers(lifecycle, name)) == expected


@pytest.mark.parametrize(
    ("by", "after", "expected"),
    [
        (("system",), None, ("close",)),
        (("system",), After(5), ()),
        (("hmicfrs",), None, ()),
        (("hmicfrs", "system"), None, ()),
    ],
)
def test_only_the_system_alone_acts_by_itself(
    by: tuple[str, ...], after: After | None, expected: tuple[str, ...]
) -> None:
    """A role beside the system makes a step that somebody must ask for."""
    assert automatic_triggers(rules(way(by=by, after=after)), "open") == expected
