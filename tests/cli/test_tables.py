"""What a person sees at a terminal: whole words, however narrow it is."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from peelflow.cli.terminal import TableContent, print_table
from tests.cli.conftest import Run

WORDS = st.text("abcdefgh-_0123", min_size=1, max_size=20)
CELLS = st.lists(WORDS, max_size=6).map(" ".join)
LATE = (
    ("R-1", "afi", "in_progress", "", "the policy waits for a consultation of every district"),
    ("R-2", "afi", "self_certified", "", "the new record system comes in July, and not before"),
)
COLUMNS = ("record", "category", "state", "owner", "reason")


def printed(told: TableContent, width: int) -> list[str]:
    """Return the lines a terminal of some width would show, without their colours."""
    file = StringIO()
    print_table(
        Console(file=file, width=width, force_terminal=True, no_color=True, color_system=None), told
    )
    return [line.rstrip() for line in file.getvalue().splitlines()]


@st.composite
def tables(draw: st.DrawFn) -> TableContent:
    """Draw a table, some of whose columns say the same in every row."""
    names = draw(st.lists(WORDS, min_size=1, max_size=8, unique=True))
    same = draw(st.sets(st.integers(1, 7)))
    rows = draw(
        st.lists(
            st.tuples(WORDS, *[CELLS for _ in names[1:]]),
            min_size=1,
            max_size=5,
        )
    )
    body = tuple(
        tuple(rows[0][place] if place in same else cell for place, cell in enumerate(row))
        for row in rows
    )
    return TableContent(tuple(names), body)


@given(tables(), st.integers(42, 160))
def test_no_word_is_cut_and_none_is_lost(told: TableContent, width: int) -> None:
    """Each word of each cell stands whole on some line, and no line is too long."""
    lines = printed(told, width)
    seen = {word for line in lines for word in line.split()}
    assert {word for row in told.body for cell in row for word in cell.split()} <= seen
    assert max(map(len, lines)) <= width


def test_no_width_cuts_a_word() -> None:
    """Whatever becomes of the table as the terminal narrows."""
    for width in range(36, 140):
        lines = printed(TableContent(COLUMNS, LATE, "Overdue"), width)
        seen = {word for line in lines for word in line.split()}
        assert {word for row in LATE for cell in row for word in cell.split()} <= seen
        assert max(map(len, lines)) <= width


def test_a_table_that_fits_is_a_table() -> None:
    """Columns, with a line below their names."""
    lines = printed(TableContent(COLUMNS, LATE, "Overdue"), 120)
    assert lines[0] == "Overdue"
    assert lines[2].split() == list(COLUMNS)
    assert [line.split()[0] for line in lines if "R-" in line] == ["R-1", "R-2"]
    assert "owner" in lines[2]


def test_a_narrower_one_says_once_what_is_the_same() -> None:
    """Above it; an empty column is left out, and sentences are wrapped."""
    lines = printed(TableContent(COLUMNS, LATE, "Overdue"), 60)
    assert lines[:2] == ["Overdue", "each: category afi"]
    assert next(line.split() for line in lines if "record" in line) == ["record", "state", "reason"]


def test_the_narrowest_is_paragraphs() -> None:
    """A row is its first cell, and the others by their names; nothing stands for an empty one."""
    row = ("R-1", "afi", "", "the policy waits for a consultation")
    told = TableContent(("record", "category", "owner", "reason"), (row,), "Overdue")
    assert printed(told, 40) == [
        "Overdue",
        "R-1",
        "  category afi · reason the policy waits",
        "  for a consultation",
    ]


@given(st.integers(1, 200))
def test_a_table_without_rows_says_so(width: int) -> None:
    """However narrow the terminal is."""
    said = " ".join(printed(TableContent(COLUMNS, (), "Overdue"), width))
    assert said.split() == ["Overdue", "nothing", "to", "list"]


@given(st.integers(10, 39))
def test_a_word_wider_than_the_terminal_is_left_for_it_to_break(width: int) -> None:
    """So that an id can be copied whole."""
    word = "appointment:wmp:chief_constable:chief:20"
    told = TableContent(
        ("record", "first", "category"), ((word, word, "afi"), (word, word, "cause")), ""
    )
    lines = printed(told, width)
    assert [line.strip() for line in lines].count(word) == 1 + len(told.body)


def test_totals_stand_apart_and_numbers_to_the_right() -> None:
    """Below a line of their own."""
    body = (("Level 2", "1"), ("Level 3", "10"), ("Total", "11"))
    lines = printed(TableContent(("", "Open"), body, numbers=("Open",), totals=True), 80)
    assert [line for line in lines if line] == [
        "            Open",
        " ────────────────",
        "  Level 2      1",
        "  Level 3     10",
        "  Total       11",
    ]


@pytest.mark.parametrize("verb", ["overdue", "plan", "list", "ages"])
def test_every_list_can_be_read_at_eighty_columns(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """No id and no role is cut."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    day = () if verb == "list" else ("--on", "2023-03-30")
    ran = run(verb, *day, "--register", demo)
    assert ran.code == 0
    assert "(nominated_deputy)" in ran.out
    assert "WMP-R3-020" in ran.out
