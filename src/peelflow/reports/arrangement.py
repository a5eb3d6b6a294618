"""Arrange a table: which columns of it are shown, in what order its rows stand, and how many."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from attrs import evolve

from peelflow.errors import InvalidRequest
from peelflow.model.date_spans import read_span
from peelflow.portfolio.grouping import text_order
from peelflow.register.validation import check_one_of
from peelflow.reports.content import Cell, Table
from peelflow.results import frozen


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
            InvalidRequest: It has no such column, or one is named twice.
        """
        body = table.rows[:-1] if table.totals else table.rows
        rows = (*self._sorted(table, body)[: self.limit], *table.rows[len(body) :])
        if not self.columns:
            return evolve(table, rows=rows)
        places = [_place_of(table, column) for column in self.columns]
        twice = next((name for name in self.columns if self.columns.count(name) > 1), None)
        if twice is not None:
            raise InvalidRequest(f"the column {twice!r}", "is named twice", "name it once")
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
        rank = _rank_of([row[place] for row in said])
        said.sort(key=lambda row: rank(row[place]), reverse=self.sort.startswith("-"))
        return (*said, *unsaid)


def _place_of(table: Table, column: str) -> int:
    check_one_of(column, table.columns, "the column")
    return table.columns.index(column)


_Rank = tuple[int, Any]


def _rank_of(cells: Sequence[Cell]) -> Callable[[Cell], _Rank]:
    """Return what tells by what a cell of a column is sorted.

    A text such as 2024 or 2024-03 is a day, known in part, where a day stands in the column, or all
    of it is known in part; else it is a number, or the name that it is.
    """
    spans = [read_span(str(cell)) for cell in cells]  # of a day as of its text
    are_days = any(span is not None and span.is_day for span in spans) or all(spans)
    return partial(_rank, are_days=are_days)


def _rank(cell: Cell, *, are_days: bool) -> _Rank:
    """Return by what a cell is sorted: numbers before days, and these before words."""
    if isinstance(cell, int):
        return 0, ((cell,), "")
    if isinstance(cell, date):
        return 1, (cell.toordinal(), "")
    text = str(cell)
    if are_days and (span := read_span(text)):
        return 1, (span.last.toordinal(), text)  # behind the days that it may be
    if _NUMBER.fullmatch(text):
        return 0, (tuple(map(int, text.split("."))), text)
    return 2, text_order(text)


_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*", re.ASCII)
"""A number as texts have it: a question such as 7.2, or a level."""
