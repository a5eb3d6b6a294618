"""Each kind of mistake in the proof, planted again, makes a test fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof.judge.planted import PLANTED, Planted

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src" / "peelflow"
KINDS = 15
PAGE = (ROOT / "docs" / "proof.md").read_text("utf-8")


def names(planted: Planted) -> str:
    """Say which mistake is meant."""
    return f"{planted.number}-{planted.file}"


def test_every_kind_is_planted() -> None:
    """Fifteen kinds were known; the page tells each, in order, with the test that fails."""
    assert sorted({planted.number for planted in PLANTED}) == list(range(1, KINDS + 1))
    told = re.findall(r"^\| (\d+) \| ([^|]+) \| `([^`]+)` \| `([^`]+)` \|$", PAGE, re.MULTILINE)
    assert told == [
        (str(planted.number), planted.kind, planted.file, planted.test.removeprefix("tests/"))
        for planted in PLANTED
    ]


@pytest.mark.parametrize("planted", PLANTED, ids=names)
def test_what_is_planted_has_its_place(planted: Planted) -> None:
    """The text to change stands once in its file, and the test is there."""
    assert (PACKAGE / planted.file).read_text("utf-8").count(planted.old) == 1
    path, _, name = planted.test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text("utf-8") or not name


@pytest.mark.search
@pytest.mark.parametrize("planted", PLANTED, ids=names)
def test_a_planted_mistake_makes_its_test_fail(planted: Planted, tmp_path: Path) -> None:
    """Run the test with a copy of the package in which the mistake is planted."""
    for folder in ("rules", "examples", "docs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    copy = tmp_path / "src" / "peelflow"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    text = (copy / planted.file).read_text("utf-8")
    (copy / planted.file).write_text(text.replace(planted.old, planted.new), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-cov", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, "-m", "not search", planted.test],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(copy.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 1, run.stdout
    assert "1 failed" in run.stdout, run.stdout
