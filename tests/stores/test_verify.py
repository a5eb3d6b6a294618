"""Each thing that does not fit has its code, and names its record and event."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import create_engine, update

from bench.tamper import HMICFRS, fill
from peelflow import Actor
from peelflow.cli.app import run as command
from peelflow.errors import StoreBusy, StoreUnavailable, Unverified
from peelflow.register.as_at import each_as_at
from peelflow.register.register import Register
from peelflow.stores.base import INTEGER_COLUMNS, ChangeRow, EventRow, StoredRow
from peelflow.stores.integrity import Discrepancy, References, missing_references, verify_snapshot
from peelflow.stores.opening import upgrade_store
from peelflow.stores.sql.schema import metadata
from peelflow.stores.sqlite import SqliteStore
from tests.builders.stores import events, run

FIRST = "record = 'WMP-0000'"


def found(path: Path) -> list[tuple[str, int, str]]:
    """Return what a register finds: record, event and code."""
    with Register.open(f"sqlite:///{path}") as register:
        return [(each.record, each.event, each.code) for each in register.verify()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A register of two records."""
    made = tmp_path / "register.db"
    fill(made, 2)
    return made


def _changed(column: str, value: str, table: str = "events", where: str = f"{FIRST}") -> str:
    return f"UPDATE {table} SET {column} = {value} WHERE {where}"


SECOND = f"{FIRST} AND number = 2"
ROW = "id = 'WMP-0000'"
UNTOLD = """replace(body, '"window":', '"walked":null,"window":')"""


@pytest.mark.parametrize(
    ("sql", "event", "code"),
    [
        (_changed("text", "replace(text, 'start', 'stopt')", where=SECOND), 2, "event-changed"),
        (_changed("text", "'{}'", where=SECOND), 2, "event-unreadable"),
        (_changed("text", "replace(text, 'open', 'oxen')", where=SECOND), 2, "event-unreadable"),
        (_changed("previous", "'x'", where=SECOND), 2, "chain-broken"),
        (_changed("kind", "'added'", where=SECOND), 2, "columns-differ"),
        (_changed("number", "99", where=f"{FIRST} AND number = 5"), 99, "events-missing"),
        (f"DELETE FROM events WHERE {SECOND}", 3, "events-missing"),
        (f"DELETE FROM events WHERE {FIRST}", 0, "row-without-events"),
        (f"DELETE FROM records WHERE {ROW}", 0, "row-missing"),
        (_changed("state", "'closed'", "records", ROW), 0, "row-differs"),
        (_changed("body", UNTOLD, "records", ROW), 0, "row-differs"),
        (_changed("delta", "2", "changes", f"{FIRST} AND number = 1"), 1, "change-differs"),
        (_changed("position", "900", where=f"{FIRST} AND number = 5"), 0, "position-wrong"),
        ("DELETE FROM documents", 3, "document-missing"),
        (_changed("content", "x'00'", "documents", "1"), 3, "document-changed"),
        ("DELETE FROM lifecycles", 1, "rules-missing"),
        (_changed("text", "'{}'", "lifecycles", "1"), 0, "rules-changed"),
    ],
)
def test_a_change_is_found_by_its_code(path: Path, sql: str, event: int, code: str) -> None:
    """S10: what was changed behind the register's back, and where."""
    run(path, sql)

    assert (event, code) in [(number, said) for _, number, said in found(path)]


def test_an_edit_is_found_at_its_event_alone(path: Path) -> None:
    """S10: one fault gives one finding, not one for each event behind it."""
    run(path, _changed("text", "replace(text, '2023-01-09', '2023-01-08')", where=SECOND))

    assert found(path)[:1] == [("WMP-0000", 2, "event-changed")]
    assert {event for _, event, code in found(path) if code.startswith("event")} == {2}


def test_a_key_on_two_events_is_found(path: Path) -> None:
    """S10: keys are unique in a record (S7)."""
    run(path, "DROP INDEX events_by_key", _changed("key", "'k'", where=f"{FIRST} AND number = 3"))

    assert ("WMP-0000", 0, "key-twice") in found(path)


def test_the_feed_gives_each_record_in_its_order(path: Path) -> None:
    """S10: two positions of one record that were changed for each other."""
    moves = ((1, -1), (2, 1), (-1, 2))
    run(path, *(f"UPDATE events SET position = {b} WHERE position = {a}" for a, b in moves))

    assert ("WMP-0000", 2, "feed-disordered") in found(path)


def test_a_record_that_another_names_and_that_is_gone(path: Path) -> None:
    """S10: the whole of a child, its events and its row, was removed."""
    with Register.open(f"sqlite:///{path}") as register:
        _add_family(register)
    tables = (("events", "record"), ("records", "id"), ("changes", "record"))
    run(path, *(f"DELETE FROM {table} WHERE {name} = 'CHILD'" for table, name in tables))

    assert [each for each in found(path) if each[2] == "record-missing"] == [
        ("CHILD", 0, "record-missing")
    ]


