"""A server goes away before it answers: kept or not is undetermined, and its key settles it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from peelflow import AnswerLost, Register, StoreUnavailable
from peelflow.model.records import Event
from peelflow.stores.sql.connection import is_connection_lost
from tests.builders.cutting import Cutter, When, cutting
from tests.builders.force import LIAISON

ISSUED, DAY = date(2022, 12, 16), date(2023, 1, 9)
WRITES = b"INSERT INTO peelflow_events"


@pytest.fixture
def cutter(postgres: str) -> Iterator[Cutter]:
    """Give a server that can be cut off."""
    with cutting(postgres) as made:
        yield made


def add(register: Register, record: str, key: str | None = None) -> Event:
    """Add a record."""
    fields = {"owner": "lead-1"}
    return register.add(
        record,
        category="afi",
        level=2,
        force="wmp",
        issued=ISSUED,
        fields=fields,
        actor=LIAISON,
        key=key,
    )


def start(register: Register) -> None:
    """Take one step of one record: a statement that commits by itself."""
    register.fire("R-1", "start", actor=LIAISON, on=DAY, key="k")


def add_another(register: Register) -> None:
    """Add a record: a transaction, for nothing may stand there."""
    add(register, "R-2", key="k")


def start_both(register: Register) -> None:
    """Take a step of two records in one batch."""
    with register.batch() as batch:
        for record in ("R-1", "R-0"):
            batch.fire(record, "start", actor=LIAISON, on=DAY, key="k")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("act", "statement", "record"),
    [(start, WRITES, "R-1"), (add_another, b"COMMIT\0", "R-2"), (start_both, WRITES, "R-0")],
    ids=["one step", "a new record", "two steps"],
)
def test_an_answer_that_is_lost_is_told_and_settled_by_the_key(
    cutter: Cutter,
    *,
    act: Callable[[Register], None],
    statement: bytes,
    record: str,
    when: When,
) -> None:
    """Whether the server had it by then or not, the same request again leaves it there once."""
    with Register.open(cutter.url) as register:
        add(register, "R-0")
        add(register, "R-1")
        cutter.cut(statement, when)
        with pytest.raises(AnswerLost, match=r"may be kept or not: .*; repeat the request with"):
            act(register)
        assert cutter.cuts == 1

        kept = [item.entry.event.key for item in register.store.feed(0, 9)].count("k")
        assert bool(kept) is (when == "after")

        act(register)
        assert [event.key for event in register.history(record)].count("k") == 1
        assert register.verify() == ()


def test_a_server_that_goes_away_while_it_reads_keeps_nothing(cutter: Cutter) -> None:
    """So it is told as before, and the next connection goes on."""
    with Register.open(cutter.url) as register:
        add(register, "R-1")
        cutter.cut(b"FROM peelflow_records", "after")
        with pytest.raises(StoreUnavailable, match="cannot be used as a store") as told:
            start(register)
        assert not isinstance(told.value, AnswerLost)
        start(register)
        assert register.record("R-1").state == "in_progress"


def test_a_url_with_several_servers_finds_the_one_that_may_be_written_to(postgres: str) -> None:
    """Libpq tries one after the other; the first is not there."""
    named = make_url(postgres)
    host = named.host or str(named.query["host"])
    several = named.set(host=None, port=None).update_query_dict(
        {
            "host": ("127.0.0.1:1", f"{host}:{named.port or 5432}"),
            "target_session_attrs": "read-write",
        }
    )
    with Register.open(several.render_as_string(hide_password=False)) as register:
        add(register, "R-1")
        assert register.verify() == ()


def test_a_reader_that_gives_positions_leaves_nothing_open(cutter: Cutter) -> None:
    """They are given anew, so what it is told is that no server answers."""
    with Register.open(cutter.url) as register:
        add(register, "R-1")
        cutter.cut(b"COMMIT\0", "before")
        with pytest.raises(StoreUnavailable, match="cannot be used as a store") as told:
            register.store.feed(0, 9)
        assert not isinstance(told.value, AnswerLost)
        assert len(register.store.feed(0, 9)) == 1


class Panicked(psycopg.errors.DiskFull):
    """A server that stops in the middle of a commit, as where it cannot write its log."""

    diag: Any = SimpleNamespace(severity_nonlocalized="PANIC")


@pytest.mark.parametrize(
    ("fault", "is_lost"),
    [
        (psycopg.OperationalError("the connection is lost"), True),
        (psycopg.errors.AdminShutdown("terminating connection"), True),
        (psycopg.errors.ConnectionFailure("gone"), True),
        (psycopg.errors.DiskFull("no space left"), False),
        (psycopg.errors.ProtocolViolation("bind supplies 1 parameter"), False),
        (psycopg.errors.UniqueViolation("there already"), False),
        (Panicked("could not write to file"), True),
        (OperationalError("COMMIT", {}, Exception("?"), connection_invalidated=True), True),
        (OperationalError("COMMIT", {}, psycopg.errors.QueryCanceled("timeout")), False),
    ],
)
def test_what_tells_that_the_connection_is_lost(fault: Exception, *, is_lost: bool) -> None:
    """And not that the server refused what it was asked."""
    assert is_connection_lost(fault) is is_lost
