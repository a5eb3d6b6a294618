"""Spell requirements out as clauses: a plain conjunction of atoms for each way to meet them."""

from __future__ import annotations

from attrs import frozen

from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import Lifecycle, Transition
from peelflow.proof.lapses import lapse_of

MOST_CLAUSES = 4096


@frozen
class Children:
    """`children` on a step that closes these ledgers; on one that closes none, on every ledger."""

    closes: frozenset[str]


@frozen
class Answers:
    """`asked` on a step that closes these ledgers; on one that closes none, on every ledger."""

    asked: ChildForEach
    closes: frozenset[str]


Atom = (
    Evidence
    | InspectionHeld
    | ReasonGiven
    | FieldSet
    | SuccessorNamed
    | Children
    | Answers
    | DistinctFrom
    | Waited
    | PredicateHolds
)
Clause = tuple[Atom, ...]


class TooLargeError(Exception):
    """A question would take more steps than we give it: the answer is `undetermined`."""


def clauses(
    requirements: tuple[Requirement, ...], closes: frozenset[str] = frozenset()
) -> tuple[Clause, ...]:
    """Return every way to meet all of `requirements`, each once.

    Args:
        requirements: What a transition, or a guarantee, asks for.
        closes: The ledgers that the transition closes, which is what `children` is about.

    Raises:
        TooLargeError: There are more ways than we look at.
    """
    ways: dict[Clause, None] = {(): None}
    for requirement in requirements:
        ways = {
            tuple(dict.fromkeys((*way, *more))): None
            for way in ways
            for more in _ways(requirement, closes)
        }
        if len(ways) > MOST_CLAUSES:
            raise TooLargeError
    return tuple(ways)


def _ways(requirement: Requirement, closes: frozenset[str]) -> tuple[Clause, ...]:
    match requirement:
        case AnyOf(any_of=choices):
            return tuple(clause for every in choices for clause in clauses(every, closes))
        case ChildrenClosed():
            return ((Children(closes),),)
        case ChildForEach():
            return ((Answers(requirement, closes),),)
        case _:
            return ((requirement,),)


def closes(lifecycle: Lifecycle, source: str, way: Transition) -> frozenset[str]:
    """Return the ledgers on which a transition closes a record."""
    old, new = lifecycle.states[source], lifecycle.states[way.to]
    return frozenset(
        ledger
        for ledger, counts in new.counts_as.items()
        if counts == "closed" and old.counts_as.get(ledger) != "closed"
    )


def needs(source: str, way: Transition) -> tuple[Requirement, ...]:
    """Return all that a transition out of `source` needs, its time included."""
    if way.after is None:
        return way.requires
    since = PUBLISHED if way.after.since == PUBLISHED else source
    return (*way.requires, lapse_of(way.after, since))
