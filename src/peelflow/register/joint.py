"""Of which forces a record is beside its lead force, and for which of them somebody acts on it.

A joint record counts once in the figures of each of its forces, and once in those of all. Whose
figures it counts in is every force's business, so that is said in a register of every force; what
is entered below a joint record is of the same forces, wherever it is entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from attrs import evolve

from peelflow.engine.fold import as_corrected, begin
from peelflow.errors import InvalidRequest, NotPermitted
from peelflow.model.records import (
    Added,
    Event,
    Joint,
    JointActs,
    MadeJoint,
    Record,
    TakenOver,
)
from peelflow.register.context import APPOINTMENT, ReadSet, unseen_forces
from peelflow.register.validation import check_name, check_one_of, check_type
from peelflow.stores.own_ids import OwnIds
from peelflow.wording import say_acting_forces

OF_ONE_FORCE = (APPOINTMENT, "monitoring_phase", "engage_cause")
"""The categories whose records are one force's: who holds a role in it, and its phase."""
_LIST_NAMES = "give a tuple of names"


def joint_of(what: Record | Added | TakenOver) -> Joint:
    """Return of which other forces a record is, and whose persons act on it.

    Args:
        what: A record, or what its first event says.
    """
    return Joint(what.joint_with, what.joint_acts)


def checked_joint(reads: ReadSet, record: str, force: str, category: str, joint: Joint) -> Joint:
    """Return the forces that a record is to be joint with, as they are kept: sorted, each once.

    Args:
        reads: What knows the records.
        record: The record's id.
        force: Its lead force.
        category: Its category.
        joint: The forces beside its lead force, and whose persons act.

    Raises:
        InvalidRequest: They are no names, the lead force is among them, the record can only be of
            one force, or one of them has a record of its own that is called so.
    """
    what = f"{record}: the forces that it is joint with"
    check_type(joint, Joint, f"{what},", "give a `Joint`")
    given: object = joint.forces
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidRequest(f"{what}, {given!r:.80},", "are no list", _LIST_NAMES)
    forces = tuple(given)
    for each in forces:
        check_name(each, f"{record}: a force that it is joint with")
        if each == force:
            raise InvalidRequest(what, f"have its lead force {force} among them", "leave it out")
        check_id_is_free(reads, record, each)
    if forces:
        _check_category(record, category)
    check_one_of(joint.acts, get_args(JointActs), f"{record}: who acts on it,")
    return Joint(tuple(sorted({*forces})), joint.acts if forces else "lead")


def _check_category(record: str, category: str) -> None:
    if category in OF_ONE_FORCE:
        raise InvalidRequest(
            record, f"is of the category `{category}`, of one force", "enter one for each force"
        )


def check_of_one_force(before: Record | None, after: Record) -> None:
    """Refuse an event after which a record is joint whose category is of one force.

    Args:
        before: The record before the event; None where it is its first.
        after: The record after it.

    Raises:
        InvalidRequest: It is so with that event.
    """
    was = (before.category, before.joint_with) if before is not None else ()
    if after.joint_with and was != (after.category, after.joint_with):
        _check_category(after.id, after.category)


def check_id_is_free(reads: ReadSet, record: str, force: str) -> None:
    """Refuse a force that has a record of its own of the same id: it could not tell them apart.

    Args:
        reads: What knows the records.
        record: The id of a record.
        force: A force that is to have it, too.

    Raises:
        InvalidRequest: The force has one of that id.
    """
    for name in OwnIds(force).names(record)[1:]:
        if (own := reads.find(name)) is not None:
            why = f"{force} has a record of its own of that id, kept as {own.id!r}"
            raise InvalidRequest(record, why, "enter the one that is to be theirs under another id")


def check_ids_stay_apart(reads: ReadSet, before: Record | None, after: Record) -> None:
    """Refuse an event after which a force would have two records that it is shown under one id.

    Args:
        reads: What knows the records.
        before: The record before the event; None where it is its first.
        after: The record after it.

    Raises:
        InvalidRequest: One of its forces has a record of its own of that id.
    """
    if reads.scope is not None:
        return
    if before is None:  # an id that no other record has stands beside one of its own in no force
        new = [force for force in after.forces if OwnIds(force).is_reserved(after.id)]
    else:
        was = (*before.forces, *before.was_joint_with)
        new = [force for force in after.forces if force not in was]
    for force in new:
        check_id_is_free(reads, after.id, force)


