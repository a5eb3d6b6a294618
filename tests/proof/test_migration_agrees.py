"""The proof of a migration agrees with trying every walk through both rules."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings

from peelflow.errors import InvalidRules
from peelflow.model.requirements import DistinctFrom, PredicateHolds
from peelflow.model.rules import AlwaysReachable, Lifecycle, MigrationPlan
from peelflow.proof.guarantees import prove
from peelflow.proof.lint import each_requirement
from peelflow.proof.migration import check_migration
from peelflow.proof.moves import Moves, moves_among
from tests.builders.walks import WORDS
from tests.oracles.migration import (
    Case,
    Web,
    cases_that,
    crossed,
    national_webs_that,
    walked,
    webs_that,
)

pytestmark = pytest.mark.search
OPEN = "migration-undetermined"


def said_of(case: Case) -> str | None:
    """Return what the proof says of the guarantee, None where walks cannot judge it."""
    (guarantee,) = case.new.guarantees
    asked = [atom for rules in (case.old, case.new) for atom in each_requirement(rules)]
    if isinstance(guarantee.promise, AlwaysReachable) or any(
        isinstance(atom, PredicateHolds) for atom in asked
    ):
        return None
    if prove(case.new, WORDS)[0].verdict != "proved":
        return None
    codes = {fault.code for fault in check_migration(case.plan, case.old, case.new, WORDS)}
    if codes & {"trigger-unmapped", "state-unmapped"}:
        return None
    return next(iter(codes & {"migration-breaks", OPEN}), "proved")


@given(case=cases_that(lambda case: said_of(case) == "proved"))
@settings(max_examples=150, deadline=None)
def test_what_is_proved_of_a_plan_never_breaks(case: Case) -> None:
    """No walk through the old rules, a move, and the new rules breaks a guarantee of these."""
    found = crossed(case)
    event(f"all tried: {found.depth is None}")
    assert found.ever is None


@given(case=cases_that(lambda case: said_of(case) == "migration-breaks"))
@settings(max_examples=150, deadline=None)
def test_what_is_refused_of_a_plan_breaks_in_some_walk(case: Case) -> None:
    """Where all walks were tried, one of them breaks what the proof says is broken."""
    found = crossed(case)
    event(f"all tried: {found.depth is None}")
    assert found.ever is not None or found.depth is not None


def said_of_web(web: Web) -> str | None:
    """Return what the proof says of the last plan, None where walks cannot judge it."""
    new = web.rules[web.last.new]
    asked = [atom for rules in web.rules.values() for atom in each_requirement(rules)]
    if isinstance(new.guarantees[0].promise, AlwaysReachable) or any(
        isinstance(atom, PredicateHolds) for atom in asked
    ):
        return None
    if prove(new, WORDS)[0].verdict != "proved":
        return None
    return said_in_web(web, web.last, moves_among(web.rules.values(), web.plans, ()))


def codes_of(web: Web, plan: MigrationPlan, moves: Moves) -> set[str]:
    """Return what the check says of a plan among all others; `too-complex` is open too."""
    try:
        faults = check_migration(plan, web.rules[plan.old], web.rules[plan.new], WORDS, moves=moves)
    except InvalidRules as refused:
        codes = {fault.code for fault in refused.diagnostics}
        return {OPEN} if "too-complex" in codes else codes
    return {fault.code for fault in faults}


def said_in_web(web: Web, plan: MigrationPlan, moves: Moves) -> str | None:
    """Return what the proof says of a plan among all others, None where its map has holes."""
    codes = codes_of(web, plan, moves)
    holes = {"trigger-unmapped", "state-unmapped", "unknown-trigger", "relevelled-by-others"}
    return None if codes & holes else next(iter(codes & {"migration-breaks", OPEN}), "proved")


@given(web=webs_that(lambda web: said_of_web(web) == "proved"))
@settings(max_examples=60, deadline=None)
def test_what_is_proved_after_several_moves_never_breaks(web: Web) -> None:
    """No walk along a way of up to three moves, that ends with the plan, breaks the guarantee."""
    (guarantee,) = web.rules[web.last.new].guarantees
    for path in web.paths():
        found = walked(path, guarantee.promise)
        event(f"all tried: {found.depth is None}")
        assert found.ever is None, path


def breaks_late(web: Web) -> bool:
    """Say whether a plan keeps the guarantee by itself, and not after other moves."""
    if said_of_web(web) not in ("migration-breaks", OPEN):
        return False
    return said_in_web(web, web.last, Moves()) == "proved"


@given(web=webs_that(breaks_late))
@settings(max_examples=15, deadline=None)
def test_what_is_refused_after_several_moves_breaks_on_some_way(web: Web) -> None:
    """Where all ways were walked to their ends, one of several moves breaks the guarantee.

    What steps in the middle need of the past is not looked at: where they need some, and where the
    proof stays open, nothing is said.
    """
    (guarantee,) = web.rules[web.last.new].guarantees
    needed = [each for rules in web.rules.values() for each in each_requirement(rules)]
    exact = not any(isinstance(a, DistinctFrom) or getattr(a, "since", None) for a in needed)
    circle = any(web.plans[0].old == plan.new for plan in web.plans)
    found = [walked(path, guarantee.promise) for path in web.paths()]
    open_ = circle or not exact or said_of_web(web) == OPEN or any(each.depth for each in found)
    event(f"judged: {not open_}")
    assert open_ or any(each.ever is not None for each in found)


def is_national_kept(drawn: tuple[Lifecycle, Web]) -> bool:
    """Say whether a plan among files over one national lifecycle is proved, and walks can judge."""
    national, web = drawn
    asked = [atom for rules in web.rules.values() for atom in each_requirement(rules)]
    (guarantee,) = national.guarantees
    if isinstance(guarantee.promise, AlwaysReachable) or any(
        isinstance(atom, PredicateHolds) for atom in asked
    ):
        return False
    if prove(national, WORDS)[0].verdict != "proved":
        return False
    moves = moves_among(web.rules.values(), web.plans, (national,))
    return all(not codes_of(web, plan, moves) for plan in web.plans)


@given(drawn=national_webs_that(is_national_kept))
@settings(max_examples=150, deadline=None)
def test_no_national_guarantee_breaks_through_proved_plans(drawn: tuple[Lifecycle, Web]) -> None:
    """Along every way of up to three moves, seen nationally, restated or not."""
    national, web = drawn
    (guarantee,) = national.guarantees
    for path in web.paths():
        found = walked(path, guarantee.promise, national)
        event(f"all tried: {found.depth is None}")
        assert found.ever is None, path
