"""A child's day set right: the link on its parent follows it; so is the day of its level."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow.engine.fold import as_corrected
from peelflow.model.decisions import Refused
from peelflow.model.records import ChildLinked
from peelflow.register.register import Register
from tests.builders.force import LIAISON, clock
from tests.cli.conftest import Run, run

__all__ = ["run"]
DAY, ACTED, SLIPPED, NOW = (
    date(2023, 1, 9),
    date(2023, 2, 1),
    date(2023, 3, 1),
    date(2023, 6, 1),
)
OURS: dict[str, Any] = {"actor": LIAISON, "reason": "a slip"}
CHILD: dict[str, Any] = {"category": "recommendation", "level": 3, "force": "wmp"}


@pytest.fixture(params=["memory", "sqlite"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """Give a register with a cause of concern."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock) as opened:
        opened.add("C", category="cause_of_concern", force="wmp", issued=DAY, actor=LIAISON)
        yield opened


def links(register: Register) -> list[tuple[str, date]]:
    """Return the children of the cause of concern, each with the day of its link."""
    return [
        (event.what.child, event.on)
        for event in as_corrected(register.history("C"))
        if isinstance(event.what, ChildLinked)
    ]


@pytest.mark.parametrize("way", ["redate", "reenter"])
def test_item_11_a_re_dated_child_s_link_follows_it(register: Register, way: str) -> None:
    """So that its parent is acted on from the day on which it could be; and back again."""
    register.add("R", **CHILD, issued=SLIPPED, parent="C", actor=LIAISON)
    assert links(register) == [("R", SLIPPED)]
    with pytest.raises(Refused, match="lies before the record's last event"):
        register.fire("C", "start", actor=LIAISON, on=ACTED)
    if way == "redate":
        made = register.correct("R", 1, correction="redate", to=DAY, on=NOW, **OURS)
    else:
        entry: Any = {"issued": DAY}
        made = register.correct("R", 1, correction="reenter", entry=entry, on=NOW, **OURS)
    assert links(register) == [("R", DAY)]
    assert not register.verify()

    register.correct("R", made.number, correction="void", on=NOW, **OURS)
    assert links(register) == [("R", SLIPPED)]
    register.correct("R", 1, correction="redate", to=DAY, on=NOW, **OURS)
    register.amend("C", "owner", "x", actor=LIAISON, on=NOW, reason="given")
    assert links(register) == [("R", DAY)]
    assert not register.verify()


def test_item_11_it_stays_between_what_stands_around_it(register: Register) -> None:
    """A link lies neither before what the parent did until then, nor after what it did since."""
    register.amend("C", "owner", "x", actor=LIAISON, on=ACTED, reason="given")
    register.add("R", **CHILD, issued=ACTED, parent="C", actor=LIAISON)
    register.add("S", **CHILD, issued=ACTED, parent="C", actor=LIAISON)
    register.amend("C", "owner", "y", actor=LIAISON, on=SLIPPED, reason="given")
    register.correct("R", 1, correction="redate", to=DAY, on=NOW, **OURS)
    register.correct("S", 1, correction="redate", to=NOW, on=NOW, **OURS)
    assert links(register) == [("R", ACTED), ("S", SLIPPED)]
    assert not register.verify()


def test_item_11_a_link_made_later_is_re_dated_with_its_verb(register: Register) -> None:
    """What `link` did on a wrong day is moved, on the child and on the parent."""
    register.add("R", **CHILD, issued=DAY, actor=LIAISON)
    linked = register.link("R", "C", actor=LIAISON, on=SLIPPED, reason="of one report")
    register.correct("R", linked.number, correction="redate", to=ACTED, on=NOW, **OURS)
    assert links(register) == [("R", ACTED)]
    register.correct("R", 1, correction="redate", to=date(2023, 1, 20), on=NOW, **OURS)
    assert links(register) == [("R", ACTED)]
    assert not register.verify()


def test_item_3_the_day_of_a_level_is_set_right(register: Register, run: Run) -> None:
    """By `entry` and by `--graded`, on its own or with what else was wrong."""
    register.add("R", **CHILD, issued=DAY, actor=LIAISON)
    entry: Any = {"graded": ACTED}
    register.correct("R", 1, correction="reenter", entry=entry, on=NOW, **OURS)
    assert as_corrected(register.history("R"))[0].what.graded == ACTED  # type: ignore[union-attr]

    here = ("--register", "r.db", "--actor", "kim", "--actor-role", "liaison_officer")
    kind = ("--category", "recommendation", "--level", "3", "--force", "wmp")
    assert run("add", "R", *kind, "--issued", "2023-01-09", *here).code == 0
    told = run("correct", "R", "1", "--graded", "2023-02-01", "--reason", "as the letter", *here)
    assert (told.code, "re-entered" in told.out) == (0, True)
    early = run("correct", "R", "1", "--graded", "2022-02-01", "--reason", "a slip", *here)
    assert early.code != 0
    assert "its level given on 2023-02-01" in run("show", "R", "--register", "r.db").out
    assert run("correct", "R", "1", "--graded", "soon", "--reason", "r", *here).code == 2
    assert run("correct", "R", "1", "--graded", "none", "--reason", "none was", *here).code == 0
    again = run("correct", "R", "1", "--graded", "none", "--reason", "none was", *here)
    assert "says so already" in again.err
