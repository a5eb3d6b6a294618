"""The verbs one by one: what they print, and their exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import NoReturn
from unittest.mock import Mock

import pytest

from peelflow.cli import listing, main
from peelflow.register.register import Register
from peelflow.rulebook.national import shipped_folder
from tests.cli.conftest import Run

LIAISON = ("--actor", "liaison-officer", "--actor-role", "liaison_officer")
HMICFRS = ("--actor", "portal", "--actor-role", "hmicfrs", "--recorded-by", "liaison-officer")
RULES = shipped_folder("rules") / "national"


def add(run: Run, record: str, level: str, *more: str) -> None:
    """Add a recommendation at a level."""
    words = ("--category", "recommendation", "--force", "wmp", "--issued", "2022-12-16")
    said = (*words, "--level", level, *HMICFRS, "--source", "portal 16/12", *more)
    ran = run("add", record, *said)
    assert (ran.code, ran.err) == (0, "")


def snapshot() -> object:
    """Return all that a refused act must leave as it was."""
    with Register.open("sqlite:///peelflow.db") as register:
        histories = [register.history(record.id) for record in register.records()]
        return histories, register.figures()


def test_lists_the_lifecycles(run: Run) -> None:
    """One line each, in any format."""
    ran = run("rules", "--format", "json")
    told = {each["lifecycle"]: each for each in json.loads(ran.out)}
    assert told["level-3@2"]["category"] == "recommendation, afi"
    assert len(told) == 22


def test_reads_a_lifecycle_aloud(run: Run) -> None:
    """Its transitions, who and with what, and its guarantees."""
    ran = run("rules", "level-1")
    assert ran.out.splitlines()[0].startswith("level-1@1: Level 1: closed and archived at issue")
    assert "guaranteed: portal closed is only entered by [system]" in ran.out
    lines = [line.split() for line in run("rules", "appointment").out.splitlines()]
    assert ["made"] in lines
    assert "self_certify,self_certified" in run("rules", "level-3@1", "--format", "csv").out


def test_an_unknown_lifecycle_is_misuse(run: Run) -> None:
    """With the near name."""
    ran = run("rules", "level-33")
    assert ran.code == 2
    assert "did you mean `level-3`?" in ran.err


def test_a_forces_own_rules_stand_on_the_national_ones(run: Run) -> None:
    """`--rules` adds a folder; a fault in it is a finding."""
    own = Path("own")
    own.mkdir()
    Path("own/words.yaml").write_text(
        "vocabulary: own\ncategories:\n  review: {title: Review}\n", "utf-8"
    )
    assert run("rules", "--rules", own).code == 0
    Path("own/words.yaml").write_text("vocabulary: own\nroles: {lead: x}\n", "utf-8")
    ran = run("rules", "--rules", own)
    assert (ran.code, ran.out) == (1, "")
    assert "own/words.yaml:2:15: wrong-type" in ran.err


def test_adds_a_record_with_fields(run: Run) -> None:
    """A level 1 record is archived at once; others begin open."""
    add(run, "R1", "1")
    add(run, "R2", "2", "--field", "owner=lead-3", "--field", "title=Mend = better")
    listed = run("list", "--format", "csv").out.splitlines()
    named = (
        "record,category,level,force,state,owner,assumed,issued,last event,decided by,recorded by"
    )
    by = "portal (hmicfrs),liaison-officer"
    assert listed[0].startswith(f"{named},title,question,")
    row = f"R2,recommendation,2,wmp,open,lead-3,,2022-12-16,2022-12-16,{by},Mend = better,,"
    assert [line.startswith(row) for line in listed[1:]] == [False, True]
    assert "Mend = better" in run("show", "R2").out
    assert "state   archived (portal: closed)" in run("show", "R1").out


def test_lists_what_matches(run: Run) -> None:
    """Filters by category, level, state, force, parent and how it counts."""
    add(run, "R1", "1")
    add(run, "R2", "2")

    def ids(*words: str) -> list[str]:
        told = json.loads(run("list", "--format", "json", *words).out)
        return [each["record"] for each in told]

    assert ids() == ["R1", "R2"]
    assert ids("--counts", "open") == ["R2"]
    assert ids("--level", "1") == ["R1"]
    assert ids("--level", "none") == []
    assert ids("--state", "open", "--category", "recommendation", "--force", "wmp") == ["R2"]
    assert ids("--parent", "R1") == []


def test_takes_a_record_over(run: Run) -> None:
    """In the state that it is in, marked as assumed; without a reason it is misuse."""
    words = ("--category", "recommendation", "--force", "wmp", "--issued", "2015-01-01", *LIAISON)
    said = (*words, "--state", "closed", "--source", "portal list")
    assert run("add", "B1", *said).code == 2
    ran = run("add", "B1", *said, "--reason", "closed before levels", "--on", "2016-01-01")
    assert ran.out == "B1 is `closed`\n"
    (row,) = json.loads(run("list", "--format", "json").out)
    assert (row["state"], row["assumed"]) == ("closed", "yes")
    assert "taken over as closed under before-levels@2 (assumed)" in run("show", "B1").out


def test_adds_an_inspection_with_a_list(run: Run) -> None:
    """A list's items stand between semicolons."""
    words = ("--category", "inspection", "--force", "wmp", "--issued", "2022-01-01", *LIAISON)
    fields = ("kind=planned", "first_day=2022-02-01", "last_day=2022-02-02", "questions=7; 8")
    pairs = [word for field in fields for word in ("--field", field)]
    assert run("add", "I", *words, *pairs).code == 0
    assert "questions  7; 8" in run("show", "I").out


