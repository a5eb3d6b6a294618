"""The reader turns the bytes of one rule file into nodes with places, within limits.

A node is a scalar, a sequence or a mapping. Limits are counted over the parser's events, as if
every alias were written out, before anything is composed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import yaml
from attrs import define, evolve, field, frozen

from peelflow.errors import Diagnostic, InvalidRules, Span
from peelflow.wording import printable, shown

KIND_KEYS = ("lifecycle", "vocabulary", "migration")
HOW_TO_BEGIN = "start with `lifecycle: <name>`, `vocabulary: <name>` or `migration: <name>`"


@frozen
class ScalarNode:
    """A text, a whole number, true or false."""

    value: str | int | bool
    span: Span


@frozen
class SequenceNode:
    """A list, in the file's order."""

    nodes: tuple[Node, ...]
    span: Span


@frozen
class MappingNode:
    """A mapping from texts; `keys` keeps the place of each key."""

    entries: Mapping[str, Node]
    keys: Mapping[str, Span]
    span: Span


Node = ScalarNode | SequenceNode | MappingNode


def with_span(node: Node, span: Span) -> Node:
    """Give a node and all in it one place: that of the text it was read from."""
    match node:
        case ScalarNode():
            return evolve(node, span=span)
        case SequenceNode():
            return SequenceNode(tuple(with_span(item, span) for item in node.nodes), span)
        case _:
            entries = {key: with_span(child, span) for key, child in node.entries.items()}
            return MappingNode(entries, dict.fromkeys(entries, span), span)


def node_from_json(plain: Any, span: Span) -> Node:
    """Turn plain JSON data, as `json.loads` gives it, into nodes that all have one place."""
    if isinstance(plain, dict):
        entries = {str(key): node_from_json(value, span) for key, value in plain.items()}
        return MappingNode(entries, dict.fromkeys(entries, span), span)
    if isinstance(plain, list):
        return SequenceNode(tuple(node_from_json(value, span) for value in plain), span)
    return ScalarNode(plain, span)


def json_from_node(node: Node) -> Any:
    """Return what a node holds as plain data, without its places."""
    match node:
        case ScalarNode(value=value):
            return value
        case SequenceNode(nodes=nodes):
            return [json_from_node(item) for item in nodes]
        case _:
            return {key: json_from_node(child) for key, child in node.entries.items()}


def count_values(node: Node) -> int:
    """Return how many values a node holds, itself included."""
    match node:
        case ScalarNode():
            return 1
        case SequenceNode(nodes=nodes):
            return 1 + sum(map(count_values, nodes))
        case _:
            return 1 + sum(map(count_values, node.entries.values()))


def duplicate_items(items: SequenceNode) -> list[tuple[Node, Node]]:
    """Return each item that the list holds already, with the first of its like."""
    firsts_by_text: dict[str, Node] = {}
    firsts = [
        (item, firsts_by_text.setdefault(json.dumps(json_from_node(item), sort_keys=True), item))
        for item in items.nodes
    ]
    return [(item, first) for item, first in firsts if item is not first]


MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 20_000


@frozen
class _NodeSize:
    nodes: int
    texts: int
    height: int


@define
class _OpenCollection:
    anchor: str | None
    nodes: int = 1
    texts: int = 0
    height: int = 1

    def hold(self, size: _NodeSize) -> None:
        self.nodes += size.nodes
        self.texts += size.texts
        self.height = max(self.height, size.height + 1)


