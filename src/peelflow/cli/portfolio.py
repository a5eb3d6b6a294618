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
    DEFAULT_URL,
    AsOnOption,
    ForceOption,
    Format,
    FormatOption,
    LedgerOption,
    RegisterOption,
    RulesOption,
    opened_register,
    read_day,
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
from peelflow.portfolio.reconcile import reconcile as reconciled
from peelflow.register.timers import Deadline, PendingTimer

_RECORD_COLUMNS = ("record", "category", "level", "state", "owner")
_ATTRIBUTION_COLUMNS = ("decided by", "recorded by", "on")


def overdue(
    *,
    on: AsOnOption = None,
    force: ForceOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the open records past their day, and those that have none."""
    with opened_register(register, rules) as here:
        found = overdue_of(here, on or today(), force=force)
    columns = (
        *_RECORD_COLUMNS,
        "what",
        "original",
        "due",
        "days over",
        "slipped",
        "reasons",
        *_ATTRIBUTION_COLUMNS,
    )
    body = [
        (*_record_cells(each.row), *_overdue_cells(each), *_attribution_cells(each.hand))
        for each in found.records
    ]
    bare = [
        (*_record_cells(each.row), *_undated_cells(each), *_attribution_cells(each.hand))
        for each in found.undated
    ]
    numbers = ("days over", "slipped")
    if form is not Format.TABLE:
        output.rows(columns, [*body, *bare], form, numbers=numbers)
        return
    for some, title in ((body, f"Overdue on {found.on}"), (bare, "Without a day")):
        if some:
            output.rows(columns, some, title=title, numbers=numbers)
            output.line()
    output.line(f"{len(body)} overdue, {len(bare)} without a day")


def ages(
    *,
    on: AsOnOption = None,
    force: ForceOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List how long ago each open record was published, the oldest first."""
    day = on or today()
    with opened_register(register, rules) as here:
        body = [
            (
                *_record_cells(each.row),
                each.published.isoformat() if each.published else None,
                each.days,
                *_attribution_cells(each.hand),
            )
            for each in ages_of(here, day, force=force)
        ]
    columns = (*_RECORD_COLUMNS, "published", "days", *_ATTRIBUTION_COLUMNS)
    output.rows(columns, body, form, title=f"Open on {day}", numbers=("days",))


def plan(
    *,
    on: AsOnOption = None,
    force: ForceOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what each coming inspection could verify, and what must be done first for others."""
    with opened_register(register, rules) as here:
        found = plan_of(here, on or today(), force=force)
    columns = (*_RECORD_COLUMNS, "question", "could", "first", "with", *_ATTRIBUTION_COLUMNS)
    if form is not Format.TABLE:
        body = [row for each in found for row in _planned_rows(each)]
        output.rows(("inspection", "kind", "from", "to", *columns), body, form)
        return
    for each in found:
        output.line(_say_inspection(each), "bold")
        for records, what in (
            (each.ready, "Ready for it"),
            (each.first, "First in need of something"),
        ):
            if records:
                body = [_verifiable_cells(record) for record in records]
                output.rows(columns, body, title=f"{what}: {len(records)}")
        if not (each.ready or each.first):
            output.line("no open record is known that it could verify")
        output.line()
    if not found:
        output.line("no inspection is planned for that day or later")


def movement(
    *,
    after: Annotated[
        date,
        typer.Option(
            "--after", parser=read_day, metavar="YYYY-MM-DD", help="What moved after this day."
        ),
    ],
    until: Annotated[
        date | None,
        typer.Option(
            "--until",
            parser=read_day,
            metavar="YYYY-MM-DD",
            help="And up to the end of this one; today when left out.",
        ),
    ] = None,
    force: ForceOption = None,
    ledger: LedgerOption = "portal",
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what is new, what closed and what re-opened between two days."""
    last = until or today()
    with opened_register(register, rules) as here:
        body = [
            (
                each.on.isoformat(),
                each.kind,
                each.counts,
                *_record_cells(each.row),
                str(each.hand.actor),
                each.hand.recorded_by,
                each.reason,
            )
            for each in movement_of(here, after=after, until=last, ledger=ledger, force=force)
        ]
    columns = ("on", "what", "counts", *_RECORD_COLUMNS, "decided by", "recorded by", "reason")
    output.rows(columns, body, form, title=f"On the ledger {ledger} after {after} until {last}")


def _record_cells(row: RecordRow) -> tuple[output.Cell, ...]:
    return (row.record, row.category, str(row.level or "none"), row.state, row.owner)


def _overdue_cells(each: OverdueRecord) -> tuple[output.Cell, ...]:
    due = each.due.isoformat() if each.due else None
    if each.what == "state":
        return (each.what, None, due, each.days_over, None, None)
    return (
        each.what,
        _original_day(each.deadline),
        due,
        each.days_over,
        *_slip_cells(each.deadline),
    )


def _undated_cells(each: UndatedRecord) -> tuple[output.Cell, ...]:
    state, words = each.deadline.state, each.deadline.words or "none"
    due = state.why if state else words
    return (each.what, _original_day(each.deadline), due, None, *_slip_cells(each.deadline))


def _original_day(deadline: Deadline) -> str | None:
    return deadline.original.isoformat() if deadline.original else None


def _slip_cells(deadline: Deadline) -> tuple[int, str]:
    """Say how often a day slipped, and each time to what day, why, and by whose act."""
    told = [
        f"{each.day or 'none'}: {each.reason} ({each.actor}, recorded by {each.recorded_by})"
        for each in deadline.changes
    ]
    return len(told), "; ".join(told)


def _say_inspection(planned: PlannedInspection) -> str:
    held = planned.inspection
    title = f", {planned.title}" if planned.title else ""
    return f"{held.id}, {held.kind}, {held.first_day} to {held.last_day}{title}"


def _planned_rows(planned: PlannedInspection) -> list[tuple[output.Cell, ...]]:
    held = planned.inspection
    own = (held.id, held.kind, held.first_day.isoformat(), held.last_day.isoformat())
    return [(*own, *_verifiable_cells(each)) for each in (*planned.ready, *planned.first)]


def _verifiable_cells(each: Verifiable) -> tuple[output.Cell, ...]:
    return (
        *_record_cells(each.row),
        each.question,
        each.trigger,
        ", ".join(each.steps),
        ", ".join(each.evidence),
        *_attribution_cells(each.waiting),
    )


def _attribution_cells(hand: Attribution | None) -> tuple[output.Cell, ...]:
    if hand is None:
        return (None, None, None)
    return (str(hand.actor), hand.recorded_by, hand.on.isoformat())


FINDINGS = 1


def reconcile(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A CSV list with columns record, level and counts."),
    ],
    *,
    ledger: LedgerOption = "portal",
    force: ForceOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Compare the register with a list from the portal; nothing is changed.

    Exit code 1 where they differ, or where the list itself has faults.
    """
    with opened_register(register, rules) as here:
        found = reconciled(here, file, ledger=ledger, force=force)
    if found.faults:
        output.diagnostics(found.faults)
        raise typer.Exit(FINDINGS)
    body = [(each.record, each.kind, each.register, each.portal) for each in found.differences]
    output.rows(("record", "difference", "register", "portal"), body, form)
    if form is Format.TABLE:
        differences = "difference" if len(body) == 1 else "differences"
        output.line(f"{found.listed} listed, {len(body)} {differences}")
    if body:
        raise typer.Exit(FINDINGS)


def tick(
    *,
    on: Annotated[
        date | None,
        typer.Option(
            "--on", parser=read_day, metavar="YYYY-MM-DD", help="The day; today when left out."
        ),
    ] = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Do what time itself does: every timed step that is due, once, dated this day.

    It may run as often as you like, and beside others: nothing is done twice.
    """
    with opened_register(register, rules) as here:
        done = here.tick(on=on or today())
    for event in done.fired:
        output.line(_say_fired(event))
    for left in done.pending:
        output.line(f"{left.record}: {_say_left(left)}: {left.why}")
    for record in done.passed_over:
        output.line(f"{record}: moved by somebody else meanwhile; tick again")
    counted = f"{len(done.pending)} waiting, {len(done.passed_over)} passed over"
    output.line(f"{len(done.fired)} done on {done.on}, {counted}")


def _say_left(left: PendingTimer) -> str:
    if left.due is None:
        return f"nobody can tell whether `{left.trigger}` is due"
    return f"`{left.trigger}` was due on {left.due} and waits"


def _say_fired(event: Event) -> str:
    what = event.what
    due = what.due if isinstance(what, TransitionTaken) else None
    said = f"`{what.old}` → `{what.new}`" if isinstance(what, TransitionTaken) else ""
    return f"{event.record}: {said} (due {due}, event {event.number})"
