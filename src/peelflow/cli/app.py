"""The verbs of the command, and what its exit code says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer

from peelflow.cli import (
    advising,
    changing,
    demo,
    importing,
    keeping,
    migrating,
    moving,
    portfolio,
    reading,
    reconciling,
    rules,
    say,
    ticking,
    writing,
)
from peelflow.cli.store import store
from peelflow.errors import (
    Conflict,
    KeyReused,
    OtherRules,
    PeelflowError,
    Refused,
    RulesRefused,
    StoreBusy,
)

FINDINGS, MISUSE = 1, 2
_FINDINGS = (Refused, RulesRefused, Conflict, OtherRules, StoreBusy, KeyReused)

app = typer.Typer(
    name="peelflow",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Closure rules of police-inspection recommendations: check them, and run records by them.",
    epilog="Exit codes: 0 fine, 1 findings or a refusal, 2 misuse, 3 undetermined.",
)
VERBS: Mapping[str, Callable[..., None]] = {
    "demo": demo.demo,
    "check": rules.check_files,
    "rules": rules.show_rules,
    "diff": changing.diff_rules,
    "migrate": migrating.migrate,
    "relevel": moving.relevel,
    "add": writing.add,
    "appoint": writing.appoint,
    "import": importing.import_files,
    "list": reading.list_records,
    "show": reading.show,
    "why": advising.why,
    "route": advising.route,
    "fire": writing.fire,
    "correct": moving.correct,
    "figures": reading.figures,
    "tick": ticking.tick,
    "overdue": portfolio.overdue,
    "ages": portfolio.ages,
    "plan": portfolio.plan,
    "movement": portfolio.movement,
    "reconcile": reconciling.reconcile,
    "feed": keeping.feed,
    "seal": keeping.seal,
    "verify": keeping.verify,
    "export": keeping.export,
}
for name, verb in VERBS.items():
    app.command(name)(verb)
app.add_typer(store, name="store")


def run(arguments: Sequence[str] | None) -> int:
    """Run the command and return its exit code."""
    code: str | int | None = 0
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # an arrow is no reason to stop half-way
    try:
        app(args=arguments, prog_name="peelflow")
    except SystemExit as ended:
        code = ended.code
    except PeelflowError as error:
        say.error(error)
        code = FINDINGS if isinstance(error, _FINDINGS) else MISUSE
    except OSError as error:
        say.complain(f"what there is to say cannot be written: {error.strerror}")
        code = MISUSE
    return MISUSE if isinstance(code, str) else code or 0


def _version(*, asked: bool) -> None:
    if asked:
        say.line(f"peelflow {version('peelflow')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    asked: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and stop.",
            callback=lambda asked: _version(asked=asked),
            is_eager=True,
        ),
    ] = False,
) -> None:
    del asked
