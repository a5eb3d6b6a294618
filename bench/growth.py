"""What grows as a register does: with its records, with the events of one, with who writes at once.

`make bench ARGS=--full` measures it, draws it into docs/performance and keeps the figures as JSON.
A register of more than ten thousand records is made of copies of one that was acted into being:
their rows are read, moved and counted as any other, though no chain of a copy holds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter
from typing import Any

import vl_convert
from attrs import asdict, frozen

from bench import durable, forces
from peelflow import Register
from peelflow.stores.opening import upgrade_store
from tests.builders.servers import database, running

RECORDS = (1_000, 10_000, 100_000)
ACTED = 10_000  # records that are acted into being; of more there are copies
EVENTS = (10, 100, 1_000, 10_000)
WRITERS = (1, 2, 4, 8, 16)
SECONDS = 5.0  # for which writers write
TIMES = 5
AS_AT = date(2018, 6, 30)
WORKED = "WMP-0000"


@frozen
class Growth:
    """How one kind of work grows.

    Attributes:
        of: What grows.
        unit: What is measured, such as "milliseconds".
        values: For each kind of work, what it came to at each size.
    """

    of: str
    unit: str
    values: Mapping[str, Mapping[int, float]]

    def lines(self) -> Iterator[str]:
        """Yield it as the rows of a Markdown table."""
        sizes = sorted({size for found in self.values.values() for size in found})
        yield f"| {self.of}: {self.unit} | {' | '.join(f'{size:,}' for size in sizes)} |"
        yield f"|---|{'---|' * len(sizes)}"
        for what, found in self.values.items():
            yield f"| {what} | {' | '.join(f'{found[size]:,.2f}' for size in sizes)} |"


def measure(folder: Path, sizes: Sequence[int] = RECORDS) -> Iterator[Growth]:
    """Yield what grows with the records of a register, with the events of one, and with writers.

    Args:
        folder: Where the files are made; the disk that is measured.
        sizes: How many records.
    """
    with TemporaryDirectory(dir=folder) as made:
        acted = forces.make(Path(made) / "acted.db", min(ACTED, max(sizes)))
        files = {size: register_of(Path(made), acted, size) for size in sizes}
        worked = {size: _worked(path) for size, path in files.items()}
        names = next(iter(worked.values()))
        yield Growth(
            "records",
            "milliseconds",
            {name: {size: worked[size][name] for size in sizes} for name in names},
        )
        kept = {size: path.stat().st_size / size / 1024 for size, path in files.items()}
        yield Growth("records", "KiB a record, in a file", {"kept": kept})
        yield Growth("events of one record", "milliseconds", _by_events(Path(made) / "one.db"))
    yield Growth("writers on PostgreSQL", "acts kept a second", {"together": _by_writers()})


def register_of(folder: Path, acted: Path, size: int) -> Path:
    """Make a register of so many records: anew, or of copies."""
    if size < ACTED:
        return forces.make(folder / f"{size}.db", size)
    path = folder / f"{size}.db"
    with closing(sqlite3.connect(acted)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
        for number in range(1, size // ACTED):
            for table in ("records", "events", "changes"):
                target.execute(_copying(target, table, f"~{number}"))
        target.commit()
    return path


def _copying(connection: sqlite3.Connection, table: str, mark: str) -> str:
    """Return the statement that copies the records of a table that are no copies themselves."""
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    key = "id" if table == "records" else "record"
    said = {
        key: f"{key} || '{mark}'",
        "body": f"replace(body, {key}, {key} || '{mark}')",
        "text": f"replace(text, {key}, {key} || '{mark}')",
        "position": "NULL",
    }
    values = ", ".join(said.get(name, f'"{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    where = f"{key} LIKE 'R-%' AND {key} NOT LIKE '%~%'"
    return f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE {where}"


def _worked(path: Path) -> Mapping[str, float]:
    """Return how long each kind of work takes in a register."""
    with Register.open(f"sqlite:///{path}") as register:
        durable.fill(register)
        steps = iter(range(10**6))
        return {
            "one act, kept": _took(
                lambda: durable.propose_or_withdraw(register, next(steps)), times=8 * TIMES
            ),
            "one record and its history": _took(lambda: register.history("R-000001")),
            "figures now": _took(register.figures),
            "figures as at a day": _took(partial(register.figures, as_at=AS_AT)),
        }


def _took(work: Callable[[], object], times: int = TIMES) -> float:
    """Return the median of what some work takes, in milliseconds, after once to warm up."""
    work()
    return median(_once(work) for _ in range(times))


def _once(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return (perf_counter() - start) * 1000


def _by_events(path: Path) -> Mapping[str, Mapping[int, float]]:
    found: dict[str, dict[int, float]] = {"one act, kept": {}, "its history": {}}
    with Register.open(f"sqlite:///{path}") as register:
        durable.fill(register)
        for size in EVENTS:
            _walk_to(register, size)
            act = partial(_next_step, register, iter(range(1000)))
            found["one act, kept"][size] = _took(act, times=2 * TIMES - 1)
            found["its history"][size] = _took(lambda: register.history(WORKED))
    return found


def _walk_to(register: Register, size: int) -> None:
    """Act on one record until it has so many events, and stands where it stood."""
    left = (size - register.record(WORKED).number) // 2 * 2
    with register.batch() as batch:
        for number in range(left):
            _step(batch, number)


def _next_step(register: Register, numbers: Iterator[int]) -> object:
    return _step(register, next(numbers))


def _step(register: Any, number: int) -> object:
    return durable.propose_or_withdraw(register, number % 2 * durable.WALKED)


def _by_writers() -> Mapping[int, float]:
    """Return how many acts a second are kept by so many processes, each on records of its own."""
    with running() as server, database(server) as url:
        upgrade_store(url)
        with Register.open(url) as register:
            durable.fill(register)
        return {count: _written(url, count) for count in WRITERS}


def _written(url: str, count: int) -> float:
    context = get_context("spawn")
    ready, kept = context.Barrier(count), context.Queue()
    writers = [context.Process(target=_write, args=(url, n, ready, kept)) for n in range(count)]
    for writer in writers:
        writer.start()
    found: list[float] = [kept.get() for _ in writers]
    for writer in writers:
        writer.join()
    return sum(found)


def _write(url: str, place: int, ready: Any, kept: Any) -> None:
    """Act on one record once all are ready, and tell how many acts a second that were."""
    record, number = f"WMP-{300 + place:04}", 0
    with Register.open(url) as register:
        ready.wait()
        begun = monotonic()
        while monotonic() < begun + SECONDS:
            trigger = ("propose_not_applicable", "withdraw")[number % 2]
            reason = None if number % 2 else "no longer ours to do"
            register.fire(record, trigger, actor=durable.LIAISON, on=durable.DAY, reason=reason)
            number += 1
        if number % 2:
            register.fire(record, "withdraw", actor=durable.LIAISON, on=durable.DAY)
        kept.put(number / (monotonic() - begun))


def keep(found: Sequence[Growth], folder: Path) -> None:
    """Keep what was found as JSON, and as a picture of each growth."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps([asdict(growth) for growth in found], indent=1)
    (folder / "growth.json").write_text(f"{told}\n", "utf-8")
    for growth in found:
        name = f"{growth.of} {growth.unit}".replace(",", "").replace(" ", "-").lower()
        (folder / f"{name}.svg").write_text(vl_convert.vegalite_to_svg(_drawn(growth)), "utf-8")


def _drawn(growth: Growth) -> dict[str, Any]:
    """Return a growth in Vega-Lite, both axes in powers of ten."""
    values = [
        {"size": size, "value": value, "what": what}
        for what, found in growth.values.items()
        for size, value in found.items()
    ]
    axis: dict[str, Any] = {"type": "quantitative", "scale": {"type": "log"}}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 420,
        "height": 240,
        "background": "white",
        "data": {"values": values},
        "config": {"font": "DejaVu Sans, Arial, sans-serif"},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "size", "title": growth.of, **axis},
            "y": {"field": "value", "title": growth.unit, **axis},
            "color": {"field": "what", "type": "nominal", "title": None},
        },
    }
