"""The demo: the West Midlands portfolio of March 2023, run through the national rules."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.cli.importing import import_with_progress
from peelflow.cli.options import opened
from peelflow.cli.reading import print_figures
from peelflow.rulebook.shipped import folder

FINDINGS = 1
PAPER = date(2023, 3, 30)
DEMO_URL = "peelflow-demo.db"


def demo(
    register: Annotated[
        str, typer.Option("--register", help="Where the demo's register is made.")
    ] = DEMO_URL,
) -> None:
    """Run the West Midlands example and print its table."""
    sheets = sorted((folder("examples") / "west_midlands").glob("*.csv"))
    with opened(register, None, make=True) as here:
        done = import_with_progress(here, sheets, {})
        if done.faults:
            say.diagnostics(done.faults)
            say.complain(f"{register} holds something else; remove it, or name another file")
            raise typer.Exit(FINDINGS)
        say.line(f"{done.kept} rows imported into {register}, {done.known} there already")
        say.line()
        print_figures(here.figures(as_at=PAPER), "portal")
    say.line()
    say.line(f"Next: peelflow list --register {register} --counts open")
    say.line(f"      peelflow show WMP-R3-031 --register {register}")
