"""Number the promises of a store, and report which of them a store holds.

Neither pytest nor Hypothesis is imported here; docs/stores.md says more of each promise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from peelflow.results import frozen

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
    "S14": "what is asked for one force tells nothing of another's",
}
_CITED = re.compile(r"(S\d+(?:, S\d+)*): ")


def cited_promises(docstring: str | None) -> tuple[str, ...]:
    """Return the promises that a test's docstring begins with, as `S1, S3: …` does."""
    match = _CITED.match(docstring or "")
    return tuple(match[1].split(", ")) if match else ()


OutcomeResult = Literal["passed", "failed", "skipped"]
PromiseVerdict = Literal["held", "in part", "broken", "not claimed", "not tried"]
NOT_CLAIMED = "not claimed"


@frozen
class KitTest:
    """A test of the kit: its name, the promises it cites, and how many cases it has."""

    test: str
    promises: tuple[str, ...]
    cases: int = 1


@frozen
class Outcome:
    """How one test, or one case of it, ended on one store, and the promises it cites.

    Attributes:
        test: Its name, with its case in brackets.
        promises: What it holds the store to.
        result: How it ended; one that is expected to fail has failed, as expected or not.
        why: What the store does not claim, where it was skipped; else what there is to say.
        of_kit: Whether it is the kit's own: one that was put in its place holds no promise.
    """

    test: str
    promises: tuple[str, ...]
    result: OutcomeResult
    why: str = ""
    of_kit: bool = True


@frozen
class PromiseResult:
    """How a store stands to one promise.

    Attributes:
        promise: Its number.
        verdict: `held` where each of the kit's tests passed; `in part` where those did that its
            claims let run; `broken` where any failed; `not claimed` where no claim let any run; and
            `not tried` where one was skipped or did not run.
        passed: How many of the kit's tests passed whole.
        tests: How many the kit has.
        broken_by: The tests that failed.
        not_run: The kit's tests that did not run, or not in each case.
        notes: What was said of those that failed or were skipped.
    """

    promise: str
    verdict: PromiseVerdict
    passed: int = 0
    tests: int = 0
    broken_by: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def promise_results(
    outcomes: Iterable[Outcome], kit: Iterable[KitTest]
) -> tuple[PromiseResult, ...]:
    """Return how a store stands to each promise, in their order.

    Args:
        outcomes: How tests ended on the store.
        kit: All tests of the kit: what did not run holds no promise.
    """
    known, tests = tuple(outcomes), tuple(kit)
    return tuple(
        _promise_result(
            promise,
            [outcome for outcome in known if promise in outcome.promises],
            [test for test in tests if promise in test.promises],
        )
        for promise in PROMISES
    )


def _promise_result(promise: str, outcomes: list[Outcome], kit: list[KitTest]) -> PromiseResult:
    broken_by = tuple(
        dict.fromkeys(outcome.test for outcome in outcomes if outcome.result == "failed")
    )
    notes = tuple(dict.fromkeys(outcome.why for outcome in outcomes if outcome.why))
    passed = [test.test for test in kit if _case_count(test, outcomes, "passed") >= test.cases]
    unclaimed = [test.test for test in kit if _is_unclaimed(test, outcomes)]
    not_run = tuple(
        test.test
        for test in kit
        if test.test not in passed
        and test.test not in unclaimed
        and not _case_count(test, outcomes, "failed")
    )
    verdict: PromiseVerdict = "in part" if unclaimed else "held"
    if broken_by:
        verdict = "broken"
    elif not_run or not kit:
        verdict = "not tried"
    elif not passed:
        verdict = "not claimed"
    return PromiseResult(promise, verdict, len(passed), len(kit), broken_by, not_run, notes)


def _case_count(test: KitTest, outcomes: Iterable[Outcome], result: OutcomeResult) -> int:
    """Return how many cases of a test ended so; another test of its name is none."""
    return len(
        {
            outcome.test
            for outcome in outcomes
            if outcome.of_kit and outcome.result == result and _name_of(outcome) == test.test
        }
    )


def _is_unclaimed(test: KitTest, outcomes: Iterable[Outcome]) -> bool:
    skipped = [
        outcome
        for outcome in outcomes
        if _name_of(outcome) == test.test and outcome.result == "skipped"
    ]
    return bool(skipped) and all(outcome.why.startswith(NOT_CLAIMED) for outcome in skipped)


def _name_of(outcome: Outcome) -> str:
    return outcome.test.partition("[")[0]


def report(store: str, results: Iterable[PromiseResult]) -> str:
    """Return the report on `store` as text, a line or more a promise."""
    lines = [store]
    for result in results:
        said = "; ".join((f"{result.passed} of {result.tests} tests passed", *result.notes))
        number, sentence = result.promise, PROMISES[result.promise]
        lines.append(f"  {number:<4}{result.verdict:<12} {sentence} ({said})")
        lines.extend(f"{'':19}broken by {test}" for test in result.broken_by)
        lines.extend(f"{'':19}not run: {test}" for test in result.not_run)
    return "\n".join(lines)
