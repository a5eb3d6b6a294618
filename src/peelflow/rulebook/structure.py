"""The structure pass gives nodes the types of the model, and finds every fault in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Literal, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import BaseValidationError, ClassValidationError, IterableValidationError

from peelflow.errors import Diagnostic, InvalidRules, Span
from peelflow.model.constraints import (
    AtLeastOne,
    ByTrigger,
    LevelWord,
    NamePattern,
    NumberRange,
    OneOrList,
    TriggerName,
)
from peelflow.model.requirements import BARE, HEADED, Requirement
from peelflow.model.rules import Guarantee, Lifecycle, MigrationPlan, Transition, Vocabulary
from peelflow.rulebook.guarantee_parser import parse_guarantee
from peelflow.rulebook.schema import DAY, LAST_LEVEL, MAPPING_SCHEMAS, RESERVED
from peelflow.rulebook.yaml_reader import (
    HOW_TO_BEGIN,
    KIND_KEYS,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    duplicate_items,
    read_node,
    with_span,
)
from peelflow.wording import listed, nearest_name, shown, suggestion

A_TEXT, A_LIST, A_MAPPING = "a text", "a list", "a mapping"
A_FLAG, A_WHOLE_NUMBER = "`true` or `false`", "a whole number"


def structure_fault(span: Span, code: str, sentence: str, instead: str) -> InvalidRules:
    """Say one fault, as something to raise."""
    return InvalidRules([Diagnostic(span, code, sentence, instead)])


def unknown_kind(node: MappingNode) -> InvalidRules:
    """Neither a lifecycle nor a vocabulary nor a migration."""
    instead = HOW_TO_BEGIN
    for kind in KIND_KEYS:
        close = nearest_name(kind, node.entries)
        if close is not None:
            instead = f"write `{kind}` where `{shown(close)}` stands"
    sentence = "the file says none of `lifecycle`, `vocabulary` and `migration`"
    return structure_fault(node.span, "unknown-kind", sentence, instead)


def wrong_type(node: Node, wanted: str, instead: str = "") -> InvalidRules:
    """A value of another type than its place holds."""
    if wanted == A_LIST and isinstance(node, ScalarNode) and node.value != "":
        instead = f"write [{shown(_scalar_text(node.value))}]"
    elif wanted == A_TEXT and isinstance(node, ScalarNode):
        instead = f'write "{_scalar_text(node.value)}" in quotes'
    elif wanted == A_TEXT:
        instead = "write one text, without brackets"
    elif wanted == A_FLAG:
        instead = f"write {A_FLAG}, without quotes"
    elif wanted == A_WHOLE_NUMBER:
        instead = "write digits alone, such as 10, without quotes or a zero before them"
    return structure_fault(
        node.span,
        "wrong-type",
        f"{wanted} belongs here, not {_describe_node(node)}",
        instead or f"write {wanted}",
    )


def _describe_node(node: Node) -> str:
    match node:
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list"
        case ScalarNode(value=""):
            return "nothing"
        case ScalarNode(value=str() as text):
            return f"the text `{shown(text)}`"
        case _:
            return f"`{_scalar_text(node.value)}`"


def _scalar_text(value: str | int | bool) -> str:  # noqa: FBT001
    return str(value).lower() if isinstance(value, bool) else str(value)


def empty_value(span: Span, what: str) -> InvalidRules:
    """A list, mapping or text that may not be empty."""
    instead = "write a text" if what == A_TEXT else "write at least one"
    return structure_fault(span, "empty-value", f"{what} with nothing in it stands here", instead)


def duplicate_item(node: Node, first: Node) -> InvalidRules:
    """An item that its list holds already."""
    said = f"`{shown(_scalar_text(node.value))}`" if isinstance(node, ScalarNode) else "this item"
    return structure_fault(
        node.span,
        "duplicate-item",
        f"{said} already stands in this list, at line {first.span.line}",
        "keep one of the two",
    )


def bad_name(span: Span, text: str, named: NamePattern) -> InvalidRules:
    """A name that does not follow its pattern."""
    sentence = f"`{shown(text)}` cannot be the name of a {named.what}"
    return structure_fault(span, "bad-name", sentence, f"write {named.words}")


def reserved_name(span: Span, text: str, named: NamePattern) -> InvalidRules:
    """A name that other readers of YAML take for a truth value or for nothing."""
    return structure_fault(
        span,
        "reserved-name",
        f"`{text}` cannot be the name of a {named.what}: YAML may read no text there",
        "choose another name",
    )


def bad_date(span: Span, text: str) -> InvalidRules:
    """A text that is no calendar date."""
    return structure_fault(
        span, "bad-date", f"`{shown(text)}` is no date", "write year-month-day, such as 2025-03-31"
    )


def unknown_choice(span: Span, text: str, choices: Iterable[str]) -> InvalidRules:
    """A word that is not one of those this place knows."""
    return structure_fault(
        span,
        "unknown-choice",
        f"`{shown(text)}` is no choice here",
        f"write one of {listed(choices)}",
    )


def out_of_range(span: Span, value: int, bounds: NumberRange) -> InvalidRules:
    """A number beyond its bounds."""
    return structure_fault(
        span,
        "out-of-range",
        f"{value} is out of range",
        f"write a number from {bounds.least} to {bounds.most}",
    )


def unknown_key(span: Span, key: str, known: Iterable[str]) -> InvalidRules:
    """A key that has no meaning in its place."""
    return structure_fault(
        span, "unknown-key", f"the key `{shown(key)}` has no meaning here", suggestion(key, known)
    )


def missing_key(span: Span, key: str) -> InvalidRules:
    """A key that its place requires."""
    return structure_fault(span, "missing-key", f"the key `{key}` is missing here", f"add `{key}:`")


def unknown_requirement(span: Span, text: str) -> InvalidRules:
    """A word that is no requirement, or is not written as one."""
    if text in HEADED:
        sentence, instead = f"`{text}` says too little alone", f"write {{{text}: …}}"
    elif text in BARE:
        sentence, instead = f"`{text}` takes no value", f"write just {text}"
    else:
        sentence = f"`{shown(text)}` is no requirement" if text else "a requirement is missing here"
        instead = suggestion(text, {*BARE, *HEADED})
    return structure_fault(span, "unknown-requirement", sentence, instead)


def several_requirements(span: Span, heads: Iterable[str]) -> InvalidRules:
    """Two requirements written as one."""
    return structure_fault(
        span,
        "several-requirements",
        f"{listed(heads)} stand in one item, and an item is one requirement",
        "give each an item of its own",
    )


def read_text(node: Node, _: Any = str) -> str:
    """Read a text that is not empty."""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        raise wrong_type(node, A_TEXT)
    if not node.value:
        raise empty_value(node.span, A_TEXT)
    return node.value


def read_flag(node: Node, _: Any = bool) -> bool:
    """Read true or false."""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, bool):
        raise wrong_type(node, A_FLAG)
    return node.value


def read_date(node: Node, _: Any = date) -> date:
    """Read a date written year-month-day."""
    written = read_text(node)
    try:
        return date.fromisoformat(written if re.fullmatch(DAY, written) else "")
    except ValueError:
        raise bad_date(node.span, written) from None


def read_choice(node: Node, kind: Any) -> str:
    """Read one of the words of a `Literal`."""
    written = read_text(node)
    if written not in get_args(kind):
        raise unknown_choice(node.span, written, get_args(kind))
    return written


def read_name(node: Node, named: NamePattern) -> str:
    """Read a name that follows its pattern and that no reader of YAML mistakes."""
    if isinstance(node, ScalarNode) and isinstance(node.value, bool):
        raise reserved_name(node.span, str(node.value).lower(), named)
    written = read_text(node)
    if written in RESERVED:
        raise reserved_name(node.span, written, named)
    if not re.fullmatch(named.pattern, written):
        raise bad_name(node.span, written, named)
    return written


def read_whole_number(node: Node, bounds: NumberRange) -> int:
    """Read a whole number within bounds."""
    if not isinstance(node, ScalarNode) or isinstance(node.value, str | bool):
        raise wrong_type(node, A_WHOLE_NUMBER)
    if not bounds.least <= node.value <= bounds.most:
        raise out_of_range(node.span, node.value, bounds)
    return node.value


def read_level(node: Node) -> int | None:
    """Read a level from 1 to 4, or `none`."""
    if isinstance(node, ScalarNode) and node.value == "none":
        return None
    if (
        isinstance(node, ScalarNode)
        and not isinstance(node.value, str | bool)
        and 1 <= node.value <= LAST_LEVEL
    ):
        return node.value
    raise wrong_type(node, f"a level from 1 to {LAST_LEVEL} or `none`")


Hook = Callable[[Node, Any], Any]


RuleFile = Lifecycle | Vocabulary | MigrationPlan
RULE_FILE_KINDS: Mapping[str, type[RuleFile]] = dict(
    zip(KIND_KEYS, (Lifecycle, Vocabulary, MigrationPlan), strict=True)
)


def rule_file_of(node: MappingNode) -> RuleFile:
    """Read a file's nodes as the lifecycle, vocabulary or migration that its keys say it is.

    Raises:
        InvalidRules: With every fault of the file, sorted by place.
    """
    for key, kind in RULE_FILE_KINDS.items():
        if key in node.entries:
            found: RuleFile = _read_all(node, kind)
            return found
    raise unknown_kind(node)


def lifecycle_of(node: Node) -> Lifecycle:
    """Read nodes as a lifecycle.

    Raises:
        InvalidRules: With every fault, sorted by place.
    """
    lifecycle: Lifecycle = _read_all(node, Lifecycle)
    return lifecycle


def _read_all(node: Node, kind: Any) -> Any:
    try:
        return CONVERTER.structure(node, kind)
    except BaseValidationError as group:
        # An alias is read wherever it stands, and its faults are those of one place.
        raise InvalidRules(set(_diagnostics_in(group))) from None


def _diagnostics_in(error: Exception) -> list[Diagnostic]:
    if isinstance(error, BaseValidationError):
        return [fault for part in error.exceptions for fault in _diagnostics_in(part)]
    return list(getattr(error, "diagnostics", ()))


class _FaultCollector:
    """Reads every part of a whole before it raises the faults of all."""

    def __init__(self) -> None:
        self.faults: list[Exception] = []

    def read(self, node: Node, kind: Any) -> Any:
        try:
            return CONVERTER.structure(node, kind)
        except (InvalidRules, BaseValidationError) as fault:
            self.faults.append(fault)
            return None


def _read_sequence(node: Node, kind: Any) -> tuple[Any, ...]:
    if not isinstance(node, SequenceNode):
        raise wrong_type(node, A_LIST)
    gather = _FaultCollector()
    found = tuple(gather.read(item, get_args(kind)[0]) for item in node.nodes)
    gather.faults += [duplicate_item(*pair) for pair in duplicate_items(node)]
    if gather.faults:
        raise IterableValidationError(A_LIST, gather.faults, tuple)
    return found


def _read_mapping(node: Node, kind: Any) -> dict[str, Any]:
    if not isinstance(node, MappingNode):
        raise wrong_type(node, A_MAPPING)
    gather = _FaultCollector()
    key_kind, value_kind = get_args(kind)
    found: dict[str, Any] = {}
    for key, child in node.entries.items():
        gather.read(ScalarNode(key, node.keys[key]), key_kind)
        found[key] = gather.read(_at_key(child, node.keys[key]), value_kind)
    if gather.faults:
        raise IterableValidationError(A_MAPPING, gather.faults, dict)
    return found


def _at_key(node: Node, key: Span) -> Node:
    """Give a mapping the place of its key, where people look for it."""
    return attrs.evolve(node, span=key) if isinstance(node, MappingNode) else node


def _read_by_schema(node: Node, cls: Any) -> Any:
    shape = MAPPING_SCHEMAS[cls]
    if not isinstance(node, MappingNode):
        needed = [name for name, key in shape.keys.items() if key.required] or [*shape.keys][:1]
        instead = ", ".join(f"{name}: …" for name in needed)
        raise wrong_type(node, f"a mapping with {listed(shape.keys)}", f"write {{{instead}}}")
    gather = _FaultCollector()
    for name in node.entries.keys() - shape.keys.keys():
        gather.faults.append(unknown_key(node.keys[name], name, shape.keys))
    values: dict[str, Any] = dict.fromkeys(shape.filled_in)
    for name, key in shape.keys.items():
        if name in node.entries:
            child = _at_key(node.entries[name], node.keys[name])
            values[key.attribute] = gather.read(child, key.holds)
        elif key.required:
            gather.faults.append(missing_key(node.span, name))
    if gather.faults:
        raise ClassValidationError(cls.__name__, gather.faults, cls)
    return cls(**values, span=node.span)


def _annotated_hook(kind: Any) -> Hook:
    plain, mark = get_args(kind)
    match mark:
        case NamePattern():
            return lambda node, _: read_name(node, mark)
        case NumberRange():
            return lambda node, _: read_whole_number(node, mark)
        case AtLeastOne():
            return lambda node, _: _read_at_least_one(node, plain)
        case OneOrList():
            return lambda node, _: _read_one_or_list(node, plain)
        case LevelWord():
            return lambda node, _: read_level(node)
        case ByTrigger():
            return lambda node, _: _read_transitions(node)
        case _:
            return lambda node, _: _read_sentence(node)


def _read_at_least_one(node: Node, plain: Any) -> Any:
    found = CONVERTER.structure(node, plain)
    if not found:
        raise empty_value(node.span, A_LIST if isinstance(node, SequenceNode) else A_MAPPING)
    return found


def _read_one_or_list(node: Node, plain: Any) -> Any:
    alone = isinstance(node, ScalarNode)
    return _read_at_least_one(SequenceNode((node,), node.span) if alone else node, plain)


def _read_transitions(node: Node) -> tuple[Transition, ...]:
    if not isinstance(node, MappingNode):
        raise wrong_type(
            node,
            "a mapping of triggers",
            "write each trigger as a key: `<trigger>: {to: …, by: …}`",
        )
    gather = _FaultCollector()
    found: list[Transition] = []
    for trigger, child in node.entries.items():
        place = node.keys[trigger]
        gather.read(ScalarNode(trigger, place), TriggerName)
        ways = (
            child
            if isinstance(child, SequenceNode)
            else SequenceNode((_at_key(child, place),), place)
        )
        read = gather.read(ways, Annotated[tuple[Transition, ...], AtLeastOne()])
        found += [attrs.evolve(way, trigger=trigger) for way in read or ()]
    if gather.faults:
        raise IterableValidationError(A_MAPPING, gather.faults, tuple)
    return tuple(found)


def _read_sentence(node: Node) -> Guarantee:
    that = " ".join(read_text(node).split())
    return Guarantee(that, "", parse_guarantee(that, node.span, _read_requirement_text))


def _read_guarantee(node: Node, _: Any) -> Guarantee:
    read = _read_by_schema(node, Guarantee)
    return Guarantee(read.that.that, read.because, read.that.promise, read.span)


def _read_requirement(node: Node, _: Any) -> Any:
    match node:
        case ScalarNode(value=str() as word) if word in BARE:
            return BARE[word](span=node.span)
        case ScalarNode(value=value):
            raise unknown_requirement(node.span, str(value))
        case SequenceNode():
            raise wrong_type(node, "a requirement", "write each as an item of its own")
    heads = [key for key in node.entries if key in HEADED]
    if len(heads) > 1:
        raise several_requirements(node.span, heads)
    if not heads:
        first = next(iter(node.entries), "")
        raise unknown_requirement(node.keys.get(first, node.span), first)
    return CONVERTER.structure(node, HEADED[heads[0]])


def _read_requirement_text(text: str, span: Span) -> Any:
    """Read the requirement inside a guarantee's sentence; its faults stand at the sentence."""
    if text in BARE:
        return _read_requirement(ScalarNode(text, span), None)
    try:
        node = read_node(text, span.file)
    except InvalidRules as refused:
        raise InvalidRules(attrs.evolve(one, span=span) for one in refused.diagnostics) from None
    return _read_all(with_span(node, span), Requirement)


def _converter() -> Converter:
    converter = Converter()
    rules: list[tuple[Callable[[Any], bool], Callable[[Any], Hook]]] = [
        (lambda kind: get_origin(kind) is Literal, lambda _: read_choice),
        (lambda kind: get_origin(kind) is tuple, lambda _: _read_sequence),
        (lambda kind: get_origin(kind) is Mapping, lambda _: _read_mapping),
        (lambda kind: get_origin(kind) is Annotated, _annotated_hook),
        (lambda kind: kind == Requirement, lambda _: _read_requirement),
        (lambda kind: kind in MAPPING_SCHEMAS, lambda _: _read_by_schema),
        (lambda kind: kind is Guarantee, lambda _: _read_guarantee),
    ]
    # INVARIANT: cattrs has hooks of its own for these, which only a direct hook replaces.
    converter.register_structure_hook(str, lambda node, _: read_text(node, str))
    converter.register_structure_hook(bool, lambda node, _: read_flag(node, bool))
    converter.register_structure_hook(date, lambda node, _: read_date(node, date))
    for holds, factory in rules:
        converter.register_structure_hook_factory(holds, factory)
    return converter


CONVERTER = _converter()
