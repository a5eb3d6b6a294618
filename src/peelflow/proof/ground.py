"""Where records may stand, and what looks for a walk there that breaks a guarantee."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from attrs import define

from peelflow.proof.board import Board, Edge
from peelflow.proof.levels import Levels
from peelflow.proof.search import Reach, climb, explore


@define(eq=False, slots=False)
class Ground:
    """A lifecycle in numbers, and what can be reached there."""

    board: Board

    @cached_property
    def reach(self) -> Reach:
        """What can be reached if predicates say yes."""
        return explore(self.board, sure=False)

    @cached_property
    def sure_reach(self) -> Reach:
        """What can be reached whatever predicates say."""
        return explore(self.board, sure=True) if self.board.is_opaque else self.reach


class Walker(Protocol):
    """Looks for the shortest walk that breaks a guarantee."""

    def walk(self, reach: Reach, *, sure: bool) -> list[Edge] | None:
        """Return that walk, None when there is none.

        Args:
            reach: Where a record may stand.
            sure: Only a walk that nothing left open can rule out.
        """
        ...


@define(eq=False)
class Through:
    """Looks for a walk that ends with one of some edges."""

    edges: list[Edge]

    def walk(self, reach: Reach, *, sure: bool) -> list[Edge] | None:
        """Return the shortest walk through one of the edges; `reach` knows what is sure."""
        del sure
        return reach.shortest(self.edges)


@define(eq=False)
class Climbing:
    """Looks for a walk that comes down to the level of a breach."""

    board: Board
    levels: Levels

    def walk(self, reach: Reach, *, sure: bool) -> list[Edge] | None:
        """Return the shortest walk to a breach; `reach` knows what is sure."""
        del sure
        return climb(self.board, self.levels, sure=reach.sure)
