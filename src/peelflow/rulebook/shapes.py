"""The shapes of rule files: which keys stand where, and what each may hold.

`structure` reads by these declarations and `schema` publishes them; neither knows a key by heart.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from attrs import field, frozen

from peelflow.model.guarantees import Guarantee
from peelflow.model.requirements import (
    AnyOf,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    Requirement,
    Waited,
)
from peelflow.model.rules import (
    After,
    AppliesTo,
    Category,
    Counts,
    EvidenceKind,
    FieldRule,
    FieldType,
    FigureRow,
    Lifecycle,
    Role,
    Side,
    State,
    Transition,
    Vocabulary,
)

SNAKE = "[a-z][a-z0-9_]*"
KEBAB = "[a-z][a-z0-9-]*"


@frozen
class Named:
    """A text that is a name: what it names, its pattern, and the pattern in words."""

    what: str
    pattern: str = SNAKE
    words: str = "small letters, digits and `_`, starting with a letter"


@frozen
class Whole:
    """Bounds of a whole number, inclusive."""

    least: int
    most: int


@frozen
class AtLeastOne:
    """A list that may not be empty."""


@frozen
class OneOrList:
    """One value, or a list of at least one."""


@frozen
class LevelWord:
    """A level from 1 to 4, or the word `none`."""


@frozen
class ByTrigger:
    """A mapping from each trigger to one transition, or to a list of alternatives."""


@frozen
class Sentence:
    """A text in the language of guarantees."""


def _name(what: str) -> Any:
    return Annotated[str, Named(what)]


_kebab = "small letters, digits and `-`, starting with a letter"
STATE, TRIGGER, ROLE = _name("state"), _name("trigger"), _name("role")
FIELD, LEDGER, CATEGORY = _name("field"), _name("ledger"), _name("category")
EVIDENCE, PREDICATE = _name("kind of evidence"), _name("predicate")
LIFECYCLE = Annotated[str, Named("lifecycle", KEBAB, _kebab)]
VOCABULARY = Annotated[str, Named("vocabulary", KEBAB, _kebab)]
REFINED = Annotated[
    str, Named("lifecycle with its version", KEBAB + "@[1-9][0-9]*", "such as `level-3@1`")
]
DAYS = Annotated[int, Whole(1, 36_525)]
LEVEL = Annotated[int | None, LevelWord()]
REQUIREMENTS = tuple[Requirement, ...]


@frozen
class Key:
    """What one YAML key holds; `attribute` is its name in the model where that differs."""

    holds: Any
    required: bool = False
    attribute: str | None = None


@frozen
class Shape:
    """The keys of one kind of mapping, and the model values that are not written in it."""

    keys: Mapping[str, Key]
    preset: Mapping[str, Any] = field(factory=dict)


def _must(holds: Any, attribute: str | None = None) -> Key:
    return Key(holds, required=True, attribute=attribute)


_SINCE = Key(STATE)
_TEXT, _FLAG = Key(str), Key(bool)

SHAPES: Mapping[type, Shape] = {
    Lifecycle: Shape(
        {
            "lifecycle": _must(LIFECYCLE, "name"),
            "version": _must(Annotated[int, Whole(1, 10**9)]),
            "in_force_from": _must(date),
            "title": _must(str),
            "applies_to": _must(AppliesTo),
            "initial": _must(STATE),
            "states": _must(Annotated[Mapping[STATE, State], AtLeastOne()]),
            "guarantees": Key(tuple[Guarantee, ...]),
            "refines": Key(REFINED),
        }
    ),
    AppliesTo: Shape(
        {
            "category": _must(Annotated[tuple[CATEGORY, ...], OneOrList()]),
            "level": _must(Annotated[tuple[LEVEL, ...], OneOrList()]),
        }
    ),
    State: Shape(
        {
            "counts_as": _must(Mapping[LEDGER, Counts]),
            "title": _TEXT,
            "final": _FLAG,
            "stands_for": Key(STATE),
            "transitions": Key(Annotated[tuple[Transition, ...], ByTrigger()]),
        }
    ),
    Transition: Shape(
        {
            "to": _must(STATE),
            "by": _must(Annotated[tuple[ROLE, ...], AtLeastOne()]),
            "requires": Key(REQUIREMENTS),
            "as": Key(TRIGGER, attribute="as_"),
            "after": Key(After),
            "reopens": _FLAG,
        },
        preset={"trigger": ""},
    ),
    After: Shape({"days": _must(DAYS), "since": Key(Literal["entered", "published"])}),
    Guarantee: Shape(
        {"that": _must(Annotated[str, Sentence()], "promise"), "because": _must(str)},
        preset={"that": ""},
    ),
    Evidence: Shape(
        {"evidence": _must(EVIDENCE), "signed_by": Key(tuple[ROLE, ...]), "since": _SINCE}
    ),
    InspectionHeld: Shape(
        {
            "inspection": _must(Literal["planned", "bespoke", "any"]),
            "relevant": _FLAG,
            "since": _SINCE,
        }
    ),
    FieldSet: Shape({"field": _must(FIELD)}),
    DistinctFrom: Shape({"distinct_from": _must(TRIGGER), "since": _SINCE}),
    Waited: Shape({"waited": _must(DAYS), "since": _SINCE}),
    AnyOf: Shape(
        {
            "any_of": _must(
                Annotated[tuple[Annotated[REQUIREMENTS, AtLeastOne()], ...], AtLeastOne()]
            )
        }
    ),
    PredicateHolds: Shape({"predicate": _must(PREDICATE)}),
    Vocabulary: Shape(
        {
            "vocabulary": _must(VOCABULARY),
            "roles": Key(Mapping[ROLE, Role]),
            "evidence": Key(Mapping[EVIDENCE, EvidenceKind]),
            "categories": Key(Mapping[CATEGORY, Category]),
            "predicates": Key(Mapping[PREDICATE, str]),
        }
    ),
    Role: Shape(
        {
            "side": _must(Side),
            "title": _must(str),
            "by_appointment": _FLAG,
            "may_be_delegated": _FLAG,
            "stands_for": Key(ROLE),
        }
    ),
    EvidenceKind: Shape({"title": _must(str)}),
    Category: Shape(
        {
            "title": _must(str),
            "fields": Key(Mapping[FIELD, FieldRule]),
            "children": Key(tuple[CATEGORY, ...]),
            "figures": Key(tuple[FigureRow, ...]),
        }
    ),
    FieldRule: Shape(
        {
            "type": _must(FieldType),
            "title": _must(str),
            "choices": Key(tuple[str, ...]),
            "required": _FLAG,
        }
    ),
    FigureRow: Shape(
        {
            "title": _must(str),
            "order": _must(Annotated[int, Whole(0, 10**9)]),
            "level": _must(LEVEL),
        }
    ),
}
