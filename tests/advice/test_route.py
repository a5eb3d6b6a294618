"""What a way says of each requirement."""

from __future__ import annotations

import pytest

from peelflow.model.decisions import (
    AppointmentNeed,
    DocumentNeed,
    FieldNeed,
    InspectionNeed,
    PersonNeed,
    PredicateNeed,
    ReasonNeed,
    SourceNeed,
    SuccessorNeed,
)
from peelflow.model.records import Attachment, Value
from peelflow.model.requirements import (
    AnyOf,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    SuccessorNamed,
)
from peelflow.model.routes import RouteContext
from peelflow.model.rules import State
from tests.builders.decisions import OPEN, day, document, done, rules, way
from tests.builders.routes import SIGNER, ask, known_inspection, only

LETTER = Evidence("letter", ("chief_constable",))


def test_a_reason_and_a_successor_are_asked_for() -> None:
    """What is said with the act."""
    step = only(ask(rules(way(ReasonGiven(), SuccessorNamed()))))
    assert step.needs == (ReasonNeed(), SuccessorNeed())


def test_an_inspectorate_needs_a_source() -> None:
    """Its decisions are read from somewhere."""
    assert only(ask(rules(way(by=("hmicfrs",))))).needs == (SourceNeed(),)


def test_a_field_that_is_set_is_not_asked_for() -> None:
    """Only what is missing is a preparation."""
    lifecycle = rules(way(FieldSet("owner")))
    assert only(ask(lifecycle)).needs == (FieldNeed("owner"),)
    assert only(ask(lifecycle, fields={"owner": "Sam"})).needs == ()


PCCS, NPCC = FieldSet("addressees", "pccs"), FieldSet("addressees", "npcc")
ONE = RouteContext(fields=frozenset({"addressees"}), lists=frozenset())
LIST = RouteContext(fields=frozenset({"addressees"}), lists=frozenset({"addressees"}))


@pytest.mark.parametrize("around", [ONE, LIST, RouteContext()])
def test_a_choice_is_made_where_nothing_is_said(around: RouteContext) -> None:
    """And needs no making where it is made."""
    lifecycle = rules(way(FieldSet("addressees"), PCCS))
    step = only(ask(lifecycle, around=around))
    assert step.needs == (FieldNeed("addressees", has="pccs"),)
    said = only(ask(lifecycle, around=around, fields={"addressees": "pccs"}))
    assert said.needs == ()


@pytest.mark.parametrize("around", [ONE, LIST, RouteContext()])
@pytest.mark.parametrize("said", ["npcc", ("npcc", "college")])
def test_what_a_field_says_already_is_left_as_it_is(around: RouteContext, said: Value) -> None:
    """A way makes nobody an addressee who is none; it goes by whoever is one."""
    assert ask(rules(way(PCCS)), around=around, fields={"addressees": said}).verdict == "impossible"
    both = rules(way(PCCS), way(NPCC, trigger="end", by=("audit_committee",)))
    assert only(ask(both, around=around, fields={"addressees": said})).trigger == "end"


@pytest.mark.parametrize(("around", "verdict"), [(LIST, "possible"), (ONE, "impossible")])
def test_a_list_is_given_every_choice_that_a_way_needs(around: RouteContext, verdict: str) -> None:
    """In one step or in several; a field of one choice says but one."""
    assert ask(rules(way(PCCS, NPCC)), around=around).verdict == verdict
    later = State(OPEN, transitions=(way(NPCC),))
    first = way(PCCS, trigger="start", to="later")
    assert ask(rules(first, later=later), around=around).verdict == verdict
    plain = way(FieldSet("addressees"), trigger="start", to="later")
    assert ask(rules(plain, later=later), around=around).verdict == "possible"


@pytest.mark.parametrize("around", [ONE, LIST])
def test_the_choice_is_made_that_later_steps_need(around: RouteContext) -> None:
    """Where an earlier step could do with several."""
    ways = (way(each, trigger=f"as_{each.has}", to="later") for each in (PCCS, NPCC))
    found = ask(rules(*ways, later=State(OPEN, transitions=(way(NPCC),))), around=around)
    assert [step.trigger for step in found.steps] == ["as_npcc", "close"]


