"""An officer mistypes six of ten records, mends all six, and the figures are as if typed right."""

from __future__ import annotations

import shlex
from datetime import date, timedelta
from pathlib import Path

from peelflow.register.register import Register
from tests.cli.conftest import Run, run
from tests.docs.test_blocks import ROOT, each_block
from tests.slips.test_mending import seen

__all__ = ["run"]
SET_RIGHT = {
    "R-2": ("--level 3", "--level 2"),
    "R-3": ("--force wpm", "--force wmp"),
    "R-4": ("--level 4", "--level 4 --parent C-1"),
    "R-5": ("2023-02-16", "2022-12-16"),
    "R-8": ("lead-1", "lead-3"),
}
"""What stands wrong in the page's commands, and what should."""
DAYS = [date(2022, 12, 1) + timedelta(days) for days in range(0, 100, 4)]


def page_lines() -> tuple[list[str], list[str]]:
    """Return the commands of docs/mending.md: those that enter, and those that mend."""
    blocks = each_block(ROOT / "docs/mending.md")
    entering, mending = (block.text.splitlines() for block in blocks if block.language == "console")
    return entering, mending


def typed_right(line: str) -> str:
    """Return a command as it should have been typed."""
    record = shlex.split(line)[2]
    wrong, right = SET_RIGHT.get(record, ("", "")) if " add " in line else ("", "")
    assert wrong in line
    return line.replace(wrong, right, 1) if wrong else line


def test_six_slips_of_ten_are_mended(run: Run, tmp_path: Path) -> None:
    """Figures and lists on every day are those of a register in which nobody mistyped."""
    entering, mending = page_lines()
    assert sum(" add " in line for line in entering) == 10
    assert sum(" correct " in line for line in mending) == 6
    for line in (*entering, *mending):
        done = run(*shlex.split(line)[1:])
        assert (done.code, done.err) == (0, ""), line
    for line in entering:
        if " add R-7 " not in line:
            done = run(*shlex.split(typed_right(line))[1:], "--register", "right.db")
            assert done.code == 0, done.err
    with (
        Register.open(f"sqlite:///{tmp_path / 'peelflow.db'}") as mended,
        Register.open(f"sqlite:///{tmp_path / 'right.db'}") as right,
    ):
        assert seen(mended, days=DAYS) == seen(right, days=DAYS)
        assert mended.verify() == ()
    for day in DAYS:
        printed = [
            run("figures", "--as-at", day.isoformat(), "--format", "csv", "--register", name).out
            for name in ("peelflow.db", "right.db")
        ]
        assert printed[0] == printed[1]


def test_one_sheet_mends_the_six_as_well(run: Run, tmp_path: Path) -> None:
    """The page's own: it comes to what the six commands come to, and again it does nothing."""
    blocks = [block for block in each_block(ROOT / "docs/mending.md") if block.language == "csv"]
    for block, name in zip(blocks, ("mend.csv", "link.csv"), strict=True):
        (tmp_path / name).write_text(block.text, "utf-8")
    entering, mending = page_lines()
    for line in entering:
        for register in ("peelflow.db", "sheet.db"):
            run(*shlex.split(line)[1:], "--register", register)
    for line in mending:
        run(*shlex.split(line)[1:])
    for kept, known in ((6, 0), (0, 6)):
        done = run("import", "mend.csv", "--register", "sheet.db")
        assert done.out == f"{kept} rows kept, {known} there already, 0 bad\n"
    with (
        Register.open(f"sqlite:///{tmp_path / 'peelflow.db'}") as mended,
        Register.open(f"sqlite:///{tmp_path / 'sheet.db'}") as by_sheet,
    ):
        assert seen(by_sheet, days=DAYS) == seen(mended, days=DAYS)
    assert run("import", "link.csv").code == 0
    assert "R-9" in run("list", "--parent", "C-1").out


def test_the_history_shows_all(run: Run) -> None:
    """What was typed, and in the same line that it was set right; and the correction itself."""
    for lines in page_lines():
        for line in lines:
            run(*shlex.split(line)[1:])
    level, force, twice = (run("show", name).out for name in ("R-2", "R-3", "R-7"))
    assert "(re-entered in event 3)" in level
    assert "event 1 re-entered: recommendation, level 2, wmp, added as open under level-2@" in level
    assert "level 2 in the letter" in level
    assert "event 1 re-entered: recommendation, level 2, wmp" in force
    assert "(voided in event 2)" in twice
    assert "R-6 entered again" in twice
    assert "state   withdrawn" in twice
    assert "It counts nowhere; to have it back, void the event that withdrew it" in twice
    listed = run("list", "--format", "csv").out
    assert "R-6" in listed
    assert "R-7" not in listed


def test_item_13_show_marks_what_was_corrected(run: Run) -> None:
    """The voided row and the re-dated row say so themselves, until that is taken back."""
    who = ("--actor", "kim", "--actor-role", "liaison_officer")
    kind = ("--category", "afi", "--level", "2", "--force", "wmp", "--field", "owner=x")
    run("add", "R", *kind, "--issued", "2022-12-16", *who)
    run("fire", "R", "start", "--on", "2023-01-09", *who)
    run("correct", "R", "2", "--redate", "2023-01-05", "--reason", "a slip", *who)
    assert "start: open → in_progress (re-dated to 2023-01-05 in event 3)" in run("show", "R").out
    run("correct", "R", "2", "--void", "--reason", "a slip", *who)
    shown = run("show", "R").out
    assert "(re-dated to 2023-01-05 in event 3) (voided in event 4)" in shown
    run("correct", "R", "4", "--void", "--reason", "it did happen", *who)
    shown = run("show", "R").out
    assert "event 2 voided (voided in event 5)" in shown
    assert "(voided in event 4)" not in shown


def test_link_on_the_command_line(run: Run) -> None:
    """A record is put under another later, and what it was is cleared by `--parent none`."""
    who = ("--actor", "kim", "--actor-role", "liaison_officer")
    for name, category in (("C-1", "cause_of_concern"), ("R-1", "afi")):
        level = () if name == "C-1" else ("--level", "2")
        kind = ("--category", category, *level, "--force", "wmp", "--issued", "2022-12-16")
        run("add", name, *kind, *who)
    linked = run("link", "R-1", "C-1", "--on", "2023-01-09", *who)
    assert linked.out == "R-1: under C-1 (event 2, 2023-01-09)\n"
    shown = run("show", "R-1").out
    assert "put under C-1" in shown
    undone = run("correct", "R-1", "2", "--void", "--reason", "not yet", *who)
    assert undone.code == 0
    for parent in ("C-1", "none"):
        done = run("correct", "R-1", "1", "--parent", parent, "--reason", "r", *who)
        assert done.out == "R-1: event 1 re-entered; `open` → `open`\n"
        listed = run("list", "--parent", "C-1", "--format", "csv").out
        assert ("R-1" in listed) is (parent == "C-1")
    for words in ((), ("--void", "--level", "2"), ("--redate", "2022-12-20", "--level", "3")):
        refused = run("correct", "R-1", "1", *words, "--reason", "r", *who)
        assert "is neither one thing nor the other" in refused.err
    every = ("--category", "recommendation", "--issued", "2022-12-15", "--state", "open")
    refused = run("correct", "R-1", "1", *every, "--field", "owner=", "--reason", "r", *who)
    assert "was added, and so begins in the initial state of its rules" in refused.err
