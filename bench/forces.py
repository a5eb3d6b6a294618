"""A register of 43 forces over ten years: what they were asked, did, put off and wrote down.

Each record is one of ten kinds, so that all states, levels and kinds of event are there in the same
shares whatever its size; five events a record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from peelflow import Actor, Batch, Register

FORCES, YEARS, BATCH = 43, 10, 500
FIRST = date(2013, 1, 1)
LAST = FIRST + timedelta(365 * YEARS)
OFFICER, LEAD = Actor("officer-1", "liaison_officer"), Actor("lead-1", "lead")
CHIEF, PORTAL = Actor("chief-1", "chief_constable"), Actor("portal", "hmicfrs")
TYPED = OFFICER.person
_VISITS = range(1, YEARS + 1, 2)
_COURSES: tuple[tuple[int, tuple[str, ...]], ...] = (
    (2, ("start", "put off", "close", "note")),
    (3, ("start", "put off", "certify", "verify")),
    (3, ("start", "put off", "note", "certify")),
    (4, ("start", "hand over", "note", "put off")),
    (2, ("start", "close", "reopen", "close")),
    (3, ("start", "note", "put off", "hand over")),
    (4, ("start", "note", "end")),
    (2, ("start", "put off", "note", "close")),
    (3, ("start", "date anew", "put off", "note")),
    (2, ("start", "put off", "put off", "note", "hand over")),
)
"""What level a record of each kind has, and what happens to it after it was issued."""
_BETWEEN = 60  # days from one act to the next


def make(path: Path, count: int) -> Path:
    """Make a register file of so many records.

    Args:
        path: The file; one that is there is removed.
        count: How many records HMICFRS issues.
    """
    path.unlink(missing_ok=True)
    with Register.open(f"sqlite:///{path}") as register:
        fill(register, count)
    return path


def fill(register: Register, count: int) -> None:
    """Fill an empty register with so many records."""
    with register.batch() as batch:
        for force in map(_force, range(FORCES)):
            batch.appoint(CHIEF.person, CHIEF.role, force=force, first_day=FIRST, actor=OFFICER)
            for day in map(_visit_day, _VISITS):
                _visit(batch, force, day)
    for first in range(0, count, BATCH):
        with register.batch() as batch:
            for number in range(first, min(first + BATCH, count)):
                _record(batch, number, FIRST + timedelta(number * 365 * YEARS // count))


def _force(number: int) -> str:
    return f"force-{number % FORCES:02d}"


def _visit_day(year: int) -> date:
    return date(FIRST.year + year, 9, 4)


def _visit_name(day: date, force: str) -> str:
    return f"PEEL-{day.year}-{force}"


def _visit(batch: Batch, force: str, day: date) -> None:
    """Add the planned inspection of a force that begins on a day, on every question."""
    batch.add(
        _visit_name(day, force),
        category="inspection",
        force=force,
        issued=FIRST,
        actor=PORTAL,
        recorded_by=TYPED,
        source="the programme",
        fields={
            "kind": "planned",
            "first_day": day,
            "last_day": day + timedelta(11),
            "questions": [str(question) for question in range(1, 10)],
        },
    )


def _record(batch: Batch, number: int, day: date) -> None:
    """Add a record, and what happens to one of its kind until the last day."""
    name, force = f"R-{number:06d}", _force(number)
    level, course = _COURSES[number % len(_COURSES)]
    batch.add(
        name,
        category=("recommendation", "recommendation", "afi")[number % 3],
        level=level,
        force=force,
        issued=day,
        actor=PORTAL,
        recorded_by=TYPED,
        source="the report",
        fields={
            "owner": f"lead-{number % 200}",
            "title": f"Improve how matter {number} is handled",
            "question": str(1 + number % 9),
            "theme": f"theme-{number % 12}",
            "published": day,
            "due": day + timedelta(200),
        },
    )
    acts = _record_acts(batch, name, force)
    for act in course:
        day += timedelta(_BETWEEN)
        if day <= LAST:
            acts[act](day)


def _record_acts(batch: Batch, name: str, force: str) -> Mapping[str, Callable[[date], object]]:
    """Return by name what may happen to a record on a day."""

    def put_off(day: date) -> None:
        batch.amend(name, "due", day + timedelta(150), actor=OFFICER, on=day, reason="late")

    def hand_over(day: date) -> None:
        batch.amend(name, "owner", "lead-900", actor=OFFICER, on=day, reason="a new lead")

    def sign(trigger: str, day: date) -> None:
        said = f"{name} is done by {day}".encode()
        letter = batch.keep(
            said, kind="letter", name=f"{name}.pdf", signed_by=CHIEF.person, signed_on=day
        )
        batch.fire(name, trigger, actor=CHIEF, on=day, evidence=(letter,), recorded_by=TYPED)

    def judge(trigger: str, day: date, **more: Any) -> None:
        told: dict[str, Any] = {"recorded_by": TYPED, "source": "the portal"}
        batch.fire(name, trigger, actor=PORTAL, on=day, **told, **more)

    def verify(day: date) -> None:
        visits = (_visit_day(year) for year in _VISITS)
        visit = next((start for start in visits if start >= day), None)
        if visit is not None:
            judge("verify", visit, inspection=_visit_name(visit, force))

    def date_anew(day: date) -> None:
        batch.correct(
            name,
            2,
            correction="redate",
            to=day - timedelta(5),
            actor=LEAD,
            on=day,
            reason="misread",
        )

    return {
        "start": lambda day: batch.fire(name, "start", actor=LEAD, on=day),
        "put off": put_off,
        "hand over": hand_over,
        "note": lambda day: batch.note(name, f"The board looked at {name}.", actor=LEAD, on=day),
        "close": partial(sign, "close"),
        "certify": partial(sign, "self_certify"),
        "verify": verify,
        "reopen": lambda day: judge("reopen", day, reason="not so"),
        "end": lambda day: judge("discharge", day, reason="overtaken"),
        "date anew": date_anew,
    }
