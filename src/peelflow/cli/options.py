"""Declare the options that commands share, and read the words, files and register they name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO
from zoneinfo import ZoneInfo

import typer

from peelflow.errors import InvalidRequest
from peelflow.model.rules import Level
from peelflow.register.context import utc_now
from peelflow.register.csv_schema import read_document
from peelflow.register.register import Register
from peelflow.register.validation import iso_date
from peelflow.rulebook.national import load, national
from peelflow.rulebook.rulebook import Rulebook

SQLITE_SCHEME = "sqlite:///"
LONDON = ZoneInfo("Europe/London")


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MD = "md"


def read_day(text: str) -> date:
    """Read a date as 2023-03-30."""
    found = iso_date(text)
    if found is None:
        message = f"{text!r} is no date; write it as 2023-03-30"
        raise typer.BadParameter(message)
    return found


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


def _day_option(name: str, help: str) -> typer.models.OptionInfo:  # noqa: A002
    return typer.Option(name, parser=read_day, metavar="YYYY-MM-DD", help=help)  # type: ignore[no-any-return]


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
LevelOption = Annotated[
    str | None,
    typer.Option("--level", parser=read_level, metavar="1|2|3|4|none", help="Its level."),
]
Pairs = list[tuple[str, str]] | None
ForceOption = Annotated[str | None, typer.Option("--force", help="Only this force's records.")]
LedgerOption = Annotated[str, typer.Option("--ledger", help="The ledger to count on.")]
ActorOption = Annotated[str, typer.Option("--actor", help="Who decided: a person.")]
ActorRoleOption = Annotated[str, typer.Option("--actor-role", help="The role the actor acts in.")]
RecordedByOption = Annotated[
    str | None,
    typer.Option("--recorded-by", help="Who typed it; must be said for an inspectorate's act."),
]
SourceOption = Annotated[
    str | None, typer.Option("--source", help="The letter or portal reference it was read from.")
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
SignedOnOption = Annotated[date | None, _day_option("--signed-on", "When they were signed.")]
OnOption = Annotated[date | None, _day_option("--on", "The day it happened; today when left out.")]
DEFAULT_URL = "peelflow.db"


def today() -> date:
    """Return the day it is in London."""
    return utc_now().astimezone(LONDON).date()


def rulebook_of(rules: list[Path] | None) -> Rulebook:
    """Return the national rulebook, with a force's own on top."""
    return load(*rules) if rules else national()


@contextmanager
def opened_register(
    where: str,
    rules: list[Path] | None,
    *,
    make: bool = False,
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[Register]:
    """Open the register at a URL or a path; a file that is not there is made only if `make`.

    Where `PEELFLOW_FORCE` names a force, it is opened for that force alone.

    Raises:
        InvalidRequest: There is no such file.
    """
    scheme, colon, _ = where.partition(":")
    url = where if colon and len(scheme) > 1 else f"{SQLITE_SCHEME}{where}"
    file = Path(url.removeprefix(SQLITE_SCHEME))
    if url.startswith(SQLITE_SCHEME) and not make and not (file.exists() and file.stat().st_size):
        raise InvalidRequest(
            f"the register {file.as_posix()}",
            "is not there",
            "name another with --register, or make one with `peelflow add` or `peelflow import`",
        )
    force = os.environ.get("PEELFLOW_FORCE") or None
    with Register.open(url, rulebook=rulebook_of(rules), clock=clock, force=force) as register:
        yield register


def read_bytes(path: Path) -> bytes:
    """Return what a file holds, or raise InvalidRequest."""
    found = read_document(path)
    if isinstance(found, str):
        raise InvalidRequest(f"the file {path}", found, "check the path and its permissions")
    return found


def read_text(path: Path) -> str:
    """Return a file's text, or raise InvalidRequest."""
    return read_bytes(path).decode("utf-8", "replace")


def replace_text(path: Path, text: str) -> None:
    """Write a file's text whole or leave it as it was, or raise InvalidRequest."""
    with replacement_stream(path) as stream:
        stream.write(text)


@contextmanager
def replacement_stream(path: Path) -> Iterator[TextIO]:
    """Give a stream whose text takes the file's place when the block ends well.

    Raises:
        InvalidRequest: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8", newline="\n") as stream:
            try:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> InvalidRequest:
    why, instead = f"cannot be written: {error.strerror}", "check the path and its permissions"
    return InvalidRequest(f"the file {path}", why, instead)


AsOnOption = Annotated[
    date | None,
    typer.Option(
        "--on", parser=read_day, metavar="YYYY-MM-DD", help="The day; today when left out."
    ),
]
