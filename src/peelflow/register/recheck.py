"""Ask of a kept event what a verb asks of a new one beside the rules: who may, whose word, and why.

Each event is held to the record as it stood when it was recorded, whatever was corrected since. A
role that neither the rulebook nor the kept rules declare is told, for nobody can say what it may.
Of a category, or a field of a force's own, whose file is not here, nothing is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from peelflow.errors import InvalidRequest, NotPermitted
from peelflow.model.constraints import LONGEST_NAME
from peelflow.model.questions import QUESTION_FIELD, QUESTION_SET_FIELD
from peelflow.model.records import (
    PEELFLOW,
    Added,
    Amended,
    Attached,
    Corrected,
    Document,
    Event,
    Joint,
    MadeJoint,
    Migrated,
    Noted,
    Provenance,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
    Value,
)
from peelflow.model.rules import SYSTEM, Category
from peelflow.register.context import APPOINTMENT, check_inspection, is_signed_later
from peelflow.register.dependents import OTHER_LEVELS_SINCE, check_standing_acts
from peelflow.register.entry import SAYING_SIDES
from peelflow.register.hierarchy import check_below, is_no_child
from peelflow.register.joint import check_of_one_force, joint_of
from peelflow.register.kept_before import as_taken, is_of_before, value_as_taken
from peelflow.register.kept_corrections import check_correction
from peelflow.register.kept_fields import check_entry_said, check_not_cleared
from peelflow.register.kept_parts import check_parts_added
from peelflow.register.kept_requests import check_requested
from peelflow.register.known_names import KnownNames, UsedName, names_said
from peelflow.register.limits import (
    check_day,
    check_document_name,
    check_field,
    check_kind,
    check_length,
    check_readable,
)
from peelflow.register.notes import check_signed_by
from peelflow.register.permission import (
    ContextChange,
    as_recorded,
    check_amender,
    check_appointing_role,
    check_appointment_id,
    check_level_changer,
    check_sourced,
)
from peelflow.register.questions import QUESTION_FIELDS, check_questions
from peelflow.register.session import Session
from peelflow.register.taken_over import (
    check_added,
    check_issued,
    check_source_and_reason,
    check_word,
)
from peelflow.register.undeclared import SHAPED, is_of_other_type
from peelflow.register.validation import (
    check_graded,
    check_name,
    check_other_value,
    check_provenance,
    check_text,
    checked_days,
    checked_id,
    checked_shape,
)
from peelflow.rulebook.national import national
from peelflow.stores.own_ids import OwnIds
from peelflow.stores.scoped import shipped_digests
from peelflow.stores.soundness import documents_of, entry_of
from peelflow.texts import SPELT_ALIKE, is_alike_as_number
from peelflow.wording import say_forces

History = Sequence[Event]


def check_as_recorded(
    session: Session,
    history: History,
    event: Event,
    before: Record | None,
    after: Record,
    *,
    change_context: ContextChange = as_recorded,
) -> None:
    """Refuse an event that no verb would have recorded, whatever its rules say of acts.

    Args:
        session: What knows the words and the other records.
        history: What was recorded of the record before it.
        event: The event.
        before: The record before it; None where it is its first.
        after: The record after it.
        change_context: Returns what an act may look at as it is to be seen.

    Raises:
        InvalidRequest: With what a verb says to it.
        Refused: It amends a field on which an act rests that stands, or withdraws what others rest
            on.
    """
    record, what = event.record, event.what
    key = None if event.key is None else as_taken(event, event.key)
    said = Provenance(event.actor, event.on, event.recorded_by, event.reason, event.source, key)
    check_provenance(said, record)
    _check_years(event)
    check_name(event.actor.person, "the actor's person")
    check_name(event.recorded_by, "recorded_by")
    if isinstance(what, _SAYING_WHY):
        check_text(event.reason, f"{record}: the reason")
    for document in documents_of(event):
        _check_document(event, document)
    _check_role(session, event)
    check_parts_added(session, history, event, before)
    check_sourced(session, what, event.actor, event.source)
    if isinstance(what, Added | TakenOver):
        _check_beginning(session, event, what, said)
    else:
        # INVARIANT: only what enters a record has none before it.
        _check_later(session, history, event, before or after, change_context, after=after)
        check_requested(session, history, event, before or after, after)
    if not (is_of_before(event) and isinstance(what, Corrected)):  # a correction let it be so once
        check_of_one_force(before, after)
    check_appointing_role(session, before, after, event)
    check_level_changer(session, before, after, event, history)


def _check_years(event: Event) -> None:
    """Refuse a day before 1900, which an earlier peelflow did not ask of each."""
    to = event.what.to if isinstance(event.what, Corrected) else None
    for day in () if is_of_before(event) else filter(None, (event.on, to)):
        check_day(day, event.record)


def _check_document(event: Event, document: Document) -> None:
    check_kind(as_taken(event, document.kind))
    check_document_name(document.name)
    if document.signed_by is not None:
        check_name(document.signed_by, "who signed the document")
    if isinstance(event.what, Noted):
        check_signed_by(document, event.on)


def _check_role(session: Session, event: Event) -> None:
    """Refuse a role that nothing declares, and the system's beside steps, which rules judge."""
    role = event.actor.role
    where = f"{event.record}: the role `{role}`"
    if isinstance(event.what, TransitionTaken):
        if role == SYSTEM and (event.actor, event.recorded_by) != (PEELFLOW, PEELFLOW.person):
            why = f"is peelflow's own, and not that of {event.actor.person} by {event.recorded_by}"
            raise InvalidRequest(where, why, "have somebody act in a role of their own")
        return
    if role not in session.rulebook.vocabulary.roles:
        why = "is declared neither by the rules here nor by those kept beside it"
        raise InvalidRequest(where, why, "give the file that declares it")
    if role == SYSTEM:
        raise InvalidRequest(where, "only takes steps by itself", "have somebody do it")


