"""Slips are mended: what was entered by mistake is set right, and counts as if typed right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import event, given, settings
from hypothesis import strategies as st

from peelflow.errors import EventVoided, InvalidRequest, KeyReused, PeelflowError
from peelflow.model.decisions import Refused
from peelflow.model.records import Corrected, Event
from peelflow.portfolio.listing import ages
from peelflow.portfolio.movement import movement
from peelflow.portfolio.overdue import overdue
from peelflow.portfolio.plan import inspection_plan
from peelflow.register.csv_import import import_sheets
from peelflow.register.entry import EntryValues, entered_anew
from peelflow.register.register import Register
from peelflow.rulebook.national import load
from tests.builders.force import CHIEF, HMICFRS, LIAISON, clock

DAY, TODAY = date(2022, 12, 16), date(2023, 6, 1)
PORTAL: dict[str, Any] = {"recorded_by": LIAISON.person, "source": "portal"}
SLIP: dict[str, Any] = {"actor": LIAISON, "on": TODAY, "reason": "a slip"}
CAUSE: dict[str, Any] = {"category": "cause_of_concern", "level": None}
DAYS = [DAY + timedelta(days) for days in range(-12, 60, 3)]


@pytest.fixture(params=["memory", "sqlite"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """Give an empty register, in memory and in a file."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock) as opened:
        yield opened


def add(register: Any, record: str, **more: Any) -> None:
    """Add a recommendation as a liaison officer, or what `more` says."""
    said: dict[str, Any] = {
        "category": "recommendation",
        "level": 3,
        "force": "wmp",
        "issued": DAY,
        "fields": {"owner": "lead-1", "due": date(2023, 1, 10), "published": DAY},
        "actor": LIAISON,
    }
    register.add(record, **{**said, **more})


def reenter(register: Any, record: str, entry: Any, **more: Any) -> Event:
    """Enter a record anew."""
    said: dict[str, Any] = {**SLIP, **more}
    made: Event = register.correct(record, 1, correction="reenter", entry=entry, **said)
    return made


def void(register: Any, record: str, number: int, **more: Any) -> Event:
    """Void an event; the first: withdraw the record."""
    made: Event = register.correct(record, number, correction="void", **{**SLIP, **more})
    return made


def seen(register: Register, *, days: list[date] = DAYS) -> list[object]:
    """Return the figures and lists of a register on every day, and how its records lie."""
    forces = (None, *sorted({record.force for record in register.records()}))
    lists = [
        (
            register.figures(as_at=day, force=force).lines,
            ages(register, day, force=force),
            overdue(register, day, force=force),
            inspection_plan(register, day, force=force),
            movement(register, after=day - timedelta(9), until=day, force=force),
        )
        for day in days
        for force in forces
    ]
    records = [
        (r.id, r.force, r.category, r.level, r.state, r.issued, r.parent, sorted(r.children))
        for r in register.records()
    ]
    deadlines = [register.deadline(record.id) for record in register.records()]
    return [lists, records, dict(enumerate(deadlines)), register.figures().lines]


SLIPS: dict[str, EntryValues] = {
    "level": {"level": 2},
    "level that is archived": {"level": 1},
    "force": {"force": "wmpp"},
    "category": {"category": "afi"},
    "parent": {"parent": "C-2"},
    "no parent": {"parent": None},
    "issue date": {"issued": DAY - timedelta(7)},
    "owner": {"fields": {"owner": "lead-9", "due": None}},
    "all of them": {"level": 4, "category": "afi", "parent": None, "issued": date(2022, 12, 20)},
}
RIGHT: EntryValues = {
    "level": 3,
    "force": "wmp",
    "category": "recommendation",
    "parent": "C-1",
    "issued": DAY,
    "fields": {"owner": "lead-1", "due": date(2023, 1, 10)},
}


def causes(register: Register) -> None:
    """Add two causes of concern, the first with a child."""
    for name in ("C-1", "C-2"):
        add(register, name, **CAUSE)
    add(register, "R-0", parent="C-1")


