"""The verb `backup`, and the verbs that take along a folder of documents."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from bench.tamper import LIAISON
from peelflow import Register
from tests.cli.conftest import Run


def test_a_backup_is_a_register_of_its_own(run: Run, demo: Path) -> None:
    """It verifies and says what the register says; and another is never written over it."""
    ran = run("backup", "copy.db", "--register", demo)
    assert (ran.code, ran.err) == (0, "")
    with Register.open(f"sqlite:///{demo}") as register:
        events = register.position()
    assert f"copy.db: a register of its own, verified, with {events} events" in ran.out

    assert run("verify", "--register", "copy.db").code == 0
    figures = [run("figures", "--register", each).out for each in (demo, "copy.db")]
    assert figures[0] == figures[1]
    for words in ((), ("--replace",)):
        ran = run("backup", "copy.db", *words, "--register", demo)
        assert (ran.code, "is a register" in ran.err) == (2, True)


def test_a_backup_takes_the_place_of_a_file_if_told_to(run: Run, demo: Path) -> None:
    """As every verb that writes one."""
    Path("copy.db").write_text("mine")
    ran = run("backup", "copy.db", "--register", demo)
    assert (ran.code, "is there already" in ran.err) == (2, True)
    assert Path("copy.db").read_text() == "mine"

    assert run("backup", "copy.db", "--replace", "--register", demo).code == 0
    assert run("verify", "--register", "copy.db").code == 0
    assert list(Path().glob(".*.part*")) == []


def test_a_register_without_a_file_is_backed_up_as_an_export(run: Run, tmp_path: Path) -> None:
    """Which import takes."""
    url = f"sqlite+pysqlite:///{tmp_path / 'tables.db'}"
    assert run("store", "upgrade", url).code == 0
    with Register.open(url) as register:
        register.appoint("somebody", "lead", force="wmp", first_day=date(2023, 1, 1), actor=LIAISON)

    ran = run("backup", "copy.jsonl", "--register", url)

    assert "copy.jsonl: an export, verified, with " in ran.out
    kept = run("import", "copy.jsonl", "--register", "other.db").out
    assert kept.partition(" events")[0] in ran.out


@pytest.fixture
def lettered(demo: Path, tmp_path: Path) -> Path:
    """The demo's register, with a letter in a folder beside it."""
    with Register.open(f"sqlite:///{demo}", documents=tmp_path / "letters") as register:
        letter = register.keep(b"a letter", kind="letter", name="letter.txt")
        register.attach("WMP-R3-001", letter, actor=LIAISON, on=date(2026, 1, 1))
    return demo


def test_every_verb_takes_the_folder_that_the_register_remembers(run: Run, lettered: Path) -> None:
    """18.6: nobody names it; the export, and what is imported from it, has the letter."""
    assert run("verify", "--register", lettered).code == 0
    assert run("seal", "s.json", "--register", lettered).code == 0
    assert run("export", "e.jsonl", "--register", lettered).code == 0
    lines = map(json.loads, Path("e.jsonl").read_text("utf-8").splitlines())
    assert "YSBsZXR0ZXI=" in [line["content"] for line in lines if line["kind"] == "document"]

    assert run("import", "e.jsonl", "--register", "other.db").code == 0
    assert run("verify", "--register", "other.db").code == 0
    assert run("backup", "copy.db", "--register", lettered).code == 0
    Path("letters").rename("elsewhere")
    assert run("verify", "--register", "copy.db", "--seal", "s.json").code == 0


def test_an_export_that_lacks_a_document_is_a_finding(run: Run, lettered: Path) -> None:
    """18.6: exit 1, with the document's digest and who names it, and nothing is written."""
    Path("letters").rename("elsewhere")

    for verb in ("export", "backup"):
        ran = run(verb, "e.jsonl", "--register", lettered)
        assert ran.code == 1
        assert "WMP-R3-001 event" in ran.err
        assert "which is not kept" in ran.err
    assert not Path("e.jsonl").exists()
    assert not Path("letters").exists()
    ran = run("export", "e.jsonl", "--documents", "elsewhere", "--register", lettered)
    assert ran.code == 0
