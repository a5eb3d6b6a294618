"""Where a record stands, as far as rules can tell, and where an accepted act or a move leads it.

A standing is a record with its days told from `TODAY` backwards and its events numbered anew, so
that a walk comes to finitely many. What an event does to a record is the engine's own fold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import attrs
from attrs import evolve, frozen

from peelflow.engine.fold import apply
from peelflow.engine.machine import machine_for
from peelflow.model.records import (
    Actor,
    Event,
    EventPayload,
    LastDone,
    Migrated,
    Moment,
    Record,
    Relevelled,
    TransitionTaken,
)
from peelflow.model.requirements import DistinctFrom, Evidence, Requirement, atoms_of
from peelflow.model.rules import Lifecycle, Pin, each_transition
from tests.proof.judge.worlds import (
    FIRST_STEP,
    FORCE,
    ISSUED,
    LONG_AGO,
    RECORD,
    TODAY,
    USED_LATER,
    Offer,
)

CAP = 400
"""Longer ago makes no difference: no rule here counts so many days."""
_NOBODY, _NOW, _NO_PIN = Actor("", ""), datetime(2050, 1, 1, tzinfo=UTC), Pin("", 0, "")


class Standing(NamedTuple):
    """Where a record stands: each moment is the number of an event and how many days ago.

    Attributes:
        state: Its state.
        issued: How many days ago it was issued.
        window: When its window began.
        entered: When states were entered that a rule counts from.
        done: When triggers were done, and by whom, that a rule asks about.
        spent: The papers it used up that may be offered again, and for which steps alone.
    """

    state: str
    issued: int
    window: tuple[int, int]
    entered: tuple[tuple[str, int, int], ...] = ()
    done: tuple[tuple[str, int, str], ...] = ()
    spent: frozenset[tuple[str, tuple[str, ...] | None]] = frozenset()


@frozen
class Remembered:
    """What rules ask of a record's past: states counted from, triggers, and whether days count."""

    states: frozenset[str]
    triggers: frozenset[str]
    waits: bool
    persons_since: bool = False
    sent_back_by: frozenset[str] = frozenset()
    cap: int = CAP


def remembered(several: Iterable[Lifecycle], *, waits: bool, cap: int = CAP) -> Remembered:
    """Return what rules ask of the past, where none counts more days than `cap`."""
    lifecycles = tuple(several)
    atoms = [atom for lifecycle in lifecycles for atom in all_atoms(lifecycle)]
    states = {str(since) for atom in atoms if (since := getattr(atom, "since", None))}
    timed = {
        name
        for lifecycle in lifecycles
        for name, state in lifecycle.states.items()
        if any(rule.after for rule in state.transitions)
    }
    people = [atom for atom in atoms if isinstance(atom, DistinctFrom)]
    triggers = frozenset(atom.distinct_from for atom in people)
    since = any(atom.since for atom in people)
    signed = any(isinstance(atom, Evidence) and atom.signed_by for atom in atoms)
    back = _sent_back_by(lifecycles) if signed else frozenset[str]()
    return Remembered(frozenset(states | timed), triggers, waits, since, back, cap)


def _sent_back_by(lifecycles: tuple[Lifecycle, ...]) -> frozenset[str]:
    """Return the triggers after which a letter is to be a new one, if the engine knows any."""
    uses = (
        getattr(compiled, "use", None)
        for lifecycle in lifecycles
        for machine in (machine_for(lifecycle),)
        for name, state in lifecycle.states.items()
        for rule in state.transitions[:1]
        for compiled in machine.compiled(name, rule.trigger)
    )
    return frozenset[str]().union(*(getattr(use, "sent_back_by", ()) for use in uses))


def all_atoms(lifecycle: Lifecycle) -> Iterable[Requirement]:
    """Yield every atom of a lifecycle's requirements."""
    for rule in each_transition(lifecycle):
        yield from atoms_of(rule.requires)


def at_issue(state: str, past: Remembered) -> Standing:
    """Return where a record stands that was issued today, or long ago where days do not count."""
    age = 0 if past.waits else LONG_AGO
    entered = ((state, ISSUED, age),) if state in past.states else ()
    return Standing(state, age, (ISSUED, age), entered)


