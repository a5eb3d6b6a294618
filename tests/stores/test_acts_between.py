"""What acts between a register and its rows: found, and nothing acknowledged that is not there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from peelflow import Actor, Register, StoreUnavailable
from peelflow.cli import main
from peelflow.register.judgement import verify_register
from peelflow.stores import sqlite_file
from peelflow.stores.opening import upgrade_store
from peelflow.stores.sql import catalogue
from tests.builders.servers import database
from tests.builders.stores import OF_LATER

KIM = Actor("kim", "liaison_officer")
HMICFRS = Actor("portal", "hmicfrs")
NOT_KEPT = r"did not keep|none of peelflow's.*nothing was kept|moved|constraint failed"
Run = Callable[[str], Any]


def appoint(register: Register, person: str) -> None:
    """Keep one record by one act."""
    register.appoint(person, "chief_constable", force="wmp", first_day=date(2023, 1, 1), actor=KIM)


@contextmanager
def opened(url: str) -> Iterator[tuple[Register, Run]]:
    """Give a register with a record, and what runs a statement behind its back."""
    with Register.open(url) as register:
        appoint(register, "first")
        letter = register.keep(b"letter", kind="letter", name="letter.txt")
        register.attach(NAME, letter, actor=KIM, on=date(2026, 1, 1))
        assert register.verify() == ()
        if url.startswith("sqlite:///"):
            with closing(sqlite3.connect(url[10:], isolation_level=None)) as connection:
                yield register, connection.execute
            return
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield register, connection.exec_driver_sql
        engine.dispose()


NAME = "appointment:wmp:chief_constable:first:2023-01-01"


@pytest.fixture(params=["sqlite", "sql-sqlite"])
def lite(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The URL of an empty register in a SQLite file, and what its tables begin with."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'register.db'}", ""
    url = f"sqlite+pysqlite:///{tmp_path / 'tables.db'}"
    upgrade_store(url)
    return url, "peelflow_"


LITE = {
    "a trigger": ("CREATE TRIGGER t AFTER INSERT ON {0}meta BEGIN SELECT 1; END", "schema-foreign"),
    "an index": ("CREATE INDEX i ON {0}changes (record) WHERE number > 2", "schema-foreign"),
    "a column": ("ALTER TABLE {0}changes ADD COLUMN more TEXT", "schema-differs"),
    "a view": (
        "ALTER TABLE {0}changes RENAME TO other;CREATE VIEW {0}changes AS SELECT * FROM other",
        "schema-lacks",
    ),
    "an index that is gone": ("DROP INDEX {0}records_by_category", "schema-lacks"),
    "an index swapped for a partial one": (
        (
            "DROP INDEX {0}records_by_category;"
            "CREATE INDEX {0}records_by_category ON {0}records (category, force, id) WHERE id > 'b'"
        ),
        "schema-differs",
    ),
}


@pytest.mark.parametrize("what", LITE)
def test_what_is_on_our_tables_and_not_ours_is_found(lite: tuple[str, str], what: str) -> None:
    """18.1, 18.2: on SQLite, by the words of its schema."""
    (url, prefix), (sql, code) = lite, LITE[what]
    with opened(url) as (register, run):
        for statement in sql.format(prefix).split(";" if "BEGIN" not in sql else "\0"):
            run(statement)

        assert code in {each.code for each in register.verify()}


def test_other_tables_of_an_application_are_its_own(lite: tuple[str, str]) -> None:
    """18.2: only what is on our tables, or in their place, is held to our schema."""
    with opened(lite[0]) as (register, run):
        run("CREATE TABLE tasks (record TEXT)")
        run(f"CREATE VIEW open_tasks AS SELECT id FROM {lite[1]}records")
        run("CREATE INDEX tasks_by_record ON tasks (record)")

        assert register.verify() == ()


IGNORED = {
    "events": "an event",
    "records": "a record's row",
    "changes": "a change of the figures",
    "documents": "a document",
}


@pytest.mark.parametrize("table", IGNORED)
def test_an_act_that_a_trigger_swallows_is_not_acknowledged(
    lite: tuple[str, str], table: str
) -> None:
    """18.2: nothing of it is kept, and the register goes on once the trigger is gone."""
    url, prefix = lite
    with opened(url) as (register, run):
        for verb in ("INSERT", "UPDATE"):
            run(
                f"CREATE TRIGGER t{verb} BEFORE {verb} ON {prefix}{table} "
                "BEGIN SELECT RAISE(IGNORE); END"
            )
        before = register.position()
        with pytest.raises(StoreUnavailable, match=NOT_KEPT):
            add_with_letter(register)
        assert register.position() == before

        run("DROP TRIGGER tINSERT")
        run("DROP TRIGGER tUPDATE")
        add_with_letter(register)
        assert register.verify() == ()


UNCHECKED = [
    *(("sql-sqlite", table) for table in [*IGNORED, "lifecycles"]),
    ("sqlite", "documents"),
]


@pytest.mark.parametrize(("lite", "table"), UNCHECKED, indirect=["lite"])
def test_what_was_written_is_looked_for_where_no_schema_tells(
    lite: tuple[str, str], table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.2: as on a database whose own schema is not read before; nothing of the act is kept."""
    url, prefix = lite
    for module in (sqlite_file, catalogue):
        monkeypatch.setattr(module, "check_schema_objects", lambda *_, **__: 0)
    with opened(url) as (register, run):
        run(f"CREATE TRIGGER t BEFORE INSERT ON {prefix}{table} BEGIN SELECT RAISE(IGNORE); END")
        before = register.position()

        with pytest.raises(StoreUnavailable, match=NOT_KEPT):
            add_with_letter(register)
        assert register.position() == before


