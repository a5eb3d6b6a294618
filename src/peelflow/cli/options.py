"""The options that several verbs share, and how their words are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from peelflow.errors import RequestRefused
from peelflow.model.rules import Level
from peelflow.register.fields import day_of
from peelflow.register.front import Register, utc_now
from peelflow.rulebook.book import Rulebook
from peelflow.rulebook.load import load
from peelflow.rulebook.national import national

SQLITE = "sqlite:///"
LONDON = ZoneInfo("Europe/London")


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MD = "md"


def read_day(text: str) -> date:
    """Read a date as 2023-03-30."""
    found = day_of(text)
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


Url = Annotated[
    str,
    typer.Option(
        "--register",
        envvar="PEELFLOW_REGISTER",
        help="Where the register is: a file, sqlite:///FILE or memory:.",
    ),
]
RulePaths = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules",
        metavar="PATH",
        envvar="PEELFLOW_RULES",
        help="Rule files of your own, on top of the national ones.",
    ),
]
Formatted = Annotated[Format, typer.Option("--format", help="How to print it.")]
LevelWord = Annotated[
    str | None,
    typer.Option("--level", parser=read_level, metavar="1|2|3|4|none", help="Its level."),
]
Pairs = list[tuple[str, str]] | None
Force = Annotated[str | None, typer.Option("--force", help="Only this force's records.")]
Ledger = Annotated[str, typer.Option("--ledger", help="The ledger to count on.")]
ActorName = Annotated[str, typer.Option("--actor", help="Who decided: a person.")]
ActorRole = Annotated[str, typer.Option("--actor-role", help="The role the actor acts in.")]
RecordedBy = Annotated[
    str | None,
    typer.Option("--recorded-by", help="Who typed it; must be said for an inspectorate's act."),
]
Source = Annotated[
    str | None, typer.Option("--source", help="The letter or portal reference it was read from.")
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why, in words.")]
KeyWord = Annotated[
    str | None, typer.Option("--key", help="A key that makes repeating this harmless.")
]
Inspected = Annotated[str | None, typer.Option("--inspection", help="The inspection it rests on.")]
Successor = Annotated[
    str | None, typer.Option("--successor", help="What takes the record's place.")
]
Documents = Annotated[
    list[Path] | None,
    typer.Option("--document", metavar="FILE", help="A document to offer; may be repeated."),
]
Kind = Annotated[str, typer.Option("--kind", help="Of what kind the documents are.")]
SignedBy = Annotated[str | None, typer.Option("--signed-by", help="Who signed them: a person.")]
SignedOn = Annotated[date | None, _day_option("--signed-on", "When they were signed.")]
OnDay = Annotated[date | None, _day_option("--on", "The day it happened; today when left out.")]
DEFAULT_URL = "peelflow.db"


def today() -> date:
    """Return the day it is in London."""
    return utc_now().astimezone(LONDON).date()


def rulebook_of(rules: list[Path] | None) -> Rulebook:
    """Return the national rulebook, with a force's own on top."""
    return load(*rules) if rules else national()


@contextmanager
def opened(
    where: str,
    rules: list[Path] | None,
    *,
    make: bool = False,
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[Register]:
    """Open the register at a URL or a path; a file that is not there is made only if `make`.

    Where `PEELFLOW_FORCE` names a force, it is opened for that force alone.

    Raises:
        RequestRefused: There is no such file.
    """
    scheme, colon, _ = where.partition(":")
    url = where if colon and len(scheme) > 1 else f"{SQLITE}{where}"
    file = Path(url.removeprefix(SQLITE))
    if url.startswith(SQLITE) and not make and not (file.exists() and file.stat().st_size):
        raise RequestRefused(
            f"the register {file.as_posix()}",
            "is not there",
            "name another with --register, or make one with `peelflow add` or `peelflow import`",
        )
    force = os.environ.get("PEELFLOW_FORCE") or None
    with Register.open(url, rulebook=rulebook_of(rules), clock=clock, force=force) as register:
        yield register
