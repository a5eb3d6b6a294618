"""Of two acts at once that undo each other, whichever comes second is a Conflict, on each store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Conflict, Document, InvalidRequest, Joint, Refused, Register
from peelflow.register.batch import Batch

KIM = Actor("kim", "liaison_officer")
CHIEF = Actor("chief", "chief_constable")
DEPUTY = Actor("pat", "nominated_deputy")
PCC = Actor("paula", "pcc")
PORTAL: dict[str, Any] = {
    "actor": Actor("portal", "hmicfrs"),
    "recorded_by": "kim",
    "source": "portal",
}
CHIEF_HELD = "appointment:wmp:chief_constable:chief:2022-01-01"
HELD = "appointment:wmp:nominated_deputy:pat:2022-01-01"
Act = Callable[[Batch], object]


def begin(register: Register) -> None:
    """Appoint those who act."""
    for person, role in (("chief", "chief_constable"), ("pat", "nominated_deputy")):
        first = date(2022, 1, 1)
        register.appoint(person, role, force="wmp", first_day=first, actor=KIM)


def add(batch: Any, record: str, **more: Any) -> None:
    """Add a recommendation, as the force says it."""
    fields = {"owner": "lee"} | more.pop("fields", {})
    said: dict[str, Any] = {"category": "recommendation", "level": 2, "force": "wmp", "actor": KIM}
    batch.add(record, issued=date(2023, 1, 9), fields=fields, **said | more)


def letter(batch: Batch) -> Document:
    """Keep the letter by which a record is closed."""
    on = date(2023, 2, 20)
    return batch.keep(b"done", kind="letter", name="l.txt", signed_by="chief", signed_on=on)


def two_records(register: Register) -> None:
    """Have a record, and one that could take its place."""
    add(register, "R-1")
    add(register, "R-2")


def supersede(batch: Batch) -> None:
    """Close a record in favour of the other."""
    first, last = date(2023, 2, 1), date(2023, 3, 1)
    batch.fire("R-1", "propose_superseded", actor=KIM, on=first, reason="r", successor="R-2")
    batch.fire("R-1", "accept_superseded", on=last, **PORTAL)


def withdraw(record: str) -> Act:
    """Return what withdraws a record that was entered by mistake."""
    return lambda batch: batch.correct(record, 1, correction="void", actor=KIM, reason="x")


def a_report(register: Register) -> None:
    """Have a report, and a record that names none."""
    said: dict[str, Any] = {"category": "report", "force": "wmp", "level": None, "actor": KIM}
    fields: dict[str, Any] = {"title": "t", "kind": "force", "published": date(2022, 12, 16)}
    register.add("REP", issued=date(2022, 12, 16), fields=fields, **said)
    add(register, "R-3")


def add_of_report(batch: Batch) -> None:
    """Add a record of the report."""
    add(batch, "R-1", fields={"source_report": "REP"}, **PORTAL)


def amend_to_report(batch: Batch) -> None:
    """Have a record be of the report."""
    batch.amend("R-3", "source_report", "REP", actor=KIM, reason="x")


def close_new(batch: Batch) -> None:
    """Add a record and close it, by the deputy and a letter of the Chief Constable's."""
    add(batch, "R-9")
    batch.fire("R-9", "start", actor=KIM, on=date(2023, 2, 1))
    batch.fire("R-9", "close", actor=DEPUTY, on=date(2023, 3, 1), evidence=[letter(batch)])


def end(held: str) -> Act:
    """Return what ends an appointment before the deputy closed."""
    day = date(2023, 2, 15)
    return lambda batch: batch.amend(held, "last_day", day, actor=KIM, reason="left")


def an_inspection(register: Register) -> None:
    """Have an inspection that is held and covers a question."""
    days = {"first_day": date(2023, 6, 5), "last_day": date(2023, 6, 9)}
    fields: dict[str, Any] = {"kind": "planned", "questions": ["7"], **days}
    said: dict[str, Any] = {"category": "inspection", "force": "wmp", "level": None, **PORTAL}
    register.add("I-1", issued=date(2023, 1, 2), fields=fields, **said)


def verify_new(batch: Batch) -> None:
    """Add a record that the inspection verifies."""
    add(batch, "R-9", level=3, fields={"question": "7.2"})
    batch.fire("R-9", "start", actor=KIM, on=date(2023, 2, 1))
    batch.fire("R-9", "self_certify", actor=CHIEF, on=date(2023, 3, 1), evidence=[letter(batch)])
    batch.fire("R-9", "verify", on=date(2023, 6, 8), inspection="I-1", **PORTAL)


