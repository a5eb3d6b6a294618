"""Give nodes the types of the model, by the declared shapes; find every fault, each in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Literal, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import BaseValidationError, ClassValidationError, IterableValidationError

from peelflow.errors import Diagnostic, RulesRefused, Span
from peelflow.model.guarantees import Guarantee
from peelflow.model.requirements import BARE, HEADED, Requirement
from peelflow.model.rules import Lifecycle, Transition, Vocabulary
from peelflow.proof.names import listed
from peelflow.rulebook import faults
from peelflow.rulebook.faults import Fault
from peelflow.rulebook.nodes import Items, Node, Scalar, Table, moved
from peelflow.rulebook.reader import read_node
from peelflow.rulebook.sentences import parse
from peelflow.rulebook.shapes import (
    SHAPES,
    TRIGGER,
    AtLeastOne,
    ByTrigger,
    LevelWord,
    Named,
    OneOrList,
    Whole,
)

Hook = Callable[[Node, Any], Any]


def structure(node: Table) -> Lifecycle | Vocabulary:
    """Read a file's nodes as the lifecycle or the vocabulary that its first key says it is.

    Raises:
        RulesRefused: With every fault of the file, sorted by place.
    """
    if "lifecycle" in node.entries:
        return _all_at_once(node, Lifecycle)
    if "vocabulary" in node.entries:
        return _all_at_once(node, Vocabulary)
    raise RulesRefused([faults.unknown_kind(node).diagnostic])


def _all_at_once(node: Node, kind: Any) -> Any:
    try:
        return CONVERTER.structure(node, kind)
    except (Fault, BaseValidationError) as error:
        raise RulesRefused(_flat(error)) from None


def _flat(error: Exception) -> list[Diagnostic]:
    if isinstance(error, BaseValidationError):
        return [fault for part in error.exceptions for fault in _flat(part)]
    if isinstance(error, RulesRefused):
        return list(error.diagnostics)
    if isinstance(error, Fault):
        return [error.diagnostic]
    raise error


class _Gather:
    """Takes every part of a whole before it raises the faults of all."""

    def __init__(self) -> None:
        self.faults: list[Exception] = []

    def take(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (Fault, BaseValidationError, RulesRefused) as fault:
            self.faults.append(fault)
            return None


def _text(node: Node, _: Any) -> str:
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise faults.wrong_type(node, "a text")
    if not node.value:
        raise faults.empty(node.span, "a text")
    return node.value


def _flag(node: Node, _: Any) -> bool:
    if not isinstance(node, Scalar) or not isinstance(node.value, bool):
        raise faults.wrong_type(node, "`true` or `false`")
    return node.value


def _day(node: Node, _: Any) -> date:
    text = _text(node, str)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise faults.bad_date(node.span, text)


def _choice(node: Node, kind: Any) -> Any:
    choices = get_args(kind)
    text = _text(node, str)
    if text not in choices:
        raise faults.unknown_choice(node.span, text, choices)
    return text


def _name(node: Node, named: Named) -> str:
    text = _text(node, str)
    if not re.fullmatch(named.pattern, text):
        raise faults.bad_name(node.span, text, named)
    return text


def _whole(node: Node, bounds: Whole) -> int:
    if not isinstance(node, Scalar) or type(node.value) is not int:
        raise faults.wrong_type(node, "a whole number")
    if not bounds.least <= node.value <= bounds.most:
        raise faults.out_of_range(node.span, node.value, bounds)
    return node.value


def _level(node: Node) -> int | None:
    if isinstance(node, Scalar) and node.value == "none":
        return None
    if isinstance(node, Scalar) and type(node.value) is int and 1 <= node.value <= 4:  # noqa: PLR2004
        return node.value
    raise faults.wrong_type(node, "a level, from 1 to 4 or `none`,")


def _list(node: Node, kind: Any) -> tuple[Any, ...]:
    if not isinstance(node, Items):
        raise faults.wrong_type(node, "a list")
    gather = _Gather()
    item = get_args(kind)[0]
    found = tuple(gather.take(lambda n=n: CONVERTER.structure(n, item)) for n in node.nodes)
    if gather.faults:
        raise IterableValidationError("list", gather.faults, tuple)
    return found


def _mapping(node: Node, kind: Any) -> dict[str, Any]:
    if not isinstance(node, Table):
        raise faults.wrong_type(node, "a mapping")
    gather = _Gather()
    key_kind, value_kind = get_args(kind)
    found: dict[str, Any] = {}
    for key, child in node.entries.items():
        gather.take(lambda k=key: CONVERTER.structure(Scalar(k, node.keys[k]), key_kind))
        found[key] = gather.take(
            lambda k=key, c=child: CONVERTER.structure(_at(c, node.keys[k]), value_kind)
        )
    if gather.faults:
        raise IterableValidationError("mapping", gather.faults, dict)
    return found


def _at(node: Node, key: Span) -> Node:
    """Give a mapping the place of its key, where people look for it."""
    return attrs.evolve(node, span=key) if isinstance(node, Table) else node


def _shaped(node: Node, cls: Any) -> Any:
    shape = SHAPES[cls]
    if not isinstance(node, Table):
        raise faults.wrong_type(node, f"a mapping with {listed(shape.keys)}")
    gather = _Gather()
    gather.faults += [
        faults.unknown_key(node.keys[key], key, shape.keys)
        for key in node.entries
        if key not in shape.keys
    ]
    values = dict(shape.preset)
    for name, key in shape.keys.items():
        if name in node.entries:
            child = _at(node.entries[name], node.keys[name])
            values[key.attribute or name] = gather.take(
                lambda c=child, k=key: CONVERTER.structure(c, k.holds)
            )
        elif key.required:
            gather.faults.append(faults.missing_key(node.span, name))
    if gather.faults:
        raise ClassValidationError(cls.__name__, gather.faults, cls)
    return cls(**values, span=node.span)


def _guarantee(node: Node, _: Any) -> Guarantee:
    guarantee: Guarantee = _shaped(node, Guarantee)
    assert isinstance(node, Table)
    return attrs.evolve(guarantee, that=" ".join(str(node.entries["that"].value).split()))


def _annotated(kind: Any) -> Hook:
    plain, *marks = get_args(kind)
    match marks[0]:
        case Named() as named:
            return lambda node, _: _name(node, named)
        case Whole() as bounds:
            return lambda node, _: _whole(node, bounds)
        case AtLeastOne():
            return lambda node, _: _at_least_one(node, plain)
        case OneOrList():
            return lambda node, _: _one_or_list(node, plain)
        case LevelWord():
            return lambda node, _: _level(node)
        case ByTrigger():
            return lambda node, _: _transitions(node)
        case _:
            return lambda node, _: parse(_text(node, str), node.span, _requirement_in)


def _at_least_one(node: Node, plain: Any) -> Any:
    found = CONVERTER.structure(node, plain)
    if not found:
        raise faults.empty(node.span, "a list" if isinstance(node, Items) else "a mapping")
    return found


def _one_or_list(node: Node, plain: Any) -> Any:
    return _at_least_one(Items((node,), node.span) if isinstance(node, Scalar) else node, plain)


def _transitions(node: Node) -> tuple[Transition, ...]:
    if not isinstance(node, Table):
        raise faults.wrong_type(node, "a mapping of triggers")
    gather = _Gather()
    found: list[Transition] = []
    for trigger, child in node.entries.items():
        place = node.keys[trigger]
        gather.take(lambda t=trigger, p=place: CONVERTER.structure(Scalar(t, p), TRIGGER))
        ways = gather.take(lambda c=child, p=place: _alternatives(c, p))
        found += [attrs.evolve(way, trigger=trigger) for way in ways or ()]
    if gather.faults:
        raise IterableValidationError("transitions", gather.faults, tuple)
    return tuple(found)


def _alternatives(node: Node, key: Span) -> tuple[Transition, ...]:
    if isinstance(node, Items):
        ways: tuple[Transition, ...] = _at_least_one(node, tuple[Transition, ...])
        return ways
    return (CONVERTER.structure(_at(node, key), Transition),)


def _requirement(node: Node, _: Any) -> Any:
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value in BARE:
        return BARE[node.value](span=node.span)
    if isinstance(node, Scalar):
        raise faults.unknown_requirement(node.span, str(node.value))
    if isinstance(node, Items):
        raise faults.wrong_type(node, "a requirement")
    heads = [key for key in node.entries if key in HEADED]
    if len(heads) > 1:
        raise faults.several_requirements(node.span, heads)
    if not heads:
        first = next(iter(node.entries), "")
        raise faults.unknown_requirement(node.keys.get(first, node.span), first)
    return CONVERTER.structure(node, HEADED[heads[0]])


def _requirement_in(text: str, span: Span) -> Any:
    """Read the requirement inside a guarantee's sentence; its faults stand at the sentence."""
    try:
        node = Scalar(text, span) if text in BARE else moved(read_node(text, span.file), span)
    except RulesRefused as refused:
        raise RulesRefused(
            attrs.evolve(fault, span=span) for fault in refused.diagnostics
        ) from None
    return _all_at_once(node, Requirement)


def _converter() -> Converter:
    converter = Converter()
    rules: list[tuple[Callable[[Any], bool], Callable[[Any], Hook]]] = [
        (lambda kind: kind is str, lambda _: _text),
        (lambda kind: kind is bool, lambda _: _flag),
        (lambda kind: kind is date, lambda _: _day),
        (lambda kind: get_origin(kind) is Literal, lambda _: _choice),
        (lambda kind: get_origin(kind) is tuple, lambda _: _list),
        (lambda kind: get_origin(kind) is Mapping, lambda _: _mapping),
        (lambda kind: get_origin(kind) is Annotated, _annotated),
        (lambda kind: kind == Requirement, lambda _: _requirement),
        (lambda kind: kind in SHAPES, lambda _: _shaped),
        (lambda kind: kind is Guarantee, lambda _: _guarantee),
    ]
    for holds, factory in rules:
        converter.register_structure_hook_factory(holds, factory)
    return converter


CONVERTER = _converter()
