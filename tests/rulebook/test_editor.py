"""What an editor says of a file as it is typed is what the reader says of it afterwards.

An editor, such as VS Code's YAML server, reads scalars by YAML 1.2's core schema and holds the
values against our JSON Schemas. Where the schema refuses, the reader refuses. Where the reader
refuses, the schema refuses, but for what a schema cannot see:

- how a value is spelt: `010`, `+5`, `0x1F`, `5.0` and `1e3` are numbers to an editor, and `True` is
  true; the reader takes plain digits, `true` and `false` alone;
- the requirement within a guarantee's sentence, and the sentence itself;
- what several places of a file say together: names that nothing declares, the graph, the proofs;
- YAML itself: tags, merged keys, anchors named twice, keys that stand twice.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from peelflow.errors import InvalidRules
from peelflow.model.outline import Outline
from peelflow.model.question_sets import QuestionSetFile
from peelflow.model.rules import Lifecycle, MigrationPlan, Vocabulary
from peelflow.model.trackers import TrackerMap
from peelflow.proof.lint import lint, lint_vocabulary
from peelflow.reports.paper import read_outline
from peelflow.rulebook.national import national
from peelflow.rulebook.schema import (
    GUARANTEE_SNIPPETS,
    REQUIREMENT_SNIPPETS,
    lifecycle_schema,
    migration_schema,
    outline_schema,
    question_set_schema,
    tracker_schema,
    vocabulary_schema,
)
from peelflow.rulebook.structure import read_all
from peelflow.rulebook.yaml_reader import json_from_node, read_mapping
from tests.rulebook.edits import PLAIN, at, edited, places

ROOT = Path(__file__).parents[2]
SCHEMAS = {
    Lifecycle: lifecycle_schema(),
    Vocabulary: vocabulary_schema(),
    MigrationPlan: migration_schema(),
    QuestionSetFile: question_set_schema(),
    Outline: outline_schema(),
    TrackerMap: tracker_schema(),
}
SEEN_IN_ONE_PLACE = {
    *("counts-unit", "timed-not-system", "system-shared", "dead-end", "final-due"),
    *("choices-misplaced", "reference-missing", "reference-misplaced", "as-known"),
}
"""What the lint finds by a look at one mapping, so that a schema can say it too."""


class EditorKey(str):
    """A key as it stands in the file, and what an editor takes it for."""

    __slots__ = ("__dict__",)
    value: object

    def __new__(cls, text: str, value: object) -> Self:
        """Make a key.

        Args:
            text: How it is written.
            value: What it is to the editor.
        """
        key = super().__new__(cls, text)
        key.value = value
        return key


def key_faults(
    validator: Any, names: Any, instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    """Hold keys against a schema as what an editor takes them for."""
    for key in instance if isinstance(instance, dict) else ():
        yield from validator.descend(instance=getattr(key, "value", key), schema=names)


Editor: Any = extend(  # type: ignore[no-untyped-call]  # it carries no types
    Draft202012Validator, {"propertyNames": key_faults}
)
EDITORS = {kind: Editor(schema) for kind, schema in SCHEMAS.items()}


def editor_scalar(written: str) -> Any:
    """Read an unquoted scalar by YAML 1.2's core schema."""
    if written in {"", "~", "null", "Null", "NULL"}:
        return None
    if written.lower() in {"true", "false"} and written not in {"tRUE", "fALSE"}:
        return written.lower() == "true"
    if re.fullmatch("[-+]?[0-9]+", written, re.ASCII):
        return int(written)
    for mark, base in (("0o", 8), ("0x", 16)):
        if re.fullmatch(f"{mark}[0-9a-fA-F]+", written):
            return int(written[2:], base)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", written, re.ASCII):
        return float(written)
    if re.fullmatch(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", written):
        return float(written.replace(".", ""))
    return written


def editor_reading(text: str) -> Any:
    """Read a file as an editor does."""
    node: Any = yaml.compose(text, Loader=yaml.CSafeLoader)
    return _editor_value(node)


def _editor_value(node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else editor_scalar(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_editor_value(item) for item in node.value]
    return {EditorKey(key.value, _editor_value(key)): _editor_value(it) for key, it in node.value}


def reader_faults(text: str, kind: type) -> set[str]:
    """Return the codes that the reader refuses a file by, one mapping looked at a time."""
    try:
        if kind is Outline:
            read_outline(text.encode(), "typed.yaml")
        rules = read_all(read_mapping(text.encode(), "typed.yaml"), kind)
    except InvalidRules as refused:
        return {fault.code for fault in refused.diagnostics}
    found: Any = ()
    if isinstance(rules, Lifecycle):
        found = lint(rules, national().vocabulary)
    elif isinstance(rules, Vocabulary):
        found = lint_vocabulary(rules, rules)
    return {fault.code for fault in found} & SEEN_IN_ONE_PLACE


def editor_refuses(text: str, kind: type) -> bool:
    """Whether an editor marks something in a file."""
    return not EDITORS[kind].is_valid(editor_reading(text))


OTHERS: Mapping[str, Path] = {
    "outline": ROOT / "examples/west_midlands/outline.yaml",
    "tracker": ROOT / "tests/trackers/given/tracker-semicolons.csv.map.yaml",
}
OTHER_PLAIN = {
    name: json_from_node(read_mapping(path.read_bytes(), name)) for name, path in OTHERS.items()
}
TOKENS = [
    *("010", "+5", "-1", "0x1F", "0o17", "5.0", "1.10", "7.2", "1e3", ".5", ".inf", ".nan", "00"),
    *("~", "null", "NULL", "true", "True", "FALSE", "yes", "on", "off", "12:30", "1_000", "0b1"),
    *("2024-01-01", "2024-02-30", "2023-02-29", "2024-2-1", "0000-01-01", '"010"', '"true"', "''"),
    *("28", "0", "5", "none", "unknown", "[]", "{}", "[1, 2]", "[system]", "[system, lead]"),
    *("{days: 3}", "{days: 3, months: 1}", "{since: published}", "{working_days: 010}", "choice"),
]
"""What somebody types for a value, as it stands in the file."""


def kind_of(plain: Mapping[str, Any]) -> type:
    """Return what sort of file it is, by its first word."""
    words = {"lifecycle": Lifecycle, "migration": MigrationPlan, "tracker": TrackerMap}
    words |= {"vocabulary": Vocabulary, "sections": Outline}
    return next((kind for word, kind in words.items() if word in plain), Lifecycle)


@st.composite
def typed(draw: st.DrawFn) -> tuple[str, type]:
    """Draw a file's text, with up to three values or keys as somebody types them."""
    others = st.sampled_from(sorted(OTHER_PLAIN)).map(lambda name: copy.deepcopy(OTHER_PLAIN[name]))
    shipped = st.sampled_from(sorted(PLAIN)).map(lambda name: copy.deepcopy(PLAIN[name]))
    plain = draw(st.one_of(edited(), shipped, others))
    kind = kind_of(plain)
    tokens: list[str] = []
    for _ in range(draw(st.integers(0, 3))):
        *path, last = draw(st.sampled_from(list(places(plain))))
        parent, mark = at(plain, tuple(path)), f"@{len(tokens)}@"
        tokens.append(draw(st.sampled_from(TOKENS)))
        if isinstance(parent, dict) and draw(st.integers(0, 5)) == 0:
            tokens[-1] = draw(st.sampled_from(["1", "5", "7.2", "010", "~", "true", "yes", "a"]))
            parent[mark] = parent.pop(last)
        else:
            parent[last] = mark
    text = json.dumps(plain, ensure_ascii=False)
    for number, token in enumerate(tokens):
        text = text.replace(f'"@{number}@"', token)
    return text, kind


def holds(text: str, kind: type) -> None:
    """Hold what an editor says of a text against what the reader says."""
    faults = reader_faults(text, kind)
    if "duplicate-key" in faults:
        return
    if editor_refuses(text, kind):
        assert faults
    elif faults - {"guarantee-syntax"}:
        # Spelt as the editor reads them, the same values are taken.
        plainly = json.dumps(editor_reading(text), ensure_ascii=False)
        plainly = re.sub(r"(?<=[ \[])(-?[0-9]+)\.0(?=[,\]}])", r"\1", plainly)
        respelt = reader_faults(plainly, kind)
        assert not respelt - {"guarantee-syntax"}, (faults, respelt)


@settings(max_examples=40, deadline=None)
@given(typed())
def test_item_29_the_editor_and_the_reader_agree(file: tuple[str, type]) -> None:
    """On files that are sound, and on what somebody mistypes in them."""
    holds(*file)


@pytest.mark.search
@settings(max_examples=3_000, deadline=None)
@given(typed())
def test_the_editor_and_the_reader_agree_on_many_files(file: tuple[str, type]) -> None:
    """The same, of thousands."""
    holds(*file)


@pytest.mark.parametrize("token", TOKENS)
def test_a_scalar_is_a_text_to_both_or_to_neither(token: str) -> None:
    """In a title: what an editor takes for a number, for true or for nothing wants quotes."""
    text = f"{{title: {token}, sections: [{{section: ages}}]}}"
    assert bool(reader_faults(text, Outline)) == editor_refuses(text, Outline)


@pytest.mark.parametrize("token", ["010", "+5", "0x5", "5.0", "5e0", "0o5"])
def test_a_number_is_spelt_in_plain_digits(token: str) -> None:
    """An editor reads five and is content; the reader says how it is written."""
    text = f"{{title: t, older_than_years: {token}, sections: [{{section: ages}}]}}"
    assert (reader_faults(text, Outline), editor_refuses(text, Outline)) == ({"wrong-type"}, False)


def test_a_number_for_a_title_is_told_with_its_quotes() -> None:
    """As a whole number always was."""
    with pytest.raises(InvalidRules) as caught:
        read_all(read_mapping(b"title: 1.10\nsections: [{section: ages}]", "o.yaml"), Outline)
    (fault,) = caught.value.diagnostics
    assert fault.sentence == "a text belongs here, not `1.10` without quotes"
    assert fault.help == 'write "1.10" in quotes'


def test_a_text_of_a_paper_names_its_document() -> None:
    """Told as the outline is read, and as it is typed."""
    text = "{title: t, sections: [{section: text, title: Ours}]}"
    with pytest.raises(InvalidRules) as caught:
        read_outline(text.encode(), "o.yaml")
    told = [(fault.span.column, fault.code, fault.help) for fault in caught.value.diagnostics]
    wanted = [(23, "missing-key", "add `document:`"), (23, "missing-key", "add `record:`")]
    assert sorted(told) == wanted
    assert editor_refuses(text, Outline)


def each_key(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every key that a schema names, with what it says of it."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            for key, value in schema.get("properties", {}).items():
                yield f"{path}/{key}", value
        for name, part in schema.items():
            yield from each_key(part, f"{path}/{name}")
    elif isinstance(schema, list):
        for part in schema:
            yield from each_key(part, path)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_key_says_what_it_is_for(kind: type) -> None:
    """In a sentence of an analyst's words, as an editor shows it beside the key."""
    keys = dict(each_key(SCHEMAS[kind]))
    assert keys
    for key, schema in keys.items():
        words = schema.get("description", "")
        assert re.fullmatch(r"[A-Z`].{8,}\.", words), key
        assert not re.search(r"\b(None|tuple|Mapping|attribute|str|int|bool)\b", words), key


def _filled(body: Any) -> Any:
    """Fill a snippet's gaps with what it proposes."""
    if isinstance(body, dict):
        return {key: _filled(value) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value) for value in body]
    return re.sub(r"\$\{\d:([^}]*)\}", r"\1", body) if isinstance(body, str) else body


def snippets(name: str) -> list[dict[str, Any]]:
    """Return what an editor offers in one place of a lifecycle's file."""
    offered: list[dict[str, Any]] = SCHEMAS[Lifecycle]["$defs"][name]["defaultSnippets"]
    return offered


def level_3_with(requirement: Any, guarantees: list[Any]) -> str:
    """Write level 3 with one requirement for `start`, and these guarantees."""
    plain = copy.deepcopy(PLAIN["level-3"])
    plain["states"]["open"]["transitions"]["start"]["requires"] = [requirement]
    plain["guarantees"] = guarantees
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return re.sub(r"waited: '(\d+)'", r"waited: \1", text)


def test_an_editor_offers_every_sort_of_requirement_and_guarantee() -> None:
    """Each with a label of its own."""
    assert [one["label"] for one in snippets("Requirement")] == list(REQUIREMENT_SNIPPETS)
    assert [one["label"] for one in snippets("Guarantee")] == list(GUARANTEE_SNIPPETS)


@pytest.mark.parametrize("label", REQUIREMENT_SNIPPETS)
def test_a_requirement_that_an_editor_offers_is_one(label: str) -> None:
    """With what it proposes left as it is, in the national words."""
    (body,) = [one["body"] for one in snippets("Requirement") if one["label"] == label]
    text = level_3_with(_filled(body), [])
    rules = read_all(read_mapping(text.encode(), "l.yaml"), Lifecycle)
    assert {fault.code for fault in lint(rules, national().vocabulary)} <= {"never-taken"}
    assert not editor_refuses(text, Lifecycle)


@pytest.mark.parametrize("label", GUARANTEE_SNIPPETS)
def test_a_guarantee_that_an_editor_offers_is_a_sentence(label: str) -> None:
    """Likewise, in words that level 3 or its like would have."""
    (body,) = [one["body"] for one in snippets("Guarantee") if one["label"] == label]
    text = level_3_with("reason", [_filled(body)])
    (guarantee,) = read_all(read_mapping(text.encode(), "l.yaml"), Lifecycle).guarantees
    assert guarantee.that == _filled(body["that"])
    assert not editor_refuses(text, Lifecycle)
