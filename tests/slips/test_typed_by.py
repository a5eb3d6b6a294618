"""Who typed a decision is the register's user, where who decided is none who logs in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import InvalidRequest
from peelflow.model.records import Document
from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import signing_roles
from tests.builders.force import CHIEF, HMICFRS, LIAISON, clock
from tests.cli.conftest import Run, run

__all__ = ["run"]
DAY, LATER = date(2022, 12, 16), date(2023, 1, 9)
USER = "officer-1"


@pytest.fixture(params=["memory", "sqlite"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """Give a register of a user, with a chief constable."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock, recorded_by=USER) as opened:
        opened.appoint(CHIEF.person, "chief_constable", force="wmp", first_day=DAY, actor=LIAISON)
        yield opened


def add(register: Register, record: str, **more: Any) -> None:
    """Add a record as HMICFRS does."""
    kind: dict[str, Any] = {"category": "afi", "level": 2, "force": "wmp", "issued": DAY}
    said: dict[str, Any] = {"fields": {"owner": "x"}, "actor": HMICFRS, "source": "portal"}
    register.add(record, **{**kind, **said, **more})


def letter_of(register: Register) -> Document:
    """Keep a letter of the Chief Constable's."""
    signed: dict[str, Any] = {"signed_by": CHIEF.person, "signed_on": LATER}
    return register.keep(b"done", kind="letter", name="l", **signed)


def test_item_5_the_register_s_user_types_what_others_decide(register: Register) -> None:
    """HMICFRS and the Chief Constable do not log in; a liaison officer does; what is said holds."""
    add(register, "R-1")
    add(register, "R-2", recorded_by="officer-2")
    register.fire("R-1", "start", actor=LIAISON, on=LATER)
    register.fire("R-1", "close", actor=CHIEF, on=LATER, evidence=[letter_of(register)])
    typed = [event.recorded_by for event in register.history("R-1")]
    assert typed == [USER, LIAISON.person, USER]
    assert register.history("R-2")[0].recorded_by == "officer-2"
    assert signing_roles(national()) >= {"chief_constable"}
    assert not signing_roles(national()) & {"liaison_officer", "lead"}


def test_item_5_without_a_user_an_inspectorate_s_decision_says_who_typed_it() -> None:
    """As before."""
    with (
        Register.open("memory:", clock=clock) as register,
        pytest.raises(InvalidRequest, match="give recorded_by, or open the register with it"),
    ):
        add(register, "R-1")


@pytest.mark.parametrize("user", ["", " x", "a\u200bb", 7])
def test_item_5_a_register_s_user_is_a_name(user: Any) -> None:
    """That can be read."""
    with pytest.raises(InvalidRequest, match="recorded_by"):
        Register.open("memory:", recorded_by=user)


def test_item_5_in_sheets_and_on_the_command_line(
    register: Register, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that says nobody was typed by the user, whom the environment names for commands."""
    Path("records.csv").write_text(
        "record,category,level,force,issued,actor,actor_role,source\n"
        "R-1,afi,2,wmp,2022-12-16,portal,hmicfrs,portal\n",
        encoding="utf-8",
    )
    assert import_sheets(register, ["records.csv"]).kept == 1
    assert register.history("R-1")[0].recorded_by == USER

    assert "give recorded_by" in run("import", "records.csv", "--register", "r.db").out
    monkeypatch.setenv("PEELFLOW_RECORDED_BY", "officer-7")
    assert run("import", "records.csv", "--register", "r.db").code == 0
    assert "officer-7" in run("show", "R-1", "--register", "r.db").out