@pytest.mark.parametrize("slip", SLIPS)
def test_item_11_a_record_entered_wrongly_is_entered_anew(register: Register, slip: str) -> None:
    """It then is as if typed right on every day; both entries stay, and figures as once known."""
    with Register.open("memory:", clock=clock) as right:
        causes(right)
        add(right, "R-1", parent="C-1")
        expected = seen(right)
    causes(register)
    wrong: dict[str, Any] = {"parent": "C-1", "fields": {}, **SLIPS[slip]}
    fields = {"owner": "lead-1", "due": date(2023, 1, 10), "published": DAY, **wrong["fields"]}
    wrong["fields"] = {name: value for name, value in fields.items() if value is not None}
    if slip == "force":
        wrong["parent"] = None
    add(register, "R-1", **wrong)
    before, printed = register.position(), register.figures()
    count = len(register.history("R-1"))

    reenter(register, "R-1", {n: v for n, v in RIGHT.items() if n in {"parent", *SLIPS[slip]}})

    assert seen(register) == expected
    assert register.history("R-1")[count].what.event == 1  # type: ignore[union-attr]
    assert register.figures(known=before).lines == printed.lines
    assert register.verify() == ()


def test_item_11_a_record_entered_twice_is_withdrawn(register: Register) -> None:
    """It counts nowhere on any day, its history stays, and nothing can be done with it."""
    causes(register)
    expected = seen(register)
    add(register, "R-1", parent="C-1")
    register.fire("R-1", "start", actor=LIAISON, on=date(2023, 1, 9), key="k")
    before = len(register.history("R-1"))

    withdrawal = void(register, "R-1", 1, on=date(2023, 2, 1))

    assert seen(register) == expected
    assert withdrawal.what == Corrected(1, "void")
    assert len(register.history("R-1")) == before + 1
    assert register.record("R-1").withdrawn
    assert register.counts(register.record("R-1")) == {}
    assert register.record("C-1").children == ("R-0",)
    assert register.verify() == ()
    with pytest.raises(EventVoided, match="event 2"):
        register.fire("R-1", "start", actor=LIAISON, on=date(2023, 1, 9), key="k")
    letter = register.keep(b"x", kind="letter", name="x")
    asked: list[Callable[[], object]] = [
        lambda: register.fire("R-1", "start", actor=LIAISON, on=TODAY),
        lambda: register.amend("R-1", "owner", "x", actor=LIAISON, on=TODAY, reason="x"),
        lambda: register.attach("R-1", letter, actor=LIAISON, on=TODAY),
        lambda: register.link("R-1", "C-1", actor=LIAISON, on=TODAY),
        lambda: register.link("R-0", "R-1", actor=LIAISON, on=TODAY),
        lambda: register.relevel(
            "R-1", plan="level-3-to-2", actor=HMICFRS, on=TODAY, reason="x", **PORTAL
        ),
        lambda: register.route("R-1"),
        lambda: register.next_acts("R-1", LIAISON, on=TODAY),
        lambda: add(register, "R-1"),
        lambda: void(register, "R-1", 2),
        lambda: void(register, "R-1", 1),
        lambda: reenter(register, "R-1", {"level": 2}),
    ]
    for ask in asked[:4] + asked[5:]:
        with pytest.raises(InvalidRequest, match=r"withdrawn.*to have it back, void event 3"):
            ask()


def test_item_11_a_withdrawal_is_taken_back(register: Register) -> None:
    """The record is where it was, below its parent, as if it had never been withdrawn."""
    causes(register)
    add(register, "R-1", parent="C-1")
    register.fire("R-1", "start", actor=LIAISON, on=date(2023, 1, 9))
    expected = seen(register)
    void(register, "R-1", 1)
    with Register.open("memory:", clock=clock) as empty:
        causes(empty)
        assert seen(register) == seen(empty)

    void(register, "R-1", 3)

    assert seen(register) == expected
    assert register.record("C-1").children == ("R-0", "R-1")
    assert register.verify() == ()


