"""`why` and `route`: what a liaison officer reads, and the exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from peelflow.register.register import Register
from tests.cli.conftest import Run

LETTER = "a `letter` that has not counted for it yet, signed by `chief_constable` (chief-constable)"
COVERS = "that covers question 2 and ends on 30 March 2023 or later"
SIGNED = ("--signed-by", "chief-constable", "--signed-on", "2023-03-28")


def test_why_says_every_reason_and_writes_nothing(run: Run, demo: Path) -> None:
    """The reasons in three kinds, each with what would do and the rule's place; exit code 1."""
    words = ("close", "--as", "lead", "--by", "kim", "--register", demo)
    assert "level-2.yaml" not in run("why", "WMP-A2-001", *words).out
    said = run("why", "WMP-A2-001", *words, "--verbose")
    assert said.code == 1
    assert "WMP-A2-001 is `in_progress`; cannot `close` as `lead`" in said.out
    assert "not you: `lead` may not `close`; `chief_constable` or `nominated_deputy`" in said.out
    assert "give a `letter` signed by `chief_constable`" in " ".join(said.out.split())
    assert "level-2.yaml" in said.out
    assert said.err == ""


def test_why_says_that_an_act_may_be_done(run: Run, demo: Path) -> None:
    """With the letter it needs, though the letter is not kept; exit code 0."""
    Path("letter.txt").write_text("The work is complete.", "utf-8")
    asked = ("why", "WMP-A2-001", "close", "--as", "chief_constable", "--by", "chief-constable")
    day = ("--on", "2023-03-29", "--register", demo)
    said = run(*asked, *day, "--document", "letter.txt", *SIGNED)
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "chief-constable may `close` WMP-A2-001 as `chief_constable` on 29 March 2023\n"
    )
    with Register.open(f"sqlite:///{demo}") as register:
        assert register.record("WMP-A2-001").state == "in_progress"


def test_why_reads_the_names_that_fire_has_too(run: Run, demo: Path) -> None:
    """Whoever asks before acting changes one word of the command."""
    who = ("--actor", "kim", "--actor-role", "lead", "--register", demo)
    assert run("why", "WMP-A2-001", "close", *who).code == 1


@pytest.mark.parametrize(
    ("record", "state"),
    [("WMP-A2-001", ""), ("WMP-SC-PPDA-1", ""), ("WMP-REP-TVIP", "published")],
)
def test_the_way_that_why_points_to_can_be_asked_for(
    run: Run, demo: Path, record: str, state: str
) -> None:
    """Whatever ledger the record counts on; one that counts on none has a way to a state."""
    said = run("why", record, "nothing", "--as", "lead", "--by", "kim", "--register", demo)
    told = said.out.splitlines()[-1].split("`")[1]
    assert ("STATE" in told) is bool(state)
    way = run(*told.replace("STATE", state).split()[1:], "--register", demo)
    assert (way.code, way.err) == (0, "")


def test_route_says_each_step_with_who_what_and_when(run: Run, demo: Path) -> None:
    """A numbered list, down to the next PEEL fieldwork, which covers every question."""
    said = run("route", "WMP-A3-003", "--register", demo, "--on", "2023-03-30")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "WMP-A3-003 is `open` under level-3@2; to closed on the ledger portal it takes 3 steps:",
        "",
        "1. `start`: `open` → `in_progress`",
        "   who: `liaison_officer` or `lead`",
        "   when: from 30 March 2023",
        "   - first set the field `owner`",
        "",
        "2. `self_certify`: `in_progress` → `self_certified`",
        "   who: `chief_constable` or `nominated_deputy` (chief-constable is `chief_constable`,",
        "        deputy-chief-constable is `nominated_deputy`)",
        "   when: from 30 March 2023, by 15 September 2023",
        f"   - {LETTER} by",
        "     the day of this step",
        "",
        "3. `verify`: `self_certified` → `closed`",
        "   who: `hmicfrs`",
        "   when: from 11 September 2023",
        "   - wait until 11 September 2023",
        f"   - a planned inspection {COVERS}: WMP-INS-2023-09",
        "     (2023-09-11 to 2023-09-15) could do",
        "   - the letter or portal reference it is read from",
    ]


def test_route_names_the_coming_inspection_and_the_last_day_for_it(run: Run, demo: Path) -> None:
    """Self-certify before the fieldwork ends, or that inspection cannot verify."""
    with Register.open(f"sqlite:///{demo}") as register:
        asked = register.records(level=3, state="in_progress")
        record = next(each.id for each in asked if each.fields.get("question") == "5")
    said = run("route", record, "--register", demo, "--on", "2023-02-01")
    assert "when: from 1 February 2023, by 15 September 2023" in said.out
    could = "WMP-INS-2023-02 (2023-02-06 to 2023-02-17), WMP-INS-2023-09 (2023-09-11 to 2023-09-15)"
    assert f"{could} could do" in " ".join(said.out.split())
    assert "when: from 6 February 2023" in said.out


def test_route_says_the_ways_of_children_first(run: Run, demo: Path) -> None:
    """A cause of concern waits for each of its recommendations."""
    said = run("route", "WMP-C-22", "--register", demo, "--on", "2023-03-30")
    assert said.code == 0
    assert "first see WMP-R3-016 and WMP-R3-017 and WMP-R3-018" in said.out
    assert "   beforehand, WMP-R3-016 is `in_progress` under level-3@2" in said.out
    assert "     1. `self_certify`: `in_progress` → `self_certified`" in said.out


def test_route_says_that_a_record_is_there(run: Run, demo: Path) -> None:
    """Level 1 is closed on the portal, whatever the force still does."""
    said = run("route", "WMP-R1-001", "--register", demo)
    assert said.code == 0
    assert "it is there already: closed on the ledger portal" in said.out


def test_route_says_that_there_is_no_way(run: Run, demo: Path) -> None:
    """Exit code 1, and why."""
    said = run("route", "WMP-A3-003", "--to", "open", "--ledger", "force", "--register", demo)
    assert said.code == 0
    said = run("route", "WMP-A2-001", "--to", "open", "--ledger", "force", "--register", demo)
    assert said.code == 1
    why = "there is no way to `open`: no steps of level-2@2 lead there from `in_progress`"
    assert why in " ".join(said.out.split())


def test_route_with_an_unknown_goal_is_misuse(run: Run, demo: Path) -> None:
    """It lists the states, and how they count."""
    said = run("route", "WMP-R1-001", "--to", "shut", "--register", demo)
    assert said.code == 2
    assert "use `issued`, `archived`, `managed` or `done`, or closed on force" in said.err


def test_a_route_that_a_child_yet_to_come_decides_is_undetermined(run: Run) -> None:
    """Exit code 3: it may be a way, and nobody can know."""
    who = ("--actor", "portal", "--actor-role", "hmicfrs", "--recorded-by", "lo", "--source", "x")
    what = ("--category", "cause_of_concern", "--force", "wmp", "--issued", "2023-01-02")
    assert run("add", "C-1", *what, *who, "--field", "owner=kim").code == 0
    said = run("route", "C-1")
    assert said.code == 3
    assert "- first add a child, and see it closed on portal" in said.out
    assert "undetermined: whether a child that is yet to be added can be closed" in said.out
