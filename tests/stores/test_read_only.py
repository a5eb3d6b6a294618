"""Whoever may only read has every verb that reads, and leaves nothing behind."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from datetime import date
from io import StringIO
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, TypeVar

import psycopg
import pytest
from sqlalchemy.engine import make_url

from peelflow import Actor, Register, StoreBusy, StoreUnavailable
from peelflow.cli import main
from peelflow.stores import read_only, sqlite, sqlite_file
from peelflow.stores.opening import upgrade_store
from peelflow.stores.read_only import lacks_index, may_only_read, state_of
from peelflow.stores.sql import connection as sql_connection
from peelflow.stores.sql import store as sql_store
from tests.builders.servers import database, running, standby

_T = TypeVar("_T")
KIM = Actor("kim", "liaison_officer")
NOBODY = 65_533
VERBS = {
    "list": ["list"],
    "show": ["show", "R-1"],
    "figures": ["figures"],
    "plan": ["plan"],
    "verify": ["verify"],
    "export": ["export", "{out}/export.jsonl"],
    "feed": ["feed"],
    "seal": ["seal", "{out}/register.seal"],
}
SCHEMES = {"sqlite": "sqlite:///", "sqlite by SQLAlchemy": "sqlite+pysqlite:///"}


def fill(url: str) -> None:
    """Make a register with a record."""
    upgrade_store(url)
    with Register.open(url) as register:
        add(register, "R-1")
        register.position()


def add(register: Register, record: str) -> None:
    """Add a record."""
    day = date(2022, 12, 16)
    fields = {"owner": "lead-1"}
    register.add(record, category="afi", level=2, force="wmp", issued=day, fields=fields, actor=KIM)


def run(verb: str, url: str, out: str) -> str:
    """Run a command that reads, and return what it prints."""
    printed = StringIO()
    arguments = [word.format(out=out) for word in VERBS[verb]]
    with redirect_stdout(printed):
        assert main([*arguments, "--register", url]) == 0
    return printed.getvalue().replace(out, "").replace(url, "the register")


def as_reader(work: Callable[[], _T]) -> _T:
    """Do work as somebody who owns nothing; in this process where the user is nobody special."""
    if os.geteuid():
        return work()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:  # pragma: no branch - the child never comes back
        answer: Any = None
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            answer = work()
        except BaseException as error:  # noqa: BLE001 - told by the parent
            answer = error
        os.write(writing, pickle.dumps(answer))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        answer = pickle.loads(stream.read())  # noqa: S301 - our own bytes
    os.waitpid(child, 0)
    if isinstance(answer, BaseException):
        raise answer
    result: _T = answer
    return result


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that anybody may write to, as case 22 has it."""
    made = Path(mkdtemp(prefix="peelflow-shared-"))
    made.chmod(0o777)
    yield made
    made.chmod(0o777)
    rmtree(made)


@pytest.fixture(params=SCHEMES)
def url(request: pytest.FixtureRequest, folder: Path) -> str:
    """Give a register that its owner alone may write to."""
    url = f"{SCHEMES[request.param]}{folder / 'r.db'}"
    fill(url)
    (folder / "r.db").chmod(0o644 if not os.geteuid() else 0o444)
    return url


@pytest.mark.parametrize("verb", VERBS)
def test_item_20_a_reader_of_a_file_has_the_verb(url: str, folder: Path, verb: str) -> None:
    """It prints what it prints to the owner, and nothing lies beside the file afterwards."""
    (folder / "own").mkdir()
    (folder / "theirs").mkdir(mode=0o777)
    (folder / "theirs").chmod(0o777)
    expected = run(verb, url, str(folder / "own"))
    before = {path.name for path in folder.glob("r.db*")}

    assert as_reader(lambda: run(verb, url, str(folder / "theirs"))) == expected
    assert {path.name for path in folder.glob("r.db*")} == before


def test_item_20_case_22_a_reader_does_not_lock_the_owner_out(url: str, folder: Path) -> None:
    """The owner goes on, and what the reader asked next sees it."""
    if os.geteuid():
        (folder / "r.db").chmod(0o444)
    assert as_reader(lambda: ids(url)) == ["R-1"]
    (folder / "r.db").chmod(0o644)
    with Register.open(url) as register:
        register.fire("R-1", "start", actor=KIM, on=date(2023, 1, 9))
        add(register, "R-2")
    assert as_reader(lambda: ids(url)) == ["R-1", "R-2"]
    assert {path.name for path in folder.iterdir()} == {"r.db"}


def ids(url: str) -> list[str]:
    """Return the ids of a register's records."""
    with Register.open(url) as register:
        return [record.id for record in register.records()]


