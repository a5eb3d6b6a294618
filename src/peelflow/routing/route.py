"""Search for the shortest lawful route of a record to a goal, from where it stands.

Shortest means the fewest acts on the record itself; among those, the fewest that something nobody
can foresee decides, then the fewest acts on others and preparations. The search is best-first over
the states and what of the past decides later steps, so it ends; a search that grows too large is
given up as undetermined.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import date
from heapq import heappop, heappush
from itertools import count

from attrs import evolve, field

from peelflow.model.decisions import PRECONDITIONS, InspectionNeed
from peelflow.model.records import Record
from peelflow.model.routes import RelatedRecord, Route, RouteContext, RouteStep, RouteVerdict
from peelflow.model.rules import Lifecycle
from peelflow.results import define, frozen
from peelflow.routing.act_plan import SearchState
from peelflow.routing.goal_analysis import (
    Goal,
    GoalAnalysis,
    analyse_goal,
    relevant_past,
    without_irrelevant_past,
)
from peelflow.routing.successors import successors

MOST_ACTS = 100_000
Cost = tuple[int, int, int, int]


def route(
    lifecycle: Lifecycle,
    record: Record,
    goal: Goal,
    around: RouteContext,
    *,
    on: date,
    most: int = MOST_ACTS,
) -> Route:
    """Return the shortest lawful way of `record` to `goal`, or that there is none. Pure.

    Args:
        lifecycle: The rules that the record pins.
        record: The record as it stands.
        goal: Where to; its first set of states that can be reached is meant.
        around: What stands around the record.
        on: The day from which acts can be dated.
        most: How many acts are tried before the search is given up as too large.
    """
    subject = RelatedRecord(record, lifecycle, around)
    try:
        result = _Search(most).find(subject, goal, on)
    except _TooLargeError:
        why = f"{most} acts were tried, and the rules allow many more"
        return _route_result(subject, goal, "undetermined", why=why)
    if result is None:
        why = _why_not(lifecycle, record, goal)
        return _route_result(subject, goal, "impossible", why=why)
    return result[0]


class _TooLargeError(Exception):
    """More acts would have to be tried than are worth it."""


@frozen(eq=False)
class _Node:
    """A state of the search, how it was come by, and what it cost."""

    state: SearchState
    cost: Cost
    step: RouteStep | None = None
    previous: _Node | None = None


@define(eq=False)
class _Search:
    """One search, with those of parents and children inside it: what it may still try."""

    remaining_acts: int
    _known: dict[Hashable, tuple[Route, SearchState] | None] = field(factory=dict)

    def find(
        self, subject: RelatedRecord, goal: Goal, on: date
    ) -> tuple[Route, SearchState] | None:
        """Return the way to a goal and how the record then stands."""
        for states in goal.states:
            last = self._last(subject, states, on)
            if last is not None:
                steps = tuple(_steps_to(last))
                undetermined = any(step.undetermined for step in steps)
                verdict: RouteVerdict = "undetermined" if undetermined else "possible"
                return _route_result(subject, goal, verdict, steps), last.state
        return None

    def find_relative(
        self, subject: RelatedRecord, goal: Goal, on: date, closed_above: frozenset[str]
    ) -> tuple[Route, SearchState] | None:
        """Find a parent's or a child's way; the same question is asked many times."""
        question = (subject, goal, on, closed_above)
        if question not in self._known:
            around = evolve(subject.around, closed_above=closed_above)
            relative = RelatedRecord(subject.record, subject.lifecycle, around)
            self._known[question] = self.find(relative, goal, on)
        return self._known[question]

    def _last(self, subject: RelatedRecord, goals: frozenset[str], on: date) -> _Node | None:
        """Return the end of the cheapest way to one of these states."""
        analysis = analyse_goal(subject.lifecycle, goals)
        record, around = subject.record, subject.around
        if record.state not in analysis.distance:
            return None
        begun = without_irrelevant_past(record, analysis)
        state = SearchState(begun, max(record.on, on), around.children, around.parent)
        root = _Node(state, (0, 0, 0, 0))
        counter, visited = count(), set[Hashable]()
        waiting = [(_estimated_cost(root, analysis), next(counter), root)]
        while waiting:
            _, _, node = heappop(waiting)
            if node.state.record.state in goals:
                return node
            key = _visited_key(node.state, analysis)
            if key in visited:
                continue
            visited.add(key)
            for successor in successors(analysis, node.state, around, self.find_relative):
                self.remaining_acts -= 1
                if self.remaining_acts < 0:
                    raise _TooLargeError
                cost = _cost_after(node.cost, successor.step)
                following = _Node(successor.state, cost, successor.step, node)
                if _visited_key(successor.state, analysis) not in visited:
                    estimate = _estimated_cost(following, analysis)
                    heappush(waiting, (estimate, next(counter), following))
        return None


def _visited_key(state: SearchState, analysis: GoalAnalysis) -> Hashable:
    children = tuple(child.record.state for child in state.children)
    parent = state.parent.record.state if state.parent else None
    # INVARIANT: what was chosen on the way is what `relevant_past` says of choices now, and not
    # before.
    return relevant_past(state.record, analysis), children, parent, state.added_children


def _cost_after(cost: Cost, step: RouteStep) -> Cost:
    acts, undetermined, prepared, _ = cost
    prepared += sum(isinstance(need, PRECONDITIONS) for need in step.needs)
    prepared += sum(route.acts for route in step.before)
    return acts + 1, undetermined + bool(step.undetermined), prepared, step.earliest.toordinal()


def _estimated_cost(node: _Node, analysis: GoalAnalysis) -> Cost:
    acts, undetermined, prepared, day = node.cost
    return acts + analysis.distance[node.state.record.state], undetermined, prepared, day


def _steps_to(last: _Node) -> Iterator[RouteStep]:
    """Yield the steps to a node, first to last, each with the last day on which it may be done."""
    steps: list[RouteStep] = []
    node: _Node | None = last
    while node is not None and node.step is not None:
        steps.append(node.step)
        node = node.previous
    steps.reverse()
    for number, step in enumerate(steps):
        deadline = _inspection_deadline(steps, number)
        latest = min(filter(None, (step.latest, deadline)), default=None)
        yield evolve(step, latest=latest)


def _inspection_deadline(steps: list[RouteStep], number: int) -> date | None:
    """Return when the known inspections of a later step end, if this step begins their window."""
    if not steps[number].national:
        return None
    for step in steps[number + 1 :]:
        known = [
            each for need in step.needs if isinstance(need, InspectionNeed) for each in need.known
        ]
        if known:
            return max(inspection.last_day for inspection in known)
        if step.national:
            return None
    return None


def _route_result(
    subject: RelatedRecord,
    goal: Goal,
    verdict: RouteVerdict,
    steps: tuple[RouteStep, ...] = (),
    why: str | None = None,
) -> Route:
    record, lifecycle = subject.record, str(subject.lifecycle)
    return Route(record.id, lifecycle, record.state, goal.text, verdict, steps, why)


def _why_not(lifecycle: Lifecycle, record: Record, goal: Goal) -> str:
    state = lifecycle.states[record.state]
    if not state.transitions:
        return f"`{record.state}` is an end, and no step leads out of it"
    if record.state not in analyse_goal(lifecycle, goal.states[-1]).distance:
        return f"no steps of {lifecycle} lead there from `{record.state}`"
    return "steps lead there, but every walk takes one that nothing from here can make lawful"
