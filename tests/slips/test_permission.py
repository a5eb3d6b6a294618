"""Who may appoint whom, and who may amend what: the vocabulary says it, and every verb asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import InvalidRequest, InvalidRules
from peelflow.model.records import Actor
from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from peelflow.rulebook.national import check, load, national
from peelflow.rulebook.rulebook import Rulebook
from tests.builders.force import CHIEF, HMICFRS, LIAISON, clock

DAY, LATER = date(2022, 12, 16), date(2023, 1, 9)
LEAD = Actor("a-lead", "lead")
PCC = Actor("pcc-office", "pcc")
THEIRS: dict[str, Any] = {"actor": HMICFRS, "source": "portal", "recorded_by": LIAISON.person}
FIELDS = {"owner": "x", "question": "7.2"}
REPORT = {"title": "PEEL", "kind": "force"}
FROM: dict[str, Any] = {"first_day": DAY}


@pytest.fixture(params=["memory", "sqlite"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """Give a register with a Chief Constable, and a recommendation whose question HMICFRS set."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'wmp.db'}"
    with opened(url) as made:
        yield made


def opened(url: str = "memory:", rulebook: Rulebook | None = None) -> Register:
    """Open a register and fill it."""
    made = Register.open(url, clock=clock, rulebook=rulebook)
    made.appoint(CHIEF.person, CHIEF.role, force="wmp", **FROM, actor=LIAISON)
    said: dict[str, Any] = {"category": "recommendation", "level": 2, "force": "wmp"}
    made.add("R-1", **said, issued=DAY, fields=FIELDS, **THEIRS)
    made.add("R-2", **said, issued=DAY, fields=FIELDS, actor=LIAISON)
    return made


def appointment(role: str = "chief_constable", person: str = LEAD.person) -> dict[str, Any]:
    """Return what an appointment says as a record of any id."""
    fields = {"person": person, "role": role, "first_day": DAY}
    return {"category": "appointment", "force": "wmp", "issued": DAY, "fields": fields}


OFFICE = f"appointment:wmp:chief_constable:{CHIEF.person}:{DAY}"
TAKEN: dict[str, Any] = {"state": "made", "on": LATER, "source": "s", "reason": "r"}
MAKING: dict[str, Callable[[Any, Actor], Any]] = {
    "appoint": lambda to, actor: to.appoint(
        LEAD.person, "chief_constable", force="wmp", **FROM, actor=actor
    ),
    "add": lambda to, actor: to.add("any-id", **appointment(), actor=actor),
    "take_over": lambda to, actor: to.take_over("any-id", **appointment(), **TAKEN, actor=actor),
    "amend the person": lambda to, actor: to.amend(
        OFFICE, "person", LEAD.person, actor=actor, on=LATER, reason="a slip"
    ),
    "amend the day": lambda to, actor: to.amend(
        OFFICE, "last_day", LATER, actor=actor, on=LATER, reason="left"
    ),
}


@pytest.mark.parametrize("way", sorted(MAKING))
def test_item_36_a_lead_appoints_nobody_as_chief_constable(register: Register, way: str) -> None:
    """Not himself and no other, by any verb, in a batch too; a liaison officer does."""
    count = len(list(register.feed()))
    for actor in (LEAD, Actor("a-lead's friend", "lead")):
        with pytest.raises(InvalidRequest, match="appoints no `chief_constable`"):
            MAKING[way](register, actor)
        with (
            pytest.raises(InvalidRequest, match="`liaison_officer` or `pcc` may"),
            register.batch() as batch,
        ):
            MAKING[way](batch, actor)
    assert len(list(register.feed())) == count
    MAKING[way](register, LIAISON)


