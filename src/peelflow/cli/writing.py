"""The verbs that write to a register: add, appoint, fire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from peelflow.cli import say
from peelflow.cli.files import read_bytes
from peelflow.cli.options import (
    DEFAULT_URL,
    ActorName,
    ActorRole,
    Documents,
    Inspected,
    KeyWord,
    Kind,
    LevelWord,
    OnDay,
    Reason,
    RecordedBy,
    RulePaths,
    SignedBy,
    SignedOn,
    Source,
    Successor,
    Url,
    level_of,
    opened,
    read_day,
    read_pair,
    today,
)
from peelflow.errors import RequestRefused
from peelflow.model.records import Actor, Document
from peelflow.register.draft import Draft
from peelflow.register.front import Register


def add(
    record: Annotated[str, typer.Argument(help="The new record's id.")],
    *,
    category: Annotated[str, typer.Option("--category", help="Its category.")],
    force: Annotated[str, typer.Option("--force", help="The force it belongs to.")],
    issued: Annotated[
        date,
        typer.Option("--issued", parser=read_day, metavar="YYYY-MM-DD", help="Its issue date."),
    ],
    actor: ActorName,
    actor_role: ActorRole,
    level: LevelWord = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=VALUE", help="A field; may be repeated."),
    ] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="The record above it.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Take it over in this state, instead of adding.")
    ] = None,
    on: OnDay = None,
    reason: Reason = None,
    recorded_by: RecordedBy = None,
    source: Source = None,
    key: KeyWord = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Add a record.

    With `--state`, `--source` and `--reason` it is taken over in the state it is in.
    """
    asked: dict[str, Any] = {
        "category": category,
        "force": force,
        "issued": issued,
        "actor": Actor(actor, actor_role),
        "level": level_of(level or "none"),
        "parent": parent,
        "recorded_by": recorded_by,
        "key": key,
    }
    with opened(register, rules, make=True) as here:
        asked["fields"] = given_fields(here, category, map(read_pair, field or []))
        if state is None:
            _refuse_alone({"--on": on, "--reason": reason})
            here.add(record, **asked, source=source)
        else:
            day = on or today()
            asked |= {"source": source or "", "reason": reason or ""}
            here.take_over(record, **asked, state=state, on=day)
        say.line(f"{record} is `{here.record(record).state}`")


def _refuse_alone(given: dict[str, object]) -> None:
    """Refuse options that only a record taken over has."""
    for name, value in given.items():
        if value is not None:
            what, why = f"the option {name}", "belongs to a record that is taken over"
            raise RequestRefused(what, why, "give its --state too")


def given_fields(
    register: Register, category: str, pairs: Iterable[tuple[str, str]]
) -> dict[str, str | list[str]]:
    """Return fields as they are given on the command line; a list's items are parted by `;`."""
    known = register.rulebook.vocabulary.categories.get(category)
    given: dict[str, str | list[str]] = {}
    for name, value in pairs:
        rule = known.fields.get(name) if known else None
        several = rule is not None and rule.type == "list"
        given[name] = [part.strip() for part in value.split(";")] if several else value
    return given


def appoint(
    person: Annotated[str, typer.Argument(help="Who.")],
    role: Annotated[str, typer.Argument(help="The role held.")],
    *,
    force: Annotated[str, typer.Option("--force", help="In which force.")],
    first_day: Annotated[
        date,
        typer.Option("--first-day", parser=read_day, metavar="YYYY-MM-DD", help="The first day."),
    ],
    actor: ActorName,
    actor_role: ActorRole,
    last_day: Annotated[
        date | None,
        typer.Option(
            "--last-day", parser=read_day, metavar="YYYY-MM-DD", help="The last day, inclusive."
        ),
    ] = None,
    recorded_by: RecordedBy = None,
    source: Source = None,
    key: KeyWord = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Record that a person holds a role in a force."""
    with opened(register, rules, make=True) as here:
        here.appoint(
            person,
            role,
            force=force,
            first_day=first_day,
            last_day=last_day,
            actor=Actor(actor, actor_role),
            recorded_by=recorded_by,
            source=source,
            key=key,
        )
    until = f" to {last_day}" if last_day else ""
    say.line(f"{person} is `{role}` in {force} from {first_day}{until}")


def fire(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    trigger: Annotated[str, typer.Argument(help="What to do; `peelflow show` lists what can be.")],
    *,
    actor: ActorName,
    actor_role: ActorRole,
    on: OnDay = None,
    recorded_by: RecordedBy = None,
    source: Source = None,
    reason: Reason = None,
    inspection: Inspected = None,
    successor: Successor = None,
    document: Documents = None,
    kind: Kind = "letter",
    signed_by: SignedBy = None,
    signed_on: SignedOn = None,
    key: KeyWord = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Act on a record, if its rules allow it.

    A refusal gives every reason, and what would do instead.
    """
    with opened(register, rules) as here:
        before = here.record(record).state
        with here.batch() as batch:
            offered = offer(
                batch, document or [], kind=kind, signed_by=signed_by, signed_on=signed_on
            )
            event = batch.fire(
                record,
                trigger,
                actor=Actor(actor, actor_role),
                on=on or today(),
                recorded_by=recorded_by,
                source=source,
                reason=reason,
                inspection=inspection,
                successor=successor,
                evidence=offered,
                key=key,
            )
        now = here.record(record).state
    say.line(f"{record}: `{before}` → `{now}` (event {event.number}, {event.on})")


def offer(
    draft: Draft,
    paths: list[Path],
    *,
    kind: str,
    signed_by: str | None,
    signed_on: date | None,
) -> list[Document]:
    """Bring files to a draft as documents, each by its name."""
    return [
        draft.keep(
            read_bytes(path), kind=kind, name=path.name, signed_by=signed_by, signed_on=signed_on
        )
        for path in paths
    ]
