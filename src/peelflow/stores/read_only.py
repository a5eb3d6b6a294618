"""Read a SQLite file that may only be read, and leave nothing beside it.

Whoever opens a file in WAL mode the usual way makes its log and the log's index beside it, where
they are not there. Made by somebody who may only read, they belong to somebody whose files the
file's owner cannot write to, and lock the owner out. So nothing is made here:

- where a log stands beside the file, somebody writes or was killed: the file is read with it, under
  SQLite's own locks, through an index that is there already;
- where none does, the whole register is in the file, which is read as one that does not change.
  Whether that was so is seen afterwards, and what was read meanwhile is thrown away.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

_LOG, _INDEX, _JOURNAL = "-wal", "-shm", "-journal"


class FileState(NamedTuple):
    """What tells that nobody wrote to a file, and whether somebody could be about to.

    Attributes:
        file: The file's identity, its size and when it was written to; None where it is gone.
        is_logged: Whether a log, or a journal, holds something that the file does not.
    """

    file: tuple[int, int, int] | None
    is_logged: bool


def state_of(path: Path) -> FileState:
    """Return how a file and what lies beside it stand now."""
    file = _stat(path)
    beside = (_stat(path.with_name(path.name + end)) for end in (_LOG, _JOURNAL))
    return FileState(
        file and (file.st_ino, file.st_size, file.st_mtime_ns),
        any(found is not None and found.st_size > 0 for found in beside),
    )


def lacks_index(path: Path) -> bool:
    """Return whether a log was left beside a file and its index was not: nobody can read by it."""
    log, index = (_stat(path.with_name(path.name + end)) for end in (_LOG, _INDEX))
    return log is not None and log.st_size > 0 and index is None


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def may_only_read(path: Path) -> bool:
    """Return whether a file is there that this user may not write to, or not log writes for.

    The log has to be made in the file's folder, unless somebody made it already.
    """
    if not path.is_file():
        return False
    return not _may_write(path) or not (_may_write(path.parent) or state_of(path).is_logged)


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


class ReadingConnection(sqlite3.Connection):
    """A connection that reads one file, and knows how the file stood when it was opened."""

    path: Path
    state: FileState

    @property
    def is_stale(self) -> bool:
        """Whether the file was written to since, without a lock that this connection would see."""
        return not self.state.is_logged and state_of(self.path) != self.state


def connect_to_read(path: Path, *, timeout: float) -> sqlite3.Connection:
    """Open a file that may only be read; nothing is made beside it.

    Args:
        path: The file.
        timeout: Seconds to wait for a lock.
    """
    state = state_of(path)
    how = "mode=ro&readonly_shm=1" if state.is_logged else "immutable=1"
    connection = ReadingConnection(
        f"file:{quote(path.as_posix())}?{how}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.path, connection.state = path, state
    return connection


def is_stale(connection: object) -> bool:
    """Return whether a file that is read as one that does not change was written to since."""
    return isinstance(connection, ReadingConnection) and connection.is_stale
