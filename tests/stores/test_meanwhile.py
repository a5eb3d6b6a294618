"""Of two acts at once that undo each other, whichever comes second is a Conflict, on each store."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import create_engine, text

from peelflow import Actor, Conflict, Document, InvalidRequest, Joint, Refused, Register
from peelflow.register.batch import Batch
from peelflow.stores.base import RecordQuery
from peelflow.stores.opening import open_store
from peelflow.stores.sql.store import JoinedStore
from peelflow.testing.contract.append import is_appended
from tests.builders.stores import append_next, batch, next_event

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


def a_response(register: Register) -> None:
    """Have a response to a report that was commented on and can be published; and two records."""
    a_report(register)
    days = {"published": date(2022, 12, 16), "chief_officer_due": date(2023, 1, 10)}
    fields: dict[str, Any] = {"report": "REP", "recommendations": "none_made", **days}
    said: dict[str, Any] = {"category": "section_55_response", "force": "wmp", "level": None}
    register.add("S-55", issued=date(2022, 12, 16), fields=fields, actor=PCC, **said)
    register.fire("S-55", "set_date", actor=PCC, on=date(2022, 12, 17))
    on = date(2023, 1, 20)
    comments = register.keep(b"c", kind="comments", name="c", signed_by="chief", signed_on=on)
    register.fire("S-55", "comment", actor=CHIEF, on=on, evidence=[comments])


def publish(batch: Batch) -> None:
    """Publish the response, which answers each recommendation of its report."""
    response = batch.keep(b"r", kind="response", name="r")
    on = date(2023, 2, 1)
    batch.fire("S-55", "publish", actor=PCC, on=on, evidence=[response], reason="as asked")


@pytest.mark.parametrize("names", [add_of_report, amend_to_report])
def test_comments_are_not_published_while_a_recommendation_comes(url: str, names: Act) -> None:
    """S2: comments answer each recommendation of their report that was kept before them."""
    with Register.open(url) as register:
        begin(register)
        a_response(register)
        with pytest.raises(Conflict), register.batch() as second:
            publish(second)
            with register.batch() as first:
                names(first)
        with pytest.raises(Refused), register.batch() as again:
            publish(again)
        assert register.verify() == ()


@pytest.mark.parametrize("names", [add_of_report, amend_to_report])
def test_a_recommendation_that_is_kept_later_undoes_no_comments(
    url: str, names: Act, tmp_path: Path
) -> None:
    """What stands behind an act in the feed came after it, though it was begun to be recorded."""
    with Register.open(url) as register:
        begin(register)
        a_response(register)
        with register.batch() as second:
            names(second)
            with register.batch() as first:
                publish(first)
        assert register.verify() == ()
        export = tmp_path / "export.jsonl"
        export.write_text("".join(f"{line}\n" for line in register.export()), "utf-8")
    with Register.open("memory:") as other:
        other.restore(export)
        assert other.verify() == ()


def test_who_comes_to_be_listed_is_waited_for(postgres: str) -> None:
    """S2: on PostgreSQL nobody else sees an act before its commit: what lists waits for that."""
    engine = create_engine(postgres)
    with closing(open_store(postgres)) as store, ThreadPoolExecutor(1) as pool:
        append_next(store, "named")
        query = RecordQuery(mention="named")
        comes = batch(next_event(store, "n", fields={"title": "named"}), read_set={"named": 1})
        lists = evolve(batch(next_event(store, "named")), listings={query: {}})
        with engine.begin() as application:
            JoinedStore(application).append(comes)
            is_listed = pool.submit(is_appended, store, lists)
            with engine.connect() as watching:
                waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
                while not watching.execute(waits).scalar() and not is_listed.done():
                    watching.rollback()
        assert not is_listed.result()
        assert [record.id for record in store.records(query)] == ["n"]
    engine.dispose()


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
