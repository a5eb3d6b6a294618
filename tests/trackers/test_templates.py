"""Templates: what they hold, and that they are imported when they are filled in."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Mapping
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from peelflow.errors import InvalidRequest, InvalidRules, MissingDependency
from peelflow.register.csv_import import ImportResult, import_sheets
from peelflow.register.register import Register
from peelflow.register.sheet_kinds import SHEET_KINDS
from peelflow.rulebook.national import national
from peelflow.trackers.grid import Grid
from peelflow.trackers.templates import (
    COLUMN_MEANINGS,
    example_row,
    sheet_lines,
    template_columns,
    write_template,
)
from peelflow.trackers.workbook import Workbook, read_workbook
from tests.builders.force import CHIEF, LIAISON

KINDS = [kind.name for kind in SHEET_KINDS]
KINDS_OF = {kind.name: kind for kind in SHEET_KINDS}


def opened(content: bytes) -> Workbook:
    """Read a template as a workbook."""
    return read_workbook(Path("t.xlsx"), content)


def column_texts(grid: Grid, column: int) -> list[str]:
    """Return what a column says."""
    return [row.text(column) for row in grid.rows]


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_has_headings_an_example_lists_and_an_explanation(kind: str) -> None:
    """The headings are those of the sheet, those that must be filled first."""
    book = opened(write_template(kind, national()))
    columns = template_columns(kind, national())

    assert (book.sheets, book.hidden_sheets) == ((kind, "Columns"), ("Lists",))
    grid = book.grid(kind)
    assert [grid.rows[0].text(n + 1) for n in range(len(columns))] == [c.heading for c in columns]
    assert [grid.rows[1].value(n + 1) for n in range(len(columns))] == [*example_row(kind, columns)]
    explained = book.grid("Columns")
    assert column_texts(explained, 1)[1 : len(columns) + 1] == [c.heading for c in columns]
    assert all(column_texts(explained, 3)[1 : len(columns) + 1])


def test_cells_are_chosen_from_what_the_rules_know() -> None:
    """Categories of the same fields, levels, states, roles."""
    lists = opened(write_template("records", national())).grid("Lists")
    by_heading = {
        lists.rows[0].text(column): [text for text in column_texts(lists, column)[1:] if text]
        for column in lists.rows[0].filled
    }

    assert by_heading["category"] == ["cause_of_concern", "recommendation", "afi"]
    assert by_heading["level"] == ["1", "2", "3", "4", "none"]
    assert {"open", "self_certified", "archived"} <= {*by_heading["state"]}
    assert "system" not in by_heading["actor_role"]
    assert by_heading["question_set"] == ["peel_2025", "peel_nine", "peel_twelve"]
    with zipfile.ZipFile(BytesIO(write_template("acts", national()))) as archive:
        assert b"<dataValidation " in archive.read("xl/worksheets/sheet1.xml")


def test_every_column_of_every_kind_is_explained() -> None:
    """Nothing that a machine can list is left out."""
    columns = {column for kind in SHEET_KINDS for column in kind.columns}
    assert columns == {*COLUMN_MEANINGS}


def test_a_column_is_explained_as_its_sheet_means_it() -> None:
    """In a sheet of corrections an empty cell was right, and no field must be filled."""
    columns = {
        kind: {column.heading: column for column in template_columns(kind, national())}
        for kind in ("records", "corrections", "links")
    }
    assert columns["corrections"]["level"].meaning.startswith("The level that it should have had")
    assert columns["links"]["on"].meaning == "The day from which it lies there"
    assert columns["corrections"]["correction"].choices == ("void", "redate", "reenter")
    reports = template_columns("corrections", national(), category="report")
    sheet = KINDS_OF["corrections"]
    assert [c.heading for c in reports if c.required] == [*sheet.required]
    fields = national().vocabulary.categories["report"].fields
    assert [c.heading for c in reports] == [*sheet.columns, *fields]


def test_the_same_rules_give_the_same_template() -> None:
    """Byte for byte, whenever it is written."""
    content = write_template("records", national())
    assert content == write_template("records", national())
    with zipfile.ZipFile(BytesIO(content)) as parts:
        assert b"2023-03-30T00:00:00Z</dcterms:created>" in parts.read("docProps/core.xml")


def test_a_template_may_be_of_another_category() -> None:
    """With its fields; one that is called as a column is has a prefix."""
    headings = [c.heading for c in template_columns("records", national(), category="inspection")]
    assert headings[-7:] == [
        *("title", "kind", "first_day", "last_day", "questions", "question_set"),
        "published_report",
    ]
    with pytest.raises(InvalidRequest, match="did you mean `records`"):
        template_columns("record", national())
    with pytest.raises(InvalidRequest, match="did you mean `recommendation`"):
        template_columns("records", national(), category="recomendation")


def filled(folder: Path, kind: str, row: Mapping[str, Any], *, example: bool = True) -> Path:
    """Write a workbook as somebody who filled a template in leaves it."""
    columns = template_columns(kind, national())
    path = folder / f"{kind}.xlsx"
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet = book.add_worksheet(kind)
        rows = [tuple(row.get(column.heading) for column in columns)]
        rows = [example_row(kind, columns), *rows] if example else rows
        for place, column in enumerate(columns):
            sheet.write(0, place, column.heading)
            for number, cells in enumerate(rows, start=1):
                if isinstance(cells[place], date):
                    sheet.write_datetime(number, place, cells[place], day)
                elif cells[place] is not None:
                    sheet.write(number, place, cells[place])
        book.add_worksheet("Mine").write(0, 0, "mine")
    return path


def imported(register: Register, *paths: Path) -> ImportResult:
    """Import workbooks as the command does."""
    return import_sheets(register, paths, lines_of=sheet_lines)


@pytest.mark.parametrize("example", [True, False])
def test_filled_templates_are_imported(*, example: bool, tmp_path: Path) -> None:
    """Each kind; the example row is passed over, and a day is a date cell."""
    (tmp_path / "letter.txt").write_text("Done.", "utf-8")
    by = {"actor": LIAISON.person, "actor_role": LIAISON.role}
    paths = [
        filled(tmp_path, kind, {**by, **row}, example=example)
        for kind, row in {
            "appointments": {
                "person": CHIEF.person,
                "person_role": CHIEF.role,
                "force": "wmp",
                "first_day": date(2022, 1, 1),
            },
            "records": {
                "record": "R-1",
                "category": "afi",
                "level": 2,
                "force": "wmp",
                "issued": date(2022, 12, 16),
                "owner": "lead-3",
                "question": 7.2,
            },
            "acts": {"record": "R-1", "trigger": "start", "on": date(2023, 1, 9)},
            "amendments": {
                "record": "R-1",
                "field": "owner",
                "value": "lead-4",
                "reason": "moved",
                "on": date(2023, 1, 10),
            },
            "documents": {
                "record": "R-1",
                "document": "letter.txt",
                "kind": "letter",
                "on": date(2023, 1, 11),
            },
            "corrections": {
                "record": "R-1",
                "event": 2,
                "correction": "redate",
                "to": date(2023, 1, 8),
                "reason": "on Sunday",
                "on": date(2023, 1, 12),
            },
            "links": {"record": "R-1", "parent": "C-1", "on": date(2023, 1, 12)},
            "joint": {
                "record": "C-1",
                "joint_with": "essex",
                "joint_acts": "any",
                "reason": "one unit",
                "on": date(2023, 1, 12),
            },
            "notes": {"record": "R-1", "note": "late", "on": date(2023, 1, 12)},
        }.items()
    ]
    with Register.open("memory:") as register:
        said: dict[str, Any] = {"category": "cause_of_concern", "force": "wmp"}
        register.add("C-1", **said, issued=date(2022, 12, 16), actor=LIAISON)
        result = imported(register, *paths)
        record = register.record("R-1")

    assert (result.faults, result.kept) == ((), len(KINDS))
    assert (record.parent, record.entered["in_progress"].on) == ("C-1", date(2023, 1, 8))
    assert (record.forces, record.joint_acts) == (("wmp", "essex"), "any")
    assert (record.state, record.fields["owner"]) == ("in_progress", "lead-4")
    assert (record.fields["question"], len(record.attachments)) == ("7.2", 1)


def test_an_untouched_template_holds_nothing(tmp_path: Path) -> None:
    """All of its rows are the example."""
    path = tmp_path / "t.xlsx"
    with Register.open("memory:") as register:
        for kind in KINDS:
            path.write_bytes(write_template(kind, national()))
            assert imported(register, path) == ImportResult(0, 0, ())


def test_an_example_that_was_changed_is_a_row(tmp_path: Path) -> None:
    """Whoever writes over it means it."""
    by = {"actor": "somebody-else", "actor_role": "liaison_officer"}
    row = {"record": "EXAMPLE-1", "trigger": "start", "on": date(2023, 1, 9)}
    with Register.open("memory:") as register:
        result = imported(register, filled(tmp_path, "acts", {**row, **by}))

    (fault,) = result.faults
    assert (fault.code, fault.span.line) == ("row-refused", 3)


def test_what_is_no_template_is_told(tmp_path: Path) -> None:
    """A tracker of one's own needs a map."""
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Tracker").write(0, 0, "Ref")
    with Register.open("memory:") as register, pytest.raises(InvalidRules) as refused:
        imported(register, path)
    (fault,) = refused.value.diagnostics
    assert fault.code == "sheet-unknown"
    assert "--propose" in fault.help


def test_formulas_and_errors_in_a_template_are_told(tmp_path: Path) -> None:
    """By their cells."""
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("acts")
        sheet.write_row(0, 0, ["record", "trigger", "on", "actor", "actor_role"])
        sheet.write_formula(1, 0, '="R"&1', None, "R1")
        sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    with Register.open("memory:") as register, pytest.raises(InvalidRules) as refused:
        imported(register, path)

    assert [fault.sentence for fault in refused.value.diagnostics] == [
        "acts!A2 is a formula",
        "acts!B2 shows #DIV/0!",
    ]


def test_a_csv_file_is_read_as_ever(tmp_path: Path) -> None:
    """Only a workbook is read here."""
    assert sheet_lines(tmp_path / "t.csv") is None


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to install it."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingDependency, match=r"pip install 'peelflow\[sheets\]'"):
        write_template("acts", national())
