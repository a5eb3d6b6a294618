"""Dates of which the day is not known: kept as given, and never taken for a day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow import load
from peelflow.errors import InvalidRequest
from peelflow.model.date_spans import DateSpan, is_as_known, read_span
from peelflow.portfolio.listing import age_shares, ages
from peelflow.portfolio.overdue import deadlines, overdue, overdue_shares
from peelflow.portfolio.selection import Selection, each_selected, read_criterion
from peelflow.register.csv_import import import_sheets
from peelflow.register.csv_schema import DateFormat
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.stores.memory import MemoryStore
from tests.builders.force import FORCE, HMICFRS, KIND, LIAISON, World, clock, new_world

LEVEL_2 = KIND["level-2"]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2023-03-30", date(2023, 3, 30), date(2023, 3, 30)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023-12", date(2023, 12, 1), date(2023, 12, 31)),
        ("Q1 2023", date(2023, 1, 1), date(2023, 3, 31)),
        ("Q4 2024", date(2024, 10, 1), date(2024, 12, 31)),
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_a_text_says_which_days_it_may_be(text: str, first: date, last: date) -> None:
    """A day, a month, a quarter of the calendar year, a year."""
    assert read_span(text) == DateSpan(text, first, last)
    assert is_as_known(text) == (first != last)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2023-13",
        "Q5 2023",
        "Q0 2023",
        "q1 2023",
        "2023-02-30",
        "0999",
        "March 2023",
        "20230330",
    ],
)
def test_any_other_text_is_no_date(text: str) -> None:
    """What is not written so is not guessed at."""
    assert read_span(text) is None
    assert not is_as_known(text)


def test_it_is_kept_as_given_wherever_it_may_stand(world: World) -> None:
    """In a field that says so; where a day is needed it is refused, with what to write."""
    record = world.add(LEVEL_2, fields={"published": "2019", "due": "Q3 2021"})
    register = world.register
    assert register.record(record).fields["due"] == "Q3 2021"
    assert register.fields(record)["published"] == "2019"
    said: dict[str, Any] = {"actor": LIAISON, "reason": "as agreed", "on": world.day}
    register.amend(record, "due", "2021-08", **said)
    with pytest.raises(InvalidRequest, match=r"no date; .* as 2023-03, Q3 2024 or 2024"):
        register.amend(record, "due", "summer", **said)
    with pytest.raises(InvalidRequest, match=r"no date; write it as 2023-03-30$"):
        world.add(KIND["report"], fields={"published": "2021-02"})
    with pytest.raises(InvalidRequest, match="no date"):
        world.add(KIND["inspection"], fields={"first_day": "2021-02"})
    deadline = register.deadline(record)
    assert (deadline.original, deadline.original_as_known) == (None, "Q3 2021")
    assert (deadline.current, deadline.as_known) == (None, "2021-08")
    register.amend(record, "due", date(2021, 8, 9), **said)
    deadline = register.deadline(record)
    assert (deadline.current, deadline.as_known) == (date(2021, 8, 9), None)
    assert [(c.day, c.as_known) for c in deadline.changes] == [
        (None, "2021-08"),
        (date(2021, 8, 9), None),
    ]
    assert register.verify() == ()


TEXTS = st.one_of(
    st.builds("{:04d}-{:02d}".format, st.integers(2020, 2022), st.integers(1, 12)),
    st.builds("Q{} {:04d}".format, st.integers(1, 4), st.integers(2020, 2022)),
    st.sampled_from(["2020", "2021", "2022"]),
)


def each_day(span: DateSpan) -> list[date]:
    """Return every day that a date may be."""
    return [span.first + timedelta(n) for n in range((span.last - span.first).days + 1)]


@given(TEXTS, st.integers(-3, 3), st.sampled_from(["first", "last"]))
@settings(max_examples=40, deadline=None)
def test_no_answer_hangs_on_the_day_within_the_span_without_a_mark(
    text: str, offset: int, near: str
) -> None:
    """Where every day that it may be gives one answer, that is given; else it is told as unknown.

    So whichever day one asks of, within what is not known the answer is marked, and it is the same.
    """
    world = new_world()
    register = world.register
    world.add(LEVEL_2, fields={"due": text, "published": text})
    span = read_span(text)
    assert span is not None
    on = (span.last if near == "last" else span.first) + timedelta(offset)
    world.day = max(world.day, on)
    if on < date(2021, 1, 4):  # nothing is there yet
        return
    past = {day < on for day in each_day(span)}

    late = overdue(register, on)
    assert [listed.as_known for listed in late.records] == [text] * (past == {True})
    assert [listed.deadline.as_known for listed in late.undated] == [text] * (len(past) == 2)
    share = next(s for s in overdue_shares(register, on) if s.total)
    assert (share.past, share.undated) == (int(past == {True}), int(len(past) == 2))
    older = next(s for s in age_shares(register, on, before=on) if s.total)
    assert (older.past, older.undated) == (share.past, share.undated)
    (age,) = ages(register, on)
    assert (age.published, age.as_known) == (None, text)
    assert age.days is None or age.days == min((on - day).days for day in each_day(span))
    for operator in ("<", "<=", ">", ">="):
        answers = {_holds(day, operator, on) for day in each_day(span)}
        wanted = Selection(criteria=(read_criterion(f"due{operator}{on}"),), category="afi")
        assert bool([*each_selected(register, wanted)]) == (answers == {True})


def _holds(day: date, operator: str, on: date) -> bool:
    return {"<": day < on, "<=": day <= on, ">": day > on, ">=": day >= on}[operator]


def test_lists_of_days_have_it_behind_the_days_it_may_be(world: World) -> None:
    """Sorted by the last day that it may be, and shown as it is known."""
    dues = ("2021-08-31", "2021-08", "2021-09-01", "Q3 2021", "2021", "2022-01-01")
    for due in dues:
        world.add(LEVEL_2, fields={"due": due})
    listed = deadlines(world.register, world.day).records
    assert [str(known.due or known.as_known) for known in listed] == [
        "2021-08-31",
        "2021-08",
        "2021-09-01",
        "Q3 2021",
        "2021",
        "2022-01-01",
    ]


def test_two_dates_known_in_part_compare_where_all_their_days_do(world: World) -> None:
    """A month lies before the next year; whether before its own quarter's end, nobody says."""
    world.add(LEVEL_2, fields={"due": "2021-08"})

    def found(text: str) -> bool:
        wanted = Selection(criteria=(read_criterion(text),))
        return bool([*each_selected(world.register, wanted)])

    assert [found(text) for text in ("due<2022", "due>2020", "due<Q3 2021", "due>=2021-08")] == [
        True,
        True,
        False,
        False,
    ]
    assert [found(text) for text in ("due=2021-08", "due!=2021", "due~2021")] == [
        True,
        True,
        True,
    ]
    with pytest.raises(InvalidRequest, match="'soon' is no date"):
        found("due<soon")


