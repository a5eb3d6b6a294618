"""Each kind of mistake that the proof once let through, planted again, and the test that sees it.

A kind is numbered as in docs/proof.md, "Planted mistakes". A change is one place in one file: what
stands there, and what stands there once the mistake is planted.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Planted:
    """A mistake that is planted.

    Attributes:
        number: Its kind.
        kind: What gets through.
        file: Where it is planted, from the package's folder.
        old: What stands there, once in the file.
        new: What stands there instead.
        test: The test that fails.
    """

    number: int
    kind: str
    file: str
    old: str
    new: str
    test: str


PLANTED = (
    Planted(
        1,
        "what is not proved loads",
        "rulebook/loader.py",
        '"note" if may_stay_open else "error"',
        '"note"',
        "tests/rulebook/test_undetermined.py::test_national_rules_leave_nothing_open",
    ),
    Planted(
        2,
        "a check takes no end",
        "proof/lint.py",
        "        self.budget.spend(len(self.lifecycle.applies_to.category))\n",
        "",
        "tests/rulebook/test_limits.py::test_work_that_outgrows_a_file_spends",
    ),
    Planted(
        3,
        "what nobody can meet counts as a way",
        "proof/possible.py",
        "(by_system and _why_not_by_system(atom)) or self.kind.why_never(atom)\n",
        "(by_system and _why_not_by_system(atom)) or None\n",
        "tests/proof/test_possible.py",
    ),
    Planted(
        4,
        "a folder brings its own national rules",
        "rulebook/authority.py",
        "    parts = mismatch(own, known)\n",
        "    parts = list[str]()\n",
        "tests/rulebook/test_authority.py::test_a_national_name_is_not_taken_whatever_the_base",
    ),
    Planted(
        5,
        "a national category runs at a level of no national file",
        "rulebook/authority.py",
        "            if known and wider:\n",
        "            if not known and wider:\n",
        "tests/rulebook/test_authority.py::test_a_national_category_runs_at_no_other_level",
    ),
    Planted(
        6,
        "a force's own file counts on a national ledger",
        "rulebook/authority.py",
        "        if lifecycle.refines is None and not authority.has(lifecycle):\n",
        "        if lifecycle.refines is not None and not authority.has(lifecycle):\n",
        "tests/rulebook/test_authority.py::test_only_national_files_count_on_national_ledgers",
    ),
    Planted(
        7,
        "a force's own role acts for another side",
        "rulebook/authority.py",
        '            if role.side != "force" and name not in known.roles:\n',
        '            if role.side == "system" and name not in known.roles:\n',
        "tests/rulebook/test_authority.py"
        "::test_a_forces_vocabulary_declares_roles_of_the_force_alone",
    ),
    Planted(
        8,
        "a plan moves records to another national state",
        "proof/migration.py",
        "            if stood != stands:\n",
        "            if stood != stood:\n",
        "tests/proof/test_plans.py::test_no_plan_changes_the_national_state",
    ),
    Planted(
        8,
        "two plans in a row do what neither does",
        "proof/moves.py",
        "            if known is found:\n",
        "            if known is not found:\n",
        "tests/proof/test_plans.py"
        "::test_two_proved_moves_in_a_row_may_break_what_the_last_rules_promise",
    ),
    Planted(
        9,
        "an own step uses up the document of somebody else's",
        "engine/documents.py",
        "        return self.step in steps if self.is_theirs else "
        "any(step != OWN_STEP for step in steps)\n",
        "        return True\n",
        "tests/register/test_own_ledgers.py::test_an_own_step_spends_no_document_of_theirs",
    ),
    Planted(
        10,
        "a child is open on a day on which its parent was closed",
        "register/hierarchy.py",
        "    if not ledgers or record.on <= on:\n",
        "    if ledgers or record.on <= on:\n",
        "tests/register/test_family_days.py"
        "::test_a_child_is_not_re_opened_on_a_day_of_its_closed_parent",
    ),
    Planted(
        11,
        "an own state's name decides what its national one does",
        "register/related_records.py",
        "    if not is_known or lifecycle.stands_for(record.state) in _NOT_HELD:\n",
        "    if not is_known or record.state in _NOT_HELD:\n",
        "tests/register/test_by_map.py",
    ),
    Planted(
        12,
        "a force's plan takes a national plan's name",
        "rulebook/authority.py",
        "            if national_plan.name == plan.name:\n",
        "            if national_plan == plan:\n",
        "tests/rulebook/test_authority.py::test_a_national_plan_is_not_replaced",
    ),
    Planted(
        13,
        "a refusal says the whole rule, and not the choice that gets through",
        "proof/refinement_walks.py",
        "        if broken is None:\n",
        "        if broken is not None:\n",
        "tests/proof/test_refinement_walks.py::test_a_walk_says_the_one_choice_that_gets_through",
    ),
    Planted(
        14,
        "a review by oversight is refused",
        "proof/refinement.py",
        '        return held is None or held.side not in ("force", "oversight")\n',
        '        return held is None or held.side != "force"\n',
        "tests/proof/test_refinement_wishes.py::test_a_lawful_wish_is_allowed",
    ),
    Planted(
        15,
        "what was not looked at is said to be proved",
        "rulebook/loader.py",
        '        if any(fault.code == "too-complex" for fault in self.diagnostics):\n',
        '        if any(fault.code == "no-such-code" for fault in self.diagnostics):\n',
        "tests/rulebook/test_limits.py::test_a_plan_spends_from_the_budget_too",
    ),
)
