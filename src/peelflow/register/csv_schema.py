"""Read CSV sheets of records, acts, appointments, amendments, corrections and the like as rows.

The columns tell what a sheet is about. Reading one asks no rule: a row says what somebody asks
for, and where in which file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import get_args

from attrs import field

from peelflow.errors import Diagnostic, Span
from peelflow.files import check_linked, read_regular
from peelflow.model.records import Correction
from peelflow.model.rules import Level
from peelflow.phrases import listed, nearest_name, shown, suggestion
from peelflow.register.document_files import read_document, say_unreadable
from peelflow.register.sheet_kinds import (
    ENTRY_COLUMNS,
    FIELD_PREFIX,
    SHEET_KINDS,
    SheetKind,
    field_names,
    kind_of,
)
from peelflow.register.validation import iso_date
from peelflow.results import frozen
from peelflow.texts import is_blank

MAX_SHEET_BYTES = 64 * 1024 * 1024
MAX_ROWS = 1_048_576
"""As many rows as a spreadsheet has."""
DATE_COLUMNS = frozenset({"on", "to", "issued", "graded", "first_day", "last_day", "signed_on"})


class DateFormat(StrEnum):
    """How a sheet writes its days; 2023-03-30 is read whichever it is."""

    ISO = "YYYY-MM-DD"
    BRITISH = "DD/MM/YYYY"

    def iso_text(self, text: str) -> str:
        """Return a day as 2023-03-30, and any other text as it is."""
        parts = re.fullmatch("([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text)
        if parts is None or self is DateFormat.ISO:
            return text
        day, month, year = parts.groups()
        iso_text = f"{year}-{month:0>2}-{day:0>2}"
        return text if iso_date(iso_text) is None else iso_text


class _UnreadableSheet(Exception):
    """A sheet has faults as a whole, so none of its rows can be read."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        super().__init__()
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)


@frozen
class SheetRow:
    """One row of a sheet: its cells that are not empty, by column, and where they stand."""

    sheet: SheetKind
    folder: Path
    span: Span
    cells: Mapping[str, str]
    places: Mapping[str, int] = field(repr=False)

    def get(self, column: str) -> str | None:
        """Return a cell's text, None when it is empty or its column is not there."""
        return self.cells.get(column)

    def diagnostic(self, column: str, code: str, sentence: str, instead: str) -> Diagnostic:
        """Say what is wrong with a cell, or with the whole row (""); its column counts cells."""
        span = Span(self.span.file, self.span.line, self.places.get(column, 1))
        return Diagnostic(span, code, sentence, instead)

    def field_column(self, name: str) -> str:
        """Return the column that says a field of the record."""
        prefixed = FIELD_PREFIX + name
        return prefixed if prefixed in self.cells else name

    @property
    def fields(self) -> Mapping[str, str]:
        """The cells that are fields of the record."""
        names = field_names(self.sheet, tuple(self.cells))
        return {name: self.cells[column] for column, name in names}


def sheets_at(path: Path) -> tuple[tuple[Path, ...], tuple[Diagnostic, ...]]:
    """Return the sheets that a path stands for, and what is wrong with it.

    A folder stands for the CSV files in it, by name; any other path for itself.
    """
    if not path.is_dir():
        return (path,), ()
    try:
        names = sorted(
            file for file in path.iterdir() if file.suffix.lower() == ".csv" and file.name[0] != "."
        )
        for file in names:
            check_linked(file, path)
    except OSError as error:
        return (), (_unreadable(Path(error.filename or path), error),)
    if not names:
        sentence, instead = f"`{path.as_posix()}` holds no CSV file", "name a folder of sheets"
        return (), (Diagnostic(Span(path.as_posix()), "empty", sentence, instead),)
    return tuple(names), ()


def _unreadable(path: Path, error: OSError | ValueError) -> Diagnostic:
    why = say_unreadable(error)
    sentence = f"`{path.as_posix()}` cannot be read: {why[:1].lower()}{why[1:]}"
    instead = "check the path and its permissions"
    return Diagnostic(Span(path.as_posix()), "unreadable", sentence, instead)


