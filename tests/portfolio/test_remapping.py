"""Remap: what becomes of questions in another set, tried before it is kept, and what hinders it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, InvalidRequest, Register, load
from peelflow.portfolio import remapping
from peelflow.portfolio.plan import inspection_plan
from peelflow.portfolio.remapping import left_without_inspection, remap, remappings
from peelflow.portfolio.selection import Selection, read_criterion
from tests.builders.force import CHIEF, HMICFRS, LIAISON, clock

OWN = """\
question_set: kent_2024
title: Questions of Kent
in_force_from: 2024-01-01
forces: kent
size: 10
replaces: peel_nine
succeeds: {"1": ["8", "9"], "5": "5", "10": "5", "6": "6"}
"""
ISSUED, DAY = date(2023, 6, 1), date(2024, 2, 1)
ONE = Selection(criteria=(read_criterion("record!=R-2"),))
ORDER: Any = {"actor": HMICFRS, "reason": "the new set", "recorded_by": "kim", "source": "letter"}


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    """Give a register under the rules with a set of Kent's own, and its Chief Constable."""
    (tmp_path / "own.yaml").write_text(OWN, "utf-8")
    with Register.open("memory:", rulebook=load(tmp_path), clock=clock) as register:
        register.appoint(
            CHIEF.person, CHIEF.role, force="kent", first_day=date(2021, 1, 1), actor=LIAISON
        )
        yield register


def add(register: Register, name: str, question: str | None, **more: Any) -> None:
    """Add a record of level 3 on a question."""
    said: dict[str, Any] = {"category": "recommendation", "level": 3, "force": "kent"}
    fields = {"owner": "lead", "question": question, "question_set": more.pop("question_set", None)}
    said |= {"issued": ISSUED, "actor": HMICFRS, "recorded_by": "kim", "source": "letter", **more}
    register.add(name, fields={key: part for key, part in fields.items() if part}, **said)


def inspect(register: Register, name: str, questions: list[str], **more: Any) -> None:
    """Add a planned inspection in March 2024."""
    days = {"first_day": date(2024, 3, 4), "last_day": date(2024, 3, 8)}
    fields = {"kind": "planned", "questions": questions, **days, **more}
    said: dict[str, Any] = {"category": "inspection", "force": "kent", "issued": ISSUED}
    register.add(name, **said, fields=fields, actor=HMICFRS, recorded_by="kim", source="letter")


def test_a_remapping_moves_what_the_mapping_decides(register: Register) -> None:
    """A part goes where its question goes; each move is an amendment with who, why and source."""
    add(register, "R-8", "8")
    add(register, "R-6", "6.2")
    remap(register, "kent_2024", DAY, **ORDER)
    for name, question in (("R-8", "1"), ("R-6", "6")):
        record = register.record(name)
        assert record.fields["question"] == question
        assert record.fields["question_set"] == "kent_2024"
    last = register.history("R-8")[-1]
    assert (last.on, last.actor, last.reason, last.source) == (
        DAY,
        HMICFRS,
        "the new set",
        "letter",
    )
    assert remappings(register, "kent_2024", DAY) == ()


def test_what_nobody_mapped_or_several_succeed_stays(register: Register) -> None:
    """It is listed with what is known of it, and left as it was."""
    add(register, "R-2", "2")
    add(register, "R-5", "5")
    listed = remap(register, "kent_2024", DAY, **ORDER)
    assert [(each.row.record, each.successors, each.moves) for each in listed] == [
        ("R-2", ((),), False),
        ("R-5", (("5", "10"),), False),
    ]
    assert [len(register.history(name)) for name in ("R-2", "R-5")] == [1, 1]


