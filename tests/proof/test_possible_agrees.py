"""What is said never to be possible is done on no walk; walks are tried with the engine itself."""

from __future__ import annotations

import re

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from peelflow.engine.fold import apply
from peelflow.errors import Span
from peelflow.model.records import Actor, Event, Migrated, Record
from peelflow.model.rules import Lifecycle, MigrationPlan, Pin, each_transition
from peelflow.proof.lint import lint
from peelflow.proof.migration import check_migration
from peelflow.proof.possible import possible_steps
from peelflow.proof.record_kinds import record_kinds
from peelflow.register.migration_plan import ResolvedPlan
from peelflow.texts import are_alike
from tests.builders.duties import duties, moves, pasts
from tests.builders.rules import VOCABULARY
from tests.oracles.doable import (
    NOW,
    Walks,
    all_walks,
    memory_of,
    never_by_one,
    renamed_memory,
    whole_memory,
)

FEW = settings(max_examples=80, deadline=None)
MANY = settings(max_examples=1_500, deadline=None)


def said_never(lifecycle: Lifecycle, *done_before: str) -> frozenset[Span]:
    """Return the steps that are said to be taken never, and hold what is left to be the others."""
    (kind,) = record_kinds(lifecycle, VOCABULARY)
    found = possible_steps(lifecycle, kind, done_before=done_before)
    never = frozenset(each.transition.span for each in found.never)
    every = {step.span for step in each_transition(lifecycle)}
    assert {step.span for step in each_transition(found.lifecycle)} == every - never
    return never


def check_never(lifecycle: Lifecycle) -> None:
    """Hold what is never possible to what happens on some walk."""
    walks, never = all_walks(lifecycle), said_never(lifecycle)
    assert not never & walks.taken
    every = {step.span for step in each_transition(lifecycle)}
    event(f"all tried: {walks.is_whole}, never: {bool(never)}")
    event(f"silent of some: {bool(every - walks.taken - never)}")


@given(lifecycle=duties())
@FEW
def test_nobody_takes_a_step_that_is_said_to_be_taken_never(lifecycle: Lifecycle) -> None:
    """A few drawn lifecycles, for each day."""
    check_never(lifecycle)


@pytest.mark.search
@given(lifecycle=duties())
@MANY
def test_nobody_takes_any_step_that_is_said_to_be_taken_never(lifecycle: Lifecycle) -> None:
    """Many drawn lifecycles."""
    check_never(lifecycle)


def check_caught(lifecycle: Lifecycle) -> None:
    """Hold what is said to be taken never to what each step asked about rules out by itself.

    That is for records that begin anywhere, as those that are taken over do.
    """
    anywhere = never_by_one(lifecycle, lifecycle.states)
    assert not never_by_one(lifecycle) & all_walks(lifecycle).taken  # or the judge is wrong
    assert anywhere <= never_by_one(lifecycle)
    assert anywhere <= said_never(lifecycle)


@given(lifecycle=duties(by_system=False))
@FEW
def test_what_one_step_alone_rules_out_is_said(lifecycle: Lifecycle) -> None:
    """Nobody is the first to do it, or it was not done before, or only before the window began."""
    check_caught(lifecycle)


@pytest.mark.search
@given(lifecycle=duties(by_system=False))
@MANY
def test_all_that_one_step_alone_rules_out_is_said(lifecycle: Lifecycle) -> None:
    """Many drawn lifecycles."""
    check_caught(lifecycle)


Past = tuple[Lifecycle, Record]
with_pasts = duties().flatmap(lambda drawn: st.tuples(st.just(drawn), pasts(drawn)))


def check_past(past: Past) -> None:
    """Hold what is never possible for a record with a past to what happens to it."""
    lifecycle, record = past
    walks = Walks(lifecycle, memory_of(lifecycle))
    walks.begin_at(record)
    assert not walks.run().taken & said_never(lifecycle, *record.done)


@given(past=with_pasts)
@FEW
def test_a_record_with_a_past_goes_on_by_no_step_that_is_never_taken(past: Past) -> None:
    """Whatever was done before, in whatever order, and wherever the record comes to stand."""
    check_past(past)


