"""The store protocol, the values it exchanges, and the checks that every store makes."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, overload

from attrs import field

from peelflow.errors import InvalidRequest, StoreUnavailable
from peelflow.model.records import Event, Noted, Record
from peelflow.model.rules import Level
from peelflow.results import Result, frozen
from peelflow.stores.codec import check_text

if TYPE_CHECKING:
    from datetime import date

_T = TypeVar("_T")

PinKey = tuple[str, int, str]
"""A lifecycle's name, version and digest."""


OWN_RULES_MARK = "/"
"""Stands between the name of a force's own lifecycle and the force, where a store keeps it for one
force alone; no lifecycle's name holds it."""
OWN_ID_MARK = " (of "
"""Stands between an id and the force whose own it is, where a store keeps the records of several
forces; no id that is entered holds it."""


def pinned_key(kept: PinKey) -> PinKey:
    """Return the pin of a lifecycle by what a store keeps it as, for one force or for all."""
    name, version, digest = kept
    return str(name).partition(OWN_RULES_MARK)[0], version, digest


class EventRow(NamedTuple):
    """An event's row; `text` is its canonical JSON, the rest is for finding it."""

    record: str
    number: int
    on: str
    kind: str
    key: str | None
    text: str
    previous: str
    digest: str


class StoredRow(NamedTuple):
    """A record's row; `body` is the record as canonical JSON, `head` its last event's digest."""

    id: str
    number: int
    head: str
    force: str
    category: str
    level: Level
    lifecycle: str
    version: int
    state: str
    parent: str | None
    body: str


MOVED_COLUMNS = ("number", "head", "level", "lifecycle", "version", "state", "body")
"""What of a record's row an event moves, but for one that corrects its first or gives a parent."""
WRITTEN_COLUMNS = StoredRow._fields[1:]
"""What of a record's row any event may move."""


LIFECYCLE_COLUMNS = ("name", "version", "digest", "text")
INTEGER_COLUMNS = {"number", "level", "version", "delta", "total", "assumed"}
NULL_COLUMNS = {"level", "parent", "key"}
"""What a row may leave out."""


class ChangeRow(NamedTuple):
    """One change of the figures, by the event that made it."""

    record: str
    number: int
    on: str
    force: str
    category: str
    level: Level
    ledger: str
    counts: str
    state: str
    delta: int


class JointRow(NamedTuple):
    """That a record is, or was, joint with a force that does not lead it."""

    record: str
    force: str


class SumRow(NamedTuple):
    """What a line of the figures had come to when a month began, or how a day then moved it.

    `on` is the month, as 2024-05, or the day. `assumed` of the total stand as they were taken
    over.
    """

    on: str
    force: str
    category: str
    level: Level
    ledger: str
    counts: str
    total: int
    assumed: int


class Checkpoint(NamedTuple):
    """Up to which position of the feed sums are kept, and the digest of the event there."""

    position: int
    digest: str


@frozen
class StoredEvent(Result):
    """An event as it is kept: `text` is its canonical JSON, chained to `previous` by `digest`."""

    event: Event
    text: str
    previous: str
    digest: str


@frozen
class StoredRecord:
    """A record as it stands in the store, and the digest of its last event."""

    record: Record
    head: str


class EventNumber(NamedTuple):
    """Which event of which record, and the key it came under."""

    record: str
    number: int
    key: str | None


class _InParts(Sequence[_T]):
    """What is too much to hold at once: to read a place reads all, in order."""

    @overload
    def __getitem__(self, place: int) -> _T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[_T]: ...
    def __getitem__(self, place: int | slice) -> _T | Sequence[_T]:
        return tuple(self)[place]


class EventsInParts(_InParts[StoredEvent]):
    """Events in order, too many to hold at once: what is asked of them is read when it is asked."""

    @abstractmethod
    def numbers(self) -> Iterable[EventNumber]:
        """Yield the record, number and key of each event."""

    @abstractmethod
    def repeated_records(self) -> Collection[str]:
        """Return the ids of the records that more than one of the events is of."""

    @abstractmethod
    def event_rows(self) -> Iterable[EventRow]:
        """Yield the row of each event."""

    @abstractmethod
    def change_rows(self) -> Iterable[ChangeRow]:
        """Yield the rows of the changes of each event."""

    @abstractmethod
    def saying_forces(self) -> Collection[str]:
        """Return the records of which an event says the forces."""


