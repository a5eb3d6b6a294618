"""The reader: what YAML would turn into something else stays what the file says."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from peelflow.errors import InvalidRules, Span
from peelflow.rulebook import yaml_reader
from peelflow.rulebook.yaml_reader import (
    MappingNode,
    ScalarNode,
    SequenceNode,
    node_from_json,
    read_mapping,
    with_span,
)

LOADERS = [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)]


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def _either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "LOADER", request.param)


def _value(text: str) -> object:
    node = read_mapping(f"key: {text}".encode(), "f.yaml").entries["key"]
    assert isinstance(node, ScalarNode)
    return node.value


def _codes(source: bytes) -> list[str]:
    with pytest.raises(InvalidRules) as caught:
        read_mapping(source, "f.yaml")
    return [fault.code for fault in caught.value.diagnostics]


@pytest.mark.parametrize(
    "text",
    ["on", "off", "yes", "no", "12:30", "1.10", "010", "0x10", "1_000", "-1", "1e3", "True",
     "TRUE", "null", "~", "2024-01-01", ".inf", "=", "1234567890123456789", "٣"],
)  # fmt: skip
def test_keeps_every_other_scalar_as_text(text: str) -> None:
    """YAML 1.1 would make booleans, sums, dates and nothings of these."""
    assert _value(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("false", False), ("0", 0), ("42", 42), ("999999999999999999", 10**18 - 1)],
)
def test_reads_whole_numbers_and_truth(text: str, value: object) -> None:
    """Only these plain scalars are more than text."""
    found = _value(text)
    assert (value, type(value)) == (found, type(found))


@pytest.mark.parametrize("text", ["'true'", '"42"', "'no'"])
def test_quoted_is_always_text(text: str) -> None:
    """Quotes say: this is text."""
    assert _value(text) == text[1:-1]


def test_reads_past_a_byte_order_mark() -> None:
    """Windows editors write one; it shifts no place."""
    table = read_mapping(b"\xef\xbb\xbfkey: [a]", "f.yaml")
    assert table.keys["key"] == Span("f.yaml", 1, 1)
    assert table.entries["key"] == SequenceNode(
        (ScalarNode("a", Span("f.yaml", 1, 7)),), Span("f.yaml", 1, 6)
    )


@pytest.mark.usefixtures("_either_parser")
def test_shares_what_an_alias_names() -> None:
    """An alias reads as if its value were written out."""
    table = read_mapping(b"a: &x {b: 1}\nc: *x\nd: *x", "f.yaml")
    assert table.entries["a"] == table.entries["c"] == table.entries["d"]


@pytest.mark.usefixtures("_either_parser")
@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"[" * 30_000, "too-deep"),
        (b"{" * 30_000, "too-deep"),
        (b"- " * 30_000, "too-deep"),
        (b"a: [" + b"[x], " * 25_000 + b"]", "too-many-nodes"),
        (b"a: &a " + b"x" * 60_000 + b"\nb: [" + b"*a, " * 30 + b"]", "alias-bomb"),
        (b"a: &a [1, &b [2, *a]]", "alias-loop"),
        (b"a: " + b"&a [" * 40 + b"]" * 40 + b"\nb: " + b"[" * 40 + b"*a" + b"]" * 40, "too-deep"),
        (b"x" * (1024 * 1024 + 1), "too-large"),
        (b"", "empty"),
        (b"--- x\n--- y", "several-documents"),
        (b'a: "\\ud800"', "yaml-syntax control-character"),
        (b'a: "\\U00110000"', "yaml-syntax"),
        (b'a: "\\UFFFFFFFF"', "yaml-syntax"),
        (b"\x00", "control-character"),
        (b"a: \xff", "not-utf-8"),
        (b"\xff\xfea\x00", "not-utf-8"),
        (b"%YAML 3.0\n---\na: b", "yaml-syntax"),
        (b"%YAML 1." + b"1" * 5_000 + b"\n---\na: b", "yaml-syntax"),
        (b"a: &x 1\nb: &x 2", "duplicate-anchor"),
        (b"a: &x 1\nb: *y", "yaml-syntax"),
    ],
    ids=range(20),
)
def test_refuses_what_would_harm(source: bytes, code: str) -> None:
    """Bounds hold with either parser, as nodes are made."""
    (found,) = _codes(source)
    assert found in code.split()


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("é\rü: \x01".encode(), 2, 4),
        ("é\r\nü\u2028ö \x01".encode(), 3, 3),
        (b"\xef\xbb\xbf\xc3\xa9\n\xc3\xa9\xff", 2, 2),
        (b"\xef\xbb\xbfa\xff", 1, 2),
        (b"[", 1, 2),
        (b"--- ", 1, 5),
    ],
)
def test_counts_places_as_yaml_does(source: bytes, line: int, column: int) -> None:
    """A column counts characters, and every line break that YAML knows starts a line."""
    with pytest.raises(InvalidRules) as caught:
        read_mapping(source, "f.yaml")
    assert [Span("f.yaml", line, column)] == [fault.span for fault in caught.value.diagnostics]


def test_survives_a_megabyte_of_brackets() -> None:
    """The C parser crashes in compose; a process of its own shows that we never get there."""
    script = (
        "from peelflow.rulebook.yaml_reader import read_mapping\n"
        "from peelflow.errors import InvalidRules\n"
        "openings = b'[', b'{', b'? ', b'- ', b'[{', b'a: [', b'&a [', b'!!x ', b'[,', b'[a,'\n"
        "for opening in openings:\n"
        "    try:\n"
        "        read_mapping((opening * 1_048_576)[:1_048_576], 'f.yaml')\n"
        "    except InvalidRules:\n"
        "        continue\n"
        "    raise SystemExit(2)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    assert done.returncode == 0


def test_reports_every_bad_key_at_once() -> None:
    """Keys are faults of their own, all said together."""
    codes = _codes(b"a: 1\na: 2\n? {b: c}\n: 2\n<<: {}\n")
    assert codes == ["duplicate-key", "key-not-text", "merge-key"]


def test_plain_data_becomes_nodes_of_one_place() -> None:
    """Rules from a store, or from inside a sentence, stand where their text stands."""
    here, there = Span("kept"), Span("there", 2, 3)
    node = node_from_json({"a": [1, True], "b": {"c": "d"}}, here)
    assert isinstance(node, MappingNode)
    assert node.keys["a"] == here
    assert with_span(node, there) == node_from_json({"a": [1, True], "b": {"c": "d"}}, there)


INDENTS = {
    "a tab in a text above": ("a: |\n  text\n  \tb: 1\nc: [1, 2\nd: 5\n", 5),
    "a space in a text above": ("a: |\n  text\n  \xa0and more\nc: [1, 2\nd: 5\n", 5),
    "a tab": ("a:\n  b: 1\n\tc: 2\n  d: 3\n", 3),
    "a space in the line before": ("a:\n  b: 1\n\xa0\xa0c: 2\n\n  d: 3\n", 3),
    "a space before an item": ("a:\n\xa0\xa0- b: 1\n  c: 2\n", 2),
}


@pytest.mark.parametrize("case", sorted(INDENTS))
@pytest.mark.usefixtures("_either_parser")
def test_an_indent_is_at_fault_only_where_yaml_stumbles_over_it(case: str) -> None:
    """A tab or a pasted space inside a text is no fault, whatever else is wrong."""
    text, line = INDENTS[case]

    with pytest.raises(InvalidRules) as caught:
        read_mapping(text.encode(), "f.yaml")
    (found,) = caught.value.diagnostics
    assert ("indents nothing" in found.sentence) is ("text above" not in case)
    assert found.span.line >= line if "text above" in case else found.span.line == line
