"""A backup is a whole, verified copy of a register that goes on, and lies over nothing."""

from __future__ import annotations

import os
import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

from bench.tamper import HMICFRS, LIAISON
from peelflow import Backup, InvalidRequest, Register, StoreUnavailable, Unverified, backup
from peelflow.errors import StoreBusy
from peelflow.rulebook.national import national
from peelflow.stores.opening import open_store
from tests.builders.stores import run

LETTER = b"a letter"


@pytest.fixture
def register(url: str, tmp_path: Path) -> Register:
    """A register in a store of each kind, with a letter in a folder and one in the store."""
    store = open_store(url)
    _fill(Register(store, rulebook=national()), "before")
    register = Register(store, rulebook=national(), documents=tmp_path / "letters")
    _fill(register, "after")
    return register


def _fill(register: Register, record: str) -> None:
    register.add(
        record,
        category="recommendation",
        level=3,
        force="west-midlands",
        issued=date(2023, 1, 1),
        actor=HMICFRS,
        recorded_by="liaison-officer",
        source="portal",
    )
    letter = register.keep(record.encode(), kind="letter", name="letter.txt")
    register.attach(record, letter, actor=LIAISON, on=date(2023, 1, 2))


def opened(made: Backup) -> Register:
    """Open a backup as a register of its own."""
    if made.is_register:
        return Register.open(f"sqlite:///{made.path}")
    register = Register.open("memory:")
    register.restore(made.path)
    return register


def test_a_backup_holds_all_that_is_kept(register: Register, tmp_path: Path) -> None:
    """18.8: the same feed, rules and documents, those of the folder too, without the folder."""
    made = backup(register, tmp_path / "copy")
    wanted = list(register.export())
    register.close()
    (tmp_path / "letters").rename(tmp_path / "gone")

    with opened(made) as copy:
        assert list(copy.export()) == wanted
        assert copy.verify() == ()
        assert copy.store.documents_folder() is None
        assert copy.documents is copy.store
        assert made.events == copy.position()
        with copy.store.snapshot() as kept:
            assert made.documents == len(dict(kept.documents()))
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


def test_a_backup_lies_over_nothing(register: Register, tmp_path: Path) -> None:
    """18.8: not over a file, and not over a link that leads nowhere."""
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_text("mine")
    link.symlink_to(tmp_path / "nowhere")

    for path in (there, link):
        with pytest.raises(InvalidRequest, match="is there already"):
            backup(register, path)
    register.close()
    assert there.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_what_comes_meanwhile_stays(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.8: between the look and the name."""
    place = tmp_path / "copy"

    def sync(_: int) -> None:
        place.write_text("mine")

    monkeypatch.setattr("peelflow.register.backup.os.fsync", sync)
    with pytest.raises(InvalidRequest, match="is there already"):
        backup(register, place)
    register.close()
    assert place.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


def test_where_no_links_are_the_copy_is_moved(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.8: some file systems have none."""

    def no_link(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    made = backup(register, tmp_path / "copy")
    register.close()
    with opened(made) as copy:
        assert copy.position() == made.events


def test_a_place_that_cannot_be_written_is_told(register: Register, tmp_path: Path) -> None:
    """18.8: in words, whatever the store."""
    with pytest.raises((InvalidRequest, StoreUnavailable), match=r"nowhere|unable to open"):
        backup(register, tmp_path / "nowhere" / "copy")
    register.close()


def test_a_register_that_does_not_verify_is_not_backed_up(path: Path, tmp_path: Path) -> None:
    """18.8: a copy of it would look whole."""
    with Register.open(f"sqlite:///{path}") as register:
        _fill(register, "R")
        run(path, "UPDATE events SET text = replace(text, 'portal', 'gate')")
        with pytest.raises(Unverified, match="R event 1: event-changed"):
            backup(register, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_an_export_that_does_not_verify_is_no_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.8: what was written is read and checked before it has its name."""
    with Register.open("memory:") as register:
        _fill(register, "R")
        lines = [line.replace("portal", "gate") for line in register.export()]
        monkeypatch.setattr(Register, "export", lambda _: iter(lines))
        with pytest.raises(Unverified, match="does not verify: the register: rules-changed"):
            backup(register, tmp_path / "copy")
    assert sorted(each.name for each in tmp_path.iterdir()) == []


def test_a_register_of_one_force_is_not_backed_up(path: Path, tmp_path: Path) -> None:
    """18.8: a copy would hold every force's."""
    with (
        Register.open(f"sqlite:///{path}", force="west-midlands") as register,
        pytest.raises(InvalidRequest, match="open it without a force"),
    ):
        backup(register, tmp_path / "copy")


def test_a_copy_that_was_overtaken_is_busy(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.8: a file that may only be read, and was written to meanwhile, gives no copy."""
    with Register.open(f"sqlite:///{path}") as register:
        _fill(register, "R")
        monkeypatch.setattr("peelflow.stores.sqlite.is_stale", lambda _: True)
        with pytest.raises(StoreBusy):
            register.store.copy_to(tmp_path / "copy")  # type: ignore[attr-defined]


def test_others_write_while_a_backup_is_taken(path: Path, tmp_path: Path) -> None:
    """18.8: it is of the moment that it was begun, and no writer waits for it."""
    with Register.open(f"sqlite:///{path}") as register:
        _fill(register, "R")
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("UPDATE events SET text = 'half of it'")
            made = backup(register, tmp_path / "copy")
            writer.execute("ROLLBACK")
    with opened(made) as copy:
        assert copy.verify() == ()


@contextmanager
def no_file_longer_than(most: int) -> Iterator[None]:
    """Let the system refuse to write more than so many bytes into a file, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits what a process writes")
@pytest.mark.parametrize("most", [40_000, 400_000])
def test_a_copy_that_the_disk_does_not_take_blames_no_register(
    path: Path, tmp_path: Path, most: int
) -> None:
    """18.8: neither as the register is copied nor as its documents are put into the copy."""
    copy = tmp_path / "copy"
    with Register.open(f"sqlite:///{path}", documents=tmp_path / "letters") as register:
        _fill(register, "R")
        register.keep(b"x" * 1_000_000, kind="letter", name="long.txt")
        with no_file_longer_than(most), pytest.raises(InvalidRequest) as caught:
            backup(register, copy)
    assert str(caught.value) == (
        f"the file {copy}: cannot be written: disk I/O error; make room on the disk, then try again"
    )
    assert [each.name for each in tmp_path.iterdir() if "copy" in each.name] == []
