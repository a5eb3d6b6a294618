"""Grouping: records counted by anything they say, and their movements, add up to the whole."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Literal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import peelflow.portfolio.selection as portfolio_selection
from peelflow.engine.fold import corrected_until, fold
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Refused
from peelflow.model.records import Event
from peelflow.model.rules import SYSTEM
from peelflow.portfolio.grouping import (
    ROW,
    Group,
    Grouping,
    grouped_figures,
    selected_figures,
    text_order,
)
from peelflow.portfolio.listing import Share, age_shares, ages
from peelflow.portfolio.movement import movement_totals
from peelflow.portfolio.overdue import deadlines, overdue, overdue_shares
from peelflow.portfolio.selection import (
    Criterion,
    Selection,
    each_selected,
    read_criterion,
)
from peelflow.register.register import Register
from peelflow.reports.tables import movement_table
from peelflow.rulebook.national import national
from tests.builders.force import (
    BEFORE_LEVELS,
    FORCE,
    HMICFRS,
    KIND,
    LIAISON,
    START,
    World,
    clock,
    new_world,
)

PORTAL: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}
TRACKED = ("level-1", "level-2", "level-3", "cause-of-concern", *BEFORE_LEVELS)
COLUMNS = (ROW, "state", "owner", "question", "theme", "report", "parent", "force", "category")
COLUMNS_TOO = ("level", "field:owner", "addressees", "due")
BY = st.sampled_from((*COLUMNS, *COLUMNS_TOO))
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "owner": st.sampled_from(["lead-1", "lead-2"]),
        "question": st.sampled_from(["7", "7.2", "10"]),
        "question_set": st.sampled_from(["peel_nine", "peel_twelve"]),
        "theme": st.just("custody"),
        "addressees": st.sampled_from([["pccs"], ["pccs", "npcc"]]),
        "due": st.dates(START, START + timedelta(20)),
        "published": st.dates(START - timedelta(900), START + timedelta(3)),
    },
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a register: records of every level, walked, amended and corrected."""
    world = new_world()
    for _ in range(draw(st.integers(1, 3))):
        kind = KIND[draw(st.sampled_from(TRACKED))]
        fields = draw(FIELDS)
        if fields.get("question") == "10":
            fields["question_set"] = "peel_twelve"
        record = world.add(kind, fields={"owner": "lead-1"} | fields)
        for _ in range(draw(st.integers(0, 3))):
            _live_on(draw, world, record)
        world.later(draw(st.integers(0, 2)))
    return world


def _live_on(draw: st.DrawFn, world: World, record: str) -> None:
    """Do one more thing to a record: a step, or another owner; and perhaps take it back."""
    ways = [way.trigger for way in world.ways_out(record) if way.by != (SYSTEM,)]
    trigger = draw(st.sampled_from([*ways, "amend"]))
    if trigger == "amend":
        now = world.register.record(record).fields["owner"]
        owner = draw(st.sampled_from(sorted({"lead-1", "lead-2", "lead-9"} - {str(now)})))
        world.register.amend(
            record, "owner", owner, reason="moved", actor=LIAISON, on=world.later()
        )
    else:
        with suppress(Refused):  # a parent waits for its children
            did = world.step(record, trigger)
            if draw(st.integers(0, 3)) == 0:
                _take_back(world, did)


def _take_back(world: World, did: Event) -> None:
    """Void an event, by whoever did it, where that can be."""
    more = PORTAL if did.actor.role == "hmicfrs" else {}
    with suppress(Refused, InvalidRequest):
        world.register.correct(
            did.record,
            did.number,
            correction="void",
            actor=did.actor,
            on=world.later(),
            reason="typed wrongly",
            **more,
        )


DAYS = st.integers(-1, 12)


