"""PostgreSQL as it is run: behind a pooler, with other encodings, and told so in words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from threading import Thread
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from peelflow import Actor, InvalidRequest, Register, StoreUnavailable, national
from peelflow.stores.opening import upgrade_store
from peelflow.stores.sql.connection import (
    SessionCheck,
    database_unavailable,
    make_engine,
    parse_url,
)
from peelflow.stores.sql.store import SqlStore
from tests.builders.servers import POOLER, pooled

KIM = Actor("kim", "liaison_officer")
ANY_TEXT = "Ünïcode — 漢字 ✓ Ж"
needs_pooler = pytest.mark.skipif(
    shutil.which(POOLER) is None, reason="`make hosted` says how: pgbouncer is not on PATH"
)


def plain_url(url: str) -> str:
    """Return a URL as psycopg itself takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def with_options(url: str, **options: str) -> str:
    """Return a URL with options of its own."""
    return make_url(url).update_query_dict(options).render_as_string(hide_password=False)


def add(register: Register, record: str, owner: str = "lead-1") -> None:
    """Add a record, and start it."""
    day = date(2022, 12, 16)
    fields = {"owner": owner}
    register.add(record, category="afi", level=2, force="wmp", issued=day, fields=fields, actor=KIM)
    register.fire(record, "start", actor=KIM, on=date(2023, 1, 9))


@pytest.mark.parametrize(("option", "threshold"), [(None, 5), ("none", None), ("0", 0), ("12", 12)])
def test_item_21_the_url_says_when_statements_are_prepared(
    postgres: str, option: str | None, threshold: int | None
) -> None:
    """It is psycopg's own `prepare_threshold`; without it, psycopg's own number holds."""
    url = postgres if option is None else with_options(postgres, prepare_threshold=option)
    engine = make_engine(parse_url(url))
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        assert driver.prepare_threshold == threshold
    engine.dispose()


@pytest.mark.parametrize("option", ["never", "-1", "1.5", "٣"])
def test_item_21_another_threshold_is_refused(postgres: str, option: str) -> None:
    """With what may be written."""
    with pytest.raises(InvalidRequest, match="write a whole number, or none"):
        make_engine(parse_url(with_options(postgres, prepare_threshold=option)))


def connection_of(told: int, answers: int) -> Any:
    """Return a connection that was told of one process, and is answered by another."""
    rows = SimpleNamespace(fetchone=lambda: (answers, ["pg_temp_3", "pg_catalog"], None))
    return SimpleNamespace(
        info=SimpleNamespace(backend_pid=told),
        execute=lambda *_: rows,
        commit=lambda: None,
        prepare_threshold=5,
    )


def test_item_21_a_pooler_is_detected_and_nothing_is_prepared() -> None:
    """It is told of another process than answers it; what the URL says is left at that."""
    check, told = SessionCheck("url"), SessionCheck("url", prepares=True)
    pooled_one, direct, as_told = connection_of(1, 2), connection_of(4, 4), connection_of(1, 2)
    check(pooled_one, None)
    check(direct, None)
    told(as_told, None)

    assert pooled_one.prepare_threshold is None
    assert [direct.prepare_threshold, as_told.prepare_threshold] == [5, 5]


@pytest.mark.parametrize(
    "statement",
    ["EXECUTE nothing", "PREPARE twice AS SELECT 1; PREPARE twice AS SELECT 1"],
)
def test_item_21_what_a_pooler_breaks_is_told_with_advice(postgres: str, statement: str) -> None:
    """A statement that was prepared elsewhere, or twice."""
    with psycopg.connect(plain_url(postgres)) as connection:
        with pytest.raises(psycopg.Error) as fault:
            connection.execute(statement.encode())
        told = database_unavailable("the register", fault.value)
    assert "add prepare_threshold=none to the URL" in told.instead


