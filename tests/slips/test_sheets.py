"""Sheets as people keep them: half a file, stray quotes, Excel's days, rows in no order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow.model.records import Added, Amended, Attached, TransitionTaken
from peelflow.register.csv_import import ImportResult, import_sheets
from peelflow.register.csv_schema import DateFormat
from peelflow.register.register import Register
from peelflow.register.sheet_kinds import SHEET_KINDS
from tests.builders.force import clock

RECORDS = "record,category,level,force,issued,actor,actor_role,owner,title\n"
ACTS = "record,trigger,on,actor,actor_role\n"
ATTACHMENTS = "record,document,kind,signed_by,signed_on,on,actor,actor_role\n"
AMENDMENTS = "record,field,value,on,reason,actor,actor_role\n"
PEOPLE = "person,person_role,force,first_day,actor,actor_role\n"
CLERK = "clerk,liaison_officer"
SHEET_TEXT = {kind.name: ",".join(kind.required) for kind in SHEET_KINDS}


@pytest.fixture
def register() -> Iterator[Register]:
    """Give an empty register."""
    with Register.open("memory:", clock=clock) as opened:
        yield opened


def write(folder: Path, **sheets: str) -> list[Path]:
    """Write sheets into a folder, in order."""
    for name, text in sheets.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return [folder / f"{name}.csv" for name in sheets]


def record_row(record: str, *, day: str = "2022-12-16", title: str = "") -> str:
    """Return the row of a record."""
    return f"{record},afi,2,wmp,{day},{CLERK},lead-1,{title}\n"


def faults_of(done: ImportResult) -> list[tuple[int, int, str]]:
    """Return the places and codes of faults."""
    return [(fault.span.line, fault.span.column, fault.code) for fault in done.faults]


@pytest.mark.parametrize("kind", SHEET_KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("missing", [1, 2])
def test_item_16_a_short_row_is_refused_as_a_long_one(
    kind: object, missing: int, register: Register, tmp_path: Path
) -> None:
    """In every kind of sheet a row without all its cells is told: the rest may be cut off."""
    header = SHEET_TEXT[getattr(kind, "name", "")]
    row = ",".join(["x"] * (header.count(",") + 1 - missing))
    done = import_sheets(register, write(tmp_path, sheet=f"{header}\n{row}"))
    assert faults_of(done) == [(2, 1, "sheet-cells")]
    assert done.kept == 0


def test_item_16_what_a_spreadsheet_leaves_empty_does_not_matter(
    register: Register, tmp_path: Path
) -> None:
    """Empty columns behind the last, empty rows, and more empty cells are passed over."""
    text = RECORDS.replace("\n", ",,\n") + record_row("R1").replace("\n", ",,\n") + ",,,\n,\n\n"
    text += record_row("R2").replace("\n", ",,,,\n") + record_row("R3")
    done = import_sheets(register, write(tmp_path, records=text))
    assert done == ImportResult(kept=3, known=0, faults=())


def test_item_16_a_column_without_a_name_that_holds_something_is_told(
    register: Register, tmp_path: Path
) -> None:
    """Only a column that is empty all through is passed over."""
    text = RECORDS.replace("\n", ",\n") + record_row("R1").replace("\n", ",lost\n")
    done = import_sheets(register, write(tmp_path, records=text))
    assert faults_of(done) == [(1, 10, "sheet-column")]


@pytest.mark.parametrize("swallowed", [0, 1, 3])
@pytest.mark.parametrize("column", [2, 7, 8, 9])
def test_item_16_quotes_that_swallow_rows_are_told_at_their_first_line(
    swallowed: int, column: int, register: Register, tmp_path: Path
) -> None:
    """Two stray quotes, in any column, do not lose the rows between them in silence."""
    cells = [record_row(f"R{n}", title="plain").strip().split(",") for n in range(swallowed + 3)]
    cells[1][column - 1] = f'"{cells[1][column - 1]}'
    cells[-1][column - 1] = f'{cells[-1][column - 1]}"'
    rows = "".join(",".join(row) + "\n" for row in cells)
    done = import_sheets(register, write(tmp_path, records=RECORDS + rows))
    assert faults_of(done) == [(3, column, "sheet-quotes")]
    last = 3 + swallowed + 1
    assert f"of line 3 runs over lines 3 to {last} and holds" in done.faults[0].sentence


def test_item_16_the_lines_of_a_cell_are_counted_behind_those_before_it(
    register: Register, tmp_path: Path
) -> None:
    """The lines that are told are the cell's own, though another cell of the row has lines too."""
    header = RECORDS.replace("title", "title,theme")
    first = record_row("R1", title='"a\nb","see').rstrip() + "\n"
    rows = header + first + record_row("R2", title="plain").rstrip() + ',x"\n'
    done = import_sheets(register, write(tmp_path, records=rows))
    assert "runs over lines 3 to 4" in done.faults[0].sentence


