"""Tamper with a register in every way, one at a time, and see that `verify --seal` finds it.

A careless hand changes one thing. A careful one makes everything fit again that it can reach: the
chain, the record's row, the changes behind the figures, the positions. Only a seal shows that.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

from attrs import evolve, frozen

from peelflow import Actor, Register
from peelflow.engine.fold import fold
from peelflow.model.records import Document, Event
from peelflow.register.batch import Batch
from peelflow.stores.base import StoredEvent, StoredRecord
from peelflow.stores.codec import event_from, record_text
from peelflow.stores.integrity import Heads, Seal, seal_discrepancies, verify_snapshot
from peelflow.stores.rows import GENESIS, chain, change_rows, event_row, record_row
from peelflow.stores.sqlite import sqlite_snapshot

LIAISON = Actor("liaison-officer", "liaison_officer")
HMICFRS = Actor("portal", "hmicfrs")
EACH = 5  # events a record gets
EVENTS = """INSERT INTO events (position, record, number, "on", kind, key, text, previous, digest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
Tamper = Callable[[sqlite3.Connection], None]
Told = list[tuple[int, Event]]


@frozen
class Tally:
    """How many tampers of each kind were tried, and which were not found."""

    tried: Counter[str]
    missed: tuple[str, ...]


def fill(path: Path, records: int) -> tuple[Seal, Heads]:
    """Make a register of five events a record, and return its seal."""
    with Register.open(f"sqlite:///{path}", clock=lambda: datetime(2026, 6, 1, tzinfo=UTC)) as made:
        for number in range(records):
            with made.batch() as batch:
                letter = batch.keep(f"letter {number}".encode(), kind="letter", name="letter.txt")
                _walk(batch, f"WMP-{number:04}", letter)
        return made.seal()


def _walk(batch: Batch, record: str, letter: Document) -> None:
    batch.add(
        record,
        category="recommendation",
        level=3,
        force="west-midlands",
        issued=date(2022, 12, 16),
        actor=HMICFRS,
        recorded_by="liaison-officer",
        source="portal",
        fields={"owner": "lead"},
    )
    batch.fire(record, "start", actor=LIAISON, on=date(2023, 1, 9), key="k")
    batch.attach(record, letter, actor=LIAISON, on=date(2023, 1, 10))
    batch.amend(record, "owner", "lead-2", actor=LIAISON, on=date(2023, 2, 1), reason="moved")
    batch.fire(
        record,
        "propose_not_applicable",
        actor=LIAISON,
        on=date(2023, 3, 1),
        reason="no longer ours",
    )


def each_tamper(path: Path) -> Iterator[tuple[str, Tamper]]:
    """Yield every tamper with the register, by the name of its kind and place."""
    with closing(sqlite3.connect(path)) as connection:
        told = _told(connection)
        records = connection.execute("SELECT id FROM records ORDER BY id").fetchall()
        changes = connection.execute("SELECT rowid FROM changes ORDER BY rowid").fetchall()
        documents = connection.execute("SELECT digest FROM documents").fetchall()
    for position in range(1, len(told) + 1):
        yield from _with_event(told, position)
    for (record,) in records:
        yield from _with_row("records", "id", record, _RECORD)
    for (change,) in changes:
        yield from _with_row("changes", "rowid", change, _CHANGE)
        yield f"changes: insert {change}", _sql(_COPY, change)
    for (digest,) in documents:
        yield from _with_row("documents", "digest", digest, {"content": "x'00'"})
    yield from _with_row("lifecycles", "1", 1, {"text": "text || ' '"})


_RECORD = {
    "number": "number + 1",
    "head": "substr(head, 2) || substr(head, 1, 1)",
    "force": "'other'",
    "category": "'afi'",
    "level": "2",
    "lifecycle": "'level-2'",
    "version": "version + 1",
    "state": "'closed'",
    "parent": "'WMP-0000'",
    "body": "replace(body, 'lead', 'head')",
}
_CHANGE = {
    "number": "number + 7",
    '"on"': "'2023-01-01'",
    "force": "'other'",
    "category": "'afi'",
    "level": "2",
    "ledger": "'force'",
    "counts": "'other'",
    "state": "'other'",
    "delta": "-delta",
}
_COPY = """INSERT INTO changes SELECT record, number, "on", force, category, level, ledger, counts,
    state, delta FROM changes WHERE rowid = ?"""


def _with_row(
    table: str, name: str, place: str | int, columns: dict[str, str]
) -> Iterator[tuple[str, Tamper]]:
    yield f"{table}: delete {place}", _sql(f"DELETE FROM {table} WHERE {name} = ?", place)
    for column, value in columns.items():
        sql = f"UPDATE {table} SET {column} = {value} WHERE {name} = ?"
        yield f"{table}: edit {column} {place}", _sql(sql, place)


def _sql(sql: str, *asked: str | int) -> Tamper:
    def tamper(connection: sqlite3.Connection) -> None:
        connection.execute(sql, asked)

    return tamper


def _with_event(told: Told, position: int) -> Iterator[tuple[str, Tamper]]:
    where = "WHERE position = ?"
    for column, value in {
        "text": "replace(text, 'liaison-officer', 'liaison_officer')",
        "digest": "substr(digest, 2) || substr(digest, 1, 1)",
        "previous": "previous || '0'",
        '"on"': "'2020-01-01'",
        "kind": "'other'",
        "key": "'other'",
        "record": "'other'",
        "number": "number + 100",
    }.items():
        sql = f"UPDATE events SET {column} = {value} {where}"
        yield f"event: edit {column} {position}", _sql(sql, position)
    yield f"event: delete {position}", _sql(f"DELETE FROM events {where}", position)
    event = told[position - 1][1]
    forged = evolve(event, source="a forged source")
    others = [each for each in told if each[1].record == event.record]
    place = next(n for n, each in enumerate(others) if each[0] == position)
    edited = [(p, forged if p == position else each) for p, each in others]
    yield f"careful edit {position}", _rewriting(event.record, edited)
    without = [each for each in others if each[0] != position]
    yield f"careful deletion {position}", _rewriting(event.record, without, gap=position)
    if place + 1 < len(others):
        texts = [each for _, each in others]
        texts[place], texts[place + 1] = texts[place + 1], texts[place]
        swapped = [(p, each) for (p, _), each in zip(others, texts, strict=True)]
        yield f"careful swap {position}", _rewriting(event.record, swapped)
    if position < len(told):
        yield f"swap of positions {position}", _swapping(position)
    if position < len(told):  # what is put behind the last event comes after the seal
        yield f"careful insertion {position}", _inserting(others, position, forged)
    yield f"careful truncation {position}", _truncating(told, position)


def _rewriting(record: str, told: Told, *, gap: int | None = None) -> Tamper:
    def tamper(connection: sqlite3.Connection) -> None:
        _rewrite(connection, record, told)
        if gap is not None:
            _shift(connection, gap, -1)

    return tamper


def _inserting(others: Told, position: int, forged: Event) -> Tamper:
    def tamper(connection: sqlite3.Connection) -> None:
        _shift(connection, position, 1)
        before = [each for each in others if each[0] <= position]
        after = [(p + 1, each) for p, each in others if p > position]
        new = evolve(forged, key=None)
        _rewrite(connection, forged.record, [*before, (position + 1, new), *after])

    return tamper


def _truncating(told: Told, position: int) -> Tamper:
    def tamper(connection: sqlite3.Connection) -> None:
        for record in {each.record for p, each in told if p >= position}:
            rest = [(p, each) for p, each in told if each.record == record and p < position]
            _rewrite(connection, record, rest)

    return tamper


def _swapping(position: int) -> Tamper:
    def tamper(connection: sqlite3.Connection) -> None:
        for old, new in ((position, -1), (position + 1, position), (-1, position + 1)):
            connection.execute("UPDATE events SET position = ? WHERE position = ?", (new, old))

    return tamper


def _shift(connection: sqlite3.Connection, after: int, by: int) -> None:
    sql = "UPDATE events SET position = -(position + ?) WHERE position > ?"
    connection.execute(sql, (by, after))
    connection.execute("UPDATE events SET position = -position WHERE position < 0")


def _rewrite(connection: sqlite3.Connection, record: str, told: Told) -> None:
    """Make a record's events, row and changes anew, so that all of them fit."""
    for table, name in (("events", "record"), ("records", "id"), ("changes", "record")):
        connection.execute(f"DELETE FROM {table} WHERE {name} = ?", (record,))
    entries, head = list[tuple[int, StoredEvent]](), GENESIS
    for number, (position, event) in enumerate(told, 1):
        entry = chain(head, evolve(event, number=number))
        entries.append((position, entry))
        head = entry.digest
    connection.executemany(EVENTS, [(p, *event_row(entry)) for p, entry in entries])
    events = [entry.event for _, entry in entries]
    places = ", ".join("?" * 10)
    rows = [row for event in events for row in change_rows(event)]
    connection.executemany(f"INSERT INTO changes VALUES ({places})", rows)
    try:
        folded = fold(events)
    except (TypeError, ValueError):
        return
    row = record_row(StoredRecord(folded, head), record_text(folded))
    connection.execute(f"INSERT INTO records VALUES ({places}, ?)", row)


def _told(connection: sqlite3.Connection) -> Told:
    rows = connection.execute("SELECT position, text FROM events ORDER BY position").fetchall()
    return [(position, event_from(text)) for position, text in rows]


def tamper_with(path: Path, sealed: Seal, heads: Heads, *, part: int = 0, parts: int = 1) -> Tally:
    """Try every tamper, or every so-and-so-many-th, each undone before the next."""
    tried, missed = Counter[str](), []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number, (name, tamper) in enumerate(each_tamper(path)):
            if number % parts != part:
                continue
            connection.execute("BEGIN")
            tamper(connection)
            kept = sqlite_snapshot(connection)
            found = [*verify_snapshot(kept), *seal_discrepancies(kept.feed(), sealed, heads)]
            connection.execute("ROLLBACK")
            tried[name.rpartition(" ")[0]] += 1
            if not found:
                missed.append(name)
    return Tally(tried, tuple(missed))


def run(records: int, *, parts: int) -> Tally:
    """Make a register, tamper with it in so many processes at once, and tell what was found."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "register.db"
        sealed, heads = fill(path, records)
        with ProcessPoolExecutor(parts) as pool:
            done = [
                pool.submit(tamper_with, _copied(path, part), sealed, heads, part=part, parts=parts)
                for part in range(parts)
            ]
            tallies = [each.result() for each in done]
    tried = sum((each.tried for each in tallies), Counter[str]())
    return Tally(tried, tuple(name for each in tallies for name in each.missed))


def _copied(path: Path, part: int) -> Path:
    return Path(copy(path, path.with_name(f"{part}.db")))  # one at a time writes to a file


def main(arguments: Sequence[str]) -> int:
    """Run with 1,000 events, or with as many as asked for, and print found / tried."""
    events = int(arguments[0]) if arguments else 1_000
    tally = run(events // EACH, parts=2)
    lost = Counter(name.rpartition(" ")[0] for name in tally.missed)
    for kind, tried in sorted(tally.tried.items()):
        sys.stdout.write(f"{kind:32} found {tried - lost[kind]:6,} of {tried:6,}\n")
    tried = tally.tried.total()
    sys.stdout.write(f"{'all':32} found {tried - len(tally.missed):6,} of {tried:6,}\n")
    return 1 if tally.missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
