"""Lay out what the portfolio says as tables, for the command line and for the committee's paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from operator import attrgetter

from attrs import evolve

from peelflow.model.date_spans import is_as_known, read_span
from peelflow.portfolio.grouping import Group, GroupedFigures
from peelflow.portfolio.listing import Share
from peelflow.portfolio.movement import Movement, MovementTotal
from peelflow.register.validation import check_one_of
from peelflow.reports.content import Cell, Table
from peelflow.results import frozen

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


@frozen
class Arrangement:
    """Which columns of a table to show, in what order its rows stand, and how many of them.

    Attributes:
        columns: The columns, in this order; all where there are none.
        sort: The column by which rows are sorted, downwards behind a `-`; as they come where None.
            Rows that say nothing there stand at the end.
        limit: How many rows at the most; all where None. A row of totals stays.
    """

    columns: tuple[str, ...] = ()
    sort: str | None = None
    limit: int | None = None

    def of(self, table: Table) -> Table:
        """Return a table as it is to be shown.

        Args:
            table: The table.

        Raises:
            InvalidRequest: It has no such column.
        """
        body = table.rows[:-1] if table.totals else table.rows
        rows = (*self._sorted(table, body)[: self.limit], *table.rows[len(body) :])
        if not self.columns:
            return evolve(table, rows=rows)
        places = [_place_of(table, column) for column in self.columns]
        picked = tuple(tuple(row[place] for place in places) for row in rows)
        numbers = tuple(column for column in self.columns if column in table.numbers)
        return evolve(table, columns=self.columns, rows=picked, numbers=numbers)

    def _sorted(
        self, table: Table, rows: tuple[tuple[Cell, ...], ...]
    ) -> tuple[tuple[Cell, ...], ...]:
        if self.sort is None:
            return rows
        place = _place_of(table, self.sort.removeprefix("-"))
        said = [row for row in rows if row[place] not in (None, "")]
        unsaid = [row for row in rows if row[place] in (None, "")]
        said.sort(key=lambda row: _rank(row[place]), reverse=self.sort.startswith("-"))
        return (*said, *unsaid)


def _place_of(table: Table, column: str) -> int:
    check_one_of(column, table.columns, "the column")
    return table.columns.index(column)


def _rank(cell: Cell) -> tuple[int, tuple[int, ...], str]:
    """Return by what a cell is sorted: numbers before days, and these before words."""
    if isinstance(cell, int):
        return 0, (cell,), ""
    if isinstance(cell, date):
        return 1, (cell.toordinal(),), ""
    text = str(cell)
    if is_as_known(text) and (span := read_span(text)):
        return 1, (span.last.toordinal(),), text  # behind the days that it may be
    if _NUMBER.fullmatch(text):
        return 0, tuple(map(int, text.split("."))), text
    return 2, (), text


_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*", re.ASCII)
"""A number as texts have it: a question such as 7.2, or a level."""


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
