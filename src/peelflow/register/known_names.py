"""Know the ids, forces and persons of a register, to tell a name that is spelt another way.

One name in two spellings would be two forces in the figures and two people to a rule. So a new name
that a reader would take for a known one is refused, and the known one is named. Both spellings of
an older register stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from threading import RLock
from typing import Literal

from attrs import field

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
from peelflow.texts import name_keys

NameKind = Literal["id", "force", "person"]
EVENTS_AT_ONCE = 500
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
    forces = record.acting_forces if scope is None else (scope,)
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


NameKey = tuple[NameKind, str, str]


def keys_of(used: UsedName) -> Sequence[NameKey]:
    """Return keys of a name; it is alike to each name of its kind and force that shares one.

    Args:
        used: The name.
    """
    return [(used.kind, used.force, key) for key in name_keys(used.name)]


@define(eq=False)
class KnownNames:
    """The names that a store holds, by the keys that alike names share.

    They are read once, then as they come. `follows`: whether the store's feed may be read, and
    tells at no cost whether something came; else only what this register brings is seen.
    """

    follows: bool = False
    _by_key: dict[NameKey, str] = field(init=False, factory=dict, repr=False)
    _known: set[UsedName] = field(init=False, factory=set, repr=False)
    _position: int | None = field(init=False, default=None)
    _forces_read: set[str] = field(init=False, factory=set, repr=False)
    _lock: RLock = field(init=False, factory=RLock, repr=False)

    def note(self, names: Iterable[UsedName]) -> None:
        """Take names as known."""
        with self._lock:
            for used in names:
                if used not in self._known:
                    self._known.add(used)
                    for key in keys_of(used):
                        self._by_key.setdefault(key, used.name)

    def is_known(self, used: UsedName) -> bool:
        """Return whether a name is in use, spelt so.

        Args:
            used: The name.
        """
        return used in self._known

    def forget(self) -> None:
        """Have the names read anew when they are next asked for: some may be used no more."""
        with self._lock:
            self._position = None

    def alike(self, used: UsedName, keys: Iterable[NameKey] | None = None) -> str | None:
        """Return the known name that a reader would take for another; None for a known one.

        Args:
            used: The other name.
            keys: Its keys, where they are at hand.
        """
        if used in self._known:
            return None
        shared = keys_of(used) if keys is None else keys
        return next((self._by_key[key] for key in shared if key in self._by_key), None)

    def catch_up(self, store: Store, categories: Mapping[str, Category]) -> bool:
        """Read what the store holds, or what came into it since; return whether all was read.

        Args:
            store: The store.
            categories: The categories by name.
        """
        with self._lock:
            if self._position is None:
                self._by_key.clear()
                self._known.clear()
                self._forces_read.clear()
                self._position = store.position() if self.follows else 0
                self._note_records(store.records(RecordQuery()), categories)
                return True
            if self.follows and store.position() > self._position:
                while items := store.feed(self._position, EVENTS_AT_ONCE):
                    named = (item.entry.event for item in items)
                    ids = {event.record for event in named if isinstance(event.what, _NAMING)}
                    records = (stored.record for stored in store.read(ids).values())
                    self._note_records(records, categories)
                    self._position = items[-1].position
            return False

    def read_people(self, store: Store, force: str, categories: Mapping[str, Category]) -> None:
        """Read who acts in a force: who holds an appointment, and who acted on its records.

        Each force is read once, and no more of its records than tell it quickly.

        Args:
            store: The store.
            force: The force.
            categories: The categories by name.
        """
        with self._lock:
            if self._position is None and force not in self._forces_read:
                self._forces_read.add(force)
                appointments = store.records(RecordQuery(force, _APPOINTMENTS))
                records = islice(store.records(RecordQuery(force)), RECORDS_OF_FORCE)
                self._note_records(appointments, categories)
                self._note_records(records, categories)

    def _note_records(self, records: Iterable[Record], categories: Mapping[str, Category]) -> None:
        for record in records:
            self.note(names_in(record, categories.get(record.category)))


_NAMING = (Added, TakenOver, Amended, MadeJoint, Corrected)
"""The events that bring names."""
