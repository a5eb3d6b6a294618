"""Every shipped lifecycle has a page that is made from its file, never written twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given

from peelflow.drawing.mermaid import diagram
from peelflow.model.rules import Lifecycle
from peelflow.reports.lifecycle_page import page_of
from peelflow.rulebook.national import national
from peelflow.testing import lifecycles
from peelflow.wording import say_within

FOLDER = Path(__file__).parents[2] / "docs/lifecycles"
NATIONAL = {one.name: one for one in national().lifecycles}


def test_every_lifecycle_has_its_page_and_no_other() -> None:
    """No more and no fewer than there are."""
    assert {path.stem for path in FOLDER.glob("*.md")} == set(NATIONAL)


@pytest.mark.parametrize("name", sorted(NATIONAL))
def test_a_page_is_what_its_file_makes_it(name: str, *, rewrite_golden: bool) -> None:
    """`--rewrite-golden` makes them anew, for a human to look at."""
    path = FOLDER / f"{name}.md"
    if rewrite_golden:
        path.write_text(page_of(NATIONAL[name]), "utf-8")

    assert path.read_text("utf-8") == page_of(NATIONAL[name])


@given(lifecycles())
def test_a_page_tells_every_state_and_step(lifecycle: Lifecycle) -> None:
    """And every guarantee, with each table's cells where they belong."""
    told = page_of(lifecycle).splitlines()
    steps = [step for state in lifecycle.states.values() for step in state.transitions]
    rows = [line for line in told if line.startswith("| `")]

    assert len(rows) == len(lifecycle.states) + len(steps)
    timed = any(state.due for state in lifecycle.states.values())
    assert {line.replace("\\|", "").count("|") for line in rows} <= {5 if timed else 4, 6}
    assert len([line for line in told if line.startswith("- ")]) == len(lifecycle.guarantees)


@given(lifecycles())
def test_a_page_tells_by_when_each_state_is_to_be_left(lifecycle: Lifecycle) -> None:
    """In the row of the state that says so, and in no other."""
    told = page_of(lifecycle)
    rows = re.findall(r"^\| `(\w+)` \|.*\| (within .+) \|$", told, re.MULTILINE)
    due = {name: state.due for name, state in lifecycle.states.items() if state.due}

    assert rows == [(name, say_within(each)) for name, each in due.items()]
    assert ("to be left" in told) == bool(due)


@given(lifecycles())
def test_a_diagram_draws_every_step_once(lifecycle: Lifecycle) -> None:
    """Those between the same two states share an arrow; so have the beginning and every end."""
    drawn = [line.strip() for line in diagram(lifecycle).splitlines()]
    said = [re.fullmatch("s_(.+) --> s_(.+): (.+)", line) for line in drawn]
    told = [
        (each[1], trigger, each[2]) for each in said if each for trigger in each[3].split(" or ")
    ]
    steps = {
        (name, step.trigger, step.to)
        for name, state in lifecycle.states.items()
        for step in state.transitions
    }

    assert drawn[:2] == ["stateDiagram-v2", "direction LR"]
    assert (len(told), set(told)) == (len(steps), steps)
    ends = {f"s_{name} --> [*]" for name, state in lifecycle.states.items() if state.final}
    assert {line for line in drawn if "[*]" in line} == {f"[*] --> s_{lifecycle.initial}", *ends}
    assert len([line for line in drawn if line.strip().startswith("state ")]) == len(
        lifecycle.states
    )
