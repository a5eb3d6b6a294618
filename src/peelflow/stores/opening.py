"""Open what a register is kept in: the store that a URL names, and the folder of its documents.

A store is one of ours, or one that another package brings by entry point.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from hashlib import sha256
from heapq import merge
from importlib.util import find_spec
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Protocol, TypeGuard

from peelflow.errors import InvalidRequest, MissingDependency, StoreError, StoreUnavailable
from peelflow.files import read_regular, write_error
from peelflow.model.rules import Category
from peelflow.stores.base import DocumentStore, Snapshot, Store, check_documents, is_sha256
from peelflow.stores.sqlite import SqliteStore

_SQLITE_PREFIX = "sqlite:///"


def open_store(url: str) -> Store:
    """Open the store that `url` names.

    `memory:` is kept in memory; `sqlite:///register.db` is a file, `sqlite:////srv/register.db`
    by absolute path; `postgresql+psycopg://…` and any other `dialect+driver:` is a database that
    SQLAlchemy reaches (extra `sql`); any other scheme belongs to an entry point in the group
    `peelflow.stores`, called with the URL.

    Raises:
        InvalidRequest: Nobody here knows the URL.
    """
    if not _is_text(url):
        what, instead = f"store {url!r:.80}", "write it as a text, such as sqlite:///register.db"
        raise InvalidRequest(what, "is no URL", instead)
    if url == "memory:":
        from peelflow.stores.memory import MemoryStore

        return MemoryStore(url)
    if url.startswith(_SQLITE_PREFIX) and url != _SQLITE_PREFIX:
        return SqliteStore(url.removeprefix(_SQLITE_PREFIX))
    return open_plugin_store(url)


def _is_text(url: object) -> bool:
    return isinstance(url, str)


def joined_store(connection: object) -> Store:
    """Return a store in the transaction of an application's connection.

    Raises:
        InvalidRequest: The connection cannot be joined.
        MissingDependency: SQLAlchemy is not installed.
    """
    check_sql_extra()
    from peelflow.stores.sql.store import join_connection

    return join_connection(connection)


def scope_store(force: str | None, store: Store, categories: Mapping[str, Category]) -> Store:
    """Return a store as one force sees it; the store itself where no force is named.

    `categories` tell by their names which fields name a record.
    """
    if force is None:
        return store
    from peelflow.stores.scoped import ScopedStore

    references = {
        name: [field for field, rule in category.fields.items() if rule.type == "reference"]
        for name, category in categories.items()
    }
    return ScopedStore(store, force, lambda category: references.get(category, ()))


ENTRY_POINT_GROUP = "peelflow.stores"


def is_sql_scheme(scheme: str) -> bool:
    """Return whether a URL's scheme is SQLAlchemy's: `dialect+driver`, or `postgresql`."""
    return "+" in scheme or scheme == "postgresql"


def check_sql_extra() -> None:
    """Raise MissingDependency where SQLAlchemy is not installed."""
    if find_spec("sqlalchemy") is None:
        raise MissingDependency(extra="sql", needs="SQLAlchemy")


def upgrade_store(url: str) -> int | None:
    """Make the tables of a database, or bring older ones up to date, and return what there was.

    A file or memory needs none: None is returned. `0` says that there were no tables.
    """
    if not is_sql_scheme(url.partition(":")[0]):
        return None
    check_sql_extra()
    from peelflow.stores.sql.store import upgrade_sql

    return upgrade_sql(url)


class SumStore(Store, Protocol):
    """A store that keeps sums of the figures, which none needs to."""

    def has_stale_sums(self) -> bool:
        """Return whether the sums are worth keeping anew, by who has opened the store."""

    def keep_sums(self) -> int:
        """Keep the sums up to now in the place of those there were, and return their position."""


def keep_sums(url: str) -> int | None:
    """Keep the sums of a register's figures up to now, in the place of those there were.

    Figures then take as long as there are lines in them and acts since, and not all there ever was.
    They are the same with sums that are old, or with none.

    Returns:
        The position of the last event that is summed up; None where the store keeps no sums.

    Raises:
        StoreUnavailable: The database lacks the tables for it (`upgrade_store` makes them), or
            what is kept cannot be read.
    """
    with closing(open_store(url)) as store:
        return store.keep_sums() if _sums_up(store) else None


def keep_stale_sums(store: Store) -> int | None:
    """Keep the sums of a store anew where that is worth it, and leave them as they are where not.

    It is where some hundreds of events came since, and a twentieth of all there are. Whoever may
    not write leaves them, and so does who finds the store busy, or something in it unreadable:
    figures are the same with old sums.

    Returns:
        The position of the last event that is summed up; None where they stay as they are.
    """
    try:
        return store.keep_sums() if _sums_up(store) and store.has_stale_sums() else None
    except StoreError:
        return None


def _sums_up(store: Store) -> TypeGuard[SumStore]:
    return hasattr(store, "keep_sums") and hasattr(store, "has_stale_sums")


def open_plugin_store(url: str) -> Store:
    """Return the store that an installed package, or else SQLAlchemy, opens at `url`."""
    from importlib.metadata import entry_points  # slow to load, and seldom needed

    scheme = url.partition(":")[0]
    for entry in entry_points(group=ENTRY_POINT_GROUP, name=scheme):
        store: Store = entry.load()(url)
        return store
    if is_sql_scheme(scheme):
        check_sql_extra()
        from peelflow.stores.sql.store import SqlStore

        return SqlStore(url)
    others = sorted(f"`{entry.name}:`" for entry in entry_points(group=ENTRY_POINT_GROUP))
    known = ", ".join(
        ("`memory:`", "`sqlite:///path`", "`postgresql+psycopg://host/name`", *others)
    )
    shown = f"{scheme}://…" if "@" in url else url  # with a password, perhaps
    what, instead = f"store {shown!r:.80}", f"use one of {known}"
    raise InvalidRequest(what, "no store is opened so", instead)


_MOST_BYTES = 1_000_000_000
"""The most bytes of a file that is read as a document: no database of ours keeps more in one."""


class DocumentFolder:
    """A folder of documents; `ab/cdef…` holds the content whose digest is `abcdef…`.

    A document is there whole or not at all, and stays after a crash once it was kept (S3, S8). One
    whose act then met a conflict stays in the folder, unnamed by any event. What the store itself
    kept before the folder came into use is still found.

    Args:
        path: The folder.
        store: The register's store, which remembers the folder once a document is kept in it.
        make: Whether the folder is made when missing, in a folder that must exist.

    Raises:
        InvalidRequest: The folder cannot be made, or the path is none.
    """

    def __init__(self, path: str | os.PathLike[str], store: Store, *, make: bool = True) -> None:
        if not _is_path(path):
            what, instead = f"the folder {path!r:.80}", "give one, such as 'letters'"
            raise InvalidRequest(what, "is no path", instead)
        self.path: Path = Path(path).absolute()
        self._store, self._is_noted = store, False
        try:
            if make:
                self.path.mkdir(exist_ok=True)
        except (OSError, ValueError) as fault:  # a path with a NUL or a lone surrogate
            raise _unwritable_folder(self.path, fault) from None

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep `content` under its digest; keeping it again changes nothing (S8).

        Raises:
            InvalidRequest: The content has another digest, or the folder cannot be written.
        """
        check_documents({digest: content})
        place = self._place(digest)
        try:
            # INVARIANT: what lies there is compared, for a name proves nothing; a link is no file.
            if _lies_at(place, content):
                self._note()
                return
            place.parent.mkdir(exist_ok=True)
            if place.parent.is_symlink():
                why = "holds a link to another folder"
                raise InvalidRequest(f"the folder {self.path}", why, "remove the link")
            _write_file(place, content)
            for folder in (place.parent, self.path):
                _sync_folder(folder)
        except OSError as fault:
            raise _unwritable_folder(self.path, fault) from None
        self._note()

    def _note(self) -> None:
        if not self._is_noted and self._store.documents_folder() != self.path:
            self._store.note_documents_folder(self.path)
        self._is_noted = True

    def document(self, digest: str) -> bytes | None:
        """Return a document byte for byte (S8), None when it is not kept."""
        content = self._content_of(digest) if is_sha256(digest) else None
        if content is not None and sha256(content).hexdigest() == digest:
            return content
        return self._store.document(digest)

    def _content_of(self, digest: str) -> bytes | None:
        """Return what lies at a digest, None where nothing does; links are not followed."""
        place = self._place(digest)
        if place.is_symlink() or place.parent.is_symlink():
            return None
        with suppress(OSError):
            # INVARIANT: a file may say that it has more bytes than any memory holds.
            return read_regular(place) if place.stat().st_size <= _MOST_BYTES else None
        return None

    def has_document(self, digest: str) -> bool:
        """Return whether a document is kept, with the content that its digest tells."""
        if is_sha256(digest):
            content = self._content_of(digest)
            if content is not None and sha256(content).hexdigest() == digest:
                return True
        return self._store.has_document(digest)

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Yield the digest and content of every document in the folder, by digest."""
        for path in sorted(self.path.glob("??/*")):
            digest = path.parent.name + path.name
            content = self._content_of(digest) if is_sha256(digest) else None
            if content is not None:
                yield digest, content

    def _place(self, digest: str) -> Path:
        return self.path / digest[:2] / digest[2:]


class ForceDocuments:
    """A folder of documents that several forces share, as one force sees it.

    Args:
        folder: The folder.
        store: The register's store, narrowed to the force.
    """

    def __init__(self, folder: DocumentFolder, store: ForceStore) -> None:
        self._folder, self._store = folder, store

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep a document in the folder, and that this force brought it."""
        self._folder.keep_document(digest, content)
        self._store.note_document(digest)

    def document(self, digest: str) -> bytes | None:
        """Return a document of this force's, None where it has none of this digest."""
        return self._folder.document(digest) if self._store.brought(digest) else None

    def has_document(self, digest: str) -> bool:
        """Return whether a document of this force's is kept."""
        return self._store.brought(digest) and self._folder.has_document(digest)


