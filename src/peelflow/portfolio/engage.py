"""List which forces are, or were, in Engage: since when, why, on what causes, with what visits.

A force's phase is one record of the category `monitoring_phase`; each time that it is moved to
Engage is a spell. The causes of concern that a spell rests on are records of the category
`engage_cause` below the phase, which were added while it lasted, or before it, since the force last
left. A visit is an inspection of the force in that time; what it closed is counted from the acts
that name it, never typed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from attrs import evolve

from peelflow.engine.fold import apply, begin, corrected_until
from peelflow.model.records import INSPECTION, Event, Record, TransitionTaken
from peelflow.portfolio.listing import Attribution, attribution_of
from peelflow.portfolio.selection import (
    EVERYTHING,
    Criterion,
    Selection,
    each_selected,
    is_open,
    text_field,
)
from peelflow.register.as_at import record_as_at
from peelflow.register.query_checks import check_ledger
from peelflow.register.reader import Reader
from peelflow.register.related_records import inspection_of
from peelflow.register.validation import check_date
from peelflow.results import Result, frozen

MONITORING_PHASE, ENGAGE_CAUSE = "monitoring_phase", "engage_cause"
ENGAGE = "engage"
"""The national state of a force's phase that a spell lasts in."""
CAUSE_FIELD = "cause"


@frozen
class EngageCause(Result):
    """A cause of concern that a spell rests on, as it stood when the spell was looked at.

    Attributes:
        record: The cause of concern.
        title: Its title.
        named_on: The day from which the spell rests on it.
        state: The state it stands in.
        is_open: Whether it counts open.
        set_aside: Whether the spell no longer rests on it.
    """

    record: str
    title: str | None
    named_on: date
    state: str
    is_open: bool
    set_aside: bool


@frozen
class EngageVisit(Result):
    """An inspection of a force in Engage, and how many records closed by acts that name it."""

    inspection: str
    title: str | None
    first_day: date
    last_day: date
    closed: int


@frozen
class EngageSpell(Result):
    """A time that a force is in Engage.

    Attributes:
        force: The force.
        record: The record of its phase.
        since: The day it was moved there; the day as at which it was taken over there.
        reason: Why.
        attribution: Who moved it, and who typed it.
        source: From what that was read.
        assumed: Whether it was taken over there, and so may have been there before.
        until: The day it left; None where it is there still.
        reason_left: Why it left.
        causes: What it rests on, in order of days: as they stand, or stood on the day it left.
        visits: The inspections in that time, in order of days.
    """

    _derived = ("open_causes",)

    force: str
    record: str
    since: date
    reason: str | None
    attribution: Attribution
    source: str | None
    assumed: bool
    until: date | None = None
    reason_left: str | None = None
    causes: tuple[EngageCause, ...] = ()
    visits: tuple[EngageVisit, ...] = ()

    @property
    def open_causes(self) -> int:
        """How many of its causes count open, or did on the day it left."""
        return sum(cause.is_open and not cause.set_aside for cause in self.causes)


def in_engage(
    register: Reader,
    on: date,
    *,
    selection: Selection = EVERYTHING,
    ledger: str = "portal",
) -> tuple[EngageSpell, ...]:
    """Return the forces that are in Engage at the end of a day, by name.

    Args:
        register: The register.
        on: The day; one gone by is looked at as the register now knows it.
        selection: Which phases, such as those of one force.
        ledger: The ledger on which causes count open, and visits close.
    """
    spells = engage_spells(register, on, selection=selection, ledger=ledger)
    return tuple(spell for spell in spells if spell.until is None)


