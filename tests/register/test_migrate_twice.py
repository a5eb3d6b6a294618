"""Records move twice: a state of rules long gone is not the one that later rules call so."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from peelflow.model.decisions import Refused
from peelflow.register.register import Register
from peelflow.rulebook.national import load
from tests.builders.force import LIAISON, clock
from tests.builders.rules import REVIEW_LEAD, REVIEW_WORDS, Reviews

HEAD = """\
lifecycle: review
version: {version}
in_force_from: 2023-0{version}-01
title: "Shelved, and closed"
applies_to: {{category: local_review, level: none}}
initial: open
states:
  closed: {{counts_as: {{force: closed}}, final: true}}
"""
FIRST = """\
  open:
    counts_as: {force: open}
    transitions:
      shelve: {to: shelved, by: [lead]}
      finish: {to: closed, by: [lead]}
  shelved:
    counts_as: {force: open}
    transitions:
      take_up: {to: open, by: [lead]}
"""
SECOND = """\
  open:
    counts_as: {force: open}
    transitions:
      finish: {to: closed, by: [lead]}
"""
THIRD = """\
  open:
    counts_as: {{force: open}}
    transitions:
      prepare: {{to: prepared, by: [lead]}}
      finish: {{to: closed, by: [liaison_officer], requires: [{asked}]}}
  prepared:
    counts_as: {{force: open}}
    transitions:
      shelve: {{to: shelved, by: [lead]}}
  shelved:
    counts_as: {{force: open}}
    transitions:
      take_up: {{to: open, by: [lead]}}
      finish: {{to: closed, by: [liaison_officer], requires: [{asked}]}}
guarantees:
  - that: closed is never entered without [prepare]
    because: "nothing is shelved unprepared, and nothing closed that was not shelved"
"""
PLANS = {
    "first-move": """\
migration: first-move
from: review@1
to: review@2
states: {open: open, shelved: open, closed: closed}
""",
    "second-move": """\
migration: second-move
from: review@2
to: review@3
states: {open: open, closed: closed}
""",
}


@pytest.mark.parametrize("asked", ["waited: 1", "evidence: letter"])
def test_nothing_counts_since_a_state_of_rules_long_gone(tmp_path: Path, asked: str) -> None:
    """The proof of the second plan knows only the rules between, which had no such state."""
    texts = (FIRST, SECOND, THIRD.format(asked=f"{{{asked}, since: shelved}}"))
    for version, text in enumerate(texts, start=1):
        path = tmp_path / f"review-{version}.yaml"
        path.write_text(HEAD.format(version=version) + text, "utf-8")
    for name, text in PLANS.items():
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    (tmp_path / "words.yaml").write_text(REVIEW_WORDS, "utf-8")
    here = Reviews(Register.open("memory:", rulebook=load(tmp_path), clock=clock))
    record = here.add(issued=date(2023, 1, 9))
    here.act(record, "shelve", REVIEW_LEAD)
    for plan in PLANS:
        here.register.migrate(plan, actor=LIAISON, on=here.day, reason="new rules")
    with pytest.raises(Refused, match="`shelved` was never entered"):
        here.act(record, "finish", LIAISON)
    assert here.register.verify() == ()
