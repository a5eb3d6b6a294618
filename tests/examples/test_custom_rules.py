"""A force's own rules: four that pass and run, and edits that must be refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from peelflow.model.decisions import Refused
from peelflow.model.records import Actor
from peelflow.register.register import Register
from peelflow.rulebook.national import examine, load, shipped_folder
from tests.builders.force import CHIEF, HMICFRS, LIAISON, clock

CUSTOM = shipped_folder("examples") / "custom_rules"
PASSING = ("evidence_panel", "demonstration_period", "own_status_words", "committee_review")
REFUSED = sorted((CUSTOM / "refused").glob("*.yaml"))
LEAD = Actor("lead-1", "lead")
ISSUED = date(2023, 6, 1)
Act = Callable[..., Any]


@pytest.mark.parametrize("name", PASSING)
def test_realistic_rules_pass(name: str) -> None:
    """Nothing to find, every guarantee proved and none vacuous."""
    checked = examine(CUSTOM / name)
    assert checked.diagnostics == ()
    assert checked.verdict == "proved"
    assert all(proof.vacuous is None for proof in checked.proofs)
    assert [one.refines is not None for one in checked.lifecycles] == [True]


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_each_edit_is_refused_as_the_page_says(path: Path) -> None:
    """The story's edit is found, by the codes that the page names, and by no others."""
    page = (CUSTOM / "README.md").read_text("utf-8")
    (told,) = re.findall(rf"^\| `{path.stem}` \| (.+) \|$", page, re.MULTILINE)
    checked = examine(path)
    assert checked.verdict == "refuted"
    assert sorted({fault.code for fault in checked.diagnostics}) == re.findall("`([a-z-]+)`", told)
    assert path.read_text("utf-8").splitlines()[1].startswith("# Story: ")


@pytest.mark.parametrize("path", sorted(CUSTOM.rglob("*.yaml")), ids=lambda path: path.stem)
def test_editors_find_the_schema(path: Path) -> None:
    """The first line of every rule file names a schema that is there."""
    mark, _, target = path.read_text("utf-8").splitlines()[0].partition("$schema=")
    assert mark == "# yaml-language-server: "
    assert (path.parent / target).is_file()


def acting(register: Register, level: int, question: str = "7.2") -> tuple[Act, Callable[[], Any]]:
    """Add a record and people; return how to act on it, and how to see its state."""
    for person, role in (("chief-constable", "chief_constable"), ("deputy", "nominated_deputy")):
        register.appoint(person, role, force="wmp", first_day=date(2023, 1, 1), actor=LIAISON)
    fields: dict[str, Any] = {"owner": "lead-1", "question": question, "due": date(2023, 12, 1)}
    asked: dict[str, Any] = {"category": "recommendation", "level": level, "force": "wmp"}
    register.add("R", **asked, issued=ISSUED, fields=fields, actor=LIAISON)

    def act(trigger: str, actor: Actor, days: int, **given: Any) -> None:
        register.fire("R", trigger, actor=actor, on=ISSUED + timedelta(days), **given)

    return act, lambda: register.record("R").state


def letter(register: Register, kind: str = "letter") -> Any:
    """Keep a letter of the Chief Constable, signed on the issue date."""
    signed: dict[str, Any] = {"signed_by": "chief-constable", "signed_on": ISSUED}
    return register.keep(kind.encode(), kind=kind, name=kind, **signed)


