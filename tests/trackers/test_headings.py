"""Headings that stand in two rows are read as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import InvalidRules
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.trackers.headings import HEADING_ROWS
from peelflow.trackers.proposal import propose_map
from peelflow.trackers.update import TrackerResult, import_tracker
from tests.trackers.conftest import AS_AT, HEADINGS, MAP, row, write_workbook

UPPER = ("Ref", "Report", None, "Level", "Text", "PEEL", "Force", None, None)
LOWER = (None, "Published", "Type", None, None, "Question", "Lead", "Target", "Status")
FILL = {"force": "wmp", "actor": "kim"}


def imported(
    folder: Path, register: Register, cells: Sequence[Sequence[Any]], map_text: str
) -> TrackerResult:
    """Import a workbook by a map."""
    path = write_workbook(folder / "t.xlsx", cells)
    (folder / "map.yaml").write_text(map_text, "utf-8")
    return import_tracker(register, path, folder / "map.yaml", on=AS_AT)


def test_a_heading_of_the_upper_row_alone_is_read(tmp_path: Path, register: Register) -> None:
    """Each column has its heading in the lower row, or else in the one above it."""
    cells = [["A BANNER"], UPPER, LOWER, [*row().values()]]
    result = imported(tmp_path, register, cells, MAP)

    assert (result.faults, result.counts()) == ((), {"added": 1})
    assert register.record("F-1").fields["title"] == "Mend it"


def test_a_draft_of_headings_in_two_rows_imports(tmp_path: Path, register: Register) -> None:
    """It names the lower row, and each heading where it stands."""
    cells = [["A BANNER"], UPPER, LOWER, [*row().values()], [*row(Ref="F-2").values()]]
    path = write_workbook(tmp_path / "t.xlsx", cells)
    text = propose_map(path, national(), fill=FILL).text
    (tmp_path / "map.yaml").write_text(text, "utf-8")

    assert "row 3 of which has the headings" in text
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)
    assert (result.faults, result.counts()) == ((), {"added": 2})


def test_a_draft_looks_as_far_down_for_headings_as_an_import(
    tmp_path: Path, register: Register
) -> None:
    """A long preface may stand above them."""
    cells = [*([f"note {n}"] for n in range(HEADING_ROWS - 1)), HEADINGS, [*row().values()]]
    path = write_workbook(tmp_path / "t.xlsx", cells)
    (tmp_path / "map.yaml").write_text(MAP, "utf-8")

    assert import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT).counts() == {"added": 1}
    assert f"row {HEADING_ROWS} of which has" in propose_map(path, national(), fill=FILL).text


GROUPS = (*("Ref", "Published", "Type", "Level", "Text"), "Force", None, "HMICFRS", None)
PARTS = (*("Ref", "Published", "Type", "Level", "Text"), "Lead", "Status", "Lead", "Status")
CELLS = ("F-1", "16/12/2022", "AFI", "L2", "Mend it", "Kim", "Doing", "HMI Day", "Open")


def test_headings_of_one_name_are_told_apart_by_what_stands_above(
    tmp_path: Path, register: Register
) -> None:
    """The force has a lead and a status, and so has HMICFRS."""
    drop = ("question:", "due:", "due_words:", "words:")
    lines = [line for line in MAP.splitlines() if not line.strip().startswith(drop)]
    text = "\n".join(lines).replace("owner: Lead", 'owner: "Force: Lead"')
    text = text.replace("state: Status", 'state: "Force: Status"')
    text += '\nignored: ["HMICFRS: Lead", "hmicfrs:  status"]\n'
    result = imported(tmp_path, register, [GROUPS, PARTS, CELLS], text)

    assert (result.faults, result.counts()) == ((), {"added": 1})
    assert register.record("F-1").fields["owner"] == "Kim"
    assert register.record("F-1").state == "in_progress"


def test_a_draft_names_headings_of_one_name_with_what_stands_above(tmp_path: Path) -> None:
    """So a person can tell what was taken for what."""
    cells = {"Doing": "In progress", "Open": "Asked for more"}
    said = [cells.get(cell, cell) for cell in CELLS]
    path = write_workbook(tmp_path / "t.xlsx", [GROUPS, PARTS, said])
    text = propose_map(path, national(), fill=FILL).text

    assert '  owner: "Force: Lead"\n  state: "Force: Status"\n' in text
    assert '  hmicfrs_lead: {heading: "HMICFRS: Lead"}\n' in text


def test_what_stands_above_tells_nothing_where_the_map_names_a_heading(
    tmp_path: Path, register: Register
) -> None:
    """A banner above headings that stand twice and are ignored is no part of them."""
    headings = [*HEADINGS, "RAG", "RAG"]
    above: list[Any] = [*[None] * 8, "As at", "March"]
    cells = [above, headings, [*row().values(), "R", "G"]]
    result = imported(tmp_path, register, cells, f"{MAP}ignored: [RAG]\n")

    assert (result.faults, result.counts()) == ((), {"added": 1})


def test_headings_of_one_name_without_any_above_are_refused(
    tmp_path: Path, register: Register
) -> None:
    """Nothing tells them apart; how to name them does."""
    cells = [[*HEADINGS, "Lead"], [*row().values(), "Kim"]]
    with pytest.raises(InvalidRules) as refused:
        imported(tmp_path, register, cells, MAP)
    (fault,) = refused.value.diagnostics
    assert fault.sentence == "the heading `Lead` stands in `Tracker!G1`, `Tracker!J1`"


def test_the_headings_that_no_map_knows_are_offered_for_one_that_lacks(
    tmp_path: Path, register: Register
) -> None:
    """Those that are read already cannot be meant."""
    headings = [{"Lead": "Who"}.get(name, name) for name in HEADINGS]
    with pytest.raises(InvalidRules) as refused:
        imported(tmp_path, register, [headings, [*row().values()]], MAP)
    assert refused.value.diagnostics[0].help == "there is `Who`"


def test_a_comma_too_many_is_told_as_that(tmp_path: Path, register: Register) -> None:
    """In a CSV file a cell too many comes of one that is not quoted."""
    path = tmp_path / "t.csv"
    cells = ("F-1", "16/12/2022", "AFI", "L2", "Mend, it", "7", "Kim", "TBC", "Doing")
    path.write_text("\n".join(map(",".join, (HEADINGS, cells))) + "\n", "utf-8")
    (tmp_path / "map.yaml").write_text(MAP, "utf-8")
    with pytest.raises(InvalidRules) as refused:
        import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)
    (fault,) = refused.value.diagnostics
    assert fault.help.endswith("; or quote the cell of its row that holds a delimiter")


def test_a_row_of_records_is_no_lower_row_of_headings(tmp_path: Path, register: Register) -> None:
    """Its empty cells are not filled from the headings above."""
    cells = [[*HEADINGS], [*row(Lead=None, Target=None).values()]]
    assert imported(tmp_path, register, cells, MAP).counts() == {"added": 1}
    assert "owner" not in register.record("F-1").fields
