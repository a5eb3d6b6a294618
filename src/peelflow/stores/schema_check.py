"""Hold a database to what it says of itself, and its schema to the one that this version makes.

A damaged index, or one that was swapped for another, hides rows from every statement that goes by
it; a trigger, a view in a table's place or a rewrite rule acts in between. None of that shows in
the rows. So the database's own check is run, and every schema object on our tables is held, word by
word, to those that a new register would have.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from peelflow.errors import StoreUnavailable
from peelflow.results import frozen
from peelflow.stores.base import DatabaseFault
from peelflow.stores.settings import setting_faults

Select = Callable[[str], Iterable[Any]]
"""Runs one statement and gives its rows."""
SchemaObjects = Mapping[str, str]
"""By what an object is and is called, such as `index records_by_parent`, how it is defined."""
SchemaNumbers = tuple[int, int]
"""SQLite's own numbers of a file's schema, and of what is temporary on the connection."""
EMPTIED_TABLES = ("checkpoint", "joint_records", "settings", "sums", "unplaced")
"""The tables, without their prefix, from which peelflow takes rows away again."""


@frozen
class ExpectedSchema:
    """The schema that this version makes.

    Attributes:
        objects: Its objects, as `sqlite_objects` gives them.
        later: Those that a register of before lacks, with what is on them: what came together, in
            the order in which it came. It lacks all that came with or behind what it lacks.
        prefix: What the names of the tables begin with.
    """

    objects: SchemaObjects
    later: Sequence[Collection[str]] = ()
    prefix: str = ""

    @property
    def tables(self) -> set[str]:
        """The names of the tables."""
        return {name.partition(" ")[2] for name in self.objects if name.startswith("table ")}

    def beside(self, found: Collection[str]) -> SchemaObjects:
        """Return the objects that must be there, by what is found there.

        Args:
            found: The names of the objects that are there. Where one of the later ones is among
                them, the register is none of before that, and lacks none that came with it.
        """
        lacked: list[str] = []
        for together in reversed(self.later):
            if any(name in found for name in together):
                break
            lacked += together
        return without_objects(self.objects, lacked) if lacked else self.objects

    def has_table(self, table: str, found: SchemaObjects) -> bool:
        """Return whether a table is there as this version makes it.

        Args:
            table: Its name without its prefix.
            found: The objects that are there.
        """
        name = f"{self.prefix}{table}"
        made = {key: self.objects[key] for key in self.objects if name in key}
        return bool(made) and made.items() <= found.items()


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


def sqlite_faults(select: Select, expected: ExpectedSchema) -> Iterator[DatabaseFault]:
    """Yield what SQLite's own checks find, how the schema differs, and what changes our tables.

    Args:
        select: Runs a statement on the file.
        expected: The schema that this version makes.
    """
    for (line,) in select("PRAGMA integrity_check"):
        if line != "ok":
            yield DatabaseFault("database-damaged", f"SQLite's own check says: {line}")
    for table, row, *_ in select("PRAGMA foreign_key_check"):
        sentence = f"row {row} of {table} refers to one that is gone"
        yield DatabaseFault("database-damaged", sentence)
    found = _objects_that_act(select, expected)
    yield from schema_faults(found, expected.beside(found))
    yield from _trigger_faults(select, expected)
    yield from kept_value_faults(select, expected, found)


def _objects_that_act(select: Select, expected: ExpectedSchema) -> SchemaObjects:
    """Return the objects on our tables, and whatever else can act when one of them is written."""
    tables = expected.tables
    temporary = _objects_on(select, tables, "sqlite_temp_master")
    return {
        **sqlite_objects(select, tables),
        **{f"temporary {name}": definition for name, definition in temporary.items()},
        **_deleting_keys(select, {f"{expected.prefix}{table}" for table in EMPTIED_TABLES}),
    }


_DELETING_KEYS = """SELECT o.name, f."table", f.on_delete
    FROM sqlite_master o JOIN pragma_foreign_key_list(o.name) f
    WHERE o.type = 'table' AND f.on_delete NOT IN ('NO ACTION', 'RESTRICT')"""


def _deleting_keys(select: Select, tables: Collection[str]) -> SchemaObjects:
    """Return the foreign keys by which a row that peelflow takes away acts on another's table.

    From the other tables nothing is taken away, and no key in them changes: what refers to those
    is not acted on by what peelflow writes.
    """
    return {
        f"foreign key of {child} on {parent}": f"ON DELETE {action}"
        for child, parent, action in select(_DELETING_KEYS)
        if str(parent).lower() in tables
    }


def _trigger_faults(select: Select, expected: ExpectedSchema) -> Iterator[DatabaseFault]:
    """Yield each trigger on another's table or view that changes one of ours."""
    tables = expected.tables
    rows = select("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    for name, table, sql in sorted(rows, key=str):
        changed = sorted(tables & set(_written_tables(str(sql))))
        if changed and str(table).lower() not in tables:
            sentence = f"the trigger {name} on {table} changes its {', '.join(changed)}"
            yield DatabaseFault("schema-foreign", f"{sentence}: {_plain_sql(sql):.200}")


_SQL_WORD = (
    r"""--[^\n]*|/\*.*?(?:\*/|\Z)|"(?:[^"]|"")*"|'(?:[^']|'')*'|`(?:[^`]|``)*`|\[[^\]]*\]"""
    r"""|[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*|\S"""
)
"""Compiled where a trigger is read, as compiling its ranges takes long: a start does without."""


def _written_tables(sql: str) -> Iterator[str]:
    """Yield the name of each table that a trigger's statements insert into, update or delete from.

    SQLite lets no such name be qualified in a trigger, and no such statement begin with `WITH`.
    """
    found = re.findall(_SQL_WORD, sql, re.DOTALL)
    words = [word.lower() for word in found if not word.startswith(("--", "/*"))]
    for place, word in enumerate(words):
        before = words[max(place - 3, 0) : place]
        if (
            before[-1:] in (["into"], ["update"])
            or before[-2:] == ["delete", "from"]
            or before[:2] == ["update", "or"]
        ):
            yield _unquoted(word)


def _unquoted(word: str) -> str:
    """Return a name as it is, of one as it may be written in SQL."""
    closing_mark = {"[": "]"}.get(word[0], word[0])
    if closing_mark not in "\"'`]":
        return word
    return word[1:-1].replace(closing_mark * 2, closing_mark)


def kept_value_faults(
    select: Select, expected: ExpectedSchema, found: SchemaObjects
) -> Iterator[DatabaseFault]:
    """Yield what is kept beside the events and is not what this version keeps there.

    Args:
        select: Runs a statement on the database.
        expected: The schema that this version makes.
        found: The objects that are there; a table that is another than ours is not read.
    """
    if expected.has_table("meta", found):
        numbers = list(select(f"SELECT schema FROM {expected.prefix}meta"))  # noqa: S608
        if len(numbers) != 1:
            sentence = f"the number of its schema is kept {len(numbers)} times, and not once"
            yield DatabaseFault("schema-differs", sentence)
    if expected.has_table("settings", found):
        rows = select(f"SELECT name, value FROM {expected.prefix}settings")  # noqa: S608
        yield from setting_faults(sorted(rows, key=str))


def check_schema_objects(
    select: Select, expected: ExpectedSchema, url: str, *, known: SchemaNumbers | None
) -> SchemaNumbers:
    """Refuse to write to a SQLite file whose schema is another than this version makes.

    SQLite itself goes by the number of the schema, which each change of it moves: as long as that
    stays, nothing can have come to act in between.

    Args:
        select: Runs a statement on the file, within the transaction that writes.
        expected: The schema that this version makes.
        url: How errors call the store.
        known: The numbers of the schema that was last found to be ours on this connection.

    Returns:
        The numbers of the schema that is there.

    Raises:
        StoreUnavailable: Something else is on our tables, or lacks; the first is named.
    """
    ((number,),) = select("PRAGMA schema_version")
    ((temporary,),) = select("PRAGMA temp.schema_version")
    numbers = int(number), int(temporary)
    fault = None
    if numbers != known:
        found = _objects_that_act(select, expected)
        fault = next(schema_faults(found, expected.beside(found)), None)
    if fault is not None:
        instead = "mend the schema, and see what `peelflow verify` finds"
        raise StoreUnavailable(url, f"{fault.sentence}; nothing was kept", instead=instead)
    return numbers


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
    return _objects_on(select, tables, "sqlite_master")


def _objects_on(select: Select, tables: Iterable[str], catalogue: str) -> SchemaObjects:
    ours = {table.lower() for table in tables}
    rows = select(f"SELECT type, name, tbl_name, sql FROM {catalogue}")  # noqa: S608
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
