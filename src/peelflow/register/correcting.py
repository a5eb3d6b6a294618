"""Correct one event of a record, where all that remains is still lawful."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from attrs import evolve

from peelflow.engine.fold import as_corrected, fold
from peelflow.engine.ledger import changes_of, made_up
from peelflow.errors import Refused, RequestRefused
from peelflow.model.judgement import Refusal
from peelflow.model.records import Acted, Corrected, Event, Linked, Record
from peelflow.model.rules import SYSTEM
from peelflow.register.asking import check_day, role_of
from peelflow.register.draft import Draft
from peelflow.register.family_past import check_kin
from peelflow.register.rejudging import judge_again

History = Sequence[Event]


def correct(draft: Draft, asked: Event, what: Corrected) -> Event:
    """Take a `corrected` event into a draft, with one for each system step that its target led to.

    Raises:
        Refused: What remains is not lawful.
        RequestRefused: The event cannot be corrected so.
    """
    history = draft.history(asked.record)
    named = _named(history, asked.record, what.event)
    _check_asked(draft, asked, what, history, named)
    _check_side(draft, asked, named)
    made = [
        evolve(asked, number=asked.number + place, key=None if place else asked.key, what=each)
        for place, each in enumerate(_whats(what, history, named))
    ]
    before, after = as_corrected(history), as_corrected([*history, *made])
    try:
        judge_again(draft, history, after, since=_target(history, named).number)
        check_kin(draft, before, after)
    except Refused as refused:
        raise _told(refused, draft.get(asked.record), asked.actor.role) from None
    told = [change for event in history for change in event.changes]
    made[0] = evolve(made[0], changes=made_up(changes_of(after, draft.desk.lifecycle_of), told))
    for count, event in enumerate(made, start=1):
        draft.put(event, folded=fold([*history, *made[:count]]))
    return made[0]


def _told(refused: Refused, record: Record, role: str) -> Refused:
    """Return a refusal as who asked for the correction is told it, wherever it was found."""
    found, rules = refused.refusal, str(record.lifecycle)
    reasons = found.reasons if isinstance(found, Refusal) else ()
    return Refused(Refusal(record.id, rules, record.state, "correct", role, reasons))


def _named(history: History, record: str, number: int) -> Event:
    if type(number) is not int or not 0 < number <= len(history):
        raise RequestRefused(
            f"{record}: event {number!r}",
            "is not in its history",
            f"name one from 1 to {len(history)}",
        )
    return history[number - 1]


def _target(history: History, named: Event) -> Event:
    """Return what a correction corrects in the end; any other event is its own target."""
    while isinstance(named.what, Corrected):
        named = history[named.what.event - 1]
    return named


def _whats(what: Corrected, history: History, named: Event) -> Iterator[Corrected]:
    """Yield what is corrected: the named event, and the system steps that came of it at once.

    Where the named one is a correction itself, those that it made beside its own.
    """
    yield what
    for each in takewhile(lambda event: _follows(history, named, event), history[named.number :]):
        yield evolve(what, event=each.number)


def _follows(history: History, named: Event, event: Event) -> bool:
    alike = isinstance(event.what, Corrected) is isinstance(named.what, Corrected)
    at_once = alike and event.recorded_at == named.recorded_at
    return at_once and _is_systems(_target(history, event))


def _is_systems(event: Event) -> bool:
    """Say whether an event is an untimed step of the system's, which comes of another at once."""
    untimed = isinstance(event.what, Acted) and event.what.due is None
    return untimed and event.actor.role == SYSTEM


def _check_asked(
    draft: Draft, asked: Event, what: Corrected, history: History, named: Event
) -> None:
    """Refuse a correction that cannot be meant of this event."""
    to = what.to
    told = f"{asked.record}: event {named.number}"
    check_day(draft, asked.on, asked.record)
    _check_shape(what, told)
    if to is not None:
        check_day(draft, to, asked.record)
    for why, instead in _faults(history, named, is_void=to is None):
        raise RequestRefused(told, why, instead)
    standing = next((e for e in as_corrected(history) if e.number == named.number), named)
    if to == standing.on:
        raise RequestRefused(told, f"is dated {to} already", "give the day it happened on")
    if asked.on < standing.on:
        why = f"happened on {standing.on}, after this correction of {asked.on}"
        raise RequestRefused(told, why, "give the day the correction is made on")


def _check_shape(what: Corrected, told: str) -> None:
    if what.correction not in {"void", "redate"}:
        why = f"has no correction {what.correction!r}"
        raise RequestRefused(told, why, "write `void` or `redate`")
    if (what.correction == "redate") is (what.to is None):
        why = "is re-dated to no day" if what.to is None else "is voided, and given a day"
        raise RequestRefused(told, why, "give the day `to` for `redate`, and for that alone")


def _faults(history: History, named: Event, *, is_void: bool) -> Iterator[tuple[str, str]]:
    target = _target(history, named)
    by = [e for e in history if isinstance(e.what, Corrected) and e.what.event == named.number]
    voids = [e for e in by if isinstance(e.what, Corrected) and e.what.correction == "void"]
    standing = {each.number for each in as_corrected(history)}
    if isinstance(named.what, Linked):
        yield "follows from its child's own beginning", "correct the child's first event"
    if named.number == 1 and is_void:
        yield "is its beginning", "re-date it; a record is never removed"
    if _is_systems(target):
        yield "is a step of the system's own", "correct the event that led to it"
    if named is not target and not is_void:
        yield "is a correction", "void it, and correct anew"
    if named is target and named.number not in standing:
        yield "is voided already", f"to have it back, void event {voids[-1].number}"
    if named is not target and voids and _stands(history, voids[-1]):
        yield "is voided already", f"to have it back, void event {voids[-1].number}"


def _stands(history: History, correction: Event) -> bool:
    """Say whether no later correction that stands voids this one."""
    return not any(
        isinstance(each.what, Corrected)
        and (each.what.event, each.what.correction) == (correction.number, "void")
        and _stands(history, each)
        for each in history[correction.number :]
    )


def _check_side(draft: Draft, asked: Event, named: Event) -> None:
    did = role_of(draft, named.actor.role).side
    did = "force" if did == SYSTEM else did  # the register is the force's: it answers for a tick
    side = role_of(draft, asked.actor.role).side
    if side != did:
        raise RequestRefused(
            f"{asked.record}: event {named.number}",
            f"was done by {named.actor}, and {asked.actor} is not of that side ({did})",
            "have the side that did it correct it",
        )
