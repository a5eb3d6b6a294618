"""`peelflow import`: a list of errors row by row, all good rows or none."""

from __future__ import annotations

from pathlib import Path

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
