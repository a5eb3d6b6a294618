"""Every fault of a sheet at once, each by its cell, with the value and what to do."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from peelflow.errors import InvalidRules
from peelflow.phrases import listed
from peelflow.register.register import Register
from peelflow.trackers.headings import HEADING_ROWS
from peelflow.trackers.update import import_tracker
from peelflow.trackers.workbook import read_workbook
from tests.trackers.conftest import (
    AS_AT,
    HEADINGS,
    MAP,
    Import,
    cells_of,
    row,
    write_workbook,
)

BAD: Mapping[str, tuple[dict[str, Any], str]] = {
    "no reference": ({"Ref": None}, "the reference is empty"),
    "a reference that cannot be printed": (
        {"Ref": "F\N{ZERO WIDTH SPACE}1"},
        "which shows nothing",
    ),
    "a reference twice": ({"Ref": "F-1"}, "`F-1` already stands in Tracker!A2"),
    "no category": ({"Type": None}, "the category is empty"),
    "an unknown category": ({"Type": "Advice"}, "`Advice` is none of the map's words"),
    "no level": (
        {"Level": None},
        "the level is empty, and each `afi` has one of `1`, `2`, `3`, `4`",
    ),
    "an unknown level": ({"Level": "L9"}, "`L9` is none of the map's words for a level"),
    "a level no rules run": ({"Level": "L2", "Type": "CoC"}, "no lifecycle runs that level"),
    "no day": ({"Published": None}, "the day it was issued is empty"),
    "no day of the calendar": ({"Published": "31/02/2023"}, "`31/02/2023` is no day"),
    "a day to come": ({"Published": "01/03/2023"}, "2023-03-01 lies after 2023-02-28"),
    "no state": ({"Status": None}, "the state of level 2 is empty"),
    "a state of another level": ({"Status": "Certified"}, "`Certified` is none of the map's words"),
    "a deadline that is a slip": ({"Target": "31/04/2023"}, "`31/04/2023` is no day"),
    "no question": ({"Question": "13x"}, "is '13x'"),
    "an owner that hides something": ({"Lead": "A\N{ZERO WIDTH SPACE}B"}, "holds U+200B"),
    "an owner who is nobody": ({"Lead": " tbc"}, "`tbc` names nobody"),
    "an owner that is spelt alike": ({"Lead": "Head of custody"}, "characters that look alike"),
}
COLUMN = {name: place for place, name in enumerate(HEADINGS)}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_cell_is_told_by_its_place(name: str, bring: Import, register: Register) -> None:
    """Nothing is imported, and the cell is the one to mend."""
    changes, sentence = BAD[name]
    heading, *_ = changes
    result = bring(row(), row(**{"Ref": "F-2", **changes}))

    ((place, told),) = cells_of(result)
    assert place == f"Tracker!{'ABCDEFGHI'[COLUMN[heading]]}3"
    assert sentence in told
    assert result.faults[0].help
    assert (result.outcomes, register.position()) == ((), 0)


def test_all_faults_of_all_rows_come_at_once(bring: Import) -> None:
    """Several in one row, too."""
    result = bring(
        row(Published="never", Level="L9", Status="?"),
        row(Ref=None, Type="?", Target="99/99/2023"),
        row(Ref="F-3", Published="31/02/2023", Status="?"),
    )

    assert [place for place, _ in cells_of(result)] == [
        *("Tracker!B2", "Tracker!D2", "Tracker!A3", "Tracker!C3", "Tracker!H3"),
        *("Tracker!B4", "Tracker!I4"),
    ]


def test_a_cell_that_says_two_things_is_wrong_once(bring: Import) -> None:
    """The day of issue and that of the report are read from one column."""
    text = MAP.replace("  category:", "  published: Published\n  category:")

    assert len(bring(row(Published="31/02/2023"), map_text=text).faults) == 1


def test_good_rows_are_kept_if_that_is_asked(bring: Import, register: Register) -> None:
    """The bad ones are told all the same, and come with the mended sheet."""
    result = bring(row(), row(Ref="F-2", Level="L9"), partial=True)
    assert (len(result.faults), result.counts(), result.kept) == (1, {"added": 1}, True)

    mended = bring(row(), row(Ref="F-2"))
    assert (mended.counts(), mended.unchanged) == ({"added": 1}, 1)
    assert register.position() == 2


def test_a_formula_or_an_error_is_no_value(tmp_path: Path, register: Register) -> None:
    """In a column that is read; in one that is ignored it does no harm."""
    path, headings = tmp_path / "tracker.xlsx", [*HEADINGS, "Days left"]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Tracker")
        sheet.write_row(0, 0, headings)
        sheet.write_row(1, 0, ["F-1", "16/12/2022", "AFI", "L2", "x", "7", "y", "TBC", "Doing"])
        sheet.write_formula(1, 4, '="Mend"', None, "Mend")
        sheet.write_formula(1, 6, "=1/0", None, "#DIV/0!")
        sheet.write_formula(1, 9, "=1+1", None, 2)
    (tmp_path / "map.yaml").write_text(f"{MAP}ignored: [Days left]\n", "utf-8")

    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)

    assert cells_of(result) == [
        ("Tracker!E2", "is a formula, and what it would say tomorrow nobody knows"),
        ("Tracker!G2", "shows the error #DIV/0!"),
    ]


def refusal_of(folder: Path, register: Register, cells: list[list[Any]], text: str) -> list[str]:
    """Return why a sheet as a whole is refused."""
    path = write_workbook(folder / "tracker.xlsx", cells)
    (folder / "map.yaml").write_text(text, "utf-8")
    with pytest.raises(InvalidRules) as refused:
        import_tracker(register, path, folder / "map.yaml", on=AS_AT)
    assert all(fault.help for fault in refused.value.diagnostics)
    return [f"{fault.code}: {fault.sentence}" for fault in refused.value.diagnostics]


def test_headings_that_do_not_fit_the_map_are_told(tmp_path: Path, register: Register) -> None:
    """One is missing, one stands twice, one is in no list, and a column has none."""
    headings = [*HEADINGS[:-1], "State", "Ref", None]
    cells = [headings, [*row().values(), "F-9", "a note"]]

    assert refusal_of(tmp_path, register, cells, MAP) == [
        "sheet-column: row 1 has the headings, but none is `Status`",
        "sheet-column: Tracker!I1: the map says nothing of the column `State`",
        "sheet-column: the heading `Ref` stands in `Tracker!A1`, `Tracker!J1`",
        "sheet-column: Tracker!K2: column K has cells and no heading",
    ]


def test_a_sheet_without_the_headings_is_no_tracker(tmp_path: Path, register: Register) -> None:
    """It may be another sheet than the one that was meant."""
    (told,) = refusal_of(tmp_path, register, [["R", "A", "G"]], MAP)
    assert told.startswith("sheet-unknown: no row has the headings `Ref`, `Published`")


def test_headings_are_found_under_banners_whatever_their_case(
    tmp_path: Path, register: Register
) -> None:
    """Repeated headings and named banners between the rows are passed over."""
    headings = [name.upper() for name in HEADINGS]
    first, second = [*row().values()], [*row(Ref="F-2").values()]
    cells: list[list[Any]] = [
        ["A BANNER"],
        [None],
        [None, None, "Details"],
        headings,
        ["PEEL 2021/22"],
        first,
    ]
    cells += [headings, second, ["Total: 2"]]
    (tmp_path / "map.yaml").write_text(f"{MAP}banners: [PEEL 2021/22, 'Total: 2']\n", "utf-8")
    path = write_workbook(tmp_path / "tracker.xlsx", cells)

    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)

    assert (result.faults, result.counts()) == ((), {"added": 2})


def write_sheets(path: Path, sheets: Mapping[str, list[list[Any]]]) -> Path:
    """Write a workbook of several sheets."""
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, cells in sheets.items():
            sheet = book.add_worksheet(name)
            for number, values in enumerate(cells):
                for column, value in enumerate(values):
                    kind = day if isinstance(value, date) else None
                    sheet.write(number, column, value, kind)
    return path


LIVE_AND_DONE = f"""\
sheet: [Live, Done]
{MAP}\
own_fields: {{why: {{heading: Why}}}}
"""


def test_several_sheets_are_one_tracker(tmp_path: Path, register: Register) -> None:
    """A record goes from one to the other; only what places no record may lack on one of them."""
    (tmp_path / "map.yaml").write_text(LIVE_AND_DONE, "utf-8")
    live, done = [*HEADINGS], ["Why", *HEADINGS]
    first, second = [*row().values()], [*row(Ref="F-2", Status="Done").values()]
    path = tmp_path / "t.xlsx"
    write_sheets(path, {"Live": [live, first], "Lists": [["x"]], "Done": [done, ["met", *second]]})
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)
    assert [(one.record, one.cell) for one in result.outcomes] == [
        ("F-1", "Live!A2"),
        ("F-2", "Done!B2"),
    ]
    assert result.notes == ("read without the sheet `Lists`",)

    moved = [*row(Status="Doing").values()]
    write_sheets(path, {"Live": [live], "Done": [done, ["met", *second], ["", *moved]]})
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)
    assert [(one.record, one.kind, one.cell) for one in result.outcomes] == [
        ("F-1", "moved", "Done!J3")
    ]


def test_what_is_wrong_on_several_sheets_is_told_of_each(
    tmp_path: Path, register: Register
) -> None:
    """A reference that stands on both, and headings that lack."""
    path = tmp_path / "t.xlsx"
    (tmp_path / "map.yaml").write_text(LIVE_AND_DONE, "utf-8")
    headings, cells = ["Why", *HEADINGS], ["", *row().values()]
    write_sheets(path, {"Live": [headings, cells], "Done": [headings, cells]})
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)
    assert cells_of(result) == [("Done!B2", "`F-1` already stands in Live!B2")]

    write_sheets(path, {"Live": [headings[:-1], cells[:-1]], "Done": [["R", "A", "G"]]})
    with pytest.raises(InvalidRules) as refused:
        import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)
    assert [fault.code for fault in refused.value.diagnostics] == ["sheet-column", "sheet-unknown"]


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_row_with_fewer_cells_is_told(end: str, tmp_path: Path, register: Register) -> None:
    """It is read with the rest empty, unless the file ends in it: then it was cut off."""
    (tmp_path / "map.yaml").write_text(MAP, "utf-8")
    cells = [*row(Published="16/12/2022").values()]
    headings = [*HEADINGS[:6], "Status", "Lead", "Target"]
    rows = [headings, [*cells[:6], cells[8], "", ""], ["F-2", *cells[1:6], cells[8]]]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(map(",".join, rows)) + end, "utf-8")
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)

    told = (
        "1 row with fewer cells than headings, the first in row 3: what is missing is read as empty"
    )
    assert result.notes[1:] == (told,)
    assert result.counts() == ({"added": 2} if end else {})
    assert [(fault.span.line, fault.code) for fault in result.faults] == (
        [] if end else [(3, "sheet-cells")]
    )


def test_a_banner_that_is_not_named_is_no_record_in_silence(bring: Import) -> None:
    """It is told once, as what stands alone."""
    result = bring(row(), {"Ref": "PEEL 2021/22"})

    assert cells_of(result) == [("Tracker!A3", "`PEEL 2021/22` stands alone in its row")]


def test_an_empty_cell_may_have_a_meaning(bring: Import, register: Register) -> None:
    """The map says so by the word `blank`."""
    text = MAP.replace("N/A: none", "blank: 2").replace("AFI: afi", "blank: afi")
    text = text.replace(
        "Not started: open, Doing: in_progress, Done: closed}\n  3", ("blank: in_progress}\n  3")
    )

    assert bring(row(Type=None, Level=None, Status=None), map_text=text).faults == ()
    assert register.record("F-1").state == "in_progress"


def test_rules_own_words_need_no_list(bring: Import, register: Register) -> None:
    """A level's number, a category's and a state's name are what they are."""
    assert bring(row(Type="afi", Level=3.0, Status="self_certified")).faults == ()
    assert register.record("F-1").state == "self_certified"


