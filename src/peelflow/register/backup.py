"""Make a whole copy of a register while others go on writing to it, and verify the copy.

A register in a file of its own is copied by SQLite's backup, in one reading, and its documents are
put into the copy, wherever they lay: the copy is a register of one file. Any other register is
exported. Either is written beside its place, verified there, and given its name last.
"""

from __future__ import annotations

import os
from contextlib import closing
from itertools import chain, starmap
from pathlib import Path

from attrs import evolve, field

from peelflow.errors import InvalidRequest, StoreUnavailable, Unverified
from peelflow.files import move_into_place, partial_path, write_error
from peelflow.register.register import Register
from peelflow.results import Result, frozen
from peelflow.stores.base import WriteBatch, chunked
from peelflow.stores.export import (
    EndLine,
    feed_of_export,
    opened_lines,
    read_export,
    verify_export,
)
from peelflow.stores.integrity import (
    Discrepancy,
    clock_discrepancies,
    document_discrepancies,
    verify_snapshot,
)
from peelflow.stores.opening import DocumentFolder
from peelflow.stores.sqlite import SqliteStore
from peelflow.stores.sqlite_file import url_of_file

DOCUMENTS_AT_ONCE = 20
"""How many documents are in memory at once."""
_MEND = "verify the register, and put back what it lacks"


@frozen
class Backup(Result):
    """A copy that was made of a register, and verified.

    Attributes:
        path: Where it lies.
        events: How many events it holds.
        documents: How many documents, with what is said of each.
        is_register: Whether it is itself a register, and not an export of one.
        found: Where a clock was set back as events were recorded, which stops no backup.
    """

    path: Path
    events: int
    documents: int
    is_register: bool
    found: tuple[Discrepancy, ...] = field(default=())


def backup(register: Register, path: str | os.PathLike[str], *, replace: bool = False) -> Backup:
    """Copy a running register whole into a new file, with its documents, and verify the copy.

    It holds all that was acknowledged before. A register in a file of its own becomes such a file
    again; any other an export, which `Register.restore` takes.

    Args:
        register: The register; not one that is opened for a single force.
        path: The new file.
        replace: Whether another file there may be written over.

    Returns:
        What the copy holds.

    Raises:
        InvalidRequest: Something is at that path, or it cannot be written.
        Unverified: The register does not verify, or lacks a document that it names.
    """
    place = Path(path).absolute()
    if os.path.lexists(place) and not replace:
        raise _exists(place)
    store, draft = register.store, partial_path(place)
    try:
        if isinstance(store, SqliteStore):
            made = _copy_file(register, store, draft)
        else:
            made = _write_export(register, draft)
        _sync(draft)
        move_into_place(draft, place, replace=replace)
    except FileExistsError:
        raise _exists(place) from None
    except OSError as fault:
        raise write_error(f"the file {place}", fault) from None
    except StoreUnavailable as fault:
        if fault.url != url_of_file(draft):
            raise
        why = f"cannot be written: {fault.why}"
        raise InvalidRequest(f"the file {place}", why, fault.instead) from None
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + end).unlink(missing_ok=True)
    return evolve(made, path=place)


def _copy_file(register: Register, store: SqliteStore, draft: Path) -> Backup:
    """Copy a register's file with its documents; return what the copy holds."""
    documents = register.documents
    store.copy_to(draft)
    with closing(SqliteStore(draft)) as copy:
        copy.note_documents_folder(None)  # they are all in the copy
        folder = documents.documents() if isinstance(documents, DocumentFolder) else ()
        for chunk in chunked(folder, DOCUMENTS_AT_ONCE):
            for discrepancy in chain.from_iterable(starmap(document_discrepancies, chunk)):
                raise _unverified(discrepancy)
            copy.append(WriteBatch((), (), {}, {}, dict(chunk)))
        with copy.snapshot() as kept:
            for discrepancy in verify_snapshot(kept):
                raise _unverified(discrepancy)
            count = sum(1 for _ in kept.documents())
            clocks = clock_discrepancies((row for _, row in kept.feed()), register.session().now)
            return Backup(draft, copy.position(), count, is_register=True, found=tuple(clocks))


def _write_export(register: Register, draft: Path) -> Backup:
    """Export a register, and verify the export; return what it holds."""
    with draft.open("x", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in register.export())
    with opened_lines(draft) as lines:
        for discrepancy in verify_export(lines):
            raise _unverified(discrepancy)
    with opened_lines(draft) as lines:
        ends = [line for line in read_export(lines) if isinstance(line, EndLine)]
    with opened_lines(draft) as lines:
        rows = (row for _, row in feed_of_export(lines))
        clocks = tuple(clock_discrepancies(rows, register.session().now))
    count, documents = ends[0].events, ends[0].documents or 0
    return Backup(draft, count, documents, is_register=False, found=clocks)


def _unverified(discrepancy: Discrepancy) -> Unverified:
    return Unverified("the register", f"does not verify: {discrepancy}", _MEND)


def _sync(file: Path) -> None:
    """See that a file is on the disk whole."""
    with file.open("r+b") as stream:
        os.fsync(stream.fileno())


def _exists(place: Path) -> InvalidRequest:
    return InvalidRequest(f"the file {place}", "is there already", "name another")
