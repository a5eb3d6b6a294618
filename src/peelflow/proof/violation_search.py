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
    TransitionSystem,
    is_guard_met,
    order_facts,
    time_points_of,
)


class ViolationSearch(Protocol):
    """Looks for the shortest walk that breaks a guarantee."""

    def walk(self, reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        """Return that walk, None when there is none.

        Args:
            reach: Where a record may stand.
            must: Only a walk that nothing left open can rule out.
        """
        ...


@define(eq=False)
class EdgeCheck:
    """Looks for a walk that ends with one of some edges."""

    edges: list[Edge]

    def walk(self, reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        """Return the shortest walk through one of the edges; `reach` knows what must be."""
        del must
        return reach.shortest(self.edges)


@define(eq=False)
class MonitorCheck:
    """Looks for a walk that comes down to the level of a breach."""

    system: TransitionSystem
    levels: Monitor

    def walk(self, reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        """Return the shortest walk to a breach; `reach` knows what must be."""
        del must
        return shortest_violation(self.system, self.levels, must=reach.must)


def _clauses_met(reach: ReachableStates, edge: Edge) -> Iterator[tuple[int, int, GuardedClause]]:
    """Yield each clause that the facts allow where an edge can begin, with the place and facts."""
    for place, facts in reach.visits(edge.source):
        for guarded in edge.clauses or ():
            if is_guard_met(guarded.guard, facts):
                yield place, facts, guarded


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
    """The edges that enter a state, and the requirement that each is to have met."""

    system: TransitionSystem
    edges: tuple[Edge, ...]
    requirement: Requirement
    facts: tuple[Fact, ...]
    ledgers: frozenset[str] | None = None
    _failing_atoms: dict[tuple[object, ...], tuple[Atom, ...] | None] = field(factory=dict)
    _known_pasts: dict[int, KnownPast | None] = field(factory=dict)
    _required_clauses: dict[frozenset[str], tuple[Clause, ...]] = field(factory=dict)

    def walk(self, reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        """Return the shortest walk that enters without the requirement.

        Args:
            reach: Where a record may stand.
            must: Only a walk that no predicate, and no days waited before, can rule out.
        """
        entries = sorted(self._lacking(reach, must=must), key=lambda e: (e[0], e[1].number))
        for place, edge, guarded, failed in islice(entries, MOST_TRIES):
            walk = [*reach.walk(reach.nodes[place]), edge]
            if not must or not _depends_on_past(failed):
                return walk
            if guarded is not None and is_feasible(self.system, walk, guarded.clause, failed):
                return walk
        return None

    def _lacking(
        self, reach: ReachableStates, *, must: bool
    ) -> Iterator[tuple[int, Edge, GuardedClause | None, tuple[Atom, ...]]]:
        for edge in self.edges:
            closed = self._closes(edge)
            if edge.clauses is None and not must:
                yield from ((place, edge, None, ()) for place, _ in reach.visits(edge.source))
            for place, facts, guarded in _clauses_met(reach, edge):
                failed = self._failed(edge, guarded, closed, facts, must=must)
                if failed is not None:
                    yield place, edge, guarded, failed

    def _closes(self, edge: Edge) -> frozenset[str]:
        closed = closed_ledgers(
            self.system.lifecycle, self.system.names[edge.source], edge.transition
        )
        return closed if self.ledgers is None else closed & self.ledgers

    def _clauses_required(self, closed: frozenset[str]) -> tuple[Clause, ...]:
        if closed not in self._required_clauses:
            self._required_clauses[closed] = disjunctive_normal_form((self.requirement,), closed)
        return self._required_clauses[closed]

    def _failed(
        self, edge: Edge, guarded: GuardedClause, closed: frozenset[str], facts: int, *, must: bool
    ) -> tuple[Atom, ...] | None:
        # INVARIANT: edges that need the same share their clauses, so identity will do.
        key = (guarded, edge.by_system, closed, must, facts if self.facts else 0)
        if key not in self._failing_atoms:
            question = CountermodelSearch(
                by_system=edge.by_system, known=self._past(facts), must=must
            )
            self._failing_atoms[key] = question.unmet(
                guarded.clause, self._clauses_required(closed)
            )
        return self._failing_atoms[key]

    def _past(self, facts: int) -> KnownPast | None:
        if not self.facts:
            return None
        if facts not in self._known_pasts:
            points = {point for fact in self.facts for point in time_points_of(fact)}
            done = [fact.trigger for fact in self.facts if isinstance(fact, LastDoneBySystem)]
            self._known_pasts[facts] = self.system.facts.known_past(points, done, facts)
        return self._known_pasts[facts]


def _depends_on_past(failed: tuple[Atom, ...]) -> bool:
    waits = any(isinstance(atom, Waited) and atom.since != PUBLISHED for atom in failed)
    return waits or sum(isinstance(atom, DistinctFrom) for atom in failed) > 1


def separation_facts(first: str, triggers: Iterable[str]) -> tuple[Fact, ...]:
    """Return the facts on who did `first` last; `triggers` are those that count as `first`."""
    last = (LastDoneAs(first, trigger) for trigger in sorted(set(triggers)))
    return (Done(first), Done(first, by_system=True), *last)


@define(eq=False)
class SeparationCheck:
    """What is done second, and who did `first` last before it.

    People can be chosen freely, so only `distinct_from` keeps the same one out, and peelflow itself
    is one person, other than everybody else.
    """

    system: TransitionSystem
    first: str
    edges: tuple[Edge, ...]

    def is_exercised(self, reach: ReachableStates) -> bool:
        """Say whether both can be done, one after the other."""
        return any(
            edge.is_open(facts, must=reach.must)
            and facts & self.system.facts.bits[Done(self.first)]
            for edge in self.edges
            for _, facts in reach.visits(edge.source)
        )

    def walk(self, reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        """Return the shortest walk on which the same person can do both."""
        first = min(self._same(reach, must=must), key=lambda step: step[0], default=None)
        return first and [*reach.walk(reach.nodes[first[0]]), first[1]]

    def _same(self, reach: ReachableStates, *, must: bool) -> Iterator[tuple[int, Edge]]:
        bits = self.system.facts.bits
        done, by_system = bits[Done(self.first)], bits[Done(self.first, by_system=True)]

        def is_same_actor(facts: int, edge: Edge) -> bool:
            return bool(facts & done) and bool(facts & by_system) == edge.by_system

        for edge in self.edges:
            if edge.clauses is None and not must:
                visits = reach.visits(edge.source)
                yield from ((place, edge) for place, facts in visits if is_same_actor(facts, edge))
            for place, facts, guarded in _clauses_met(reach, edge):
                is_counted = not (must and guarded.is_opaque)
                if is_counted and is_same_actor(facts, edge) and self._lets(guarded, facts):
                    yield place, edge

    def _lets(self, guarded: GuardedClause, facts: int) -> bool:
        """Say whether a clause lets in the one who did `first` last."""
        bits = self.system.facts.bits
        kept_out = (
            bits.get(LastDoneAs(self.first, atom.distinct_from), 0)
            for atom in guarded.clause
            if isinstance(atom, DistinctFrom)
        )
        return not any(facts & bit for bit in kept_out)
