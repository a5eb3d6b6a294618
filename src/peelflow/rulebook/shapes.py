"""The shapes of rule files: which keys stand where, and what each may hold.

`structure` reads by these declarations and `schema` publishes them; neither knows a key by heart.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from attrs import field, frozen

from peelflow.model.guarantees import Guarantee
from peelflow.model.migration import MigrationPlan
from peelflow.model.requirements import (
    AnyOf,
    ChildForEach,
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
    Counted,
    Counts,
    EvidenceKind,
    FieldRule,
    FieldType,
    FigureRow,
    Lifecycle,
    QuestionSet,
    Role,
    Side,
    State,
    Transition,
    Vocabulary,
)

SNAKE = "[a-z][a-z0-9_]*"
KEBAB = "[a-z][a-z0-9-]*"
RESERVED = ("false", "n", "no", "null", "off", "on", "true", "y", "yes")
"""What YAML 1.1 takes for a truth value or for nothing, where it stands unquoted."""


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


_KEBAB_WORDS = "small letters, digits and `-`, starting with a letter"

StateName = Annotated[str, Named("state")]
TriggerName = Annotated[str, Named("trigger")]
RoleName = Annotated[str, Named("role")]
FieldName = Annotated[str, Named("field")]
LedgerName = Annotated[str, Named("ledger")]
CategoryName = Annotated[str, Named("category")]
EvidenceName = Annotated[str, Named("kind of evidence")]
PredicateName = Annotated[str, Named("predicate")]
QuestionSetName = Annotated[str, Named("question set")]
QuestionNumber = Annotated[
    str, Named("question", r"[1-9][0-9]*(\.[1-9][0-9]*)*", 'its number, such as `"7"` or `"7.2"`')
]
LifecycleName = Annotated[str, Named("lifecycle", KEBAB, _KEBAB_WORDS)]
VocabularyName = Annotated[str, Named("vocabulary", KEBAB, _KEBAB_WORDS)]
Versioned = Annotated[
    str,
    Named(
        "lifecycle's version",
        KEBAB + "@[1-9][0-9]*",
        "its name, `@` and its version, such as `level-3@1`",
    ),
]
Days = Annotated[int, Whole(1, 36_525)]
LevelOrNone = Annotated[int | None, LevelWord()]
Requirements = tuple[Requirement, ...]
Fields = Mapping[FieldName, FieldRule]


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


_SINCE = Key(StateName)
_TEXT, _FLAG = Key(str), Key(bool)
_PERIOD: Mapping[str, Key] = {
    "days": Key(Days),
    "months": Key(Annotated[int, Whole(1, 1_200)]),
    "working_days": Key(Annotated[int, Whole(1, 2_500)]),
    "beginning": _FLAG,
}

SHAPES: Mapping[type, Shape] = {
    Lifecycle: Shape(
        {
            "lifecycle": _must(LifecycleName, "name"),
            "version": _must(Annotated[int, Whole(1, 10**9)]),
            "in_force_from": _must(date),
            "title": _must(str),
            "applies_to": _must(AppliesTo),
            "initial": _must(StateName),
            "states": _must(Annotated[Mapping[StateName, State], AtLeastOne()]),
            "guarantees": Key(tuple[Guarantee, ...]),
            "refines": Key(Versioned),
        }
    ),
    AppliesTo: Shape(
        {
            "category": _must(Annotated[tuple[CategoryName, ...], OneOrList()]),
            "level": _must(Annotated[tuple[LevelOrNone, ...], OneOrList()]),
        }
    ),
    State: Shape(
        {
            "counts_as": _must(Mapping[LedgerName, Counts]),
            "title": _TEXT,
            "final": _FLAG,
            "stands_for": Key(StateName),
            "due": Key(After),
            "transitions": Key(Annotated[tuple[Transition, ...], ByTrigger()]),
        }
    ),
    Transition: Shape(
        {
            "to": _must(StateName),
            "by": _must(Annotated[tuple[RoleName, ...], AtLeastOne()]),
            "requires": Key(Requirements),
            "as": Key(TriggerName, attribute="as_"),
            "after": Key(After),
            "reopens": _FLAG,
        },
        preset={"trigger": ""},
    ),
    After: Shape({**_PERIOD, "since": Key(Literal["entered", "published"])}),
    Guarantee: Shape(
        {"that": _must(Annotated[str, Sentence()], "promise"), "because": _must(str)},
        preset={"that": ""},
    ),
    Evidence: Shape(
        {"evidence": _must(EvidenceName), "signed_by": Key(tuple[RoleName, ...]), "since": _SINCE}
    ),
    InspectionHeld: Shape(
        {
            "inspection": _must(Literal["planned", "bespoke", "any"]),
            "relevant": _FLAG,
            "since": _SINCE,
        }
    ),
    FieldSet: Shape({"field": _must(FieldName), "has": _TEXT}),
    ChildForEach: Shape(
        {
            "children": _must(FieldName),
            "for_each": _must(Annotated[tuple[CategoryName, ...], OneOrList()]),
            "whose": _must(FieldName),
            "names": _must(FieldName),
        }
    ),
    DistinctFrom: Shape({"distinct_from": _must(TriggerName), "since": _SINCE}),
    Waited: Shape({"waited": _must(Days), "since": _SINCE}),
    AnyOf: Shape(
        {
            "any_of": _must(
                Annotated[tuple[Annotated[Requirements, AtLeastOne()], ...], AtLeastOne()]
            )
        }
    ),
    PredicateHolds: Shape({"predicate": _must(PredicateName)}),
    MigrationPlan: Shape(
        {
            "migration": _must(Annotated[str, Named("migration", KEBAB, _KEBAB_WORDS)], "name"),
            "from": _must(Versioned, "old"),
            "to": _must(Versioned, "new"),
            "states": _must(Annotated[Mapping[StateName, StateName], AtLeastOne()]),
            "triggers": Key(Mapping[TriggerName, TriggerName]),
            "by": Key(tuple[RoleName, ...]),
            "letters": _FLAG,
        }
    ),
    Vocabulary: Shape(
        {
            "vocabulary": _must(VocabularyName),
            "roles": Key(Mapping[RoleName, Role]),
            "evidence": Key(Mapping[EvidenceName, EvidenceKind]),
            "categories": Key(Mapping[CategoryName, Category]),
            "predicates": Key(Mapping[PredicateName, str]),
            "question_sets": Key(Mapping[QuestionSetName, QuestionSet]),
            "fields": Key(Mapping[CategoryName, Annotated[Fields, AtLeastOne()]]),
        }
    ),
    QuestionSet: Shape(
        {
            "title": _must(str),
            "size": _must(Annotated[int, Whole(1, 99)]),
            "questions": Key(Mapping[QuestionNumber, str]),
            "replaces": Key(QuestionSetName),
        }
    ),
    Role: Shape(
        {
            "side": _must(Side),
            "title": _must(str),
            "by_appointment": _FLAG,
            "may_be_delegated": _FLAG,
            "stands_for": Key(RoleName),
        }
    ),
    EvidenceKind: Shape({"title": _must(str)}),
    Category: Shape(
        {
            "title": _must(str),
            "fields": Key(Fields),
            "children": Key(tuple[CategoryName, ...]),
            "figures": Key(tuple[FigureRow, ...]),
        }
    ),
    FieldRule: Shape(
        {
            "type": _must(FieldType),
            "title": _must(str),
            "choices": Key(tuple[str, ...]),
            "choices_from": Key(QuestionSetName),
            "to": Key(tuple[CategoryName, ...]),
            "counts_from": Key(Counted),
            "required": _FLAG,
        }
    ),
    Counted: Shape({"field": _must(FieldName), **_PERIOD}),
    FigureRow: Shape(
        {
            "title": _must(str),
            "order": _must(Annotated[int, Whole(0, 10**9)]),
            "level": _must(LevelOrNone),
            "ledger": Key(LedgerName),
        }
    ),
}
