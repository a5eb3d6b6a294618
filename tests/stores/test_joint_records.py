"""Which records a force is or was joint with is found by a table, which events make anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine

from peelflow.errors import StoreUnavailable
from peelflow.model.records import Corrected, Joint
from peelflow.register.register import Register
from peelflow.stores.base import RecordQuery, Store
from peelflow.stores.export import export_lines, restore_export, verify_export
from peelflow.stores.integrity import verify_snapshot
from peelflow.stores.memory import MemoryStore
from peelflow.stores.opening import open_store, upgrade_store
from peelflow.testing.audit import audit
from peelflow.testing.samples import append_joint
from tests.builders.stores import OF_LATER, append_next, run
from tests.register.test_joint import (
    ALL_ACT,
    BY,
    ESSEX,
    FORCES,
    LATER,
    NORFOLK,
    SAID,
    SUFFOLK,
    add,
    counted,
    filled,
    opened,
)
from tests.stores.conftest import url_of
from tests.stores.forgery import at, forged

RunSql = Callable[[str], None]


@pytest.fixture(params=["sqlite", "sql-sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of store in a database."""
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty store in a database."""
    made = url_of(kind, request, tmp_path)
    open_store(made).close()
    yield made
    if kind == "postgresql":
        upgrade_store(made)


@pytest.fixture
def sql(kind: str, url: str, tmp_path: Path) -> RunSql:
    """What runs a statement behind the store's back; {0} stands before the names of tables."""
    prefix = "" if kind == "sqlite" else "peelflow_"
    file = {"sqlite": tmp_path / "register.db", "sql-sqlite": tmp_path / "tables.db"}.get(kind)
    if file is not None:
        return lambda statement: run(file, statement.format(prefix))
    engine: Engine = create_engine(url)

    def execute(statement: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(statement.format(prefix)))
        engine.dispose()

    return execute


def codes(store: Store) -> list[tuple[str, str]]:
    """Return what `verify` finds: of which record, and its code."""
    with store.snapshot() as snapshot:
        return [(each.record, each.code) for each in verify_snapshot(snapshot)]


def listed(store: Store, force: str) -> list[str]:
    """Return the ids of a force's recommendations."""
    return [each.id for each in store.records(RecordQuery(force, "recommendation"))]


"""What a register of before lacks."""


def test_a_register_of_before_reads_on_and_takes_the_table_up(
    kind: str, url: str, sql: RunSql
) -> None:
    """S12: it lacks the table; a file makes it when it is needed, a database when upgraded."""
    with closing(open_store(url)) as store:
        add(opened(store), "R-1", NORFOLK)
    for of_later in OF_LATER:
        sql(f"DROP {of_later}")

    with closing(open_store(url)) as store:
        register = opened(store)
        assert (listed(store, NORFOLK), listed(store, SUFFOLK)) == (["R-1"], [])
        assert list(store.records(RecordQuery(NORFOLK, joint=True))) == []
        assert [*store.read(["R-1"], force=NORFOLK)] == ["R-1"]
        assert [*store.histories(["R-1"], force=NORFOLK)] == ["R-1"]
        assert store.last_numbers(9, force=NORFOLK) == {"R-1": 1}
        assert sum(line.total for line in store.totals(force=NORFOLK)) == 1
        assert codes(store) == []
        register.correct("R-1", 1, correction="void", reason="r", on=LATER, **SAID)
        add(register, "R-2", NORFOLK)
        if kind != "sqlite":
            with pytest.raises(StoreUnavailable, match="run: peelflow store upgrade"):
                register.make_joint("R-2", ALL_ACT, on=LATER, **BY)
            assert register.record("R-2").number == 1
            assert codes(store) == []
            upgrade_store(url)
        register.make_joint("R-2", ALL_ACT, on=LATER, **BY)
        assert listed(store, SUFFOLK) == ["R-2"]
        assert codes(store) == []
        assert audit(store) == ()


def test_nothing_of_a_joint_record_goes_into_a_transaction_of_before(tmp_path: Path) -> None:
    """S1: it is refused before anything is put, so the application's transaction goes on."""
    url = f"sqlite+pysqlite:///{tmp_path / 'tables.db'}"
    upgrade_store(url)
    for of_later in OF_LATER:
        run(tmp_path / "tables.db", f"DROP {of_later.format('peelflow_')}")
    engine = create_engine(url, isolation_level="SERIALIZABLE")

    with engine.connect() as connection:
        connection.connection.driver_connection.isolation_level = None  # type: ignore[union-attr]
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        register = Register.joined(connection)
        add(register, "R-1", NORFOLK)
        with pytest.raises(StoreUnavailable, match="no table of joint records"):
            register.make_joint("R-1", ALL_ACT, on=LATER, **BY)
        assert register.record("R-1").number == 1
        connection.exec_driver_sql("COMMIT")
    engine.dispose()
    with closing(open_store(url)) as store:
        assert codes(store) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("DELETE FROM {0}joint_records WHERE force = 'suffolk'", "of suffolk too"),
        ("INSERT INTO {0}joint_records VALUES ('J-1', 'essex')", "of essex too"),
        ("UPDATE {0}joint_records SET force = 'kent' WHERE record = 'J-1'", "of kent too"),
    ],
)
def test_a_row_that_is_not_its_events_is_found(
    url: str, sql: RunSql, change: str, why: str
) -> None:
    """S10: one that hides a record from a force, or shows one that is another's."""
    with closing(open_store(url)) as store:
        filled(store)
        assert codes(store) == []
    sql(change)

    with closing(open_store(url)) as store:
        assert ("J-1", "joint-differs") in codes(store)
        with store.snapshot() as snapshot:
            assert why in " ".join(each.sentence for each in verify_snapshot(snapshot))
        assert "the forces of joint records" in " ".join(map(str, audit(store)))


