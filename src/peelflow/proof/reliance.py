"""A record is in others' hands no oftener under a force's file than under the national one.

It is where only others can take a step, and where they may take it to another national state before
the force does. Wherever a record can come to stand, the way to what the national file says can
always be reached, that is least in others' hands, is so no oftener here. So what a force can reach
alone nationally, whatever others do, it can still reach alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import product

from attrs import evolve

from peelflow.model.rules import SYSTEM, Lifecycle, StateSet
from peelflow.proof.counterexample import TraceStep, trace_of
from peelflow.proof.guarantees import AbstractionMap, Prover
from peelflow.proof.reachability import StateSpace
from peelflow.proof.transition_system import Edge
from peelflow.results import define, frozen

Way = tuple[int, Edge | None]


@frozen
class Reliance:
    """The ways from a state to a goal that are least in others' hands: here, and nationally.

    Args:
        state: The force's state, where a record can come to stand.
        goal: What the national file says can always be reached.
        held: The states on the way here in which it is in others' hands; none where that hangs on
            a predicate.
        national_way: The steps of the national way.
        held_nationally: In how many of its states it is in others' hands.
        is_certain: Whether that is so whatever predicates say.
        is_alone: Whether nationally the force alone can go that way, and others only need not.
    """

    state: str
    goal: StateSet
    held: tuple[str, ...]
    national_way: tuple[TraceStep, ...]
    held_nationally: int
    is_certain: bool = True
    is_alone: bool = False


@define(eq=False, slots=False)
class GoalDistances:
    """For each node of a lifecycle's state space, how often a way to a goal is in others' hands."""

    prover: Prover
    space: StateSpace
    goal: StateSet
    must: bool = False
    alone: bool = False

    @cached_property
    def ways(self) -> dict[int, Way]:
        """For each node from which there is a way: what it costs, and its first edge."""
        reach, names = self.space.may_reach, self.space.system.names
        size, inside = len(names), self.prover.view.states(self.goal)
        ways: dict[int, Way] = {n: (0, None) for n in reach.nodes if names[n % size] in inside}
        waiting = deque(ways)
        sources = self._sources()
        while waiting:
            node = waiting.popleft()
            cost = ways[node][0]
            for source, edge in sources.get(node, ()):
                dearer = cost + self.is_held(edge)
                if source not in ways or dearer < ways[source][0]:
                    ways[source] = dearer, edge
                    (waiting.append if dearer > cost else waiting.appendleft)(source)
        return ways

    def _sources(self) -> dict[int, list[tuple[int, Edge]]]:
        """Return for each node the steps that lead there; none leaves an end."""
        system, sources = self.space.system, dict[int, list[tuple[int, Edge]]]()
        ends = {n for n, state in enumerate(system.lifecycle.states.values()) if state.final}
        for node in self.space.may_reach.nodes:
            for target, edge in self._onward(node) if node % len(system.names) not in ends else ():
                sources.setdefault(target, []).append((node, edge))
        return sources

    def _onward(self, node: int) -> Iterator[tuple[int, Edge]]:
        system = self.space.system
        facts, state = divmod(node, len(system.names))
        outgoing = system.outgoing(must=self.must)[state]
        system.budget.spend(system.facts.width * (1 + len(outgoing)))
        for number, target, gate in outgoing:
            if gate is None or gate.is_open(facts, must=self.must):
                kept, added = system.masks[number]
                yield (facts & kept | added) * len(system.names) + target, system.edges[number]

    def is_held(self, edge: Edge) -> bool:
        """Say whether a record is in others' hands when an edge is taken.

        A step of the force's own leaves it where it is nationally, so nobody comes before it there.
        Where the force is to go on `alone`, it does not matter who could come before it.
        """
        if self.alone or self._is_by_others(edge.roles):
            return self._is_by_others(edge.roles)
        return edge.transition.implements is not None and edge.source in self._held_states

    @cached_property
    def _held_states(self) -> frozenset[int]:
        """The states out of which others may move a record to another national state."""
        lifecycle = self.prover.view.lifecycle
        return frozenset(
            number
            for number, (name, state) in enumerate(lifecycle.states.items())
            for step in state.transitions
            if self._is_by_others(step.by)
            and lifecycle.stands_for(step.to) != lifecycle.stands_for(name)
        )

    def _is_by_others(self, roles: Iterable[str]) -> bool:
        known = self.prover.view.lifecycle.roles
        return not any(role == SYSTEM or known[role].side == "force" for role in roles)

    def way_from(self, node: int) -> tuple[Edge, ...]:
        """Return the cheapest way to the goal from a node that has one."""
        system, edges = self.space.system, list[Edge]()
        while (edge := self.ways[node][1]) is not None:
            edges.append(edge)
            facts = system.facts_after(node // len(system.names), edge)
            node = facts * len(system.names) + edge.target
        return tuple(edges)

    def held_from(self, node: int) -> tuple[str, ...]:
        """Return the states on the way from a node in which it is in others' hands."""
        names = self.space.system.names
        return tuple(names[edge.source] for edge in self.way_from(node) if self.is_held(edge))


def first_reliance(own: Prover, national: Lifecycle, goal: StateSet) -> Reliance | None:
    """Return a state from which a record is in others' hands oftener than nationally.

    Or one from which only others can bring it to the goal, though nationally the force alone can.

    Args:
        own: The prover of the force's file, seen as the national file sees it.
        national: The national lifecycle.
        goal: What can always be reached there.

    Raises:
        InvalidRules: That takes more steps than the budget has.
    """
    other = Prover(AbstractionMap(national), own.kinds, budget=own.budget)
    tried = dict.fromkeys(zip(own.possible_spaces, other.possible_spaces, strict=True))
    for (space, nationally), must, alone in product(tried, (False, True), (False, True)):
        if must and not space.system.is_opaque:
            continue
        here = GoalDistances(own, space, goal, must, alone)
        found = _first_reliance(here, GoalDistances(other, nationally, goal, alone=alone))
        if found is not None:
            return found
    return None


def _first_reliance(here: GoalDistances, there: GoalDistances) -> Reliance | None:
    dearest, lifecycle = _dearest_nodes(there), here.prover.view.lifecycle
    names = here.space.system.names
    may = evolve(here, must=False)
    # Those nearest to the goal first: there the way that is missing begins.
    for node in dict.fromkeys((*here.ways, *may.ways)):
        state = names[node % len(names)]
        nationally = dearest.get(lifecycle.stands_for(state))
        if nationally is None or lifecycle.states[state].final:
            continue
        way, least = here.ways.get(node), there.ways[nationally][0]
        # Where there is no way at all, that it can always be reached is refuted anyhow.
        if (way is None or way[0] > least) and not (here.alone and least):
            held = here.held_from(node) if way is not None and not here.must else ()
            way_there = trace_of(there.space.system, there.way_from(nationally))
            said = held, way_there, least, not here.must, here.alone
            return Reliance(state, here.goal, *said)
    return None


def _dearest_nodes(there: GoalDistances) -> dict[str, int]:
    """Return for each national state its node whose way to the goal costs the most.

    However a record came to stand there: from that one on it may rest on so many others.
    """
    names = there.space.system.names
    dearest: dict[str, int] = {}
    for node, (cost, _) in there.ways.items():
        name = names[node % len(names)]
        if name not in dearest or cost > there.ways[dearest[name]][0]:
            dearest[name] = node
    return dearest