def test_a_field_of_choices_that_is_not_declared_cannot_be_set() -> None:
    """As no other can."""
    assert ask(rules(way(PCCS)), around=RouteContext(fields=frozenset())).verdict == "impossible"


def test_a_field_that_its_category_does_not_have_cannot_be_set() -> None:
    """Then there is no way."""
    found = ask(rules(way(FieldSet("owner"))), around=RouteContext(fields=frozenset()))
    assert found.verdict == "impossible"
    assert found.why is not None
    assert "nothing from here can make lawful" in found.why


def test_another_person_is_asked_for_by_name() -> None:
    """Whoever did it, in the past or on the way."""
    asked = DistinctFrom("start")
    assert only(ask(rules(way(asked)), done={"start": done(3, "Kim")})).needs == (
        PersonNeed(("Kim",)),
    )
    checked = State(OPEN, transitions=(way(asked),))
    found = ask(rules(way(trigger="start", to="checked"), checked=checked))
    assert found.steps[1].needs == (PersonNeed(("whoever does `start` in step 1",)),)


def test_a_predicate_is_never_a_promise() -> None:
    """The way is undetermined; where nobody registered it, there is none."""
    lifecycle = rules(way(PredicateHolds("agreed")))
    found = ask(lifecycle, around=RouteContext(predicates=frozenset({"agreed"})))
    assert found.verdict == "undetermined"
    assert only(found).needs == (PredicateNeed("agreed", registered=True),)
    assert only(found).undetermined == ("the predicate `agreed`",)
    assert ask(lifecycle).verdict == "impossible"


def test_a_new_letter_names_who_can_sign_it() -> None:
    """Or asks for an appointment where nobody holds the role."""
    lifecycle = rules(way(LETTER))
    need = DocumentNeed("letter", ("chief_constable",), day(3))
    assert only(ask(lifecycle)).needs == (AppointmentNeed(("chief_constable",), day(3)), need)
    found = only(ask(lifecycle, around=RouteContext(appointments=(SIGNER,))))
    assert found.needs == (DocumentNeed("letter", ("chief_constable",), day(3), signers=("Ann",)),)


def test_a_letter_that_is_attached_will_do() -> None:
    """Unless it was used, or came before the window."""
    lifecycle = rules(way(Evidence("letter")))
    held = (Attachment(document("old.txt"), 4),)
    need = DocumentNeed("letter", (), day(3))
    assert only(ask(lifecycle, attachments=held)).needs == (
        DocumentNeed("letter", (), day(3), attached="old.txt"),
    )
    spent = frozenset({held[0].document.digest})
    assert only(ask(lifecycle, attachments=held, spent=spent)).needs == (need,)
    early = (Attachment(document("old.txt"), 1),)
    assert only(ask(lifecycle, attachments=early)).needs == (need,)


def test_roles_by_appointment_need_one() -> None:
    """Unless somebody holds it, who is named."""
    lifecycle = rules(way(by=("nominated_deputy",)))
    assert only(ask(lifecycle)).needs == (AppointmentNeed(("nominated_deputy",), day(3)),)


def test_a_record_without_a_question_needs_one_first() -> None:
    """Before any inspection can be relevant; without the field, there is no way."""
    lifecycle = rules(way(InspectionHeld("any", relevant=True)))
    step = only(ask(lifecycle, around=RouteContext(inspections=(known_inspection(4, 5),))))
    assert step.needs == (FieldNeed("question"), InspectionNeed("any", None, day(-10)))
    assert ask(lifecycle, around=RouteContext(fields=frozenset())).verdict == "impossible"


def test_no_inspection_is_planned_and_bespoke() -> None:
    """An act names one."""
    lifecycle = rules(way(InspectionHeld("planned"), InspectionHeld("bespoke")))
    assert ask(lifecycle).verdict == "impossible"


def test_the_cheapest_choice_of_any_of_is_taken() -> None:
    """A reason costs less than a field to set first, and than what nobody can foresee."""
    asked = AnyOf(((PredicateHolds("agreed"),), (FieldSet("owner"),), (ReasonGiven(),)))
    found = ask(rules(way(asked)), around=RouteContext(predicates=frozenset({"agreed"})))
    assert only(found).needs == (ReasonNeed(),)