@settings(max_examples=40, deadline=None)
@given(worlds(), BY, DAYS, st.sampled_from(["portal", "force"]))
def test_groups_sum_to_the_whole(world: World, by: str, days: int, ledger: str) -> None:
    """Whatever they are grouped by, on any day, as known at any position."""
    register, day = world.register, START + timedelta(days)
    for known in (None, register.position() // 2):
        whole = register.figures(as_at=day, ledger=ledger, known=known)
        groups = grouped_figures(register, by, as_at=day, ledger=ledger, known=known)
        assert (groups.open, groups.closed, groups.total) == (whole.open, whole.closed, whole.total)
        assert 0 <= groups.assumed <= groups.total
        rows = selected_figures(register, Selection(), as_at=day, ledger=ledger, known=known)
        assert rows.lines == whole.lines
        if by == ROW:
            titles = [line.group.title for line in groups.groups]
            assert titles == [line.title for line in whole.lines]


@settings(max_examples=40, deadline=None)
@given(worlds(), BY, DAYS, st.integers(0, 8), st.sampled_from(["portal", "force"]))
def test_opening_and_movement_are_closing(
    world: World, by: str, days: int, more: int, ledger: str
) -> None:
    """In every group: what was, and what moved, is what is."""
    register, after = world.register, START + timedelta(days)
    until = after + timedelta(more)
    totals = movement_totals(register, after=after, until=until, by=by, ledger=ledger)

    for day, parts in ((after, "before"), (until, "after")):
        found = {line.group.key: line for line in grouped_figures(
            register, by, as_at=day, ledger=ledger).groups if line.total}  # fmt: skip
        said = {
            total.group.key: (getattr(total, f"open_{parts}"), getattr(total, f"closed_{parts}"))
            for total in totals
        }
        assert {key: (line.open, line.closed) for key, line in found.items()} == {
            key: counts for key, counts in said.items() if any(counts)
        }


@settings(max_examples=30, deadline=None)
@given(worlds(), DAYS)
def test_a_list_as_at_a_day_is_what_replaying_gives(world: World, days: int) -> None:
    """Each record is the fold of what had happened by then."""
    register, day = world.register, START + timedelta(days)
    replayed = [
        (record.id, fold(events).state, fold(events).fields)
        for record, history in register.histories(register.records())
        if (events := corrected_until(history, day))
    ]
    listed = each_selected(register, as_at=day)
    assert [(each.id, each.state, each.fields) for each in listed] == replayed


@settings(max_examples=30, deadline=None)
@given(worlds(), BY, DAYS)
def test_shares_are_of_what_is_listed(world: World, by: str, days: int) -> None:
    """Ages and overdue ones by any group sum to the lists."""
    register, day = world.register, START + timedelta(days)
    before = START - timedelta(90)
    listed = ages(register, day, ledger="portal")
    shares = age_shares(register, day, before=before, by=by)
    assert sum(share.total for share in shares) == len(listed)
    assert sum(share.past for share in shares) == sum(
        bool(age.published and age.published < before) for age in listed
    )
    late = overdue_shares(register, day, by=by)
    own = overdue(register, day, ledger="portal").records
    assert sum(share.past for share in late) == len(own)
    every = deadlines(register, day, ledger="portal")
    assert sum(share.total for share in late) == len(every.records) + len(every.undated)
    assert set(own) <= set(every.records)


def test_a_question_counts_with_its_parts_and_its_set(world: World) -> None:
    """7.2 is of 7; a number means nothing without its set; 9 comes before 10."""
    for question, questions in (("7.2", "peel_nine"), ("7", "peel_nine"), ("7", "peel_twelve")):
        world.add(KIND["level-3"], fields={"question": question, "question_set": questions})
    world.add(KIND["level-3"], fields={"question": "10", "question_set": "peel_twelve"})
    groups = grouped_figures(world.register, "question").groups
    assert [(line.group.key, line.open) for line in groups] == [
        ("peel_nine 7", 2),
        ("peel_twelve 7", 1),
        ("peel_twelve 10", 1),
    ]
    assert groups[0].group.title == (
        "PEEL questions, 2023 framework: 7. "
        "How good is the force at managing offenders and suspects?"
    )


def test_groups_are_read_by_their_titles(world: World) -> None:
    """Reports by title, levels in words, what says nothing at the end."""
    report = world.add(KIND["report"])
    world.add(KIND["level-3"], fields={"source_report": report})
    world.add(KIND["level-2"], fields={"report": "a letter"})
    world.add(KIND["cause-of-concern"])

    def titles(by: str) -> list[str]:
        return [line.group.title for line in grouped_figures(world.register, by).groups]

    assert titles("report") == ["a letter", f"{report}: Custody", "No report"]
    assert titles("level") == ["Level 2", "Level 3", "No level"]
    assert "Area for improvement" in titles("category")
    assert titles("field:question_set") == ["No question set"]


def test_what_was_taken_over_is_counted_as_assumed(world: World) -> None:
    """Until it walks on; and a notebook shows it."""
    world.add(KIND["before-levels"])
    grouped = grouped_figures(world.register, "state")
    (line,) = grouped.groups
    assert (line.group.key, line.assumed, line.total) == ("closed", 1, 1)
    assert "<td>1</td>" in grouped._repr_html_()


def test_undeclared_records_stand_in_a_row_of_their_own(world: World) -> None:
    """As in the figures: nothing is lost."""
    record = world.register.record(world.add(KIND["level-2"]))
    groups = Grouping(world.register, ROW, "portal", {("afi", 3): "AFI Level 3"})
    keys = {groups.key(record)}
    assert keys == {"Area for improvement (no row declared)"}
    assert [group.title for group in groups.groups(keys)] == ["AFI Level 3", *keys]


@pytest.mark.parametrize("cut", range(5))
def test_closed_and_reopened_add_up_wherever_the_span_is_cut(world: World, cut: int) -> None:
    """What was open before, new, re-opened, less what closed, is what is open after."""
    record = world.add(KIND["level-2"])
    world.add(KIND["level-1"])
    for trigger in ("start", "close", "reopen"):
        world.step(record, trigger)
    after, until = START + timedelta(cut - 1), world.day
    totals = movement_totals(world.register, after=after, until=until)
    whole = grouped_figures(world.register, ROW, as_at=until)
    assert [(each.open_after, each.closed_after) for each in totals] == [
        (line.open, line.closed) for line in whole.groups
    ]
    (moved,) = [each for each in totals if each.group.title == "AFI Level 2"]
    assert (moved.closed, moved.reopened) == (int(cut < 3), int(cut < 4))


def test_no_movement_sums_up_to_no_rows() -> None:
    """Not to a row of zeros."""
    assert movement_table((), "owner", "").rows == ()


def test_a_share_of_nothing_is_no_number() -> None:
    """A half is rounded up."""
    assert Share(Group(None, ""), 0, 0, 0).percent is None
    assert Share(Group(None, ""), 1, 8, 0).percent == 13


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("owner = lead-1", ("owner", "=", "lead-1")),
        ("due<=2023-06-30", ("due", "<=", "2023-06-30")),
        ("owner=", ("owner", "=", "")),
        ("theme!=a=b", ("theme", "!=", "a=b")),
    ],
)
def test_a_criterion_is_read(text: str, said: tuple[str, str, str]) -> None:
    """A column, an operator and a value."""
    criterion = read_criterion(text)
    assert (criterion.column, criterion.operator, criterion.value) == said
    assert str(criterion) == "".join(said)


