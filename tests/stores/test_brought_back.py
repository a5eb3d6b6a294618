"""What a correction brings back is held to what holds of what goes in: other records went on."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from peelflow import Actor, InvalidRequest, Refused, Register, load
from peelflow.errors import Unverified
from peelflow.register import corrections, replay
from peelflow.register.judgement import judge_events
from tests.builders.own import write_programme
from tests.stores.forgery import forged
from tests.stores.test_names_brought import Act, add, name_owner

KIM, CHIEF = Actor("kim", "liaison_officer"), Actor("chief", "chief_constable")
PORTAL: dict[str, Any] = {
    "actor": Actor("portal", "hmicfrs"),
    "recorded_by": "kim",
    "source": "portal",
}
REPORT: dict[str, Any] = {"title": "PEEL", "kind": "force"}
TEXT: dict[str, Any] = {"title": None, "kind": None}


def withdraw(record: str) -> Act:
    """Return what withdraws a record."""
    return void(record, 1)


def void(record: str, number: int, **by: Any) -> Act:
    """Return what voids an event."""
    said = {"correction": "void", "actor": KIM, "reason": "by mistake"} | by
    return lambda batch: batch.correct(record, number, **said)


def enter(record: str, **entry: Any) -> Act:
    """Return what enters a record anew."""
    said: dict[str, Any] = {"correction": "reenter", "actor": KIM, "reason": "as it was issued"}
    return lambda batch: batch.correct(record, 1, entry=entry, **said)


def start(record: str, person: str) -> Act:
    """Return what has somebody begin the work on a record."""
    who = Actor(person, "liaison_officer")
    return lambda batch: batch.fire(record, "start", actor=who, on=date(2023, 2, 1))


def cause(register: Any) -> None:
    """Add a cause of concern."""
    issued = date(2023, 1, 9)
    register.add("C-1", category="cause_of_concern", force="wmp", issued=issued, actor=KIM)


def below(category: str, **fields: str) -> Act:
    """Return what adds a cause of concern and a record below it."""

    def enter_both(register: Any) -> None:
        cause(register)
        said: dict[str, Any] = {"category": category, "force": "wmp", "parent": "C-1"}
        level = {"level": 2} if category == "recommendation" else {}
        issued = date(2023, 1, 9)
        register.add("R-1", issued=issued, fields=fields, actor=KIM, **said, **level)

    return enter_both


def link(register: Any) -> None:
    """Put a record below a cause of concern that was entered by itself."""
    cause(register)
    register.link("R-1", "C-1", actor=KIM, on=date(2023, 2, 1))


def report(register: Any) -> None:
    """Add a report, and a record of it."""
    said: dict[str, Any] = {"category": "report", "force": "wmp", "level": None, "actor": KIM}
    register.add("REP", issued=date(2022, 12, 16), fields=REPORT, **said)
    register.amend("R-1", "source_report", "REP", actor=KIM, reason="left out")


def propose(record: str, successor: str) -> Act:
    """Return what proposes that a record is closed in favour of another."""
    said: dict[str, Any] = {"actor": KIM, "on": date(2023, 2, 1), "reason": "as agreed"}
    return lambda batch: batch.fire(record, "propose_superseded", successor=successor, **said)


def accept(record: str) -> Act:
    """Return what closes it so."""
    return lambda batch: batch.fire(record, "accept_superseded", on=date(2023, 2, 2), **PORTAL)


def reopen(register: Any) -> None:
    """Open a record again."""
    register.fire("R-1", "reopen", on=date(2023, 2, 3), reason="not done", **PORTAL)


def appoint(register: Any) -> None:
    """Appoint a Chief Constable, under an id that is known."""
    said: dict[str, Any] = {"force": "wmp", "first_day": date(2023, 1, 1), "actor": KIM}
    register.appoint("chief", "chief_constable", **said)


def close(register: Any) -> None:
    """Close a record on a letter of a Chief Constable."""
    signed: dict[str, Any] = {"signed_by": "chief", "signed_on": date(2023, 3, 1)}
    letter = register.keep(b"letter", kind="letter", name="letter.pdf", **signed)
    register.fire("R-1", "start", actor=KIM, on=date(2023, 2, 1))
    register.fire("R-1", "close", actor=CHIEF, on=date(2023, 3, 2), evidence=[letter])


APPOINTMENT = "appointment:wmp:chief_constable:chief:2023-01-01"


@frozen
class Case:
    """What happened, the correction that is refused, why, and what makes it good.

    `found`: what `verify` says where the correction is not refused; nothing where it tells nobody.
    `in_batch`: whether one batch can do all that; what it brought it holds as in use to its end.
    """

    before: tuple[Act, ...]
    back: Act
    why: str
    mended: tuple[Act, ...]
    found: str = ""
    in_batch: bool = True


BEFORE, AFTER = (datetime(2026, *day, 9, tzinfo=UTC) for day in ((11, 20), (12, 2)))
R_1, R_2 = partial(add, "R-1"), partial(add, "R-2")
CASES: dict[str, Case] = {
    "an id": Case(
        (R_1(), withdraw("R-1"), add("r-1")),
        void("R-1", 2),
        "the id 'R-1': differs only by .* from `r-1`; set that right first, or enter R-1 anew",
        (withdraw("r-1"),),
        "the id 'r-1' differs only",
    ),
    "a force": Case(
        (R_1(force="norfolk"), withdraw("R-1"), add("K-1", force="norf0lk")),
        void("R-1", 2),
        "the force 'norfolk': differs only by .* from `norf0lk`",
        (withdraw("K-1"),),
        "differs only",
        in_batch=False,
    ),
    "an owner": Case(
        (R_1(owner="sam"), withdraw("R-1"), R_2(owner="Sam")),
        void("R-1", 2),
        "the person 'sam': differs only by .* from `Sam`",
        (name_owner("R-2", "lee"),),
        "the person 'Sam' differs only",
        in_batch=False,
    ),
    "who acted": Case(
        (R_1(), start("R-1", "sam"), withdraw("R-1"), R_2(), start("R-2", "Sam")),
        void("R-1", 3),
        "the person 'sam': differs only by .* from `Sam`",
        (withdraw("R-2"),),
        in_batch=False,
    ),
    "an owner who was amended": Case(
        (R_1(owner="sam"), name_owner("R-1", "lee"), add("R-3"), withdraw("R-3"), R_2(owner="Sam")),
        void("R-1", 2),
        "the person 'sam': differs only by .* from `Sam`; set that right first, or say anew",
        (name_owner("R-2", "lee"),),
        "the person 'Sam' differs only",
        in_batch=False,
    ),
    "an old spelling": Case(
        (R_1(owner="sam"), name_owner("R-1", "Sam"), R_2(owner="Sam")),
        void("R-1", 2),
        "the person 'sam': differs only by .* from `Sam`",
        (name_owner("R-2", "lee"),),
        "the person 'Sam' differs only",
    ),
    "an owner in another force": Case(
        (R_1(owner="sam"), add("K-1", force="kent", owner="Sam")),
        enter("R-1", force="kent"),
        "the person 'sam': differs only by .* from `Sam`; write `Sam`, or choose another",
        (withdraw("K-1"),),
        "the person 'sam' differs only",
        in_batch=False,
    ),
    "a child": Case(
        (below("recommendation", owner="lee"), withdraw("R-1"), enter("C-1", force="kent")),
        void("R-1", 2),
        "its parent C-1: belongs to another force, kent; set that right first, or enter R-1 anew",
        (enter("C-1", force="wmp"),),
        "belongs to another force, kent",
    ),
    "a milestone": Case(
        (below("milestone", title="x"), withdraw("R-1"), enter("C-1", force="kent")),
        void("R-1", 2),
        "its parent C-1: belongs to another force, kent",
        (enter("C-1", force="wmp"),),
        "belongs to another force, kent",
    ),
    "a child of what has none": Case(
        (
            below("recommendation", owner="lee"),
            withdraw("R-1"),
            enter("C-1", category="recommendation", level=3),
        ),
        void("R-1", 2),
        "its parent C-1: is a recommendation, which has no recommendation below it",
        (enter("C-1", category="cause_of_concern", level=None),),
        "which has no recommendation below it",
    ),
    "a link": Case(
        (R_1(), link, void("R-1", 2), enter("C-1", force="kent")),
        void("R-1", 3),
        "its parent C-1: belongs to another force, kent; set that right first, or say anew",
        (enter("C-1", force="wmp"),),
        "belongs to another force, kent",
    ),
    "a successor": Case(
        (
            R_1(),
            R_2(),
            propose("R-1", "R-2"),
            accept("R-1"),
            void("R-1", 3, **PORTAL),
            propose("R-2", "R-1"),
            accept("R-2"),
        ),
        void("R-1", 4, **PORTAL),
        "its successor R-2 was closed in favour of R-1; correct what R-2 was closed by first",
        (void("R-2", 3, **PORTAL),),
        "stands closed in a ring: R-1 in favour of R-2 and R-2 in favour of R-1",
    ),
    "a successor of before": Case(
        (
            R_1(),
            R_2(),
            propose("R-1", "R-2"),
            accept("R-1"),
            reopen,
            propose("R-2", "R-1"),
            accept("R-2"),
        ),
        void("R-1", 4, **PORTAL),
        "its successor R-2 was closed in favour of R-1",
        (void("R-2", 3, **PORTAL),),
        "stands closed in a ring",
    ),
    "a proposal": Case(
        (
            R_1(),
            R_2(),
            propose("R-1", "R-2"),
            void("R-1", 2),
            propose("R-2", "R-1"),
            accept("R-2"),
        ),
        void("R-1", 3),
        "its successor R-2 was closed in favour of R-1",
        (void("R-2", 3, **PORTAL),),
    ),
    "a category that is named": Case(
        (R_1(), report),
        enter("REP", category="recommendation", level=2, fields=TEXT),
        "R-1 names it as its source_report, and can name no recommendation so; correct R-1 first",
        (lambda batch: batch.amend("R-1", "source_report", None, actor=KIM, reason="wrong"),),
        "is REP, one of the category `recommendation`",
    ),
    "a closure": Case(
        (appoint, R_1(), close, withdraw("R-1"), withdraw(APPOINTMENT)),
        void("R-1", 4),
        "event 3 of 2023-03-02 would break: chief did not hold .*; record what it rests on first, "
        "or enter R-1 anew under another id",
        (void(APPOINTMENT, 2),),
        "chief did not hold `chief_constable` in wmp",
    ),
}


def do(register: Any, acts: tuple[Act, ...]) -> None:
    """Do one after another."""
    for act in acts:
        act(register)


@pytest.mark.parametrize("name", CASES)
def test_nothing_comes_back_that_could_not_go_in(url: str, name: str) -> None:
    """It is refused with why and what instead; once that is right it comes back."""
    case = CASES[name]
    with Register.open(url) as register:
        do(register, case.before)
        kept = {record.id: record.number for record in register.records()}
        with pytest.raises((InvalidRequest, Refused), match=case.why):
            case.back(register)
        assert {record.id: record.number for record in register.records()} == kept
        assert register.verify() == ()
        do(register, (*case.mended, case.back))
        assert register.verify() == ()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.found])
def test_what_came_back_so_is_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """`verify` finds it where nobody asked."""
    case = CASES[name]
    monkeypatch.setattr(corrections, "check_brought_back", lambda *_: None)
    monkeypatch.setattr(replay, "_is_lawful_as_kept", lambda *_: True)
    with Register.open("memory:", clock=lambda: AFTER) as register:
        do(register, (*case.before, case.back))
        found = [each.sentence for each in register.verify()]
    assert any(case.found in sentence for sentence in found)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.in_batch])
def test_a_batch_asks_the_same(url: str, name: str) -> None:
    """Where all of it is done in one batch, that keeps nothing, or what `verify` bears."""
    case = CASES[name]
    with Register.open(url) as register:
        with suppress(InvalidRequest, Refused), register.batch() as batch:
            do(batch, (*case.before, case.back))
        assert list(register.records()) == []
        with register.batch() as batch:
            do(batch, case.before)
            with pytest.raises((InvalidRequest, Refused), match=case.why):
                case.back(batch)
            do(batch, (*case.mended, case.back))
        assert register.verify() == ()


BATCHES: dict[str, tuple[Act, ...]] = {
    "a force that came": (R_2(force="kent"), enter("R-1", force="Kent")),
    "an owner who came": (R_2(force="kent", owner="sam"), name_owner("R-1", "Sam")),
    "an owner who was amended": (
        R_2(force="kent"),
        name_owner("R-2", "sam"),
        name_owner("R-1", "Sam"),
    ),
    "both spelt so in turn": (
        name_owner("R-1", "Sam"),
        name_owner("R-1", "lee"),
        R_2(force="kent", owner="Sam"),
        void("R-1", 2),
        void("R-1", 3),
    ),
    "back in another order": (
        R_2(force="kent", owner="jo"),
        name_owner("R-2", "kay"),
        name_owner("R-2", "Kay"),
        name_owner("R-2", "lee"),
        add("R-3", force="kent", owner="Kay"),
        void("R-2", 3),
        void("R-2", 4),
    ),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_spells_nothing_anew_beside_what_it_brought(url: str, name: str) -> None:
    """A name is held to the records of the same batch, as it is to those of the register."""
    with Register.open(url) as register:
        add("R-1", force="kent", owner="sam")(register)
        with pytest.raises(InvalidRequest, match="differs only by"), register.batch() as batch:
            do(batch, BATCHES[name])
        assert [record.id for record in register.records()] == ["R-1"]


def test_a_spelling_that_others_have_is_taken(url: str) -> None:
    """Of two spellings of an older register one can be given up, record by record."""
    with Register.open(url) as register:
        add("R-1", force="kent", owner="sam")(register)
        add("R-2", force="kent", owner="jo")(register)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("peelflow.register.commands.check_names", lambda *_: None)
            add("R-3", force="kent", owner="Sam")(register)
            add("R-4", force="kent", owner="Sam")(register)
        name_owner("R-3", "sam")(register)
        name_owner("R-4", "sam")(register)
        assert register.verify() == ()


@pytest.mark.parametrize("name", ["an owner who was amended", "an owner", "an id"])
def test_what_comes_back_is_held_to_what_comes_meanwhile(url: str, name: str) -> None:
    """Whoever comes second is refused: what the register once knew as in use is so no more."""
    *before, other = CASES[name].before
    with Register.open(url) as register:
        do(register, tuple(before))
        with pytest.raises(InvalidRequest, match="differs only"), register.batch() as batch:
            CASES[name].back(batch)
            other(register)
        assert register.verify() == ()


def test_what_an_amendment_took_away_is_looked_for_again(address: str) -> None:
    """An owner who was another's before is in use no more; somebody else brought one alike."""
    with Register.open(address) as mine, Register.open(address) as others:
        R_1(owner="sam")(mine)
        add("K-1")(mine)
        name_owner("R-1", "lee")(mine)
        R_2(owner="Sam")(others)
        with pytest.raises(InvalidRequest, match="from `Sam`"):
            add("R-3", owner="sam")(mine)
        assert mine.verify() == ()


