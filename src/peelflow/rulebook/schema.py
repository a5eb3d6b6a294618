"""The schema says which keys stand where in a rule file, and what each may hold.

It is made of the model's classes: the attributes, their annotations and their defaults.
`structure` reads by it; the JSON Schemas for editors are made from it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import attrs
from attrs import frozen

from peelflow.errors import Span
from peelflow.model.constraints import (
    FILE_KEY,
    AtLeastOne,
    ByTrigger,
    FirstDayWord,
    LevelWord,
    NamePattern,
    NumberRange,
    OneOrList,
    TriggerName,
)
from peelflow.model.outline import Outline
from peelflow.model.question_sets import QuestionSetFile
from peelflow.model.requirements import BARE, HEADED, Requirement
from peelflow.model.rules import Lifecycle, MigrationPlan, Vocabulary
from peelflow.model.trackers import TrackerMap

RESERVED = ("false", "n", "no", "null", "off", "on", "true", "y", "yes")
"""What YAML 1.1 takes for a truth value or for nothing, where it stands unquoted."""
GUARANTEE_FORMS = (
    "X is never entered without [trigger, trigger]",
    "X is never entered without [trigger, trigger] since STATE",
    "X is only entered by [role, role]",
    "X is never entered without {requirement}",
    "X is never entered by [role, role] without {requirement}",
    "TRIGGER is never done by [role, role]",
    "X can always be reached",
    "X is never followed by X",
    "between TRIGGER and TRIGGER stand two different people",
)
"""What a guarantee can say; X is a state, or a ledger and how it counts."""


@frozen
class KeySchema:
    """What one YAML key holds; `attribute` is its name in the model."""

    holds: Any
    required: bool
    attribute: str


@frozen
class MappingSchema:
    """The keys of one kind of mapping, and the attributes that are filled in afterwards."""

    keys: Mapping[str, KeySchema]
    filled_in: tuple[str, ...]


def mapping_schema(kind: type[attrs.AttrsInstance]) -> MappingSchema:
    """Return what a mapping of a kind holds, as the model's class declares it."""
    hints = get_type_hints(kind, include_extras=True)
    keys: dict[str, KeySchema] = {}
    filled_in: list[str] = []
    for part in attrs.fields(kind):
        key, required = part.metadata.get(FILE_KEY, part.name), part.default is attrs.NOTHING
        if key is not None and hints[part.name] is not Span:
            keys[key] = KeySchema(_without_none(hints[part.name]), required, part.name)
        elif required:
            filled_in.append(part.name)
    return MappingSchema(keys, tuple(filled_in))


def _without_none(hint: Any) -> Any:
    """Return what a value may be where there is one: None says that the key is left out."""
    parts = get_args(hint)
    return parts[0] if get_origin(hint) is not Annotated and parts[1:] == (type(None),) else hint


def _classes_in(hint: Any) -> Iterator[type[attrs.AttrsInstance]]:
    """Yield the model's classes that an annotation names."""
    if isinstance(hint, type) and attrs.has(hint):
        yield hint
    for part in get_args(hint):
        yield from _classes_in(part)


def _mapping_schemas(*roots: type[attrs.AttrsInstance]) -> dict[type, MappingSchema]:
    """Return the schema of each kind of mapping that stands in these kinds of file."""
    schemas: dict[type, MappingSchema] = {}
    waiting = [*roots]
    while waiting:
        kind = waiting.pop()
        if kind not in schemas and kind not in BARE.values():
            schemas[kind] = mapping_schema(kind)
            for key in schemas[kind].keys.values():
                waiting += _classes_in(key.holds)
    return schemas


MAPPING_SCHEMAS = _mapping_schemas(
    Lifecycle, Vocabulary, MigrationPlan, QuestionSetFile, Outline, TrackerMap
)


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


def question_set_schema() -> JsonSchema:
    """Return the JSON Schema (draft 2020-12) of a question set's file."""
    return _document(QuestionSetFile, "A peelflow question set")


def tracker_schema() -> JsonSchema:
    """Return the JSON Schema (draft 2020-12) of the map of a force's own tracker."""
    return _document(TrackerMap, "A peelflow map of a tracker")


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
        case FirstDayWord():
            return {"anyOf": [_json_schema(date, definitions), {"const": UNKNOWN_DAY}]}
        case AtLeastOne():
            inner = _json_schema(plain, definitions)
            return inner | {"minItems" if inner["type"] == "array" else "minProperties": 1}
        case OneOrList():
            several = _json_schema(plain, definitions)
            return {"anyOf": [several["items"], several | {"minItems": 1}]}
        case ByTrigger():
            return _transitions_json_schema(_json_schema(plain, definitions)["items"], definitions)
        case _:
            description = "One of: " + "; ".join(GUARANTEE_FORMS) + "."
            return {"type": "string", "minLength": 1, "description": description}


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
UNKNOWN_DAY = "unknown"
