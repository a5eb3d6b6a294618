"""Sheets: CSV files of records, acts, appointments, amendments and documents, as checked rows.

What a sheet is about shows in its columns. Reading one asks no rule: a row only says what somebody
asks for, and where in which file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path

from attrs import field, frozen

from peelflow.errors import Diagnostic, Span
from peelflow.proof.names import listed, shown, suggestion
from peelflow.register.kinds import SHEETS, Sheet

MAX_BYTES = 64 * 1024 * 1024
FIELD = "field."


class _SheetRefused(Exception):
    """A sheet has faults as a whole, so none of its rows can be read."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take the faults."""
        super().__init__()
        self.diagnostics = tuple(diagnostics)


@frozen
class Row:
    """One row of a sheet: its cells that are not empty, by column, and where they stand."""

    sheet: Sheet
    folder: Path
    span: Span
    cells: Mapping[str, str]
    places: Mapping[str, int] = field(repr=False)

    def get(self, column: str) -> str | None:
        """Return a cell's text, None when it is empty or its column is not there."""
        return self.cells.get(column)

    def fault(self, column: str, code: str, sentence: str, instead: str) -> Diagnostic:
        """Say what is wrong with a cell, or with the whole row (""); its column counts cells."""
        span = Span(self.span.file, self.span.line, self.places.get(column, 1))
        return Diagnostic(span, code, sentence, instead)

    @property
    def fields(self) -> Mapping[str, str]:
        """The cells that are fields of the record."""
        named = self.sheet.columns
        return {
            column.removeprefix(FIELD): text
            for column, text in self.cells.items()
            if column not in named
        }


def read_sheet(
    path: Path, defaults: Mapping[str, str], *, kinds: tuple[Sheet, ...] = SHEETS
) -> tuple[tuple[Row | Diagnostic, ...], tuple[Diagnostic, ...]]:
    """Return a sheet's rows, and the faults of the sheet as a whole; with one it has no rows.

    A row that has no form stands there as its fault. A row's line is its first.

    Args:
        path: A CSV file in UTF-8, with a header.
        defaults: What a column says where its cell is empty or the column is missing.
        kinds: The kinds of sheets that it may be.
    """
    try:
        lines = _lines(path, kinds)
        header = tuple(cell.strip() for cell in lines[0][1])
        sheet = _sheet_of(header, defaults, Span(path.as_posix()), kinds)
    except _SheetRefused as refused:
        return (), refused.diagnostics
    filled = {name: text for name, text in defaults.items() if sheet.takes(name)}
    places = {column: place for place, column in enumerate(header, start=1)}
    rows: list[Row | Diagnostic] = []
    for line, cells in lines[1:]:
        said = {
            column: cell.strip()
            for column, cell in zip(header, cells, strict=False)
            if cell.strip()
        }
        row = Row(sheet, path.parent, Span(path.as_posix(), line), {**filled, **said}, places)
        rows.append(row if len(cells) <= len(header) else _too_long(row, len(header)))
    return tuple(rows), ()


def _lines(path: Path, kinds: tuple[Sheet, ...]) -> list[tuple[int, list[str]]]:
    """Return the lines that say anything, each with the number of its first line."""
    reader = csv.reader(StringIO(_text(path), newline=""), strict=True)
    lines: list[tuple[int, list[str]]] = []
    first = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((first, cells))
            first = reader.line_num + 1
    except csv.Error as error:
        raise fault(
            Span(path.as_posix(), reader.line_num),
            "sheet-syntax",
            f"this is no CSV: {error}",
            'quote a cell that holds a comma, a quote or a new line, as "…"',
        ) from None
    if not lines:
        instead = f"start with a header, such as {_headers(kinds)}"
        raise fault(Span(path.as_posix()), "empty", "the sheet is empty", instead)
    return lines


def _text(path: Path) -> str:
    span = Span(path.as_posix())
    if path.exists() and not path.is_file():
        raise fault(span, "unreadable", f"`{span.file}` is no file", "name a CSV file")
    try:
        with path.open("rb") as stream:
            source = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        sentence = f"`{span.file}` cannot be read: {why[:1].lower()}{why[1:]}"
        raise fault(span, "unreadable", sentence, "check the path and its permissions") from None
    if len(source) > MAX_BYTES:
        raise fault(span, "too-large", f"a sheet has at most {MAX_BYTES} bytes", "split it")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        span = Span(span.file, source[: error.start].count(b"\n") + 1)
        instead = "save it as CSV UTF-8"
        raise fault(span, "not-utf-8", "the sheet is not UTF-8 text", instead) from None


def fault(span: Span, code: str, sentence: str, instead: str) -> _SheetRefused:
    """Say one fault of a whole sheet, as something to raise."""
    return _SheetRefused([Diagnostic(span, code, sentence, instead)])


def _headers(kinds: tuple[Sheet, ...]) -> str:
    return "; or ".join(f"`{','.join(sheet.required)}`" for sheet in kinds)


def _sheet_of(
    header: tuple[str, ...], defaults: Mapping[str, str], span: Span, kinds: tuple[Sheet, ...]
) -> Sheet:
    sheet = next((each for each in kinds if each.told_by in header), None)
    if sheet is None:
        told = listed(each.told_by for each in kinds)
        sentence = (
            f"no column tells what this sheet is about; there is {listed(map(shown, header))}"
        )
        instead = f"{'one of ' if len(kinds) > 1 else ''}{told} has to be there"
        if len(header) == 1 and ";" in header[0]:
            instead = "save it with commas between the cells, not semicolons"
        raise fault(span, "sheet-unknown", sentence, instead)
    faults = [
        *_columns(header, sheet, span),
        *(
            Diagnostic(
                span,
                "sheet-column",
                f"a sheet of {sheet.name} has a column `{column}`, and this has none",
                f"add the column `{column}`",
            )
            for column in sheet.required
            if column not in header and column not in defaults
        ),
    ]
    if faults:
        raise _SheetRefused(faults)
    return sheet


def _columns(header: tuple[str, ...], sheet: Sheet, span: Span) -> Iterator[Diagnostic]:
    for place, column in enumerate(header, start=1):
        here = Span(span.file, 1, place)
        if not column:
            yield Diagnostic(here, "sheet-column", "a column has no name", "name or remove it")
        elif column in header[: place - 1]:
            sentence = f"the column `{shown(column)}` stands twice"
            yield Diagnostic(here, "sheet-column", sentence, "keep one of the two")
        elif column not in sheet.columns and not sheet.fields:
            sentence = f"the column `{shown(column)}` has no meaning in a sheet of {sheet.name}"
            yield Diagnostic(here, "sheet-column", sentence, suggestion(column, sheet.columns))


def _too_long(row: Row, columns: int) -> Diagnostic:
    sentence = f"the row has more cells than the header's {columns}"
    return row.fault("", "sheet-cells", sentence, "quote a cell that holds a comma")
