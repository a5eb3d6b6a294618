"""Each clause of refinement: the force's line, the national line it breaks, and what would do."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from attrs import evolve

from peelflow.errors import Span
from peelflow.model.rules import Lifecycle, Role
from peelflow.proof.refinement import check_refinement
from peelflow.rulebook.national import national
from tests.builders.rules import ROLES, VOCABULARY, rules_from

STATES = """\
states:
  open:
    counts_as: {portal: open}
    transitions:
      certify:
        to: certified
        by: [chief_constable, liaison_officer]
        requires: [{evidence: letter, signed_by: [chief_constable]}]
      note: {to: open, by: [hmicfrs], requires: [reason]}
  certified:
    counts_as: {portal: open}
    transitions:
      verify: {to: closed, by: [hmicfrs, pcc], requires: [{inspection: planned}]}
      lapse: {to: open, by: [system], after: {days: 90}}
  closed:
    counts_as: {portal: closed}
    final: true
    transitions:
      reopen: {to: open, by: [hmicfrs], reopens: true}
"""
PROMISES = """\
guarantees:
  - that: portal closed is only entered by [hmicfrs, pcc]
    because: a test
  - that: certified is never entered without {evidence: letter}
    because: a test
  - that: closed can always be reached
    because: a test
"""
NATIONAL = rules_from(
    STATES
    + PROMISES.replace(
        "certified is never entered without {evidence: letter}",
        '"certified is never entered without {evidence: letter}"',
    ),
    name="base",
)


def edited(old: str = "", new: str = "", *, initial: str = "open") -> Lifecycle:
    """Return a force's file that says what the national one says, but for one edit."""
    assert not old or old in STATES
    text = STATES.replace(old, new, 1) if old else STATES
    return rules_from(text, name="own", initial=initial, refines=NATIONAL)


def codes(own: Lifecycle, base: Lifecycle = NATIONAL) -> set[str]:
    """Return the codes of what is wrong with a force's file."""
    return {fault.code for fault in check_refinement(own, base, VOCABULARY)}


LETTER = "requires: [{evidence: letter, signed_by: [chief_constable]}]"
NOTE = "note: {to: open, by: [hmicfrs], requires: [reason]}"
VERIFY = "verify: {to: closed, by: [hmicfrs, pcc], requires: [{inspection: planned}]}"
LAPSE = "lapse: {to: open, by: [system], after: {days: 90}}"
REOPEN = "reopen: {to: open, by: [hmicfrs], reopens: true}"
CERTIFY = "        by: [chief_constable, liaison_officer]"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (LETTER, "requires: [{evidence: letter}]", {"requirement-weakened"}),
        (LETTER, "requires: [reason]", {"requirement-weakened", "guarantee-broken"}),
        (LETTER, "requires: [{predicate: agreed}]", {"refinement-undetermined"}),
        ("by: [chief_constable, liaison_officer]", "by: [lead]", {"role-added"}),
        ("to: certified", "to: open", {"target-differs", "end-unreachable"}),
        (NOTE, "", {"theirs-missing"}),
        (NOTE, NOTE.replace("[reason]", "[reason, successor]"), {"theirs-burdened"}),
        (
            NOTE,
            NOTE.replace("[reason]", "[reason, {predicate: agreed}]"),
            {"refinement-undetermined"},
        ),
        (NOTE, NOTE.replace("note:", "remark:").replace("]}", "], as: note}"), {"theirs-renamed"}),
        (
            NOTE,
            f"{NOTE}\n      jot: {{to: certified, by: [lead]}}",
            {"own-step-leaves", "theirs-retimed", "guarantee-broken"},
        ),
        (NOTE, f"{NOTE}\n      jot: {{to: open, by: [hmicfrs]}}", {"own-step-by-others"}),
        (
            NOTE,
            f"{NOTE}\n      jot: {{to: open, by: [system]}}",
            {"own-step-by-others", "end-unreachable"},
        ),
        (NOTE, f"{NOTE}\n      verify: {{to: open, by: [lead]}}", {"own-step-misnamed"}),
        (
            REOPEN,
            f"{REOPEN}\n      jot: {{to: closed, by: [lead], reopens: true}}",
            {"own-step-from-end"},
        ),
        (NOTE, f"{NOTE}\n      jot: {{to: open, by: [lead], as: verify}}", {"answers-nothing"}),
        (VERIFY, VERIFY.replace(", pcc", ""), {"theirs-missing"}),
        (LAPSE, LAPSE.replace("90", "91"), {"theirs-retimed"}),
        (LAPSE, LAPSE.replace(", after: {days: 90}", ""), {"theirs-retimed", "end-unreachable"}),
        (LAPSE, f"{LAPSE}\n      jot: {{to: certified, by: [lead]}}", {"theirs-retimed"}),
        ("counts_as: {portal: closed}", "counts_as: {}", {"count-differs"}),
        ("counts_as: {portal: open}", "counts_as: {portal: open, own: open}", set()),
        ("    final: true\n", "", {"final-differs"}),
        ("  open:\n", "  open:\n    final: true\n", {"final-differs"}),
        ("by: [chief_constable, liaison_officer]", "by: [panel]", set()),
        ("by: [chief_constable, liaison_officer]", "by: [chair]", {"not-delegable"}),
        ("  closed:\n", "  closed:\n    stands_for: nowhere\n", {"stands-for-nothing"}),
    ],
)
def test_names_the_clause_that_an_edit_breaks(old: str, new: str, expected: set[str]) -> None:
    """Each clause has its code; what only tightens has none."""
    assert codes(edited(old, new)) == expected


