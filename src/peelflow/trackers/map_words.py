"""Write what the words of a sheet mean into the draft of its map, with what is unsure marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from peelflow.model.rules import Lifecycle
from peelflow.model.trackers import BLANK
from peelflow.phrases import counted, shown
from peelflow.trackers.columns import SheetColumn
from peelflow.trackers.days import is_like_a_day
from peelflow.trackers.grid import GridRow
from peelflow.trackers.headings import normal_form
from peelflow.trackers.known_words import (
    CATEGORY_WORDS,
    EMPTY_WORDS,
    IDEA_NOTES,
    idea_of_word,
    level_of_word,
    level_words_like,
    question_of_word,
    question_words_like,
    state_of_word,
)
from peelflow.trackers.map_writer import MapWriter, SheetReading
from peelflow.trackers.mapping import UNSURE
from peelflow.trackers.rows import LEVEL_WORDS, NOBODY_WORDS


def write_words(writer: MapWriter, sheet: SheetReading) -> None:
    """Write what the sheet's words for categories, levels, states and fields mean."""
    _write_categories(writer, sheet)
    _write_levels(writer, sheet)
    _write_states(writer, sheet)
    _write_field_words(writer, sheet)


def _blank_rows(sheet: SheetReading, target: str) -> list[GridRow]:
    column = sheet.column(target)
    return [] if column is None else [r for r in sheet.rows if not r.text(column.number)]


def _rows_note(count: int) -> str:
    return counted(count, "row")


def _write_categories(writer: MapWriter, sheet: SheetReading) -> None:
    column = sheet.column("category")
    if column is None:
        return
    writer.entry("categories")
    for word, count in column.words.items():
        meaning = CATEGORY_WORDS.get(normal_form(word), UNSURE)
        note = (
            ""
            if meaning != UNSURE
            else (f"{_rows_note(count)}: recommendation, afi, cause_of_concern or another category")
        )
        writer.entry(word, meaning, indent=1, note=note)
    blank = _blank_rows(sheet, "category")
    if blank:
        writer.entry(BLANK, UNSURE, indent=1, note=f"in {_rows_note(len(blank))}")
    writer.blank()


def _write_levels(writer: MapWriter, sheet: SheetReading) -> None:
    column = sheet.column("level")
    if column is None:
        return
    words: dict[str, object] = {}
    notes: dict[str, str] = {}
    for word, count in column.words.items():
        level = level_of_word(word)
        if level == "":
            words[word], notes[word] = UNSURE, f"{_rows_note(count)}: 1 to 4, or none"
        elif normal_form(word) not in LEVEL_WORDS:
            words |= {word: level, **level_words_like(word)}
    levelled = [
        row
        for row in _blank_rows(sheet, "level")
        if sheet.rulebook.levels_added(sheet.category_of(row)) not in {(), ("none",)}
    ]
    if levelled:
        words[BLANK] = UNSURE
        notes[BLANK] = f"in {_rows_note(len(levelled))}; `none` is closed before levels"
    if words:
        writer.entry("levels")
        for word, meaning in words.items():
            writer.entry(word, meaning, indent=1, note=notes.get(word, ""))
        writer.blank()


def _write_states(writer: MapWriter, sheet: SheetReading) -> None:
    """Write for each level which state a word stands for, and what occurs and stands for none."""
    column = sheet.column("state")
    if column is None:
        return
    pairs = Counter(
        (sheet.key_of(row), normal_form(sheet.word("state", row))) for row in sheet.rows
    )
    keys = LEVEL_WORDS if sheet.column("level") is not None else ("none",)
    found = {
        key: [*_state_entries(sheet.lifecycles(key), key, column.words, pairs)] for key in keys
    }
    if not any(found.values()):
        return
    writer.entry("states")
    for key, entries in found.items():
        if entries:
            writer.entry(key, indent=1)
            for word, state, note in entries:
                writer.entry(word, state, indent=2, note=note)
    writer.blank()


