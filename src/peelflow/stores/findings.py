"""Findings: what does not fit, and how one event does not follow from the one before it."""

from __future__ import annotations

from collections.abc import Container, Iterator

from attrs import field, frozen

from peelflow.model.records import (
    Acted,
    Added,
    Attached,
    Event,
    Linked,
    Migrated,
    Relevelled,
    TakenOver,
)
from peelflow.stores.chain import GENESIS, digest_of
from peelflow.stores.codec import event_from
from peelflow.stores.columns import EventRow
from peelflow.stores.protocol import Entry
from peelflow.stores.rows import event_row

_Pin = tuple[str, int, str]


@frozen(order=True)
class Finding:
    """Something that does not fit: on which record, at which event (0: none), and what is so."""

    record: str
    event: int
    code: str
    sentence: str

    def __str__(self) -> str:
        where = self.record or "the register"
        return (
            f"{where}{f' event {self.event}' if self.event else ''}: {self.code}: {self.sentence}"
        )


@frozen
class Mentions:
    """What the events looked at so far say must be kept elsewhere, and who says it first."""

    documents: dict[str, tuple[str, int]] = field(factory=dict)
    rules: dict[_Pin, tuple[str, int]] = field(factory=dict)
    records: dict[str, tuple[str, int]] = field(factory=dict)

    def add(self, event: Event) -> None:
        """Note the documents, rules and records that an event names."""
        where = event.record, event.number
        match event.what:
            case Added() | TakenOver() as what:
                self._pinned(what, where)
                if what.parent is not None:
                    self.records.setdefault(what.parent, where)
            case Relevelled() | Migrated() as what:
                self._pinned(what, where)
            case Acted(evidence=evidence):
                for document in evidence:
                    self.documents.setdefault(document.digest, where)
            case Attached(document=document):
                self.documents.setdefault(document.digest, where)
            case Linked(child=child):
                self.records.setdefault(child, where)
            case _:
                pass

    def _pinned(
        self, what: Added | TakenOver | Relevelled | Migrated, where: tuple[str, int]
    ) -> None:
        pin = what.lifecycle
        self.rules.setdefault((pin.name, pin.version, pin.digest), where)


@frozen
class Link:
    """The last event of a record that was looked at."""

    number: int = 0
    digest: str = GENESIS


def check_event(row: EventRow, before: Link) -> tuple[Event | None, list[Finding]]:
    """Return the event a row tells, and how it does not follow from the one before it."""
    found = list(_broken_links(row, before))
    try:
        event = event_from(row.text)
    except ValueError as fault:
        return None, [*found, finding_at(row, "event-unreadable", str(fault))]
    if event_row(Entry(event, row.text, row.previous, row.digest)) != row:
        found.append(finding_at(row, "columns-differ", "its columns say other than its text"))
    if row.number == 1 and not isinstance(event.what, (Added, TakenOver)):
        found.append(finding_at(row, "no-beginning", "it adds no record and is the first"))
    return event, found


def _broken_links(row: EventRow, before: Link) -> Iterator[Finding]:
    if row.number != before.number + 1:
        gone = f"event {before.number + 1} should stand here: events are missing or out of order"
        yield finding_at(row, "events-missing", gone)
    elif row.previous != before.digest:
        yield finding_at(row, "chain-broken", "it does not stand on the event before it")
    if digest_of(row.previous, row.text) != row.digest:
        yield finding_at(row, "event-changed", "its text does not give its digest")


def finding_at(row: EventRow, code: str, sentence: str) -> Finding:
    """Return a finding at an event's row."""
    return Finding(str(row.record), row.number, code, sentence)


def missing(
    mentions: Mentions,
    *,
    documents: Container[str],
    rules: Container[_Pin],
    records: Container[str],
) -> Iterator[Finding]:
    """Yield every document, lifecycle and record that events name and that is not kept."""
    for digest, (by, event) in mentions.documents.items():
        if digest not in documents:
            said = f"it names the document {digest}, which is not kept"
            yield Finding(by, event, "document-missing", said)
    for pin, (by, event) in mentions.rules.items():
        if pin not in rules:
            said = f"it names the rules {pin[0]}@{pin[1]} ({pin[2]}), which are not kept"
            yield Finding(by, event, "rules-missing", said)
    for record, (by, event) in mentions.records.items():
        if record not in records:
            said = f"it names the record {record!r}, which is gone"
            yield Finding(by, event, "record-missing", said)
