"""The demo's register and its paper, made once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from peelflow.reports.content import Report
from peelflow.reports.paper import paper_of, read_outline
from peelflow.rulebook.national import shipped_folder
from tests.builders.force import World, new_world

MADE = datetime(2023, 3, 30, 9, 30, tzinfo=UTC)
AS_AT, SINCE = date(2023, 3, 30), date(2022, 12, 12)


@pytest.fixture
def world() -> World:
    """Give a force with its people."""
    return new_world()


@pytest.fixture(scope="session")
def portfolio() -> Iterator[Register]:
    """Give the West Midlands register; nobody writes to it."""
    with Register.open("memory:", clock=lambda: MADE.replace(year=2024)) as register:
        sheets = sorted((shipped_folder("examples") / "west_midlands").glob("*.csv"))
        assert import_sheets(register, sheets, defaults={}).faults == ()
        yield register


@pytest.fixture(scope="session")
def example() -> Path:
    """Give the example's folder."""
    return shipped_folder("examples") / "west_midlands"


@pytest.fixture(scope="session")
def report(portfolio: Register, example: Path) -> Report:
    """Give the paper of 30 March 2023."""
    outline = read_outline((example / "outline.yaml").read_bytes(), "outline.yaml")
    return paper_of(portfolio, as_at=AS_AT, since=SINCE, made=MADE, outline=outline)
