"""Of two names that a reader would take for each other, brought at once, one is refused."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import create_engine, text

from peelflow import Actor, Conflict, InvalidRequest, Register, StoreUnavailable
from peelflow.errors import NamesBrought
from peelflow.model.records import Record
from peelflow.register import session
from peelflow.register.batch import Batch
from peelflow.register.known_names import KnownNames, UsedName
from peelflow.stores.base import RecordQuery, Store, WriteBatch
from peelflow.stores.memory import MemoryStore
from peelflow.stores.opening import open_store, upgrade_store
from peelflow.stores.settings import NAMES_PARTS, names_from, names_part
from peelflow.stores.sql.store import JoinedStore
from peelflow.testing.contract.append import is_appended
from peelflow.texts import name_keys
from tests.builders.stores import OF_LATER, append_next, batch, next_event
from tests.stores.conftest import url_of

KIM, SAM = (Actor(person, "liaison_officer") for person in ("kim", "Sam"))
Act = Callable[[Any], object]


def add(record: str, *, force: str = "wmp", owner: str = "lee", **more: Any) -> Act:
    """Return what adds a recommendation."""
    said: dict[str, Any] = {"category": "recommendation", "level": 2, "actor": KIM} | more
    fields = {"owner": owner}
    issued = date(2023, 1, 9)
    return lambda batch: batch.add(record, issued=issued, force=force, fields=fields, **said)


def start(person: str) -> Act:
    """Return what has somebody begin the work on a record."""
    who = Actor(person, "liaison_officer")
    return lambda batch: batch.fire("R-1", "start", actor=who, on=date(2023, 2, 1))


def name_owner(record: str, person: str) -> Act:
    """Return what has a record owned by somebody else."""
    return lambda batch: batch.amend(record, "owner", person, actor=KIM, reason="x")


ALIKE: dict[str, tuple[Act, Act, str, str]] = {
    "ids": (add("WMP-7"), add("VVMP-7"), "WMP-7", "VVMP-7"),
    "forces": (add("R-7", force="kent"), add("R-8", force="Kent"), "kent", "Kent"),
    "owners": (add("R-7", owner="sam"), add("R-8", owner="Sam"), "sam", "Sam"),
    "owners by amendment": (name_owner("R-1", "sam"), name_owner("R-2", "Sam"), "sam", "Sam"),
    "who acts": (start("sam"), add("R-8", actor=SAM), "sam", "Sam"),
    "who acts last": (
        add("R-8", actor=SAM),
        start("sam"),
        "Sam",
        "sam",
    ),
}


def two_records(register: Register) -> None:
    """Have two records, by people who are known."""
    for record in ("R-1", "R-2"):
        add(record)(register)


@pytest.mark.parametrize("name", ALIKE)
def test_of_two_alike_names_the_second_is_refused(url: str, name: str) -> None:
    """It names the first, and nothing of its batch is kept; another name is no hindrance."""
    first, second, known, refused = ALIKE[name]
    with Register.open(url) as register:
        two_records(register)
        with pytest.raises(InvalidRequest) as caught, register.batch() as later:
            second(later)
            with register.batch() as sooner:
                first(sooner)
        numbers = {record.id: record.number for record in register.records()}
        with register.batch() as later:
            add("R-20")(later)
            with register.batch() as sooner:
                add("R-21", owner="jo")(sooner)
        assert register.verify() == ()
    assert known in str(caught.value)
    assert refused in str(caught.value)
    assert set(numbers) <= {"R-1", "R-2", "R-7", "R-8", "WMP-7"}


PART = NAMES_PARTS[9]
ADDED_ONLY = "who acts last"
"""Whoever only added a record is told by its history alone, which nobody reads for a new name."""


@pytest.mark.parametrize("name", [name for name in ALIKE if name != ADDED_ONLY])
def test_so_it_is_of_two_that_have_a_register_open_each(address: str, name: str) -> None:
    """Also long after the second has read the names that there were: it reads what came since."""
    first, second, known, _ = ALIKE[name]
    with Register.open(address) as mine, Register.open(address) as others:
        two_records(mine)
        for register, record in ((mine, "K-1"), (others, "K-2")):
            add(record)(register)
        first(others)
        with pytest.raises(InvalidRequest) as caught:
            second(mine)
        assert known in str(caught.value)
        with pytest.raises(InvalidRequest), mine.batch() as later:
            add("S-1", owner="ann")(later)
            add("S-2", owner="Ann")(others)
        assert [record.id for record in mine.records() if record.id[0] == "S"] == ["S-2"]
        assert mine.verify() == ()


def test_what_is_read_anew_is_no_more_than_came(address: str, monkeypatch: Any) -> None:
    """While nobody brings a name, and for what the register brought itself, no record is read."""
    with Register.open(address) as mine, Register.open(address) as others:
        two_records(mine)
        add("S-1")(others)
        store, listed = mine.services.store, list[RecordQuery]()

        def records(_: Store, query: RecordQuery) -> Iterator[Record]:
            listed.append(query)
            return iter(())

        monkeypatch.setattr(type(store), "records", records)
        add("S-2")(mine)
        add("S-3")(mine)
        start("kim")(mine)
        assert listed == []


def note(record: str, person: str) -> Act:
    """Return what has somebody note something of a record."""
    who = Actor(person, "liaison_officer")
    return lambda batch: batch.note(record, "seen", actor=who, on=date(2023, 2, 1))


def withdraw(record: str) -> Act:
    """Return what takes a record back as entered by mistake."""
    return lambda batch: batch.correct(record, 1, correction="void", actor=KIM, reason="twice")


@pytest.mark.parametrize("act", [start, partial(note, "R-1")], ids=["step", "note"])
def test_who_only_acts_is_told_to_a_register_that_read_all(
    address: str, act: Callable[[str], Act]
) -> None:
    """In one moment, and afterwards: nobody has to say their name in a field."""
    with Register.open(address) as mine, Register.open(address) as others:
        two_records(mine)
        with pytest.raises(InvalidRequest, match="`Sam`"), mine.batch() as later:
            act("sam")(later)
            note("R-2", "Sam")(others)
        note("R-2", "Ann")(others)
        with pytest.raises(InvalidRequest, match="`Ann`"):
            act("ann")(mine)


def test_nobody_else_brings_what_was_spelt_otherwise(address: str) -> None:
    """The old spelling is as new as any, in each register that is open."""
    with Register.open(address) as mine, Register.open(address) as others:
        add("R-1", owner="sam")(mine)
        add("R-2")(others)
        name_owner("R-1", "Sam")(mine)
        for register in (mine, others):
            with pytest.raises(InvalidRequest, match="`Sam`"):
                add("R-3", owner="sam")(register)
        assert mine.verify() == ()


def test_an_id_that_was_withdrawn_elsewhere_stands_in_nobodys_way(address: str) -> None:
    """But one that came in its place does, and nobody brings what is alike meanwhile."""
    with Register.open(address) as mine, Register.open(address) as others:
        for record in ("WMP-7", "WMP-8", "R-1"):
            add(record)(mine)
        for record in ("WMP-7", "WMP-8"):
            withdraw(record)(others)
        add("VVMP-7")(mine)
        add("VVMP-8")(others)
        with pytest.raises(InvalidRequest, match="`VVMP-8`"):
            add("wmp-8")(mine)
        assert mine.verify() == ()


def test_what_a_batch_withdraws_stands_in_nobodys_way_when_overtaken(address: str) -> None:
    """Though others bring a name of the same part meanwhile."""
    with Register.open(address) as mine, Register.open(address) as others:
        for record in ("WMP-7", "R-1"):
            add(record)(mine)
        with mine.batch() as later:
            withdraw("WMP-7")(later)
            add("VVMP-7")(later)
            parts = {names_part("id", "", key) for key in name_keys("VVMP-7")}
            store = others.services.store
            store.append(evolve(batch(next_event(store, "b")), names=dict.fromkeys(parts, 1)))
        assert mine.record("VVMP-7").number == 1


def test_what_a_savepoint_took_back_may_be_alike_to_nothing(url: str) -> None:
    """A person keeps their spelling on a record of theirs; on another they are held to all."""
    with Register.open(url) as register:
        add("R-1", actor=SAM)(register)
        add("R-2")(register)
        later = session.Session(evolve(register.services))
        sam = UsedName("person", "Sam", "wmp")
        with pytest.raises(ValueError, match="x"), later.savepoint():
            later.put_name(sam, may_be_alike=True)
            raise ValueError("x")
        later.put_name(sam)
        assert later._names_alike == set()


def test_unlike_names_hold_up_nobody(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that bring them in one moment are each kept at once, and nothing is read anew."""
    with Register.open(address) as mine, Register.open(address) as others:
        two_records(mine)
        add("R-3")(others)
        monkeypatch.setattr(KnownNames, "_read_later", None)
        monkeypatch.setattr(session.Session, "_checked_again", None)
        for number in range(10, 20):
            with mine.batch() as later:
                add(f"S-{number}")(later)
                add(f"T-{number}")(others)
        assert len(list(mine.records())) == 23


