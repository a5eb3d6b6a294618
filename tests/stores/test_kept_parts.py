"""What verbs add to an event by themselves is held to what they would have added."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from peelflow import Actor, Joint, Register, Rulebook, load
from peelflow.errors import InvalidRequest
from peelflow.model.records import Event, Migrated
from peelflow.model.rules import Pin
from peelflow.register.kept_parts import check_parts_added
from peelflow.register.restore import judge_export
from tests.builders.rules import add_case
from tests.register.test_restore import at
from tests.register.test_tick_units import ENTERED, timed
from tests.stores.forgery import Edit, forged
from tests.stores.test_kept_links import Clock

ROOT = Path(__file__).parents[2]
KIM, LEAD = Actor("kim", "liaison_officer"), Actor("lee", "lead")
DAY = date(2023, 4, 10)
WHY: Any = {"actor": KIM, "reason": "r", "source": "s"}
NOW, BEFORE = datetime(2027, 1, 5, 9, tzinfo=UTC), datetime(2026, 11, 29, 9, tzinfo=UTC)
LATER = datetime(2027, 6, 1, tzinfo=UTC)


@cache
def rules() -> Rulebook:
    """Return rules with a timed step, and a plan to them."""
    return load(ROOT / "examples/custom_rules/committee_review")


def fill(register: Register) -> None:
    """Have the system take its steps, and record what else verbs add parts to."""
    said: dict[str, Any] = {"force": "wmp", "issued": DAY, "actor": KIM}
    register.add("L-1", category="recommendation", level=1, **said)
    register.add("R-1", category="recommendation", level=2, fields={"owner": "lee"}, **said)
    register.fire("R-1", "start", actor=KIM, on=DAY)
    register.tick(on=date(2023, 8, 1))
    letter = register.keep(b"x", kind="letter", name="l", signed_by="ann", signed_on=DAY)
    register.note("R-1", "n", documents=[letter], actor=KIM, on=DAY)
    register.make_joint("L-1", Joint(("kent",)), on=date(2023, 6, 1), **WHY)
    register.make_joint("L-1", Joint(), on=date(2023, 6, 2), **WHY)
    old: dict[str, Any] = {"category": "recommendation", "force": "wmp", "state": "in_progress"}
    register.take_over("T-1", level=2, issued=DAY, on=date(2023, 5, 1), **old, **WHY)
    register.correct("T-1", 1, correction="reenter", entry={"fields": {"owner": "lee"}}, **WHY)


def exported(moment: datetime) -> list[str]:
    """Return the export of a register in which nothing is found."""
    with Register.open("memory:", rulebook=rules(), clock=Clock(moment)) as register:
        fill(register)
        assert register.verify() == ()
        return list(register.export())


@cache
def honest() -> list[str]:
    """Return such an export that this peelflow made."""
    return exported(NOW)


def found(edit: Edit, lines: list[str]) -> list[tuple[str, int, str]]:
    """Return what is found in an export that was made anew: where, and what."""
    with Register.open("memory:", rulebook=rules(), clock=Clock(LATER)) as register:
        judged = judge_export(register.services, forged(lines, edit))
    return [(each.record, each.event, each.sentence) for each in judged.discrepancies]


def says(**parts: object) -> Edit:
    """Return an edit that sets parts of an event."""
    return lambda event: event.update(parts)


def told(**parts: object) -> Edit:
    """Return an edit that sets parts of what happened."""
    return lambda event: event["what"].update(parts)


def of_nothing(event: dict[str, Any]) -> None:
    """Name a document that holds nothing."""
    event["what"]["documents"][0]["size"] = 0


def as_added(event: dict[str, Any]) -> None:
    """Enter what was taken over anew as if it had been added."""
    entry = event["what"]["entry"]
    del entry["issued"]
    entry["state"] = "open"


SYSTEMS = "a step of the system's: gives a"
FORGED: dict[str, tuple[Edit, tuple[str, int], str]] = {
    "a reason of the system's": (at("L-1", 2, says(reason="r")), ("L-1", 2), f"{SYSTEMS} reason"),
    "a source of the system's": (at("L-1", 2, says(source="s")), ("L-1", 2), f"{SYSTEMS} source"),
    "a key of the system's": (at("L-1", 2, says(key="k")), ("L-1", 2), f"{SYSTEMS} key"),
    "a reason of a timed step": (at("R-1", 3, says(reason="r")), ("R-1", 3), f"{SYSTEMS} reason"),
    "a successor of a timed step": (
        at("R-1", 3, told(successor="L-1")),
        ("R-1", 3),
        f"{SYSTEMS} successor",
    ),
    "another day due": (
        at("R-1", 3, told(due="2023-07-20")),
        ("R-1", 3),
        "says that it fell due on 2023-07-20, and it did on 2023-07-09",
    ),
    "no day due": (
        at("R-1", 3, lambda event: event["what"].pop("due")),
        ("R-1", 3),
        "says that it fell due on no day, and it did on 2023-07-09",
    ),
    "others act for none": (
        at("L-1", 1, told(joint_acts="any")),
        ("L-1", 1),
        "of no others that could act on it",
    ),
    "others act for none any more": (
        at("L-1", 4, told(acts="any")),
        ("L-1", 4),
        "of no others that could act on it",
    ),
    "a document of nothing": (at("R-1", 4, of_nothing), ("R-1", 4), "holds nothing"),
    "what was taken over, as added": (
        at("T-1", 2, as_added),
        ("T-1", 2),
        "is entered anew as `added`, and was `taken_over`",
    ),
    "what was taken over, as at another day": (
        at("T-1", 2, told(to="2023-05-02")),
        ("T-1", 2),
        "is entered anew as at 2023-05-02, and was taken over as at 2023-05-01",
    ),
}


@pytest.mark.parametrize("what", FORGED)
def test_item_14_what_verbs_add_by_themselves_is_worked_out_anew(what: str) -> None:
    """An export made anew that says it otherwise is found at the event."""
    edit, place, words = FORGED[what]
    assert any(words in why for *at_, why in found(edit, honest()) if tuple(at_) == place)


def test_item_14_what_an_earlier_peelflow_let_in_accuses_nobody() -> None:
    """It counted periods otherwise, and held no beginning to the one before."""
    lines = exported(BEFORE)
    for what in ("another day due", "what was taken over, as at another day"):
        assert found(FORGED[what][0], lines) == []


def test_item_14_a_move_to_other_rules_bears_no_key() -> None:
    """Many records move by one request, and each key is of one."""
    pin = Pin("level-2", 3, "0" * 64)
    what = Migrated(pin, "open", "open", "0" * 64)
    event = Event("R-1", 2, what, DAY, KIM, "kim", NOW, reason="r", key="k")
    with pytest.raises(InvalidRequest, match="bears the key 'k'"):
        check_parts_added(Mock(), (), event, Mock())


def test_item_14_nobody_is_held_to_holidays_that_may_be_known_by_now(tmp_path: Path) -> None:
    """A day that is counted in working days goes by the bank holidays announced then."""
    with timed(tmp_path, "working_days: 3", now=Clock(NOW)) as register:
        add_case(register, "C-1", ENTERED)
        register.tick(on=date(2023, 1, 30))
        edit = at("C-1", 2, told(due="2022-12-29"))
        judged = judge_export(register.services, forged(list(register.export()), edit))
    assert judged.discrepancies == ()
