"""One durable step: an act decided and kept in an SQLite file, synchronised in full.

The baseline is what one would write by hand with `sqlite3` alone: read the record's row; then, in
one transaction, check its number in the UPDATE that moves it, and insert the same rows. The bytes
are the same, ready beforehand: the files are compared when the run has ended.

A second baseline, without a budget, reads the record and makes these bytes too, with `json` and
`hashlib`: what any program that keeps such a history has to do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import frozen

from bench.rounds import Result, compare, interleaved
from peelflow import Actor, Register
from peelflow.stores.base import WriteBatch
from peelflow.stores.memory import MemoryStore
from peelflow.stores.rows import BatchRows, batch_rows
from peelflow.stores.sqlite_file import APPLICATION_ID, TABLES

RAW, ENCODING = "raw sqlite3, same bytes", "raw sqlite3, json, sha256"
RECORDS, WALKED, ROUNDS, STEPS = 400, 40, 60, 20
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = date(2023, 3, 1)
HMICFRS = Actor("hmicfrs-portal", "hmicfrs")
LIAISON = Actor("liaison-officer", "liaison_officer")
CHIEF = Actor("chief-constable", "chief_constable")
DEPUTY = Actor("deputy", "nominated_deputy")

READ = "SELECT id, head, body FROM records WHERE id = ?"
MOVE = """UPDATE records SET number = ?, head = ?, level = ?, lifecycle = ?, version = ?, state = ?,
    body = ? WHERE id = ? AND number = ?"""
EVENT = """INSERT INTO events (record, number, "on", kind, key, text, previous, digest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
CHANGE = """INSERT INTO changes
    (record, number, "on", force, category, level, ledger, counts, state, delta)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
TOLD = ("records", "events", "changes")


@frozen
class Walk:
    """The steps measured: acts for ours, by number, and the rows each must write, for raw."""

    fire: Callable[[Register, int], object]
    rows: Sequence[BatchRows]


class Recording(MemoryStore):
    """A store that also remembers what each batch writes."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__()
        self.rows: list[BatchRows] = []

    def append(self, batch: WriteBatch) -> None:
        """Keep the batch and its rows."""
        super().append(batch)
        self.rows.append(batch_rows(batch))


def measure(folder: Path) -> Iterator[Result]:
    """Yield a plain step and one that asks for roles, each against raw sqlite3.

    Args:
        folder: Where the files are made; the disk that is measured.

    Raises:
        AssertionError: The two files do not hold the same.
    """
    for what, budget, fire in (
        ("one durable step", 1.2, propose_or_withdraw),
        ("one durable step that asks for a role", None, propose_or_withdraw_as_deputy),
    ):
        with TemporaryDirectory(dir=folder) as made:
            times = _times(Path(made), fire)
        yield compare(what, times, RAW, budget=budget)
        yield compare(what, times, ENCODING, budget=None)


def propose_or_withdraw(register: Register, number: int) -> object:
    """Do the step of this number: through a side door and back, from record to record."""
    record, back = _place(number)
    if back:
        return register.fire(record, "withdraw", actor=LIAISON, on=DAY)
    return register.fire(
        record, "propose_not_applicable", actor=LIAISON, on=DAY, reason="no longer ours to do"
    )


def propose_or_withdraw_as_deputy(register: Register, number: int) -> object:
    """Do the same through the door that a deputy may take, whose nomination is read."""
    record, back = _place(number)
    if back:
        return register.fire(record, "withdraw", actor=LIAISON, on=DAY)
    return register.fire(
        record, "propose_no_action", actor=DEPUTY, on=DAY, reason="no longer ours to do"
    )


def _place(number: int) -> tuple[str, bool]:
    turn, place = divmod(number, WALKED)
    return f"WMP-{place * 7:04}", turn % 2 == 1


def fill(register: Register) -> None:
    """Add the records, and appoint who acts on them."""
    with register.batch() as batch:
        for actor in (CHIEF, DEPUTY):
            batch.appoint(
                actor.person,
                actor.role,
                force="west-midlands",
                first_day=date(2022, 1, 1),
                actor=LIAISON,
            )
        for number in range(RECORDS):
            batch.add(
                f"WMP-{number:04}",
                category="recommendation",
                level=3,
                force="west-midlands",
                issued=date(2022, 12, 16),
                fields={"owner": "lead-3", "question": "7.2"},
                actor=HMICFRS,
                recorded_by=LIAISON.person,
                source="portal 16/12/2022",
            )


def tell_time() -> datetime:
    """Return the same moment always, so that both sides write the same bytes."""
    return NOW


def _times(folder: Path, fire: Callable[[Register, int], object]) -> dict[str, tuple[float, ...]]:
    recording = Recording()
    with Register.open(f"sqlite:///{folder / 'ours.db'}", clock=tell_time) as register:
        fill(register)
        told = Register(recording, rulebook=register.rulebook, clock=tell_time)
        fill(told)
        raw, encoding = (_opened(folder / f"{n}.db", recording.rows[0]) for n in ("raw", "json"))
        for number in range((ROUNDS + 1) * STEPS):
            fire(told, number)
        ours = in_steps(lambda number: fire(register, number))
        theirs = in_steps(lambda number: _step(raw, recording.rows[number + 1]))
        parsed = [_parsed(rows) for rows in recording.rows[1:]]
        coded = in_steps(
            lambda number: _step(encoding, recording.rows[number + 1], encode=parsed[number])
        )
        times = interleaved(
            {"peelflow": ours, RAW: theirs, ENCODING: coded}, rounds=ROUNDS, per_round=STEPS
        )
    for each in (raw, encoding):
        _check_same(folder / "ours.db", each)
        each.close()
    return dict(times)


def _parsed(rows: BatchRows) -> tuple[Any, Any]:
    return json.loads(rows.bodies[0]), json.loads(str(rows.events[0][5]))


def moved_row(rows: BatchRows) -> tuple[str | int | None, ...]:
    """Return what `MOVE` asks with, also of a step that read more than the record it moves."""
    if rows.moved is not None:
        return rows.moved
    name, number, head, _, _, level, lifecycle, version, state, _, body = rows.records[0]
    return number, head, level, lifecycle, version, state, body, name, int(number or 0) - 1


def _dumped(told: Any) -> str:
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def in_steps(step: Callable[[int], object]) -> Callable[[], None]:
    """Return what does the next steps of a round."""
    numbers = iter(range((ROUNDS + 1) * STEPS))

    def work() -> None:
        for _ in range(STEPS):
            step(next(numbers))

    return work


def _opened(path: Path, filled: BatchRows) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for table in TABLES:
        connection.execute(table)
    connection.execute("BEGIN IMMEDIATE")
    places = ", ".join("?" * len(filled.records[0]))
    connection.executemany(f"INSERT INTO records VALUES ({places})", filled.records)
    connection.executemany(EVENT, filled.events)
    connection.executemany(CHANGE, filled.changes)
    connection.execute("COMMIT")
    return connection


def _step(
    connection: sqlite3.Connection, rows: BatchRows, *, encode: tuple[Any, Any] | None = None
) -> None:
    moved, (event,) = moved_row(rows), rows.events
    name = moved[-2]
    found = connection.execute(READ, (name,)).fetchone()
    if encode is not None:
        json.loads(found[2])
        after, told = encode
        text, body = _dumped(told), _dumped(after)
        head = sha256(f"{found[1]}{text}".encode()).hexdigest()
        event = event._replace(text=text, previous=found[1], digest=head)
        moved = (moved[0], head, *moved[2:6], body, *moved[7:])
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute(MOVE, moved).rowcount != 1:
        connection.execute("ROLLBACK")
        raise LookupError(name)
    connection.execute(EVENT, event)
    connection.executemany(CHANGE, rows.changes)
    connection.execute("COMMIT")


def _check_same(path: Path, raw: sqlite3.Connection) -> None:
    ours = sqlite3.connect(path)
    for table in TOLD:
        sql = f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"
        mine, theirs = ours.execute(sql).fetchall(), raw.execute(sql).fetchall()
        assert mine == theirs, _first_difference(mine, theirs)
    ours.close()


def _first_difference(mine: list[Any], theirs: list[Any]) -> object:
    return next((pair for pair in zip(mine, theirs, strict=False) if pair[0] != pair[1]), None)
