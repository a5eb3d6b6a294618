"""A grid holds the cells of one sheet, each in its place; CSV files are read as grids here.

The encoding and the delimiter of a CSV file are found, unless they are named: bytes that are no
UTF-8 are windows-1252, and the delimiter is what parts most lines into as many cells.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from unicodedata import normalize

from attrs import field

from peelflow.errors import InvalidRules, Span
from peelflow.files import read_regular
from peelflow.phrases import listed, shown
from peelflow.register.csv_schema import (
    DELIMITERS,
    ERROR_CELLS,
    cell_of_rows,
    csv_fault,
    parting_of,
)
from peelflow.results import frozen
from peelflow.rulebook.yaml_reader import fault
from peelflow.texts import is_unseen

CellValue = str | float | bool | date | datetime | time | timedelta | None
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 512
_MARKS: Mapping[bytes, str] = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""What a text may begin with, by which its encoding is known."""
_LAST_RESORT = "windows-1252"

_AS_SHEET = "open it in Excel, and save the sheet as .xlsx"
_UNPACKED = "unpack it, and bring the sheet that it holds"
_ITS_SHEET = "bring the sheet that it was made from, or copy its table into one"
_OTHER_FILES: Mapping[re.Pattern[bytes], tuple[str, str]] = {
    re.compile(rb"(?i)<!doctype\s+html"): ("is a web page", _AS_SHEET),
    re.compile(rb"(?i)<(?:html|table)(?:\s+[\w:-]+\s*=|\s*>)"): ("is a web page", _AS_SHEET),
    re.compile(rb"(?i)mime-version:\s*[0-9]"): ("is a web page in one file", _AS_SHEET),
    re.compile(rb"<\?xml\s"): ("is XML, as the Excel of 2003 wrote it", _AS_SHEET),
    re.compile(rb"%PDF-[0-9]\."): ("is a PDF", _ITS_SHEET),
    re.compile(rb"\{\\rtf[0-9]"): ("is a document, .rtf", _ITS_SHEET),
    re.compile(rb"\x1f\x8b\x08"): ("is packed, .gz", _UNPACKED),
    re.compile(rb"Rar!\x1a\x07"): ("is packed, .rar", _UNPACKED),
    re.compile(rb"7z\xbc\xaf\x27\x1c"): ("is packed, .7z", _UNPACKED),
    re.compile(rb"\x89PNG\r\n\x1a\n"): ("is a picture", _ITS_SHEET),
    re.compile(rb"\xff\xd8\xff"): ("is a picture", _ITS_SHEET),
}
"""What is given for a sheet and is none, by how it begins, with what to do instead."""
_KEPT_AS_TEXT = re.compile('="([^"]*)"')


@frozen
class GridRow:
    """A row that says something: its number in the sheet, its line in the file, and its cells.

    `sheet` names the sheet of a workbook that it stands in.
    """

    number: int
    line: int
    cells: tuple[CellValue, ...]
    sheet: str = ""

    def value(self, column: int) -> CellValue:
        """Return the value of a cell by its column, from 1; None where there is nothing."""
        value = self.cells[column - 1] if column <= len(self.cells) else None
        return None if isinstance(value, str) and not plain_text(value) else value

    def text(self, column: int) -> str:
        """Return the text of a cell by its column, from 1; "" where there is nothing."""
        return text_of(self.value(column))

    @property
    def filled(self) -> tuple[int, ...]:
        """The columns that say something."""
        return tuple(
            column for column in range(1, len(self.cells) + 1) if self.value(column) is not None
        )


