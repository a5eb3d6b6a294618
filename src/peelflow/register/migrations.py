"""Migrate records to another version of their rules, undo it, and assess its impact before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from peelflow.engine.decide import missing_from_past, overdue
from peelflow.engine.fold import apply, as_corrected
from peelflow.errors import InvalidRequest
from peelflow.model.records import Actor, Event, Migrated, Record, Relevelled, TransitionTaken
from peelflow.model.rules import SYSTEM, MigrationPlan
from peelflow.register.commands import new_event
from peelflow.register.context import holidays_of
from peelflow.register.migration_plan import (
    ResolvedPlan,
    check_may_migrate,
    proved_plan,
    put_move,
    resolve_plan,
)
from peelflow.register.validation import check_actor, check_date, check_not_future, check_text
from peelflow.results import Result
from peelflow.stores.base import RecordQuery, chunked

if TYPE_CHECKING:
    from peelflow.register.register import Register
    from peelflow.register.session import Session


WORST_IMPACTS = 10
_NEVER = datetime(1, 1, 1, tzinfo=UTC)  # no event is made of it
ImpactKind = Literal["stranded", "overdue", "blocked"]
IMPACT_KINDS: tuple[ImpactKind, ...] = ("stranded", "overdue", "blocked")


@frozen
class Impact(Result):
    """What a plan would do to a record that somebody should look at; `days` it would be overdue."""

    record: str
    state: str
    kind: ImpactKind
    sentence: str
    days: int = 0


@frozen
class MigrationImpact(Result):
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
    worst: tuple[Impact, ...]


def assess_impact(
    register: Register, plan: MigrationPlan | str, *, on: date | None
) -> MigrationImpact:
    """Return what a plan would do on a day, proved or not; see `Register.preview`."""
    proved = resolve_plan(register.rulebook, plan)
    day = register.draft().today if on is None else on
    check_date(day, "the preview")
    counts: Counter[str] = Counter()
    worst: list[Impact] = []
    affected = 0
    for record in each_record_under(register, proved):
        affected += 1
        found = list(_impacts(proved, record, day))
        counts.update(worry.kind for worry in found)
        worst = sorted([*worst, *found], key=_severity_order)[:WORST_IMPACTS] if found else worst
    return MigrationImpact(
        proved.plan.name,
        affected,
        counts["stranded"],
        counts["overdue"],
        counts["blocked"],
        tuple(worst),
    )


def each_record_under(
    register: Register, proved: ResolvedPlan, *, moved: bool = False
) -> Iterator[Record]:
    """Yield the records that run under a plan's old rules, or its new ones once `moved`."""
    rules = proved.new if moved else proved.old
    for category in dict.fromkeys(proved.old.applies_to.category):
        for record in register.store.records(RecordQuery(category=category)):
            if record.lifecycle == rules.pin:
                yield record


def _impacts(proved: ResolvedPlan, record: Record, day: date) -> Iterator[Impact]:
    new = proved.plan.states.get(record.state)
    if new is None:
        yield Impact(record.id, record.state, "stranded", f"`{record.state}` is not in the plan")
        return
    moved = _record_after_move(proved, record, new, day)
    due = overdue(proved.new, moved, day, holidays_of(proved.new))
    before = overdue(proved.old, record, day, holidays_of(proved.old))
    if due and not before:
        trigger, first = min(due.items(), key=lambda each: (each[1], each[0]))
        days = (day - first).days
        said = f"`{trigger}` would have been due on {first}"
        yield Impact(record.id, record.state, "overdue", said, days)
    lacks = missing_from_past(proved.new, moved, day)
    could = any(not lack for lack in missing_from_past(proved.old, record, day).values())
    if could and all(lacks.values()) and not proved.new.states[new].final:
        said = "; ".join(f"`{name}` would lack: {lack}" for name, lack in lacks.items())
        yield Impact(record.id, record.state, "blocked", said or f"nothing leads out of `{new}`")


def _record_after_move(proved: ResolvedPlan, record: Record, new: str, day: date) -> Record:
    what = Migrated(proved.new.pin, record.state, new, proved.digest, proved.renamed)
    nobody = Actor("", "")
    number = record.number + 1
    return apply(record, Event(record.id, number, what, day, nobody, "", _NEVER))


