"""Re-levelling: the inspectorate moves a record to another level, under a proved plan."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from peelflow.errors import InvalidRequest, InvalidRules, KeyReused
from peelflow.figures import Figures
from peelflow.model.decisions import Refused
from peelflow.model.records import Event, Relevelled
from peelflow.model.rules import Lifecycle, MigrationPlan, State, Transition
from peelflow.register.migration_plan import plan_digest
from peelflow.register.register import Register
from peelflow.register.validation import idempotency_payload
from peelflow.rulebook.canonical import pin_of
from peelflow.rulebook.national import load, national, relevelling_plans, shipped_folder
from peelflow.rulebook.rulebook import Rulebook
from tests.builders.force import BEFORE_LEVELS, FORCE, HMICFRS, KINDS, LIAISON, World, clock

LEVELS = {one.name: one for one in national().lifecycles}
LEVEL_3 = KINDS[2]


def named(rules: Lifecycle) -> set[str]:
    """Return the triggers of a lifecycle."""
    return {way.trigger for state in rules.states.values() for way in state.transitions}


TO_2, TO_1 = (relevelling_plans()[f"level-3-to-{level}"] for level in (2, 1))


def relevel(world: World, record: str, plan: MigrationPlan | str = TO_2, **more: Any) -> Event:
    """Have HMICFRS move a record today."""
    said: dict[str, Any] = {
        "actor": HMICFRS,
        "on": world.day,
        "source": "portal",
        "reason": "reviewed",
        "recorded_by": "liaison-officer",
        **more,
    }
    return world.register.relevel(record, plan=plan, **said)


def lines(found: Figures) -> dict[str, tuple[int, int]]:
    """Return the lines that count something."""
    return {each.title: (each.open, each.closed) for each in found.lines if each.total}


def test_a_record_moves_to_another_level_with_its_state(world: World) -> None:
    """The figures move from level to level on the day, and the history says under which plan."""
    record = world.add(LEVEL_3)
    world.step(record, "start")
    before = world.register.figures(as_at=world.day)
    world.later()

    event = relevel(world, record)

    now = world.register.record(record)
    assert (now.level, now.state, str(now.lifecycle)) == (2, "in_progress", "level-2@2")
    assert isinstance(event.what, Relevelled)
    assert (event.what.old_level, event.what.new_level, event.what.letters) == (3, 2, False)
    after = world.register.figures()
    assert (after.open, after.closed) == (before.open, before.closed)
    assert lines(after).keys().isdisjoint(lines(before))
    assert world.register.figures(as_at=event.on.replace(day=event.on.day - 1)).lines == (
        before.lines
    )
    assert world.register.verify() == ()


def with_a_letter(world: World) -> str:
    """Return a level 3 record in progress, with a letter attached."""
    record = world.add(LEVEL_3)
    world.step(record, "start")
    world.register.attach(record, world.letter(), actor=LIAISON, on=world.day)
    return record


def test_letters_do_not_carry_over(world: World) -> None:
    """A letter attached at the old level does not close at the new one."""
    record = with_a_letter(world)
    relevel(world, record)
    with pytest.raises(Refused, match="no `letter` is offered"):
        world.fire(record, "close", "chief_constable")


def with_levels_of_its_own() -> World:
    """Return a world whose levels are not the national ones, but for their names."""
    book = national()
    later = [evolve(rules, version=9) for rules in LEVELS.values()]
    repinned = [evolve(rules, pin=pin_of(rules)) for rules in later]
    whole = Rulebook(tuple(repinned), book.vocabulary)
    return World(Register.open("memory:", rulebook=whole, clock=clock)).settle_in()


def test_letters_carry_over_if_the_plan_says_so() -> None:
    """It was attached for the work, whatever the level; no national plan says so."""
    world = with_levels_of_its_own()
    record = with_a_letter(world)
    plan = evolve(TO_2, old="level-3@9", new="level-2@9", letters=True)
    relevel(world, record, plan)
    world.fire(record, "close", "chief_constable")
    assert world.register.record(record).state == "closed"


OTHER_PLANS = {
    "letters": evolve(TO_2, letters=True),
    "a landing": evolve(TO_2, states={**TO_2.states, "self_certified": "open"}),
    "a trigger": evolve(TO_2, triggers={**TO_2.triggers, "start": "start"}),
    "a name": evolve(TO_2, name="our-way"),
}


@pytest.mark.parametrize("changed", OTHER_PLANS)
def test_only_a_national_plan_moves_a_national_record(world: World, changed: str) -> None:
    """It is told by what it says, though it is called as the national one and is proved."""
    record = world.add(LEVEL_3)
    before = world.picture(record)
    with pytest.raises(
        InvalidRequest, match="moves national records as only national plans do, and is none"
    ):
        relevel(world, record, OTHER_PLANS[changed])
    assert world.picture(record) == before


def test_what_moves_to_level_1_is_archived_at_once(world: World) -> None:
    """The system archives it in the same batch, on the same day."""
    record = world.add(LEVEL_3)
    world.later()
    moved = relevel(world, record, TO_1)
    last = world.register.history(record)[-1]
    assert (last.number, last.on, last.actor.role) == (moved.number + 1, moved.on, "system")
    assert world.register.record(record).state == "archived"
    found = world.register.figures()
    assert (found.open, found.closed) == (0, 1)
    assert world.register.verify() == ()


def test_a_relevelling_can_be_voided_with_what_the_system_did(world: World) -> None:
    """By HMICFRS, whose decision it was; the level and its figures are what they were."""
    record = world.add(LEVEL_3)
    before = world.register.record(record)
    figures = world.register.figures()
    relevel(world, record, TO_1)
    world.register.correct(
        record,
        2,
        correction="void",
        actor=HMICFRS,
        on=world.day,
        reason="another record was meant",
        recorded_by="liaison-officer",
        source="portal",
    )
    assert world.register.record(record) == evolve(before, number=5)
    assert world.register.figures() == figures
    assert world.register.verify() == ()


def test_the_same_decision_again_is_harmless(world: World) -> None:
    """S7: with a key, the first event comes back, though the record moved since."""
    record = world.add(LEVEL_3)
    first = relevel(world, record, key="k")
    assert relevel(world, record, key="k") == first
    with pytest.raises(KeyReused):
        relevel(world, record, TO_1, key="k")


@pytest.mark.parametrize(
    ("plan", "more", "why"),
    [
        (TO_2, {"reason": ""}, "the reason"),
        (TO_2, {"source": ""}, "names no source"),
        (TO_2, {"actor": LIAISON}, "`hmicfrs` may"),
        ("to-2", {}, "is not here"),
        (evolve(TO_2, old="level-3@9"), {}, "not in the rulebook"),
    ],
)
def test_refuses_what_cannot_be_meant(
    world: World, plan: MigrationPlan | str, more: dict[str, Any], why: str
) -> None:
    """Nothing is kept."""
    record = world.add(LEVEL_3)
    before = world.picture(record)
    with pytest.raises(InvalidRequest, match=why):
        relevel(world, record, plan, **more)
    assert world.picture(record) == before


def test_a_plan_moves_only_what_runs_under_its_rules(world: World) -> None:
    """What moved already stays where it is."""
    record = world.add(LEVEL_3)
    relevel(world, record)
    with pytest.raises(InvalidRequest, match="runs under level-2@2, and the plan"):
        relevel(world, record)


def test_nobody_else_may_be_named_by_the_plan(world: World) -> None:
    """A plan that lets the force re-level is refuted."""
    record = world.add(LEVEL_3)
    with pytest.raises(InvalidRules, match="relevelled-by-others"):
        relevel(world, record, evolve(TO_2, by=("liaison_officer",)), actor=LIAISON)


def test_a_whole_register_is_not_relevelled(world: World) -> None:
    """Level by level the inspectorate decides on each record."""
    with pytest.raises(InvalidRequest, match="use `relevel`"):
        world.register.migrate(TO_2, actor=HMICFRS, on=world.day, reason="all of them")


def test_a_plan_between_versions_moves_no_level(world: World) -> None:
    """It is for `migrate`."""
    record = world.add(LEVEL_3)
    with pytest.raises(InvalidRequest, match="use `migrate`"):
        relevel(world, record, "level-3-version-2")


def test_what_stands_where_the_plan_is_mute_stays() -> None:
    """A record taken over in a state that no walk reaches is told, and not moved."""
    book, rules = national(), LEVELS["level-3"]
    lonely = evolve(rules, states={**rules.states, "lonely": State({"portal": "open"})})
    lonely = evolve(lonely, pin=pin_of(lonely))
    later = evolve(lonely, version=3, in_force_from=date(2027, 1, 1))
    others = [each for each in book.lifecycles if each is not rules]
    whole = Rulebook((*others, lonely, evolve(later, pin=pin_of(later))), book.vocabulary)
    world = World(Register.open("memory:", rulebook=whole, clock=clock))
    world.register.take_over(
        "T-1",
        category="afi",
        force=FORCE,
        level=3,
        issued=world.day,
        state="lonely",
        on=world.day,
        actor=LIAISON,
        source="old sheet",
        reason="before peelflow",
    )
    with pytest.raises(InvalidRequest, match="does not say where that goes"):
        relevel(world, "T-1")
    same = {name: name for name in rules.states}
    plan = MigrationPlan(
        "move", "level-3@2", "level-3@3", same, {each: each for each in named(rules)}
    )
    said: dict[str, Any] = {"actor": LIAISON, "on": world.day, "reason": "new rules"}
    assert world.register.migrate(plan, **said).not_moved == ("T-1",)


def test_a_move_asked_for_again_is_the_same_whatever_its_event_says_of_names(world: World) -> None:
    """What follows from the plan is no part of what was asked for: its digest is."""
    record = world.add(LEVEL_3)
    event = relevel(world, record)
    assert isinstance(event.what, Relevelled)
    assert event.what.triggers == {"self_certify": "close", "verify": "close"}
    bare = evolve(event, what=evolve(event.what, triggers={}))
    assert idempotency_payload(bare) == idempotency_payload(event)


LEVEL = dict(enumerate(KINDS[:4], 1))
WALKS = {
    2: ("start", "close"),
    3: ("start", "self_certify", "verify"),
    4: ("start", "support", "end_support", "close"),
}
PAIRS = [(old, new) for old in WALKS for new in (1, 2, 3, 4) if old != new]


def test_there_is_a_plan_between_any_two_levels_but_out_of_level_1() -> None:
    """Each is in a file of its name, proved as it is loaded, and HMICFRS's alone."""
    plans = relevelling_plans()
    names = {f"level-{old}-to-{new}" for old, new in PAIRS}
    names |= {f"{old}-to-{new}" for old in BEFORE_LEVELS for new in (1, 2, 3, 4)}
    assert set(plans) == names | {f"level-{old}-to-{new}-version-1" for old, new in PAIRS}
    assert {(plan.by, plan.letters) for plan in plans.values()} == {(("hmicfrs",), False)}
    for name in names:
        old, _, new = name.partition("-to-")
        latest = str(LEVELS[old]), str(LEVELS[f"level-{new}"])
        assert (plans[name].old, plans[name].new) == latest


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_a_national_plan_moves_a_record_from_wherever_it_stands(
    world: World, old: int, new: int
) -> None:
    """It counts as before, or is archived at level 1; from there it goes on to an end."""
    for steps in range(len(WALKS[old]) + 1):
        record = world.add(LEVEL[old])
        for trigger in WALKS[old][:steps]:
            world.step(record, trigger)
        counted = world.register.counts(world.register.record(record))
        world.later()
        relevel(world, record, f"level-{old}-to-{new}")
        now = world.register.record(record)
        assert now.level == new
        assert world.register.counts(now) == (counted if new > 1 else {"portal": "closed"})
        if new > 1 and counted == {"portal": "open"}:
            for trigger in WALKS[new][0 if now.state == "open" else 1 :]:
                world.step(record, trigger)
            assert world.register.record(record).state == "closed"
    assert world.register.verify() == ()


