"""Read and write the small files that a verb names; one that cannot be is a request refused."""

from __future__ import annotations

from pathlib import Path

from peelflow.errors import RequestRefused


def read_bytes(path: Path) -> bytes:
    """Return what a file holds, or raise RequestRefused."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refused(path, "read", error) from None


def read_text(path: Path) -> str:
    """Return a file's text, or raise RequestRefused."""
    return read_bytes(path).decode("utf-8", "replace")


def write_text(path: Path, text: str) -> None:
    """Write a file's text, or raise RequestRefused."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise _refused(path, "written", error) from None


def _refused(path: Path, verb: str, error: OSError) -> RequestRefused:
    why = f"cannot be {verb}: {error.strerror}"
    return RequestRefused(f"the file {path}", why, "check the path and its permissions")
