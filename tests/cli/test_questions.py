"""remap and check --register: what a question set means for the open book, on the command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from peelflow.rulebook.national import shipped_folder
from tests.cli.conftest import Run

OWN = """\
question_set: kent_2024
title: Questions of Kent
in_force_from: 2024-01-01
forces: kent
replaces: peel_nine
succeeds: {"1": ["8", "9"], "5": "5", "10": "5"}
"""
REGISTER = ("--register", "kent.db", "--rules", "rules")
NEW = ("--register", "new.db")
OFFICER = ("--actor", "kim", "--actor-role", "liaison_officer")
ORDER = (*OFFICER, "--reason", "the new set", "--on", "2024-02-01")


@pytest.fixture
def here(run: Run) -> Run:
    """Give the command beside a register with records on questions 2, 5 and 8."""
    Path("rules").mkdir()
    Path("rules/own.yaml").write_text(OWN, "utf-8")
    for question in ("2", "5", "8"):
        add(run, f"R-{question}", question)
    return run


def add(run: Run, name: str, question: str, *more: str) -> None:
    """Add a record of level 3 on a question."""
    ran = run(
        *("add", name, "--category", "recommendation", "--level", "3", "--force", "kent"),
        *("--issued", "2023-06-01", "--field", f"question={question}", *more),
        *(*OFFICER, *REGISTER),
    )
    assert ran.code == 0


def test_a_dry_run_says_what_becomes_of_each_question(here: Run) -> None:
    """What the mapping decides, and what it leaves; nothing is written, and exit code 1."""
    ran = here("remap", "kent_2024", "--dry-run", "--on", "2024-02-01", *REGISTER)
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "kent_2024: 1 would move, 2 left",
        "record  category        state  set        question  becomes  what",
        "R-2     recommendation  open   peel_nine  2                  left: nobody mapped it",
        "R-5     recommendation  open   peel_nine  5         5, 10    left: several succeed it",
        "R-8     recommendation  open   peel_nine  8         1        moves",
    ]
    assert "kent_2024" not in here("show", "R-8", *REGISTER).out


def test_what_is_applied_is_moved_and_all_moved_is_fine(here: Run) -> None:
    """The second time there is nothing to move but what is left; of one record alone, exit 0."""
    ran = here("remap", "kent_2024", "--apply", *ORDER, "--where", "record=R-8", *REGISTER)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "kent_2024: 1 moved, 0 left")
    assert ran.out.splitlines()[-1].endswith("moved")
    assert "question: 8 → 1" in here("show", "R-8", *REGISTER).out
    again = here("remap", "kent_2024", "--apply", *ORDER, "--where", "record=R-8", *REGISTER)
    assert (again.code, again.out) == (0, "kent_2024: 0 moved, 0 left\n")


def test_a_list_of_it_is_rows_alone(here: Run) -> None:
    """As CSV, without the count above; with no row, the headings."""
    words = ("--dry-run", "--on", "2024-02-01", "--format", "csv", "--question", "8")
    heads = "record,category,state,set,question,becomes,what"
    ran = here("remap", "kent_2024", *words, *REGISTER)
    row = "R-8,recommendation,open,peel_nine,8,1,moves"
    assert (ran.code, ran.out.splitlines()) == (0, [heads, row])
    ran = here("remap", "peel_nine", *words, *REGISTER)
    assert (ran.code, ran.out.splitlines()) == (0, [heads])


def test_a_dry_run_with_a_reason_tells_what_would_be_refused(here: Run) -> None:
    """As the actor: here on a day before the records were issued."""
    order = (*OFFICER, "--reason", "the new set", "--on", "2023-06-01")
    here("amend", "R-8", "owner", "lead", *ORDER, *REGISTER)
    ran = here("remap", "kent_2024", "--dry-run", *order, *REGISTER)
    assert (ran.code, ran.out.splitlines()[0]) == (1, "kent_2024: 0 would move, 3 left")
    assert "2024-02-01" in ran.out.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give --dry-run or --apply"),
        (("--dry-run", "--apply"), "give --dry-run or --apply"),
        (("--apply",), "give --actor and --actor-role"),
        (("--apply", *OFFICER), "the reason of the remapping"),
    ],
)
def test_an_order_that_says_too_little_is_misuse(
    here: Run, words: tuple[str, ...], message: str
) -> None:
    """Exit code 2, and what to give."""
    ran = here("remap", "kent_2024", *words, *REGISTER)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_check_counts_the_open_records_that_a_dropped_question_leaves(here: Run) -> None:
    """The first three by name; of none it is said so; without a register there is no word."""
    ran = here("check", "rules", "--register", "kent.db")
    assert ran.code == 0
    note = "rules/own.yaml:1:1: question-dropped: note: no question of `kent_2024` succeeds "
    note += "questions 1, 2, 3, 4, 6, 7 of `peel_nine`"
    assert ran.out.splitlines()[0] == (
        f"{note}; 1 open record has no relevant inspection under it: R-2"
    )
    for question in ("3", "4", "6", "7"):
        add(here, f"R-{question}", question)
    ran = here("check", "rules", "--register", "kent.db")
    assert "; 5 open records have no relevant inspection under it: R-2, R-3, R-4, ...\n" in ran.out
    assert here("check", "rules").out.splitlines()[0] == note
    here("appoint", "c", "lead", "--force", "kent", "--first-day", "2023-01-01", *OFFICER, *NEW)
    ran = here("check", "rules", *NEW)
    assert "; no open records have no relevant inspection under it\n" in ran.out


def test_check_counts_what_a_set_of_unknown_size_left_unmapped(here: Run) -> None:
    """Which questions it has nobody knows; those that open records are about are known."""
    text = "question_set: {}\nin_force_from: {}\ntitle: T\nforces: kent\n{}"
    for name, day, more in (
        ("asked", "2024-06-01", "replaces: peel_nine\nsucceeds: {'1': ['2', '5', '8']}\n"),
        ("later", "2024-07-01", "replaces: asked\nsucceeds: {'5': '1'}\n"),
    ):
        Path(f"rules/{name}.yaml").write_text(text.format(name, day, more))
    files = ("rules/asked.yaml", "rules/later.yaml")
    assert "later.yaml:1:1" not in here("check", *files, "--register", "kent.db").out
    add(here, "R-9", "3", "--field", "question_set=asked")
    ran = here("check", *files, "--register", "kent.db")
    (line,) = [line for line in ran.out.splitlines() if "later.yaml:1:1" in line]
    assert ran.code == 0
    assert "question-dropped: note: no question of `later` succeeds what open records" in line
    assert line.endswith("1 open record has no relevant inspection under it: R-9")
    assert "later.yaml:1:1" not in here("check", *files).out


def test_check_counts_for_a_national_set_however_its_file_is_named(here: Run) -> None:
    """The register has the set already, from the same file by another path."""
    path = os.path.relpath(shipped_folder("rules") / "national" / "peel-2025.yaml")
    ran = here("check", path, "--register", "kent.db")
    assert (ran.code, ran.err) == (0, "")
    assert "question-dropped" in ran.out
    assert "no relevant inspection under it" in ran.out


def test_check_with_a_register_says_of_other_rules_what_it_says_without(here: Run) -> None:
    """Of files without sets, and of files with faults, which no register can run under."""
    Path("rules/own.yaml").write_text("vocabulary: own\nroles: {r: {side: force, title: R}}\n")
    plain = here("check", "rules")
    assert here("check", "rules", "--register", "kent.db") == plain
    Path("rules/own.yaml").write_text(OWN.replace("peel_nine", "peel_nil"))
    broken = here("check", "rules")
    assert broken.code == 1
    assert here("check", "rules", "--register", "kent.db") == broken