class RecordsInParts(_InParts[StoredRecord]):
    """Records too many to hold at once."""

    @abstractmethod
    def rows(self) -> Iterable[StoredRow]:
        """Yield the row of each record."""

    @abstractmethod
    def among(self, ids: Collection[str]) -> Iterable[StoredRecord]:
        """Yield the records of some ids."""


@frozen
class WriteBatch:
    """What one `append` keeps whole or not at all.

    Attributes:
        entries: The new events, in order; a record's numbers follow on from its last. A store that
            `takes_parts` gets many of them as `EventsInParts`, their records as `RecordsInParts`.
        records: Every record these events moved, folded, with its new head. Its category, force
            and parent are its first event's, until a `corrected` or `parent_linked` event; the
            forces that it is joint with are, until a `corrected` or `made_joint` one.
        read_set: The number of every record the decisions read (0: it must not exist yet).
        listings: What queries must list still: the records by id, with the number of each.
        listed_at: The position of the feed as the first was listed; None where it is not known.
        names: How often names had been brought as the register's were read, of each part of which
            the batch brings new ones: `append` holds it to that, and counts once more. None is
            held to nothing, and counted. Nothing is done by a store that counts none.
        lifecycles: Rule texts (`name@version`, digest → text) that the new events pin.
        documents: Contents by their SHA-256 digest; one that is kept already stays as it is.
    """

    entries: Sequence[StoredEvent]
    records: Sequence[StoredRecord]
    read_set: Mapping[str, int]
    lifecycles: Mapping[PinKey, str]
    documents: Mapping[str, bytes] = field(factory=dict, repr=False)
    listings: Mapping[RecordQuery, Mapping[str, int]] = field(factory=dict, repr=False)
    listed_at: int | None = None
    names: Mapping[str, int | None] = field(factory=dict, repr=False)

    def numbers(self) -> Iterable[EventNumber]:
        """Yield the record, number and key of each event."""
        if isinstance(self.entries, EventsInParts):
            return self.entries.numbers()
        events = (entry.event for entry in self.entries)
        return (EventNumber(event.record, event.number, event.key) for event in events)

    def repeated_records(self) -> Collection[str]:
        """Return the ids of the records that more than one of the events is of."""
        if isinstance(self.entries, EventsInParts):
            return self.entries.repeated_records()
        if len(self.entries) == 1:  # said first: each act comes by
            return ()
        counts = Counter(entry.event.record for entry in self.entries)
        return {record for record, count in counts.items() if count > 1}


@frozen
class RecordQuery:
    """Which records to list; None means any. Matching is exact.

    `field` is a field's name and the text it must say. Records that are withdrawn are left out,
    unless asked for. Those of a `force` are those that it leads, and those that it is or was joint
    with; with `joint`, those alone that are or were joint. Those that `mention` an id have it as
    their parent, their successor, a child, or as what a field says.
    """

    force: str | None = None
    category: str | None = None
    level: Level | str = "any"
    state: str | None = None
    parent: str | None = None
    field: tuple[str, str] | None = None
    withdrawn: bool = False
    joint: bool = False
    mention: str | None = None


@frozen
class LedgerTotal:
    """How many records of a force, category and level count so on a ledger.

    `assumed` of them stand as they were taken over.
    """

    force: str
    category: str
    level: Level
    ledger: str
    counts: str
    total: int
    assumed: int = 0


@frozen
class FeedItem(Result):
    """An event in the feed; positions count from 1, without a gap (S5)."""

    position: int
    entry: StoredEvent


@frozen
class Capabilities:
    """What an adapter can promise beyond what all of them do.

    Attributes:
        durable: What it keeps outlives the process (S3).
        shared: Two processes may open it (S11).
        embedded: This process itself writes the file, so its limits are the store's.
    """

    durable: bool
    shared: bool
    embedded: bool


