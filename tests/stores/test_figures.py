"""The figures' rows are the categories', in order, at zero too, and nothing is lost."""

from __future__ import annotations

from datetime import date

import pytest

from peelflow.figures import FigureLine, Figures, tabulate
from peelflow.model.rules import Category, FigureRow, Level
from peelflow.stores.base import LedgerTotal

CATEGORIES = {
    "recommendation": Category(
        "Recommendation", figures=(FigureRow("Level 3", 2, 3), FigureRow("Level 1", 1, 1))
    ),
    "afi": Category("Area for improvement", figures=(FigureRow("AFI", 0, None),)),
    "report": Category("Report"),
}


def total(
    counts: str,
    number: int,
    level: Level = 3,
    *,
    category: str = "recommendation",
    force: str = "WMP",
    ledger: str = "portal",
) -> LedgerTotal:
    """Return one of a store's sums."""
    return LedgerTotal(force, category, level, ledger, counts, number)


def test_every_declared_row_is_printed() -> None:
    """Rows stand in their order, at zero too."""
    found = tabulate([], CATEGORIES, as_at=date(2024, 1, 1))

    lines = tuple(FigureLine(title, 0, 0) for title in ("AFI", "Level 1", "Level 3"))
    assert found == Figures(lines, date(2024, 1, 1))


def test_rows_sum_open_and_closed_over_forces() -> None:
    """Each row sums its category and level on one ledger."""
    totals = [
        total("open", 5),
        total("closed", 2),
        total("open", 1, force="GMP"),
        total("open", 9, ledger="force"),
        total("closed", 4, None, category="afi"),
    ]
    found = tabulate(totals, CATEGORIES)

    assert found.lines == (
        FigureLine("AFI", 0, 4),
        FigureLine("Level 1", 0, 0),
        FigureLine("Level 3", 6, 2),
    )
    assert [line.total for line in found.lines] == [4, 0, 8]
    assert (found.open, found.closed, found.total) == (6, 6, 12)


def test_another_ledger_can_be_asked_for() -> None:
    """Portal figures count the portal alone; a force may ask for its own."""
    found = tabulate([total("open", 9, ledger="force")], CATEGORIES, ledger="force")

    assert found.open == 9


@pytest.mark.parametrize(
    ("sums", "line"),
    [
        ([total("open", 1, 2), total("closed", 3, 4)], ("Recommendation (no row declared)", 1, 3)),
        ([total("open", 2, None, category="report")], ("Report (no row declared)", 2, 0)),
        ([total("open", 2, None, category="unknown")], ("unknown (no row declared)", 2, 0)),
    ],
)
def test_nothing_is_lost_silently(sums: list[LedgerTotal], line: tuple[str, int, int]) -> None:
    """What falls on no declared row has a line of its own at the end."""
    found = tabulate(sums, CATEGORIES)

    assert found.lines[-1] == FigureLine(*line)
    assert found.total == sum(each.total for each in sums)


def test_a_level_that_sums_to_nothing_has_no_line() -> None:
    """A store's zero on no declared row is no line."""
    assert len(tabulate([total("open", 0, 2)], CATEGORIES).lines) == 3


def test_what_two_rows_declare_counts_once() -> None:
    """Two rows of one category and level do not double the total."""
    rows = (FigureRow("First", 1, 3), FigureRow("Second", 2, 3))
    found = tabulate([total("open", 5)], {"recommendation": Category("R", figures=rows)})

    assert found.lines == (FigureLine("First", 5, 0), FigureLine("Second", 0, 0))
