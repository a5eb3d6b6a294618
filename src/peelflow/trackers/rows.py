"""Read the rows of a grid by a map: what each says of its record, or what is wrong in which cell.

Every cell is read before anything is asked of a register, so that all faults come at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property, partial
from typing import TypeVar

from attrs import field

from peelflow.errors import (
    Diagnostic,
    InspectorateOnly,
    InvalidRequest,
    PeelflowError,
    Span,
    UnknownRecord,
)
from peelflow.model.date_spans import is_as_known
from peelflow.model.records import Record, Value
from peelflow.model.rules import Category, Level, Lifecycle
from peelflow.model.trackers import BLANK
from peelflow.phrases import counted, listed, nearest_name, shown, suggestion
from peelflow.register.questions import QUESTION_FIELDS, check_questions
from peelflow.register.validation import (
    check_name,
    checked_id,
    checked_value,
    list_items,
)
from peelflow.results import define, frozen
from peelflow.rulebook.rulebook import Rulebook
from peelflow.texts import first_unseen
from peelflow.trackers.banners import NamedRows, named_rows
from peelflow.trackers.days import day_of, is_like_a_day
from peelflow.trackers.grid import CellValue, Grid, GridRow, text_of
from peelflow.trackers.headings import Headings, normal_form
from peelflow.trackers.mapping import (
    ACT_TARGETS,
    NEEDED_TARGETS,
    TARGETS,
    MapFile,
    categories_of,
)
from peelflow.trackers.sheet_references import SheetReferences

T = TypeVar("T")
LEVEL_WORDS: Mapping[str, Level] = {"1": 1, "2": 2, "3": 3, "4": 4, "none": None}
DAY_TARGETS = ("issued", "since", "signed_on")
FORCE_TARGETS = ("force", "joint_with")
NOBODY_WORDS = frozenset(
    {
        *("n/a", "na", "none", "nil", "-", "--", "not applicable", "?", "unknown", "not known"),
        *("tbc", "tba", "tbd", "to be confirmed", "to be agreed", "to be determined", "vacant"),
        *("to be allocated", "to be assigned", "unallocated", "unassigned", "not allocated"),
    }
)
"""What stands where a person is asked for and names nobody."""
_WHOSE_WORD = (
    "write `inspectorate` in the map's `fixed`: who there said so; or give the sheet columns for "
    "`actor` and `actor_role`"
)


def word_of(text: str) -> str:
    """Return the word that a cell says as it is compared; `blank` where it says nothing.

    Args:
        text: What the cell says.
    """
    return normal_form(text) or BLANK


@frozen
class TrackerRow:
    """What a row says of one record.

    Attributes:
        row: Where it stands.
        record: The record's id.
        category: Its category; `level` is its level.
        issued: The day it was issued.
        state: The state that the row's word stands for, None where the sheet has no such column.
        fields: What each field that has a column says; None where its cell is empty.
        force: Its lead force.
        parent: The id of the record above it.
        joint_with: The other forces that it is of; None where the sheet has no such column.
        act: What the row says of how it came to stand there, by the names of a map's columns.
    """

    row: GridRow
    record: str
    category: str
    level: Level
    issued: date
    state: str | None
    fields: Mapping[str, Value | None]
    force: str
    parent: str | None = None
    joint_with: tuple[str, ...] | None = None
    act: Mapping[str, str | date] = field(factory=dict)


class _BadCellError(Exception):
    """A cell does not say what its column is for; or the map, at a span of its own."""

    def __init__(self, sentence: str, instead: str, span: Span | None = None) -> None:
        super().__init__()
        self.sentence, self.instead, self.span = sentence, instead, span


@define(eq=False)
class RowReader:
    """Reads rows one after another, and gathers what is wrong with them.

    Attributes:
        grid: The sheet.
        file: The map.
        rulebook: The rules, with the map's own fields.
        headings: Where its columns are.
        as_at: The day that the sheet tells of.
        find: Finds the register's record of an id.
        references: Where each reference stands; the readers of several sheets share it.
        faults: What is wrong, in the order of the rows; they share it, too.
    """

    grid: Grid
    file: MapFile
    rulebook: Rulebook
    headings: Headings
    as_at: date
    find: Callable[[str], Record | None]
    references: SheetReferences
    faults: list[Diagnostic] = field(factory=list)
    _fault_spans: set[Span] = field(factory=set)

    @cached_property
    def _words(self) -> Mapping[str, Mapping[str, str]]:
        """The map's words for fields, as they are compared; those for references hold in each."""
        words = {
            name: {normal_form(word): meaning for word, meaning in words.items()}
            for name, words in self.file.tracker.words.items()
        }
        records = {word: name for word, name in words.get("record", {}).items() if word != BLANK}
        own = {target: words.get(target, {}) for target in ("parent", "successor")}
        return words | {target: records | said for target, said in own.items()}

    @cached_property
    def _states(self) -> Mapping[str, Mapping[str, str]]:
        return {
            key: {normal_form(word): state for word, state in words.items()}
            for key, words in self.file.tracker.states.items()
        }

    @cached_property
    def _categories(self) -> Mapping[str, str]:
        words = self.file.tracker.categories
        return {normal_form(word): name for word, name in words.items()}

    @cached_property
    def _levels(self) -> Mapping[str, Level]:
        words = self.file.tracker.levels
        return {**LEVEL_WORDS, **{normal_form(word): level for word, level in words.items()}}

    @cached_property
    def _sums(self) -> NamedRows:
        return named_rows(self.file.tracker.totals)

    @cached_property
    def _banners(self) -> NamedRows:
        return named_rows((*self.file.tracker.banners, *self.file.tracker.totals))

    @cached_property
    def _paired(self) -> Mapping[str, str]:
        """For each target of days, a field of words that is read from the same column."""
        by_column: dict[int, list[str]] = {}
        for target, column in self.headings.columns.items():
            by_column.setdefault(column, []).append(target)
        texts = {
            column: next((name for name in targets if self._is_text(name)), None)
            for column, targets in by_column.items()
        }
        return {
            target: text
            for target, column in self.headings.columns.items()
            if (text := texts[column]) is not None and not self._is_text(target)
        }

    def _is_text(self, target: str) -> bool:
        """Return whether a target is a field of words."""
        types = {
            category.fields[target].type
            for category in self.rulebook.vocabulary.categories.values()
            if target in category.fields
        }
        return target not in TARGETS and types == {"text"}

    def rows(self) -> Iterator[TrackerRow]:
        """Yield what the rows below the headings say; a row with a fault is not among them."""
        for row in filter(self._is_record, self.grid.rows):
            read = self.read(row)
            if read is not None:
                yield read

    def _is_record(self, row: GridRow) -> bool:
        return row.number > self.headings.row.number and not self._is_passed_over(row)

    def _is_passed_over(self, row: GridRow) -> bool:
        """Return whether a row repeats the headings, or is a banner or sum that the map names."""
        if not row.filled or row.cells == self.headings.row.cells:
            return bool(row.filled)
        first = row.text(row.filled[0])
        named = self._banners if len(row.filled) == 1 else self._sums
        return named.has(first) or (named.has_alike(first) and not self._is_known(row))

    def _is_known(self, row: GridRow) -> bool:
        """Return whether a row has the reference of a record that the register has."""
        said = self._meant("record", row.value(self.headings.columns["record"]))
        record = self._reference(said)
        return record is not None and self.find(record) is not None

    def read(self, row: GridRow) -> TrackerRow | None:
        """Return what a row says, None where a cell of it is wrong.

        Args:
            row: The row.
        """
        known = len(self.faults)
        self._check_width(row)
        if self._stands_alone(row):
            self._take_alone(row)
            return None
        self._check_cells(row)
        record = self._cell(row, "record", partial(self._record, row))
        category = self._cell(row, "category", self._category)
        issued = self._cell(row, "issued", self._issued)
        before_level = len(self.faults)
        level = self._cell(row, "level", partial(self._level, category))
        has_level = len(self.faults) == before_level
        rules = None
        if category is not None and issued is not None and len(self.faults) == known:
            rules = self._cell(row, "level", partial(self._rules, category, level, issued))
        read_state = partial(self._state, rules, category, level)
        state = self._cell(row, "state", read_state) if has_level else None
        fields = self._fields(row, category, record or "")
        parent, act = self._cell(row, "parent", self._reference), self._act(row)
        force = self._cell(row, "force", self._force) or self.file.tracker.fixed.force
        joint = self._cell(row, "joint_with", partial(self._joint_with, force))
        if len(self.faults) > known or record is None or category is None or issued is None:
            return None
        return TrackerRow(
            *(row, record, category, level, issued, state, fields, force, parent, joint, act)
        )

    def _stands_alone(self, row: GridRow) -> bool:
        """Return whether a row says one thing, where a record is said in several columns."""
        needed = {self.headings.columns.get(name, 0) for name in NEEDED_TARGETS} - {0}
        return len(needed) > 1 and len(row.filled) == 1

    def _take_alone(self, row: GridRow) -> None:
        """Take what stands alone in its row and is none of the map's banners.

        A reference that stands so is one that the sheet has, though the rest of its row is empty.
        """
        (column,) = row.filled
        text = row.text(column)
        if column == self.headings.columns.get("record"):
            self.references.places.setdefault(
                f"{self.file.tracker.fixed.prefix or ''}{text}", self.grid.place(row.number, column)
            )
        sentence = f"{self.grid.place(row.number, column)}: `{shown(text)}` stands alone in its row"
        instead = "give the row its other cells"
        if not self._is_known(row):
            instead = f"name it under `banners` in the map, or {instead}"
        self.faults.append(
            Diagnostic(self.grid.span(row, column), "sheet-value", sentence, instead)
        )

    def cell_fault(self, row: GridRow, target: str, sentence: str, instead: str) -> Diagnostic:
        """Return what is wrong in the cell of a row that a target is read from.

        Args:
            row: The row.
            target: What is read; the whole row where no column says it.
            sentence: What is so.
            instead: What to do.
        """
        column = self.headings.columns.get(target, self.headings.columns.get("record", 1))
        place = self.grid.place(row.number, column)
        heading = shown(self.headings.texts.get(column, ""))
        span = self.grid.span(row, column)
        return Diagnostic(span, "sheet-value", f"{place}, `{heading}`: {sentence}", instead)

    def fault_of(self, row: TrackerRow, error: PeelflowError) -> Diagnostic:
        """Return what the register has against a row, in the cell that it is about.

        Args:
            row: The row.
            error: Why it is not taken.
        """
        self.references.refused.add(row.record)
        sentence, instead, target = str(error), "mend the row", "record"
        if isinstance(error, UnknownRecord):
            return self._unknown_record(row, error.record)
        if isinstance(error, InspectorateOnly):
            sentence, instead, target = error.why, _WHOSE_WORD, "state"
        elif isinstance(error, InvalidRequest):
            sentence, instead = error.why, error.instead
            named = (*row.fields, *row.act)
            target = next((name for name in named if f"`{name}`" in error.what), target)
            if target == "record" and "the person" in error.what:
                said = (name for name, value in row.fields.items() if repr(value) in error.what)
                target = next(said, "record")
            if target == "record":
                sentence = f"{error.what}: {error.why}" if error.what else error.why
        return self.cell_fault(row.row, target, sentence, instead)

    def _unknown_record(self, row: TrackerRow, name: str) -> Diagnostic:
        """Say that a row names a record that is not there, in the cell that names it."""
        target = "parent" if name == row.parent else "successor"
        instead = self.references.instead_of(name)
        return self.cell_fault(row.row, target, f"no record is called `{shown(name)}`", instead)

    def _cell(self, row: GridRow, target: str, read: Callable[[CellValue], T]) -> T | None:
        """Return what a cell says, or take what is wrong with it and return None."""
        column = self.headings.columns.get(target)
        if column is not None and (row.number, column) in self._computed:
            return None
        try:
            return read(None if column is None else self._meant(target, row.value(column)))
        except _BadCellError as bad:
            found = self.cell_fault(row, target, bad.sentence, bad.instead)
            if bad.span is not None:
                found = Diagnostic(
                    bad.span, "sheet-value", f"`issued`: {bad.sentence}", bad.instead
                )
        except InvalidRequest as bad:
            found = self.cell_fault(row, target, bad.why, bad.instead)
        # A column that says two things is wrong once; the other is not read, but told no more.
        if found.span not in self._fault_spans:
            self._fault_spans.add(found.span)
            self.faults.append(found)
        return None

    def _meant(self, target: str, value: CellValue) -> CellValue:
        """Return what a cell says, by the map's words for its column; None where it says nothing.

        A cell of forces may name several: its words are looked up one by one.
        """
        words = self._words.get(target)
        if not words or target in FORCE_TARGETS:
            return value
        meaning = words.get(word_of(text_of(value)))
        return value if meaning is None else None if meaning == BLANK else meaning

    @cached_property
    def _computed(self) -> frozenset[tuple[int, int]]:
        """The cells whose value is none that somebody typed."""
        return self.grid.formulas | frozenset(self.grid.error_cells)

    def _check_width(self, row: GridRow) -> None:
        """Take a row that ends before the headings do, and that the file ends in as if cut off."""
        if row.number == self.grid.cut_row and self._is_short(row):
            width = max(self.headings.row.filled)
            sentence = f"the file ends in this row, which has {len(row.cells)} of {width} cells"
            instead = "bring the whole sheet again, or give the row all its cells"
            self.faults.append(Diagnostic(self.grid.span(row, 1), "sheet-cells", sentence, instead))

    @property
    def notes(self) -> tuple[str, ...]:
        """How the rows were read, in words."""
        rows = filter(self._is_record, self.grid.rows)
        short = [row.number for row in rows if self._is_short(row)]
        if not short:
            return ()
        told = f"{counted(len(short), 'row')} with fewer cells than headings, the first in row"
        return (f"{told} {short[0]}: what is missing is read as empty",)

    def _is_short(self, row: GridRow) -> bool:
        return len(row.cells) < max(self.headings.row.filled)

    def _check_cells(self, row: GridRow) -> None:
        """Take the cells of a row that a formula computes, or that show an error."""
        for column in sorted(set(self.headings.columns.values())):
            target = next(name for name, at in self.headings.columns.items() if at == column)
            error = self.grid.error_cells.get((row.number, column))
            if error is not None:
                instead = "mend what it is computed from, and paste its value"
                self.faults.append(
                    self.cell_fault(row, target, f"shows the error {error}", instead)
                )
            elif (row.number, column) in self.grid.formulas:
                instead = "copy the column, and paste it as values"
                sentence = "is a formula, and what it would say tomorrow nobody knows"
                self.faults.append(self.cell_fault(row, target, sentence, instead))

    def _record(self, row: GridRow, value: CellValue) -> str:
        text = text_of(value)
        if not text:
            raise _BadCellError("the reference is empty", "give the row its reference")
        if normal_form(text) in NOBODY_WORDS:
            instead = "give the row its reference, or leave it out until it has one"
            raise _BadCellError(f"`{shown(text)}` is no reference", instead)
        _check_lines("record", text)
        record = f"{self.file.tracker.fixed.prefix or ''}{text}"
        try:
            checked_id(record)
        except InvalidRequest as bad:
            unseen = first_unseen(text)
            why = f"holds U+{ord(unseen):04X}, which shows nothing" if unseen else bad.why
            instead = "type it anew, and paste nothing" if unseen else bad.instead
            raise _BadCellError(f"`{shown(text)}` {why}", instead) from None
        place = self.grid.place(row.number, self.headings.columns["record"])
        first = self.references.places.setdefault(record, place)
        if first != place:
            raise _BadCellError(f"`{shown(text)}` already stands in {first}", "keep one of the two")
        return record

    def _force(self, value: CellValue) -> str | None:
        return next(iter(self._forces("force", value)), None)

    def _joint_with(self, force: str, value: CellValue) -> tuple[str, ...] | None:
        """Return the forces beside the lead force; a column of all forces may name that too."""
        if "joint_with" not in self.headings.columns:
            return None
        return tuple(sorted({*self._forces("joint_with", value)} - {force}))

    def _forces(self, target: str, value: CellValue) -> Iterator[str]:
        """Yield the forces that a cell names, in the map's words for them or by their short names.

        A force in other words would be another one in the figures, so no other word is one. Words
        for lead forces are words for the others, too.
        """
        words = {**self._words.get("force", {}), **self._words.get(target, {})}
        fixed = self.file.tracker.fixed.force
        named = {normal_form(name): name for name in (fixed, *words.values())}
        text = text_of(value)
        for part in re.split(r"[;\r\n]", words.get(normal_form(text), text)):
            word = normal_form(part)
            if word and word not in named and word not in words:
                known = self.file.tracker.words.get(target, {})
                raise self._unknown_word(part.strip(), "force", f"words: {target}", known)
            name = words.get(word) or named.get(word)
            if name and name != BLANK:
                yield name

    def _reference(self, value: CellValue) -> str | None:
        text = text_of(value)
        return f"{self.file.tracker.fixed.prefix or ''}{text}" if text else None

    def _category(self, value: CellValue) -> str:
        fixed, text = self.file.tracker.fixed.category, text_of(value)
        if not text and fixed is not None:
            return fixed
        word = word_of(text)
        name = self._categories.get(word, word)
        if name in self._known_categories:
            return name
        raise self._unknown_word(text, "category", "categories", self.file.tracker.categories)

    @cached_property
    def _known_categories(self) -> frozenset[str]:
        return frozenset(categories_of(self.file.tracker))

    def _unknown_word(
        self, text: str, what: str, section: str, words: Iterable[str]
    ) -> _BadCellError:
        """Say that a word is none of the map's."""
        if not text:
            return _BadCellError(f"the {what} is empty", f"give the row its {what}")
        add = f"add `{shown(text)}` to `{section}` in the map"
        near = nearest_name(text, words)
        instead = f"{add}, or mend the cell" if near is None else f"write `{near}`, or {add}"
        return _BadCellError(f"`{shown(text)}` is none of the map's words for a {what}", instead)

    def _level(self, category: str | None, value: CellValue) -> Level:
        text, fixed = text_of(value), self.file.tracker.fixed.level
        word = word_of(text)
        if not text and word not in self._levels:
            if fixed is None and category is not None and "level" in self.headings.columns:
                self._check_may_lack_level(category)
            return fixed
        if word not in self._levels:
            raise self._unknown_word(text, "level", "levels", self.file.tracker.levels)
        return self._levels[word]

    def _check_may_lack_level(self, category: str) -> None:
        """Refuse an empty cell where a level is expected: none has to be said."""
        levels = self.rulebook.levels_added(category)
        if levels and levels != ("none",):
            sentence = f"the level is empty, and each `{category}` has one of {listed(levels)}"
            instead = "give it, or say `blank: none` under `levels` in the map"
            raise _BadCellError(sentence, instead)

    def _issued(self, value: CellValue) -> date:
        said, fixed = self._day("issued", value), self.file.tracker.fixed.issued
        day = said or fixed
        if day is None:
            raise _BadCellError("the day it was issued is empty", "give it, such as 30/03/2023")
        if day > self.as_at:
            sentence = f"{day} lies after {self.as_at}, the day that the sheet tells of"
            span = None if said else self.file.span("fixed", "issued")
            raise _BadCellError(sentence, "mend it, or say another day with `--on`", span)
        return day

    def _day(self, target: str, value: CellValue) -> date | None:
        """Return the day of a cell, None where it is empty."""
        if value is None:
            return None
        order = self.file.tracker.dates
        day = day_of(value, order, since_1904=self.grid.since_1904)
        if day is None:
            text = shown(text_of(value))
            instead = "write it as 30/03/2023 or 2023-03-30, or as a date cell"
            if not any(map(str.isdigit, text)):
                where = f"under `words: {target}` in the map"
                instead = f"empty the cell, or say `{text}: blank` {where}"
                if target == "issued":
                    instead = f"say the day, as in `{text}: 2022-12-16`, {where}"
            raise _BadCellError(f"`{text}` is no day, read as {order}", instead)
        return day

    def _rules(self, category: str, level: Level, issued: date, _: CellValue) -> Lifecycle:
        """Return the rules that a new record of these takes."""
        return self.rulebook.lifecycle_for(category, level, issued)

    def _state(
        self, rules: Lifecycle | None, category: str | None, level: Level, value: CellValue
    ) -> str | None:
        """Return the state that a word stands for at a level; those of other levels do not count.

        Without rules, as where another cell of the row is wrong, the word alone is looked at.
        """
        if "state" not in self.headings.columns or category is None:
            return None
        text, key = text_of(value), str(level or "none")
        words = {**self._states.get(key, {}), **self._states.get(category, {})}
        itself = text if rules is not None and text in rules.states else None
        state = words.get(word_of(text), itself)
        if state is not None and (rules is None or state in rules.states):
            return state
        if state is not None and rules is not None:
            sentence = f"`{shown(text)}` stands for `{state}`, which {rules} has not"
            raise _BadCellError(sentence, suggestion(state, rules.states))
        known = self.file.tracker.states.get(key, {})
        raise self._unknown_word(text, f"state of level {key}", f"states: {key}", known)

    def _fields(self, row: GridRow, category: str | None, record: str) -> dict[str, Value | None]:
        """Return what a row says of each field of its record that has a column."""
        kinds = self.rulebook.vocabulary.categories
        name = category or next(iter(self._known_categories))
        kind = kinds[name]
        fields: dict[str, Value | None] = {}
        for target in self.headings.columns:
            if target in kind.fields and target not in TARGETS:
                read = partial(self._field, kind, target, record)
                fields[target] = self._cell(row, target, read)
            elif target not in TARGETS and category is not None:
                self._cell(row, target, partial(_refuse_undeclared, category, target))
        for target in QUESTION_FIELDS[:2]:
            if fields.get(target) is not None:
                self._cell(row, target, partial(self._check_question, kind, target, fields))
        return fields

    def _check_question(
        self, kind: Category, target: str, fields: Mapping[str, Value | None], _: CellValue
    ) -> None:
        """Refuse a question that is no number, or none of its set."""
        said = {
            name: value
            for name, value in fields.items()
            if value is not None and (name == target or name not in QUESTION_FIELDS[:2])
        }
        check_questions(self.rulebook.vocabulary.question_sets, kind, said, record="")

    def _field(self, kind: Category, name: str, record: str, value: CellValue) -> Value | None:
        """Return what a cell says of a field."""
        text = text_of(value)
        if not text:
            return None
        if is_as_known(text) and (known := self._as_known(kind, name)):
            return text if known == name else None
        is_date = kind.fields[name].type == "date"
        pair = self._paired.get(name)
        if is_date and pair in kind.fields and not self._is_day(value, text):
            return None
        if not is_date and name in self._paired.values() and self._is_day(value, text):
            return None
        if is_date:
            read = self._day(name, value)
            return None if read is None else read.isoformat()
        if kind.fields[name].type == "person":
            _check_lines(name, text)
            check_name(text, "the person")
            if normal_form(text) in NOBODY_WORDS:
                said = shown(text)
                instead = f"empty the cell, or say `{said}: blank` under `words: {name}` in the map"
                raise _BadCellError(f"`{said}` names nobody", instead)
        given = list_items(kind, name, text) if kind.fields[name].type == "list" else text
        return checked_value(kind, name, given, record=record)

    def _as_known(self, kind: Category, name: str) -> str | None:
        """Return the date that takes a cell of which the day is not known: itself, or its pair."""
        pairs = {words: day for day, words in self._paired.items()}
        for target in (name, pairs.get(name, "")):
            if (rule := kind.fields.get(target)) and rule.type == "date" and rule.as_known:
                return target
        return None

    def _is_day(self, value: CellValue, text: str) -> bool:
        """Return whether a cell is to be a day: it is one, or it is written as one."""
        is_text = isinstance(value, str)
        return is_like_a_day(text) if is_text else value is not None

    def _act(self, row: GridRow) -> dict[str, str | date]:
        """Return what a row says of how its record came to stand there."""
        said: dict[str, str | date] = {}
        for target in ACT_TARGETS:
            if target in self.headings.columns:
                is_day = target in DAY_TARGETS
                read = partial(self._day, target) if is_day else self._act_text(target)
                value = self._cell(row, target, read)
                if value:
                    said[target] = value
        return said

    def _act_text(self, target: str) -> Callable[[CellValue], str | None]:
        return self._reference if target == "successor" else lambda value: text_of(value) or None


def _check_lines(target: str, text: str) -> None:
    """Refuse several lines where one thing is named: they may be one name, or several."""
    if len(text.splitlines()) > 1:
        word = shown(text)
        instead = "give each recommendation a row of its own"
        if target != "record":
            instead = f"write it on one line, or say `{word}: …` under `words: {target}` in the map"
        raise _BadCellError(f"`{word}` runs over several lines", instead)


def _refuse_undeclared(category: str, target: str, value: CellValue) -> None:
    if value is not None:
        sentence = f"a record of `{category}` has no field `{target}`"
        raise _BadCellError(sentence, "empty the cell, or keep its column under `own_fields`")
