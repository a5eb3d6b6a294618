"""Define the tables of the SQL stores, and upgrade them when asked.

Events are only ever inserted; a force may take away the right to change or delete them. Their
positions stand in a table of their own, given by whoever reads the feed, so that writers share no
row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from peelflow.errors import StoreUnavailable, StoreVersion
from peelflow.stores.base import (
    INTEGER_COLUMNS,
    LIFECYCLE_COLUMNS,
    NULL_COLUMNS,
    SCHEMA_GONE,
    ChangeRow,
    EventRow,
    JointRow,
    StoredRow,
    SumRow,
)
from peelflow.stores.sql.connection import check_encoding
from peelflow.stores.sql.search_path import POSTGRESQL, is_made

SCHEMA = 1
metadata: sa.MetaData = sa.MetaData()
RECORDS_BY_FORCE = "peelflow_records_by_force"

# INVARIANT: text is ordered by code point, as in every store.
_text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _columns(names: Iterable[str]) -> Iterator[sa.Column[Any]]:
    for name in names:
        kind = sa.Integer if name in INTEGER_COLUMNS else _text
        yield sa.Column(name, kind, nullable=name in NULL_COLUMNS)


def as_text(value: str) -> sa.ColumnElement[str]:
    """Return a value that is compared as the very type of our columns, and as no other."""
    return sa.cast(value, sa.Text())


meta: sa.Table = sa.Table(
    "peelflow_meta", metadata, sa.Column("schema", sa.Integer, nullable=False)
)
records: sa.Table = sa.Table(
    "peelflow_records",
    metadata,
    *_columns(StoredRow._fields),
    sa.PrimaryKeyConstraint("id"),
    sa.Index("peelflow_records_by_category", "category", "force", "id"),
    sa.Index(RECORDS_BY_FORCE, "force", "id"),
    sa.Index("peelflow_records_by_parent", "parent", "id"),
)
events: sa.Table = sa.Table(
    "peelflow_events",
    metadata,
    sa.Column("serial", _serial, sa.Identity(), primary_key=True),
    *_columns(EventRow._fields),
    sa.UniqueConstraint("record", "number", name="peelflow_events_by_number"),
    sa.UniqueConstraint("record", "key", name="peelflow_events_by_key"),
)
# INVARIANT: a batch is named by its first event's serial, so ordering by it keeps a batch together
# and puts it behind every batch that had committed when it began.
unplaced: sa.Table = sa.Table(
    "peelflow_unplaced",
    metadata,
    sa.Column("batch", _serial, nullable=False),
    sa.Column("serial", _serial, nullable=False),
    sa.PrimaryKeyConstraint("batch", "serial"),
)
feed: sa.Table = sa.Table(
    "peelflow_feed",
    metadata,
    sa.Column("position", _serial, primary_key=True, autoincrement=False),
    sa.Column("serial", _serial, sa.ForeignKey(events.c.serial), nullable=False, unique=True),
)
changes: sa.Table = sa.Table("peelflow_changes", metadata, *_columns(ChangeRow._fields))
documents: sa.Table = sa.Table(
    "peelflow_documents",
    metadata,
    sa.Column("digest", _text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
lifecycles: sa.Table = sa.Table(
    "peelflow_lifecycles",
    metadata,
    *_columns(LIFECYCLE_COLUMNS),
    sa.PrimaryKeyConstraint("name", "version"),
)


settings: sa.Table = sa.Table(
    "peelflow_settings",
    metadata,
    sa.Column("name", _text, primary_key=True),
    sa.Column("value", _text, nullable=False),
)
joint_records: sa.Table = sa.Table(
    "peelflow_joint_records",
    metadata,
    *_columns(JointRow._fields),
    sa.PrimaryKeyConstraint("record", "force"),
    sa.Index("peelflow_joint_records_by_force", "force", "record"),
)
checkpoint: sa.Table = sa.Table(
    "peelflow_checkpoint",
    metadata,
    sa.Column("position", _serial, nullable=False),
    sa.Column("digest", _text, nullable=False),
)
sums: sa.Table = sa.Table(
    "peelflow_sums",
    metadata,
    *_columns(SumRow._fields),
    sa.Index("peelflow_sums_by_day", "on", "force"),
)
LATER_TABLES: tuple[sa.Table, ...] = (settings, joint_records, checkpoint, sums)
LATER_OBJECTS: tuple[tuple[str, ...], ...] = (
    (f"table {settings.name}", f"table {joint_records.name}", f"index {RECORDS_BY_FORCE}"),
    (f"table {checkpoint.name}", f"table {sums.name}"),
)
"""What a database of before lacks, until its tables are brought up to date."""


SchemaUpgrade = Callable[[sa.Connection], None]
SCHEMA_UPGRADES: Mapping[int, SchemaUpgrade] = {}
"""What brings a schema of that number to the next."""


def upgrade_schema(
    connection: sa.Connection, url: str, steps: Mapping[int, SchemaUpgrade] = SCHEMA_UPGRADES
) -> int:
    """Make the tables, or bring older ones up to date, and return the schema there was (0: none).

    StoreVersion is raised where a newer peelflow made the tables (S12).
    """
    check_encoding(connection, url)
    version = schema_version(connection, url) or 0
    if version > SCHEMA:
        raise StoreVersion(url, found=version, known=SCHEMA)
    if not version:
        for table in metadata.sorted_tables:
            _create_missing(connection, table)
    else:
        _create_later(connection)
    for number in range(version, SCHEMA) if version else ():
        if number not in steps:
            raise StoreUnavailable(url, f"its schema number is {number}")
        steps[number](connection)
    if version != SCHEMA:
        connection.execute(sa.delete(meta))
        connection.execute(sa.insert(meta), {"schema": SCHEMA})
    return version


def _create_later(connection: sa.Connection) -> None:
    """Create what a database of before lacks."""
    if not (is_made(connection, sums.name) and is_made(connection, checkpoint.name)):
        for table in (checkpoint, sums):  # what is left says nothing alone
            if is_made(connection, table.name):
                table.drop(connection)
    for table in LATER_TABLES:
        _create_missing(connection, table)
    is_server = connection.dialect.name == POSTGRESQL
    for index in records.indexes:
        if not (is_server and is_made(connection, str(index.name))):
            index.create(connection, checkfirst=not is_server)


def _create_missing(connection: sa.Connection, table: sa.Table) -> None:
    if not is_made(connection, table.name):
        table.create(connection)


def check_schema(connection: sa.Connection, url: str) -> None:
    """Refuse a database whose tables are missing or older, and by StoreVersion newer ones (S12)."""
    check_encoding(connection, url)
    version = schema_version(connection, url)
    if version is None:
        why = f"it has no tables of peelflow; run: peelflow store upgrade {url}"
        raise StoreUnavailable(url, why)
    if version > SCHEMA:
        raise StoreVersion(url, found=version, known=SCHEMA)
    if version < SCHEMA:
        why = f"its schema {version} is older than {SCHEMA}; run: peelflow store upgrade {url}"
        raise StoreUnavailable(url, why)


def schema_version(connection: sa.Connection, url: str) -> int | None:
    """Return the number of the schema there is, None when there are no tables.

    StoreUnavailable is raised where tables of ours have no number of their schema.
    """
    if not is_made(connection, meta.name):
        if is_made(connection, events.name):
            raise _schema_gone(url, "with its table")
        return None
    version: object = connection.execute(sa.select(sa.func.max(meta.c.schema))).scalar()
    if not isinstance(version, int):
        raise _schema_gone(url, "from its table")
    return version


def _schema_gone(url: str, how: str) -> StoreUnavailable:
    instead = "verify it, and restore it from a backup or an export"
    return StoreUnavailable(url, f"{SCHEMA_GONE}, {how} {meta.name}", instead=instead)