def test_closes_a_level_2_record_with_its_letter(run: Run) -> None:
    """Appoint, start, close: each step says what it did."""
    add(run, "R2", "2", "--field", "owner=lead-3")
    ran = run(
        *("appoint", "chief", "chief_constable", "--force", "wmp", *LIAISON),
        *("--first-day", "2022-01-01", "--last-day", "2030-01-01"),
    )
    assert ran.out == "chief is `chief_constable` in wmp from 2022-01-01 to 2030-01-01\n"
    assert run("fire", "R2", "start", "--on", "2023-01-09", *LIAISON).code == 0
    Path("letter.txt").write_text("complete", "utf-8")
    ran = run(
        *("fire", "R2", "close", "--on", "2023-02-01", "--recorded-by", "liaison-officer"),
        *("--actor", "chief", "--actor-role", "chief_constable", "--document", "letter.txt"),
        *("--signed-by", "chief", "--signed-on", "2023-01-31"),
    )
    assert ran.out == "R2: `in_progress` → `closed` (event 3, 2023-02-01)\n"
    shown = run("show", "R2").out
    assert "close: in_progress → closed, with letter letter.txt" in shown
    assert "letter     letter.txt (counted)" in shown or "letter  letter.txt (counted)" in shown
    assert "`hmicfrs` can `reopen` with a reason" in shown


def test_refuses_verify_by_a_force_role(run: Run, demo: Path) -> None:
    """Exit 1; the record, its state, who may, and what is missing."""
    Path("peelflow.db").write_bytes(demo.read_bytes())
    before = snapshot()
    ran = run("fire", "WMP-R3-020", "verify", *LIAISON, "--verbose")
    assert (ran.code, ran.out) == (1, "")
    head, *reasons = ran.err.splitlines()
    assert head == "WMP-R3-020 is `self_certified`; cannot `verify` as `liaison_officer`"
    assert "`hmicfrs` may [" in reasons[0]
    assert "level-3.yaml:" in reasons[0]
    assert "no inspection is named" in reasons[1]
    assert before == snapshot()


