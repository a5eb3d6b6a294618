"""The published JSON Schemas: they are what the reader reads, and editors find them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from peelflow.errors import NOWHERE, InvalidRules, Span
from peelflow.model.constraints import Days, LevelOrNone, StateName, file_key
from peelflow.model.requirements import Requirement
from peelflow.rulebook.schema import (
    KeySchema,
    lifecycle_schema,
    mapping_schema,
    migration_schema,
    outline_schema,
    question_set_schema,
    tracker_schema,
    vocabulary_schema,
)
from peelflow.rulebook.structure import rule_file_of
from peelflow.rulebook.yaml_reader import MappingNode, Node, ScalarNode, SequenceNode
from tests.rulebook.edits import PLAIN, RULES, SHIPPED, edited

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "lifecycle": lifecycle_schema,
    "vocabulary": vocabulary_schema,
    "migration": migration_schema,
    "question_set": question_set_schema,
    "outline": outline_schema,
    "tracker": tracker_schema,
}
VALIDATORS = {
    kind: Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for kind, schema in SCHEMAS.items()
}
SENTENCE = re.compile("/guarantees/[0-9]+/that")
"""The one place whose text the schema leaves to the reader: a guarantee's sentence."""


@pytest.mark.parametrize("kind", SCHEMAS)
def test_published_schemas_are_the_generated_ones(kind: str, *, rewrite_golden: bool) -> None:
    """Nobody edits a schema by hand."""
    path = RULES / f"{kind}.schema.json"
    schema = json.dumps(SCHEMAS[kind](), indent=2, ensure_ascii=False) + "\n"
    if rewrite_golden:
        path.write_text(schema, "utf-8")
    assert path.read_text("utf-8") == schema


@frozen
class Ward:
    """A class that a rule file could fill."""

    name: StateName = field(metadata=file_key("ward"))
    inside: str = field(metadata=file_key(None))
    beds: Days | None = None
    level: LevelOrNone = None
    asks: tuple[Requirement, ...] = ()
    span: Span = NOWHERE


def test_a_new_key_touches_the_model_alone() -> None:
    """Name, type and default of an attribute say all that the reader and editors need."""
    schema = mapping_schema(Ward)
    assert schema.keys == {
        "ward": KeySchema(StateName, required=True, attribute="name"),
        "beds": KeySchema(Days, required=False, attribute="beds"),
        "level": KeySchema(LevelOrNone, required=False, attribute="level"),
        "asks": KeySchema(tuple[Requirement, ...], required=False, attribute="asks"),
    }
    assert schema.filled_in == ("inside",)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_published_schemas_are_schemas(kind: str) -> None:
    """Each follows the draft it names."""
    Draft202012Validator.check_schema(SCHEMAS[kind]())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_file_names_the_schema_it_follows(path: Path) -> None:
    """The first line points an editor at a schema that is there, and the file is valid by it."""
    first, _, _ = path.read_text("utf-8").partition("\n")
    mark, _, target = first.partition("$schema=")
    assert mark == "# yaml-language-server: "
    schema = json.loads((path.parent / target).read_text("utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(PLAIN[path.stem])) == []


def placed(plain: dict[str, Any]) -> MappingNode:
    """Make nodes of a file's plain data; each value's place is its path."""
    node = _placed(plain)
    assert isinstance(node, MappingNode)
    return node


def _placed(value: Any, path: str = "") -> Node:
    here = Span(path)
    if isinstance(value, dict):
        entries = {key: _placed(child, f"{path}/{key}") for key, child in value.items()}
        return MappingNode(entries, {key: Span(f"{path}/{key}") for key in value}, here)
    if isinstance(value, list):
        return SequenceNode(
            tuple(_placed(each, f"{path}/{n}") for n, each in enumerate(value)), here
        )
    return ScalarNode(value, here)


@pytest.mark.search
@settings(max_examples=1_000, deadline=None)
@given(edited())
def test_the_schema_says_what_the_reader_says(plain: Any) -> None:
    """It says every fault of structure that the reader finds; only sentences are left to that.

    What it says beyond, such as of a dead end, `test_editor` holds against all that `check` says.

    What several files say together (unknown names, the graph, the lint) is not structure. Python's
    `$` lets a line break pass at the end of a name, an editor's does not: none is drawn here.
    """
    kind = next(
        (each for each in ("lifecycle", "vocabulary", "migration") if each in plain), "question_set"
    )
    try:
        rule_file_of(placed(plain))
        faults: list[str] = []
    except InvalidRules as refused:
        faults = [fault.span.file for fault in refused.diagnostics]
    only_the_reader = [place for place in faults if _is_sentence(plain, place)]
    said = [error.message for error in VALIDATORS[kind].iter_errors(plain)]
    assert said or len(faults) <= len(only_the_reader), faults


def _is_sentence(plain: Any, place: str) -> bool:
    if not SENTENCE.fullmatch(place):
        return False
    text = plain["guarantees"][int(place.split("/")[2])]["that"]
    return isinstance(text, str) and text != ""


def test_only_the_reader_reads_sentences() -> None:
    """A guarantee that says nothing is structure to the schema, and a fault to the reader."""
    plain = copy.deepcopy(PLAIN["level-3"])
    plain["guarantees"][0]["that"] = "all will be well"
    assert list(VALIDATORS["lifecycle"].iter_errors(plain)) == []
    with pytest.raises(InvalidRules) as caught:
        rule_file_of(placed(plain))
    assert [fault.code for fault in caught.value.diagnostics] == ["guarantee-syntax"]
