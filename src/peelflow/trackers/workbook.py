"""Read the sheets of an Excel workbook as grids, and refuse a workbook that is not what it says.

A workbook is a zip of XML parts. It is unpacked here within bounds, looked through, and packed anew
of the parts that hold cells; only that is read by calamine. No macro runs, no formula is computed
and nothing outside the file is opened.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from attrs import evolve, field

from peelflow.errors import InvalidRules, MissingDependency, Span
from peelflow.phrases import counted, listed, shown, suggestion
from peelflow.results import define, frozen
from peelflow.rulebook.yaml_reader import fault
from peelflow.trackers.grid import (
    CellValue,
    Grid,
    GridRow,
    check_extent,
)

SUFFIXES = (".xlsx", ".xlsm")
"""How the name of a workbook ends; only the second may hold macros."""
MAX_PARTS = 2_000
MAX_CELLS = 4_000_000
_MIB = 1024 * 1024
MAX_UNPACKED_BYTES = 256 * _MIB
MOST_LOOKED_INTO = 4 * _MIB
"""How large a sheet is at most that is looked into though it is not read."""
_OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ENCRYPTED_PART = 0x1
_READ_PARTS = ("[content_types].xml", "_rels/", "xl/_rels/", "xl/worksheets/", "xl/workbook.xml")
_ALSO_READ_PARTS = ("xl/sharedstrings.xml", "xl/styles.xml", "xl/theme/")
_OUTSIDE_PARTS: Mapping[str, str] = {
    "xl/externallinks/": "takes values from other files",
    "xl/connections.xml": "takes data from a connection",
    "xl/querytables/": "takes data from a query",
}
_OTHER_KINDS: Mapping[str, str] = {
    "content.xml": "is a sheet of LibreOffice, .ods",
    "index/document.iwa": "is a sheet of Numbers",
    "word/document.xml": "is a document of Word",
    "xl/workbook.bin": "is a workbook of the binary kind, .xlsb",
}
"""What is packed as a workbook is and is none, by a part that it has."""
_BREAK_LINKS = "break its links and remove its connections in Excel, then save it"
_ROW = re.compile(rb"<row[\s>]")
_SAVE_AGAIN = "open it in Excel and save it again as .xlsx"


def refused_workbook(file: str, why: str, instead: str) -> InvalidRules:
    """Say why a whole workbook is not read, as something to raise.

    Args:
        file: The workbook.
        why: What is so, after its name.
        instead: What to do.
    """
    name = posixpath.basename(file)
    return fault(Span(file), "workbook-refused", f"`{name}` {why}", instead)


@frozen
class _SheetEntry:
    """A sheet as the workbook lists it: its name, where its part is, and whether it is hidden."""

    name: str
    part: str
    hidden: bool


@frozen(eq=False)
class Workbook:
    """A workbook that was looked through; its sheets are read when they are asked for."""

    file: str
    since_1904: bool
    notes: tuple[str, ...]
    _sheets: tuple[_SheetEntry, ...]
    _parts: Mapping[str, bytes] = field(repr=False)
    _reader: Any = field(repr=False)

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of the sheets that are shown."""
        return tuple(sheet.name for sheet in self._sheets if not sheet.hidden)

    @property
    def hidden_sheets(self) -> tuple[str, ...]:
        """The names of the sheets that are hidden."""
        return tuple(sheet.name for sheet in self._sheets if sheet.hidden)

    def grid(self, name: str) -> Grid:
        """Return the cells of a sheet, shown or hidden.

        Args:
            name: The sheet.

        Raises:
            InvalidRules: There is no such sheet, or it is larger than a tracker.
        """
        entry = next((sheet for sheet in self._sheets if sheet.name == name), None)
        if entry is None:
            names = [sheet.name for sheet in self._sheets]
            sentence = f"there is no sheet `{shown(name)}`"
            instead = suggestion(name, names)
            raise fault(Span(self.file), "sheet-unknown", sentence, instead)
        scan = _scan_of(self.file, entry, self._parts)
        notes = self.notes
        if scan.hidden_rows:
            count = counted(len(scan.hidden_rows), "hidden row")
            first = f"the first of them row {min(scan.hidden_rows)}"
            notes = (*notes, f"read with {count} of `{shown(name)}`, {first}")
        return Grid(
            self.file,
            name,
            tuple(self._rows(entry, scan)),
            frozenset(scan.formulas),
            scan.errors,
            self.hidden_sheets,
            self.sheets,
            since_1904=self.since_1904,
            notes=notes,
        )

    def grids_beside(self, read: Sequence[str], most_rows: int) -> Iterator[Grid]:
        """Yield the sheets that are shown and not read, but for what is too large to look into.

        Args:
            read: The sheets that are read.
            most_rows: How many rows of each.
        """
        beside = tuple(
            sheet
            for sheet in self._sheets
            if not sheet.hidden
            and sheet.name not in read
            and len(self._parts[sheet.part]) <= MOST_LOOKED_INTO
        )
        if not beside:
            return
        first = {sheet.part: _first_rows(self._parts[sheet.part], most_rows) for sheet in beside}
        parts = {**self._parts, **first}
        book = evolve(self, parts=parts, reader=_opened(self.file, parts))
        for sheet in beside:
            with suppress(InvalidRules):
                yield book.grid(sheet.name)

    def notes_beside(self, read: Sequence[str]) -> tuple[str, ...]:
        """Return which sheets are not read, in words.

        Args:
            read: The sheets that are.
        """
        kinds = (("sheet", self.sheets), ("hidden sheet", self.hidden_sheets))
        unread = [(what, [name for name in names if name not in read]) for what, names in kinds]
        return tuple(
            f"read without the {what}{'' if len(names) == 1 else 's'} {listed(map(shown, names))}"
            for what, names in unread
            if names
        )

    def _rows(self, entry: _SheetEntry, scan: _CellScan) -> Iterator[GridRow]:
        """Yield the rows that say something, or that hold a formula or an error."""
        sheet = _read_by(self.file, lambda: self._reader.get_sheet_by_name(entry.name))
        table = _read_by(self.file, lambda: sheet.to_python(skip_empty_area=False))
        _fill_merged_columns(table, sheet.merged_cell_ranges or ())
        marked = {number for number, _ in (*scan.errors, *scan.formulas)}
        for number, cells in enumerate(table, start=1):
            row = GridRow(number, number, tuple(cells), entry.name)
            if row.filled or number in marked:
                yield row
        for number in sorted(marked):
            if number > len(table):
                yield GridRow(number, number, (), entry.name)


