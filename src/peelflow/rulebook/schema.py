"""The schema says which keys stand where in a rule file, and what each may hold.

`structure` reads by these declarations; the JSON Schemas for editors are made from them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Literal, get_args, get_origin

from attrs import field, frozen

from peelflow.model.requirements import (
    BARE,
    HEADED,
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
    Guarantee,
    Lifecycle,
    MigrationPlan,
    QuestionSet,
    Role,
    Side,
    State,
    Transition,
    Vocabulary,
)
from peelflow.rulebook.guarantee_parser import GUARANTEE_FORMS

SNAKE = "[a-z][a-z0-9_]*"
KEBAB = "[a-z][a-z0-9-]*"
RESERVED = ("false", "n", "no", "null", "off", "on", "true", "y", "yes")
"""What YAML 1.1 takes for a truth value or for nothing, where it stands unquoted."""


@frozen
class NamePattern:
    """A text that is a name: what it names, its pattern, and the pattern in words."""

    what: str
    pattern: str = SNAKE
    words: str = "small letters, digits and `_`, starting with a letter"


@frozen
class NumberRange:
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
class GuaranteeSentence:
    """A text in the language of guarantees."""


_KEBAB_WORDS = "small letters, digits and `-`, starting with a letter"

StateName = Annotated[str, NamePattern("state")]
TriggerName = Annotated[str, NamePattern("trigger")]
RoleName = Annotated[str, NamePattern("role")]
FieldName = Annotated[str, NamePattern("field")]
LedgerName = Annotated[str, NamePattern("ledger")]
CategoryName = Annotated[str, NamePattern("category")]
EvidenceName = Annotated[str, NamePattern("kind of evidence")]
PredicateName = Annotated[str, NamePattern("predicate")]
QuestionSetName = Annotated[str, NamePattern("question set")]
QuestionNumber = Annotated[
    str,
    NamePattern("question", r"[1-9][0-9]*(\.[1-9][0-9]*)*", 'its number, such as `"7"` or `"7.2"`'),
]
LifecycleName = Annotated[str, NamePattern("lifecycle", KEBAB, _KEBAB_WORDS)]
VocabularyName = Annotated[str, NamePattern("vocabulary", KEBAB, _KEBAB_WORDS)]
Versioned = Annotated[
    str,
    NamePattern(
        "lifecycle's version",
        KEBAB + "@[1-9][0-9]*",
        "its name, `@` and its version, such as `level-3@1`",
    ),
]
Days = Annotated[int, NumberRange(1, 36_525)]
LevelOrNone = Annotated[int | None, LevelWord()]
Requirements = tuple[Requirement, ...]
Fields = Mapping[FieldName, FieldRule]


@frozen
class KeySchema:
    """What one YAML key holds; `attribute` is its name in the model where that differs."""

    holds: Any
    required: bool = False
    attribute: str | None = None


@frozen
class MappingSchema:
    """The keys of one kind of mapping, and the model values that are not written in it."""

    keys: Mapping[str, KeySchema]
    preset: Mapping[str, Any] = field(factory=dict)


def _required(holds: Any, attribute: str | None = None) -> KeySchema:
    return KeySchema(holds, required=True, attribute=attribute)


_SINCE_KEY = KeySchema(StateName)
_TEXT_KEY, _FLAG_KEY = KeySchema(str), KeySchema(bool)
_PERIOD_KEYS: Mapping[str, KeySchema] = {
    "days": KeySchema(Days),
    "months": KeySchema(Annotated[int, NumberRange(1, 1_200)]),
    "working_days": KeySchema(Annotated[int, NumberRange(1, 2_500)]),
    "beginning": _FLAG_KEY,
}

MAPPING_SCHEMAS: Mapping[type, MappingSchema] = {
    Lifecycle: MappingSchema(
        {
            "lifecycle": _required(LifecycleName, "name"),
            "version": _required(Annotated[int, NumberRange(1, 10**9)]),
            "in_force_from": _required(date),
            "title": _required(str),
            "applies_to": _required(AppliesTo),
            "initial": _required(StateName),
            "states": _required(Annotated[Mapping[StateName, State], AtLeastOne()]),
            "guarantees": KeySchema(tuple[Guarantee, ...]),
            "refines": KeySchema(Versioned),
        }
    ),
    AppliesTo: MappingSchema(
        {
            "category": _required(Annotated[tuple[CategoryName, ...], OneOrList()]),
            "level": _required(Annotated[tuple[LevelOrNone, ...], OneOrList()]),
        }
    ),
    State: MappingSchema(
        {
            "counts_as": _required(Mapping[LedgerName, Counts]),
            "title": _TEXT_KEY,
            "final": _FLAG_KEY,
            "stands_for": KeySchema(StateName),
            "due": KeySchema(After),
            "transitions": KeySchema(Annotated[tuple[Transition, ...], ByTrigger()]),
        }
    ),
    Transition: MappingSchema(
        {
            "to": _required(StateName),
            "by": _required(Annotated[tuple[RoleName, ...], AtLeastOne()]),
            "requires": KeySchema(Requirements),
            "as": KeySchema(TriggerName, attribute="as_"),
            "after": KeySchema(After),
            "reopens": _FLAG_KEY,
        },
        preset={"trigger": ""},
    ),
    After: MappingSchema({**_PERIOD_KEYS, "since": KeySchema(Literal["entered", "published"])}),
    Guarantee: MappingSchema(
        {
            "that": _required(Annotated[str, GuaranteeSentence()], "promise"),
            "because": _required(str),
        },
        preset={"that": ""},
    ),
    Evidence: MappingSchema(
        {
            "evidence": _required(EvidenceName),
            "signed_by": KeySchema(tuple[RoleName, ...]),
            "since": _SINCE_KEY,
        }
    ),
    InspectionHeld: MappingSchema(
        {
            "inspection": _required(Literal["planned", "bespoke", "any"]),
            "relevant": _FLAG_KEY,
            "since": _SINCE_KEY,
        }
    ),
    FieldSet: MappingSchema({"field": _required(FieldName), "has": _TEXT_KEY}),
    ChildForEach: MappingSchema(
        {
            "children": _required(FieldName),
            "for_each": _required(Annotated[tuple[CategoryName, ...], OneOrList()]),
            "whose": _required(FieldName),
            "names": _required(FieldName),
        }
    ),
    DistinctFrom: MappingSchema({"distinct_from": _required(TriggerName), "since": _SINCE_KEY}),
    Waited: MappingSchema({"waited": _required(Days), "since": _SINCE_KEY}),
    AnyOf: MappingSchema(
        {
            "any_of": _required(
                Annotated[tuple[Annotated[Requirements, AtLeastOne()], ...], AtLeastOne()]
            )
        }
    ),
    PredicateHolds: MappingSchema({"predicate": _required(PredicateName)}),
    MigrationPlan: MappingSchema(
        {
            "migration": _required(
                Annotated[str, NamePattern("migration", KEBAB, _KEBAB_WORDS)], "name"
            ),
            "from": _required(Versioned, "old"),
            "to": _required(Versioned, "new"),
            "states": _required(Annotated[Mapping[StateName, StateName], AtLeastOne()]),
            "triggers": KeySchema(Mapping[TriggerName, TriggerName]),
            "by": KeySchema(tuple[RoleName, ...]),
            "letters": _FLAG_KEY,
        }
    ),
    Vocabulary: MappingSchema(
        {
            "vocabulary": _required(VocabularyName),
            "roles": KeySchema(Mapping[RoleName, Role]),
            "evidence": KeySchema(Mapping[EvidenceName, EvidenceKind]),
            "categories": KeySchema(Mapping[CategoryName, Category]),
            "predicates": KeySchema(Mapping[PredicateName, str]),
            "question_sets": KeySchema(Mapping[QuestionSetName, QuestionSet]),
            "fields": KeySchema(Mapping[CategoryName, Annotated[Fields, AtLeastOne()]]),
        }
    ),
    QuestionSet: MappingSchema(
        {
            "title": _required(str),
            "size": _required(Annotated[int, NumberRange(1, 99)]),
            "questions": KeySchema(Mapping[QuestionNumber, str]),
            "replaces": KeySchema(QuestionSetName),
        }
    ),
    Role: MappingSchema(
        {
            "side": _required(Side),
            "title": _required(str),
            "by_appointment": _FLAG_KEY,
            "may_be_delegated": _FLAG_KEY,
            "stands_for": KeySchema(RoleName),
        }
    ),
    EvidenceKind: MappingSchema({"title": _required(str)}),
    Category: MappingSchema(
        {
            "title": _required(str),
            "fields": KeySchema(Fields),
            "children": KeySchema(tuple[CategoryName, ...]),
            "figures": KeySchema(tuple[FigureRow, ...]),
        }
    ),
    FieldRule: MappingSchema(
        {
            "type": _required(FieldType),
            "title": _required(str),
            "choices": KeySchema(tuple[str, ...]),
            "choices_from": KeySchema(QuestionSetName),
            "to": KeySchema(tuple[CategoryName, ...]),
            "counts_from": KeySchema(Counted),
            "required": _FLAG_KEY,
        }
    ),
    Counted: MappingSchema({"field": _required(FieldName), **_PERIOD_KEYS}),
    FigureRow: MappingSchema(
        {
            "title": _required(str),
            "order": _required(Annotated[int, NumberRange(0, 10**9)]),
            "level": _required(LevelOrNone),
            "ledger": KeySchema(LedgerName),
        }
    ),
}


JsonSchema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def lifecycle_schema() -> JsonSchema:
    """Return the JSON Schema (draft 2020-12) of a lifecycle's file."""
    return _document(Lifecycle, "A peelflow lifecycle")


