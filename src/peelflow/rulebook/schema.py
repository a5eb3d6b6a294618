"""The schema says which keys stand where in a rule file, and what each may hold.

It is made of the model's classes: the attributes, their annotations, their defaults, and what their
docstrings say of each. `structure` reads by it; the JSON Schemas for editors are made from it, with
what a look at one mapping alone can tell (`_ALSO`) and with snippets to begin from.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import attrs

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
from peelflow.model.outline import Outline, OutlineSection
from peelflow.model.question_sets import QuestionSetFile
from peelflow.model.requirements import BARE, HEADED, Requirement
from peelflow.model.rules import (
    SYSTEM,
    After,
    Counted,
    FieldRule,
    Guarantee,
    Lifecycle,
    MigrationPlan,
    State,
    Transition,
    Vocabulary,
)
from peelflow.model.trackers import TrackerMap
from peelflow.results import frozen

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


def outline_schema() -> JsonSchema:
    """Return the JSON Schema (draft 2020-12) of the outline of a committee's paper."""
    return _document(Outline, "A peelflow outline of a paper")


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
        wanted = "Write a date as year-month-day, such as 2025-03-31."
        return {"type": "string", "pattern": f"^(?:{_REAL_DAY})$", "patternErrorMessage": wanted}
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
            "propertyNames": _key_json_schema(parts[0], definitions),
            "additionalProperties": _json_schema(parts[1], definitions),
        }
    return {"type": "array", "items": _json_schema(parts[0], definitions), "uniqueItems": True}


def _annotated_json_schema(plain: Any, mark: Any, definitions: dict[str, JsonSchema]) -> JsonSchema:
    match mark:
        case NamePattern(what=what, pattern=pattern, words=words):
            return {
                "type": "string",
                "pattern": f"^(?:{pattern})$",
                "patternErrorMessage": f"The name of a {what} is {words}.",
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
        "propertyNames": _key_json_schema(TriggerName, definitions),
        # Editors say of a choice only that nothing fits; of a condition, what is wrong.
        "additionalProperties": {"if": {"type": "array"}, "then": several, "else": transition},
    }


def _requirement_json_schema(definitions: dict[str, JsonSchema]) -> JsonSchema:
    headed = [_json_schema(cls, definitions) for cls in HEADED.values()]
    words = "What a step needs: a word, or a mapping that begins with what it asks for."
    return {
        "description": words,
        "anyOf": [{"enum": list(BARE)}, *headed],
        "defaultSnippets": [
            {"label": label, "description": words, "body": body}
            for label, (words, body) in REQUIREMENT_SNIPPETS.items()
        ],
    }


def _mapping_json_schema(cls: type, definitions: dict[str, JsonSchema]) -> JsonSchema:
    keys, words = MAPPING_SCHEMAS[cls].keys, descriptions_in(cls)
    return {
        "type": "object",
        "description": (inspect.getdoc(cls) or "").split("\n", 1)[0],
        "properties": {
            name: _json_schema(key.holds, definitions) | {"description": words[key.attribute]}
            for name, key in keys.items()
        },
        "required": [name for name, key in keys.items() if key.required],
        "additionalProperties": False,
        **_ALSO.get(cls, {}),
    }


def descriptions_in(cls: type) -> dict[str, str]:
    """Return what a class, and each that it builds on, says of its attributes in its docstring.

    Args:
        cls: A class of the model.
    """
    words: dict[str, str] = {}
    for base in filter(attrs.has, reversed(cls.__mro__)):
        _, _, listed = inspect.cleandoc(base.__doc__ or "").partition("Args:\n")
        parts = re.split(r"^ {4}(\w+): ", listed, flags=re.MULTILINE)
        words |= {
            name: " ".join(text.split())
            for name, text in zip(parts[1::2], parts[2::2], strict=True)
        }
    return words


def _key_json_schema(kind: Any, definitions: dict[str, JsonSchema]) -> JsonSchema:
    """Return what a key may be; what the reader reads as a text, such as `7.2:`, is no text there.

    An editor reads such a key as a number, and keys that may be anything as anything.
    """
    schema = _json_schema(kind, definitions)
    if kind is str:
        return {key: value for key, value in schema.items() if key != "type"}
    pattern = schema["pattern"]
    if re.fullmatch(pattern, "7.2"):
        return {"anyOf": [schema, {"type": "number", "minimum": 1}]}
    if re.fullmatch(pattern, "1"):
        return {"anyOf": [schema, {"enum": [*range(1, LAST_LEVEL + 1)]}]}
    return schema


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
_LEAP_YEAR = "[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00"
_DAY_OF_MONTH = (
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8])"
)
_REAL_DAY = f"(?!0000)[0-9]{{4}}-(?:{_DAY_OF_MONTH})|(?:{_LEAP_YEAR})-02-29"
"""A day that there is, of the years 1 to 9999."""

