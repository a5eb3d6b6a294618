"""Find a walk on which one person does two things that two people should do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import define

from peelflow.model.requirements import DistinctFrom
from peelflow.proof.board import Board, Edge, Way, met
from peelflow.proof.facts import Did, Fact, LastBy
from peelflow.proof.search import Reach


def facts_about(first: str, triggers: Iterable[str]) -> tuple[Fact, ...]:
    """Return the facts on who did `first` last; `triggers` are those that count as `first`."""
    last = (LastBy(first, trigger) for trigger in sorted(set(triggers)))
    return (Did(first), Did(first, system=True), *last)


@define(eq=False)
class Pair:
    """What is done second, and who did `first` last before it.

    People can be chosen freely, so only `distinct_from` keeps the same one out, and peelflow itself
    is one person, other than everybody else.
    """

    board: Board
    first: str
    edges: tuple[Edge, ...]

    def is_exercised(self, reach: Reach) -> bool:
        """Say whether both can be done, one after the other."""
        return any(
            edge.is_open(facts, sure=reach.sure) and facts & self.board.facts.bits[Did(self.first)]
            for edge in self.edges
            for _, facts in reach.at(edge.source)
        )

    def walk(self, reach: Reach, *, sure: bool) -> list[Edge] | None:
        """Return the shortest walk on which the same person can do both."""
        found = min(self._same(reach, sure=sure), key=lambda each: each[0], default=None)
        return found and [*reach.walk(reach.order[found[0]]), found[1]]

    def _same(self, reach: Reach, *, sure: bool) -> Iterator[tuple[int, Edge]]:
        bits = self.board.facts.bits
        did, by_system = bits[Did(self.first)], bits[Did(self.first, system=True)]
        for edge in self.edges:
            for place, facts in reach.at(edge.source):
                if facts & did and bool(facts & by_system) == edge.system:
                    if edge.ways is None and not sure:
                        yield place, edge
                    if any(self._lets(way, facts, sure=sure) for way in edge.ways or ()):
                        yield place, edge

    def _lets(self, way: Way, facts: int, *, sure: bool) -> bool:
        """Say whether a way is open to the one who did `first` last."""
        if (sure and way.is_opaque) or not met(way.guard, facts):
            return False
        bits = self.board.facts.bits
        kept_out = (
            bits.get(LastBy(self.first, atom.distinct_from), 0)
            for atom in way.clause
            if isinstance(atom, DistinctFrom)
        )
        return not any(facts & bit for bit in kept_out)
