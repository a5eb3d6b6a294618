"""The verbs that change what stands of a record: correct, relevel."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.cli.migrating import proved
from peelflow.cli.options import (
    DEFAULT_URL,
    ActorName,
    ActorRole,
    KeyWord,
    OnDay,
    Reason,
    RecordedBy,
    RulePaths,
    Source,
    Url,
    opened,
    read_day,
    today,
)
from peelflow.errors import RequestRefused
from peelflow.model.records import Actor


def correct(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    event: Annotated[int, typer.Argument(help="The event's number, as `peelflow show` lists it.")],
    *,
    void: Annotated[bool, typer.Option("--void", help="It never happened.")] = False,
    redate: Annotated[
        date | None,
        typer.Option(
            "--redate", parser=read_day, metavar="YYYY-MM-DD", help="It happened on this day."
        ),
    ] = None,
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
    """Void an event, or move it to the day it happened on.

    Only the side that did it may, and only if all that happened since is still lawful. The history
    keeps both; to take a correction back, void it.
    """
    if void is (redate is not None):
        what, why = f"the correction of {record}", "is neither one thing nor the other"
        raise RequestRefused(what, why, "give --void, or --redate and a day")
    with opened(register, rules) as here:
        before = here.record(record).state
        here.correct(
            record,
            event,
            correction="void" if void else "redate",
            to=redate,
            actor=Actor(actor, actor_role),
            on=on or today(),
            reason=reason or "",
            recorded_by=recorded_by,
            source=source,
            key=key,
        )
        now = here.record(record).state
    said = "voided" if redate is None else f"re-dated to {redate}"
    say.line(f"{record}: event {event} {said}; `{before}` → `{now}`")


def relevel(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    plan: Annotated[
        str,
        typer.Argument(
            metavar="PLAN",
            help="A migration's file, or its name; level-3-to-2 and its like are national.",
        ),
    ],
    *,
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
    """Move a record to another level, as HMICFRS decided, under a proved plan.

    Letters attached before do not count at the new level, unless the plan says so.
    """
    file, beside = Path(plan), rules
    if file.exists() or file.suffix:
        (named,) = proved(file, rules, one=True)
        plan, beside = named.name, [file, *(rules or [file.parent])]
    with opened(register, beside) as here:
        before = here.record(record)
        here.relevel(
            record,
            plan=plan,
            actor=Actor(actor, actor_role),
            on=on or today(),
            reason=reason or "",
            source=source or "",
            recorded_by=recorded_by,
            key=key,
        )
        now = here.record(record)
    levels = f"level {before.level or 'none'} → {now.level or 'none'}"
    say.line(f"{record}: {levels}, `{before.state}` → `{now.state}`")
