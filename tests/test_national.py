"""The national rule files: what each of them must guarantee, and what the sources ask for."""

from __future__ import annotations

import pytest

from peelflow.model.decisions import Refused
from peelflow.rulebook.national import national
from tests.builders.force import KINDS, START, Kind, new_world

SIDE_DOORS = {
    "closed can always be reached",
    "superseded is never entered without [propose_superseded, accept_superseded]",
    "not_applicable is never entered without [propose_not_applicable, accept_not_applicable]",
    "no_action is never entered without [propose_no_action, accept_no_action]",
    "proposed_superseded is never entered without successor",
    "proposed_no_action is never entered without reason",
    "discharged is only entered by [hmicfrs]",
    "discharged is never entered without reason",
    "discharged can always be reached",
}
LETTER = "{evidence: letter, signed_by: [chief_constable]}"
ADDRESSED = "chief_constable, nominated_deputy, liaison_officer, pcc, npcc, college, ministry"
EACH_ANSWERED = "{children: answers, for_each: recommendation, whose: source_report, names: report}"
SOME_ANSWERED = "{any_of: [[children], [{field: recommendations, has: none_made}]]}"
ANSWERS = {
    "chief_constable, nominated_deputy": "chief_constables",
    "pcc": "pccs",
    "npcc": "npcc",
    "college": "college",
    "ministry": "ministries",
}
"""Who answers as what a super-complaint's recommendation is addressed to."""
MUST_GUARANTEE = {
    "level-1": {
        "portal closed is only entered by [system]",
        "archive is never done by [liaison_officer, lead, chief_constable, nominated_deputy]",
        "done can always be reached",
    },
    "level-2": SIDE_DOORS
    | {
        "portal closed is only entered by [chief_constable, nominated_deputy, hmicfrs]",
        "portal closed is never entered by [chief_constable, nominated_deputy] without " + LETTER,
        "closed is never entered without [close]",
    },
    "level-3": SIDE_DOORS
    | {
        "portal closed is only entered by [hmicfrs]",
        "closed is never entered without [self_certify, verify]",
        "self_certified is never entered without " + LETTER,
        "closed is never entered without {inspection: planned, relevant: true}",
    },
    "level-4": SIDE_DOORS
    | {
        "portal closed is only entered by [hmicfrs]",
        "close is never done by [chief_constable, nominated_deputy, liaison_officer, lead]",
        "closed is never entered without {inspection: bespoke}",
    },
    "cause-of-concern": SIDE_DOORS
    | {
        "portal closed is only entered by [hmicfrs]",
        *(
            f"{state} is never entered without children"
            for state in ("closed", "superseded", "not_applicable", "no_action")
        ),
    },
    "before-levels": {
        "portal closed is only entered by [hmicfrs]",
        "closed can always be reached",
    },
    "afi-before-levels": {
        "portal closed is only entered by [hmicfrs]",
        "closed can always be reached",
    },
    "inspection": {
        "reported is only entered by [hmicfrs]",
        "reported is never entered without [schedule, begin_fieldwork, report]",
        "scheduled is never entered without {field: first_day}",
        "scheduled is never entered without {field: kind}",
        "postponed is never entered without reason",
        "cancelled is never entered without reason",
        "reported can always be reached",
    },
    "appointment": {"made can always be reached"},
    "report": {
        "published is only entered by [hmicfrs, npcc, college]",
        "published is never entered without {field: published}",
        "abandoned is never entered without reason",
        "published can always be reached",
    },
    "section-55": {
        "section_55 closed is only entered by [pcc]",
        "publish is never done by [chief_constable, nominated_deputy, liaison_officer, lead]",
        f"published is never entered without {EACH_ANSWERED}",
        f"published is never entered without {SOME_ANSWERED}",
        "published is never entered without {evidence: response}",
        "commented is never entered without {evidence: comments, signed_by: [chief_constable]}",
        "commissioned is never entered without {field: chief_officer_due}",
        "sent is never entered without [publish, copy_to_hmicfrs]",
        "sent is never entered without [publish, copy_to_secretary_of_state]",
        "sent can always be reached",
    },
    "section-55-answer": {
        "section_55 closed is only entered by [pcc]",
        "section_55 closed is never entered without reason",
        "action_taken can always be reached",
    },
    "super-complaint": {
        "reported is never entered without [find_eligible, investigate, report]",
        "reported is only entered by [hmicfrs]",
        "reported is never entered without {field: published_report}",
        "ineligible is never entered without reason",
        "reported can always be reached",
    },
    "super-complaint-recommendation": {
        f"force closed is only entered by [{ADDRESSED}]",
        "completed is never entered without [accept, complete] since open",
        "not_accepted is never entered without reason",
        "not_accept is never done by [liaison_officer, lead]",
        "completed is never entered without reason",
        "superseded is never entered without successor",
        "completed can always be reached",
    }
    | {
        f"{state} is never entered by [{roles}] without {{field: addressees, has: {choice}}}"
        for roles, choice in ANSWERS.items()
        for state in ("accepted", "not_accepted", "completed")
    },
    "force-monitoring": {
        "engage is only entered by [hmicfrs]",
        "engage is never entered without reason",
        "scan can always be reached",
    },
    "engage-cause": {
        "set_aside is only entered by [hmicfrs]",
        "set_aside is never entered without reason",
        "set_aside can always be reached",
    },
    "milestone": {
        "reached is only entered by [liaison_officer, lead]",
        "dropped is only entered by [liaison_officer, lead]",
        "dropped is never entered without reason",
        "reached can always be reached",
        "dropped can always be reached",
    },
    "peel-readiness": {
        "assessed is never entered without [set_baseline]",
        "assessed is never entered without reason",
        "set_baseline is never done by [hmicfrs]",
        "concluded is never entered without [set_baseline, conclude]",
        "concluded can always be reached",
    },
}
BY_NAME = {lifecycle.name: lifecycle for lifecycle in national().lifecycles}


