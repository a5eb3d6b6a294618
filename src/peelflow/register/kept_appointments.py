"""Tell acts that rest on an appointment which was recorded a day or more after them.

No verb lets somebody act who is not appointed yet. But an act that an older release let be done
comes right by an appointment that is recorded later, so what rests on one is told in words, and not
held against anybody: whether they held the role then, nobody can tell from what is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from attrs import evolve, field

from peelflow.engine.fold import fold
from peelflow.model.decisions import Appointment, Context
from peelflow.model.records import Amended, Corrected, Event, Record, TransitionTaken
from peelflow.register.context import APPOINTMENT
from peelflow.register.permission import ContextChange
from peelflow.register.related_records import appointment_of
from peelflow.register.replay import why_act_unlawful
from peelflow.register.session import Session
from peelflow.results import define
from peelflow.stores.base import RecordQuery
from peelflow.stores.integrity import CLOCK_TOLERANCE
from peelflow.stores.soundness import entry_of

History = Sequence[Event]


@define(eq=False)
class KnownAppointments:
    """The appointments of each force with all that was recorded of them, read once.

    They stand by the force and each person that they ever named.
    """

    _histories: dict[str, dict[str, list[History]]] = field(factory=dict, repr=False)

    def rests_on_later(
        self,
        session: Session,
        history: History,
        event: Event,
        record: Record,
        *,
        change_context: ContextChange,
    ) -> bool:
        """Say whether an act that is lawful was none by the appointments that were recorded then.

        Args:
            session: What knows the appointments.
            history: All events of the record.
            event: What happened, which is lawful as it is known by now.
            record: The record before it.
            change_context: Returns what an act may look at as it is to be seen.
        """
        what = event.what
        if not isinstance(what, TransitionTaken):
            return False
        documents = (*what.evidence, *(held.document for held in record.attachments))
        persons = {event.actor.person, *(document.signed_by for document in documents)}
        histories = [
            history
            for force in record.forces
            for person in persons
            for history in self._of(session, force).get(person or "", ())
        ]
        known = event.recorded_at + CLOCK_TOLERANCE
        if all(each.recorded_at < known for history in histories for each in history):
            return False
        then = tuple(_each_then(histories, _last_judged(history, event) + CLOCK_TOLERANCE))

        def as_then(context: Context) -> Context:
            return evolve(change_context(context), appointments=then)

        return bool(why_act_unlawful(session, event, what, record, change_context=as_then))

    def _of(self, session: Session, force: str) -> dict[str, list[History]]:
        if force not in self._histories:
            store, named = session.services.store, dict[str, list[History]]()
            query = RecordQuery(force=force, category=APPOINTMENT, withdrawn=True)
            kept = store.histories([held.id for held in store.records(query)])
            for entries in kept.values():
                history = tuple(entry.event for entry in entries)
                for person in dict.fromkeys(_each_person(history)):
                    named.setdefault(person, []).append(history)
            self._histories[force] = named
        return self._histories[force]


def _each_person(history: History) -> Iterator[str]:
    for event in history:
        entry, what = entry_of(event), event.what
        said: object = entry.fields.get("person") if entry is not None else None
        if isinstance(what, Amended) and what.field == "person":
            said = what.new
        if isinstance(said, str):
            yield said


def _last_judged(history: History, event: Event) -> datetime:
    """Return when an act was recorded, or its record last corrected: it was judged again then."""
    corrected = [each.recorded_at for each in history if isinstance(each.what, Corrected)]
    return max([event.recorded_at, *corrected])


def _each_then(histories: Sequence[History], known: datetime) -> Iterator[Appointment]:
    """Yield the appointments as they were recorded before a moment."""
    for history in histories:
        earlier = [event for event in history if event.recorded_at < known]
        if earlier and not (held := fold(earlier)).withdrawn:
            yield appointment_of(held)