def test_a_fault_names_both_lines() -> None:
    """The force's line, the national line that it breaks, and what would satisfy it."""
    (fault,) = check_refinement(
        edited(LETTER, "requires: [{evidence: letter}]"), NATIONAL, VOCABULARY
    )
    assert fault.span == Span("own.yaml", 12, 7)
    assert fault.related == Span("base.yaml", 11, 7)
    step = "own.yaml:12:7: `chief_constable` does `certify` with a `letter` alone, without a"
    assert str(fault) == (
        "own.yaml:12:7: requirement-weakened: `certify` can be done with a `letter` alone here; "
        "nationally `certify` needs a `letter` signed by `chief_constable`\n"
        f"    1. {step} `letter` signed by `chief_constable`: `open` → `certified`\n"
        "    help: require a `letter` signed by `chief_constable`\n"
        "    against base.yaml:11:7"
    )


def test_a_broken_guarantee_tells_how() -> None:
    """The walk that breaks a national guarantee stands below the sentence."""
    own = edited(NOTE, f"{NOTE}\n      jot: {{to: closed, by: [lead]}}")
    said = [
        str(f) for f in check_refinement(own, NATIONAL, VOCABULARY) if f.code == "guarantee-broken"
    ]
    assert "17:7: `lead` does `jot`: `open` → `closed`" in said[0]


def test_records_start_where_the_national_file_says() -> None:
    """Another beginning is refused."""
    assert "initial-differs" in codes(edited(initial="certified"))


def test_a_file_stays_within_what_it_refines() -> None:
    """No more records, no earlier dates, no other version, no other meaning of a role."""
    own = edited()
    applies = evolve(own.applies_to, category=("recommendation", "afi"), level=(3, None))
    roles = {**own.roles, "hmicfrs": Role("force", "HMICFRS")}
    assert codes(evolve(own, applies_to=applies)) == {"wider-than-national"}
    assert codes(evolve(own, in_force_from=date(2019, 12, 31))) == {"earlier-than-national"}
    assert codes(evolve(own, refines="base@2")) == {"refines-another"}
    assert "role-redefined" in codes(evolve(own, roles=roles))


def test_a_role_cannot_stand_for_nobody() -> None:
    """A stand-in for a role that nothing declares is refused."""
    roles = {**ROLES, "ghost": Role("force", "Ghost", stands_for="nobody")}
    assert codes(evolve(edited(), roles=roles)) == {"not-delegable"}


def test_a_state_split_by_own_steps_is_accepted() -> None:
    """An evidence panel before self-certification is the force's own affair."""
    panel = """\
  open:
    counts_as: {portal: open}
    transitions:
      ask_panel: {to: at_panel, by: [lead]}
      note: {to: open, by: [hmicfrs], requires: [reason]}
  at_panel:
    stands_for: open
    counts_as: {portal: open}
    transitions:
      send_back: {to: open, by: [panel], requires: [reason]}
      send:
        as: certify
        to: certified
        by: [chief_constable]
        requires:
          - {distinct_from: ask_panel, since: at_panel}
          - {waited: 28}
          - {evidence: letter, signed_by: [chief_constable]}
      note: {to: open, by: [hmicfrs], requires: [reason]}
"""
    start, end = STATES.index("  open:"), STATES.index("  certified:")
    own = rules_from(STATES[:start] + panel + STATES[end:], name="own", refines=NATIONAL)
    assert codes(own) == set()
    never = panel.replace("distinct_from: ask_panel", "distinct_from: send_back")
    own = rules_from(STATES[:start] + never + STATES[end:], name="own", refines=NATIONAL)
    assert codes(own) == {"end-unreachable"}


