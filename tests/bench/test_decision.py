"""What is timed side by side gives the same answers, or the times compare nothing."""

from __future__ import annotations

from functools import partial

import pytest

from bench.by_hand import decide_by_hand
from bench.cases import Case, accepted, level_3, refused
from bench.stock import decide_by_stock
from peelflow import Event, Refusal, decide

CASES = [*((case, Event) for case in accepted()), *((case, Refusal) for case in refused())]


@pytest.mark.parametrize(("case", "kind"), CASES)
def test_the_table_and_stock_transitions_answer_as_peelflow_does(
    case: Case, kind: type[Event | Refusal]
) -> None:
    """Field by field, accepted acts and refused ones alike."""
    ours = partial(decide, level_3())
    asked = case.record, case.act, case.context
    answers = [each(*asked) for each in (ours, decide_by_hand, decide_by_stock)]
    assert isinstance(answers[0], kind)
    assert answers[1:] == answers[:1] * 2
