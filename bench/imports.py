"""Keeping many rows at once: `import` of a sheet, against keeping the same bytes unasked.

The baseline encodes the same records and events with `json`, chains them with `sha256` and keeps
them by `executemany`, in one transaction of a file with the same tables. Each side is a process of
its own, so that the most memory it held is its own too.
"""

from __future__ import annotations

import csv
import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.rounds import Result, as_installed, compare
from peelflow import Register
from peelflow.register.csv_import import import_sheets
from peelflow.stores.sqlite_file import TABLES

ROWS, MANY, ROUNDS = 2_000, 200_000, 3
BY_HAND = "json, sha256, executemany"
SIDES = {"ours": "peelflow", "theirs": BY_HAND}
COLUMNS = ("record", "category", "level", "force", "issued", "owner", "title", "question")
FIRST = date(2013, 1, 1)


def measure(folder: Path, rows: int = ROWS) -> Iterator[Result]:
    """Yield what an import takes against keeping the same bytes.

    Args:
        folder: Where the files are made; the disk that is measured.
        rows: How many rows the sheet has.
    """
    with TemporaryDirectory(dir=folder) as made:
        place = Path(made)
        write_sheet(place / "sheet.csv", rows)
        import_sheet(place / "sheet.csv", place / "first.db")
        rounds = [{side: _run(side, place) for side in SIDES} for _ in range(ROUNDS)]
    times = {name: tuple(each[side][0] for each in rounds) for side, name in SIDES.items()}
    yield compare(f"import of {rows:,} rows", times, BY_HAND, budget=2.5)
    peaks = {name: max(each[side][1] for each in rounds) for side, name in SIDES.items()}
    told = ", ".join(f"{name}: {peak:,.0f} MiB" for name, peak in peaks.items())
    print(f"import of {rows:,} rows, the most memory held: {told}")


def write_sheet(path: Path, rows: int) -> None:
    """Write a sheet of so many recommendations and AFIs."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(rows):
            day = FIRST + timedelta(number % 3650)
            what = (f"R-{number:06}", ("recommendation", "afi")[number % 2], 2 + number % 3)
            said = (f"lead-{number % 200}", f"Improve how matter {number} is handled")
            writer.writerow((*what, f"force-{number % 43:02}", day, *said, 1 + number % 9))


def import_sheet(sheet: Path, path: Path) -> float:
    """Import a sheet into a new register file; return the seconds it took.

    Raises:
        AssertionError: Something in the sheet is refused.
    """
    given = {"actor": "portal", "actor_role": "hmicfrs", "recorded_by": "officer-1"}
    start = perf_counter()
    with Register.open(f"sqlite:///{path}") as register:
        result = import_sheets(register, [sheet], defaults={**given, "source": "the report"})
    assert result.faults == (), result.faults[:3]
    return perf_counter() - start


def keep_by_hand(source: Path, path: Path) -> float:
    """Encode, chain and keep what a register file holds, in another; return the seconds it took.

    What is kept is read and parsed before the time begins.
    """
    with closing(sqlite3.connect(source)) as kept:
        records = kept.execute("SELECT * FROM records").fetchall()
        events = kept.execute("SELECT * FROM events ORDER BY position").fetchall()
        changes = kept.execute("SELECT * FROM changes").fetchall()
    told = [(row, json.loads(row[-1])) for row in records]
    said = [(row, json.loads(row[6])) for row in events]
    with empty_file(path) as target:
        start = perf_counter()
        heads: dict[str, str] = {}
        rows = [chained(row, dumped(plain), heads) for row, plain in said]
        keep_rows(
            target,
            records=[(*row[:-1], dumped(plain)) for row, plain in told],
            events=rows,
            changes=changes,
        )
        return perf_counter() - start


@contextmanager
def empty_file(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a new file with the tables of a register, which keeps as durably."""
    with closing(sqlite3.connect(path, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = FULL")
        for table in TABLES:
            target.execute(table)
        yield target


def keep_rows(target: sqlite3.Connection, **tables: Sequence[tuple[object, ...]]) -> None:
    """Keep the rows of some tables in one transaction."""
    target.execute("BEGIN IMMEDIATE")
    for table, rows in tables.items():
        places = ", ".join("?" * len(rows[0]))
        target.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
    target.execute("COMMIT")


def chained(row: tuple[object, ...], text: str, heads: dict[str, str]) -> tuple[object, ...]:
    """Return an event's row with another text, behind the last one of its record."""
    name = str(row[1])
    previous = heads.get(name, "")
    digest = heads[name] = sha256(f"{previous}{text}".encode()).hexdigest()
    return (*row[:6], text, previous, digest)


def dumped(told: object) -> str:
    """Return the canonical JSON of what a text told."""
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _run(side: str, place: Path) -> tuple[float, float]:
    """Do one side's work in a process of its own; return the seconds and the MiB it took."""
    command = [sys.executable, "-m", "bench.imports", side, str(place)]
    ran = subprocess.run(  # noqa: S603 - words of our own
        command, check=True, capture_output=True, text=True, env=as_installed()
    )
    seconds, peak = map(float, ran.stdout.split())
    return seconds, peak


def _main(side: str, place: Path) -> None:
    made = place / f"{side}.db"
    for part in place.glob(f"{side}.db*"):
        part.unlink()
    if side == "ours":
        seconds = import_sheet(place / "sheet.csv", made)
    else:
        seconds = keep_by_hand(place / "first.db", made)
    print(seconds, most_held())


def most_held() -> float:
    """Return the MiB that this process held at most; Linux tells it apart from what began it."""
    status = Path("/proc/self/status")
    told = status.read_text("utf-8").splitlines() if status.is_file() else []
    own = [int(line.split()[1]) for line in told if line.startswith("VmHWM:")]
    return (own or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] / 1024


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
