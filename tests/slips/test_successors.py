"""A successor is a record, and is not itself closed in favour of what it is to succeed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow.model.decisions import Refused, SuccessorNeed
from peelflow.model.requirements import AnyOf, ReasonGiven, SuccessorNamed
from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from peelflow.register.successors import states_in_favour
from peelflow.rulebook.national import national
from tests.builders.decisions import rules, way
from tests.builders.force import HMICFRS, LIAISON, clock

DAY, LATER = date(2023, 1, 9), date(2023, 1, 10)
PORTAL: dict[str, Any] = {"recorded_by": LIAISON.person, "source": "letter"}


@pytest.fixture(params=["memory", "sqlite"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """Give a register with three records, in memory and in a file."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock) as opened:
        for name in "ABC":
            opened.add(
                name,
                category="afi",
                level=2,
                force="wmp",
                issued=date(2022, 12, 16),
                fields={"owner": "lead-1"},
                actor=LIAISON,
            )
        yield opened


def propose(register: Any, record: str, successor: str) -> None:
    """Propose that a record is closed in favour of another."""
    register.fire(
        record, "propose_superseded", actor=LIAISON, on=DAY, reason="r", successor=successor
    )


def accept(register: Any, record: str) -> None:
    """Have HMICFRS close it so."""
    register.fire(record, "accept_superseded", actor=HMICFRS, on=LATER, **PORTAL)


def test_item_6_a_successor_is_a_record(register: Register) -> None:
    """That is there, is not the record itself, and was not withdrawn."""
    register.appoint("chief", "chief_constable", force="wmp", first_day=DAY, actor=LIAISON)
    register.correct("B", 1, correction="void", actor=LIAISON, on=DAY, reason="twice")
    for successor, why in (
        ("NO-SUCH", "no record is called 'NO-SUCH'"),
        ("C", "a record cannot succeed itself"),
        ("B", "its successor B is withdrawn"),
        ("appointment:wmp:chief_constable:chief:2023-01-09", "is an appointment"),
    ):
        with pytest.raises(Refused, match=why) as refused:
            propose(register, "C", successor)
        assert refused.value.reasons[0].asks == ((SuccessorNeed(),),)
        assert register.record("C").state == "open"
    assert register.why(
        "C", "propose_superseded", actor=LIAISON, on=DAY, reason="r", successor="NO-SUCH"
    )


def test_item_6_a_successor_that_no_rule_asks_for_is_a_record_too(register: Register) -> None:
    """Named where none is asked for, it is judged all the same."""
    with pytest.raises(Refused, match="a record cannot succeed itself"):
        register.fire("A", "start", actor=LIAISON, on=DAY, successor="A")


@pytest.mark.parametrize("category", ["inspection", "report"])
def test_item_6_a_successor_is_an_inspection_or_a_report_too(
    register: Register, category: str
) -> None:
    """As the paper says: a later record or inspection."""
    fields: dict[str, Any] = {"title": "t"}
    if category == "report":
        fields |= {"kind": "force", "published": DAY}
    register.add("I", category=category, force="wmp", issued=DAY, fields=fields, actor=LIAISON)
    propose(register, "A", "I")
    accept(register, "A")
    assert register.record("A").successor == "I"


def test_item_6_two_records_do_not_take_each_others_place(register: Register) -> None:
    """Nor three, round a ring; figures stay what is open and what is closed."""
    propose(register, "A", "B")
    accept(register, "A")
    with pytest.raises(Refused, match="its successor A was closed in favour of B"):
        propose(register, "B", "A")
    propose(register, "B", "C")
    accept(register, "B")
    with pytest.raises(
        Refused, match="its successor A was closed in favour of B and B was closed in favour of C"
    ):
        propose(register, "C", "A")
    assert (register.figures().open, register.figures().closed) == (1, 2)


def test_item_6_what_was_proposed_both_ways_is_closed_one_way(register: Register) -> None:
    """The proposals wait; the first that is accepted leaves the other refused, in `next` too."""
    propose(register, "A", "B")
    propose(register, "B", "A")
    accept(register, "A")
    with pytest.raises(Refused, match="its successor A was closed in favour of B"):
        accept(register, "B")
    acts = {act.trigger: act.allowed for act in register.next_acts("B", HMICFRS, on=LATER)}
    assert not acts["accept_superseded"]


def test_item_6_a_proposal_that_came_to_nothing_bars_nothing(register: Register) -> None:
    """A was to be closed in favour of B, and closed otherwise: B may be closed in favour of A."""
    propose(register, "A", "B")
    register.fire("A", "decline", actor=HMICFRS, on=LATER, reason="r", **PORTAL)
    register.fire("A", "propose_not_applicable", actor=LIAISON, on=LATER, reason="r")
    register.fire("A", "accept_not_applicable", actor=HMICFRS, on=LATER, **PORTAL)
    propose(register, "B", "A")
    accept(register, "B")


def test_item_6_a_record_that_was_re_opened_can_be_a_successor(register: Register) -> None:
    """It stands again."""
    propose(register, "A", "B")
    accept(register, "A")
    register.fire("A", "reopen", actor=HMICFRS, on=LATER, reason="r", **PORTAL)
    propose(register, "B", "A")


def test_item_6_a_ring_of_before_does_not_hang(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that an older register closed in favour of each other: a third may still name one."""
    with monkeypatch.context() as before:
        before.setattr("peelflow.register.successors.check_successor", lambda *_: None)
        for name, successor in (("A", "B"), ("B", "A")):
            propose(register, name, successor)
            accept(register, name)
    propose(register, "C", "A")


def test_item_6_in_sheets_too(register: Register, tmp_path: Path) -> None:
    """The row is told."""
    sheet = tmp_path / "acts.csv"
    sheet.write_text(
        "record,trigger,on,actor,actor_role,reason,successor\n"
        "A,propose_superseded,2023-01-09,kim,liaison_officer,r,NO-SUCH\n",
        encoding="utf-8",
    )
    (fault,) = import_sheets(register, [sheet]).faults
    assert "no record is called 'NO-SUCH'" in fault.sentence


def test_item_6_rules_say_which_states_a_successor_leads_to() -> None:
    """Those into which each way names one; a choice between a successor and a reason is no such."""
    level = national().lifecycle_for("afi", 2, DAY)
    assert states_in_favour(level) == {"proposed_superseded", "superseded"}
    reason, named = (ReasonGiven(),), (SuccessorNamed(),)
    either, both = AnyOf((named, reason)), AnyOf((named, (SuccessorNamed(), ReasonGiven())))
    assert "closed" not in states_in_favour(rules(way(either)))
    assert "closed" in states_in_favour(rules(way(both)))
