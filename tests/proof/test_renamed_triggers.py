"""No plan makes of a step what it was not: a letter's earliest day stays, there and back again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from peelflow.engine.documents import DocumentUse, signed_from
from peelflow.engine.fold import apply
from peelflow.engine.machine import machine_for
from peelflow.errors import Span
from peelflow.model.records import Actor, Event, LastDone, Migrated, Moment, Record
from peelflow.model.rules import Lifecycle, MigrationPlan, Transition
from peelflow.model.triggers import triggers_of_others, triggers_sending_back
from peelflow.proof.lint import triggers_of
from peelflow.proof.moves import Move
from peelflow.proof.renamed_triggers import trigger_faults, wrong_names
from peelflow.rulebook.national import national
from tests.builders.rules import rules_from
from tests.oracles.refinement import refining
from tests.proof.test_plans import found, plan_between

SHIPPED = {str(rules): rules for rules in national().lifecycles}
ISSUED = date(2023, 1, 9)


def own_of(name: str, version: int = 1) -> Lifecycle:
    """Return a force's form of national rules, with a step of its own in each open state."""
    own = refining(SHIPPED[name])
    states = {
        state: evolve(part, transitions=(*part.transitions, Transition("remind", state, ("lead",))))
        for state, part in own.states.items()
        if not part.final
    }
    return evolve(own, states={**own.states, **states}, version=version)


def codes(old: Lifecycle, new: Lifecycle, **triggers: str) -> list[str]:
    """Return what is wrong with a plan that keeps all names but for some triggers."""
    plan = plan_between(old, new)
    renamed = evolve(plan, triggers={**plan.triggers, **triggers})
    own = [rules for rules in (old, new) if rules.refines]
    return [fault.code for fault in found(renamed, *own)]


@pytest.mark.parametrize("name", ["level-2@2", "level-3@2"])
def test_a_step_that_sends_back_becomes_no_step_of_the_force(name: str) -> None:
    """From the national rules, between a force's own, and back to the national ones."""
    national_rules, own, later = SHIPPED[name], own_of(name), own_of(name, 2)
    for old, new in ((national_rules, own), (own, later), (later, national_rules)):
        assert codes(old, new) == []
        then = "remind" if new.refines else "start"
        assert codes(old, new, reopen=then) == ["trigger-differs"]
        assert codes(old, new, decline="withdraw") == ["trigger-differs"]


@pytest.mark.parametrize(
    ("trigger", "then", "why"),
    [
        ("verify", "remind", "`verify` may be done by others than the force, and `remind` not"),
        ("verify", "refuse", "`refuse` sends a record back, or re-opens it, and `verify` not"),
        ("verify", "discharge", "`discharge` is nationally another step than `verify` was"),
        (
            "remind",
            "discharge",
            "`discharge` may be done by others than the force, and `remind` not",
        ),
        (
            "withdraw",
            "decline",
            "`decline` sends a record back, or re-opens it, and `withdraw` not",
        ),
        ("refuse", "decline", "`decline` is nationally another step than `refuse` was"),
    ],
)
def test_what_is_somebody_else_s_stays_theirs(trigger: str, then: str, why: str) -> None:
    """The fault stands at the plan, says why, and what to call it instead."""
    old, new = own_of("level-3@2"), own_of("level-3@2", 2)
    plan = plan_between(old, new)
    place = Span("plan.yaml", 7, 3)
    plan = evolve(
        plan, triggers={**plan.triggers, trigger: then}, places={f"triggers: {trigger}": place}
    )
    (fault,) = trigger_faults(Move(plan, old, new))
    assert (fault.code, fault.span, fault.sentence) == ("trigger-differs", place, why)
    known = triggers_of(new)
    assert fault.help.startswith("map it to ")
    assert trigger in known
    assert f"`{trigger}`" in fault.help


def test_what_is_the_force_s_own_may_be_called_otherwise() -> None:
    """A step of the force's is named as it likes; each national step keeps what it means."""
    old, new = own_of("level-3@2"), own_of("level-3@2", 2)
    for triggers in ({"remind": "start"}, {"self_certify": "self_certify"}, {}):
        plan = evolve(plan_between(old, new), triggers=triggers)
        assert list(trigger_faults(Move(plan, old, new))) == []


