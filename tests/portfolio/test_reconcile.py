"""Reconcile: the register beside a list from the portal."""

from __future__ import annotations

from pathlib import Path

import pytest

from peelflow.portfolio.reconcile import Difference, ReconcileResult, reconcile
from tests.builders.force import KIND, World

HEADER = "record,level,counts\n"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Give the path of a list."""
    return tmp_path / "portal.csv"


def compare(world: World, path: Path, text: str) -> ReconcileResult:
    """Write a list and hold the register against it."""
    path.write_text(text, "utf-8")
    return reconcile(world.register, path)


def test_an_equal_list_differs_in_nothing(world: World, listed: Path) -> None:
    """Columns may stand in any order, and others beside them."""
    record = world.add(KIND["level-3"])
    other = world.add(KIND["cause-of-concern"])
    text = f"counts,Portal link,record,level\nOpen,x,{record},3\nopen,,{other},none\n"
    assert compare(world, listed, text) == ReconcileResult(2, (), ())


def test_each_difference_is_told_with_what_both_say(world: World, listed: Path) -> None:
    """Missing, extra, another level, another count."""
    one, two, three = (world.add(KIND["level-3"]) for _ in range(3))
    found = compare(world, listed, f"{HEADER}{one},2,closed\n{two},3,open\nX-1,4,open\n")
    assert found.differences == (
        Difference("X-1", "missing", None, (4, "open")),
        Difference(one, "level", (3, "open"), (2, "closed")),
        Difference(one, "counts", (3, "open"), (2, "closed")),
        Difference(three, "extra", (3, "open"), None),
    )


def test_what_does_not_count_on_the_ledger_is_not_compared(world: World, listed: Path) -> None:
    """An inspection or an appointment is not missing from the portal's list."""
    world.add(KIND["inspection"])
    assert compare(world, listed, HEADER).differences == ()


def test_nothing_is_written(world: World, listed: Path) -> None:
    """Not one event."""
    before = len(list(world.register.feed()))
    compare(world, listed, f"{HEADER}X-1,2,open\n")
    assert len(list(world.register.feed())) == before


def test_every_fault_of_the_list_is_told_and_nothing_compared(world: World, listed: Path) -> None:
    """Each by its line and column."""
    world.add(KIND["level-3"])
    text = f"{HEADER}A,9x,open\nB,1,ajar\n,1,open\nC,1,\nD,1,open\nD,1,open\nE,1,open,more\n"
    found = compare(world, listed, text)
    assert found.differences == ()
    told = [(each.span.line, each.span.column, each.code) for each in found.faults]
    assert told == [
        (2, 2, "sheet-value"),
        (3, 3, "sheet-value"),
        (4, 1, "sheet-value"),
        (5, 3, "sheet-value"),
        (7, 1, "sheet-value"),
        (8, 1, "sheet-cells"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("id,level,state\nA,1,open\n", "sheet-unknown"),
        ("record,counts\nA,open\n", "sheet-column"),
        (f'{HEADER}"A,1,open\n', "sheet-syntax"),
    ],
)
def test_a_list_without_a_form_is_told_as_a_whole(
    world: World, listed: Path, text: str, code: str
) -> None:
    """By a fault of its own."""
    (fault,) = compare(world, listed, text).faults
    assert fault.code == code


def test_a_count_that_is_none_is_told_with_the_two_there_are(world: World, listed: Path) -> None:
    """What stands there, and what to write instead."""
    (fault,) = compare(world, listed, f"{HEADER}A,1,ajar\n").faults
    assert (fault.sentence, fault.help) == (
        "`counts` is 'ajar', which is no count",
        "write open or closed",
    )