PANEL = """\
lifecycle: panel
version: 1
refines: level-3@2
in_force_from: 2020-01-01
title: "Level 3, where a panel looks first"
applies_to: {category: [recommendation, afi], level: 3}
"""


def with_a_panel(folder: Path) -> Rulebook:
    """Return rules under which a force's panel looks at its level 3 records before the letter."""
    states = "\n".join(
        line
        for line in (shipped_folder("rules") / "national/level-3.yaml")
        .read_text("utf-8")
        .split("\n")
        if not line.startswith(("#", "lifecycle", "version", "in_force", "title", "applies"))
    )
    states = states[: states.index("guarantees:")]
    looking = """\
  in_panel:
    counts_as: {portal: open, panel: open}
    stands_for: in_progress
    transitions:
      passed: {to: in_progress, by: [lead]}
      propose_superseded:
        {to: proposed_superseded, by: [liaison_officer], requires: [successor, reason]}
      discharge: {to: discharged, by: [hmicfrs], requires: [reason]}
"""
    start = "start: {to: in_progress, by: [liaison_officer, lead]"
    states = states.replace(start, start.replace("in_progress", "in_panel"))
    folder.mkdir(exist_ok=True)
    (folder / "panel.yaml").write_text(PANEL + states.rstrip() + "\n" + looking, "utf-8")
    return load(folder)


