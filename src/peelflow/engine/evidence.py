"""Judge documents and people: which letter counts, who may act, who held which role on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from peelflow.model.judgement import Appointment, Context
from peelflow.model.records import Act, Document, Moment, Record
from peelflow.model.requirements import Evidence
from peelflow.model.rules import Role


def window_of(record: Record, since: str | None) -> Moment | None:
    """Return where the window begins: the record's own, or when `since` was last entered."""
    return record.entered.get(since) if since else record.window


def find_document(asked: Evidence, record: Record, act: Act, context: Context) -> Document | str:
    """Return the document that answers `asked`, or what was found instead."""
    window = window_of(record, asked.since)
    if window is None:
        return f"`{asked.since}` was never entered"
    documents, begun = act.evidence, window.number
    if record.attachments:
        attached = [held.document for held in record.attachments if held.number > begun]
        documents = (*documents, *attached)
    faults: list[str] = []
    for document in documents:
        if document.kind == asked.evidence:
            fault = _fault_of(document, asked, record, act, context)
            if fault is None:
                return document
            faults.append(f"`{document.name}` {fault}")
    return (
        " and ".join(faults) or f"no `{asked.evidence}` is offered, or attached since {window.on}"
    )


def _fault_of(
    document: Document, asked: Evidence, record: Record, act: Act, context: Context
) -> str | None:
    if document.digest in record.spent:
        return "already counted for an earlier act of this record"
    if document.signed_on is not None and document.signed_on > act.on:
        return f"is signed on {document.signed_on}, after the act's date {act.on}"
    if not asked.signed_by:
        return None
    if document.signed_by is None:
        return "is not signed"
    if document.signed_on is None:
        return "does not say when it was signed"
    signer, day = document.signed_by, document.signed_on
    if _held(context.appointments, signer, asked.signed_by, record.force, day):
        return None
    return f"is signed by {document.signed_by}, who held no such role on {document.signed_on}"


def may_act(roles: Mapping[str, Role], record: Record, act: Act, context: Context) -> bool:
    """Say whether the day can be, the acting role is held, and a decision names its source.

    The acting role is one that a checked lifecycle names, so it is among its `roles`.
    """
    if not record.on <= act.on <= context.today:
        return False
    role = roles[act.actor.role]
    if lacks_source(role, act):
        return False
    return not role.by_appointment or holds_role(record, act, context)


def lacks_source(role: Role, act: Act) -> bool:
    """Say whether an inspectorate's decision lacks the source it was read from."""
    return role.side == "inspectorate" and not (act.source and act.source.strip())


def holds_role(record: Record, act: Act, context: Context) -> bool:
    """Say whether the actor held the acting role, in the record's force, on the act's date."""
    actor = act.actor
    return _held(context.appointments, actor.person, (actor.role,), record.force, act.on)


def holds(held: Appointment, force: str, day: date) -> bool:
    """Say whether an appointment holds in a force on a day."""
    return (
        held.force == force
        and held.first_day <= day
        and (held.last_day is None or day <= held.last_day)
    )


def _held(
    appointments: tuple[Appointment, ...],
    person: str,
    roles: tuple[str, ...],
    force: str,
    day: date,
) -> bool:
    # A loop rather than `any`: this runs once a letter, and a generator costs more than the rest.
    for held in appointments:
        if held.person == person and held.role in roles and holds(held, force, day):
            return True
    return False