def test_item_20_a_reader_writes_nothing(url: str) -> None:
    """Told in words, with what to do."""

    def write() -> str:
        with Register.open(url) as register, suppress(StoreUnavailable):
            try:
                add(register, "R-2")
            except StoreUnavailable as fault:
                return fault.instead
        return "written"

    if os.geteuid():
        pytest.skip("not tried: this user owns the file")
    assert as_reader(write) == "let the file and its folder be written to"


class Rights:
    """Whether whoever opens a file now may write to it."""

    reads_only = False

    def may_only_read(self, path: Path) -> bool:
        """Say what is set."""
        return self.reads_only and path.is_file()


@pytest.fixture
def rights(monkeypatch: pytest.MonkeyPatch) -> Rights:
    """Let a test decide in this process who may write."""
    held = Rights()
    monkeypatch.setattr(sqlite_file, "may_only_read", held.may_only_read)
    monkeypatch.setattr(sql_connection, "may_only_read", held.may_only_read)
    return held


def test_item_20_a_reader_sees_what_is_written_meanwhile(
    url: str, folder: Path, rights: Rights
) -> None:
    """Of a writer who stands open, and of one who came and left; nothing is made meanwhile."""
    rights.reads_only = True
    with Register.open(url) as reader:
        assert reader.position() == 1
        rights.reads_only = False
        with Register.open(url) as writer:
            for count, record in ((2, "R-2"), (3, "R-3")):
                add(writer, record)
                assert writer.position() == count
                rights.reads_only = True
                assert reader.position() == count
                rights.reads_only = False
        with Register.open(url) as writer:
            add(writer, "R-4")
            assert writer.position() == 4
        rights.reads_only = True
        assert reader.position() == 4
        assert reader.verify() == ()
    names = {path.name for path in folder.iterdir()}
    assert names <= {"r.db", "r.db-wal", "r.db-shm"}


def test_item_20_what_was_read_while_somebody_wrote_is_thrown_away(
    url: str, rights: Rights
) -> None:
    """A whole reading says so at its end: try again."""
    rights.reads_only = True
    with Register.open(url) as reader:
        lines = reader.export()
        next(lines)
        rights.reads_only = False
        with Register.open(url) as writer:
            add(writer, "R-2")
        with pytest.raises(StoreBusy):
            list(lines)
        rights.reads_only = True
        assert len(list(reader.export())) > 2


