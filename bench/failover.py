"""The run of failover: the server that is written to is killed twenty times, under load.

`make failover`, or `python -m bench.failover PATRONI [--kills N] [--writers N]`. Writers amend
records, one or two in a batch, each act with a key; where an answer is lost they repeat it under
its key. Every other time the server alone is killed, and else all that runs beside it. In the end
every acknowledged act must be there once, each batch whole, and the feed that a follower read
meanwhile must be the feed there is, without a gap.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from multiprocessing import get_context
from random import Random
from statistics import median
from threading import Barrier, Event
from time import monotonic, sleep

from attrs import field, frozen

from bench.failover_cluster import Cluster, cluster
from peelflow.errors import AnswerLost, Conflict, StoreBusy, StoreUnavailable
from peelflow.register.register import Register
from peelflow.stores.base import FeedItem
from peelflow.stores.opening import upgrade_store
from peelflow.testing.audit import audit
from tests.builders.force import FORCE, LIAISON, clock

RECORDS = tuple(f"AFI-{number:02}" for number in range(20))
DAY = date(2022, 12, 16)
AGAIN, PAUSE = 0.05, 0.02  # seconds: before what found no server is tried again, after each act
BEGIN_WITHIN = 120  # seconds until every writer writes
MEANWHILE = 2  # seconds of acts before each kill


@frozen
class Told:
    """One act: its key, its records, how long until it was settled, and what came in between.

    Attributes:
        answer: `kept`, or `conflict` where others were first.
        lost: How often its answer was lost.
        unavailable: How often no server took it.
    """

    key: str
    records: tuple[str, ...]
    answer: str
    seconds: float
    lost: int
    unavailable: int


@frozen
class Followed:
    """What a follower of the feed read, in the order it came."""

    items: tuple[FeedItem, ...] = field(repr=False)


@frozen
class Failover:
    """What was counted; all of `faults` are told, none is good."""

    kills: int
    elected: tuple[float, ...]
    told: tuple[Told, ...] = field(repr=False)
    followed: int
    faults: tuple[str, ...]

    def __str__(self) -> str:
        kept = [each for each in self.told if each.answer == "kept"]
        waits = sorted(each.seconds for each in self.told if each.lost or each.unavailable)
        asked_again = sum(1 for each in self.told if each.lost)
        return (
            f"{self.kills} primaries killed, another elected after {median(self.elected):.1f} s "
            f"(at most {max(self.elected):.1f}); {len(kept)} acts acknowledged of "
            f"{len(self.told)}, {asked_again} of them after an answer that was lost; "
            f"{len(waits)} acts waited for a server, half of them {median(waits or [0]):.1f} s, "
            f"at most {max(waits, default=0):.1f} s; a follower read {self.followed} events; "
            f"faults {len(self.faults)}"
        )


def run(servers: Cluster, *, kills: int, writers: int) -> Failover:
    """Kill the primary again and again while writers write and a follower follows."""
    upgrade_store(servers.url)
    with Register.open(servers.url, clock=clock) as register, register.batch() as batch:
        for record in RECORDS:
            batch.add(record, category="afi", level=3, force=FORCE, issued=DAY, actor=LIAISON)
    context = get_context("spawn")
    with context.Manager() as manager, context.Pool(writers + 1) as pool:
        over, begun = manager.Event(), manager.Barrier(writers + 1)
        asked = [(servers.url, number, over, begun) for number in range(writers)]
        working = pool.starmap_async(write, asked, chunksize=1)
        following = pool.apply_async(follow, (servers.url, over))
        begun.wait(BEGIN_WITHIN)
        elected = tuple(_killed(servers, alone=number % 2 == 1) for number in range(kills))
        over.set()
        told = tuple(each for process in working.get() for each in process)
        followed = following.get()
    with Register.open(servers.url, clock=clock) as register:
        faults = tuple(judged(register, told, followed))
    return Failover(kills, elected, told, len(followed.items), faults)


def _killed(servers: Cluster, *, alone: bool) -> float:
    """Kill the primary when all is whole; return how long until another was there."""
    servers.wait()
    sleep(MEANWHILE)
    primary = servers.primary()
    if primary is None:
        return _killed(servers, alone=alone)
    servers.kill(primary, alone=alone)
    seconds = servers.wait(other_than=primary)
    if not alone:
        servers.start(primary)
    what = "its server was killed" if alone else "it lost power"
    print(f"{primary.name}: {what}; another leads after {seconds:.1f} s", flush=True)
    return seconds


def write(url: str, writer: int, over: Event, begun: Barrier) -> list[Told]:
    """Amend one record or two, again and again, until it is over."""
    random, told, register = Random(writer), list[Told](), _opened(url)
    begun.wait(BEGIN_WITHIN)
    while not over.is_set():
        names = tuple(sorted(random.sample(RECORDS, random.choice((1, 1, 2)))))
        told.append(settled(register, names, f"{writer}-{len(told)}"))
        sleep(PAUSE)
    return told


def _opened(url: str) -> Register:
    while True:
        try:
            return Register.open(url, clock=clock)
        except StoreUnavailable:
            sleep(AGAIN)


def settled(register: Register, names: tuple[str, ...], key: str) -> Told:
    """Amend records in one batch; repeat it under its key until what became of it is known."""
    begun, counts = monotonic(), Counter[str]()
    while True:
        try:
            with register.batch() as batch:
                for name in names:
                    batch.amend(
                        name, "owner", key, actor=LIAISON, on=DAY, reason="takes over", key=key
                    )
        except AnswerLost:
            counts["lost"] += 1
        except (StoreUnavailable, StoreBusy):
            counts["unavailable"] += 1
            sleep(AGAIN)
        except Conflict:
            answer = "conflict"
            break
        else:
            answer = "kept"
            break
    seconds = monotonic() - begun
    return Told(key, names, answer, seconds, counts["lost"], counts["unavailable"])


def follow(url: str, over: Event) -> Followed:
    """Read the feed as it grows, until it is over and nothing more comes."""
    register, seen = _opened(url), list[FeedItem]()
    while True:
        try:
            page = register.store.feed(len(seen), 200)
        except StoreUnavailable:
            sleep(AGAIN)
            continue
        seen += page
        if not page:
            if over.is_set():
                return Followed(tuple(seen))
            sleep(AGAIN)


def judged(register: Register, told: Sequence[Told], followed: Followed) -> Iterator[str]:
    """Hold what the writers and the follower were told against what is kept."""
    yield from (f"{each.kind}: {each.what}" for each in audit(register.store))
    yield from map(str, register.verify())
    kept = Counter(
        (name, entry.event.key) for name in RECORDS for entry in register.store.history(name)
    )
    for each in told:
        times = [kept.pop((name, each.key), 0) for name in each.records]
        wanted = 1 if each.answer == "kept" else 0
        if times != [wanted] * len(each.records):
            yield f"{each.key} on {each.records}: {each.answer}, and there {times} times"
    yield from (f"{name}: {key!r} nobody was told of" for name, key in kept if key is not None)
    now: list[FeedItem] = []
    while page := register.store.feed(len(now), 500):
        now += page
    if [item.position for item in now] != list(range(1, len(now) + 1)):
        yield "the feed has a gap"
    if list(followed.items) != now[: len(followed.items)]:
        yield "the follower read another feed than there is"


def main(args: Sequence[str]) -> int:
    """Run, print the counts and faults, and say 1 if there are any."""
    parser = ArgumentParser(prog="failover", description=__doc__)
    parser.add_argument("patroni", help="the command `patroni`")
    parser.add_argument("--kills", type=int, default=20, help="how often the primary is killed")
    parser.add_argument("--writers", type=int, default=4)
    asked = parser.parse_args(args)
    with cluster(asked.patroni) as servers:
        told = run(servers, kills=asked.kills, writers=asked.writers)
    print(told)
    print(*told.faults[:20], sep="\n", end="\n" if told.faults else "")
    return 1 if told.faults or not told.told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
