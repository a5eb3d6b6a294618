"""The page of a lifecycle: its states, who does what with which needs, and what is guaranteed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from peelflow.drawing.mermaid import diagram
from peelflow.model.periods import say_due, say_within
from peelflow.model.requirements import one_of, read_aloud
from peelflow.model.rules import Lifecycle, State, Transition

_HEAD = "Made from the rule file by `peelflow rules {} --page`; change the file, not this page."


def page(lifecycle: Lifecycle) -> str:
    """Return a lifecycle's page in Markdown."""
    return "\n".join(_lines(lifecycle)) + "\n"


def _lines(lifecycle: Lifecycle) -> Iterator[str]:
    levels = one_of(tuple(str(level or "none") for level in lifecycle.applies_to.level))
    yield f"# {lifecycle.title}"
    yield ""
    yield _HEAD.format(lifecycle.name)
    yield ""
    yield f"`{lifecycle}` is in force from {lifecycle.in_force_from}, for a record of the category"
    yield f"{one_of(lifecycle.applies_to.category)} at the level {levels}. It begins as"
    yield f"`{lifecycle.initial}`."
    yield from ("", "```mermaid", *diagram(lifecycle).splitlines(), "```", "")
    yield from ("## States", "")
    yield from _states(lifecycle)
    yield from ("", "## Steps", "")
    steps = [
        _step(name, step) for name, state in lifecycle.states.items() for step in state.transitions
    ]
    yield from _table(("from", "step", "to", "who", "needs"), steps)
    yield from ("", "## Guarantees", "")
    for each in lifecycle.guarantees:
        yield f"- {_plain(each.that)}, because: {_plain(each.because)}"


def _states(lifecycle: Lifecycle) -> Iterator[str]:
    """Yield the table of states; by when they are to be left stands in it where a rule says so."""
    columns = ("state", "counts as", "end", "to be left")
    timed = any(state.due for state in lifecycle.states.values())
    rows = (_state(name, state) for name, state in lifecycle.states.items())
    shown = len(columns) if timed else len(columns) - 1
    yield from _table(columns[:shown], (row[:shown] for row in rows))


def _state(name: str, state: State) -> tuple[str, ...]:
    counts = ", ".join(f"{ledger}: {count}" for ledger, count in state.counts_as.items())
    due = say_within(state.due) if state.due else ""
    return f"`{name}`", counts or "nowhere", "yes" if state.final else "", due


def _step(name: str, step: Transition) -> tuple[str, ...]:
    needs = [read_aloud(each) for each in step.requires]
    due = [f"once {say_due(step.after, 'this state')}"] if step.after else []
    who = one_of(step.by)
    return f"`{name}`", f"`{step.trigger}`", f"`{step.to}`", who, "; ".join([*due, *needs])


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(columns)
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(map(_plain, row))} |"


def _plain(text: str) -> str:
    """Return a text on one line, with nothing a table would take for its own."""
    return " ".join(str(text).split()).replace("|", "\\|")
