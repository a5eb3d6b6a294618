"""A lifecycle is drawn as a flowchart in Mermaid: its states, and between them who does what.

Every word stands in a box of its own, and Mermaid lays boxes apart, so no word hides another; an
arrow bears none. Every identifier bears a prefix: a state may be called what Mermaid reads as a
word of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from peelflow.model.rules import Lifecycle, State
from peelflow.results import frozen
from peelflow.wording import say_due

_LEGEND = (
    "Round boxes are states, double-edged ones are ends, square ones are steps with who takes "
    "them; what is dashed opens an end again"
)
_CLASSES = (
    "classDef initial stroke-width:3px",
    "classDef step fill:#fff,stroke:#767676,color:#111",
    "classDef again fill:#fff,stroke:#767676,color:#111,stroke-dasharray:5 3",
)
_MEANS_SOMETHING = str.maketrans({";": ",", "#": "no. ", "%": " per cent", "<": "(", ">": ")"})
"""What stands in a description for characters that Mermaid would take for its own."""


@frozen
class _Box:
    """Who may take a step to one state, whatever it needs of each of them."""

    trigger: str
    target: str
    roles: tuple[str, ...]
    due: str
    reopens: bool

    @property
    def words(self) -> str:
        """What stands in it: the trigger, who takes it, and when time takes it."""
        words = (f"<b>{self.trigger}</b>", " or ".join(self.roles), self.due)
        return "<br>".join(filter(None, words))


def diagram(lifecycle: Lifecycle) -> str:
    """Return the flowchart: each state, and each step with the roles that take it.

    A step that leads from several states to one, open to the same roles, is one box, with an arrow
    from each. An end has a double edge, what opens one again is dashed, and the state that a record
    begins in has a thick edge and a dot before it.

    Args:
        lifecycle: The rules to draw.
    """
    return "\n".join(["flowchart LR", *(f"    {line}" for line in _lines(lifecycle))]) + "\n"


def _lines(lifecycle: Lifecycle) -> Iterator[str]:
    ends = [name for name, state in lifecycle.states.items() if state.final]
    yield f"accTitle: {_on_one_line(lifecycle.title)}"
    yield f"accDescr: {_LEGEND}. {_summary(lifecycle, ends)}."
    yield "begin(( )) --> " + _identifier(lifecycle.initial)
    for name, state in lifecycle.states.items():
        yield _state_box(name, state)
    for number, (box, sources) in enumerate(_boxes(lifecycle.states).items(), start=1):
        yield from _step_lines(f"t_{number}", box, sources)
    yield from _CLASSES
    yield f"class {_identifier(lifecycle.initial)} initial"


def _summary(lifecycle: Lifecycle, ends: list[str]) -> str:
    told = f"A record begins as {lifecycle.initial}"
    return f"{told} and ends as {' or '.join(ends)}" if ends else told


def _state_box(name: str, state: State) -> str:
    left, right = ("[[", "]]") if state.final else ("([", "])")
    return f'{_identifier(name)}{left}"{name}"{right}'


def _boxes(states: Mapping[str, State]) -> dict[_Box, list[str]]:
    """Return the steps as they are drawn, each with the states that it leaves."""
    boxes: dict[_Box, list[str]] = {}
    for source, state in states.items():
        for box in _boxes_out_of(state):
            boxes.setdefault(box, []).append(source)
    return boxes


def _boxes_out_of(state: State) -> Iterator[_Box]:
    """Yield a state's steps; alternatives of one trigger, to one state, are one."""
    alike: dict[tuple[str, str, str, bool], list[str]] = {}
    for step in state.transitions:
        due = f"once {say_due(step.after, 'the state')}" if step.after else ""
        alike.setdefault((step.trigger, step.to, due, step.reopens), []).extend(step.by)
    for (trigger, target, due, reopens), roles in alike.items():
        yield _Box(trigger, target, tuple(dict.fromkeys(roles)), due, reopens)


def _step_lines(identifier: str, box: _Box, sources: list[str]) -> Iterator[str]:
    arrow, look = ("-.->", "again") if box.reopens else ("-->", "step")
    yield f'{identifier}["{box.words}"]:::{look}'
    left = " & ".join(map(_identifier, sources))
    yield f"{left} {arrow} {identifier} {arrow} {_identifier(box.target)}"


def _on_one_line(text: str) -> str:
    """Return a text that Mermaid takes for no statement, comment or character of its own."""
    return " ".join(text.split()).translate(_MEANS_SOMETHING)


def _identifier(state: str) -> str:
    return f"s_{state}"
