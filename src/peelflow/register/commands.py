"""Turn each verb into events of a session.

Every verb returns the event it made; with a `key` seen before, the first event again. What the
arguments mean and what is raised stands on the verbs of `Batch`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from attrs import evolve

from peelflow.engine.decide import automatic_triggers
from peelflow.engine.decide import next_acts as acts_by_rules
from peelflow.engine.fold import apply, begin, changes_on_entry
from peelflow.errors import InvalidRequest, UnknownDocument
from peelflow.model.decisions import Act, NextAct, Refusal, Refused
from peelflow.model.records import (
    PEELFLOW,
    Actor,
    Added,
    Amended,
    Attached,
    Change,
    ChildLinked,
    Document,
    Event,
    EventPayload,
    Joint,
    Provenance,
    Record,
    TakenOver,
    TransitionTaken,
)
from peelflow.model.rules import Category, Level, Lifecycle
from peelflow.phrases import say_choice
from peelflow.register.context import (
    RESTRICTABLE,
    check_inspection,
    is_signed_later,
    system_act,
)
from peelflow.register.hierarchy import (
    HierarchyStep,
    check_hierarchy,
    checked_parent,
    decide_in_hierarchy,
    is_no_child,
    ledgers_for_role,
    open_ledgers,
    refuse_open_child,
)
from peelflow.register.joint import (
    check_acted_for,
    check_ids_stay_apart,
    check_of_one_force,
    with_joint,
)
from peelflow.register.kept_documents import not_kept_so
from peelflow.register.known_names import names_in, uses_of
from peelflow.register.look_alikes import (
    check_names,
    check_people,
    check_people_of_event,
    check_respelt,
)
from peelflow.register.permission import (
    appointment_id,
    check_actor_holds,
    check_amender,
    check_appointer,
    check_appointment_id,
    check_sourced,
    recorder_of,
)
from peelflow.register.questions import QUESTION_FIELDS, check_questions
from peelflow.register.session import Session
from peelflow.register.taken_over import check_source_and_reason, check_taken_over, check_word
from peelflow.register.validation import (
    NOTHING_HELD,
    FieldInput,
    category_of,
    check_actor,
    check_change,
    check_date,
    check_document,
    check_follows,
    check_graded,
    check_level,
    check_name,
    check_not_future,
    check_provenance,
    check_references,
    check_text,
    check_texts,
    checked_days,
    checked_documents,
    checked_fields,
    checked_id,
    checked_value,
    counted_day,
    describe_document,
    is_counted,
    role_of,
)
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.codec import description_of
from peelflow.texts import are_alike


def new_event(
    session: Session, what: EventPayload, record: str, number: int, provenance: Provenance
) -> Event:
    """Return the event of a request, written now.

    What no lifecycle judges is judged here: an inspectorate's decision names its source.
    """
    actor, source = provenance.actor, provenance.source
    check_actor(actor)
    check_provenance(provenance, record)
    check_sourced(session, what, actor, source)
    return Event(
        record,
        number,
        what,
        provenance.on,
        actor,
        recorder_of(session, provenance),
        session.now,
        provenance.reason,
        source,
        provenance.key,
    )


def take(
    session: Session, event: Event, before: Record | None, *, folded: Record | None = None
) -> Record:
    """Take an event into a session, and return the record after it.

    Args:
        session: Where it goes.
        event: What happened.
        before: The record as the session sees it; None before its first event.
        folded: The record after it, where its whole history has to be read for that.

    Raises:
        Refused: It narrows what acts rest on: an appointment or inspection that acts of other
            records name, what a parent saw of its child, or a field that somebody else's act asked
            for.
        InvalidRequest: Who did it did not hold the role that they acted in, or appoints nobody to
            that role; or the register is opened for a force that does not act on the record; or it
            would be joint, and its category is of one force.
    """
    after = folded or (apply(before, event) if before else begin(event))
    check_acted_for(session, before, after)
    check_of_one_force(before, after)
    check_ids_stay_apart(session, before, after)
    check_actor_holds(session, before or after, after, event)
    check_appointer(session, before, after, event)
    if before is not None:
        # INVARIANT: not put yet, so that others are judged with the record as it was.
        _check_what_rests_on(session, before, after, event)
    session.put(event, after)
    return after


def _check_what_rests_on(session: Session, before: Record, after: Record, event: Event) -> None:
    if before.category in RESTRICTABLE:
        from peelflow.register.dependents import check_dependents

        check_dependents(session, before, after, event)
    if isinstance(event.what, Amended):
        from peelflow.register.dependents import check_standing_acts

        check_standing_acts(session, before, event, lambda: session.history(before.id))
    is_seen = before.parent is not None and isinstance(event.what, (Amended, TransitionTaken))
    # An act of the parent's that was recorded before, and is dated later, saw the child.
    if is_seen and session.get(before.parent or "").on > event.on:
        from peelflow.register.replay import check_parent_acts

        check_parent_acts(session, before, event)


def act_on(session: Session, record: Record, act: Act) -> Event:
    """Decide an act, take its event and what the system then does by itself.

    Raises:
        Refused: The rules refuse it, with every reason.
    """
    lifecycle = session.lifecycle(record)
    decision = decide_in_hierarchy(session, lifecycle, record, act)
    if isinstance(decision, Refusal):
        raise Refused(decision)
    after = take(session, decision, record)
    if after.successor is not None:
        from peelflow.register.successors import check_successor

        check_successor(session, record, after, act)
    ledgers = None
    if record.parent is not None or record.children:
        ledgers = session.ledgers_binding(lifecycle, record, act)
        step = HierarchyStep(act.trigger, act.actor.role, act.on, ledgers)
        check_hierarchy(session, record, after, step)
    take_automatic(session, lifecycle, after, act.on, ledgers=ledgers)
    return decision


def take_automatic(
    session: Session,
    lifecycle: Lifecycle,
    record: Record,
    on: date,
    *,
    ledgers: frozenset[str] | None = None,
) -> None:
    """Take the untimed system transitions that a record's state now has, and what follows.

    Args:
        session: Where they go.
        lifecycle: The record's rules.
        record: The record.
        on: The day.
        ledgers: Those on which parents and children bound the act that they follow; None: all.
    """
    for trigger in automatic_triggers(lifecycle, record.state):
        act = system_act(trigger, on)
        decision = decide_in_hierarchy(session, lifecycle, record, act)
        if isinstance(decision, Event):
            after = take(session, decision, record)
            # INVARIANT: what follows from an act of theirs stops it no more than the act itself.
            bind = session.ledgers_binding(lifecycle, record, act) if ledgers is None else ledgers
            step = HierarchyStep(trigger, PEELFLOW.role, on, bind)
            check_hierarchy(session, record, after, step)
            take_automatic(session, lifecycle, after, on, ledgers=bind)
            return


def add(
    session: Session,
    record: str,
    *,
    category: str,
    force: str,
    issued: date,
    level: Level,
    fields: Mapping[str, FieldInput] | None,
    parent: str | None,
    provenance: Provenance,
    graded: date | None = None,
    joint: Joint | None = None,
) -> Event:
    """Add a record in the initial state of the rules in force when its level was given."""
    checked_id(record)
    check_not_future(session, issued, record)
    check_level(level, record)
    kind = category_of(session, category)
    check_graded(record, graded, level=level, issued=issued, on=session.today)
    lifecycle = session.rulebook.lifecycle_for(category, level, graded or issued)
    check_may_be_added(session.rulebook, lifecycle, record, category=category, level=level)
    what = Added(
        force=force,
        category=category,
        level=level,
        lifecycle=session.keep_lifecycle(lifecycle),
        state=lifecycle.initial,
        fields=checked_fields(kind, fields or {}, record=record),
        parent=parent,
        graded=graded,
    )
    entry = with_joint(session, record, what, joint)
    return enter(session, new_event(session, entry, record, 1, provenance), entry)


def check_may_be_added(
    rulebook: Rulebook, lifecycle: Lifecycle, record: str, *, category: str, level: Level
) -> None:
    """Refuse to add what its rules let a register only take over."""
    if lifecycle.begun_by is None:
        return
    levels = rulebook.levels_added(category)
    give = f"give its level, {say_choice(levels)}, or " if levels else ""
    what = f"{record}: a `{category}` at level {level or 'none'}"
    why = f"can only be taken over, under {lifecycle}"
    instead = f"{give}take it over with its state, its source and a reason"
    raise InvalidRequest(what, why, instead)


def take_over(
    session: Session,
    record: str,
    *,
    category: str,
    force: str,
    issued: date,
    state: str,
    level: Level,
    fields: Mapping[str, FieldInput] | None,
    parent: str | None,
    provenance: Provenance,
    graded: date | None = None,
    joint: Joint | None = None,
) -> Event:
    """Take a record over in a named state, as at the day of `provenance`."""
    on = provenance.on
    checked_id(record)
    check_not_future(session, on, record)
    check_date(issued, record)
    check_level(level, record)
    kind = category_of(session, category)
    check_graded(record, graded, level=level, issued=issued, on=on)
    lifecycle = session.rulebook.lifecycle_for(category, level, graded or on)
    check_taken_over(lifecycle, record, issued=issued, on=on, state=state)
    check_source_and_reason(provenance, record)
    what = TakenOver(
        force=force,
        category=category,
        level=level,
        lifecycle=session.keep_lifecycle(lifecycle),
        state=state,
        issued=issued,
        fields=checked_fields(kind, fields or {}, record=record),
        parent=parent,
        graded=graded,
    )
    entry = with_joint(session, record, what, joint)
    return enter(session, new_event(session, entry, record, 1, provenance), entry)


def enter(session: Session, event: Event, what: Added | TakenOver) -> Event:
    """Take a first event into the session, with what follows from it.

    That is the link on its parent, and the untimed system transitions of its state.
    """
    if (first := session.repeated(event)) is not None:
        return first
    check_name(what.force, f"{event.record}: the force")
    check_appointment_id(event.record, what)
    taken = session.find(event.record)
    if taken is not None:
        session.check_not_withdrawn(taken)
        raise InvalidRequest(
            f"the id {event.record!r}", "is taken", "choose another, or amend that record"
        )
    kind = category_of(session, what.category)
    entering = begin(event)
    _check_questions(session, kind, entering)
    check_references(session, kind, what.fields, record=event.record)
    parent = checked_parent(session, entering)
    if parent is not None:  # whose history has the link; its own people are asked first
        check_people_of_event(session, parent, event)
    check_people_of_event(session, entering, event)
    check_names(session, event.record, names_in(entering, kind))
    lifecycle = session.services.lifecycle_of(what.lifecycle)
    check_word(lifecycle, event, what, session.rulebook.vocabulary.roles)
    entered = _with_changes(event, changes_on_entry(lifecycle, what, event.on))
    record = take(session, entered, None, folded=entering)  # no record says its changes
    if parent is not None:
        link_to_parent(session, parent, record, event)
    take_automatic(session, lifecycle, record, event.on)
    return entered


def _with_changes(event: Event, changes: tuple[Change, ...]) -> Event:
    """Return an event with its changes, part by part: each row of an import comes by."""
    return Event(
        record=event.record,
        number=event.number,
        what=event.what,
        on=event.on,
        actor=event.actor,
        recorded_by=event.recorded_by,
        recorded_at=event.recorded_at,
        reason=event.reason,
        source=event.source,
        key=event.key,
        changes=changes,
    )


def link_to_parent(
    session: Session, parent: Record, child: Record, event: Event, *, verb: str = "add"
) -> None:
    """Put the link to a child on its parent, of the event that put the child there.

    What only lies below it is no child, and no rule asks the parent for it: nothing is put there.

    Raises:
        Refused: The child would stand open under a parent that is closed, or was since.
    """
    if is_no_child(session, child.category, parent.category):
        return
    link = evolve(
        event,
        record=parent.id,
        number=parent.number + 1,
        what=ChildLinked(child.id),
        on=max(parent.on, event.on),
        key=None,
        changes=(),
    )
    take(session, link, parent)
    role = event.actor.role
    step = HierarchyStep(verb, role, event.on, ledgers_for_role(session, child, role))
    refuse_open_child(session, child, open_ledgers(session, child), step)


def checked_act(pair: object) -> tuple[str, Act]:
    """Return a record's id and an act on it; refuse what is no such pair."""
    match pair:
        case (str() as record, Act() as act):
            return record, act
        case _:
            what, instead = f"the act {pair!r:.80}", "give a pair of a record's id and an Act"
            raise InvalidRequest(what, "is no act on a record", instead)


