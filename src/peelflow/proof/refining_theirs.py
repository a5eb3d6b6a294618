"""What others than the force do: each such step is there, and asks for no more."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from peelflow.errors import Diagnostic
from peelflow.model.requirements import read_aloud
from peelflow.model.rules import Transition
from peelflow.proof.clauses import closes, needs
from peelflow.proof.faults import fault
from peelflow.proof.implication import implies_one
from peelflow.proof.refining_sides import Sides, undetermined


def theirs(sides: Sides, name: str, rule: Transition) -> Iterator[Diagnostic]:
    """Yield in which a step of others than the force is missing from a state, or asks more."""
    state = sides.own.states[name]
    answers = [way for way in state.transitions if way.answers == rule.trigger]
    for role in rule.by:
        way = next((w for w in answers if role in w.by), None)
        if way is None:
            yield fault(
                state.span,
                "theirs-missing",
                f"from `{name}` `{role}` cannot `{rule.trigger}`, which the force may not stop",
                f"add `{rule.trigger}` to `{name}` as the national file has it",
                rule.span,
            )
        else:
            yield from _unburdened(sides, name, way, rule)


def _unburdened(sides: Sides, name: str, way: Transition, rule: Transition) -> Iterator[Diagnostic]:
    given = [sides.view.meant(each) for each in rule.requires]
    after = needs(name, evolve(way, requires=()))
    for asked in way.requires:
        verdict = "undetermined"
        if None not in given:
            verdict = implies_one(
                sides.told(name, (*(each for each in given if each is not None), *after)),
                *sides.told(name, (asked,)),
                given_closes=closes(sides.national, sides.own.stands_for(name), rule),
                wanted_closes=closes(sides.own, name, way),
            )
        said = read_aloud(asked)
        if verdict == "refuted":
            yield fault(
                way.span,
                "theirs-burdened",
                f"`{way.trigger}` needs {said} here, which the force may not ask",
                "require what the national file requires, no more",
                rule.span,
            )
        elif verdict == "undetermined":
            yield undetermined(way, rule, f"whether `{way.trigger}` needs more here is not proved")
