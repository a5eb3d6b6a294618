"""What a force may wish for: oversight that looks, time that reminds, notes after closure.

And what nobody may: to make a record wait for others where nationally the force goes on alone.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from peelflow.errors import Diagnostic
from peelflow.model.requirements import Evidence, FieldSet, Requirement
from peelflow.model.rules import Lifecycle, Transition
from peelflow.proof.lint import lint
from peelflow.proof.refinement import check_refinement
from peelflow.rulebook.national import national
from tests.builders.rules import VOCABULARY, rules_from

OPEN = """\
  open:
    counts_as: {portal: open}
    transitions:
      start: {to: working, by: [lead]}
      note: {to: open, by: [hmicfrs], requires: [reason]}
"""
WORKING = """\
  working:
    counts_as: {portal: open}
    transitions:
      certify: {to: certified, by: [chief_constable], requires: [reason]}
      ask: {to: asked, by: [lead]}
"""
REST = """\
  asked:
    counts_as: {portal: open}
    transitions:
      grant: {to: working, by: [hmicfrs]}
      withdraw: {to: working, by: [lead]}
  certified:
    counts_as: {portal: open}
    transitions:
      verify: {to: closed, by: [hmicfrs], requires: [{inspection: planned}]}
      lapse: {to: working, by: [system], after: {days: 90}}
  closed:
    counts_as: {portal: closed}
    final: true
    transitions:
      reopen: {to: open, by: [hmicfrs], reopens: true}
"""
LAPSE = "lapse: {to: working, by: [system], after: {days: 90}}"
PROMISES = """\
guarantees:
  - {that: closed can always be reached, because: a test}
"""
NATIONAL = rules_from(f"states:\n{OPEN}{WORKING}{REST}{PROMISES}", name="base")


def own(open_: str = OPEN, working: str = WORKING, rest: str = REST) -> Lifecycle:
    """Return a force's file of these states."""
    return rules_from(f"states:\n{open_}{working}{rest}", name="own", refines=NATIONAL)


def found(lifecycle: Lifecycle) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a force's file, in its shape and beside the national one."""
    return (
        *lint(lifecycle, VOCABULARY, refined=NATIONAL),
        *check_refinement(lifecycle, NATIONAL, VOCABULARY),
    )


def with_step(state: str, step: str, rest: str = REST) -> Lifecycle:
    """Return a force's file with one more step out of a state, written as its last."""
    texts = [OPEN, WORKING, rest]
    for place, text in enumerate(texts):
        head = f"  {state}:\n"
        if head in text:
            before, after = text.split(head)
            lines = after.splitlines(keepends=True)
            end = next((n for n, li in enumerate(lines) if li[:4].strip()), len(lines))
            lines.insert(end, f"      {step}\n")
            texts[place] = before + head + "".join(lines)
    return own(*texts)


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("working", "look: {to: working, by: [audit_committee], requires: [reason]}"),
        ("working", "look: {to: working, by: [pcc]}"),
        ("certified", "read: {to: certified, by: [pcc]}"),
        ("asked", "remind: {to: asked, by: [system], after: {days: 28}}"),
        ("working", "remind: {to: working, by: [system], after: {days: 28}}"),
        ("closed", "note_lessons: {to: closed, by: [lead], requires: [reason]}"),
        ("closed", "note_lessons: {to: closed, by: [audit_committee]}"),
        ("closed", "remind: {to: closed, by: [system], after: {months: 6}}"),
    ],
)
def test_a_lawful_wish_is_allowed(state: str, step: str) -> None:
    """Each is a step of the force's own that moves nothing nationally, and nobody waits for it."""
    without_lapse = REST.replace(
        "      lapse: {to: working, by: [system], after: {days: 90}}\n", ""
    )
    base = rules_from(f"states:\n{OPEN}{WORKING}{without_lapse}{PROMISES}", name="base")
    lifecycle = with_step(state, step, without_lapse)
    assert lint(lifecycle, VOCABULARY, refined=base) == ()
    assert check_refinement(lifecycle, base, VOCABULARY) == ()


