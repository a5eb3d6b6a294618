"""A draft says what it takes for what, and marks what it will not guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.errors import InvalidRules
from peelflow.model.trackers import TrackerMap
from peelflow.register.register import Register
from peelflow.rulebook.national import load, national, shipped_folder
from peelflow.rulebook.structure import read_all
from peelflow.rulebook.yaml_reader import read_node
from peelflow.trackers.map_writer import quoted
from peelflow.trackers.mapping import read_map
from peelflow.trackers.proposal import Proposal, propose_map
from peelflow.trackers.update import import_tracker
from tests.builders.force import clock
from tests.trackers.conftest import write_workbook

HEADINGS = ("Ref", "Date issued", "Type", "Level", "Description", "Owner", "Due date", "Status")
ROW = ("R1", "16/12/2022", "AFI", "L2", "Mend it, and say how", "Lead 1", "30/09/2023", "Closed")


def proposed(folder: Path, *rows: Sequence[Any], **options: Any) -> Proposal:
    """Draft the map of a workbook."""
    return propose_map(write_workbook(folder / "our tracker.xlsx", rows), national(), **options)


def parsed(proposal: Proposal) -> TrackerMap:
    """Read a draft as a map, whatever it is unsure of."""
    settled = (
        proposal.text.replace("dates: unsure", "dates: day-month-year")
        .replace("  level: unsure  # no column", "  level: 2  # no column")
        .replace(": unsure", ": afi")
    )
    tracker: TrackerMap = read_all(read_node(settled, "map.yaml"), TrackerMap)
    return tracker


def rows_with(**changes: Any) -> list[list[Any]]:
    """Return headings and two rows, with other cells in the columns that are named."""
    places = {name.lower().replace(" ", "_"): place for place, name in enumerate(HEADINGS)}
    second = ["R2", *ROW[1:]]
    for name, value in changes.items():
        second[places[name]] = value
    return [[*HEADINGS], [*ROW], second]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"type": "Advice"}, "Advice: unsure  # 1 row: recommendation, afi, cause_of_concern"),
        ({"type": None}, "blank: unsure  # in 1 row"),
        ({"level": "Amber"}, "Amber: unsure  # 1 row: 1 to 4, or none"),
        ({"level": None}, "blank: unsure  # in 1 row; `none` is closed before levels"),
        ({"status": "Complete"}, "Complete: unsure  # 1 row: one of open, "),
        ({"status": None}, "blank: unsure  # 1 row: one of open, "),
        (
            {"date_issued": "12/27/2022"},
            "dates: unsure  # Tracker!B2 says 12/27/2022; all days fit",
        ),
    ],
)
def test_a_word_that_may_mean_several_things_is_marked(
    changes: Mapping[str, Any], told: str, tmp_path: Path
) -> None:
    """With how many rows say it, and what it could be; and it is counted among the unsure."""
    rows = rows_with(**changes)
    if "date_issued" in changes:
        for number in (1, 2):
            rows[number][1], rows[number][6] = "12/27/2022", "09/30/2023"
    proposal = proposed(tmp_path, *rows)

    assert told in proposal.text
    assert len(proposal.unsure) == 3
    (tmp_path / "map.yaml").write_text(proposal.text, "utf-8")
    with pytest.raises(InvalidRules) as refused:
        read_map(tmp_path / "map.yaml", national(), fill={"force": "wmp", "actor": "a"})
    assert [fault.code for fault in refused.value.diagnostics] == ["unsure"]


def test_days_that_fit_no_order_are_told(tmp_path: Path) -> None:
    """The British order is kept, and the cells to mend are counted."""
    rows = rows_with(date_issued="12/27/2022")
    proposal = proposed(tmp_path, *rows)

    told = "dates: day-month-year  # 1 day of no calendar or another order, such as 12/27/2022 in "
    assert f"{told}Tracker!B3: mend what is wrong" in proposal.text


def test_two_columns_that_fit_as_well_are_both_named(tmp_path: Path) -> None:
    """None of them is taken."""
    headings = ["Ref", "Type", "Published", "Published", "Level"]
    rows = [headings, ["R1", "AFI", "16/12/2022", "17/12/2022", "L2"]]
    proposal = proposed(tmp_path, *rows)

    assert "  issued: unsure  # either Published or Published" in proposal.text


def test_what_has_no_column_is_to_be_said(tmp_path: Path) -> None:
    """The reference, the day, the category and the level; and where a row stands."""
    proposal = proposed(tmp_path, ["Status", "Owner"], ["Closed", "Lead 1"])

    for name in ("record", "issued", "category", "level"):
        assert f"  {name}: unsure" in proposal.text
    assert "states" in proposal.text

    proposal = proposed(tmp_path, *([*row[:-1], "green"] for row in rows_with(status="RAG")))

    assert "  state: unsure  # no column says where each row stands; without" in proposal.text


def test_no_state_is_asked_for_where_no_level_is_known(tmp_path: Path) -> None:
    """What a word may stand for hangs on the level: that is asked for first."""
    rows = [[*HEADINGS], *([f"R{n}", *ROW[1:3], "Q", *ROW[4:7], "Parked"] for n in (1, 2))]
    proposal = proposed(tmp_path, *rows)

    assert "  Q: unsure  # 2 rows: 1 to 4, or none" in proposal.text
    assert "states:" not in proposal.text


@pytest.mark.parametrize("heading", ["HMICFRS status", "Status at HMICFRS", "Rec status (portal)"])
def test_a_heading_may_say_more_than_what_it_is(heading: str, tmp_path: Path) -> None:
    """It is taken where its cells say so too; colours are no state, whatever stands above them."""
    rows = [
        [*HEADINGS[:-1], heading, "Status (RAG)"],
        [*ROW[:-1], "In progress", "Amber"],
        ["R2", *ROW[1:-1], "Submitted to HMICFRS - awaiting verification", "Green"],
        ["R3", *ROW[1:-1], "With the committee", "Green"],
        ["R4", *ROW[1:-1], "Parked", "Green"],
    ]
    proposal = proposed(tmp_path, *rows)

    assert parsed(proposal).columns["state"] == heading
    assert "status_rag: {heading: Status (RAG)}" in proposal.text
    assert "With the committee: unsure" in proposal.text


def test_what_the_force_closed_is_as_far_as_it_may_go(tmp_path: Path) -> None:
    """Closed at level 2, certified at level 3; at level 4 it can be neither."""
    levels = ("L2", "L3", "L4")
    rows = [["R", *ROW[1:3], level, *ROW[4:-1], "Closed by force"] for level in levels]
    proposal = proposed(tmp_path, HEADINGS, *([f"R{n}", *row[1:]] for n, row in enumerate(rows)))

    states = parsed(proposal).states
    assert [states[level]["Closed by force"] for level in ("2", "3", "4")] == [
        *("closed", "self_certified"),
        "afi",  # unsure
    ]


def test_a_count_of_the_rows_is_no_reference_where_there_is_a_better_one(tmp_path: Path) -> None:
    """Another sheet of the force's counts from 1 too; alone it is better than nothing."""
    counted: list[list[Any]] = [["No", *HEADINGS], [1, *ROW], [2, "R2", *ROW[1:]]]

    assert parsed(proposed(tmp_path, *counted)).columns["record"] == "Ref"
    alone = [[row[0], *row[2:]] for row in counted]
    assert parsed(proposed(tmp_path, *alone)).columns["record"] == "No"


