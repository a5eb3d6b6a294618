"""A lifecycle in numbers, for searching: states, edges, and the facts that open or close an edge.

An edge is one transition taken by people or by peelflow itself, the role `system`. People can
always be found for a role, and documents, inspections, fields and days can be as an act needs them.
What cannot be is left out: contradictory requirements, a `system` step that needs what only people
give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import define, field, frozen

from peelflow.model.requirements import PredicateHolds, Requirement
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


@define(eq=False)
class Board:
    """The states of a lifecycle by number, its edges, and the facts it starts with."""

    lifecycle: Lifecycle
    names: tuple[str, ...]
    edges: tuple[Edge, ...]
    facts: Facts
    first: int
    initial: int
    _steps: dict[bool, list[list[Step]]] = field(factory=dict)

    @property
    def is_opaque(self) -> bool:
        """Whether some edge hangs on a predicate, or has too many ways to look at."""
        return any(e.ways is None or any(way.is_opaque for way in e.ways) for e in self.edges)

    def steps(self, *, sure: bool) -> list[list[Step]]:
        """Return what leads out of each state: edge, target, guards, bits kept, bits set."""
        if sure not in self._steps:
            found: list[list[Step]] = [[] for _ in self.names]
            for edge in self.edges:
                guards = edge.guards(sure=sure)
                if guards != ():
                    found[edge.source].append(
                        (edge.number, edge.target, guards, edge.keep, edge.put)
                    )
            self._steps[sure] = found
        return self._steps[sure]


def board_of(
    lifecycle: Lifecycle, more: Iterable[Fact] = (), named: Named = lambda _: frozenset()
) -> Board:
    """Return a settled lifecycle in numbers.

    Args:
        lifecycle: Checked, with its roles filled in.
        more: Facts to keep besides those that open and close edges.
        named: A guarantee's words for a transition's trigger.
    """
    spelt = _spelt(lifecycle)
    asked = [fact for _, _, _, ways in spelt for clause in ways or () for fact in facts_of(clause)]
    facts = Facts.of([*asked, *more])
    names = tuple(lifecycle.states)
    index = {name: place for place, name in enumerate(names)}
    edges: list[Edge] = []
    for source, rule, system, spelling in spelt:
        roles = tuple(r for r in rule.by if r in lifecycle.roles and (r == SYSTEM) == system)
        keep, put = facts.after(rule, system=system, named=named(rule)) if facts.bits else (-1, 0)
        ways = None
        if spelling is not None:
            ways = tuple(Way(clause, facts.guard(clause, system=system)) for clause in spelling)
        if roles and ways != ():
            edges.append(
                Edge(
                    number=len(edges),
                    source=index[source],
                    target=index[rule.to],
                    rule=rule,
                    roles=roles,
                    system=system,
                    ways=ways,
                    keep=keep,
                    put=put,
                )
            )
    first = facts.at_first(lifecycle.initial)
    return Board(lifecycle, names, tuple(edges), facts, first, index[lifecycle.initial])


_Spelt = tuple[str, Transition, bool, tuple[Clause, ...] | None]


def _spelt(lifecycle: Lifecycle) -> list[_Spelt]:
    known: dict[tuple[object, ...], tuple[Clause, ...] | None] = {}
    found: list[_Spelt] = []
    for source, state in lifecycle.states.items():
        for rule in state.transitions:
            shut = closes(lifecycle, source, rule) if rule.requires else frozenset()
            asked = needs(source, rule)
            for system in {role == SYSTEM for role in rule.by}:
                key = (asked, shut, system)
                if key not in known:
                    known[key] = _clauses(asked, shut, system=system)
                found.append((source, rule, system, known[key]))
    return found


def _clauses(
    asked: tuple[Requirement, ...], shut: frozenset[str], *, system: bool
) -> tuple[Clause, ...] | None:
    try:
        ways = clauses(asked, shut)
    except TooLargeError:
        return None
    return tuple(way for way in ways if possible(way, (), system=system))
