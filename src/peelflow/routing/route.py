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

from attrs import define, evolve, field, frozen

from peelflow.model.decisions import (
    PRECONDITIONS,
    InspectionNeed,
    RelatedRecord,
    Route,
    RouteContext,
    RouteStep,
    RouteVerdict,
)
from peelflow.model.records import Record
from peelflow.model.rules import Lifecycle
from peelflow.routing.act_plan import SearchState
from peelflow.routing.goal_analysis import (
    Goal,
    GoalAnalysis,
    analyse_goal,
    relevant_past,
    without_irrelevant_past,
)
from peelflow.routing.successors import Successor, successors

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
    search = _Search(most)
    try:
        found = search.find(RelatedRecord(record, lifecycle, around), goal, on)
    except _TooLargeError:
        why = f"{most} acts were tried, and the rules allow many more"
        return _route_result(lifecycle, record, goal.words, "undetermined", why=why)
    if found is None:
        why = _why_not(lifecycle, record, goal)
        return _route_result(lifecycle, record, goal.words, "impossible", why=why)
    return found[0]


class _TooLargeError(Exception):
    """More acts would have to be tried than are worth it."""


@frozen(eq=False)
class _Node:
    """A standing, how it was come by, and what it cost."""

    standing: SearchState
    cost: Cost
    step: RouteStep | None = None
    previous: _Node | None = None


@define(eq=False)
class _Search:
    """One search, with those of parents and children inside it: what it may still try."""

    left: int
    _known: dict[Hashable, tuple[Route, SearchState] | None] = field(factory=dict)

    def find(self, whose: RelatedRecord, goal: Goal, on: date) -> tuple[Route, SearchState] | None:
        """Return the way to a goal and how the record then stands."""
        for states in goal.states:
            last = self._last(whose, states, on)
            if last is not None:
                steps = tuple(_steps_to(last))
                open_ = any(step.undetermined for step in steps)
                verdict: RouteVerdict = "undetermined" if open_ else "possible"
                told = _route_result(whose.lifecycle, whose.record, goal.words, verdict, steps)
                return told, last.standing
        return None

    def relative(
        self, whose: RelatedRecord, goal: Goal, on: date, above: frozenset[str]
    ) -> tuple[Route, SearchState] | None:
        """Find a parent's or a child's way; the same question is asked many times."""
        asked = (whose, goal, on, above)
        if asked not in self._known:
            around = evolve(whose.around, closed_above=above)
            kept = RelatedRecord(whose.record, whose.lifecycle, around)
            self._known[asked] = self.find(kept, goal, on)
        return self._known[asked]

    def _last(self, whose: RelatedRecord, goals: frozenset[str], on: date) -> _Node | None:
        """Return the end of the cheapest way to one of these states."""
        terrain = analyse_goal(whose.lifecycle, goals)
        first = _root_node(whose, terrain, on)
        if whose.record.state not in terrain.away:
            return None
        order, seen = count(), set[Hashable]()
        waiting = [(_estimated_cost(first, terrain), next(order), first)]
        while waiting:
            _, _, node = heappop(waiting)
            if node.standing.record.state in goals:
                return node
            key = _visited_key(node.standing, terrain)
            if key in seen:
                continue
            seen.add(key)
            for found in successors(terrain, node.standing, whose.around, self.relative):
                self._spend()
                then = _Node(found.after, _cost_after(node.cost, found), found.step, node)
                if _visited_key(found.after, terrain) not in seen:
                    heappush(waiting, (_estimated_cost(then, terrain), next(order), then))
        return None

    def _spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _TooLargeError


def _root_node(whose: RelatedRecord, terrain: GoalAnalysis, on: date) -> _Node:
    record, around = whose.record, whose.around
    standing = SearchState(
        record=without_irrelevant_past(record, terrain),
        day=max(record.on, on),
        children=around.children,
        parent=around.parent,
    )
    return _Node(standing, (0, 0, 0, 0))


def _visited_key(standing: SearchState, terrain: GoalAnalysis) -> Hashable:
    children = tuple(each.record.state for each in standing.children)
    parent = standing.parent.record.state if standing.parent else None
    # INVARIANT: what was chosen on the way is what `facts` says of choices now, and not before.
    return relevant_past(standing.record, terrain), children, parent, standing.added


def _cost_after(cost: Cost, found: Successor) -> Cost:
    acts, open_, prepared, _ = cost
    step = found.step
    prepared += sum(isinstance(need, PRECONDITIONS) for need in step.needs)
    prepared += sum(each.acts for each in step.before)
    return acts + 1, open_ + bool(step.undetermined), prepared, step.earliest.toordinal()


def _estimated_cost(node: _Node, terrain: GoalAnalysis) -> Cost:
    acts, open_, prepared, day = node.cost
    return acts + terrain.away[node.standing.record.state], open_, prepared, day


def _steps_to(last: _Node) -> Iterator[RouteStep]:
    """Yield the steps to a node, first to last, each with the last day on which it may be done."""
    found: list[RouteStep] = []
    node: _Node | None = last
    while node is not None and node.step is not None:
        found.append(node.step)
        node = node.previous
    found.reverse()
    for number, step in enumerate(found):
        deadline = _inspection_deadline(found, number)
        latest = min(filter(None, (step.latest, deadline)), default=None)
        yield evolve(step, latest=latest)


def _inspection_deadline(steps: list[RouteStep], number: int) -> date | None:
    """Return when the known inspections of a later step end, if this step begins their window."""
    if not steps[number].national:
        return None
    for step in steps[number + 1 :]:
        known = [
            one for need in step.needs if isinstance(need, InspectionNeed) for one in need.known
        ]
        if known:
            return max(one.last_day for one in known)
        if step.national:
            return None
    return None


def _route_result(
    lifecycle: Lifecycle,
    record: Record,
    goal: str,
    verdict: RouteVerdict,
    steps: tuple[RouteStep, ...] = (),
    *,
    why: str | None = None,
) -> Route:
    return Route(record.id, str(lifecycle), record.state, goal, verdict, steps, why)


def _why_not(lifecycle: Lifecycle, record: Record, goal: Goal) -> str:
    state = lifecycle.states[record.state]
    if not state.transitions:
        return f"`{record.state}` is an end, and no step leads out of it"
    if record.state not in analyse_goal(lifecycle, goal.states[-1]).away:
        return f"no steps of {lifecycle} lead there from `{record.state}`"
    return "steps lead there, but every walk takes one that nothing from here can make lawful"
