"""Figures, now and as at a day, against DuckDB scanning the same changes in a file of its own.

The sums are kept first; then as many acts as a day may bring come behind them. The same rows are
copied to PostgreSQL too, with their positions.

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
import psycopg
from sqlalchemy.engine import make_url

from bench import durable, forces
from bench.growth import ACTED, AS_AT, register_of
from bench.rounds import Result, compare, interleaved
from bench.table import ROOT, facts, table
from peelflow import Register
from peelflow.stores.base import LIFECYCLE_COLUMNS, ChangeRow, EventRow, StoredRow
from peelflow.stores.dialect import quoted
from peelflow.stores.opening import keep_sums, upgrade_store
from tests.builders.servers import database, running

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
    with TemporaryDirectory(dir=folder) as made, running() as server, database(server) as url:
        path = register_of(Path(made), forces.make(Path(made) / "acted.db", ACTED), records)
        copy_to_postgresql(path, url)
        urls = {"a file": f"sqlite:///{path}", "PostgreSQL": url}
        for where, at in urls.items():
            keep_sums(at)
            what = f"{records:,} records in {where}" if at != url else f"the same on {where}"
            yield from _both(at, scanned(path, Path(made) / f"{where}.duckdb"), what)
        for at in urls.values():
            _act_on(at)
        for where, at in urls.items():
            more = scanned(path, Path(made) / f"more of {where}.duckdb")
            yield from _both(at, more, f"{durable.RECORDS + ACTS:,} acts since, in {where}")


def _act_on(url: str) -> None:
    with Register.open(url) as register:
        durable.fill(register)
        for number in range(ACTS):
            durable.propose_or_withdraw(register, number)


def _both(url: str, scan: Any, what: str) -> Iterator[Result]:
    with scan:
        for when, day in (("now", None), ("as at a day", AS_AT)):
            yield _measured(url, scan, f"{what}, {when}", day)


def _measured(url: str, scan: Any, what: str, day: date | None) -> Result:
    until = str(day or date.max)
    with Register.open(url) as register:
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


def copy_to_postgresql(path: Path, url: str) -> None:
    """Copy the rows of a register file into a new database, each event at a position of its own."""
    upgrade_store(url)
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(sqlite3.connect(path)) as source, psycopg.connect(plain) as target:
        for table_name, columns in COPIED.items():
            names = quoted(columns)
            copying = f"COPY peelflow_{table_name} ({names}) FROM STDIN"
            order = " ORDER BY position" if table_name == "events" else ""
            rows = source.execute(f"SELECT {names} FROM {table_name}{order}")
            with target.cursor().copy(copying) as copy:
                for row in rows:
                    copy.write_row(row)
        target.execute("INSERT INTO peelflow_feed SELECT serial, serial FROM peelflow_events")
        target.commit()
        target.autocommit = True
        target.execute("VACUUM ANALYZE")


COPIED = {
    "records": StoredRow._fields,
    "events": EventRow._fields,
    "changes": ChangeRow._fields,
    "lifecycles": LIFECYCLE_COLUMNS,
    "documents": ("digest", "content"),
}


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