def engage_spells(
    register: Reader,
    on: date,
    *,
    selection: Selection = EVERYTHING,
    ledger: str = "portal",
) -> tuple[EngageSpell, ...]:
    """Return every spell of Engage that began by a day, by force and in order of days.

    Args:
        register: The register.
        on: The day; one gone by is looked at as the register now knows it.
        selection: Which phases, such as those of one force.
        ledger: The ledger on which causes count open, and visits close.
    """
    check_date(on, "the list")
    check_ledger(register.services, ledger)
    phases = each_selected(register, evolve(selection, category=MONITORING_PHASE), as_at=on)
    spells = [
        each
        for phase, history in register.histories(phases)
        for own in [tuple(_spells_of(register, phase, corrected_until(history, on)))]
        for each in zip((None, *own), own, strict=False)
    ]
    closed = _closed_at(register, on, {spell.force for _, spell in spells}, ledger)
    whole = [
        evolve(
            spell,
            causes=tuple(_causes_of(register, spell, before, spell.until or on, ledger)),
            visits=tuple(_visits_of(register, spell, spell.until or on, closed)),
        )
        for before, spell in spells
    ]
    return tuple(sorted(whole, key=lambda spell: (spell.force, spell.since, spell.record)))


def _spells_of(register: Reader, phase: Record, events: Sequence[Event]) -> Iterator[EngageSpell]:
    """Yield the spells of one phase, without what they rest on."""
    spell: EngageSpell | None = None
    record = begin(events[0])
    for event in events:
        record = record if event is events[0] else apply(record, event)
        is_there = register.lifecycle(record.lifecycle).stands_for(record.state) == ENGAGE
        if is_there and spell is None:
            spell = EngageSpell(
                force=phase.force,
                record=phase.id,
                since=event.on,
                reason=event.reason,
                attribution=attribution_of(event),
                source=event.source,
                assumed=event is events[0] and record.assumed,
            )
        elif spell is not None and not is_there:
            yield evolve(spell, until=event.on, reason_left=event.reason)
            spell = None
    if spell is not None:
        yield spell


def _causes_of(
    register: Reader, spell: EngageSpell, before: EngageSpell | None, day: date, ledger: str
) -> Iterator[EngageCause]:
    """Yield what a spell rests on, as it stood at the end of a day: each cause once.

    Whatever was named since the spell before: the letter that names a cause may be of an earlier
    day than the move, and what was taken over was named before the register began.
    """
    named: dict[str, EngageCause] = {}
    below = Selection(category=ENGAGE_CAUSE, parent=spell.record)
    links = each_selected(register, below, as_at=day)
    for link in sorted(links, key=lambda link: (link.issued, link.id)):
        name = text_field(link, CAUSE_FIELD)
        is_gone = before is not None and before.until is not None and link.issued <= before.until
        cause = record_as_at(register.history(name), day) if name and not is_gone else None
        if name is None or cause is None or (name in named and not named[name].set_aside):
            continue
        named[name] = EngageCause(
            record=name,
            title=text_field(cause, "title"),
            named_on=link.issued,
            state=cause.state,
            is_open=is_open(register, cause, ledger),
            set_aside=register.lifecycle(link.lifecycle).states[link.state].final,
        )
    yield from named.values()


def _visits_of(
    register: Reader, spell: EngageSpell, day: date, closed: Mapping[str, int]
) -> Iterator[EngageVisit]:
    """Yield the inspections of a force that were held while a spell lasted."""
    held = Selection(spell.force, INSPECTION, criteria=(Criterion("first_day", "<=", str(day)),))
    records = sorted(
        each_selected(register, held, as_at=day),
        key=lambda record: (text_field(record, "first_day") or "", record.id),
    )
    for record in records:
        inspection = inspection_of(record, register.lifecycle(record.lifecycle))
        if inspection is not None and inspection.last_day >= spell.since:
            yield EngageVisit(
                record.id,
                text_field(record, "title"),
                inspection.first_day,
                inspection.last_day,
                closed.get(record.id, 0),
            )


def _closed_at(register: Reader, on: date, forces: set[str], ledger: str) -> Mapping[str, int]:
    """Return how many records of forces each inspection closed by the end of a day."""
    closed: Counter[str] = Counter()
    for force in sorted(forces):
        for _, history in register.histories(register.records(force=force)):
            for event in corrected_until(history, on):
                what = event.what
                if isinstance(what, TransitionTaken) and what.inspection is not None:
                    closed[what.inspection] += any(
                        change.ledger == ledger and change.counts == "closed" and change.delta > 0
                        for change in event.changes
                    )
    return closed
