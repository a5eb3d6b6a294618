"""Tamper with a register in every way, one at a time, and see that `verify --seal` finds it.

A careless hand changes one thing. A careful one makes everything fit again that it can reach: the
chain, the record's row, the changes behind the figures, the positions. Only a seal shows that.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import chain as chain_of
from itertools import product
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any

from attrs import evolve, field, frozen

from peelflow import Actor, InvalidRequest, Register
from peelflow.engine.fold import fold
from peelflow.model.records import Document, Event
from peelflow.register.batch import Batch
from peelflow.rulebook.canonical import canonical_json
from peelflow.stores.base import Checkpoint, StoredEvent, StoredRecord, SumRow
from peelflow.stores.codec import event_from, record_text
from peelflow.stores.export import feed_of_export, verify_export
from peelflow.stores.integrity import verify_snapshot
from peelflow.stores.rows import GENESIS, chain, change_rows, event_row, record_row
from peelflow.stores.seals import Heads, Seal, seal_discrepancies
from peelflow.stores.sqlite import sqlite_snapshot
from peelflow.stores.sqlite_file import write_sums

LIAISON = Actor("liaison-officer", "liaison_officer")
HMICFRS = Actor("portal", "hmicfrs")
EACH = 5  # events a record gets
EVENTS = """INSERT INTO events (position, record, number, "on", kind, key, text, previous, digest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
NOT_PROMISED = "what no event names"
Tamper = Callable[[sqlite3.Connection], None]
Told = list[tuple[int, Event]]


@frozen
class Tally:
    """How many tampers of each kind were tried, found without a seal, not found, or not told.

    Attributes:
        tried: How many were tried, by kind.
        missed: Those that were not found, not by the seal either.
        alone: How many were found without a seal, by kind.
        crashed: Those at which an error came in place of a finding.
    """

    tried: Counter[str]
    missed: tuple[str, ...]
    alone: Counter[str] = field(factory=Counter)
    crashed: tuple[str, ...] = ()


def fill(path: Path, records: int) -> tuple[Seal, Heads]:
    """Make a register of five events a record in a file, and return its seal."""
    return fill_store(f"sqlite:///{path}", records)


def fill_store(url: str, records: int) -> tuple[Seal, Heads]:
    """Make a register of five events a record, and return its seal."""
    with Register.open(url, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC)) as made:
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
        documents = connection.execute("SELECT digest, content FROM documents").fetchall()
    for position in range(1, len(told) + 1):
        yield from _with_event(told, position)
    for (record,) in records:
        yield from _with_row("records", "id", record, _RECORD)
        joined = "INSERT INTO joint_records VALUES (?, 'kent')"
        yield f"joint_records: insert {record}", _sql(joined, record)
    for (change,) in changes:
        yield from _with_row("changes", "rowid", change, _CHANGE)
        yield f"changes: insert {change}", _sql(_COPY, change)
    for digest, content in documents:
        named = not content.startswith(b'["document"')  # what is said of one no event names
        for name, tamper in _with_row("documents", "digest", digest, {"content": "x'00'"}):
            yield name if named else f"{NOT_PROMISED}: {name}", tamper
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


def _statements(sql: str) -> Tamper:
    def tamper(connection: sqlite3.Connection) -> None:
        for statement in sql.split(";\n"):
            connection.execute(statement)

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


KEPT_TABLES = ("records", "events", "changes", "documents", "lifecycles")
INDEXES = {"records_by_category": "category, force, id COLLATE NOCASE", "records_by_parent": "id"}
_ACTING = {
    "column": "ALTER TABLE {0} ADD COLUMN more TEXT",
    "generated column": "ALTER TABLE {0} ADD COLUMN more TEXT AS ('x') VIRTUAL",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON {0} BEGIN SELECT 1; END",
    "trigger before": "CREATE TRIGGER t BEFORE UPDATE ON {0} BEGIN SELECT RAISE(IGNORE); END",
    "view": "ALTER TABLE {0} RENAME TO moved;\nCREATE VIEW {0} AS SELECT * FROM moved",
}
_VALUES = {
    "text": "'x'",
    "blob": "x'ff00'",
    "no UTF-8": "CAST(x'c328' AS TEXT)",
    "number": "7000000000000",
    "null": "NULL",
}


