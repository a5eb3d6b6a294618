"""The paper's lists: what waits for a letter, what was corrected, and days that states have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from peelflow.model.outline import SectionName
from peelflow.register.register import Register
from peelflow.reports.content import Paragraph, Section, Table
from tests.builders.force import HMICFRS, KIND, LIAISON, World, clock
from tests.builders.rules import CASE_LEAD, add_case
from tests.portfolio.test_state_due import ENTERED, FIVE, ruled
from tests.reports.test_paper import part

LEVEL_2 = KIND["level-2"]


def tables(section: Section) -> dict[str, tuple[tuple[object, ...], ...]]:
    """Return the rows of each table of a part by its name."""
    return {block.name: block.rows for block in section.blocks if isinstance(block, Table)}


def sentences(section: Section) -> list[str]:
    """Return the paragraphs of a part."""
    return [block.text for block in section.blocks if isinstance(block, Paragraph)]


def test_what_has_its_letter_already_does_not_wait_for_one(world: World) -> None:
    """It is told apart until that counted; a document of another kind is none."""
    first, second = world.add(LEVEL_2), world.add(LEVEL_2)
    for record in (first, second):
        world.step(record, "start")
    attach = world.register.attach
    attach(second, world.letter(kind="comments"), actor=LIAISON, on=world.later())
    attach(first, world.letter(), actor=LIAISON, on=world.later())
    told = tables(part(world.register, "letters", world.day))
    assert {name: [row[0] for row in rows] for name, rows in told.items()} == {
        "letters": [second],
        "attached": [first],
    }
    attach(second, world.letter(), actor=LIAISON, on=world.later())
    made = part(world.register, "letters", world.day)
    assert sentences(made) == ["No open record waits for a letter."]
    assert len(tables(made)["attached"]) == 2


def test_a_letter_that_counted_is_waited_for_anew(world: World) -> None:
    """What was sent back or re-opened asks for another."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    world.register.attach(record, world.letter(), actor=LIAISON, on=world.later())
    world.step(record, "close")
    world.step(record, "reopen")
    told = tables(part(world.register, "letters", world.day))
    assert [(name, row[0]) for name, rows in told.items() for row in rows] == [("letters", record)]


def test_corrections_stand_by_their_days_with_what_was_withdrawn(world: World) -> None:
    """The ninth before the tenth, February before October."""
    kept, gone = world.add(LEVEL_2), world.add(LEVEL_2)
    days = (date(2021, 2, 9), date(2021, 2, 10), date(2021, 10, 1))
    for on in days[:2]:
        world.day = on
        number = world.register.amend(kept, "theme", str(on), reason="x", actor=LIAISON, on=on)
        world.register.correct(
            kept, number.number, correction="void", actor=LIAISON, on=on, reason="typed wrongly"
        )
    world.register.correct(
        gone,
        1,
        correction="void",
        actor=HMICFRS,
        on=days[2],
        reason="never was",
        source="portal",
        recorded_by="liaison-officer",
    )
    told = tables(part(world.register, "corrections", days[2]))["corrections"]
    assert [row[:2] for row in told] == [(days[0], kept), (days[1], kept), (days[2], gone)]


SECTIONS: tuple[SectionName, ...] = ("overdue", "due")


@pytest.fixture
def cases(tmp_path: Path) -> Iterator[Register]:
    """Give a register with a case that is past its day and past its state's."""
    with Register.open("memory:", rulebook=ruled(tmp_path), clock=clock) as register:
        add_case(register, "C-1", ENTERED, due=ENTERED)
        yield register


def of_cases(register: Register, section: SectionName, on: date = FIVE) -> Section:
    """Return a part of a paper on the ledger on which the cases count."""
    return part(register, section, on + timedelta(1), ENTERED, outline={"ledger": "force"})


@pytest.mark.parametrize("section", SECTIONS)
def test_a_day_to_leave_a_state_by_is_not_taken_for_the_records_own(
    cases: Register, section: SectionName
) -> None:
    """It says which state, and nothing of how the record's own day slipped."""
    late = ENTERED + timedelta(1)
    cases.amend("C-1", "due", late, reason="asked", actor=CASE_LEAD, on=ENTERED)
    (table,) = of_cases(cases, section).blocks
    assert isinstance(table, Table)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    keys = ("Which day", "Original", "Due", "Why")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        (None, ENTERED, late, f"{late:%d/%m/%Y}: asked"),
        ("to leave “open”", None, FIVE, None),
    ]


def test_a_record_with_a_day_is_not_said_to_have_none(cases: Register) -> None:
    """By when its state is to be left nobody can tell, and that is another day."""
    cases.amend("C-1", "due", FIVE + timedelta(99), reason="asked", actor=CASE_LEAD, on=ENTERED)
    cases.fire("C-1", "start", actor=CASE_LEAD, on=ENTERED)
    add_case(cases, "C-2", ENTERED)
    cases.fire("C-2", "start", actor=CASE_LEAD, on=ENTERED)
    assert sentences(of_cases(cases, "overdue")) == [
        "Nothing that is open is past its day.",
        "1 open record has no day by which to be closed.",
        "C-1 is to leave “work” by no day: no date of publication is set.",
    ]
    undated = tables(of_cases(cases, "due"))["undated"]
    why = "no date of publication is set"
    assert [(row[0], row[-2:]) for row in undated] == [
        ("C-1", ("to leave “work”", why)),
        ("C-2", ("to leave “work”", why)),
    ]