@pytest.mark.parametrize(
    "title", ["one\ntwo", "first, second, third\nand 7 more, or 8", "a\n\nb, c, d, e, f, g, h, i"]
)
def test_item_16_a_cell_of_several_lines_is_kept(
    title: str, register: Register, tmp_path: Path
) -> None:
    """Lines that look like no row are a text as good as any other."""
    rows = record_row("R1", title=f'"{title}"')
    done = import_sheets(register, write(tmp_path, records=RECORDS + rows))
    assert done.faults == ()
    assert register.record("R1").fields["title"] == title


def test_a_quote_that_is_never_closed_is_told_where_it_opens(
    register: Register, tmp_path: Path
) -> None:
    """The line of the row is told, not the last of the sheet."""
    rows = record_row("R1") + record_row("R2", title='"see') + record_row("R3")
    done = import_sheets(register, write(tmp_path, records=RECORDS + rows))
    assert faults_of(done) == [(3, 1, "sheet-syntax")]


DAYS = [("16/12/2022", "2022-12-16"), ("1/2/2023", "2023-02-01"), ("2023-03-30", "2023-03-30")]


@pytest.mark.parametrize(("written", "meant"), DAYS)
def test_item_34_days_as_excel_writes_them(
    written: str, meant: str, register: Register, tmp_path: Path
) -> None:
    """Said how the sheet writes its days, each is read: columns, fields, amended fields."""
    header = RECORDS.replace("title", "due")
    sheets = write(
        tmp_path,
        people=f"{PEOPLE}chief,chief_constable,wmp,{written},{CLERK}\n",
        records=header + record_row("R1", day=written, title=written),
        acts=f"{ACTS}R1,start,{written},{CLERK}\n",
        amendments=f"{AMENDMENTS}R1,published,{written},{written},said,{CLERK}\n",
    )
    done = import_sheets(register, sheets, dates=DateFormat.BRITISH)
    assert done == ImportResult(kept=4, known=0, faults=())
    kept = register.record("R1")
    assert (kept.issued.isoformat(), kept.on.isoformat()) == (meant, meant)
    assert (kept.fields["due"], kept.fields["published"]) == (meant, meant)
    assert {event.on.isoformat() for event in register.history("R1")} == {meant}


def test_item_34_a_sheet_saved_by_excel_is_the_same_sheet(
    register: Register, tmp_path: Path
) -> None:
    """A sheet that was imported, and saved in Excel since, repeats what it said."""
    texts = {
        "records": RECORDS.replace("title", "due") + record_row("R1", title="2023-03-30"),
        "acts": f"{ACTS}R1,start,2023-01-09,{CLERK}\n",
        "amendments": f"{AMENDMENTS}R1,due,2023-04-01,2023-02-01,late,{CLERK}\n",
    }
    import_sheets(register, write(tmp_path, **texts))
    for iso in ("2022-12-16", "2023-03-30", "2023-01-09", "2023-04-01", "2023-02-01"):
        british = "/".join(reversed(iso.split("-")))
        texts = {name: text.replace(iso, british) for name, text in texts.items()}
    again = import_sheets(register, write(tmp_path, **texts), dates=DateFormat.BRITISH)
    assert again == ImportResult(kept=0, known=3, faults=())


