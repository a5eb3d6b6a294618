"""Migration plans: records keep their counts, their past, and a way to an end."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from peelflow.errors import Diagnostic, Span
from peelflow.model.rules import AppliesTo, Lifecycle, MigrationPlan
from peelflow.proof.guarantees import prove
from peelflow.proof.lint import each_requirement
from peelflow.proof.migration import check_migration
from peelflow.rulebook.national import national
from tests.builders.rules import VOCABULARY, rules_from
from tests.builders.walks import WORDS, case_from

LEVELS = {one.name: one for one in national().lifecycles}
OLD = """\
states:
  open:
    counts_as: {portal: open}
    transitions:
      certify: {to: certified, by: [chief_constable]}
      skip: {to: certified, by: [lead]}
  certified:
    counts_as: {portal: open}
    transitions:
      verify: {to: closed, by: [hmicfrs]}
      refuse: {to: open, by: [hmicfrs]}
  closed: {counts_as: {portal: closed}, final: true}
"""
NEW = """\
states:
  working:
    counts_as: {portal: open}
    transitions:
      sign: {to: signed, by: [chief_constable]}
  signed:
    counts_as: {portal: open}
    transitions:
      verify: {to: closed, by: [hmicfrs]%s}
      refuse: {to: working, by: [hmicfrs]}
  stuck:
    counts_as: {portal: open}
    transitions:
      wait: {to: stuck, by: [lead]}
  closed: {counts_as: {portal: closed}, final: true}
"""
STATES = {"open": "working", "certified": "signed", "closed": "closed"}
TRIGGERS = {"certify": "sign", "verify": "verify"}


def new(*sentences: str, asks: str = "") -> Lifecycle:
    """Return the new rules, with these guarantees."""
    said = "".join(f"  - that: {sentence!r}\n    because: a test\n" for sentence in sentences)
    return rules_from(
        NEW % asks + (f"guarantees:\n{said}" if said else ""), name="new", initial="working"
    )


def old(text: str = OLD) -> Lifecycle:
    """Return the old rules."""
    return rules_from(text, name="old")


def found(
    after: Lifecycle, *, before: Lifecycle | None = None, **changes: Any
) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the plan, after some changes to it."""
    plan = MigrationPlan("move", "old@1", "new@1", STATES, TRIGGERS, span=Span("plan.yaml"))
    return check_migration(evolve(plan, **changes), before or old(), after, VOCABULARY)


def codes(after: Lifecycle, **changes: Any) -> set[str]:
    """Return the codes of what is wrong with the plan, after some changes to it."""
    return {fault.code for fault in found(after, **changes)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"old": "old@2"}, {"migrates-another"}),
        ({"states": {**STATES, "certified": "closed"}}, {"count-changes", "ends-records"}),
        ({"states": {**STATES, "certified": "stuck"}}, {"unclosable"}),
        ({"states": {"open": "working"}}, {"state-unmapped"}),
        ({"states": {**STATES, "gone": "working", "open": "gone"}}, {"unknown-state"}),
        ({"triggers": {"certifi": "sing"}}, {"unknown-trigger"}),
    ],
)
def test_names_the_obligation_that_a_plan_breaks(
    changes: dict[str, Any], expected: set[str]
) -> None:
    """Each obligation has its code; a plan that keeps them all has none."""
    assert codes(new(), **changes) == expected


def test_where_the_system_goes_on_at_once_counts_too() -> None:
    """A record is put at no state from which the system would close it in the same batch."""
    after = rules_from(
        NEW.replace("wait: {to: stuck, by: [lead]}", "shut: {to: closed, by: [system]}") % "",
        name="new",
        initial="working",
    )
    states = {**STATES, "certified": "stuck"}
    assert codes(after, states=states) == {"count-changes", "ends-records"}
    assert codes(after) == set()


