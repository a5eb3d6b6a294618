"""Move one record to other rules under a proved plan: another version, or another level."""

from __future__ import annotations

from datetime import date

from attrs import evolve

from peelflow.engine.ledger import changes_on_move
from peelflow.errors import RequestRefused
from peelflow.model.migration import MigrationPlan
from peelflow.model.records import Actor, Event, Migrated, Record, Relevelled
from peelflow.register.asking import check_next_day, check_text, event_of
from peelflow.register.draft import Draft
from peelflow.register.plans import Named, check_mover, proved_plan


def relevel(
    draft: Draft,
    record: str,
    *,
    plan: MigrationPlan | str,
    actor: Actor,
    on: date,
    source: str,
    reason: str,
    recorded_by: str | None,
    key: str | None,
) -> Event:
    """Take the move of a record to another level into a draft; see `Register.relevel`."""
    proved = proved_plan(draft.rulebook, plan)
    known = draft.get(record)
    levels = proved.new.applies_to.level
    if not proved.moves_level or len(levels) != 1:
        why = "does not move records from one level to one other"
        raise RequestRefused(f"{proved}", why, "use `migrate` for another version of its rules")
    new = proved.plan.states.get(known.state, "")
    what = Relevelled(
        known.level,
        levels[0],
        draft.pin(proved.new),
        known.state,
        new,
        proved.digest,
        proved.plan.letters,
        proved.renamed,
    )
    event = event_of(
        draft,
        what,
        record,
        number=known.number + 1,
        on=on,
        actor=actor,
        recorded_by=recorded_by,
        reason=reason,
        source=source,
        key=key,
    )
    first = draft.repeated(event)
    if first is not None:
        return first
    check_text(reason, f"{record}: the reason")
    check_runs(proved, known)
    check_mover(draft, proved, known, actor=actor, on=on)
    check_next_day(draft, on, known)
    return put_moved(draft, event, what)


def put_moved(draft: Draft, event: Event, what: Relevelled | Migrated) -> Event:
    """Take a move into a draft, counted, and what the system then does by itself."""
    known = draft.get(event.record)
    changes = changes_on_move(known, what, event.on, draft.desk.lifecycle_of)
    moved = draft.put(evolve(event, changes=changes))
    draft.settle(event.record, moved)
    return moved


def check_runs(proved: Named, record: Record) -> None:
    """Refuse a record that a plan does not start from, or that stands where it is mute."""
    if record.lifecycle != proved.old.pin:
        why = f"runs under {record.lifecycle}, and {proved} moves records of {proved.old}"
        raise RequestRefused(record.id, why, "use a plan that starts there")
    if record.state not in proved.plan.states:
        why = f"is `{record.state}`, and {proved} does not say where that goes"
        raise RequestRefused(record.id, why, f"map `{record.state}` in the plan")