SheetLine = tuple[int, list[str]]
"""The number of a line, or of the first where a cell runs over several, and its cells."""
SheetLines = list[SheetLine]
"""The lines of a sheet that say anything, its header first."""


def read_sheet(
    path: Path,
    defaults: Mapping[str, str],
    *,
    kinds: tuple[SheetKind, ...] = SHEET_KINDS,
    dates: DateFormat = DateFormat.ISO,
    lines: SheetLines | None = None,
) -> tuple[tuple[SheetRow | Diagnostic, ...], tuple[Diagnostic, ...]]:
    """Return a sheet's rows, and the faults of the sheet as a whole; with one it has no rows.

    A row that has no form stands there as its fault. A row's line is its first.

    Args:
        path: A CSV file in UTF-8, with a header.
        defaults: What a column says where its cell is empty or the column is missing.
        kinds: The kinds of sheets that it may be.
        dates: How its days are written.
        lines: Its lines, where they were read already, as from a workbook.
    """
    rows, faults = open_sheet(path, defaults, kinds=kinds, dates=dates, lines=lines)
    return tuple(rows), faults


def open_sheet(
    path: Path,
    defaults: Mapping[str, str],
    *,
    kinds: tuple[SheetKind, ...] = SHEET_KINDS,
    dates: DateFormat = DateFormat.ISO,
    lines: Iterable[SheetLine] | None = None,
) -> tuple[Iterable[SheetRow | Diagnostic], tuple[Diagnostic, ...]]:
    """Return what `read_sheet` does of the same; each row is read when it is come to."""
    try:
        given = iter(_numbered_lines(path, kinds) if lines is None else lines)
        header = tuple(cell.strip() for cell in next(given)[1])
        sheet = _sheet_of(header, defaults, Span(path.as_posix()), kinds)
    except _UnreadableSheet as refused:
        return (), refused.diagnostics
    filled = {name: text for name, text in defaults.items() if sheet.takes(name)}
    places = {column: place for place, column in enumerate(header, start=1)}
    days = () if dates is DateFormat.ISO else DATE_COLUMNS & {*sheet.columns}

    def row_of(numbered: SheetLine) -> SheetRow | Diagnostic:
        line, cells = numbered
        texts = [cell.strip() for cell in cells]
        named = zip(header, texts, strict=False)
        read = filled | {column: text for column, text in named if text and not is_blank(text)}
        for column in days:
            if column in read:
                read[column] = dates.iso_text(read[column])
        row = SheetRow(sheet, path.parent, Span(path.as_posix(), line), read, places)
        return _row_fault(row, header, cells, texts) or row

    return map(row_of, given), ()


ERROR_CELLS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)
"""What a spreadsheet shows and saves where a formula has no value."""
DELIMITERS: Mapping[str, str] = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
"""What may part the cells of a CSV file, and what it is called."""


def _mend_quotes(delimiter: str) -> str:
    name = DELIMITERS.get(delimiter, delimiter)
    return f"mend the quotes: each that opens a cell closes it before the next {name}"


def _row_fault(
    row: SheetRow, header: tuple[str, ...], cells: list[str], texts: list[str]
) -> Diagnostic | None:
    """Say what is wrong with the form of a row: its cells are more or fewer, or hold other rows.

    `texts` are its cells, stripped.
    """
    if not ERROR_CELLS.isdisjoint(texts[: len(header)]):
        shown_cells = zip(header, texts, strict=False)
        column, text = next(cell for cell in shown_cells if cell[1] in ERROR_CELLS)
        instead = "mend what it is computed from, and save the sheet again"
        return row.diagnostic(column, "sheet-value", f"`{column}` shows {text}", instead)
    found = cell_of_rows(cells, row.span.line, ",")
    if found is not None:
        column = header[min(found.place, len(header)) - 1]
        sentence = f"the cell `{shown(column)}` of line {row.span.line} {found.sentence}"
        return row.diagnostic(column, "sheet-quotes", sentence, found.instead)
    if len(cells) == len(header):
        return None
    counts = f"the row has {len(cells)} cells, the header {len(header)}"
    instead = (
        "quote a cell that holds a comma"
        if len(cells) > len(header)
        else "bring the whole sheet again, or give the row all its commas"
    )
    return row.diagnostic("", "sheet-cells", counts, instead)