@pytest.mark.parametrize(
    ("heading", "category"),
    [("Area for improvement", "afi"), ("Recommendation", "recommendation"), ("Text", "unsure")],
)
def test_what_all_rows_are_may_stand_above_their_texts(
    heading: str, category: str, tmp_path: Path
) -> None:
    """Where no column says it, the heading of the texts or the sheet's name may."""
    rows = [[row[0], row[1], *row[3:]] for row in rows_with()]
    rows[0][3] = heading

    assert f"  category: {category}  # " in proposed(tmp_path, *rows).text


@pytest.mark.parametrize("total", ["Total", "Grand total:", "TOTALS"])
def test_rows_of_sums_are_no_records(total: str, tmp_path: Path) -> None:
    """The draft names what begins them, and the import passes them over."""
    rows = [*rows_with(), [total, None, 2, None, None, None, 1]]
    proposal = proposed(tmp_path, *rows, fill={"force": "wmp", "actor": "kim"})

    assert parsed(proposal).totals == (total,)
    Path("map.yaml").write_text(proposal.text, "utf-8")
    with Register.open("memory:") as register:
        done = import_tracker(register, tmp_path / "our tracker.xlsx", Path("map.yaml"))
    assert (done.faults, done.counts()) == ((), {"added": 2})


def test_columns_are_told_by_their_cells_where_no_heading_is_known(tmp_path: Path) -> None:
    """References, categories, levels and states can be little else."""
    headings = ["Kürzel", "Was", "Stufe", "Wo", "Owner", "Due date"]
    rows = [[f"X/{n}", "AFI", "Level 2", "In progress", "Lead", "01/02/2023"] for n in range(3)]
    proposal = proposed(tmp_path, headings, *rows)

    assert parsed(proposal).columns == {
        "record": "Kürzel",
        "category": "Was",
        "level": "Stufe",
        "state": "Wo",
        "owner": "Owner",
        "due": "Due date",
        "due_words": "Due date",
        "issued": "afi",
    }
    assert 'record: "Kürzel"  # told by its cells' in proposal.text


