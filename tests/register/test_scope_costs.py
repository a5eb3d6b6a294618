"""18.11: how long a refusal takes tells nothing of another force's record.

Time is not measured. What takes it is counted: the statements that are sent, and the rows that are
read from their texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Joint, Register, national
from peelflow.errors import PeelflowError
from peelflow.stores import rows
from peelflow.stores.base import Store, StoredEvent, WriteBatch
from peelflow.stores.database import DatabaseStore
from peelflow.stores.opening import open_store
from peelflow.stores.scoped import ScopedStore
from peelflow.stores.sql import store as sql_store
from tests.builders.force import LIAISON, START, clock
from tests.register.test_own_ids import ESSEX, KENT, SAID, add
from tests.stores.conftest import url_of

READING: dict[str, Callable[[Register, str], object]] = {
    "record": lambda r, name: r.record(name),
    "history": lambda r, name: r.history(name),
    "histories": lambda r, name: r.store.histories([name, "free"]),
    "last_events": lambda r, name: r.store.last_events({name: 9, "free": 9}),
    "read": lambda r, name: r.store.read([name, "free"]),
    "deadline": lambda r, name: r.deadline(name),
    "route": lambda r, name: r.route(name),
    "next_acts": lambda r, name: r.next_acts(name, LIAISON),
    "records": lambda r, name: list(r.records(parent=name)),
    "why": lambda r, name: r.why(name, "start", actor=LIAISON),
    "fire": lambda r, name: r.fire(name, "start", actor=LIAISON, on=START, key="k"),
    "amend": lambda r, name: r.amend(name, "owner", "me", actor=LIAISON, on=START, reason="mine"),
    "below": lambda r, name: add(r, "X", parent=name),
    "document": lambda r, name: r.documents.has_document(DIGESTS[name]),
}
OTHERS, NOBODYS = "theirs", "nobodys"
DIGESTS: dict[str, str] = {NOBODYS: "0" * 64, "first": "1" * 64}


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what is read from rows."""
    counted: Counter[str] = Counter()

    def counting(name: str, decode: Callable[[str], Any], text: str) -> Any:
        counted[name] += 1
        return decode(text)

    for module, name in ((rows, "record_from"), (rows, "event_from"), (sql_store, "record_from")):
        monkeypatch.setattr(module, name, partial(counting, name, getattr(module, name)))
    return counted


@pytest.fixture(params=["sqlite", "sql-sqlite", "postgresql"])
def kent(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    spent: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Register]:
    """Give Kent's register on a store where Essex has a record and a letter."""
    url = url_of(request.param, request, tmp_path)
    with Register.open(url, rulebook=national(), clock=clock, force=ESSEX) as essex:
        add(essex, OTHERS)
        essex.fire(OTHERS, "start", actor=LIAISON, on=START, key="k")
        DIGESTS[OTHERS] = essex.keep(b"theirs", kind="letter", name="letter.txt").digest
    store = open_store(url)
    assert isinstance(store, DatabaseStore)
    ask = store._ask

    def counting(*asked: Any) -> Any:
        spent["statements"] += 1
        return ask(*asked)

    monkeypatch.setattr(store, "_ask", counting)
    with Register(store, rulebook=national(), clock=clock, force=KENT) as register:
        add(register, "own")
        yield register


def cost(spent: Counter[str], register: Register, name: str, asked: str) -> dict[str, int]:
    """Return what it takes to ask for a record that is not to be had."""
    spent.clear()
    with suppress(PeelflowError):
        READING[asked](register, name)
    return dict(spent)


def test_another_forces_record_costs_what_none_does(kent: Register, spent: Counter[str]) -> None:
    """18.11: as many statements, and as many rows read: none of the other force's."""
    for asked in READING:
        cost(spent, kent, "first", asked)  # what is read once, and remembered
        nobodys = cost(spent, kent, NOBODYS, asked)
        assert nobodys["statements"] > 0
        assert (asked, cost(spent, kent, OTHERS, asked)) == (asked, nobodys)


def test_an_id_that_another_force_has_costs_what_a_free_one_does(
    kent: Register, spent: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.11: to enter a record, and to name one that need not be there: kept at the first try."""
    store = underlying(kent)
    append = store.append

    def appending(batch: WriteBatch) -> None:
        spent["appends"] += 1
        append(batch)

    def chaining(*given: Any) -> StoredEvent:
        spent["chained"] += 1
        return rows.chain(*given)

    monkeypatch.setattr(store, "append", appending)
    monkeypatch.setattr("peelflow.stores.own_ids.chain", chaining)
    add(kent, "first")
    spent.clear()
    add(kent, "free")
    free = dict(spent)
    spent.clear()
    add(kent, OTHERS)
    assert dict(spent) == free
    assert (free["appends"], free["chained"]) == (1, 1)
    every = Register(store, rulebook=national(), clock=clock)
    assert [record.force for record in every.records() if OTHERS in record.id] == [ESSEX, KENT]


def test_an_own_record_is_read(kent: Register, spent: Counter[str]) -> None:
    """18.11: what is counted is what takes time."""
    kent.history("own")
    assert spent["event_from"] == 1
    assert SAID["source"] == kent.history("own")[0].source


def test_an_amendment_that_anybody_may_make_reads_no_history(
    kent: Register, spent: Counter[str]
) -> None:
    """Who set a field is asked of one alone whose category says who amends it."""
    said: dict[str, Any] = {"actor": LIAISON, "on": START, "reason": "found"}
    kent.amend("own", "theme", "a theme", **said)  # who acts is known from here on
    spent.clear()
    kent.amend("own", "theme", "another", **said)
    assert spent["event_from"] == 0
    kent.amend("own", "question", "7", **said)
    assert spent["event_from"] == 2 + 1


def test_an_act_on_a_joint_record_costs_the_same_however_many_there_are(
    kent: Register, spent: Counter[str]
) -> None:
    """As many statements and rows, after as many acts: the others' people are found by one."""
    every = Register(underlying(kent), rulebook=national(), clock=clock)
    chief = Actor("essex-chief", "chief_constable")
    every.appoint(chief.person, chief.role, force=ESSEX, first_day=START, actor=LIAISON)

    def shared(*numbers: int) -> None:
        for number in numbers:
            add(every, f"J-{number}", force=KENT, joint=Joint((ESSEX,), "any"))

    def proposing(number: int) -> dict[str, int]:
        spent.clear()
        said: dict[str, Any] = {"actor": chief, "on": START, "reason": "no action"}
        kent.fire(f"J-{number}", "propose_no_action", **said, recorded_by="officer")
        return dict(spent)

    shared(*range(4))
    proposing(0)  # reads who acts in the force, once
    few = [proposing(1), proposing(2)]
    shared(*range(4, 40))
    assert [proposing(3), proposing(30)] == few
    assert few[0]["statements"] > 0


def underlying(register: Register) -> Store:
    """Return the store that a register for one force narrows."""
    assert isinstance(register.services.store, ScopedStore)
    return register.services.store._store


def test_a_record_is_withdrawn_without_reading_the_others(
    kent: Register, spent: Counter[str]
) -> None:
    """18: the database finds who names it; what it has no word of is not read."""
    for number in range(20):
        add(kent, f"R-{number}")
    spent.clear()
    kent.correct("R-7", 1, correction="void", reason="twice", on=START, **SAID)
    assert spent["record_from"] < 10
    assert kent.record("R-7").withdrawn
