"""A move to other rules calls no step what it was not: a refusal or a re-opening stays one.

A force's plan that says that HMICFRS's re-opening was a reminder of its own would let a letter of
before count again. No such plan is used, and a move that was made up so is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from peelflow import (
    Actor,
    InvalidRules,
    MigrationPlan,
    Refused,
    Register,
    Rulebook,
    check,
    load,
    national,
)
from peelflow.proof import migration
from peelflow.register.restore import judge_export
from peelflow.register.session import Session
from peelflow.rulebook.canonical import pin_of
from tests.builders.force import KIND, LIAISON, clock, new_world
from tests.builders.own import Plain, add_step, write_own
from tests.register.test_by_map import PORTAL
from tests.stores.forgery import at, forged

KIM = Actor("officer-1", "liaison_officer")
HMICFRS = Actor("portal", "hmicfrs")
CHIEF = Actor("chief", "chief_constable")
PLAN = """\
migration: to-own
from: {old}
to: {new}
by: [liaison_officer]
states: {{{states}}}
triggers:
  close: close
  propose_superseded: propose_superseded
  accept_superseded: accept_superseded
  propose_not_applicable: propose_not_applicable
  accept_not_applicable: accept_not_applicable
  propose_no_action: propose_no_action
  accept_no_action: accept_no_action
"""
NOW, LATER = datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
STATES = (
    *("open", "in_progress", "proposed_superseded", "proposed_not_applicable"),
    *("proposed_no_action", "closed", "superseded", "not_applicable", "no_action", "discharged"),
)
LAUNDERED = "  reopen: remind\n"
WHY = "`reopen` sends a record back, or re-opens it, and `remind` not"


def with_reminder(own: Plain) -> None:
    """Give a force's form of level 2 a step of its own."""
    add_step(own, "in_progress", "remind", to="in_progress", by=["lead"], requires=["reason"])


def plan_text(old: str, new: str) -> str:
    """Return a plan by which every state keeps its name, and every step."""
    states = ", ".join(f"{name}: {name}" for name in STATES)
    return PLAN.format(old=old, new=new, states=states)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a force's form of level 2 and an honest plan to it."""
    folder = tmp_path / "rules"
    folder.mkdir()
    write_own(folder, "level-2", change=with_reminder)
    (folder / "plan.yaml").write_text(plan_text("level-2@2", "own-level-2@1"), "utf-8")
    return folder


