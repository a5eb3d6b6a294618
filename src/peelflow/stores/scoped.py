"""Narrow a store to the records, the documents and the own rules of one force.

A document is kept once, by its digest, whoever brings it. That a force brought it is kept beside
it, so that nobody is given a document who only knows its digest. A force's own lifecycles are kept
under its name, so that two forces may each have one of the same name and version; and so are
records whose ids another force has. A force that left a joint record reads it as far as to the
event by which it left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from functools import cache, partial
from hashlib import sha256
from itertools import groupby
from operator import eq
from pathlib import Path
from typing import NoReturn

from attrs import evolve

from peelflow.engine.fold import as_corrected, fold, is_step_at_once
from peelflow.engine.standing_events import each_as_recorded
from peelflow.errors import Conflict, InvalidRequest, KeyReused, NamesBrought
from peelflow.model.records import Added, Corrected, Event, MadeJoint, Record, TakenOver
from peelflow.rulebook.national import shipped_folder
from peelflow.stores.base import (
    OWN_ID_MARK,
    OWN_RULES_MARK,
    Capabilities,
    FeedItem,
    LedgerTotal,
    PinKey,
    RecordQuery,
    Snapshot,
    Store,
    StoredEvent,
    StoredRecord,
    WriteBatch,
    check_texts,
    chunked,
    last_events_in,
    pinned_key,
)
from peelflow.stores.codec import description_of
from peelflow.stores.listings import Numbers, check_listed, numbers_of, stands_as_asked
from peelflow.stores.own_ids import (
    APPOINTMENT,
    OwnIds,
    ReferencesOf,
    ids_in,
    ids_of_batch,
    is_named_for,
    no_references,
    renamed_batch,
    renamed_event,
    renamed_record,
)
from peelflow.stores.soundness import entry_of
from peelflow.texts import SPELT_ALIKE, alike_name, is_blank


@cache
def shipped_digests() -> frozenset[str]:
    """Return the digests of every meaning that a lifecycle which comes with peelflow ever had."""
    text = (shipped_folder("rules") / "pins.json").read_text("utf-8")
    return frozenset(json.loads(text).values())


def _named_by(record: Record) -> frozenset[str]:
    """Return the digests of what a record names: documents, and what is said of each."""
    held = (*record.attachments, *record.note_documents)
    documents = [attachment.document for attachment in held]
    described = (description_of(document)[0] for document in documents)
    return frozenset([*(document.digest for document in documents), *described])


def _shown_of(appointment: str, force: str) -> str:
    """Return how the id of a force's appointment is shown to one with which it shares a record."""
    own = OwnIds(force)
    return appointment if _is_shown_of(appointment, force) else own.own(appointment)


def _is_shown_of(appointment: str, force: str) -> bool:
    return is_named_for(appointment, force) or appointment.endswith(f"{OWN_ID_MARK}{force})")


def _ever_of(record: Record) -> tuple[str, ...]:
    return *record.forces, *record.was_joint_with


def numbers_read(force: str, events: Sequence[Event]) -> Mapping[int, int]:
    """Return the number under which a force reads each event of a record that it reads.

    It reads all of them, or as far as to the event by which it left. Of what is recorded later, it
    reads the corrections of what it reads, for its figures of the days before rest on them; their
    numbers follow on.

    Args:
        force: A force of which the record is, or was.
        events: All that was recorded of it, in order.
    """
    last, follows = _last_read(force, events), False
    numbers: dict[int, int] = {}
    for event in events:
        if isinstance(event.what, Corrected) and event.what.event in numbers:
            is_read, follows = True, follows or event.what.entry is not None
        else:
            is_read = follows = follows and is_step_at_once(event)
        if is_read or event.number <= last:
            numbers[event.number] = len(numbers) + 1
    return numbers


def entries_read(force: str, entries: Sequence[StoredEvent]) -> Iterator[StoredEvent]:
    """Yield what a force reads of a record's history, as `numbers_read` tells it.

    Args:
        force: A force of which the record is, or was.
        entries: All that was recorded of it, in order.
    """
    numbers = numbers_read(force, [entry.event for entry in entries])
    for entry in entries:
        number = numbers.get(entry.event.number)
        if number == entry.event.number:
            yield entry
        elif number is not None:
            yield evolve(entry, event=_renumbered(entry.event, numbers))