def test_a_reminder_may_not_begin_a_national_time_anew() -> None:
    """`lapse` counts from when `certified` was entered, and a reminder enters it again."""
    (fault,) = found(
        with_step("certified", "remind: {to: certified, by: [system], after: {days: 9}}")
    )
    assert fault.code == "theirs-retimed"
    assert fault.steps[-1][1].startswith("`system` does `remind` with 9 days")


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("note: {to: closed, by: [lead], requires: [{evidence: letter}]}", "uses up a `letter`"),
        (
            "note: {to: closed, by: [lead], requires: [{any_of: [[reason], [{evidence: memo}]]}]}",
            "uses up a `memo`",
        ),
        ("note: {to: closed, by: [lead], requires: [successor]}", "names a successor"),
        ("note: {to: closed, by: [lead], reopens: true}", "re-opens it"),
        ("note: {to: open, by: [lead], reopens: true}", "re-opens it"),
        ("note: {to: learnt, by: [lead]}", "changes how it counts"),
    ],
)
def test_an_end_is_left_by_nothing_else(step: str, why: str) -> None:
    """What is noted after closure counts nothing, uses nothing up and opens nothing again."""
    learnt = """\
  learnt:
    stands_for: closed
    counts_as: {portal: closed, force: open}
    final: true
    transitions:
      reopen: {to: open, by: [hmicfrs], reopens: true}
"""
    text = REST + f"      {step.replace('note:', 'note_it:')}\n" + learnt
    faults = check_refinement(own(rest=text), NATIONAL, VOCABULARY)
    (fault,) = (fault for fault in faults if fault.code == "own-step-from-end")
    assert fault.sentence.endswith(f"and from the end `closed` it {why}")


def test_lessons_may_lead_to_an_own_end() -> None:
    """The record is closed before and after; HMICFRS re-opens it from there as well."""
    learnt = """\
      note_lessons: {to: learnt, by: [lead], requires: [reason]}
  learnt:
    stands_for: closed
    counts_as: {portal: closed}
    final: true
    transitions:
      reopen: {to: open, by: [hmicfrs], reopens: true}
"""
    assert found(own(rest=REST + learnt)) == ()
    (fault,) = found(own(rest=REST + learnt[: learnt.rindex("    transitions")]))
    assert fault.code == "theirs-missing"


LOOKED = """\
  working:
    counts_as: {portal: open}
    transitions:
      hand_in: {to: handed_in, by: [lead]}
      ask: {to: asked, by: [lead]}
  handed_in:
    stands_for: working
    counts_as: {portal: open}
    transitions:
      look: {to: looked, by: [audit_committee]}
  looked:
    stands_for: working
    counts_as: {portal: open}
    transitions:
      certify: {to: certified, by: [chief_constable], requires: [reason]}
"""
TIMED = "      go_on: {to: looked, by: [system], after: {days: 28}}\n"


def test_nobody_waits_for_oversight() -> None:
    """A review before certification needs a way past it: by the force, or after a time."""
    (fault,) = found(own(working=LOOKED))
    assert str(fault) == (
        "own.yaml:19:3: in-others-hands: from `handed_in` a record is in others' hands here twice "
        "on its way to `closed`, in `handed_in`, `certified`; nationally once\n"
        "    1. own.yaml:12:7: `lead` does `start`: `open` → `working`\n"
        "    2. own.yaml:17:7: `lead` does `hand_in`: `working` → `handed_in`\n"
        "    3. base.yaml:16:7: nationally `chief_constable` does `certify` with a reason: "
        "`working` → `certified`\n"
        "    4. base.yaml:26:7: nationally `hmicfrs` does `verify` with a planned inspection: "
        "`certified` → `closed`\n"
        "    help: let the force go on by itself, as nationally, or let `system` go on after some "
        "days\n"
        "    against base.yaml:16:7"
    )
    in_time = LOOKED.replace("  looked:\n", f"{TIMED}  looked:\n")
    assert found(own(working=in_time)) == ()
    forced = in_time.replace("by: [system], after: {days: 28}", "by: [lead]")
    assert found(own(working=forced)) == ()


def test_whether_anybody_waits_may_hang_on_a_predicate() -> None:
    """Where only an application can say whether the force goes on by itself, it is not proved."""
    forced = LOOKED.replace(
        "  looked:\n",
        "      go_on: {to: looked, by: [lead], requires: [{predicate: agreed}]}\n  looked:\n",
    )
    (note,) = found(own(working=forced))
    assert (note.code, note.severity) == ("refinement-undetermined", "error")
    assert note.sentence == (
        "whether from `handed_in` a record is in others' hands no oftener than nationally on its "
        "way to `closed` is not proved"
    )


def test_what_the_force_does_alone_it_can_still_do_alone() -> None:
    """A way that hands the record to others first is none that the force goes by itself."""
    asks = OPEN.replace("      note:", "      ask: {to: asked, by: [lead]}\n      note:")
    base = rules_from(f"states:\n{asks}{WORKING}{REST}{PROMISES}", name="base")

    def faults_without(step: str) -> tuple[Diagnostic, ...]:
        text = f"states:\n{asks}{WORKING}{REST}".replace(f"      {step}\n", "")
        return check_refinement(rules_from(text, name="own", refines=base), base, VOCABULARY)

    (fault,) = faults_without("start: {to: working, by: [lead]}")
    assert fault.code == "in-others-hands"
    assert "twice on its way to `closed`, in `asked`, `certified`; nation" in fault.sentence
    assert faults_without("withdraw: {to: working, by: [lead]}") == ()


