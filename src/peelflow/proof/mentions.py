"""What a lifecycle mentions: its requirements wherever they stand, its roles, its evidence."""

from __future__ import annotations

from collections.abc import Iterator

from peelflow.errors import Span
from peelflow.model.guarantees import NeverDoneBy, NeverUnmet, OnlyEnteredBy
from peelflow.model.requirements import Evidence, Requirement, each_atom
from peelflow.model.rules import Lifecycle


def each_requirement(lifecycle: Lifecycle) -> Iterator[Requirement]:
    """Yield every atom that a transition requires or a guarantee speaks of."""
    for state in lifecycle.states.values():
        for way in state.transitions:
            yield from each_atom(way.requires)
    for guarantee in lifecycle.guarantees:
        if isinstance(guarantee.promise, NeverUnmet):
            yield from each_atom((guarantee.promise.requirement,))


def each_role(lifecycle: Lifecycle) -> Iterator[tuple[str, Span]]:
    """Yield every role mentioned, with its place: who acts, who signs, whom guarantees name."""
    for state in lifecycle.states.values():
        for way in state.transitions:
            yield from ((role, way.span) for role in way.by)
    for guarantee in lifecycle.guarantees:
        match guarantee.promise:
            case OnlyEnteredBy(roles=roles) | NeverDoneBy(roles=roles) | NeverUnmet(roles=roles):
                yield from ((role, guarantee.span) for role in roles)
            case _:
                pass
    for atom in each_requirement(lifecycle):
        if isinstance(atom, Evidence):
            yield from ((role, atom.span) for role in atom.signed_by)


def roles_named(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the names of every role the lifecycle mentions."""
    return frozenset(role for role, _ in each_role(lifecycle))


def evidence_named(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the names of every kind of evidence the lifecycle mentions."""
    atoms = each_requirement(lifecycle)
    return frozenset(atom.evidence for atom in atoms if isinstance(atom, Evidence))
