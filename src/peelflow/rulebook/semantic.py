"""The meaning of a lifecycle as canonical JSON: what its digest pins and what a store keeps.

Titles, comments, guarantees, dates and by when a state is to be left are not meaning, nor is the
order of a list that means "one of these" or "all of these", nor that an item stands twice in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import attrs

from peelflow.model.requirements import (
    BARE,
    AnyOf,
    ChildrenClosed,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
)
from peelflow.model.rules import After, Lifecycle, Pin, Role, State, Transition

_BARE_WORD = {kind: word for word, kind in BARE.items()}


def text_of(lifecycle: Lifecycle) -> str:
    """Return the lifecycle's meaning as canonical JSON, in the rule file's own shape."""
    return _canonical(
        _without_defaults(
            {
                "lifecycle": lifecycle.name,
                "version": lifecycle.version,
                "refines": lifecycle.refines,
                "applies_to": {
                    "category": _unordered(lifecycle.applies_to.category),
                    "level": _unordered(level or "none" for level in lifecycle.applies_to.level),
                },
                "initial": lifecycle.initial,
            }
        )
        | {
            "states": {name: _state(state) for name, state in lifecycle.states.items()},
            "roles": {name: _role(role) for name, role in lifecycle.roles.items()},
        }
    )


def pin_of(lifecycle: Lifecycle) -> Pin:
    """Return name, version and semantic digest (SHA-256, hex)."""
    digest = hashlib.sha256(text_of(lifecycle).encode()).hexdigest()
    return Pin(lifecycle.name, lifecycle.version, digest)


def _canonical(plain: Any) -> str:
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _unordered(items: Iterable[Any]) -> list[Any]:
    by_text = {_canonical(item): item for item in items}
    return [by_text[text] for text in sorted(by_text)]


def _without_defaults(plain: dict[str, Any]) -> dict[str, Any]:
    # INVARIANT: no number is left out; 0 is not False here, though it equals it.
    return {
        key: value
        for key, value in plain.items()
        if value is not None and value is not False and value not in ([], {}, ())
    }


def _role(role: Role) -> dict[str, Any]:
    return _without_defaults(
        {
            "side": role.side,
            "by_appointment": role.by_appointment,
            "may_be_delegated": role.may_be_delegated,
            "stands_for": role.stands_for,
        }
    )


def _state(state: State) -> dict[str, Any]:
    transitions: dict[str, list[Any]] = {}
    for way in state.transitions:
        transitions.setdefault(way.trigger, []).append(_transition(way))
    plain = {
        "final": state.final,
        "stands_for": state.stands_for,
        "transitions": {name: _unordered(ways) for name, ways in transitions.items()},
    }
    return _without_defaults(plain) | {"counts_as": dict(state.counts_as)}


def _transition(way: Transition) -> dict[str, Any]:
    return _without_defaults(
        {
            "to": way.to,
            "by": _unordered(way.by),
            "requires": _all_of(way.requires),
            "as": way.as_,
            "after": way.after and _after(way.after),
            "reopens": way.reopens,
            "answers": way.answers,
        }
    )


def _after(after: After) -> dict[str, Any]:
    # INVARIANT: times in plain days keep the text they had before there were other units.
    return _without_defaults(attrs.asdict(after, filter=lambda part, _: part.name != "span"))


def _all_of(requirements: tuple[Requirement, ...]) -> list[Any]:
    return _unordered(map(_requirement, requirements))


def _requirement(requirement: Requirement) -> Any:
    match requirement:
        case ReasonGiven() | SuccessorNamed() | ChildrenClosed():
            return _BARE_WORD[type(requirement)]
        case AnyOf(any_of=choices):
            return {"any_of": _unordered(map(_all_of, choices))}
        case _:
            plain = attrs.asdict(requirement, filter=lambda part, _: part.name != "span")
            return {
                key: _unordered(value) if isinstance(value, tuple) else value
                for key, value in _without_defaults(plain).items()
            }