REQUIREMENT_SNIPPETS: Mapping[str, tuple[str, Any]] = {
    "a signed letter": (
        "A document that somebody in one of these roles has signed.",
        {"evidence": "${1:letter}", "signed_by": ["${2:chief_constable}"]},
    ),
    "a planned inspection": (
        "HMICFRS has looked, in an inspection that covers the record's question.",
        {"inspection": "${1:planned}", "relevant": True},
    ),
    "a field that is set": (
        "The record says who, when or what, in a field that the vocabulary declares.",
        {"field": "${1:owner}"},
    ),
    "another person": (
        "Somebody else than the one who took an earlier step.",
        {"distinct_from": "${1:start}"},
    ),
    "days of waiting": (
        "So many days have passed; `since` names a state, or `published`.",
        {"waited": "${1:28}"},
    ),
    "one of several": (
        "One of these lists of requirements holds, whichever.",
        {"any_of": [[{"evidence": "${1:letter}"}], ["${2:reason}"]]},
    ),
}
"""What an editor offers where a requirement may stand: what it is called, and what it writes."""
GUARANTEE_SNIPPETS: Mapping[str, str] = {
    "only entered by": "${1:portal closed} is only entered by [${2:hmicfrs}]",
    "never entered without steps": "${1:closed} is never entered without [${2:start}, ${3:close}]",
    "never entered without": "${1:closed} is never entered without ${2:reason}",
    "never done by": "${1:close} is never done by [${2:lead}]",
    "can always be reached": "${1:closed} can always be reached",
    "never followed by": "${1:closed} is never followed by ${2:open}",
    "two different people": "between ${1:start} and ${2:close} stand two different people",
}
"""What an editor offers where a guarantee may stand, by what it promises."""

_ONE_UNIT = [{"required": [unit]} for unit in ("days", "months", "working_days")]
_FIELD_PARTS: Mapping[str, list[str]] = {
    "choices": ["choice", "list"],
    "choices_from": ["choice", "list"],
    "to": ["reference"],
    "counts_from": ["date"],
}


def _when(condition: JsonSchema, then: JsonSchema) -> JsonSchema:
    return {"if": condition, "then": then}


def _says(key: str, value: Any) -> JsonSchema:
    return {"required": [key], "properties": {key: value}}


_HAS_SOME = {"minItems": 1}
_ALSO: Mapping[type, JsonSchema] = {
    After: {"oneOf": _ONE_UNIT},
    Counted: {"oneOf": _ONE_UNIT},
    Transition: {
        "allOf": [
            _when({"required": ["after"]}, _says("by", {"enum": [[SYSTEM]]})),
            _when(_says("by", {"contains": {"const": SYSTEM}}), _says("by", {"maxItems": 1})),
        ]
    },
    State: {
        "if": _says("final", {"const": True}),
        "then": {"not": {"required": ["due"]}},
        "else": _says("transitions", {"minProperties": 1}),
    },
    FieldRule: {
        "allOf": [
            *(
                _when(_says(key, _HAS_SOME), _says("type", {"enum": types}))
                for key, types in _FIELD_PARTS.items()
            ),
            _when(
                _says("type", {"const": "choice"}),
                {"anyOf": [_says("choices", _HAS_SOME), {"required": ["choices_from"]}]},
            ),
            _when(_says("type", {"const": "reference"}), _says("to", _HAS_SOME)),
            _when(
                _says("as_known", {"const": True}),
                _says("type", {"const": "date"}) | {"not": {"required": ["counts_from"]}},
            ),
        ]
    },
    OutlineSection: _when(
        _says("section", {"const": "text"}), {"required": ["record", "document"]}
    ),
    Guarantee: {
        "defaultSnippets": [
            {"label": label, "body": {"that": sentence, "because": "${9:why}"}}
            for label, sentence in GUARANTEE_SNIPPETS.items()
        ]
    },
}
"""What a mapping must be besides its keys: what one look at it tells, and what an editor offers."""
