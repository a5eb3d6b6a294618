"""Open a SQLite file: make its tables where it has none, and refuse what is not ours.

What a register of before lacks is made when there is first something to keep in it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from time import monotonic, sleep

from peelflow.errors import StoreBusy, StoreError, StoreUnavailable, StoreVersion
from peelflow.results import frozen
from peelflow.stores.base import Checkpoint, JointRow, SumRow
from peelflow.stores.read_only import (
    ReadingConnection,
    connect_to_read,
    lacks_index,
    may_only_read,
)
from peelflow.stores.schema_check import (
    ExpectedSchema,
    SchemaNumbers,
    check_schema_objects,
    objects_of,
    sqlite_objects,
)

SCHEMA = 1
_BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_UNWRITTEN_CODES = (
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
)
_RETRY_PAUSE = 0.002
APPLICATION_ID = 0x7065656C  # "peel", in the file's header: no other application's file is touched

MAKE_SETTINGS = "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
HAS_SETTINGS = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'settings'"
MAKE_JOINT_RECORDS = (
    """CREATE TABLE joint_records (
        record TEXT NOT NULL, force TEXT NOT NULL, PRIMARY KEY (record, force)) WITHOUT ROWID""",
    """CREATE INDEX joint_records_by_force ON joint_records (force, record)""",
)
MAKE_RECORDS_BY_FORCE = "CREATE INDEX records_by_force ON records (force, id)"
HAS_JOINT_RECORDS = (
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'joint_records'"
)
MAKE_CHECKPOINT = "CREATE TABLE checkpoint (position INTEGER NOT NULL, digest TEXT NOT NULL)"
MAKE_SUMS = (
    """CREATE TABLE sums (
        "on" TEXT NOT NULL, force TEXT NOT NULL, category TEXT NOT NULL, level INTEGER,
        ledger TEXT NOT NULL, counts TEXT NOT NULL, total INTEGER NOT NULL,
        assumed INTEGER NOT NULL)""",
    """CREATE INDEX sums_by_day ON sums ("on", force)""",
)
HAS_SUMS = """SELECT count(*) = 2 FROM sqlite_master
    WHERE type = 'table' AND name IN ('checkpoint', 'sums')"""

TABLES = (
    """CREATE TABLE meta (schema INTEGER NOT NULL)""",
    """CREATE TABLE records (
        id TEXT PRIMARY KEY, number INTEGER NOT NULL, head TEXT NOT NULL, force TEXT NOT NULL,
        category TEXT NOT NULL, level INTEGER, lifecycle TEXT NOT NULL, version INTEGER NOT NULL,
        state TEXT NOT NULL, parent TEXT, body TEXT NOT NULL)""",
    """CREATE INDEX records_by_category ON records (category, force, id)""",
    MAKE_RECORDS_BY_FORCE,
    """CREATE INDEX records_by_parent ON records (parent, id) WHERE parent IS NOT NULL""",
    # INVARIANT: SQLite has one writer at a time and no event is deleted, so the positions it gives
    # are those of the feed: dense, in the order of the commits.
    """CREATE TABLE events (
        position INTEGER PRIMARY KEY, record TEXT NOT NULL, number INTEGER NOT NULL,
        "on" TEXT NOT NULL, kind TEXT NOT NULL, key TEXT, text TEXT NOT NULL,
        previous TEXT NOT NULL, digest TEXT NOT NULL, UNIQUE (record, number))""",
    """CREATE UNIQUE INDEX events_by_key ON events (record, key) WHERE key IS NOT NULL""",
    """CREATE TABLE changes (
        record TEXT NOT NULL, number INTEGER NOT NULL, "on" TEXT NOT NULL, force TEXT NOT NULL,
        category TEXT NOT NULL, level INTEGER, ledger TEXT NOT NULL, counts TEXT NOT NULL,
        state TEXT NOT NULL, delta INTEGER NOT NULL)""",
    """CREATE TABLE documents (digest TEXT PRIMARY KEY, content BLOB NOT NULL)""",
    """CREATE TABLE lifecycles (
        name TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, text TEXT NOT NULL,
        PRIMARY KEY (name, version)) WITHOUT ROWID""",
    MAKE_SETTINGS,
    *MAKE_JOINT_RECORDS,
    MAKE_CHECKPOINT,
    *MAKE_SUMS,
)
LATER_OBJECTS: Sequence[Mapping[str, Sequence[str]]] = (
    {
        "table settings": (MAKE_SETTINGS,),
        "table joint_records": MAKE_JOINT_RECORDS,
        "index records_by_force": (MAKE_RECORDS_BY_FORCE,),
    },
    {"table checkpoint": (MAKE_CHECKPOINT,), "table sums": MAKE_SUMS},
)
"""What a register of before lacks until it is first written to, by when it came, and what makes it.
"""


@cache
def expected_schema() -> ExpectedSchema:
    """Return the schema that this version makes."""
    tables = (sql.split()[2] for sql in TABLES if sql.startswith("CREATE TABLE"))
    return ExpectedSchema(objects_of(TABLES, tables), tuple(LATER_OBJECTS))


def check_written_schema(
    connection: sqlite3.Connection, url: str, known: SchemaNumbers | None
) -> SchemaNumbers:
    """Make what a register of before lacks; refuse to write where anything is not as it is made.

    Args:
        connection: In the transaction that writes.
        url: How errors call the store.
        known: The numbers of the schema that was last found to be ours, and kept.

    Returns:
        The numbers of the schema, once the transaction is kept.
    """
    expected = expected_schema()

    def numbers() -> SchemaNumbers:
        return check_schema_objects(connection.execute, expected, url, known=known)

    if (found := numbers()) == known:
        return found
    there = sqlite_objects(connection.execute, expected.tables)
    for together in LATER_OBJECTS:
        for name in together.keys() - there.keys():
            for statement in together[name]:
                connection.execute(statement)
    return numbers()


def connect(path: Path, url: str, *, timeout: float) -> sqlite3.Connection:
    """Open the store in `path`, making it if there is no file or an empty one.

    A file that may only be read is opened so, and nothing is made beside it. What SQLite itself
    finds comes as its own error; `url` is how other errors call the store.
    """
    if not path.parent.is_dir():
        raise StoreUnavailable(url, f"there is no folder `{path.parent}`")
    if path.is_dir():
        raise StoreUnavailable(url, "it is a folder")
    reads_only = may_only_read(path)
    if reads_only and lacks_index(path):
        instead = "let somebody who may write to it open it once"
        raise StoreUnavailable(
            url, "a writer was cut off, and its log has no index", instead=instead
        )
    connection = (
        connect_to_read(path, timeout=timeout)
        if reads_only
        else sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    )
    try:
        _prepare_patiently(connection, url, until=monotonic() + timeout)
    except BaseException:
        connection.close()
        raise
    return connection


DRIVER_FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What the driver raises: of a name in the schema that is no UTF-8 it cannot tell what SQLite says.
"""


