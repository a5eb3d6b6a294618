"""A draft names what stands for nothing, what is spelt in several ways, and what formulas say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from peelflow.model.trackers import TrackerMap
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.rulebook.structure import read_all
from peelflow.rulebook.yaml_reader import read_node
from peelflow.trackers.proposal import Proposal, propose_map
from peelflow.trackers.update import import_tracker
from tests.trackers.conftest import AS_AT, cells_of, write_workbook

HEADINGS = ("Ref", "Report", "Issued", "Type", "Level", "Text", "Lead", "Status", "Date closed")
ROW = ("R1", "PEEL", "16/12/2022", "AFI", "L2", "Mend it", "Kim Day", "In progress", None)
FILL = {"force": "wmp", "actor": "kim"}


def rows_with(*changes: dict[str, Any]) -> list[list[Any]]:
    """Return headings and rows, each with other cells below the headings that are named."""
    rows = [{**dict(zip(HEADINGS, ROW, strict=True)), "Ref": f"R{n}"} for n in range(len(changes))]
    return [
        [*HEADINGS],
        *([*{**row, **said}.values()] for row, said in zip(rows, changes, strict=True)),
    ]


def proposed(folder: Path, rows: Sequence[Sequence[Any]], name: str = "t.xlsx") -> Proposal:
    """Draft the map of a workbook."""
    return propose_map(write_workbook(folder / name, rows), national(), fill=FILL)


def parsed(text: str) -> TrackerMap:
    """Read a draft as a map, whatever it is unsure of."""
    settled = text.replace(": unsure", ": afi")
    tracker: TrackerMap = read_all(read_node(settled, "map.yaml"), TrackerMap)
    return tracker


CLOSED = [{"Date closed": said} for said in ("N/A", "01/02/2023", "-", "tbc", "02/02/2023")]


def test_what_stands_for_no_day_among_days_is_named(tmp_path: Path, register: Register) -> None:
    """Else each open row would be a fault; the column of its own is kept as it stands."""
    rows = rows_with(*CLOSED)
    proposal = proposed(tmp_path, rows)
    tracker = parsed(proposal.text)

    assert tracker.columns["since"] == "Date closed"
    assert tracker.words["since"] == {"N/A": "blank", "-": "blank", "tbc": "blank"}
    assert tracker.own_fields["date_closed"].type == "text"
    (tmp_path / "map.yaml").write_text(proposal.text, "utf-8")
    result = import_tracker(register, tmp_path / "t.xlsx", tmp_path / "map.yaml", on=AS_AT)
    assert (result.faults, result.counts()) == ((), {"added": 5})
    assert register.record("R0").fields["date_closed"] == "N/A"


def test_a_text_that_may_be_a_day_is_unsure(tmp_path: Path) -> None:
    """A month alone is no day since when a record stands somewhere, nor one of issue."""
    rows = rows_with(*CLOSED, {"Date closed": "Mar-23"}, {"Issued": "March 2023"})
    text = proposed(tmp_path, rows).text

    assert "Mar-23: unsure  # 1 row: a day, such as 2023-03-30, or blank" in text
    assert "March 2023: unsure  # 1 row: the day it was published, such as 2023-03-30" in text


def test_where_no_column_says_the_day_each_report_does(tmp_path: Path, register: Register) -> None:
    """The map says when each was published, once; a tracker of one report needs one line."""
    rows = [[*row[:2], *row[3:]] for row in rows_with({}, {"Report": "Custody"}, {})]
    proposal = proposed(tmp_path, rows)

    assert parsed(proposal.text).columns["issued"] == "Report"
    assert "PEEL: unsure  # 2 rows: the day it was published, such as 2023-03-30" in proposal.text
    assert len(proposal.unsure) == 2
    settled = proposal.text.replace("PEEL: unsure", "PEEL: 2022-12-16")
    settled = settled.replace("Custody: unsure", "Custody: 2023-01-27")
    (tmp_path / "map.yaml").write_text(settled, "utf-8")
    result = import_tracker(register, tmp_path / "t.xlsx", tmp_path / "map.yaml", on=AS_AT)
    assert (result.faults, result.counts()) == ((), {"added": 3})
    assert register.record("R1").issued == date(2023, 1, 27)
    assert register.record("R1").fields["report"] == "Custody"


def test_an_owner_who_is_spelt_in_several_ways_is_one(tmp_path: Path, register: Register) -> None:
    """A register takes nobody under two spellings; the first one is it."""
    rows = rows_with({}, {"Lead": "KIM DAY"}, {"Lead": "Kim  day"}, {"Lead": "Jo Ng"})
    proposal = proposed(tmp_path, rows)

    assert "    Kim Day: Kim Day  # also spelt KIM DAY, Kim day\n" in proposal.text
    (tmp_path / "map.yaml").write_text(proposal.text, "utf-8")
    result = import_tracker(register, tmp_path / "t.xlsx", tmp_path / "map.yaml", on=AS_AT)
    assert (result.faults, result.counts()) == ((), {"added": 4})
    assert {record.fields["owner"] for record in register.records()} == {"Kim Day", "Jo Ng"}


def test_a_column_of_formulas_is_ignored_or_to_be_pasted(
    tmp_path: Path, register: Register
) -> None:
    """One that no rules know would be a fault in each row; one that is read is told."""
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        sheet = book.add_worksheet("Tracker")
        sheet.write_row(0, 0, [*HEADINGS, "Days left"])
        for n in (1, 2):
            sheet.write_row(n, 0, ["" if cell is None else cell for cell in ROW])
            sheet.write_formula(n, 0, f'=HYPERLINK("x","R{n}")', None, f"R{n}")
            sheet.write_formula(n, 9, f"=A{n}-TODAY()", None, 7)
    proposal = propose_map(tmp_path / "t.xlsx", national(), fill=FILL)

    assert "record: Ref  # computed by formulas: paste it as values\n" in proposal.text
    note = "no cell below says anything; computed by formulas: Days left"
    assert f"ignored: [Date closed, Days left]  # {note}\n" in proposal.text
    (tmp_path / "map.yaml").write_text(proposal.text, "utf-8")
    result = import_tracker(register, tmp_path / "t.xlsx", tmp_path / "map.yaml", on=AS_AT)
    assert [place for place, _ in cells_of(result)] == ["Tracker!A2", "Tracker!A3"]


def test_formulas_that_never_said_anything_are_columns_all_the_same(tmp_path: Path) -> None:
    """A program that writes workbooks saves no values: no other column is the reference then."""
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        sheet = book.add_worksheet("Tracker")
        sheet.write_row(0, 0, [*HEADINGS, "Days left", "Note"])
        for n in (1, 2):
            sheet.write_row(n, 1, ["" if cell is None else cell for cell in ROW[1:]])
            sheet.write_formula(n, 0, f'=HYPERLINK("x","R{n}")', None, "")
            sheet.write_formula(n, 9, f"=A{n}-TODAY()", None, "")
            sheet.write(n, 10, f"note {n}")
    text = propose_map(tmp_path / "t.xlsx", national(), fill=FILL).text

    assert "record: Ref  # computed by formulas: paste it as values\n" in text
    assert "computed by formulas: Days left" in text
    assert "  note: {heading: Note}\n" in text


def test_a_heading_that_says_the_day_of_issue_is_taken_though_few_are_days(tmp_path: Path) -> None:
    """What its other cells mean is asked for."""
    rows = rows_with({"Issued": "March 2023"}, {"Issued": "Q1 2022"}, {"Issued": "2022"}, {})
    proposal = proposed(tmp_path, rows)

    assert parsed(proposal.text).columns["issued"] == "Issued"
    assert {*parsed(proposal.text).words["issued"]} == {"March 2023", "Q1 2022", "2022"}


def test_that_nothing_names_the_causes_of_concern_is_said(tmp_path: Path) -> None:
    """Where a column names them, or there are none, there is nothing to say."""
    told = "  # No column says which recommendation is of which cause of concern: give"
    causes = rows_with({"Type": "CoC"}, {"Type": "Rec"})

    assert told in proposed(tmp_path, causes).text
    assert told not in proposed(tmp_path, rows_with({}, {})).text
    named = [[*row, said] for row, said in zip(causes, ("Parent", "N/A", "R0"), strict=True)]
    proposal = proposed(tmp_path, named)
    assert told not in proposal.text
    assert parsed(proposal.text).words["parent"] == {"N/A": "blank"}


def test_a_column_of_very_many_texts_is_no_column_of_words(tmp_path: Path) -> None:
    """Nobody looks each of a thousand texts up; its heading still tells what it is."""
    rows: list[list[Any]] = [[*HEADINGS]]
    rows += [[f"R{n}", *ROW[1:5], f"Mend {n}", *ROW[6:]] for n in range(1_001)]
    tracker = parsed(proposed(tmp_path, rows).text)

    assert (tracker.columns["record"], tracker.columns["title"]) == ("Ref", "Text")


def test_the_only_sheet_may_have_another_name_next_month(
    tmp_path: Path, register: Register
) -> None:
    """The draft says so, and the map reads it without its name."""
    told = "# the only one; leave this line out where its name changes from month to month\n"
    path = write_workbook(tmp_path / "t.xlsx", rows_with({}), name="Feb 23")
    text = propose_map(path, national(), fill=FILL).text

    assert f"sheet: Feb 23  {told}" in text
    (tmp_path / "map.yaml").write_text(text.replace(f"sheet: Feb 23  {told}", ""), "utf-8")
    write_workbook(path, rows_with({}), name="Mar 23")
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)
    assert (result.faults, result.counts()) == ((), {"added": 1})


@pytest.mark.parametrize("name", ["Überblick.xlsx", "—.xlsx", "2023.xlsx"])
def test_a_tracker_is_called_so_that_its_map_reads(name: str, tmp_path: Path) -> None:
    """Whatever its file is called."""
    assert parsed(proposed(tmp_path, rows_with({}), name).text).tracker