def test_a_row_of_no_record_and_one_of_no_text_are_found(kind: str, url: str, sql: RunSql) -> None:
    """S10: told as findings, never as an error."""
    with closing(open_store(url)) as store:
        filled(store)
    sql("INSERT INTO {0}joint_records VALUES ('X-1', 'essex')")
    if kind == "sqlite":
        sql("INSERT INTO {0}joint_records VALUES (x'00', 'essex')")

    with closing(open_store(url)) as store:
        found = codes(store)
    assert ("X-1", "row-without-events") in found
    assert (kind == "sqlite") is ("row-unreadable" in {code for _, code in found})


def test_what_acts_in_between_is_told(kind: str, url: str, sql: RunSql) -> None:
    """A row that was written and is not there is not acknowledged, and nothing is kept."""
    with closing(open_store(url)) as store:
        register = opened(store)
        add(register, "R-1", NORFOLK)
        if kind == "postgresql":
            sql("CREATE RULE r AS ON INSERT TO {0}joint_records DO INSTEAD NOTHING")
        else:
            ignored = "BEGIN SELECT RAISE(IGNORE); END"
            sql(f"CREATE TRIGGER t BEFORE INSERT ON {{0}}joint_records {ignored}")
        with pytest.raises(
            StoreUnavailable,
            match=r"did not keep the forces of R-1|its trigger t is none of peelflow's",
        ):
            register.make_joint("R-1", ALL_ACT, on=LATER, **BY)
        assert register.record("R-1").number == 1
        assert ("", "schema-foreign") in codes(store)
    if kind == "postgresql":
        sql("DROP RULE r ON {0}joint_records")


def test_it_comes_back_from_an_export(url: str) -> None:
    """S10: each force has the same records and figures, and everything fits."""
    store = MemoryStore()
    register = filled(store)
    register.make_joint("J-1", ALL_ACT, on=LATER, **BY)
    register.make_joint("suffolk-1", Joint((ESSEX,)), on=LATER, **BY)
    last = register.make_joint("essex-1", ALL_ACT, on=LATER, **BY)
    register.correct(
        "essex-1", last.number, correction="void", reason="r", on=LATER, actor=BY["actor"]
    )
    with store.snapshot() as snapshot:
        lines = list(export_lines(snapshot))
    assert list(verify_export(lines)) == []

    with closing(open_store(url)) as restored:
        restore_export(restored, lines)
        for force in FORCES:
            assert listed(restored, force) == listed(store, force)
            assert counted(opened(restored), force=force) == counted(register, force=force)
        assert codes(restored) == []
        assert audit(restored) == ()


def test_a_correction_of_any_record_leaves_the_others_forces(url: str) -> None:
    """S4: only the corrected record's rows are written anew."""
    with closing(open_store(url)) as store:
        append_joint(store, "a", "GMP")
        append_next(store, "b")
        append_next(store, "b", what=Corrected(1, "void"), withdrawn=True)
        with store.snapshot() as snapshot:
            assert list(snapshot.joint_records()) == [("a", "GMP")]


@pytest.mark.parametrize(
    ("number", "edit"),
    [
        (1, lambda what: what.update(joint_with=[NORFOLK])),
        (1, lambda what: what.update(joint_with=[SUFFOLK, ESSEX])),
        (2, lambda what: what.update(new=[NORFOLK])),
    ],
)
def test_a_record_that_no_forces_share_so_is_found(
    number: int, edit: Callable[[Any], object]
) -> None:
    """18.3: joint with its own lead force, with one twice, or in no order."""
    with closing(MemoryStore()) as store:
        register = opened(store)
        add(register, "R-1", NORFOLK)
        register.make_joint("R-1", ALL_ACT, on=LATER, **BY)
        with store.snapshot() as snapshot:
            lines = list(export_lines(snapshot))
    made = forged(lines, at(number, lambda event: edit(event["what"])))
    assert (number, "move-unknown") in [(each.event, each.code) for each in verify_export(made)]
