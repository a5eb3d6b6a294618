"""The verb that takes in files: import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from peelflow.cli import say
from peelflow.cli.options import DEFAULT_URL, RulePaths, Url, opened, read_pair
from peelflow.register.front import Register
from peelflow.register.importing import Imported, import_sheets

EXPORT = ".jsonl"
FINDINGS = 1


def import_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CSV sheets, in order, or one export.")
    ],
    *,
    partial: Annotated[
        bool, typer.Option("--partial", help="Keep the good rows though others are bad.")
    ] = False,
    fill: Annotated[
        list[str] | None,
        typer.Option("--fill", metavar="COLUMN=VALUE", help="Fill a column where it is empty."),
    ] = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Import CSV sheets: all rows, or none. Or import an export, `FILE.jsonl`, event by event.

    A sheet's columns tell whether it holds records, acts, appointments, amendments or documents. An
    export goes into a new register, which is then equal to the one it came from.
    """
    with opened(register, rules, make=True) as here:
        if [each.suffix for each in files] == [EXPORT]:
            say.line(f"{_restored(here, files[0])} events kept; the register is the export's equal")
            return
        done = import_with_progress(here, files, dict(map(read_pair, fill or [])), partial=partial)
    say.diagnostics(done.faults)
    say.line(f"{done.kept} rows kept, {done.known} there already, {len(done.faults)} bad")
    if done.faults:
        raise typer.Exit(FINDINGS)


def _restored(register: Register, file: Path) -> int:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Importing", total=None)
        return register.restore(file, seen=lambda done: progress.update(task, completed=done))


def import_with_progress(
    register: Register, files: list[Path], fill: dict[str, str], *, partial: bool = False
) -> Imported:
    """Import sheets, with a progress bar where somebody looks on."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Importing", total=None)
        return import_sheets(
            register,
            files,
            defaults=fill,
            partial=partial,
            seen=lambda done, total: progress.update(task, completed=done, total=total),
        )
