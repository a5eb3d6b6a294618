"""PEELFLOW_NATIONAL and `national` in peelflow.toml: a change of the national rules is tried."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from peelflow.rulebook.national import shipped_folder
from tests.cli.conftest import Run

LAW = shipped_folder("examples") / "changing_law" / "law"
NEW = "level-3@3"


def test_the_environment_names_it_for_one_command(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one runs under the rules that came with peelflow; set to nothing, it is not set."""
    assert NEW not in run("rules").out
    monkeypatch.setenv("PEELFLOW_NATIONAL", str(LAW))
    assert NEW in run("rules").out
    monkeypatch.setenv("PEELFLOW_NATIONAL", "")
    assert NEW not in run("rules").out


def test_the_file_names_it_from_its_own_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoami says so, wherever below it the command runs."""
    copytree(LAW, "law")
    Path("peelflow.toml").write_text('national = "law"\n', "utf-8")
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert NEW in run("rules").out
    assert run("whoami").out.splitlines()[-1].split()[:2] == [
        "national",
        str(Path.cwd().parent / "law"),
    ]


def test_what_is_no_change_is_misuse_and_one_with_faults_a_finding(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2 and what to put there; exit code 1 and every fault."""
    monkeypatch.setenv("PEELFLOW_NATIONAL", "nowhere")
    ran = run("rules")
    assert (ran.code, ran.out) == (2, "")
    assert "the change of the national rules nowhere: has no rule file in `national`" in ran.err
    copytree(LAW, "law")
    Path("law/national/words-of-2025.yaml").unlink()
    monkeypatch.setenv("PEELFLOW_NATIONAL", "law")
    ran = run("rules")
    assert ran.code == 1
    assert "law/national/level-3-version-3.yaml" in ran.out + ran.err


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("level-3@1", "level-3@2", 1),
        ("level-3@2", "level-3@2", 0),
        ("level-3@2", LAW / "national" / "level-3-version-3.yaml", 1),
    ],
)
def test_diff_takes_a_national_version_by_name(
    run: Run, old: str, new: str | Path, code: int
) -> None:
    """Against another, or a file; what is neither is no rule file that is there."""
    ran = run("diff", old, new)
    assert (ran.code, ran.err) == (code, "")
    assert ran.out.startswith(f"{old} → level-3@")


def test_diff_tells_of_a_name_that_is_neither(run: Run) -> None:
    """Exit code 2, with the fault of a path that is not there."""
    ran = run("diff", "level-3@9", "level-3@2")
    assert ran.code == 2
    assert "level-3@9" in ran.err
