"""Shared: what both SQL stores do, each on connections of its kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from sqlalchemy import Connection

from peelflow.model.records import Record
from peelflow.stores import sql_asking as asking
from peelflow.stores.checks import check_asked, check_document, check_wanted
from peelflow.stores.codec import record_from
from peelflow.stores.protocol import Capabilities, Entry, Kept, Total, Wanted
from peelflow.stores.sql_writing import keep_document

CHUNK = 256


class SharedStore(ABC):
    """What both SQL stores do, each on connections of its kind."""

    url: str
    capabilities: Capabilities
    reached: Callable[[str], None]

    @abstractmethod
    def _asking(self) -> AbstractContextManager[Connection]:
        """Give a connection to read on; what SQLAlchemy raises becomes an error of ours."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Connection]:
        """Give a connection to write on, in a transaction."""

    def _decoded(self, name: str, body: str) -> Record:
        """Return the record that a row's text tells."""
        del name
        return record_from(body)

    def read(self, ids: Collection[str]) -> Mapping[str, Kept]:
        """Return the records that exist among `ids`, in one consistent reading (S6)."""
        check_asked(*ids)
        with self._asking() as connection:
            return self._kept(asking.read(connection, ids))

    def _kept(self, rows: Iterable[Any]) -> Mapping[str, Kept]:
        return {
            name: Kept(asking.record_of(name, body, self._decoded), head)
            for name, head, body in rows
        }

    def keyed(self, record: str, key: str) -> Entry | None:
        """Return the event of `record` that carries the idempotency `key` (S7)."""
        check_asked(record, key)
        with self._asking() as connection:
            return asking.keyed(connection, record, key)

    def history(self, record: str) -> tuple[Entry, ...]:
        """Return the events of `record` in order, equal to what was appended (S4)."""
        check_asked(record)
        with self._asking() as connection:
            return asking.history(connection, record)

    def histories(self, ids: Collection[str]) -> Mapping[str, tuple[Entry, ...]]:
        """Return the events of each record that exists among `ids`."""
        check_asked(*ids)
        with self._asking() as connection:
            return asking.histories(connection, ids)

    def records(self, wanted: Wanted) -> Iterator[Record]:
        """Yield the records that match, by id in code-point order, read in chunks."""
        check_wanted(wanted)
        chunk = self._chunk(wanted, None)
        yield from (record for record in chunk if _says(record, wanted.field))
        while len(chunk) == CHUNK:
            chunk = self._chunk(wanted, chunk[-1].id)
            yield from (record for record in chunk if _says(record, wanted.field))

    def _chunk(self, wanted: Wanted, after: str | None) -> list[Record]:
        with self._asking() as connection:
            return asking.listed(connection, wanted, after=after, limit=CHUNK, decode=self._decoded)

    def totals(
        self, *, as_at: date | None = None, force: str | None = None, known: int | None = None
    ) -> Iterable[Total]:
        """Return the sums of all changes dated on or before `as_at` (None: all), zeros left out.

        With `known`, only the changes of events up to that position of the feed.
        """
        check_asked(force)
        with self._asking() as connection:
            return asking.totals(connection, as_at, force, known)

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep `content` under its SHA-256 `digest`; keeping it again changes nothing (S8)."""
        check_document(digest, content)
        with self._writing() as connection:
            keep_document(connection, digest, content)

    def document(self, digest: str) -> bytes | None:
        """Return a document byte for byte (S8), None when it is not kept."""
        check_asked(digest)
        with self._asking() as connection:
            return asking.document(connection, digest)

    def has_document(self, digest: str) -> bool:
        """Return whether a document is kept, without reading it."""
        check_asked(digest)
        with self._asking() as connection:
            return asking.has_document(connection, digest)

    def lifecycles(self) -> Mapping[tuple[str, int, str], str]:
        """Return every pinned lifecycle's (name, version, digest) and text."""
        with self._asking() as connection:
            return asking.lifecycles(connection)


def _says(record: Record, field: tuple[str, str] | None) -> bool:
    return field is None or record.fields.get(field[0]) == field[1]
