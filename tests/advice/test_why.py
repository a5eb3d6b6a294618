"""What a refusal asks for as data, once given, is enough."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from peelflow.engine.decide import decide
from peelflow.model.decisions import (
    AnswersNeed,
    Appointment,
    AppointmentNeed,
    Child,
    ChildrenNeed,
    DayNeed,
    DocumentNeed,
    FieldNeed,
    Inspection,
    InspectionNeed,
    Need,
    PersonNeed,
    PredicateNeed,
    ReasonNeed,
    Refusal,
    RoleNeed,
    SourceNeed,
    StepNeed,
    SuccessorNeed,
)
from peelflow.model.records import Actor, Document, Value
from peelflow.model.requirements import InspectionHeld, atoms_of
from peelflow.testing import Situation, situations
from peelflow.testing.strategies import LEDGERS, QUESTIONS

pytestmark = pytest.mark.search

DRAWN = settings(max_examples=250, deadline=None)
LONG_AGO = timedelta(9999)


@DRAWN
@given(situations(), st.data())
def test_what_a_refusal_asks_for_is_enough(at: Situation, data: st.DataObject) -> None:
    """All of it given at once, one choice of each, the act is accepted."""
    refusal = decide(at.lifecycle, at.record, at.act, at.context)
    assume(isinstance(refusal, Refusal))
    assert isinstance(refusal, Refusal)
    asked = [chosen(reason.asks, data) for reason in refusal.reasons]
    assume(all(needs is not None for needs in asked))
    needs = dict.fromkeys(need for needs in asked for need in needs or ())  # what two ask for, once
    assume(len(inspections_asked(at)) < 2)
    for need in sorted(needs, key=lambda each: ORDER.index(type(each))):
        event(type(need).__name__)
        at = GIVE[type(need)](at, need)
    decided = decide(at.lifecycle, at.record, at.act, at.context)
    assert not isinstance(decided, Refusal), f"{refusal}\n{decided}"


def inspections_asked(at: Situation) -> set[str]:
    """Return the kinds of inspection that the trigger asks for: an act names only one."""
    ways = at.lifecycle.states[at.record.state].transitions
    atoms = [a for w in ways if w.trigger == at.act.trigger for a in atoms_of(w.requires)]
    return {str(a.inspection) for a in atoms if isinstance(a, InspectionHeld)} - {"any"}


def chosen(asks: tuple[tuple[Need, ...], ...], data: st.DataObject) -> tuple[Need, ...] | None:
    """Draw one of several lists that the act itself can meet, None if it can meet none."""
    able = [needs for needs in asks if not any(isinstance(need, StepNeed) for need in needs)]
    return data.draw(st.sampled_from(able)) if able else None


def acting(at: Situation, person: str, role: str) -> Situation:
    """Let somebody act who holds the role for good."""
    at = appointed(at, person, role)
    return evolve(at, act=evolve(at.act, actor=Actor(person, role)))


def appointed(at: Situation, person: str, role: str) -> Situation:
    """Appoint somebody for good."""
    held = Appointment(person, role, at.record.force, at.record.issued - LONG_AGO)
    people = (*at.context.appointments, held)
    return evolve(at, context=evolve(at.context, appointments=people))


def as_role(at: Situation, need: RoleNeed) -> Situation:
    """Let somebody act in a role that may."""
    return evolve(at, act=evolve(at.act, actor=Actor(at.act.actor.person, need.roles[0])))


def by_another(at: Situation, need: PersonNeed) -> Situation:
    """Let another person act in the same role."""
    assert at.act.actor.person in need.than or at.act.actor.person == "quite another"
    return acting(at, "quite another", at.act.actor.role)


def of_appointment(at: Situation, need: AppointmentNeed) -> Situation:
    """Appoint the person that it names."""
    return appointed(at, need.person or at.act.actor.person, need.roles[0])


def on_day(at: Situation, need: DayNeed) -> Situation:
    """Date the act that day, when it has come, by somebody who then still holds the role."""
    on = max(at.act.on, need.day)
    context = evolve(at.context, today=max(on, at.context.today))
    at = evolve(at, act=evolve(at.act, on=on), context=context)
    return appointed(at, at.act.actor.person, at.act.actor.role)


def with_document(at: Situation, need: DocumentNeed) -> Situation:
    """Offer a new document, signed on the last day that will do."""
    signer = "a signatory" if need.signed_by else None
    if need.signed_by:
        at = appointed(at, "a signatory", need.signed_by[0])
    name = f"new {need.kind} {need.signed_by}"
    signed_on = need.by if signer else None
    document = Document(name, need.kind, name, 1, signer, signed_on)
    return evolve(at, act=evolve(at.act, evidence=(*at.act.evidence, document)))


def at_inspection(at: Situation, need: InspectionNeed) -> Situation:
    """Name an inspection as it is asked for; one of the kind that is asked for goes before."""
    before = at.context.inspection
    named = before.kind if before else "planned"
    kind = named if need.kind == "any" else need.kind
    held = Inspection(
        "INS-9",
        kind,
        at.record.issued,
        at.act.on + LONG_AGO,
        frozenset(QUESTIONS),
        force=at.record.force,
    )
    return evolve(
        at,
        act=evolve(at.act, inspection="INS-9"),
        context=evolve(at.context, inspection=held),
    )


def with_field(at: Situation, need: FieldNeed) -> Situation:
    """Set a field, to a date no later than it says."""
    value: Value = "7" if need.latest is None else str(need.latest)
    before = at.record.fields.get(need.field)
    if need.latest is not None and isinstance(before, str):
        value = min(before, str(need.latest))
    if need.has is not None:
        value = (*(before or ()), need.has)
    fields = {**at.record.fields, need.field: value}
    return evolve(at, record=evolve(at.record, fields=fields))


def with_children(at: Situation, need: ChildrenNeed) -> Situation:
    """Close the children that are still open, or add one that is closed."""
    assert set(need.still_open) <= {child.id for child in at.context.children}
    names = {*need.still_open, *(child.id for child in at.context.children)} or {"C-9"}
    said = {child.id: child.fields for child in at.context.children}
    closed = tuple(
        Child(name, dict.fromkeys(LEDGERS, "closed"), said.get(name, {})) for name in sorted(names)
    )
    return evolve(at, context=evolve(at.context, children=closed))


def with_answers(at: Situation, need: AnswersNeed) -> Situation:
    """Add a closed child for each record that is named."""
    added = tuple(
        Child(f"for {name}", dict.fromkeys(LEDGERS, "closed"), {need.field: name})
        for name in need.records
    )
    return evolve(at, context=evolve(at.context, children=(*at.context.children, *added)))


def with_predicate(at: Situation, need: PredicateNeed) -> Situation:
    """Let the predicate say yes."""
    assert need.registered is (need.predicate in at.context.predicates)
    return evolve(at, context=evolve(at.context, predicates={need.predicate: lambda *_: True}))


def with_word(at: Situation, need: ReasonNeed | SourceNeed | SuccessorNeed) -> Situation:
    """Give a reason, a source or a successor with the act."""
    match need:
        case ReasonNeed():
            return evolve(at, act=evolve(at.act, reason="why"))
        case SourceNeed():
            return evolve(at, act=evolve(at.act, source="portal 17"))
        case SuccessorNeed():
            return evolve(at, act=evolve(at.act, successor="R-9"))


GIVE: dict[type[Need], Callable[..., Situation]] = {
    RoleNeed: as_role,
    PersonNeed: by_another,
    DayNeed: on_day,
    AppointmentNeed: of_appointment,
    InspectionNeed: at_inspection,
    DocumentNeed: with_document,
    FieldNeed: with_field,
    ChildrenNeed: with_children,
    AnswersNeed: with_answers,
    PredicateNeed: with_predicate,
    ReasonNeed: with_word,
    SourceNeed: with_word,
    SuccessorNeed: with_word,
}
ORDER = list(GIVE)