def test_other_columns_are_kept_and_empty_ones_ignored(tmp_path: Path) -> None:
    """Each under a name of its own; a column of days as days."""
    headings = [*HEADINGS, "RAG", "Notes", "No", "Last review", "RAG", "1st note", "Nothing"]
    more = ["R", "x", "y", date(2023, 1, 2), "G", "z", None]
    proposal = proposed(tmp_path, headings, [*ROW, *more], ["R2", *ROW[1:], *more])

    tracker = parsed(proposal)
    assert {name: (own.heading, own.type) for name, own in tracker.own_fields.items()} == {
        "rag": ("RAG", "text"),
        "notes": ("Notes", "text"),
        "own_no": ("No", "text"),
        "last_review": ("Last review", "date"),
        "own_rag": ("RAG", "text"),
        "own_1st_note": ("1st note", "text"),
    }
    assert tracker.ignored == ("Nothing",)


def test_sections_between_the_rows_are_banners(tmp_path: Path) -> None:
    """So the import knows that they are no records."""
    proposal = proposed(tmp_path, [*HEADINGS], ["PEEL 2021/22"], [*ROW], ["Total: 1"])

    assert parsed(proposal).banners == ("PEEL 2021/22", "Total: 1")


def test_questions_are_their_numbers(tmp_path: Path) -> None:
    """Others of the same form, too; what is no number is marked."""
    rows = [[*HEADINGS, "PEEL question"]]
    for number, said in enumerate(("7", "Q5", "Question 7.2", "n/a")):
        rows.append([f"R{number}", *ROW[1:], said])
    words = parsed(proposed(tmp_path, *rows)).words["question"]

    assert (words["Q5"], words["Q9"], words["Question 7.2"], words["n/a"]) == (
        *("5", "9", "7.2", "blank"),
    )
    rows.append(["R9", *ROW[1:], "Custody"])
    assert "Custody: unsure  # 1 row: its number, or blank" in proposed(tmp_path, *rows).text


def test_plain_questions_need_no_words(tmp_path: Path) -> None:
    """They are their numbers."""
    assert parsed(proposed(tmp_path, [*HEADINGS, "Question"], [*ROW, "7"])).words == {}


