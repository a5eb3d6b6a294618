"""Fold events into a record: a record is nothing but what happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from attrs import evolve

from peelflow.engine.machine import deltas
from peelflow.model.records import (
    Acted,
    Added,
    Amended,
    Attached,
    Attachment,
    Change,
    Corrected,
    Document,
    Done,
    Event,
    Linked,
    Migrated,
    Moment,
    Record,
    Relevelled,
    TakenOver,
    Value,
)
from peelflow.model.rules import Lifecycle


def begin(event: Event) -> Record:
    """Return the record that its first event, `added` or `taken_over`, brings into being."""
    what, start = event.what, Moment(event.number, event.on)
    if not isinstance(what, (Added, TakenOver)):
        raise TypeError(event)
    return Record(
        id=event.record,
        number=event.number,
        on=event.on,
        force=what.force,
        category=what.category,
        level=what.level,
        lifecycle=what.lifecycle,
        state=what.state,
        issued=what.issued if isinstance(what, TakenOver) else event.on,
        fields=what.fields,
        parent=what.parent,
        window=start,
        entered={what.state: start},
        assumed=isinstance(what, TakenOver),
    )


def apply(record: Record, event: Event) -> Record:
    """Return the record after one more event.

    A `corrected` event only moves the number on: what it corrects shows when `fold` reads the whole
    history again.
    """
    record = evolve(record, number=event.number, on=max(record.on, event.on))
    match event.what:
        case Acted() as what:
            return _acted(record, what, event)
        case Attached(document=document):
            return _holding(record, (document,), event.number)
        case Amended(field=name, new=new):
            return evolve(record, fields=_amended(record.fields, name, new))
        case Linked(child=child):
            return evolve(record, children=(*record.children, child))
        case Relevelled() as what:
            moved = _entering(record, what.new, event)
            window = record.window if what.letters else Moment(event.number, event.on)
            return evolve(moved, level=what.new_level, lifecycle=what.lifecycle, window=window)
        case Migrated() as what:
            return evolve(_entering(record, what.new, event), lifecycle=what.lifecycle)
        case _:
            return record


def fold(events: Iterable[Event]) -> Record:
    """Return the record a whole history makes: corrected events are read as corrected."""
    history = tuple(events)
    corrections = {e.what.event: e.what for e in history if isinstance(e.what, Corrected)}
    record: Record | None = None
    for event in history:
        said = corrections.get(event.number)
        if said is not None and said.correction == "void":
            record = record and evolve(record, number=event.number)
            continue
        read = evolve(event, on=said.to) if said is not None and said.to else event
        record = begin(read) if record is None else apply(record, read)
    if record is None:
        raise ValueError(history)
    return record


def changes_on_entry(lifecycle: Lifecycle, what: Added | TakenOver, on: date) -> tuple[Change, ...]:
    """Return how the figures change when a record enters the register in a state."""
    state = lifecycle.states[what.state]
    come = deltas(None, "", new=state, new_name=lifecycle.stands_for(what.state))
    return tuple(Change(on, what.force, what.category, what.level, *delta) for delta in come)


def _acted(record: Record, what: Acted, event: Event) -> Record:
    moment = Moment(event.number, event.on)
    done = Done(event.number, event.on, event.actor.person)
    moved = _entering(record, what.new, event)
    return evolve(
        _holding(moved, what.evidence, event.number),
        done={**record.done, what.trigger: done},
        window=moment if what.national else record.window,
        spent=record.spent.union(what.counted),
        successor=what.successor or record.successor,
    )


def _entering(record: Record, state: str, event: Event) -> Record:
    entered = {**record.entered, state: Moment(event.number, event.on)}
    return evolve(record, state=state, entered=entered)


def _holding(record: Record, documents: tuple[Document, ...], number: int) -> Record:
    if not documents:
        return record
    brought = tuple(Attachment(document, number) for document in documents)
    return evolve(record, attachments=(*record.attachments, *brought))


def _amended(fields: Mapping[str, Value], name: str, new: Value | None) -> Mapping[str, Value]:
    kept = {key: value for key, value in fields.items() if key != name}
    return kept if new is None else {**kept, name: new}