def test_an_afi_without_a_level_is_taken_over(bring: Import, register: Register) -> None:
    """Where the map says which word is no level: it was closed before there were any."""
    assert bring(row(Level="N/A", Status="Done")).faults == ()
    assert str(register.record("F-1").lifecycle) == "afi-before-levels@1"


def test_a_word_that_the_rules_have_not_is_told(bring: Import) -> None:
    """A map may name a state of another category at that level."""
    text = MAP.replace("N/A: none", "N/A: none, L4: 4").replace(
        "\nwords:", "\n  4: {S: supported}\nwords:"
    )
    result = bring(row(Level="L4", Status="S"), map_text=text)
    assert result.faults == ()
    bad = bring(row(Ref="F-2", Type="Rec", Level="N/A", Status="Not started"))
    assert "stands for `open`, which before-levels@2 has not" in cells_of(bad)[0][1]


def test_a_field_that_the_category_has_not_is_told(bring: Import) -> None:
    """What stands there would be lost."""
    text = MAP.replace("CoC: cause_of_concern", "SC: super_complaint_recommendation")
    result = bring(row(Type="SC", Level=None, Status=None), map_text=text)

    assert (
        "Tracker!F2",
        "a record of `super_complaint_recommendation` has no field `question`",
    ) in cells_of(result)


