"""A force's file makes a record wait for others no oftener than the national one does.

Steps of the force and of peelflow itself cost nothing; each step that only others can take costs
one. Wherever a record can come to stand, its cheapest way to what the national file says can always
be reached costs no more under the force's file. So what a force can reach alone nationally, it can
still reach alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cached_property

from attrs import define, frozen

from peelflow.model.rules import SYSTEM, Lifecycle, StateSet
from peelflow.proof.counterexample import TraceStep, trace_of
from peelflow.proof.guarantees import AbstractionMap, Prover
from peelflow.proof.transition_system import Edge

Way = tuple[int, Edge | None]


@frozen
class Reliance:
    """The ways from a state to a goal that wait least for others: here, and nationally.

    Args:
        state: The force's state, where a record can come to stand.
        goal: What the national file says can always be reached.
        waits: The steps of others on the way here; empty where it hangs on a predicate.
        national_way: The steps of the national way.
        national_waits: How many of those only others can take.
        is_certain: Whether that is so whatever predicates say.
    """

    state: str
    goal: StateSet
    waits: tuple[TraceStep, ...]
    national_way: tuple[TraceStep, ...]
    national_waits: int
    is_certain: bool = True


@define(eq=False, slots=False)
class GoalDistances:
    """For each node of a lifecycle's state space, the steps of others on its way to a goal."""

    prover: Prover
    goal: StateSet
    must: bool = False

    @cached_property
    def ways(self) -> dict[int, Way]:
        """For each node from which there is a way: what it costs, and its first edge."""
        reach, size = self.prover.space.may_reach, len(self.prover.space.system.names)
        inside = self.prover.view.states(self.goal)
        names = self.prover.space.system.names
        ways: dict[int, Way] = {n: (0, None) for n in reach.nodes if names[n % size] in inside}
        waiting = deque(ways)
        sources = self._sources()
        while waiting:
            node = waiting.popleft()
            cost = ways[node][0]
            for source, edge in sources.get(node, ()):
                dearer = cost + self.is_by_others(edge)
                if source not in ways or dearer < ways[source][0]:
                    ways[source] = dearer, edge
                    (waiting.append if dearer > cost else waiting.appendleft)(source)
        return ways

    def _sources(self) -> dict[int, list[tuple[int, Edge]]]:
        """Return for each node the steps that lead there; none leaves an end."""
        system, sources = self.prover.space.system, dict[int, list[tuple[int, Edge]]]()
        ends = {n for n, state in enumerate(system.lifecycle.states.values()) if state.final}
        for node in self.prover.space.may_reach.nodes:
            for target, edge in self._onward(node) if node % len(system.names) not in ends else ():
                sources.setdefault(target, []).append((node, edge))
        return sources

    def _onward(self, node: int) -> Iterator[tuple[int, Edge]]:
        system = self.prover.space.system
        facts, state = divmod(node, len(system.names))
        for number, target, _, kept, added in system.outgoing(must=self.must)[state]:
            edge = system.edges[number]
            if edge.is_open(facts, must=self.must):
                yield (facts & kept | added) * len(system.names) + target, edge

    def is_by_others(self, edge: Edge) -> bool:
        """Say whether neither the force nor peelflow itself can take an edge."""
        roles = self.prover.view.lifecycle.roles
        return not any(role == SYSTEM or roles[role].side == "force" for role in edge.roles)

    def way_from(self, node: int) -> tuple[Edge, ...]:
        """Return the cheapest way to the goal from a node that has one."""
        system, edges = self.prover.space.system, list[Edge]()
        while (edge := self.ways[node][1]) is not None:
            edges.append(edge)
            facts = node // len(system.names)
            node = (facts & edge.kept_bits | edge.set_bits) * len(system.names) + edge.target
        return tuple(edges)

    def waits_from(self, node: int) -> tuple[TraceStep, ...]:
        """Return the steps on the cheapest way from a node that only others can take."""
        others = [edge for edge in self.way_from(node) if self.is_by_others(edge)]
        return trace_of(self.prover.space.system, others)


def first_reliance(own: Prover, national: Lifecycle, goal: StateSet) -> Reliance | None:
    """Return the first state from which a record waits for others oftener than nationally.

    Args:
        own: The prover of the force's file, seen as the national file sees it.
        national: The national lifecycle.
        goal: What can always be reached there.

    Raises:
        TooLargeError: There is more to reach than a proof looks at.
    """
    here, there = GoalDistances(own, goal), GoalDistances(Prover(AbstractionMap(national)), goal)
    surely = GoalDistances(own, goal, must=True) if own.space.system.is_opaque else here
    dearest, names = _dearest_nodes(there), own.space.system.names
    for distances in dict.fromkeys((here, surely)):
        for node in own.space.may_reach.nodes:
            state = names[node % len(names)]
            nationally = dearest.get(own.view.lifecycle.stands_for(state))
            if nationally is None or own.view.lifecycle.states[state].final:
                continue
            way = distances.ways.get(node)
            # Where there is no way at all, that it can always be reached is refuted anyhow.
            if node in here.ways and (way is None or way[0] > there.ways[nationally][0]):
                waits = here.waits_from(node) if distances is here else ()
                way_there = trace_of(there.prover.space.system, there.way_from(nationally))
                counts = there.ways[nationally][0], distances is here
                return Reliance(state, goal, waits, way_there, *counts)
    return None


def _dearest_nodes(there: GoalDistances) -> dict[str, int]:
    """Return for each national state its node whose way to the goal costs the most.

    However a record came to stand there: from that one on it may rest on so many others.
    """
    names = there.prover.space.system.names
    dearest: dict[str, int] = {}
    for node, (cost, _) in there.ways.items():
        name = names[node % len(names)]
        if name not in dearest or cost > there.ways[dearest[name]][0]:
            dearest[name] = node
    return dearest
