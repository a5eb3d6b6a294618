"""Two lifecycles told apart in words: every change of meaning, and nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve

from peelflow.model.rules import AppliesTo, Lifecycle
from peelflow.proof.diff import diff
from peelflow.rulebook.canonical import pin_of
from peelflow.rulebook.national import national
from tests.builders.rules import ROLES, rules_from
from tests.oracles.refinement import mutants, refining

RULES = """\
states:
  open:
    counts_as: {portal: open}
    transitions:
      certify: {to: certified, by: [chief_constable, lead], requires: [{evidence: letter}, reason]}
  certified:
    counts_as: {portal: open}
    transitions:
      verify: {to: closed, by: [hmicfrs], requires: [{inspection: planned}]}
      lapse: {to: open, by: [system], after: {days: 90}}
  closed:
    counts_as: {portal: closed}
    final: true
"""
PLANNED = (
    "`verify` from `certified` needs a planned inspection that covers the record's question, not a "
    "planned inspection"
)
LAPSED = "`lapse` from `certified` needs 60 days since certified, not 90 days since certified"
BESPOKE = "`verify` from `certified` needs a bespoke inspection, not a planned inspection"
DROPPED = "a new way to an end: from `certified` `lead` can `drop` to `closed` with a reason"
VERIFY = "verify: {to: closed, by: [hmicfrs], requires: [{inspection: planned}]}"


def said(old: str, new: str) -> list[str]:
    """Return what an edit of the rules changes, in words, with its effect."""
    assert old in RULES
    before, after = rules_from(RULES), rules_from(RULES.replace(old, new, 1))
    return [f"{one.effect}: {one.sentence}" for one in diff(before, after)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[chief_constable, lead]", "[lead, chief_constable]", []),
        ("[{evidence: letter}, reason]", "[reason, {evidence: letter}]", []),
        (
            "[{evidence: letter}, reason]",
            "[reason, {any_of: [[reason], [successor]]}, {evidence: letter}]",
            [],
        ),
        (", lead]", "]", ["tightened: `certify` from `open` is closed to `lead`"]),
        (
            ", lead]",
            ", lead, liaison_officer]",
            ["loosened: `certify` from `open` is open to `liaison_officer`"],
        ),
        (
            ", reason]",
            "]",
            ["loosened: `certify` from `open` needs a `letter`, not a `letter` and a reason"],
        ),
        (
            "{inspection: planned}",
            "{inspection: planned, relevant: true}",
            ["tightened: " + PLANNED],
        ),
        (
            "{inspection: planned}",
            "{inspection: bespoke}",
            ["changed: " + BESPOKE],
        ),
        (
            "days: 90",
            "days: 60",
            ["loosened: " + LAPSED],
        ),
        (
            VERIFY,
            f"{VERIFY}\n      drop: {{to: closed, by: [lead], requires: [reason]}}",
            ["loosened: " + DROPPED],
        ),
        (
            VERIFY,
            f"{VERIFY}\n      note: {{to: certified, by: [lead]}}",
            ["loosened: a new step: from `certified` `lead` can `note` to `certified`"],
        ),
        (
            VERIFY,
            f"verify: [{VERIFY[8:]}, {{to: closed, by: [pcc]}}]",
            ["loosened: a new way to an end: from `certified` `pcc` can `verify` to `closed`"],
        ),
        (
            f"      {VERIFY}\n",
            "",
            ["tightened: from `certified` nobody can `verify` to `closed` any more"],
        ),
        (
            "portal: closed}",
            "portal: closed, force: open}",
            ["changed: `closed` counts open on `force`, not nowhere"],
        ),
        ("    final: true\n", "", ["changed: `closed` is no end any more"]),
        (
            "  closed:\n",
            "  gone: {counts_as: {}}\n  closed:\n",
            ["changed: there is a state `gone`"],
        ),
    ],
)
def test_says_what_changed(old: str, new: str, expected: list[str]) -> None:
    """Each change of meaning in words; order and what follows anyway are no change."""
    assert said(old, new) == expected


def test_titles_comments_and_guarantees_are_no_change() -> None:
    """What is not meaning is not told."""
    before = rules_from(RULES)
    after = rules_from(
        f"# a comment\n{RULES}guarantees:\n  - {{that: closed can always be reached, because: x}}\n"
    )
    assert before.pin == after.pin
    assert diff(before, evolve(after, title="Another title")) == ()


def test_the_whole_file_and_its_roles_are_compared() -> None:
    """Where records start, which they are, what is refined, and what roles mean."""
    before = rules_from(RULES)
    lead = evolve(
        ROLES["lead"],
        side="oversight",
        by_appointment=True,
        may_be_delegated=False,
        stands_for="pcc",
    )
    after = evolve(
        before,
        initial="certified",
        refines="level-3@1",
        applies_to=AppliesTo(("afi",), (3, None)),
        roles={**before.roles, "lead": lead},
    )
    after = evolve(after, pin=pin_of(after))
    assert [one.sentence for one in diff(before, after)] == [
        "it refines `level-3@1`, not nothing",
        "records start in `certified`, not in `open`",
        "it applies to category `afi`",
        "it applies to level `none`",
        "it no longer applies to category `recommendation`",
        "`lead` is of the side oversight, not force",
        "`lead` stands for `pcc`, not nothing",
        "`lead` acts only while appointed",
        "`lead` may not be delegated",
    ]
    back = {one.sentence for one in diff(after, before)}
    assert {"`lead` acts without an appointment", "`lead` may be delegated"} <= back


def test_how_records_begin_is_compared() -> None:
    """To let anybody add one loosens; to have them taken over alone tightens."""
    added = rules_from(RULES)
    taken_over = evolve(added, begun_by="take_over")
    taken_over = evolve(taken_over, pin=pin_of(taken_over))
    said = [
        (one.effect, one.sentence)
        for old, new in ((added, taken_over), (taken_over, added))
        for one in diff(old, new)
    ]
    assert said == [
        ("tightened", "records can only be taken over"),
        ("loosened", "records can be added"),
    ]


def test_a_difference_says_its_place() -> None:
    """The place is in the new file, or in the old one for what vanished."""
    (found,) = diff(rules_from(RULES), rules_from(RULES.replace(", lead]", "]")))
    assert str(found) == ("written.yaml:11:7: tightened: `certify` from `open` is closed to `lead`")


@pytest.mark.parametrize("lifecycle", national().lifecycles, ids=str)
def test_no_edit_of_meaning_goes_unsaid(lifecycle: Lifecycle) -> None:
    """Every small edit with another digest is told in words, both ways."""
    own = refining(lifecycle)
    own = evolve(own, pin=pin_of(own))
    for mutant in mutants(lifecycle):
        if any(level == 9 for level in mutant.lifecycle.applies_to.level):
            continue
        edited = evolve(mutant.lifecycle, pin=pin_of(mutant.lifecycle))
        told, back = bool(diff(own, edited)), bool(diff(edited, own))
        assert told == back
        if mutant.kind.startswith("in force"):  # no digest holds that
            assert told
            continue
        # A requirement that follows from the others changes the digest, and no meaning.
        if told or mutant.kind != "adds a requirement":
            assert told == (edited.pin.digest != own.pin.digest), mutant


def test_what_a_force_file_answers_is_compared() -> None:
    """What states stand for and steps answer, and whether they re-open."""
    base = rules_from(RULES, name="base")
    one = rules_from(RULES, name="own", refines=base)
    other = rules_from(
        RULES.replace("      certify: {", "      certify: {as: verify, reopens: true, ").replace(
            "  certified:\n", "  certified:\n    stands_for: open\n"
        ),
        name="own",
        refines=base,
    )
    assert [f.sentence for f in diff(one, other)] == [
        "`certified` stands for `open`, not `certified`",
        "`lapse` from `certified` answers nothing",
        "`verify` from `certified` answers nothing",
        "`certify` from `open` answers `verify`",
        "`certify` from `open` re-opens",
    ]
    back = [f.sentence for f in diff(other, one)]
    assert "`certify` from `open` re-opens nothing" in back


def test_what_may_be_taken_over_is_compared() -> None:
    """Also between files of one pin, which holds what runs and no such day."""
    whenever = rules_from(RULES)
    early, late = (evolve(whenever, issued_before=date(year, 3, 30)) for year in (2022, 2023))
    assert early.pin == late.pin == whenever.pin
    said = [
        [(one.effect, one.sentence) for one in diff(old, new)]
        for old, new in ((whenever, late), (late, early), (early, late), (late, whenever))
    ]
    alone = "records can be taken over issued before {} alone"
    assert said == [
        [("tightened", alone.format("2023-03-30"))],
        [("tightened", alone.format("2022-03-30"))],
        [("loosened", alone.format("2023-03-30"))],
        [("loosened", "records can be taken over whenever they were issued")],
    ]


def test_from_when_one_version_is_in_force_is_compared() -> None:
    """It says which records take it; of two versions each has a day of its own."""
    unknown = rules_from(RULES)
    early, late = (evolve(unknown, in_force_from=date(year, 4, 1)) for year in (2023, 2024))
    assert early.pin == late.pin
    said = [[str(one) for one in diff(old, new)] for old, new in ((early, late), (late, early))]
    told = "written.yaml:1:1: changed: it is in force from {}, not from {}"
    assert said == [
        [told.format(*days)]
        for days in (("2024-04-01", "2023-04-01"), ("2023-04-01", "2024-04-01"))
    ]
    later = evolve(late, version=late.version + 1)
    assert diff(early, evolve(later, pin=pin_of(later))) == ()


def test_by_when_a_state_is_to_be_left_is_compared() -> None:
    """Nothing that may be done depends on it; what is overdue does."""
    before = rules_from(RULES)
    due = "    due: {working_days: 20}\n    counts_as: {portal: open}\n"
    after = rules_from(RULES.replace("    counts_as: {portal: open}\n", due, 1))
    assert before.pin == after.pin
    told = [[one.sentence for one in diff(*each)] for each in ((before, after), (after, before))]
    days = "within 20 working days of the day of entry", "by no day"
    assert told == [
        [f"`open` is to be left {days[0]}, not {days[1]}"],
        [f"`open` is to be left {days[1]}, not {days[0]}"],
    ]