class EventStore(Protocol):
    """Appends events and reads records back: all that a decision needs.

    Every method of a store may be called from any thread, but those of one that is joined to a
    transaction. Asked after `close`, each raises StoreUnavailable (S13); asked by a text with a
    NUL or a lone surrogate, UnstorableText (S9).
    """

    @property
    def url(self) -> str:
        """Where it is, as errors name it."""

    @property
    def capabilities(self) -> Capabilities:
        """What it promises beyond what every store does."""

    def read(self, ids: Collection[str], *, force: str | None = None) -> Mapping[str, StoredRecord]:
        """Return the records that exist among `ids`, in one consistent reading (S6).

        With `force`, those alone that it leads, or is or was joint with. Another's is not read at
        all, so that it costs what one costs that is not there (S14).
        """

    def taken(self, ids: Collection[str]) -> Mapping[str, int]:
        """Return those of the ids that stand for a record, whosever it is, with its number.

        Nothing else of it is read, so that it costs what one costs that is not there (S14).
        """

    def event_with_key(self, record: str, key: str) -> StoredEvent | None:
        """Return the event of `record` that carries the idempotency `key` (S7)."""

    def history(self, record: str) -> tuple[StoredEvent, ...]:
        """Return the events of `record` in order, equal to what was appended (S4)."""

    def histories(
        self, ids: Collection[str], *, force: str | None = None
    ) -> Mapping[str, tuple[StoredEvent, ...]]:
        """Return what `history` does for each record that exists among `ids`, in few readings.

        `force` is that of `read`.
        """

    def append(self, batch: WriteBatch) -> None:
        """Keep the batch whole or not at all (S1), durably (S3).

        Raises:
            Conflict: A record of `batch.read_set` or `batch.listings` has another number (S2), or
                names were brought since `batch.names`.
            KeyReused: A key of the batch already exists on its record (S7).
            RulesMismatch: The store keeps other rules under a name and version of the batch's.
            StoreBusy: Another writer held the store for too long.
        """

    def lifecycles(self) -> Mapping[PinKey, str]:
        """Return every pinned lifecycle's (name, version, digest) and text."""

    def close(self) -> None:
        """Let go of the store; closing twice is harmless."""


class QueryStore(Protocol):
    """Lists records and sums up figures, each in one consistent reading (S6)."""

    def records(self, query: RecordQuery) -> Iterator[Record]:
        """Yield the records that match, by id in code-point order."""

    def totals(
        self, *, as_at: date | None = None, force: str | None = None, known: int | None = None
    ) -> Iterable[LedgerTotal]:
        """Return the sums of all changes dated on or before `as_at` (None: all), zeros left out.

        With `known`, only the changes of events up to that position of the feed. How many of each
        are assumed is of the same moment, day and position as the sum.
        """

    def last_events(
        self, until: Mapping[str, int], *, force: str | None = None
    ) -> Mapping[str, StoredEvent]:
        """Return of each record its last event that is no note, up to the number `until` says.

        That is all that a list shows of a history; no other event is read for it. `force` is that
        of `read`.
        """


class FeedStore(Protocol):
    """Gives every event once, in one order, without a gap (S5).

    Every event that was kept before a call has a position when the call returns.
    """

    def feed(self, after: int, limit: int) -> tuple[FeedItem, ...]:
        """Return up to `limit` events behind position `after`, in order."""

    def position(self) -> int:
        """Return the position of the last event, 0 where there is none."""

    def last_numbers(self, known: int, *, force: str | None = None) -> Mapping[str, int]:
        """Return the number of each record's last event up to the position `known`.

        `force` is that of `read`. No event is read for it.
        """


class DocumentStore(Protocol):
    """Keeps documents byte for byte (S8)."""

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep `content` under its SHA-256 `digest`; keeping it again changes nothing (S8).

        Raises:
            InvalidRequest: The content has another digest.
        """

    def document(self, digest: str) -> bytes | None:
        """Return a document byte for byte (S8), None when it is not kept."""

    def has_document(self, digest: str) -> bool:
        """Return whether a document is kept, without reading it."""


class SettingStore(Protocol):
    """Remembers how a register is set up, beside what happened in it."""

    def documents_folder(self) -> Path | None:
        """Return the folder that documents were last kept in, None where none was."""

    def note_documents_folder(self, folder: Path | None) -> None:
        """Remember the folder that documents are kept in, or that there is none.

        A store in a file keeps a folder that lies below the file's own relative to that, so that
        both can be moved together.
        """

    def names_numbers(self) -> Mapping[str, int] | None:
        """Return how often batches brought names of each part; None where none is held to that.

        A part that is not told has none.
        """


class Snapshot(Protocol):
    """All that a store keeps, as it is kept, in one reading (S6); writers go on meanwhile."""

    def histories(self) -> Iterator[EventRow]:
        """Yield every event by record, in code-point order, and number."""

    def feed(self) -> Iterator[tuple[int | None, EventRow]]:
        """Yield every event by position; then those that have none yet, as they will get theirs."""

    def records(self) -> Iterator[StoredRow]:
        """Yield the row of every record by id, in code-point order."""

    def changes(self) -> Iterator[ChangeRow]:
        """Yield every change by record, in code-point order, and number."""

    def joint_records(self) -> Iterator[JointRow]:
        """Yield every joint record with each force beside its lead one, by record and force."""

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Yield every document's digest and content, by digest."""

    def lifecycles(self) -> Mapping[PinKey, str]:
        """Return every pinned lifecycle's (name, version, digest) and text."""

    def database_faults(self) -> Iterator[DatabaseFault]:
        """Yield what is wrong with the database itself, below the rows; nothing where none is."""

    def unchecked(self) -> Iterator[str]:
        """Yield what of the database itself could not be looked at, in words."""


