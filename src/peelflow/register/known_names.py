"""Know the ids, forces and persons of a register, to tell a name that is spelt another way.

One name in two spellings would be two forces in the figures and two people to a rule. So a new name
that a reader would take for a known one is refused, and the known one is named. Both spellings of
an older register stay as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from threading import RLock
from typing import Literal

from attrs import field

from peelflow.errors import InvalidRequest
from peelflow.model.records import (
    PEELFLOW,
    Amended,
    Corrected,
    Event,
    Record,
)
from peelflow.model.rules import Category
from peelflow.results import define, frozen
from peelflow.stores.base import FeedItem, RecordQuery, Store
from peelflow.stores.settings import names_part
from peelflow.stores.soundness import documents_of
from peelflow.texts import SPELT_ALIKE, are_alike, name_keys

NameKind = Literal["id", "force", "person"]
EVENTS_AT_ONCE = 500
NAMES_ASKED = 1_024
"""How many names of a kind and force are known at once as those that were asked for before."""
RECORDS_OF_FORCE = 512
"""How many records of a force tell who acts in it; they are read in some hundredths of a second."""
_APPOINTMENTS = "appointment"


@frozen
class UsedName:
    """A name and where it is used: the force that a person is of, else nothing."""

    kind: NameKind
    name: str
    force: str = ""


def names_in(record: Record, category: Category | None) -> Iterator[UsedName]:
    """Yield the names that a record brings into the register, and who acted on it.

    Args:
        record: The record.
        category: Its category, which tells what fields are persons; None where it is unknown.
    """
    yield from names_said(record, category)
    for last in record.done.values():
        if last.person != PEELFLOW.person:
            yield from uses_of(last.person, record)


def names_said(record: Record, category: Category | None) -> Iterator[UsedName]:
    """Yield the names that a record says: its own, its forces', and those of people in its fields.

    Args:
        record: The record.
        category: Its category, which tells what fields are persons; None where it is unknown.
    """
    yield UsedName("id", record.id)
    for force in record.forces:
        yield UsedName("force", force)
    for name, rule in category.fields.items() if category else ():
        value = record.fields.get(name)
        if rule.type == "person" and isinstance(value, str):
            yield from uses_of(value, record)


def uses_of(person: str, record: Record, scope: str | None = None) -> tuple[UsedName, ...]:
    """Return a person's name in each force whose they may be: those whose persons act on a record.

    Args:
        person: Who acts on it, or is named by it.
        record: The record.
        scope: The force whose register names them, where it is opened for one.
    """
    return _uses_in(person, record.acting_forces if scope is None else (scope,))


@lru_cache(maxsize=1_024)
def _uses_in(person: str, forces: tuple[str, ...]) -> tuple[UsedName, ...]:
    """Return a person's name in each of some forces: each act asks it of the same few people."""
    return tuple(UsedName("person", person, force) for force in forces)


def parts_of(used: UsedName) -> Iterator[str]:
    """Yield the parts of which a name is, some of which it shares with each that is alike.

    Args:
        used: The name.
    """
    return (names_part(used.kind, used.force, key) for key in name_keys(used.name))


def people_of(event: Event) -> Iterator[str]:
    """Yield whom an event names: who decided, who typed, who signed what came with it.

    Args:
        event: The event.
    """
    if event.actor != PEELFLOW:
        yield event.actor.person
        yield event.recorded_by
    for document in documents_of(event):
        if document.signed_by is not None:
            yield document.signed_by


def alike_refused(record: str | None, used: UsedName, other: str) -> InvalidRequest:
    """Return the error of a name that a reader would take for another.

    Args:
        record: The id of the record that brings it, where one does.
        used: The name.
        other: The other name.
    """
    what = f"the {used.kind} {used.name!r}"
    if record is not None and used.kind != "id":
        what = f"{record}: {what}"
    instead = f"write `{other}`, or choose another"
    if other == PEELFLOW.person:
        instead = "act as a person: that is the name under which peelflow acts by itself"
    return InvalidRequest(what, f"{SPELT_ALIKE} `{other}`", instead)


