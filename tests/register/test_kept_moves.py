"""A kept move to other rules is judged as `migrate` and `relevel` would have let it happen."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from peelflow import Actor, Register, Rulebook, load, national
from peelflow.model.records import Migrated, Relevelled
from peelflow.model.rules import Pin
from peelflow.register.kept_moves import why_move_unlawful
from peelflow.register.restore import judge_export
from peelflow.rulebook.national import examine
from tests.builders.own import write_own
from tests.register.test_by_map import PORTAL, SAME, moved, renaming
from tests.stores.forgery import Edit, at, forged

KIM = Actor("officer-1", "liaison_officer")
HMICFRS = Actor("portal", "hmicfrs")
DAY = date(2023, 3, 2)


def judged(lines: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return what is found in an export, under the national rules, and what was not judged."""
    with Register.open("memory:") as register:
        found = judge_export(register.services, lines)
    return [f"{each.event}: {each.sentence}" for each in found.discrepancies], found.unjudged


def lines_moved(level: int, plan: str) -> list[str]:
    """Return the export of a record that was started and moved to another level."""
    with Register.open("memory:") as register:
        register.add(
            "R-1",
            category="recommendation",
            level=level,
            force="wmp",
            issued=date(2023, 1, 9),
            fields={"owner": "lead-1", "question": "7.2"},
            actor=HMICFRS,
            **PORTAL,
        )
        register.fire("R-1", "start", actor=KIM, on=date(2023, 2, 1))
        said: dict[str, Any] = {"actor": HMICFRS, "on": DAY, "reason": "r", **PORTAL}
        register.relevel("R-1", plan=plan, **said)
        return list(register.export())


def pin_of(name: str) -> dict[str, object]:
    """Return how an event says which national rules a record runs under."""
    (pin,) = [rules.pin for rules in national().lifecycles if str(rules) == name]
    return {"name": pin.name, "version": pin.version, "digest": pin.digest}


def migrated(level: int, new: str, *, role: str = "liaison_officer") -> Edit:
    """Return an edit that makes of a start a move between the same rules."""

    def edit(event: dict[str, Any]) -> None:
        pin = pin_of(f"level-{level}@2")
        event["kind"], event["reason"] = "migrated", "so"
        event["actor"] = {"person": "x", "role": role}
        event["what"] = {"lifecycle": pin, "old": "open", "new": new, "plan": "bd" * 32}
        event["changes"][-1].update(state=new)

    return edit


def without_move(number: int, edit: Edit) -> Edit:
    """Return an edit of one event that leaves out those behind it."""
    return lambda event: event.clear() if event["number"] > number else at(number, edit)(event)


def what(**parts: object) -> Edit:
    """Return an edit that says something else of what a move did; the changes say the state."""

    def edit(event: dict[str, Any]) -> None:
        event["what"].update(parts)
        for change in event["changes"]:
            if change["delta"] > 0:
                change["state"] = event["what"]["new"]

    return edit


def by(person: str, role: str) -> Edit:
    """Return an edit that says who decided."""
    return lambda event: event.update(actor={"person": person, "role": role})


