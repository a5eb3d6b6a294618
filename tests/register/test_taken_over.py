"""Issue 13, line 4: taken over is marked wherever it counts, and HMICFRS's ends take its word."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.engine.fold import is_assumed
from peelflow.errors import InspectorateOnly, InvalidRequest
from peelflow.model.records import Actor, Record, TakenOver
from peelflow.model.rules import each_transition
from peelflow.portfolio.grouping import ROW, grouped_figures, selected_figures
from peelflow.portfolio.selection import EVERYTHING, Selection
from peelflow.register.as_at import record_as_at
from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from peelflow.register.taken_over import check_issued, inspectorate_roles
from peelflow.rulebook.national import national
from tests.builders.force import FORCE, HMICFRS, LIAISON, START, World, clock, new_world

PCC = Actor("pcc-office", "pcc")
THEIRS: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "liaison-officer"}
OURS: dict[str, Any] = {"actor": LIAISON}
ENDS = (
    ("recommendation", 3, "closed"),
    ("recommendation", 4, "closed"),
    ("afi", 4, "supported"),
    ("afi", 2, "discharged"),
    ("afi", 2, "superseded"),
    ("cause_of_concern", None, "closed"),
    ("inspection", None, "reported"),
    ("monitoring_phase", None, "ended"),
)
OWN = (
    ("recommendation", 2, "closed"),
    ("recommendation", 3, "self_certified"),
    ("recommendation", 1, "archived"),
    ("recommendation", None, "closed"),
    ("recommendation", 4, "open"),
)


def taken(world: World, category: str, level: int | None, state: str, **said: Any) -> str:
    """Take a record over, and return its id."""
    record = said.pop("record", None) or world.name("T")
    world.register.take_over(
        record,
        **{
            "category": category,
            "level": level,
            "state": state,
            "force": FORCE,
            "issued": START,
            "on": world.day,
            "source": "portal list",
            "reason": "it stands so",
            **said,
        },
    )
    return record


@pytest.mark.parametrize(("category", "level", "state"), ENDS)
@pytest.mark.parametrize("actor", [LIAISON, PCC, Actor("chief-constable", "chief_constable")])
def test_item_4_a_state_that_hmicfrs_alone_enters_takes_its_word(
    world: World, category: str, level: int | None, state: str, actor: Actor
) -> None:
    """Anybody else is refused, with who may say so; nothing is kept."""
    with pytest.raises(InspectorateOnly) as refused:
        taken(world, category, level, state, actor=actor, record="T")

    error = refused.value
    assert (error.code, error.record, error.state) == ("inspectorate-only", "T", state)
    assert (error.role, error.roles) == (actor.role, ("hmicfrs",))
    assert error.why.startswith(f"is entered by `hmicfrs` alone under {error.rules}")
    assert error.instead.startswith("name `hmicfrs` as who decided, who recorded it")
    assert "T" not in {record.id for record in world.register.records()}
    assert world.register.record(taken(world, category, level, state, **THEIRS)).state == state


@pytest.mark.parametrize(("category", "level", "state"), OWN)
def test_item_4_any_other_state_is_taken_over_on_anybodys_word(
    world: World, category: str, level: int | None, state: str
) -> None:
    """Where the force or the system comes to stand, and where a record begins."""
    assert world.register.record(taken(world, category, level, state, **OURS)).assumed


def test_item_4_the_inspectorates_states_are_those_that_its_steps_alone_lead_to() -> None:
    """Said of every state of every national lifecycle, and of none that nobody enters."""
    rules = national()
    roles = rules.vocabulary.roles
    for lifecycle in rules.lifecycles:
        for state in lifecycle.states:
            steps = [step for step in each_transition(lifecycle) if step.to == state]
            sides = {roles[role].side for step in steps for role in step.by}
            expected = state != lifecycle.initial and sides == {"inspectorate"}
            assert bool(inspectorate_roles(lifecycle, state)) == expected


def test_item_4_a_batch_of_many_is_refused_whole(world: World) -> None:
    """One record of it that rests on nobody's word."""
    said: dict[str, Any] = {
        "force": FORCE,
        "issued": START,
        "on": world.day,
        "source": "list",
        "reason": "so",
    }
    with pytest.raises(InspectorateOnly), world.register.batch() as batch:
        for name, level in (("T-1", 2), ("T-2", 3)):
            batch.take_over(
                name, category="afi", level=level, state="closed", actor=LIAISON, **said
            )
    assert not {"T-1", "T-2"} & {record.id for record in world.register.records()}


