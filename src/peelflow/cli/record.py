"""Write to one record, or appoint one person.

The commands are add, appoint, fire, amend, attach, correct and relevel.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from peelflow.cli import output
from peelflow.cli.migrate import proved_plans
from peelflow.cli.options import (
    DEFAULT_URL,
    ActorOption,
    ActorRoleOption,
    DocumentsOption,
    InspectionOption,
    KeyOption,
    KindOption,
    LevelOption,
    OnOption,
    ReasonOption,
    RecordedByOption,
    RegisterOption,
    RulesOption,
    SignedByOption,
    SignedOnOption,
    SourceOption,
    SuccessorOption,
    level_of,
    opened_register,
    read_bytes,
    read_day,
    read_pair,
)
from peelflow.errors import InvalidRequest
from peelflow.model.records import Actor, Document
from peelflow.register.batch import Batch
from peelflow.register.register import Register


def add(
    record: Annotated[str, typer.Argument(help="The new record's id.")],
    *,
    category: Annotated[str, typer.Option("--category", help="Its category.")],
    force: Annotated[str, typer.Option("--force", help="The force it belongs to.")],
    issued: Annotated[
        date,
        typer.Option("--issued", parser=read_day, metavar="YYYY-MM-DD", help="Its issue date."),
    ],
    actor: ActorOption,
    actor_role: ActorRoleOption,
    level: LevelOption = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=VALUE", help="A field; may be repeated."),
    ] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="The record above it.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Take it over in this state, instead of adding.")
    ] = None,
    on: OnOption = None,
    reason: ReasonOption = None,
    recorded_by: RecordedByOption = None,
    source: SourceOption = None,
    key: KeyOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
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
    with opened_register(register, rules, make=True) as here:
        asked["fields"] = given_fields(here, category, map(read_pair, field or []))
        if state is None:
            _refuse_without_state({"--on": on, "--reason": reason})
            here.add(record, **asked, source=source)
        else:
            asked |= {"source": source or "", "reason": reason or ""}
            here.take_over(record, **asked, state=state, on=on)
        output.line(f"{record} is `{here.record(record).state}`")


def _refuse_without_state(given: dict[str, object]) -> None:
    """Refuse options that only a record taken over has."""
    for name, value in given.items():
        if value is not None:
            what, why = f"the option {name}", "belongs to a record that is taken over"
            raise InvalidRequest(what, why, "give its --state too")


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
    actor: ActorOption,
    actor_role: ActorRoleOption,
    last_day: Annotated[
        date | None,
        typer.Option(
            "--last-day", parser=read_day, metavar="YYYY-MM-DD", help="The last day, inclusive."
        ),
    ] = None,
    recorded_by: RecordedByOption = None,
    source: SourceOption = None,
    key: KeyOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Record that a person holds a role in a force."""
    with opened_register(register, rules, make=True) as here:
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
    output.line(f"{person} is `{role}` in {force} from {first_day}{until}")


