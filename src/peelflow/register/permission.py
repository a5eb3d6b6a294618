"""Who may: who holds the role that they act in, appoints whom, amends what, and who typed it.

The rules that a record runs under judge each act on it; what they do not judge is judged here, for
every event that a verb makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from attrs import evolve

from peelflow.engine.fold import as_corrected, event_corrected, fold
from peelflow.engine.requirements import holds_role, is_held
from peelflow.errors import InvalidRequest, NotPermitted
from peelflow.model.decisions import Act, Appointment, Context
from peelflow.model.questions import QUESTION_FIELD, QUESTION_SET_FIELD
from peelflow.model.records import (
    Actor,
    Added,
    Amended,
    Attached,
    Corrected,
    Event,
    EventPayload,
    MadeJoint,
    Noted,
    Provenance,
    Record,
    TakenOver,
    TransitionTaken,
    Value,
)
from peelflow.model.rules import SAME_SIDE, SYSTEM, Role
from peelflow.phrases import say_choice
from peelflow.register.context import APPOINTMENT
from peelflow.register.joint import joint_of
from peelflow.register.questions import QUESTIONS_FIELD
from peelflow.register.related_records import appointment_of
from peelflow.register.session import Session
from peelflow.register.validation import (
    ISO_DATE_PATTERN,
    category_of,
    check_actor,
    check_name,
    role_of,
)
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import signing_roles
from peelflow.stores.base import OWN_ID_MARK
from peelflow.stores.own_ids import OwnIds
from peelflow.texts import are_alike, is_blank

ContextChange = Callable[[Context], Context]


def as_recorded(context: Context) -> Context:
    """Return what a decision may look at, as it is recorded by now."""
    return context


def acts_by_appointment(session: Session, role: str) -> bool:
    """Say whether only who is appointed acts in a role.

    Args:
        session: What knows the rules.
        role: The role's name.
    """
    return role_of(session, role).by_appointment or role in signing_roles(session.rulebook)


def is_appointed(
    session: Session,
    record: Record,
    actor: Actor,
    on: date,
    *,
    change_context: ContextChange = as_recorded,
) -> bool:
    """Say whether an actor held the role by appointment, in a record's force, on a day.

    Args:
        session: What knows the appointments.
        record: The record.
        actor: Who acts.
        on: The day.
        change_context: Returns people as they are to be seen.
    """
    act = Act("", actor, on, actor.person)
    context = Context(session.now, session.today, session.appointments(record, act))
    return holds_role(record, act, change_context(context))


def check_actor_holds(session: Session, before: Record, after: Record, event: Event) -> None:
    """Refuse who did something in a role that they did not hold; the rules judge acts themselves.

    Who says of which forces a record is holds it in its lead force.

    Args:
        session: What knows the appointments.
        before: The record before it, or as it began.
        after: The record after it.
        event: What happened.

    Raises:
        NotPermitted: Only who is appointed acts in that role, and they were not, on that day.
    """
    actor = event.actor
    if isinstance(event.what, TransitionTaken) or not acts_by_appointment(session, actor.role):
        return
    changes_forces = _changes_forces(session, before, after, event)
    record = evolve(after, joint_acts="lead") if changes_forces else after
    if not is_appointed(session, record, actor, event.on):
        why = f"held no appointment in {' or '.join(record.acting_forces)} on {event.on}"
        raise NotPermitted(f"{actor}", why, "appoint them first, or let another role act")


def _changes_forces(session: Session, before: Record, after: Record, event: Event) -> bool:
    """Say whether an event says of which forces a record is, or corrects what says so."""
    is_correction = isinstance(event.what, Corrected)
    history = session.history(event.record) if is_correction else ()
    target = event_corrected(history, event)
    return isinstance(target.what, MadeJoint) or joint_of(before) != joint_of(after)


def appointment_id(force: str, role: Value, person: Value, first_day: Value) -> str:
    """Return what `appoint` calls an appointment.

    Args:
        force: The force.
        role: The role that is held in it.
        person: Who holds it.
        first_day: The first day, as it is kept.
    """
    return f"{APPOINTMENT}:{force}:{role}:{person}:{first_day}"


def check_appointment_id(record: str, entry: Added | TakenOver) -> None:
    """Refuse the id of an appointment that reads as another's: of another person, role or day.

    Any other id is as good as that which `appoint` gives.

    Args:
        record: The id.
        entry: What the record begins as.

    Raises:
        InvalidRequest: It reads as another's.
    """
    if entry.category != APPOINTMENT or not _AS_APPOINT_CALLS_IT.fullmatch(record):
        return
    parts = (entry.fields.get(name, "") for name in ("role", "person", "first_day"))
    due = appointment_id(entry.force, *parts)
    if OwnIds(entry.force).shown(record) != due:
        why = "reads as the appointment of another person, role, force or day"
        raise InvalidRequest(f"the id {record!r}", why, f"call it {due!r}, or appoint them")


_AS_APPOINT_CALLS_IT = re.compile(
    f"{APPOINTMENT}:.+:.+:.+:{ISO_DATE_PATTERN}({re.escape(OWN_ID_MARK)}.*)?", re.DOTALL
)


def check_appointer(session: Session, before: Record | None, after: Record, event: Event) -> None:
    """Refuse who may not appoint somebody to a role, as the vocabulary says it, or themselves.

    Whatever changes an appointment is judged so, by any verb: who may not make one cannot make one
    of another either.

    Args:
        session: What knows the roles.
        before: The appointment as it stood; None where it is made.
        after: The appointment after it.
        event: What happened.

    Raises:
        NotPermitted: Another role appoints, or it is their own; or they did not hold the role in
            which they appoint on the first day that they appoint for, or on the last until today.
    """
    check_appointing_role(session, before, after, event)
    if after.category == APPOINTMENT and not isinstance(event.what, _SAYING_NOTHING):
        _check_appoints_since(session, before, after, event)


def check_appointing_role(
    session: Session, before: Record | None, after: Record, event: Event
) -> None:
    """Refuse who may not appoint somebody to a role, whenever; `check_appointer` asks more.

    Args:
        session: What knows the roles.
        before: The appointment as it stood; None where it is made.
        after: The appointment after it.
        event: What happened.

    Raises:
        NotPermitted: Another role appoints, or it is their own.
    """
    if after.category != APPOINTMENT or isinstance(event.what, _SAYING_NOTHING):
        return
    for record in filter(None, (before, after)):
        if record.category == APPOINTMENT:
            _check_appoints(session, appointment_of(record), event.actor)


def _check_appoints_since(
    session: Session, before: Record | None, after: Record, event: Event
) -> None:
    """Refuse who appoints somebody for days on which they did not hold the role they appoint in.

    They hold it on the first day that they give and on the last one, or today where that is still
    to come: who held it once appoints nobody beyond their own days.
    """
    if not acts_by_appointment(session, event.actor.role):
        return
    # What was withdrawn is given anew.
    stood = before is not None and not before.withdrawn and before.category == APPOINTMENT
    old = appointment_of(before) if before is not None and stood else None
    new = appointment_of(after)
    first = _first_day_given(old, new)
    if first is None:
        return
    last = min(new.last_day or session.today, session.today)
    for day in (min(first, event.on), last):
        if not is_appointed(session, after, event.actor, day):
            why = f"held no appointment in {' or '.join(after.acting_forces)} on {day}"
            instead = "give other days, or let a role appoint that needs no appointment"
            raise NotPermitted(f"{event.actor}", why, instead)


def _first_day_given(old: Appointment | None, new: Appointment) -> date | None:
    """Return the first day that an appointment holds on and did not before; None without one."""
    whose = (new.person, new.role, new.force)
    if old is None or whose != (old.person, old.role, old.force) or new.first_day < old.first_day:
        return new.first_day
    if old.last_day is not None and (new.last_day is None or new.last_day > old.last_day):
        return old.last_day + timedelta(1)
    return None


_SAYING_NOTHING = (Attached, Noted)
"""What changes nothing of who is appointed."""


def _check_appoints(session: Session, appointment: Appointment, actor: Actor) -> None:
    role = appointment.role
    appointed_by = role_of(session, role).appointed_by
    if appointed_by and actor.role not in appointed_by:
        why = f"appoints no `{role}`, nor changes who is one"
        raise NotPermitted(f"{actor}", why, f"{say_choice(appointed_by)} may")
    if acts_by_appointment(session, role) and are_alike(actor.person, appointment.person):
        why = f"cannot appoint themselves `{role}`"
        raise NotPermitted(f"{actor}", why, "let somebody else record it")


HistoryReader = Callable[[], Sequence[Event]]


def check_amender(
    session: Session, record: Record, field: str, event: Event, history: HistoryReader
) -> None:
    """Refuse who may not amend a field, as its category says it.

    Args:
        session: What knows the fields.
        record: The record before it.
        field: The field's name.
        event: The amendment.
        history: Reads what was recorded of the record before it, which says who set the field;
            called where the category asks for that.

    Raises:
        NotPermitted: Another role amends it, or the side that set it does.
    """
    allowed = category_of(session, record.category).fields[field].amended_by
    role = event.actor.role
    if not allowed or role in allowed:
        return
    setter = _side_that_set(session, history(), field) if SAME_SIDE in allowed else ""
    if setter is None or setter == role_of(session, role).side:
        return
    others = (name for name in allowed if name != SAME_SIDE)
    roles = tuple(name for name in others if role_of(session, name).side != setter)
    by = f"the side that set it ({setter})" if setter else ""
    who = " or ".join(filter(None, (say_choice(roles) if roles else "", by)))
    what, why = f"{record.id}: the field `{field}`", f"is not amended by {event.actor}"
    raise NotPermitted(what, why, f"let {who} amend it")


def _side_that_set(session: Session, history: Sequence[Event], field: str) -> str | None:
    """Return the side that set what a field holds; None where nobody did, or in no known role.

    Where no question set is named, that is who set the question: they said of which set it is.
    """
    setters: dict[str, Actor | None] = {}
    for event in as_corrected(history):
        match event.what:
            case Added(fields=fields) | TakenOver(fields=fields):
                setters = dict.fromkeys(fields, event.actor)
            case Amended(field=name, new=new):
                setters[name] = None if new is None else event.actor
            case _:
                pass
    setter = setters.get(field)
    if setter is None and field == QUESTION_SET_FIELD:
        setter = setters.get(QUESTION_FIELD) or setters.get(QUESTIONS_FIELD)
    role = session.rulebook.vocabulary.roles.get(setter.role) if setter else None
    return None if role is None else role.side


def check_corrector(session: Session, request: Event, chain: Sequence[Event]) -> None:
    """Refuse who may not correct what somebody did, or a correction of it.

    Args:
        session: What knows the roles and rules.
        request: The correction.
        chain: What it names, and where that is a correction itself, what that names, to the end.

    Raises:
        InvalidRequest: Another side did it, or a national role of that side.
        NotPermitted: Of that side another role may.
    """
    named, actor, where = chain[0], request.actor, f"{request.record}: event {chain[0].number}"
    did = role_of(session, named.actor.role).side
    did = "force" if did == SYSTEM else did  # the register is the force's: it answers for a tick
    side = role_of(session, actor.role).side
    known = national().vocabulary.roles
    if side != "force" and named.actor.role in known and actor.role not in known:
        why = f"was done by {named.actor}, and the role of {actor} is not national"
        raise InvalidRequest(where, why, "have a national role of that side correct it")
    if side != did:
        why = f"was done by {named.actor}, and {actor} is not of that side ({did})"
        raise InvalidRequest(where, why, "have the side that did it correct it")
    for event in chain:
        allowed = _roles_correcting(session, event)
        if allowed and not {actor.role, role_of(session, actor.role).stands_for} & {*allowed}:
            why = f"was done by {event.actor}, and `{actor.role}` does not correct what that did"
            raise NotPermitted(where, why, f"{say_choice(allowed)} may")


def check_level_changer(
    session: Session,
    before: Record | None,
    after: Record,
    event: Event,
    history: Sequence[Event],
) -> None:
    """Refuse another level than the one at which the inspectorate acted on a record.

    The force corrects what level it entered itself, until then.

    Args:
        session: What knows the roles.
        before: The record before it; None where it begins.
        after: The record after it.
        event: What happened.
        history: What was recorded of the record before it.

    Raises:
        NotPermitted: It is a correction of another side's, and gives the record another level.
    """
    is_other = before is not None and before.level != after.level
    roles = session.rulebook.vocabulary.roles
    if not is_other or not isinstance(event.what, Corrected) or _decides(roles, event):
        return
    decided = next((each for each in as_corrected(history) if _decides(roles, each)), None)
    if decided is not None:
        what = f"{event.record}: level {before.level if before else None}"
        why = f"is the one at which {decided.actor} acted on it, in event {decided.number}"
        raise NotPermitted(what, why, "let the inspectorate move it to another level")


def _decides(roles: Mapping[str, Role], event: Event) -> bool:
    role = roles.get(event.actor.role)
    return role is not None and role.side == "inspectorate"


def _roles_correcting(session: Session, event: Event) -> tuple[str, ...]:
    """Return the roles that correct an event, of whatever side; none where its whole side does."""
    doer = session.rulebook.vocabulary.roles.get(event.actor.role)
    if doer is None or not doer.corrected_by:
        return ()
    same = _roles_taking(session, event) if isinstance(event.what, TransitionTaken) else ()
    return tuple(dict.fromkeys([event.actor.role, *doer.corrected_by, *same]))


def _roles_taking(session: Session, event: Event) -> tuple[str, ...]:
    """Return the roles that may take the step that an event took, under the rules of then."""
    earlier = session.history(event.record)[: event.number - 1]
    record, what = fold(earlier), event.what
    rules = session.lifecycle(record)
    steps = rules.states[record.state].transitions if record.state in rules.states else ()
    taken = [step for step in steps if getattr(what, "trigger", "") == step.trigger]
    return tuple(role for step in taken if event.actor.role in step.by for role in step.by)


def is_move_permitted(
    session: Session, event: Event, record: Record, *, change_context: ContextChange = as_recorded
) -> bool:
    """Say whether who moved a record to other rules held the role on that day, if it needs one.

    Args:
        session: What knows the appointments.
        event: The move.
        record: The record before it.
        change_context: Returns people, and which roles they must hold, as they are to be seen.
    """
    role = session.rulebook.vocabulary.roles.get(event.actor.role)
    if role is None:
        return True
    signers = signing_roles(session.rulebook)
    context = change_context(Context(session.now, session.today, signers=signers))
    if not is_held(event.actor.role, role, context.signers):
        return True
    return is_appointed(session, record, event.actor, event.on, change_context=change_context)


def no_appointment_sentence(event: Event, record: Record) -> str:
    """Say that nobody had appointed who moved a record to other rules."""
    forces = " or ".join(record.acting_forces)
    return f"{event.actor} held no appointment in {forces} on {event.on}"


def check_sourced(session: Session, what: EventPayload, actor: Actor, source: str | None) -> None:
    """Refuse a decision of an inspectorate's that names nothing it was read from.

    What a step needs its rules say.

    Args:
        session: What knows the roles.
        what: What happened.
        actor: Who decided it.
        source: What it was read from.

    Raises:
        InvalidRequest: It names none.
    """
    if isinstance(what, TransitionTaken) or role_of(session, actor.role).side != "inspectorate":
        return
    if source is None or is_blank(source):
        instead = "name the letter or portal reference it was read from"
        raise InvalidRequest(f"the decision of {actor}", "names no source", instead)


def recorder_of(session: Session, provenance: Provenance) -> str:
    """Return who typed it: the actor, unless said or where the actor is none who logs in.

    That is an inspectorate, or who signs letters, as a Chief Constable does: then it is the
    register's user. Where the register has none, an inspectorate's decision has to say it, and a
    signatory's was typed under the account that runs this program.

    Args:
        session: What knows the rules and the register's user.
        provenance: Who decided, and whom they say typed it.

    Raises:
        InvalidRequest: It does not say, and nobody else does.
    """
    actor, recorded_by = provenance.actor, provenance.recorded_by
    check_actor(actor)
    role = role_of(session, actor.role)
    check_name(actor.person, "the actor's person")
    if actor.role == SYSTEM:
        raise InvalidRequest(
            f"the role `{SYSTEM}`", "acts by itself", "act in a role that a person holds"
        )
    if recorded_by is not None:
        check_name(recorded_by, "recorded_by")
        return recorded_by
    signs = actor.role in signing_roles(session.rulebook)
    if role.side != "inspectorate" and not signs:
        return actor.person
    user = session.services.recorded_by or (session.services.account() if signs else None)
    if user is None:
        who = "a signatory" if signs else "an inspectorate"
        why = f"does not say who recorded it; {who} does not log in to this register"
        instead = "give recorded_by, or open the register with it"
        raise InvalidRequest(f"the decision of {actor}", why, instead)
    return user