OWN = """\
states:
  open:
    counts_as: {{force: open}}
    transitions:
      hand_in: {{to: handed_in, by: [lead]}}
  handed_in:
    counts_as: {{force: open}}
    transitions:
      {step}: {{to: open, by: [{role}]}}
      finish: {{to: done, by: [lead]}}
  done:
    counts_as: {{force: closed}}
    final: true
"""


def own_case(version: int, step: str = "return", role: str = "pcc") -> Lifecycle:
    """Return wholly own rules in which somebody may return a case."""
    rules = rules_from(OWN.format(step=step, role=role), name="own")
    return evolve(rules, version=version)


def test_rules_that_are_wholly_a_force_s_own_keep_what_sends_back() -> None:
    """It may be called otherwise; under its own name it goes on to send back."""
    old = own_case(1)
    assert triggers_sending_back(old) == triggers_of_others(old) == {"return"}
    same = MigrationPlan("p", "own@1", "own@2", {name: name for name in old.states})
    renamed = evolve(same, triggers={"return": "give_back"})
    assert list(wrong_names(Move(same, old, own_case(2)))) == []
    assert list(wrong_names(Move(renamed, old, own_case(2, "give_back")))) == []
    assert list(wrong_names(Move(same, old, own_case(2, "give_back")))) == []
    (lost,) = wrong_names(Move(same, old, own_case(2, role="lead")))
    assert lost.why == "`return` sends a record back, or re-opens it, and in `own@2` not"
    (wrong,) = wrong_names(Move(renamed, old, own_case(2, "give_back", "lead")))
    assert (wrong.then, wrong.instead) == ("give_back", "leave it out")


def test_between_levels_the_inspectorate_says_what_a_step_was() -> None:
    """Its plans call a verification a closure."""
    plan = MigrationPlan("p", "level-3@2", "level-2@2", {}, {"verify": "close"})
    assert list(wrong_names(Move(plan, SHIPPED["level-3@2"], SHIPPED["level-2@2"]))) == []


def moved(record: Record, old: Lifecycle, new: Lifecycle, triggers: dict[str, str]) -> Record:
    """Return a record after a move by which every state keeps its name."""
    names = {name: then for name, then in triggers.items() if name != then}
    states = {name: name for name in old.states}
    what = Migrated(new.pin, record.state, record.state, "", names, states)
    at = datetime(2023, 9, 1, tzinfo=UTC)
    actor = Actor("kim", "liaison_officer")
    return apply(record, Event("R-1", record.number + 1, what, at.date(), actor, "kim", at))


@st.composite
def names_of(draw: st.DrawFn, old: Lifecycle, new: Lifecycle) -> dict[str, str]:
    """Draw what a plan calls some triggers, mostly as they were."""
    some = draw(st.lists(st.sampled_from(sorted(triggers_of(old))), unique=True, max_size=3))
    return {name: draw(st.sampled_from(sorted(triggers_of(new)))) for name in some}


FORMS = [SHIPPED["level-3@2"], own_of("level-3@2"), own_of("level-3@2", 2)]


@given(data=st.data())
def test_a_letter_s_earliest_day_stays_through_any_plan_that_is_let_through(
    data: st.DataObject,
) -> None:
    """There and back: what was refused for an old letter before is refused after it."""
    old, new = data.draw(st.permutations(FORMS))[:2]
    done = data.draw(st.sets(st.sampled_from(sorted(triggers_of(old)))))
    order = data.draw(st.permutations(sorted(done)))
    record = Record(
        id="R-1", number=len(order) + 1, on=ISSUED + timedelta(len(order)), force="wmp",
        category="recommendation", level=3, lifecycle=old.pin, state="in_progress", issued=ISSUED,
        fields={}, parent=None, window=Moment(1, ISSUED),
        entered={"in_progress": Moment(1, ISSUED)},
        done={n: LastDone(i + 2, ISSUED + timedelta(i + 1), "x") for i, n in enumerate(order)},
    )  # fmt: skip
    for before, after in ((old, new), (new, old)):
        triggers = data.draw(names_of(before, after))
        plan = MigrationPlan("p", str(before), str(after), {}, triggers)
        if [*wrong_names(Move(plan, before, after))]:
            return
        first = signed_from(record, use_of(before))
        record = moved(record, before, after, triggers)
        assert signed_from(record, use_of(after)) == first


def use_of(rules: Lifecycle) -> DocumentUse:
    """Return how self-certifying uses letters."""
    (compiled,) = machine_for(rules).compiled("in_progress", "self_certify")
    return compiled.use
