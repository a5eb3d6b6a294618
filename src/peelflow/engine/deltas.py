"""Work out how the figures change as a record moves between two states of its rules."""

from __future__ import annotations

from functools import lru_cache

from peelflow.model.rules import Counts, Lifecycle

FigureLine = tuple[str, Counts, str]
FigureDelta = tuple[str, Counts, str, int]


@lru_cache(maxsize=1024)
def figure_lines(lifecycle: Lifecycle, state: str) -> tuple[FigureLine, ...]:
    """Return where the figures count a record that stands in a state, by its national name."""
    counts_as, name = lifecycle.states[state].counts_as, lifecycle.stands_for(state)
    return tuple([(*line, name) for line in sorted(counts_as.items())])


@lru_cache(maxsize=4096)
def deltas_between(lifecycle: Lifecycle, old: str, new: str) -> tuple[FigureDelta, ...]:
    """Return how the figures change when a record moves between two states of a lifecycle."""
    left, entered = figure_lines(lifecycle, old), figure_lines(lifecycle, new)
    if left == entered:
        return ()
    return (*((*line, -1) for line in left), *((*line, 1) for line in entered))
