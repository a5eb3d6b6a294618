"""Tell which triggers of a lifecycle send a record back, and which are somebody else's.

After one that sends back, or re-opens, whoever signs for a record has to say anew how it stands.
What others did keeps what it rested on. So no move to other rules makes one of them another.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from peelflow.model.rules import SYSTEM, Lifecycle, Role, Transition, each_transition


@lru_cache(maxsize=256)
def triggers_sending_back(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the triggers that re-open a record, or by which somebody else sends it back.

    That is a step of another side's to a state from which the record comes to where it stood by
    steps that re-open nothing, as `refuse` does at level 3. States are meant nationally.
    """
    groups = _cyclic_groups(lifecycle)
    return frozenset(
        rule.trigger
        for name, state in lifecycle.states.items()
        for rule in state.transitions
        if rule.reopens or _sends_back(lifecycle, name, rule, groups)
    )


@lru_cache(maxsize=256)
def triggers_of_others(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the triggers that a role of another side than the force may do."""
    return frozenset(
        rule.trigger for rule in each_transition(lifecycle) if _is_of_others(rule, lifecycle.roles)
    )


def _is_of_others(rule: Transition, roles: Mapping[str, Role]) -> bool:
    known = [roles[name].side for name in rule.by if name in roles and name != SYSTEM]
    return any(side != "force" for side in known)


def _sends_back(
    lifecycle: Lifecycle, source: str, rule: Transition, groups: Mapping[str, str]
) -> bool:
    old, new = lifecycle.stands_for(source), lifecycle.stands_for(rule.to)
    is_of_others = rule.implements is not None and _is_of_others(rule, lifecycle.roles)
    return is_of_others and old != new and groups[old] == groups[new]


def _cyclic_groups(lifecycle: Lifecycle) -> Mapping[str, str]:
    """Return for each national state one that stands for all that lead to each other and to it.

    Steps that re-open lead nowhere here.
    """
    forward: dict[str, list[str]] = {lifecycle.stands_for(name): [] for name in lifecycle.states}
    backward: dict[str, list[str]] = {name: [] for name in forward}
    for name, state in lifecycle.states.items():
        for rule in state.transitions:
            if not rule.reopens:
                old, new = lifecycle.stands_for(name), lifecycle.stands_for(rule.to)
                forward[old].append(new)
                backward[new].append(old)
    groups: dict[str, str] = {}
    for name in reversed(_in_order_left(forward)):
        pending = [name] if name not in groups else []
        while pending:
            place = pending.pop()
            if place not in groups:
                groups[place] = name
                pending += backward[place]
    return groups


def _in_order_left(graph: Mapping[str, list[str]]) -> list[str]:
    """Return the places of a graph in the order in which a walk depth first leaves them."""
    entered: set[str] = set()
    left: list[str] = []
    pending = [(name, False) for name in graph]
    while pending:
        name, is_done = pending.pop()
        if is_done:
            left.append(name)
        elif name not in entered:
            entered.add(name)
            pending.append((name, True))
            pending += [(place, False) for place in graph[name]]
    return left