SCHEMA_GONE = "its schema number is gone"
"""How the sentence begins of a store that has tables of ours, and no number of their schema."""


class DatabaseFault(NamedTuple):
    """What is wrong with a database itself: its code, and a sentence."""

    code: str
    sentence: str


class SnapshotStore(Protocol):
    """Gives all that it keeps, for whoever checks or exports it (S10)."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return one reading of everything, for as long as the block lasts."""


class Store(
    EventStore, QueryStore, FeedStore, DocumentStore, SettingStore, SnapshotStore, Protocol
):
    """All that `open_store` returns. A function that needs less names the part that it needs."""


LARGEST_VERSION = 2**63 - 1


def store_closed(url: str) -> StoreUnavailable:
    """Return what a store says once it was closed (S13)."""
    return StoreUnavailable(url, "it was closed", instead="open it again")


def check_history(url: str, record: str, events: int, expected: int) -> None:
    """Refuse a history of which less is kept than its record's row tells.

    Args:
        url: The store's.
        record: The record's id.
        events: How many events are kept.
        expected: The number of the last one, by the row that was read before.

    Raises:
        StoreUnavailable: Some of it is gone.
    """
    if events < expected:
        why = f"{record} has {expected} events by its row, and {events} are kept"
        raise StoreUnavailable(url, why, instead="see what `peelflow verify` finds")


def last_events_in(
    histories: Mapping[str, Sequence[StoredEvent]], until: Mapping[str, int]
) -> Mapping[str, StoredEvent]:
    """Return the last event of each history that is no note, up to the number `until` says."""
    acts = {
        name: [entry for entry in history[: until[name]] if not isinstance(entry.event.what, Noted)]
        for name, history in histories.items()
    }
    return {name: entries[-1] for name, entries in acts.items() if entries}


def check_texts(*texts: str | None) -> None:
    """Refuse to look for what is no text, or for one that no store can hold."""
    for text in texts:
        if text is not None:
            try:
                check_text(text, text)
            except (TypeError, AttributeError):
                what = f"what is asked by, {text!r:.80}"
                raise InvalidRequest(what, "is no text", "give a text") from None


def check_query(query: RecordQuery) -> None:
    """Refuse to list by a text that no store can hold."""
    level = query.level if isinstance(query.level, str) else None
    check_texts(query.force, query.category, level, query.state, query.parent)
    check_texts(*(query.field or ()), query.mention)


TotalLine = tuple[str, str, Level, str, str]
"""A force, category, level, ledger and way of counting."""


def check_contents(batch: WriteBatch) -> None:
    """Refuse rules that no store can keep, and documents under another's digest."""
    for (name, version, digest), text in batch.lifecycles.items():
        for part in (name, digest, text):
            check_text(part, name)
        if version > LARGEST_VERSION:
            what, why = f"version {version} of {name}", "is longer than the 63 bits a store keeps"
            raise InvalidRequest(what, why, "count versions on from 1")
    check_documents(batch.documents)


def check_documents(documents: Mapping[str, bytes]) -> None:
    """Refuse a document under a digest that is not its content's."""
    for digest, content in documents.items():
        if sha256(content).hexdigest() != digest:
            what, why = f"document {digest[:12]!a}", "its content has another SHA-256 digest"
            raise InvalidRequest(what, why, "keep it under its own")


is_sha256: Callable[[str], re.Match[str] | None] = re.compile(r"[0-9a-f]{64}").fullmatch


RECORDS_AT_ONCE = 500
"""How many records are read together with their histories, where all of a register are."""


def chunked(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield the items in order, at most `size` at once."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
