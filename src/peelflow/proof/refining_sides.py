"""The two sides of a refinement: a force's lifecycle beside the national one."""

from __future__ import annotations

from functools import cached_property

from attrs import define, evolve

from peelflow.errors import Diagnostic
from peelflow.model.requirements import (
    AnyOf,
    DistinctFrom,
    Evidence,
    InspectionHeld,
    Requirement,
    Waited,
)
from peelflow.model.rules import SYSTEM, Lifecycle, State, Transition
from peelflow.proof.faults import fault
from peelflow.proof.lint_names import triggers
from peelflow.proof.view import View


@define(eq=False, slots=False)
class Sides:
    """A force's lifecycle, `own`, beside the national one."""

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

    def meant(self, name: str) -> State:
        """Return the national state that a state of the force's stands for."""
        return self.national.states[self.own.stands_for(name)]

    def is_theirs(self, role: str) -> bool:
        """Return whether a role is none of the force's."""
        held = self.national.roles.get(role) or self.own.roles.get(role)
        return role == SYSTEM or held is None or held.side != "force"

    def told(self, name: str, asked: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
        """Tell what is asked in state `name`, where the window began when it was entered.

        It did unless a step of the force's own enters the state, for such a step begins no window.
        """
        if name in self.own_steps:
            return asked
        return tuple(_from_window(each, name) for each in asked)


def undetermined(way: Transition, rule: Transition, said: str) -> Diagnostic:
    """Return a note that only the application can say, because a predicate decides."""
    return fault(
        way.span,
        "refinement-undetermined",
        said,
        "a predicate decides it, or a name that means two things here; write it as the "
        "national file does",
        rule.span,
        severity="note",
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
