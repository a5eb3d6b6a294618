"""Read and write the small files that a verb names; one that cannot be is a request refused."""

from __future__ import annotations

from pathlib import Path

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
        why = f"cannot be written: {error.strerror}"
        instead = "check the path and its permissions"
        raise RequestRefused(f"the file {path}", why, instead) from None