_SAYING_WHY = (Amended, Corrected, MadeJoint, Relevelled, Migrated)
"""What is only done for a reason that is said; of a step its rules say whether it needs one."""


def _check_beginning(
    session: Session, event: Event, what: Added | TakenOver, said: Provenance
) -> None:
    # A store adds whose it is where two forces have one.
    checked_id(OwnIds(what.force).shown(event.record))
    if not is_of_before(event):
        check_appointment_id(event.record, what)
    if isinstance(what, TakenOver):
        check_source_and_reason(said, event.record)
    last = max(event.on, session.today) if isinstance(what, Added) else event.on
    _check_entry(session, event, what, event.on, last)


def _check_entry(
    session: Session, event: Event, what: Added | TakenOver, on: date, last: date
) -> None:
    """Refuse what no record is entered as on a day, with a level given by the last day."""
    issued = what.issued if isinstance(what, TakenOver) else on
    if issued > on:
        why = f"is taken over as at {on}, and was issued on {issued}"
        raise InvalidRequest(event.record, why, "give a later day")
    check_graded(event.record, what.graded, level=what.level, issued=issued, on=last)
    for force in (what.force, *what.joint_with):
        check_name(force, f"{event.record}: the force")
    for name, value in what.fields.items():
        _check_value(session, event, what.category, name, value)
    checked_days(what.fields, record=event.record)
    check_entry_said(event, what)
    _check_questions(session, event, what.category, what.fields)


def _check_value(
    session: Session, event: Event, category_name: str, name: str, value: Value
) -> None:
    """Refuse what no field holds, whatever there was to choose from.

    Whether an own field is a text or a list its file may have said otherwise once.
    """
    record, category = event.record, session.rulebook.vocabulary.categories.get(category_name)
    check_length(name, LONGEST_NAME, f"{record}: the field {name!r:.80}", "name another")
    rule = category.fields.get(name) if category else None
    held = value if rule and rule.type in SHAPED else value_as_taken(event, value)
    check_field(name, (held,) if isinstance(held, str) else held, record)
    if category is None or rule is None:
        return  # it may be of a force's own: told as such
    if not is_of_other_type(category_name, name, rule, value):
        checked_shape(rule, name, held, record=record)
    _check_reference(session, event, category, name, value)


def _check_questions(
    session: Session, event: Event, category_name: str, fields: Mapping[str, Value]
) -> None:
    """Refuse a question that is no number, or none of the national set that is named with it."""
    category = session.rulebook.vocabulary.categories.get(category_name)
    if category is not None and all(isinstance(fields.get(name, ""), str) for name in _QUESTION):
        sets = national().vocabulary.question_sets
        check_questions(sets, category, fields, record=event.record)


