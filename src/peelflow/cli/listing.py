"""Print a register's records, one record's history, and its figures.

The commands are list, show and figures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from typing import Annotated, assert_never

import typer

from peelflow.cli import output
from peelflow.cli.options import (
    DEFAULT_URL,
    ForceOption,
    Format,
    FormatOption,
    LedgerOption,
    LevelOption,
    RegisterOption,
    RulesOption,
    level_of,
    opened_register,
    read_day,
)
from peelflow.figures import Figures
from peelflow.model.records import (
    Added,
    Amended,
    Attached,
    ChildLinked,
    Corrected,
    Event,
    EventPayload,
    Migrated,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
    Value,
)
from peelflow.model.rules import Counts
from peelflow.register.register import Register
from peelflow.wording import say_rule

_CORRECTED = {"void": "voided", "redate": "re-dated"}


def event_row(event: Event) -> tuple[int, str, str, str, str, str | None, str | None]:
    """Return an event as a row: number, day, what, who decided, who typed, reason, source."""
    return (
        event.number,
        event.on.isoformat(),
        say_what(event.what),
        str(event.actor),
        event.recorded_by,
        event.reason,
        event.source,
    )


def say_what(what: EventPayload) -> str:
    """Say what happened, without who and when."""
    match what:
        case Added(lifecycle=pin, state=state):
            return f"added as {state} under {pin}"
        case TakenOver(lifecycle=pin, state=state):
            return f"taken over as {state} under {pin} (assumed)"
        case TransitionTaken():
            return _say_act(what)
        case Attached(document=document):
            return f"attached {document.kind} {document.name}"
        case Amended(field=name, old=old, new=new):
            return f"{name}: {_say_value(old)} → {_say_value(new)}"
        case ChildLinked(child=child):
            return f"child {child}"
        case Relevelled(old_level=old, new_level=level, new=new):
            return f"level {old or 'none'} → {level or 'none'}, as {new}"
        case Migrated(lifecycle=pin, new=new):
            return f"moved to {pin}, as {new}"
        case Corrected(event=number, correction=correction, to=to):
            return f"event {number} {_CORRECTED[correction]}" + (f" to {to}" if to else "")
        case _:
            assert_never(what)


def _say_act(what: TransitionTaken) -> str:
    parts = [f"{what.trigger}: {what.old} → {what.new}"]
    parts += [f"with {document.kind} {document.name}" for document in what.evidence]
    parts += [f"at {what.inspection}"] if what.inspection else []
    parts += [f"succeeded by {what.successor}"] if what.successor else []
    parts += [f"due {what.due}"] if what.due else []
    return ", ".join(parts)


def _say_value(value: Value | None) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else "; ".join(value)


_FIGURE_COLUMNS = ("Open", "Closed", "Total")


def list_records(
    *,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
    force: ForceOption = None,
    category: Annotated[str | None, typer.Option("--category", help="Its category.")] = None,
    level: LevelOption = None,
    state: Annotated[str | None, typer.Option("--state", help="The state it stands in.")] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="The record above it.")] = None,
    counts: Annotated[
        Counts | None, typer.Option("--counts", help="How it counts on the ledger.")
    ] = None,
    ledger: LedgerOption = "portal",
    form: FormatOption = Format.TABLE,
) -> None:
    """List the records that match, by id."""
    columns = (
        *("record", "category", "level", "force", "state", "owner", "issued"),
        *("last event", "decided by", "recorded by"),
    )
    with opened_register(register, rules) as here:
        found = here.records(
            force=force,
            category=category,
            level="any" if level is None else level_of(level),
            state=state,
            parent=parent,
            counts=counts,
            ledger=ledger,
        )
        body = [_record_row(record, told[-1]) for record, told in here.histories(found)]
    output.rows(columns, body, form)


def _record_row(record: Record, last: Event) -> tuple[output.Cell, ...]:
    owner = record.fields.get("owner")
    return (
        record.id,
        record.category,
        _say_level(record),
        record.force,
        _say_state(record),
        owner if isinstance(owner, str) else None,
        record.issued.isoformat(),
        last.on.isoformat(),
        str(last.actor),
        last.recorded_by,
    )


def _say_level(record: Record) -> str:
    return str(record.level or "none")


def _say_state(record: Record) -> str:
    """Say a state, and whether it was taken over rather than walked into."""
    entered = record.entered[record.state].number == 1
    return f"{record.state} (assumed)" if record.assumed and entered else record.state


def show_record(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    *,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Show one record, its history and what is next."""
    with opened_register(register, rules) as here:
        found = here.record(record)
        history = here.history(record)
        output.line(
            f"{found.id}: {found.category}, level {_say_level(found)}, {found.force}", "bold"
        )
        output.rows(("", ""), list(_record_facts(here, found)))
        output.line()
        columns = ("no", "on", "what", "decided by", "recorded by", "reason", "source")
        output.rows(columns, [event_row(event) for event in history], numbers=("no",))
        output.line()
        ways = here.lifecycle(found.lifecycle).states[found.state].transitions
        output.line("Next:" if ways else f"`{found.state}` is an end")
        for way in ways:
            output.line(f"  {say_rule(way)}")


