"""Migrate records to another version of their rules, undo it, and assess its impact before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Literal

from peelflow.engine.decide import missing_from_past, overdue
from peelflow.engine.fold import apply, as_corrected
from peelflow.errors import InvalidRequest
from peelflow.model.records import (
    Actor,
    Event,
    Migrated,
    Provenance,
    Record,
    Relevelled,
    TransitionTaken,
)
from peelflow.model.rules import SYSTEM, MigrationPlan
from peelflow.register.context import ReadSet
from peelflow.register.corrections import correct
from peelflow.register.holidays import holidays_of
from peelflow.register.migration_plan import (
    ResolvedPlan,
    migrate_record,
    proved_plan,
    resolve_plan,
)
from peelflow.register.session import Session
from peelflow.register.validation import check_actor, check_date, check_not_future, check_text
from peelflow.results import Result, frozen
from peelflow.stores.base import RecordQuery, chunked

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
        worst: Ten of those records: the stranded first, then the longest overdue.
    """

    plan: str
    affected: int
    stranded: int
    overdue: int
    blocked: int
    worst: tuple[Impact, ...]


def assess_impact(
    begin: Callable[[], Session], plan: MigrationPlan | str, *, on: date | None
) -> MigrationImpact:
    """Return what a plan would do on a day, proved or not; see `Register.preview`."""
    session = begin()
    resolved = resolve_plan(session.rulebook, plan)
    day = session.today if on is None else on
    check_date(day, "the preview")
    counts: Counter[str] = Counter()
    worst: list[Impact] = []
    affected = 0
    for record in each_record_under(session, resolved):
        affected += 1
        impacts = list(_impacts(resolved, record, day))
        counts.update(impact.kind for impact in impacts)
        if impacts:
            worst = sorted([*worst, *impacts], key=_severity_order)[:WORST_IMPACTS]
    return MigrationImpact(
        resolved.plan.name,
        affected,
        counts["stranded"],
        counts["overdue"],
        counts["blocked"],
        tuple(worst),
    )


def each_record_under(
    reads: ReadSet, resolved: ResolvedPlan, *, moved: bool = False
) -> Iterator[Record]:
    """Yield the records that run under a plan's old rules, or its new ones once `moved`.

    In a register for one force, those that it acts on.
    """
    rules = resolved.new if moved else resolved.old
    for category in dict.fromkeys(resolved.old.applies_to.category):
        for record in reads.services.store.records(RecordQuery(category=category)):
            if record.lifecycle == rules.pin and reads.scope in (None, *record.acting_forces):
                yield record


def _impacts(resolved: ResolvedPlan, record: Record, day: date) -> Iterator[Impact]:
    new = resolved.plan.states.get(record.state)
    if new is None:
        yield Impact(record.id, record.state, "stranded", f"`{record.state}` is not in the plan")
        return
    moved = _record_after_move(resolved, record, new, day)
    due = overdue(resolved.new, moved, day, holidays_of(resolved.new))
    before = overdue(resolved.old, record, day, holidays_of(resolved.old))
    if due and not before:
        trigger, first = min(due.items(), key=lambda item: (item[1], item[0]))
        days = (day - first).days
        sentence = f"`{trigger}` would have been due on {first}"
        yield Impact(record.id, record.state, "overdue", sentence, days)
    lacks = missing_from_past(resolved.new, moved, day)
    is_free = any(not lack for lack in missing_from_past(resolved.old, record, day).values())
    if is_free and all(lacks.values()) and not resolved.new.states[new].final:
        sentence = "; ".join(f"`{name}` would lack: {lack}" for name, lack in lacks.items())
        yield Impact(
            record.id, record.state, "blocked", sentence or f"nothing leads out of `{new}`"
        )