def check_shown_id(reads: ReadSet, record: Record) -> None:
    """Refuse a record that a force of its own is shown under the id of another of its records.

    Args:
        reads: What knows the records.
        record: The record.

    Raises:
        InvalidRequest: With the other one.
    """
    for force in (*record.forces, *record.was_joint_with):
        own = OwnIds(force)
        shown = own.shown(record.id)
        for name in own.names(shown) if shown != record.id else ():
            other = reads.find(name) if name != record.id else None
            if other is not None and force in (*other.forces, *other.was_joint_with):
                why = f"is shown to {force} as {shown!r}, as {name!r} is, which it has too"
                instead = "withdraw it, and enter it anew under another id"
                raise InvalidRequest(f"the id {record.id!r}", why, instead)


def with_joint(
    reads: ReadSet, record: str, entry: Added | TakenOver, joint: Joint | None
) -> Added | TakenOver:
    """Return what a record is entered as with the forces that it is of beside its lead force.

    Args:
        reads: What knows the records.
        record: The record's id.
        entry: What its first event says else.
        joint: What is said of them; None for what is so of the record above it, if there is one.
    """
    if joint is None:
        above = reads.find(entry.parent) if isinstance(entry.parent, str) else None
        known = joint_of(above) if above is not None else Joint()
    else:
        known = checked_joint(reads, record, entry.force, entry.category, joint)
    if known == joint_of(entry):
        return entry
    return evolve(entry, joint_with=known.forces, joint_acts=known.acts)


def check_every_force_seen(reads: ReadSet, record: Record, why: str, *, ever: bool = False) -> None:
    """Refuse to judge, in a register for one of a record's forces, by records of the others too.

    Args:
        reads: What knows for which force it is opened.
        record: A record, which may be joint.
        why: What records of its other forces may do.
        ever: Whether those count too that it is of no more.

    Raises:
        InvalidRequest: It is joint, and they are not seen.
    """
    if unseen_forces(reads, record, ever=ever):
        why = f"{why}, and this is opened for {reads.scope}"
        raise InvalidRequest(record.id, why, "open the register without a force")


def check_acted_for(reads: ReadSet, before: Record | None, after: Record) -> None:
    """Refuse to write to a record for a force that does not act on it, or to say whose it is.

    A register for one force acts on what it leads, and on what all its forces act on. Of which
    forces a record is, is said where every force's records are seen.

    Args:
        reads: What knows for which force it acts.
        before: The record before the event; None where it is its first.
        after: The record after it.

    Raises:
        NotPermitted: With who acts on it.
    """
    scope = reads.scope
    if scope is None:
        return
    if before is not None and scope not in before.acting_forces:
        raise NotPermitted(before.id, *say_acting_forces(before, scope))
    known = [Joint() if before is None else joint_of(before)]
    if after.parent is not None:
        known.append(joint_of(reads.get(after.parent)))
    if joint_of(after) not in known:
        why = f"would be said to be of other forces, and this is opened for {scope}"
        raise NotPermitted(after.id, why, "open the register without a force")


def check_joint_days(reads: ReadSet, history: Sequence[Event], correction: Event) -> None:
    """Refuse a correction, in a register for one force, of since when a record is joint.

    What each force counts changes with it, as with who the forces are. A record that is withdrawn,
    or comes back, says nothing of it: what comes back follows what it lies below.

    Args:
        reads: What knows for which force it acts.
        history: The record's events, as they were recorded.
        correction: The event that corrects one of them.

    Raises:
        NotPermitted: With where it is corrected.
    """
    if reads.scope is None:
        return
    before, after = as_corrected(history), as_corrected([*history, correction])
    if before and after and _joint_days(before) != _joint_days(after):
        why = f"would be joint on other days than was said, and this is opened for {reads.scope}"
        raise NotPermitted(correction.record, why, "open the register without a force")


def _joint_days(standing: Sequence[Event]) -> list[object]:
    """Return of which forces a history that stands says its record to be: first, and from when.

    Of one that is of its lead force alone at first, its first day is that force's own.
    """
    later = [(event.on, event.what) for event in standing if isinstance(event.what, MadeJoint)]
    first = begin(standing[0])
    return [joint_of(first), first.on if first.joint_with else None, *later]
