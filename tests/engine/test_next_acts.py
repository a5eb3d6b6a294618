"""What may be done next with a record: by whom, needing what, and why not by this actor."""

from __future__ import annotations

from datetime import date

from attrs import evolve

from peelflow.engine.decide import decide, next_acts
from peelflow.model.decisions import (
    Act,
    AppointmentNeed,
    Context,
    DayNeed,
    DocumentNeed,
    FieldNeed,
    NextAct,
    ReasonNeed,
    Refusal,
    RoleNeed,
    SourceNeed,
)
from peelflow.model.records import Actor, Record
from peelflow.model.requirements import AnyOf, Evidence, ReasonGiven
from peelflow.model.rules import After, Lifecycle
from tests.builders.decisions import SAM, SET, Scene, day, rules, scene, way

KIM = Actor("Kim", "chief_constable")


def next_of(
    lifecycle: Lifecycle, at: Scene | None = None, *, actor: Actor = SAM, on: date | None = None
) -> tuple[NextAct, ...]:
    """Return what may be done next in a scene, on day 3 unless said otherwise."""
    where = at or scene()

    def context_for(rules: Lifecycle, record: Record, act: Act) -> Context:
        assert (rules, record, act.actor) == (lifecycle, where.record, actor)
        return where.context

    return next_acts(lifecycle, where.record, actor, context_for, on=on or day(3))


def test_one_for_each_trigger_that_a_person_may_do() -> None:
    """In the order of the rules; what the system does by itself is not among them."""
    lapse = way(trigger="lapse", by=("system",), after=After(3))
    again = way(by=("lead",), to="paused")
    acts = next_of(rules(way(), lapse, way(trigger="pause", to="paused"), again))
    assert [(act.trigger, act.to, act.by) for act in acts] == [
        ("close", "closed", ("liaison_officer", "lead")),
        ("pause", "paused", ("liaison_officer",)),
    ]


def test_none_from_an_end() -> None:
    """Nothing leads out of it."""
    assert next_of(rules(way()), scene(record={"state": "closed"})) == ()


def test_what_is_allowed_needs_nothing_more() -> None:
    """One empty list, and no refusal."""
    assert next_of(rules(way())) == (
        NextAct("close", "closed", ("liaison_officer",), allowed=True, needs=((),)),
    )


def test_what_is_refused_says_why_and_what_it_needs() -> None:
    """The very refusal of `decide`, and each way to meet all that it asks for."""
    either = AnyOf(((ReasonGiven(),), (Evidence("letter"),)))
    lifecycle, at = rules(way(either, SET)), scene()
    (act,) = next_of(lifecycle, at)
    assert not act.allowed
    assert act.refusal == decide(
        lifecycle, at.record, evolve(at.act, recorded_by="Sam"), at.context
    )
    assert act.needs == (
        (ReasonNeed(), FieldNeed("owner")),
        (DocumentNeed("letter", (), day(3)), FieldNeed("owner")),
    )


def test_a_part_of_a_choice_that_holds_is_not_needed() -> None:
    """Only what is missing of each alternative is asked for, one of them being enough."""
    either = AnyOf(((SET, ReasonGiven()), (SET, Evidence("letter"))))
    (act,) = next_of(rules(way(either)), scene(record={"fields": {"owner": "Kim"}}))
    assert act.needs == ((ReasonNeed(),), (DocumentNeed("letter", (), day(3)),))


def test_another_s_act_needs_a_role_that_may() -> None:
    """By each transition that has the trigger, with what that role needs in turn."""
    lifecycle = rules(way(by=("lead", "nominated_deputy")), way(SET, by=("hmicfrs",), to="paused"))
    (act,) = next_of(lifecycle)
    assert (act.to, act.by) == ("closed", ("lead", "nominated_deputy", "hmicfrs"))
    assert act.needs == (
        (RoleNeed(("lead",)),),
        (
            RoleNeed(("nominated_deputy",)),
            AppointmentNeed(("nominated_deputy",), day(3), "Sam"),
        ),
        (RoleNeed(("hmicfrs",)), SourceNeed(), FieldNeed("owner")),
    )


def test_the_actor_s_own_transitions_alone_count() -> None:
    """What another role's way would need, or where it leads, is nothing to this one."""
    lifecycle = rules(way(SET), way(ReasonGiven(), by=("chief_constable",), to="paused"))
    (act,) = next_of(lifecycle, actor=KIM)
    assert (act.to, act.needs) == ("paused", ((ReasonNeed(),),))


def test_an_allowed_act_leads_where_the_first_open_transition_does() -> None:
    """Of two that the role may take, the first may be closed to it."""
    (act,) = next_of(rules(way(SET), way(to="paused")))
    assert (act.allowed, act.to) == (True, "paused")


def test_each_is_judged_on_the_day() -> None:
    """One that is too early asks for the day to come."""
    (act,) = next_of(rules(way()), on=day(-1))
    assert isinstance(act.refusal, Refusal)
    assert act.needs == ((DayNeed(day(0)),),)


def test_an_inspectorate_s_act_needs_its_source() -> None:
    """And an appointment, where the role is held by one."""
    (act,) = next_of(rules(way(by=("visiting_inspector",))), actor=Actor("V", "visiting_inspector"))
    assert act.needs == ((AppointmentNeed(("visiting_inspector",), day(3), "V"), SourceNeed()),)
