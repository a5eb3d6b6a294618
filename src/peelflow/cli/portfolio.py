"""Run the commands that take all records together.

They are overdue, ages, plan, movement, reconcile and tick; only tick writes.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import output
from peelflow.cli.options import (
    FINDINGS,
    AsOnOption,
    ForceOption,
    Format,
    FormatOptions,
    LedgerOption,
    RegisterOptions,
    day_option,
    today,
)
from peelflow.model.records import Event, TransitionTaken
from peelflow.portfolio.listing import Attribution, RecordRow
from peelflow.portfolio.listing import ages as ages_of
from peelflow.portfolio.movement import movement as movement_of
from peelflow.portfolio.overdue import OverdueRecord, UndatedRecord
from peelflow.portfolio.overdue import overdue as overdue_of
from peelflow.portfolio.plan import PlannedInspection, Verifiable
from peelflow.portfolio.plan import inspection_plan as plan_of
from peelflow.portfolio.reconcile import Difference, DifferenceKind, LedgerEntry
from peelflow.portfolio.reconcile import reconcile as reconciled
from peelflow.register.timers import Deadline, PendingTimer

_RECORD_COLUMNS = ("record", "category", "level", "state", "owner")
_ATTRIBUTION_COLUMNS = ("decided by", "recorded by", "on")


def overdue(
    *,
    on: AsOnOption = None,
    force: ForceOption = None,
    location: RegisterOptions,
    form: FormatOptions,
) -> None:
    """List the open records past their day, and those that have none."""
    with location.opened() as register:
        listed = overdue_of(register, on or today(), force=force)
    columns = (
        *_RECORD_COLUMNS,
        *("what", "original", "due", "days over", "slipped", "reasons"),
        *_ATTRIBUTION_COLUMNS,
    )
    dated = [_overdue_row(record) for record in listed.records]
    undated = [_undated_row(record) for record in listed.undated]
    numbers = ("days over", "slipped")
    if form.chosen is not Format.TABLE:
        output.rows(columns, [*dated, *undated], form.chosen, numbers=numbers)
        return
    for body, title in ((dated, f"Overdue on {listed.on}"), (undated, "Without a day")):
        if body:
            output.rows(columns, body, title=title, numbers=numbers)
            output.line()
    output.line(f"{len(dated)} overdue, {len(undated)} without a day")


def ages(
    *,
    on: AsOnOption = None,
    force: ForceOption = None,
    location: RegisterOptions,
    form: FormatOptions,
) -> None:
    """List how long ago each open record was published, the oldest first."""
    day = on or today()
    with location.opened() as register:
        body = [
            (
                *_record_cells(age.row),
                age.published,
                age.days,
                *_attribution_cells(age.attribution),
            )
            for age in ages_of(register, day, force=force)
        ]
    columns = (*_RECORD_COLUMNS, "published", "days", *_ATTRIBUTION_COLUMNS)
    output.rows(columns, body, form.chosen, title=f"Open on {day}", numbers=("days",))


def plan(
    *,
    on: AsOnOption = None,
    force: ForceOption = None,
    location: RegisterOptions,
    form: FormatOptions,
) -> None:
    """List what each coming inspection could verify, and what must be done first for others."""
    with location.opened() as register:
        planned = plan_of(register, on or today(), force=force)
    columns = (*_RECORD_COLUMNS, "question", "could", "first", "with", *_ATTRIBUTION_COLUMNS)
    if form.chosen is not Format.TABLE:
        body = [row for inspection in planned for row in _inspection_rows(inspection)]
        output.rows(("inspection", "kind", "from", "to", *columns), body, form.chosen)
        return
    for inspection in planned:
        output.line(_say_inspection(inspection), "bold")
        for records, heading in (
            (inspection.ready, "Ready for it"),
            (inspection.first, "First in need of something"),
        ):
            if records:
                body = [_verifiable_cells(record) for record in records]
                output.rows(columns, body, title=f"{heading}: {len(records)}")
        if not (inspection.ready or inspection.first):
            output.line("no open record is known that it could verify")
        output.line()
    if not planned:
        output.line("no inspection is planned for that day or later")


def movement(
    *,
    after: Annotated[date, day_option("--after", "What moved after this day.")],
    until: Annotated[
        date | None, day_option("--until", "And up to the end of this one; today when left out.")
    ] = None,
    force: ForceOption = None,
    ledger: LedgerOption = "portal",
    location: RegisterOptions,
    form: FormatOptions,
) -> None:
    """List what is new, what closed and what re-opened between two days."""
    last_day = until or today()
    with location.opened() as register:
        body = [
            (
                moved.on,
                moved.kind,
                moved.counts,
                *_record_cells(moved.row),
                str(moved.attribution.actor),
                moved.attribution.recorded_by,
                moved.reason,
            )
            for moved in movement_of(
                register, after=after, until=last_day, ledger=ledger, force=force
            )
        ]
    columns = ("on", "what", "counts", *_RECORD_COLUMNS, "decided by", "recorded by", "reason")
    title = f"On the ledger {ledger} after {after} until {last_day}"
    output.rows(columns, body, form.chosen, title=title)


def _record_cells(row: RecordRow) -> tuple[output.Cell, ...]:
    return (row.record, row.category, output.say_level(row.level), row.state, row.owner)


def _overdue_row(record: OverdueRecord) -> tuple[output.Cell, ...]:
    deadline, is_own = record.deadline, record.what == "record"
    return (
        *_record_cells(record.row),
        record.what,
        deadline.original if is_own else None,
        record.due,
        record.days_over,
        *(_slip_cells(deadline) if is_own else (None, None)),
        *_attribution_cells(record.attribution),
    )


def _undated_row(record: UndatedRecord) -> tuple[output.Cell, ...]:
    deadline = record.deadline
    return (
        *_record_cells(record.row),
        record.what,
        deadline.original,
        deadline.state.why if deadline.state else deadline.words or "none",
        None,
        *_slip_cells(deadline),
        *_attribution_cells(record.attribution),
    )


def _slip_cells(deadline: Deadline) -> tuple[int, str]:
    """Say how often a day slipped, and each time to what day, why, and by whose act."""
    slips = [
        f"{slip.day or 'none'}: {slip.reason} ({slip.actor}, recorded by {slip.recorded_by})"
        for slip in deadline.changes
    ]
    return len(slips), "; ".join(slips)


def _say_inspection(planned: PlannedInspection) -> str:
    inspection = planned.inspection
    title = f", {planned.title}" if planned.title else ""
    days = f"{inspection.first_day} to {inspection.last_day}"
    return f"{inspection.id}, {inspection.kind}, {days}{title}"


def _inspection_rows(planned: PlannedInspection) -> list[tuple[output.Cell, ...]]:
    inspection = planned.inspection
    days = (inspection.first_day, inspection.last_day)
    return [
        (inspection.id, inspection.kind, *days, *_verifiable_cells(record))
        for record in (*planned.ready, *planned.first)
    ]


def _verifiable_cells(record: Verifiable) -> tuple[output.Cell, ...]:
    return (
        *_record_cells(record.row),
        record.question,
        record.trigger,
        ", ".join(record.steps),
        ", ".join(record.evidence),
        *_attribution_cells(record.waiting),
    )


def _attribution_cells(attribution: Attribution | None) -> tuple[output.Cell, ...]:
    if attribution is None:
        return (None, None, None)
    return (str(attribution.actor), attribution.recorded_by, attribution.on)


def reconcile(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A CSV list with columns record, level and counts."),
    ],
    *,
    ledger: LedgerOption = "portal",
    force: ForceOption = None,
    location: RegisterOptions,
    form: FormatOptions,
) -> None:
    """Compare the register with a list from the portal; nothing is changed.

    Exit code 1 where they differ, or where the list itself has faults.
    """
    with location.opened() as register:
        result = reconciled(register, file, ledger=ledger, force=force)
    if result.faults:
        output.diagnostics(result.faults)
        raise typer.Exit(FINDINGS)
    body = [_difference_cells(difference) for difference in result.differences]
    output.rows(("record", "difference", "register", "portal"), body, form.chosen)
    if form.chosen is Format.TABLE:
        differences = "difference" if len(body) == 1 else "differences"
        output.line(f"{result.listed} listed, {len(body)} {differences}")
    if body:
        raise typer.Exit(FINDINGS)


def _difference_cells(difference: Difference) -> tuple[output.Cell, ...]:
    entries = (difference.register, difference.portal)
    says = (_say_entry(entry, difference.kind) for entry in entries)
    return (difference.record, difference.kind, *says)


def _say_entry(entry: LedgerEntry | None, kind: DifferenceKind) -> str | None:
    if entry is None:
        return None
    level, counts = output.say_level(entry[0]), entry[1]
    return {"level": level, "counts": counts}.get(kind, f"level {level}, {counts}")


def tick(
    *,
    on: AsOnOption = None,
    location: RegisterOptions,
) -> None:
    """Do what time itself does: every timed step that is due, once, dated this day.

    It may run as often as you like, and beside others: nothing is done twice.
    """
    with location.opened() as register:
        result = register.tick(on=on or today())
    for event in result.fired:
        output.line(_say_fired(event))
    for timer in result.pending:
        output.line(f"{timer.record}: {_say_pending(timer)}: {timer.why}")
    for record in result.passed_over:
        output.line(f"{record}: moved by somebody else meanwhile; tick again")
    waiting = f"{len(result.pending)} waiting, {len(result.passed_over)} passed over"
    output.line(f"{len(result.fired)} done on {result.on}, {waiting}")


def _say_pending(timer: PendingTimer) -> str:
    if timer.due is None:
        return f"nobody can tell whether `{timer.trigger}` is due"
    return f"`{timer.trigger}` was due on {timer.due} and waits"


def _say_fired(event: Event) -> str:
    what = event.what
    due = what.due if isinstance(what, TransitionTaken) else None
    states = f"`{what.old}` → `{what.new}`" if isinstance(what, TransitionTaken) else ""
    return f"{event.record}: {states} (due {due}, event {event.number})"