class ForceStore(DocumentStore, Protocol):
    """A store that knows which documents its one force brought."""

    def note_document(self, digest: str) -> None:
        """Keep that this force brought a document."""

    def brought(self, digest: str) -> bool:
        """Return whether this force brought a document, or one of its events names it."""


def documents_of(store: Store, folder: str | os.PathLike[str] | None) -> DocumentStore:
    """Return what keeps a register's documents: its store, or a folder.

    Args:
        store: The register's store.
        folder: The folder; None where it is the one that the store remembers, or there is none.
    """
    chosen = _remembered_folder(store) if folder is None else folder
    if chosen is None:
        return store
    documents = DocumentFolder(chosen, store, make=folder is not None)
    return ForceDocuments(documents, store) if _is_of_one_force(store) else documents


def _remembered_folder(store: Store) -> Path | None:
    try:
        return store.documents_folder()
    except StoreUnavailable:  # whatever is wrong with it, it is opened to be verified
        return None


def _is_of_one_force(store: DocumentStore) -> TypeGuard[ForceStore]:
    return hasattr(store, "note_document")


def _lies_at(place: Path, content: bytes) -> bool:
    """Return whether a content lies at a place, as a file of its own."""
    if place.is_symlink() or not place.exists() or place.stat().st_size != len(content):
        return False
    return read_regular(place) == content


