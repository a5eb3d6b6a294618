"""Broken sheets beside the exact diagnostics they must give."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from tests.builders.force import LIAISON, clock

BROKEN = Path(__file__).parent / "broken"
CASES = sorted(BROKEN.glob("*.csv"))


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[Register]:
    """Give a register with one record, seen from the folder of the sheets."""
    monkeypatch.chdir(BROKEN)
    with Register.open("memory:", clock=clock) as opened:
        opened.add(
            "R1",
            category="afi",
            level=2,
            force="wmp",
            issued=date(2022, 1, 1),
            fields={"title": "Mend"},
            actor=LIAISON,
        )
        yield opened


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_says_what_is_wrong_and_keeps_nothing(
    case: Path, register: Register, *, rewrite_golden: bool
) -> None:
    """Every bad row is told, in its place, and no row is kept."""
    before = register.figures(), list(register.records())
    done = import_sheets(register, [case.name])
    golden = case.with_suffix(".txt")
    found = "".join(f"{fault}\n" for fault in done.faults)
    if rewrite_golden:
        golden.write_text(found, encoding="utf-8")
    assert found
    assert golden.read_text(encoding="utf-8") == found
    assert (done.kept, done.known) == (0, 0)
    assert before == (register.figures(), list(register.records()))