def vocabulary_schema() -> JsonSchema:
    """Return the JSON Schema (draft 2020-12) of a vocabulary's file."""
    return _document(Vocabulary, "A peelflow vocabulary")


def migration_schema() -> JsonSchema:
    """Return the JSON Schema (draft 2020-12) of a migration's file."""
    return _document(MigrationPlan, "A peelflow migration")


def _document(root: type, title: str) -> JsonSchema:
    definitions: dict[str, JsonSchema] = {}
    reference = _json_schema(root, definitions)
    return {
        "$schema": DRAFT,
        "title": title,
        **reference,
        "$defs": dict(sorted(definitions.items())),
    }


def _json_schema(kind: Any, definitions: dict[str, JsonSchema]) -> JsonSchema:
    if kind in MAPPING_SCHEMAS:
        return _reference_to(
            kind.__name__, definitions, lambda: _mapping_json_schema(kind, definitions)
        )
    if kind == Requirement:
        return _reference_to(
            "Requirement", definitions, lambda: _requirement_json_schema(definitions)
        )
    if kind is bool:
        return {"type": "boolean"}
    if kind is str:
        return {"type": "string", "minLength": 1}
    if kind is date:
        return {"type": "string", "format": "date", "pattern": f"^{DAY}$"}
    return _generic_json_schema(kind, definitions)


