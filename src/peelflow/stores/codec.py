"""Write an event or a record as canonical JSON, and read it back without loss.

The writer is by hand, key by key in code-point order, because it runs twice a step and a general
encoder takes three times as long. `stores.reading` makes an event or a record of the JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any, TypeVar

from peelflow.errors import InvalidRequest, UnstorableText
from peelflow.model.records import (
    EVENT_KIND_OF,
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
from peelflow.model.rules import Level, Pin
from peelflow.stores.reading import (
    PAYLOAD_READERS,
    default_walked,
    read_actor,
    read_changes,
    read_event,
    read_record,
)

# INVARIANT: an event's actor stands before its changes and its format behind them, and in no text
# stands a quote that is not escaped: between these two is the list of the changes.
BEFORE_CHANGES, BEHIND_CHANGES = '},"changes":', ',"format":1,'
_quote: Callable[[str], str] = encode_basestring  # INVARIANT: refuses what is no text: TypeError


def write_event(event: Event) -> str:
    """Return the event in format 1; TypeError where something else stands where a text belongs."""
    what = event.what
    changes = f',"changes":{_write_changes(event.changes)}' if event.changes else ""
    return (
        f'{{"actor":{_write_actor(event.actor)}{changes}'
        f',"format":1,{_text_member("key", event.key)}"kind":"{EVENT_KIND_OF[type(what)]}",'
        f'"number":{event.number:d},"on":"{event.on.isoformat()}",'
        f'{_text_member("reason", event.reason)}"record":{_quote(event.record)},'
        f'"recorded_at":"{_write_utc(event.recorded_at)}","recorded_by":{_quote(event.recorded_by)},'
        f'{_text_member("source", event.source)}"what":{_PAYLOAD_WRITERS[type(what)](what)}}}'
    )


def write_record(record: Record) -> str:
    """Return the record in format 1; TypeError where something else stands for a text."""
    entered = [f"{_quote(k)}:{_write_moment(v)}" for k, v in sorted(record.entered.items())]
    parent = "null" if record.parent is None else _quote(record.parent)
    return (
        f'{{{_attachments_member(record)}"category":{_quote(record.category)},'
        f"{_list_member('children', record.children)}{_done_member(record)}"
        f'"entered":{{{",".join(entered)}}},'
        f'"fields":{_write_fields(record.fields)},"force":{_quote(record.force)},"format":1,'
        f'"id":{_quote(record.id)},"issued":"{record.issued.isoformat()}",'
        f"{_joint_members(record)}"
        f'"level":{_write_level(record.level)},"lifecycle":{_write_pin(record.lifecycle)},'
        f"{_held_member('note_documents', record.note_documents)}"
        f'"number":{record.number:d},"on":"{record.on.isoformat()}","parent":{parent},'
        f"{_list_member('spent', sorted(record.spent))}{_spent_for_member(record)}"
        f'"state":{_quote(record.state)},'
        f"{_text_member('successor', record.successor)}"
        f"{_walked_member(record)}{_was_joint_member(record)}"
        f'"window":{_write_moment(record.window)}{_WITHDRAWN if record.withdrawn else ""}}}'
    )


def _joint_members(what: Record | Added | TakenOver) -> str:
    """Return what is said of the forces beside the lead one: nothing where there is none."""
    acts = "" if what.joint_acts == "lead" else _text_member("joint_acts", what.joint_acts)
    return f"{acts}{_list_member('joint_with', what.joint_with)}"


def _was_joint_member(record: Record) -> str:
    return _list_member("was_joint_with", record.was_joint_with)


def _walked_member(record: Record) -> str:
    """Return whether a record walked that was taken over, where its window leaves that open."""
    untold = default_walked(is_assumed=record.assumed, window=record.window.number)
    return "" if record.walked is untold else f'"walked":{json.dumps(record.walked)},'


def _text_member(name: str, text: str | None) -> str:
    return "" if text is None else f'"{name}":{_quote(text)},'


def _list_member(name: str, texts: Iterable[str]) -> str:
    return f'"{name}":[{",".join(map(_quote, texts))}],' if texts else ""


def _write_utc(moment: datetime) -> str:
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            what = f"recorded_at {moment.isoformat()}"
            raise InvalidRequest(what, "has no time zone", "give it in UTC")
        moment = moment.astimezone(UTC)
    return _utc_text(moment)


@lru_cache(maxsize=16)
def _utc_text(moment: datetime) -> str:
    """Return a moment in UTC as text: all events of a session are of one."""
    return moment.isoformat(timespec="microseconds")


def _write_level(level: Level) -> str:
    return "null" if level is None else f"{level:d}"


def _write_pin(pin: Pin) -> str:
    return f'{{"digest":{_quote(pin.digest)},"name":{_quote(pin.name)},"version":{pin.version:d}}}'


def _write_moment(moment: Moment) -> str:
    return f'{{"number":{moment.number:d},"on":"{moment.on.isoformat()}"}}'


def _write_value(value: Value | None) -> str:
    if value is None:
        return "null"
    return _quote(value) if isinstance(value, str) else f"[{','.join(map(_quote, value))}]"


def _write_fields(fields: Mapping[str, Value]) -> str:
    inside = [f"{_quote(name)}:{_write_value(value)}" for name, value in sorted(fields.items())]
    return f"{{{','.join(inside)}}}"


def _write_actor(actor: Actor) -> str:
    return f'{{"person":{_quote(actor.person)},"role":{_quote(actor.role)}}}'


def _write_changes(changes: Iterable[Change]) -> str:
    return f"[{','.join(map(_write_change, changes))}]"


def _write_change(change: Change) -> str:
    return (
        f'{{"category":{_quote(change.category)},"counts":{_quote(change.counts)},'
        f'"delta":{change.delta:d},"force":{_quote(change.force)},"ledger":{_quote(change.ledger)},'
        f'"level":{_write_level(change.level)},"on":"{change.on.isoformat()}",'
        f'"state":{_quote(change.state)}}}'
    )


def _write_document(document: Document) -> str:
    return (
        f'{{"digest":{_quote(document.digest)},"kind":{_quote(document.kind)},'
        f'"name":{_quote(document.name)},{_text_member("signed_by", document.signed_by)}'
        f'{_day_member("signed_on", document.signed_on)}"size":{document.size:d}}}'
    )


def _day_member(name: str, day: date | None) -> str:
    return "" if day is None else f'"{name}":"{day.isoformat()}",'


ASSUMED_START = '{"assumed":true,'
"""How the text of a record begins that was taken over: by it, a database finds them."""


def _attachments_member(record: Record) -> str:
    assumed = ASSUMED_START[1:] if record.assumed else ""
    return f"{assumed}{_held_member('attachments', record.attachments)}"


def _held_member(name: str, held: Iterable[Attachment]) -> str:
    members = [
        f'{{"document":{_write_document(attachment.document)},"number":{attachment.number:d}}}'
        for attachment in held
    ]
    return f'"{name}":[{",".join(members)}],' if members else ""


def _done_member(record: Record) -> str:
    members = [
        f'{_quote(trigger)}:{{"number":{last.number:d},"on":"{last.on.isoformat()}",'
        f'"person":{_quote(last.person)}}}'
        for trigger, last in sorted(record.done.items())
    ]
    return f'"done":{{{",".join(members)}}},' if members else ""


def _spent_for_member(record: Record) -> str:
    members = [
        f"{_quote(digest)}:[{','.join(map(_quote, steps))}]"
        for digest, steps in sorted(record.spent_for.items())
    ]
    return f'"spent_for":{{{",".join(members)}}},' if members else ""


def _write_entry(what: Added | TakenOver, issued: str) -> str:
    fields = f'"fields":{_write_fields(what.fields)},' if what.fields else ""
    graded = _day_member("graded", what.graded)
    return (
        f'{{"category":{_quote(what.category)},{fields}"force":{_quote(what.force)},{graded}{issued}'
        f"{_joint_members(what)}"
        f'"level":{_write_level(what.level)},"lifecycle":{_write_pin(what.lifecycle)},'
        f'{_text_member("parent", what.parent)}"state":{_quote(what.state)}}}'
    )


def _write_acted(what: TransitionTaken) -> str:
    evidence = (
        f'"evidence":[{",".join(map(_write_document, what.evidence))}],' if what.evidence else ""
    )
    return (
        f"{{{_list_member('counted', what.counted)}{_text_member('counted_for', what.counted_for)}"
        f"{_day_member('due', what.due)}{evidence}"
        f"{_text_member('inspection', what.inspection)}"
        f"{'' if what.national else _NOT_NATIONAL}"
        f'"new":{_quote(what.new)},"old":{_quote(what.old)},{_STAYS if what.stays else ""}'
        f'{_text_member("successor", what.successor)}"trigger":{_quote(what.trigger)}}}'
    )


def _write_relevelled(what: Relevelled) -> str:
    letters = '"letters":true,' if what.letters else ""
    return (
        f'{{{letters}"lifecycle":{_write_pin(what.lifecycle)},"new":{_quote(what.new)},'
        f'"new_level":{_write_level(what.new_level)},"old":{_quote(what.old)},'
        f'"old_level":{_write_level(what.old_level)},"plan":{_quote(what.plan)}'
        f"{_names_member('states', what.states)}{_names_member('triggers', what.triggers)}}}"
    )


def _write_migrated(what: Migrated) -> str:
    return (
        f'{{"lifecycle":{_write_pin(what.lifecycle)},"new":{_quote(what.new)},"old":{_quote(what.old)},'
        f'"plan":{_quote(what.plan)}'
        f"{_names_member('states', what.states)}{_names_member('triggers', what.triggers)}}}"
    )


def _names_member(member: str, names: Mapping[str, str] | None) -> str:
    """Return a member of names; of states, that there is none is said, too."""
    inside = [f"{_quote(old)}:{_quote(new)}" for old, new in sorted((names or {}).items())]
    is_said = inside or (member == "states" and names is not None)
    return f',"{member}":{{{",".join(inside)}}}' if is_said else ""


def _write_noted(what: Noted) -> str:
    documents = ",".join(map(_write_document, what.documents))
    held = f'"documents":[{documents}],' if documents else ""
    return f'{{{held}"text":{_quote(what.text)}}}'


def _write_made_joint(what: MadeJoint) -> str:
    acts = "" if what.acts == "lead" else _text_member("acts", what.acts)
    old, new = (",".join(map(_quote, forces)) for forces in (what.old, what.new))
    return f'{{{acts}"new":[{new}],"old":[{old}]}}'


def _write_corrected(what: Corrected) -> str:
    to = "" if what.to is None else f',"to":"{what.to.isoformat()}"'
    entry = ""
    if what.entry is not None:
        entry = f'"entry":{_PAYLOAD_WRITERS[type(what.entry)](what.entry)},'
    return f'{{"correction":{_quote(what.correction)},{entry}"event":{what.event:d}{to}}}'


_NOT_NATIONAL = '"national":false,'
_STAYS = '"stays":true,'
_WITHDRAWN = ',"withdrawn":true'
_PAYLOAD_WRITERS: dict[type, Callable[[Any], str]] = {
    Added: lambda what: _write_entry(what, ""),
    TakenOver: lambda what: _write_entry(what, _day_member("issued", what.issued)),
    TransitionTaken: _write_acted,
    Attached: lambda what: f'{{"document":{_write_document(what.document)}}}',
    Amended: lambda what: (
        f'{{"field":{_quote(what.field)},"new":{_write_value(what.new)},"old":{_write_value(what.old)}}}'
    ),
    ChildLinked: lambda what: f'{{"child":{_quote(what.child)}}}',
    ParentLinked: lambda what: f'{{"parent":{_quote(what.parent)}}}',
    Relevelled: _write_relevelled,
    Migrated: _write_migrated,
    Noted: _write_noted,
    MadeJoint: _write_made_joint,
    Corrected: _write_corrected,
}


def description_of(document: Document) -> tuple[str, bytes]:
    """Return what is said of a document as content to keep, behind its own digest (SHA-256).

    A document's digest is that of its bytes alone. This one holds its kind, its name and who signed
    it when, so that nobody can say otherwise of it later than it was kept.
    """
    signed = [document.signed_by, document.signed_on and document.signed_on.isoformat()]
    # INVARIANT: a list of these for ever, for what was kept is looked up by its digest.
    parts = [document.digest, document.kind, document.name, document.size, *signed]
    content = json.dumps(["document", *parts]).encode("ascii")
    return sha256(content).hexdigest(), content


FORMAT = 1
_T = TypeVar("_T")
_Json = dict[str, Any]
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError)
"""What reading raises, beside ValueError, of a text that is none known here."""
_PLAIN = r'"([^"\\\x00-\x1f]*)"'
"""A text of JSON without an escape, which stands for itself."""
_parts_of = re.compile(
    r'\{"actor":(\{[^{}]*\})(?:,"changes":(\[[^][]*\]))?,"format":1,'
    rf'(?:"key":{_PLAIN},)?"kind":"([a-z_]+)","number":([1-9][0-9]{{0,8}}),'
    rf'"on":"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})",(?:"reason":{_PLAIN},)?"record":{_PLAIN},'
    rf'"recorded_at":{_PLAIN},"recorded_by":{_PLAIN},(?:"source":{_PLAIN},)?"what":(\{{.*\}})\}}'
).fullmatch
"""Finds the parts of an event's text in the order of `write_event`."""
_STEP = EVENT_KIND_OF[TransitionTaken]
"""Of which events payloads are worth remembering: others are each their own."""
_LONGEST_STEP, _LONGEST_LINES = 240, 2_000
"""How long what is remembered is at most: what is longer few events say, or somebody made it up."""
_MOST_KNOWN = 1_024