@pytest.fixture(params=["memory", "sqlite"])
def register(request: pytest.FixtureRequest, tmp_path: Path, folder: Path) -> Iterator[Register]:
    """Give a register with the force's form, and a national record that HMICFRS re-opened."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'register.db'}"
    with Register.open(url, clock=lambda: NOW) as opened:
        first: dict[str, Any] = {"force": "wmp", "first_day": date(2022, 1, 1)}
        opened.appoint("chief", "chief_constable", **first, actor=KIM)
        entry: dict[str, Any] = {"category": "recommendation", "level": 2, "force": "wmp"}
        entry |= {"issued": date(2023, 1, 9), "fields": {"owner": "lee"}}
        opened.add("R-1", **entry, actor=HMICFRS, **PORTAL)
        opened.fire("R-1", "start", actor=KIM, on=date(2023, 2, 1))
        close_on(opened, b"1", date(2023, 3, 1))
        said: dict[str, Any] = {"actor": HMICFRS, "on": date(2023, 6, 8), "reason": "not done"}
        opened.fire("R-1", "reopen", **said, **PORTAL)
        yield Register(opened.services.store, rulebook=load(folder), clock=lambda: NOW)


def close_on(register: Register, content: bytes, on: date) -> None:
    """Close the record on a letter that was signed before it was re-opened."""
    said: dict[str, Any] = {"name": "l", "signed_by": "chief", "signed_on": date(2023, 2, 20)}
    letter = register.keep(content, kind="letter", **said)
    register.fire("R-1", "close", actor=CHIEF, on=on, evidence=[letter])


def test_the_check_refuses_a_plan_that_launders_a_re_opening(folder: Path) -> None:
    """At the line of the step, with what it was and what to call it."""
    honest = (folder / "plan.yaml").read_text("utf-8")
    assert check(folder) == ()
    (folder / "plan.yaml").write_text(f"{honest}{LAUNDERED}", "utf-8")
    (fault,) = check(folder)
    assert (fault.code, fault.span.line, fault.sentence) == ("trigger-differs", 14, WHY)
    assert fault.help == "map it to `reopen`"


def test_no_plan_that_is_given_launders_either(register: Register) -> None:
    """`migrate` proves what it is given, and the record stays under its rules."""
    (plan,) = [each for each in register.rulebook.migrations if each.name == "to-own"]
    laundering = evolve(plan, triggers={**plan.triggers, "reopen": "remind"})
    assert isinstance(laundering, MigrationPlan)
    with pytest.raises(InvalidRules) as refused:
        register.migrate(laundering, actor=KIM, on=date(2023, 6, 10), reason="new words")
    assert {fault.code for fault in refused.value.diagnostics} == {"trigger-differs"}
    assert str(register.record("R-1").lifecycle) == "level-2@2"


def test_a_letter_of_before_the_re_opening_counts_no_more_after_a_move(register: Register) -> None:
    """As before the move, and back under the national rules."""
    for _ in range(2):
        with pytest.raises(Refused, match="before the record was last sent back or re-opened"):
            close_on(register, b"2", date(2023, 7, 1))
        if str(register.record("R-1").lifecycle) == "level-2@2":
            register.migrate("to-own", actor=KIM, on=date(2023, 6, 10), reason="new words")
    assert register.verify() == ()


@pytest.mark.parametrize("is_plan_here", [False, True])
def test_a_made_up_move_that_launders_is_found(
    register: Register, folder: Path, *, is_plan_here: bool
) -> None:
    """Whether or not the plan that it names is here, and whether the rules are."""
    register.migrate("to-own", actor=KIM, on=date(2023, 6, 10), reason="new words")
    honest = list(register.export())
    edit = at(5, lambda event: event["what"].update(triggers={"reopen": "remind"}))
    assert found(honest, load(folder) if is_plan_here else None) == []
    assert found(forged(honest, edit), load(folder) if is_plan_here else None) == [
        f"5: the move to `in_progress` calls `reopen` `remind`: {WHY}"
    ]


def laundered(register: Register, monkeypatch: pytest.MonkeyPatch, url: str) -> Register:
    """Give a register whose record moved as an earlier peelflow let it, into which it came so."""
    (plan,) = [each for each in register.rulebook.migrations if each.name == "to-own"]
    with monkeypatch.context() as as_before:
        as_before.setattr(migration, "trigger_faults", lambda _: ())
        laundering = evolve(plan, triggers={**plan.triggers, "reopen": "remind"})
        register.migrate(laundering, actor=KIM, on=date(2023, 6, 10), reason="new words")
    if url == "as it was":
        return register
    file = Path(url)
    file.write_text("".join(f"{line}\n" for line in register.export()), "utf-8")
    taken_in = Register.open("memory:", rulebook=register.rulebook, clock=lambda: LATER)
    taken_in.restore(file, as_found=True)
    return taken_in


@pytest.mark.parametrize("is_taken_in", [False, True], ids=["as it was", "taken in as found"])
def test_a_letter_of_before_a_re_opening_never_counts_again(
    register: Register, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, is_taken_in: bool
) -> None:
    """14: `verify` finds the move, and the next act goes by what happened, not by its new name."""
    place = str(tmp_path / "export.jsonl") if is_taken_in else "as it was"
    moved = laundered(register, monkeypatch, place)
    assert "reopen" not in moved.record("R-1").done
    with pytest.raises(Refused, match="last sent back or re-opened on 2023-06-08"):
        close_on(moved, b"2", date(2023, 7, 1))
    (step,) = moved.route("R-1", to="closed", on=date(2023, 7, 1)).steps
    assert step.trigger == "close"
    (finding,) = moved.verify()
    assert finding.event == 5
    moved.correct("R-1", 5, correction="void", actor=KIM, reason="it launders")
    assert "reopen" in moved.record("R-1").done


@pytest.mark.parametrize(("is_of_before", "events"), [(True, [5]), (False, [5, 6])])
def test_what_an_earlier_peelflow_let_be_closed_after_it_is_found_at_the_move_alone(
    register: Register,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    is_of_before: bool,
    events: list[int],
) -> None:
    """14: it went by the names; a closure of today is found too."""
    place = "as it was" if is_of_before else str(tmp_path / "export.jsonl")
    moved = laundered(register, monkeypatch, place)
    with monkeypatch.context() as as_before:
        as_before.setattr(Session, "last_sending_back", lambda *_, **__: None)
        close_on(moved, b"2", date(2023, 7, 1))
    assert [finding.event for finding in moved.verify()] == events


def found(lines: list[str], rulebook: Rulebook | None) -> list[str]:
    """Return what is found in an export."""
    with Register.open("memory:", rulebook=rulebook or national()) as register:
        judged = judge_export(register.services, lines)
    return [f"{each.event}: {each.sentence}" for each in judged.discrepancies]


def test_kept_rules_that_left_a_step_out_do_not_forget_it(
    register: Register, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A force's form from which `reopen` was taken, as no file of it loads, forgets nothing."""
    rulebook = load(folder)
    (own,) = [rules for rules in rulebook.lifecycles if rules.name == "own-level-2"]
    states = {
        name: evolve(part, transitions=tuple(s for s in part.transitions if s.trigger != "reopen"))
        for name, part in own.states.items()
    }
    without = evolve(own, states=states)
    without = evolve(without, pin=pin_of(without))
    others = [rules for rules in rulebook.lifecycles if rules is not own]
    rulebook = evolve(rulebook, lifecycles=(*others, without))
    register = Register(register.services.store, rulebook=rulebook)
    register.migrate("to-own", actor=KIM, on=date(2023, 6, 10), reason="new words")
    with pytest.raises(Refused, match="last sent back or re-opened on 2023-06-08"):
        close_on(register, b"2", date(2023, 7, 1))
    with monkeypatch.context() as made_up:
        made_up.setattr(Session, "last_sending_back", lambda *_, **__: None)
        close_on(register, b"2", date(2023, 7, 1))
    (finding,) = register.verify()
    assert "last sent back or re-opened on 2023-06-08" in finding.sentence


def test_what_a_verification_rested_on_stays_after_a_move_of_an_earlier_peelflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It let a plan call HMICFRS's verification a refusal, after which nothing stood."""
    monkeypatch.setattr(migration, "trigger_faults", lambda _: ())
    write_own(tmp_path, "level-3")
    text = plan_text("level-3@2", "own-level-3@1").replace("close: close", "verify: refuse")
    text = text.replace(
        "in_progress: in_progress,", "in_progress: in_progress, self_certified: self_certified,"
    )
    (tmp_path / "plan.yaml").write_text(f"{text}  self_certify: self_certify\n", "utf-8")
    world = new_world()
    record = world.add(KIND["level-3"], fields={"question": "7"})
    world.step(record, "start")
    world.step(record, "self_certify", "chief_constable")
    world.fire(record, "verify", "hmicfrs", inspection=world.inspect())
    register = Register(world.register.services.store, rulebook=load(tmp_path), clock=clock)
    register.migrate("to-own", actor=LIAISON, on=world.day, reason="new words")
    for question in ("9", None):
        said: dict[str, Any] = {"actor": HMICFRS, "on": world.day, "reason": "x", **PORTAL}
        with pytest.raises(Refused, match="could not `verify`"):
            register.amend(record, "question", question, **said)