@frozen
class CellOfRows:
    """A cell that holds other rows: its place in its row, from 1, what is so, and what to do."""

    place: int
    sentence: str
    instead: str


def cell_of_rows(cells: list[str], line: int, delimiter: str) -> CellOfRows | None:
    """Return the first cell of a row that a stray quote made of several rows; None without one.

    Args:
        cells: The cells of the row.
        line: The line that the row begins in.
        delimiter: What parts its cells.
    """
    for place, cell in enumerate(cells, start=1):
        if ("\n" in cell or "\r" in cell) and _holds_rows(cell, place, cells, delimiter):
            first = line + sum(map(_line_ends, cells[: place - 1]))
            last = first + _line_ends(cell)
            sentence = f"runs over lines {first} to {last} and holds what looks like rows"
            return CellOfRows(place, sentence, _mend_quotes(delimiter))
    return None


def _holds_rows(cell: str, place: int, cells: list[str], delimiter: str) -> bool:
    """Return whether lines inside a cell look like rows that a stray quote swallowed.

    Such a line has as many cells as its row, or as many as come up to this one, and some of them
    are formed as those of the row are: the same words, or numbers and days in the same places.
    """
    for text in _LINE_END.split(cell)[1:]:
        parts = text.split(delimiter)
        is_row = len(parts) >= len(cells) or len(parts) == place
        enough = min(2, len(parts) - 1)
        if is_row and 0 < enough <= sum(map(_is_formed_alike, parts, cells)):
            return True
    return False


_LINE_END = re.compile("\r\n|[\n\r]")


def _line_ends(cell: str) -> int:
    return len(_LINE_END.findall(cell))


def _is_formed_alike(one: str, other: str) -> bool:
    """Return whether two cells say the same, or have digits and letters in the same places."""
    form = _form_of(one)
    return bool(form) and (
        one.strip() == other.strip() or ("9" in form and form == _form_of(other))
    )


def _form_of(text: str) -> str:
    return re.sub("[0-9]+", "9", re.sub(r"[^\W0-9_]+", "a", text.strip()))


def _numbered_lines(path: Path, kinds: tuple[SheetKind, ...]) -> Iterator[SheetLine]:
    """Return the lines of a CSV file that say anything, without the empty columns at their end.

    All are read once to find what is wrong, and then again as they are gone through: to hold them
    would take ten times the room of the file.
    """
    source = _utf8_source(path)
    lines = _each_line(source, path)
    header = next(lines, (0, list[str]()))[1]
    if not header:
        instead = f"start with a header, such as {_headers(kinds)}"
        raise sheet_fault(Span(path.as_posix()), "empty", "the sheet is empty", instead)
    width = len(header)
    while width > 1 and not header[width - 1].strip():
        width -= 1
    is_wide = False
    for count, (line, cells) in enumerate(lines, start=2):
        if count > MAX_ROWS:
            most = f"a sheet has at most {MAX_ROWS} rows, its header among them"
            raise sheet_fault(Span(path.as_posix(), line), "too-large", most, "split it")
        is_wide = is_wide or (len(cells) > width and _says_anything(cells[width:]))
    return (
        (line, _trimmed(cells, len(header)) if is_wide else cells[:width])
        for line, cells in _each_line(source, path)
    )


def _trimmed(cells: list[str], width: int) -> list[str]:
    """Return cells without those of nothing behind the header's last column.

    A spreadsheet keeps columns that somebody emptied. They are no fault of a row.
    """
    return cells if _says_anything(cells[width:]) else cells[:width]


def _says_anything(cells: list[str]) -> bool:
    return bool("".join(cells).strip())


