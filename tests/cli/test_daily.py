"""Few words: a file says who acts on what, each trigger is a verb, what is missing is asked."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from peelflow.cli import daily, options
from peelflow.cli.settings import VARIABLES, Settings, read_settings
from peelflow.errors import InvalidRequest
from tests.builders.rules import REVIEW_1, REVIEW_WORDS
from tests.cli.conftest import Run

OFFICER = 'actor = "officer-1"\nactor_role = "liaison_officer"\n'
LETTER = ("--signed-by", "chief", "--signed-on", "2024-01-05", "--on", "2024-01-05")
IN_PROGRESS = "WMP-A2-001"
"""A record of the demo that stands in progress at level 2."""
PROPOSED = "WMP-A2-003"
"""One that the test proposes to supersede."""


@pytest.fixture
def office(run: Run, demo: Path) -> Run:
    """Give the command where `peelflow.toml` names the demo's register and an officer."""
    Path("letter.pdf").write_bytes(b"The work is complete.")
    Path("peelflow.toml").write_text(f'register = "{demo.name}"\n{OFFICER}', "utf-8")
    return run


def test_whoami_shows_each_setting_and_where_it_comes_from(
    office: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file below where the command runs; the environment goes before it."""
    below = Path("letters/2024")
    below.mkdir(parents=True)
    file = Path("peelflow.toml").resolve()
    monkeypatch.chdir(below)
    monkeypatch.setenv("PEELFLOW_ACTOR", "officer-2")
    rows = [line.split(",") for line in office("whoami", "--format", "csv").out.splitlines()]
    assert rows == [
        ["setting", "value", "from"],
        ["register", str(file.parent / "demo.db"), str(file)],
        ["rules", "", "not set"],
        ["force", "", "not set"],
        ["actor", "officer-2", "PEELFLOW_ACTOR"],
        ["actor role", "liaison_officer", str(file)],
        ["recorded by", "", "not set"],
        ["national", "", "not set"],
    ]
    assert office("show", IN_PROGRESS).code == 0


def test_the_register_that_nothing_names_is_shown_too(run: Run) -> None:
    """As it is the one that commands open."""
    assert "register     peelflow.db  nothing says otherwise" in run("whoami").out


def test_a_trigger_is_a_verb(office: Run) -> None:
    """With hyphens or underscores, on the record's own rules, by who the file says."""
    moved = f"{IN_PROGRESS}: `in_progress` → `proposed_superseded` (event"
    why = ("--reason", "One for both", "--successor", "WMP-A2-002", "--on", "2024-01-05")
    ran = office("propose-superseded", IN_PROGRESS, *why)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(moved)
    ran = office("do", IN_PROGRESS, "withdraw", "--on", "2024-01-06")
    assert ran.out.startswith(f"{IN_PROGRESS}: `proposed_superseded` → `in_progress`")
    ran = office("propose_superseded", IN_PROGRESS, *why[:-1], "2024-01-06")
    assert ran.out.startswith(moved)


@pytest.mark.parametrize("named", ["variable", "option", "option=", "file"])
def test_a_trigger_of_rules_in_use_is_a_verb(
    run: Run, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However they come to be in use."""
    folder = Path("own rules")
    folder.mkdir()
    (folder / "words.yaml").write_text(REVIEW_WORDS, "utf-8")
    (folder / "review.yaml").write_text(REVIEW_1, "utf-8")
    given: tuple[str | Path, ...] = ()
    if named == "variable":
        monkeypatch.setenv("PEELFLOW_RULES", str(folder))
    elif named == "file":
        Path("peelflow.toml").write_text('rules = "own rules"', "utf-8")
    else:
        given = ("--rules", folder) if named == "option" else (f"--rules={folder}",)
    who = ("--actor", "kim", "--actor-role", "liaison_officer")
    words = ("--category", "local_review", "--force", "wmp", "--issued", "2023-04-03")
    assert run("add", "LR-1", *words, *who, *given).err == ""
    ran = run("park", "LR-1", *who, "--on", "2023-04-04", *given)
    assert (ran.err, ran.code) == ("", 0)
    assert ran.out.startswith("LR-1: `open` → `parked`")
    assert "the command 'parkk': is none; did you mean `park`?" in run("parkk", *given).err


def test_a_letter_is_named_by_its_kind(office: Run) -> None:
    """`--letter`; a document of another kind counts for nothing."""
    as_chief = ("--actor", "chief", "--actor-role", "chief_constable")
    words = ("close", IN_PROGRESS, *as_chief, *LETTER, "--letter")
    office(
        "appoint",
        "chief",
        "chief_constable",
        "--force",
        "west-midlands",
        "--first-day",
        "2020-01-01",
    )
    ran = office(*words, "letter.pdf")
    assert (ran.err, ran.code) == ("", 0)
    assert ran.out.startswith(f"{IN_PROGRESS}: `in_progress` → `closed`")


@pytest.mark.parametrize(
    ("words", "needs"),
    [
        (
            ("close", "--actor", "chief", "--actor-role", "chief_constable"),
            "`--letter`, `--signed-by`, `--signed-on`",
        ),
        (("propose_superseded",), "`--successor`, `--reason`"),
    ],
)
def test_where_nobody_is_asked_all_that_is_missing_is_told(
    office: Run, words: tuple[str, ...], needs: str
) -> None:
    """At once, by the options that give it; nothing is kept."""
    trigger, *more = words
    ran = office(trigger, IN_PROGRESS, *more)
    assert ran.code == 2
    assert ran.err == (
        f"{IN_PROGRESS}: `{trigger}`: needs {needs}; give them, or act at a terminal to be asked\n"
    )


def test_what_a_verification_lacks_is_told(office: Run) -> None:
    """`verify` is a command too, so that trigger is done by `do` alone."""
    ran = office("do", "WMP-R3-020", "verify", "--actor", "portal", "--actor-role", "hmicfrs")
    assert "needs `--inspection`, `--source`, `--recorded-by`;" in ran.err


def test_who_acts_is_told_at_once_too(run: Run) -> None:
    """Both options that every act needs, in one sentence."""
    ran = run("close", "R-1")
    assert ran.code == 2
    assert "`--actor`, `--actor-role` must be given, or set" in " ".join(ran.err.split())
    assert run("close", "--nonsense").code == 2
    assert run("close", "--help").code == 0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let somebody sit at the terminal, who answers with what the list holds."""
    answers: list[str] = []

    def type_in(*_: object) -> str:
        return answers.pop(0)

    for module in (daily, options):
        monkeypatch.setattr(module, "is_at_terminal", lambda: True)
    monkeypatch.setattr("sys.stdin", StringIO())
    monkeypatch.setattr("typer.prompt", _prompt(type_in))
    yield answers
    assert answers == []


def _prompt(type_in: object) -> object:
    """Return what stands for typer's own question, with the same reading of the answer."""

    def prompt(text: str, *, value_proc: object = str, err: bool = False) -> object:
        del text, err
        return value_proc(type_in())  # type: ignore[operator]

    return prompt


def test_somebody_at_a_terminal_is_asked(office: Run, asked: list[str]) -> None:
    """For each thing that is missing, in the order of the rule."""
    office(
        "appoint",
        "chief",
        "chief_constable",
        "--force",
        "west-midlands",
        "--first-day",
        "2020-01-01",
    )
    asked += ["letter.pdf", "chief", "2024-01-05"]
    as_chief = ("--actor", "chief", "--actor-role", "chief_constable", "--on", "2024-01-05")
    assert office("close", IN_PROGRESS, *as_chief).out.startswith(f"{IN_PROGRESS}: `in_progress`")
    asked += ["It came back", "portal 7/1", "officer-1"]
    hmicfrs = ("--actor", "portal", "--actor-role", "hmicfrs", "--on", "2024-01-07")
    ran = office("reopen", IN_PROGRESS, *hmicfrs)
    assert ran.out.startswith(f"{IN_PROGRESS}: `closed` → `in_progress`")
    asked += ["WMP-A2-002", "One for both"]
    ran = office("propose_superseded", IN_PROGRESS, "--on", "2024-01-08")
    assert ran.out.startswith(f"{IN_PROGRESS}: `in_progress` → `proposed_superseded`")


def test_what_nobody_may_do_is_refused_without_a_question(office: Run, asked: list[str]) -> None:
    """And an answer that will not do is refused as if it had been given at once."""
    ran = office("close", IN_PROGRESS)
    assert (ran.code, ran.out) == (1, "")
    assert "`liaison_officer` may not `close`" in ran.err
    new = ("--category", "recommendation", "--level", "2", "--issued", "2024-01-01")
    assert office("add", "R-9", "--force", "west-midlands", *new).code == 0
    assert "the field `owner` is not set" in office("do", "R-9", "start").err
    asked += ["letter.pdf", "chief", "2024-01-05"]
    as_chief = ("--actor", "chief", "--actor-role", "chief_constable", "--on", "2024-01-05")
    ran = office("close", IN_PROGRESS, *as_chief)
    assert "signed by chief, who held no such role" in ran.err


@pytest.mark.parametrize("typed", [("officer-1",), ()])
def test_what_is_given_is_not_asked_for(
    office: Run, asked: list[str], typed: tuple[str, ...]
) -> None:
    """Of an inspectorate's act: what it was read from, and who types it."""
    hmicfrs = ("--actor", "portal", "--actor-role", "hmicfrs", "--source", "portal 7/1")
    proposal = ("--successor", IN_PROGRESS, "--reason", "One for both", "--on", "2024-01-05")
    assert office("propose_superseded", PROPOSED, *proposal).err == ""
    given = () if typed else ("--recorded-by", "officer-1")
    asked += typed
    assert office("decline", PROPOSED, *hmicfrs, *given, "--reason", "No").err == ""


def test_who_acts_is_asked_for_too(run: Run, demo: Path, asked: list[str]) -> None:
    """Where no file says it."""
    asked += ["officer-1", "liaison_officer"]
    words = ("--register", demo, "--on", "2024-01-08", "--reason", "x", "--successor", "WMP-A2-002")
    assert run("propose_superseded", IN_PROGRESS, *words).code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("actor = 07", "is no TOML: "),
        ('acter = "x"', "`acter`: is no setting; did you mean `actor`?"),
        ("actor = 1", "`actor`: is 1; write a text in quotes"),
        ("rules = []", "`rules`: is []; write a list of texts"),
        ('actor = " "', "`actor`: is empty; name who decides, or leave it out"),
    ],
)
def test_a_file_that_says_what_it_cannot_is_refused(run: Run, text: str, said: str) -> None:
    """By its path, and what to write instead."""
    Path("peelflow.toml").write_text(text, "utf-8")
    ran = run("whoami")
    assert ran.code == 2
    assert said in ran.err
    assert str(Path("peelflow.toml").resolve()) in ran.err


