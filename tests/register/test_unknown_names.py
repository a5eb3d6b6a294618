"""A list asked for by a name that nothing here has is refused, rather than empty for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow import InvalidRequest, Register, UnknownRecord
from peelflow.portfolio.movement import movement
from peelflow.portfolio.reconcile import reconcile
from peelflow.register.csv_import import import_sheets
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import Rulebook
from tests.builders.force import KINDS, World

DAY = date(2023, 1, 1)
ASKED: list[tuple[dict[str, Any], str]] = [
    (
        {"category": "recomendation"},
        "did you mean `recommendation`",
    ),
    ({"category": 3}, "the category: is 3, which is no text"),
    ({"state": "closd"}, "the state 'closd': .*did you mean `closed`"),
    ({"level": 7}, "the level '7': .*there is `1`, `2`, `3`, `4`, `none`"),
    ({"level": "2"}, "the level '2': is no level"),
    ({"level": True}, "the level True: is no level"),
    ({"counts": "opened"}, "the way of counting 'opened': .*did you mean `open`"),
    ({"counts": "open", "ledger": "portla"}, "the ledger 'portla': .*did you mean `portal`"),
]


@pytest.mark.parametrize(("asked", "said"), ASKED)
def test_no_records_are_listed_by_an_unknown_name(
    world: World, asked: dict[str, Any], said: str
) -> None:
    """At once, before anything is read, with the name that was meant."""
    with pytest.raises(InvalidRequest, match=said):
        world.register.records(**asked)


def test_nor_below_an_unknown_record(world: World) -> None:
    """A parent is a record; one without children has an empty list."""
    with pytest.raises(UnknownRecord):
        world.register.records(parent="nowhere")
    assert list(world.register.records(parent=world.add(KINDS[4]))) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"category": "super_complaint"},
        {"level": 4},
        {"state": "self_certified"},
        {"counts": "closed", "ledger": "section_55"},
    ],
)
def test_a_known_name_without_records_lists_none(world: World, asked: dict[str, Any]) -> None:
    """What there could be is asked of the rules, not of the records."""
    assert list(world.register.records(**asked)) == []
    assert world.register.figures(ledger=asked.get("ledger", "portal")).total == 0


def _figures(register: Register, _: Path) -> object:
    return register.figures(ledger="portla")


def _movement(register: Register, _: Path) -> object:
    return movement(register, after=DAY, until=DAY, ledger="portla")


def _reconcile(register: Register, folder: Path) -> object:
    (folder / "list.csv").write_text("record,level,counts\n", "utf-8")
    return reconcile(register, folder / "list.csv", ledger="portla")


@pytest.mark.parametrize("ask", [_figures, _movement, _reconcile])
def test_nothing_is_counted_on_an_unknown_ledger(
    world: World, tmp_path: Path, ask: Callable[[Register, Path], object]
) -> None:
    """The ledger that was meant is named."""
    with pytest.raises(InvalidRequest, match=r"the ledger 'portla': .*did you mean `portal`"):
        ask(world.register, tmp_path)


def test_what_kept_rules_know_is_known(world: World) -> None:
    """A record under rules whose file is gone can be asked for by their words."""
    world.add(KINDS[1])
    left = Register(world.register.store, rulebook=Rulebook())

    assert [record.level for record in left.records(category="afi", state="open")] == [2]
    assert left.figures(ledger="portal").total == 1
    with pytest.raises(InvalidRequest, match="the category 'report'"):
        left.records(category="report")


def test_a_column_that_no_sheet_has_is_not_filled(tmp_path: Path) -> None:
    """Whatever the sheet, what kinds of sheets there are knows; another kind's is passed over."""
    sheet = tmp_path / "acts.csv"
    sheet.write_text("record,trigger,on,actor,actor_role\nR1,start,2023-01-01,a,lead\n", "utf-8")
    with Register.open("memory:", rulebook=national()) as register:
        with pytest.raises(InvalidRequest, match="to fill: is in no sheet; did you mean `source`"):
            import_sheets(register, [sheet], defaults={"sorce": "the portal"})
        done = import_sheets(register, [sheet], defaults={"category": "afi"})
    assert [fault.code for fault in done.faults] == ["row-refused"]


def test_a_field_is_filled_as_any_column(tmp_path: Path) -> None:
    """Where its column is missing; one that the category does not have is refused row by row."""
    sheet = tmp_path / "records.csv"
    head = "record,category,level,force,issued,actor,actor_role,recorded_by,source\n"
    sheet.write_text(f"{head}R1,afi,2,wmp,2022-01-01,h,hmicfrs,clerk,portal\n", "utf-8")
    with Register.open("memory:") as register:
        refused = import_sheets(register, [sheet], defaults={"ownr": "lead-1"})
        done = import_sheets(register, [sheet], defaults={"owner": "lead-1"})
        kept = register.record("R1").fields
    assert "did you mean `owner`" in refused.faults[0].help
    assert (done.kept, kept) == (1, {"owner": "lead-1"})