def test_item_11_a_re_entry_is_taken_back(register: Register) -> None:
    """With the steps of the system's that it made, and those that it took away."""
    add(register, "R-1", level=1)
    archived = seen(register)
    reenter(register, "R-1", {"level": 3})
    assert register.record("R-1").state == "open"
    void(register, "R-1", 3)
    assert seen(register) == archived

    add(register, "R-2", level=2)
    opened = seen(register)
    reenter(register, "R-2", {"level": 1, "issued": DAY - timedelta(3)})
    assert register.record("R-2").state == "archived"
    void(register, "R-2", 2)
    assert seen(register) == opened
    assert register.verify() == ()


def test_item_11_a_re_entry_is_entered_anew(register: Register) -> None:
    """The last word counts; the steps that a level leads to stay where they still do."""
    add(register, "R-1", level=2)
    reenter(register, "R-1", {"level": 1})
    reenter(register, "R-1", {"issued": DAY - timedelta(3)})
    reenter(register, "R-1", {"force": "btp"})
    register.fire("R-1", "manage", actor=LIAISON, on=date(2023, 1, 9))
    with pytest.raises(InvalidRequest, match="was replaced by event 6"):
        void(register, "R-1", 2)
    with Register.open("memory:", clock=clock) as right:
        add(right, "R-1", level=1, force="btp", issued=DAY - timedelta(3))
        right.fire("R-1", "manage", actor=LIAISON, on=date(2023, 1, 9))
        assert seen(register) == seen(right)
    assert register.verify() == ()


def test_item_11_a_record_taken_over_wrongly_is_entered_anew(register: Register) -> None:
    """In another state, issued on another day; what was added has no state to set right."""
    said: dict[str, Any] = {"category": "afi", "force": "wmp", "actor": HMICFRS, **PORTAL}
    said |= {"reason": "from the portal", "on": date(2023, 1, 2)}
    right: dict[str, Any] = {"level": 3, "state": "self_certified", "issued": DAY}
    wrong: dict[str, Any] = {"level": 2, "state": "closed", "issued": DAY - timedelta(9)}
    with Register.open("memory:", clock=clock) as other:
        other.take_over("R-1", **said, **right)
        expected = seen(other)
    register.take_over("R-1", **said, **wrong)
    by_hmicfrs: dict[str, Any] = {"actor": HMICFRS, **PORTAL}
    with pytest.raises(InvalidRequest, match="the state 'shut'"):
        reenter(register, "R-1", {"state": "shut"}, **by_hmicfrs)
    reenter(register, "R-1", {"level": 3, "state": "self_certified", "issued": DAY}, **by_hmicfrs)
    assert seen(register) == expected
    add(register, "R-2")
    with pytest.raises(InvalidRequest, match="was added, and so begins in the initial state"):
        reenter(register, "R-2", {"state": "closed"})


def test_item_11_children_follow_their_parent_to_another_force(register: Register) -> None:
    """A family that was entered under the wrong force is set right by its parent alone."""
    causes(register)
    with Register.open("memory:", clock=clock) as right:
        for name in ("C-1", "C-2"):
            add(right, name, force="btp" if name == "C-1" else "wmp", **CAUSE)
        add(right, "R-0", force="btp", parent="C-1")
        expected = seen(right)
    reenter(register, "C-1", {"force": "btp"})
    assert seen(register) == expected
    assert register.verify() == ()
    with pytest.raises(InvalidRequest, match="enter the parent anew: its children follow"):
        reenter(register, "R-0", {"force": "wmp"})


