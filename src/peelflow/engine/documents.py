"""Find the document that meets a requirement, and say for which steps one is used up.

A document counts once for each national step that asks for it. What the force does with it, in a
step of its own or in one that it tightened, never takes it from a step of somebody else's.
"""

from __future__ import annotations

from datetime import date

from peelflow.model.decisions import Act, Appointment, Context
from peelflow.model.records import OWN_STEP, Document, Moment, Record
from peelflow.model.requirements import Evidence
from peelflow.results import frozen


@frozen
class DocumentUse:
    """How a transition uses documents.

    Attributes:
        step: The national trigger that it answers, `OWN_STEP` where it answers none; None where
            nothing is known of it, so that a document which counted once counts no more.
        is_theirs: Whether others than the force may take it.
        sent_back_by: The triggers of its lifecycle that send a record back, or re-open it.
    """

    step: str | None = None
    is_theirs: bool = False
    sent_back_by: frozenset[str] = frozenset()

    def is_used_up(self, document: Document, record: Record) -> bool:
        """Say whether a document counted for a step after which it does not count for this one."""
        if document.digest not in record.spent:
            return False
        steps = record.spent_for.get(document.digest)
        if steps is None or self.step is None or self.step == OWN_STEP:
            return True
        return self.step in steps if self.is_theirs else any(step != OWN_STEP for step in steps)


ANY_USE = DocumentUse()


def window_start(record: Record, since: str | None) -> Moment | None:
    """Return where the window begins: the record's own, or when `since` was last entered."""
    return record.entered.get(since) if since else record.window


def is_appointed_on(appointment: Appointment, force: str, day: date) -> bool:
    """Say whether an appointment holds in a force on a day."""
    return (
        appointment.force == force
        and appointment.first_day <= day
        and (appointment.last_day is None or day <= appointment.last_day)
    )


def has_appointment(
    appointments: tuple[Appointment, ...],
    person: str,
    roles: tuple[str, ...],
    force: str,
    day: date,
) -> bool:
    """Say whether a person held one of these roles, in a force, on a day."""
    # A loop rather than `any`: this runs once a letter, and a generator costs more than the rest.
    for appointment in appointments:
        if (
            appointment.person == person
            and appointment.role in roles
            and is_appointed_on(appointment, force, day)
        ):
            return True
    return False


def signing_forces(requirement: Evidence, record: Record, context: Context) -> tuple[str, ...]:
    """Return the forces whose signature a document needs, one document for each.

    That is the lead force's alone, unless the vocabulary asks for that of each force.
    """
    each = requirement.signed_by and context.each_force_signs
    return record.forces if each else (record.force,)


def say_never_entered(state: str | None) -> str:
    """Say that a requirement counts from a state that the record was never in."""
    return f"`{state}` was never entered"


def signed_from(
    record: Record, use: DocumentUse, context: Context | None = None
) -> tuple[date, str]:
    """Return the first day on which a letter that counts may be signed, and what happened then.

    Who signs says how the record stands: not before it was issued, nor before it was last sent
    back or re-opened.
    """
    sent_back = [record.done[trigger].on for trigger in use.sent_back_by if trigger in record.done]
    if context is not None and context.sent_back is not None:
        sent_back.append(context.sent_back)
    last = max(sent_back, default=record.issued)
    if last > record.issued:
        return last, "the record was last sent back or re-opened"
    return record.issued, "the record was issued"


def find_document(
    requirement: Evidence,
    record: Record,
    act: Act,
    context: Context,
    use: DocumentUse = ANY_USE,
    *,
    force: str | None = None,
) -> Document | str:
    """Return the document that meets a requirement, or what is so instead.

    Args:
        requirement: What is asked for.
        record: The record as it stands.
        act: What offers documents.
        context: Who holds which role.
        use: How the transition that asks for it uses documents.
        force: The force whose signature is asked for; the record's lead force's if left out.
    """
    window = window_start(record, requirement.since)
    if window is None:
        return say_never_entered(requirement.since)
    documents, first_number = act.evidence, window.number
    if record.attachments:
        attached = (item.document for item in record.attachments if item.number > first_number)
        documents = (*documents, *attached)
    faults: list[str] = []
    for document in documents:
        if document.kind == requirement.evidence:
            fault = _document_fault(
                document, requirement, record, act, context, use=use, force=force or record.force
            )
            if fault is None:
                return document
            faults.append(f"`{document.name}` {fault}")
    none = f"no `{requirement.evidence}` is offered, or attached since {window.on}"
    return " and ".join(faults) or none


def _document_fault(
    document: Document,
    requirement: Evidence,
    record: Record,
    act: Act,
    context: Context,
    *,
    use: DocumentUse,
    force: str,
) -> str | None:
    if use.is_used_up(document, record):
        return "already counted for an earlier act of this record"
    if document.signed_on is not None and document.signed_on > act.on:
        return f"is signed on {document.signed_on}, after the act's date {act.on}"
    if not requirement.signed_by:
        return None
    if document.signed_by is None:
        return "is not signed"
    if document.signed_on is None:
        return "does not say when it was signed"
    signer, day = document.signed_by, document.signed_on
    first_day, why = signed_from(record, use, context)
    if day < first_day:
        return f"is signed on {day}, before {why} on {first_day}"
    if has_appointment(context.appointments, signer, requirement.signed_by, force, day):
        return None
    where = f" in {force}" if record.joint_with else ""
    return f"is signed by {signer}, who held no such role{where} on {day}"