CHECKED = """\
states:
  open:
    counts_as: {portal: open}
    transitions:
      close: {to: closed, by: [lead]%s}
      check: {to: open, by: [lead]}
  closed:
    counts_as: {portal: closed}
    final: true
    transitions:
      approve: {to: closed, by: [lead]}
"""


def test_what_was_done_before_is_known_by_its_new_name() -> None:
    """Who checked it before has approved it, and another closes it."""
    asks = ", requires: [{distinct_from: approve}]"
    after = rules_from(CHECKED % asks, name="new")
    before = rules_from((CHECKED % "").replace("approve", "check"), name="old")
    states = {"open": "open", "closed": "closed"}
    assert codes(after, before=before, states=states, triggers={"check": "approve"}) == set()
    assert codes(after, before=before, states=states, triggers={}) == {"unclosable"}


def test_what_the_system_did_before_is_known_by_its_new_name() -> None:
    """Where the plan says what it is called now, it goes on to nothing that is new."""
    waited = "{to: closed, by: [system], requires: [{waited: 3}]}"
    before = old(
        OLD.replace("      refuse: {to: open", f"      lapse: {waited}\n      refuse: {{to: open")
    )
    text = NEW.replace(
        "      refuse: {to: working", f"      shut: {waited}\n      refuse: {{to: working"
    )
    after = rules_from(text % "", name="new", initial="working")
    assert not found(after, before=before, triggers={**TRIGGERS, "lapse": "shut"})
    codes = {fault.code for fault in found(after, before=before)}
    assert codes == {"count-changes", "ends-records"}


def test_every_trigger_that_a_guarantee_names_is_mapped() -> None:
    """A guarantee's trigger of the old file without a place in the plan is refused."""
    sentences = (
        "verify is never done by [lead]",
        "between verify and refuse stand two different people",
        "closed can always be reached",
    )
    assert codes(new(*sentences)) == {"trigger-unmapped"}


def test_the_old_walk_counts_towards_the_new_guarantees() -> None:
    """Who skipped certification before cannot be verified as if it had been signed."""
    signed = new("closed is never entered without [sign, verify]")
    (fault,) = found(signed)
    assert fault.code == "migration-breaks"
    said = "`lead` does `skip`: `open of old@1` → `certified of old@1`"
    assert said in [step for _, step in fault.steps]
    assert fault.related == signed.guarantees[0].span
    honest = old(OLD.replace("      skip: {to: certified, by: [lead]}\n", ""))
    assert not found(signed, before=honest)


def test_what_the_old_rules_allowed_is_past() -> None:
    """A step of the old file breaks no new guarantee; the same step in the new file would."""
    loose = old(
        OLD.replace("verify: {to: closed, by: [hmicfrs]}", "verify: {to: closed, by: [lead]}")
    )
    only = new("closed is only entered by [hmicfrs]", "verify is never done by [lead]")
    assert not found(only, before=loose)


def test_a_predicate_leaves_a_plan_open() -> None:
    """What a predicate decides is not proved, and what is not proved is refused."""
    asks = ", requires: [{predicate: agreed}]"
    (fault,) = found(new("closed can always be reached", asks=asks))
    assert (fault.code, fault.severity) == ("migration-undetermined", "error")


SHELVED = """\
states:
  open:
    counts_as: {portal: open}
    transitions:
      finish: {to: done, by: [lead]%s}
      shelve: {to: shelved, by: [lead]}
  shelved:
    counts_as: {portal: open}
    transitions:
      take_up: {to: %s, by: [lead]}
      finish: {to: done, by: [lead]}
  done: {counts_as: {portal: closed}, final: true}
guarantees:
  - {that: "done is never entered without {waited: 9, since: open}", because: a test}
  - {that: done can always be reached, because: a test}
"""


def shelved(text: str, name: str, **states: str) -> set[str]:
    """Return what is wrong with moving to rules that wait nine days since `open`."""
    before = rules_from(SHELVED[: SHELVED.index("guarantees")] % ("", "open"), name="old")
    after = rules_from(text, name="new")
    then = {each: each for each in before.states} | states
    plan = MigrationPlan("move", "old@1", "new@1", then)
    return {
        fault.sentence.split("`")[1] for fault in check_migration(plan, before, after, VOCABULARY)
    } - {name}