def _last_read(force: str, events: Sequence[Event]) -> int:
    """Return the number of the event by which a record left a force, as recorded or corrected."""
    if not any(map(_says_joint, events)):
        return events[-1].number if events else 0
    last = 0
    for history in (events, as_corrected(events)):
        of_it = [
            event.number
            for event, before, after in each_as_recorded(history)
            if after.is_of(force) or (before and before.is_of(force))
        ]
        last = max([last, *of_it[-1:]])
    return last


def _says_joint(event: Event) -> bool:
    entry = entry_of(event)
    return isinstance(event.what, MadeJoint) or bool(entry and entry.joint_with)


def _number_until(last: int, numbers: Mapping[int, int]) -> int:
    return max(number for kept, number in numbers.items() if kept <= last)


def _renumbered(event: Event, numbers: Mapping[int, int]) -> Event:
    what = event.what
    if isinstance(what, Corrected):
        what = evolve(what, event=numbers[what.event])
    return evolve(event, number=numbers[event.number], what=what)


def _names_own_id(entry: StoredEvent | None) -> bool:
    return entry is not None and OWN_ID_MARK in entry.text


_HISTORIES_AT_ONCE = 500


class ScopedStore:
    """Another store, narrowed to the records of one force. Every promise is the other store's.

    Its records are those that it leads, and those that it is or was joint with.
    """

    force: str
    url: str
    capabilities: Capabilities

    def __init__(
        self, store: Store, force: object, references_of: ReferencesOf = no_references
    ) -> None:
        """Take the store, the only force whose records are seen, and what knows their references.

        Raises:
            InvalidRequest: The force is no text, is empty, or holds what tells forces' ids apart.
        """
        if not isinstance(force, str) or is_blank(force):
            what = f"the force {force!r}"
            raise InvalidRequest(what, "is no name", "name the force the register is opened for")
        if OWN_ID_MARK in force:
            why = f"holds `{OWN_ID_MARK}`, which stands before a force's name in ids of its own"
            raise InvalidRequest(f"the force {force!r}", why, "open it by a name without it")
        self._store, self.force, self._ids = store, force, OwnIds(force)
        self._references_of = references_of
        self._shared_by: Mapping[str, str] = {}
        self._has_records = False
        self._check_spelling()
        self.url, self.capabilities = store.url, store.capabilities

    def _check_spelling(self) -> None:
        """Refuse a force without records that a reader would take for one that has some."""
        if not self._has_records:
            own = self._store.records(RecordQuery(force=self.force))
            self._has_records = any(True for _ in own)
        if self._has_records:
            return
        every = self._store.records(RecordQuery())
        known = {force for record in every for force in record.forces}
        near = alike_name(self.force, sorted(known))
        if near is not None:
            why = f"{SPELT_ALIKE} `{near}`"
            raise InvalidRequest(f"the force {self.force!r}", why, f"write `{near}`")

    def lifecycles(self) -> Mapping[PinKey, str]:
        """Return the rules that are every force's, and this force's own."""
        kept = self._store.lifecycles()
        own = {pinned_key(key): text for key, text in kept.items() if self._is_own(key)}
        plain = {key: text for key, text in kept.items() if OWN_RULES_MARK not in str(key[0])}
        return {**plain, **own}

    def _is_own(self, key: PinKey) -> bool:
        return str(key[0]).partition(OWN_RULES_MARK)[2] == self.force

    def _kept_as(self, key: PinKey) -> PinKey:
        """Return what a lifecycle is kept as: this force's own, unless it came with peelflow."""
        name, version, digest = key
        if digest in shipped_digests() or key in self._store.lifecycles():
            return key
        return f"{name}{OWN_RULES_MARK}{self.force}", version, digest

    def position(self) -> int:
        """Return the last position of the feed."""
        return self._store.position()

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep a document, and that this force brought it."""
        self._store.keep_document(digest, content)
        self.note_document(digest)

    def note_document(self, digest: str) -> None:
        """Keep that this force brought a document."""
        self._store.keep_document(*self._mark_of(digest))

    def documents_folder(self) -> Path | None:
        """Return the folder that documents were last kept in, None where none was."""
        return self._store.documents_folder()

    def note_documents_folder(self, folder: Path | None) -> None:
        """Remember the folder that every force's documents are kept in."""
        self._store.note_documents_folder(folder)

    def names_numbers(self) -> Mapping[str, int] | None:
        """Return how often names of each part were brought, whosever."""
        return self._store.names_numbers()

    def document(self, digest: str) -> bytes | None:
        """Return a document of this force's, None where it has none of this digest."""
        return self._store.document(digest) if self.brought(digest) else None

    def has_document(self, digest: str) -> bool:
        """Return whether a document of this force's is kept; another's is not looked for."""
        return self.brought(digest) and self._store.has_document(digest)

    def brought(self, digest: str) -> bool:
        """Return whether this force brought a document, or one of its events names it."""
        check_texts(digest)
        if self._store.has_document(self._mark_of(digest)[0]):
            return True
        return any(digest in _named_by(record) for record in self.records(RecordQuery()))

    def _mark_of(self, digest: str) -> tuple[str, bytes]:
        """Return what is kept to say that this force brought a document, behind its own digest."""
        content = json.dumps(["brought", self.force, digest]).encode("ascii")
        return sha256(content).hexdigest(), content

    def read(self, ids: Collection[str], *, force: str | None = None) -> Mapping[str, StoredRecord]:
        """Return the force's records among `ids`, and the appointments of those it shares with."""
        self._own(force)
        stored = self._stored(ids)
        kept = {name: self._ids.kept(name, stored) for name in ids}
        found = {
            name: evolve(stored[place], record=self._shown(stored[place].record))
            for name, place in kept.items()
            if place is not None
        }
        shared = self._appointments_shared(name for name in ids if name not in found)
        return {
            **found,
            **{
                name: evolve(kept, record=evolve(kept.record, id=name))
                for name, kept in shared.items()
            },
        }

    def taken(self, ids: Collection[str]) -> Mapping[str, int]:
        """Return those of the ids that stand for a record of this force's, with its number."""
        stored = self._stored(ids)
        kept = {name: stored.get(self._ids.kept(name, stored) or "") for name in ids}
        return {name: found.record.number for name, found in kept.items() if found is not None}

    def _appointments_shared(self, ids: Iterable[str]) -> Mapping[str, StoredRecord]:
        """Return the appointments among ids in forces with which a record is joint.

        What is done on it is judged by who holds a role in any of its forces. One whose id does not
        say its force is shown behind that, as this force may have a record of the same id.
        """
        found = {}
        for name in filter(self._ids.is_reserved, ids):
            for force in self._partners_where(partial(_is_shown_of, name)):
                shown = OwnIds(force).shown(name)
                stored = self._store.read((name, shown), force=force)
                kept = stored.get(name) or stored.get(shown)
                if kept is not None and kept.record.category == APPOINTMENT:
                    found[name] = kept
        return found

    def _partners_where(self, is_meant: Callable[[str], bool]) -> tuple[str, ...]:
        """Return those of the forces that are meant with which a record is, or was, joint.

        One joint record is remembered of each, and looked at again; all are read where it is not
        there any more, or none is known. So what an act costs does not grow with their number.
        """
        meant = tuple(filter(is_meant, self._shared_by))
        if not meant or not all(map(self._is_still_partner, meant)):
            meant = tuple(filter(is_meant, self._read_partners()))
        return meant

    def _is_still_partner(self, force: str) -> bool:
        name = self._shared_by[force]
        stored = self._store.read((name,), force=self.force).get(name)
        return stored is not None and force in _ever_of(stored.record)

    def _read_partners(self) -> Mapping[str, str]:
        """Read with which forces a record of this one is, or was, joint: one record of each."""
        shared = {
            force: record.id for record in self._joint_records() for force in _ever_of(record)
        }
        self._shared_by = {force: shared[force] for force in sorted(shared) if force != self.force}
        return self._shared_by

    def _joint_records(self) -> Iterator[Record]:
        return self._store.records(RecordQuery(force=self.force, joint=True))

    def joint_lifecycles(self) -> Mapping[PinKey, str]:
        """Return the own rules of the forces with which a record is joint: it may run so."""
        partners = self._read_partners()
        return {
            pinned_key(key): text
            for key, text in self._store.lifecycles().items()
            if str(key[0]).partition(OWN_RULES_MARK)[2] in partners
        }

    def _kept(self, ids: Iterable[str]) -> Mapping[str, StoredRecord]:
        """Return this force's records under all that they may be kept as, as they are kept."""
        return self._store.read(self._places_of(ids), force=self.force)

    def _stored(self, ids: Iterable[str]) -> Mapping[str, StoredRecord]:
        """Return this force's records under all that they may be kept as, as it reads them."""
        kept = self._kept(ids)
        left = [name for name, stored in kept.items() if self._has_left(stored.record)]
        return {**kept, **self._read_until_left(left)} if left else kept

    def _has_left(self, record: Record) -> bool:
        return not record.is_of(self.force)

    def _read_until_left(self, ids: Collection[str]) -> Mapping[str, StoredRecord]:
        """Return records that this force left, each by the events that it reads."""
        histories = self._histories(ids)
        return {
            name: StoredRecord(fold(entry.event for entry in entries), entries[-1].digest)
            for name, entries in histories.items()
        }

    def _histories(self, ids: Collection[str]) -> Mapping[str, tuple[StoredEvent, ...]]:
        """Return what this force reads of its records' histories, by what they are kept as."""
        kept = self._store.histories(ids, force=self.force)
        return {name: tuple(entries_read(self.force, entries)) for name, entries in kept.items()}

    def _as_read(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield records as this force reads them; few readings of those that it left."""
        for has_left, run in groupby(records, self._has_left):
            if not has_left:
                yield from run
                continue
            for chunk in chunked(run, _HISTORIES_AT_ONCE):
                read = self._read_until_left([record.id for record in chunk])
                yield from (stored.record for stored in read.values())

    def _shown(self, record: Record) -> Record:
        references = self._references_of(record.category)
        if not any(OWN_ID_MARK in name for name in ids_in(record, references)):
            return record
        return renamed_record(record, self._ids.shown, self._references_of)

    def _shown_event(self, entry: StoredEvent, category: str) -> StoredEvent:
        if OWN_ID_MARK not in entry.text:
            return entry
        shown = self._ids.shown
        event = renamed_event(entry.event, shown, self._references_of, category=category)
        return evolve(entry, event=event)

    def event_with_key(self, record: str, key: str) -> StoredEvent | None:
        """Return the event of one of the force's records that carries a key."""
        check_texts(key)
        stored = self._stored((record,))
        kept = self._ids.kept(record, stored)
        entry = None if kept is None else self._store.event_with_key(kept, key)
        if kept is None or entry is None:
            return None
        if self._has_left(stored[kept].record):
            return next((read for read in self.history(record) if read.event.key == key), None)
        return self._shown_event(entry, stored[kept].record.category)

    def append(self, batch: WriteBatch) -> None:
        """Keep a batch that moves the force's own records alone.

        An id that another force has taken is kept apart from it, and is no conflict.

        Raises:
            InvalidRequest: It would move another force's record.
        """
        self._check_spelling()  # another may have come since this was opened
        for kept in batch.records:
            if self.force not in kept.record.acting_forces:
                why = f"belongs to {kept.record.force}, and this is opened for {self.force}"
                raise InvalidRequest(kept.record.id, why, "open the register for that force")
        marks = dict(map(self._mark_of, batch.documents))
        batch = evolve(
            batch,
            documents={**batch.documents, **marks},
            lifecycles={self._kept_as(key): text for key, text in batch.lifecycles.items()},
        )
        as_kept = self._batch_as_kept(batch)
        while True:
            try:
                return self._store.append(as_kept)
            except KeyReused as reused:
                raise KeyReused(self._ids.shown(reused.record), reused.key) from None
            except NamesBrought:
                raise
            except Conflict as conflict:
                # Another force may have taken an id since it was looked for.
                if conflict.transaction_lost:
                    raise self._shown_conflict(conflict) from None
                before, as_kept = as_kept, self._batch_as_kept(batch)
                if as_kept == before:
                    raise self._shown_conflict(conflict) from None

    def _shown_conflict(self, conflict: Conflict) -> Conflict:
        return Conflict(
            self._ids.shown(conflict.record),
            expected=conflict.expected,
            found=conflict.found,
            transaction_lost=conflict.transaction_lost,
        )

    def _batch_as_kept(self, batch: WriteBatch) -> WriteBatch:
        """Return a batch with its records as they are kept: by their ids, and the numbers read."""
        ids = list(ids_of_batch(batch, self._references_of))
        stored = self._kept(ids)
        places = {name: self._ids.kept(name, stored) for name in ids}
        numbers = self._numbers_as_kept(batch.read_set, places, stored)
        batch = evolve(batch, read_set={**batch.read_set, **numbers}) if numbers else batch
        if batch.listings:
            batch = evolve(batch, listings=self._listings_as_kept(batch.listings))
        names, others = self._names_in(batch, places)
        batch = renamed_batch(batch, names, self._references_of) if names else batch
        return evolve(batch, read_set={**others, **batch.read_set}) if others else batch

    def _listings_as_kept(
        self, listings: Mapping[RecordQuery, Numbers]
    ) -> Mapping[RecordQuery, Numbers]:
        """Return what the store is to list still; Conflict where this force reads otherwise."""
        found = {}
        for query, listed in listings.items():
            asked = self._asked(query)
            stored = list(self._store.records(asked))
            check_listed(listed, numbers_of(self._matching(stored, asked)))
            found[asked] = numbers_of(stored)
        return found

    def _numbers_as_kept(
        self,
        numbers: Mapping[str, int],
        places: Mapping[str, str | None],
        stored: Mapping[str, StoredRecord],
    ) -> Mapping[str, int]:
        """Return the numbers in the store of the records that this force left and read as it may.

        What others do on one is not in the way of what was decided by what it reads.
        """
        read_at = {name: place for name in numbers if (place := places[name]) is not None}
        left = {n: place for n, place in read_at.items() if self._has_left(stored[place].record)}
        read = self._read_until_left([*left.values()]) if left else {}
        return {
            name: stored[place].record.number
            for name, place in left.items()
            if read[place].record.number == numbers[name]
        }

    def _names_in(
        self, batch: WriteBatch, places: Mapping[str, str | None]
    ) -> tuple[Mapping[str, str], Numbers]:
        """Return what the records of a batch are kept as, where that may not be as they are named.

        Of what the force does not have each id is looked for, whether or not another force has it,
        and the batch is renamed, be it to the same: an act takes as long either way. The numbers of
        those that others have come with it: one that moves meanwhile may be this force's by then.
        """
        kept = dict(places)
        shared = self._appointments_shared(batch.read_set)
        kept.update((name, found.record.id) for name, found in shared.items() if not kept[name])
        made = {entry.event.record for entry in batch.entries} | batch.read_set.keys()
        free = [name for name, place in kept.items() if place is None and name in made]
        taken = self._store.taken(self._places_of(free)) if free else {}
        named = {name: place for name, place in kept.items() if place not in (None, name)}
        return {**named, **{name: self._ids.new_name(name, taken) for name in free}}, taken

    def _places_of(self, ids: Iterable[str]) -> list[str]:
        """Return all that records of this force may be kept as, by their ids."""
        return [place for name in ids for place in self._ids.names(name)]

    def history(self, record: str) -> tuple[StoredEvent, ...]:
        """Return the events of one of the force's records in order."""
        return self.histories((record,)).get(record, ())

    def histories(
        self, ids: Collection[str], *, force: str | None = None
    ) -> Mapping[str, tuple[StoredEvent, ...]]:
        """Return the events of each of the force's records among `ids`, as far as it reads them."""
        self._own(force)
        own = self._histories(self._places_of(ids))
        kept = {name: self._ids.kept(name, own) for name in ids}
        return {
            name: tuple(self._shown_history(own[place]))
            for name, place in kept.items()
            if place is not None
        }

    def last_events(
        self, until: Mapping[str, int], *, force: str | None = None
    ) -> Mapping[str, StoredEvent]:
        """Return the last event that is no note of each of the force's records, as it reads it.

        What it left is read by its history, and so is what names an id that is shown otherwise.
        """
        left = {record.id for record in self._joint_records() if self._has_left(record)}
        places = {name: self._ids.names(name) for name in until}
        asked = {place: until[name] for name in places for place in places[name]}
        found = self._store.last_events(asked, force=self._own(force))
        whole = [
            name
            for name in until
            if any(place in left or _names_own_id(found.get(place)) for place in places[name])
        ]
        kept = {name: self._ids.kept(name, found) for name in until}
        own = {name: found[place] for name, place in kept.items() if place is not None}
        return {**own, **last_events_in(self.histories(whole) if whole else {}, until)}

    def _shown_history(self, entries: Iterable[StoredEvent]) -> Iterator[StoredEvent]:
        category = ""
        for entry in entries:
            what = entry.event.what
            of_entry = what.entry if isinstance(what, Corrected) else what
            if isinstance(of_entry, Added | TakenOver):
                category = of_entry.category
            yield self._shown_event(entry, category)

    def records(self, query: RecordQuery) -> Iterator[Record]:
        """Yield the force's records that match.

        Appointments may be asked for of a force, too, with which a record is joint.
        """
        force = query.force
        is_of_others = query.category == APPOINTMENT and force not in (None, self.force)
        if is_of_others and self._partners_where(partial(eq, force)):
            held = self._store.records(query)
            return (evolve(record, id=_shown_of(record.id, str(force))) for record in held)
        asked = self._asked(query)
        return self._matching(self._store.records(asked), asked)

    def _asked(self, query: RecordQuery) -> RecordQuery:
        """Return a query of this force's records as the store is asked it."""
        parent, field = query.parent, query.field
        if parent is not None:
            parent = self._kept_name(parent)
        if field is not None and field[0] in self._references_of(query.category or ""):
            field = field[0], self._kept_name(field[1])
        mention = None if query.mention is None else self._kept_name(query.mention)
        force = self._own(query.force)
        return evolve(query, force=force, parent=parent, field=field, mention=mention)

    def _matching(self, records: Iterable[Record], asked: RecordQuery) -> Iterator[Record]:
        """Yield records as this force reads them, those that match."""
        return (
            self._shown(record)
            for record in self._as_read(records)
            if not self._has_left(record) or stands_as_asked(record, asked)
        )

    def _kept_name(self, record: str) -> str:
        """Return what one of the force's records is kept as; its id where there is none."""
        return self._ids.kept(record, self._stored((record,))) or record

    def totals(
        self, *, as_at: date | None = None, force: str | None = None, known: int | None = None
    ) -> Iterable[LedgerTotal]:
        """Return the sums of the force's changes."""
        return self._store.totals(as_at=as_at, force=self._own(force), known=known)

    def feed(self, after: int, limit: int) -> tuple[FeedItem, ...]:
        """Refuse: the feed holds every force's events."""
        del after, limit
        self._refuse_whole()

    def last_numbers(self, known: int, *, force: str | None = None) -> Mapping[str, int]:
        """Return the number of the last event up to a position of each of the force's records."""
        numbers = self._store.last_numbers(known, force=self._own(force))
        left = [record.id for record in self._joint_records() if self._has_left(record)]
        histories = self._store.histories(left, force=self.force) if left else {}
        read = {
            name: numbers_read(self.force, [entry.event for entry in entries])
            for name, entries in histories.items()
        }
        return {
            self._ids.shown(name): _number_until(number, read[name]) if name in read else number
            for name, number in numbers.items()
        }

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Refuse: a snapshot holds every force's events."""
        self._refuse_whole()

    def _own(self, force: str | None) -> str:
        if force not in (None, self.force):
            what, why = f"the force {force!r}", f"is not {self.force}, which this is opened for"
            raise InvalidRequest(what, why, "leave it out, or open the register for that force")
        return self.force

    def _refuse_whole(self) -> NoReturn:
        what = f"the register of {self.force}"
        why = "gives no feed, seal, check, export or restoring, which hold every force's"
        raise InvalidRequest(what, why, "open it without a force")
