"""A lifecycle's meaning is canonical JSON, which its digest pins and a store keeps.

Titles, comments, guarantees, dates and by when a state is to be left are not meaning, nor is the
order of a list that means "one of these" or "all of these", nor that an item stands twice in it.
`restore` reads the text back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import attrs
from attrs import evolve

from peelflow.errors import InvalidRequest, Span
from peelflow.model.requirements import BARE, AnyOf, Requirement
from peelflow.model.rules import After, Lifecycle, Pin, Role, State, Transition

_WORD_OF_BARE: dict[type[Requirement], str] = {kind: word for word, kind in BARE.items()}


def canonical_text(lifecycle: Lifecycle) -> str:
    """Return the lifecycle's meaning as canonical JSON, in the rule file's own shape."""
    return canonical_json(
        _without_defaults(
            {
                "lifecycle": lifecycle.name,
                "version": lifecycle.version,
                "refines": lifecycle.refines,
                "applies_to": {
                    "category": _sorted_set(lifecycle.applies_to.category),
                    "level": _sorted_set(level or "none" for level in lifecycle.applies_to.level),
                },
                "initial": lifecycle.initial,
                "begun_by": lifecycle.begun_by,
            }
        )
        | {
            "states": {name: _state_json(state) for name, state in lifecycle.states.items()},
            "roles": {name: _role_json(role) for name, role in lifecycle.roles.items()},
        }
    )


def pin_of(lifecycle: Lifecycle) -> Pin:
    """Return name, version and semantic digest (SHA-256, hex)."""
    digest = hashlib.sha256(canonical_text(lifecycle).encode()).hexdigest()
    return Pin(lifecycle.name, lifecycle.version, digest)


def canonical_json(plain: Any) -> str:
    """Return the one text of plain JSON data: sorted keys, no white space."""
    return _CANONICAL.encode(plain)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _sorted_set(items: Iterable[Any]) -> list[Any]:
    every = list(items)
    if not every[1:]:
        return every  # as most are
    by_text = {canonical_json(item): item for item in every}
    return [by_text[text] for text in sorted(by_text)]


def _without_defaults(plain: dict[str, Any]) -> dict[str, Any]:
    # INVARIANT: no number is left out; 0 is not False here, though it equals it.
    return {
        key: value
        for key, value in plain.items()
        if value or not (value is None or value is False or value in ([], {}, ()))
    }


def _role_json(role: Role) -> dict[str, Any]:
    return _without_defaults(
        {
            "side": role.side,
            "by_appointment": role.by_appointment,
            "may_be_delegated": role.may_be_delegated,
            "stands_for": role.stands_for,
        }
    )


def _state_json(state: State) -> dict[str, Any]:
    transitions: dict[str, list[Any]] = {}
    for transition in state.transitions:
        transitions.setdefault(transition.trigger, []).append(_transition_json(transition))
    plain = {
        "final": state.final,
        "stands_for": state.stands_for,
        "transitions": {name: _sorted_set(steps) for name, steps in transitions.items()},
    }
    return _without_defaults(plain) | {"counts_as": dict(state.counts_as)}


def _transition_json(transition: Transition) -> dict[str, Any]:
    return _without_defaults(
        {
            "to": transition.to,
            "by": _sorted_set(transition.by),
            "requires": _requirements_json(transition.requires),
            "as": transition.as_,
            "after": transition.after and _after_json(transition.after),
            "reopens": transition.reopens,
            "answers": transition.implements,
        }
    )


def _after_json(after: After) -> dict[str, Any]:
    # INVARIANT: times in plain days keep the text they had before there were other units.
    return _without_defaults(attrs.asdict(after, filter=lambda part, _: part.name != "span"))


def _requirements_json(requirements: tuple[Requirement, ...]) -> list[Any]:
    return _sorted_set(map(_requirement_json, requirements))


def _requirement_json(requirement: Requirement) -> Any:
    if (word := _WORD_OF_BARE.get(type(requirement))) is not None:
        return word
    if isinstance(requirement, AnyOf):
        return {"any_of": _sorted_set(map(_requirements_json, requirement.any_of))}
    plain = attrs.asdict(requirement, filter=lambda part, _: part.name != "span")
    return {
        key: _sorted_set(value) if isinstance(value, tuple) else value
        for key, value in _without_defaults(plain).items()
    }


def restore(text: str) -> Lifecycle:
    """Rebuild a runnable lifecycle, equal in pin, from what `canonical_text` returned.

    Its titles are names, its date is the first there is and it has no guarantees: those are not
    kept with a pin.

    Raises:
        InvalidRequest: The text is no lifecycle's meaning.
    """
    # Only a record under rules whose file is gone needs the reader: a start does without it.
    from peelflow.rulebook.structure import read_all
    from peelflow.rulebook.yaml_reader import node_from_json

    try:
        plain = json.loads(text)
        roles = {name: Role(title=name, **role) for name, role in plain.pop("roles").items()}
        answers = _take_implemented(plain["states"])
        plain |= {"title": plain["lifecycle"], "in_force_from": "0001-01-01"}
        nodes = node_from_json(plain, Span(f"<kept {plain['lifecycle']}>"))
        lifecycle: Lifecycle = read_all(nodes, Lifecycle)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        what, why = "these kept rules", "are no lifecycle's meaning"
        raise InvalidRequest(what, why, "verify the store and restore it") from error
    lifecycle = evolve(_with_implemented(lifecycle, answers), roles=roles)
    return evolve(lifecycle, pin=pin_of(lifecycle))


def _take_implemented(states: dict[str, Any]) -> dict[tuple[str, str, int], str]:
    return {
        (name, trigger, index): transition.pop("answers")
        for name, state in states.items()
        for trigger, transitions in state.get("transitions", {}).items()
        for index, transition in enumerate(transitions)
        if "answers" in transition
    }


def _with_implemented(lifecycle: Lifecycle, answers: dict[tuple[str, str, int], str]) -> Lifecycle:
    states: dict[str, State] = {}
    for name, state in lifecycle.states.items():
        counts: dict[str, int] = {}
        transitions: list[Transition] = []
        for transition in state.transitions:
            index = counts.get(transition.trigger, 0)
            counts[transition.trigger] = index + 1
            transitions.append(
                evolve(transition, implements=answers.get((name, transition.trigger, index)))
            )
        states[name] = evolve(state, transitions=tuple(transitions))
    return evolve(lifecycle, states=states)
