"""Sums are kept anew where much came since, whole or not at all, by who may write them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects import registry

from peelflow import Register, national
from peelflow.errors import StoreUnavailable
from peelflow.stores import totals as totals_module
from peelflow.stores.opening import keep_stale_sums, open_store, upgrade_store
from peelflow.stores.sqlite import SqliteStore
from peelflow.stores.totals import are_stale
from peelflow.testing.samples import ADDED, PAYLOADS, append_next, change
from tests.builders.stores import folded
from tests.stores.test_read_only import as_reader
from tests.stores.test_sums import execute, faults, summed

_ = summed  # the fixture of every store that keeps sums
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take three events for much."""
    monkeypatch.setattr(totals_module, "STALE", 3)
    monkeypatch.setattr(totals_module, "WORTH", 0)


def add(store: Any, *names: str) -> None:
    """Add records that count."""
    for name in names:
        append_next(store, name, what=ADDED, changes=(change(),))


def kept(store: Any) -> tuple[list[Any], list[Any]]:
    """Return what is kept of sums."""
    with store.snapshot() as snapshot:
        return list(snapshot.checkpoints()), list(snapshot.sums())


def sum_faults(store: Any) -> list[str]:
    """Return what does not fit of sums: the kit's events follow no rules."""
    return [fault for fault in faults(store) if "sum" in fault]


def test_they_are_kept_where_much_came_since(summed: Any) -> None:
    """S4: at first, and again; not where little did."""
    assert keep_stale_sums(summed) is None
    add(summed, "a", "b", "c")
    assert keep_stale_sums(summed) == 3
    add(summed, "d", "e")
    assert keep_stale_sums(summed) is None
    assert [position for position, _ in kept(summed)[0]] == [3]
    add(summed, "f")
    assert keep_stale_sums(summed) == 6
    assert sum_faults(summed) == []


def test_of_a_large_feed_a_twentieth_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """To keep them anew takes longer there, and to read what came since no longer than before."""
    monkeypatch.setattr(totals_module, "STALE", 500)
    found = {
        ends: are_stale([ends])
        for ends in ((499, None), (500, None), (10**6, 950_001), (10**6, 950_000))
    }
    assert list(found.values()) == [False, True, False, True]
    assert not are_stale([(None, None)])


@pytest.mark.parametrize(
    "change_of", ["DELETE FROM {0}sums", "UPDATE {0}checkpoint SET digest='x'"]
)
def test_sums_of_another_feed_are_stale(summed: Any, change_of: str) -> None:
    """S10: what is not used is made anew."""
    add(summed, "a", "b", "c")
    summed.keep_sums()
    assert not summed.has_stale_sums()
    execute(summed, change_of)
    assert keep_stale_sums(summed) == 3
    assert sum_faults(summed) == []


def test_what_keeps_no_sums_is_left_alone(tmp_path: Path) -> None:
    """S14: memory, a register for one force, an application's transaction, tables of before."""
    url = f"sqlite:///{tmp_path / 'register.db'}"
    with closing(SqliteStore(tmp_path / "register.db")) as store:
        add(store, "a", "b", "c")
        with Register.open(url, rulebook=national(), force="WMP") as register:
            assert keep_stale_sums(register.store) is None
        execute(store, "DROP TABLE sums")
        execute(store, "DROP TABLE checkpoint")
        assert keep_stale_sums(store) is None
    with closing(open_store("memory:")) as memory:
        add(memory, "a", "b", "c")
        assert keep_stale_sums(memory) is None


def test_a_database_that_reads_no_event_by_itself_keeps_none(
    postgres: str,
) -> None:
    """S14: figures are of all changes there, whatever sums are kept."""
    registry.register("unknown.other", "tests.builders.dialects", "Unknown")
    with pytest.warns(UserWarning, match="run peelflow's conformance kit"):
        opened = open_store(postgres.replace("postgresql+psycopg:", "unknown+other:"))
    with closing(opened) as store:
        add(store, "a", "b", "c")
        assert keep_stale_sums(store) is None


