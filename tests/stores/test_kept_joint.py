"""What is of one force is never joint, and what makes a record joint is held to what verbs say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from peelflow import Actor, Joint, Register, national
from peelflow.errors import InvalidRequest
from peelflow.register import joint as of_forces
from peelflow.register.kept_before import HELD_SINCE
from peelflow.register.restore import judge_export
from peelflow.stores.base import Store
from tests.stores.forgery import Edit, at, forged

KIM = Actor("officer-1", "liaison_officer")
PORTAL: Any = {"actor": Actor("portal", "hmicfrs"), "recorded_by": "officer-1", "source": "s"}
DAY, LATER = date(2023, 1, 9), date(2023, 3, 1)
KENT = Joint(("kent",))
OFFICE: Any = {"person": "sam", "role": "lead", "first_day": DAY}
Fill = Callable[[Register], object]


def made_joint(register: Register) -> None:
    """Appoint somebody, and make that joint from a day on."""
    register.add("P-1", category="appointment", force="wmp", issued=DAY, fields=OFFICE, actor=KIM)
    register.make_joint("P-1", KENT, on=LATER, actor=KIM, reason="both")


def entered_joint(category: str) -> Fill:
    """Return how a record of a category is entered for two forces."""
    fields = OFFICE if category == "appointment" else {}
    said: dict[str, Any] = {"category": category, "force": "wmp", "issued": DAY, "fields": fields}
    return lambda register: register.add("P-1", joint=KENT, **said, **PORTAL)


def became_of_one_force(register: Register) -> None:
    """Enter a joint milestone anew as an appointment."""
    said: dict[str, Any] = {"category": "milestone", "force": "wmp", "issued": DAY}
    register.add("P-1", **said, fields={"title": "t"}, actor=KIM)
    register.make_joint("P-1", KENT, on=LATER, actor=KIM, reason="both")
    entry: Any = {"category": "appointment", "fields": {"title": None, **OFFICE}}
    register.correct("P-1", 1, correction="reenter", entry=entry, actor=KIM, reason="a slip")


OF_ONE_FORCE: dict[str, tuple[Fill, int]] = {
    "an appointment that is made joint": (made_joint, 2),
    "a joint phase": (entered_joint("monitoring_phase"), 1),
    "a record that became an appointment": (became_of_one_force, 3),
}


@pytest.mark.parametrize("what", OF_ONE_FORCE)
def test_item_14_what_is_of_one_force_is_never_joint(
    what: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each verb refuses it; what came in so is found once, where it became so."""
    fill, number = OF_ONE_FORCE[what]
    with Register.open("memory:") as register, pytest.raises(InvalidRequest, match="of one force"):
        fill(register)

    with Register(store, rulebook=national()) as register:
        with monkeypatch.context() as patched:
            patched.setattr(of_forces, "OF_ONE_FORCE", ())
            fill(register)
        (found,) = register.verify()
    assert ("P-1", number) == (found.record, found.event)
    assert "of one force" in found.sentence


def test_item_14_what_a_correction_once_made_of_one_force_accuses_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An earlier peelflow entered a joint milestone anew as an appointment."""
    before = HELD_SINCE - timedelta(days=1)
    with Register.open("memory:", clock=lambda: before) as register:
        with monkeypatch.context() as patched:
            patched.setattr(of_forces, "OF_ONE_FORCE", ())
            became_of_one_force(register)
        assert register.verify() == ()


def of_other_forces(*forces: str, acts: str = "lead") -> Edit:
    """Return an edit by which the second event makes its record joint with others."""

    def edit(event: dict[str, Any]) -> None:
        event["what"] |= {"new": [*forces], "acts": acts}
        event["changes"] = [
            {**change, "force": force}
            for change in event["changes"]
            for force in (forces if change["force"] == "kent" else [change["force"]])
        ]

    return at(2, edit)


FORGED: dict[str, tuple[Edit, str]] = {
    "a force whose name is too long": (of_other_forces("x" * 201), "more than 200"),
    "what it was already": (of_other_forces(), "is of wmp already"),
}


@pytest.mark.parametrize("what", FORGED)
def test_item_14_what_no_verb_makes_joint_is_found(what: str) -> None:
    """A force that no verb takes, and what changes nothing."""
    with Register.open("memory:") as register:
        said: dict[str, Any] = {"category": "recommendation", "level": 2, "force": "wmp"}
        register.add("R-1", **said, issued=DAY, **PORTAL)
        register.make_joint("R-1", KENT, on=LATER, actor=KIM, reason="both")
        lines = list(register.export())
        edit, words = FORGED[what]
        found = judge_export(register.services, forged(lines, edit)).discrepancies
    assert [(each.event, words in each.sentence) for each in found] == [(2, True)]
