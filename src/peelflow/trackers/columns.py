"""Guess from headings and cells which column of a sheet says what, for the draft of a map.

A guess rests on a heading that is known, on cells that can be nothing else, or on both. Where two
columns fit as well, none is taken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cached_property

from peelflow.results import define, frozen
from peelflow.rulebook.schema import RESERVED
from peelflow.trackers.days import day_of, is_like_a_day
from peelflow.trackers.grid import CellValue, Grid, GridRow
from peelflow.trackers.headings import HEADING_ROWS, heading_rows, normal_form
from peelflow.trackers.known_words import (
    CATEGORY_WORDS,
    HEADING_WORDS,
    TOTAL_WORDS,
    heading_strength,
    idea_of_word,
    level_of_word,
    question_of_word,
)
from peelflow.trackers.rows import NOBODY_WORDS

A_FEW_OF = 0.25
MOST_OF = 0.6
"""The share of a column's cells that have to be of a kind for the column to be so."""
NEARLY_ALL = 0.9
MOST_WORDS = 40
MOST_DIFFERENT = 1_000
"""How many different texts a column has at most of which some may be known words."""
LONGEST_DAY = 60
LONG_TEXT = 25
IS_A_HEADING = 200
"""How strong a heading is that is known as a whole."""


@define(eq=False)
class SheetColumn:
    """A column below the headings: its heading, and the cells that say something.

    `is_computed` where formulas compute cells of it, whether or not what they said was saved.
    """

    number: int
    heading: str
    cells: tuple[tuple[GridRow, CellValue, str], ...]
    is_computed: bool = False

    @cached_property
    def words(self) -> Counter[str]:
        """What the cells say, and how often; spelt as they stand first."""
        first: dict[str, str] = {}
        return Counter(first.setdefault(normal_form(text), text) for _, _, text in self.cells)

    def share(self, *, of_words: bool, fits: Mapping[str, bool]) -> float:
        """Return the share of the cells, or of the different words, that fit.

        Args:
            of_words: Whether each word counts once.
            fits: Whether each word fits.
        """
        total = len(self.words) if of_words else self.words.total()
        good = sum((1 if of_words else count) for word, count in self.words.items() if fits[word])
        return good / total if total else 0.0

    @cached_property
    def texts(self) -> frozenset[str]:
        """What the cells say that are texts."""
        return frozenset(text for _, value, text in self.cells if isinstance(value, str))

    @cached_property
    def share_of_days(self) -> float:
        """The share of the cells that are days, in either order, among those that say anything."""
        said = [cell for cell in self.cells if normal_form(cell[2]) not in NOBODY_WORDS]
        days = sum(
            isinstance(value, date)
            or (len(text) <= LONGEST_DAY and is_like_a_day(text))
            or (not isinstance(value, str) and day_of(value, "day-month-year") is not None)
            for _, value, text in said
        )
        return days / len(said) if said else 0.0

    @property
    def is_of_days(self) -> bool:
        """Whether all cells are days."""
        nothing = any(normal_form(text) in NOBODY_WORDS for text in self.words)
        return self.share_of_days == 1 and not nothing

    def share_known(self, target: str) -> float:
        """Return the share of the cells whose word is known for a target.

        Args:
            target: `category`, `level`, `state` or `question`.
        """
        if len(self.words) > MOST_DIFFERENT:
            return 0.0
        known = {word: _is_known(target, word) for word in self.words}
        return self.share(of_words=False, fits=known)

    @property
    def is_counted(self) -> bool:
        """Whether the cells count the rows: 1, 2, 3."""
        said = [text for _, _, text in self.cells]
        return said == [str(number) for number in range(1, len(said) + 1)]

    @property
    def is_of_references(self) -> bool:
        """Whether the cells are all different, short and mostly with digits."""
        digits = sum(any(map(str.isdigit, word)) for word in self.words)
        return (
            len(self.words) == len(self.cells) > 1
            and digits >= NEARLY_ALL * len(self.cells)
            and max(map(len, self.words)) <= LONG_TEXT
            and self.share_of_days < MOST_OF
        )


def _is_known(target: str, word: str) -> bool:
    match target:
        case "category":
            return normal_form(word) in CATEGORY_WORDS
        case "level":
            return level_of_word(word) != ""
        case "question":
            return question_of_word(word) != ""
        case _:
            return idea_of_word(word) != ""


def heading_row(grid: Grid) -> GridRow | None:
    """Return the row that looks most like headings; None where none has a heading that is known.

    Args:
        grid: The sheet.
    """

    def likeness(row: GridRow) -> tuple[int, int]:
        strengths: dict[str, int] = {}
        against = 0
        for column in row.filled:
            text = row.text(column)
            found = {target: heading_strength(target, text) for target in HEADING_WORDS}
            is_known = max(found.values()) >= IS_A_HEADING
            against += not is_known and _is_of_a_record(row.value(column), text)
            for target, strength in found.items():
                strengths[target] = max(strengths.get(target, 0), strength)
        known = [
            2 if strength >= IS_A_HEADING else 1 for strength in strengths.values() if strength
        ]
        return sum(known) - 2 * against, -row.number

    rows = [whole for _, whole in heading_rows(grid, HEADING_ROWS)]
    best = max(rows, key=likeness, default=None)
    return best if best is not None and likeness(best)[0] > 1 else None


def _is_of_a_record(value: CellValue, text: str) -> bool:
    """Return whether a cell says what a record does: a day, a number, a known word, a long text."""
    if not isinstance(value, str) or is_like_a_day(text) or len(text) > 3 * LONG_TEXT:
        return True
    return any(_is_known(target, text) for target in ("category", "level", "state", "question"))


