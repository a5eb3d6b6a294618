"""What a record's first event says, set right: its force, category, level, parent, days and fields.

What is not named stays as it was said. The rules are chosen anew only where what they are chosen by
is another: a record of another force keeps the version that it was entered under.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict

from attrs import evolve

from peelflow.engine.fold import changes_on_made_joint
from peelflow.errors import InvalidRequest, NotPermitted
from peelflow.model.records import (
    Added,
    Event,
    Joint,
    MadeJoint,
    ParentLinked,
    Provenance,
    Record,
    TakenOver,
)
from peelflow.model.rules import Level, Lifecycle, Pin
from peelflow.register.commands import (
    check_may_be_added,
    link_to_parent,
    new_event,
    take,
)
from peelflow.register.hierarchy import checked_parent, each_below
from peelflow.register.joint import check_id_is_free, checked_joint, joint_of, with_joint
from peelflow.register.known_names import UsedName
from peelflow.register.look_alikes import check_names, check_people_of_event
from peelflow.register.questions import check_questions
from peelflow.register.session import Session
from peelflow.register.taken_over import check_taken_over, check_word
from peelflow.register.validation import (
    FieldInput,
    category_of,
    check_follows,
    check_graded,
    check_level,
    check_name,
    check_not_future,
    check_one_of,
    check_references,
    check_text,
    check_type,
    checked_fields,
    is_counted,
    role_of,
    rule_of_field,
)
from peelflow.stores.base import OWN_ID_MARK
from peelflow.wording import say_forces


class EntryValues(TypedDict, total=False):
    """What a record should have been entered with; what is left out was right.

    `fields` names those that were wrong alone, None for one that should not be there. `state` is of
    a record that was taken over.
    """

    force: str
    category: str
    level: Level
    parent: str | None
    issued: date
    graded: date | None
    fields: Mapping[str, FieldInput | None]
    state: str
    joint: Joint


def entered_anew(
    session: Session, first: Event, values: EntryValues
) -> tuple[Added | TakenOver, date]:
    """Return what a first event should have been, and its day.

    Args:
        session: What knows the rules.
        first: The event as it stands, corrected by now.
        values: What it should have said.

    Raises:
        InvalidRequest: A value cannot be meant, or no rules are for such a record.
    """
    old, record = first.what, first.record
    if not isinstance(old, (Added, TakenOver)):
        raise TypeError(first)
    check_type(values, Mapping, f"{record}: what it should have been,", "give a dict")
    for name in values:
        check_one_of(name, EntryValues.__annotations__, f"{record}: what is entered anew,")
    said = _said_by(old, first.on)
    wanted: dict[str, Any] = {**said, **values}
    _check_values(session, record, wanted, values)
    if wanted["force"] != old.force:
        _check_id(session, record, wanted["force"])
    _check_state(record, old, values)
    fields = _fields_anew(session, old, record, wanted, values.get("fields", {}))
    names = ("force", "category", "level", "parent", "graded")
    plain = evolve(old, **{name: wanted[name] for name in names}, fields=fields)
    what = with_joint(session, record, plain, wanted["joint"])
    on: date = wanted["issued"] if isinstance(old, Added) else first.on
    check_graded(
        record, what.graded, level=what.level, issued=wanted["issued"], on=max(on, session.today)
    )
    # What is taken over goes by the day of its level, or that as at which it is, not by its issue.
    chosen_by = ("category", "level", "graded", *["issued"] * isinstance(old, Added))
    rules = session.services.lifecycle_of(old.lifecycle)
    if [wanted[name] for name in chosen_by] != [said[name] for name in chosen_by]:
        rules = _rules_anew(session, old, first.on, what, on)
    entered = _under(session, rules, what, record, wanted, on=on)
    if (entered.lifecycle, entered.state) != (old.lifecycle, old.state):
        check_word(rules, first, entered, session.rulebook.vocabulary.roles)
    return entered, on


def _rules_anew(
    session: Session, old: Added | TakenOver, began: date, new: Added | TakenOver, begins: date
) -> Lifecycle:
    """Return the rules that a record should have begun under.

    Those that it did begin under, where a later version took their place on both days alike.
    """
    chosen = session.rulebook.lifecycle_for(new.category, new.level, new.graded or begins)
    is_as_chosen = _rules_now(session, old, began) == chosen.pin
    return session.services.lifecycle_of(old.lifecycle) if is_as_chosen else chosen


def _rules_now(session: Session, entry: Added | TakenOver, on: date) -> Pin | None:
    """Return the rules that a record that begins so would take now; None where there are none."""
    try:
        return session.rulebook.lifecycle_for(entry.category, entry.level, entry.graded or on).pin
    except InvalidRequest:
        return None


def _said_by(old: Added | TakenOver, on: date) -> dict[str, Any]:
    issued = old.issued if isinstance(old, TakenOver) else on
    names = ("force", "category", "level", "parent", "graded", "state")
    said = {name: getattr(old, name) for name in names}
    return {**said, "issued": issued, "joint": joint_of(old)}


def _check_values(
    session: Session, record: str, wanted: Mapping[str, Any], values: EntryValues
) -> None:
    check_name(wanted["force"], f"{record}: the force")
    check_level(wanted["level"], record)
    check_not_future(session, wanted["issued"], record)
    category_of(session, wanted["category"])
    if wanted["parent"] is not None:
        check_text(wanted["parent"], f"{record}: its parent")
    check_type(values.get("fields", {}), Mapping, f"{record}: its fields", "give a dict")


def _check_id(session: Session, record: str, force: str) -> None:
    """Refuse to give another force a record whose id says whose it is, or that it has one of."""
    if OWN_ID_MARK in record:
        why = "is called by the force that has it, beside another's record of that id"
        raise InvalidRequest(record, why, f"withdraw it, and enter it anew for {force}")
    check_id_is_free(session, record, force)


def _check_state(record: str, old: Added | TakenOver, values: EntryValues) -> None:
    if "state" in values and not isinstance(old, TakenOver):
        why = "was added, and so begins in the initial state of its rules"
        raise InvalidRequest(f"{record}: its state", why, "leave it out")


def _fields_anew(
    session: Session,
    old: Added | TakenOver,
    record: str,
    wanted: Mapping[str, Any],
    given: Mapping[str, FieldInput | None],
) -> Mapping[str, Any]:
    """Return fields with some of them set right, and the days that count from them."""
    declared = category_of(session, old.category).fields
    kept = {
        name: value
        for name, value in old.fields.items()
        if name not in given
        and not (
            name in declared
            and declared[name].counts_from
            and is_counted(declared[name], name, old.fields)
        )
    }
    kind = category_of(session, wanted["category"])
    for name in given.keys() - old.fields.keys():
        rule_of_field(kind, name, f"{record}: the field `{name}`")
    named = {name: value for name, value in given.items() if value is not None}
    fields = checked_fields(kind, {**kept, **named}, record=record)
    sets, day, force = session.rulebook.vocabulary.question_sets, wanted["issued"], wanted["force"]
    check_questions(sets, kind, fields, record=record, day=day, force=force)
    check_references(session, kind, fields, record=record)
    return fields


def _under(
    session: Session,
    rules: Lifecycle,
    what: Added | TakenOver,
    record: str,
    wanted: Mapping[str, Any],
    *,
    on: date,
) -> Added | TakenOver:
    """Return a beginning under its rules."""
    if isinstance(what, TakenOver):
        check_taken_over(rules, record, issued=wanted["issued"], on=on, state=wanted["state"])
        taken = evolve(what, issued=wanted["issued"], state=wanted["state"])
        return evolve(taken, lifecycle=session.keep_lifecycle(rules))
    check_may_be_added(
        session.rulebook, rules, record, category=wanted["category"], level=wanted["level"]
    )
    pin = session.keep_lifecycle(rules)
    return what if pin == what.lifecycle else evolve(what, lifecycle=pin, state=rules.initial)


def link(session: Session, record: str, parent: str, *, provenance: Provenance) -> Event:
    """Put a record under a parent, from a day on after it was entered."""
    check_text(record, "the record's id")
    check_text(parent, f"{record}: its parent")
    known = session.get(record)
    what = ParentLinked(parent)
    event = new_event(session, what, record, known.number + 1, provenance)
    first = session.repeated(event)
    if first is not None:
        return first
    session.check_not_withdrawn(known)
    check_people_of_event(session, session.get(parent), event)
    check_people_of_event(session, known, event)
    check_follows(session, provenance.on, known)
    if known.parent is not None:
        why = f"is {known.parent} already"
        raise InvalidRequest(f"{record}: its parent", why, "correct what put it there")
    linked = evolve(known, parent=parent)
    checked_parent(session, linked)
    after = take(session, event, known)
    link_to_parent(session, session.get(parent), after, event, verb="link")
    return event


SAYING_SIDES = ("force", "inspectorate")
"""The sides that say of which forces a record is; the others only look."""


def make_joint(session: Session, record: str, joint: Joint, *, provenance: Provenance) -> Event:
    """Make a record joint with other forces from a day on, and what lies below it too."""
    check_text(record, "the record's id")
    known = session.get(record)
    new = checked_joint(session, record, known.force, known.category, joint)
    what = MadeJoint(known.joint_with, new.forces, new.acts)
    event = new_event(session, what, record, known.number + 1, provenance)
    first = session.repeated(event)
    if first is not None:
        return first
    session.check_not_withdrawn(known)
    check_text(provenance.reason, f"{record}: the reason")
    if new == joint_of(known):
        raise InvalidRequest(record, f"is of {say_forces(known)} already", "name other forces")
    if known.parent is not None:
        why = f"lies below {known.parent}, and is of its forces"
        raise InvalidRequest(record, why, f"make {known.parent} joint: what lies below follows")
    if role_of(session, event.actor.role).side not in SAYING_SIDES:
        why = "says of no record of which forces it is"
        raise NotPermitted(f"{event.actor}", why, "let its lead force or the inspectorate do it")
    check_names(session, record, [UsedName("force", force) for force in new.forces])
    check_people_of_event(session, known, event)
    return take_made_joint(session, known, event, new)


def take_made_joint(session: Session, known: Record, event: Event, new: Joint) -> Event:
    """Take a record's change of forces, and that of each record that lies below it.

    Args:
        session: What knows the records.
        known: The record.
        event: Who decides it, when and why.
        new: The forces, as they are kept.

    Raises:
        InvalidRequest: One of them has a record of its own of that id, or the day is too early.
    """
    for force in new.forces:
        check_id_is_free(session, known.id, force)
    check_follows(session, event.on, known)
    what = MadeJoint(known.joint_with, new.forces, new.acts)
    changes = changes_on_made_joint(known, what, event.on, session.services.lifecycle_of)
    number = known.number + 1
    made = evolve(event, record=known.id, number=number, what=what, changes=changes)
    take(session, made, known)
    for child in map(session.get, each_below(session, known)):
        take_made_joint(session, child, evolve(event, key=None), new)
    return made