def test_the_best_sheet_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    """Hidden ones are never taken."""
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        for name in ("Lists", "Master", "Old"):
            sheet = book.add_worksheet(name)
            rows = [("R", "A", "G")] if name == "Lists" else [HEADINGS, ROW]
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
        sheet.hide()
    proposal = propose_map(tmp_path / "t.xlsx", national())

    assert "sheet: Master  # not read: Lists, Old\n" in proposal.text
    assert proposal.notes == (
        "read without the sheet `Lists`",
        "read without the hidden sheet `Old`",
    )


def test_sheets_of_the_same_headings_are_drafted_as_one(tmp_path: Path) -> None:
    """The words of both are in the draft, and how both are read; a day of another order, too."""
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        for name, lead, day, status in (
            ("Closed", ("Ref", "Published"), "16/12/2022", "Closed"),
            ("Live", ("Published", "Ref"), "12/16/2022", "Parked"),
        ):
            sheet = book.add_worksheet(name)
            row = {"Ref": f"{name}-1", "Published": day, "Type": "AFI", "Level": "L2"}
            last = ["Closed on"] if name == "Closed" else []
            headings = [*lead, "Type", "Level", "Status", *last]
            sheet.write_row(0, 0, headings)
            sheet.write_row(1, 0, [{**row, "Status": status}.get(h, "16/1/2023") for h in headings])
    proposal = propose_map(tmp_path / "t.xlsx", national())

    assert (
        "sheet: Closed  # not read: Live; [Closed, Live] reads those of these headings as one\n"
        in proposal.text
    )
    assert "such as 12/16/2022 in `Live`: mend what is wrong" in proposal.text
    assert [line for line in proposal.unsure if "Parked" in line]


def test_known_parts_are_filled_in(tmp_path: Path) -> None:
    """So that nothing is left to settle."""
    fill = {"force": "wmp", "actor": "clerk", "actor_role": "lead", "prefix": "W-"}
    proposal = proposed(tmp_path, [*HEADINGS], [*ROW], fill=fill, schema="file:///schema.json")

    assert proposal.unsure == ()
    assert proposal.text.startswith("# yaml-language-server: $schema=file:///schema.json\n")
    fixed = parsed(proposal).fixed
    assert (fixed.force, fixed.actor, fixed.actor_role, fixed.prefix) == tuple(fill.values())


def test_what_has_no_headings_is_told(tmp_path: Path) -> None:
    """A list of words is no tracker."""
    with pytest.raises(InvalidRules, match="no row looks like the headings of a tracker"):
        proposed(tmp_path, ["R", "A", "G"])
    (tmp_path / "x.csv").write_text("R,A,G\n", "utf-8")
    with pytest.raises(InvalidRules, match="no row looks like the headings of a tracker"):
        propose_map(tmp_path / "x.csv", national())


def test_states_of_a_forces_own_rules_are_known_by_their_names(tmp_path: Path) -> None:
    """And by their titles."""
    rules = load(shipped_folder("examples") / "custom_rules" / "evidence_panel")
    (own,) = [one for one in rules.lifecycles if one.refines and 3 in one.applies_to.level]
    name, state = next((n, s) for n, s in own.states.items() if n not in {"open", "in_progress"})
    word = state.title or name.replace("_", " ").upper()
    path = write_workbook(tmp_path / "t.xlsx", [[*HEADINGS], [*ROW[:3], "L3", *ROW[4:7], word]])

    assert parsed(propose_map(path, rules)).states["3"][word] == name