def _add_family(register: Register) -> None:
    for name, category, level, parent in (
        ("PARENT", "cause_of_concern", None, None),
        ("CHILD", "recommendation", 3, "PARENT"),
    ):
        register.add(
            name,
            category=category,
            level=level,
            force="west-midlands",
            issued=date(2023, 1, 1),
            actor=HMICFRS,
            recorded_by="liaison-officer",
            source="portal",
            parent=parent,
        )


def test_a_clock_that_cannot_be_read_is_no_order(path: Path) -> None:
    """S10: it is told where the event is looked at, and blames no position."""
    run(path, _changed("text", "replace(text, '\"2026-', '\"2025-99-')", where=SECOND))

    codes = {code for _, _, code in found(path)}
    assert "event-changed" in codes
    assert "position-wrong" not in codes


def test_a_seal_of_what_cannot_be_read_is_a_finding(path: Path) -> None:
    """S10: not an error in its place."""
    with Register.open(f"sqlite:///{path}") as register:
        seal, heads = register.seal()
        run(path, "ALTER TABLE events RENAME TO hidden")
        codes = {each.code for each in register.verify(sealed=seal, heads=heads)}
    assert "store-unreadable" in codes


def test_a_first_event_that_adds_nothing(path: Path) -> None:
    """S10: events are missing before it, and it was made to stand first."""
    run(
        path,
        f"DELETE FROM events WHERE {FIRST} AND number = 1",
        f"DELETE FROM events WHERE {FIRST} AND number > 2",
        _changed("number", "1"),
    )

    assert ("WMP-0000", 1, "no-beginning") in found(path)


def test_a_finding_says_where_and_what() -> None:
    """A record's, an event's, and the register's own."""
    assert str(Discrepancy("R", 2, "chain-broken", "so")) == "R event 2: chain-broken: so"
    assert str(Discrepancy("R", 0, "row-differs", "so")) == "R: row-differs: so"
    assert str(Discrepancy("", 0, "seal-broken", "so")) == "the register: seal-broken: so"


def test_bytes_where_a_text_belongs_are_a_finding(path: Path) -> None:
    """S10: whatever a hand put there, never a traceback."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE changes SET record = x'00' WHERE {FIRST}")
        connection.execute("UPDATE events SET number = 'x' WHERE number = 5")

    assert found(path)


@pytest.mark.parametrize("kind", ["relevelled", "migrated"])
def test_rules_that_a_move_names_must_be_kept(kind: str) -> None:
    """S10: a record runs under them."""
    mentions = References()
    mentions.add(events()[kind])

    (finding,) = missing_references(mentions, documents=(), rules=(), records=())

    assert finding.code == "rules-missing"


TABLES = ("records", "events", "changes", "documents", "lifecycles")


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_table_is_a_finding(path: Path, table: str) -> None:
    """14.34: of a register that is open, or is opened then."""
    with Register.open(f"sqlite:///{path}") as register:
        run(path, f"DROP TABLE {table}")

        codes = {each.code for each in register.verify()}
        assert codes >= {"schema-lacks", "store-unreadable"}
    assert ("", 0, "store-unreadable") in found(path)


VALUES = {"text": "'x'", "blob": "x'ff00'", "number": "7000000000000", "null": "NULL"}
COLUMNS = (
    *(("records", name, ROW) for name in StoredRow._fields),
    *(("events", name, SECOND) for name in EventRow._fields),
    *(("changes", name, f"{FIRST} AND number = 1") for name in ChangeRow._fields),
    *(("documents", name, "1") for name in ("digest", "content")),
    *(("lifecycles", name, "1") for name in ("name", "version", "digest", "text")),
)


@pytest.mark.parametrize("value", [*VALUES, "no UTF-8"])
@pytest.mark.parametrize(("table", "column", "where"), COLUMNS)
def test_item_34_whatever_stands_in_a_column_is_a_finding(
    path: Path, table: str, column: str, where: str, value: str
) -> None:
    """14.34, 18.3: text, a blob, a number, nothing, bytes that are no UTF-8; never an error."""
    if (column, value) == ("parent", "null"):
        pytest.skip("it has no parent")
    sql = VALUES.get(value, "CAST(x'c328' AS TEXT)")
    with suppress(sqlite3.IntegrityError):
        run(path, f'UPDATE {table} SET "{column}" = {sql} WHERE {where}')

        findings = found(path)
        assert findings
        if table in ("records", "events", "changes"):
            assert {each[0] for each in findings} & {"WMP-0000", "x", "b'\\xff\\x00'", "'\\udcc3('"}


DAMAGED: dict[str, tuple[str, Callable[[Register], object], str]] = {
    "the first event": (
        _changed("record", "'x'", where=f"{FIRST} AND number = 1"),
        lambda r: list(r.histories(r.records())),
        "events of WMP-0000 are missing or out of order",
    ),
    "the last event": (
        _changed("record", "'x'", where=f"{FIRST} AND number = 5"),
        lambda r: list(r.histories(r.records())),
        "WMP-0000 has 5 events by its row, and 4 are kept",
    ),
    "the last event, for an act": (
        _changed("record", "'x'", where=f"{FIRST} AND number = 5"),
        lambda r: r.session().history("WMP-0000"),
        "WMP-0000 has 5 events by its row, and 4 are kept",
    ),
    "every event, as at a day": (
        _changed("record", "record || 'x'", where=FIRST),
        lambda r: list(each_as_at(r.store, r.records(), date(2023, 1, 31), None)),
        "WMP-0000 has 5 events by its row, and 0 are kept",
    ),
    "a digest": (
        _changed("previous", "x'ff'", where=SECOND),
        lambda r: r.history("WMP-0000"),
        "event 2 of WMP-0000: its digests are no texts",
    ),
    "a level that is a text": (
        _changed("level", "'three'", "changes"),
        Register.figures,
        "a change of 'west-midlands' holds no text or number where one belongs",
    ),
    "a force that is bytes": (_changed("force", "x'ff'", "changes"), Register.figures, "of b'"),
    "half a record": (_changed("delta", "0.5", "changes"), Register.figures, "holds no text or"),
    "a letter": (
        _changed("content", "1000000000000", "documents", "1"),
        lambda r: r.store.document(sha256(b"letter 0").hexdigest()),
        "the document holds no bytes",
    ),
    "the rules": (
        _changed("name", "x'ff'", "lifecycles", "1"),
        lambda r: list(r.export()),
        "have no name or number",
    ),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_what_reads_says_in_words_what_it_cannot_read(path: Path, what: str) -> None:
    """18.3: no error of the language's own, whoever asks; and `verify` finds it."""
    sql, ask, why = DAMAGED[what]
    run(path, sql)
    with (
        Register.open(f"sqlite:///{path}") as register,
        pytest.raises((StoreUnavailable, Unverified), match=why),
    ):
        ask(register)
    assert found(path)


