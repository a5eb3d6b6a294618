"""What docs/trackers.md and the example say holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.trackers.mapping import TARGETS, read_map
from peelflow.trackers.proposal import propose_map
from peelflow.trackers.update import OutcomeKind, TrackerResult, import_tracker
from tests.builders.force import clock

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/trackers.md").read_text("utf-8")
EXAMPLE = ROOT / "examples/tracker"


@pytest.fixture
def second_month(tmp_path: Path) -> TrackerResult:
    """Import the example's two months."""
    path = tmp_path / "map.yaml"
    fill = {"force": "wmp", "actor": "liaison-officer-1"}
    path.write_text(propose_map(EXAMPLE / "january.csv", national(), fill=fill).text, "utf-8")
    with Register.open("memory:", clock=clock) as register:
        first = import_tracker(register, EXAMPLE / "january.csv", path)
        assert (first.faults, first.counts()) == ((), {"added": 6})
        return import_tracker(register, EXAMPLE / "february.csv", path)


def test_the_map_of_the_page_is_one(tmp_path: Path) -> None:
    """It is read without a fault."""
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "map.yaml").write_text(block, "utf-8")

    assert read_map(tmp_path / "map.yaml", national()).tracker.tracker == "our-tracker"


def test_the_page_shows_a_refusal_that_is_told(second_month: TrackerResult) -> None:
    """Word for word, from the example's February."""
    (block,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)

    assert block in [outcome.what for outcome in second_month.outcomes]


def test_the_example_has_what_its_page_tells(second_month: TrackerResult) -> None:
    """One is new, one has another date and was begun, one is gone, one is refused."""
    assert second_month.counts() == {"added": 1, "changed": 1, "moved": 1, "gone": 1, "refused": 1}


def test_the_page_names_every_outcome_and_every_column() -> None:
    """Nothing that a machine can list is left out."""
    kinds: tuple[OutcomeKind, ...] = (
        *("added", "changed", "closed", "moved", "refused", "left", "gone"),
    )
    table = PAGE.partition("| outcome |")[2].partition("\n\n")[0]
    columns = PAGE.partition("**Columns.**")[2].partition("**Words**")[0]

    assert {*re.findall(r"`(\w+)`", table)} - {"since"} == {*kinds}
    assert {*re.findall(r"`([a-z_]+)`", columns)} == {*TARGETS}
