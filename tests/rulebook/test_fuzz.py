"""Whatever stands in a file, reading it gives diagnostics or rules, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.errors import Diagnostic, InvalidRules, ordered
from peelflow.rulebook.loader import read_file
from peelflow.rulebook.national import check, load
from peelflow.rulebook.rulebook import Rulebook
from peelflow.rulebook.structure import RuleFile
from peelflow.rulebook.yaml_reader import LINE_BREAK, MappingNode, read_mapping
from tests.rulebook.codes import CODES
from tests.rulebook.edits import SHIPPED, VALUES, WORDS, edited

pytestmark = pytest.mark.search

NATIONAL = load(*(path for path in SHIPPED if path.parent.name == "national"), base=Rulebook())
NO_BASE = Rulebook()
DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
HEAD = b"lifecycle: x\nversion: 1\n"
FRAGMENTS = [
    *("&a ", "*a", "*b", "&b [", "&a {", "!x ", "!!str ", "!!python/name:os.system ", "!<!> "),
    *("<<: *a", "<<: {}", "? ", ": ", ":", "- ", "-", ",", "[", "]", "{", "}", "[[[[", "]]]]"),
    *(
        "|\n",
        ">-\n",
        "|2+\n  ",
        ">9\n",
        "'",
        '"',
        "''",
        '\\"',
        '"\\ud800"',
        '"\\U00110000"',
        '"\\0"',
    ),
    *("\0", "\ufeff", "\r", "\r\n", "\n", "\n  ", "\n    ", "\t", "\n\t", "\x85", "\u2028", "\x07"),
    *(
        "---\n",
        "...\n",
        "%YAML 1.1\n---\n",
        "%YAML 9.9\n",
        "%TAG ! !!\n",
        "# note\n",
        " #",
        "@",
        "`",
    ),
    *("0", "1", "010", "0x1F", "1_000", "9" * 30, "-1", "1e3", ".nan", "12:30", "2024-02-30"),
    *(
        "true",
        "True",
        "no",
        "on",
        "~",
        "null",
        "=",
        "<<",
        "é",
        "\U0001f600",
        "\u202e",
        "٣",
        "x" * 99,
    ),
    *WORDS,
    *(f"{word}: " for word in WORDS),
]
scalars = (
    st.sampled_from([value for value in VALUES if not isinstance(value, dict | list)])
    | st.sampled_from(WORDS)
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=8)
    | st.none()
)
keys = st.sampled_from(WORDS) | st.text(max_size=4) | st.integers(0, 3) | st.booleans()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one place for all the files drawn."""
    return tmp_path_factory.mktemp("drawn") / "rules.yaml"


def _sound(faults: tuple[Diagnostic, ...], text: str, file: Path) -> None:
    """Each fault has a place in the file, a documented code, a sentence and a help; in order."""
    lines = LINE_BREAK.split(text.removeprefix("\ufeff"))
    assert faults == ordered(set(faults))
    for fault in faults:
        assert fault.span.file == file.as_posix()
        assert 1 <= fault.span.line <= len(lines)
        assert 1 <= fault.span.column <= len(lines[fault.span.line - 1]) + 1
        assert fault.code in CODES
        assert fault.sentence.strip()
        assert fault.help.strip()
        assert all(one.isprintable() for one in fault.sentence + fault.help)


def _refused(reading: Callable[[], object]) -> tuple[Diagnostic, ...]:
    try:
        found = reading()
    except InvalidRules as refused:
        return refused.diagnostics
    assert isinstance(found, RuleFile | Rulebook)
    return ()


def _holds(source: bytes, file: Path, base: Rulebook = NO_BASE) -> None:
    file.write_bytes(source)
    text = source.decode("utf-8", "replace")
    alone = _refused(lambda: read_file(file))
    found = check(file, base=base)
    errors = tuple(fault for fault in found if fault.severity == "error")
    _sound(found, text, file)
    assert alone == (errors if alone else ())
    assert errors == _refused(lambda: load(file, base=base))


def _written(plain: dict[Any, Any], *, flow: bool) -> bytes:
    text: str = yaml.dump(
        plain, Dumper=DUMPER, allow_unicode=True, default_flow_style=flow, sort_keys=False
    )
    return text.encode()


@settings(max_examples=3_000, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", HEAD, b"\xef\xbb\xbf"]))
def test_any_bytes_are_rules_or_refused(file: Path, source: bytes, head: bytes) -> None:
    """A rule file may be anything at all."""
    _holds(head + source, file)


@settings(max_examples=4_500, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
def test_any_yaml_is_rules_or_refused(file: Path, text: str) -> None:
    """What is awkward in YAML, in any order, harms nothing."""
    _holds(text.encode(), file)


@settings(max_examples=1_500, deadline=None)
@given(st.dictionaries(keys, values, max_size=4), st.booleans())
def test_any_values_are_rules_or_refused(file: Path, plain: dict[Any, Any], flow: bool) -> None:  # noqa: FBT001
    """Values of any shape under keys of ours are told apart from rules."""
    _holds(_written(plain, flow=flow), file)


@settings(max_examples=1_000, deadline=None)
@given(edited(), st.sampled_from([NO_BASE, NATIONAL]))
def test_any_slip_in_a_shipped_file_is_rules_or_refused(
    file: Path, plain: dict[str, Any], base: Rulebook
) -> None:
    """Deep in a file that is almost right, too, everything is found and nothing fails."""
    _holds(_written(plain, flow=False), file, base)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_the_pure_parser_raises_nothing_else_either(text: str) -> None:
    """Where the C parser is missing, the one in Python reads or refuses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("peelflow.rulebook.yaml_reader.LOADER", yaml.SafeLoader)
        try:
            found: object = read_mapping(text.encode(), "f.yaml")
        except InvalidRules as refused:
            found = refused
    assert isinstance(found, MappingNode | InvalidRules)
