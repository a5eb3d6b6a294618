"""A session is the unit of work: what was read, savepoints, and a commit of all or nothing.

Each event sees those before it. A refused verb leaves no trace in the session; when the store
appends the batch, it checks again what the session has read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from importlib import import_module
from types import TracebackType

from peelflow.engine.decide import automatic_triggers, decide
from peelflow.engine.fold import apply, begin
from peelflow.errors import InvalidRequest, KeyReused, Refused, UnknownDocument
from peelflow.model.decisions import Act, Refusal
from peelflow.model.records import PEELFLOW, Document, Event, Record
from peelflow.model.rules import Lifecycle, Pin
from peelflow.register.commands import Verbs
from peelflow.register.context import APPOINTMENT, RESTRICTABLE, ReadSet, Services
from peelflow.register.hierarchy import check_hierarchy
from peelflow.register.validation import check_date, describe_document, idempotency_payload
from peelflow.stores.base import StoredRecord, WriteBatch
from peelflow.stores.rows import GENESIS, chain


class Savepoint:
    """One step of a draft, as a `with` block."""

    def __init__(self, draft: Session) -> None:
        """Take a draft whose step begins with the block."""
        self._draft = draft

    def __enter__(self) -> Session:
        self._begun, self._outer = self._draft.begin_step()
        return self._draft

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._draft.end_step(self._begun, self._outer, refused=error is not None)


class Autocommit:
    """One verb as a batch of its own: kept when its block ends, forgotten when it is refused."""

    def __init__(self, draft: Session) -> None:
        """Take an empty draft."""
        self._draft = draft

    def __enter__(self) -> Session:
        return self._draft

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._draft.commit()


class Session(ReadSet, Verbs):
    """The verbs of a register, gathered until the batch is appended."""

    def __init__(self, desk: Services) -> None:
        """Begin an empty draft, dated now."""
        super().__init__(desk)
        self.rulebook = desk.rulebook
        self._relied: dict[str, int] = {}
        self._undo: dict[str, StoredRecord | None] | None = None
        self._lifecycles: dict[tuple[str, int, str], str] = {}
        self._keys: dict[tuple[str, str], Event] = {}
        self._brought: dict[str, bytes] = {}

    def _drafting(self) -> AbstractContextManager[Session]:
        return Savepoint(self)

    def step(self) -> AbstractContextManager[Session]:
        """Take what is put meanwhile as one step: all of it, or nothing when it is refused."""
        return Savepoint(self)

    def begin_step(self) -> tuple[int, dict[str, StoredRecord | None] | None]:
        """Remember from now on how the records stood; return what `end_step` is given."""
        outer, self._undo = self._undo, {}
        return len(self._entries), outer

    def end_step(
        self, begun: int, outer: dict[str, StoredRecord | None] | None, *, refused: bool
    ) -> None:
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
            batch = WriteBatch(
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
        document = describe_document(content, kind, name, signed_by=signed_by, signed_on=signed_on)
        self._brought[document.digest] = content
        return document

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
        if kept is not None and record.category in RESTRICTABLE:
            check: Callable[..., None] = import_module(
                "peelflow.register.dependents"
            ).check_dependents
            check(self, kept.record, record, event)
        entry = chain(kept.head if kept else GENESIS, event)
        if self._undo is not None:
            self._undo.setdefault(event.record, kept)
        self._view[event.record] = StoredRecord(record, entry.digest)
        self._entries.append(entry)
        if event.key is not None:
            self._keys[event.record, event.key] = event
        if record.category == APPOINTMENT:
            self._appointments[record.id] = None
        return event

    def repeated(self, event: Event) -> Event | None:
        """Return the first event when `event` repeats it under the same key (S7)."""
        if event.key is None:
            return None
        first = self._keys.get((event.record, event.key))
        if first is None:
            entry = self.desk.store.keyed(event.record, event.key)
            first = entry.event if entry else None
        if first is not None and idempotency_payload(first) != idempotency_payload(event):
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
        check_hierarchy(self, record, trigger=act.trigger, role=act.actor.role)
        self.settle(record.id, decided)
        return decided

    def settle(self, record: str, after: Event) -> None:
        """Take the untimed system transitions that the record's state now has."""
        while True:
            now = self.get(record)
            lifecycle = self.lifecycle(now)
            for trigger in automatic_triggers(lifecycle, now.state):
                act = Act(trigger, PEELFLOW, after.on, PEELFLOW.person)
                decided = decide(lifecycle, now, act, self.context(lifecycle, now, act))
                if isinstance(decided, Event):
                    self.put(decided)
                    check_hierarchy(self, now, trigger=trigger, role=PEELFLOW.role)
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
            raise InvalidRequest(
                f"the document {document.name!r}",
                f"is of the unknown kind {document.kind!r}",
                f"use one of {', '.join(sorted(self.rulebook.vocabulary.evidence))}",
            )
