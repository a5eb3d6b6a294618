"""Item 16: a sheet from somebody else reads no file but its own, and its sizes have a most."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from peelflow.errors import Diagnostic
from peelflow.register import csv_import, csv_schema
from peelflow.register.csv_import import ImportResult, import_sheets
from peelflow.register.register import Register
from peelflow.register.sheet_kinds import SHEET_KINDS, SheetKind, kind_of
from tests.builders.force import clock
from tests.cli.conftest import Run, run

__all__ = ["run"]

CLERK = "clerk,liaison_officer"
RECORDS = "record,category,level,force,issued,actor,actor_role,owner,title\n"
RECORD = f"R-1,afi,2,wmp,2022-12-16,{CLERK},lead-1,Mend\n"
DOCUMENTS = "record,document,kind,on,actor,actor_role\n"
ACTS = "record,trigger,on,actor,actor_role,document,kind\n"


@pytest.fixture
def register() -> Iterator[Register]:
    """Give a register that is empty."""
    with Register.open("memory:", clock=clock) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a sheet; a letter lies beside the folder, and another in it."""
    (tmp_path / "sheets" / "letters").mkdir(parents=True)
    (tmp_path / "sheets" / "letters" / "ours.txt").write_bytes(b"ours")
    (tmp_path / "theirs.txt").write_bytes(b"theirs")
    return tmp_path / "sheets"


def write(folder: Path, **sheets: str) -> list[Path]:
    """Write sheets into a folder, in order."""
    for name, text in sheets.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return [folder / f"{name}.csv" for name in sheets]


def attachment(name: str) -> str:
    """Return a sheet of documents that names one."""
    return f"{DOCUMENTS}R-1,{name},letter,2022-12-17,{CLERK}\n"


def offer(name: str) -> str:
    """Return a sheet of acts that offers one document."""
    return f"{ACTS}R-1,start,2022-12-17,{CLERK},{name},letter\n"


def imported(register: Register, folder: Path, sheet: str) -> tuple[Diagnostic, ...]:
    """Import a record and a sheet about it, and return what is wrong."""
    return import_sheets(register, write(folder, a=RECORDS + RECORD, b=sheet)).faults


OUTSIDE = ("../theirs.txt", "letters/../../theirs.txt", "/etc/hostname", "/proc/self/environ")


