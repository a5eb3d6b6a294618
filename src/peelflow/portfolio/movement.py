"""List what is new, what closed and what re-opened on a ledger between two days, and add it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import ClassVar, Literal, TypeVar

from attrs import evolve

from peelflow.engine.fold import apply, as_corrected, begin, with_changes
from peelflow.model.records import PEELFLOW, Event, MadeJoint, Noted, Record, TakenOver
from peelflow.model.rules import Counts
from peelflow.portfolio.grouping import ROW, Group, Grouping, grouping
from peelflow.portfolio.listing import Attribution, RecordRow, attribution_of, row_of
from peelflow.portfolio.selection import (
    EVERYTHING,
    Selection,
    check_span,
    each_selected,
    is_selected,
    narrowed,
)
from peelflow.register.as_at import each_as_at
from peelflow.register.query_checks import check_ledger
from peelflow.register.reader import Reader
from peelflow.results import Result, frozen
from peelflow.stores.base import RecordQuery

MovementKind = Literal["new", "closed", "superseded", "reopened", "returned"]
"""What a record did; one is `returned` that counted nowhere, and counts again as it did before."""
Ending = Literal["closed", "superseded", "cancelled"]
"""How a record closed: done, in favour of another, or set aside with nothing in its place."""
_ENDINGS: Mapping[str, Ending] = {
    "superseded": "superseded",
    "not_applicable": "cancelled",
    "no_action": "cancelled",
    "not_accepted": "cancelled",
    "cancelled": "cancelled",
}
"""In which national states a record closed otherwise than by the work's completion: our choice."""
_LEDGER_OF_ANSWERS = "section_55"
"""On which a record closes as it is answered, whatever the answer is, and none is set aside."""


@frozen
class Movement(Result):
    """One movement of a record on a ledger: what kind, on what day, and by whose act.

    One is `returned` that comes back to a force with which it was joint before, or that counts as
    it last did after a state that does not count. One that is `new` is the act of who entered it,
    where the system then archived it at once, as at level 1. A closing is `superseded` where the
    work was not completed; `ending` says whether something else took its place, None of what counts
    open. It is `assumed` where the record was taken over so: nobody saw it come there. The row says
    how the record stood at the end of the last day.
    """

    row: RecordRow
    kind: MovementKind
    counts: Counts
    on: date
    attribution: Attribution
    reason: str | None
    assumed: bool = False
    ending: Ending | None = None


def movement(
    register: Reader,
    *,
    after: date,
    until: date,
    ledger: str = "portal",
    force: str | None = None,
    selection: Selection = EVERYTHING,
) -> tuple[Movement, ...]:
    """Return what moved on a ledger after one day and until another, in order of days.

    A record is new on the day it first counts; what was corrected is told as corrected.

    Args:
        register: The register.
        after: The day after which movements count.
        until: The last day that counts.
        ledger: The ledger to look at.
        force: Only this force's records, with what it counted on the first day and left since.
        selection: Which records, as they stand at the end of the last day.

    Raises:
        InvalidRequest: The days stand in the wrong order, or no state counts on such a ledger.
    """
    _check_span(register, after, until, ledger)
    selection = narrowed(selection, force)
    left = _each_left(register, selection, after=after, until=until)
    selected = chain(each_selected(register, selection, as_at=until), left)
    force = selection.force or register.services.force
    movements = [
        moved
        for record, history in register.histories(each for each in selected if each.on > after)
        for events in [with_changes(as_corrected(history), register.lifecycle)]
        for moved in _movements_of(register, row_of(record), events, ledger, force=force)
        if after < moved.on <= until
    ]
    return tuple(sorted(movements, key=lambda moved: (moved.on, moved.row.record)))


def _check_span(register: Reader, after: date, until: date, ledger: str) -> None:
    check_ledger(register.services, ledger)
    check_span(after, until, "the list")


_Sums = Counter[tuple[str | None, str]]
Place = tuple[str | None, Counts, Ending | None]
"""In which group a record stands, how it counts there, and how it closed if it did."""
_Place = TypeVar("_Place", Place | None, Counts | None)


