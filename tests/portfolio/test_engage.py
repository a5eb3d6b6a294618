"""Who was in Engage on a day, why, on what causes of concern, and with what visits."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow import load
from peelflow.errors import InvalidRequest
from peelflow.portfolio.engage import EngageSpell, engage_spells, in_engage
from peelflow.portfolio.selection import Selection
from peelflow.register.as_at import record_as_at
from peelflow.register.register import Register
from tests.builders.force import FORCE, HMICFRS, KIND, START, World, clock, new_world

PHASE, CAUSE, LINK = KIND["force-monitoring"], KIND["cause-of-concern"], KIND["engage-cause"]
SAID: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "liaison-officer", "source": "portal"}
LEVEL_4 = KIND["level-4"]


def rest_on(world: World, phase: str, cause: str) -> str:
    """Say that Engage rests on a cause of concern, from today on."""
    return world.add(LINK, parent=phase, fields={"cause": cause})


def spell_on(world: World, day: date) -> EngageSpell:
    """Return the only spell that lasts on a day."""
    (spell,) = in_engage(world.register, day)
    return spell


def test_a_spell_says_since_when_why_and_on_what(world: World) -> None:
    """From the day of the move, whatever follows; and nobody is in it before."""
    phase, cause = world.add(PHASE), world.add(CAUSE, fields={"title": "Custody"})
    assert in_engage(world.register, world.day) == ()
    world.step(phase, "move_to_engage")
    moved = world.day
    rest_on(world, phase, cause)
    later = world.later(30)

    spell = spell_on(world, later)
    assert (spell.force, spell.record, spell.since, spell.until) == (FORCE, phase, moved, None)
    assert (spell.reason, spell.source, spell.attribution.actor) == (
        "as the letter says",
        "portal",
        HMICFRS,
    )
    assert [(c.record, c.title, c.named_on, c.state, c.is_open) for c in spell.causes] == [
        (cause, "Custody", moved, "open", True)
    ]
    assert (spell.open_causes, spell.visits, spell.assumed) == (1, (), False)
    assert in_engage(world.register, moved - timedelta(1)) == ()


def test_a_force_leaves_with_causes_open_and_comes_back_on_others(world: World) -> None:
    """Each spell has its own causes, as they stood on the day that it ended."""
    phase = world.add(PHASE)
    one, two = world.add(CAUSE), world.add(CAUSE)
    world.step(phase, "move_to_engage")
    rest_on(world, phase, one)
    world.later(10)
    rest_on(world, phase, two)
    world.step(phase, "return_to_scan")
    left = world.day
    world.step(one, "discharge")
    world.later(10)
    world.step(phase, "move_to_engage")
    rest_on(world, phase, two)

    first, second = engage_spells(world.register, world.day)
    assert (first.until, first.reason_left, first.open_causes) == (left, "as the letter says", 2)
    assert [cause.record for cause in first.causes] == [one, two]
    assert [cause.state for cause in first.causes] == ["open", "open"]
    assert (second.until, [cause.record for cause in second.causes]) == (None, [two])
    assert in_engage(world.register, world.day) == (second,)
    assert in_engage(world.register, left) == ()
    assert len(spell_on(world, left - timedelta(1)).causes) == 2


def test_a_cause_that_is_set_aside_is_told_so(world: World) -> None:
    """It is no longer one of those that are open."""
    phase, cause = world.add(PHASE), world.add(CAUSE)
    world.step(phase, "move_to_engage")
    link = rest_on(world, phase, cause)
    world.step(link, "set_aside")
    (told,) = spell_on(world, world.day).causes
    assert (told.set_aside, told.is_open) == (True, True)
    assert spell_on(world, world.day).open_causes == 0
    world.step(link, "name_again")
    assert spell_on(world, world.day).open_causes == 1


def test_what_visits_closed_is_counted_from_the_acts(world: World) -> None:
    """One that looked and closed nothing is there with a nought; one of before is not there."""
    before = world.inspect("bespoke")
    world.later()
    phase, record = world.add(PHASE), world.add(LEVEL_4)
    world.step(phase, "move_to_engage")
    looked = world.inspect("bespoke")
    world.step(record, "start")
    world.later(20)
    closing = world.inspect("bespoke")
    world.fire(record, "close", "hmicfrs", inspection=closing)
    called_off = world.inspect("bespoke")
    world.step(called_off, "cancel")
    closed_on = world.day

    spell = spell_on(world, closed_on)
    assert [(visit.inspection, visit.closed) for visit in spell.visits] == [
        (looked, 0),
        (closing, 1),
    ]
    assert before not in {visit.inspection for visit in spell.visits}
    earlier = spell_on(world, spell.visits[0].first_day)
    assert [visit.closed for visit in earlier.visits] == [0]
    other = in_engage(world.register, closed_on, ledger="force")
    assert [visit.closed for visit in other[0].visits] == [0, 0]


def test_a_force_that_was_taken_over_there_is_marked(world: World) -> None:
    """Since when is not known: at the latest since that day."""
    world.register.take_over(
        "PHASE",
        category="monitoring_phase",
        force=FORCE,
        issued=START,
        state="engage",
        reason="as the last paper says",
        on=world.day,
        **SAID,
    )
    cause = world.add(CAUSE)
    taken: dict[str, Any] = {"reason": "as the last paper says", "state": "named", **SAID}
    before = START - timedelta(90)
    link: dict[str, Any] = {"parent": "PHASE", "issued": before, "fields": {"cause": cause}}
    world.register.take_over(
        "LINK", category="engage_cause", force=FORCE, on=world.day, **link, **taken
    )
    spell = spell_on(world, world.day)
    assert (spell.assumed, spell.since, spell.reason) == (True, START, "as the last paper says")
    assert [(told.record, told.named_on) for told in spell.causes] == [(cause, before)]


def test_a_move_that_was_voided_is_no_spell(world: World) -> None:
    """As the register now knows it."""
    phase = world.add(PHASE)
    world.step(phase, "move_to_engage")
    world.register.correct(
        phase, 2, correction="void", reason="another force", on=world.day, **SAID
    )
    assert engage_spells(world.register, world.day) == ()


def test_what_was_named_before_the_move_is_what_it_rests_on(world: World) -> None:
    """The letter that names it may be of an earlier day; and of each spell is what came since."""
    phase, one, two = world.add(PHASE), world.add(CAUSE), world.add(CAUSE)
    rest_on(world, phase, one)
    named = world.day
    world.step(phase, "move_to_engage")
    assert [(cause.record, cause.named_on) for cause in spell_on(world, world.day).causes] == [
        (one, named)
    ]
    world.step(phase, "return_to_scan")
    world.later(1)
    rest_on(world, phase, two)
    world.later(1)
    world.step(phase, "move_to_engage")
    spells = engage_spells(world.register, world.day)
    assert [[cause.record for cause in spell.causes] for spell in spells] == [[one], [two]]


def test_a_cause_that_is_named_twice_is_one(world: World) -> None:
    """It is set aside where each naming of it is."""
    phase, cause = world.add(PHASE), world.add(CAUSE)
    world.step(phase, "move_to_engage")
    first = rest_on(world, phase, cause)
    named = world.later(1)
    rest_on(world, phase, cause)

    spell = spell_on(world, world.day)
    assert [told.record for told in spell.causes] == [cause]
    assert (spell.open_causes, spell.causes[0].named_on < named) == (1, True)
    world.step(first, "set_aside")
    spell = spell_on(world, world.day)
    assert [(told.set_aside, told.named_on) for told in spell.causes] == [(False, named)]


def test_a_link_to_a_later_cause_shows_when_the_cause_is_there(world: World) -> None:
    """A cause of concern that was re-dated to a later day did not stand on an earlier one."""
    phase, cause = world.add(PHASE), world.add(CAUSE)
    world.step(phase, "move_to_engage")
    rest_on(world, phase, cause)
    named = world.day
    later = world.later(5)
    world.register.correct(
        cause, 1, correction="redate", to=later, reason="issued later", on=later, **SAID
    )
    assert spell_on(world, named).causes == ()
    assert len(spell_on(world, later).causes) == 1


OWN = """\
lifecycle: phase-in-our-words
version: 1
in_force_from: 2000-01-01
title: Our phase
refines: force-monitoring@1
applies_to: {category: monitoring_phase, level: none}
initial: routine
states:
  routine:
    counts_as: {}
    stands_for: scan
    transitions:
      move_to_engage: {to: close_watch, by: [hmicfrs], requires: [reason]}
      end: {to: ended, by: [hmicfrs], requires: [reason]}
  close_watch:
    counts_as: {}
    stands_for: engage
    transitions:
      return_to_scan: {to: routine, by: [hmicfrs], requires: [reason]}
      end: {to: ended, by: [hmicfrs], requires: [reason]}
  ended:
    counts_as: {}
    final: true
