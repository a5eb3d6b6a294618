"""Names said to people: the near one, the few there are, and none that misleads a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow.phrases import (
    LONGEST_SHOWN,
    MOST_COMPARED,
    MOST_LISTED,
    listed,
    nearest_name,
    printable,
    shown,
    suggestion,
)

NAMES = [f"name_{number}" for number in range(3 * MOST_COMPARED)]


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("doen", ["done", "open"], "done"),
        ("opne", ["open", "opnz"], "open"),
        ("abc", ["abd", "zbc"], "abd"),
        ("letters", ["letter", "lever"], "letter"),
        ("start", ["finish"], None),
        ("anything", [], None),
        ("ame_1", NAMES, None),
        ("name_1x", NAMES, "name_1"),
    ],
)
def test_suggests_the_one_name_that_was_meant(
    name: str, known: list[str], meant: str | None
) -> None:
    """The same letters in another order come before others; among very many, the first holds."""
    assert nearest_name(name, known) == meant


def test_suggests_else_lists_else_says_that_there_is_none() -> None:
    """A near name alone; else the few there are; else that nothing is declared."""
    assert suggestion("doen", {"open", "done"}) == "did you mean `done`?"
    assert suggestion("x", {"open", "done"}) == "there is `done`, `open`"
    assert suggestion("x", ()) == "none is declared"


def test_lists_no_more_than_a_few() -> None:
    """A long list is cut, and says so."""
    assert listed(NAMES).endswith(f"`{NAMES[MOST_LISTED - 1]}` and {len(NAMES) - MOST_LISTED} more")


@given(st.text())
def test_shows_any_text_on_one_short_plain_line(text: str) -> None:
    """Nothing breaks a line, hides or turns text about; what is cut is marked."""
    assert shown(text).isprintable()
    assert len(shown(text)) <= LONGEST_SHOWN + 1
    assert printable(text) == text or not text.isprintable()