def test_item_11_what_rests_on_a_record_is_seen_to(register: Register) -> None:
    """Children, those closed in its favour, fields that name it, and acts of another side."""
    causes(register)
    add(register, "R-1", fields={"owner": "lead-1"})
    add(register, "R-2")
    propose(register, "R-1", "R-2")
    with pytest.raises(Refused, match="R-0 lies below it; withdraw R-0, or put it elsewhere"):
        void(register, "C-1", 1)
    with pytest.raises(Refused, match="R-1 names it as its successor; correct R-1 first"):
        void(register, "R-2", 1)
    with pytest.raises(Refused, match=r"event 3 .* was done by hmicfrs-portal"):
        void(register, "R-1", 1)
    with register.batch() as batch:
        for number in (3, 2):
            by: dict[str, Any] = {"actor": HMICFRS, **PORTAL} if number == 3 else {}
            void(batch, "R-1", number, **by)
        void(batch, "R-2", 1)
        void(batch, "R-0", 1)
        void(batch, "C-1", 1)
    assert [record.id for record in register.records()] == ["C-2", "R-1"]
    report: dict[str, Any] = {"title": "PEEL", "kind": "force", "published": DAY}
    register.add("P", category="report", force="wmp", issued=DAY, fields=report, actor=LIAISON)
    register.amend("R-1", "source_report", "P", actor=LIAISON, on=TODAY, reason="x")
    with pytest.raises(Refused, match="R-1 names it as its source_report"):
        void(register, "P", 1)


def propose(register: Register, record: str, successor: str, *, accept: bool = True) -> None:
    """Have a record closed in favour of another."""
    said: dict[str, Any] = {"on": date(2023, 1, 9), "reason": "r"}
    register.fire(record, "propose_superseded", actor=LIAISON, successor=successor, **said)
    if accept:
        register.fire(record, "accept_superseded", actor=HMICFRS, **said, **PORTAL)


def test_item_11_an_appointment_is_withdrawn_unless_acts_rest_on_it(register: Register) -> None:
    """As any restriction of it; an inspection likewise."""
    chief = register.appoint(
        CHIEF.person, "chief_constable", force="wmp", first_day=DAY, actor=LIAISON
    ).record
    add(register, "R-1", level=2)
    register.fire("R-1", "start", actor=LIAISON, on=date(2023, 1, 9))
    letter = register.keep(
        b"done", kind="letter", name="l", signed_by=CHIEF.person, signed_on=date(2023, 1, 9)
    )
    close: dict[str, Any] = {"actor": CHIEF, "on": date(2023, 1, 10), "evidence": [letter]}
    register.fire("R-1", "close", recorded_by=LIAISON.person, **close)
    asked: list[Callable[[], object]] = [
        lambda: void(register, chief, 1),
        lambda: reenter(register, chief, {"force": "btp"}),
    ]
    for ask in asked:
        with pytest.raises(Refused, match="R-1 could not `close`"):
            ask()
    void(register, "R-1", 3)
    void(register, chief, 1)
    with pytest.raises(Refused, match="letter"):
        register.fire("R-1", "close", recorded_by=LIAISON.person, **close)
    void(register, chief, 2)
    register.fire("R-1", "close", recorded_by=LIAISON.person, **close)


def test_item_11_a_parent_that_closed_stands_in_the_way(register: Register) -> None:
    """A record is not put below a parent that was closed while it was open, nor taken from it."""
    causes(register)
    said: dict[str, Any] = {"on": date(2023, 1, 9), "reason": "r", **PORTAL, "actor": HMICFRS}
    for name in ("R-0", "C-1"):
        register.fire(
            name, "propose_not_applicable", actor=LIAISON, on=date(2023, 1, 9), reason="r"
        )
        register.fire(name, "accept_not_applicable", **said)
    add(register, "R-1")
    asked: list[Callable[[], object]] = [
        lambda: reenter(register, "R-1", {"parent": "C-1"}),
        lambda: register.link("R-1", "C-1", actor=LIAISON, on=TODAY),
    ]
    for ask in asked:
        with pytest.raises(Refused, match="C-1"):
            ask()


