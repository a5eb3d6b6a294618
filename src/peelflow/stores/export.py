"""Write a whole register as one file of JSON lines, check such a file, and restore it.

The lines are a head, every pinned lifecycle, every document, every event in the feed's order, and
an end that says how many events there were and the root a seal over them would have. Whoever has
the file can check it without a register or rules.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import count
from typing import Any

from attrs import frozen

from peelflow.engine.fold import apply, begin, fold
from peelflow.errors import InvalidRequest
from peelflow.model.records import Corrected, Event, Record
from peelflow.stores.base import EventRow, Snapshot, Store, StoredEvent, StoredRecord, WriteBatch
from peelflow.stores.codec import event_from
from peelflow.stores.integrity import (
    ChainHead,
    Discrepancy,
    References,
    check_event,
    missing_references,
)
from peelflow.stores.rows import event_row

EXPORT_FORMAT = 1
RawLine = dict[str, Any]


@frozen
class LifecycleLine:
    """A pinned lifecycle's line."""

    pin: tuple[str, int, str]
    text: str


@frozen
class DocumentLine:
    """A document's line."""

    digest: str
    content: bytes


@frozen
class EventLine:
    """An event's line: its row, and the event it tells."""

    row: EventRow
    entry: StoredEvent


@frozen
class EndLine:
    """The last line."""

    events: int
    root: str


ExportLine = LifecycleLine | DocumentLine | EventLine | EndLine


def export_lines(
    kept: Snapshot, documents: Iterable[tuple[str, bytes]] | None = None
) -> Iterator[str]:
    """Yield the lines of an export, without their line ends.

    Args:
        kept: One reading of the store.
        documents: The documents, when the store does not keep them itself.
    """
    yield _write_line(kind="head", format=EXPORT_FORMAT, of="peelflow register")
    for (name, version, digest), text in sorted(kept.lifecycles().items()):
        yield _write_line(kind="lifecycle", name=name, version=version, digest=digest, text=text)
    for digest, content in kept.documents() if documents is None else documents:
        yield _write_line(kind="document", digest=digest, content=b64encode(content).decode())
    root, events = sha256(), 0
    for _, row in kept.feed():
        events += 1
        root.update(f"{row.digest}\n".encode())
        yield _write_line(kind="event", text=row.text, previous=row.previous, digest=row.digest)
    yield _write_line(kind="end", events=events, root=root.hexdigest())


def _write_line(**told: str | int) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read_export(lines: Iterable[str]) -> Iterator[ExportLine]:
    """Yield what the lines of an export tell; nothing is checked but their shape.

    Raises:
        InvalidRequest: A line is none of an export, or the end is missing: the file was cut off.
    """
    numbered = zip(count(1), lines, strict=False)
    ended = False
    for number, line in numbered:
        told = _parse_line(line, number)
        if number == 1:
            if told != {"kind": "head", "format": EXPORT_FORMAT, "of": "peelflow register"}:
                raise _unreadable_line(number, f"is no head of an export of format {EXPORT_FORMAT}")
        elif ended:
            raise _unreadable_line(number, "stands behind the end")
        else:
            each = _structure_line(told, number)
            ended = isinstance(each, EndLine)
            yield each
    if not ended:
        raise InvalidRequest("the export", "was cut off: its end is missing", "export it again")


def _parse_line(line: str, number: int) -> RawLine:
    try:
        told = json.loads(line)
    except (RecursionError, ValueError):
        told = None
    if not isinstance(told, dict):
        raise _unreadable_line(number, "is no line of an export")
    return told


def _structure_line(told: RawLine, number: int) -> ExportLine:
    read = _READERS.get(str(told.get("kind")))
    if read is None:
        raise _unreadable_line(number, "is of no kind known here")
    try:
        return read(told)
    except (AttributeError, LookupError, TypeError, ValueError) as fault:
        raise _unreadable_line(number, f"cannot be read: {fault}") from None


def _unreadable_line(number: int, why: str) -> InvalidRequest:
    return InvalidRequest(f"line {number} of the export", why, "export it again")


def _text_at(told: RawLine, name: str) -> str:
    value = told[name]
    if type(value) is not str:
        raise TypeError(name)
    value.encode()
    return value


def _number_at(told: RawLine, name: str) -> int:
    value = told[name]
    if type(value) is not int:
        raise TypeError(name)
    return value


def _lifecycle_line(told: RawLine) -> LifecycleLine:
    pin = _text_at(told, "name"), _number_at(told, "version"), _text_at(told, "digest")
    return LifecycleLine(pin, _text_at(told, "text"))


def _document_line(told: RawLine) -> DocumentLine:
    return DocumentLine(
        _text_at(told, "digest"), b64decode(_text_at(told, "content"), validate=True)
    )


def _event_line(told: RawLine) -> EventLine:
    text = _text_at(told, "text")
    entry = StoredEvent(
        event_from(text), text, _text_at(told, "previous"), _text_at(told, "digest")
    )
    return EventLine(event_row(entry), entry)


def _end_line(told: RawLine) -> EndLine:
    return EndLine(_number_at(told, "events"), _text_at(told, "root"))


