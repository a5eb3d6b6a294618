"""Read events and records by their types alone, as cattrs does: what ours is held to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Literal, TypeVar, get_args, get_origin

from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError

from peelflow.model.records import (
    EVENT_KINDS,
    Added,
    Event,
    EventPayload,
    Record,
    TakenOver,
    Value,
)
from peelflow.model.rules import Level

_T = TypeVar("_T")
_Json = dict[str, Any]


def event_by_types(text: str) -> Event:
    """Return the event that a text tells; ValueError where it tells none."""
    return _decode(text, _decode_event)


def record_by_types(text: str) -> Record:
    """Return the record that a text tells; ValueError where it tells none."""
    return _decode(text, _decode_record)


def _decode(text: str, structure: Callable[[_Json], _T]) -> _T:
    try:
        raw = json.loads(text)
        if raw.pop("format") != 1:
            why = "its format is not known here"
            raise ValueError(why)
        return structure(raw)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ForbiddenExtraKeysError,
    ) as fault:
        why = f"its text is not of format 1: {fault}"
        raise ValueError(why) from fault


def _exact_hook(kind: type[_T]) -> Callable[[Any, Any], _T]:
    def hook(value: Any, _: Any) -> _T:
        if type(value) is not kind:
            why = f"{value!r} is no {kind.__name__}"
            raise TypeError(why)
        return value

    return hook


_exact_text, _exact_number, _exact_list = _exact_hook(str), _exact_hook(int), _exact_hook(list)


def _decode_texts(value: Any, _: Any = None) -> tuple[str, ...]:
    return tuple([_exact_text(text, None) for text in _exact_list(value, None)])


def _decode_value(value: Any, _: Any = None) -> Value:
    return value if type(value) is str else _decode_texts(value)


def _mapping_hook(hook: Callable[[Any, Any], _T]) -> Callable[[Any, Any], dict[str, _T]]:
    return lambda value, _: {name: hook(item, None) for name, item in value.items()}


def _optional_hook(hook: Callable[[Any, Any], _T]) -> Callable[[Any, Any], _T | None]:
    return lambda value, _: None if value is None else hook(value, None)


def _decode_choice(value: Any, literal: Any) -> Any:
    choices = get_args(literal)
    if type(value) is not str or value not in choices:
        why = f"{value!r} is none of {', '.join(choices)}"
        raise TypeError(why)
    return value


def _is_type(kind: object) -> Callable[[Any], bool]:
    return lambda other: bool(other == kind)


def _is_choice(kind: object) -> bool:
    return get_origin(kind) is Literal


def _is_list(kind: object) -> bool:
    return get_origin(kind) is tuple


def _list_hook(kind: Any, reader: Converter) -> Callable[[Any, Any], tuple[Any, ...]]:
    item = get_args(kind)[0]
    hook = reader.get_structure_hook(item)
    return lambda value, _: tuple([hook(each, item) for each in _exact_list(value, None)])


_HOOKS: Mapping[Any, Callable[[Any, Any], Any]] = {
    Value: _decode_value,
    Value | None: _optional_hook(_decode_value),
    Level: _optional_hook(_exact_number),
    bool | None: _optional_hook(_exact_hook(bool)),
    frozenset[str]: lambda value, _: frozenset(_decode_texts(value)),
    Mapping[str, Value]: _mapping_hook(_decode_value),
    Mapping[str, str]: _mapping_hook(_exact_text),
    Mapping[str, str] | None: _optional_hook(_mapping_hook(_exact_text)),
    Mapping[str, tuple[str, ...]]: _mapping_hook(_decode_texts),
    EventPayload: lambda what, _: what,  # read before the event, by its kind
}


def _make_converter() -> Converter:
    """Return a converter that takes exact types and no key it does not know."""
    reader = Converter(forbid_extra_keys=True, detailed_validation=False)
    for kind in (str, int, bool):
        reader.register_structure_hook(kind, _exact_hook(kind))
    for day in (date, datetime):
        reader.register_structure_hook(day, lambda value, kind: kind.fromisoformat(value))
    reader.register_structure_hook_func(_is_choice, _decode_choice)
    reader.register_structure_hook_factory(_is_list, lambda kind: _list_hook(kind, reader))
    for plain, hook in _HOOKS.items():
        reader.register_structure_hook_func(_is_type(plain), hook)

    def decode_entry(value: _Json, _: Any) -> Added | TakenOver:
        if "issued" in value:
            return reader.structure(value, TakenOver)
        return reader.structure(value, Added)

    reader.register_structure_hook_func(
        _is_type(Added | TakenOver | None), _optional_hook(decode_entry)
    )
    return reader


_converter = _make_converter()
_payload_hooks = {name: _converter.get_structure_hook(kind) for name, kind in EVENT_KINDS.items()}
_event_hook, _record_hook = map(_converter.get_structure_hook, (Event, Record))


def _decode_event(raw: _Json) -> Event:
    kind = raw.pop("kind")
    raw["what"] = _payload_hooks[kind](raw["what"], EVENT_KINDS[kind])
    event: Event = _event_hook(raw, Event)
    return event


def _decode_record(raw: _Json) -> Record:
    if "assumed" in raw and "walked" not in raw:
        raw["walked"] = None if raw["window"]["number"] != 1 else False
    record: Record = _record_hook(raw, Record)
    return record