@pytest.mark.parametrize(
    "text", ["owner", "=lead", " =x", "", "owner==lead", "due=<2023-03-30", "due=>2023", "owner<>x"]
)
def test_what_is_no_criterion_is_refused(text: str) -> None:
    """With how to write one."""
    with pytest.raises(InvalidRequest, match="write it as owner=lead-3"):
        read_criterion(text)


@pytest.mark.parametrize(
    "criterion",
    [
        Criterion("ower", "=", "x"),
        Criterion("field:state", "=", "x"),
        Criterion("state", "=", "shut"),
        Criterion("force", "!=", "kent"),
        Criterion("category", "=", "letter"),
        Criterion("due", "<", "31/03/2023"),
        Criterion("due", "=", "2023-3-1"),
        Criterion("field:due", ">", "soon"),
        Criterion("issued", "<", "today"),
        Criterion("level", "=", "L2"),
        Criterion("level", ">=", "none"),
        Criterion("level", ">", "10"),
        Criterion("question", "=", "Q4"),
        Criterion("question", "=", "07"),
        Criterion("issued", "=", "2021-01"),
        Criterion("first_day", "!=", "2021-01"),
        Criterion("addressees", "=", "pcc"),
        Criterion("field:kind", "!=", "plannd"),
        Criterion("due", "<", ""),
        Criterion("title", "~", ""),
        Criterion("level", "=", ""),
        Criterion("state", "=", ""),
        Criterion("owner", "==", "lead"),  # type: ignore[arg-type]
        Criterion("due", "<", date(2023, 3, 1)),  # type: ignore[arg-type]
        Criterion("level", "=", 2),  # type: ignore[arg-type]
        Criterion(["owner"], "=", "lead"),  # type: ignore[arg-type]
    ],
)
def test_a_criterion_that_could_never_match_is_refused(world: World, criterion: Criterion) -> None:
    """A mistyped word would list nothing, and nobody would know."""
    world.add(KIND["level-2"])
    with pytest.raises(InvalidRequest):
        each_selected(world.register, Selection(criteria=(criterion,)))


