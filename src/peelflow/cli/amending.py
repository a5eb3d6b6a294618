"""The verbs that add to a record without moving it: amend, attach."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.cli.options import (
    DEFAULT_URL,
    ActorName,
    ActorRole,
    KeyWord,
    Kind,
    OnDay,
    Reason,
    RecordedBy,
    RulePaths,
    SignedBy,
    SignedOn,
    Source,
    Url,
    opened,
    today,
)
from peelflow.cli.writing import given_fields, offer
from peelflow.errors import RequestRefused
from peelflow.model.records import Actor


def amend(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    field: Annotated[str, typer.Argument(help="The field, as its category declares it.")],
    value: Annotated[
        str | None, typer.Argument(help="Its new value; a list's items with `;` between them.")
    ] = None,
    *,
    clear: Annotated[bool, typer.Option("--clear", help="Take the value away.")] = False,
    actor: ActorName,
    actor_role: ActorRole,
    on: OnDay = None,
    reason: Reason = None,
    recorded_by: RecordedBy = None,
    source: Source = None,
    key: KeyWord = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Set a field of a record, such as its owner or its due date.

    The history keeps the old value, the new one and the reason.
    """
    if clear is (value is not None):
        what = f"{record}: the field `{field}`"
        why = "is given a value and cleared" if clear else "is given no value"
        raise RequestRefused(what, why, "give its value, or --clear")
    with opened(register, rules) as here:
        now = here.record(record)
        given = {} if value is None else given_fields(here, now.category, [(field, value)])
        here.amend(
            record,
            field,
            given.get(field),
            actor=Actor(actor, actor_role),
            on=on or today(),
            reason=reason or "",
            recorded_by=recorded_by,
            source=source,
            key=key,
        )
        kept = here.record(record).fields.get(field, "nothing")
    say.line(f"{record}: `{field}` is {kept if isinstance(kept, str) else '; '.join(kept)}")


def attach(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    document: Annotated[Path, typer.Argument(help="The document's file.")],
    *,
    kind: Kind = "letter",
    signed_by: SignedBy = None,
    signed_on: SignedOn = None,
    actor: ActorName,
    actor_role: ActorRole,
    on: OnDay = None,
    recorded_by: RecordedBy = None,
    source: Source = None,
    key: KeyWord = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Attach a document to a record, for an act that is yet to come."""
    with opened(register, rules) as here, here.batch() as batch:
        (kept,) = offer(batch, [document], kind=kind, signed_by=signed_by, signed_on=signed_on)
        event = batch.attach(
            record,
            kept,
            actor=Actor(actor, actor_role),
            on=on or today(),
            recorded_by=recorded_by,
            source=source,
            key=key,
        )
    say.line(f"{record}: {kept.kind} {kept.name} attached (event {event.number}, {event.on})")