def fire(
    session: Session,
    record: str,
    trigger: str,
    *,
    evidence: Sequence[Document],
    inspection: str | None,
    successor: str | None,
    provenance: Provenance,
) -> Event:
    """Do `trigger` on a record, if its rules let this actor do it now."""
    check_texts((record, "the record's id"), (trigger, f"{record}: the trigger"))
    check_provenance(provenance, record)
    known = session.get(record)
    decided = (provenance.actor, provenance.on, recorder_of(session, provenance))
    known_by, documents = (provenance.source, provenance.key), checked_documents(evidence)
    act = Act(trigger, *decided, documents, inspection, provenance.reason, successor, *known_by)
    if act.key is not None:
        event = _event_for_key(session, known, act, provenance)
        if (first := session.repeated(event)) is not None:
            return first
    session.check_not_withdrawn(known)
    signers = (document.signed_by for document in act.evidence if document.signed_by)
    check_people(session, known, (act.actor.person, act.recorded_by, *signers))
    for document in act.evidence:
        check_document_kept(session, document)
    done = act_on(session, known, act)
    if inspection is not None:
        check_inspection(session, inspection)
        session.check_not_withdrawn(session.get(inspection))
    return done


def next_acts(
    session: Session, record: str, *, actor: Actor, on: date | None
) -> tuple[NextAct, ...]:
    """Return what may be done next with a record; see `Register.next_acts`."""
    check_text(record, "the record's id")
    check_actor(actor)
    known = session.get(record)
    session.check_not_withdrawn(known)
    check_people(session, known, (actor.person,))
    if not session.services.kept_rules.is_writable(known.lifecycle):
        return ()
    day = session.today if on is None else on
    check_not_future(session, day, record)
    acts = acts_by_rules(session.lifecycle(known), known, actor, session.context, on=day)
    return tuple([_in_hierarchy(session, known, act, actor, day) for act in acts])