def _check_reference(
    session: Session, event: Event, category: Category, name: str, value: Value
) -> None:
    """Refuse a field that names no record, or one that it cannot name."""
    rule = category.fields.get(name)
    if rule is not None and rule.type == "reference" and isinstance(value, str):
        _check_named(session, event, value, f"its field `{name}`", of=rule.to)


def _check_named(
    session: Session,
    event: Event,
    name: str,
    where: str,
    *,
    of: Sequence[str] = (),
    not_of: str = "",
) -> None:
    """Refuse what is no record's name, or one of another category; it may be withdrawn since."""
    named = session.find(name)
    if named is None or name == event.record:
        why = "no record is called so" if named is None else "that is the record itself"
        raise InvalidRequest(f"{event.record}: {where}", f"is {name!r:.80}, and {why}", _ANOTHER)
    is_other = named.category == not_of or (of and named.category not in of)
    if is_other and not _was_named_as(session, event.record, name, of):
        why = f"is {name}, one of the category `{named.category}`"
        raise InvalidRequest(f"{event.record}: {where}", why, _ANOTHER)


def _was_named_as(session: Session, record: str, name: str, categories: Sequence[str]) -> bool:
    """Say whether what a record names no more was of some categories, and is of another by now."""
    known = session.get(record)
    if not known.withdrawn and name in known.fields.values():
        return False
    entries = map(entry_of, session.history(name))
    return any(entry is not None and entry.category in categories for entry in entries)


_ANOTHER = "name a record that was entered here"


_QUESTION = (QUESTION_FIELD, QUESTION_SET_FIELD)
"""The fields that are texts where they are of a question."""


def _check_later(
    session: Session,
    history: History,
    event: Event,
    before: Record,
    change_context: ContextChange,
    *,
    after: Record,
) -> None:
    match event.what:
        case TransitionTaken(inspection=inspection, successor=successor):
            if inspection is not None:
                check_inspection(session, inspection)
            if successor is not None:
                _check_named(session, event, successor, "its successor", not_of=APPOINTMENT)
        case Amended() as what:
            _check_amended(session, history, event, before, what, after=after)
            check_standing_acts(
                session,
                before,
                event,
                lambda: history,
                change_context=change_context,
                of_other_levels=event.recorded_at >= OTHER_LEVELS_SINCE,
            )
        case Corrected(entry=entry, to=to) as what:
            if entry is not None and to is not None:
                _check_entry(session, event, entry, to, max(to, session.today))
            check_correction(session, event, history, before, what)
        case MadeJoint() as what:
            _check_made_joint(session, event, before, what)
        case Noted(text=text):
            check_readable(text, f"{event.record}: the note")
        case Attached(document=document) if is_signed_later(document, event.on):
            why = f"is signed on {document.signed_on}, after the {event.on} that it is attached on"
            raise InvalidRequest(f"the document {document.name!r}", why, "attach it later")
        case _:
            pass


def _check_made_joint(session: Session, event: Event, before: Record, what: MadeJoint) -> None:
    for force in what.new:
        check_name(force, f"{event.record}: the force")
    # What lies below another follows it, and no verb asks anything of it.
    if before.parent is None and Joint(what.new, what.acts) == joint_of(before):
        raise InvalidRequest(event.record, f"is of {say_forces(before)} already", "name others")
    if _side_of(session, event) not in SAYING_SIDES:
        raise NotPermitted(f"{event.actor}", "says of no record of which forces it is", _LET)


_LET = "let its lead force or the inspectorate do it"


def _side_of(session: Session, event: Event) -> str:
    return session.rulebook.vocabulary.roles[event.actor.role].side


def _check_amended(
    session: Session,
    history: History,
    event: Event,
    before: Record,
    what: Amended,
    *,
    after: Record,
) -> None:
    name, was = what.field, before.fields.get(what.field)
    where = f"{event.record}: the field `{name}`"
    check_other_value(was, what.new, where)
    check_not_cleared(event, before.category, what)
    if what.new is not None:
        _check_value(session, event, before.category, name, what.new)
    if name in _DAY_FIELDS:
        checked_days(after.fields, record=event.record)
    if name in QUESTION_FIELDS:
        _check_questions(session, event, before.category, after.fields)
    category = session.rulebook.vocabulary.categories.get(before.category)
    rule = category.fields.get(name) if category else None
    if rule is not None and rule.counts_from is None:
        check_amender(session, before, name, event, lambda: history)


