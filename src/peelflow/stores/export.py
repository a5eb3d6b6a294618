"""Write a whole register as one file of JSON lines, check such a file, and restore it.

The lines are a head, every pinned lifecycle, every document, every event in the feed's order, and
an end that says how many events there were and the root a seal over them would have. Whoever has
the file can check it without a register or rules.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, TextIO, TypeVar

from attrs import field

from peelflow.engine.fold import apply, begin, fold
from peelflow.errors import InvalidRequest, Unverified
from peelflow.model.records import Corrected, Event, Record
from peelflow.results import define, frozen
from peelflow.stores.base import (
    EventRow,
    EventStore,
    FeedStore,
    PinKey,
    Snapshot,
    Store,
    StoredEvent,
    StoredRecord,
    WriteBatch,
    chunked,
    pinned_key,
)
from peelflow.stores.codec import canonical_event, event_from
from peelflow.stores.integrity import (
    ChainHead,
    Discrepancy,
    References,
    check_event,
    discrepancy_at,
    document_discrepancies,
    history_discrepancies,
    missing_references,
    rules_discrepancies,
)
from peelflow.stores.packed import TextsOnDisk
from peelflow.stores.rows import event_row
from peelflow.stores.settings import NAMES_PARTS
from peelflow.stores.soundness import KeptLifecycles

_T = TypeVar("_T")
EXPORT_FORMAT = 1
RawLine = dict[str, Any]


@frozen
class LifecycleLine:
    """A pinned lifecycle's line."""

    pin: PinKey
    text: str


@frozen
class DocumentLine:
    """A document's line."""

    digest: str
    content: bytes


@frozen
class EndLine:
    """The last line; an older export says nothing of its documents."""

    events: int
    root: str
    documents: int | None = None


ExportLine = LifecycleLine | DocumentLine | StoredEvent | EndLine


def export_lines(
    snapshot: Snapshot, documents: Iterable[tuple[str, bytes]] | None = None
) -> Iterator[str]:
    """Yield the lines of an export, without their line ends.

    Args:
        snapshot: One reading of the store.
        documents: The documents, when the store does not keep them itself.
    """
    yield _HEAD
    kept_rules = snapshot.lifecycles()
    for pin in kept_rules:
        if not all(map(isinstance, pin, (str, int, str))):
            raise _unwritable(f"the rules {pin!a:.120} have no name or number")
    for (name, version, digest), text in sorted(kept_rules.items()):
        yield _write_line(kind="lifecycle", name=name, version=version, digest=digest, text=text)
    kept, mentions = set[str](), References()
    for digest, content in snapshot.documents() if documents is None else documents:
        kept.add(digest)
        encoded = _encoded(digest, content)
        for fault in document_discrepancies(digest, content):
            raise _unwritable(fault.sentence)
        yield _write_line(kind="document", digest=digest, content=encoded)
    root, events = sha256(), 0
    for _, row in snapshot.feed():
        events += 1
        yield _write_line(kind="event", text=row.text, previous=row.previous, digest=row.digest)
        root.update(f"{row.digest}\n".encode())
        _note_mentions(row, mentions)
    for fault in missing_references(
        mentions, documents=kept, rules=mentions.rules, records=mentions.records
    ):
        raise Unverified("the register", f"lacks what it names: {fault}", _GIVE_DOCUMENTS)
    yield _write_line(kind="end", events=events, root=root.hexdigest(), documents=len(kept))


_GIVE_DOCUMENTS = "name the folder that its documents are kept in, or verify it"


def _encoded(digest: str, content: object) -> str:
    if not isinstance(content, bytes):
        raise _unwritable(f"the document {digest!a:.80} holds no bytes")
    return b64encode(content).decode()


def _note_mentions(row: EventRow, mentions: References) -> None:
    try:
        mentions.add(event_from(row.text))
    except ValueError as fault:
        raise _unwritable(f"{row.record} event {row.number}: {fault}") from None


def _unwritable(why: str) -> Unverified:
    instead = "verify it, and restore it from a backup or an export"
    return Unverified("the register", f"holds what cannot be exported: {why}", instead)


def _write_line(**parts: str | int) -> str:
    try:
        line = _as_written(parts)
        line.encode()
    except (TypeError, UnicodeEncodeError):
        raise _unwritable(f"a {parts['kind']} that is no text: {parts!a:.120}") from None
    return line


def _as_written(parts: RawLine) -> str:
    return json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read_export(lines: Iterable[str]) -> Iterator[ExportLine]:
    """Yield what the lines of an export tell; only their shape and its end are checked."""
    return (line for line, _ in _each_line(lines))