def test_a_file_as_windows_saves_it_is_read(run: Run) -> None:
    """Notepad begins it with a mark; in another encoding it is told, and not as a fault of TOML."""
    Path("peelflow.toml").write_text('actor = "Siân"\n', "utf-8-sig")
    assert "Siân" in run("whoami").out
    Path("peelflow.toml").write_text('actor = "Siân"\n', "windows-1252")
    assert "is not UTF-8 text; save it as UTF-8" in run("whoami").err


def test_nobody_is_asked_where_nothing_can_be_typed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service may run without any standard input: what is missing is told at once."""
    monkeypatch.setattr("sys.stdin", None)
    ran = run("start", "R-1", "--register", "r.db")
    assert (ran.code, "must be given, or set" in ran.err) == (2, True)


def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a folder's rights may have it."""
    (tmp_path / "peelflow.toml").write_text("", "utf-8")

    def refuse(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(InvalidRequest, match="cannot be read: Permission denied"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("register", "place"),
    [
        ("r.db", "{}/r.db"),
        ("sqlite:///r.db", "sqlite:///{}/r.db"),
        ("memory:", "memory:"),
        ("postgresql+psycopg://h/n", "postgresql+psycopg://h/n"),
        ("postgresql+psycopg:///n", "postgresql+psycopg:///n"),
    ],
)
def test_a_file_is_meant_from_the_folder_of_the_settings(
    tmp_path: Path, register: str, place: str
) -> None:
    """And a database's address is what it is."""
    (tmp_path / "peelflow.toml").write_text(
        f'register = "{register}"\nrules = "own"\nforce = "wmp"\n', "utf-8"
    )
    settings = read_settings(tmp_path)
    assert settings.register == place.format(tmp_path)
    assert settings.rules == (str(tmp_path / "own"),)
    assert settings.force_in_use == "wmp"
    assert settings.defaults(["list"])["list"].keys() == {"register", "rules"}


def test_the_rules_and_the_force_of_the_file_are_used(office: Run) -> None:
    """Own triggers are verbs then; and only the force's records are seen."""
    own = Path("own")
    own.mkdir()
    rules = """lifecycle: local
version: 1
in_force_from: 2020-01-01
title: Local
applies_to: {category: local, level: none}
initial: open
states:
  open: {counts_as: {force: open}, transitions: {tidy_up: {to: tidy, by: [lead]}}}
  tidy:
    counts_as: {force: open}
    transitions:
      minute: {to: done, by: [lead], requires: [{evidence: minutes}]}
  done: {counts_as: {force: closed}, final: true}
guarantees: []
"""
    (own / "local.yaml").write_text(rules, "utf-8")
    words = "vocabulary: own\ncategories:\n  local: {title: Local}\n"
    words += "evidence:\n  minutes: {title: Minutes}\n"
    (own / "words.yaml").write_text(words, "utf-8")
    Path("peelflow.toml").write_text('register = "r.db"\nrules = ["own"]\n' + OFFICER, "utf-8")
    said = ("--force", "wmp", "--issued", "2024-01-01")
    assert office("add", "L-1", "--category", "local", *said).err == ""
    lead = ("--actor-role", "lead", "--on", "2024-01-02")
    assert office("tidy-up", "L-1", *lead).out.startswith("L-1: `open` → `tidy`")
    assert office("minute", "L-1", *lead).err.startswith("L-1: `minute`: needs `--document`;")
    paper = ("--document", "letter.pdf", "--kind", "minutes")
    assert office("attach", "L-1", "letter.pdf", "--kind", "minutes", *lead).err == ""
    assert office("minute", "L-1", *lead).out.startswith("L-1: `tidy` → `done`")
    assert office("add", "L-2", "--category", "local", *said).err == ""
    assert office("tidy-up", "L-2", *lead).err == ""
    assert office("minute", "L-2", *lead, *paper).out.startswith("L-2: `tidy` → `done`")
    assert "rules        own " in office("whoami").out
    with Path("peelflow.toml").open("a", encoding="utf-8") as file:
        file.write('force = "cheshire"\n')
    ran = office("list")
    assert ran.err == (
        "the force 'cheshire': no record is of it; check PEELFLOW_FORCE and peelflow.toml, or add "
        "the force's first record\n"
    )


@pytest.mark.parametrize("name", VARIABLES.values())
def test_a_variable_that_is_empty_is_refused(
    run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a service that lacks its value."""
    monkeypatch.setenv(name, " ")
    ran = run("whoami")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{name}: is empty; ")


def completed(run: Run, monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    """Return what a shell is offered for the last word."""
    with monkeypatch.context() as patch:
        patch.setenv("_PEELFLOW_COMPLETE", "complete_bash")
        patch.setenv("COMP_WORDS", " ".join(("peelflow", *words)))
        patch.setenv("COMP_CWORD", str(len(words)))
        return run().out.split()


def test_a_shell_is_offered_what_could_come_next(
    office: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids, what can be done to a record from where it stands, and states."""
    assert completed(office, monkeypatch, "show", "WMP-A2-00")[:2] == ["WMP-A2-001", "WMP-A2-002"]
    ways = completed(office, monkeypatch, "do", IN_PROGRESS, "")
    assert "close" in ways
    assert "verify" not in ways
    assert completed(office, monkeypatch, "list", "--state", "self") == ["self_certified"]
    Path("peelflow.toml").unlink()
    assert completed(office, monkeypatch, "show", "WMP") == []


def test_rules_that_cannot_be_read_hide_no_verb(
    office: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell is told nothing; help and what was nearly meant are; what else is typed is not."""
    monkeypatch.setenv("PEELFLOW_RULES", "none.yaml")
    assert completed(office, monkeypatch, "clso") == []
    with monkeypatch.context() as patch:
        patch.setenv("_PEELFLOW_COMPLETE", "complete_bash")
        patch.setenv("COMP_WORDS", "peelflow clso ")
        patch.setenv("COMP_CWORD", "2")
        ran = office()
    assert ("movement" in ran.out.split(), ran.err) == (True, "")
    ran = office("self-certify", "--help")
    assert (ran.code, "Do `self_certify`" in ran.out, ran.err) == (0, True, "")
    assert office("clso", "R-1").err == "the command 'clso': is none; did you mean `close`?\n"
    assert office("frobnicate", "R-1").err.startswith("none.yaml:")


def test_settings_say_nothing_where_there_is_no_file(tmp_path: Path) -> None:
    """Then commands ask, or say what they lack."""
    assert read_settings(tmp_path / "none") == Settings()