def url_of_file(path: str | os.PathLike[str]) -> str:
    """Return how errors call the store in a file."""
    return f"sqlite:///{os.fspath(path)}"


def error_of(url: str, fault: Exception) -> StoreError:
    """Return what the driver raised as an error of ours: that the file is locked, or what to do."""
    if is_busy(fault):
        return StoreBusy(url)
    return StoreUnavailable(url, sentence_of(fault), instead=advice_for(fault))


def sentence_of(fault: BaseException) -> str:
    """Return what SQLite says of a fault, as far as the driver can tell it."""
    is_unsayable = isinstance(fault, UnicodeDecodeError)
    return "a name in its schema is no UTF-8" if is_unsayable else str(fault)


def advice_for(fault: Exception) -> str | None:
    """Return what to do about what SQLite found, None where the file itself is to be looked at."""
    if is_write_error(fault):
        return "make room on the disk, then try again"
    return "let the file and its folder be written to" if is_read_only(fault) else None


def is_busy(fault: Exception) -> bool:
    """Return whether SQLite gave up because somebody else held a lock."""
    return _primary_code(fault) in _BUSY_CODES


def is_read_only(fault: Exception) -> bool:
    """Return whether SQLite gave up because the file may only be read."""
    return _primary_code(fault) == sqlite3.SQLITE_READONLY


def is_write_error(fault: Exception) -> bool:
    """Return whether SQLite gave up because the disk does not take what it writes."""
    code = int(getattr(fault, "sqlite_errorcode", 0))
    return _primary_code(fault) == sqlite3.SQLITE_FULL or code in _UNWRITTEN_CODES


def _primary_code(fault: Exception) -> int:
    """Return SQLite's primary code of an error, 0 for one of the driver's own."""
    return int(getattr(fault, "sqlite_errorcode", 0)) & 0xFF


def _prepare_patiently(connection: sqlite3.Connection, url: str, *, until: float) -> None:
    # SQLite's own waiting leaves out the change to WAL: of two that open a new file at once, one
    # is told at once that it is locked.
    while True:
        try:
            return _prepare(connection, url)
        except sqlite3.OperationalError as fault:
            if not is_busy(fault) or monotonic() > until:
                raise
        sleep(_RETRY_PAUSE)