def _each_line(source: bytes, path: Path) -> Iterator[SheetLine]:
    """Yield the lines that say anything, each with the number of its first line."""
    text = TextIOWrapper(BytesIO(source), "utf-8-sig", newline="")
    skipped = int(parting_of(text.readline()) is not None)
    if not skipped:
        text.seek(0)
    reader = csv.reader(text, strict=True)
    first = 1 + skipped
    try:
        for cells in reader:
            if _says_anything(cells):
                yield first, cells
            first = reader.line_num + 1 + skipped
    except csv.Error as error:
        raise _UnreadableSheet([csv_fault(Span(path.as_posix(), first), error, ",")]) from None


def parting_of(line: str) -> str | None:
    """Return what a first line such as `sep=;` says to part cells by; None where it says nothing.

    Excel writes and reads such a line, and takes it for no row.

    Args:
        line: The first line of a CSV file.
    """
    said = line.strip(" \r\n")
    return said[4] if said[:4].lower() == "sep=" and len(said) == len("sep=;") else None


def csv_fault(span: Span, error: csv.Error, delimiter: str) -> Diagnostic:
    """Say why a row is no CSV.

    A cell without an end may be longer than the parser reads.

    Args:
        span: Where the row begins.
        error: What the parser says.
        delimiter: What parts its cells.
    """
    if "field limit" in str(error):
        most = f"a cell of this row has more than {csv.field_size_limit()} characters"
        instead = "close the quote that opens it, or attach what it says as a document"
        return Diagnostic(span, "too-large", most, instead)
    name = DELIMITERS.get(delimiter, delimiter)
    instead = f'quote a cell that holds a {name}, a quote or a new line, as "…"'
    return Diagnostic(span, "sheet-syntax", f"this is no CSV: {error}", instead)


def _utf8_source(path: Path) -> bytes:
    """Return the bytes of a sheet, which are UTF-8."""
    span = Span(path.as_posix())
    try:
        source = read_regular(path, MAX_SHEET_BYTES)
    except (OSError, ValueError) as error:
        raise _UnreadableSheet([_unreadable(path, error)]) from None
    if source is None:
        raise sheet_fault(span, "unreadable", f"`{span.file}` is no file", "name a CSV file")
    if len(source) > MAX_SHEET_BYTES:
        raise sheet_fault(
            span, "too-large", f"a sheet has at most {MAX_SHEET_BYTES} bytes", "split it"
        )
    try:
        source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        span = Span(span.file, source[: error.start].count(b"\n") + 1)
        instead = "save it as CSV UTF-8"
        raise sheet_fault(span, "not-utf-8", "the sheet is not UTF-8 text", instead) from None
    return source


def sheet_fault(span: Span, code: str, sentence: str, instead: str) -> _UnreadableSheet:
    """Say one fault of a whole sheet, as something to raise."""
    return _UnreadableSheet([Diagnostic(span, code, sentence, instead)])


def _headers(kinds: tuple[SheetKind, ...]) -> str:
    return "; or ".join(f"`{','.join(sheet.required)}`" for sheet in kinds)


def _sheet_of(
    header: tuple[str, ...], defaults: Mapping[str, str], span: Span, kinds: tuple[SheetKind, ...]
) -> SheetKind:
    sheet = kind_of(header, kinds, defaults)
    if sheet is None:
        sentence = (
            f"no column tells what this sheet is about; there is {listed(map(shown, header))}"
        )
        instead = _header_advice(header, kinds, defaults)
        raise sheet_fault(span, "sheet-unknown", sentence, instead)
    faults = [
        *_column_faults(header, sheet, span),
        *(
            Diagnostic(
                span,
                "sheet-column",
                f"a sheet of {sheet.name} has a column `{column}`, and this has none",
                _column_advice(column, header, sheet),
            )
            for column in sheet.required
            if column not in header and column not in defaults
        ),
    ]
    if faults:
        raise _UnreadableSheet(faults)
    return sheet