def test_a_way_that_the_force_goes_alone_stays() -> None:
    """Others may come before it nationally; here they would have to."""
    level = next(one for one in national().lifecycles if one.name == "level-2")
    (fault,) = check_refinement(without(level, "withdraw"), level, national().vocabulary)
    assert fault.code == "in-others-hands"
    assert fault.sentence == (
        "from `proposed_superseded` the force comes to `closed` here only once others go on, in "
        "`proposed_superseded`; nationally it comes there alone"
    )
    said = [text for _, text in fault.steps]
    assert said[1].startswith("nationally `liaison_officer` does `withdraw`")
    assert said[2].startswith("nationally `chief_constable` does `close`")
    level = next(one for one in national().lifecycles if one.name == "level-3")
    assert check_refinement(without(level, "withdraw"), level, national().vocabulary) == ()


SHIPPED = national().lifecycles


def without(lifecycle: Lifecycle, trigger: str) -> Lifecycle:
    """Return a force's file that leaves out the steps of a trigger."""

    def keep(step: Transition) -> bool:
        return step.trigger != trigger

    states = {
        name: evolve(state, transitions=tuple(filter(keep, state.transitions)))
        for name, state in lifecycle.states.items()
    }
    return evolve(lifecycle, name="own", refines=str(lifecycle), guarantees=(), states=states)


@pytest.mark.parametrize("name", ["level-2", "level-3", "level-4", "cause-of-concern"])
def test_a_shipped_lifecycle_needs_its_start(name: str) -> None:
    """Without `start` the force would propose, and be declined, only to begin."""
    lifecycle = next(one for one in SHIPPED if one.name == name)
    faults = check_refinement(without(lifecycle, "start"), lifecycle, national().vocabulary)
    assert [fault.code for fault in faults] == ["in-others-hands"]
    assert (
        "nationally `lead`" in faults[0].steps[1][1] or "`liaison_officer`" in faults[0].steps[1][1]
    )
    proposing = without(lifecycle, "propose_no_action")
    reached = {name: s for name, s in proposing.states.items() if "no_action" not in name}
    fewer = evolve(proposing, states=reached)
    assert check_refinement(fewer, lifecycle, national().vocabulary) == ()


@pytest.mark.parametrize("trigger", ["accept", "start", "complete"])
def test_others_who_may_answer_are_none_that_the_force_waits_for(trigger: str) -> None:
    """A super-complaint's recommendation may be the force's alone, whoever else is addressed."""
    lifecycle = next(one for one in SHIPPED if one.name == "super-complaint-recommendation")

    def by_others(step: Transition) -> bool:
        sides = {lifecycle.roles[role].side for role in step.by}
        return step.trigger != trigger or "force" not in sides

    own = without(lifecycle, "")
    states = {
        name: evolve(state, transitions=tuple(filter(by_others, state.transitions)))
        for name, state in own.states.items()
    }
    faults = check_refinement(evolve(own, states=states), lifecycle, national().vocabulary)
    assert "in-others-hands" in [fault.code for fault in faults]


NEVER: tuple[Requirement, ...] = (Evidence("letter", ("hmicfrs",)), FieldSet("no_such_field"))


@pytest.mark.parametrize("asked", NEVER, ids=str)
@pytest.mark.parametrize(
    ("name", "trigger"), [("super-complaint-recommendation", "accept"), ("level-2", "withdraw")]
)
def test_a_step_that_nobody_can_take_is_none_that_the_force_goes_alone(
    name: str, trigger: str, asked: Requirement
) -> None:
    """Such a step left in the file serves no more than one that was taken out."""
    lifecycle = next(one for one in SHIPPED if one.name == name)
    own, force = without(lifecycle, ""), {"chief_constable", "liaison_officer"}

    def burdened(step: Transition) -> Transition:
        is_asked = step.trigger == trigger and force & set(step.by)
        return evolve(step, requires=(*step.requires, asked)) if is_asked else step

    states = {
        name: evolve(state, transitions=tuple(map(burdened, state.transitions)))
        for name, state in own.states.items()
    }
    (*_, fault) = check_refinement(evolve(own, states=states), lifecycle, national().vocabulary)
    assert fault.code == "in-others-hands"
