"""Plans among files over one national lifecycle: nothing is gained by moving, once or often."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import evolve

from peelflow.errors import Diagnostic, Span
from peelflow.model.requirements import PredicateHolds
from peelflow.model.rules import (
    Guarantee,
    Lifecycle,
    MigrationPlan,
    NeverEnteredWithoutSteps,
    State,
    StateSet,
    Transition,
    Vocabulary,
    each_transition,
)
from peelflow.proof import moves as proof_moves
from peelflow.proof.budget import Budget
from peelflow.proof.lint import triggers_in
from peelflow.proof.migration import check_migration, check_relevelling
from peelflow.proof.moves import Move, Moves, lifted, moves_among
from peelflow.rulebook.national import (
    check,
    load,
    national,
    national_plans_among,
    relevelling_plans,
    shipped_folder,
)
from tests.builders.rules import rules_from
from tests.oracles.refinement import refining

NATIONAL_WORDS = national().vocabulary
SHIPPED = {one.name: one for one in national().lifecycles}
EVERY = pytest.mark.parametrize("name", SHIPPED)
LEVEL_3 = SHIPPED["level-3"]


def moves_with(*own: Lifecycle, plans: tuple[MigrationPlan, ...] = ()) -> Moves:
    """Return every move there is once a force has these files and plans."""
    base = national()
    every = (*national_plans_among(base), *plans)
    return moves_among((*base.lifecycles, *own), every, base.lifecycles)


def plan_between(old: Lifecycle, new: Lifecycle, **states: str) -> MigrationPlan:
    """Return a plan that keeps every name, but for some states."""
    spoken = {n for r in (old, new) for g in r.guarantees for n in triggers_in(g.promise)}
    named = {step.trigger for step in each_transition(old)} & spoken
    same = {name: name for name in old.states}
    triggers = {name: name for name in named}
    return MigrationPlan(f"{old.name}-to-{new.name}", str(old), str(new), same | states, triggers)


def found(
    plan: MigrationPlan, *own: Lifecycle, more: tuple[MigrationPlan, ...] = ()
) -> list[Diagnostic]:
    """Return what is wrong with a plan among the national rules, a force's files and more plans."""
    moves = moves_with(*own, plans=(*more, plan))
    old, new = moves.lifecycles[plan.old], moves.lifecycles[plan.new]
    return list(check_migration(plan, old, new, NATIONAL_WORDS, moves=moves))


def codes(faults: list[Diagnostic]) -> set[str]:
    """Return the codes of faults."""
    return {fault.code for fault in faults}


def split(rules: Lifecycle, state: str, name: str = "review") -> Lifecycle:
    """Return a file with one more state for what another stands for, and a way there of its own."""
    stood = rules.states[state]
    step = Transition("look_again", name, ("liaison_officer",))
    more = evolve(stood, transitions=(*stood.transitions, step))
    second = evolve(stood, stands_for=rules.stands_for(state))
    return evolve(rules, states={**rules.states, state: more, name: second})


def alike(rules: Lifecycle) -> Iterator[tuple[str, str]]:
    """Yield two states that count the same and are both ends, or both none."""
    for name, state in rules.states.items():
        for other, then in rules.states.items():
            same = (state.final, dict(state.counts_as)) == (then.final, dict(then.counts_as))
            if name != other and same:
                yield name, other


@EVERY
def test_a_record_moves_between_the_national_file_and_a_force_s_own(name: str) -> None:
    """There and back, where every state stays what it is nationally."""
    rules, own = SHIPPED[name], refining(SHIPPED[name])
    there, back = plan_between(rules, own), plan_between(own, rules)
    assert found(there, own, more=(back,)) == []
    assert found(back, own, more=(there,)) == []


@EVERY
def test_no_plan_changes_the_national_state(name: str) -> None:
    """Whichever two states count alike: from the national file, between a force's own, and back."""
    rules = SHIPPED[name]
    own = refining(rules)
    later = evolve(own, version=own.version + 1)
    pairs = ((rules, own), (own, later), (own, rules))
    for number, (state, then) in enumerate(alike(rules)):
        for old, new in pairs if number < 2 else pairs[number % 3 :][:1]:
            faults = found(plan_between(old, new, **{state: then}), own, later)
            (fault,) = [fault for fault in faults if fault.code == "national-state-changes"]
            assert (fault.related, fault.help) == (new.states[then].span, f"map it to `{state}`")
            assert f"`{state}`" in fault.steps[-1][1]


