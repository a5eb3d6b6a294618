"""One decision in memory: judged, its reasons collected, up to the frozen event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from time import process_time

from bench.by_hand import decide_by_hand
from bench.cases import Case, accepted, level_3, refused
from bench.rounds import Result, compare, interleaved
from bench.stock import decide_by_stock
from peelflow import Act, Context, Event, Record, Refusal, decide

ROUNDS, TIMES = 60, 120
TABLE, STOCK = "table by hand", "stock transitions"
Decide = Callable[[Record, Act, Context], Event | Refusal]


def measure() -> Iterator[Result]:
    """Yield accepted and refused acts against the table and against stock transitions.

    Raises:
        AssertionError: They do not give the same answers.
    """
    ours = partial(decide, level_3())
    deciders: dict[str, Decide] = {"peelflow": ours, TABLE: decide_by_hand, STOCK: decide_by_stock}
    for cases, kind, word in ((accepted(), Event, "accepted"), (refused(), Refusal, "refused")):
        for case in cases:
            answers = [each(case.record, case.act, case.context) for each in deciders.values()]
            assert all(isinstance(answer, kind) for answer in answers), (case, answers)
            assert all(answer == answers[0] for answer in answers), (case, answers)
        times = interleaved(
            {name: _round(each, cases) for name, each in deciders.items()},
            rounds=ROUNDS,
            per_round=TIMES * len(cases),
            clock=process_time,
        )
        budgets = (2.0, 1 / 3) if word == "accepted" else (None, None)
        for baseline, budget in zip((TABLE, STOCK), budgets, strict=True):
            yield compare(f"one decision, {word}", times, baseline, budget=budget)


def _round(decides: Decide, cases: tuple[Case, ...]) -> Callable[[], None]:
    asked = [(case.record, case.act, case.context) for case in cases] * TIMES

    def work() -> None:
        for record, act, context in asked:
            decides(record, act, context)

    return work
