"""Seven things about the closure of records that are easy to get wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Refused
from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from peelflow.rulebook.national import national, shipped_folder
from tests.builders.force import FORCE, KIND, LIAISON, START, Kind, World, clock
from tests.builders.rules import reviews

CAUSE, LEVEL_2, LEVEL_3, LEVEL_4 = (
    KIND[name] for name in ("cause-of-concern", "level-2", "level-3", "level-4")
)
PART = KIND["super-complaint-recommendation"]


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_causes_of_concern_carry_no_level(world: World, level: int) -> None:
    """Only recommendations and areas for improvement do."""
    with pytest.raises(InvalidRequest, match="no lifecycle runs that level"):
        world.add(Kind("cause", "cause_of_concern", level))
    assert world.register.record(world.add(CAUSE)).level is None


def test_the_deputy_closes_and_the_chief_constable_signs(world: World) -> None:
    """Closer and signatory are two roles: a deputy's signature is not the Chief Constable's."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    with pytest.raises(Refused, match="signed by `chief_constable`"):
        world.fire(record, "close", "nominated_deputy", evidence=[world.letter("deputy")])
    world.fire(record, "close", "nominated_deputy", evidence=[world.letter("chief-constable")])
    assert world.register.record(record).state == "closed"


@pytest.mark.parametrize("role", ["chief_constable", "nominated_deputy"])
def test_the_forces_closing_power_does_not_cover_causes_of_concern(world: World, role: str) -> None:
    """It covers AFIs and recommendations."""
    cause = world.add(CAUSE)
    world.step(cause, "start")
    with pytest.raises(Refused) as refused:
        world.fire(cause, "close", role, evidence=[world.letter()])
    assert "not you" in str(refused.value)


def test_level_4_closes_without_the_force_being_in_engage(world: World) -> None:
    """Engage is typical for level 4, not a precondition: no record says the force is in it."""
    assert list(world.register.records(category="monitoring_phase")) == []
    record = world.add(LEVEL_4)
    world.step(record, "start")
    world.step(record, "close")
    assert world.register.record(record).state == "closed"


def test_engage_is_a_phase_of_the_force_never_of_a_record() -> None:
    """No lifecycle but the force's own phase has such a state."""
    having = [rules.name for rules in national().lifecycles if "engage" in rules.states]
    assert having == ["force-monitoring"]


def test_a_force_returns_to_scan_with_causes_of_concern_still_open(world: World) -> None:
    """Leaving Engage asks nothing of them."""
    cause, phase = world.add(CAUSE), world.add(KIND["force-monitoring"])
    for trigger in ("move_to_engage", "return_to_scan"):
        world.step(phase, trigger)
    assert world.register.record(phase).state == "scan"
    assert world.register.record(cause).state == "open"


@pytest.mark.parametrize("role", ["chief_constable", "liaison_officer", "pcc"])
def test_only_hmicfrs_moves_a_force_between_scan_and_engage(world: World, role: str) -> None:
    """A force neither enters Engage nor leaves it by itself."""
    phase = world.add(KIND["force-monitoring"])
    for trigger in ("move_to_engage", "return_to_scan"):
        with pytest.raises(Refused, match="not you"):
            world.fire(phase, trigger, role, reason="we think so")
        world.step(phase, trigger)


def test_super_complaint_recommendations_are_held_separately_in_force(world: World) -> None:
    """They count on the force's ledger; the portal's figures have neither count nor row of them."""
    world.add(PART)
    held = world.register.figures(ledger="force")
    assert [(line.title, line.open) for line in held.lines if line.total] == [
        ("Super-complaint recommendation", 1)
    ]
    portal = world.register.figures()
    assert portal.total == 0
    assert "Super-complaint recommendation" not in {line.title for line in portal.lines}


def test_hmicfrs_does_not_close_what_is_held_in_force(world: World) -> None:
    """Nor does it accept or complete a super-complaint's recommendation."""
    record = world.add(PART)
    for trigger in ("accept", "complete"):
        with pytest.raises(Refused, match="not you"):
            world.fire(record, trigger, "hmicfrs", reason="we think so")
        if trigger == "accept":
            world.step(record, trigger)
            world.step(record, "start")


@pytest.mark.parametrize("category", ["recommendation", "afi"])
def test_a_level_1_record_is_closed_on_the_portal_and_may_live_on_in_force(
    world: World, category: str
) -> None:
    """Archived at issue by itself; if the force so chooses, it is open in force until finished."""
    record = world.add(Kind("level-1", category, 1))
    register = world.register
    assert register.counts(register.record(record)) == {"portal": "closed"}
    for trigger, held in (("manage", "open"), ("finish", "closed")):
        world.step(record, trigger)
        assert register.counts(register.record(record)) == {"portal": "closed", "force": held}
    days = {event.on for event in register.history(record)[:2]}
    assert days == {START}