# An escaped backslash may stand before `u0000`: only an odd number of them makes a NUL.
_find_nul = re.compile(r"(?<!\\)(?:\\\\)*\\u0000").search


def event_text(event: Event) -> str:
    """Return the event as canonical JSON, the text its digest is taken over.

    Keys are sorted by code point, without spaces; fields at their default are left out.

    Raises:
        UnstorableText: A text of the event holds a NUL or a lone surrogate.
        InvalidRequest: `recorded_at` has no time zone.
    """
    return _checked_text(write_event, event, event.record)


def event_from(text: str) -> Event:
    """Return the event that `event_text` wrote; ValueError where the text is none known here."""
    return _decode(text, read_event)


def canonical_event(text: str) -> Event | None:
    """Return the event of a text that is certainly just what `event_text` writes of it.

    It is read part by part. What many events say, such as who acts, what a step leads to and how
    that counts, is read and written out once, and known by its text then. None where that is not
    certain: of what stands in none of these shapes, such as a text with an escape, nothing is said.

    Args:
        text: The text.
    """
    try:
        parts = _parts_of(text)
        if parts is None or not (text.isascii() or _is_encodable(text)):
            return None
        actor, changes, key, kind, number, on, reason, record, moment, by, source, what = (
            parts.groups()
        )
        day = date.fromisoformat(on)
        return Event(
            record,
            int(number),
            _known_step(what)
            if kind == _STEP and len(what) <= _LONGEST_STEP
            else _payload(kind, what),
            day,
            (_known_actor if len(actor) <= _LONGEST_STEP else _actor)(actor),
            by,
            _known_moment(moment),
            reason,
            source,
            key,
            () if changes is None else _changes_of_day(changes, on, day),
        )
    except (*_UNREADABLE, ValueError):
        return None


