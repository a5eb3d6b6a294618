"""Bad input of every kind: a clear error that says what to do instead, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from attrs import evolve

from peelflow.errors import InvalidRequest, PeelflowError, UnknownDocument, UnknownRecord
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor
from tests.builders.force import CHIEF, FORCE, KIND, LIAISON, START, World

Asked = Callable[[World, str], object]


def close(world: World, record: str, **more: Any) -> object:
    """Close a level 2 record that is in progress, with its letter, as the Chief Constable."""
    said: dict[str, Any] = {"actor": CHIEF, "on": world.day, "evidence": [world.letter()], **more}
    return world.register.fire(record, "close", **said)


def amend(world: World, record: str, reason: str) -> object:
    """Set a due date for a reason."""
    return world.register.amend(
        record, "due", world.day, actor=LIAISON, on=world.day, reason=reason
    )


def of_another_force(world: World, record: str) -> object:
    """Name a record of this force as the parent of another's."""
    return world.register.add(
        "KENT-1",
        category="recommendation",
        level=3,
        force="kent",
        issued=world.day,
        parent="cause-of-concern-2",
        actor=LIAISON,
        fields={"title": record},
    )


def wrong_digest(world: World, record: str) -> object:
    """Offer a letter by a digest of which nothing is kept."""
    return close(world, record, evidence=[evolve(world.letter(), digest="0" * 64)])


BAD: dict[str, tuple[Asked, type[PeelflowError], str]] = {
    "unknown id": (
        lambda w, _: close(w, "NOBODY"),
        UnknownRecord,
        "no record is called 'NOBODY'; list the records to see their ids",
    ),
    "wrong force": (
        of_another_force,
        InvalidRequest,
        f"belongs to another force, {FORCE}; name a parent of the same force",
    ),
    "past nomination": (
        lambda w, r: close(w, r, actor=Actor("acting", "nominated_deputy")),
        Refused,
        "not you: acting did not hold `nominated_deputy` .*record the appointment",
    ),
    "future date": (
        lambda w, r: close(w, r, on=date(2030, 1, 1)),
        Refused,
        "2030-01-01 lies in the future",
    ),
    "date before the last event": (
        lambda w, r: close(w, r, on=START - timedelta(9)),
        Refused,
        "lies before the record's last event",
    ),
    "missing document": (
        lambda w, r: close(w, r, evidence=[]),
        Refused,
        "no `letter` is offered.*give a `letter` signed by `chief_constable`",
    ),
    "wrong digest": (
        wrong_digest,
        UnknownDocument,
        "no document 000000000000… is kept here; keep its content first",
    ),
    "5,000-character reason": (
        lambda w, r: amend(w, r, "x" * 5_000),
        InvalidRequest,
        "the reason: has 5,000 characters, more than 4,000; say it shortly",
    ),
    "5,000-character reason of an act": (
        lambda w, r: close(w, r, reason="x" * 5_000),
        InvalidRequest,
        "the reason: has 5,000 characters, more than 4,000; say it shortly",
    ),
    "text turned around": (
        lambda w, r: close(w, r, source="letter \u202eof the chief"),
        InvalidRequest,
        r"the source: holds U\+202E, which turns text around unseen; remove it",
    ),
    "a reason that is no text": (
        lambda w, r: close(w, r, reason=3),
        InvalidRequest,
        "the reason: is 3, which is no text; give a text",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_and_nothing_is_written(world: World, case: str) -> None:
    """What is wrong, what to do instead; the record and the figures as they were."""
    ask, kind, sentence = BAD[case]
    record = world.add(KIND["level-2"])
    assert world.add(KIND["cause-of-concern"]) == "cause-of-concern-2"
    world.step(record, "start")
    ended: dict[str, Any] = {"first_day": START, "last_day": START}
    world.register.appoint("acting", "nominated_deputy", force=FORCE, actor=LIAISON, **ended)
    before = list(world.register.feed())
    with pytest.raises(kind, match=sentence):
        ask(world, record)
    assert list(world.register.feed()) == before


@pytest.mark.parametrize("reason", ["תשובה נשלחה", "أُرسل الرد", "x" * 4_000])
def test_a_reason_may_run_either_way_and_be_long(world: World, reason: str) -> None:
    """It comes back as it was given."""
    record = world.add(KIND["level-3"])
    amend(world, record, reason)
    assert world.register.history(record)[-1].reason == reason
