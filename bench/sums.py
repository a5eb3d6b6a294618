"""Figures, now and as at a day, against DuckDB scanning the same changes in a file of its own.

The sums are kept first; then as many acts as a day may bring come behind them.

`python -m bench.sums [RECORDS]`, where DuckDB is installed: `make peers` does that. The register is
made of copies, as that of `bench.growth`.
"""

from __future__ import annotations

import csv
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from bench import durable, forces
from bench.growth import ACTED, AS_AT, register_of
from bench.rounds import Result, compare, interleaved
from bench.run import ROOT, facts, table
from peelflow import Register
from peelflow.stores.opening import keep_sums

RECORDS, ROUNDS, ACTS = 100_000, 5, 200
SCAN = "DuckDB, a scan of the changes"
CHANGES = """SELECT "on", force, category, level, ledger, counts, delta FROM changes"""
COLUMNS = {
    **dict.fromkeys(("on", "force", "category"), "VARCHAR"),
    "level": "INTEGER",
    **dict.fromkeys(("ledger", "counts"), "VARCHAR"),
    "delta": "INTEGER",
}
SUMS = """SELECT force, category, level, ledger, counts, sum(delta) FROM changes WHERE "on" <= ?
    GROUP BY ALL HAVING sum(delta) <> 0"""


def measure(folder: Path, records: int) -> Iterator[Result]:
    """Yield what figures take in a register file of so many records.

    Args:
        folder: Where the files are made; the disk that is measured.
        records: How many records.

    Raises:
        AssertionError: The two do not come to the same sums.
    """
    with TemporaryDirectory(dir=folder) as made:
        path = register_of(Path(made), forces.make(Path(made) / "acted.db", ACTED), records)
        keep_sums(f"sqlite:///{path}")
        yield from _both(path, Path(made) / "changes.duckdb", f"figures of {records:,} records")
        with Register.open(f"sqlite:///{path}") as register:
            durable.fill(register)
            for number in range(ACTS):
                durable.propose_or_withdraw(register, number)
        behind = f"{durable.RECORDS + ACTS:,} acts since"
        yield from _both(path, Path(made) / "more.duckdb", behind)


def _both(path: Path, target: Path, what: str) -> Iterator[Result]:
    with scanned(path, target) as scan:
        for when, day in (("now", None), ("as at a day", AS_AT)):
            yield _measured(path, scan, f"{what}, {when}", day)


def _measured(path: Path, scan: Any, what: str, day: date | None) -> Result:
    until = str(day or date.max)
    with Register.open(f"sqlite:///{path}") as register:
        sums = {
            (each.force, each.category, each.level, each.ledger, each.counts): each.total
            for each in register.services.store.totals(as_at=day)
        }
        theirs = {tuple(line): total for *line, total in scan.execute(SUMS, [until]).fetchall()}
        assert sums == theirs, sums.items() ^ theirs.items()
        sides: dict[str, Callable[[], object]] = {
            "peelflow": partial(register.figures, as_at=day),
            SCAN: lambda: scan.execute(SUMS, [until]).fetchall(),
        }
        return compare(what, interleaved(sides, rounds=ROUNDS), SCAN, budget=1.0)


def scanned(path: Path, target: Path) -> Any:
    """Return a DuckDB connection to a new file with the changes of a register."""
    lines = target.with_suffix(".csv")
    with (
        closing(sqlite3.connect(path)) as source,
        lines.open("w", encoding="utf-8", newline="") as file,
    ):
        csv.writer(file).writerows(source.execute(CHANGES))
    scan = duckdb.connect(str(target))
    scan.execute(f"CREATE TABLE changes AS SELECT * FROM read_csv('{lines}', columns={COLUMNS})")
    return scan


def main() -> None:
    """Measure and print."""
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    for line in facts(folder):
        print(line)
    for line in table(measure(folder, int(sys.argv[1]) if sys.argv[1:] else RECORDS)):
        print(line)


if __name__ == "__main__":
    main()
