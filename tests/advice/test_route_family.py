"""Ways that wait for children and parents."""

from __future__ import annotations

from peelflow.model.decisions import (
    AnswersNeed,
    ChildrenNeed,
    FieldNeed,
    ParentNeed,
    RecordReference,
)
from peelflow.model.requirements import ChildForEach, ChildrenClosed, ReasonGiven, Waited
from peelflow.model.routes import RouteContext
from peelflow.model.rules import State
from tests.builders.decisions import OPEN, day, rules, way
from tests.builders.routes import ask, only, relative


def test_children_are_closed_by_their_own_ways() -> None:
    """Those that are still open."""
    children = (relative("C-1", {"portal": "open"}, way()), relative("C-2", {"portal": "closed"}))
    step = only(ask(rules(way(ChildrenClosed())), around=RouteContext(children=children)))
    assert step.needs == (ChildrenNeed(("C-1",), ("portal",)),)
    assert [each.record for each in step.before] == ["C-1"]


def test_a_child_that_cannot_be_closed_leaves_no_way() -> None:
    """Its parent stays open with it."""
    children = (relative("C-1", {"portal": "open"}),)
    found = ask(rules(way(ChildrenClosed())), around=RouteContext(children=children))
    assert found.verdict == "impossible"


def test_children_that_are_closed_are_not_mentioned() -> None:
    """Nothing is to be done about them."""
    children = (relative("C-2", {"portal": "closed"}),)
    assert (
        only(ask(rules(way(ChildrenClosed())), around=RouteContext(children=children))).needs == ()
    )


def test_where_there_is_no_child_one_must_be_added() -> None:
    """Whether it can be closed, nobody knows; a category without children has no way."""
    later = State(OPEN, transitions=(way(ChildrenClosed()),))
    lifecycle = rules(way(ChildrenClosed(), trigger="start", to="later"), later=later)
    found = ask(lifecycle, around=RouteContext(may_have_children=True))
    assert found.verdict == "undetermined"
    assert [step.needs for step in found.steps] == [(ChildrenNeed((), ()),), ()]
    assert ask(lifecycle).verdict == "impossible"


ASKED = ChildForEach("answers", ("recommendation",), "source_report", "report")
MENTIONS = tuple(
    RecordReference(name, "recommendation", "source_report", "REP") for name in ("R-8", "R-9")
)
OF_REPORT = {"report": "REP"}


def test_an_answer_is_added_for_each_record_that_has_none() -> None:
    """Once for all steps; whether each can be closed, nobody knows."""
    later = State(OPEN, transitions=(way(ASKED, ChildrenClosed()),))
    lifecycle = rules(way(ChildrenClosed(), ASKED, trigger="start", to="later"), later=later)
    child = relative("C-1", {"portal": "open"}, way(), fields={"answers": "R-8"})
    around = RouteContext(children=(child,), mentions=MENTIONS, may_have_children=True)
    found = ask(lifecycle, around=around, fields=OF_REPORT)
    assert found.verdict == "undetermined"
    first, second = found.steps
    assert first.needs == (AnswersNeed(("R-9",), "answers", ()), ChildrenNeed(("C-1",), ()))
    assert [each.record for each in first.before] == ["C-1"]
    assert second.needs == ()
    childless = RouteContext(children=(child,), mentions=MENTIONS)
    assert ask(lifecycle, around=childless, fields=OF_REPORT).verdict == "impossible"


def test_an_answer_is_a_child_as_well() -> None:
    """None is added beside it where any child will do."""
    around = RouteContext(mentions=MENTIONS, may_have_children=True)
    step = only(ask(rules(way(ChildrenClosed(), ASKED)), around=around, fields=OF_REPORT))
    assert step.needs == (AnswersNeed(("R-8", "R-9"), "answers", ("portal",)),)


def test_what_is_to_be_answered_is_known_once_it_is_named() -> None:
    """Until then nobody can tell what else names it."""
    step = only(ask(rules(way(ASKED)), around=RouteContext(mentions=MENTIONS)))
    assert step.needs == (FieldNeed("report"),)
    assert step.undetermined == ("which records name what the field `report` will",)
    undeclared = RouteContext(fields=frozenset())
    assert ask(rules(way(ASKED)), around=undeclared).verdict == "impossible"
    assert only(ask(rules(way(ASKED)), fields=OF_REPORT)).needs == ()


def test_a_closed_parent_is_re_opened_first() -> None:
    """It has no open child; where it cannot be re-opened, there is no way."""
    lifecycle = rules(
        way(), closed=State({"portal": "closed"}, transitions=(way(trigger="back", to="open"),))
    )
    parent = relative("P-1", {"portal": "closed"}, way(Waited(30), to="freed"))
    freed = {**parent.lifecycle.states, "freed": State(OPEN)}
    parent = type(parent)(
        parent.record, rules(*parent.lifecycle.states["open"].transitions, **freed), parent.around
    )
    step = only(ask(lifecycle, to="open", state="closed", around=RouteContext(parent=parent)))
    assert ParentNeed("P-1", ("portal",)) in step.needs
    assert step.earliest == step.before[0].steps[0].earliest == day(20)
    stuck = RouteContext(parent=relative("P-1", {"portal": "closed"}))
    assert ask(lifecycle, to="open", state="closed", around=stuck).verdict == "impossible"
    above = RouteContext(closed_above=frozenset({"portal"}))
    assert ask(lifecycle, to="open", state="closed", around=above).verdict == "impossible"


def test_a_child_is_asked_for_its_way_once() -> None:
    """However many steps wait for it, each says the same way."""
    children = (relative("C-1", {"portal": "open"}, way()),)
    either = rules(
        way(ChildrenClosed(), ReasonGiven()),
        way(ChildrenClosed(), trigger="end", by=("audit_committee",)),
    )
    step = only(ask(either, around=RouteContext(children=children)))
    assert (step.trigger, [each.record for each in step.before]) == ("close", ["C-1"])


def test_a_parent_that_is_open_is_left_as_it_is() -> None:
    """Nothing is in the way of its child."""
    lifecycle = rules(
        way(), closed=State({"portal": "closed"}, transitions=(way(trigger="back", to="open"),))
    )
    around = RouteContext(parent=relative("P-1", {"portal": "open"}))
    step = only(ask(lifecycle, to="open", state="closed", around=around))
    assert (step.needs, step.before) == ((), ())
