"""Parents and children that count on a ledger, under rules that say nothing of children."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from peelflow.model.decisions import ChildrenNeed, Reason, Refusal, Refused
from peelflow.register.register import Register
from peelflow.rulebook.national import load
from tests.builders.force import FORCE, LIAISON, START, clock

WORDS = """\
vocabulary: own
categories:
  job: {title: Job, children: [job]}
"""
RULES = """\
lifecycle: job
version: 1
in_force_from: 2020-01-01
title: A job, which may have parts
applies_to: {category: job, level: none}
initial: open
states:
  open:
    counts_as: {force: open}
    transitions:
      finish: {to: done, by: [liaison_officer]}
      shelve: {to: shelved, by: [liaison_officer]}
  shelved:
    counts_as: {}
    transitions:
      finish: {to: done, by: [liaison_officer]}
  done:
    counts_as: {force: closed}
    final: true
    transitions:
      reopen: {to: open, by: [liaison_officer], reopens: true}
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Register]:
    """Give a register with a job and its two parts."""
    (tmp_path / "words.yaml").write_text(WORDS, "utf-8")
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    with Register.open("memory:", rulebook=load(tmp_path), clock=clock) as register:
        for record, parent in (("J", None), ("J.1", "J"), ("J.2", "J")):
            register.add(
                record, category="job", force=FORCE, issued=START, actor=LIAISON, parent=parent
            )
        yield register


def fire(register: Register, record: str, trigger: str) -> None:
    """Do a trigger."""
    register.fire(record, trigger, actor=LIAISON, on=START)


def test_a_parent_does_not_close_before_its_children(jobs: Register) -> None:
    """No closed record has an open one beneath it, whatever its rules require."""
    fire(jobs, "J.1", "finish")
    with pytest.raises(Refused) as refused:
        fire(jobs, "J", "finish")
    asks = ((ChildrenNeed(("J.2",), ("force",)),),)
    reason = Reason("not yet", "not closed yet: J.2", "close each child first", asks=asks)
    assert refused.value.refusal == Refusal(
        "J", "job@1", "open", "finish", "liaison_officer", (reason,)
    )
    assert jobs.record("J").state == "open"


def test_a_parent_closes_after_its_children(jobs: Register) -> None:
    """What counts on no ledger is not open."""
    fire(jobs, "J.1", "finish")
    fire(jobs, "J.2", "shelve")
    fire(jobs, "J", "finish")
    assert jobs.record("J").state == "done"


def test_a_step_that_closes_nothing_asks_nothing_of_children(jobs: Register) -> None:
    """Only an end on a ledger must wait."""
    fire(jobs, "J", "shelve")
    assert jobs.record("J").state == "shelved"


def test_a_child_does_not_open_under_a_closed_parent(jobs: Register) -> None:
    """The parent is re-opened first, in the same batch."""
    for record in ("J.1", "J.2", "J"):
        fire(jobs, record, "finish")
    said = "J.1 is `done`; cannot `reopen`.*\n.*its parent J counts closed on force"
    with pytest.raises(Refused, match=said) as refused:
        fire(jobs, "J.1", "reopen")
    assert refused.value.refusal.state == jobs.record("J.1").state == "done"
    with jobs.batch() as batch:
        for record in ("J", "J.1"):
            batch.fire(record, "reopen", actor=LIAISON, on=START)
    assert {jobs.record(each).state for each in ("J", "J.1")} == {"open"}
