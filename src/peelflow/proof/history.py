"""Whether a walk of edges can end with an act that fails certain atoms: its days and its people.

Days that earlier steps had to wait may make up for a wait that the last one does not ask for; and
somebody whom an earlier step kept out cannot be the one who did both things.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

from attrs import define, field

from peelflow.model.requirements import PUBLISHED, DistinctFrom, Waited
from peelflow.proof.board import Board, Edge, met
from peelflow.proof.clauses import Atom, Clause
from peelflow.proof.deeds import deeds_of
from peelflow.proof.moments import WINDOW, Known, Point, point_of
from peelflow.proof.theory import possible

MOST_HISTORIES = 256


@define
class Past:
    """Where each moment stands in a walk, by the number of its event; 0 is the adding."""

    moments: dict[Point, int]
    system: set[int] = field(factory=set)

    def moved(self, event: int, edge: Edge) -> None:
        """Take one more event."""
        rule = edge.rule
        self.moments[point_of(rule.to)] = event
        self.moments |= {("done", deed): event for deed in deeds_of(rule)}
        if rule.answers is not None:
            self.moments[WINDOW] = event
        if edge.system:
            self.system.add(event)

    def bounds(self, clause: Clause, event: int) -> tuple[frozenset[Wait], frozenset[Apart]]:
        """Return the days a clause waits, and the events it keeps for two people."""
        waits = frozenset(
            # A walk that breaks a promise whatever a step's time comes to breaks it surely.
            (self.moments[point_of(atom.since)], event, getattr(atom, "most", atom.waited))
            for atom in clause
            if isinstance(atom, Waited) and atom.since != PUBLISHED
        )
        apart = frozenset(
            (self.moments["done", atom.distinct_from], event)
            for atom in clause
            if isinstance(atom, DistinctFrom)
        )
        return waits, apart


Wait = tuple[int, int, int]
Apart = tuple[int, int]


def can_happen(board: Board, walk: list[Edge], last: Clause, failed: tuple[Atom, ...]) -> bool:
    """Say whether a record can walk so, meet `last` with its last step, and none of `failed`.

    False may also mean that there are too many ways to look at.
    """
    initial = board.lifecycle.initial
    past = Past({WINDOW: 0, point_of(initial): 0})
    facts, choices = board.first, []
    for event, edge in enumerate(walk[:-1], start=1):
        ways = [way.clause for way in edge.ways or () if met(way.guard, facts)]
        choices.append({past.bounds(clause, event) for clause in ways})
        past.moved(event, edge)
        facts = facts & edge.keep | edge.put
    end, system = len(walk), walk[-1].system
    by_system = frozenset(
        name
        for (kind, name), event in past.moments.items()
        if kind == "done" and event in past.system
    )
    for chosen in islice(product(*choices), MOST_HISTORIES):
        waits = tuple(wait for bounds, _ in chosen for wait in bounds)
        apart = {pair for _, pairs in chosen for pair in pairs} | past.bounds(last, end)[1]
        known = Known(past.moments, by_system, waits)
        same = {end, *_same(past, failed)}
        if possible(last, failed, system=system, known=known) and not any(
            one in same and other in same for one, other in apart
        ):
            return True
    return False


def _same(past: Past, failed: tuple[Atom, ...]) -> Iterator[int]:
    """Yield the events that must be by the person who acts last, for `failed` to fail."""
    for atom in failed:
        if isinstance(atom, DistinctFrom):
            done = past.moments.get(("done", atom.distinct_from))
            window = past.moments.get(point_of(atom.since))
            if done is not None and window is not None and done >= window:
                yield done