def test_item_11_linking_to_a_parent_later_is_a_verb(register: Register) -> None:
    """From a day on; it is voided, and it is asked for once."""
    causes(register)
    add(register, "R-1")
    linked = register.link("R-1", "C-1", actor=LIAISON, on=date(2023, 1, 9), key="k")
    assert register.link("R-1", "C-1", actor=LIAISON, on=date(2023, 1, 9), key="k") == linked
    assert register.record("R-1").parent == "C-1"
    assert register.record("C-1").children == ("R-0", "R-1")
    assert [r.id for r in register.records(parent="C-1")] == ["R-0", "R-1"]
    asked: list[tuple[Callable[[], object], str]] = [
        (lambda: register.link("R-1", "C-2", actor=LIAISON, on=TODAY), "is C-1 already"),
        (lambda: register.link("C-1", "C-2", actor=LIAISON, on=TODAY), "no cause_of_concern"),
        (lambda: reenter(register, "R-1", {"parent": "C-2"}), "was linked in event 2"),
        (lambda: void(register, "C-1", 3), "follows from its child"),
    ]
    for ask, why in asked:
        with pytest.raises(InvalidRequest, match=why):
            ask()
    void(register, "R-1", 2)
    assert (register.record("R-1").parent, register.record("C-1").children) == (None, ("R-0",))
    register.link("R-1", "C-2", actor=LIAISON, on=TODAY)
    assert register.verify() == ()


def test_item_11_a_record_lies_not_below_itself(register: Register) -> None:
    """Nor below what lies below it."""
    fields = {"title": "t", "addressees": ["pccs"]}
    kind: dict[str, Any] = {"category": "super_complaint_recommendation", "level": None}
    for name in ("S-1", "S-2"):
        add(register, name, fields=fields, **kind)
    register.link("S-2", "S-1", actor=LIAISON, on=TODAY)
    for child, parent in (("S-1", "S-1"), ("S-1", "S-2")):
        with pytest.raises(InvalidRequest, match="is the record itself, or below it"):
            reenter(register, child, {"parent": parent})
    void(register, "S-2", 2)
    reenter(register, "S-2", {"parent": "S-1"})
    for parent in ("S-1", "S-2"):
        with pytest.raises(InvalidRequest, match="is the record itself, or below it"):
            register.link("S-1", parent, actor=LIAISON, on=TODAY)


TAKEN = """
vocabulary: taken
categories:
  case:
    title: Case
    fields: {owner: {type: person, title: Owner}}
    figures: [{title: Case, order: 300, level: none, ledger: force}]
"""
TAKES = """
lifecycle: case
version: 1
in_force_from: 2020-01-01
title: A case that is filed at once where it has an owner
applies_to: {category: case, level: none}
initial: here
states:
  here:
    counts_as: {force: open}
    transitions:
      file: {to: filed, by: [system], requires: [{field: owner}]}
      drop: {to: filed, by: [lead]}
  filed: {counts_as: {force: closed}, final: true}
"""


