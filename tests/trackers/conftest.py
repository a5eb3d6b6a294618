"""Registers, maps and workbooks for tests of trackers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from peelflow.register.register import Register
from peelflow.trackers.proposal import propose_map
from peelflow.trackers.update import TrackerResult, import_tracker
from tests.builders.force import clock

GIVEN = Path(__file__).parent / "given"
HEADINGS = ("Ref", "Published", "Type", "Level", "Text", "Question", "Lead", "Target", "Status")
MAP = """\
tracker: ours
fixed: {force: wmp, actor: liaison-1, actor_role: liaison_officer, inspectorate: hmicfrs}
columns:
  record: Ref
  issued: Published
  category: Type
  level: Level
  title: Text
  question: Question
  owner: Lead
  due: Target
  due_words: Target
  state: Status
categories: {AFI: afi, Rec: recommendation, CoC: cause_of_concern}
levels: {L2: 2, L3: 3, N/A: none}
states:
  2: {Not started: open, Doing: in_progress, Done: closed}
  3: {Not started: open, Doing: in_progress, Certified: self_certified, Done: closed}
  none: {Not started: open, Doing: in_progress, Done: closed}
words: {question: {Q7: "7"}}
"""
ROW: Mapping[str, Any] = {
    "Ref": "F-1",
    "Published": date(2022, 12, 16),
    "Type": "AFI",
    "Level": "L2",
    "Text": "Mend it",
    "Question": "7",
    "Lead": "Head of Custody",
    "Target": "30/09/2023",
    "Status": "Not started",
}
AS_AT = date(2023, 2, 28)
Sheet = Callable[..., Path]
Import = Callable[..., TrackerResult]


@pytest.fixture
def register() -> Iterator[Register]:
    """Give an empty register."""
    with Register.open("memory:", clock=clock) as opened:
        yield opened


def row(**said: Any) -> dict[str, Any]:
    """Return a row that is in order, but for what is said."""
    return {**ROW, **said}


def write_workbook(path: Path, cells: Sequence[Sequence[Any]], *, name: str = "Tracker") -> Path:
    """Write a workbook of one sheet, each date as a real one."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet = book.add_worksheet(name)
        for number, values in enumerate(cells):
            for column, value in enumerate(values):
                if isinstance(value, date):
                    sheet.write_datetime(number, column, value, day)
                elif value is not None:
                    sheet.write(number, column, value)
    return path


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    """Give what writes rows below the usual headings into a workbook, and the usual map."""

    def write(*rows: Mapping[str, Any], name: str = "tracker.xlsx", map_text: str = MAP) -> Path:
        (tmp_path / "map.yaml").write_text(map_text, "utf-8")
        headings = list(dict.fromkeys((*HEADINGS, *(name for row in rows for name in row))))
        headings = [name for name in headings if any(name in row for row in rows)] or [*HEADINGS]
        cells = [[row.get(name) for name in headings] for row in rows]
        return write_workbook(tmp_path / name, [headings, *cells])

    return write


@pytest.fixture
def bring(register: Register, sheet: Sheet, tmp_path: Path) -> Import:
    """Give what imports rows below the usual headings by the usual map."""

    def bring(*rows: Mapping[str, Any], map_text: str = MAP, **options: Any) -> TrackerResult:
        path = sheet(*rows, map_text=map_text)
        return import_tracker(register, path, tmp_path / "map.yaml", **{"on": AS_AT, **options})

    return bring


def settled(path: Path, register: Register, target: Path) -> Path:
    """Draft the map of a tracker, and settle what it is unsure of by the two edits of a person."""
    text = propose_map(path, register.rulebook).text
    assert text.count(" unsure") == 2
    text = text.replace("force: unsure", "force: wmp")
    target.write_text(text.replace("actor: unsure", "actor: liaison-1"), "utf-8")
    return target


def said(result: TrackerResult) -> list[tuple[str, str, str]]:
    """Return which record came to what, and how."""
    return [(one.record, one.kind, one.what) for one in result.outcomes]


def cells_of(result: TrackerResult) -> list[tuple[str, str]]:
    """Return the cell and the sentence of each fault."""
    parts = (fault.sentence.partition(": ") for fault in result.faults)
    return [(place.partition(",")[0], sentence) for place, _, sentence in parts]