SINCE = """\
states:
  open:
    counts_as: {}
    transitions:
      finish: {to: done, by: [lead]}
  done:
    counts_as: {}
    transitions:
      sign:
        to: end
        by: [hmicfrs]
        requires:
          - any_of:
              - [{waited: 28, since: done}]
              - [{distinct_from: finish}, {evidence: letter, since: open}]
  end: {counts_as: {}, final: true}
guarantees:
  - that: >-
      end is never entered without
      {any_of: [[{waited: 28}], [{evidence: letter, since: open}, {distinct_from: finish}]]}
    because: a test
  - that: end can always be reached
    because: a test
"""


def test_states_and_triggers_are_meant_by_what_stands_for_them() -> None:
    """`since` and `distinct_from` follow a renamed state and trigger; split ones stay open."""
    base = rules_from(SINCE, name="base")
    rest = SINCE[: SINCE.index("guarantees:")]
    renamed = (
        rest.replace("finish: {to: done,", "file: {as: finish, to: filed,")
        .replace("  done:\n", "  filed:\n    stands_for: done\n")
        .replace("since: done", "since: filed")
        .replace("distinct_from: finish", "distinct_from: file")
    )
    assert codes(rules_from(renamed, name="own", refines=base), base) == set()
    split = renamed.replace("      sign:\n", "      check: {to: filed, by: [lead]}\n      sign:\n")
    found = codes(rules_from(split, name="own", refines=base), base)
    assert found == {"refinement-undetermined"}


def test_the_shipped_rules_refine_themselves_and_level_four_stays_shut() -> None:
    """No force role can be let into any end of level 4."""
    level = next(one for one in national().lifecycles if one.name == "level-4")
    own = evolve(level, name="own", refines=str(level), guarantees=())
    assert not check_refinement(own, level, national().vocabulary)
    forces = [name for name, role in level.roles.items() if role.side == "force"]
    doors = [
        (name, place)
        for name, state in level.states.items()
        for place, way in enumerate(state.transitions)
        if level.states[way.to].final
    ]
    for name, place in doors:
        for role in forces:
            state = own.states[name]
            ways = list(state.transitions)
            ways[place] = evolve(ways[place], by=(*ways[place].by, role))
            states = {**own.states, name: evolve(state, transitions=tuple(ways))}
            found = check_refinement(evolve(own, states=states), level, national().vocabulary)
            assert {"role-added", "guarantee-broken"} <= {fault.code for fault in found}


def test_a_national_promise_does_not_see_own_steps() -> None:
    """A step of the force's own within a national state comes to no state anew."""
    text = f"{STATES}guarantees:\n  - {{that: portal open is never followed by open, because: x}}\n"
    text = (
        text.replace(NOTE, "").replace(LAPSE, "").replace(f"    transitions:\n      {REOPEN}\n", "")
    )
    base = rules_from(text, name="base")
    own = text[: text.index("guarantees:")].replace(
        "    transitions:\n", "    transitions:\n      jot: {to: open, by: [lead]}\n", 1
    )
    assert codes(rules_from(own, name="own", refines=base), base) == set()


def test_a_role_that_can_never_act_is_no_harm() -> None:
    """Peelflow itself gives no reason: where one is needed it may stand in `by`."""
    assert codes(edited(NOTE, NOTE.replace("[hmicfrs]", "[hmicfrs, system]"))) == set()
    reopened = edited(REOPEN, REOPEN.replace("[hmicfrs]", "[hmicfrs, system]"))
    assert codes(reopened) == {"role-added"}
    fields = [", ".join(f"[{{field: {name}_{n}}}]" for n in range(8)) for name in "abcde"]
    many = ", ".join(f"{{any_of: [{choices}]}}" for choices in fields)
    new = f"note: {{to: open, by: [hmicfrs, system], requires: [{many}]}}"
    assert "role-added" in codes(edited(NOTE, new))


