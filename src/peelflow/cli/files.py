"""Read and write the small files that a verb names; one that cannot be is a request refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from peelflow.errors import RequestRefused
from peelflow.register.cells import document_at


def read_bytes(path: Path) -> bytes:
    """Return what a file holds, or raise RequestRefused."""
    found = document_at(path)
    if isinstance(found, str):
        raise RequestRefused(f"the file {path}", found, "check the path and its permissions")
    return found


def read_text(path: Path) -> str:
    """Return a file's text, or raise RequestRefused."""
    return read_bytes(path).decode("utf-8", "replace")


def write_text(path: Path, text: str) -> None:
    """Write a file's text, or raise RequestRefused."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise _unwritable(path, error) from None


def replace_text(path: Path, text: str) -> None:
    """Write a file's text whole or leave it as it was, or raise RequestRefused."""
    with replaced(path) as stream:
        stream.write(text)


@contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """Give a stream whose text takes the file's place when the block ends well.

    Raises:
        RequestRefused: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8", newline="\n") as stream:
            try:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> RequestRefused:
    why, instead = f"cannot be written: {error.strerror}", "check the path and its permissions"
    return RequestRefused(f"the file {path}", why, instead)