def _in_hierarchy(
    session: Session, record: Record, act: NextAct, actor: Actor, on: date
) -> NextAct:
    """Return an act with what its parent and children say to it, which its own rules do not."""
    if act.allowed and (record.parent or record.children or record.successor):
        try:
            with session.trial():
                act_on(session, record, Act(act.trigger, actor, on, actor.person))
        except Refused as refused:
            needs = next((reason.asks for reason in refused.reasons), ())
            return evolve(act, allowed=False, needs=needs, refusal=refused.refusal)
    return act


def _event_for_key(session: Session, record: Record, act: Act, provenance: Provenance) -> Event:
    """Return an act as the event it would be, to compare it with an earlier one of its key."""
    what = TransitionTaken(
        trigger=act.trigger,
        old=record.state,
        new=record.state,
        evidence=act.evidence,
        inspection=act.inspection,
        successor=act.successor,
    )
    return new_event(session, what, record.id, record.number + 1, provenance)


def attach(session: Session, record: str, document: Document, *, provenance: Provenance) -> Event:
    """Attach a kept document to a record; it can count for an act in the same window."""
    check_text(record, "the record's id")
    known = session.get(record)
    check_document(document)
    on = provenance.on
    event = new_event(session, Attached(document), record, known.number + 1, provenance)
    if (first := session.repeated(event)) is not None:
        return first
    session.check_not_withdrawn(known)
    check_people_of_event(session, known, event)
    check_follows(session, on, known)
    check_document_kept(session, document)
    if is_signed_later(document, on):
        why = f"is signed on {document.signed_on}, after the {on} that it is attached on"
        instead = "attach it on the day of its signature, or later"
        raise InvalidRequest(f"the document {document.name!r}", why, instead)
    take(session, event, known)
    return event


