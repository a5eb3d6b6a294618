"""Files that commands write: nothing is overwritten, and nothing is left behind by a refusal."""

from __future__ import annotations

import io
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from shutil import copy
from sqlite3 import connect
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow.cli import output, output_files
from peelflow.cli.output_files import output_stream
from peelflow.errors import InvalidRequest
from tests.cli.conftest import Run, demo, demonstrated, run

__all__ = ["demo", "demonstrated", "run"]

LIAISON = ("--actor", "officer-1", "--actor-role", "liaison_officer")
ADD = ("add", "R-1", "--category", "afi", "--level", "2", "--issued", "2022-12-16", *LIAISON)
WRITES: dict[str, tuple[str, ...]] = {
    "seal": ("seal",),
    "export": ("export",),
    "cursor": ("feed", "--cursor"),
}


@pytest.fixture
def register(run: Run) -> Path:
    """Give a register with one record, in the folder where the command runs."""
    assert run(*ADD, "--force", "wmp", "--register", "r.db").code == 0
    return Path("r.db")


def events(file: Path) -> int:
    """Return how many events a register's file holds."""
    connection = connect(file)
    try:
        (count,) = connection.execute("SELECT count(*) FROM events").fetchone()
        return int(count)
    finally:
        connection.close()


def folder() -> dict[str, bytes]:
    """Return what every file holds, but for what SQLite keeps beside a register."""
    return {
        path.name: path.read_bytes()
        for path in Path().iterdir()
        if path.is_file() and not path.name.endswith(("-shm", "-wal", ".db"))
    }


@pytest.mark.parametrize("verb", WRITES)
@pytest.mark.parametrize("name", ["r.db", "other.db", "link.db", "hard.db", "r.db-wal", "r.db-shm"])
@pytest.mark.parametrize("replace", [False, True])
def test_item_14_a_register_is_never_written_over(
    run: Run, register: Path, verb: str, name: str, *, replace: bool
) -> None:
    """Neither the one that is open nor another, by whatever name, nor what lies beside it."""
    copy(register, "other.db")
    Path("link.db").symlink_to(register)
    os.link(register, "hard.db")
    more = ("--replace",) if replace and verb != "cursor" else ()
    done = run(*WRITES[verb], name, *more, "--register", "r.db")
    assert (done.code, done.out) == (2, "")
    assert "a register is never written over" in done.err
    assert (events(register), events(Path("other.db"))) == (1, 1)


@pytest.mark.parametrize("verb", ["seal", "export"])
def test_item_14_a_file_that_is_there_stays(run: Run, register: Path, verb: str) -> None:
    """Without --replace nothing is written over; with it the file is new."""
    Path("kept").write_text("letters", "utf-8")
    Path("dangling").symlink_to("nowhere")
    before = folder()
    for name in ("kept", "dangling"):
        done = run(verb, name, "--register", register)
        assert (done.code, folder()) == (2, before)
        assert "is there already; name another, or give --replace" in done.err
    assert run(verb, "kept", "--replace", "--register", register).code == 0
    assert Path("kept").read_text("utf-8") != "letters"
    assert run(verb, "new", "--register", register).code == 0
    assert not list(Path().glob(".*"))


def test_item_14_a_seal_writes_both_its_files_or_none(run: Run, register: Path) -> None:
    """Its heads are looked at before the seal is written."""
    Path("s.heads.jsonl").write_text("mine", "utf-8")
    assert run("seal", "s", "--register", register).code == 2
    assert not Path("s").exists()


@pytest.mark.parametrize("verb", WRITES)
def test_item_14_what_is_no_file_is_refused(run: Run, register: Path, verb: str) -> None:
    """A folder or a pipe is no place for a file."""
    Path("folder").mkdir()
    os.mkfifo("pipe")
    for name in ("folder", "pipe"):
        done = run(*WRITES[verb], name, "--register", register)
        assert (done.code, "is no regular file" in done.err) == (2, True)


def test_item_14_a_cursor_is_its_own_to_replace(run: Run, register: Path) -> None:
    """A feed notes its place each time; what is no cursor it leaves as it is."""
    for _ in range(2):
        assert run("feed", "--cursor", "c", "--register", register).code == 0
    Path("letters").write_text("letters", "utf-8")
    assert run("feed", "--cursor", "letters", "--register", register).code == 2
    assert Path("letters").read_text("utf-8") == "letters"


def test_item_14_stale_parts_are_no_obstacle(run: Run, register: Path) -> None:
    """What a killed command left beside its file hinders no later one."""
    for name in (f".x.{os.getpid()}.part", ".x.part", ".0000000000000000.part"):
        Path(name).write_text("half", "utf-8")
    assert run("export", "x", "--register", register).code == 0


