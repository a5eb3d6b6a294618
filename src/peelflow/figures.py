"""Figures are a store's totals as the rows that the categories declare, at zero too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from operator import itemgetter
from typing import ClassVar

from peelflow.model.rules import Category, Level
from peelflow.results import Result, frozen, html_table
from peelflow.stores.base import LedgerTotal

_Sums = Counter[tuple[str, Level, str]]
_ASSUMED = "assumed"
_COLUMNS = ("open", "closed", _ASSUMED)


@frozen
class FigureLine(Result):
    """One line of the figures: how many records count open and closed.

    `assumed` of them stand as they were taken over, and nobody saw them walk there.
    """

    _derived: ClassVar[tuple[str, ...]] = ("total",)

    title: str
    open: int
    closed: int
    assumed: int = 0

    @property
    def total(self) -> int:
        """All records of this line."""
        return self.open + self.closed


@frozen
class Figures(Result):
    """The figures' lines in order, as at the end of a day (None: with everything that is kept).

    `known` is the position of the feed up to which events count; None: every one of them.
    """

    _derived: ClassVar[tuple[str, ...]] = ("open", "closed", "assumed", "total")

    lines: tuple[FigureLine, ...]
    as_at: date | None
    known: int | None = None

    @property
    def open(self) -> int:
        """All records that count open."""
        return sum(line.open for line in self.lines)

    @property
    def closed(self) -> int:
        """All records that count closed."""
        return sum(line.closed for line in self.lines)

    @property
    def assumed(self) -> int:
        """All records that stand as they were taken over."""
        return sum(line.assumed for line in self.lines)

    @property
    def total(self) -> int:
        """All records of all lines."""
        return self.open + self.closed

    def _repr_html_(self) -> str:
        rows = [
            (line.title, line.open, line.closed, line.total, line.assumed) for line in self.lines
        ]
        total = ("Total", self.open, self.closed, self.total, self.assumed)
        day = "now" if self.as_at is None else f"as at {self.as_at}"
        head = ("", "Open", "Closed", "Total", "Assumed")
        return html_table(f"Figures {day}", head, (*rows, total))


def tabulate(
    totals: Iterable[LedgerTotal],
    categories: Mapping[str, Category],
    *,
    ledger: str = "portal",
    as_at: date | None = None,
    known: int | None = None,
) -> Figures:
    """Return the figures of one ledger.

    Every row declared for it is there by its `order`, at zero too unless it says otherwise. What
    falls on no declared row stands in a line of its own at the end, so nothing is lost; what two
    rows declare counts in the first.

    Args:
        totals: The store's sums as at `as_at`.
        categories: The rulebook's categories by name.
        ledger: The ledger to count on.
        as_at: The day these totals were asked for.
        known: The position they were asked for.
    """
    sums: _Sums = Counter()
    for total in totals:
        if total.ledger == ledger:
            sums[total.category, total.level, total.counts] += total.total
            sums[total.category, total.level, _ASSUMED] += total.assumed
    rows = [
        (row.order, name, place, row)
        for name, category in categories.items()
        for place, row in enumerate(category.figures)
        if row.ledger in (None, ledger)
    ]
    lines = [
        (
            row,
            FigureLine(row.title, *(sums.pop((name, row.level, column), 0) for column in _COLUMNS)),
        )
        for _, name, _, row in sorted(rows, key=itemgetter(0, 1, 2))
    ]
    declared = [line for row, line in lines if line.total or not row.hidden_at_zero]
    return Figures((*declared, *_undeclared_lines(sums, categories)), as_at, known)


def _undeclared_lines(sums: _Sums, categories: Mapping[str, Category]) -> Iterator[FigureLine]:
    left: Counter[tuple[str, str]] = Counter()
    for (name, _, column), total in sums.items():
        left[name, column] += total
    for name in sorted({name for name, _ in left}):
        title = categories[name].title if name in categories else name
        counted = (left[name, column] for column in _COLUMNS)
        line = FigureLine(f"{title} (no row declared)", *counted)
        if line.total:
            yield line
