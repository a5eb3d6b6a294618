"""Hold what a correction brings back, or makes of a record, to what holds of what goes in.

A record that was withdrawn, an act, link or amendment that was void, or what a record was entered
as before: other records went on meanwhile. So its names, what it lies below, what it names and what
names it are asked for as if it came in now; its acts are decided again by `replay`.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from peelflow.engine.fold import fold
from peelflow.errors import InvalidRequest, NotPermitted
from peelflow.model.decisions import Reason, Refused
from peelflow.model.records import Amended, Corrected, Event, Record, TransitionTaken, Value
from peelflow.register.context import APPOINTMENT, check_inspection
from peelflow.register.dependents import OTHER_LEVELS_SINCE, check_standing_acts
from peelflow.register.hierarchy import (
    History,
    checked_parent,
    each_below,
    is_no_child,
    refusal_on,
)
from peelflow.register.look_alikes import check_names_now
from peelflow.register.named_records import check_named_stand
from peelflow.register.permission import check_amender
from peelflow.register.questions import QUESTION_FIELDS, check_questions
from peelflow.register.session import Session
from peelflow.register.successors import check_closed_in_favour, each_naming
from peelflow.register.validation import category_of, check_references


def check_brought_back(session: Session, request: Event, before: Record, after: Record) -> None:
    """Refuse a correction after which a record would stand as none could be entered, or act, now.

    What it does not change is not asked for: it was as it came in, or an earlier peelflow let it.

    Args:
        session: What knows the other records.
        request: The correction.
        before: The record before it.
        after: The record after it, which is not withdrawn.

    Raises:
        Refused: It would name what is withdrawn, or be closed in favour of what is closed in favour
            of it; or what names it could not.
        InvalidRequest: Its parent, its children, its fields or the names in use do not bear it.
    """
    stood = None if before.withdrawn else before
    check_named_stand(session, request, before, after)
    check_closed_in_favour(session, stood, after, request.actor.role)
    if stood is not None and stood.category != after.category:
        _check_naming(session, request, before, after)
    try:
        _check_parent(session, stood, after)
        _check_below(session, after)
        _check_fields(session, stood, after)
        check_names_now(session, stood, after)
    except InvalidRequest as fault:
        if isinstance(request.what, Corrected) and request.what.correction != "void":
            raise
        raise InvalidRequest(fault.what, fault.why, _instead(stood, after)) from None


def check_events_stand(session: Session, before: History, after: History) -> None:
    """Refuse a correction after which an event would stand that nobody could record so.

    An act that comes back names an inspection that is there. Each amendment is held to what others
    did before it, and to who set the field, as both stand by now; one that nobody could have made
    without the correction either is left as it is.

    Args:
        session: What knows the fields and the inspections.
        before: What stands of a record without the correction.
        after: What stands with it.

    Raises:
        Refused: Somebody else's act, which stands, could not have been done with it.
        NotPermitted: It is of a field that another side set.
        InvalidRequest: The inspection that it names is withdrawn, or none.
    """
    stood = {event.number: place for place, event in enumerate(before)}
    for place, event in enumerate(after):
        what = event.what
        if isinstance(what, TransitionTaken) and what.inspection and event.number not in stood:
            check_inspection(session, what.inspection)
            session.check_not_withdrawn(session.get(what.inspection))
        if isinstance(what, Amended):
            fault = _amendment_fault(session, event, what.field, after[:place])
            was = before[: stood.get(event.number, 0)]
            if fault and not (was and _amendment_fault(session, event, what.field, was)):
                raise fault


def _amendment_fault(
    session: Session, event: Event, field: str, earlier: History
) -> Refused | NotPermitted | None:
    """Return why a field could not be amended so by what stands before; None where it could."""
    record, of_other_levels = fold(earlier), event.recorded_at >= OTHER_LEVELS_SINCE
    category = session.rulebook.vocabulary.categories.get(record.category)
    rule = category.fields.get(field) if category is not None else None
    try:
        check_standing_acts(
            session, record, event, lambda: earlier, of_other_levels=of_other_levels
        )
        if rule is not None and rule.counts_from is None:
            check_amender(session, record, field, event, lambda: earlier)
    except (Refused, NotPermitted) as fault:
        return fault
    return None


def _instead(stood: Record | None, after: Record) -> str:
    """Say what to do where a void gives back what cannot stand: what it says cannot be changed."""
    if stood is None:
        return f"set that right first, or enter {after.id} anew under another id"
    return "set that right first, or say anew what should stand"


def _check_naming(session: Session, request: Event, before: Record, after: Record) -> None:
    """Refuse another category of a record where what names it could name none of that."""
    declared = session.rulebook.vocabulary.categories
    reasons = []
    for name, how in each_naming(session, before):
        category = declared.get(session.get(name).category)
        rule = category.fields.get(how) if category is not None and how != "successor" else None
        is_refused = after.category not in rule.to if rule else after.category == APPOINTMENT
        if how != "parent" and is_refused:
            why = f"{name} names it as its {how}, and can name no {after.category} so"
            reasons.append(Reason("not yet", why, f"correct {name} first"))
    if reasons:
        raise Refused(refusal_on(before, "correct", request.actor.role, *reasons))


def _check_parent(session: Session, stood: Record | None, after: Record) -> None:
    """Refuse a record below one that can have none such by now.

    Of which forces both are joint is left out: what comes back follows the one above it.
    """
    place = (after.force, after.category, after.parent)
    was = (stood.force, stood.category, stood.parent) if stood is not None else None
    if after.parent is not None and place != was:
        above = session.get(after.parent)
        joint_with, joint_acts = above.joint_with, above.joint_acts
        checked_parent(session, evolve(after, joint_with=joint_with, joint_acts=joint_acts))


def _check_below(session: Session, after: Record) -> None:
    """Refuse a category that what lies below cannot lie below."""
    for child in map(session.get, each_below(session, after)):
        allowed = child.category in category_of(session, after.category).children
        if not allowed and not is_no_child(session, child.category, after.category):
            raise InvalidRequest(
                f"{after.id}: its child {child.id}",
                f"is a {child.category}, which cannot be below a {after.category}",
                "put it elsewhere first",
            )


def _check_fields(session: Session, stood: Record | None, after: Record) -> None:
    """Refuse what a field says that was not said, and that none could say now."""
    category = session.rulebook.vocabulary.categories.get(after.category)
    if category is None:
        return
    was: Mapping[str, Value] = {} if stood is None else stood.fields
    other = {name: value for name, value in after.fields.items() if value != was.get(name)}
    check_references(session, category, other, record=after.id)
    asked = [*other, *(name for name in was if name not in after.fields)]
    if any(name in QUESTION_FIELDS for name in asked):
        sets, fields = session.rulebook.vocabulary.question_sets, after.fields
        day, force = after.issued, after.force
        check_questions(sets, category, fields, record=after.id, day=day, force=force)
