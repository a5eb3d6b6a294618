"""What others may create in a schema of PostgreSQL's search path is never called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from peelflow import Actor, Joint, Register, StoreUnavailable, national
from peelflow.stores import totals
from peelflow.stores.base import RecordQuery
from peelflow.stores.opening import open_store, upgrade_store
from tests.builders.planted import plant, statements_sent
from tests.builders.servers import database
from tests.stores.test_acts_between import appoint

KIM = Actor("kim", "liaison_officer")
DAY = date(2023, 1, 9)
ADDED: dict[str, Any] = {"level": 2, "issued": DAY, "fields": {"owner": "lee"}, "actor": KIM}


@pytest.fixture
def server(postgres_database: str) -> Iterator[str]:
    """The URL of an empty register in a database of its own, whose schema may be changed."""
    with database(postgres_database) as url:
        upgrade_store(url)
        yield url


def run(url: str, *statements: str) -> list[Any]:
    """Run statements behind the register's back; return the rows of the last."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        cursors = [connection.execute(statement.encode()) for statement in statements]
        return cursors[-1].fetchall() if cursors[-1].description else []


def act(register: Register, name: str) -> None:
    """Have each kind of statement that writes sent."""
    appoint(register, name)
    register.add(f"{name}-1", category="recommendation", force="wmp", **ADDED)
    register.fire(f"{name}-1", "start", actor=KIM, on=date(2023, 2, 1), key=name)
    joint = Joint(("suffolk",))
    register.add(f"{name}-2", category="recommendation", force="norfolk", joint=joint, **ADDED)
    with register.batch() as batch:
        batch.fire(f"{name}-2", "start", actor=KIM, on=date(2023, 2, 1))
        batch.add(f"{name}-3", category="recommendation", force="wmp", **ADDED)


def look(register: Register) -> None:
    """Have each kind of statement that reads sent."""
    store: Any = register.store
    for force in (None, "norfolk"):
        for day in (None, DAY):
            list(store.totals(force=force, as_at=day))
        store.read(["first-1"], force=force)
        store.read(["first-1", "first-2"], force=force)
        store.histories(["first-1"], force=force)
        store.last_events({"first-1": 2}, force=force)
        for query in (
            RecordQuery(force=force),
            RecordQuery(force=force, level=2, category="recommendation", state="in_progress"),
            RecordQuery(force=force, level=None, parent="x", field=("owner", "lee")),
            RecordQuery(force=force, mention="lee", joint=True),
        ):
            list(store.records(query))
    store.taken(["first-1"])
    store.event_with_key("first-1", "first")
    store.history("first-1")
    store.document("0" * 64)
    store.documents_folder()


def use(url: str, name: str) -> None:
    """Have a store send whatever it sends, in its own transactions and in an application's."""
    upgrade_store(url)
    with Register.open(url) as register:
        store: Any = register.store
        act(register, name)
        register.keep(b"a letter", kind="letter", name="letter.txt")
        store.note_documents_folder(None)
        store.keep_sums()
        store.has_stale_sums()
        register.add(f"{name}-4", category="recommendation", force="wmp", **ADDED)
        register.position()
        register.feed()
        look(register)
        for known in (1, store.position()):
            for force in (None, "norfolk"):
                list(store.totals(known=known, force=force))
                store.last_numbers(known, force=force)
        assert register.verify() == ()
    engine = create_engine(url)
    with engine.begin() as connection:
        joined = Register.joined(connection, rulebook=national())
        act(joined, f"{name}-joined")
        look(joined)
        joined.store.note_documents_folder(None)
    engine.dispose()
    with closing(open_store(url)) as opened:
        opened.feed(0, 100)


def test_nothing_of_others_is_called(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """18.2: neither by an act nor by a check, whatever they create that matches more exactly."""
    with statements_sent(monkeypatch) as sent:
        monkeypatch.setattr(totals, "WORTH", 0)
        use(server, "first")
    functions, operators = plant(server, sent)
    assert {"=", "<>", "||", "&", "->"} <= operators
    assert functions <= {"count", "current_schema", "max", "unnest"}  # of just the types there

    monkeypatch.setattr(totals, "WORTH", 0)
    use(server, "second")


EXACT = {
    "a role's path": "ALTER DATABASE {} SET search_path = public, pg_catalog",
    "an earlier schema": "ALTER DATABASE {} SET search_path = 'others', pg_catalog, public",
}


@pytest.mark.parametrize("what", EXACT)
def test_nothing_is_opened_where_others_come_before_the_servers_own(server: str, what: str) -> None:
    """18.2: there any operator could be another's, also one of just these types."""
    with Register.open(server) as register:
        appoint(register, "first")
    run(server, "CREATE SCHEMA others", EXACT[what].format(make_url(server).database))

    with pytest.raises(StoreUnavailable, match="before pg_catalog") as refused:
        Register.open(server)
    assert refused.value.instead == "leave pg_catalog out of search_path, or name it first"
    engine = create_engine(server)
    with engine.begin() as connection, pytest.raises(StoreUnavailable, match="before pg_catalog"):
        Register.joined(connection, rulebook=national())
    engine.dispose()


def test_a_check_that_is_called_as_amcheck_is_not_called(server: str) -> None:
    """18.2: whoever may create could have it run with the rights of whoever verifies."""
    run(
        server,
        "CREATE FUNCTION bt_index_check(regclass, boolean) RETURNS void LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'called'; END $$",
    )
    with Register.open(server) as register:
        appoint(register, "first")
        assert register.verify() == ()


def test_a_collation_of_others_is_found_whatever_it_is_called(server: str) -> None:
    """18.1: one that orders otherwise, or takes two ids for the same."""
    with Register.open(server) as register:
        appoint(register, "first")
        run(
            server,
            """CREATE COLLATION public."C" (provider = libc, locale = 'POSIX')""",
            'ALTER TABLE peelflow_changes ALTER COLUMN state TYPE text COLLATE public."C"',
        )
        assert [(each.code, each.sentence) for each in register.verify()] == [
            (
                "schema-differs",
                "its column peelflow_changes.state is another: text not null collate another C",
            )
        ]