def test_a_ring_in_an_export_is_found(tmp_path: Path) -> None:
    """No verb closes two records in favour of each other."""

    def forge(event: dict[str, Any]) -> None:
        if event["record"] == "R-2" and event["what"].get("successor"):
            event["what"]["successor"] = "R-1"

    acts = (R_1(), R_2(), add("R-3"), propose("R-1", "R-2"), accept("R-1"))
    with Register.open("memory:") as register:
        do(register, (*acts, propose("R-2", "R-3"), accept("R-2")))
        assert register.verify() == ()
        lines = forged(list(register.export()), forge)
    path = tmp_path / "export.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    with Register.open("memory:") as other, pytest.raises(Unverified, match="closed in a ring"):
        other.restore(path)


def test_a_ring_that_an_earlier_peelflow_closed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It let a correction do so: that was honest, and is no finding."""
    case = CASES["a successor"]
    monkeypatch.setattr(corrections, "check_brought_back", lambda *_: None)
    with Register.open("memory:", clock=lambda: BEFORE) as register:
        do(register, (*case.before, case.back))
        register.note("R-1", "agreed with HMICFRS", actor=KIM)
        assert register.verify() == ()
        found = judge_events(register.services.store, register.session)
    assert found.discrepancies == ()
    told = (
        "stands closed in favour of what is closed in favour of it, as an earlier peelflow let it"
    )
    assert found.unjudged == (f"{told}: R-1, R-2",)


def test_what_an_earlier_peelflow_let_be_done_comes_back() -> None:
    """An act comes back that `verify` bears: these rules asked for no appointment when it was."""
    said: dict[str, Any] = {"actor": CHIEF, "on": date(2023, 2, 1), "recorded_by": "kim"}
    with Register.open("memory:", clock=lambda: BEFORE) as register:
        appoint(register)
        cause(register)
        register.fire("C-1", "propose_no_action", reason="done elsewhere", **said)
        do(register, (withdraw("C-1"), withdraw(APPOINTMENT), void("C-1", 3)))
        assert register.record("C-1").state != "open"
        assert register.verify() == ()


def test_who_acted_keeps_a_spelling_in_another_force(url: str) -> None:
    """A record that was entered under the wrong force goes to the right one with its history."""
    with Register.open(url) as register:
        acts = (R_1(), start("R-1", "sam"), add("K-1", force="kent"), start("K-1", "Sam"))
        do(register, (*acts, enter("R-1", force="kent")))
        assert register.verify() == ()


def test_a_question_comes_back_that_its_set_has() -> None:
    """A void that gives a question back is held to the set that is named by now."""
    said: dict[str, Any] = {"actor": KIM, "reason": "as issued"}
    with Register.open("memory:") as register:
        R_1()(register)
        register.amend("R-1", "question", "11", **said)
        register.amend("R-1", "question", None, **said)
        register.amend("R-1", "question_set", "peel_nine", **said)
        with pytest.raises(InvalidRequest, match="has not; set that right first"):
            void("R-1", 3)(register)
        register.amend("R-1", "question_set", None, **said)
        void("R-1", 3)(register)
        assert register.record("R-1").fields["question"] == "11"


def test_another_category_that_can_be_named_so_is_taken(url: str) -> None:
    """What names a record bars what it could not name, and nothing else."""
    said: dict[str, Any] = {"actor": KIM, "reason": "as issued"}
    with Register.open(url) as register:
        do(register, (R_1(), R_2(), propose("R-1", "R-2")))
        enter("R-2", category="afi")(register)
        register.amend("R-2", "owner", "jo", **said)
        assert register.verify() == ()


def test_a_record_comes_back_whose_category_no_file_here_declares(tmp_path: Path) -> None:
    """Of its fields nobody can say anything then."""
    folder, url = tmp_path / "rules", f"sqlite:///{tmp_path / 'wmp.db'}"
    folder.mkdir()
    write_programme(folder)
    said: dict[str, Any] = {"force": "wmp", "issued": date(2023, 1, 9), "actor": KIM}
    with Register.open(url, rulebook=load(folder)) as register:
        register.add("P-1", category="programme", **said)
        withdraw("P-1")(register)
    with Register.open(url) as register:
        void("P-1", 2)(register)
        assert not register.record("P-1").withdrawn
