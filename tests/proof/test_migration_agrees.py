"""The proof of a migration agrees with trying every walk through both rules."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings

from peelflow.model.requirements import PredicateHolds
from peelflow.model.rules import AlwaysReachable
from peelflow.proof.guarantees import prove
from peelflow.proof.lint import each_requirement
from peelflow.proof.migration import check_migration
from tests.builders.walks import WORDS
from tests.oracles.migration import Case, cases_that, crossed

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
