"""Check everything a store keeps against its events and their chain (S10).

Tamper-evident, not tamper-proof: whoever can write to the store can also make a chain anew, which
only a seal shows (`stores.seals`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from attrs import evolve, field

from peelflow.engine.fold import fold
from peelflow.engine.standing_events import RecordedEvent, each_as_recorded
from peelflow.errors import InvalidRequest, StoreUnavailable
from peelflow.model.records import (
    EVENT_KIND_OF,
    Added,
    ChildLinked,
    Corrected,
    Event,
    Migrated,
    ParentLinked,
    Record,
    Relevelled,
    TakenOver,
)
from peelflow.model.rules import Pin
from peelflow.results import Result, define, frozen
from peelflow.stores.base import (
    INTEGER_COLUMNS,
    NULL_COLUMNS,
    ChangeRow,
    EventRow,
    JointRow,
    PinKey,
    Snapshot,
    StoredRecord,
    StoredRow,
    pinned_key,
)
from peelflow.stores.codec import canonical_event, event_from, event_text, record_text
from peelflow.stores.rows import (
    GENESIS,
    chained_digest,
    change_rows,
    joint_rows,
    record_row,
)
from peelflow.stores.soundness import (
    KeptLifecycles,
    documents_of,
    entry_of,
    event_faults,
    history_faults,
)
from peelflow.stores.sums import Recount, recount_of


@frozen(order=True)
class Discrepancy(Result):
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
class References:
    """What the events looked at so far say must be kept elsewhere, and who says it first."""

    documents: dict[str, tuple[str, int]] = field(factory=dict)
    rules: dict[PinKey, tuple[str, int]] = field(factory=dict)
    records: dict[str, tuple[str, int]] = field(factory=dict)

    def add(self, event: Event) -> None:
        """Note the documents, rules and records that an event names."""
        where = event.record, event.number
        what = entry_of(event) or event.what
        if isinstance(what, (Added, TakenOver, Relevelled, Migrated)):
            pin = what.lifecycle
            self.rules.setdefault((pin.name, pin.version, pin.digest), where)
        match what:
            case (
                Added(parent=str(name))
                | TakenOver(parent=str(name))
                | ChildLinked(child=name)
                | ParentLinked(parent=name)
            ):
                self.records.setdefault(name, where)
            case _:
                for document in documents_of(event):
                    self.documents.setdefault(document.digest, where)


@frozen
class ChainHead(Result):
    """The last event of a record that was looked at."""

    number: int = 0
    digest: str = GENESIS


def check_event(
    row: EventRow, before: ChainHead, read: Event | None = None, *, is_canonical: bool = False
) -> tuple[Event | None, list[Discrepancy]]:
    """Return the event a row tells, and how it does not follow from the one before it.

    Args:
        row: The row.
        before: The record's last event before it.
        read: What its text tells, where that was read already.
        is_canonical: Whether that was found to be just what peelflow writes of it.
    """
    faults = list(_broken_links(row, before))
    event = canonical_event(row.text) if read is None else read
    is_canonical = is_canonical or (read is None and event is not None)
    if event is None or not is_canonical:
        try:
            event = event if event is not None else event_from(row.text)
            is_canonical = event_text(event) == row.text
        except (InvalidRequest, ValueError, OverflowError) as fault:  # in UTC it is in no year
            return None, [*faults, discrepancy_at(row, "event-unreadable", str(fault))]
    kind = EVENT_KIND_OF[type(event.what)]
    if row[:5] != (event.record, event.number, event.on.isoformat(), kind, event.key):
        faults.append(discrepancy_at(row, "columns-differ", "its columns say other than its text"))
    if (row.number == 1) != isinstance(event.what, (Added, TakenOver)):
        is_first = "it adds no record and is the first" if row.number == 1 else "it adds it again"
        faults.append(discrepancy_at(row, "no-beginning", is_first))
    if not is_canonical:
        sentence = "its text is not written as peelflow writes it"
        faults.append(discrepancy_at(row, "event-form", sentence))
    faults += [discrepancy_at(row, *fault) for fault in event_faults(event)]
    return event, faults


def _broken_links(row: EventRow, before: ChainHead) -> Iterator[Discrepancy]:
    if row.number != before.number + 1:
        gone = f"event {before.number + 1} should stand here: events are missing or out of order"
        yield discrepancy_at(row, "events-missing", gone)
    elif row.previous != before.digest:
        yield discrepancy_at(row, "chain-broken", "it does not stand on the event before it")
    if chained_digest(row.previous, row.text) != row.digest:
        yield discrepancy_at(row, "event-changed", "its text does not give its digest")


def discrepancy_at(row: EventRow, code: str, sentence: str) -> Discrepancy:
    """Return a finding at an event's row."""
    return Discrepancy(str(row.record), row.number, code, sentence)


