"""One bit of a register's file flipped at random, many times: found, or nothing reads otherwise.

`make tamper`, or `python -m bench.bit_flips [FLIPS]`. Each flip is made in a fresh copy. `verify`
finds it, or the file says in words that it cannot be opened; else every command that reads must
print what it printed before.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import date
from io import StringIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from attrs import define, field

from bench.tamper import LIAISON, fill
from peelflow import Register
from peelflow.cli.app import run

RECORDS = 6
FOUND, TOLD, SAME, MISSED = "found by verify", "told in words", "read the same", "missed"
ON = ("--on", "2026-06-01")
READINGS = (
    ("list", "--format", "json"),
    ("list", "--force", "west-midlands", "--level", "3", "--format", "csv"),
    ("search", "letter"),
    ("figures",),
    ("figures", "--as-at", "2023-01-31"),
    ("figures", "--by", "owner"),
    ("movement", "--after", "2022-12-31", "--until", "2023-03-30"),
    ("overdue", *ON),
    ("due", *ON),
    ("ages", *ON),
    ("plan", *ON),
    ("feed",),
)


@define
class Tally:
    """What came of each flip; `missed` and `crashed` say at which bit, and what."""

    outcomes: Counter[str] = field(factory=Counter)
    missed: list[str] = field(factory=list)
    crashed: list[str] = field(factory=list)

    def __str__(self) -> str:
        counts = ", ".join(f"{outcome} {n:,}" for outcome, n in sorted(self.outcomes.items()))
        bits = f"{self.outcomes.total():,} bits flipped: {counts}; errors {len(self.crashed)}"
        return "\n  ".join([bits, *self.missed, *self.crashed])


def make(path: Path, records: int) -> bytes:
    """Make a register with an inspection to plan with, and return its file."""
    fill(path, records)
    with Register.open(f"sqlite:///{path}") as register:
        register.add(
            "INSPECTION-1",
            category="inspection",
            force="west-midlands",
            issued=date(2023, 1, 9),
            fields={
                "kind": "planned",
                "first_day": date(2026, 7, 1),
                "last_day": date(2026, 7, 9),
                "questions": ["7"],
            },
            actor=LIAISON,
        )
    return path.read_bytes()


def readings(path: Path, records: int) -> Iterator[tuple[int, str]]:
    """Yield how each command that reads ends on a register, and what it prints."""
    for words in READINGS:
        yield _ran(*words, path=path)
    for number in range(records):
        record = f"WMP-{number:04}"
        yield _ran("show", record, path=path)
        yield _ran("route", record, "--to", "closed", *ON, path=path)
    export = path.with_suffix(".jsonl")
    yield _ran("export", str(export), "--replace", path=path)
    yield 0, export.read_text("utf-8")


def _ran(*words: str, path: Path) -> tuple[int, str]:
    with redirect_stdout(StringIO()) as said, redirect_stderr(said):
        code = run([*words, "--register", str(path)])
    return code, said.getvalue()


def outcome_of(path: Path, before: list[tuple[int, str]], records: int) -> str:
    """Return what came of a flip in the file at a path."""
    code, _ = _ran("verify", path=path)
    if code:
        return FOUND if code == 1 else TOLD
    return SAME if list(readings(path, records)) == before else MISSED


def flipped(content: bytes, bit: int) -> bytes:
    """Return a file's content with one bit turned over."""
    turned = bytearray(content)
    turned[bit // 8] ^= 1 << bit % 8
    return bytes(turned)


def flip_bits(folder: Path, flips: int, *, records: int = RECORDS, seed: int = 1) -> Tally:
    """Flip so many bits at random, each in a fresh copy of a register of so many records."""
    path = folder / "register.db"
    content = make(path, records)
    before = list(readings(path, records))
    if any(code for code, _ in before):
        raise RuntimeError(f"a command refuses what nobody changed: {before}")
    random, tally = Random(seed), Tally()
    for bit in (random.randrange(len(content) * 8) for _ in range(flips)):
        for left in folder.glob("register.db*"):
            left.unlink()
        path.write_bytes(flipped(content, bit))
        try:
            outcome = outcome_of(path, before, records)
        except Exception as error:  # noqa: BLE001 (whatever comes is what the run looks for)
            outcome = "an error"
            tally.crashed.append(f"bit {bit}: {error!r}")
        tally.outcomes[outcome] += 1
        if outcome == MISSED:
            tally.missed.append(f"bit {bit} changes what is read, and verify finds nothing")
    return tally


def main(arguments: Sequence[str]) -> int:
    """Flip 1,000 bits, or as many as asked for, and print what came of them."""
    parser = ArgumentParser(prog="bench.bit_flips", description=__doc__)
    parser.add_argument("flips", nargs="?", type=int, default=1_000, help="how many bits")
    with TemporaryDirectory() as folder:
        tally = flip_bits(Path(folder), parser.parse_args(arguments).flips)
    sys.stdout.write(f"{tally}\n")
    return 1 if tally.missed or tally.crashed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
