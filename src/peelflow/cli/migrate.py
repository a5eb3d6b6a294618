"""Prove a migration, preview it, and move records by it or back, in the command migrate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import output
from peelflow.cli.options import (
    FINDINGS,
    Format,
    FormatOption,
    OnOption,
    ProvenanceOptions,
    ReasonOption,
    RecordedByOption,
    RegisterOptions,
    SourceOption,
)
from peelflow.errors import InvalidRequest
from peelflow.model.records import Actor
from peelflow.model.rules import MigrationPlan
from peelflow.proof.counterexample import EXIT_CODES
from peelflow.register.migrations import MigrationResult
from peelflow.register.register import Register
from peelflow.rulebook.national import examine


def migrate(
    plan: Annotated[
        Path | None, typer.Argument(metavar="PLAN", help="The migration's file.")
    ] = None,
    *,
    check: Annotated[
        Path | None,
        typer.Option("--check", metavar="PLAN", help="Prove this migration's file; move nothing."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of the register's records.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Move the register's records.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back what it moved, where nobody acted since.")
    ] = False,
    actor: Annotated[str | None, typer.Option("--actor", help="Who has them moved.")] = None,
    actor_role: Annotated[
        str | None, typer.Option("--actor-role", help="The role the actor acts in.")
    ] = None,
    on: OnOption = None,
    reason: ReasonOption = None,
    recorded_by: RecordedByOption = None,
    source: SourceOption = None,
    location: RegisterOptions,
    form: FormatOption = Format.TABLE,
) -> None:
    """Prove a plan that moves records to other rules; preview it, move them, or move them back.

    The rules it names are the national ones, those beside it, or those of `--rules`. Exit code 0:
    all is well; 1: the plan is refused, or there are records to look at or left alone; 3: a proof
    is undetermined. What was cut off goes on when it is asked for again.
    """
    file = _chosen_file(plan, check, actions=(dry_run, apply, undo))
    plans = proved_plans(file, location.rules, single=check is None)
    for proved in plans if form is Format.TABLE else ():
        output.line(f"{proved.name}, {proved.old} → {proved.new}: proved")
    if check is not None:
        return
    with location.opened(beside=file) as register:
        if dry_run:
            _print_preview(register, plans[0], on, form)
            return
        provenance = _required_provenance(
            actor, actor_role, on=on, reason=reason, recorded_by=recorded_by, source=source
        )
        result = _move_with_progress(register, plans[0], provenance, undo=undo)
    output.line(
        f"{result.moved} records moved{' back' if undo else ''}, {len(result.not_moved)} left"
    )
    for record in result.not_moved:
        output.line(f"  left: {record}")
    if result.not_moved:
        raise typer.Exit(FINDINGS)


def _chosen_file(plan: Path | None, check: Path | None, *, actions: Sequence[bool]) -> Path:
    """Return the plan's file, if one plan is named and one thing to do with it."""
    file = check or plan
    if file is None or (check and plan) or sum((check is not None, *actions)) != 1:
        what, why = "the migration", "does not say which plan, and what to do with it"
        raise InvalidRequest(
            what, why, "give --check PLAN, or PLAN and --dry-run, --apply or --undo"
        )
    return file


def _required_provenance(
    actor: str | None,
    role: str | None,
    *,
    on: date | None,
    reason: str | None,
    recorded_by: str | None,
    source: str | None,
) -> ProvenanceOptions:
    if actor is None or role is None:
        what, why = "the migration", "does not say who has the records moved"
        raise InvalidRequest(what, why, "give --actor and --actor-role")
    return ProvenanceOptions(
        actor=actor,
        actor_role=role,
        on=on,
        reason=reason,
        recorded_by=recorded_by,
        source=source,
    )


def proved_plans(
    path: Path, rules: list[Path] | None, *, single: bool
) -> tuple[MigrationPlan, ...]:
    """Return the plans of a file once they are proved; stop with what is wrong if they are not."""
    checked = examine(path, *(rules or [path.parent]))
    output.diagnostics(checked.diagnostics)
    file = path.resolve()
    plans = [plan for plan in checked.rulebook.migrations if Path(plan.span.file).resolve() == file]
    if not plans and (single or not checked.diagnostics):
        raise InvalidRequest(f"{path}", "is no migration's file", "start it with `migration:`")
    code = EXIT_CODES[checked.verdict]
    if code:
        for plan in plans:
            output.line(f"{plan.name}, {plan.old} → {plan.new}: {checked.verdict}")
        raise typer.Exit(code)
    return tuple(plans)


def _print_preview(register: Register, plan: MigrationPlan, on: date | None, form: Format) -> None:
    impact = register.preview(plan.name, on=on)
    if form is Format.TABLE:
        output.line(
            f"{impact.affected} records affected: {impact.stranded} stranded, "
            f"{impact.overdue} overdue at once, {impact.blocked} blocked"
        )
    columns = ("record", "state", "what", "why")
    body = [(worry.record, worry.state, worry.kind, worry.sentence) for worry in impact.worst]
    if body or form is not Format.TABLE:
        output.rows(columns, body, form)
    if body:
        raise typer.Exit(FINDINGS)


def _move_with_progress(
    register: Register, plan: MigrationPlan, provenance: ProvenanceOptions, *, undo: bool
) -> MigrationResult:
    move = register.unmigrate if undo else register.migrate
    with output.progress("Moving") as show:
        return move(
            plan.name,
            actor=Actor(provenance.actor, provenance.actor_role),
            on=provenance.on,
            reason=provenance.reason or "",
            source=provenance.source,
            recorded_by=provenance.recorded_by,
            on_progress=show,
        )
