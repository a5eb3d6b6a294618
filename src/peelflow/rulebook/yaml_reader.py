"""The reader turns the bytes of one rule file into nodes with places, within limits.

A node is a scalar, a sequence or a mapping, made of the parser's events as they come. Limits are
counted over the same events, as if every alias were written out; nothing here recurses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import yaml
from attrs import field

from peelflow.errors import Diagnostic, InvalidRules, Span
from peelflow.phrases import printable, shown
from peelflow.results import define, frozen
from peelflow.texts import TEXT_TURNERS

KIND_KEYS = ("lifecycle", "vocabulary", "migration", "question_set")
HOW_TO_BEGIN = "start with one of " + ", ".join(f"`{key}: <name>`" for key in KIND_KEYS)

HOW_TO_QUOTE = "check indentation, brackets and quotes; quote a text that holds a colon"


@frozen
class ScalarNode:
    """A text, a whole number, true or false.

    `is_ambiguous`: it stands without quotes, is read as text, and is none to other readers of YAML.
    """

    value: str | int | bool
    span: Span
    is_ambiguous: bool = field(default=False, eq=False, repr=False)


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
            return ScalarNode(node.value, span, node.is_ambiguous)
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
    found = [node]
    for each in found:
        if not isinstance(each, ScalarNode):
            found += each.nodes if isinstance(each, SequenceNode) else each.entries.values()
    return len(found)


def duplicate_items(items: SequenceNode) -> list[tuple[Node, Node]]:
    """Return each item that the list holds already, with the first of its like."""
    if len(items.nodes) < 2:  # noqa: PLR2004 - one item is like no other
        return []
    firsts: dict[object, Node] = {}
    pairs = [(item, firsts.setdefault(_content_key(item), item)) for item in items.nodes]
    return [(item, first) for item, first in pairs if item is not first]


def _content_key(node: Node) -> object:
    """Return what equal nodes agree on, and no others; to Python, 1 and true are equal."""
    match node:
        case ScalarNode(value=value):
            return type(value), value
        case SequenceNode(nodes=nodes):
            return tuple(map(_content_key, nodes))
        case _:
            return frozenset((key, _content_key(child)) for key, child in node.entries.items())


MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 20_000


class _NodeSize(NamedTuple):
    """How many values and characters a node has, written out, and how deep it is."""

    nodes: int
    texts: int
    height: int


@define
class _Limits:
    """Counts values and characters, and raises InvalidRules at the one that exceeds."""

    nodes: int = 0
    texts: int = 0
    is_aliased: bool = False

    def count(self, nodes: int, texts: int, depth: int, span: Span) -> None:
        """Count a node.

        Args:
            nodes: How many values it is, without what it will hold.
            texts: How many characters.
            depth: How deep it reaches.
            span: Its place.
        """
        if depth > MAX_DEPTH:
            raise _too_deep(span)
        self.nodes += nodes
        self.texts += texts
        if self.nodes <= MAX_NODES and self.texts <= MAX_BYTES:
            return
        if self.is_aliased:
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
NO_TEXT = re.compile(
    r"~|null|Null|NULL|true|True|TRUE|false|False|FALSE"
    r"|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN",
    re.ASCII,
)
"""What YAML 1.2's core schema, and so an editor, takes for something else than a text."""
NO_TEXT_BEGINS = frozenset("~nNtTfF-+.0123456789")
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    f"|[{''.join(sorted(TEXT_TURNERS))}]"
)
UNPRINTABLE_ASCII = re.compile("[^\t\n\r\x20-\x7e]")


def is_no_text(written: str) -> bool:
    """Say whether an unquoted scalar is a number, a truth value or nothing to an editor.

    Args:
        written: The scalar, as it stands in the file.
    """
    return written[:1] in NO_TEXT_BEGINS and NO_TEXT.fullmatch(written) is not None


