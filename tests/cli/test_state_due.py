"""By when a state is to be left, and when steps fall due, as the command tells them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from peelflow.register.register import Register
from tests.builders.force import clock
from tests.builders.rules import CASE_LEAD, add_case
from tests.cli.conftest import Run
from tests.portfolio.test_state_due import CASE, ENTERED, FIVE, WORDS, ruled


@pytest.fixture
def cases(tmp_path: Path) -> tuple[str | Path, ...]:
    """Give the options for a register with two cases, one of which was begun."""
    folder, url = tmp_path / "rules", f"sqlite:///{tmp_path / 'cases.db'}"
    folder.mkdir()
    with Register.open(url, rulebook=ruled(folder), clock=clock) as register:
        add_case(register, "C-1", ENTERED, due=ENTERED)
        add_case(register, "C-2", ENTERED)
        register.fire("C-2", "start", actor=CASE_LEAD, on=ENTERED)
    return "--register", tmp_path / "cases.db", "--rules", folder


def test_shows_by_when_a_state_is_to_be_left(run: Run, cases: tuple[str | Path, ...]) -> None:
    """Or why there is no such day."""
    assert f"to leave by {FIVE}" in " ".join(run("show", "C-1", *cases).out.split())
    bare = " ".join(run("show", "C-2", *cases).out.split())
    assert "to leave by no day: no date of publication is set" in bare


def test_lists_each_day_that_has_passed_and_says_which(
    run: Run, cases: tuple[str | Path, ...]
) -> None:
    """The record's own with its slips, its state's, and what has none."""
    ran = run("overdue", "--on", "2023-01-10", *cases, "--format", "json")
    keys = ("record", "what", "original", "due", "days over", "slipped", "words")
    lists = json.loads(ran.out)
    assert [tuple(each[key] for key in keys) for each in lists["overdue"]] == [
        ("C-1", "record", str(ENTERED), str(ENTERED), 18, 0, None),
        ("C-1", "state", None, str(FIVE), 6, None, None),
    ]
    assert [tuple(each[key] for key in keys) for each in lists["undated"]] == [
        ("C-2", "state", None, None, None, None, "no date of publication is set"),
    ]
    ran = run("overdue", "--on", "2023-01-10", *cases)
    assert "2 overdue, 1 without a day" in ran.out


def test_reads_times_aloud(run: Run, tmp_path: Path) -> None:
    """When a step falls due, and by when a state is to be left."""
    lapse = "start: {to: work, by: [system], after: {months: 1, beginning: true}}"
    text = CASE.format(due="working_days: 5, beginning: true")
    text = text.replace("start: {to: work, by: [lead]}", lapse)
    (tmp_path / "vocabulary.yaml").write_text(WORDS, "utf-8")
    (tmp_path / "case.yaml").write_text(text, "utf-8")
    out = run("rules", "case", "--rules", tmp_path).out
    assert "`open` is to be left within 5 working days beginning with the day of entry" in out
    assert "`work` is to be left within 2 months of the date in the field `published`" in out
    once = "once the last of 1 month beginning with the day this state was entered has come"
    assert once in " ".join(
        run("rules", "case", "--rules", tmp_path, "--format", "csv").out.split()
    )


def test_a_day_gone_by_is_asked_for_with_the_rules_of_then(
    run: Run, cases: tuple[str | Path, ...]
) -> None:
    """A day before there was anything lists nothing."""
    eve = date(2022, 12, 22)
    assert "0 overdue, 0 without a day" in run("overdue", "--on", str(eve), *cases).out
