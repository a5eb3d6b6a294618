"""Each Python that is installed is found by its interpreter, whatever stands before it on PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.pythons import candidates, interpreter, main

SHIM = "#!/bin/sh\necho 'this version is installed, and not chosen' >&2\nexit 127\n"


def script(path: Path, text: str) -> Path:
    """Write a script that may be run."""
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def printing(version: str) -> str:
    """Return a script that says of itself that it is this version."""
    return f"#!/bin/sh\necho {version}\n"


def test_a_shim_that_does_not_run_is_no_interpreter(tmp_path: Path) -> None:
    """Behind it on PATH, in pyenv's folder and in uv's, the first that runs is taken."""
    shim = script(tmp_path / "shims/python3.12", SHIM)
    alone = {"PATH": str(shim.parent), "HOME": str(tmp_path)}
    assert list(candidates("3.12", alone)) == [str(shim)]
    assert interpreter("3.12", alone) is None

    kept_by_uv = tmp_path / ".local/share/uv/python/cpython-3.12.4-linux/bin/python3.12"
    uv = script(kept_by_uv, printing("3.12"))
    assert interpreter("3.12", alone) == str(uv)

    pyenv = script(tmp_path / ".pyenv/versions/3.12.1/bin/python", printing("3.12"))
    assert interpreter("3.12", alone) == str(pyenv)

    real = script(tmp_path / "real/python3.12", printing("3.12"))
    assert interpreter("3.12", alone | {"PATH": f"{shim.parent}:{real.parent}"}) == str(real)


def test_an_interpreter_of_another_version_is_none(tmp_path: Path) -> None:
    """What a name says counts for nothing: the interpreter itself is asked."""
    script(tmp_path / ".pyenv/versions/3.12.1/bin/python", printing("3.11"))
    broken = script(tmp_path / "bin/python3.12", "#!/no/such/shell\n")
    assert interpreter("3.12", {"PATH": str(broken.parent), "HOME": str(tmp_path)}) is None


def test_a_version_that_is_missing_is_said_and_no_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No environment is made for it."""
    assert main(["2.0"]) == 0
    assert capsys.readouterr().out == "Python 2.0: not installed here\n"