def test_the_national_rulebook_is_complete() -> None:
    """Every shipped lifecycle is known here, and its list of guarantees with it."""
    assert set(MUST_GUARANTEE) == set(BY_NAME) == {kind.name for kind in KINDS}


@pytest.mark.parametrize("name", sorted(MUST_GUARANTEE))
def test_each_lifecycle_guarantees_what_its_source_asks(name: str) -> None:
    """No guarantee is missing, none has crept in unseen, and each says why."""
    guarantees = BY_NAME[name].guarantees
    assert MUST_GUARANTEE[name] == {guarantee.that for guarantee in guarantees}
    assert all(guarantee.because for guarantee in guarantees)


def test_no_force_role_can_close_level_4() -> None:
    """Level 4: "No force self-certification"."""
    rules = BY_NAME["level-4"]
    closing = {
        role
        for state in rules.states.values()
        for rule in state.transitions
        if rules.states[rule.to].counts_as.get("portal") == "closed"
        for role in rule.by
    }
    assert closing == {"hmicfrs"}
    assert "self_certify" not in {
        rule.trigger for state in rules.states.values() for rule in state.transitions
    }


def test_the_levels_share_all_but_what_their_source_differs_in() -> None:
    """Levels 2, 3 and 4 are one file but for how a record closes from being in progress."""
    differing = {"in_progress", "self_certified", "supported"}
    shared = [
        {n: (s.counts_as, s.final, s.transitions) for n, s in BY_NAME[name].states.items()}
        for name in ("level-2", "level-3", "level-4")
    ]
    for states in shared:
        for name in differing:
            states.pop(name, None)
    assert shared[0] == shared[1] == shared[2]


@pytest.mark.parametrize("kind", KINDS[1:4], ids=lambda kind: kind.name)
def test_a_reopened_record_needs_new_evidence_to_close(kind: Kind) -> None:
    """Re-opening keeps the history, and what counted once does not count again."""
    world = new_world()
    record = world.add(kind)
    path = {"level-3": ("start", "self_certify", "verify")}.get(kind.name, ("start", "close"))
    for trigger in path:
        world.step(record, trigger)
    closing = world.register.history(record)[2]
    world.step(record, "reopen")
    world.later()
    spent = closing.what.evidence if hasattr(closing.what, "evidence") else ()
    with pytest.raises(Refused) as refused:
        world.fire(
            record,
            path[1],
            closing.actor.role,
            evidence=spent,
            inspection=getattr(closing.what, "inspection", None),
        )
    assert "not yet" in str(refused.value)
    for trigger in path[1:]:
        world.step(record, trigger)
    assert world.register.record(record).state == "closed"


def test_a_level_1_record_is_archived_in_the_batch_that_adds_it() -> None:
    """Level 1: "closed automatically by HMICFRS", and then managed in force if it so chooses."""
    world = new_world()
    record = world.add(KINDS[0])
    assert world.register.record(record).state == "archived"
    assert [str(e.actor.role) for e in world.register.history(record)] == ["hmicfrs", "system"]
    world.step(record, "manage")
    figures = world.register.figures(ledger="force")
    assert (figures.open, figures.closed) == (1, 0)
    world.step(record, "finish")
    assert world.register.record(record).state == "done"
    assert (world.register.figures().open, world.register.figures().closed) == (0, 1)


def test_a_cause_of_concern_stays_open_while_a_child_is_open() -> None:
    """HMICFRS closes it itself, once every child is closed."""
    world = new_world()
    parent = world.add(KINDS[4])
    world.step(parent, "start")
    world.later()
    with pytest.raises(Refused, match="there is no child"):
        world.fire(parent, "close", "hmicfrs")
    child = world.add(KINDS[1], parent=parent)
    world.later()
    with pytest.raises(Refused, match=f"not closed yet: {child}"):
        world.fire(parent, "close", "hmicfrs")
    world.step(child, "start")
    world.step(child, "close")
    world.step(parent, "rescind_part")
    world.step(parent, "close")
    assert world.register.record(parent).state == "closed"
    world.later()
    with pytest.raises(Refused, match="re-open the parent first"):
        world.fire(child, "reopen", "hmicfrs", reason="undone")
    with world.register.batch() as batch:
        for record in (parent, child):
            batch.fire(
                record,
                "reopen",
                actor=world.register.history(parent)[0].actor,
                on=world.day,
                recorded_by="liaison-officer",
                source="portal",
                reason="undone",
            )
    assert {"in_progress"} == {world.register.record(r).state for r in (parent, child)}


def test_rules_apply_from_their_first_day() -> None:
    """A record takes the lifecycle in force on its issue date."""
    rulebook = national()
    assert rulebook.lifecycle_for("afi", 3, START) is BY_NAME["level-3"]