def _each_line(lines: Iterable[str]) -> Iterator[tuple[ExportLine, bool]]:
    """Yield what each line tells, and whether that is an event whose text is surely canonical."""
    ended = False
    for number, text in zip(count(1), lines, strict=False):
        plain = _plain_event(text) if number > 1 and not ended else None
        if plain is not None:
            yield plain, True
            continue
        line = _parse_line(text, number)
        if number == 1:
            if _as_written(line) != _HEAD:  # as text: to Python a truth equals a number
                raise _unreadable_line(number, f"is no head of an export of format {EXPORT_FORMAT}")
        elif ended:
            raise _unreadable_line(number, "stands behind the end")
        else:
            structured = _structure_line(line, number)
            ended = isinstance(structured, EndLine)
            yield structured, False
    if not ended:
        raise InvalidRequest("the export", "was cut off: its end is missing", "export it again")


_event_parts = re.compile(
    r'\{"digest":"([0-9a-f]{64})","kind":"event","previous":"([0-9a-f]{64}|)","text":"(.*)"\}\n?'
).fullmatch


def _plain_event(line: str) -> StoredEvent | None:
    """Return the event of a line as nearly all are: canonical, and only quotes are escaped in it.

    None of any other line, which is read as JSON.
    """
    parts = _event_parts(line)
    if parts is None:
        return None
    digest, previous, escaped = parts.groups()
    text = escaped.replace('\\"', '"')
    # INVARIANT: each quote was escaped, nothing else was, and nothing else would have to be.
    quotes = len(escaped) - len(text)
    if "\\" in text or text.count('"') != quotes or not text.isprintable():
        return None
    event = canonical_event(text)
    return StoredEvent(event, text, previous, digest) if event is not None else None


def _parse_line(text: str, number: int) -> RawLine:
    """Read a line; one in any other form than `_write_line` gives it was written by another."""
    try:
        line = json.loads(text)
    except (RecursionError, ValueError):
        line = None
    if not isinstance(line, dict):
        raise _unreadable_line(number, "is no line of an export")
    if _as_written(line) != text.removesuffix("\n"):
        why = "is not as an export writes it: by other line ends, spaces, an order or names twice"
        raise _unreadable_line(number, why)
    return line


def _structure_line(line: RawLine, number: int) -> ExportLine:
    kind = str(line.get("kind"))
    if kind not in _READERS:
        raise _unreadable_line(number, "is of no kind known here")
    unknown = sorted(line.keys() - _NAMES[kind] - {"kind"})
    if unknown:
        raise _unreadable_line(number, f"says what is unknown here: {', '.join(unknown)!a:.80}")
    try:
        return _READERS[kind](line)
    except (AttributeError, LookupError, TypeError, ValueError) as fault:
        raise _unreadable_line(number, f"cannot be read: {fault}") from None


def _unreadable_line(number: int, why: str) -> InvalidRequest:
    return InvalidRequest(f"line {number} of the export", why, "export it again")


def _part(line: RawLine, name: str, kind: type[_T]) -> _T:
    value = line[name]
    if type(value) is not kind:
        raise TypeError(name)
    str(value).encode()
    return value


def _lifecycle_line(line: RawLine) -> LifecycleLine:
    pin = _part(line, "name", str), _part(line, "version", int), _part(line, "digest", str)
    return LifecycleLine(pin, _part(line, "text", str))


def _document_line(line: RawLine) -> DocumentLine:
    text = _part(line, "content", str)
    content = b64decode(text, validate=True)
    if b64encode(content).decode() != text:
        raise ValueError(text[-4:])
    return DocumentLine(_part(line, "digest", str), content)


def _event_line(line: RawLine) -> StoredEvent:
    text, previous, digest = (_part(line, name, str) for name in ("text", "previous", "digest"))
    return StoredEvent(event_from(text), text, previous, digest)


def _end_line(line: RawLine) -> EndLine:
    documents = _part(line, "documents", int) if "documents" in line else None
    return EndLine(_part(line, "events", int), _part(line, "root", str), documents)


_HEAD = _as_written({"kind": "head", "format": EXPORT_FORMAT, "of": "peelflow register"})
_READERS: dict[str, Callable[[RawLine], ExportLine]] = {
    "lifecycle": _lifecycle_line,
    "document": _document_line,
    "event": _event_line,
    "end": _end_line,
}
_NAMES = {
    "lifecycle": {"name", "version", "digest", "text"},
    "document": {"digest", "content"},
    "event": {"text", "previous", "digest"},
    "end": {"events", "root", "documents"},
}


def verify_export(lines: Iterable[str]) -> Iterator[Discrepancy]:
    """Yield everything that does not fit in an export, as `verify` does in a store.

    Chains, digests, what events name, what no verb would have written, and the figures.

    Raises:
        InvalidRequest: The file is no export, or was cut off.
    """
    with TextsOnDisk() as texts:
        check = _ExportCheck(texts)
        for line, is_canonical in _each_line(lines):
            match line:
                case StoredEvent():
                    yield from check.event(line, is_canonical=is_canonical)
                case LifecycleLine():
                    yield from check.lifecycle(line)
                case DocumentLine(digest=digest, content=content):
                    check.documents.add(digest)
                    yield from document_discrepancies(digest, content)
                case end:
                    yield from check.end(end)
        yield from check.whole()


