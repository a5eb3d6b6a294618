"""Moments of a record that requirements count from, and whether an order of them can be.

Moments are the window, the last entering of a state, and the last doing of a trigger. Of two
events the later one has the greater number and no earlier date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Literal, TypeVar

from attrs import define, field, frozen

Point = tuple[Literal["window", "entered", "done"], str]
WINDOW: Point = ("window", "")


def point_of(since: str | None) -> Point:
    """Return the moment that `since` names: the window when it names none."""
    return WINDOW if since is None else ("entered", since)


@frozen
class Known:
    """What is known of a record's past: its moments by rank (those that never were are missing).

    `by_system` are the triggers that peelflow itself did last. `waits` are days that lay at least
    between two ranks, the earlier one first.
    """

    ranks: Mapping[Point, int]
    by_system: frozenset[str] = frozenset()
    waits: tuple[tuple[int, int, int], ...] = ()


@define
class Order:
    """Constraints on moments, each told by how many days ago it was."""

    least: dict[Point, int] = field(factory=dict)
    most: dict[Point, int] = field(factory=dict)
    earlier: set[tuple[Point, Point, int]] = field(factory=set)

    def at_least(self, point: Point, days: int) -> None:
        """`point` was `days` ago, or longer."""
        self.least[point] = max(days, self.least.get(point, 0))

    def at_most(self, point: Point, days: int) -> None:
        """`point` was `days` ago, or less."""
        self.most[point] = min(days, self.most.get(point, days))

    def before(self, one: Point, other: Point, days: int = 0) -> None:
        """`one` is another event than `other`, before it, by `days` or more."""
        self.earlier.add((one, other, days))

    def can_be(self, known: Known | None) -> bool:
        """Say whether some history has its moments so; `known` may fix which came first."""
        if known is None:
            return _acyclic(self.earlier) and _fits(self.least, self.most, self.earlier)
        ranks = known.ranks
        if any(ranks[one] >= ranks[other] for one, other, _ in self.earlier):
            return False
        least: dict[int, int] = {}
        most: dict[int, int] = {}
        for point, days in self.least.items():
            least[ranks[point]] = max(days, least.get(ranks[point], 0))
        for point, days in self.most.items():
            most[ranks[point]] = min(days, most.get(ranks[point], days))
        line = sorted({*ranks.values(), *(rank for wait in known.waits for rank in wait[:2])})
        edges = [(one, other, 0) for one, other in pairwise(line)]
        edges += [(ranks[one], ranks[other], days) for one, other, days in self.earlier]
        # The latest moments first: then one look at each edge is enough.
        edges = sorted([*edges, *known.waits], key=lambda edge: edge[1], reverse=True)
        return _fits(least, most, edges)


P = TypeVar("P")


def _fits(
    least: Mapping[P, int], most: Mapping[P, int], earlier: Iterable[tuple[P, P, int]]
) -> bool:
    """Find how many days ago each moment was at the least, and compare with the most."""
    ago, edges = dict(least), tuple(earlier)
    moved = True
    # INVARIANT: `earlier` has no cycle, so the days stop growing.
    while moved:
        moved = False
        for one, other, days in edges:
            if ago.get(one, 0) < ago.get(other, 0) + days:
                ago[one], moved = ago.get(other, 0) + days, True
    return all(ago.get(point, 0) <= days for point, days in most.items())


def _acyclic(earlier: Iterable[tuple[Point, Point, int]]) -> bool:
    left = {(one, other) for one, other, _ in earlier}
    while left:
        later = {other for _, other in left}
        kept = {(one, other) for one, other in left if one in later}
        if len(kept) == len(left):
            return False
        left = kept
    return True
