"""The contention run: eight processes on fifty records, and parents raced against their children.

`make contention`, or `python -m bench.contention [--acts N] [--races N] [URL …]`.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from multiprocessing import get_context
from random import Random
from time import monotonic, monotonic_ns

from attrs import frozen

from bench.linear import Act, faults_in
from bench.racing import race_families
from peelflow.errors import Conflict, StoreBusy
from peelflow.register.register import Register
from peelflow.stores.base import FeedItem, Store
from peelflow.testing.audit import audit, feed_faults
from tests.builders.force import FORCE, LIAISON, START, clock
from tests.builders.servers import servers

PROCESSES = 8
RECORDS = tuple(f"AFI-{number:02}" for number in range(50))


@frozen
class Told:
    """What one act came to: the numbers it wrote or saw, its key, and whether it was accepted."""

    record: str
    key: str
    result: str
    acts: tuple[Act, ...]


@frozen
class Contention:
    """What was counted; all of `faults` are told, none is good."""

    accepted: int
    conflicts: int
    busy: int
    followed: int
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.accepted + self.conflicts + self.busy} acts, {self.accepted} accepted once, "
            f"{self.conflicts} refused as Conflict, {self.busy} as StoreBusy, with nothing kept; "
            f"a live follower saw {self.followed} events; faults {len(self.faults)}"
        )


def contend(url: str, acts: int) -> Contention:
    """Let eight processes do `acts` each on fifty records, follow the feed, and check it all."""
    with Register.open(url, clock=clock) as register:
        prepare(register)
        begun = len(RECORDS)
        with get_context("spawn").Pool(PROCESSES) as pool:
            asked = [(url, number, acts) for number in range(PROCESSES)]
            working = pool.starmap_async(act_on, asked, chunksize=1)
            seen: list[FeedItem] = []
            while not working.ready():
                seen += register.store.feed(len(seen), 200)
            told = [each for process in working.get() for each in process]
            pool.close()
            pool.join()
        while page := register.store.feed(len(seen), 200):
            seen += page
        return judged(register.store, told, seen, begun)


def prepare(register: Register) -> None:
    """Add the records in one batch."""
    with register.batch() as batch:
        for record in RECORDS:
            batch.add(record, category="afi", level=3, force=FORCE, issued=START, actor=LIAISON)


def act_on(url: str, process: int, acts: int) -> list[Told]:
    """Amend records by chance, never again after a refusal; return what each act came to."""
    random = Random(process)
    with Register.open(url, clock=clock) as register:
        return [
            amend(register, random.choice(RECORDS), f"{process}-{number}") for number in range(acts)
        ]


def amend(register: Register, record: str, key: str) -> Told:
    """Give a record an owner of its own; return when the act began and ended, and what it saw."""
    begun = monotonic_ns()
    try:
        event = register.amend(
            record, "owner", key, actor=LIAISON, on=START, reason="takes over", key=key
        )
    except Conflict as refused:
        ended = monotonic_ns()
        numbers = (refused.expected, refused.found)
        saw = tuple(Act(begun, ended, "saw", number) for number in numbers)
        return Told(record, key, "conflict", saw)
    except StoreBusy:
        return Told(record, key, "busy", ())
    return Told(record, key, "accepted", (Act(begun, monotonic_ns(), "wrote", event.number),))


def judged(store: Store, told: Sequence[Told], seen: Sequence[FeedItem], begun: int) -> Contention:
    """Hold what the processes were told against what the store kept and the follower saw."""
    faults = [f"{each.kind}: {each.what}" for each in audit(store)]
    kept = {name: store.history(name) for name in RECORDS}
    events = {(name, entry.event.number) for name in RECORDS for entry in kept[name]}
    faults += [f"follower: {each.what}" for each in feed_faults(tuple(seen), events)]
    keys = Counter(
        (name, entry.event.key) for name in RECORDS for entry in kept[name] if entry.event.key
    )
    accepted = Counter((each.record, each.key) for each in told if each.result == "accepted")
    if keys != accepted:
        faults.append(f"kept and acknowledged differ by {(keys - accepted) + (accepted - keys)}")
    for name in RECORDS:
        acts = [act for each in told if each.record == name for act in each.acts]
        faults += [f"{name}: {fault}" for fault in faults_in(acts, start=1)]
    counts = Counter(each.result for each in told)
    if len(events) != begun + counts["accepted"]:
        faults.append(f"{len(events)} events stand where {begun + counts['accepted']} should")
    return Contention(
        counts["accepted"], counts["conflict"], counts["busy"], len(seen), tuple(faults)
    )


def main(args: Sequence[str]) -> int:
    """Run on each server, print the counts and faults, and say 1 if there are any."""
    parser = ArgumentParser(prog="contention", description=__doc__)
    parser.add_argument("urls", nargs="*", help="stores to run on, instead of servers of our own")
    parser.add_argument("--acts", type=int, default=500, help="how many each process does")
    parser.add_argument("--races", type=int, default=1000, help="how many families are raced")
    asked = parser.parse_args(args)
    faults: list[str] = []
    with servers(asked.urls) as found:
        for name, url in found.items():
            begun = monotonic()
            contention = contend(url, asked.acts)
            print(f"{name}: {contention} ({monotonic() - begun:.0f} s)")
            begun = monotonic()
            races = race_families(url, asked.races)
            print(f"{name}: {races} ({monotonic() - begun:.0f} s)")
            faults += [*contention.faults, *races.faults]
    print(*faults[:20], sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