@frozen
class MovementTotal(Result):
    """What a group held on a ledger, what moved since, and so what it holds now.

    Attributes:
        group: The group.
        open_before: How many of its records counted open at the end of the first day.
        closed_before: How many counted closed.
        new: How many came and counted open.
        new_closed: How many came and counted closed at once, as those archived when issued.
        closed: How many closed with the work completed, or discharged.
        superseded: How many closed otherwise: in favour of another, or set aside.
        cancelled: How many of those superseded were set aside, with nothing in their place.
        reopened: How many re-opened.
        moved_open: How many more that count open came from other groups than left for them.
        moved_closed: The same of those that count closed.
    """

    _derived: ClassVar[tuple[str, ...]] = ("open_after", "closed_after")

    group: Group
    open_before: int = 0
    closed_before: int = 0
    new: int = 0
    new_closed: int = 0
    closed: int = 0
    superseded: int = 0
    cancelled: int = 0
    reopened: int = 0
    moved_open: int = 0
    moved_closed: int = 0

    @property
    def open_after(self) -> int:
        """How many of its records count open at the end of the last day."""
        left = self.closed + self.superseded
        return self.open_before + self.new + self.reopened - left + self.moved_open

    @property
    def closed_after(self) -> int:
        """How many of its records count closed at the end of the last day."""
        came = self.new_closed + self.closed + self.superseded
        return self.closed_before + came - self.reopened + self.moved_closed


def movement_totals(
    register: Reader,
    *,
    after: date,
    until: date,
    by: str = ROW,
    ledger: str = "portal",
    selection: Selection = EVERYTHING,
) -> tuple[MovementTotal, ...]:
    """Return for each group what it held, what moved between two days, and what it holds.

    Args:
        register: The register.
        after: The day of the opening figures.
        until: The day of the closing figures.
        by: A column, or `row` for the rows that the categories declare.
        ledger: The ledger to look at.
        selection: Which records, as they stand at the end of the last day.

    Raises:
        InvalidRequest: The days stand in the wrong order, or there is no such column or ledger.
    """
    _check_span(register, after, until, ledger)
    groups = grouping(register, by, ledger=ledger)
    force = selection.force or register.services.force
    sums: _Sums = Counter()
    moved = list(_each_left(register, selection, after=after, until=until))
    for record in each_selected(register, selection, as_at=until):
        if record.on > after:
            moved.append(record)
        elif place := _place_of(groups, record, force):
            sums[place[0], f"{place[1]}_before"] += 1
    for _, history in register.histories(moved):
        sums.update(_sums_of(groups, history, after, until, force=force))
    names = [field.name for field in MovementTotal.__attrs_attrs__[1:]]
    return tuple(
        MovementTotal(group, **{name: sums[group.key, name] for name in names})
        for group in groups.groups({key for key, _ in sums})
    )


def _each_left(
    register: Reader, selection: Selection, *, after: date, until: date
) -> Iterator[Record]:
    """Yield the joint records that were a force's on one day, and are not on another."""
    force = selection.force or register.services.force
    if force is None:
        return
    joint = list(register.store.records(RecordQuery(force, joint=True)))
    were = {
        record.id
        for record in each_as_at(register.store, joint, after, None)
        if record.is_of(force)
    }
    for record in each_as_at(register.store, joint, until, None):
        others = evolve(selection, force=record.force)
        if record.id in were and not record.is_of(force) and is_selected(register, others, record):
            yield record


def _sums_of(
    groups: Grouping, history: Sequence[Event], after: date, until: date, *, force: str | None
) -> _Sums:
    """Return what one record adds to each group's sums, as a force counts it or all of them."""
    sums: _Sums = Counter()
    opening: Place | None = None
    before: Place | None = None
    last: Place | None = None
    for event, place in _each_place(groups, history, force):
        if event.on <= after:
            opening = place
        elif event.on <= until:
            sums.update(_steps_between(before, place, _last_counted(event, before, last, place)))
        before, last = place, place or last
    if opening is not None:
        sums[opening[0], f"{opening[1]}_before"] += 1
    return sums


def _last_counted(event: Event, before: _Place, last: _Place, after: _Place) -> _Place:
    """Return where or how a record last counted before an event; None where it never did.

    What comes back to a force counts there as elsewhere, whatever came of it meanwhile.
    """
    is_back = before is None and last is not None and isinstance(event.what, MadeJoint)
    return after if is_back else last