def _prepare(connection: sqlite3.Connection, url: str) -> None:
    reads_only = isinstance(connection, ReadingConnection)
    check_file_encoding(connection, url)
    if _is_empty(connection) and not reads_only:
        _create(connection)
    if number_from(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise StoreUnavailable(url, "it is another application's database")
    schema = number_from(connection, "SELECT max(schema) FROM meta")
    if schema > SCHEMA:
        raise StoreVersion(url, found=schema, known=SCHEMA)
    if schema < SCHEMA:
        raise StoreUnavailable(url, f"its schema number is {schema}")
    if not reads_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")


def _create(connection: sqlite3.Connection) -> None:
    with connection:  # commits, or rolls back
        connection.execute("BEGIN IMMEDIATE")
        if not _is_empty(connection):  # somebody else was quicker
            return
        for table in TABLES:
            connection.execute(table)
        connection.execute("INSERT INTO meta VALUES (?)", (SCHEMA,))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _is_empty(connection: sqlite3.Connection) -> bool:
    return not (
        number_from(connection, "PRAGMA application_id")
        or number_from(connection, "SELECT count(*) FROM sqlite_master")
    )


def number_from(connection: sqlite3.Connection, sql: str) -> int:
    """Return the number that a statement gives, 0 where it gives none."""
    (number,) = connection.execute(sql).fetchone()
    return number if isinstance(number, int) else 0


_INSERT_JOINT = "INSERT INTO joint_records (record, force) VALUES (?, ?)"


def write_joint(
    connection: sqlite3.Connection, joint: Sequence[tuple[str, Sequence[JointRow]]]
) -> None:
    """Write of which forces records are."""
    for record, rows in joint:
        connection.execute("DELETE FROM joint_records WHERE record = ?", (record,))
        connection.executemany(_INSERT_JOINT, rows)


def write_sums(
    connection: sqlite3.Connection, checkpoints: Sequence[Checkpoint], rows: Sequence[SumRow]
) -> None:
    """Write the sums in the place of those there were."""
    connection.execute("DELETE FROM checkpoint")
    connection.execute("DELETE FROM sums")
    connection.executemany("INSERT INTO checkpoint VALUES (?, ?)", checkpoints)
    connection.executemany("INSERT INTO sums VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


@frozen
class OpenFile:
    """The files that a connection writes to: the database at its path, and its journal beside it.

    Attributes:
        places: Their paths: as it was named, where links lead, and the journal's.
        identities: Which file was at each, by device and number; None where none was.
    """

    places: tuple[str, ...]
    identities: tuple[tuple[int, int] | None, ...]

    def check(self, url: str) -> None:
        """Refuse to acknowledge what is written to them where whoever opens the path misses it.

        Args:
            url: How the error calls the store.

        Raises:
            StoreUnavailable: Other files are at their paths now, or the database has another name.
        """
        if self.identities != tuple(map(_identity_of, self.places)):
            raise file_replaced(url)
        check_one_name(self.file, url)

    @property
    def file(self) -> str:
        """The path of the database, where links lead."""
        return self.places[-2]


def open_file(connection: sqlite3.Connection, path: Path) -> OpenFile:
    """Return which files a connection opened at a path."""
    number_from(connection, "PRAGMA schema_version")  # SQLite makes the journal as it first reads
    named, real = os.fspath(path), os.path.realpath(path)
    places = tuple(dict.fromkeys((named, real, f"{real}-wal")))
    return OpenFile(places, tuple(map(_identity_of, places)))


def _identity_of(place: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(place)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def check_one_name(file: str, url: str) -> None:
    """Refuse to write to a file that has several names.

    SQLite keeps its journal beside the name by which it was opened. Of two that open one file by
    two names neither sees the other's, nor its locks: acts of one overwrite those of the other.

    Args:
        file: Its path.
        url: How the error calls the store.

    Raises:
        StoreUnavailable: It has several.
    """
    names = names_of(file)
    if names > 1:
        why = (
            f"its file has {names} names (hard links), and what is kept by one may be lost by "
            "another; nothing was kept"
        )
        instead = (
            "remove the others, which `find FOLDER -samefile FILE` finds, and copy a register "
            "with `peelflow backup`; it may be read as it is"
        )
        raise StoreUnavailable(url, why, instead=instead)


def names_of(file: str) -> int:
    """Return how many names a file has, 0 where there is none.

    Args:
        file: Its path, where links lead.
    """
    try:
        return os.lstat(file).st_nlink
    except OSError:
        return 0


def check_file_encoding(connection: sqlite3.Connection, url: str) -> None:
    """Refuse a file that would sort ids otherwise than by their characters.

    Args:
        connection: A connection to it.
        url: How the error calls the store.

    Raises:
        StoreUnavailable: Its texts are in UTF-16.
    """
    (encoding,) = connection.execute("PRAGMA encoding").fetchone()
    if encoding != "UTF-8":
        why = f"its texts are in {encoding}, which sorts ids another way"
        instead = "copy it into a new one in UTF-8: sqlite3 OLD .dump | sqlite3 NEW"
        raise StoreUnavailable(url, why, instead=instead)


def file_replaced(url: str) -> StoreUnavailable:
    """Return what a store says whose file, or its journal, is gone from its path while open."""
    why = "its file or the `-wal` beside it was deleted or replaced while it was open"
    instead = "put it back, or open the register again and see what it holds"
    return StoreUnavailable(url, f"{why}; nothing was kept", instead=instead)