def _record_after_move(resolved: ResolvedPlan, record: Record, new: str, day: date) -> Record:
    names = resolved.renamed, resolved.kept_states
    what = Migrated(resolved.new.pin, record.state, new, resolved.digest, *names)
    nobody = Actor("", "")
    number = record.number + 1
    return apply(record, Event(record.id, number, what, day, nobody, "", _NEVER))


def _severity_order(impact: Impact) -> tuple[int, int, str]:
    return IMPACT_KINDS.index(impact.kind), -impact.days, impact.record


MOVED_AT_ONCE = 200


@frozen
class MigrationResult(Result):
    """What a migration, or its undoing, did: how many records moved, and which were left alone."""

    moved: int
    not_moved: tuple[str, ...]


def migrate(
    begin: Callable[[], Session],
    plan: MigrationPlan | str,
    provenance: Provenance,
    *,
    on_progress: Callable[[int, int], None],
) -> MigrationResult:
    """Move what runs under the plan's old rules, batch by batch; see `Register.migrate`."""
    session = begin()
    proved = proved_plan(session.rulebook, plan)
    if proved.moves_level:
        why = "moves records between levels, one by one as the inspectorate decides"
        raise InvalidRequest(f"{proved}", why, "use `relevel`")
    _check_request(session, provenance)
    ids = [_checked_id(record, provenance.on) for record in each_record_under(session, proved)]
    move = partial(_migrate_record, proved=proved, provenance=provenance)
    return _in_batches(begin, ids, move, on_progress)


def unmigrate(
    begin: Callable[[], Session],
    plan: MigrationPlan | str,
    provenance: Provenance,
    *,
    on_progress: Callable[[int, int], None],
) -> MigrationResult:
    """Take back what a plan moved, where nobody acted since; see `Register.unmigrate`."""
    session = begin()
    proved = proved_plan(session.rulebook, plan)
    _check_request(session, provenance)
    ids = [record.id for record in each_record_under(session, proved, moved=True)]
    move = partial(_unmigrate_record, proved=proved, provenance=provenance)
    return _in_batches(begin, ids, move, on_progress)


def _check_request(session: Session, provenance: Provenance) -> None:
    check_actor(provenance.actor)
    check_text(provenance.reason, "the reason")
    check_not_future(session, provenance.on, "the migration")


def _checked_id(record: Record, on: date) -> str:
    if record.on > on:
        raise InvalidRequest(
            f"the migration of {on}",
            f"lies before the last event of {record.id} on {record.on}",
            "give a later day; nothing was moved",
        )
    return record.id


def _in_batches(
    begin: Callable[[], Session],
    ids: list[str],
    move: Callable[[Session, Record], bool],
    on_progress: Callable[[int, int], None],
) -> MigrationResult:
    """Move records batch by batch, each kept whole: what stops half-way goes on when asked again.

    Each batch reads its records anew, so what somebody moved meanwhile is passed over.
    """
    done = 0
    not_moved: list[str] = []
    for chunk in chunked(ids, MOVED_AT_ONCE):
        session = begin()
        session.read(tuple(chunk))
        not_moved += [name for name in chunk if not move(session, session.get(name))]
        session.commit()
        done += len(chunk)
        on_progress(done, len(ids))
    return MigrationResult(done - len(not_moved), tuple(not_moved))


def _migrate_record(
    session: Session, record: Record, *, proved: ResolvedPlan, provenance: Provenance
) -> bool:
    here = record.state in proved.plan.states and record.lifecycle == proved.old.pin
    if record.withdrawn or not here:
        return False
    migrate_record(session, proved, record, provenance)
    return True


def _unmigrate_record(
    session: Session, record: Record, *, proved: ResolvedPlan, provenance: Provenance
) -> bool:
    last = _last_manual_event(session.history(record.id))
    if last is None or not isinstance(last.what, Migrated) or last.what.plan != proved.digest:
        return False
    with session.savepoint():
        correct(
            session,
            record.id,
            last.number,
            correction="void",
            to=None,
            entry=None,
            provenance=provenance,
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