FORGERIES: dict[str, tuple[int, str, Edit, str]] = {
    "a self-certification without a letter": (
        3,
        "level-3-to-2",
        without_move(2, migrated(3, "self_certified")),
        "2: the move to `self_certified` leads from level-3@2 to the same rules",
    ),
    "a step that HMICFRS alone takes": (
        4,
        "level-4-to-3",
        without_move(2, migrated(4, "supported")),
        "2: the move to `supported` leads from level-4@2 to the same rules",
    ),
    "a move by who only looks": (
        4,
        "level-4-to-3",
        without_move(2, migrated(4, "in_progress", role="audit_committee")),
        "2: the move to `in_progress` leads from level-4@2 to the same rules",
    ),
    "a level with a made-up state": (
        4,
        "level-4-to-3",
        at(3, what(new="self_certified", plan="bd" * 32)),
        "is none of the plan level-4-to-3, which puts `in_progress` at `in_progress`",
    ),
    "a level by the force": (
        4,
        "level-4-to-3",
        at(3, by("x", "lead")),
        "3: x (lead) moves no recommendation to another level",
    ),
    "a level by who looks on": (
        4,
        "level-4-to-3",
        at(3, by("x", "pcc")),
        "3: x (pcc) moves no recommendation to another level",
    ),
    "made-up names of steps": (
        4,
        "level-4-to-3",
        at(3, what(triggers={"start": "verify"})),
        "calls steps or states otherwise than the plan level-4-to-3 does",
    ),
    "made-up names of states": (
        4,
        "level-4-to-3",
        at(3, what(states={"in_progress": "in_progress"})),
        "calls steps or states otherwise than the plan level-4-to-3 does",
    ),
    "letters that carry over": (
        4,
        "level-4-to-3",
        at(3, what(letters=True)),
        "carries letters over otherwise than the plan level-4-to-3 does",
    ),
    "a level 1 that is not archived": (
        4,
        "level-4-to-1",
        lambda event: event.clear() if event["number"] == 4 else None,
        "3: the system would then `archive` at once",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_item_33_a_move_that_no_verb_makes_is_found(name: str) -> None:
    """At its event, with what is wrong with it; what was so moved honestly is none."""
    level, plan, edit, sentence = FORGERIES[name]
    honest = lines_moved(level, plan)
    assert judged(honest) == ([], ())
    found, _ = judged(forged(honest, edit))
    assert any(sentence in each for each in found)


def test_item_33_a_move_by_a_plan_of_before_is_held_to_where_it_leads() -> None:
    """An earlier plan had another digest, and led there all the same."""
    assert judged(forged(lines_moved(4, "level-4-to-3"), at(3, what(plan="bd" * 32)))) == ([], ())


@pytest.fixture
def own(tmp_path: Path) -> list[str]:
    """Give the export of a record of a force's own rules that moved to their next version."""
    world = moved(tmp_path, lambda _: None, renaming(in_progress="working"), _STATES)
    register = world.register
    register.add(
        "R-1",
        category="recommendation",
        level=2,
        force="wmp",
        issued=date(2023, 1, 9),
        fields={"owner": "lead-1", "question": "7.2"},
        actor=HMICFRS,
        **PORTAL,
    )
    register.fire("R-1", "start", actor=KIM, on=date(2023, 2, 1))
    register.migrate("own-1-to-2", actor=KIM, on=DAY, reason="so")
    assert register.verify() == ()
    return list(register.export())


_STATES = {**SAME, "in_progress": "working"}


def test_item_33_a_plan_that_is_not_here_is_told(own: list[str]) -> None:
    """Not as a finding: the record keeps its national state."""
    found, unjudged = judged(own)
    assert found == []
    assert len(unjudged) == 1
    assert unjudged[0].startswith(
        "not judged: the plan from own-level-2@1 to own-level-2@2 is not here"
    )


def test_item_33_a_force_s_own_form_keeps_the_national_state(own: list[str]) -> None:
    """Whatever its own plan said, which is not here."""
    edit = at(3, lambda event: event["what"].update(new="open"))
    assert judged(forged(own, edit))[0] == [
        "3: the move to `open` stands for `open` of level-2@2, and `in_progress` for `in_progress`"
    ]


def says(states: dict[str, str] | None, day: date) -> Edit:
    """Return an edit of the move that says so of states, as it was recorded on a day."""

    def edit(event: dict[str, Any]) -> None:
        event["recorded_at"] = f"{day}T12:00:00.000000+00:00"
        event["what"].pop("states")
        if states is not None:
            event["what"]["states"] = states

    return at(3, edit)


BEFORE, SINCE = date(2026, 11, 28), date(2026, 11, 29)


@pytest.mark.parametrize("is_plan_here", [False, True])
def test_a_move_says_that_a_state_goes_on_under_its_new_name(
    own: list[str], tmp_path: Path, *, is_plan_here: bool
) -> None:
    """Else a record that was taken over would stand as if it came there; an old move said none."""
    known: dict[str, Any] = {"rulebook": examine(tmp_path).rulebook} if is_plan_here else {}
    after = datetime(2027, 1, 4, tzinfo=UTC)
    for states, day, is_found in (
        (None, BEFORE, False),
        (None, SINCE, True),
        ({}, SINCE, True),
        ({"in_progress": "open"}, BEFORE, True),
    ):
        with Register.open("memory:", clock=lambda: after, **known) as register:
            judged = judge_export(register.services, forged(own, says(states, day)))
        sentences = [f"{each.event}: {each.sentence}" for each in judged.discrepancies]
        why = "does not say that `in_progress` goes on as `working`"
        assert sentences == [f"3: the move to `working` {why}"] * is_found


def test_a_move_that_keeps_its_states_by_name_may_leave_them_unsaid(tmp_path: Path) -> None:
    """The state goes on all the same."""
    rulebook = rules_of(tmp_path)
    pins = {str(rules): rules.pin for rules in rulebook.lifecycles}
    with Register.open("memory:", rulebook=rulebook) as register:
        register.restore(write(tmp_path, lines_moved(2, "level-2-to-3")))
        before = evolve(register.record("R-1"), lifecycle=pins["level-2@1"])
        *_, event = register.history("R-1")
        event = evolve(event, actor=KIM, recorded_at=datetime(2027, 1, 4, tzinfo=UTC))
        move = said_of("in_progress", "", "in_progress", pins["level-2@2"], is_level=False)
        assert why_move_unlawful(register.session(), event, move, before) == ""
        assert isinstance(move, Migrated)
        named = evolve(move, states={"open": "open"})
        why = why_move_unlawful(register.session(), event, named, before)
        assert "does not say that `in_progress` goes on as `in_progress`" in why


def rules_of(folder: Path) -> Rulebook:
    """Give the national rules with a force's form of level 2, and of a version that is gone."""
    write_own(folder, "level-2")
    rulebook = load(folder)
    (own,) = [rules for rules in rulebook.lifecycles if rules.name == "own-level-2"]
    pin = Pin("old-level-2", 1, "0" * 64)
    gone = evolve(own, name=pin.name, refines="level-2@0", pin=pin)
    return evolve(rulebook, lifecycles=(*rulebook.lifecycles, gone))


MOVES: dict[tuple[str, str, str], str] = {
    ("level-2@1", "own-level-2@1", "in_progress"): "",
    ("level-2@1", "own-level-2@1", "open"): "level-2-version-2 leads to `in_progress`",
    ("own-level-2@1", "level-2@1", "in_progress"): "no national plan does",
    ("level-2@2", "level-2@1", "in_progress"): "no national plan does",
    ("old-level-2@1", "own-level-2@1", "open"): "",
    ("own-level-2@1", "level-3@2", "in_progress"): "leads to another level",
    ("level-2@1", "level-2@2", "in_progress"): "",
}
LEVELS: dict[tuple[str, str, str], str] = {
    ("level-2@1", "level-2@2", "in_progress"): "does not lead to another level",
    ("level-1@1", "level-2@2", "closed"): "no national plan does",
    ("level-2@2", "level-3@1", "in_progress"): "no national plan does",
    ("own-level-2@1", "level-3@2", "in_progress"): "",
    ("old-level-2@1", "level-3@2", "in_progress"): "",
    ("old-level-2@1", "level-3@2", "open"): "which puts `in_progress` at `in_progress`",
}


@pytest.mark.parametrize("is_level", [False, True])
def test_item_33_each_way_between_rules_is_one_that_a_verb_goes(
    tmp_path: Path, *, is_level: bool
) -> None:
    """Between national rules, a force's forms of them, and those whose version is gone."""
    rulebook = rules_of(tmp_path)
    pins = {str(rules): rules.pin for rules in rulebook.lifecycles}
    with Register.open("memory:", rulebook=rulebook) as register:
        register.restore(write(tmp_path, lines_moved(2, "level-2-to-3")))
        record, session = register.record("R-1"), register.session()
        *_, event = register.history("R-1")
        for (old, new, state), expected in (LEVELS if is_level else MOVES).items():
            before = evolve(record, lifecycle=pins[old], state=_STOOD.get(old, "in_progress"))
            move = said_of(before.state, new, state, pins[new], is_level=is_level)
            by = HMICFRS if is_level else KIM
            why = why_move_unlawful(session, evolve(event, actor=by), move, before)
            assert expected in why
            assert bool(expected) == bool(why), why
        if not is_level:
            lead = evolve(event, actor=Actor("x", "lead"))
            before = evolve(record, lifecycle=pins["level-2@1"])
            move = said_of("in_progress", "", "in_progress", pins["level-2@2"], is_level=False)
            assert "`lead` moves no records under" in why_move_unlawful(session, lead, move, before)


_STOOD = {"level-1@1": "archived"}


def write(folder: Path, lines: list[str]) -> Path:
    """Write an export."""
    file = folder / "export.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return file


def said_of(old: str, rules: str, new: str, pin: Pin, *, is_level: bool) -> Relevelled | Migrated:
    """Return what a move did."""
    names = {"close": "verify"} if rules.startswith("level-3") else {}
    if is_level:
        return Relevelled(2, 3, pin, old, new, "bd" * 32, triggers=names)
    return Migrated(pin, old, new, "bd" * 32)