def test_item_11_a_step_at_once_is_judged_anew(tmp_path: Path) -> None:
    """It stays where what was entered anew still leads to it, and is void where it does not."""
    for name, text in (("words", TAKEN), ("case", TAKES)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    with Register.open("memory:", rulebook=load(tmp_path), clock=clock) as register:
        said: dict[str, Any] = {"category": "case", "force": "wmp", "issued": DAY, "actor": LIAISON}
        register.add("R-1", fields={"owner": "lead-1"}, **said)
        assert register.record("R-1").state == "filed"
        made = reenter(register, "R-1", {"fields": {"owner": None}})
        assert register.record("R-1").state == "here"
        note: dict[str, Any] = {"actor": LIAISON, "on": TODAY, "reason": "named"}
        register.amend("R-1", "owner", "lead-2", **note)
        void(register, "R-1", made.number)
        assert register.record("R-1").state == "filed"
        assert register.verify() == ()


def test_item_11_only_a_beginning_is_entered_anew(register: Register) -> None:
    """Whoever calls it with another event is at fault, and told so."""
    add(register, "R-1")
    started = register.fire("R-1", "start", actor=LIAISON, on=DAY)
    with pytest.raises(TypeError):
        entered_anew(register.session(), started, {})


@pytest.mark.parametrize("taken", [False, True])
def test_item_11_a_repeated_re_entry_is_kept_once(register: Register, *, taken: bool) -> None:
    """Under its key, whatever the rules derive of it; with other values the key is reused."""
    if not taken:
        add(register, "R-1")
    else:
        said: dict[str, Any] = {"category": "recommendation", "force": "wmp", "actor": LIAISON}
        said |= {"level": 3, "state": "open", "issued": DAY, "on": DAY, "reason": "as kept"}
        register.take_over("R-1", **said, source="portal")
    first = reenter(register, "R-1", {"level": 2}, key="k")
    assert reenter(register, "R-1", {"level": 2}, key="k") == first
    with pytest.raises(KeyReused):
        reenter(register, "R-1", {"level": 4}, key="k")
    assert register.record("R-1").number == 2


@pytest.mark.parametrize(
    ("number", "entry", "more", "why"),
    [
        (1, {}, {}, "says so already"),
        (1, {"level": 3}, {}, "says so already"),
        (1, {"level": "3"}, {}, "is no level"),
        (1, {"level": 9}, {}, "no"),
        (1, {"lvl": 3}, {}, "is unknown"),
        (1, {"force": " wmp"}, {}, "padded"),
        (1, {"category": "recomendation"}, {}, "is unknown"),
        (1, {"issued": date(2031, 1, 1)}, {}, "lies in the future"),
        (1, {"issued": "2023-01-01"}, {}, "is no datetime.date"),
        (1, {"parent": ""}, {}, "is empty"),
        (1, {"parent": "R-1"}, {}, "no recommendation below it"),
        (1, {"fields": {"ownr": "x"}}, {}, "not declared"),
        (1, {"fields": "owner"}, {}, "is no Mapping"),
        (1, "level", {}, "is no Mapping"),
        (1, None, {}, "is re-entered as nothing"),
        (1, {"level": 2}, {"to": DAY}, "is re-entered, and given a day"),
        (1, {"level": 2}, {"correction": "void"}, "for `reenter`, and for that alone"),
        (2, {"level": 2}, {}, "is not its beginning"),
        (1, {"level": 2}, {"on": date(2022, 1, 1)}, "after this correction"),
        (1, {"level": 2}, {"actor": HMICFRS, **PORTAL}, "not of that side"),
        (1, {"category": "cause_of_concern"}, {}, "none|no"),
    ],
)
def test_item_11_refuses_what_cannot_be_meant(
    register: Register, number: int, entry: Any, more: dict[str, Any], why: str
) -> None:
    """Each says what is wrong; nothing is kept."""
    add(register, "R-1")
    register.fire("R-1", "start", actor=LIAISON, on=date(2023, 1, 9))
    said: dict[str, Any] = {"correction": "reenter", **SLIP, **more}
    with pytest.raises(InvalidRequest, match=why):
        register.correct("R-1", number, entry=entry, **said)
    assert len(register.history("R-1")) == 2


def test_item_11_later_acts_are_judged_as_by_every_correction(register: Register) -> None:
    """What the right level does not allow is corrected first."""
    add(register, "R-1")
    register.fire("R-1", "start", actor=LIAISON, on=date(2023, 1, 9))
    with pytest.raises(Refused, match="event 2 of 2023-01-09 would break"):
        reenter(register, "R-1", {"level": 1})
    with pytest.raises(Refused, match="event 2 of 2023-01-09 would break"):
        reenter(register, "R-1", {"issued": date(2023, 2, 1)})
    void(register, "R-1", 2)
    reenter(register, "R-1", {"level": 1})


def test_item_11_a_category_keeps_what_lies_below(register: Register) -> None:
    """A cause of concern with a child is no recommendation."""
    causes(register)
    with pytest.raises(InvalidRequest, match="its child R-0"):
        reenter(register, "C-1", {"category": "recommendation", "level": 3})
    reenter(register, "C-2", {"category": "recommendation", "level": 3})


def test_item_11_what_a_slip_was_called_can_be_used_again(register: Register) -> None:
    """An id that was withdrawn, and a force that no record is of any more, stand in no way."""
    add(register, "R-l")
    add(register, "x", force="btp")
    with pytest.raises(InvalidRequest, match="look alike"):
        add(register, "R-L")
    with register.batch() as batch:
        void(batch, "R-l", 1)
        add(batch, "R-L")
    reenter(register, "x", {"force": "BTP"})
    add(register, "y", force="BTP")
    with pytest.raises(InvalidRequest, match="look alike"):
        add(register, "z", force="btp")


def test_item_11_a_scoped_register_follows_the_force(tmp_path: Path) -> None:
    """A record is seen under the force that it is of by now, and taken to no other from there."""
    url = f"sqlite:///{tmp_path / 'all.db'}"
    with Register.open(url, clock=clock) as whole:
        add(whole, "R-1")
        reenter(whole, "R-1", {"force": "btp"})
    with Register.open(url, clock=clock, force="btp") as btp:
        assert len(btp.history("R-1")) == 2
        assert len(list(btp.histories(btp.records()))) == 1
        with pytest.raises(InvalidRequest, match="belongs to gmp"):
            reenter(btp, "R-1", {"force": "gmp"})
    with Register.open(url, clock=clock, force="wmp") as wmp, pytest.raises(PeelflowError):
        wmp.history("R-1")


def test_item_11_an_export_brings_all_of_it(register: Register, tmp_path: Path) -> None:
    """What was entered anew, withdrawn and linked comes back equal."""
    causes(register)
    for name in ("R-1", "R-2", "R-3"):
        add(register, name)
    reenter(register, "R-1", {"level": 1, "parent": "C-2"})
    void(register, "R-2", 1)
    register.link("R-3", "C-1", actor=LIAISON, on=TODAY)
    file = tmp_path / "all.jsonl"
    file.write_text("".join(f"{line}\n" for line in register.export()), encoding="utf-8")
    with Register.open("memory:", clock=clock) as other:
        other.restore(file)
        assert seen(other) == seen(register)
        assert other.record("R-2") == register.record("R-2")
        assert other.verify() == ()


def test_item_11_a_sheet_does_not_bring_a_withdrawn_record_back(
    register: Register, tmp_path: Path
) -> None:
    """The row says that it was voided; a row that was set right is there already."""
    sheet = tmp_path / "records.csv"
    sheet.write_text(
        "record,category,level,force,issued,actor,actor_role\n"
        "R-1,afi,2,wmp,2022-12-16,kim,liaison_officer\n"
        "R-2,afi,2,wmp,2022-12-16,kim,liaison_officer\n",
        encoding="utf-8",
    )
    assert import_sheets(register, [sheet]).kept == 2
    void(register, "R-1", 1)
    reenter(register, "R-2", {"level": 3})
    again = import_sheets(register, [sheet])
    assert [fault.span.line for fault in again.faults] == [2]
    assert "event 1 of R-1, which was voided on 2023-06-01" in again.faults[0].sentence
    assert register.record("R-2").level == 3


@frozen
class Typed:
    """What an officer means to enter, and how it was mistyped; each act is a step of its own."""

    record: str
    right: dict[str, Any]
    wrong: dict[str, Any] | None = None
    twice: bool = False
    acts: tuple[str, ...] = ()
    is_late: bool = False


FORCES = ("wmp", "btp")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "level": st.sampled_from([1, 2, 3, 4]),
    "force": st.sampled_from(FORCES),
    "category": st.sampled_from(["recommendation", "afi"]),
    "parent": st.sampled_from([None, "C-wmp", "C-btp"]),
    "issued": st.sampled_from([DAY + timedelta(days) for days in (0, 2, 5)]),
    "fields": st.sampled_from([{"owner": "lead-1"}, {"owner": "lead-2", "published": DAY}]),
}
ACTS = ("start", "amend", "close", "self_certify", "propose_not_applicable", "manage")


