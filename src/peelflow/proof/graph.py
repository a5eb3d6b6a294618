"""The graph of a lifecycle: what can be reached from where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from peelflow.model.rules import SYSTEM, Lifecycle, Transition

Edges = Mapping[str, tuple[str, ...]]


def edges(lifecycle: Lifecycle, keep: Callable[[Transition], bool] = lambda _: True) -> Edges:
    """Return the targets of each state's transitions, those that `keep` says and that exist."""
    return {
        name: tuple(way.to for way in state.transitions if keep(way) and way.to in lifecycle.states)
        for name, state in lifecycle.states.items()
    }


def reached(graph: Edges, starts: Iterable[str]) -> frozenset[str]:
    """Return what can be reached from `starts`, those included."""
    waiting = [start for start in starts if start in graph]
    seen = set(waiting)
    while waiting:
        for target in graph[waiting.pop()]:
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return frozenset(seen)


def backwards(graph: Edges) -> Edges:
    """Return the same graph with every edge turned round."""
    turned: dict[str, list[str]] = {name: [] for name in graph}
    for name, targets in graph.items():
        for target in targets:
            turned[target].append(name)
    return {name: tuple(sources) for name, sources in turned.items()}


def reachable(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the states that some walk from the initial state enters."""
    return reached(edges(lifecycle), [lifecycle.initial])


def reaching(lifecycle: Lifecycle, targets: Iterable[str]) -> frozenset[str]:
    """Return the states from which some walk enters one of `targets`, those included."""
    return reached(backwards(edges(lifecycle)), targets)


def endless(lifecycle: Lifecycle) -> tuple[str, ...]:
    """Return a cycle of states that untimed system transitions would run round, or nothing."""
    graph = edges(lifecycle, lambda way: SYSTEM in way.by and way.after is None)
    turned = backwards(graph)
    # INVARIANT: what is left once every state without a way in or out is gone runs in cycles.
    left = dict(graph)
    waiting = list(graph)
    while waiting:
        name = waiting.pop()
        if name in left and not any(target in left for target in graph[name]):
            del left[name]
            waiting += turned[name]
    if not left:
        return ()
    walk = [next(iter(left))]
    while len(set(walk)) == len(walk):
        walk.append(next(target for target in graph[walk[-1]] if target in left))
    return tuple(walk[walk.index(walk[-1]) : -1])
