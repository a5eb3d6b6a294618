"""The run of backups: one every second while eight processes act, each put back and looked through.

`make backups`, or `python -m bench.backups [--seconds N] [--every N] [URL …]`. The registers keep
their documents in a folder. Each backup must verify as a register of its own, without that folder,
and hold every act and letter that was acknowledged before it began.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from attrs import frozen

from bench.contention import PROCESSES, RECORDS, prepare
from peelflow import Backup, backup
from peelflow.errors import Conflict, StoreBusy
from peelflow.register.register import Register
from tests.builders.force import LIAISON, START, clock
from tests.builders.servers import servers

LETTER_EVERY = 5  # acts
PAUSE = 0.01  # seconds after each act, so that eight processes leave a machine room to verify


@frozen
class Acknowledged:
    """An act that the register said it had kept: of which record, when, and with which letter."""

    record: str
    key: str
    at: float
    letter: str | None


@frozen
class Tally:
    """What was counted; all of `faults` are told, none is good."""

    acknowledged: int
    backups: int
    events: int
    letters: int
    slowest: float
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.acknowledged} acts acknowledged meanwhile, {self.letters} with letters; "
            f"{self.backups} backups of up to {self.events} events, the slowest in "
            f"{self.slowest:.1f} s; faults {len(self.faults)}"
        )


def run(url: str, folder: Path, *, processes: int, seconds: float, every: float) -> Tally:
    """Let processes act, back the register up meanwhile, and look through each backup."""
    letters = folder / "letters"
    with Register.open(url, clock=clock, documents=letters) as register:
        prepare(register)
        with get_context("spawn").Pool(processes) as pool:
            asked = [(url, letters, number, seconds) for number in range(processes)]
            working = pool.starmap_async(act, asked, chunksize=1)
            taken = list[tuple[float, float, Backup]]()
            while not working.ready():
                begun = monotonic()
                made = backup(register, folder / f"backup-{len(taken)}")
                taken.append((begun, monotonic(), made))
                sleep(max(0.0, begun + every - monotonic()))
            told = [each for process in working.get() for each in process]
            pool.close()
            pool.join()
    letters.rename(folder / "letters that no backup may need")
    faults = [fault for begun, _, made in taken for fault in faults_of(made, begun, told)]
    return Tally(
        len(told),
        len(taken),
        max(made.events for *_, made in taken),
        sum(each.letter is not None for each in told),
        max(ended - begun for begun, ended, _ in taken),
        tuple(faults),
    )


def act(url: str, letters: Path, process: int, seconds: float) -> list[Acknowledged]:
    """Amend records by chance until the time is over, every fifth time with a letter."""
    random, until, done = Random(process), monotonic() + seconds, list[Acknowledged]()
    with Register.open(url, clock=clock, documents=letters) as register:
        for number in range(sys.maxsize):
            if monotonic() > until:
                return done
            record, key = random.choice(RECORDS), f"{process}-{number}"
            letter = key.encode() if number % LETTER_EVERY == 0 else None
            try:
                write(register, record, key, letter)
            except (Conflict, StoreBusy):
                continue
            digest = sha256(letter).hexdigest() if letter else None
            done.append(Acknowledged(record, key, monotonic(), digest))
            sleep(PAUSE)
    raise AssertionError  # no process has so much time


def write(register: Register, record: str, key: str, letter: bytes | None) -> None:
    """Give a record an owner, or a letter."""
    with register.batch() as batch:
        if letter is None:
            batch.amend(record, "owner", key, actor=LIAISON, on=START, reason="moves", key=key)
        else:
            document = batch.keep(letter, kind="letter", name="letter.txt")
            batch.attach(record, document, actor=LIAISON, on=START, key=key)


def faults_of(made: Backup, begun: float, told: Sequence[Acknowledged]) -> Iterator[str]:
    """Yield what is wrong with a backup that began at a moment."""
    with restored(made) as register:
        yield from (f"{made.path.name}: {finding}" for finding in register.verify())
        for each in told:
            if each.at < begun:
                if register.store.event_with_key(each.record, each.key) is None:
                    yield f"{made.path.name}: {each.key} of {each.record} is lost"
                elif each.letter and not register.documents.has_document(each.letter):
                    yield f"{made.path.name}: the letter of {each.key} is lost"


@contextmanager
def restored(made: Backup) -> Iterator[Register]:
    """Open a backup as a register: itself, or one in memory that it is restored into."""
    url = f"sqlite:///{made.path}" if made.is_register else "memory:"
    with Register.open(url, clock=clock) as register:
        if not made.is_register:
            register.restore(made.path)
        yield register


def main(args: Sequence[str]) -> int:
    """Run on each server, print the counts and faults, and say 1 if there are any."""
    parser = ArgumentParser(prog="backups", description=__doc__)
    parser.add_argument("urls", nargs="*", help="stores to run on, instead of servers of our own")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="how many act")
    parser.add_argument("--seconds", type=float, default=30, help="how long the processes act")
    parser.add_argument("--every", type=float, default=1, help="seconds between two backups")
    asked = parser.parse_args(args)
    faults: list[str] = []
    with servers(asked.urls) as found:
        for name, url in found.items():
            with TemporaryDirectory() as folder:
                options = {name: getattr(asked, name) for name in ("processes", "seconds", "every")}
                tally = run(url, Path(folder), **options)
            print(f"{name}: {tally}")
            faults += tally.faults
    print(*faults[:20], sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
