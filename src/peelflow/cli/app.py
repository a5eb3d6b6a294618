"""Register every command with Typer, run one, and turn how it ended into an exit code."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout, suppress
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import (
    daily,
    exchange,
    listing,
    output,
    paper,
    portfolio,
    questions,
    record,
    rules,
    trackers,
)
from peelflow.cli.options import FINDINGS, MISUSE, grouped
from peelflow.cli.settings import current_settings, read_settings, use_settings
from peelflow.errors import (
    Conflict,
    EventVoided,
    InvalidRules,
    KeyReused,
    PeelflowError,
    RulesMismatch,
    StoreBusy,
    Unverified,
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
    Unverified,
)

app: typer.Typer = typer.Typer(
    name="peelflow",
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Closure rules of police-inspection recommendations: check them, and run records by them.",
    epilog="Each trigger of the rules is a command too, such as `peelflow close R-1`. Exit codes: "
    "0 fine, 1 findings or a refusal, 2 misuse, 3 undetermined; 141 where the reader of what is "
    "printed left.",
)
COMMANDS: Mapping[str, Callable[..., None]] = {
    "demo": exchange.demo,
    "check": rules.check_files,
    "rules": rules.show_rules,
    "diff": rules.diff_rules,
    "migrate": record.migrate,
    "relevel": record.relevel,
    "remap": questions.remap,
    "add": record.add,
    "appoint": record.appoint,
    "import": exchange.import_files,
    "template": trackers.template,
    "whoami": daily.whoami,
    "do": daily.do,
    "list": listing.list_records,
    "search": listing.search,
    "show": listing.show_record,
    "why": listing.why,
    "route": listing.route,
    "fire": record.fire,
    "amend": record.amend,
    "attach": record.attach,
    "link": record.link,
    "correct": record.correct,
    "figures": listing.figures,
    "paper": paper.paper,
    "tick": portfolio.tick,
    "overdue": portfolio.overdue,
    "due": portfolio.due,
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
    "add": "category force issued actor actor_role level graded field parent state on reason "
    "recorded_by source key register rules verbose",
    "appoint": "force first_day actor actor_role last_day recorded_by source key register rules "
    "verbose",
    "fire": "actor actor_role on recorded_by source reason inspection successor document "
    "kind signed_by signed_on key register rules verbose",
    "attach": "kind signed_by signed_on actor actor_role on recorded_by source key register rules "
    "verbose",
}
"""The options of commands that leave some of a group out, or part it, in the order of help."""
EXAMPLES: Mapping[str, str] = {
    "demo": "--register demo.db",
    "check": "rules",
    "rules": "level-2",
    "diff": "before plan/rules",
    "whoami": "",
    "appoint": "chief-1 chief_constable --force west-midlands --first-day 2024-01-01",
    "add": "R-1 --category recommendation --level 2 --force west-midlands --issued 2024-01-09",
    "amend": 'R-1 owner lead-1 --reason "Agreed on Monday" --on 2024-01-10',
    "do": "R-1 start --on 2024-01-10",
    "attach": "R-1 letter.pdf --signed-by chief-1 --signed-on 2024-02-01 --on 2024-02-01",
    "why": "R-1 close --as chief_constable --by chief-1 --on 2024-02-01",
    "fire": "R-1 close --actor chief-1 --actor-role chief_constable --on 2024-02-01",
    "correct": 'R-1 5 --void --reason "Another record was meant" --actor chief-1 '
    "--actor-role chief_constable --on 2024-02-02",
    "relevel": 'R-1 level-2-to-3 --reason "To be verified" --source "portal 5/2" --actor portal '
    "--actor-role hmicfrs --recorded-by officer-1 --on 2024-02-05",
    "route": "R-1 --to closed --on 2024-02-05",
    "import": "records.csv",
    "template": "records -o new-records.xlsx",
    "link": "R-2 C-1 --on 2024-02-05",
    "migrate": "--check plan/rules/review-1-to-2.yaml",
    "remap": "peel_2025 --dry-run --on 2024-02-05",
    "list": "--level 3 --state in_progress",
    "search": "custody",
    "show": "R-1",
    "figures": "--as-at 2023-03-30",
    "paper": "--as-at 2023-03-30 --since 2022-12-31 -o paper.html",
    "tick": "--on 2024-02-05",
    "overdue": "--on 2024-02-05",
    "due": "--on 2024-02-05",
    "ages": "--on 2024-02-05",
    "plan": "--on 2024-02-05",
    "movement": "--after 2022-12-31 --until 2023-03-30",
    "reconcile": "portal.csv",
    "feed": "--after 660",
    "seal": "register.seal",
    "verify": "--seal register.seal",
    "export": "register.jsonl",
}
"""What may stand after each command, in an order in which all of them run one after another."""
EXAMPLE_WIDTH = 70


def say_example(name: str) -> str:
    """Return a command's example, as the last paragraph of its help, which may be copied whole.

    Args:
        name: The command.
    """
    lines = [f"  peelflow {name}"]
    for word in map(shlex.quote, shlex.split(EXAMPLES[name])):
        if len(lines[-1]) + len(word) > EXAMPLE_WIDTH:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" {word}"
    return "\n".join(("\b", "Example:", *lines))


for _name, _command in COMMANDS.items():
    app.command(
        _name,
        cls=daily.AskingCommand,
        epilog=say_example(_name),
    )(grouped(_command, _OPTION_ORDER.get(_name, "")))
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
    words = sys.argv[1:] if arguments is None else [*arguments]
    try:
        use_settings(read_settings(Path.cwd()))
        names = (*COMMANDS, "store", *_declare_verb(words))
        app(args=words, prog_name="peelflow", default_map=current_settings().defaults(names))
    except PeelflowError as error:
        output.error(error)
        code = FINDINGS if isinstance(error, _FINDING_ERRORS) else MISUSE
    return code


def _declare_verb(words: Sequence[str]) -> tuple[str, ...]:
    """Let the trigger that stands first on the command line be a command, and return its name."""
    first = next(iter(words), "-")
    if first.startswith("-") or first in COMMANDS or first == "store":
        return ()
    trigger = daily.trigger_called(first, (*COMMANDS, "store"))
    if first not in (command.name for command in app.registered_commands):
        app.command(first, cls=daily.AskingCommand, hidden=True)(grouped(daily.verb_of(trigger)))
    return (first,)


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
