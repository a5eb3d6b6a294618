"""Compare each step of a force's lifecycle with the national step that it answers, both ways."""

from __future__ import annotations

from collections.abc import Iterator

from peelflow.errors import Diagnostic
from peelflow.model.periods import say_period
from peelflow.model.requirements import Requirement, read_aloud
from peelflow.model.rules import SYSTEM, Transition
from peelflow.proof.clauses import TooLargeError, clauses, closes, needs
from peelflow.proof.faults import fault
from peelflow.proof.implication import implies_one
from peelflow.proof.names import listed, suggestion
from peelflow.proof.refining_sides import Sides, undetermined
from peelflow.proof.refining_theirs import theirs
from peelflow.proof.theory import possible


def faults_of(sides: Sides, name: str) -> list[Diagnostic]:
    """Return what is wrong with the steps out of one state of the force's file."""
    state, meant = sides.own.states[name], sides.meant(name)
    found: list[Diagnostic] = []
    for way in state.transitions:
        if sides.own.stands_for(way.to) in sides.national.states:
            found += (
                _own_step(sides, name, way) if way.answers is None else _answer(sides, name, way)
            )
    for rule in meant.transitions:
        if any(sides.is_theirs(role) for role in rule.by):
            found += theirs(sides, name, rule)
    return found


def _own_step(sides: Sides, name: str, way: Transition) -> Iterator[Diagnostic]:
    stood, then = sides.own.stands_for(name), sides.own.stands_for(way.to)
    said = f"`{way.trigger}` answers no step of `{sides.national}` from `{stood}`"
    related = sides.meant(name).span
    if stood != then:
        yield fault(
            way.span,
            "own-step-leaves",
            f"{said}, and leads from `{stood}` to `{then}`",
            f"lead to a state that stands for `{stood}`, or name with `as:` what it answers",
            related,
        )
    if sides.own.states[name].final:
        yield fault(
            way.span,
            "own-step-from-end",
            f"{said}, and `{name}` is an end",
            "leave an end only by a step that the national file has",
            related,
        )
    others = [role for role in way.by if sides.is_theirs(role)]
    if others:
        yield fault(
            way.span,
            "own-step-by-others",
            f"{said}, and {listed(others)} would do it",
            "let only roles of the force do a step of the force's own",
            related,
        )
    if way.trigger in sides.national_triggers:
        yield fault(
            way.span,
            "own-step-misnamed",
            f"{said}, but has the name of a national trigger",
            "give the force's own step a name of its own",
            related,
        )


def _answer(sides: Sides, name: str, way: Transition) -> Iterator[Diagnostic]:
    stood, meant = sides.own.stands_for(name), sides.meant(name)
    rules = [rule for rule in meant.transitions if rule.trigger == way.answers]
    if not rules:
        yield fault(
            way.span,
            "answers-nothing",
            f"`{way.trigger}` answers `{way.answers}`, and `{stood}` has no such step",
            suggestion(str(way.answers), {rule.trigger for rule in meant.transitions}),
            meant.span,
        )
        return
    if way.trigger != way.answers and any(map(sides.is_theirs, way.by)):
        yield fault(
            way.span,
            "theirs-renamed",
            f"`{way.answers}` is called `{way.trigger}` here, and is not the force's to name",
            f"call it `{way.answers}`",
            rules[0].span,
        )
    for role in way.by:
        rule = next((r for r in rules if sides.view.is_one_of(role, r.by)), None)
        if rule is None:
            if role != SYSTEM or _system_can(name, way):
                yield _role_added(way, role, rules)
        else:
            yield from _tightened(sides, name, way, rule)


def _role_added(way: Transition, role: str, rules: list[Transition]) -> Diagnostic:
    may = [each for rule in rules for each in rule.by]
    return fault(
        way.span,
        "role-added",
        f"`{role}` may `{way.trigger}` here, and only {listed(may)} may `{way.answers}`",
        f"write `by:` with some of {listed(may)}",
        rules[0].span,
    )


def _tightened(sides: Sides, name: str, way: Transition, rule: Transition) -> Iterator[Diagnostic]:
    then = sides.own.stands_for(way.to)
    if then != rule.to:
        yield fault(
            way.span,
            "target-differs",
            f"`{way.trigger}` leads to `{way.to}`, which stands for `{then}`; `{rule.trigger}`"
            f" leads to `{rule.to}`",
            f"lead to a state that stands for `{rule.to}`",
            rule.span,
        )
    for wanted in rule.requires:
        yield from _kept(sides, name, way, rule, wanted)
    yield from _timed(sides, name, way, rule)


def _kept(
    sides: Sides, name: str, way: Transition, rule: Transition, wanted: Requirement
) -> Iterator[Diagnostic]:
    meant = sides.view.meant(wanted)
    verdict = "undetermined"
    if meant is not None:
        verdict = implies_one(
            sides.told(name, needs(name, way)),
            *sides.told(name, (meant,)),
            given_closes=closes(sides.own, name, way),
            wanted_closes=closes(sides.national, sides.own.stands_for(name), rule),
        )
    said = read_aloud(wanted)
    if verdict == "refuted":
        yield fault(
            way.span,
            "requirement-weakened",
            f"`{way.trigger}` can be done without {said}, and `{rule.trigger}` cannot",
            f"require {said}",
            rule.span,
        )
    elif verdict == "undetermined":
        yield undetermined(way, rule, f"whether `{way.trigger}` needs {said} is not proved")


def _timed(sides: Sides, name: str, way: Transition, rule: Transition) -> Iterator[Diagnostic]:
    if way.after != rule.after:
        yield fault(
            way.span,
            "theirs-retimed",
            f"`{way.trigger}` falls due {_due(way)}, and `{rule.trigger}` {_due(rule)}",
            "keep the time that the national file gives",
            rule.span,
        )
    elif rule.after is not None and rule.after.since == "entered":
        anew = sides.own_steps.get(name)
        if anew is not None:
            yield fault(
                anew.span,
                "theirs-retimed",
                f"`{anew.trigger}` enters `{name}` anew, so `{way.trigger}` falls due later",
                f"let no step of the force's own enter `{name}`",
                rule.span,
            )


def _system_can(name: str, way: Transition) -> bool:
    """Say whether peelflow itself, which gives no reason and names no inspection, can do a step."""
    try:
        return any(possible(clause, (), system=True) for clause in clauses(needs(name, way)))
    except TooLargeError:
        return True


def _due(way: Transition) -> str:
    if way.after is None:
        return "at no set time"
    since = "beginning with" if way.after.beginning else "after"
    return f"{say_period(way.after)} {since} {way.after.since}"