@pytest.mark.parametrize(
    ("written", "told"),
    [("16/12/2022", True), ("16.12.22", True), ("30/02/2022", True), ("soon", False)],
)
@pytest.mark.parametrize("column", ["issued", "due"])
def test_item_34_the_advice_survives_the_next_save(
    written: str, column: str, register: Register, tmp_path: Path, *, told: bool
) -> None:
    """A day as a spreadsheet writes it is told with what works there, in columns and fields."""
    day, due = (written, "2023-01-01") if column == "issued" else ("2022-12-16", written)
    text = RECORDS.replace("title", "due") + record_row("R1", day=day, title=due)
    done = import_sheets(register, write(tmp_path, records=text))
    place = RECORDS.replace("title", "due").strip().split(",").index(column) + 1
    assert faults_of(done) == [(2, place, "sheet-value")]
    assert ("`--dates DD/MM/YYYY`" in (done.faults[0].help or "")) is told


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("4, 5, 7", "457"), ("4;5;7", "457"), ("4 ; 5,7", "457"), ("4\n5\n7", "457"), ("7;", "7")],
)
def test_item_8_questions_are_parted_by_what_people_type(
    typed: str, meant: str, register: Register, tmp_path: Path
) -> None:
    """Semicolons, commas and lines part the items of a list whose items come from a set."""
    header = "record,category,force,issued,kind,first_day,last_day,questions,question_set,"
    row = f'I,inspection,wmp,2023-01-02,planned,2023-06-05,2023-06-09,"{typed}",peel_nine,{CLERK}\n'
    done = import_sheets(register, write(tmp_path, i=f"{header}actor,actor_role\n{row}"))
    assert done.faults == ()
    assert register.record("I").fields["questions"] == tuple(meant)


def test_item_15_a_whole_history_comes_in_one_go(register: Register, tmp_path: Path) -> None:
    """Acts, amendments and documents of one history are taken by day, whatever sheet has them."""
    (tmp_path / "letter.txt").write_bytes(b"complete")
    acts = [f"R1,close,2023-02-01,chief,chief_constable\nR1,start,2023-01-09,{CLERK}\n"]
    paths = write(
        tmp_path,
        a_acts=ACTS + acts[0],
        b_documents=f"{ATTACHMENTS}R1,letter.txt,letter,chief,2023-01-31,2023-01-31,{CLERK}\n",
        c_amendments=f"{AMENDMENTS}R1,owner,lead-2,2023-01-20,leave,{CLERK}\n",
        d_records=RECORDS + record_row("R1"),
        e_people=f"{PEOPLE}chief,chief_constable,wmp,2022-01-01,{CLERK}\n",
    )
    assert import_sheets(register, paths) == ImportResult(kept=6, known=0, faults=())
    kinds = [type(event.what) for event in register.history("R1")]
    assert kinds == [Added, TransitionTaken, Amended, Attached, TransitionTaken]
    assert register.record("R1").state == "closed"
    assert import_sheets(register, [tmp_path]) == ImportResult(kept=0, known=6, faults=())


def test_item_15_rows_of_one_day_stand_in_the_order_of_sheets_and_lines(
    register: Register, tmp_path: Path
) -> None:
    """A day does not tell what came first on it; the person who names the sheets does."""
    letter = f"{ATTACHMENTS}R1,letter.txt,letter,chief,2023-01-09,2023-01-09,{CLERK}\n"
    (tmp_path / "letter.txt").write_bytes(b"complete")
    names = ("1", "2", "3", "4")
    closing = f"{ACTS}R1,close,2023-01-09,chief,chief_constable\n"
    people = f"{PEOPLE}chief,chief_constable,wmp,2022-01-01,{CLERK}\n"
    texts = (RECORDS + record_row("R1"), f"{ACTS}R1,start,2023-01-09,{CLERK}\n", letter, closing)
    one, two, three, four = write(tmp_path, **dict(zip(names, texts, strict=True)))
    (who,) = write(tmp_path, people=people)
    refused = import_sheets(register, [who, one, three, two, four])
    assert [fault.code for fault in refused.faults] == ["row-refused"]  # attached before `start`
    assert import_sheets(register, [who, one, two, three, four]).kept == 5


def test_item_15_what_enters_a_record_comes_before_what_names_it(
    register: Register, tmp_path: Path
) -> None:
    """Parents, reports and records are entered before the rows that rest on them."""
    header = "record,category,level,force,issued,actor,actor_role,parent,source_report,owner,"
    header += "field.kind,title,published,state,on,reason,source\n"
    child = f"C,recommendation,3,wmp,2022-06-01,{CLERK},P,REP,lead,,,,,,,\n"
    parent = (
        f"P,cause_of_concern,,wmp,2022-01-01,{CLERK},,,lead,,,,in_progress,2023-01-01,old,list\n"
    )
    report = f"REP,report,,wmp,2023-02-01,{CLERK},,,,national,Custody,2023-02-01,,,,\n"
    sheets = write(tmp_path, records=header + child + parent + report)
    assert import_sheets(register, sheets) == ImportResult(kept=3, known=0, faults=())
    assert register.record("P").children == ("C",)


