"""The guarantees that each national file must have, proved and exercised."""

from __future__ import annotations

import pytest
from attrs import evolve

from peelflow.model.requirements import (
    AnyOf,
    ChildForEach,
    ChildrenClosed,
    Evidence,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
)
from peelflow.model.rules import (
    AlwaysReachable,
    Guarantee,
    Lifecycle,
    NeverDoneBy,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    OnlyEnteredBy,
    Promise,
    StateSet,
)
from peelflow.proof.guarantees import prove
from peelflow.rulebook.national import national

LIFECYCLES = {one.name: one for one in national().lifecycles}
PORTAL = StateSet(ledger="portal", counts="closed")
CLOSED = StateSet(state="closed")
SECTION_55 = StateSet(ledger="section_55", counts="closed")
FORCE = ("chief_constable", "nominated_deputy")
LETTER = Evidence("letter", ("chief_constable",))
EACH_ANSWERED = ChildForEach("answers", ("recommendation",), "source_report", "report")
DEMANDED: dict[str, tuple[Promise, ...]] = {
    "level-1": (
        OnlyEnteredBy(PORTAL, ("system",)),
        AlwaysReachable(StateSet(state="done")),
    ),
    "level-2": (
        OnlyEnteredBy(PORTAL, (*FORCE, "hmicfrs")),
        NeverEnteredUnless(PORTAL, LETTER, FORCE),
        AlwaysReachable(CLOSED),
    ),
    "level-3": (
        OnlyEnteredBy(PORTAL, ("hmicfrs",)),
        NeverEnteredWithoutSteps(CLOSED, ("self_certify", "verify")),
        NeverEnteredUnless(StateSet(state="self_certified"), LETTER),
        NeverEnteredUnless(CLOSED, InspectionHeld("planned", relevant=True)),
        AlwaysReachable(CLOSED),
    ),
    "level-4": (
        OnlyEnteredBy(PORTAL, ("hmicfrs",)),
        NeverDoneBy("close", (*FORCE, "liaison_officer", "lead")),
        NeverEnteredUnless(CLOSED, InspectionHeld("bespoke")),
        AlwaysReachable(CLOSED),
    ),
    "cause-of-concern": (
        OnlyEnteredBy(PORTAL, ("hmicfrs",)),
        NeverEnteredUnless(CLOSED, ChildrenClosed()),
        AlwaysReachable(CLOSED),
    ),
    "before-levels": (OnlyEnteredBy(PORTAL, ("hmicfrs",)), AlwaysReachable(CLOSED)),
    "afi-before-levels": (OnlyEnteredBy(PORTAL, ("hmicfrs",)), AlwaysReachable(CLOSED)),
    "inspection": (
        OnlyEnteredBy(StateSet(state="reported"), ("hmicfrs",)),
        NeverEnteredUnless(StateSet(state="scheduled"), FieldSet("first_day")),
        AlwaysReachable(StateSet(state="reported")),
    ),
    "appointment": (AlwaysReachable(StateSet(state="made")),),
    "report": (
        OnlyEnteredBy(StateSet(state="published"), ("hmicfrs", "npcc", "college")),
        AlwaysReachable(StateSet(state="published")),
    ),
    "section-55": (
        OnlyEnteredBy(SECTION_55, ("pcc",)),
        NeverEnteredUnless(StateSet(state="published"), EACH_ANSWERED),
        NeverEnteredUnless(
            StateSet(state="published"),
            AnyOf(((ChildrenClosed(),), (FieldSet("recommendations", "none_made"),))),
        ),
        NeverEnteredWithoutSteps(StateSet(state="sent"), ("publish", "copy_to_hmicfrs")),
        NeverEnteredWithoutSteps(StateSet(state="sent"), ("publish", "copy_to_secretary_of_state")),
        AlwaysReachable(StateSet(state="sent")),
    ),
    "section-55-answer": (
        OnlyEnteredBy(SECTION_55, ("pcc",)),
        NeverEnteredUnless(SECTION_55, ReasonGiven()),
    ),
    "super-complaint": (
        NeverEnteredWithoutSteps(
            StateSet(state="reported"), ("find_eligible", "investigate", "report")
        ),
        AlwaysReachable(StateSet(state="reported")),
    ),
    "super-complaint-recommendation": (
        NeverEnteredWithoutSteps(StateSet(state="completed"), ("accept", "complete"), "open"),
        NeverEnteredUnless(StateSet(state="not_accepted"), ReasonGiven()),
        NeverEnteredUnless(
            StateSet(state="accepted"), FieldSet("addressees", "chief_constables"), FORCE
        ),
        NeverEnteredUnless(StateSet(state="accepted"), FieldSet("addressees", "pccs"), ("pcc",)),
        AlwaysReachable(StateSet(state="completed")),
    ),
    "force-monitoring": (
        OnlyEnteredBy(StateSet(state="engage"), ("hmicfrs",)),
        AlwaysReachable(StateSet(state="scan")),
    ),
    "engage-cause": (
        OnlyEnteredBy(StateSet(state="set_aside"), ("hmicfrs",)),
        NeverEnteredUnless(StateSet(state="set_aside"), ReasonGiven()),
    ),
    "milestone": (
        OnlyEnteredBy(StateSet(state="reached"), ("liaison_officer", "lead")),
        NeverEnteredUnless(StateSet(state="dropped"), ReasonGiven()),
        AlwaysReachable(StateSet(state="reached")),
    ),
    "peel-readiness": (
        NeverEnteredWithoutSteps(StateSet(state="assessed"), ("set_baseline",)),
        NeverDoneBy("set_baseline", ("hmicfrs",)),
    ),
}


def test_every_national_file_is_spoken_of() -> None:
    """What is demanded is demanded of every shipped lifecycle."""
    assert DEMANDED.keys() == LIFECYCLES.keys()


@pytest.mark.parametrize("name", DEMANDED)
def test_has_the_guarantees_it_must_have(name: str) -> None:
    """None of them is missing, or weaker than it must be."""
    promised = [guarantee.promise for guarantee in LIFECYCLES[name].guarantees]
    assert [promise for promise in DEMANDED[name] if promise not in promised] == []


@pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=str)
def test_proves_every_guarantee_and_exercises_it(lifecycle: Lifecycle) -> None:
    """Each guarantee is proved, and something that can happen exercises it."""
    for proof in prove(lifecycle, national().vocabulary):
        assert (proof.verdict, proof.vacuous) == ("proved", None), proof


@pytest.mark.parametrize(
    "name", ["level-3", "level-4", "cause-of-concern", "before-levels", "afi-before-levels"]
)
def test_no_force_role_enters_an_end(name: str) -> None:
    """By whichever end, only HMICFRS closes."""
    lifecycle = LIFECYCLES[name]
    promises = [
        OnlyEnteredBy(StateSet(state=state), ("hmicfrs",))
        for state, rule in lifecycle.states.items()
        if rule.final
    ]
    some = tuple(Guarantee(str(each), "design", each) for each in promises)
    proofs = prove(evolve(lifecycle, guarantees=some), national().vocabulary)
    assert {proof.verdict for proof in proofs} == {"proved"}