def test_an_empty_cell_of_a_field_that_the_category_has_not_is_none(bring: Import) -> None:
    """There is nothing to lose."""
    text = MAP.replace("CoC: cause_of_concern", "SC: super_complaint_recommendation")
    result = bring(row(Type="SC", Level=None, Status=None, Question=None), map_text=text)

    assert "Tracker!F2" not in [place for place, _ in cells_of(result)]


def test_a_word_for_a_field_may_say_nothing_or_something_else(
    bring: Import, register: Register
) -> None:
    """Words of the map come before what a cell says."""
    text = MAP.replace(
        "words: {", "words: {due: {soon: 01/04/2023, TBC: blank}, owner: {n/a: blank}, "
    )
    bring(
        row(Target="soon", Lead="N/A", Question="Q7"), row(Ref="F-2", Target="TBC"), map_text=text
    )

    first, second = register.record("F-1"), register.record("F-2")
    assert (first.fields["due"], first.fields["question"]) == ("2023-04-01", "7")
    assert "owner" not in first.fields
    assert "due" not in second.fields
    assert second.fields["due_words"] == "TBC"


PLANTED: tuple[tuple[str, Any], ...] = (
    ("Published", "31/02/2023"),
    ("Type", "Reck"),
    ("Level", "L9"),
    ("Question", "13x"),
    ("Lead", "A\N{ZERO WIDTH SPACE}B"),
    ("Target", "31/04/2023"),
    ("Status", "Someday"),
    ("Ref", None),
    ("Published", date(2024, 1, 1)),
    ("Level", None),
)