HEAD = "record,category,level,force,issued,state,on,actor,actor_role,recorded_by,source,reason\n"
ROW_OF = "T-{n},afi,{level},wmp,2021-01-04,closed,2021-02-01,{who},{by},letter,so\n"


def test_item_4_a_row_of_a_sheet_is_refused_with_whose_word_it_takes(tmp_path: Path) -> None:
    """And kept where it is theirs; the rows of the force's own ends are."""
    rows = [
        ROW_OF.format(n=1, level=2, who="kim,liaison_officer", by="kim"),
        ROW_OF.format(n=2, level=3, who="kim,liaison_officer", by="kim"),
        ROW_OF.format(n=3, level=3, who="hmicfrs-portal,hmicfrs", by="kim"),
    ]
    sheet = tmp_path / "records.csv"
    sheet.write_text(HEAD + "".join(rows), "utf-8")
    with Register.open("memory:", clock=clock) as register:
        result = import_sheets(register, [sheet], defaults={}, partial=True)
        kept = [record.id for record in register.records()]

    (fault,) = result.faults
    assert (fault.span.line, fault.code) == (3, "row-refused")
    assert "is entered by `hmicfrs` alone under level-3@2" in fault.sentence
    assert fault.help.startswith("name `hmicfrs` as who decided")
    assert kept == ["T-1", "T-3"]


def test_item_4_what_was_taken_over_is_entered_anew_on_the_same_word(world: World) -> None:
    """A correction brings it to no end that its first event could not have had."""
    ours = taken(world, "afi", 4, "in_progress", **OURS)
    theirs = taken(world, "afi", 4, "supported", **THEIRS)
    anew: dict[str, Any] = {"correction": "reenter", "reason": "mistyped", "on": world.day}
    with pytest.raises(InspectorateOnly):
        world.register.correct(ours, 1, entry={"state": "closed"}, actor=LIAISON, **anew)
    world.register.correct(theirs, 1, entry={"state": "closed"}, **THEIRS, source="letter", **anew)
    assert world.register.record(ours).state == "in_progress"
    assert world.register.record(theirs).state == "closed"


