"""Every refusal of a force's file names both lines and shows a walk that can be walked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from attrs import evolve

from peelflow.errors import SHAPE_CODES, Diagnostic, Span
from peelflow.model.records import PEELFLOW, Actor, Record
from peelflow.model.requirements import AnyOf, Evidence, ReasonGiven, SuccessorNamed
from peelflow.model.rules import SYSTEM, Lifecycle, Transition
from peelflow.proof.refinement import check_refinement
from peelflow.proof.refinement_walks import breaking_choice, say_alone
from peelflow.rulebook.national import check, national, shipped_folder
from tests.builders.rules import VOCABULARY
from tests.builders.walks import means_of
from tests.oracles.refinement import Mutant, Pair, Simulation, begun, mutants
from tests.proof.test_refinement import CERTIFY, LETTER, NATIONAL, NOTE, edited

SHIPPED = national().lifecycles
STEP = re.compile(r"`(\w+)` does `(\w+)`.*: `(\w+)` → `(\w+)`")
ADDED = re.compile(r".+ is added, and stands in `(\w+)`")
EACH = 120  # edits of one lifecycle, drawn


def placed(lifecycle: Lifecycle) -> Lifecycle:
    """Return the same rules in a file of their own, each state and step on another line."""
    lines = iter(range(1, 100_000))

    def line() -> Span:
        return Span("own.yaml", next(lines))

    lifecycle = evolve(lifecycle, span=line())
    applies_to = evolve(lifecycle.applies_to, span=line())
    roles = {name: evolve(role, span=line()) for name, role in lifecycle.roles.items()}
    states = {
        name: evolve(
            state,
            span=line(),
            transitions=tuple(evolve(step, span=line()) for step in state.transitions),
        )
        for name, state in lifecycle.states.items()
    }
    return evolve(lifecycle, applies_to=applies_to, roles=roles, states=states)


def steps_by_line(lifecycle: Lifecycle) -> dict[Span, tuple[str, Transition]]:
    """Return each step of a file by its line, with the state that it leaves."""
    return {
        step.span: (name, step)
        for name, state in lifecycle.states.items()
        for step in state.transitions
    }


def drawn(lifecycle: Lifecycle) -> list[Mutant]:
    """Draw edits of a lifecycle, a few of each kind."""
    by_kind: dict[str, list[Mutant]] = {}
    for mutant in mutants(lifecycle):
        by_kind.setdefault(mutant.kind, []).append(mutant)
    random, few = Random(str(lifecycle)), max(1, EACH // len(by_kind))
    return [m for kind in by_kind.values() for m in random.sample(kind, min(few, len(kind)))]


def walked(own: Lifecycle, fault: Diagnostic) -> list[tuple[str, Transition]]:
    """Return the steps of a fault's walk in the force's file, each with the role that takes it.

    It is one walk from the initial state: each step begins where the one before it led, is on the
    line that allows it, and is by somebody who may; what stands after it is said to be national.
    """
    place, walk, lines = own.initial, list[tuple[str, Transition]](), steps_by_line(own)
    nationally = False
    for span, said in fault.steps:
        if ADDED.fullmatch(said):
            assert (span, fault.steps[0][1]) == (own.states[own.initial].span, said)
            continue
        nationally = nationally or said.startswith("nationally ")
        found = STEP.fullmatch(said.removeprefix("nationally "))
        assert found, said
        role, trigger, old, new = found.groups()
        assert nationally == said.startswith("nationally "), fault
        if nationally:
            assert span.file != "own.yaml"
            assert old == own.stands_for(place), fault
            return walk
        source, step = lines[span]
        assert (place, old, trigger, new) == (source, source, step.trigger, step.to), fault
        assert role in step.by, fault
        walk.append((role, step))
        place = new
    if fault.code in {"count-differs", "final-differs", "theirs-missing"}:
        assert own.states[place].span == fault.span
    return walk


def each_act(record: Record, role: str, step: Transition, own: Lifecycle) -> Iterator[Record]:
    """Yield the records after a step by a role, with whatever may be given with it."""
    means = means_of((step,), people=3)
    simulation = Simulation(own, own, means, 1)
    people = (PEELFLOW.person,) if role == SYSTEM else means.people
    for person in people:
        for gap in means.days:
            acts = simulation._acts(
                Pair(record, record), step.trigger, Actor(person, role), gap, means
            )
            yield from (pair.own for _, pair in acts)


def can_be_driven(own: Lifecycle, walk: list[tuple[str, Transition]]) -> bool:
    """Say whether the engine lets a record walk so."""
    records = [begun(own)]
    for role, step in walk:
        after = (then for record in records for then in each_act(record, role, step, own))
        records = [then for then in after if then.state == step.to][:50]
    return bool(records)


@pytest.mark.search
@pytest.mark.parametrize("lifecycle", SHIPPED, ids=str)
def test_every_refusal_shows_a_walk_that_can_be_walked(lifecycle: Lifecycle) -> None:
    """Both lines, here and nationally, and a walk: the engine drives it up to the faulty step."""
    refused = 0
    for mutant in drawn(lifecycle):
        own = placed(mutant.lifecycle)
        for fault in check_refinement(own, lifecycle, national().vocabulary):
            assert fault.span.file == "own.yaml", fault
            assert fault.related is not None, fault
            assert fault.related.file != "own.yaml", fault
            assert "here" in fault.sentence, fault
            assert "national" in fault.sentence, fault
            assert fault.steps, fault
            walk = walked(own, fault)
            if not fault.steps[-1][1].startswith("nationally "):
                del walk[-1:]  # the faulty step itself may be one that nobody can take
            assert can_be_driven(own, walk), (mutant.kind, mutant.place, fault)
            refused += 1
    assert refused > 5


def one_fault(own: Lifecycle, code: str) -> Diagnostic:
    """Return the fault of that code, of which there is one."""
    (fault,) = (f for f in check_refinement(own, NATIONAL, VOCABULARY) if f.code == code)
    return fault


def test_a_walk_says_the_one_choice_that_gets_through() -> None:
    """Not the whole rule: with a reason alone, without the letter."""
    choices = (
        "[{evidence: letter, signed_by: [chief_constable]}], [{field: owner}, reason], [reason]"
    )
    own = edited(LETTER, f"requires: [{{any_of: [{choices}]}}]")
    fault = one_fault(own, "requirement-weakened")
    assert fault.sentence == (
        "`certify` can be done with only the field `owner` and a reason here; nationally `certify` "
        "needs a `letter` signed by `chief_constable`"
    )
    assert fault.steps[-1][1] == (
        "`chief_constable` does `certify` with only the field `owner` and a reason, without a "
        "`letter` signed by `chief_constable`: `open` → `certified`"
    )
    nothing = edited(LETTER, "requires: []")
    assert "with nothing here" in one_fault(nothing, "requirement-weakened").sentence


def test_a_burden_says_how_others_do_it_nationally() -> None:
    """With what alone; the last line of the walk is the national one."""
    own = edited(NOTE, NOTE.replace("[reason]", "[reason, successor]"))
    fault = one_fault(own, "theirs-burdened")
    assert fault.sentence == (
        "`note` needs a successor here, which the force may not ask; nationally `hmicfrs` can do "
        "it with a reason alone"
    )
    assert [said for _, said in fault.steps] == [
        "a record is added, and stands in `open`",
        "nationally `hmicfrs` does `note` with a reason alone: `open` → `open`",
    ]


def test_a_choice_keeps_what_no_alternative_breaks() -> None:
    """Where all alternatives together break it and none does alone, all are said."""
    either = AnyOf(((ReasonGiven(),), (SuccessorNamed(),)))
    letter = Evidence("letter")
    both = AnyOf(((letter, either), (ReasonGiven(),)))
    assert breaking_choice((letter, either), lambda _: False) == (letter, either)
    chosen = breaking_choice((both,), lambda given: SuccessorNamed() in given or either in given)
    assert chosen == (letter, SuccessorNamed())
    assert say_alone(()) == "with nothing"


def test_a_state_that_nobody_can_come_to_is_told_by_the_steps_alone() -> None:
    """What leads there needs what cannot be; the file is compared there all the same."""
    both = "requires: [{inspection: planned}, {inspection: bespoke}]"
    text = edited(LETTER, both).states["certified"]
    own = edited(LETTER, both)
    own = evolve(own, states={**own.states, "certified": evolve(text, counts_as={})})
    fault = one_fault(own, "count-differs")
    assert fault.steps[-1][1].startswith(
        "`chief_constable` does `certify` with a planned inspection"
    )


def test_a_step_that_nobody_can_take_is_compared_by_its_words() -> None:
    """The walk ends with it all the same, by the first who may."""
    both = "requires: [{inspection: planned}, {inspection: bespoke}]"
    step = f"to: certified\n{CERTIFY}\n        {LETTER}"
    fault = one_fault(edited(step, f"to: open\n{CERTIFY}\n        {both}"), "target-differs")
    ((_, said),) = fault.steps
    assert said.startswith("`chief_constable` does `certify`")
    assert said.endswith("`open` → `open`")


@pytest.mark.parametrize("edit", ["closed-at-once", "closed-from-nowhere"])
def test_a_fault_of_the_shape_hides_no_loosening(edit: str, tmp_path: Path) -> None:
    """`self_certify` leads straight to `closed`: that is said first, then what is unreached."""
    text = (shipped_folder("rules") / "national" / "level-3.yaml").read_text("utf-8")
    text = text.replace("lifecycle: level-3\n", "lifecycle: own\nrefines: level-3@2\n")
    text = text[: text.index("guarantees:")].replace("to: self_certified", "to: closed")
    if edit == "closed-from-nowhere":
        parked = "  parked:\n    stands_for: in_progress\n    counts_as: {portal: open}\n"
        text = text.replace("  self_certified:\n", f"{parked}  self_certified:\n")
    path = tmp_path / "own.yaml"
    path.write_text(text, "utf-8")
    codes = [fault.code for fault in check(path)]
    assert "target-differs" in codes
    shape = [code for code in codes if code in SHAPE_CODES]
    assert shape
    assert codes[-len(shape) :] == shape