@EVERY
def test_a_state_that_is_split_stays_what_it_stands_for(name: str) -> None:
    """A second state for one of them may become the first, and nothing else."""
    rules = SHIPPED[name]
    for state, then in [*alike(rules)][:4]:
        if not rules.states[state].final:
            own = split(refining(rules), state)
            later = evolve(refining(rules), version=rules.version + 1)
            same = {each: each for each in rules.states}
            plan = evolve(plan_between(own, later), states=same | {"review": state})
            assert found(plan, own, later) == []
            turned = evolve(plan, states=same | {"review": then})
            assert "national-state-changes" in codes(found(turned, own, later))


@EVERY
def test_no_plan_takes_records_out_of_the_national_rules(name: str) -> None:
    """Neither from the national file nor from one that refines it, and none takes them in."""
    rules, own = SHIPPED[name], refining(SHIPPED[name])
    free = evolve(own, name="free", refines=None)
    for old, new in ((rules, free), (own, free), (free, own)):
        faults = found(plan_between(old, new), own, free)
        assert codes(faults) == {"national-differs"}


EARLIER = {
    rules.name: rules
    for rules in reversed(national().lifecycles)
    if f"{rules.name}@{rules.version + 1}" in {str(later) for later in national().lifecycles}
}
"""The versions of national rules that a later one took the place of."""


@pytest.mark.parametrize("name", EARLIER)
def test_records_move_with_the_version_of_their_national_rules(name: str) -> None:
    """From a force's form of one to its form of the next, or to the national file; never back."""
    first, second = EARLIER[name], SHIPPED[name]
    own, later = refining(first), refining(second)
    for old, new in ((own, later), (own, second), (first, later)):
        assert found(plan_between(old, new), own, later) == []
        assert codes(found(plan_between(new, old, discharged="closed"), own, later)) >= {
            "national-differs"
        }


@pytest.mark.parametrize("name", EARLIER)
def test_such_a_move_leaves_a_record_where_the_national_plan_puts_it(name: str) -> None:
    """A state of the force's own stands for what the national plan makes of what it stood for."""
    own = split(refining(EARLIER[name]), "in_progress")
    later = split(refining(SHIPPED[name]), "in_progress")
    assert found(plan_between(own, later), own, later) == []
    turned = plan_between(own, later, review="open")
    faults = [f for f in found(turned, own, later) if f.code == "national-state-changes"]
    stands = f"`review` stands for `in_progress` of `{EARLIER[name]}`"
    sentence = f"{stands}, and `open` for `open` of `{SHIPPED[name]}`"
    assert [fault.sentence for fault in faults] == [sentence]


