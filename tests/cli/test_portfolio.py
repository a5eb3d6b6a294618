"""The verbs that look at all records together, on the demo's register."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from peelflow.register.register import Register
from peelflow.register.timers import PendingTimer, TickResult
from tests.builders.rules import CASE_LEAD, add_case, timed_cases
from tests.cli.conftest import Run

ACTING = ("--actor", "liaison-officer", "--actor-role", "liaison_officer", "--reason", "no staff")


def rows(run: Run, *words: str | Path) -> list[dict[str, object]]:
    """Return what a verb prints as JSON, what has a day before what has none."""
    return [row for rows in lists(run, *words).values() for row in rows]


def lists(run: Run, *words: str | Path) -> dict[str, list[dict[str, object]]]:
    """Return what a verb prints as JSON: each list by its name, a lone one by the verb's."""
    ran = run(*words, "--format", "json")
    assert ran.code == 0
    found: list[dict[str, object]] | dict[str, list[dict[str, object]]] = json.loads(ran.out)
    return {str(words[0]): found} if isinstance(found, list) else found


def test_overdue_lists_what_has_no_day_too(run: Run, demo: Path) -> None:
    """The longest overdue first; the words of a report stand where nobody made them a day."""
    ran = run("overdue", "--on", "2023-06-30", "--register", demo)
    assert ran.code == 0
    assert "16 overdue, 49 without a day" in ran.out
    found = lists(run, "overdue", "--on", "2023-06-30", "--register", demo)
    assert [len(found[name]) for name in ("overdue", "undated")] == [16, 49]
    late = [each["days over"] for each in found["overdue"]]
    assert late == sorted(late, key=lambda days: -int(str(days)))
    (worded,) = [each for each in found["undated"] if each["record"] == "WMP-SC-PPDA-1"]
    assert (worded["due"], worded["words"]) == (None, "within six months")


def test_a_record_due_that_very_day_is_not_overdue_in_the_demo(run: Run, demo: Path) -> None:
    """Four are due on 30 June 2023; the day after, they are one day over."""
    for day, days in (("2023-06-30", []), ("2023-07-01", [1, 1, 1, 1])):
        found = rows(run, "overdue", "--on", day, "--register", demo)
        assert [each["days over"] for each in found if each["due"] == "2023-06-30"] == days


@pytest.mark.parametrize("verb", ["overdue", "ages", "plan"])
def test_who_decided_and_who_recorded_it_stand_in_every_list(
    run: Run, demo: Path, verb: str
) -> None:
    """The nominated deputy self-certified; the liaison officer typed it."""
    found = rows(run, verb, "--on", "2023-06-01", "--register", demo)
    told = {str(each["record"]): each for each in found}["WMP-R3-020"]
    assert told["decided by"] == "deputy-chief-constable (nominated_deputy)"
    assert (told["recorded by"], told["on"]) == ("liaison-officer", "2023-01-11")


def test_overdue_tells_the_slips_with_reason_and_whose(run: Run, tmp_path: Path) -> None:
    """Who decided and who recorded it stand beside each."""
    sheet = tmp_path / "r.csv"
    sheet.write_text(
        "record,category,level,force,issued,due,actor,actor_role\n"
        "R-1,afi,3,wmp,2023-01-02,2023-03-31,liaison-officer,liaison_officer\n",
        "utf-8",
    )
    slips = tmp_path / "s.csv"
    slips.write_text(
        "record,field,value,on,reason,actor,actor_role\n"
        "R-1,due,2023-05-31,2023-03-30,no staff,liaison-officer,liaison_officer\n",
        "utf-8",
    )
    assert run("import", sheet, slips, "--register", "r.db").code == 0
    (row,) = rows(run, "overdue", "--on", "2023-06-30", "--register", "r.db")
    told = "2023-05-31: no staff (liaison-officer (liaison_officer), recorded by liaison-officer)"
    assert (row["original"], row["due"], row["days over"]) == ("2023-03-31", "2023-05-31", 30)
    assert row["reasons"] == told
    shown = run("show", "R-1", "--register", "r.db").out
    assert "first 2023-03-31, changed 1 time since" in shown


