"""Count records on a ledger by anything they say, so that the groups sum up to the whole.

A record stands in one group: what says several things at once, as several addressees, is a group of
its own, and so is what says nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import ClassVar, TypeVar

from attrs import field

from peelflow.engine.fold import is_assumed
from peelflow.figures import Figures, tabulate
from peelflow.model.question_sets import QuestionSets
from peelflow.model.questions import QUESTION_FIELD, question_set_of
from peelflow.model.records import Record
from peelflow.model.rules import Category, FigureRow
from peelflow.portfolio.selection import (
    EVERYTHING,
    FIELD_PREFIX,
    Selection,
    check_column,
    each_selected,
    text_field,
    values_of,
)
from peelflow.register.query_checks import check_ledger
from peelflow.register.reader import Reader
from peelflow.results import Result, frozen, html_table
from peelflow.stores.base import LedgerTotal, TotalLine

ROW = "row"
"""The grouping by the rows that the categories declare for a ledger."""
_RECORD_REFERENCES = ("parent", "report", "source_report")
_NUMBER = re.compile(r"([0-9]+)", re.ASCII)
_T = TypeVar("_T")


@frozen
class Group(Result):
    """Records that say the same: `key` is what they say, None where they say nothing."""

    key: str | None
    title: str


@frozen
class GroupCount(Result):
    """How many records of a group count open and closed on the ledger.

    `assumed` of them stand as they were taken over, and nobody saw them walk there.
    """

    _derived: ClassVar[tuple[str, ...]] = ("total",)

    group: Group
    open: int
    closed: int
    assumed: int

    @property
    def total(self) -> int:
        """All records of the group that count on the ledger."""
        return self.open + self.closed


@frozen
class GroupedFigures(Result):
    """The figures of a ledger by what records say, as at a day and as known at a position."""

    _derived: ClassVar[tuple[str, ...]] = ("open", "closed", "assumed", "total")

    by: str
    ledger: str
    groups: tuple[GroupCount, ...]
    as_at: date | None
    known: int

    @property
    def open(self) -> int:
        """All records that count open."""
        return sum(group.open for group in self.groups)

    @property
    def closed(self) -> int:
        """All records that count closed."""
        return sum(group.closed for group in self.groups)

    @property
    def assumed(self) -> int:
        """All records that stand as they were taken over."""
        return sum(group.assumed for group in self.groups)

    @property
    def total(self) -> int:
        """All records that count on the ledger."""
        return self.open + self.closed

    def _repr_html_(self) -> str:
        rows = [
            (line.group.title, line.open, line.closed, line.total, line.assumed)
            for line in self.groups
        ]
        total = ("Total", self.open, self.closed, self.total, self.assumed)
        head = (self.by, "Open", "Closed", "Total", "Assumed")
        return html_table(f"Figures by {self.by}", head, (*rows, total))


@frozen
class Grouping:
    """Says of any record in which group it stands; made once for many records.

    Attributes:
        register: The register.
        by: A column, or `row`.
        ledger: The ledger whose rows count.
        rows: The declared rows by category and level.
        hidden: The rows that are no group where nothing stands in them.
    """

    register: Reader
    by: str
    ledger: str
    rows: Mapping[tuple[str, int | None], str] = field(factory=dict)
    hidden: Collection[str] = ()

    def key(self, record: Record) -> str | None:
        """Return what a record says, as one text; None where it says nothing.

        Args:
            record: The record, as it stood on the day that is looked at.
        """
        if self.by == ROW:
            return self.rows.get((record.category, record.level)) or self._undeclared(record)
        values = values_of(record, self.by)
        if self.by.removeprefix(FIELD_PREFIX) == QUESTION_FIELD:
            sets = self.register.rulebook.vocabulary.question_sets
            numbers = [value.partition(".")[0] for value in values]
            asked = question_set_of(record, sets)
            return " ".join(filter(None, [asked, *numbers])) if values else None
        return "; ".join(values) or None

    def _undeclared(self, record: Record) -> str:
        category = self.register.rulebook.vocabulary.categories.get(record.category)
        return f"{category.title if category else record.category} (no row declared)"

    def groups(self, keys: Collection[str | None]) -> tuple[Group, ...]:
        """Return the groups of some keys in order, each as people read it.

        Args:
            keys: The keys, as `key` gives them; those of declared rows are among them, unless they
                are hidden.
        """
        if self.by == ROW:
            rows = dict.fromkeys(self.rows.values())
            declared = [title for title in rows if title in keys or title not in self.hidden]
            more = sorted(str(key) for key in keys if key not in declared)
            return tuple(Group(key, key) for key in (*declared, *more))
        named = sorted((key for key in keys if key is not None), key=text_order)
        titles = self._titles(named)
        nothing = f"No {self.by.removeprefix(FIELD_PREFIX).replace('_', ' ')}"
        missing = [Group(None, nothing)] if None in keys else []
        return (*(Group(key, titles.get(key, key)) for key in named), *missing)

    def _titles(self, keys: list[str]) -> Mapping[str, str]:
        """Return how people read keys, for those that are read otherwise."""
        words = self.register.rulebook.vocabulary
        match self.by.removeprefix(FIELD_PREFIX):
            case "level":
                return {key: f"Level {key}" if key != "none" else "No level" for key in keys}
            case "category":
                return {name: category.title for name, category in words.categories.items()}
            case "question":
                return {key: _question_title(key, words.question_sets) for key in keys}
            case column if column in _RECORD_REFERENCES:
                records = self.register.store.read(keys)
                titles = {key: text_field(kept.record, "title") for key, kept in records.items()}
                return {key: f"{key}: {title}" for key, title in titles.items() if title}
            case _:
                return {}


def _question_title(key: str, sets: QuestionSets) -> str:
    """Return a question with its set, in their words as far as these are known."""
    name, _, number = key.partition(" ")
    if name not in sets:
        return key
    text = sets[name].questions.get(number)
    return f"{sets[name].title}: {number}" + (f". {text}" if text else "")


def text_order(text: str) -> tuple[tuple[tuple[bool, int, str], ...], str]:
    """Return what texts are sorted by: 9 comes before 10, and a large letter beside its small one.

    Args:
        text: The text.
    """
    parts: list[tuple[bool, int, str]] = []
    for place, part in enumerate(_NUMBER.split(text)):
        number = part.lstrip("0")
        if place % 2:  # what the pattern takes: as many digits as a text may have
            parts.append((False, len(number), number))
        elif part:
            parts.append((True, 0, part.casefold()))
    return tuple(parts), text


def grouping(register: Reader, by: str, *, ledger: str = "portal") -> Grouping:
    """Return the grouping by a column, or by the declared rows of a ledger.

    Args:
        register: The register.
        by: A column of every record, a field, `field:` and its name, or `row`.
        ledger: The ledger that records count on.

    Raises:
        InvalidRequest: There is no such column or ledger.
    """
    check_ledger(register.services, ledger)
    if by != ROW:
        check_column(register, by)
        return Grouping(register, by, ledger)
    categories = register.rulebook.vocabulary.categories
    rows: dict[tuple[str, int | None], FigureRow] = {}
    for _, name, row in sorted(_declared_rows(categories, ledger), key=lambda row: row[:1]):
        rows.setdefault((name, row.level), row)
    titles = {place: row.title for place, row in rows.items()}
    hidden = {row.title for row in rows.values() if row.hidden_at_zero}
    return Grouping(register, by, ledger, titles, hidden)


def _declared_rows(
    categories: Mapping[str, Category], ledger: str
) -> Iterator[tuple[int, str, FigureRow]]:
    for name, category in categories.items():
        for row in category.figures:
            if row.ledger in (None, ledger):
                yield row.order, name, row


def grouped_figures(
    register: Reader,
    by: str,
    *,
    selection: Selection = EVERYTHING,
    as_at: date | None = None,
    known: int | None = None,
    ledger: str = "portal",
) -> GroupedFigures:
    """Return how many records count open and closed on a ledger, by what they say.

    Args:
        register: The register.
        by: A column of every record, a field, `field:` and its name, or `row`.
        selection: Which records.
        as_at: The last day whose events count; everything recorded when left out.
        known: The position of the feed up to which events count.
        ledger: The ledger to count on.

    Raises:
        InvalidRequest: There is no such column or ledger, or the selection cannot be meant.
    """
    groups = grouping(register, by, ledger=ledger)

    def count(position: int | None) -> tuple[GroupCount, ...]:
        sums: Counter[tuple[str | None, str]] = Counter()
        for record in each_selected(register, selection, as_at=as_at, known=position):
            if counts := register.counts(record).get(ledger):
                key = groups.key(record)
                sums.update([(key, counts), *([(key, "assumed")] if is_assumed(record) else [])])
        return tuple(
            GroupCount(group, *(sums[group.key, name] for name in ("open", "closed", "assumed")))
            for group in groups.groups({key for key, _ in sums})
        )

    counted, position = _at_one_position(register, known, count)
    return GroupedFigures(by, ledger, counted, as_at, position)


def selected_figures(
    register: Reader,
    selection: Selection,
    *,
    as_at: date | None = None,
    known: int | None = None,
    ledger: str = "portal",
) -> Figures:
    """Return the figures of some records alone, as the rows that the categories declare.

    Args:
        register: The register.
        selection: Which records.
        as_at: The last day whose events count; everything recorded when left out.
        known: The position of the feed up to which events count.
        ledger: The ledger to count on.

    Raises:
        InvalidRequest: There is no such ledger, or the selection cannot be meant.
    """
    check_ledger(register.services, ledger)
    categories = register.rulebook.vocabulary.categories

    def count(position: int | None) -> list[LedgerTotal]:
        sums, assumed = Counter[TotalLine](), Counter[TotalLine]()
        for record in each_selected(register, selection, as_at=as_at, known=position):
            line = record.force, record.category, record.level
            lines = [(*line, *counted) for counted in register.counts(record).items()]
            sums.update(lines)
            assumed.update(lines if is_assumed(record) else [])
        return [LedgerTotal(*line, total, assumed[line]) for line, total in sums.items()]

    totals, position = _at_one_position(register, known, count)
    return tabulate(totals, categories, ledger=ledger, as_at=as_at, known=position)


def _at_one_position(
    register: Reader, known: int | None, read: Callable[[int | None], _T]
) -> tuple[_T, int]:
    """Return what is read, and the position it is read at, whoever writes meanwhile."""
    if known is not None:
        return read(known), known
    position = register.position()
    found = read(None)
    return (found if register.position() == position else read(position)), position


def in_groups(
    groups: Grouping, records: Iterable[tuple[Record, _T]]
) -> Iterator[tuple[Group, list[_T]]]:
    """Yield each group with what belongs to its records, in the order of the groups.

    Args:
        groups: The grouping.
        records: Each record with what belongs to it.
    """
    parts: dict[str | None, list[_T]] = {}
    for record, part in records:
        parts.setdefault(groups.key(record), []).append(part)
    for group in groups.groups(parts):
        yield group, parts.get(group.key, [])