def add_with_letter(register: Register) -> None:
    """Do one batch that writes an event, a row, changes and a document."""
    with register.batch() as batch:
        batch.add("R-1", category="afi", level=2, force="wmp", issued=date(2022, 12, 16), actor=KIM)
        letter = batch.keep(b"more", kind="letter", name="more.txt")
        batch.attach("R-1", letter, actor=KIM, on=date(2026, 1, 1))


def test_a_move_that_a_trigger_swallows_is_not_acknowledged(lite: tuple[str, str]) -> None:
    """18.2: three triggers that ignore writes to one record."""
    url, prefix = lite
    with opened(url) as (register, run):
        for number, (verb, table) in enumerate(
            (("UPDATE", "records"), ("INSERT", "events"), ("INSERT", "changes"))
        ):
            run(
                f"CREATE TRIGGER t{number} BEFORE {verb} ON {prefix}{table} "
                "BEGIN SELECT RAISE(IGNORE); END"
            )
        with pytest.raises(Exception, match=NOT_KEPT):
            register.amend(NAME, "last_day", date(2026, 1, 1), actor=KIM, reason="left")
        assert register.record(NAME).number == 2
        assert "schema-foreign" in {each.code for each in register.verify()}


@pytest.fixture
def server(postgres_database: str) -> Iterator[str]:
    """The URL of an empty register in a database of its own, whose schema may be changed."""
    with database(postgres_database) as url:
        upgrade_store(url)
        yield url


FUNCTION = """CREATE OR REPLACE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RETURN NULL; END $$"""
POSTGRES = {
    "a trigger": (
        (
            f"{FUNCTION}\0CREATE TRIGGER t BEFORE INSERT ON peelflow_meta FOR EACH ROW "
            "EXECUTE FUNCTION swallow()"
        ),
        "schema-foreign",
    ),
    "a rule": (
        "CREATE RULE r AS ON DELETE TO peelflow_meta DO INSTEAD NOTHING",
        "schema-foreign",
    ),
    "row security": ("ALTER TABLE peelflow_events ENABLE ROW LEVEL SECURITY", "schema-differs"),
    "a policy": ("CREATE POLICY p ON peelflow_events USING (true)", "schema-foreign"),
    "a default": ("ALTER TABLE peelflow_records ALTER state SET DEFAULT 'x'", "schema-differs"),
    "a collation": (
        'ALTER TABLE peelflow_changes ALTER state TYPE text COLLATE "POSIX"',
        "schema-differs",
    ),
    "an index": ("CREATE INDEX i ON peelflow_changes (record)", "schema-foreign"),
    "a constraint": (
        "ALTER TABLE peelflow_changes ADD CONSTRAINT c CHECK (delta < 9)",
        "schema-foreign",
    ),
    "a partial index": (
        (
            "DROP INDEX peelflow_records_by_parent\0CREATE INDEX peelflow_records_by_parent "
            "ON peelflow_records (parent, id) WHERE parent > 'b'"
        ),
        "schema-differs",
    ),
    "a view": (
        (
            "ALTER TABLE peelflow_changes RENAME TO other\0"
            "CREATE VIEW peelflow_changes AS SELECT * FROM other"
        ),
        "schema-differs",
    ),
    "a table that inherits": (
        "CREATE TABLE more () INHERITS (peelflow_changes)",
        "schema-differs",
    ),
    "a missing table": ("DROP TABLE peelflow_documents", "schema-lacks"),
}