@define
class Limits:
    """Counts documents, depth, nodes and text; raises InvalidRules at the event that exceeds."""

    documents: int = 0
    _path: list[_OpenCollection] = field(factory=lambda: [_OpenCollection(None)])
    _anchors: dict[str, _NodeSize | None] = field(factory=dict)
    _nodes: int = 0
    _texts: int = 0
    _aliased: bool = False

    def document(self, span: Span) -> None:
        """A document starts."""
        self.documents += 1
        if self.documents > 1:
            instead = "remove the `---`, or put the second document into a file of its own"
            raise fault(span, "several-documents", "a second document starts here", instead)

    def scalar(self, anchor: str | None, length: int, span: Span) -> None:
        """A scalar of `length` characters."""
        self._hold(anchor, _NodeSize(1, length, 1), span)

    def alias(self, anchor: str, span: Span) -> None:
        """An alias: it counts as all that it stands for."""
        size = self._anchors.get(anchor, _NodeSize(1, 0, 1))
        if size is None:
            sentence = f"`*{shown(anchor)}` stands inside what it names"
            raise fault(span, "alias-loop", sentence, "write the value out; nothing holds itself")
        self._aliased = True
        self._hold(None, size, span)

    def enter(self, anchor: str | None, span: Span) -> None:
        """A list or mapping starts."""
        if anchor is not None:
            self._anchors[anchor] = None
        self._count(_NodeSize(1, 0, 1), len(self._path), span)
        self._path.append(_OpenCollection(anchor))

    def leave(self) -> None:
        """The innermost list or mapping ends."""
        ended = self._path.pop()
        size = _NodeSize(ended.nodes, ended.texts, ended.height)
        if ended.anchor is not None:
            self._anchors[ended.anchor] = size
        self._path[-1].hold(size)

    def _hold(self, anchor: str | None, size: _NodeSize, span: Span) -> None:
        if anchor is not None:
            self._anchors[anchor] = size
        self._count(size, len(self._path) - 1 + size.height, span)
        self._path[-1].hold(size)

    def _count(self, size: _NodeSize, depth: int, span: Span) -> None:
        if depth > MAX_DEPTH:
            raise _too_deep(span)
        self._nodes += size.nodes
        self._texts += size.texts
        if self._nodes <= MAX_NODES and self._texts <= MAX_BYTES:
            return
        if self._aliased:
            sizes = f"{MAX_NODES} values or {MAX_BYTES} characters"
            sentence = f"written out, the aliases exceed {sizes}"
            raise fault(span, "alias-bomb", sentence, "write the values out, without `&` and `*`")
        sentence = f"the file holds more than {MAX_NODES} values"
        raise fault(span, "too-many-nodes", sentence, "split it into one file for each lifecycle")


def fault(span: Span, code: str, sentence: str, instead: str) -> InvalidRules:
    """Say one fault, as something to raise."""
    return InvalidRules([Diagnostic(span, code, sentence, instead)])


def _too_deep(span: Span) -> InvalidRules:
    sentence = f"values nest more than {MAX_DEPTH} deep here"
    return fault(span, "too-deep", sentence, "close a bracket; no rule needs that depth")


LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_mapping(source: bytes, file: str) -> MappingNode:
    """Read one rule file: a single YAML document that is a mapping.

    Unquoted `true` and `false` are truth values and unquoted whole numbers are numbers; every
    other scalar stays the text that stands in the file.

    Args:
        source: The file's bytes.
        file: How diagnostics call the file.

    Raises:
        InvalidRules: The bytes are not one plain YAML mapping, or exceed the bounds.
    """
    node = read_node(_decode(source, file), file)
    if not isinstance(node, MappingNode):
        sentence = "a rule file is a mapping of keys to values, and this is not one"
        raise fault(node.span, "not-a-mapping", sentence, HOW_TO_BEGIN)
    return node


def read_node(text: str, file: str) -> Node:
    """Read one YAML document of any shape from `text`, within the same bounds as a file.

    Raises:
        InvalidRules: The text is not one plain YAML document, or exceeds the bounds.
    """
    _refuse_unprintable(text, file)
    places = _Positions(file, _span_after(text, file))
    with _syntax_faults(places):
        _check_limits(text, places)
        composed = yaml.compose(text, Loader=LOADER)
    builder = _NodeBuilder(places)
    node = builder.node(composed)
    if builder.faults:
        raise InvalidRules(builder.faults)
    return node


def _decode(source: bytes, file: str) -> str:
    if len(source) > MAX_BYTES:
        sentence = f"the file has more than {MAX_BYTES} bytes, and no rule file needs so many"
        instead = "split it into one file for each lifecycle"
        raise fault(Span(file), "too-large", sentence, instead)
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        span = _span_after(error.object[: error.start].decode(), file)
        what, instead = "the file is not UTF-8 text", "save it as UTF-8"
        raise fault(span, "not-utf-8", what, instead) from None


def _refuse_unprintable(text: str, file: str, place: Span | None = None) -> None:
    """Refuse a character that cannot stand in a file, at `place` or where it stands in the text."""
    unprintable = UNPRINTABLE.search(text)
    if unprintable:
        sentence = f"the character U+{ord(unprintable.group()):04X} cannot stand in a rule file"
        span = place or _span_after(text[: unprintable.start()], file)
        raise fault(span, "control-character", sentence, "remove it")


