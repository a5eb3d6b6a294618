"""Move the records of a register to another version of their rules, in batches; preview; undo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from peelflow.engine.fold import apply, as_corrected
from peelflow.engine.standing import lacking, overdue
from peelflow.errors import Refused, RequestRefused
from peelflow.model.migration import MigrationPlan
from peelflow.model.records import Acted, Actor, Event, Migrated, Record, Relevelled
from peelflow.model.rules import SYSTEM
from peelflow.register.asking import check_day, check_text, event_of
from peelflow.register.moving import put_moved
from peelflow.register.plans import Named, check_mover, named_plan, proved_plan
from peelflow.stores.protocol import Wanted

if TYPE_CHECKING:
    from peelflow.register.draft import Draft
    from peelflow.register.front import Register

BATCH = 200
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


@frozen
class Moved:
    """What a migration, or its undoing, did: how many records moved, and which were left alone."""

    moved: int
    left: tuple[str, ...]


@frozen
class Order:
    """Who has records moved, when and why."""

    actor: Actor
    on: date
    reason: str
    source: str | None = None
    recorded_by: str | None = None


def preview(register: Register, plan: MigrationPlan | str, *, on: date | None) -> Preview:
    """Return what a plan would do on a day, proved or not; see `Register.preview`."""
    proved = named_plan(register.rulebook, plan)
    day = register.draft().today if on is None else on
    counts: Counter[str] = Counter()
    worst: list[Worry] = []
    affected = 0
    for record in _under(register, proved):
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


def migrate(
    register: Register,
    plan: MigrationPlan | str,
    order: Order,
    *,
    seen: Callable[[int, int], None],
) -> Moved:
    """Move what runs under the plan's old rules, batch by batch; see `Register.migrate`."""
    proved = proved_plan(register.rulebook, plan)
    if proved.moves_level:
        why = "moves records between levels, one by one as the inspectorate decides"
        raise RequestRefused(f"{proved}", why, "use `relevel`")
    _check_order(register.draft(), order)
    ids = [_checked(record, order.on) for record in _under(register, proved)]
    return _in_batches(
        register, ids, lambda draft, record: _migrated(draft, proved, record, order), seen
    )


def unmigrate(
    register: Register,
    plan: MigrationPlan | str,
    order: Order,
    *,
    seen: Callable[[int, int], None],
) -> Moved:
    """Take back what a plan moved, where nobody acted since; see `Register.unmigrate`."""
    proved = proved_plan(register.rulebook, plan)
    _check_order(register.draft(), order)
    ids = [record.id for record in _under(register, proved, moved=True)]
    return _in_batches(
        register, ids, lambda draft, record: _taken_back(draft, proved, record, order), seen
    )


def _check_order(draft: Draft, order: Order) -> None:
    check_text(order.reason, "the reason")
    check_day(draft, order.on, "the migration")


def _under(register: Register, proved: Named, *, moved: bool = False) -> Iterator[Record]:
    rules = proved.new if moved else proved.old
    for category in dict.fromkeys(proved.old.applies_to.category):
        for record in register.store.records(Wanted(category=category)):
            if record.lifecycle == rules.pin:
                yield record


def _checked(record: Record, on: date) -> str:
    if record.on > on:
        raise RequestRefused(
            f"the migration of {on}",
            f"lies before the last event of {record.id} on {record.on}",
            "give a later day; nothing was moved",
        )
    return record.id


def _in_batches(
    register: Register,
    ids: list[str],
    move: Callable[[Draft, Record], bool],
    seen: Callable[[int, int], None],
) -> Moved:
    """Move records batch by batch, each kept whole: what stops half-way goes on when asked again.

    Each batch reads its records anew, so what somebody moved meanwhile is passed over.
    """
    moved, left = 0, []
    for start in range(0, len(ids), BATCH):
        chunk = tuple(ids[start : start + BATCH])
        with register.batch() as draft:
            draft.look_up(chunk)
            for each in chunk:
                if move(draft, draft.get(each)):
                    moved += 1
                else:
                    left.append(each)
        seen(start + len(chunk), len(ids))
    return Moved(moved, tuple(left))


def _migrated(draft: Draft, proved: Named, record: Record, order: Order) -> bool:
    new = proved.plan.states.get(record.state)
    if new is None or record.lifecycle != proved.old.pin:
        return False
    check_mover(draft, proved, record, actor=order.actor, on=order.on)
    what = Migrated(draft.pin(proved.new), record.state, new, proved.digest)
    event = event_of(
        draft,
        what,
        record.id,
        number=record.number + 1,
        on=order.on,
        actor=order.actor,
        recorded_by=order.recorded_by,
        reason=order.reason,
        source=order.source,
    )
    put_moved(draft, event, what)
    return True


def _taken_back(draft: Draft, proved: Named, record: Record, order: Order) -> bool:
    last = _last_move(draft.history(record.id))
    if last is None or not isinstance(last.what, Migrated) or last.what.plan != proved.digest:
        return False
    try:
        draft.correct(
            record.id,
            last.number,
            correction="void",
            actor=order.actor,
            on=order.on,
            reason=order.reason,
            source=order.source,
            recorded_by=order.recorded_by,
        )
    except Refused:
        return False
    return True


def _last_move(history: tuple[Event, ...]) -> Event | None:
    """Return the last move or act that stands, but the system's own that came of a move."""
    for event in reversed(as_corrected(history)):
        own = event.actor.role == SYSTEM and isinstance(event.what, Acted) and not event.what.due
        if isinstance(event.what, (Acted, Migrated, Relevelled)) and not own:
            return event
    return None


def _worries(proved: Named, record: Record, day: date) -> Iterator[Worry]:
    new = proved.plan.states.get(record.state)
    if new is None:
        yield Worry(record.id, record.state, "stranded", f"`{record.state}` is not in the plan")
        return
    moved = _as_moved(proved, record, new, day)
    due, before = overdue(proved.new, moved, day), overdue(proved.old, record, day)
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
    what = Migrated(proved.new.pin, record.state, new, proved.digest)
    nobody = Actor("", "")
    number = record.number + 1
    return apply(record, Event(record.id, number, what, day, nobody, "", _NEVER))


def _badness(worry: Worry) -> tuple[int, int, str]:
    return KINDS.index(worry.kind), -worry.days, worry.record
