"""The package as others get it: its names, its layers' promise, its wheel."""

from __future__ import annotations

import ast
import atexit
import os
import pydoc
import runpy
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

import pytest

import peelflow

ROOT = Path(__file__).parents[1]


def test_public_names_are_pinned() -> None:
    """What `import peelflow` offers is decided here, sorted, and each name loads."""
    assert sorted(peelflow.__all__) == peelflow.__all__
    source = ast.parse(Path(peelflow.__file__).read_text(encoding="utf-8"))
    (for_checkers,) = (node for node in source.body if isinstance(node, ast.If))
    homes = {
        (imported.module, alias.asname)
        for imported in for_checkers.body
        if isinstance(imported, ast.ImportFrom)
        for alias in imported.names
    }
    assert homes == {(home, name) for name, home in peelflow._HOME_OF.items()}
    assert set(peelflow._HOME_OF) == set(peelflow.__all__)
    assert all(getattr(peelflow, name) is not None for name in peelflow.__all__)


def test_the_version_is_the_installed_one() -> None:
    """It is said once, where what builds the package reads it."""
    assert peelflow.__version__ == version("peelflow")


def test_dir_shows_the_public_names_alone() -> None:
    """A completion offers nothing that is not meant for applications, whatever was used before."""
    assert peelflow.Register is not None
    assert dir(peelflow) == peelflow.__all__


def test_help_begins_with_the_register() -> None:
    """The first page says what to begin with and what to read then."""
    lines = [line.strip() for line in pydoc.plain(pydoc.render_doc(peelflow)).splitlines()]
    described = lines[lines.index("DESCRIPTION") + 1 :]
    assert described[0].startswith("Begin with `Register`")
    assert any("help(peelflow.Register)" in line for line in described[:15])


def test_the_package_runs_as_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m peelflow` is `peelflow`; this process is not the command's own."""
    monkeypatch.setattr(sys, "argv", ["peelflow", "nonsense"])
    monkeypatch.setattr(atexit, "register", lambda _: None)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("peelflow", run_name="__main__")
    assert ended.value.code == 2


def test_the_module_says_what_to_install_for_the_command() -> None:
    """Without the extra `cli` there is one sentence, and no traceback."""
    without = "import sys; sys.modules['typer'] = None; sys.argv = ['peelflow']"
    run = "import runpy; runpy.run_module('peelflow', run_name='__main__')"
    ran = subprocess.run(
        [sys.executable, "-c", f"{without}; {run}"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "typer is not installed; run: pip install 'peelflow[cli]'\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A typo reads as Python's own."""
    with pytest.raises(AttributeError, match="no attribute 'Registre'"):
        _ = peelflow.Registre


def test_importing_peelflow_loads_nothing_heavy() -> None:
    """Names load when they are first used."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    seen = subprocess.run(
        [sys.executable, "-c", "import sys, peelflow; print(sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
        env=bare,
    ).stdout
    for heavy in ("yaml", "cattrs", "transitions", "sqlite3", "typer", "rich"):
        assert f"'{heavy}'" not in seen


USE = """
from datetime import date
from peelflow import Actor, Register, national
import peelflow
assert "site-packages" in peelflow.__file__, peelflow.__file__
lead = Actor("lead-1", "lead")
with Register.open("sqlite:///used.db") as register:
    register.add("R", category="afi", level=3, force="wmp", issued=date(2022, 1, 1), actor=lead)
    print(register.record("R").state, len(national().lifecycles))
"""


def test_the_wheel_works_in_a_clean_environment(tmp_path: Path) -> None:
    """A built wheel carries the rules and the examples, and needs the four core libraries only."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    home = tmp_path / "clean"
    venv.create(home, with_pip=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    pins = ROOT / "constraints.txt"
    install = [str(python), "-m", "pip", "install", "--quiet", "-c", str(pins), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    used = subprocess.run(
        [str(python), "-c", USE],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=clean,
        check=False,
    )
    assert (used.stdout, used.stderr) == ("open 22\n", "")
    bare = subprocess.run(
        [str(python.parent / "peelflow"), "--help"],
        capture_output=True,
        text=True,
        env=clean,
        check=False,
    )
    assert bare.returncode == 2
    assert "pip install 'peelflow[cli]'" in bare.stderr
