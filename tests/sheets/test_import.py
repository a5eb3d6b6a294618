"""Importing sheets: one batch, all good rows or none, and again without harm."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow import load
from peelflow.errors import Conflict, StoreBusy
from peelflow.model.records import Amended, Attached, Noted
from peelflow.register import csv_schema, document_files
from peelflow.register.batch import Batch
from peelflow.register.csv_import import ImportResult, import_sheets
from peelflow.register.register import Register
from peelflow.register.sheet_kinds import SHEET_KINDS
from tests.builders.force import LIAISON, NOW, clock

RECORDS = """\
record,category,level,force,issued,actor,actor_role,owner,field.title
R1,afi,2,wmp,2022-01-01,clerk,liaison_officer,lead-1,"Mend, then
check"

R2,afi,2,wmp,2022-01-01,clerk,liaison_officer,,
R3,afi,none,wmp,2022-01-01,clerk,liaison_officer,,
"""
RECORDS_R1 = "R1,afi,2,wmp,2022-01-01,clerk,liaison_officer,lead-1,Mend\n"
ACTS = """\
record,trigger,on,actor,actor_role
R1,start,2022-02-01,clerk,liaison_officer
R2,start,2022-02-01,clerk,liaison_officer
"""


@pytest.fixture
def register() -> Iterator[Register]:
    """Give an empty register."""
    with Register.open("memory:", clock=clock) as opened:
        yield opened


def write(folder: Path, **sheets: str) -> list[Path]:
    """Write sheets into a folder, in order."""
    paths = []
    for name, text in sheets.items():
        path = folder / f"{name}.csv"
        path.write_text(text, "utf-8")
        paths.append(path)
    return paths


def test_one_bad_row_keeps_all_out(register: Register, tmp_path: Path) -> None:
    """All rows of all sheets, or none; the bad ones are told by their place."""
    paths = write(tmp_path, records=RECORDS, acts=ACTS)
    done = import_sheets(register, paths)
    assert [(fault.span.line, fault.code) for fault in done.faults] == [
        (6, "row-refused"),
        (3, "row-refused"),
    ]
    assert (done.kept, list(register.records())) == (0, [])


@pytest.mark.parametrize("first", ["sep=,", "SEP=,\r", "\ufeffsep=,"])
def test_a_first_line_that_says_what_parts_cells_is_no_row(
    register: Register, tmp_path: Path, first: str
) -> None:
    """Excel writes it for itself; lines are counted with it."""
    (path,) = write(tmp_path, records=f"{first}\n{RECORDS}")
    done = import_sheets(register, [path], partial=True)

    assert [(fault.span.line, fault.code) for fault in done.faults] == [(7, "row-refused")]
    assert [record.id for record in register.records()] == ["R1", "R2"]


def test_partial_keeps_the_good_rows(register: Register, tmp_path: Path) -> None:
    """What is good stays; a mended sheet then brings the rest, and nothing twice."""
    paths = write(tmp_path, records=RECORDS, acts=ACTS)
    done = import_sheets(register, paths, partial=True)
    assert (done.kept, done.known, len(done.faults)) == (3, 0, 2)
    assert register.record("R1").fields["title"] == "Mend, then\ncheck"
    assert [register.record(each).state for each in ("R1", "R2")] == ["in_progress", "open"]
    mended = write(tmp_path, records=RECORDS.replace("afi,none", "afi,3"), acts=ACTS)
    owner = "record,field,value,on,reason,actor,actor_role\nR2,owner,x,2022-01-02,who,clerk,lead\n"
    again = import_sheets(register, [mended[0], *write(tmp_path, owner=owner), mended[1]])
    assert again == ImportResult(kept=3, known=3, faults=())
    assert register.record("R2").state == "in_progress"


def test_the_same_sheet_again_changes_nothing(register: Register, tmp_path: Path) -> None:
    """A row has a key of what it says; two rows that say the same are two."""
    part = "record,trigger,on,actor,actor_role,recorded_by,source,reason\n"
    row = "C,rescind_part,2022-02-01,portal,hmicfrs,clerk,letter,part of it\n"
    cause = "record,category,force,issued,actor,actor_role,owner\n"
    paths = write(
        tmp_path,
        cause=cause + "C,cause_of_concern,wmp,2022-01-01,clerk,lead,lead-1\n",
        acts=ACTS.replace("R1", "C").rsplit("R2", 1)[0],
        parts=part + row + row,
    )
    assert import_sheets(register, paths) == ImportResult(kept=4, known=0, faults=())
    assert import_sheets(register, paths) == ImportResult(kept=0, known=4, faults=())
    assert register.record("C").number == 4


def test_a_key_column_wins(register: Register, tmp_path: Path) -> None:
    """Where a force has keys of its own, they count."""
    said = RECORDS.replace("actor,actor_role", "key,actor,actor_role")
    said = "\n".join(said.splitlines()[:3]).replace("2022-01-01,", "2022-01-01,ours-1,")
    assert import_sheets(register, write(tmp_path, records=said)).faults == ()
    assert register.history("R1")[0].key == "ours-1"


def test_documents_come_with_their_rows(register: Register, tmp_path: Path) -> None:
    """A letter is kept in the same batch as the act or the attachment that brings it."""
    (tmp_path / "letter.txt").write_bytes(b"complete")
    people = "person,person_role,force,first_day,last_day,actor,actor_role\n"
    attach = "record,document,kind,signed_by,signed_on,on,actor,actor_role\n"
    close = "record,trigger,on,actor,actor_role,document,kind,signed_by,signed_on\n"
    paths = write(
        tmp_path,
        people=people + "chief,chief_constable,wmp,2022-01-01,2030-01-01,kim,liaison_officer\n",
        records="\n".join(RECORDS.splitlines()[:3]),
        acts="\n".join(ACTS.splitlines()[:2]),
        attach=attach + "R1,letter.txt,letter,chief,2022-02-01,2022-02-01,clerk,lead\n",
        close=close + "R1,close,2022-03-01,chief,chief_constable,letter.txt,letter,,\n",
    )
    done = import_sheets(register, paths)
    assert done == ImportResult(kept=5, known=0, faults=())
    assert register.record("R1").state == "closed"
    kinds = [type(event.what) for event in register.history("R1")]
    assert kinds[2] is Attached
    (letter, _) = register.record("R1").attachments
    assert register.document(letter.document.digest) == b"complete"


def test_documents_of_refused_rows_are_not_kept(register: Register, tmp_path: Path) -> None:
    """A refused import leaves nothing behind, not even a letter."""
    (tmp_path / "letter.txt").write_bytes(b"complete")
    attach = (
        "record,document,kind,on,actor,actor_role\nnobody,letter.txt,letter,2022-02-01,x,lead\n"
    )
    done = import_sheets(register, write(tmp_path, attach=attach))
    assert len(done.faults) == 1
    digest = Batch(register.session()).keep(b"complete", kind="letter", name="x").digest
    assert register.store.document(digest) is None


def test_amendments_set_and_unset(register: Register, tmp_path: Path) -> None:
    """An empty value unsets a field; a list's items stand between semicolons."""
    held = "record,category,force,issued,kind,first_day,last_day,questions,actor,actor_role\n"
    amend = "record,field,value,on,reason,actor,actor_role\n"
    paths = write(
        tmp_path,
        held=held + "I,inspection,wmp,2022-01-01,planned,2022-02-01,2022-02-02,7; 8,clerk,lead\n",
        amend=amend
        + "I,questions,9;,2022-01-02,moved,clerk,lead\nI,questions,,2022-01-03,off,clerk,lead\n",
    )
    assert import_sheets(register, paths).faults == ()
    told = [e.what for e in register.history("I") if isinstance(e.what, Amended)]
    assert [(each.old, each.new) for each in told] == [(("7", "8"), ("9",)), (("9",), None)]


