"""The crash run, small: it loses nothing of ours, and finds what a broken store loses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def ran(*args: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own, which may fork."""
    command = [sys.executable, "-m", "bench.crash", "--kills", "20", *args]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_twenty_killed_writers_lose_nothing(tmp_path: Path) -> None:
    """S3: what was acknowledged stays, whole, chained and in the feed."""
    done = ran(f"sqlite:///{tmp_path / 'run.db'}")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 kill -9 (10 at a sync point, 10 at random)" in done.stdout
    assert "lost 0, half batches 0" in done.stdout
    assert "chain breaks 0, feed gaps 0" in done.stdout


def test_finds_what_a_store_loses_that_forgets_its_log(tmp_path: Path) -> None:
    """A run that could not fail would say nothing."""
    opener = "tests.testing.broken_stores:open_broken"

    done = ran(f"ForgetsItsLog:{tmp_path / 'run.db'}", "--opener", opener)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "documents lost 0" not in done.stdout