@pytest.mark.parametrize("what", POSTGRES)
def test_what_acts_in_between_is_found_on_a_server(server: str, what: str) -> None:
    """18.2: by the words of PostgreSQL's catalogue."""
    statements, code = POSTGRES[what]
    with opened(server) as (register, run):
        for sql in statements.split("\0"):
            run(sql)

        assert code in {each.code for each in register.verify()}


@pytest.mark.parametrize("table", ["events", "records", "changes", "documents", "unplaced"])
def test_an_act_that_a_server_swallows_is_not_acknowledged(server: str, table: str) -> None:
    """18.2: rows are counted and compared in the statement that writes them."""
    with opened(server) as (register, run):
        run(FUNCTION)
        run(
            f"CREATE TRIGGER t BEFORE INSERT OR UPDATE ON peelflow_{table} FOR EACH ROW "
            "EXECUTE FUNCTION swallow()"
        )
        with pytest.raises(Exception, match=NOT_KEPT):
            add_with_letter(register)
        if table in {"events", "records", "unplaced"}:
            with pytest.raises(Exception, match=NOT_KEPT):
                register.amend(NAME, "last_day", date(2026, 1, 1), actor=KIM, reason="left")
        run(f"DROP TRIGGER t ON peelflow_{table}")

        assert register.verify() == ()
        add_with_letter(register)
        assert register.verify() == ()


AFTER = {
    "a later row of the feed": "DELETE FROM {0}unplaced",
    "changes": "UPDATE {0}changes SET delta = 7",
    "another record": "UPDATE {0}records SET state = 'closed' WHERE id <> 'R-1'",
    "events of others": "UPDATE {0}events SET text = '' WHERE record <> 'R-1'",
    "rules": "UPDATE {0}lifecycles SET text = '{{}}'",
    "the number of the schema": "DELETE FROM {0}meta",
    "a document": "UPDATE {0}documents SET content = '7'",
}


@pytest.mark.parametrize("what", [name for name in AFTER if name != "a later row of the feed"])
def test_nothing_is_acknowledged_where_a_trigger_acts_after_it(
    lite: tuple[str, str], what: str
) -> None:
    """18.2: whatever it would do, to whatever table; and reading goes on."""
    url, prefix = lite
    with opened(url) as (register, run):
        acts = AFTER[what].format(prefix)
        for verb, table in (("INSERT", "events"), ("UPDATE", "records"), ("INSERT", "documents")):
            run(f"CREATE TRIGGER t{table} AFTER {verb} ON {prefix}{table} BEGIN {acts}; END")
        _refused_and_read(register)
        for table in ("events", "records", "documents"):
            run(f"DROP TRIGGER t{table}")
        assert register.verify() == ()
        add_with_letter(register)
        assert register.verify() == ()


_DELETES = """CREATE FUNCTION f(r text) RETURNS boolean LANGUAGE plpgsql AS
    'BEGIN DELETE FROM public.peelflow_events WHERE number > 2; RETURN true; END'"""
_IMMUTABLE = """CREATE FUNCTION g(r text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
    'BEGIN PERFORM public.f(r); RETURN r; END'"""
CALLING = {
    "a check": "ALTER TABLE {0} ADD CONSTRAINT c CHECK (f(number::text)) NOT VALID",
    "a default": "ALTER TABLE {0} ADD more boolean; ALTER TABLE {0} ALTER more SET DEFAULT f(NULL)",
    "a generated column": "ALTER TABLE {0} ADD more text GENERATED ALWAYS AS (g(ledger)) STORED",
    "an index": "CREATE INDEX i ON {0} (g(ledger))",
    "a part of an index": "CREATE INDEX i ON {0} (ledger) WHERE g(ledger) > 'b'",
    "a type": "CREATE DOMAIN d AS text CHECK (f(value)); ALTER TABLE {0} ALTER ledger TYPE d",
    "a class of operators": (
        "CREATE FUNCTION h(text, text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS "
        "'BEGIN PERFORM public.f(NULL); RETURN bttextcmp($1, $2); END'; "
        "CREATE OPERATOR CLASS o FOR TYPE text USING btree AS OPERATOR 1 <, OPERATOR 2 <=, "
        "OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 h(text, text); "
        "CREATE INDEX i ON {0} (ledger o)"
    ),
    "no log": "ALTER TABLE {0} SET UNLOGGED",
}


