"""What is guessed of a tracker's sheet, and the lines of the map that is drafted of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from attrs import field

from peelflow.errors import InvalidRequest
from peelflow.model.rules import Lifecycle
from peelflow.results import define
from peelflow.rulebook.rulebook import Rulebook
from peelflow.rulebook.schema import RESERVED
from peelflow.trackers.columns import MOST_WORDS, Guess, SheetColumn
from peelflow.trackers.grid import Grid, GridRow
from peelflow.trackers.headings import normal_form
from peelflow.trackers.known_words import CATEGORY_WORDS, level_of_word
from peelflow.trackers.mapping import UNSURE
from peelflow.trackers.rows import LEVEL_WORDS

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _./()'&-]*[A-Za-z0-9.)]|[A-Za-z]")
_UNKNOWN_MEANINGS = ("null", "true", "false", "yes", "no", "on", "off")


@define(eq=False)
class SheetReading:
    """What was guessed of a sheet."""

    grid: Grid
    headings: GridRow
    columns: tuple[SheetColumn, ...]
    guesses: Mapping[str, Guess]
    rulebook: Rulebook

    def column(self, target: str) -> SheetColumn | None:
        """Return the column of a target, if one was taken."""
        guess = self.guesses.get(target)
        return guess.column if guess else None

    def word(self, target: str, row: GridRow) -> str:
        """Return what a row says of a target."""
        column = self.column(target)
        return "" if column is None else row.text(column.number)

    @property
    def rows(self) -> list[GridRow]:
        """The rows that have a reference, or all that have a cell where none is known."""
        rows = {row.number: row for column in self.columns for row, _, _ in column.cells}
        return [rows[number] for number in sorted(rows)]

    def category_of(self, row: GridRow) -> str:
        """Return the category of a row, "" where its word is not known."""
        return CATEGORY_WORDS.get(normal_form(self.word("category", row)), "")

    def key_of(self, row: GridRow) -> str:
        """Return the level of a row as a key of `states`, "" where its word is not known."""
        word = self.word("level", row)
        level = level_of_word(word) if word else None
        return "" if level == "" else str(level or "none")

    def lifecycles(self, key: str) -> list[Lifecycle]:
        """Return the newest rules for a level, of each category that the sheet has."""
        column = self.column("category")
        words = column.words if column else ()
        known = {CATEGORY_WORDS.get(normal_form(word), "") for word in words} - {""}
        newest: dict[str, Lifecycle] = {}
        for category in sorted(known or {*CATEGORY_WORDS.values()}):
            with suppress(InvalidRequest):
                rules = self.rulebook.lifecycle_for(category, LEVEL_WORDS[key], date.max)
                newest[str(rules)] = rules
        return [*newest.values()]

    @property
    def reports(self) -> SheetColumn | None:
        """The column of reports, where no other says when a row was issued: each has its day."""
        column = self.column("report")
        is_known = "issued" in self.guesses or column is None or len(column.words) > MOST_WORDS
        return None if is_known else column

    @property
    def has_causes(self) -> bool:
        """Whether some rows are causes of concern."""
        column = self.column("category")
        words = () if column is None else column.words
        return any(CATEGORY_WORDS.get(normal_form(word)) == "cause_of_concern" for word in words)


@define
class MapWriter:
    """Writes the lines of a map, and counts what is unsure."""

    lines: list[str] = field(factory=list)
    unsure: list[str] = field(factory=list)

    def note(self, text: str, indent: int = 0) -> None:
        """Write a comment of its own line."""
        self.lines.append(f"{'  ' * indent}# {text}")

    def entry(self, key: str, value: object = "", *, indent: int = 0, note: str = "") -> None:
        """Write a key and its value, with a note beside it."""
        said = "" if value == "" else f" {quoted(value)}"
        if value == UNSURE:
            self.unsure.append(f"line {len(self.lines) + 1}: {key}")
        beside = f"  # {note}" if note else ""
        name = key if key.isdecimal() else quoted(key)
        self.lines.append(f"{'  ' * indent}{name}:{said}{beside}")

    def blank(self) -> None:
        """Write an empty line."""
        self.lines.append("")


def quoted(value: object) -> str:
    """Write a scalar so that YAML reads it as it is meant.

    Args:
        value: A text, a whole number, a list of texts, or None for `none`.
    """
    match value:
        case None:
            return "none"
        case int():
            return str(value)
        case list() | tuple():
            return f"[{', '.join(map(quoted, value))}]"
        case _:
            text = str(value)
            plain = _PLAIN.fullmatch(text) and normal_form(text) not in {
                *RESERVED,
                *_UNKNOWN_MEANINGS,
            }
            return text if plain else json.dumps(text, ensure_ascii=False)
