"""Proof of large lifecycles: five guarantees of 10,000 states, and how that grows from 1,000."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import partial
from time import process_time

from bench.large import large
from bench.rounds import Result, compare, interleaved
from peelflow.model.rules import Lifecycle
from peelflow.proof.counterexample import ProofResult
from peelflow.proof.guarantees import prove
from peelflow.rulebook.national import national

WORDS = national().vocabulary
SECOND, ROUNDS = "the second allowed", 7
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
        works[name] = collecting(partial(prove, lifecycle, WORDS))
    times = {
        **interleaved(works, rounds=ROUNDS, clock=process_time),
        SECOND: (1.0,) * ROUNDS,
    }
    for name in works:
        yield compare(f"five proofs, {name}", times, SECOND, budget=1.0, ours=name)
    for name in (MIDDLE, LARGE):
        yield compare(f"five proofs, growth to {name}", times, SMALL, budget=None, ours=name)


def sound(lifecycle: Lifecycle) -> None:
    """Check that every guarantee is proved, and says something."""
    found = [(proof.verdict, proof.vacuous) for proof in prove(lifecycle, WORDS)]
    assert found == [("proved", None)] * 5, found


def leaking(lifecycle: Lifecycle, *, steps: int) -> None:
    """Check that the first guarantee alone is refuted, by a walk of so many steps."""
    first, *rest = prove(lifecycle, WORDS)
    assert (first.verdict, len(first.steps)) == ("refuted", steps), first
    assert [proof.verdict for proof in rest] == ["proved"] * 4, rest


def collecting(work: Callable[[], tuple[ProofResult, ...]]) -> Callable[[], None]:
    """Let Python collect its garbage while it works, as it does for everybody who proves rules."""

    def collected() -> None:
        gc.enable()
        try:
            work()
        finally:
            gc.disable()

    return collected
