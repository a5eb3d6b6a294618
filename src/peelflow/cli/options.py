"""Declare the options that commands share, and read the words, files and register they name.

An option has one alias, and options that belong together are one group, an attrs class. A command
takes a group as one argument; `grouped` spreads it out for Typer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import date
from enum import EnumType, StrEnum
from functools import partial
from inspect import Parameter, signature
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypedDict, get_args, get_type_hints

import typer
from attrs import NOTHING, fields, has
from typer.core import TyperCommand

from peelflow.cli.settings import (
    DEFAULT_REGISTER,
    check_environment,
    current_settings,
    show_rule_places,
)
from peelflow.engine.calendar import day_in_london
from peelflow.errors import InvalidRequest, PeelflowError
from peelflow.model.records import Actor, Document
from peelflow.model.rules import Level
from peelflow.phrases import listed
from peelflow.register.document_files import read_document
from peelflow.register.reader import Reader
from peelflow.register.services import utc_now
from peelflow.register.validation import iso_date
from peelflow.results import frozen
from peelflow.rulebook.national import load, national
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.opening import open_store

if TYPE_CHECKING:
    from peelflow.register.batch import Batch
    from peelflow.register.register import Register

SQLITE_SCHEME = "sqlite:///"


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MD = "md"
    EXCEL = "excel"
    XLSX = "xlsx"


def read_day(text: str) -> date:
    """Read a date as 2023-03-30."""
    day = iso_date(text)
    if day is None:
        message = f"{text!r} is no date; write it as 2023-03-30"
        raise typer.BadParameter(message)
    return day


def read_level(text: str) -> str:
    """Read a level from 1 to 4, or `none`."""
    if text not in {"1", "2", "3", "4", "none"}:
        message = f"{text!r} is no level; write 1 to 4, or none"
        raise typer.BadParameter(message)
    return text


def level_of(word: str) -> Level:
    """Return the level that a word names."""
    return None if word == "none" else int(word)


def read_pair(text: str) -> tuple[str, str]:
    """Read a word like `name=value`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        message = f"{text!r} is no pair; write it as name=value"
        raise typer.BadParameter(message)
    return name.strip(), value.strip()


def read_pairs(texts: Iterable[str]) -> dict[str, str]:
    """Read words like `name=value`, each name once: which of two values is meant cannot be told."""
    pairs: dict[str, str] = {}
    for name, value in map(read_pair, texts):
        if pairs.setdefault(name, value) != value:
            message = f"`{name}` is given twice, as {pairs[name]!r} and as {value!r}; give it once"
            raise typer.BadParameter(message)
    return pairs


def refuse_given(options: Mapping[str, object], of: str, instead: str) -> None:
    """Refuse options that say nothing of what is read, rather than pass them over in silence.

    Args:
        options: What each of them says; nothing where it is not given.
        of: What is read, as an error calls it.
        instead: What to do.

    Raises:
        InvalidRequest: One is given.
    """
    for name, said in options.items():
        if said:
            raise InvalidRequest(name, f"says nothing of {of}", instead)


def day_option(name: str, help: str) -> typer.models.OptionInfo:  # noqa: A002
    """Declare an option that takes a date."""
    return typer.Option(name, parser=read_day, metavar="YYYY-MM-DD", help=help)  # type: ignore[no-any-return]


MOST_OFFERED = 200
"""How many words a shell is offered at the most to complete one."""


