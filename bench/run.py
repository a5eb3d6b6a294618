"""Run every benchmark and print one table: `make bench`, and what grows, how: `ARGS=--full`.

It is a measurement: a ratio over its budget is said, and the exit code is 0 all the same.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench import decision, durable, growth, imports, lists, postgres, proof, start  # noqa: E402
from bench.rounds import Result  # noqa: E402

HEAD = ("work", "ours", "baseline", "theirs", "ratio", "quartiles", "budget", "")
DRAWN = ROOT / "docs" / "performance"
MEMORY = {"tmpfs", "ramfs", "overlay"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="on the disk")
    parser.add_argument("--full", action="store_true", help="also what grows, and how it does")
    given = parser.parse_args()
    folder: Path = given.folder
    folder.mkdir(parents=True, exist_ok=True)
    for line in facts(folder):
        print(line)
    results = [
        *decision.measure(),
        *durable.measure(folder),
        *postgres.measure(),
        *start.measure(),
        *proof.measure(),
        *lists.measure(folder),
        *imports.measure(folder, imports.MANY if given.full else imports.ROWS),
    ]
    print()
    for line in table(results):
        print(line)
    if given.full:
        grown = list(growth.measure(folder))
        growth.keep(grown, DRAWN)
        for each in grown:
            print("", *each.lines(), sep="\n")


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


if __name__ == "__main__":
    main()
