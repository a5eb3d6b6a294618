"""Real commands killed with SIGKILL at a random moment: all or nothing, and run again they end.

`make crash`, or `python -m bench.killed_commands [--kills N] [--postgresql N]`. What `import` takes
from a sheet stands whole or not at all. `migrate`, `tick` and the import of an export go record by
record or event by event, and go on where they were cut off. `store upgrade` may be run again.
"""

from __future__ import annotations

import gzip
import os
import signal
import sys
import traceback
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import date
from io import StringIO
from pathlib import Path
from random import Random
from shutil import copyfile, copyfileobj
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import psycopg
from attrs import define, field, frozen
from sqlalchemy.engine import make_url

from bench.tamper import HMICFRS, LIAISON
from peelflow import PeelflowError, Register, load
from peelflow.cli.app import run
from tests.builders.servers import database, running

ROOT = Path(__file__).parents[1]
OLD = ROOT / "tests/registers/demo-sqlite"
REVIEWED = ROOT / "examples/custom_rules/committee_review"
ON = ("--on", "2026-06-01")
WHO = ("--actor", "liaison-officer", "--actor-role", "liaison_officer")
RECORDS = 60
FILL = (
    "".join(
        f"NEW-{number},recommendation,2,west-midlands,2022-12-16,lead,{HMICFRS.person},"
        f"{HMICFRS.role},liaison-officer,portal\n"
        for number in range(RECORDS)
    ),
    "record,category,level,force,issued,owner,actor,actor_role,recorded_by,source\n",
)
AS_BEFORE, AS_AFTER, BETWEEN, OTHERWISE = "as before", "as after", "between", "otherwise"
State = dict[str, tuple[tuple[str, date], ...]]
"""What happened to each record: the kinds of its events, with their days."""


@frozen
class Case:
    """A command, what the register holds before it, and whether it takes effect as one.

    Attributes:
        name: Its name in the counts.
        words: What is typed, but for where the register is.
        fill: Makes the register at a URL that has tables already.
        is_whole: Whether all of it is kept or none; else each record stands as before, as after,
            or as after some of its events.
        has_tables: Whether the register is there before it.
    """

    name: str
    words: tuple[str, ...]
    fill: Callable[[str], None]
    is_whole: bool = False
    has_tables: bool = True

    def typed(self, url: str) -> list[str]:
        """Return all that is typed."""
        return [*self.words, url] if not self.has_tables else [*self.words, "--register", url]


@define
class Tally:
    """What was counted; all but `kills` and what the killed commands left must stay empty."""

    kills: Counter[str] = field(factory=Counter)
    left: Counter[str] = field(factory=Counter)
    faults: list[str] = field(factory=list)

    def note(self, case: Case, left: str, fault: str | None) -> None:
        """Count a kill, how it left the register, and what was wrong."""
        self.kills[case.name] += 1
        self.left[left] += 1
        if fault is not None:
            self.faults.append(f"{case.name}: left {left}; {fault}")

    def __str__(self) -> str:
        kills = ", ".join(f"{name} {number}" for name, number in sorted(self.kills.items()))
        left = ", ".join(f"{name} {number}" for name, number in sorted(self.left.items()))
        counts = f"{self.kills.total()} kill -9 ({kills}), left {left}; faults {len(self.faults)}"
        return "\n  ".join([counts, *self.faults])


def cases(folder: Path) -> tuple[Case, ...]:
    """Return every command that is killed; `folder` takes the files it reads."""
    rows, head = FILL
    (folder / "sheet.csv").write_text(head + rows, "utf-8")
    with gzip.open(OLD / "export.jsonl.gz") as old, (folder / "old.jsonl").open("wb") as export:
        copyfileobj(old, export)
    plan = str(ROOT / "rules/versions/level-3-version-2.yaml")
    return (
        Case("import", ("import", str(folder / "sheet.csv")), lambda _: None, is_whole=True),
        Case("import of an export", ("import", str(folder / "old.jsonl")), lambda _: None),
        Case(
            "migrate",
            ("migrate", plan, "--apply", *WHO, *ON, "--reason", "new rules", "--source", "letter"),
            lambda url: _done(["import", str(folder / "old.jsonl"), "--register", url]),
        ),
        Case("tick", ("tick", *ON, "--rules", str(REVIEWED)), fill_timers),
        Case("store upgrade", ("store", "upgrade"), lambda _: None, has_tables=False),
    )


def fill_timers(url: str) -> None:
    """Make records on which time has something to do."""
    with Register.open(url, rulebook=load(REVIEWED)) as register, register.batch() as batch:
        for number in range(RECORDS):
            batch.add(
                f"TIMED-{number}",
                category="recommendation",
                level=2,
                force="west-midlands",
                issued=date(2024, 1, 9),
                fields={"owner": "lead"},
                actor=HMICFRS,
                recorded_by=LIAISON.person,
                source="portal",
            )
            batch.fire(f"TIMED-{number}", "start", actor=LIAISON, on=date(2024, 2, 1))


def _done(words: Sequence[str]) -> None:
    with redirect_stdout(StringIO()) as said:
        code = run(words)
    if code:
        raise RuntimeError(f"{' '.join(words)} ended with {code}: {said.getvalue()}")


