"""A chain of parents is gone through once as records are judged, not for each record in it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from peelflow import Actor, Register
from peelflow.model.records import Record
from peelflow.register.session import Session

SAID: dict[str, Any] = {
    "category": "super_complaint_recommendation",
    "force": "wmp",
    "issued": date(2022, 12, 16),
    "fields": {"title": "t"},
    "actor": Actor("portal", "hmicfrs"),
    "recorded_by": "officer-1",
    "source": "portal",
}


def test_a_chain_twice_as_long_asks_twice_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was four times as much: each record asked for all above it."""
    get, asked = Session.get, [0]

    def counted(session: Session, record: str) -> Record:
        asked[0] += 1
        return get(session, record)

    monkeypatch.setattr(Session, "get", counted)
    counts = [_asked_of(length, asked) for length in (20, 40)]
    assert counts[1] <= 2.2 * counts[0]


def _asked_of(length: int, asked: list[int]) -> int:
    with Register.open("memory:") as register:
        with register.batch() as batch:
            for number in range(length):
                parent = f"S-{number - 1}" if number else None
                batch.add(f"S-{number}", **SAID, parent=parent)
        asked[0] = 0
        assert register.verify() == ()
        return asked[0]
