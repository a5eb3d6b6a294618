"""A lifecycle in numbers, for searching: states, edges, and the facts that open or close an edge.

An edge is one transition taken by people or by peelflow itself, the role `system`. People can
always be found for a role, and documents, inspections, fields and days can be as an act needs them.
What cannot be is left out: contradictory requirements, a `system` step that needs what only people
give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from attrs import define, field, frozen

from peelflow.model.requirements import (
    ChildForEach,
    ChildrenClosed,
    PredicateHolds,
    Requirement,
    each_atom,
)
from peelflow.model.rules import SYSTEM, Lifecycle, Transition
from peelflow.proof.clauses import Clause, TooLargeError, clauses, closes, needs
from peelflow.proof.facts import Fact, Facts, Guard, facts_of
from peelflow.proof.theory import possible

Named = Callable[[Transition], frozenset[str]]


@frozen(eq=False)
class Way:
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
    ways: tuple[Way, ...] | None
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
        return guards is None or any(met(guard, facts) for guard in guards)


def met(guard: Guard, facts: int) -> bool:
    """Say whether facts are as a guard needs them."""
    need, forbidden = guard
    return facts & need == need and not facts & forbidden


Step = tuple[int, int, tuple[Guard, ...] | None, int, int]


@define(eq=False, slots=False)
class Board:
    """The states of a lifecycle by number, its edges, and the facts it starts with."""

    lifecycle: Lifecycle
    names: tuple[str, ...]
    edges: tuple[Edge, ...]
    facts: Facts
    first: int
    initial: int
    _steps: dict[bool, list[list[Step]]] = field(factory=dict)

    @cached_property
    def is_opaque(self) -> bool:
        """Whether some edge hangs on a predicate, or has too many ways to look at."""
        every = {edge.ways for edge in self.edges}
        return any(ways is None or any(way.is_opaque for way in ways) for ways in every)

    def steps(self, *, sure: bool) -> list[list[Step]]:
        """Return what leads out of each state: edge, target, guards, bits kept, bits set."""
        if sure not in self._steps:
            found: list[list[Step]] = [[] for _ in self.names]
            known: dict[tuple[Way, ...] | None, tuple[Guard, ...] | None] = {}
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


Taken = tuple[int, Transition, bool, tuple[str, ...], tuple[Clause, ...] | None]


@frozen(eq=False)
class Rules:
    """A lifecycle's transitions by who takes them, each with the ways to meet what it needs.

    `asked` are the facts that some way rests on.
    """

    lifecycle: Lifecycle
    taken: tuple[Taken, ...]
    asked: tuple[Fact, ...]


def rules_of(lifecycle: Lifecycle) -> Rules:
    """Return what can be taken in a settled lifecycle, for all boards of it."""
    spelling, roles = _Spelling(lifecycle), lifecycle.roles
    taken: list[Taken] = []
    for place, (name, state) in enumerate(lifecycle.states.items()):
        for rule in state.transitions:
            for system in sorted({role == SYSTEM for role in rule.by}):
                found = spelling.clauses(name, rule, system=system)
                by = tuple([r for r in rule.by if r in roles and (r == SYSTEM) == system])
                if by and found != ():
                    taken.append((place, rule, system, by, found))
    return Rules(lifecycle, tuple(taken), tuple(dict.fromkeys(spelling.facts())))


def board_of(
    rules: Rules, more: Iterable[Fact] = (), named: Named = lambda _: frozenset()
) -> Board:
    """Return a settled lifecycle in numbers.

    Args:
        rules: What can be taken.
        more: Facts to keep besides those that open and close edges.
        named: A guarantee's words for a transition's trigger.
    """
    lifecycle, facts = rules.lifecycle, Facts.of([*rules.asked, *more])
    index = {name: place for place, name in enumerate(lifecycle.states)}
    known: dict[tuple[int, bool], tuple[Way, ...] | None] = {}
    edges: list[Edge] = []
    for number, (source, rule, system, roles, found) in enumerate(rules.taken):
        # INVARIANT: rules that need the same share their clauses, which `rules` keeps alive.
        key = id(found), system
        if key not in known:
            known[key] = _ways(facts, found, system=system)
        keep, put = facts.after(rule, system=system, named=named(rule))
        edges.append(
            Edge(number, source, index[rule.to], rule, roles, system, known[key], keep, put)
        )
    names = tuple(index)
    first = facts.at_first(lifecycle.initial)
    return Board(lifecycle, names, tuple(edges), facts, first, index[lifecycle.initial])


@define(eq=False)
class _Spelling:
    """The clauses of each transition, spelt out once for all that need the same."""

    lifecycle: Lifecycle
    known: dict[tuple[object, ...], tuple[Clause, ...] | None] = field(factory=dict)

    def clauses(self, source: str, rule: Transition, *, system: bool) -> tuple[Clause, ...] | None:
        """Return the ways to meet what a transition needs; None when they are too many."""
        key: tuple[object, ...]
        asked = needs(source, rule)
        key, shut = (asked, system), frozenset[str]()
        if key in self.known:
            return self.known[key]
        if any(isinstance(atom, ChildrenClosed | ChildForEach) for atom in each_atom(asked)):
            shut = closes(self.lifecycle, source, rule)
            key = (*key, shut)
        if key not in self.known:
            self.known[key] = _clauses(asked, shut, system=system)
        return self.known[key]

    def facts(self) -> Iterator[Fact]:
        """Yield the facts that some clause rests on."""
        for found in self.known.values():
            for clause in found or ():
                yield from facts_of(clause)


def _clauses(
    asked: tuple[Requirement, ...], shut: frozenset[str], *, system: bool
) -> tuple[Clause, ...] | None:
    try:
        ways = clauses(asked, shut)
    except TooLargeError:
        return None
    return tuple(way for way in ways if possible(way, (), system=system))


def _ways(
    facts: Facts, found: tuple[Clause, ...] | None, *, system: bool
) -> tuple[Way, ...] | None:
    if found is None:
        return None
    return tuple(Way(clause, facts.guard(clause, system=system)) for clause in found)
