"""What is not proved is refused: a predicate anywhere in a shipped lifecycle, or behind a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import pytest
from attrs import evolve

from peelflow.errors import Diagnostic
from peelflow.model.requirements import AnyOf, Evidence, PredicateHolds, Requirement
from peelflow.model.rules import (
    SYSTEM,
    AlwaysReachable,
    AppliesTo,
    Category,
    Level,
    Lifecycle,
    MigrationPlan,
    Transition,
    Vocabulary,
    each_transition,
)
from peelflow.proof.guarantees import prove
from peelflow.proof.migration import check_migration
from peelflow.rulebook.loader import CheckedRules, RuleFiles, check_files
from peelflow.rulebook.national import national, relevelling_plans
from peelflow.rulebook.rulebook import Rulebook
from tests.oracles.refinement import refining

NATIONAL = national()
SHIPPED = NATIONAL.lifecycles
WAIVED = PredicateHolds("waived")
OWN_WORDS = Vocabulary("own", predicates={"waived": "The letter is waived"})
NATIONAL_WORDS = evolve(NATIONAL.vocabulary, predicates=OWN_WORDS.predicates)
OPEN_CODES = {"guarantee-undetermined", "refinement-undetermined", "migration-undetermined"}


INSTEAD: tuple[Callable[[Requirement], Requirement], ...] = (
    lambda _: WAIVED,
    lambda asked: AnyOf(((asked,), (WAIVED,))),
    lambda asked: AnyOf(((WAIVED,), (asked,))),
)


class Edit(NamedTuple):
    """A lifecycle with a predicate somewhere, and the step that it was put into."""

    lifecycle: Lifecycle
    state: str
    step: Transition


def with_step(lifecycle: Lifecycle, state: str, number: int, step: Transition | None) -> Lifecycle:
    """Return a lifecycle with one step changed, or left out."""
    steps = list(lifecycle.states[state].transitions)
    steps[number : number + 1] = [step] if step else []
    changed = evolve(lifecycle.states[state], transitions=tuple(steps))
    return evolve(lifecycle, states={**lifecycle.states, state: changed})


def loosened(lifecycle: Lifecycle) -> Iterator[Edit]:
    """Yield each edit by which a predicate may do instead of what is asked."""
    for name, state in lifecycle.states.items():
        for number, step in enumerate(state.transitions):
            for place, asked in enumerate(step.requires):
                for instead in INSTEAD:
                    requires = (
                        *step.requires[:place],
                        instead(asked),
                        *step.requires[place + 1 :],
                    )
                    edited = evolve(step, requires=requires)
                    yield Edit(with_step(lifecycle, name, number, edited), name, step)


def burdened(lifecycle: Lifecycle) -> Iterator[tuple[Edit, Lifecycle]]:
    """Yield each edit that asks for a predicate beside the rest, and one without the step."""
    for name, state in lifecycle.states.items():
        for number, step in enumerate(state.transitions):
            edited = evolve(step, requires=(*step.requires, WAIVED))
            without = with_step(lifecycle, name, number, None)
            yield Edit(with_step(lifecycle, name, number, edited), name, step), without


def checked(lifecycle: Lifecycle, base: Rulebook = NATIONAL) -> CheckedRules:
    """Check a lifecycle beside the words that it needs, as `load` does."""
    words = OWN_WORDS if base.lifecycles else NATIONAL_WORDS
    return check_files(RuleFiles([lifecycle], [words]), base)


def errors(found: CheckedRules) -> list[Diagnostic]:
    """Return what `load` refuses for."""
    return [fault for fault in found.diagnostics if fault.severity == "error"]


def is_theirs(lifecycle: Lifecycle, step: Transition) -> bool:
    """Say whether others than the force take a step."""
    return any(lifecycle.roles[role].side != "force" for role in step.by)


@pytest.mark.parametrize("lifecycle", SHIPPED, ids=str)
def test_a_refining_file_that_a_predicate_loosens_is_refused(lifecycle: Lifecycle) -> None:
    """In the place of any requirement of any step, or as an alternative beside it."""
    for edit in loosened(refining(lifecycle)):
        found = checked(edit.lifecycle)
        assert errors(found), (edit.state, edit.step.trigger)
        assert found.verdict != "proved"
        assert {fault.code for fault in errors(found)} & OPEN_CODES


def can_always_reach(lifecycle: Lifecycle, without: Lifecycle) -> bool:
    """Say whether what is promised of a lifecycle is reached from everywhere without one step."""
    for guarantee in lifecycle.guarantees:
        if isinstance(guarantee.promise, AlwaysReachable):
            goals = {guarantee.promise.where.state}
            ahead = {name: set[str]() for name in lifecycle.states}
            for name, state in without.states.items():
                if not state.final:
                    ahead[name] = {step.to for step in state.transitions}
            for _ in ahead:
                goals |= {name for name, targets in ahead.items() if targets & goals}
            if any(name not in goals and not s.final for name, s in lifecycle.states.items()):
                return False
    return True


@pytest.mark.parametrize("lifecycle", SHIPPED, ids=str)
def test_a_predicate_may_only_tighten_what_the_force_does(lifecycle: Lifecycle) -> None:
    """On others' steps it is refused; on the force's it is fine where the step is not needed.

    It is not where the goal does not hang on it, and the force may do without.
    """
    for edit, without in burdened(refining(lifecycle)):
        found = checked(edit.lifecycle)
        is_fine = not is_theirs(lifecycle, edit.step) and can_always_reach(lifecycle, without)
        is_fine = is_fine and not any(
            fault.code == "in-others-hands" for fault in errors(checked(without))
        )
        assert (not errors(found)) == is_fine, (edit.state, edit.step.trigger)
        assert (found.verdict == "proved") == is_fine


@pytest.mark.parametrize("lifecycle", SHIPPED, ids=str)
def test_national_rules_leave_nothing_open(lifecycle: Lifecycle) -> None:
    """What a predicate leaves open of a national file's own guarantees refuses it."""
    edits = [*loosened(lifecycle), *(edit for edit, _ in burdened(lifecycle))]
    for edit in edits:
        found = checked(evolve(edit.lifecycle, version=9), Rulebook())
        is_open = any(proof.verdict == "undetermined" for proof in found.proofs)
        assert bool(errors(found)) == is_open
        assert found.verdict == ("undetermined" if is_open else "proved")


