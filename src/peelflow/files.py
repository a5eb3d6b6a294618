"""Read a file that somebody named, a regular one, and no further than a limit; write one whole.

A file is written beside its place, under a name that nobody can foresee, and moved into it: what
was killed half-way is in nobody's way.
"""

from __future__ import annotations

import os
import stat
from errno import ELOOP, ENOSPC
from pathlib import Path
from typing import BinaryIO

from peelflow.errors import InvalidRequest


def open_regular(path: Path) -> BinaryIO | None:
    """Open a regular file to read its bytes; return None where something else is at the path.

    Raises:
        OSError: Nothing is there, or it may not be read.
        ValueError: The path is none: it holds a NUL or a lone surrogate.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return None
    return open(path, "rb", opener=_open_nonblocking)


def read_regular(path: Path, limit: int | None = None) -> bytes | None:
    """Return what `open_regular` opens, and of a longer file one byte more than `limit`.

    Raises:
        OSError: Nothing is there, or it may not be read.
        ValueError: The path is none: it holds a NUL or a lone surrogate.
    """
    stream = open_regular(path)
    if stream is None:
        return None
    with stream:
        return stream.read(-1 if limit is None else limit + 1)


def check_linked(path: Path, folder: Path) -> None:
    """Refuse a path in a folder that is a link to a file which lies elsewhere.

    Args:
        path: The path.
        folder: The folder.

    Raises:
        OSError: It is one.
    """
    is_link = path.is_symlink() and path.is_file()
    if is_link and not path.resolve().is_relative_to(folder.resolve()):
        raise OSError(ELOOP, "it is a link to a file outside the folder", str(path))


def partial_path(path: Path) -> Path:
    """Return where a file is written until it is whole, by a name that nobody can foresee.

    Args:
        path: The file.
    """
    return path.with_name(f".{os.urandom(8).hex()}.part")


def move_into_place(partial_file: Path, path: Path, *, replace: bool) -> None:
    """Give a file that was written whole its name.

    Args:
        partial_file: The file; whoever wrote it removes what is left under that name.
        path: Its name.
        replace: Whether another may be written over.

    Raises:
        FileExistsError: Something came there meanwhile, and is not to be written over.
        OSError: It cannot be moved.
    """
    if replace:
        partial_file.replace(path)
        return
    try:
        os.link(partial_file, path)
    except FileExistsError:
        raise
    except OSError:  # no links on this file system
        partial_file.replace(path)


def write_error(what: str, fault: OSError) -> InvalidRequest:
    """Return why a path cannot be written, and what to do, as an error that names it."""
    instead = "check the path and its permissions"
    if fault.errno == ENOSPC:
        instead = "make room on the disk, then try again"
    return InvalidRequest(what, f"cannot be written: {fault.strerror}", instead)


def _open_nonblocking(path: str, flags: int) -> int:
    # A pipe put in the file's place meanwhile would have us wait for its writer.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