def test_a_document_without_a_digest_is_a_finding(path: Path) -> None:
    """18.3: SQLite takes nothing for a key."""
    run(path, "INSERT INTO documents VALUES (NULL, x'00')")
    assert found(path) == [("", 0, "document-changed")]


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_a_name_in_the_schema_that_is_no_text_is_told(
    path: Path, scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """18.3: the driver cannot even tell what SQLite says of it."""
    file = path.with_name(f"{scheme}.db")
    url = f"{scheme}:///{file}"
    upgrade_store(url)
    with Register.open(url):
        pass
    run(
        file,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET name = x'ff' WHERE name LIKE '%records_by_category'",
    )
    with pytest.raises(StoreUnavailable, match="a name in its schema is no UTF-8"):
        Register.open(url)
    # Whether tables lie in an application's file cannot be seen where it cannot be opened.
    assert command(["verify", "--register", url]) == (1 if scheme == "sqlite" else 2)
    assert "a name in its schema is no UTF-8" in "".join(capsys.readouterr())


TEXTS = {
    "records": [name for name in StoredRow._fields if name not in INTEGER_COLUMNS],
    "events": [name for name in EventRow._fields if name not in INTEGER_COLUMNS],
    "changes": [name for name in ChangeRow._fields if name not in INTEGER_COLUMNS],
    "lifecycles": ["name", "digest", "text"],
    "documents": ["digest"],
}


@pytest.mark.parametrize("table", TEXTS)
def test_whatever_a_text_says_in_a_database_is_a_finding(address: str, table: str) -> None:
    """18.3: in each column of each table, where the database takes it; never an error."""
    engine = create_engine(address)
    with Register.open(address) as register:
        register.appoint("pat", "lead", force="wmp", first_day=date(2023, 1, 1), actor=KIM)
        register.add(
            "R-1", category="afi", level=2, force="wmp", issued=date(2023, 1, 2), actor=KIM
        )
        letter = register.keep(b"letter", kind="letter", name="letter.txt")
        register.attach("R-1", letter, actor=KIM, on=date(2023, 1, 3))
        assert register.verify() == ()
        for column in TEXTS[table]:
            of_one = {"records": "id = 'R-1'", "documents": f"digest = '{letter.digest}'"}
            where = of_one.get(table, "record = 'R-1' AND number = 1")
            where = "name = 'level-2'" if table == "lifecycles" else where
            with engine.begin() as connection:
                sql = f'SELECT "{column}" FROM peelflow_{table} WHERE {where}'
                ((before,),) = connection.exec_driver_sql(sql).all()
                change = f'UPDATE peelflow_{table} SET "{column}" = '
                connection.exec_driver_sql(f"{change}'x' WHERE {where}")
            assert (column, bool(register.verify(judged=False))) == (column, True)
            with engine.begin() as connection:
                kept = metadata.tables[f"peelflow_{table}"]
                back = update(kept).where(kept.c[column] == "x").values({column: before})
                connection.execute(back)
        assert register.verify() == ()
    engine.dispose()


def test_events_the_feed_does_not_give(address: str) -> None:
    """18.4: a feed that was emptied is found, record by record, and nothing is sealed."""
    with Register.open(address) as register:
        register.appoint(
            "pat", "chief_constable", force="wmp", first_day=date(2023, 1, 1), actor=KIM
        )
        register.position()
        engine = create_engine(address)
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM peelflow_feed")
        engine.dispose()
        (finding,) = register.verify()

        assert (finding.record, finding.event, finding.code) == (
            "appointment:wmp:chief_constable:pat:2023-01-01",
            1,
            "feed-lacks",
        )
        with pytest.raises(Unverified, match="does not verify: appointment"):
            register.seal()


def test_records_whose_positions_were_changed_for_each_other(tmp_path: Path) -> None:
    """18.4: what was recorded later stands before what was recorded days earlier."""
    days = iter(datetime(2026, 6, day, tzinfo=UTC) for day in (1, 4, 7, 9, 10, 11, 12))
    path = tmp_path / "register.db"
    with Register.open(f"sqlite:///{path}", clock=lambda: next(days)) as register:
        for person in ("a", "b"):
            register.appoint(
                person, "chief_constable", force="wmp", first_day=date(2023, 1, 1), actor=KIM
            )
    assert found(path) == []
    moves = ((1, -1), (2, 1), (-1, 2))
    run(path, *(f"UPDATE events SET position = {b} WHERE position = {a}" for a, b in moves))

    name = "appointment:wmp:chief_constable:a:2023-01-01"
    assert found(path) == [(name, 1, "clock-back")]


def test_positions_that_were_changed_for_each_other_in_a_database(address: str) -> None:
    """18.4: likewise, in the table that gives the positions there."""
    days = iter(datetime(2026, 6, day, tzinfo=UTC) for day in (1, 4, 7, 9, 10, 11, 12))
    with Register.open(address, clock=lambda: next(days)) as register:
        for person in ("a", "b"):
            register.appoint(
                person, "chief_constable", force="wmp", first_day=date(2023, 1, 1), actor=KIM
            )
        register.position()
        engine = create_engine(address)
        with engine.begin() as connection:
            for old, new in ((1, -1), (2, 1), (-1, 2)):
                sql = f"UPDATE peelflow_feed SET position = {new} WHERE position = {old}"
                connection.exec_driver_sql(sql)
        engine.dispose()
        (finding,) = register.verify()

    name = "appointment:wmp:chief_constable:a:2023-01-01"
    assert (finding.record, finding.event, finding.code) == (name, 1, "clock-back")


KIM = Actor("kim", "liaison_officer")


def test_a_file_that_stays_locked_is_busy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading waits for a lock as long as any work does."""
    store = SqliteStore(path, timeout=0.01)

    def locked(*_: object, **__: object) -> NoReturn:
        fault = sqlite3.OperationalError("database is locked")
        fault.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise fault

    monkeypatch.setattr("peelflow.stores.sqlite.connect", locked)
    with pytest.raises(StoreBusy), store.snapshot():
        pass
    store.close()


def test_what_was_read_before_reading_broke_off_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a record's events all records before it are told of, and it itself is not."""
    path = tmp_path / "register.db"
    fill(path, 12)
    with closing(sqlite3.connect(path)) as tampered:
        ids = [name for (name,) in tampered.execute("SELECT id FROM records ORDER BY id")]
        tampered.execute("UPDATE records SET state = 'odd'")
        tampered.commit()
    with closing(SqliteStore(path)) as store, store.snapshot() as kept:
        rows = list(kept.histories())
        record = next(row.record for row in rows if row.number == 2 and row.record != ids[0])

        def broken() -> Iterator[EventRow]:
            for row in rows:
                if (row.record, row.number) == (record, 2):
                    raise StoreUnavailable("x", "cannot be read")
                yield row

        monkeypatch.setattr(type(kept), "histories", lambda _: broken())
        found = list(verify_snapshot(kept))
    told = {each.record for each in found if each.code == "row-differs"}
    assert told == {name for name in ids if name < record}
    assert "store-unreadable" in {each.code for each in found}
