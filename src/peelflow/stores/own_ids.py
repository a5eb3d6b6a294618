"""Tell the ids of forces in one store apart, so that no force takes an id from another.

An id is kept as it was given, as long as it is free. Where another force has it, or its words are
another's, it is kept behind the force's own name, and shown to that force without it. Whoever opens
the register for every force sees it with the name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping

from attrs import evolve

from peelflow.model.records import (
    Added,
    Amended,
    ChildLinked,
    Corrected,
    Event,
    ParentLinked,
    Record,
    TakenOver,
    TransitionTaken,
    Value,
)
from peelflow.results import frozen
from peelflow.stores.base import OWN_ID_MARK, StoredEvent, StoredRecord, WriteBatch
from peelflow.stores.rows import chain

APPOINTMENT = "appointment"
"""The category of who holds a role; the ids of its records begin with it and their force."""
Rename = Callable[[str], str]
ReferencesOf = Callable[[str], Collection[str]]
"""Returns, of a category by its name, the fields that name a record."""


@frozen
class OwnIds:
    """How one force's ids are kept, and shown.

    Attributes:
        force: The force.
    """

    force: str

    def own(self, record: str) -> str:
        """Return the id that is this force's alone."""
        return f"{record}{OWN_ID_MARK}{self.force})"

    def names(self, record: str) -> tuple[str, ...]:
        """Return what a record of this force may be kept as, by the id that the force gave it.

        The last is for one whose own id another force has, from before no id held such words.
        """
        own = self.own(record)
        return record, own, self.own(own)

    def shown(self, record: str) -> str:
        """Return an id as this force gave it."""
        while (given := record.removesuffix(f"{OWN_ID_MARK}{self.force})")) != record:
            record = given
        return record

    def is_reserved(self, record: str) -> bool:
        """Return whether an id is said in words that only another force's ids have."""
        is_appointment = record.startswith(f"{APPOINTMENT}:")
        of_others = is_appointment and not is_named_for(record, self.force)
        return of_others or OWN_ID_MARK in record

    def kept(self, record: str, stored: Container[str]) -> str | None:
        """Return what a record of this force is kept as, None where there is none.

        Args:
            record: Its id, as the force gave it.
            stored: The ids of this force's records, among those that it may be kept as.
        """
        return next((name for name in self.names(record) if name in stored), None)

    def new_name(self, record: str, taken: Collection[str]) -> str:
        """Return what a record that is to be made is kept as.

        Args:
            record: Its id, as the force gave it.
            taken: Those that other forces have, among the ids that it may be kept as.
        """
        plain, *own = self.names(record)
        names = own if self.is_reserved(record) else (plain, *own)
        return next((name for name in names if name not in taken), own[-1])


def is_named_for(appointment: str, force: str) -> bool:
    """Say whether the id of an appointment says that it is a force's.

    Args:
        appointment: The id.
        force: The force.
    """
    return appointment.startswith(f"{APPOINTMENT}:{force}:")


def no_references(category: str) -> Collection[str]:
    """Return no field: where nobody knows the rules, none is known to name a record."""
    del category
    return ()


def renamed_event(
    event: Event,
    rename: Rename,
    references_of: ReferencesOf = no_references,
    *,
    category: str = "",
) -> Event:
    """Return an event with each record's id in it renamed.

    Args:
        event: The event.
        rename: Returns the other id of one.
        references_of: Returns the fields of a category that name a record.
        category: The record's category.
    """

    def maybe(record: str | None) -> str | None:
        return None if record is None else rename(record)

    def entry_renamed(entry: Added | TakenOver) -> Added | TakenOver:
        fields = _renamed_fields(entry.fields, rename, references_of(entry.category))
        return evolve(entry, parent=maybe(entry.parent), fields=fields)

    what = event.what
    match what:
        case Added() | TakenOver():
            what = entry_renamed(what)
        case Corrected(entry=(Added() | TakenOver()) as entry):
            what = evolve(what, entry=entry_renamed(entry))
        case Amended(field=name) if name in references_of(category):
            old, new = (
                value if not isinstance(value, str) else rename(value)
                for value in (what.old, what.new)
            )
            what = Amended(name, old, new)
        case ChildLinked():
            what = ChildLinked(rename(what.child))
        case ParentLinked():
            what = ParentLinked(rename(what.parent))
        case TransitionTaken():
            inspection, successor = maybe(what.inspection), maybe(what.successor)
            what = evolve(what, inspection=inspection, successor=successor)
        case _:
            pass
    return evolve(event, record=rename(event.record), what=what)


def _renamed_fields(
    fields: Mapping[str, Value], rename: Rename, references: Collection[str]
) -> Mapping[str, Value]:
    """Return fields with each id renamed in those that name a record."""
    named = {name: fields[name] for name in references if name in fields}
    renamed = {name: rename(value) for name, value in named.items() if isinstance(value, str)}
    return {**fields, **renamed} if renamed else fields


def renamed_record(
    record: Record, rename: Rename, references_of: ReferencesOf = no_references
) -> Record:
    """Return a record with each id in it renamed.

    Args:
        record: The record.
        rename: Returns the other id of one.
        references_of: Returns the fields of a category that name a record.
    """
    return evolve(
        record,
        id=rename(record.id),
        parent=None if record.parent is None else rename(record.parent),
        successor=None if record.successor is None else rename(record.successor),
        children=tuple(map(rename, record.children)),
        fields=_renamed_fields(record.fields, rename, references_of(record.category)),
    )


def ids_in(record: Record, references: Collection[str]) -> Iterator[str]:
    """Yield each id in a record, its own first.

    Args:
        record: The record.
        references: The fields that name a record.
    """
    named = (value for name, value in record.fields.items() if name in references)
    for value in (record.id, record.parent, record.successor, *record.children, *named):
        if isinstance(value, str):
            yield value


def renamed_batch(
    batch: WriteBatch, names: Mapping[str, str], references_of: ReferencesOf = no_references
) -> WriteBatch:
    """Return a batch with its events and records under other ids, chained anew.

    Args:
        batch: The batch.
        names: The other ids of those that have one.
        references_of: Returns the fields of a category that name a record.
    """
    categories = categories_in(batch)

    def rename(record: str) -> str:
        return names.get(record, record)

    heads: dict[str, str] = {}
    entries = list[StoredEvent]()
    for entry in batch.entries:
        category = categories.get(entry.event.record, "")
        event = renamed_event(entry.event, rename, references_of, category=category)
        made = chain(heads.get(event.record, entry.previous), event)
        heads[event.record] = made.digest
        entries.append(made)
    records = (renamed_record(stored.record, rename, references_of) for stored in batch.records)
    return evolve(
        batch,
        entries=tuple(entries),
        records=tuple(StoredRecord(record, heads[record.id]) for record in records),
        read_set={rename(record): number for record, number in batch.read_set.items()},
    )


def categories_in(batch: WriteBatch) -> Mapping[str, str]:
    """Return the category of each record that a batch moves."""
    return {stored.record.id: stored.record.category for stored in batch.records}


def ids_of_batch(batch: WriteBatch, references_of: ReferencesOf = no_references) -> Iterable[str]:
    """Return the ids that a batch reads, moves or tells of, each once.

    Args:
        batch: The batch.
        references_of: Returns the fields of a category that name a record.
    """
    told, categories = dict.fromkeys(batch.read_set), categories_in(batch)

    def note(record: str) -> str:
        told[record] = None
        return record

    for entry in batch.entries:
        category = categories.get(entry.event.record, "")
        renamed_event(entry.event, note, references_of, category=category)
    for stored in batch.records:
        renamed_record(stored.record, note, references_of)
    return told
