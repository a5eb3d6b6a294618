"""Export: a whole register as one file of JSON lines, canonical and streamed, and how to check it.

The lines are a head, every pinned lifecycle, every document, every event in the feed's order, and
an end that says how many events there were and the root a seal over them would have. Whoever has
the file can check it without a register or rules.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import count
from typing import Any

from attrs import frozen

from peelflow.errors import RequestRefused
from peelflow.stores.codec import event_from
from peelflow.stores.columns import EventRow
from peelflow.stores.findings import Finding, Link, Mentions, check_event, missing
from peelflow.stores.protocol import Entry, Snapshot
from peelflow.stores.rows import event_row

FORMAT = 1
Line = dict[str, Any]


@frozen
class Lifecycle:
    """A pinned lifecycle's line."""

    pin: tuple[str, int, str]
    text: str


@frozen
class Content:
    """A document's line."""

    digest: str
    content: bytes


@frozen
class Happened:
    """An event's line: its row, and the event it tells."""

    row: EventRow
    entry: Entry


@frozen
class End:
    """The last line."""

    events: int
    root: str


Told = Lifecycle | Content | Happened | End


def export_lines(
    kept: Snapshot, documents: Iterable[tuple[str, bytes]] | None = None
) -> Iterator[str]:
    """Yield the lines of an export, without their line ends.

    Args:
        kept: One reading of the store.
        documents: The documents, when the store does not keep them itself.
    """
    yield _line(kind="head", format=FORMAT, of="peelflow register")
    for (name, version, digest), text in sorted(kept.lifecycles().items()):
        yield _line(kind="lifecycle", name=name, version=version, digest=digest, text=text)
    for digest, content in kept.documents() if documents is None else documents:
        yield _line(kind="document", digest=digest, content=b64encode(content).decode())
    root, events = sha256(), 0
    for _, row in kept.feed():
        events += 1
        root.update(f"{row.digest}\n".encode())
        yield _line(kind="event", text=row.text, previous=row.previous, digest=row.digest)
    yield _line(kind="end", events=events, root=root.hexdigest())


def _line(**told: str | int) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read_export(lines: Iterable[str]) -> Iterator[Told]:
    """Yield what the lines of an export tell; nothing is checked but their shape.

    Raises:
        RequestRefused: A line is none of an export, or the end is missing: the file was cut off.
    """
    numbered = zip(count(1), lines, strict=False)
    ended = False
    for number, line in numbered:
        told = _told(line, number)
        if number == 1:
            if told != {"kind": "head", "format": FORMAT, "of": "peelflow register"}:
                raise _unreadable(number, f"is no head of an export of format {FORMAT}")
        elif ended:
            raise _unreadable(number, "stands behind the end")
        else:
            each = _read(told, number)
            ended = isinstance(each, End)
            yield each
    if not ended:
        raise RequestRefused("the export", "was cut off: its end is missing", "export it again")


def _told(line: str, number: int) -> Line:
    try:
        told = json.loads(line)
    except (RecursionError, ValueError):
        told = None
    if not isinstance(told, dict):
        raise _unreadable(number, "is no line of an export")
    return told


def _read(told: Line, number: int) -> Told:
    read = _READERS.get(str(told.get("kind")))
    if read is None:
        raise _unreadable(number, "is of no kind known here")
    try:
        return read(told)
    except (AttributeError, LookupError, TypeError, ValueError) as fault:
        raise _unreadable(number, f"cannot be read: {fault}") from None


def _unreadable(number: int, why: str) -> RequestRefused:
    return RequestRefused(f"line {number} of the export", why, "export it again")


def _text(told: Line, name: str) -> str:
    value = told[name]
    if type(value) is not str:
        raise TypeError(name)
    value.encode()
    return value


def _number(told: Line, name: str) -> int:
    value = told[name]
    if type(value) is not int:
        raise TypeError(name)
    return value


def _lifecycle(told: Line) -> Lifecycle:
    pin = _text(told, "name"), _number(told, "version"), _text(told, "digest")
    return Lifecycle(pin, _text(told, "text"))


def _content(told: Line) -> Content:
    return Content(_text(told, "digest"), b64decode(_text(told, "content"), validate=True))


def _happened(told: Line) -> Happened:
    text = _text(told, "text")
    entry = Entry(event_from(text), text, _text(told, "previous"), _text(told, "digest"))
    return Happened(event_row(entry), entry)


def _end(told: Line) -> End:
    return End(_number(told, "events"), _text(told, "root"))


_READERS: dict[str, Callable[[Line], Told]] = {
    "lifecycle": _lifecycle,
    "document": _content,
    "event": _happened,
    "end": _end,
}


def verify_export(lines: Iterable[str]) -> Iterator[Finding]:
    """Yield everything that does not fit in an export: chains, digests, and what events name.

    Raises:
        RequestRefused: The file is no export, or was cut off.
    """
    mentions, links = Mentions(), dict[str, Link]()
    root, events = sha256(), 0
    rules, documents = set(), set()
    for told in read_export(lines):
        match told:
            case Lifecycle(pin=pin, text=text):
                rules.add(pin)
                if sha256(text.encode()).hexdigest() != pin[2]:
                    said = f"the kept rules {pin[0]}@{pin[1]} do not give their digest"
                    yield Finding("", 0, "rules-changed", said)
            case Content(digest=digest, content=content):
                documents.add(digest)
                if sha256(content).hexdigest() != digest:
                    yield Finding("", 0, "document-changed", f"document {digest} has other content")
            case Happened(row=row, entry=entry):
                events += 1
                root.update(f"{row.digest}\n".encode())
                yield from check_event(row, links.get(row.record, Link()))[1]
                links[row.record] = Link(row.number, row.digest)
                mentions.add(entry.event)
            case end:
                if (end.events, end.root) != (events, root.hexdigest()):
                    yield Finding("", 0, "end-differs", "its end tells of other events")
    yield from missing(mentions, documents=documents, rules=rules, records=links)


def feed_of(lines: Iterable[str]) -> Iterator[tuple[int | None, EventRow]]:
    """Yield the events of an export with the positions they have once it is restored."""
    rows = (told.row for told in read_export(lines) if isinstance(told, Happened))
    yield from enumerate(rows, 1)
