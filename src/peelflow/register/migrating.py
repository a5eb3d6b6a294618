"""Move the records of a register to another version of their rules, in batches, and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from attrs import frozen

from peelflow.engine.fold import as_corrected
from peelflow.errors import RequestRefused
from peelflow.model.migration import MigrationPlan
from peelflow.model.records import Acted, Actor, Event, Migrated, Record, Relevelled
from peelflow.model.rules import SYSTEM
from peelflow.register.asking import check_actor, check_day, check_text, event_of
from peelflow.register.moving import put_moved
from peelflow.register.plans import Named, check_mover, proved_plan
from peelflow.register.previewing import each_under
from peelflow.stores.parts import parts

if TYPE_CHECKING:
    from peelflow.register.draft import Draft
    from peelflow.register.front import Register

BATCH = 200


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
    ids = [_checked(record, order.on) for record in each_under(register, proved)]
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
    ids = [record.id for record in each_under(register, proved, moved=True)]
    return _in_batches(
        register, ids, lambda draft, record: _taken_back(draft, proved, record, order), seen
    )


def _check_order(draft: Draft, order: Order) -> None:
    check_actor(order.actor)
    check_text(order.reason, "the reason")
    check_day(draft, order.on, "the migration")


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
    for chunk in parts(ids, BATCH):
        with register.batch() as draft:
            draft.look_up(tuple(chunk))
            for each in chunk:
                if move(draft, draft.get(each)):
                    moved += 1
                else:
                    left.append(each)
        seen(moved + len(left), len(ids))
    return Moved(moved, tuple(left))


def _migrated(draft: Draft, proved: Named, record: Record, order: Order) -> bool:
    new = proved.plan.states.get(record.state)
    if new is None or record.lifecycle != proved.old.pin:
        return False
    check_mover(draft, proved, record, actor=order.actor, on=order.on)
    what = Migrated(draft.pin(proved.new), record.state, new, proved.digest, proved.renamed)
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


def _last_move(history: tuple[Event, ...]) -> Event | None:
    """Return the last move or act that stands, but the system's own that came of a move."""
    moves = [
        event
        for event in as_corrected(history)
        if isinstance(event.what, (Migrated, Relevelled))
        or (isinstance(event.what, Acted) and (event.actor.role != SYSTEM or event.what.due))
    ]
    return moves[-1] if moves else None
