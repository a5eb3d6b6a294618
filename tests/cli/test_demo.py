"""The demo, and the paper's own figures out of its register."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from peelflow.model.records import Added, TakenOver, TransitionTaken
from peelflow.register.register import Register
from tests.cli.conftest import Run

PAPER = """\
Figures on the ledger portal, as at 30 March 2023
                                     Open  Closed  Total
Cause of Concern                        2      21     23
Recommendation Level 1                  0       2      2
Recommendation Level 2                 31       0     31
Recommendation Level 3                 29       2     31
Recommendation Level 4                  0       0      0
AFI Level 1                             0       6      6
AFI Level 2                             6       0      6
AFI Level 3                             3       0      3
AFI Level 4                             0       0      0
Recommendation Closed before Levels     0     280    280
Total                                  71     311    382
"""
LINES = [line.rsplit(maxsplit=3) for line in PAPER.splitlines()[2:]]
ASSUMED = [
    "280" if line[0] in {"Recommendation Closed before Levels", "Total"} else "0" for line in LINES
]
"""How many of each line were taken over as closed, which every format but the paper's says."""
MARKED = [[*line, assumed] for line, assumed in zip(LINES, ASSUMED, strict=True)]


def test_the_demo_prints_the_papers_table(run: Run) -> None:
    """Rows, words and order are the paper's, and the figures come from what happened."""
    ran = run("demo")
    assert (ran.code, ran.err) == (0, "")
    assert PAPER in ran.out
    assert "280 of them are assumed: they were taken over as they stood\n" in ran.out
    assert ran.out.startswith("558 rows imported into peelflow-demo.db, 0 there already\n")
    assert Path("peelflow-demo.db").exists()


def test_the_demo_can_be_run_again(run: Run, demo: Path) -> None:
    """What is there already is left as it is."""
    again = run("demo", "--register", demo)
    assert again.code == 0
    assert again.out.startswith("0 rows imported into demo.db, 558 there already\n")
    assert PAPER in again.out


def test_the_demo_leaves_another_register_alone(run: Run) -> None:
    """A register that holds something else under the demo's ids is not mixed with it."""
    words = "--category recommendation --level 2 --force x --issued 2022-01-01 --actor a"
    run("add", "WMP-R3-031", *words.split(), "--actor-role", "lead", "--register", "own.db")
    ran = run("demo", "--register", "own.db")
    assert ran.code == 1
    assert "06-recommendations-and-afis.csv:" in ran.out
    assert "own.db holds something else; remove it, or name another file" in ran.err
    assert run("list", "--register", "own.db", "--format", "csv").out.count("\n") == 2


def test_the_demos_register_gives_the_figures_as_csv(run: Run, demo: Path) -> None:
    """`peelflow figures --as-at 2023-03-30 --format csv` gives the same figures."""
    ran = run("figures", "--as-at", "2023-03-30", "--format", "csv", "--register", demo)
    header, *rows = csv.reader(StringIO(ran.out))
    assert header == ["Figure", "Open", "Closed", "Total", "Assumed"]
    assert rows == MARKED


def test_the_demos_register_gives_the_figures_as_json(run: Run, demo: Path) -> None:
    """The same figures for a program."""
    ran = run("figures", "--as-at", "2023-03-30", "--format", "json", "--register", demo)
    told = json.loads(ran.out)
    assert (told["ledger"], told["as_at"]) == ("portal", "2023-03-30")
    assert [[str(each) for each in line.values()] for line in told["lines"]] == MARKED[:-1]
    assert told["total"] == {"open": 71, "closed": 311, "total": 382, "assumed": 280}
    assert json.loads(run("figures", "--format", "json", "--register", demo).out)["as_at"] is None


def test_the_demos_register_gives_the_figures_as_markdown(run: Run, demo: Path) -> None:
    """The same figures for a paper."""
    ran = run("figures", "--as-at", "2023-03-30", "--format", "md", "--register", demo)
    head, marks, *rows = ran.out.splitlines()
    assert head == "|  | Open | Closed | Total | Assumed |"
    assert marks == "| --- | --: | --: | --: | --: |"
    assert rows == [f"| {' | '.join(line)} |" for line in MARKED]


def test_figures_on_another_ledger_and_day(run: Run, demo: Path) -> None:
    """A level 1 record managed in force counts there; that no record does yet is said."""
    force = run("figures", "--ledger", "force", "--format", "csv", "--register", demo).out
    assert "Recommendation Level 1,1,0,1" in force
    early = run("figures", "--as-at", "2012-12-31", "--register", demo).out
    assert early.endswith("as at 31 December 2012, known at position 669: no record counts on it\n")


