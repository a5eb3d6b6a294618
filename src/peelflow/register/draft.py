"""A draft: the acts of one batch, decided in order, kept whole or not at all.

Each step sees those before it. A step that is refused leaves no trace in the draft; what the draft
has read is checked again by the store when the batch is appended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from importlib import import_module
from zoneinfo import ZoneInfo

from attrs import field, frozen

from peelflow.engine.decide import PEELFLOW, answers_asked, automatic, decide, reads
from peelflow.engine.fold import apply, begin
from peelflow.errors import KeyReused, Refused, RequestRefused, UnknownDocument, UnknownRecord
from peelflow.model.judgement import (
    Appointment,
    Child,
    Context,
    Inspection,
    Mention,
    Predicate,
    Refusal,
)
from peelflow.model.records import Act, Document, Event, Record
from peelflow.model.rules import Lifecycle, Pin
from peelflow.register.asking import check_date
from peelflow.register.family import check_family
from peelflow.register.holidays import known_holidays
from peelflow.register.mentions import mentions_of
from peelflow.register.requests import request_of
from peelflow.register.situation import (
    APPOINTMENT,
    INSPECTION,
    RESTED_ON,
    appointment_of,
    child_of,
    described,
    inspection_of,
)
from peelflow.register.steps import Step
from peelflow.register.verbs import Verbs
from peelflow.rulebook.book import Rulebook
from peelflow.stores.chain import GENESIS, chain
from peelflow.stores.protocol import Batch, Documents, Entry, Kept, Store, Wanted

LONDON = ZoneInfo("Europe/London")


@frozen(eq=False)
class Desk:
    """What every draft of a register works with."""

    store: Store
    documents: Documents
    rulebook: Rulebook
    clock: Callable[[], datetime]
    predicates: Mapping[str, Predicate]
    lifecycle_of: Callable[[Pin], Lifecycle]
    text_of: Callable[[Lifecycle], str] = field(repr=False)


class Draft(Verbs):
    """The verbs of a register, gathered until the batch is appended."""

    def __init__(self, desk: Desk) -> None:
        """Begin an empty draft, dated now."""
        self.desk = desk
        self.rulebook = desk.rulebook
        self.now = desk.clock()
        self.today = self.now.astimezone(LONDON).date()
        self._read: dict[str, int] = {}
        self._relied: dict[str, int] = {}
        self._view: dict[str, Kept | None] = {}
        self._undo: dict[str, Kept | None] | None = None
        self._entries: list[Entry] = []
        self._lifecycles: dict[tuple[str, int, str], str] = {}
        self._keys: dict[tuple[str, str], Event] = {}
        self._stored: dict[tuple[str, str], tuple[str, ...]] = {}
        self._drafted: dict[str, None] = {}
        self._brought: dict[str, bytes] = {}

    def _drafting(self) -> AbstractContextManager[Draft]:
        return Step(self)

    def step(self) -> AbstractContextManager[Draft]:
        """Take what is put meanwhile as one step: all of it, or nothing when it is refused."""
        return Step(self)

    def begin_step(self) -> tuple[int, dict[str, Kept | None] | None]:
        """Remember from now on how the records stood; return what `end_step` is given."""
        outer, self._undo = self._undo, {}
        return len(self._entries), outer

    def end_step(self, begun: int, outer: dict[str, Kept | None] | None, *, refused: bool) -> None:
        """End the step begun at that many events; leave no trace of it when it was refused."""
        undo = self._undo or {}
        if refused:
            self._view.update(undo)
            for entry in self._entries[begun:]:
                self._keys.pop((entry.event.record, entry.event.key or ""), None)
            del self._entries[begun:]
        elif outer is not None:
            outer.update({record: kept for record, kept in undo.items() if record not in outer})
        self._undo = outer

    def commit(self) -> None:
        """Append what was drafted; an empty draft does nothing.

        Raises:
            Conflict: Somebody moved what this draft read; nothing is kept.
        """
        if self._entries:
            batch = Batch(
                entries=tuple(self._entries),
                records=tuple([kept for each in self.moved if (kept := self._view[each])]),
                read=self._read | self._relied,
                lifecycles=dict(self._lifecycles),
                documents=self._kept_with_batch(),
            )
            self.desk.store.append(batch)

    def _kept_with_batch(self) -> Mapping[str, bytes]:
        """Return the documents the store keeps with the batch; others are kept before it."""
        if self.desk.documents is self.desk.store:
            return dict(self._brought)
        for digest, content in self._brought.items():
            self.desk.documents.keep_document(digest, content)
        return {}

    @property
    def drafted(self) -> int:
        """How many events were made so far."""
        return len(self._entries)

    def keep(
        self,
        content: bytes,
        *,
        kind: str,
        name: str,
        signed_by: str | None = None,
        signed_on: date | None = None,
    ) -> Document:
        """Keep a document with this batch, and return what its acts refer to it by."""
        document = described(content, kind, name, signed_by=signed_by, signed_on=signed_on)
        self._brought[document.digest] = content
        return document

    def find(self, record: str) -> Record | None:
        """Return a record as this draft sees it, None when there is none."""
        if record not in self._read:
            self.look_up((record,))
        kept = self._view.get(record)
        return kept.record if kept else None

    def get(self, record: str) -> Record:
        """Return a record as this draft sees it, or raise UnknownRecord."""
        found = self.find(record)
        if found is None:
            raise UnknownRecord(record)
        return found

    def lifecycle(self, record: Record) -> Lifecycle:
        """Return the rules that a record pins."""
        return self.desk.lifecycle_of(record.lifecycle)

    def pin(self, lifecycle: Lifecycle) -> Pin:
        """Return a lifecycle's pin, and have its text kept with the batch."""
        pin = lifecycle.pin
        self._lifecycles[pin.name, pin.version, pin.digest] = self.desk.text_of(lifecycle)
        return pin

    def history(self, record: str) -> tuple[Event, ...]:
        """Return what happened to a record, as this draft sees it: with what it drafted itself."""
        self.get(record)
        return self.events(record, stored=self._read[record])

    def events(self, record: str, *, stored: int) -> tuple[Event, ...]:
        """Return the first `stored` events that are kept of a record, and those drafted here."""
        kept = [entry.event for entry in self.desk.store.history(record)] if stored else []
        drafted = [entry.event for entry in self._entries if entry.event.record == record]
        return (*(event for event in kept if event.number <= stored), *drafted)

    @property
    def moved(self) -> Mapping[str, int]:
        """The records that this draft moves, and the number each had before it."""
        return {entry.event.record: self._read[entry.event.record] for entry in self._entries}

    def rely_on(self, record: Record) -> int:
        """Return a record's number as this draft knows it; the store is to check it again."""
        if record.id in self._read:
            return self._read[record.id]
        return self._relied.setdefault(record.id, record.number)

    def put(self, event: Event, *, folded: Record | None = None) -> Event:
        """Take an event into this step, chained to the one before it.

        `folded` is the record after it, where its whole history has to be read for that.

        Raises:
            Refused: It narrows an appointment or inspection that an act of another record rests on.
        """
        kept = self._view.get(event.record)
        record = folded or (begin(event) if kept is None else apply(kept.record, event))
        if kept is not None and record.category in RESTED_ON:
            check: Callable[..., None] = import_module("peelflow.register.resting").check_resting
            check(self, kept.record, record, event)
        entry = chain(kept.head if kept else GENESIS, event)
        if self._undo is not None:
            self._undo.setdefault(event.record, kept)
        self._view[event.record] = Kept(record, entry.digest)
        self._entries.append(entry)
        if event.key is not None:
            self._keys[event.record, event.key] = event
        if record.category == APPOINTMENT:
            self._drafted[record.id] = None
        return event

    def repeated(self, event: Event) -> Event | None:
        """Return the first event when `event` repeats it under the same key (S7)."""
        if event.key is None:
            return None
        first = self._keys.get((event.record, event.key))
        if first is None:
            entry = self.desk.store.keyed(event.record, event.key)
            first = entry.event if entry else None
        if first is not None and request_of(first) != request_of(event):
            raise KeyReused(event.record, event.key)
        return first

    def act(self, record: Record, act: Act) -> Event:
        """Decide an act, take its event and what the system then does by itself.

        Raises:
            Refused: The rules refuse it, with every reason.
        """
        lifecycle = self.lifecycle(record)
        decided = decide(lifecycle, record, act, self.context(lifecycle, record, act))
        if isinstance(decided, Refusal):
            raise Refused(decided)
        self.put(decided)
        check_family(self, record, trigger=act.trigger, role=act.actor.role)
        self.settle(record.id, decided)
        return decided

    def settle(self, record: str, after: Event) -> None:
        """Take the untimed system transitions that the record's state now has."""
        while True:
            now = self.get(record)
            lifecycle = self.lifecycle(now)
            for trigger in automatic(lifecycle, now.state):
                act = Act(trigger, PEELFLOW, after.on, PEELFLOW.person)
                decided = decide(lifecycle, now, act, self.context(lifecycle, now, act))
                if isinstance(decided, Event):
                    self.put(decided)
                    check_family(self, now, trigger=trigger, role=PEELFLOW.role)
                    break
            else:
                return

    def check_kept(self, document: Document) -> None:
        """Raise UnknownDocument unless the document's content is kept here."""
        digest = document.digest
        if document.signed_on is not None:
            check_date(document.signed_on, f"the document {document.name!r}")
        if digest not in self._brought and not self.desk.documents.has_document(digest):
            raise UnknownDocument(digest)
        if document.kind not in self.rulebook.vocabulary.evidence:
            raise RequestRefused(
                f"the document {document.name!r}",
                f"is of the unknown kind {document.kind!r}",
                f"use one of {', '.join(sorted(self.rulebook.vocabulary.evidence))}",
            )

    def look_up(self, ids: tuple[str, ...]) -> None:
        """Read records at once that will be asked for."""
        wanted = [each for each in ids if each not in self._read]
        if not wanted:
            return
        found = self.desk.store.read(wanted)
        for record in wanted:
            kept = found.get(record)
            self._view[record] = kept
            self._read[record] = kept.record.number if kept else 0

    def context(self, lifecycle: Lifecycle, record: Record, act: Act) -> Context:
        """Return all that a decision on an act may look at, as this draft sees it."""
        wanted = reads(lifecycle, record, act.trigger)
        if not wanted:
            return Context(self.now, self.today, (), None, (), self.desk.predicates)
        return Context(
            self.now,
            self.today,
            self.appointments(record, act) if "appointments" in wanted else (),
            self._inspection(act) if "inspection" in wanted else None,
            self._children(record) if "children" in wanted else (),
            self.desk.predicates,
            self._mentions(lifecycle, record, act) if "mentions" in wanted else (),
            known_holidays() if "holidays" in wanted else None,
        )

    def _mentions(self, lifecycle: Lifecycle, record: Record, act: Act) -> tuple[Mention, ...]:
        return mentions_of(self, record, answers_asked(lifecycle, record, act.trigger))

    def _inspection(self, act: Act) -> Inspection | None:
        found = self.find(act.inspection) if act.inspection else None
        return inspection_of(found) if found and found.category == INSPECTION else None

    def _children(self, record: Record) -> tuple[Child, ...]:
        self.look_up(record.children)
        children = map(self.get, record.children)
        return tuple(child_of(each, self.lifecycle(each)) for each in children)

    def appointments(self, record: Record, act: Act) -> tuple[Appointment, ...]:
        """Return the appointments in the record's force of those whose roles may be asked for.

        Nobody else's is read, so nobody else's makes a Conflict. Nor does one made meanwhile: it
        could only have let more be done.
        """
        documents = (*act.evidence, *(held.document for held in record.attachments))
        persons = {act.actor.person: None} | {d.signed_by: None for d in documents if d.signed_by}
        stored = [each for person in persons for each in self._appointed(record.force, person)]
        drafted = [each for each in self._drafted if self._view[each]]  # not of a refused step
        found = tuple(dict.fromkeys([*stored, *drafted]))
        self.look_up(found)
        appointments = (appointment_of(each) for each in map(self.get, found))
        return tuple(each for each in appointments if each.person in persons)

    def _appointed(self, force: str, person: str) -> tuple[str, ...]:
        stored = self._stored.get((force, person))
        if stored is None:
            wanted = Wanted(force=force, category=APPOINTMENT, field=("person", person))
            stored = tuple(each.id for each in self.desk.store.records(wanted))
            self._stored[force, person] = stored
        return stored