def test_a_transaction_that_sees_nothing_of_others_is_lost(postgres: str) -> None:
    """It could read them again for ever: others came after it began."""
    engine = create_engine(postgres).execution_options(isolation_level="SERIALIZABLE")
    with Register.open(postgres) as register, engine.connect() as application:
        two_records(register)
        with application.begin():
            joined = Register.joined(application)
            joined.record("R-1")
            add("WMP-7")(register)
            with pytest.raises(Conflict) as caught:
                add("VVMP-7")(joined)
        assert caught.value.transaction_lost
        assert register.verify() == ()
    engine.dispose()


def test_names_that_are_brought_at_once_are_all_kept(url: str) -> None:
    """Whoever is overtaken looks again, and keeps its own; each is counted."""
    with Register.open(url) as register, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: add(f"R-{number}")(register), range(24)))
        numbers = Counter(register.services.store.names_numbers())
        assert len(list(register.records())) == 24
        add("R-100")(register)
        register.fire("R-100", "start", actor=KIM, on=date(2023, 2, 1))
        name_owner("R-100", "kim")(register)
        part = names_part("id", "", "r-100")
        assert register.services.store.names_numbers() == numbers + Counter([part])
        assert numbers.total() >= 24
        assert register.verify() == ()


def test_somebody_who_is_always_overtaken_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large batch beside others is told no Conflict."""
    part, tries, append = names_part("id", "", "r-1"), list[int | None](), MemoryStore.append

    def overtaken(self: MemoryStore, batch: WriteBatch) -> None:
        tries.append(batch.names[part])
        if batch.names[part] is None:
            return append(self, batch)
        self._names[part] = len(tries)
        raise NamesBrought(expected=0, found=len(tries))

    monkeypatch.setattr(MemoryStore, "append", overtaken)
    with Register.open("memory:") as register:
        add("R-1")(register)
        assert register.record("R-1").number == 1
    assert tries == [0, 1, 2, 3, 4, 5, None]


def test_names_that_are_held_to_nothing_are_counted(store: Store) -> None:
    """Others are to read them."""
    store.append(evolve(batch(next_event(store, "a")), names={PART: 0}))
    store.append(evolve(batch(next_event(store, "b")), names={PART: None, NAMES_PARTS[2]: None}))
    assert store.names_numbers() == {PART: 2, NAMES_PARTS[2]: 1}


def test_a_person_of_the_record_keeps_its_spelling(url: str) -> None:
    """Who acted on it so before is nobody new, though another is alike, and came meanwhile."""
    with Register.open(url) as register:
        add("R-1", actor=SAM, owner="Sam")(register)
    with Register.open(url) as register:
        if url == "memory:":
            add("R-1", actor=SAM, owner="Sam")(register)
        with register.batch() as later:
            start("Sam")(later)
            add("R-2", owner="ann")(later)
            with register.batch() as sooner:
                add("R-3", owner="jo")(sooner)
        assert register.record("R-1").state == "in_progress"


def test_who_brings_names_waits_for_who_brought_some(postgres: str) -> None:
    """On PostgreSQL nobody else sees them before the commit of the transaction that they are in."""
    engine = create_engine(postgres)
    with Register.open(postgres) as register, ThreadPoolExecutor(1) as pool:
        two_records(register)
        with engine.begin() as application:
            with Register.joined(application) as joined:
                add("WMP-7")(joined)
            refused = pool.submit(pytest.raises, InvalidRequest, add("VVMP-7"), register)
            with engine.connect() as watching:
                waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
                while not watching.execute(waits).scalar() and not refused.done():
                    watching.rollback()
        assert "WMP-7" in str(refused.result().value)
        assert register.verify() == ()
    engine.dispose()


def test_of_the_first_two_that_bring_names_one_is_kept(postgres: str) -> None:
    """There is no row yet that the second could wait for."""
    engine = create_engine(postgres)
    with closing(open_store(postgres)) as store, ThreadPoolExecutor(1) as pool:
        both = (batch(next_event(store, name)) for name in ("a", "b"))
        mine, others = (evolve(each, names={PART: 0}) for each in both)
        with engine.begin() as application:
            JoinedStore(application).append(mine)
            is_kept = pool.submit(is_appended, store, others)
            with engine.connect() as watching:
                waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
                while not watching.execute(waits).scalar() and not is_kept.done():
                    watching.rollback()
        assert not is_kept.result()
        assert store.names_numbers() == {PART: 1}
    engine.dispose()


def test_a_file_of_before_counts_once_it_was_written_to(tmp_path: Path) -> None:
    """Until then it has no table of settings."""
    path = tmp_path / "register.db"
    with Register.open(f"sqlite:///{path}") as register:
        add("R-1")(register)
    with closing(sqlite3.connect(path)) as file, file:
        for what in ("TABLE settings", "TABLE joint_records", "INDEX records_by_force"):
            file.execute(f"DROP {what}")
        for table in ("checkpoint", "sums"):
            file.execute(f"DROP TABLE {table}")
    with Register.open(f"sqlite:///{path}") as register:
        assert register.services.store.names_numbers() is None
        add("WMP-7")(register)
        with pytest.raises(InvalidRequest):
            add("VVMP-7")(register)
        numbers = register.services.store.names_numbers() or {}
        assert numbers[names_part("id", "", "wmp-7")] == 1
        add("WMP-8")(register)
        part = names_part("id", "", "wmp-8")
        assert register.services.store.names_numbers() == Counter(numbers) + Counter([part])


def make_older(url: str) -> None:
    """Take away what the tables of a register of before lack."""
    engine = create_engine(url)
    prefix = "" if url.startswith("sqlite:///") else "peelflow_"
    with engine.begin() as connection:
        for of_later in OF_LATER:
            connection.execute(text(f"DROP {of_later.format(prefix)}"))
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "sql-sqlite", "postgresql"])
@pytest.mark.parametrize("name", [name for name in ALIKE if name != ADDED_ONLY])
def test_of_two_alike_names_in_a_register_of_before_the_second_is_refused(
    kind: str, name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A file counts names from when it is first written to, tables from when they are upgraded."""
    url = url_of(kind, request, tmp_path)
    first, second, known, _ = ALIKE[name]
    with Register.open(url) as register:
        two_records(register)
    make_older(url)
    with Register.open(url) as mine, Register.open(url) as others:
        with pytest.raises(InvalidRequest, match=f"`{known}`"), mine.batch() as later:
            second(later)
            if kind != "sqlite":
                upgrade_store(url)
            first(others)
        assert mine.verify() == ()


