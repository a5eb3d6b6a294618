"""CSV files in any common encoding, with any common delimiter, found or named."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow.errors import InvalidRules
from peelflow.trackers.grid import MAX_COLUMNS, Grid, column_letters, read_csv, read_file

PATH = Path("tracker.csv")
LEAD = "O\N{RIGHT SINGLE QUOTATION MARK}Lead \N{EN DASH} Crime"
TEXT = f"Ref{{0}}Lead{{0}}Text\r\n1{{0}}{LEAD}{{0}}“so far”\r\n2{{0}}{{0}}x\r\n"


def read(source: bytes, **named: str) -> Grid:
    """Read bytes as a CSV file."""
    return read_csv(PATH, source, **named)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "windows-1252", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_encoding_and_delimiter_are_found(encoding: str, delimiter: str) -> None:
    """Every cell comes out as it was typed, and how the file was read is told."""
    grid = read(TEXT.format(delimiter).encode(encoding))

    assert [[row.text(column) for column in (1, 2, 3)] for row in grid.rows] == [
        ["Ref", "Lead", "Text"],
        ["1", LEAD, "“so far”"],
        ["2", "", "x"],
    ]
    assert grid.notes[0].startswith("read as ")


def test_what_is_named_is_not_sought() -> None:
    """A comma in every cell parts nothing where a bar is named."""
    grid = read(b"a,b|c\n1,2|3\n", delimiter="|", encoding="latin-1")

    assert grid.rows[1].cells == ("1,2", "3")
    assert grid.notes == ("read as latin-1, its cells parted by a bar",)


def test_the_first_line_may_name_the_delimiter() -> None:
    """Excel takes `sep=;` for that, and so do we; lines are counted with it."""
    grid = read(b"sep=;\nRef;Text\n1;a, b, c\n")

    assert [(row.number, row.line, row.cells) for row in grid.rows] == [
        (2, 2, ("Ref", "Text")),
        (3, 3, ("1", "a, b, c")),
    ]


def test_a_cell_of_several_lines_counts_as_one_row() -> None:
    """A spreadsheet shows it in one row; the file has it in several lines."""
    grid = read(b'Ref,Text\n1,"one\ntwo"\n\n2,x\n')

    assert [(row.number, row.line) for row in grid.rows] == [(1, 1), (2, 2), (4, 5)]


@pytest.mark.parametrize(
    ("source", "named", "code"),
    [
        (b"", {}, "empty"),
        (b"\n , \n", {}, "empty"),
        (b"Ref\n\x81\n", {}, "sheet-encoding"),
        (b"Ref\n\xff\n", {"encoding": "utf-8"}, "sheet-encoding"),
        (b"Ref\n", {"encoding": "klingon"}, "sheet-encoding"),
        (b"Ref\n", {"encoding": "undefined"}, "sheet-encoding"),
        (b"Ref,a\n1,\0\n", {}, "sheet-encoding"),
        (b'Ref,a\n1,"open\n', {}, "sheet-syntax"),
        (b"Ref,a\n", {"delimiter": "ab"}, "sheet-syntax"),
        (b"Ref," + b"x" * 140_000, {}, "too-large"),
        ("Ref,a\n1,caf\u00e9\n".encode() + b"2,it\x92s\n", {}, "sheet-encoding"),
        (b"," * MAX_COLUMNS + b"x\n", {}, "too-large"),
        (b"x\n" * 100_001, {"delimiter": ","}, "too-large"),
    ],
)
def test_what_is_no_csv_is_refused(source: bytes, named: dict[str, str], code: str) -> None:
    """With what to do."""
    with pytest.raises(InvalidRules) as refused:
        read(source, **named)
    (fault,) = refused.value.diagnostics
    assert fault.code == code
    assert fault.help


@pytest.mark.parametrize(("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
def test_a_stray_quote_swallows_no_rows(delimiter: str, name: str) -> None:
    """A cell that holds what looks like rows is told with its lines; a comment of lines is not."""
    rows = [["Ref", "Day", "Text", "Level"], ["R-1", "1/2/2023", '"of page 6', "L2"]]
    rows += [["R-2", "1/2/2023", "x", "L3"], ["R-3", "2/2/2023", 'of 6"', "L2"]]
    source = "\n".join(map(delimiter.join, rows)).encode()
    with pytest.raises(InvalidRules) as refused:
        read(source)
    (fault,) = refused.value.diagnostics

    assert (str(fault.span), fault.code) == ("tracker.csv:2:3", "sheet-quotes")
    assert fault.sentence == "the cell C2 runs over lines 2 to 4 and holds what looks like rows"
    assert fault.help == f"mend the quotes: each that opens a cell closes it before the next {name}"
    note = delimiter.join(rows[1]).replace("of page 6", 'one, two\n3, four"').encode()
    assert len(read(b"Ref\n" + note).rows) == 2


def test_letters_are_composed_and_what_shows_nothing_is_left_off() -> None:
    """A Mac writes a letter and its accent apart; browsers and Word leave marks at the ends."""
    parted, marked = "W\u0302ythnos", "\u200e\u00a0R-1\u200b\ufeff"
    (heading, row) = read(f"{parted},b\n{marked},\u200b\n".encode()).rows

    assert heading.text(1) == "\u0174ythnos"
    assert row.text(1) == "R-1"
    assert row.filled == (1,)


@pytest.mark.parametrize(("source", "cut"), [(b"Ref,a\n1,2", 2), (b"Ref,a\n1,2\n", None)])
def test_a_file_that_ends_within_a_line_is_known(source: bytes, cut: int | None) -> None:
    """Such a row may be cut off."""
    assert read(source).cut_row == cut


def test_a_nul_is_told_by_its_line() -> None:
    """So that it is found."""
    with pytest.raises(InvalidRules, match="line 3 holds a NUL"):
        read(b"Ref,a\n1,2\n3,\0\n")


def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None there, a folder, or one that is far too large."""
    monkeypatch.setattr("peelflow.trackers.grid.MAX_FILE_BYTES", 3)
    (tmp_path / "large.csv").write_bytes(b"Ref,a\n")
    for path, code in (("none.csv", "unreadable"), (".", "unreadable"), ("large.csv", "too-large")):
        with pytest.raises(InvalidRules) as refused:
            read_file(tmp_path / path)
        assert [fault.code for fault in refused.value.diagnostics] == [code]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(source: bytes) -> None:
    """Nothing else happens."""
    with suppress(InvalidRules):
        assert read(source).rows


