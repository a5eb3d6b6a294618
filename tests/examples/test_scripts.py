"""An example's script prints what its page keeps, line by line."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from peelflow.cli import main
from peelflow.cli.settings import VARIABLES

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*/run.sh"))


def test_there_are_scripts() -> None:
    """Of the Engage case, at least."""
    assert EXAMPLES / "engage/run.sh" in SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.parent.name)
def test_a_script_prints_what_is_kept_of_it(
    script: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    rewrite_golden: bool,
) -> None:
    """Each command as it is written, in the example's folder; `--rewrite-golden` keeps it anew."""
    folder = Path(shutil.copytree(script.parent, tmp_path / script.parent.name))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "120")
    for name in (*VARIABLES.values(), "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    printed: list[str] = []
    for line in script.read_text("utf-8").splitlines():
        if line.startswith("#"):
            printed.append(f"{line}\n")
            continue
        command, *words = shlex.split(line)
        assert command == "peelflow"
        code = main(words)
        told = capsys.readouterr()
        assert (code, told.err) == (0, ""), line
        printed += [f"$ {line}\n", told.out]
    golden, found = script.parent / "expected.txt", "".join(printed)
    if rewrite_golden:
        golden.write_text(found, "utf-8")
    assert golden.read_text("utf-8") == found
