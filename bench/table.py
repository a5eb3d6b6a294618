"""What a run of benchmarks rests on, and its results as one table of words.

`make peers` prints by it too, in an environment without the tools of development.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from bench.rounds import Result

ROOT = Path(__file__).parents[1]
HEAD = ("work", "ours", "baseline", "theirs", "ratio", "quartiles", "budget", "")
MEMORY = {"tmpfs", "ramfs", "overlay"}


def facts(folder: Path) -> Iterable[str]:
    """Yield what the figures rest on: the machine, the versions, the disk."""
    yield f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, {platform.platform()}"
    yield f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    kind = filesystem(folder)
    yield f"files in {folder}, on {kind}"
    if kind in MEMORY:
        yield f"{kind} may not be a disk: give one with --folder"


def filesystem(folder: Path) -> str:
    """Return the kind of filesystem that a folder lies on."""
    mounts = Path("/proc/mounts")
    if not mounts.is_file():
        return "an unknown filesystem"
    inside = [
        (point, kind)
        for _, point, kind, *_ in map(str.split, mounts.read_text("utf-8").splitlines())
        if folder.resolve().is_relative_to(point)
    ]
    return max(inside)[1]


def table(results: Iterable[Result]) -> Iterable[str]:
    """Yield the results as aligned lines; a ratio above 1 says that ours takes longer."""
    rows = [HEAD, *map(row_of, results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def row_of(result: Result) -> tuple[str, ...]:
    """Return a result as cells."""
    low, high = result.spread
    budget = "" if result.budget is None else f"{result.budget:.2f}"
    return (
        result.what,
        duration(result.ours),
        result.baseline,
        duration(result.theirs),
        f"{result.ratio:.2f}",
        f"{low:.2f}-{high:.2f}",
        budget,
        result.verdict,
    )


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"