def test_the_panel_agrees_before_the_letter() -> None:
    """Evidence, another person's agreement, the letter; HMICFRS verifies as everywhere."""
    rulebook = load(CUSTOM / "evidence_panel")
    with Register.open("memory:", rulebook=rulebook, clock=clock) as register:
        act, state = acting(register, 3)
        assert register.record("R").lifecycle.name == "level-3-panel"
        act("start", LEAD, 1)
        with pytest.raises(Refused, match="only from `panel_agreed`"):
            act("self_certify", CHIEF, 2, evidence=[letter(register)])
        act("submit", LEAD, 2, evidence=[letter(register, "evidence_file")])
        with pytest.raises(Refused, match="lead-1 did `submit` too"):
            act("agree", Actor("lead-1", "evidence_panel"), 3)
        act("agree", Actor("superintendent-2", "evidence_panel"), 3)
        act("self_certify", CHIEF, 4, evidence=[letter(register)])
        held: dict[str, Any] = {
            "kind": "planned",
            "first_day": ISSUED,
            "last_day": date(2023, 7, 1),
        }
        register.add(
            "I",
            category="inspection",
            force="wmp",
            issued=ISSUED,
            fields={**held, "questions": ["7"]},
            actor=LIAISON,
        )
        act("verify", HMICFRS, 5, inspection="I", source="letter", recorded_by="clerk")
        assert state() == "closed"


def test_the_demonstration_period_takes_28_days_and_two_people() -> None:
    """Neither sooner nor alone."""
    rulebook = load(CUSTOM / "demonstration_period")
    with Register.open("memory:", rulebook=rulebook, clock=clock) as register:
        act, state = acting(register, 2)
        act("start", LEAD, 1)
        act("demonstrate", LEAD, 10)
        with pytest.raises(Refused, match="27 of 28 days passed"):
            act("sign_off", LIAISON, 37)
        with pytest.raises(Refused, match="lead-1 did `demonstrate` too"):
            act("sign_off", Actor("lead-1", "liaison_officer"), 38)
        act("sign_off", LIAISON, 38)
        act("close", CHIEF, 39, evidence=[letter(register)])
        assert state() == "closed"


def reviewed_register() -> Register:
    """Return a register under the rules that let the audit committee read the work."""
    return Register.open("memory:", rulebook=load(CUSTOM / "committee_review"), clock=clock)


def test_the_committee_reads_the_work_and_lessons_are_noted_at_the_end() -> None:
    """Its review moves nothing on the portal; at the end a note counts nothing again."""
    with reviewed_register() as register:
        act, state = acting(register, 2)
        act("start", LEAD, 1)
        act("hand_in", LEAD, 10)
        committee = Actor("chair-1", "audit_committee")
        act("review", committee, 12, reason="read on 13 June", source="minutes", recorded_by="c")
        assert (state(), register.figures().open) == ("reviewed", 1)
        act("close", CHIEF, 13, evidence=[letter(register)])
        figures = register.figures()
        act("note_lessons", LEAD, 20, reason="ask sooner")
        assert (state(), register.figures()) == ("closed", figures)
        assert register.record("R").spent == {letter(register).digest}
        act("reopen", HMICFRS, 21, reason="an error", source="letter", recorded_by="clerk")
        assert state() == "in_progress"


def test_the_committee_holds_nothing_up_and_time_reminds_once() -> None:
    """After 28 days the record goes on; the reminder comes once for each time that it lies."""
    with reviewed_register() as register:
        act, state = acting(register, 2)
        act("start", LEAD, 1)
        ticks = [
            len(register.tick(on=ISSUED + timedelta(days)).fired) for days in (90, 91, 92, 300)
        ]
        assert (ticks, state()) == ([0, 1, 0, 0], "in_progress")
        act("hand_in", LEAD, 310)
        register.tick(on=ISSUED + timedelta(338))
        assert state() == "reviewed"
        act("close", CHIEF, 339, evidence=[letter(register)])
        assert state() == "closed"


def test_the_tracker_keeps_its_own_words() -> None:
    """Figures are the portal's all the same."""
    rulebook = load(CUSTOM / "own_status_words")
    with Register.open("memory:", rulebook=rulebook, clock=clock) as register:
        act, state = acting(register, 2)
        assert (state(), register.figures().open) == ("awaiting_allocation", 1)
        act("allocate", LIAISON, 1)
        act("hand_in", LEAD, 2)
        assert state() == "pending_sign_off"
        deputy = Actor("deputy", "nominated_deputy")
        act("close", deputy, 3, evidence=[letter(register)])
        assert (state(), register.figures().closed) == ("closed", 1)