def read_mapping(source: bytes, file: str) -> MappingNode:
    """Read one rule file: a single YAML document that is a mapping.

    Unquoted `true` and `false` are truth values and unquoted whole numbers are numbers; every
    other scalar stays the text that stands in the file. Where a text belongs, one that other
    readers take for a number or for nothing wants quotes.

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
    *lines, last = f"{text}|".splitlines()  # printable: these are all the line breaks it has
    builder = _NodeBuilder(_Positions(file, Span(file, len(lines) + 1, len(last))))
    parser = LOADER(text)
    try:
        with _syntax_faults(builder.places, text):
            builder.take(iter(parser.get_event, None))
    finally:
        parser.dispose()
    return builder.node()


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
    unprintable = (UNPRINTABLE_ASCII if text.isascii() else UNPRINTABLE).search(text)
    if unprintable:
        why = ", for it turns text around unseen" if unprintable.group() in TEXT_TURNERS else ""
        code_point = f"U+{ord(unprintable.group()):04X}"
        sentence = f"the character {code_point} cannot stand in a rule file{why}"
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
        end = self.end
        if line < end.line or (line == end.line and column <= end.column):
            return Span(self.file, line, column)
        return end


_NO_INDENT = re.compile(r" *(\t|[^\S \t](?=\s*(?:-|[^\s#][^#]*:)(?:\s|$)))\s*[^\s#]")
"""How a line begins with a tab, or a key or item with a space that is none, as pasted from Word."""


@contextmanager
def _syntax_faults(places: _Positions, text: str) -> Iterator[None]:
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
        _refuse_indent(text, place)
        sentence = f"YAML cannot be read here: {printable(what)}"
        raise fault(place, "yaml-syntax", sentence, HOW_TO_QUOTE) from None


def _refuse_indent(text: str, place: Span) -> None:
    """Refuse what YAML does not read for a line that only seems to be indented.

    It stumbles over a tab where that stands, but reads on past any other space.
    """
    lines = text.splitlines()[: place.line]
    for number, line in reversed([*enumerate(lines, 1)]):
        begun = _NO_INDENT.match(line)
        if begun is not None and (begun[1] != "\t" or number == place.line):
            name = "a tab" if begun[1] == "\t" else f"the space U+{ord(begun[1]):04X}"
            sentence = f"YAML cannot be read: {name} begins this line, and it indents nothing"
            span = Span(place.file, number, begun.start(1) + 1)
            raise fault(span, "yaml-syntax", sentence, "indent by plain spaces alone") from None


def _span_after(text: str, file: str) -> Span:
    *lines, last = LINE_BREAK.split(text)
    return Span(file, len(lines) + 1, len(last) + 1)


class _Key(NamedTuple):
    """What stands where a key does: of a scalar its text; `is_plain`: without quotes."""

    span: Span
    text: str | None = None
    is_plain: bool = False


class _Anchored(NamedTuple):
    """A node that an anchor names, what it is where a key stands, and its size."""

    node: Node
    key: _Key
    size: _NodeSize


@define
class _OpenNode:
    """A list or mapping that has not ended; `key` is where that of the next value stands.

    `name` is that key, if it is a scalar, and `is_bare` says that it has no quotes.
    `nodes_before` and `texts_before` were counted before it; `deepest` is how deep the lists and
    mappings in it reach.
    """

    anchor: str | None
    span: Span
    is_mapping: bool
    nodes_before: int
    texts_before: int
    deepest: int = 0
    nodes: list[Node] = field(factory=list)
    entries: dict[str, Node] = field(factory=dict)
    keys: dict[str, Span] = field(factory=dict)
    key: Span | None = None
    name: str | None = None
    is_bare: bool = False


@define
class _NodeBuilder:
    """Turns a parser's events into nodes within limits; collects every bad key and anchor."""

    places: _Positions
    faults: list[Diagnostic] = field(factory=list)
    _limits: _Limits = field(factory=_Limits)
    _open: list[_OpenNode] = field(factory=list)
    _anchors: dict[str, _Anchored | None] = field(factory=dict)
    _documents: int = 0
    _root: Node | None = None

    def take(self, events: Iterable[Any]) -> None:
        """Take the parser's events, in order."""
        taking: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.SequenceStartEvent: self._enter,
            yaml.MappingStartEvent: self._enter,
            yaml.SequenceEndEvent: self._leave,
            yaml.MappingEndEvent: self._leave,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        for event in events:
            take = taking.get(type(event))
            if take is not None:
                take(event)

    def node(self) -> Node:
        """Return the whole.

        Raises:
            InvalidRules: There is nothing, or some keys and anchors are none.
        """
        if self._root is None:
            raise fault(Span(self.places.file), "empty", "the file holds no rules", HOW_TO_BEGIN)
        if self.faults:
            raise InvalidRules(self.faults)
        return self._root

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            span = self.places.of(event.start_mark)
            instead = "remove the `---`, or put the second document into a file of its own"
            raise fault(span, "several-documents", "a second document starts here", instead)

    def _check_begins(self, event: Any, span: Span) -> None:
        """Refuse a tag, and an anchor that is named twice, at a node that begins."""
        if event.tag is not None:
            sentence = f"the tag `{shown(event.tag)}` has no meaning here"
            raise fault(span, "tag", sentence, "remove the tag; quote a value that must stay text")
        if event.anchor in self._anchors:
            sentence = f"the anchor `&{shown(event.anchor)}` stands here a second time"
            instead = "give each anchor a name of its own"
            self.faults.append(Diagnostic(span, "duplicate-anchor", sentence, instead))

    def _scalar(self, event: Any) -> None:
        text, style, span = event.value, event.style, self.places.of(event.start_mark)
        if style == '"':  # the one that can write a character that does not stand in the file
            _refuse_unprintable(text, self.places.file, span)
        self._limits.count(1, len(text), len(self._open) + 1, span)
        if event.tag is not None or event.anchor is not None:
            self._check_begins(event, span)
        if event.anchor is not None:
            node, key = _scalar_node(text, style, span), _Key(span, text, not style)
            self._anchors[event.anchor] = _Anchored(node, key, _NodeSize(1, len(text), 1))
        holder = self._open[-1] if self._open else None
        if holder is not None and holder.is_mapping and holder.key is None:
            holder.key, holder.name, holder.is_bare = span, text, not style
        else:
            self._hold(_scalar_node(text, style, span))

    def _enter(self, event: Any) -> None:
        span = self.places.of(event.start_mark)
        if event.tag is not None or event.anchor is not None:
            self._check_begins(event, span)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        limits, depth = self._limits, len(self._open) + 1
        before = limits.nodes, limits.texts
        limits.count(1, 0, depth, span)
        is_mapping = type(event) is yaml.MappingStartEvent
        self._open.append(_OpenNode(event.anchor, span, is_mapping, *before))

    def _leave(self, _: Any) -> None:
        ended = self._open.pop()
        node, depth = _ended_node(ended), len(self._open) + 1
        deepest = max(ended.deepest, depth + 1 if ended.nodes or ended.entries else depth)
        if ended.anchor is not None:
            nodes, texts = self._limits.nodes - ended.nodes_before, self._limits.texts
            size = _NodeSize(nodes, texts - ended.texts_before, deepest - depth + 1)
            self._anchors[ended.anchor] = _Anchored(node, _Key(ended.span), size)
        self._reach(deepest)
        self._hold(node)

    def _alias(self, event: Any) -> None:
        """Take a node again: it counts as all that it holds."""
        anchor, span = str(event.anchor), self.places.of(event.start_mark)
        if anchor not in self._anchors:
            sentence, instead = "YAML cannot be read here: found undefined alias", HOW_TO_QUOTE
            raise fault(span, "yaml-syntax", sentence, instead)
        named = self._anchors[anchor]
        if named is None:
            sentence = f"`*{shown(anchor)}` stands inside what it names"
            raise fault(span, "alias-loop", sentence, "write the value out; nothing holds itself")
        self._limits.is_aliased, size = True, named.size
        depth = len(self._open) + size.height
        self._limits.count(size.nodes, size.texts, depth, span)
        self._reach(depth)
        self._hold(named.node, named.key)

    def _reach(self, depth: int) -> None:
        """Let what is open know how deep something in it reaches."""
        if self._open and self._open[-1].deepest < depth:
            self._open[-1].deepest = depth

    def _hold(self, node: Node, as_key: _Key | None = None) -> None:
        """Put a node into what is open; `as_key`: what an alias of it is where a key stands."""
        if not self._open:
            self._root = node
            return
        holder = self._open[-1]
        if not holder.is_mapping:
            holder.nodes.append(node)
        elif holder.key is None:
            holder.key, holder.name, holder.is_bare = as_key or _Key(node.span)
        else:
            key, name, holder.key = holder.key, holder.name, None
            if name is None or name in holder.keys or (name == "<<" and holder.is_bare):
                self.faults.append(_key_fault(_Key(key, name, holder.is_bare), holder.keys))
            else:
                holder.entries[name], holder.keys[name] = node, key


def _ended_node(ended: _OpenNode) -> Node:
    if ended.is_mapping:
        return MappingNode(ended.entries, ended.keys, ended.span)
    return SequenceNode(tuple(ended.nodes), ended.span)


def _key_fault(key: _Key, keys: Mapping[str, Span]) -> Diagnostic:
    place, text = key.span, key.text
    if text is None:
        sentence = "a list or mapping cannot be a key"
        return Diagnostic(place, "key-not-text", sentence, "write a name")
    if text == "<<" and key.is_plain:
        sentence = "`<<` would merge keys from elsewhere, and what is read is what runs"
        return Diagnostic(place, "merge-key", sentence, "write the keys out here")
    sentence = f"the key `{shown(text)}` already stands on line {keys[text].line}"
    return Diagnostic(place, "duplicate-key", sentence, "keep one of the two")


def _scalar_node(text: str, style: str | None, span: Span) -> ScalarNode:
    if style or not is_no_text(text):
        return ScalarNode(text, span)
    if text in {"true", "false"}:
        return ScalarNode(text == "true", span)
    if WHOLE_NUMBER.fullmatch(text):
        return ScalarNode(int(text), span)
    return ScalarNode(text, span, is_ambiguous=True)
