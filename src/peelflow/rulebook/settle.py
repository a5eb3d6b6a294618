"""Settle a lifecycle among the others: its roles, what its transitions answer, its pin."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from peelflow.model.rules import SYSTEM, Lifecycle, Role, State, Transition, Vocabulary
from peelflow.proof.mentions import roles_named
from peelflow.rulebook.semantic import pin_of


def settled(lifecycle: Lifecycle, vocabulary: Vocabulary, refined: Lifecycle | None) -> Lifecycle:
    """Return the lifecycle with its roles, answers and pin.

    Args:
        lifecycle: As its file says it.
        vocabulary: The words of the whole rulebook.
        refined: The national lifecycle that it refines, if it refines one that is known.
    """
    states = {
        name: evolve(
            state,
            transitions=tuple(
                evolve(way, answers=_answers(way, state.stands_for or name, lifecycle, refined))
                for way in state.transitions
            ),
        )
        for name, state in lifecycle.states.items()
    }
    lifecycle = evolve(lifecycle, states=states, roles=_roles(lifecycle, vocabulary.roles))
    return evolve(lifecycle, pin=pin_of(lifecycle))


def _answers(
    way: Transition, national_state: str, lifecycle: Lifecycle, refined: Lifecycle | None
) -> str | None:
    if lifecycle.refines is None:
        return way.trigger
    if way.as_ is not None:
        return way.as_
    state = refined.states.get(national_state) if refined else None
    return way.trigger if state and _has(state, way.trigger) else None


def _has(state: State, trigger: str) -> bool:
    return any(way.trigger == trigger for way in state.transitions)


def _roles(lifecycle: Lifecycle, known: Mapping[str, Role]) -> dict[str, Role]:
    found = {SYSTEM: known.get(SYSTEM, Role("system", "the register itself"))}
    waiting = sorted(roles_named(lifecycle), reverse=True)
    while waiting:
        name = waiting.pop()
        if name in known and name not in found:
            found[name] = known[name]
            waiting += [found[name].stands_for or name]
    return found
