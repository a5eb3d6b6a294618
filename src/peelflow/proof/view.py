"""How a guarantee's words are meant in a lifecycle: its states, its triggers, its roles.

In the file that states it, a state is the one of that name, and a trigger is what answers the
national trigger of that name, or, where nothing does, the file's own trigger. Asked of a file that
refines it, a national state is every state that stands for it, and only answers count.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from attrs import define, evolve, field

from peelflow.model.guarantees import Where
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    DistinctFrom,
    Evidence,
    InspectionHeld,
    Requirement,
    Waited,
)
from peelflow.model.rules import Lifecycle, Transition


@define(eq=False, slots=False)
class View:
    """A lifecycle as a guarantee sees it; `refined` states it when another does."""

    lifecycle: Lifecycle
    refined: Lifecycle | None = None
    _named: dict[tuple[str, str | None], frozenset[str]] = field(factory=dict, init=False)

    def states(self, where: Where) -> frozenset[str]:
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
        own = self.states(Where(state=since))
        ways = (way for state in self.lifecycle.states.values() for way in state.transitions)
        back = any(way.to in own and way.answers is None for way in ways)
        return min(own, default=since) if len(own) <= 1 and not back else None

    def _own_trigger(self, national: str) -> str | None:
        """Return the one trigger by which a national one is answered, and nothing else is."""
        ways = [way for state in self.lifecycle.states.values() for way in state.transitions]
        names = {way.trigger for way in ways if way.answers == national}
        also = any(way.trigger in names and way.answers != national for way in ways)
        return min(names, default=national) if len(names) <= 1 and not also else None