"""


def test_a_forces_own_words_for_engage_mean_it(tmp_path: Path) -> None:
    """A state counts by what it stands for."""
    (tmp_path / "phase.yaml").write_text(OWN, "utf-8")
    world = World(
        Register.open("memory:", rulebook=load(tmp_path / "phase.yaml"), clock=clock)
    ).settle_in()
    phase = world.add(PHASE)
    world.step(phase, "move_to_engage")
    assert world.register.record(phase).state == "close_watch"
    assert spell_on(world, world.day).since == world.day


def test_what_cannot_be_asked_is_refused(world: World) -> None:
    """A day that is none, a ledger that nothing counts on."""
    with pytest.raises(InvalidRequest, match=r"is no datetime\.date"):
        in_engage(world.register, "2023-01-01")  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="the ledger 'portl': is unknown"):
        in_engage(world.register, world.day, ledger="portl")


FORCES = ("northshire", "southshire", "westshire")


@given(st.lists(st.tuples(st.sampled_from(FORCES), st.integers(0, 40)), max_size=8))
@settings(max_examples=15, deadline=None)
def test_the_answer_for_any_day_is_what_the_phases_say(moves: list[tuple[str, int]]) -> None:
    """Across forces: those whose phase stands in Engage at the end of the day, and no others."""
    world = new_world()
    phases = {force: world.add(PHASE, force=force) for force in FORCES}
    for force, days in moves:
        state = world.register.record(phases[force]).state
        world.later(days)
        trigger = "move_to_engage" if state == "scan" else "return_to_scan"
        world.fire(phases[force], trigger, "hmicfrs", reason="as told")
    for day in range(0, (world.day - START).days + 2, 7):
        on = START + timedelta(day)
        spells = in_engage(world.register, on)
        there = {
            force
            for force, phase in phases.items()
            if (then := record_as_at(world.register.history(phase), on)) and then.state == "engage"
        }
        assert [spell.force for spell in spells] == sorted(there)
        for force in FORCES:
            own = in_engage(world.register, on, selection=Selection(force=force))
            assert own == tuple(spell for spell in spells if spell.force == force)
        assert all(spell.since <= on for spell in spells)


def test_a_force_that_is_no_more_is_not_in_engage(world: World) -> None:
    """Its spell ended with it."""
    phase = world.add(PHASE)
    world.step(phase, "move_to_engage")
    world.step(phase, "end")
    assert in_engage(world.register, world.day) == ()
    assert [spell.until for spell in engage_spells(world.register, world.day)] == [world.day]
