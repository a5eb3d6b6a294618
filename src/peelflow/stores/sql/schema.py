"""Define the tables of the SQL stores, and upgrade them when asked.

Events are only ever inserted; a force may take away the right to change or delete them. Their
positions stand in a table of their own, given by whoever reads the feed, so that writers share no
row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    inspect,
    select,
)

from peelflow.errors import StoreUnavailable, StoreVersion
from peelflow.stores.base import (
    INTEGER_COLUMNS,
    LIFECYCLE_COLUMNS,
    NULL_COLUMNS,
    ChangeRow,
    EventRow,
    StoredRow,
)

SCHEMA = 1
metadata: MetaData = MetaData()

# INVARIANT: text is ordered by code point, as in every store.
_text = Text().with_variant(Text(collation="C"), "postgresql")
_serial = BigInteger().with_variant(Integer, "sqlite")


def _columns(names: Iterable[str]) -> Iterator[Column[Any]]:
    for name in names:
        kind = Integer if name in INTEGER_COLUMNS else _text
        yield Column(name, kind, nullable=name in NULL_COLUMNS)


meta: Table = Table("peelflow_meta", metadata, Column("schema", Integer, nullable=False))
records: Table = Table(
    "peelflow_records",
    metadata,
    *_columns(StoredRow._fields),
    PrimaryKeyConstraint("id"),
    Index("peelflow_records_by_category", "category", "force", "id"),
    Index("peelflow_records_by_parent", "parent", "id"),
)
events: Table = Table(
    "peelflow_events",
    metadata,
    Column("serial", _serial, Identity(), primary_key=True),
    *_columns(EventRow._fields),
    UniqueConstraint("record", "number", name="peelflow_events_by_number"),
    UniqueConstraint("record", "key", name="peelflow_events_by_key"),
)
# INVARIANT: a batch is named by its first event's serial, so ordering by it keeps a batch together
# and puts it behind every batch that had committed when it began.
unplaced: Table = Table(
    "peelflow_unplaced",
    metadata,
    Column("batch", _serial, nullable=False),
    Column("serial", _serial, nullable=False),
    PrimaryKeyConstraint("batch", "serial"),
)
feed: Table = Table(
    "peelflow_feed",
    metadata,
    Column("position", _serial, primary_key=True, autoincrement=False),
    Column("serial", _serial, ForeignKey(events.c.serial), nullable=False, unique=True),
)
changes: Table = Table("peelflow_changes", metadata, *_columns(ChangeRow._fields))
documents: Table = Table(
    "peelflow_documents",
    metadata,
    Column("digest", _text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
lifecycles: Table = Table(
    "peelflow_lifecycles",
    metadata,
    *_columns(LIFECYCLE_COLUMNS),
    PrimaryKeyConstraint("name", "version"),
)


SchemaUpgrade = Callable[[Connection], None]
SCHEMA_UPGRADES: Mapping[int, SchemaUpgrade] = {}
"""What brings a schema of that number to the next."""


def upgrade_schema(
    connection: Connection, url: str, steps: Mapping[int, SchemaUpgrade] = SCHEMA_UPGRADES
) -> int:
    """Make the tables, or bring older ones up to date, and return the schema there was (0: none).

    Raises:
        StoreVersion: A newer peelflow made the tables (S12).
        StoreUnavailable: An older schema is not known here.
    """
    version = schema_version(connection) or 0
    if version > SCHEMA:
        raise StoreVersion(url, found=version, known=SCHEMA)
    if not version:
        metadata.create_all(connection)
    for number in range(version, SCHEMA) if version else ():
        if number not in steps:
            raise StoreUnavailable(url, f"its schema number is {number}")
        steps[number](connection)
    if version != SCHEMA:
        connection.execute(delete(meta))
        connection.execute(insert(meta), {"schema": SCHEMA})
    return version


def check_schema(connection: Connection, url: str) -> None:
    """Refuse a database whose tables are missing, older or newer than these.

    Raises:
        StoreVersion: A newer peelflow made the tables (S12).
        StoreUnavailable: There are none, or they must be upgraded first.
    """
    version = schema_version(connection)
    if version is None:
        why = f"it has no tables of peelflow; run: peelflow store upgrade {url}"
        raise StoreUnavailable(url, why)
    if version > SCHEMA:
        raise StoreVersion(url, found=version, known=SCHEMA)
    if version < SCHEMA:
        why = f"its schema {version} is older than {SCHEMA}; run: peelflow store upgrade {url}"
        raise StoreUnavailable(url, why)


def schema_version(connection: Connection) -> int | None:
    """Return the number of the schema there is, None when there is none."""
    if not inspect(connection).has_table(meta.name):
        return None
    version: int = connection.execute(select(func.max(meta.c.schema))).scalar() or 0
    return version
