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


BOX = re.compile(r't_(\d+)\["<b>(\w+)</b><br>([^"<]+)(?:<br>(once [^"<]+))?"\]:::(step|again)')
ARROWS = re.compile(r"(s_\w+(?: & s_\w+)*) (-->|-\.->) t_(\d+) \2 s_(\w+)")


@given(lifecycles())
def test_a_diagram_draws_every_step_with_who_takes_it(lifecycle: Lifecycle) -> None:
    """Once for each state that it leaves; what opens an end again is dashed, box and arrows."""
    drawn = [line.strip() for line in diagram(lifecycle).splitlines()]
    boxes = {box[1]: box.groups() for line in drawn for box in [BOX.fullmatch(line)] if box}
    arrows = [arrow for line in drawn for arrow in [ARROWS.fullmatch(line)] if arrow]
    told = [
        (source.removeprefix("s_"), trigger, role, target, dashed == "-.->", look == "again")
        for sources, dashed, number, target in map(re.Match.groups, arrows)
        for _, trigger, roles, _, look in [boxes[number]]
        for source in sources.split(" & ")
        for role in roles.split(" or ")
    ]
    steps = {
        (name, step.trigger, role, step.to, step.reopens, step.reopens)
        for name, state in lifecycle.states.items()
        for step in state.transitions
        for role in step.by
    }

    assert len(arrows) == len(boxes)
    assert set(told) == steps
    timed = {step.after for state in lifecycle.states.values() for step in state.transitions}
    assert any(box[3] for box in boxes.values()) == bool(timed - {None})


@given(lifecycles())
def test_a_diagram_tells_the_beginning_and_the_ends_apart(lifecycle: Lifecycle) -> None:
    """By a dot and a thick edge, and by double edges; what it shows stands in words too."""
    drawn = [line.strip() for line in diagram(lifecycle).splitlines()]
    ends = [name for name, state in lifecycle.states.items() if state.final]

    assert drawn[0] == "flowchart LR"
    assert f"begin(( )) --> s_{lifecycle.initial}" in drawn
    assert f"class s_{lifecycle.initial} initial" in drawn
    assert [line for line in drawn if "[[" in line] == [f's_{name}[["{name}"]]' for name in ends]
    assert len([line for line in drawn if "([" in line]) == len(lifecycle.states) - len(ends)
    (title,) = [line for line in drawn if line.startswith("accTitle: ")]
    (words,) = [line for line in drawn if line.startswith("accDescr: ")]
    assert title != "accTitle: "
    assert f"A record begins as {lifecycle.initial}" in words
    assert all(name in words for name in ends)