def missing_references(
    mentions: References,
    *,
    documents: Container[str],
    rules: Container[PinKey],
    records: Container[str],
) -> Iterator[Discrepancy]:
    """Yield every document, lifecycle and record that events name and that is not kept."""
    for digest, (by, event) in mentions.documents.items():
        if digest not in documents:
            sentence = f"it names the document {digest}, which is not kept"
            yield Discrepancy(by, event, "document-missing", sentence)
    for pin, (by, event) in mentions.rules.items():
        if pin not in rules:
            sentence = f"it names the rules {pin[0]}@{pin[1]} ({pin[2]}), which are not kept"
            yield Discrepancy(by, event, "rules-missing", sentence)
    for record, (by, event) in mentions.records.items():
        if record not in records:
            sentence = f"it is gone, and {by} names it at event {event}"
            yield Discrepancy(record, 0, "record-missing", sentence)


_Row = EventRow | StoredRow | ChangeRow | JointRow
_RowOf = TypeVar("_RowOf", EventRow, StoredRow, ChangeRow, JointRow)


def verify_snapshot(
    snapshot: Snapshot, documents: Iterable[tuple[str, bytes]] | None = None
) -> Iterator[Discrepancy]:
    """Yield everything that does not fit in one reading of a store; never an error instead.

    The database itself, its own check and its schema; the events of each record against their
    chain and the rules kept beside them; its row, changes and keys against its events, and the
    sums of the figures; the feed's positions; every document and lifecycle against its digest; and
    that all which the events name is there.

    Args:
        snapshot: One reading of the store.
        documents: The documents, when the store does not keep them itself.
    """
    mentions, numbers, recounts = References(), dict[str, int](), list[Recount]()
    contents = documents if documents is not None else _told_documents(snapshot)
    sentences = set[str]()
    for part in (
        _database_discrepancies(snapshot),
        _begin_recount(snapshot, recounts),
        _history_discrepancies(snapshot, mentions, numbers, recounts),
        _sum_discrepancies(recounts),
        _position_discrepancies(snapshot, numbers),
        _content_discrepancies(snapshot, contents, mentions, numbers),
    ):
        try:
            yield from part
        except StoreUnavailable as fault:
            if fault.why not in sentences:
                sentences.add(fault.why)
                yield Discrepancy("", 0, "store-unreadable", fault.why)


def _told_documents(snapshot: Snapshot) -> Iterator[tuple[str, bytes]]:
    yield from snapshot.documents()


def _database_discrepancies(snapshot: Snapshot) -> Iterator[Discrepancy]:
    for fault in snapshot.database_faults():
        yield Discrepancy("", 0, *fault)


def _begin_recount(snapshot: Snapshot, recounts: list[Recount]) -> Iterator[Discrepancy]:
    """Yield nothing, and begin to recount the sums; not at all where they cannot be read."""
    recounts.append(recount_of(snapshot))
    yield from ()


def _sum_discrepancies(recounts: list[Recount]) -> Iterator[Discrepancy]:
    for recount in recounts:
        yield from (Discrepancy("", 0, "sums-differ", fault) for fault in recount.faults())


def _history_discrepancies(
    snapshot: Snapshot, mentions: References, numbers: dict[str, int], recounts: list[Recount]
) -> Iterator[Discrepancy]:
    """Yield what does not fit of each record, and note how many events each has."""
    kept = snapshot.lifecycles()
    kept_rules = KeptLifecycles({pinned_key(key): text for key, text in kept.items()})
    odd: list[Discrepancy] = []
    for record, tables in groupby(_rows_by_record(snapshot, odd), _record_of):
        yield from odd
        odd.clear()
        group = [row for _, rows in tables for row in rows]
        numbers[record] = max((row.number for row in group if isinstance(row, EventRow)), default=0)
        yield from _record_discrepancies(record, group, mentions, kept_rules, recounts)
    yield from odd


