"""Sight: what a draft has read, and what its decisions may look at."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from peelflow.engine.decide import answers_asked, reads
from peelflow.errors import UnknownRecord
from peelflow.model.judgement import Appointment, Child, Context, Inspection, Mention
from peelflow.model.records import Act, Record
from peelflow.model.rules import Lifecycle
from peelflow.register.desk import Desk
from peelflow.register.holidays import known_holidays
from peelflow.register.mentions import mentions_of
from peelflow.register.situation import (
    APPOINTMENT,
    INSPECTION,
    appointment_of,
    child_of,
    inspection_of,
)
from peelflow.stores.protocol import Entry, Kept, Wanted

LONDON = ZoneInfo("Europe/London")


class Sight:
    """Records as a draft sees them: as they were read, with what it did to them since."""

    def __init__(self, desk: Desk) -> None:
        """See nothing yet, from this moment."""
        self.desk = desk
        self.now = desk.clock()
        self.today = self.now.astimezone(LONDON).date()
        self._entries: list[Entry] = []
        self._read: dict[str, int] = {}
        self._view: dict[str, Kept | None] = {}
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

    def _mentions(self, lifecycle: Lifecycle, record: Record, act: Act) -> tuple[Mention, ...]:
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
            wanted = Wanted(force=force, category=APPOINTMENT, field=("person", person))
            stored = tuple(each.id for each in self.desk.store.records(wanted))
            self._stored[force, person] = stored
        return stored