def _record_facts(register: Register, record: Record) -> Iterator[tuple[str, str]]:
    rules = register.lifecycle(record.lifecycle)
    counts = output.counts_by_ledger(rules.states[record.state])
    yield "state", f"{_say_state(record)} ({counts})" if counts else _say_state(record)
    yield "rules", f"{record.lifecycle}: {rules.title}"
    yield "issued", record.issued.isoformat()
    for name, value in record.fields.items():
        yield name, value if isinstance(value, str) else "; ".join(value)
    deadline = register.deadline(record.id)
    if deadline.changes:
        times = "1 time" if len(deadline.changes) == 1 else f"{len(deadline.changes)} times"
        yield "deadline", f"first {deadline.original}, changed {times} since"
    if deadline.state:
        day = deadline.state.day
        yield "to leave", f"by {day}" if day else f"by no day: {deadline.state.why}"
    for name, other in (("parent", record.parent), ("successor", record.successor)):
        if other is not None:
            yield name, other
    if record.children:
        yield "children", ", ".join(record.children)
    for held in record.attachments:
        used = "counted" if held.document.digest in record.spent else "not counted yet"
        yield held.document.kind, f"{held.document.name} ({used})"


def figures(
    *,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
    as_at: Annotated[
        date | None,
        typer.Option(
            "--as-at",
            parser=read_day,
            metavar="YYYY-MM-DD",
            help="As at the end of this day; everything recorded when left out.",
        ),
    ] = None,
    known: Annotated[
        int | None,
        typer.Option(
            "--known",
            metavar="POSITION",
            help="As known at this position of the feed; all that is kept when left out.",
        ),
    ] = None,
    force: ForceOption = None,
    ledger: LedgerOption = "portal",
    form: FormatOption = Format.TABLE,
) -> None:
    """Print how many records count open and closed.

    The position of the feed that a table rests on stands above it: with `--known` the same table
    comes out again, whatever was recorded or corrected since.
    """
    with opened_register(register, rules) as here:
        last = here.position() if known is None else known
        found = here.figures(as_at=as_at, force=force, ledger=ledger, known=last)
        print_figures(found, ledger, form)


def print_figures(found: Figures, ledger: str, form: Format = Format.TABLE) -> None:
    """Print figures, with their totals in the last row."""
    body = [(line.title, line.open, line.closed, line.total) for line in found.lines]
    total = ("Total", found.open, found.closed, found.total)
    day = found.as_at
    when = f"as at {day.day} {day:%B %Y}" if day else "with all that is recorded"
    when += "" if found.known is None else f", known at position {found.known}"
    if form is Format.JSON:
        names = ("title", "open", "closed", "total")
        told = {
            "ledger": ledger,
            "as_at": found.as_at.isoformat() if found.as_at else None,
            "known": found.known,
            "lines": [dict(zip(names, each, strict=True)) for each in body],
            "total": dict(zip(names[1:], total[1:], strict=True)),
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        return
    output.rows(
        (("" if form in (Format.TABLE, Format.MD) else "Figure"), *_FIGURE_COLUMNS),
        [*body, total],
        form,
        title=f"Figures on the ledger {ledger}, {when}",
        numbers=_FIGURE_COLUMNS,
        totals=True,
    )
