"""Read the bytes of one rule file into nodes, within bounds, whatever the bytes are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import yaml
from attrs import frozen

from peelflow.errors import Diagnostic, RulesRefused, Span
from peelflow.proof.names import printable, shown
from peelflow.rulebook.bounds import MAX_BYTES, Bounds, refuse, refuse_depth
from peelflow.rulebook.nodes import BEGIN, Items, Node, Scalar, Table

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
WHOLE = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(source: bytes, file: str) -> Table:
    """Read one rule file: a single YAML document that is a mapping.

    Unquoted `true` and `false` are truth values and unquoted whole numbers are numbers; every
    other scalar stays the text that stands in the file.

    Args:
        source: The file's bytes.
        file: How diagnostics call the file.

    Raises:
        RulesRefused: The bytes are not one plain YAML mapping, or exceed the bounds.
    """
    node = read_node(_text(source, file), file)
    if not isinstance(node, Table):
        refuse(
            node.span,
            "not-a-mapping",
            "a rule file is a mapping of keys to values, and this is not one",
            BEGIN,
        )
    return node


def read_node(text: str, file: str) -> Node:
    """Read one YAML document of any shape from `text`, within the same bounds as a file.

    Raises:
        RulesRefused: The text is not one plain YAML document, or exceeds the bounds.
    """
    unprintable = UNPRINTABLE.search(text)
    if unprintable:
        _refuse_character(_after(text[: unprintable.start()], file), unprintable.group())
    places = _Places(file, _after(text, file))
    with _syntax(places):
        _bound(text, places)
        composed = yaml.compose(text, Loader=LOADER)
    return _Builder(places).node(composed)


def _text(source: bytes, file: str) -> str:
    if len(source) > MAX_BYTES:
        refuse(
            Span(file),
            "too-large",
            f"the file has more than {MAX_BYTES} bytes, and no rule file needs so many",
            "split it into one file for each lifecycle",
        )
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(
            _after(error.object[: error.start].decode(), file),
            "not-utf-8",
            "the file is not UTF-8 text",
            "save it as UTF-8",
        )


def _refuse_character(span: Span, character: str) -> NoReturn:
    refuse(
        span,
        "control-character",
        f"the character U+{ord(character):04X} cannot stand in a rule file",
        "remove it",
    )


@frozen
class _Places:
    """Places in a file, none of them after its end."""

    file: str
    end: Span

    def of(self, mark: Any) -> Span:
        # The C parser marks the end of a last line that is not ended one line too low.
        return min(Span(self.file, mark.line + 1, mark.column + 1), self.end)


@contextmanager
def _syntax(places: _Places) -> Iterator[None]:
    # The pure parser lets `chr` and `int` complain about what the file says, without a mark.
    try:
        yield
    except RulesRefused:
        raise
    except (yaml.YAMLError, ArithmeticError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "this is no YAML"
        place = places.of(mark) if mark else Span(places.file)
        if "nesting depth" in what:
            refuse_depth(place)
        refuse(
            place,
            "yaml-syntax",
            f"YAML cannot be read here: {printable(what)}",
            "check indentation, brackets and quotes; quote a text that holds a colon",
        )


def _after(text: str, file: str) -> Span:
    *lines, last = BREAK.split(text)
    return Span(file, len(lines) + 1, len(last) + 1)


def _bound(text: str, places: _Places) -> None:
    # INVARIANT: nothing is composed before every bound holds; the C composer recurses.
    bounds = Bounds()
    for event in yaml.parse(text, Loader=LOADER):
        span = places.of(event.start_mark)
        match event:
            case yaml.DocumentStartEvent():
                bounds.document(span)
            case yaml.AliasEvent():
                bounds.alias(str(event.anchor), span)
            case yaml.ScalarEvent():
                _plain_tag(event, span)
                unprintable = UNPRINTABLE.search(event.value)
                if unprintable:
                    _refuse_character(span, unprintable.group())
                bounds.scalar(event.anchor, len(event.value), span)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                _plain_tag(event, span)
                bounds.enter(event.anchor, span)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                bounds.leave()
    if not bounds.documents:
        refuse(
            Span(places.file),
            "empty",
            "the file holds no rules",
            BEGIN,
        )


def _plain_tag(event: Any, span: Span) -> None:
    if event.tag is not None:
        refuse(
            span,
            "tag",
            f"the tag `{shown(event.tag)}` has no meaning here",
            "remove the tag; quote a value that must stay text",
        )


class _Builder:
    """Turns composed nodes into ours; collects every bad key before refusing."""

    def __init__(self, places: _Places) -> None:
        self.places = places
        self.faults: list[Diagnostic] = []
        self.built: dict[int, Node] = {}

    def node(self, composed: Any) -> Node:
        built = self._node(composed)
        if self.faults:
            raise RulesRefused(self.faults)
        return built

    def _node(self, composed: Any) -> Node:
        if id(composed) not in self.built:
            self.built[id(composed)] = self._build(composed, self.places.of(composed.start_mark))
        return self.built[id(composed)]

    def _build(self, composed: Any, span: Span) -> Node:
        match composed:
            case yaml.ScalarNode():
                return Scalar(_scalar(composed), span)
            case yaml.SequenceNode():
                return Items(tuple(self._node(item) for item in composed.value), span)
            case _:
                return self._table(composed, span)

    def _table(self, composed: Any, span: Span) -> Table:
        entries: dict[str, Node] = {}
        keys: dict[str, Span] = {}
        for key, value in composed.value:
            built = self._node(value)
            place = self.places.of(key.start_mark)
            if self._is_key(key, place, keys):
                entries[key.value] = built
                keys[key.value] = place
        return Table(entries, keys, span)

    def _is_key(self, key: Any, place: Span, keys: dict[str, Span]) -> bool:
        if not isinstance(key, yaml.ScalarNode):
            self.faults.append(
                Diagnostic(
                    place, "key-not-text", "a list or mapping cannot be a key", "write a name"
                )
            )
        elif not key.style and key.value == "<<":
            self.faults.append(
                Diagnostic(
                    place,
                    "merge-key",
                    "`<<` would merge keys from elsewhere, and what is read is what runs",
                    "write the keys out here",
                )
            )
        elif key.value in keys:
            first = keys[key.value]
            self.faults.append(
                Diagnostic(
                    place,
                    "duplicate-key",
                    f"the key `{shown(key.value)}` already stands on line {first.line}",
                    "keep one of the two",
                )
            )
        else:
            return True
        return False


def _scalar(composed: Any) -> str | int | bool:
    value: str = composed.value
    if composed.style:
        return value
    if value in {"true", "false"}:
        return value == "true"
    return int(value) if WHOLE.fullmatch(value) else value