def record_of(standing: Standing, offer: Offer | None = None) -> Record:
    """Return the record that stands so, with the fields and papers that an offer has."""
    numbers = [standing.window[0], *(moment[1] for moment in (*standing.entered, *standing.done))]
    done = {name: LastDone(number, TODAY, person) for name, number, person in standing.done}
    return Record(
        id=RECORD,
        number=max((FIRST_STEP - 1, *numbers)),
        on=TODAY,
        force=FORCE,
        category="",
        level=None,
        lifecycle=_NO_PIN,
        state=standing.state,
        issued=_ago(standing.issued),
        fields={} if offer is None else dict(offer.fields),
        parent=None,
        window=Moment(standing.window[0], _ago(standing.window[1])),
        entered={
            standing.state: Moment(ISSUED, TODAY),
            **{name: Moment(number, _ago(age)) for name, number, age in standing.entered},
        },
        done=done,
        attachments=() if offer is None else offer.attachments,
        spent=frozenset(digest for digest, _ in standing.spent),
        **_spent_for(standing),
    )


def _spent_for(standing: Standing) -> dict[str, Any]:
    """Return for which steps papers are used up, where the engine asks about it."""
    if "spent_for" not in attrs.fields_dict(Record):
        return {}
    return {"spent_for": {digest: steps for digest, steps in standing.spent if steps is not None}}


def _ago(days: int) -> date:
    return TODAY - timedelta(days)


def standing_of(record: Record, past: Remembered) -> Standing:
    """Return where a record stands, its days told from its last event, its events renumbered."""
    moments = {
        "": record.window,
        **{name: record.entered[name] for name in past.states if name in record.entered},
    }
    first = 0 if past.persons_since else record.window.number
    done = {
        name: last
        for name, last in record.done.items()
        if name in past.triggers and last.number >= first
    }
    sent_back = [
        (last.number, name) for name, last in record.done.items() if name in past.sent_back_by
    ]
    if sent_back:
        done[max(sent_back)[1]] = record.done[max(sent_back)[1]]
    numbers = {moment.number for moment in moments.values()} | {
        last.number for last in done.values()
    }
    order = sorted(number for number in numbers if number >= FIRST_STEP)
    told_apart = bool(past.triggers)
    numbered = {n: FIRST_STEP + place * told_apart for place, n in enumerate(order)}
    issued = _age_of_issue(record, past.cap) if past.waits else LONG_AGO

    def told(moment: Moment) -> tuple[int, int]:
        number = numbered.get(moment.number, moment.number)
        if moment.on == record.issued:
            return number, issued
        return number, min((record.on - moment.on).days, past.cap) if past.waits else 0

    return Standing(
        record.state,
        issued,
        told(record.window),
        tuple(sorted((name, *told(moment)) for name, moment in moments.items() if name)),
        tuple(
            sorted(
                (name, numbered.get(last.number, last.number), last.person)
                for name, last in done.items()
            )
        ),
        frozenset(
            (digest, getattr(record, "spent_for", {}).get(digest))
            for digest in record.spent
            if digest.endswith(USED_LATER)
        ),
    )


def _age_of_issue(record: Record, cap: int) -> int:
    days = (record.on - record.issued).days
    return days if days < cap else LONG_AGO


def after_act(
    standing: Standing, past: Remembered, taken: TransitionTaken, person: str, days: int
) -> Standing:
    """Return where a record stands once an act was accepted, so many days later."""
    return _after(standing, past, taken, person, days)


def after_move(standing: Standing, past: Remembered, moved: Migrated | Relevelled) -> Standing:
    """Return where a record stands once it was moved to other rules."""
    return _after(standing, past, moved, "", 0)


def after_days(standing: Standing, past: Remembered, days: int) -> Standing:
    """Return where a record stands when so many days have gone and nothing happened to it."""
    if not days:
        return standing
    return standing_of(evolve(record_of(standing), on=TODAY + timedelta(days)), past)


def _after(
    standing: Standing, past: Remembered, what: EventPayload, person: str, days: int
) -> Standing:
    record = record_of(standing)
    event = Event(
        RECORD, record.number + 1, what, TODAY + timedelta(days), Actor(person, ""), "", _NOW
    )
    return standing_of(apply(record, event), past)


def unspent(digests: Mapping[str, object] | Iterable[str]) -> tuple[str, ...]:
    """Return which papers among those used up may be offered again."""
    return tuple(digest for digest in digests if digest.endswith(USED_LATER))
