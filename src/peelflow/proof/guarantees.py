"""An exhaustive search proves or refutes the guarantees of a lifecycle.

A record enters X by a step from a state outside X to one inside; being added, or taken over, is no
step. Walks re-open ends as records do, but `can always be reached` asks nothing of an end, and
passes through none. What peelflow does by itself is not taken to be prompt.

In the file that states a guarantee, a state is the one of that name, and a trigger is what answers
the national trigger of that name, or, where nothing does, the file's own trigger. In a file that
refines it, a national state is every state that stands for it, and only answers count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from attrs import define, evolve, field

from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    DistinctFrom,
    Evidence,
    InspectionHeld,
    Requirement,
    Waited,
)
from peelflow.model.rules import (
    AlwaysReachable,
    Guarantee,
    Lifecycle,
    NeverDoneBy,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    SeparationOfDuties,
    StateSet,
    Transition,
)
from peelflow.proof.counterexample import ProofResult, trace_of
from peelflow.proof.normal_form import TooLargeError, requirements_of
from peelflow.proof.reachability import (
    StateSpace,
    absence_after_monitor,
    first_trapped_node,
    precedence_monitor,
)
from peelflow.proof.transition_system import (
    Edge,
    Fact,
    GuardedTransitions,
    TransitionSystem,
    TriggerNames,
    counted_triggers,
    guarded_transitions_of,
    transition_system_of,
)
from peelflow.proof.violation_search import (
    EdgeCheck,
    EntryCheck,
    MonitorCheck,
    SeparationCheck,
    ViolationSearch,
    entry_facts,
)
from peelflow.proof.violation_search import separation_facts as facts_about_people
from peelflow.wording import say_choice, say_requirement


@define(eq=False, slots=False)
class AbstractionMap:
    """A lifecycle as a guarantee sees it; `refined` states it when another does."""

    lifecycle: Lifecycle
    refined: Lifecycle | None = None
    _named: dict[tuple[str, str | None], frozenset[str]] = field(factory=dict, init=False)
    _meant: dict[Requirement, Requirement | None] = field(factory=dict, init=False)

    def states(self, where: StateSet) -> frozenset[str]:
        """Return the states that `where` speaks of."""
        every = self.lifecycle.states
        if where.state is None:
            ledger, counts = where.ledger or "", where.counts
            return frozenset(n for n, s in every.items() if s.counts_as.get(ledger) == counts)
        if self.refined is not None:
            return frozenset(n for n in every if self.lifecycle.stands_for(n) == where.state)
        return frozenset({where.state} & every.keys())

    @property
    def past(self) -> frozenset[str]:
        """The states whose steps lie behind, so that they can break nothing any more."""
        return frozenset()

    def is_seen(self, way: Transition) -> bool:
        """Say whether a guarantee sees a step: one of another file sees no own steps."""
        return self.refined is None or way.answers is not None

    @cached_property
    def answered(self) -> frozenset[str]:
        """The national triggers that something here answers."""
        ways = (way for state in self.lifecycle.states.values() for way in state.transitions)
        return frozenset(way.answers for way in ways if way.answers is not None)

    def triggers(self, way: Transition) -> frozenset[str]:
        """Return the names by which a guarantee may call this transition."""
        said = (way.trigger, way.answers)
        if said not in self._named:
            own = self.refined is None and way.trigger not in self.answered
            names = (way.answers, way.trigger if own else None)
            self._named[said] = frozenset(name for name in names if name is not None)
        return self._named[said]

    def is_one_of(self, role: str, roles: Iterable[str]) -> bool:
        """Say whether a role, or the national role that it stands for, is among `roles`."""
        held = self.lifecycle.roles.get(role)
        return role in roles or (held is not None and held.stands_for in tuple(roles))

    @cached_property
    def ledgers(self) -> frozenset[str] | None:
        """The ledgers that the refined file names; None when the file speaks for itself."""
        if self.refined is None:
            return None
        return frozenset(ledger for s in self.refined.states.values() for ledger in s.counts_as)

    def meant(self, requirement: Requirement) -> Requirement | None:
        """Return a guarantee's requirement in this file's names, None where it has none for it."""
        if requirement not in self._meant:
            self._meant[requirement] = self._own_words(requirement)
        return self._meant[requirement]

    def _own_words(self, requirement: Requirement) -> Requirement | None:
        match requirement:
            case _ if self.refined is None:
                return requirement
            case AnyOf(any_of=choices):
                found = [[self.meant(atom) for atom in every] for every in choices]
                known = tuple(tuple(a for a in every if a is not None) for every in found)
                return AnyOf(known) if all(None not in every for every in found) else None
            case DistinctFrom(distinct_from=trigger):
                name, begun = self._own_trigger(trigger), self._begun(requirement.since)
                if name is None or begun is None:
                    return None
                return evolve(requirement, distinct_from=name, since=begun or None)
            case Evidence() | InspectionHeld() | Waited():
                begun = self._begun(requirement.since)
                return None if begun is None else evolve(requirement, since=begun or None)
            case _:
                return requirement

    def _begun(self, since: str | None) -> str | None:
        """Return the own state whose entering is that of a national one; "" for the window."""
        if since is None or since == PUBLISHED:
            return since or ""
        own = self.states(StateSet(state=since))
        ways = (way for state in self.lifecycle.states.values() for way in state.transitions)
        back = any(way.to in own and way.answers is None for way in ways)
        return min(own, default=since) if len(own) <= 1 and not back else None

    def _own_trigger(self, national: str) -> str | None:
        """Return the one trigger by which a national one is answered, and nothing else is."""
        ways = [way for state in self.lifecycle.states.values() for way in state.transitions]
        names = {way.trigger for way in ways if way.answers == national}
        also = any(way.trigger in names and way.answers != national for way in ways)
        return min(names, default=national) if len(names) <= 1 and not also else None


UNSURE = "whether that can happen hangs on a predicate, or on days and people of earlier steps"


@define(eq=False, slots=False)
class Premises:
    """One lifecycle as its proofs see it: its ground, its doors, and what a walk found proves."""

    view: AbstractionMap

    @cached_property
    def _rules(self) -> GuardedTransitions:
        return guarded_transitions_of(self.view.lifecycle)

    @cached_property
    def ground(self) -> StateSpace:
        """The lifecycle in numbers, with no more facts than its own requirements need."""
        return StateSpace(transition_system_of(self._rules))

    def _ground(
        self, more: tuple[Fact, ...], named: TriggerNames = lambda _: frozenset()
    ) -> StateSpace:
        return StateSpace(transition_system_of(self._rules, more, named)) if more else self.ground

    def _numbers(self, where: StateSet) -> frozenset[int]:
        named = self.view.states(where)
        return frozenset(n for n, name in enumerate(self.ground.board.names) if name in named)

    def _doors(self, where: StateSet, board: TransitionSystem | None = None) -> tuple[Edge, ...]:
        inside, edges = self._numbers(where), self._counting(board)
        return tuple(e for e in edges if e.target in inside and e.source not in inside)

    def _doing(self, trigger: str, board: TransitionSystem | None = None) -> tuple[Edge, ...]:
        return tuple(e for e in self._counting(board) if trigger in self.view.triggers(e.rule))

    def _counting(self, board: TransitionSystem | None = None) -> list[Edge]:
        """Return the edges that can break a guarantee: all, unless the view looks back."""
        edges, past = (board or self.ground.board).edges, self.view.past
        if not past:
            return list(edges)
        names = self.ground.board.names
        return [edge for edge in edges if names[edge.source] not in past]

    def _never_entered(self, where: StateSet, roles: tuple[str, ...] = ()) -> str | None:
        doors = self._doors(where)
        by = [e for e in doors if not roles or any(self._is_one(r, roles) for r in e.roles)]
        if any(self.ground.reach.taken(by)):
            return None
        if roles and any(self.ground.reach.taken(doors)):
            return f"`{where}` is never entered by {say_choice(roles)}"
        start = self.view.lifecycle.initial
        if start in self.view.states(where):
            return f"records start in `{start}`, and nothing that can happen enters `{where}` again"
        return f"nothing that can happen enters `{where}`"

    def _is_one(self, role: str, roles: tuple[str, ...]) -> bool:
        return self.view.is_one_of(role, roles)

    def _verdict(
        self,
        guarantee: Guarantee,
        walker: ViolationSearch,
        why: str,
        idle: str | None,
        *,
        ground: StateSpace | None = None,
        role_of: Callable[[Edge], str] = lambda edge: edge.roles[0],
    ) -> ProofResult:
        """Search with all that may be; where that finds a walk, again with what must be."""
        name, ground = str(self.view.lifecycle), ground or self.ground
        walk = walker.walk(ground.reach, sure=False)
        if walk is None:
            return ProofResult(name, guarantee, "proved", vacuous=idle)
        sure = walker.walk(ground.sure_reach, sure=True)
        steps = trace_of(ground.board, sure or walk, role_of((sure or walk)[-1]))
        if sure is None:
            return ProofResult(name, guarantee, "undetermined", f"{why}; {UNSURE}", steps)
        return ProofResult(name, guarantee, "refuted", why, steps)


TOO_LARGE = "there is more to search than this proof looks at"
UNNAMED = "the file that refines it has no one name for a state or trigger that this names"


@define(eq=False, slots=False)
class Prover(Premises):
    """Proves guarantees of one lifecycle, with what all of them share."""

    def prove(self, guarantee: Guarantee) -> ProofResult:
        """Return what can be said of a guarantee."""
        try:
            return self._prove(guarantee)
        except TooLargeError:
            return ProofResult(str(self.view.lifecycle), guarantee, "undetermined", TOO_LARGE)

    def _prove(self, guarantee: Guarantee) -> ProofResult:
        match guarantee.promise:
            case OnlyEnteredBy() as promise:
                return self._only(guarantee, promise)
            case NeverDoneBy() as promise:
                return self._done(guarantee, promise)
            case NeverEnteredWithoutSteps() as promise:
                return self._without(guarantee, promise)
            case NeverFollowedBy() as promise:
                return self._followed(guarantee, promise)
            case AlwaysReachable() as promise:
                return self._reachable(guarantee, promise)
            case NeverEnteredUnless() as promise:
                return self._unmet(guarantee, promise)
            case promise:
                return self._people(guarantee, promise)

    def _only(self, guarantee: Guarantee, promise: OnlyEnteredBy) -> ProofResult:
        return self._roles(
            guarantee,
            self._doors(promise.where),
            lambda role: not self._is_one(role, promise.roles),
            f"it enters `{promise.where}`, which only {say_choice(promise.roles)} may",
            self._never_entered(promise.where),
        )

    def _done(self, guarantee: Guarantee, promise: NeverDoneBy) -> ProofResult:
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
    ) -> ProofResult:
        wrong = [edge for edge in edges if any(map(is_wrong, edge.roles))]
        return self._verdict(
            guarantee,
            EdgeCheck(wrong),
            why,
            idle,
            role_of=lambda edge: next(filter(is_wrong, edge.roles)),
        )

    def _without(self, guarantee: Guarantee, promise: NeverEnteredWithoutSteps) -> ProofResult:
        board = self.ground.board
        begun = None if promise.since is None else self._numbers(StateSet(state=promise.since))
        words = [self.view.triggers(edge.rule) for edge in board.edges]
        levels = precedence_monitor(
            promise.triggers, words, board, self._numbers(promise.where), begun
        )
        since = f"`{promise.where}` was last left"
        if promise.since is not None:
            since = f"`{promise.since}` was last entered"
        named = ", ".join(f"`{name}`" for name in promise.triggers)
        return self._verdict(
            guarantee,
            MonitorCheck(board, levels.only(self._counting())),
            f"it enters `{promise.where}` without each of {named}, in that order, since {since}",
            self._never_entered(promise.where),
        )

    def _followed(self, guarantee: Guarantee, promise: NeverFollowedBy) -> ProofResult:
        board = self.ground.board
        first, later = self._numbers(promise.where), self._numbers(promise.later)
        levels = absence_after_monitor(board, first, later)
        seen = [edge for edge in self._counting() if self.view.is_seen(edge.rule)]
        stood = {node % len(board.names) for node in self.ground.reach.order}
        never = [
            where
            for where, states in ((promise.where, first), (promise.later, later))
            if not stood & states
        ]
        return self._verdict(
            guarantee,
            MonitorCheck(board, levels.only(seen)),
            f"it stood in `{promise.where}` before, and comes to `{promise.later}`",
            f"nothing that can happen comes to `{never[0]}`" if never else None,
        )

    def _unmet(self, guarantee: Guarantee, promise: NeverEnteredUnless) -> ProofResult:
        name = str(self.view.lifecycle)
        wanted = self.view.meant(promise.requirement)
        if wanted is None:
            return ProofResult(name, guarantee, "undetermined", UNNAMED)
        names, plain = self.ground.board.names, self._doors(promise.where)
        asked = [atom for e in plain for atom in requirements_of(names[e.source], e.rule)]
        more = entry_facts((wanted, *asked))
        ground = self._ground(more)
        by = promise.roles
        edges = tuple(
            edge
            for edge in self._doors(promise.where, ground.board)
            if not by or any(self._is_one(role, by) for role in edge.roles)
        )
        doors = EntryCheck(ground.board, edges, wanted, more, self.view.ledgers)
        return self._verdict(
            guarantee,
            doors,
            f"it enters `{promise.where}` without {say_requirement(promise.requirement)}",
            self._never_entered(promise.where, by),
            ground=ground,
            role_of=lambda edge: next(r for r in edge.roles if not by or self._is_one(r, by)),
        )

    def _people(self, guarantee: Guarantee, promise: SeparationOfDuties) -> ProofResult:
        rules = (edge.rule for edge in self.ground.board.edges)
        named = (rule for rule in rules if promise.first in self.view.triggers(rule))
        done = {deed for rule in named for deed in counted_triggers(rule)}
        ground = self._ground(facts_about_people(promise.first, done), self.view.triggers)
        pair = SeparationCheck(
            ground.board, promise.first, self._doing(promise.second, ground.board)
        )
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

    def _reachable(self, guarantee: Guarantee, promise: AlwaysReachable) -> ProofResult:
        name, targets = str(self.view.lifecycle), self._numbers(promise.where)
        board, reach, sure = self.ground.board, self.ground.reach, self.ground.sure_reach
        maybe = first_trapped_node(reach, reach, targets, sure=board.is_opaque)
        size = len(board.names)
        if maybe is None:
            met = any(node % size in targets for node in reach.order)
            idle = None if met else "every record is at an end before anything is done"
            return ProofResult(name, guarantee, "proved", vacuous=idle)
        node = maybe if sure is reach else first_trapped_node(sure, reach, targets, sure=False)
        place = board.names[(maybe if node is None else node) % size]
        why = f"from `{place}` there is no way to `{promise.where}`"
        if node is None:
            steps = trace_of(board, reach.walk(maybe))
            return ProofResult(name, guarantee, "undetermined", f"{why}; {UNSURE}", steps)
        return ProofResult(name, guarantee, "refuted", why, trace_of(board, sure.walk(node)))


def prove(lifecycle: Lifecycle) -> tuple[ProofResult, ...]:
    """Return what can be said of each guarantee of a settled lifecycle, in the file's order."""
    prover = Prover(AbstractionMap(lifecycle))
    return tuple(prover.prove(guarantee) for guarantee in lifecycle.guarantees)