def started(words: Sequence[str], said: Path) -> int:
    """Run a command in a process of its own, which has all modules already, and return that."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            printed = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(printed, 1)
            os.dup2(printed, 2)
            code = run(words)
        except BaseException:  # noqa: BLE001 (whatever comes is told by the run)
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)
    return child


def ended(child: int) -> int:
    """Wait for a process, and return its code, negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def state_of(url: str) -> State:
    """Return what happened to each record, after the register was verified."""
    with Register.open(url) as register:
        if found := list(register.verify()):
            raise ValueError(f"verify finds {found[0]}")
        return {
            record.id: tuple((event.kind, event.on) for event in events)
            for record, events in register.histories(list(register.records()))
        }


def look(case: Case, url: str, before: State, after: State) -> str:
    """Return how a killed command left the register: as before, as after, or between."""
    if not case.has_tables:
        try:
            return AS_AFTER if state_of(url) == after else OTHERWISE
        except PeelflowError:  # no tables yet, which it says in words
            return AS_BEFORE
    state = state_of(url)
    if state in (before, after):
        return AS_BEFORE if state == before else AS_AFTER
    fits = state.keys() >= before.keys() and all(
        len(events) >= len(before.get(name, ())) and after.get(name, ())[: len(events)] == events
        for name, events in state.items()
    )
    return BETWEEN if fits and not case.is_whole else OTHERWISE


@frozen
class Place:
    """Where a command runs.

    Attributes:
        fresh: Puts the register back as it was before the command, and returns its URL.
        settled: Waits until nothing works any more for a client that was killed.
        said: The file that takes what a command prints.
    """

    fresh: Callable[[], str]
    said: Path
    settled: Callable[[], None] = lambda: None


def try_case(case: Case, place: Place, kills: int, tally: Tally, random: Random) -> None:
    """Kill a command so many times, and run it again each time."""
    url = place.fresh()
    before = state_of(url) if case.has_tables else {}
    _done(case.typed(url))  # here, so that what it imports and reads is there for those to come
    begun, url = monotonic(), place.fresh()
    if code := ended(started(case.typed(url), place.said)):
        words = place.said.read_text("utf-8")
        raise RuntimeError(f"{case.name} ended with {code} though nobody killed it: {words}")
    lasts, after, done = monotonic() - begun, state_of(url), 0
    while done < kills:
        child = started(case.typed(url := place.fresh()), place.said)
        sleep(random.triangular(0, lasts, lasts))  # what it writes, it writes towards its end
        os.kill(child, signal.SIGKILL)
        if ended(child) != -signal.SIGKILL:  # it was quicker
            lasts *= 0.95
            continue
        done += 1
        place.settled()
        tally.note(case, *run_again(case, place, url, before, after))


def run_again(
    case: Case, place: Place, url: str, before: State, after: State
) -> tuple[str, str | None]:
    """Return how a killed command left the register, and what is wrong when it is run again."""
    left = OTHERWISE
    try:
        left = look(case, url, before, after)
        code = ended(started(case.typed(url), place.said))
        is_sound = left != OTHERWISE and state_of(url) == after
    except (PeelflowError, ValueError) as fault:
        return left, str(fault)
    if is_sound and (code == 0 or left == AS_AFTER):  # what is there already may be refused
        return left, None
    return left, f"run again it ended with {code}: {place.said.read_text('utf-8')}"


def on_sqlite(case: Case, folder: Path) -> Place:
    """Return what copies a register's file anew."""
    made, copied = folder / "made.db", folder / "run.db"
    scheme = "sqlite" if case.has_tables else "sqlite+pysqlite"
    made.unlink(missing_ok=True)
    if case.has_tables:
        Register.open(f"sqlite:///{made}").close()
        case.fill(f"sqlite:///{made}")

    def fresh() -> str:
        for path in folder.glob("run.db*"):
            path.unlink()
        if made.exists():
            copyfile(made, copied)
        return f"{scheme}:///{copied}"

    return Place(fresh, folder / "said.txt")


@contextmanager
def on_postgresql(case: Case, folder: Path, server: str) -> Iterator[Place]:
    """Give what makes a database anew from one that was filled once."""
    with database(server) as made, database(server) as copied:
        if case.has_tables:
            _done(["store", "upgrade", made])
            case.fill(made)
        origin, target = make_url(made).database, make_url(copied).database
        address = make_url(server).set(drivername="postgresql")
        with psycopg.connect(
            address.render_as_string(hide_password=False), autocommit=True
        ) as connection:

            def fresh() -> str:
                connection.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)".encode())
                connection.execute(f"CREATE DATABASE {target} TEMPLATE {origin}".encode())
                return copied

            def settled() -> None:
                asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
                while connection.execute(asked, [target]).fetchone() != (0,):
                    sleep(0.01)

            yield Place(fresh, folder / "said.txt", settled)


def main(args: Sequence[str]) -> int:
    """Kill every command on both stores, print the counts, and say 1 if anything was wrong."""
    parser = ArgumentParser(prog="killed_commands", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many on SQLite")
    parser.add_argument("--postgresql", type=int, default=200, help="how many on PostgreSQL")
    asked = parser.parse_args(args)
    sqlite, postgresql, random = Tally(), Tally(), Random(1)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        every = cases(folder)
        for case in every:
            kills = -(-asked.kills // len(every))
            try_case(case, on_sqlite(case, folder), kills, sqlite, random)
        print(f"commands on SQLite: {sqlite}", flush=True)
        if asked.postgresql:
            with running() as server:
                for case in every:
                    kills = -(-asked.postgresql // len(every))
                    with on_postgresql(case, folder, server) as place:
                        try_case(case, place, kills, postgresql, random)
            print(f"commands on PostgreSQL: {postgresql}", flush=True)
    return 1 if sqlite.faults or postgresql.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
