"""Plan's work: the answers of the plain way, for inspections plus records and not their product."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.trip import calls_of
from peelflow import Rulebook, load
from peelflow.model.records import Actor
from peelflow.model.rules import Counts, State, Transition
from peelflow.portfolio import plan
from peelflow.portfolio.plan import inspection_plan
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from tests.builders.force import CHIEF, HMICFRS, LIAISON, clock
from tests.builders.own import write_programme
from tests.oracles.plans import shortest_walks, verifiable_at

DAY = date(2021, 1, 4)
FORCES = st.sampled_from(("kent", "dorset"))
QUESTIONS = st.sampled_from(("7", "7.2", "7.21", "8"))
SETS = st.sampled_from((None, "peel_nine", "peel_twelve", "kent_ten", "kent_later"))
KENT_TEN = """\
question_set: kent_ten
title: Ten questions
size: 10
in_force_from: 2021-02-05
forces: kent
replaces: peel_nine
succeeds: {"7": ["7.2", "8"], "8": "8", "10": "7"}
"""
KENT_LATER = """\
question_set: kent_later
title: The questions after them
replaces: kent_ten
succeeds: {"7.21": "7", "8": "10"}
"""
INSPECTIONS = st.fixed_dictionaries(
    {
        "force": FORCES,
        "kind": st.sampled_from(("planned", "bespoke")),
        "questions": st.lists(QUESTIONS, max_size=3, unique=True),
        "question_set": SETS,
        "days": st.integers(0, 3),
    }
)
RECORDS = st.fixed_dictionaries(
    {
        "force": FORCES,
        "level": st.sampled_from((3, 4)),
        "question": QUESTIONS | st.none(),
        "question_set": SETS,
        "steps": st.integers(0, 2),
    }
)


def a_register(
    inspections: Sequence[dict[str, Any]],
    records: Sequence[dict[str, Any]],
    rulebook: Rulebook | None = None,
) -> Register:
    """Return a register in memory with inspections and records, each as far as its steps."""
    register = Register.open("memory:", rulebook=rulebook, clock=clock)
    with register.batch() as batch:
        for force in ("kent", "dorset"):
            batch.appoint(
                f"chief-of-{force}", "chief_constable", force=force, first_day=DAY, actor=LIAISON
            )
        for number, inspection in enumerate(inspections):
            fields = {key: inspection[key] for key in ("kind", "questions", "question_set")}
            day = DAY + timedelta(30 + inspection["days"])
            batch.add(
                f"INSPECTION-{number}",
                category="inspection",
                force=inspection["force"],
                issued=DAY,
                fields=without_none({**fields, "first_day": day, "last_day": day}),
                actor=LIAISON,
            )
    for number, record in enumerate(records):
        add_record(register, f"RECORD-{number}", record)
    return register


def add_record(register: Register, name: str, record: dict[str, Any]) -> None:
    """Add a record, and take its first steps."""
    told = {"owner": "lead", "question": record["question"] or "1"}
    register.add(
        name,
        category="recommendation",
        level=record["level"],
        force=record["force"],
        issued=DAY,
        fields=without_none({**told, "question_set": record["question_set"]}),
        actor=HMICFRS,
        recorded_by=LIAISON.person,
        source="portal",
    )
    if record["question"] is None:
        said: Any = {"recorded_by": LIAISON.person, "source": "portal", "reason": "unclear"}
        register.amend(name, "question", None, actor=HMICFRS, on=DAY, **said)
    if record["steps"] > 0:
        register.fire(name, "start", actor=LIAISON, on=DAY)
    if record["steps"] > 1 and record["level"] == 3:
        person = f"chief-of-{record['force']}"
        letter = register.keep(
            b"done", kind="letter", name="letter.txt", signed_by=person, signed_on=DAY
        )
        chief = Actor(person, CHIEF.role)
        register.fire(name, "self_certify", actor=chief, on=DAY, evidence=[letter])


TWO_CLOSINGS = """\
lifecycle: programme
version: 1
in_force_from: 2000-01-01
title: A programme that a bespoke inspection ends at once, and any other one later
applies_to: {category: programme, level: none}
initial: running
states:
  running:
    counts_as: {office: open}
    transitions:
      inspect: {to: done, by: [liaison_officer], requires: [{inspection: bespoke}]}
      settle: {to: settled, by: [liaison_officer]}
  settled:
    counts_as: {office: open}
    transitions:
      finish: {to: done, by: [liaison_officer], requires: [{inspection: any}]}
  done:
    counts_as: {office: closed}
    final: true
    transitions:
      reopen: {to: running, by: [liaison_officer], reopens: true}
