"""Write the files that commands make: whole or not at all, and over nothing that is there.

A register is never written over, whatever is asked. A file is written beside its place, under a
name that nobody can foresee, and moved into it; what a killed command left is in nobody's way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from peelflow.errors import InvalidRequest
from peelflow.files import move_into_place, partial_path, read_regular, write_error

ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Write over a file that is there; never over a register.")
]
_SQLITE_MAGIC = b"SQLite format 3\0"
_REGISTER_PARTS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a register, by the ends of their names."""


def check_output_file(path: Path, *, replace: bool) -> None:
    """Refuse to write over a file that is there.

    Args:
        path: The file that is to be written.
        replace: Whether it may be written over, unless it is a register or a part of one.

    Raises:
        InvalidRequest: It is a register, no file, or there already.
    """
    whole = next((end for end in _REGISTER_PARTS if path.name.endswith(end)), "")
    register = path.with_name(path.name.removesuffix(whole)) if path.name != whole else path
    what = f"the file {path}"
    if _is_register(register):
        why = f"is part of the register {register.name}" if whole else "is a register"
        raise InvalidRequest(what, why, "name another file; a register is never written over")
    if not os.path.lexists(path):
        return
    if path.exists() and not path.is_file():
        raise InvalidRequest(what, "is no regular file", "name another file")
    if not replace:
        raise _exists(path)


def _is_register(path: Path) -> bool:
    try:
        return (read_regular(path, len(_SQLITE_MAGIC)) or b"").startswith(_SQLITE_MAGIC)
    except (OSError, ValueError):  # nothing there, or nothing that can be read
        return False


def _exists(path: Path) -> InvalidRequest:
    why, instead = "is there already", "name another, or give --replace to write over it"
    return InvalidRequest(f"the file {path}", why, instead)


def write_text(path: Path, text: str, *, replace: bool) -> None:
    """Write a file's text whole or leave all as it was, or raise InvalidRequest.

    Args:
        path: The file.
        text: What it is to hold.
        replace: Whether it may be written over.
    """
    with output_stream(path, replace=replace) as stream:
        stream.write(text)


def write_bytes(path: Path, content: bytes, *, replace: bool) -> None:
    """Write a file whole or leave all as it was, or raise InvalidRequest.

    Args:
        path: The file.
        content: What it is to hold.
        replace: Whether it may be written over.
    """
    with output_stream(path, replace=replace) as stream:
        stream.buffer.write(content)


@contextmanager
def output_stream(path: Path, *, replace: bool) -> Iterator[TextIOWrapper]:
    """Give a stream whose text becomes the file when the block ends well.

    Args:
        path: The file.
        replace: Whether it may be written over.

    Raises:
        InvalidRequest: The file cannot be written, or is not to be written over.
    """
    check_output_file(path, replace=replace)
    partial_file = partial_path(path)
    try:
        try:
            with partial_file.open("x", encoding="utf-8", newline="\n") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            check_output_file(path, replace=replace)
            move_into_place(partial_file, path, replace=replace)
        finally:
            partial_file.unlink(missing_ok=True)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise write_error(f"the file {path}", error) from None