@frozen
class Grid:
    """The rows of one sheet that say something, and what is to be known of them.

    Attributes:
        file: The file, as diagnostics call it.
        sheet: The sheet's name; "" in a CSV file.
        rows: Its rows, in order, without the empty ones.
        formulas: The cells that a formula computes, by row and column.
        error_cells: The cells that show an error, and which.
        hidden_sheets: The sheets of the workbook that are hidden.
        sheets: The sheets of the workbook that are not.
        since_1904: Whether serial numbers of days count from 1904.
        notes: How the file was read, in words.
        cut_row: The row that the file ends in without a line end, as a download that was cut off
            does; None without one.
    """

    file: str
    sheet: str
    rows: tuple[GridRow, ...]
    formulas: frozenset[tuple[int, int]] = frozenset()
    error_cells: Mapping[tuple[int, int], str] = field(factory=dict)
    hidden_sheets: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    since_1904: bool = False
    notes: tuple[str, ...] = ()
    cut_row: int | None = None
    _last_rows: dict[int, int] = field(factory=dict, init=False, repr=False, eq=False)

    def last_row(self, column: int) -> int:
        """Return the last row in which a column says something; 0 where none does."""
        if column not in self._last_rows:
            rows = (row for row in reversed(self.rows) if row.value(column) is not None)
            self._last_rows[column] = next((row.number for row in rows), 0)
        return self._last_rows[column]

    def place(self, row: int, column: int) -> str:
        """Return what a spreadsheet calls a cell: Tracker!E12, or E12 in a CSV file."""
        cell = f"{column_letters(column)}{row}"
        return f"{self.sheet}!{cell}" if self.sheet else cell

    def span(self, row: GridRow, column: int) -> Span:
        """Return the place of a cell in the file."""
        return Span(self.file, row.line, column)


def column_letters(column: int) -> str:
    """Return what a spreadsheet calls a column: A is 1, AA is 27."""
    letters = ""
    while column:
        column, place = divmod(column - 1, 26)
        letters = f"{chr(65 + place)}{letters}"
    return letters


def plain_text(text: str) -> str:
    """Return a text without what shows nothing at its ends, each letter composed with its accent.

    A space that does not break is a space. What turns a text from right to left, or joins words, is
    left by browsers and Word at the ends of what is copied; a Mac parts letters from their accents.
    """
    text = text.replace("\N{NO-BREAK SPACE}", " ").replace("\r\n", "\n").strip()
    if text.isascii():
        return text
    start, end = 0, len(text)
    while start < end and is_unseen(text[start]):
        start += 1
    while start < end and is_unseen(text[end - 1]):
        end -= 1
    return normalize("NFC", text[start:end])


