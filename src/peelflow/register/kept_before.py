"""Tell what an earlier peelflow let in and verbs refuse by now: told, and never held against.

What was recorded before a day is spared where a verb of then took it: a character that turns text
around in a field, a key or a document's kind; an appointment under the id of another one; and an
act in a role that is held by appointment, where the act's own rules ask for no signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from attrs import evolve, field

from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Context, Inspection, Predicate
from peelflow.model.question_sets import covers_question
from peelflow.model.questions import (
    QUESTION_SET_FIELD,
    inspected_set,
    question_of,
    question_set_of,
)
from peelflow.model.records import (
    Added,
    Amended,
    Event,
    Migrated,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
    Value,
)
from peelflow.model.rules import Lifecycle
from peelflow.register.context import changed_context
from peelflow.register.permission import (
    ContextChange,
    check_appointment_id,
    is_appointed,
)
from peelflow.register.session import Session
from peelflow.register.undeclared import first_names
from peelflow.results import define
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import roles_signing, signing_roles
from peelflow.stores.soundness import documents_of, entry_of
from peelflow.texts import TEXT_TURNERS

HELD_SINCE = datetime(2026, 11, 30, tzinfo=UTC)
"""From when every verb refuses what is told here; the releases of before let it in."""
_UNTURN = dict.fromkeys(map(ord, TEXT_TURNERS))


def is_of_before(event: Event) -> bool:
    """Say whether an event was recorded when an earlier peelflow may have let it in.

    Args:
        event: The event.
    """
    return event.recorded_at < HELD_SINCE


def as_taken(event: Event, text: str) -> str:
    """Return a text without what turns it around, where an earlier peelflow may have let that in.

    Args:
        event: What says it.
        text: The text.
    """
    return text.translate(_UNTURN) if is_of_before(event) else text


def value_as_taken(event: Event, value: Value) -> Value:
    """Return what a field holds without what turns it around, as `as_taken` says it.

    Args:
        event: What says it.
        value: What the field holds.
    """
    if isinstance(value, str):
        return as_taken(event, value)
    return tuple(as_taken(event, text) for text in value)


def kept_signers(session: Session, lifecycle: Lifecycle, event: Event) -> frozenset[str]:
    """Return the roles in which nobody acts without an appointment, as a kept act is judged.

    Those are the national ones whose signature some national rules ask for, whatever rules the act
    is under; and those that its own rules name, which are kept beside it. What other files of a
    force's own ask for they may have asked for since.

    Args:
        session: What knows the rules.
        lifecycle: The rules that the act is under.
        event: The act.
    """
    own = roles_signing(lifecycle)
    return own if is_of_before(event) else own | _national_signers(session)


def _national_signers(session: Session) -> frozenset[str]:
    """Return the national ones that the rulebook knows too: appointments are read for its own."""
    return signing_roles(national()) & signing_roles(session.rulebook)


def context_as_kept(
    session: Session, event: Event, record: Record, predicates: Mapping[str, Predicate]
) -> ContextChange:
    """Return what a kept act may look at as it is to be seen.

    Args:
        session: What knows the rules and the other records.
        event: The act.
        record: The record before it.
        predicates: The application's functions.
    """

    def as_kept(context: Context) -> Context:
        signers = kept_signers(session, session.lifecycle(record), event)
        covering = _as_it_may_have_covered(record, context)
        # It lies no later than the day on which it was recorded; whether that has come is told.
        today = max(context.today, event.on)
        sent_back = _sent_back_as_kept(session, event, record, context)
        parts = {
            "predicates": predicates,
            "today": today,
            "signers": signers,
            "inspection": covering,
            "sent_back": sent_back,
        }
        return changed_context(context, parts)

    return as_kept


SENT_BACK_SINCE = datetime(2026, 12, 1, tzinfo=UTC)
"""When letters under a force's own rules were all held to what sent the record back before."""


