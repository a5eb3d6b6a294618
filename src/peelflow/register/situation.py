"""Read the records that stand around a decision: appointments and inspections."""

from __future__ import annotations

from datetime import date

from peelflow.model.judgement import Appointment, Inspection
from peelflow.model.records import Record

APPOINTMENT = "appointment"


def appointment_of(record: Record) -> Appointment:
    """Return what an appointment record says."""
    last = _text(record, "last_day")
    return Appointment(
        person=_text(record, "person"),
        role=_text(record, "role"),
        force=record.force,
        first_day=date.fromisoformat(_text(record, "first_day")),
        last_day=date.fromisoformat(last) if last else None,
    )


def inspection_of(record: Record) -> Inspection:
    """Return what an inspection record says."""
    questions = record.fields.get("questions", ())
    return Inspection(
        id=record.id,
        kind=_text(record, "kind"),
        first_day=date.fromisoformat(_text(record, "first_day")),
        last_day=date.fromisoformat(_text(record, "last_day")),
        questions=frozenset(questions),
    )


def _text(record: Record, name: str) -> str:
    value = record.fields.get(name, "")
    return value if isinstance(value, str) else ""