def column_tampers(path: Path) -> Iterator[tuple[str, Tamper]]:
    """Yield, for the first, a middle and the last row of every table, each column set to anything.

    And the row deleted, the table dropped, its schema changed.
    """
    with closing(sqlite3.connect(path)) as connection:
        for table in KEPT_TABLES:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            key = "name" if table == "lifecycles" else "rowid"
            order = f"SELECT {key} FROM {table} ORDER BY {key}"
            keys = [row[0] for row in connection.execute(order)]
            for place in sorted({keys[0], keys[len(keys) // 2], keys[-1]}):
                for column, (kind, value) in product(columns, _VALUES.items()):
                    sql = (
                        f'UPDATE {table} SET "{column}" = {value} '
                        f'WHERE {key} = ? AND "{column}" IS NOT {value}'
                    )
                    yield f"any column: {table}.{column} {kind} {place}", _sql(sql, place)
                if table != "documents":  # each of them is deleted above
                    sql = f"DELETE FROM {table} WHERE {key} = ?"
                    yield f"any row: {table} {place}", _sql(sql, place)
            yield f"schema: drop {table}", _sql(f"DROP TABLE {table}")
    for table in (*KEPT_TABLES, "meta", "settings", "joint_records", "checkpoint", "sums"):
        for kind, words in _ACTING.items():
            yield f"schema: {kind} {table}", _statements(words.format(table))
    for index, ordered in INDEXES.items():
        gone, make = f"DROP INDEX {index}", f"CREATE INDEX {index} ON records ({ordered})"
        for kind, instead in {"partial": f"{make} WHERE id <> 'WMP-0000'", "other": make}.items():
            yield f"schema: {kind} {index}", _statements(f"{gone};\n{instead}")
        yield f"schema: index {index}", _sql(gone)


def sum_tampers(path: Path) -> Iterator[tuple[str, Tamper]]:
    """Yield, for sums that are kept first, each column set to anything, and rows that lack."""
    with closing(sqlite3.connect(path)) as connection:
        checkpoints, rows = sqlite_snapshot(connection).sum_up()
    names = {"checkpoint": Checkpoint._fields, "sums": SumRow._fields}
    last = {"checkpoint": 1, "sums": len(rows)}
    for table, columns in names.items():
        for place in sorted({1, (last[table] + 1) // 2, last[table]}):
            where = f"WHERE rowid = {place}"
            for column, (kind, value) in product(columns, _VALUES.items()):
                sql = f'UPDATE {table} SET "{column}" = {value} {where}'
                yield (
                    f"any column: {table}.{column} {kind} {place}",
                    _summed(checkpoints, rows, sql),
                )
            for kind, sql in {
                "row": f"DELETE FROM {table} {where}",
                "row twice": f"INSERT INTO {table} SELECT * FROM {table} {where}",
            }.items():
                yield f"any {kind}: {table} {place}", _summed(checkpoints, rows, sql)


def _summed(checkpoints: Sequence[Checkpoint], rows: Sequence[SumRow], sql: str) -> Tamper:
    def tamper(connection: sqlite3.Connection) -> None:
        write_sums(connection, checkpoints, rows)
        connection.execute(sql)

    return tamper


def made_up_events(texts: Sequence[str]) -> Iterator[tuple[str, int, object]]:
    """Yield the first, a middle and the last event with one part of it something else.

    Each with the name of the part and what it became, and which of the texts it is.
    """
    for place in sorted({0, len(texts) // 2, len(texts) - 1}):
        event = json.loads(texts[place])
        values: tuple[object, ...] = ("x", "", 7, None, [], "a\x1b[2J", "9999-12-31")
        for part, value in product(event, values):
            if event[part] != value:
                yield f"{part} {value!a} {place}", place, {**event, part: value}
        bare = {name: part for name, part in event.items() if name != "changes"}
        if bare != event:
            yield f"no changes {place}", place, bare
        for part in event["what"]:
            what = {**event["what"], part: "x"}
            yield f"what.{part} {place}", place, {**event, "what": what}


def made_up_exports(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield exports in which one part of one event is something else, and every chain fits."""
    texts = [json.loads(line)["text"] for line in lines if '"kind":"event"' in line]
    for name, place, forged in made_up_events(texts):
        yield f"export: {name}", chained_anew(lines, place, forged)


def chained_anew(lines: list[str], place: int, event: object) -> list[str]:
    """Return an export with another event at a place of its feed, chained and ended anew."""
    heads: dict[str, str] = {}
    root, made, number = sha256(), list[str](), -1
    for line in map(json.loads, lines):
        if line["kind"] == "event":
            number += 1
            text = canonical_json(event) if number == place else line["text"]
            record = str(json.loads(text).get("record"))
            before = heads.get(record, "")
            digest = heads[record] = sha256((before + text).encode()).hexdigest()
            root.update(f"{digest}\n".encode())
            line |= {"text": text, "previous": before, "digest": digest}
        if line["kind"] == "end":
            line["root"] = root.hexdigest()
        made.append(canonical_json(line))
    return made


@frozen
class Link:
    """An event's text in its record's chain, and where its row is.

    Attributes:
        row: What tells the row: its position, or its serial.
        record: The record that it is kept under.
        text: Its text.
    """

    row: int
    record: str
    text: str


ChainedRow = tuple[str, str, str, int]
"""The text, the digest before it and its own, and what tells the row."""


def made_up_chains(links: Sequence[Link]) -> Iterator[tuple[str, str, list[ChainedRow], object]]:
    """Yield histories in which one part of one event is something else, and the chain fits.

    Each with its name, the record, the rows that come of it, and the forged event.
    """
    for name, place, forged in made_up_events([link.text for link in links]):
        record, before, rows = links[place].record, GENESIS, list[ChainedRow]()
        for number, link in enumerate(links):
            if link.record == record:
                text = canonical_json(forged) if number == place else link.text
                digest = sha256((before + text).encode()).hexdigest()
                rows.append((text, before, digest, link.row))
                before = digest
        yield f"chain anew: {name}", record, rows, forged


def named_columns(forged: object) -> dict[str, str | int]:
    """Return the columns of an event's row that its text says, where they are told as such."""
    parts = forged if isinstance(forged, dict) else {}
    texts = {name: parts.get(name) for name in ("on", "kind", "key")}
    return {name: part for name, part in texts.items() if isinstance(part, str)}


def chain_tampers(path: Path) -> Iterator[tuple[str, Tamper]]:
    """Yield, for each part of an event, that part set to anything, all digests made anew."""
    with closing(sqlite3.connect(path)) as connection:
        asked = "SELECT position, record, text FROM events ORDER BY position"
        links = [Link(*row) for row in connection.execute(asked)]
    for name, record, rows, forged in made_up_chains(links):
        yield name, _chaining(record, rows, forged)


def _chaining(record: str, rows: list[ChainedRow], forged: object) -> Tamper:
    def tamper(connection: sqlite3.Connection) -> None:
        sql = "UPDATE events SET text = ?, previous = ?, digest = ? WHERE position = ?"
        connection.executemany(sql, rows)
        connection.execute("UPDATE records SET head = ? WHERE id = ?", (rows[-1][2], record))
        forged_row = next(row for text, *_, row in rows if text == canonical_json(forged))
        for name, part in named_columns(forged).items():
            sql = f'UPDATE events SET "{name}" = ? WHERE position = ?'
            connection.execute(sql, (part, forged_row))

    return tamper


def try_exports(path: Path, sealed: Seal, heads: Heads) -> Tally:
    """Verify every export that is made up, without the seal and with it."""
    with Register.open(f"sqlite:///{path}") as register:
        lines = list(register.export())

    def alone(forged: list[str]) -> list[object]:
        try:
            return list(verify_export(forged))
        except InvalidRequest as refused:  # by the line that cannot be read
            return [refused]

    def by_seal(forged: list[str]) -> list[object]:
        return list(seal_discrepancies(feed_of_export(forged), sealed, heads))

    outcomes = (
        (name, tried_on(lambda f=forged: alone(f), lambda f=forged: by_seal(f)))  # type: ignore[misc]
        for name, forged in made_up_exports(lines)
    )
    return tally_of(outcomes)


Outcome = str
"""What came of one tamper: `alone`, `seal`, `missed`, or the error that came in its place."""


def tried_on(alone: Callable[[], list[Any]], by_seal: Callable[[], list[Any]]) -> Outcome:
    """Return what comes of a tamper, by what verifying finds without a seal, and with it."""
    try:
        if alone():
            return "alone"
        return "seal" if by_seal() else "missed"
    except Exception as error:  # noqa: BLE001 (whatever comes is what the run looks for)
        return repr(error)


def tally_of(outcomes: Iterable[tuple[str, Outcome]]) -> Tally:
    """Count outcomes, each with the name of its tamper."""
    tried, alone = Counter[str](), Counter[str]()
    missed, crashed = list[str](), list[str]()
    for name, outcome in outcomes:
        kind = kind_of(name)
        tried[kind] += 1
        alone[kind] += outcome == "alone"
        if outcome == "missed":
            missed += [] if name.startswith(NOT_PROMISED) else [name]
        elif outcome not in ("alone", "seal"):
            crashed.append(f"{name}: {outcome}")
    return Tally(tried, tuple(missed), alone, tuple(crashed))


def kind_of(name: str) -> str:
    """Return the kind of a tamper: its name without its last word, which is its place."""
    kind = name.rpartition(" ")[0]
    return (
        kind.partition(":")[0]
        if name.startswith(("any", "chain", "export", NOT_PROMISED))
        else kind
    )


def tamper_with(path: Path, sealed: Seal, heads: Heads, *, part: int = 0, parts: int = 1) -> Tally:
    """Try every tamper, or every so-and-so-many-th, each undone before the next."""
    outcomes = list[tuple[str, Outcome]]()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        kinds = (each_tamper, column_tampers, sum_tampers, chain_tampers)
        tampers = chain_of.from_iterable(tampers_of(path) for tampers_of in kinds)
        for number, (name, tamper) in enumerate(tampers):
            if number % parts != part:
                continue
            connection.execute("BEGIN")
            before = connection.total_changes
            try:
                tamper(connection)
                if connection.total_changes > before or name.startswith("schema"):
                    outcomes.append((name, _outcome(connection, sealed, heads)))
            except sqlite3.IntegrityError:  # the table itself refuses it
                pass
            finally:
                connection.execute("ROLLBACK")
    return tally_of(outcomes)


def _outcome(connection: sqlite3.Connection, sealed: Seal, heads: Heads) -> Outcome:
    kept = sqlite_snapshot(connection)
    return tried_on(
        lambda: list(verify_snapshot(kept)),
        lambda: list(seal_discrepancies(kept.feed(), sealed, heads)),
    )


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
            tallies = [task.result() for task in done]
        tallies.append(try_exports(path, sealed, heads))
    return Tally(
        sum((tally.tried for tally in tallies), Counter[str]()),
        tuple(name for tally in tallies for name in tally.missed),
        sum((tally.alone for tally in tallies), Counter[str]()),
        tuple(name for tally in tallies for name in tally.crashed),
    )


def _copied(path: Path, part: int) -> Path:
    return Path(copy(path, path.with_name(f"{part}.db")))  # one at a time writes to a file


def tell(tally: Tally) -> int:
    """Print found / tried of each kind, and say 1 where something was missed or crashed."""
    lost = Counter(map(kind_of, tally.missed))
    for kind, tried in sorted(tally.tried.items()):
        lost_here = tried - tally.alone[kind] if kind.startswith(NOT_PROMISED) else lost[kind]
        found = f"found {tried - lost_here:6,} of {tried:6,}"
        sys.stdout.write(f"{kind:32} {found}, without a seal {tally.alone[kind]:6,}\n")
    tried = tally.tried.total()
    sys.stdout.write(f"{'all':32} found {tried - len(tally.missed):6,} of {tried:6,}\n")
    sys.stdout.write(f"errors in place of a finding: {len(tally.crashed)}\n")
    for name in (*tally.missed, *tally.crashed):
        sys.stdout.write(f"  {name}\n")
    return 1 if tally.missed or tally.crashed else 0


def main(arguments: Sequence[str]) -> int:
    """Run with 200 events, or with as many as asked for, and print found / tried."""
    parser = argparse.ArgumentParser(prog="bench.tamper", description=__doc__)
    parser.add_argument("events", nargs="?", type=int, default=200, help="how many events")
    return tell(run(parser.parse_args(arguments).events // EACH, parts=2))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
