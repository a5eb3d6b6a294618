"""Rounds: candidates do the same work in turn, A B C A B C …, and are compared round by round."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from attrs import frozen

Times = Mapping[str, tuple[float, ...]]
BYTECODE = Path(__file__).parents[1] / "build" / "bench" / "bytecode"


def as_installed(**more: str) -> dict[str, str]:
    """Return the environment of a process that runs as one of an installed package does.

    Its bytecode is kept, whatever this process is told of that: what is run once beforehand, as
    `interleaved` does, compiles no module anew.

    Args:
        more: What else the process is told.
    """
    told = {name: is_ for name, is_ in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return told | {"PYTHONPYCACHEPREFIX": str(BYTECODE)} | more


@frozen
class Result:
    """One line of the table: how long ours takes, and how many times the baseline's that is.

    Attributes:
        what: The work.
        ours: Seconds, the median over all rounds.
        baseline: What ours is held against.
        theirs: Seconds, the median over all rounds.
        ratio: The median of the rounds' ratios ours / theirs.
        spread: The lower and upper quartile of the rounds' ratios.
        budget: What the ratio must not exceed, None when it is only told.
    """

    what: str
    ours: float
    baseline: str
    theirs: float
    ratio: float
    spread: tuple[float, float]
    budget: float | None

    @property
    def verdict(self) -> str:
        """Whether the ratio keeps its budget."""
        if self.budget is None:
            return ""
        return "within" if self.ratio <= self.budget else "over"


def interleaved(
    candidates: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    per_round: int = 1,
    clock: Callable[[], float] = perf_counter,
) -> Times:
    """Return the seconds each candidate took for one piece of work, round by round.

    Args:
        candidates: By name, what does a round's work.
        rounds: How many rounds are counted; one more comes first, to warm up.
        per_round: How many pieces of work a candidate does in a round.
        clock: What tells the time: work that waits for nothing is timed by `process_time`.
    """
    times: dict[str, list[float]] = {name: [] for name in candidates}
    gc.collect()
    gc.freeze()  # what the others hold is no part of one's work, also where that collects garbage
    gc.disable()
    try:
        for _ in range(rounds + 1):
            for name, work in candidates.items():
                start = clock()
                work()
                times[name].append((clock() - start) / per_round)
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return {name: tuple(each[1:]) for name, each in times.items()}


def less(times: Times, name: str) -> Times:
    """Return what the other candidates took beyond one of them, round by round."""
    start = times[name]
    return {
        other: tuple(took - least for took, least in zip(each, start, strict=True))
        for other, each in times.items()
        if other != name
    }


def compare(
    what: str, times: Times, baseline: str, *, budget: float | None, ours: str = "peelflow"
) -> Result:
    """Return ours against a baseline, over the same rounds."""
    ratios = [mine / other for mine, other in zip(times[ours], times[baseline], strict=True)]
    low, _, high = quantiles(ratios, n=4)
    return Result(
        what=what,
        ours=median(times[ours]),
        baseline=baseline,
        theirs=median(times[baseline]),
        ratio=median(ratios),
        spread=(low, high),
        budget=budget,
    )
