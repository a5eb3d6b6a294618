"""Read what stands around a decision: appointments, inspections, documents."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

from peelflow.model.judgement import Appointment, Child, Inspection
from peelflow.model.records import Document, Record
from peelflow.model.rules import Lifecycle
from peelflow.register.asking import check_date, check_text, check_type

APPOINTMENT = "appointment"
INSPECTION = "inspection"
RESTED_ON = (APPOINTMENT, INSPECTION)
_SAYS = ("kind", "first_day", "last_day")
_CALLED_OFF = {"cancel": "cancelled", "postpone": "postponed"}


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


def inspection_of(record: Record) -> Inspection | None:
    """Return what an inspection record says; None while it is not held, so verifies nothing.

    That is one without its kind and days yet, and one that was postponed or cancelled.
    """
    if any(name not in record.fields for name in _SAYS) or _called_off(record):
        return None
    questions = record.fields.get("questions", ())
    return Inspection(
        id=record.id,
        kind=_text(record, "kind"),
        first_day=date.fromisoformat(_text(record, "first_day")),
        last_day=date.fromisoformat(_text(record, "last_day")),
        questions=frozenset(questions),
        question_set=_text(record, "question_set") or None,
        force=record.force,
    )


def child_of(record: Record, lifecycle: Lifecycle) -> Child:
    """Return a child as its parent sees it."""
    return Child(record.id, lifecycle.states[record.state].counts_as, record.fields)


def described(
    content: bytes, kind: str, name: str, *, signed_by: str | None, signed_on: date | None
) -> Document:
    """Return a document's digest (SHA-256), and what is said of it.

    Raises:
        RequestRefused: The content is no bytes, a word no text, or the day no date.
    """
    check_type(content, bytes, "the content", "give a file's bytes: `path.read_bytes()`")
    check_text(kind, "the document's kind")
    check_text(name, "the document's name")
    if signed_by is not None:
        check_text(signed_by, "who signed the document")
    if signed_on is not None:
        check_date(signed_on, f"the document {name!r:.80}")
    return Document(sha256(content).hexdigest(), kind, name, len(content), signed_by, signed_on)


def is_signed_later(document: Document, on: date) -> bool:
    """Whether a document is signed after a day: it could not be attached by then."""
    return document.signed_on is not None and document.signed_on > on


def _called_off(record: Record) -> bool:
    """Whether the inspection's last national step called it off, or it was taken over so.

    A force's own rules may rename the states, not what HMICFRS does.
    """
    done = (record.done[name] for name in _CALLED_OFF if name in record.done)
    over = any(each.number == record.window.number for each in done)
    return over or record.state in _CALLED_OFF.values()


def _text(record: Record, name: str) -> str:
    value = record.fields.get(name, "")
    return value if isinstance(value, str) else ""