def narrow(batch: Batch) -> None:
    """Have the inspection cover another question."""
    batch.amend("I-1", "questions", ["8"], on=date(2023, 6, 9), reason="x", **PORTAL)


def a_cause(register: Register) -> None:
    """Have a cause of concern."""
    said: dict[str, Any] = {"category": "cause_of_concern", "force": "wmp", "actor": KIM}
    register.add("C-1", issued=date(2023, 1, 9), **said)


def add_milestone(batch: Batch) -> None:
    """Add a milestone below the cause of concern, which writes nothing on that."""
    said: dict[str, Any] = {"category": "milestone", "force": "wmp", "level": None, "actor": KIM}
    batch.add("M-1", issued=date(2023, 1, 9), fields={"title": "t"}, parent="C-1", **said)


def make_joint(batch: Batch) -> None:
    """Have the cause of concern be of two forces."""
    batch.make_joint("C-1", Joint(("kent",)), actor=KIM, reason="x")


def enter_anew(batch: Batch) -> None:
    """Have the cause of concern be another force's."""
    batch.correct("C-1", 1, correction="reenter", entry={"force": "kent"}, actor=KIM, reason="x")


PAIRS: dict[str, tuple[Callable[[Register], None], Act, Act]] = {
    "a successor is withdrawn": (two_records, withdraw("R-2"), supersede),
    "a report is withdrawn": (a_report, withdraw("REP"), add_of_report),
    "a report is withdrawn that is named later": (a_report, withdraw("REP"), amend_to_report),
    "a nomination ends": (lambda _: None, end(HELD), close_new),
    "a nomination is voided": (lambda _: None, withdraw(HELD), close_new),
    "the appointment of who signed ends": (lambda _: None, end(CHIEF_HELD), close_new),
    "an inspection is narrowed": (an_inspection, narrow, verify_new),
    "a parent is made joint": (a_cause, make_joint, add_milestone),
    "a parent is withdrawn": (a_cause, withdraw("C-1"), add_milestone),
    "a parent is another force's": (a_cause, enter_anew, add_milestone),
}
OF_EVERY_FORCE = ("a parent is made joint", "a parent is another force's")
"""What is said where every force's records are seen."""
STILL_LAWFUL = {
    ("a parent is made joint", "undone first"),
    ("a parent is made joint", "undone last"),
    ("a parent is another force's", "undone first"),
}
"""What is done once it is tried again: the milestone goes along with what it lies below."""


def check_second(url: str, name: str, order: str, scope: str | None = None) -> None:
    """Hold that of a pair the second is a Conflict, and what it is once it is tried again."""
    prepare, takes_away, rests_on_it = PAIRS[name]
    acts = [takes_away, rests_on_it]
    decided, kept = acts if order == "undone first" else reversed(acts)
    with Register.open(url, force=scope) as register:
        begin(register)
        prepare(register)
        with pytest.raises(Conflict), register.batch() as second:
            decided(second)
            with register.batch() as first:
                kept(first)
        numbers = {record.id: record.number for record in register.records()}

        if (name, order) in STILL_LAWFUL:
            with register.batch() as again:
                decided(again)
            assert register.record("M-1").forces == register.record("C-1").forces
        else:
            with pytest.raises((Refused, InvalidRequest)), register.batch() as again:
                decided(again)
            assert {record.id: record.number for record in register.records()} == numbers
        if scope is None:
            assert register.verify() == ()


ORDERS = ("undone first", "undone last")


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("order", ORDERS)
def test_whichever_comes_second_is_a_conflict(url: str, name: str, order: str) -> None:
    """S2: what takes something away, and what comes to rest on it, are not both kept."""
    check_second(url, name, order)


@pytest.mark.parametrize("name", [name for name in PAIRS if name not in OF_EVERY_FORCE])
@pytest.mark.parametrize("order", ORDERS)
def test_so_it_is_in_a_register_for_one_force(tmp_path: Path, name: str, order: str) -> None:
    """S2: what others do there is in no way; of which forces a record is, is not said there."""
    url = f"sqlite:///{tmp_path / 'register.db'}"
    check_second(url, name, order, "wmp")
    with Register.open(url) as whole:
        assert whole.verify() == ()