def _column_advice(column: str, header: tuple[str, ...], sheet: SheetKind) -> str:
    """Say to add a column, or to write as it is called what seems to be meant for it."""
    near = nearest_name(column, [name for name in header if name not in sheet.columns])
    write = "" if near is None else f"write `{column}` for `{shown(near)}`, or "
    return f"{write}add the column `{column}`"


def _header_advice(
    header: tuple[str, ...], kinds: tuple[SheetKind, ...], defaults: Mapping[str, str]
) -> str:
    """Say how to write a header that tells no kind of sheet."""
    parting = [name for sign, name in DELIMITERS.items() if sign in header[0]]
    if len(header) == 1 and parting[:1] == ["comma"]:
        return "take away the quotes around each whole row"
    if len(header) == 1 and parting:
        return f"save it with commas between the cells, not {parting[0]}s"
    if kind_of(tuple(map(_as_column, header)), kinds, defaults) is not None:
        return f"write {listed(map(_as_column, header))}, in small letters"
    for kind in kinds:
        near = nearest_name(kind.identifying_column, header)
        if near is not None:
            return f"write `{kind.identifying_column}` for `{shown(near)}`, if that is meant"
    columns = listed(kind.identifying_column for kind in kinds)
    return f"{'one of ' if len(kinds) > 1 else ''}{columns} has to be there"


def _as_column(heading: str) -> str:
    """Return a heading as the columns here are written: `actor_role` for `Actor Role`."""
    return "_".join(heading.casefold().split())


def _column_faults(header: tuple[str, ...], sheet: SheetKind, span: Span) -> Iterator[Diagnostic]:
    for place, column in enumerate(header, start=1):
        here = Span(span.file, 1, place)
        if not column:
            yield Diagnostic(here, "sheet-column", "a column has no name", "name or remove it")
        elif any("," in text for text in _LINE_END.split(column)[1:]):
            sentence = f"the header's cell `{shown(column)}` holds what looks like rows"
            yield Diagnostic(here, "sheet-quotes", sentence, _mend_quotes(","))
        elif column in header[: place - 1]:
            sentence = f"the column `{shown(column)}` stands twice"
            yield Diagnostic(here, "sheet-column", sentence, "keep one of the two")
        elif column not in sheet.columns and not sheet.fields:
            sentence = f"the column `{shown(column)}` has no meaning in a sheet of {sheet.name}"
            yield Diagnostic(here, "sheet-column", sentence, suggestion(column, sheet.columns))


class BadCell(Exception):
    """A cell does not say what its column asks for."""

    column: str
    sentence: str
    instead: str

    def __init__(self, column: str, sentence: str, instead: str) -> None:
        super().__init__()
        self.column, self.sentence, self.instead = column, sentence, instead


def required_cell(row: SheetRow, column: str) -> str:
    """Return a cell that may not be empty."""
    text = row.get(column)
    if text is None:
        raise BadCell(column, f"`{column}` is empty", f"give the {column.replace('_', ' ')}")
    return text


def date_cell(row: SheetRow, column: str) -> date:
    """Return the date that a cell says."""
    text = required_cell(row, column)
    day = iso_date(text)
    if day is None:
        raise bad_date(column, text)
    return day


def bad_date(column: str, text: str) -> BadCell:
    """Return what to raise for a cell that says no date, with what works in a spreadsheet."""
    instead = "write it as 2023-03-30"
    if re.fullmatch("[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}", text):
        instead = (
            f"{instead}, in a column that the spreadsheet has as Text or as yyyy-mm-dd; or import "
            f"a sheet that writes its days as 30/03/2023 with `--dates {DateFormat.BRITISH}`"
        )
    return BadCell(column, f"`{column}` is {text!r}, which is no date", instead)


def event_cell(row: SheetRow) -> int:
    """Return the number of the event that a row names."""
    text = required_cell(row, "event")
    if not re.fullmatch("[0-9]{1,9}", text):
        instead = "write the number under which `peelflow show` lists it"
        raise BadCell("event", f"`event` is {text!r}, which is no number", instead)
    return int(text)