WAITED = ", requires: [{waited: 9, since: open}]"
SINCE = "done is never entered without {waited: 9, since: open}"
DONE = "done can always be reached"


def test_a_state_counts_across_a_move_that_keeps_what_it_stands_for() -> None:
    """Who was in `open` waited since; where the move changes it, nobody has been there yet."""
    asked = SHELVED.replace("finish: {to: done, by: [lead]}", "finish: {to: done, by: [lead]%s}")
    assert shelved(SHELVED % (WAITED, "open"), "") == {SINCE}
    after = asked % (WAITED, "open", WAITED)
    assert shelved(after, "") == set()
    assert shelved(after.replace("take_up: {to: open", "take_up: {to: shelved"), "") == set()
    assert shelved(after, "", open="shelved", shelved="open") == set()


LEFT = """\
states:
  open:
    counts_as: {portal: open}
    transitions:
      finish: {to: done, by: [lead], requires: [{waited: 9}]}
  shelved:
    counts_as: {portal: open}
    transitions:
      finish: {to: done, by: [lead], requires: [{waited: 9, since: open}]}
  done: {counts_as: {portal: closed}, final: true}
guarantees:
  - {that: "done is never entered without {waited: 9}", because: a test}
"""


@pytest.mark.parametrize("name", ["open", "begun"])
def test_a_state_that_was_left_before_a_move_counts_after_it(name: str) -> None:
    """Who was shelved yesterday was in `open` nine days ago, and would finish at once."""
    before = rules_from(SHELVED[: SHELVED.index("guarantees")] % ("", "open"), name="old")
    after = rules_from(LEFT.replace("open:\n", f"{name}:\n").replace(": open}]", f": {name}}}]"))
    after = evolve(after, name="new")
    if name != "open":
        states = {**after.states, name: evolve(after.states[name], stands_for="open")}
        after = evolve(after, states=states, initial=name)
    plan = MigrationPlan("move", "old@1", "new@1", {n: n for n in before.states} | {"open": name})
    (fault,) = check_migration(plan, before, after, VOCABULARY)
    assert fault.code == "migration-breaks"


def test_a_record_that_stays_in_its_state_came_there_when_its_window_began() -> None:
    """To wait nine days since either is the same, before a move and after it."""
    before = rules_from(SHELVED[: SHELVED.index("guarantees")] % ("", "open"), name="old")
    text = SHELVED.replace("      finish: {to: done, by: [lead]}\n", "")
    after = rules_from(text % (", requires: [{waited: 9}]", "open"), name="new")
    plan = MigrationPlan("move", "old@1", "new@1", {each: each for each in before.states})
    assert check_migration(plan, before, after, VOCABULARY) == ()


def test_a_change_of_level_begins_a_window_unless_letters_carry_over() -> None:
    """Who signed before it has not signed since."""
    after = one_way(REACHED, who="sign")
    after = evolve(after, applies_to=AppliesTo(("recommendation",), (2,)))
    (fault,) = found(after, before=old_without(SKIP), by=("hmicfrs",))
    assert fault.code == "migration-breaks"
    assert found(after, before=old_without(SKIP), by=("hmicfrs",), letters=True) == ()


def test_waits_of_the_old_rules_are_told_from_those_of_the_new() -> None:
    """A `since` of the old file speaks of its own states."""
    choices = (
        "{waited: 3, since: open}",
        "{evidence: letter, since: open}",
        "{waited: 9, since: published}",
        "reason",
    )
    choice = ", ".join(f"[{each}]" for each in choices)
    asked = f"[{{any_of: [{choice}]}}, {{distinct_from: certify, since: open}}]"
    waiting = OLD.replace(
        "verify: {to: closed, by: [hmicfrs]}",
        f"verify: {{to: closed, by: [hmicfrs], requires: {asked}}}",
    )
    assert not found(new("closed can always be reached"), before=old(waiting))