def test_empty_cells_are_filled(register: Register, tmp_path: Path) -> None:
    """A column may be said once for all rows, in its cells' place or without the column."""
    records = (
        "record,category,level,issued,owner\nR1,afi,2,2022-01-01,lead-1\nR2,afi,2,2022-01-02,\n"
    )
    fill = {"force": "wmp", "actor": "clerk", "actor_role": "lead", "issued": "1999-01-01"}
    done = import_sheets(register, write(tmp_path, records=records), defaults=fill)
    assert done.kept == 2
    assert {record.force for record in register.records()} == {"wmp"}
    assert register.record("R2").issued.isoformat() == "2022-01-02"


class Clerk(StrEnum):
    """Who a program says that they are."""

    FIRST = "clerk"


def test_what_fills_cells_may_be_a_text_of_a_program(register: Register, tmp_path: Path) -> None:
    """Such as a member of an enumeration of texts."""
    records = (
        "record,category,level,force,issued,owner,actor_role\nR1,afi,2,wmp,2022-01-01,x,lead\n"
    )
    assert import_sheets(
        register, write(tmp_path, records=records), defaults={"actor": Clerk.FIRST}
    ).kept


def test_somebody_else_in_between_is_a_conflict(register: Register, tmp_path: Path) -> None:
    """S2: the batch is refused whole when what it read has moved."""
    records, acts = write(
        tmp_path, records="\n".join(RECORDS.splitlines()[:3]), acts=ACTS.rsplit("R2", 1)[0]
    )
    import_sheets(register, [records])

    def meddle(done: int, total: int) -> None:
        register.fire("R1", "start", actor=LIAISON, on=NOW.date())
        assert (done, total) == (1, 1)

    with pytest.raises(Conflict):
        import_sheets(register, [acts], on_progress=meddle)


def test_a_folder_and_a_missing_sheet_are_told(register: Register, tmp_path: Path) -> None:
    """Sheets that cannot be read are diagnostics, beside the bad rows of the others."""
    bad = write(tmp_path, records=RECORDS.replace("clerk,", "clerk,,,,,,,", 1))
    done = import_sheets(register, [tmp_path, tmp_path / "gone.csv", *bad])
    assert {fault.code for fault in done.faults} == {"unreadable", "sheet-cells"}