def _write_file(place: Path, content: bytes) -> None:
    from tempfile import NamedTemporaryFile  # slow to load, and seldom needed

    # INVARIANT: the name is given last, to a file that is on the disk whole; and the file is closed
    # before, for Windows moves and removes no open one.
    stream = NamedTemporaryFile(dir=place.parent, prefix=".", delete=False)  # noqa: SIM115
    try:
        with stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(stream.name).replace(place)
    except BaseException:
        Path(stream.name).unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """See that a new name in a folder is on the disk; Windows opens no folder, nor need it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_path(path: object) -> bool:
    return isinstance(path, (str, os.PathLike)) and isinstance(os.fspath(path), str)


def _unwritable_folder(path: Path, fault: OSError | ValueError) -> InvalidRequest:
    if isinstance(fault, OSError):
        return write_error(f"the folder {path}", fault)
    why = f"cannot be written: {fault}"
    return InvalidRequest(f"the folder {path}", why, "check the path and its permissions")


def register_documents(snapshot: Snapshot, documents: DocumentStore) -> Iterator[tuple[str, bytes]]:
    """Yield each document of a register once, by digest: its folder's and its store's."""
    folder = documents.documents() if isinstance(documents, DocumentFolder) else iter(())
    both = merge(folder, snapshot.documents(), key=_digest_text)
    for _, (first, *_) in groupby(both, key=itemgetter(0)):  # the folder's comes first
        yield first


def _digest_text(document: tuple[object, object]) -> str:
    return str(document[0])  # whatever somebody else put there in its place