def test_at_a_terminal_the_table_is_drawn(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People get a drawn table; what is piped stays plain."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    ran = run("figures", "--register", demo)
    assert "Figures on the ledger portal, with all that is recorded" in ran.out
    assert "─" in ran.out
    assert "\x1b[1m" in ran.out


def test_at_a_terminal_a_bar_shows_how_far_it_is(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn beside what is printed, and taken away; where nobody looks on there is none."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    ran = run("demo")
    assert (ran.code, "100%" in ran.err) == (0, True)


def test_no_state_is_written_directly_but_what_is_taken_over(demo: Path) -> None:
    """All records walk through their rules, except the 280 closed before levels."""
    with Register.open(f"sqlite:///{demo}") as register:
        taken_over = 0
        for record in register.records():
            first, *rest = register.history(record.id)
            taken_over += isinstance(first.what, TakenOver)
            if isinstance(first.what, TakenOver):
                assert (record.lifecycle.name, record.assumed) == ("before-levels", True)
                assert first.source
            else:
                assert isinstance(first.what, Added)
                state = first.what.state
                for event in rest:
                    if isinstance(event.what, TransitionTaken):
                        assert event.what.old == state
                        state = event.what.new
                assert state == record.state
        assert taken_over == 280


def test_the_closed_level_3_records_were_verified(demo: Path) -> None:
    """Self-certified with a letter, then verified at an inspection that covers their question."""
    with Register.open(f"sqlite:///{demo}") as register:
        closed = list(register.records(level=3, counts="closed"))
        assert [record.id for record in closed] == ["WMP-R3-030", "WMP-R3-031"]
        for record in closed:
            certified, verified = register.history(record.id)[-2:]
            assert isinstance(certified.what, TransitionTaken)
            assert isinstance(verified.what, TransitionTaken)
            (letter,) = certified.what.evidence
            assert letter.digest in certified.what.counted
            assert b"Chief Constable" in register.document(letter.digest)
            inspection = register.record(verified.what.inspection or "")
            assert inspection.fields["kind"] == "planned"
            assert record.fields["question"] in inspection.fields["questions"]
            assert verified.actor.role == "hmicfrs"


def test_every_cause_of_concern_has_children_of_the_table(demo: Path) -> None:
    """Those of the 21 closed ones are among the 280; the others' are open recommendations."""
    with Register.open(f"sqlite:///{demo}") as register:
        causes = list(register.records(category="cause_of_concern"))
        assert len(causes) == 23
        for cause in causes:
            assert cause.children
            closed = register.counts(cause)["portal"] == "closed"
            for child in map(register.record, cause.children):
                assert (child.lifecycle.name == "before-levels") == closed
                assert child.issued >= cause.issued


def test_the_reports_recommendations_are_held_in_force_and_accepted(demo: Path) -> None:
    """Eleven of two super-complaints, four of them parts of one; none counts on the portal."""
    with Register.open(f"sqlite:///{demo}") as register:
        held = list(register.records(category="super_complaint_recommendation"))
        assert {(each.state, *register.counts(each).items()) for each in held} == {
            ("accepted", ("force", "open"))
        }
        sources = Counter(str(each.fields["source_report"]) for each in held)
        assert sources == {"WMP-REP-TVIP": 8, "WMP-REP-PPDA": 3}
        parts = register.record("WMP-SC-TVIP-2").children
        assert parts == tuple(f"WMP-SC-TVIP-2.{number}" for number in range(1, 5))


def test_the_forthcoming_inspections_have_the_papers_days(demo: Path) -> None:
    """Two in force, the PEEL fieldwork, and two notified national activities."""
    with Register.open(f"sqlite:///{demo}") as register:
        planned = {
            each.id: (
                each.fields["first_day"],
                each.fields["last_day"],
                each.fields.get("questions"),
            )
            for each in register.records(category="inspection", state="scheduled")
        }
        assert planned == {
            "WMP-INS-2023-06": ("2023-06-05", "2023-06-09", ("7.2",)),
            "WMP-INS-2023-07": ("2023-07-10", "2023-07-14", None),
            "WMP-INS-2023-09": ("2023-09-11", "2023-09-15", tuple("123456789")),
        }
        assert register.record("WMP-ACT-VETTING").state == "notified"
        assert register.record("WMP-SC-STALKING").state == "eligible"


def test_readiness_is_to_be_assessed_on_nine_questions(demo: Path) -> None:
    """One record each, for the PEEL fieldwork of September."""
    with Register.open(f"sqlite:///{demo}") as register:
        found = list(register.records(category="peel_readiness", state="to_assess"))
        assert [each.fields["question"] for each in found] == list("123456789")
        assert {each.fields["inspection"] for each in found} == {"WMP-INS-2023-09"}


def test_the_figures_follow_the_days(demo: Path) -> None:
    """As at any day is what had happened by then: the two verifications fall on 6 March 2023."""
    with Register.open(f"sqlite:///{demo}") as register:
        before, after = (register.figures(as_at=date(2023, 3, day)) for day in (5, 6))
        assert (after.open - before.open, after.closed - before.closed) == (-2, 2)


def test_the_command_is_installed() -> None:
    """The console script runs, piped, in a process of its own."""
    command = Path(sys.executable).parent / ("peelflow.exe" if os.name == "nt" else "peelflow")
    ran = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout == "peelflow 0.1.0\n"