_CORRECTIONS: Mapping[str, Correction] = {word: word for word in get_args(Correction)}


def correction_cells(row: SheetRow) -> tuple[Correction, date | None]:
    """Return what a row corrects of an event, and the day that it is moved to.

    Raises:
        BadCell: A cell of another correction is filled, or none of this one.
    """
    text = required_cell(row, "correction")
    if text not in _CORRECTIONS:
        sentence = f"`correction` is {text!r}, which is none"
        raise BadCell("correction", sentence, suggestion(text, _CORRECTIONS))
    correction = _CORRECTIONS[text]
    if correction != "redate" and row.get("to") is not None:
        instead = "empty the cell, or write `redate`"
        raise BadCell("to", "`to` is given, and only what is re-dated has one", instead)
    given = [name for name in row.cells if name in ENTRY_COLUMNS or name not in row.sheet.columns]
    if correction != "reenter" and given:
        sentence = f"`{shown(given[0])}` is given, and only a record that is entered anew has one"
        raise BadCell(given[0], sentence, "empty the cell, or write `reenter`")
    if correction == "reenter" and not given:
        sentence = "no cell says what the record should have been"
        raise BadCell("correction", sentence, "fill the cells that were wrong, and those alone")
    if correction == "redate" and row.get("to") is None:
        raise BadCell("to", "`to` is empty", "give the day that the event is moved to")
    return correction, date_cell(row, "to") if correction == "redate" else None


def cleared_fields(row: SheetRow) -> list[str]:
    """Return the fields that should not have been there, as a row names them.

    Raises:
        BadCell: One of them is given a value, too.
    """
    parts = re.split(r"[;,\r\n]", row.get("clear") or "")
    names = [part.strip().removeprefix(FIELD_PREFIX) for part in parts if part.strip()]
    for name in names:
        if name in row.fields:
            sentence = f"`{shown(name)}` is cleared, and given a value"
            raise BadCell("clear", sentence, "keep one of the two")
    return names


def level_cell(row: SheetRow) -> Level:
    """Return the level that a row says; an empty cell is no level."""
    text = row.get("level")
    if text is None or text == "none":
        return None
    if not re.fullmatch("[0-9]{1,9}", text):
        raise BadCell("level", f"`level` is {text!r}, which is no level", "write 1 to 4, or none")
    return int(text)


def document_path(row: SheetRow, folder: Path | None) -> Path:
    """Return the file that a row names as its document, with every link on the way followed.

    Args:
        row: The row.
        folder: Where documents lie instead of beside the sheet; whoever imports names it.

    Raises:
        BadCell: It lies elsewhere: a sheet from somebody else may name any file of the machine.
    """
    name = required_cell(row, "document")
    return path_of_document(name, folder or row.folder, is_named=folder is not None)


def path_of_document(name: str, folder: Path, *, is_named: bool) -> Path:
    """Return the file that a sheet names as a document, with every link on the way followed.

    Args:
        name: What the sheet says.
        folder: Where documents lie.
        is_named: Whether whoever imports named that folder; else it is the sheet's own.

    Raises:
        BadCell: It lies elsewhere.
    """
    where = f"`{folder}`" if is_named else "the sheet's folder"
    try:
        root = folder.resolve()
        path = (root / name).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links that go in a circle; a NUL
        raise _bad_document(name, f"cannot be read: {say_unreadable(error)}") from None
    if not path.is_relative_to(root):
        instead = "put it beside the sheet, or name the folder it lies in with `--documents-from`"
        raise BadCell("document", f"the document `{shown(name)}` lies outside {where}", instead)
    return path


def document_cell(row: SheetRow, path: Path) -> bytes:
    """Return what the document of a row holds, which lies at a path."""
    content = read_document(path)
    if isinstance(content, str):
        raise _bad_document(required_cell(row, "document"), content)
    return content


def _bad_document(name: str, why: str) -> BadCell:
    sentence = f"the document `{shown(name)}` {why}"
    return BadCell("document", sentence, "put it beside the sheet, or mend its path")
