"""A transition system holds a lifecycle's states, its edges and the facts that guard an edge.

An edge is one transition taken by people or by peelflow itself, the role `system`. People can
always be found for a role, and documents, inspections, fields and days can be as an act needs
them. What cannot be is left out: contradictory requirements, a `system` step that needs what only
people give.

A fact is one bit that a proof remembers of a record besides its state: which of two time points is
the later one, whether a state was ever entered, or who did a trigger last. An event changes facts
by two masks: it clears some bits and sets others.

Throughout the proofs, `must=False` asks what may be, if each predicate says as it is needed to, and
`must=True` what is so whatever predicates say. What may not be is proved; what must be is refuted;
what lies between is undetermined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import product
from typing import NamedTuple

from attrs import define, field, fields, frozen

from peelflow.model.requirements import (
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    PredicateHolds,
    atoms_of,
)
from peelflow.model.rules import SYSTEM, Lifecycle, Transition
from peelflow.proof.normal_form import (
    Atom,
    Clause,
    closed_ledgers,
    requirements_of,
)
from peelflow.proof.satisfiability import (
    WINDOW,
    KnownPast,
    TimePoint,
    satisfiable_clauses,
    time_point,
    window_start,
)


@frozen
class PastTransition(Transition):
    """A step of rules that records left, or the move itself.

    Args:
        triggers: What it counts as, for requirements.
        enters: The states whose entering it counts as; None for its target alone.
        called: What the guarantees of the new rules call it.
        nationally: What the national guarantees call it.
    """

    triggers: tuple[str, ...] = ()
    enters: tuple[str, ...] | None = None
    called: frozenset[str] = frozenset()
    nationally: frozenset[str] = frozenset()


def past_transition(
    transition: Transition,
    triggers: tuple[str, ...],
    enters: tuple[str, ...] | None = None,
    called: frozenset[str] = frozenset(),
    nationally: frozenset[str] = frozenset(),
) -> PastTransition:
    """Return a transition that counts as these triggers, and no longer as its own trigger.

    Args:
        transition: A step, or a move.
        triggers: What it counts as, for requirements.
        enters: The states whose entering it counts as; None for its target alone.
        called: What the guarantees of the new rules call it.
        nationally: What the national guarantees call it.
    """
    parts = {part.name: getattr(transition, part.name) for part in fields(Transition)}
    return PastTransition(
        **parts, triggers=triggers, enters=enters, called=called, nationally=nationally
    )


def counted_triggers(transition: Transition) -> tuple[str, ...]:
    """Return the triggers that a transition counts as having done."""
    return transition.triggers if isinstance(transition, PastTransition) else (transition.trigger,)


def states_entered(transition: Transition) -> tuple[str, ...]:
    """Return the states whose entering a transition counts as."""
    entered = transition.enters if isinstance(transition, PastTransition) else None
    return (transition.to,) if entered is None else entered


@frozen
class NotBefore:
    """`later` is there, and `earlier` is not, or not later than `later`.

    Of one time point twice it says that the point is there.
    """

    later: TimePoint
    earlier: TimePoint


@frozen
class LastDoneBySystem:
    """peelflow itself did the trigger last."""

    trigger: str


@frozen
class Done:
    """The trigger that a guarantee names was done; `by_system`: last by peelflow itself."""

    named: str
    by_system: bool = False


@frozen
class LastDoneAs:
    """The trigger that a guarantee names was last done as `trigger`, which was not done since."""

    named: str
    trigger: str


Fact = NotBefore | LastDoneBySystem | Done | LastDoneAs
Guard = tuple[int, int]


@define(eq=False, slots=False)
class Facts:
    """The facts asked for, each with its bit."""

    bits: dict[Fact, int]
    _masks: dict[tuple[object, ...], tuple[int, int]] = field(factory=dict, init=False)

    @staticmethod
    def of(asked: Iterable[Fact]) -> Facts:
        """Number the facts."""
        return Facts({fact: 1 << place for place, fact in enumerate(dict.fromkeys(asked))})

    def at_first(self, initial: str) -> int:
        """Return the facts of a record that was just added."""
        return self._masks_of({WINDOW, time_point(initial)}, by_system=False)[1]

    def after(
        self, transition: Transition, *, by_system: bool, named: frozenset[str] = frozenset()
    ) -> tuple[int, int]:
        """Return the bits a transition keeps and those it sets.

        `named` are the guarantee's words for its trigger.
        """
        if not self.bits:
            return -1, 0
        entered = tuple(name for name in states_entered(transition) if name in self.states)
        triggers, is_own = counted_triggers(transition), transition.implements is None
        key = triggers, entered, is_own, by_system, named
        if key not in self._masks:
            points: set[TimePoint] = {("done", name) for name in triggers}
            points |= {time_point(name) for name in entered} | (set() if is_own else {WINDOW})
            self._masks[key] = self._masks_of(points, by_system=by_system, named=named)
        return self._masks[key]

    @cached_property
    def states(self) -> frozenset[str]:
        """The states whose entering some fact is about."""
        points = [point for fact in self.bits for point in time_points_of(fact)]
        return frozenset(name for kind, name in points if kind == "entered")

    def _masks_of(
        self, points: set[TimePoint], *, by_system: bool, named: frozenset[str] = frozenset()
    ) -> tuple[int, int]:
        cleared = set_bits = 0
        for fact, bit in self.bits.items():
            value = _value_after(fact, points, by_system=by_system, named=named)
            if value:
                set_bits |= bit
            elif value is not None:
                cleared |= bit
        return ~cleared, set_bits

    def guard(self, clause: Clause, *, by_system: bool) -> Guard:
        """Return which bits must be set, and which must not be, for a clause to be met."""
        need = forbidden = 0
        for fact in facts_of(clause):
            if isinstance(fact, LastDoneBySystem):
                forbidden |= self.bits[fact] if by_system else 0
            else:
                need |= self.bits[fact]
        return need, forbidden

    def known_past(
        self, points: Iterable[TimePoint], triggers: Iterable[str], facts: int
    ) -> KnownPast:
        """Return what the bits say of these moments, and of who did these triggers."""
        existing = [p for p in points if facts & self.bits.get(NotBefore(p, p), 0)]
        ranks = {
            point: sum(bool(facts & self.bits[NotBefore(point, other)]) for other in existing)
            for point in existing
        }
        by_system = frozenset(t for t in triggers if facts & self.bits[LastDoneBySystem(t)])
        return KnownPast(ranks, by_system)


def time_points_of(fact: Fact) -> tuple[TimePoint, ...]:
    """Return the time points that a fact is about."""
    return (fact.later, fact.earlier) if isinstance(fact, NotBefore) else ()


def _value_after(
    fact: Fact, points: set[TimePoint], *, by_system: bool, named: frozenset[str]
) -> bool | None:
    """Return what a fact is after an event at these points; None where it stays as it was."""
    match fact:
        case NotBefore(later=later) if later in points:
            return True
        case NotBefore(earlier=earlier) if earlier in points:
            return False
        case LastDoneBySystem(trigger=trigger) if ("done", trigger) in points:
            return by_system
        case Done(named=name, by_system=only_system) if name in named:
            return by_system or not only_system
        case LastDoneAs(named=name, trigger=trigger) if name in named:
            return ("done", trigger) in points
        case LastDoneAs(trigger=trigger) if ("done", trigger) in points:
            return False
        case _:
            return None


def facts_of(clause: Iterable[Atom]) -> tuple[Fact, ...]:
    """Return the facts that decide whether atoms can be met."""
    facts: list[Fact] = []
    for atom in clause:
        point = window_start(atom)
        if point is not None and point != WINDOW:
            facts.append(NotBefore(point, point))
        if isinstance(atom, DistinctFrom):
            done: TimePoint = ("done", atom.distinct_from)
            before = NotBefore(done, time_point(atom.since))
            facts += [before, LastDoneBySystem(atom.distinct_from)]
    return tuple(facts)


def order_facts(points: Iterable[TimePoint]) -> tuple[Fact, ...]:
    """Return the facts that put time points in order."""
    return tuple(NotBefore(later, earlier) for later, earlier in product(tuple(points), repeat=2))


TriggerNames = Callable[[Transition], frozenset[str]]


@frozen(eq=False)
class GuardedClause:
    """One clause by which an edge can be taken, and the facts it needs."""

    clause: Clause
    guard: Guard

    @property
    def is_opaque(self) -> bool:
        """Whether a predicate decides."""
        return any(isinstance(atom, PredicateHolds) for atom in self.clause)


@frozen(eq=False)
class Edge:
    """A transition taken by one of `roles`; `by_system` when peelflow itself takes it.

    `clauses` is None where there are too many to look at. Taking it keeps the facts `kept_bits`
    and adds the facts `set_bits`.
    """

    number: int
    source: int
    target: int
    transition: Transition
    roles: tuple[str, ...]
    by_system: bool
    clauses: tuple[GuardedClause, ...] | None
    kept_bits: int
    set_bits: int

    def guards(self, *, must: bool) -> tuple[Guard, ...] | None:
        """Return what facts must be to take the edge; None when it is always open."""
        if self.clauses is None:
            return () if must else None
        guards = {met.guard for met in self.clauses if not (must and met.is_opaque)}
        return None if (0, 0) in guards else tuple(guards)

    def is_open(self, facts: int, *, must: bool) -> bool:
        """Say whether the edge can be taken where the facts are so."""
        guards = self.guards(must=must)
        return guards is None or any(is_guard_met(guard, facts) for guard in guards)


def is_guard_met(guard: Guard, facts: int) -> bool:
    """Say whether facts are as a guard needs them."""
    need, forbidden = guard
    return facts & need == need and not facts & forbidden


OutgoingEdge = tuple[int, int, tuple[Guard, ...] | None, int, int]


@define(eq=False, slots=False)
class TransitionSystem:
    """The states of a lifecycle by number, its edges, and the facts it starts with."""

    lifecycle: Lifecycle
    names: tuple[str, ...]
    edges: tuple[Edge, ...]
    facts: Facts
    initial_facts: int
    initial: int
    _outgoing: dict[bool, list[list[OutgoingEdge]]] = field(factory=dict)

    @cached_property
    def is_opaque(self) -> bool:
        """Whether some edge hangs on a predicate, or has too many clauses to look at."""
        return any(
            clauses is None or any(guarded.is_opaque for guarded in clauses)
            for clauses in {edge.clauses for edge in self.edges}
        )

    def outgoing(self, *, must: bool) -> list[list[OutgoingEdge]]:
        """Return what leads out of each state: edge, target, guards, bits kept, bits set."""
        if must not in self._outgoing:
            outgoing: list[list[OutgoingEdge]] = [[] for _ in self.names]
            known: dict[tuple[GuardedClause, ...] | None, tuple[Guard, ...] | None] = {}
            for edge in self.edges:
                if edge.clauses not in known:
                    known[edge.clauses] = edge.guards(must=must)
                guards = known[edge.clauses]
                if guards != ():
                    bits = edge.kept_bits, edge.set_bits
                    outgoing[edge.source].append((edge.number, edge.target, guards, *bits))
            self._outgoing[must] = outgoing
        return self._outgoing[must]


class GuardedTransition(NamedTuple):
    """A transition out of a state, by number, taken by people or by peelflow, with its clauses."""

    source: int
    transition: Transition
    by_system: bool
    roles: tuple[str, ...]
    clauses: tuple[Clause, ...] | None


@frozen(eq=False)
class GuardedTransitions:
    """A lifecycle's transitions by who takes them; `facts` are those that some clause rests on."""

    lifecycle: Lifecycle
    transitions: tuple[GuardedTransition, ...]
    facts: tuple[Fact, ...]


