"""The crash run: writers killed with SIGKILL, at every sync point and at random; nothing is lost.

`make crash`, or `python -m bench.crash [--kills N] [URL …]`.
"""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser
from collections import deque
from collections.abc import Sequence
from hashlib import sha256
from random import Random
from time import monotonic

from attrs import define, evolve, frozen

from peelflow.stores.base import Store
from peelflow.testing.audit import AuditFault, audit
from peelflow.testing.samples import change, next_batch
from peelflow.testing.worker import (
    DEFAULT_OPENER,
    AtPoint,
    at_sync_points,
    open_with,
    sync_points_of,
)
from tests.builders.servers import servers

WRITERS = 2
EVERY = 20  # rounds between two looks at everything
GROUP = ("a", "b", "c")


@frozen
class Plan:
    """How one writer is to die: at the n-th time of a point, or from outside, some work after n."""

    names: tuple[str, ...]
    point: str | None
    nth: int
    work: int


@define
class Tally:
    """What was counted: all but kills, acknowledged and batches must stay 0."""

    kills: int = 0
    at_points: int = 0
    acknowledged: int = 0
    lost: int = 0
    half: int = 0
    unasked: int = 0
    chain: int = 0
    feed: int = 0
    rows: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost, halved or broken."""
        counts = (self.lost, self.half, self.unasked, self.chain, self.feed, self.rows)
        return not any(counts)

    def note(self, findings: Sequence[AuditFault]) -> None:
        """Count what an audit found."""
        for each in findings:
            self.chain += each.kind == "chain"
            self.feed += each.kind == "feed"
            self.rows += each.kind in ("row", "document")

    def __str__(self) -> str:
        return (
            f"{self.kills} kill -9 ({self.at_points} at a sync point, "
            f"{self.kills - self.at_points} at random), {self.acknowledged} events acknowledged: "
            f"acknowledged events and documents lost {self.lost}, half batches {self.half}, "
            f"batches nobody asked for {self.unasked}, chain breaks {self.chain}, "
            f"feed gaps {self.feed}, rows that do not recompute {self.rows}"
        )


def crash_run(url: str, kills: int, *, opener: str = DEFAULT_OPENER, seed: int = 1) -> Tally:
    """Kill that many writers on the store at `url`, two at a time, and count what came of it."""
    random, tally, turn = Random(seed), Tally(), 0
    points = points_of(opener, url)
    while tally.kills < kills:
        plans = []
        for writer in range(min(WRITERS, kills - tally.kills)):
            names = tuple(f"{turn}-{writer}-{name}" for name in GROUP)
            chosen = (turn * WRITERS + writer) % (len(points) * 2)
            point = points[chosen // 2] if chosen % 2 else None
            plans.append(Plan(names, point, random.randint(1, 8), random.randint(0, 60_000)))
        writers = [start(opener, url, plan) for plan in plans]
        told = [ended(*writer, plan) for writer, plan in zip(writers, plans, strict=True)]
        count(opener, url, tally, plans, told)
        turn += 1
        if turn % EVERY == 0 or tally.kills >= kills:
            look_at_everything(opener, url, tally)
    return tally


def points_of(opener: str, url: str) -> tuple[str, ...]:
    """Return the sync points of a store, which is made if need be."""
    store = open_with(opener, url)
    try:
        return sync_points_of(store)
    finally:
        store.close()


def start(opener: str, url: str, plan: Plan) -> tuple[int, int]:
    """Start a writer in a process of its own; return it, and where it acknowledges."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write(open_with(opener, url), plan, writing)
        finally:
            os._exit(1)  # a writer that was not killed
    os.close(writing)
    return child, reading


def write(store: Store, plan: Plan, acknowledging: int) -> None:
    """Append batches with keys, changes and documents over three records, until killed."""
    with at_sync_points(store, AtPoint(plan.point or "", nth=plan.nth)):
        while True:
            number = len(store.history(plan.names[0])) + 1
            event_parts = {"key": f"k{number}", "changes": (change(),)}
            together = next_batch(store, plan.names, **event_parts)
            store.append(evolve(together, documents=letter(plan, number)))
            os.write(acknowledging, b".")


def letter(plan: Plan, number: int) -> dict[str, bytes]:
    """Return the document that comes with a writer's n-th batch, by its digest."""
    content = f"letter {number} of {plan.names[0]}".encode()
    return {sha256(content).hexdigest(): content}


def ended(child: int, acknowledging: int, plan: Plan) -> int:
    """Kill the writer if it does not do so itself; return how many batches it acknowledged."""
    told = 0
    while said := os.read(acknowledging, 1 if plan.point is None else 4096):
        told += len(said)
        if plan.point is None and told >= plan.nth:
            deque(range(plan.work), maxlen=0)  # so that it dies anywhere in its next batch
            os.kill(child, signal.SIGKILL)
            plan = evolve(plan, work=0)
    os.close(acknowledging)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != -signal.SIGKILL:
        raise RuntimeError(f"a writer ended by itself with {code}")
    return told


def count(opener: str, url: str, tally: Tally, plans: Sequence[Plan], told: Sequence[int]) -> None:
    """Open the store again and hold each writer's records against what it acknowledged."""
    store = open_with(opener, url)
    for plan, batches in zip(plans, told, strict=True):
        lengths = [len(store.history(name)) for name in plan.names]
        tally.kills += 1
        tally.at_points += plan.point is not None
        tally.acknowledged += batches * len(GROUP)
        tally.lost += sum(max(batches - length, 0) for length in lengths)
        letters = [letter(plan, number) for number in range(1, batches + 1)]
        tally.lost += sum(store.document(each) != kept[each] for kept in letters for each in kept)
        tally.half += len(set(lengths)) > 1
        tally.unasked += max(lengths) > batches + 1
    store.close()


def look_at_everything(opener: str, url: str, tally: Tally) -> None:
    """Recompute everything the store keeps, and read its feed."""
    store = open_with(opener, url)
    tally.note(audit(store))
    store.close()


def main(args: Sequence[str]) -> int:
    """Run on each server, print the counts, and say 1 if anything was lost."""
    parser = ArgumentParser(prog="crash", description=__doc__)
    parser.add_argument("urls", nargs="*", help="stores to run on, instead of servers of our own")
    parser.add_argument("--kills", type=int, default=600, help="how many in all")
    parser.add_argument(
        "--opener", default=DEFAULT_OPENER, help="what opens them, as `module:function`"
    )
    asked = parser.parse_args(args)
    sound = True
    with servers(asked.urls) as found:
        for name, url in found.items():
            begun = monotonic()
            tally = crash_run(url, -(-asked.kills // len(found)), opener=asked.opener)
            print(f"{name}: {tally} ({monotonic() - begun:.0f} s)")
            sound &= tally.is_sound
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