@define(eq=False)
class _ExportCheck:
    """What was read of an export so far.

    Attributes:
        texts: Holds the events' texts, by the place of each record among all.
        rules: The lifecycles, by their pins.
        documents: The digests of the documents.
        events: How many events there were.
    """

    texts: TextsOnDisk
    rules: dict[PinKey, str] = field(factory=dict)
    documents: set[str] = field(factory=set)
    events: int = 0
    _mentions: References = field(factory=References)
    _links: dict[str, ChainHead] = field(factory=dict)
    _places: dict[str, int] = field(factory=dict)
    _keys: set[tuple[str, str]] = field(factory=set)
    _root: Any = field(factory=sha256)

    def lifecycle(self, line: LifecycleLine) -> Iterator[Discrepancy]:
        """Yield what is wrong with a lifecycle: its text, or that its name came already."""
        name = line.pin[:2]
        if any(name == known[:2] for known in self.rules):
            sentence = f"the rules {name[0]}@{name[1]} are told twice"
            yield Discrepancy("", 0, "rules-changed", sentence)
        self.rules[line.pin] = line.text
        yield from rules_discrepancies(line.pin, line.text)

    def event(self, entry: StoredEvent, *, is_canonical: bool) -> Iterator[Discrepancy]:
        """Yield how an event does not follow from the one before it, and what no verb writes."""
        row = event_row(entry)
        self.events += 1
        self._root.update(f"{row.digest}\n".encode())
        before = self._links.get(row.record, ChainHead())
        yield from check_event(row, before, entry.event, is_canonical=is_canonical)[1]
        if row.key is not None:
            if (row.record, row.key) in self._keys:
                yield discrepancy_at(row, "key-twice", f"the key {row.key!r} stands twice")
            self._keys.add((row.record, row.key))
        self._links[row.record] = ChainHead(row.number, row.digest)
        self.texts.add(self._places.setdefault(row.record, len(self._places)), row.text)
        self._mentions.add(entry.event)

    def end(self, end: EndLine) -> Iterator[Discrepancy]:
        """Yield what the end tells otherwise than it was."""
        if (end.events, end.root) != (self.events, self._root.hexdigest()):
            yield Discrepancy("", 0, "end-differs", "its end tells of other events")
        if end.documents not in (None, len(self.documents)):
            yield Discrepancy("", 0, "end-differs", "its end tells of other documents")

    def whole(self) -> Iterator[Discrepancy]:
        """Yield what shows once all is read: histories, and what they name."""
        rules = {pinned_key(pin): text for pin, text in self.rules.items()}
        kept_rules = KeptLifecycles(rules)
        for record, history in zip(self._places, self.texts, strict=True):
            yield from history_discrepancies(record, list(map(event_from, history)), kept_rules)
        yield from missing_references(
            self._mentions, documents=self.documents, rules=rules, records=self._links
        )


def feed_of_export(lines: Iterable[str]) -> Iterator[tuple[int | None, EventRow]]:
    """Yield the events of an export with the positions they have once it is restored."""
    rows = (event_row(line) for line in read_export(lines) if isinstance(line, StoredEvent))
    yield from enumerate(rows, 1)


RESTORE_CHUNK = 500