@pytest.mark.parametrize("sheet", [attachment, offer], ids=["documents", "acts"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_item_16_case_29_a_document_outside_the_folder_is_refused(
    register: Register, folder: Path, name: str, sheet: object
) -> None:
    """Neither up, nor by a whole path, in whichever kind of sheet a document is named."""
    assert callable(sheet)
    (fault,) = imported(register, folder, sheet(name))
    assert (fault.span.line, fault.code) == (2, "sheet-value")
    assert fault.sentence == f"the document `{name}` lies outside the sheet's folder"
    assert fault.help.startswith("put it beside the sheet, or name the folder it lies in with")
    assert list(register.records()) == []


@pytest.mark.parametrize("is_folder", [False, True])
def test_item_16_case_29_links_are_followed_before_they_are_judged(
    register: Register, folder: Path, *, is_folder: bool
) -> None:
    """A link that leads out of the folder is refused; one that stays within is followed."""
    (folder / "out").symlink_to(folder.parent if is_folder else folder.parent / "theirs.txt")
    (folder / "in").symlink_to(folder / ("letters" if is_folder else "letters/ours.txt"))
    (fault,) = imported(register, folder, attachment("out/theirs.txt" if is_folder else "out"))
    assert "lies outside the sheet's folder" in fault.sentence
    assert imported(register, folder, attachment("in/ours.txt" if is_folder else "in")) == ()
    (kept,) = register.record("R-1").attachments
    assert register.document(kept.document.digest) == b"ours"
    assert kept.document.name == ("ours.txt" if is_folder else "in")


def test_item_16_case_29_the_folder_itself_may_be_linked(register: Register, folder: Path) -> None:
    """A sheet lies where its path says; documents beside it are beside it."""
    linked = folder.parent / "linked"
    linked.symlink_to(folder)
    assert imported(register, linked, attachment("letters/ours.txt")) == ()


def test_item_16_case_29_a_folder_is_named_on_purpose(
    register: Register, folder: Path, tmp_path: Path
) -> None:
    """Whoever imports may say where documents lie; then nothing else is read, not even beside."""
    sheets = write(folder, a=RECORDS + RECORD, b=attachment("theirs.txt"))
    assert import_sheets(register, sheets, documents_from=tmp_path).kept == 2
    sheets = write(folder, b=attachment("../theirs.txt"))
    (fault,) = import_sheets(register, sheets, documents_from=str(folder / "letters")).faults
    assert fault.sentence.endswith(f"lies outside `{folder / 'letters'}`")
    sheets = write(folder, b=attachment(str(tmp_path / "theirs.txt")))
    again = import_sheets(register, sheets, documents_from=tmp_path)
    assert again == ImportResult(kept=1, known=0, faults=())


@pytest.mark.parametrize("name", ["loop", "letters/ours.txt\0", "letters", "gone.txt"])
def test_item_16_case_29_what_cannot_be_read_is_told(
    register: Register, folder: Path, name: str
) -> None:
    """A circle of links, no path at all, a folder and nothing are told, each in words."""
    (folder / "loop").symlink_to(folder / "loop")
    (fault,) = imported(register, folder, attachment(name))
    assert (fault.code, fault.span.line) == ("sheet-value", 2)
    assert fault.sentence.startswith("the document `")
    assert fault.help == "put it beside the sheet, or mend its path"


def test_item_16_case_29_on_the_command_line(run: Run, folder: Path) -> None:
    """The command takes the folder on purpose, and refuses without it."""
    write(folder, a=RECORDS + RECORD, b=attachment("theirs.txt"))
    where = ("--register", "r.db")
    assert run("import", folder, *where).code == 1
    assert run("import", folder, "--documents-from", folder.parent, *where).code == 0
    assert "theirs.txt" in run("show", "R-1", *where).out


def test_item_16_the_documents_of_one_import_have_a_most(
    register: Register, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are in memory until the batch is kept; one that several rows name counts once."""
    (folder / "second.txt").write_bytes(b"more")
    twice = attachment("letters/ours.txt") + attachment("letters/ours.txt").split("\n")[1] + "\n"
    monkeypatch.setattr(csv_import, "MAX_DOCUMENTS_BYTES", 7)
    (fault,) = imported(register, folder, twice + attachment("second.txt").split("\n")[1])
    assert (fault.span.line, fault.code) == (4, "sheet-value")
    assert fault.sentence == "the documents of one import have at most 7 bytes"
    monkeypatch.setattr(csv_import, "MAX_DOCUMENTS_BYTES", 8)
    assert imported(register, folder, twice + attachment("second.txt").split("\n")[1]) == ()


def test_item_16_rows_have_a_most(
    register: Register, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as a spreadsheet has; rows of nothing are none."""
    monkeypatch.setattr(csv_schema, "MAX_ROWS", 3)
    rows = RECORD + "\n,,,,,,,,\n" + RECORD.replace("R-1", "R-2")
    assert imported(register, folder, RECORDS + rows.replace("R-", "S-")) == ()
    (fault,) = import_sheets(register, write(folder, c=RECORDS + rows + RECORD)).faults
    assert (fault.span.line, fault.code) == (6, "too-large")
    assert fault.sentence == "a sheet has at most 3 rows, its header among them"


@pytest.mark.parametrize("kind", SHEET_KINDS, ids=lambda kind: kind.name)
def test_item_16_a_cell_has_a_most(register: Register, folder: Path, kind: SheetKind) -> None:
    """A cell that never ends is told as too large, at the row in which it begins."""
    header = ",".join(kind.required)
    text = f'{header}\n"{"x" * (csv.field_size_limit() + 1)}'
    (fault,) = import_sheets(register, write(folder, a=text)).faults
    assert (fault.span.line, fault.code) == (2, "too-large")
    assert fault.sentence == "a cell of this row has more than 131072 characters"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_item_16_case_04_line_ends_of_any_system_count(
    register: Register, folder: Path, end: str
) -> None:
    """A spreadsheet may end lines as a Mac or Windows does; swallowed rows are told."""
    rows = RECORD.replace("Mend", '"see page 6') + RECORD + RECORD.replace("Mend", 'of 6"')
    sheet = folder / "a.csv"
    sheet.write_bytes((RECORDS + rows).replace("\n", end).encode())
    (fault,) = import_sheets(register, [sheet]).faults
    assert (fault.span.line, fault.span.column, fault.code) == (2, 9, "sheet-quotes")
    assert "of line 2 runs over lines 2 to 4" in fault.sentence


def test_item_16_case_04_a_header_that_swallows_rows_is_told(
    register: Register, folder: Path
) -> None:
    """A quote that opens in the header and closes rows later is no name of a field."""
    header = RECORDS.replace("title", '"title')
    closing = RECORD.replace("R-1", "R-3").replace("Mend", 'x"')
    rows = RECORD + closing + RECORD.replace("R-1", "R-4").replace("Mend", "")
    (fault,) = import_sheets(register, write(folder, a=header + rows)).faults
    assert (fault.span.line, fault.span.column, fault.code) == (1, 9, "sheet-quotes")
    assert fault.sentence.startswith("the header's cell `title R-1,afi,")


def test_item_16_case_03_a_row_that_was_cut_off_is_refused(run: Run) -> None:
    """On the command line nothing of such a sheet is kept, and no register is left behind."""
    cut = RECORDS + RECORD + RECORD.replace("R-1", "R-2").rsplit(",", 2)[0]
    Path("s.csv").write_text(cut, "utf-8")
    done = run("import", "s.csv", "--register", "r.db")
    assert (done.code, Path("r.db").exists()) == (1, False)
    assert "s.csv:3:1: sheet-cells: the row has 7 cells, the header 9" in done.out
    assert "0 rows kept, 0 there already, 1 bad" in done.out


@pytest.mark.parametrize("empty", [",", ",,,", ",,,,,,,,,,,,"])
@pytest.mark.parametrize("kind", SHEET_KINDS, ids=lambda kind: kind.name)
def test_item_16_what_excel_leaves_empty_matters_in_no_kind_of_sheet(
    register: Register, folder: Path, kind: SheetKind, empty: str
) -> None:
    """Columns and rows that somebody emptied are no columns and rows, in whichever sheet."""
    header = ",".join(kind.required)
    row = ",".join("x" * bool(kind.required) for _ in kind.required)
    plain = import_sheets(register, write(folder, a=f"{header}\n{row}\n")).faults
    padded = f"{header}{empty}\n{row}{empty}\n{empty}\n{empty}\n\n"
    assert import_sheets(register, write(folder, a=padded)).faults == plain


def test_item_16_a_pipe_put_in_a_sheets_place_is_told(register: Register, folder: Path) -> None:
    """Nobody waits for its writer."""
    os.mkfifo(folder / "a.csv")
    (fault,) = import_sheets(register, [folder / "a.csv"]).faults
    assert (fault.code, fault.help) == ("unreadable", "name a CSV file")


def test_a_folder_of_sheets_leads_nowhere_else(register: Register, folder: Path) -> None:
    """A link to a sheet elsewhere is told and not read; one within the folder is."""
    (away,) = write(folder.parent, away=f"{RECORDS}{RECORD}")
    (folder / "linked.csv").symlink_to(away)
    (fault,) = import_sheets(register, [folder]).faults
    assert (fault.code, fault.span.file) == ("unreadable", (folder / "linked.csv").as_posix())
    assert "is a link to a file outside the folder" in fault.sentence
    assert import_sheets(register, [folder / "linked.csv"]).kept == 1


@pytest.mark.parametrize("kind", SHEET_KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("other", SHEET_KINDS, ids=lambda kind: kind.name)
def test_a_field_called_as_a_column_of_another_kind_turns_no_sheet(
    kind: SheetKind, other: SheetKind
) -> None:
    """Each kind of sheet stays what it is beside the columns of any other, one or all of them."""
    own = [column for column in other.columns if column not in kind.columns] if kind.fields else []
    for header in (kind.required, kind.columns, *((*kind.required, column) for column in own)):
        assert kind_of(header) is kind
        assert kind_of([*header, *other.required]) in {kind, other}
    assert kind_of([*kind.required, *own]) is kind
    filled = [column for column in kind.required if column != kind.identifying_column]
    assert kind_of([kind.identifying_column, *own], filled=filled) in {kind, other}


def test_a_column_of_a_kind_that_fits_less_is_a_field(register: Register, folder: Path) -> None:
    """A sheet of records with a column `correction` is judged as records, row by row."""
    header, row = RECORDS.replace("title", "correction"), RECORD
    (fault,) = import_sheets(register, write(folder, a=header + row)).faults
    assert (fault.span.line, fault.code) == (2, "row-refused")
    assert "the field `correction`: is not declared for its category" in fault.sentence
