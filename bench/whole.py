"""A whole register: `verify`, and `import` of its export, against reading and keeping by hand.

Verifying is held against a loop that reads the same events back, parses each, encodes it again as
`json` does and takes its `sha256`. Restoring is held against one that parses the export's lines and
what they tell, encodes records and events, chains them, and keeps all by `executemany` in one
transaction of a file with the same tables. Each side is a process of its own, so that the most
memory it held is its own too, and is timed by what the processor did for it.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from bench import forces
from bench.imports import chained, dumped, empty_file, keep_rows, most_held
from bench.rounds import Result, as_installed, compare
from peelflow import Register
from peelflow.register.judgement import verify_register

RECORDS, MANY, ROUNDS = 400, 40_000, 3
READ_BACK, BY_HAND = "json, sha256 of what is read back", "json, sha256, executemany"
BUDGET = 2.5


def measure(folder: Path, records: int = RECORDS) -> Iterator[Result]:
    """Yield what verifying and restoring a register take against the same loops by hand.

    Args:
        folder: Where the files are made; the disk that is measured.
        records: How many records the register has; five events each.
    """
    with TemporaryDirectory(dir=folder) as made:
        place = Path(made)
        kept = forces.make(place / "kept.db", records)
        with Register.open(f"sqlite:///{kept}") as register:
            lines = (f"{line}\n" for line in register.export())
            (place / "kept.jsonl").write_text("".join(lines), "utf-8")
            events = register.position()
        rounds = [{side: _run(side, place) for side in _SIDES} for _ in range(ROUNDS)]
    times = {side: tuple(each[side][0] for each in rounds) for side in _SIDES}
    for what, ours, theirs in (
        ("verify", "verify", READ_BACK),
        ("verify --judge", "judge", READ_BACK),
        ("restore", "restore", BY_HAND),
    ):
        yield compare(f"{what} of {events:,} events", times, theirs, budget=BUDGET, ours=ours)
    peaks = {side: max(each[side][1] for each in rounds) for side in _SIDES}
    told = ", ".join(f"{side}: {peak:,.0f} MiB" for side, peak in peaks.items())
    print(f"a register of {events:,} events, the most memory held: {told}")


def verify(place: Path, *, judged: bool = False) -> None:
    """Verify the register.

    Raises:
        AssertionError: Something is found.
    """
    with Register.open(f"sqlite:///{place / 'kept.db'}") as register:
        given = register.store, register.documents, register.session
        found = verify_register(*given, judged=judged)
    assert found.discrepancies == (), found.discrepancies[:3]
    assert found.judged is judged


def restore(place: Path) -> None:
    """Restore the export into a new register file."""
    path = _anew(place / "restored.db")
    with Register.open(f"sqlite:///{path}") as register:
        register.restore(place / "kept.jsonl")


def read_back(place: Path) -> None:
    """Read the events back, parse each, encode it again and take its digest.

    Raises:
        AssertionError: One is not as it was kept.
    """
    with closing(sqlite3.connect(place / "kept.db")) as kept:
        rows = kept.execute("SELECT record, text, digest FROM events ORDER BY record, number")
        heads: dict[str, str] = {}
        for record, text, digest in rows:
            told = dumped(json.loads(text))
            heads[record] = sha256(f"{heads.get(record, '')}{told}".encode()).hexdigest()
            assert heads[record] == digest, record


def restore_by_hand(place: Path) -> None:
    """Keep in another file what the export tells, and the records that are made of it."""
    with closing(sqlite3.connect(place / "kept.db")) as kept:
        records = kept.execute("SELECT * FROM records").fetchall()
        events = kept.execute("SELECT * FROM events ORDER BY position").fetchall()
        changes = kept.execute("SELECT * FROM changes").fetchall()
    lines = (place / "kept.jsonl").read_text("utf-8").splitlines()
    told = [line for line in map(json.loads, lines) if line["kind"] == "event"]
    heads: dict[str, str] = {}
    rows = [
        chained(row, dumped(json.loads(line["text"])), heads)
        for row, line in zip(events, told, strict=True)
    ]
    with empty_file(_anew(place / "by-hand.db")) as target:
        keep_rows(
            target,
            records=[(*row[:-1], dumped(json.loads(row[-1]))) for row in records],
            events=rows,
            changes=changes,
        )


def _anew(path: Path) -> Path:
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()
    return path


_SIDES: Mapping[str, Callable[[Path], None]] = {
    "verify": verify,
    "judge": lambda place: verify(place, judged=True),
    "restore": restore,
    READ_BACK: read_back,
    BY_HAND: restore_by_hand,
}


def _run(side: str, place: Path) -> tuple[float, float]:
    """Do one side's work in a process of its own; return the seconds and the MiB it took."""
    command = [sys.executable, "-m", "bench.whole", side, str(place)]
    ran = subprocess.run(  # noqa: S603 - words of our own
        command, check=True, capture_output=True, text=True, env=as_installed()
    )
    seconds, peak = map(float, ran.stdout.split())
    return seconds, peak


def _main(side: str, place: Path) -> None:
    start = process_time()
    _SIDES[side](place)
    print(process_time() - start, most_held())


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
