"""The verbs of the command, and what its exit code says."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout, suppress
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import (
    advising,
    amending,
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
CUT = 128 + 13  # what a shell tells of a command that SIGPIPE ended
_FINDINGS = (Refused, RulesRefused, Conflict, OtherRules, StoreBusy, KeyReused)

app = typer.Typer(
    name="peelflow",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Closure rules of police-inspection recommendations: check them, and run records by them.",
    epilog="Exit codes: 0 fine, 1 findings or a refusal, 2 misuse, 3 undetermined; 141 where "
    "the reader of what is printed left.",
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
    "amend": amending.amend,
    "attach": amending.attach,
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
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, ExitStack() as turned:
        for name, turn in (("stdout", redirect_stdout), ("stderr", redirect_stderr)):
            if getattr(sys, name) is None:  # closed by whoever started it, as by `>&-`
                turned.enter_context(turn(nowhere))
        return _printed(arguments)


def _printed(arguments: Sequence[str] | None) -> int:
    """Do what is asked, see that all of it is printed, and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # an arrow is no reason to stop half-way
    try:
        code = _done(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = CUT
        _drop_rest()
    except OSError as error:
        code = MISUSE
        with suppress(OSError):
            say.complain(f"what there is to say cannot be written: {error.strerror}")
        _drop_rest()
    return code


def _done(arguments: Sequence[str] | None) -> int:
    """Do what is asked, and return the exit code of how that ended."""
    try:
        return _judged(arguments)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None  # Typer and rich make it 1: findings, here
        return MISUSE if isinstance(ended.code, str) else ended.code or 0


def _judged(arguments: Sequence[str] | None) -> int:
    """Do what is asked, and say what of ours went wrong."""
    code = 0
    try:
        app(args=arguments, prog_name="peelflow")
    except PeelflowError as error:
        say.error(error)
        code = FINDINGS if isinstance(error, _FINDINGS) else MISUSE
    return code


def _drop_rest() -> None:
    """Let what is still unwritten go nowhere: as Python ends it would be tried, and fail, again."""
    with Path(os.devnull).open("wb") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # a stream of a host's own has no file
                os.dup2(nowhere.fileno(), stream.fileno())


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