@pytest.mark.search
@given(past=with_pasts)
@MANY
def test_no_record_with_a_past_goes_on_by_a_step_that_is_never_taken(past: Past) -> None:
    """Many drawn lifecycles, and pasts."""
    check_past(past)


SAID = re.compile(
    r"`\w+` can never be taken, so (?:`(?P<state>\w+)` is never entered"
    r"|no end can be reached from `(?P<trap>\w+)`): "
)


def check_lint(lifecycle: Lifecycle) -> None:
    """Hold what lint says of steps, and of what follows, to what happens on some walk."""
    faults = [each for each in lint(lifecycle, VOCABULARY) if each.code == "never-taken"]
    walks = all_walks(lifecycle)
    event(f"told of: {len(faults)}")
    for fault in faults:
        assert fault.span not in walks.taken
        said = SAID.match(fault.sentence)
        assert said is not None, fault.sentence
        if said["state"]:
            assert not walks.at(said["state"])
        else:
            assert not walks.ends_from(walks.at(said["trap"]))


@given(lifecycle=duties())
@FEW
def test_what_lint_says_to_follow_follows(lifecycle: Lifecycle) -> None:
    """A few drawn lifecycles, for each day."""
    check_lint(lifecycle)


@pytest.mark.search
@given(lifecycle=duties())
@MANY
def test_all_that_lint_says_to_follow_follows(lifecycle: Lifecycle) -> None:
    """Many drawn lifecycles."""
    check_lint(lifecycle)


Drawn = tuple[MigrationPlan, Lifecycle, Lifecycle]


def check_move(drawn: Drawn) -> None:
    """Hold what a plan is said to leave without an end to what happens after the move."""
    plan, old, new = drawn
    found = check_migration(plan, old, new, VOCABULARY)
    faults = [fault for fault in found if fault.code == "unclosable"]
    event(f"told of: {bool(faults)}")
    before = all_walks(old, renamed_memory(plan, old, new)) if faults else None
    for fault in faults:
        assert before is not None
        (name,) = [name for name in old.states if plan.place_of(name) == fault.span]
        (then,) = [name for name, state in new.states.items() if state.span == fault.related]
        after = Walks(new, memory_of(new))
        landed = [
            place
            for record in before.standing.values()
            if record.state == name
            for place in after.begin_at(moved(record, drawn))
            if place[0] == then
        ]
        event(f"somebody comes there: {bool(landed)}")
        assert not after.run().ends_from(landed)


def moved(record: Record, drawn: Drawn) -> Record:
    """Return a record after its move."""
    plan, old, new = drawn
    proved, pin = ResolvedPlan(plan, old, new, ""), Pin("new", 1, "")
    to = plan.states[record.state]
    what = Migrated(pin, record.state, to, "", proved.renamed, proved.kept_states)
    who = Actor("A clerk", "lead")
    return apply(record, Event(record.id, record.number + 1, what, record.on, who, "clerk", NOW))


@given(drawn=moves())
@FEW
def test_a_move_takes_no_end_from_a_record_that_comes_to_one(drawn: Drawn) -> None:
    """What was done under the old rules, under whatever name, is done under the new ones."""
    check_move(drawn)


@pytest.mark.search
@given(drawn=moves())
@MANY
def test_no_move_takes_an_end_from_a_record_that_comes_to_one(drawn: Drawn) -> None:
    """Many drawn moves."""
    check_move(drawn)


@given(lifecycle=duties(3))
@FEW
def test_what_is_kept_in_mind_of_a_walk_is_enough(lifecycle: Lifecycle) -> None:
    """Who keeps in mind all that was done and entered sees no more steps taken."""
    whole = all_walks(lifecycle, whole_memory(lifecycle))
    assert all_walks(lifecycle).taken == whole.taken


def test_everybody_on_a_walk_is_somebody_else() -> None:
    """No two of those who act are alike."""
    names = ["peelflow", *(f"Officer {number}" for number in range(1, 60))]
    alike = [(a, b) for place, a in enumerate(names) for b in names[:place] if are_alike(a, b)]
    assert alike == []
