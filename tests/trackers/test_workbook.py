"""Workbooks: what they hold, and hostile ones that are refused in words."""

from __future__ import annotations

import struct
import sys
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.errors import InvalidRules, MissingDependency
from peelflow.trackers.grid import MAX_ROWS, Grid
from peelflow.trackers.workbook import Workbook, read_workbook

Build = Callable[[Any], None]


def built(build: Build, **options: Any) -> bytes:
    """Return the bytes of a workbook."""
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, **options}) as book:
        build(book)
    return content.getvalue()


def simple(book: Any) -> None:
    """Write two cells."""
    sheet = book.add_worksheet("Tracker")
    sheet.write_row(0, 0, ["Ref", "Text"])
    sheet.write_row(1, 0, ["1", "Mend"])


def open_book(source: bytes, name: str = "tracker.xlsx") -> Workbook:
    """Look through a workbook."""
    return read_workbook(Path(name), source)


def grid_of(source: bytes, sheet: str = "Tracker") -> Grid:
    """Read a sheet."""
    return open_book(source).grid(sheet)


def repacked(source: bytes, parts: Mapping[str, bytes | None]) -> bytes:
    """Return a workbook with other parts: None takes one away."""
    content = BytesIO()
    with zipfile.ZipFile(BytesIO(source)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            if part is not None:
                new.writestr(name, part, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def refusal(source: bytes, name: str = "tracker.xlsx", sheet: str = "Tracker") -> tuple[str, str]:
    """Return the code and the sentence by which a workbook is refused."""
    with pytest.raises(InvalidRules) as refused:
        open_book(source, name).grid(sheet)
    (fault,) = refused.value.diagnostics
    assert fault.help
    return fault.code, fault.sentence


def test_real_dates_numbers_and_texts_come_out_as_what_they_are() -> None:
    """A date cell as its day, a number as a number, a text as a text, whatever it looks like."""

    def build(book: Any) -> None:
        sheet = book.add_worksheet("Tracker")
        sheet.write_datetime(0, 0, date(2023, 1, 27), book.add_format({"num_format": "dd/mm/yy"}))
        sheet.write_number(0, 1, 7)
        sheet.write_string(0, 2, "=SUM(A1:A3)")
        sheet.write_string(0, 3, "007")
        sheet.write_boolean(0, 4, 1)
        sheet.write_rich_string(0, 5, "so ", book.add_format({"bold": True}), "far", " done")

    grid = grid_of(built(build))

    assert [grid.rows[0].text(column) for column in range(1, 7)] == [
        *("2023-01-27", "7", "=SUM(A1:A3)", "007", "TRUE", "so far done")
    ]
    assert grid.formulas == frozenset()


def test_empty_rows_and_columns_keep_their_places() -> None:
    """A cell is called what the spreadsheet calls it, wherever the table begins."""
    grid = grid_of(built(lambda book: book.add_worksheet("Tracker").write(6, 3, "x")))

    (row,) = grid.rows
    assert (row.number, row.filled, grid.place(row.number, 4)) == (7, (4,), "Tracker!D7")


def test_cells_merged_downwards_say_the_same_in_each_row() -> None:
    """The name of a report over its five rows; a cell merged to the side says it once."""

    def build(book: Any) -> None:
        sheet = book.add_worksheet("Tracker")
        sheet.merge_range(0, 0, 0, 2, "A banner")
        sheet.merge_range(2, 0, 4, 1, "Custody")
        sheet.merge_range(2, 7, 4, 7, "")
        for number in (2, 3, 4):
            sheet.write(number, 2, f"{number}")

    grid = grid_of(built(build))

    assert [(row.number, row.text(1), row.text(2), row.text(3)) for row in grid.rows] == [
        (1, "A banner", "", ""),
        (3, "Custody", "", "2"),
        (4, "Custody", "", "3"),
        (5, "Custody", "", "4"),
    ]


def test_rows_that_are_hidden_are_read_and_told() -> None:
    """A filter hides rows, and they are records all the same."""
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Tracker")
        for number in range(5):
            sheet.write_row(number, 0, ["x", "y"])
        for number in (2, 3, 7):
            sheet.set_row(number, None, None, {"hidden": True})
    grid = read_workbook(Path("t.xlsx"), stream.getvalue()).grid("Tracker")

    assert len(grid.rows) == 5
    assert grid.notes == ("read with 2 hidden rows of `Tracker`, the first of them row 3",)


def test_hidden_sheets_are_named_and_read_when_they_are_asked_for() -> None:
    """None is read by itself."""

    def build(book: Any) -> None:
        simple(book)
        book.add_worksheet("Old").hide()
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Tracker!$A$1:$A$2"})
        book.add_chartsheet("Chart").set_chart(chart)
        hidden = book.add_worksheet("Older")
        hidden.write(0, 0, "x")
        hidden.very_hidden()

    book = open_book(built(build))

    assert (book.sheets, book.hidden_sheets) == (("Tracker",), ("Old", "Older"))
    assert book.notes_beside(["Tracker", "Old"]) == ("read without the hidden sheet `Older`",)
    assert book.notes_beside([]) == (
        "read without the sheet `Tracker`",
        "read without the hidden sheets `Old`, `Older`",
    )
    assert book.grid("Older").rows[0].text(1) == "x"


def test_days_may_count_from_1904() -> None:
    """The workbook says so."""
    assert grid_of(built(simple, date_1904=True)).since_1904
    assert not grid_of(built(simple)).since_1904


def test_formulas_and_errors_are_told_apart_from_values() -> None:
    """A formula's last value is no value that somebody typed, and an error is none at all."""

    def build(book: Any) -> None:
        sheet = book.add_worksheet("Tracker")
        sheet.write_formula(0, 0, "=1+1", None, 2)
        sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
        sheet.write_formula(2, 2, '=""', None, "")

    grid = grid_of(built(build))

    assert grid.formulas == {(1, 1), (2, 2), (3, 3)}
    assert grid.error_cells == {(2, 2): "#DIV/0!"}
    assert [row.number for row in grid.rows] == [1, 2, 3]


def test_the_macros_of_an_xlsm_are_not_run_and_that_is_said() -> None:
    """Only its cells are read."""
    source = repacked(built(simple), {"xl/vbaProject.bin": b"\xd0\xcf macro"})
    book = open_book(source, "tracker.xlsm")

    assert book.notes == ("read without running its macros",)
    assert book.grid("Tracker").rows[1].text(2) == "Mend"


def _declared(source: bytes, part: str, size: int) -> bytes:
    """Return a workbook whose directory says that a part unpacks to so many bytes."""
    place = source.rindex(part.encode())
    header = source.rindex(b"PK\x01\x02", 0, place)
    return source[: header + 24] + struct.pack("<I", size) + source[header + 28 :]


def _encrypted_flag(source: bytes) -> bytes:
    header = source.index(b"PK\x01\x02")
    return source[: header + 8] + b"\x01\x00" + source[header + 10 :]


SHEET = "xl/worksheets/sheet1.xml"
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
XML = b'<?xml version="1.0"?>'
ROWS = b'<worksheet><sheetData><row r="%d"><c r="%s%d"><v>1</v></c></row></sheetData></worksheet>'
HOSTILE: dict[str, tuple[bytes, str, str]] = {
    "a zip bomb": (
        _declared(built(simple), SHEET, 257 * 1024 * 1024),
        "workbook-refused",
        "`tracker.xlsx` unpacks to more than 256 MiB, as a bomb does",
    ),
    "very many parts": (
        repacked(built(simple), {f"xl/media/{n}": b"" for n in range(2_001)}),
        "workbook-refused",
        "`tracker.xlsx` unpacks to more than 256 MiB, as a bomb does",
    ),
    "a size that lies": (
        _declared(built(simple), SHEET, 1),
        "workbook-refused",
        "`tracker.xlsx` is no workbook, or is damaged",
    ),
    "links to other files": (
        repacked(built(simple), {"xl/externalLinks/externalLink1.xml": b"<x/>"}),
        "workbook-refused",
        "`tracker.xlsx` takes values from other files",
    ),
    "a connection": (
        repacked(built(simple), {"xl/connections.xml": b"<x/>"}),
        "workbook-refused",
        "`tracker.xlsx` takes data from a connection",
    ),
    "macros in disguise": (
        repacked(built(simple), {"xl/vbaProject.bin": b"x"}),
        "workbook-refused",
        "`tracker.xlsx` holds macros, though its name says that it has none",
    ),
    "an XML bomb": (
        repacked(built(simple), {SHEET: XML + b'<!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>'}),
        "workbook-refused",
        "`tracker.xlsx` declares a document type, as no workbook does",
    ),
    "a password": (
        OLE + "EncryptedPackage".encode("utf-16-le"),
        "workbook-refused",
        "`tracker.xlsx` is protected by a password",
    ),
    "a part with a password": (
        _encrypted_flag(built(simple)),
        "workbook-refused",
        "`tracker.xlsx` is protected by a password",
    ),
    "an old .xls": (
        OLE + b"Workbook",
        "workbook-refused",
        "`tracker.xlsx` is a workbook of the old kind, .xls",
    ),
    "no zip": (b"PK\x03\x04", "workbook-refused", "`tracker.xlsx` is no workbook, or is damaged"),
    "no workbook in it": (
        repacked(built(simple), {"xl/workbook.xml": None}),
        "workbook-refused",
        "`tracker.xlsx` is no workbook, or is damaged",
    ),
    "a damaged sheet": (
        repacked(built(simple), {SHEET: b"<worksheet><sheetData>"}),
        "workbook-refused",
        "`tracker.xlsx` is damaged in `Tracker`",
    ),
    "damaged texts": (
        repacked(built(simple), {"xl/sharedStrings.xml": b"<sst><si><t>x"}),
        "workbook-refused",
        "",
    ),
    "as many rows as there can be": (
        repacked(built(simple), {SHEET: XML + ROWS % (1_048_576, b"A", 1_048_576)}),
        "too-large",
        "the sheet `Tracker` has a row 1,048,576, and a tracker has at most 100,000",
    ),
    "a cell far to the right": (
        repacked(built(simple), {SHEET: XML + ROWS % (1, b"XFD", 1)}),
        "too-large",
        "the sheet `Tracker` has a column XFD, and a tracker has 512",
    ),
    "a cell far down and to the right": (
        repacked(built(simple), {SHEET: XML + ROWS % (99_999, b"ALL", 99_999)}),
        "too-large",
        "the sheet `Tracker` has a column ALL, and a tracker has 512",
    ),
    "two cells far from each other": (
        repacked(built(simple), {SHEET: XML + ROWS % (99_999, b"EA", 99_999)}),
        "too-large",
        "the sheet `Tracker` has 99,999 rows of 131 columns",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_in_words(name: str) -> None:
    """Before anything of it is read by anybody else."""
    source, code, sentence = HOSTILE[name]
    told = refusal(source)

    assert told[0] == code
    assert told[1] == sentence or (not sentence and "is damaged: " in told[1])


def test_a_part_that_stands_twice_is_refused() -> None:
    """Two readers would read two workbooks."""
    content = BytesIO(built(simple))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("xl/Workbook.xml", b"<workbook/>")

    assert refusal(content.getvalue())[1] == "`tracker.xlsx` holds `xl/workbook.xml` twice"


def test_a_sheet_that_is_not_there_is_told() -> None:
    """With the one that was meant."""
    code, sentence = refusal(built(simple), sheet="Trackers")
    assert (code, sentence) == ("sheet-unknown", "there is no sheet `Trackers`")


def test_cells_without_references_are_counted() -> None:
    """Not every program writes where a cell stands."""
    part = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<sheetData><row><c t="inlineStr"><is><t>Ref</t></is></c>'
        b'<c t="e"><v>#N/A</v></c></row><row><c><f>1</f></c></row></sheetData></worksheet>'
    )
    grid = grid_of(repacked(built(simple), {SHEET: part}))

    assert grid.error_cells == {(1, 2): "#N/A"}
    assert grid.formulas == {(2, 1)}


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to install it."""
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(MissingDependency, match=r"pip install 'peelflow\[sheets\]'"):
        open_book(built(simple))


BOOK = built(simple)


@settings(max_examples=60)
@given(st.integers(0, len(BOOK) - 1), st.binary(min_size=1, max_size=4))
def test_a_damaged_workbook_is_read_or_refused(place: int, noise: bytes) -> None:
    """Nothing else happens, wherever the damage is."""
    source = BOOK[:place] + noise + BOOK[place + len(noise) :]
    with suppress(InvalidRules):
        book = open_book(source)
        for name in (*book.sheets, *book.hidden_sheets):
            assert book.grid(name).sheet == name


@pytest.mark.parametrize(
    ("part", "why"),
    [("content.xml", ".ods"), ("Index/Document.iwa", "Numbers"), ("xl/workbook.bin", ".xlsb")],
)
def test_what_is_packed_like_a_workbook_is_told_for_what_it_is(part: str, why: str) -> None:
    """With the kinds that are read."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(part, "x")
    with pytest.raises(InvalidRules, match=why) as refused:
        read_workbook(Path("t.xlsx"), stream.getvalue())
    assert ".xlsx, or as CSV" in refused.value.diagnostics[0].help


def test_what_is_packed_and_holds_no_workbook_is_told_as_that() -> None:
    """A folder of sheets is no sheet."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("tracker.csv", "Ref,Level")
    with pytest.raises(InvalidRules, match=r"is packed, \.zip") as refused:
        read_workbook(Path("t.zip"), stream.getvalue())
    assert refused.value.diagnostics[0].help == "unpack it, and give the sheet in it"


def test_a_sheet_that_is_too_large_to_look_into_is_passed_over() -> None:
    """Only those that are read are refused for their size."""
    stream = BytesIO()
    with xlsxwriter.Workbook(stream) as made:
        for name, last_row in (("Tracker", 1), ("Far", MAX_ROWS + 5), ("Lists", 2)):
            made.add_worksheet(name).write(last_row, 0, "x")
    book = read_workbook(Path("t.xlsx"), stream.getvalue())

    assert [grid.sheet for grid in book.grids_beside(["Tracker"], 9)] == ["Lists"]