def test_ages_lists_the_oldest_first(run: Run, demo: Path) -> None:
    """By days since publication."""
    found = rows(run, "ages", "--on", "2023-06-30", "--register", demo)
    assert (found[0]["record"], found[0]["days"]) == ("WMP-R3-001", 633)
    assert run("ages", "--register", demo).code == 0


def test_plan_lists_what_the_june_inspection_could_verify(run: Run, demo: Path) -> None:
    """The records of its question that wait, by whose act, then those that need a letter first."""
    found = [
        row
        for row in rows(run, "plan", "--on", "2023-03-30", "--register", demo)
        if row["inspection"] == "WMP-INS-2023-06"
    ]
    ready = [row["record"] for row in found if not row["first"]]
    assert ready == ["WMP-A3-001", "WMP-R3-020", "WMP-R3-024", "WMP-R3-028"]
    assert found[0]["decided by"] == "deputy-chief-constable (nominated_deputy)"
    assert found[0]["recorded by"] == "liaison-officer"
    assert {row["with"] for row in found if row["first"]} == {"letter"}
    assert {row["level"] for row in found} == {"3"}
    assert run("plan", "--register", demo).code == 0


def test_movement_lists_what_closed_between_two_meetings(run: Run, demo: Path) -> None:
    """By whom, on what day."""
    words = ("movement", "--after", "2022-12-31", "--register", demo)
    found = rows(run, *words, "--until", "2023-03-30")
    assert [(row["record"], row["what"]) for row in found] == [
        ("WMP-R3-030", "closed"),
        ("WMP-R3-031", "closed"),
    ]
    assert rows(run, *words) == found


def test_reconcile_tells_differences_and_ends_with_1(run: Run, demo: Path, tmp_path: Path) -> None:
    """And with 0 where there is none."""
    every = rows(run, "list", "--register", demo, "--counts", "open")
    every += rows(run, "list", "--register", demo, "--counts", "closed")
    closed = {str(r["record"]) for r in rows(run, "list", "--register", demo, "--counts", "closed")}
    lines = [
        f"{row['record']},{row['level']},{'closed' if row['record'] in closed else 'open'}"
        for row in every
    ]
    file = tmp_path / "portal.csv"
    file.write_text("\n".join(["record,level,counts", *lines]) + "\n", "utf-8")
    equal = run("reconcile", file, "--register", demo)
    assert (equal.code, equal.out.splitlines()[-1]) == (0, "382 listed, 0 differences")
    file.write_text("\n".join(["record,level,counts", *lines[1:]]) + "\n", "utf-8")
    ran = run("reconcile", file, "--register", demo)
    assert (ran.code, "extra" in ran.out) == (1, True)
    assert run("reconcile", file, "--register", demo, "--format", "csv").code == 1


def test_reconcile_tells_the_faults_of_a_list(run: Run, demo: Path, tmp_path: Path) -> None:
    """By file, line and column."""
    file = tmp_path / "portal.csv"
    file.write_text("record,level,counts\nA,1,ajar\n", "utf-8")
    ran = run("reconcile", file, "--register", demo)
    assert ran.code == 1
    assert f"{file}:2:3: sheet-value: `counts` is 'ajar', which is no count" in ran.out


@pytest.fixture
def timed(tmp_path: Path) -> Path:
    """Give a folder of rules that time moves, with a register in it that has two cases."""
    (tmp_path / "rules").mkdir()
    with timed_cases(tmp_path / "rules", f"sqlite:///{tmp_path / 'timed.db'}") as register:
        add_case(register, "C-1", date(2023, 1, 2))
        add_case(register, "C-2", date(2023, 1, 2), published=date(2023, 1, 2))
        register.fire("C-2", "hold", actor=CASE_LEAD, on=date(2023, 1, 2))
    return tmp_path


