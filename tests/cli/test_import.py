"""`peelflow import`: a list of errors row by row, all good rows or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import NoReturn

import pytest
from rich.console import Console

from peelflow.cli import terminal
from peelflow.errors import StoreUnavailable
from peelflow.register.register import Register
from tests.cli.conftest import Run

SHEET = """\
record,category,level,issued,actor,actor_role
R1,afi,2,2022-01-01,clerk,lead
R2,afi,9,2022-01-01,clerk,lead
"""
WHY = "`afi` at level 9 on 2022-01-01: no lifecycle runs that level"
FILL = ("--fill", "force=wmp")


def test_tells_the_bad_rows_and_keeps_none(run: Run) -> None:
    """Exit 1, and there is no register that would hold nothing."""
    Path("records.csv").write_text(SHEET, "utf-8")
    ran = run("import", "records.csv", *FILL)
    assert ran.code == 1
    assert ran.out.splitlines() == [
        f"records.csv:3:1: row-refused: {WHY}",
        "    help: there is `1`, `2`, `3`, `4`, `none`",
        "0 rows kept, 0 there already, 1 bad",
    ]
    assert not list(Path().glob("*.db*"))


def test_partial_keeps_the_good_ones(run: Run) -> None:
    """Exit 1 still: somebody has to look. The mended sheet brings the rest."""
    Path("records.csv").write_text(SHEET, "utf-8")
    ran = run("import", "records.csv", "--partial", *FILL)
    assert (ran.code, ran.out.splitlines()[-1]) == (1, "1 row kept, 0 there already, 1 bad")
    Path("records.csv").write_text(SHEET.replace("afi,9", "afi,3"), "utf-8")
    ran = run("import", "records.csv", *FILL)
    assert (ran.code, ran.out) == (0, "1 row kept, 1 there already, 0 bad\n")


@pytest.mark.parametrize(
    ("at", "said"), [(1, "stopped: nothing was kept"), (2, "all of them are there, or none")]
)
def test_an_interrupt_says_what_it_left(
    run: Run, monkeypatch: pytest.MonkeyPatch, at: int, said: str
) -> None:
    """Before all rows are taken nothing is kept; from then on the same import tells."""

    @contextmanager
    def interrupted(_: str) -> Iterator[Callable[[int, int], None]]:
        def show(done: int, _: int) -> None:
            if done == at:
                raise KeyboardInterrupt

        yield show

    Path("records.csv").write_text(SHEET.replace("afi,9", "afi,3"), "utf-8")
    with monkeypatch.context() as patched:
        patched.setattr("peelflow.cli.terminal.progress", interrupted)
        ran = run("import", "records.csv", *FILL)
    assert ran.code != 0
    assert said in ran.err
    assert run("import", "records.csv", *FILL).out == "2 rows kept, 0 there already, 0 bad\n"


def test_progress_shows_a_rate_and_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks on sees how many are done a second, and how long it will still take."""
    shown = StringIO()
    console = Console(file=shown, force_terminal=True, width=120)
    monkeypatch.setattr(terminal, "console_of", lambda _: console)
    with terminal.progress("Importing") as show:
        for done in range(1, 10):
            show(done, 1_000)
    assert "Importing" in shown.getvalue()
    assert "a second" in shown.getvalue()
    assert "0:00:" in shown.getvalue()


def test_a_register_that_could_not_be_made_leaves_no_file(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As where the disk is full, or no file may be so large: an empty one stayed."""

    def full(*_: object, **__: object) -> NoReturn:
        (tmp_path / "r.db").touch()
        raise StoreUnavailable("sqlite:///r.db", "database or disk is full")

    monkeypatch.setattr(Register, "open", full)
    ran = run("demo", "--register", "r.db")
    assert (ran.code, "disk is full" in ran.err) == (2, True)
    assert list(tmp_path.iterdir()) == []
