"""Bring to an act what stands outside the record: an inspection, documents, people appointed."""

from __future__ import annotations

from datetime import date

from attrs import evolve

from peelflow.engine.evidence import find_document, window_of
from peelflow.engine.inspections import covers, of_one_set
from peelflow.engine.needed import QUESTION, inspection_need
from peelflow.engine.plan import Plan, Task, context_of, holders_of
from peelflow.engine.terrain import IMAGINED
from peelflow.model.judgement import Appointment, Inspection
from peelflow.model.needs import (
    AppointmentNeed,
    DocumentNeed,
    InspectionNeed,
    KnownInspection,
    SourceNeed,
)
from peelflow.model.records import Act, Actor, Attachment, Document
from peelflow.model.requirements import Evidence, InspectionHeld


def visit(plan: Plan, tasks: tuple[Task, ...]) -> bool:
    """Name one inspection that meets every task: the soonest known one that could, or a new one."""
    asked = [task.atom for task in tasks if isinstance(task.atom, InspectionHeld)]
    if not asked:
        return True
    kinds = {each.inspection for each in asked} - {"any"}
    never = any(window_of(plan.record, each.since) is None for each in asked)
    if never or len(kinds) > 1 or any(t.by_system for t in tasks if t.atom in asked):
        return False
    relevant = any(each.relevant for each in asked)
    strictest = InspectionHeld(min(kinds, default="any"), relevant)
    need = inspection_need(strictest, plan.record)
    windows = [window_of(plan.record, each.since) or plan.record.window for each in asked]
    need = evolve(need, ends_from=max(window.on for window in windows))
    if relevant and need.question is None and not plan.set_field(QUESTION):
        return False
    return _named(plan, need, relevant=relevant)


def _named(plan: Plan, need: InspectionNeed, *, relevant: bool) -> bool:
    asked = "" if relevant and need.question is None else need.question
    known = [one for one in plan.around.inspections if _could_do(plan, one, need, asked)]
    known.sort(key=lambda one: (one.first_day, one.id))
    said = tuple(KnownInspection(one.id, one.first_day, one.last_day) for one in known)
    plan.needs.append(evolve(need, known=said))
    if known:
        plan.wait_for(known[0].first_day)
        plan.inspection = known[0]
        return True
    kind = "planned" if need.kind == "any" else need.kind
    question = plan.record.fields.get(QUESTION)
    covered = frozenset({question} if isinstance(question, str) else ())
    plan.inspection = Inspection(
        f"an inspection in step {plan.at.acts + 1}",
        kind,
        plan.day,
        plan.day,
        covered,
        force=plan.record.force,
    )
    return True


def _could_do(plan: Plan, one: Inspection, need: InspectionNeed, question: str | None) -> bool:
    """Say whether a known inspection could do; a question that is not known yet, none covers."""
    return (
        one.force == plan.record.force
        and need.kind in ("any", one.kind)
        and one.last_day >= need.ends_from
        and (question is None or (of_one_set(plan.record, one) and covers(one.questions, question)))
    )


def bring(plan: Plan, task: Task) -> bool:
    """Bring a document: one that the record has, or a new one; attached before peelflow acts."""
    asked = task.atom
    if not isinstance(asked, Evidence):
        return True
    if window_of(plan.record, asked.since) is None:
        return task.later
    found = find_document(asked, plan.record, _bare(plan), context_of(plan, {}))
    signers = tuple(dict.fromkeys(who for who, _ in holders_of(plan, asked.signed_by)))
    need = DocumentNeed(asked.evidence, asked.signed_by, plan.day, beforehand=task.by_system)
    if isinstance(found, Document) and not task.later:
        plan.needs.append(evolve(need, attached=found.name))
        return True
    plan.needs.append(evolve(need, signers=signers))
    if asked.signed_by and not signers:
        plan.needs.append(AppointmentNeed(asked.signed_by, plan.day))
    _write(plan, asked, attach=task.by_system)
    return True


def _write(plan: Plan, asked: Evidence, *, attach: bool) -> None:
    """Imagine a new document, signed by one who may."""
    signed_by, signed_on = None, None
    roles = "".join(sorted(asked.signed_by))
    if asked.signed_by:
        signed_by, signed_on = f"whoever holds {asked.signed_by[0]}", plan.day
        plan.appointments.append(_from(plan, signed_by, asked.signed_by[0], plan.day))
    number = plan.record.number + 1
    digest = f"{IMAGINED}{number}.{len(plan.needs)}"
    name = f"{asked.evidence} {roles}"
    document = Document(digest, asked.evidence, name, 0, signed_by, signed_on)
    if attach:
        held = (*plan.record.attachments, Attachment(document, number))
        plan.record = evolve(plan.record, attachments=held, number=number)
    else:
        plan.evidence.append(document)


def appoint(plan: Plan) -> bool:
    """See to it that somebody holds a role to act in, and say where a source is needed."""
    roles = plan.lifecycle.roles
    plan.holders = tuple(held for held in holders_of(plan, plan.roles) if held[0] not in plan.than)
    if plan.by_system:
        return True
    if all(roles[role].by_appointment for role in plan.roles) and not plan.holders:
        plan.needs.append(AppointmentNeed(plan.roles, plan.day))
    if any(roles[role].side == "inspectorate" for role in plan.roles):
        plan.needs.append(SourceNeed())
    plan.appointments += [_from(plan, plan.doer, role, plan.day) for role in plan.roles]
    return True


def _bare(plan: Plan) -> Act:
    """Return the act without any offer."""
    return Act(plan.way.rule.trigger, Actor(plan.doer, ""), plan.day, "")


def _from(plan: Plan, person: str, role: str, day: date) -> Appointment:
    return Appointment(person, role, plan.record.force, day)