APART = "between sign and verify stand two different people"
REACHED = "closed can always be reached"
CERTIFY = "      certify: {to: certified, by: [chief_constable]}\n"
SKIP = "      skip: {to: certified, by: [lead]}\n"


def one_way(*sentences: str, who: str, then: str = "sign") -> Lifecycle:
    """Return new rules that never send back, and verify by another person than did `who`.

    Args:
        sentences: Their guarantees.
        who: A trigger.
        then: What their first step is called.
    """
    text = NEW.replace("      refuse: {to: working, by: [hmicfrs]}\n", "").replace(
        "sign:", f"{then}:"
    )
    said = "".join(f"  - {{that: {each}, because: a test}}\n" for each in sentences)
    asks = f", requires: [{{distinct_from: {who}}}]"
    return rules_from(f"{text % asks}guarantees:\n{said}", name="new", initial="working")


def old_without(step: str) -> Lifecycle:
    """Return the old rules without one way to certify, and without the way back."""
    return old(OLD.replace(step, "").replace("      refuse: {to: open, by: [hmicfrs]}\n", ""))


def test_what_was_done_counts_by_the_name_that_the_plan_gives_it() -> None:
    """Who certified before has signed: somebody else can verify, and nobody but somebody else."""
    assert not found(one_way(APART, REACHED, who="sign"), before=old_without(SKIP))
    (fault,) = found(new(APART), before=old_without(SKIP))
    assert fault.code == "migration-breaks"


def test_what_was_done_does_not_count_by_the_name_that_it_bore() -> None:
    """Where the new rules call something else so, nobody has done that yet."""
    anew = one_way(REACHED, who="certify", then="certify")
    moved = {"triggers": {"certify": "verify", "verify": "verify"}}
    # That the force's own step becomes HMICFRS's is refused by itself, too.
    faults = found(anew, before=old_without(SKIP), **moved)
    assert {fault.code for fault in faults} == {"migration-breaks", "trigger-differs"}


def test_a_trigger_that_the_plan_leaves_out_keeps_its_name() -> None:
    """No guarantee speaks of it, and the new rules may ask who did it."""
    anew = one_way(REACHED, who="skip", then="skip")
    assert not found(anew, before=old_without(CERTIFY), triggers={})


def test_the_move_itself_does_nothing_that_the_rules_name() -> None:
    """Where rules happen to have a trigger `migrate`, moving a record is not doing it."""
    text = (NEW % "").replace("sign:", "migrate:")
    without = "closed is never entered without [migrate, verify]"
    said = f"guarantees:\n  - {{that: '{without}', because: a test}}\n"
    signed = rules_from(text + said, name="new", initial="working")
    named = old(OLD.replace("certify:", "migrate:"))
    (fault,) = found(signed, before=named, triggers={"migrate": "migrate", "verify": "verify"})
    assert fault.code == "migration-breaks"


def relevelled(before: str, after: str, states: dict[str, str], **more: Any) -> set[str]:
    """Return what is wrong with moving records from one national level to another."""
    left, taken = LEVELS[before], LEVELS[after]
    named = {rule.trigger for s in left.states.values() for rule in s.transitions}
    there = {rule.trigger for s in taken.states.values() for rule in s.transitions}
    triggers = {name: name for name in named & there}
    triggers |= dict.fromkeys(named - there, "archive")
    plan = MigrationPlan("move", str(left), str(taken), states, triggers, by=("hmicfrs",))
    return {fault.code for fault in check_migration(evolve(plan, **more), left, taken, VOCABULARY)}