def _state_entries(
    lifecycles: list[Lifecycle], key: str, words: Iterable[str], pairs: Counter[tuple[str, str]]
) -> Iterator[tuple[str, str, str]]:
    """Yield each word of a level with its state and a note."""
    for word in (*words, BLANK):
        count = pairs[key, "" if word == BLANK else normal_form(word)]
        states = {state_of_word(word, rules) for rules in lifecycles} - {""}
        if len(states) == 1 and word != BLANK:
            yield word, next(iter(states)), IDEA_NOTES.get(idea_of_word(word), "")
        elif count and lifecycles:
            choices = dict.fromkeys(state for rules in lifecycles for state in rules.states)
            yield word, UNSURE, f"{_rows_note(count)}: one of {', '.join(choices)}"


_Meanings = dict[str, tuple[str, str]]
"""What each word means, and a note on it."""


def _write_field_words(writer: MapWriter, sheet: SheetReading) -> None:
    """Write what the words of other columns mean: of days, of parents, owners and questions."""
    entries = {
        "issued": _issued_words(sheet),
        "since": _day_words(sheet.column("since"), f"a day, such as 2023-03-30, or {BLANK}"),
        "parent": _words_for_nothing(sheet.column("parent")),
        "owner": _owner_words(sheet.column("owner")),
        "question": _question_words(sheet.column("question")),
    }
    if not any(entries.values()):
        return
    writer.entry("words")
    for target, words in entries.items():
        if words:
            writer.entry(target, indent=1)
        for word, (meaning, note) in words.items():
            writer.entry(word, meaning, indent=2, note=note)


def _issued_words(sheet: SheetReading) -> _Meanings:
    """Return what stands where a day of issue is read and is none: a report, or a month."""
    note = "the day it was published, such as 2023-03-30"
    if sheet.reports is None:
        return _day_words(sheet.column("issued"), note)
    words = sheet.reports.words.items()
    return {word: (UNSURE, f"{_rows_note(count)}: {note}") for word, count in words}


def _day_words(column: SheetColumn | None, note: str) -> _Meanings:
    """Return the texts among days that are none."""
    words = {} if column is None else column.words
    return {
        word: (BLANK, "")
        if normal_form(word) in NOBODY_WORDS
        else (UNSURE, f"{_rows_note(count)}: {note}")
        for word, count in words.items()
        if column is not None and word in column.texts and not is_like_a_day(word)
    }


def _words_for_nothing(column: SheetColumn | None) -> _Meanings:
    """Return the words that name nothing and nobody."""
    words = {} if column is None else column.words
    return {word: (BLANK, "") for word in words if normal_form(word) in NOBODY_WORDS}


def _owner_words(column: SheetColumn | None) -> _Meanings:
    """Return the words that name nobody, and the owners that are spelt in several ways."""
    if column is None:
        return {}
    spellings: dict[str, dict[str, None]] = {}
    for _, _, text in column.cells:
        spellings.setdefault(normal_form(text), {})[text] = None
    several = {
        first: (first, f"also spelt {', '.join(map(shown, others))}")
        for first, *others in spellings.values()
        if others
    }
    return {**several, **_words_for_nothing(column)}


def _question_words(column: SheetColumn | None) -> _Meanings:
    """Return what each word for a question means, and those that say the others in its form."""
    words: dict[str, str] = {}
    notes: dict[str, str] = {}
    for word, count in () if column is None else column.words.items():
        number = question_of_word(word)
        if normal_form(word) in EMPTY_WORDS:
            words[word] = BLANK
        elif not number:
            words[word], notes[word] = UNSURE, f"{_rows_note(count)}: its number, or {BLANK}"
        elif number != word:
            words |= {word: number, **question_words_like(word)}
    return {word: (meaning, notes.get(word, "")) for word, meaning in words.items()}