def _severity_order(worry: Impact) -> tuple[int, int, str]:
    return IMPACT_KINDS.index(worry.kind), -worry.days, worry.record


BATCH = 200


@frozen
class MigrationResult(Result):
    """What a migration, or its undoing, did: how many records moved, and which were left alone."""

    moved: int
    left: tuple[str, ...]


@frozen
class MigrationRequest:
    """Who has records moved, when and why."""

    actor: Actor
    on: date
    reason: str
    source: str | None = None
    recorded_by: str | None = None


def migrate(
    register: Register,
    plan: MigrationPlan | str,
    order: MigrationRequest,
    *,
    seen: Callable[[int, int], None],
) -> MigrationResult:
    """Move what runs under the plan's old rules, batch by batch; see `Register.migrate`."""
    proved = proved_plan(register.rulebook, plan)
    if proved.moves_level:
        why = "moves records between levels, one by one as the inspectorate decides"
        raise InvalidRequest(f"{proved}", why, "use `relevel`")
    _check_request(register.draft(), order)
    ids = [_checked_id(record, order.on) for record in each_record_under(register, proved)]
    return _in_batches(
        register, ids, lambda draft, record: _migrate_record(draft, proved, record, order), seen
    )


def unmigrate(
    register: Register,
    plan: MigrationPlan | str,
    order: MigrationRequest,
    *,
    seen: Callable[[int, int], None],
) -> MigrationResult:
    """Take back what a plan moved, where nobody acted since; see `Register.unmigrate`."""
    proved = proved_plan(register.rulebook, plan)
    _check_request(register.draft(), order)
    ids = [record.id for record in each_record_under(register, proved, moved=True)]
    return _in_batches(
        register, ids, lambda draft, record: _unmigrate_record(draft, proved, record, order), seen
    )


def _check_request(draft: Session, order: MigrationRequest) -> None:
    check_actor(order.actor)
    check_text(order.reason, "the reason")
    check_not_future(draft, order.on, "the migration")


def _checked_id(record: Record, on: date) -> str:
    if record.on > on:
        raise InvalidRequest(
            f"the migration of {on}",
            f"lies before the last event of {record.id} on {record.on}",
            "give a later day; nothing was moved",
        )
    return record.id


def _in_batches(
    register: Register,
    ids: list[str],
    move: Callable[[Session, Record], bool],
    seen: Callable[[int, int], None],
) -> MigrationResult:
    """Move records batch by batch, each kept whole: what stops half-way goes on when asked again.

    Each batch reads its records anew, so what somebody moved meanwhile is passed over.
    """
    moved, left = 0, []
    for chunk in chunked(ids, BATCH):
        with register.batch() as draft:
            draft.look_up(tuple(chunk))
            for each in chunk:
                if move(draft, draft.get(each)):
                    moved += 1
                else:
                    left.append(each)
        seen(moved + len(left), len(ids))
    return MigrationResult(moved, tuple(left))


def _migrate_record(
    draft: Session, proved: ResolvedPlan, record: Record, order: MigrationRequest
) -> bool:
    new = proved.plan.states.get(record.state)
    if new is None or record.lifecycle != proved.old.pin:
        return False
    check_may_migrate(draft, proved, record, actor=order.actor, on=order.on)
    what = Migrated(draft.pin(proved.new), record.state, new, proved.digest, proved.renamed)
    event = new_event(
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
    put_move(draft, event, what)
    return True


def _unmigrate_record(
    draft: Session, proved: ResolvedPlan, record: Record, order: MigrationRequest
) -> bool:
    last = _last_manual_event(draft.history(record.id))
    if last is None or not isinstance(last.what, Migrated) or last.what.plan != proved.digest:
        return False
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
    return True


def _last_manual_event(history: tuple[Event, ...]) -> Event | None:
    """Return the last move or act that stands, but the system's own that came of a move."""
    moves = [
        event
        for event in as_corrected(history)
        if isinstance(event.what, (Migrated, Relevelled))
        or (
            isinstance(event.what, TransitionTaken)
            and (event.actor.role != SYSTEM or event.what.due)
        )
    ]
    return moves[-1] if moves else None
