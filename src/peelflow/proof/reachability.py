"""Breadth-first search finds what a record can reach, and the shortest violation.

The graph of a lifecycle ignores what its transitions need; the state space counts it. A monitor
says how near a walk has come to violating a guarantee: a level, the lower the nearer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from attrs import define, evolve, field, frozen

from peelflow.model.rules import Lifecycle, Transition, is_automatic
from peelflow.proof.normal_form import TooLargeError
from peelflow.proof.transition_system import Edge, Guard, TransitionSystem

Graph = Mapping[str, tuple[str, ...]]


def graph_of(lifecycle: Lifecycle, keep: Callable[[Transition], bool] = lambda _: True) -> Graph:
    """Return the targets of each state's transitions, those that `keep` says and that exist."""
    return {
        name: tuple(way.to for way in state.transitions if keep(way) and way.to in lifecycle.states)
        for name, state in lifecycle.states.items()
    }


def reachable_from(graph: Graph, starts: Iterable[str]) -> frozenset[str]:
    """Return what can be reached from `starts`, those included."""
    waiting = [start for start in starts if start in graph]
    seen = set(waiting)
    while waiting:
        for target in graph[waiting.pop()]:
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return frozenset(seen)


def reversed_graph(graph: Graph) -> Graph:
    """Return the same graph with every edge turned round."""
    turned: dict[str, list[str]] = {name: [] for name in graph}
    for name, targets in graph.items():
        for target in targets:
            turned[target].append(name)
    return {name: tuple(sources) for name, sources in turned.items()}


