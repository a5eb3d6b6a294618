"""What an application keeps beside a register, and what of it acts on the register's tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine

from peelflow import Register, StoreUnavailable
from peelflow.cli import main
from peelflow.stores.opening import upgrade_store
from tests.builders.servers import database
from tests.builders.stores import OF_LATER
from tests.stores.test_acts_between import NOT_KEPT, appoint, opened


@pytest.fixture(params=["sqlite", "sql-sqlite"])
def lite(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The URL of an empty register in a SQLite file, and what its tables begin with."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'register.db'}", ""
    url = f"sqlite+pysqlite:///{tmp_path / 'tables.db'}"
    upgrade_store(url)
    return url, "peelflow_"


@pytest.fixture
def server(postgres_database: str) -> Iterator[str]:
    """The URL of an empty register in a database of its own, whose schema may be changed."""
    with database(postgres_database) as url:
        upgrade_store(url)
        yield url


def found(register: Register) -> list[tuple[str, str]]:
    """Return the code and the sentence of each finding of `verify`."""
    return [(each.code, each.sentence) for each in register.verify()]


WRITING = [
    "UPDATE {0}records SET state = 'closed'",
    'UPDATE OR IGNORE "{0}Records" SET state = 1',
    "DELETE/**/FROM [{0}records]",
    "SELECT 1; INSERT -- one\n INTO `{0}records` (id) VALUES ('x')",
    "REPLACE INTO '{0}records' SELECT * FROM {0}records",
    "INSERT INTO tasks VALUES (1) ON CONFLICT DO UPDATE SET what = 2; DELETE FROM {0}records",
]


@pytest.mark.parametrize("statement", WRITING)
def test_a_trigger_on_another_table_that_changes_ours_is_found(
    lite: tuple[str, str], statement: str
) -> None:
    """18.2: however its statement is written. No act of ours fires it, so acts go on."""
    url, prefix = lite
    with opened(url) as (register, run):
        run("CREATE TABLE tasks (what PRIMARY KEY)")
        run(f"CREATE TRIGGER t AFTER INSERT ON tasks BEGIN {statement.format(prefix)}; END")

        ((code, sentence),) = found(register)
        assert code == "schema-foreign"
        assert sentence.startswith(f"the trigger t on tasks changes its {prefix}records: CREATE")
        appoint(register, "second")


def test_a_trigger_in_place_of_writing_to_a_view_is_found(lite: tuple[str, str]) -> None:
    """18.2: the view itself is an application's own."""
    url, prefix = lite
    with opened(url) as (register, run):
        run(f"CREATE VIEW open_tasks AS SELECT id FROM {prefix}records")
        assert found(register) == []
        body = f"DELETE FROM {prefix}events WHERE record = old.id"
        run(f"CREATE TRIGGER t INSTEAD OF DELETE ON open_tasks BEGIN {body}; END")

        assert [code for code, _ in found(register)] == ["schema-foreign"]


HONEST = {
    "reads ours": "SELECT RAISE(ABORT, 'no') WHERE new.what NOT IN (SELECT id FROM {0}records)",
    "names ours as a text": "UPDATE tasks SET what = 'update {0}records'",
    "says it in a comment": "SELECT 1 /* update {0}records */",
}


@pytest.mark.parametrize("what", HONEST)
def test_a_trigger_of_an_application_that_changes_its_own_tables_is_its_own(
    lite: tuple[str, str], what: str
) -> None:
    """18.2: such as one that asks whether a record is there."""
    url, prefix = lite
    with opened(url) as (register, run):
        run("CREATE TABLE tasks (what PRIMARY KEY)")
        run(f"CREATE TRIGGER t BEFORE INSERT ON tasks BEGIN {HONEST[what].format(prefix)}; END")

        assert found(register) == []
        appoint(register, "second")


@pytest.mark.parametrize("action", ["", "ON DELETE CASCADE ON UPDATE CASCADE"])
def test_a_table_may_refer_to_records(lite: tuple[str, str], action: str) -> None:
    """18.2: from records nothing is taken away, and no id changes: nothing acts."""
    url, prefix = lite
    with opened(url) as (register, run):
        run(f"CREATE TABLE tasks (record TEXT REFERENCES {prefix}records (id) {action})")

        assert found(register) == []
        appoint(register, "second")


