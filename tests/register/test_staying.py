"""A step says whether it stays within a national state, and is held to what its rules say of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Register, Rulebook, load
from peelflow.engine.fold import is_assumed
from peelflow.model.records import Event, TransitionTaken
from peelflow.register.restore import judge_export
from tests.builders.own import Plain, write_own
from tests.stores.forgery import Edit, at, forged

HMICFRS = Actor("portal", "hmicfrs")
LEAD = Actor("lead-1", "lead")
SAID: Any = {"actor": HMICFRS, "recorded_by": "officer-1", "source": "portal"}
DAY = date(2023, 1, 9)
SINCE = datetime(2026, 12, 1, tzinfo=UTC)
STAYS = "does not say that `inspected` is of the same national state as `in_progress`"
MOVES = "it says that it leads from `{}` to another of its national state, and does not"


def keep_inspected_apart(own: Plain) -> None:
    """Have what HMICFRS inspects further stand apart, in progress too, until work is checked."""
    states = own["states"]
    step = states["in_progress"]["transitions"]["inspect_further"]
    inspected = {**states["in_progress"]["transitions"], "inspect_further": dict(step)}
    inspected["inspect_further"]["to"] = "inspected"
    inspected["check"] = {"to": "in_progress", "by": ["lead"]}
    states["inspected"] = {
        "stands_for": "in_progress",
        "counts_as": {"portal": "open"},
        "transitions": inspected,
    }
    step["to"] = "inspected"


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """The rules of a force that keeps apart what was inspected further."""
    folder = tmp_path_factory.mktemp("own")
    write_own(folder, "level-4", change=keep_inspected_apart)
    return load(folder)


def inspected(rules: Rulebook, *, now: datetime = SINCE) -> Register:
    """Return a register with a record that was taken over and then inspected further."""
    register = Register.open("memory:", rulebook=rules, clock=lambda: now)
    more: Any = {"force": "kent", "issued": DAY, **SAID}
    visit: Any = {"kind": "planned", "first_day": DAY, "last_day": DAY, "questions": ["7"]}
    register.add("I-1", category="inspection", fields=visit, **more)
    told: Any = {"category": "recommendation", "level": 4, "fields": {"owner": "lead-1"}}
    register.take_over("R-1", state="in_progress", on=DAY, reason="so", **told, **more)
    inspect(register)
    return register


def inspect(register: Register, **more: Any) -> Event:
    """Have HMICFRS inspect further."""
    how: Any = {"inspection": "I-1", "reason": "more to do", "on": DAY, **SAID, **more}
    return register.fire("R-1", "inspect_further", **how)


def said(event: Event) -> tuple[bool, bool]:
    """Return whether an act says that it is national, and that it stays within a state."""
    assert isinstance(event.what, TransitionTaken)
    return event.what.national, event.what.stays


def test_a_step_says_whether_it_stays(rules: Rulebook) -> None:
    """18: one that leads to another own state of the national one, and none that leads back."""
    register = inspected(rules)
    inspect(register)
    register.fire("R-1", "check", actor=LEAD, on=DAY)
    assert is_assumed(register.record("R-1"))
    register.fire("R-1", "discharge", reason="overtaken", on=DAY, **SAID)
    _, *acts = register.history("R-1")
    assert [said(event) for event in acts] == [
        (True, True),
        (True, False),
        (False, False),
        (True, False),
    ]
    assert not is_assumed(register.record("R-1"))
    assert register.verify() == ()


def test_a_repeated_request_is_known_by_its_key(rules: Rulebook) -> None:
    """That it stays is no part of what was asked."""
    register = inspected(rules)
    first = inspect(register, key="k")
    assert inspect(register, key="k") == first
    register = inspected(rules)
    register.correct("R-1", 2, correction="void", reason="so", **SAID)
    first = inspect(register, key="k")
    assert said(first) == (True, True)
    assert inspect(register, key="k") == first


def says(*, stays: bool) -> Edit:
    """Return an edit that has a step say whether it stays; where it does not, it says nothing."""
    return lambda event: event["what"].update(stays=True) if stays else event["what"].pop("stays")


def as_found(lines: list[str], rules: Rulebook) -> list[str]:
    """Return what is found in an export."""
    with Register.open("memory:", rulebook=rules) as register:
        judged = judge_export(register.services, lines)
    return [f"{each.event}: {each.sentence}" for each in judged.discrepancies]


@pytest.mark.parametrize("is_voided", [False, True], ids=["it stands", "it was voided"])
def test_what_a_step_says_of_staying_is_held_to_its_rules(
    rules: Rulebook, *, is_voided: bool
) -> None:
    """18: figures of what was known before show what was voided since, too."""
    register = inspected(rules)
    register.fire("R-1", "support", reason="so", on=DAY, **SAID)
    if is_voided:
        for number in (3, 2):
            register.correct("R-1", number, correction="void", reason="so", **SAID)
    lines = list(register.export())
    assert as_found(lines, rules) == []
    for number, stays, sentence in (2, False, STAYS), (3, True, MOVES.format("inspected")):
        (found,) = as_found(forged(lines, at(number, says(stays=stays))), rules)
        assert found.startswith(f"{number}: ")
        assert sentence in found


def test_an_earlier_peelflow_did_not_say_it(rules: Rulebook) -> None:
    """18: what it recorded is no finding, and reads as it did; it never said that a step stays."""
    then = datetime(2026, 11, 30, 23, tzinfo=UTC)
    register = inspected(rules, now=then)
    register.fire("R-1", "support", reason="so", on=DAY, **SAID)
    lines = list(register.export())
    of_before = forged(lines, at(2, says(stays=False)))
    assert as_found(of_before, rules) == []
    (found,) = as_found(forged(lines, at(3, says(stays=True))), rules)
    assert MOVES.format("inspected") in found


def test_an_event_of_before_is_corrected_as_it_was(rules: Rulebook, tmp_path: Path) -> None:
    """18: it took the mark away, and goes on to; nothing that rests on it is refused."""
    lines = list(inspected(rules, now=datetime(2026, 11, 30, tzinfo=UTC)).export())
    file = tmp_path / "export.jsonl"
    file.write_text("".join(f"{x}\n" for x in forged(lines, at(2, says(stays=False)))), "utf-8")
    with Register.open("memory:", rulebook=rules) as register:
        register.restore(file)
        assert not is_assumed(register.record("R-1"))
        register.correct("R-1", 2, correction="redate", to=date(2023, 1, 10), reason="so", **SAID)
        assert register.verify() == ()
        assert not is_assumed(register.record("R-1"))
