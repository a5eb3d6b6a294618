"""A kept correction is one that somebody could ask for: as it is made, and of what rests on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from peelflow import Actor, InvalidRequest, Joint, Refused, Register
from peelflow.register import corrections
from peelflow.register.kept_before import HELD_SINCE
from tests.register.test_kept_steps import judged

KIM = Actor("kim", "liaison_officer")
THEIRS: dict[str, Any] = {
    "actor": Actor("portal", "hmicfrs"),
    "recorded_by": "kim",
    "source": "portal",
}
OURS: dict[str, Any] = {"actor": KIM, "reason": "a slip"}
DAY, NEXT, LATER, LAST = (date(2023, 1, 9), date(2023, 1, 10), date(2023, 3, 1), date(2023, 5, 1))
CAUSE: dict[str, Any] = {"category": "cause_of_concern", "force": "wmp", "actor": KIM}
CHILD: dict[str, Any] = {
    "category": "recommendation",
    "level": 2,
    "force": "wmp",
    "fields": {"owner": "lee"},
    "actor": KIM,
}
Do = Callable[[Register], object]


def filled(moment: datetime) -> Register:
    """Return a register whose clock goes on from a moment."""
    seconds = count()
    register = Register.open("memory:", clock=lambda: moment + timedelta(seconds=next(seconds)))
    register.add("C-1", **CAUSE, issued=DAY)
    register.add("K-1", **CHILD, issued=LATER, parent="C-1")
    register.add("R-1", **CHILD, issued=DAY)
    register.fire("R-1", "start", on=LATER, actor=KIM)
    register.correct("R-1", 2, correction="redate", to=NEXT, on=LAST, **OURS)
    register.add("R-2", **CHILD, issued=DAY)
    register.fire("R-2", "discharge", on=LATER, reason="x", **THEIRS)
    return register


@pytest.fixture
def register() -> Iterator[Register]:
    """Give one of today."""
    with filled(HELD_SINCE) as made:
        yield made


def void(record: str, event: int, **said: Any) -> Do:
    """Return what voids an event."""
    told = {**OURS, **said}
    return lambda register: register.correct(record, event, correction="void", **told)


def redate(record: str, event: int, to: date) -> Do:
    """Return what re-dates an event."""
    return lambda register: register.correct(record, event, correction="redate", to=to, **OURS)


def twice(do: Do) -> Do:
    """Return what is done twice."""
    return lambda register: (do(register), do(register))


UNASKED: dict[str, tuple[Do, tuple[str, int], str]] = {
    "what another side acted on": (void("R-2", 1), ("R-2", 3), "was done by portal (hmicfrs)"),
    "what others lie below": (void("C-1", 1), ("C-1", 3), "K-1 lies below it"),
    "before it happened": (
        void("R-1", 2, on=DAY),
        ("R-1", 4),
        "happened on 2023-01-10, after this correction of 2023-01-09",
    ),
    "twice": (twice(void("R-1", 2)), ("R-1", 5), "is voided already"),
    "to its own day": (redate("R-1", 2, NEXT), ("R-1", 4), "is dated 2023-01-10 already"),
    "a correction to a day": (redate("R-1", 3, DAY), ("R-1", 4), "is a correction"),
}


@pytest.mark.parametrize("case", sorted(UNASKED))
def test_a_correction_that_nobody_can_ask_for_is_found(
    register: Register, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """The verb refuses it; what was recorded before 30 November 2026 is spared."""
    do, place, words = UNASKED[case]
    with pytest.raises((InvalidRequest, Refused)) as refused:
        do(register)
    assert words in str(refused.value)
    monkeypatch.setattr(corrections, "_check_nothing_rests_on", lambda *_: None)
    monkeypatch.setattr(corrections, "_check_request", lambda *_: None)
    with filled(HELD_SINCE) as forged, filled(HELD_SINCE - timedelta(days=1)) as before:
        do(forged)
        do(before)
        found = [each for each in forged.verify() if words in each.sentence]
        assert [(each.record, each.event) for each in found] == [place]
        assert any(words in line for line in judged(list(forged.export()))[0])
        assert not [each for each in before.verify() if words in each.sentence]


def test_what_follows_from_a_correction_may_lie_before_what_it_corrects(register: Register) -> None:
    """What lies below a record of another force is entered anew with it, though it began later."""
    entry: Any = {"force": "kent"}
    register.correct("C-1", 1, correction="reenter", entry=entry, on=NEXT, **OURS)
    assert (register.record("K-1").force, register.history("K-1")[-1].on) == ("kent", NEXT)
    assert register.verify() == ()


def test_what_comes_back_follows_on_the_day_of_its_correction(register: Register) -> None:
    """Also where that lies before what it was made joint by, which is void by now."""
    made = register.make_joint("C-1", Joint(("kent",)), on=LAST, **OURS)
    gone = register.correct("K-1", 1, correction="void", on=LATER, **OURS)
    register.correct("C-1", made.number, correction="void", on=LAST, **OURS)
    register.correct("K-1", gone.number, correction="void", on=LATER, **OURS)
    last = register.history("K-1")[-1]
    assert (last.kind, last.on, register.record("K-1").forces) == ("corrected", LATER, ("wmp",))
    assert register.verify() == ()