def fire(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    trigger: Annotated[str, typer.Argument(help="What to do; `peelflow show` lists what can be.")],
    *,
    actor: ActorOption,
    actor_role: ActorRoleOption,
    on: OnOption = None,
    recorded_by: RecordedByOption = None,
    source: SourceOption = None,
    reason: ReasonOption = None,
    inspection: InspectionOption = None,
    successor: SuccessorOption = None,
    document: DocumentsOption = None,
    kind: KindOption = "letter",
    signed_by: SignedByOption = None,
    signed_on: SignedOnOption = None,
    key: KeyOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Act on a record, if its rules allow it.

    A refusal gives every reason, and what would do instead.
    """
    with opened_register(register, rules) as here:
        before = here.record(record).state
        with here.batch() as batch:
            offered = kept_documents(
                batch, document or [], kind=kind, signed_by=signed_by, signed_on=signed_on
            )
            event = batch.fire(
                record,
                trigger,
                actor=Actor(actor, actor_role),
                on=on,
                recorded_by=recorded_by,
                source=source,
                reason=reason,
                inspection=inspection,
                successor=successor,
                evidence=offered,
                key=key,
            )
        now = here.record(record).state
    output.line(f"{record}: `{before}` → `{now}` (event {event.number}, {event.on})")


def kept_documents(
    batch: Batch,
    paths: list[Path],
    *,
    kind: str,
    signed_by: str | None,
    signed_on: date | None,
) -> list[Document]:
    """Bring files to a batch as documents, each by its name."""
    return [
        batch.keep(
            read_bytes(path), kind=kind, name=path.name, signed_by=signed_by, signed_on=signed_on
        )
        for path in paths
    ]


def amend(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    field: Annotated[str, typer.Argument(help="The field, as its category declares it.")],
    value: Annotated[
        str | None, typer.Argument(help="Its new value; a list's items with `;` between them.")
    ] = None,
    *,
    clear: Annotated[bool, typer.Option("--clear", help="Take the value away.")] = False,
    actor: ActorOption,
    actor_role: ActorRoleOption,
    on: OnOption = None,
    reason: ReasonOption = None,
    recorded_by: RecordedByOption = None,
    source: SourceOption = None,
    key: KeyOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Set a field of a record, such as its owner or its due date.

    The history keeps the old value, the new one and the reason.
    """
    if clear is (value is not None):
        what = f"{record}: the field `{field}`"
        why = "is given a value and cleared" if clear else "is given no value"
        raise InvalidRequest(what, why, "give its value, or --clear")
    with opened_register(register, rules) as here:
        now = here.record(record)
        given = {} if value is None else given_fields(here, now.category, [(field, value)])
        here.amend(
            record,
            field,
            given.get(field),
            actor=Actor(actor, actor_role),
            on=on,
            reason=reason or "",
            recorded_by=recorded_by,
            source=source,
            key=key,
        )
        kept = here.record(record).fields.get(field, "nothing")
    output.line(f"{record}: `{field}` is {kept if isinstance(kept, str) else '; '.join(kept)}")


def attach(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    document: Annotated[Path, typer.Argument(help="The document's file.")],
    *,
    kind: KindOption = "letter",
    signed_by: SignedByOption = None,
    signed_on: SignedOnOption = None,
    actor: ActorOption,
    actor_role: ActorRoleOption,
    on: OnOption = None,
    recorded_by: RecordedByOption = None,
    source: SourceOption = None,
    key: KeyOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Attach a document to a record, for an act that is yet to come."""
    with opened_register(register, rules) as here, here.batch() as batch:
        (kept,) = kept_documents(
            batch, [document], kind=kind, signed_by=signed_by, signed_on=signed_on
        )
        event = batch.attach(
            record,
            kept,
            actor=Actor(actor, actor_role),
            on=on,
            recorded_by=recorded_by,
            source=source,
            key=key,
        )
    output.line(f"{record}: {kept.kind} {kept.name} attached (event {event.number}, {event.on})")


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
    actor: ActorOption,
    actor_role: ActorRoleOption,
    on: OnOption = None,
    reason: ReasonOption = None,
    recorded_by: RecordedByOption = None,
    source: SourceOption = None,
    key: KeyOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Void an event, or move it to the day it happened on.

    Only the side that did it may, and only if all that happened since is still lawful. The history
    keeps both; to take a correction back, void it.
    """
    if void is (redate is not None):
        what, why = f"the correction of {record}", "is neither one thing nor the other"
        raise InvalidRequest(what, why, "give --void, or --redate and a day")
    with opened_register(register, rules) as here:
        before = here.record(record).state
        here.correct(
            record,
            event,
            correction="void" if void else "redate",
            to=redate,
            actor=Actor(actor, actor_role),
            on=on,
            reason=reason or "",
            recorded_by=recorded_by,
            source=source,
            key=key,
        )
        now = here.record(record).state
    said = "voided" if redate is None else f"re-dated to {redate}"
    output.line(f"{record}: event {event} {said}; `{before}` → `{now}`")


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
    actor: ActorOption,
    actor_role: ActorRoleOption,
    on: OnOption = None,
    reason: ReasonOption = None,
    recorded_by: RecordedByOption = None,
    source: SourceOption = None,
    key: KeyOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Move a record to another level, as HMICFRS decided, under a proved plan.

    Letters attached before do not count at the new level, unless the plan says so.
    """
    file, beside = Path(plan), rules
    if file.exists() or file.suffix:
        (named,) = proved_plans(file, rules, one=True)
        plan, beside = named.name, [file, *(rules or [file.parent])]
    with opened_register(register, beside) as here:
        before = here.record(record)
        here.relevel(
            record,
            plan=plan,
            actor=Actor(actor, actor_role),
            on=on,
            reason=reason or "",
            source=source or "",
            recorded_by=recorded_by,
            key=key,
        )
        now = here.record(record)
    levels = f"level {before.level or 'none'} → {now.level or 'none'}"
    output.line(f"{record}: {levels}, `{before.state}` → `{now.state}`")
