"""Judge documents and people: which letter counts, and who held which role on a day."""

from __future__ import annotations

from datetime import date

from peelflow.model.judgement import Appointment, Context
from peelflow.model.records import Act, Document, Moment, Record
from peelflow.model.requirements import Evidence


def window_of(record: Record, since: str | None) -> Moment | None:
    """Return where the window begins: the record's own, or when `since` was last entered."""
    return record.entered.get(since) if since else record.window


def find_document(
    asked: Evidence, record: Record, act: Act, context: Context
) -> tuple[Document | None, str]:
    """Return the document that answers `asked`; else None and what was found instead."""
    window = window_of(record, asked.since)
    if window is None:
        return None, f"`{asked.since}` was never entered"
    attached = [held.document for held in record.attachments if held.number > window.number]
    found = f"no `{asked.evidence}` is offered, or attached since {window.on}"
    for document in (*act.evidence, *attached):
        if document.kind != asked.evidence:
            continue
        fault = _fault_of(document, asked, record, act, context)
        if fault is None:
            return document, ""
        found = f"`{document.name}` {fault}"
    return None, found


def _fault_of(
    document: Document, asked: Evidence, record: Record, act: Act, context: Context
) -> str | None:
    if document.digest in record.spent:
        return "already counted for an earlier act of this record"
    if document.signed_on is not None and document.signed_on > act.on:
        return f"is signed on {document.signed_on}, after the act's date {act.on}"
    if not asked.signed_by:
        return None
    if document.signed_by is None or document.signed_on is None:
        return "is not signed"
    signer, day = document.signed_by, document.signed_on
    if _held(context.appointments, signer, asked.signed_by, record.force, day):
        return None
    return f"is signed by {document.signed_by}, who held no such role on {document.signed_on}"


def holds_role(record: Record, act: Act, context: Context) -> bool:
    """Say whether the actor held the acting role, in the record's force, on the act's date."""
    actor = act.actor
    return _held(context.appointments, actor.person, (actor.role,), record.force, act.on)


def _held(
    appointments: tuple[Appointment, ...],
    person: str,
    roles: tuple[str, ...],
    force: str,
    day: date,
) -> bool:
    return any(
        held.person == person
        and held.role in roles
        and held.force == force
        and held.first_day <= day
        and (held.last_day is None or day <= held.last_day)
        for held in appointments
    )