@frozen
class _Positions:
    """Places in a file, none of them after its end."""

    file: str
    end: Span

    def of(self, mark: Any) -> Span:
        # The C parser marks the end of a last line that is not ended one line too low.
        line, column = mark.line + 1, mark.column + 1
        if (line, column) > (self.end.line, self.end.column):
            return self.end
        return Span(self.file, line, column)


@contextmanager
def _syntax_faults(places: _Positions) -> Iterator[None]:
    # The pure parser lets `chr` and `int` complain about what the file says, without a mark.
    try:
        yield
    except InvalidRules:
        raise
    except (yaml.YAMLError, ArithmeticError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "this is no YAML"
        place = places.of(mark) if mark else Span(places.file)
        if "nesting depth" in what:
            raise _too_deep(place) from None
        sentence = f"YAML cannot be read here: {printable(what)}"
        instead = "check indentation, brackets and quotes; quote a text that holds a colon"
        raise fault(place, "yaml-syntax", sentence, instead) from None


def _span_after(text: str, file: str) -> Span:
    *lines, last = LINE_BREAK.split(text)
    return Span(file, len(lines) + 1, len(last) + 1)


def _check_limits(text: str, places: _Positions) -> None:
    # INVARIANT: nothing is composed before every bound holds; the C composer recurses.
    bounds = Limits()
    for event in yaml.parse(text, Loader=LOADER):
        span = places.of(event.start_mark)
        match event:
            case yaml.DocumentStartEvent():
                bounds.document(span)
            case yaml.AliasEvent():
                bounds.alias(str(event.anchor), span)
            case yaml.ScalarEvent():
                _refuse_tag(event, span)
                _refuse_unprintable(event.value, places.file, span)
                bounds.scalar(event.anchor, len(event.value), span)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                _refuse_tag(event, span)
                bounds.enter(event.anchor, span)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                bounds.leave()
    if not bounds.documents:
        raise fault(Span(places.file), "empty", "the file holds no rules", HOW_TO_BEGIN)


def _refuse_tag(event: Any, span: Span) -> None:
    if event.tag is not None:
        sentence = f"the tag `{shown(event.tag)}` has no meaning here"
        raise fault(span, "tag", sentence, "remove the tag; quote a value that must stay text")


class _NodeBuilder:
    """Turns composed nodes into ours; collects every bad key before refusing."""

    def __init__(self, places: _Positions) -> None:
        self.places = places
        self.faults: list[Diagnostic] = []
        self.built: dict[int, Node] = {}

    def node(self, composed: Any) -> Node:
        """Return a node, the same for every alias of it."""
        if id(composed) not in self.built:
            self.built[id(composed)] = self._build(composed, self.places.of(composed.start_mark))
        return self.built[id(composed)]

    def _build(self, composed: Any, span: Span) -> Node:
        match composed:
            case yaml.ScalarNode():
                return ScalarNode(_scalar_value(composed), span)
            case yaml.SequenceNode():
                return SequenceNode(tuple(self.node(item) for item in composed.value), span)
        entries: dict[str, Node] = {}
        keys: dict[str, Span] = {}
        for key, value in composed.value:
            built, place = self.node(value), self.places.of(key.start_mark)
            sound = len(self.faults)
            self.faults += _key_faults(key, place, keys)
            if len(self.faults) == sound:
                entries[key.value], keys[key.value] = built, place
        return MappingNode(entries, keys, span)


def _key_faults(key: Any, place: Span, keys: Mapping[str, Span]) -> Iterator[Diagnostic]:
    if not isinstance(key, yaml.ScalarNode):
        sentence = "a list or mapping cannot be a key"
        yield Diagnostic(place, "key-not-text", sentence, "write a name")
    elif not key.style and key.value == "<<":
        sentence = "`<<` would merge keys from elsewhere, and what is read is what runs"
        yield Diagnostic(place, "merge-key", sentence, "write the keys out here")
    elif key.value in keys:
        sentence = f"the key `{shown(key.value)}` already stands on line {keys[key.value].line}"
        yield Diagnostic(place, "duplicate-key", sentence, "keep one of the two")


def _scalar_value(composed: Any) -> str | int | bool:
    value: str = composed.value
    if composed.style:
        return value
    if value in {"true", "false"}:
        return value == "true"
    return int(value) if WHOLE_NUMBER.fullmatch(value) else value
