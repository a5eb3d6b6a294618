"""The run that kills commands counts its kills, and finds a command that keeps half its work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random
from time import sleep

import pytest
from attrs import evolve

from bench import killed_commands
from bench.killed_commands import Case, Tally, cases, on_sqlite, try_case
from peelflow import Actor, Register


class InTheMiddle(Random):
    """Kills when about half of a command's time has passed."""

    def triangular(self, low: float = 0, high: float = 1, mode: float | None = None) -> float:
        """Return the middle, for `mode` the end."""
        return (low + high if mode is None else low + mode) / 2


def keep_one_by_one(words: Sequence[str]) -> int:
    """Add two records, each in a batch of its own, the second some time after the first."""
    with Register.open(words[-1]) as register:
        there = {record.id for record in register.records()}
        for name in ("R-1", "R-2"):
            if name not in there:
                sleep(0.5 * (name == "R-2"))
                register.add(
                    name,
                    category="afi",
                    level=3,
                    force="west-midlands",
                    issued=date(2024, 1, 9),
                    actor=Actor("lead-1", "lead"),
                )
    return 0


def test_an_import_that_is_killed_is_whole_and_ends_when_run_again(tmp_path: Path) -> None:
    """Each kill is counted, with how it left the register."""
    tally, (case, *_) = Tally(), cases(tmp_path)
    try_case(case, on_sqlite(case, tmp_path), 1, tally, Random(1))
    assert str(tally).startswith("1 kill -9 (import 1), left as ")
    assert (tally.left.total(), tally.left["otherwise"], tally.faults) == (1, 0, [])


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_command_that_keeps_half_of_what_is_whole_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_whole: bool
) -> None:
    """What goes record by record may stop between two of them."""
    monkeypatch.setattr(killed_commands, "run", keep_one_by_one)
    case, tally = Case("halves", (), lambda _: None, is_whole=is_whole), Tally()
    try_case(case, on_sqlite(case, tmp_path), 1, tally, InTheMiddle())
    assert tally.left == {"otherwise" if is_whole else "between": 1}
    assert len(tally.faults) == is_whole


def test_a_command_that_ends_otherwise_is_no_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of one that fails says so, and what the command said."""
    case = evolve(cases(tmp_path)[0], words=("import", str(tmp_path / "none.csv")))
    with pytest.raises(RuntimeError, match=r"none\.csv .* ended with 1: .*unreadable"):
        try_case(case, on_sqlite(case, tmp_path), 1, Tally(), Random(1))

    calls = iter([0])
    monkeypatch.setattr(killed_commands, "run", lambda _: next(calls))
    with pytest.raises(
        RuntimeError, match=r"(?s)ended with 70 though nobody killed it: .*StopIteration"
    ):
        try_case(case, on_sqlite(case, tmp_path), 1, Tally(), Random(1))