def complete_record(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the ids of records that begin with what is typed.

    Args:
        ctx: The command line so far.
        incomplete: What is typed of the word.
    """
    return _offered(ctx, incomplete, lambda register: (each.id for each in register.records()))


def complete_state(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the states of all lifecycles that begin with what is typed.

    Args:
        ctx: The command line so far.
        incomplete: What is typed of the word.
    """
    return _offered(
        ctx,
        incomplete,
        lambda register: (name for rules in register.rulebook.lifecycles for name in rules.states),
    )


def complete_trigger(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return what can be done to the record that is named, from where it stands.

    Args:
        ctx: The command line so far.
        incomplete: What is typed of the word.
    """

    def ways_out(register: Reader) -> Iterator[str]:
        record = register.record(str(ctx.params.get("record")))
        state = register.lifecycle(record.lifecycle).states[record.state]
        return (way.trigger for way in state.transitions)

    return _offered(ctx, incomplete, ways_out)


def _offered(
    ctx: typer.Context, incomplete: str, words_of: Callable[[Reader], Iterable[str]]
) -> list[str]:
    """Return some words of the register that begin so; none where it cannot be read."""
    said = {name: ctx.params.get(name) for name in ("register", "rules")}
    location = RegisterOptions(**{name: value for name, value in said.items() if value})
    try:
        with location.reader() as register:
            words = dict.fromkeys(
                word for word in words_of(register) if word.startswith(incomplete)
            )
            return list(islice(words, MOST_OFFERED))
    except PeelflowError:
        return []


RecordArgument = Annotated[
    str, typer.Argument(help="The record's id.", autocompletion=complete_record)
]
RegisterOption = Annotated[
    str,
    typer.Option(
        "--register",
        envvar="PEELFLOW_REGISTER",
        help="Where the register is: a file, sqlite:///FILE or memory:.",
    ),
]
RulesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules",
        metavar="PATH",
        envvar="PEELFLOW_RULES",
        help="Rule files of your own, on top of the national ones.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print it.")]
ExcelOption = Annotated[
    bool, typer.Option("--excel", help="Print CSV that Excel opens as it is: --format excel.")
]
LevelOption = Annotated[
    str | None,
    typer.Option("--level", parser=read_level, metavar="1|2|3|4|none", help="Its level."),
]
ForceOption = Annotated[str | None, typer.Option("--force", help="Only this force's records.")]
LedgerOption = Annotated[str, typer.Option("--ledger", help="The ledger to count on.")]
ActorOption = Annotated[
    str, typer.Option("--actor", envvar="PEELFLOW_ACTOR", help="Who decided: a person.")
]
ActorRoleOption = Annotated[
    str,
    typer.Option("--actor-role", envvar="PEELFLOW_ACTOR_ROLE", help="The role the actor acts in."),
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", help="Say in which file and line a rule stands.")
]
RecordedByOption = Annotated[
    str | None,
    typer.Option(
        "--recorded-by",
        envvar="PEELFLOW_RECORDED_BY",
        help="Who typed it; must be said for an inspectorate's act.",
    ),
]
SourceOption = Annotated[
    str | None, typer.Option("--source", help="The letter or portal reference it was read from.")
]
MoverOption = Annotated[str | None, typer.Option("--actor", help="Who has them moved.")]
MoverRoleOption = Annotated[
    str | None, typer.Option("--actor-role", help="The role the actor acts in.")
]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why, in words.")]
KeyOption = Annotated[
    str | None, typer.Option("--key", help="A key that makes repeating this harmless.")
]
InspectionOption = Annotated[
    str | None, typer.Option("--inspection", help="The inspection it rests on.")
]
SuccessorOption = Annotated[
    str | None, typer.Option("--successor", help="What takes the record's place.")
]
DocumentsOption = Annotated[
    list[Path] | None,
    typer.Option("--document", metavar="FILE", help="A document to offer; may be repeated."),
]
KindOption = Annotated[str, typer.Option("--kind", help="Of what kind the documents are.")]
SignedByOption = Annotated[
    str | None, typer.Option("--signed-by", help="Who signed them: a person.")
]
SignedOnOption = Annotated[date | None, day_option("--signed-on", "When they were signed.")]
OnOption = Annotated[date | None, day_option("--on", "The day it happened; today when left out.")]
AsOnOption = Annotated[date | None, day_option("--on", "The day; today when left out.")]


_ANOTHER_REGISTER = (
    "name another with --register, or make one with `peelflow add` or `peelflow import`"
)


def url_of_register(named: str, *, make: bool = False, instead: str = _ANOTHER_REGISTER) -> str:
    """Return the URL of a register that is named by it, or by its file.

    Args:
        named: What it is named by.
        make: Whether its file may be made.
        instead: What to do where there is no such file.

    Raises:
        InvalidRequest: There is no such file.
    """
    scheme, colon, _ = named.partition(":")
    url = named if colon and len(scheme) > 1 else f"{SQLITE_SCHEME}{named}"
    file = Path(url.removeprefix(SQLITE_SCHEME))
    is_file = url.startswith(SQLITE_SCHEME)
    if is_file and not make and not (file.exists() and file.stat().st_size):
        raise InvalidRequest(f"the register {file.as_posix()}", "is not there", instead)
    return url


@frozen(kw_only=True)
class RegisterOptions:
    """Which register a command opens, and under which rules."""

    register: RegisterOption = DEFAULT_REGISTER
    rules: RulesOption = None
    verbose: VerboseOption = False

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Open the register to read it alone, and load nothing that writes; see `opened`."""
        url, force = self._checked_url(), current_settings().force_in_use
        with Reader.open(url, rulebook=rulebook_of(self.rules), force=force) as reader:
            if force is not None:
                _check_own_force(reader, force)
            yield reader

    def _checked_url(self, *, make: bool = False) -> str:
        check_environment()
        show_rule_places(shown=self.verbose)
        return url_of_register(self.register, make=make)

    @contextmanager
    def opened(
        self, *, make: bool = False, beside: Path | None = None, documents: Path | None = None
    ) -> Iterator[Register]:
        """Open the register; a file that is not there is made only if `make`.

        Where `PEELFLOW_FORCE` or `peelflow.toml` names a force, it is opened for that force alone.

        Args:
            make: Whether a register's file may be made.
            beside: A migration's file; it is read with `rules`, or else with what lies beside it.
            documents: The folder that its documents are kept in; the store keeps them if left out.

        Raises:
            InvalidRequest: There is no such file.
        """
        from peelflow.register.register import Register

        url = self._checked_url(make=make)
        file, is_file = Path(url.removeprefix(SQLITE_SCHEME)), url.startswith(SQLITE_SCHEME)
        rules = [beside, *(self.rules or [beside.parent])] if beside else self.rules
        force, user = current_settings().force_in_use, current_settings().recorded_by_in_use
        rulebook = rulebook_of(rules)
        with (
            _unmade_if_empty(file) if is_file and make else nullcontext(),
            Register.open(
                url, rulebook=rulebook, force=force, documents=documents, recorded_by=user
            ) as register,
        ):
            if force is not None and not make:
                _check_own_force(register, force)
            yield register


def _check_own_force(register: Reader, force: str) -> None:
    """Refuse to look at the records of a force that has none: its name may be mistyped."""
    if next(register.records(), None) is None:
        instead = "check PEELFLOW_FORCE and peelflow.toml, or add the force's first record"
        raise InvalidRequest(f"the force {force!r}", "no record is of it", instead)


@contextmanager
def _unmade_if_empty(file: Path) -> Iterator[None]:
    """Leave no register behind where there was none and nothing was kept."""
    was_there = file.exists()
    was_made = not was_there or (file.is_file() and file.stat().st_size == 0)
    try:
        yield
    finally:
        if was_made and file.is_file() and _holds_nothing(file):
            for end in ("-wal", "-shm"):
                file.with_name(file.name + end).unlink(missing_ok=True)
            if was_there:
                file.write_bytes(b"")
            else:
                file.unlink()


def _holds_nothing(file: Path) -> bool:
    if not file.stat().st_size:  # as where the disk was full before anything was written
        return True
    try:
        store = open_store(f"{SQLITE_SCHEME}{file}")
    except PeelflowError:
        return False
    try:
        return store.position() == 0
    finally:
        store.close()


class ProvenanceArguments(TypedDict):
    """What every verb that writes takes: who decided, who typed it, from what, and its key."""

    actor: Actor
    recorded_by: str | None
    source: str | None
    key: str | None


class ReasonedArguments(TypedDict):
    """What the verbs take that need a reason and a source."""

    actor: Actor
    on: date | None
    recorded_by: str | None
    reason: str
    source: str
    key: str | None


@frozen(kw_only=True)
class ProvenanceOptions:
    """Who decided, when, why and from what; who typed it."""

    actor: ActorOption
    actor_role: ActorRoleOption
    on: OnOption = None
    reason: ReasonOption = None
    recorded_by: RecordedByOption = None
    source: SourceOption = None
    key: KeyOption = None

    def arguments(self) -> ProvenanceArguments:
        """Return what every verb that writes takes."""
        return {
            "actor": Actor(self.actor, self.actor_role),
            "recorded_by": self.recorded_by,
            "source": self.source,
            "key": self.key,
        }

    def reasoned_arguments(self) -> ReasonedArguments:
        """Return what the verbs take that need a reason and a source."""
        return {
            **self.arguments(),
            "on": self.on,
            "reason": self.reason or "",
            "source": self.source or "",
        }


@frozen(kw_only=True)
class SignatureOptions:
    """Of what kind documents are, and who signed them when."""

    kind: KindOption = "letter"
    signed_by: SignedByOption = None
    signed_on: SignedOnOption = None

    def keep(self, batch: Batch, paths: list[Path]) -> list[Document]:
        """Keep files in a batch as documents, each by its name."""
        self.check_documents(paths)
        return [
            batch.keep(
                read_bytes(path),
                kind=self.kind,
                name=path.name,
                signed_by=self.signed_by,
                signed_on=self.signed_on,
            )
            for path in paths
        ]

    def check_documents(self, paths: Iterable[Path]) -> None:
        """Refuse to say who signed where there is no document: it would be kept nowhere.

        Args:
            paths: The documents that are given.
        """
        is_any = any(True for _ in paths)
        said = {"--signed-by": self.signed_by, "--signed-on": self.signed_on}
        for name, value in said.items():
            if value is not None and not is_any:
                why = "belongs to a document, and none is given"
                instead = "give it too; who signed what is attached was said when it was"
                raise InvalidRequest(f"the option {name}", why, instead)


def grouped(command: Callable[..., None], order: str = "") -> Callable[..., None]:
    """Return a command as Typer takes it: the options of its groups are options of its own.

    Args:
        command: A function; each parameter that is annotated with an attrs class is a group.
        order: The options' names in the order of help, where that is not the order of the
            parameters. An option of a group that it leaves out keeps its default.
    """
    declared = signature(command, eval_str=True)
    groups = {
        name: parameter.annotation
        for name, parameter in declared.parameters.items()
        if has(parameter.annotation)
    }
    parameters: list[Parameter] = []
    for name, parameter in declared.parameters.items():
        parameters += _group_parameters(groups[name]) if name in groups else [parameter]
    if order:
        by_name = {parameter.name: parameter for parameter in parameters}
        parameters = [
            *(option for option in parameters if option.kind is not Parameter.KEYWORD_ONLY),
            *(by_name[name] for name in order.split()),
        ]

    def run(**values: Any) -> None:  # Typer gives what the signature below declares
        for name, group in groups.items():
            names = {field.name for field in fields(group)} & values.keys()
            values[name] = group(**{option: values.pop(option) for option in names})
        command(**values)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = declared.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


def _group_parameters(group: type) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if field.default is NOTHING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]


def read_words(options: Iterable[Any], command: Callable[..., None]) -> None:
    """Have a command take texts and words of a list as they are, and what is not given as nothing.

    To convert either Typer loads pydantic, which takes as long as reading a small register does.

    Args:
        options: Its options and arguments, as Typer made them; one with a parser is parsed.
        command: The function that declares them.
    """
    declared = signature(command).parameters
    for param in options:
        kind, *notes = get_args(declared[param.name].annotation)
        given_as = None if any(note.parser for note in notes) else kind
        param.process_value = partial(_value_taken, param, param.process_value, given_as)


def _value_taken(
    param: Any, convert: Callable[..., Any], kind: Any, ctx: typer.Context, value: Any
) -> Any:
    if value is None and not param.required:
        return () if param.multiple or param.nargs < 0 else None
    if isinstance(value, str):
        if kind in (str, str | None):
            return value
        if isinstance(kind, EnumType) and value in [*kind]:
            return kind(value)
    return convert(ctx, value)


def today() -> date:
    """Return the day it is in London."""
    return day_in_london(utc_now())


def rulebook_of(rules: list[Path] | None) -> Rulebook:
    """Return the national rulebook, with a force's own on top."""
    return load(*rules) if rules else national()


def read_bytes(path: Path) -> bytes:
    """Return what a file holds, or raise InvalidRequest."""
    content = read_document(path)
    if isinstance(content, str):
        raise InvalidRequest(f"the file {path}", content, "check the path and its permissions")
    return content


def read_text(path: Path) -> str:
    """Return a file's text, or raise InvalidRequest."""
    return read_bytes(path).decode("utf-8", "replace")


def is_at_terminal() -> bool:
    """Say whether somebody is there to be asked; a service may have none of the two open."""
    streams: tuple[TextIO | None, ...] = (sys.stdin, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams)


class AskingCommand(TyperCommand):
    """A command that asks at a terminal for what must be said, and elsewhere names all of it."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Read the words of the command line, and what is asked for besides.

        Args:
            ctx: How the command was called.
            args: The words.
        """
        words = [*args]
        for option in () if ctx.resilient_parsing else self._missing(ctx, words):
            if not is_at_terminal():
                names = [each.opts[0] for each in self._missing(ctx, words)]
                ctx.fail(f"{listed(names)} must be given, or set: see `peelflow whoami --help`")
            words += [option.opts[0], typer.prompt((option.help or "").rstrip("."), err=True)]
        return super().parse_args(ctx, words)

    def _missing(self, ctx: typer.Context, words: list[str]) -> list[Any]:
        """Return the options that must be given and are not; none where help is asked for."""
        params: list[Any] = self.params
        given, _, _ = self.make_parser(ctx).parse_args(args=[*words])
        help_option: Any = self.get_help_option(ctx)
        if given.get(help_option.name):
            return []
        asked = [each for each in params if each.required and each.param_type_name == "option"]
        return [p for p in asked if p.value_is_missing(p.consume_value(ctx, given)[0])]