def test_only_the_inspectorate_moves_records_between_levels() -> None:
    """From level 3 to level 2 and on, moved by HMICFRS alone."""
    states = {name: name for name in LEVELS["level-2"].states} | {"self_certified": "in_progress"}
    plan = {"states": states}
    left, taken = LEVELS["level-3"], LEVELS["level-2"]
    both = {r.trigger for s in taken.states.values() for r in s.transitions}
    triggers = {name: name for name in both} | {"self_certify": "close", "verify": "close"}
    kept = {
        k: v
        for k, v in triggers.items()
        if k in {r.trigger for s in left.states.values() for r in s.transitions}
    }
    move = MigrationPlan("move", str(left), str(taken), plan["states"], kept, by=("hmicfrs",))
    assert not check_migration(move, left, taken, VOCABULARY)
    for by in ((), ("liaison_officer",), ("hmicfrs", "lead")):
        (fault,) = check_migration(evolve(move, by=by), left, taken, VOCABULARY)
        assert fault.code == "relevelled-by-others"


def test_a_record_of_another_category_cannot_move() -> None:
    """The new lifecycle runs every category that the old one runs."""
    after = new()
    assert codes(evolve(after, applies_to=AppliesTo(("afi",), (3,)))) == {"applies-elsewhere"}


def test_moving_to_level_one_archives() -> None:
    """Peelflow itself closes what the inspectorate moves to level 1, and nothing else may."""
    ends = {"closed": "archived", "superseded": "archived"}
    ends |= {"not_applicable": "archived", "no_action": "archived", "discharged": "archived"}
    into = {name: ends.get(name, "issued") for name in LEVELS["level-4"].states}
    assert relevelled("level-4", "level-1", into) == set()
    assert "count-changes" in relevelled("level-4", "level-1", {**into, "open": "managed"})


def test_in_progress_is_not_moved_to_closed() -> None:
    """A plan between versions cannot close what is under way."""
    level = LEVELS["level-3"]
    later = evolve(level, version=3)
    named = {rule.trigger: rule.trigger for s in level.states.values() for rule in s.transitions}
    same = {name: name for name in level.states}
    plan = MigrationPlan("move", "level-3@2", "level-3@3", same, named)
    assert not check_migration(plan, level, later, VOCABULARY)
    closing = evolve(plan, states={**same, "in_progress": "closed"})
    assert {f.code for f in check_migration(closing, level, later, VOCABULARY)} >= {
        "count-changes",
        "ends-records",
    }


def test_a_state_that_nothing_reaches_need_not_be_mapped() -> None:
    """No record can stand there, so none has to go anywhere."""
    lonely = old(OLD.replace("  closed:", "  lonely: {counts_as: {}, final: true}\n  closed:"))
    assert not found(new("closed can always be reached"), before=lonely)


def counts_since(lifecycle: Lifecycle) -> bool:
    """Say whether something counts since a state."""
    return any(getattr(atom, "since", None) for atom in each_requirement(lifecycle))


def uncounted(seed: int) -> Lifecycle:
    """Return the first drawn lifecycle from a seed on in which nothing counts since a state."""
    return next(one for each in count(seed) if not counts_since(one := case_from(each)))


@given(lifecycle=st.integers(0, 2**48).map(uncounted))
@settings(max_examples=400, deadline=None)
def test_moving_to_the_same_rules_breaks_nothing(lifecycle: Lifecycle) -> None:
    """Where a guarantee is proved, it is kept by records that move to the same rules anew.

    Only what counts `since` a state is another matter: one that a record left before it moved has
    not been entered after it.
    """
    (proof,) = prove(lifecycle, WORDS)
    assume(proof.verdict == "proved")
    named = {way.trigger for state in lifecycle.states.values() for way in state.transitions}
    same = {name: name for name in lifecycle.states}
    later = evolve(lifecycle, version=2)
    plan = MigrationPlan("move", str(lifecycle), str(later), same, {name: name for name in named})
    faults = check_migration(plan, lifecycle, later, WORDS)
    assert [str(f) for f in faults if f.code != "migration-undetermined"] == []