def guarded_transitions_of(lifecycle: Lifecycle) -> GuardedTransitions:
    """Return what can be taken in a settled lifecycle, for all transition systems of it."""
    cache = _ClauseCache(lifecycle)
    guarded = tuple(
        step
        for number, (name, state) in enumerate(lifecycle.states.items())
        for transition in state.transitions
        for step in _guarded((number, name), transition, cache)
        if step.clauses != ()
    )
    return GuardedTransitions(lifecycle, guarded, tuple(dict.fromkeys(cache.facts())))


def _guarded(
    source: tuple[int, str], transition: Transition, cache: _ClauseCache
) -> Iterator[GuardedTransition]:
    """Yield a transition as people take it, and as the system does; lint refuses one for both."""
    number, name = source
    known = tuple([role for role in transition.by if role in cache.lifecycle.roles])
    people = tuple([role for role in known if role != SYSTEM])
    system = (SYSTEM,) if len(people) < len(known) else ()
    for by_system, roles in ((False, people), (True, system)):
        if roles:
            clauses = cache.clauses(name, transition, by_system=by_system)
            yield GuardedTransition(number, transition, by_system, roles, clauses)


def transition_system_of(
    guarded: GuardedTransitions,
    more: Iterable[Fact] = (),
    trigger_names: TriggerNames = lambda _: frozenset(),
) -> TransitionSystem:
    """Return a settled lifecycle in numbers, with `more` facts than open and close its edges.

    `trigger_names` are a guarantee's words for a transition's trigger.
    """
    lifecycle, facts = guarded.lifecycle, Facts.of([*guarded.facts, *more])
    index = {name: number for number, name in enumerate(lifecycle.states)}
    known: dict[tuple[int, bool], tuple[GuardedClause, ...] | None] = {}
    edges: list[Edge] = []
    for number, (source, rule, by_system, roles, clauses) in enumerate(guarded.transitions):
        # INVARIANT: steps that need the same share their clauses, which `guarded` keeps alive.
        key = id(clauses), by_system
        if key not in known:
            known[key] = None
            if clauses is not None:
                guards = [facts.guard(clause, by_system=by_system) for clause in clauses]
                known[key] = tuple(map(GuardedClause, clauses, guards))
        kept, added = facts.after(rule, by_system=by_system, named=trigger_names(rule))
        target, met = index[rule.to], known[key]
        edges.append(Edge(number, source, target, rule, roles, by_system, met, kept, added))
    start = facts.at_first(lifecycle.initial), index[lifecycle.initial]
    return TransitionSystem(lifecycle, tuple(index), tuple(edges), facts, *start)


@define(eq=False)
class _ClauseCache:
    """The clauses of each transition, spelt out once for all that need the same."""

    lifecycle: Lifecycle
    known: dict[tuple[object, ...], tuple[Clause, ...] | None] = field(factory=dict)

    def clauses(
        self, source: str, transition: Transition, *, by_system: bool
    ) -> tuple[Clause, ...] | None:
        """Return the ways to meet what a transition needs; None when they are too many."""
        asked = requirements_of(source, transition)
        key: tuple[object, ...] = (asked, by_system)
        shut = frozenset[str]()
        if key in self.known:
            return self.known[key]
        if any(isinstance(atom, ChildrenClosed | ChildForEach) for atom in atoms_of(asked)):
            shut = closed_ledgers(self.lifecycle, source, transition)
            key = (*key, shut)
        if key not in self.known:
            self.known[key] = satisfiable_clauses(asked, shut, by_system=by_system)
        return self.known[key]

    def facts(self) -> Iterator[Fact]:
        """Yield the facts that some clause rests on."""
        for clauses in self.known.values():
            for clause in clauses or ():
                yield from facts_of(clause)