def columns_of(grid: Grid, headings: GridRow, banners: frozenset[int]) -> tuple[SheetColumn, ...]:
    """Return the columns that have a heading.

    Args:
        grid: The sheet.
        headings: The row of headings.
        banners: The rows that are no records.
    """
    below = [
        row
        for row in grid.rows
        if row.number > headings.number
        and row.number not in banners
        and row.cells != headings.cells
    ]
    return tuple(
        SheetColumn(
            column,
            headings.text(column),
            tuple(
                (row, row.value(column), row.text(column))
                for row in below
                if row.value(column) is not None
            ),
            any((row.number, column) in grid.formulas for row in below),
        )
        for column in headings.filled
    )


def total_rows(grid: Grid, headings: GridRow) -> dict[int, str]:
    """Return the rows below the headings that begin as a row of sums does.

    Args:
        grid: The sheet.
        headings: The row of headings.
    """
    return {
        row.number: row.text(row.filled[0])
        for row in grid.rows
        if row.number > headings.number
        and len(row.filled) > 1
        and normal_form(row.text(row.filled[0])).rstrip(":") in TOTAL_WORDS
    }


def banner_rows(grid: Grid, headings: GridRow) -> dict[int, str]:
    """Return the rows below the headings that say one thing alone, in a table of several columns.

    Args:
        grid: The sheet.
        headings: The row of headings.
    """
    if len(headings.filled) <= 2:  # noqa: PLR2004 - a row of two may well have one cell
        return {}
    return {
        row.number: row.text(row.filled[0])
        for row in grid.rows
        if row.number > headings.number and len(row.filled) == 1
    }


@frozen
class Guess:
    """The column of a target and why it was taken, or the columns of which none was."""

    target: str
    column: SheetColumn | None
    why: str
    rivals: tuple[SheetColumn, ...] = ()

    @property
    def place(self) -> int:
        """Where the column stands in the sheet, the first of several."""
        return (self.column or self.rivals[0]).number


TYPED_TARGETS = ("category", "level", "state", "record")
_DAY_TARGETS = ("issued", "since")
_ORDER = (
    *("record", "category", "level", "issued", "due", "since", "state", "question", "owner"),
    *("report", "title", "theme", "parent", "force", "joint_with", "due_words"),
)


def guess_columns(columns: tuple[SheetColumn, ...]) -> dict[str, Guess]:
    """Return for each target the column that it is read from, as far as that can be told.

    Args:
        columns: The columns of the sheet.
    """
    scores = sorted(
        (
            (-score, _ORDER.index(target), column.number, target, column)
            for target in _ORDER
            for column in columns
            if (score := _score(target, column))
        ),
        key=lambda scored: scored[:3],
    )
    guesses: dict[str, Guess] = {}
    taken: set[int] = set()
    for score, _, _, target, column in scores:
        if target in guesses or column.number in taken:
            continue
        rivals = tuple(
            other
            for against, _, _, for_target, other in scores
            if (against, for_target) == (score, target) and other.number not in taken
        )
        if len(rivals) > 1:
            guesses[target] = Guess(target, None, "", rivals)
            continue
        strength = heading_strength(target, column.heading)
        why = "" if strength else "told by its cells"
        guesses[target] = Guess(target, column, why)
        taken.add(column.number)
    return guesses


def _score(target: str, column: SheetColumn) -> int:
    """Return how well a column fits a target; 0 where it does not."""
    strength = heading_strength(target, column.heading)
    if column.is_computed and not column.cells:
        return strength if strength >= IS_A_HEADING else 0
    share = _cell_share(target, column)
    if target == "record" and column.is_counted:
        strength = min(strength, 1)  # a row's number is a reference where nothing better is
    if share is None:
        return strength if column.cells else 0
    if strength and share >= MOST_OF:
        return strength + int(100 * share)
    if column.cells and _may_be_worded(target, column):
        if strength >= IS_A_HEADING:
            return strength - IS_A_HEADING + 50
        if strength and share >= A_FEW_OF:
            return 30 + int(10 * share)
    alone = target in TYPED_TARGETS and share >= NEARLY_ALL and len(column.words) <= MOST_WORDS
    if target == "record":
        alone = column.is_of_references
    return 50 + int(10 * share) if alone and not strength else 0


def _may_be_worded(target: str, column: SheetColumn) -> bool:
    """Return whether a column with a fitting heading may hold words that nobody here knows."""
    few = len(column.words) <= MOST_WORDS
    if target == "issued":
        return few
    return target in {"category", "level", "state"} and few and column.share_of_days < MOST_OF


def _cell_share(target: str, column: SheetColumn) -> float | None:
    """Return the share of a column's cells that fit a target; None where any text does."""
    match target:
        case "category" | "level" | "state":
            return column.share_known(target)
        case "question":
            return column.share_known(target)
        case "issued" | "since":
            return column.share_of_days
        case "due":
            return 1.0 if column.share_of_days else 0.0
        case "record":
            unique = len(column.words) / len(column.cells) if column.cells else 0.0
            return unique if column.share_of_days < MOST_OF else 0.0
        case _:
            return None


def field_name_of(heading: str, taken: set[str]) -> str:
    """Return the name of an own field for a heading, one that nothing else has.

    Args:
        heading: The heading.
        taken: The names that something else has.
    """
    words = re.findall("[a-z0-9]+", normal_form(heading))[:4]
    name = "_".join(words) or "column"
    if not name[0].isalpha() or name in RESERVED or name in taken:
        name = f"own_{name}"
    number = 2
    unique = name
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    taken.add(unique)
    return unique
