"""Know the ids, forces and persons of a register, to tell a name that is spelt another way.

One name in two spellings would be two forces in the figures and two people to a rule. So a new name
that a reader would take for a known one is refused, and the known one is named. Both spellings of
an older register stay as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from threading import RLock
from typing import Literal

from attrs import field

from peelflow.errors import InvalidRequest
from peelflow.model.records import (
    PEELFLOW,
    Added,
    Amended,
    Corrected,
    Event,
    MadeJoint,
    Record,
    TakenOver,
)
from peelflow.model.rules import Category
from peelflow.results import define, frozen
from peelflow.stores.base import RecordQuery, Store
from peelflow.stores.soundness import documents_of
from peelflow.texts import SPELT_ALIKE, name_keys

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

    They are read once, and again when somebody brought some since: a store tells how often that
    was. `follows`: whether its feed may be read, so that only what came is; else all is.
    """

    follows: bool = False
    _known: NamesByKey = field(init=False, factory=NamesByKey, repr=False)
    _position: int | None = field(init=False, default=None)
    _number: int | None = field(init=False, default=None)
    _people_at: dict[str, int | None] = field(init=False, factory=dict, repr=False)
    _everyone_at: int | None = field(init=False, default=None)
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

    def count_own(self, number: int) -> None:
        """Take what a batch of this register's own brought as read: it is noted already.

        Args:
            number: How often names had been brought before it.
        """
        with self._lock:
            read = {force: at for force, at in self._people_at.items() if at == number}
            self._people_at.update(dict.fromkeys(read, number + 1))
            if self._everyone_at == number:
                self._everyone_at = number + 1
            if self._number == number:
                self._number = number + 1

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

    def catch_up(self, store: Store, categories: Mapping[str, Category]) -> int | None:
        """Read what the store holds, or what came into it since.

        Args:
            store: The store.
            categories: The categories by name.

        Returns:
            How often names had been brought, as the store tells it, before they were read.
        """
        with self._lock:
            number = store.names_number()
            if self._position is None:
                self._read_whole(store, number, categories)
            elif number is None or number != self._number:
                if self.follows:
                    self._follow(store, self._position, categories)
                else:
                    self._read_whole(store, number, categories)
            self._number = number
            return number

    def _read_whole(
        self, store: Store, number: int | None, categories: Mapping[str, Category]
    ) -> None:
        self._known.clear()
        self._people_at.clear()
        self._position = store.position() if self.follows else 0
        self._note_records(store.records(RecordQuery()), categories)
        self._everyone_at = number

    def _follow(self, store: Store, position: int, categories: Mapping[str, Category]) -> None:
        while items := store.feed(position, EVENTS_AT_ONCE):
            named = (item.entry.event for item in items)
            ids = {event.record for event in named if isinstance(event.what, _NAMING)}
            records = (stored.record for stored in store.read(ids).values())
            self._note_records(records, categories)
            self._position = position = items[-1].position

    def read_people(
        self, store: Store, force: str, categories: Mapping[str, Category]
    ) -> int | None:
        """Read who acts in a force: who holds an appointment, and who acted on its records.

        No more of its records are read than tell it quickly, and none while nobody brings a name.

        Args:
            store: The store.
            force: The force.
            categories: The categories by name.

        Returns:
            How often names had been brought, as the store tells it, before they were read.
        """
        with self._lock:
            number = store.names_number()
            is_read = force in self._people_at or self._position is not None
            if not is_read or self._people_at.get(force, self._everyone_at) != number:
                appointments = store.records(RecordQuery(force, _APPOINTMENTS))
                records = islice(store.records(RecordQuery(force)), RECORDS_OF_FORCE)
                self._note_records(appointments, categories)
                self._note_records(records, categories)
                self._people_at[force] = number
            return number

    def has_read_people(self, force: str) -> bool:
        """Return whether it was read who acts in a force.

        Args:
            force: The force.
        """
        return force in self._people_at

    def _note_records(self, records: Iterable[Record], categories: Mapping[str, Category]) -> None:
        for record in records:
            self.note(names_in(record, categories.get(record.category)))


_NAMING = (Added, TakenOver, Amended, MadeJoint, Corrected)
"""The events that bring names."""
