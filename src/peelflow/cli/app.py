"""List every command, import and run the one that is named, and turn how it ended into a code."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    nullcontext,
    redirect_stderr,
    redirect_stdout,
    suppress,
)
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from peelflow.cli.settings import (
    FINDINGS,
    MISUSE,
    current_settings,
    read_settings,
    use_settings,
)
from peelflow.texts import is_blank

if TYPE_CHECKING:
    from peelflow.errors import PeelflowError

REFUSED = "refused"
"""The code of a refusal, whose class brings more than listing commands needs."""
STORE = "store"


class Command(NamedTuple):
    """Where a command's function is, and the line that the list of commands has of it."""

    place: str
    summary: str

    def load(self) -> Callable[..., None]:
        """Import the function, with all that it needs and nothing else."""
        command: Callable[..., None] = resolve_name(f"{__package__}.{self.place}")
        return command


COMMANDS: Mapping[str, Command] = {
    "demo": Command("exchange:demo", "Run the West Midlands example and print its table."),
    "check": Command("rules:check_files", "Check and prove rule files."),
    "rules": Command("rules:show_rules", "List the lifecycles there are, or read one aloud."),
    "diff": Command("rules:diff_rules", "Say what an edit of rule files means."),
    "migrate": Command(
        "record:migrate",
        "Prove a plan that moves records to other rules; preview it, move them, or move them back.",
    ),
    "relevel": Command(
        "record:relevel",
        "Move a record to another level, as HMICFRS decided, under a proved plan.",
    ),
    "remap": Command(
        "questions:remap",
        "Move the questions of open records and coming inspections to another question set.",
    ),
    "add": Command("record:add", "Add a record."),
    "appoint": Command("record:appoint", "Record that a person holds a role in a force."),
    "import": Command(
        "exchange:import_files",
        "Import sheets: all rows, or none. Or import an export, `FILE.jsonl`: all, or nothing.",
    ),
    "template": Command(
        "trackers:template",
        "Write a workbook to fill in and import: headings, lists to choose from, an example row.",
    ),
    "whoami": Command(
        "daily:whoami",
        "Show who acts, on which register and under which rules, and where that is set.",
    ),
    "do": Command(
        "daily:do",
        "Act on a record, if its rules allow it; at a terminal, what is missing is asked for.",
    ),
    "list": Command(
        "listing:list_records",
        "List the records that match, by id, as they stood at the end of a day.",
    ),
    "search": Command(
        "listing:search",
        "List the records whose title has all these words, in large or small letters.",
    ),
    "show": Command("history:show_record", "Show one record, its history and what is next."),
    "why": Command(
        "advice:why",
        "Say whether an act may be done, or every reason why not. Nothing is written.",
    ),
    "route": Command(
        "advice:route",
        "Say the shortest lawful way of a record to a goal, from where it stands.",
    ),
    "fire": Command("record:fire", "Act on a record, if its rules allow it."),
    "amend": Command("record:amend", "Set a field of a record, such as its owner or its due date."),
    "attach": Command(
        "record:attach",
        "Attach a document to a record, for an act that is yet to come.",
    ),
    "note": Command(
        "record:note",
        "Note something on a record, such as what a meeting said. It moves nothing.",
    ),
    "link": Command("record:link", "Put a record under another, from a day on after it was added."),
    "joint": Command(
        "record:joint",
        "Make a record joint with other forces from a day on, or with none.",
    ),
    "correct": Command(
        "record:correct",
        "Void an event, move it to the day it happened on, or enter the record anew.",
    ),
    "figures": Command(
        "listing:figures",
        "Print how many records count open and closed, by the rows of the rules "
        "or by anything else.",
    ),
    "paper": Command(
        "paper:paper",
        "Make the committee's paper: figures, movement, reports, what is overdue, what comes.",
    ),
    "tick": Command(
        "portfolio:tick",
        "Do what time itself does: every timed step that is due, once, dated this day.",
    ),
    "overdue": Command(
        "portfolio:overdue",
        "List the open records past their day, and those that have none.",
    ),
    "due": Command(
        "portfolio:due",
        "List the day of everything open: the original, the revised one and why; "
        "and what has none.",
    ),
    "ages": Command(
        "portfolio:ages",
        "List how long ago each open record was published, the oldest first; "
        "and what does not say.",
    ),
    "engage": Command(
        "portfolio:engage",
        "List the forces in Engage on a day: since when, why, on what causes, with what visits.",
    ),
    "plan": Command(
        "portfolio:plan",
        "List what each coming inspection could verify, and what must be done first for others.",
    ),
    "movement": Command(
        "portfolio:movement",
        "List what is new, closed, superseded and re-opened between two days.",
    ),
    "reconcile": Command(
        "reconcile:reconcile",
        "Compare the register with a list from the portal; nothing is changed.",
    ),
    "feed": Command(
        "feed:feed",
        "Print every event in one order, a JSON line each, with its position.",
    ),
    "seal": Command(
        "exchange:seal",
        "Seal everything kept until now: keep the file where nobody who writes here can reach it.",
    ),
    "verify": Command(
        "exchange:verify",
        "Look for any change that was made behind the register's back.",
    ),
    "export": Command(
        "exchange:export",
        "Write the whole register to one file, FILE.jsonl, which `peelflow import` takes anywhere.",
    ),
    "backup": Command(
        "exchange:backup",
        "Copy a running register whole into one file, with its documents, and verify the copy.",
    ),
}
_OPTION_ORDER: Mapping[str, str] = {
    "add": "category force issued actor actor_role level graded field parent joint_with "
    "joint_acts state on reason recorded_by source key register rules verbose",
    "appoint": "force first_day actor actor_role last_day recorded_by source key register rules "
    "verbose",
    "fire": "actor actor_role on recorded_by source reason inspection successor document "
    "kind signed_by signed_on key register rules verbose",
    "attach": "kind signed_by signed_on actor actor_role on recorded_by source key register rules "
    "verbose",
    "note": "document kind signed_by signed_on actor actor_role on recorded_by source key register "
    "rules verbose",
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
    "note": 'R-1 "The oversight group asked for a date" --on 2024-01-31',
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
    "joint": 'C-1 --with suffolk --reason "One unit since April" --on 2024-02-05',
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
    "engage": "--on 2024-02-05",
    "plan": "--on 2024-02-05",
    "movement": "--after 2022-12-31 --until 2023-03-30",
    "reconcile": "portal.csv",
    "feed": "--after 660",
    "seal": "register.seal",
    "verify": "--seal register.seal",
    "export": "register.jsonl",
    "backup": "2023-03-30.db",
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


class CommandGroup(TyperGroup):
    """The commands, each of which is imported when it runs and not when it is listed.

    A listed one has no options: to look at a function's takes Typer longer than to list them all.
    """

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Return the names of all commands, in the order of help.

        Args:
            ctx: How the group was called.
        """
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: typer.Context, name: str) -> Any:  # type: ignore[override]
        """Return a command as it is listed, with its line of help; None where there is none.

        Args:
            ctx: How the group was called.
            name: Its name.
        """
        if name not in COMMANDS:
            return super().get_command(ctx, name)
        return TyperCommand(name, help=COMMANDS[name].summary, rich_markup_mode=None)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """Return the command that the words begin with, whole, and the words behind it.

        Args:
            ctx: How the group was called.
            args: The words.

        Raises:
            InvalidRequest: The first word is no command, and no trigger of the rules.
            PeelflowError: The rules in use cannot be read, and it is no trigger of others.
        """
        name, *rest = args
        if name == STORE:
            return super().resolve_command(ctx, args)
        if name in COMMANDS:
            return name, whole_command(name), rest
        from peelflow.errors import PeelflowError

        try:
            return name, _verb(name, rest), rest
        except PeelflowError:
            if ctx.resilient_parsing:  # a shell completes what is no command yet
                return None, None, rest
            raise


@cache
def whole_command(name: str) -> Any:
    """Return a command with its options.

    Args:
        name: Its name.
    """
    order, example = _OPTION_ORDER.get(name, ""), say_example(name)
    return _command_of(name, COMMANDS[name].load(), order=order, epilog=example)


def _verb(word: str, rest: Sequence[str]) -> Any:
    """Return the command that does the trigger which a word names, by the rules in use."""
    from peelflow.cli import daily

    trigger = daily.trigger_called(word, (*COMMANDS, STORE), rest)
    return _command_of(word, daily.verb_of(trigger))


def _command_of(
    name: str, function: Callable[..., None], *, order: str = "", epilog: str | None = None
) -> Any:
    from peelflow.cli.options import AskingCommand, grouped, read_words

    run = grouped(function, order)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(name, cls=AskingCommand, epilog=epilog)(run)
    command = typer.main.get_command(alone)
    read_words(command.params, run)
    return command


store_app: typer.Typer = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Look after the store of a register."
)


@store_app.command("upgrade")
def upgrade_tables(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Such as postgresql+psycopg://user@host/name.")
    ],
) -> None:
    """Make peelflow's tables in a database, or bring older ones up to date.

    A newer schema than this peelflow knows is refused. A file needs no upgrade.
    """
    from peelflow.cli import output
    from peelflow.cli.options import SQLITE_SCHEME, url_of_register
    from peelflow.stores.opening import open_store, upgrade_store

    previous = upgrade_store(url)
    if previous is None:
        named = url_of_register(url, make=True)
        if not named.startswith(SQLITE_SCHEME):  # an unknown scheme is told, and is no file
            open_store(named).close()
        output.line("a file or memory makes its own tables; there is nothing to do")
    elif previous == 0:
        output.line("the tables are made")
    else:
        output.line(f"the tables are up to date; their schema was {previous}")


@store_app.command("sums")
def keep_figures(
    register: Annotated[
        str, typer.Argument(metavar="REGISTER", help="A file, or a URL as for `store upgrade`.")
    ],
) -> None:
    """Keep the sums of the figures up to now, so that figures of a large register come at once.

    Figures are right without it, and with sums that are old. Where much came since, `tick`,
    `import` and `migrate` do so at their end. A database of before needs `store upgrade` first.
    """
    from peelflow.cli import output
    from peelflow.cli.options import url_of_register
    from peelflow.stores.opening import keep_sums

    instead = "give the path of a register's file, or the URL of its database"
    position = keep_sums(url_of_register(register, instead=instead))
    if position is None:
        output.line("its store keeps no sums; figures add up every change")
    else:
        output.line(f"the sums of the figures are kept up to position {position} of the feed")


app: typer.Typer = typer.Typer(
    name="peelflow",
    cls=CommandGroup,
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Closure rules of police-inspection recommendations: check them, and run records by them.",
    epilog="Each trigger of the rules is a command too, such as `peelflow close R-1`. Exit codes: "
    "0 fine, 1 findings or a refusal, 2 misuse, 3 undetermined; 141 where the reader of what is "
    "printed left.",
)


app.add_typer(store_app, name=STORE)


_UNASKED: Mapping[str, Any] = dict.fromkeys(
    ("install_completion", "show_completion", "help"), False
)
"""Typer's own options: where one is undecided, Typer loads pydantic to convert that."""
READER_LEFT = 128 + 13  # what a shell tells of a command that SIGPIPE ended


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
        from peelflow.cli import output

        code = MISUSE
        with suppress(OSError):
            output.error_line(_say_os_error(error))
        _discard_unwritten()
    return code


def _say_os_error(error: OSError) -> str:
    """Say what the system refused: to reach a file, which it names, or else to print."""
    if error.filename is None:
        return f"what there is to say cannot be written: {error.strerror}"
    why, instead = error.strerror, "check the path and its permissions"
    return f"the file {error.filename}: cannot be reached: {why}; {instead}"


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
    words = sys.argv[1:] if arguments is None else [*arguments]
    try:
        use_settings(read_settings(_working_folder()))
        names = (*COMMANDS, *words[:1])
        with _changed_rules(current_settings().national_in_use):
            said = current_settings().defaults(names)
            defaults = {**_UNASKED, **{name: {**said[name], **_UNASKED} for name in said}}
            # INVARIANT: Click ends each command with SystemExit, also one that did what was asked.
            return int(app(args=words, prog_name="peelflow", default_map=defaults))
    except Exception as error:
        from peelflow.errors import PeelflowError

        if not isinstance(error, PeelflowError):
            raise
        return _say_error(error)


def _working_folder() -> Path:
    """Return the folder that the command runs in, or raise InvalidRequest where it is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        from peelflow.errors import InvalidRequest

        what, why = "the folder that this command runs in", "is there no more"
        raise InvalidRequest(what, why, "run it in another folder") from None


def _say_error(error: PeelflowError) -> int:
    """Print an error, and return the exit code of a command that it ended."""
    from peelflow import errors
    from peelflow.cli import output

    output.error(error)
    findings = (
        errors.Conflict,
        errors.EventVoided,
        errors.InvalidRules,
        errors.KeyReused,
        errors.RulesMismatch,
        errors.StoreBusy,
        errors.Unverified,
    )
    return FINDINGS if isinstance(error, findings) or error.code == REFUSED else MISUSE


def _changed_rules(folder: str | None) -> AbstractContextManager[None]:
    """Return a block in which a change of the national rules holds, where one is set."""
    if folder is None or is_blank(folder):  # `whoami` refuses what is set to nothing
        return nullcontext()
    from peelflow.rulebook.national import changed_national

    return changed_national(Path(folder))


def _discard_unwritten() -> None:
    """Let what is still unwritten go nowhere: as Python ends it would be tried, and fail, again."""
    with Path(os.devnull).open("wb") as devnull:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # a stream of a host's own has no file
                os.dup2(devnull.fileno(), stream.fileno())


def _print_version(*, asked: bool) -> None:
    if asked:
        from peelflow import __version__

        print(f"peelflow {__version__}")  # noqa: T201 - what else prints is not needed yet
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
