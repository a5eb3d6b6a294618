"""A lifecycle's page shows its states, who takes which step, and its guarantees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from peelflow.drawing.mermaid import diagram
from peelflow.model.rules import Lifecycle, State, Transition
from peelflow.phrases import markdown_text, say_choice, say_in_force
from peelflow.wording import say_counts, say_due, say_requirement, say_within

_MADE_FROM = (
    "Made from the rule file by `peelflow rules {} --page`; change the file, not this page."
)


def page_of(lifecycle: Lifecycle) -> str:
    """Return a lifecycle's page in Markdown."""
    return "\n".join(_lines(lifecycle)) + "\n"


def _lines(lifecycle: Lifecycle) -> Iterator[str]:
    levels = say_choice(tuple(str(level or "none") for level in lifecycle.applies_to.level))
    yield f"# {markdown_text(lifecycle.title)}"
    yield ""
    yield _MADE_FROM.format(lifecycle.name)
    yield ""
    first = say_in_force(lifecycle.in_force_from)
    yield f"`{lifecycle}` is in force {first}, for a record of the category"
    yield f"{say_choice(lifecycle.applies_to.category)} at the level {levels}. It begins as"
    taken_over = (
        " Nobody adds one: it is only taken over, with its source." if lifecycle.begun_by else ""
    )
    last = lifecycle.issued_before
    issued = f" Of what was issued on {last} or later, nothing is taken over." if last else ""
    yield f"`{lifecycle.initial}`.{taken_over}{issued}"
    yield from ("", "```mermaid", *diagram(lifecycle).splitlines(), "```", "")
    yield from ("## States", "")
    yield from _states_table(lifecycle)
    yield from ("", "## Steps", "")
    steps = [
        _transition_row(name, step)
        for name, state in lifecycle.states.items()
        for step in state.transitions
    ]
    yield from _table(("from", "step", "to", "who", "needs"), steps)
    yield from ("", "## Guarantees", "") if lifecycle.guarantees else ()
    for guarantee in lifecycle.guarantees:
        that, because = markdown_text(guarantee.that), markdown_text(guarantee.because)
        yield f"- {that}, because: {because}"


def _states_table(lifecycle: Lifecycle) -> Iterator[str]:
    """Yield the table of states; by when they are to be left stands in it where a rule says so."""
    columns = ("state", "counts as", "end", "to be left")
    timed = any(state.due for state in lifecycle.states.values())
    rows = (_state_row(name, state) for name, state in lifecycle.states.items())
    shown = len(columns) if timed else len(columns) - 1
    yield from _table(columns[:shown], (row[:shown] for row in rows))


def say_needs(step: Transition) -> list[str]:
    """Say what a step waits for, and what it asks for."""
    once = [f"once {say_due(step.after, 'this state')}"] if step.after else []
    return [*once, *map(say_requirement, step.requires)]


def _state_row(name: str, state: State) -> tuple[str, ...]:
    due = say_within(state.due) if state.due else ""
    return f"`{name}`", say_counts(state) or "nowhere", "yes" if state.final else "", due


def _transition_row(name: str, step: Transition) -> tuple[str, ...]:
    who, needs = say_choice(step.by), "; ".join(say_needs(step))
    return f"`{name}`", f"`{step.trigger}`", f"`{step.to}`", who, needs


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(columns)
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(map(_on_one_line, row))} |"


def _on_one_line(text: str) -> str:
    """Return a text on one line, with nothing a table would take for its own."""
    return " ".join(str(text).split()).replace("|", "\\|")
