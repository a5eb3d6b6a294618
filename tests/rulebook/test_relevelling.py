"""The plans between the national levels that come with the rules."""

from __future__ import annotations

from itertools import permutations

import pytest
from attrs import evolve

from peelflow.errors import InvalidRules
from peelflow.model.rules import moves_level
from peelflow.proof.migration import check_migration
from peelflow.rulebook import national as rules
from peelflow.rulebook.authority import Authority
from peelflow.rulebook.loader import RuleFiles
from peelflow.rulebook.national import national, national_plans, relevelling_plans

LEVELS = {str(each): each for each in national().lifecycles if each.name.startswith("level-")}


@pytest.mark.parametrize(("old", "new"), [*permutations(range(1, 5), 2)])
def test_there_is_a_plan_from_each_level_to_each_other(old: int, new: int) -> None:
    """But from level 1, whose records are closed and archived: proved, and HMICFRS's alone."""
    plan = relevelling_plans().get(f"level-{old}-to-{new}")
    assert (plan is None) is (old == 1)
    if plan is not None:
        version = 1 if new == 1 else 2
        assert (plan.old, plan.new) == (f"level-{old}@2", f"level-{new}@{version}")
        assert plan.by == ("hmicfrs",)
        assert not plan.letters
        assert moves_level(LEVELS[plan.old], LEVELS[plan.new])
        assert (
            check_migration(plan, LEVELS[plan.old], LEVELS[plan.new], national().vocabulary) == ()
        )


def test_damaged_plans_between_levels_move_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are proved before they are given to anybody."""
    plan = relevelling_plans()["level-2-to-3"]
    broken = evolve(plan, states={**plan.states, "open": "closed"})
    monkeypatch.setattr(rules, "_plan_files", lambda: RuleFiles(migrations=[broken]))
    monkeypatch.setattr(rules, "authority", lambda: Authority(national()))
    with pytest.raises(InvalidRules, match="level-2-to-3"):
        national_plans.__wrapped__()
