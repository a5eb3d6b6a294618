"""The tracker of a unit of several forces: each row names its lead force, and the others."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow.model.records import Joint
from peelflow.register.register import Register
from peelflow.trackers.update import import_tracker
from tests.builders.force import LIAISON
from tests.trackers.conftest import MAP, Import, Sheet, row, said, settled

LATER = date(2023, 3, 31)
UNIT = MAP.replace(
    "  state: Status\n", "  state: Status\n  force: Lead force\n  joint_with: Forces\n"
).replace(
    'words: {question: {Q7: "7"}}\n',
    "words:\n  force: {Suffolk Constabulary: suffolk}\n"
    "  joint_with: {Suffolk Constabulary: suffolk, Essex: essex, Both: wmp; suffolk, n/a: blank}\n",
)


def shared(**more: Any) -> dict[str, Any]:
    """Return a row of a unit's tracker."""
    return row(**{"Lead force": None, "Forces": None, **more})


@pytest.mark.parametrize(
    ("lead", "forces", "are"),
    [
        (None, None, ("wmp",)),
        (None, "n/a", ("wmp",)),
        ("wmp", "suffolk", ("wmp", "suffolk")),
        (None, "WMP; Suffolk  constabulary", ("wmp", "suffolk")),
        (None, "Essex;\nSuffolk Constabulary", ("wmp", "essex", "suffolk")),
        ("Suffolk Constabulary", "both", ("suffolk", "wmp")),
    ],
)
def test_a_row_says_of_which_forces_its_record_is(
    bring: Import, register: Register, lead: str | None, forces: str | None, are: tuple[str, ...]
) -> None:
    """The lead force is the map's unless a column says it, and may stand among the others."""
    result = bring(shared(**{"Lead force": lead, "Forces": forces}), map_text=UNIT)

    assert result.faults == ()
    assert register.record("F-1").forces == are
    assert register.verify() == ()
    assert not bring(shared(**{"Lead force": lead, "Forces": forces}), map_text=UNIT, on=LATER).kept


@pytest.mark.parametrize(
    ("cell", "target"),
    [("Kent Police", "joint_with"), ("Suffolk Police", "joint_with"), ("x", "force")],
)
def test_a_force_in_other_words_is_a_fault_of_its_cell(
    bring: Import, cell: str, target: str
) -> None:
    """It would be another force in the figures."""
    heading = {"joint_with": "Forces", "force": "Lead force"}[target]
    (fault,) = bring(shared(**{heading: cell}), map_text=UNIT).faults

    assert f"`{cell}` is none of the map's words for a force" in fault.sentence
    assert f"add `{cell}` to `words: {target}` in the map" in fault.help


def test_words_for_lead_forces_are_words_for_the_others(bring: Import, register: Register) -> None:
    """They are the same forces: nobody writes them into the map twice."""
    text = UNIT.replace("{Suffolk Constabulary: suffolk}", "{Kent Police: kent}")
    result = bring(shared(Forces="WMP; Kent Police"), map_text=text)
    assert result.faults == ()
    assert register.record("F-1").forces == ("wmp", "kent")
    text = UNIT.replace("{Suffolk Constabulary: suffolk}", "{Essex: blank}")
    assert bring(shared(Ref="F-2", Forces="Essex"), map_text=text, on=LATER).faults == ()
    assert register.record("F-2").forces == ("wmp", "essex")


def test_what_lies_below_a_joint_record_is_of_its_forces(bring: Import, register: Register) -> None:
    """Whether its row says so or says nothing, and whoever acts on the record above."""
    text = UNIT.replace("  level: Level\n", "  level: Level\n  parent: Below\n")
    cause = shared(Ref="C-1", Type="CoC", Level="N/A", Below=None, Forces="Both")
    bring(cause, map_text=text)
    register.make_joint(
        "C-1", Joint(("suffolk",), "any"), on=date(2023, 2, 28), actor=LIAISON, reason="r"
    )
    rows = [
        shared(Ref=f"C-1-{number}", Below="C-1", Forces=forces)
        for number, forces in enumerate((None, "Suffolk Constabulary", "Essex"))
    ]
    result = bring(cause, *rows, map_text=text, on=LATER, partial=True)

    assert [register.record(f"C-1-{number}").acting_forces for number in (0, 1)] == [
        ("wmp", "suffolk"),
        ("wmp", "suffolk"),
    ]
    (fault,) = result.faults
    assert "and it is of wmp, joint with essex" in fault.sentence
    assert said(bring(cause, *rows[:2], map_text=text, on=LATER)) == []


def test_a_sheet_that_says_other_forces_since_is_told_what_to_do(
    bring: Import, register: Register
) -> None:
    """It does not say from which day; what the register alone changed is left."""
    bring(shared(Forces="Suffolk Constabulary"), map_text=UNIT)
    result = bring(shared(Forces="Essex; Suffolk Constabulary"), map_text=UNIT, on=LATER)

    assert said(result) == [
        ("F-1", "refused", "joint_with: essex; suffolk in the sheet, suffolk here")
    ]
    assert "`peelflow joint` says it from a day on" in result.outcomes[0].instead
    register.make_joint("F-1", Joint(), on=LATER, actor=LIAISON, reason="dissolved")
    result = bring(shared(Forces="Suffolk Constabulary"), map_text=UNIT, on=LATER)
    assert said(result) == [("F-1", "left", "joint_with: suffolk in the sheet, none here")]


def test_a_row_that_is_gone_is_told_whoever_leads_its_record(bring: Import) -> None:
    """The tracker is of several forces, so another's record that it brought is missed too."""
    theirs = shared(Ref="S-1", **{"Lead force": "Suffolk Constabulary"})
    bring(shared(), theirs, map_text=UNIT)
    assert said(bring(shared(), map_text=UNIT, on=LATER))[0][:2] == ("S-1", "gone")


def test_another_lead_force_is_another_record(bring: Import) -> None:
    """No sheet changes who leads one."""
    bring(shared(), map_text=UNIT)
    (fault,) = bring(
        shared(**{"Lead force": "Suffolk Constabulary"}), map_text=UNIT, on=LATER
    ).faults
    assert "`F-1` is a record of another force, wmp" in fault.sentence


@pytest.mark.parametrize("heading", ["Partner force", "Forces"])
def test_a_draft_names_the_column_and_whatever_it_lacks_is_told(
    sheet: Sheet, register: Register, tmp_path: Path, heading: str
) -> None:
    """Words for forces are a person's to give: what a draft does not know is a fault of a cell."""
    path = sheet(row(**{"Lead force": "WMP", heading: "Suffolk Constabulary"}))
    drafted = settled(path, register, tmp_path / "drafted.yaml")
    assert f"force: Lead force\n  joint_with: {heading}\n" in drafted.read_text("utf-8")

    result = import_tracker(register, path, drafted, on=LATER)
    assert "`words: joint_with` in the map" in result.faults[0].help