def test_item_14_a_file_that_came_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else wrote while ours was made is not written over, even at the last moment."""
    file = tmp_path / "x"
    with (
        pytest.raises(InvalidRequest, match="is there already"),
        output_stream(file, replace=False) as stream,
    ):
        stream.write("ours")
        file.write_text("theirs", "utf-8")
    assert file.read_text("utf-8") == "theirs"
    monkeypatch.setattr(output_files, "check_output_file", lambda *_, **__: None)
    with (
        pytest.raises(InvalidRequest, match="is there already"),
        output_stream(file, replace=False) as stream,
    ):
        stream.write("ours")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_item_14_where_there_are_no_links_it_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems have no hard links."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with output_stream(tmp_path / "x", replace=False) as stream:
        stream.write("ours")
    assert (tmp_path / "x").read_text("utf-8") == "ours"
    with (
        pytest.raises(InvalidRequest, match="cannot be written: No such file"),
        output_stream(tmp_path / "gone" / "x", replace=False),
    ):
        pass


def write_or_fail(stream: TextIO, text: str, *, fails: bool) -> None:
    """Write a text, and then perhaps fail."""
    stream.write(text)
    if fails:
        raise KeyError(text)


@given(text=st.text(st.characters(codec="utf-8")), fails=st.booleans(), old=st.none() | st.text())
def test_a_file_is_written_whole_or_left_as_it_was(
    text: str, old: str | None, tmp_path_factory: pytest.TempPathFactory, *, fails: bool
) -> None:
    """Whatever fails on the way, there is the old file or the whole new one, and nothing else."""
    file = tmp_path_factory.mktemp("files") / "x"
    if old is not None:
        file.write_text(old, "utf-8", "replace")
    before = file.read_bytes() if old is not None else None
    with (
        pytest.raises(KeyError) if fails else nullcontext(),
        output_stream(file, replace=True) as stream,
    ):
        write_or_fail(stream, text, fails=fails)
    now = file.read_bytes() if file.exists() else None
    assert now == (before if fails else text.encode())
    assert len(list(file.parent.iterdir())) == (now is not None)


REFUSED: dict[str, tuple[str, ...]] = {
    "add": (*ADD, "--force", "wmp", "--state", "nowhere", "--source", "x", "--reason", "x"),
    "appoint": ("appoint", "x", "nobody", "--force", "wmp", "--first-day", "2022-01-01", *LIAISON),
    "import": ("import", "acts.csv"),
    "folder": ("import", "empty"),
    "export": ("import", "x.jsonl"),
    "unread": ("import", "gone.csv"),
}


@pytest.mark.parametrize("verb", REFUSED)
@pytest.mark.parametrize("before", [None, b""])
def test_item_14_what_is_refused_leaves_no_register(
    run: Run, verb: str, before: bytes | None
) -> None:
    """Where there was no register, a refused verb makes none."""
    Path("acts.csv").write_text(
        "record,trigger,on,actor,actor_role\nA,start,2023-01-09,x,lead\n", "utf-8"
    )
    Path("x.jsonl").write_text("{}\n", "utf-8")
    Path("empty").mkdir()
    if before is not None:
        Path("r.db").write_bytes(before)
    assert run(*REFUSED[verb], "--register", "r.db").code in {1, 2}
    left = {path.name: path.read_bytes() for path in Path().glob("r.db*")}
    assert left == ({} if before is None else {"r.db": before})


def test_item_14_what_is_kept_stays(run: Run) -> None:
    """A register that was made and holds something is left; so is one that was empty before."""
    done = run(*ADD, "--force", "wmp", "--parent", "gone", "--register", "r.db")
    assert (done.code, Path("r.db").exists()) == (2, False)
    assert run(*ADD, "--force", "wmp", "--register", "r.db").code == 0
    assert run(*ADD, "--force", "wmp", "--register", "r.db").code == 2
    assert events(Path("r.db")) == 1
    assert run(*ADD, "--force", "wmp", "--register", "gone/r.db").code == 2
    Path("letters.txt").write_text("letters", "utf-8")
    assert run(*ADD, "--force", "wmp", "--register", "letters.txt").code == 2
    assert Path("letters.txt").read_text("utf-8") == "letters"


def test_item_14_what_is_no_register_by_then_stays(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If somebody put another file in its place meanwhile, it is theirs."""

    def put(*_: object, **__: object) -> None:
        Path("r.db").write_bytes(b"somebody else's letters, which are no register at all" * 99)
        raise InvalidRequest("x", "y", "z")

    monkeypatch.setattr("peelflow.cli.exchange.import_with_progress", put)
    assert run("import", "s.csv", "--register", "r.db").code != 0