def test_refuses_self_certify_on_level_4(run: Run) -> None:
    """Level 4: "No force self-certification". The letter offered is not kept either."""
    add(run, "R4", "4")
    before = snapshot()
    Path("letter.txt").write_text("complete", "utf-8")
    ran = run(
        *("fire", "R4", "self_certify", "--actor", "chief", "--actor-role", "chief_constable"),
        *("--document", "letter.txt", "--signed-by", "chief", "--signed-on", "2023-01-31"),
    )
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("R4 is `open`; cannot `self_certify` as `chief_constable`\n")
    assert "level-4@2 has no `self_certify` at all; from `open`: " in ran.err
    assert before == snapshot()
    with Register.open("sqlite:///peelflow.db") as register:
        assert register.store.document(sha256(b"complete").hexdigest()) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list"], "the register peelflow.db: is not there"),
        (["show", "X", "--register", "elsewhere.db"], "elsewhere.db"),
        (["figures", "--as-at", "yesterday"], "write it as 2023-03-30"),
        (["list", "--level", "9"], "write 1 to 4, or none"),
        (["nonsense"], "the command 'nonsense': is none; `peelflow --help` lists the commands"),
        (["clse", "R-1"], "the command 'clse': is none; did you mean `close`?"),
        (["figures", "--format", "xml"], "--format"),
        (["list", "--register", "oracle://x"], "no store is opened so"),
    ],
)
def test_misuse_is_exit_2(run: Run, words: list[str], said: str) -> None:
    """What cannot be meant is told apart from what is refused."""
    ran = run(*words)
    assert ran.code == 2
    assert said in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "nobody"], "no record is called 'nobody'"),
        (["fire", "R2", "start", "--document", "gone.txt", *LIAISON], "cannot be read"),
        (["add", "R3", "--field", "owner", *LIAISON], "write it as name=value"),
        (["add", "R3", "--field", "owner=", *LIAISON], "is no text, or empty"),
        (
            ["add", "R3", "--field", "owner=A", "--field", "owner=B", *LIAISON],
            "`owner` is given twice, as 'A' and as 'B'; give it once",
        ),
        (["add", "R3", "--field", "nonsense=1", *LIAISON], "is not declared for its category"),
        (["add", "R2", *LIAISON], "is taken"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(run: Run, words: list[str], said: str) -> None:
    """Unknown ids, fields, documents: exit 2, and the register is as it was."""
    add(run, "R2", "2")
    before = snapshot()
    if words[0] == "add":
        words = [*words, "--category", "recommendation", "--level", "2", "--force", "wmp"]
        words += ["--issued", "2022-12-16"]
    ran = run(*words)
    assert ran.code == 2
    assert said in " ".join(ran.err.split())
    assert before == snapshot()


def test_a_key_makes_repeating_harmless(run: Run) -> None:
    """The same key and words give the first event; other words are a finding."""
    add(run, "R2", "2", "--field", "owner=lead-3")
    words = ("fire", "R2", "start", "--on", "2023-01-09", "--key", "k", *LIAISON)
    first = run(*words)
    assert first.out == "R2: `open` → `in_progress` (event 2, 2023-01-09)\n"
    again = run(*words)
    assert (again.code, "(event 2, 2023-01-09)" in again.out) == (0, True)
    assert run(*words, "--reason", "another").code == 1


def test_what_a_terminal_would_obey_is_not_printed(run: Run) -> None:
    """A title with an escape sequence or a direction mark cannot repaint the screen."""
    add(run, "R2", "2", "--field", "title=\x1b[2Jgone\u200f")
    assert "title" in run("show", "R2").out
    assert "\x1b" not in run("show", "R2").out
    assert "\u200f" not in run("show", "R2").out


def test_settings_come_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A force sets its register once."""
    monkeypatch.setenv("PEELFLOW_REGISTER", "sqlite:///ours.db")
    add(run, "R2", "2")
    assert Path("ours.db").exists()
    assert run("list").code == 0


def test_says_what_to_install_when_the_extra_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without typer there is no command, and a sentence says how to get it."""
    for name in [name for name in sys.modules if name.startswith("peelflow.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "typer", None)
    assert main(["--version"]) == 2
    assert capsys.readouterr().err == "typer is not installed; run: pip install 'peelflow[cli]'\n"


def test_another_missing_module_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the extra brings is explained so."""
    for name in [name for name in sys.modules if name.startswith("peelflow.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "peelflow.cli.app", None)
    with pytest.raises(ModuleNotFoundError):
        main(["--version"])


def test_an_empty_file_is_no_register(run: Run) -> None:
    """A verb that reads makes no database of it."""
    Path("empty.db").touch()
    assert run("list", "--register", "empty.db").code == 2
    assert Path("empty.db").stat().st_size == 0


def test_what_belongs_to_a_taken_over_record_is_not_dropped(run: Run) -> None:
    """A reason without a state would be lost."""
    words = ("--category", "afi", "--level", "2", "--force", "wmp", "--issued", "2022-12-16")
    ran = run("add", "R", *words, *LIAISON, "--reason", "x")
    assert (ran.code, "give its --state too" in ran.err) == (2, True)


def test_an_encoding_without_arrows_still_prints(demo: Path) -> None:
    """A pipe in another encoding gets a question mark, not half a page."""
    peelflow = str(Path(sys.executable).parent / "peelflow")
    command = [peelflow, "show", "WMP-R3-031", "--register", str(demo)]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert "open ? in_progress" in ran.stdout
    assert ran.stderr == ""


def test_a_full_disk_behind_the_output_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, and an exit code of its own."""

    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    add(run, "R2", "2")
    monkeypatch.setattr("peelflow.cli.output.rows", full)
    monkeypatch.setattr(sys, "stdout", StringIO())
    assert main(["list"]) == 2
    assert "cannot be written: No space left on device" in capsys.readouterr().err


def test_notes_something(run: Run) -> None:
    """What is noted shows in the history, above it, and in a list where it is asked for."""
    add(run, "R1", "2")
    add(run, "R2", "2")
    Path("minutes.txt").write_text("minutes", "utf-8")
    told = ("The board asked for a date", "--on", "2022-12-20", *LIAISON, "--source", "item 4")
    ran = run("note", "R1", *told, "--document", "minutes.txt", "--kind", "meeting_minutes")
    assert (ran.code, ran.out) == (0, "R1: noted (event 2, 2022-12-20)\n")
    run("note", "R1", "Earlier", "--on", "2022-12-18", *LIAISON)

    shown = run("show", "R1").out
    assert "noted: The board asked for a date, with meeting_minutes minutes.txt" in shown
    assert "last note" in shown
    assert "2022-12-20: The board asked for a date" in shown
    assert "last note" not in run("show", "R2").out
    columns = ("--columns", "record,last event,noted on,last note", "--format", "csv")
    assert run("list", *columns).out.splitlines()[1:] == [
        "R1,2022-12-16,2022-12-20,The board asked for a date",
        "R2,2022-12-16,,",
    ]
    earlier = run("list", "--as-at", "2022-12-19", *columns).out
    assert earlier.splitlines()[1] == "R1,2022-12-16,2022-12-18,Earlier"
    by_note = run("list", "--sort", "-noted on", "--columns", "record", "--format", "csv").out
    assert by_note.splitlines()[1:] == ["R1", "R2"]
    assert "last note" not in run("list", "--format", "csv").out


def test_a_list_looks_for_notes_only_where_it_is_asked_to(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18: the work is done for who asks, by a column or to sort by it."""
    add(run, "R1", "2")
    looked = Mock(return_value=None)
    monkeypatch.setattr(listing, "last_note", looked)
    for plain in ((), ("--format", "csv"), ("--columns", "record,title"), ("--sort", "owner")):
        assert run("list", *plain).code == 0
    assert looked.call_count == 0
    for asked in (("--columns", "record,noted on"), ("--sort", "last note")):
        looked.reset_mock()
        assert run("list", *asked).code == 0
        assert looked.call_count > 0