def restore_export(
    store: Store,
    lines: Iterable[str],
    *,
    keep: Callable[[str, bytes], None] | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Append what an export tells and the store has not yet, and return how many events that were.

    A restoring that was cut off goes on where it stopped. Check the export first: `verify_export`.

    Args:
        store: An empty store, or one that holds the beginning of this very export.
        lines: The export's lines.
        keep: Keeps a document by its digest; the store itself when left out.
        progress: Told after each batch how many events are kept by now.

    Raises:
        InvalidRequest: The store holds other events, or the file is no export.
        Conflict: Somebody else writes to the store meanwhile.
    """
    known, added = store.position(), 0
    rules: dict[PinKey, str] = {}
    entries = _new_entries(store, lines, rules, keep or store.keep_document)
    for chunk in chunked(entries, RESTORE_CHUNK):
        store.append(_restored_batch(store, chunk, rules))
        added += len(chunk)
        progress(known + added)
    if not added:
        progress(known)
    return added


def check_beginning_held(store: Store, lines: Iterable[str]) -> None:
    """Refuse an export that a store does not hold the beginning of; nothing is written.

    Args:
        store: What it is to be restored to.
        lines: The export's lines.

    Raises:
        InvalidRequest: The store holds other events, or is one of a single force.
    """
    next(_new_entries(store, lines, {}, _keep_nothing), None)


def documents_of_export(lines: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the digest and the content of each document of an export that was verified.

    Args:
        lines: Its lines.
    """
    for number, text in enumerate(lines, 1):
        if text.startswith(_DOCUMENT_BEGINS):
            line = _document_line(_parse_line(text, number))
            yield line.digest, line.content


_DOCUMENT_BEGINS = '{"content":'  # as no other line does: the names of each stand in order


def _keep_nothing(digest: str, content: bytes) -> None:
    del digest, content


def _new_entries(
    store: Store,
    lines: Iterable[str],
    rules: dict[PinKey, str],
    keep: Callable[[str, bytes], None],
) -> Iterator[StoredEvent]:
    """Yield the events that the store lacks; note the rules and keep the documents on the way."""
    stored = stored_digests(store)
    for line in read_export(lines):
        match line:
            case LifecycleLine(pin=pin, text=text):
                rules[pin] = text
            case DocumentLine(digest=digest, content=content):
                keep(digest, content)
            case StoredEvent() as entry:
                kept_digest = next(stored, None)
                if kept_digest is None:
                    yield entry
                elif kept_digest != entry.digest:
                    raise other_events_error(store)
            case EndLine() if next(stored, None) is not None:
                raise other_events_error(store)


def stored_digests(store: FeedStore) -> Iterator[str]:
    """Yield the digest of each event that a store holds, in the order of its feed."""
    position = 0
    while page := store.feed(position, RESTORE_CHUNK):
        position = page[-1].position
        yield from (item.entry.digest for item in page)


def other_events_error(store: EventStore) -> InvalidRequest:
    """Return why an export is not restored to a store."""
    why = "holds other events than this export"
    return InvalidRequest(f"the store {store.url}", why, "import into an empty one")


def _restored_batch(
    store: Store, entries: list[StoredEvent], rules: Mapping[PinKey, str]
) -> WriteBatch:
    events: dict[str, list[Event]] = {}
    for entry in entries:
        events.setdefault(entry.event.record, []).append(entry.event)
    heads = {entry.event.record: entry.digest for entry in entries}
    stored = store.read(list(events))
    records = tuple(
        StoredRecord(restored_record(store, stored.get(record), new), heads[record])
        for record, new in events.items()
    )
    read_set = {name: stored[name].record.number if name in stored else 0 for name in events}
    return WriteBatch(tuple(entries), records, read_set, rules, names=names_to_keep(store))


def names_to_keep(store: Store) -> Mapping[str, int]:
    """Return how often names were brought of each part, so that others read those that come in.

    Args:
        store: What the events are to be restored to.
    """
    every = store.names_numbers() or {}
    return {part: every.get(part, 0) for part in NAMES_PARTS}


def restored_record(store: EventStore, stored: StoredRecord | None, new: list[Event]) -> Record:
    """Return a record as it stands after events that are restored to a store.

    Args:
        store: What keeps the events before those.
        stored: The record as it stands there; None where there is none.
        new: The events.

    Raises:
        InvalidRequest: They make no record.
    """
    try:
        if any(isinstance(event.what, Corrected) for event in new):
            before = store.history(stored.record.id) if stored else ()
            return fold([*(entry.event for entry in before), *new])
        record, rest = (begin(new[0]), new[1:]) if stored is None else (stored.record, new)
        for event in rest:
            record = apply(record, event)
    except (TypeError, ValueError):
        what, why = f"the export's record {new[0].record!r}", "is not made by what happened to it"
        raise InvalidRequest(what, why, "export it again") from None
    return record


@contextmanager
def private_lines(path: Path) -> Iterator[TextIO]:
    """Give a copy of a file of JSON lines that nobody else can reach, so that it stays as it is.

    Raises:
        InvalidRequest: It is no regular file, cannot be read, or is no UTF-8.
    """
    from tempfile import TemporaryFile  # slow to load, and seldom needed

    with TemporaryFile("w+", encoding="utf-8", newline="\n") as copy:
        with opened_lines(path) as lines:
            copy.writelines(lines)
        yield copy


@contextmanager
def opened_lines(path: Path) -> Iterator[Iterable[str]]:
    """Open a file of JSON lines.

    Raises:
        InvalidRequest: It is no regular file, cannot be read, or is no UTF-8.
    """
    try:
        if not path.is_file():
            why = "is no file that can be read"
            raise InvalidRequest(f"the file {path}", why, "check the path and its permissions")
        with path.open(encoding="utf-8", newline="\n") as stream:
            yield stream
    except UnicodeDecodeError:
        raise InvalidRequest(f"the file {path}", "is no UTF-8 text", "export it again") from None
    except OSError as fault:
        why = f"cannot be read: {fault.strerror}"
        instead = "check the path and its permissions"
        raise InvalidRequest(f"the file {path}", why, instead) from None