def _generic_json_schema(kind: Any, definitions: dict[str, JsonSchema]) -> JsonSchema:
    parts = get_args(kind)
    origin = get_origin(kind)
    if origin is Annotated:
        return _annotated_json_schema(parts[0], parts[1], definitions)
    if origin is Literal:
        return {"enum": list(parts)}
    if origin is Mapping:
        return {
            "type": "object",
            "propertyNames": _json_schema(parts[0], definitions),
            "additionalProperties": _json_schema(parts[1], definitions),
        }
    return {"type": "array", "items": _json_schema(parts[0], definitions), "uniqueItems": True}


def _annotated_json_schema(plain: Any, mark: Any, definitions: dict[str, JsonSchema]) -> JsonSchema:
    match mark:
        case NamePattern(what=what, pattern=pattern):
            return {
                "type": "string",
                "pattern": f"^{pattern}$",
                "not": {"enum": list(RESERVED)},
                "description": f"The name of a {what}.",
            }
        case NumberRange(least=least, most=most):
            return {"type": "integer", "minimum": least, "maximum": most}
        case LevelWord():
            return {"enum": [*range(1, LAST_LEVEL + 1), "none"]}
        case AtLeastOne():
            inner = _json_schema(plain, definitions)
            return inner | {"minItems" if inner["type"] == "array" else "minProperties": 1}
        case OneOrList():
            several = _json_schema(plain, definitions)
            return {"anyOf": [several["items"], several | {"minItems": 1}]}
        case ByTrigger():
            return _transitions_json_schema(_json_schema(plain, definitions)["items"], definitions)
        case _:
            said = "One of: " + "; ".join(GUARANTEE_FORMS) + "."
            return {"type": "string", "minLength": 1, "description": said}


def _transitions_json_schema(
    transition: JsonSchema, definitions: dict[str, JsonSchema]
) -> JsonSchema:
    several = {"type": "array", "items": transition, "uniqueItems": True, "minItems": 1}
    return {
        "type": "object",
        "propertyNames": _json_schema(TriggerName, definitions),
        "additionalProperties": {"anyOf": [transition, several]},
    }


def _requirement_json_schema(definitions: dict[str, JsonSchema]) -> JsonSchema:
    headed = [_json_schema(cls, definitions) for cls in HEADED.values()]
    return {"anyOf": [{"enum": list(BARE)}, *headed]}


def _mapping_json_schema(cls: type, definitions: dict[str, JsonSchema]) -> JsonSchema:
    keys = MAPPING_SCHEMAS[cls].keys
    return {
        "type": "object",
        "description": (inspect.getdoc(cls) or "").split("\n", 1)[0],
        "properties": {name: _json_schema(key.holds, definitions) for name, key in keys.items()},
        "required": [name for name, key in keys.items() if key.required],
        "additionalProperties": False,
    }


def _reference_to(
    name: str, definitions: dict[str, JsonSchema], build: Callable[[], JsonSchema]
) -> JsonSchema:
    # INVARIANT: the name is taken before the parts are built, for a requirement holds requirements.
    if name not in definitions:
        definitions[name] = {}
        definitions[name] |= build()
    return {"$ref": f"#/$defs/{name}"}


LAST_LEVEL = 4
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
