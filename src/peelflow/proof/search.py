"""Breadth-first search over states and facts: what can be reached, and the shortest walk there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import define, field

from peelflow.proof.board import Board, Edge
from peelflow.proof.clauses import TooLargeError
from peelflow.proof.facts import Guard
from peelflow.proof.levels import Levels

MOST_NODES = 2_000_000


@define(eq=False)
class Reach:
    """Every node a walk can reach, in the order of the shortest walks there.

    A node is its facts times the number of states, plus its state. `came` says from which node
    and by which edge a walk came to it.
    """

    board: Board
    sure: bool
    order: list[int]
    came: dict[int, tuple[int, int]]
    _places: dict[int, list[tuple[int, int]]] | None = field(default=None)

    def walk(self, node: int) -> list[Edge]:
        """Return the edges of the shortest walk to a node."""
        edges: list[Edge] = []
        while node in self.came:
            node, number = self.came[node]
            edges.append(self.board.edges[number])
        return edges[::-1]

    def at(self, state: int) -> list[tuple[int, int]]:
        """Return where in the order a state is reached, each time with the facts there."""
        if self._places is None:
            self._places = {}
            size = len(self.board.names)
            for place, node in enumerate(self.order):
                facts, here = divmod(node, size)
                self._places.setdefault(here, []).append((place, facts))
        return self._places.get(state, [])

    def taken(self, edges: Iterable[Edge]) -> Iterator[tuple[int, int, Edge]]:
        """Yield each edge with the first place and facts from which it can be taken."""
        for edge in edges:
            for place, facts in self.at(edge.source):
                if edge.is_open(facts, sure=self.sure):
                    yield place, facts, edge
                    break

    def shortest(self, edges: Iterable[Edge]) -> list[Edge] | None:
        """Return the shortest walk that ends with one of these edges."""
        found = min(self.taken(edges), key=lambda taken: (taken[0], taken[2].number), default=None)
        return None if found is None else [*self.walk(self.order[found[0]]), found[2]]


def explore(board: Board, *, sure: bool) -> Reach:
    """Return everything that can be reached from the initial state.

    Args:
        board: The lifecycle in numbers.
        sure: Take only edges that no predicate decides.

    Raises:
        TooLargeError: There is more to reach than we look at.
    """
    steps, size = board.steps(sure=sure), len(board.names)
    start = board.first * size + board.initial
    order, came, seen = [start], {}, {start}
    for node in order:
        facts, here = divmod(node, size)
        for number, target, guards, keep, put in steps[here]:
            if guards is None or _open(guards, facts):
                then = (facts & keep | put) * size + target
                if then not in seen:
                    seen.add(then)
                    came[then] = (node, number)
                    order.append(then)
        if len(order) > MOST_NODES:
            raise TooLargeError
    return Reach(board, sure, order, came)


def _open(guards: tuple[Guard, ...], facts: int) -> bool:
    return any(facts & need == need and not facts & forbidden for need, forbidden in guards)


def climb(board: Board, levels: Levels, *, sure: bool) -> list[Edge] | None:
    """Return the shortest walk that takes an edge at a level at which that is a breach.

    INVARIANT: from a lower level every walk leads to a level at most as high, so a node seen once
    at some level need not be looked at again at that or a higher one.

    Raises:
        TooLargeError: There is more to reach than we look at.
    """
    rise, breach, start = levels.rise, levels.breach, levels.start
    steps, size = board.steps(sure=sure), len(board.names)
    first = board.first * size + board.initial
    best = {first: start}
    came: dict[tuple[int, int], tuple[int, int, int]] = {}
    queue = [(first, start)]
    for node, level in queue:
        facts, here = divmod(node, size)
        for number, target, guards, keep, put in steps[here]:
            if guards is None or _open(guards, facts):
                if level <= breach[number]:
                    return [*_climbed(board, came, (node, level)), board.edges[number]]
                then, up = (facts & keep | put) * size + target, rise[number][level]
                if up < best.get(then, up + 1):
                    best[then] = up
                    came[then, up] = (node, level, number)
                    queue.append((then, up))
        if len(queue) > MOST_NODES:
            raise TooLargeError
    return None


def _climbed(
    board: Board, came: dict[tuple[int, int], tuple[int, int, int]], end: tuple[int, int]
) -> list[Edge]:
    edges: list[Edge] = []
    while end in came:
        node, level, number = came[end]
        edges.append(board.edges[number])
        end = (node, level)
    return edges[::-1]


def stuck(reach: Reach, all_: Reach, targets: frozenset[int], *, sure: bool) -> int | None:
    """Return the first node of `reach` that is no end and from which no target can be reached.

    Args:
        reach: Where a record may stand.
        all_: Every node there is; what is reachable from `reach` by the exits counted is in it.
        targets: The states to reach.
        sure: Count only exits that no predicate decides.
    """
    board = reach.board
    size = len(board.names)
    ends = {n for n, s in enumerate(board.lifecycle.states.values()) if s.final}
    steps = board.steps(sure=sure)
    back: dict[int, list[int]] = {}
    for node in all_.order:
        facts, here = divmod(node, size)
        if here not in ends:
            for _, target, guards, keep, put in steps[here]:
                if guards is None or _open(guards, facts):
                    back.setdefault((facts & keep | put) * size + target, []).append(node)
    waiting = [node for node in all_.order if node % size in targets]
    good = set(waiting)
    while waiting:
        for node in back.get(waiting.pop(), ()):
            if node not in good:
                good.add(node)
                waiting.append(node)
    return next((n for n in reach.order if n not in good and n % size not in ends), None)
