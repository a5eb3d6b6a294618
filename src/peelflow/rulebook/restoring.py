"""Rebuild a lifecycle from the meaning that a store kept with its pin."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve

from peelflow.errors import RequestRefused, Span
from peelflow.model.rules import Lifecycle, Role, State, Transition
from peelflow.rulebook.nodes import node_of
from peelflow.rulebook.semantic import pin_of
from peelflow.rulebook.structure import lifecycle_of


def restore(text: str) -> Lifecycle:
    """Rebuild a runnable lifecycle, equal in pin, from what `text_of` returned.

    Its titles are names, its date is the first there is and it has no guarantees: those are not
    kept with a pin.

    Raises:
        RequestRefused: The text is no lifecycle's meaning.
    """
    try:
        plain = json.loads(text)
        roles = {name: Role(title=name, **role) for name, role in plain.pop("roles").items()}
        answers = _take_answers(plain["states"])
        plain |= {"title": plain["lifecycle"], "in_force_from": "0001-01-01"}
        lifecycle = lifecycle_of(node_of(plain, Span(f"<kept {plain['lifecycle']}>")))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        what, why = "these kept rules", "are no lifecycle's meaning"
        raise RequestRefused(what, why, "verify the store and restore it") from error
    lifecycle = _answering(lifecycle, answers)
    lifecycle = evolve(lifecycle, roles=roles)
    return evolve(lifecycle, pin=pin_of(lifecycle))


def _take_answers(states: dict[str, Any]) -> dict[tuple[str, str, int], str]:
    return {
        (name, trigger, index): way.pop("answers")
        for name, state in states.items()
        for trigger, ways in state.get("transitions", {}).items()
        for index, way in enumerate(ways)
        if "answers" in way
    }


def _answering(lifecycle: Lifecycle, answers: dict[tuple[str, str, int], str]) -> Lifecycle:
    states: dict[str, State] = {}
    for name, state in lifecycle.states.items():
        seen: dict[str, int] = {}
        ways: list[Transition] = []
        for way in state.transitions:
            index = seen.get(way.trigger, 0)
            seen[way.trigger] = index + 1
            ways.append(evolve(way, answers=answers.get((name, way.trigger, index))))
        states[name] = evolve(state, transitions=tuple(ways))
    return evolve(lifecycle, states=states)