def text_of(value: CellValue) -> str:
    """Return a cell as somebody would type it: whole numbers without a point, days as 2023-03-30.

    Args:
        value: What the cell holds.
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            day = value.date().isoformat()
            return day if value.time() == time() else f"{day} {value.time()}"
        case str():
            return plain_text(value)
        case _:
            return str(value)


def read_file(path: Path) -> bytes:
    """Return what a regular file of a bearable size holds.

    Raises:
        InvalidRules: It cannot be read, is no file, or is too large.
    """
    span = Span(path.as_posix())
    try:
        source = read_regular(path, MAX_FILE_BYTES)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        sentence = f"`{span.file}` cannot be read: {why[:1].lower()}{why[1:]}"
        instead = "check the path and its permissions"
        raise fault(span, "unreadable", sentence, instead) from None
    if source is None:
        sentence, instead = f"`{span.file}` is no file", "name a workbook or a CSV file"
        raise fault(span, "unreadable", sentence, instead)
    if len(source) > MAX_FILE_BYTES:
        sentence = f"the file has more than {MAX_FILE_BYTES} bytes"
        instead = "leave what is no tracker out of it"
        raise fault(span, "too-large", sentence, instead)
    return source


def read_csv(
    path: Path, source: bytes, *, encoding: str | None = None, delimiter: str | None = None
) -> Grid:
    """Read a CSV file as a grid.

    Args:
        path: The file.
        source: What it holds.
        encoding: Its encoding; found where it is not named.
        delimiter: What parts its cells; found where it is not named.

    Raises:
        InvalidRules: It is no text in that encoding, or no CSV.
    """
    span = Span(path.as_posix())
    _check_is_csv(span, source)
    if encoding is None:
        encoding = _encoding_of(source)
        _check_one_encoding(source, encoding, span)
    text = _decoded(source, encoding, span)
    first, _, rest = text.partition("\n")
    parting = parting_of(first)
    text = text if parting is None else rest
    delimiter = delimiter or parting or _delimiter_of(text)
    rows = tuple(_rows_of(text, delimiter, span, int(parting is not None)))
    if not rows:
        raise fault(span, "empty", "the sheet is empty", "give one with rows")
    name = DELIMITERS.get(delimiter, delimiter)
    notes = (f"read as {_spoken(encoding)}, its cells parted by a {name}",)
    cut_row = None if text.endswith(("\n", "\r")) else rows[-1].number
    errors = {
        (row.number, column): row.text(column)
        for row in rows
        for column in row.filled
        if row.text(column) in ERROR_CELLS
    }
    return Grid(span.file, "", rows, error_cells=errors, notes=notes, cut_row=cut_row)


def _check_is_csv(span: Span, source: bytes) -> None:
    """Refuse a file of another kind by how it begins, whatever its name says."""
    start = source.removeprefix(codecs.BOM_UTF8).lstrip()
    for mark, (what, instead) in _OTHER_FILES.items():
        if mark.match(start):
            name = span.file.rpartition("/")[2]
            raise fault(span, "workbook-refused", f"`{name}` {what}", instead)


def _spoken(encoding: str) -> str:
    return encoding.removesuffix("-sig").replace("utf-", "UTF-")


def _encoding_of(source: bytes) -> str:
    """Return the encoding that bytes are in: by their mark, by their NULs, or as UTF-8 if they can.

    Half the bytes of a plain text in UTF-16 are NULs; a text in an encoding of one byte has none.
    """
    marked = next((name for mark, name in _MARKS.items() if source.startswith(mark)), None)
    if marked is not None:
        return marked
    head = source[:1024]
    if head.count(0) > len(head) // 4:
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    try:
        source.decode("utf-8")
    except UnicodeDecodeError:
        return _without_mark(source)
    return "utf-8"


_UTF8_LETTER = re.compile(rb"[\xc2\xc3][\x80-\xbf]|\xe2[\x80-\x8b][\x80-\xbf]")
"""What nobody means by its windows-1252 letters, such as `Ã©` or `â€™`: it is a letter in UTF-8."""
_OTHER_LETTERS: Mapping[str, re.Pattern[bytes]] = {
    "mac-roman": re.compile(rb"[a-z][\x8e\xd5][a-z]| [\xd0\xd1] |[a-z.,]\xd3(?![a-z])"),
    "cp850": re.compile(rb"[a-z]\x82[a-z]|\x9c[0-9]"),
}
"""What nobody means by its windows-1252 letters, by the encoding it is in, of a Mac or MS-DOS."""
_QUOTE = re.compile(rb"[\x91-\x97]")
"""The quotes and dashes of windows-1252, which no other text has."""


def _without_mark(source: bytes) -> str:
    """Return the encoding of one byte a letter that a text without a mark is in."""
    if not _QUOTE.search(source):
        for encoding, letters in _OTHER_LETTERS.items():
            if letters.search(source):
                return encoding
    return _LAST_RESORT


def _check_one_encoding(source: bytes, encoding: str, span: Span) -> None:
    """Refuse what was pasted together from texts of two encodings: one of the two would be lost."""
    letter = _UTF8_LETTER.search(source) if encoding == _LAST_RESORT else None
    if letter is not None:
        line = source[: letter.start()].count(b"\n") + 1
        sentence = f"line {line} has letters in UTF-8, and other lines are in {_LAST_RESORT}"
        instead = "save the whole sheet as CSV UTF-8; or name its `encoding` in the map"
        raise fault(Span(span.file, line), "sheet-encoding", sentence, instead)


def _decoded(source: bytes, encoding: str, span: Span) -> str:
    """Return a file's text, or raise the fault of the byte that is none."""
    try:
        text = source.decode(encoding)
    except (LookupError, UnicodeError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise _encoding_fault(source, error, encoding, span) from None
        sentence = f"the encoding `{shown(encoding)}` is unknown"
        instead = "name one such as utf-8, windows-1252 or utf-16"
        raise fault(span, "sheet-encoding", sentence, instead) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        sentence, instead = (
            f"line {line} holds a NUL, so it is no CSV",
            "save the sheet as CSV UTF-8",
        )
        raise fault(Span(span.file, line), "sheet-encoding", sentence, instead)
    return text


def _encoding_fault(
    source: bytes, error: UnicodeDecodeError, encoding: str, span: Span
) -> InvalidRules:
    """Say which byte is no text in an encoding."""
    line = source[: error.start].count(b"\n") + 1
    sentence = f"byte {source[error.start]:#04x} of line {line} is no text in {encoding}"
    instead = "name the right `encoding` in the map, or save the sheet as CSV UTF-8"
    return fault(Span(span.file, line), "sheet-encoding", sentence, instead)


def _delimiter_of(text: str) -> str:
    """Return what parts the most lines into as many cells; a comma where nothing parts any."""

    def parted_cells(delimiter: str) -> int:
        try:
            widths = Counter(map(len, csv.reader(StringIO(text, newline=""), delimiter=delimiter)))
        except csv.Error:
            return 0
        return max(((width - 1) * count for width, count in widths.items()), default=0)

    return max(DELIMITERS, key=parted_cells)


def _rows_of(text: str, delimiter: str, span: Span, skipped: int) -> Iterator[GridRow]:
    """Yield the rows of a CSV text that say something."""
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except (TypeError, ValueError):
        sentence = f"`{shown(delimiter)}` cannot part cells"
        instead = f"name one character, such as {listed(DELIMITERS)}"
        raise fault(span, "sheet-syntax", sentence, instead) from None
    first = 1 + skipped
    try:
        for number, cells in enumerate(reader, start=1 + skipped):
            row = GridRow(number, first, tuple(map(_typed, cells)))
            if row.filled:
                _check_extent(span.file, number, max(row.filled))
                _check_quotes(span.file, row, cells, delimiter)
                yield row
            first = reader.line_num + 1 + skipped
    except csv.Error as error:
        raise InvalidRules([csv_fault(Span(span.file, first), error, delimiter)]) from None


def _typed(cell: str) -> str:
    """Return a cell as it was typed: `="007"` is how an export keeps zeros in a spreadsheet."""
    found = _KEPT_AS_TEXT.fullmatch(cell) if cell.startswith('="') else None
    return cell if found is None else found[1]


def _check_quotes(file: str, row: GridRow, cells: list[str], delimiter: str) -> None:
    """Refuse a row of which a cell holds other rows, which a stray quote made part of it."""
    found = cell_of_rows(cells, row.line, delimiter)
    if found is not None:
        cell = f"{column_letters(found.place)}{row.number}"
        place, sentence = Span(file, row.line, found.place), f"the cell {cell} {found.sentence}"
        raise fault(place, "sheet-quotes", sentence, found.instead)


def _check_extent(file: str, row: int, column: int) -> None:
    """Refuse a sheet with more rows or columns than a tracker has."""
    check_extent(Span(file, row), row, column, "the file")


def check_extent(span: Span, row: int, column: int, what: str) -> None:
    """Refuse a sheet with more rows or columns than a tracker has.

    Args:
        span: Where to say it.
        row: The last row that says something.
        column: The last column that does.
        what: What has that many.

    Raises:
        InvalidRules: There are more.
    """
    if row > MAX_ROWS:
        sentence = f"{what} has a row {row:,}, and a tracker has at most {MAX_ROWS:,}"
    elif column > MAX_COLUMNS:
        sentence = f"{what} has a column {column_letters(column)}, and a tracker has {MAX_COLUMNS}"
    else:
        return
    instead = "remove what lies far below or beside the table, or split it"
    raise fault(span, "too-large", sentence, instead)
