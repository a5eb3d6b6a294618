"""A session is the unit of work: what was read, savepoints, and a commit of all or nothing.

Each event sees those before it. A refused verb leaves no trace in the session; when the store
appends the batch, it checks again what the session has read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from types import TracebackType

from attrs import evolve, field

from peelflow.engine.fold import as_corrected, void_of, withdrawal_of
from peelflow.engine.machine import machine_for
from peelflow.errors import Conflict, EventVoided, InvalidRequest, KeyReused, NamesBrought
from peelflow.model.decisions import Act, Context
from peelflow.model.records import (
    Added,
    Corrected,
    Event,
    Migrated,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.model.rules import Lifecycle, Pin
from peelflow.register.context import APPOINTMENT, ReadSet, changed_context
from peelflow.register.known_names import NamesByKey, UsedName, alike_refused, parts_of
from peelflow.register.validation import idempotency_payload
from peelflow.results import define
from peelflow.rulebook.canonical import canonical_text
from peelflow.stores.base import StoredEvent, StoredRecord, WriteBatch, check_history
from peelflow.stores.rows import GENESIS, chain
from peelflow.stores.session_records import MovedRecords

NAMES_TRIES = 5
"""How often a batch is tried anew that others overtook by bringing names; then it is kept."""
SavepointState = tuple[int, dict[str, StoredRecord | None] | None]
"""How many events there were when a savepoint began, and what the one around it undoes."""


def _void_since(history: tuple[Event, ...], number: int) -> Event | None:
    """Return what voids an event, or has withdrawn its record since; None where nothing does."""
    withdrawal = withdrawal_of(history) if history else None
    if withdrawal is not None and withdrawal.number > number:
        return withdrawal
    return void_of(history, number)


@define(eq=False)
class Session(ReadSet):
    """Events gathered until the batch is appended, over the records that were read for them."""

    _numbers_relied_on: dict[str, int] = field(init=False, factory=dict, repr=False)
    _undo: dict[str, StoredRecord | None] | None = field(init=False, default=None, repr=False)
    _lifecycles: dict[tuple[str, int, str], str] = field(init=False, factory=dict, repr=False)
    _keys: dict[tuple[str, str], Event] = field(init=False, factory=dict, repr=False)
    _histories: dict[str, tuple[int, tuple[Event, ...]]] = field(
        init=False, factory=dict, repr=False
    )
    _documents: dict[str, bytes] = field(init=False, factory=dict, repr=False)
    _below: dict[str, dict[str, None]] = field(init=False, factory=dict, repr=False)
    _drafted_names: NamesByKey = field(init=False, factory=NamesByKey, repr=False)
    _last_names: list[tuple[UsedName, int]] = field(init=False, factory=list, repr=False)
    _names_alike: set[UsedName] = field(init=False, factory=set, repr=False)
    _new_parts: set[str] = field(init=False, factory=set, repr=False)
    _knows_names: bool = field(init=False, default=False, repr=False)
    _has_read_names: bool = field(init=False, default=False, repr=False)
    _names_read: Mapping[str, int] | None = field(init=False, default=None, repr=False)
    _has_respelt: bool = field(init=False, default=False, repr=False)
    _has_read_anew: bool = field(init=False, default=False, repr=False)

    def context(self, lifecycle: Lifecycle, record: Record, act: Act) -> Context:
        """Return all that a decision on an act may look at, as the session sees it."""
        context = ReadSet.context(self, lifecycle, record, act)
        if not context.appointments:  # which every letter that counts asks for
            return context
        sent_back = self.unknown_sending_back(record)
        return context if sent_back is None else changed_context(context, {"sent_back": sent_back})

    def unknown_sending_back(self, record: Record) -> date | None:
        """Return when a record was last sent back, where its rules do not tell it.

        A step that they do not have may have done so, before it moved to them; and a plan to rules
        of a force's own may have called one what it was not, where an earlier peelflow took it.

        Args:
            record: The record as it stands, or as it stood.
        """
        is_told = self.has_steps_done(record) and self.lifecycle(record).refines is None
        return None if is_told else self.last_sending_back(record)

    def has_steps_done(self, record: Record) -> bool:
        """Say whether a record's rules have each step that it says was done.

        Args:
            record: The record as it stands, or as it stood.
        """
        return record.done.keys() <= machine_for(self.lifecycle(record)).events.keys()

    def last_sending_back(self, record: Record, *, at_level: bool = False) -> date | None:
        """Return when a record was last sent back or re-opened, by the rules of that time.

        Args:
            record: The record as it stands, or as it stood.
            at_level: Whether only what was done since it came to its level counts.
        """
        found: date | None = None
        sent_back_by = frozenset[str]()
        for event in as_corrected(self.history(record.id)):
            if event.number > record.number:
                break
            what = event.what
            if isinstance(what, TransitionTaken):
                found = event.on if what.trigger in sent_back_by else found
            elif isinstance(what, (Added, TakenOver, Relevelled, Migrated)):
                rules = self.services.lifecycle_of(what.lifecycle)
                sent_back_by = machine_for(rules).sent_back_by
                found = None if at_level and isinstance(what, Relevelled) else found
        return found

    def savepoint(self) -> Savepoint:
        """Take what is put in the block all together, or nothing of it when it is refused."""
        return Savepoint(self)

    @property
    def event_count(self) -> int:
        """How many events were made so far."""
        return len(self._entries)

    def commit(self) -> None:
        """Append what was put; an empty session does nothing.

        Raises:
            Conflict: Somebody changed what this session read; nothing is kept.
        """
        if not self._entries:
            return
        events, changed = self._entries, self._entries.records()
        brought = self._append(
            WriteBatch(
                entries=events if events.is_packed else tuple(events),
                records=MovedRecords(self._records, changed, events.last_records())
                if events.is_packed
                else tuple(filter(None, map(self._records.known, changed))),
                read_set=self._numbers_read | self._numbers_relied_on
                if self._numbers_relied_on
                else self._numbers_read,
                lifecycles=dict(self._lifecycles),
                documents=self._kept_with_batch() if self._documents else {},
                listings=dict(self._listings),
                listed_at=self._listed_at,
                names=self._numbers_of_parts(),
            )
        )
        if self._entries.has_corrected or self._has_respelt:
            self.services.names.forget()  # a record may be withdrawn, or of another force by now
        self.services.names.note_all(self._drafted_names)
        self.services.names.count_own(brought)

    def _append(self, batch: WriteBatch) -> Mapping[str, int | None]:
        """Append a batch, and return how often names of its parts had been brought before it.

        Where some were brought meanwhile, its own are held to those first. A large batch beside
        others could be overtaken for ever: in the end it is not held to what comes while it is
        written.
        """
        tries = 0
        while True:
            try:
                self.services.store.append(batch)
            except NamesBrought as overtaken:
                last, batch = batch, evolve(batch, names=self._checked_again())
                if batch.names == last.names:  # its transaction sees nothing of what others kept
                    raise Conflict(
                        overtaken.record,
                        expected=overtaken.expected,
                        found=overtaken.found,
                        transaction_lost=True,
                    ) from overtaken
                if tries >= NAMES_TRIES:
                    batch = evolve(batch, names=dict.fromkeys(batch.names))
                tries += 1
            else:
                return batch.names

    def _numbers_of_parts(self) -> Mapping[str, int]:
        """Return how often names had been brought of each part that this session brings some of.

        A store of before that counted none yet may do so by the time it keeps them.
        """
        if not self._new_parts:
            return {}
        numbers = self._numbers_of_names() or {}
        return {part: numbers.get(part, 0) for part in self._new_parts}

    def _numbers_of_names(self) -> Mapping[str, int] | None:
        """Return how often names had been brought before the first were read for this session."""
        if not self._has_read_names:
            self._names_read = self.services.store.names_numbers()
            self._has_read_names = True
        return self._names_read

    def _checked_again(self) -> Mapping[str, int]:
        """Read the names that came since, and return how often any came by now.

        Raises:
            InvalidRequest: One of those that came is alike to one that this session brings.
        """
        self._has_read_names = False
        for used in self._drafted_names:
            if used in self._names_alike:
                continue
            if used.kind == "person":
                self._read_people(used)
            if self._knows_names:
                self._catch_up(used)
            near = self._alike_in_use(used)
            if near is not None:
                raise alike_refused(None, used, near)
        return self._numbers_of_parts()

    def _kept_with_batch(self) -> Mapping[str, bytes]:
        """Return the documents the store keeps with the batch; others are kept before it."""
        if self.services.documents is self.services.store:
            return dict(self._documents)
        for digest, content in self._documents.items():
            self.services.documents.keep_document(digest, content)
        return {}

    def keep_document(self, digest: str, content: bytes) -> None:
        """Have a document kept with the batch."""
        self._documents[digest] = content

    def has_document(self, digest: str) -> bool:
        """Return whether a document is kept, or will be with the batch."""
        return digest in self._documents or self.services.documents.has_document(digest)

    def keep_lifecycle(self, lifecycle: Lifecycle) -> Pin:
        """Return a lifecycle's pin, and have its text kept with the batch."""
        pin = lifecycle.pin
        key = (pin.name, pin.version, pin.digest)
        if key not in self._lifecycles:  # writing it out takes longer than all else of a new record
            self._lifecycles[key] = canonical_text(lifecycle)
        return pin

    def history(self, record: str) -> tuple[Event, ...]:
        """Return what happened to a record, as this session sees it: with what it put itself."""
        self.get(record)
        return self.events(record, stored=self._numbers_read[record])

    def check_not_withdrawn(self, record: Record) -> None:
        """Refuse a record that was withdrawn: nothing can be done with it.

        Raises:
            InvalidRequest: With the event that withdrew it.
        """
        withdrawal = withdrawal_of(self.history(record.id)) if record.withdrawn else None
        if withdrawal is not None:
            why = f"was withdrawn on {withdrawal.on}, as entered by mistake"
            instead = f"to have it back, void event {withdrawal.number}"
            raise InvalidRequest(record.id, why, instead)

    def events(self, record: str, *, stored: int) -> tuple[Event, ...]:
        """Return the first `stored` events that are kept of a record, and those put here."""
        store = self.services.store
        kept = [entry.event for entry in store.history(record)] if stored else []
        known = self.find(record)
        # Another force's appointment is read by its id here, and its history is not shown.
        if known is None or known.is_of(self.scope):
            check_history(store.url, record, len(kept), stored)
        drafted = self._entries.of_record(record)
        return (*(event for event in kept if event.number <= stored), *drafted)

    def recheck(self, record: Record) -> int:
        """Return a record's number as this session knows it; the store is to check it again."""
        if record.id in self._numbers_read:
            return self._numbers_read[record.id]
        return self._numbers_relied_on.setdefault(record.id, record.number)

    def put(self, event: Event, after: Record) -> None:
        """Take an event, chained to the one before it, and the record after it.

        Raises:
            RulesMismatch: The record's rules share their name and version with others.
        """
        self.services.kept_rules.check_writable(after.lifecycle)
        if event.number == 1:
            self.services.kept_rules.check_own_rules_here(after)
        stored = self._records.known(event.record)
        entry = chain(stored.head if stored else GENESIS, event)
        if self._undo is not None:
            self._undo.setdefault(event.record, stored)
        self._records[event.record] = StoredRecord(after, entry.digest)
        self._entries.append(entry)
        if event.key is not None:
            self._keys[event.record, event.key] = event
        if after.parent is not None:
            self._below.setdefault(after.parent, {})[after.id] = None
        if after.category == APPOINTMENT:
            self._drafted_appointments[after.id] = None

    def put_below(self, parent: str) -> Iterable[str]:
        """Return the records that were put below one here; they may lie elsewhere by now."""
        below = self._below.get(parent, ())
        return tuple(record for record in below if self._records[record] is not None)

    def is_name_known(self, used: UsedName) -> bool:
        """Return whether a name is known to be in use, spelt so."""
        return self._drafted_names.has(used) or self.services.names.is_known(used)

    def has_brought(self, used: UsedName) -> bool:
        """Return whether this session brings a name, or was told that it is in use."""
        return self._drafted_names.has(used)

    def alike_name(self, used: UsedName) -> str | None:
        """Return the name in use that a reader would take for another; None where there is none.

        Names that this session brings are in use, too.
        """
        numbers = self._numbers_of_names()
        if numbers is not None or not self._knows_names:
            self._catch_up(used)
            self._knows_names = True
        return self._alike_to_known(used)

    def _catch_up(self, used: UsedName) -> None:
        store, categories = self.services.store, self.rulebook.vocabulary.categories
        self.services.names.catch_up(store, categories, self._numbers_of_names(), used)

    def alike_person(self, used: UsedName) -> str | None:
        """Return the person of a force whom a reader would take for another, None for nobody.

        Unlike `alike_name` it reads no whole store: every act asks it. A register for one force
        reads that one's people, and no other's.
        """
        self._read_people(used)
        return self._alike_to_known(used)

    def _read_people(self, used: UsedName) -> None:
        store, categories = self.services.store, self.rulebook.vocabulary.categories
        asked = evolve(used, force=self.services.force or used.force)
        self.services.names.read_people(store, categories, self._numbers_of_names(), asked)

    def _alike_to_known(self, used: UsedName) -> str | None:
        near = self._alike_in_use(used) or self._drafted_names.alike(used)
        return None if near and used.kind == "id" and self._is_withdrawn(near) else near

    def _alike_in_use(self, used: UsedName) -> str | None:
        """Return the name that the store holds and a reader would take for another."""
        near = self.services.names.alike(used)
        if near is None or used.kind != "id" or not self._is_withdrawn(near):
            return near
        self.services.names.forget()  # another may be alike beside the one that is withdrawn
        self._catch_up(used)
        near = self.services.names.alike(used)
        return None if near is None or self._is_withdrawn(near) else near

    def _is_withdrawn(self, record: str) -> bool:
        """Return whether a record is withdrawn; one that is has to stay so, and is read for it."""
        here = self._records.known(record)
        stored = here or self.services.store.read((record,)).get(record)
        return stored is not None and stored.record.withdrawn and self.get(record).withdrawn

    def put_name(self, used: UsedName, *, may_be_alike: bool = False) -> None:
        """Take a name as in use, with the event that is put next; one may be alike to another."""
        if self._drafted_names.add(used):
            self._last_names.append((used, len(self._entries)))
            if may_be_alike:
                self._names_alike.add(used)
            if not self.services.names.is_known(used):
                self._new_parts.update(parts_of(used))

    def read_names_anew(self) -> None:
        """Have the names be read anew, once: what the register took as in use may be so no more."""
        if not self._has_read_anew:
            self.services.names.forget()
            self._has_read_anew, self._knows_names = True, False

    @property
    def has_respelt(self) -> bool:
        """Whether a name was spelt otherwise here."""
        return self._has_respelt

    def note_respelt(self) -> None:
        """Take it that a name may be in use no more: it is spelt otherwise."""
        self._has_respelt = True

    def _forget_names(self, count: int) -> None:
        """Forget the names that came with the events behind the first `count`."""
        while self._last_names and self._last_names[-1][1] >= count:
            used, _ = self._last_names.pop()
            self._drafted_names.forget(used)
            self._names_alike.discard(used)

    def repeated(self, event: Event) -> Event | None:
        """Return the first event when `event` repeats it under the same key (S7).

        Raises:
            KeyReused: The key stands for another request.
            EventVoided: The first event was voided since.
        """
        first = self.event_under(event.record, event.key)
        if first is None or event.key is None:
            return None
        if idempotency_payload(first) != idempotency_payload(event):
            raise KeyReused(event.record, event.key)
        void = _void_since(self._history_after(first), first.number)
        if void is not None:
            raise EventVoided(event.record, first.number, void.on, void.number)
        return first

    def event_under(self, record: str, key: str | None) -> Event | None:
        """Return the event of a record that is kept, or was put here, under a key."""
        if key is None:
            return None
        if drafted := self._keys.get((record, key)):
            return drafted
        if packed := self._entries.packed_under(record, key):
            return packed
        if self._numbers_read.get(record) == 0:  # the store is to check again that it is not there
            return None
        entry = self.services.store.event_with_key(record, key)
        return entry.event if entry else None

    def _history_after(self, event: Event) -> tuple[Event, ...]:
        """Return a record's history if anything corrects it; nothing where nothing can."""
        record = self.get(event.record)
        if record.number == event.number:
            return ()
        number, history = self._histories.get(record.id, (0, ()))
        if number != record.number:
            history = self.history(record.id)
            if not any(isinstance(event.what, Corrected) for event in history):
                history = ()
            self._histories[record.id] = (record.number, history)
        return history

    def begin_savepoint(self) -> SavepointState:
        """Remember from now on how the records stood; return what `end_savepoint` is given."""
        outer, self._undo = self._undo, {}
        return len(self._entries), outer

    def end_savepoint(self, begun: SavepointState, *, refused: bool) -> None:
        """End the savepoint begun so; leave no trace of it when it was refused."""
        count, outer = begun
        undo = self._undo or {}
        if refused:
            self._records.update(undo)
            self._forget_keys(self._entries.forget(count))
            self._forget_names(count)
        elif outer is not None:
            outer.update({record: kept for record, kept in undo.items() if record not in outer})
        self._undo = outer
        if outer is None and not refused:
            self._last_names.clear()  # nothing of them is taken back any more
        if outer is None and self._entries.may_pack and self._takes_parts():
            packed = self._entries.pack()
            self._forget_keys(packed)
            self._records.pack([entry.event.record for entry in packed])

    def _takes_parts(self) -> bool:
        return bool(getattr(self.services.store, "takes_parts", False))

    def _forget_keys(self, entries: Iterable[StoredEvent]) -> None:
        for entry in entries:
            self._keys.pop((entry.event.record, entry.event.key or ""), None)

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Forget what is put and kept in the block, refused or not."""
        begun = self.begin_savepoint()
        documents, lifecycles = dict(self._documents), dict(self._lifecycles)
        try:
            yield
        finally:
            self.end_savepoint(begun, refused=True)
            self._documents, self._lifecycles = documents, lifecycles


@define(eq=False)
class Savepoint:
    """A part of a session as a `with` block: taken whole, or not at all when it is refused."""

    _session: Session
    _begun: SavepointState = field(init=False, default=(0, None))

    def __enter__(self) -> None:
        self._begun = self._session.begin_savepoint()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.end_savepoint(self._begun, refused=error is not None)