def test_item_36_an_appointment_is_not_corrected_into_another(register: Register) -> None:
    """Of the same side, and yet not by who appoints nobody."""
    slip: dict[str, Any] = {"actor": LEAD, "on": LATER, "reason": "a slip"}
    with pytest.raises(InvalidRequest, match="appoints no `chief_constable`"):
        register.correct(OFFICE, 1, correction="void", **slip)
    fields: dict[str, Any] = {"person": LEAD.person, "role": "chief_constable", "first_day": DAY}
    with pytest.raises(InvalidRequest, match="appoints no `chief_constable`"):
        register.correct(OFFICE, 1, correction="reenter", entry={"fields": fields}, **slip)
    register.appoint("b", "lead", force="wmp", **FROM, actor=LEAD)
    with pytest.raises(InvalidRequest, match="appoints no `chief_constable`"):
        register.amend(f"appointment:wmp:lead:b:{DAY}", "role", "chief_constable", **slip)


def test_item_36_nobody_appoints_themselves(register: Register) -> None:
    """To what only who is appointed does; an office that decides nothing is anybody's to note."""
    for role in ("chief_constable", "nominated_deputy"):
        with pytest.raises(InvalidRequest, match=f"cannot appoint themselves `{role}`"):
            register.appoint(LIAISON.person, role, force="wmp", **FROM, actor=LIAISON)
    register.appoint(LIAISON.person, "liaison_officer", force="wmp", **FROM, actor=LIAISON)
    register.appoint("d", "nominated_deputy", force="wmp", **FROM, actor=CHIEF)
    register.appoint("e", "chief_constable", force="wmp", first_day=LATER, actor=PCC)


def test_item_36_an_appointment_to_no_role_is_refused(register: Register) -> None:
    """It could be anybody's."""
    with pytest.raises(InvalidRequest, match="the role 'chief': is unknown"):
        register.add("any-id", **appointment("chief"), actor=LIAISON)


def test_item_36_the_side_that_set_a_question_amends_it(register: Register) -> None:
    """The force its own, HMICFRS whoever set it; unset, it is whose it is set by."""
    ours: dict[str, Any] = {"actor": LIAISON, "on": LATER, "reason": "found"}
    theirs: dict[str, Any] = {**THEIRS, "on": LATER, "reason": "found"}
    for new in ("3", None):
        with pytest.raises(InvalidRequest, match=r"let the side that set it \(inspectorate\)"):
            register.amend("R-1", "question", new, **ours)
    register.amend("R-2", "question", "3", **ours)
    register.amend("R-2", "question", "4", **theirs)
    with pytest.raises(InvalidRequest, match="not amended by"):
        register.amend("R-2", "question", "3", **ours)
    for new in ("peel_2025", "peel_twelve"):  # none is named: who asked the question means one
        with pytest.raises(InvalidRequest, match=r"`question_set`.* set it \(inspectorate\)"):
            register.amend("R-1", "question_set", new, **ours)
    register.amend("R-1", "question_set", "peel_twelve", **theirs)
    register.amend("R-1", "question_set", None, **theirs)
    with pytest.raises(InvalidRequest, match=r"let the side that set it \(inspectorate\)"):
        register.amend("R-1", "question_set", "peel_twelve", **ours)
    register.amend("R-1", "owner", "y", **ours)
    register.amend("R-1", "question", "3", **theirs)
    with pytest.raises(InvalidRequest, match="not amended by"):
        register.amend("R-1", "question", "9", **ours)
    register.amend("R-1", "question", None, **theirs)
    register.amend("R-1", "question", "9", **ours)
    register.amend("R-1", "question", "3", **theirs)
    with pytest.raises(InvalidRequest, match="is not declared"):
        register.amend("R-1", "questoin", None, **ours)
    assert not register.verify()


