"""A lifecycle is drawn as a state diagram in Mermaid."""

from __future__ import annotations

from collections.abc import Iterator

from peelflow.model.rules import Lifecycle


def diagram(lifecycle: Lifecycle) -> str:
    """Return the diagram: each state, each step with its trigger, the beginning and the ends.

    It runs from left to right, with one arrow for all steps from one state to another: so the words
    on the arrows stand apart. Every identifier bears a prefix: a state may be called what Mermaid
    reads as a word of its own.
    """
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in _lines(lifecycle))]) + "\n"


def _lines(lifecycle: Lifecycle) -> Iterator[str]:
    yield "direction LR"
    for name in lifecycle.states:
        yield f'state "{name}" as {_identifier(name)}'
    yield f"[*] --> {_identifier(lifecycle.initial)}"
    for name, state in lifecycle.states.items():
        for target in dict.fromkeys(step.to for step in state.transitions):
            triggers = (step.trigger for step in state.transitions if step.to == target)
            label = " or ".join(dict.fromkeys(triggers))
            yield f"{_identifier(name)} --> {_identifier(target)}: {label}"
        if state.final:
            yield f"{_identifier(name)} --> [*]"


def _identifier(state: str) -> str:
    return f"s_{state}"