_MergedRange = tuple[tuple[int, int], tuple[int, int]]


def _fill_merged_columns(table: list[list[CellValue]], ranges: Sequence[_MergedRange]) -> None:
    """Say in each row of a merged range what its first cell says, in its first column alone."""
    left = MAX_CELLS
    for (top, column), (bottom, _) in ranges:
        for cells in table[top + 1 : min(bottom + 1, top + left)]:
            if column < len(cells):
                cells[column] = table[top][column]
        left -= max(0, min(bottom, len(table)) - top)


def read_workbook(path: Path, source: bytes) -> Workbook:
    """Look through a workbook and return it with its sheets unread.

    Args:
        path: The file.
        source: What it holds.

    Raises:
        InvalidRules: It is no workbook, has a password, unpacks to too much, holds macros under a
            name that says it has none, or takes values from elsewhere.
        MissingDependency: python-calamine is not installed.
    """
    try:
        import python_calamine  # noqa: F401 - it opens what is looked through
    except ImportError:
        raise MissingDependency("sheets", "python-calamine") from None
    file = path.as_posix()
    parts = _unpacked(file, source)
    has_macros = _check_parts(file, parts)
    sheets, since_1904 = _sheets_of(file, parts)
    notes = ("read without running its macros",) if has_macros else ()
    return Workbook(file, since_1904, notes, sheets, parts, _opened(file, parts))


def _read_by(file: str, read: Callable[[], Any]) -> Any:
    """Return what calamine reads, or say that it cannot."""
    from python_calamine import CalamineError

    try:
        return read()
    except (CalamineError, OSError, ValueError) as error:
        why = f"is damaged: {shown(str(error))}"
        raise refused_workbook(file, why, _SAVE_AGAIN) from None