def record_text(record: Record) -> str:
    """Return the record as canonical JSON; UnstorableText as `event_text` does."""
    return _checked_text(write_record, record, record.id)


def record_from(text: str) -> Record:
    """Return the record that `record_text` wrote; ValueError where the text is none known here."""
    return _decode(text, read_record)


def check_text(text: str, what: str) -> None:
    """Refuse a text that no store can keep or look up: a NUL or a lone surrogate."""
    if "\0" in text or not (text.isascii() or _is_encodable(text)):
        raise UnstorableText(_printable(what))


def _read_canonical(text: str, read: Callable[[Any], _T], write: Callable[[_T], str]) -> _T:
    """Return what a part of an event tells; ValueError where it is not written as peelflow does."""
    value = read(json.loads(text))
    if write(value) != text or "\\u0000" in text:
        raise ValueError(text)
    return value


def _payload(kind: str, text: str) -> EventPayload:
    read = PAYLOAD_READERS[kind]
    return _read_canonical(text, read, lambda what: _PAYLOAD_WRITERS[type(what)](what))


@lru_cache(_MOST_KNOWN)
def _known_step(text: str) -> EventPayload:
    return _payload(_STEP, text)


@lru_cache(_MOST_KNOWN)
def _known_actor(text: str) -> Actor:
    return _actor(text)


