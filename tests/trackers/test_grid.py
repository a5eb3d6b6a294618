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
        (b"Ref," + b"x" * 140_000, {}, "sheet-syntax"),
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