def test_the_portals_figures_count_the_portal_alone(world: World) -> None:
    """What is open in force alone is open there, and in no figure of the portal's."""
    level_1, part = world.add(KIND["level-1"]), world.add(PART)
    world.step(level_1, "manage")
    portal, held = world.register.figures(), world.register.figures(ledger="force")
    assert (portal.open, portal.closed) == (0, 1)
    assert (held.open, held.closed) == (2, 0)
    assert {level_1, part} == {
        each.id for each in world.register.records(counts="open", ledger="force")
    }


def test_level_3_counts_open_between_self_certification_and_verification(world: World) -> None:
    """The default of what is not published."""
    record = world.add(LEVEL_3)
    world.step(record, "start")
    world.step(record, "self_certify")
    assert world.register.counts(world.register.record(record)) == {"portal": "open"}


def test_a_cause_of_concern_is_not_closed_with_the_chief_constables_letter(world: World) -> None:
    """The letter closes AFIs and recommendations; here it changes nothing."""
    cause = world.add(CAUSE)
    world.step(cause, "start")
    world.step(world.add(LEVEL_2, parent=cause), "start")
    world.register.attach(cause, world.letter(), actor=LIAISON, on=world.day)
    with pytest.raises(Refused, match="not you"):
        world.fire(cause, "close", "chief_constable")


def test_closed_before_levels_has_no_level_and_counts_closed(world: World) -> None:
    """Such a record is taken over as closed, and stands in a row of its own."""
    world.register.take_over(
        "OLD",
        category="recommendation",
        force=FORCE,
        issued=START,
        state="closed",
        on=START,
        actor=LIAISON,
        source="portal list",
        reason="closed before levels",
    )
    (line,) = [line for line in world.register.figures().lines if line.total]
    assert (line.title, line.open, line.closed) == ("Recommendation Closed before Levels", 0, 1)


def test_closed_before_levels_counts_in_the_totals() -> None:
    """71 open, 311 closed, 382 in all, of which 280 were closed before the levels."""
    register = Register.open("memory:", clock=clock)
    import_sheets(register, sorted((shipped_folder("examples") / "west_midlands").glob("*.csv")))
    found = register.figures(as_at=date(2023, 3, 30))
    assert (found.open, found.closed, found.total) == (71, 311, 382)
    before = [each for each in register.records() if each.lifecycle.name == "before-levels"]
    assert {(each.level, each.assumed) for each in before} == {(None, True)}
    assert len(before) == 280


def test_an_older_question_set_gave_way_to_a_newer_one() -> None:
    """The questions were twelve, of which the source has no words, and are nine, as data."""
    sets = national().vocabulary.question_sets
    nine, twelve = sets["peel_nine"], sets["peel_twelve"]
    assert (twelve.size, twelve.questions, nine.size, nine.replaces) == (12, {}, 9, "peel_twelve")
    assert list(nine.questions) == [str(number) for number in range(1, 10)]
    assert nine.questions["7"] == "How good is the force at managing offenders and suspects?"


def test_readiness_is_assessed_against_each_of_the_nine_questions(world: World) -> None:
    """A baseline, then assessment again and again; a tenth question is none of the framework's."""
    for question in national().vocabulary.question_sets["peel_nine"].questions:
        record = world.add(KIND["peel-readiness"], fields={"question": question})
        for trigger in ("set_baseline", "assess_again", "observe", "assess_again", "conclude"):
            world.step(record, trigger)
        assert world.register.record(record).state == "concluded"
    with pytest.raises(
        InvalidRequest, match="is '10', which peel_nine has not; write a number from 1 to 9"
    ):
        world.add(KIND["peel-readiness"], fields={"question": "10"})


def test_rules_have_dates_from_which_they_hold(world: World) -> None:
    """Before its first day a lifecycle has no rules; of the levels that day is not published."""
    with pytest.raises(InvalidRequest, match="rules are in force only from 2000-01-01"):
        national().lifecycle_for("cause_of_concern", None, date(1999, 12, 31))
    assert national().lifecycle_for("afi", 2, date(1999, 12, 31)).in_force_from is None
    assert world.register.record(world.add(LEVEL_2)).lifecycle.version == 2


def test_open_records_move_from_one_version_to_the_next(tmp_path: Path) -> None:
    """Each keeps its history and its count, and from then on goes by the new rules."""
    here = reviews(tmp_path)
    record = here.add()
    before = here.register.figures()
    assert here.move() == (1, ())
    now = here.register.record(record)
    assert (str(now.lifecycle), now.state) == ("review@2", "planned")
    assert here.register.figures() == before
    kinds = [type(event.what).__name__ for event in here.register.history(record)]
    assert kinds == ["Added", "Migrated"]
