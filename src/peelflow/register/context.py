"""Read what a decision may look at besides rules and record, and remember what was read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import filterfalse
from zoneinfo import ZoneInfo

from attrs import field

from peelflow.engine.decide import answers_asked, ledgers_binding, reads
from peelflow.errors import InvalidRequest, MissingDependency, UnknownRecord
from peelflow.model.decisions import (
    Act,
    Appointment,
    Child,
    Context,
    Inspection,
    Predicate,
    RecordReference,
)
from peelflow.model.records import PEELFLOW, Document, Record
from peelflow.model.requirements import ChildForEach
from peelflow.model.rules import Holidays, Lifecycle, Period, Pin
from peelflow.register.kept_rules import KeptRules
from peelflow.register.known_names import KnownNames
from peelflow.results import define, frozen
from peelflow.rulebook.rulebook import (
    Rulebook,
    national_ledgers,
    roles_signing,
    signing_roles,
)
from peelflow.stores import own_ids
from peelflow.stores.base import DocumentStore, RecordQuery, Store
from peelflow.stores.listings import Numbers, numbers_of
from peelflow.stores.session_events import SessionEvents
from peelflow.stores.session_records import SessionRecords
from peelflow.stores.soundness import is_lawful_moment

_DIVISION = "england-and-wales"


@lru_cache(maxsize=1)
def bank_holidays() -> Holidays:
    """Return the bank holidays of the installed list.

    Raises:
        MissingDependency: No list is installed.
    """
    try:
        from govuk_bank_holidays.bank_holidays import (  # type: ignore[import-untyped]
            BankHolidays,
        )
    except ModuleNotFoundError:
        raise MissingDependency("calendar", "govuk-bank-holidays") from None
    listed = BankHolidays(use_cached_holidays=True).get_holidays(division=_DIVISION)
    days = frozenset(holiday["date"] for holiday in listed)
    return Holidays(days, min(days).year, max(days).year)


def holidays_for(period: Period) -> Holidays | None:
    """Return the bank holidays if the period counts working days.

    Raises:
        MissingDependency: It does, and no list is installed.
    """
    return bank_holidays() if period.working_days is not None else None


def holidays_of(lifecycle: Lifecycle) -> Holidays | None:
    """Return the bank holidays if a lifecycle counts working days; None without a list too."""
    periods = [rule.after for state in lifecycle.states.values() for rule in state.transitions]
    return known_holidays() if any(time and time.working_days for time in periods) else None


def known_holidays() -> Holidays | None:
    """Return the bank holidays of the installed list, None where no list is installed."""
    try:
        return bank_holidays()
    except MissingDependency:
        return None


LONDON = ZoneInfo("Europe/London")


def utc_now() -> datetime:
    """Return the present moment in UTC: the clock a register has unless it is given another."""
    return datetime.now(UTC)


def account_name() -> str | None:
    """Return the name of the account that runs this program; None where the system tells none.

    A register asks it for who typed what a signatory decided, unless it is given another way. The
    system knows it of the process; variables such as `LOGNAME` say what anybody sets, and are not
    read.
    """
    try:
        import pwd
    except ImportError:  # on Windows, where getlogin asks for the user of the process
        return _windows_account()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None


def _windows_account() -> str | None:
    try:
        return os.getlogin()
    except OSError:
        return None


@frozen(eq=False)
class Services:
    """What every session of a register works with.

    `force` is the one that it is opened for, and `recorded_by` its user: who types. `account` tells
    who runs the program, where no user is named.
    """

    store: Store
    documents: DocumentStore
    rulebook: Rulebook
    clock: Callable[[], datetime]
    predicates: Mapping[str, Predicate]
    force: str | None = None
    recorded_by: str | None = None
    account: Callable[[], str | None] = account_name
    names: KnownNames = field(init=False, repr=False)
    kept_rules: KeptRules = field(init=False, repr=False)
    lifecycles: dict[str, Lifecycle] = field(init=False, factory=dict, repr=False)

    @kept_rules.default
    def _rules_of_store(self) -> KeptRules:
        return KeptRules(self.store, self.rulebook)

    @names.default
    def _names_of_store(self) -> KnownNames:
        can = self.store.capabilities  # a store in an application's transaction has no feed
        return KnownNames(follows=(can.embedded or can.shared) and self.force is None)

    def lifecycle_of(self, pin: Pin) -> Lifecycle:
        """Return the rules of a pin: the rulebook's, else those the store kept."""
        lifecycle = self.lifecycles.get(pin.digest)
        if lifecycle is None:
            lifecycle = self.lifecycles[pin.digest] = self.kept_rules.lifecycle(pin)
        return lifecycle


APPOINTMENT = own_ids.APPOINTMENT
INSPECTION = "inspection"
RESTRICTABLE = (APPOINTMENT, INSPECTION)
_INSPECTION_FIELDS = ("kind", "first_day", "last_day")
_NOT_HELD = ("cancelled", "postponed")
"""The national states in which an inspection is not held."""


def appointment_of(record: Record) -> Appointment:
    """Return what an appointment record says."""
    last = _text_field(record, "last_day")
    return Appointment(
        person=_text_field(record, "person"),
        role=_text_field(record, "role"),
        force=record.force,
        first_day=date.fromisoformat(_text_field(record, "first_day")),
        last_day=date.fromisoformat(last) if last else None,
    )


def inspection_of(record: Record, lifecycle: Lifecycle) -> Inspection | None:
    """Return what an inspection record says; None while it is not held, so verifies nothing.

    That is one without its kind and days yet, and one that was postponed or cancelled: in a state
    that stands for that nationally, whatever the force's own rules call it.
    """
    is_known = all(name in record.fields for name in _INSPECTION_FIELDS)
    if not is_known or lifecycle.stands_for(record.state) in _NOT_HELD:
        return None
    questions = record.fields.get("questions", ())
    return Inspection(
        id=record.id,
        kind=_text_field(record, "kind"),
        first_day=date.fromisoformat(_text_field(record, "first_day")),
        last_day=date.fromisoformat(_text_field(record, "last_day")),
        questions=frozenset(questions),
        question_set=_text_field(record, "question_set") or None,
        force=record.force,
        joint_with=record.joint_with,
    )


def child_of(record: Record, lifecycle: Lifecycle) -> Child:
    """Return a child as its parent sees it."""
    return Child(record.id, lifecycle.states[record.state].counts_as, record.fields)


def system_act(trigger: str, on: date) -> Act:
    """Return the act by which the system takes a transition by itself."""
    return Act(trigger, PEELFLOW, on, PEELFLOW.person)


def is_signed_later(document: Document, on: date) -> bool:
    """Whether a document is signed after a day: it could not be attached by then."""
    return document.signed_on is not None and document.signed_on > on


def _text_field(record: Record, name: str) -> str:
    value = record.fields.get(name, "")
    return value if isinstance(value, str) else ""


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
        self.today = self.now.astimezone(LONDON).date()

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
