"""Read what a record beside the one acted on says: an appointment, an inspection, a child."""

from __future__ import annotations

from datetime import date

from peelflow.model.decisions import Appointment, Child, Inspection
from peelflow.model.records import Record
from peelflow.model.rules import Lifecycle

_INSPECTION_FIELDS = ("kind", "first_day", "last_day")
_NOT_HELD = ("cancelled", "postponed")
"""The national states in which an inspection is not held."""


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


def inspection_of(record: Record, lifecycle: Lifecycle) -> Inspection | None:
    """Return what an inspection record says; None while it is not held, so verifies nothing.

    That is one without its kind and days yet, and one that was postponed or cancelled: in a state
    that stands for that nationally, whatever the force's own rules call it.
    """
    is_known = all(name in record.fields for name in _INSPECTION_FIELDS)
    if not is_known or lifecycle.stands_for(record.state) in _NOT_HELD:
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
        joint_with=record.joint_with,
    )


def child_of(record: Record, lifecycle: Lifecycle) -> Child:
    """Return a child as its parent sees it."""
    return Child(record.id, lifecycle.states[record.state].counts_as, record.fields)


def _text_field(record: Record, name: str) -> str:
    value = record.fields.get(name, "")
    return value if isinstance(value, str) else ""
