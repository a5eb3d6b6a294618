"""A record and an inspection of two question sets: what is refused, and what is judged later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow import InvalidRequest, Refused, Register, Rulebook, load, national
from peelflow.portfolio.grouping import grouped_figures
from tests.builders.force import CHIEF, HMICFRS, LIAISON, clock
from tests.stores.forgery import forged

KENT = """\
question_set: kent_2024
title: Questions of Kent
in_force_from: 2024-01-01
forces: kent
size: 9
replaces: peel_nine
succeeds: {"1": "8", "6": "7"}
"""
DAY = date(2024, 2, 1)
WORD: Any = {"recorded_by": "kim", "source": "letter"}


@pytest.fixture
def rules(tmp_path: Path) -> Rulebook:
    """Give the national rules with a set of Kent's own."""
    (tmp_path / "own.yaml").write_text(KENT, "utf-8")
    return load(tmp_path)


@pytest.fixture
def register(rules: Rulebook, tmp_path: Path) -> Iterator[Register]:
    """Give a register under them in a file, with the Chief Constable."""
    with Register.open(f"sqlite:///{tmp_path / 'k.db'}", rulebook=rules, clock=clock) as register:
        register.appoint(
            CHIEF.person, CHIEF.role, force="kent", first_day=date(2021, 1, 1), actor=LIAISON
        )
        yield register


def certified(register: Register, **fields: str) -> str:
    """Add a record of June 2023 that waits for its verification."""
    issued = date(2023, 6, 1)
    said: dict[str, Any] = {"category": "recommendation", "level": 3, "force": "kent"}
    register.add(
        "R", **said, issued=issued, fields={"owner": "lead", **fields}, actor=HMICFRS, **WORD
    )
    register.fire("R", "start", actor=LIAISON, on=issued)
    letter = register.keep(b"x", kind="letter", name="l", signed_by=CHIEF.person, signed_on=issued)
    register.fire("R", "self_certify", actor=CHIEF, on=issued, evidence=[letter])
    return "R"


def inspected(register: Register, day: date = DAY, **fields: Any) -> str:
    """Add a planned inspection of a day."""
    days: dict[str, Any] = {"kind": "planned", "first_day": day, "last_day": day}
    said: dict[str, Any] = {"category": "inspection", "force": "kent", "issued": day}
    register.add("I", **said, fields={**days, **fields}, actor=HMICFRS, **WORD)
    return "I"


def verify(register: Register, day: date = DAY) -> None:
    """Verify the record at the inspection."""
    register.fire("R", "verify", actor=HMICFRS, on=day, inspection="I", **WORD)


@pytest.mark.parametrize(
    ("of_record", "of_inspection", "refusal"),
    [
        ({"question": "7"}, {"questions": ["6"]}, None),
        ({"question": "7.2"}, {"questions": ["6"]}, None),
        ({"question": "8"}, {"questions": ["1"], "question_set": "kent_2024"}, None),
        (
            {"question": "7"},
            {"questions": ["7"]},
            "I covers 7 of kent_2024, and the record's question 7 of peel_nine is 6 there",
        ),
        (
            {"question": "9"},
            {"questions": ["9"]},
            "I covers questions of kent_2024, and the record's is of peel_nine",
        ),
        (
            {"question": "11"},
            {"questions": ["9"], "question_set": "peel_nine"},
            "I covers 9, and the record's question is 11",
        ),
        ({"question": "7"}, {"questions": ["7"], "question_set": "peel_nine"}, None),
        (
            {"question": "7", "question_set": "kent_2024"},
            {"questions": ["7"], "question_set": "peel_nine"},
            "I covers questions of peel_nine, and the record's is of kent_2024",
        ),
        ({"question": "6", "question_set": "kent_2024"}, {"questions": ["6"]}, None),
        (
            {"question": "7", "question_set": "kent_2024"},
            {"questions": ["6"]},
            "I covers 6, and the record's question is 7",
        ),
    ],
)
def test_an_inspection_is_relevant_within_a_set_or_by_the_mapping(
    register: Register,
    of_record: dict[str, str],
    of_inspection: dict[str, Any],
    refusal: str | None,
) -> None:
    """What names no set is of the one in force on its day: the record's issue, the first day."""
    certified(register, **of_record)
    inspected(register, **of_inspection)
    if refusal is None:
        verify(register)
        assert register.record("R").state == "closed"
        assert register.verify() == ()
    else:
        with pytest.raises(Refused) as refused:
            verify(register)
        assert refusal in str(refused.value)