def _actor(text: str) -> Actor:
    return _read_canonical(text, read_actor, _write_actor)


@lru_cache(64)
def _known_moment(text: str) -> datetime:
    """Return the moment of a text, which all events of a batch say."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or _write_utc(moment) != text:
        raise ValueError(text)
    return moment


def _changes_of_day(text: str, on: str, day: date) -> tuple[Change, ...]:
    """Return the changes of an event that are all of its own day; ValueError of any other.

    # INVARIANT: as many days were taken out of the text as it has changes, so each was this day.
    """
    dayless = text.replace(f'"on":"{on}"', _NO_DAY)
    lines = (_known_lines if len(dayless) <= _LONGEST_LINES else _lines)(dayless)
    if len(text) - len(dayless) != len(on) * len(lines):
        raise ValueError(text)
    return tuple([Change(day, *line) for line in lines])


_NO_DAY, _SOME_DAY = '"on":""', '"on":"2000-01-01"'


@lru_cache(_MOST_KNOWN)
def _known_lines(dayless: str) -> tuple[tuple[Any, ...], ...]:
    return _lines(dayless)


def _lines(dayless: str) -> tuple[tuple[Any, ...], ...]:
    """Return what changes say beside their day, of whose text that was taken out."""
    text = dayless.replace(_NO_DAY, _SOME_DAY)
    changes = _read_canonical(text, read_changes, _write_changes)
    if not changes or any(change.on != changes[0].on for change in changes):
        raise ValueError(text)
    return tuple([tuple(vars(change).values())[1:] for change in changes])


def _checked_text(write: Callable[[_T], str], value: _T, record: str) -> str:
    try:
        text = write(value)
    except TypeError as fault:  # INVARIANT: what is written can be read again
        raise InvalidRequest(
            f"a part of {record!a}", f"is no text: {fault}", "give a text"
        ) from fault
    if ("\\u0000" in text and _find_nul(text)) or not (text.isascii() or _is_encodable(text)):
        raise UnstorableText(_printable(record))
    return text


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)


def _decode(text: str, structure: Callable[[_Json], _T]) -> _T:
    try:
        raw = json.loads(text)
        if raw.pop("format") != FORMAT:
            why = "its format is not known here"
            raise ValueError(why)
        return structure(raw)
    except _UNREADABLE as fault:
        why = f"its text is not of format {FORMAT}: {fault}"
        raise ValueError(why) from fault
