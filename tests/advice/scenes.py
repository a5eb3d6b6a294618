"""Small rules and a record under them, to ask for one way at a time."""

from __future__ import annotations

from datetime import date
from typing import Any

from attrs import evolve

from peelflow.model.decisions import Inspection, RelatedRecord, Route, RouteContext, RouteStep
from peelflow.model.records import Record
from peelflow.model.rules import Counts, Lifecycle, State, Transition
from peelflow.routing.goal_analysis import Goal
from peelflow.routing.route import route
from tests.engine.samples import A_RECORD, CLOSED, OPEN, appointed, day, rules

CLOSED_STATE = State(CLOSED, final=True)
NOBODY = RouteContext()
SIGNER = appointed("Ann", "chief_constable")


def ask(
    lifecycle: Lifecycle,
    *,
    to: str = "closed",
    around: RouteContext = NOBODY,
    on: date | None = None,
    most: int = 1000,
    **record: Any,
) -> Route:
    """Return the way of the record to a state, from day 3 unless said otherwise."""
    known = evolve(A_RECORD, **record)
    goal = Goal(f"`{to}`", (frozenset({to}),))
    return route(lifecycle, known, goal, around, on=on or day(3), most=most)


def only(found: Route) -> RouteStep:
    """Return the only step of a way that there is."""
    assert found.verdict != "impossible"
    (step,) = found.steps
    return step


def relative(
    name: str, counts: dict[str, Counts], *ways: Transition, **record: Any
) -> RelatedRecord:
    """Return a child or a parent in the state `open`, which counts so, with these ways out."""
    lifecycle = evolve(rules(*ways), states={"open": State(counts, transitions=ways)})
    lifecycle = evolve(lifecycle, states={**lifecycle.states, "closed": CLOSED_STATE})
    return RelatedRecord(evolve(A_RECORD, id=name, **record), lifecycle, NOBODY)


def known_inspection(first: int, last: int, **parts: Any) -> Inspection:
    """Return an inspection of question 7, planned, from one day to another."""
    usual = Inspection(
        f"I-{first}", "planned", day(first), day(last), frozenset({"7"}), force=A_RECORD.force
    )
    return evolve(usual, **parts)


def a_record(**parts: Any) -> Record:
    """Return the usual record with some parts changed."""
    return evolve(A_RECORD, **parts)


__all__ = [
    "CLOSED_STATE",
    "OPEN",
    "SIGNER",
    "a_record",
    "ask",
    "known_inspection",
    "only",
    "relative",
]