def test_tables_of_before_take_names_in_though_none_is_counted(address: str) -> None:
    """Until they are upgraded: of two that come in one moment `verify` finds the second."""
    with Register.open(address) as register:
        two_records(register)
    make_older(address)
    try:
        with Register.open(address) as mine, Register.open(address) as others:
            assert mine.services.store.names_numbers() is None
            with mine.batch() as later:
                add("VVMP-7")(later)
                add("WMP-7")(others)
            with pytest.raises(InvalidRequest, match="VVMP-7"):
                add("wmp-7")(mine)
            assert [finding.code for finding in mine.verify()] == ["act-unlawful"]
    finally:
        upgrade_store(address)


@pytest.mark.parametrize("value", ["", "x", "-1", "01", "1.0", "٣", "9" * 19])
def test_a_number_that_is_none_is_counted_anew_and_told(store: Store, value: str) -> None:
    """Whoever wrote it: names come in, and `verify` tells it until then."""
    assert names_from(value) == 0
    if isinstance(store, MemoryStore):
        return
    append_next(store, "a")
    write_setting(store.url, value)
    assert store.names_numbers() == {}
    with store.snapshot() as snapshot:
        told = [fault.sentence for fault in snapshot.database_faults()]
    assert told == [f"its setting {PART} tells no number: {value!a}"]
    store.append(evolve(batch(next_event(store, "b")), names={PART: 0}))
    assert store.names_numbers() == {PART: 1}
    with store.snapshot() as snapshot:
        assert list(snapshot.database_faults()) == []


