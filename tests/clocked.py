"""Rules in which time itself acts: a case lapses by itself, and one on hold comes back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from peelflow.model.records import Actor
from peelflow.register.register import Register
from peelflow.rulebook.national import load
from tests.world import FORCE, clock

VOCABULARY = """
vocabulary: clocked
categories:
  case:
    title: Case
    fields:
      published: {type: date, title: Published}
      owner: {type: person, title: Owner}
    children: [case]
    figures:
      - {title: Case, order: 300, level: none, ledger: force}
"""
LIFECYCLE = """
lifecycle: case
version: 1
in_force_from: 2020-01-01
title: A case that time moves
applies_to: {category: case, level: none}
initial: waiting
states:
  waiting:
    counts_as: {force: open}
    transitions:
      hold: {to: held, by: [lead]}
      lapse: {to: lapsed, by: [system], after: {days: 28}}
  held:
    counts_as: {force: open}
    transitions:
      resume:
        to: waiting
        by: [system]
        after: {days: 7, since: published}
        requires: [{field: owner}]
  lapsed:
    counts_as: {force: open}
    transitions:
      file: {to: filed, by: [system]}
  filed:
    counts_as: {force: closed}
    final: true
"""
LEAD = Actor("lead", "lead")


def clocked(folder: Path, url: str = "memory:", **more: Any) -> Register:
    """Open a register under the national rules and these."""
    (folder / "vocabulary.yaml").write_text(VOCABULARY, "utf-8")
    (folder / "case.yaml").write_text(LIFECYCLE, "utf-8")
    rules = load(folder / "vocabulary.yaml", folder / "case.yaml")
    return Register.open(url, rulebook=rules, clock=clock, **more)


def add_case(
    register: Register, record: str, issued: date, *, parent: str | None = None, **fields: Any
) -> None:
    """Add a case of the force."""
    register.add(
        record,
        category="case",
        force=FORCE,
        issued=issued,
        fields=fields,
        parent=parent,
        actor=LEAD,
    )
