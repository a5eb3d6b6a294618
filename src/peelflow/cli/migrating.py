"""The verb that moves records to other rules: migrate."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from peelflow.cli import say
from peelflow.cli.options import (
    DEFAULT_URL,
    Format,
    Formatted,
    OnDay,
    Reason,
    RecordedBy,
    RulePaths,
    Source,
    Url,
    opened,
    today,
)
from peelflow.errors import RequestRefused
from peelflow.model.migration import MigrationPlan
from peelflow.model.records import Actor
from peelflow.proof.verdicts import EXIT_CODES
from peelflow.register.front import Register
from peelflow.register.migrating import Moved
from peelflow.rulebook.load import examine

FINDINGS = 1


class What(StrEnum):
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
    on: OnDay = None,
    reason: Reason = None,
    recorded_by: RecordedBy = None,
    source: Source = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
    form: Formatted = Format.TABLE,
) -> None:
    """Prove a plan that moves records to other rules; preview it, move them, or move them back.

    The rules it names are the national ones, those beside it, or those of `--rules`. Exit code 0:
    all is well; 1: the plan is refused, or there are records to look at or left alone; 3: a proof
    is undetermined. What was cut off goes on when it is asked for again.
    """
    asked = {What.CHECK: check is not None, What.DRY_RUN: dry_run, What.APPLY: apply}
    what = [each for each, given in {**asked, What.UNDO: undo}.items() if given]
    file = check or plan
    if len(what) != 1 or file is None or (check and plan):
        said, why = "the migration", "does not say which plan, and what to do with it"
        raise RequestRefused(
            said, why, "give --check PLAN, or PLAN and --dry-run, --apply or --undo"
        )
    plans = proved(file, rules, one=what != [What.CHECK])
    for one in plans if form is Format.TABLE else ():
        say.line(f"{one.name}, {one.old} → {one.new}: proved")
    if what == [What.CHECK]:
        return
    with opened(register, [file, *(rules or [file.parent])]) as here:
        if dry_run:
            _preview(here, plans[0], on, form)
            return
        who = Actor(*_given(actor, actor_role))
        told = _moved(
            here, plans[0], (who, on or today(), reason or "", source, recorded_by), undo=undo
        )
    say.line(f"{told.moved} records moved{' back' if undo else ''}, {len(told.left)} left")
    for each in told.left:
        say.line(f"  left: {each}")
    if told.left:
        raise typer.Exit(FINDINGS)


def _given(actor: str | None, role: str | None) -> tuple[str, str]:
    if actor is None or role is None:
        what, why = "the migration", "does not say who has the records moved"
        raise RequestRefused(what, why, "give --actor and --actor-role")
    return actor, role


def proved(path: Path, rules: list[Path] | None, *, one: bool) -> tuple[MigrationPlan, ...]:
    """Return the plans of a file once they are proved; stop with what is wrong if they are not."""
    checked = examine(path, *(rules or [path.parent]))
    say.diagnostics(checked.found)
    file = path.resolve()
    plans = [each for each in checked.rulebook.migrations if _file(each) == file]
    if not plans and (one or not checked.found):
        raise RequestRefused(f"{path}", "is no migration's file", "start it with `migration:`")
    code = EXIT_CODES[checked.verdict]
    if code:
        for each in plans:
            say.line(f"{each.name}, {each.old} → {each.new}: {checked.verdict}")
        raise typer.Exit(code)
    return tuple(plans)


def _file(plan: MigrationPlan) -> Path:
    return Path(plan.span.file).resolve()


def _preview(register: Register, plan: MigrationPlan, on: date | None, form: Format) -> None:
    found = register.preview(plan.name, on=on)
    if form is Format.TABLE:
        say.line(
            f"{found.affected} records affected: {found.stranded} stranded, "
            f"{found.overdue} overdue at once, {found.blocked} blocked"
        )
    columns = ("record", "state", "what", "why")
    body = [(each.record, each.state, each.kind, each.sentence) for each in found.worst]
    if body or form is not Format.TABLE:
        say.rows(columns, body, form)
    if body:
        raise typer.Exit(FINDINGS)


def _moved(
    register: Register,
    plan: MigrationPlan,
    order: tuple[Actor, date, str, str | None, str | None],
    *,
    undo: bool,
) -> Moved:
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
            seen=lambda done, total: progress.update(task, completed=done, total=total),
        )