@st.composite
def typed(draw: st.DrawFn, number: int) -> Typed:
    """Draw a record, what was mistyped of it, what was done on it, and when that was noticed."""
    right = {name: draw(values) for name, values in VALUES.items()}
    if right["parent"]:
        right["parent"] = f"C-{right['force']}"
    names = draw(st.sets(st.sampled_from(sorted(VALUES)), max_size=3))
    wrong = {**right, **{name: draw(VALUES[name]) for name in sorted(names)}}
    if wrong["parent"]:
        wrong["parent"] = f"C-{wrong['force']}"
    return Typed(
        f"R-{number}",
        right,
        None if wrong == right else wrong,
        twice=draw(st.booleans()),
        acts=tuple(draw(st.lists(st.sampled_from(ACTS), max_size=3))),
        is_late=draw(st.booleans()),
    )


def act(register: Register, record: str, what: str, day: date) -> None:
    """Do something on a record, with a letter of the Chief Constable's."""
    if what == "amend":
        register.amend(record, "owner", f"lead-{day.day}", actor=LIAISON, on=day, reason="r")
        return
    signed: dict[str, Any] = {"signed_by": CHIEF.person, "signed_on": day}
    letter = register.keep(record.encode(), kind="letter", name=record, **signed)
    closing = what in {"close", "self_certify"}
    by = CHIEF if closing else LIAISON
    evidence = [letter] if closing else []
    said: dict[str, Any] = {"actor": by, "recorded_by": LIAISON.person, "reason": "r"}
    register.fire(record, what, on=day, evidence=evidence, **said)