REFERRING = (
    "CREATE TABLE tasks (a TEXT, b TEXT, FOREIGN KEY (a, b) REFERENCES {0}joint_records {1})"
)


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "SET DEFAULT"])
def test_nothing_is_kept_where_what_we_take_away_acts_elsewhere(
    lite: tuple[str, str], action: str
) -> None:
    """18.2: a row of theirs goes with one of ours, and whatever is done at that."""
    url, prefix = lite
    with opened(url) as (register, run):
        run(REFERRING.format(prefix, f"ON DELETE {action}"))

        sentence = f"its foreign key of tasks on {prefix}joint_records is none of peelflow's"
        assert found(register) == [("schema-foreign", f"{sentence}: ON DELETE {action}")]
        with pytest.raises(StoreUnavailable, match=NOT_KEPT):
            appoint(register, "second")
        run("DROP TABLE tasks")
        appoint(register, "second")


def test_a_reference_without_an_action_is_an_applications_own(lite: tuple[str, str]) -> None:
    """18.2: it can but refuse, and then nothing is kept."""
    url, prefix = lite
    with opened(url) as (register, run):
        run(REFERRING.format(prefix, "ON DELETE RESTRICT"))

        assert found(register) == []
        appoint(register, "second")


def test_a_server_is_held_to_the_same(server: str) -> None:
    """18.2: on PostgreSQL, a foreign key that acts where a row of ours goes; others may be."""
    with opened(server) as (register, run):
        run("CREATE TABLE tasks (r text REFERENCES peelflow_records ON DELETE CASCADE)")
        assert found(register) == []
        appoint(register, "second")
        run(
            "CREATE TABLE more (a bigint, b bigint, "
            "FOREIGN KEY (a, b) REFERENCES peelflow_unplaced ON DELETE SET NULL)"
        )

        ((code, sentence),) = found(register)
        assert code == "schema-foreign"
        assert sentence.startswith("its foreign key of more on peelflow_unplaced is none")
        with pytest.raises(StoreUnavailable, match=NOT_KEPT):
            appoint(register, "third")
        run("DROP TABLE more")
        appoint(register, "third")


@contextmanager
def joined(url: str) -> Iterator[tuple[Register, Connection]]:
    """Give a register in an application's transaction, and the application's connection."""
    engine = create_engine(url)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.isolation_level = None
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield Register.joined(connection), connection
        connection.exec_driver_sql("ROLLBACK")
    engine.dispose()


TEMPORARY = {
    "trigger t": "CREATE TEMP TRIGGER t AFTER INSERT ON peelflow_events BEGIN SELECT 1; END",
    "table peelflow_changes": "CREATE TEMP TABLE peelflow_changes (record)",
    "view PEELFLOW_META": "CREATE TEMP VIEW PEELFLOW_META AS SELECT 1 AS schema",
}


@pytest.mark.parametrize("what", TEMPORARY)
def test_nothing_is_kept_where_an_application_has_something_temporary_act(
    tmp_path: Path, what: str
) -> None:
    """18.2: no other connection sees it, nor does the number of the file's schema tell."""
    url = f"sqlite+pysqlite:///{tmp_path / 'tables.db'}"
    upgrade_store(url)
    with joined(url) as (register, connection):
        appoint(register, "first")
        connection.exec_driver_sql("CREATE TEMP TABLE chosen (record)")
        appoint(register, "second")
        connection.exec_driver_sql(TEMPORARY[what])
        with pytest.raises(StoreUnavailable, match=f"its temporary {what} is none of peelflow's"):
            appoint(register, "third")


