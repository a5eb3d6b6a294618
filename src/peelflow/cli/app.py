"""Register every command with Typer, run one, and turn how it ended into an exit code."""

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

from peelflow.cli import exchange, listing, output, portfolio, record, rules, trackers
from peelflow.cli.options import FINDINGS, MISUSE, grouped
from peelflow.errors import (
    Conflict,
    EventVoided,
    InvalidRules,
    KeyReused,
    PeelflowError,
    RulesMismatch,
    StoreBusy,
)
from peelflow.model.decisions import Refused
from peelflow.stores.opening import upgrade_store

store_app: typer.Typer = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Look after the store of a register."
)


@store_app.callback()
def _keep_as_group() -> None:
    """Keep `upgrade` a verb of its own, though it is the only one."""


@store_app.command("upgrade")
def upgrade_tables(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Such as postgresql+psycopg://user@host/name.")
    ],
) -> None:
    """Make peelflow's tables in a database, or bring older ones up to date.

    A newer schema than this peelflow knows is refused. A file needs no upgrade.
    """
    previous = upgrade_store(url)
    if previous is None:
        output.line("a file or memory makes its own tables; there is nothing to do")
    elif previous == 0:
        output.line("the tables are made")
    else:
        output.line(f"the tables are up to date; their schema was {previous}")


READER_LEFT = 128 + 13  # what a shell tells of a command that SIGPIPE ended
_FINDING_ERRORS = (
    Refused,
    InvalidRules,
    Conflict,
    RulesMismatch,
    StoreBusy,
    KeyReused,
    EventVoided,
)

app: typer.Typer = typer.Typer(
    name="peelflow",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Closure rules of police-inspection recommendations: check them, and run records by them.",
    epilog="Exit codes: 0 fine, 1 findings or a refusal, 2 misuse, 3 undetermined; 141 where "
    "the reader of what is printed left.",
)
COMMANDS: Mapping[str, Callable[..., None]] = {
    "demo": exchange.demo,
    "check": rules.check_files,
    "rules": rules.show_rules,
    "diff": rules.diff_rules,
    "migrate": record.migrate,
    "relevel": record.relevel,
    "add": record.add,
    "appoint": record.appoint,
    "import": exchange.import_files,
    "template": trackers.template,
    "list": listing.list_records,
    "show": listing.show_record,
    "why": listing.why,
    "route": listing.route,
    "fire": record.fire,
    "amend": record.amend,
    "attach": record.attach,
    "correct": record.correct,
    "figures": listing.figures,
    "tick": portfolio.tick,
    "overdue": portfolio.overdue,
    "ages": portfolio.ages,
    "plan": portfolio.plan,
    "movement": portfolio.movement,
    "reconcile": portfolio.reconcile,
    "feed": exchange.feed,
    "seal": exchange.seal,
    "verify": exchange.verify,
    "export": exchange.export,
}
_OPTION_ORDER: Mapping[str, str] = {
    "add": "category force issued actor actor_role level field parent state on reason "
    "recorded_by source key register rules",
    "appoint": "force first_day actor actor_role last_day recorded_by source key register rules",
    "fire": "actor actor_role on recorded_by source reason inspection successor document "
    "kind signed_by signed_on key register rules",
    "attach": "kind signed_by signed_on actor actor_role on recorded_by source key register rules",
}
"""The options of commands that leave some of a group out, or part it, in the order of help."""
for _name, _command in COMMANDS.items():
    app.command(_name)(grouped(_command, _OPTION_ORDER.get(_name, "")))
app.add_typer(store_app, name="store")


def run(arguments: Sequence[str] | None) -> int:
    """Run the command and return its exit code."""
    with Path(os.devnull).open("w", encoding="utf-8") as devnull, ExitStack() as redirections:
        for name, redirect in (("stdout", redirect_stdout), ("stderr", redirect_stderr)):
            if getattr(sys, name) is None:  # closed by whoever started it, as by `>&-`
                redirections.enter_context(redirect(devnull))
        return _run_and_flush(arguments)


def _run_and_flush(arguments: Sequence[str] | None) -> int:
    """Do what is asked, see that all of it is printed, and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # an arrow is no reason to stop half-way
    try:
        code = _exit_code(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = READER_LEFT
        _discard_unwritten()
    except OSError as error:
        code = MISUSE
        with suppress(OSError):
            output.error_line(f"what there is to say cannot be written: {error.strerror}")
        _discard_unwritten()
    return code


def _exit_code(arguments: Sequence[str] | None) -> int:
    """Do what is asked, and return the exit code of how that exit_."""
    try:
        return _invoke(arguments)
    except SystemExit as exit_:
        if isinstance(exit_.__context__, BrokenPipeError):
            raise exit_.__context__ from None  # Typer and rich make it 1: findings, here
        return MISUSE if isinstance(exit_.code, str) else exit_.code or 0


def _invoke(arguments: Sequence[str] | None) -> int:
    """Do what is asked, and say what of ours went wrong."""
    code = 0
    try:
        app(args=arguments, prog_name="peelflow")
    except PeelflowError as error:
        output.error(error)
        code = FINDINGS if isinstance(error, _FINDING_ERRORS) else MISUSE
    return code


def _discard_unwritten() -> None:
    """Let what is still unwritten go nowhere: as Python ends it would be tried, and fail, again."""
    with Path(os.devnull).open("wb") as devnull:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # a stream of a host's own has no file
                os.dup2(devnull.fileno(), stream.fileno())


def _print_version(*, asked: bool) -> None:
    if asked:
        output.line(f"peelflow {version('peelflow')}")
        raise typer.Exit


@app.callback()
def _root_options(
    *,
    asked: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and stop.",
            callback=lambda asked: _print_version(asked=asked),
            is_eager=True,
        ),
    ] = False,
) -> None:
    del asked