def test_item_36_nobody_appoints_for_days_on_which_they_held_no_role(register: Register) -> None:
    """A Chief Constable of today names no deputy of yesterday; who keeps the register may."""
    early: dict[str, Any] = {"first_day": date(2022, 1, 1), "actor": CHIEF}
    with pytest.raises(InvalidRequest, match="held no appointment in wmp on 2022-01-01"):
        register.appoint("d", "nominated_deputy", force="wmp", **early)
    said = {**appointment("nominated_deputy", "d"), "issued": LATER}
    said["fields"] = {**said["fields"], "first_day": early["first_day"]}
    with pytest.raises(InvalidRequest, match="held no appointment in wmp on 2022-01-01"):
        register.add("any-id", **said, actor=CHIEF)

    register.appoint("d", "nominated_deputy", force="wmp", **FROM, last_day=LATER, actor=CHIEF)
    deputy = f"appointment:wmp:nominated_deputy:d:{DAY}"
    told: dict[str, Any] = {"on": LATER, "reason": "r"}
    with pytest.raises(InvalidRequest, match="held no appointment in wmp on 2022-01-01"):
        register.amend(deputy, "first_day", early["first_day"], actor=CHIEF, **told)
    with pytest.raises(InvalidRequest, match="held no appointment in wmp on 2022-01-01"):
        register.correct(
            deputy,
            1,
            correction="reenter",
            entry={"fields": {"first_day": early["first_day"]}},
            actor=CHIEF,
            **told,
        )
    register.amend(deputy, "last_day", date(2023, 2, 1), actor=CHIEF, **told)
    register.amend(deputy, "last_day", None, actor=CHIEF, **told)
    register.amend(deputy, "first_day", early["first_day"], actor=LIAISON, **told)
    assert [event.actor for event in register.history(deputy)] == [CHIEF, CHIEF, CHIEF, LIAISON]
    assert not register.verify()


def test_who_held_a_role_once_appoints_nobody_beyond_their_own_days(register: Register) -> None:
    """What is entered late, of their days alone, is taken; and so is what the next one says."""
    told: dict[str, Any] = {"on": LATER, "reason": "r"}
    said: dict[str, Any] = {**FROM, "force": "wmp"}
    register.amend(OFFICE, "last_day", LATER, actor=LIAISON, **told)
    today, next_day = register.session().today, date(2023, 1, 10)
    for last_day, refused in ((None, today), (today, today), (next_day, next_day)):
        with pytest.raises(InvalidRequest, match=f"held no appointment in wmp on {refused}"):
            register.appoint("d", "nominated_deputy", **said, last_day=last_day, actor=CHIEF)

    register.appoint("d", "nominated_deputy", **said, last_day=LATER, actor=CHIEF)
    deputy = f"appointment:wmp:nominated_deputy:d:{DAY}"
    with pytest.raises(InvalidRequest, match=f"held no appointment in wmp on {today}"):
        register.amend(deputy, "last_day", None, actor=CHIEF, **told)
    register.amend(deputy, "last_day", None, actor=LIAISON, **told)
    assert not register.verify()


def test_an_appointment_comes_back_by_who_could_make_it(register: Register) -> None:
    """Who is appointed later than it begins could not give it by now."""
    void: dict[str, Any] = {"correction": "void", "on": LATER, "reason": "r"}
    register.appoint("d", "nominated_deputy", force="wmp", **FROM, actor=CHIEF)
    deputy = f"appointment:wmp:nominated_deputy:d:{DAY}"
    register.correct(deputy, 1, **void, actor=LIAISON)
    register.amend(OFFICE, "first_day", LATER, actor=LIAISON, on=LATER, reason="r")
    with pytest.raises(InvalidRequest, match=f"held no appointment in wmp on {DAY}"):
        register.correct(deputy, 2, **void, actor=CHIEF)
    register.correct(deputy, 2, **void, actor=LIAISON)
    assert not register.verify()


def test_item_36_who_shortens_an_appointment_gives_no_days(register: Register) -> None:
    """It takes no appointment of those days, as where the one who made it left since."""
    told: dict[str, Any] = {"on": LATER, "reason": "r"}
    register.appoint("d", "nominated_deputy", force="wmp", **FROM, actor=CHIEF)
    register.amend(OFFICE, "last_day", LATER, actor=LIAISON, **told)
    deputy = f"appointment:wmp:nominated_deputy:d:{DAY}"
    for last_day in (date(2023, 3, 1), date(2023, 2, 1)):
        register.amend(deputy, "last_day", last_day, actor=CHIEF, **told)

    assert register.record(deputy).fields["last_day"] == "2023-02-01"
    assert not register.verify()


