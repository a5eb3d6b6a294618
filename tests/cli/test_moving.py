"""correct, relevel, migrate and figures as known, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders.rules import (
    REVIEW_1,
    REVIEW_1_TO_2,
    REVIEW_2,
    REVIEW_PLAN,
    REVIEW_WORDS,
    write_review_rules,
)
from tests.cli.conftest import Ran, Run

REGISTER = ("--register", "reviews.db", "--rules", "rules")
LIAISON = ("--actor", "kim", "--actor-role", "liaison_officer")
LEAD = ("--actor", "lee", "--actor-role", "lead")
WHO = (*LIAISON, "--on", "2023-05-01", "--reason", "new rules")
HMICFRS = ("--actor", "portal", "--actor-role", "hmicfrs", "--recorded-by", "kim")


@pytest.fixture
def here(run: Run) -> Run:
    """Give the command beside a register with two reviews, of which one is finished."""
    write_review_rules(Path("rules"))
    for name in ("A", "B"):
        add(run, name)
    ran = run("fire", "B", "finish", *LEAD, "--on", "2023-04-05", *REGISTER)
    assert ran.code == 0
    return run


def add(run: Run, name: str, *, issued: str = "2023-04-03") -> Ran:
    """Add a review that is issued on a day."""
    ran = run(
        *("add", name, "--category", "local_review", "--force", "wmp", "--issued", issued),
        *("--field", "owner=lee", *LIAISON, *REGISTER),
    )
    assert ran.code == 0
    return ran


def migrate(run: Run, *words: str) -> Ran:
    """Run `peelflow migrate` with the plan."""
    return run("migrate", "rules/plan.yaml", *words, *REGISTER)


def test_a_dry_run_says_what_would_become_of_the_records(here: Run) -> None:
    """Who could do nothing next, and why; exit code 1, and nothing is moved."""
    ran = migrate(here, "--dry-run", "--on", "2023-05-01")
    assert ran.code == 1
    assert ran.out.splitlines()[:2] == [
        f"{REVIEW_PLAN}, review@1 → review@2: proved",
        "2 records affected: 0 stranded, 0 overdue at once, 1 blocked",
    ]
    assert "`finish` would lack: the field `area` is not set" in ran.out
    told = json.loads(migrate(here, "--dry-run", "--format", "json").out)
    assert [each["record"] for each in told] == ["A"]
    assert "review@1" in here("show", "A", *REGISTER).out


def test_a_dry_run_without_worries_is_fine(here: Run) -> None:
    """Exit code 0, and no table."""
    for name in ("A", "B"):
        here(
            *("correct", name, "1", "--redate", "2023-04-02"),
            *(*LIAISON, "--reason", "issued on a Sunday", *REGISTER),
        )
    Path("rules/second.yaml").write_text(REVIEW_2.replace("{field: area}", "{field: owner}"))
    ran = migrate(here, "--dry-run")
    assert (ran.code, ran.out.splitlines()[1:]) == (
        0,
        ["2 records affected: 0 stranded, 0 overdue at once, 0 blocked"],
    )


def test_records_move_and_move_back(here: Run) -> None:
    """`--apply` moves them, `--undo` takes back what nobody acted on since."""
    ran = migrate(here, "--apply", *WHO)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "2 records moved, 0 left")
    assert "moved to review@2, as planned" in here("show", "A", *REGISTER).out
    assert here("verify", *REGISTER).code == 0
    signed = here("fire", "B", "sign_off", *LIAISON, "--on", "2023-05-02", *REGISTER)
    assert signed.code == 0
    ran = migrate(here, "--undo", *WHO)
    assert (ran.code, ran.out.splitlines()[-2:]) == (
        1,
        ["1 record moved back, 1 left", "  left: B"],
    )
    assert "`planned`" not in here("show", "A", *REGISTER).out
    assert migrate(here, "--apply", *WHO).code == 0


def test_a_new_record_takes_the_version_in_force_on_its_issue_date(here: Run) -> None:
    """Old ones move by the migration alone, and both are counted together."""
    add(here, "C", issued="2024-04-02")
    versions = ["review@1", "review@1", "review@2"]
    shown = [here("show", name, *REGISTER).out for name in "ABC"]
    assert [each in told for each, told in zip(versions, shown, strict=True)] == [True] * 3
    migrate(here, "--apply", *WHO)
    assert all("review@2" in here("show", name, *REGISTER).out for name in "ABC")
    assert (
        "Local review,3,0,3"
        in here("figures", "--format", "csv", "--ledger", "force", *REGISTER).out
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("migrate",), 2, "does not say which plan"),
        (("migrate", "rules/plan.yaml"), 2, "give --check PLAN, or PLAN and --dry-run"),
        (("migrate", "rules/plan.yaml", "--dry-run", "--apply"), 2, "what to do with it"),
        (("migrate", "rules/plan.yaml", "--check", "rules/plan.yaml"), 2, "which plan"),
        (("migrate", "rules/plan.yaml", "--apply"), 2, "give --actor and --actor-role"),
        (("migrate", "rules/first.yaml", "--dry-run"), 2, "is no migration's file"),
        (("migrate", "rules/plan.yaml", "--apply", *LIAISON), 2, "the reason"),
        (("correct", "A", "1", *LIAISON), 2, "give --void, or --redate and a day"),
        (("correct", "A", "7", "--void", *WHO), 2, "is not in its history"),
        (("correct", "A", "1", "--redate", "2022-01-01", *WHO), 2, "in force only from"),
        (("figures", "--known", "99"), 2, "beyond the last event, at 3"),
        (("figures", "--known", "-1"), 2, "is no position"),
        (("relevel", "A", "rules/plan.yaml", *HMICFRS), 2, "use `migrate`"),
    ],
)
def test_says_what_is_missing(here: Run, words: tuple[str, ...], code: int, said: str) -> None:
    """What cannot be meant is misuse; nothing is written."""
    more = () if words[0] == "migrate" and len(words) == 1 else REGISTER
    ran = here(*words, *more)
    assert (ran.code, said in ran.err) == (code, True), ran.err


def test_an_unproved_plan_moves_nothing(here: Run) -> None:
    """Refuted is 1 with every fault, undetermined 3."""
    plan = Path("rules/plan.yaml")
    plan.write_text(REVIEW_1_TO_2.replace("parked: parked, ", ""), "utf-8")
    ran = migrate(here, "--apply", *WHO)
    assert (ran.code, "state-unmapped" in ran.out) == (1, True)
    assert ran.out.endswith("review@1 → review@2: refuted\n")
    plan.write_text(REVIEW_1_TO_2, "utf-8")
    hangs = REVIEW_2.replace("{field: area}", "{predicate: agreed}")
    promised = "  - {that: closed can always be reached, because: a test}\n"
    Path("rules/second.yaml").write_text(hangs + promised, "utf-8")
    words = f"{REVIEW_WORDS}predicates: {{agreed: It is agreed}}\n"
    Path("rules/words.yaml").write_text(words, "utf-8")
    ran = here("migrate", "--check", str(plan))
    assert (ran.code, "migration-undetermined" in ran.out) == (3, True)


def test_a_sound_plan_beside_a_faulty_file_is_not_told_refuted(here: Run) -> None:
    """The fault is told where it is; nothing moves while the rules there are not whole."""
    Path("rules/other.yaml").write_text("lifecycle: other\n")
    ran = migrate(here, "--dry-run", "--on", "2023-05-01")
    assert ran.code == 1
    assert "rules/other.yaml:1:1: missing-key" in ran.out
    said = "proved; the other files are mended first"
    assert ran.out.endswith(f"{REVIEW_PLAN}, review@1 → review@2: {said}\n")


def test_a_published_table_comes_out_again(here: Run) -> None:
    """`--known` and the position it was printed with, whatever was corrected since."""
    words = ("figures", "--as-at", "2023-04-30", *REGISTER)
    for verb, who in (("sign_off", LIAISON),):
        assert here("fire", "B", verb, *who, "--on", "2023-04-06", *REGISTER).code == 0
    published = here(*words).out
    assert "known at position 4" in published
    ran = here("correct", "B", "3", "--void", *LIAISON, "--reason", "another review", *REGISTER)
    assert (ran.code, ran.out) == (0, "B: event 3 voided; `closed` → `finished`\n")
    assert here(*words).out != published
    assert here(*words, "--known", "4").out == published
    ran = here(
        *("correct", "B", "2", "--redate", "2023-04-04", *LEAD),
        *("--reason", "a day earlier", *REGISTER),
    )
    assert (ran.code, "re-dated to 2023-04-04" in ran.out) == (0, True)


def test_a_correction_that_breaks_what_followed_is_refused(here: Run) -> None:
    """Exit code 1, with the event it would break."""
    here("fire", "B", "sign_off", *LIAISON, "--on", "2023-04-06", *REGISTER)
    ran = here("correct", "B", "2", "--void", *LEAD, "--reason", "not yet", *REGISTER)
    assert ran.code == 1
    assert "event 3 of 2023-04-06 would break" in ran.err


def test_hmicfrs_moves_a_record_to_another_level(run: Run) -> None:
    """Under the plan's file, with its source."""
    folder = Path("rules")
    folder.mkdir()
    levels = "3", "2"
    for number, text in zip(levels, (REVIEW_1, REVIEW_2), strict=True):
        (folder / f"{number}.yaml").write_text(
            text.replace("level: none", f"level: {number}")
            .replace("review\n", f"own-{number}\n")
            .replace("version: 2", "version: 1")
            .replace("2024-04-01", "2023-04-01"),
            "utf-8",
        )
    (folder / "words.yaml").write_text(REVIEW_WORDS, "utf-8")
    plan = folder / "plan.yaml"
    moves = REVIEW_1_TO_2.replace("review@1", "own-3@1").replace("review@2", "own-2@1")
    plan.write_text(f"{moves}by: [hmicfrs]\n", "utf-8")
    run(
        *("add", "A", "--category", "local_review", "--force", "wmp", "--issued", "2023-04-03"),
        *("--level", "3", *LIAISON, *REGISTER),
    )
    ran = run(
        *("relevel", "A", plan, *HMICFRS, "--source", "portal", "--reason", "reviewed"),
        *REGISTER,
    )
    assert (ran.code, ran.out) == (0, "A: level 3 → 2, `open` → `planned`\n")
    assert "level 3 → 2, as planned" in run("show", "A", *REGISTER).out


def test_moves_a_record_between_national_levels_by_the_plans_name(run: Run, demo: Path) -> None:
    """The plans between the levels come with peelflow; a name that is none is misuse."""
    said = (*HMICFRS, "--source", "portal", "--reason", "reviewed", "--register", demo)
    ran = run("relevel", "WMP-R3-020", "level-3-to-2", *said)
    assert (ran.code, ran.out) == (0, "WMP-R3-020: level 3 → 2, `self_certified` → `in_progress`\n")
    again = run("relevel", "WMP-R3-020", "level-3-to-2", *said)
    assert (again.code, "runs under level-2@2" in again.err) == (2, True), again.err
    wrong = run("relevel", "WMP-R3-024", "level-3-to-5", *said)
    assert (wrong.code, "the plan 'level-3-to-5': is not here" in wrong.err) == (2, True)
    table = run("figures", "--register", demo).out
    assert "Recommendation Level 2                 32       0     32" in table