def _steps_between(before: Place | None, after: Place | None, last: Place | None) -> _Sums:
    """Return what a step from one place to another adds to the groups' sums.

    One from or to nowhere moves it, as it counted `last`.
    """
    steps: _Sums = Counter()
    if after is not None and last is None:
        steps[after[0], "new" if after[1] == "open" else "new_closed"] = 1
        return steps
    old, old_counts, _ = last or _NOWHERE
    new, new_counts, ending = after or _NOWHERE
    if before is None or after is None or old != new:
        if before is not None:
            steps[old, f"moved_{old_counts}"] -= 1
        if after is not None:
            steps[new, f"moved_{old_counts}"] += 1
    if after is not None and old_counts != new_counts:
        steps[new, _kind_of(ending)] += 1
        steps[new, "cancelled"] += ending == "cancelled"
    return steps


_NOWHERE: tuple[None, None, None] = (None, None, None)


def _kind_of(ending: Ending | None) -> MovementKind:
    """Return what it is called that a record closed so, or came to count open again."""
    if ending is None:
        return "reopened"
    return "closed" if ending == "closed" else "superseded"


def _ending_of(register: Reader, record: Record, ledger: str) -> Ending:
    """Return how a record closed that counts closed on a ledger."""
    if ledger == _LEDGER_OF_ANSWERS:
        return "closed"
    state = register.lifecycle(record.lifecycle).stands_for(record.state)
    return _ENDINGS.get(state, "closed")


def _each_place(
    groups: Grouping, history: Sequence[Event], force: str | None
) -> Iterator[tuple[Event, Place | None]]:
    """Yield each event of a record's life with where it then stood, as corrected, by days."""
    moved = (event for event in as_corrected(history) if not isinstance(event.what, Noted))
    first, *others = sorted(moved, key=lambda event: event.on)
    record = begin(first)
    yield first, _place_of(groups, record, force)
    for event in others:
        record = apply(record, event)
        yield event, _place_of(groups, record, force)


def _place_of(groups: Grouping, record: Record, force: str | None) -> Place | None:
    """Return where a record stands; None where it counts nowhere, or is not the force's."""
    counts = groups.register.counts(record).get(groups.ledger)
    if counts is None or not record.is_of(force):
        return None
    is_closed = counts == "closed"
    ending = _ending_of(groups.register, record, groups.ledger) if is_closed else None
    return groups.key(record), counts, ending


def _movements_of(
    register: Reader,
    row: RecordRow,
    events: Iterable[Event],
    ledger: str,
    *,
    force: str | None,
) -> list[Movement]:
    counts: Counts | None = None
    last: Counts | None = None
    record: Record | None = None
    movements: list[Movement] = []
    led: Event | None = None
    for event in events:
        record = begin(event) if record is None else apply(record, event)
        led = event if led is None or event.actor != PEELFLOW else led
        after = _counts_after(counts, event, ledger, force)
        if after is not None and after != counts:
            ending = None if after == "open" else _ending_of(register, record, ledger)
            kind = _kind_after(_last_counted(event, counts, last, after), after, ending)
            movements.append(
                Movement(
                    row=row,
                    kind=kind,
                    counts=after,
                    on=event.on,
                    attribution=attribution_of(led if kind == "new" else event),
                    reason=event.reason,
                    assumed=isinstance(event.what, TakenOver),
                    ending=ending,
                )
            )
        counts, last = after, after or last
    return movements


def _kind_after(last: Counts | None, after: Counts, ending: Ending | None) -> MovementKind:
    """Return what it is called that a record comes to count so which last counted otherwise."""
    if last is None:
        return "new"
    return "returned" if last == after else _kind_of(ending)


def _counts_after(
    before: Counts | None, event: Event, ledger: str, force: str | None
) -> Counts | None:
    """Return how a record counts on a ledger after an event, from the changes it made.

    A force has the changes in its own figures; all forces have the sum of all of them.
    """
    sums = Counter[Counts]({before: 1} if before else {})
    for change in event.changes:
        if change.ledger == ledger and force in (None, change.force):
            sums[change.counts] += change.delta
    return next((counts for counts, total in sums.items() if total > 0), None)
