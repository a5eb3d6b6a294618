"""Compare each step of a force's lifecycle with the national step that it answers, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from attrs import define, evolve

from peelflow.errors import Diagnostic, Severity, Span
from peelflow.model.periods import say_period
from peelflow.model.requirements import (
    AnyOf,
    DistinctFrom,
    Evidence,
    InspectionHeld,
    Requirement,
    Waited,
    read_aloud,
)
from peelflow.model.rules import SYSTEM, Lifecycle, State, Transition
from peelflow.proof.clauses import TooLargeError, clauses, closes, needs
from peelflow.proof.implication import implies_one
from peelflow.proof.lint_names import triggers
from peelflow.proof.names import listed, suggestion
from peelflow.proof.theory import possible
from peelflow.proof.view import View


def fault(
    span: Span,
    code: str,
    sentence: str,
    instead: str,
    related: Span | None = None,
    *,
    severity: Severity = "error",
    steps: tuple[tuple[Span, str], ...] = (),
) -> Diagnostic:
    """Return one fault, with the line of another file that it breaks, where there is one."""
    return Diagnostic(span, code, sentence, instead, severity, related, steps)


@define(eq=False, slots=False)
class Steps:
    """The steps of `own` beside those of `national`."""

    own: Lifecycle
    national: Lifecycle

    @cached_property
    def view(self) -> View:
        """The force's file as the national one sees it."""
        return View(self.own, self.national)

    @cached_property
    def own_steps(self) -> dict[str, Transition]:
        """For each state that a step of the force's own enters, one such step."""
        ways = (way for state in self.own.states.values() for way in state.transitions)
        return {way.to: way for way in ways if way.answers is None}

    @cached_property
    def national_triggers(self) -> frozenset[str]:
        """The names of the national triggers."""
        return triggers(self.national)

    def faults(self, name: str) -> list[Diagnostic]:
        """Return what is wrong with the steps out of one state of the force's file."""
        state, meant = self.own.states[name], self._meant(name)
        found: list[Diagnostic] = []
        for way in state.transitions:
            if self.own.stands_for(way.to) in self.national.states:
                found += (
                    self._own_step(name, way) if way.answers is None else self._answer(name, way)
                )
        for rule in meant.transitions:
            if any(self._is_theirs(role) for role in rule.by):
                found += self._theirs(name, rule)
        return found

    def _meant(self, name: str) -> State:
        return self.national.states[self.own.stands_for(name)]

    def _is_theirs(self, role: str) -> bool:
        held = self.national.roles.get(role) or self.own.roles.get(role)
        return role == SYSTEM or held is None or held.side != "force"

    def _own_step(self, name: str, way: Transition) -> Iterator[Diagnostic]:
        stood, then = self.own.stands_for(name), self.own.stands_for(way.to)
        said = f"`{way.trigger}` answers no step of `{self.national}` from `{stood}`"
        related = self._meant(name).span
        if stood != then:
            yield fault(
                way.span,
                "own-step-leaves",
                f"{said}, and leads from `{stood}` to `{then}`",
                f"lead to a state that stands for `{stood}`, or name with `as:` what it answers",
                related,
            )
        if self.own.states[name].final:
            yield fault(
                way.span,
                "own-step-from-end",
                f"{said}, and `{name}` is an end",
                "leave an end only by a step that the national file has",
                related,
            )
        others = [role for role in way.by if self._is_theirs(role)]
        if others:
            yield fault(
                way.span,
                "own-step-by-others",
                f"{said}, and {listed(others)} would do it",
                "let only roles of the force do a step of the force's own",
                related,
            )
        if way.trigger in self.national_triggers:
            yield fault(
                way.span,
                "own-step-misnamed",
                f"{said}, but has the name of a national trigger",
                "give the force's own step a name of its own",
                related,
            )

    def _answer(self, name: str, way: Transition) -> Iterator[Diagnostic]:
        stood, meant = self.own.stands_for(name), self._meant(name)
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
        if way.trigger != way.answers and any(map(self._is_theirs, way.by)):
            yield fault(
                way.span,
                "theirs-renamed",
                f"`{way.answers}` is called `{way.trigger}` here, and is not the force's to name",
                f"call it `{way.answers}`",
                rules[0].span,
            )
        for role in way.by:
            rule = next((r for r in rules if self.view.is_one_of(role, r.by)), None)
            if rule is None:
                if role != SYSTEM or _system_can(name, way):
                    yield self._role_added(way, role, rules)
            else:
                yield from self._tightened(name, way, rule)

    def _role_added(self, way: Transition, role: str, rules: list[Transition]) -> Diagnostic:
        may = [each for rule in rules for each in rule.by]
        return fault(
            way.span,
            "role-added",
            f"`{role}` may `{way.trigger}` here, and only {listed(may)} may `{way.answers}`",
            f"write `by:` with some of {listed(may)}",
            rules[0].span,
        )

    def _tightened(self, name: str, way: Transition, rule: Transition) -> Iterator[Diagnostic]:
        then = self.own.stands_for(way.to)
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
            yield from self._kept(name, way, rule, wanted)
        yield from self._timed(name, way, rule)

    def _kept(
        self, name: str, way: Transition, rule: Transition, wanted: Requirement
    ) -> Iterator[Diagnostic]:
        meant = self.view.meant(wanted)
        verdict = "undetermined"
        if meant is not None:
            verdict = implies_one(
                self._told(name, needs(name, way)),
                *self._told(name, (meant,)),
                given_closes=closes(self.own, name, way),
                wanted_closes=closes(self.national, self.own.stands_for(name), rule),
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
            yield self._open(way, rule, f"whether `{way.trigger}` needs {said} is not proved")

    def _told(self, name: str, asked: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
        """Tell what is asked in state `name`, where the window began when it was entered.

        It did unless a step of the force's own enters the state, for such a step begins no window.
        """
        if name in self.own_steps:
            return asked
        return tuple(_from_window(each, name) for each in asked)

    def _open(self, way: Transition, rule: Transition, said: str) -> Diagnostic:
        return fault(
            way.span,
            "refinement-undetermined",
            said,
            "a predicate decides it, or a name that means two things here; write it as the "
            "national file does",
            rule.span,
            severity="note",
        )

    def _timed(self, name: str, way: Transition, rule: Transition) -> Iterator[Diagnostic]:
        if way.after != rule.after:
            yield fault(
                way.span,
                "theirs-retimed",
                f"`{way.trigger}` falls due {_due(way)}, and `{rule.trigger}` {_due(rule)}",
                "keep the time that the national file gives",
                rule.span,
            )
        elif rule.after is not None and rule.after.since == "entered":
            anew = self.own_steps.get(name)
            if anew is not None:
                yield fault(
                    anew.span,
                    "theirs-retimed",
                    f"`{anew.trigger}` enters `{name}` anew, so `{way.trigger}` falls due later",
                    f"let no step of the force's own enter `{name}`",
                    rule.span,
                )

    def _theirs(self, name: str, rule: Transition) -> Iterator[Diagnostic]:
        state = self.own.states[name]
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
                yield from self._unburdened(name, way, rule)

    def _unburdened(self, name: str, way: Transition, rule: Transition) -> Iterator[Diagnostic]:
        given = [self.view.meant(each) for each in rule.requires]
        after = needs(name, evolve(way, requires=()))
        for asked in way.requires:
            verdict = "undetermined"
            if None not in given:
                verdict = implies_one(
                    self._told(name, (*(each for each in given if each is not None), *after)),
                    *self._told(name, (asked,)),
                    given_closes=closes(self.national, self.own.stands_for(name), rule),
                    wanted_closes=closes(self.own, name, way),
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
                yield self._open(
                    way, rule, f"whether `{way.trigger}` needs more here is not proved"
                )


def _from_window(asked: Requirement, state: str) -> Requirement:
    match asked:
        case AnyOf(any_of=choices):
            told = (tuple(_from_window(each, state) for each in every) for every in choices)
            return evolve(asked, any_of=tuple(told))
        case Evidence() | InspectionHeld() | DistinctFrom() | Waited() if asked.since == state:
            return evolve(asked, since=None)
        case _:
            return asked


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