def _rows_by_record(snapshot: Snapshot, odd: list[Discrepancy]) -> Iterator[tuple[str, list[_Row]]]:
    """Yield the rows of each record in each table, by record; note the others as findings."""
    tables: tuple[Iterable[_Row], ...] = (
        _well_typed(snapshot.histories(), odd),
        _well_typed(snapshot.records(), odd),
        _well_typed(snapshot.changes(), odd),
        _well_typed(snapshot.joint_records(), odd),
    )
    return merge(*map(_by_record, tables), key=_record_of)


def _by_record(rows: Iterable[_Row]) -> Iterator[tuple[str, list[_Row]]]:
    """Yield the rows of each record together, so that few are brought in order with others.

    Where reading breaks off within a record its rows come first, so that those before are judged.
    """
    for record, group in groupby(rows, _record_of):
        held: list[_Row] = []
        try:
            held.extend(group)
        except StoreUnavailable:
            yield record, held
            raise
        yield record, held


_record_of: Callable[[tuple[Any, ...]], str] = itemgetter(0)


def _well_typed(rows: Iterable[_RowOf], odd: list[Discrepancy]) -> Iterator[_RowOf]:
    """Yield the rows whose every column is of its type, and note the others as findings."""
    for row in rows:
        wrong = wrong_columns(row)
        if not wrong:
            yield row
            continue
        number = getattr(row, "number", 0)
        name = row[0] if is_plain_text(row[0]) else repr(row[0])
        sentence = (
            f"a row of its {_TABLE_OF[type(row)]} holds no {_kinds(wrong)} in {', '.join(wrong)}"
        )
        odd.append(
            Discrepancy(name, number if type(number) is int else 0, "row-unreadable", sentence)
        )


_TABLE_OF: dict[type, str] = {
    EventRow: "events",
    StoredRow: "records",
    ChangeRow: "changes",
    JointRow: "forces",
}


def wrong_columns(row: _Row) -> list[str]:
    """Return the names of a row's columns that hold nothing of their type."""
    texts = _texts_of((type(row), *map(type, row)))
    if texts is not None and is_plain_text("".join(texts(row))):
        return []
    return [
        name
        for name, value in zip(row._fields, row, strict=True)
        if not (
            (type(value) is int if name in INTEGER_COLUMNS else is_plain_text(value))
            or (value is None and name in NULL_COLUMNS)
        )
    ]


@lru_cache(maxsize=256)
def _texts_of(types: tuple[type, ...]) -> Callable[[_Row], tuple[str, ...]] | None:
    """Return what takes the texts out of a row of such values; None where one is of no such type.

    Args:
        types: The type of the row, and those of its values.
    """
    kind, *of_values = types
    names: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    for name, found in zip(names, of_values, strict=True):
        is_null = found is type(None) and name in NULL_COLUMNS
        if found is not (int if name in INTEGER_COLUMNS else str) and not is_null:
            return None
    return itemgetter(*(place for place, found in enumerate(of_values) if found is str))


def _kinds(columns: Collection[str]) -> str:
    kinds = {"number" if name in INTEGER_COLUMNS else "text" for name in columns}
    return " or ".join(sorted(kinds))


def is_plain_text(value: object) -> bool:
    """Return whether a value is a text of valid Unicode."""
    try:
        return isinstance(value, str) and (value.isascii() or value.encode() is not None)
    except UnicodeEncodeError:
        return False


def _record_discrepancies(
    record: str,
    rows: list[_Row],
    mentions: References,
    kept_rules: KeptLifecycles,
    recounts: Iterable[Recount],
) -> Iterator[Discrepancy]:
    before, events = ChainHead(), []
    keys: Counter[str] = Counter()
    for row in (row for row in rows if isinstance(row, EventRow)):
        event, faults = check_event(row, before)
        yield from faults
        before = ChainHead(row.number, row.digest)
        keys.update([row.key] if row.key is not None else [])
        if event is not None:
            events.append(event)
            mentions.add(event)
    for recount in recounts:
        recount.add(record, events)
    for key in sorted(key for key, times in keys.items() if times > 1):
        yield Discrepancy(record, 0, "key-twice", f"the key {key!r} stands on several events")
    if len(events) == before.number or not events:
        steps = _Steps(events)
        yield from history_discrepancies(record, events, kept_rules, steps)
        yield from _derived_discrepancies(record, rows, steps, before.digest)


