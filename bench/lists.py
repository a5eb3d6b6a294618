"""Lists of thousands of records: what people read against what programs read, and how it grows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.forces import make
from bench.rounds import Result, as_installed, compare, interleaved

FEW, MANY = 1_000, 4_000
ROUNDS = 5
TABLE, CSV = f"table of {MANY:,}", f"csv of {MANY:,}"


def measure(folder: Path) -> Iterator[Result]:
    """Yield a list as a table against csv, and each list of many records against few."""
    files = {count: make(folder / f"lists-{count}.db", count) for count in (FEW, MANY)}
    times = interleaved(
        {
            TABLE: partial(run, files[MANY], "list"),
            CSV: partial(run, files[MANY], "list", "--format", "csv"),
        },
        rounds=ROUNDS,
    )
    yield compare("list, start to end", times, CSV, budget=1.5, ours=TABLE)
    on = ("--on", "2022-06-30", "--format", "csv")
    for verb, days in (("overdue", on), ("ages", on), ("plan", on)):
        times = interleaved(
            {f"{count:,} records": partial(run, files[count], verb, *days) for count in files},
            rounds=ROUNDS,
        )
        few, many = times
        yield compare(f"{verb}, growth to {many}", times, few, budget=MANY / FEW, ours=many)


def run(register: Path, *words: str) -> None:
    """Run a command whole, as somebody waits for it."""
    command = [sys.executable, "-m", "peelflow", *words, "--register", str(register)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=as_installed())  # noqa: S603