def keep(
    session: Session,
    content: bytes,
    *,
    kind: str,
    name: str,
    signed_by: str | None,
    signed_on: date | None,
) -> Document:
    """Keep a document with the session's batch, and return what acts refer to it by."""
    document = describe_document(content, kind, name, signed_by=signed_by, signed_on=signed_on)
    session.keep_document(document.digest, content)
    session.keep_document(*description_of(document))
    return document


def check_document_kept(session: Session, document: Document) -> None:
    """Refuse a document that is not kept here, or that was not kept as what it is said to be.

    Raises:
        UnknownDocument: Its content is not kept here.
        InvalidRequest: It was kept as another kind, or signed otherwise.
    """
    if document.signed_on is not None:
        check_date(document.signed_on, f"the document {document.name!r}")
    if document.size == 0:
        raise InvalidRequest(f"the document {document.name!r}", "holds nothing", NOTHING_HELD)
    if not session.has_document(description_of(document)[0]):
        if not session.has_document(document.digest):
            raise UnknownDocument(document.digest)
        raise not_kept_so(document)
    kinds = session.rulebook.vocabulary.evidence
    if document.kind not in kinds:
        raise InvalidRequest(
            f"the document {document.name!r}",
            f"is of the unknown kind {document.kind!r}",
            f"use one of {', '.join(sorted(kinds))}",
        )


