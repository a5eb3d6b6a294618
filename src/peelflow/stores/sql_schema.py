"""The SQL stores' schema: made and brought up to date when asked for, never behind one's back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, delete, func, insert, inspect, select

from peelflow.errors import StoreUnreadable, StoreVersion
from peelflow.stores.sql_tables import SCHEMA, meta, metadata

Step = Callable[[Connection], None]
STEPS: Mapping[int, Step] = {}
"""What brings a schema of that number to the next."""


def upgrade(connection: Connection, url: str, steps: Mapping[int, Step] = STEPS) -> int:
    """Make the tables, or bring older ones up to date, and return the schema there was (0: none).

    Raises:
        StoreVersion: A newer peelflow made the tables (S12).
        StoreUnreadable: An older schema is not known here.
    """
    found = found_schema(connection) or 0
    if found > SCHEMA:
        raise StoreVersion(url, found=found, known=SCHEMA)
    if not found:
        metadata.create_all(connection)
    for number in range(found, SCHEMA) if found else ():
        if number not in steps:
            raise StoreUnreadable(url, f"its schema number is {number}")
        steps[number](connection)
    if found != SCHEMA:
        connection.execute(delete(meta))
        connection.execute(insert(meta), {"schema": SCHEMA})
    return found


def check_schema(connection: Connection, url: str) -> None:
    """Refuse a database whose tables are missing, older or newer than these.

    Raises:
        StoreVersion: A newer peelflow made the tables (S12).
        StoreUnreadable: There are none, or they must be upgraded first.
    """
    found = found_schema(connection)
    if found is None:
        why = f"it has no tables of peelflow; run: peelflow store upgrade {url}"
        raise StoreUnreadable(url, why)
    if found > SCHEMA:
        raise StoreVersion(url, found=found, known=SCHEMA)
    if found < SCHEMA:
        why = f"its schema {found} is older than {SCHEMA}; run: peelflow store upgrade {url}"
        raise StoreUnreadable(url, why)


def found_schema(connection: Connection) -> int | None:
    """Return the number of the schema there is, None when there is none."""
    if not inspect(connection).has_table(meta.name):
        return None
    found: int = connection.execute(select(func.max(meta.c.schema))).scalar() or 0
    return found
