"""Say what a plan would do to the records of a register, before it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from peelflow.engine.fold import apply
from peelflow.engine.standing import lacking, overdue
from peelflow.model.migration import MigrationPlan
from peelflow.model.records import Actor, Event, Migrated, Record
from peelflow.register.holidays import holidays_of
from peelflow.register.plans import Named, named_plan
from peelflow.stores.protocol import Wanted

if TYPE_CHECKING:
    from peelflow.register.front import Register

WORST = 10
_NEVER = datetime(1, 1, 1, tzinfo=UTC)  # no event is made of it
Kind = Literal["stranded", "overdue", "blocked"]
KINDS: tuple[Kind, ...] = ("stranded", "overdue", "blocked")


@frozen
class Worry:
    """What a plan would do to a record that somebody should look at; `days` it would be overdue."""

    record: str
    state: str
    kind: Kind
    sentence: str
    days: int = 0


@frozen
class Preview:
    """What a plan would do to a register, before it does.

    Attributes:
        plan: What the plan is called.
        affected: How many records run under the rules it starts from.
        stranded: How many of them stand in a state that it does not map; they would stay.
        overdue: How many would have a step of the system's due at once that was not due before.
        blocked: How many could do something next, and nothing afterwards, for want of a field, a
            wait, or somebody who did an earlier step.
        worst: Ten of those worries: the stranded first, then the longest overdue.
    """

    plan: str
    affected: int
    stranded: int
    overdue: int
    blocked: int
    worst: tuple[Worry, ...]


def preview(register: Register, plan: MigrationPlan | str, *, on: date | None) -> Preview:
    """Return what a plan would do on a day, proved or not; see `Register.preview`."""
    proved = named_plan(register.rulebook, plan)
    day = register.draft().today if on is None else on
    counts: Counter[str] = Counter()
    worst: list[Worry] = []
    affected = 0
    for record in each_under(register, proved):
        affected += 1
        found = list(_worries(proved, record, day))
        counts.update(worry.kind for worry in found)
        worst = sorted([*worst, *found], key=_badness)[:WORST] if found else worst
    return Preview(
        proved.plan.name,
        affected,
        counts["stranded"],
        counts["overdue"],
        counts["blocked"],
        tuple(worst),
    )


def each_under(register: Register, proved: Named, *, moved: bool = False) -> Iterator[Record]:
    """Yield the records that run under a plan's old rules, or its new ones once `moved`."""
    rules = proved.new if moved else proved.old
    for category in dict.fromkeys(proved.old.applies_to.category):
        for record in register.store.records(Wanted(category=category)):
            if record.lifecycle == rules.pin:
                yield record


def _worries(proved: Named, record: Record, day: date) -> Iterator[Worry]:
    new = proved.plan.states.get(record.state)
    if new is None:
        yield Worry(record.id, record.state, "stranded", f"`{record.state}` is not in the plan")
        return
    moved = _as_moved(proved, record, new, day)
    due = overdue(proved.new, moved, day, holidays_of(proved.new))
    before = overdue(proved.old, record, day, holidays_of(proved.old))
    if due and not before:
        trigger, first = min(due.items(), key=lambda each: (each[1], each[0]))
        days = (day - first).days
        said = f"`{trigger}` would have been due on {first}"
        yield Worry(record.id, record.state, "overdue", said, days)
    lacks = lacking(proved.new, moved, day)
    could = any(not lack for lack in lacking(proved.old, record, day).values())
    if could and all(lacks.values()) and not proved.new.states[new].final:
        said = "; ".join(f"`{name}` would lack: {lack}" for name, lack in lacks.items())
        yield Worry(record.id, record.state, "blocked", said or f"nothing leads out of `{new}`")


def _as_moved(proved: Named, record: Record, new: str, day: date) -> Record:
    what = Migrated(proved.new.pin, record.state, new, proved.digest, proved.renamed)
    nobody = Actor("", "")
    number = record.number + 1
    return apply(record, Event(record.id, number, what, day, nobody, "", _NEVER))


def _badness(worry: Worry) -> tuple[int, int, str]:
    return KINDS.index(worry.kind), -worry.days, worry.record
