"""Fifty clients of the example application at once: what it answers, and what it kept of it.

`make clients`, or `python -m bench.clients [--clients N] [--seconds N] [URL …]`. Nothing may end
as an error of the server's, and each act that was acknowledged must be in the register, once.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random
from time import monotonic, sleep

import httpx
from attrs import define, field

from bench.tamper import HMICFRS, LIAISON
from peelflow import Register
from peelflow.stores.opening import upgrade_store
from tests.builders.servers import servers

APPLICATION = Path(__file__).parents[1] / "examples/force_app"
RECORDS = tuple(f"WMP-{number}" for number in range(1, 41))
LOOKS = ("/records", "/figures", *(f"/records/{record}" for record in RECORDS))
ACTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("start", "liaison", {}),
    ("propose_not_applicable", "liaison", {"reason": "no longer ours"}),
    ("withdraw", "liaison", {}),
    ("close", "chief", {"signed_by": "chief-constable", "signed_on": "2023-01-09"}),
    ("reopen", "hmicfrs", {"reason": "not so", "source": "portal"}),
)
ON = "2023-01-09"


@define
class Tally:
    """What was answered, by what was asked and the code, and which acts were acknowledged."""

    answers: Counter[tuple[str, int]] = field(factory=Counter)
    acknowledged: dict[str, tuple[str, int]] = field(factory=dict)
    lost: int = 0
    doubled: int = 0
    findings: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether the server never failed, and all it acknowledged is there once."""
        failed = sum(number for (_, code), number in self.answers.items() if code == 500)
        return not (failed or self.lost or self.doubled or self.findings) and bool(
            self.acknowledged
        )

    def __str__(self) -> str:
        answers = ", ".join(
            f"{what} {code}: {number:,}" for (what, code), number in sorted(self.answers.items())
        )
        return (
            f"{answers}; {len(self.acknowledged):,} acts acknowledged, lost {self.lost}, "
            f"kept twice {self.doubled}, findings of verify {self.findings}"
        )


def fill(url: str) -> None:
    """Make the records that the clients act on."""
    upgrade_store(url)
    with Register.open(url) as register, register.batch() as batch:
        batch.appoint(
            "chief-constable",
            "chief_constable",
            force="wmp",
            first_day=date(2022, 1, 1),
            actor=LIAISON,
        )
        for record in RECORDS:
            batch.add(
                record,
                category="recommendation",
                level=2,
                force="wmp",
                issued=date(2022, 12, 16),
                fields={"owner": "lead-3"},
                actor=HMICFRS,
                recorded_by="liaison-officer-1",
                source="portal",
            )


@contextmanager
def served(url: str) -> Iterator[str]:
    """Start the application as a person would, and give its address when it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)]
    told = {**os.environ, "FORCE_APP_DATABASE": url}
    folders = (str(APPLICATION), os.environ.get("PYTHONPATH", ""))
    told["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    address = f"http://127.0.0.1:{port}"
    words += ["--log-level", "critical"]
    with subprocess.Popen(words, env=told) as process:  # noqa: S603 (words of our own)
        try:
            while process.poll() is None and not _answers(address):
                sleep(0.1)
            yield address
        finally:
            process.kill()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/figures", headers={"X-User": "lead"}).is_success
    except httpx.TransportError:
        return False


def client(address: str, name: int, until: float) -> Tally:
    """Look and act at random until then; ask again, under the same key, where it is busy."""
    random, tally, asked = Random(name), Tally(), 0
    with httpx.Client(base_url=address, timeout=60) as connection:
        while monotonic() < until:
            if random.random() < 0.5:
                found = connection.get(random.choice(LOOKS), headers={"X-User": "lead"})
                tally.answers["look", found.status_code] += 1
                continue
            asked += 1
            _act(connection, random, f"{name}-{asked}", tally)
    return tally


def _act(connection: httpx.Client, random: Random, key: str, tally: Tally) -> None:
    record, (trigger, user, form) = random.choice(RECORDS), random.choice(ACTS)
    task = {"task": f"task {key}"} if random.random() < 0.5 else {}
    letter = {"letter": ("letter.txt", f"letter {key}".encode())} if trigger == "close" else None
    for _ in range(5):
        answer = connection.post(
            f"/records/{record}/acts/{trigger}",
            data={"on": ON, **form, **task},
            files=letter,
            headers={"X-User": user, "Idempotency-Key": key},
        )
        tally.answers["act", answer.status_code] += 1
        if answer.status_code != 503:
            break
        sleep(float(answer.headers["Retry-After"]) * random.random())
    if answer.status_code == 200:
        tally.acknowledged[key] = record, answer.json()["event"]


def hold(url: str, tally: Tally) -> None:
    """Hold what was acknowledged against the register, and verify it."""
    with Register.open(url) as register:
        kept = Counter[tuple[str, str, int]]()
        for item in register.feed():
            event = item.entry.event
            if event.key is not None:
                kept[event.key, event.record, event.number] += 1
        tally.findings = len(list(register.verify()))
    tally.lost = sum((key, *place) not in kept for key, place in tally.acknowledged.items())
    keys = Counter(key for key, *_ in kept.elements())
    tally.doubled = sum(number > 1 for number in keys.values())


def run(url: str, *, clients: int, seconds: float) -> Tally:
    """Serve the application on a database, let clients at it, and count."""
    fill(url)
    tally = Tally()
    with served(url) as address, ThreadPoolExecutor(clients) as pool:
        until = monotonic() + seconds
        for done in [pool.submit(client, address, name, until) for name in range(clients)]:
            tally.answers += done.result().answers
            tally.acknowledged |= done.result().acknowledged
    hold(url, tally)
    return tally


def main(args: Sequence[str]) -> int:
    """Run on each server, print the counts, and say 1 if anything was wrong."""
    parser = ArgumentParser(prog="clients", description=__doc__)
    parser.add_argument("urls", nargs="*", help="databases to run on, instead of servers of ours")
    parser.add_argument("--clients", type=int, default=50, help="how many at once")
    parser.add_argument("--seconds", type=float, default=30, help="how long they go on")
    asked = parser.parse_args(args)
    sound = True
    with servers(asked.urls) as found:
        for name, url in found.items():
            database = url.replace("sqlite:", "sqlite+pysqlite:", 1)
            tally = run(database, clients=asked.clients, seconds=asked.seconds)
            print(f"{name}, {asked.clients} clients for {asked.seconds:.0f} s: {tally}", flush=True)
            sound &= tally.is_sound
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