def test_item_36_what_becomes_an_appointment_is_judged_as_one(register: Register) -> None:
    """It was none before, so that nobody had to be asked."""
    fields = {**dict.fromkeys(REPORT), **appointment("nominated_deputy", "d")["fields"]}
    entry: Any = {"category": "appointment", "fields": fields}
    said: dict[str, Any] = {"correction": "reenter", "entry": entry, "on": LATER, "reason": "slip"}
    register.add("X", category="report", force="wmp", issued=DAY, actor=LIAISON, fields=REPORT)
    register.correct("X", 1, **said, actor=LIAISON)


def test_item_36_what_hmicfrs_said_of_an_inspection_the_force_leaves(register: Register) -> None:
    """Its kind, days and questions decide what it verifies; the force amends what it set itself."""
    said: dict[str, Any] = {"category": "inspection", "force": "wmp", "issued": DAY}
    days = {"first_day": DAY, "last_day": LATER}
    register.add("I-1", **said, fields={**days, "kind": "planned", "questions": ["7"]}, **THEIRS)
    register.add("I-2", **said, fields=days, actor=LIAISON)
    told: dict[str, Any] = {"on": LATER, "reason": "as it turns out"}
    amended: dict[str, Any] = {"kind": "bespoke", "questions": ["8"], "first_day": LATER}
    for name, new in amended.items():
        with pytest.raises(InvalidRequest, match=r"let the side that set it"):
            register.amend("I-1", name, new, actor=LIAISON, **told)
        register.amend("I-1", name, new, **THEIRS, **told)
        register.amend("I-2", name, new, actor=LIAISON, **told)
    register.amend("I-2", "kind", "planned", **THEIRS, **told)
    assert not register.verify()


def test_item_36_a_lead_voids_nothing_that_a_chief_constable_did(register: Register) -> None:
    """Whoever may close may, and a liaison officer; nor does a lead undo what one of them undid."""
    register.appoint("d", "nominated_deputy", force="wmp", **FROM, actor=LIAISON)
    signed: dict[str, Any] = {"signed_by": CHIEF.person, "signed_on": DAY}
    letter = register.keep(b"x", kind="letter", name="l", **signed)
    register.fire("R-1", "start", actor=LEAD, on=DAY)
    register.fire("R-1", "close", actor=CHIEF, on=DAY, evidence=[letter])
    told: dict[str, Any] = {"on": LATER, "reason": "a slip", "correction": "void"}
    with pytest.raises(InvalidRequest, match=r"`lead` does not correct what that did.*`liaison"):
        register.correct("R-1", 3, actor=LEAD, **told)
    register.correct("R-1", 3, actor=Actor("d", "nominated_deputy"), **told)
    with pytest.raises(InvalidRequest, match="does not correct"):
        register.correct("R-1", 4, actor=LEAD, **told)
    register.correct("R-1", 4, actor=LIAISON, **told)
    register.correct("R-1", 5, actor=CHIEF, **told)
    with pytest.raises(InvalidRequest, match="does not correct"):
        register.correct("R-1", 6, actor=LEAD, **told)
    register.correct("R-1", 2, actor=LIAISON, **told)
    assert register.record("R-1").state == "open"
    assert not register.verify()


def test_item_36_in_sheets(register: Register, tmp_path: Path) -> None:
    """Each row is told where it stands."""
    people, amendments = tmp_path / "people.csv", tmp_path / "amendments.csv"
    people.write_text(
        "person,person_role,force,first_day,actor,actor_role\n"
        "a-lead,nominated_deputy,wmp,2023-01-09,a-lead,lead\n",
        encoding="utf-8",
    )
    amendments.write_text(
        "record,field,value,on,reason,actor,actor_role\n"
        "R-1,question,3,2023-01-09,found,kim,liaison_officer\n",
        encoding="utf-8",
    )
    faults = import_sheets(register, [people, amendments]).faults
    assert [(fault.code, fault.span.line) for fault in faults] == [("row-refused", 2)] * 2
    assert "appoints no `nominated_deputy`" in faults[0].sentence
    assert "the field `question`: is not amended by kim" in faults[1].sentence


