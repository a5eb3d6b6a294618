"""The kept form: an event or a record as canonical JSON text, and back without loss."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError

from peelflow.errors import RequestRefused, TextRefused
from peelflow.model.records import KINDS, Event, Record, Value, What
from peelflow.model.rules import Level
from peelflow.stores.writing import write_event, write_record

FORMAT = 1
_T = TypeVar("_T")
_Raw = dict[str, Any]

# An escaped backslash may stand before `u0000`: only an odd number of them makes a NUL.
_nul = re.compile(r"(?<!\\)(?:\\\\)*\\u0000").search


def event_text(event: Event) -> str:
    """Return the event as canonical JSON, the text its digest is taken over.

    Keys are sorted by code point, without spaces; fields at their default are left out.

    Raises:
        TextRefused: A text of the event holds a NUL or a lone surrogate.
        RequestRefused: `recorded_at` has no time zone.
    """
    return _sound(write_event, event, event.record)


def event_from(text: str) -> Event:
    """Return the event that `event_text` wrote.

    Raises:
        ValueError: The text is no event of a format known here.
    """
    return _read(text, _event)


def record_text(record: Record) -> str:
    """Return the record as canonical JSON.

    Raises:
        TextRefused: A text of the record holds a NUL or a lone surrogate.
    """
    return _sound(write_record, record, record.id)


def record_from(text: str) -> Record:
    """Return the record that `record_text` wrote.

    Raises:
        ValueError: The text is no record of a format known here.
    """
    return _read(text, _record)


def check_text(text: str, what: str) -> None:
    """Refuse a text that no store can keep or look up: a NUL or a lone surrogate."""
    if "\0" in text or not (text.isascii() or _encodes(text)):
        raise TextRefused(_printable(what))


def _sound(write: Callable[[_T], str], told: _T, record: str) -> str:
    try:
        text = write(told)
    except TypeError as fault:  # INVARIANT: what is written can be read again
        raise RequestRefused(
            f"a part of {record!a}", f"is no text: {fault}", "give a text"
        ) from fault
    if ("\\u0000" in text and _nul(text)) or not (text.isascii() or _encodes(text)):
        raise TextRefused(_printable(record))
    return text


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)


def _read(text: str, structure: Callable[[_Raw], _T]) -> _T:
    try:
        raw = json.loads(text)
        if raw.pop("format") != FORMAT:
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
        why = f"its text is not of format {FORMAT}: {fault}"
        raise ValueError(why) from fault


def _exactly(kind: type[_T]) -> Callable[[Any, Any], _T]:
    def hook(value: Any, _: Any) -> _T:
        if type(value) is not kind:
            why = f"{value!r} is no {kind.__name__}"
            raise TypeError(why)
        return value

    return hook


_exact_text, _exact_number, _exact_list = _exactly(str), _exactly(int), _exactly(list)


def _texts(value: Any, _: Any = None) -> tuple[str, ...]:
    return tuple([_exact_text(each, None) for each in _exact_list(value, None)])


def _value(value: Any, _: Any = None) -> Value:
    return value if type(value) is str else _texts(value)


def _fields(value: Any, _: Any) -> dict[str, Value]:
    return {name: _value(each) for name, each in value.items()}


def _names(value: Any, _: Any) -> dict[str, str]:
    return {name: _exact_text(each, None) for name, each in value.items()}


def _optional(hook: Callable[[Any, Any], _T]) -> Callable[[Any, Any], _T | None]:
    return lambda value, _: None if value is None else hook(value, None)


def _is(kind: object) -> Callable[[Any], bool]:
    return lambda other: bool(other == kind)


def _reader() -> Converter:
    """Return a converter that takes exact types and no key it does not know."""
    reader = Converter(forbid_extra_keys=True, detailed_validation=False)
    for kind in (str, int, bool):
        reader.register_structure_hook(kind, _exactly(kind))
    reader.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    reader.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    hooks = {
        Value: _value,
        Value | None: _optional(_value),
        Level: _optional(_exact_number),
        tuple[str, ...]: _texts,
        frozenset[str]: lambda value, _: frozenset(_texts(value)),
        Mapping[str, Value]: _fields,
        Mapping[str, str]: _names,
        What: lambda what, _: what,  # read before the event, by its kind
    }
    for plain, hook in hooks.items():
        reader.register_structure_hook_func(_is(plain), hook)
    return reader


_reads = _reader()
_payloads = {name: _reads.get_structure_hook(kind) for name, kind in KINDS.items()}


def _event(raw: _Raw) -> Event:
    kind = raw.pop("kind")
    raw["what"] = _payloads[kind](raw["what"], KINDS[kind])
    return _reads.structure(raw, Event)


def _record(raw: _Raw) -> Record:
    return _reads.structure(raw, Record)