@pytest.mark.parametrize("gone", OF_LATER)
def test_what_a_register_of_before_lacks_is_told_where_the_rest_of_it_is_there(
    lite: tuple[str, str], gone: str
) -> None:
    """18.1: it came with the others, or after; and nothing is kept until it is mended."""
    url, prefix = lite
    with opened(url) as (register, run):
        run(f"DROP {gone.format(prefix)}")

        told = f"its {gone.format(prefix).replace('TABLE', 'table').replace('INDEX', 'index')}"
        assert ("schema-lacks", f"{told} is gone") in found(register)
        with pytest.raises(StoreUnavailable, match="is gone; nothing was kept"):
            appoint(register, "second")


@pytest.mark.parametrize("gone", OF_LATER)
def test_a_server_is_told_to_lack_it_too(server: str, gone: str) -> None:
    """18.1: by the words of its catalogue."""
    with opened(server) as (register, run):
        run(f"DROP {gone.format('peelflow_')}")

        assert "schema-lacks" in {code for code, _ in found(register)}


def test_a_register_that_lacks_all_of_it_is_one_of_before(lite: tuple[str, str]) -> None:
    """S12: it has no finding, and goes on."""
    url, prefix = lite
    with opened(url) as (register, run):
        for gone in OF_LATER[::-1]:
            run(f"DROP {gone.format(prefix)}")

        assert found(register) == []
        appoint(register, "second")
        assert found(register) == []


KEPT_BESIDE = {
    "an unknown setting": (
        "INSERT INTO {0}settings VALUES ('colour', 'blue')",
        ("schema-foreign", "its setting 'colour' is none of peelflow's"),
    ),
    "a folder that is none": (
        "INSERT INTO {0}settings VALUES ('documents', '')",
        ("row-unreadable", "its setting documents tells no folder: ''"),
    ),
    "two numbers": (
        "INSERT INTO {0}meta VALUES (0)",
        ("schema-differs", "the number of its schema is kept 2 times, and not once"),
    ),
}


@pytest.mark.parametrize("what", KEPT_BESIDE)
def test_what_is_kept_beside_the_events_is_held_to_what_we_keep(
    lite: tuple[str, str], what: str
) -> None:
    """18.1: the settings, and the number of the schema."""
    (url, prefix), (sql, finding) = lite, KEPT_BESIDE[what]
    with opened(url) as (register, run):
        run(sql.format(prefix))

        assert found(register) == [finding]


@pytest.mark.parametrize("what", KEPT_BESIDE)
def test_what_a_server_keeps_beside_the_events_is_held_to_it_too(server: str, what: str) -> None:
    """18.1: by the same sentences."""
    sql, finding = KEPT_BESIDE[what]
    with opened(server) as (register, run):
        run(sql.format("peelflow_"))

        assert found(register) == [finding]


@pytest.mark.parametrize("value", ["x'00'", "7.5", "cast(x'61ff' AS text)", "'a' || char(0)"])
def test_a_setting_that_is_no_text_is_found(lite: tuple[str, str], value: str) -> None:
    """18.3: never an error instead."""
    url, prefix = lite
    with opened(url) as (register, run):
        run(f"INSERT INTO {prefix}settings VALUES ('documents', {value})")

        codes = {code for code, _ in found(register)}
        assert codes == ({"row-unreadable"} if value != "7.5" else set())


def test_a_table_that_is_another_is_not_read(server: str) -> None:
    """18.3: its columns are told, and the reading goes on."""
    with opened(server) as (register, run):
        run("ALTER TABLE peelflow_settings RENAME value TO folder")

        codes = {code for code, _ in found(register)}
        assert codes == {"schema-lacks", "schema-foreign"}


def test_verify_says_in_which_folder_the_documents_were_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """18.6: a folder that somebody else made it remember is in no event, and shows there."""
    file, other = tmp_path / "register.db", tmp_path / "elsewhere"
    url = f"sqlite:///{file}"
    with opened(url):
        pass
    assert main(["verify", "--register", url]) == 0
    assert "documents" not in capsys.readouterr().out
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO settings VALUES ('documents', ?)", (str(other),))

    assert main(["verify", "--register", url]) == 0
    assert f"its documents were read in `{other}`, which it remembers" in capsys.readouterr().out
    assert main(["verify", "--register", url, "--documents", str(tmp_path)]) == 0
    assert "which it remembers" not in capsys.readouterr().out
