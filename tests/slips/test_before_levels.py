"""Issue 13, line 1: what was closed before there were levels is taken over, AFIs as well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow.errors import InvalidRequest
from peelflow.figures import tabulate
from peelflow.model.rules import Category, FigureRow
from peelflow.portfolio.grouping import ROW, grouped_figures, selected_figures
from peelflow.portfolio.movement import MovementTotal, movement_totals
from peelflow.portfolio.selection import EVERYTHING
from peelflow.register.csv_import import import_sheets
from peelflow.stores.base import LedgerTotal
from tests.builders.force import FORCE, HMICFRS, KIND, LIAISON, START, World, new_world
from tests.reports.test_paper import part, said

TITLE = "AFI Closed before Levels"
AFI: Mapping[str, Any] = {"category": "afi", "force": FORCE, "issued": START, "actor": LIAISON}
TAKEN: Mapping[str, Any] = {
    **AFI,
    "state": "closed",
    "on": START,
    "source": "list",
    "reason": "old",
}
GIVEN_A_LEVEL: Mapping[str, Any] = {
    "plan": "afi-before-levels-to-3",
    "actor": HMICFRS,
    "recorded_by": "liaison-officer",
    "source": "portal",
    "reason": "graded",
}


@pytest.fixture
def world() -> World:
    """Give a force with its people."""
    return new_world()


def test_item_1_an_afi_from_before_levels_is_taken_over(world: World) -> None:
    """It counts closed and assumed, as a recommendation does, and in a row of its own."""
    world.register.take_over("A-0", **TAKEN)

    record = world.register.record("A-0")
    assert (str(record.lifecycle), record.state) == ("afi-before-levels@1", "closed")
    (line,) = [line for line in world.register.figures().lines if line.total]
    assert (line.title, line.open, line.closed, line.assumed) == (TITLE, 0, 1, 1)


def test_item_1_an_afi_without_its_level_is_not_added(world: World) -> None:
    """With its level left out it would begin as closed: the refusal says what to do instead."""
    with pytest.raises(InvalidRequest) as refused:
        world.register.add("A-0", **AFI)

    assert str(refused.value) == (
        "A-0: a `afi` at level none: can only be taken over, under afi-before-levels@1; "
        "give its level, `1`, `2`, `3` or `4`, or take it over with its state, its source and a "
        "reason"
    )


@pytest.mark.parametrize("missing", ["source", "reason"])
def test_item_1_it_is_taken_over_with_its_source_and_a_reason(world: World, missing: str) -> None:
    """Nobody saw it close, so somebody says from what it is known."""
    with pytest.raises(InvalidRequest, match=f"the {missing}"):
        world.register.take_over("A-0", **{**TAKEN, missing: None})


def test_item_1_a_sheet_takes_it_over(world: World, tmp_path: Path) -> None:
    """Its level is said to be none; where it is left out it is so as well, with a state alone."""
    head = "record,category,level,force,issued,state,on,actor,actor_role,source,reason"
    who = "liaison-officer,liaison_officer,list,old"
    rows = [f"A-{n},afi,{level},wmp,2021-01-04,closed,2021-01-04,{who}" for n, level in RANK]
    sheet = tmp_path / "records.csv"
    sheet.write_text("\n".join([head, *rows, ""]), "utf-8")

    assert import_sheets(world.register, [sheet]).faults == ()
    assert {world.register.record(f"A-{n}").level for n, _ in RANK} == {None}


RANK = ((1, "none"), (2, ""))


def shown_in_figures(world: World) -> bool:
    """Whether the row stands in the figures; all that say them agree."""
    register, day = world.register, world.day
    plain = [line.title for line in register.figures(as_at=day).lines]
    assert plain == [line.title for line in selected_figures(register, EVERYTHING).lines]
    groups = grouped_figures(register, ROW, as_at=day).groups
    assert plain == [line.group.title for line in groups]
    assert (TITLE in plain) == (TITLE in said(part(register, "figures", day)))
    assert TITLE not in [line.title for line in register.figures(ledger="section_55").lines]
    return TITLE in plain


def test_item_1_its_row_is_shown_only_where_it_is_not_empty(world: World) -> None:
    """From the day there is one until the day it is given a level, wherever figures are shown."""
    world.add(KIND["before-levels"])
    assert not shown_in_figures(world)
    world.later()
    record = world.add(KIND["afi-before-levels"])
    assert shown_in_figures(world)
    world.later()
    world.register.relevel(record, on=world.day, **GIVEN_A_LEVEL)
    assert not shown_in_figures(world)
    assert not shown_in_figures(World(world.register, START))


def moved(world: World, days: int) -> MovementTotal | None:
    """Return what moved in the row over the last days; None where it is not shown."""
    totals = movement_totals(
        world.register, after=world.day - timedelta(days), until=world.day, by=ROW
    )
    rows = {total.group.title: total for total in totals}
    words = said(part(world.register, "movement", world.day, world.day - timedelta(days)))
    assert (TITLE in rows) == (TITLE in words)
    return rows.get(TITLE)


def test_item_1_its_row_is_shown_where_something_moved(world: World) -> None:
    """So a record that left the row is told as well."""
    assert moved(world, 0) is None
    world.later()
    record = world.add(KIND["afi-before-levels"])
    total = moved(world, 1)
    assert total is not None
    assert (total.new_closed, total.closed_before, total.closed_after) == (1, 0, 1)
    world.later()
    world.register.relevel(record, on=world.day, **GIVEN_A_LEVEL)
    total = moved(world, 1)
    assert total is not None
    assert (total.closed_before, total.moved_closed, total.closed_after) == (1, -1, 0)
    world.later()
    assert moved(world, 0) is None


@pytest.mark.parametrize("wrong", ["afi-before-levels", "level-2"])
def test_item_1_a_published_line_that_is_gone_is_told(world: World, wrong: str) -> None:
    """A line that stands in the figures no more, or only by now, reads otherwise all the same."""
    right = {"level-2": "afi-before-levels", "afi-before-levels": "level-2"}[wrong]
    record = world.add(KIND[wrong], fields={"owner": "lead"})
    published, known = world.day, world.register.position()
    history = world.register.history(record)
    by: dict[str, Any] = {"actor": history[0].actor, "recorded_by": "liaison-officer"}
    slip: dict[str, Any] = {**by, "source": "portal", "reason": "a slip", "on": world.later()}
    world.register.correct(record, 1, correction="void", **slip)
    world.day = published
    world.add(KIND[right])
    words = said(part(world.register, "corrections", world.later(), published, known_since=known))
    line = f"{TITLE} 0 0 1 0" if wrong == "afi-before-levels" else f"{TITLE} 0 0 0 1"
    assert line in words


TOTALS = st.dictionaries(
    st.tuples(st.sampled_from([1, None]), st.sampled_from(["open", "closed"])), st.integers(0, 2)
)


@given(TOTALS, st.booleans())
def test_item_1_a_hidden_row_hides_nothing(
    sums: dict[tuple[int | None, Any], int],
    is_hidden: bool,  # noqa: FBT001
) -> None:
    """The figures are those of rows that are shown at zero too, less lines of nothing."""
    totals = [
        LedgerTotal("wmp", "c", level, "portal", counts, n) for (level, counts), n in sums.items()
    ]

    def lines(*, hidden: bool) -> list[Any]:
        rows = (FigureRow("One", 1, 1), FigureRow("None", 2, None, hidden_at_zero=hidden))
        return [*tabulate(totals, {"c": Category("C", figures=rows)}).lines]

    shown = lines(hidden=False)
    assert lines(hidden=is_hidden) == [
        line for line in shown if line.total or line.title == "One" or not is_hidden
    ]
