"""Where what is printed goes: to a reader who leaves, to a disk that is full."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, ENOSPC
from pathlib import Path
from typing import IO, NoReturn

import pytest

from peelflow.cli import app, main
from tests.cli.conftest import Run

PRINTING = ("rules level-3", "figures --format csv")
COMPLAINING = ("show nothing", "nonsense")


@contextmanager
def _unread() -> Iterator[IO[bytes]]:
    """Give a pipe that nobody reads any more."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        yield pipe


def _ran(
    words: str,
    *,
    out: IO[bytes] | int = subprocess.PIPE,
    err: IO[bytes] | int = subprocess.PIPE,
) -> tuple[int, bytes]:
    """Run the command in a process of its own; return its exit code, and what it complained of."""
    command = [str(Path(sys.executable).parent / "peelflow"), *words.split()]
    env = {**os.environ, "PEELFLOW_REGISTER": "memory:", "PYTHONUNBUFFERED": ""}
    ran = subprocess.run(command, env=env, stdout=out, stderr=err, check=False)
    return ran.returncode, ran.stderr or b""


@pytest.mark.parametrize("words", PRINTING)
def test_a_reader_who_leaves_is_no_finding(words: str) -> None:
    """As after `| head -1`: in silence, with the code of a command that SIGPIPE ended."""
    with _unread() as pipe:
        assert _ran(words, out=pipe) == (141, b"")


@pytest.mark.parametrize("words", COMPLAINING)
def test_nor_is_one_who_leaves_the_complaints(words: str) -> None:
    """As after `2>&1 | head -1`."""
    with _unread() as pipe:
        assert _ran(words, out=pipe, err=pipe)[0] == 141


def test_a_full_disk_is_told_however_little_is_printed() -> None:
    """Even what Python would write only as it ends."""
    with Path("/dev/full").open("wb") as full:
        code, said = _ran("figures --format csv", out=full)

    assert (code, said) == (
        2,
        b"what there is to say cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize("words", COMPLAINING)
def test_a_full_disk_behind_the_complaints_is_misuse(words: str) -> None:
    """Where there is nowhere to say it, the exit code does."""
    with Path("/dev/full").open("wb") as full:
        assert _ran(words, err=full)[0] == 2


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_was_closed_takes_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    """As by `>&-`: the work is done all the same, and the exit code says how it ended."""
    monkeypatch.setattr(sys, stream, None)
    assert run("figures", "--register", "memory:").code == 0
    assert run("show", "nothing", "--register", "memory:").code == 2


def test_a_full_disk_under_a_file_is_told_with_what_to_do(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To check the path and its permissions, as was said, makes no room."""

    def full(_: int) -> NoReturn:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    ran = run("rules", "-o", "rules.csv")
    said = "the file rules.csv: cannot be written: No space left on device"
    assert (ran.code, ran.err) == (2, f"{said}; make room on the disk, then try again\n")
    assert not Path("rules.csv").exists()


def test_a_file_that_cannot_be_reached_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It was told as if nothing could be printed, without the file's name."""
    file = tmp_path / "locked" / "r.db"

    def refuse(path: Path) -> NoReturn:
        raise PermissionError(EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    ran = run("list", "--register", file)
    said = f"the file {file}: cannot be reached: Permission denied"
    assert (ran.code, ran.err) == (2, f"{said}; check the path and its permissions\n")


def test_a_working_folder_that_is_gone_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As where another program removed it, or put it back from a copy."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    ran = run("--version")
    said = "the folder that this command runs in: is there no more; run it in another folder"
    assert (ran.code, ran.err) == (2, f"{said}\n")


def test_a_fault_of_our_own_is_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """No word of it is lost: what we did not foresee is for us to mend."""

    def broken(folder: Path) -> NoReturn:
        raise RuntimeError(folder)

    monkeypatch.setattr(app, "read_settings", broken)
    with pytest.raises(RuntimeError):
        main(["--version"])