@pytest.mark.parametrize("what", CALLING)
def test_nothing_is_acknowledged_where_a_server_calls_the_function_of_others(
    server: str, what: str
) -> None:
    """18.2: in the middle of the statement that writes; or where a crash empties a table."""
    with opened(server) as (register, run):
        recommend(register, "R-0")
        register.position()
        for sql in (_DELETES, _IMMUTABLE, CALLING[what].format("peelflow_changes")):
            run(sql)
        with pytest.raises(Exception, match=NOT_KEPT):
            recommend(register, "R-1")
        with pytest.raises(Exception, match=NOT_KEPT):
            register.fire("R-0", "discharge", actor=HMICFRS, on=date(2026, 1, 1), **SAID)
        assert [event.number for event in register.history("R-0")] == [1]
        assert {each.code for each in register.verify()} & {"schema-foreign", "schema-differs"}


SAID: dict[str, Any] = {"recorded_by": KIM.person, "source": "portal", "reason": "done"}


def recommend(register: Register, record: str) -> None:
    """Add a recommendation, which changes the figures."""
    said = {name: SAID[name] for name in ("recorded_by", "source")}
    register.add(
        record,
        category="afi",
        level=2,
        force="wmp",
        issued=date(2023, 1, 2),
        actor=HMICFRS,
        fields={"owner": "lead"},
        **said,
    )


def _refused_and_read(register: Register) -> None:
    history = register.history(NAME)
    for act in (
        lambda: add_with_letter(register),
        lambda: register.amend(NAME, "last_day", date(2026, 1, 1), actor=KIM, reason="left"),
        lambda: register.keep(b"other", kind="letter", name="other.txt"),
    ):
        with pytest.raises(StoreUnavailable, match=NOT_KEPT):
            act()
    assert register.history(NAME) == history
    assert "R-1" not in {record.id for record in register.records()}
    assert "schema-foreign" in {each.code for each in register.verify()}


def test_a_table_that_drops_rows_by_itself_is_not_written_to(lite: tuple[str, str]) -> None:
    """18.2: it needs no trigger for that; the table is held to ours word by word."""
    url, prefix = lite
    with opened(url) as (register, run):
        (sql,) = run(f"SELECT sql FROM sqlite_master WHERE name = '{prefix}changes'").fetchone()
        made = sql.rstrip().removesuffix(")") + ", UNIQUE (record, number) ON CONFLICT REPLACE)"
        run(f"ALTER TABLE {prefix}changes RENAME TO other")
        run(made)
        with pytest.raises(StoreUnavailable, match=r"its index .*changes_1 is none of"):
            add_with_letter(register)


def test_what_is_taken_back_is_looked_at_again(tmp_path: Path) -> None:
    """18.2: the number of a schema that was not kept may come again, for another."""
    with opened(f"sqlite:///{tmp_path / 'register.db'}") as (register, run):
        for of_later in OF_LATER:
            run(f"DROP {of_later.format('')}")
        with pytest.raises(KeyboardInterrupt):
            _interrupted(register)
        run("CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM changes; END")
        with pytest.raises(StoreUnavailable, match="its trigger t is none of peelflow's"):
            add_with_letter(register)


def _interrupted(register: Register) -> None:
    store: Any = register.store

    def interrupt(point: str) -> None:
        if point == "written":
            raise KeyboardInterrupt

    store.at_sync_point = interrupt
    try:
        add_with_letter(register)
    finally:
        store.at_sync_point = lambda _: None


@pytest.mark.parametrize("when", ["AFTER", "CONSTRAINT"])
@pytest.mark.parametrize("what", AFTER)
def test_nothing_is_acknowledged_where_a_server_acts_after_it(
    server: str, what: str, when: str
) -> None:
    """18.2: after the statement, or as late as at the commit; and reading goes on."""
    with opened(server) as (register, run):
        acts = AFTER[what].format("peelflow_").replace("%", "%%")
        run(
            f"""CREATE OR REPLACE FUNCTION act() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN {acts}; RETURN NULL; END $$"""
        )
        late = "DEFERRABLE INITIALLY DEFERRED" if when == "CONSTRAINT" else ""
        for verb, table in (("INSERT", "events"), ("UPDATE", "records"), ("INSERT", "documents")):
            run(
                f"CREATE {late and 'CONSTRAINT'} TRIGGER t AFTER {verb} ON peelflow_{table} {late} "
                "FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION act()"
            )
        _refused_and_read(register)
        for table in ("events", "records", "documents"):
            run(f"DROP TRIGGER t ON peelflow_{table}")
        assert register.verify() == ()
        add_with_letter(register)
        assert register.verify() == ()