def offering_npcc(world: World) -> Register:
    """Return the register under later rules, whose recommendations go to the NPCC alone."""
    words = national().vocabulary
    fields = dict(words.categories["afi"].fields)
    fields["addressees"] = evolve(fields["addressees"], choices=("npcc",))
    afi = evolve(words.categories["afi"], fields=fields)
    only = evolve(words, categories={"afi": afi, "report": words.categories["report"]})
    later = evolve(world.register.rulebook, vocabulary=only)
    return Register(world.register.store, rulebook=later, clock=clock)


def test_a_choice_that_is_offered_no_more_is_asked_for_all_the_same(world: World) -> None:
    """While a record says it; and what is known of a day is compared as it was given."""
    record = world.add(KIND["level-2"], fields={"addressees": ["pccs"], "due": "2021-08"})
    assert selected(world.register, "addressees=pccs", "due=2021-08") == [record]
    register = offering_npcc(world)
    assert selected(register, "addressees=pccs") == [record]
    with pytest.raises(InvalidRequest, match="is no choice of it; there is `npcc`"):
        selected(register, "addressees=college")


def test_a_choice_that_no_record_says_any_more_is_asked_for_as_it_was(world: World) -> None:
    """On a day, or as was known; of today's records it is none."""
    record = world.add(KIND["level-2"], fields={"addressees": ["pccs"]})
    register, known, on = offering_npcc(world), world.register.position(), world.day
    portal: Any = {"recorded_by": "officer-1", "source": "portal", "reason": "A slip"}
    register.amend(record, "addressees", ["npcc"], actor=HMICFRS, on=world.later(), **portal)
    assert selected(register, "addressees=pccs", on=on) == [record]
    pccs = Selection(criteria=(Criterion("addressees", "=", "pccs"),))
    assert [each.id for each in each_selected(register, pccs, known=known)] == [record]
    with pytest.raises(InvalidRequest, match="is no choice of it"):
        selected(register, "addressees=pccs")


def test_what_no_sum_or_list_could_be_of_is_refused(world: World) -> None:
    """In words, whichever verb is asked: no day, no column, no ledger."""
    register, day = world.register, world.day
    asked: tuple[Callable[..., object], ...] = (
        lambda: grouped_figures(register, ["owner"]),  # type: ignore[arg-type]
        lambda: age_shares(register, day, before="2021-01-01"),  # type: ignore[arg-type]
        lambda: age_shares(register, day, before=datetime(2021, 1, 1)),  # noqa: DTZ001
        lambda: ages(register, day, ledger="prtal"),
        lambda: overdue(register, day, ledger="prtal"),
        lambda: deadlines(register, day, ledger="prtal"),
    )
    for ask in asked:
        with pytest.raises(InvalidRequest):
            ask()


def selected(register: Register, *criteria: str, on: date | None = None) -> list[str]:
    """Return the ids of what is selected."""
    selection = Selection(force=FORCE, criteria=tuple(map(read_criterion, criteria)))
    return [record.id for record in each_selected(register, selection, as_at=on)]


def test_criteria_select_by_what_records_say(world: World) -> None:
    """Lists by any of their items, days by their order, nothing by nothing."""
    parent = world.add(KIND["cause-of-concern"])
    first = world.add(
        KIND["level-3"],
        parent=parent,
        fields={"question": "7.2", "due": date(2023, 3, 1), "addressees": ["pccs", "npcc"]},
    )
    second = world.add(KIND["level-2"], fields={"question": "70", "owner": "lead-2"})
    register = world.register
    assert selected(register, "question=7", f"parent={parent}") == [first]
    assert selected(register, "addressees=npcc") == [first]
    assert selected(register, "due<2023-03-02") == selected(register, "due>=2023-03-01") == [first]
    assert selected(register, "due>2023-03-01") == selected(register, "due<=2023-02-28") == []
    assert selected(register, "due=", "category=afi") == [second]
    assert selected(register, "owner!=", "owner!=lead", "level=2", "state=open") == [second]
    assert selected(register, f"record={second}", f"issued={START}", f"force={FORCE}") == [second]
    assert selected(register, on=START - timedelta(1)) == []


