"""The closed vocabulary of requirements: what an act may need. Nothing here can execute.

Every atom is data; `engine.checks` judges it, `read_aloud` says it in words.
"""

from __future__ import annotations

from typing import Literal, assert_never

import attrs
from attrs import field, frozen

from peelflow.errors import NOWHERE, Span


@frozen
class Evidence:
    """A document of a kind, offered with the act or attached in the window.

    `signed_by`: signed by someone who held one of these roles on the signature's date.
    """

    evidence: str
    signed_by: tuple[str, ...] = ()
    since: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class InspectionHeld:
    """An inspection that began by the act's date and ended no earlier than the window began.

    `relevant`: it covers the record's question.
    """

    inspection: Literal["planned", "bespoke", "any"]
    relevant: bool = False
    since: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class ReasonGiven:
    """The act says why."""

    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class FieldSet:
    """A field of the record is set; `has`: to this choice, or to a list that holds it."""

    field: str
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
    """

    children: str
    for_each: tuple[str, ...]
    whose: str
    names: str
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class DistinctFrom:
    """Another person than the one who last did `distinct_from` in the window."""

    distinct_from: str
    since: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Waited:
    """`waited` days have passed since the window began, `published`, or a state was entered."""

    waited: int
    since: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class AnyOf:
    """One of several conjunctions holds."""

    any_of: tuple[tuple[Requirement, ...], ...]
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class PredicateHolds:
    """A Python function that the application registered says yes; opaque to the proof."""

    predicate: str
    span: Span = field(default=NOWHERE, eq=False, repr=False)


Requirement = (
    Evidence
    | InspectionHeld
    | ReasonGiven
    | FieldSet
    | SuccessorNamed
    | ChildrenClosed
    | ChildForEach
    | DistinctFrom
    | Waited
    | AnyOf
    | PredicateHolds
)

BARE: dict[str, type[ReasonGiven | SuccessorNamed | ChildrenClosed]] = {
    "reason": ReasonGiven,
    "successor": SuccessorNamed,
    "children": ChildrenClosed,
}
HEADED: dict[str, type[Requirement]] = {
    "evidence": Evidence,
    "inspection": InspectionHeld,
    "field": FieldSet,
    "children": ChildForEach,
    "distinct_from": DistinctFrom,
    "waited": Waited,
    "any_of": AnyOf,
    "predicate": PredicateHolds,
}
PUBLISHED = "published"


def one_of(names: tuple[str, ...]) -> str:
    """Say a list of names as a choice: `a`, `b` or `c`."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def read_aloud(requirement: Requirement) -> str:
    """Say what a requirement asks for, as it completes "this needs …"."""
    match requirement:
        case Evidence(evidence=kind, signed_by=roles, since=since):
            signed = f" signed by {one_of(roles)}" if roles else ""
            return f"a `{kind}`{signed}{_since(since)}"
        case InspectionHeld(inspection=kind, relevant=relevant, since=since):
            named = "any" if kind == "any" else f"a {kind}"
            covering = " that covers the record's question" if relevant else ""
            return f"{named} inspection{covering}{_since(since)}"
        case ReasonGiven():
            return "a reason"
        case FieldSet(field=name, has=has):
            return f"the field `{name}`" + (f" with `{has}`" if has else "")
        case SuccessorNamed():
            return "a successor"
        case ChildrenClosed():
            return "at least one child, each of them closed"
        case ChildForEach(children=child, for_each=categories, whose=whose, names=names):
            each = f"for each {one_of(categories)} whose `{whose}` is the record's `{names}`"
            return f"{each}, a child that names it in `{child}`, each of them closed"
        case DistinctFrom(distinct_from=trigger, since=since):
            return f"another person than did `{trigger}`{_since(since)}"
        case Waited(waited=days, since=since):
            return f"{say_days(days)}{_since(since or 'the window began')}"
        case AnyOf(any_of=choices):
            return " or ".join(
                "(" + " and ".join(read_aloud(atom) for atom in every) + ")" for every in choices
            )
        case PredicateHolds(predicate=name):
            return f"the predicate `{name}`"
        case _:
            assert_never(requirement)


def would_do(requirement: Requirement) -> str:
    """Say what to do about a requirement that does not hold, as a request to whoever acts."""
    match requirement:
        case ChildrenClosed():
            return "close each child first; there must be at least one"
        case ChildForEach(children=child, for_each=categories):
            each = f"give each {one_of(categories)} a child that names it in `{child}`"
            return f"{each}, and close each child"
        case DistinctFrom(distinct_from=trigger, since=since):
            return f"let one person do `{trigger}`{_since(since)}, and another this"
        case Waited(waited=days, since=since):
            return f"wait until {say_wait(days, since, begun='the window began')}"
        case AnyOf(any_of=choices):
            return "; or ".join(" and ".join(map(would_do, every)) for every in choices)
        case PredicateHolds(predicate=name):
            return f"see to it that the predicate `{name}` says yes"
        case _:
            return f"give {read_aloud(requirement)}"


def say_days(days: int) -> str:
    """Say a number of days in words: 1 day, 28 days."""
    return f"{days} day" if days == 1 else f"{days} days"


def say_wait(days: int, since: str | None, *, begun: str) -> str:
    """Say from when days are counted; `begun` is said where the rule names no `since`."""
    if since == PUBLISHED:
        begun = "the date in the field `published`"
    elif since:
        begun = f"`{since}` was entered"
    return f"{say_days(days)} {'has' if days == 1 else 'have'} passed since {begun}"


def _since(since: str | None) -> str:
    return f" since {since}" if since else ""


def each_atom(requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """Return the requirements and, for each `any_of`, what stands inside it, in order."""
    found: list[Requirement] = []
    for requirement in requirements:
        found.append(requirement)
        if isinstance(requirement, AnyOf):
            for every in requirement.any_of:
                found.extend(each_atom(every))
    return tuple(found)