def test_a_national_plan_moves_a_record_that_runs_under_a_force_s_file(tmp_path: Path) -> None:
    """It stands where its national state goes, counts as before, and the history says so."""
    book = with_a_panel(tmp_path / "rules")
    url = f"sqlite:///{tmp_path / 'panel.db'}"
    world = World(Register.open(url, rulebook=book, clock=clock)).settle_in()
    record = world.add(LEVEL_3)
    world.fire(record, "start", "liaison_officer")
    before = world.register.record(record)
    assert (str(before.lifecycle), before.state) == ("panel@1", "in_panel")
    world.later()
    event = relevel(world, record, "level-3-to-2", key="k")
    now = world.register.record(record)
    assert (now.level, str(now.lifecycle), now.state) == (2, "level-2@2", "in_progress")
    assert world.register.counts(now) == {"portal": "open"}
    assert isinstance(event.what, Relevelled)
    assert (event.what.old, event.what.new) == ("in_panel", "in_progress")
    plan = relevelling_plans()["level-3-to-2"]
    assert event.what.plan == plan_digest(plan)
    assert dict(event.what.triggers) == {"self_certify": "close", "verify": "close"}
    assert relevel(world, record, "level-3-to-2", key="k") == event
    assert world.register.verify() == ()
    world.register.close()

    again = Register.open(url, clock=clock)  # its rules are kept, though their file is gone
    assert again.verify() == ()
    world = World(again, day=world.day)
    world.step(record, "close")
    assert again.record(record).state == "closed"
    again.close()


