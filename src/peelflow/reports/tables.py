"""Lay out what the portfolio says as tables, for the command line and for the committee's paper."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from attrs import evolve

from peelflow.portfolio.grouping import Group, GroupedFigures
from peelflow.portfolio.listing import Share
from peelflow.reports.content import Cell, Table

if TYPE_CHECKING:
    from peelflow.portfolio.movement import Movement, MovementTotal

GROUP_NUMBERS = ("Open", "Closed", "Total", "Assumed")
_OPEN_PARTS = (
    *("open_before", "new", "closed", "reopened", "superseded", "cancelled"),
    *("moved_open", "open_after"),
)
_CLOSED_PARTS = (
    *("closed_before", "new_closed", "closed", "superseded", "reopened", "moved_closed"),
    "closed_after",
)
OPEN_NUMBERS = (
    *("open before", "new", "closed", "re-opened", "superseded", "of which cancelled"),
    *("moved", "open after"),
)
CLOSED_NUMBERS = (
    *("closed before", "new and closed", "closed since", "superseded since"),
    *("re-opened since", "moved when closed", "closed after"),
)
_SELDOM = ("superseded", "of which cancelled", "superseded since")


def grouped_table(grouped: GroupedFigures, title: str) -> Table:
    """Return figures by what records say as a table, with their totals in the last row.

    Args:
        grouped: The figures.
        title: What stands above.
    """
    lines = [
        (line.group.title, line.open, line.closed, line.total, line.assumed)
        for line in grouped.groups
    ]
    total = ("Total", grouped.open, grouped.closed, grouped.total, grouped.assumed)
    rows = (*lines, total) if lines else ()
    columns = (grouped.by, *GROUP_NUMBERS)
    return Table("figures", title, columns, rows, GROUP_NUMBERS, totals=bool(lines))


def share_table(shares: Sequence[Share], by: str, name: str, title: str) -> Table:
    """Return shares as a table, with the share of all in the last row.

    Args:
        shares: The share of each group.
        by: What they are grouped by.
        name: What the column of those past the threshold is called.
        title: What stands above.
    """
    every = Share(
        Group(None, "Total"),
        sum(share.past for share in shares),
        sum(share.total for share in shares),
        sum(share.undated for share in shares),
    )
    rows = tuple(
        (share.group.title, share.past, share.total, share.percent, share.undated)
        for share in (*shares, every)
    )
    numbers = (name, "open", "per cent", "without a day")
    return Table(name, title, (by, *numbers), rows, numbers, totals=True)


def movement_table(totals: Sequence[MovementTotal], by: str, title: str) -> Table:
    """Return movements added up as a table: what was, what moved, and so what is.

    What is open before, and new, re-opened, less closed and superseded, and moved, is what is open
    after; what is closed before, and new and closed at once, and closed and superseded, less
    re-opened, and moved, is what is closed after. Of those superseded some are cancelled.

    Args:
        totals: The sums of each group.
        by: What they are grouped by.
        title: What stands above.
    """
    rows = [_movement_row(total) for total in totals]
    sums = [sum(column) for column in zip(*(numbers for _, numbers in rows), strict=True)]
    columns = (*OPEN_NUMBERS, *CLOSED_NUMBERS)
    body: list[tuple[Cell, ...]] = [(title, *numbers) for title, numbers in rows]
    if rows:
        body.append(("Total", *sums))
    whole = Table("movement", title, (by, *columns), tuple(body), columns, totals=bool(rows))
    return evolve(whole, optional=_SELDOM)


def say_ending(moved: Movement) -> str | None:
    """Say how a record ended that closed otherwise than by the work's completion.

    Args:
        moved: Its movement.
    """
    return moved.ending if moved.ending != "closed" else None


def _movement_row(total: MovementTotal) -> tuple[str, tuple[int, ...]]:
    numbers: tuple[int, ...] = attrgetter(*_OPEN_PARTS, *_CLOSED_PARTS)(total)
    return total.group.title, numbers