def test_what_is_amended_meanwhile_is_left(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What succeeds the question it had is not written over the one it has."""
    add(register, "R-8", "8")
    listed = remappings(register, "kent_2024", DAY)
    said: dict[str, Any] = {**ORDER, "on": DAY}
    register.amend("R-8", "question", "6", **said)
    monkeypatch.setattr(remapping, "remappings", lambda *_, **__: listed)
    (left,) = remap(register, "kent_2024", DAY, **ORDER)
    assert (left.moves, left.obstacle) == (False, "its question was amended meanwhile")
    assert register.record("R-8").fields["question"] == "6"


def test_an_inspection_moves_with_all_its_questions_or_not_at_all(register: Register) -> None:
    """It covers whatever succeeds what it covered; one that is mapped to nothing holds it back."""
    inspect(register, "I-1", ["5", "8"], question_set="peel_nine")
    inspect(register, "I-2", ["2", "8"], question_set="peel_nine")
    inspect(register, "I-3", ["1"])
    remap(register, "kent_2024", DAY, **ORDER)
    fields = [register.record(name).fields for name in ("I-1", "I-2", "I-3")]
    assert [each["questions"] for each in fields] == [("5", "10", "1"), ("2", "8"), ("1",)]
    assert [each.get("question_set") for each in fields] == ["kent_2024", "peel_nine", None]


def test_a_preview_tells_what_the_remapping_does_and_keeps_nothing(register: Register) -> None:
    """The very same answer, whoever asks; the feed stands where it stood."""
    for number in ("1", "2", "5", "6", "8", "9"):
        add(register, f"R-{number}", number)
    inspect(register, "I-1", ["5", "8"], question_set="peel_nine")
    before = register.position()
    previewed = remap(register, "kent_2024", DAY, **ORDER, preview=True)
    assert register.position() == before
    assert remap(register, "kent_2024", DAY, **ORDER) == previewed
    assert [each.row.record for each in previewed if each.moves] == ["I-1", "R-6", "R-8", "R-9"]


def test_who_did_not_set_a_question_moves_none(register: Register) -> None:
    """The others move, and it is told why this one stays."""
    add(register, "R-8", "8")
    add(register, "R-9", "9", actor=LIAISON)
    mine: Any = {**ORDER, "actor": LIAISON}
    theirs, own = remap(register, "kent_2024", DAY, **mine)
    assert (theirs.is_decided, theirs.moves, own.moves) == (True, False, True)
    assert theirs.obstacle is not None
    assert theirs.obstacle.startswith("the field `question`: is not amended by liaison-officer")
    assert register.record("R-8").fields["question"] == "8"
    assert register.record("R-9").fields["question"] == "1"


def test_a_remapping_takes_no_relevant_inspection_away(register: Register) -> None:
    """By the mapping, what an inspection could verify it can verify afterwards."""
    for number in ("6", "8", "9"):
        add(register, f"R-{number}", number)
    inspect(register, "I-1", ["8", "6"], question_set="peel_nine")

    def found() -> set[str]:
        (planned,) = inspection_plan(register, DAY)
        return {each.row.record for each in planned.first}

    before = found()
    assert before == {"R-6", "R-8"}
    remap(register, "kent_2024", DAY, **ORDER)
    assert before < found() == {"R-6", "R-8", "R-9"}


def test_only_what_is_selected_and_of_the_sets_force_moves(register: Register) -> None:
    """And only what is open, or has still to come."""
    add(register, "R-1", "8")
    add(register, "R-2", "8")
    add(register, "R-3", "8", force="essex")
    add(register, "R-4", "8", level=1)
    add(register, "R-5", None)
    inspect(register, "I-1", ["8"], question_set="peel_nine")
    register.fire(
        "I-1", "cancel", actor=HMICFRS, on=ISSUED, reason="off", recorded_by="kim", source="letter"
    )
    listed = remap(register, "kent_2024", DAY, **ORDER, selection=ONE)
    assert [each.row.record for each in listed] == ["R-1"]
    assert [each.row.record for each in remappings(register, "kent_2024", DAY)] == ["R-2"]


def test_numbers_stay_where_only_the_set_is_another(register: Register) -> None:
    """The set alone is amended."""
    add(register, "R-6", "6")
    remap(register, "kent_2024", DAY, **ORDER)
    assert [event.what for event in register.history("R-6")[1:]] != []
    assert len(register.history("R-6")) == 2


def test_a_question_beyond_the_old_set_comes_after_the_new_one(tmp_path: Path) -> None:
    """On the way each question is one of the set that the record then says."""
    text = OWN.replace('"10": "5", ', "").replace('"5": "5"', '"10": "5"')
    (tmp_path / "own.yaml").write_text(text, "utf-8")
    with Register.open("memory:", rulebook=load(tmp_path), clock=clock) as register:
        add(register, "R-5", "5", question_set="peel_nine")
        (moved,) = remap(register, "kent_2024", DAY, **ORDER)
        assert moved.moves
        assert register.record("R-5").fields["question"] == "10"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"reason": " "}, "the reason of the remapping"),
        ({"source": None}, "names no source"),
        ({"recorded_by": None}, "does not say who recorded it"),
        ({"actor": Actor("x", "nobody")}, "nobody"),
    ],
)
def test_an_order_that_no_record_could_be_amended_by_is_refused(
    register: Register, more: dict[str, Any], why: str
) -> None:
    """At once, whatever there is to move."""
    with pytest.raises(InvalidRequest, match=why):
        remap(register, "kent_2024", DAY, **{**ORDER, **more})


def test_an_unknown_set_is_refused_with_a_near_name(register: Register) -> None:
    """Nothing is looked at."""
    with pytest.raises(InvalidRequest, match="kent_2024"):
        remappings(register, "kent_2042", DAY)


def test_what_is_left_without_an_inspection_is_what_asks_for_a_relevant_one(
    register: Register,
) -> None:
    """Level 2 asks for none; what several succeed, some inspection is relevant to."""
    add(register, "R-2", "2")
    add(register, "R-5", "5")
    add(register, "R-22", "2", level=2)
    add(register, "R-24", "2", level=4)
    inspect(register, "I-1", ["2"], question_set="peel_nine")
    left = left_without_inspection(register, "kent_2024", DAY)
    assert [row.record for row in left] == ["R-2"]


def test_what_is_left_without_an_inspection_is_told_by_one_reading(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many records there are: none of them is read again by its id."""
    asked = Counter[str]()

    def counting(name: str, ask: Callable[..., Any], *args: Any, **more: Any) -> Any:
        asked[name] += 1
        return ask(*args, **more)

    store = register.services.store
    for name in ("records", "read", "histories"):
        monkeypatch.setattr(store, name, partial(counting, name, getattr(store, name)))
    costs = []
    for number in range(3):
        add(register, f"R-{number}", "2")
        asked.clear()
        assert len(left_without_inspection(register, "kent_2024", DAY)) == number + 1
        costs.append(dict(asked))
    assert costs[0] == costs[1] == costs[2]
    assert asked["records"]