def test_nothing_is_counted_from_a_day_that_is_not_known(tmp_path: Path) -> None:
    """A field that counts from it stays empty, until the day is given."""
    words = (
        "vocabulary: own\nfields:\n  afi:\n    reply: {type: date, title: Reply, "
        "counts_from: {field: published, days: 28}}\n"
    )
    (tmp_path / "words.yaml").write_text(words, "utf-8")
    register = Register.open("memory:", rulebook=load(tmp_path / "words.yaml"), clock=clock)
    own = World(register).settle_in()
    record = own.add(LEVEL_2, fields={"published": "2020-11"})
    assert "reply" not in register.record(record).fields
    register.amend(record, "published", "2020-11-09", actor=LIAISON, on=own.day, reason="found it")
    assert register.record(record).fields["reply"] == "2020-12-07"


def test_it_comes_by_a_sheet_and_goes_by_an_export(world: World, tmp_path: Path) -> None:
    """As given, whatever form the days of the sheet have; restored it is the same."""
    sheet = tmp_path / "records.csv"
    sheet.write_text(
        "record,category,level,force,issued,actor,actor_role,due,published\n"
        "R1,afi,2,wmp,01/01/2022,clerk,liaison_officer,Q3 2022,2019\n"
        "R2,afi,2,wmp,01/01/2022,clerk,liaison_officer,Q7 2022,\n",
        "utf-8",
    )
    done = import_sheets(world.register, [sheet], dates=DateFormat.BRITISH, partial=True)
    assert [fault.code for fault in done.faults] == ["sheet-value"]
    assert world.register.record("R1").fields == {"due": "Q3 2022", "published": "2019"}
    file = tmp_path / "register.jsonl"
    file.write_text("\n".join(world.register.export()) + "\n", "utf-8")
    restored = Register(MemoryStore(), rulebook=national(), clock=clock)
    restored.restore(file)
    assert restored.record("R1") == world.register.record("R1")


def test_a_record_that_is_taken_over_says_what_is_known(world: World) -> None:
    """Its issue is a day, at the latest the one it is taken over as at; its fields say the year."""
    world.register.take_over(
        "OLD",
        category="afi",
        level=2,
        force=FORCE,
        issued=world.day,
        on=world.day,
        state="in_progress",
        reason="from the tracker",
        fields={"published": "2019", "due": "2020"},
        actor=HMICFRS,
        recorded_by="liaison-officer",
        source="tracker",
    )
    (late,) = overdue(world.register, world.day).records
    assert (late.as_known, late.due, late.days_over) == ("2020", None, 4)
