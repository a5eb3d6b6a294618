"""Moments of a record that requirements count from, and whether an order of them can be.

Moments are the window, the last entering of a state, and the last doing of a trigger. Of two
events the later one has the greater number and no earlier date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Literal

from attrs import define, field, frozen

Point = tuple[Literal["window", "entered", "done"], str]
WINDOW: Point = ("window", "")


def point_of(since: str | None) -> Point:
    """Return the moment that `since` names: the window when it names none."""
    return WINDOW if since is None else ("entered", since)


@frozen
class Known:
    """What is known of a record's past: its moments by rank (those that never were are missing).

    `by_system` are the triggers that peelflow itself did last.
    """

    ranks: Mapping[Point, int]
    by_system: frozenset[str] = frozenset()


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
            return _acyclic(self.earlier) and self._fits(self.earlier)
        ranks = known.ranks
        if any(ranks[one] >= ranks[other] for one, other, _ in self.earlier):
            return False
        line = sorted(ranks, key=lambda point: ranks[point])
        monotone = {
            pair
            for one, other in pairwise(line)
            for pair in ((one, other, 0), *([(other, one, 0)] * (ranks[one] == ranks[other])))
        }
        return self._fits(self.earlier | monotone)

    def _fits(self, earlier: Iterable[tuple[Point, Point, int]]) -> bool:
        ago = dict(self.least)
        edges = tuple(earlier)
        # INVARIANT: the longest chain without a cycle of positive length has fewer edges than this.
        for _ in range(len(edges) + 1):
            moved = False
            for one, other, days in edges:
                if ago.get(one, 0) < ago.get(other, 0) + days:
                    ago[one], moved = ago.get(other, 0) + days, True
            if not moved:
                return all(ago.get(point, 0) <= days for point, days in self.most.items())
        return False


def _acyclic(earlier: Iterable[tuple[Point, Point, int]]) -> bool:
    left = {(one, other) for one, other, _ in earlier}
    while left:
        later = {other for _, other in left}
        kept = {(one, other) for one, other in left if one in later}
        if len(kept) == len(left):
            return False
        left = kept
    return True