def _unpacked(file: str, source: bytes) -> dict[str, bytes]:
    """Return the parts of a workbook that may be read, by their names in small letters."""
    if source.startswith(_OLE_MAGIC):
        if _ENCRYPTED in source:
            instead = "open it in Excel, take the password off and save it"
            raise refused_workbook(file, "is protected by a password", instead)
        raise refused_workbook(file, "is a workbook of the old kind, .xls", _SAVE_AGAIN)
    try:
        with zipfile.ZipFile(BytesIO(source)) as archive:
            return _bounded_parts(file, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise refused_workbook(file, "is no workbook, or is damaged", _SAVE_AGAIN) from None


def _bounded_parts(file: str, archive: zipfile.ZipFile) -> dict[str, bytes]:
    """Unpack what a workbook holds; nothing is unpacked of what goes beyond the bounds."""
    entries = archive.infolist()
    size = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_PARTS or size > MAX_UNPACKED_BYTES:
        raise _too_much(file)
    parts: dict[str, bytes] = {}
    for entry in entries:
        name = entry.filename.lower()
        if name in parts:
            raise refused_workbook(file, f"holds `{shown(name)}` twice", _SAVE_AGAIN)
        if entry.flag_bits & _ENCRYPTED_PART:
            instead = "take the password off and save it in Excel"
            raise refused_workbook(file, "is protected by a password", instead)
        parts[name] = b""
        if name.startswith((*_READ_PARTS, *_ALSO_READ_PARTS)):
            # INVARIANT: no more comes out of a part than the directory says, which was bounded.
            parts[name] = archive.read(entry)
    return parts


def _too_much(file: str) -> InvalidRules:
    why = f"unpacks to more than {MAX_UNPACKED_BYTES // _MIB} MiB, as a bomb does"
    return refused_workbook(file, why, "leave what is no tracker out of it")


def _check_parts(file: str, parts: Mapping[str, bytes]) -> bool:
    """Refuse parts that reach outside the file, or that its name denies; return if it has macros.

    A document type is what an XML bomb and a reach for other files begin with; Excel writes none.
    """
    for name, why in _OTHER_KINDS.items():
        if name in parts and "xl/workbook.xml" not in parts:
            raise refused_workbook(file, why, "save it as .xlsx, or as CSV UTF-8, and give that")
    for start, why in _OUTSIDE_PARTS.items():
        if any(name.startswith(start) for name in parts):
            raise refused_workbook(file, why, _BREAK_LINKS)
    if any(b"<!DOCTYPE" in part or b"<!ENTITY" in part for part in parts.values()):
        raise refused_workbook(file, "declares a document type, as no workbook does", _SAVE_AGAIN)
    if not any(name.startswith("xl/") for name in parts):
        raise refused_workbook(file, "is packed, .zip", "unpack it, and give the sheet in it")
    has_macros = any("vbaproject" in name for name in parts)
    if has_macros and not file.lower().endswith(".xlsm"):
        why = "holds macros, though its name says that it has none"
        raise refused_workbook(file, why, "save it as .xlsx without macros, or as .xlsm")
    return has_macros


def _opened(file: str, parts: Mapping[str, bytes]) -> Any:
    """Return what calamine reads of a workbook's parts."""
    from python_calamine import CalamineWorkbook

    packed = _packed(parts)
    return _read_by(file, lambda: CalamineWorkbook.from_filelike(packed))


def _first_rows(part: bytes, most: int) -> bytes:
    """Return a sheet's part without the rows beyond the first; whole where they are not found."""
    beyond = next(islice(_ROW.finditer(part), most, None), None)
    end = part.rfind(b"</sheetData>")
    return part if beyond is None or end < beyond.start() else part[: beyond.start()] + part[end:]


def _packed(parts: Mapping[str, bytes]) -> BytesIO:
    """Return a workbook of the parts that were looked through, and of nothing else."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in parts.items():
            if content:
                archive.writestr(_CASED.get(name, name), content)
    packed.seek(0)
    return packed


_CASED = {
    "[content_types].xml": "[Content_Types].xml",
    "xl/sharedstrings.xml": "xl/sharedStrings.xml",
}
"""The names of parts that have capitals; a workbook means the same by small letters."""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2]


def _xml_of(file: str, parts: Mapping[str, bytes], name: str) -> ET.Element:
    try:
        return ET.fromstring(parts.get(name, b""))  # noqa: S314 - no document type gets here
    except ET.ParseError:
        raise refused_workbook(file, "is no workbook, or is damaged", _SAVE_AGAIN) from None


def _sheets_of(file: str, parts: Mapping[str, bytes]) -> tuple[tuple[_SheetEntry, ...], bool]:
    """Return the sheets that hold cells, in order, and whether days count from 1904."""
    book = _xml_of(file, parts, "xl/workbook.xml")
    relations = _xml_of(file, parts, "xl/_rels/workbook.xml.rels")
    targets = {
        relation.get("Id", ""): posixpath.normpath(
            posixpath.join("/xl", relation.get("Target", ""))
        ).lstrip("/")
        for relation in relations
        if relation.get("Type", "").endswith("/worksheet")
    }
    sheets: list[_SheetEntry] = []
    since_1904 = False
    for element in book.iter():
        match _local(element.tag):
            case "workbookPr":
                since_1904 = element.get("date1904", "0") in {"1", "true"}
            case "sheet":
                named = {_local(key): value for key, value in element.attrib.items()}
                part = targets.get(named.get("id", ""), "").lower()
                if part in parts:
                    hidden = named.get("state", "visible") != "visible"
                    sheets.append(_SheetEntry(named.get("name", ""), part, hidden))
    return tuple(sheets), since_1904


@define
class _CellScan:
    """Which cells of a sheet hold a formula or an error, how far they reach, and what is hidden."""

    formulas: set[tuple[int, int]] = field(factory=set)
    errors: dict[tuple[int, int], str] = field(factory=dict)
    hidden_rows: set[int] = field(factory=set)
    last_row: int = 0
    last_column: int = 0
    _row: int = 0
    _column: int = 0
    _is_hidden: bool = False
    _type: str = ""
    _value: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        match _local(name):
            case "row":
                self._row = _whole_number(attributes.get("r"), self._row + 1)
                self._column = 0
                self._is_hidden = attributes.get("hidden") in {"1", "true"}
            case "c":
                self._column = _column_number(attributes.get("r", ""), self._column + 1)
                self._type = attributes.get("t", "n")
            case "f":
                self.formulas.add((self._row, self._column))
                self._reach()
            case "v" | "is":
                self._value = []
                self._reach()

    def text(self, text: str) -> None:
        """A piece of text."""
        if self._value is not None:
            self._value.append(text)

    def end(self, name: str) -> None:
        """An element ends."""
        if _local(name) == "v" and self._value is not None:
            if self._type == "e":
                self.errors[self._row, self._column] = "".join(self._value)
            self._value = None

    def _reach(self) -> None:
        self.last_row = max(self.last_row, self._row)
        self.last_column = max(self.last_column, self._column)
        if self._is_hidden:
            self.hidden_rows.add(self._row)


def _whole_number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else default


def _column_number(reference: str, default: int) -> int:
    """Return the column that a reference such as E12 names."""
    number = 0
    for letter in reference.upper():
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - ord("A") + 1
    return number or default


def _scan_of(file: str, entry: _SheetEntry, parts: Mapping[str, bytes]) -> _CellScan:
    """Scan the cells of a sheet, and refuse one that reaches further than a tracker does."""
    scan = _CellScan()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.CharacterDataHandler = scan.text
    try:
        parser.Parse(parts[entry.part], True)  # noqa: FBT003 - expat takes it so
    except expat.ExpatError:
        raise refused_workbook(file, f"is damaged in `{entry.name}`", _SAVE_AGAIN) from None
    what = f"the sheet `{shown(entry.name)}`"
    check_extent(Span(file), scan.last_row, scan.last_column, what)
    if scan.last_row * scan.last_column > MAX_CELLS:
        sentence = f"{what} has {scan.last_row:,} rows of {scan.last_column} columns"
        instead = "remove what lies far below or beside the table, or split it"
        raise fault(Span(file), "too-large", sentence, instead)
    return scan
