"""Prove the guarantees of a lifecycle by exhaustive breadth-first search.

A record enters X by a step from a state outside X to one inside; being added, or taken over, is no
step. Walks re-open ends as records do, but `can always be reached` asks nothing of an end, and
passes through none. What peelflow does by itself is not taken to be prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import define

from peelflow.model.guarantees import (
    AlwaysReachable,
    Guarantee,
    NeverDoneBy,
    NeverFollowedBy,
    NeverUnmet,
    NeverWithout,
    OnlyEnteredBy,
    TwoPeople,
    Where,
)
from peelflow.model.requirements import one_of, read_aloud
from peelflow.model.rules import Lifecycle
from peelflow.proof.board import Edge
from peelflow.proof.clauses import TooLargeError, needs
from peelflow.proof.deeds import deeds_of
from peelflow.proof.ground import Climbing, Through
from peelflow.proof.levels import after_each, ever_after
from peelflow.proof.meeting import Doors, facts_about
from peelflow.proof.people import Pair
from peelflow.proof.people import facts_about as facts_about_people
from peelflow.proof.premises import UNSURE, Premises
from peelflow.proof.search import stuck
from peelflow.proof.story import Proof, told
from peelflow.proof.view import View

TOO_LARGE = "there is more to search than this proof looks at"
UNNAMED = "the file that refines it has no one name for a state or trigger that this names"


@define(eq=False, slots=False)
class Prover(Premises):
    """Proves guarantees of one lifecycle, with what all of them share."""

    def prove(self, guarantee: Guarantee) -> Proof:
        """Return what can be said of a guarantee."""
        try:
            return self._prove(guarantee)
        except TooLargeError:
            return Proof(str(self.view.lifecycle), guarantee, "undetermined", TOO_LARGE)

    def _prove(self, guarantee: Guarantee) -> Proof:
        match guarantee.promise:
            case OnlyEnteredBy() as promise:
                return self._only(guarantee, promise)
            case NeverDoneBy() as promise:
                return self._done(guarantee, promise)
            case NeverWithout() as promise:
                return self._without(guarantee, promise)
            case NeverFollowedBy() as promise:
                return self._followed(guarantee, promise)
            case AlwaysReachable() as promise:
                return self._reachable(guarantee, promise)
            case NeverUnmet() as promise:
                return self._unmet(guarantee, promise)
            case promise:
                return self._people(guarantee, promise)

    def _only(self, guarantee: Guarantee, promise: OnlyEnteredBy) -> Proof:
        return self._roles(
            guarantee,
            self._doors(promise.where),
            lambda role: not self._is_one(role, promise.roles),
            f"it enters `{promise.where}`, which only {one_of(promise.roles)} may",
            self._never_entered(promise.where),
        )

    def _done(self, guarantee: Guarantee, promise: NeverDoneBy) -> Proof:
        doing = self._doing(promise.trigger)
        done = any(self.ground.reach.taken(doing))
        return self._roles(
            guarantee,
            doing,
            lambda role: self._is_one(role, promise.roles),
            f"`{promise.trigger}` is done by somebody who must not",
            None if done else f"nobody can ever do `{promise.trigger}`",
        )

    def _roles(
        self,
        guarantee: Guarantee,
        edges: Iterable[Edge],
        is_wrong: Callable[[str], bool],
        why: str,
        idle: str | None,
    ) -> Proof:
        wrong = [edge for edge in edges if any(map(is_wrong, edge.roles))]
        return self._verdict(
            guarantee,
            Through(wrong),
            why,
            idle,
            role_of=lambda edge: next(filter(is_wrong, edge.roles)),
        )

    def _without(self, guarantee: Guarantee, promise: NeverWithout) -> Proof:
        board = self.ground.board
        begun = None if promise.since is None else self._numbers(Where(state=promise.since))
        words = [self.view.triggers(edge.rule) for edge in board.edges]
        levels = after_each(promise.triggers, words, board, self._numbers(promise.where), begun)
        since = f"`{promise.where}` was last left"
        if promise.since is not None:
            since = f"`{promise.since}` was last entered"
        named = ", ".join(f"`{name}`" for name in promise.triggers)
        return self._verdict(
            guarantee,
            Climbing(board, levels.only(self._counting())),
            f"it enters `{promise.where}` without each of {named}, in that order, since {since}",
            self._never_entered(promise.where),
        )

    def _followed(self, guarantee: Guarantee, promise: NeverFollowedBy) -> Proof:
        board = self.ground.board
        first, later = self._numbers(promise.where), self._numbers(promise.later)
        levels = ever_after(board, first, later)
        seen = [edge for edge in self._counting() if self.view.is_seen(edge.rule)]
        stood = {node % len(board.names) for node in self.ground.reach.order}
        never = [
            where
            for where, states in ((promise.where, first), (promise.later, later))
            if not stood & states
        ]
        return self._verdict(
            guarantee,
            Climbing(board, levels.only(seen)),
            f"it stood in `{promise.where}` before, and comes to `{promise.later}`",
            f"nothing that can happen comes to `{never[0]}`" if never else None,
        )

    def _unmet(self, guarantee: Guarantee, promise: NeverUnmet) -> Proof:
        name = str(self.view.lifecycle)
        wanted = self.view.meant(promise.requirement)
        if wanted is None:
            return Proof(name, guarantee, "undetermined", UNNAMED)
        names, plain = self.ground.board.names, self._doors(promise.where)
        asked = [atom for e in plain for atom in needs(names[e.source], e.rule)]
        more = facts_about((wanted, *asked))
        ground = self._ground(more)
        by = promise.roles
        edges = tuple(
            edge
            for edge in self._doors(promise.where, ground.board)
            if not by or any(self._is_one(role, by) for role in edge.roles)
        )
        doors = Doors(ground.board, edges, wanted, more, self.view.ledgers)
        return self._verdict(
            guarantee,
            doors,
            f"it enters `{promise.where}` without {read_aloud(promise.requirement)}",
            self._never_entered(promise.where, by),
            ground=ground,
            role_of=lambda edge: next(r for r in edge.roles if not by or self._is_one(r, by)),
        )

    def _people(self, guarantee: Guarantee, promise: TwoPeople) -> Proof:
        rules = (edge.rule for edge in self.ground.board.edges)
        named = (rule for rule in rules if promise.first in self.view.triggers(rule))
        done = {deed for rule in named for deed in deeds_of(rule)}
        ground = self._ground(facts_about_people(promise.first, done), self.view.triggers)
        pair = Pair(ground.board, promise.first, self._doing(promise.second, ground.board))
        idle = None
        if not pair.is_exercised(ground.reach):
            idle = f"`{promise.second}` is never done after `{promise.first}`"
        return self._verdict(
            guarantee,
            pair,
            f"who did `{promise.first}` last can do `{promise.second}` too",
            idle,
            ground=ground,
        )

    def _reachable(self, guarantee: Guarantee, promise: AlwaysReachable) -> Proof:
        name, targets = str(self.view.lifecycle), self._numbers(promise.where)
        board, reach, sure = self.ground.board, self.ground.reach, self.ground.sure_reach
        maybe = stuck(reach, reach, targets, sure=board.is_opaque)
        size = len(board.names)
        if maybe is None:
            met = any(node % size in targets for node in reach.order)
            idle = None if met else "every record is at an end before anything is done"
            return Proof(name, guarantee, "proved", vacuous=idle)
        node = maybe if sure is reach else stuck(sure, reach, targets, sure=False)
        place = board.names[(maybe if node is None else node) % size]
        why = f"from `{place}` there is no way to `{promise.where}`"
        if node is None:
            steps = told(board, reach.walk(maybe))
            return Proof(name, guarantee, "undetermined", f"{why}; {UNSURE}", steps)
        return Proof(name, guarantee, "refuted", why, told(board, sure.walk(node)))


def prove(lifecycle: Lifecycle) -> tuple[Proof, ...]:
    """Return what can be said of each guarantee of a settled lifecycle, in the file's order."""
    prover = Prover(View(lifecycle))
    return tuple(prover.prove(guarantee) for guarantee in lifecycle.guarantees)
