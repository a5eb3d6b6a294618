"""A register's file that is deleted or replaced while it is open is noticed at the next act."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from shutil import copy

import pytest

from peelflow import Actor, Register, StoreUnavailable
from peelflow.stores.opening import upgrade_store

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
