"""Read what a decision may look at besides rules and record, and remember what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from importlib import import_module
from zoneinfo import ZoneInfo

from attrs import field, frozen

from peelflow.engine.decide import answers_asked, reads
from peelflow.errors import MissingDependency, UnknownRecord
from peelflow.model.decisions import (
    Act,
    Appointment,
    Child,
    Context,
    Inspection,
    Predicate,
    RecordReference,
)
from peelflow.model.records import Document, Record
from peelflow.model.requirements import ChildForEach
from peelflow.model.rules import Holidays, Lifecycle, Period, Pin
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.base import DocumentStore, RecordQuery, Store, StoredEvent, StoredRecord

_DIVISION = "england-and-wales"


@lru_cache(maxsize=1)
def bank_holidays() -> Holidays:
    """Return the bank holidays of the installed list.

    Raises:
        MissingDependency: No list is installed.
    """
    try:
        library = import_module("govuk_bank_holidays.bank_holidays")
    except ModuleNotFoundError:
        raise MissingDependency("calendar", "govuk-bank-holidays") from None
    listed = library.BankHolidays(use_cached_holidays=True).get_holidays(division=_DIVISION)
    days = frozenset(each["date"] for each in listed)
    return Holidays(days, min(days).year, max(days).year)


def holidays_for(period: Period) -> Holidays | None:
    """Return the bank holidays if the period counts working days.

    Raises:
        MissingDependency: It does, and no list is installed.
    """
    return bank_holidays() if period.working_days is not None else None


def holidays_of(lifecycle: Lifecycle) -> Holidays | None:
    """Return the bank holidays if a lifecycle counts working days; None without a list too."""
    times = [way.after for state in lifecycle.states.values() for way in state.transitions]
    return known_holidays() if any(each and each.working_days for each in times) else None


def known_holidays() -> Holidays | None:
    """Return the bank holidays of the installed list, None where no list is installed."""
    try:
        return bank_holidays()
    except MissingDependency:
        return None


@frozen(eq=False)
class Services:
    """What every draft of a register works with."""

    store: Store
    documents: DocumentStore
    rulebook: Rulebook
    clock: Callable[[], datetime]
    predicates: Mapping[str, Predicate]
    lifecycle_of: Callable[[Pin], Lifecycle]
    text_of: Callable[[Lifecycle], str] = field(repr=False)


APPOINTMENT = "appointment"
INSPECTION = "inspection"
RESTRICTABLE = (APPOINTMENT, INSPECTION)
_INSPECTION_FIELDS = ("kind", "first_day", "last_day")
_CANCELLED_STATES = {"cancel": "cancelled", "postpone": "postponed"}


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


def inspection_of(record: Record) -> Inspection | None:
    """Return what an inspection record says; None while it is not held, so verifies nothing.

    That is one without its kind and days yet, and one that was postponed or cancelled.
    """
    if any(name not in record.fields for name in _INSPECTION_FIELDS) or _is_cancelled(record):
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
    )


def child_of(record: Record, lifecycle: Lifecycle) -> Child:
    """Return a child as its parent sees it."""
    return Child(record.id, lifecycle.states[record.state].counts_as, record.fields)


def is_signed_later(document: Document, on: date) -> bool:
    """Whether a document is signed after a day: it could not be attached by then."""
    return document.signed_on is not None and document.signed_on > on


def _is_cancelled(record: Record) -> bool:
    """Whether the inspection's last national step called it off, or it was taken over so.

    A force's own rules may rename the states, not what HMICFRS does.
    """
    done = (record.done[name] for name in _CANCELLED_STATES if name in record.done)
    over = any(each.number == record.window.number for each in done)
    return over or record.state in _CANCELLED_STATES.values()


def _text_field(record: Record, name: str) -> str:
    value = record.fields.get(name, "")
    return value if isinstance(value, str) else ""


def mentions_of(
    draft: ReadSet, record: Record, asked: Iterable[ChildForEach]
) -> tuple[RecordReference, ...]:
    """Return what in the record's force names the same as it does, as the draft sees it, by id.

    Each is read, so that a batch in which one moved meanwhile is a Conflict. One that comes to name
    it meanwhile is none: it is as if it came to do so after the batch.
    """
    found: dict[RecordReference, None] = {}
    for each in asked:
        named = record.fields.get(each.names)
        if isinstance(named, str) and named:
            for category in each.for_each:
                wanted = RecordQuery(record.force, category, field=(each.whose, named))
                found |= dict.fromkeys(_records_naming(draft, wanted, each.whose, named))
    return tuple(sorted(found, key=lambda mention: mention.id))


def _records_naming(
    draft: ReadSet, wanted: RecordQuery, field: str, named: str
) -> Iterator[RecordReference]:
    stored = [each.id for each in draft.desk.store.records(wanted)]
    names = tuple(dict.fromkeys([*stored, *draft.moved]))
    draft.look_up(names)
    for record in map(draft.get, names):
        said = record.force, record.category, record.fields.get(field)
        if said == (wanted.force, wanted.category, named):
            yield RecordReference(record.id, record.category, field, named)


LONDON = ZoneInfo("Europe/London")


class ReadSet:
    """Records as a draft sees them: as they were read, with what it did to them since."""

    def __init__(self, desk: Services) -> None:
        """See nothing yet, from this moment."""
        self.desk = desk
        self.now = desk.clock()
        self.today = self.now.astimezone(LONDON).date()
        self._entries: list[StoredEvent] = []
        self._read: dict[str, int] = {}
        self._view: dict[str, StoredRecord | None] = {}
        self._stored: dict[tuple[str, str], tuple[str, ...]] = {}
        self._appointments: dict[str, None] = {}

    @property
    def moved(self) -> Mapping[str, int]:
        """The records that this draft moves, and the number each had before it."""
        return {entry.event.record: self._read[entry.event.record] for entry in self._entries}

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

    def _mentions(
        self, lifecycle: Lifecycle, record: Record, act: Act
    ) -> tuple[RecordReference, ...]:
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
        drafted = [each for each in self._appointments if self._view[each]]  # not of a refused step
        found = tuple(dict.fromkeys([*stored, *drafted]))
        self.look_up(found)
        appointments = (appointment_of(each) for each in map(self.get, found))
        return tuple(each for each in appointments if each.person in persons)

    def _appointed(self, force: str, person: str) -> tuple[str, ...]:
        stored = self._stored.get((force, person))
        if stored is None:
            wanted = RecordQuery(force=force, category=APPOINTMENT, field=("person", person))
            stored = tuple(each.id for each in self.desk.store.records(wanted))
            self._stored[force, person] = stored
        return stored