def write_setting(url: str, value: str) -> None:
    """Write how often names were brought, as somebody else might."""
    engine = create_engine(url)
    table = "settings" if url.startswith("sqlite:///") else "peelflow_settings"
    with engine.begin() as connection:
        sql = f"INSERT INTO {table} VALUES ('{PART}', :value)"
        connection.execute(text(sql), {"value": value})
    engine.dispose()


def test_a_rule_on_settings_is_no_place_to_hide(postgres: str) -> None:
    """What could act on what is written there stops the batch."""
    engine = create_engine(postgres)
    with closing(open_store(postgres)) as store, engine.connect() as connection:
        rule = "RULE swallow AS ON INSERT TO peelflow_settings DO INSTEAD NOTHING"
        connection.execute(text(f"CREATE {rule}"))
        connection.commit()
        try:
            with pytest.raises(StoreUnavailable, match="peelflow_settings"):
                store.append(evolve(batch(next_event(store, "a")), names={PART: 0}))
            assert store.read(["a"]) == {}
        finally:
            connection.execute(text("DROP RULE swallow ON peelflow_settings"))
            connection.commit()
    engine.dispose()


@pytest.mark.parametrize("order", ["one after another", "at once"])
def test_of_two_registers_for_two_spellings_of_a_force_one_is_written_to(
    address: str, order: str
) -> None:
    """Both were opened before either force had a record."""
    with (
        Register.open(address, force="kent") as mine,
        Register.open(address, force="Kent") as other,
    ):
        with (
            pytest.raises(InvalidRequest, match=r"the force 'kent'.* `Kent`"),
            mine.batch() as later,
        ):
            if order == "at once":
                add("R-1", force="kent")(later)
            add("R-2", force="Kent")(other)
            if order != "at once":
                add("R-1", force="kent")(later)
        add("R-3", force="Kent")(other)
        assert [list(mine.records()), len(list(other.records()))] == [[], 2]
    with Register.open(address) as whole:
        assert whole.verify() == ()


def test_of_a_store_that_counts_no_names_those_of_new_people_are_read_again() -> None:
    """Where it has no feed either: an id is looked for once, and who is known not again."""
    store, known, listed = MemoryStore("memory:"), KnownNames(follows=False), list[RecordQuery]()

    def records(query: RecordQuery) -> Iterator[Record]:
        listed.append(query)
        return iter(())

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "records", records)
        sam, record = UsedName("person", "sam", "wmp"), UsedName("id", "R-1")
        known.catch_up(store, {}, None, record)
        known.note([sam])
        known.catch_up(store, {}, None, record)
        known.catch_up(store, {}, None, sam)
        known.read_people(store, {}, None, UsedName("person", "lee", "wmp"))
        assert len(listed) == 1
        known.catch_up(store, {}, None, UsedName("force", "kent"))
        assert len(listed) == 2


def test_a_batch_says_its_own_names_once(url: str) -> None:
    """A batch in which two are alike is refused as it was, whatever others bring."""
    with Register.open(url) as register, pytest.raises(InvalidRequest), register.batch() as both:
        both_alike(both)


def both_alike(batch: Batch) -> None:
    """Add two records whose owners are alike."""
    add("R-1", owner="sam")(batch)
    add("R-2", owner="Sam")(batch)