def test_item_20_a_file_that_is_never_still_is_busy(
    folder: Path, rights: Rights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads without a lock waits as long as whoever waits for one; a fault stays one."""
    url = f"sqlite:///{folder / 'r.db'}"
    fill(url)
    rights.reads_only = True
    store = sqlite.SqliteStore(folder / "r.db", timeout=0)
    monkeypatch.setattr(sqlite, "is_stale", lambda _: True)
    for work in (lambda _: 1, lambda each: each.execute("SELECT gone FROM meta")):
        with pytest.raises(StoreBusy):
            store._run(work)
    monkeypatch.setattr(sqlite, "is_stale", lambda _: False)
    with pytest.raises(StoreUnavailable, match="no such column"):
        store._run(lambda each: each.execute("SELECT gone FROM meta"))
    store.close()


def killed_writer(file: Path) -> None:
    """Leave what a writer leaves that was killed: a log, and its index."""
    child = os.fork()
    if not child:  # pragma: no branch - the child never comes back
        with Register.open(f"sqlite:///{file}") as register:
            add(register, "R-2")
            os._exit(0)
    os.waitpid(child, 0)


def test_item_20_what_a_killed_writer_left_is_read(folder: Path, rights: Rights) -> None:
    """With its log; where that lost its index, it is said what to do."""
    url = f"sqlite:///{folder / 'r.db'}"
    fill(url)
    killed_writer(folder / "r.db")
    before = {path.name for path in folder.iterdir()}
    rights.reads_only = True

    assert ids(url) == ["R-1", "R-2"]
    assert {path.name for path in folder.iterdir()} == before
    assert not lacks_index(folder / "r.db")
    (folder / "r.db-shm").unlink()
    with pytest.raises(StoreUnavailable, match="let somebody who may write to it open it once"):
        ids(url)


def test_item_20_an_empty_file_that_may_only_be_read_is_no_register(
    folder: Path, rights: Rights
) -> None:
    """No tables are made in it."""
    (folder / "r.db").touch()
    rights.reads_only = True
    with pytest.raises(StoreUnavailable, match="another application's"):
        Register.open(f"sqlite:///{folder / 'r.db'}")
    assert [path.name for path in folder.iterdir()] == ["r.db"]


def test_who_may_only_read_is_told_by_the_file_and_its_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log needs a folder to be made in, unless it is there already."""
    file = folder / "r.db"
    refused: set[Path] = set()
    monkeypatch.setattr(read_only, "_may_write", lambda path: path not in refused)

    assert not may_only_read(file)  # it is not there, and may be made
    file.write_bytes(b"x")
    assert not may_only_read(file)
    refused.add(folder)
    assert may_only_read(file)
    (folder / "r.db-wal").write_bytes(b"x")
    assert not may_only_read(file)
    refused.add(file)
    assert may_only_read(file)
    assert state_of(folder / "gone").file is None


@pytest.fixture(params=["SELECT alone", "a session that may only read"])
def audited(request: pytest.FixtureRequest, postgres: str) -> Iterator[tuple[str, str]]:
    """Give a register on PostgreSQL twice: as its owner opens it, and as an auditor does."""
    plain = make_url(postgres).set(drivername="postgresql").render_as_string(hide_password=False)
    fill(postgres)
    option = "-cdefault_transaction_read_only=on"
    with psycopg.connect(plain, autocommit=True) as owner:
        if request.param == "SELECT alone":
            role = f"auditor_{os.getpid()}"
            option = f"-crole={role}"
            owner.execute(f"CREATE ROLE {role}".encode())
            for what in ("TABLES", "SEQUENCES"):
                granted = f"GRANT SELECT ON ALL {what} IN SCHEMA public TO {role}"
                owner.execute(granted.encode())
        url = make_url(postgres).update_query_dict({"options": option})
        yield postgres, url.render_as_string(hide_password=False)
        if request.param == "SELECT alone":
            owner.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


@pytest.mark.parametrize("verb", VERBS)
def test_item_20_a_reader_of_postgresql_has_the_verb(
    audited: tuple[str, str], tmp_path: Path, verb: str
) -> None:
    """It prints what it prints to the owner, once each event has its position."""
    owner, auditor = audited
    (tmp_path / "own").mkdir()
    (tmp_path / "theirs").mkdir()
    expected = run(verb, owner, str(tmp_path / "own"))

    assert run(verb, auditor, str(tmp_path / "theirs")) == expected


@pytest.mark.skipif("PEELFLOW_HOSTED" not in os.environ, reason="`make hosted` runs it")
@pytest.mark.parametrize("verb", VERBS)
def test_item_20_a_hot_standby_has_the_verb(
    on_standby: tuple[str, str], tmp_path: Path, verb: str
) -> None:
    """It prints what it prints on the server that it follows; what would write says so."""
    url, followed = on_standby
    (tmp_path / "own").mkdir()
    (tmp_path / "theirs").mkdir()

    expected = run(verb, followed, str(tmp_path / "own"))
    assert run(verb, url, str(tmp_path / "theirs")) == expected
    with Register.open(url) as reader, pytest.raises(StoreUnavailable) as refused:
        add(reader, "R-3")
    assert refused.value.instead == "name a server that may be written to"


@pytest.fixture(scope="module")
def on_standby() -> Iterator[tuple[str, str]]:
    """Give a register on a standby, and on the server that it follows."""
    with running() as server, database(server) as url:
        fill(url)
        with standby(url) as followed_by:
            yield followed_by, url


def test_item_20_events_without_a_position_wait_for_somebody_who_may_write(
    audited: tuple[str, str],
) -> None:
    """The auditor's feed ends before them, and says nothing false; then it goes on."""
    owner, auditor = audited
    with Register.open(auditor) as reader, Register.open(owner) as writer:
        assert writer.position() == 1
        add(writer, "R-2")

        assert reader.position() == 1
        assert [item.position for item in reader.feed()] == [1]
        assert [record.id for record in reader.records()] == ["R-1", "R-2"]
        assert reader.verify() == ()
        sealed, _ = reader.seal()
        assert sealed.position == 1
        assert writer.position() == 2
        assert reader.position() == 2
        with pytest.raises(StoreUnavailable) as refused:
            add(reader, "R-3")
        assert refused.value.instead in {
            "name a server that may be written to",
            "let the owner of the tables grant what it asks for",
        }


def test_item_20_a_reading_that_was_overtaken_is_made_again(
    folder: Path, rights: Rights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once nobody writes meanwhile, it is what was asked for."""
    fill(f"sqlite:///{folder / 'r.db'}")
    rights.reads_only = True
    store = sqlite.SqliteStore(folder / "r.db")
    told, tries = iter([False, True, True, False, False]), count(1)
    monkeypatch.setattr(sqlite, "is_stale", lambda _: next(told))

    assert store._run(lambda _: next(tries)) == 2
    store.close()


def test_item_20_another_fault_in_placing_is_told(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a right that lacks is no fault."""
    fill(postgres)
    with Register.open(postgres) as register:
        add(register, "R-2")
        broken = "INSERT INTO peelflow_gone VALUES (1)"
        monkeypatch.setattr(sql_store, "assign_positions", lambda c: c.exec_driver_sql(broken))
        with pytest.raises(StoreUnavailable, match="peelflow_gone"):
            register.position()
