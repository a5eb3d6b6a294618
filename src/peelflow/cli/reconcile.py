"""Compare the register with a list from the portal, in the command reconcile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import output
from peelflow.cli.options import (
    ForceOption,
    Format,
    LedgerOption,
    RegisterOptions,
)
from peelflow.cli.selecting import (
    PrintingOptions,
)
from peelflow.cli.settings import FINDINGS
from peelflow.portfolio.reconcile import Difference, DifferenceKind, LedgerEntry
from peelflow.portfolio.reconcile import reconcile as reconciled
from peelflow.reports.content import Table


def reconcile(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A CSV list with columns record, level and counts."),
    ],
    *,
    ledger: LedgerOption = "portal",
    force: ForceOption = None,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """Compare the register with a list from the portal; nothing is changed.

    Exit code 1 where they differ, or where the list itself has faults.
    """
    with location.reader() as register:
        result = reconciled(register, file, ledger=ledger, force=force)
    if result.faults:
        output.diagnostics(result.faults)
        raise typer.Exit(FINDINGS)
    body = tuple(map(_difference_cells, result.differences))
    columns = ("record", "difference", "register", "portal")
    printing.show(Table("differences", "", columns, body))
    if printing.chosen is Format.TABLE:
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