@pytest.mark.parametrize(("column", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (703, "AAA")])
def test_columns_are_called_as_in_a_spreadsheet(column: int, letters: str) -> None:
    """From A to Z, then AA."""
    assert column_letters(column) == letters


def test_an_error_that_a_spreadsheet_saved_is_no_text() -> None:
    """It is told by its cell as in a workbook; else somebody called #N/A would own work."""
    assert read(b"Ref,Lead\n1, #N/A\n2,#Name\n").error_cells == {(2, 2): "#N/A"}


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("mac-roman", "Siân\N{RIGHT SINGLE QUOTATION MARK}s lead, caféteria"),
        ("mac-roman", "The force\N{RIGHT SINGLE QUOTATION MARK}s, plan \N{EN DASH} in “full”"),
        ("cp850", "It costs £5,000"),
        ("cp850", "A résumé, of £s"),
        ("windows-1252", "Ò la Óscar, 1œ Š 5\N{EN DASH}6"),
        ("windows-1252", "the café, “Señor” 3"),
    ],
)
def test_what_an_old_mac_or_ms_dos_saved_is_told_from_windows(encoding: str, text: str) -> None:
    """By letters that make no words in windows-1252: a Mac's apostrophe would be an Õ there."""
    grid = read(f'Ref,Text\n1,"{text}"\n'.encode(encoding))

    assert grid.rows[1].text(2) == text
    assert grid.notes == (f"read as {encoding}, its cells parted by a comma",)


@pytest.mark.parametrize(
    ("source", "what", "instead"),
    [
        (b'\xef\xbb\xbf\n <HTML xmlns:x="urn:schemas-microsoft-com">', "a web page", "open it in"),
        (b"<!DOCTYPE html><table>", "a web page", "open it in"),
        (b"<Table >\n<tr>", "a web page", "open it in"),
        (b"<table\nborder='1'>", "a web page", "open it in"),
        (b"MIME-Version: 1.0\r\n", "a web page in one file", "open it in"),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>', "XML", "open it in"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF", "bring the sheet that it was made from"),
        (b"{\\rtf1\\ansi", "a document, .rtf", "bring the sheet that it was made from"),
        (b"\x1f\x8b\x08\x00", "packed, .gz", "unpack it"),
        (b"Rar!\x1a\x07\x01\x00", "packed, .rar", "unpack it"),
        (b"7z\xbc\xaf\x27\x1c\x00", "packed, .7z", "unpack it"),
        (b"\x89PNG\r\n\x1a\n", "a picture", "bring the sheet that it was made from"),
        (b"\xff\xd8\xff\xe0", "a picture", "bring the sheet that it was made from"),
    ],
)
def test_a_file_of_another_kind_is_told_for_what_it_is(
    source: bytes, what: str, instead: str
) -> None:
    """A web page is often called .xls; no heading would be found in it."""
    with pytest.raises(InvalidRules) as refused:
        read_csv(Path("a folder/t.xls"), source)

    (fault,) = refused.value.diagnostics
    assert fault.code == "workbook-refused"
    assert fault.sentence.startswith(f"`t.xls` is {what}")
    assert (fault.help or "").startswith(instead)


@pytest.mark.parametrize(
    "heading",
    ["<TABLE reference>", "<HTML ref>", "%PDF-share", "%pdf-1.4", "Rar! ref", "{\\rtf"],
)
def test_headings_are_no_marks_of_other_files(heading: str) -> None:
    """Only what such a file begins with as a whole is one."""
    grid = read_csv(Path("t.csv"), f"{heading},x\n1,2\n".encode())

    assert grid.rows[0].cells == (heading, "x")


def test_a_text_that_is_kept_off_a_spreadsheet_is_read_as_it_was_typed() -> None:
    """An export writes ="007", for Excel would make it 7."""
    grid = read(b'Ref,Text\n="007","=""1.10"""\n=A1,="a"b\n')

    assert [row.cells for row in grid.rows[1:]] == [("007", "1.10"), ("=A1", '="a"b')]
