"""Read what a decision may look at besides rules and record, and remember what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import filterfalse
from typing import Any

from attrs import field

from peelflow.engine.calendar import day_in_london
from peelflow.engine.decide import answers_asked, ledgers_binding, reads
from peelflow.errors import InvalidRequest, UnknownRecord
from peelflow.model.decisions import (
    Act,
    Appointment,
    Child,
    Context,
    Inspection,
    Predicate,
    RecordReference,
)
from peelflow.model.records import INSPECTION, PEELFLOW, Document, Record
from peelflow.model.requirements import ChildForEach
from peelflow.model.rules import Lifecycle
from peelflow.register.holidays import known_holidays
from peelflow.register.known_names import KnownNames
from peelflow.register.related_records import appointment_of, child_of, inspection_of
from peelflow.register.services import ReadServices, account_name
from peelflow.results import define, frozen
from peelflow.rulebook.rulebook import (
    Rulebook,
    national_ledgers,
    roles_signing,
    signing_roles,
)
from peelflow.stores import own_ids
from peelflow.stores.base import RecordQuery
from peelflow.stores.listings import Numbers, numbers_of
from peelflow.stores.session_events import SessionEvents
from peelflow.stores.session_records import SessionRecords
from peelflow.stores.soundness import is_lawful_moment


@frozen(eq=False, kw_only=True)
class Services(ReadServices):
    """What every session of a register works with.

    `recorded_by` is the register's user: who types. `account` tells who runs the program, where no
    user is named.
    """

    clock: Callable[[], datetime]
    predicates: Mapping[str, Predicate]
    recorded_by: str | None = None
    account: Callable[[], str | None] = account_name
    names: KnownNames = field(init=False, repr=False)

    @names.default
    def _names_of_store(self) -> KnownNames:
        can = self.store.capabilities  # a store in an application's transaction has no feed
        return KnownNames(follows=(can.embedded or can.shared) and self.force is None)


def changed_context(context: Context, parts: Mapping[str, Any]) -> Context:
    """Return what a decision may look at with parts of it changed: `evolve` takes thrice as long.

    Args:
        context: What it may look at.
        parts: What is to be seen otherwise, by name.
    """
    return Context(**{**vars(context), **parts})


APPOINTMENT = own_ids.APPOINTMENT
RESTRICTABLE = (APPOINTMENT, INSPECTION)


def system_act(trigger: str, on: date) -> Act:
    """Return the act by which the system takes a transition by itself."""
    return Act(trigger, PEELFLOW, on, PEELFLOW.person)


def is_signed_later(document: Document, on: date) -> bool:
    """Whether a document is signed after a day: it could not be attached by then."""
    return document.signed_on is not None and document.signed_on > on


def mentions_of(
    reads: ReadSet, record: Record, requirements: Iterable[ChildForEach]
) -> tuple[RecordReference, ...]:
    """Return what in the record's forces names the same as it does, as `reads` sees it, by id.

    Each is read, and so is what they name: a batch is a Conflict where one changed meanwhile, or
    another came to name the same. One that comes to do so later does it after the batch.
    """
    mentions: dict[RecordReference, None] = {}
    for requirement in requirements:
        named = record.fields.get(requirement.names)
        if isinstance(named, str) and named:
            for category in requirement.for_each:
                # INVARIANT: a register for one force asks for its own records alone.
                for force in record.forces if reads.scope is None else (reads.scope,):
                    mentions |= dict.fromkeys(
                        _records_naming(reads, force, category, requirement.whose, named)
                    )
    return tuple(sorted(mentions, key=lambda mention: mention.id))


def unseen_forces(reads: ReadSet, record: Record, *, ever: bool = False) -> tuple[str, ...]:
    """Return the forces of a record whose own records a register for one force does not see.

    Args:
        reads: What knows for which force it is opened.
        record: The record.
        ever: Whether those count too that it is of no more.
    """
    forces = (*record.forces, *(record.was_joint_with if ever else ()))
    return tuple(force for force in forces if reads.scope not in (None, force))


def _records_naming(
    reads: ReadSet, force: str, category: str, field: str, named: str
) -> Iterator[RecordReference]:
    listed = reads.listed(RecordQuery(force, category, field=(field, named)))
    ids = tuple(dict.fromkeys([*(record.id for record in listed), *reads.changed_records()]))
    reads.read((named, *ids))
    for record in map(reads.get, ids):
        if record.withdrawn:
            continue
        said = record.category, record.fields.get(field)
        if record.is_of(force) and said == (category, named):
            yield RecordReference(record.id, record.category, field, named)


@define(eq=False)
class ReadSet:
    """Records as a session sees them: as they were read, with what it did to them since.

    Attributes:
        services: What it reads from.
        rulebook: The rules of new records.
        now: The moment from which it sees, in UTC.
        today: That day in London.
    """

    services: Services
    rulebook: Rulebook = field(init=False, repr=False)
    now: datetime = field(init=False)
    today: date = field(init=False)
    _entries: SessionEvents = field(init=False, factory=SessionEvents, repr=False)
    _records: SessionRecords = field(init=False, factory=SessionRecords, repr=False)
    _numbers_read: dict[str, int] = field(init=False, factory=dict, repr=False)
    _appointment_ids: dict[tuple[str, str], tuple[str, ...]] = field(
        init=False, factory=dict, repr=False
    )
    _drafted_appointments: dict[str, None] = field(init=False, factory=dict, repr=False)
    _listings: dict[RecordQuery, Numbers] = field(init=False, factory=dict, repr=False)
    _listed_at: int | None = field(init=False, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        self.rulebook = self.services.rulebook
        told: object = self.services.clock()
        if not isinstance(told, datetime) or told.tzinfo is None:
            why = f"tells {told!r:.80}, which is no moment in a time zone"
            raise InvalidRequest("the clock", why, "have it return a datetime in UTC")
        self.now = told
        if not is_lawful_moment(self.now):
            why = f"tells the year {self.now.year}"
            raise InvalidRequest("the clock", why, "set it right, then try again")
        self.today = day_in_london(self.now)

    def changed_records(self) -> Mapping[str, int]:
        """Return the records that the session changes, and the number each had before it."""
        return {record: self._numbers_read[record] for record in self._entries.records()}

    def find(self, record: str) -> Record | None:
        """Return a record as the session sees it, None when there is none."""
        if record not in self._numbers_read:
            self.read((record,))
        stored = self._records[record]
        return stored.record if stored else None

    def get(self, record: str) -> Record:
        """Return a record as the session sees it, or raise UnknownRecord."""
        if not isinstance(record, str):  # what is read is asked of the store again at the end
            raise InvalidRequest(
                "the record's id", f"is {record!r}, which is no text", "give a text"
            )
        if record not in self._numbers_read:
            self.read((record,))
        stored = self._records[record]
        if stored is None:
            raise UnknownRecord(record)
        return stored.record

    def lifecycle(self, record: Record) -> Lifecycle:
        """Return the rules that a record pins."""
        lifecycle = self.services.lifecycles.get(record.lifecycle.digest)
        return lifecycle or self.services.lifecycle_of(record.lifecycle)

    def read(self, ids: tuple[str, ...]) -> None:
        """Read records at once that will be asked for."""
        missing = tuple(filterfalse(self._numbers_read.__contains__, ids))
        if not missing:
            return
        stored = self.services.store.read(missing)
        for record in missing:
            self._records[record] = row = stored.get(record)
            self._numbers_read[record] = row.record.number if row else 0

    def listed(self, query: RecordQuery) -> list[Record]:
        """Return what the store lists; it is to list the same as this is committed.

        Whoever brings or takes a record of it has to read one that is read or moved here: what is
        listed is no lock.
        """
        store = self.services.store
        if not self._listings and store.capabilities.embedded and self.scope is None:
            self._listed_at = store.position()
        records = list(store.records(query))
        self._listings.setdefault(query, numbers_of(records))
        return records

    def context(self, lifecycle: Lifecycle, record: Record, act: Act) -> Context:
        """Return all that a decision on an act may look at, as the session sees it."""
        signers = self.signers(lifecycle)
        parts = reads(lifecycle, record, act.trigger, signers)
        if not parts:
            known = self.services.predicates
            return Context(self.now, self.today, predicates=known, scope=self.scope)
        mentions: tuple[RecordReference, ...] = ()
        if "mentions" in parts:
            mentions = mentions_of(self, record, answers_asked(lifecycle, record, act.trigger))
        return Context(
            self.now,
            self.today,
            self.appointments(record, act) if "appointments" in parts else (),
            self._inspection(act) if "inspection" in parts else None,
            self._children(record) if "children" in parts else (),
            self.services.predicates,
            mentions,
            known_holidays() if "holidays" in parts else None,
            self.ledgers_binding(lifecycle, record, act) if "children" in parts else None,
            signers,
            self.rulebook.vocabulary.question_sets,
            self.scope,
            self.each_force_signs,
            unseen_forces(self, record) if "mentions" in parts else (),
        )

    @property
    def scope(self) -> str | None:
        """The force that the register is opened for; None for every one."""
        return self.services.force

    @property
    def each_force_signs(self) -> bool:
        """Whether the vocabulary asks for a letter of each force of a joint record."""
        return self.rulebook.vocabulary.joint_letters == "each_force"

    def signers(self, lifecycle: Lifecycle) -> frozenset[str]:
        """Return the roles whose signature the rules of the rulebook, or these, ask for."""
        return signing_roles(self.rulebook) | roles_signing(lifecycle)

    def national_ledgers(self, record: Record) -> frozenset[str] | None:
        """Return the national ledgers, None where the record is of a category of the force's."""
        return national_ledgers(self.rulebook).get(record.category)

    def ledgers_binding(
        self, lifecycle: Lifecycle, record: Record, act: Act
    ) -> frozenset[str] | None:
        """Return on which ledgers parents and children bind an act, None where on all."""
        return ledgers_binding(lifecycle, record, act, self.national_ledgers(record))

    def _inspection(self, act: Act) -> Inspection | None:
        record = self.find(act.inspection) if act.inspection else None
        if record is None or record.withdrawn or record.category != INSPECTION:
            return None
        return inspection_of(record, self.lifecycle(record))

    def _children(self, record: Record) -> tuple[Child, ...]:
        self.read(record.children)
        children = map(self.get, record.children)
        return tuple(child_of(child, self.lifecycle(child)) for child in children)

    def appointments(self, record: Record, act: Act) -> tuple[Appointment, ...]:
        """Return the appointments in the record's forces of those whose roles may be asked for.

        Nobody else's is read, so nobody else's makes a Conflict. Nor does one made meanwhile: it
        could only have let more be done.
        """
        documents = (*act.evidence, *(held.document for held in record.attachments))
        persons = {act.actor.person: None} | {d.signed_by: None for d in documents if d.signed_by}
        stored = [
            name
            for person in persons
            for force in record.forces
            for name in self._appointed(force, person)
        ]
        # What a refused step drafted is no record any more.
        drafted = [name for name in self._drafted_appointments if self._records[name]]
        ids = tuple(dict.fromkeys([*stored, *drafted]))
        self.read(ids)
        records = [known for known in map(self.get, ids) if known.category == APPOINTMENT]
        appointments = [appointment_of(known) for known in records if not known.withdrawn]
        return tuple(held for held in appointments if held.person in persons)

    def _appointed(self, force: str, person: str) -> tuple[str, ...]:
        stored = self._appointment_ids.get((force, person))
        if stored is None:
            query = RecordQuery(force=force, category=APPOINTMENT, field=("person", person))
            stored = tuple(record.id for record in self.services.store.records(query))
            self._appointment_ids[force, person] = stored
        return stored


def check_inspection(reads: ReadSet, inspection: str) -> None:
    """Refuse an inspection that is none, also where the rules ask for none.

    Args:
        reads: What knows the records.
        inspection: What is named as one.

    Raises:
        InvalidRequest: No inspection is called so.
    """
    named = reads.find(inspection)
    if named is None or named.category != INSPECTION:
        what, why = f"the inspection {inspection!r:.80}", "is none that was added here"
        raise InvalidRequest(what, why, "name one that was, or leave it out")
