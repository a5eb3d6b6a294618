"""Writing: an event or a record as canonical JSON, put together key by key in its order.

By hand, because it is done twice a step: a general encoder takes three times as long. Keys come in
the order of their code points, without spaces; a part at its default is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from json.encoder import encode_basestring
from typing import Any

from peelflow.errors import RequestRefused
from peelflow.model.records import (
    KIND_OF,
    Acted,
    Added,
    Amended,
    Attached,
    Change,
    Corrected,
    Document,
    Event,
    Linked,
    Migrated,
    Moment,
    Record,
    Relevelled,
    TakenOver,
    Value,
)
from peelflow.model.rules import Level, Pin

_text: Callable[[str], str] = encode_basestring  # INVARIANT: refuses what is no text: TypeError


def write_event(event: Event) -> str:
    """Return the event in format 1.

    Raises:
        RequestRefused: `recorded_at` has no time zone.
        TypeError: Something else stands where a text belongs.
    """
    actor, what = event.actor, event.what
    changes = f'"changes":[{",".join(map(_change, event.changes))}],' if event.changes else ""
    return (
        f'{{"actor":{{"person":{_text(actor.person)},"role":{_text(actor.role)}}},{changes}'
        f'"format":1,{_given("key", event.key)}"kind":"{KIND_OF[type(what)]}",'
        f'"number":{event.number:d},"on":"{event.on.isoformat()}",'
        f'{_given("reason", event.reason)}"record":{_text(event.record)},'
        f'"recorded_at":"{_utc(event.recorded_at)}","recorded_by":{_text(event.recorded_by)},'
        f'{_given("source", event.source)}"what":{_WHAT[type(what)](what)}}}'
    )


def write_record(record: Record) -> str:
    """Return the record in format 1.

    Raises:
        TypeError: Something else stands where a text belongs.
    """
    entered = [f"{_text(k)}:{_moment(v)}" for k, v in sorted(record.entered.items())]
    parent = "null" if record.parent is None else _text(record.parent)
    return (
        f'{{{_held(record)}"category":{_text(record.category)},'
        f'{_listed("children", record.children)}{_done(record)}"entered":{{{",".join(entered)}}},'
        f'"fields":{_fields(record.fields)},"force":{_text(record.force)},"format":1,'
        f'"id":{_text(record.id)},"issued":"{record.issued.isoformat()}",'
        f'"level":{_level(record.level)},"lifecycle":{_pin(record.lifecycle)},'
        f'"number":{record.number:d},"on":"{record.on.isoformat()}","parent":{parent},'
        f'{_listed("spent", sorted(record.spent))}"state":{_text(record.state)},'
        f'{_given("successor", record.successor)}"window":{_moment(record.window)}}}'
    )


def _given(name: str, text: str | None) -> str:
    return "" if text is None else f'"{name}":{_text(text)},'


def _listed(name: str, texts: Iterable[str]) -> str:
    return f'"{name}":[{",".join(map(_text, texts))}],' if texts else ""


def _utc(moment: datetime) -> str:
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            what = f"recorded_at {moment.isoformat()}"
            raise RequestRefused(what, "has no time zone", "give it in UTC")
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")


def _level(level: Level) -> str:
    return "null" if level is None else f"{level:d}"


def _pin(pin: Pin) -> str:
    return f'{{"digest":{_text(pin.digest)},"name":{_text(pin.name)},"version":{pin.version:d}}}'


def _moment(moment: Moment) -> str:
    return f'{{"number":{moment.number:d},"on":"{moment.on.isoformat()}"}}'


def _value(value: Value | None) -> str:
    if value is None:
        return "null"
    return _text(value) if isinstance(value, str) else f"[{','.join(map(_text, value))}]"


def _fields(fields: Mapping[str, Value]) -> str:
    inside = [f"{_text(name)}:{_value(value)}" for name, value in sorted(fields.items())]
    return f"{{{','.join(inside)}}}"


def _change(change: Change) -> str:
    return (
        f'{{"category":{_text(change.category)},"counts":{_text(change.counts)},'
        f'"delta":{change.delta:d},"force":{_text(change.force)},"ledger":{_text(change.ledger)},'
        f'"level":{_level(change.level)},"on":"{change.on.isoformat()}",'
        f'"state":{_text(change.state)}}}'
    )


def _document(document: Document) -> str:
    return (
        f'{{"digest":{_text(document.digest)},"kind":{_text(document.kind)},'
        f'"name":{_text(document.name)},{_given("signed_by", document.signed_by)}'
        f'{_day("signed_on", document.signed_on)}"size":{document.size:d}}}'
    )


def _day(name: str, day: date | None) -> str:
    return "" if day is None else f'"{name}":"{day.isoformat()}",'


def _held(record: Record) -> str:
    held = [
        f'{{"document":{_document(each.document)},"number":{each.number:d}}}'
        for each in record.attachments
    ]
    assumed = '"assumed":true,' if record.assumed else ""
    return f'{assumed}"attachments":[{",".join(held)}],' if held else assumed


def _done(record: Record) -> str:
    done = [
        f'{_text(trigger)}:{{"number":{each.number:d},"on":"{each.on.isoformat()}",'
        f'"person":{_text(each.person)}}}'
        for trigger, each in sorted(record.done.items())
    ]
    return f'"done":{{{",".join(done)}}},' if done else ""


def _entering(what: Added | TakenOver, issued: str) -> str:
    fields = f'"fields":{_fields(what.fields)},' if what.fields else ""
    return (
        f'{{"category":{_text(what.category)},{fields}"force":{_text(what.force)},{issued}'
        f'"level":{_level(what.level)},"lifecycle":{_pin(what.lifecycle)},'
        f'{_given("parent", what.parent)}"state":{_text(what.state)}}}'
    )


def _acted(what: Acted) -> str:
    evidence = f'"evidence":[{",".join(map(_document, what.evidence))}],' if what.evidence else ""
    return (
        f"{{{_listed('counted', what.counted)}{_day('due', what.due)}{evidence}"
        f"{_given('inspection', what.inspection)}"
        f'{"" if what.national else FALSE}"new":{_text(what.new)},"old":{_text(what.old)},'
        f'{_given("successor", what.successor)}"trigger":{_text(what.trigger)}}}'
    )


def _relevelled(what: Relevelled) -> str:
    letters = '"letters":true,' if what.letters else ""
    return (
        f'{{{letters}"lifecycle":{_pin(what.lifecycle)},"new":{_text(what.new)},'
        f'"new_level":{_level(what.new_level)},"old":{_text(what.old)},'
        f'"old_level":{_level(what.old_level)},"plan":{_text(what.plan)}{_renamed(what.triggers)}}}'
    )


def _migrated(what: Migrated) -> str:
    return (
        f'{{"lifecycle":{_pin(what.lifecycle)},"new":{_text(what.new)},"old":{_text(what.old)},'
        f'"plan":{_text(what.plan)}{_renamed(what.triggers)}}}'
    )


def _renamed(triggers: Mapping[str, str]) -> str:
    inside = [f"{_text(old)}:{_text(new)}" for old, new in sorted(triggers.items())]
    return f',"triggers":{{{",".join(inside)}}}' if inside else ""


def _corrected(what: Corrected) -> str:
    to = "" if what.to is None else f',"to":"{what.to.isoformat()}"'
    return f'{{"correction":{_text(what.correction)},"event":{what.event:d}{to}}}'


FALSE = '"national":false,'
_WHAT: dict[type, Callable[[Any], str]] = {
    Added: lambda what: _entering(what, ""),
    TakenOver: lambda what: _entering(what, _day("issued", what.issued)),
    Acted: _acted,
    Attached: lambda what: f'{{"document":{_document(what.document)}}}',
    Amended: lambda what: (
        f'{{"field":{_text(what.field)},"new":{_value(what.new)},"old":{_value(what.old)}}}'
    ),
    Linked: lambda what: f'{{"child":{_text(what.child)}}}',
    Relevelled: _relevelled,
    Migrated: _migrated,
    Corrected: _corrected,
}
