"""The kept form: an event or a record as canonical JSON text, and back without loss."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.fns import identity

from peelflow.errors import RequestRefused, TextRefused
from peelflow.model.records import KIND_OF, KINDS, Event, Record, Value, What
from peelflow.model.rules import Counts, Level

FORMAT = 1
_T = TypeVar("_T")
_Raw = dict[str, Any]

# Keys are sorted by code point; `check_circular` costs time and trees have no circles.
_json = json.JSONEncoder(
    ensure_ascii=False,
    check_circular=False,
    allow_nan=False,
    sort_keys=True,
    separators=(",", ":"),
).encode
# An escaped backslash may stand before `u0000`: only an odd number of them makes a NUL.
_nul = re.compile(r"(?<!\\)(?:\\\\)*\\u0000").search


def event_text(event: Event) -> str:
    """Return the event as canonical JSON, the text its digest is taken over.

    Keys are sorted by code point, without spaces; fields at their default are left out.

    Raises:
        TextRefused: A text of the event holds a NUL or a lone surrogate.
        RequestRefused: `recorded_at` has no time zone.
    """
    raw = _raw_event(event)
    raw["format"] = FORMAT
    raw["kind"] = KIND_OF[type(event.what)]
    return _sound(_json(raw), event.record)


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
    raw = _raw_record(record)
    raw["format"] = FORMAT
    return _sound(_json(raw), record.id)


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


def _sound(text: str, record: str) -> str:
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
        TypeError,
        ForbiddenExtraKeysError,
    ) as fault:
        why = f"its text is not of format {FORMAT}: {fault}"
        raise ValueError(why) from fault


def _text(value: str) -> str:
    # INVARIANT: what is written can be read again; a number here would strand the record.
    if not isinstance(value, str):
        raise RequestRefused(repr(value), "is no text", "give a text")
    return value


def _utc(moment: datetime) -> str:
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            what = f"recorded_at {moment.isoformat()}"
            raise RequestRefused(what, "has no time zone", "give it in UTC")
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")


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


def _optional(hook: Callable[[Any, Any], _T]) -> Callable[[Any, Any], _T | None]:
    return lambda value, _: None if value is None else hook(value, None)


def _is(kind: object) -> Callable[[Any], bool]:
    return lambda other: bool(other == kind)


def _writer() -> Converter:
    """Return a converter that leaves to JSON what JSON writes as it stands: texts and tuples."""
    writer = Converter(omit_if_default=True)
    writer.register_unstructure_hook(str, _text)
    writer.register_unstructure_hook(date, date.isoformat)
    writer.register_unstructure_hook(datetime, _utc)
    for plain in (Value, Value | None, Level, str | None, tuple[str, ...], Counts):
        writer.register_unstructure_hook_func(_is(plain), identity)
    writer.register_unstructure_hook_func(_is(frozenset[str]), sorted)
    writer.register_unstructure_hook_func(_is(Mapping[str, Value]), dict)
    writer.register_unstructure_hook(What, lambda what: _payload[type(what)](what))
    return writer


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
        What: lambda what, _: what,  # read before the event, by its kind
    }
    for plain, hook in hooks.items():
        reader.register_structure_hook_func(_is(plain), hook)
    return reader


_writes, _reads = _writer(), _reader()
_payload = {kind: _writes.get_unstructure_hook(kind) for kind in KIND_OF}
_raw_event = _writes.get_unstructure_hook(Event)
_raw_record = _writes.get_unstructure_hook(Record)
_payloads = {name: _reads.get_structure_hook(kind) for name, kind in KINDS.items()}


def _event(raw: _Raw) -> Event:
    kind = raw.pop("kind")
    raw["what"] = _payloads[kind](raw["what"], KINDS[kind])
    return _reads.structure(raw, Event)


def _record(raw: _Raw) -> Record:
    return _reads.structure(raw, Record)