_READERS: dict[str, Callable[[RawLine], ExportLine]] = {
    "lifecycle": _lifecycle_line,
    "document": _document_line,
    "event": _event_line,
    "end": _end_line,
}


def verify_export(lines: Iterable[str]) -> Iterator[Discrepancy]:
    """Yield everything that does not fit in an export: chains, digests, and what events name.

    Raises:
        InvalidRequest: The file is no export, or was cut off.
    """
    mentions, links = References(), dict[str, ChainHead]()
    root, events = sha256(), 0
    rules, documents = set(), set()
    for told in read_export(lines):
        match told:
            case LifecycleLine(pin=pin, text=text):
                rules.add(pin)
                if sha256(text.encode()).hexdigest() != pin[2]:
                    said = f"the kept rules {pin[0]}@{pin[1]} do not give their digest"
                    yield Discrepancy("", 0, "rules-changed", said)
            case DocumentLine(digest=digest, content=content):
                documents.add(digest)
                if sha256(content).hexdigest() != digest:
                    yield Discrepancy(
                        "", 0, "document-changed", f"document {digest} has other content"
                    )
            case EventLine(row=row, entry=entry):
                events += 1
                root.update(f"{row.digest}\n".encode())
                yield from check_event(row, links.get(row.record, ChainHead()))[1]
                links[row.record] = ChainHead(row.number, row.digest)
                mentions.add(entry.event)
            case end:
                if (end.events, end.root) != (events, root.hexdigest()):
                    yield Discrepancy("", 0, "end-differs", "its end tells of other events")
    yield from missing_references(mentions, documents=documents, rules=rules, records=links)


def feed_of_export(lines: Iterable[str]) -> Iterator[tuple[int | None, EventRow]]:
    """Yield the events of an export with the positions they have once it is restored."""
    rows = (told.row for told in read_export(lines) if isinstance(told, EventLine))
    yield from enumerate(rows, 1)


RESTORE_CHUNK = 500


def restore_export(
    store: Store,
    lines: Iterable[str],
    *,
    keep: Callable[[str, bytes], None] | None = None,
    seen: Callable[[int], None] = lambda _: None,
) -> int:
    """Append what an export tells and the store has not yet, and return how many events that were.

    A restoring that was cut off goes on where it stopped. Check the export first: `verify_export`.

    Args:
        store: An empty store, or one that holds the beginning of this very export.
        lines: The export's lines.
        keep: Keeps a document by its digest; the store itself when left out.
        seen: Told after each batch how many events are kept by now.

    Raises:
        InvalidRequest: The store holds other events, or the file is no export.
        Conflict: Somebody else writes to the store meanwhile.
    """
    there = _stored_digests(store)
    rules: dict[tuple[str, int, str], str] = {}
    entries: list[StoredEvent] = []
    known = added = 0
    for told in read_export(lines):
        match told:
            case LifecycleLine(pin=pin, text=text):
                rules[pin] = text
            case DocumentLine(digest=digest, content=content):
                (keep or store.keep_document)(digest, content)
            case EventLine(entry=entry):
                before = next(there, None)
                if before is None:
                    entries.append(entry)
                elif before == entry.digest:
                    known += 1
                else:
                    raise _other_events_error(store)
            case EndLine() if next(there, None) is not None:
                raise _other_events_error(store)
        if len(entries) == RESTORE_CHUNK:
            store.append(_restored_batch(store, entries, rules))
            added, entries = added + RESTORE_CHUNK, []
            seen(known + added)
    if entries:
        store.append(_restored_batch(store, entries, rules))
    seen(known + added + len(entries))
    return added + len(entries)


def _stored_digests(store: Store) -> Iterator[str]:
    position = 0
    while placed := store.feed(position, RESTORE_CHUNK):
        position = placed[-1].position
        yield from (each.entry.digest for each in placed)


def _other_events_error(store: Store) -> InvalidRequest:
    why = "holds other events than this export"
    return InvalidRequest(f"the store {store.url}", why, "import into an empty one")


def _restored_batch(
    store: Store, entries: list[StoredEvent], rules: Mapping[tuple[str, int, str], str]
) -> WriteBatch:
    events: dict[str, list[StoredEvent]] = {}
    for entry in entries:
        events.setdefault(entry.event.record, []).append(entry)
    kept = store.read(list(events))
    records = tuple(
        StoredRecord(
            _restored_record(store, kept.get(record), [each.event for each in new]), new[-1].digest
        )
        for record, new in events.items()
    )
    read = {record: kept[record].record.number if record in kept else 0 for record in events}
    return WriteBatch(entries=tuple(entries), records=records, read=read, lifecycles=rules)


def _restored_record(store: Store, kept: StoredRecord | None, new: list[Event]) -> Record:
    try:
        if any(isinstance(event.what, Corrected) for event in new):
            before = store.history(kept.record.id) if kept else ()
            return fold([*(entry.event for entry in before), *new])
        first, rest = (begin(new[0]), new[1:]) if kept is None else (kept.record, new)
        for event in rest:
            first = apply(first, event)
    except (TypeError, ValueError):
        what, why = f"the export's record {new[0].record!r}", "is not made by what happened to it"
        raise InvalidRequest(what, why, "export it again") from None
    return first