@needs_pooler
@pytest.mark.parametrize("option", [None, "none"])
def test_item_21_case_25_workers_behind_pgbouncer_go_on(postgres: str, option: str | None) -> None:
    """In transaction mode, on fewer connections than there are workers, told of or not."""
    with pooled(postgres) as made:
        url = made if option is None else with_options(made, prepare_threshold=option)
        faults = worked(url)
        with Register.open(url) as register:
            assert register.verify() == ()
            assert len(list(register.records())) == 40
    assert faults == []


@needs_pooler
def test_item_21_case_25_prepared_statements_fail_with_advice(postgres: str) -> None:
    """Whoever asks for them behind a pooler is told what to write."""
    with pooled(postgres) as url:
        faults = worked(with_options(url, prepare_threshold="1"))
    assert faults
    assert [each for each in faults if "add prepare_threshold=none to the URL" not in each] == []


def worked(url: str) -> list[str]:
    """Let four workers write to one register, and return what went wrong."""
    faults: list[str] = []

    def work(worker: int) -> None:
        try:
            with Register.open(url) as register:
                for number in range(10):
                    add(register, f"P{worker}-{number}")
                    register.figures()
        except Exception as fault:  # noqa: BLE001 - all of them are told
            faults.append(str(fault))

    workers = [Thread(target=work, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return faults


def test_item_21_first_acts_at_once_all_come_in(postgres: str) -> None:
    """Whoever kept the same rules first is in nobody's way."""
    assert worked(postgres) == []


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def narrow(request: pytest.FixtureRequest, postgres_database: str) -> Iterator[tuple[str, str]]:
    """Give a database in another encoding, and that encoding."""
    name = f"peelflow_{request.param.lower()}"
    with psycopg.connect(plain_url(postgres_database), autocommit=True) as server:
        server.execute(
            f"CREATE DATABASE {name} ENCODING '{request.param}' LC_COLLATE 'C' LC_CTYPE 'C' "
            "TEMPLATE template0".encode()
        )
        url = make_url(postgres_database).set(database=name)
        yield url.render_as_string(hide_password=False), request.param
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_item_21_another_encoding_is_refused_at_upgrade_and_opening(
    narrow: tuple[str, str],
) -> None:
    """Before a text is lost in it: it says which, and how to make a database."""
    url, encoding = narrow
    engine = create_engine(url, connect_args={"client_encoding": "UTF8"})
    for opening in (
        lambda: upgrade_store(url),
        lambda: SqlStore(url),
        lambda: Register.joined(engine.connect(), rulebook=national()),
    ):
        with pytest.raises(StoreUnavailable, match=encoding) as refused:
            opening()
        assert "ENCODING 'UTF8'" in refused.value.instead
    engine.dispose()


def test_item_21_any_client_encoding_will_do(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set for the user's programs, in the URL, or for everybody in the database."""
    name = make_url(postgres).database
    with psycopg.connect(plain_url(postgres), autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} SET client_encoding TO 'LATIN1'".encode())
    monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    for number, url in enumerate(
        (
            postgres,
            with_options(postgres, client_encoding="LATIN2"),
            with_options(postgres, options="-cclient_encoding=win1252"),
        )
    ):
        with Register.open(url) as register:
            add(register, f"R-{number}", owner=ANY_TEXT)
            assert register.record(f"R-{number}").fields["owner"] == ANY_TEXT
            assert register.verify() == ()
    with psycopg.connect(plain_url(postgres), autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} RESET client_encoding".encode())


def test_item_21_an_applications_connection_speaks_utf8_or_is_refused(postgres: str) -> None:
    """It is the application's own to set."""
    engine = create_engine(postgres, connect_args={"client_encoding": "LATIN1"})
    with engine.begin() as connection, pytest.raises(InvalidRequest, match="iso8859-1") as refused:
        Register.joined(connection, rulebook=national())
    assert refused.value.instead == "set its client_encoding to UTF8"
    engine.dispose()
