"""Read an event or a record from the JSON that its text tells, exactly as it was written.

Types are exact, no key is unknown and none is missing, or it is refused. What every list and every
act reads is read by hand, by position and key by key: a general reader takes twice as long for it.
What is rare is left to cattrs, which goes by the types; tests hold both to the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, get_args, get_origin

from peelflow.model.records import (
    Actor,
    Added,
    Amended,
    Attached,
    Attachment,
    Change,
    ChildLinked,
    Corrected,
    Document,
    Event,
    EventPayload,
    JointActs,
    LastDone,
    MadeJoint,
    Migrated,
    Moment,
    Noted,
    ParentLinked,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
    Value,
)
from peelflow.model.rules import Counts, Level, Pin

if TYPE_CHECKING:
    from cattrs import Converter

_T = TypeVar("_T")
_Json = dict[str, Any]
_COUNTS, _JOINT_ACTS = get_args(Counts), get_args(JointActs)
_MOST_KNOWN = 512
"""How many pins and persons are known: few are in very many texts, so each is made once."""


def default_walked(*, is_assumed: bool, window: int) -> bool | None:
    """Return whether a record walked whose text does not tell it: an earlier peelflow told none."""
    return None if is_assumed and window != 1 else False


def read_event(parts: _Json) -> Event:
    """Return the event that an object of JSON tells; the object is used up.

    Raises:
        AttributeError: It is none, or a part of it is none.
        LookupError: A part of it is missing, or its kind is not known.
        TypeError: A part of it is of another type, or is not known.
        ValueError: A part of it is no day.
    """
    take = parts.pop
    event = Event(
        _text(take("record")),
        _number(take("number")),
        PAYLOAD_READERS[take("kind")](take("what")),
        _day(take("on")),
        read_actor(take("actor")),
        _text(take("recorded_by")),
        datetime.fromisoformat(take("recorded_at")),
        _text_or_none(take("reason", None)),
        _text_or_none(take("source", None)),
        _text_or_none(take("key", None)),
        read_changes(take("changes")) if "changes" in parts else (),
    )
    return event if not parts else _refuse_unknown(parts)


def read_record(parts: _Json) -> Record:
    """Return the record that an object of JSON tells; what it raises is as of `read_event`."""
    take, untold = parts.pop, _untold_of(parts)
    record = Record(
        _text(take("id")),
        _number(take("number")),
        _day(take("on")),
        _text(take("force")),
        _text(take("category")),
        _level(take("level")),
        _pin(take("lifecycle")),
        _text(take("state")),
        _day(take("issued")),
        _fields(take("fields")),
        _text_or_none(take("parent")),
        _moment(take("window")),
        {name: _moment(moment) for name, moment in take("entered").items()},
        _texts(take("children")) if "children" in parts else (),
        {name: _last_done(last) for name, last in take("done", {}).items()},
        _items(take("attachments"), _attachment) if "attachments" in parts else (),
        frozenset(_texts(take("spent"))) if "spent" in parts else frozenset(),
        _text_or_none(take("successor", None)),
        "assumed" in parts and _flag(take("assumed")),
        {digest: _texts(steps) for digest, steps in take("spent_for", {}).items()},
        "withdrawn" in parts and _flag(take("withdrawn")),
        _items(take("note_documents"), _attachment) if "note_documents" in parts else (),
        _texts(take("joint_with")) if "joint_with" in parts else (),
        _texts(take("was_joint_with")) if "was_joint_with" in parts else (),
        _joint_acts(take("joint_acts", "lead")),
        _flag_or_none(take("walked", untold)),
    )
    return record if not parts else _refuse_unknown(parts)


def _untold_of(parts: _Json) -> bool | None:
    return default_walked(is_assumed="assumed" in parts, window=parts["window"]["number"])


def _refuse_unknown(parts: _Json) -> NoReturn:
    why = f"{', '.join(sorted(parts))} is not known"
    raise TypeError(why)


def _refuse_type(value: Any, kind: type) -> NoReturn:
    why = f"{value!r} is no {kind.__name__}"
    raise TypeError(why)


def _text(value: Any) -> str:
    return value if type(value) is str else _refuse_type(value, str)


def _text_or_none(value: Any) -> str | None:
    return value if value is None or type(value) is str else _refuse_type(value, str)


def _number(value: Any) -> int:
    return value if type(value) is int else _refuse_type(value, int)


def _level(value: Any) -> Level:
    return value if value is None or type(value) is int else _refuse_type(value, int)


def _flag(value: Any) -> bool:
    return value if type(value) is bool else _refuse_type(value, bool)


def _flag_or_none(value: Any) -> bool | None:
    return value if value is None or type(value) is bool else _refuse_type(value, bool)


_day = date.fromisoformat


def _day_or_none(value: Any) -> date | None:
    return None if value is None else _day(value)


def _one_of(value: Any, choices: tuple[str, ...]) -> Any:
    if type(value) is not str or value not in choices:
        why = f"{value!r} is none of {', '.join(choices)}"
        raise TypeError(why)
    return value


def _joint_acts(value: Any) -> JointActs:
    acts: JointActs = _one_of(value, _JOINT_ACTS)
    return acts


def _items(value: Any, read: Callable[[Any], _T]) -> tuple[_T, ...]:
    if type(value) is not list:
        _refuse_type(value, list)
    return tuple([read(item) for item in value])


def _texts(value: Any) -> tuple[str, ...]:
    return _items(value, _text)


def _value(value: Any) -> Value:
    return value if type(value) is str else _texts(value)


def _value_or_none(value: Any) -> Value | None:
    return None if value is None else _value(value)


def _fields(parts: _Json) -> dict[str, Value]:
    return {name: _value(value) for name, value in parts.items()}


def _moment(parts: _Json) -> Moment:
    moment = Moment(_number(parts.pop("number")), _day(parts.pop("on")))
    return moment if not parts else _refuse_unknown(parts)


def _last_done(parts: _Json) -> LastDone:
    last = LastDone(_number(parts.pop("number")), _day(parts.pop("on")), _text(parts.pop("person")))
    return last if not parts else _refuse_unknown(parts)


def _attachment(parts: _Json) -> Attachment:
    attachment = Attachment(_document(parts.pop("document")), _number(parts.pop("number")))
    return attachment if not parts else _refuse_unknown(parts)


def _document(parts: _Json) -> Document:
    take = parts.pop
    document = Document(
        _text(take("digest")),
        _text(take("kind")),
        _text(take("name")),
        _number(take("size")),
        _text_or_none(take("signed_by", None)),
        _day_or_none(take("signed_on", None)),
    )
    return document if not parts else _refuse_unknown(parts)


def _pin(parts: _Json) -> Pin:
    pin = _known_pin(
        _text(parts.pop("name")), _number(parts.pop("version")), _text(parts.pop("digest"))
    )
    return pin if not parts else _refuse_unknown(parts)


@lru_cache(_MOST_KNOWN)
def _known_pin(name: str, version: int, digest: str) -> Pin:
    return Pin(name, version, digest)


def read_actor(parts: _Json) -> Actor:
    """Return the actor that an object of JSON tells; what it raises is as of `read_event`."""
    actor = _known_actor(_text(parts.pop("person")), _text(parts.pop("role")))
    return actor if not parts else _refuse_unknown(parts)


@lru_cache(_MOST_KNOWN)
def _known_actor(person: str, role: str) -> Actor:
    return Actor(person, role)


def _change(parts: _Json) -> Change:
    change = Change(
        _day(parts.pop("on")),
        _text(parts.pop("force")),
        _text(parts.pop("category")),
        _level(parts.pop("level")),
        _text(parts.pop("ledger")),
        _one_of(parts.pop("counts"), _COUNTS),
        _text(parts.pop("state")),
        _number(parts.pop("delta")),
    )
    return change if not parts else _refuse_unknown(parts)


def read_changes(parts: Any) -> tuple[Change, ...]:
    """Return the changes that a list of JSON tells; what it raises is as of `read_event`."""
    return _items(parts, _change)


def _added(parts: _Json) -> Added:
    take = parts.pop
    added = Added(
        _text(take("force")),
        _text(take("category")),
        _level(take("level")),
        _pin(take("lifecycle")),
        _text(take("state")),
        *_rest_of_entry(take),
    )
    return added if not parts else _refuse_unknown(parts)


def _taken_over(parts: _Json) -> TakenOver:
    take = parts.pop
    taken_over = TakenOver(
        _text(take("force")),
        _text(take("category")),
        _level(take("level")),
        _pin(take("lifecycle")),
        _text(take("state")),
        _day(take("issued")),
        *_rest_of_entry(take),
    )
    return taken_over if not parts else _refuse_unknown(parts)


_RestOfEntry = tuple[dict[str, Value], str | None, date | None, tuple[str, ...], JointActs]


def _rest_of_entry(take: Callable[..., Any]) -> _RestOfEntry:
    """Return what may be left out of an entry, in the order of both classes."""
    return (
        _fields(take("fields", {})),
        _text_or_none(take("parent", None)),
        _day_or_none(take("graded", None)),
        _texts(take("joint_with", [])),
        _joint_acts(take("joint_acts", "lead")),
    )


def _transition_taken(parts: _Json) -> TransitionTaken:
    take = parts.pop
    taken = TransitionTaken(
        _text(take("trigger")),
        _text(take("old")),
        _text(take("new")),
        "national" not in parts or _flag(take("national")),
        _items(take("evidence"), _document) if "evidence" in parts else (),
        _texts(take("counted")) if "counted" in parts else (),
        _text_or_none(take("inspection", None)),
        _text_or_none(take("successor", None)),
        _day_or_none(take("due", None)),
        _text_or_none(take("counted_for", None)),
        "stays" in parts and _flag(take("stays")),
    )
    return taken if not parts else _refuse_unknown(parts)


def _attached(parts: _Json) -> Attached:
    attached = Attached(_document(parts.pop("document")))
    return attached if not parts else _refuse_unknown(parts)


def _amended(parts: _Json) -> Amended:
    amended = Amended(
        _text(parts.pop("field")),
        _value_or_none(parts.pop("old")),
        _value_or_none(parts.pop("new")),
    )
    return amended if not parts else _refuse_unknown(parts)


def _noted(parts: _Json) -> Noted:
    take = parts.pop
    noted = Noted(_text(take("text")), _items(take("documents", []), _document))
    return noted if not parts else _refuse_unknown(parts)


def _child_linked(parts: _Json) -> ChildLinked:
    linked = ChildLinked(_text(parts.pop("child")))
    return linked if not parts else _refuse_unknown(parts)


def _parent_linked(parts: _Json) -> ParentLinked:
    linked = ParentLinked(_text(parts.pop("parent")))
    return linked if not parts else _refuse_unknown(parts)


def _rare(kind: type[_T]) -> Callable[[_Json], _T]:
    """Return what reads a class of payloads by the types of its attributes."""

    def read(parts: _Json) -> _T:
        from cattrs.errors import ForbiddenExtraKeysError

        try:
            return _general_reader().structure(parts, kind)
        except ForbiddenExtraKeysError as fault:
            raise TypeError(str(fault)) from fault

    return read


PAYLOAD_READERS: Mapping[str, Callable[[_Json], EventPayload]] = {
    "added": _added,
    "taken_over": _taken_over,
    "acted": _transition_taken,
    "attached": _attached,
    "amended": _amended,
    "linked": _child_linked,
    "parent_linked": _parent_linked,
    "noted": _noted,
    "relevelled": _rare(Relevelled),
    "migrated": _rare(Migrated),
    "made_joint": _rare(MadeJoint),
    "corrected": _rare(Corrected),
}


def _plain(read: Callable[[Any], _T]) -> Callable[[Any, Any], _T]:
    """Return a reader of a value as cattrs calls it, with the type beside."""
    return lambda value, _: read(value)


def _names(parts: _Json) -> dict[str, str]:
    return {old: _text(new) for old, new in parts.items()}


def _entry(parts: _Json) -> Added | TakenOver:
    return _taken_over(parts) if "issued" in parts else _added(parts)


def _or_none(read: Callable[[Any], _T]) -> Callable[[Any], _T | None]:
    return lambda value: None if value is None else read(value)


_BY_TYPE: Mapping[Any, Callable[[Any], Any]] = {  # what rare payloads hold
    str: _text,
    int: _number,
    bool: _flag,
    Level: _level,
    Mapping[str, str]: _names,
    Mapping[str, str] | None: _or_none(_names),
    Added | TakenOver | None: _or_none(_entry),
}


def _is_type(kind: object) -> Callable[[Any], bool]:
    return lambda other: bool(other == kind)


def _has_origin(origin: object) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) == origin


def _list_hook(kind: Any, reader: Converter) -> Callable[[Any, Any], tuple[Any, ...]]:
    item = get_args(kind)[0]
    hook = reader.get_structure_hook(item)
    return lambda value, _: _items(value, lambda each: hook(each, item))


@cache
def _general_reader() -> Converter:
    """Return what takes exact types and no key it does not know, made where a rare part is read."""
    from cattrs import Converter

    reader = Converter(forbid_extra_keys=True, detailed_validation=False)
    for kind in (str, int, bool):
        reader.register_structure_hook(kind, _plain(_BY_TYPE[kind]))
    reader.register_structure_hook(date, _plain(_day))
    reader.register_structure_hook_func(
        _has_origin(Literal), lambda value, literal: _one_of(value, get_args(literal))
    )
    reader.register_structure_hook_factory(
        _has_origin(tuple), lambda kind: _list_hook(kind, reader)
    )
    for kind, read in _BY_TYPE.items():
        reader.register_structure_hook_func(_is_type(kind), _plain(read))
    return reader
