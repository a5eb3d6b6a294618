"""The verbs that look at all records together: overdue, ages, plan, movement."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.cli.options import (
    DEFAULT_URL,
    Force,
    Format,
    Formatted,
    Ledger,
    RulePaths,
    Url,
    opened,
    read_day,
    today,
)
from peelflow.portfolio.ages import ages as ages_of
from peelflow.portfolio.movement import movement as movement_of
from peelflow.portfolio.overdue import OverdueRecord, UndatedRecord
from peelflow.portfolio.overdue import overdue as overdue_of
from peelflow.portfolio.planner import PlannedInspection, Verifiable
from peelflow.portfolio.planner import plan as plan_of
from peelflow.portfolio.standing import Hand, Row
from peelflow.register.deadlines import Deadline

AsOn = Annotated[
    date | None,
    typer.Option(
        "--on", parser=read_day, metavar="YYYY-MM-DD", help="The day; today when left out."
    ),
]
_ROW = ("record", "category", "level", "state", "owner")
_HAND = ("decided by", "recorded by", "on")


def overdue(
    *,
    on: AsOn = None,
    force: Force = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
    form: Formatted = Format.TABLE,
) -> None:
    """List the open records past their day, and those that have none."""
    with opened(register, rules) as here:
        found = overdue_of(here, on or today(), force=force)
    columns = (*_ROW, "what", "original", "due", "days over", "slipped", "reasons", *_HAND)
    body = [(*_row(each.row), *_overdue(each), *_hand(each.hand)) for each in found.records]
    bare = [(*_row(each.row), *_undated(each), *_hand(each.hand)) for each in found.undated]
    numbers = ("days over", "slipped")
    if form is not Format.TABLE:
        say.rows(columns, [*body, *bare], form, numbers=numbers)
        return
    for some, title in ((body, f"Overdue on {found.on}"), (bare, "Without a day")):
        if some:
            say.rows(columns, some, title=title, numbers=numbers)
            say.line()
    say.line(f"{len(body)} overdue, {len(bare)} without a day")


def ages(
    *,
    on: AsOn = None,
    force: Force = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
    form: Formatted = Format.TABLE,
) -> None:
    """List how long ago each open record was published, the oldest first."""
    day = on or today()
    with opened(register, rules) as here:
        body = [
            (
                *_row(each.row),
                each.published.isoformat() if each.published else None,
                each.days,
                *_hand(each.hand),
            )
            for each in ages_of(here, day, force=force)
        ]
    columns = (*_ROW, "published", "days", *_HAND)
    say.rows(columns, body, form, title=f"Open on {day}", numbers=("days",))


def plan(
    *,
    on: AsOn = None,
    force: Force = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
    form: Formatted = Format.TABLE,
) -> None:
    """List what each coming inspection could verify, and what must be done first for others."""
    with opened(register, rules) as here:
        found = plan_of(here, on or today(), force=force)
    columns = (*_ROW, "question", "could", "first", "with", *_HAND)
    if form is not Format.TABLE:
        body = [row for each in found for row in _planned(each)]
        say.rows(("inspection", "kind", "from", "to", *columns), body, form)
        return
    for each in found:
        say.line(_said(each), "bold")
        for records, what in (
            (each.ready, "Ready for it"),
            (each.first, "First in need of something"),
        ):
            if records:
                body = [_verifiable(record) for record in records]
                say.rows(columns, body, title=f"{what}: {len(records)}")
        if not (each.ready or each.first):
            say.line("no open record is known that it could verify")
        say.line()
    if not found:
        say.line("no inspection is planned for that day or later")


def movement(
    *,
    after: Annotated[
        date,
        typer.Option(
            "--after", parser=read_day, metavar="YYYY-MM-DD", help="What moved after this day."
        ),
    ],
    until: Annotated[
        date | None,
        typer.Option(
            "--until",
            parser=read_day,
            metavar="YYYY-MM-DD",
            help="And up to the end of this one; today when left out.",
        ),
    ] = None,
    force: Force = None,
    ledger: Ledger = "portal",
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
    form: Formatted = Format.TABLE,
) -> None:
    """List what is new, what closed and what re-opened between two days."""
    last = until or today()
    with opened(register, rules) as here:
        body = [
            (
                each.on.isoformat(),
                each.kind,
                each.counts,
                *_row(each.row),
                str(each.hand.actor),
                each.hand.recorded_by,
                each.reason,
            )
            for each in movement_of(here, after=after, until=last, ledger=ledger, force=force)
        ]
    columns = ("on", "what", "counts", *_ROW, "decided by", "recorded by", "reason")
    say.rows(columns, body, form, title=f"On the ledger {ledger} after {after} until {last}")


def _row(row: Row) -> tuple[say.Cell, ...]:
    return (row.record, row.category, str(row.level or "none"), row.state, row.owner)


def _overdue(each: OverdueRecord) -> tuple[say.Cell, ...]:
    due = each.due.isoformat() if each.due else None
    if each.what == "state":
        return (each.what, None, due, each.days_over, None, None)
    return (each.what, _original(each.deadline), due, each.days_over, *_slips(each.deadline))


def _undated(each: UndatedRecord) -> tuple[say.Cell, ...]:
    state, words = each.deadline.state, each.deadline.words or "none"
    due = state.why if state else words
    return (each.what, _original(each.deadline), due, None, *_slips(each.deadline))


def _original(deadline: Deadline) -> str | None:
    return deadline.original.isoformat() if deadline.original else None


def _slips(deadline: Deadline) -> tuple[int, str]:
    """Say how often a day slipped, and each time to what day, why, and by whose act."""
    told = [
        f"{each.day or 'none'}: {each.reason} ({each.actor}, recorded by {each.recorded_by})"
        for each in deadline.slips
    ]
    return len(told), "; ".join(told)


def _said(planned: PlannedInspection) -> str:
    held = planned.inspection
    title = f", {planned.title}" if planned.title else ""
    return f"{held.id}, {held.kind}, {held.first_day} to {held.last_day}{title}"


def _planned(planned: PlannedInspection) -> list[tuple[say.Cell, ...]]:
    held = planned.inspection
    own = (held.id, held.kind, held.first_day.isoformat(), held.last_day.isoformat())
    return [(*own, *_verifiable(each)) for each in (*planned.ready, *planned.first)]


def _verifiable(each: Verifiable) -> tuple[say.Cell, ...]:
    return (
        *_row(each.row),
        each.question,
        each.trigger,
        ", ".join(each.steps),
        ", ".join(each.evidence),
        *_hand(each.waiting),
    )


def _hand(hand: Hand | None) -> tuple[say.Cell, ...]:
    if hand is None:
        return (None, None, None)
    return (str(hand.actor), hand.recorded_by, hand.on.isoformat())
