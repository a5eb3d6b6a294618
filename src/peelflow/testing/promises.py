"""Number the promises of a store, and report which of them a store holds.

Neither pytest nor Hypothesis is imported here; docs/stores.md says more of each promise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from attrs import frozen

PROMISES = {
    "S1": "a batch is kept whole or not at all",
    "S2": "a batch whose decisions read what has moved since is a Conflict",
    "S3": "what append returned from survives kill -9",
    "S4": "what was kept comes back equal, in order",
    "S5": "the feed gives every event once, in one order, without a gap",
    "S6": "readers never see half a batch",
    "S7": "a key stands for one event of its record",
    "S8": "documents come back byte for byte",
    "S9": "any text survives, but those that are refused",
    "S10": "what is kept recomputes from the events",
    "S11": "two processes may open one store",
    "S12": "another version's schema is never guessed",
    "S13": "a store that was closed says so",
}
_CITED = re.compile(r"(S\d+(?:, S\d+)*): ")


def cited_promises(docstring: str | None) -> tuple[str, ...]:
    """Return the promises that a test's docstring begins with, as `S1, S3: …` does."""
    match = _CITED.match(docstring or "")
    return tuple(match[1].split(", ")) if match else ()


OutcomeResult = Literal["passed", "failed", "skipped"]
PromiseVerdict = Literal["held", "broken", "not claimed", "not tried"]


@frozen
class Outcome:
    """How one test of the kit ended on one store, and the promises it cites.

    `why` says what the store does not claim, when the test was skipped.
    """

    test: str
    promises: tuple[str, ...]
    result: OutcomeResult
    why: str = ""


@frozen
class PromiseResult:
    """How a store stands to one promise: `broken_by` are tests, `notes` what was not tried."""

    promise: str
    verdict: PromiseVerdict
    broken_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def promise_results(outcomes: Iterable[Outcome]) -> tuple[PromiseResult, ...]:
    """Return how a store stands to each promise, in their order."""
    all_outcomes = tuple(outcomes)
    return tuple(
        _promise_result(
            promise, [outcome for outcome in all_outcomes if promise in outcome.promises]
        )
        for promise in PROMISES
    )


def _promise_result(promise: str, outcomes: list[Outcome]) -> PromiseResult:
    broken_by = tuple(
        dict.fromkeys(outcome.test for outcome in outcomes if outcome.result == "failed")
    )
    notes = tuple(dict.fromkeys(outcome.why for outcome in outcomes if outcome.result == "skipped"))
    verdict: PromiseVerdict = "not tried"
    if broken_by:
        verdict = "broken"
    elif any(outcome.result == "passed" for outcome in outcomes):
        verdict = "held"
    elif any(why.startswith("not claimed") for why in notes):
        verdict = "not claimed"
    return PromiseResult(promise, verdict, broken_by, notes)


def report(store: str, results: Iterable[PromiseResult]) -> str:
    """Return the report on `store` as text, a line or more a promise."""
    lines = [store]
    for result in results:
        notes = f" ({'; '.join(result.notes)})" if result.notes else ""
        number, sentence = result.promise, PROMISES[result.promise]
        lines.append(f"  {number:<4}{result.verdict:<12} {sentence}{notes}")
        lines.extend(f"{'':19}broken by {test}" for test in result.broken_by)
    return "\n".join(lines)
