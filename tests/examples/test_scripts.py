"""An example's script prints what its page keeps, line by line, and ends as it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from peelflow.cli import main
from peelflow.cli.settings import VARIABLES

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMAND = re.compile(
    r"(?P<settings>(?:[A-Z_]+=\S+ )*)peelflow (?P<words>.+?)"
    r"(?: \|\| test \$\? -eq (?P<code>\d))?"
)
"""A command, what is set for it, and the exit code that a shell looks for where it is not 0."""
SCRIPTS = sorted(EXAMPLES.glob("*/run.sh"))


def test_there_are_scripts() -> None:
    """Of the Engage case and the joint unit, at least."""
    assert {EXAMPLES / "engage/run.sh", EXAMPLES / "joint_unit/run.sh"} <= {*SCRIPTS}


def parts_of(line: str) -> tuple[dict[str, str], list[str], int]:
    """Return what a line sets for its command, the command's words, and its exit code."""
    parts = COMMAND.fullmatch(line)
    assert parts is not None, line
    settings = dict(word.split("=", 1) for word in shlex.split(parts["settings"]))
    return settings, shlex.split(parts["words"]), int(parts["code"] or 0)


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
        settings, words, code = parts_of(line)
        with monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            found_code = main(words)
        told = capsys.readouterr()
        assert found_code == code, line
        assert code or not told.err, line
        printed += [f"$ {line}\n", told.out, told.err]
    golden, found = script.parent / "expected.txt", "".join(printed)
    if rewrite_golden:
        golden.write_text(found, "utf-8")
    assert golden.read_text("utf-8") == found
