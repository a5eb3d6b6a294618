"""The verbs on rule files: check with its formats and certificates, diff, migrate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from peelflow.proof.obligations import MIGRATION, REFINEMENT
from peelflow.rulebook.national import national, shipped_folder
from tests.cli.conftest import Run

RULES = shipped_folder("rules") / "national"
CUSTOM = shipped_folder("examples") / "custom_rules"
GUARANTEES = {"level-1": 3, "level-2": 9, "level-3": 10, "level-4": 9, "section-55": 10}
WORDS = """\
vocabulary: own
predicates: {is_ready: the application says so}
categories: {task: {title: Task}}
"""
OWN = """\
lifecycle: own
version: 1
in_force_from: 2023-01-01
title: Own
applies_to: {category: task, level: none}
initial: open
states:
  open:
    counts_as: {force: open}
    transitions:
      close: {to: closed, by: [lead], requires: [{predicate: is_ready}]}
  closed:
    counts_as: {force: closed}
    final: true
guarantees:
  - {that: closed is never entered without reason, because: somebody will ask}
"""


def write(**files: str) -> None:
    """Write rule files here."""
    for name, text in files.items():
        Path(f"{name}.yaml").write_text(text, "utf-8")


def test_proves_the_national_rules(run: Run) -> None:
    """Every guarantee proved, none vacuous, no fault: exit 0."""
    ran = run("check", RULES)
    assert ran.code == 0
    for name, count in GUARANTEES.items():
        assert f"{name}@1: proved; {count} of {count} guarantees proved\n" in ran.out
    assert ran.out.endswith(f"{RULES}: no fault, 6 to note\n")
    assert "vacuous" not in ran.out
    assert len(national().lifecycles) == ran.out.count(": proved; ")


def test_prints_every_fault_of_a_rule_file(run: Run) -> None:
    """Findings: exit 1, each with its place, code and help."""
    write(own="lifecycle: own\nversion: no\n")
    ran = run("check", "own.yaml", "nowhere.yaml")
    assert ran.code == 1
    assert "own.yaml:2:10: wrong-type: a whole number belongs here, not the text `no`\n" in ran.out
    assert "nowhere.yaml:1:1: unreadable" in ran.out
    assert "faults" in ran.out.splitlines()[-1]
    assert ran.err == ""


@pytest.mark.parametrize(
    ("because", "code", "verdict"),
    [("{predicate: is_ready}", 3, "undetermined"), ("reason", 0, "proved"), ("{field: x}", 1, "")],
)
def test_the_exit_code_is_the_verdict(run: Run, because: str, code: int, verdict: str) -> None:
    """0 proved, 1 refuted or wrong, 3 undetermined, which is never a pass."""
    write(words=WORDS, own=OWN.replace("{predicate: is_ready}", because))
    ran = run("check", "words.yaml", "own.yaml")
    assert ran.code == code
    assert f"own@1: {verdict}" in ran.out


def test_a_refuted_guarantee_is_told_as_a_walk(run: Run) -> None:
    """Each step with the line that allows it."""
    write(words=WORDS, own=OWN.replace("{predicate: is_ready}", "successor"))
    ran = run("check", "words.yaml", "own.yaml")
    assert ran.code == 1
    assert (
        "    1. own.yaml:11:7: `lead` does `close` with a successor: `open` → `closed`" in ran.out
    )
    assert "own@1: refuted; 0 of 1 guarantees proved" in ran.out


def test_says_what_it_proved_of_a_forces_file(run: Run) -> None:
    """Each obligation with its verdict, as a table for people and as data for programs."""
    ran = run("check", CUSTOM / "evidence_panel")
    assert ran.code == 0
    assert all(f"\nproved  {obligation.name}  " in ran.out for obligation in REFINEMENT)
    (entry,) = json.loads(run("check", CUSTOM / "evidence_panel", "--format", "json").out)[
        "lifecycles"
    ]
    assert entry["obligations"] == [
        {"obligation": each.name, "that": each.that, "verdict": "proved"} for each in REFINEMENT
    ]
    ran = run("check", CUSTOM / "refused" / "deputy-signs.yaml")
    assert "\nrefuted  requirements " in ran.out
    assert "\nproved   counts " in ran.out


def test_says_what_it_proved_of_a_plan(run: Run) -> None:
    """The same for a plan between two versions."""
    plan("{open: busy, closed: closed}")
    ran = run("check", ".")
    assert "\nm, own@1 → own@2: proved\n" in ran.out
    assert all(f"\nproved  {obligation.name} " in ran.out for obligation in MIGRATION)
    plan("{open: closed, closed: closed}")
    (entry,) = json.loads(run("check", ".", "--format", "json").out)["plans"]
    verdicts = {each["obligation"]: each["verdict"] for each in entry["obligations"]}
    assert (entry["plan"], entry["from"], entry["to"]) == ("m", "own@1", "own@2")
    assert (verdicts["counts"], verdicts["ends"], verdicts["levels"]) == (
        "refuted",
        "refuted",
        "proved",
    )


def test_findings_for_programs(run: Run) -> None:
    """JSON has every diagnostic with its parts, and what was proved."""
    ran = run("check", CUSTOM / "refused" / "skips-verification.yaml", "--format", "json")
    told = json.loads(ran.out)
    assert (ran.code, told["verdict"]) == (1, "refuted")
    broken, *_ = told["diagnostics"]
    assert (broken["code"], broken["line"], broken["severity"]) == ("guarantee-broken", 29, "error")
    assert broken["related"]["file"].endswith("level-3.yaml")
    assert [step["line"] for step in broken["steps"]] == [15, 20, 29]
    assert told["lifecycles"][0]["refines"] == "level-3@2"
    fine = json.loads(run("check", CUSTOM / "evidence_panel", "--format", "json").out)
    assert (fine["verdict"], fine["diagnostics"]) == ("proved", [])


def test_findings_for_editors_and_code_hosts(run: Run) -> None:
    """SARIF 2.1.0: results with their places, the line they break, and the walk."""
    ran = run("check", CUSTOM / "refused" / "skips-verification.yaml", "--format", "sarif")
    (done,) = json.loads(ran.out)["runs"]
    assert ran.code == 1
    assert json.loads(ran.out)["version"] == "2.1.0"
    codes = [rule["id"] for rule in done["tool"]["driver"]["rules"]]
    assert codes == sorted({result["ruleId"] for result in done["results"]})
    broken, *_ = done["results"]
    place = broken["locations"][0]["physicalLocation"]
    assert (broken["level"], place["region"]) == ("error", {"startLine": 29, "startColumn": 7})
    (flow,) = broken["codeFlows"][0]["threadFlows"]
    assert len(flow["locations"]) == 3
    own = done["results"][-1]
    assert own["ruleId"] == "own-step-leaves"
    assert own["relatedLocations"][0]["message"]["text"] == "the rule that it is held against"
    (flow,) = own["codeFlows"][0]["threadFlows"]
    assert flow["locations"][-1]["location"]["physicalLocation"] == place
    noted = json.loads(run("check", RULES, "--format", "sarif").out)["runs"][0]["results"]
    assert {result["level"] for result in noted} == {"note"}
    assert noted[0].keys().isdisjoint({"relatedLocations", "codeFlows"})


def test_a_certificate_is_written_and_proved_again(run: Run) -> None:
    """What was proved can be checked by whoever doubts it."""
    rules = CUSTOM / "demonstration_period"
    ran = run("check", rules, "--format", "json")
    assert (ran.code, json.loads(ran.out)["verdict"]) == (0, "proved")
    Path("c.json").write_text(ran.out, "utf-8")
    assert run("check", rules, "--verify-certificate", "c.json").code == 0
    ran = run("check", CUSTOM / "evidence_panel", "--verify-certificate", "c.json")
    assert ran.code == 1
    assert "c.json:1:1: certificate-differs: `level-2-demonstrated@2` was there" in ran.out
    Path("c.json").write_text("{}", "utf-8")
    ran = run("check", rules, "--verify-certificate", "c.json")
    assert (ran.code, "certificate-unreadable" in ran.err) == (1, True)


def test_a_certificate_that_cannot_be_read_is_misuse(run: Run) -> None:
    """A path that is no file."""
    ran = run("check", RULES, "--verify-certificate", "gone.json")
    assert (ran.code, "cannot be read" in ran.err) == (2, True)


def test_diff_says_what_an_edit_means(run: Run) -> None:
    """Exit 1 and one line each for what changed; nothing for comments, titles and order."""
    write(old=OWN, new=OWN.replace("[{predicate: is_ready}]", "[reason, successor]"))
    write(same="# a comment\n" + OWN.replace("title: Own", "title: Another"))
    ran = run("diff", "old.yaml", "new.yaml")
    assert ran.code == 1
    assert ran.out.splitlines()[0] == "own@1 → own@1:"
    assert "needs" in ran.out
    ran = run("diff", "old.yaml", "same.yaml")
    assert (ran.code, ran.out) == (0, "own@1 → own@1: means the same\n")


def test_diff_pairs_the_files_of_folders(run: Run) -> None:
    """By name; what is in one of them alone appeared or vanished."""
    ran = run("diff", RULES, CUSTOM / "evidence_panel")
    assert ran.code == 1
    assert "level-3-panel@2:\n  the lifecycle appeared\n" in ran.out
    assert "level-4@2:\n  the lifecycle vanished\n" in ran.out
    ran = run("diff", "gone.yaml", RULES)
    assert (ran.code, "are neither a file here nor a national lifecycle" in ran.err) == (2, True)


def test_diff_does_not_take_a_broken_file_for_a_missing_one(run: Run) -> None:
    """A syntax error is shown, and nothing is said to have vanished."""
    write(words=WORDS)
    for name in ("was", "is"):
        Path(name).mkdir()
        Path(name, "own.yaml").write_text(OWN, "utf-8")
        Path(name, "other.yaml").write_text(
            OWN.replace("lifecycle: own", "lifecycle: other"), "utf-8"
        )
    Path("is/other.yaml").write_text("x: [", "utf-8")
    ran = run("diff", "was", "is")
    assert (ran.code, "vanished" in ran.out, "yaml-syntax" in ran.out) == (2, False, True)


def plan(states: str) -> None:
    """Write two versions of a lifecycle and a plan between them."""
    older = OWN.replace("{predicate: is_ready}", "reason")
    busy = "  busy:\n    counts_as: {force: open}\n    transitions:\n"
    way = "      close: {to: closed, by: [lead], requires: [reason]}\n"
    newer = older.replace(way, "      begin: {to: busy, by: [lead]}\n" + busy + way)
    write(
        words=WORDS,
        one=older,
        two=newer.replace("version: 1", "version: 2").replace("2023", "2024"),
        plan=f"migration: m\nfrom: own@1\nto: own@2\nstates: {states}\n",
    )


def test_migrate_proves_a_plan(run: Run) -> None:
    """Counts stay, nobody is put at an end, and guarantees hold over the old walk."""
    plan("{open: busy, closed: closed}")
    ran = run("migrate", "--check", "plan.yaml")
    assert (ran.code, ran.out) == (0, "m, own@1 → own@2: proved\n")


def test_migrate_refuses_a_plan_that_closes_records(run: Run) -> None:
    """`open → closed` changes figures and puts records at an end."""
    plan("{open: closed, closed: closed}")
    ran = run("migrate", "--check", "plan.yaml", "--rules", ".")
    assert ran.code == 1
    assert "plan.yaml:4:10: count-changes" in ran.out
    assert "plan.yaml:4:10: ends-records" in ran.out
    assert ran.out.endswith("m, own@1 → own@2: refuted\n")


def test_migrate_wants_a_plan(run: Run) -> None:
    """Another rule file is misuse."""
    write(words=WORDS)
    ran = run("migrate", "--check", "words.yaml")
    assert (ran.code, "is no migration's file" in ran.err) == (2, True)


def test_prints_the_page_of_a_lifecycle(run: Run) -> None:
    """In Markdown, with its diagram; the pages in docs are made so."""
    ran = run("rules", "level-3", "--page")

    assert ran.code == 0
    assert ran.out == (Path(__file__).parents[2] / "docs/lifecycles/level-3.md").read_text("utf-8")


def test_writes_the_page_of_a_lifecycle_to_a_file(run: Run) -> None:
    """The file was named, and not written."""
    page = run("rules", "level-3", "--page").out
    ran = run("rules", "level-3", "--page", "-o", "page.md")

    assert (ran.code, ran.out) == (0, "")
    assert Path("page.md").read_text("utf-8") == page


@pytest.mark.parametrize(
    "words",
    [
        ("--page",),
        ("level-3", "--page", "--limit", "1"),
        ("level-3", "--page", "--format", "json"),
        ("level-3", "--page", "-o", "page.csv"),
    ],
)
def test_refuses_what_a_page_cannot_do(run: Run, words: tuple[str, ...]) -> None:
    """All of it was passed over in silence."""
    ran = run("rules", *words)

    assert (ran.code, ran.out, ran.err[:8]) == (2, "", "--page: ")
    assert not Path("page.csv").exists()


def test_arranges_the_steps_of_a_lifecycle(run: Run) -> None:
    """As any list: only the columns and rows that are asked for."""
    ran = run("rules", "level-3", "--columns", "trigger", "--limit", "1")

    assert (ran.code, ran.out.split()) == (0, ["level-3@2", "trigger", "start"])
    assert run("rules", "level-3", "--sort", "nothing").code == 2
