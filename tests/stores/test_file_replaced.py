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


@pytest.fixture(params=["sqlite:///", "sqlite+pysqlite:///"])
def url(request: pytest.FixtureRequest, path: Path) -> str:
    """The URL of an empty register in a file."""
    upgrade_store(made := f"{request.param}{path}")
    return made


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed there")
@pytest.mark.parametrize("become", [Path.unlink, replace_by_copy])
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


def test_an_act_on_a_file_that_was_put_back_goes_on(url: str, path: Path) -> None:
    """14.37: what matters is where the act is kept, not what was in between."""
    with Register.open(url) as register:
        appoint(register, "first")
        kept = path.rename(path.with_suffix(".kept"))
        kept.rename(path)
        appoint(register, "second")
        assert register.position() == 2
