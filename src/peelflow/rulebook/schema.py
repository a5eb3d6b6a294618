"""Publish the shapes of rule files as JSON Schema, for editors and other tools."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Literal, get_args, get_origin

from peelflow.model.migration import MigrationPlan
from peelflow.model.requirements import BARE, HEADED, Requirement
from peelflow.model.rules import Lifecycle, Vocabulary
from peelflow.rulebook.scalars import DAY, LAST_LEVEL
from peelflow.rulebook.sentences import FORMS
from peelflow.rulebook.shapes import (
    RESERVED,
    SHAPES,
    AtLeastOne,
    ByTrigger,
    LevelWord,
    Named,
    OneOrList,
    TriggerName,
    Whole,
)

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def lifecycle_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of a lifecycle's file."""
    return _document(Lifecycle, "A peelflow lifecycle")


def vocabulary_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of a vocabulary's file."""
    return _document(Vocabulary, "A peelflow vocabulary")


def migration_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of a migration's file."""
    return _document(MigrationPlan, "A peelflow migration")


def _document(root: type, title: str) -> Schema:
    definitions: dict[str, Schema] = {}
    reference = _schema(root, definitions)
    return {
        "$schema": DRAFT,
        "title": title,
        **reference,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(kind: Any, definitions: dict[str, Schema]) -> Schema:
    if kind in SHAPES:
        return _defined(kind.__name__, definitions, lambda: _shape(kind, definitions))
    if kind == Requirement:
        return _defined("Requirement", definitions, lambda: _requirement(definitions))
    if kind is bool:
        return {"type": "boolean"}
    if kind is str:
        return {"type": "string", "minLength": 1}
    if kind is date:
        return {"type": "string", "format": "date", "pattern": f"^{DAY}$"}
    return _generic(kind, definitions)


def _generic(kind: Any, definitions: dict[str, Schema]) -> Schema:
    parts = get_args(kind)
    origin = get_origin(kind)
    if origin is Annotated:
        return _annotated(parts[0], parts[1], definitions)
    if origin is Literal:
        return {"enum": list(parts)}
    if origin is Mapping:
        return {
            "type": "object",
            "propertyNames": _schema(parts[0], definitions),
            "additionalProperties": _schema(parts[1], definitions),
        }
    return {"type": "array", "items": _schema(parts[0], definitions), "uniqueItems": True}


def _annotated(plain: Any, mark: Any, definitions: dict[str, Schema]) -> Schema:
    match mark:
        case Named(what=what, pattern=pattern):
            return {
                "type": "string",
                "pattern": f"^{pattern}$",
                "not": {"enum": list(RESERVED)},
                "description": f"The name of a {what}.",
            }
        case Whole(least=least, most=most):
            return {"type": "integer", "minimum": least, "maximum": most}
        case LevelWord():
            return {"enum": [*range(1, LAST_LEVEL + 1), "none"]}
        case AtLeastOne():
            inner = _schema(plain, definitions)
            return inner | {"minItems" if inner["type"] == "array" else "minProperties": 1}
        case OneOrList():
            several = _schema(plain, definitions)
            return {"anyOf": [several["items"], several | {"minItems": 1}]}
        case ByTrigger():
            return _by_trigger(_schema(plain, definitions)["items"], definitions)
        case _:
            said = "One of: " + "; ".join(FORMS) + "."
            return {"type": "string", "minLength": 1, "description": said}


def _by_trigger(transition: Schema, definitions: dict[str, Schema]) -> Schema:
    several = {"type": "array", "items": transition, "uniqueItems": True, "minItems": 1}
    return {
        "type": "object",
        "propertyNames": _schema(TriggerName, definitions),
        "additionalProperties": {"anyOf": [transition, several]},
    }


def _requirement(definitions: dict[str, Schema]) -> Schema:
    headed = [_schema(cls, definitions) for cls in HEADED.values()]
    return {"anyOf": [{"enum": list(BARE)}, *headed]}


def _shape(cls: type, definitions: dict[str, Schema]) -> Schema:
    keys = SHAPES[cls].keys
    return {
        "type": "object",
        "description": (inspect.getdoc(cls) or "").split("\n", 1)[0],
        "properties": {name: _schema(key.holds, definitions) for name, key in keys.items()},
        "required": [name for name, key in keys.items() if key.required],
        "additionalProperties": False,
    }


def _defined(name: str, definitions: dict[str, Schema], build: Callable[[], Schema]) -> Schema:
    # INVARIANT: the name is taken before the parts are built, for a requirement holds requirements.
    if name not in definitions:
        definitions[name] = {}
        definitions[name] |= build()
    return {"$ref": f"#/$defs/{name}"}