NARROWED = """\
vocabulary: west
roles:
  office: {side: force, title: Office of the force}
  nominated_deputy:
    side: force
    title: Nominated deputy
    by_appointment: true
    appointed_by: [chief_constable]
  lead: {side: force, title: Lead who owns the work, may_be_delegated: true, appointed_by: [office]}
fields:
  recommendation:
    owner: {type: person, title: Lead who owns the work, amended_by: [office]}
    theme: {type: text, title: Theme, amended_by: [same_side]}
"""


def narrowed(tmp_path: Path) -> Rulebook:
    """Return the national rules as a force narrows who may."""
    (tmp_path / "west.yaml").write_text(NARROWED, encoding="utf-8")
    return load(tmp_path / "west.yaml")


def test_item_36_a_force_s_own_file_narrows(tmp_path: Path) -> None:
    """Of its own roles fewer may; from nobody else it takes anything, and no digest changes."""
    rulebook = narrowed(tmp_path)
    assert [rules.pin for rules in rulebook.lifecycles] == [
        rules.pin for rules in national().lifecycles
    ]
    office = Actor("o", "office")
    with opened(rulebook=rulebook) as register:
        with pytest.raises(InvalidRequest, match="`chief_constable` may"):
            register.appoint("d", "nominated_deputy", force="wmp", **FROM, actor=LIAISON)
        register.appoint("d", "nominated_deputy", force="wmp", **FROM, actor=CHIEF)
        with pytest.raises(InvalidRequest, match="appoints no `lead`"):
            register.appoint("l", "lead", force="wmp", **FROM, actor=LIAISON)
        register.appoint("l", "lead", force="wmp", **FROM, actor=office)

        told: dict[str, Any] = {"on": LATER, "reason": "moved"}
        with pytest.raises(InvalidRequest, match=r"let .*`office`.* amend it"):
            register.amend("R-1", "owner", "y", actor=LIAISON, **told)
        register.amend("R-1", "owner", "y", actor=office, **told)
        register.amend("R-1", "owner", "z", **THEIRS, **told)
        register.amend("R-1", "theme", "custody", actor=LIAISON, **told)
        register.amend("R-1", "theme", "stop", **THEIRS, **told)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (("appointed_by: [chief_constable]", "appointed_by: [lead]"), "permission-widened"),
        (("title: Nominated deputy", "title: Deputy"), "redefined"),
        (("appointed_by: [office]", "appointed_by: [offce]"), "unknown-role"),
        (("    appointed_by: [chief_constable]\n", ""), "redefined"),
        (("Theme, amended_by", "Strand, amended_by"), "redefined"),
        (
            (
                "owner: {type: person, title: Lead who owns the work",
                "mine: {type: person, title: M",
            ),
            "",
        ),
        (
            ("side: force, title: Office of the force", "side: force, title: O, appointed_by: [x]"),
            "unknown-role",
        ),
        (
            ("    owner:", "    mine: {type: text, title: M, amended_by: [x]}\n    owner:"),
            "unknown-role",
        ),
    ],
)
def test_item_36_check_judges_them(tmp_path: Path, changed: tuple[str, str], code: str) -> None:
    """A file may only narrow, by names that there are; a field of its own says what it likes."""
    file = tmp_path / "west.yaml"
    file.write_text(NARROWED.replace(*changed), encoding="utf-8")
    errors = [fault for fault in check(file) if fault.severity == "error"]
    assert {fault.code for fault in errors} == ({code} if code else set())
    if code:
        with pytest.raises(InvalidRules):
            load(file)
