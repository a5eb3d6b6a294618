"""The closed vocabulary of requirements says what an act may need; nothing here can execute.

Every atom is data: `peelflow.engine.requirements` judges it, `peelflow.wording` says it in words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, get_args

import attrs
from attrs import field

from peelflow.errors import NOWHERE, Span
from peelflow.model.constraints import (
    AtLeastOne,
    CategoryName,
    Days,
    EvidenceName,
    FieldName,
    OneOrList,
    PredicateName,
    RoleName,
    StateName,
    TriggerName,
)
from peelflow.results import frozen


@frozen
class Evidence:
    """A document of a kind, offered with the act or attached in the window.

    Args:
        evidence: The kind of document, as the vocabulary declares it.
        signed_by: Who must have signed it: somebody who held one of these roles on the day of the
            signature.
        since: The state since whose entry it must have come; left out, since the last national
            step.
        span: Where it is declared.
    """

    evidence: EvidenceName
    signed_by: tuple[RoleName, ...] = ()
    since: StateName | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class InspectionHeld:
    """An inspection that began by the act's date and ended no earlier than the window began.

    `relevant`: it covers the record's question.

    Args:
        inspection: Which inspection counts: a planned one, a bespoke one, or any.
        relevant: Whether it must cover the record's question.
        since: The state since whose entry it must have ended; left out, since the last national
            step.
        span: Where it is declared.
    """

    inspection: Literal["planned", "bespoke", "any"]
    relevant: bool = False
    since: StateName | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class ReasonGiven:
    """The act says why."""

    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class FieldSet:
    """A field of the record is set, to one choice where `has` says so.

    Args:
        field: The field that must be set.
        has: The choice that it must be set to, or that must be in its list.
        span: Where it is declared.
    """

    field: FieldName
    has: str | None = None
    span: Span = attrs.field(default=NOWHERE, eq=False, repr=False)


@frozen
class SuccessorNamed:
    """The act names the later record or inspection that takes this one's place."""

    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class ChildrenClosed:
    """There is at least one child, and each counts closed on every ledger this step closes."""

    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class ChildForEach:
    """A child for each record that names what this one names, and each child closed.

    Each record of the categories `for_each`, in this one's force, whose field `whose` names the
    same record as this one's field `names`, is named by the field `children` of a child. Where
    there is no such record, there need be no child. Closed is meant as in `ChildrenClosed`.

    Args:
        children: The field of a child that names what it answers.
        for_each: The categories of the records that must be answered.
        whose: The field by which they name the same record as this one does.
        names: The field of this record by which it names that record.
        span: Where it is declared.
    """

    children: FieldName
    for_each: Annotated[tuple[CategoryName, ...], OneOrList()]
    whose: FieldName
    names: FieldName
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class DistinctFrom:
    """Another person than the one who last did `distinct_from` in the window.

    Args:
        distinct_from: The earlier step that somebody else must have taken.
        since: The state since whose entry it counts; left out, since the last national step.
        span: Where it is declared.
    """

    distinct_from: TriggerName
    since: StateName | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Waited:
    """`waited` days have passed since the window began, `published`, or a state was entered.

    Args:
        waited: How many days must have passed.
        since: From when they count: `published`, or the entry into this state; left out, the last
            national step.
        span: Where it is declared.
    """

    waited: Days
    since: StateName | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class AnyOf:
    """One of several conjunctions holds.

    Args:
        any_of: Lists of requirements; it is enough that all of one list hold.
        span: Where it is declared.
    """

    any_of: Annotated[tuple[Annotated[tuple[Requirement, ...], AtLeastOne()], ...], AtLeastOne()]
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class PredicateHolds:
    """A Python function that the application registered says yes; opaque to the proof.

    Args:
        predicate: The question, as the vocabulary declares it, that a program answers with yes.
        span: Where it is declared.
    """

    predicate: PredicateName
    span: Span = field(default=NOWHERE, eq=False, repr=False)


Atom = (
    Evidence
    | InspectionHeld
    | ReasonGiven
    | FieldSet
    | SuccessorNamed
    | ChildrenClosed
    | ChildForEach
    | DistinctFrom
    | Waited
    | PredicateHolds
)
"""A requirement that is no choice of others."""
Requirement = Atom | AnyOf

BARE: dict[str, type[ReasonGiven | SuccessorNamed | ChildrenClosed]] = {
    "reason": ReasonGiven,
    "successor": SuccessorNamed,
    "children": ChildrenClosed,
}
HEADED: dict[str, type[Requirement]] = {
    attrs.fields(kind)[0].name: kind for kind in get_args(Requirement) if kind not in BARE.values()
}
"""Requirements that are written as a mapping, by their first key."""

PUBLISHED = "published"


def atoms_of(requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """Return the requirements and, for each `any_of`, what stands inside it, in order."""
    if AnyOf not in map(type, requirements):
        return requirements  # as most are
    atoms: list[Requirement] = []
    for requirement in requirements:
        atoms.append(requirement)
        if isinstance(requirement, AnyOf):
            for choice in requirement.any_of:
                atoms.extend(atoms_of(choice))
    return tuple(atoms)


def renamed(
    requirement: Requirement,
    since_of: Callable[[str | None], str | None],
    trigger_of: Callable[[str], str] = lambda trigger: trigger,
) -> Requirement:
    """Return a requirement with each `since`, and each trigger, as these functions name it."""
    match requirement:
        case AnyOf(any_of=choices):
            any_of = (tuple(renamed(a, since_of, trigger_of) for a in atoms) for atoms in choices)
            return attrs.evolve(requirement, any_of=tuple(any_of))
        case DistinctFrom(distinct_from=trigger, since=since):
            name = trigger_of(trigger)
            return attrs.evolve(requirement, distinct_from=name, since=since_of(since))
        case Waited(since=since) if since == PUBLISHED:
            return requirement
        case Evidence(since=since) | InspectionHeld(since=since) | Waited(since=since):
            return attrs.evolve(requirement, since=since_of(since))
        case _:
            return requirement
