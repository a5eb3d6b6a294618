"""The verb that holds the register against a list from the portal: reconcile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.cli.options import (
    DEFAULT_URL,
    Force,
    Format,
    Formatted,
    Ledger,
    RulePaths,
    Url,
    opened,
)
from peelflow.portfolio.reconcile import reconcile as reconciled

FINDINGS = 1


def reconcile(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A CSV list with columns record, level and counts."),
    ],
    *,
    ledger: Ledger = "portal",
    force: Force = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
    form: Formatted = Format.TABLE,
) -> None:
    """Compare the register with a list from the portal; nothing is changed.

    Exit code 1 where they differ, or where the list itself has faults.
    """
    with opened(register, rules) as here:
        found = reconciled(here, file, ledger=ledger, force=force)
    if found.faults:
        say.diagnostics(found.faults)
        raise typer.Exit(FINDINGS)
    body = [(each.record, each.kind, each.register, each.portal) for each in found.differences]
    say.rows(("record", "difference", "register", "portal"), body, form)
    if form is Format.TABLE:
        differences = "difference" if len(body) == 1 else "differences"
        say.line(f"{found.listed} listed, {len(body)} {differences}")
    if body:
        raise typer.Exit(FINDINGS)