def test_the_later_version_s_guarantees_hold_through_such_a_move(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing that was never certified is verified by way of two versions."""
    own = split(refining(EARLIER["level-3"]), "in_progress")
    later = split(refining(LEVEL_3), "self_certified")
    monkeypatch.setattr("peelflow.proof.migration._national_faults", lambda *_: ())
    faults = found(plan_between(own, later), own, later)
    assert codes(faults) == {"migration-breaks"}
    assert {f.related for f in faults} <= {each.span for each in LEVEL_3.guarantees}


def test_what_was_never_certified_is_not_verified_by_moving() -> None:
    """The issue's example: the own file states no guarantee, and no letter would ever be given."""
    own = refining(LEVEL_3)
    faults = found(plan_between(LEVEL_3, own, in_progress="self_certified"), own)
    assert codes(faults) == {"national-state-changes", "migration-breaks"}
    broken = {fault.related: fault for fault in faults if fault.code == "migration-breaks"}
    (certified,) = [g for g in LEVEL_3.guarantees if "[self_certify, verify]" in g.that]
    started = "`liaison_officer` does `start` with the field `owner`"
    inspected = "a planned inspection that covers the record's question"
    walk = (
        f"{started}: `open of level-3@2` → `in_progress of level-3@2`",
        "`the migration plan` does `migrate`: `in_progress of level-3@2` → `self_certified`",
        f"`hmicfrs` does `verify` with {inspected}: `self_certified` → `closed`",
    )
    assert tuple(said for _, said in broken[certified.span].steps) == walk


def test_the_national_guarantees_hold_through_a_plan_restated_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even if states could change, the walk would be found: the two checks share nothing."""
    own = split(refining(LEVEL_3), "in_progress")
    later = evolve(split(refining(LEVEL_3), "self_certified"), version=3)
    monkeypatch.setattr("peelflow.proof.migration._national_faults", lambda *_: ())
    faults = found(plan_between(own, later), own, later)
    assert codes(faults) == {"migration-breaks"}
    assert {f.related for f in faults} <= {each.span for each in LEVEL_3.guarantees}


OWN_HEAD = """\
lifecycle: own
version: {version}
in_force_from: 202{version}-01-01
title: Written in a test
applies_to: {{category: own_task, level: none}}
initial: open
"""
WAITED = """\
guarantees:
  - {that: "done is never entered without {waited: 9, since: ready}", because: a test}
"""
TEXT = """\
states:
  open:
    counts_as: {force: open}
    transitions:
      prepare: {to: ready, by: [lead]}
      skip: {to: ready, by: [liaison_officer]}
  ready:
    counts_as: {force: open}
    transitions:
      finish: {to: done, by: [lead]}
      send_back: {to: open, by: [liaison_officer]}
  done: {counts_as: {force: closed}, final: true}
"""


def three(*changes: dict[str, str]) -> list[Lifecycle]:
    """Return three versions of a force's own rules, each text with some words changed."""
    versions = []
    for number, words in enumerate(changes, start=1):
        said = TEXT
        for old, new in words.items():
            said = said.replace(old, new)
        versions.append(evolve(rules_from(said, name="own"), version=number))
    return versions


SKIP = {"      skip: {to: ready, by: [liaison_officer]}\n": ""}
PREPARED = (
    "guarantees:\n  - {that: 'done is never entered without [prepare, finish]', because: x}\n"
)
DONE = "  done: {counts_as: {force: closed}, final: true}\n"
KEPT = SKIP | {DONE: DONE + PREPARED}


def plans_along(versions: list[Lifecycle]) -> tuple[MigrationPlan, ...]:
    """Return a plan from each version to the next."""
    plans = []
    for old, new in pairwise(versions):
        named = {step.trigger for step in each_transition(old)} - {"skip"}
        plans.append(evolve(plan_between(old, new), triggers={name: name for name in named}))
    return tuple(plans)


def test_two_proved_moves_in_a_row_may_break_what_the_last_rules_promise() -> None:
    """What the first rules let slip is not seen by the plan between the others alone."""
    versions = three({}, SKIP, KEPT)
    first, second = plans_along(versions)
    assert found(first, *versions) == []
    assert found(second, *versions) == []
    (fault,) = found(second, *versions, more=(first,))
    assert fault.code == "migration-breaks"
    assert [said for _, said in fault.steps] == [
        "`liaison_officer` does `skip`: `open of own@1` → `ready of own@1`",
        "`the migration plan` does `migrate`: `ready of own@1` → `ready of own@2`",
        "`the migration plan` does `migrate`: `ready of own@2` → `ready`",
        "`lead` does `finish`: `ready` → `done`",
    ]


def test_a_promise_that_every_version_keeps_lasts() -> None:
    """Three moves, the last back to the first rules: nothing was ever let slip."""
    versions = three(KEPT, KEPT, KEPT)
    first, second = plans_along(versions)
    back = evolve(second, old="own@3", new="own@1")
    for plan in (first, second, back):
        assert found(plan, *versions, more=(first, second, back)) == []


def test_a_promise_is_held_against_moves_in_a_circle() -> None:
    """Back and forth: what is let slip in the meantime comes home."""
    versions = three(KEPT, {})
    (there,) = plans_along(versions)
    back = evolve(there, old="own@2", new="own@1")
    assert codes(found(back, *versions, more=(there,))) == {"migration-breaks"}
    assert found(there, *versions, more=(back,)) == []


def test_more_ways_than_a_proof_looks_at_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not proved is refused."""
    monkeypatch.setattr(proof_moves, "MOST_VIEWS", 1)
    versions = three(KEPT, KEPT, KEPT)
    first, second = plans_along(versions)
    (fault,) = found(second, *versions, more=(first,))
    assert (fault.code, fault.severity) == ("migration-undetermined", "error")


RELEVELLED = [(plan, name) for plan in relevelling_plans().values() for name in ("same", "split")]


@pytest.mark.parametrize(("plan", "how"), RELEVELLED, ids=lambda each: getattr(each, "name", each))
def test_a_national_plan_moves_the_records_of_a_force_s_file(plan: MigrationPlan, how: str) -> None:
    """Through what its states stand for, as if they ran under the national one."""
    moves = moves_with()
    old, new = moves.lifecycles[plan.old], moves.lifecycles[plan.new]
    own = refining(old) if how == "same" else split(refining(old), "in_progress")
    move = lifted(plan, own, new)
    assert check_relevelling(move, moves_with(own), NATIONAL_WORDS) == ()
    assert move.plan.states == {name: plan.states[own.stands_for(name)] for name in own.states}


def test_records_of_a_force_s_file_break_no_guarantee_of_their_new_level() -> None:
    """The walk is told through the file that they leave."""
    promise = NeverEnteredWithoutSteps(StateSet(state="closed"), ("start", "close"))
    level = evolve(SHIPPED["level-2"], guarantees=(Guarantee("[start, close]", "x", promise),))
    own = split(refining(LEVEL_3), "in_progress")
    move = lifted(relevelling_plans()["level-3-to-2"], own, level)
    (fault,) = check_relevelling(move, moves_with(own), NATIONAL_WORDS)
    assert (fault.code, fault.span) == ("relevelling-refused", own.span)
    assert fault.steps[-1][1].endswith("`in_progress` → `closed`")


def test_a_predicate_of_a_force_s_file_does_not_hold_records_back_from_hmicfrs() -> None:
    """Whatever it says, they move."""
    state = LEVEL_3.states["in_progress"]
    steps = tuple(
        evolve(step, requires=(*step.requires, PredicateHolds("agreed")))
        for step in state.transitions
        if step.trigger == "self_certify"
    )
    others = tuple(step for step in state.transitions if step.trigger != "self_certify")
    own = refining(LEVEL_3)
    changed = evolve(state, transitions=(*steps, *others))
    own = evolve(own, states={**own.states, "in_progress": changed})
    plan = relevelling_plans()["level-3-to-2"]
    assert (
        check_relevelling(lifted(plan, own, SHIPPED["level-2"]), moves_with(own), NATIONAL_WORDS)
        == ()
    )


def test_a_state_of_a_force_s_file_that_stands_for_nothing_cannot_be_moved() -> None:
    """Nobody could say where its records go."""
    own = refining(LEVEL_3)
    step = Transition("wander", "lost", ("lead",))
    opened = evolve(own.states["open"], transitions=(*own.states["open"].transitions, step))
    own = evolve(own, states={**own.states, "open": opened, "lost": State({"portal": "open"})})
    move = lifted(relevelling_plans()["level-3-to-2"], own, SHIPPED["level-2"])
    (fault,) = check_relevelling(move, moves_with(own), NATIONAL_WORDS)
    assert (fault.code, fault.span) == ("relevelling-refused", own.span)
    assert "records can stand in `lost`" in fault.sentence


def test_a_move_is_known_by_both_its_ends() -> None:
    """A plan that names rules that are not here leads nowhere."""
    plan = plan_between(LEVEL_3, refining(LEVEL_3))
    assert list(moves_with(plans=(plan,)).plans_known()) == list(national_plans_among(national()))
    assert str(LEVEL_3) in moves_with().before("level-2@2")
    assert isinstance(moves_with().into["level-2@2"][0], Move)


def plan_text(plan: MigrationPlan) -> str:
    """Return a plan as a file says it."""
    triggers = ", ".join(f"{old}: {new}" for old, new in plan.triggers.items())
    states = ", ".join(f"{old}: {new}" for old, new in plan.states.items())
    ends = f"from: {plan.old}\nto: {plan.new}\n"
    maps = f"states: {{{states}}}\ntriggers: {{{triggers}}}\n"
    return f"migration: plan-{plan.new[-1]}\n{ends}{maps}"


def test_a_plan_is_held_against_those_of_its_base_that_lead_on_from_it(tmp_path: Path) -> None:
    """The base was proved as it was; the force's plan brings records that it never saw."""
    first, second = plans_along(three({}, SKIP, KEPT))
    for number, changed in enumerate(({}, SKIP, KEPT), start=1):
        text = TEXT
        for old, new in changed.items():
            text = text.replace(old, new)
        head = OWN_HEAD.format(version=number)
        (tmp_path / f"own-{number}.yaml").write_text(head + text, "utf-8")
    words = "vocabulary: own-words\ncategories: {own_task: {title: Task}}\n"
    (tmp_path / "words.yaml").write_text(words, "utf-8")
    (tmp_path / "plan.yaml").write_text(plan_text(second), "utf-8")
    base = load(tmp_path)
    own = tmp_path / "own" / "plan.yaml"
    own.parent.mkdir()
    own.write_text(plan_text(first), "utf-8")
    (fault,) = check(own, base=base)
    assert (fault.code, fault.span) == ("migration-breaks", Span(own.as_posix(), 4, 22))
    assert fault.sentence.startswith("records that go on by `plan-3`: moved records would break")


def passing(text: str, name: str, version: int) -> Lifecycle:
    """Return one version of rules whose states are in a text, and that end in `done`."""
    done = "  done: {counts_as: {force: closed}, final: true}\n"
    return evolve(rules_from(f"states:\n{text}{done}", name=name), version=version)


def test_what_a_step_needs_of_the_past_keeps_no_record_back_that_came_by_a_move() -> None:
    """Whoever began under the middle rules never prepared; who came to them by a move may have."""
    state = "  {}:\n    counts_as: {{force: open}}\n    transitions:\n"
    first = passing(
        state.format("open")
        + "      prepare: {to: ready, by: [lead]}\n"
        + state.format("ready")
        + "      end: {to: done, by: [lead]}\n",
        "own",
        1,
    )
    middle = passing(
        state.format("open")
        + "      go: {to: ready, by: [lead]}\n"
        + state.format("ready")
        + "      jump: {to: side, by: [lead], requires: [{distinct_from: prepare, since: open}]}\n"
        + "      jump_too: {to: side, by: [lead], requires: [{any_of: [[{distinct_from: prepare},"
        + " reason], [{distinct_from: prepare}]]}]}\n"
        + state.format("side")
        + "      prepare: {to: side, by: [lead]}\n      end: {to: done, by: [lead]}\n",
        "own",
        2,
    )
    last = passing(
        state.format("open")
        + "      go: {to: ready, by: [lead]}\n"
        + state.format("ready")
        + "      finish: {to: done, by: [lead]}\n",
        "own",
        3,
    )
    promise = NeverEnteredWithoutSteps(StateSet(state="done"), ("go", "finish"))
    last = evolve(last, guarantees=(Guarantee("[go, finish]", "x", promise),))
    there = evolve(plan_between(first, middle), triggers={"prepare": "prepare"})
    ends = {"open": "open", "ready": "open", "side": "ready", "done": "done"}
    onward = evolve(plan_between(middle, last), states=ends, triggers={"go": "go"})
    assert found(onward, first, middle, last) == []
    assert codes(found(onward, first, middle, last, more=(there,))) == {"migration-breaks"}


def test_national_guarantees_see_what_was_done_nationally() -> None:
    """Whatever a plan calls a step, it answered what it answered."""
    own = refining(LEVEL_3)
    plan = plan_between(LEVEL_3, own)
    renamed = evolve(plan, triggers={**plan.triggers, "self_certify": "start"})
    assert found(renamed, own) == []


def test_each_national_plan_is_proved_for_a_force_s_file_as_it_loads() -> None:
    """From level 3 to each other level; what cannot be moved is refused."""
    panel = shipped_folder("examples") / "custom_rules" / "evidence_panel"
    seen: list[str] = []

    def look(move: Move, _: Moves, words: Vocabulary, *, budget: Budget) -> tuple[Diagnostic, ...]:
        seen.append(str(move.new))
        return check_relevelling(move, Moves(), words, budget=budget)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("peelflow.rulebook.loader.check_relevelling", look)
        assert check(panel) == ()
    assert sorted(seen) == ["level-1@1", "level-2@2", "level-4@2"]


def test_a_record_that_stays_through_several_moves_was_there_all_along() -> None:
    """Nine days since `ready` may lie behind; who comes from elsewhere was never there."""
    waited = {
        "finish: {to: done, by: [lead]}": (
            "finish: {to: done, by: [lead], requires: [{waited: 9, since: ready}]}"
        )
    }
    since = {DONE: DONE + WAITED}
    versions = three({}, {}, waited | since)
    first, second = plans_along(versions)
    assert found(second, *versions, more=(first,)) == []
    elsewhere = evolve(second, states={**second.states, "open": "ready", "ready": "open"})
    assert found(elsewhere, *versions, more=(first,)) == []
    renamed = evolve(first, states={**first.states, "open": "ready", "ready": "open"})
    assert found(second, *versions, more=(renamed,)) == []
    back = evolve(elsewhere, old="own@2", new="own@1")
    assert found(second, *versions, more=(first, back)) == []


def test_files_that_a_base_was_proved_with_are_not_proved_again() -> None:
    """A plan that leads to none of them says nothing of them."""
    examples = shipped_folder("examples")
    base = load(examples / "custom_rules" / "evidence_panel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("peelflow.rulebook.loader.check_relevelling", None)
        assert check(examples / "changing_rules" / "rules", base=base) == ()
