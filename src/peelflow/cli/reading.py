"""The verbs that read a register: list, show, figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.cli.history import what_happened
from peelflow.cli.options import (
    DEFAULT_URL,
    Force,
    Format,
    Formatted,
    Ledger,
    LevelWord,
    RulePaths,
    Url,
    level_of,
    opened,
    read_day,
)
from peelflow.engine.explain import say_rule
from peelflow.figures import Figures
from peelflow.model.records import Event, Record
from peelflow.model.rules import Counts
from peelflow.register.front import Register

_NUMBERS = ("Open", "Closed", "Total")


def list_records(
    *,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
    force: Force = None,
    category: Annotated[str | None, typer.Option("--category", help="Its category.")] = None,
    level: LevelWord = None,
    state: Annotated[str | None, typer.Option("--state", help="The state it stands in.")] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="The record above it.")] = None,
    counts: Annotated[
        Counts | None, typer.Option("--counts", help="How it counts on the ledger.")
    ] = None,
    ledger: Ledger = "portal",
    form: Formatted = Format.TABLE,
) -> None:
    """List the records that match, by id."""
    columns = (
        *("record", "category", "level", "force", "state", "owner", "issued"),
        *("last event", "decided by", "recorded by"),
    )
    with opened(register, rules) as here:
        found = here.records(
            force=force,
            category=category,
            level="any" if level is None else level_of(level),
            state=state,
            parent=parent,
            counts=counts,
            ledger=ledger,
        )
        body = [_row(record, told[-1]) for record, told in here.histories(found)]
    say.rows(columns, body, form)


def _row(record: Record, last: Event) -> tuple[say.Cell, ...]:
    owner = record.fields.get("owner")
    return (
        record.id,
        record.category,
        _level(record),
        record.force,
        _state(record),
        owner if isinstance(owner, str) else None,
        record.issued.isoformat(),
        last.on.isoformat(),
        str(last.actor),
        last.recorded_by,
    )


def _level(record: Record) -> str:
    return str(record.level or "none")


def _state(record: Record) -> str:
    """Say a state, and whether it was taken over rather than walked into."""
    entered = record.entered[record.state].number == 1
    return f"{record.state} (assumed)" if record.assumed and entered else record.state


def show(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    *,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Show one record, its history and what is next."""
    with opened(register, rules) as here:
        found = here.record(record)
        history = here.history(record)
        say.line(f"{found.id}: {found.category}, level {_level(found)}, {found.force}", "bold")
        say.rows(("", ""), list(_facts(here, found)))
        say.line()
        columns = ("no", "on", "what", "decided by", "recorded by", "reason", "source")
        say.rows(columns, [what_happened(event) for event in history], numbers=("no",))
        say.line()
        ways = here.lifecycle(found.lifecycle).states[found.state].transitions
        say.line("Next:" if ways else f"`{found.state}` is an end")
        for way in ways:
            say.line(f"  {say_rule(way)}")


def _facts(register: Register, record: Record) -> Iterator[tuple[str, str]]:
    rules = register.lifecycle(record.lifecycle)
    counts = say.counts(rules.states[record.state])
    yield "state", f"{_state(record)} ({counts})" if counts else _state(record)
    yield "rules", f"{record.lifecycle}: {rules.title}"
    yield "issued", record.issued.isoformat()
    for name, value in record.fields.items():
        yield name, value if isinstance(value, str) else "; ".join(value)
    deadline = register.deadline(record.id)
    if deadline.slips:
        times = "1 time" if len(deadline.slips) == 1 else f"{len(deadline.slips)} times"
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
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
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
    force: Force = None,
    ledger: Ledger = "portal",
    form: Formatted = Format.TABLE,
) -> None:
    """Print how many records count open and closed.

    The position of the feed that a table rests on stands above it: with `--known` the same table
    comes out again, whatever was recorded or corrected since.
    """
    with opened(register, rules) as here:
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
    say.rows(
        (("" if form in (Format.TABLE, Format.MD) else "Figure"), *_NUMBERS),
        [*body, total],
        form,
        title=f"Figures on the ledger {ledger}, {when}",
        numbers=_NUMBERS,
        totals=True,
    )
