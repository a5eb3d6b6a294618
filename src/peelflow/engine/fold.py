"""Fold events into a record: a record is nothing but what happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

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

    A `corrected` event only moves the number on, so that what it takes the place of can be recorded
    on its own day; what it corrects shows when `fold` reads the whole history again.
    """
    if isinstance(event.what, Acted):
        return _acted(record, event, event.what)
    if isinstance(event.what, Corrected):
        return evolve(record, number=event.number)
    on = max(record.on, event.on)
    return evolve(record, number=event.number, on=on, **_moved(record, event))


def fold(events: Iterable[Event]) -> Record:
    """Return the record a whole history makes: corrected events are read as corrected.

    Raises:
        ValueError: Nothing is left to fold: no event, or the first is voided and no other remains.
        TypeError: What remains does not begin with `added` or `taken_over`.
    """
    history = tuple(events)
    standing = as_corrected(history)
    if not standing:
        raise ValueError(history)
    record = begin(standing[0])
    for event in standing[1:]:
        record = apply(record, event)
    return evolve(record, number=history[-1].number)


def as_corrected(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return what happened as it now is known: each event on its day, without what is voided.

    The `corrected` events themselves are left out too.
    """
    history = tuple(events)
    corrections = _standing(history)
    found: list[Event] = []
    for event in history:
        said = corrections.get(event.number)
        if isinstance(event.what, Corrected) or (said and said.correction == "void"):
            continue
        found.append(evolve(event, on=said.to) if said and said.to else event)
    return tuple(found)


def _standing(history: tuple[Event, ...]) -> dict[int, Corrected]:
    """Return by number what corrects each event: the last word on it that was not itself voided."""
    found: dict[int, Corrected] = {}
    for event in reversed(history):
        said = found.get(event.number)
        if isinstance(event.what, Corrected) and not (said and said.correction == "void"):
            found.setdefault(event.what.event, event.what)
    return found


def changes_on_entry(lifecycle: Lifecycle, what: Added | TakenOver, on: date) -> tuple[Change, ...]:
    """Return how the figures change when a record enters the register in a state."""
    state = lifecycle.states[what.state]
    come = deltas(None, "", new=state, new_name=lifecycle.stands_for(what.state))
    return tuple(Change(on, what.force, what.category, what.level, *delta) for delta in come)


def _acted(record: Record, event: Event, what: Acted) -> Record:
    """Return the record after a transition, part by part: nearly every step is one."""
    moment = Moment(event.number, event.on)
    done = Done(event.number, event.on, event.actor.person)
    return Record(
        id=record.id,
        number=event.number,
        on=max(record.on, event.on),
        force=record.force,
        category=record.category,
        level=record.level,
        lifecycle=record.lifecycle,
        state=what.new,
        issued=record.issued,
        fields=record.fields,
        parent=record.parent,
        window=moment if what.national else record.window,
        entered={**record.entered, what.new: moment},
        children=record.children,
        done={**record.done, what.trigger: done},
        attachments=_holding(record, what.evidence, event.number),
        spent=record.spent.union(what.counted),
        successor=what.successor or record.successor,
        assumed=record.assumed,
    )


def _moved(record: Record, event: Event) -> dict[str, Any]:
    """Return the parts of the record that the event changes, but its number and date."""
    moment = Moment(event.number, event.on)
    match event.what:
        case Attached(document=document):
            return {"attachments": _holding(record, (document,), event.number)}
        case Amended(field=name, new=new):
            return {"fields": _amended(record.fields, name, new)}
        case Linked(child=child):
            return {"children": (*record.children, child)}
        case Relevelled() as what:
            return {
                "state": what.new,
                "entered": _entered(record, what.new, moment, anew=not what.letters),
                "level": what.new_level,
                "lifecycle": what.lifecycle,
                "window": record.window if what.letters else moment,
                "done": _done(record.done, what.triggers),
            }
        case Migrated() as what:
            return {
                "state": what.new,
                "entered": _entered(record, what.new, moment, anew=False),
                "lifecycle": what.lifecycle,
                "done": _done(record.done, what.triggers),
            }
        case _:
            return {}


def _entered(record: Record, new: str, moment: Moment, *, anew: bool) -> Mapping[str, Moment]:
    """Return when states were entered after a move to other rules.

    A record that stays in its state has been there since it came: no wait begins again. A state
    with another name is entered by the move, and so is every state where the past counts no more.
    The other states that it stood in were those of the old rules, whatever they were called.
    """
    kept = new == record.state and not anew
    return {new: record.entered[new] if kept else moment}


def _done(done: Mapping[str, Done], triggers: Mapping[str, str]) -> Mapping[str, Done]:
    """Return when triggers were last done, in the words of the rules that a record moves to.

    One whose name the plan does not change keeps it; of those that now are one, the last counts.
    """
    if not triggers:
        return done
    found: dict[str, Done] = {}
    for name, last in sorted(done.items(), key=lambda each: each[1].number):
        found[triggers.get(name, name)] = last
    return found


def _holding(
    record: Record, documents: tuple[Document, ...], number: int
) -> tuple[Attachment, ...]:
    if not documents:
        return record.attachments
    return (*record.attachments, *[Attachment(document, number) for document in documents])


def _amended(fields: Mapping[str, Value], name: str, new: Value | None) -> Mapping[str, Value]:
    kept = {key: value for key, value in fields.items() if key != name}
    return kept if new is None else {**kept, name: new}
