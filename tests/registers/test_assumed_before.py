"""A register of before counts as assumed what stands as it was taken over, and is found sound.

Commit 8b2ef170 made it under `examples/custom_rules/committee_review`, and took for walked what a
step led back to where it stood, and what was moved to another level without its letters.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Register, StoreUnavailable, load
from peelflow.engine.fold import is_assumed
from peelflow.stores import sqlite_file, totals
from peelflow.stores.opening import keep_sums
from peelflow.stores.sql import connection as sql_connection
from tests.builders.servers import database
from tests.registers.test_old_registers import run_dump, sqlite_url
from tests.stores.test_sums import execute

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "examples/custom_rules/committee_review"
FORMS = ("register.db", "register.tables.db", "register.sql")
ALWAYS = {"CAUSE", "HANDED-IN", "NOTED", "NOTED-RELEVELLED", "RELEVELLED", "STILL"}
"""What nobody saw walk; `VOIDED` was re-opened by mistake, until that was voided."""
WALKED = {"REOPENED", "DISCHARGED", "DISCHARGED-RELEVELLED"}
SUMMED = 18
"""The position up to which its sums were kept."""


@pytest.fixture(params=FORMS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of the register in each form, to be written to."""
    content = gzip.decompress((HERE / "assumed" / f"{request.param}.gz").read_bytes())
    with ExitStack() as stack:
        if request.param.endswith("db"):
            made = tmp_path / request.param
            made.write_bytes(content)
            yield sqlite_url(made)
            return
        server: str = request.getfixturevalue("postgres_database")
        address = stack.enter_context(database(server))
        run_dump(address, content.decode())
        yield address


def opened(url: str) -> Register:
    """Open the register under its rules."""
    return Register.open(url, rulebook=load(RULES))


def assumed_in(register: Register) -> set[str]:
    """Return the ids of the records that a list marks."""
    return {record.id for record in register.records() if is_assumed(record)}


def unchecked(register: Register) -> list[str]:
    """Return what `verify` says that it could not hold to the events."""
    with register.store.snapshot() as kept:
        return list(kept.unchecked())


def check(register: Register) -> None:
    """Hold its figures and lists to what is so."""
    assert assumed_in(register) == {*ALWAYS, "VOIDED"}
    assert register.figures().assumed == len(ALWAYS) + 1
    assert register.figures(force="wmp").assumed == len(ALWAYS) + 1
    assert register.figures(as_at=date(2023, 6, 5)).assumed == len(ALWAYS) + 1
    assert register.figures(as_at=date(2023, 6, 4)).assumed == len({*ALWAYS, *WALKED, "VOIDED"})
    assert register.figures(known=SUMMED).assumed == len(ALWAYS)
    assert register.verify() == ()


def test_its_figures_and_lists_are_right(url: str) -> None:
    """What its rows do not tell, its events do; its sums are not used, and that is told."""
    with opened(url) as register:
        check(register)
        assert [line for line in unchecked(register) if "totals were recounted" in line]


def test_its_sums_are_used_once_they_are_kept_anew(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And say the same."""
    monkeypatch.setattr(totals, "WORTH", 0)
    assert keep_sums(url) == 23
    with opened(url) as register:
        monkeypatch.setattr("peelflow.stores.database.totals_by_scan", None)
        check(register)
        assert not [line for line in unchecked(register) if "recounted" in line]


def test_a_total_of_its_sums_is_held_to_the_events(url: str) -> None:
    """Though how many of it are assumed is not."""
    with opened(url) as register:
        execute(register.store, "UPDATE {0}sums SET assumed = 7")
        assert register.verify() == ()
        execute(register.store, "UPDATE {0}sums SET total = 7")
        assert {found.code for found in register.verify()} == {"sums-differ"}


def test_it_goes_on(url: str) -> None:
    """What happens next is written with whether it walked, and counted so."""
    with opened(url) as register:
        told = Actor("portal", "hmicfrs")
        said: dict[str, Any] = {"recorded_by": "kim", "source": "portal"}
        register.note("NOTED", "still so", actor=Actor("kim", "liaison_officer"))
        register.fire("RELEVELLED", "reopen", actor=told, reason="not done", **said)
        assert assumed_in(register) == {*ALWAYS, "VOIDED"} - {"RELEVELLED"}
        assert register.figures().assumed == len(ALWAYS)
        assert register.verify() == ()


def test_what_may_only_be_read_says_the_same(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written, and nothing wrong is told."""
    for module in (sqlite_file, sql_connection):
        monkeypatch.setattr(module, "may_only_read", lambda _: True)
    with opened(url) as register:
        check(register)


def test_a_row_whose_events_are_gone_is_told(url: str) -> None:
    """What nobody can tell of it is not guessed."""
    with opened(url) as register:
        moved = "UPDATE {0}events SET record = 'GONE' WHERE record = 'RELEVELLED' AND number = 2"
        execute(register.store, moved)
        for ask in (assumed_in, lambda register: register.record("RELEVELLED")):
            with pytest.raises(StoreUnavailable, match="has 2 events by its row, and 1 are kept"):
                ask(register)


@pytest.mark.parametrize("number", [1, 2])
def test_a_damaged_event_leaves_the_others_listed(url: str, number: int) -> None:
    """Whether its record walked is not told, and nothing else is the worse for it."""
    with opened(url) as register:
        damage = "UPDATE {0}events SET text = '{{' WHERE record = 'REOPENED'"
        execute(register.store, f"{damage} AND number = {number}")
        walked = {record.id: record.walked for record in register.records()}
        assert walked.pop("REOPENED") is None
        assert {name for name, told in walked.items() if not told} == {*ALWAYS, "VOIDED"}
        assert register.record("REOPENED").walked is None
        assert register.record("DISCHARGED").walked


def test_a_damaged_note_hides_nothing_of_a_list(url: str) -> None:
    """Of a note no list reads what it says."""
    with opened(url) as register:
        execute(register.store, "UPDATE {0}events SET text = '{{' WHERE kind = 'noted'")
        assert assumed_in(register) == {*ALWAYS, "VOIDED"}
