"""Outcomes besides closed."""

from __future__ import annotations

from typing import Any

import pytest

from peelflow.model.decisions import Refused
from tests.builders.force import ADDRESSEES, KIND, Kind, World

LEVEL_3, PART = KIND["level-3"], KIND["super-complaint-recommendation"]
TRACKED = [KIND[name] for name in ("level-2", "level-3", "level-4")]


@pytest.mark.parametrize("kind", TRACKED, ids=lambda kind: kind.name)
def test_no_action_with_a_reason_is_lawful(world: World, kind: Kind) -> None:
    """Recommendations are not orders; without the reason it is refused."""
    record = world.add(kind)
    with pytest.raises(Refused, match="no reason is given"):
        world.fire(record, "propose_no_action", "chief_constable")
    world.step(record, "propose_no_action")
    world.step(record, "accept_no_action")
    assert world.register.record(record).state == "no_action"


@pytest.mark.parametrize("role", ["chief_constable", "pcc", "npcc", "college", "ministry"])
def test_an_addressee_may_not_accept_and_says_why(world: World, role: str) -> None:
    """Chief constables, PCCs, the NPCC, the College and ministries are addressed."""
    record = world.add(PART)
    with pytest.raises(Refused, match="no reason is given"):
        world.fire(record, "not_accept", role)
    world.fire(record, "not_accept", role, reason="the law leaves it to others")
    assert world.register.record(record).state == "not_accepted"
    assert world.register.history(record)[-1].reason == "the law leaves it to others"


def test_parts_of_a_recommendation_are_completed_before_it(world: World) -> None:
    """Recommendation 2 of the paper's first report has four parts."""
    whole = world.add(PART, parent=world.add(KIND["super-complaint"]))
    parts = [world.add(PART, parent=whole) for _ in range(4)]
    for record in (whole, *parts):
        world.step(record, "accept")
        world.step(record, "start")
    for part in parts[:3]:
        world.step(part, "complete", "chief_constable")
    given: dict[str, Any] = {"reason": "all is done"}
    with pytest.raises(Refused, match=f"not closed yet: {parts[3]}"):
        world.fire(whole, "complete", "chief_constable", **given)
    world.step(parts[3], "complete", "chief_constable")
    world.fire(whole, "complete", "chief_constable", **given)
    assert world.register.record(whole).state == "completed"


ANSWERS = {
    "chief_constable": "chief_constables",
    "nominated_deputy": "chief_constables",
    "pcc": "pccs",
    "npcc": "npcc",
    "college": "college",
    "ministry": "ministries",
}


@pytest.mark.parametrize("trigger", ["accept", "not_accept"])
@pytest.mark.parametrize("role", ANSWERS)
def test_a_recommendation_is_answered_by_those_it_is_addressed_to(
    world: World, role: str, trigger: str
) -> None:
    """Made to Chief Constables, PCCs, the NPCC…: whoever is named may, however many are beside."""
    named = ANSWERS[role]
    for_all = world.add(PART)
    for_others = world.add(PART, fields={"addressees": [e for e in ADDRESSEES if e != named]})
    for_nobody = world.register.record(world.add(PART, fields={"addressees": []})).id
    world.fire(for_all, trigger, role, reason="as the paper says")
    with pytest.raises(Refused, match=f"`addressees` says .*, not `{named}`"):
        world.fire(for_others, trigger, role, reason="as the paper says")
    with pytest.raises(Refused, match="`addressees` is not set"):
        world.fire(for_nobody, trigger, role, reason="as the paper says")


@pytest.mark.parametrize("role", sorted(ANSWERS))
def test_it_is_completed_by_those_it_is_addressed_to(world: World, role: str) -> None:
    """The work of the force that it is not addressed to does not complete it."""
    record = world.add(PART, fields={"addressees": [e for e in ADDRESSEES if e != ANSWERS[role]]})
    other = "college" if role == "pcc" else "pcc"
    world.fire(record, "accept", other)
    world.step(record, "start")
    with pytest.raises(Refused, match=f"not `{ANSWERS[role]}`"):
        world.fire(record, "complete", role, reason="the work is done")
    world.fire(record, "complete", other, reason="the work is done")


