"""Each kind of guarantee has a check that searches the state space for a walk that violates it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

from attrs import define, field

from peelflow.model.requirements import (
    PUBLISHED,
    DistinctFrom,
    Evidence,
    InspectionHeld,
    Requirement,
    Waited,
    atoms_of,
)
from peelflow.proof.counterexample import is_feasible
from peelflow.proof.normal_form import Atom, Clause, closed_ledgers, disjunctive_normal_form
from peelflow.proof.reachability import Monitor, ReachableStates, shortest_violation
from peelflow.proof.satisfiability import (
    WINDOW,
    CountermodelSearch,
    KnownPast,
    TimePoint,
    time_point,
)
from peelflow.proof.transition_system import (
    Done,
    Edge,
    Fact,
    GuardedClause,
    LastDoneAs,
    LastDoneBySystem,
    NotBefore,
    TransitionSystem,
    is_guard_met,
    order_facts,
)


class ViolationSearch(Protocol):
    """Looks for the shortest walk that breaks a guarantee."""

    def walk(self, reach: ReachableStates, *, sure: bool) -> list[Edge] | None:
        """Return that walk, None when there is none.

        Args:
            reach: Where a record may stand.
            sure: Only a walk that nothing left open can rule out.
        """
        ...


@define(eq=False)
class EdgeCheck:
    """Looks for a walk that ends with one of some edges."""

    edges: list[Edge]

    def walk(self, reach: ReachableStates, *, sure: bool) -> list[Edge] | None:
        """Return the shortest walk through one of the edges; `reach` knows what is sure."""
        del sure
        return reach.shortest(self.edges)


@define(eq=False)
class MonitorCheck:
    """Looks for a walk that comes down to the level of a breach."""

    board: TransitionSystem
    levels: Monitor

    def walk(self, reach: ReachableStates, *, sure: bool) -> list[Edge] | None:
        """Return the shortest walk to a breach; `reach` knows what is sure."""
        del sure
        return shortest_violation(self.board, self.levels, sure=reach.sure)


MOST_TRIES = 64


def entry_facts(requirements: Iterable[Requirement]) -> tuple[Fact, ...]:
    """Return the facts that decide which moments came first, where requirements need that."""
    points: dict[TimePoint, None] = {}
    done: dict[Fact, None] = {}
    for atom in atoms_of(tuple(requirements)):
        match atom:
            case DistinctFrom(distinct_from=trigger, since=since):
                points |= {time_point(since): None, ("done", trigger): None}
                done[LastDoneBySystem(trigger)] = None
            case Evidence(since=since) | InspectionHeld(since=since):
                points[time_point(since)] = None
            case Waited(since=since) if since != PUBLISHED:
                points[time_point(since)] = None
            case _:
                pass
    if points.keys() <= {WINDOW}:
        return ()
    return (*order_facts({WINDOW: None} | points), *done)


@define(eq=False)
class EntryCheck:
    """The edges that enter a state, and what a guarantee wants each to have needed."""

    board: TransitionSystem
    edges: tuple[Edge, ...]
    wanted: Requirement
    facts: tuple[Fact, ...]
    ledgers: frozenset[str] | None = None
    _known: dict[tuple[object, ...], tuple[Atom, ...] | None] = field(factory=dict)
    _pasts: dict[int, KnownPast | None] = field(factory=dict)
    _asked: dict[frozenset[str], tuple[Clause, ...]] = field(factory=dict)

    def walk(self, reach: ReachableStates, *, sure: bool) -> list[Edge] | None:
        """Return the shortest walk through a door without what is wanted.

        Args:
            reach: Where a record may stand.
            sure: Only a walk that no predicate, and no days waited before, can rule out.
        """
        found = sorted(self._lacking(reach, sure=sure), key=lambda each: (each[0], each[1].number))
        for place, edge, way, failed in islice(found, MOST_TRIES):
            walk = [*reach.walk(reach.order[place]), edge]
            if not sure or not _depends_on_past(failed):
                return walk
            if way is not None and is_feasible(self.board, walk, way.clause, failed):
                return walk
        return None

    def _lacking(
        self, reach: ReachableStates, *, sure: bool
    ) -> Iterator[tuple[int, Edge, GuardedClause | None, tuple[Atom, ...]]]:
        for edge in self.edges:
            shut = self._closes(edge)
            for place, facts in reach.at(edge.source):
                if edge.ways is None:
                    yield from () if sure else [(place, edge, None, ())]
                for way in edge.ways or ():
                    if is_guard_met(way.guard, facts):
                        failed = self._failed(edge, way, shut, facts, sure=sure)
                        if failed is not None:
                            yield place, edge, way, failed

    def _closes(self, edge: Edge) -> frozenset[str]:
        shut = closed_ledgers(self.board.lifecycle, self.board.names[edge.source], edge.rule)
        return shut if self.ledgers is None else shut & self.ledgers

    def _wanted(self, shut: frozenset[str]) -> tuple[Clause, ...]:
        if shut not in self._asked:
            self._asked[shut] = disjunctive_normal_form((self.wanted,), shut)
        return self._asked[shut]

    def _failed(
        self, edge: Edge, way: GuardedClause, shut: frozenset[str], facts: int, *, sure: bool
    ) -> tuple[Atom, ...] | None:
        # INVARIANT: edges that need the same share their ways, so a way stands for its clause.
        key = (way, edge.system, shut, sure, facts if self.facts else 0)
        if key not in self._known:
            question = CountermodelSearch(system=edge.system, known=self._past(facts), sure=sure)
            self._known[key] = question.unmet(way.clause, self._wanted(shut))
        return self._known[key]

    def _past(self, facts: int) -> KnownPast | None:
        if not self.facts:
            return None
        if facts not in self._pasts:
            points = {point for fact in self.facts for point in _ordered_time_points(fact)}
            done = [fact.trigger for fact in self.facts if isinstance(fact, LastDoneBySystem)]
            self._pasts[facts] = self.board.facts.known(points, done, facts)
        return self._pasts[facts]


def _ordered_time_points(fact: Fact) -> tuple[TimePoint, ...]:
    return (fact.one, fact.other) if isinstance(fact, NotBefore) else ()


def _depends_on_past(failed: tuple[Atom, ...]) -> bool:
    waits = any(isinstance(atom, Waited) and atom.since != PUBLISHED for atom in failed)
    return waits or sum(isinstance(atom, DistinctFrom) for atom in failed) > 1


def separation_facts(first: str, triggers: Iterable[str]) -> tuple[Fact, ...]:
    """Return the facts on who did `first` last; `triggers` are those that count as `first`."""
    last = (LastDoneAs(first, trigger) for trigger in sorted(set(triggers)))
    return (Done(first), Done(first, system=True), *last)


@define(eq=False)
class SeparationCheck:
    """What is done second, and who did `first` last before it.

    People can be chosen freely, so only `distinct_from` keeps the same one out, and peelflow itself
    is one person, other than everybody else.
    """

    board: TransitionSystem
    first: str
    edges: tuple[Edge, ...]

    def is_exercised(self, reach: ReachableStates) -> bool:
        """Say whether both can be done, one after the other."""
        return any(
            edge.is_open(facts, sure=reach.sure) and facts & self.board.facts.bits[Done(self.first)]
            for edge in self.edges
            for _, facts in reach.at(edge.source)
        )

    def walk(self, reach: ReachableStates, *, sure: bool) -> list[Edge] | None:
        """Return the shortest walk on which the same person can do both."""
        found = min(self._same(reach, sure=sure), key=lambda each: each[0], default=None)
        return found and [*reach.walk(reach.order[found[0]]), found[1]]

    def _same(self, reach: ReachableStates, *, sure: bool) -> Iterator[tuple[int, Edge]]:
        bits = self.board.facts.bits
        did, by_system = bits[Done(self.first)], bits[Done(self.first, system=True)]
        for edge in self.edges:
            for place, facts in reach.at(edge.source):
                if facts & did and bool(facts & by_system) == edge.system:
                    if edge.ways is None and not sure:
                        yield place, edge
                    if any(self._lets(way, facts, sure=sure) for way in edge.ways or ()):
                        yield place, edge

    def _lets(self, way: GuardedClause, facts: int, *, sure: bool) -> bool:
        """Say whether a way is open to the one who did `first` last."""
        if (sure and way.is_opaque) or not is_guard_met(way.guard, facts):
            return False
        bits = self.board.facts.bits
        kept_out = (
            bits.get(LastDoneAs(self.first, atom.distinct_from), 0)
            for atom in way.clause
            if isinstance(atom, DistinctFrom)
        )
        return not any(facts & bit for bit in kept_out)
