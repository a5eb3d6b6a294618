"""Lists of thousands of records: what people read against what programs read, and how it grows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from bench.rounds import Result, compare, interleaved
from peelflow import Actor, Register

OFFICER = Actor("officer-1", "liaison_officer")
FEW, MANY = 1_000, 4_000
FORCES, YEARS, ROUNDS = 43, 10, 5
BATCH = 500
TABLE, CSV = f"table of {MANY:,}", f"csv of {MANY:,}"
FIRST = date(2013, 1, 1)


def measure(folder: Path) -> Iterator[Result]:
    """Yield a list as a table against csv, and each list of many records against few."""
    files = {count: filled(folder / f"lists-{count}.db", count) for count in (FEW, MANY)}
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


def filled(path: Path, count: int) -> Path:
    """Make a register of so many records of forces over years, some of them begun."""
    path.unlink(missing_ok=True)
    with Register.open(f"sqlite:///{path}") as register:
        for first in range(0, count, BATCH):
            with register.batch() as batch:
                for number in range(first, min(first + BATCH, count)):
                    day = FIRST + timedelta(number * 365 * YEARS // count)
                    fields = {"owner": f"lead-{number % 20}", "title": f"Matter {number}"}
                    batch.add(
                        f"R-{number:06d}",
                        category=("recommendation", "afi")[number % 2],
                        level=2 + number % 3,
                        force=f"force-{number % FORCES}",
                        issued=day,
                        actor=OFFICER,
                        fields={**fields, "published": day, "due": day + timedelta(200)},
                    )
                    if number % 3:
                        batch.fire(f"R-{number:06d}", "start", actor=OFFICER, on=day)
    return path


def run(register: Path, *words: str) -> None:
    """Run a command whole, as somebody waits for it."""
    command = [sys.executable, "-m", "peelflow", *words, "--register", str(register)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