def test_an_applications_transaction_keeps_none(postgres: str) -> None:
    """S1: it is the application's to commit."""
    with closing(open_store(postgres)) as store:
        add(store, "a", "b", "c")
    engine = create_engine(postgres)
    with engine.connect() as connection, connection.begin():
        assert keep_stale_sums(Register.joined(connection, rulebook=national()).store) is None
    engine.dispose()


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """Give a folder that others may look into, as no folder of the tests is."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("scheme", ["sqlite:///", "sqlite+pysqlite:///"])
def test_a_reader_of_a_file_keeps_none(scheme: str, shared_folder: Path) -> None:
    """S12: and reads nothing for it."""
    path = shared_folder / "r.db"
    upgrade_store(f"{scheme}{path}")
    with closing(open_store(f"{scheme}{path}")) as store:
        add(store, "a", "b", "c")
    path.chmod(0o444)

    def keep() -> tuple[bool, int | None]:
        with closing(open_store(f"{scheme}{path}")) as store:
            return store.has_stale_sums(), keep_stale_sums(store)  # type: ignore[attr-defined]

    assert as_reader(keep) == (False, None)


@pytest.mark.parametrize("grants", ["SELECT", "SELECT, INSERT", "SELECT, INSERT, DELETE"])
def test_who_may_not_write_the_sums_of_a_database_keeps_none(postgres: str, grants: str) -> None:
    """S12: whoever may read alone, or act and take nothing away, or not lock the tables."""
    with closing(open_store(postgres)) as store:
        add(store, "a", "b", "c")
        store.position()
        execute(store, "CREATE ROLE reader_of_sums")
        execute(store, f"GRANT {grants} ON ALL TABLES IN SCHEMA public TO reader_of_sums")
    mark = "&" if "?" in postgres else "?"
    with closing(open_store(f"{postgres}{mark}options=-crole%3Dreader_of_sums")) as store:
        assert not store.has_stale_sums()  # type: ignore[attr-defined]
        assert keep_stale_sums(store) is None
    with closing(open_store(f"{postgres}{mark}options=-cdefault_transaction_read_only%3Don")) as at:
        assert not at.has_stale_sums()  # type: ignore[attr-defined]
    with closing(open_store(postgres)) as store:
        assert keep_stale_sums(store) == 3
        execute(store, "DROP OWNED BY reader_of_sums")
        execute(store, "DROP ROLE reader_of_sums")


def test_what_cannot_be_summed_up_leaves_them_as_they_were(summed: Any) -> None:
    """S10: where a row cannot be read; `verify` tells it."""
    add(summed, "a", "b", "c")
    summed.keep_sums()
    before = kept(summed)
    append_next(summed, "d", what=PAYLOADS[1])
    add(summed, "e", "f")
    execute(summed, "UPDATE {0}events SET text = '{{' WHERE record = 'd'")
    assert keep_stale_sums(summed) is None
    assert kept(summed) == before


def test_a_sum_that_no_database_keeps_leaves_them_as_they_were(summed: Any) -> None:
    """S10: what an event makes of it is damage, whatever the driver says of so large a number."""
    append_next(summed, "a", what=PAYLOADS[1], changes=(change(),))
    add(summed, "b", "c")
    summed.keep_sums()
    before = kept(summed)
    append_next(summed, "d", what=PAYLOADS[1], changes=(change(),))
    add(summed, "e", "f")
    large = f"""replace(text, '"delta":1', '"delta":{"9" * 30}')"""
    execute(summed, f"UPDATE {{0}}events SET text = {large} WHERE record = 'd'")
    assert keep_stale_sums(summed) is None
    with pytest.raises(StoreUnavailable, match="larger than any is kept"):
        summed.keep_sums()
    assert kept(summed) == before


def test_a_busy_file_is_left_alone(tmp_path: Path) -> None:
    """S2: another writer goes first."""
    path = tmp_path / "register.db"
    with closing(SqliteStore(path, timeout=0.05)) as store, closing(SqliteStore(path)) as other:
        add(store, "a", "b", "c")
        execute(other, "BEGIN IMMEDIATE")
        assert keep_stale_sums(store) is None
        execute(other, "ROLLBACK")
        assert keep_stale_sums(store) == 3


def before_writing(store: Any, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Have work done between the reading that is summed up and the writing of the sums."""
    name = "_write" if isinstance(store, SqliteStore) else "_transaction"
    begin = getattr(store, name)

    def beginning(*given: Any) -> Any:
        monkeypatch.setattr(store, name, begin)
        work()
        return begin(*given)

    monkeypatch.setattr(store, name, beginning)


def test_acts_go_on_while_they_are_kept(summed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """S6: what comes meanwhile stands behind them."""
    add(summed, "a", "b", "c")
    summed.position()
    before_writing(summed, monkeypatch, lambda: add(summed, "d", "e"))
    assert summed.keep_sums() == 3
    assert list(summed.totals()) == folded(summed) == summed._totals_of_sums(None, None, None)
    assert sum(line.total for line in summed.totals()) == 5
    assert sum_faults(summed) == []


def test_two_that_keep_them_at_once_leave_one_set(
    summed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S6: whoever writes last; figures are the same with either."""
    add(summed, "a", "b", "c")
    summed.position()

    def meanwhile() -> None:
        add(summed, "d", "e")
        assert summed.keep_sums() == 5

    before_writing(summed, monkeypatch, meanwhile)
    assert summed.keep_sums() == 3
    assert len(kept(summed)[0]) == 1
    assert sum(line.total for line in summed.totals()) == 5
    assert sum_faults(summed) == []


KILLED = """
import os, sys
from peelflow.stores.opening import open_store
from peelflow.stores import sqlite
from peelflow.stores.sql import store as sql

def cut_off(module):
    write = module.write_sums
    def writing(*rest):
        write(*rest)
        os.kill(os.getpid(), 9)
    module.write_sums = writing

cut_off(sqlite)
cut_off(sql)
open_store(sys.stdin.read()).keep_sums()
"""


def test_a_process_that_is_killed_leaves_them_as_they_were(summed: Any) -> None:
    """S1: all that was written of them is gone."""
    add(summed, "a", "b", "c")
    summed.keep_sums()
    before = kept(summed)
    add(summed, "d", "e", "f")
    url = summed._pool.url.render_as_string(hide_password=False) if hasattr(summed, "_pool") else ""
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        cwd=ROOT,
        input=url or summed.url,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.returncode == -9
    assert kept(summed) == before
    assert list(summed.totals()) == folded(summed)
    assert keep_stale_sums(summed) == 6
    assert sum_faults(summed) == []
