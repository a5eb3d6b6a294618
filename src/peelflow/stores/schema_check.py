"""Hold a database to what it says of itself, and its schema to the one that this version makes.

A damaged index, or one that was swapped for another, hides rows from every statement that goes by
it; a trigger, a view in a table's place or a rewrite rule acts in between. None of that shows in
the rows. So the database's own check is run, and every schema object on our tables is held, word by
word, to those that a new register would have.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from peelflow.errors import StoreUnavailable
from peelflow.stores.base import DatabaseFault

Select = Callable[[str], Iterable[Any]]
"""Runs one statement and gives its rows."""
SchemaObjects = Mapping[str, str]
"""By what an object is and is called, such as `index records_by_parent`, how it is defined."""


def schema_faults(found: SchemaObjects, expected: SchemaObjects) -> Iterator[DatabaseFault]:
    """Yield every object that is not there, is another, or is none of ours.

    Args:
        found: The objects on our tables.
        expected: Those that this version makes.
    """
    for name in sorted({*found, *expected}):
        if name not in found:
            yield DatabaseFault("schema-lacks", f"its {name} is gone")
        elif name not in expected:
            definition = f": {found[name]:.200}" if found[name] else ""
            sentence = f"its {name} is none of peelflow's{definition}"
            yield DatabaseFault("schema-foreign", sentence)
        elif found[name] != expected[name]:
            yield DatabaseFault("schema-differs", f"its {name} is another: {found[name]:.200}")


def sqlite_faults(
    select: Select, expected: SchemaObjects, *, later: Collection[str] = ()
) -> Iterator[DatabaseFault]:
    """Yield what SQLite's own checks find, and how the schema differs.

    Args:
        select: Runs a statement on the file.
        expected: The objects that this version makes, as `sqlite_objects` gives them.
        later: The objects that a register of before may lack, with all that is on them.
    """
    for (line,) in select("PRAGMA integrity_check"):
        if line != "ok":
            yield DatabaseFault("database-damaged", f"SQLite's own check says: {line}")
    for table, row, *_ in select("PRAGMA foreign_key_check"):
        sentence = f"row {row} of {table} refers to one that is gone"
        yield DatabaseFault("database-damaged", sentence)
    yield from _sqlite_schema_faults(select, expected, later)


def _sqlite_schema_faults(
    select: Select, expected: SchemaObjects, later: Collection[str]
) -> Iterator[DatabaseFault]:
    found = sqlite_objects(select, tables_of(expected))
    yield from schema_faults(found, without_objects(expected, set(later) - found.keys()))


def check_schema_objects(
    select: Select,
    expected: SchemaObjects,
    url: str,
    *,
    known: int | None,
    later: Collection[str] = (),
) -> int:
    """Refuse to write to a SQLite file whose schema is another than this version makes.

    SQLite itself goes by the number of the schema, which each change of it moves: as long as that
    stays, nothing can have come to act in between.

    Args:
        select: Runs a statement on the file, within the transaction that writes.
        expected: The objects that this version makes.
        url: How errors call the store.
        known: The number of the schema that was last found to be ours on this connection.
        later: The objects that a register of before may lack.

    Returns:
        The number of the schema that is there.

    Raises:
        StoreUnavailable: Something else is on our tables, or lacks; the first is named.
    """
    ((number,),) = select("PRAGMA schema_version")
    fault = None
    if number != known:
        fault = next(_sqlite_schema_faults(select, expected, later), None)
    if fault is not None:
        instead = "mend the schema, and see what `peelflow verify` finds"
        raise StoreUnavailable(url, f"{fault.sentence}; nothing was kept", instead=instead)
    return int(number)


def tables_of(objects: SchemaObjects) -> set[str]:
    """Return the names of the tables among objects."""
    return {name.partition(" ")[2] for name in objects if name.startswith("table ")}


def without_objects(expected: SchemaObjects, lacked: Collection[str]) -> SchemaObjects:
    """Return the objects but for some, and what is on the tables among those.

    Args:
        expected: The objects of all tables.
        lacked: Those that are left out, such as `table settings`.
    """
    tables = [name.partition(" ")[2] for name in lacked if name.startswith("table ")]
    return {
        name: definition
        for name, definition in expected.items()
        if name not in lacked and not any(table in name for table in tables)
    }


def sqlite_objects(select: Select, tables: Iterable[str]) -> SchemaObjects:
    """Return every object on these tables, and every one that is called as one of them."""
    ours = {table.lower() for table in tables}
    rows = select("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return {
        f"{kind} {name}": _plain_sql(sql)
        for kind, name, table, sql in rows
        if ours & {str(name).lower(), str(table).lower()}
    }


def objects_of(statements: Iterable[str], tables: Iterable[str]) -> SchemaObjects:
    """Return the objects on these tables that statements make in an empty SQLite file."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements:
            connection.execute(statement)
        return sqlite_objects(connection.execute, tables)


def _plain_sql(sql: object) -> str:
    """Return a definition without the spaces that mean nothing; an index made of a key has none."""
    text = " ".join(str(sql or "").split())
    return re.sub(r" ?([(),]) ?", r"\1", text)