def states_reachable(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the states that some walk from the initial state enters."""
    return reachable_from(graph_of(lifecycle), [lifecycle.initial])


def states_reaching(lifecycle: Lifecycle, targets: Iterable[str]) -> frozenset[str]:
    """Return the states from which some walk enters one of `targets`, those included."""
    return reachable_from(reversed_graph(graph_of(lifecycle)), targets)


def system_cycle(lifecycle: Lifecycle) -> tuple[str, ...]:
    """Return a cycle of states that untimed system transitions would run round, or nothing."""
    graph = graph_of(lifecycle, is_automatic)
    turned = reversed_graph(graph)
    # INVARIANT: what is left once every state without a way in or out is gone runs in cycles.
    left = dict(graph)
    waiting = list(graph)
    while waiting:
        name = waiting.pop()
        if name in left and not any(target in left for target in graph[name]):
            del left[name]
            waiting += turned[name]
    if not left:
        return ()
    walk = [next(iter(left))]
    while len(set(walk)) == len(walk):
        walk.append(next(target for target in graph[walk[-1]] if target in left))
    return tuple(walk[walk.index(walk[-1]) : -1])


@frozen(eq=False)
class Monitor:
    """What each edge does to the level of a walk.

    Args:
        rise: For each edge, the level it leads to from each level.
        breach: For each edge, the highest level at which taking it is a breach; -1 for none.
        start: The level of a new record.
    """

    rise: tuple[tuple[int, ...], ...]
    breach: tuple[int, ...]
    start: int

    def only(self, edges: Iterable[Edge]) -> Monitor:
        """Return the same levels, where only these edges can be a breach."""
        kept = {edge.number for edge in edges}
        breach = (level if n in kept else -1 for n, level in enumerate(self.breach))
        return evolve(self, breach=tuple(breach))


def precedence_monitor(
    named: tuple[str, ...],
    words: list[frozenset[str]],
    board: TransitionSystem,
    inside: frozenset[int],
    begun: frozenset[int] | None,
) -> Monitor:
    """Return the levels of `never without [named], each, in that order`.

    Level 0 is that nothing counts yet, level 1 + n that the first n were done.

    Args:
        named: The triggers.
        words: For each edge, the names of its trigger.
        board: The lifecycle in numbers.
        inside: The states not to be entered without.
        begun: The states whose entering starts the count; leaving `inside` does when it is None.
    """
    last = len(named) + 1
    rise: list[tuple[int, ...]] = []
    breach: list[int] = []
    again = (1,) * (last + 1)
    for edge, said in zip(board.edges, words, strict=True):
        onward = {place + 1 for place, name in enumerate(named) if name in said}
        done = tuple(level + (level in onward) for level in range(last + 1))
        enters = edge.target in inside and edge.source not in inside
        breach.append(last - 1 - (last - 1 in onward) if enters else -1)
        if begun is None:
            starts = edge.source in inside and edge.target not in inside
        else:
            starts = edge.target in begun and edge.source not in begun
        rise.append(again if starts else done)
    start = int(begun is None or board.initial in begun)
    return Monitor(tuple(rise), tuple(breach), start)


def absence_after_monitor(
    board: TransitionSystem, first: frozenset[int], later: frozenset[int]
) -> Monitor:
    """Return the levels of `first is never followed by later`: 0 once a record stood in `first`."""
    return Monitor(
        tuple((0, 0 if edge.target in first else 1) for edge in board.edges),
        tuple(0 if edge.target in later else -1 for edge in board.edges),
        0 if board.initial in first else 1,
    )


MOST_NODES = 2_000_000


@define(eq=False)
class ReachableStates:
    """Every node a walk can reach, in the order of the shortest walks there.

    A node is its facts times the number of states, plus its state. `came` says from which node
    and by which edge a walk came to it.
    """

    board: TransitionSystem
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


def explore(board: TransitionSystem, *, sure: bool) -> ReachableStates:
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
            if guards is None or _is_any_guard_met(guards, facts):
                then = (facts & keep | put) * size + target
                if then not in seen:
                    seen.add(then)
                    came[then] = (node, number)
                    order.append(then)
        if len(order) > MOST_NODES:
            raise TooLargeError
    return ReachableStates(board, sure, order, came)


def _is_any_guard_met(guards: tuple[Guard, ...], facts: int) -> bool:
    return any(facts & need == need and not facts & forbidden for need, forbidden in guards)


def shortest_violation(
    board: TransitionSystem, levels: Monitor, *, sure: bool
) -> list[Edge] | None:
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
            if guards is None or _is_any_guard_met(guards, facts):
                if level <= breach[number]:
                    return [*_walk_to(board, came, (node, level)), board.edges[number]]
                then, up = (facts & keep | put) * size + target, rise[number][level]
                if up < best.get(then, up + 1):
                    best[then] = up
                    came[then, up] = (node, level, number)
                    queue.append((then, up))
        if len(queue) > MOST_NODES:
            raise TooLargeError
    return None


def _walk_to(
    board: TransitionSystem, came: dict[tuple[int, int], tuple[int, int, int]], end: tuple[int, int]
) -> list[Edge]:
    edges: list[Edge] = []
    while end in came:
        node, level, number = came[end]
        edges.append(board.edges[number])
        end = (node, level)
    return edges[::-1]


def first_trapped_node(
    reach: ReachableStates, all_: ReachableStates, targets: frozenset[int], *, sure: bool
) -> int | None:
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
                if guards is None or _is_any_guard_met(guards, facts):
                    back.setdefault((facts & keep | put) * size + target, []).append(node)
    waiting = [node for node in all_.order if node % size in targets]
    good = set(waiting)
    while waiting:
        for node in back.get(waiting.pop(), ()):
            if node not in good:
                good.add(node)
                waiting.append(node)
    return next((n for n in reach.order if n not in good and n % size not in ends), None)


@define(eq=False, slots=False)
class StateSpace:
    """A lifecycle in numbers, and what can be reached there."""

    board: TransitionSystem

    @cached_property
    def reach(self) -> ReachableStates:
        """What can be reached if predicates say yes."""
        return explore(self.board, sure=False)

    @cached_property
    def sure_reach(self) -> ReachableStates:
        """What can be reached whatever predicates say."""
        return explore(self.board, sure=True) if self.board.is_opaque else self.reach
