"""Each line of docs/trust.md on what the library checks and finds names the tests that hold it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/trust.md").read_text("utf-8")
CHECKED = {
    "the rules let this role do this here and now": (
        "engine/test_decide.py::test_a_decision_is_pure",
        "engine/test_side_by_side.py::test_the_three_agree_on_a_whole_walk",
    ),
    "somebody who has to hold an appointment holds it on that day": (
        "slips/test_appointed.py::test_item_5_in_every_verb_and_batch",
        "register/test_resting.py::test_an_appointment_does_not_end_before_what_was_done_under_it",
    ),
    "who may appoint whom": (
        "slips/test_permission.py::test_item_36_a_lead_appoints_nobody_as_chief_constable",
        "slips/test_permission.py::test_item_36_nobody_appoints_themselves",
        "slips/test_permission.py::test_item_36_nobody_appoints_for_days_on_which_they_held_no_role",
        "slips/test_permission.py::test_who_held_a_role_once_appoints_nobody_beyond_their_own_days",
        "slips/test_permission.py::test_item_36_in_sheets",
    ),
    "who may amend which field": (
        "slips/test_permission.py::test_item_36_the_side_that_set_a_question_amends_it",
        "slips/test_permission.py::test_item_36_what_hmicfrs_said_of_an_inspection_the_force_leaves",
        "register/test_standing_acts.py::test_14_33_no_owner_is_cleared_that_a_step_rested_on",
        "register/test_standing_acts.py::test_a_verification_stays_where_its_level_calls_it_the_forces",
    ),
    "who decided is not taken for who typed it where they do not log in": (
        "register/test_verbs.py::test_an_inspectorate_decision_says_who_recorded_it",
        "slips/test_appointed.py::test_item_5_a_chief_constable_never_typed_it",
    ),
    "who may correct what": (
        "register/test_correct.py::test_only_the_side_that_did_it_corrects",
        "register/test_correct.py::test_nothing_is_corrected_that_a_later_act_rests_on",
        "slips/test_permission.py::test_item_36_a_lead_voids_nothing_that_a_chief_constable_did",
        "register/test_restore_rules.py::test_14_36_the_level_that_hmicfrs_acted_at_stays",
        "stores/test_brought_back.py::test_nothing_comes_back_that_could_not_go_in",
        "register/test_resting_inspections.py::test_a_re_opening_stays_beneath_what_was_amended_since",
        "stores/test_brought_back.py::test_what_an_earlier_peelflow_let_be_done_comes_back",
    ),
    "a state that HMICFRS alone enters is taken over on its word": (
        "register/test_taken_over.py::test_item_4_a_state_that_hmicfrs_alone_enters_takes_its_word",
        "register/test_taken_over.py::test_item_4_the_figures_say_how_many_are_assumed_on_any_day",
        "register/test_taken_over.py::test_14_33_what_is_verified_here_is_not_assumed_and_what_led_there_is",
        "stores/test_still_assumed.py::test_a_step_back_to_where_it_starts_shows_nothing",
        "stores/test_still_assumed.py::test_another_level_shows_nothing",
        "stores/test_still_assumed.py::test_a_step_between_own_states_of_a_national_one_shows_nothing",
        "register/test_staying.py::test_what_a_step_says_of_staying_is_held_to_its_rules",
        "register/test_taken_over.py::test_14_33_nothing_of_today_is_taken_over_as_from_before_levels",
        "register/test_restore_rules.py::test_14_33_rules_that_ship_no_more_close_nothing_of_today",
    ),
    "a name, id, force or person is not another's in disguise": (
        "slips/test_names.py::test_item_7_a_force_is_spelt_in_one_way",
        "slips/test_names.py::test_item_7_whoever_acts_types_or_signs_is_spelt_in_one_way",
        "slips/test_names.py::test_item_7_letters_that_run_together_are_a_look_alike",
        "stores/test_brought_back.py::test_what_comes_back_is_held_to_what_comes_meanwhile",
        "stores/test_brought_back.py::test_a_batch_spells_nothing_anew_beside_what_it_brought",
    ),
    "no word hides in what order it reads, and none is longer than [the limits](stores.md)": (
        "stores/test_recheck_words.py::test_item_14_a_verb_refuses_what_does_not_come_in",
        "incoming/test_limits.py::test_item_12_every_store_has_the_same_limit_of_texts",
    ),
    "an appointment's id is not another one's": (
        "stores/test_recheck_words.py::test_item_14_a_verb_refuses_what_does_not_come_in",
        "stores/test_recheck_words.py::test_item_14_an_appointment_has_any_id_that_is_no_other_ones",
    ),
    "a day lies not in the future, nor before the record's last event": (
        "engine/test_decide.py::test_an_act_can_be_dated_from_the_last_event_up_to_today",
        "register/test_clock.py::test_item_37_a_clock_that_no_right_clock_is",
        "register/test_correct.py::test_14_33_only_notes_and_corrections_lie_before_the_last_event",
    ),
    "a document is there, as it was described when it was kept": (
        "register/test_verbs.py::test_a_document_is_what_it_was_kept_as",
    ),
    "a document belongs to who offers it": (
        "register/test_scope.py::test_item_35_a_document_is_given_to_the_force_that_brought_it",
    ),
    "an inspection or a successor that an act names exists": (
        "register/test_resting_inspections.py::test_an_inspection_is_there_that_an_act_names",
        "register/test_inspections.py::test_an_inspection_named_where_none_is_asked_for_exists",
        "slips/test_successors.py::test_item_6_a_successor_that_no_rule_asks_for_is_a_record_too",
        "stores/test_meanwhile.py::test_whichever_comes_second_is_a_conflict",
    ),
    "what was written is there before it is acknowledged": (
        "stores/test_acts_between.py::test_an_act_that_a_trigger_swallows_is_not_acknowledged",
        "stores/test_acts_between.py::test_a_text_that_a_server_alters_is_not_acknowledged",
    ),
    "the register's file is the one at its path": (
        "stores/test_file_replaced.py::test_item_37_an_act_on_a_file_that_is_gone_is_not_acknowledged",
        "stores/test_file_replaced.py::test_nothing_is_written_to_a_file_that_has_another_name",
    ),
    "a record, a total, a list is of the one force": (
        "register/test_scope.py::test_nothing_of_another_force_ever_comes_out",
        "register/test_joint_left.py::test_it_reads_to_where_it_left",
        "register/test_own_ids.py::test_no_force_comes_to_have_two_of_one_id_in_one_moment",
    ),
    "no force says in its own register of which forces a record is, or since when": (
        "register/test_joint.py::test_it_is_not_made_joint_so",
        "register/test_joint.py::test_since_when_it_is_joint_is_said_in_a_register_of_every_force",
    ),
    "what comes in is what verbs write": (
        "stores/test_restored.py::test_what_no_verb_writes_does_not_come_in",
        "register/test_restore.py::test_item_33_what_no_verb_lets_be_done_does_not_come_in",
        "register/test_restore.py::test_item_33_what_is_refused_keeps_no_document",
        "register/test_restore_rules.py::test_14_33_the_day_of_a_level_entered_anew_is_judged",
        "stores/test_export.py::test_14_33_a_line_is_as_an_export_writes_it",
    ),
    "a folder of rules leads nowhere else": (
        "rulebook/test_paths.py::test_a_linked_folder_is_not_entered",
        "rulebook/test_paths.py::test_a_linked_file_is_read_only_where_it_leads_into_the_folder",
        "incoming/test_sheets.py::test_a_folder_of_sheets_leads_nowhere_else",
        "rulebook/test_paths.py::test_item_37_a_folder_is_walked_with_bounds",
    ),
}
FOUND = {
    "a row, event, change or document that was changed or removed, and not made to fit": (
        "stores/test_tamper.py::test_every_tamper_is_found",
        "bench/test_tamper_postgresql.py::test_every_tamper_is_found",
    ),
    "whatever stands where a text or number belongs": (
        "stores/test_verify.py::test_item_34_whatever_stands_in_a_column_is_a_finding",
    ),
    "damage to the database, and anything that acts on our tables": (
        "bench/test_bit_flips.py::test_a_sample_of_flips_is_found_or_changes_nothing",
        "stores/test_acts_between.py::test_what_is_on_our_tables_and_not_ours_is_found",
        "stores/test_acts_between.py::test_what_acts_in_between_is_found_on_a_server",
        "stores/test_objects_of_others.py::test_a_trigger_on_another_table_that_changes_ours_is_found",
    ),
    "a table or index that only later versions make, taken away; a setting, or a number of the "
    "schema, that peelflow did not keep": (
        (
            "stores/test_objects_of_others.py::"
            "test_what_a_register_of_before_lacks_is_told_where_the_rest_of_it_is_there"
        ),
        (
            "stores/test_objects_of_others.py::"
            "test_what_is_kept_beside_the_events_is_held_to_what_we_keep"
        ),
    ),
    "all at once of what only later versions make (`settings`, `joint_records`, "
    "`records_by_force`, `sums`, `checkpoint`), taken away where no record is joint; or `sums` and "
    "`checkpoint` alone": (
        "stores/test_objects_of_others.py::test_a_register_that_lacks_all_of_it_is_one_of_before",
        "stores/test_sums.py::test_a_register_of_before_goes_on",
    ),
    "another folder of documents than the one that was remembered": (
        (
            "stores/test_objects_of_others.py::"
            "test_verify_says_in_which_folder_the_documents_were_read"
        ),
    ),
    "an event that its rules would not have let happen, or figures they do not give": (
        "register/test_judgement.py::test_item_24_an_event_that_no_rules_allow_is_found",
    ),
    "an appointment, amendment, correction, withdrawal or move between levels by one who may not, "
    "or in a role that nothing declares; a field cleared on which an act that stands rested; a "
    "name in two spellings on one record, or one of a person that is spelt as `peelflow`; a record "
    "that came to name one which is withdrawn; records closed in favour of each other; two records "
    "that a force is shown under one id; a record below one that does not know of it": (
        "stores/test_brought_back.py::test_a_ring_in_an_export_is_found",
        "stores/test_brought_back.py::test_a_ring_that_an_earlier_peelflow_closed_is_told",
        "register/test_named_records.py::test_what_names_a_withdrawn_record_is_found",
        "register/test_own_ids.py::test_two_records_that_a_force_is_shown_under_one_id_are_found",
        "stores/test_kept_before.py::test_item_33_nobody_is_called_what_peelflow_calls_itself",
        "register/test_restore.py::test_item_33_what_no_verb_lets_be_done_does_not_come_in",
        "register/test_restore.py::test_item_33_a_role_that_nothing_declares_does_nothing",
    ),
    "a child that stands open, or stood so at the end of a day, below a parent which counted "
    "closed: linked there, re-opened, or before its parent was": (
        "stores/test_kept_hierarchy.py::test_a_child_that_stands_open_below_a_closed_parent_is_found",
        "stores/test_kept_hierarchy.py::test_an_honest_hierarchy_is_clean",
    ),
    "a record withdrawn on which another side's act stands, or below which children lie; a "
    "correction of what is void, that says what stands so already, that corrects a correction's "
    "day, or that lies before what it corrects": (
        "register/test_kept_requests.py::test_a_correction_that_nobody_can_ask_for_is_found",
        "register/test_kept_requests.py::test_what_follows_from_a_correction_may_lie_before_what_it_corrects",
    ),
    "a record without a national field that it must have, at first, entered anew or as that is "
    "cleared; a note that brings a letter which was signed after it": (
        "register/test_kept_fields.py::test_what_a_record_must_say_it_says",
        "register/test_kept_fields.py::test_a_note_brings_no_letter_of_a_later_day",
        (
            "register/test_kept_fields.py::"
            "test_what_a_change_of_the_national_rules_asks_for_accuses_nothing_of_before"
        ),
    ),
    "a day that counts from another national field, and was left out or did not follow when that "
    "was amended; a day before 1900": (
        "register/test_kept_fields.py::test_what_verbs_say_by_now_is_held_to_what_is_recorded_by_now",
    ),
    "an act as Chief Constable, under whatever national or own rules, by somebody who did not hold "
    "that appointment on the day": (
        "stores/test_kept_before.py::test_item_14_what_was_let_in_is_told_and_what_is_new_is_found",
        "stores/test_kept_before.py::test_item_14_what_another_own_file_asks_for_by_now_accuses_nobody",
    ),
    "a record that lies, or ever lay, below another which was not linked to it then, or which it "
    "came below with a parent already; a link to a child on another day, by another person, for "
    "another reason or from another source than what put the child there, or beside one that "
    "stands; what is joint below a record on other days, or on another word, than that is, or not "
    "joint with it": (
        "stores/test_kept_links.py::test_item_14_where_a_record_lies_is_held_to_the_links_above",
        "stores/test_kept_joint_below.py::test_item_14_what_lies_below_is_joint_as_what_is_above",
        "stores/test_kept_links.py::test_item_14_what_came_below_by_a_correction_once_accuses_nobody",
    ),
    "a step of the system's that gives a reason, a source, a key or a document; another day on "
    "which a timed step fell due; persons of other forces who act on what is of one alone; a "
    "document of nothing; a beginning entered anew as one of another kind, or as taken over as at "
    "another day; a move between versions under a key": (
        "stores/test_kept_parts.py::test_item_14_what_verbs_add_by_themselves_is_worked_out_anew",
        "stores/test_kept_parts.py::test_item_14_what_an_earlier_peelflow_let_in_accuses_nobody",
        "stores/test_kept_parts.py::test_item_14_a_move_to_other_rules_bears_no_key",
    ),
    "a history that was made anew by the rules, or shortened": (
        "stores/test_tamper.py::test_only_the_seal_shows_what_a_careful_hand_did",
    ),
    "another seal put in the seal's place": (
        "bench/test_tamper_table.py::test_a_seal_that_was_made_anew_is_found_by_its_signature",
        "cli/test_keeping.py::test_a_seal_that_leaves_events_out_says_so_first",
    ),
    "rules of a force's own that came with an export, and take from the national ones": (
        "register/test_restore_rules.py::test_14_33_own_rules_are_held_to_the_national_ones",
        "register/test_restore_rules.py::test_14_33_a_category_of_a_forces_own_counts_on_no_national_ledger",
        "register/test_restore_rules.py::test_14_33_what_counted_there_before_that_was_refused_is_honest",
    ),
    "a move between rules that neither `migrate` nor `relevel` would have made": (
        "register/test_kept_moves.py::test_item_33_a_move_that_no_verb_makes_is_found",
        "register/test_kept_moves.py::test_item_33_each_way_between_rules_is_one_that_a_verb_goes",
        "register/test_wrong_names.py::test_a_made_up_move_that_launders_is_found",
        "register/test_wrong_names.py::test_a_letter_of_before_a_re_opening_never_counts_again",
    ),
    "a national record moved to or from a force's own rules by a plan that is not here": (
        "register/test_kept_moves.py::test_item_33_a_plan_that_is_not_here_is_told",
        "register/test_kept_moves.py::test_item_33_a_force_s_own_form_keeps_the_national_state",
    ),
    "a name or field that is too long, of another type or turned around; an amendment that changes "
    "nothing, or says wrongly what; an appointment or a force's phase that is joint, and what "
    "makes a record joint as it was; a last day before the first; an appointment under another's "
    "id; a correction of HMICFRS's without its source": (
        "stores/test_kept_before.py::test_item_14_what_was_let_in_is_told_and_what_is_new_is_found",
        "stores/test_kept_joint.py::test_item_14_what_is_of_one_force_is_never_joint",
        "stores/test_kept_joint.py::test_item_14_what_no_verb_makes_joint_is_found",
        "stores/test_recheck_words.py::test_item_14_what_no_verb_writes_does_not_come_in",
        "stores/test_recheck_words.py::test_item_14_what_a_file_said_otherwise_once_is_no_finding",
    ),
    "a step that the system takes at once (level 1's `archive`) and that was left out, recorded or "
    "dated otherwise than what leads to it, voided or moved by itself, or left behind where that "
    "was corrected": (
        "register/test_kept_steps.py::test_a_step_that_does_not_stand_with_what_led_to_it_is_found",
        "register/test_kept_steps.py::test_what_asks_more_than_the_record_may_have_been_left_out",
    ),
    "an act or a move that was voided or re-dated since, and that nobody could have made": (
        "register/test_kept_acts.py::test_what_was_voided_since_was_lawful_when_it_was_recorded",
        "register/test_kept_acts.py::test_what_others_said_then_is_not_asked",
    ),
    "a field that no vocabulary here declares": (
        "register/test_restore_rules.py::test_14_33_a_field_that_no_file_here_declares_is_told",
    ),
    "a document of another name, kind, size, signer or day than it was kept with": (
        "stores/test_kept_documents.py::test_item_14_a_document_is_what_it_was_kept_as",
        "stores/test_kept_documents.py::test_item_14_what_an_earlier_peelflow_said_of_no_document_is_no_finding",
    ),
    "an act that rests on an appointment which was recorded a day or more later": (
        "register/test_kept_appointments.py::test_item_14_an_act_before_its_appointment_was_recorded_is_told",
        "register/test_kept_appointments.py::test_item_14_what_was_appointed_in_time_is_not_told",
    ),
    "a document of a kind that no vocabulary here declares": (
        "stores/test_recheck_words.py::test_a_kind_of_evidence_that_no_file_here_declares_is_told",
    ),
    "a question set that no vocabulary here declares": (
        "stores/test_recheck_words.py::test_item_14_a_question_set_that_no_file_here_declares_is_told",
    ),
}
NOT_FOUND = {
    "who appointed, amended, attached or corrected without an appointment, in a made-up history",
    "that a document no event names was removed",
}


def lines_of(heading: str) -> list[str]:
    """Return the first cell of each line of the table below a heading."""
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*?) \| ", part, re.MULTILINE)
    return rows[1:]


def test_each_line_has_its_tests() -> None:
    """A line that is new, worded otherwise or gone changes what is listed here."""
    assert lines_of("What the library checks before it keeps anything") == list(CHECKED)
    found = lines_of("What is found afterwards")
    assert [line for line in found if line not in NOT_FOUND] == list(FOUND)
    assert set(found) >= NOT_FOUND


@pytest.mark.parametrize(("line", "tests"), (CHECKED | FOUND).items())
def test_the_tests_of_a_line_are_there(line: str, tests: tuple[str, ...]) -> None:
    """Each is a test of the suite, by its file and name."""
    for place in tests:
        file, _, name = place.partition("::")
        module = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
        assert name in _functions(module), f"{line}: {place}"


def _functions(module: ast.Module) -> Mapping[str, ast.FunctionDef]:
    return {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
