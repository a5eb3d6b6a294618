"""The comparison of mistakes says what the libraries say."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "mistakes.md"
BEGIN, END = "<!-- printed by bench/mistakes.py -->\n", "<!-- end -->\n"
COMPARED = ("transitions", "python-statemachine", "sismic")
PINNED = dict(re.findall(r"^(\S+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
EXACT = re.compile(r"at load: `[a-z-]+`, `machine\.yaml:\d+:\d+`, .+")


@pytest.fixture(scope="module")
def told() -> str:
    """What stands between the markers of the page."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


@pytest.mark.skipif(
    any(PINNED.get(library) != version(library) for library in COMPARED),
    reason="the page is of the pinned versions",
)
def test_the_page_is_what_the_libraries_say_now(told: str) -> None:
    """The table and the quotations come from a run, of the versions that are installed."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "mistakes.py")],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        encoding="utf-8",
    )
    assert done.stdout.strip() == told.strip()


def test_each_of_the_eight_mistakes_has_a_code_a_place_and_advice_in_peelflow(told: str) -> None:
    """File, line, column, code and advice, for all eight."""
    rows = re.findall(r"^\| an? .+\| ([^|]+) \|$|^\| two .+\| ([^|]+) \|$", told, re.MULTILINE)
    cells = [first or second for first, second in rows]
    assert len(cells) == 8
    assert [cell for cell in cells if not EXACT.fullmatch(cell)] == []
