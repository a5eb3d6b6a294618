"""An act that rests on an appointment which was recorded later is told, and no finding."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from peelflow import Actor, Register
from peelflow.register.judgement import Verification
from peelflow.register.restore import judge_export
from tests.stores.forgery import Edit, forged

KIM = Actor("officer-1", "liaison_officer")
CHIEF = Actor("chief", "chief_constable")
DAY, LATER = date(2022, 12, 16), date(2023, 3, 1)
START = datetime(2026, 6, 1, 9, tzinfo=UTC)
TOLD = (
    "not judged: whether who did event 3 of R-1, or signed for it, was appointed then: that was "
    "recorded a day or more later"
)


class Clock:
    """A clock that is put forward."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Tell the moment."""
        return self.now


def appoint(register: Register, person: str = "chief", **more: Any) -> str:
    """Appoint a Chief Constable, and return the appointment."""
    said: dict[str, Any] = {"force": "wmp", "first_day": date(2022, 1, 1), **more}
    return register.appoint(person, "chief_constable", actor=KIM, **said).record


def close(register: Register) -> None:
    """Close a record with a letter."""
    fields = {"owner": "lead-1"}
    said: dict[str, Any] = {"category": "recommendation", "level": 2, "force": "wmp"}
    register.add("R-1", **said, issued=DAY, fields=fields, actor=KIM)
    register.fire("R-1", "start", actor=KIM, on=LATER)
    letter = register.keep(b"x", kind="letter", name="l", signed_by="chief", signed_on=LATER)
    register.fire("R-1", "close", actor=CHIEF, on=LATER, evidence=[letter])


def judged(lines: list[str]) -> Verification:
    """Judge an export."""
    with Register.open("memory:") as register:
        return judge_export(register.services, lines)


def moved(days: int) -> Edit:
    """Return an edit by which appointments are recorded days later, behind all else."""
    moment = (START + timedelta(days)).isoformat(timespec="microseconds")

    def edit(event: dict[str, Any]) -> None:
        if event["record"].startswith("appointment:"):
            event["recorded_at"] = moment

    return edit


def behind(lines: list[str], edit: Edit) -> list[str]:
    """Return an export whose appointments come last."""
    events = [line for line in lines if '"kind":"event"' in line]
    late = [line for line in events if "appointment:" in line]
    kept = [line for line in lines[:-1] if line not in late]
    return forged([*kept, *late, lines[-1]], edit)


@pytest.mark.parametrize(("days", "told"), [(0, ()), (1, (TOLD,)), (100, (TOLD,))])
def test_item_14_an_act_before_its_appointment_was_recorded_is_told(
    days: int, told: tuple[str, ...]
) -> None:
    """Not where both were recorded on a day: acts take their time, and clocks are put right."""
    with Register.open("memory:", clock=Clock()) as register:
        appoint(register)
        close(register)
        lines = list(register.export())

    assert judged(behind(lines, moved(days))) == Verification((), judged=True, unjudged=told)


def test_item_14_what_was_appointed_in_time_is_not_told() -> None:
    """Whatever becomes of appointments later: of others, corrected, taken over by another one."""
    clock = Clock()
    with Register.open("memory:", clock=clock) as register:
        first = appoint(register)
        slip: dict[str, Any] = {"actor": KIM, "on": date(2026, 6, 1), "reason": "a slip"}
        register.amend(first, "person", "chef", **slip)
        register.amend(first, "person", "chief", **slip)
        close(register)
        clock.now += timedelta(30)
        appoint(register, "boss", first_day=date(2026, 7, 1))
        second = appoint(register, first_day=date(2022, 2, 1))
        register.correct(first, 1, correction="void", **slip)
        register.correct("R-1", 3, correction="redate", to=date(2023, 3, 2), **slip)
        register.amend(second, "last_day", date(2026, 5, 1), **slip)
        assert register.verify() == ()
        lines = list(register.export())

    assert judged(lines) == Verification((), judged=True)


def test_item_14_an_act_is_held_to_what_was_appointed_when_it_was_last_corrected() -> None:
    """It was judged again then: what it rests on since is no later appointment."""
    clock = Clock()
    with Register.open("memory:", clock=clock) as register:
        appoint(register, last_day=LATER)
        close(register)
        clock.now += timedelta(30)
        next_day = LATER + timedelta(1)
        appoint(register, first_day=next_day)
        register.correct("R-1", 3, correction="redate", to=next_day, actor=KIM, reason="a slip")
        lines = list(register.export())

    assert judged(lines) == Verification((), judged=True)
