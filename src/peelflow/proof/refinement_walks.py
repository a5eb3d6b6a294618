"""A walk to a fault of refinement begins as a record is added and ends with the faulty step.

Of the step that is at fault a walk says the one choice that gets through, and not the whole rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from peelflow.errors import Span
from peelflow.model.requirements import AnyOf, Requirement
from peelflow.model.rules import Lifecycle, Transition
from peelflow.proof.budget import TRACE_STEPS
from peelflow.proof.counterexample import TraceStep, trace_of, trace_step
from peelflow.proof.reachability import ReachableStates, StateSpace
from peelflow.proof.transition_system import Edge
from peelflow.results import define
from peelflow.wording import say_requirements

Trail = tuple[tuple[Span, str], ...]


def breaking_choice(
    required: Iterable[Requirement], breaks: Callable[[tuple[Requirement, ...]], bool]
) -> tuple[Requirement, ...]:
    """Return requirements that break a rule, with one alternative of each `any_of` that does.

    Args:
        required: What a step requires, as its file says it; it breaks the rule.
        breaks: Whether a step that requires just these would break it.
    """
    chosen: list[Requirement] = []
    pending = list(required)
    while pending:
        first, *pending = pending
        if not isinstance(first, AnyOf):
            chosen.append(first)
            continue
        choices = ([*atoms, *pending] for atoms in first.any_of)
        broken = next((choice for choice in choices if breaks((*chosen, *choice))), None)
        if broken is None:
            chosen.append(first)
        else:
            pending = broken
    return tuple(chosen)


def say_alone(chosen: tuple[Requirement, ...]) -> str:
    """Say with what alone something can be done."""
    if not chosen:
        return "with nothing"
    said = say_requirements(chosen)
    return f"with {said} alone" if len(chosen) == 1 else f"with only {said}"


@define(eq=False, slots=False)
class RefinementWalks:
    """The shortest walks of a force's file."""

    own: Lifecycle
    space: StateSpace

    @cached_property
    def _reach(self) -> ReachableStates:
        """What can be reached."""
        return self.space.may_reach

    def added(self, record: str = "a record") -> Trail:
        """Return the walk that is only a record being added, with words for the record."""
        initial = self.own.initial
        said = f"{record} is added, and stands in `{initial}`"
        return ((self.own.states[initial].span, said),)

    def to(self, state: str) -> Trail:
        """Return the shortest walk that leads to a state."""
        return trail_of(self._steps_to(state)) or self.added()

    def through(
        self, state: str, step: Transition, role: str | None = None, how: str | None = None
    ) -> Trail:
        """Return the shortest walk that ends with a step.

        Args:
            state: The state that the step leaves.
            step: The step.
            role: Who takes it; the first who may when it is None.
            how: With what it is taken, in words; with all that it requires when it is None.
        """
        edges = self._edges_to(state, step)
        before = self._steps_to(state)
        if edges is not None:
            before, role = trace_of(self.space.system, edges[:-1]), role or edges[-1].roles[0]
        last = trace_step(state, step, role or step.by[0])
        return (*trail_of(before), (step.span, step_said(last, how)))

    def by(self, role: str) -> Trail:
        """Return the shortest walk that ends with an act of a role, or a record being added."""
        self.space.system.budget.spend(len(self.space.system.edges))
        edges = [edge for edge in self.space.system.edges if role in edge.roles]
        walk = self._reach.shortest(edges)
        return self.added() if walk is None else trail_of(trace_of(self.space.system, walk, role))

    def _edges_to(self, state: str, step: Transition) -> list[Edge] | None:
        system = self.space.system
        system.budget.spend(len(system.edges))
        number = system.names.index(state)
        edges = [e for e in system.edges if e.source == number and e.transition is step]
        return self._reach.shortest(edges)

    def _steps_to(self, state: str) -> tuple[TraceStep, ...]:
        number = self.space.system.names.index(state)
        for place, _ in self._reach.visits(number)[:1]:
            walk = self._reach.walk_to(place)
            return trace_of(self.space.system, walk)
        return self._steps_on_paper(state)

    def _steps_on_paper(self, state: str) -> tuple[TraceStep, ...]:
        """Return the shortest walk to a state that ignores what its steps need."""
        steps: list[TraceStep] = []
        while state in self._came_on_paper:
            state, step = self._came_on_paper[state]
            steps.append(trace_step(state, step, step.by[0]))
            self.space.system.budget.spend(TRACE_STEPS)
        return tuple(reversed(steps))

    @cached_property
    def _came_on_paper(self) -> Mapping[str, tuple[str, Transition]]:
        """From which state, and by which step, such walks come to each state."""
        came: dict[str, tuple[str, Transition]] = {}
        for name in (waiting := [self.own.initial]):
            for step in self.own.states[name].transitions:
                is_new = step.to not in came and step.to != self.own.initial
                if is_new and step.to in self.own.states:
                    came[step.to] = name, step
                    waiting.append(step.to)
        return came


def step_said(step: TraceStep, how: str | None = None) -> str:
    """Say a step, with all that it requires, or as `how` says instead."""
    if how is None:
        return step.said
    return f"`{step.role}` does `{step.trigger}` {how}: `{step.old}` → `{step.new}`"


def trail_of(steps: Iterable[TraceStep]) -> Trail:
    """Return a walk as a diagnostic shows it."""
    return tuple((step.span, step.said) for step in steps)
