"""Read a file that is to be kept as a document, or say why it cannot be one."""

from __future__ import annotations

from pathlib import Path

from peelflow.files import read_regular
from peelflow.register.limits import MAX_DOCUMENT_BYTES


def read_document(path: Path) -> bytes | str:
    """Return what a regular file holds, or why it cannot be taken as a document."""
    try:
        content = read_regular(path, MAX_DOCUMENT_BYTES)
    except (OSError, ValueError) as error:
        return f"cannot be read: {say_unreadable(error)}"
    if content is None:
        return "is no regular file"
    if len(content) > MAX_DOCUMENT_BYTES:
        return f"has more than {MAX_DOCUMENT_BYTES} bytes"
    return content


def say_unreadable(error: Exception) -> str:
    """Say why a file cannot be read."""
    return getattr(error, "strerror", None) or str(error)
