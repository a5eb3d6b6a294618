"""Breadth-first search finds what a record can reach, and the shortest violation.

The graph of a lifecycle ignores what its transitions need; the state space counts it. A monitor
says how near a walk has come to violating a guarantee: a level, the lower the nearer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from attrs import evolve, field

from peelflow.model.rules import Lifecycle, Transition, is_automatic
from peelflow.proof.transition_system import Edge, TransitionSystem
from peelflow.results import define, frozen

Graph = Mapping[str, Sequence[str]]


def graph_of(lifecycle: Lifecycle, keep: Callable[[Transition], bool] = lambda _: True) -> Graph:
    """Return the targets of each state's transitions, those that `keep` says and that exist."""
    return {
        name: tuple(s.to for s in state.transitions if keep(s) and s.to in lifecycle.states)
        for name, state in lifecycle.states.items()
    }


def reachable_from(graph: Graph, starts: Iterable[str]) -> frozenset[str]:
    """Return what can be reached from `starts`, those included."""
    waiting = [start for start in starts if start in graph]
    reached = set(waiting)
    while waiting:
        for target in graph[waiting.pop()]:
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return frozenset(reached)


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
        next_level: For each edge, the level it leads to from each level.
        violates: For each edge, the highest level at which taking it is a violation; -1 for none.
        start: The level of a new record.
    """

    next_level: tuple[tuple[int, ...], ...]
    violates: tuple[int, ...]
    start: int

    def restricted_to(self, edges: Iterable[Edge]) -> Monitor:
        """Return the same levels, where only these edges can be a violation."""
        kept = {edge.number for edge in edges}
        violates = (level if n in kept else -1 for n, level in enumerate(self.violates))
        return evolve(self, violates=tuple(violates))


def precedence_monitor(
    system: TransitionSystem,
    triggers: tuple[str, ...],
    names: list[frozenset[str]],
    *,
    inside: frozenset[int],
    since: frozenset[int] | None,
) -> Monitor:
    """Return the monitor of `never without [triggers], each, in that order`.

    Level 0 is that nothing counts yet, level 1 + n that the first n were done.

    Args:
        system: The lifecycle in numbers.
        triggers: The triggers, in order.
        names: For each edge, the names of its trigger.
        inside: The states not to be entered without.
        since: The states whose entering starts the count; leaving `inside` does when it is None.
    """
    last = len(triggers) + 1
    next_level: list[tuple[int, ...]] = []
    violates: list[int] = []
    again = (1,) * (last + 1)
    levels: dict[frozenset[str], tuple[frozenset[int], tuple[int, ...]]] = {}
    for edge, called in zip(system.edges, names, strict=True):
        if called not in levels:
            system.budget.spend(last)
            counts = frozenset(n + 1 for n, name in enumerate(triggers) if name in called)
            levels[called] = counts, tuple(n + (n in counts) for n in range(last + 1))
        onward, done = levels[called]
        enters = edge.target in inside and edge.source not in inside
        violates.append(last - 1 - (last - 1 in onward) if enters else -1)
        if since is None:
            starts = edge.source in inside and edge.target not in inside
        else:
            starts = edge.target in since and edge.source not in since
        next_level.append(again if starts else done)
    start = int(since is None or system.initial in since)
    return Monitor(tuple(next_level), tuple(violates), start)


def absence_after_monitor(
    system: TransitionSystem, first: frozenset[int], later: frozenset[int]
) -> Monitor:
    """Return the monitor of `first is never followed by later`: 0 once it stood in `first`."""
    return Monitor(
        tuple((0, 0 if edge.target in first else 1) for edge in system.edges),
        tuple(0 if edge.target in later else -1 for edge in system.edges),
        0 if system.initial in first else 1,
    )


NODE_STEPS = 8
"""What keeping a node costs, besides following the edges out of it."""


@define(eq=False, slots=False)
class ShortestWalks:
    """What was come to, in the order of the shortest walks there.

    Places are kept in lists of numbers: a large system has a hundred thousand of them.

    Args:
        system: The lifecycle in numbers.
        nodes: What was come to; the first is where walks begin.
    """

    system: TransitionSystem
    nodes: list[int]
    _came_from: list[int] = field(factory=lambda: [-1], init=False)
    _came_by: list[int] = field(factory=lambda: [-1], init=False)

    def add(self, node: int, place: int, edge: int) -> None:
        """Add a node.

        Args:
            node: The node.
            place: From which place walks come to it.
            edge: By which edge.
        """
        self.nodes.append(node)
        self._came_from.append(place)
        self._came_by.append(edge)

    def walk_to(self, place: int) -> list[Edge]:
        """Return the edges of the shortest walk to a place.

        Args:
            place: The place, in the order in which nodes were come to.
        """
        edges: list[Edge] = []
        while place:
            edges.append(self.system.edges[self._came_by[place]])
            place = self._came_from[place]
        return edges[::-1]


@define(eq=False, slots=False)
class ReachableStates(ShortestWalks):
    """Every node a walk can reach, in the order of the shortest walks there.

    A node is its facts times the number of states, plus its state.

    Args:
        must: Only edges are taken which no predicate decides.
    """

    must: bool = field(kw_only=True)
    places: dict[int, int] = field(factory=dict, init=False)

    def walk(self, node: int) -> list[Edge]:
        """Return the edges of the shortest walk to a node."""
        return self.walk_to(self.places[node])

    @cached_property
    def _visits(self) -> dict[int, list[tuple[int, int]]]:
        visits: dict[int, list[tuple[int, int]]] = {}
        size = len(self.system.names)
        for place, node in enumerate(self.nodes):
            facts, here = divmod(node, size)
            visits.setdefault(here, []).append((place, facts))
        return visits

    def visits(self, state: int) -> list[tuple[int, int]]:
        """Return where in the order a state is reached, each time with the facts there."""
        return self._visits.get(state, [])

    def enabled(self, edges: Iterable[Edge]) -> Iterator[tuple[int, int, Edge]]:
        """Yield each edge with the first place and facts from which it can be taken."""
        for edge in edges:
            visits = self.visits(edge.source)
            self.system.budget.spend(len(visits))
            for place, facts in visits:
                if edge.gate.is_open(facts, must=self.must):
                    yield place, facts, edge
                    break

    def shortest(self, edges: Iterable[Edge]) -> list[Edge] | None:
        """Return the shortest walk that ends with one of these edges."""
        first = min(self.enabled(edges), key=lambda last: (last[0], last[2].number), default=None)
        return None if first is None else [*self.walk_to(first[0]), first[2]]


def explore(system: TransitionSystem, *, must: bool) -> ReachableStates:
    """Return all that can be reached from the start; `must`: by edges that no predicate decides.

    Raises:
        InvalidRules: There is more to reach than the budget has steps for.
    """
    outgoing, masks, size = system.outgoing(must=must), system.masks, len(system.names)
    start = system.initial_facts * size + system.initial
    reach = ReachableStates(system, [start], must=must)
    places, add = reach.places, reach.add
    places[start] = 0
    width = system.facts.width
    costs = [width * (NODE_STEPS + len(edges)) for edges in outgoing]
    spend = system.budget.spend
    for place, node in enumerate(reach.nodes):
        facts, state = divmod(node, size)
        spend(costs[state])
        for number, target, gate in outgoing[state]:
            kept, added = masks[number]
            next_node = (facts & kept | added) * size + target
            if next_node not in places and (gate is None or gate.is_open(facts, must=must)):
                places[next_node] = len(places)
                add(next_node, place, number)
    return reach


def shortest_violation(
    system: TransitionSystem, monitor: Monitor, *, must: bool
) -> list[Edge] | None:
    """Return the shortest walk that takes an edge at a level at which that is a violation.

    INVARIANT: from a lower level every walk leads to a level at most as high, so a node seen once
    at some level need not be looked at again at that or a higher one.

    Raises:
        InvalidRules: There is more to reach than the budget has steps for.
    """
    levels_after, violates = monitor.next_level, monitor.violates
    outgoing, masks, size = system.outgoing(must=must), system.masks, len(system.names)
    start = system.initial_facts * size + system.initial
    lowest, levels, search = {start: monitor.start}, [monitor.start], ShortestWalks(system, [start])
    for place, node in enumerate(search.nodes):
        level, (facts, state) = levels[place], divmod(node, size)
        system.budget.spend(system.facts.width * (NODE_STEPS + len(outgoing[state])))
        for number, target, gate in outgoing[state]:
            if gate is not None and not gate.is_open(facts, must=must):
                continue
            if level <= violates[number]:
                return [*search.walk_to(place), system.edges[number]]
            next_level, (kept, added) = levels_after[number][level], masks[number]
            next_node = (facts & kept | added) * size + target
            if next_level < lowest.get(next_node, next_level + 1):
                lowest[next_node] = next_level
                levels.append(next_level)
                search.add(next_node, place, number)
    return None


def first_trapped_node(
    reach: ReachableStates, every_node: ReachableStates, targets: frozenset[int], *, must: bool
) -> int | None:
    """Return the first node of `reach` that is no end and from which no target can be reached.

    What `reach` leads to by the exits counted, and more, is in `every_node`.
    """
    states, size = reach.system.lifecycle.states.values(), len(reach.system.names)
    ends = {number for number, state in enumerate(states) if state.final}
    latest, sources, earlier = _steps_by_target(every_node, ends, must=must)
    waiting = [node for node in every_node.nodes if node % size in targets]
    safe = set(waiting)
    while waiting:
        step = latest.get(waiting.pop(), -1)
        while step >= 0:
            node, step = sources[step], earlier[step]
            if node not in safe:
                safe.add(node)
                waiting.append(node)
    return next((n for n in reach.nodes if n not in safe and n % size not in ends), None)


def _steps_by_target(
    reach: ReachableStates, ends: set[int], *, must: bool
) -> tuple[dict[int, int], list[int], list[int]]:
    """Return the latest step to each node, and each step's source and the step to there before it.

    No step leaves an end. A list for each node would cost Python's search for garbage a fifth more.
    """
    outgoing, masks = reach.system.outgoing(must=must), reach.system.masks
    size = len(reach.system.names)
    latest, sources, earlier = dict[int, int](), list[int](), list[int]()
    for node in reach.nodes:
        facts, state = divmod(node, size)
        reach.system.budget.spend(1 + len(outgoing[state]))
        for number, target, gate in () if state in ends else outgoing[state]:
            if gate is None or gate.is_open(facts, must=must):
                kept, added = masks[number]
                entered = (facts & kept | added) * size + target
                earlier.append(latest.get(entered, -1))
                latest[entered] = len(sources)
                sources.append(node)
    return latest, sources, earlier


@define(eq=False, slots=False)
class StateSpace:
    """A lifecycle in numbers, and what can be reached there."""

    system: TransitionSystem

    @cached_property
    def may_reach(self) -> ReachableStates:
        """What can be reached if predicates say yes."""
        return explore(self.system, must=False)

    @cached_property
    def must_reach(self) -> ReachableStates:
        """What can be reached whatever predicates say."""
        return explore(self.system, must=True) if self.system.is_opaque else self.may_reach