WORDS = sorted({column for sheet in SHEET_KINDS for column in sheet.columns})
CELLS = st.sampled_from(
    [*WORDS, "R1", "afi", "2", "start", "2022-01-01", "lead", "hmicfrs", "", '"', "a,b", "\0", "é"]
)
LINES = st.lists(st.lists(CELLS, max_size=9).map(",".join), max_size=6).map("\n".join)


@given(
    source=st.binary(max_size=80)
    | LINES.map(str.encode)
    | st.text(st.characters(codec="utf-8")).map(str.encode)
)
@settings(max_examples=400, deadline=None)
def test_any_bytes_give_diagnostics_or_rows(
    source: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However broken a sheet is, there are faults with their places, or rows; nothing else."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(source)
    with Register.open("memory:", clock=clock) as register:
        done = import_sheets(register, [path])
        assert not (done.faults and done.kept)
        assert bool(list(register.records())) == bool(done.kept)
    for fault in done.faults:
        assert (fault.span.line, fault.span.column) >= (1, 1)
        assert all((fault.code, fault.sentence, fault.help))


@pytest.mark.parametrize("asked", ["read", "names_numbers"])
def test_a_store_that_fails_is_no_bad_row(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """What is wrong with the store stops the import; it is not told row by row."""

    def busy(*_: object) -> NoReturn:
        raise StoreBusy("memory:")

    monkeypatch.setattr(register.store, asked, busy)
    with pytest.raises(StoreBusy):
        import_sheets(register, write(tmp_path, records=RECORDS))


def test_what_is_too_large_is_told(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sheets and documents have a most."""
    monkeypatch.setattr(csv_schema, "MAX_SHEET_BYTES", 9)
    (fault,) = import_sheets(register, write(tmp_path, records=RECORDS)).faults
    assert (fault.code, fault.sentence) == ("too-large", "a sheet has at most 9 bytes")
    monkeypatch.undo()
    monkeypatch.setattr(document_files, "MAX_DOCUMENT_BYTES", 7)
    (tmp_path / "letter.txt").write_bytes(b"complete")
    attach = "record,document,kind,on,actor,actor_role\nR1,letter.txt,letter,2022-02-01,x,lead\n"
    (fault,) = import_sheets(register, write(tmp_path, attach=attach)).faults
    assert fault.sentence == "the document `letter.txt` has more than 7 bytes"


def test_a_document_that_is_no_file_is_told(register: Register, tmp_path: Path) -> None:
    """A folder, or a pipe that would have us wait, is no document."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    attach = "record,document,kind,on,actor,actor_role\n"
    rows = "".join(f"R1,{name},letter,2022-02-01,x,lead\n" for name in ("folder", "pipe"))
    faults = import_sheets(register, write(tmp_path, attach=attach + rows)).faults
    assert [fault.sentence for fault in faults] == [
        "the document `folder` is no regular file",
        "the document `pipe` is no regular file",
    ]


NOTES = """\
record,note,on,actor,actor_role,document,kind,source
R1,The board asked for a date,2022-01-20,clerk,liaison_officer,,,minutes 4
R1,The plan,2022-03-01,clerk,liaison_officer,plan.txt,improvement_plan,
"""


def test_notes_come_by_a_sheet_and_once(register: Register, tmp_path: Path) -> None:
    """Each under its own day, the document with it; the same sheet again brings nothing."""
    (tmp_path / "plan.txt").write_text("the plan", "utf-8")
    paths = write(tmp_path, records=RECORDS.splitlines(keepends=True)[0] + RECORDS_R1, notes=NOTES)
    done = import_sheets(register, paths)
    assert (done.faults, done.kept) == ((), 3)
    noted = register.history("R1")[1:]
    assert [(event.on.isoformat(), event.source, event.what) for event in noted] == [
        ("2022-01-20", "minutes 4", Noted("The board asked for a date")),
        ("2022-03-01", None, Noted("The plan", (noted[1].what.documents[0],))),  # type: ignore[union-attr]
    ]
    assert import_sheets(register, paths).known == 3


def test_a_note_without_its_words_is_told_in_its_cell(register: Register, tmp_path: Path) -> None:
    """As any cell that is needed and empty."""
    empty = "record,note,on,actor,actor_role\nR1,,2022-01-20,clerk,liaison_officer\n"
    paths = write(tmp_path, records=RECORDS.splitlines(keepends=True)[0] + RECORDS_R1, notes=empty)
    assert [fault.code for fault in import_sheets(register, paths).faults] == ["sheet-value"]


def test_a_field_may_be_called_note(tmp_path: Path) -> None:
    """A force's own field of that name stands in its sheet of records, as ever."""
    words = "vocabulary: own\nfields:\n  afi:\n    note: {type: text, title: Note}\n"
    (tmp_path / "words.yaml").write_text(words, "utf-8")
    sheet = RECORDS.splitlines(keepends=True)[0].replace("owner", "note") + RECORDS_R1
    with Register.open("memory:", rulebook=load(tmp_path / "words.yaml"), clock=clock) as register:
        assert import_sheets(register, write(tmp_path, records=sheet)).faults == ()
        assert register.record("R1").fields["note"] == "lead-1"
