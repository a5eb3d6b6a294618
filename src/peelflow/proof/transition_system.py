"""A transition system holds a lifecycle's states, its edges and the facts that guard an edge.

An edge is one transition taken by people or by peelflow itself, the role `system`. People can
always be found for a role, and documents, inspections, fields and days can be as an act needs
them. What cannot be is left out: contradictory requirements, a `system` step that needs what only
people give.

A fact is one bit that a proof remembers of a record besides its state: which of two time points is
the later one, whether a state was ever entered, or who did a trigger last. An event changes facts
by two masks: it clears some bits and sets others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from attrs import define, field, fields, frozen

from peelflow.model.requirements import (
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    InspectionHeld,
    PredicateHolds,
    Requirement,
    Waited,
    atoms_of,
)
from peelflow.model.rules import SYSTEM, Lifecycle, Transition
from peelflow.proof.normal_form import (
    Atom,
    Clause,
    TooLargeError,
    closed_ledgers,
    disjunctive_normal_form,
    requirements_of,
)
from peelflow.proof.satisfiability import WINDOW, KnownPast, TimePoint, satisfiable, time_point


@frozen
class PastTransition(Transition):
    """A step of rules that records left, or the move itself; `deeds` are what it counts as."""

    deeds: tuple[str, ...] = ()


def past_transition(way: Transition, deeds: tuple[str, ...]) -> PastTransition:
    """Return a transition that counts as these deeds, and no longer as its own trigger."""
    told = {part.name: getattr(way, part.name) for part in fields(Transition)}
    return PastTransition(**told, deeds=deeds)


def counted_triggers(way: Transition) -> tuple[str, ...]:
    """Return the triggers that a transition counts as having done."""
    return way.deeds if isinstance(way, PastTransition) else (way.trigger,)


@frozen
class Entered:
    """The state was entered."""

    state: str


@frozen
class NotBefore:
    """`one` is there, and `other` is not, or not later than `one`."""

    one: TimePoint
    other: TimePoint


@frozen
class LastDoneBySystem:
    """peelflow itself did the trigger last."""

    trigger: str


@frozen
class Done:
    """The trigger that a guarantee names was done; `system`: last by peelflow itself."""

    named: str
    system: bool = False


@frozen
class LastDoneAs:
    """The trigger that a guarantee names was last done as `trigger`, which was not done since."""

    named: str
    trigger: str


Fact = Entered | NotBefore | LastDoneBySystem | Done | LastDoneAs
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
        return self._moved({WINDOW, time_point(initial)})[1]

    def after(
        self, way: Transition, *, system: bool, named: frozenset[str] = frozenset()
    ) -> tuple[int, int]:
        """Return the bits a transition keeps and those it sets.

        Args:
            way: The transition.
            system: peelflow itself takes it.
            named: The guarantee's words for its trigger.
        """
        if not self.bits:
            return -1, 0
        key = (
            counted_triggers(way),
            way.to if way.to in self.states else "",
            way.answers is None,
            system,
        )
        if (*key, named) not in self._masks:
            self._masks[*key, named] = self._after(way, system=system, named=named)
        return self._masks[*key, named]

    @cached_property
    def states(self) -> frozenset[str]:
        """The states whose entering some fact is about."""
        points = [point for fact in self.bits for point in _time_points_of(fact)]
        return frozenset(name for kind, name in points if kind == "entered")

    def _after(self, way: Transition, *, system: bool, named: frozenset[str]) -> tuple[int, int]:
        done: set[TimePoint] = {("done", deed) for deed in counted_triggers(way)}
        moved = {time_point(way.to), *done}
        cleared, put = self._moved({*moved, WINDOW} if way.answers is not None else moved)
        for fact, bit in self.bits.items():
            said = _value_after(fact, way, system=system, named=named)
            if said:
                put |= bit
            elif said is not None:
                cleared |= bit
        return ~cleared, put

    def _moved(self, points: set[TimePoint]) -> tuple[int, int]:
        cleared = put = 0
        for fact, bit in self.bits.items():
            match fact:
                case Entered(state=state) if time_point(state) in points:
                    put |= bit
                case NotBefore(one=one) if one in points:
                    put |= bit
                case NotBefore(other=other) if other in points:
                    cleared |= bit
                case _:
                    pass
        return cleared, put

    def guard(self, clause: Clause, *, system: bool) -> Guard:
        """Return which bits must be set, and which must not be, for a clause to be met."""
        need = forbidden = 0
        for fact in facts_of(clause):
            if isinstance(fact, LastDoneBySystem):
                forbidden |= self.bits[fact] if system else 0
            else:
                need |= self.bits[fact]
        return need, forbidden

    def known(self, points: Iterable[TimePoint], triggers: Iterable[str], facts: int) -> KnownPast:
        """Return what the bits say of these moments, and of who did these triggers."""
        there = [p for p in points if facts & self.bits.get(NotBefore(p, p), 0)]
        ranks = {
            one: sum(bool(facts & self.bits[NotBefore(one, other)]) for other in there)
            for one in there
        }
        system = frozenset(t for t in triggers if facts & self.bits[LastDoneBySystem(t)])
        return KnownPast(ranks, system)


def _time_points_of(fact: Fact) -> tuple[TimePoint, ...]:
    match fact:
        case Entered(state=state):
            return (time_point(state),)
        case NotBefore(one=one, other=other):
            return (one, other)
        case _:
            return ()


def _value_after(
    fact: Fact, way: Transition, *, system: bool, named: frozenset[str]
) -> bool | None:
    deeds = counted_triggers(way)
    match fact:
        case LastDoneBySystem(trigger=trigger) if trigger in deeds:
            return system
        case Done(named=name, system=by_system) if name in named:
            return system if by_system else True
        case LastDoneAs(named=name, trigger=trigger):
            if name in named:
                return trigger in deeds
            return False if trigger in deeds else None
        case _:
            return None


def facts_of(clause: Iterable[Atom]) -> tuple[Fact, ...]:
    """Return the facts that decide whether atoms can be met."""
    found: list[Fact] = []
    for atom in clause:
        match atom:
            case Evidence(since=since) | InspectionHeld(since=since) if since is not None:
                found.append(Entered(since))
            case Waited(since=since) if since not in (None, "published"):
                found.append(Entered(str(since)))
            case DistinctFrom(distinct_from=trigger, since=since):
                found += [Entered(since)] if since is not None else []
                found += [
                    NotBefore(("done", trigger), time_point(since)),
                    LastDoneBySystem(trigger),
                ]
            case _:
                pass
    return tuple(found)


def order_facts(points: Iterable[TimePoint]) -> tuple[Fact, ...]:
    """Return the facts that put moments in order."""
    every = tuple(points)
    return tuple(NotBefore(one, other) for one in every for other in every)


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
    """A transition taken by one of `roles`; `system` when peelflow itself takes it.

    `ways` is None where there are too many to look at.
    """

    number: int
    source: int
    target: int
    rule: Transition
    roles: tuple[str, ...]
    system: bool
    ways: tuple[GuardedClause, ...] | None
    keep: int
    put: int

    def guards(self, *, sure: bool) -> tuple[Guard, ...] | None:
        """Return what facts must be to take the edge; None when it is always open.

        Args:
            sure: Count only ways that no predicate decides.
        """
        if self.ways is None:
            return () if sure else None
        found = {way.guard for way in self.ways if not (sure and way.is_opaque)}
        return None if (0, 0) in found else tuple(found)

    def is_open(self, facts: int, *, sure: bool) -> bool:
        """Say whether the edge can be taken where the facts are so."""
        guards = self.guards(sure=sure)
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
    first: int
    initial: int
    _steps: dict[bool, list[list[OutgoingEdge]]] = field(factory=dict)

    @cached_property
    def is_opaque(self) -> bool:
        """Whether some edge hangs on a predicate, or has too many ways to look at."""
        every = {edge.ways for edge in self.edges}
        return any(ways is None or any(way.is_opaque for way in ways) for ways in every)

    def steps(self, *, sure: bool) -> list[list[OutgoingEdge]]:
        """Return what leads out of each state: edge, target, guards, bits kept, bits set."""
        if sure not in self._steps:
            found: list[list[OutgoingEdge]] = [[] for _ in self.names]
            known: dict[tuple[GuardedClause, ...] | None, tuple[Guard, ...] | None] = {}
            for edge in self.edges:
                if edge.ways not in known:
                    known[edge.ways] = edge.guards(sure=sure)
                guards = known[edge.ways]
                if guards != ():
                    found[edge.source].append(
                        (edge.number, edge.target, guards, edge.keep, edge.put)
                    )
            self._steps[sure] = found
        return self._steps[sure]


GuardedTransition = tuple[int, Transition, bool, tuple[str, ...], tuple[Clause, ...] | None]


@frozen(eq=False)
class GuardedTransitions:
    """A lifecycle's transitions by who takes them, each with the ways to meet what it needs.

    `asked` are the facts that some way rests on.
    """

    lifecycle: Lifecycle
    taken: tuple[GuardedTransition, ...]
    asked: tuple[Fact, ...]


def guarded_transitions_of(lifecycle: Lifecycle) -> GuardedTransitions:
    """Return what can be taken in a settled lifecycle, for all boards of it."""
    spelling, roles = _ClauseCache(lifecycle), lifecycle.roles
    taken: list[GuardedTransition] = []
    for place, (name, state) in enumerate(lifecycle.states.items()):
        for rule in state.transitions:
            for system in sorted({role == SYSTEM for role in rule.by}):
                found = spelling.clauses(name, rule, system=system)
                by = tuple([r for r in rule.by if r in roles and (r == SYSTEM) == system])
                if by and found != ():
                    taken.append((place, rule, system, by, found))
    return GuardedTransitions(lifecycle, tuple(taken), tuple(dict.fromkeys(spelling.facts())))


def transition_system_of(
    rules: GuardedTransitions,
    more: Iterable[Fact] = (),
    named: TriggerNames = lambda _: frozenset(),
) -> TransitionSystem:
    """Return a settled lifecycle in numbers.

    Args:
        rules: What can be taken.
        more: Facts to keep besides those that open and close edges.
        named: A guarantee's words for a transition's trigger.
    """
    lifecycle, facts = rules.lifecycle, Facts.of([*rules.asked, *more])
    index = {name: place for place, name in enumerate(lifecycle.states)}
    known: dict[tuple[int, bool], tuple[GuardedClause, ...] | None] = {}
    edges: list[Edge] = []
    for number, (source, rule, system, roles, found) in enumerate(rules.taken):
        # INVARIANT: rules that need the same share their clauses, which `rules` keeps alive.
        key = id(found), system
        if key not in known:
            known[key] = _guarded_clauses(facts, found, system=system)
        keep, put = facts.after(rule, system=system, named=named(rule))
        edges.append(
            Edge(number, source, index[rule.to], rule, roles, system, known[key], keep, put)
        )
    names = tuple(index)
    first = facts.at_first(lifecycle.initial)
    return TransitionSystem(lifecycle, names, tuple(edges), facts, first, index[lifecycle.initial])


@define(eq=False)
class _ClauseCache:
    """The clauses of each transition, spelt out once for all that need the same."""

    lifecycle: Lifecycle
    known: dict[tuple[object, ...], tuple[Clause, ...] | None] = field(factory=dict)

    def clauses(self, source: str, rule: Transition, *, system: bool) -> tuple[Clause, ...] | None:
        """Return the ways to meet what a transition needs; None when they are too many."""
        key: tuple[object, ...]
        asked = requirements_of(source, rule)
        key, shut = (asked, system), frozenset[str]()
        if key in self.known:
            return self.known[key]
        if any(isinstance(atom, ChildrenClosed | ChildForEach) for atom in atoms_of(asked)):
            shut = closed_ledgers(self.lifecycle, source, rule)
            key = (*key, shut)
        if key not in self.known:
            self.known[key] = _satisfiable_clauses(asked, shut, system=system)
        return self.known[key]

    def facts(self) -> Iterator[Fact]:
        """Yield the facts that some clause rests on."""
        for found in self.known.values():
            for clause in found or ():
                yield from facts_of(clause)


def _satisfiable_clauses(
    asked: tuple[Requirement, ...], shut: frozenset[str], *, system: bool
) -> tuple[Clause, ...] | None:
    try:
        ways = disjunctive_normal_form(asked, shut)
    except TooLargeError:
        return None
    return tuple(way for way in ways if satisfiable(way, (), system=system))


def _guarded_clauses(
    facts: Facts, found: tuple[Clause, ...] | None, *, system: bool
) -> tuple[GuardedClause, ...] | None:
    if found is None:
        return None
    return tuple(GuardedClause(clause, facts.guard(clause, system=system)) for clause in found)