def test_item_4_an_end_that_was_once_let_pass_can_still_be_mended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older register reads on, its other slips are set right, and `verify` tells of the end."""
    monkeypatch.setattr("peelflow.register.commands.check_word", lambda *_: None)
    record = taken(world, "afi", 4, "closed", key="k", **OURS)
    monkeypatch.undo()

    again = taken(world, "afi", 4, "closed", record=record, key="k", **OURS)
    world.register.correct(
        record,
        1,
        correction="reenter",
        entry={"fields": {"owner": "lead-7"}},
        actor=LIAISON,
        on=world.day,
        reason="the owner was left out",
    )
    assert again == record
    assert world.register.record(record).fields["owner"] == "lead-7"
    (found,) = world.register.verify()
    assert (found.record, found.event, found.code) == (record, 1, "act-unlawful")
    assert "is entered by `hmicfrs` alone" in found.sentence


def walk(world: World, steps: list[int]) -> list[str]:
    """Take records over and let them walk, leave or come back, a day each; return their ids."""
    records = [
        taken(world, "afi", 2, "open", fields={"owner": "lead", "question": "7"}, **OURS),
        taken(world, "recommendation", 3, "closed", fields={"owner": "lead"}, **THEIRS),
        taken(world, "recommendation", None, "closed", fields={"owner": "lead"}, **OURS),
    ]
    for step in steps:
        record = records[step % 3]
        ways = [rule for rule in world.ways_out(record) if rule.trigger in {"start", "reopen"}]
        if ways:
            world.step(record, ways[0].trigger)
    return records


def assumed_on(world: World, records: list[str], day: Any) -> list[Record]:
    """Return those that stood on a day where they were taken over."""
    stood = [record_as_at(world.register.history(record), day) for record in records]
    return [record for record in stood if record is not None and is_assumed(record)]


@settings(max_examples=25)
@given(st.lists(st.integers(0, 2), max_size=4), st.integers(-1, 5))
def test_item_4_the_figures_say_how_many_are_assumed_on_any_day(
    steps: list[int], days: int
) -> None:
    """Line by line as many as stand where they were taken over, however they are counted."""
    world = new_world()
    records = walk(world, steps)
    day = START + timedelta(days)
    counted = world.register.figures(as_at=day)
    known = world.register.figures(as_at=day, known=world.register.position())

    assert counted.assumed == len(assumed_on(world, records, day))
    assert known.lines == counted.lines
    assert selected_figures(world.register, EVERYTHING, as_at=day).lines == counted.lines
    by_row = grouped_figures(world.register, ROW, as_at=day)
    assert [group.assumed for group in by_row.groups] == [line.assumed for line in counted.lines]


def test_item_4_the_assumed_are_counted_as_they_were_known(world: World) -> None:
    """Also in a register that is opened for one force, and of one that was withdrawn since."""
    (record, *_) = walk(world, [])
    then = world.register.position()
    world.step(record, "start")
    gone = taken(world, "afi", 2, "closed", **OURS)
    before = world.register.position()
    world.register.correct(gone, 1, correction="void", actor=LIAISON, on=world.day, reason="twice")

    for register in (
        world.register,
        Register(world.register.store, rulebook=national(), clock=clock, force=FORCE),
    ):
        assert [register.figures(known=known).assumed for known in (None, before, then)] == [
            2,
            3,
            3,
        ]
        assert register.figures(known=then, force=FORCE).assumed == 3
    other = taken(world, "afi", 2, "closed", force="elsewhere", **OURS)
    figures = world.register.figures(force="elsewhere")
    assert (other, figures.assumed, figures.total) == (other, 1, 1)
    assert selected_figures(world.register, Selection(force=FORCE)).assumed == 2


def test_14_33_nothing_of_today_is_taken_over_as_from_before_levels(world: World) -> None:
    """A new record without a level would else be closed by calling it old; by any verb."""
    day = date(2023, 3, 30)
    for category in ("recommendation", "afi"):
        said: dict[str, Any] = {"category": category, "level": None, "force": FORCE}
        taking: dict[str, Any] = {"on": day, "reason": "old", "source": "s", "actor": LIAISON}
        with pytest.raises(InvalidRequest, match="is not before 2023-03-30"):
            world.register.take_over("NEW", **said, issued=day, state="closed", **taking)
        before: dict[str, Any] = {"issued": day - timedelta(1), "state": "closed"}
        world.register.take_over(f"OLD-{category}", **said, **before, **taking)
        with pytest.raises(InvalidRequest, match="is not before 2023-03-30"):
            world.register.correct(
                f"OLD-{category}",
                1,
                correction="reenter",
                entry={"issued": day},
                actor=LIAISON,
                on=day,
                reason="a slip",
            )


def test_14_33_what_is_verified_here_is_not_assumed_and_what_led_there_is(world: World) -> None:
    """It stands closed on HMICFRS's act; its beginning says that it was taken over."""
    fields = {"owner": "lead", "question": "7.2"}
    record = taken(world, "recommendation", 3, "self_certified", fields=fields, **OURS)
    assert is_assumed(world.register.record(record))
    inspection = world.inspect()
    world.fire(record, "verify", "hmicfrs", inspection=inspection)
    verified = world.register.record(record)
    assert verified.state == "closed"
    assert verified.assumed
    assert not is_assumed(verified)
    assert isinstance(world.register.history(record)[0].what, TakenOver)


def test_14_33_a_file_of_a_force_s_own_takes_over_no_later_than_the_national_one() -> None:
    """It may say an earlier day, and cannot leave it out."""
    (rules,) = [rules for rules in national().lifecycles if str(rules) == "before-levels@2"]
    own = evolve(rules, name="ours", refines="before-levels@2", issued_before=None)
    check_issued(own, "R", date(2023, 3, 29))
    with pytest.raises(InvalidRequest, match="under before-levels@2"):
        check_issued(own, "R", date(2023, 3, 30))
    with pytest.raises(InvalidRequest, match="under ours@2"):
        check_issued(evolve(own, issued_before=date(2022, 1, 1)), "R", date(2022, 1, 1))
