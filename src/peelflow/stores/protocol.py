"""The store protocol: what every adapter promises, S1 to S13, in as few methods as can be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

from peelflow.model.records import Event, Record
from peelflow.model.rules import Level
from peelflow.stores.columns import ChangeRow, EventRow, RecordRow

if TYPE_CHECKING:
    from datetime import date


@frozen
class Entry:
    """An event as it is kept: `text` is its canonical JSON, chained to `previous` by `digest`."""

    event: Event
    text: str
    previous: str
    digest: str


@frozen
class Kept:
    """A record as it stands in the store, and the digest of its last event."""

    record: Record
    head: str


@frozen
class Batch:
    """What one `append` keeps whole or not at all.

    Attributes:
        entries: The new events, in order; a record's numbers follow on from its last.
        records: Every record these events moved, folded, with its new head. Its category, force
            and parent are its first event's: no store need look at them again.
        read: The number of every record the decisions read (0: it must not exist yet).
        lifecycles: Rule texts (`name@version`, digest → text) that the new events pin.
        documents: Contents by their SHA-256 digest; one that is kept already stays as it is.
    """

    entries: tuple[Entry, ...]
    records: tuple[Kept, ...]
    read: Mapping[str, int]
    lifecycles: Mapping[tuple[str, int, str], str]
    documents: Mapping[str, bytes] = field(factory=dict, repr=False)


@frozen
class Wanted:
    """Which records to list; None means any. Matching is exact.

    `field` is a field's name and the text it must say.
    """

    force: str | None = None
    category: str | None = None
    level: Level | str = "any"
    state: str | None = None
    parent: str | None = None
    field: tuple[str, str] | None = None


@frozen
class Total:
    """How many records of a force, category and level count so on a ledger."""

    force: str
    category: str
    level: Level
    ledger: str
    counts: str
    total: int


@frozen
class Placed:
    """An event in the feed; positions count from 1, without a gap (S5)."""

    position: int
    entry: Entry


@frozen
class Capabilities:
    """What an adapter can promise beyond what all of them do.

    Attributes:
        durable: What it keeps outlives the process (S3).
        shared: Two processes may open it (S11).
        embedded: This process itself writes the file, so its limits are the store's.
        points: The sync points that `append` passes, in order; see `Store.reached`.
    """

    durable: bool
    shared: bool
    embedded: bool
    points: tuple[str, ...] = ()


class Snapshot(Protocol):
    """All that a store keeps, as it is kept, in one reading (S6); writers go on meanwhile."""

    def histories(self) -> Iterator[EventRow]:
        """Yield every event by record, in code-point order, and number."""
        ...

    def feed(self) -> Iterator[tuple[int | None, EventRow]]:
        """Yield every event by position; then those that have none yet, as they will get theirs."""
        ...

    def records(self) -> Iterator[RecordRow]:
        """Yield the row of every record by id, in code-point order."""
        ...

    def changes(self) -> Iterator[ChangeRow]:
        """Yield every change by record, in code-point order, and number."""
        ...

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Yield every document's digest and content, by digest."""
        ...

    def lifecycles(self) -> Mapping[tuple[str, int, str], str]:
        """Return every pinned lifecycle's (name, version, digest) and text."""
        ...


def go_on(_: str) -> None:
    """Do nothing at a sync point: what `Store.reached` is unless somebody else sets it."""


class Documents(Protocol):
    """Keeps documents byte for byte (S8)."""

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep `content` under its SHA-256 `digest`; keeping it again changes nothing (S8)."""
        ...

    def document(self, digest: str) -> bytes | None:
        """Return a document byte for byte (S8), None when it is not kept."""
        ...

    def has_document(self, digest: str) -> bool:
        """Return whether a document is kept, without reading it."""
        ...


class Store(Documents, Protocol):
    """Keeps events, records, rules and documents. Every method may be called from any thread.

    Attributes:
        url: Where it is, as errors name it.
        capabilities: What it promises beyond what every store does.
        reached: Called with the name of each sync point that `append` passes: the kit stops the
            process there, to see that nothing acknowledged is lost and nothing half is kept.
    """

    url: str
    capabilities: Capabilities
    reached: Callable[[str], None]

    def read(self, ids: Collection[str]) -> Mapping[str, Kept]:
        """Return the records that exist among `ids`, in one consistent reading (S6)."""
        ...

    def keyed(self, record: str, key: str) -> Entry | None:
        """Return the event of `record` that carries the idempotency `key` (S7)."""
        ...

    def append(self, batch: Batch) -> None:
        """Keep the batch whole or not at all (S1), durably (S3).

        Raises:
            Conflict: A record in `batch.read` has another number now (S2).
            KeyReused: A key of the batch already exists on its record (S7).
            OtherRules: The store keeps other rules under a name and version of the batch's.
            StoreBusy: Another writer held the store for too long.
        """
        ...

    def history(self, record: str) -> tuple[Entry, ...]:
        """Return the events of `record` in order, equal to what was appended (S4)."""
        ...

    def histories(self, ids: Collection[str]) -> Mapping[str, tuple[Entry, ...]]:
        """Return what `history` does for each record that exists among `ids`, in few readings."""
        ...

    def records(self, wanted: Wanted) -> Iterator[Record]:
        """Yield the records that match, by id in code-point order."""
        ...

    def totals(
        self, *, as_at: date | None = None, force: str | None = None, known: int | None = None
    ) -> Iterable[Total]:
        """Return the sums of all changes dated on or before `as_at` (None: all), zeros left out.

        With `known`, only the changes of events up to that position of the feed.
        """
        ...

    def lifecycles(self) -> Mapping[tuple[str, int, str], str]:
        """Return every pinned lifecycle's (name, version, digest) and text."""
        ...

    def feed(self, after: int, limit: int) -> tuple[Placed, ...]:
        """Return up to `limit` events behind position `after`, in order (S5).

        Every event that was kept before this call has a position when it returns.
        """
        ...

    def position(self) -> int:
        """Return the position of the last event, 0 where there is none (S5).

        Every event that was kept before this call has a position when it returns.
        """
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return one reading of everything, for as long as the block lasts."""
        ...

    def close(self) -> None:
        """Let go of the store; closing twice is harmless.

        Whatever is asked afterwards is StoreUnreadable (S13).
        """
        ...
