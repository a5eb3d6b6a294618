"""Prove a migration, preview it, and move records by it or back, in the command migrate."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from peelflow.cli import output
from peelflow.cli.options import (
    DEFAULT_URL,
    Format,
    FormatOption,
    OnOption,
    ReasonOption,
    RecordedByOption,
    RegisterOption,
    RulesOption,
    SourceOption,
    opened_register,
    today,
)
from peelflow.errors import InvalidRequest
from peelflow.model.records import Actor
from peelflow.model.rules import MigrationPlan
from peelflow.proof.counterexample import EXIT_CODES
from peelflow.register.migrations import MigrationResult
from peelflow.register.register import Register
from peelflow.rulebook.national import examine

FINDINGS = 1


class MigrationAction(StrEnum):
    """What is to be done with a plan."""

    CHECK = "--check"
    DRY_RUN = "--dry-run"
    APPLY = "--apply"
    UNDO = "--undo"


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
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Prove a plan that moves records to other rules; preview it, move them, or move them back.

    The rules it names are the national ones, those beside it, or those of `--rules`. Exit code 0:
    all is well; 1: the plan is refused, or there are records to look at or left alone; 3: a proof
    is undetermined. What was cut off goes on when it is asked for again.
    """
    asked = {
        MigrationAction.CHECK: check is not None,
        MigrationAction.DRY_RUN: dry_run,
        MigrationAction.APPLY: apply,
    }
    what = [each for each, given in {**asked, MigrationAction.UNDO: undo}.items() if given]
    file = check or plan
    if len(what) != 1 or file is None or (check and plan):
        said, why = "the migration", "does not say which plan, and what to do with it"
        raise InvalidRequest(
            said, why, "give --check PLAN, or PLAN and --dry-run, --apply or --undo"
        )
    plans = proved_plans(file, rules, one=what != [MigrationAction.CHECK])
    for one in plans if form is Format.TABLE else ():
        output.line(f"{one.name}, {one.old} → {one.new}: proved")
    if what == [MigrationAction.CHECK]:
        return
    with opened_register(register, [file, *(rules or [file.parent])]) as here:
        if dry_run:
            _print_preview(here, plans[0], on, form)
            return
        who = Actor(*_required_actor(actor, actor_role))
        told = _move_with_progress(
            here, plans[0], (who, on or today(), reason or "", source, recorded_by), undo=undo
        )
    output.line(f"{told.moved} records moved{' back' if undo else ''}, {len(told.not_moved)} left")
    for each in told.not_moved:
        output.line(f"  left: {each}")
    if told.not_moved:
        raise typer.Exit(FINDINGS)


def _required_actor(actor: str | None, role: str | None) -> tuple[str, str]:
    if actor is None or role is None:
        what, why = "the migration", "does not say who has the records moved"
        raise InvalidRequest(what, why, "give --actor and --actor-role")
    return actor, role


def proved_plans(path: Path, rules: list[Path] | None, *, one: bool) -> tuple[MigrationPlan, ...]:
    """Return the plans of a file once they are proved; stop with what is wrong if they are not."""
    checked = examine(path, *(rules or [path.parent]))
    output.diagnostics(checked.diagnostics)
    file = path.resolve()
    plans = [each for each in checked.rulebook.migrations if _resolved_file(each) == file]
    if not plans and (one or not checked.diagnostics):
        raise InvalidRequest(f"{path}", "is no migration's file", "start it with `migration:`")
    code = EXIT_CODES[checked.verdict]
    if code:
        for each in plans:
            output.line(f"{each.name}, {each.old} → {each.new}: {checked.verdict}")
        raise typer.Exit(code)
    return tuple(plans)


def _resolved_file(plan: MigrationPlan) -> Path:
    return Path(plan.span.file).resolve()


def _print_preview(register: Register, plan: MigrationPlan, on: date | None, form: Format) -> None:
    found = register.preview(plan.name, on=on)
    if form is Format.TABLE:
        output.line(
            f"{found.affected} records affected: {found.stranded} stranded, "
            f"{found.overdue} overdue at once, {found.blocked} blocked"
        )
    columns = ("record", "state", "what", "why")
    body = [(each.record, each.state, each.kind, each.sentence) for each in found.worst]
    if body or form is not Format.TABLE:
        output.rows(columns, body, form)
    if body:
        raise typer.Exit(FINDINGS)


def _move_with_progress(
    register: Register,
    plan: MigrationPlan,
    order: tuple[Actor, date, str, str | None, str | None],
    *,
    undo: bool,
) -> MigrationResult:
    actor, on, reason, source, recorded_by = order
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Moving", total=None)
        move = register.unmigrate if undo else register.migrate
        return move(
            plan.name,
            actor=actor,
            on=on,
            reason=reason,
            source=source,
            recorded_by=recorded_by,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
