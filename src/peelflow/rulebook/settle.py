"""Settle a lifecycle among the others: its roles, what its transitions answer, its pin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve

from peelflow.model.guarantees import NeverDoneBy, NeverUnmet, OnlyEnteredBy
from peelflow.model.requirements import Evidence, Requirement, each_atom
from peelflow.model.rules import SYSTEM, Lifecycle, Role, State, Transition, Vocabulary
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


def roles_named(lifecycle: Lifecycle) -> frozenset[str]:
    """Return every role the lifecycle names: who acts, who signs, whom guarantees speak of."""
    return frozenset(_each_role(lifecycle))


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


def _each_role(lifecycle: Lifecycle) -> Iterator[str]:
    for state in lifecycle.states.values():
        for way in state.transitions:
            yield from way.by
            yield from _signers(way.requires)
    for guarantee in lifecycle.guarantees:
        match guarantee.promise:
            case OnlyEnteredBy(roles=roles) | NeverDoneBy(roles=roles):
                yield from roles
            case NeverUnmet(roles=roles, requirement=requirement):
                yield from roles
                yield from _signers((requirement,))
            case _:
                pass


def _signers(requirements: tuple[Requirement, ...]) -> Iterator[str]:
    for atom in each_atom(requirements):
        if isinstance(atom, Evidence):
            yield from atom.signed_by
