"""The same selections, groups and files for every list."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from peelflow.cli.selecting import read_span
from tests.cli.conftest import Run

DAY = ("--on", "2023-03-30")
LATER = ("--on", "2023-06-30")
LISTS = {
    "list": (),
    "figures": (),
    "figures --by owner": (),
    "overdue": LATER,
    "overdue --by level": LATER,
    "due": LATER,
    "ages": DAY,
    "ages --by question": DAY,
    "plan": DAY,
    "movement --after 2022-12-31": (),
    "movement --after 2022-12-31 --by row": (),
}
SELECTIONS = ("--owner lead-1", "--no-owner", "--question 7", "--where owner!=lead-1 --level 3")


@pytest.mark.parametrize("verb", LISTS)
@pytest.mark.parametrize("ending", [".xlsx", ".csv", ".json", ".md"])
def test_every_list_goes_into_a_file_of_any_kind(
    run: Run, demo: Path, verb: str, ending: str
) -> None:
    """The ending says which; a file that is there is not written over."""
    words = (*verb.split(), *LISTS[verb], "--register", demo, "-o", f"out{ending}")
    ran = run(*words)
    assert (ran.code, ran.out) == (0, "")
    assert Path(f"out{ending}").stat().st_size > 50
    assert run(*words).code == 2
    assert run(*words, "--replace").code == 0


@pytest.mark.parametrize("verb", LISTS)
def test_a_workbook_has_typed_cells(run: Run, demo: Path, verb: str) -> None:
    """What is apart in the list is apart in it."""
    run(*verb.split(), *LISTS[verb], "--register", demo, "-o", "out.xlsx")
    book = CalamineWorkbook.from_path("out.xlsx")
    head, *rows = book.get_sheet_by_index(0).to_python()
    assert rows
    for name in ("due", "original", "published", "issued"):
        if name in head:
            assert {type(row[head.index(name)]) for row in rows} <= {date, str}
            assert any(isinstance(row[head.index(name)], date) for row in rows)
    is_apart = verb in ("overdue", "due", "ages")
    assert (len(book.sheet_names) == 2) == is_apart


@pytest.mark.parametrize("verb", ["list", "overdue", "due", "ages"])
@pytest.mark.parametrize("selection", SELECTIONS)
def test_every_list_takes_the_same_selection(
    run: Run, demo: Path, verb: str, selection: str
) -> None:
    """What it lists is what the list lists, and no more."""

    def ids(*words: str) -> set[str]:
        found = json.loads(
            run(*words, *selection.split(), "--register", demo, "--format", "json").out
        )
        parts = found.values() if isinstance(found, dict) else [found]
        return {row["record"] for rows in parts for row in rows}

    every = ids("list", "--as-at", "2023-06-30")
    on = ("--as-at" if verb == "list" else "--on", "2023-06-30")
    found = ids(verb, *on)
    assert found <= every
    assert found or verb == "overdue"


def test_figures_of_a_selection_are_of_that_alone(run: Run, demo: Path) -> None:
    """By the rows of the rules, or by what records say."""
    words = ("figures", "--register", demo, "--question", "7", "--format", "json")
    rows = json.loads(run(*words).out)
    groups = json.loads(run(*words, "--by", "owner").out)
    assert rows["total"]["total"] == groups["total"] > 0
    assert rows["total"]["total"] < 382
    assert sum(line["open"] for line in groups["groups"]) == rows["total"]["open"]


def test_a_list_as_at_a_day_says_what_stood_then(run: Run, demo: Path) -> None:
    """What closed later was open, and the last event is the last of that day."""
    words = ("list", "--register", demo, "--counts", "open", "--format", "json")
    early = {row["record"]: row for row in json.loads(run(*words, "--as-at", "2022-12-31").out)}
    assert len(early) == 73
    assert early["WMP-R3-031"]["last event"] <= "2022-12-31"
    assert len(json.loads(run(*words).out)) == 71


def test_a_list_as_known_at_a_position_leaves_out_what_came_later(run: Run, demo: Path) -> None:
    """A record that was not there yet, and an event that was not."""
    words = ("list", "--register", demo, "--format", "json")
    found = json.loads(run(*words, "--known", "3").out)
    assert len(found) == 3
    assert run(*words, "--known", "99999").code == 2


def test_days_without_a_day_stand_apart_in_every_format(run: Run, demo: Path) -> None:
    """CSV says it in its first column, Markdown under a heading."""
    words = ("overdue", "--on", "2023-06-30", "--register", demo, "--format")
    lines = run(*words, "csv").out.splitlines()
    assert lines[0].startswith("list,record,title,")
    assert {line.split(",")[0] for line in lines[1:]} >= {"overdue", "undated"}
    page = run(*words, "md").out
    assert page.index("## Overdue on 2023-06-30") < page.index("## Without a day")


def test_due_lists_the_original_and_the_revised_day(run: Run, demo: Path) -> None:
    """Of everything open, with why it slipped."""
    found = json.loads(
        run("due", "--on", "2023-03-30", "--ledger", "portal", "--register", demo,
            "--format", "json").out
    )  # fmt: skip
    assert len(found["due"]) + len(found["undated"]) == 71
    (slipped,) = [row for row in found["due"] if row["record"] == "WMP-R2-001"]
    assert (slipped["original"], slipped["due"]) == ("2023-03-31", "2023-05-31")
    assert "the policy waits for a consultation" in slipped["reasons"]
    assert run("due", *DAY, "--register", demo).out.endswith("without a day\n")


def test_ages_say_how_many_are_older(run: Run, demo: Path) -> None:
    """Older than two years, or than asked; as a share of each group too."""
    words = ("ages", *DAY, "--register", demo, "--ledger", "portal")
    assert "30 of 71 open records (42 %) were published more than 1 year before" in (
        run(*words, "--older-than", "1 year").out
    )
    grouped = run(*words, "--by", "level", "--older-than", "12 months").out.splitlines()
    assert grouped[-1].split() == ["Total", "30", "71", "42", "0"]
    everywhere = run("ages", *DAY, "--register", demo).out
    assert "Without a day of publication" not in everywhere
    assert run("ages", "--on", "2012-01-01", "--register", demo).out == (
        "Open on 2012-01-01\nrecord  title  category  level  state  owner  published  days  "
        "decided by  recorded by  on\n"
    )


def test_the_plan_names_an_inspection_that_has_nothing(run: Run, demo: Path) -> None:
    """With its title, in the formats for programs too."""
    rows = json.loads(run("plan", *DAY, "--register", demo, "--format", "json").out)
    (soc,) = [row for row in rows if row["inspection"] == "WMP-INS-2023-07"]
    assert soc["record"] is None
    assert "Serious Organised Crime" in soc["inspection title"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--format", "xlsx"), "a workbook: is no text to print; name a file"),
        (("-o", "out.doc"), "ends as no format does; choose one of .csv, .json, .md, .xlsx"),
        (("-o", "out.csv", "--format", "xlsx"), "does not end as xlsx does"),
        (("--where", "owner"), "the criterion 'owner': is none"),
        (("--where", "ower=x"), "did you mean `owner`"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    run: Run, demo: Path, words: tuple[str, ...], why: str
) -> None:
    """With what to write instead."""
    ran = run("list", "--register", demo, *words)
    assert ran.code == 2
    assert why in ran.err


def test_a_file_without_an_ending_takes_the_format_that_is_named(run: Run, demo: Path) -> None:
    """As it always was for the others."""
    assert run("list", "--register", demo, "-o", "out", "--format", "csv").code == 0
    assert Path("out").read_text("utf-8").startswith("record,category")


@pytest.mark.parametrize("verb", [("figures",), ("figures", "--by", "state")])
def test_a_ledger_without_records_is_said(run: Run, demo: Path, verb: tuple[str, ...]) -> None:
    """And no program is given zeros."""
    words = (*verb, "--ledger", "section_55", "--register", demo)
    assert run(*words).out.endswith("known at position 669: no record counts on it\n")
    assert len(run(*words, "--format", "csv").out.splitlines()) == 1
    found = json.loads(run(*words, "--format", "json").out)
    assert (found.get("lines") or found.get("groups")) in ([], None)


@pytest.mark.parametrize(
    ("text", "before"),
    [("2 years", "2022-02-28"), ("1 month", "2024-01-29"), ("1 day", "2024-02-28")],
)
def test_a_time_is_read_as_it_is_said(text: str, before: str) -> None:
    """Years and months by the calendar."""
    span = read_span(text)
    assert span.before(date(2024, 2, 29)).isoformat() == before
    assert str(span) == text


def test_a_time_that_cannot_be_meant_is_refused(run: Run, demo: Path) -> None:
    """No number, or beyond the calendar."""
    words = ("ages", *DAY, "--register", demo, "--older-than")
    assert "is no time; write it as '2 years'" in run(*words, "long").err
    for text in ("9999 years", "999999 days"):
        ran = run(*words, text)
        assert (ran.code, "reaches back beyond the calendar" in ran.err) == (2, True)
