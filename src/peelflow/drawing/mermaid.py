"""A lifecycle as a state diagram in Mermaid, which many pages draw where they show it."""

from __future__ import annotations

from collections.abc import Iterator

from peelflow.model.rules import Lifecycle


def diagram(lifecycle: Lifecycle) -> str:
    """Return the diagram: each state, each step with its trigger, the beginning and the ends.

    Every identifier bears a prefix: a state may be called what Mermaid reads as a word of its own.
    """
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in _lines(lifecycle))]) + "\n"


def _lines(lifecycle: Lifecycle) -> Iterator[str]:
    for name in lifecycle.states:
        yield f'state "{name}" as {_named(name)}'
    yield f"[*] --> {_named(lifecycle.initial)}"
    for name, state in lifecycle.states.items():
        for step in state.transitions:
            yield f"{_named(name)} --> {_named(step.to)}: {step.trigger}"
        if state.final:
            yield f"{_named(name)} --> [*]"


def _named(state: str) -> str:
    return f"s_{state}"