TWICE = """\
states:
  open:
    counts_as: {}
    transitions:
      finish: {to: done, by: [lead]}
  done:
    counts_as: {}
    transitions:
      sign: {to: end, by: [lead], requires: [{any_of: [[{distinct_from: finish}], [reason]]}]}
  end: {counts_as: {}, final: true}
guarantees:
  - that: "end is never entered without {any_of: [[reason], [{distinct_from: finish}]]}"
    because: a test
"""


def test_a_trigger_that_is_answered_twice_stays_open() -> None:
    """Where two triggers answer a national one, who did it last has no one name."""
    base = rules_from(TWICE, name="base")
    rest = TWICE[: TWICE.index("guarantees:")]
    twice = rest.replace(
        "      finish: {to: done, by: [lead]}\n",
        "      finish: {to: done, by: [lead]}\n      file: {as: finish, to: done, by: [lead]}\n",
    )
    found = check_refinement(rules_from(twice, name="own", refines=base), base, VOCABULARY)
    assert {fault.code for fault in found} == {"refinement-undetermined"}
    assert any("no one name" in fault.sentence for fault in found)


def jotted(to: str, by: str) -> Lifecycle:
    """Return a force's file with a step of its own out of `open`."""
    return edited(NOTE, f"{NOTE}\n      jot: {{to: {to}, by: [{by}]}}")


SHOWN: dict[str, Lifecycle] = {
    "answers-nothing": edited(NOTE, f"{NOTE}\n      jot: {{to: open, by: [lead], as: verify}}"),
    "count-differs": edited("counts_as: {portal: closed}", "counts_as: {}"),
    "earlier-than-national": evolve(edited(), in_force_from=date(2019, 12, 31)),
    "end-unreachable": edited("to: certified", "to: open"),
    "final-differs": edited("    final: true\n", ""),
    "guarantee-broken": jotted("closed", "lead"),
    "in-others-hands": edited(
        "      certify:",
        """\
      look: {to: looked, by: [pcc]}
      note: {to: open, by: [hmicfrs], requires: [reason]}
  looked:
    stands_for: open
    counts_as: {portal: open}
    transitions:
      certify:""",
    ),
    "initial-differs": edited(initial="certified"),
    "own-step-by-others": jotted("open", "hmicfrs"),
    "own-step-from-end": edited(
        REOPEN, f"{REOPEN}\n      jot: {{to: closed, by: [lead], reopens: true}}"
    ),
    "own-step-leaves": jotted("certified", "lead"),
    "own-step-misnamed": edited(NOTE, f"{NOTE}\n      verify: {{to: open, by: [lead]}}"),
    "refinement-undetermined": edited(LETTER, "requires: [{predicate: agreed}]"),
    "refines-another": evolve(edited(), refines="base@2"),
    "role-added": edited("by: [chief_constable, liaison_officer]", "by: [lead]"),
    "stands-for-nothing": edited("  closed:\n", "  closed:\n    stands_for: nowhere\n"),
    "target-differs": edited("to: certified", "to: open"),
    "theirs-burdened": edited(NOTE, NOTE.replace("[reason]", "[reason, successor]")),
    "theirs-renamed": edited(NOTE, NOTE.replace("note:", "remark:").replace("]}", "], as: note}")),
    "theirs-retimed": edited(LAPSE, LAPSE.replace("90", "91")),
    "wider-than-national": evolve(
        edited(), applies_to=evolve(edited().applies_to, category=("recommendation", "afi"))
    ),
}
PAGE = Path(__file__).parents[2] / "docs" / "codes.md"


@pytest.mark.parametrize("code", SHOWN)
def test_the_page_of_codes_shows_what_is_said(code: str, *, rewrite_golden: bool) -> None:
    """Each section's example is what an edit of the rules above is refused with."""
    fault = next(f for f in check_refinement(SHOWN[code], NATIONAL, VOCABULARY) if f.code == code)
    page = PAGE.read_text("utf-8")
    (shown,) = re.findall(rf"(?s)\n## {code}\n.+?```text\n(.+?)```\n", page)
    if rewrite_golden:
        before, after = page.split(f"\n## {code}\n")
        after = after.replace(shown, f"{fault}\n", 1)
        PAGE.write_text(f"{before}\n## {code}\n{after}", "utf-8")
    else:
        assert shown == f"{fault}\n"