def planted(folder: Path, rows: int, faults: int) -> tuple[Path, set[str]]:
    """Write a workbook with faults planted in it, and return the cells that they stand in."""
    chosen = random.Random(7).sample(range(rows), faults)
    cells, places = [["A BANNER"], [*HEADINGS]], set()
    for number in range(rows):
        said = row(Ref=f"F-{number:05}")
        if number in chosen:
            heading, value = PLANTED[chosen.index(number) % len(PLANTED)]
            said[heading] = value
            places.add(f"Tracker!{'ABCDEFGHI'[COLUMN[heading]]}{number + 3}")
        cells.append([*said.values()])
    (folder / "map.yaml").write_text(MAP, "utf-8")
    return write_workbook(folder / "tracker.xlsx", cells), places


@pytest.mark.parametrize("rows", [300, pytest.param(10_000, marks=pytest.mark.search)])
def test_all_of_100_planted_faults_are_named_by_cell(rows: int, tmp_path: Path) -> None:
    """Nothing is imported; 10,000 rows take well under 30 seconds."""
    path, places = planted(tmp_path, rows, 100)
    url = f"sqlite:///{tmp_path / 'register.db'}"
    begun = time.process_time()
    with Register.open(url) as register:
        result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)
        position = register.position()
    spent = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

    assert {place for place, _ in cells_of(result)} == places
    assert (len(result.faults), position) == (100, 0)
    assert spent < 30, f"{spent:.1f} s"
    print(f"{rows:,} rows: {spent:.1f} s, a peak of {peak} MiB")  # noqa: T201 - to be read with -s


@pytest.mark.parametrize("known", ["2023-03", "Q3 2023", "2024"])
def test_a_day_that_is_known_in_part_is_kept_as_the_sheet_has_it(
    known: str, bring: Import, register: Register
) -> None:
    """As the date, and not as its words too; a day in a later sheet takes its place."""
    assert bring(row(Target=known)).faults == ()
    assert register.record("F-1").fields["due"] == known
    assert "due_words" not in register.record("F-1").fields
    assert bring(row(Target="30/09/2023")).faults == ()
    assert register.record("F-1").fields["due"] == "2023-09-30"


def test_a_sheet_that_is_not_read_and_has_the_headings_is_told(
    tmp_path: Path, register: Register
) -> None:
    """A force that copies its sheet each month has the map read last month's."""
    (tmp_path / "map.yaml").write_text(f"sheet: Feb\n{MAP}", "utf-8")
    cells = [["A BANNER"], [*HEADINGS], [*row().values()]]
    sheets = {"Mar": cells, "Feb": cells, "Lists": [["Level", "Status"]]}
    path = write_sheets(tmp_path / "t.xlsx", sheets)
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)

    assert result.notes == (
        "read without the sheets `Mar`, `Lists`",
        "read without `Mar`, which has the headings of the map, too",
    )


def test_sheets_that_are_not_read_are_told_in_one_sentence(
    tmp_path: Path, register: Register
) -> None:
    """However many copies there are; only where headings may stand is looked for them."""
    (tmp_path / "map.yaml").write_text(f"sheet: Now\n{MAP}", "utf-8")
    cells = [[*HEADINGS], *([*row(Ref=f"F-{n}").values()] for n in range(HEADING_ROWS + 1))]
    below = [["x"]] * HEADING_ROWS
    sheets = {"Now": cells, **{f"M{n}": cells for n in range(1, 10)}, "Below": [*below, *cells]}
    path = write_sheets(tmp_path / "t.xlsx", sheets)
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)

    names = [f"M{n}" for n in range(1, 10)]
    told = f"read without {listed(names)}, which have the headings of the map, too"
    assert result.counts() == {"added": HEADING_ROWS + 1}
    assert result.notes[-1] == told
    book = read_workbook(path, path.read_bytes())
    assert {len(grid.rows) for grid in book.grids_beside(["Now"], 5)} == {5}
    assert {len(grid.rows) for grid in book.grids_beside(["Now", "Below"], 500)} == {len(cells)}
    assert not [*book.grids_beside(book.sheets, 5)]