def test_item_15_faults_are_told_by_sheet_and_row(register: Register, tmp_path: Path) -> None:
    """The order in which rows are taken is not the order in which they are told."""
    acts = f"{ACTS}R1,start,2023-03-01,{CLERK}\nR9,start,2022-01-01,{CLERK}\nR1,start,x,{CLERK}\n"
    sheets = write(tmp_path, b=acts.replace("R1", "R8"), a=RECORDS + "short\n" + record_row(""))
    done = import_sheets(register, sheets)
    told = [(Path(fault.span.file).name, fault.span.line) for fault in done.faults]
    assert told == [("b.csv", 2), ("b.csv", 3), ("b.csv", 4), ("a.csv", 2), ("a.csv", 3)]


def test_item_15_rows_that_wait_for_each_other_are_told(register: Register, tmp_path: Path) -> None:
    """Two records that are each other's parent end in a diagnostic, not in a long wait."""
    header = "record,category,level,force,issued,actor,actor_role,parent\n"
    rows = f"A,cause_of_concern,,wmp,2022-01-01,{CLERK},B\nB,afi,2,wmp,2022-01-01,{CLERK},A\n"
    done = import_sheets(register, write(tmp_path, records=header + rows))
    assert {fault.code for fault in done.faults} == {"row-refused"}


def test_item_15_a_folder_without_sheets_is_told(register: Register, tmp_path: Path) -> None:
    """A folder that holds no sheet, or cannot be read, is no import of nothing."""
    (tmp_path / ".hidden.csv").write_text("x")
    done = import_sheets(register, [tmp_path])
    assert [fault.code for fault in done.faults] == ["empty"]


def test_item_15_a_folder_that_cannot_be_read_is_told(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why it cannot be read is said."""

    def refuse(_: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    done = import_sheets(register, [tmp_path])
    assert [fault.code for fault in done.faults] == ["unreadable"]


def test_item_15_what_is_no_file_is_told(register: Register, tmp_path: Path) -> None:
    """A pipe would be waited for without an end."""
    os.mkfifo(tmp_path / "records.csv")
    done = import_sheets(register, [tmp_path / "records.csv"])
    assert [fault.code for fault in done.faults] == ["unreadable"]
    assert "is no file" in done.faults[0].sentence


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[str, str]], list[int]]:
    """Return rows of a history in the order of their days, each with its sheet; and a shuffle."""
    day, rows = date(2022, 1, 1), []
    owned: list[str] = []
    for number in range(draw(st.integers(1, 4))):
        owned.append(f"R{number}")
        day += timedelta(days=draw(st.integers(1, 5)))
        rows.append((RECORDS, record_row(owned[-1], day=f"{day}")))
        for record in draw(st.lists(st.sampled_from(owned), max_size=4)):
            day += timedelta(days=1)
            value = f"lead-{len(rows)}x"
            rows.append((AMENDMENTS, f"{record},owner,{value},{day},moved,{CLERK}\n"))
    for record in owned:
        day += timedelta(days=1)
        rows.append((ACTS, f"{record},start,{day},{CLERK}\n"))
    return rows, draw(st.permutations(range(len(rows))))


def sheets_of(folder: Path, rows: Sequence[tuple[str, str]], sheets: int) -> list[Path]:
    """Write rows into some sheets of their kinds, in their order."""
    texts: dict[str, str] = {}
    for place, (header, row) in enumerate(rows):
        name = f"{place % sheets}-{header[:12].replace(',', '-')}"
        texts[name] = texts.get(name, header) + row
    return write(folder, **texts)


@given(history=histories(), sheets=st.integers(1, 3))
def test_item_15_however_a_history_lies_in_sheets_it_is_the_same(
    history: tuple[list[tuple[str, str]], list[int]],
    sheets: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Rows in any order, in any number of sheets, make the register that they make in theirs."""
    rows, order = history
    with Register.open("memory:", clock=clock) as ours, Register.open("memory:", clock=clock) as it:
        for one, row in enumerate(rows):
            folder = tmp_path_factory.mktemp(f"one-{one}")
            assert import_sheets(ours, sheets_of(folder, [row], 1)).faults == ()
        shuffled = [rows[place] for place in order]
        folder = tmp_path_factory.mktemp("all")
        assert import_sheets(it, sheets_of(folder, shuffled, sheets)).faults == ()
        assert list(ours.feed()) == list(it.feed())
