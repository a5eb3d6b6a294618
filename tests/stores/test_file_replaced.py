"""A register's file that is deleted or replaced while it is open is noticed at the next act."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from shutil import copy

import pytest
from sqlalchemy import StaticPool, create_engine, event

from peelflow import Actor, Register, StoreUnavailable, national
from peelflow.stores.opening import keep_sums, upgrade_store
from peelflow.stores.sql.schema import upgrade_schema
from peelflow.stores.sqlite_file import names_of

KIM = Actor("kim", "liaison_officer")


def appoint(register: Register, person: str) -> None:
    """Keep one record by one act."""
    register.appoint(person, "chief_constable", force="wmp", first_day=date(2023, 1, 1), actor=KIM)


def replace_by_copy(path: Path) -> None:
    """Put an older copy in the file's place, as from a backup."""
    copied = copy(path, path.with_suffix(".copy"))
    Path(copied).replace(path)


def journal_of(path: Path) -> Path:
    """Return where SQLite keeps what is not yet in the file itself."""
    return path.with_name(f"{path.name}-wal")


def remove_journal(path: Path) -> None:
    """Take the journal away, as one might tidy up what looks like a temporary file."""
    journal_of(path).unlink()


def replace_journal(path: Path) -> None:
    """Put a copy in the journal's place."""
    replace_by_copy(journal_of(path))


def move_behind_a_link(path: Path) -> None:
    """Leave a link at the path: who opens it looks for the journal beside the file it leads to."""
    moved = path.rename(path.with_suffix(".moved"))
    path.symlink_to(moved)


@pytest.fixture(params=["sqlite:///", "sqlite+pysqlite:///"])
def url(request: pytest.FixtureRequest, path: Path) -> str:
    """The URL of an empty register in a file."""
    upgrade_store(made := f"{request.param}{path}")
    return made


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed there")
@pytest.mark.parametrize(
    "become",
    [Path.unlink, replace_by_copy, remove_journal, replace_journal, move_behind_a_link],
)
def test_item_37_an_act_on_a_file_that_is_gone_is_not_acknowledged(
    url: str, path: Path, become: Callable[[Path], None]
) -> None:
    """14.37, 18.8: it would be kept where nobody finds it."""
    with Register.open(url) as register:
        appoint(register, "first")
        become(path)

        with pytest.raises(StoreUnavailable, match="deleted or replaced while it was open"):
            appoint(register, "second")
        with pytest.raises(StoreUnavailable, match="deleted or replaced while it was open"):
            register.keep(b"letter", kind="letter", name="letter.txt")


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_an_act_on_a_file_that_was_opened_through_a_link_goes_on(url: str, path: Path) -> None:
    """14.37: as long as the link leads where it led."""
    link = path.with_name("link.db")
    link.symlink_to(path)
    with Register.open(url.replace(path.name, link.name)) as register:
        appoint(register, "first")
        appoint(register, "second")
        assert register.position() == 2


def test_an_act_on_a_file_that_was_put_back_goes_on(url: str, path: Path) -> None:
    """14.37: what matters is where the act is kept, not what was in between."""
    with Register.open(url) as register:
        appoint(register, "first")
        kept = path.rename(path.with_suffix(".kept"))
        kept.rename(path)
        appoint(register, "second")
        assert register.position() == 2


def test_nothing_is_written_to_a_file_that_has_another_name(url: str, path: Path) -> None:
    """By neither: each has a journal of its own, so that acts by one would be lost by the other.

    It is read all the same, and written to once the other name is gone.
    """
    other = path.with_name("other.db")
    with Register.open(url) as register:
        appoint(register, "first")
    os.link(path, other)
    for name in (path, other):
        with Register.open(url.replace(path.name, name.name)) as register:
            with pytest.raises(StoreUnavailable, match="has 2 names") as refused:
                appoint(register, "second")
            assert "peelflow backup" in str(refused.value)
            with pytest.raises(StoreUnavailable, match="has 2 names"):
                register.keep(b"letter", kind="letter", name="letter.txt")
            with pytest.raises(StoreUnavailable, match="has 2 names"):
                keep_sums(register.store.url)
            assert len(list(register.records())) == 1
            assert len(list(register.feed())) == url.startswith("sqlite:///")
            assert register.verify() == ()
    with Register.open(url) as register:
        other.unlink()
        appoint(register, "second")
        assert register.position() == 2


def test_nor_in_a_transaction_of_an_application_s(path: Path) -> None:
    """Its own file may have got another name, too."""
    url = f"sqlite+pysqlite:///{path}"
    upgrade_store(url)
    os.link(path, path.with_name("other.db"))
    engine = create_engine(url)
    event.listen(engine, "connect", lambda opened, _: setattr(opened, "isolation_level", None))
    event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection:
        joined = Register.joined(connection, rulebook=national())
        with pytest.raises(StoreUnavailable, match="has 2 names"):
            appoint(joined, "first")
        with pytest.raises(StoreUnavailable, match="has 2 names"):
            joined.keep(b"letter", kind="letter", name="letter.txt")
        assert list(joined.records()) == []
    engine.dispose()


def test_a_register_in_memory_has_no_file_that_could_have_one() -> None:
    """An application keeps one there to try things."""
    engine = create_engine("sqlite+pysqlite:///:memory:", poolclass=StaticPool)
    event.listen(engine, "connect", lambda opened, _: setattr(opened, "isolation_level", None))
    event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection:
        upgrade_schema(connection, "memory")
        joined = Register.joined(connection, rulebook=national())
        appoint(joined, "first")
        assert len(list(joined.records())) == 1
    engine.dispose()


def test_a_file_that_is_gone_has_no_name(path: Path) -> None:
    """Whoever asks is told of that, and of no fault of the system's."""
    assert names_of(str(path)) == 0
    path.touch()
    assert names_of(str(path)) == 1
