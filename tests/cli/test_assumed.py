"""What was taken over is marked in a column of its own, in every list and every format."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from tests.cli.conftest import Run

LIAISON = ("--actor", "officer-1", "--actor-role", "liaison_officer")
HMICFRS = (*("--actor", "inspectorate", "--actor-role", "hmicfrs"), "--recorded-by", "officer-1")
TAKEN = ("--on", "2026-11-20", "--source", "portal list of 20 November", "--reason", "it is so")
LEVEL_3 = ("--category", "recommendation", "--level", "3", "--force", "wmp")
FIELDS = ("--field", "owner=lead-3", "--field", "question=7", "--field", "due=2026-11-10")
HERE = ("--register", "r.db")


@pytest.fixture
def force(run: Run) -> Run:
    """Give the command, on a register of one record added and two taken over."""
    issued = ("--issued", "2026-11-02")
    asked = [
        ("add", "ADDED", *LEVEL_3, *issued, *FIELDS, *LIAISON),
        ("add", "OURS", *LEVEL_3, *issued, *FIELDS, "--state", "self_certified", *TAKEN, *LIAISON),
        ("add", "THEIRS", *LEVEL_3, *issued, *FIELDS, "--state", "closed", *TAKEN, *HMICFRS),
    ]
    for words in asked:
        ran = run(*words, *HERE)
        assert ran.code == 0, ran.err
    inspection = ("--category", "inspection", "--force", "wmp", "--field", "kind=planned")
    days = ("--field", "first_day=2026-12-01", "--field", "last_day=2026-12-02")
    words = (*inspection, *days, "--field", "questions=7", *issued)
    assert run("add", "INSP", *words, *HMICFRS, "--source", "notice", *HERE).code == 0
    return run


def rows_of(text: str, *columns: str) -> list[tuple[str, ...]]:
    """Return some columns of what was printed as CSV."""
    return [tuple(row[name] for name in columns) for row in csv.DictReader(StringIO(text))]


LISTS = (
    (("list", "--category", "recommendation"), {"ADDED": "", "OURS": "yes", "THEIRS": "yes"}),
    (("overdue", "--on", "2026-11-25"), {"ADDED": "", "OURS": "yes"}),
    (("due", "--on", "2026-11-25"), {"ADDED": "", "OURS": "yes"}),
    (("ages", "--on", "2026-11-25"), {"ADDED": "", "OURS": "yes"}),
    (("plan", "--on", "2026-11-25"), {"ADDED": "", "OURS": "yes"}),
    (
        ("movement", "--after", "2026-10-31", "--until", "2026-11-25"),
        {"ADDED": "", "OURS": "yes", "THEIRS": "yes"},
    ),
)


@pytest.mark.parametrize(("asked", "marked"), LISTS, ids=lambda value: str(value)[:12])
def test_a_list_marks_it_in_every_format(
    force: Run, asked: tuple[str, ...], marked: dict[str, str]
) -> None:
    """And the word of the state stays the rules' own."""
    told = rows_of(force(*asked, "--format", "csv", *HERE).out, "record", "assumed", "state")
    states = {"ADDED": "open", "OURS": "self_certified", "THEIRS": "closed"}
    ours = [row for row in told if row[0] in marked]
    assert sorted(ours) == [(name, mark, states[name]) for name, mark in marked.items()]

    said = json.loads(force(*asked, "--format", "json", *HERE).out)
    rows = said if isinstance(said, list) else [row for part in said.values() for row in part]
    found = {row["record"]: row["assumed"] or "" for row in rows}
    assert {name: found[name] for name in marked} == marked

    assert force(*asked, "-o", "list.xlsx", *HERE).code == 0
    in_book: dict[str, object] = {}
    book = CalamineWorkbook.from_path("list.xlsx")
    for sheet in book.sheet_names:
        head, *cells = book.get_sheet_by_name(sheet).to_python()
        places = head.index("record"), head.index("assumed")
        in_book |= {str(row[places[0]]): row[places[1]] or "" for row in cells}
    assert in_book.items() >= marked.items()
    Path("list.xlsx").unlink()

    for form in ("table", "md"):
        printed = force(*asked, "--format", form, *HERE).out
        assert " assumed " in printed
        assert "(assumed)" not in printed