"""


def test_a_record_is_planned_once_by_its_nearest_closing(tmp_path: Path) -> None:
    """Where an inspection would do for several, the fewest steps count."""
    write_programme(tmp_path)
    (tmp_path / "programme.yaml").write_text(TWO_CLOSINGS, "utf-8")
    drawn: dict[str, Any] = {"force": "kent", "questions": [], "question_set": None}
    inspections = [{**drawn, "kind": "planned", "days": 0}, {**drawn, "kind": "bespoke", "days": 1}]
    with a_register(inspections, [], load(tmp_path)) as register:
        register.add("P", category="programme", force="kent", issued=DAY, actor=LIAISON)
        planned, bespoke = inspection_plan(register, DAY)
        assert [row.steps for row in (*planned.ready, *planned.first)] == [("settle",)]
        assert [row.trigger for row in (*bespoke.ready, *bespoke.first)] == ["inspect"]


def without_none(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that say something."""
    return {name: value for name, value in fields.items() if value}


@cache
def with_sets() -> Rulebook:
    """Return the national rules with two question sets of a force's own, one after the other."""
    with TemporaryDirectory() as folder:
        for name, text in (("ten", KENT_TEN), ("later", KENT_LATER)):
            Path(folder, f"{name}.yaml").write_text(text, "utf-8")
        return load(folder)


@settings(max_examples=30, deadline=None)
@given(st.lists(INSPECTIONS, max_size=5), st.lists(RECORDS, max_size=6))
def test_plans_what_the_plain_way_plans(
    inspections: list[dict[str, Any]], records: list[dict[str, Any]]
) -> None:
    """Each record held against each inspection: the same rows, in the same order."""
    with a_register(inspections, records, with_sets()) as register:
        planned = inspection_plan(register, DAY)
        assert len(planned) == len(inspections)
        for each in planned:
            verifiable = verifiable_at(register, each.inspection)
            assert each.ready == tuple(row for row in verifiable if not row.steps)
            assert each.first == tuple(row for row in verifiable if row.steps)


NAMES = ("a", "b", "c", "d", "e")
WAYS = st.lists(
    st.lists(st.sampled_from(NAMES), max_size=4), min_size=len(NAMES), max_size=len(NAMES)
)


@settings(max_examples=60, deadline=None)
@given(WAYS, st.lists(st.sampled_from(("open", "closed")), min_size=5, max_size=5))
def test_the_way_is_the_shortest_and_the_first_that_the_file_lists(
    ways: list[list[str]], counts: list[Counts]
) -> None:
    """Through whatever states there are: as it is found by all walks that there are."""
    states = {
        name: State(
            {"office": said},
            transitions=tuple(
                Transition(f"{name}_{place}", to, ("lead",)) for place, to in enumerate(ends)
            ),
        )
        for name, ends, said in zip(NAMES, ways, counts, strict=True)
    }
    rules = evolve(national().lifecycles[0], initial="a", states=states)
    assert [*plan._each_open_path(rules, "a")] == [*shortest_walks(rules, "a").items()]


@pytest.mark.parametrize("is_relevant", [False, True])
def test_work_grows_with_inspections_plus_records(*, is_relevant: bool) -> None:
    """Twice as many of both take twice the calls, and not four times; whether they fit or not."""

    def work(number: int) -> int:
        question = "7" if is_relevant else "8"
        drawn = {"force": "kent", "question_set": None}
        inspections = [
            {
                **drawn,
                "kind": "planned",
                "questions": [f"{question}.{each + 1}", question],
                "days": 0,
            }
            for each in range(number)
        ]
        records = [{**drawn, "level": 3, "question": "7.1", "steps": 0}] * number
        with a_register(inspections, records) as register:
            return len(calls_of(partial(inspection_plan, register, DAY)))

    work(1)  # what is read once in a process
    few, more, many = work(10), work(20), work(40)
    assert many - more <= 2.1 * (more - few)
