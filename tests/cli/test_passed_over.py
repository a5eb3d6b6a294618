"""No option is passed over in silence: what says nothing here is refused, or heeded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from peelflow.cli.options import today
from tests.builders.rules import REVIEW_WORDS
from tests.cli.conftest import Run

OFFICER = ("--actor", "officer-1", "--actor-role", "liaison_officer")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("list", "--ledger", "force"), "give --counts open or closed too"),
        (("list", "--owner", ""), "--no-owner asks for what nobody owns"),
        (("list", "--question", " "), "the option --question: is empty"),
        (("figures", "--report", ""), "the option --report: is empty"),
        (("list", "--counts", "open", "--ledger", ""), "the ledger: is empty"),
        (("list", "--columns", ","), "the option --columns: names none"),
        (("list", "--columns", "record,state,record"), "the column 'record': is named twice"),
        (("search", "custody", ""), "a word to search for: is empty"),
        (("list", "--where", "title~"), "says nothing behind `~`"),
        (("list", "--where", "level<"), "write what it is held to\n"),
        (("feed", "--after", "670"), "lies beyond the last event, at 669"),
        (("route", "WMP-R3-031", "--ledger", "prtal"), "did you mean `portal`?"),
        (("list", "--where", "due<"), "says nothing behind `<`; write what it is held to"),
        (("list", "--where", "level="), "write level=none"),
        (("overdue", "--ledger", "prtal"), "did you mean `portal`?"),
        (("due", "--ledger", "prtal"), "did you mean `portal`?"),
        (("ages", "--ledger", "prtal"), "did you mean `portal`?"),
        (
            ("paper", "--since", "2023-01-01", "-o", "p.md", "-o", "./p.md"),
            "the file p.md: is named twice",
        ),
        (
            ("paper", "--since", "2023-01-01", "--outline", "o.yaml", "--since-known", "5"),
            "is told in `corrections`, which the outline lacks",
        ),
        (
            ("paper", "--since", "2023-01-01", "--outline", "old.yaml"),
            "the outline's `older_than_years`, 99999: reaches beyond the calendar",
        ),
        (
            ("paper", "--since", "2023-01-01", "--html", "-o", "p.md"),
            "name a file that ends in .html",
        ),
        (
            ("note", "WMP-R3-031", "A word", *OFFICER, "--signed-by", "chief-constable"),
            "the option --signed-by: belongs to a document",
        ),
        (
            ("do", "WMP-R3-031", "self_certify", *OFFICER, "--signed-on", "2023-01-01"),
            "the option --signed-on: belongs to a document",
        ),
    ],
)
def test_what_says_nothing_is_refused(
    run: Run, demo: Path, words: tuple[str, ...], why: str
) -> None:
    """With what to write instead."""
    Path("o.yaml").write_text("title: T\nsections: [{section: plan}]\n", "utf-8")
    old = "title: T\nolder_than_years: 99999\nsections: [{section: ages}]\n"
    Path("old.yaml").write_text(old, "utf-8")
    ran = run(*words, "--register", demo)
    assert (ran.code, ran.out) == (2, "")
    assert why in ran.err


def test_space_around_what_is_selected_by_is_none(run: Run, demo: Path) -> None:
    """As `--where` reads it."""
    words = ("list", "--register", demo, "--format", "csv", "--owner")
    assert run(*words, " lead-1 ").out == run(*words, "lead-1").out


@pytest.mark.parametrize("by", [(), ("--by", "owner")])
def test_figures_in_json_are_arranged_as_in_csv(run: Run, demo: Path, by: tuple[str, ...]) -> None:
    """Sorted, cut and with the columns that are asked for; the total stays."""
    words = ("figures", *by, "--register", demo, "--sort", "-Open", "--limit", "1")
    columns = "owner,Open" if by else "Figure,Open"
    rows = json.loads(run(*words, "--columns", columns, "--format", "json").out)
    text = run(*words, "--columns", columns, "--format", "csv").out.splitlines()
    assert [list(map(str, row.values())) for row in rows] == [line.split(",") for line in text[1:]]
    assert [len(rows), rows[-1]["Open"]] == [2, 71]


def test_a_share_is_said_beside_what_programs_read(run: Run, demo: Path) -> None:
    """All that is open stands in the list, so it says that it is no selection."""
    words = ("ages", "--on", "2023-03-30", "--register", demo, "--older-than", "1 year")
    ran = run(*words, "--ledger", "portal", "--format", "json")
    assert len(json.loads(ran.out)["ages"]) == 71
    assert ran.err == ("30 of 71 open records (42 %) were published more than 1 year before\n")


def test_shares_of_what_is_overdue_say_on_which_ledger(run: Run, demo: Path) -> None:
    """A list is of any ledger, and shares are of the portal unless another is named."""
    words = ("overdue", "--by", "level", "--on", "2023-06-30", "--register", demo)
    assert "Overdue on 2023-06-30, of what is open on portal" in run(*words).out
    assert "of what is open on force" in run(*words, "--ledger", "force").out


@pytest.mark.parametrize(
    "words",
    [
        ("--partial",),
        ("--fill", "force=wmp"),
        ("--dates", "DD/MM/YYYY"),
        ("--documents-from", "."),
    ],
)
def test_options_of_sheets_are_refused_beside_an_export(
    run: Run, demo: Path, words: tuple[str, ...]
) -> None:
    """It is taken in whole and as it is; its ending may be in capitals."""
    assert run("export", "out.jsonl", "--register", demo).code == 0
    Path("out.jsonl").rename("OUT.JSONL")
    ran = run("import", "OUT.JSONL", *words, "--register", "new.db")
    assert (ran.code, ran.out) == (2, "")
    assert f"{words[0]}: says nothing of an export; leave it out" in ran.err
    assert not Path("new.db").exists()
    assert run("import", "OUT.JSONL", "--register", "new.db").code == 0


def test_a_workbook_is_no_text(run: Run) -> None:
    """Where nothing goes into a file it is refused, and was a table."""
    ran = run("whoami", "--format", "xlsx")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "a workbook: is no text to print; choose another format\n"


@pytest.mark.parametrize(
    "words",
    [
        ("figures", "--as-at", "2999-01-01"),
        ("figures", "--by", "level", "--as-at", "2999-01-01"),
        ("list", "--as-at", "2999-01-01"),
        ("movement", "--after", "2023-01-01", "--until", "2999-01-01"),
        ("paper", "--since", "2023-01-01", "--as-at", "2999-01-01"),
    ],
)
def test_a_day_that_is_still_to_come_is_told_as_that(
    run: Run, demo: Path, words: tuple[str, ...]
) -> None:
    """A slip of the year is no figure of that year."""
    ran = run(*words, "--register", demo)
    told = f"2999-01-01 lies in the future: this is what is recorded by {today()}\n"
    assert (ran.code, ran.err) == (0, told)
    assert ran.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("level-3@1", "level-3@9"), "did you mean `level-3@2`?"),
        (("level-3@1", "nowhere"), "check the path, or name one as level-3@2"),
        (("level-3@1", "words.yaml"), "holds no lifecycle, and no other rules are compared"),
    ],
)
def test_what_cannot_be_compared_is_told_as_that(
    run: Run, words: tuple[str, ...], why: str
) -> None:
    """No file is called unreadable that nobody named, and no sound one is to be mended."""
    Path("words.yaml").write_text(REVIEW_WORDS, "utf-8")
    ran = run("diff", *words)
    assert (ran.code, ran.out) == (2, "")
    assert why in ran.err
