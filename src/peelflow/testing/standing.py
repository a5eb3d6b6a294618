"""The report: which promises a store holds, breaks, or does not claim, and what broke them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from attrs import frozen

from peelflow.testing.promises import PROMISES

Result = Literal["passed", "failed", "skipped"]
Verdict = Literal["held", "broken", "not claimed", "not tried"]


@frozen
class Outcome:
    """How one test of the kit ended on one store, and the promises it cites.

    `why` says what the store does not claim, when the test was skipped.
    """

    test: str
    promises: tuple[str, ...]
    result: Result
    why: str = ""


@frozen
class Standing:
    """How a store stands to one promise: `broken_by` are tests, `notes` what was not tried."""

    promise: str
    verdict: Verdict
    broken_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def standings(outcomes: Iterable[Outcome]) -> tuple[Standing, ...]:
    """Return how a store stands to each promise, in their order."""
    every = tuple(outcomes)
    return tuple(
        _standing(promise, [each for each in every if promise in each.promises])
        for promise in PROMISES
    )


def _standing(promise: str, outcomes: list[Outcome]) -> Standing:
    broken_by = tuple(dict.fromkeys(each.test for each in outcomes if each.result == "failed"))
    notes = tuple(dict.fromkeys(each.why for each in outcomes if each.result == "skipped"))
    verdict: Verdict = "not tried"
    if broken_by:
        verdict = "broken"
    elif any(each.result == "passed" for each in outcomes):
        verdict = "held"
    elif any(why.startswith("not claimed") for why in notes):
        verdict = "not claimed"
    return Standing(promise, verdict, broken_by, notes)


def report(store: str, found: Iterable[Standing]) -> str:
    """Return the report on `store` as text, a line or more a promise."""
    lines = [store]
    for standing in found:
        notes = f" ({'; '.join(standing.notes)})" if standing.notes else ""
        number, sentence = standing.promise, PROMISES[standing.promise]
        lines.append(f"  {number:<4}{standing.verdict:<12} {sentence}{notes}")
        lines.extend(f"{'':19}broken by {test}" for test in standing.broken_by)
    return "\n".join(lines)
