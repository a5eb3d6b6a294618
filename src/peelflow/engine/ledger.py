"""How the figures change with each event, worked out anew from the rules: nothing is remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date

from attrs import evolve

from peelflow.engine.fold import apply, begin, changes_on_entry
from peelflow.engine.machine import deltas
from peelflow.model.records import (
    Acted,
    Added,
    Change,
    Event,
    Migrated,
    Record,
    Relevelled,
    TakenOver,
)
from peelflow.model.rules import Lifecycle, Pin

Rules = Callable[[Pin], Lifecycle]


def changes_of(events: Iterable[Event], rules: Rules) -> tuple[Change, ...]:
    """Return every change that a history makes which holds no corrections, in order."""
    record: Record | None = None
    found: list[Change] = []
    for event in events:
        found += _changes(record, event, rules)
        record = begin(event) if record is None else apply(record, event)
    return tuple(found)


def changes_on_move(
    record: Record, what: Relevelled | Migrated, on: date, rules: Rules
) -> tuple[Change, ...]:
    """Return how the figures change when a record moves to other rules, or to another level."""
    old, new = rules(record.lifecycle), rules(what.lifecycle)
    before, after = old.states[record.state], new.states[what.new]
    names = old.stands_for(record.state), new.stands_for(what.new)
    level = what.new_level if isinstance(what, Relevelled) else record.level
    if level == record.level:
        moved = [(level, *d) for d in deltas(before, names[0], new=after, new_name=names[1])]
    else:
        gone = [(record.level, k, c, names[0], -1) for k, c in sorted(before.counts_as.items())]
        moved = [*gone, *[(level, k, c, names[1], 1) for k, c in sorted(after.counts_as.items())]]
    return tuple(Change(on, record.force, record.category, *each) for each in moved)


def made_up(wanted: Iterable[Change], told: Iterable[Change]) -> tuple[Change, ...]:
    """Return what has to be added to the changes `told` so that they sum up to those `wanted`.

    Each reverses at the day it corrects, or takes its place at its own.
    """
    sums: Counter[Change] = Counter()
    for changes, sign in ((told, -1), (wanted, 1)):
        for change in changes:
            sums[evolve(change, delta=0)] += sign * change.delta
    found = [evolve(line, delta=delta) for line, delta in sums.items() if delta]
    return tuple(sorted(found, key=_place))


def _changes(record: Record | None, event: Event, rules: Rules) -> tuple[Change, ...]:
    match event.what:
        case Added() | TakenOver() as what:
            return changes_on_entry(rules(what.lifecycle), what, event.on)
        case Relevelled() | Migrated() as what if record:
            return changes_on_move(record, what, event.on, rules)
        case Acted(new=new) if record:
            cycle = rules(record.lifecycle)
            names = cycle.stands_for(record.state), cycle.stands_for(new)
            moved = deltas(
                cycle.states[record.state], names[0], new=cycle.states[new], new_name=names[1]
            )
            kind = (event.on, record.force, record.category, record.level)
            return tuple(Change(*kind, *delta) for delta in moved)
        case _:
            return ()


def _place(change: Change) -> tuple[date, int, str, str]:
    return change.on, change.delta, change.ledger, change.state
