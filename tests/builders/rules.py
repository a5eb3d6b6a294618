"""Rule files to test with: a timed case, a force's own review in two versions, guarantees."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from peelflow.model.records import Actor, Event
from peelflow.model.rules import Lifecycle, Role, Vocabulary
from peelflow.proof.counterexample import ProofResult
from peelflow.proof.guarantees import prove
from peelflow.register.register import Register
from peelflow.rulebook.loader import read_lifecycle, resolve
from peelflow.rulebook.national import load, national
from peelflow.rulebook.rulebook import Rulebook
from tests.builders.force import FORCE, LIAISON, clock

CASE_VOCABULARY = """
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
CASE_LIFECYCLE = """
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
CASE_LEAD = Actor("lead", "lead")


def timed_cases(folder: Path, url: str = "memory:", **more: Any) -> Register:
    """Open a register under the national rules and these."""
    (folder / "vocabulary.yaml").write_text(CASE_VOCABULARY, "utf-8")
    (folder / "case.yaml").write_text(CASE_LIFECYCLE, "utf-8")
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
        actor=CASE_LEAD,
    )


REVIEW_PLAN = "review-1-to-2"
REVIEW_LEAD = Actor("lead", "lead")
REVIEW_START = date(2023, 4, 3)
REVIEW_WORDS = """\
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
REVIEW_1 = """\
lifecycle: review
version: 1
in_force_from: 2023-04-01
title: "Done, then signed off"
applies_to: {category: local_review, level: none}
initial: open
states:
  open:
    counts_as: {force: open}
    transitions:
      finish: {to: finished, by: [lead], requires: [{field: owner}]}
      park: {to: parked, by: [liaison_officer]}
  finished:
    counts_as: {force: open}
    transitions:
      sign_off: {to: closed, by: [liaison_officer], requires: [{distinct_from: finish}]}
      send_back: {to: open, by: [liaison_officer], requires: [reason]}
  parked:
    counts_as: {force: open}
    transitions:
      unpark: {to: open, by: [lead]}
  closed:
    counts_as: {force: closed}
    final: true
    transitions:
      reopen: {to: open, by: [liaison_officer], requires: [reason], reopens: true}
guarantees:
  - that: closed is never entered without [finish, sign_off]
    because: "the force's own policy"
"""
REVIEW_2 = (
    REVIEW_1.replace("version: 1", "version: 2")
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
    counts_as: {force: open}
    transitions:
      finish: {to: finished, by: [lead], requires: [{field: area}]}
      lapse: {to: open, by: [system], after: {days: 30, since: entered}}
""",
    )
)
REVIEW_1_TO_2 = f"""\
migration: {REVIEW_PLAN}
from: review@1
to: review@2
states: {{open: planned, finished: finished, parked: parked, closed: closed}}
triggers: {{finish: finish, sign_off: sign_off}}
"""


def write_review_rules(folder: Path, **changes: str) -> Path:
    """Write the rules and the plan to a folder, but for `changes`, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "words": REVIEW_WORDS,
        "first": REVIEW_1,
        "second": REVIEW_2,
        "plan": REVIEW_1_TO_2,
        **changes,
    }
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


@define
class Reviews:
    """A register of reviews, and a day that only moves on."""

    register: Register
    day: date = REVIEW_START
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
        done = self.register.migrate(REVIEW_PLAN, **said)
        return done.moved, done.not_moved

    def move_back(self, **more: Any) -> tuple[int, tuple[str, ...]]:
        """Take the migration back today; return how many moved, and who was left."""
        said: dict[str, Any] = {"actor": LIAISON, "on": self.day, "reason": "a mistake", **more}
        done = self.register.unmigrate(REVIEW_PLAN, **said)
        return done.moved, done.not_moved


def reviews(folder: Path, url: str = "memory:", *, rules: Rulebook | None = None) -> Reviews:
    """Open a register of reviews."""
    return Reviews(
        Register.open(url, rulebook=rules or load(write_review_rules(folder)), clock=clock)
    )


HEAD = """\
lifecycle: {name}
version: 1
in_force_from: 2020-01-01
title: Written in a test
applies_to: {{category: [recommendation], level: 3}}
initial: {initial}
"""
WORDS = national().vocabulary
ROLES = {
    **WORDS.roles,
    "panel": Role("force", "Panel", stands_for="liaison_officer"),
    "chair": Role("force", "Chair", stands_for="chief_constable"),
}
VOCABULARY: Vocabulary = evolve(WORDS, roles=ROLES, predicates={"agreed": "It is agreed"})


def rules_from(
    rest: str,
    *,
    name: str = "written",
    initial: str = "open",
    refines: Lifecycle | None = None,
) -> Lifecycle:
    """Return the lifecycle of a rule file, given all but its head."""
    head = HEAD.format(name=name, initial=initial)
    more = f"refines: {refines}\n" if refines else ""
    lifecycle = read_lifecycle((head + more + rest).encode(), f"{name}.yaml")
    return resolve(lifecycle, VOCABULARY, refines)


def proofs_of(states: str, *sentences: str) -> tuple[ProofResult, ...]:
    """Return what is found of these sentences about these states."""
    return prove(promising(states, *sentences), VOCABULARY)


def promising(states: str, *sentences: str, initial: str = "open") -> Lifecycle:
    """Return a lifecycle of these states that promises these sentences."""
    said = "".join(f"  - that: {sentence!r}\n    because: a test\n" for sentence in sentences)
    return rules_from(f"{states}guarantees:\n{said}", initial=initial)
