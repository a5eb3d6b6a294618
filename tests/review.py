"""A force's own review in two versions, a plan from one to the other, and a register of it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from attrs import define, field

from peelflow.model.records import Actor, Event
from peelflow.register.register import Register
from peelflow.rulebook.national import load
from peelflow.rulebook.rulebook import Rulebook
from tests.world import FORCE, LIAISON, clock

PLAN = "review-1-to-2"
LEAD = Actor("lead", "lead")
START = date(2023, 4, 3)
WORDS = """\
vocabulary: my-force
categories:
  local_review:
    title: Local review
    fields:
      owner: {type: person, title: Who leads it}
      area: {type: text, title: Area}
    figures:
      - {title: Local review, order: 200, level: none}
"""
FIRST = """\
lifecycle: review
version: 1
in_force_from: 2023-04-01
title: "Done, then signed off"
applies_to: {category: local_review, level: none}
initial: open
states:
  open:
    counts_as: {portal: open}
    transitions:
      finish: {to: finished, by: [lead], requires: [{field: owner}]}
      park: {to: parked, by: [liaison_officer]}
  finished:
    counts_as: {portal: open}
    transitions:
      sign_off: {to: closed, by: [liaison_officer], requires: [{distinct_from: finish}]}
      send_back: {to: open, by: [liaison_officer], requires: [reason]}
  parked:
    counts_as: {portal: open}
    transitions:
      unpark: {to: open, by: [lead]}
  closed:
    counts_as: {portal: closed}
    final: true
    transitions:
      reopen: {to: open, by: [liaison_officer], requires: [reason], reopens: true}
guarantees:
  - that: closed is never entered without [finish, sign_off]
    because: "the force's own policy"
"""
SECOND = (
    FIRST.replace("version: 1", "version: 2")
    .replace("2023-04-01", "2024-04-01")
    .replace(
        """\
      finish: {to: finished, by: [lead], requires: [{field: owner}]}
      park: {to: parked, by: [liaison_officer]}
""",
        """\
      plan: {to: planned, by: [lead], requires: [reason]}
      park: {to: parked, by: [liaison_officer]}
  planned:
    counts_as: {portal: open}
    transitions:
      finish: {to: finished, by: [lead], requires: [{field: area}]}
      lapse: {to: open, by: [system], after: {days: 30, since: entered}}
""",
    )
)
MOVES = f"""\
migration: {PLAN}
from: review@1
to: review@2
states: {{open: planned, finished: finished, parked: parked, closed: closed}}
triggers: {{finish: finish, sign_off: sign_off}}
"""


def written(folder: Path, **changes: str) -> Path:
    """Write the rules and the plan to a folder, but for `changes`, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"words": WORDS, "first": FIRST, "second": SECOND, "plan": MOVES, **changes}
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


@define
class Reviews:
    """A register of reviews, and a day that only moves on."""

    register: Register
    day: date = START
    made: list[str] = field(factory=list)

    def add(self, issued: date | None = None, **fields: str) -> str:
        """Add a review, today unless issued on another day."""
        name = f"review-{len(self.made):04d}"
        self.register.add(
            name,
            category="local_review",
            force=FORCE,
            issued=issued or self.day,
            fields={"owner": "lead", **fields},
            actor=LIAISON,
        )
        self.made.append(name)
        return name

    def act(self, record: str, trigger: str, actor: Actor, **more: Any) -> Event:
        """Do a trigger a day later."""
        self.day += timedelta(1)
        return self.register.fire(record, trigger, actor=actor, on=self.day, **more)

    def move(self, **more: Any) -> tuple[int, tuple[str, ...]]:
        """Migrate under the plan today; return how many moved, and who was left."""
        said: dict[str, Any] = {"actor": LIAISON, "on": self.day, "reason": "new rules", **more}
        done = self.register.migrate(PLAN, **said)
        return done.moved, done.not_moved

    def move_back(self, **more: Any) -> tuple[int, tuple[str, ...]]:
        """Take the migration back today; return how many moved, and who was left."""
        said: dict[str, Any] = {"actor": LIAISON, "on": self.day, "reason": "a mistake", **more}
        done = self.register.unmigrate(PLAN, **said)
        return done.moved, done.not_moved


def reviews(folder: Path, url: str = "memory:", *, rules: Rulebook | None = None) -> Reviews:
    """Open a register of reviews."""
    return Reviews(Register.open(url, rulebook=rules or load(written(folder)), clock=clock))
