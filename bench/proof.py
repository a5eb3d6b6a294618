"""Proof of large lifecycles: five guarantees of 10,000 states, and how that grows from 1,000.

And the national rules, read from their files and proved, as where nothing of them is kept.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import process_time

from bench.large import large
from bench.rounds import Result, compare, interleaved
from peelflow.model.rules import Lifecycle
from peelflow.proof.budget import MOST_STEPS, Budget
from peelflow.proof.counterexample import ProofResult
from peelflow.proof.guarantees import prove
from peelflow.proof.possible import Possibilities
from peelflow.rulebook.loader import CheckedRules, check_files, read_files
from peelflow.rulebook.national import national, shipped_folder
from peelflow.rulebook.rulebook import Rulebook

WORDS = national().vocabulary
SECOND, ROUNDS = "the second allowed", 7
RULES, ALLOWED = "national rules", "the 60 ms allowed"
SMALL, MIDDLE, LARGE = "1,000 states", "3,000 states", "10,000 states"
WALK = {1_000: 16, 3_000: 37, 10_000: 102}  # the steps of the shortest walk to the leak


def measure() -> Iterator[Result]:
    """Yield what proofs of three sizes take against a second, and the growth over them.

    Raises:
        AssertionError: A guarantee is not proved, is vacuous, or is broken by another walk.
    """
    works: dict[str, Callable[[], None]] = {}
    for name, (size, steps) in zip((SMALL, MIDDLE, LARGE), WALK.items(), strict=True):
        lifecycle = large(size)
        sound(lifecycle)
        leaking(large(size, leak=True), steps=steps)
        works[name] = collecting(partial(patient, lifecycle))
    works[RULES] = collecting(partial(proved, shipped_folder("rules") / "national"))
    times = {
        **interleaved(works, rounds=ROUNDS, clock=process_time),
        SECOND: (1.0,) * ROUNDS,
        ALLOWED: (0.06,) * ROUNDS,
    }
    yield compare("national rules, read and proved", times, ALLOWED, budget=1.0, ours=RULES)
    for name in (SMALL, MIDDLE, LARGE):
        yield compare(f"five proofs, {name}", times, SECOND, budget=1.0, ours=name)
    for name in (MIDDLE, LARGE):
        yield compare(f"five proofs, growth to {name}", times, SMALL, budget=None, ours=name)


def patient(lifecycle: Lifecycle) -> tuple[ProofResult, ...]:
    """Prove a lifecycle that is larger than any file may be, with a budget as much larger."""
    possibilities = Possibilities(WORDS, Budget(most=2 * MOST_STEPS))
    return prove(lifecycle, WORDS, possibilities=possibilities)


def sound(lifecycle: Lifecycle) -> None:
    """Check that every guarantee is proved, and says something."""
    found = [(proof.verdict, proof.vacuous) for proof in patient(lifecycle)]
    assert found == [("proved", None)] * 5, found


def leaking(lifecycle: Lifecycle, *, steps: int) -> None:
    """Check that the first guarantee alone is refuted, by a walk of so many steps."""
    first, *rest = patient(lifecycle)
    assert (first.verdict, len(first.steps)) == ("refuted", steps), first
    assert [proof.verdict for proof in rest] == ["proved"] * 4, rest


def proved(folder: Path) -> CheckedRules:
    """Read and prove rules that build on nothing.

    Raises:
        AssertionError: They are not proved.
    """
    found = check_files(read_files([folder]), Rulebook())
    assert found.verdict == "proved", found.diagnostics
    return found


def collecting(work: Callable[[], CheckedRules | tuple[ProofResult, ...]]) -> Callable[[], None]:
    """Let Python collect its garbage while it works, as it does for everybody who proves rules."""

    def collected() -> None:
        gc.enable()
        try:
            work()
        finally:
            gc.disable()

    return collected