def own_lifecycle(category: str, level: Level = None) -> Lifecycle:
    """Return a lifecycle that refines none, and whose goal hangs on a predicate."""
    rules = next(rules for rules in SHIPPED if rules.name == "before-levels")
    asking = next(edit for edit, _ in burdened(rules) if edit.step.trigger == "close").lifecycle
    reachable = tuple(g for g in rules.guarantees if isinstance(g.promise, AlwaysReachable))
    applies = AppliesTo((category,), (level,))
    return evolve(asking, name="own", applies_to=applies, guarantees=reachable)


def test_only_a_force_s_own_affairs_may_stay_open() -> None:
    """As a note for records of a category of its own, and an error for those of a national one."""
    words = evolve(OWN_WORDS, categories={"own_case": Category("Own case")})
    own = check_files(RuleFiles([own_lifecycle("own_case")], [words]), NATIONAL)
    (note,) = own.diagnostics
    assert (note.code, note.severity) == ("guarantee-undetermined", "note")
    assert own.verdict == "undetermined"
    found = errors(checked(own_lifecycle("cause_of_concern", 2)))
    assert "guarantee-undetermined" in {fault.code for fault in found}


def plan_between(old: Lifecycle, new: Lifecycle) -> MigrationPlan:
    """Return the plan that keeps every state and every trigger."""
    triggers = {step.trigger: step.trigger for step in each_transition(old)}
    same = {name: name for name in old.states}
    return MigrationPlan("move", str(old), str(new), same, triggers)


@pytest.mark.parametrize("lifecycle", SHIPPED, ids=str)
def test_a_plan_that_a_predicate_leaves_open_is_refused(lifecycle: Lifecycle) -> None:
    """To rules, or from rules, in which a predicate may do instead of what is asked."""
    instead = islice(loosened(lifecycle), 0, None, len(INSTEAD))
    edits = [*instead, *(edit for edit, _ in burdened(lifecycle))]
    for edit in edits:
        loose = evolve(edit.lifecycle, version=9)
        faults = check_migration(plan_between(lifecycle, loose), lifecycle, loose, NATIONAL_WORDS)
        verdicts = {proof.verdict for proof in prove(loose, NATIONAL_WORDS)}
        # No record stands where peelflow leaves at once, so none moves from there.
        assert faults or "undetermined" not in verdicts or edit.step.by == (SYSTEM,)
        assert all(fault.severity == "error" for fault in faults)
        assert {fault.code for fault in faults} <= OPEN_CODES


@pytest.mark.parametrize("plan", relevelling_plans().values(), ids=lambda plan: plan.name)
def test_a_plan_between_levels_that_a_predicate_leaves_open_is_refused(plan: MigrationPlan) -> None:
    """The levels' own plans, to a level whose end hangs on a predicate."""
    rules = {str(lifecycle): lifecycle for lifecycle in SHIPPED}
    old, new = rules[plan.old], rules[plan.new]
    assert check_migration(plan, old, new, NATIONAL_WORDS) == ()
    for edit, without in burdened(new):
        faults = check_migration(plan, old, edit.lifecycle, NATIONAL_WORDS)
        assert can_always_reach(new, without) or faults
        assert all(fault.severity == "error" for fault in faults)


def test_a_goal_that_hangs_on_nobody_is_refuted_with_the_step() -> None:
    """A file of its own category: the guarantee's line, and the line of what nobody can take."""
    words = evolve(OWN_WORDS, categories={"own_case": Category("Own case")})
    rules = own_lifecycle("own_case")
    (number,) = (n for n, s in enumerate(rules.states["in_progress"].transitions))
    step = rules.states["in_progress"].transitions[number]
    signed = evolve(step, requires=(Evidence("letter", ("system",)),))
    never = with_step(rules, "in_progress", number, signed)
    found = check_files(RuleFiles([never], [words]), NATIONAL)
    by_code = {fault.code: fault for fault in found.diagnostics}
    assert by_code.keys() == {"guarantee-refuted", "never-taken"}
    refuted = by_code["guarantee-refuted"]
    assert (refuted.span, refuted.related) == (rules.guarantees[0].span, step.span)
    assert refuted.help == "let `close` need only what somebody can meet"
    assert found.verdict == "refuted"