def test_a_column_that_shortens_what_is_put_in_it_is_no_act(server: str) -> None:
    """18.2: PostgreSQL's type `name` keeps 63 bytes of any text, and says nothing."""
    with opened(server) as (register, run):
        run("ALTER TABLE peelflow_changes ALTER force TYPE name")
        with pytest.raises(StoreUnavailable, match="did not keep the batch"):
            register.add(
                "R-1",
                category="afi",
                level=2,
                force="f" * 70,
                issued=date(2022, 12, 16),
                actor=KIM,
            )
        run('ALTER TABLE peelflow_changes ALTER force TYPE text COLLATE "C"')
        assert register.verify() == ()


def test_a_text_that_a_server_alters_is_not_acknowledged(server: str) -> None:
    """18.2: an event that is another by the time it is kept."""
    with opened(server) as (register, run):
        run(
            """CREATE OR REPLACE FUNCTION alter_text() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN NEW.text = replace(NEW.text, 'kim', 'tim'); RETURN NEW; END $$"""
        )
        run(
            "CREATE TRIGGER t BEFORE INSERT ON peelflow_events FOR EACH ROW "
            "EXECUTE FUNCTION alter_text()"
        )
        for act in (
            lambda: appoint(register, "second"),
            lambda: register.amend(NAME, "last_day", date(2026, 1, 1), actor=KIM, reason="left"),
        ):
            _refused(act)
        run("DROP TRIGGER t ON peelflow_events")
        assert register.verify() == ()


def _refused(act: Callable[[], Any]) -> None:
    with pytest.raises(StoreUnavailable, match="did not keep the batch"):
        act()


def test_an_index_is_checked_where_the_server_can(server: str) -> None:
    """18.1: by the extension amcheck, where it is there."""
    with opened(server) as (register, run):
        run("CREATE EXTENSION amcheck")
        assert register.verify() == ()


def test_a_bit_that_hides_records_is_found(lite: tuple[str, str]) -> None:
    """18.1: rows that an index lacks, which no statement that goes by it gives."""
    url, prefix = lite
    with opened(url) as (_, run):
        sql = f"SELECT sql FROM sqlite_master WHERE name = '{prefix}records_by_category'"
        path = url.partition("///")[2]
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            (made,) = connection.execute(sql).fetchone()
            partial = made + " WHERE id > 'b'"
            run("PRAGMA writable_schema = ON")
            name = f"name = '{prefix}records_by_category'"
            run(f"DROP INDEX {prefix}records_by_category")
            run(partial)
            run(f"UPDATE sqlite_master SET sql = '{made}' WHERE {name}")
            run("PRAGMA writable_schema = RESET")
    with Register.open(url) as again:
        assert "database-damaged" in {each.code for each in again.verify()}


def test_what_the_server_cannot_check_is_told(server: str) -> None:
    """18.1: without the extension nobody looks into its indexes."""
    with opened(server) as (register, run):
        given = register.store, register.documents, register.session
        (note,) = verify_register(*given).unchecked
        assert "amcheck" in note
        run("CREATE EXTENSION amcheck")
        assert verify_register(*given).unchecked == ()


@pytest.mark.parametrize("tamper", ["DROP TABLE peelflow_meta", "DELETE FROM peelflow_meta"])
def test_a_schema_number_that_is_gone_is_a_finding(
    server: str, tamper: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """18.1: to `verify`; and nobody makes a new one over tables that are there."""
    with opened(server) as (_, run):
        run(tamper)
    assert main(["verify", "--register", server]) == 1
    assert "store-unreadable: its schema number is gone" in capsys.readouterr().out

    with pytest.raises(StoreUnavailable, match="its schema number is gone"):
        upgrade_store(server)


@pytest.mark.parametrize("number", ["'x'", "x'ff'", "1.5"])
def test_a_schema_number_that_is_none_is_a_finding(
    lite: tuple[str, str], number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """18.3: never an error, whoever opens it."""
    url, prefix = lite
    with opened(url) as (_, run):
        run(f"UPDATE {prefix}meta SET schema = {number}")
    assert main(["verify", "--register", url]) == 1
    assert "store-unreadable: its schema number is" in capsys.readouterr().out