def history_discrepancies(
    record: str,
    events: list[Event],
    kept_rules: KeptLifecycles,
    steps: Iterable[RecordedEvent] | None = None,
) -> Iterator[Discrepancy]:
    """Yield each event of a record that does not follow from those before it under its rules.

    Args:
        record: Its id.
        events: All its events.
        kept_rules: The rules kept beside them.
        steps: Gives each event with the record before and after it, where somebody asks for that.
    """
    try:
        found = history_faults(events, kept_rules, steps)
        yield from [Discrepancy(record, *fault) for fault in found]
    except TypeError:  # its first event adds no record, which is told there
        return


@define(eq=False)
class _Steps:
    """The events of a record with the record before and after each, folded once for all who ask.

    Attributes:
        events: The events.
    """

    events: list[Event]
    _last: Record | None = field(default=None, init=False)

    def __iter__(self) -> Iterator[RecordedEvent]:
        """Yield each event with the record before and after it."""
        after = None
        for step in each_as_recorded(self.events):
            yield step
            after = step[2]
        self._last = after

    def record(self) -> Record:
        """Return the record that they make; what it raises is as of `fold`."""
        if self._last is None or any(isinstance(event.what, Corrected) for event in self.events):
            return fold(self.events)
        return self._last  # INVARIANT: where nothing was corrected it is what `fold` makes


def _derived_discrepancies(
    record: str, rows: list[_Row], steps: _Steps, head: str
) -> Iterator[Discrepancy]:
    record_rows = [row for row in rows if isinstance(row, StoredRow)]
    if not record_rows:
        yield Discrepancy(record, 0, "row-missing", "it has events or changes and no row")
    try:
        folded = steps.record()
    except (TypeError, ValueError):
        yield Discrepancy(
            record, 0, "row-without-events", "nothing that happened gives this record"
        )
        return
    expected = record_row(StoredRecord(folded, head), record_text(folded))
    of_before = expected
    if folded.assumed and folded.window.number != 1:
        # A row that an earlier peelflow wrote does not tell whether such a record walked.
        of_before = expected._replace(body=record_text(evolve(folded, walked=None)))
    for row in record_rows:
        names = [name for name, a, b in zip(row._fields, row, expected, strict=True) if a != b]
        if names and row != of_before:
            sentence = f"its row says other than its events in {', '.join(names)}"
            yield Discrepancy(record, 0, "row-differs", sentence)
    yield from _change_discrepancies(record, rows, steps.events)
    kept, due = {row for row in rows if isinstance(row, JointRow)}, {*joint_rows(folded)}
    for joint in sorted(kept ^ due):
        which = "is missing" if joint in due else "is not its events'"
        sentence = f"that it is of {joint.force} too, in the table of joint records, {which}"
        yield Discrepancy(record, 0, "joint-differs", sentence)


def _change_discrepancies(
    record: str, rows: list[_Row], events: list[Event]
) -> Iterator[Discrepancy]:
    told = [row for row in rows if isinstance(row, ChangeRow)]
    made = [row for event in events for row in change_rows(event)]
    if told == made:  # nearly always, and in one order
        return
    kept, due = Counter(told), Counter(made)
    for row in sorted({*(kept - due), *(due - kept)}, key=str):
        which = "missing" if due[row] > kept[row] else "not its event's"
        sentence = f"a change of the figures is {which}: {row.delta} {row.counts} on {row.ledger}"
        yield Discrepancy(record, row.number, "change-differs", sentence)


def _position_discrepancies(
    snapshot: Snapshot, numbers: Mapping[str, int]
) -> Iterator[Discrepancy]:
    """Yield where the feed is not the events, dense, each once, in an order they may have had."""
    seen, place = dict[str, int](), 0
    for position, row in snapshot.feed():
        if wrong_columns(row):
            place = position if type(position) is int else place + 1
            continue
        place += 1
        if position not in (None, place):
            yield from _gap(place, position)
            place = position if type(position) is int else place
        if row.number != seen.get(row.record, 0) + 1:
            yield discrepancy_at(
                row, "feed-disordered", "the feed gives it out of its record's order"
            )
        seen[row.record] = row.number
    for record in sorted(numbers):
        if numbers[record] > seen.get(record, 0):
            sentence = f"the feed does not give its events behind number {seen.get(record, 0)}"
            yield Discrepancy(record, numbers[record], "feed-lacks", sentence)


def _gap(place: int, position: object) -> Iterator[Discrepancy]:
    sentence = f"position {place} of the feed is given to no event; the next one is {position}"
    yield Discrepancy("", 0, "position-wrong", sentence)