def test_readiness_is_asked_of_the_set_in_force(register: Register) -> None:
    """Ten are none of nine; a set that the record names goes before; of 2025 any number may be."""

    def prepare(day: date, **fields: str) -> None:
        said: dict[str, Any] = {"category": "peel_readiness", "force": "kent", "issued": day}
        register.add(f"P-{day}-{fields['question']}", **said, fields=fields, actor=LIAISON)

    prepare(date(2023, 6, 1), question="9")
    prepare(date(2023, 6, 1), question="12", question_set="peel_twelve")
    prepare(date(2025, 5, 1), question="12")
    with pytest.raises(InvalidRequest, match="is '10', which kent_2024 has not"):
        prepare(date(2024, 6, 1), question="10")


@pytest.mark.parametrize(
    ("category", "fields", "sentence"),
    [
        ("recommendation", {"question": "x"}, "is 'x'; write a question's number, such as 7"),
        ("recommendation", {"question": "0"}, "is '0'; write a question's number, such as 7"),
        (
            "recommendation",
            {"question": "x", "question_set": "peel_2025"},
            "is 'x', which peel_2025 has not; write a question's number, such as 7",
        ),
        (
            "inspection",
            {"questions": ["7", "10"], "question_set": "peel_nine"},
            "has the item '10', which peel_nine has not; write a number from 1 to 9; part the",
        ),
    ],
)
def test_a_question_that_its_set_has_not_is_refused(
    register: Register, category: str, fields: dict[str, Any], sentence: str
) -> None:
    """Or that is no number, whatever the set; with what to write."""
    said: dict[str, Any] = {"level": 3} if category == "recommendation" else {}
    with pytest.raises(InvalidRequest) as refused:
        register.add(
            "X", category=category, force="kent", issued=DAY, fields=fields, actor=LIAISON, **said
        )
    assert sentence in str(refused.value)


def test_figures_of_a_set_whose_file_is_gone_name_it(register: Register) -> None:
    """As the record does; with its file, in its words."""
    certified(register, question="8", question_set="kent_2024")
    for rules, title in (
        (register.rulebook, "Questions of Kent: 8"),
        (national(), "kent_2024 8"),
    ):
        with Register.open(register.store.url, rulebook=rules, clock=clock) as later:
            (line,) = grouped_figures(later, "question").groups
            assert (line.group.key, line.group.title) == ("kent_2024 8", title)


def test_a_route_asks_for_an_inspection_of_the_records_own_question(register: Register) -> None:
    """One that nobody has scheduled yet is of the record's set, whatever is in force by then."""
    certified(register, question="9")
    route = register.route("R", to="closed", on=DAY)
    assert [step.trigger for step in route.steps] == ["verify"]


def test_what_a_files_mapping_let_be_is_no_finding_where_the_file_is_gone(
    register: Register,
) -> None:
    """No set is kept beside an act: whoever verifies without the file is told of nothing."""
    certified(register, question="8")
    inspected(register, questions=["1"], question_set="kent_2024")
    verify(register)
    url = register.store.url
    with Register.open(url, rulebook=national(), clock=clock) as later:
        assert later.verify() == ()


def test_a_set_that_came_later_condemns_nothing_of_before(tmp_path: Path) -> None:
    """Two numbers that agreed, where one named no set, still do."""
    url = f"sqlite:///{tmp_path / 'k.db'}"
    with Register.open(url, clock=clock) as register:
        register.appoint(
            CHIEF.person, CHIEF.role, force="kent", first_day=date(2021, 1, 1), actor=LIAISON
        )
        certified(register, question="7")
        inspected(register, questions=["7"])
        verify(register)
    (tmp_path / "own.yaml").write_text(KENT, "utf-8")
    with Register.open(url, rulebook=load(tmp_path), clock=clock) as register:
        assert register.verify() == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"questions": ["8"], "question_set": "peel_nine"},
        {"questions": ["7"], "question_set": "peel_twelve"},
        {"questions": ["7"], "question_set": "peel_2025"},
    ],
)
def test_an_act_that_no_file_could_have_allowed_is_found(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    """Another number of one set, or a national set that nobody mapped."""
    url = f"sqlite:///{tmp_path / 'k.db'}"
    with Register.open(url, clock=clock) as register:
        register.appoint(
            CHIEF.person, CHIEF.role, force="kent", first_day=date(2021, 1, 1), actor=LIAISON
        )
        certified(register, question="7", question_set="peel_nine")
        inspected(register, questions=["7"], question_set="peel_nine")
        verify(register)
        lines = list(register.export())

    def edit(event: dict[str, Any]) -> None:
        if event["record"] == "I":
            event["what"]["fields"].update(fields)

    file = tmp_path / "forged.jsonl"
    file.write_text("".join(f"{line}\n" for line in forged(lines, edit)), "utf-8")
    with Register.open(f"sqlite:///{tmp_path / 'forged.db'}", clock=clock) as register:
        register.restore(file, as_found=True)
        assert [(found.record, found.code) for found in register.verify()] == [
            ("R", "act-unlawful")
        ]
