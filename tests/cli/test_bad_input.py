"""Bad input on the command line: a clear error, its exit code, and nothing is written."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CHIEF = ("--actor", "chief-constable", "--actor-role", "chief_constable")
LIAISON = ("--actor", "liaison-officer", "--actor-role", "liaison_officer")
DAY = ("--on", "2023-03-31")
CLOSE = ("fire", "WMP-A2-001", "close")
BAD: dict[str, tuple[tuple[str, ...], int, str]] = {
    "unknown id": (("fire", "NOBODY", "close", *CHIEF, *DAY), 2, "no record is called 'NOBODY'"),
    "wrong force": (
        (
            *("add", "KENT-1", "--category", "recommendation", "--level", "3"),
            *("--force", "kent", "--issued", "2023-03-30", "--parent", "WMP-C-22", *LIAISON),
        ),
        2,
        "belongs to another force, west-midlands; name a parent of the same force",
    ),
    "past nomination": (
        (
            *(*CLOSE, "--actor", "deputy-chief-constable"),
            *("--actor-role", "nominated_deputy", "--on", "2024-03-31"),
        ),
        1,
        "not you: deputy-chief-constable did not hold `nominated_deputy`",
    ),
    "future date": ((*CLOSE, *CHIEF, "--on", "2999-01-01"), 1, "lies in the future"),
    "date before the last event": (
        (*CLOSE, *CHIEF, "--on", "2019-01-01"),
        1,
        "lies before the record's last event",
    ),
    "missing document": ((*CLOSE, *CHIEF, *DAY), 1, "no `letter` is offered"),
    "document that is no file": (
        (*CLOSE, *CHIEF, *DAY, "--document", "gone.pdf"),
        2,
        "the file gone.pdf: cannot be read",
    ),
    "5,000-character reason": (
        (*CLOSE, *CHIEF, *DAY, "--reason", "x" * 5_000),
        2,
        "has 5,000 characters, more than 4,000; say it shortly",
    ),
    "text turned around": (
        (*CLOSE, *CHIEF, *DAY, "--reason", "done \u202eenod"),
        2,
        "holds U+202E, which turns text around unseen; remove it",
    ),
    "state that no rules have": (("list", "--state", "closd"), 2, "did you mean `closed`?"),
    "ledger that no rules have": (("figures", "--ledger", "portla"), 2, "did you mean `portal`?"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_and_nothing_is_written(run: Run, demo: Path, case: str) -> None:
    """1 where the rules refuse it, 2 where it cannot be meant."""
    words, code, sentence = BAD[case]
    before = sha256(demo.read_bytes()).hexdigest()
    ran = run(*words, "--register", demo)
    assert (ran.code, ran.out) == (code, "")
    assert sentence in " ".join(ran.err.split())
    assert sha256(demo.read_bytes()).hexdigest() == before


def test_a_wrong_digest_in_an_export_is_told_and_nothing_is_kept(run: Run, demo: Path) -> None:
    """A letter that is not the one that was signed restores no register."""
    run("export", "e.jsonl", "--register", demo)
    text = Path("e.jsonl").read_text("utf-8")
    digest = next(
        line.split('"digest":"')[1][:64] for line in text.splitlines() if '"digest":"' in line
    )
    Path("e.jsonl").write_text(text.replace(digest, "0" * 64), "utf-8")
    ran = run("import", "e.jsonl", "--register", "new.db")
    assert ran.code == 1
    assert "export it again" in ran.err
    assert "WMP" not in run("list", "--register", "new.db").out
