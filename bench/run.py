"""Run every benchmark and print one table: `make bench`, and what grows, how: `ARGS=--full`.

It is a measurement: a ratio over its budget is said, and the exit code is 0 all the same.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench import decision, durable, growth, imports, lists, postgres, proof, start, whole  # noqa: E402
from bench.table import facts, table  # noqa: E402

DRAWN = ROOT / "docs" / "performance"


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
        *start.measure(folder),
        *proof.measure(),
        *lists.measure(folder),
        *imports.measure(folder, imports.MANY if given.full else imports.ROWS),
        *whole.measure(folder, whole.MANY if given.full else whole.RECORDS),
    ]
    print()
    for line in table(results):
        print(line)
    if given.full:
        grown = list(growth.measure(folder))
        growth.keep(grown, DRAWN)
        for each in grown:
            print("", *each.lines(), sep="\n")


if __name__ == "__main__":
    main()