@define(eq=False)
class _AlikeNames:
    """Names of one kind and force, found by the keys that alike names share.

    A key is known by its hash alone, and the name that stands there tells whether it is the key's:
    the key itself would take three times the room. `others` are of keys whose hash another has,
    and `hidden` the names each of whose keys another name had first. `asked` are some of these
    names, which were asked for before: the rows of a sheet ask for the same few forces and people.
    """

    by_hash: dict[int, str] = field(factory=dict)
    others: dict[str, str] = field(factory=dict)
    hidden: set[str] = field(factory=set)
    asked: set[str] = field(factory=set)

    def has(self, name: str) -> bool:
        """Return whether a name is among these, spelt so."""
        if name in self.asked:
            return True
        is_held = name in self.hidden
        for key in name_keys(name) if self.by_hash else ():
            is_held = is_held or self.by_hash.get(hash(key)) == name or self.others.get(key) == name
        if is_held and len(self.asked) < NAMES_ASKED:
            self.asked.add(name)
        return is_held

    def add_keys(self, name: str) -> None:
        """Take a name."""
        is_hidden = True
        for key in name_keys(name):
            first = self.at(key)
            if first is None and self.by_hash.setdefault(hash(key), name) != name:
                self.others[key] = name
            is_hidden = is_hidden and first not in {None, name}
        if is_hidden:
            self.hidden.add(name)

    def at(self, key: str) -> str | None:
        """Return the name that came first of those that have a key."""
        name = self.by_hash.get(hash(key))
        if name is not None and key in name_keys(name):
            return name
        return self.others.get(key) if self.others else None

    def forget(self, name: str) -> None:
        """Take a name away; what is alike to it stays as it is."""
        self.hidden.discard(name)
        self.asked.discard(name)
        for key in name_keys(name):
            if self.by_hash.get(hash(key)) == name:
                del self.by_hash[hash(key)]
            elif self.others.get(key) == name:
                del self.others[key]

    def add_all(self, other: _AlikeNames) -> None:
        """Take all names of another."""
        held = self.by_hash
        again = [name for at, name in other.by_hash.items() if held.setdefault(at, name) != name]
        for name in (*again, *other.others.values(), *other.hidden):
            self.add_keys(name)


@define(eq=False)
class NamesByKey:
    """Names in use, found by the keys that alike names share."""

    _names: defaultdict[tuple[NameKind, str], _AlikeNames] = field(
        init=False, factory=lambda: defaultdict(_AlikeNames), repr=False
    )

    def __iter__(self) -> Iterator[UsedName]:
        """Yield the names."""
        for (kind, force), names in self._names.items():
            for name in {*names.by_hash.values(), *names.others.values(), *names.hidden}:
                yield UsedName(kind, name, force)

    def has(self, used: UsedName) -> bool:
        """Return whether a name is in use, spelt so."""
        return self._names[used.kind, used.force].has(used.name)

    def add(self, used: UsedName) -> bool:
        """Take a name as in use; return whether it was not yet."""
        known = self._names[used.kind, used.force]
        is_new = not known.has(used.name)
        if is_new:
            known.add_keys(used.name)
        return is_new

    def alike(self, used: UsedName) -> str | None:
        """Return the first name that shares a key with another, be it the same."""
        known = self._names[used.kind, used.force]
        for key in name_keys(used.name):
            name = known.at(key)
            if name is not None:
                return name
        return None

    def forget(self, used: UsedName) -> None:
        """Take a name as in use no more; one that is alike to it stays as it is."""
        self._names[used.kind, used.force].forget(used.name)

    def take_all(self, other: NamesByKey) -> None:
        """Take all names of another as in use; that one has none then."""
        for key, names in other._names.items():
            known = self._names[key]
            if known.by_hash or known.others or known.hidden:
                known.add_all(names)
            else:  # held once: an import brings many
                self._names[key] = names
        other.clear()

    def clear(self) -> None:
        """Forget all names."""
        self._names.clear()


