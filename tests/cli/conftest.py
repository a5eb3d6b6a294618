"""Run the command as a person would, and look at what it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copy

import pytest
from attrs import frozen

from peelflow.cli import main
from peelflow.cli.settings import VARIABLES


@frozen
class Ran:
    """What a run of the command gave."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give the command, in an empty folder and out of reach of anybody's settings."""
    monkeypatch.chdir(tmp_path)
    for name in (*VARIABLES.values(), "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str | Path) -> Ran:
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the register that the demo makes, made once: whoever writes to it takes a copy."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    assert main(["demo", "--register", str(path)]) == 0
    return path


@pytest.fixture
def demo(run: Run, demonstrated: Path) -> Path:
    """Give a copy of the register that the demo makes, in the folder where the command runs."""
    del run  # it has made that folder
    return Path(copy(demonstrated, "demo.db"))