def is_done(register: Register, record: str, what: str, day: date) -> bool:
    """Try something on a record, and say whether it was done."""
    try:
        act(register, record, what, day)
    except (InvalidRequest, Refused):
        return False
    return True


def begun() -> Register:
    """Return a register with a chief constable and a cause of concern for each force."""
    register = Register.open("memory:", clock=clock)
    for force in FORCES:
        register.appoint(CHIEF.person, "chief_constable", force=force, first_day=DAY, actor=LIAISON)
        add(register, f"C-{force}", force=force, **CAUSE)
    return register


def enter_with_slips(register: Register, entries: list[Typed], done: dict[str, list[str]]) -> None:
    """Enter records as they were mistyped, and mend each at once, at need, or at the end."""
    waiting: dict[str, Typed] = {}

    def mend(entry: Typed) -> None:
        if waiting.pop(entry.record, None):
            values = {name: entry.right[name] for name in VALUES if name != "fields"}
            fields = {**dict.fromkeys(["owner", "published"]), **entry.right["fields"]}
            said: Any = {**values, "fields": fields}
            reenter(register, entry.record, said)

    for entry in entries:
        add(register, entry.record, **(entry.wrong or entry.right))
        if entry.wrong:
            waiting[entry.record] = entry
        if entry.twice:
            add(register, f"{entry.record} again", **(entry.wrong or entry.right))
        if not entry.is_late:
            mend(entry)
        for place, what in enumerate(done[entry.record]):
            day = DAY + timedelta(6 + place)
            if not is_done(register, entry.record, what, day):
                mend(entry)
                act(register, entry.record, what, day)
        event(f"mended {'late' if entry.record in waiting else 'early'}")
    for entry in entries:
        mend(entry)
        if entry.twice:
            void(register, f"{entry.record} again", 1)


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_item_11_mended_registers_equal_those_without_a_slip(data: st.DataObject) -> None:
    """Figures and lists on every day are those of the register that never had the slips."""
    entries = [data.draw(typed(number)) for number in range(data.draw(st.integers(1, 3)))]
    right, slipped = begun(), begun()
    done: dict[str, list[str]] = {}
    for entry in entries:
        add(right, entry.record, **entry.right)
        done[entry.record] = []
        for what in entry.acts:
            if is_done(right, entry.record, what, DAY + timedelta(6 + len(done[entry.record]))):
                done[entry.record].append(what)

    enter_with_slips(slipped, entries, done)

    days = [DAY + timedelta(days) for days in range(-2, 12, 2)]
    assert seen(slipped, days=days) == seen(right, days=days)
    assert slipped.verify() == ()