CLOCK_BACK = "clock-back"
CLOCK_TOLERANCE = timedelta(days=1)
"""How far what stands behind another in the feed may be recorded before it, and how far what is
kept may lie in the future: acts take their time, and clocks are a little wrong."""
_find_recorded_at = re.compile(r'"recorded_at":"([^"]*)"').search


def clock_discrepancies(rows: Iterable[EventRow], now: datetime) -> Iterator[Discrepancy]:
    """Yield where a clock was a day or more ahead as events were recorded, and was set back since.

    A clock that was wrong looks as an order of the feed that was changed does, so either is told;
    but all that is kept may fit, and can be sealed, copied and taken in. What lies in the future
    is told until that time has come.

    Args:
        rows: The events in the order of the feed, as they are to be found sound.
        now: What a clock tells that is right.
    """
    ahead: tuple[datetime, EventRow] | None = None
    latest = now + CLOCK_TOLERANCE
    for row in rows:
        recorded = _recorded_at(row)
        if recorded is None:
            continue
        if recorded > latest:
            yield discrepancy_at(row, CLOCK_BACK, _say_in_future(recorded, now))
        if ahead is not None and ahead[0] - recorded >= CLOCK_TOLERANCE:
            yield discrepancy_at(row, CLOCK_BACK, _say_set_back(recorded, *ahead))
            ahead = None  # what stands behind is held to the clock as it was set
        if ahead is None or recorded > ahead[0]:
            ahead = recorded, row


def _recorded_at(row: EventRow) -> datetime | None:
    """Return when an event was recorded, as its text says it; None where it says no moment."""
    found = _find_recorded_at(str(row.text))
    return _moment_in(found[1]) if found else None


@lru_cache(maxsize=64)
def _moment_in(text: str) -> datetime | None:
    """Return the moment that a text says, as all events of a batch do; None where it says none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _say_in_future(recorded: datetime, now: datetime) -> str:
    return (
        f"it was recorded at {recorded}, which lies in the future; it is {now:%Y-%m-%d %H:%M} now: "
        "set the clock right if it is slow; if it was fast then, this is told until that time has "
        "come"
    )


def _say_set_back(recorded: datetime, later: datetime, before: EventRow) -> str:
    return (
        f"it was recorded at {recorded}, a day or more before what the feed gives in front of it, "
        f"{before.record} event {before.number} of {later}: a clock was fast then and was set "
        "right, or else the order was changed; a seal of before tells which"
    )


def _content_discrepancies(
    snapshot: Snapshot,
    documents: Iterable[tuple[object, object]],
    mentions: References,
    known: Container[str],
) -> Iterator[Discrepancy]:
    digests = set()
    for digest, content in documents:
        where = mentions.documents.get(str(digest), ("", 0))
        if not (isinstance(digest, str) and isinstance(content, bytes)):
            sentence = f"the document {digest!a:.80} holds no bytes, or has no digest"
            yield Discrepancy(*where, "document-changed", sentence)
            continue
        digests.add(digest)
        yield from document_discrepancies(digest, content, *where)
    rules = snapshot.lifecycles()
    for pin, text in rules.items():
        if not all(map(is_plain_text, (pin[0], pin[2], text))) or type(pin[1]) is not int:
            sentence = (
                f"the kept rules {pin[0]!a:.80}@{pin[1]!a:.20} are no text, or have no number"
            )
            yield Discrepancy("", 0, "rules-changed", sentence)
            continue
        yield from rules_discrepancies(pin, text)
    pins = set(map(pinned_key, rules))
    yield from missing_references(mentions, documents=digests, rules=pins, records=known)


def document_discrepancies(
    digest: str, content: bytes, record: str = "", event: int = 0
) -> Iterator[Discrepancy]:
    """Yield that a document's content does not give its digest, at the event that names it."""
    if sha256(content).hexdigest() != digest:
        sentence = f"document {digest} has other content"
        yield Discrepancy(record, event, "document-changed", sentence)


def rules_discrepancies(pin: PinKey, text: str) -> Iterator[Discrepancy]:
    """Yield that a kept lifecycle's text does not give its digest."""
    if sha256(text.encode()).hexdigest() != pin[2]:
        sentence = f"the kept rules {pin[0]}@{pin[1]} do not give their digest"
        yield Discrepancy("", 0, "rules-changed", sentence)
    elif KeptLifecycles({pinned_key(pin): text}).find(Pin(*pinned_key(pin))) is None:
        sentence = f"the kept rules {pin[0]}@{pin[1]} are no lifecycle's meaning"
        yield Discrepancy("", 0, "rules-changed", sentence)
