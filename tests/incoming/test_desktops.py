"""Item 22: any desktop. Windows is simulated by what it has not, and by what it refuses."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from peelflow import Actor, Register
from peelflow.cli.output_files import write_text
from peelflow.errors import InvalidRequest
from peelflow.register.csv_import import import_sheets
from tests.cli.conftest import Run, run

__all__ = ["run"]

ROOT = Path(__file__).parents[2]
LIAISON = Actor("officer-1", "liaison_officer")
WHO = ("--actor", "officer-1", "--actor-role", "liaison_officer")
OPEN_FILES = Path("/proc/self/fd")
TMPFILE = getattr(os, "O_TMPFILE", -1)
needs_proc = pytest.mark.skipif(
    not OPEN_FILES.is_dir(), reason="nothing tells which files are open"
)


def is_open(path: object) -> bool:
    """Return whether this process has a file open."""
    wanted = os.path.realpath(str(path))
    for link in list(OPEN_FILES.iterdir()):
        try:
            if str(link.readlink()) == wanted:
                return True
        except OSError:  # the folder of open files itself, closed by now
            continue
    return False


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse what Windows refuses: to open a folder, and to move, link or remove an open file."""
    for name in ("O_DIRECTORY", "O_NONBLOCK", "O_NOFOLLOW"):
        monkeypatch.delattr(os, name, raising=False)
    opened = os.open

    def open_no_folder(path: str, flags: int, mode: int = 0o777, **more: int) -> int:
        is_unnamed = flags & TMPFILE == TMPFILE  # Python's own, where a system has such files
        if Path(path).is_dir() and not is_unnamed:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", open_no_folder)
    monkeypatch.setattr(shutil, "_use_fd_functions", False)  # as Python has it on Windows
    for name in ("replace", "rename", "link", "unlink", "remove"):
        monkeypatch.setattr(os, name, refusing_open_files(getattr(os, name)))


def refusing_open_files(act: Callable[..., None]) -> Callable[..., None]:
    """Return an act on files that refuses those that are open."""

    def refuse(*paths: object, **more: object) -> None:
        for path in paths:
            if is_open(path):
                raise PermissionError(13, "used by another process", str(path))
        act(*paths, **more)

    return refuse


@needs_proc
@pytest.mark.usefixtures("windows")
def test_item_22_the_simulation_refuses_what_windows_refuses(tmp_path: Path) -> None:
    """An open file is not moved, linked or removed, and a folder is not opened."""
    with (tmp_path / "a").open("w", encoding="utf-8"):
        for act in (
            lambda: (tmp_path / "a").replace(tmp_path / "b"),
            (tmp_path / "a").unlink,
            lambda: os.link(tmp_path / "a", tmp_path / "b"),
            lambda: os.open(str(tmp_path), os.O_RDONLY),
        ):
            with pytest.raises(PermissionError):
                act()
    (tmp_path / "a").replace(tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@needs_proc
@pytest.mark.usefixtures("windows")
def test_item_22_a_folder_of_documents_is_kept(tmp_path: Path) -> None:
    """A letter is written, closed and named; what is there already is left."""
    folder = tmp_path / "documents"
    with Register.open(f"sqlite:///{tmp_path / 'r.db'}", documents=folder) as register:
        for _ in range(2):
            letter = register.keep(b"complete", kind="letter", name="letter.txt")
        assert register.document(letter.digest) == b"complete"
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert letter.digest in {path.parent.name + path.name for path in kept}
    assert not [path for path in kept if path.name.startswith(".")]


@needs_proc
@pytest.mark.usefixtures("windows")
def test_item_22_a_document_that_cannot_be_named_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the move fails, the temporary file is closed and removed."""
    folder = tmp_path / "documents"
    with Register.open("memory:", documents=folder) as register:

        def refuse(*_: object) -> None:
            raise PermissionError(13, "used by another process")

        monkeypatch.setattr(os, "replace", refuse)
        with pytest.raises(InvalidRequest, match="cannot be written: used by another process"):
            register.keep(b"complete", kind="letter", name="letter.txt")
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@needs_proc
@pytest.mark.usefixtures("windows")
def test_item_22_every_command_that_writes_a_file_does(run: Run) -> None:
    """A register, a seal, an export, a cursor and a refused import: nothing open is moved."""
    where = ("--register", "r.db")
    add = ("--category", "afi", "--level", "2", "--force", "wmp", "--issued", "2022-12-16", *WHO)
    assert run("add", "R-1", *add, *where).code == 0
    assert run("seal", "s.seal", *where).code == 0
    assert run("export", "e.jsonl", *where).code == 0
    for _ in range(2):
        assert run("export", "e.jsonl", "--replace", *where).code == 0
        assert run("feed", "--cursor", "c", *where).code == 0
    assert run("import", "e.jsonl", "--register", "copy.db").code == 0
    assert run("verify", "--seal", "s.seal", "--register", "copy.db").code == 0
    Path("bad.csv").write_text("record\n", "utf-8")
    assert run("import", "bad.csv", "--register", "none.db").code == 1
    assert not Path("none.db").exists()


@needs_proc
@pytest.mark.usefixtures("windows")
def test_item_22_a_file_system_without_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A memory stick or a share may have none."""

    def refuse(*_: object) -> None:
        raise OSError(1, "Incorrect function")

    monkeypatch.setattr(os, "link", refuse)
    write_text(tmp_path / "x", "ours", replace=False)
    assert (tmp_path / "x").read_text("utf-8") == "ours"


@pytest.mark.usefixtures("windows")
def test_item_22_a_file_is_read_without_what_only_unix_has(tmp_path: Path) -> None:
    """Where nothing waits for a pipe's writer, a sheet and a letter are read all the same."""
    (tmp_path / "letter.txt").write_bytes(b"complete")
    sheet = tmp_path / "s.csv"
    with Register.open("memory:") as register:
        register.add(
            "R-1", category="afi", level=2, force="wmp", issued=date(2022, 12, 16), actor=LIAISON
        )
        sheet.write_text(
            "record,document,kind,on,actor,actor_role\n"
            "R-1,letter.txt,letter,2022-12-17,officer-1,liaison_officer\n",
            "utf-8",
        )
        assert import_sheets(register, [sheet]).kept == 1


def test_item_22_windows_gets_the_time_zones_it_lacks() -> None:
    """Today is told by London's clock, whose rules no Windows brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (tzdata,) = (line for line in project["dependencies"] if line.startswith("tzdata"))
    assert tzdata.partition(";")[2].replace('"', "'").strip() == "sys_platform == 'win32'"


def test_item_22_each_version_of_python_is_said_once() -> None:
    """What is classified is what `make pythons` tries, from the first that is asked for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    classified = [
        line.rpartition(" ")[2]
        for line in project["classifiers"]
        if line.startswith("Programming Language :: Python :: 3.")
    ]
    makefile = (ROOT / "Makefile").read_text("utf-8").splitlines()
    (tried,) = (line for line in makefile if line.startswith("PYTHONS ?= "))
    assert tried.removeprefix("PYTHONS ?= ").split() == classified
    assert project["requires-python"] == f">={classified[0]}"
