"""What every proof of one lifecycle's guarantees starts from, and how it ends in a verdict."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from attrs import define

from peelflow.model.guarantees import Guarantee, Where
from peelflow.model.requirements import one_of
from peelflow.proof.board import Board, Edge, Named, Rules, board_of, rules_of
from peelflow.proof.facts import Fact
from peelflow.proof.ground import Ground, Walker
from peelflow.proof.story import Proof, told
from peelflow.proof.view import View

UNSURE = "whether that can happen hangs on a predicate, or on days and people of earlier steps"


@define(eq=False, slots=False)
class Premises:
    """One lifecycle as its proofs see it: its ground, its doors, and what a walk found proves."""

    view: View

    @cached_property
    def _rules(self) -> Rules:
        return rules_of(self.view.lifecycle)

    @cached_property
    def ground(self) -> Ground:
        """The lifecycle in numbers, with no more facts than its own requirements need."""
        return Ground(board_of(self._rules))

    def _ground(self, more: tuple[Fact, ...], named: Named = lambda _: frozenset()) -> Ground:
        return Ground(board_of(self._rules, more, named)) if more else self.ground

    def _numbers(self, where: Where) -> frozenset[int]:
        named = self.view.states(where)
        return frozenset(n for n, name in enumerate(self.ground.board.names) if name in named)

    def _doors(self, where: Where, board: Board | None = None) -> tuple[Edge, ...]:
        inside, edges = self._numbers(where), self._counting(board)
        return tuple(e for e in edges if e.target in inside and e.source not in inside)

    def _doing(self, trigger: str, board: Board | None = None) -> tuple[Edge, ...]:
        return tuple(e for e in self._counting(board) if trigger in self.view.triggers(e.rule))

    def _counting(self, board: Board | None = None) -> list[Edge]:
        """Return the edges that can break a guarantee: all, unless the view looks back."""
        edges, past = (board or self.ground.board).edges, self.view.past
        if not past:
            return list(edges)
        names = self.ground.board.names
        return [edge for edge in edges if names[edge.source] not in past]

    def _never_entered(self, where: Where, roles: tuple[str, ...] = ()) -> str | None:
        doors = self._doors(where)
        by = [e for e in doors if not roles or any(self._is_one(r, roles) for r in e.roles)]
        if any(self.ground.reach.taken(by)):
            return None
        if roles and any(self.ground.reach.taken(doors)):
            return f"`{where}` is never entered by {one_of(roles)}"
        start = self.view.lifecycle.initial
        if start in self.view.states(where):
            return f"records start in `{start}`, and nothing that can happen enters `{where}` again"
        return f"nothing that can happen enters `{where}`"

    def _is_one(self, role: str, roles: tuple[str, ...]) -> bool:
        return self.view.is_one_of(role, roles)

    def _verdict(
        self,
        guarantee: Guarantee,
        walker: Walker,
        why: str,
        idle: str | None,
        *,
        ground: Ground | None = None,
        role_of: Callable[[Edge], str] = lambda edge: edge.roles[0],
    ) -> Proof:
        """Search with all that may be; where that finds a walk, again with what must be."""
        name, ground = str(self.view.lifecycle), ground or self.ground
        walk = walker.walk(ground.reach, sure=False)
        if walk is None:
            return Proof(name, guarantee, "proved", vacuous=idle)
        sure = walker.walk(ground.sure_reach, sure=True)
        steps = told(ground.board, sure or walk, role_of((sure or walk)[-1]))
        if sure is None:
            return Proof(name, guarantee, "undetermined", f"{why}; {UNSURE}", steps)
        return Proof(name, guarantee, "refuted", why, steps)
