"""Find a walk that enters a state without what a guarantee says is needed there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from attrs import define, field

from peelflow.model.requirements import (
    PUBLISHED,
    DistinctFrom,
    Evidence,
    InspectionHeld,
    Requirement,
    Waited,
    each_atom,
)
from peelflow.proof.board import Board, Edge, Way, met
from peelflow.proof.clauses import Atom, Clause, clauses, closes
from peelflow.proof.facts import BySystem, Fact, NotBefore, order_of
from peelflow.proof.history import can_happen
from peelflow.proof.implication import Question
from peelflow.proof.moments import WINDOW, Known, Point, point_of
from peelflow.proof.search import Reach

MOST_TRIES = 64


def facts_about(requirements: Iterable[Requirement]) -> tuple[Fact, ...]:
    """Return the facts that decide which moments came first, where requirements need that."""
    points: dict[Point, None] = {}
    done: dict[Fact, None] = {}
    for atom in each_atom(tuple(requirements)):
        match atom:
            case DistinctFrom(distinct_from=trigger, since=since):
                points |= {point_of(since): None, ("done", trigger): None}
                done[BySystem(trigger)] = None
            case Evidence(since=since) | InspectionHeld(since=since):
                points[point_of(since)] = None
            case Waited(since=since) if since != PUBLISHED:
                points[point_of(since)] = None
            case _:
                pass
    if points.keys() <= {WINDOW}:
        return ()
    return (*order_of({WINDOW: None} | points), *done)


@define(eq=False)
class Doors:
    """The edges that enter a state, and what a guarantee wants each to have needed."""

    board: Board
    edges: tuple[Edge, ...]
    wanted: Requirement
    facts: tuple[Fact, ...]
    ledgers: frozenset[str] | None = None
    _known: dict[tuple[object, ...], tuple[Atom, ...] | None] = field(factory=dict)
    _pasts: dict[int, Known | None] = field(factory=dict)
    _asked: dict[frozenset[str], tuple[Clause, ...]] = field(factory=dict)

    def walk(self, reach: Reach, *, sure: bool) -> list[Edge] | None:
        """Return the shortest walk through a door without what is wanted.

        Args:
            reach: Where a record may stand.
            sure: Only a walk that no predicate, and no days waited before, can rule out.
        """
        found = sorted(self._lacking(reach, sure=sure), key=lambda each: (each[0], each[1].number))
        for place, edge, way, failed in islice(found, MOST_TRIES):
            walk = [*reach.walk(reach.order[place]), edge]
            if not sure or not _needs_history(failed):
                return walk
            if way is not None and can_happen(self.board, walk, way.clause, failed):
                return walk
        return None

    def _lacking(
        self, reach: Reach, *, sure: bool
    ) -> Iterator[tuple[int, Edge, Way | None, tuple[Atom, ...]]]:
        for edge in self.edges:
            shut = self._closes(edge)
            for place, facts in reach.at(edge.source):
                if edge.ways is None:
                    yield from () if sure else [(place, edge, None, ())]
                for way in edge.ways or ():
                    if met(way.guard, facts):
                        failed = self._failed(edge, way, shut, facts, sure=sure)
                        if failed is not None:
                            yield place, edge, way, failed

    def _closes(self, edge: Edge) -> frozenset[str]:
        shut = closes(self.board.lifecycle, self.board.names[edge.source], edge.rule)
        return shut if self.ledgers is None else shut & self.ledgers

    def _wanted(self, shut: frozenset[str]) -> tuple[Clause, ...]:
        if shut not in self._asked:
            self._asked[shut] = clauses((self.wanted,), shut)
        return self._asked[shut]

    def _failed(
        self, edge: Edge, way: Way, shut: frozenset[str], facts: int, *, sure: bool
    ) -> tuple[Atom, ...] | None:
        # INVARIANT: edges that need the same share their ways, so a way stands for its clause.
        key = (way, edge.system, shut, sure, facts if self.facts else 0)
        if key not in self._known:
            question = Question(system=edge.system, known=self._past(facts), sure=sure)
            self._known[key] = question.unmet(way.clause, self._wanted(shut))
        return self._known[key]

    def _past(self, facts: int) -> Known | None:
        if not self.facts:
            return None
        if facts not in self._pasts:
            points = {point for fact in self.facts for point in _points(fact)}
            done = [fact.trigger for fact in self.facts if isinstance(fact, BySystem)]
            self._pasts[facts] = self.board.facts.known(points, done, facts)
        return self._pasts[facts]


def _points(fact: Fact) -> tuple[Point, ...]:
    return (fact.one, fact.other) if isinstance(fact, NotBefore) else ()


def _needs_history(failed: tuple[Atom, ...]) -> bool:
    waits = any(isinstance(atom, Waited) and atom.since != PUBLISHED for atom in failed)
    return waits or sum(isinstance(atom, DistinctFrom) for atom in failed) > 1
