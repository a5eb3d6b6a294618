"""`peelflow import --as` and `--propose`, and `template`: a tracker from its draft on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from peelflow.register.register import Register
from tests.cli.conftest import Run
from tests.trackers.conftest import GIVEN

FIRST, SECOND = GIVEN / "tracker-month-1.xlsx", GIVEN / "tracker-month-2.xlsx"
FILL = ("--fill", "force=wmp", "--fill", "actor=liaison-1")


def test_a_tracker_from_its_draft_to_its_second_month(run: Run) -> None:
    """The draft, a look at what would be, the import, and the update with what was refused."""
    drafted = run("import", FIRST, "--propose", "t.yaml", *FILL)
    looked = run("import", FIRST, "--as", "t.yaml", "--dry-run")
    assert (drafted.code, looked.code) == (0, 0)
    assert "t.yaml: written; look through it" in drafted.out
    assert looked.out.splitlines()[-1] == "as at 2023-02-28: 62 added; nothing is kept (a dry run)"
    assert not list(Path().glob("*.db"))

    first, second = run("import", FIRST, "--as", "t.yaml"), run("import", SECOND, "--as", "t.yaml")
    assert (first.code, first.out.splitlines()[-1]) == (0, "as at 2023-02-28: 62 added")
    assert first.out.splitlines()[0].endswith(
        "tracker-month-1.xlsx: read without the sheet `Lists`"
    )
    assert first.out.splitlines()[2].split() == [
        *("FORCE/Serious/01", "added", "Tracker!A4", "afi", "of", "level", "2,", "`closed`", "yes")
    ]
    assert (second.code, second.out.splitlines()[-1]) == (
        1,
        "as at 2023-02-28: 1 added, 9 changed, 2 moved, 8 refused, 49 unchanged",
    )
    again = run("import", SECOND, "--as", "t.yaml", "--on", "2023-02-28")
    assert again.out.splitlines()[-1] == (
        "as at 2023-02-28: 8 refused, 55 unchanged; nothing is kept"
    )


def test_a_draft_tells_what_is_to_be_settled(run: Run) -> None:
    """With its line; and it writes over nothing."""
    drafted = run("import", FIRST, "--propose", "t.yaml")
    assert "  line 10: force is unsure" in drafted.out
    again = run("import", FIRST, "--propose", "t.yaml")
    assert again.code == 2
    assert again.err.endswith("is there already; name another, or remove that one first\n")
    refused = run("import", FIRST, "--as", "t.yaml")
    assert refused.code == 1
    assert "t.yaml:10:10: unsure: `fixed: force` is still unsure" in refused.err


def test_faults_are_told_by_cell_and_nothing_is_imported(run: Run) -> None:
    """Exit 1, and no register is made."""
    text = (GIVEN / "tracker-semicolons-month-1.csv").read_text("utf-8")
    run("import", GIVEN / "tracker-semicolons-month-1.csv", "--propose", "t.yaml", *FILL)
    Path("t.csv").write_text(text.replace(";L1;", ";L9;", 1), "utf-8")
    ran = run("import", "t.csv", "--as", "t.yaml", "--on", "2023-02-28")

    assert ran.code == 1
    assert "E10, `Level`: `L9` is none of the map's words for a level" in ran.out
    assert "t.csv: read as UTF-8, its cells parted by a semicolon" in ran.out
    assert ran.out.splitlines()[-1] == "as at 2023-02-28: 1 bad; nothing is kept"
    assert not list(Path().glob("*.db"))
    kept = run("import", "t.csv", "--as", "t.yaml", "--on", "2023-02-28", "--partial")
    assert (kept.code, kept.out.splitlines()[-1]) == (1, "as at 2023-02-28: 61 added, 1 bad")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("a.csv", "b.csv", "--as", "t.yaml"), "2 files: are no tracker"),
        (("a.csv", "--as", "t.yaml", "--propose", "t.yaml"), "cannot go together"),
        (("a.csv", "--dry-run"), "--dry-run: goes with a tracker alone"),
        (("a.csv", "--as", "t.yaml", "--as-found"), "--as-found: says nothing of a tracker"),
        (("a.csv", "--as", "t.yaml", "--dates", "DD/MM/YYYY"), "--dates: says nothing of a"),
        (("a.csv", "--propose", "t.yaml", "--fill", "forse=x"), "did you mean `force`?"),
        (("a.csv", "--propose", "t.yaml", "--on", "2023-01-01"), "--on: goes with a tracker alone"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    words: tuple[str, ...], told: str, run: Run
) -> None:
    """Exit 2."""
    ran = run("import", *words)
    assert (ran.code, told in ran.err) == (2, True)


def test_a_tracker_goes_into_a_register_whose_documents_lie_in_a_folder(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder was named, and passed over."""
    run("import", FIRST, "--propose", "t.yaml", *FILL)
    Path("docs").mkdir()
    opened: list[object] = []
    open_register = Register.open

    def opening(url: str, **options: Any) -> Register:
        opened.append(options["documents"])
        return open_register(url, **options)

    monkeypatch.setattr(Register, "open", opening)
    assert run("import", FIRST, "--as", "t.yaml", "--documents", "docs").code == 0
    assert opened == [Path("docs")]


def test_a_template_is_written_and_imported(run: Run) -> None:
    """Over nothing that is there, unless it is asked."""
    ran = run("template", "records", "-o", "r.xlsx")
    assert (ran.code, ran.out) == (
        0,
        "r.xlsx: written; fill it in, then: peelflow import r.xlsx\n",
    )
    assert run("import", "r.xlsx").out == "0 rows kept, 0 there already, 0 bad\n"
    assert run("template", "records", "-o", "r.xlsx").code == 2
    assert run("template", "acts", "-o", "r.xlsx", "--replace").code == 0
    assert "end it in .xlsx" in run("template", "acts", "-o", "r.xls").err
    assert "did you mean `records`" in run("template", "record", "-o", "x.xlsx").err
    assert "--propose" in run("import", FIRST).err