_DAY_FIELDS = ("first_day", "last_day")


def check_word_given(session: Session, first: Event) -> None:
    """Refuse a record that rests on the wrong word, or came under rules that it was too late for.

    That is asked of the beginning as it stands: one that was let pass may be entered anew. An
    earlier peelflow asked for nobody's word under rules that ship no more.

    Args:
        session: What knows the rules.
        first: A record's first event, as it is known by now.

    Raises:
        InspectorateOnly: It takes the inspectorate's word on another's.
        InvalidRequest: It was issued when nothing came under such rules any more, or was added
            where it can only be taken over.
    """
    what, roles = first.what, session.rulebook.vocabulary.roles
    if not isinstance(what, Added | TakenOver) or first.actor.role not in roles:
        return
    pin = what.lifecycle
    lifecycle, is_here = session.services.lifecycle_of(pin), national().by_pin(pin.digest)
    if isinstance(what, TakenOver):
        if is_here or pin.digest not in shipped_digests():
            check_word(lifecycle, first, what, roles)
        check_issued(lifecycle, first.record, what.issued)
    elif not is_here:
        check_added(lifecycle, first.record)


def check_place(session: Session, record: Record, free: set[str]) -> None:
    """Refuse a record that lies where none can: below itself, or below what does not know of it.

    Args:
        session: What knows the records.
        record: The record as it stands.
        free: The ids of records that were found to lie below no circle; those of this one and of
            what is above it come in. So a long chain is gone through once, and not for each in it.

    Raises:
        InvalidRequest: With where it lies.
    """
    if record.withdrawn:
        return
    for name in record.children:
        child = session.get(name)
        if child.parent != record.id and not child.withdrawn:
            why = f"does not lie below it, but below {child.parent or 'nothing'}"
            raise InvalidRequest(f"{record.id}: its child {name}", why, "correct what linked it")
    if record.parent is None:
        return
    _check_no_circle(session, record, free)
    parent, categories = session.get(record.parent), national().vocabulary.categories
    if {record.category, parent.category} <= categories.keys():
        check_text(record.parent, f"{record.id}: its parent")
        check_below(session, record, parent)
        is_child = not is_no_child(session, record.category, parent.category)
        if is_child and record.id not in parent.children:
            why = "has it not among its children, of whom its own acts ask"
            raise InvalidRequest(f"{record.id}: its parent {parent.id}", why, "enter it anew")


def _check_no_circle(session: Session, record: Record, free: set[str]) -> None:
    above, seen = record, set[str]()
    while above.parent is not None and above.id not in free:
        seen.add(above.id)
        above = session.get(above.parent)
        if above.id in seen:
            why = "lies below itself"
            raise InvalidRequest(f"{record.id}: its parent {record.parent}", why, "name another")
    free |= seen


def why_alike(session: Session, names: KnownNames, record: Record, history: History) -> str:
    """Say which name of a record a reader would take for another's; nothing where there is none.

    Ids are those of one force: two forces in one store may each have its own. The people of a
    record that persons of several forces act on, or that another force left, are left out: no
    register for one force knows the others' people.

    Args:
        session: What knows the categories.
        names: The names of the records that came before; those of this one are added.
        record: The record as it stands.
        history: Its events. What an earlier peelflow took as two, as R-lO beside R-10, is spared.
    """
    if record.withdrawn:
        return ""
    category = session.rulebook.vocabulary.categories.get(record.category)
    is_shared = len(record.acting_forces) > 1 or bool(record.was_joint_with)
    for said in names_said(record, category):
        if is_shared and said.kind == "person":
            continue
        used = UsedName("id", said.name, record.force) if said.kind == "id" else said
        if names.is_known(used):  # as most forces and persons are
            continue
        near = names.alike(used)
        is_two = near is not None and not (
            (used.kind != "id" or is_of_before(history[0])) and is_alike_as_number(used.name, near)
        )
        if is_two:
            return f"the {used.kind} {used.name!r} {SPELT_ALIKE} `{near}`"
        names.note([used])
    return ""