VARIANTS: dict[str, tuple[str, str]] = {
    "a tab and UTF-16": (
        "utf-16",
        (
            "Kent Police - HMICFRS recommendations\n"
            "\n"
            "No\tInspection\tDate of report\tRec / AFI\tHMICFRS Level\tWording\tAction Owner"
            "\tDeadline\tCurrent Status\n"
            "17\tCustody\t2 March 2021\tArea for Improvement\tLevel Two\tImprove it\tD/Supt Ng"
            "\tend of Q3\tUnder way\n"
            "18\tCustody\t2nd March 2021\tCause of concern\tNone\tImprove that\tD/Supt Ng"
            "\t3 June 2023\tNot yet started\n"
        ),
    ),
    "a bar and dots": (
        "windows-1252",
        (
            "Unique ID|Report title|Publication date|Recommendation type|Lvl|Recommendation wording"
            "|Accountable|By when|Status\n"
            "A1|PEEL|02.03.21|Recommendations|l 3|Improve it, “now”|Chf Insp Day|03.06.23"
            "|Awaiting verification\n"
            "A2|PEEL|02.03.21|AFIs|l 1|Improve that||| Closed\n"
        ),
    ),
    "a semicolon and years first": (
        "utf-8-sig",
        (
            "Portal Ref;Date Published;Category;Level;Text;Owner;Due;Stage\n"
            'A1;2021-03-02;REC;4;"Improve it; now";X;2023/06/03;ON-GOING\n'
            "A2;2021-03-02 00:00:00;afi;2;x;Y;44953;closed\n"
        ),
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_other_headings_words_and_forms_are_drafted_and_imported(name: str, tmp_path: Path) -> None:
    """With nothing to settle but the force and who keeps the sheet."""
    encoding, text = VARIANTS[name]
    path = tmp_path / "t.csv"
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    fill = {"force": "kent", "actor": "clerk"}
    proposal = propose_map(path, national(), fill=fill)
    assert proposal.unsure == ()
    (tmp_path / "map.yaml").write_text(proposal.text, "utf-8")

    with Register.open("memory:", clock=clock) as register:
        result = import_tracker(register, path, tmp_path / "map.yaml")
        assert (result.faults, result.counts()) == ((), {"added": 2})
        assert import_tracker(register, path, tmp_path / "map.yaml").unchanged == 2


@given(st.text(max_size=12))
def test_a_quoted_text_is_read_as_it_was(text: str) -> None:
    """Whatever YAML would take it for."""
    if text.isprintable() and not any("\ud800" <= character <= "\udfff" for character in text):
        node: Any = read_node(f"key: {quoted(text)}\n", "map.yaml")
        assert node.entries["key"].value == text


CELLS = st.sampled_from(
    ["", "Ref", "Type", "Status", "AFI", "L2", "Closed", "01/02/2023", "12/27/2022", "x", "7"]
)


@settings(max_examples=60)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=6), min_size=1, max_size=6))
def test_any_sheet_is_drafted_or_refused(rows: list[list[str]]) -> None:
    """A draft is a map that reads, whatever stands in the sheet."""
    path = Path("t.csv")
    path.write_text("\n".join(map(",".join, rows)), "utf-8")
    try:
        proposal = propose_map(path, national(), fill={"force": "f", "actor": "a"})
    except InvalidRules:
        return
    assert parsed(proposal).tracker == "t"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("heading", ["Force", "Police force", "FORCE NAME:"])
def test_a_column_of_forces_is_read(tmp_path: Path, heading: str) -> None:
    """Else what is another force's would be the tracker's own; `Force comments` is no force."""
    proposal = proposed(
        tmp_path, [*HEADINGS, heading, "Force comments"], [*ROW, "West Mercia", "A word"]
    )

    assert parsed(proposal).columns["force"] == heading
    assert "Force comments" in {own.heading for own in parsed(proposal).own_fields.values()}


def test_words_that_name_nobody_are_no_owner(tmp_path: Path) -> None:
    """Else somebody called TBC would own the work."""
    proposal = proposed(
        tmp_path, [*HEADINGS], ["TBC" if cell == "Lead 1" else cell for cell in ROW]
    )

    assert "words:\n  owner:\n    TBC: blank\n" in proposal.text