@pytest.mark.parametrize(
    "words", ["5 June", "june  on cafés", "caf\u00e9s", "cafe\u0301s", "custody", "5\u2009JUNE"]
)
def test_words_are_found_however_they_were_typed_or_pasted(world: World, words: str) -> None:
    """With spaces of any kind, letters in two parts, and places where a line may end."""
    title = "5\u00a0June on cafe\u0301s, cu\u00adstody\u200b"
    record = world.add(KIND["level-2"], fields={"title": title})
    assert selected(world.register, f"title~{words}") == [record]
    assert selected(world.register, "title~5June") == []


def test_the_words_that_are_looked_for_are_read_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for each record, nor are titles of plain letters put in another form."""
    for title in ("Custody", "Vetting", "Café"):
        world.add(KIND["level-2"], fields={"title": title})
    read: list[str] = []

    def normalized(form: Literal["NFC"], text: str) -> str:
        read.append(text)
        return unicodedata.normalize(form, text)

    monkeypatch.setattr(portfolio_selection, "normalize", normalized)
    assert selected(world.register, "title~naïveté") == []
    assert sorted(read) == ["Café", "naïveté"]


def test_levels_and_questions_compare_as_numbers(world: World) -> None:
    """What has no level is above none, and question 9 comes before 10; texts compare as texts."""
    cause = world.add(KIND["cause-of-concern"])
    second = world.add(KIND["level-2"], fields={"question": "9.2", "owner": "lead-2"})
    third = world.add(KIND["level-3"], fields={"question": "10", "owner": "lead-3"})
    register = world.register
    assert selected(register, "level>=2") == sorted([second, third])
    assert selected(register, "level<3") == [second]
    assert selected(register, "level=none", "category=cause_of_concern") == [cause]
    assert cause not in selected(register, "level!=none")
    assert selected(register, "question>=10") == [third]
    assert selected(register, "question<=9.2", "level<=4") == [second]
    assert selected(register, "owner>lead-2") == [third]
    assert selected(register, "due~03") == selected(register, "title>=2023") == []


def test_a_number_of_four_digits_is_a_year_among_days_alone(world: World) -> None:
    """A theme or an id of digits compares as a number, whatever its length."""
    said = ("999", "1999", "12000")
    themes = {theme: world.add(KIND["level-2"], fields={"theme": theme}) for theme in said}
    register = world.register
    assert selected(register, "theme>1000") == sorted([themes["1999"], themes["12000"]])
    assert selected(register, "theme<=1999") == sorted([themes["999"], themes["1999"]])
    assert selected(register, "field:theme<2000") == sorted([themes["999"], themes["1999"]])
    dated = world.add(KIND["level-2"], fields={"published": "1999"})
    assert selected(register, "published<=1999") == []
    assert selected(register, "published<2000") == selected(register, "field:published<2000")
    assert selected(register, "published<2000") == [dated]


def test_groups_stand_as_people_count() -> None:
    """9 before 10, a large letter beside its small one; digits of any script, and however many."""
    said = ["R-10", "b", "R-9", "A", "a", "²", "1" * 5000, "٣"]
    assert sorted(said, key=text_order)[:2] == ["1" * 5000, "A"]
    assert [text for text in sorted(said, key=text_order) if text[0] == "R"] == ["R-9", "R-10"]


def test_a_move_to_another_level_is_a_move_between_rows(world: World) -> None:
    """Neither closed nor new; and what leaves a ledger and comes back is no new record."""
    record = world.add(KIND["level-2"])
    world.register.amend(record, "owner", "lead-7", reason="x", actor=LIAISON, on=world.later())
    totals = movement_totals(world.register, after=START, until=world.day, by="owner")
    assert {total.group.key: total.moved_open for total in totals} == {"lead": -1, "lead-7": 1}
    assert [total.open_after for total in totals] == [0, 1]


def test_who_writes_meanwhile_is_counted_by_the_position(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The groups are those of the position that is printed with them."""
    world.add(KIND["level-2"])
    register = world.register
    position = register.position
    before = position()
    states = iter([before, before + 1])

    def moved() -> int:
        if (said := next(states, None)) is None:
            return position()
        if said > before:
            world.add(KIND["level-2"])
        return said

    monkeypatch.setattr(register, "position", moved)
    grouped = grouped_figures(register, "state")
    assert (grouped.known, grouped.total) == (before, 1)
