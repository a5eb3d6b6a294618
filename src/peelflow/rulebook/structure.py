"""Give nodes the types of the model, by the declared shapes; find every fault, in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Literal, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import BaseValidationError, ClassValidationError, IterableValidationError

from peelflow.errors import Diagnostic, RulesRefused, Span
from peelflow.model.guarantees import Guarantee
from peelflow.model.migration import MigrationPlan
from peelflow.model.requirements import BARE, HEADED, Requirement
from peelflow.model.rules import Lifecycle, Transition, Vocabulary
from peelflow.proof.names import listed
from peelflow.rulebook import faults, scalars
from peelflow.rulebook.nodes import KIND_KEYS, Items, Node, Scalar, Table, moved, twice
from peelflow.rulebook.reader import read_node
from peelflow.rulebook.sentences import parse
from peelflow.rulebook.shapes import (
    SHAPES,
    AtLeastOne,
    ByTrigger,
    LevelWord,
    Named,
    OneOrList,
    TriggerName,
    Whole,
)

Hook = Callable[[Node, Any], Any]


RuleFile = Lifecycle | Vocabulary | MigrationPlan
KINDS: Mapping[str, type[RuleFile]] = dict(
    zip(KIND_KEYS, (Lifecycle, Vocabulary, MigrationPlan), strict=True)
)


def structure(node: Table) -> RuleFile:
    """Read a file's nodes as the lifecycle, vocabulary or migration that its keys say it is.

    Raises:
        RulesRefused: With every fault of the file, sorted by place.
    """
    for key, kind in KINDS.items():
        if key in node.entries:
            found: RuleFile = _all_at_once(node, kind)
            return found
    raise faults.unknown_kind(node)


def lifecycle_of(node: Node) -> Lifecycle:
    """Read nodes as a lifecycle.

    Raises:
        RulesRefused: With every fault, sorted by place.
    """
    lifecycle: Lifecycle = _all_at_once(node, Lifecycle)
    return lifecycle


def _all_at_once(node: Node, kind: Any) -> Any:
    try:
        return CONVERTER.structure(node, kind)
    except BaseValidationError as group:
        # An alias is read wherever it stands, and its faults are those of one place.
        raise RulesRefused(set(_flat(group))) from None


def _flat(error: Exception) -> list[Diagnostic]:
    if isinstance(error, BaseValidationError):
        return [fault for part in error.exceptions for fault in _flat(part)]
    return list(getattr(error, "diagnostics", ()))


class _Gather:
    """Reads every part of a whole before it raises the faults of all."""

    def __init__(self) -> None:
        self.faults: list[Exception] = []

    def read(self, node: Node, kind: Any) -> Any:
        try:
            return CONVERTER.structure(node, kind)
        except (RulesRefused, BaseValidationError) as fault:
            self.faults.append(fault)
            return None


def _list(node: Node, kind: Any) -> tuple[Any, ...]:
    if not isinstance(node, Items):
        raise faults.wrong_type(node, faults.LIST)
    gather = _Gather()
    found = tuple(gather.read(item, get_args(kind)[0]) for item in node.nodes)
    gather.faults += [faults.duplicate_item(*pair) for pair in twice(node)]
    if gather.faults:
        raise IterableValidationError(faults.LIST, gather.faults, tuple)
    return found


def _mapping(node: Node, kind: Any) -> dict[str, Any]:
    if not isinstance(node, Table):
        raise faults.wrong_type(node, faults.MAPPING)
    gather = _Gather()
    key_kind, value_kind = get_args(kind)
    found: dict[str, Any] = {}
    for key, child in node.entries.items():
        gather.read(Scalar(key, node.keys[key]), key_kind)
        found[key] = gather.read(_at(child, node.keys[key]), value_kind)
    if gather.faults:
        raise IterableValidationError(faults.MAPPING, gather.faults, dict)
    return found


def _at(node: Node, key: Span) -> Node:
    """Give a mapping the place of its key, where people look for it."""
    return attrs.evolve(node, span=key) if isinstance(node, Table) else node


def _shaped(node: Node, cls: Any) -> Any:
    shape = SHAPES[cls]
    if not isinstance(node, Table):
        needed = [name for name, key in shape.keys.items() if key.required] or [*shape.keys][:1]
        instead = ", ".join(f"{name}: …" for name in needed)
        raise faults.wrong_type(
            node, f"a mapping with {listed(shape.keys)}", f"write {{{instead}}}"
        )
    gather = _Gather()
    for name in node.entries.keys() - shape.keys.keys():
        gather.faults.append(faults.unknown_key(node.keys[name], name, shape.keys))
    values = dict(shape.preset)
    for name, key in shape.keys.items():
        if name in node.entries:
            child = _at(node.entries[name], node.keys[name])
            values[key.attribute or name] = gather.read(child, key.holds)
        elif key.required:
            gather.faults.append(faults.missing_key(node.span, name))
    if gather.faults:
        raise ClassValidationError(cls.__name__, gather.faults, cls)
    return cls(**values, span=node.span)


def _annotated(kind: Any) -> Hook:
    plain, mark = get_args(kind)
    match mark:
        case Named():
            return lambda node, _: scalars.name(node, mark)
        case Whole():
            return lambda node, _: scalars.whole(node, mark)
        case AtLeastOne():
            return lambda node, _: _at_least_one(node, plain)
        case OneOrList():
            return lambda node, _: _one_or_list(node, plain)
        case LevelWord():
            return lambda node, _: scalars.level(node)
        case ByTrigger():
            return lambda node, _: _transitions(node)
        case _:
            return lambda node, _: _sentence(node)


def _at_least_one(node: Node, plain: Any) -> Any:
    found = CONVERTER.structure(node, plain)
    if not found:
        raise faults.empty(node.span, faults.LIST if isinstance(node, Items) else faults.MAPPING)
    return found


def _one_or_list(node: Node, plain: Any) -> Any:
    alone = isinstance(node, Scalar)
    return _at_least_one(Items((node,), node.span) if alone else node, plain)


def _transitions(node: Node) -> tuple[Transition, ...]:
    if not isinstance(node, Table):
        raise faults.wrong_type(
            node,
            "a mapping of triggers",
            "write each trigger as a key: `<trigger>: {to: …, by: …}`",
        )
    gather = _Gather()
    found: list[Transition] = []
    for trigger, child in node.entries.items():
        place = node.keys[trigger]
        gather.read(Scalar(trigger, place), TriggerName)
        ways = child if isinstance(child, Items) else Items((_at(child, place),), place)
        read = gather.read(ways, Annotated[tuple[Transition, ...], AtLeastOne()])
        found += [attrs.evolve(way, trigger=trigger) for way in read or ()]
    if gather.faults:
        raise IterableValidationError(faults.MAPPING, gather.faults, tuple)
    return tuple(found)


def _sentence(node: Node) -> Guarantee:
    that = " ".join(scalars.text(node).split())
    return Guarantee(that, "", parse(that, node.span, _requirement_in))


def _guarantee(node: Node, _: Any) -> Guarantee:
    read = _shaped(node, Guarantee)
    return Guarantee(read.promise.that, read.because, read.promise.promise, read.span)


def _requirement(node: Node, _: Any) -> Any:
    match node:
        case Scalar(value=str() as word) if word in BARE:
            return BARE[word](span=node.span)
        case Scalar(value=value):
            raise faults.unknown_requirement(node.span, str(value))
        case Items():
            raise faults.wrong_type(node, "a requirement", "write each as an item of its own")
    heads = [key for key in node.entries if key in HEADED]
    if len(heads) > 1:
        raise faults.several_requirements(node.span, heads)
    if not heads:
        first = next(iter(node.entries), "")
        raise faults.unknown_requirement(node.keys.get(first, node.span), first)
    return CONVERTER.structure(node, HEADED[heads[0]])


def _requirement_in(text: str, span: Span) -> Any:
    """Read the requirement inside a guarantee's sentence; its faults stand at the sentence."""
    if text in BARE:
        return _requirement(Scalar(text, span), None)
    try:
        node = read_node(text, span.file)
    except RulesRefused as refused:
        raise RulesRefused(attrs.evolve(one, span=span) for one in refused.diagnostics) from None
    return _all_at_once(moved(node, span), Requirement)


def _converter() -> Converter:
    converter = Converter()
    rules: list[tuple[Callable[[Any], bool], Callable[[Any], Hook]]] = [
        (lambda kind: get_origin(kind) is Literal, lambda _: scalars.choice),
        (lambda kind: get_origin(kind) is tuple, lambda _: _list),
        (lambda kind: get_origin(kind) is Mapping, lambda _: _mapping),
        (lambda kind: get_origin(kind) is Annotated, _annotated),
        (lambda kind: kind == Requirement, lambda _: _requirement),
        (lambda kind: kind in SHAPES, lambda _: _shaped),
        (lambda kind: kind is Guarantee, lambda _: _guarantee),
    ]
    # INVARIANT: cattrs has hooks of its own for these, which only a direct hook replaces.
    converter.register_structure_hook(str, lambda node, _: scalars.text(node, str))
    converter.register_structure_hook(bool, lambda node, _: scalars.flag(node, bool))
    converter.register_structure_hook(date, lambda node, _: scalars.day(node, date))
    for holds, factory in rules:
        converter.register_structure_hook_factory(holds, factory)
    return converter


CONVERTER = _converter()