def _check_questions(session: Session, category: Category, record: Record) -> None:
    """Refuse a question that is none of its set, as a record would say it."""
    sets, day, force = session.rulebook.vocabulary.question_sets, record.issued, record.force
    check_questions(sets, category, record.fields, record=record.id, day=day, force=force)


def amend(
    session: Session, record: str, field: str, new: FieldInput | None, *, provenance: Provenance
) -> Event:
    """Change a field, or unset it with None, and the days that count from it."""
    check_text(record, "the record's id")
    known = session.get(record)
    category = category_of(session, known.category)
    check_text(field, f"{record}: the field's name")
    value = None if new is None else checked_value(category, field, new, record=record)
    what = Amended(field, known.fields.get(field), value)
    event = new_event(session, what, record, known.number + 1, provenance)
    first = session.repeated(event)
    if first is not None:
        return first
    session.check_not_withdrawn(known)
    check_people_of_event(session, known, event)
    check_follows(session, provenance.on, known)
    check_text(provenance.reason, f"{record}: the reason")
    check_change(category, field, what.old, value, record=record)
    check_amender(session, known, field, event, partial(session.history, record))
    fields = {name: kept for name, kept in known.fields.items() if name != field}
    given = {} if value is None else {field: value}
    checked_days(fields | given, record=record)
    if field in QUESTION_FIELDS:
        _check_questions(session, category, evolve(known, fields=fields | given))
    check_references(session, category, given, record=record)
    if category.fields[field].type == "person" and isinstance(value, str):
        for used in uses_of(value, known, session.scope):
            if are_alike(value, f"{what.old}"):
                check_respelt(session, known, used, f"{what.old}")
            else:
                check_names(session, record, [used])
    _take_counted_days(session, category, known, event)
    return event


def _take_counted_days(
    session: Session, category: Category, before: Record, amendment: Event
) -> None:
    """Take an amendment, and move the days that were counted from what it changes."""
    after = take(session, amendment, before)
    for name, rule in category.fields.items():
        if rule.counts_from is None or not is_counted(rule, name, before.fields):
            continue
        old, day = before.fields.get(name), counted_day(rule, name, after.fields, record=after.id)
        if day is not None and day != old:
            what = Amended(name, old, day)
            event = evolve(amendment, number=after.number + 1, what=what, key=None)
            after = take(session, event, after)


def appoint(
    session: Session,
    person: str,
    role: str,
    *,
    force: str,
    first_day: date,
    last_day: date | None,
    provenance: Provenance,
) -> Event:
    """Record that a person holds a role in a force from its first to its last day, inclusive."""
    role_of(session, role)
    check_name(person, "the person appointed")
    check_date(first_day, "the first day")
    if last_day is not None:
        check_date(last_day, "the last day")
    issued = min(first_day, session.today)
    last = {} if last_day is None else {"last_day": last_day}
    return add(
        session,
        appointment_id(force, role, person, f"{first_day}"),
        category="appointment",
        force=force,
        issued=issued,
        level=None,
        fields={"person": person, "role": role, "first_day": first_day, **last},
        parent=None,
        provenance=evolve(provenance, on=issued),
    )