def _sent_back_as_kept(
    session: Session, event: Event, record: Record, context: Context
) -> date | None:
    """Return when a record was sent back under rules that it left, as a kept letter is held to it.

    An earlier peelflow forgot it at each change of level, and of a force's own categories; and
    under a force's own rules it went by what these call what was done.
    """
    if context.sent_back is None or session.national_ledgers(record) is None:
        return None
    if event.recorded_at < SENT_BACK_SINCE and session.has_steps_done(record):
        return None
    return session.last_sending_back(record, at_level=True)


def _as_it_may_have_covered(record: Record, context: Context) -> Inspection | None:
    """Return the inspection of an act, covering the record's question where it may have done so.

    No question set is kept beside an act, and files of sets come and change. So where the two are
    of different sets, an act is held against only what no file decides: sets that are national,
    whose mapping no force changes, and where one is not named, numbers that never were the same.
    """
    inspection, question, sets = context.inspection, question_of(record), context.question_sets
    if inspection is None or question is None:
        return inspection
    asked, inspected = question_set_of(record, sets), inspected_set(inspection, sets)
    are_national = {asked, inspected} <= national().vocabulary.question_sets.keys()
    are_named = record.fields.get(QUESTION_SET_FIELD) and inspection.question_set
    matches = not are_named and covers_question(inspection.questions, question)
    if asked == inspected or (are_national and not matches):
        return inspection
    return evolve(inspection, questions=frozenset({question}), question_set=asked)


@define(eq=False)
class TakenBefore:
    """What an earlier peelflow let in, and the records or events that say it."""

    _turned: dict[str, None] = field(factory=dict)
    _called: dict[str, None] = field(factory=dict)
    _unappointed: list[Event] = field(factory=list)

    def note(self, history: Sequence[Event]) -> None:
        """Note a record that says what turns text around, or is called as another appointment.

        Args:
            history: All its events.
        """
        for event in filter(is_of_before, history):
            if any(not TEXT_TURNERS.isdisjoint(text) for text in _each_text(event)):
                self._turned[event.record] = None
            if isinstance(event.what, Added | TakenOver):
                try:
                    check_appointment_id(event.record, event.what)
                except InvalidRequest:
                    self._called[event.record] = None

    def note_act(
        self, session: Session, event: Event, record: Record, as_kept: ContextChange
    ) -> None:
        """Note an act of before in a role that other national rules have held by appointment.

        Args:
            session: What knows the rules and the appointments.
            event: What happened, which is lawful by the record's own rules.
            record: The record before it.
            as_kept: Returns what an act may look at as it is to be seen.
        """
        actor, is_judged = (
            event.actor,
            isinstance(event.what, TransitionTaken | Relevelled | Migrated),
        )
        if not (is_judged and is_of_before(event) and actor.role in _national_signers(session)):
            return
        if actor.role in roles_signing(session.lifecycle(record)):
            return
        if not is_appointed(session, record, actor, event.on, change_context=as_kept):
            self._unappointed.append(event)

    def sentences(self) -> Iterator[str]:
        """Yield it in words."""
        if self._turned:
            turned = "holds a character that turns text around unseen"
            yield f"{turned}, as an earlier peelflow let it: {first_names(self._turned)}"
        if self._called:
            called = "is called as the appointment of another person, role, force or day"
            yield f"{called}, as an earlier peelflow let it: {first_names(self._called)}"
        for event in self._unappointed:
            what = f"whether who did event {event.number} of {event.record} was appointed then"
            yield f"not judged: {what}: an earlier peelflow did not ask it under these rules"


def _each_text(event: Event) -> Iterable[str]:
    """Yield the texts of an event that an earlier peelflow did not look at for what turns them."""
    entry, what = entry_of(event), event.what
    values = [*entry.fields.values()] if entry is not None else []
    if isinstance(what, Amended) and what.new is not None:
        values.append(what.new)
    for value in values:
        yield from (value,) if isinstance(value, str) else value
    yield event.key or ""
    yield from (document.kind for document in documents_of(event))