def test_people_are_shown_no_column_of_nothing(run: Run) -> None:
    """It is there for programs, and for who asks for it."""
    run("add", "ADDED", *LEVEL_3, "--issued", "2026-11-02", *FIELDS, *LIAISON, *HERE)
    for asked in (("list",), ("ages",), ("overdue",), ("figures",)):
        assert "ssumed" not in run(*asked, *HERE).out
        assert "ssumed" in run(*asked, "--format", "csv", *HERE).out
    assert "assumed" in run("list", "--columns", "record,assumed", *HERE).out


def test_the_figures_say_how_many_line_by_line(force: Run) -> None:
    """In each format, with their total."""
    told = force("figures", *HERE).out.splitlines()
    assert told[1].split() == ["Open", "Closed", "Total", "Assumed"]
    assert [line.split()[-4:] for line in told if "Level 3" in line and "AFI" not in line] == [
        ["2", "1", "3", "2"]
    ]
    told = force("figures", "--format", "csv", *HERE).out.splitlines()
    assert "Recommendation Level 3,2,1,3,2" in told
    assert told[-1] == "Total,2,1,3,2"
    said = json.loads(force("figures", "--format", "json", *HERE).out)
    assert said["total"] == {"open": 2, "closed": 1, "total": 3, "assumed": 2}
    markdown = force("figures", "--format", "md", *HERE).out
    assert "| Recommendation Level 3 | 2 | 1 | 3 | 2 |" in markdown
    assert force("figures", "-o", "f.xlsx", *HERE).code == 0
    *_, last = CalamineWorkbook.from_path("f.xlsx").get_sheet_by_index(0).to_python()
    assert last == ["Total", 2, 1, 3, 2]
    selected = force("figures", "--level", "3", "--where", "owner=lead-3", *HERE).out
    assert "Recommendation Level 3" in selected
    assert selected.splitlines()[-1].split() == ["Total", "2", "1", "3", "2"]


def test_show_says_it_beside_the_state(force: Run) -> None:
    """And no more once it walked, or was withdrawn."""
    facts = [line.split(maxsplit=1) for line in force("show", "THEIRS", *HERE).out.splitlines()]
    assert ["state", "closed (portal: closed)"] in facts
    assert ["assumed", "taken over so on 2026-11-20"] in facts
    assert "assumed" not in force("show", "ADDED", *HERE).out
    act = ("--on", "2026-11-21", "--reason", "not done", "--source", "letter", *HMICFRS, *HERE)
    assert force("fire", "THEIRS", "reopen", *act).code == 0
    assert "taken over so" not in force("show", "THEIRS", *HERE).out


def test_show_says_as_what_it_was_taken_over(force: Run) -> None:
    """Where it is of another level by now: nobody saw it closed there either."""
    act = ("--on", "2026-11-21", "--reason", "graded anew", "--source", "letter", *HMICFRS, *HERE)
    assert force("relevel", "THEIRS", "level-3-to-4", *act).code == 0
    facts = [line.split(maxsplit=1) for line in force("show", "THEIRS", *HERE).out.splitlines()]
    assert ["state", "closed (portal: closed)"] in facts
    assert ["assumed", "taken over as closed under level-3@2 on 2026-11-20"] in facts
    told = rows_of(force("list", "--format", "csv", *HERE).out, "record", "assumed", "level")
    assert ("THEIRS", "yes", "4") in told


def test_the_paper_marks_it_in_its_tables(force: Run) -> None:
    """The figures, what moved, what is over its day, and what waits for verification."""
    asked = ("--as-at", "2026-11-25", "--since", "2026-10-31")
    assert force("paper", *asked, "-o", "paper.html", *HERE).code == 0
    text = Path("paper.html").read_text("utf-8")
    assert "2 of the 3 were taken over as they stood" in text
    assert text.count(">Assumed</") >= 4
    assert "(assumed)" not in text


def test_case_21_is_refused_and_says_whose_word_it_takes(run: Run) -> None:
    """An audit committee cannot say that HMICFRS closed a level 4 recommendation."""
    words = ("--category", "recommendation", "--level", "4", "--force", "wmp")
    member = ("--actor", "member-1", "--actor-role", "audit_committee")
    ran = run(
        *("add", "R-1", *words, "--issued", "2026-11-01", *member, "--state", "closed"),
        *("--source", "email", "--reason", "done", "--on", "2026-11-20", *HERE),
    )
    assert ran.code == 2
    assert "R-1: the state `closed`: is entered by `hmicfrs` alone under level-4@2" in ran.err
    assert not Path("r.db").exists()