def test_a_record_moves_though_the_file_that_it_runs_under_is_gone(tmp_path: Path) -> None:
    """Its rules were kept with it, and the plan is proved for them then."""
    url = f"sqlite:///{tmp_path / 'panel.db'}"
    opened = Register.open(url, rulebook=with_a_panel(tmp_path / "rules"), clock=clock)
    record = World(opened).settle_in().add(LEVEL_3)
    opened.close()
    world = World(Register.open(url, clock=clock))
    relevel(world, record, "level-3-to-1")
    assert world.register.record(record).state == "archived"
    world.register.correct(
        record,
        2,
        correction="void",
        actor=HMICFRS,
        on=world.day,
        reason="another record was meant",
        recorded_by="liaison-officer",
        source="portal",
    )
    assert str(world.register.record(record).lifecycle) == "panel@1"
    assert world.register.verify() == ()
    world.register.close()


def test_a_plan_that_is_not_proved_for_a_force_s_file_moves_none_of_its_records() -> None:
    """A rulebook made by hand may hold what no folder would load."""
    rules = LEVELS["level-3"]
    ways = (*rules.states["open"].transitions, Transition("wander", "lost", ("lead",)))
    states = {**rules.states, "lost": State({"portal": "open"})}
    states["open"] = evolve(rules.states["open"], transitions=ways)
    own = evolve(rules, name="own", refines="level-3@2", states=states)
    own = evolve(own, pin=pin_of(own))
    book = Rulebook((*national().lifecycles, own), national().vocabulary)
    world = World(Register.open("memory:", rulebook=book, clock=clock))
    record = world.add(LEVEL_3)
    with pytest.raises(InvalidRules, match="relevelling-refused"):
        relevel(world, record, "level-3-to-2")
    assert world.register.record(record).level == 3


def test_a_repeat_asks_the_same_whatever_the_states_were_called() -> None:
    """What goes on is what the rules make of the plan, and unknown in an event of before."""
    what = Relevelled(3, 2, LEVELS["level-2"].pin, "open", "open", "plan", letters=True)
    event = Event("R-1", 2, what, date(2026, 1, 5), HMICFRS, "", clock())
    kept = evolve(event, what=evolve(what, states={"open": "open"}))
    assert idempotency_payload(kept) == idempotency_payload(event)