def test_item_14_the_demo_is_not_mixed_into_a_register(run: Run, register: Path) -> None:
    """It goes into a file of its own, and into its own again."""
    done = run("demo", "--register", register)
    assert (done.code, events(register)) == (2, 1)
    assert "holds other records than the demo's" in done.err


def test_item_14_the_demo_may_be_run_again(run: Run, demo: Path) -> None:
    """Its own register holds the demo already."""
    assert run("demo", "--register", demo).code == 0


@pytest.mark.parametrize("name", ["PEELFLOW_FORCE", "PEELFLOW_REGISTER", "PEELFLOW_RULES"])
@pytest.mark.parametrize("value", ["", " ", "\u200b"])
def test_item_7_a_variable_of_nothing_is_refused(
    run: Run, register: Path, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unset variable in a service file does not open every force."""
    monkeypatch.setenv(name, value)
    done = run("list", "--format", "csv", "--register", register)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"{name}: is empty; ")


def test_item_7_a_mistyped_force_in_the_environment_is_told(
    run: Run, register: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No table of zeros: a force that no record is of is told before anything is printed."""
    for force, told in (("wpm", "check PEELFLOW_FORCE"), ("WMP", "write `wmp`")):
        monkeypatch.setenv("PEELFLOW_FORCE", force)
        for verb in ("figures", "list", "overdue", "plan"):
            done = run(verb, "--register", register)
            assert (done.code, done.out, told in done.err) == (2, "", True)
    monkeypatch.setenv("PEELFLOW_FORCE", "gmp")
    add = ("add", "G-1", *ADD[2:], "--force", "gmp", "--register", register)
    assert run(*add).code == 0
    assert run("figures", "--register", register).code == 0


@pytest.mark.parametrize("verb", ["figures", "list", "overdue", "ages", "plan"])
def test_item_7_an_unknown_force_is_misuse(run: Run, register: Path, verb: str) -> None:
    """A mistyped --force prints no table, and its exit code is 2."""
    done = run(verb, "--force", "wpm", "--register", register)
    assert (done.code, done.out) == (2, "")
    assert done.err == "the force 'wpm': no record is of it; did you mean `wmp`?\n"


def test_item_12_a_repeat_of_what_was_voided_is_a_finding(run: Run, register: Path) -> None:
    """The second import tells the row; a verb with a key tells the event; both exit with 1."""
    assert run("amend", "R-1", "owner", "x", "--reason", "x", *LIAISON).code == 2  # no register
    where = ("--register", register)
    fire = ("fire", "R-1", "start", *LIAISON, "--on", "2023-01-09", "--key", "k", *where)
    amend = ("amend", "R-1", "owner", "lead-1", "--reason", "x", *LIAISON, "--on", "2022-12-16")
    assert run(*amend, *where).code == 0
    assert run(*fire).code == 0
    void = ("correct", "R-1", "3", "--void", "--reason", "wrong day", *LIAISON)
    assert run(*void, "--on", "2023-01-10", *where).code == 0
    done = run(*fire)
    assert (done.code, done.out) == (1, "")
    assert "was kept for this request, and voided on 2023-01-10" in done.err


@pytest.mark.parametrize("width", ["0", "00", "000"])
@pytest.mark.parametrize("verb", ["figures", "list", "show R-1", "fire R-1 close", "why R-1 close"])
def test_item_28_a_width_of_nothing_prints(
    run: Run, register: Path, width: str, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COLUMNS=0 says as much as no COLUMNS: refusals, tables and lines."""
    more = ("--actor", "x", "--actor-role", "lead") if "close" in verb else ()
    monkeypatch.delenv("COLUMNS")
    wanted = run(*verb.split(), *more, "--register", register)
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("LINES", width)
    assert run(*verb.split(), *more, "--register", register) == wanted
    assert wanted.out + wanted.err


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-16"])
@pytest.mark.parametrize(
    "words",
    ["list --format json", "list --format csv", "list --format md", "feed", "figures --format csv"],
)
def test_item_27_machine_formats_are_utf_8(
    run: Run, encoding: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the console speaks, programs get UTF-8 with plain line ends."""
    owner = "swyddog g\u0175yl"
    added = run(*ADD, "--force", "wmp", "--field", f"owner={owner}", "--register", "r.db")
    assert added.code == 0
    printed = io.BytesIO()
    stream = io.TextIOWrapper(printed, encoding=encoding, newline="\r\n")
    with monkeypatch.context() as console:
        console.setattr(sys, "stdout", stream)
        run(*words.split(), "--register", "r.db")
        stream.flush()
    text = printed.getvalue().decode("utf-8")
    assert "\r" not in text
    assert owner in text or words.startswith("figures")


def test_item_27_a_stream_of_a_hosts_own_is_written_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A notebook's stream has no encoding to set."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    output.write_machine_text("g\u0175yl")
    assert stream.getvalue() == "g\u0175yl"
