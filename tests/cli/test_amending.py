"""amend and attach, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

WHO = ("--actor", "liaison-officer", "--actor-role", "liaison_officer")
ON = ("--on", "2023-03-30")


def test_a_due_date_slips_and_the_history_says_why(run: Run, demo: Path) -> None:
    """The old value and the new one stand in it, with the reason."""
    words = ("due", "2023-08-31", *WHO, *ON, "--reason", "no staff", "--register", demo)
    ran = run("amend", "WMP-R3-013", *words)
    assert (ran.code, ran.out) == (0, "WMP-R3-013: `due` is 2023-08-31\n")
    shown = run("show", "WMP-R3-013", "--register", demo).out
    assert "due: 2023-04-28 → 2023-08-31" in shown
    assert "first 2023-04-28, changed 1 time since" in shown


def test_a_list_is_set_and_taken_away(run: Run, demo: Path) -> None:
    """Its items stand apart by semicolons; what is cleared, as nothing rests on it, is nothing."""
    theirs = (
        "--actor",
        "hmicfrs-portal",
        "--actor-role",
        "hmicfrs",
        "--recorded-by",
        "lo",
        "--source",
        "x",
    )
    ended = (*theirs, *ON, "--reason", "as the paper says", "--register", demo)
    ran = run("amend", "WMP-SC-TVIP-1", "addressees", "chief_constables; pccs", *ended)
    assert ran.out == "WMP-SC-TVIP-1: `addressees` is chief_constables; pccs\n"
    assert run("amend", "WMP-SC-TVIP", "concerns", "--clear", *ended).out.endswith("is nothing\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("due", "2023-08-31"), "the reason"),
        (("due", "--reason", "x"), "`due`: is given no value; give its value, or --clear"),
        (("due", "", "--reason", "x"), "`due`: is given no value; give its value, or --clear"),
        (("due", "2023-08-31", "--clear", "--reason", "x"), "is given a value and cleared"),
        (("due", "soon", "--reason", "x"), "is 'soon', which is no date"),
        (("dve", "x", "--reason", "x"), "did you mean `due`"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    run: Run, demo: Path, words: tuple[str, ...], said: str
) -> None:
    """With what to do instead."""
    before = run("show", "WMP-R3-013", "--register", demo).out
    ran = run("amend", "WMP-R3-013", *words, *WHO, *ON, "--register", demo)
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert run("show", "WMP-R3-013", "--register", demo).out == before


def test_a_letter_attached_counts_for_the_act_that_follows(run: Run, demo: Path) -> None:
    """It is attached once, and need not be offered with the act."""
    Path("letter.txt").write_text("The work is complete.", "utf-8")
    signed = ("--signed-by", "chief-constable", "--signed-on", "2023-03-30")
    ran = run("attach", "WMP-R3-013", "letter.txt", *signed, *WHO, *ON, "--register", demo)
    assert ran.out == "WMP-R3-013: letter letter.txt attached (event 3, 2023-03-30)\n"
    chief = ("--actor", "chief-constable", "--actor-role", "chief_constable", *ON)
    ran = run("fire", "WMP-R3-013", "self_certify", *chief, "--register", demo)
    assert (ran.code, "`self_certified`" in ran.out) == (0, True), ran.err