def test_tick_tells_what_it_did_and_what_waits(run: Run, timed: Path) -> None:
    """And a second one finds nothing new."""
    where = ("--register", timed / "timed.db", "--rules", timed / "rules")
    words = ("tick", "--on", "2023-02-01", *where)
    ran = run(*words)
    assert ran.code == 0
    assert "C-1: `waiting` → `lapsed` (due 2023-01-30, event 2)" in ran.out
    assert "C-2: `resume` was due on 2023-01-09 and waits:" in ran.out
    assert "1 done on 2023-02-01, 1 waiting, 0 passed over" in ran.out
    assert "0 done on 2023-02-01, 1 waiting, 0 passed over" in run(*words).out


def test_tick_tells_what_it_passed_over(
    run: Run, timed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that another tick sees to it."""
    day = date(2023, 2, 1)
    done = TickResult(day, passed_over=("C-1",))
    monkeypatch.setattr(Register, "tick", lambda _, *, on: done if on == day else None)
    ran = run("tick", "--on", "2023-02-01", "--register", timed / "timed.db")
    assert "C-1: moved by somebody else meanwhile; tick again" in ran.out
    assert "0 done on 2023-02-01, 0 waiting, 1 passed over" in ran.out


def test_tick_tells_what_nobody_can_count(
    run: Run, timed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the bank holidays that it takes are not known."""
    left = PendingTimer("C-1", "lapse", None, "no list of bank holidays is installed")
    monkeypatch.setattr(Register, "tick", lambda _, *, on: TickResult(on, pending=(left,)))
    ran = run("tick", "--on", "2023-02-01", "--register", timed / "timed.db")
    said = "nobody can tell whether `lapse` is due: no list of bank holidays is installed"
    assert f"C-1: {said}" in ran.out
    assert "0 done on 2023-02-01, 1 waiting, 0 passed over" in ran.out


def add_for_kent(run: Run, demo: Path) -> None:
    """Add a first record of another force, issued after the days that are looked at."""
    words = "--category afi --level 2 --force kent --issued 2024-01-02 --actor a --actor-role lead"
    assert run("add", "KENT-1", *words.split(), "--register", demo).code == 0


def test_the_command_is_opened_for_one_force_if_the_environment_says_so(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another force's record is unknown then, and no list has one."""
    monkeypatch.setenv("PEELFLOW_FORCE", "kent")
    add_for_kent(run, demo)
    ran = run("show", "WMP-R3-031", "--register", demo)
    assert (ran.code, "no record is called 'WMP-R3-031'" in ran.err) == (2, True)
    listed = rows(run, "overdue", "--register", demo)
    assert [row["record"] for row in listed] == ["KENT-1"]
    ran = run("list", "--register", demo, "--force", "west-midlands")
    assert (ran.code, "is not kent, which this is opened for" in ran.err) == (2, True)


@pytest.mark.parametrize("force", ["kent", "west-midlands"])
def test_a_forces_figures_come_with_the_position_they_rest_on(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch, force: str
) -> None:
    """One force's figures can be printed, and made again, as everybody's can."""
    monkeypatch.setenv("PEELFLOW_FORCE", force)
    if force == "kent":
        add_for_kent(run, demo)
    ran = run("figures", "--as-at", "2023-03-30", "--register", demo, "--format", "json")
    told = json.loads(ran.out)
    assert told["total"]["total"] == (382 if force == "west-midlands" else 0)
    again = run("figures", "--known", str(told["known"]), "--register", demo)
    assert (again.code, f"known at position {told['known']}" in again.out) == (0, True)


def test_plan_tells_inspection_by_inspection_what_waits_for_it(run: Run, demo: Path) -> None:
    """Those that wait, those that need something first, and where there is nothing."""
    told = run("plan", "--on", "2023-03-30", "--register", demo).out
    june, july, september = told.split("WMP-INS-2023-0")[1:]
    assert june.splitlines()[0].startswith("6, planned, 2023-06-05 to 2023-06-09, WMP PEEL")
    assert ("Ready for it: 4" in june, "First in need of something: 4" in june) == (True, True)
    assert "no open record is known that it could verify" in july
    assert "First in need of something: 28" in september
    later = run("plan", "--on", "2030-01-01", "--register", demo).out
    assert later == "no inspection is planned for that day or later\n"


def test_says_who_is_in_engage(run: Run) -> None:
    """For programs three lists, for people the sentence that there is nobody, or what there is."""
    said = ("--actor", "portal", "--actor-role", "hmicfrs", "--recorded-by", "officer")
    told = (*said, "--source", "portal", "--force", "wmp", "--issued", "2023-01-02")
    run("add", "PHASE", "--category", "monitoring_phase", *told)
    assert run("engage", "--on", "2023-01-03").out == "No force is in Engage on 2023-01-03\n"
    gone = run("engage", "--on", "2023-01-03", "--gone").out
    assert gone == "No force was ever in Engage by 2023-01-03\n"
    run("add", "C-1", "--category", "cause_of_concern", *told)
    moved = ("--on", "2023-02-01", "--reason", "no progress", *said, "--source", "letter")
    run("do", "PHASE", "move_to_engage", *moved)
    link = ("--category", "engage_cause", "--parent", "PHASE", "--field", "cause=C-1")
    ran = run("add", "E-1", *link, *told[:-1], "2023-02-01")
    assert (ran.code, ran.err) == (0, "")
    lists = json.loads(run("engage", "--on", "2023-02-02", "--format", "json").out)
    assert lists["engage"] == [
        {
            "force": "wmp",
            "since": "2023-02-01",
            "until": None,
            "why": "no progress",
            "why it left": None,
            "causes": 1,
            "open": 1,
            "visits": 0,
            "decided by": "portal (hmicfrs)",
        }
    ]
    assert [cause["stands"] for cause in lists["causes"]] == ["open"]
    assert lists["visits"] == []
    run("do", "E-1", "set_aside", *moved)
    assert "open (set aside)" in run("engage", "--on", "2023-02-02").out


def test_a_day_that_is_not_known_is_shown_as_it_is_known(run: Run) -> None:
    """In every list, sorted where its last day is; while nobody can tell, it stands apart."""
    said = ("--actor", "officer", "--actor-role", "liaison_officer", "--issued", "2023-01-02")
    words = ("--category", "afi", "--level", "2", "--force", "wmp", *said)
    for record, due in (("R-1", "2023-09-30"), ("R-2", "Q3 2023"), ("R-3", "2023-10-01")):
        known = ("--field", f"due={due}", "--field", "published=2022")
        assert run("add", record, *words, *known).code == 0
    late = json.loads(run("overdue", "--on", "2023-10-05", "--format", "json").out)
    assert [(row["record"], row["due"], row["days over"]) for row in late["overdue"]] == [
        ("R-1", "2023-09-30", 5),
        ("R-2", "Q3 2023", 5),
        ("R-3", "2023-10-01", 4),
    ]
    within = json.loads(run("overdue", "--on", "2023-08-15", "--format", "json").out)
    assert within["overdue"] == []
    assert [(row["record"], row["words"]) for row in within["undated"]] == [("R-2", "Q3 2023")]
    ages = json.loads(run("ages", "--on", "2023-01-10", "--format", "json").out)
    assert {(row["published"], row["days"]) for row in ages["ages"]} == {("2022", 10)}
    ran = run("ages", "--on", "2023-03-10", "--older-than", "1 month").out
    assert "3 of 3 open records (100 %)" in ran
    listed = ("--columns", "record,due", "--sort", "due", "--format", "csv")
    assert run("list", *listed).out.splitlines()[1:] == [
        "R-1,2023-09-30",
        "R-2,Q3 2023",
        "R-3,2023-10-01",
    ]
    changed = ("--reason", "agreed", "--on", "2023-02-01", *said[:4])
    run("amend", "R-2", "due", "2024", *changed)
    shown = run("show", "R-2").out
    assert "first Q3 2023, changed 1 time since" in shown
    assert "2024: agreed" in run("due", "--on", "2023-02-02").out