def test_the_way_goes_by_whom_it_is_addressed_to(world: World) -> None:
    """Advice makes nobody an addressee who is none."""
    record = world.add(PART, fields={"addressees": ["pccs"]})
    (step,) = world.register.route(record, to="accepted", on=world.day).steps
    assert (step.by, step.needs) == (("pcc",), ())


def test_what_others_do_is_kept_as_they_report_it(world: World) -> None:
    """One addressed to the PCC alone asks no work of the force."""
    record = world.add(PART, fields={"addressees": ["pccs"]})
    for trigger in ("accept", "complete"):
        world.fire(record, trigger, "pcc", reason="in the plan of the PCC")
    assert world.register.record(record).state == "completed"


@pytest.mark.parametrize("kind", TRACKED, ids=lambda kind: kind.name)
def test_superseded_records_the_successor(world: World, kind: Kind) -> None:
    """Closed in favour of a named later record."""
    record = world.add(kind)
    world.step(record, "propose_superseded")
    world.step(record, "accept_superseded")
    now = world.register.record(record)
    assert (now.state, now.successor) == ("superseded", "report-2024")


def test_a_failed_verification_leads_back_to_work_and_needs_a_new_letter(world: World) -> None:
    """The same id, the history kept; the letter that counted does not count again."""
    record = world.add(LEVEL_3)
    world.step(record, "start")
    letter = world.letter()
    world.fire(record, "self_certify", "chief_constable", evidence=[letter])
    world.step(record, "refuse")
    assert world.register.record(record).state == "in_progress"
    with pytest.raises(Refused, match="letter"):
        world.fire(record, "self_certify", "chief_constable", evidence=[letter])
    world.step(record, "self_certify")
    assert len(world.register.history(record)) == 5


@pytest.mark.parametrize("kind", TRACKED, ids=lambda kind: kind.name)
@pytest.mark.parametrize("outcome", ["superseded", "not_applicable", "no_action"])
def test_a_proposed_closure_can_be_refused(world: World, kind: Kind, outcome: str) -> None:
    """HMICFRS declines it with a reason, and the work goes on."""
    record = world.add(kind)
    world.step(record, f"propose_{outcome}")
    with pytest.raises(Refused, match="no reason is given"):
        world.fire(record, "decline", "hmicfrs")
    world.step(record, "decline")
    now = world.register.record(record)
    assert (now.state, world.register.counts(now)) == ("in_progress", {"portal": "open"})


def test_an_old_closure_can_be_undone(world: World) -> None:
    """Re-opened with a reason, it counts open from that day."""
    record = world.add(LEVEL_3)
    for trigger in ("start", "self_certify", "verify", "reopen"):
        world.step(record, trigger)
    figures = world.register.figures(as_at=world.day)
    assert (figures.open, figures.closed) == (1, 0)


def test_a_super_complaint_that_is_not_eligible_ends_with_its_reason(world: World) -> None:
    """Eligible ones are investigated and answered by a report."""
    first, second = (world.add(KIND["super-complaint"]) for _ in range(2))
    world.step(first, "find_ineligible")
    for trigger in ("find_eligible", "investigate", "report"):
        world.step(second, trigger)
    states = [world.register.record(each).state for each in (first, second)]
    assert states == ["ineligible", "reported"]


def test_the_way_of_a_recommendation_goes_by_its_parts(world: World) -> None:
    """Advice says which part is still open, and how it is completed, before the whole."""
    whole = world.add(PART)
    part = world.add(PART, parent=whole)
    for record in (whole, part):
        world.step(record, "accept")
        world.step(record, "start")
    (step,) = world.register.route(whole, to="completed", on=world.day).steps
    assert step.trigger == "complete"
    assert [(way.record, way.steps[-1].trigger) for way in step.before] == [(part, "complete")]