@define(eq=False)
class KnownNames:
    """The names that a store holds, by the keys that alike names share.

    They are read once, and again when somebody brought some since that may be alike to one that is
    asked for: a store tells how often that was. `follows`: whether its feed may be read, so that
    only what came is; else all is.
    """

    follows: bool = False
    _known: NamesByKey = field(init=False, factory=NamesByKey, repr=False)
    _position: int | None = field(init=False, default=None)
    _numbers: dict[str, int] = field(init=False, factory=dict, repr=False)
    _people_at: dict[str, dict[str, int]] = field(init=False, factory=dict, repr=False)
    _amended: set[str] = field(init=False, factory=set, repr=False)
    _lock: RLock = field(init=False, factory=RLock, repr=False)

    def note(self, names: Iterable[UsedName]) -> None:
        """Take names as known."""
        with self._lock:
            for used in names:
                self._known.add(used)

    def note_all(self, names: NamesByKey) -> None:
        """Take names as known, and out of where they were gathered."""
        with self._lock:
            self._known.take_all(names)

    def count_own(self, brought: Mapping[str, int | None]) -> None:
        """Take what a batch of this register's own brought as read: it is noted already.

        Args:
            brought: How often names of each of its parts had been brought before it.
        """
        with self._lock:
            for read in (self._numbers, *self._people_at.values()):
                same = [part for part, number in brought.items() if read.get(part, 0) == number]
                read.update((part, read.get(part, 0) + 1) for part in same)

    def is_known(self, used: UsedName) -> bool:
        """Return whether a name is in use, spelt so.

        Args:
            used: The name.
        """
        return self._known.has(used)

    def forget(self) -> None:
        """Have the names read anew when they are next asked for: some may be used no more."""
        with self._lock:
            self._position = None

    def alike(self, used: UsedName) -> str | None:
        """Return the known name that a reader would take for another; None for a known one.

        Args:
            used: The other name.
        """
        near = self._known.alike(used)
        return None if near is None or self._known.has(used) else near

    def catch_up(
        self,
        store: Store,
        categories: Mapping[str, Category],
        numbers: Mapping[str, int] | None,
        used: UsedName,
    ) -> None:
        """Read what the store holds, or what came into it since that may be alike to a name.

        Args:
            store: The store.
            categories: The categories by name.
            numbers: How often names had been brought of each part, as the store told it before.
            used: The name.
        """
        with self._lock:
            if self._position is None:
                self._read_whole(store, categories)
            elif numbers is None and not self.follows:  # a person or a force is rarely new
                if used.kind == "id" or self._known.has(used):
                    return
                self._read_whole(store, categories)
            elif numbers is None or _have_moved(numbers, self._numbers, used):
                self._read_later(store, self._position, categories)
                if used.kind == "person" and not self._amended.isdisjoint(name_keys(used.name)):
                    self._read_whole(store, categories)
            else:
                return
            self._numbers = dict(numbers or {})

    def _read_whole(self, store: Store, categories: Mapping[str, Category]) -> None:
        position = store.position() if self.follows else 0
        known = NamesByKey()  # other threads ask for those that were known meanwhile
        for record in store.records(RecordQuery()):
            for used in names_in(record, categories.get(record.category)):
                known.add(used)
        self._known, self._position = known, position
        self._amended.clear()

    def _read_later(self, store: Store, position: int, categories: Mapping[str, Category]) -> None:
        """Read what came behind a position; all, where a name may be in use no more."""
        if not self.follows:
            return self._read_whole(store, categories)
        items: Sequence[FeedItem] | None = None
        while items is None or len(items) == EVENTS_AT_ONCE:
            items = store.feed(position, EVENTS_AT_ONCE)
            if any(map(_takes_away, items)):
                return self._read_whole(store, categories)
            events = [item.entry.event for item in items]
            self._amended.update(
                key for event in events for key in _keys_amended(event, categories)
            )
            kept = store.read({event.record for event in events})
            records = {name: stored.record for name, stored in kept.items()}
            self._note_records(records.values(), categories)
            for event in events:
                for person in people_of(event) if event.record in records else ():
                    self.note(uses_of(person, records[event.record]))
            position += len(items)
        self._position = position
        return None

    def read_people(
        self,
        store: Store,
        categories: Mapping[str, Category],
        numbers: Mapping[str, int] | None,
        used: UsedName,
    ) -> None:
        """Read who acts in a force: who holds an appointment, and who acted on its records.

        No more of its records are read than tell it quickly, and none while nobody brings a name
        that may be alike to a person's.

        Args:
            store: The store.
            categories: The categories by name.
            numbers: How often names had been brought of each part, as the store told it before.
            used: The person, in the force.
        """
        with self._lock:
            if self._position is not None:
                if numbers is not None or self.follows:
                    self.catch_up(store, categories, numbers, used)
                return
            read, force = self._people_at.get(used.force), used.force
            if read is None or (numbers is not None and _have_moved(numbers, read, used)):
                appointments = store.records(RecordQuery(force, _APPOINTMENTS))
                records = islice(store.records(RecordQuery(force)), RECORDS_OF_FORCE)
                self._note_records(appointments, categories)
                self._note_records(records, categories)
                self._people_at[force] = dict(numbers or {})

    def _note_records(self, records: Iterable[Record], categories: Mapping[str, Category]) -> None:
        for record in records:
            self.note(names_in(record, categories.get(record.category)))


def _have_moved(numbers: Mapping[str, int], read: Mapping[str, int], used: UsedName) -> bool:
    """Return whether names came since that may be alike to one."""
    return any(numbers.get(part, 0) != read.get(part, 0) for part in parts_of(used))


def _keys_amended(event: Event, categories: Mapping[str, Category]) -> Iterable[str]:
    """Return the keys of a person who was taken out of a field, and may be in use no more."""
    what = event.what
    if not isinstance(what, Amended) or not isinstance(what.old, str):
        return ()
    rules = (category.fields.get(what.field) for category in categories.values())
    is_person = any(rule is not None and rule.type == "person" for rule in rules)
    return name_keys(what.old) if is_person else ()


def _takes_away(item: FeedItem) -> bool:
    """Return whether a name may be in use no more since: corrected, or spelt otherwise."""
    what = item.entry.event.what
    if isinstance(what, Amended) and isinstance(what.old, str) and isinstance(what.new, str):
        return are_alike(what.old, what.new)
    return isinstance(what, Corrected)
