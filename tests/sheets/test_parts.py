"""Importing more rows than are held at once: what is packed meanwhile changes nothing."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from peelflow import national
from peelflow.errors import Conflict, InvalidRequest
from peelflow.model.records import Amended, Corrected, Event, Noted
from peelflow.register.batch import Batch
from peelflow.register.csv_import import ImportResult, import_sheets
from peelflow.register.register import Register
from peelflow.stores import database, session_events, session_records
from peelflow.stores.base import (
    EventNumber,
    EventsInParts,
    RecordsInParts,
    Store,
    WriteBatch,
)
from peelflow.stores.batch_checks import check_keys, check_numbers
from peelflow.stores.memory import MemoryStore
from peelflow.stores.packed import PackedRows
from peelflow.stores.rows import GENESIS, chain
from peelflow.stores.sqlite import SqliteStore
from tests.builders.force import LIAISON, NOW, clock

PART = 4
RECORDS = "record,category,level,force,issued,actor,actor_role,owner,parent,joint_with,key\n"
ACTS = "record,trigger,on,actor,actor_role,key\n"
AMENDS = "record,field,value,on,reason,actor,actor_role\n"
CORRECTIONS = "record,event,correction,on,reason,actor,actor_role\n"
NOTES = "record,note,on,actor,actor_role,key\n"


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pack a few events at once, and hold a few records."""
    monkeypatch.setattr(session_events, "PART", PART)
    monkeypatch.setattr(session_records, "RECORDS_HELD", 3)
    monkeypatch.setattr(session_records, "PACKED_AT_ONCE", 2)
    monkeypatch.setattr(database, "IDS_AT_ONCE", 2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """An empty register file."""
    opened = SqliteStore(tmp_path / "register.db", timeout=0.05)
    yield opened
    opened.close()


def over(store: Store) -> Register:
    """Return the register before a store."""
    return Register(store, rulebook=national(), clock=clock)


def write(folder: Path, **sheets: str) -> list[Path]:
    """Write sheets into a folder, in order."""
    paths = [folder / f"{name}.csv" for name in sheets]
    for path, text in zip(paths, sheets.values(), strict=True):
        path.write_text(text, "utf-8")
    return paths


def record_row(name: str, *, parent: str = "", joint: str = "", key: str = "") -> str:
    """Return the row of a cause of concern, or of a recommendation below one."""
    kind = "recommendation,3" if parent else "cause_of_concern,"
    return f"{name},{kind},wmp,2022-01-01,clerk,liaison_officer,lead-1,{parent},{joint},{key}\n"


def everything(folder: Path) -> list[Path]:
    """Write sheets of every verb, whose rows name what came parts before."""
    causes = [record_row(f"C{number}", joint="northumbria" * (number == 1)) for number in range(9)]
    below = [record_row(f"R{number}", parent=f"C{number}") for number in range(9)]
    ids = [f"R{number}" for number in range(9)]
    acts = [f"{name},start,2022-02-01,clerk,liaison_officer,\n" for name in ids]
    owner = [f"{name},owner,lead-2,2022-03-01,moved,clerk,liaison_officer\n" for name in ids]
    return write(
        folder,
        records=RECORDS + "".join(causes + below),
        acts=ACTS + "".join(acts),
        amends=AMENDS + "".join(owner),
        corrections=CORRECTIONS + "R0,2,void,2022-04-01,mistaken,clerk,liaison_officer\n",
    )


def kept_in(store: Store) -> list[object]:
    """Return all rows that a store keeps."""
    with store.snapshot() as kept:
        parts = (kept.feed(), kept.records(), kept.changes(), kept.joint_records())
        return [list(part) for part in parts] + [dict(kept.lifecycles())]


def test_a_packed_import_keeps_what_an_unpacked_one_does(
    store: SqliteStore, tmp_path: Path
) -> None:
    """The same events, digests, records and changes, also of rows that name earlier parts'."""
    paths, memory = everything(tmp_path), MemoryStore()
    expected = import_sheets(over(memory), paths)
    assert expected == ImportResult(kept=37, known=0, faults=())
    assert import_sheets(over(store), paths) == expected
    assert kept_in(store) == kept_in(memory)
    assert import_sheets(over(store), paths) == ImportResult(kept=0, known=37, faults=())


def test_parts_read_as_the_events_and_records_that_they_are(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever goes through a batch in parts finds what one at once has, in its order."""
    batches: list[WriteBatch] = []
    for kind in (MemoryStore, SqliteStore):
        monkeypatch.setattr(kind, "append", lambda _, batch: batches.append(batch))
    for target in (MemoryStore(), store):
        import_sheets(over(target), everything(tmp_path))
    whole, parts = batches
    assert isinstance(whole.entries, tuple)
    assert isinstance(parts.entries, EventsInParts)
    assert isinstance(parts.records, RecordsInParts)
    assert (tuple(parts.entries), tuple(parts.records)) == (whole.entries, whole.records)
    assert (parts.entries[5], parts.records[-1]) == (whole.entries[5], whole.records[-1])
    assert (parts.entries[2:4], parts.records[2:4]) == (whole.entries[2:4], whole.records[2:4])
    assert (len(parts.entries), len(parts.records)) == (len(whole.entries), len(whole.records))
    assert list(parts.numbers()) == list(whole.numbers())
    assert set(parts.repeated_records()) == set(whole.repeated_records())
    assert len(whole.repeated_records()) == 18
    assert [kept.record.id for kept in parts.records.among({"C1"})] == ["C1"]


def test_several_are_those_of_one_part_of_two_and_of_the_last() -> None:
    """A record is told that has a second event, wherever both of them are."""
    events = session_events.SessionEvents()
    for names in ("aab", "bcd"):
        for name in names:
            events.append(chain(GENESIS, Event(name, 1, Noted("n"), NOW.date(), LIAISON, "c", NOW)))
        if names == "aab":
            events.pack()
    assert set(events.repeated_records()) == {"a", "b"}


def test_the_numbers_of_a_large_batch_are_checked_in_little_memory() -> None:
    """Nothing is remembered of a record that has one event, and what does not follow is refused."""
    many = 20_000
    events = OneEventEach(many)
    batch = WriteBatch(events, (), {f"R{number}": 0 for number in range(many)}, {})
    tracemalloc.start()
    try:
        check_numbers(batch, {})
        check_keys(batch, lambda *_: False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * many, peak / many
    with pytest.raises(Conflict):
        check_numbers(evolve(batch, read_set={"R7": 1}), {"R7": 1})


class OneEventEach(session_events.SessionEvents):
    """Many events of as many records, none of which is held."""

    def __init__(self, many: int) -> None:
        super().__init__()
        self.many = many

    def numbers(self) -> Iterator[EventNumber]:
        """Yield the record, number and key of each event."""
        return (EventNumber(f"R{number}", 1, f"{number}") for number in range(self.many))


def test_a_record_that_was_never_read_is_none_of_a_session() -> None:
    """It is no record that is not there: nobody has looked."""
    records = session_records.SessionRecords()
    assert records.known("R1") is None
    with pytest.raises(KeyError, match="R1"):
        records["R1"]


def test_a_refusal_in_the_last_part_leaves_the_file_as_it_was(
    store: SqliteStore, tmp_path: Path
) -> None:
    """All rows or none: not a byte is written, and each fault of every part is told."""
    import_sheets(over(store), write(tmp_path, first=RECORDS + record_row("first")))
    store.close()
    before = (tmp_path / "register.db").read_bytes()
    names = [f"C{number}" for number in range(20)]
    rows = "".join(map(record_row, ["c1", *names, "C3", "C20", "C5"]))
    register = Register.open(f"sqlite:///{tmp_path / 'register.db'}", clock=clock)
    done = import_sheets(register, write(tmp_path, rows=RECORDS + rows))
    register.close()
    assert [fault.span.line for fault in done.faults] == [4, 23, 25]
    assert (tmp_path / "register.db").read_bytes() == before


def test_a_partial_import_keeps_the_good_rows_of_every_part(
    store: SqliteStore, tmp_path: Path
) -> None:
    """A refused row leaves no trace among those that are packed."""
    rows = [record_row(name) for name in ("C0", "C1", "C2", "c2", "C3", "C4", "C5", "C1", "C6")]
    done = import_sheets(over(store), write(tmp_path, rows=RECORDS + "".join(rows)), partial=True)
    assert (done.kept, [fault.span.line for fault in done.faults]) == (7, [5, 9])
    assert [event.number for event in over(store).history("C6")] == [1]
    assert over(store).verify() == ()


def test_a_key_is_known_across_parts(store: SqliteStore, tmp_path: Path) -> None:
    """The same request under a key is there already; another one is refused."""
    many = [record_row(f"C{number}") for number in range(2 * PART)]
    same = record_row("D", key="ours")
    rows = RECORDS + "".join([same, *many, same])
    assert import_sheets(over(store), write(tmp_path, rows=rows)).known == 1
    notes = [f"C{number},seen,2022-02-01,clerk,liaison_officer,\n" for number in range(2 * PART)]
    first, other = (f"D,{text},2022-02-01,clerk,liaison_officer,k\n" for text in ("one", "two"))
    sheet = write(tmp_path, notes=NOTES + "".join([first, *notes, first, other]))
    done = import_sheets(over(store), sheet)
    assert [(fault.span.line, "key" in str(fault)) for fault in done.faults] == [(12, True)]
    assert over(store).record("D").number == 1


def test_a_new_key_is_told_without_unpacking(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many events of its record came before: each is taken as quickly as the first."""
    register, unpacked = over(store), list[int]()
    import_sheets(register, write(tmp_path, rows=RECORDS + record_row("C")))
    part = PackedRows.part

    def noted(rows: PackedRows[Any], number: int) -> Iterator[Any]:
        unpacked.append(number)
        return part(rows, number)

    monkeypatch.setattr(PackedRows, "part", noted)
    with register.batch() as batch:
        for number in range(3 * PART):
            batch.note("C", "n", on=date(2022, 2, 1), actor=LIAISON, key=f"{number}")
        assert unpacked == []
        batch.note("C", "n", on=date(2022, 2, 1), actor=LIAISON, key="0")
        assert unpacked != []


def test_a_batch_sees_what_it_packed(store: SqliteStore) -> None:
    """Histories, and whether an event was voided since, are those of one that packs nothing."""
    register = over(store)
    with register.batch() as batch:
        for number in range(3 * PART):
            add(batch, f"C{number}")
        for name, words in (("C0", "a"), ("C0", "b"), ("C1", "c")):
            batch.amend(name, "title", words, actor=LIAISON, reason="said", on=NOW.date())
        batch.correct("C0", 3, correction="void", actor=LIAISON, reason="no", on=NOW.date())
        for number in range(PART):
            add(batch, f"D{number}")
        batch.correct("C3", 1, correction="void", actor=LIAISON, reason="twice", on=NOW.date())
        with pytest.raises(InvalidRequest, match="withdrawn"):
            batch.amend("C3", "title", "x", actor=LIAISON, reason="said", on=NOW.date())
        for number in range(2 * PART):
            add(batch, f"E{number}")
        add(batch, "c3")  # which is free again
        drafted_history = batch.history("C0")
        assert batch.event_count == 6 * PART + 6
    assert [type(event.what) for event in drafted_history[1:]] == [Amended, Amended, Corrected]
    assert register.history("C0") == drafted_history
    assert register.record("C0").fields["title"] == "a"


def test_a_savepoint_around_many_steps_takes_all_of_them_back(store: SqliteStore) -> None:
    """Nothing is packed while a step around it may still be refused."""
    register = over(store)
    with register.batch() as batch:
        for number in range(PART):
            add(batch, f"C{number}")
        with pytest.raises(LookupError), batch.savepoint():
            for number in range(3 * PART):
                add(batch, f"D{number}")
            raise LookupError
        add(batch, "D1")
        assert batch.event_count == PART + 1
    ids = [item.entry.event.record for item in register.feed()]
    assert ids == [*(f"C{number}" for number in range(PART)), "D1"]


def add(batch: Batch, name: str) -> None:
    """Add a cause of concern."""
    batch.add(
        name,
        category="cause_of_concern",
        force="wmp",
        issued=NOW.date(),
        actor=LIAISON,
        fields={"owner": "lead-1"},
    )


def test_who_comes_in_between_is_a_conflict(store: SqliteStore, tmp_path: Path) -> None:
    """S2: a record of the first part that came meanwhile refuses all of them."""
    other = over(SqliteStore(tmp_path / "register.db"))

    def meddle(done: int, total: int) -> None:
        if done == total:
            with other.batch() as batch:
                add(batch, "C0")

    rows = "".join(record_row(f"C{number}") for number in range(3 * PART))
    with pytest.raises(Conflict):
        import_sheets(over(store), write(tmp_path, rows=RECORDS + rows), on_progress=meddle)
    assert [record.id for record in other.records()] == ["C0"]
    other.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from peelflow import national
from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from peelflow.stores import session_events, session_records
from peelflow.stores.sqlite import SqliteStore
session_events.PART, session_records.RECORDS_HELD = 4, 3
store = SqliteStore(sys.argv[1])
def kill(point):
    if point == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
store.at_sync_point = kill
import_sheets(Register(store, rulebook=national()), [Path(sys.argv[2])])
"""


@pytest.mark.parametrize(
    ("point", "kept"), [("begun", 0), ("checked", 0), ("written", 0), ("kept", 30)]
)
def test_a_kill_in_the_middle_keeps_all_rows_or_none(tmp_path: Path, point: str, kept: int) -> None:
    """S1 and S3: what was killed before it had kept all has kept nothing."""
    (sheet,) = write(
        tmp_path, rows=RECORDS + "".join(record_row(f"C{number}") for number in range(30))
    )
    path = tmp_path / "register.db"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), str(sheet), point], check=False
    )
    assert killed.returncode < 0
    with closing(SqliteStore(path)) as store:
        assert len(list(over(store).records())) == kept
        assert Register(store, rulebook=national()).verify() == ()
